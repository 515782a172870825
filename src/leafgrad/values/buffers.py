"""Memory of large arrays, kept for the next array of the same size.

The system hands out fresh memory page by page, and the first touch of every page costs as much as the
arithmetic on it. Large results are therefore built on memory that an owner puts back when nobody refers to it
any more.
"""

from math import prod
from typing import Any

import numpy as np
from numpy import ndarray

from ..base import messages

SMALLEST = 1 << 18  # bytes; below it malloc keeps the memory itself
LIMIT = 1 << 26  # bytes that may lie unused

# That is true of glibc's malloc once it has seen a larger piece freed (mallopt(3), M_TRIM_THRESHOLD): until then it gives the memory of a
# graph of small tensors back after every step, and touches fresh pages in the next.  The piece is never touched itself.
ndarray(4_000_000, np.uint8)

_free: list["_Memory"] = []  # the most recently freed last
_used = [0, 0]  # bytes in use, and the most that ever were


# Note [Who owns a large array]
# array.base is an Owner, whose base is a _Memory.  A view's base is the object that holds the memory: NumPy
# follows the chain of bases as long as they are of the view's own type, so every view (of a view, ...) of a
# plain array on such memory holds the array or the Owner; memoryviews and DLPack capsules hold the array.
# The Owner dies when the last of them does, and only then is the memory put back.  A view made from an
# Owner itself has no _Memory as its base.


class _Memory(ndarray):
    """A piece of memory, a vector of bytes."""


class Owner(ndarray):
    """The one reference that keeps a _Memory in use; puts it back when it dies."""

    # the defaults are there when the module is gone, at exit
    def __del__(
        self, Memory: Any = _Memory, free: list[Any] = _free, used: list[int] = _used, LIMIT: int = LIMIT
    ) -> None:
        memory: Any = self.base
        if type(memory) is not Memory:
            return
        used[0] -= memory.nbytes
        if memory.nbytes <= LIMIT // 2:
            free.append(memory)
            kept = sum([other.nbytes for other in tuple(free)])
            while kept > LIMIT:
                try:
                    kept -= free.pop(0).nbytes
                except IndexError:
                    return


def empty(shape: tuple[int, ...], dtype: np.dtype) -> ndarray:
    """An uninitialised C-contiguous array; a large one on memory used before, if there is some that fits.

    RuntimeError if there is not so much memory.
    """
    size = prod(shape) * dtype.itemsize
    if size < SMALLEST or dtype.hasobject:
        return np.empty(shape, dtype)
    if size >= 1 << 63:
        raise no_room(shape, dtype)
    try:
        return ndarray(shape, dtype, _memory(size).view(Owner))
    except MemoryError:
        raise no_room(shape, dtype) from None


def zeros(shape: tuple[int, ...], dtype: np.dtype) -> ndarray:
    """The same, zero everywhere."""
    size = prod(shape) * dtype.itemsize
    if size < SMALLEST or size > LIMIT // 2 or dtype.hasobject:
        if size >= 1 << 63:
            raise no_room(shape, dtype)
        try:
            return np.zeros(shape, dtype)
        except MemoryError:
            raise no_room(shape, dtype) from None
    out = empty(shape, dtype)
    out.reshape(-1).view(np.uint8).fill(0)
    return out


def no_room(shape: tuple[int, ...], dtype: np.dtype) -> RuntimeError:
    """The error for an array that is too large for this machine, or for any."""
    size = prod(shape) * dtype.itemsize
    if size >= 1 << 63:
        return RuntimeError(messages.SIZE_OVERFLOW.format(size=list(shape)))
    return RuntimeError(messages.NO_MEMORY.format(bytes=size))


def like(array: ndarray, dtype: np.dtype | None = None) -> ndarray:
    """An uninitialised C-contiguous array of the same shape: room for a step in between."""
    return empty(array.shape, dtype or array.dtype)


def cast(x: ndarray, dtype: np.dtype) -> ndarray:
    """x in another dtype, in C order."""
    result = empty(x.shape, dtype)
    np.copyto(result, x, casting="unsafe")
    return result


def _memory(size: int) -> _Memory:
    memory = _fitting(size)
    if memory is None:
        _make_room(size)
        memory = _Memory(size, np.uint8)
    _used[0] += memory.nbytes
    _used[1] = max(_used)
    return memory


def _fitting(size: int) -> _Memory | None:
    """Unused memory of about this size, that which was used last."""
    for i in range(len(_free) - 1, -1, -1):
        try:
            memory = _free.pop(i)
        except IndexError:  # another thread took some
            continue
        if size <= memory.nbytes <= size + size // 4:
            return memory
        _free.insert(i, memory)
    return None


def _make_room(size: int) -> None:
    """Give unused memory back, the oldest first, as far as there would be more of it all than was ever in use."""
    surplus = (
        _used[0] + size + sum([memory.nbytes for memory in tuple(_free)]) - max(_used[1], _used[0] + size)
    )
    while surplus > 0:
        try:
            surplus -= _free.pop(0).nbytes
        except IndexError:
            return
