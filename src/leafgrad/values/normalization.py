"""Layer normalisation of rows, and its derivatives.

Both pass over the rows in strips that stay in the cache; a large array's strips are cut over the threads.
"""

import numpy as np
from numpy import ndarray

from . import blocks, buffers
from .reductions import row_fold

STRIP = 1 << 19  # elements: steps of less than a hundred microseconds cost more than a cache saves

FEW = 1 << 14  # elements, up to which the number of steps is what counts


def _strips(rows: int, n: int) -> int:
    """How many rows make a strip."""
    return max(1, min(rows, STRIP // max(1, n)))


def layer_norm(
    x: ndarray, weight: ndarray | None, bias: ndarray | None, eps: float
) -> tuple[ndarray, ndarray, ndarray]:
    """(x - mean) / sqrt(variance + eps) * weight + bias for each row of x (rows, n); also the means and 1 /
    sqrt(...)."""
    rows, n = x.shape
    if 0 < x.size < FEW:
        return _few(x, weight, bias, eps)
    y = buffers.empty(x.shape, x.dtype)
    mean, rstd = np.empty((2, rows, 1), x.dtype)
    count = x.dtype.type(n)
    step = _strips(rows, n)

    def task(start: int, stop: int) -> None:
        for i in range(start, stop, step):
            part = slice(i, min(i + step, stop))
            out, m, r = y[part], mean[part], rstd[part]
            row_fold(np.add, x[part], m[:, 0])
            np.divide(m, count, out=m)
            np.subtract(x[part], m, out=out)
            np.vecdot(out, out, out=r[:, 0])
            np.divide(r, count, out=r)
            np.add(r, eps, out=r)
            np.sqrt(r, out=r)
            np.reciprocal(r, out=r)
            np.multiply(out, r, out=out)
            if weight is not None:
                np.multiply(out, weight, out=out)
            if bias is not None:
                np.add(out, bias, out=out)

    blocks.spread(blocks.narrow(task, n), rows, x.nbytes)
    return y, mean, rstd


def _few(
    x: ndarray, weight: ndarray | None, bias: ndarray | None, eps: float
) -> tuple[ndarray, ndarray, ndarray]:
    """`layer_norm` in as few steps as there are."""
    count = np.array(x.shape[1], x.dtype)
    mean = np.add.reduce(x, 1, keepdims=True)
    np.divide(mean, count, mean)
    y = np.subtract(x, mean)
    rstd = np.vecdot(y, y, keepdims=True)  # type: ignore[call-overload]
    np.divide(rstd, count, rstd)
    np.add(rstd, eps, rstd)
    np.sqrt(rstd, rstd)
    np.reciprocal(rstd, rstd)
    np.multiply(y, rstd, y)
    if weight is not None:
        np.multiply(y, weight, y)
    if bias is not None:
        np.add(y, bias, y)
    return y, mean, rstd


def _few_backward(
    grad: ndarray, x: ndarray, weight: ndarray | None, mean: ndarray, rstd: ndarray, needs: list
) -> tuple[ndarray | None, ndarray | None, ndarray | None]:
    """`layer_norm_backward` in as few steps as there are."""
    centred = np.subtract(x, mean)
    np.multiply(centred, rstd, centred)
    slope = np.add.reduce(np.multiply(grad, centred), 0) if needs[1] else None
    shift = np.add.reduce(grad, 0) if needs[2] else None
    if not needs[0]:
        return None, slope, shift
    count = np.array(x.shape[1], x.dtype)
    g = grad if weight is None else np.multiply(grad, weight)
    along = np.vecdot(g, centred, keepdims=True)  # type: ignore[call-overload]
    level = np.add.reduce(g, 1, keepdims=True)
    np.multiply(centred, np.divide(along, count, along), centred)
    result = np.subtract(g, np.divide(level, count, level))
    np.subtract(result, centred, result)
    return np.multiply(result, rstd, result), slope, shift


def layer_norm_backward(
    grad: ndarray, x: ndarray, weight: ndarray | None, mean: ndarray, rstd: ndarray, needs: list
) -> tuple[ndarray | None, ndarray | None, ndarray | None]:
    """The gradients of x, weight and bias, those that are needed.

    With c = x - mean and u = grad * weight * rstd, that of x is u - mean(u) - c * rstd**2 * mean(u * c).
    """
    rows, n = x.shape
    if 0 < x.size < FEW:
        return _few_backward(grad, x, weight, mean, rstd, needs)
    count = x.dtype.type(n)
    step = _strips(rows, n)
    result = buffers.empty(x.shape, x.dtype) if needs[0] else None
    slopes: list[ndarray] = []
    shifts: list[ndarray] = []

    def task(start: int, stop: int) -> None:
        for i in range(start, stop, step):
            part = slice(i, min(i + step, stop))
            g, r = grad[part], rstd[part]
            if needs[2]:
                shifts.append(np.add.reduce(g, axis=0))
            if not needs[0] and not needs[1]:
                continue
            centred = np.subtract(x[part], mean[part], out=buffers.like(g))
            out = buffers.like(g) if result is None else result[part]
            np.multiply(g, r, out=out)
            if needs[1]:
                slopes.append(np.einsum("ij,ij->j", out, centred))
            if result is None:
                continue
            if weight is not None:
                np.multiply(out, weight, out=out)
            along = np.vecdot(out, centred)[:, None] * r * r / count
            level = row_fold(np.add, out)[:, None] / count
            np.multiply(centred, along, out=centred)
            np.subtract(out, level, out=out)
            np.subtract(out, centred, out=out)

    blocks.spread(blocks.narrow(task, n), rows, x.nbytes)
    return result, _total(slopes, needs[1], x), _total(shifts, needs[2], x)


def _total(parts: list[ndarray], needed: bool, x: ndarray) -> ndarray | None:
    if not needed:
        return None
    if not parts:
        return np.zeros(x.shape[1], x.dtype)
    return parts[0] if len(parts) == 1 else np.add.reduce(parts, axis=0)
