"""Geometry: how an array lies in its memory, and other windows on the same memory, with torch's strides.

NumPy and torch agree on strides but for axes of length 1 and for empty arrays.  There strides mean nothing, yet programs see
them; so wherever a view makes such an axis, it is built here with the strides that torch gives it.  Strides are in bytes, as
NumPy has them, unless a function says elements.
"""

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np
from numpy import ndarray

from ..base import messages
from .copies import copy, copy_into

_ALL = slice(None)
Geometry = tuple[tuple[int, ...], tuple[int, ...], int]  # size, stride, offset, in elements


def root(array: ndarray) -> ndarray:
    """The array that owns the memory: what torch calls the storage."""
    base = array.base
    while isinstance(base, ndarray):
        array = base
        if type(array) is not ndarray:  # the owner of pooled memory, which must stay referred to
            break
        base = array.base
    return array


def address(array: ndarray) -> int:
    """Where the first element lies."""
    return array.__array_interface__["data"][0]


def same_place(a: ndarray, b: ndarray) -> bool:
    """Whether two arrays show the same memory in the same way."""
    return a.strides == b.strides and a.shape == b.shape and a.dtype is b.dtype and address(a) == address(b)


def offset(array: ndarray) -> int:
    """How many elements of its dtype lie in the storage before the array's first."""
    memory = root(array)
    return 0 if memory is array else (address(array) - address(memory)) // array.itemsize


def contiguous(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The strides, in elements, of a contiguous tensor."""
    step, strides = 1, []
    for n in reversed(shape):
        strides.append(step)
        step *= n or 1
    return tuple(strides[::-1])


def elements(array: ndarray) -> tuple[int, ...]:
    """The strides in elements, as torch reports them."""
    if not array.size and not any(array.strides):  # so NumPy makes empty arrays
        return contiguous(array.shape)
    return _elements[array.strides, array.itemsize]


def in_bytes(array: ndarray) -> tuple[int, ...]:
    """The same in bytes."""
    if array.size:
        return array.strides
    item = array.itemsize
    return tuple([s * item for s in elements(array)])


def window(
    array: ndarray,
    shape: tuple[int, ...],
    strides: tuple[int, ...],
    skip: int = 0,
    dtype: np.dtype | None = None,
) -> ndarray:
    """A view of the memory under `array` that starts `skip` bytes after its first element; RuntimeError if it reaches beyond."""
    dtype = dtype or array.dtype
    if skip >= 0 and array.flags.c_contiguous:
        try:
            return ndarray(shape, dtype, array, skip, strides)
        except (TypeError, ValueError):  # it reaches beyond the array
            pass
    memory = root(array)
    start = address(array) - address(memory) + skip
    if not memory.flags.c_contiguous:
        memory = memory.ravel("K")
    if 0 in shape:  # it may lie anywhere, and NumPy lets it lie only within the memory
        start = min(start, memory.nbytes)
    try:
        return ndarray(shape, dtype, memory, start, strides)
    except ValueError:
        item = dtype.itemsize
        check_bounds(shape, tuple([s // item for s in strides]), start // item, item, memory.nbytes)
        raise


def check_bounds(size: tuple, stride: tuple, offset: int, item: int, has: int) -> None:
    """Raise if a storage of `has` bytes has no window of this geometry."""
    if offset < 0:
        raise RuntimeError(messages.STRIDED_OFFSET.format(offset=offset))
    needs = (offset + extent(size, stride)) * item
    if needs > has and all(size):
        raise RuntimeError(
            messages.STRIDED_BOUNDS.format(
                size=list(size), stride=list(stride), offset=offset, itemsize=item, needs=needs, has=has
            )
        )


def storage_bytes(array: ndarray) -> int:
    """The bytes of the memory under an array."""
    return root(array).nbytes


def at(memory: ndarray, geometry: Geometry) -> ndarray:
    """The window of this geometry on a vector."""
    size, stride, skip = geometry
    item = memory.itemsize
    return ndarray(size, memory.dtype, memory, skip * item, tuple([s * item for s in stride]))


def extent(size: tuple[int, ...], stride: tuple[int, ...]) -> int:
    """How many elements of storage a tensor spans, from its first to its last."""
    return 1 + sum([(n - 1) * s for n, s in zip(size, stride, strict=True)]) if all(size) else 0


def geometry(array: ndarray) -> Geometry:
    """Size, stride and storage offset of an array."""
    return array.shape, elements(array), offset(array)


def check_overlap(data: ndarray) -> None:
    """Raise if several elements of the array lie in one place (as `expand` makes them)."""
    if (
        0 in data.strides
        and data.size
        and any(n > 1 and s == 0 for n, s in zip(data.shape, data.strides, strict=True))
    ):
        raise RuntimeError(messages.OVERLAP)


def overlaps(size: tuple[int, ...], stride: tuple[int, ...]) -> bool:
    """Whether two elements may lie in one place (True where it is not known, as torch has it)."""
    reach = 1
    for s, n in sorted(zip(stride, size, strict=True)):
        if n > 1:
            if s < reach:
                return True
            reach = s * (n - 1) + reach
    return False


# --- windows, kind by kind ---
# How strides follow from a shape, its strides, the item size and what is wanted is worked out once for each combination.


class _Cache(dict):
    """Results of a function of a few tuples; what raises is not kept."""

    def __init__(self, function: Callable) -> None:
        self.function = function

    def __missing__(self, key: tuple) -> Any:
        if len(self) >= 4096:
            self.clear()
        value = self[key] = self.function(*key)
        return value


_elements = _Cache(lambda strides, item: tuple([s // item for s in strides]))


def reshape_view(array: ndarray, shape: tuple[int, ...]) -> ndarray | None:
    """The array's elements in a new shape without a copy, or None if there is no such view."""
    if shape == array.shape and 1 not in shape:  # torch gives axes of length 1 new strides
        return array[...]
    if array.flags.c_contiguous and array.size and 1 not in array.shape:
        return array.reshape(shape)
    strides = _reshaped[array.shape, in_bytes(array), array.itemsize, shape]
    if strides is None:
        return None
    out = array.reshape(shape)
    return out if out.strides == strides else window(array, shape, strides)


def _reshape(old: tuple, strides: tuple, item: int, new: tuple) -> tuple | None:
    """Splits the old shape into runs of axes that lie in memory as one, and cuts each run anew."""
    if not prod(new):
        if old == new:
            return strides
        return tuple([s * item for s in contiguous(new)])
    if not old:
        return (item,) * len(new)
    out = [0] * len(new)
    d = len(new) - 1
    step = strides[-1]  # of the innermost axis of the run
    have = want = 1  # elements of the run so far, and of the new axes made from it
    for i in range(len(old) - 1, -1, -1):
        have *= old[i]
        if i and (old[i - 1] == 1 or strides[i - 1] == have * step):
            continue
        while d >= 0 and (want < have or new[d] == 1):
            out[d] = want * step
            want *= new[d]
            d -= 1
        if want != have:
            return None
        if i:
            step, have, want = strides[i - 1], 1, 1
    return tuple(out)


_reshaped = _Cache(_reshape)


def expand(array: ndarray, shape: tuple[int, ...]) -> ndarray | None:
    """The array repeated along axes of length 1 and new leading axes, without a copy; None if `shape` does not fit.

    An entry of -1 keeps a length.
    """
    if array.flags.c_contiguous and array.size:
        found = _expanded[array.shape, array.strides, array.itemsize, shape]
        return None if found is None else ndarray(found[0], array.dtype, array, 0, found[1])
    found = _expanded[array.shape, in_bytes(array), array.itemsize, shape]
    return None if found is None else window(array, *found)


def _expand(old: tuple, strides: tuple, item: int, new: tuple) -> tuple[tuple, tuple] | None:
    lead = len(new) - len(old)
    if lead < 0:
        return None
    shape, out = list(new), [0] * len(new)
    for i in range(len(new) - 1, -1, -1):
        n = old[i - lead] if i >= lead else 1
        if shape[i] == -1 and i >= lead:
            shape[i] = n
        if shape[i] < 0 or n not in (1, shape[i]):
            return None
        if shape[i] == n and old:
            out[i] = (
                strides[i - lead] if i >= lead else shape[i + 1] * out[i + 1] if i + 1 < len(new) else item
            )
    return tuple(shape), tuple(out)


_expanded = _Cache(_expand)


def unsqueeze(array: ndarray, axis: int) -> ndarray:
    """A new axis of length 1."""
    shape = array.shape
    if array.flags.c_contiguous and 1 not in shape and array.size:
        return array.reshape((*shape[:axis], 1, *shape[axis:]))
    strides = in_bytes(array)
    step = shape[axis] * strides[axis] if axis < len(shape) else array.itemsize
    return window(array, (*shape[:axis], 1, *shape[axis:]), (*strides[:axis], step, *strides[axis:]))


def pick(array: ndarray, axis: int, index: int) -> ndarray:
    """array[index] along an axis; for empty arrays, whose strides NumPy forgets."""
    shape, strides = array.shape, in_bytes(array)
    skip = index % shape[axis] * strides[axis]
    return window(array, (*shape[:axis], *shape[axis + 1 :]), (*strides[:axis], *strides[axis + 1 :]), skip)


def cut(array: ndarray, axis: int, start: int, stop: int, step: int) -> ndarray:
    """array[start:stop:step] along an axis; any `start` and `stop`, a positive `step`."""
    n = array.shape[axis]
    start, stop = start + n if start < 0 else start, stop + n if stop < 0 else stop
    start = 0 if start < 0 else start if start < n else n
    if start < stop and start < n and array.size:
        return array[(*(_ALL,) * axis, slice(start, stop, step))]
    stop = start if stop < start else stop if stop < n else n
    shape, strides = array.shape, in_bytes(array)
    skip = start * strides[axis]
    shape = (*shape[:axis], (stop - start + step - 1) // step, *shape[axis + 1 :])
    return window(array, shape, (*strides[:axis], strides[axis] * step, *strides[axis + 1 :]), skip)


def unfold(array: ndarray, axis: int, size: int, step: int) -> ndarray:
    """All windows of `size` along an axis, `step` apart; a new last axis runs through each."""
    if not array.ndim:
        return window(array, (size if size else 1,), (array.itemsize,))
    shape, strides = array.shape, in_bytes(array)
    count = (shape[axis] - size) // step + 1
    return window(
        array,
        (*shape[:axis], count, *shape[axis + 1 :], size),
        (*strides[:axis], strides[axis] * step, *strides[axis + 1 :], strides[axis]),
    )


def diagonal(array: ndarray, skip: int, axis1: int, axis2: int) -> ndarray:
    """The diagonal of two axes, `skip` above the main one, as the last axis."""
    out = array.diagonal(skip, axis1, axis2)
    if not out.size:  # NumPy forgets strides; and beyond the corners torch lets it lie where the array does
        steps = in_bytes(array)
        axes = axis1 % array.ndim, axis2 % array.ndim
        kept = [s for axis, s in enumerate(steps) if axis not in axes]
        return window(array, out.shape, (*kept, steps[axes[0]] + steps[axes[1]]))
    if array.flags.writeable:
        out.flags.writeable = True
    return out


# --- layouts: how a new array may lie ---


def is_dense(shape: tuple[int, ...], strides: tuple[int, ...]) -> bool:
    """Whether the elements (strides in elements) fill their stretch of memory, each its own place."""
    step = 1
    for s, n in sorted([(s, n) for s, n in zip(strides, shape, strict=True) if n != 1]):
        if s != step:
            return 0 in shape
        step *= n
    return True


def ordered(shape: tuple[int, ...], strides: tuple[int, ...]) -> tuple[int, ...]:
    """The strides of a dense array whose axes follow each other in memory as those of these strides do.

    As torch sorts them: an axis of stride 0 stays where it is relative to the others, of equal strides the shorter is inner.
    """
    order = list(range(len(shape)))[::-1]
    for i in range(1, len(order)):
        place = i
        for j in range(i - 1, -1, -1):
            a, b = order[j], order[place]
            if not strides[a] or not strides[b]:
                continue
            if strides[a] < strides[b]:
                break
            if strides[a] > strides[b] or shape[a] > shape[b]:
                order[j], order[place] = b, a
                place = j
    out = [0] * len(shape)
    step = 1
    for axis in order:
        out[axis] = step
        step *= shape[axis] or 1
    return tuple(out)


def channels_last(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The strides of (batch, channels, rows, ...) with the channels innermost."""
    _batch, channels, *space = shape
    step, strides = channels, []
    for n in reversed(space):
        strides.append(step)
        step *= n
    return (step, 1, *strides[::-1])


def is_channels_last(array: ndarray) -> bool:
    """Whether the array lies in memory with its second axis innermost."""
    step = 1
    for axis in (1, *range(array.ndim - 1, 1, -1), 0):
        n = array.shape[axis]
        if n != 1:
            if array.strides[axis] != step * array.itemsize:
                return False
            step *= n
    return True


def empty(shape: tuple[int, ...], strides: tuple[int, ...], dtype: np.dtype) -> ndarray:
    """A new array with these strides (in elements), which are those of a dense one."""
    item = dtype.itemsize
    try:
        memory = np.empty(prod(shape), dtype)
    except MemoryError:
        raise RuntimeError(messages.NO_MEMORY.format(bytes=prod(shape) * item)) from None
    return ndarray(shape, dtype, memory, 0, tuple([s * item for s in strides]))


def empty_like(array: ndarray, dtype: np.dtype | None = None) -> ndarray:
    """A new uninitialised array that lies in memory as the array does.  (NumPy would put axes of stride 0 innermost.)"""
    if 0 not in array.strides:
        return np.empty_like(array, dtype)
    return empty(array.shape, ordered(array.shape, elements(array)), dtype or array.dtype)


def preserved(array: ndarray, dtype: np.dtype | None = None) -> ndarray:
    """A copy that lies in memory as the array does: with its strides, if it is dense."""
    if 1 not in array.shape and array.size:
        if array.flags.c_contiguous:
            return copy(array, dtype)
        if array.flags.f_contiguous:
            return copy(array.T, dtype).T
    shape, strides = array.shape, elements(array)
    return laid(array, strides if is_dense(shape, strides) else ordered(shape, strides), dtype)


def laid(array: ndarray, strides: tuple[int, ...], dtype: np.dtype | None = None) -> ndarray:
    """A copy with these strides (in elements), which are those of a dense array."""
    if strides == contiguous(array.shape):
        return copy(array, dtype)
    out = empty(array.shape, strides, dtype or array.dtype)
    copy_into(out, array)
    return out
