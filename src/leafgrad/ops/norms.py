"""Norms of vectors and matrices: linalg.vector_norm, linalg.matrix_norm, linalg.norm, norm."""

from math import inf
from typing import Any

import numpy as np

from ..base import messages
from ..op.table import public
from ..tensor.misuse import ABSENT, invalid, wrong
from ..tensor.numpy_names import by_numpy_name
from ..tensor.single import single
from ..tensor.tensor import Tensor, wrap
from ..values import promotion
from ..values import reductions as r
from ..values.arguments import cast
from ..values.dtype import BY_NP
from ..values.dtype import parse as parse_dtype
from . import views
from .arguments import wrap_dim
from .arithmetic import add, div, mul
from .comparison import eq, isnan
from .copies import to_copy
from .dims import Dims, axes, check_out_dtype, data_of, dims, flag, holds_zero, restore, store, type_of
from .extremes import amax, amin
from .powers import pow
from .reduce import LONG, sum_dims
from .rounding import abs, sgn
from .singular import singular_values
from .ternary import where

ndarray = np.ndarray

# --- the norm of a vector ---


def norm_back(grad: Any, self: Any, result: Any, ord: float, dim: Dims, keepdim: bool) -> Any:
    """The gradient of a norm; 0 where the norm is 0, and for the norms that are not smooth where an element
    is.
    """
    if ord == 0:
        return None
    sizes = self.shape
    grad, result = restore(grad, dim, keepdim, sizes), restore(result, dim, keepdim, sizes)
    if ord == 1:
        return mul(sgn(self), grad)
    if ord == 2:
        slope = div(self, result)
        if type(result) is ndarray and not holds_zero(result):
            return mul(grad, slope)
        return mul(grad, where(eq(result, 0), 0, slope))
    if ord in (inf, -inf):
        size = abs(self)
        found = add(eq(size, result), isnan(size))  # of bools: or
        return mul(sgn(self), mul(div(grad, sum_dims(found, dim, True, LONG)), found))
    if ord < 1:
        slope = mul(sgn(self), where(eq(self, 0), 0, pow(abs(self), ord - 1)))
        return mul(mul(slope, grad), pow(result, 1 - ord))
    scale = where(eq(result, 0), 0, div(grad, pow(result, ord - 1)))
    if ord < 2:
        return mul(mul(sgn(self), pow(abs(self), ord - 1)), scale)
    return mul(mul(self, pow(abs(self), ord - 2)), scale)


def _vector_norm(
    self: ndarray, ord: float, dim: Dims, keepdim: bool, dtype: np.dtype | None = None
) -> ndarray:
    return r.norm(cast(self, dtype), ord, axes(dim, self.ndim), keepdim)


norm_of = single("linalg_vector_norm", _vector_norm, norm_back, node="LinalgVectorNormBackward0")
_NAME = "linalg.vector_norm"


def _real_of(dtype: np.dtype) -> np.dtype:
    return BY_NP[dtype].to_real().np if dtype.kind == "c" else dtype


def _check_dtype(name: str, x: ndarray, dtype: Any) -> np.dtype | None:
    """The `dtype` argument as NumPy's; RuntimeError for integers, and for what would narrow."""
    if x.dtype.kind in "iub":
        raise RuntimeError(messages.LINALG_DTYPE.format(op=name, type=type_of(x.dtype)))
    if dtype is None:
        return None
    found = parse_dtype(dtype, "linalg_vector_norm").np
    if found.kind in "iub":
        raise RuntimeError(messages.NORM_DTYPE.format(op=name, type=type_of(found)))
    if (found.kind == "c") != (x.dtype.kind == "c"):
        words = ("complex", "complex") if x.dtype.kind == "c" else ("real", "real")
        raise RuntimeError(
            messages.NORM_DTYPE_KIND.format(op=name, should=words[0], input=words[1], type=type_of(found))
        )
    if promotion.promote_types(BY_NP[x.dtype], BY_NP[found]) is not BY_NP[found]:
        raise RuntimeError(
            messages.NORM_DTYPE_NARROW.format(op=name, has=type_of(x.dtype), type=type_of(found))
        )
    return found


def _check_empty(x: ndarray, ord: float, dim: Dims) -> None:
    """The largest or smallest of nothing is no number."""
    if x.size or not (ord < 0 or ord == inf):
        return
    shown = f"{ord:g}"
    if not dim:
        raise RuntimeError(messages.NORM_EMPTY.format(op=_NAME, ord=shown))
    for d in dim:
        if not x.shape[d]:
            raise RuntimeError(messages.NORM_EMPTY_DIM.format(op=_NAME, ord=shown, dim=d % x.ndim))


@public(name="vector_norm", torch=False, method=False, spaces=("linalg",))
def vector_norm(
    input: Tensor,
    ord: Any = 2,
    dim: Any = None,
    keepdim: bool = False,
    *,
    dtype: Any = None,
    out: Any = None,
    axis: Any = ABSENT,
    keepdims: Any = ABSENT,
) -> Tensor:
    """(sum |x|**ord)**(1/ord) over `dim`, or over all: the largest |x| for inf, the smallest for -inf, the
    nonzeros for 0.

    RuntimeError for integers, and for inf and negative orders over nothing.

    >>> import leafgrad as torch
    >>> torch.linalg.vector_norm(torch.tensor([3.0, 4.0]))
    tensor(5.)
    """
    data = data_of("linalg_vector_norm", input)
    dim, keepdim = (
        dim if axis is ABSENT else by_numpy_name("axis", axis, dim),
        keepdim if keepdims is ABSENT else by_numpy_name("keepdims", keepdims, keepdim),
    )
    if isinstance(ord, Tensor) and not ord._data.ndim:
        ord = ord._data.item()
    if not isinstance(ord, int | float | complex):
        raise wrong("linalg_vector_norm", "ord", 2, "Number", ord)
    if isinstance(ord, complex):
        raise RuntimeError(messages.NORM_COMPLEX.format(op=_NAME))
    found = dims("linalg_vector_norm", dim, data.ndim)
    flag("linalg_vector_norm", keepdim, position=4)
    kind = _check_dtype(_NAME, data, dtype)
    _check_empty(data, ord, found)
    check_out_dtype(out, _real_of(kind or data.dtype))
    return norm_of(input, ord, found, keepdim, kind, out=out)


# --- norms of matrices ---

_ORDER = "Number ord", 'str ord = "fro"'
_MATRIX = tuple(
    f"Tensor input, {ord}, tuple of ints dim = {{-2,-1}}, bool keepdim = False, *, torch.dtype dtype = None, Tensor out = None"
    for ord in _ORDER
)
_EITHER = tuple(
    f"Tensor input, {ord}, tuple of ints dim = None, bool keepdim = False, *, torch.dtype dtype = None, Tensor out = None"
    for ord in ("Number ord = None", "str ord")
)


def _check_kinds(op: str, forms: tuple, ord: Any, dim: Any, keepdim: Any, dtype: Any, out: Any) -> Any:
    """The order, as a Python value; TypeError for arguments that fit none of torch's signatures."""
    if isinstance(ord, Tensor) and not ord._data.ndim:
        ord = ord._data.item()
    wrong_kind = (
        not isinstance(ord, str | int | float | complex)
        or not (isinstance(dim, tuple | list) and all(type(d) is int for d in dim))
        or type(keepdim) is not bool
        or not (dtype is None or hasattr(dtype, "np"))
        or not (out is None or isinstance(out, Tensor))
    )
    if wrong_kind:
        raise invalid(op, forms)
    return ord


@public(torch=False, method=False, spaces=("linalg",), signatures=_MATRIX)
def matrix_norm(
    input: Tensor,
    ord: Any = "fro",
    dim: Any = (-2, -1),
    keepdim: bool = False,
    *,
    dtype: Any = None,
    out: Any = None,
    axis: Any = ABSENT,
    keepdims: Any = ABSENT,
) -> Tensor:
    """A norm of the matrices in the two dimensions `dim`: "fro", the root of the sum of squares; "nuc", the sum of singular values;
    2 and -2, the largest and the smallest of these; 1 and -1, of the sums of a column's absolute values; inf and -inf, of a row's.

    RuntimeError for integers, and for half precision where singular values are needed.

    >>> import leafgrad as torch
    >>> torch.linalg.matrix_norm(torch.tensor([[1.0, 2.0], [3.0, 4.0]]), 1)
    tensor(6.)
    >>> torch.linalg.matrix_norm(torch.tensor([[0.0, 2.0], [1.0, 0.0]]), "nuc")
    tensor(3.)
    """
    x = data_of("linalg_matrix_norm", input)
    dim, keepdim = (
        dim if axis is ABSENT else by_numpy_name("axis", axis, dim),
        keepdim if keepdims is ABSENT else by_numpy_name("keepdims", keepdims, keepdim),
    )
    ord = _check_kinds("linalg_matrix_norm", _MATRIX, ord, dim, keepdim, dtype, out)
    name = "linalg.matrix_norm"
    if isinstance(ord, complex):
        raise RuntimeError(messages.NORM_COMPLEX.format(op=name))
    if ord not in ("fro", "nuc", 1, -1, 2, -2, inf, -inf):
        raise RuntimeError(messages.MATRIX_NORM_ORDER.format(ord=ord))
    if x.ndim < 2:
        raise RuntimeError(messages.LINALG_MATRIX.format(op=name))
    kind = _check_dtype(name, x, dtype)
    if ord in ("nuc", 2, -2) and x.dtype.itemsize == 2:
        raise RuntimeError(messages.MATRIX_NORM_PRECISION.format(type=type_of(x.dtype)))
    if len(dim) != 2:
        raise RuntimeError(messages.MATRIX_NORM_DIMS.format(dims=" ".join(map(str, dim))))
    rows, columns = (wrap_dim(d, x.ndim) for d in dim)
    if rows == columns:
        raise RuntimeError(messages.MATRIX_NORM_SAME.format(a=rows, b=columns))
    _check_out(name, x, kind, out)
    if ord == "fro":
        found = norm_of(input, 2, (rows, columns), keepdim, kind)
    elif ord in ("nuc", 2, -2):
        found = _spectral(
            input if kind in (None, x.dtype) else to_copy(input, kind), ord, rows, columns, keepdim
        )
    else:
        inner, outer = (rows, columns) if ord in (1, -1) else (columns, rows)
        sums = norm_of(input, 1.0, (inner,), keepdim, kind)
        found = _extreme(sums, ord > 0, outer - (not keepdim and outer > inner), keepdim)
    return found if out is None else store(out, found)


def _spectral(x: Tensor, ord: Any, rows: int, columns: int, keepdim: bool) -> Tensor:
    """A norm that is made of singular values."""
    others = tuple(d for d in range(x._data.ndim) if d not in (rows, columns))
    order = (*others, rows, columns)
    values = singular_values(views.permute(x, order))
    if ord == "nuc":
        found = sum_dims(values, (-1,), keepdim)
    else:
        found = _extreme(values, ord > 0, -1, keepdim)
    return views.permute(views.unsqueeze(found, -1), views.inverse(order)) if keepdim else found


def _extreme(x: Tensor, largest: bool, dim: int, keepdim: bool) -> Tensor:
    """The largest or smallest along `dim`; the largest of nothing is 0 here."""
    if x._data.shape[dim] or not largest:
        return (amax if largest else amin)(x, dim, keepdim)
    shape = np.add.reduce(x._data, dim, out=..., keepdims=keepdim).shape
    return wrap(np.zeros(shape, x._data.dtype))


def _check_out(op: str, x: ndarray, dtype: np.dtype | None, out: Any) -> None:
    want = _real_of(dtype or x.dtype)
    if out is not None and out._data.dtype != want:
        names = {"want": type_of(want), "got": type_of(out._data.dtype)}
        raise RuntimeError(messages.NORM_OUT.format(op=op, **names))


# --- of either ---


@public(name="norm", torch=False, method=False, spaces=("linalg",), signatures=_EITHER)
def linalg_norm(
    input: Tensor,
    ord: Any = None,
    dim: Any = None,
    keepdim: bool = False,
    *,
    dtype: Any = None,
    out: Any = None,
    axis: Any = ABSENT,
    keepdims: Any = ABSENT,
) -> Tensor:
    """The norm of a vector, or, where `ord` is given for a matrix (or `dim` has two entries), that of a
    matrix.

    >>> import leafgrad as torch
    >>> torch.linalg.norm(torch.tensor([[1.0, 2.0], [3.0, 4.0]]), 1)
    tensor(6.)
    >>> torch.linalg.norm(torch.tensor([3.0, 4.0]))
    tensor(5.)
    """
    x = data_of("linalg_norm", input)
    dim, keepdim = (
        dim if axis is ABSENT else by_numpy_name("axis", axis, dim),
        keepdim if keepdims is ABSENT else by_numpy_name("keepdims", keepdims, keepdim),
    )
    dim = (dim,) if type(dim) is int else dim
    given = (2 if ord is None else ord, () if dim is None else dim, keepdim, dtype, out)
    order = _check_kinds("linalg_norm", _EITHER, *given)
    _check_out("linalg.norm", x, None if dtype is None else dtype.np, out)
    count = x.ndim if dim is None else len(dim)
    if ord is not None and count not in (1, 2):
        if dim is None:
            raise RuntimeError(messages.LINALG_NORM_DIMS.format(ndim=count))
        raise RuntimeError(messages.LINALG_NORM_LENGTH.format(dims=list(dim)))
    if ord is not None and (isinstance(order, str) or count == 2):
        return matrix_norm(input, order, (0, 1) if dim is None else dim, keepdim, dtype=dtype, out=out)
    found = vector_norm(input, order, dim, keepdim, dtype=dtype)
    return found if out is None else store(out, found)


@public()
def norm(
    input: Tensor, p: Any = "fro", dim: Any = None, keepdim: bool = False, out: Any = None, dtype: Any = None
) -> Tensor:
    """The p-norm over `dim` or over all, "fro" and None meaning 2; with "nuc", the nuclear norm of a matrix.  RuntimeError for
    integers.

    >>> import leafgrad as torch
    >>> torch.tensor([[3.0, 4.0], [6.0, 8.0]]).norm(dim=1)
    tensor([ 5., 10.])
    """
    x = data_of("norm", input)
    dim = (dim,) if type(dim) is int else dim
    if isinstance(p, str) and p != "fro":
        every = tuple(range(x.ndim)) if dim is None else dim
        return matrix_norm(input, p, every, keepdim, dtype=dtype, out=out)
    if p == "fro" and isinstance(dim, tuple | list) and len(dim) > 2:
        raise RuntimeError(messages.MATRIX_NORM_DIMS.format(dims=" ".join(map(str, dim))))
    return vector_norm(input, 2 if p is None or p == "fro" else p, dim, keepdim, dtype=dtype, out=out)
