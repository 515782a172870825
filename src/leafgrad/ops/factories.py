"""Tensors of a given size: zeros, ones, empty, full, eye, and their `*_like` and `new_*` forms."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ..base import messages
from ..op.table import METHODS, public
from ..tensor.misuse import ABSENT, invalid, wrong
from ..tensor.tensor import Tensor, wrap
from ..values import arguments, strides
from ..values import dtype as dtypes
from ..values.arguments import plain
from ..values.blocks import LARGE
from ..values.buffers import empty as new_array
from ..values.copies import fill
from ..values.device import contiguous_format, preserve_format
from ..values.dtype import BY_NP
from .arguments import integer, need_tensor, size_list, sizes
from .create import allocate, finished, made, options
from .parts import check_format


def number(op: str, x: Any, name: str, position: int) -> Any:
    """A Python number given as such or as a 0-dim tensor without gradient; TypeError for anything else.

    position: counted from 1 in the function (not the method).
    """
    if isinstance(x, Tensor) and not x._data.ndim and not x.requires_grad:
        return x.item()
    x = plain(x)
    if not isinstance(x, bool | int | float | complex):
        raise wrong(op, name, position, "Number", x)
    return x


# --- one value ---


def _filled(op: str, value: Any, make: Callable[[tuple, np.dtype], np.ndarray]) -> Callable:
    def factory(
        *size_: Any,
        size: Any = None,
        out: Tensor | None = None,
        dtype: Any = None,
        layout: Any = None,
        device: Any = None,
        requires_grad: bool = False,
        pin_memory: bool = False,
    ) -> Tensor:
        if out is device is layout is dtype is size is None and size_ and not (requires_grad or pin_memory):
            count = 1
            for n in size_:
                if type(n) is not int or n < 0:
                    break
                count *= n
            else:  # the common case in few steps
                if count < LARGE:
                    try:
                        return wrap(make(size_, dtypes.default()))
                    except ValueError:  # too many dimensions
                        pass
        shape = size_of(op, size_, size)
        data = allocate(op, shape, options(op, dtype, layout, device, requires_grad, pin_memory, out))
        fill(data, value)
        return finished(data, out, requires_grad)

    factory.__name__ = op
    factory.__doc__ = f"""A tensor of this size, filled with {value}.

    size: integers, or one sequence of them.  dtype: the default dtype if not given.

    >>> import leafgrad as torch
    >>> torch.{op}(2, 3)
    tensor([[{value}., {value}., {value}.],
            [{value}., {value}., {value}.]])
    """
    return factory


def size_of(op: str, varargs: tuple, size: Any) -> tuple[int, ...]:
    """The size given as varargs or by name."""
    if size is not None:
        if varargs:
            raise TypeError(messages.TWICE.format(op=op, name="size"))
        return size_list(op, size, "size", 1)
    for n in varargs:
        if type(n) is not int:
            return sizes(op, varargs)
    return varargs or sizes(op, varargs)


def _ones(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    data = new_array(shape, dtype)
    data.fill(1)  # a few
    return data


zeros = public(method=False)(_filled("zeros", 0, np.zeros))
ones = public(method=False)(_filled("ones", 1, _ones))


@public(method=False)
def empty(
    *size_: Any,
    size: Any = None,
    out: Tensor | None = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """A tensor of this size, uninitialised.

    size: integers, or one sequence of them.  dtype: the default dtype if not given.

    >>> import leafgrad as torch
    >>> torch.empty(2, 3).shape
    torch.Size([2, 3])
    """
    shape = size_of("empty", size_, size)
    np_dtype = options("empty", dtype, layout, device, requires_grad, pin_memory, out)
    check_format("empty", memory_format, len(shape))
    if memory_format is preserve_format:
        raise RuntimeError(messages.FORMAT_UNSUPPORTED_LOWER.format(format="Preserve"))
    if out is not None and out._data.shape == shape:
        return out
    data = allocate("empty", shape, np_dtype)
    if memory_format not in (None, contiguous_format):
        data = strides.empty(shape, strides.channels_last(shape), np_dtype)
    return finished(data, out, requires_grad)


@public(method=False)
def full(
    size: Any,
    fill_value: Any,
    *,
    out: Tensor | None = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """A tensor of this size, filled with a number, whose kind decides the dtype if that is not given.

    RuntimeError if the number does not fit the dtype.

    >>> import leafgrad as torch
    >>> torch.full((2,), 3), torch.full((2,), 1.5)
    (tensor([3, 3]), tensor([1.5000, 1.5000]))
    """
    shape = size_list("full", size, "size", 1)
    value = number("full", fill_value, "fill_value", 2)
    if dtype is None and out is None:
        dtype = dtype_of(value)
    np_dtype = options("full", dtype, layout, device, requires_grad, pin_memory, out)
    return finished(_full("full", shape, value, np_dtype), out, requires_grad)


def dtype_of(value: Any) -> Any:
    """The dtype that a number asks for."""
    if isinstance(value, bool):
        return dtypes.bool
    if isinstance(value, int):
        return dtypes.int64
    return (
        dtypes.get_default_dtype().to_complex() if isinstance(value, complex) else dtypes.get_default_dtype()
    )


def _full(op: str, shape: tuple[int, ...], value: Any, dtype: np.dtype) -> np.ndarray:
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        raise OverflowError(messages.INT_TOO_BIG)
    data = allocate(op, shape, dtype)
    fill(data, arguments.number(value, dtype))
    return data


@public(method=False)
def scalar_tensor(
    s: Any,
    *,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """A 0-dim tensor of the default dtype.

    >>> import leafgrad as torch
    >>> torch.scalar_tensor(3)
    tensor(3.)
    """
    value = number("scalar_tensor", s, "s", 1)
    np_dtype = options("scalar_tensor", dtype, layout, device, requires_grad, pin_memory)
    return made(_full("scalar_tensor", (), value, np_dtype), requires_grad)


_REST = (
    "*, Tensor out = None, torch.dtype dtype = None, torch.layout layout = None, torch.device device = None, "
    "bool pin_memory = False, bool requires_grad = False"
)
_EYE = (f"int n, {_REST}", f"int n, int m, {_REST}")


@public(method=False, signatures=_EYE)
def eye(
    n: int,
    m: Any = ABSENT,
    *,
    out: Tensor | None = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """A matrix (n, m), or (n, n), with ones on the diagonal and zeros elsewhere.  RuntimeError for negative
    sizes.

    >>> import leafgrad as torch
    >>> torch.eye(2)
    tensor([[1., 0.],
            [0., 1.]])
    """
    if m is not ABSENT and (isinstance(m, bool) or not hasattr(m, "__index__")):
        raise invalid("eye", _EYE)
    rows = integer("eye", n, "n", 1)
    columns = rows if m is ABSENT else integer("eye", m, "m", 2)
    for name, count in (("n", rows), ("m", columns)):
        if count < 0:
            raise RuntimeError(messages.EYE.format(name=name, count=count))
    data = allocate(
        "eye", (rows, columns), options("eye", dtype, layout, device, requires_grad, pin_memory, out)
    )
    fill(data, 0)
    data.reshape(-1)[: min(rows, columns) * columns : columns + 1] = 1
    return finished(data, out, requires_grad)


# --- strides of one's own ---


@public(method=False)
def empty_strided(
    size: Any,
    stride: Any,
    *,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """Uninitialised memory with these strides, in elements.

    >>> import leafgrad as torch
    >>> torch.empty_strided((2, 3), (1, 2)).stride()
    (1, 2)
    """
    np_dtype = options("empty_strided", dtype, layout, device, requires_grad, pin_memory)
    return made(_strided("empty_strided", size, stride, np_dtype), requires_grad)


def _strided(op: str, size: Any, stride: Any, dtype: np.dtype) -> np.ndarray:
    shape, steps = size_list(op, size, "size", 1), size_list(op, stride, "stride", 2)
    if len(shape) != len(steps):
        raise RuntimeError(messages.STRIDES_LENGTH.format(n=len(shape), m=len(steps)))
    if any(n < 0 for n in shape):
        raise RuntimeError(
            messages.SIZE_NEGATIVE_EMPTY.format(n=next(n for n in shape if n < 0), size=list(shape))
        )
    extent = strides.extent(shape, steps) if all(shape) else 0
    if any(s < 0 for s in steps) or extent * dtype.itemsize >= 2**63:
        raise RuntimeError(messages.STRIDES_OVERFLOW.format(size=list(shape), stride=list(steps)))
    memory = allocate(op, (extent,), dtype)
    return np.ndarray(shape, dtype, memory, 0, tuple(s * dtype.itemsize for s in steps))


@public(method=False)
def empty_permuted(
    size: Any,
    physical_layout: Any,
    *,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """Uninitialised memory in which the dimensions lie in this order, from outermost to innermost.

    >>> import leafgrad as torch
    >>> torch.empty_permuted((2, 3), (1, 0)).stride()
    (1, 2)
    """
    shape = size_list("empty_permuted", size, "size", 1)
    order = size_list("empty_permuted", physical_layout, "physical_layout", 2)
    if len(shape) != len(order):
        raise RuntimeError(messages.PERMUTED_LENGTH.format(n=len(shape), m=len(order)))
    for i, dim in enumerate(order):
        if not 0 <= dim < len(shape):
            raise RuntimeError(messages.PERMUTED_RANGE.format(high=len(shape) - 1, dim=dim, i=i))
        if dim in order[:i]:
            raise RuntimeError(messages.PERMUTED_TWICE)
    np_dtype = options("empty_permuted", dtype, layout, device, requires_grad, pin_memory)
    data = allocate("empty_permuted", tuple([shape[d] for d in order]), np_dtype)
    return made(data.transpose([order.index(d) for d in range(len(order))]), requires_grad)


# --- like another tensor ---


def laid_like(op: str, x: np.ndarray, dtype: np.dtype, memory_format: Any) -> np.ndarray:
    """Uninitialised memory of x's shape, laid out as x is, or as the memory format says."""
    if memory_format in (None, preserve_format):
        return allocate(op, x.shape, dtype) if x.flags.c_contiguous else strides.empty_like(x, dtype)
    check_format(op, memory_format, x.ndim)
    if memory_format is contiguous_format:
        return allocate(op, x.shape, dtype)
    return strides.empty(x.shape, strides.channels_last(x.shape), dtype)


def like(
    op: str,
    input: Any,
    dtype: Any,
    layout: Any,
    device: Any,
    requires_grad: bool,
    memory_format: Any,
    pin: bool = False,
) -> Any:
    """Uninitialised memory for a `*_like` factory, its arguments checked."""
    need_tensor(op, input)
    np_dtype = options(op, dtype or BY_NP[input._data.dtype], layout, device, requires_grad, pin)
    return laid_like(op, input._data, np_dtype, memory_format)


def _like(name: str, value: Any) -> Callable:
    op = name + "_like"

    def factory(
        input: Tensor,
        *,
        dtype: Any = None,
        layout: Any = None,
        device: Any = None,
        requires_grad: bool = False,
        pin_memory: bool = False,
        memory_format: Any = None,
    ) -> Tensor:
        if (
            type(input) is Tensor
            and dtype is layout is device is memory_format is None
            and not (requires_grad or pin_memory)
        ):
            x = input._data
            data = new_array(x.shape, x.dtype) if x.flags.c_contiguous else strides.empty_like(x)
        else:
            data = like(op, input, dtype, layout, device, requires_grad, memory_format, pin_memory)
        if value is not None:
            fill(data, value)
        return made(data, requires_grad, input)

    shown = "tensor([0.])" if value == 0 else "tensor([1.])" if value == 1 else "torch.Size([1])"
    factory.__name__ = op
    factory.__doc__ = f"""`{name}` of another tensor's shape, dtype and memory layout.

    >>> import leafgrad as torch
    >>> torch.{op}(torch.ones(1)){".shape" if value is None else ""}
    {shown}
    """
    return factory


zeros_like = public(method=False)(_like("zeros", 0))
ones_like = public(method=False)(_like("ones", 1))
empty_like = public(method=False)(_like("empty", None))


@public(method=False)
def full_like(
    input: Tensor,
    fill_value: Any,
    *,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """`full` of another tensor's shape, dtype and memory layout.

    >>> import leafgrad as torch
    >>> torch.full_like(torch.ones(2), 7)
    tensor([7., 7.])
    """
    value = number("full_like", fill_value, "fill_value", 2)
    data = like("full_like", input, dtype, layout, device, requires_grad, memory_format, pin_memory)
    fill(data, arguments.number(value, data.dtype))
    return made(data, requires_grad, input)


# --- new tensors of a tensor's dtype ---


def _new(name: str, value: Any) -> Callable:
    op = "new_" + name

    def method(
        self: Tensor,
        *size_: Any,
        size: Any = None,
        dtype: Any = None,
        layout: Any = None,
        device: Any = None,
        requires_grad: bool = False,
        pin_memory: bool = False,
    ) -> Tensor:
        shape = size_of(op, size_, size)
        np_dtype = options(op, dtype or BY_NP[self._data.dtype], layout, device, requires_grad, pin_memory)
        data = allocate(op, shape, np_dtype)
        if value is not None:
            fill(data, value)
        return made(data, requires_grad, self)

    method.__name__ = op
    method.__doc__ = f"""`{name}` of this size, in this tensor's dtype.

    >>> import leafgrad as torch
    >>> torch.ones(2, dtype=torch.int64).{op}(3).dtype
    torch.int64
    """
    METHODS[op] = method
    return method


for _name, _value in (("zeros", 0), ("ones", 1), ("empty", None)):
    _new(_name, _value)


@public(torch=False)
def new_full(
    self: Tensor,
    size: Any,
    fill_value: Any,
    *,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """`full` of this size, in this tensor's dtype.

    >>> import leafgrad as torch
    >>> torch.ones(1).new_full((2,), 7)
    tensor([7., 7.])
    """
    shape = size_list("new_full", size, "size", 2)
    value = number("new_full", fill_value, "fill_value", 3)
    np_dtype = options(
        "new_full", dtype or BY_NP[self._data.dtype], layout, device, requires_grad, pin_memory
    )
    return made(_full("new_full", shape, value, np_dtype), requires_grad, self)


@public(torch=False)
def new_empty_strided(
    self: Tensor,
    size: Any,
    stride: Any,
    *,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """`empty_strided` in this tensor's dtype.

    >>> import leafgrad as torch
    >>> torch.ones(1).new_empty_strided((2, 3), (1, 2)).stride()
    (1, 2)
    """
    np_dtype = options(
        "new_empty_strided", dtype or BY_NP[self._data.dtype], layout, device, requires_grad, pin_memory
    )
    return made(_strided("new_empty_strided", size, stride, np_dtype), requires_grad, self)
