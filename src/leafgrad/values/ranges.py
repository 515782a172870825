"""Evenly spaced numbers, to the last bit as torch's kernels on a CPU compute them."""

import math
from typing import Any

import numpy as np
from numpy import ndarray

# Note [Bits of a range]
# torch multiplies and adds in one rounding (fma), and computes `arange` in blocks of a vector register: the
# first number
# of a block comes from its index, the others from the first.  What is left at the end is computed one by one.

BLOCK = {4: 8, 8: 4}  # numbers in a register, by their bytes
_SPLIT = 134217729.0  # 2**27 + 1 cuts a float64 into two halves whose products are exact


def fma(a: Any, b: ndarray, c: Any) -> ndarray:
    """a * b + c of float64 numbers, rounded once (Dekker's product, Knuth's sum, and the errors of both)."""
    product = a * b
    a_high = _SPLIT * a - (_SPLIT * a - a)
    b_high = _SPLIT * b - (_SPLIT * b - b)
    a_low, b_low = a - a_high, b - b_high
    lost = ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low
    total = product + c
    rest = total - product
    return total + (lost + ((product - (total - rest)) + (c - rest)))


def steps(first: float, by: float, count: int, dtype: np.dtype) -> ndarray:
    """`first`, `first + by`, ...: `count` numbers of a floating dtype.

    >>> steps(0.0, 0.5, 3, np.dtype("float32"))
    array([0. , 0.5, 1. ], dtype=float32)
    """
    index = np.arange(count, dtype=np.float64)
    width = BLOCK.get(dtype.itemsize)
    if width is None:  # half precision is computed in single
        return (np.float32(first) + np.float32(by) * index.astype(np.float32)).astype(dtype)
    values = fma(by, index, first).astype(dtype)
    whole = count - count % (2 * width)
    starts = values[:whole:width].astype(np.float64)
    within = np.arange(width, dtype=np.float64)
    values[:whole] = (
        fma(by, np.broadcast_to(within, (len(starts), width)), starts[:, None]).astype(dtype).reshape(-1)
    )
    return values


def spaced(start: Any, end: Any, n: int, dtype: np.dtype) -> ndarray:
    """`n` numbers from `start` to `end`; the second half is counted from the end.

    >>> spaced(0, 10, 3, np.dtype("int64"))
    array([ 0,  5, 10])
    """
    if n == 1:
        return np.array([start]).astype(dtype)
    if dtype.kind == "c":
        parts = np.empty(n, dtype)
        real = parts.real.dtype
        parts.real, parts.imag = (
            _spaced(start.real, end.real, n, real),
            _spaced(start.imag, end.imag, n, real),
        )
        return parts
    if dtype.kind in "iu":
        return _spaced(float(start), float(end), n, np.dtype(np.float64)).astype(dtype)
    return _spaced(start, end, n, dtype)


def _spaced(start: float, end: float, n: int, dtype: np.dtype) -> ndarray:
    wide = np.dtype(np.float64 if dtype.itemsize == 8 else np.float32)
    first, last = (np.array(x).astype(dtype).astype(wide) for x in (start, end))
    gap = ((last - first) / wide.type(max(n - 1, 1))).astype(dtype)
    up, down = np.arange(n // 2), np.arange(n - n // 2)[::-1]
    if dtype.itemsize == 2:  # half precision rounds the product too
        halves = [
            first + (gap * up.astype(dtype)).astype(wide),
            last - (gap * down.astype(dtype)).astype(wide),
        ]
    elif dtype.itemsize == 4:  # in float64 the product is exact
        halves = [np.float64(gap) * up + first, last - np.float64(gap) * down]
    else:
        halves = [fma(gap, up.astype(np.float64), first), fma(-gap, down.astype(np.float64), last)]
    return np.concatenate(halves).astype(dtype)


def powers(base: float, start: Any, end: Any, n: int, dtype: np.dtype) -> ndarray:
    """`base` to the power of `n` evenly spaced exponents.

    >>> powers(10.0, 0, 2, 3, np.dtype("float32"))
    array([  1.,  10., 100.], dtype=float32)
    """
    if dtype.kind == "c":
        return np.power(dtype.type(base), spaced(start, end, n, np.dtype(np.complex128))).astype(dtype)
    if dtype.kind in "fV" and dtype.itemsize < 8:
        start, end = (float(np.array(x).astype(dtype)) for x in (start, end))
    first, last, up = float(start), float(end), np.arange(n)
    gap = (last - first) / max(n - 1, 1)
    exponents = np.where(
        up < max(n // 2, n == 1), first + gap * up, last - gap * (n - 1 - up)
    )  # two roundings here
    try:  # see Note [libm] in filling.py
        values = np.array([math.pow(base, x) for x in exponents.tolist()])
    except (OverflowError, ValueError):
        values = np.power(base, exponents)
    return values.astype(dtype)
