"""The argument `reduction` of losses: what it says, and what it does to the losses of the elements."""

from typing import Any

import numpy as np

from ..base import messages
from ..base.where import warn
from ..tensor.tensor import Tensor
from ..values import reductions
from .arithmetic import div
from .reduce import mean_dims, mean_front, of_samples, sum_dims, sum_front
from .samples import aligned

ndarray = np.ndarray
NONE, MEAN, SUM = range(3)


def reduction_of(reduction: str, size_average: bool | None = None, reduce: bool | None = None) -> int:
    """torch's number for a reduction; the deprecated arguments, where given, decide with a warning."""
    if size_average is not None or reduce is not None:
        size_average, reduce = size_average is not False, reduce is not False
        chosen = "none" if not reduce else "mean" if size_average else "sum"
        warn(messages.REDUCTION_LEGACY.format(reduction=chosen))
        reduction = chosen
    try:
        return ("none", "mean", "sum").index(reduction)
    except ValueError:
        raise ValueError(messages.REDUCTION.format(reduction=reduction)) from None


def reduced(losses: ndarray, reduction: int) -> ndarray:
    """The losses of the elements, their mean, or their sum."""
    if reduction == NONE:
        return losses
    return reductions.average(losses) if reduction == MEAN else reductions.total(losses)


def share(grad: Any, self: Any, reduction: int) -> Any:
    """The gradient of each element's loss."""
    size = self._data.size if isinstance(self, Tensor) else self.size
    return div(grad, size) if reduction == MEAN else grad


def finished(losses: Tensor, kind: int) -> Tensor:
    """`reduced` on tensors, as ops of their own."""
    return losses if kind == NONE else sum_front(losses) if kind == SUM else mean_front(losses)


def reduced_each(losses: Tensor, reduction: int) -> Tensor:
    """`reduced` of each sample in a batch of losses."""
    if reduction == NONE:
        return losses
    return (sum_dims if reduction == SUM else mean_dims)(of_samples(losses), (1,), False)


def beside_each(x: Tensor | None, like: Tensor) -> Tensor | None:
    """A batch whose samples broadcast with those of another, if need be with dimensions of length 1 before their own."""
    return x if x is None else aligned(x, like._data.ndim - 1)
