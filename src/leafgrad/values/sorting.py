"""Order along one dimension >= 0 on plain arrays: sort, topk, the k-th smallest, the most frequent, by value
and index.

NaN counts as larger than every number, and equal elements keep their order.  Long rows are sorted by radix:
their bits become integers of the same order, whose 16-bit digits NumPy sorts, stably, by counting.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy import ndarray

from . import blocks
from .blocks import LARGE
from .copies import contiguous
from .places import pick
from .scans import turned

Array = ndarray
FEW = 16  # of the best, for which a bound is looked for in
PARTS = 64  # parts of each row
SHORT_ROW = 256  # elements; up to here sorting all is faster than parting them
LONG_ROW = 2048  # elements; from here on radix sort is faster than comparisons
SIGNED = {1: np.int8, 2: np.int16, 4: np.int32, 8: np.int64}
UNSIGNED = {1: np.uint8, 2: np.uint16, 4: np.uint32, 8: np.uint64}


def _plain(x: Array) -> Array:
    """x in a dtype that NumPy sorts well."""
    if x.dtype.kind == "V" or x.dtype.char == "e":
        return x.astype(np.float32)
    return x.view(np.uint8) if x.dtype.kind == "b" else x


def _along_rows(body: Callable[[Array], Array], x: Array, dim: int) -> Array:
    """`body`, which makes (rows, m) integers of (rows, n), applied along `dim`, shared by the threads."""
    turned = contiguous(x.swapaxes(dim, -1))
    rows = turned.reshape(-1, turned.shape[-1])
    if x.size < LARGE or len(rows) == 1:
        out = body(rows)
    else:
        parts: list = []
        blocks.spread(lambda i, j: parts.append((i, body(rows[i:j]))), len(rows), 4 * x.nbytes)
        out = np.concatenate([part for _, part in sorted(parts, key=lambda p: p[0])])
    out = out.reshape(*turned.shape[:-1], out.shape[-1]).swapaxes(dim, -1)
    return contiguous(out)


# --- order ---


def order(x: Array, dim: int, descending: bool) -> Array:
    """The indices that sort x along `dim`, stably."""
    if x.ndim == 0:
        return np.zeros((), np.int64)
    x = _plain(x)
    if not x.size:
        return np.zeros(x.shape, np.int64)
    if x.shape[dim] < LONG_ROW and x.size < LARGE:
        if not descending:
            return x.argsort(dim, "stable")
        return np.subtract(x.shape[dim] - 1, turned(turned(x, dim).argsort(dim, "stable"), dim), order="C")
    return _along_rows(_descending if descending else _ascending, x, dim)


def _ascending(rows: Array) -> Array:
    if rows.shape[1] < LONG_ROW or rows.itemsize < 4:
        return np.argsort(rows, 1, "stable")
    return np.stack([_radix(_keys(row)) for row in rows])


def _descending(rows: Array) -> Array:
    if rows.shape[1] < LONG_ROW or rows.itemsize < 4:
        return rows.shape[1] - 1 - np.argsort(rows[:, ::-1], 1, "stable")[:, ::-1]
    return np.stack([_radix(~_keys(row)) for row in rows])


def _keys(row: Array) -> Array:
    """Unsigned integers in the order of the elements."""
    size = row.itemsize
    unsigned: Any = UNSIGNED[size]
    top = 1 << (8 * size - 1)
    if row.dtype.kind == "u":
        return row
    if row.dtype.kind == "i":
        return row.view(unsigned) ^ unsigned(top)
    row = row + 0  # there is one zero
    keys = row.view(unsigned)
    keys ^= (row.view(SIGNED[size]) >> (8 * size - 1)).view(unsigned) | unsigned(top)
    nan = np.isnan(row)
    if nan.any():
        keys[nan] = np.iinfo(unsigned).max
    return keys


def _radix(keys: Array) -> Array:
    digits = np.ascontiguousarray(keys).view(np.uint16).reshape(len(keys), -1)
    places = range(digits.shape[1]) if np.little_endian else range(digits.shape[1] - 1, -1, -1)
    found = None
    for place in places:
        digit = np.ascontiguousarray(digits[:, place])
        if found is None:
            found = np.argsort(digit, kind="stable")
        else:
            found = found[np.argsort(digit[found], kind="stable")]
    return found  # type: ignore[return-value]


def sort(x: Array, dim: int, descending: bool) -> tuple[Array, Array]:
    """(sorted along `dim`, indices), stably."""
    indices = order(x, dim, descending)
    return pick(x, indices, dim), indices


# --- parts of the order ---


def topk(x: Array, k: int, dim: int, largest: bool) -> tuple[Array, Array]:
    """(the k largest or smallest elements along `dim`, from the first on; their indices)."""
    if x.ndim == 0:
        return x.copy(), np.zeros((), np.int64)
    n = x.shape[dim]
    if 4 * k >= n or n < 64:
        whole = order(x, dim, largest)
        indices = np.ascontiguousarray(whole[(slice(None),) * dim + (slice(k),)])
    else:
        indices = _along_rows(lambda rows: _best(rows, k, largest), _plain(x), dim)
    return pick(x, indices, dim), indices


def _best(rows: Array, k: int, largest: bool) -> Array:
    n = rows.shape[1]
    if n >= 1 << 15 and k <= n >> 11:
        return np.stack([_best_of_long(row, k, largest) for row in rows])
    if not k:
        return np.empty((len(rows), 0), np.int64)
    if k <= FEW and n >= SHORT_ROW and (found := _above_bound(rows, k, largest)) is not None:
        return found
    found = np.argpartition(rows, n - k, 1)[:, n - k :] if largest else np.argpartition(rows, k - 1, 1)[:, :k]
    found.sort(1)
    inside = order(np.take_along_axis(rows, found, 1), 1, largest)
    return np.take_along_axis(found, inside, 1)


def _above_bound(rows: Array, k: int, largest: bool) -> Array | None:
    """The k-th best of the best of each of PARTS parts of a row is a bound: only what reaches it needs to be
    sorted.  None if that is too much, or there is a NaN.
    """
    count, n = rows.shape
    parts = rows[:, : n - n % PARTS].reshape(count, -1, PARTS)
    better = np.maximum if largest else np.minimum
    while parts.shape[1] % 2 == 0:  # faster than `reduce`, whose steps are short here
        half = parts.shape[1] // 2
        parts = better(parts[:, :half], parts[:, half:])
    best = better.reduce(parts, 1)
    if rows.dtype.kind == "f" and (np.isnan(best).any() or np.isnan(rows[:, n - n % PARTS :]).any()):
        return None
    place = PARTS - k if largest else k - 1
    bound = np.partition(best, place, 1)[:, place : place + 1]
    reach = np.flatnonzero(rows >= bound if largest else rows <= bound)
    row = reach // n
    length = np.bincount(row, minlength=count)
    most = int(length.max())
    if most > 2 * PARTS:
        return None
    slot = np.arange(len(reach)) - np.repeat(np.add.accumulate(length) - length, length)
    worst: Any = -np.inf if largest else np.inf  # and it stands after all that are as bad
    if rows.dtype.kind != "f":
        worst = np.iinfo(rows.dtype).min if largest else np.iinfo(rows.dtype).max
    values, places = np.full((count, most), worst, rows.dtype), np.zeros((count, most), np.int64)
    values[row, slot], places[row, slot] = rows.reshape(-1)[reach], reach - row * n
    return np.take_along_axis(places, order(values, 1, largest)[:, :k], 1)


def _best_of_long(row: Array, k: int, largest: bool) -> Array:
    """The k-th best of the best of each block is a bound: only what reaches it needs to be sorted."""
    blocks_of = row[: len(row) >> 10 << 10].reshape(-1, 1 << 10)
    best = np.maximum.reduce(blocks_of, 1) if largest else np.minimum.reduce(blocks_of, 1)
    best = best[np.argpartition(best, len(best) - k if largest else k - 1)]
    bound = best[len(best) - k] if largest else best[k - 1]
    if row.dtype.kind == "f" and (
        np.isnan(bound) or np.isnan(best).any() or np.isnan(row[len(blocks_of) << 10 :]).any()
    ):
        return order(row, 0, largest)[:k]
    reach = np.flatnonzero(row >= bound if largest else row <= bound)
    return reach[order(row[reach], 0, largest)[:k]]


def kth(x: Array, k: int, dim: int) -> Array:
    """The index of the k-th smallest element (from 0) along `dim`, which is kept with length 1."""
    if x.ndim == 0:
        return np.zeros((), np.int64)

    if x.shape[dim] < SHORT_ROW and x.size < LARGE:
        return contiguous(_plain(x).argsort(dim, "stable")[(slice(None),) * dim + (slice(k, k + 1),)])

    def select(rows: Array) -> Array:
        if rows.shape[1] < SHORT_ROW:
            return np.argsort(rows, 1, "stable")[:, k : k + 1]
        return np.argpartition(rows, k, 1)[:, k : k + 1]

    return _along_rows(select, _plain(x), dim)


def median(x: Array, dim: int, skip: bool) -> Array:
    """The index of the lower median along `dim` (kept with length 1); of NaN, unless these are skipped, the
    first.
    """
    if x.ndim == 0:
        return np.zeros((), np.int64)
    x = _plain(x)
    nan = np.isnan(x) if x.dtype.kind == "f" else None
    if nan is None or not nan.any():
        return kth(x, (x.shape[dim] - 1) // 2, dim)
    if skip:
        count = np.add.reduce(~nan, dim, np.int64, keepdims=True)
        return np.take_along_axis(order(x, dim, False), np.maximum(count - 1, 0) // 2, dim)
    there = np.logical_or.reduce(nan, dim, keepdims=True)
    return np.where(there, nan.argmax(dim, keepdims=True), kth(x, (x.shape[dim] - 1) // 2, dim))


def middle(x: Array, skip: bool) -> Array:
    """The lower median of all elements; NaN if there is one, unless these are skipped."""
    flat = x.reshape(-1)
    if flat.dtype.kind in "fV":
        nan = np.isnan(flat)
        if nan.any():
            flat = flat[~nan] if skip else flat[nan][:1]
    if not len(flat):
        return np.array(np.nan if x.dtype.kind in "fV" else np.iinfo(x.dtype).min, x.dtype)
    k = (len(flat) - 1) // 2
    return np.array(np.partition(_plain(flat), k)[k], x.dtype)


def most_frequent(x: Array, dim: int) -> Array:
    """The index (the last, if there are several) of the most frequent element along `dim`, kept with length
    1; of equally frequent
    ones that of the smallest."""
    if x.ndim == 0:
        return np.zeros((), np.int64)

    def select(rows: Array) -> Array:
        found = _ascending(rows)
        ordered = np.take_along_axis(rows, found, 1)
        place = np.arange(rows.shape[1])
        starts = np.zeros(rows.shape, np.int64)
        np.multiply(ordered[:, 1:] != ordered[:, :-1], place[1:], out=starts[:, 1:])
        length = place - np.maximum.accumulate(starts, 1)
        return np.take_along_axis(found, length.argmax(1, keepdims=True), 1)

    return _along_rows(select, _plain(x), dim)


# --- search ---


def searchsorted(bounds: Array, values: Array, right: bool) -> Array:
    """How many of the sorted `bounds` lie before each value: smaller ones, or with `right` also equal ones;
    int64.

    bounds: one vector for all values, or one for each row, along the last dimension.
    """
    if bounds.ndim == 1 and not (bounds.dtype.kind == "f" and bounds.size and np.isnan(bounds[-1])):
        return _search(bounds, values, "right" if right else "left")
    low = np.zeros(values.shape, np.int64)
    high = np.full(values.shape, bounds.shape[-1], np.int64)
    for _ in range(bounds.shape[-1].bit_length()):
        middle = (low + high) >> 1
        open_ = low < high
        here = np.take_along_axis(
            np.broadcast_to(bounds, (*values.shape[:-1], bounds.shape[-1])),
            np.minimum(middle, bounds.shape[-1] - 1),
            -1,
        )
        later = ~(here > values if right else here >= values)
        low = np.where(open_ & later, middle + 1, low)
        high = np.where(open_ & ~later, middle, high)
    return low


def _search(bounds: Array, values: Array, side: str) -> Array:
    if values.size < LARGE:
        return np.asarray(bounds.searchsorted(values, side), np.int64)  # type: ignore[call-overload]
    flat = contiguous(values).reshape(-1)
    out = blocks.fresh(flat.shape, np.dtype(np.int64))

    def task(i: int, j: int) -> None:
        out[i:j] = bounds.searchsorted(flat[i:j], side)  # type: ignore[call-overload]

    blocks.spread(task, len(flat), 4 * flat.nbytes, 64)
    return out.reshape(values.shape)
