"""Products made of the primitives of matmul.py: matmul, linear, outer, inner, tensordot, kron."""

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from ..base import messages
from ..op.record import Op
from ..op.table import expose, public
from ..tensor.elementwise import broadcast_shapes, check_cast
from ..tensor.lanes import binary_lane, public_lane
from ..tensor.misuse import too_many, wrong
from ..tensor.node import tracked
from ..tensor.tensor import Tensor
from ..values.device import contiguous_format
from ..values.dtype import BY_NP
from . import matmul as rows
from .addmm import _addmm
from .arguments import need_tensor, wrap_dim
from .arithmetic import mul
from .dims import store, type_of
from .outs import check_out_dtype, written
from .reduce import sum_dims, sum_front
from .views import (
    clone,
    expand,
    permute,
    reshape,
    squeeze,
    squeeze_all,
    t,
    transpose,
    unsafe_view,
    unsqueeze,
    view,
)

_mm, _bmm, _mv, _dot = [row.op.public for row in (rows.mm_of, rows.bmm_of, rows.mv_of, rows.dot_of)]


# --- matmul ---


def _matmul(op: Op, inputs: tuple, params: tuple = (), out: Any = None) -> Tensor:
    """All of matmul but what its fast lane, that of `mm`, has done."""
    if len(inputs) > 2:
        raise too_many("matmul", 2, len(inputs))
    x, y = inputs
    for i, (name, z) in enumerate((("input", x), ("other", y))):
        if not isinstance(z, Tensor):
            raise wrong("matmul", name, i + 1, "Tensor", z)
    if out is None:
        return _product(x, y)
    return written("matmul", out, inputs, _product, _check_out_of(x._data, y._data))


def _check_out_of(x: np.ndarray, y: np.ndarray) -> Callable:
    """How torch checks the dtype of `out`, which depends on the primitive that the product ends in."""
    if y.ndim != 1:
        return check_out_dtype
    return rows.check_out_dot if x.ndim == 1 else rows.check_out_mv


def _operate(op: Op, inputs: tuple, params: tuple = (), out: Any = None) -> Any:
    """The same for `@`: NotImplemented to foreign operands, as their class may know what to do."""
    return _matmul(op, inputs) if isinstance(inputs[1], Tensor) else NotImplemented


matmul = public_lane(rows.mm_of.op, _matmul)
matmul.__name__ = matmul.__qualname__ = "matmul"
matmul.__doc__ = """The matrix product: of vectors a number, of a matrix and a vector a vector, of batches
each pair's product, broadcast.

    RuntimeError for shapes that do not fit, 0-dim tensors, and unequal dtypes.

    >>> import leafgrad as torch
    >>> (torch.ones(5, 2, 3) @ torch.ones(3, 4)).shape
    torch.Size([5, 2, 4])
    """


def _reflected(self: Tensor, other: Any) -> Any:
    return matmul(other, self) if isinstance(other, Tensor) else NotImplemented


expose(
    matmul,
    "matmul",
    operator="matmul",
    operate=binary_lane(rows.mm_of.op, _operate),
    reflected=_reflected,
    spaces=("linalg",),
)


def _product(x: Tensor, y: Tensor) -> Tensor:
    n, m = x._data.ndim, y._data.ndim
    if n == 2 and m == 2:
        return _mm(x, y)
    if n == 0 or m == 0:
        raise RuntimeError(messages.MATMUL_0D.format(op="matmul", a=n, b=m))
    if n == 1 and m == 1:
        return _dot(x, y)
    if n == 2 and m == 1:
        return _mv(x, y)
    if n == 1 and m == 2:
        return _mm(unsqueeze(x, 0), y).squeeze_(0)
    if n == 3 == m and x._data.shape[0] != y._data.shape[0]:
        if x._data.shape[0] == 1 and tracked(x):
            return _product(squeeze(x, 0), y)
        if y._data.shape[0] == 1 and tracked(y):
            return _product(x, squeeze(y, 0))
    if n >= 3 and m <= 2 and (tracked(y) or _adjacent(x._data)):
        return _folded(x, y)
    if m >= 3 and n <= 2 and (tracked(x) or (n == 1 and _adjacent(y._data.mT))):
        folded = transpose(y, m - 2, m - 1)
        if n == 1:
            return _folded(folded, x)
        return _contiguous(transpose(_folded(folded, t(x)), m - 2, m - 1))
    return _batched(x, y, n, m)


def _contiguous(x: Tensor) -> Tensor:
    return x if x._data.flags.c_contiguous else clone(x, contiguous_format)


def _reshaped(x: Tensor, shape: tuple) -> Tensor:
    return view(x, shape) if x._data.flags.c_contiguous else reshape(x, shape)


# Folding the batch into the rows makes one product of many.  Where the smaller operand requires grad it is
# done even at the
# price of a copy, because the backward of a batched product would make one gradient for each matrix before
# it sums them.


def _adjacent(data: np.ndarray) -> bool:
    """Whether the batch dimensions lie in memory so that they fold without a copy."""
    shape, strides = data.shape, data.strides
    return not data.size or all(strides[i] == strides[i + 1] * shape[i + 1] for i in range(len(shape) - 2))


def _folded(x: Tensor, y: Tensor) -> Tensor:
    """x (..., n, k) times a matrix or vector."""
    *batch, k = x._data.shape
    flat = _reshaped(x, (prod(batch), k))
    if y._data.ndim == 1:
        return unsafe_view(_mv(flat, y), tuple(batch))
    return unsafe_view(_mm(flat, y), (*batch, y._data.shape[1]))


def _batched(x: Tensor, y: Tensor, n: int, m: int) -> Tensor:
    """Both operands broadcast to one batch."""
    if n == 1:
        x = unsqueeze(x, 0)
    if m == 1:
        y = unsqueeze(y, 1)
    a, b = x._data.shape, y._data.shape
    batch = a[:-2] if a[:-2] == b[:-2] else broadcast_shapes(a[:-2], b[:-2])
    count = prod(batch)
    left = _reshaped(expand(x, (*batch, *a[-2:])), (count, *a[-2:]))
    right = _reshaped(expand(y, (*batch, *b[-2:])), (count, *b[-2:]))
    if a[-1] != b[-2]:
        raise RuntimeError(messages.BMM_SHAPE.format(expected=[count, a[-1]], got=[count, b[-2]]))
    shape = (*batch, *([] if n == 1 else [a[-2]]), *([] if m == 1 else [b[-1]]))
    product = _bmm(left, right)
    return unsafe_view(squeeze(product, 2) if m == 1 else product, shape)


@public(torch=False, method=False, spaces=("nn.functional",))
def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None, *, out: Tensor | None = None) -> Tensor:
    """input @ weight.T + bias, for input (..., k), weight (n, k) or (k), bias (n).

    >>> import leafgrad as torch
    >>> torch.nn.functional.linear(torch.ones(1, 2), torch.ones(3, 2), torch.zeros(3))
    tensor([[2., 2., 2.]])
    """
    need_tensor("linear", input)
    need_tensor("linear", weight, "weight", 2)
    if bias is not None:
        need_tensor("linear", bias, "bias", 3)
    if out is None:
        return _linear(input, weight, bias)
    given = (input, weight) if bias is None else (input, weight, bias)
    return written("linear", out, given, _linear, check_out_dtype)


def _linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    x, w = input._data, weight._data
    if not x.ndim or not w.ndim:
        raise RuntimeError(messages.MATMUL_0D.format(op="linear", a=x.ndim, b=w.ndim))
    turned = weight if w.ndim == 1 else t(weight) if w.ndim == 2 else weight.t()
    if bias is None:
        return matmul(input, turned)
    if x.ndim == 2:
        return _addmm(bias, input, turned, 1, 1)
    if bias._data.ndim == 1 and _adjacent(x):
        flat = _addmm(bias, view(input, (prod(x.shape[:-1]), x.shape[-1])), turned, 1, 1)
        return view(flat, (*x.shape[:-1], w.shape[0]))
    return matmul(input, turned) + bias


# --- vectors ---


@public(aliases=("ger",))
def outer(input: Tensor, vec2: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The matrix of all products of an element of `input` (n) and one of `vec2` (m).

    >>> import leafgrad as torch
    >>> torch.outer(torch.tensor([1., 2.]), torch.tensor([3., 4.]))
    tensor([[3., 4.],
            [6., 8.]])
    """
    need_tensor("outer", input)
    need_tensor("outer", vec2, "vec2", 2)
    for name, x in (("self", input._data), ("vec2", vec2._data)):
        if x.ndim != 1:
            raise RuntimeError(messages.OUTER_DIMS.format(name=name, n=x.ndim))
    return mul.op.public(view(input, (input._data.shape[0], 1)), vec2, out=out)


@public()
def inner(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The sums of products over the last dimension of both; with a 0-dim tensor, the plain product.

    >>> import leafgrad as torch
    >>> torch.inner(torch.ones(2, 3), torch.ones(3))
    tensor([3., 3.])
    """
    need_tensor("inner", input)
    need_tensor("inner", other, "other", 2)
    a, b = input._data, other._data
    if a.ndim == 0 or b.ndim == 0:
        return mul.op.public(input, other, out=out)
    if a.shape[-1] != b.shape[-1]:
        raise RuntimeError(messages.INNER_SIZE.format(a=list(a.shape), b=list(b.shape)))
    return tensordot(input, other, [[-1], [-1]], out=out)


@public(method=False)
def tensordot(a: Tensor, b: Tensor, dims: Any = 2, out: Tensor | None = None) -> Tensor:
    """The sums of products over `dims`: a number of dimensions (the last of a, the first of b) or two lists
    of them.

    >>> import leafgrad as torch
    >>> torch.tensordot(torch.ones(2, 3, 4), torch.ones(3, 4, 5), dims=2).shape
    torch.Size([2, 5])
    """
    need_tensor("tensordot", a, "a", 1)
    need_tensor("tensordot", b, "b", 2)
    given = _tensordot_dims(a, b, dims)
    if a._data.dtype != b._data.dtype:
        raise RuntimeError(messages.TENSORDOT_DTYPES)
    first, second = ([wrap_dim(d, x._data.ndim) for d in each] for x, each in zip((a, b), given, strict=True))
    for i, j in zip(*given, strict=True):
        n, m = a._data.shape[i], b._data.shape[j]
        if n != m and n != 1 and m != 1:
            raise RuntimeError(messages.TENSORDOT_SIZE.format(a=n, i=i, b=m, j=j))
    if out is None:
        return _tensordot(a, b, first, second)
    if not isinstance(out, Tensor):
        raise wrong("tensordot", "out", None, "Tensor", out)
    want, got = (type_of(x._data.dtype) for x in (a, out))
    if want != got:
        raise RuntimeError(messages.TENSORDOT_OUT.format(want=want, got=got))
    return store(out, _tensordot(a, b, first, second))


def _tensordot(a: Tensor, b: Tensor, first: list[int], second: list[int]) -> Tensor:
    """Sizes of 1 are broadcast, which is to say that the other operand is summed there."""
    for i, j in zip(first, second, strict=True):
        n, m = a._data.shape[i], b._data.shape[j]
        if n == 1 != m:
            b = sum_dims(b, (j,), True)
        elif m == 1 != n:
            a = sum_dims(a, (i,), True)
    keep_a = [i for i in range(a._data.ndim) if i not in first]
    keep_b = [i for i in range(b._data.ndim) if i not in second]
    shape_a, shape_b = [a._data.shape[i] for i in keep_a], [b._data.shape[i] for i in keep_b]
    left, right = permute(a, (*keep_a, *first)), permute(b, (*second, *keep_b))
    rows, columns = prod(shape_a), prod(shape_b)
    if rows == 1 == columns:
        if left._data.flags.c_contiguous and right._data.flags.c_contiguous:
            left, right = (x if x._data.ndim == 1 else view(x, (x._data.size,)) for x in (left, right))
            return view(_dot(left, right), (*shape_a, *shape_b))
        products = mul(squeeze_all(left), squeeze_all(right))
        return view(sum_front(products, dtype=BY_NP[products._data.dtype]), (*shape_a, *shape_b))
    count = prod(a._data.shape[i] for i in first)
    return reshape(_mm(reshape(left, (rows, count)), reshape(right, (count, columns))), (*shape_a, *shape_b))


def _tensordot_dims(a: Tensor, b: Tensor, dims: Any) -> tuple[list[int], list[int]]:
    if isinstance(dims, Tensor):
        dims = dims.tolist()
    if isinstance(dims, int):
        if dims < 0:
            raise RuntimeError(messages.TENSORDOT_NEGATIVE.format(dims=dims))
        if dims > min(a._data.ndim, b._data.ndim):
            raise RuntimeError(messages.TENSORDOT_DIMS.format(dims=dims))
        return list(range(-dims, 0)), list(range(dims))
    first, second = ([d] if isinstance(d, int) else list(d) for d in dims)
    if len(first) != len(second):
        raise RuntimeError(messages.TENSORDOT_LENGTHS)
    return first, second


@public()
def kron(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The Kronecker product: each element of `input` times all of `other`, in one tensor.

    >>> import leafgrad as torch
    >>> torch.kron(torch.eye(2), torch.ones(1, 2))
    tensor([[1., 1., 0., 0.],
            [0., 0., 1., 1.]])
    """
    need_tensor("kron", input)
    need_tensor("kron", other, "other", 2)
    if out is None:
        return _kron(input, other)
    return written("kron", out, (input, other), _kron, _check_out_kron, node="mul")


def _check_out_kron(out: Tensor, dtype: np.dtype) -> None:
    check_cast(dtype, out._data.dtype)


def _kron(x: Tensor, y: Tensor) -> Tensor:
    n = max(x._data.ndim, y._data.ndim)
    a = (1,) * (n - x._data.ndim) + x._data.shape
    b = (1,) * (n - y._data.ndim) + y._data.shape
    left = unsafe_view(x, tuple(s for m in a for s in (m, 1)))
    right = unsafe_view(y, tuple(s for m in b for s in (1, m)))
    return unsafe_view(mul(left, right), tuple(i * j for i, j in zip(a, b, strict=True)))
