"""Running results along one dimension >= 0 on plain arrays: cumsum, cumprod, logcumsumexp, cummax, cummin.

A scan of a large array is cut across its dimension and shared by the threads; a long one-dimensional array is
scanned in pieces, each of which then continues where the one before it ended.
"""

from typing import Any

import numpy as np
from numpy import ndarray

from . import blocks
from .blocks import LARGE
from .copies import contiguous

Array = ndarray
PIECE = 1 << 18  # elements of a vector that are scanned at once; fewer, and threads get into each other's way
SMALL = 1 << 11  # elements; up to here the number of steps is what counts
WIDER: dict[str, dict[int, Any]] = {"f": {2: np.float32, 4: np.float64}, "V": {2: np.float32}}


def cumsum(x: Array, dim: int, dtype: np.dtype | None = None) -> Array:
    """Running sums along `dim`, accumulated one precision wider, returned in `dtype` (default: x's)."""
    return _scan(np.add, x, dim, dtype)


def cumprod(x: Array, dim: int, dtype: np.dtype | None = None) -> Array:
    """Running products along `dim`, accumulated one precision wider, returned in `dtype` (default: x's)."""
    return _scan(np.multiply, x, dim, dtype)


def backwards(x: Array, dim: int) -> Array:
    """Running sums along `dim` from its end."""
    return x.copy() if x.ndim == 0 else contiguous(turned(_scan(np.add, turned(x, dim), dim, None), dim))


def turned(x: Array, dim: int) -> Array:
    """A view of x in reverse order along `dim`."""
    return x[(slice(None),) * dim + (slice(None, None, -1),)]


def _scan(ufunc: Any, x: Array, dim: int, dtype: np.dtype | None) -> Array:
    dtype = dtype or x.dtype
    if x.ndim == 0:
        return x.astype(dtype)
    wide = WIDER.get(dtype.kind, {}).get(dtype.itemsize, dtype)
    if x.size < LARGE:
        return ufunc.accumulate(x, dim, wide).astype(dtype, copy=False)
    if x.size == x.shape[dim] and wide != dtype:
        return _in_turn(ufunc, x.reshape(-1), dtype, wide).reshape(x.shape)
    if x.size == x.shape[dim] and ufunc is not np.multiply:  # products of parts might overflow
        return _in_pieces(ufunc, x.reshape(-1), wide).astype(dtype, copy=False).reshape(x.shape)
    return _across(lambda part, out, axis: _fill(ufunc, part, out, axis, wide), x, dim, dtype)


def _in_turn(ufunc: Any, x: Array, dtype: np.dtype, wide: Any) -> Array:
    """The scan of a vector, computed in the dtype `wide`, a piece after the other; of sums each thread does a part."""
    out = blocks.fresh(x.shape, dtype)

    def scan(start: int, stop: int) -> None:
        before = ufunc.reduce(x[:start], dtype=wide) if start else None
        sums = np.empty(min(PIECE, stop - start), wide)
        for i in range(start, stop, PIECE):
            part = x[i : min(i + PIECE, stop)].astype(wide)
            if before is not None:
                ufunc(part[:1], before, out=part[:1])
            done = sums[: len(part)]
            ufunc.accumulate(part, 0, None, done)  # in place it would keep the interpreter lock
            before = done[-1]
            out[i : i + len(part)] = done

    if ufunc is np.add:
        blocks.share(scan, len(x), blocks.get_num_threads(), len(x) >> 4)
    else:
        scan(0, len(x))
    return out


def _in_pieces(ufunc: Any, x: Array, dtype: Any) -> Array:
    """The scan of a vector: pieces on their own, on all threads, and then each continued from the end of the
    one before.
    """
    out = blocks.fresh(x.shape, np.dtype(dtype))
    ends: dict[int, int] = {}

    def scan(i: int, j: int) -> None:
        ufunc.accumulate(x[i:j].astype(dtype, copy=False), 0, None, out[i:j])
        ends[i] = j

    blocks.spread(scan, len(x), x.nbytes, 64, False)
    before = None
    for i in sorted(ends):
        if before is not None:
            ufunc(out[i : ends[i]], before, out=out[i : ends[i]])
        before = out[ends[i] - 1].copy()
    return out


def _fill(ufunc: Any, x: Array, out: Array, axis: int, wide: Any) -> None:
    """The scan of a matrix along `axis` into `out`, computed in the dtype `wide`."""
    if axis == 0 and x.shape[1] >= 256:  # row by row: `accumulate` would go down every column by itself
        row = x[0].astype(wide)
        out[0] = row
        for above, below in zip(x[1:], out[1:], strict=True):
            ufunc(row, above, out=row)
            below[...] = row
    elif out.dtype == wide and x.dtype == wide:
        ufunc.accumulate(x, axis, None, out)
    else:
        scratch = blocks.fresh(x.shape, np.dtype(wide))
        np.copyto(scratch, x)
        ufunc.accumulate(scratch, axis, None, scratch)
        np.copyto(out, scratch, casting="unsafe")


def _across(body: Any, x: Array, dim: int, dtype: np.dtype) -> Array:
    """Run `body(part, out, axis)` on parts cut across `dim`; a part is (rows, n) or (n, columns)."""
    out = blocks.fresh(x.shape, dtype)
    n = x.shape[dim]
    inner = int(np.prod(x.shape[dim + 1 :]))
    source, target = contiguous(x).reshape(-1, n, inner), out.reshape(-1, n, inner)
    outer = len(source)
    if inner == 1:
        rows, results = source.reshape(outer, n), target.reshape(outer, n)
        step = max(1, (1 << 16) // n)

        def along(i: int, j: int) -> None:
            for k in range(i, j, step):
                m = min(k + step, j)
                body(rows[k:m], results[k:m], 1)

        blocks.spread(along, outer, x.nbytes)
        return out
    width = max(1024, (1 << 16) // n)

    def columns(i: int, j: int) -> None:
        for o in range(outer):
            for k in range(i, j, width):
                m = min(k + width, j)
                body(source[o, :, k:m], target[o, :, k:m], 0)

    blocks.spread(columns, inner, x.nbytes if inner >= 1 << 14 else 0, 16)
    return out


# --- products ---


def others(x: Array) -> Array:
    """For each element the product of all others along the last dimension."""
    out = np.ones_like(x)
    np.multiply.accumulate(x[..., :-1], -1, None, out[..., 1:])
    right = np.multiply.accumulate(x[..., :0:-1], -1)
    out[..., :-1] *= right[..., ::-1]
    return out


def cumprod_backward(grad: Array, x: Array, result: Array, dim: int) -> Array:
    """The derivative of cumprod by x, also where x is zero.

    An element before the first zero gets what its running products carry, divided by it.  The first zero
    itself gets the products as they would run without it, up to the next zero; everything later gets nothing.
    """
    if x.ndim == 0:
        return grad.copy()
    terms = np.multiply(grad, np.conjugate(result) if result.dtype.kind == "c" else result, out=...)
    total = backwards(terms, dim)
    if np.logical_and.reduce(x, None):
        return np.divide(total, np.conjugate(x), out=total)
    zeros = np.equal(x, 0)
    first = zeros & (np.add.accumulate(zeros, dim, np.int64) == 1)
    safe = np.where(zeros, 1, x)
    before = ~np.logical_or.accumulate(zeros, dim)
    out = np.where(before, total / np.conjugate(safe), 0)
    without = cumprod(np.where(first, 1, x), dim)
    after = backwards(np.where(before, 0, grad * np.conjugate(without)), dim)
    return np.where(first, after, out).astype(grad.dtype, copy=False)


# --- logarithms of sums ---


def logcumsumexp(x: Array, dim: int) -> Array:
    """log(cumsum(exp(x))) along `dim`, without overflow."""
    if x.ndim == 0 or not x.size:
        return x.copy()
    if x.dtype.itemsize == 2:
        return logcumsumexp(x.astype(np.float32), dim).astype(x.dtype)
    if x.dtype.kind == "c":
        return _complex_logcumsumexp(x, dim)
    if x.size < LARGE:
        return np.logaddexp.accumulate(x, dim)
    return _across(lambda part, out, axis: _fill(np.logaddexp, part, out, axis, x.dtype), x, dim, x.dtype)


def _complex_logcumsumexp(x: Array, dim: int) -> Array:
    """Step by step: log(exp(a) + exp(b)) is the one with the larger real part + log(1 + exp(difference))."""
    source = np.moveaxis(x, dim, 0)
    out = np.empty_like(source)
    out[0] = source[0]
    for i in range(1, len(source)):
        a, b = out[i - 1], source[i]
        swap = a.real < b.real
        high, low = np.where(swap, b, a), np.where(swap, a, b)
        out[i] = np.where(low.real == -np.inf, high, high + np.log1p(np.exp(low - high)))
    return np.ascontiguousarray(np.moveaxis(out, 0, dim))


def sums_after(weights: Array, x: Array, y: Array, dim: int) -> Array:
    """For each k the sum of weights[i] * exp(x[k] - y[i]) over i >= k, by logarithms."""
    return _weighted(lambda logs: turned(logcumsumexp(turned(logs, dim), dim), dim), weights, -y, x)


def sums_before(weights: Array, x: Array, y: Array, dim: int) -> Array:
    """For each i the sum of weights[k] * exp(x[k] - y[i]) over k <= i, by logarithms."""
    return _weighted(lambda logs: logcumsumexp(logs, dim), weights, x, -y)


def _weighted(scan: Any, weights: Array, inside: Array, outside: Array) -> Array:
    dtype = weights.dtype
    if dtype.kind == "c" or inside.dtype.kind == "c":
        return np.exp(scan(np.log(weights.astype(np.complex128)) + inside) + outside).astype(
            np.result_type(weights, inside)
        )
    inside, outside = inside.astype(np.float64), outside.astype(np.float64)
    logs = np.log(np.abs(weights), dtype=np.float64)
    total = np.exp(scan(np.where(weights > 0, logs, -np.inf) + inside) + outside)
    if (weights < 0).any():
        total -= np.exp(scan(np.where(weights < 0, logs, -np.inf) + inside) + outside)
    return total.astype(dtype)


# --- extremes ---


def cummax(x: Array, dim: int) -> tuple[Array, Array]:
    """(running maxima along `dim`, index of each: the last among equals; a NaN stays)."""
    return _extreme(np.maximum, x, dim)


def cummin(x: Array, dim: int) -> tuple[Array, Array]:
    """(running minima along `dim`, index of each: the last among equals; a NaN stays)."""
    return _extreme(np.minimum, x, dim)


def _extreme(ufunc: Any, x: Array, dim: int) -> tuple[Array, Array]:
    if x.ndim == 0:
        return x.copy(), np.zeros((), np.int64)
    if not x.size:
        return x.copy(), np.zeros(x.shape, np.int64)
    if x.size < SMALL:
        values = ufunc.accumulate(x, dim)
        new = np.equal(x, values)
        if x.dtype.kind in "fV":
            np.logical_or(new, np.not_equal(x, x), out=new)
        places = np.arange(x.shape[dim]).reshape((-1,) + (1,) * (x.ndim - 1 - dim))
        return values, np.maximum.accumulate(np.multiply(new, places), dim)
    last = contiguous(x.swapaxes(dim, -1))
    rows = last.reshape(-1, last.shape[-1])
    values, indices = blocks.fresh(rows.shape, x.dtype), blocks.fresh(rows.shape, np.dtype(np.int64))
    if len(rows) == 1 and x.size >= LARGE:
        values[0] = _in_pieces(ufunc, rows[0], x.dtype)
        _places(rows, values, indices)
    else:
        step = max(1, (1 << 15) // rows.shape[1])

        def some(i: int, j: int) -> None:
            for k in range(i, j, step):
                m = min(k + step, j)
                ufunc.accumulate(rows[k:m], 1, None, values[k:m])
                _places(rows[k:m], values[k:m], indices[k:m])

        blocks.spread(some, len(rows), 4 * rows.nbytes)
    return _back(values, last.shape, dim), _back(indices, last.shape, dim)


def _back(rows: Array, shape: tuple[int, ...], dim: int) -> Array:
    return contiguous(rows.reshape(shape).swapaxes(dim, -1))


def _places(x: Array, values: Array, indices: Array) -> None:
    """Where the running extremes of rows were found.

    Every row begins with a new one, so in the flattened array each place belongs to the last new one before
    it.
    """
    new = np.equal(x, values)
    if x.dtype.kind in "fV" and np.isnan(values[:, -1]).any():
        new |= np.isnan(x)
    found = np.flatnonzero(new)
    indices.reshape(-1)[:] = np.repeat(found % x.shape[1], np.diff(found, append=x.size))
