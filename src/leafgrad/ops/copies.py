"""Copies and conversions: clone, detach, contiguous, copy_, fill_, zero_, and the cast that every `.to` is made of."""

from typing import Any

import numpy as np

from ..base import messages
from ..base.where import warn
from ..op.table import public
from ..tensor.elementwise import broadcast_shapes
from ..tensor.kinds import primitive
from ..tensor.misuse import invalid, renew_arguments, wrong
from ..tensor.tensor import Tensor, wrap
from ..tensor.view import moved
from ..tensor.write import INPLACE, bump, check_inplace, check_shared, inplace, unrecorded
from ..values import copies, strides
from ..values.arguments import number
from ..values.device import contiguous_format, preserve_format
from ..values.strides import check_overlap
from . import views
from .arguments import need_tensor
from .parts import check_format
from .views import sum_to_size, zeros_of

ndarray = np.ndarray

# --- clone, detach, contiguous ---


@public(name="clone")
def clone(input: Tensor, *, memory_format: Any = None) -> Tensor:
    """A copy that gradients flow through; it lies in memory as the tensor does, unless another format is asked for.

    >>> import leafgrad as torch
    >>> torch.ones(2, requires_grad=True).clone()
    tensor([1., 1.], grad_fn=<CloneBackward0>)
    """
    need_tensor("clone", input)
    if memory_format is not None:
        memory_format = check_format("clone", memory_format, input._data.ndim)
    return views.clone(input, memory_format)


@public(method=False)
def detach(input: Tensor) -> Tensor:
    """The same memory with no history: `Tensor.detach` as a function.

    >>> import leafgrad as torch
    >>> torch.detach(torch.ones(2, requires_grad=True) * 2)
    tensor([2., 2.])
    """
    need_tensor("detach", input)
    return input.detach()


@public(name="detach_", method=False)
def detach_(input: Tensor) -> Tensor:
    """Cut a tensor off its graph, so that it becomes a leaf: `Tensor.detach_` as a function.  RuntimeError for a view.

    >>> import leafgrad as torch
    >>> torch.detach_(torch.ones(2, requires_grad=True) * 2)
    tensor([2., 2.])
    """
    need_tensor("detach_", input)
    return input.detach_()


@public(torch=False)
def contiguous(self: Tensor, *, memory_format: Any = None) -> Tensor:
    """The tensor itself if it is contiguous, else a contiguous copy.

    >>> import leafgrad as torch
    >>> torch.ones(2, 3).t().contiguous().stride()
    (2, 1)
    """
    if memory_format is None or memory_format is contiguous_format:
        return self if self._data.flags.c_contiguous else views.clone(self, contiguous_format)
    memory_format = check_format("contiguous", memory_format, self._data.ndim)
    if memory_format is preserve_format:
        if self._data.flags.c_contiguous:
            return self
        raise RuntimeError(messages.FORMAT_PRESERVE)
    return self if strides.is_channels_last(self._data) else views.clone(self, memory_format)


# --- the cast ---

to_copy = moved(
    "_to_copy", lambda self, dtype: strides.preserved(self, dtype), lambda grad: grad, node="ToCopyBackward0",
    batch=lambda self, dtype: to_copy(self, dtype),
)  # fmt: skip

# --- copy_ ---

copy = primitive(
    "copy", lambda self, src, /: src,
    vjp={"self": lambda grad: zeros_of(grad, grad.shape), "src": lambda grad: grad}, linear=True, node="CopyBackwards",
    jvp=lambda tangents, self, src, result: _copied(tangents[1], result._data),
)  # fmt: skip


def _copied(tangent: Any, like: ndarray) -> Any:
    """A tangent in memory of its own: a later write to the copy must not change that of the source."""
    if tangent is None:
        return None
    return to_copy(
        tangent if tangent._data.shape == like.shape else views.expand(tangent, like.shape), like.dtype
    )


def check_copy(target: ndarray, source: ndarray) -> None:
    """Raise if `source` does not broadcast to `target`; warn if its imaginary part gets lost."""
    if source.shape != target.shape:
        shape = broadcast_shapes(target.shape, source.shape)
        if shape != target.shape:
            raise RuntimeError(messages.INPLACE_SHAPE.format(shape=list(target.shape), broadcast=list(shape)))
    if source.dtype.kind == "c" != target.dtype.kind:
        warn(messages.CAST_COMPLEX)


@public(torch=False, name="copy_")
def copy_(self: Tensor, other: Any, non_blocking: bool = False) -> Tensor:
    """Write the values of `other`, a tensor that broadcasts to this one or a number, cast to this dtype.

    non_blocking: accepted as in torch; there is nothing to wait for.  RuntimeError if the shapes do not fit.

    >>> import leafgrad as torch
    >>> torch.zeros(2, 2).copy_(torch.tensor([1.0, 2.0]))
    tensor([[1., 2.],
            [1., 2.]])
    """
    if type(non_blocking) is not bool:
        raise wrong("copy_", "non_blocking", None, "bool", non_blocking)
    if isinstance(other, bool | int | float | complex):
        other = wrap(np.asarray(other))
    need_tensor("copy_", other, "other", 1)
    to, source = self._data, other._data
    if (
        to.shape == source.shape
        and to.dtype is source.dtype
        and unrecorded(self, other)
        and not np.may_share_memory(to, source)
    ):
        check_overlap(to)
        copies.copy_into(to, source)
        bump(self)
        return self
    check_inplace(copy.op, (self, other))
    if strides.same_place(to, source):  # nothing to do but to count it
        return inplace(copy.op, (self, other), stretched=True)
    check_overlap(to)
    check_shared(to, source)
    check_copy(to, source)
    return copy(self, other, out=INPLACE)


# --- fill_, zero_ ---


def _filled(self: ndarray, value: ndarray) -> ndarray:
    out = np.empty_like(self)
    out[...] = value
    return out


fill_number = primitive(
    "fill",
    lambda self, /, value: _filled(self, value),
    vjp={"self": lambda grad: zeros_of(grad, grad.shape)},
    batch=lambda self, value: fill_number(self, value),
)
fill_tensor = primitive(
    "fill", lambda self, value, /: _filled(self, value), node="FillBackward1",
    vjp={"self": lambda grad: zeros_of(grad, grad.shape), "value": lambda grad: sum_to_size(grad, ())},
    batch=lambda self, value: views.clone(
        views.expand(to_copy(views.reshape(value, (-1, *(1,) * (self._data.ndim - 1))), self._data.dtype), self._data.shape),
        contiguous_format,
    ),
)  # fmt: skip
# In place, the value itself is the result: it is broadcast when it is written.
fill_number_in_place = primitive(
    "fill_",
    lambda self, /, value: np.asarray(value),
    vjp={"self": lambda grad: zeros_of(grad, grad.shape)},
    node="FillBackward2",
)
fill_tensor_in_place = primitive(
    "fill_", lambda self, value, /: value, node="FillBackward3",
    vjp={"self": lambda grad: zeros_of(grad, grad.shape), "value": lambda grad: sum_to_size(grad, ())},
)  # fmt: skip
zero_in_place = primitive(
    "zero", lambda self, /: np.zeros((), self.dtype), vjp={"self": lambda grad: zeros_of(grad, grad.shape)}
)

_FILL = ("Tensor input, Tensor value", "Tensor input, Number value")


def _fill_value(op: str, x: Any, value: Any) -> Any:
    """A 0-dim tensor, or a number of x's dtype."""
    need_tensor(op, x)
    if isinstance(value, Tensor):
        if value._data.ndim:
            renew_arguments()
            raise RuntimeError(messages.FILL_DIMS.format(ndim=value._data.ndim))
        return value
    if not isinstance(value, bool | int | float | complex | np.generic):
        raise invalid(op, _FILL)
    return number(value, x._data.dtype)


@public(name="fill_")
def fill_(input: Tensor, value: Any) -> Tensor:
    """Write `value`, a number or a 0-dim tensor, everywhere.  RuntimeError if it does not fit the dtype.

    >>> import leafgrad as torch
    >>> torch.zeros(2).fill_(3)
    tensor([3., 3.])
    """
    need_tensor("fill_", input)
    check_inplace(fill_tensor_in_place.op, (input, value))
    value = _fill_value("fill_", input, value)
    if not isinstance(value, Tensor) and unrecorded(input):
        copies.fill(input._data, value)
        bump(input)
        return input
    if isinstance(value, Tensor):
        return inplace(fill_tensor_in_place.op, (input, value))
    return inplace(fill_number_in_place.op, (input,), (value,), stretched=True)


@public(method=False)
def fill(input: Tensor, value: Any) -> Tensor:
    """A tensor like `input` with `value` everywhere.

    >>> import leafgrad as torch
    >>> torch.fill(torch.zeros(2), 3)
    tensor([3., 3.])
    """
    value = _fill_value("fill", input, value)
    return fill_tensor(input, value) if isinstance(value, Tensor) else fill_number(input, value)


@public(name="zero_")
def zero_(input: Tensor) -> Tensor:
    """Write zero everywhere.

    >>> import leafgrad as torch
    >>> torch.ones(2).zero_()
    tensor([0., 0.])
    """
    need_tensor("zero_", input)
    if unrecorded(input):
        copies.fill(input._data, 0)
        bump(input)
        return input
    return inplace(zero_in_place.op, (input,), stretched=True)
