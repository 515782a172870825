"""Elements moved, or set to zero: flip, roll, triangles, padding.  All results are new arrays."""

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
from numpy import ndarray

from . import blocks, buffers, strides
from .accumulate import add_along
from .blocks import LARGE
from .copies import MOVED, contiguous, copy_into

BAND = 64  # rows of a triangle that are written at once
_ALL = slice(None)


def flip(x: ndarray, axes: Sequence[int]) -> ndarray:
    """Reversed along these axes; it lies in memory as x does."""
    key = [_ALL] * x.ndim
    for axis in axes:
        key[axis] = slice(None, None, -1)
    out = blocks.fresh(x.shape, x.dtype) if x.flags.c_contiguous else strides.empty_like(x)
    copy_into(out, x[tuple(key)])
    return out


def roll(x: ndarray, shifts: Sequence[int], axes: Sequence[int]) -> ndarray:
    """Moved along each axis, what falls off one end coming in at the other; without axes through all elements."""
    if not axes:
        return roll(contiguous(x).reshape(-1), shifts, (0,)).reshape(x.shape)
    for shift, axis in zip(shifts, axes, strict=True):
        x = _roll(x, shift, axis)
    return x


def _roll(x: ndarray, shift: int, axis: int) -> ndarray:
    out = blocks.fresh(x.shape, x.dtype)
    n = x.shape[axis]
    shift = shift % n if n else 0
    before = (_ALL,) * axis
    copy_into(out[(*before, slice(shift, None))], x[(*before, slice(0, n - shift))])
    copy_into(out[(*before, slice(0, shift))], x[(*before, slice(n - shift, None))])
    return out


def rotate(x: ndarray, times: int, axes: tuple[int, int]) -> ndarray:
    """Turned by 90 degrees `times` times, in the plane of two axes, from the first towards the second."""
    a, b = axes
    times %= 4
    if times == 2:
        return flip(x, axes)
    if times:
        return flip(x, (b if times == 1 else a,)).swapaxes(a, b)
    out = blocks.fresh(x.shape, x.dtype)
    copy_into(out, x)
    return out


def interleaved(shape: tuple[int, ...], repeats: tuple[int, ...]) -> tuple[int, ...]:
    """The shape in which repeats and what is repeated are axes of their own: (repeats[0], shape[0], repeats[1], ...)."""
    shape = (1,) * (len(repeats) - len(shape)) + shape
    return tuple([n for pair in zip(repeats, shape, strict=True) for n in pair])


def triangle(x: ndarray, diagonal: int, upper: bool, out: ndarray | None = None) -> ndarray:
    """The part of the last two axes on one side of a diagonal, which belongs to it; zero elsewhere.  `out` may be x itself."""
    if out is None:
        out = blocks.fresh(x.shape, x.dtype)
    rows, columns = x.shape[-2:]
    zero = np.zeros((), x.dtype)
    height = min(BAND, rows)
    beyond = (
        np.arange(height - 1) - np.arange(height)[:, None]
    )  # which columns of a band the diagonal crosses ...
    beyond = beyond < 0 if upper else beyond >= 0  # ... lie on the other side of it, row by row

    def band(start: int, stop: int) -> None:
        first = start + diagonal + (not upper)  # the first column that the diagonal crosses here
        left, right = (min(max(c, 0), columns) for c in (first, first + stop - start - 1))
        here = (..., slice(start, stop))
        if out is not x:
            kept = (*here, slice(left, None) if upper else slice(right))
            out[kept] = x[kept]
        out[(*here, slice(left) if upper else slice(right, None))] = zero
        np.copyto(
            out[(*here, slice(left, right))], zero, where=beyond[: stop - start, left - first : right - first]
        )

    def bands(i: int, j: int) -> None:
        for start in range(i * BAND, min(j * BAND, rows), BAND):
            band(start, min(start + BAND, rows))

    count = -(-rows // BAND)
    if x.nbytes < MOVED:
        bands(0, count)
    else:
        blocks.spread(bands, count, x.nbytes, 1, False)
    return out


def embed_diagonal(x: ndarray, skip: int, axis1: int, axis2: int) -> ndarray:
    """Matrices in two new axes with the last axis of x on a diagonal."""
    n = x.shape[-1] + abs(skip)
    shape = list(x.shape[:-1])
    for axis in sorted((axis1, axis2)):
        shape.insert(axis, n)
    out = buffers.zeros(tuple(shape), x.dtype)
    strides.diagonal(out, skip, axis1, axis2)[...] = x
    return out


# --- padding ---
# `pads` are torch's: (before, after) of the last axis, then of the one before it, ...; negative ones cut off.


def pairs(pads: Sequence[int], ndim: int) -> list[tuple[int, int]]:
    """(before, after) for each axis, in the order of the axes."""
    out = [(0, 0)] * ndim
    for i in range(len(pads) // 2):
        out[ndim - 1 - i] = (pads[2 * i], pads[2 * i + 1])
    return out


def inner(shape: tuple[int, ...], pads: list[tuple[int, int]]) -> tuple[slice, ...]:
    """Which part of an array is not cut off by negative pads."""
    return tuple([slice(max(-a, 0), n - max(-b, 0)) for n, (a, b) in zip(shape, pads, strict=True)])


def pad_constant(x: ndarray, pads: Sequence[int], value: Any) -> ndarray:
    """x with `value` around it."""
    around = pairs(pads, x.ndim)
    shape = tuple([n + a + b for n, (a, b) in zip(x.shape, around, strict=True)])
    out = blocks.fresh(shape, x.dtype)
    place = tuple([slice(max(a, 0), n - max(b, 0)) for n, (a, b) in zip(shape, around, strict=True)])
    if out.size < LARGE:
        out[...] = value
    else:
        for axis, part in enumerate(place):  # the frame alone, side by side
            before = place[:axis]
            out[(*before, slice(0, part.start))] = value
            out[(*before, slice(part.stop, None))] = value
    to: Any = (*place, ...)
    source: Any = (*inner(x.shape, around), ...)
    copy_into(out[to], x[source])
    return out


def reflected(n: int, before: int, after: int) -> ndarray:
    """The positions along an axis of length n that padding by reflection shows; the end itself is not repeated."""
    at = np.abs(np.arange(-before, n + after))
    return np.where(at >= n, 2 * (n - 1) - at, at)


def replicated(n: int, before: int, after: int) -> ndarray:
    """The positions that padding by the nearest element shows."""
    return np.clip(np.arange(-before, n + after), 0, n - 1)


def pad_by(x: ndarray, pads: Sequence[int], positions: Any) -> ndarray:
    """x with elements of its own around it: those that `positions(n, before, after)` names along each axis."""
    for axis, (before, after) in enumerate(pairs(pads, x.ndim)):
        if before or after:
            x = x.take(positions(x.shape[axis], before, after), axis)
    return x if x.base is None and x.flags.c_contiguous else x.copy()


def pad_by_backward(grad: ndarray, shape: tuple[int, ...], pads: Sequence[int], positions: Any) -> ndarray:
    """The transpose of `pad_by`: each element of x gets the gradients of all places where it is shown."""
    for axis, (before, after) in enumerate(pairs(pads, len(shape))):
        if before or after:
            n, rest = shape[axis], grad.shape
            out = np.zeros((prod(rest[:axis]), n, prod(rest[axis + 1 :])), grad.dtype)
            add_along(
                out, positions(n, before, after), contiguous(grad).reshape(len(out), rest[axis], out.shape[2])
            )
            grad = out.reshape(*rest[:axis], n, *rest[axis + 1 :])
    return grad
