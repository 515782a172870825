"""`python -m leafgrad`: see leafgrad.cli."""

import sys

from leafgrad.cli import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
