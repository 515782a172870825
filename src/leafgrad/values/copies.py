"""Copies of large arrays: contiguous copies of permuted ones, casts, and arrays put together from others."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy import ndarray

from . import blocks, buffers
from .blocks import LARGE
from .halves import narrow, widen

Array = ndarray
MOVED = 1 << 23  # bytes; fewer are moved before a second thread wakes up
TILE = 1 << 16  # elements of a tile of a transposed copy
ROWS = 64  # of its rows at most

# Note [Transposed copies]
# Where source and target run along different axes, one of them is touched a line at a time, and with strides
# of a power of two all these lines fall into the same few places of the cache.  So a tile goes through a
# buffer whose rows are a line longer than needed: 1024 x 1024 floats take 0.5 ms instead of 3.5 (one thread).
PAD = 64  # bytes


def contiguous(x: Array) -> Array:
    """x itself if it is C-contiguous, else a C-contiguous copy."""
    return x if x.flags.c_contiguous else copy(x)


def copy(x: Array, dtype: np.dtype | None = None) -> Array:
    """A C-contiguous copy, in `dtype` if given."""
    dtype = dtype or x.dtype
    if x.size < LARGE:
        return np.array(x, dtype, order="C")
    out = buffers.empty(x.shape, dtype)
    copy_into(out, x)
    return out


def copy_into(out: Array, x: Array) -> None:
    """out[...] = x, broadcast to out's shape and cast to its dtype."""
    if out.size < LARGE or np.may_share_memory(out, x):
        np.copyto(out, x, casting="unsafe")
        return
    if x.shape != out.shape:
        x = np.broadcast_to(x, out.shape)
    if x.flags.c_contiguous and out.flags.c_contiguous:
        source, target = x.reshape(-1), out.reshape(-1)
        if x.dtype == out.dtype and out.nbytes < MOVED:
            np.copyto(target, source)
            return
        halves = x.dtype.char + out.dtype.char in ("ef", "fe")
        size = max(x.nbytes, out.nbytes)
        blocks.spread(lambda i, j: _convert(target[i:j], source[i:j]), out.size, size, 64, costly=halves)
        return
    wide = [axis for axis in range(out.ndim) if out.shape[axis] > 1]
    inner = min(wide, key=lambda axis: abs(out.strides[axis]))  # what runs fastest: in the target
    quick = min(wide, key=lambda axis: abs(x.strides[axis]) or 1 << 62)  # and in the source
    still = x.strides[inner] == 0  # one value for a whole run of the target
    if (
        not still
        and inner != quick
        and out.shape[inner] >= 16 <= out.shape[quick]
        and abs(x.strides[quick]) == x.itemsize
    ):
        _transpose_into(out, x, inner)
        return
    runs = out.strides[inner] == out.itemsize and (still or x.strides[inner] == x.itemsize)
    if out.nbytes < MOVED and x.dtype == out.dtype and runs:
        np.copyto(out, x)
        return
    where = max(wide, key=lambda axis: abs(out.strides[axis]))
    target, source = out.swapaxes(0, where), x.swapaxes(0, where)
    blocks.spread(
        lambda i, j: np.copyto(target[i:j], source[i:j], casting="unsafe"), len(target), out.nbytes, 1, False
    )


def fill(out: Array, value: Any) -> None:
    """out[...] = value, a number of its dtype."""
    if out.nbytes >= LARGE and out.flags.c_contiguous:
        cell = np.array(value, out.dtype).tobytes()
        if cell == cell[:1] * len(cell):  # as zero is: NumPy sets bytes twice as fast as numbers
            out.reshape(-1).view(np.uint8).fill(cell[0])
            return
    out.fill(value)


def _convert(out: Array, x: Array) -> None:
    if x.dtype.char == "e" and out.dtype.char == "f":
        widen(x, out)
    elif x.dtype.char == "f" and out.dtype.char == "e":
        narrow(x, out)
    elif out.dtype.char == "?" and x.dtype.kind in "fiu":
        np.not_equal(x, 0, out=out)  # faster than NumPy's cast
    else:
        np.copyto(out, x, casting="unsafe")


def _transpose_into(out: Array, x: Array, inner: int) -> None:
    """out[...] = x, tile by tile; `inner` is the axis along which out is contiguous and x is not."""
    axes = [
        inner,
        *sorted([axis for axis in range(x.ndim) if axis != inner], key=lambda axis: -abs(x.strides[axis])),
    ]
    x, out = x.transpose(axes), out.transpose(axes)  # the target's rows first, then in the source's order
    rows, length = min(ROWS, x.shape[0]), len(x)
    outer = next(axis for axis in range(1, x.ndim) if x.shape[axis] > 1)  # the axis to cut besides
    rest = x.size // (length * x.shape[outer])
    step = min(x.shape[outer], max(1, TILE // (rows * rest)))
    shape = (step, *x.shape[outer + 1 :])
    spare = PAD // x.itemsize or 1

    def tiles(i: int, j: int) -> None:
        room = np.empty((rows, step * rest + spare), x.dtype)[:, : step * rest].reshape(
            rows, *[1] * (outer - 1), *shape
        )
        for tile in range(i, j):
            r, c = tile % down * rows, tile // down * step
            here = (slice(r, r + rows), *middle, slice(c, c + step))
            source = x[here]
            part = room[(slice(0, source.shape[0]), *middle, slice(0, source.shape[outer]))]
            np.copyto(part, source)
            np.copyto(out[here], part, casting="unsafe")

    middle = [slice(None)] * (outer - 1)
    down, across = -(-length // rows), -(-x.shape[outer] // step)
    blocks.spread(tiles, down * across, out.nbytes)


# --- several arrays in one ---


def cat(arrays: Sequence[Array], dim: int, dtype: np.dtype | None = None) -> Array:
    """The arrays, of one number of axes, joined along `dim` >= 0 in `dtype` (default: where they meet)."""
    total = sum([a.size for a in arrays])
    if total < LARGE:
        return np.concatenate(arrays, dim, dtype=dtype, casting="unsafe")
    shape = list(arrays[0].shape)
    shape[dim] = sum([a.shape[dim] for a in arrays])
    out = buffers.empty(tuple(shape), dtype or np.result_type(*arrays))
    start, before = 0, (slice(None),) * dim
    for a in arrays:
        stop = start + a.shape[dim]
        copy_into(out[(*before, slice(start, stop))], a)
        start = stop
    return out


def stack(arrays: Sequence[Array], dim: int, dtype: np.dtype | None = None) -> Array:
    """The arrays, of one shape, along a new axis `dim` >= 0."""
    return cat([np.expand_dims(a, dim) for a in arrays], dim, dtype)


def repeat(x: Array, times: Sequence[int]) -> Array:
    """x tiled `times[axis]` times along each axis; what `times` has more than x are new axes in front."""
    x = x.reshape((1,) * (len(times) - x.ndim) + x.shape)
    out = buffers.empty(tuple([n * size for n, size in zip(times, x.shape, strict=True)]), x.dtype)
    if out.size:
        pairs = [n for pair in zip(times, x.shape, strict=True) for n in pair]
        copy_into(out.reshape(pairs), x.reshape([n for size in x.shape for n in (1, size)]))
    return out
