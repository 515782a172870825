"""Making tensors from data: `tensor`, `as_tensor`, `asarray`, `from_numpy`, `frombuffer`."""

from typing import Any

import numpy as np

from ..base import messages
from ..base.state import modes
from ..base.where import warn
from ..op.table import public
from ..tensor.batch import hide_all, levels_of
from ..tensor.call import recording
from ..tensor.history import requiring
from ..tensor.misuse import wrong
from ..tensor.subclass import dress
from ..tensor.tensor import Tensor, check_untracked, wrap
from ..tensor.write import bump
from ..values import device as devices
from ..values import dtype as dtypes
from ..values.buffers import empty as new_array
from ..values.device import layout as layout_class
from ..values.device import strided
from ..values.dtype import BY_NP
from ..values.sequences import c_name as type_name
from ..values.strides import check_overlap, elements, extent
from .nested import array_of, checked
from .samples import refuse_samples

# --- what all that make tensors share ---


def options(
    op: str,
    dtype: Any,
    layout: Any,
    device: Any,
    requires_grad: Any,
    pin_memory: Any = False,
    out: Tensor | None = None,
) -> np.dtype:
    """Check what all factories take; return the NumPy dtype: that of `out`, or the default one, for None."""
    if out is not None:
        dtype = _check_out(op, out, dtype, device)
    if layout is not None and layout is not strided:
        if type(layout) is not layout_class:
            raise wrong(op, "layout", None, "torch.layout", layout)
        raise NotImplementedError(messages.LAYOUT.format(layout=layout))
    if device is not None:
        devices.check(device, op)
    if pin_memory:
        if type(pin_memory) is not bool:
            raise wrong(op, "pin_memory", None, "bool", pin_memory)
        raise RuntimeError(messages.PINNED)
    np_dtype = dtypes.default() if dtype is None else dtypes.parse(dtype, op).np
    if requires_grad:
        check_requires_grad(op, requires_grad, np_dtype)
    return np_dtype


def check_requires_grad(op: str, requires_grad: Any, dtype: np.dtype) -> None:
    """Raise if what is made cannot require grad."""
    if type(requires_grad) is not bool:
        raise wrong(op, "requires_grad", None, "bool", requires_grad)
    if dtype.kind not in "fcV":
        raise RuntimeError(messages.REQUIRES_GRAD_DTYPE)


def _check_out(op: str, out: Any, dtype: Any, device: Any) -> Any:
    if not isinstance(out, Tensor):
        raise wrong(op, "out", None, "Tensor", out)
    have = BY_NP[out._data.dtype]
    if dtype is not None and (given := dtypes.parse(dtype, op)) is not have:
        raise RuntimeError(messages.FACTORY_OUT_DTYPE.format(got=given.type_name, want=have.type_name))
    if device is not None and (place := devices.device(device)).type != "cpu":
        raise RuntimeError(messages.FACTORY_OUT_DEVICE.format(got=place.type))
    if out.requires_grad and recording():
        raise RuntimeError(
            messages.RESIZE_GRAD if op == "empty" else messages.OUT_GRAD.format(op="aten::" + op)
        )
    return have


def made(data: np.ndarray, requires_grad: bool = False, like: Tensor | None = None) -> Tensor:
    """A new leaf around an array, of the class of `like`; where that is a sample inside vmap, one for each sample."""
    if modes and like is not None:
        if levels := levels_of(like):
            return _made_each(data, requires_grad, levels)
        t: Any = dress(wrap(data), (like,))
    else:
        t = wrap(data)
    return requiring(t) if requires_grad else t


def _made_each(data: np.ndarray, requires_grad: bool, levels: tuple) -> Tensor:
    """A leaf of its own, which may be written to, for each sample of these levels."""
    steps = elements(data)
    step = extent(data.shape, steps) if data.size else 0
    for level in reversed(levels):
        steps, step = (step, *steps), step * level.size
    shape = (*[level.size for level in levels], *data.shape)
    memory = np.empty(step, data.dtype)
    whole = np.ndarray(shape, data.dtype, memory, 0, tuple([n * data.itemsize for n in steps]))
    whole[...] = data
    return hide_all(made(whole, requires_grad), levels)


def finished(data: np.ndarray, out: Tensor | None, requires_grad: bool = False) -> Tensor:
    """A new leaf around `data`, or `out` (already checked) with these values, resized if need be."""
    if out is None:
        return made(data, requires_grad)
    check_untracked(out)
    if out._data.shape != data.shape:
        out._data = data
    else:
        check_overlap(out._data)
        np.copyto(out._data, data, casting="unsafe")
    bump(out)
    return requiring(out) if requires_grad else out


def allocate(op: str, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """Uninitialised memory, or torch's error for a shape that cannot be had."""
    for i, n in enumerate(shape):
        if n < 0:
            text = messages.SIZE_NEGATIVE if op == "zeros" else messages.SIZE_NEGATIVE_EMPTY
            raise RuntimeError(text.format(op=op, n=n, size=list(shape)))
        if n >= 2**63:
            raise TypeError(messages.SIZES_OVERFLOW.format(op=op, position=i + 1))
    return new_array(shape, dtype)


# --- copies of data ---


@public(method=False)
def tensor(
    data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False, pin_memory: bool = False
) -> Tensor:
    """A new leaf tensor with a copy of `data`: a number, nested sequences of numbers, an array, or a tensor.

    dtype: inferred if not given; Python floats become the default dtype.  Raises ValueError for sequences of
    unequal length,
    TypeError and RuntimeError for what is no number.

    >>> import leafgrad as torch
    >>> torch.tensor([[1., 2.], [3., 4.]], requires_grad=True)
    tensor([[1., 2.],
            [3., 4.]], requires_grad=True)
    """
    wanted = None
    if dtype is not None or device is not None or pin_memory:
        checked_dtype = options("tensor", dtype, None, device, False, pin_memory)
        wanted = None if dtype is None else checked_dtype
    if type(data) is float and wanted is None:
        out = wrap(np.array(data, dtypes.default()))
    elif type(data) is int and wanted is None and -(2**63) <= data < 2**63:
        out = wrap(np.array(data, np.int64))
    else:
        if isinstance(data, Tensor):
            refuse_samples(messages.DETACH_VIEW, data)
            warn(messages.NEW_FROM_TENSOR)
        out = wrap(array_of(data, wanted))
    if requires_grad:
        check_requires_grad("tensor", requires_grad, out._data.dtype)
        return requiring(out)
    return out


@public(torch=False)
def new_tensor(
    self: Tensor,
    data: Any,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """`tensor(data)` in this tensor's dtype.

    >>> import leafgrad as torch
    >>> torch.ones(1, dtype=torch.float64).new_tensor([1, 2])
    tensor([1., 2.], dtype=torch.float64)
    """
    np_dtype = options(
        "new_tensor", dtype or BY_NP[self._data.dtype], None, device, requires_grad, pin_memory
    )
    if isinstance(data, Tensor):
        refuse_samples(messages.DETACH_VIEW, data)
        warn(messages.NEW_FROM_TENSOR_METHOD)
    return made(array_of(data, np_dtype), requires_grad, None if levels_of(self) else self)


# --- shared memory ---


@public(method=False)
def from_numpy(ndarray: np.ndarray) -> Tensor:
    """A tensor on the memory of an array: writes to either are seen by both.

    TypeError for what is no array or has a dtype without a counterpart; ValueError for negative strides.

    >>> import leafgrad as torch, numpy as np
    >>> a = np.zeros(2); t = torch.from_numpy(a); a[0] = 1; t
    tensor([1., 0.], dtype=torch.float64)
    """
    if not isinstance(ndarray, np.ndarray):
        raise TypeError(messages.NOT_NDARRAY.format(type=type_name(ndarray)))
    data = checked(ndarray)
    if not data.flags.writeable:
        warn(messages.ARRAY_NOT_WRITABLE)
    return wrap(data.view(np.ndarray) if type(data) is not np.ndarray else data)


@public(method=False)
def frombuffer(
    buffer: Any, *, dtype: Any, count: int = -1, offset: int = 0, requires_grad: bool = False
) -> Tensor:
    """A 1-dim tensor on the memory of an object with Python's buffer protocol.

    count: how many elements, all if negative.  offset: the bytes to skip.  ValueError if the buffer does not
    hold them.

    >>> import leafgrad as torch
    >>> torch.frombuffer(bytearray(b"abc"), dtype=torch.uint8, offset=1)
    tensor([98, 99], dtype=torch.uint8)
    """
    np_dtype = options("frombuffer", dtype, None, None, requires_grad)
    return made(_buffered(buffer, np_dtype, count, offset), requires_grad)


def _buffered(buffer: Any, dtype: np.dtype, count: int, offset: int) -> np.ndarray:
    try:
        memory = memoryview(buffer)
    except TypeError:
        raise ValueError(messages.BUFFER_PROTOCOL) from None
    length, item = memory.nbytes, dtype.itemsize
    if not length or not count:
        raise ValueError(messages.BUFFER_EMPTY.format(length=length, count=count))
    if not 0 <= offset < length:
        raise ValueError(messages.BUFFER_OFFSET.format(offset=offset, length=length))
    if count < 0:
        if (length - offset) % item:
            raise ValueError(messages.BUFFER_MULTIPLE.format(length=length, offset=offset, item=item))
        count = (length - offset) // item
    if offset + count * item > length:
        raise ValueError(messages.BUFFER_SHORT.format(count=count, item=item, offset=offset, length=length))
    if memory.readonly:
        warn(messages.BUFFER_NOT_WRITABLE)
    return np.frombuffer(memory, dtype, count, offset)


@public(method=False)
def as_tensor(data: Any, dtype: Any = None, device: Any = None) -> Tensor:
    """`data` as a tensor: itself if it is one already, on an array's memory, else a copy; cast where dtype
    says so.

    >>> import leafgrad as torch
    >>> x = torch.ones(2); torch.as_tensor(x) is x
    True
    """
    wanted = options("as_tensor", dtype, None, device, False)
    own = (
        data._data.dtype if isinstance(data, Tensor) else data.dtype if isinstance(data, np.ndarray) else None
    )
    if own is not None and (dtype is None or wanted == own):
        return data if isinstance(data, Tensor) else from_numpy(data)
    if isinstance(data, Tensor):
        return data.to(BY_NP[wanted])
    return made(array_of(data, None if dtype is None else wanted))


@public(method=False)
def asarray(
    obj: Any,
    *,
    dtype: Any = None,
    device: Any = None,
    copy: bool | None = None,
    requires_grad: bool | None = None,
) -> Tensor:
    """`obj` as a tensor, on its memory where that can be: a tensor, an array, a buffer, or (copied) a
    sequence or number.

    copy: True forbids shared memory, False asks for it (ValueError where it cannot be).  requires_grad: a
    tensor's own if None;
    False detaches.

    >>> import leafgrad as torch
    >>> torch.asarray([1, 2]), torch.asarray(bytearray(b"ab"), dtype=torch.uint8)
    (tensor([1, 2]), tensor([97, 98], dtype=torch.uint8))
    """
    wanted = options("asarray", dtype, None, device, False)
    if isinstance(obj, Tensor):
        return _as_array_tensor(obj, None if dtype is None else wanted, copy, requires_grad)
    if isinstance(obj, np.generic):
        if copy is False:
            raise ValueError(messages.ASARRAY_SCALAR)
        obj = np.array(obj)
    if isinstance(obj, np.ndarray):
        base = from_numpy(obj)
    elif hasattr(obj, "__dlpack__"):
        base = wrap(np.from_dlpack(obj))
    elif isinstance(obj, bytes | bytearray | memoryview) or (
        hasattr(obj, "__buffer__") and not isinstance(obj, str)
    ):
        base = wrap(_buffered(obj, wanted, -1, 0))
    elif copy is False:
        raise ValueError(messages.ASARRAY_SEQUENCE)
    else:
        data = array_of(obj, None if dtype is None else wanted)
        if requires_grad:
            check_requires_grad("asarray", requires_grad, data.dtype)
        return made(data, bool(requires_grad))
    return _as_array_tensor(base, None if dtype is None else wanted, copy, requires_grad)


def _as_array_tensor(
    x: Any, wanted: np.dtype | None, copy: bool | None, requires_grad: bool | None
) -> Tensor:
    out = x
    if wanted is not None and wanted != x._data.dtype:
        if copy is False:
            got, want = BY_NP[x._data.dtype].type_name, BY_NP[wanted].type_name
            raise ValueError(messages.ASARRAY_DTYPE.format(got=got, want=want))
        out = x.to(BY_NP[wanted])
    elif copy:
        out = x.clone()
    if requires_grad:
        check_requires_grad("asarray", requires_grad, out._data.dtype)
        return out if out.requires_grad else requiring(out)
    if requires_grad is None:
        if x.requires_grad:
            warn(messages.ASARRAY_REQUIRES_GRAD)
        return out
    return out.detach() if out.requires_grad else out
