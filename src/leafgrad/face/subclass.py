"""Making tensors of a subclass: `as_subclass`, `Tensor._make_subclass`."""

from operator import index
from typing import Any

import numpy as np

from ..base import messages
from ..op.table import METHODS
from ..ops.create import options
from ..ops.views import alias
from ..tensor import subclass
from ..tensor.misuse import wrong
from ..tensor.tensor import Tensor, wrap
from ..values.device import contiguous_format, preserve_format
from ..values.strides import contiguous, extent


def _check(cls: Any) -> None:
    if not isinstance(cls, type):
        raise TypeError(messages.SUBCLASS_CLASS.format(type=type(cls).__name__))
    if not issubclass(cls, Tensor):
        raise TypeError(messages.SUBCLASS_BASE)


def as_subclass(self: Tensor, cls: type) -> Any:
    """The same memory and history as a tensor of the class `cls`; TypeError if that is no subclass of Tensor.

    >>> import leafgrad as torch
    >>> class Metres(torch.Tensor):
    ...     pass
    >>> type(torch.ones(2).as_subclass(Metres) * 2).__name__
    'Metres'
    """
    _check(cls)
    out = alias(self)
    out.__class__ = cls
    return out


METHODS["as_subclass"] = as_subclass


def _make_subclass(cls: type, data: Tensor, require_grad: bool = False) -> Any:
    """A leaf of the class `cls` on the memory of a tensor; for the `__new__` of subclasses."""
    _check(cls)
    if not isinstance(data, Tensor):
        raise wrong("_make_subclass", "data", 2, "Tensor", data)
    if type(require_grad) is not bool:
        raise wrong("_make_subclass", "require_grad", 3, "bool", require_grad)
    if require_grad and data._data.dtype.kind not in "fcV":
        raise RuntimeError(messages.REQUIRES_GRAD_DTYPE)
    out: Any = data.detach()
    if require_grad:
        out.requires_grad = True
    out.__class__ = cls
    return out


Tensor._make_subclass = staticmethod(_make_subclass)  # type: ignore[attr-defined]


def _make_wrapper_subclass(
    cls: type,
    size: Any,
    strides: Any = None,
    storage_offset: int | None = None,
    memory_format: Any = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
) -> Any:
    """A tensor of the class `cls` without values: its `__torch_dispatch__` says what ops on it do.

    size, strides, storage_offset, dtype: what it is to look like.  TypeError for a class that defines no `__torch_dispatch__`.
    """
    _check(cls)
    if cls.__torch_dispatch__ is Tensor.__torch_dispatch__:  # type: ignore[attr-defined]
        raise TypeError(messages.WRAPPER_DISPATCH.format(cls=cls.__name__))
    if not isinstance(size, tuple | list):
        raise wrong("_make_wrapper_subclass", "size", 2, "tuple of ints", size)
    kind = options("_make_wrapper_subclass", dtype, layout, device, requires_grad, pin_memory)
    if memory_format not in (None, contiguous_format, preserve_format):
        raise NotImplementedError(messages.WRAPPER_FORMAT.format(format=memory_format))
    size, offset = tuple(map(index, size)), 0 if storage_offset is None else index(storage_offset)
    steps = contiguous(size) if strides is None else tuple(map(index, strides))
    memory = np.zeros(offset + extent(size, steps), kind)
    data = np.ndarray(
        size, kind, memory, offset * memory.itemsize, tuple([s * memory.itemsize for s in steps])
    )
    data.flags.writeable = False  # nobody's values
    out: Any = wrap(data)
    out.__class__ = cls
    if requires_grad:
        out.requires_grad_()
    return out


Tensor._make_wrapper_subclass = staticmethod(_make_wrapper_subclass)  # type: ignore[attr-defined]


# --- classes that take over: loaded when the first is defined ---


def watch_functions() -> None:
    """Let public functions ask `__torch_function__`."""
    from .overridable import overridable

    overridable()
    subclass.watch_functions = subclass.nothing


def watch_ops() -> None:
    """Let ops ask `__torch_dispatch__`."""
    from ..tensor.dispatching import watch_ops

    watch_ops()


subclass.watch_functions, subclass.watch_ops = watch_functions, watch_ops
