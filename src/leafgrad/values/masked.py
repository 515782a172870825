"""Where a mask is true: fill, select, scatter, and the positions themselves.

On large arrays NumPy's own masked reads and writes are slow: the processor cannot foresee their branches.
There a mask becomes positions, or bits that choose.
"""

from math import prod
from typing import Any

import numpy as np
from numpy import ndarray

from ..base import messages
from ..base.where import warn
from . import dtype as dtypes
from .arguments import CPP, check_expands, number, sizes, type_name, writable
from .blocks import fresh, spread
from .copies import contiguous, copy

LARGE = 1 << 12  # elements; below it NumPy's masked writes are faster
BLOCK = 1 << 15  # elements that are filled at once

# The names of the element types as the C++ compiler prints them.
_CPP = {
    **CPP,
    "uint8": "unsigned char",
    "uint16": "short unsigned int",
    "uint32": "unsigned int",
    "uint64": "long unsigned int",
    "int8": "signed char",
    "int16": "short int",
    "int64": "long int",
}


def broadcast(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...]:
    """The shape to which two shapes broadcast; RuntimeError if they do not."""
    n = max(len(a), len(b))
    long_a, long_b = (1,) * (n - len(a)) + a, (1,) * (n - len(b)) + b
    for dim in reversed(range(n)):
        x, y = long_a[dim], long_b[dim]
        if x != y and x != 1 and y != 1:
            raise RuntimeError(messages.BROADCAST.format(a=x, b=y, dim=dim))
    return tuple([y if x == 1 else x for x, y in zip(long_a, long_b, strict=True)])


def masked_fill(x: ndarray, mask: ndarray, value: Any, out: ndarray | None = None) -> ndarray:
    """`value` (a number or a 0-dim array) where the boolean mask is true, x elsewhere; x and mask broadcast.

    With `out`, which must be x, the write is in place.

    >>> masked_fill(np.arange(3), np.array([True, False, True]), 9)
    array([9, 1, 9])
    """
    if out is None:
        shape = x.shape if mask.shape == x.shape else broadcast(mask.shape, x.shape)
    if isinstance(value, ndarray) and value.ndim:
        raise RuntimeError(messages.FILL_VALUE.format(op="masked_fill_", ndim=value.ndim))
    if mask.dtype.char != "?":
        name = _CPP[dtypes.of(mask.dtype).name]
        raise RuntimeError(messages.MASK_DTYPE.format(op="masked_fill_", type=name))
    if out is not None:
        shape = x.shape if mask.shape == x.shape else broadcast(x.shape, mask.shape)
        if shape != x.shape:
            raise RuntimeError(messages.INPLACE_SHAPE.format(shape=sizes(x.shape), broadcast=sizes(shape)))
    fill = number(value, x.dtype)
    if out is not None:
        writable(out, expanded="masked_fill_")
    source = x if shape == x.shape else np.broadcast_to(x, shape)
    if prod(shape) < LARGE or x.itemsize > 8 or (out is not None and not out.flags.c_contiguous):
        if out is None:
            out = copy(source)
        if prod(shape) < LARGE or not out.flags.c_contiguous:
            np.copyto(out, fill, where=mask)
        else:
            out.reshape(-1)[_positions(mask, shape)] = fill
        return out
    if out is None:
        out = fresh(shape, x.dtype)
    chosen = contiguous(np.broadcast_to(mask, shape)).reshape(-1)
    _blend(contiguous(source).reshape(-1), chosen, fill, out.reshape(-1))
    return out


def _blend(x: ndarray, mask: ndarray, fill: Any, out: ndarray) -> None:
    """out = fill where the mask is true, else x: bit by bit, with no branch that could be guessed wrong."""
    cell = np.dtype(f"i{x.itemsize}")
    bits, source, target = np.asarray(fill).view(cell), x.view(cell), out.view(cell)

    def task(start: int, stop: int) -> None:
        for i in range(start, stop, BLOCK):
            j = min(i + BLOCK, stop)
            chosen = mask[i:j].view(np.int8).astype(cell)
            np.negative(chosen, out=chosen)  # all bits set, or none
            chosen &= source[i:j] ^ bits
            np.bitwise_xor(source[i:j], chosen, out=target[i:j])

    spread(task, len(x), x.nbytes, 64)


def _positions(mask: ndarray, shape: tuple[int, ...]) -> ndarray:
    """Where a mask, broadcast to `shape`, is true, counted through the elements."""
    return np.flatnonzero(np.broadcast_to(mask, shape))


def masked_select(x: ndarray, mask: ndarray) -> ndarray:
    """The elements of x where the boolean mask is true, in order; x and mask broadcast.

    >>> masked_select(np.arange(4).reshape(2, 2), np.array([True, False]))
    array([0, 2])
    """
    if mask.dtype.char != "?":
        raise RuntimeError(messages.MASK_SELECT_DTYPE)
    if mask.shape == x.shape and x.size < LARGE:
        return x[mask] if x.ndim else x.reshape(1)[mask.reshape(1)]
    shape = broadcast(mask.shape, x.shape)
    return contiguous(np.broadcast_to(x, shape)).reshape(-1).take(_positions(mask, shape))


def masked_scatter(x: ndarray, mask: ndarray, source: ndarray, out: ndarray | None = None) -> ndarray:
    """x, but where the boolean mask is true the elements of `source`, in order; `out` as for `masked_fill`.

    >>> masked_scatter(np.zeros(3), np.array([True, False, True]), np.array([5.0, 6.0, 7.0]))
    array([5., 0., 6.])
    """
    if out is None:
        shape = broadcast(mask.shape, x.shape)
    if x.dtype != source.dtype:
        raise RuntimeError(messages.MASK_SOURCE.format(self=type_name(x), source=type_name(source)))
    if out is not None:
        shape = x.shape
        check_expands(mask.shape, shape, "CPUBoolType")
        writable(out)
    if mask.dtype.char != "?":
        if mask.dtype.char == "B":
            warn(messages.MASK_BYTE)
        raise RuntimeError(messages.MASK_DTYPE.format(op="masked_scatter_", type=type_name(mask)))
    at = _positions(mask, shape)
    if source.size < len(at):
        raise RuntimeError(messages.MASK_FEW)
    given = contiguous(source).reshape(-1)[: len(at)]
    if out is None:
        out = copy(np.broadcast_to(x, shape))
    elif np.may_share_memory(out, given):
        given = given.copy()
    if out.flags.c_contiguous:
        out.reshape(-1)[at] = given
    else:
        out[np.unravel_index(at, shape)] = given
    return out


def nonzero(x: ndarray) -> ndarray:
    """The coordinates of the elements that are not zero: int64 (n, x.ndim), stored by columns, as in torch.

    >>> nonzero(np.array([[0, 1], [2, 0]])).tolist()
    [[0, 1], [1, 0]]
    """
    if x.size < LARGE and x.ndim and x.dtype.kind != "V":
        return np.array(x.nonzero()).T
    at = np.flatnonzero(x if x.dtype.char == "?" else x != 0)
    columns = np.empty((x.ndim, len(at)), np.int64)

    def task(start: int, stop: int) -> None:
        rest = at[start:stop]
        for dim in range(x.ndim - 1, 0, -1):
            above = rest // x.shape[dim]
            np.multiply(above, -x.shape[dim], out=columns[dim, start:stop])
            columns[dim, start:stop] += rest
            rest = above
        columns[0, start:stop] = rest

    if x.ndim and len(at):
        spread(task, len(at), columns.nbytes, 64)
    return columns.T
