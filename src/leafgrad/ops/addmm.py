"""A product of matrices or vectors added to a tensor: beta * input + alpha * (a @ b)."""

from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np

from ..base import messages
from ..base.state import modes
from ..op.record import Op, composite
from ..op.table import public
from ..tensor.call import apply
from ..tensor.elementwise import NUMBERS, check_cast, convert
from ..tensor.lanes import recorded
from ..tensor.misuse import invalid, wrong
from ..tensor.tensor import Tensor, wrap
from ..tensor.write import INPLACE, check_inplace, inplace, into
from ..values import promotion
from ..values.arguments import plain
from .arithmetic import add, conj, mul
from .dims import check_out_dtype, cpp_name, type_of
from .matmul import adjoint, check_bmm, check_bool, check_mm, check_mv
from .matmul import bmm_of as bmm
from .matmul import mm_of as mm
from .matmul import mv_of as mv
from .reduce import sum_dims
from .shapes import expanded_shape
from .views import expand, unsqueeze

ndarray = np.ndarray


# --- rows ---


def _times(x: Any, factor: Any) -> Any:
    """x times the conjugate of a number, x itself for 1."""
    return x if factor == 1 else mul(x, factor.conjugate())


def _outer(x: Any, y: Any) -> Any:
    return mul(unsqueeze(x, 1), unsqueeze(y, 0))


def _each(grad: Any, batch: Any) -> Any:
    """One gradient for each matrix of a batch."""
    return expand(unsqueeze(grad, 0), (batch.shape[0], *grad.shape))


def _summed_batches(x: ndarray, y: ndarray) -> ndarray:
    """The sum of the products of all pairs of matrices, as one product of long ones."""
    if x.ndim != 3 or y.ndim != 3 or x.shape[0] != y.shape[0] or x.shape[2] != y.shape[1]:
        raise ValueError
    b, n, m = x.shape
    return mm(x.transpose(1, 0, 2).reshape(n, b * m), y.reshape(b * m, y.shape[2]))


def _sum(
    name: str,
    product: Callable,
    check: Callable,
    first: str,
    second: str,
    by_first: Callable,
    by_second: Callable,
    of: Callable,
) -> Callable:
    """The function of `beta * self + alpha * product`; `check` raises what the kernel refused, and returns
    what it shall have; `of` is the product of tensors."""
    careful = name == "addr"  # it promotes, and is elementwise: what is multiplied by zero counts

    def kernel(self: ndarray, a: ndarray, b: ndarray, beta: Any, alpha: Any) -> ndarray:
        r = product(a, b)
        if alpha != 1:
            r = np.multiply(r, r.dtype.type(alpha), out=r) if alpha or careful else np.zeros_like(r)
        if beta == 0:  # whatever is in it, nan included
            np.broadcast_to(self, r.shape)
            return r
        return np.add(r, self if beta == 1 else self * r.dtype.type(beta), out=r)

    rules: dict[str, Callable | None] = {
        "self": lambda grad, beta: _times(grad, beta),
        first: by_first,
        second: by_second,
    }

    def in_parts(x: Any, a: Any, b: Any, beta: Any, alpha: Any) -> Any:
        product = of(a, b) if alpha == 1 else mul(of(a, b), alpha)
        return product if beta == 0 else add(product, x if beta == 1 else mul(x, beta))

    def tangent(tangents: list, x: Any, a: Any, b: Any, beta: Any, alpha: Any, result: Any) -> Any:
        dx, da, db = tangents
        products = [*([] if da is None else [of(da, b)]), *([] if db is None else [of(a, db)])]
        terms = [t if alpha == 1 else mul(t, alpha) for t in products]
        if dx is not None:  # times 0 as well: what is not finite shows
            terms.append(expand(dx if beta == 1 else mul(dx, beta), result._data.shape))
        return reduce(add, terms) if terms else wrap(np.zeros_like(result._data))

    op = Op(
        name,
        kernel,
        ("self", first, second),
        ("beta", "alpha"),
        vjp=rules,
        jvp=tangent,
        batch=composite(in_parts),
    )

    def full(inputs: tuple, factors: tuple, out: Any) -> Any:
        for i, (x, label) in enumerate(zip(inputs, ("input", first, second), strict=True)):
            if not isinstance(x, Tensor):
                raise wrong(name, label, i + 1, "Tensor", x)
        tensors = f"Tensor input, Tensor {first}, Tensor {second}"
        form = tensors + ", *, Number beta = 1, Number alpha = 1, Tensor out = None"
        factors = tuple([_number(x, name, form) for x in factors])
        if out is INPLACE:
            check_inplace(op, inputs)
        elif out is not None and not isinstance(out, Tensor):
            raise wrong(name, "out", None, "Tensor", out)
        values = check([x._data for x in inputs], inputs, factors, out)
        if out is None:
            return apply(op, inputs, factors, values)
        return (
            inplace(op, inputs, factors, values) if out is INPLACE else into(out, op, inputs, factors, values)
        )

    def call(input: Any, a: Any, b: Any, beta: Any, alpha: Any, out: Any = None) -> Any:
        if careful or out is not None or modes or type(beta) not in NUMBERS or type(alpha) not in NUMBERS:
            return full((input, a, b), (beta, alpha), out)
        try:
            x, y, z = input._data, a._data, b._data
            dtype = x.dtype
            if dtype is not y.dtype or dtype is not z.dtype:
                return full((input, a, b), (beta, alpha), out)
            data = kernel(x, y, z, beta, alpha)
        except (AttributeError, ValueError, TypeError):
            return full((input, a, b), (beta, alpha), out)
        return recorded(op, (input, a, b), (beta, alpha), wrap(data))

    op.public = call
    return call


# --- what torch says of operands that do not fit ---


def _number(x: Any, name: str, form: str) -> Any:
    """A factor as a Python number; tensors of one element stand for some."""
    if type(x) in NUMBERS:
        return x
    if isinstance(x, Tensor) and x._data.ndim == 0:
        return x.item()
    if isinstance(x := plain(x), NUMBERS):
        return x
    raise invalid(name, (form,))


def _check_factors(factors: tuple, dtype: np.dtype) -> None:
    if dtype.kind != "c" and any(type(x) is complex and x.imag for x in factors):
        raise RuntimeError(
            messages.OVERFLOW.format(type="int64_t" if dtype.kind in "iu" else cpp_name(dtype))
        )


def _check_dtypes(added: ndarray, a: ndarray, b: ndarray) -> None:
    if added.dtype != b.dtype:
        raise RuntimeError(messages.ADD_DTYPES.format(a=type_of(added.dtype), b=type_of(b.dtype)))
    if a.dtype != b.dtype:
        raise RuntimeError(messages.MM_DTYPES.format(a=cpp_name(a.dtype), b=cpp_name(b.dtype)))


def _check_target(input: Tensor, target: tuple, out: Any) -> None:
    """Raise unless the tensor that is added to broadcasts to the product's shape (in place: has it)."""
    if out is not INPLACE:
        expanded_shape(input, target)
    elif input._data.shape != target:
        raise RuntimeError(messages.ADD_INPLACE.format(got=list(input._data.shape), want=list(target)))


def _check_addmm(values: list, inputs: tuple, factors: tuple, out: Any) -> list:
    _, a, b = values
    for name, x in (("mat1", a), ("mat2", b)):
        if x.ndim != 2:
            raise RuntimeError(messages.ADD_MATRIX.format(name=name, n=x.ndim))
    if a.shape[1] == b.shape[0]:
        _check_target(inputs[0], (a.shape[0], b.shape[1]), out)
        _check_dtypes(*values)
    check_mm(a, b)
    _check_factors(factors, a.dtype)
    if out is not INPLACE:
        check_out_dtype(out, a.dtype)
    return values


def _check_addmv(values: list, inputs: tuple, factors: tuple, out: Any) -> list:
    added, a, b = values
    if a.ndim != 2 or b.ndim != 1 or added.ndim > 1:
        raise RuntimeError(messages.MV_DIMS.format(a=added.ndim, b=a.ndim, c=b.ndim))
    if a.shape[1] != b.shape[0] or added.size not in (1, a.shape[0]):
        sizes = {"n": added.size, "a": a.shape[0], "b": a.shape[1], "m": b.shape[0]}
        raise RuntimeError(messages.ADD_SIZE.format(**sizes))
    if added.dtype != a.dtype or a.dtype != b.dtype:
        names = [type_of(x.dtype) for x in values]
        raise RuntimeError(messages.MV_DTYPES.format(a=names[0], b=names[1], c=names[2]))
    _check_target(inputs[0], (a.shape[0],), out)
    check_mv(a, b)
    _check_factors(factors, a.dtype)
    if out is not INPLACE:
        check_out_dtype(out, a.dtype)
    return values


def _check_addr(values: list, inputs: tuple, factors: tuple, out: Any) -> list:
    """Unlike the others, it promotes its operands to one dtype."""
    added, a, b = values
    for name, x in (("vec1", a), ("vec2", b)):
        if x.ndim != 1:
            raise RuntimeError(messages.ADDR_DIMS.format(name=name, n=x.ndim))
    target = (a.shape[0], b.shape[0])
    if out is INPLACE:
        if added.ndim != 2:
            raise RuntimeError(messages.ADDR_INPLACE_DIMS.format(n=added.ndim))
        if added.shape != target:
            shapes = {"got": list(added.shape), "a": list(a.shape), "b": list(b.shape)}
            raise RuntimeError(messages.ADDR_INPLACE.format(**shapes))
    expanded_shape(inputs[0], target)
    dtype = promotion.common(*values)
    for label, x in zip(("beta", "alpha"), factors, strict=True):
        if isinstance(x, float) and dtype.kind in "iu":
            raise RuntimeError(messages.FACTOR_INTEGRAL.format(name=label))
    _check_factors(factors, dtype)
    if out is not None:
        check_cast(dtype, added.dtype if out is INPLACE else out._data.dtype)
    return [convert(x, dtype) for x in values]


def _check_baddbmm(values: list, inputs: tuple, factors: tuple, out: Any) -> list:
    added, a, b = values
    if a.ndim == 3 == b.ndim:
        expanded_shape(inputs[0], (*a.shape[:2], b.shape[2]))
    if not added.dtype == a.dtype == b.dtype:
        names = [cpp_name(x.dtype) for x in values]
        raise RuntimeError(messages.ADD_BATCH_DTYPES.format(a=names[0], b=names[1], c=names[2]))
    check_bool("baddbmm", a, b)
    check_bmm(a, b)
    _check_target(inputs[0], (*a.shape[:2], b.shape[2]), out)
    _check_factors(factors, a.dtype)
    if out is not INPLACE:
        check_out_dtype(out, a.dtype)
    return values


def _check_addbmm(values: list, inputs: tuple, factors: tuple, out: Any) -> list:
    _, a, b = values
    for name, x in (("batch1", a), ("batch2", b)):
        if x.ndim != 3:
            raise RuntimeError(messages.BMM_DIMS.format(name=name))
    if a.shape[0] != b.shape[0]:
        raise RuntimeError(messages.ADD_BATCHES.format(a=a.shape[0], b=b.shape[0]))
    if a.shape[2] != b.shape[1]:
        sizes = {"a": f"{a.shape[1]}x{a.shape[2]}", "b": f"{b.shape[1]}x{b.shape[2]}"}
        raise RuntimeError(messages.ADD_BATCH_SIZES.format(**sizes))
    expanded_shape(inputs[0], (a.shape[1], b.shape[2]))
    _check_target(inputs[0], (a.shape[1], b.shape[2]), out)
    _check_dtypes(*values)
    check_bool("addmm_impl_cpu_", a, b)
    _check_factors(factors, a.dtype)
    if isinstance(out, Tensor):
        _check_dtypes(out._data, a, b)
    return values


# --- the public functions ---


_addmm = _sum(
    "addmm", mm, _check_addmm, "mat1", "mat2",
    lambda grad, mat2, alpha: _times(mm(grad, adjoint(mat2)), alpha),
    lambda grad, mat1, alpha: _times(mm(adjoint(mat1), grad), alpha), mm,
)  # fmt: skip
_addmv = _sum(
    "addmv", mv, _check_addmv, "mat", "vec",
    lambda grad, vec, alpha: _times(_outer(grad, conj(vec)), alpha),
    lambda grad, mat, alpha: _times(mv(adjoint(mat), grad), alpha), mv,
)  # fmt: skip
_addr = _sum(
    "addr", lambda x, y: np.multiply(x[:, None], y), _check_addr, "vec1", "vec2",
    lambda grad, vec2, alpha: _times(mv(grad, conj(vec2)), alpha),
    lambda grad, vec1, alpha: _times(mv(grad.mT, conj(vec1)), alpha), _outer,
)  # fmt: skip
_baddbmm = _sum(
    "baddbmm", bmm, _check_baddbmm, "batch1", "batch2",
    lambda grad, batch2, alpha: _times(bmm(grad, adjoint(batch2)), alpha),
    lambda grad, batch1, alpha: _times(bmm(adjoint(batch1), grad), alpha), bmm,
)  # fmt: skip
_addbmm = _sum(
    "addbmm", _summed_batches, _check_addbmm, "batch1", "batch2",
    lambda grad, batch2, alpha: _times(bmm(_each(grad, batch2), adjoint(batch2)), alpha),
    lambda grad, batch1, alpha: _times(bmm(adjoint(batch1), _each(grad, batch1)), alpha),
    lambda a, b: sum_dims(bmm(a, b), (0,), False),
)  # fmt: skip


@public(inplace=True)
def addmm(
    input: Tensor, mat1: Tensor, mat2: Tensor, *, beta: Any = 1, alpha: Any = 1, out: Tensor | None = None
) -> Tensor:
    """beta * input + alpha * (mat1 @ mat2), for matrices (n, m) and (m, p); input is broadcast to (n, p).

    All are of one dtype.  With beta 0, input is ignored, nan included.

    >>> import leafgrad as torch
    >>> torch.addmm(torch.ones(1), torch.ones(2, 3), torch.ones(3, 1), alpha=2)
    tensor([[7.],
            [7.]])
    """
    return _addmm(input, mat1, mat2, beta, alpha, out)


@public(inplace=True)
def addmv(
    input: Tensor, mat: Tensor, vec: Tensor, *, beta: Any = 1, alpha: Any = 1, out: Tensor | None = None
) -> Tensor:
    """beta * input + alpha * (mat @ vec), for a matrix (n, m) and a vector (m).

    >>> import leafgrad as torch
    >>> torch.addmv(torch.ones(2), torch.ones(2, 3), torch.ones(3))
    tensor([4., 4.])
    """
    return _addmv(input, mat, vec, beta, alpha, out)


@public(inplace=True)
def addr(
    input: Tensor, vec1: Tensor, vec2: Tensor, *, beta: Any = 1, alpha: Any = 1, out: Tensor | None = None
) -> Tensor:
    """beta * input + alpha * outer(vec1, vec2).

    >>> import leafgrad as torch
    >>> torch.addr(torch.zeros(1), torch.ones(2), torch.ones(1))
    tensor([[1.],
            [1.]])
    """
    return _addr(input, vec1, vec2, beta, alpha, out)


@public(inplace=True)
def baddbmm(
    input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: Any = 1, alpha: Any = 1, out: Tensor | None = None
) -> Tensor:
    """beta * input + alpha * (batch1 @ batch2), matrix by matrix: (b, n, m) and (b, m, p).

    >>> import leafgrad as torch
    >>> torch.baddbmm(torch.ones(1), torch.ones(1, 1, 2), torch.ones(1, 2, 1))
    tensor([[[3.]]])
    """
    return _baddbmm(input, batch1, batch2, beta, alpha, out)


@public(inplace=True)
def addbmm(
    input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: Any = 1, alpha: Any = 1, out: Tensor | None = None
) -> Tensor:
    """beta * input + alpha * the sum over the batch of batch1 @ batch2: (b, n, m) and (b, m, p).

    >>> import leafgrad as torch
    >>> torch.addbmm(torch.ones(1), torch.ones(3, 1, 2), torch.ones(3, 2, 1))
    tensor([[7.]])
    """
    return _addbmm(input, batch1, batch2, beta, alpha, out)
