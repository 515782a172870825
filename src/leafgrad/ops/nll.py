"""Classification losses: nll_loss and cross_entropy."""

from typing import Any

import numpy as np

from ..base import messages
from ..op.table import public
from ..tensor.batch import bottom
from ..tensor.kinds import primitive
from ..tensor.tensor import Tensor, wrap
from ..values import buffers
from ..values.dtype import BY_NP
from .arguments import need_tensor
from .arithmetic import add, div, mul, neg
from .comparison import ne
from .copies import to_copy
from .picking import add_up, pick_many
from .reduce import of_samples, sum_front
from .reduction import MEAN, NONE, SUM, reduced_each, reduction_of
from .scaling import over
from .shapes import reshaped
from .softmax import log_softmax_front as log_softmax
from .ternary import where
from .views import reshape, unsqueeze

ndarray = np.ndarray

# --- the op: minus the entry of each row that the target names ---


def _plain(target: ndarray, weight: ndarray | None, ignore_index: int, classes: int) -> bool:
    """Whether every sample counts, and counts the same."""
    return weight is None and not 0 <= ignore_index < classes and _all_classes(target, classes)


def _all_classes(target: ndarray, classes: int) -> bool:
    """Whether every target is a class; as unsigned numbers, the negative ones are the largest."""
    if not target.size:
        return True
    flat = target.ravel()
    unsigned = flat.view(np.uint64) if flat.dtype.kind == "i" else flat
    return unsigned.item(unsigned.argmax()) < classes


def _weights(
    target: ndarray, weight: ndarray | None, ignore_index: int, dtype: np.dtype
) -> tuple[ndarray, ndarray]:
    """The class of each sample (0 where ignored) and its weight (0 where ignored)."""
    kept = target != ignore_index
    classes = np.where(kept, target, 0)
    w = kept.astype(dtype) if weight is None else np.where(kept, weight[classes], dtype.type(0))
    return classes, w


def _nll(
    self: ndarray, target: ndarray, weight: ndarray | None, /, reduction: int, ignore_index: int
) -> tuple:
    dtype = self.dtype
    if _plain(target, weight, ignore_index, self.shape[self.ndim > 1]):
        if reduction == MEAN and self.ndim == 2 and target.size and self.itemsize > 2:
            count = np.array(-target.size, dtype)
            loss = np.add.reduce(_at(self, target), out=...)
            return np.divide(loss, count, out=loss), np.negative(count, out=count)
        losses = np.negative(_at(self, target), out=...)
        total = np.array(target.size, dtype)
    else:
        classes, w = _weights(target, weight, ignore_index, dtype)
        losses = np.negative(_at(self, classes) * w, out=...)
        losses[target == ignore_index] = 0  # whatever stands there, inf and nan too
        total = np.asarray(np.add.reduce(w, axis=None), dtype)
    if reduction == NONE:
        return losses, np.zeros((), dtype)
    loss = np.add.reduce(losses, axis=None, out=...)
    return (np.divide(loss, total, out=loss) if reduction == MEAN else loss), total


def _places(target: ndarray, classes: int) -> ndarray:
    """Where in a contiguous array of rows each sample's class lies."""
    return np.arange(0, len(target) * classes, classes) + target


def _at(self: ndarray, classes: ndarray) -> ndarray:
    """The entry of each sample at its class; the class axis is the first of one sample, else the second."""
    if self.ndim == 1:
        return np.asarray(self[classes])
    if self.ndim == 2:
        return self.reshape(-1).take(_places(classes, self.shape[1]))
    return np.take_along_axis(self, classes[:, None], 1)[:, 0]


def _nll_backward(
    grad: ndarray,
    target: ndarray,
    weight: ndarray | None,
    total_weight: ndarray,
    /,
    reduction: int,
    ignore_index: int,
    sizes: tuple,
) -> ndarray:
    plain = _plain(target, weight, ignore_index, sizes[len(sizes) > 1])
    if plain:
        classes, values = target, np.negative(grad, out=...)
    else:
        classes, w = _weights(target, weight, ignore_index, grad.dtype)
        values = np.negative(grad * w, out=...)
    if reduction == MEAN:
        values = np.divide(values, total_weight, out=values)
    if not plain:
        values[target == ignore_index] = 0  # also where nothing weighs anything
    out = buffers.empty(sizes, grad.dtype)
    out.fill(0)
    if out.ndim == 1:
        out[classes] = values
    elif out.ndim == 2:
        out.reshape(-1)[_places(classes, sizes[1])] = values
    else:
        np.put_along_axis(out, classes[:, None], np.broadcast_to(values, classes.shape)[:, None], 1)
    return out


# For a batch of calls, the same in terms of other ops: the samples may have weights of their own, and differ in how much
# they weigh together.


def _each_weight(
    target: Tensor, weight: Tensor | None, ignore_index: int, dtype: np.dtype
) -> tuple[Tensor, Tensor, Tensor]:
    """`_weights` of a batch; and what is not to be ignored: the rest is left out by `where`, as a sample may have nothing else, and
    then divides by 0.
    """
    kept = ne(target, ignore_index)
    classes = where(kept, target, 0)
    if classes._data.dtype != np.int64:
        classes = to_copy(classes, np.dtype(np.int64))
    if weight is None:
        return classes, to_copy(kept, dtype), kept
    found = reshape(pick_many(weight, of_samples(classes), 1), classes._data.shape)
    return classes, where(kept, found, 0), kept


def _single(target: Tensor, weight: Tensor | None, ignore_index: int) -> bool:
    """Whether each sample is one prediction, and weighs 1: then they are just a batch of the op's own."""
    return target._data.ndim == 1 and weight is None and not (bottom(target)[0]._data == ignore_index).any()


def _each(self: Tensor, target: Tensor, weight: Tensor | None, reduction: int, ignore_index: int) -> tuple:
    if _single(target, weight, ignore_index):
        losses = nll_row(self, target, None, NONE, ignore_index)[0]
        shape = target._data.shape
        return losses, wrap((np.zeros if reduction == NONE else np.ones)(shape, self._data.dtype))
    axis = 1 if self._data.ndim == 2 else 2
    classes, w, kept = _each_weight(target, weight, ignore_index, self._data.dtype)
    picked = reshape(pick_many(self, unsqueeze(classes, axis), axis), classes._data.shape)
    losses = where(kept, neg(mul(picked, w)), 0)
    if reduction == NONE:
        return losses, wrap(np.zeros(target._data.shape[:1], self._data.dtype))
    loss, total = reduced_each(losses, SUM), reduced_each(w, SUM)
    return (div(loss, total) if reduction == MEAN else loss), total


def _each_backward(
    grad: Tensor,
    target: Tensor,
    weight: Tensor | None,
    total_weight: Tensor,
    reduction: int,
    ignore_index: int,
    sizes: tuple,
) -> Tensor:
    samples = target._data.shape[0]
    if _single(target, weight, ignore_index):
        return nll_row.backward(grad, target, None, total_weight, NONE, ignore_index, (samples, *sizes))
    classes, w, kept = _each_weight(target, weight, ignore_index, grad._data.dtype)
    grad = div(grad, total_weight) if reduction == MEAN else grad
    if reduction != NONE:
        grad = reshape(grad, (samples, *(1,) * (target._data.ndim - 1)))
    axis = 1 if len(sizes) == 1 else 2
    values = where(kept, neg(mul(grad, w)), 0)
    return add_up(unsqueeze(values, axis), unsqueeze(classes, axis), axis, (samples, *sizes))


def _nll_row(name: str, node: str) -> Any:
    row = primitive(
        name, _nll,
        vjp={"self": lambda grad, self, target, weight, total_weight, reduction, ignore_index: backward(
            grad, target, weight, total_weight, reduction, ignore_index, self.shape)},
        jvp=lambda tangents, self, target, weight, reduction, ignore_index, *_: (
            row(tangents[0], target, weight, reduction, ignore_index)[0], None),
        outputs=("result", "total_weight"), differentiable=1, node=node,
        batch=lambda self, target, weight, reduction, ignore_index: _each(self, target, weight, reduction, ignore_index),
    )  # fmt: skip
    backward = primitive(
        name + "_backward", _nll_backward,
        vjp={"grad": lambda grad, target, weight, reduction, ignore_index: row(grad, target, weight,
        reduction, ignore_index)[0]},
        batch=lambda grad, target, weight, total_weight, reduction, ignore_index, sizes: _each_backward(
            grad, target, weight, total_weight, reduction, ignore_index, sizes),
    )  # fmt: skip
    row.backward = backward
    return row


nll_row = _nll_row("nll_loss", "NllLossBackward0")
nll2d_row = _nll_row("nll_loss2d", "NllLoss2DBackward0")


# --- the public functions ---


def _check_target(labels: Tensor, classes: int, ignore_index: int) -> None:
    target = bottom(labels)[0]._data
    if target.dtype not in (np.int64, np.uint8):
        raise RuntimeError(messages.NLL_DTYPE.format(type=BY_NP[target.dtype].type_name))
    if not _all_classes(target, classes):
        wrong = (target != ignore_index) & ((target < 0) | (target >= classes))
        if wrong.any():
            raise IndexError(messages.NLL_RANGE.format(target=target[wrong].flat[0]))


@public(torch=False, method=False, spaces=("nn.functional",))
def nll_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Minus the log-probability that `input` gives to the class `target`: the negative log likelihood.

    input: (C), (N, C) or (N, C, d1, ...) of log-probabilities; target: the same without C, int64, each in
    [0, C) or `ignore_index`,
    which counts for nothing.  weight: (C), a factor for each class.  reduction: "mean" (weighted), "sum" or
    "none".

    >>> import leafgrad as torch
    >>> torch.nn.functional.nll_loss(torch.tensor([[-1., -2.], [-3., -4.]]), torch.tensor([0, 1]))
    tensor(2.5000)
    """
    kind = reduction_of(reduction, size_average, reduce)
    need_tensor("nll_loss_nd", input)
    need_tensor("nll_loss_nd", target, "target", 2)
    return _nll_loss(input, target, weight, kind, ignore_index)


def _nll_loss(input: Tensor, target: Tensor, weight: Tensor | None, kind: int, ignore_index: int) -> Tensor:
    x, t = input._data, target._data
    if x.ndim < 1:
        raise ValueError(messages.NLL_DIMS.format(ndim=x.ndim))
    if x.ndim != 1 and (t.ndim == 0 or x.shape[0] != t.shape[0]):
        raise ValueError(messages.NLL_BATCH.format(n=x.shape[0], m=t.shape[0] if t.ndim else 0))
    classes = x.shape[0] if x.ndim == 1 else x.shape[1]
    if x.ndim > 2 and t.shape[1:] != x.shape[2:]:
        raise RuntimeError(messages.NLL_SIZE.format(want=[x.shape[0], *x.shape[2:]], got=list(t.shape)))
    if x.ndim <= 2 and t.ndim > 1:
        raise RuntimeError(messages.NLL_MULTI)
    if weight is not None:
        w = weight._data
        if w.shape != (classes,):
            raise RuntimeError(messages.NLL_WEIGHT.format(classes=classes, shape=list(w.shape)))
        if w.dtype != x.dtype:
            raise RuntimeError(
                messages.SCALAR_TYPES.format(want=BY_NP[x.dtype].type_name, got=BY_NP[w.dtype].type_name)
            )
    if x.dtype.kind not in "fV":
        kernel = "nll_loss_out_frame" if x.ndim <= 2 else "nll_loss2d_forward_out_frame"
        raise NotImplementedError(messages.NOT_FOR.format(kernel=kernel, type=BY_NP[x.dtype].type_name))
    _check_target(target, classes, ignore_index)
    if x.ndim <= 2:
        if x.ndim == 1 and t.ndim == 1:
            target = reshaped(target, ())
        return nll_row(input, target, weight, kind, ignore_index)[0]
    if x.ndim == 4:
        return nll2d_row(input, target, weight, kind, ignore_index)[0]
    flat = nll2d_row(
        reshaped(input, (x.shape[0], classes, 1, -1)),
        reshaped(target, (x.shape[0], 1, -1)),
        weight,
        kind,
        ignore_index,
    )[0]
    return reshaped(flat, t.shape) if kind == NONE else flat


@public(torch=False, method=False, spaces=("nn.functional",))
def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """`nll_loss` of the log-softmax of `input`: the cross entropy between unnormalised scores and targets.

    input: (C), (N, C) or (N, C, d1, ...); target: classes as for `nll_loss`, or probabilities of the shape
    and kind of `input`.
    label_smoothing: how much of each target, in [0, 1], is spread evenly over all classes.

    >>> import leafgrad as torch
    >>> torch.nn.functional.cross_entropy(torch.zeros(1, 4), torch.tensor([2]))
    tensor(1.3863)
    """
    kind = reduction_of(reduction, size_average, reduce)
    need_tensor("cross_entropy_loss", input)
    need_tensor("cross_entropy_loss", target, "target", 2)
    if not 0 <= label_smoothing <= 1:
        raise RuntimeError(messages.LABEL_SMOOTHING.format(value=f"{label_smoothing:g}"))
    axis = 0 if input._data.ndim == 1 else 1
    if target._data.shape == input._data.shape:
        return _with_probabilities(input, target, weight, ignore_index, kind, label_smoothing, axis)
    logs = log_softmax(input, axis)
    if not label_smoothing:
        return _nll_loss(logs, target, weight, kind, ignore_index)
    return _smoothed(logs, target, weight, kind, ignore_index, label_smoothing, axis)


def _along(weight: Tensor, x: Tensor, axis: int) -> Tensor:
    """Class weights, shaped to multiply x."""
    return reshaped(weight, tuple(-1 if i == axis else 1 for i in range(x._data.ndim)))


def _with_probabilities(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None,
    ignore_index: int,
    kind: int,
    smoothing: float,
    axis: int,
) -> Tensor:
    x, t = input._data, target._data
    if t.dtype.kind not in "fV":
        raise RuntimeError(messages.CROSS_ENTROPY_FLOAT.format(type=BY_NP[t.dtype].type_name))
    if ignore_index >= 0:
        raise RuntimeError(messages.CROSS_ENTROPY_IGNORE)
    classes = x.shape[axis]
    if weight is not None and weight._data.shape != (classes,):
        raise RuntimeError(messages.CROSS_ENTROPY_WEIGHT)
    if smoothing:
        target = add(mul(target, 1 - smoothing), smoothing / classes)
    loss = mul(log_softmax(input, axis), target)
    if weight is not None:
        loss = mul(loss, _along(weight, input, axis))
    if kind == NONE:
        return neg(sum_front(loss, axis))
    total = neg(sum_front(loss))
    return total if kind == SUM else over(total, x.size / classes if classes else 1)


def _smoothed(
    logs: Tensor,
    target: Tensor,
    weight: Tensor | None,
    kind: int,
    ignore_index: int,
    smoothing: float,
    axis: int,
) -> Tensor:
    """The loss of the targets and, for the part that is spread over all classes, of every class."""
    sharp = _nll_loss(logs, target, weight, kind, ignore_index)
    spread = neg(sum_front(logs if weight is None else mul(logs, _along(weight, logs, axis)), axis))
    kept = ne(target, ignore_index)
    spread = mul(spread, to_copy(kept, logs._data.dtype))
    if kind == SUM:
        spread = sum_front(spread)
    elif kind == MEAN:
        spread = div(sum_front(spread), _count(target, kept, weight))
    return add(mul(sharp, 1 - smoothing), mul(spread, smoothing / logs._data.shape[axis]))


def _count(target: Tensor, kept: Tensor, weight: Tensor | None) -> Any:
    """How many targets are not ignored, or their weights together."""
    if weight is None:
        return sum_front(kept)
    classes = reshape(where(kept, target, 0), (-1,))
    if classes._data.dtype != np.int64:
        classes = to_copy(classes, np.dtype(np.int64))
    return sum_front(mul(pick_many(weight, classes, 0), reshape(kept, (-1,))))
