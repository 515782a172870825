"""Reductions on plain arrays: sum, mean, var, norm, prod, max, min, argmax and their relatives.

Every kernel takes `(x, dim=None, keepdim=False)`: dim is an axis >= 0, a tuple of them, or None for all.  The
result is always an array, 0-d included, of x's dtype unless said otherwise.  Small arrays go to NumPy's own
reductions.  A large one is seen as (outer, n, inner) with n reduced, and folded by whichever loop is long
enough to be fast (`fold`), on all threads. Sums of floats run over a few hundred elements at most before they
are added in double precision, so they are as accurate as pairwise summation.
"""

import builtins
from math import prod as _product
from typing import Any

import numpy as np
from numpy import ndarray

from . import blocks
from .arguments import cast
from .blocks import LARGE
from .copies import contiguous, copy

Array = ndarray
Dim = int | tuple[int, ...] | None

SINGLE, DOUBLE, INTEGER = np.dtype(np.float32), np.dtype(np.float64), np.dtype(np.int64)
RUN = 2048  # elements of a row that are added up in one go (BLAS does it in 64 lanes at least)
LONG = 256  # rows that are added up in one go, side by side
COLUMNS = 256  # elements of an inner loop that are worth its start
FEW = 64  # steps that are worth a loop in Python
SUMS = (np.add, np.square)  # the second stands for the sum of squares, of rows only
MANY = 8  # rows that are worth sharing out as they are
ALONE = 1 << 23  # bytes that are read once sooner than a helper wakes up (4 MB take 80 us, a helper 40 to 60)
LINE = 128  # products that are made side by side

_ones: dict[np.dtype, Array] = {}
ONES: dict[np.dtype, Array] = {SINGLE: np.ones(RUN, SINGLE), DOUBLE: np.ones(RUN, DOUBLE)}
_empty = np.empty


def _one(dtype: np.dtype, n: int) -> Array:
    """A vector of n <= RUN ones."""
    try:
        return _ones[dtype][:n]
    except KeyError:
        return _ones.setdefault(dtype, np.ones(RUN, dtype))[:n]


def _axes(x: Array, dim: Dim) -> tuple[int, ...]:
    if dim is None:
        return tuple(range(x.ndim))
    return dim if isinstance(dim, tuple) else (dim,)


def shape_after(x: Array, dim: Dim, keepdim: bool) -> tuple[int, ...]:
    """The shape of x after a reduction."""
    return _shape(x, _axes(x, dim), keepdim)


def _shape(x: Array, axes: tuple[int, ...], keepdim: bool) -> tuple[int, ...]:
    if keepdim:
        return tuple([1 if axis in axes else size for axis, size in enumerate(x.shape)])
    return tuple([size for axis, size in enumerate(x.shape) if axis not in axes])


class Cut:
    """A large array as `x3` (outer, n, inner), the axes of `dims` in the middle; `restore` shapes results."""

    __slots__ = ("x3", "kept", "shape", "rest")

    def __init__(self, x: Array, dims: tuple[int, ...], keepdim: bool) -> None:
        memory = blocks.order(x)
        if memory is None:
            x = contiguous(x)
            memory = tuple(range(x.ndim))
        inside = [axis in dims for axis in memory]
        first, last = inside.index(True), len(inside) - inside[::-1].index(True)
        if not all(inside[first:last]):  # reduced axes apart from each other: bring them together, at the end
            memory = (
                *[axis for axis in memory if axis not in dims],
                *[axis for axis in memory if axis in dims],
            )
            first, last = len(memory) - len(dims), len(memory)
            dense = contiguous(x.transpose(memory))
        else:
            dense = x.transpose(memory)
        sizes = dense.shape
        self.x3 = dense.reshape(_product(sizes[:first]), _product(sizes[first:last]), _product(sizes[last:]))
        self.kept = [axis for axis in memory if axis not in dims]
        self.rest = [x.shape[axis] for axis in self.kept]
        self.shape = _shape(x, dims, keepdim)

    def restore(self, result: Array) -> Array:
        """(outer, inner) in memory order to the result's shape."""
        return result.reshape(self.rest).transpose(np.argsort(self.kept)).reshape(self.shape)


def _plain(ufunc: np.ufunc, x: Array, dim: Dim, keepdim: bool, dtype: Any = None) -> Array:
    return ufunc.reduce(x, dim, dtype, out=..., keepdims=keepdim)


def _spread(task: blocks.Task, length: int, nbytes: int, align: int = 1) -> None:
    """blocks.spread, for a task that only reads once."""
    if nbytes < ALONE:
        task(0, length)
    else:
        blocks.spread(task, length, nbytes, align)


# --- sums ---


def fold(ufunc: np.ufunc, x3: Array, dtype: np.dtype) -> Array:
    """ufunc.reduce of (outer, n, inner) over n, in `dtype`; the result is (outer, inner)."""
    outer, n, inner = x3.shape
    out = np.empty((outer, inner), dtype)
    if n <= FEW < outer * inner:  # few steps, each over everything
        if inner == 1:
            _spread(lambda i, j: _steps(ufunc, x3[i:j, :, 0], out[i:j, 0]), outer, x3.nbytes)
        elif outer > 1:
            _spread(lambda i, j: _steps(ufunc, x3[i:j], out[i:j]), outer, x3.nbytes)
        else:
            _spread(lambda i, j: _steps(ufunc, x3[:, :, i:j], out[:, i:j]), inner, x3.nbytes, 64)
    elif inner == 1 and outer >= MANY:
        rows, results = x3.reshape(outer, n), out.reshape(outer)
        spread = blocks.spread if ufunc is np.multiply else _spread
        spread(lambda i, j: row_fold(ufunc, rows[i:j], results[i:j]), outer, x3.nbytes)
    elif inner == 1 and ufunc is not np.multiply:
        _fold_runs(ufunc, x3.reshape(outer, n), out)
    else:
        _fold_sheets(ufunc, x3, out)
    return out


def row_fold(ufunc: np.ufunc, rows: Array, out: Array | None = None) -> Array:
    """ufunc.reduce of (outer, n) over n, on this thread."""
    outer, n = rows.shape
    if out is None:
        out = np.empty(outer, rows.dtype)
    if n <= FEW:
        _steps(ufunc, rows, out)
    elif n <= RUN or ufunc not in SUMS:
        _fold_rows(ufunc, rows, out)
    else:
        count = n // RUN
        parts = np.empty((outer, count + 1), out.dtype)
        _fold_rows(ufunc, rows[:, : count * RUN].reshape(outer, count, RUN), parts[:, :count])
        _fold_rows(ufunc, rows[:, count * RUN :], parts[:, count])
        _fold_parts(ufunc, parts, out)
    return out


def _steps(ufunc: np.ufunc, x: Array, out: Array) -> None:
    """Over axis 1, step by step."""
    np.copyto(out, x[:, 0], casting="unsafe")
    for k in range(1, x.shape[1]):
        ufunc(out, x[:, k], out=out)


def _fold_rows(ufunc: np.ufunc, rows: Array, out: Array) -> None:
    """Over the last axis, along which rows is contiguous."""
    if ufunc is np.square:
        np.vecdot(rows, rows, out=out)
    elif ufunc is np.add and out.dtype.kind == "f" and rows.dtype == out.dtype:
        np.vecdot(rows, _one(out.dtype, rows.shape[-1]), out=out)
    elif ufunc is np.multiply and rows.shape[-1] >= 4 * LINE and rows.shape[-1] % LINE == 0:
        lines = rows.reshape(*rows.shape[:-1], -1, LINE)  # NumPy's product of a row goes one by one
        ufunc.reduce(ufunc.reduce(lines, -2, out.dtype), -1, out.dtype, out=out)
    else:
        ufunc.reduce(rows, -1, out.dtype, out)


def _fold_runs(ufunc: np.ufunc, rows: Array, out: Array) -> None:
    """Over the elements of few long rows: in runs that are cut over the threads."""
    outer, n = rows.shape
    run = RUN if ufunc in SUMS and out.dtype.kind == "f" else builtins.max(RUN, n // 8)
    count = n // run
    whole = count * run
    parts = np.empty((outer, count + (whole < n)), out.dtype)
    runs, results = rows[:, :whole].reshape(outer, count, run), parts[:, :count]

    def task(i: int, j: int) -> None:
        _fold_rows(ufunc, runs[:, i:j], results[:, i:j])

    _spread(task, count, rows.nbytes)
    if whole < n:
        _fold_rows(ufunc, rows[:, whole:], parts[:, count])
    _fold_parts(ufunc, parts, out.reshape(outer))


def _fold_sheets(ufunc: np.ufunc, x3: Array, out: Array) -> None:
    """(outer, n, inner) over n, as (outer, count, columns) with so many columns that NumPy's loop is long."""
    outer, n, inner = x3.shape
    width = builtins.min(n, builtins.max(n // LONG, -(-COLUMNS // inner)))  # of n, side by side
    count = n // width
    whole = count * width
    sheets = x3[:, :whole].reshape(outer, count, width * inner)
    parts = np.empty((outer, width + n - whole, inner), out.dtype)
    results = parts[:, :width].reshape(outer, width * inner)

    def some(i: int, j: int) -> None:
        ufunc.reduce(sheets[i:j], 1, out.dtype, results[i:j])

    def columns(i: int, j: int) -> None:
        for sheet, result in zip(sheets, results, strict=True):
            ufunc.reduce(sheet[:, i:j], 0, out.dtype, result[i:j])

    if outer >= MANY:
        _spread(some, outer, x3.nbytes)
    else:
        _spread(columns, width * inner, x3.nbytes, 64)
    parts[:, width:] = x3[:, whole:]
    _fold_parts(ufunc, parts, out)


def _fold_parts(ufunc: np.ufunc, parts: Array, out: Array) -> None:
    """What is left, over axis 1; sums in double precision."""
    if ufunc in SUMS and out.dtype.kind == "f":
        np.copyto(out, np.add.reduce(parts, 1, DOUBLE))
    else:
        ufunc.reduce(parts, 1, out.dtype, out)


def sum(x: Array, dim: Dim = None, keepdim: bool = False, dtype: np.dtype | None = None) -> Array:
    """The sum over `dim` in `dtype` (default: x's; 16-bit floats are added in float32)."""
    dtype = dtype or x.dtype
    if x.size < LARGE:
        if dtype.itemsize == 2 and dtype.kind in "fV":
            return _plain(np.add, x, dim, keepdim, SINGLE).astype(dtype)
        return _plain(np.add, x, dim, keepdim, dtype)
    axes = _axes(x, dim)
    if not axes:
        return x.astype(dtype)
    if x.dtype.kind == "b" and dtype.kind == "i" and len(axes) == x.ndim:
        return np.asarray(np.count_nonzero(x), dtype).reshape(_shape(x, axes, keepdim))
    if dtype.kind == "c":  # as pairs of real numbers
        cut = Cut(x if x.dtype == dtype else copy(x, dtype), axes, keepdim)
        real = SINGLE if dtype.itemsize == 8 else DOUBLE
        outer, n, inner = cut.x3.shape
        return cut.restore(fold(np.add, cut.x3.view(real).reshape(outer, n, inner * 2), real).view(dtype))
    if dtype.kind in "fV":
        wide = SINGLE if dtype.itemsize == 2 else dtype
        return _reduced(np.add, x if x.dtype == wide else copy(x, wide), axes, keepdim, wide).astype(
            dtype, copy=False
        )
    return _reduced(np.add, x, axes, keepdim, dtype)


def total(x: Array, dtype: np.dtype | None = None) -> Array:
    """The sum of all elements, in `dtype` (default: x's, int64 for integers and bools)."""
    if dtype is None:
        kind, n = x.dtype, x.size
        if n <= RUN and (kind is SINGLE or kind is DOUBLE):
            out = _empty((), kind)
            x.ravel().dot(ONES[kind][:n], out)  # one product is faster than a reduction
            return out
        return sum(x, None, False, INTEGER if kind.kind in "iub" else None)
    return sum(x if dtype.kind == "i" and x.dtype.kind in "iub" else cast(x, dtype), None, False, dtype)


def average(x: Array) -> Array:
    """The mean of all elements, of floating or complex numbers; NaN over nothing."""
    kind, n = x.dtype, x.size
    if 0 < n <= RUN and (kind is SINGLE or kind is DOUBLE):
        out = _empty((), kind)
        x.ravel().dot(ONES[kind][:n], out)
        out[()] = out.item() / n
        return out
    return mean(x)


def mean(x: Array, dim: Dim = None, keepdim: bool = False, dtype: np.dtype | None = None) -> Array:
    """The mean over `dim` of floating or complex numbers; NaN over nothing."""
    dtype = dtype or x.dtype
    wide = SINGLE if dtype.itemsize == 2 else dtype
    total = sum(x, dim, keepdim, wide)
    if total.size:
        np.divide(total, x.size // total.size, out=total)
    return total if wide is dtype else total.astype(dtype)


def squares(x: Array) -> Array:
    """The sum of the squares of all elements, of real floating numbers."""
    if x.size < LARGE or x.dtype.itemsize == 2:
        return total(np.multiply(x, x, out=...))
    cut = Cut(x, _axes(x, None), False)
    return cut.restore(fold(np.square, cut.x3, x.dtype))


def _reduced(ufunc: np.ufunc, x: Array, axes: tuple[int, ...], keepdim: bool, dtype: np.dtype) -> Array:
    cut = Cut(x, axes, keepdim)
    return cut.restore(fold(ufunc, cut.x3, dtype))


def prod(x: Array, dim: Dim = None, keepdim: bool = False, dtype: np.dtype | None = None) -> Array:
    """The product over `dim`, in `dtype` (default: x's)."""
    dtype = dtype or x.dtype
    wide = SINGLE if dtype.itemsize == 2 and dtype.kind in "fV" else dtype
    if x.size < LARGE or dim == ():
        return _plain(np.multiply, x, dim, keepdim, wide).astype(dtype, copy=False)
    return _reduced(np.multiply, x, _axes(x, dim), keepdim, wide).astype(dtype, copy=False)


# --- moments ---


def var_mean(x: Array, dim: Dim = None, correction: float = 1, keepdim: bool = False) -> tuple[Array, Array]:
    """(variance, mean) over `dim` of floating or complex numbers; divided by n - correction (at least 0)."""
    if x.dtype.itemsize == 2:
        var, average = var_mean(x.astype(SINGLE), dim, correction, keepdim)
        return var.astype(x.dtype), average.astype(x.dtype)
    if x.size <= RUN and x.size and x.dtype.kind == "f":
        return _small_var_mean(x, dim, correction, keepdim)
    axes = _axes(x, dim)
    average = mean(x, dim, True)
    count = _product([x.shape[axis] for axis in axes]) - correction
    apart = np.subtract(x, average, out=...)
    square = (
        np.multiply(apart, apart, out=apart)
        if x.dtype.kind != "c"
        else np.square(apart.real) + np.square(apart.imag)
    )
    total = sum(square, dim, keepdim)
    np.divide(total, count if count > 0 else 0, out=total)
    return total, average if keepdim else average.reshape(_shape(x, axes, False))


def _small_var_mean(x: Array, dim: Dim, correction: float, keepdim: bool) -> tuple[Array, Array]:
    """The same of few real numbers, in as few steps as there are."""
    if dim is None:
        average = mean = np.add.reduce(x, None, out=..., keepdims=keepdim)
    else:
        mean = np.add.reduce(x, dim, keepdims=True)
        average = mean if keepdim else mean.reshape(_shape(x, _axes(x, dim), False))
    count = x.size // average.size
    np.divide(mean, count, out=mean)
    apart = np.subtract(x, mean, out=...)
    if dim is None or dim == x.ndim - 1:
        flat = apart.ravel() if dim is None else apart
        total = np.vecdot(flat, flat, out=...)
        total = total.reshape(average.shape) if keepdim else total
    else:
        total = np.add.reduce(np.multiply(apart, apart, out=apart), dim, out=..., keepdims=keepdim)
    free = count - correction
    np.divide(total, free if free > 0 else 0, out=total)
    return total, average


def var(x: Array, dim: Dim = None, correction: float = 1, keepdim: bool = False) -> Array:
    """The variance over `dim`, divided by n - correction."""
    return var_mean(x, dim, correction, keepdim)[0]


def std(x: Array, dim: Dim = None, correction: float = 1, keepdim: bool = False) -> Array:
    """The standard deviation over `dim`, divided by n - correction."""
    result = var(x, dim, correction, keepdim)
    return np.sqrt(result, out=result)


def norm(x: Array, p: float = 2, dim: Dim = None, keepdim: bool = False) -> Array:
    """The vector norm over `dim`: (sum |x|**p)**(1/p); max |x| for inf, min for -inf, nonzeros for 0."""
    if x.dtype.itemsize == 2:
        return norm(x.astype(SINGLE), p, dim, keepdim).astype(x.dtype)
    if p == 2 and x.dtype.kind == "f":
        if x.size >= LARGE:
            return _length(x, _axes(x, dim), keepdim)
        total = np.add.reduce(np.multiply(x, x, out=...), dim, out=..., keepdims=keepdim)
        return np.sqrt(total, out=total)
    size = np.absolute(x, out=...)
    if p == np.inf:
        return amax(size, dim, keepdim)
    if p == -np.inf:
        return amin(size, dim, keepdim)
    if p == 0:
        return sum(np.not_equal(size, 0, out=...).astype(size.dtype), dim, keepdim)
    if p == 1:
        return sum(size, dim, keepdim)
    if p == 2:
        total = sum(np.multiply(size, size, out=size), dim, keepdim)
        return np.sqrt(total, out=total)
    total = sum(np.power(size, p, out=size), dim, keepdim)
    return np.power(total, 1 / p, out=total)


def _length(x: Array, axes: tuple[int, ...], keepdim: bool) -> Array:
    """The root of the sum of squares of a large array."""
    cut = Cut(x, axes, keepdim)
    if cut.x3.shape[2] == 1 and cut.x3.shape[1] > FEW:
        total = fold(np.square, cut.x3, x.dtype)
    else:
        total = fold(np.add, blocks.apply(np.square, (cut.x3,), x.dtype), x.dtype)
    return cut.restore(np.sqrt(total, out=total))


# --- extremes ---


def amax(x: Array, dim: Dim = None, keepdim: bool = False) -> Array:
    """The largest element over `dim`; NaN if there is one."""
    if x.size < LARGE or dim == ():
        return _plain(np.maximum, x, dim, keepdim)
    return _reduced(np.maximum, x, _axes(x, dim), keepdim, x.dtype)


def amin(x: Array, dim: Dim = None, keepdim: bool = False) -> Array:
    """The smallest element over `dim`; NaN if there is one."""
    if x.size < LARGE or dim == ():
        return _plain(np.minimum, x, dim, keepdim)
    return _reduced(np.minimum, x, _axes(x, dim), keepdim, x.dtype)


def largest(x: Array) -> Array:
    """The largest of all elements; NaN if there is one."""
    return np.array(x.ravel()[x.argmax()]) if x.size < LARGE else amax(x)


def smallest(x: Array) -> Array:
    """The smallest of all elements; NaN if there is one."""
    return np.array(x.ravel()[x.argmin()]) if x.size < LARGE else amin(x)


def argmax(x: Array, dim: int | None = None, keepdim: bool = False) -> Array:
    """The index of the first largest element (NaN counts as largest) along `dim`, or in all of x; int64."""
    return _arg("argmax", x, dim, keepdim)


def argmin(x: Array, dim: int | None = None, keepdim: bool = False) -> Array:
    """The index of the first smallest element (NaN counts as smallest) along `dim`, or in all of x; int64."""
    return _arg("argmin", x, dim, keepdim)


def _arg(name: str, x: Array, dim: int | None, keepdim: bool) -> Array:
    if x.ndim == 0:
        return np.zeros((), np.int64)
    if x.size < LARGE or dim is None:
        return np.asarray(getattr(x, name)(dim, keepdims=keepdim))
    rows = contiguous(x.swapaxes(dim, -1))
    flat = rows.reshape(-1, rows.shape[-1])
    out = np.empty(len(flat), np.int64)
    blocks.spread(lambda i, j: getattr(flat[i:j], name)(1, out=out[i:j]), len(flat), flat.nbytes)
    result = out.reshape((*rows.shape[:-1], 1)).swapaxes(dim, -1)
    return result if keepdim else result.reshape(_shape(x, (dim,), False))


def max(x: Array, dim: int, keepdim: bool = False) -> tuple[Array, Array]:
    """(largest elements along `dim`, their indices)."""
    return _extreme("argmax", np.maximum, x, dim, keepdim)


def min(x: Array, dim: int, keepdim: bool = False) -> tuple[Array, Array]:
    """(smallest elements along `dim`, their indices)."""
    return _extreme("argmin", np.minimum, x, dim, keepdim)


def _extreme(name: str, ufunc: np.ufunc, x: Array, dim: int, keepdim: bool) -> tuple[Array, Array]:
    if x.ndim == 0:
        return x.copy(), np.zeros((), np.int64)
    if x.size < LARGE:
        return _plain(ufunc, x, dim, keepdim), np.asarray(getattr(x, name)(dim, keepdims=keepdim))
    return _reduced(ufunc, x, (dim,), keepdim, x.dtype), _arg(name, x, dim, keepdim)


# --- truth ---


def truth(ufunc: np.ufunc, x: Array, dim: Dim = None, keepdim: bool = False) -> Array:
    """np.logical_or or np.logical_and over `dim`: whether some, or every, element is not zero; bool."""
    if x.size < LARGE or dim == ():
        return _plain(ufunc, x, dim, keepdim)
    return _reduced(ufunc, x, _axes(x, dim), keepdim, np.dtype(bool))


def count_nonzero(x: Array, dim: Dim = None) -> Array:
    """How many elements over `dim` are not zero; int64."""
    return np.asarray(np.count_nonzero(x, axis=dim), np.int64)
