"""What reductions, scans and sorts ask of their arguments: dims, keepdim, dtype and the dtype of `out`; and
how a gradient gets
the reduced dimensions back."""

from operator import index
from typing import Any

import numpy as np

from ..base import messages
from ..tensor.batch import bottom
from ..tensor.call import recording
from ..tensor.misuse import invalid, wrong
from ..tensor.node import edge_of
from ..tensor.tensor import Tensor, wrap
from ..tensor.write import INPLACE, fill
from ..values.dtype import BY_NP
from ..values.dtype import parse as parse_dtype
from ..values.sequences import c_name as type_name
from .arguments import wrap_dim
from .copies import copy
from .outs import check_out_dtype as check_out_dtype
from .outs import cpp_name as cpp_name
from .views import expand, unsqueeze

ndarray = np.ndarray
Dims = tuple[int, ...] | None

# --- dims ---


def data_of(op: str, x: Any, signatures: tuple = ()) -> ndarray:
    """The array of the first argument; TypeError if that is no tensor."""
    if isinstance(x, Tensor):
        return x._data
    if type(x).__name__ == "Missing":
        x._raise()
    raise wrong(op, "input", 1, "Tensor", x)


def dims(op: str, dim: Any, ndim: int, signatures: tuple = ()) -> Dims:
    """`dim`, an int or a list of them, as a tuple, negative ones as they are; None for None.

    IndexError for a dimension that is not there, RuntimeError for one named twice, TypeError for what is no
    dimension.
    """
    if type(dim) is int:
        if not -ndim <= dim < ndim:
            wrap_dim(dim, ndim)
        return (dim,)
    if dim is None:
        return None
    if isinstance(dim, tuple | list):
        found = []
        for i, d in enumerate(dim):
            if type(d) is not int:
                if isinstance(d, bool) or not hasattr(d, "__index__"):
                    if i:
                        raise TypeError(
                            messages.SIZES_UNPACK.format(op=op, name="dim", position=i + 1, type=type_name(d))
                        )
                    raise _no_dim(op, dim, signatures)
                d = index(d)
            found.append(d)
        if len(found) == 1:
            wrap_dim(found[0], ndim)
        elif found:
            seen = set()
            for d in found:
                if (d := wrap_dim(d, ndim)) in seen:
                    raise RuntimeError(messages.DIM_TWICE.format(dim=d))
                seen.add(d)
        return tuple(found)
    if isinstance(dim, bool | np.bool) or not hasattr(dim, "__index__"):
        raise _no_dim(op, dim, signatures)
    return dims(op, index(dim), ndim, signatures)


def _no_dim(op: str, dim: Any, signatures: tuple) -> TypeError:
    return invalid(op, signatures) if signatures else wrong(op, "dim", 2, "tuple of ints", dim)


def one_dim(op: str, dim: Any, ndim: int, signatures: tuple = (), position: int | None = 2) -> int:
    """One dimension, as it was given; IndexError if it is not there, TypeError if it is no integer."""
    if type(dim) is not int:
        if isinstance(dim, bool | np.bool) or not hasattr(dim, "__index__"):
            raise invalid(op, signatures) if signatures else wrong(op, "dim", position, "int", dim)
        dim = index(dim)
    if not -ndim <= dim < ndim:
        wrap_dim(dim, ndim)
    return dim


def flag(op: str, value: Any, name: str = "keepdim", position: int | None = 3) -> bool:
    """A boolean argument; TypeError for everything else."""
    if type(value) is not bool:
        raise wrong(op, name, position, "bool", value)
    return value


def axes(dim: Dims, ndim: int) -> Any:
    """Checked dims as NumPy and the kernels want them: an axis, a tuple of axes, or None for all."""
    if not dim or not ndim:
        return None
    if len(dim) == 1:
        d = dim[0]
        return d + ndim if d < 0 else d
    return tuple([d + ndim if d < 0 else d for d in dim])


# --- dtypes ---


def type_of(dtype: np.dtype) -> str:
    """A dtype's name in torch's messages: "Float"."""
    return BY_NP[dtype].type_name


def wanted(op: str, x: Tensor, dtype: Any, signatures: tuple = ()) -> np.dtype | None:
    """The `dtype` argument as NumPy's; RuntimeError if gradients could not flow through it."""
    if dtype is None:
        return None
    if signatures and not hasattr(dtype, "np"):
        raise invalid(op, signatures)
    found = parse_dtype(dtype, op).np
    if found.kind not in "fcV" and recording() and edge_of(x) is not None:
        raise RuntimeError(messages.NO_INTEGER_GRAD.format(type=type_of(found)))
    return found


def pair_of(out: Any, n: int = 2) -> tuple:
    """The `out` of a function with several results; TypeError unless there are as many."""
    if len(out) != n:
        raise TypeError(messages.OUT_TUPLE.format(n=n, got=len(out)))
    return tuple(out)


def store(out: Tensor, found: Tensor) -> Tensor:
    """Copy a result into the `out` tensor; gradients flow along, as in torch's composite functions."""
    if out._data.shape != found._data.shape:
        fill((out,), (found._data,))
    return copy(out, found, out=INPLACE)


# --- gradients ---


def restore(grad: Any, dim: Dims, keepdim: bool, sizes: tuple) -> Any:
    """What a reduction made of an array of these sizes, or its gradient, with the reduced dimensions as 1."""
    ndim = len(sizes)
    if keepdim or not ndim:
        return grad
    gone = [d % ndim for d in dim] if dim else range(ndim)
    if type(grad) is ndarray:
        return grad.reshape([1 if i in gone else n for i, n in enumerate(sizes)])
    for d in sorted(gone):
        grad = unsqueeze(grad, d)
    return grad


def widen(grad: Any, dim: Dims, keepdim: bool, sizes: tuple) -> Any:
    """The gradient of a sum over `dim`: the result's, in every place that was summed."""
    return expand(restore(grad, dim, keepdim, sizes), sizes)


def reduced(dim: Dims, sizes: tuple) -> int:
    """How many elements went into each element of a reduction."""
    count = 1
    for n in sizes if not dim else [sizes[d] for d in dim] if sizes else ():
        count *= n
    return count


def beside(mask: ndarray, x: Any) -> Any:
    """A constant for arithmetic with x: a tensor if x is one."""
    return wrap(mask) if isinstance(x, Tensor) else mask


def holds_zero(x: Any) -> bool:
    """Whether some element, of any sample, is 0."""
    data = bottom(x)[0]._data if isinstance(x, Tensor) else x
    return not np.logical_and.reduce(data, None)
