"""Evenly spaced numbers, to the last bit as torch's kernels on a CPU compute them."""

import math
from typing import Any

import numpy as np
from numpy import ndarray

from . import blocks, buffers
from .arguments import number

# Note [Bits of a range]
# torch multiplies and adds in one rounding (fma), and computes `arange` in blocks of a vector register: the
# first number
# of a block comes from its index, the others from the first.  What is left at the end is computed one by one.

PIECE = 1 << 14  # numbers whose steps stay in the cache
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
    exact = total + (lost + ((product - (total - rest)) + (c - rest)))
    return np.where(np.isfinite(total), exact, total)


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


def count(out: ndarray, first: int, by: int) -> None:
    """Fill a vector of integers with `first`, `first + by`, ..."""
    steps = np.arange(min(len(out), PIECE)) * by
    for i in range(0, len(out), PIECE):
        part = out[i : i + PIECE]
        np.add(steps[: len(part)], first + i * by, out=part, casting="unsafe")


def spaced(start: Any, end: Any, n: int, dtype: np.dtype) -> ndarray:
    """`n` numbers from `start` to `end`; the second half is counted from the end.

    RuntimeError for an end that the dtype cannot hold.

    >>> spaced(0, 10, 3, np.dtype("int64"))
    array([ 0,  5, 10])
    """
    if n <= 1:
        return np.array([number(start, dtype) for _ in range(n)], dtype)
    first, last = number(start, dtype), number(end, dtype)
    if dtype.kind == "c":
        both = np.empty(n, dtype)
        both.real, both.imag = (_spaced(first.real, last.real, n), _spaced(first.imag, last.imag, n))
        return both
    if dtype.kind in "iu":
        first, last = np.float64(first), np.float64(last)
    return _spaced(first, last, n).astype(dtype)


def _spaced(start: Any, end: Any, n: int) -> ndarray:
    """The same between two NumPy numbers of one floating dtype."""
    dtype = start.dtype
    wide = np.dtype(np.float64 if dtype.itemsize == 8 else np.float32)
    first, last = (np.asarray(x).astype(wide) for x in (start, end))
    gap = ((last - first) / wide.type(n - 1)).astype(dtype)

    def some(edge: Any, gap: Any, index: ndarray) -> ndarray:
        if dtype.itemsize == 2:  # half precision rounds the product too
            return edge + (gap * index.astype(dtype)).astype(wide)
        if dtype.itemsize == 4:  # in float64 the product is exact
            index *= np.float64(gap)
            index += edge
            return index
        return fma(gap, index, edge)

    out, half = buffers.empty((n,), dtype), n // 2

    up = np.arange(min(n, PIECE), dtype=np.float64)

    def task(i: int, j: int) -> None:
        for start in range(i, j, PIECE):
            stop = min(start + PIECE, j)
            middle = min(max(start, half), stop)
            out[start:middle] = some(first, gap, up[: middle - start] + start)
            out[middle:stop] = some(last, -gap, n - 1 - middle - up[: stop - middle])

    blocks.spread(task, n, 8 * n)
    return out


def powers(base: float, start: Any, end: Any, n: int, dtype: np.dtype) -> ndarray:
    """`base` to the power of `n` evenly spaced exponents.

    RuntimeError for an exponent, or for the only power, that the dtype cannot hold.

    >>> powers(10.0, 0, 2, 3, np.dtype("float32"))
    array([  1.,  10., 100.], dtype=float32)
    """
    if n == 0:
        return np.empty(0, dtype)
    if n == 1:
        only = _power(base, start) if dtype.kind == "c" else _powers(base, np.array([start], np.float64))[0]
        half = dtype.itemsize == 2 and dtype.kind not in "iu"  # which becomes infinite
        return np.array([only if half else number(only, dtype)]).astype(dtype)
    first, last = number(start, dtype), number(end, dtype)
    up, down = np.arange(n // 2), np.arange(n - n // 2)[::-1]
    if dtype.kind == "c":
        gap, real = (last - first) / dtype.type(n - 1), first.real.dtype
        exponents = np.concatenate([first + gap * up.astype(real), last - gap * down.astype(real)])
        exponents, base = exponents.astype(dtype), dtype.type(base)
        # NumPy multiplies where an exponent is whole; the C library, and torch, never do
        whole = (exponents.imag == 0) & (exponents.real == np.floor(exponents.real))
        return np.where(whole, np.exp(exponents * np.log(base)), np.power(base, exponents))
    # the ends are numbers of the dtype, and so is how far a float's are apart; all else is float64
    gap = (float(last) - float(first) if dtype.kind in "iu" else float(last - first)) / (n - 1)
    return _powers(base, np.concatenate([float(first) + gap * up, float(last) - gap * down])).astype(dtype)


def _powers(base: float, exponents: ndarray) -> ndarray:
    """Real powers, as the C library computes them: see Note [libm] in filling.py."""
    try:
        return np.array([math.pow(base, x) for x in exponents.tolist()])
    except (OverflowError, ValueError):
        return np.power(base, exponents)


def _power(base: float, exponent: complex) -> complex:
    """A complex power: of a positive number, by its logarithm and its real power."""
    if base <= 0:
        return np.power(np.complex128(base), exponent)
    size, angle = _powers(base, np.array([exponent.real]))[0], exponent.imag * math.log(base)
    return complex(size * math.cos(angle), size * math.sin(angle))
