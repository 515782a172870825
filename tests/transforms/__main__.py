"""`python -m tests.transforms 20000 [--seed 0] [--without-torch]`: the big run; prints every disagreement and a summary."""

import argparse
import time

from tests.transforms.compare import differences


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.transforms", description=__doc__)
    parser.add_argument("count", type=int, nargs="?", default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--without-torch", action="store_true", help="compare with the loop only")
    options = parser.parse_args()
    torch = None
    if not options.without_torch:
        import torch
    began, bad = time.perf_counter(), 0
    for seed in range(options.seed, options.seed + options.count):
        found = differences(seed, torch)
        bad += bool(found)
        for line in found:
            print(line, flush=True)
    print(f"{options.count} programs, {bad} with a disagreement, {time.perf_counter() - began:.0f} s")
    raise SystemExit(bool(bad))


if __name__ == "__main__":
    main()
