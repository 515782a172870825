"""float16 to float32 and back for large arrays, by arithmetic on the bits: NumPy converts one element at a
time.

A float16 is s eeeee mmmmmmmmmm.  Moved up by 13 bits, exponent and digits are those of a float32 that is
2**112 times too small, subnormal numbers included; so one exact multiplication widens.  The way back rounds
half to even by adding just under half of the last bit kept, and that bit itself.  Infinities, NaNs and (on
the way back) subnormal numbers, which are rare, are left to NumPy.
"""

import numpy as np
from numpy import ndarray

from .buffers import like

SCALE = np.float32(2.0**112)
KEPT = np.uint32(0x8FFFE000).view(np.int32)  # sign, exponent and digits after the move
LARGEST = 65520.0  # from here on float16 is infinite
NORMAL = 2.0**-14  # below it, subnormal
SINGLE, UINT, BOOL = (np.dtype(name) for name in (np.float32, np.uint32, np.bool_))


def widen(x: ndarray, out: ndarray | None = None) -> ndarray:
    """A float16 array as float32, into `out` if given.

    >>> widen(np.float16([1.5, -2.0**-24, np.inf])).tolist()
    [1.5, -5.960464477539063e-08, inf]
    """
    result = like(x, SINGLE) if out is None else out
    bits = result.view(np.int32)
    np.copyto(bits, x.view(np.int16))
    np.left_shift(bits, 13, out=bits)
    np.bitwise_and(bits, KEPT, out=bits)
    np.multiply(result, SCALE, out=result)
    if x.size and not -LARGEST < np.min(result) <= np.max(result) < LARGEST:
        wrong = np.absolute(result) >= LARGEST
        result[wrong] = x[wrong]
    return result


def narrow(x: ndarray, out: ndarray) -> None:
    """out[...] = x: float32 rounded to float16.

    >>> narrow(np.float32([1 + 2**-11, 70000, 2**-25 * 1.01]), out := np.empty(3, np.float16)); out.tolist()
    [1.0, inf, 5.960464477539063e-08]
    """
    size = np.absolute(x, out=like(x, SINGLE))
    rare = np.less(size, NORMAL, out=like(x, BOOL))
    rare &= np.not_equal(size, 0, out=like(x, BOOL))
    if x.size and not np.max(size) < LARGEST:
        np.clip(size, 0, 2.0**16, out=size)  # which is infinity's place; a NaN stays one
    bits = np.multiply(size, 1 / SCALE, out=size).view(np.uint32)
    rounded = np.right_shift(bits, 13, out=like(x, UINT))
    np.bitwise_and(rounded, 1, out=rounded)
    np.add(rounded, 0xFFF, out=rounded)
    np.add(rounded, bits, out=rounded)
    np.right_shift(rounded, 13, out=rounded)
    sign = np.right_shift(x.view(np.uint32), 16, out=bits)
    np.bitwise_and(sign, 0x8000, out=sign)
    np.bitwise_or(rounded, sign, out=rounded)
    np.copyto(out.view(np.uint16), rounded, casting="unsafe")
    if rare.any():
        out[rare] = x[rare]
