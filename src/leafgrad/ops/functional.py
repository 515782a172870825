"""The activation functions as torch.nn.functional has them, with their parameters and `inplace=`."""

from typing import Any

import numpy as np

from ..base import messages
from ..op.table import expose, public
from ..tensor.misuse import wrong
from ..tensor.tensor import Tensor
from ..tensor.write import INPLACE
from ..values.dtype import BY_NP
from ..values.limits import finfo
from . import activation as rows
from .arithmetic import add, div, sub
from .rounding import abs
from .trigonometric import tanh

_F: Any = {"torch": False, "method": False, "spaces": ("nn.functional",)}
SELU_ALPHA, SELU_SCALE = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946


def _check(op: str, input: Any, **numbers: Any) -> None:
    """TypeError unless the input is a tensor and the parameters, from the second argument on, are numbers."""
    if not isinstance(input, Tensor):
        raise wrong(op, "input", 1, "Tensor", input)
    for position, (name, value) in enumerate(numbers.items(), 2):
        if type(value) is not float and not isinstance(value, int | float | complex):
            raise wrong(op, name, position, "Number", value)


# --- rectifiers ---

_relu = rows.relu.op.public


@public(**_F)
def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """max(input, 0).

    >>> import leafgrad as torch
    >>> torch.nn.functional.relu(torch.tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """
    return _relu(input, out=INPLACE if inplace else None)


@public(**_F)
def relu6(input: Tensor, inplace: bool = False) -> Tensor:
    """min(max(input, 0), 6).

    >>> import leafgrad as torch
    >>> torch.nn.functional.relu6(torch.tensor([-1.0, 2.0, 8.0]))
    tensor([0., 2., 6.])
    """
    _check("relu6", input)
    return rows.hardtanh.op.public(input, 0, 6, out=INPLACE if inplace else None)


@public(**_F)
def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """input where it is positive, else negative_slope * input.

    >>> import leafgrad as torch
    >>> torch.nn.functional.leaky_relu(torch.tensor([-1.0, 2.0]), 0.1)
    tensor([-0.1000,  2.0000])
    """
    _check("leaky_relu", input, negative_slope=negative_slope)
    if inplace:
        row = rows.leaky_relu_ if negative_slope >= 0 else rows.leaky_relu
        return row.op.public(input, negative_slope, out=INPLACE)
    return rows.leaky_relu.op.public(input, negative_slope)


@public(method=False, spaces=("nn.functional",))
def threshold(input: Tensor, threshold: float, value: float, inplace: bool = False) -> Tensor:
    """input where it is greater than `threshold`, else `value`.

    >>> import leafgrad as torch
    >>> torch.nn.functional.threshold(torch.tensor([0.1, 0.5]), 0.2, 9.0)
    tensor([9.0000, 0.5000])
    """
    _check("threshold", input, threshold=threshold, value=value)
    return rows.threshold.op.public(input, threshold, value, out=INPLACE if inplace else None)


@public(**_F)
def hardtanh(input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Tensor:
    """input within [min_val, max_val].  ValueError if min_val is greater than max_val.

    >>> import leafgrad as torch
    >>> torch.nn.functional.hardtanh(torch.tensor([-2.0, 0.5, 2.0]))
    tensor([-1.0000,  0.5000,  1.0000])
    """
    if min_val > max_val:
        raise ValueError(messages.HARDTANH_RANGE)
    _check("hardtanh", input, min_val=min_val, max_val=max_val)
    if input._data.dtype == np.uint8 and (min_val < 0 or max_val < 0):
        raise RuntimeError(messages.HARDTANH_UNSIGNED)
    return rows.hardtanh.op.public(input, min_val, max_val, out=INPLACE if inplace else None)


@public(**_F)
def hardsigmoid(input: Tensor, inplace: bool = False) -> Tensor:
    """min(max(input + 3, 0), 6) / 6.

    >>> import leafgrad as torch
    >>> torch.nn.functional.hardsigmoid(torch.tensor([-4.0, 0.0, 4.0]))
    tensor([0.0000, 0.5000, 1.0000])
    """
    return rows.hardsigmoid.op.public(input, out=INPLACE if inplace else None)


@public(**_F)
def hardswish(input: Tensor, inplace: bool = False) -> Tensor:
    """input * hardsigmoid(input).

    >>> import leafgrad as torch
    >>> torch.nn.functional.hardswish(torch.tensor([-4.0, 0.0, 4.0]))
    tensor([-0., 0., 4.])
    """
    return rows.hardswish.op.public(input, out=INPLACE if inplace else None)


@public(method=True, spaces=("nn.functional",))
def hardshrink(input: Tensor, lambd: float = 0.5, *, out: Any = None) -> Tensor:
    """0 where |input| <= lambd, else input.

    >>> import leafgrad as torch
    >>> torch.nn.functional.hardshrink(torch.tensor([-1.0, 0.2, 1.0]))
    tensor([-1.,  0.,  1.])
    """
    _check("hardshrink", input, lambd=lambd)
    return rows.hardshrink.op.public(input, lambd, out=out)


@public(**_F)
def softshrink(input: Tensor, lambd: float = 0.5, *, out: Any = None) -> Tensor:
    """0 where |input| <= lambd, else input moved by lambd towards 0.  RuntimeError for a negative lambd.

    >>> import leafgrad as torch
    >>> torch.nn.functional.softshrink(torch.tensor([-1.0, 0.2, 1.0]))
    tensor([-0.5000,  0.0000,  0.5000])
    """
    _check("softshrink", input, lambd=lambd)
    dtype = BY_NP[input._data.dtype]
    if dtype.is_floating_point and not 0 <= lambd <= finfo(dtype).max:
        text = messages.SOFTSHRINK_RANGE
        raise RuntimeError(
            text.format(most=format(finfo(dtype).max, "g"), type=dtype.type_name, got=format(lambd, "g"))
        )
    return rows.softshrink.op.public(input, lambd, out=out)


# --- exponential ---


def _elu(input: Tensor, alpha: float, scale: float, inplace: bool) -> Tensor:
    if inplace:
        row = rows.elu_ if alpha >= 0 else rows.elu
        return row.op.public(input, alpha, scale, 1, out=INPLACE)
    return rows.elu.op.public(input, alpha, scale, 1)


@public(**_F)
def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """input where it is positive, else alpha * (exp(input) - 1).

    >>> import leafgrad as torch
    >>> torch.nn.functional.elu(torch.tensor([-1.0, 2.0]))
    tensor([-0.6321,  2.0000])
    """
    _check("elu", input, alpha=alpha)
    return _elu(input, alpha, 1, inplace)


@public(method=False, spaces=("nn.functional",))
def selu(input: Tensor, inplace: bool = False) -> Tensor:
    """`elu` with the constants that keep mean 0 and variance 1 (Klambauer et al. 2017).

    >>> import leafgrad as torch
    >>> torch.nn.functional.selu(torch.tensor([-1.0, 2.0]))
    tensor([-1.1113,  2.1014])
    """
    _check("selu", input)
    return _elu(input, SELU_ALPHA, SELU_SCALE, inplace)


@public(method=False, spaces=("nn.functional",))
def celu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """max(input, 0) + min(0, alpha * (exp(input / alpha) - 1)).  RuntimeError for alpha 0.

    >>> import leafgrad as torch
    >>> torch.nn.functional.celu(torch.tensor([-1.0, 2.0]))
    tensor([-0.6321,  2.0000])
    """
    _check("celu", input, alpha=alpha)
    if alpha == 0:
        raise RuntimeError(messages.CELU_ALPHA)
    if inplace:
        return (rows.celu_ if alpha > 0 else rows.celu).op.public(input, alpha, out=INPLACE)
    return rows.celu.op.public(input, alpha)


@public(**_F)
def softplus(input: Tensor, beta: float = 1, threshold: float = 20, *, out: Any = None) -> Tensor:
    """log(1 + exp(beta * input)) / beta; input itself where beta * input > threshold.

    >>> import leafgrad as torch
    >>> torch.nn.functional.softplus(torch.tensor([0.0, 100.0]))
    tensor([  0.6931, 100.0000])
    """
    _check("softplus", input, beta=beta, threshold=threshold)
    return rows.softplus.op.public(input, beta, threshold, out=out)


# --- smooth ---


@public(**_F)
def silu(input: Tensor, inplace: bool = False) -> Tensor:
    """input * sigmoid(input), also called swish.

    >>> import leafgrad as torch
    >>> torch.nn.functional.silu(torch.tensor([0.0, 2.0]))
    tensor([0.0000, 1.7616])
    """
    return rows.silu.op.public(input, out=INPLACE if inplace else None)


@public(**_F)
def mish(input: Tensor, inplace: bool = False) -> Tensor:
    """input * tanh(softplus(input)).

    >>> import leafgrad as torch
    >>> torch.nn.functional.mish(torch.tensor([0.0, 2.0]))
    tensor([0.0000, 1.9440])
    """
    return rows.mish.op.public(input, out=INPLACE if inplace else None)


@public(**_F)
def gelu(input: Tensor, *, approximate: str = "none", out: Any = None) -> Tensor:
    """input * P(X <= input) for a normal X: by erf (needs SciPy), or approximate="tanh" (Hendrycks and Gimpel
    2016).

    >>> import leafgrad as torch
    >>> torch.nn.functional.gelu(torch.tensor([0.0, 2.0]), approximate="tanh")
    tensor([0.0000, 1.9546])
    """
    if approximate not in ("none", "tanh"):
        if type(approximate) is not str:
            raise wrong("gelu", "approximate", None, "str", approximate)
        raise RuntimeError(messages.GELU_APPROXIMATE)
    _check("gelu", input)
    return rows.gelu.op.public(input, approximate, out=out)


@public(**_F)
def softsign(input: Tensor) -> Tensor:
    """input / (1 + |input|).

    >>> import leafgrad as torch
    >>> torch.nn.functional.softsign(torch.tensor([-1.0, 3.0]))
    tensor([-0.5000,  0.7500])
    """
    return div.op.public(input, add.op.public(abs.op.public(input), 1))


@public(**_F)
def tanhshrink(input: Tensor) -> Tensor:
    """input - tanh(input).

    >>> import leafgrad as torch
    >>> torch.nn.functional.tanhshrink(torch.tensor([0.0, 1.0]))
    tensor([0.0000, 0.2384])
    """
    return sub.op.public(input, tanh.op.public(input))


def _in_place(function: Any) -> None:
    """Enter the in-place variant as a function: `relu_`."""

    def write(input: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        return function(input, *args, inplace=True, **kwargs)

    name = write.__name__ = write.__qualname__ = function.__name__ + "_"
    write.__doc__ = f"`{name[:-1]}` in place."
    expose(
        write, name, method=False, torch=name in ("celu_", "selu_", "threshold_"), spaces=("nn.functional",)
    )


for _function in (relu, leaky_relu, threshold, hardtanh, elu, selu, celu):
    _in_place(_function)
expose(rows.log_sigmoid.op.public, "logsigmoid", torch=False, method=False, spaces=("nn.functional",))
expose(_relu, "relu", inplace=True)
