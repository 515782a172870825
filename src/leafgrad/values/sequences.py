"""Lists and foreign arrays as indices: the tensor that torch makes of `[0, 2]` in `x[[0, 2]]`.

The rules are those of torch's old constructors, not of `torch.tensor`: what is not all boolean (or all
uint8) becomes int64, without its fraction.
"""

from collections.abc import Callable
from math import isfinite, prod
from operator import index as as_int
from typing import Any

import numpy as np
from numpy import ndarray

from ..base import messages
from . import dtype as dtypes
from .arguments import INT64_MAX, INT64_MIN

Data = Callable[[Any], ndarray]

_MASK, _BYTE, _NUMBER = range(3)  # what the elements are, the strongest decides
_DTYPES = (np.dtype(np.bool_), np.dtype(np.uint8), np.dtype(np.int64))
_HEAP_TYPE = 1 << 9


_OWN = ("dtype", "device", "layout", "memory_format", "Size")  # in torch they are made in C


def c_name(value: Any) -> str:
    """A value's type as C names it: with its module, but not if it is of `builtins` or made in Python.

    >>> c_name(1), c_name(np.int64(1)), c_name(dtypes.float32)
    ('int', 'numpy.int64', 'torch.dtype')
    """
    kind = type(value)
    module = getattr(kind, "__module__", "builtins")  # a class made where there is no __name__ has none
    if module.startswith("leafgrad"):
        name = kind.__name__
        return f"torch.{name}" if name in _OWN else f"torch._C.{name}" if name == "Generator" else name
    if module == "builtins" or kind.__flags__ & _HEAP_TYPE:
        return kind.__name__
    return f"{module}.{kind.__name__}"


def is_sequence(value: Any) -> bool:
    """Whether C's PySequence_Check holds: it has items by number and is neither a dict nor a NumPy number."""
    if isinstance(value, (list, tuple, str, bytes, ndarray)):
        return True
    return hasattr(type(value), "__getitem__") and not isinstance(value, (dict, np.generic))


def tensor_int(array: ndarray) -> int:
    """The one integer in a tensor, for use as an index; TypeError if it holds another thing."""
    if array.size != 1 or array.dtype.kind not in "biu":
        raise TypeError(messages.TENSOR_AS_INDEX)
    return int(array.reshape(-1)[0])


def flat_list(value: list[Any]) -> ndarray | None:
    """A list of ints, or of bools, as an array; None for any other list."""
    kinds = set(map(type, value))
    if kinds == {bool}:
        return np.array(value, np.bool_)
    if kinds != {int}:
        return None
    try:
        return np.array(value, np.int64)
    except OverflowError:
        raise ValueError(messages.INDEX_INT64) from None


def index_array(value: Any, tensor: type, data: Data) -> ndarray:
    """A sequence as an index array of bool, uint8 or int64; tensors in it as for `plan`.

    >>> index_array([[0, 2], [1.9, True]], ndarray, np.asarray).tolist()
    [[0, 2], [1, 1]]
    """
    if type(value) is list:
        array = flat_list(value)
        if array is not None:
            return array
    elif isinstance(value, range):
        return np.arange(value.start, value.stop, value.step)
    elif isinstance(value, ndarray):
        dtypes.of(value.dtype)
        return value if value.dtype in _DTYPES else value.astype(np.int64)
    shape = _shape(value, tensor)
    strongest = _infer(value, tensor, data)
    items: list[Any] = []
    if prod(shape):
        _flatten(value, shape, 0, items)
    if strongest == _NUMBER:
        items = [_integer(item, tensor, data) for item in items]
    return np.array(items, _DTYPES[strongest]).reshape(shape)


def _descends(value: Any, tensor: type) -> bool:
    return not isinstance(value, tensor) and is_sequence(value)


def _shape(value: Any, tensor: type) -> tuple[int, ...]:
    shape = []
    while _descends(value, tensor) and not isinstance(value, (str, bytes)):
        shape.append(len(value))
        if not shape[-1]:
            break
        value = value[0]
    return tuple(shape)


def _infer(value: Any, tensor: type, data: Data) -> int:
    if isinstance(value, tensor):
        value = data(value)
    elif isinstance(value, (str, bytes)):
        raise TypeError(messages.SEQUENCE_TYPE.format(type=c_name(value)))
    elif is_sequence(value) and not (isinstance(value, ndarray) and value.ndim == 0):
        return max([_infer(item, tensor, data) for item in value], default=_NUMBER)
    if isinstance(value, (bool, np.bool_)):
        return _MASK
    if isinstance(value, (ndarray, np.number)):
        return _MASK if value.dtype.char == "?" else _BYTE if value.dtype.char == "B" else _NUMBER
    if isinstance(value, (int, float, complex)):
        return _NUMBER
    raise RuntimeError(messages.SEQUENCE_INFER.format(type=c_name(value)))


def _flatten(value: Any, shape: tuple[int, ...], dim: int, items: list[Any]) -> None:
    if dim == len(shape):
        items.append(value)
        return
    if not is_sequence(value):
        raise TypeError(messages.SEQUENCE_NOT)
    if len(value) != shape[dim]:
        raise ValueError(messages.SEQUENCE_LENGTH.format(expected=shape[dim], dim=dim, got=len(value)))
    for item in value:
        _flatten(item, shape, dim + 1, items)


def _integer(item: Any, tensor: type, data: Data) -> int:
    if isinstance(item, tensor):
        return tensor_int(data(item))
    if isinstance(item, (float, np.floating)):
        if not isfinite(item) or not -9.3e18 < item < 9.3e18:
            raise RuntimeError(messages.OVERFLOW.format(type="int64"))
        return int(item)
    if not hasattr(type(item), "__index__"):
        raise TypeError(messages.SEQUENCE_INTEGER.format(type=c_name(item)))
    value = as_int(item)
    if not INT64_MIN <= value <= INT64_MAX:
        raise ValueError(messages.INDEX_INT64)
    return value
