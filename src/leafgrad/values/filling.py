"""How random numbers get into an array: in which order, rounded how, computed by which functions.

torch fills an array in the order of its memory, whatever its strides, and computes in float64 what it then
narrows.
"""

import math
from collections.abc import Callable

import numpy as np
from numpy import ndarray
from numpy.lib.stride_tricks import as_strided

from ..base import messages
from .arguments import type_name

PIECE = 1 << 14  # numbers made in one go: what the steps of a distribution in float64 keep in the cache
LONG = 1 << 16  # where there are few steps


def fill(out: ndarray, make: Callable[[int], ndarray], piece: int = PIECE) -> None:
    """Fill `out`, of any strides; `make(n)` gives the next n numbers, whatever their dtype."""
    target = in_memory_order(out)
    if target.flags.c_contiguous:
        line = target.reshape(-1)
        for start in range(0, len(line), piece):
            part = line[start : start + piece]
            part[...] = narrowed(make(len(part)), out.dtype)
    else:
        target[...] = narrowed(make(out.size), out.dtype).reshape(target.shape)


def memory_axes(array: ndarray) -> list[int]:
    """The axes from outermost to innermost in memory."""
    strides = array.strides
    return sorted(range(array.ndim), key=lambda axis: (-strides[axis], axis))


def in_memory_order(array: ndarray) -> ndarray:
    """The array with its axes so ordered that its elements follow one another as in memory."""
    return array if array.flags.c_contiguous else array.transpose(memory_axes(array))


def real_parts(array: ndarray) -> ndarray:
    """A view of complex numbers as pairs of real ones: one more axis, of length 2."""
    real = array.real
    return as_strided(real, (*real.shape, 2), (*real.strides, real.itemsize))


def floating(dtype: np.dtype) -> bool:
    """Whether this is one of the four floating dtypes (NumPy does not know that bfloat16 is)."""
    return dtype.kind == "f" or dtype.name == "bfloat16"


def unsupported(kernel: str, array: ndarray) -> NotImplementedError:
    """Torch's error for a dtype for which there is no such kernel."""
    return NotImplementedError(messages.NOT_IMPLEMENTED_FOR.format(kernel=kernel, type=type_name(array)))


def narrowed(numbers: ndarray, dtype: np.dtype) -> ndarray:
    """Numbers on their way to `dtype`, as C++ converts them: to half precision by way of float32."""
    if dtype.itemsize == 2 and floating(dtype):
        return numbers if numbers.dtype.itemsize <= 4 else numbers.astype(np.float32)
    if dtype.kind in "iu" and numbers.dtype.kind == "f":
        return numbers.astype(np.int64)
    return numbers


# Note [libm]
# torch calls the C library's log, log1p, exp and tan for float64.  Python's math does too; NumPy has its own,
# whose results may differ in the last bit.  Where all bits are wanted (float64 results) we call math, number
# by number; where the result is rounded to float32 anyway NumPy's will do: the last bit of a float64 shows
# there about once in 10^9 numbers.  sqrt is exact everywhere, and NumPy's sin and cos of float64 are the C
# library's.


def libm(name: str, x: ndarray, exact: bool) -> ndarray:
    """The function `name` of a float64 vector; `exact`: as the C library computes it."""
    if exact:
        try:
            return np.fromiter(map(getattr(math, name), x.tolist()), np.float64, len(x))
        except (OverflowError, ValueError):  # math raises where C gives inf or nan
            pass
    return getattr(np, name)(x)
