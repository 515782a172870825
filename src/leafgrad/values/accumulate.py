"""Adding many rows into few places: what the derivatives of indexing and of embedding are made of."""

import numpy as np
from numpy import ndarray

from . import blocks

WIDE = 32  # elements of a row, and
MANY = 1 << 17  # elements in all, from which on whole groups of rows are added at once
SHORT = 1 << 11  # elements in all; below it NumPy's own `add.at` on any shape is as fast
BLOCK = 1 << 15  # elements that are summed, or whose positions are worked out, at once
FEW = 4  # groups; that few are better summed one by one
_PAIRS: dict[str, np.dtype] = {"f": np.dtype(np.complex64), "d": np.dtype(np.complex128)}


def add_rows(out: ndarray, index: ndarray, rows: ndarray, fresh: bool = False) -> None:
    """`out[index[i]] += rows[i]` for each i: out (n, width), index (m,) in 0 ... n-1, rows (m, width).

    All are C-contiguous.  Rows of one place are added in their order, as in torch.  `fresh`: out is all zero.

    >>> out = np.zeros((3, 2))
    >>> add_rows(out, np.array([2, 0, 2]), np.ones((3, 2)))
    >>> out.tolist()
    [[1.0, 1.0], [0.0, 0.0], [2.0, 2.0]]
    """
    if rows.size >= MANY and rows.shape[1] >= WIDE and out.dtype.kind in "biufc":
        _add_groups(out, index, rows, fresh)
    elif rows.size:
        _add_elements(out[None], index, rows[None])


def add_along(out: ndarray, index: ndarray, rows: ndarray) -> None:
    """The same along the middle dimension: out (before, n, width), rows (before, m, width)."""
    before, n, width = out.shape
    if before == 1:
        add_rows(out[0], index, rows[0])
    elif rows.size >= MANY and width >= WIDE:
        index = (np.arange(before)[:, None] * n + index).reshape(-1)
        add_rows(out.reshape(-1, width), index, rows.reshape(-1, width))
    elif rows.size:
        _add_elements(out, index, rows)


def _add_elements(out: ndarray, index: ndarray, rows: ndarray) -> None:
    pair = _PAIRS.get(out.dtype.char)
    if pair is not None and out.shape[2] % 2 == 0:  # two numbers at a time: complex addition adds the parts
        out, rows = out.view(pair), rows.view(pair)
    before, n, width = out.shape
    flat = out.reshape(-1)
    if width > 1:
        index = (index[:, None] * np.int64(width) + np.arange(width)).reshape(-1)
    turns = max(1, BLOCK // len(index))
    for i in range(0, before, turns):
        part = rows[i : i + turns]
        places = index
        if before > 1:
            places = (np.arange(i, i + len(part))[:, None] * (n * width) + index).reshape(-1)
        np.add.at(flat, places, part.reshape(-1))


def _add_groups(out: ndarray, index: ndarray, rows: ndarray, fresh: bool) -> None:
    """Rows of one place are a group: the first members of all groups go at once, then the second ones, ..."""
    at = sort(index, len(out))
    places = index[at]
    first = np.flatnonzero(np.concatenate(([True], places[1:] != places[:-1])))
    count = np.diff(first, append=len(places))
    most = int(count.max())
    longest = sort(most - count, most)
    first, count = first[longest], count[longest]
    step = max(1, BLOCK // rows.shape[1])

    def some(start: int, stop: int) -> None:
        for i in range(start, stop, step):
            members, n = first[i : min(i + step, stop)], count[i : min(i + step, stop)]
            here = places[members]
            sums = rows.take(at[members], 0)
            for r in range(1, n[0]):
                k = int(np.count_nonzero(n > r))  # groups with more members
                if k < FEW:
                    for g in range(k):
                        rest = rows.take(at[members[g] + r : members[g] + n[g]], 0)
                        sums[g] += np.add.reduce(rest, 0, dtype=rest.dtype)
                    break
                sums[:k] += rows.take(at[members[:k] + r], 0)
            if not fresh:
                sums += out.take(here, 0)
            out[here] = sums

    blocks.spread(some, len(first), rows.nbytes)


def sort(index: ndarray, limit: int) -> ndarray:
    """The stable order of integers in 0 ... limit-1, 16 bits at a time: those NumPy sorts in linear time."""
    at = index.astype(np.uint16).argsort(kind="stable")
    bits = 16
    while limit > 1 << bits:
        at = at[(index[at] >> bits).astype(np.uint16).argsort(kind="stable")]
        bits += 16
    return at
