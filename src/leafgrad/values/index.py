"""What `x[index]` means: a chain of views, then at most one advanced index.

`plan` reads an index as torch does and names torch's ops with torch's arguments: they become the nodes.
The advanced part, made of integer arrays and masks, is read and written by `take` and `put` (advanced.py).
"""

from collections.abc import Callable
from operator import index as as_int
from typing import Any

import numpy as np
from numpy import ndarray

from ..base import messages
from ..base.where import warn
from .advanced import put as put
from .advanced import take as take
from .arguments import INT64_MAX, INT64_MIN
from .sequences import c_name, flat_list, index_array, is_sequence, tensor_int

Step = tuple[Any, ...]
Data = Callable[[Any], ndarray]

LONGEST_TUPLE = 32  # a list of as many items is never read as a tuple
LOWEST = -(1 << 62)  # the lowest number that torch takes in a slice


def _itself(array: ndarray) -> ndarray:
    return array


def plan(
    shape: tuple[int, ...], index: Any, tensor: type = ndarray, data: Data = _itself, writing: bool = False
) -> tuple[list[Step], list[Any] | None]:
    """The views that `x[index]` takes of an x of `shape`, in order; the advanced index after them, or None.

    A view is ("select", dim, index), ("slice", dim, start, stop, step), ("unsqueeze", dim) or ("alias",); the
    numbers are as given, an open end of a slice is 2**63 - 1.  The advanced index is a list; its entries are
    None (all of the next dimension), integers for the next dimension, or a mask for as many dimensions as
    it has.  Tensors are instances of `tensor` and handed on as they are, `data` gives their array; lists and
    booleans become arrays.

    With `writing`, the views for `x[index] = value`: torch skips those that change nothing.  (If index is
    False, nothing at all is to be written.)

    >>> plan((3, 4), (0, slice(1, None)))
    ([('select', 0, 0), ('slice', 0, 1, 9223372036854775807, 1)], None)
    >>> plan((3, 4), (None, [0, 2]))
    ([('unsqueeze', 0)], [None, array([0, 2])])
    """
    kind = type(index)
    if kind is int:
        n = shape[0] if shape else 0
        if not -n <= index < n:
            raise out_of_bounds(index, 0, n) if shape or index else IndexError(messages.INDEX_ZERO_DIM)
        return [("select", 0, index)], None
    if kind is tuple:
        return _walk(shape, index, tensor, data, writing)
    if kind is slice:
        step = _slice(index, 0, shape, tensor, data)
        return ([] if writing and _is_whole(step, shape[0]) else [step]), None
    if index is None or (index is True and writing):
        return [("unsqueeze", 0)], None
    if index is ...:
        return ([] if writing else [("alias",)]), None
    if shape and (kind is tensor or kind is list):  # the usual cases, fast
        array = data(index) if kind is tensor else flat_list(index)
        if array is not None and array.ndim > 0 and (array.ndim <= len(shape) or not _is_mask(array)):
            return [], [index if kind is tensor else array]
    elif not shape and kind is not bool and _is_integer(index, tensor):
        return plan(shape, as_int(index))
    return _walk(shape, _as_tuple(index, tensor), tensor, data, writing)


def _walk(
    shape: tuple[int, ...], parts: tuple, tensor: type, data: Data, writing: bool
) -> tuple[list[Step], list[Any] | None]:
    consumed = 0
    for part in parts:
        kind = type(part)
        if kind is int or kind is slice:
            consumed += 1
        elif part is not None and part is not ... and kind is not bool:
            consumed += _width(part, tensor, data) if isinstance(part, (tensor, ndarray)) else 1
    ndim = len(shape)
    if consumed > ndim:
        raise IndexError(messages.INDEX_TOO_MANY.format(ndim=ndim))
    steps: list[Step] = []
    advanced: list[Any] = []
    dim = at = 0  # the next dimension of the view so far, and of what is indexed
    skipped = 0  # dimensions passed since the last advanced index
    for place, part in enumerate(parts):
        kind = type(part)
        if kind is slice:
            step = _slice(part, dim, shape, tensor, data)
            if at >= ndim:
                raise _no_dim(dim, ndim + dim - at)
            if not _is_whole(step, shape[at]):
                steps.append(step)
            dim += 1
            at += 1
            skipped += 1
            continue
        if part is None:
            if at > ndim:
                raise _no_dim(dim, ndim + dim - at + 1)
            steps.append(("unsqueeze", dim))
            dim += 1
            skipped += 1
            continue
        if part is ...:
            dim += ndim - consumed
            at += ndim - consumed
            skipped += ndim - consumed
            continue
        if kind is not int:
            part = _resolve(part, tensor, data)
        if type(part) is int:
            n = shape[at] if at < ndim else 0
            if not -n <= part < n:
                raise out_of_bounds(part, place, n)  # torch names the place in the index
            steps.append(("select", dim, part))
            at += 1
            continue
        advanced += [None] * skipped
        skipped = 0
        if type(part) is bool:
            steps.append(("unsqueeze", dim))
            advanced.append(np.zeros(int(part), np.int64))
            dim += 1
        else:
            advanced.append(part)
            width = _width(part, tensor, data)
            dim += width
            at += width
    if advanced:
        return steps, advanced
    return (steps if steps or writing else [("alias",)]), None


def _no_dim(dim: int, ndim: int) -> IndexError:
    """Only a second `...` leads beyond the last dimension."""
    return IndexError(messages.DIM_RANGE.format(low=-ndim, high=ndim - 1, dim=dim))


def _as_tuple(index: Any, tensor: type) -> tuple:
    """An index that is not a tuple as one; torch still reads some lists as if they were tuples."""
    if isinstance(index, tuple):
        return tuple(index)
    if not isinstance(index, (tensor, ndarray)) and is_sequence(index) and len(index) < LONGEST_TUPLE:
        for part in index:
            if part is None or part is ... or isinstance(part, (slice, tensor)) or is_sequence(part):
                warn(messages.INDEX_SEQUENCE)
                return tuple(index)
    return (index,)


def _is_mask(array: ndarray) -> bool:
    return array.dtype.char in "?B"


def _width(part: Any, tensor: type, data: Data) -> int:
    """How many dimensions an advanced index consumes."""
    array = data(part) if isinstance(part, tensor) else part
    return array.ndim if _is_mask(array) else 1


def _is_integer(part: Any, tensor: type) -> bool:
    return not isinstance(part, (tensor, ndarray, bool)) and hasattr(type(part), "__index__")


def _resolve(part: Any, tensor: type, data: Data) -> Any:
    """One part of an index as an int, a bool, or a tensor or array for the advanced index."""
    if isinstance(part, bool):
        return part
    if not isinstance(part, tensor):
        if is_sequence(part):
            part = index_array(part, tensor, data)
        elif _is_integer(part, tensor):
            return as_int(part)
        else:
            raise IndexError(messages.INDEX_KIND.format(type=c_name(part)))
    array = data(part) if isinstance(part, tensor) else part
    if array.ndim == 0:
        if array.dtype.kind in "iu" and array.dtype.char != "B":
            return _int64(int(array))
        if _is_mask(array):
            return bool(array)
    return part


def _int64(value: int) -> int:
    if value > INT64_MAX:  # a uint64
        raise RuntimeError(messages.OVERFLOW.format(type="int64_t"))
    return value


def out_of_bounds(index: int, dim: int, size: int) -> Exception:
    """The error for an integer that is no index of a dimension."""
    if not INT64_MIN <= index <= INT64_MAX:
        return ValueError(messages.INDEX_INT64)
    return IndexError(messages.INDEX_BOUNDS.format(index=index, dim=dim, size=size))


# --- slices ---


def _slice(part: slice, dim: int, shape: tuple[int, ...], tensor: type, data: Data) -> Step:
    start, stop, step = part.start, part.stop, part.step
    if step is None:
        step = 1
    elif type(step) is not int or not 0 < step <= INT64_MAX:
        step = _bound(step, tensor, data)
        if step == 0:
            raise ValueError(messages.SLICE_STEP_ZERO)
    if start is None:
        start = 0
    elif type(start) is not int or not LOWEST <= start <= INT64_MAX:
        start = _bound(start, tensor, data)
    if stop is None:
        stop = INT64_MAX
    elif type(stop) is not int or not LOWEST <= stop <= INT64_MAX:
        stop = _bound(stop, tensor, data)
    if step < 0:
        raise ValueError(messages.SLICE_STEP)
    if not shape:
        raise IndexError(messages.SLICE_ZERO_DIM)
    return ("slice", dim, start, stop, step)


def _is_whole(step: Step, size: int) -> bool:
    return step[2] == 0 and step[3] >= size and step[4] == 1


def _bound(value: Any, tensor: type, data: Data) -> int:
    """One of the three numbers of a slice, within 64 bits."""
    if type(value) is not int:
        if isinstance(value, tensor):
            value = tensor_int(data(value))
        elif hasattr(type(value), "__index__"):
            value = as_int(value)
        else:
            raise TypeError(messages.SLICE_INDEX)
    if value < LOWEST:
        warn(messages.SLICE_TRUNCATED)
        return LOWEST
    return min(value, INT64_MAX)
