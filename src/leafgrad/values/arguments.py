"""Arguments of many kernels, checked in torch's words: dimensions, numbers, indices, memory to write."""

from math import isfinite
from typing import Any

import numpy as np
from numpy import ndarray

from ..base import messages
from ..base.where import warn
from . import dtype as dtypes
from .blocks import order, spread

# The names of the element types in C++, which messages about numbers use; masks have names of their own.
CPP = {
    "bool": "bool",
    "uint8": "uint8_t",
    "uint16": "uint16_t",
    "uint32": "uint32_t",
    "uint64": "uint64_t",
    "int8": "int8_t",
    "int16": "int16_t",
    "int32": "int",
    "int64": "int64_t",
    "float16": "c10::Half",
    "bfloat16": "c10::BFloat16",
    "float32": "float",
    "float64": "double",
    "complex64": "c10::complex<float>",
    "complex128": "c10::complex<double>",
}
LARGE = 1 << 20  # bytes of indices; from here on two threads check them
INT64_MIN, INT64_MAX = -(1 << 63), (1 << 63) - 1


def type_name(array: ndarray) -> str:
    """torch's name of an array's dtype in messages: "Float", "Long"."""
    return dtypes.of(array.dtype).type_name


def sizes(shape: tuple[int, ...]) -> str:
    """A shape as torch's messages print it.

    >>> sizes((3,))
    '[3]'
    """
    return str(list(shape))


def axis(dim: int, ndim: int) -> int:
    """`dim`, negative or not, as an axis of `ndim` (at least one) dimensions; IndexError if it is none."""
    n = ndim or 1
    if -n <= dim < n:
        return dim % n
    raise IndexError(messages.DIM_RANGE.format(low=-n, high=n - 1, dim=dim))


# The largest numbers of the floating dtypes; bfloat16, which NumPy does not know, is the void among them.
_LARGEST = {"e": 65504.0, "f": 3.4028234663852886e38, "d": float("inf"), "E": 3.3895313892515355e38}


def number(value: Any, dtype: np.dtype) -> Any:
    """A number (or a 0-dim array) as a NumPy number of `dtype`; RuntimeError if it does not fit.

    As in torch, integers lose their fractions, negative numbers wrap around in uint8, infinities always fit.

    >>> number(2.7, np.dtype("int64")), number(-1, np.dtype("uint8"))
    (np.int64(2), np.uint8(255))
    """
    kind = dtype.kind
    if kind == "f" and type(value) is float and -1e4 < value < 1e4:
        return dtype.type(value)
    if isinstance(value, (ndarray, np.generic)):
        value = float(value) if value.dtype.kind == "V" else value.item()
    if kind == "b":
        return np.bool_(value)
    if isinstance(value, complex) and kind != "c":
        if value.imag != 0:
            raise _overflow(dtype)
        value = value.real
    if kind in "iu":
        limits = np.iinfo(dtype)
        if isinstance(value, float):
            if not (limits.min <= value <= limits.max):  # nor is what is no number
                raise _overflow(dtype)
            value = int(value)
        if not (-limits.max if kind == "u" else limits.min) <= value <= limits.max:
            raise _overflow(dtype)
        return dtype.type(value % (limits.max + 1) if kind == "u" else value)
    largest = _LARGEST["E" if kind == "V" else dtype.char.lower() if kind == "c" else dtype.char]
    for part in (value.real, value.imag):
        if abs(part) > largest and isfinite(part):
            raise _overflow(dtype)
    return dtype.type(value)


def _overflow(dtype: np.dtype) -> RuntimeError:
    return RuntimeError(messages.OVERFLOW.format(type=CPP[dtypes.of(dtype).name]))


def cast(x: ndarray, dtype: np.dtype | None) -> ndarray:
    """x in another dtype, if one is given; a warning where that loses an imaginary part."""
    if dtype is None or dtype == x.dtype:
        return x
    if x.dtype.kind == "c" and dtype.kind not in "cb":
        warn(messages.CAST_COMPLEX)
        x = x.real
    return x.astype(dtype)


def writable(target: ndarray, *sources: ndarray, expanded: str = "") -> None:
    """Check that each element of `target` has its own memory, and that no source lies in it.

    Where torch only warns about the first, `expanded` is the name of the op.
    """
    repeated = 0 in target.strides and target.size
    if repeated and any(map(lambda n, s: n > 1 and s == 0, target.shape, target.strides)):
        if not expanded:
            raise RuntimeError(messages.OVERLAP)
        example = "tensor[indices] = tensor" if expanded == "index_put_" else "tensor[mask] = scalar"
        warn(messages.EXPANDED_WRITE.format(op=expanded, example=example))
    for source in sources:
        if source.base is None and target.base is None and source is not target:
            continue
        if source is target or (
            np.may_share_memory(target, source) and order(target) is not None and order(source) is not None
        ):
            raise RuntimeError(messages.MEMORY_SHARED)


def check_expands(shape: tuple[int, ...], target: tuple[int, ...], type: str) -> None:
    """Raise, in the words of `expand`, unless this shape broadcasts to `target`.  type: as it names the tensor's."""
    words: dict[str, Any] = {"shape": sizes(shape), "target": sizes(target), "size": sizes(target)}
    if len(shape) > len(target):
        words.update(type=type, count=len(target), ndim=len(shape))
        raise RuntimeError(messages.EXPAND_COUNT.format(**words))
    for dim in range(-1, -len(shape) - 1, -1):
        if shape[dim] not in (1, target[dim]):
            words.update(wanted=target[dim], size=shape[dim], dim=len(target) + dim)
            raise RuntimeError(messages.EXPAND_SIZE.format(**words))


def first_bad(index: ndarray, low: int, high: int) -> int | None:
    """The first of the signed integers that is not in low ... high-1, or None; `low` is 0 or -high."""
    if not index.size or (high and _all_good(index, low, high)):
        return None
    return int(index.flat[int(((index < low) | (index >= high)).argmax())])


def _all_good(index: ndarray, low: int, high: int) -> bool:
    if index.nbytes < LARGE or not index.flags.c_contiguous:
        return _good(index, low, high)
    flat, good = index.reshape(-1), []

    def task(i: int, j: int) -> None:
        good.append(_good(flat[i:j], low, high))

    spread(task, len(flat), index.nbytes, 64)
    return all(good)


def _good(index: ndarray, low: int, high: int) -> bool:
    if not low:  # as unsigned numbers, negative ones are large
        return bool(np.maximum.reduce(index.view(f"u{index.itemsize}"), None) < high)
    return bool(np.minimum.reduce(index, None) >= low and np.maximum.reduce(index, None) < high)


def plain(x: Any) -> Any:
    """A NumPy number as the Python number that torch reads from it, where a bool is a float; anything else as it is."""
    if isinstance(x, np.bool):
        return float(x)
    return x.item() if isinstance(x, np.number) and not isinstance(x, np.timedelta64) else x
