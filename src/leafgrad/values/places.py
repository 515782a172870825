"""Elements at positions along one dimension, without questions: what sorting and max find by index, and where
it came from.

`indices` has the shape of the result, which differs from the array's only along `dim`.  They are known to be
right; gather.py has the functions that check.
"""

from math import prod

import numpy as np
from numpy import ndarray

from .blocks import LARGE
from .buffers import zeros
from .gather import gather, scatter


def _flat(indices: ndarray, dim: int, sizes: tuple[int, ...]) -> ndarray:
    """The positions in the flattened C-contiguous array."""
    n, inner = sizes[dim], prod(sizes[dim + 1 :])
    if len(sizes) == 1:
        return indices
    if inner == 1:
        if n == indices.size == prod(sizes):
            return indices
        start = np.arange(0, prod(sizes), n or 1).reshape(*sizes[:dim], 1, *sizes[dim + 1 :])
        return np.add(indices, start, out=...)
    outer = prod(sizes[:dim])
    rows = indices.reshape(outer, -1, inner) * inner
    rows += np.arange(inner)
    rows += np.arange(0, outer * n * inner, n * inner or 1).reshape(-1, 1, 1)[:outer]
    return rows.reshape(indices.shape)


def pick(x: ndarray, indices: ndarray, dim: int) -> ndarray:
    """The elements of x at `indices` along `dim` >= 0."""
    if x.ndim == 0 or not indices.size:
        return x.copy() if x.ndim == 0 else np.empty(indices.shape, x.dtype)
    if indices.size < LARGE:
        return x.ravel()[_flat(indices, dim, x.shape)]
    return gather(x, dim, indices)


def place(values: ndarray, indices: ndarray, dim: int, sizes: tuple[int, ...]) -> ndarray:
    """Zeros of this shape with `values` at `indices` along `dim` >= 0, no place named twice."""
    out = zeros(sizes, values.dtype)
    if not sizes:
        out[()] = values
    elif indices.size >= LARGE:
        return scatter(out, dim, indices, values, out=out)
    elif indices.size:
        out.reshape(-1)[_flat(indices, dim, sizes)] = values
    return out
