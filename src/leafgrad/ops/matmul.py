"""Products of matrices and vectors.

The primitives are torch's own (`mm`, `bmm`, `mv`, `dot`, `vdot`); products.py makes `matmul`, `linear`,
`einsum` and the rest of them,
so that graphs show the same nodes.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from ..base import messages
from ..base.state import inner, modes, state
from ..op.record import Op, stacking
from ..op.table import expose
from ..tensor.call import apply
from ..tensor.elementwise import in_lane
from ..tensor.kinds import fused
from ..tensor.lanes import binary_lane, public_lane
from ..tensor.misuse import invalid, too_many, wrong
from ..tensor.tensor import Tensor
from ..tensor.write import into
from ..values.blocks import LARGE
from ..values.matmul import bmm as bmm_kernel
from ..values.matmul import dot, of_integers
from .arithmetic import conj, mul
from .dims import check_out_dtype, cpp_name, type_of
from .views import reshape, squeeze, transpose, unsqueeze

ndarray = np.ndarray


def adjoint(x: Any) -> Any:
    """The conjugate transpose of a matrix or a batch of them."""
    return conj(x.mT)


# --- kernels: BLAS where the dtype has it; ValueError for what the checks below must explain ---

BLAS = "fdFD"


def _widened(product: Callable, x: ndarray, y: ndarray) -> ndarray:
    """A product of a dtype that BLAS does not know.  Half precision is multiplied in single precision and
    rounded once."""
    kind = x.dtype.kind
    if kind == "b":
        if x.size and y.size:
            raise ValueError
        return product(x, y)
    if kind in "iu":
        return of_integers(product, x, y)
    return product(x.astype(np.float32), y.astype(np.float32)).astype(x.dtype)


def _matrices(x: ndarray, y: ndarray, out: Any = ...) -> ndarray:
    if x.ndim != 2 or y.ndim != 2:
        raise ValueError
    if x.dtype.char in BLAS:
        return x.dot(y) if x.size + y.size < LARGE else dot(x, y)
    return _widened(np.dot, x, y)


def _matrix_vector(x: ndarray, y: ndarray, out: Any = ...) -> ndarray:
    if x.ndim != 2 or y.ndim != 1:
        raise ValueError
    return x.dot(y) if x.dtype.char in BLAS else _widened(np.dot, x, y)


def _vectors(x: ndarray, y: ndarray, out: Any = ...) -> ndarray:
    if x.ndim != 1 or y.ndim != 1:
        raise ValueError
    return np.asarray(x.dot(y) if x.dtype.char in BLAS else _widened(np.dot, x, y))


def _vectors_conj(x: ndarray, y: ndarray, out: Any = ...) -> ndarray:
    return _vectors(x.conjugate(), y)


def _batches(x: ndarray, y: ndarray, out: Any = ...) -> ndarray:
    if x.ndim != 3 or y.ndim != 3 or x.shape[0] != y.shape[0]:
        raise ValueError
    return bmm_kernel(x, y) if x.dtype.char in BLAS else _widened(bmm_kernel, x, y)


# --- what torch says of operands that do not fit ---


def _times_text(x: ndarray, y: ndarray) -> str:
    return messages.MM_SHAPES.format(a="x".join(map(str, x.shape)), b="x".join(map(str, y.shape)))


def check_mm(x: ndarray, y: ndarray) -> None:
    """Raise unless x @ y is a product of two matrices of one dtype."""
    if x.ndim != 2:
        raise RuntimeError(messages.MM_MATRIX.format(name="self"))
    if y.ndim != 2:
        raise RuntimeError(messages.MM_MATRIX.format(name="mat2"))
    if x.shape[1] != y.shape[0]:
        raise RuntimeError(_times_text(x, y))
    if x.dtype != y.dtype:
        raise RuntimeError(messages.MM_DTYPES.format(a=cpp_name(x.dtype), b=cpp_name(y.dtype)))
    check_bool("addmm_impl_cpu_", x, y)


def check_bool(kernel: str, x: ndarray, y: ndarray) -> None:
    """Raise for booleans, unless there is nothing to multiply."""
    if x.dtype.kind == "b" and x.size and y.size:
        raise NotImplementedError(messages.NOT_FOR.format(kernel=kernel, type="Bool"))


def check_mv(x: ndarray, y: ndarray) -> None:
    if x.ndim != 2 or y.ndim != 1:
        raise RuntimeError(messages.MV_DIMS.format(a=1, b=x.ndim, c=y.ndim))
    if x.shape[1] != y.shape[0]:
        raise RuntimeError(messages.MV_SIZE.format(n=x.shape[0], a=x.shape[0], b=x.shape[1], m=y.shape[0]))
    if x.dtype != y.dtype:
        raise RuntimeError(
            messages.MV_DTYPES.format(a=type_of(y.dtype), b=type_of(x.dtype), c=type_of(y.dtype))
        )
    check_bool("addmv_impl_cpu", x, y)


def _check_dot(x: ndarray, y: ndarray) -> None:
    if x.ndim != 1 or y.ndim != 1:
        raise RuntimeError(messages.DOT_DIMS.format(a=x.ndim, b=y.ndim))
    if x.dtype != y.dtype:
        raise RuntimeError(messages.DOT_DTYPES.format(a=type_of(x.dtype), b=type_of(y.dtype)))
    if x.shape != y.shape:
        raise RuntimeError(messages.DOT_SIZE.format(a=x.shape[0], b=y.shape[0]))
    if x.dtype.kind == "b":
        raise NotImplementedError(messages.NOT_FOR.format(kernel="dot", type="Bool"))


def check_bmm(x: ndarray, y: ndarray) -> None:
    for name, a in (("batch1", x), ("batch2", y)):
        if a.ndim != 3:
            raise RuntimeError(messages.BMM_DIMS.format(name=name))
    if x.shape[0] != y.shape[0] or x.shape[2] != y.shape[1]:
        expected, got = [x.shape[0], x.shape[2]], list(y.shape[:2])
        raise RuntimeError(messages.BMM_SHAPE.format(expected=expected, got=got))
    if x.dtype != y.dtype:
        raise RuntimeError(messages.SCALAR_TYPES.format(want=type_of(x.dtype), got=type_of(y.dtype)))
    check_bool("bmm", x, y)


# --- the primitives ---

_FORMS = tuple(
    f"Tensor input, Tensor mat2, {more}*, Tensor out = None" for more in ("", "torch.dtype out_dtype, ")
)


def check_out_mv(out: Tensor, dtype: np.dtype) -> None:
    if out._data.dtype != dtype:
        own = type_of(dtype)
        raise RuntimeError(messages.MV_DTYPES.format(a=type_of(out._data.dtype), b=own, c=own))


def check_out_dot(out: Tensor, dtype: np.dtype) -> None:
    if out._data.dtype != dtype:
        raise RuntimeError(messages.DOT_OUT.format(got=type_of(out._data.dtype), want=type_of(dtype)))


def _product(
    name: str, kernel: Callable, check: Callable, names: tuple[str, str], first: Callable, second: Callable,
    check_out: Callable = check_out_dtype, **options: Any,
) -> Any:  # fmt: skip
    """A product of two tensors, with the fast lane of binary ops; `check` raises what the kernel refused.

    What is returned is for rules: on bare arrays it runs the kernel.  `op.public` takes tensors only.
    """
    op = Op(
        name,
        kernel,
        names,
        (),
        vjp={names[0]: first, names[1]: second},
        numbers=(),
        multilinear=True,
        **options,
    )

    def checked(op: Op, inputs: tuple) -> Any:
        check(inputs[0]._data, inputs[1]._data)
        return apply(op, inputs)

    def full(op: Op, inputs: tuple, params: tuple = (), out: Any = None) -> Any:
        if len(inputs) > 2:
            raise invalid(name, _FORMS) if name in ("mm", "bmm") else too_many(name, 2, len(inputs))
        for i, x in enumerate(inputs):
            if not isinstance(x, Tensor):
                raise wrong(name, names[1] if i else "input", i + 1, "Tensor", x)
        if out is None:
            if modes and not inner and not state.interceptors:
                return in_lane(op, checked, inputs)
            return checked(op, inputs)
        check(inputs[0]._data, inputs[1]._data)
        if not isinstance(out, Tensor):
            raise wrong(name, "out", None, "Tensor", out)
        check_out(out, inputs[0]._data.dtype)
        return into(out, op, inputs)

    op.lane = binary_lane
    op.public = lane = public_lane(op, full)

    def rule(x: Any, y: Any) -> Any:
        if type(x) is ndarray and type(y) is ndarray:
            return kernel(x, y)
        return lane(x, y)

    rule.op = op  # type: ignore[attr-defined]
    return rule


def _by_adjoint(x: ndarray, y: ndarray) -> ndarray:
    if y.dtype.char in "fd":
        return x.dot(y.T) if x.size + y.size < LARGE else dot(x, y.T)
    return _matrices(x, y.T.conjugate())


def _adjoint_by(y: ndarray, x: ndarray) -> ndarray:
    if x.dtype.char in "fd":
        return x.T.dot(y) if x.size + y.size < LARGE else dot(x.T, y)
    return _matrices(x.T.conjugate(), y)


def _stacked_by_adjoint(x: ndarray, y: ndarray) -> ndarray:
    b, n, m = x.shape
    return _by_adjoint(x.reshape(b * n, m), y).reshape(b, n, len(y))


def _adjoint_by_stacked(y: ndarray, x: ndarray) -> ndarray:
    return _batches(np.broadcast_to(x.T.conjugate(), (len(y), *x.shape[::-1])), y)


# Note [Samples of products]
# Where only one factor has samples, theirs are rows of one large product: stacked below each other on the left, side by
# side on the right.


def _mm_samples(self: Any, mat2: Any, batched: tuple) -> Any:
    if all(batched):
        return bmm_of(self, mat2)
    if batched[0]:
        b, n, m = self._data.shape
        return reshape(mm_of(reshape(self, (b * n, m)), mat2), (b, n, mat2._data.shape[1]))
    return transpose(_mm_samples(transpose(mat2, 1, 2), transpose(self, 0, 1), (True, False)), 1, 2)


def _bmm_samples(self: Any, mat2: Any) -> Any:
    b, k, n, m = self._data.shape
    p = mat2._data.shape[3]
    both = bmm_of(reshape(self, (b * k, n, m)), reshape(mat2, (b * k, m, p)))
    return reshape(both, (b, k, n, p))


def _mv_samples(self: Any, vec: Any, batched: tuple) -> Any:
    if all(batched):
        return squeeze(bmm_of(self, unsqueeze(vec, 2)), 2)
    if batched[1]:
        return mm_of(vec, transpose(self, 0, 1))
    b, n, m = self._data.shape
    return reshape(mv_of(reshape(self, (b * n, m)), vec), (b, n))


def _dot_samples(x: Any, y: Any, batched: tuple) -> Any:
    if all(batched):
        return reshape(bmm_of(unsqueeze(x, 1), unsqueeze(y, 2)), x._data.shape[:1])
    return mv_of(x, y) if batched[0] else mv_of(y, x)


mm_of = _product(
    "mm", _matrices, check_mm, ("self", "mat2"),
    stacking(fused(_by_adjoint, lambda grad, mat2: mm_of(grad, adjoint(mat2))), _stacked_by_adjoint),
    stacking(fused(_adjoint_by, lambda grad, self: mm_of(adjoint(self), grad)), _adjoint_by_stacked),
    batch=_mm_samples,
)  # fmt: skip
bmm_of = _product(
    "bmm", _batches, check_bmm, ("self", "mat2"),
    lambda grad, mat2: bmm_of(grad, adjoint(mat2)),
    lambda grad, self: bmm_of(adjoint(self), grad),
    batch=_bmm_samples,
)  # fmt: skip
mv_of = _product(
    "mv", _matrix_vector, check_mv, ("self", "vec"),
    lambda grad, vec: mul(unsqueeze(grad, 1), unsqueeze(conj(vec), 0)),
    lambda grad, self: mv_of(adjoint(self), grad),
    check_out_mv, batch=_mv_samples,
)  # fmt: skip
dot_of = _product(
    "dot", _vectors, _check_dot, ("self", "tensor"),
    lambda grad, tensor: mul(grad, conj(tensor)),
    lambda grad, self: mul(grad, conj(self)),
    check_out_dot, batch=lambda self, tensor, batched: _dot_samples(self, tensor, batched),
)  # fmt: skip
vdot_of = _product(
    "vdot", _vectors_conj, _check_dot, ("self", "other"),
    lambda grad, other: mul(conj(grad), other),
    lambda grad, self: mul(grad, self),
    check_out_dot, batch=lambda self, other, batched: _dot_samples(conj(self), other, batched),
)  # fmt: skip


# --- the public functions ---


def _public(row: Any, second: str, doc: str, signatures: tuple[str, ...] = ()) -> None:
    """Enter a row's lane as the public function, with torch's names for its arguments.

    (A function around it would take half as long again as the lane itself.)
    """
    lane = row.op.public
    code = lane.__code__
    lane.__code__ = code.replace(co_varnames=("input", second, *code.co_varnames[2:]))
    lane.__name__ = lane.__qualname__ = row.op.name
    lane.__doc__ = doc
    expose(lane, row.op.name, signatures=signatures)


_public(
    mm_of, "mat2",
    """The product of two matrices, (n, m) and (m, p), of one dtype.  RuntimeError for shapes that do not fit.

    >>> import leafgrad as torch
    >>> torch.mm(torch.ones(2, 3), torch.ones(3, 1))
    tensor([[3.],
            [3.]])
    """,
    _FORMS,
)  # fmt: skip
_public(
    bmm_of, "mat2",
    """The products of two batches of matrices, (b, n, m) and (b, m, p), of one dtype.

    >>> import leafgrad as torch
    >>> torch.bmm(torch.ones(2, 1, 3), torch.ones(2, 3, 1)).shape
    torch.Size([2, 1, 1])
    """,
    _FORMS,
)  # fmt: skip
_public(
    mv_of, "vec",
    """The product of a matrix (n, m) and a vector (m), of one dtype.

    >>> import leafgrad as torch
    >>> torch.mv(torch.ones(2, 3), torch.ones(3))
    tensor([3., 3.])
    """,
)  # fmt: skip
_public(
    dot_of, "tensor",
    """The sum of the products of the elements of two vectors of one length and dtype (nothing is conjugated).

    >>> import leafgrad as torch
    >>> torch.dot(torch.tensor([2., 3.]), torch.tensor([2., 1.]))
    tensor(7.)
    """,
)  # fmt: skip
_public(
    vdot_of, "other",
    """The dot product of two vectors, the first one conjugated.

    >>> import leafgrad as torch
    >>> torch.vdot(torch.tensor([1j, 2.]), torch.tensor([1j, 2.]))
    tensor(5.+0.j)
    """,
)  # fmt: skip
