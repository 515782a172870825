"""Activation functions and their derivatives: sigmoid, relu, gelu, ...; functional.py has what users call."""

from math import pi
from math import sqrt as root
from typing import Any

import numpy as np
from numpy import ndarray

from ..base import messages
from ..op.table import expose
from ..tensor.kinds import elementary, fused, unary
from ..values import activations as a
from ..values.dtype import FLOAT
from ..values.kernel import named
from .arithmetic import add, conj, mul, neg, sub, zero
from .comparison import ge, gt, le, lt
from .exponential import exp
from .special import erf
from .ternary import where
from .trigonometric import tanh

# --- sigmoid and its family ---

sigmoid_backward = fused(
    a.sigmoid_backward, lambda grad, result: mul(grad, conj(mul(sub(1, result), result)))
)
sigmoid = unary(
    "sigmoid", a.sigmoid, vjp=sigmoid_backward, to=FLOAT,
    doc="""1 / (1 + exp(-input)).

    >>> import leafgrad as torch
    >>> torch.sigmoid(torch.tensor([0.0, 2.0]))
    tensor([0.5000, 0.8808])
    """,
)  # fmt: skip
expose(sigmoid.op.public, "sigmoid", inplace=True, spaces={"nn.functional": "sigmoid", "special": "expit"})

_silu_backward = fused(
    a.silu_backward,
    lambda grad, self: mul(grad, conj(mul(sigmoid(self), add(mul(self, sub(1, sigmoid(self))), 1)))),
)
silu = unary(
    "silu", a.silu, vjp=lambda grad, self: _silu_backward(grad, self), refuses={"biu": "silu_cpu"},
)  # fmt: skip


def _tanh_softplus(x: Any) -> Any:
    return tanh(softplus(x, 1, 20))


def _mish_formula(grad: Any, x: Any) -> Any:
    t = _tanh_softplus(x)
    return mul(grad, add(t, mul(mul(x, sigmoid(x)), sub(1, mul(t, t)))))


_mish_backward = fused(a.mish_backward, _mish_formula)
mish = unary(
    "mish", a.mish, vjp=lambda grad, self: _mish_backward(grad, self), refuses={"biuc": "mish_cpu"},
)  # fmt: skip

_log_sigmoid_backward = fused(a.log_sigmoid_backward, lambda grad, self: mul(grad, sigmoid(neg(self))))
log_sigmoid = unary(
    "log_sigmoid_forward", a.log_sigmoid, vjp=lambda grad, self: _log_sigmoid_backward(grad, self),
    node="LogSigmoidBackward0", refuses={"biuc": "log_sigmoid_cpu"},
    out_says=(True, messages.LOG_SIGMOID_OUT),
    doc="""log(sigmoid(input)).

    >>> import leafgrad as torch
    >>> torch.nn.functional.logsigmoid(torch.tensor([0.0, -100.0]))
    tensor([  -0.6931, -100.0000])
    """,
)  # fmt: skip


def _softplus_formula(grad: Any, self: Any, beta: Any, threshold: Any) -> Any:
    scaled = mul(self, beta)
    return where(gt(scaled, threshold), grad, mul(grad, sigmoid(scaled)))


_softplus_backward = fused(a.softplus_backward, _softplus_formula)
softplus = unary(
    "softplus", a.softplus,
    vjp=lambda grad, self, beta, threshold: _softplus_backward(grad, self, beta, threshold),
    params=("beta", "threshold"), refuses={"biuc": "softplus_cpu"},
)  # fmt: skip

# --- gelu ---

_NORM = 1 / root(2 * pi)


def _gelu_formula(grad: Any, self: Any, approximate: str) -> Any:
    if approximate == "none":
        cumulative = mul(add(erf(mul(self, a.SQRT_HALF)), 1), 0.5)
        density = mul(exp(mul(mul(self, self), -0.5)), _NORM)
        return mul(grad, add(cumulative, mul(self, density)))
    square = mul(self, self)
    t = tanh(mul(mul(self, add(mul(square, a.CUBIC), 1)), a.SQRT_2_OVER_PI))
    slope = mul(add(mul(square, 3 * a.CUBIC), 1), a.SQRT_2_OVER_PI)
    return mul(mul(grad, 0.5), add(add(t, 1), mul(mul(self, slope), sub(1, mul(t, t)))))


_gelu_backward = fused(a.gelu_backward, _gelu_formula)
gelu = unary(
    "gelu", a.gelu, vjp=lambda grad, self, approximate: _gelu_backward(grad, self, approximate),
    params=("approximate",), refuses={"biuc": "GeluKernelImpl"},
)  # fmt: skip

# --- piecewise linear: the derivatives are rows of their own, flat in the input ---


def _slopes(name: str, kernel: Any, params: tuple[str, ...], rule: Any) -> Any:
    return elementary(
        name, kernel, ("grad_output", "self"), params,
        vjp={"grad_output": rule, "self": lambda grad: zero(grad)},
    )  # fmt: skip


_threshold_backward: Any = _slopes(
    "threshold_backward", a.threshold_backward, ("threshold",),
    lambda grad, self, threshold: _threshold_backward(grad, self, threshold),
)  # fmt: skip
_relu = named(lambda x, out=...: a.relu(x, out=out), "relu", lambda x, out=...: np.maximum(x, 0, out=out))
relu = unary(
    "relu", _relu, vjp=lambda grad, result: _threshold_backward(grad, result, 0),
    refuses={"b": RuntimeError(messages.RELU_BOOL), "c": NotImplementedError(messages.CLAMP_COMPLEX)},
    doc="""max(input, 0).

    >>> import leafgrad as torch
    >>> torch.relu(torch.tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """,
)  # fmt: skip
threshold = unary(
    "threshold", a.threshold, vjp=lambda grad, self, threshold: _threshold_backward(grad, self, threshold),
    params=("threshold", "value"), refuses={"bc": "threshold_cpu"}, in_place="ThresholdBackward1",
)  # fmt: skip


def _hardtanh(x: ndarray, low: float, high: float, out: Any = ...) -> ndarray:
    return (
        a.hardtanh(x, low, high, out=out)
        if x.dtype.kind not in "iu"
        else a.hardtanh(x, int(low), int(high), out=out)
    )


_hardtanh_backward: Any = _slopes(
    "hardtanh_backward", a.hardtanh_backward, ("min_val", "max_val"),
    lambda grad, self, min_val, max_val: _hardtanh_backward(grad, self, min_val, max_val),
)  # fmt: skip
hardtanh = unary(
    "hardtanh", _hardtanh,
    vjp=lambda grad, self, min_val, max_val: _hardtanh_backward(grad, self, min_val, max_val),
    params=("min_val", "max_val"),
    refuses={"b": RuntimeError(messages.HARDTANH_BOOL), "c": NotImplementedError(messages.CLAMP_COMPLEX)},
)  # fmt: skip
_leaky_relu_backward: Any = _slopes(
    "leaky_relu_backward", a.leaky_relu_backward, ("negative_slope",),
    lambda grad, self, negative_slope: _leaky_relu_backward(grad, self, negative_slope),
)  # fmt: skip
leaky_relu = unary(
    "leaky_relu", a.leaky_relu,
    vjp=lambda grad, self, negative_slope: _leaky_relu_backward(grad, self, negative_slope),
    params=("negative_slope",), refuses={"biuc": "leaky_relu_cpu"},
)  # fmt: skip
_hardsigmoid_backward: Any = _slopes(
    "hardsigmoid_backward", a.hardsigmoid_backward, (), lambda grad, self: _hardsigmoid_backward(grad, self)
)
hardsigmoid = unary(
    "hardsigmoid", a.hardsigmoid, vjp=lambda grad, self: _hardsigmoid_backward(grad, self),
    refuses={"biuc": "hardsigmoid_cpu"},
)  # fmt: skip
_hardswish_backward = fused(
    a.hardswish_backward,
    lambda grad, x: where(le(x, -3), 0, where(ge(x, 3), grad, mul(grad, add(mul(x, 1 / 3), 0.5)))),
)
hardswish = unary(
    "hardswish", a.hardswish, vjp=lambda grad, self: _hardswish_backward(grad, self),
    refuses={"biuc": "hardswish_cpu"},
)  # fmt: skip
_hardshrink_backward: Any = _slopes(
    "hardshrink_backward",
    a.shrink_backward,
    ("lambd",),
    lambda grad, self, lambd: _hardshrink_backward(grad, self, lambd),
)
_softshrink_backward: Any = _slopes(
    "softshrink_backward",
    a.shrink_backward,
    ("lambd",),
    lambda grad, self, lambd: _softshrink_backward(grad, self, lambd),
)
hardshrink = unary(
    "hardshrink", a.hardshrink, vjp=lambda grad, self, lambd: _hardshrink_backward(grad, self, lambd),
    params=("lambd",), refuses={"biuc": "hardshrink_cpu"},
)  # fmt: skip
softshrink = unary(
    "softshrink", a.softshrink, vjp=lambda grad, self, lambd: _softshrink_backward(grad, self, lambd),
    params=("lambd",), refuses={"biuc": "softshrink_check"},
)  # fmt: skip

# --- exponential below zero ---


def _elu_formula(grad: Any, x: Any, alpha: Any, scale: Any, input_scale: Any, is_result: bool = False) -> Any:
    if is_result:
        below = mul(add(x, alpha * scale), input_scale)
    else:
        below = mul(exp(mul(where(lt(x, 0), x, 0), input_scale)), input_scale * alpha * scale)
    return mul(grad, where(gt(x, 0), scale, below))


_elu_backward = fused(a.elu_backward, _elu_formula)
elu = unary(
    "elu", a.elu,
    vjp=lambda grad, self, alpha, scale, input_scale: _elu_backward(grad, self, alpha, scale, input_scale),
    params=("alpha", "scale", "input_scale"), refuses={"biuc": "elu_cpu"},
)  # fmt: skip


def _celu(x: Any, alpha: float, out: Any = ...) -> Any:
    return a.elu(x, alpha, 1.0, 1.0 / alpha, out=out)


celu = unary(
    "celu", _celu, vjp=lambda grad, self, alpha: _elu_backward(grad, self, alpha, 1.0, 1.0 / alpha),
    params=("alpha",), refuses={"biuc": "elu_cpu"},
)  # fmt: skip

# In place, these three keep their result instead of their input; it tells the same, unless it changes the
# sign.

leaky_relu_ = unary(
    "leaky_relu_", a.leaky_relu,
    vjp=lambda grad, result, negative_slope: _leaky_relu_backward(grad, result, negative_slope),
    params=("negative_slope",), refuses={"biuc": "leaky_relu_cpu"}, node="LeakyReluBackward1",
)  # fmt: skip
elu_ = unary(
    "elu_", a.elu,
    vjp=lambda grad, result, alpha, scale, input_scale: _elu_backward(
        grad, result, alpha, scale, input_scale, True
    ),
    params=("alpha", "scale", "input_scale"), refuses={"biuc": "elu_cpu"}, node="EluBackward1",
)  # fmt: skip
celu_ = unary(
    "celu_", _celu,
    vjp=lambda grad, result, alpha: _elu_backward(grad, result, alpha, 1.0, 1.0 / alpha, True),
    params=("alpha",), refuses={"biuc": "elu_cpu"}, node="CeluBackward1",
)  # fmt: skip
