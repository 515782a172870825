"""Checks of arguments that many ops share: sizes, dims, dtypes."""

from operator import index
from typing import Any

import numpy as np

from ..base import messages
from ..tensor.misuse import Missing, entry, is_method, overlooked, renew_arguments, wrong
from ..tensor.tensor import Tensor
from ..values.sequences import c_name as type_name


def sizes(op: str, args: tuple, name: str = "size", position: int = 1) -> tuple[int, ...]:
    """A shape or a list of dims given as `f(2, 3)` or as `f((2, 3))`; TypeError for what is no integer."""
    given = args
    if len(args) == 1 and (not hasattr(args[0], "__index__") or getattr(args[0], "shape", None)):
        given = args[0]
        if not isinstance(given, tuple | list):
            raise wrong(op, name, _place(position), "tuple of ints", given)
    for n in given:
        if type(n) is not int:
            return _plain(op, args, given, name, position)
    if not args:
        raise TypeError(messages.MISSING_ONE.format(op=op, n=1, names=f'"{name}"'))
    return given if type(given) is tuple else tuple(given)


def size_list(op: str, given: Any, name: str, position: int) -> tuple[int, ...]:
    """A shape or dims given as one tuple or list.  position: from 1, in the function (not the method)."""
    if not isinstance(given, tuple | list):
        raise wrong(op, name, position, "tuple of ints", given)
    return sizes(op, (given,), name, position - 1)


def _plain(op: str, args: tuple, given: Any, name: str, position: int) -> tuple[int, ...]:
    """The items as plain integers: NumPy's, tensors, and (not in the first place) booleans stand for some."""
    out = []
    for i, n in enumerate(given):
        if (isinstance(n, bool) and not i) or not hasattr(n, "__index__"):
            if i:
                raise TypeError(
                    messages.SIZES_UNPACK.format(op=op, name=name, position=i + 1, type=type_name(n))
                )
            if given is not args:
                place = _place(position) - is_method(entry())
                raise TypeError(
                    messages.SIZES_ITEM.format(op=op, name=name, position=place, type=type_name(n), index=i)
                )
            if len(args) > 1:
                raise TypeError(messages.TOO_MANY.format(op=op, most=1, got=len(args)))
            raise wrong(op, name, _place(position), "tuple of ints", n)
        out.append(index(n))
    return tuple(out)


def _place(position: int) -> int:
    """A position counted without the tensor itself, as `wrong` takes it."""
    frame = entry()
    first = frame.f_locals.get(frame.f_code.co_varnames[0]) if frame.f_code.co_argcount else None
    return position + (is_method(frame) or isinstance(first, Tensor))


def integer(op: str, value: Any, name: str, position: int | None) -> int:
    """An integer argument, or a TypeError.  position: counted from 1 in the function (not the method)."""
    if type(value) is int:
        return value
    if isinstance(value, bool | np.bool) or not hasattr(value, "__index__"):
        raise wrong(op, name, position, "int", value)
    try:
        return index(value)
    except TypeError:
        raise wrong(op, name, position, "int", value) from None


def wrap_dims(dims: tuple[int, ...], ndim: int) -> tuple[int, ...]:
    """Dimensions counted from the front; RuntimeError if one is named twice."""
    out = tuple([wrap_dim(d, ndim) for d in dims])
    if len(set(out)) != len(out):
        twice = next(d for i, d in enumerate(out) if d in out[:i])
        raise RuntimeError(messages.DIM_TWICE.format(dim=twice))
    return out


def wrap_dim(dim: Any, ndim: int) -> int:
    """A dimension counted from the front, or an IndexError.  A 0-dim tensor counts as one-dimensional."""
    n = ndim or 1
    if not -n <= dim < n:
        renew_arguments()
    return wrapped(dim, ndim)


def wrapped(dim: Any, ndim: int) -> int:
    """The same in functions that torch composes of others, and which look at dimensions before anything else."""
    n = ndim or 1
    if not -n <= dim < n:
        raise IndexError(messages.DIM_RANGE.format(low=-n, high=n - 1, dim=dim))
    return dim + n if dim < 0 else dim


def need_tensor(op: str, x: Any, name: str = "input", position: int = 1) -> None:
    """TypeError, in torch's words, for an argument that must be a tensor and is not."""
    if not isinstance(x, Tensor):
        if type(x) is Missing:
            x._raise()
        text = messages.NOT_TENSOR.format(op=op, name=name, position=position, type=type_name(x))
        raise TypeError(text + overlooked(x))
