"""Public views of parts: select, narrow, diagonal, unfold, as_strided; and resize_ and set_, which change what is shown."""

from math import prod
from typing import Any

import numpy as np

from ..base import messages
from ..base.state import modes
from ..op.table import public
from ..tensor.call import view_of
from ..tensor.kinds import primitive
from ..tensor.misuse import invalid, wrong
from ..tensor.node import edge_of
from ..tensor.numpy_names import by_numpy_name
from ..tensor.tensor import Tensor, check_untracked
from ..tensor.view import turn
from ..tensor.write import bump, check_inplace
from ..values import strides
from ..values.buffers import no_room, zeros
from ..values.device import channels_last, channels_last_3d, contiguous_format, preserve_format
from . import views
from .arguments import integer, need_tensor, size_list, sizes, wrap_dim, wrapped
from .outs import check_out
from .samples import is_sample

SLICE = views.slice_of.op


@public()
def select(input: Tensor, dim: int, index: int, *, axis: Any = None) -> Tensor:
    """The part at `index` of dimension `dim`, without that dimension.  IndexError where there is none.

    >>> import leafgrad as torch
    >>> torch.arange(6).view(2, 3).select(0, 1)
    tensor([3, 4, 5])
    """
    dim = dim if axis is None else by_numpy_name("axis", axis, dim)
    need_tensor("select", input)
    dim, index = integer("select", dim, "dim", 2), integer("select", index, "index", 3)
    select_index(input, dim, index)
    return views.select(input, dim, index)


def select_index(x: Tensor, dim: int, index: int) -> int:
    """The dimension, counted from the front; IndexError if it has no such index."""
    shape = x._data.shape
    if not shape:
        raise IndexError(messages.SELECT_ZERO_DIM)
    at = wrap_dim(dim, len(shape))
    n = shape[at]
    if not -n <= index < n:
        raise IndexError(messages.SELECT_RANGE.format(index=index, shape=list(shape), dim=at))
    return at


def sliced(x: Tensor, dim: int, start: int, end: int, step: int = 1) -> Tensor:
    """x[start:end:step] along a dimension, for bounds that are right."""
    return view_of(
        x, strides.cut(x._data, dim % x._data.ndim, start, end, step), SLICE, (dim, start, end, step)
    )


_NARROW = ("Tensor input, int dim, Tensor start, int length", "Tensor input, int dim, int start, int length")


def narrow_bounds(op: str, x: Tensor, dim: Any, start: Any, length: Any) -> tuple[int, int, int]:
    """(dim, start, length) of a part that is there; IndexError or RuntimeError if it is not."""
    if isinstance(start, Tensor):
        if start._data.ndim or start._data.dtype.kind not in "iu":
            raise RuntimeError(messages.NARROW_TENSOR)
        start = int(start._data)
    for n in (dim, start, length):
        if isinstance(n, bool) or not hasattr(n, "__index__"):
            raise invalid(op, _NARROW)
    dim, start, length = int(dim), int(start), int(length)
    shape = x._data.shape
    if not shape:
        raise RuntimeError(messages.NARROW_ZERO_DIM)
    if length < 0:
        raise RuntimeError(messages.NARROW_LENGTH)
    n = shape[wrapped(dim, len(shape))]
    if not -n <= start <= n:
        raise IndexError(messages.NARROW_START.format(low=-n, high=n, start=start))
    start = start + n if start < 0 else start
    if start + length > n:
        raise RuntimeError(messages.NARROW_END.format(start=start, length=length, size=n))
    return dim, start, length


@public(signatures=_NARROW)
def narrow(input: Tensor, dim: int, start: Any, length: int, *, axis: Any = None) -> Tensor:
    """The `length` parts from `start` of a dimension; `start` may be an integer tensor, and negative.

    >>> import leafgrad as torch
    >>> torch.arange(5).narrow(0, 1, 3)
    tensor([1, 2, 3])
    """
    dim = dim if axis is None else by_numpy_name("axis", axis, dim)
    need_tensor("narrow", input)
    dim, start, length = narrow_bounds("narrow", input, dim, start, length)
    return sliced(input, dim, start, start + length)


_narrow_copy = primitive(
    "narrow_copy", lambda self, /, dim, start, length: strides.cut(self, dim % self.ndim, start, start + length, 1).copy(), linear=True,
    vjp={
        "self": lambda grad, dim, start, length, self_sym_sizes: views.slice_backward(
            grad, self_sym_sizes, dim, start, start + length, 1
        )
    },
)  # fmt: skip


@public()
def narrow_copy(
    input: Tensor, dim: int, start: int, length: int, *, out: Tensor | None = None, axis: Any = None
) -> Tensor:
    """A copy of `narrow(dim, start, length)`.

    >>> import leafgrad as torch
    >>> torch.arange(5).narrow_copy(0, 1, 3)
    tensor([1, 2, 3])
    """
    need_tensor("narrow_copy", input)
    bounds = narrow_bounds(
        "narrow_copy", input, dim if axis is None else by_numpy_name("axis", axis, dim), start, length
    )
    check_out("narrow_copy", out, input, text=messages.NARROW_COPY_OUT)
    return _narrow_copy(input, *bounds, out=out)


@public()
def diagonal(input: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    """The diagonal of two dimensions, `offset` above the main one, as the last dimension.

    >>> import leafgrad as torch
    >>> torch.arange(9).view(3, 3).diagonal(1)
    tensor([1, 5])
    """
    need_tensor("diagonal", input)
    return views.diagonal(input, *diagonal_dims("diagonal", input, offset, dim1, dim2))


def diagonal_dims(op: str, x: Tensor, offset: Any, dim1: Any, dim2: Any) -> tuple[int, int, int]:
    """The arguments of `diagonal`, checked."""
    offset = integer(op, offset, "offset", 2)
    dim1, dim2 = integer(op, dim1, "dim1", 3), integer(op, dim2, "dim2", 4)
    ndim = x._data.ndim
    first, second = wrap_dim(dim1, ndim), wrap_dim(dim2, ndim)
    if first == second:
        raise RuntimeError(messages.DIAGONAL_SAME.format(dim1=dim1, dim2=dim2))
    return offset, dim1, dim2


@public(torch=False)
def unfold(self: Tensor, dimension: int, size: int, step: int) -> Tensor:
    """All windows of `size` along a dimension, `step` apart; a new last dimension runs through each.

    >>> import leafgrad as torch
    >>> torch.arange(4).unfold(0, 2, 1)
    tensor([[0, 1],
            [1, 2],
            [2, 3]])
    """
    dimension = integer("unfold", dimension, "dimension", 2)
    size, step = integer("unfold", size, "size", 3), integer("unfold", step, "step", 4)
    shape = self._data.shape
    at = wrap_dim(dimension, len(shape))
    n = shape[at] if shape else 1
    if size < 0:
        raise RuntimeError(messages.UNFOLD_NEGATIVE.format(size=size))
    if size > n:
        raise RuntimeError(messages.UNFOLD_SIZE.format(dim=at, most=n, size=size))
    if step <= 0:
        raise RuntimeError(messages.UNFOLD_STEP.format(step=step))
    return views.unfold(self, dimension, size, step)


# --- any window on the storage ---


def window(op: str, x: Any, size: Any, stride: Any, storage_offset: Any) -> tuple[tuple, tuple, int | None]:
    """The arguments of `as_strided`, checked; RuntimeError if the window is not within the storage."""
    need_tensor(op, x)
    size, stride = size_list(op, size, "size", 2), size_list(op, stride, "stride", 3)
    if storage_offset is not None:
        storage_offset = integer(op, storage_offset, "storage_offset", 4)
    data = x._data
    check_window(size, stride, strides.offset(data) if storage_offset is None else storage_offset, data)
    return size, stride, storage_offset


def check_window(size: tuple, stride: tuple, offset: int, data: np.ndarray) -> None:
    """Raise if the storage of `data` has no such window."""
    if len(size) != len(stride):
        raise RuntimeError(messages.STRIDED_LENGTHS)
    if any(s < 0 for s in stride):
        raise RuntimeError(messages.STRIDED_NEGATIVE.format(stride=list(stride)))
    if any(n < 0 for n in size):
        raise RuntimeError(messages.STRIDED_SIZE.format(size=list(size), stride=list(stride)))
    strides.check_bounds(size, stride, offset, data.itemsize, strides.storage_bytes(data))


@public()
def as_strided(input: Tensor, size: Any, stride: Any, storage_offset: int | None = None) -> Tensor:
    """A window of any size and strides (in elements) on the storage of `input`, from `storage_offset` (default: input's own).

    Elements of the window may share memory; gradients add up there.  RuntimeError if it reaches beyond the storage.

    >>> import leafgrad as torch
    >>> torch.arange(4).as_strided((3, 2), (1, 1))
    tensor([[0, 1],
            [1, 2],
            [2, 3]])
    """
    return views.as_strided(input, *window("as_strided", input, size, stride, storage_offset))


@public(name="as_strided_")
def as_strided_(input: Tensor, size: Any, stride: Any, storage_offset: int | None = None) -> Tensor:
    """`as_strided` in place: the tensor keeps its storage.

    >>> import leafgrad as torch
    >>> torch.arange(4).as_strided_((2,), (2,))
    tensor([0, 2])
    """
    need_tensor("as_strided_", input)
    check_inplace(views.as_strided_in_place, (input,))
    params = window("as_strided_", input, size, stride, storage_offset)
    return turn(input, views.as_strided_in_place, (*params, strides.geometry(input._data)))


# --- other memory ---


def check_format(op: str, memory_format: Any, ndim: int, default: Any = None) -> Any:
    """A memory format for a tensor of `ndim` dimensions; TypeError or RuntimeError if it is none."""
    if memory_format is None:
        return default
    if type(memory_format) is not type(contiguous_format):
        raise wrong(op, "memory_format", None, "torch.memory_format", memory_format)
    rank = 4 if memory_format is channels_last else 5 if memory_format is channels_last_3d else ndim
    if rank != ndim:
        raise RuntimeError(messages.FORMAT_RANK.format(rank=rank, format=memory_format.name))
    return memory_format


def _resize_samples(self: Tensor, shape: tuple) -> Tensor:
    """Inside vmap each sample gets memory of its own, with its first elements and then zeros."""
    n, size = prod(shape), self._data.size
    flat = views.reshape(self, (size,))
    out = views.slice_of(flat, 0, 0, n, 1) if n < size else views.slice_backward(flat, (n,), 0, 0, size, 1)
    out = views.reshape(out, shape)
    self._data, self._notes, self._counter = out._data, out._notes, out._counter
    return self


@public(torch=False, name="resize_")
def resize_(self: Tensor, *sizes_: Any, size: Any = None, memory_format: Any = None) -> Tensor:
    """Change the shape in place, contiguous from where the tensor begins; more memory, with unspecified contents, if it must be.

    RuntimeError if the tensor requires grad.

    >>> import leafgrad as torch
    >>> torch.arange(4).resize_(2)
    tensor([0, 1])
    """
    shape = sizes("resize_", sizes_ if size is None else (size,))
    if edge_of(self) is not None:
        raise RuntimeError(messages.RESIZE_GRAD)
    if any(n < 0 for n in shape):
        raise RuntimeError(messages.RESIZE_NEGATIVE)
    memory_format = check_format("resize_", memory_format, len(shape), contiguous_format)
    if memory_format is preserve_format:
        raise RuntimeError(messages.FORMAT_UNSUPPORTED.format(format="Preserve"))
    x = self._data
    if shape == x.shape:
        return self
    if modes and is_sample(self):
        return _resize_samples(self, shape)
    check_untracked(self)
    step = strides.contiguous(shape) if memory_format is contiguous_format else strides.channels_last(shape)
    skip = strides.offset(x)
    if (skip + prod(shape)) * x.itemsize > strides.storage_bytes(x):
        old = strides.root(x).reshape(-1).view(x.dtype)
        if prod(shape) * x.itemsize >= 1 << 63:
            raise no_room(shape, x.dtype)
        memory = zeros((skip + prod(shape),), x.dtype)
        memory[: old.size] = old
        self._data = strides.at(memory, (shape, step, skip))
    else:
        self._data = strides.window(x, shape, tuple([s * x.itemsize for s in step]))
    bump(self)
    return self
