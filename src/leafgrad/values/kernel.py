"""How a kernel is made: from a ufunc, or from several steps that run piece by piece.

A kernel is called like a ufunc, `kernel(x, y, out=...)`; without `out` the result is a new array (0-d
operands included). `kernel.small` is what a row may call itself when the operands have fewer than
`blocks.LARGE` elements.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy import ndarray

from .blocks import LARGE, apply, overlaps
from .buffers import cast, empty, like
from .halves import narrow, widen
from .strides import empty_like

Array = ndarray
Kernel = Callable[..., ndarray]
Steps = Callable[..., None]

SINGLE = np.dtype(np.float32)
DOUBLE = np.dtype(np.float64)
BOOL = np.dtype(np.bool_)
BYTE = np.dtype(np.int8)
ALONE = 1 << 23  # bytes: 4 MB are passed over in 90 us, and a helper takes 40 to 60 us to wake up


def is_16bit(dtype: np.dtype) -> bool:
    """float16 or bfloat16 (ml_dtypes' is of kind "V"): computed in float32 and rounded, as torch does."""
    return dtype.char == "e" or dtype.kind == "V"


def widened(body: Callable[..., Any]) -> Steps:
    """`body` for 16-bit floats: widen, compute, round."""

    def wide(*operands: Any, out: ndarray) -> None:
        result = like(out, SINGLE if is_16bit(out.dtype) else out.dtype)
        body(*[_single(a) for a in operands], out=result)
        if out.dtype.char == "e":
            narrow(result, out)
        else:
            out[...] = result

    return wide


def _single(a: Any) -> Any:
    if type(a) is not ndarray or not is_16bit(a.dtype):
        return a
    return widen(a) if a.dtype.char == "e" else cast(a, SINGLE)


# --- from a ufunc ---


def negative(x: Any, out: Any = ...) -> ndarray:
    """`np.negative`, which NumPy 2.4 gets wrong from and to memory with gaps (of 4 elements of 32 bits, or 8 of 64)."""
    if out is ... or out.flags.c_contiguous:
        return np.negative(x, out=out)
    np.copyto(out, np.negative(x))
    return out


# what NumPy does with float16 as it is
_NARROW = (negative, np.absolute, np.positive, np.isnan, np.isinf, np.isfinite, np.signbit)


def _large(
    ufunc: Any, operands: tuple[Any, ...], out: Any, costly: bool, dtypes: dict[tuple, np.dtype]
) -> ndarray:
    """`ufunc` over large operands, by pieces; `dtypes` remembers what it makes of which operands."""
    arrays = [a for a in operands if type(a) is ndarray]
    target = None
    if out is ...:
        key = tuple([a.dtype.num if type(a) is ndarray else type(a) for a in operands])
        try:
            dtype = dtypes[key]
        except KeyError:  # ask the ufunc, by calling it on nothing
            nothing = [np.empty(0, a.dtype) if type(a) is ndarray else a for a in operands]
            dtype = dtypes[key] = ufunc(*nothing, out=...).dtype
    else:
        if out.shape != np.broadcast_shapes(*[a.shape for a in arrays]) or overlaps(out, arrays):
            return ufunc(*operands, out=out)
        target, dtype = out, out.dtype
    if is_16bit(arrays[0].dtype) and not (ufunc in _NARROW and arrays[0].dtype.char == "e"):
        return apply(widened(ufunc), operands, dtype, target, True)
    if not costly and _alone(arrays):
        return ufunc(*operands, out=empty(arrays[0].shape, dtype) if target is None else target)
    return apply(ufunc, operands, dtype, target, costly)


def _alone(arrays: list[ndarray]) -> bool:
    """Whether a cheap step over these is done before a helper has woken up."""
    return len(arrays) == 1 and arrays[0].nbytes < ALONE and arrays[0].flags.c_contiguous


def elementwise(ufunc: Any, costly: bool = True) -> Kernel:
    """A ufunc of one operand as a kernel; `costly` if it takes much longer than an addition."""
    dtypes: dict[tuple, np.dtype] = {}

    def kernel(x: ndarray, out: Any = ...) -> ndarray:
        if x.size < LARGE:
            return ufunc(x, out=out)
        return _large(ufunc, (x,), out, costly, dtypes)

    return named(kernel, ufunc.__name__, ufunc)


def elementwise2(ufunc: Any, costly: bool = False) -> Kernel:
    """A ufunc of two operands as a kernel; either may be a Python number."""
    dtypes: dict[tuple, np.dtype] = {}

    def kernel(x: Any, y: Any, out: Any = ...) -> ndarray:
        if (type(x) is ndarray and x.size >= LARGE) or (type(y) is ndarray and y.size >= LARGE):
            return _large(ufunc, (x, y), out, costly, dtypes)
        return ufunc(x, y, out=out)

    return named(kernel, ufunc.__name__, ufunc)


def named(kernel: Any, name: str, small: Any = None) -> Kernel:
    """Give a kernel its name and its `small`, which is itself unless given."""
    kernel.__name__ = kernel.__qualname__ = name
    kernel.small = small or kernel
    return kernel


# --- from several steps ---


def composed(body: Steps, result: np.dtype | None = None, over: bool = False, costly: bool = True) -> Kernel:
    """A kernel made of several ufuncs: `body(*operands, out=piece)`, which writes its result into `out`.

    Operands that are Python numbers, or hold one value, come to the body as they are (0-d); `out` is none of
    the operands, so it may be used for steps in between; `over`: it may be the first of them, as the body
    reads no operand after its first step; `costly` unless it is one cheap step.  The result has the dtype of
    the first array, or `result`.
    """
    wide = widened(body)

    def general(operands: tuple[Any, ...], out: Any) -> ndarray:
        arrays = [a for a in operands if type(a) is ndarray]
        dtype = result or arrays[0].dtype
        if out is not ... and (
            out.dtype != dtype
            or any(
                np.may_share_memory(out, a) for a in (arrays[1:] if over and out is operands[0] else arrays)
            )
        ):
            np.copyto(out, general(operands, ...), casting="same_kind")
            return out
        steps = wide if is_16bit(arrays[0].dtype) else body
        target = None if out is ... else out
        if max([a.size for a in arrays]) >= LARGE:
            if costly or not _alone(arrays):
                return apply(steps, operands, dtype, target, costly)
            target = empty(arrays[0].shape, dtype) if target is None else target
        if target is None:
            target = np.empty(np.broadcast_shapes(*[a.shape for a in arrays]), dtype)
        steps(*operands, out=target)
        return target

    def kernel(*operands: Any, out: Any = ...) -> ndarray:
        x = operands[0]
        if (
            out is ...
            and type(x) is ndarray
            and x.size < LARGE
            and x.dtype.char != "e"
            and x.dtype.kind != "V"
        ):
            for a in operands:
                if type(a) is ndarray and a.shape != x.shape:
                    return general(operands, out)
            out = np.empty_like(x, result) if x.base is None else empty_like(x, result)
            body(*operands, out=out)
            return out
        return general(operands, out)

    return named(kernel, body.__name__)


def predicate(body: Steps) -> Kernel:
    """`composed` with a bool result."""
    return composed(body, BOOL)


# --- choosing ---

# Note [Masks]
# NumPy's `where` and masked copies branch on every element: 4 ms for 2^20 random ones, 20 times an addition.
# What follows works on the bits instead: a mask of integers with all bits set or none selects with and / xor.
_BITS: dict[int, np.dtype] = {
    1: np.dtype(np.int8),
    2: np.dtype(np.int16),
    4: np.dtype(np.int32),
    8: np.dtype(np.int64),
}


def select(condition: Array, x: Any, y: Any, out: Array) -> None:
    """out[...] = x where `condition` (bool), else y; arrays are of out's dtype and share no memory."""
    bits = _BITS.get(out.itemsize)
    if bits is None or out.size < 2048:  # complex128; or too few to pay
        x, y = _of(x, out.dtype), _of(y, out.dtype)
        np.copyto(out, np.where(condition, x, y))
        return
    to = out.view(bits)
    x, y = _of(x, out.dtype).view(bits), _of(y, out.dtype).view(bits)
    if y.ndim == 0 and y == 0:
        np.copyto(to, condition.view(np.int8))
        np.multiply(to, x, out=to)
    elif x.ndim == 0 and x == 0:
        np.copyto(to, np.logical_not(condition, out=like(out, BOOL)).view(np.int8))
        np.multiply(to, y, out=to)
    else:
        np.copyto(to, np.negative(condition.view(np.int8), out=like(out, BYTE)))
        difference = np.bitwise_xor(x, y, out=like(to) if x.ndim or y.ndim else None)
        np.bitwise_and(to, difference, out=to)
        np.bitwise_xor(to, y, out=to)


def _of(x: Any, dtype: np.dtype) -> Array:
    return x if type(x) is ndarray and x.dtype == dtype else np.asarray(x, dtype)
