"""The old constructors: `Tensor(2, 3)`, `Tensor([1, 2])`, `FloatTensor(...)`, `x.new(...)`, ..."""

from typing import Any

import numpy as np

from ..base import messages
from ..base.where import warn
from ..op.table import FUNCTIONS, METHODS
from ..ops.arguments import sizes
from ..ops.create import allocate
from ..ops.nested import array_of
from ..ops.views import alias
from ..tensor.tensor import FRESH, Tensor, mark
from ..values import device as devices
from ..values import dtype as dtypes
from ..values.dtype import BY_NP, dtype
from ..values.sequences import c_name
from ..values.size import Size

_new = object.__new__
_SIGNATURES = (
    "*, torch.device device = None",
    "torch.Storage storage",
    "Tensor other",
    "tuple of ints size, *, torch.device device = None",
    "object data, *, torch.device device = None",
)


def _construct(
    cls: type, np_dtype: np.dtype, args: tuple, device: Any, named: dict[str, Any], typed: bool
) -> Tensor:
    """Sizes (uninitialised memory), a sequence of numbers (a copy), or a tensor (on its memory)."""
    if device is not None and (place := devices.device(device)).type != "cpu":
        raise RuntimeError(messages.LEGACY_DEVICE.format(type=place.type))
    if "size" in named and not args:
        args = (Size(named.pop("size")),)
    if named:
        got = ", ".join([*map(c_name, args), *[f"{k}={c_name(v)}" for k, v in named.items()]])
        expected = "one of:\n" + "".join(f" * ({s})\n" for s in _SIGNATURES)
        raise TypeError(messages.COMBINATION.format(op="new", got=got, expected=expected))
    first = args[0] if args else None
    if len(args) == 1 and isinstance(first, Tensor):
        if typed and first._data.dtype != np_dtype:
            got, want = BY_NP[first._data.dtype].tensor_type, BY_NP[np_dtype].tensor_type
            raise TypeError(messages.LEGACY_DTYPE.format(want=want, got=got))
        out: Any = alias(first)
        out.__class__ = cls
        return out
    out = _new(cls)
    out._node, out._counter, out._notes = None, FRESH, None
    if (
        not args
        or isinstance(first, Size)
        or len(args) > 1
        or type(first) is int
        or isinstance(first, np.integer)
    ):
        out._data = allocate("empty", sizes("new", args) if args else (0,), np_dtype)
    elif isinstance(first, str | bytes):
        raise TypeError(messages.NEW_TYPE.format(type=c_name(first)))
    elif hasattr(first, "__len__") and hasattr(first, "__getitem__") and not isinstance(first, dict):
        out._data = array_of(first, np_dtype)
    else:
        raise TypeError(messages.NEW_SEQUENCE.format(type=c_name(first)))
    mark(out)
    return out


def _tensor_new(cls: type, *args: Any, device: Any = None, **named: Any) -> Tensor:
    return _construct(cls, dtypes.default(), args, device, named, False)


Tensor.__new__ = _tensor_new  # type: ignore[method-assign, assignment]


def new(self: Tensor, *args: Any, device: Any = None, **named: Any) -> Tensor:
    """The old constructor, in this tensor's dtype.

    >>> import leafgrad as torch
    >>> torch.ones(1, dtype=torch.int64).new([1, 2])
    tensor([1, 2])
    """
    return _construct(Tensor, self._data.dtype, args, device, named, True)


METHODS["new"] = new


class _Typed(type):
    """The type of `FloatTensor` and the like: a tensor is an instance of the one that names its dtype."""

    dtype: dtype

    def __instancecheck__(cls, x: Any) -> bool:
        return isinstance(x, Tensor) and x._data.dtype == cls.dtype.np

    def __call__(cls, *args: Any, device: Any = None, **named: Any) -> Tensor:
        return _construct(Tensor, cls.dtype.np, args, device, named, True)


def typed() -> dict[str, type]:
    """`FloatTensor`, `LongTensor`, ... by name."""
    found: dict[str, type] = {}
    for d in [v for v in vars(dtypes).values() if type(v) is dtype and v.tensor_type.count(".") == 1]:
        name = d.tensor_type.removeprefix("torch.")
        body = {"dtype": d, "__doc__": f"The old constructor of tensors of {d}.", "__module__": "leafgrad"}
        found[name] = _Typed(name, (), body)
    return found


def set_default_tensor_type(t: Any) -> None:
    """Make the dtype of `t`, such as `FloatTensor` or its name, the default one; deprecated, use
    `set_default_dtype`.

    TypeError for other types.

    >>> import leafgrad as torch, warnings
    >>> with warnings.catch_warnings(action="ignore"):
    ...     torch.set_default_tensor_type(torch.FloatTensor)
    """
    warn(messages.DEFAULT_TYPE_DEPRECATED)
    by_name = {d.tensor_type: d for d in BY_NP.values()}
    wanted = t.dtype if isinstance(t, _Typed) else by_name.get(t) if isinstance(t, str) else None
    if wanted is None:
        raise TypeError(messages.DEFAULT_TYPE_UNKNOWN.format(type=t))
    if not wanted.is_floating_point:
        raise TypeError(messages.DEFAULT_TYPE_FLOAT)
    dtypes.set_default_dtype(wanted)


FUNCTIONS["set_default_tensor_type"] = set_default_tensor_type
