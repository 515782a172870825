"""Products of matrices where BLAS does not get all there is: of integers, and of many small matrices."""

from collections.abc import Callable

import numpy as np
from numpy import ndarray

from . import blocks, buffers
from .blocks import LARGE

EXACT = 2**53  # every integer below it is a double
SMALL = 1 << 12  # elements of both operands; below it the detour over doubles does not pay


def of_integers(product: Callable[[ndarray, ndarray], ndarray], x: ndarray, y: ndarray) -> ndarray:
    """`product(x, y)` of integer arrays, through doubles where no sum can leave what these hold exactly.

    NumPy multiplies integers one element at a time; BLAS does it in double precision 40 times as fast.
    """
    if x.size + y.size < SMALL:
        return product(x, y)
    largest = _size(x) * _size(y) * x.shape[-1]
    if largest >= EXACT:
        return product(x, y)
    result = product(buffers.cast(x, np.dtype(np.float64)), buffers.cast(y, np.dtype(np.float64)))
    if largest > np.iinfo(x.dtype).max:  # wrap around as integers do
        result = result.astype(np.int64)
    return result.astype(x.dtype)


def dot(x: ndarray, y: ndarray) -> ndarray:
    """x @ y of two matrices of a dtype that BLAS knows; a large result lies on memory used before."""
    if x.size + y.size < LARGE or x.shape[1] != y.shape[0] or x.dtype != y.dtype:
        return x.dot(y)
    return x.dot(y, buffers.empty((x.shape[0], y.shape[1]), x.dtype))


def _size(x: ndarray) -> int:
    return max(-int(np.min(x)), int(np.max(x))) if x.size else 0


# Note [Batches]
# BLAS gives a product of two matrices to its own threads from about 2^18 multiplications on, which for
# matrices that are not much larger costs more than it gains, for each of them anew.  Cut into strips of rows
# below that size, the matrices of a batch stay on one thread each, and the batch is shared out: 32 products
# of 128x64 and 64x128 matrices take 0.4 ms instead of 1.3.
STRIP = 1 << 17
BATCH = 1 << 21  # multiplications of one product, up to which this pays


def bmm(x: ndarray, y: ndarray) -> ndarray:
    """The products of the matrices of x (b, n, m) and y (b, m, p): (b, n, p)."""
    b, n, m = x.shape
    p = y.shape[2]
    if m == 1:  # outer products
        if b * n * p < SMALL or x.dtype != y.dtype:
            return np.multiply(x, y, out=...)
        return np.einsum(
            "bi,bj->bij", x[:, :, 0], y[:, 0], out=buffers.empty((b, n, p), x.dtype)
        )  # 2/3 of the time
    if b > 1 and y.strides[0] == 0:  # one matrix for all: one product of all rows with it
        return dot(x.reshape(b * n, m), y[0]).reshape(b, n, p)
    if b > 1 and x.strides[0] == 0 and p == 1:
        return dot(y.reshape(b, m), x[0].T).reshape(b, n, 1)
    each = n * m * p
    if b < 4 or each > BATCH or b * each < 2 * BATCH:
        return np.matmul(x, y)
    strips = 1
    while each > strips * STRIP:
        strips *= 2
    if n % strips or n < 8 * strips:
        return np.matmul(x, y)
    out = buffers.empty((b, strips, n // strips, p), np.result_type(x, y))
    left, right = x.reshape(b, strips, n // strips, m), y[:, None]
    pieces = 2 * blocks.get_num_threads()
    blocks.share(lambda i, j: np.matmul(left[i:j], right[i:j], out=out[i:j]), b, pieces, align=1)
    return out.reshape(b, n, p)
