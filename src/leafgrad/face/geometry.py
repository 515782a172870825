"""How a tensor lies in memory: size, stride, contiguity, storage."""

from typing import Any

import numpy as np

from ..base import messages
from ..op.record import Op
from ..op.table import public
from ..ops.arguments import integer, need_tensor, size_list, wrap_dim
from ..ops.arithmetic import not_differentiable
from ..ops.parts import check_format, check_window
from ..ops.samples import refuse_samples
from ..tensor.call import record, recording
from ..tensor.leaf import follow
from ..tensor.misuse import invalid
from ..tensor.node import edge_of
from ..tensor.tensor import Tensor, check_untracked, wrap
from ..tensor.write import bump, check_history
from ..values import size as sizes
from ..values import strides
from ..values.arguments import CPP
from ..values.device import CPU, contiguous_format, preserve_format
from ..values.dtype import BY_NP

# --- size ---


def _at(op: str, dim: Any, values: tuple) -> int:
    dim = integer(op, dim, "dim", 2)
    if not values:
        raise IndexError(messages.NO_DIMENSIONS.format(dim=dim))
    return values[wrap_dim(dim, len(values))]


@public(torch=False)
def size(self: Tensor, dim: int | None = None) -> Any:
    """The shape, or the size of one dimension.

    >>> import leafgrad as torch
    >>> torch.ones(2, 3).size(), torch.ones(2, 3).size(-1)
    (torch.Size([2, 3]), 3)
    """
    shape = self._data.shape
    return sizes.of(shape) if dim is None else _at("size", dim, shape)


@public(torch=False)
def dim(self: Tensor) -> int:
    """The number of dimensions.

    >>> import leafgrad as torch
    >>> torch.ones(2, 3).dim()
    2
    """
    return self._data.ndim


@public(torch=False)
def ndimension(self: Tensor) -> int:
    """The number of dimensions, under its old name."""
    return self._data.ndim


@public()
def numel(input: Tensor) -> int:
    """The number of elements.

    >>> import leafgrad as torch
    >>> torch.numel(torch.ones(2, 3))
    6
    """
    need_tensor("numel", input)
    return input._data.size


@public(torch=False)
def nelement(self: Tensor) -> int:
    """The number of elements, under its old name."""
    return self._data.size


@public(torch=False)
def element_size(self: Tensor) -> int:
    """The bytes of one element.

    >>> import leafgrad as torch
    >>> torch.ones(2).element_size()
    4
    """
    return self._data.itemsize


# --- strides ---


@public(torch=False)
def stride(self: Tensor, dim: int | None = None) -> Any:
    """How many elements of memory lie between neighbours along each dimension, or along one.

    >>> import leafgrad as torch
    >>> torch.ones(2, 3).stride(), torch.ones(2, 3).t().stride(0)
    ((3, 1), 1)
    """
    steps = strides.elements(self._data)
    return steps if dim is None else _at("stride", dim, steps)


@public(torch=False)
def storage_offset(self: Tensor) -> int:
    """How many elements of the storage lie before the tensor's first.

    >>> import leafgrad as torch
    >>> torch.ones(2, 3)[1].storage_offset()
    3
    """
    return strides.offset(self._data)


@public(torch=False)
def is_contiguous(self: Tensor, *, memory_format: Any = contiguous_format) -> bool:
    """Whether the elements lie in memory one after the other, in the order of the last dimension first (or of another format).

    >>> import leafgrad as torch
    >>> torch.ones(2, 3).is_contiguous(), torch.ones(2, 3).t().is_contiguous()
    (True, False)
    """
    if memory_format is contiguous_format or memory_format is preserve_format:
        return self._data.flags.c_contiguous
    ndim = {"channels_last": 4, "channels_last_3d": 5}.get(getattr(memory_format, "name", ""))
    if ndim is None:
        check_format("is_contiguous", memory_format, self._data.ndim)
    return self._data.ndim == ndim and strides.is_channels_last(self._data)


@public(torch=False)
def dim_order(self: Tensor) -> tuple[int, ...]:
    """The dimensions from outermost to innermost in memory.

    >>> import leafgrad as torch
    >>> torch.ones(2, 3).t().dim_order()
    (1, 0)
    """
    steps = strides.elements(self._data)
    return tuple(sorted(range(len(steps)), key=lambda d: (-steps[d], d)))


# --- storage ---


class UntypedStorage:
    """The memory under a tensor, which all its views share: bytes."""

    __slots__ = ("_memory",)

    def __init__(self, memory: np.ndarray) -> None:
        self._memory = memory

    def nbytes(self) -> int:
        """How many bytes it has."""
        return self._memory.nbytes

    size = __len__ = nbytes

    def data_ptr(self) -> int:
        """Where it begins."""
        return strides.address(self._memory) if self._memory.size else 0

    def __getitem__(self, i: int) -> int:
        return self._memory.ravel("K").view(np.uint8)[i].item()

    def __repr__(self) -> str:
        return f"[torch.storage.UntypedStorage(device={CPU}) of size {self.nbytes()}]"


@public(torch=False)
def untyped_storage(self: Tensor) -> UntypedStorage:
    """The memory under the tensor.

    >>> import leafgrad as torch
    >>> torch.ones(2, 3)[1].untyped_storage().nbytes()
    24
    """
    refuse_samples(messages.VMAP_STORAGE, self, error=NotImplementedError)
    return UntypedStorage(strides.root(self._data))


@public(torch=False)
def data_ptr(self: Tensor) -> int:
    """The address of the first element; 0 for an empty tensor."""
    refuse_samples(messages.VMAP_DATA, self)
    return strides.address(self._data) if self._data.size else 0


@public(torch=False)
def is_set_to(self: Tensor, tensor: Tensor) -> bool:
    """Whether both show the same memory in the same way.

    >>> import leafgrad as torch
    >>> x = torch.ones(4)
    >>> x.is_set_to(x.view(4)), x.is_set_to(x.view(2, 2))
    (True, False)
    """
    need_tensor("is_set_to", tensor, "tensor", 1)
    refuse_samples(messages.VMAP_SET.format(op="is_set_to"), self, tensor)
    a, b = self._data, tensor._data
    return strides.root(a) is strides.root(b) and strides.geometry(a) == strides.geometry(b)


_SET = Op(
    "set", lambda self: self, ("self",), vjp={"self": not_differentiable("aten::set_")}, node="NotImplemented"
)
_SIGNATURES = (
    "Tensor input",
    "Tensor input, torch.Storage source",
    "Tensor input, torch.Storage source, int storage_offset, tuple of ints size, tuple of ints stride = ()",
    "Tensor input, Tensor source",
    "Tensor input, Tensor source, int storage_offset, tuple of ints size, tuple of ints stride = ()",
)


@public(torch=False, name="set_")
def set_(
    self: Tensor, source: Any = None, storage_offset: int | None = None, size: Any = None, stride: Any = None
) -> Tensor:
    """Show other memory: that of a tensor, or a window on a storage; without `source`, none.

    >>> import leafgrad as torch
    >>> x = torch.arange(4)
    >>> torch.tensor([]).long().set_(x.untyped_storage(), 1, (2,))
    tensor([1, 2])
    """
    check_untracked(self)
    refuse_samples(messages.VMAP_SET.format(op="set_"), self, source)
    dtype = self._data.dtype
    if source is None:
        data = np.empty(0, dtype)
    elif isinstance(source, Tensor):
        if source._data.dtype != dtype:
            names = [CPP[BY_NP[d].name] for d in (source._data.dtype, dtype)]
            raise RuntimeError(messages.SET_DTYPE.format(source=names[0], self=names[1]))
        data = source._data
    elif isinstance(source, UntypedStorage):
        data = source._memory.ravel("K").view(dtype)
    else:
        raise invalid("set_", _SIGNATURES)
    if size is not None:
        size = size_list("set_", size, "size", 4)
        step = size_list("set_", stride, "stride", 5) if stride else strides.contiguous(size)
        storage_offset = integer("set_", storage_offset, "storage_offset", 3)
        check_window(size, step, storage_offset, data)
        skip = (storage_offset - strides.offset(data)) * data.itemsize
        data = strides.window(data, size, tuple([s * data.itemsize for s in step]), skip)
    edge = edge_of(self)
    if edge is not None and recording():
        check_history(self)
        self._node = record(_SET, (self,), (), (edge,), wrap(data))
    self._data = data
    bump(self)
    follow(self)
    return self
