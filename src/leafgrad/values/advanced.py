"""Reading and writing at index arrays: torch's `index` and `index_put_`.

NumPy places the dimensions of the result as torch does, so small arrays are left to it; errors are explained
in torch's words afterwards.  Large arrays are brought to one form, (before, indexed, after) with one flat
index into the middle, where `take` and writes of rows are several times faster than NumPy's general machine.
"""

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
from numpy import ndarray

from ..base import messages
from ..base.where import warn
from .accumulate import SHORT, add_along
from .arguments import sizes, type_name, writable
from .copies import contiguous
from .masked import masked_fill

Index = Sequence[ndarray | None]
Shape = tuple[int, ...]

LARGE = 1 << 13  # elements; below it NumPy's own indexing is faster
LONG = 256  # indices that pay for a turn of a Python loop
_ALL = slice(None)


def take(array: ndarray, advanced: Index) -> ndarray:
    """`array[advanced]`, a new C-contiguous array; entries are None (all of a dimension), integers, or masks.

    >>> take(np.arange(12).reshape(3, 4), [None, np.array([0, -1])])
    array([[ 0,  3],
           [ 4,  7],
           [ 8, 11]])
    """
    if not any(i is not None for i in advanced):
        raise IndexError(messages.INDEX_NONE)
    index = _checked(array, advanced)
    try:
        found = array[_key(index)] if _is_small(array, index) else _take_large(array, index)
    except IndexError:
        return np.empty(explain(array, index), array.dtype)
    if type(found) is not ndarray:
        return np.asarray(found)
    return found if found.flags.c_contiguous else np.ascontiguousarray(found)


def put(array: ndarray, advanced: Index, values: ndarray, accumulate: bool = False) -> None:
    """`array[advanced] = values`, or with `accumulate` `+=`, where repeated places add up; checked before.

    >>> x = np.zeros(3)
    >>> put(x, [np.array([0, 0, 2])], np.array([1.0, 2.0, 3.0]), accumulate=True)
    >>> x.tolist()
    [3.0, 0.0, 3.0]
    """
    if values.size == 1 and not accumulate:
        mask = _lone_mask(array, advanced)
        if mask is not None:
            writable(array, expanded="index_put_")
            masked_fill(array, mask, values.reshape(()), out=array)
            return
    index = _checked(array, advanced, writing=True)
    writable(array, values, *[i for i in index if i is not None], expanded="index_put_")
    small = values.dtype == array.dtype and _is_small(array, index) and values.ndim <= _ndim(array, index)
    shape = None if small else _check_values(array, index, values)
    try:
        if shape is None:
            if accumulate:
                np.add.at(array, _key(index), values)
            else:
                array[_key(index)] = values
        elif not prod(shape):
            explain(array, index)
        elif accumulate:
            _add(array, index, values, shape)
        else:
            _put_large(array, index, values, shape)
    except (IndexError, ValueError):  # NumPy, too, checks before it writes
        shape = shape or _check_values(array, index, values)
        explain(array, index)
        if prod(shape):
            raise


# --- checks ---


def _is_mask(entry: ndarray) -> bool:
    return entry.dtype.char in "?B"


def _checked(array: ndarray, advanced: Index, writing: bool = False) -> Index:
    """The entries, uint8 masks as boolean ones; IndexError for a wrong dtype or mask, or too many entries.

    Of several mistakes torch names a wrong dtype first, but the first of all where it is writing.
    """
    used = 0
    masks = False
    for i, entry in enumerate(advanced):
        if entry is None or entry.dtype.char in "lqi":
            used += 1
        elif _is_mask(entry):
            used += entry.ndim
            masks = True
        else:
            if writing:
                _check_masks(array, advanced[:i])
            raise IndexError(messages.INDEX_DTYPE)
    if masks:
        advanced = _check_masks(array, advanced)
    if used > array.ndim:
        raise IndexError(messages.INDEX_TOO_MANY_GOT.format(ndim=array.ndim, got=used))
    return advanced


def _check_masks(array: ndarray, advanced: Index) -> Index:
    dim = 0
    checked = []
    for entry in advanced:
        width = 1
        if entry is not None and _is_mask(entry):
            if entry.dtype.char == "B":
                warn(messages.INDEX_BYTE)
                entry = entry != 0
            _check_mask(array, entry, dim)
            width = entry.ndim
        checked.append(entry)
        dim += width
    return checked


def _check_mask(array: ndarray, mask: ndarray, dim: int) -> None:
    for i, n in enumerate(mask.shape):
        if dim + i >= array.ndim:
            raise IndexError(messages.INDEX_TOO_MANY.format(ndim=array.ndim))
        if n != array.shape[dim + i]:
            at = {"mask": sizes(mask.shape), "at": i, "shape": sizes(array.shape), "dim": dim + i}
            raise IndexError(messages.INDEX_MASK.format(**at))


def _lone_mask(array: ndarray, advanced: Index) -> ndarray | None:
    """The mask that is the whole index, shaped to broadcast with the array: then torch fills, any dtype."""
    mask, dim = None, 0
    for i, entry in enumerate(advanced):
        if entry is not None:
            if mask is not None or not _is_mask(entry):
                return None
            mask, dim = entry, i
    if mask is None:
        return None
    _check_mask(array, mask, dim)
    return mask.reshape(mask.shape + (1,) * (array.ndim - dim - mask.ndim))


def _is_small(array: ndarray, index: Index) -> bool:
    return array.size < LARGE and max([i.size for i in index if i is not None], default=0) < LARGE


def _ndim(array: ndarray, index: Index) -> int:
    """The number of dimensions of the result."""
    used = wide = 0
    for entry in index:
        if entry is not None:
            used += entry.ndim if _is_mask(entry) else 1
            wide = max(wide, 1 if _is_mask(entry) else entry.ndim)
    return array.ndim - used + wide


def _check_values(array: ndarray, index: Index, values: ndarray) -> Shape:
    """The shape of the result, to which the values must broadcast."""
    shape = _shape(array.shape, index)
    fits = len(values.shape) <= len(shape) and all(
        n in (1, m) for n, m in zip(reversed(values.shape), reversed(shape), strict=False)
    )
    if not fits:
        raise RuntimeError(messages.PUT_SHAPE.format(value=sizes(values.shape), result=sizes(shape)))
    if values.dtype != array.dtype:
        words = {"self": type_name(array), "source": type_name(values)}
        raise RuntimeError(messages.PUT_DTYPE.format(**words))
    return shape


def _parts(shape: Shape, index: Index) -> list[tuple[Shape, ndarray | None]]:
    """Each entry after the sizes of the dimensions it stands for; then the dimensions that are left."""
    parts: list[tuple[Shape, ndarray | None]] = []
    dim = 0
    for entry in index:
        width = entry.ndim if entry is not None and _is_mask(entry) else 1
        parts.append((shape[dim : dim + width], entry))
        dim += width
    return parts + [((n,), None) for n in shape[dim:]]


def _shape(shape: Shape, index: Index) -> Shape:
    """The shape of the result; IndexError if the entries do not broadcast, or index a dimension of size 0."""
    shapes: list[Shape] = []
    rest: list[int] = []
    place = 0  # of the indexed dimensions among the rest
    empty = False
    for size, entry in _parts(shape, index):
        if entry is None:
            rest += size
            continue
        if not shapes and _adjacent(index):
            place = len(rest)
        empty = empty or 0 in size
        if _is_mask(entry):
            shapes += [(int(np.count_nonzero(entry)),)] * max(entry.ndim, 1)
        else:
            shapes.append(entry.shape)
    try:
        wide = np.broadcast_shapes(*shapes)
    except ValueError:
        raise IndexError(messages.INDEX_BROADCAST.format(shapes=", ".join(map(sizes, shapes)))) from None
    if empty and prod(wide):
        raise IndexError(messages.INDEX_EMPTY)
    return (*rest[:place], *wide, *rest[place:])


def explain(array: ndarray, index: Index) -> Shape:
    """Raise torch's error for a wrong index; the shape of the result if nothing is wrong (or read)."""
    shape = _shape(array.shape, index)
    if prod(shape):
        dims: list[tuple[ndarray, int]] = []  # integer indices and the sizes of their dimensions
        for size, entry in _parts(array.shape, index):
            if entry is not None and _is_mask(entry):
                dims += zip(np.atleast_1d(entry).nonzero(), size, strict=False)
            elif entry is not None:
                dims.append((entry, size[0]))
        wide = np.broadcast_shapes(*[i.shape for i, _ in dims])
        wrong = [np.broadcast_to((i < -n) | (i >= n), wide) for i, n in dims]
        found = [(int(bad.argmax()), k) for k, bad in enumerate(wrong) if bad.any()]
        if found:
            at, k = min(found)  # torch goes through the elements, and for each through the dimensions
            index_k, n = dims[k]
            value = int(np.broadcast_to(index_k, wide).flat[at])
            raise IndexError(messages.INDEX_BOUNDS.format(index=value, dim=k, size=n))
    return shape


# --- NumPy's form, and the form for large arrays ---


def _key(index: Index) -> Any:
    if len(index) == 1 and index[0] is not None:
        return index[0]
    return tuple([_ALL if i is None else i for i in index])


def _adjacent(index: Index) -> bool:
    used = [k for k, i in enumerate(index) if i is not None]
    return not used or used[-1] - used[0] == len(used) - 1


def _indexed_first(array: ndarray, index: Index) -> ndarray:
    """The array itself if the entries are adjacent, else a view with the indexed dimensions in front."""
    if _adjacent(index):
        return array
    first: list[int] = []
    rest: list[int] = []
    dim = 0
    for size, entry in _parts(array.shape, index):
        (rest if entry is None else first).extend(range(dim, dim + len(size)))
        dim += len(size)
    return array.transpose(first + rest)


def _flatten(array: ndarray, index: Index) -> tuple[ndarray, ndarray]:
    """The array as (before, indexed, after), C-contiguous, and the flat index into the middle.

    The array is a view if the given one is C-contiguous and the entries adjacent.
    """
    parts = _parts(array.shape, index)
    if not _adjacent(index):
        parts.sort(key=lambda part: part[1] is None)
    used = [(prod(size), entry) for size, entry in parts if entry is not None]
    start = next(k for k, part in enumerate(parts) if part[1] is not None)
    before = prod([prod(size) for size, _ in parts[:start]])
    after = prod([prod(size) for size, _ in parts[start + len(used) :]])
    middle = prod([n for n, _ in used])
    flat: Any = 0
    for n, entry in used:
        at = np.flatnonzero(entry) if _is_mask(entry) else entry
        if len(used) > 1:
            at = flat * n + _positive(at, n).astype(np.int64, copy=False)
        flat = at
    array = contiguous(_indexed_first(array, index))
    return array.reshape(before, middle, after), flat


def _positive(index: ndarray, size: int) -> ndarray:
    """The same integers counted from the front; an IndexError (for `explain`) if they are out of bounds."""
    if not index.size:
        return index
    low = index.min()
    if low < -size or index.max() >= size:
        raise IndexError
    return np.where(index < 0, index + size, index) if low < 0 else index


def _take_large(array: ndarray, index: Index) -> ndarray:
    shape = _shape(array.shape, index)
    direct = array.flags.c_contiguous and _adjacent(index)
    if not direct and array.size > 4 * prod(shape):  # too much to copy for what is read
        return array[_key(index)]
    source, flat = _flatten(array, index)
    return source.take(flat.reshape(-1), 1).reshape(shape)


def _put_large(array: ndarray, index: Index, values: ndarray, shape: Shape) -> None:
    if not array.flags.c_contiguous or not _adjacent(index):
        array[_key(index)] = values
        return
    target: Any
    target, flat = _flatten(array, index)
    before, middle, after = target.shape
    flat = _positive(flat.reshape(-1), middle)
    given: Any = np.broadcast_to(values, shape).reshape(before, len(flat), after)
    if after == 1:
        target, given = target.reshape(before, middle), given.reshape(before, len(flat))
    if before == 1 or len(flat) >= LONG:
        for row, new in zip(target, given, strict=True):
            row[flat] = new
    else:
        rows = (np.arange(before)[:, None] * middle + flat).reshape(-1)
        target.reshape(before * middle, *target.shape[2:])[rows] = given.reshape(len(rows), *given.shape[2:])


def _add(array: ndarray, index: Index, values: ndarray, shape: Shape) -> None:
    direct = array.flags.c_contiguous and _adjacent(index)
    if prod(shape) < SHORT or (not direct and array.size > 16 * prod(shape)):
        np.add.at(array, _key(index), values)
        return
    target, flat = _flatten(array, index)
    before, middle, after = target.shape
    flat = _positive(flat.reshape(-1), middle)
    add_along(target, flat, np.broadcast_to(values, shape).reshape(before, len(flat), after))
    if not direct:
        changed = _indexed_first(array, index)
        changed[...] = target.reshape(changed.shape)
