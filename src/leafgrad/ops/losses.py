"""Regression losses of nn.functional: mse_loss, l1_loss, smooth_l1_loss, huber_loss, kl_div."""

from typing import Any

import numpy as np

from ..base import messages
from ..base.where import warn
from ..op.table import public
from ..tensor.elementwise import broadcast_shapes
from ..tensor.kinds import fused, primitive
from ..tensor.tensor import Tensor
from ..values import losses as k
from ..values import promotion
from ..values.blocks import LARGE
from ..values.dtype import BY_NP
from .arguments import need_tensor
from .arithmetic import div, mul, neg, sub
from .comparison import lt
from .exponential import exp
from .logit import _xlogy as xlogy
from .powers import power
from .reduce import sum_front
from .reduction import MEAN, NONE, SUM, finished, reduced, reduced_each, reduction_of, share
from .rounding import abs as absolute
from .rounding import sign
from .ternary import where
from .views import expand

ndarray = np.ndarray


# --- losses of the difference of input and target ---


def _limited(d: Any, at: float) -> Any:
    """d where its absolute value is below `at`, else `at` with d's sign."""
    return where(lt(absolute(d), at), d, mul(sign(d), at))


_mse_slope = fused(k.squared_slope, lambda self, target, share: mul(mul(sub(self, target), 2), share))
_huber_slope = fused(
    k.huber_slope, lambda self, target, at, share: mul(_limited(sub(self, target), at), share)
)


def _mse(self: ndarray, target: ndarray, /, reduction: int) -> ndarray:
    if reduction == NONE or self.size < LARGE or self.dtype.itemsize == 2:
        return reduced(k.squared(self, target), reduction)
    loss = k.squared_total(self, target)
    return np.divide(loss, self.size, out=loss) if reduction == MEAN else loss


def _by_mse(grad: Any, self: Any, target: Any, reduction: int) -> Any:
    return _mse_slope(self, target, share(grad, self, reduction))


def _by_huber(grad: Any, self: Any, target: Any, reduction: int, at: float) -> Any:
    return _huber_slope(self, target, at, share(grad, self, reduction))


def _by_smooth(grad: Any, self: Any, target: Any, reduction: int, at: float) -> Any:
    return _huber_slope(self, target, at, div(share(grad, self, reduction), at))


mse_row = primitive(
    "mse_loss", _mse,
    vjp={"self": lambda grad, self, target, reduction: _by_mse(grad, self, target, reduction),
         "target": lambda grad, self, target, reduction: _by_mse(grad, target, self, reduction)},
    batch=lambda self, target, reduction: reduced_each(mse_row(self, target, NONE), reduction),
)  # fmt: skip
huber_row = primitive(
    "huber_loss", lambda self, target, /, reduction, delta: reduced(k.huber(self, target, delta), reduction),
    vjp={"self": lambda grad, self, target, reduction, delta: _by_huber(grad, self, target, reduction, delta),
         "target": lambda grad, self, target, reduction, delta: neg(_by_huber(grad, self, target, reduction,
         delta))},
    batch=lambda self, target, reduction, delta: reduced_each(huber_row(self, target, NONE, delta), reduction),
)  # fmt: skip
smooth_row = primitive(
    "smooth_l1_loss",
    lambda self, target, /, reduction, beta: reduced(div(k.huber(self, target, beta), beta), reduction),
    vjp={"self": lambda grad, self, target, reduction, beta: _by_smooth(grad, self, target, reduction, beta),
         "target": lambda grad, self, target, reduction, beta: neg(_by_smooth(grad, self, target, reduction,
         beta))},
    batch=lambda self, target, reduction, beta: reduced_each(smooth_row(self, target, NONE, beta), reduction),
)  # fmt: skip


# --- the public functions ---


def _prepared(name: str, input: Any, target: Any, kernel: str) -> tuple[Tensor, Tensor]:
    """Both operands in one shape and dtype, with torch's warning if the shapes differ."""
    need_tensor(name, input)
    need_tensor(name, target, "target", 2)
    a, b = input._data, target._data
    if a.shape != b.shape:
        warn(messages.LOSS_SIZES.format(target=target.shape, input=input.shape))
        shape = broadcast_shapes(a.shape, b.shape)
        input, target = (x if x._data.shape == shape else expand(x, shape) for x in (input, target))
    if a.dtype != b.dtype:
        dtype = BY_NP[promotion.common(a, b)]
        input, target = input.to(dtype), target.to(dtype)
    if kernel and input._data.dtype.kind not in "fV":
        raise NotImplementedError(
            messages.NOT_FOR.format(kernel=kernel, type=BY_NP[input._data.dtype].type_name)
        )
    return input, target


def _weighted(losses: Tensor, input: Tensor, weight: Tensor, kind: int, by_weight: bool = True) -> Tensor:
    if weight._data.shape != input._data.shape:
        raise ValueError(messages.LOSS_WEIGHT)
    losses = mul(losses, weight)
    if kind == MEAN and by_weight:
        return div(sum_front(losses), sum_front(weight))
    return finished(losses, kind)


@public(torch=False, method=False, spaces=("nn.functional",))
def mse_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    """The squared differences: their mean, their sum, or (reduction "none") each; `weight` multiplies them.

    Shapes broadcast, with a warning.

    >>> import leafgrad as torch
    >>> torch.nn.functional.mse_loss(torch.tensor([1., 2.]), torch.tensor([1., 4.]))
    tensor(2.)
    """
    kind = reduction_of(reduction, size_average, reduce)
    input, target = _prepared("mse_loss", input, target, "mse_cpu" if weight is None else "")
    if weight is not None:
        return _weighted(power(sub(input, target), 2), input, weight, kind)
    return mse_row(input, target, kind)


@public(torch=False, method=False, spaces=("nn.functional",))
def l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    """The absolute differences: their mean, their sum, or (reduction "none") each; `weight` multiplies them.

    >>> import leafgrad as torch
    >>> torch.nn.functional.l1_loss(torch.tensor([1., 2.]), torch.tensor([1., 4.]))
    tensor(1.)
    """
    kind = reduction_of(reduction, size_average, reduce)
    input, target = _prepared("l1_loss", input, target, "")
    losses = absolute(sub(input, target))
    return finished(losses, kind) if weight is None else _weighted(losses, input, weight, kind)


@public(torch=False, method=False, spaces=("nn.functional",))
def smooth_l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    beta: float = 1.0,
) -> Tensor:
    """Squared differences (over 2 beta) below beta, absolute ones (less beta / 2) above.  RuntimeError for a
    negative beta.

    >>> import leafgrad as torch
    >>> torch.nn.functional.smooth_l1_loss(torch.tensor([0., 0.]), torch.tensor([1., 3.]), reduction="none")
    tensor([0.5000, 2.5000])
    """
    kind = reduction_of(reduction, size_average, reduce)
    if beta < 0:
        raise RuntimeError(messages.SMOOTH_L1_BETA)
    input, target = _prepared("smooth_l1_loss", input, target, "smooth_l1_cpu")
    if beta == 0:
        return finished(absolute(sub(input, target)), kind)
    return smooth_row(input, target, kind, beta)


@public(torch=False, method=False, spaces=("nn.functional",))
def huber_loss(
    input: Tensor, target: Tensor, reduction: str = "mean", delta: float = 1.0, weight: Tensor | None = None
) -> Tensor:
    """Half the squared differences below delta, delta times (the absolute ones less delta / 2) above.

    RuntimeError unless delta > 0.

    >>> import leafgrad as torch
    >>> torch.nn.functional.huber_loss(torch.zeros(2), torch.tensor([1., 3.]), delta=2., reduction="none")
    tensor([0.5000, 4.0000])
    """
    kind = reduction_of(reduction)
    if delta <= 0:
        raise RuntimeError(messages.HUBER_DELTA)
    input, target = _prepared("huber_loss", input, target, "huber_cpu")
    if weight is not None:
        return _weighted(huber_row(input, target, NONE, delta), input, weight, kind, by_weight=False)
    return huber_row(input, target, kind, delta)


@public(torch=False, method=False, spaces=("nn.functional",))
def kl_div(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    log_target: bool = False,
) -> Tensor:
    """The Kullback-Leibler divergence: target * (log target - input), `input` being log-probabilities.

    log_target: the target is given as its logarithm.  reduction "batchmean": the sum over the length of the
    first dimension.

    >>> import leafgrad as torch
    >>> p = torch.tensor([[0.5, 0.5]])
    >>> torch.nn.functional.kl_div(p.log(), p, reduction="batchmean")
    tensor(0.)
    """
    if size_average is not None or reduce is not None:
        kind = reduction_of(reduction, size_average, reduce)
    else:
        if reduction == "mean":
            warn(messages.KL_MEAN)
        kind = SUM if reduction == "batchmean" else reduction_of(reduction)
    need_tensor("kl_div", input)
    need_tensor("kl_div", target, "target", 2)
    if log_target:
        losses = mul(exp(target), sub(target, input))
    else:
        losses = sub(xlogy(target, target, None), mul(target, input))
    result = finished(losses, kind)
    return div(result, input._data.shape[0]) if reduction == "batchmean" and input._data.ndim else result
