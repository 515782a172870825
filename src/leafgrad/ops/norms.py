"""Norms of vectors and what is made of them: linalg.vector_norm, norm, dist, normalize, cosine_similarity."""

from math import inf
from typing import Any

import numpy as np

from ..base import messages
from ..op.table import public
from ..tensor.call import apply
from ..tensor.elementwise import broadcast, convert
from ..tensor.kinds import primitive
from ..tensor.misuse import wrong
from ..tensor.single import single
from ..tensor.tensor import Tensor
from ..tensor.write import into
from ..values import promotion
from ..values import reductions as r
from ..values.arguments import cast
from ..values.dtype import BY_NP
from ..values.dtype import parse as parse_dtype
from . import views
from .arithmetic import add, div, mul, neg, sub
from .clamping import clamp_min
from .comparison import eq, isnan
from .copies import to_copy
from .dims import Dims, axes, check_out_dtype, data_of, dims, flag, restore, store, type_of
from .extremes import amax, amin
from .powers import pow
from .reduce import LONG, sum_dims, sum_front
from .rounding import abs, sgn
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
        return mul(grad, where(eq(result, 0), 0, div(self, result)))
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
        raise RuntimeError(messages.NORM_INPUT.format(op=name, type=type_of(x.dtype)))
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
    x: Tensor, ord: Any = 2, dim: Any = None, keepdim: bool = False, *, dtype: Any = None, out: Any = None
) -> Tensor:
    """(sum |x|**ord)**(1/ord) over `dim`, or over all: the largest |x| for inf, the smallest for -inf, the
    nonzeros for 0.

    RuntimeError for integers, and for inf and negative orders over nothing.

    >>> import leafgrad as torch
    >>> torch.linalg.vector_norm(torch.tensor([3.0, 4.0]))
    tensor(5.)
    """
    if not isinstance(x, Tensor):
        raise wrong("linalg_vector_norm", "self", 1, "Tensor", x)
    data = x._data
    if isinstance(ord, Tensor) and not ord._data.ndim:
        ord = ord._data.item()
    if not isinstance(ord, int | float | complex):
        raise wrong("linalg_vector_norm", "ord", 2, "Number", ord)
    if isinstance(ord, complex):
        raise RuntimeError(messages.NORM_COMPLEX)
    found = dims("linalg_vector_norm", dim, data.ndim)
    flag("linalg_vector_norm", keepdim, position=None)
    kind = _check_dtype(_NAME, data, dtype)
    _check_empty(data, ord, found)
    check_out_dtype(out, _real_of(kind or data.dtype))
    return norm_of(x, ord, found, keepdim, kind, out=out)


# --- norm, of vectors and of matrices ---


@public(torch=False, method=False, spaces=("linalg",))
def matrix_norm(
    A: Tensor,
    ord: Any = "fro",
    dim: Any = (-2, -1),
    keepdim: bool = False,
    *,
    dtype: Any = None,
    out: Any = None,
) -> Tensor:
    """A norm of matrices, over the two dimensions `dim`: "fro"; 1 and -1 (largest and smallest sum of a
    column's absolute
    values); inf and -inf (of a row's).  NotImplementedError for "nuc", 2 and -2, which need singular values.

    >>> import leafgrad as torch
    >>> torch.linalg.matrix_norm(torch.tensor([[1.0, 2.0], [3.0, 4.0]]), 1)
    tensor(6.)
    """
    x = data_of("linalg_matrix_norm", A)
    pair = (dim,) if isinstance(dim, int) else tuple(dim)
    if len(pair) != 2:
        raise RuntimeError(messages.MATRIX_NORM_DIMS.format(dims=" ".join(map(str, pair))))
    if ord not in ("fro", "nuc", 1, -1, 2, -2, inf, -inf):
        raise RuntimeError(messages.MATRIX_NORM_ORDER.format(ord=ord))
    if x.ndim < 2:
        raise RuntimeError(messages.MATRIX_NORM_INPUT)
    kind = _check_dtype("linalg.matrix_norm", x, dtype)
    if ord in ("nuc", 2, -2):
        raise NotImplementedError(messages.MATRIX_NORM_SVD.format(ord=ord))
    dims("linalg_matrix_norm", pair, x.ndim)
    _check_out("linalg.matrix_norm", x, kind, out)
    pair = tuple([d % x.ndim for d in pair])
    if ord == "fro":
        return _stored(vector_norm(A, 2, pair, keepdim, dtype=dtype), out)
    inner, outer = pair if ord in (1, -1) else pair[::-1]
    sums = norm_of(A, 1.0, (inner,), keepdim, kind)
    outer -= not keepdim and outer > inner
    return _stored((amax if ord > 0 else amin)(sums, outer, keepdim), out)


def _check_out(op: str, x: ndarray, dtype: np.dtype | None, out: Any) -> None:
    want = _real_of(dtype or x.dtype)
    if isinstance(out, Tensor) and out._data.dtype != want:
        names = {"want": type_of(want), "got": type_of(out._data.dtype)}
        raise RuntimeError(messages.NORM_OUT.format(op=op, **names))


def _stored(found: Tensor, out: Any) -> Tensor:
    return found if out is None else store(out, found)


@public(name="norm", torch=False, method=False, spaces=("linalg",))
def linalg_norm(
    A: Tensor, ord: Any = None, dim: Any = None, keepdim: bool = False, *, dtype: Any = None, out: Any = None
) -> Tensor:
    """The norm of a vector, or, where `ord` is given for a matrix (or `dim` has two entries), that of a
    matrix.

    >>> import leafgrad as torch
    >>> torch.linalg.norm(torch.tensor([[1.0, 2.0], [3.0, 4.0]]), 1)
    tensor(6.)
    >>> torch.linalg.norm(torch.tensor([3.0, 4.0]))
    tensor(5.)
    """
    x = data_of("linalg_norm", A)
    _check_out("linalg.norm", x, None if dtype is None else parse_dtype(dtype, "linalg_norm").np, out)
    if ord is None:
        return _stored(vector_norm(A, 2, dim, keepdim, dtype=dtype), out)
    if dim is None and x.ndim not in (1, 2):
        raise RuntimeError(messages.LINALG_NORM_DIMS.format(ndim=x.ndim))
    count = x.ndim if dim is None else 1 if isinstance(dim, int) else len(dim)
    if isinstance(ord, str) or count == 2:
        return matrix_norm(A, ord, (0, 1) if dim is None else dim, keepdim, dtype=dtype, out=out)
    return _stored(vector_norm(A, ord, dim, keepdim, dtype=dtype), out)


@public()
def norm(
    input: Tensor, p: Any = "fro", dim: Any = None, keepdim: bool = False, out: Any = None, dtype: Any = None
) -> Tensor:
    """The p-norm over `dim` or over all; "fro" and None mean 2.  RuntimeError for integers.

    >>> import leafgrad as torch
    >>> torch.tensor([[3.0, 4.0], [6.0, 8.0]]).norm(dim=1)
    tensor([ 5., 10.])
    """
    x = data_of("norm", input)
    if isinstance(p, str) and p != "fro":
        return matrix_norm(
            input, p, tuple(range(x.ndim)) if dim is None else dim, keepdim, dtype=dtype, out=out
        )
    if p == "fro" and dim is not None and not isinstance(dim, int) and len(dim) > 2:
        raise RuntimeError(messages.MATRIX_NORM_DIMS.format(dims=" ".join(map(str, dim))))
    return vector_norm(input, 2 if p is None or p == "fro" else p, dim, keepdim, dtype=dtype, out=out)


# --- distances ---


def _dist(self: ndarray, other: ndarray, /, p: float) -> ndarray:
    return r.norm(np.subtract(self, other, out=...), p)


dist_of = primitive(
    "dist", _dist,
    vjp={
        "self": lambda grad, self, other, p,
        result: norm_back(grad, sub(self, other), result, p, None, False),
        "other": lambda grad, self, other, p,
        result: norm_back(neg(grad), sub(self, other), result, p, None, False),
    },
)  # fmt: skip


@public()
def dist(input: Tensor, other: Tensor, p: Any = 2, *, out: Any = None) -> Tensor:
    """The p-norm of input - other, which broadcast.  RuntimeError for integers.

    >>> import leafgrad as torch
    >>> torch.dist(torch.tensor([1.0, 1.0]), torch.tensor([4.0, 5.0]))
    tensor(5.)
    """
    x = data_of("dist", input)
    if not isinstance(other, Tensor):
        raise wrong("dist", "other", 2, "Tensor", other)
    if not isinstance(p, int | float):
        raise wrong("dist", "p", 3, "Number", p)
    values = [x, other._data]
    dtype = promotion.common(*values)
    broadcast(values)
    if dtype.kind == "b":
        raise RuntimeError(messages.SUB_BOOLS)
    if dtype.kind in "iu":
        raise RuntimeError(messages.DIST_INPUT.format(type=type_of(dtype)))
    values = [convert(v, dtype) for v in values]
    return (
        apply(dist_of.op, (input, other), (p,), values)
        if out is None
        else into(out, dist_of.op, (input, other), (p,), values)
    )


_F: Any = {"torch": False, "method": False, "spaces": ("nn.functional",)}


@public(**_F)
def normalize(input: Tensor, p: float = 2.0, dim: Any = 1, eps: float = 1e-12, out: Any = None) -> Tensor:
    """input divided by its p-norm along `dim`, or by `eps` where that is larger.

    >>> import leafgrad as torch
    >>> torch.nn.functional.normalize(torch.tensor([[3.0, 4.0]]))
    tensor([[0.6000, 0.8000]])
    """
    size = views.expand(clamp_min(norm(input, p, dim, True), eps), input._data.shape)
    return div.op.public(input, size, out=out)


def _length(x: Tensor, dim: int, eps: float) -> Tensor:
    """The 2-norm, at least `eps`; gradients flow as if it had not been cut off."""
    size = views.clone(norm_of(x, 2, (dim,), True), None)
    np.maximum(size._data, eps, out=size._data)
    return size


@public(method=False, spaces=("nn.functional",))
def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-08) -> Tensor:
    """The cosine of the angle between x1 and x2 along `dim`: sum(x1 * x2) / (max(|x1|, eps) * max(|x2|,
    eps)).

    RuntimeError unless their common dtype is floating point, and if they do not broadcast.

    >>> import leafgrad as torch
    >>> torch.cosine_similarity(torch.tensor([[1.0, 0.0]]), torch.tensor([[1.0, 1.0]]))
    tensor([0.7071])
    """
    for position, x in enumerate((x1, x2), 1):
        if not isinstance(x, Tensor):
            raise wrong("cosine_similarity", f"x{position}", position, "Tensor", x)
    if type(eps) is not float and not isinstance(eps, int | float):
        raise wrong("cosine_similarity", "eps", None, "float", eps)
    dtype = promotion.common(x1._data, x2._data)
    if dtype.kind not in "fV":
        raise RuntimeError(messages.COSINE_DTYPE.format(type=type_of(dtype)))
    shape = broadcast([x1._data, x2._data])
    dims("cosine_similarity", dim, len(shape))
    parts = []
    for x in (x1, x2):
        if x._data.shape != shape:
            x = views.expand(x, shape)
        if x._data.dtype != dtype:
            x = to_copy(x, dtype)
        parts.append(div(x, _length(x, dim, eps)))
    return sum_front(mul(*parts), dim)
