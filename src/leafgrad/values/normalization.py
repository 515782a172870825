"""Layer normalisation of rows, and its derivatives.

Both pass over the rows in strips that stay in the cache; a large array's strips are cut over the threads.
"""

import numpy as np
from numpy import ndarray

from . import blocks, buffers

STRIP = 1 << 15  # elements


def _strips(rows: int, n: int) -> int:
    """How many rows make a strip."""
    return max(1, min(rows, STRIP // max(1, n)))


def layer_norm(
    x: ndarray, weight: ndarray | None, bias: ndarray | None, eps: float
) -> tuple[ndarray, ndarray, ndarray]:
    """(x - mean) / sqrt(variance + eps) * weight + bias for each row of x (rows, n); also the means and 1 /
    sqrt(...)."""
    rows, n = x.shape
    y = buffers.empty(x.shape, x.dtype)
    mean, rstd = np.empty((2, rows, 1), x.dtype)
    count = x.dtype.type(n)
    step = _strips(rows, n)

    def task(start: int, stop: int) -> None:
        for i in range(start, stop, step):
            part = slice(i, min(i + step, stop))
            out, m, r = y[part], mean[part], rstd[part]
            np.add.reduce(x[part], axis=1, keepdims=True, out=m)
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

    blocks.spread(task, rows, x.nbytes)
    return y, mean, rstd


def layer_norm_backward(
    grad: ndarray, x: ndarray, weight: ndarray | None, mean: ndarray, rstd: ndarray, needs: list
) -> tuple[ndarray | None, ndarray | None, ndarray | None]:
    """The gradients of x, weight and bias, those that are needed."""
    rows, n = x.shape
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
            centred = np.subtract(x[part], mean[part])
            np.multiply(centred, r, out=centred)
            if needs[1]:
                slopes.append(np.add.reduce(np.multiply(g, centred), axis=0))
            if result is None:
                continue
            out = result[part]
            if weight is not None:
                g = np.multiply(g, weight, out=out)
            along = np.vecdot(g, centred)[:, None] / count
            level = np.add.reduce(g, axis=1, keepdims=True) / count
            np.multiply(centred, along, out=centred)
            np.subtract(g, level, out=out)
            np.subtract(out, centred, out=out)
            np.multiply(out, r, out=out)

    blocks.spread(task, rows, 3 * x.nbytes)
    return result, _total(slopes, needs[1], x), _total(shifts, needs[2], x)


def _total(parts: list[ndarray], needed: bool, x: ndarray) -> ndarray | None:
    if not needed:
        return None
    if not parts:
        return np.zeros(x.shape[1], x.dtype)
    return parts[0] if len(parts) == 1 else np.add.reduce(parts, axis=0)
