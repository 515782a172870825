"""Reading data: numbers, nested sequences, arrays and tensors, as `torch.tensor` reads them."""

from itertools import chain
from math import isfinite
from typing import Any

import numpy as np

from ..base import messages
from ..base.where import warn
from ..tensor.tensor import Tensor
from ..values import dtype as dtypes
from ..values import strides
from ..values.dtype import BY_NP
from ..values.promotion import promote_types
from ..values.sequences import c_name as type_name

ndarray = np.ndarray
DEPTH = 128  # dimensions that torch follows a sequence into
_PLAIN = frozenset((bool, int, float))


def array_of(data: Any, dtype: np.dtype | None) -> ndarray:
    """A new array with the contents of `data`, in `dtype` or the one that the contents ask for.

    ValueError for sequences of unequal length, TypeError, RuntimeError and ValueError for items that are no
    numbers or do not fit.
    """
    if isinstance(data, Tensor):
        return strides.preserved(data._data, dtype)
    if isinstance(data, ndarray):
        return strides.preserved(checked(data), dtype or BY_NP[data.dtype].np)
    if type(data) is list and data:
        found = _plain_list(data, dtype)
        if found is not None:
            return found
    if isinstance(data, str | bytes):
        raise TypeError(messages.NEW_TYPE.format(type=type_name(data)))
    shape = _shape(data)
    items = _leaves(data, shape) if shape else [data]
    if dtype is None:
        dtype = _common(items) if items else dtypes.default()
    return np.array([item(x, dtype) for x in items], dtype).reshape(shape)


def checked(array: ndarray) -> ndarray:
    """An array that torch could read; ValueError for negative strides, or strides between elements."""
    dtype = BY_NP[array.dtype]
    for step in array.strides:
        if step < 0:
            raise ValueError(messages.NEGATIVE_STRIDES)
        if step % dtype.itemsize:
            raise ValueError(messages.STRIDE_ALIGNMENT)
    return array if array.dtype is dtype.np else array.view(dtype.np)


def _plain_list(data: list, dtype: np.dtype | None) -> ndarray | None:
    """Nested lists of Python floats, ints and bools, in one go; None if it is not that, or does not fit."""
    shape, level = [len(data)], data
    while type(level[0]) is list:
        n = len(level[0])
        for part in level:
            if type(part) is not list or len(part) != n:
                return None
        level = list(chain.from_iterable(level))
        shape.append(n)
        if not level:
            return None
    kinds = set(map(type, level))
    if not _PLAIN.issuperset(kinds):
        return None
    if dtype is None:
        dtype = dtypes.default() if float in kinds else dtypes.int64.np if int in kinds else dtypes.bool.np
    if dtype.kind in "iu" and (float in kinds or dtype.itemsize < 8 or dtype.kind == "u"):
        return None
    try:
        found = np.array(level, dtype)
    except OverflowError:
        return None
    return found if len(shape) == 1 else found.reshape(shape)


def _is_sequence(x: Any) -> bool:
    if type(x) is list or type(x) is tuple:
        return True
    if isinstance(x, Tensor | np.generic | dict | set | int | float | complex) or (
        isinstance(x, ndarray) and not x.ndim
    ):
        return False
    return hasattr(x, "__getitem__") and hasattr(x, "__len__")


def _shape(data: Any) -> tuple[int, ...]:
    """The lengths of the first sequence of each level."""
    shape: list[int] = []
    while _is_sequence(data):
        shape.append(len(data))
        if len(shape) > DEPTH:
            raise ValueError(messages.NEW_DEEP.format(type=type_name(data)))
        if not shape[-1]:
            break
        if type(data[0]) is ndarray and data[0].ndim:
            warn(messages.NEW_FROM_ARRAYS)
        data = data[0]
    return tuple(shape)


def _leaves(data: Any, shape: tuple[int, ...]) -> list:
    """The innermost items in order; each sequence must be as long as the first of its level."""
    level = [data]
    for dim, n in enumerate(shape):
        for part in level:
            if not _is_sequence(part):
                raise TypeError(messages.NEW_NOT_SEQUENCE)
            if isinstance(part, str | bytes):
                raise TypeError(messages.NEW_TYPE.format(type=type_name(part)))
            if len(part) != n:
                raise ValueError(messages.NEW_LENGTH.format(expected=n, dim=dim, got=len(part)))
        level = list(chain.from_iterable(level))
    return level


def _common(items: list) -> np.dtype:
    """The dtype in which the items meet; Python numbers count by their kind."""
    first: dict[Any, Any] = {}
    for x in items:
        first.setdefault((type(x), getattr(x, "dtype", None)), x)
    met: np.dtype | None = None
    for x in first.values():
        d = category(x)
        met = d if met is None else promote_types(BY_NP[met], BY_NP[d]).np
    return met  # type: ignore[return-value]


def category(x: Any) -> np.dtype:
    """The dtype that a lone item asks for; TypeError or RuntimeError for what is no number."""
    if isinstance(x, Tensor):
        return x._data.dtype
    if isinstance(x, np.generic | ndarray):
        return BY_NP[x.dtype].np
    if isinstance(x, bool):
        return dtypes.bool.np
    if isinstance(x, int):
        return dtypes.int64.np
    if isinstance(x, float):
        return dtypes.default()
    if isinstance(x, complex):
        return dtypes.default_complex()
    if isinstance(x, str | bytes):
        raise TypeError(messages.NEW_TYPE.format(type=type_name(x)))
    if _is_sequence(x):
        return _common(list(x)) if len(x) else dtypes.default()
    raise RuntimeError(messages.NEW_INFER.format(type=type_name(x)))


def item(x: Any, dtype: np.dtype) -> Any:
    """One number, checked against the dtype that it is stored in."""
    kind = dtype.kind
    if isinstance(x, Tensor):
        if kind in "iu" and (x._data.size != 1 or x._data.dtype.kind not in "biu"):
            raise TypeError(messages.NEW_INTEGER_TENSOR)
        if x._data.size != 1:
            raise ValueError(messages.NEW_NOT_SCALAR)
        x = x.item()
    elif isinstance(x, np.generic | ndarray) and (x.dtype.kind in "iufc" or kind not in "iu"):
        if kind in "iu" and x.dtype.kind in "fc" and not isinstance(x, float | complex):
            raise TypeError(messages.NEW_INTEGER.format(type=type_name(x)))
        x = x.item()
    if kind in "iu":
        return _integer(x, dtype)
    if isinstance(x, bool | int | float):
        return x if kind != "b" else bool(x)
    if isinstance(x, complex):
        if kind in "fV":
            raise TypeError(messages.NEW_REAL.format(type=type_name(x)))
        return x if kind != "b" else bool(x)
    if kind == "b":
        raise TypeError(messages.NEW_INTEGER.format(type=type_name(x)))
    if not hasattr(x, "__float__") and not hasattr(x, "__index__"):
        raise TypeError(messages.NEW_REAL.format(type=type_name(x)))
    return float(x)


def _integer(x: Any, dtype: np.dtype) -> int:
    """A Python number as an integer of this dtype; negative ones wrap around where there is no sign."""
    if isinstance(x, float):
        if not isfinite(x):
            raise RuntimeError(messages.OVERFLOW.format(type=dtype.name))
        n = int(x)
    elif not hasattr(x, "__index__"):
        raise TypeError(messages.NEW_INTEGER.format(type=type_name(x)))
    else:
        n = x.__index__()
        if dtype.name == "uint64" and n < 0:
            raise OverflowError(messages.NEW_UNSIGNED)
        if not -(2**63) <= n < (2**64 if dtype.name == "uint64" else 2**63):
            raise ValueError(messages.NEW_OVERFLOW)
    limits = np.iinfo(dtype)
    if not (-limits.max if dtype.kind == "u" else limits.min) <= n <= limits.max:
        raise RuntimeError(messages.OVERFLOW.format(type=dtype.name))
    return n % (limits.max + 1) if dtype.kind == "u" else n
