"""The ops that vmap calls once for each sample, as they have no batch rule: `python -m leafgrad.func.loops` prints them."""

import sys

from ..op.record import REGISTRY
from ..tensor.batch import has_rule


def loops() -> list[str]:
    """The names of the ops without a batch rule, in alphabetical order.  (An op that no function calls is the name of a node.)

    >>> "add" in loops()
    False
    """
    return sorted({op.name for op in REGISTRY.values() if op.public is not None and not has_rule(op)})


if __name__ == "__main__":
    sys.stdout.writelines(f"{name}\n" for name in loops())
