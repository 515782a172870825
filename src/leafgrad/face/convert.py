"""Out of leafgrad: Python numbers, lists, NumPy arrays."""

import copy
from typing import Any

import numpy as np

from ..base import messages
from ..base.state import modes, state
from ..base.where import warn
from ..op.record import Op
from ..op.table import METHODS, public
from ..ops.arguments import need_tensor
from ..ops.nested import item as stored
from ..ops.samples import refuse_samples
from ..tensor.history import requiring
from ..tensor.intercept import intercepted
from ..tensor.node import AccumulateGrad, edge_of
from ..tensor.tensor import FRESH, Tensor, counter_of, mark, untracked, wrap
from ..values.dtype import BY_NP


def _method(function: Any) -> Any:
    METHODS[function.__name__] = function
    return function


@_method
def item(self: Tensor) -> Any:
    """The one element of the tensor as a Python number; RuntimeError if there are more.

    >>> import leafgrad as torch
    >>> torch.tensor([2.5]).item()
    2.5
    """
    if modes:
        refuse_samples(messages.VMAP_ITEM, self)
    if self._data.size != 1:
        raise RuntimeError(messages.NOT_SCALAR.format(count=self._data.size))
    return _element(self)


def _element(self: Tensor) -> Any:
    """The one element of a tensor."""
    if modes and state.interceptors:
        return intercepted(_local_scalar, (self,), (), None, lambda: _plain(self._data).item())
    return _plain(self._data).item()


_local_scalar = Op("_local_scalar_dense", lambda self: self, ("self",))  # what interceptors see


def _refuse_class(self: Tensor, message: str) -> None:
    """RuntimeError for a tensor whose class says itself what ops on it do: its memory says nothing."""
    if type(self).__torch_dispatch__ is not Tensor.__torch_dispatch__:
        raise RuntimeError(message.format(cls=type(self).__name__))


def _plain(data: np.ndarray) -> np.ndarray:
    """bfloat16 values as float32, which Python knows."""
    return data.astype(np.float32) if data.dtype.kind == "V" else data


@_method
def tolist(self: Tensor) -> Any:
    """The elements as nested lists of Python numbers; a 0-dim tensor gives a number.

    >>> import leafgrad as torch
    >>> torch.ones(2, 2).tolist()
    [[1.0, 1.0], [1.0, 1.0]]
    """
    if modes:
        refuse_samples(messages.VMAP_DATA, self)
    _refuse_class(self, messages.TOLIST_CLASS)
    return _plain(self._data).tolist()


@_method
def numpy(self: Tensor, *args: Any, force: bool = False) -> np.ndarray:
    """The tensor's memory as an array: writes to either are seen by both.

    RuntimeError if it requires grad, unless `force`, which means `detach().numpy()`.

    >>> import leafgrad as torch
    >>> torch.ones(2).numpy()
    array([1., 1.], dtype=float32)
    """
    if args:
        raise TypeError(
            messages.TAKES_NONE.format(op="numpy", n=len(args), was="was" if len(args) == 1 else "were")
        )
    if type(force) is not bool:
        raise TypeError(messages.NUMPY_FORCE.format(type=type(force).__name__))
    _refuse_class(self, messages.NUMPY_CLASS)
    if not force and edge_of(self) is not None:
        raise RuntimeError(messages.NUMPY_GRAD)
    if self._data.dtype.kind == "V":
        raise TypeError(messages.NUMPY_BFLOAT16)
    if modes:
        refuse_samples(messages.VMAP_DATA, self)
    return self._data


@_method
def __array__(self: Tensor, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
    return np.array(self.numpy(), dtype=dtype, copy=copy)


Tensor.__array_priority__ = 1000  # type: ignore[attr-defined]


@_method
def __bool__(self: Tensor) -> bool:
    if modes:
        refuse_samples(messages.VMAP_BOOL, self)
    if self._data.size != 1:
        kind = "no values" if self._data.size == 0 else "more than one value"
        raise RuntimeError(messages.AMBIGUOUS.format(kind=kind))
    return bool(_element(self))


def _one(self: Tensor) -> Any:
    if modes:
        refuse_samples(messages.VMAP_ITEM, self)
    if self._data.size != 1:
        raise ValueError(messages.NEW_NOT_SCALAR)
    return _element(self)


_warned = False


def _warn_once() -> None:
    """Say once in a process that a number leaves the graph."""
    global _warned
    if not _warned:
        _warned = True
        warn(messages.NUMBER_GRAD)


@_method
def __float__(self: Tensor) -> float:
    x = _one(self)
    if isinstance(x, complex):
        if x.imag:
            raise RuntimeError(messages.OVERFLOW.format(type="double"))
        x = x.real
    if self._node is not None:
        _warn_once()
    return float(x)


@_method
def __int__(self: Tensor) -> int:
    x = _one(self)
    if isinstance(x, complex):
        if x.imag:
            raise RuntimeError(messages.OVERFLOW.format(type="int64_t"))
        x = x.real
    return int(x)


@_method
def __complex__(self: Tensor) -> complex:
    x = _one(self)
    if self._node is not None:
        _warn_once()
    return complex(x)


@_method
def __index__(self: Tensor) -> int:
    if self._data.size != 1 or self._data.dtype.kind not in "biu":
        raise TypeError(messages.NOT_INDEX)
    if modes:
        refuse_samples(messages.VMAP_ITEM, self)
    return int(_element(self))


@_method
def __len__(self: Tensor) -> int:
    if not self._data.ndim:
        raise TypeError(messages.LEN_0D)
    return len(self._data)


# --- containers ---


@_method
def __iter__(self: Tensor) -> Any:
    if not self._data.ndim:
        raise TypeError(messages.ITER_0D)
    return iter(self.unbind(0))


@_method
def __reversed__(self: Tensor) -> Tensor:
    return self.flip(0) if self._data.ndim else self


@_method
def __contains__(self: Tensor, element: Any) -> bool:
    if not isinstance(element, Tensor | int | float | complex | np.generic):
        raise RuntimeError(messages.CONTAINS.format(type=type(element)))
    return bool((self == element).any().item())  # type: ignore[attr-defined]


# --- NumPy and DLPack ---


@_method
def __array_wrap__(self: Tensor, array: Any, context: Any = None, return_scalar: bool = False) -> Tensor:
    """What a NumPy function makes of a tensor is a tensor again."""
    array = np.asarray(array)
    return wrap(array.astype(np.uint8) if array.dtype == bool else array)


@_method
def __dlpack__(self: Tensor, **options: Any) -> Any:
    """The tensor's memory as a DLPack capsule; BufferError if it requires grad."""
    if edge_of(self) is not None:
        raise BufferError(messages.DLPACK_GRAD)
    if modes:
        refuse_samples(messages.VMAP_DATA, self)
    return self._data.__dlpack__(**{k: v for k, v in options.items() if v is not None})


@_method
def __dlpack_device__(self: Tensor) -> tuple:
    return self._data.__dlpack_device__()


class _Capsule:
    """What lets NumPy read a bare capsule."""

    def __init__(self, capsule: Any) -> None:
        self.capsule = capsule

    def __dlpack__(self, **options: Any) -> Any:
        return self.capsule

    def __dlpack_device__(self) -> tuple:
        return (1, 0)  # the CPU


@public(method=False)
def from_dlpack(ext_tensor: Any) -> Tensor:
    """A tensor on the memory of any object that speaks DLPack (NumPy arrays, other libraries' tensors), or
    of a capsule.

    >>> import leafgrad as torch, numpy as np
    >>> torch.from_dlpack(np.ones(2))
    tensor([1., 1.], dtype=torch.float64)
    """
    if type(ext_tensor) is np.ndarray:
        return wrap(ext_tensor)
    if not hasattr(ext_tensor, "__dlpack__"):
        if type(ext_tensor).__name__ != "PyCapsule":
            raise RuntimeError(messages.DLPACK_CAPSULE)
        ext_tensor = _Capsule(ext_tensor)
    return wrap(np.from_dlpack(ext_tensor))


@public(method=False)
def to_dlpack(tensor: Tensor) -> Any:
    """The tensor's memory as a DLPack capsule; BufferError if it requires grad.

    >>> import leafgrad as torch
    >>> torch.from_dlpack(torch.to_dlpack(torch.ones(2)))
    tensor([1., 1.])
    """
    need_tensor("to_dlpack", tensor)
    return tensor.__dlpack__()


# --- copies ---


@_method
def __deepcopy__(self: Tensor, memo: dict) -> Tensor:
    """A copy with its own memory, and a copy of `.grad`; RuntimeError for what is no leaf."""
    edge = edge_of(self)
    if edge is not None and type(edge) is not AccumulateGrad:
        raise RuntimeError(messages.DEEPCOPY_NON_LEAF)
    if id(self) in memo:
        return memo[id(self)]
    refuse_samples(messages.VMAP_STORAGE, self, error=NotImplementedError)
    out = _blank(type(self), np.array(self._data, order="K"), edge is not None)
    memo[id(self)] = out
    kept = self._node.grad if edge is not None else self._notes.grad if self._notes is not None else None
    if kept is not None:
        out.grad = __deepcopy__(kept, memo)
    out.__dict__.update(copy.deepcopy(self.__dict__, memo))
    return out


@_method
def __reduce_ex__(self: Tensor, protocol: Any) -> tuple:
    """Pickled are the elements (not what else a view's memory holds), the class, and `requires_grad`."""
    refuse_samples(messages.VMAP_STORAGE, self, error=NotImplementedError)
    state = (type(self), np.array(self._data, order="K"), self.requires_grad)
    return _rebuild, state, self.__dict__ or None


def _rebuild(cls: type, data: np.ndarray, requires_grad: bool) -> Tensor:
    """What a pickled tensor is made from again."""
    return _blank(cls, data, requires_grad)


def _blank(cls: Any, data: np.ndarray, requires_grad: bool) -> Any:
    out = object.__new__(cls)
    out._data, out._node, out._counter, out._notes = data, None, FRESH, None
    mark(out)
    return requiring(out) if requires_grad else out


@_method
def __copy__(self: Tensor) -> Tensor:
    """A leaf on the same memory, with its own attributes."""
    refuse_samples(messages.VMAP_STORAGE, self, error=NotImplementedError)
    out = _blank(type(self), self._data, self.requires_grad)
    if not untracked(self):
        out._counter = counter_of(self)
    out.__dict__.update(self.__dict__)
    return out


# --- element by element, in Python ---


def _overwrite(name: str, tensors: tuple[Tensor, ...], names: tuple[str, ...], function: Any) -> Tensor:
    """Write function(x, y, ...) over the elements of the first tensor.  As in torch, no version counts it."""
    first = tensors[0]
    if any(edge_of(t) is not None for t in tensors):
        raise RuntimeError(messages.CALL_GRAD.format(name=name))
    for t, argument in zip(tensors[1:], names, strict=True):
        if t._data.dtype != first._data.dtype:
            want, got = BY_NP[first._data.dtype].tensor_type, BY_NP[t._data.dtype].tensor_type
            raise TypeError(messages.MAP_DTYPE.format(name=name, want=want, argument=argument, got=got))
    refuse_samples(messages.VMAP_DATA, *tensors)
    dtype = first._data.dtype
    columns = [_plain(np.broadcast_to(t._data, first._data.shape)).ravel().tolist() for t in tensors]
    values = [stored(function(*row), dtype) for row in zip(*columns, strict=True)]
    first._data[...] = np.array(values, dtype).reshape(first._data.shape)
    return first


@_method
def apply_(self: Tensor, callable: Any) -> Tensor:
    """Overwrite each element x with `callable(x)`; slow.  RuntimeError if the tensor requires grad.

    >>> import leafgrad as torch
    >>> torch.ones(2).apply_(lambda x: x + 1)
    tensor([2., 2.])
    """
    return _overwrite("apply_", (self,), (), callable)


@_method
def map_(self: Tensor, tensor: Tensor, callable: Any) -> Tensor:
    """Overwrite each element x with `callable(x, y)`, y being the element of `tensor` at its place.

    >>> import leafgrad as torch
    >>> torch.ones(2).map_(torch.tensor([2., 3.]), lambda x, y: x + y)
    tensor([3., 4.])
    """
    return _overwrite("map_", (self, tensor), ("other",), callable)


@_method
def map2_(self: Tensor, x: Tensor, y: Tensor, callable: Any) -> Tensor:
    """Overwrite each element with `callable` of it and the elements of `x` and `y` at its place.

    >>> import leafgrad as torch
    >>> torch.ones(2).map2_(torch.ones(2), torch.ones(2), lambda a, b, c: a + b + c)
    tensor([3., 3.])
    """
    return _overwrite("map2_", (self, x, y), ("x", "y"), callable)


@_method
def __delitem__(self: Tensor, index: Any) -> None:
    raise TypeError(messages.DELETE_ITEM)
