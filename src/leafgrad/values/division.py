"""Quotients that are rounded, and remainders: floor_divide, trunc_divide, remainder, fmod.

NumPy's loops for these take 15 ns and more for each float.  A large array goes by pieces through floating point
that is wide enough to be exact (Note [Exact quotients]); the elements for which it is not, integers (which
NumPy divides fast) and small arrays go to NumPy.
"""

from typing import Any

import numpy as np
from numpy import ndarray

from ..base import messages
from .blocks import LARGE
from .buffers import cast, like
from .kernel import Array, Kernel, composed, elementwise2, is_16bit, named

DOUBLE, BOOL = np.dtype(np.float64), np.dtype(np.bool_)


# Note [Exact quotients]
# If x/y, rounded to the wider type, is not the floor (or the truncation) of the true quotient, then the true
# one lies within rounding below an integer q without reaching it: it is q - d with d >= 1/y for integers, d
# >= 2**-24 for floats of 24 bits.  A double holds 53 bits, so this cannot happen while |q| < 2**28 for
# float32, |x| < 2**53 for integers (2**51 here, for the way back); and then q * y and x - q * y are exact.
LIMIT = 2.0**28
EXACT_INTEGERS = 2**51
MAGIC = 3 * 2.0**51
MAGIC_BITS = np.float64(MAGIC).view(np.int64)


def _double(x: Any, dtype: np.dtype) -> Any:
    """An operand in double precision; a Python number is first rounded to the dtype of the operation."""
    return cast(x, DOUBLE) if type(x) is ndarray else float(dtype.type(x))


def _floats(ufunc: Any, remainder: bool, round: Any) -> Kernel:
    def body(x: Any, y: Any, *, out: Array) -> None:
        if out.dtype.itemsize != 4:
            ufunc(x, y, out=out)
            return
        a, b = _double(x, out.dtype), _double(y, out.dtype)
        quotient = np.divide(a, b, out=like(out, DOUBLE))
        beyond = None
        finite = np.isfinite(y, out=like(y, BOOL) if type(y) is ndarray else None)
        if not (-LIMIT < np.min(quotient) <= np.max(quotient) < LIMIT and finite.all()):  # or there is a NaN
            beyond = ~((np.absolute(quotient) < LIMIT) & finite)
        round(quotient, out=quotient)
        if remainder:
            np.multiply(quotient, b, out=quotient)
            np.subtract(a, quotient, out=quotient)
        out[...] = quotient
        if round is np.trunc:  # zero has the sign of x
            zero = np.equal(out, 0, out=like(out, BOOL))
            if zero.any():
                out[zero & np.signbit(x)] = -0.0
        if beyond is not None:
            x, y = np.broadcast_to(x, out.shape), np.broadcast_to(y, out.shape)
            out[beyond] = ufunc(x[beyond].astype(out.dtype), y[beyond].astype(out.dtype))

    return composed(body)


def _exact(x: Any) -> bool:
    """Whether all these integers fit in a double."""
    if type(x) is not ndarray:
        return -EXACT_INTEGERS < x < EXACT_INTEGERS
    return x.itemsize < 8 or bool(np.min(x) > -EXACT_INTEGERS and np.max(x) < EXACT_INTEGERS)


def _no_zero(y: Any) -> None:
    """Integers cannot be divided by zero (floats give inf or NaN)."""
    if np.count_nonzero(y) != np.size(y):
        raise RuntimeError(messages.ZERO_DIVISION)


def _division(ufunc: Any, remainder: bool, round: Any) -> Kernel:
    plain, floats = elementwise2(ufunc, costly=True), _floats(ufunc, remainder, round)

    def kernel(x: Any, y: Any, out: Any = ...) -> ndarray:
        array = x if type(x) is ndarray else y
        dtype = array.dtype
        whole = dtype.kind in "iub"
        if whole:
            _no_zero(y)
        if (x.size if type(x) is ndarray else 1) < LARGE > (y.size if type(y) is ndarray else 1):
            return ufunc(x, y, out=out)
        mixed = (out is not ... and out.dtype != dtype) or (type(x) is type(y) and x.dtype != y.dtype)
        if whole or mixed:
            return plain(x, y, out=out)
        return (floats if dtype.itemsize == 4 or is_16bit(dtype) else plain)(x, y, out=out)

    return named(kernel, ufunc.__name__)


floor_divide = _division(np.floor_divide, False, np.floor)
remainder = _division(np.remainder, True, np.floor)
fmod = _division(np.fmod, True, np.trunc)


@composed
def _trunc_quotient(x: Any, y: Any, *, out: Array) -> None:
    np.divide(x, y, out=out)
    np.trunc(out, out=out)


def _towards_zero(x: Any, y: Any, out: Any = ...) -> Array:
    """Of integers: the floor of the quotient, and one more where signs differ and something remains."""
    quotient = np.floor_divide(x, y, out=...)
    up = (np.less(x, 0) != np.less(y, 0)) & (np.multiply(quotient, y) != x)
    return np.add(quotient, up, out=out, dtype=quotient.dtype)


@composed
def _towards_zero_large(x: Any, y: Any, *, out: Array) -> None:
    """The same of many integers that doubles hold."""
    quotient = np.divide(_double(x, out.dtype), _double(y, out.dtype), out=like(out, DOUBLE))
    np.trunc(quotient, out=quotient)
    if out.dtype == np.int64:  # faster than a conversion: the sum's last bits are the integer
        np.add(quotient, MAGIC, out=quotient)
        np.subtract(quotient.view(np.int64), MAGIC_BITS, out=out)
    else:
        np.copyto(out, quotient, casting="unsafe")


def trunc_divide(x: Any, y: Any, out: Any = ...) -> Array:
    """x / y rounded towards zero, in the operands' dtype; a RuntimeError for an integer divided by 0."""
    array = x if type(x) is ndarray else y
    if array.dtype.kind not in "iub":
        return _trunc_quotient(x, y, out=out)
    _no_zero(y)
    if array.size >= LARGE and _exact(x) and _exact(y):
        return _towards_zero_large(x, y, out=out)
    return _towards_zero(x, y, out=out)
