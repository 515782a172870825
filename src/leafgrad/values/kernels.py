"""Elementwise kernels on plain arrays: NumPy's ufuncs made fast for large arrays, and torch's rules where
NumPy's differ.

Operands are arrays of the dtype to compute in (the row has promoted them) or Python numbers.  How a kernel is
called, and what `kernel.small` is, is told in kernel.py.
"""

from math import pi
from typing import Any

import numpy as np
from numpy import ndarray

from ..base import messages
from .blocks import LARGE, apply, overlaps
from .buffers import like
from .division import floor_divide, fmod, remainder, trunc_divide
from .kernel import (
    BOOL,
    BYTE,
    Array,
    Kernel,
    composed,
    elementwise,
    elementwise2,
    named,
    negative,
    predicate,
    select,
)

__all__ = ["floor_divide", "fmod", "negative", "remainder", "trunc_divide"]  # and everything below


def _over(body: Any) -> Kernel:
    """`composed`, for one cheap step; or several, if only the first reads what is written over in place."""
    return composed(body, over=True, costly=False)


# --- one operand ---

exp = elementwise(np.exp)
exp2 = elementwise(np.exp2)
expm1 = elementwise(np.expm1)
log = elementwise(np.log)
log2 = elementwise(np.log2)
log10 = elementwise(np.log10)
log1p = elementwise(np.log1p)
sin = elementwise(np.sin)
cos = elementwise(np.cos)
tan = elementwise(np.tan)
asin = elementwise(np.arcsin)
acos = elementwise(np.arccos)
atan = elementwise(np.arctan)
sinh = elementwise(np.sinh)
cosh = elementwise(np.cosh)
tanh = elementwise(np.tanh)
asinh = elementwise(np.arcsinh)
acosh = elementwise(np.arccosh)
atanh = elementwise(np.arctanh)
sqrt = elementwise(np.sqrt)

neg = named(elementwise(negative, costly=False), "negative", np.negative)  # new memory has no gaps
positive = elementwise(np.positive, costly=False)
abs = elementwise(np.absolute, costly=False)
square = elementwise(np.square, costly=False)
conj = elementwise(np.conjugate, costly=False)
floor = elementwise(np.floor, costly=False)
ceil = elementwise(np.ceil, costly=False)
trunc = elementwise(np.trunc, costly=False)
rint = elementwise(np.rint, costly=False)
bitwise_not = elementwise(np.invert, costly=False)
isnan = elementwise(np.isnan, costly=False)
isinf = elementwise(np.isinf, costly=False)
isfinite = elementwise(np.isfinite, costly=False)
signbit = elementwise(np.signbit, costly=False)


@composed
def reciprocal(x: Array, *, out: Array) -> None:
    """1 / x."""
    np.divide(1, x, out=out)


@composed
def rsqrt(x: Array, *, out: Array) -> None:
    """1 / sqrt(x)."""
    np.sqrt(x, out=out)
    np.divide(1, out, out=out)


def _in(unit: Any, degrees: float) -> Kernel:
    """Multiplication by a constant; NumPy's own ufuncs go one element at a time."""

    @_over
    def body(x: Array, *, out: Array) -> None:
        np.multiply(x, degrees, out=out)

    return named(body, unit.__name__)


deg2rad = _in(np.deg2rad, pi / 180)
rad2deg = _in(np.rad2deg, 180 / pi)

_not = elementwise(np.logical_not, costly=False)


@predicate
def _is_zero(x: Array, *, out: Array) -> None:
    np.equal(x, 0, out=out)


def logical_not(x: Array, out: Any = ...) -> Array:
    """Whether x is zero."""
    return (_not if x.dtype is BOOL else _is_zero)(x, out=out)


logical_not = named(logical_not, "logical_not")


@composed
def sign(x: Array, *, out: Array) -> None:
    """-1, 0 or 1; 0 for NaN, as in torch."""
    above = np.greater(x, 0, out=like(out, BOOL)).view(np.int8)
    below = np.less(x, 0, out=like(out, BOOL)).view(np.int8)
    np.copyto(out, np.subtract(above, below, out=above), casting="unsafe")


def _small_sign(x: Array, out: Any = ...) -> Array:
    return np.subtract(np.greater(x, 0), np.less(x, 0), out=out, dtype=x.dtype)


sign = named(sign, "sign", _small_sign)


@composed
def sgn(x: Array, *, out: Array) -> None:
    """x / abs(x) of complex numbers, 0 where x is 0."""
    size = np.absolute(x, out=...)
    np.add(size, np.equal(size, 0), out=size)
    np.divide(x, size, out=out)


@composed
def frac(x: Array, *, out: Array) -> None:
    """x - trunc(x), with the sign of x."""
    np.trunc(x, out=out)
    np.subtract(x, out, out=out)


@composed
def _round_after(x: Array, scale: float, *, out: Array) -> None:
    np.multiply(x, scale, out=out)
    np.rint(out, out=out)
    np.divide(out, scale, out=out)


@composed
def _round_before(x: Array, scale: float, *, out: Array) -> None:
    np.divide(x, scale, out=out)
    np.rint(out, out=out)
    np.multiply(out, scale, out=out)


def round(x: Array, decimals: int = 0, out: Any = ...) -> Array:
    """Round half to even, at `decimals` digits after the point (before it, if negative)."""
    if decimals == 0:
        return rint(x, out=out)
    return (
        _round_after(x, 10.0**decimals, out=out)
        if decimals > 0
        else _round_before(x, 10.0**-decimals, out=out)
    )


@composed
def logit(x: Array, *, out: Array) -> None:
    """log(x / (1 - x))."""
    np.subtract(1, x, out=out)
    np.divide(x, out, out=out)
    np.log(out, out=out)


# --- two operands ---

add = elementwise2(np.add)
sub = elementwise2(np.subtract)
mul = elementwise2(np.multiply)


def mul_conj(grad: Array, factor: Any) -> Array:
    """grad * conj(factor): the gradient of every product."""
    if grad.dtype.kind == "c":
        factor = conj(factor) if type(factor) is ndarray else factor.conjugate()
    if grad.size >= LARGE:  # it has at least as many elements as the factor
        return mul(grad, factor)
    return grad * factor if grad.ndim else np.multiply(grad, factor, out=...)


div = elementwise2(np.true_divide)
fmax = elementwise2(np.fmax)
fmin = elementwise2(np.fmin)
atan2 = elementwise2(np.arctan2, costly=True)
nextafter = elementwise2(np.nextafter, costly=True)
eq = elementwise2(np.equal)
ne = elementwise2(np.not_equal)
lt = elementwise2(np.less)
le = elementwise2(np.less_equal)
gt = elementwise2(np.greater)
ge = elementwise2(np.greater_equal)
bitwise_and = elementwise2(np.bitwise_and)
bitwise_or = elementwise2(np.bitwise_or)
bitwise_xor = elementwise2(np.bitwise_xor)
left_shift = elementwise2(np.left_shift)
right_shift = elementwise2(np.right_shift)
gcd = elementwise2(np.gcd, costly=True)
lcm = elementwise2(np.lcm, costly=True)
heaviside = elementwise2(np.heaviside, costly=True)


def _bounded(ufunc: Any, floor: bool) -> Kernel:
    """maximum or minimum; against one number NumPy's loop is slow, and clip's is not."""
    plain = elementwise2(ufunc)

    def kernel(x: Any, y: Any, out: Any = ...) -> ndarray:
        if type(x) is ndarray and x.size >= LARGE and x.dtype.kind == "f" and _is_bound(y, x):
            return _clip(x, y, np.inf, out=out) if floor else _clip(x, -np.inf, y, out=out)
        return plain(x, y, out=out)

    return named(kernel, ufunc.__name__, ufunc)


def _is_bound(y: Any, x: Array) -> bool:
    """Whether y is one number that does not change the result's dtype or shape."""
    return type(y) is not ndarray or (y.size == 1 and y.dtype == x.dtype and y.ndim <= x.ndim)


@_over
def _clip(x: Array, low: Any, high: Any, *, out: Array) -> None:
    np.clip(x, low, high, out=out)


maximum = _bounded(np.maximum, True)
minimum = _bounded(np.minimum, False)


def _logical(ufunc: Any) -> Kernel:
    """Of the truth of two operands."""

    @predicate
    def body(x: Any, y: Any, *, out: Array) -> None:
        ufunc(np.not_equal(x, 0, out=like(out)), np.not_equal(y, 0, out=out), out=out)

    plain = elementwise2(ufunc)

    def kernel(x: Any, y: Any, out: Any = ...) -> Array:
        of_bools = type(x) is ndarray and type(y) is ndarray and x.dtype is BOOL and y.dtype is BOOL
        return (plain if of_bools else body)(x, y, out=out)

    return named(kernel, ufunc.__name__, ufunc)


logical_and = _logical(np.logical_and)
logical_or = _logical(np.logical_or)
logical_xor = _logical(np.logical_xor)


def _sum_of_exponentials(exact: Any, exponential: Any, scale: float) -> Kernel:
    """log(b**x + b**y) = max + log1p(b**-|x - y|) / log(b)."""

    def body(x: Any, y: Any, *, out: Array) -> None:
        np.subtract(x, y, out=out)
        _copysign(out, -1.0, out=out)
        exponential(out, out=out)
        np.log1p(out, out=out)
        if scale != 1:
            np.multiply(out, scale, out=out)
        np.add(out, np.maximum(x, y, out=like(out)), out=out)
        if out.size and np.isnan(np.max(out)):  # of equal infinities, too
            wrong = np.isnan(out)
            out[wrong] = exact(np.broadcast_to(x, out.shape)[wrong], np.broadcast_to(y, out.shape)[wrong])

    return named(composed(body), exact.__name__, exact)


logaddexp = _sum_of_exponentials(np.logaddexp, np.exp, 1)
logaddexp2 = _sum_of_exponentials(np.logaddexp2, np.exp2, 1 / np.log(2.0))


def _hypot(x: Any, y: Any, *, out: Array) -> None:
    if out.dtype != np.float32:
        np.hypot(x, y, out=out)
        return
    np.square(x, out=out)
    np.add(out, np.square(y, out=like(out)), out=out)
    if (
        out.size and not 1e-30 < np.min(out) <= np.max(out) < 1e38
    ):  # squares that leave the range; beside an infinity, NaN does not count
        beyond = ~((out > 1e-30) & (out < 1e38))
        redone = np.hypot(np.broadcast_to(x, out.shape)[beyond], np.broadcast_to(y, out.shape)[beyond])
        np.sqrt(out, out=out)
        out[beyond] = redone
    else:
        np.sqrt(out, out=out)


hypot = named(composed(_hypot), "hypot", np.hypot)

_SIGNS: dict[np.dtype, Any] = {
    np.dtype(np.float32): np.int32,
    np.dtype(np.float64): np.int64,
    np.dtype(np.float16): np.int16,
}


def _copysign(x: Any, y: Any, *, out: Array) -> None:
    bits = np.dtype(_SIGNS[out.dtype])
    highest: int = np.iinfo(_SIGNS[out.dtype]).min
    size, sign = np.asarray(x, out.dtype).view(bits), np.asarray(y, out.dtype).view(bits)
    to = out.view(bits)
    if sign.ndim == 0:
        if sign < 0:
            np.bitwise_or(size, highest, out=to)
        else:
            np.bitwise_and(size, ~highest, out=to)
        return
    np.bitwise_and(size, ~highest, out=to)
    np.bitwise_or(to, np.bitwise_and(sign, highest, out=like(to)), out=to)


copysign = named(composed(_copysign), "copysign", np.copysign)

_power = elementwise2(np.power, costly=True)


@composed
def _cube(x: Array, *, out: Array) -> None:
    np.multiply(x, x, out=out)
    np.multiply(out, x, out=out)


@composed
def _inverse_square(x: Array, *, out: Array) -> None:
    np.multiply(x, x, out=out)
    np.divide(1, out, out=out)


_EXPONENTS: dict[float, Kernel] = {
    0.5: sqrt, 1: positive, 2: square, 3: _cube, -0.5: rsqrt, -1: reciprocal, -2: _inverse_square,
}  # fmt: skip


def _integer_power(x: Any, y: Any) -> Array:
    """Powers of integers where some exponents are negative: 1/x**n rounds to 0 unless x is 1 or -1."""
    result = np.power(x, np.maximum(y, 0))
    return np.where(y < 0, np.where(x == 1, 1, np.where(x == -1, np.where(y & 1, -1, 1), 0)), result).astype(
        result.dtype
    )


def _integral(x: Any) -> bool:
    return x.dtype.kind in "iu" if type(x) is ndarray else type(x) is int


def pow(x: Any, y: Any, out: Any = ...) -> Array:
    """x ** y in the operands' dtype; small exponents by multiplication, those of integers as in torch."""
    if type(y) is not ndarray:
        if x.dtype.kind in "fcV" and y in _EXPONENTS:
            return _EXPONENTS[y](x, out=out)
        if x.dtype.kind in "iu":
            if y < 0:
                raise RuntimeError(messages.NEGATIVE_INTEGER_POWER)
            if y in (1, 2, 3):
                return _EXPONENTS[y](x, out=out)
    elif y.dtype.kind == "i" and _integral(x) and np.less(y, 0).any():
        result = _integer_power(x, y)
        if out is ...:
            return np.asarray(result)
        np.copyto(out, result, casting="same_kind")
        return out
    return _power(x, y, out=out)


@composed
def xlogy(x: Any, y: Any, *, out: Array) -> None:
    """x * log(y), 0 where x is 0 unless y is NaN."""
    np.log(y, out=out)
    np.multiply(x, out, out=out)
    zero = np.equal(x, 0, out=like(out, BOOL))
    if zero.any():
        np.copyto(out, 0, where=zero & ~np.isnan(y))


# --- three operands and more ---


def where(condition: Array, x: Any, y: Any, out: Any = ...) -> Array:
    """x where `condition` (bool), else y; x and y are of one dtype, or one of them is a Python number."""
    array = x if type(x) is ndarray else y
    dtype = array.dtype if type(array) is ndarray else np.result_type(x, y)
    operands = [a for a in (condition, x, y) if type(a) is ndarray]
    if max([a.size for a in operands]) < LARGE or (
        out is not ... and (out.dtype != dtype or overlaps(out, operands[:1]))
    ):
        result = np.where(condition, x, y)
        if out is ...:
            return np.asarray(result, dtype)
        np.copyto(out, result, casting="same_kind")
        return out
    if out is not ... and any(np.may_share_memory(out, a) for a in operands):
        np.copyto(out, apply(_select, (condition, x, y), dtype))
        return out
    return apply(_select, (condition, x, y), dtype, None if out is ... else out)


def _select(condition: Array, x: Any, y: Any, *, out: Array) -> None:
    select(condition, x, y, out)


def lerp(x: Array, end: Array, weight: Any, out: Any = ...) -> Array:
    """x + weight * (end - x), computed from the nearer end."""
    return (_lerp_each if type(weight) is ndarray and weight.size != 1 else _lerp)(x, end, weight, out=out)


@composed
def _lerp(x: Array, end: Array, weight: Any, *, out: Array) -> None:
    np.subtract(end, x, out=out)
    if np.absolute(weight) < 0.5:
        np.multiply(out, weight, out=out)
        np.add(x, out, out=out)
    else:
        np.multiply(out, 1 - weight, out=out)
        np.subtract(end, out, out=out)


@composed
def _lerp_each(x: Array, end: Array, weight: Array, *, out: Array) -> None:
    near = np.less(np.absolute(weight, out=out), 0.5, out=like(out, BOOL))
    step = like(out)
    np.copyto(step, np.subtract(near.view(np.int8), 1, out=like(out, BYTE)))  # 0 near x, -1 near end
    np.add(step, weight, out=step)
    np.multiply(step, np.subtract(end, x, out=out), out=step)
    select(near, np.broadcast_to(x, out.shape), np.broadcast_to(end, out.shape), out)
    np.add(out, step, out=out)


# These three are what optimisers do in place, so x is written over by the step that reads it.


def _addcmul(x: Array, first: Array, second: Array, value: complex = 1, *, out: Array) -> None:
    """x + value * first * second."""
    step = np.multiply(first, second, out=like(out))
    if value != 1:
        np.multiply(step, value, out=step)
    np.add(x, step, out=out)


def _addcdiv(x: Array, first: Array, second: Array, value: complex = 1, *, out: Array) -> None:
    """x + value * first / second."""
    step = np.divide(first, second, out=like(out))
    if value != 1:
        np.multiply(step, value, out=step)
    np.add(x, step, out=out)


def _axpy(x: Array, y: Array, alpha: complex, *, out: Array) -> None:
    """x + alpha * y: `add` and `sub` with their `alpha`."""
    step = np.multiply(y, alpha, out=like(out))
    np.add(x, step, out=out)


addcmul = named(composed(_addcmul, over=True), "addcmul")
addcdiv = named(composed(_addcdiv, over=True), "addcdiv")
axpy = named(composed(_axpy, over=True), "axpy")


def clamp(x: Array, min: Any = None, max: Any = None, out: Any = ...) -> Array:
    """x within [min, max]; a NaN in any operand gives NaN; where min > max the result is max."""
    if min is None:
        return minimum(x, max, out=out)
    if max is None:
        return maximum(x, min, out=out)
    return _clamp(x, min, max, out=out)


@_over
def _clamp(x: Array, low: Any, high: Any, *, out: Array) -> None:
    if (type(low) is ndarray and low.ndim) or (type(high) is ndarray and high.ndim):
        np.maximum(x, low, out=out)
        np.minimum(out, high, out=out)
    else:
        np.clip(x, low, high, out=out)
