"""Public views that change the shape: view, reshape, flatten, expand, squeeze, unsqueeze, ..."""

from math import prod
from typing import Any

import numpy as np

from ..base import messages
from ..base.state import modes
from ..op.table import public
from ..tensor.batch import bottom, hide_all, levels_of
from ..tensor.call import view_of
from ..tensor.misuse import invalid
from ..tensor.numpy_names import by_numpy_name
from ..tensor.tensor import Tensor, counter_of, wrap
from ..tensor.view import turn
from ..tensor.write import check_inplace
from ..values import strides
from ..values.device import contiguous_format
from ..values.dtype import BY_NP
from ..values.dtype import dtype as dtype_class
from ..values.sequences import c_name as type_name
from . import views
from .arguments import integer, need_tensor, size_list, sizes, wrap_dim, wrap_dims, wrapped
from .views import shape_for

VIEW = views.view.op
RESHAPE_ALIAS = views.reshape_alias.op
EXPAND = views.expand.op
UNSQUEEZE = views.unsqueeze.op

# --- view, reshape ---


@public(torch=False)
def view(self: Tensor, *shape: Any, size: Any = None, dtype: Any = None) -> Tensor:
    """The same memory in another shape, or read as another dtype: `x.view(2, 3)`, `x.view((2, 3))`, `x.view(torch.int32)`.

    One size may be -1: what is left.  RuntimeError if the shape has another number of elements or needs a copy.  Read as
    another dtype, it has no gradient.

    >>> import leafgrad as torch
    >>> torch.arange(6).view(2, -1)
    tensor([[0, 1, 2],
            [3, 4, 5]])
    """
    x = self._data
    if shape and type(shape[0]) is int and x.flags.c_contiguous and 1 not in x.shape:  # the usual case, fast
        try:
            data = x.reshape(shape)
        except (TypeError, ValueError):
            pass
        else:
            if data.shape == shape or (x.size and shape.count(-1) == 1 and min(shape) == -1):
                return view_of(self, data, VIEW, (shape,))
    if len(shape) < 2 and not (shape and type(shape[0]) is int):
        given = shape or tuple([x for x in (size, dtype) if x is not None])
        first = given[0] if given else None
        if type(first) is dtype_class:
            return _read_as(self, first)
        if not isinstance(first, tuple | list):
            raise invalid("view", ("torch.dtype dtype", "tuple of ints size"))
        shape = given
    elif isinstance(shape[0], bool) or not hasattr(shape[0], "__index__"):
        raise invalid("view", ("torch.dtype dtype", "tuple of ints size"))
    return views.view(self, sizes("view", shape))


def _read_as(self: Tensor, dtype: Any) -> Tensor:
    x = self._data
    if dtype.np == x.dtype:
        return views.alias(self)
    found = _cast_view(x, dtype)
    if modes and (levels := levels_of(self)):
        return hide_all(_read_as(bottom(self)[0], dtype), levels)
    out = wrap(found)
    out._counter = counter_of(self)
    return out


def _cast_view(x: np.ndarray, dtype: Any) -> np.ndarray:
    """The memory of an array read as another dtype, its last dimension longer or shorter if that is of another size."""
    old, new = x.itemsize, dtype.np.itemsize
    names = {"was": BY_NP[x.dtype].type_name, "to": dtype.type_name}
    shape, step = x.shape, strides.elements(x)
    if old != new:
        if not shape:
            raise RuntimeError(messages.VIEW_DTYPE_SCALAR.format(**names))
        ratio = max(old // new, new // old)
        if old < new and shape[-1] % ratio:
            raise RuntimeError(messages.VIEW_DTYPE_SIZE.format(**names, ratio=ratio, size=shape[-1]))
        if step[-1] != 1:
            raise RuntimeError(messages.VIEW_DTYPE_LAST.format(**names, stride=step[-1]))
        if old > new:
            shape, step = (*shape[:-1], shape[-1] * ratio), (*[s * ratio for s in step[:-1]], 1)
        else:
            if (skip := strides.offset(x)) % ratio:
                raise RuntimeError(messages.VIEW_DTYPE_OFFSET.format(**names, ratio=ratio, offset=skip))
            for i, s in enumerate(step[:-1]):
                if s % ratio:
                    raise RuntimeError(
                        messages.VIEW_DTYPE_STRIDE.format(**names, ratio=ratio, dim=i, stride=s)
                    )
            shape, step = (*shape[:-1], shape[-1] // ratio), (*[s // ratio for s in step[:-1]], 1)
    return strides.window(x, shape, tuple([s * new for s in step]), dtype=dtype.np)


@public(torch=False)
def view_as(self: Tensor, other: Tensor) -> Tensor:
    """`self.view(other.size())`.

    >>> import leafgrad as torch
    >>> torch.arange(4).view_as(torch.ones(2, 2))
    tensor([[0, 1],
            [2, 3]])
    """
    need_tensor("view_as", other, "other", 1)
    return views.view(self, other._data.shape)


def reshaped(x: Tensor, size: tuple) -> Tensor:
    """x in another shape: a view if there is one, else a copy."""
    data = x._data
    shape = shape_for(size, data.size)
    found = strides.reshape_view(data, shape)
    if found is not None:
        return view_of(x, found, VIEW if data.flags.c_contiguous else RESHAPE_ALIAS, (shape,))
    return views.unsafe_view(views.clone(x, contiguous_format), shape)


def _reshape(self: Tensor, *sizes_: Any, shape: Any = None) -> Tensor:
    """The same elements in another shape: a view where there is one, else a copy.  One size may be -1: what is left.

    >>> import leafgrad as torch
    >>> torch.arange(4).reshape(2, -1)
    tensor([[0, 1],
            [2, 3]])
    """
    x = self._data
    if (
        sizes_ and type(sizes_[0]) is int and x.flags.c_contiguous and 1 not in x.shape
    ):  # the usual case, fast
        try:
            data = x.reshape(sizes_)
        except (TypeError, ValueError):
            pass
        else:
            if data.shape == sizes_ or (x.size and sizes_.count(-1) == 1 and min(sizes_) == -1):
                return view_of(self, data, VIEW, (sizes_,))
    return reshaped(self, sizes("reshape", sizes_ if shape is None else (shape,), "shape"))


public(torch=False, name="reshape")(_reshape)


@public(method=False)
def reshape(input: Tensor, shape: Any) -> Tensor:
    """`input` in another shape: a view where there is one, else a copy.  One size may be -1: what is left.

    >>> import leafgrad as torch
    >>> torch.reshape(torch.arange(4), (2, 2))
    tensor([[0, 1],
            [2, 3]])
    """
    need_tensor("reshape", input)
    return reshaped(input, size_list("reshape", shape, "shape", 2))


@public(torch=False)
def reshape_as(self: Tensor, other: Tensor) -> Tensor:
    """`self.reshape(other.size())`.

    >>> import leafgrad as torch
    >>> torch.ones(4).reshape_as(torch.ones(2, 2)).shape
    torch.Size([2, 2])
    """
    need_tensor("reshape_as", other, "other", 1)
    return reshaped(self, other._data.shape)


@public()
def flatten(input: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """The dimensions from `start_dim` to `end_dim` as one: the tensor itself, a view, or a copy where there is no such view.

    >>> import leafgrad as torch
    >>> torch.ones(2, 3, 4).flatten(1).shape
    torch.Size([2, 12])
    """
    need_tensor("flatten", input)
    shape = input._data.shape
    first = wrapped(integer("flatten", start_dim, "start_dim", 2), len(shape))
    last = wrapped(integer("flatten", end_dim, "end_dim", 3), len(shape))
    if first > last:
        raise RuntimeError(messages.FLATTEN_ORDER)
    if not shape:
        return reshaped(input, (1,))
    if first == last:
        return input
    return reshaped(input, (*shape[:first], prod(shape[first : last + 1]), *shape[last + 1 :]))


@public()
def unflatten(input: Tensor, dim: int, sizes: Any, *, axis: Any = None) -> Tensor:
    """One dimension as several of these sizes, one of which may be -1.

    >>> import leafgrad as torch
    >>> torch.ones(2, 6).unflatten(1, (3, -1)).shape
    torch.Size([2, 3, 2])
    """
    need_tensor("unflatten", input)
    shape = input._data.shape
    dim = wrapped(
        integer("unflatten", dim if axis is None else by_numpy_name("axis", axis, dim), "dim", 2), len(shape)
    )
    parts = size_list("unflatten", sizes, "sizes", 3)
    if not parts:
        raise RuntimeError(messages.UNFLATTEN_EMPTY)
    size = shape[dim] if shape else 1
    try:
        found = shape_for(parts, size)
    except RuntimeError as error:
        if parts.count(-1) > 1:
            raise RuntimeError(messages.UNFLATTEN_UNEXPECTED.format(error=error)) from None
        raise RuntimeError(messages.UNFLATTEN_SIZES.format(sizes=list(parts), dim=dim, size=size)) from None
    return views.view(input, (*shape[:dim], *found, *shape[dim + 1 :]))


@public()
def ravel(input: Tensor) -> Tensor:
    """All elements in one dimension: a view where there is one, else a copy.

    >>> import leafgrad as torch
    >>> torch.ones(2, 3).ravel().shape
    torch.Size([6])
    """
    need_tensor("ravel", input)
    if not input._data.flags.c_contiguous:
        input = views.clone(input, contiguous_format)
    return views.view(input, (-1,))


# --- expand ---


def _expanded(x: Tensor, size: tuple[int, ...]) -> Tensor:
    data = strides.expand(x._data, size)
    if data is None:
        expanded_shape(x, size)  # says why
    return view_of(x, data, EXPAND, (size,))  # type: ignore[arg-type]


def expanded_shape(x: Tensor, size: tuple[int, ...]) -> tuple[int, ...]:
    """The sizes with -1 replaced by x's own; RuntimeError where x does not broadcast to them."""
    shape = x._data.shape
    lead = len(size) - len(shape)
    if lead < 0:
        raise RuntimeError(
            messages.EXPAND_COUNT.format(
                type=x.type(), shape=list(shape), size=list(size), count=len(size), ndim=len(shape)
            )
        )  # fmt: skip
    out = list(size)
    for i in range(len(size) - 1, -1, -1):
        n = size[i]
        own = shape[i - lead] if i >= lead else 1
        if n == -1:
            if i < lead:
                raise RuntimeError(messages.EXPAND_LEADING.format(wanted=n, dim=i))
            n = own
        elif n != own and (own != 1 or n < 0):
            if i < lead:
                raise RuntimeError(messages.EXPAND_LEADING.format(wanted=n, dim=i))
            raise RuntimeError(
                messages.EXPAND_SIZE.format(wanted=n, size=own, dim=i, target=list(size), shape=list(shape))
            )
        out[i] = n
    return tuple(out)


@public(torch=False)
def expand(self: Tensor, *sizes_: Any, size: Any = None, implicit: bool = False) -> Tensor:
    """Dimensions of size 1, and new leading ones, repeated without copying; -1 keeps a size.

    Several elements of the result are one place in memory: it must not be written.  RuntimeError if the sizes do not fit.

    >>> import leafgrad as torch
    >>> torch.arange(2).expand(2, -1)
    tensor([[0, 1],
            [0, 1]])
    """
    return _expanded(self, sizes("expand", sizes_ if size is None else (size,)))


@public(torch=False)
def expand_as(self: Tensor, other: Tensor) -> Tensor:
    """`self.expand(other.size())`.

    >>> import leafgrad as torch
    >>> torch.ones(1, 3).expand_as(torch.ones(2, 3)).shape
    torch.Size([2, 3])
    """
    need_tensor("expand_as", other, "other", 1)
    return _expanded(self, other._data.shape)


def _broadcast_to(self: Tensor, *sizes_: Any, size: Any = None) -> Tensor:
    """`self.expand(size)`.

    >>> import leafgrad as torch
    >>> torch.ones(3).broadcast_to(2, 3).shape
    torch.Size([2, 3])
    """
    return _expanded(self, sizes("broadcast_to", sizes_ if size is None else (size,)))


public(torch=False, name="broadcast_to")(_broadcast_to)


@public(method=False)
def broadcast_to(input: Tensor, size: Any) -> Tensor:
    """`input.expand(size)`.

    >>> import leafgrad as torch
    >>> torch.broadcast_to(torch.ones(3), (2, 3)).shape
    torch.Size([2, 3])
    """
    need_tensor("broadcast_to", input)
    return _expanded(input, size_list("broadcast_to", size, "size", 2))


# --- squeeze, unsqueeze ---

_SQUEEZE = ("Tensor input", "Tensor input, int dim", "Tensor input, tuple of ints dim")
_ABSENT: Any = object()


def _squeeze_dims(op: str, dim: Any, ndim: int) -> Any:
    """An int, or a tuple of them; IndexError if there is no such dimension."""
    if isinstance(dim, tuple | list):
        dim = size_list(op, dim, "dim", 2)
        wrap_dims(dim, ndim)
        return dim
    if isinstance(dim, bool) or not hasattr(dim, "__index__"):
        raise invalid(op, _SQUEEZE)
    dim = integer(op, dim, "dim", 2)
    wrap_dim(dim, ndim)
    return dim


@public(signatures=_SQUEEZE)
def squeeze(input: Tensor, dim: Any = _ABSENT, *, axis: Any = None) -> Tensor:
    """Without the dimensions of size 1: all of them, or those that `dim` (an int or a tuple) names.

    >>> import leafgrad as torch
    >>> torch.ones(1, 2, 1).squeeze().shape, torch.ones(1, 2, 1).squeeze(0).shape
    (torch.Size([2]), torch.Size([2, 1]))
    """
    dim = dim if axis is None else by_numpy_name("axis", axis, dim)
    if type(dim) is int and isinstance(input, Tensor):
        wrap_dim(dim, input._data.ndim)
        return views.squeeze(input, dim)
    need_tensor("squeeze", input)
    if dim is _ABSENT:
        return views.squeeze_all(input)
    dim = _squeeze_dims("squeeze", dim, input._data.ndim)
    return views.squeeze(input, dim) if type(dim) is int else views.squeeze_dims(input, dim)


def _squeeze_(self: Tensor, dim: Any = _ABSENT) -> Tensor:
    """`squeeze` in place: the tensor keeps its memory.

    >>> import leafgrad as torch
    >>> torch.ones(1, 2).squeeze_().shape
    torch.Size([2])
    """
    check_inplace(views.squeeze_in_place, (self,))
    if dim is _ABSENT:
        return turn(self, views.squeeze_all_in_place, ())
    dim = _squeeze_dims("squeeze_", dim, self._data.ndim)
    return turn(self, views.squeeze_in_place if type(dim) is int else views.squeeze_dims_in_place, (dim,))


public(torch=False, name="squeeze_")(_squeeze_)


@public()
def unsqueeze(input: Tensor, dim: int, *, axis: Any = None) -> Tensor:
    """A new dimension of size 1 at `dim`, from -(ndim + 1) to ndim.

    >>> import leafgrad as torch
    >>> torch.ones(2, 3).unsqueeze(-1).shape
    torch.Size([2, 3, 1])
    """
    dim = dim if axis is None else by_numpy_name("axis", axis, dim)
    need_tensor("unsqueeze", input)
    x = input._data
    n = x.ndim + 1
    if type(dim) is not int:
        dim = integer("unsqueeze", dim, "dim", 2)
    if not -n <= dim < n:
        wrap_dim(dim, n)
    return view_of(input, strides.unsqueeze(x, dim + n if dim < 0 else dim), UNSQUEEZE, (dim,))


def _unsqueeze_(self: Tensor, dim: int) -> Tensor:
    """`unsqueeze` in place: the tensor keeps its memory.

    >>> import leafgrad as torch
    >>> torch.ones(2).unsqueeze_(0).shape
    torch.Size([1, 2])
    """
    dim = integer("unsqueeze_", dim, "dim", 2)
    check_inplace(views.unsqueeze_in_place, (self,))
    wrap_dim(dim, self._data.ndim + 1)
    return turn(self, views.unsqueeze_in_place, (dim,))


public(torch=False, name="unsqueeze_")(_unsqueeze_)


# --- at least so many dimensions ---


def _each(op: str, tensors: tuple, one: Any) -> Any:
    """`one` of the tensor given, or of each of the tensors given."""
    if len(tensors) == 1:
        if isinstance(tensors[0], Tensor):
            return one(tensors[0])
        if not isinstance(tensors[0], tuple | list):
            raise invalid(op, ("Tensor input", "tuple of Tensors tensors"))
        tensors = tuple(tensors[0])
    for i, x in enumerate(tensors):
        if not isinstance(x, Tensor):
            raise TypeError(messages.ELEMENT.format(i=i, position=0, type=type_name(x)))
    return tuple([one(x) for x in tensors])


@public(method=False)
def atleast_1d(*tensors: Any) -> Any:
    """Tensors with at least one dimension; several at once give a tuple.

    >>> import leafgrad as torch
    >>> torch.atleast_1d(torch.tensor(1.0))
    tensor([1.])
    """
    return _each("atleast_1d", tensors, lambda x: x if x._data.ndim else reshaped(x, (1,)))


@public(method=False)
def atleast_2d(*tensors: Any) -> Any:
    """Tensors with at least two dimensions, new ones in front; several at once give a tuple.

    >>> import leafgrad as torch
    >>> torch.atleast_2d(torch.ones(2))
    tensor([[1., 1.]])
    """

    def one(x: Tensor) -> Tensor:
        n = x._data.ndim
        return x if n > 1 else views.unsqueeze(x, 0) if n else reshaped(x, (1, 1))

    return _each("atleast_2d", tensors, one)


@public(method=False)
def atleast_3d(*tensors: Any) -> Any:
    """Tensors with at least three dimensions; several at once give a tuple.

    >>> import leafgrad as torch
    >>> torch.atleast_3d(torch.ones(2)).shape
    torch.Size([1, 2, 1])
    """

    def one(x: Tensor) -> Tensor:
        n = x._data.ndim
        if n > 2:
            return x
        if n == 2:
            return views.unsqueeze(x, -1)
        return views.unsqueeze(views.unsqueeze(x, 0), -1) if n else reshaped(x, (1, 1, 1))

    return _each("atleast_3d", tensors, one)
