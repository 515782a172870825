"""Which leafgrad this is, and which torch it follows."""

__version__ = "0.1.0.dev0"

torch = "2.13.0"
"""The release of torch whose names, semantics and messages leafgrad has, and with which its tests compare."""
