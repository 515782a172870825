"""a * b + c rounded once, as torch's compiled code has it: C compilers contract the two steps into one
instruction.

NumPy rounds twice.  For float32 the detour over float64 gives the fused result (the product is exact there);
for float64 the rounding error of the product is computed as well, and added at the end (T. J. Dekker, Numer.
Math. 18, 1971).
"""

import math
from typing import Any

import numpy as np
from numpy import ndarray

SPLIT = 134217729.0  # 2^27 + 1 cuts a float64 into two halves whose products are exact


def fused(a: ndarray, b: float, c: float) -> ndarray:
    """a * b + c for a float32 or float64 array and numbers, which are first rounded to its dtype.

    >>> a = np.array([1 + 2.0**-30])
    >>> fused(a, float(a[0]), -1.0)[0] == 2.0**-29 + 2.0**-60
    np.True_
    """
    kind = a.dtype.type
    if abs(math.frexp(kind(b))[0]) == 0.5:  # a power of two, so the product is exact
        numbers = a * kind(b)
        numbers += kind(c)
        return numbers
    if kind is np.float32:
        wide = a.astype(np.float64)
        wide *= np.float32(b)
        wide += np.float32(c)
        return wide.astype(np.float32)
    return _fused64(a, np.float64(b), np.float64(c))


def _fused64(a: ndarray, b: np.float64, c: np.float64) -> ndarray:
    b_high, b_low = _halves(b)
    a_high, a_low = _halves(a)
    total = a * b
    # the error of the product ...
    error = a_high * b_high
    error -= total
    a_high *= b_low
    error += a_high
    error += a_low * b_high
    a_low *= b_low
    error += a_low
    # ... and that of the sum
    product = total.copy()
    total += c
    of_product = np.subtract(total, c, out=a_high)
    of_c = np.subtract(total, of_product, out=a_low)
    product -= of_product
    error += product
    error += np.subtract(c, of_c, out=of_c)
    error += total
    return np.where(np.isfinite(error), error, total)  # halves of huge numbers overflow


def _halves(x: Any) -> tuple[Any, Any]:
    scaled = x * SPLIT
    high = scaled - (scaled - x)
    return high, x - high
