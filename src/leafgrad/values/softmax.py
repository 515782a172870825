"""softmax, log_softmax, logsumexp and their derivatives.

The largest element is subtracted first, so nothing overflows; a row of nothing but -inf gives NaN (softmax)
or -inf (logsumexp), as in torch.  A large array is seen as (outer, n, inner) with n the dimension.  Many rows
are cut over the threads, each computing whole rows; few long ones are done in phases, each of which is cut.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy import ndarray

from . import blocks, buffers
from .blocks import LARGE, apply, narrow
from .copies import contiguous, copy
from .kernel import composed, is_16bit
from .reductions import Dim, amax, fold, row_fold, shape_after, sum

Array = ndarray
SINGLE = np.dtype(np.float32)
SAFE = 40.0  # exp of numbers below it, and sums of them, are far from overflow
SMALL = 1 << 11  # elements; up to here the number of steps is what counts
THIN = 64  # inner axes that are shorter are moved away


# --- for some rows: `axis` is reduced ---


def _plain_sums(x: Array, out: Array, axis: int, low: float, high: float) -> Array | None:
    """out = exp(x); the sums of the rows, or None if one of them is not between `low` and `high`."""
    if x.ndim != 2 or axis != 1 or x.shape[1] <= THIN:
        return None
    total = row_fold(np.add, np.exp(x, out=out))
    return total[:, None] if low < np.min(total) and np.max(total) < high else None


def _exponentials(x: Array, out: Array, axis: int) -> Array:
    """out = exp(x - something common to the row); returns the sums."""
    total = _plain_sums(x, out, axis, 1e-17, 1e17)  # often nothing needs to be subtracted
    if total is not None:
        return total
    np.subtract(x, _over(np.maximum, x, axis), out=out)
    np.exp(out, out=out)
    return _over(np.add, out, axis)


def _over(ufunc: np.ufunc, x: Array, axis: int) -> Array:
    """ufunc.reduce over `axis`, which is kept."""
    if x.ndim == 2 and axis == 1:
        return row_fold(ufunc, x)[:, None]
    return ufunc.reduce(x, axis, keepdims=True)


def _softmax(x: Array, out: Array, axis: int) -> None:
    total = _exponentials(x, out, axis)
    np.multiply(out, np.divide(1, total, dtype=out.dtype), out=out)


def _log_softmax(x: Array, out: Array, axis: int) -> None:
    total = _plain_sums(x, out, axis, 1e-4, 1e6)  # beyond, rounding would show
    if total is not None:
        np.subtract(x, np.log(total), out=out)
        return
    np.subtract(x, _over(np.maximum, x, axis), out=out)
    total = _over(np.add, np.exp(out, out=buffers.like(out)), axis)
    np.subtract(out, np.log(total), out=out)


def _softmax_backward(grad: Array, result: Array, out: Array, axis: int) -> None:
    if grad.ndim == 2 and axis == 1 and grad.dtype.kind == "f" and grad.shape[1] > THIN:
        total = np.vecdot(grad, result)[:, None]
    else:
        total = _over(np.add, np.multiply(grad, result, out=out), axis)
    np.subtract(grad, total, out=out)
    np.multiply(out, result, out=out)


def _log_softmax_backward(grad: Array, result: Array, out: Array, axis: int) -> None:
    np.exp(result, out=out)
    np.multiply(out, _over(np.add, grad, axis), out=out)
    np.subtract(grad, out, out=out)


# --- for few long rows: (outer, n, inner), in phases ---


@composed
def _exp_below(x: Array, top: Array, *, out: Array) -> None:
    """exp(x - top)."""
    np.subtract(x, top, out=out)
    np.exp(out, out=out)


@composed
def _below(x: Array, top: Array, rest: Array, *, out: Array) -> None:
    """x - top - rest."""
    np.subtract(x, top, out=out)
    np.subtract(out, rest, out=out)


@composed
def _apart(grad: Array, result: Array, total: Array, *, out: Array) -> None:
    """(grad - total) * result."""
    np.subtract(grad, total, out=out)
    np.multiply(out, result, out=out)


@composed
def _less(grad: Array, result: Array, total: Array, *, out: Array) -> None:
    """grad - exp(result) * total."""
    np.exp(result, out=out)
    np.multiply(out, total, out=out)
    np.subtract(grad, out, out=out)


def _folded(ufunc: np.ufunc, x3: Array) -> Array:
    return fold(ufunc, x3, x3.dtype)[:, None]


def _softmax_long(x: Array) -> Array:
    out = _exp_below(x, _folded(np.maximum, x))
    return apply(np.multiply, (out, 1 / _folded(np.add, out)), out.dtype, out)


def _log_softmax_long(x: Array) -> Array:
    top = _folded(np.maximum, x)
    return _below(x, top, np.log(_folded(np.add, _exp_below(x, top))))


def _softmax_backward_long(grad: Array, result: Array) -> Array:
    return _apart(grad, result, _folded(np.add, apply(np.multiply, (grad, result), grad.dtype)))


def _log_softmax_backward_long(grad: Array, result: Array) -> Array:
    return _less(grad, result, _folded(np.add, grad))


# --- kernels ---


def _along(
    rows: Callable[..., None], long: Callable[..., Array], arrays: tuple[Array, ...], dim: int
) -> Array:
    """The kernel whose work on rows is `rows(*arrays, out, axis)`, and on few long ones `long(*arrays)`."""
    x = arrays[0]
    if is_16bit(x.dtype):
        return copy(_along(rows, long, tuple([copy(a, SINGLE) for a in arrays]), dim), x.dtype)
    if x.ndim == 0:
        return _along(rows, long, tuple([a.reshape(1) for a in arrays]), 0).reshape(())
    if x.size < LARGE:
        out = np.empty(x.shape, x.dtype)  # torch's results here are contiguous, whatever x is
        rows(*arrays, out, dim)
        return out
    n = x.shape[dim]
    inner = int(np.prod(x.shape[dim + 1 :]))
    if 1 < inner < THIN:
        turned = _along(rows, long, tuple([contiguous(a.swapaxes(dim, -1)) for a in arrays]), x.ndim - 1)
        return contiguous(turned.swapaxes(dim, -1))
    views: list[Any] = [contiguous(a).reshape(-1, n, inner) for a in arrays]
    outer = len(views[0])
    if outer < 8:
        return long(*views).reshape(x.shape)
    out = buffers.empty(x.shape, x.dtype)
    views.append(out.reshape(-1, n, inner))
    if inner == 1:
        views = [a.reshape(outer, n) for a in views]
    blocks.spread(
        narrow(lambda i, j: rows(*[a[i:j] for a in views], 1), n if inner == 1 else inner), outer, x.nbytes
    )
    return out


# Small arrays: as few steps as there are.


def _tame(x: Array, limit: float) -> bool:
    """Whether surely no element is larger than `limit`, nor smaller than its negative, nor NaN."""
    flat = x.ravel()
    if flat.dot(flat) < limit * limit:
        return True
    return -limit < flat.item(flat.argmin()) and flat.item(flat.argmax()) < limit


def softmax(x: Array, dim: int) -> Array:
    """exp(x) / sum(exp(x)) along `dim` >= 0."""
    if x.size <= SMALL and x.ndim and x.dtype.char in "fd":
        if not x.size:
            return x.copy()
        if x.ndim > 1 and not x.flags.c_contiguous:  # the result is to be
            x = contiguous(x)
        out = np.exp(
            x if _tame(x, SAFE) else np.subtract(x, np.maximum.reduce(x, dim, keepdims=True)), out=...
        )
        return np.divide(out, np.add.reduce(out, dim, keepdims=True), out=out)
    return _along(_softmax, _softmax_long, (x,), dim)


def log_softmax(x: Array, dim: int) -> Array:
    """log(softmax(x)) along `dim` >= 0."""
    if x.size <= SMALL and x.ndim and x.dtype.char in "fd":
        if not x.size:
            return x.copy()
        if x.ndim > 1 and not x.flags.c_contiguous:
            x = contiguous(x)
        if not _tame(x, 8):  # beyond, rounding would show
            x = np.subtract(x, np.maximum.reduce(x, dim, keepdims=True))
        total = np.add.reduce(np.exp(x, out=...), dim, keepdims=True)
        return np.subtract(x, np.log(total, out=total), out=...)
    return _along(_log_softmax, _log_softmax_long, (x,), dim)


def softmax_backward(grad: Array, result: Array, dim: int) -> Array:
    """result * (grad - sum(grad * result))."""
    if grad.size <= SMALL and grad.ndim and grad.dtype.char in "fd":
        out = np.multiply(grad, result, out=...)
        return np.subtract(out, np.multiply(result, np.add.reduce(out, dim, keepdims=True)), out=out)
    return _along(_softmax_backward, _softmax_backward_long, (grad, result), dim)


def log_softmax_backward(grad: Array, result: Array, dim: int) -> Array:
    """grad - exp(result) * sum(grad)."""
    if grad.size <= SMALL and grad.ndim and grad.dtype.char in "fd":
        out = np.exp(result, out=...)
        np.multiply(out, np.add.reduce(grad, dim, keepdims=True), out=out)
        return np.subtract(grad, out, out=out)
    return _along(_log_softmax_backward, _log_softmax_backward_long, (grad, result), dim)


def logsumexp(x: Array, dim: Dim = None, keepdim: bool = False) -> Array:
    """log(sum(exp(x))) over `dim`."""
    if 0 < x.size <= SMALL and x.dtype.char in "fd" and _tame(x, 8):
        total = np.add.reduce(np.exp(x, out=...), dim, out=..., keepdims=keepdim)
        return np.log(total, out=total)
    if is_16bit(x.dtype):
        return logsumexp(copy(x, SINGLE), dim, keepdim).astype(x.dtype)
    real = x.real if x.dtype.kind == "c" else x
    top = amax(real, dim, True) if x.size else np.zeros([1] * x.ndim, real.dtype)
    top[np.isinf(top)] = 0
    total = sum(_exp_below(x, top), dim, True)
    np.log(total, out=total)
    np.add(total, top, out=total)
    return total if keepdim else total.reshape(shape_after(x, dim, False))
