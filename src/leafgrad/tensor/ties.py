"""The order in which leaves that become ready together are served: torch's.

torch keeps ready nodes in a binary heap (C++'s std::priority_queue).  All AccumulateGrads rank alike and above every other node, so
they leave it before anything else, but in an order that depends on where the heap has put them.  Programs see that order: the
hooks of leaves run in it.  Two leaves are served as they came; for more of them their places in such a heap are followed here.
"""

from collections.abc import Sequence
from typing import Any


def served(arrivals: Sequence, size: int) -> list:
    """The leaves in the order in which they leave the heap.

    arrivals: what enters it, in order: a leaf, or None for any other node, which matters only as something that ranks lower.
    size: how many other nodes are in the heap before.
    """
    heap: dict[int, Any] = {}  # place -> leaf
    for leaf in arrivals:
        if leaf is not None:
            place = size
            while place and (place - 1) // 2 not in heap:
                place = (place - 1) // 2
            heap[place] = leaf
        size += 1
    order = []
    while heap:
        order.append(heap.pop(0))
        size -= 1
        last = heap.pop(size, None)  # it fills the hole, after larger children have moved up
        hole = 0
        while True:
            left, right = 2 * hole + 1, 2 * hole + 2
            child = right if right in heap else left
            if child not in heap:
                break
            heap[hole] = heap.pop(child)
            hole = child
        if last is not None:
            heap[hole] = last
    return order
