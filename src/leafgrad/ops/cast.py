"""Casts: `to`, `type`, `float`, `double`, `int`, ... of tensors."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ..base import messages
from ..base.where import warn
from ..op.table import METHODS, public
from ..tensor import misuse
from ..tensor.kinds import primitive
from ..tensor.tensor import Tensor
from ..values import device as devices
from ..values import dtype as dtypes
from ..values import promotion, strides
from ..values.device import contiguous_format, preserve_format
from ..values.device import device as device_class
from ..values.dtype import BY_NP, dtype
from ..values.sequences import c_name
from .arguments import need_tensor
from .copies import to_copy
from .parts import check_format

dtype_class = dtype


def _cast(
    self: Tensor, to: dtype | None, copy: bool = False, memory_format: Any = None, op: str = "to"
) -> Tensor:
    """The tensor in this dtype and format: itself if that changes nothing, unless `copy`."""
    check_format(op, memory_format, self._data.ndim)
    wanted = self._data.dtype if to is None else to.np
    if wanted == self._data.dtype and not copy:
        if memory_format in (None, preserve_format):
            return self
        if memory_format is contiguous_format or self.is_contiguous(memory_format=memory_format):
            return self
    if self._data.dtype.kind == "c" != wanted.kind:
        warn(messages.CAST_COMPLEX)
    return _to_copy(self, wanted, None if memory_format is preserve_format else memory_format)


def _to_copy(self: Tensor, wanted: Any, memory_format: Any) -> Tensor:
    if memory_format is None:
        return to_copy(self, wanted)
    shape = self._data.shape
    return laid_copy(
        self,
        wanted,
        strides.contiguous(shape) if memory_format is contiguous_format else strides.channels_last(shape),
    )


laid_copy = primitive(
    "_to_copy", lambda self, /, dtype, strides_: strides.laid(self, strides_, dtype),
    vjp={"self": lambda grad: grad}, linear=True, node="ToCopyBackward0",
    batch=lambda self, dtype, strides_: laid_copy(self, dtype, (strides.extent(self._data.shape[1:], strides_), *strides_)),
)  # fmt: skip


_FLAGS = "bool non_blocking = False, bool copy = False, *, torch.memory_format memory_format = None"
_TO = (
    f"torch.device device = None, torch.dtype dtype = None, {_FLAGS}",
    f"torch.dtype dtype, {_FLAGS}",
    f"Tensor tensor, {_FLAGS}",
)
_NAMES = ("device", "dtype", "non_blocking", "copy", "memory_format")


@public(torch=False)
def to(self: Tensor, *args: Any, **named: Any) -> Tensor:
    """This tensor in another dtype: `to(dtype)`, `to(device, dtype)`, `to(other)`; itself if nothing
    changes, unless `copy`.

    The device must be the CPU.  non_blocking is accepted: nothing here blocks.

    >>> import leafgrad as torch
    >>> torch.ones(2).to(torch.int64)
    tensor([1, 1])
    """
    if len(args) == 1 and not named and type(args[0]) is dtype:
        return _cast(self, args[0])
    given = _bound(args, dict(named))
    if given is None:
        got = ", ".join([*map(c_name, args), *[f"{k}={c_name(v)}" for k, v in named.items()]])
        if named and not args:
            got += ", "
        expected = "one of:\n" + "".join(f" * ({s})\n" for s in _TO)
        raise TypeError(messages.COMBINATION.format(op="to", got=got, expected=expected))
    device, target = given.get("device"), given.get("dtype")
    if device is not None:
        devices.check(device, "to")
    wanted = None if target is None else dtypes.parse(target, "to")
    return _cast(self, wanted, given.get("copy", False), given.get("memory_format"))


def _bound(args: tuple, given: dict[str, Any]) -> dict[str, Any] | None:
    """The arguments of `to` by name, `other` having become a dtype; None if they fit no overload."""
    names: tuple[str, ...] = _NAMES[:4]
    tensor = args[0] if args else given.pop("tensor", None)
    if isinstance(tensor, Tensor):
        given = {"dtype": BY_NP[tensor._data.dtype], **given} if "dtype" not in given else {"": None}
        names = ("", *_NAMES[2:4])
    elif args and _is_dtype(args[0]):
        names = _NAMES[1:4]
    if len(args) > len(names) or any(n in given for n in names[: len(args)]):
        return None
    given.update(zip(names, args, strict=False))
    given.pop("", None)
    fits = (
        given.keys() <= set(_NAMES)
        and (given.get("dtype") is None or _is_dtype(given["dtype"]))
        and all(type(given.get(n, False)) is bool for n in ("non_blocking", "copy"))
        and isinstance(given.get("device"), str | device_class | int | None)
        and not isinstance(given.get("device"), bool)
    )
    return given if fits else None


def _is_dtype(x: Any) -> bool:
    return type(x) is dtype or x in (bool, int, float, complex)


def _to(name: str, target: dtype) -> Callable:
    def method(self: Tensor, *args: Any, memory_format: Any = None) -> Tensor:
        if args:
            raise TypeError(
                messages.TAKES_NONE.format(op=name, n=len(args), was="was" if len(args) == 1 else "were")
            )
        return (
            self
            if memory_format is None and self._data.dtype is target.np
            else _cast(self, target, False, memory_format, name)
        )

    method.__name__ = name
    method.__doc__ = f"""This tensor as {target}; itself if it is that already."""
    METHODS[name] = method
    return method


for _name, _dtype in {
    "float": dtypes.float32, "double": dtypes.float64, "half": dtypes.float16, "bfloat16": dtypes.bfloat16,
    "int": dtypes.int32, "long": dtypes.int64, "short": dtypes.int16, "char": dtypes.int8,
    "byte": dtypes.uint8, "bool": dtypes.bool, "cfloat": dtypes.complex64, "cdouble": dtypes.complex128,
    "chalf": dtypes.complex32,
}.items():  # fmt: skip
    _to(_name, _dtype)


@public(torch=False)
def cpu(self: Tensor, memory_format: Any = None) -> Tensor:
    """This tensor on the CPU: itself.

    >>> import leafgrad as torch
    >>> x = torch.ones(1); x.cpu() is x
    True
    """
    return _cast(self, None, False, memory_format, "cpu")


def _elsewhere(name: str) -> None:
    def method(
        self: Tensor, device: Any = None, non_blocking: bool = False, memory_format: Any = None
    ) -> Tensor:
        place = devices.device(name if device is None else device)
        if place.type != name:
            raise RuntimeError(messages.CUDA_DEVICE.format(type=name))
        devices.check(place, name)
        return self

    method.__name__ = name
    method.__doc__ = f"""There is no {name.upper()} here: AssertionError."""
    METHODS[name] = method


_elsewhere("cuda")
_elsewhere("xpu")


_BY_TYPE = {d.tensor_type: d for d in (v for v in vars(dtypes).values() if type(v) is dtype)}


@public(torch=False, name="type")
def type_(self: Tensor, dtype: Any = None, non_blocking: bool = False) -> Any:
    """The name of the tensor's type, or, given a dtype or such a name, the tensor cast to it.

    >>> import leafgrad as torch
    >>> torch.ones(1).type(), torch.ones(1).type("torch.LongTensor")
    ('torch.FloatTensor', tensor([1]))
    """
    if dtype is None:
        return BY_NP[self._data.dtype].tensor_type
    if isinstance(dtype, type):
        named = getattr(dtype, "dtype", None)
        dtype = (
            dtypes.get_default_dtype()
            if issubclass(dtype, Tensor)
            else dtype.__name__
            if named is None
            else named
        )
    if isinstance(dtype, str):
        if dtype not in _BY_TYPE:
            raise ValueError(messages.TYPE_STRING.format(name=dtype))
        dtype = _BY_TYPE[dtype]
    if not isinstance(dtype, dtype_class):
        raise TypeError(messages.TYPE_KIND)
    return _cast(self, dtype)


@public(torch=False)
def type_as(self: Tensor, other: Tensor) -> Tensor:
    """This tensor in the dtype of `other`.

    >>> import leafgrad as torch
    >>> torch.ones(1).type_as(torch.tensor([1]))
    tensor([1])
    """
    need_tensor("type_as", other, "other", 1)
    return _cast(self, BY_NP[other._data.dtype])


def is_dtype(x: Tensor, kinds: str) -> bool:
    """Whether the elements are of one of these NumPy kinds."""
    return x._data.dtype.kind in kinds


@public()
def is_floating_point(input: Tensor) -> bool:
    """Whether the elements are real floating-point numbers.

    >>> import leafgrad as torch
    >>> torch.is_floating_point(torch.ones(1))
    True
    """
    need_tensor("is_floating_point", input)
    return is_dtype(input, "fV")


@public()
def is_complex(input: Tensor) -> bool:
    """Whether the elements are complex numbers.

    >>> import leafgrad as torch
    >>> torch.is_complex(torch.ones(1))
    False
    """
    need_tensor("is_complex", input)
    return is_dtype(input, "c")


@public()
def is_signed(input: Tensor) -> bool:
    """Whether the dtype has negative numbers.

    >>> import leafgrad as torch
    >>> torch.tensor([1], dtype=torch.uint8).is_signed()
    False
    """
    need_tensor("is_signed", input)
    return BY_NP[input._data.dtype].is_signed


@public()
def is_nonzero(input: Tensor) -> bool:
    """Whether the one element of the tensor is not zero; RuntimeError if there are more.

    >>> import leafgrad as torch
    >>> torch.is_nonzero(torch.tensor([2.]))
    True
    """
    need_tensor("is_nonzero", input)
    return bool(input)


@public(method=False)
def is_tensor(obj: Any) -> bool:
    """Whether `obj` is a tensor.

    >>> import leafgrad as torch
    >>> torch.is_tensor(3)
    False
    """
    if type(obj) is misuse.Missing:
        obj._raise()
    return isinstance(obj, Tensor)


_RESULT_TYPE = (
    "Tensor tensor, Tensor other",
    "Number scalar, Tensor tensor",
    "Tensor tensor, Number other",
    "Number scalar1, Number scalar2",
)


@public(method=False, signatures=_RESULT_TYPE)
def result_type(tensor1: Any, tensor2: Any) -> dtype:
    """The dtype of the result of arithmetic on two tensors or numbers.

    >>> import leafgrad as torch
    >>> torch.result_type(torch.tensor([1]), 2.5)
    torch.float32
    """
    values = [x._data if isinstance(x, Tensor) else x for x in (tensor1, tensor2)]
    if not all(isinstance(x, bool | int | float | complex | np.generic | np.ndarray) for x in values):
        raise misuse.invalid("result_type", _RESULT_TYPE)
    return BY_NP[promotion.result_type(*values)]
