"""Losses of probabilities of a yes: binary_cross_entropy and binary_cross_entropy_with_logits."""

from typing import Any

import numpy as np

from ..base import messages
from ..op.table import public
from ..tensor.batch import bottom
from ..tensor.call import recording
from ..tensor.elementwise import check_cast
from ..tensor.kinds import primitive
from ..tensor.node import edge_of
from ..tensor.tensor import Tensor
from ..values import losses as k
from .activation import log_sigmoid, sigmoid
from .arguments import need_tensor
from .arithmetic import add, div, mul, neg, sub
from .comparison import lt
from .dims import type_of
from .exponential import log, log1p
from .reduction import NONE, beside_each, reduced, reduced_each, reduction_of, share
from .ternary import where

ndarray = np.ndarray
EPS = 1e-12  # the gradient's denominator is no less


# --- rows ---


def _weigh(x: Any, weight: Any) -> Any:
    return x if weight is None else mul(x, weight)


def _bce(self: ndarray, target: ndarray, weight: ndarray | None, /, reduction: int) -> ndarray:
    return reduced(_weigh(k.binary_cross_entropy(self, target), weight), reduction)


def _by_probability(grad: Any, self: Any, target: Any, weight: Any, reduction: int) -> Any:
    spread = mul(self, sub(1, self))
    slope = div(sub(self, target), where(lt(spread, EPS), EPS, spread))
    return mul(_weigh(slope, weight), share(grad, self, reduction))


def _by_target(grad: Any, self: Any, target: Any, weight: Any, reduction: int) -> Any:
    return mul(_weigh(sub(log1p(neg(self)), log(self)), weight), share(grad, self, reduction))


bce_row = primitive(
    "binary_cross_entropy", _bce,
    vjp={
        "self": lambda grad, self, target, weight, reduction: _by_probability(grad, self, target, weight,
        reduction),
        "target": lambda grad, self, target, weight, reduction: _by_target(grad, self, target, weight,
        reduction),
    },
    batch=lambda self, target, weight, reduction: reduced_each(
        bce_row(self, target, beside_each(weight, self), NONE), reduction
    ),
)  # fmt: skip


def _logits(
    self: ndarray, target: ndarray, weight: ndarray | None, pos_weight: ndarray | None, /, reduction: int
) -> ndarray:
    factor = 1 if pos_weight is None else (pos_weight - 1) * target + 1
    return reduced(_weigh(k.binary_cross_entropy_with_logits(self, target, factor), weight), reduction)


def _by_logit(grad: Any, self: Any, target: Any, weight: Any, pos_weight: Any, reduction: int) -> Any:
    if pos_weight is None:
        slope = sub(sigmoid(self), target)
    else:
        sure = mul(pos_weight, target)
        slope = sub(mul(add(sub(sure, target), 1), sigmoid(self)), sure)
    return mul(_weigh(slope, weight), share(grad, self, reduction))


def _by_logit_target(grad: Any, self: Any, target: Any, weight: Any, pos_weight: Any, reduction: int) -> Any:
    if pos_weight is None:
        slope = neg(self)
    else:
        slope = sub(log_sigmoid(neg(self)), mul(pos_weight, log_sigmoid(self)))
    return mul(_weigh(slope, weight), share(grad, self, reduction))


logits_row = primitive(
    "binary_cross_entropy_with_logits", _logits,
    vjp={
        "self": lambda grad, self, target, weight, pos_weight, reduction: _by_logit(
            grad, self, target, weight, pos_weight, reduction),
        "target": lambda grad, self, target, weight, pos_weight, reduction: _by_logit_target(
            grad, self, target, weight, pos_weight, reduction),
    },
    batch=lambda self, target, weight, pos_weight, reduction: reduced_each(
        logits_row(self, target, beside_each(weight, self), beside_each(pos_weight, self), NONE), reduction
    ),
)  # fmt: skip


# --- the public functions ---


def _check_constant(name: str, argument: str, x: Tensor | None) -> None:
    if x is not None and recording() and edge_of(bottom(x)[0]) is not None:
        raise RuntimeError(messages.NOT_DIFFERENTIABLE_BY.format(op=name, argument=argument))


def _check_broadcast(shape: tuple, weight: Tensor | None, template: str) -> None:
    """Raise unless the weight broadcasts to the shape of the input."""
    if weight is None:
        return
    given = weight._data.shape
    for i, (n, m) in enumerate(zip(given[::-1], shape[::-1], strict=False), 1):
        if n != m and n != 1 and m != 1:
            found = {
                "n": n,
                "at": -i,
                "given": weight.shape,
                "want": list(shape),
                "a": m,
                "b": n,
                "dim": len(shape) - i,
            }
            raise RuntimeError(template.format(**found))
    wide = np.broadcast_shapes(given, shape)
    if wide != shape:
        raise RuntimeError(messages.INPLACE_SHAPE.format(shape=list(shape), broadcast=list(wide)))


@public(torch=False, method=False, spaces=("nn.functional",))
def binary_cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """-(target * log(input) + (1 - target) * log(1 - input)), for probabilities `input`; a logarithm counts
    as -100 at least.

    target: of input's shape and dtype.  weight: broadcast to it, multiplies the losses, and requires no grad.
    RuntimeError unless every input is between 0 and 1.

    >>> import leafgrad as torch
    >>> torch.nn.functional.binary_cross_entropy(torch.tensor([0.5, 1.]), torch.tensor([1., 1.]))
    tensor(0.3466)
    """
    name = "binary_cross_entropy"
    kind = reduction_of(reduction, size_average, reduce)
    need_tensor(name, input)
    need_tensor(name, target, "target", 2)
    x, t = input._data, target._data
    if x.shape != t.shape:
        raise ValueError(messages.BCE_SIZE.format(target=target.shape, input=input.shape))
    _check_broadcast(x.shape, weight, messages.BCE_WEIGHT)
    _check_constant(name, "weight", weight)
    if x.dtype != t.dtype:
        raise RuntimeError(messages.FOUND_DTYPE.format(want=type_of(t.dtype), got=type_of(x.dtype)))
    if x.dtype.kind not in "fV":
        raise NotImplementedError(messages.NOT_FOR.format(kernel=name, type=type_of(x.dtype)))
    every = bottom(input)[0]._data
    if not np.logical_and.reduce((every >= 0) & (every <= 1), None):
        raise RuntimeError(messages.BCE_RANGE)
    return bce_row(input, target, weight, kind)


@public(torch=False, method=False, spaces=("nn.functional",))
def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    pos_weight: Tensor | None = None,
) -> Tensor:
    """The binary cross entropy of sigmoid(input), computed without overflow.

    target: of input's shape.  weight multiplies the losses, pos_weight the part of a yes; both are
    broadcast, and require no grad.

    >>> import leafgrad as torch
    >>> torch.nn.functional.binary_cross_entropy_with_logits(torch.tensor([0., 100.]), torch.tensor([1., 1.]))
    tensor(0.3466)
    """
    name = "binary_cross_entropy_with_logits"
    kind = reduction_of(reduction, size_average, reduce)
    need_tensor(name, input)
    need_tensor(name, target, "target", 2)
    x, t = input._data, target._data
    if x.shape != t.shape:
        raise ValueError(messages.BCE_LOGITS_SIZE.format(target=target.shape, input=input.shape))
    for argument, given in (("weight", weight), ("pos_weight", pos_weight)):
        _check_constant(name, argument, given)
        _check_broadcast(x.shape, given, messages.BROADCAST)
    if x.dtype.kind not in "fV":
        raise NotImplementedError(messages.NOT_FOR.format(kernel="log_sigmoid_cpu", type=type_of(x.dtype)))
    check_cast(x.dtype, t.dtype)
    if x.dtype != t.dtype:
        input = input.to(target.dtype)
    return logits_row(input, target, weight, pos_weight, kind)
