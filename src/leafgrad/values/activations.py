"""Activations and their derivatives as kernels: each chain of steps runs piece by piece, without full-size
temporaries.

A kernel named `*_backward` takes the gradient of the result first, then what its rule saves, as torch's does.
The error function of float32 is our own (Note [erf]); its relatives, and that of float64, need SciPy
(`special`).
"""

from math import erfc as erfc_of
from math import pi, sqrt
from typing import Any

import numpy as np
from numpy import ndarray

from ..base import extras
from .blocks import LARGE
from .buffers import like
from .kernel import BOOL, DOUBLE, SINGLE, Array, Kernel, composed, elementwise, is_16bit, named, select
from .kernels import maximum, negative

SQRT_HALF = sqrt(0.5)
SQRT_2_OVER_PI = sqrt(2 / pi)
CUBIC = 0.044715  # of gelu's approximation by tanh


# --- error function ---


def special(name: str) -> Kernel:
    """The ufunc `scipy.special.<name>` of one operand as a kernel; SciPy is imported at the first call."""
    ready: list[Kernel] = []

    def kernel(x: ndarray, out: Any = ...) -> ndarray:
        if not ready:
            ready.append(elementwise(getattr(extras.need("scipy.special", extra="scipy", what=name), name)))
        return ready[0](x, out=out)

    return named(kernel, name)


erfc = special("erfc")
erfinv = special("erfinv")
_erf_double = special("erf")

# Note [erf]
# erf(x) = tanh(g(x)) with an odd, smooth g, as both go to 1 like exp(-x**2) and exp(-2 g).  For float32 g(x)
# is x times a polynomial of x**2, fitted to atanh(erf(x)) / x for |x| < 3.92 (where erf rounds to 1) such
# that the largest relative error of the result is least (Lawson's iteration): 1e-7; with rounding 4 units in
# the last place.
ERF = (
    1.12837927,
    0.102769055,
    -0.000191829508,
    -0.000619785945,
    8.76378705e-05,
    -5.66857324e-06,
    1.41858277e-07,
)


def _erf_single(x: Array, out: Array, scale: float = 1.0) -> None:
    """erf(x * scale) of float32."""
    square = np.multiply(x, x, out=like(out))
    last = len(ERF) - 1
    np.multiply(square, np.float32(ERF[last] * scale ** (2 * last + 1)), out=out)
    for power in range(last - 1, -1, -1):
        np.add(out, np.float32(ERF[power] * scale ** (2 * power + 1)), out=out)
        np.multiply(out, square if power else x, out=out)
    np.tanh(out, out=out)


@composed
def _erf(x: Array, *, out: Array) -> None:
    _erf_single(x, out)


def erf(x: Array, out: Any = ...) -> Array:
    """The error function."""
    return (_erf if x.dtype == SINGLE or is_16bit(x.dtype) else _erf_double)(x, out=out)


erf = named(erf, "erf")


# --- sigmoid and its family ---


def _exp_plus_1(x: Array, out: Array) -> None:
    """1 + exp(-x)."""
    negative(x, out=out)
    np.exp(out, out=out)
    np.add(out, 1, out=out)


@composed
def sigmoid(x: Array, *, out: Array) -> None:
    """1 / (1 + exp(-x)); exact at both ends, as exp(-x) may overflow to inf."""
    _exp_plus_1(x, out)
    np.divide(1, out, out=out)


@composed
def sigmoid_backward(grad: Array, result: Array, *, out: Array) -> None:
    """grad * conj((1 - result) * result)."""
    np.subtract(1, result, out=out)
    np.multiply(out, result, out=out)
    if out.dtype.kind == "c":
        np.conjugate(out, out=out)
    np.multiply(out, grad, out=out)


@composed
def tanh_backward(grad: Array, result: Array, *, out: Array) -> None:
    """grad * conj(1 - result**2)."""
    np.multiply(result, result, out=out)
    np.subtract(1, out, out=out)
    if out.dtype.kind == "c":
        np.conjugate(out, out=out)
    np.multiply(out, grad, out=out)


# Recurrent networks live on these three with small operands: as few calls as there are, and constants that
# are arrays already (a Python number costs as much as the step itself).

_ONE = {dtype: np.ones((), dtype) for dtype in (SINGLE, DOUBLE)}
_ZERO = {dtype: np.zeros((), dtype) for dtype in (SINGLE, DOUBLE)}


def _quick_sigmoid(steps: Kernel) -> Kernel:
    def kernel(x: Array, out: Any = ...) -> Array:
        one = _ONE.get(x.dtype)
        if x.size >= LARGE or out is not ... or one is None:
            return steps(x, out=out)
        if x.base is None:
            result = np.negative(x, out=...)
        else:  # a part of an array is copied faster than it is walked
            result = x.copy("K")
            np.negative(result, result)
        np.exp(result, result)
        np.add(result, one, result)
        return np.divide(one, result, result)

    return named(kernel, "sigmoid")


def _times(factor: Array, grad: Array) -> Array:
    """factor * grad, written over `factor` unless grad has more elements."""
    try:
        return np.multiply(factor, grad, factor)
    except ValueError:
        return np.multiply(factor, grad, out=...)


def _quick_sigmoid_backward(steps: Kernel) -> Kernel:
    def kernel(grad: Array, result: Array, out: Any = ...) -> Array:
        kind = result.dtype
        one = _ONE.get(kind)
        if result.size >= LARGE or out is not ... or one is None or grad.dtype is not kind:
            return steps(grad, result, out=out)
        factor = np.subtract(one, result, out=...)
        np.multiply(factor, result, factor)
        return _times(factor, grad)

    return named(kernel, "sigmoid_backward")


def _quick_tanh_backward(steps: Kernel) -> Kernel:
    def kernel(grad: Array, result: Array, out: Any = ...) -> Array:
        kind = result.dtype
        one = _ONE.get(kind)
        if result.size >= LARGE or out is not ... or one is None or grad.dtype is not kind:
            return steps(grad, result, out=out)
        factor = np.multiply(result, result, out=...)
        np.subtract(one, factor, factor)
        return _times(factor, grad)

    return named(kernel, "tanh_backward")


def _quick(steps: Kernel, few: Any, most: int = LARGE) -> Kernel:
    """`steps`, but `few(x)` for up to `most` float32 or float64 elements; None from it: do the steps."""

    def kernel(x: Array, *params: Any, out: Any = ...) -> Array:
        if x.size < most and x.dtype in _ONE and (out is ... or out.dtype is x.dtype):
            result = few(x, *params)
            if result is not None:
                if out is ...:
                    return result
                np.copyto(out, result)
                return out
        return steps(x, *params, out=out)

    return named(kernel, steps.__name__)


sigmoid = _quick_sigmoid(sigmoid)
sigmoid_backward = _quick_sigmoid_backward(sigmoid_backward)
tanh_backward = _quick_tanh_backward(tanh_backward)


@composed
def log_sigmoid(x: Array, *, out: Array) -> None:
    """log(sigmoid(x)) = min(x, 0) - log1p(exp(-|x|))."""
    np.absolute(x, out=out)
    negative(out, out=out)
    np.exp(out, out=out)
    np.log1p(out, out=out)
    np.subtract(np.clip(x, -np.inf, 0, out=like(out)), out, out=out)


@composed
def log_sigmoid_backward(grad: Array, x: Array, *, out: Array) -> None:
    """grad * sigmoid(-x)."""
    np.exp(x, out=out)
    np.add(out, 1, out=out)
    np.divide(grad, out, out=out)


@composed
def silu(x: Array, *, out: Array) -> None:
    """x * sigmoid(x)."""
    _exp_plus_1(x, out)
    np.divide(x, out, out=out)


def _few_silu(x: Array) -> Array:
    result = np.negative(x, out=...)
    np.exp(result, result)
    np.add(result, _ONE[x.dtype], result)
    return np.divide(x, result, result)


silu = _quick(silu, _few_silu)


@composed
def silu_backward(grad: Array, x: Array, *, out: Array) -> None:
    """grad * s * (1 + x * (1 - s)) with s = sigmoid(x)."""
    _exp_plus_1(x, out)
    np.divide(1, out, out=out)
    inner = np.subtract(1, out, out=like(out))
    np.multiply(inner, x, out=inner)
    np.add(inner, 1, out=inner)
    np.multiply(out, inner, out=out)
    np.multiply(out, grad, out=out)


@composed
def softplus(x: Array, beta: float = 1.0, threshold: float = 20.0, *, out: Array) -> None:
    """log1p(exp(beta * x)) / beta, and x itself where beta * x > threshold."""
    scaled = np.multiply(x, beta, out=like(out))
    linear = np.greater(scaled, threshold, out=like(out, BOOL))
    np.exp(scaled, out=out)
    np.log1p(out, out=out)
    if beta != 1:
        np.divide(out, beta, out=out)
    if linear.any():
        np.copyto(out, x, where=linear)


def _few_softplus(x: Array, beta: float = 1.0, threshold: float = 20.0) -> Array | None:
    """log(exp(0) + exp(x)), which beyond 17 rounds to x anyway in float32."""
    if beta != 1 or threshold < 17 or x.dtype is not SINGLE:
        return None
    return np.logaddexp(_ZERO[SINGLE], x, out=...)


softplus = _quick(softplus, _few_softplus, 64)


@composed
def softplus_backward(
    grad: Array, x: Array, beta: float = 1.0, threshold: float = 20.0, *, out: Array
) -> None:
    """grad * sigmoid(beta * x), and grad itself where beta * x > threshold."""
    scaled = np.multiply(x, beta, out=like(out))
    linear = np.greater(scaled, threshold, out=like(out, BOOL))
    _exp_plus_1(scaled, out)
    np.divide(grad, out, out=out)
    if linear.any():
        np.copyto(out, grad, where=linear)


@composed
def mish(x: Array, *, out: Array) -> None:
    """x * tanh(log1p(exp(x)))."""
    np.exp(x, out=out)
    np.log1p(out, out=out)
    np.tanh(out, out=out)
    np.multiply(out, x, out=out)


@composed
def mish_backward(grad: Array, x: Array, *, out: Array) -> None:
    """grad * (t + x * s * (1 - t**2)) with t = tanh(softplus(x)), s = sigmoid(x)."""
    _exp_plus_1(x, out)
    np.divide(1, out, out=out)  # s
    t = np.exp(x, out=like(out))
    np.log1p(t, out=t)
    np.tanh(t, out=t)
    inner = np.multiply(t, t, out=like(out))
    np.subtract(1, inner, out=inner)
    np.multiply(inner, x, out=inner)
    np.multiply(inner, out, out=inner)
    np.add(inner, t, out=inner)
    np.multiply(inner, grad, out=out)


# --- gelu ---


@composed
def gelu_tanh(x: Array, *, out: Array) -> None:
    """x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x**3)))."""
    np.multiply(x, x, out=out)
    np.multiply(out, CUBIC * SQRT_2_OVER_PI, out=out)
    np.add(out, SQRT_2_OVER_PI, out=out)
    np.multiply(out, x, out=out)
    np.tanh(out, out=out)
    np.add(out, 1, out=out)
    np.multiply(out, 0.5, out=out)
    np.multiply(out, x, out=out)


_GELU = {
    dtype: tuple([np.full((), c, dtype) for c in (CUBIC * SQRT_2_OVER_PI, SQRT_2_OVER_PI, 1, 0.5)])
    for dtype in _ONE
}


def _few_gelu_tanh(x: Array) -> Array:
    cubic, linear, one, half = _GELU[x.dtype]
    result = np.multiply(x, x, out=...)
    np.multiply(result, cubic, result)
    np.add(result, linear, result)
    np.multiply(result, x, result)
    np.tanh(result, result)
    np.add(result, one, result)
    np.multiply(result, half, result)
    return np.multiply(result, x, result)


gelu_tanh = _quick(gelu_tanh, _few_gelu_tanh)


@composed
def gelu_tanh_backward(grad: Array, x: Array, *, out: Array) -> None:
    """grad * (1 + t + x * (1 - t**2) * u') / 2, where t = tanh(u), u the argument of gelu_tanh's tanh."""
    square = np.multiply(x, x, out=like(out))
    np.multiply(square, CUBIC * SQRT_2_OVER_PI, out=out)
    np.add(out, SQRT_2_OVER_PI, out=out)
    np.multiply(out, x, out=out)
    np.tanh(out, out=out)  # t
    slope = np.multiply(square, 3 * CUBIC * SQRT_2_OVER_PI, out=square)
    np.add(slope, SQRT_2_OVER_PI, out=slope)  # u'
    np.multiply(slope, x, out=slope)
    factor = np.multiply(out, out, out=like(out))
    np.subtract(1, factor, out=factor)
    np.multiply(factor, slope, out=factor)
    np.add(out, factor, out=out)
    np.add(out, 1, out=out)
    np.multiply(out, 0.5, out=out)
    np.multiply(out, grad, out=out)


def _normal(x: Array, out: Array) -> None:
    """The distribution function of the normal distribution: (1 + erf(x / sqrt(2))) / 2."""
    if out.dtype == SINGLE:
        _erf_single(x, out, SQRT_HALF)
    else:
        np.multiply(x, SQRT_HALF, out=out)
        _erf_double(out, out=out)
    np.add(out, 1, out=out)
    np.multiply(out, 0.5, out=out)


@composed
def gelu_erf(x: Array, *, out: Array) -> None:
    """x / 2 * (1 + erf(x / sqrt(2)))."""
    _normal(x, out)
    np.multiply(out, x, out=out)


def _few_gelu_erf(x: Array) -> Array | None:
    """One by one: for so few elements, less than a step of the polynomial for each of its coefficients."""
    if x.dtype is not SINGLE:
        return None
    values = [0.5 * v * erfc_of(-SQRT_HALF * v) for v in x.ravel().tolist()]
    return np.array(values, SINGLE).reshape(x.shape)


gelu_erf = _quick(gelu_erf, _few_gelu_erf, 32)


@composed
def gelu_erf_backward(grad: Array, x: Array, *, out: Array) -> None:
    """grad * (P(x) + x * p(x)), with the normal distribution's P and its density p."""
    _normal(x, out)
    density = np.multiply(x, x, out=like(out))
    np.multiply(density, -0.5, out=density)
    np.exp(density, out=density)
    np.multiply(density, 1 / sqrt(2 * pi), out=density)
    np.multiply(density, x, out=density)
    np.add(out, density, out=out)
    np.multiply(out, grad, out=out)


def gelu(x: Array, approximate: str = "none", out: Any = ...) -> Array:
    """Gaussian error linear unit; `approximate` is "none" (erf) or "tanh"."""
    return (gelu_tanh if approximate == "tanh" else gelu_erf)(x, out=out)


def gelu_backward(grad: Array, x: Array, approximate: str = "none", out: Any = ...) -> Array:
    """The derivative of `gelu` times grad."""
    return (gelu_tanh_backward if approximate == "tanh" else gelu_erf_backward)(grad, x, out=out)


# --- piecewise linear and exponential ---


def relu(x: Array, out: Any = ...) -> Array:
    """max(x, 0); NaN stays NaN."""
    return maximum(x, 0, out=out)


relu = named(relu, "relu")


@composed
def threshold(x: Array, limit: float, value: float, *, out: Array) -> None:
    """x where x > limit, else value; NaN stays NaN."""
    select(np.less_equal(x, limit, out=like(out, BOOL)), value, x, out)


@composed
def threshold_backward(grad: Array, x: Array, limit: float = 0, *, out: Array) -> None:
    """grad where x > limit (or x is NaN), else 0; for relu, x may be its result."""
    select(np.less_equal(x, limit, out=like(out, BOOL)), 0, grad, out)


def _quick_threshold_backward(steps: Kernel) -> Kernel:
    def kernel(grad: Array, x: Array, limit: float = 0, out: Any = ...) -> Array:
        kind = x.dtype
        if x.size >= 2048 or limit != 0 or out is not ... or kind not in _ZERO or grad.dtype != kind:
            return steps(grad, x, limit, out=out)
        return np.where(np.less_equal(x, _ZERO[kind]), _ZERO[kind], grad)

    return named(kernel, "threshold_backward")


threshold_backward = _quick_threshold_backward(threshold_backward)


@composed
def leaky_relu(x: Array, slope: float = 0.01, *, out: Array) -> None:
    """x where x > 0, else slope * x."""
    if slope == 0:
        np.clip(x, 0, np.inf, out=out)
    else:
        np.multiply(x, slope, out=out)
        (np.maximum if slope <= 1 else np.minimum)(x, out, out=out)


@composed
def leaky_relu_backward(grad: Array, x: Array, slope: float = 0.01, *, out: Array) -> None:
    """grad where x > 0, else slope * grad."""
    select(np.greater(x, 0, out=like(out, BOOL)), 1, slope, out)
    np.multiply(out, grad, out=out)


@composed
def hardtanh(x: Array, low: float = -1.0, high: float = 1.0, *, out: Array) -> None:
    """x within [low, high]."""
    np.clip(x, low, high, out=out)


def _outside(x: Array, low: float, high: float, out: Array) -> Array:
    """x <= low or x >= high."""
    below = np.less_equal(x, low, out=like(out, BOOL))
    return np.logical_or(below, np.greater_equal(x, high, out=like(out, BOOL)), out=below)


@composed
def hardtanh_backward(grad: Array, x: Array, low: float = -1.0, high: float = 1.0, *, out: Array) -> None:
    """grad where low < x < high, else 0."""
    select(_outside(x, low, high, out), 0, grad, out)


@composed
def hardsigmoid(x: Array, *, out: Array) -> None:
    """min(max(x + 3, 0), 6) / 6."""
    np.add(x, 3, out=out)
    np.clip(out, 0, 6, out=out)
    np.divide(out, 6, out=out)


@composed
def hardsigmoid_backward(grad: Array, x: Array, *, out: Array) -> None:
    """grad / 6 where -3 < x < 3, else 0."""
    select(_outside(x, -3, 3, out), 0, np.divide(grad, 6, out=like(out)), out)


@composed
def hardswish(x: Array, *, out: Array) -> None:
    """x * min(max(x + 3, 0), 6) / 6."""
    np.add(x, 3, out=out)
    np.clip(out, 0, 6, out=out)
    np.multiply(out, x, out=out)
    np.divide(out, 6, out=out)


@composed
def hardswish_backward(grad: Array, x: Array, *, out: Array) -> None:
    """0 where x <= -3, grad where x >= 3, grad * (x / 3 + 1 / 2) between."""
    slope = np.divide(x, 3, out=like(out))
    np.add(slope, 0.5, out=slope)
    select(np.greater_equal(x, 3, out=like(out, BOOL)), 1, slope, out)
    np.multiply(out, grad, out=slope)
    select(np.less_equal(x, -3, out=like(out, BOOL)), 0, slope, out)


@composed
def elu(x: Array, alpha: float = 1.0, scale: float = 1.0, input_scale: float = 1.0, *, out: Array) -> None:
    """scale * x where x > 0, else scale * alpha * expm1(input_scale * x); selu and celu are cases of it."""
    np.clip(x, -np.inf, 0, out=out)
    if input_scale != 1:
        np.multiply(out, input_scale, out=out)
    np.expm1(out, out=out)
    if alpha != 1:
        np.multiply(out, alpha, out=out)
    np.add(out, np.clip(x, 0, np.inf, out=like(out)), out=out)
    if scale != 1:
        np.multiply(out, scale, out=out)


@composed
def elu_backward(
    grad: Array,
    x: Array,
    alpha: float = 1.0,
    scale: float = 1.0,
    input_scale: float = 1.0,
    is_result: bool = False,
    *,
    out: Array,
) -> None:
    """The derivative of `elu` times grad, from its input, or from its result (`is_result`)."""
    below = like(out)
    if is_result:
        np.add(x, alpha * scale, out=below)
        np.multiply(below, input_scale, out=below)
    else:
        np.clip(x, -np.inf, 0, out=below)
        np.multiply(below, input_scale, out=below)
        np.exp(below, out=below)
        np.multiply(below, input_scale * alpha * scale, out=below)
    select(np.greater(x, 0, out=like(out, BOOL)), scale, below, out)
    np.multiply(out, grad, out=out)


@composed
def softshrink(x: Array, lambd: float = 0.5, *, out: Array) -> None:
    """x - lambd where x > lambd, x + lambd where x < -lambd, else 0."""
    np.clip(x, -lambd, lambd, out=out)
    np.subtract(x, out, out=out)


def _inside(x: Array, lambd: float, out: Array) -> Array:
    """-lambd <= x <= lambd."""
    above = np.greater_equal(x, -lambd, out=like(out, BOOL))
    return np.logical_and(above, np.less_equal(x, lambd, out=like(out, BOOL)), out=above)


@composed
def hardshrink(x: Array, lambd: float = 0.5, *, out: Array) -> None:
    """0 where -lambd <= x <= lambd, else x."""
    select(_inside(x, lambd, out), 0, x, out)


@composed
def shrink_backward(grad: Array, x: Array, lambd: float = 0.5, *, out: Array) -> None:
    """0 where -lambd <= x <= lambd, else grad: for softshrink and hardshrink."""
    select(_inside(x, lambd, out), 0, grad, out)


@composed
def softsign(x: Array, *, out: Array) -> None:
    """x / (1 + |x|)."""
    np.absolute(x, out=out)
    np.add(out, 1, out=out)
    np.divide(x, out, out=out)


@composed
def tanhshrink(x: Array, *, out: Array) -> None:
    """x - tanh(x)."""
    np.tanh(x, out=out)
    np.subtract(x, out, out=out)
