"""Singular values: linalg.svd and linalg.svdvals.

The decomposition is LAPACK's, by NumPy.  Its derivative: J. Townsend, "Differentiating the singular value decomposition", 2016;
for complex numbers: Z.-Q. Wan and S.-X. Zhang, "Automatic differentiation for complex valued SVD", 2019.
"""

from typing import Any

import numpy as np

from ..base import messages
from ..base.state import modes, state
from ..op.table import SPACES, public
from ..tensor.batch import bottom
from ..tensor.call import recording
from ..tensor.kinds import primitive
from ..tensor.misuse import wrong
from ..tensor.node import edge_of
from ..tensor.tensor import Tensor
from ..tensor.write import into
from ..values.return_types import linalg_svd
from .arithmetic import add, conj, div, is_complex, mul, sub, zero
from .dims import beside, check_out_dtype, flag, pair_of, type_of
from .matmul import adjoint
from .outs import written
from .views import diagonal, unsqueeze

ndarray = np.ndarray


class _LinAlgError(RuntimeError):
    """A matrix that a function of `torch.linalg` cannot do its work on."""


SPACES["linalg"]["LinAlgError"] = _LinAlgError


# --- the kernel ---


def _svd(
    A: ndarray, /, full_matrices: bool, compute_uv: bool
) -> tuple[ndarray | None, ndarray, ndarray | None]:
    """U, S and Vh, the matrices in column-major order, as LAPACK makes them; without compute_uv, S alone."""
    if np.isnan(A).any():
        raise _failure(A, lambda x: bool(np.isnan(x).any()), messages.SVD_NOT_FINITE)
    try:
        if not compute_uv:
            return None, np.linalg.svd(A, compute_uv=False), None
        u, s, vh = np.linalg.svd(A, full_matrices)
    except np.linalg.LinAlgError:
        raise _failure(A, _diverges, messages.SVD_FAILED) from None
    return u.mT.copy().mT, s, vh.mT.copy().mT


def _diverges(x: ndarray) -> bool:
    try:
        np.linalg.svd(x, compute_uv=False)
    except np.linalg.LinAlgError:
        return True
    return False


def _failure(A: ndarray, fails: Any, text: str) -> _LinAlgError:
    """The error about the first matrix of a batch for which `fails` is true."""
    batch = ""
    if A.ndim > 2:
        matrices = A.reshape(-1, *A.shape[-2:])
        index = next((i for i, x in enumerate(matrices) if fails(x)), 0)
        batch = messages.BATCH_ELEMENT.format(index=index)
    code = min(A.shape[-2:]) - 1  # NumPy does not tell LAPACK's; it is this one where nothing converges
    return _LinAlgError(text.format(batch=batch, code=code))


# --- its derivative ---

# Note [Derivative of the singular value decomposition]
# With dU = U W, dV = V Z (+ what leaves the spans), and P = U^H dA V, the parts of P off the diagonal give
#     W = (P S + S P^H) / E,   Z = (S P + P^H S) / E,   E[j, k] = S[k]^2 - S[j]^2;
# on it, the real part of P is dS, and the imaginary part is S (W - Z), of which only the difference is determined: the
# vectors are defined up to a phase.  A loss on which the phase has an effect has no gradient, and that is an error; for all
# others it does not matter how the difference is shared out, and each side gets half.  Transposed, that is the gradient.


def _by_matrix(grad: Any, full_matrices: bool, U: Any, S: Any, Vh: Any) -> Any:
    by_u, by_s, by_vh = grad
    if full_matrices:  # the vectors beyond the singular values are arbitrary
        k = S.shape[-1]
        U, Vh = U[..., :k], Vh[..., :k, :]
        by_u, by_vh = by_u if by_u is None else by_u[..., :k], by_vh if by_vh is None else by_vh[..., :k, :]
    if by_u is None and by_vh is None:
        return None if by_s is None else mul(U, unsqueeze(by_s, -2)) @ Vh
    inner, diagonals = _inside(by_u, by_vh, U, S, Vh)
    parts = [] if by_s is None else [by_s]
    if is_complex(U):
        _check_phase(*diagonals)
        turn = sub(*diagonals)
        parts.append(div(sub(turn, conj(turn)), mul(S, 4)))
    eye = beside(np.eye(S.shape[-1], dtype=_array(S).dtype), S)
    for part in parts:
        inner = add(inner, mul(eye, unsqueeze(part, -1)))
    found = U @ inner @ Vh
    if by_u is not None and U.shape[-2] > U.shape[-1]:
        found = add(found, div(sub(by_u, U @ (adjoint(U) @ by_u)), unsqueeze(S, -2)) @ Vh)
    if by_vh is not None and Vh.shape[-1] > Vh.shape[-2]:
        found = add(found, U @ div(sub(by_vh, by_vh @ adjoint(Vh) @ Vh), unsqueeze(S, -1)))
    return found


def _inside(by_u: Any, by_vh: Any, U: Any, S: Any, Vh: Any) -> tuple[Any, list]:
    """What comes through W and Z, off the diagonal, and the diagonals of U^H by_u and V^H by_v (0 for None)."""
    row, column = unsqueeze(S, -2), unsqueeze(S, -1)
    never = np.where(np.eye(S.shape[-1]), np.inf, 0).astype(_array(S).dtype)
    apart = add(mul(sub(row, column), add(row, column)), beside(never, S))
    inner, diagonals = None, []
    for x, left in (
        (None if by_u is None else adjoint(U) @ by_u, True),
        (None if by_vh is None else Vh @ adjoint(by_vh), False),
    ):
        if x is None:
            diagonals.append(zero(S))
            continue
        turned = div(sub(x, adjoint(x)), apart)
        turned = mul(turned, row) if left else mul(column, turned)
        inner = turned if inner is None else add(inner, turned)
        diagonals.append(diagonal(x, 0, -2, -1))
    return inner, diagonals


def _array(x: Any) -> ndarray:
    return bottom(x)[0]._data if isinstance(x, Tensor) else x


def _check_phase(x: Any, y: Any) -> None:
    """RuntimeError if a common phase of a pair of vectors would have an effect."""
    x, y = np.imag(_array(x)), np.imag(_array(y))
    if not np.allclose(x, -y, rtol=1e-2, atol=1e-2):
        raise RuntimeError(messages.SVD_PHASE)


svd_of = primitive(
    "_linalg_svd", _svd,
    vjp={"A": lambda grad, full_matrices, U, S, Vh: _by_matrix(grad, full_matrices, U, S, Vh)},
    outputs=("U", "S", "Vh"), node="LinalgSvdBackward0",
    shows={"S_sym_argsize_minus_1": lambda node: node.shape[1][-1]},
    batch=lambda A, full_matrices, compute_uv: svd_of(A, full_matrices, compute_uv),
)  # fmt: skip


# --- the public functions ---


def _matrices(op: str, A: Any) -> ndarray:
    """The array of A; TypeError unless it is a tensor, RuntimeError unless of matrices of floating point or complex numbers."""
    if not isinstance(A, Tensor):
        raise wrong(op, "A", 1, "Tensor", A)
    x = A._data
    if x.ndim < 2:
        raise RuntimeError(messages.LINALG_MATRIX.format(op="linalg.svd"))
    if x.dtype.kind in "biu":
        raise RuntimeError(messages.LINALG_DTYPE.format(op="linalg.svd", type=type_of(x.dtype)))
    if x.dtype.itemsize == 2:
        raise NotImplementedError(messages.NOT_FOR.format(kernel="linalg_svd_cpu", type=type_of(x.dtype)))
    return x


def _check_driver(op: str, driver: Any) -> None:
    """There is one algorithm."""
    if driver is None:
        return
    if not isinstance(driver, str):
        raise wrong(op, "driver", None, "str", driver)
    raise RuntimeError(messages.SVD_DRIVER)


@public(torch=False, method=False, spaces=("linalg",))
def svd(
    A: Tensor,
    full_matrices: bool = True,
    *,
    driver: str | None = None,
    out: tuple[Tensor, Tensor, Tensor] | None = None,
) -> tuple[Tensor, Tensor, Tensor]:
    """The singular value decomposition of matrices (m, n): A = U @ diag(S) @ Vh, with k = min(m, n) values in S, largest first.

    U is (m, m) and Vh (n, n), or with full_matrices=False (m, k) and (k, n).  Their vectors are defined up to a sign, or a phase;
    gradients are those of what does not depend on it, and of unequal values only.  RuntimeError for less than two dimensions,
    integers and half precision, LinAlgError for NaN and where the algorithm fails.

    >>> import leafgrad as torch
    >>> U, S, Vh = torch.linalg.svd(torch.tensor([[0.0, 2.0], [1.0, 0.0]]))
    >>> S
    tensor([2., 1.])
    >>> U @ S.diag() @ Vh
    tensor([[0., 2.],
            [1., 0.]])
    """
    x = _matrices("linalg_svd", A)
    flag("linalg_svd", full_matrices, "full_matrices", 2)
    _check_driver("linalg_svd", driver)
    if out is None:
        return linalg_svd(svd_of(A, full_matrices, True))
    if not isinstance(out, tuple | list):
        raise wrong("linalg_svd", "out", None, "tuple of Tensors", out)
    outs = pair_of(out, 3)
    for i, (o, dtype) in enumerate(zip(outs, (x.dtype, x.real.dtype, x.dtype), strict=True)):
        if not isinstance(o, Tensor):
            raise TypeError(messages.ELEMENT.format(i=i, position=3, type=type(o).__name__))
        check_out_dtype(o, dtype)
    return linalg_svd.out(into(outs, svd_of.op, (A,), (full_matrices, True)))  # type: ignore[attr-defined]


@public(torch=False, method=False, spaces=("linalg",))
def svdvals(A: Tensor, *, driver: str | None = None, out: Tensor | None = None) -> Tensor:
    """The singular values of matrices (m, n), min(m, n) each, largest first.  Errors are those of `svd`.

    >>> import leafgrad as torch
    >>> torch.linalg.svdvals(torch.tensor([[0.0, 2.0], [1.0, 0.0]]))
    tensor([2., 1.])
    """
    _matrices("linalg_svdvals", A)
    _check_driver("linalg_svdvals", driver)
    if out is None:
        return singular_values(A)
    return written("linalg_svdvals", out, (A,), singular_values, check_out_dtype, node="_linalg_svd")


def singular_values(A: Tensor) -> Tensor:
    """The same without checks.  The vectors are computed where a derivative may be asked for, which needs them."""
    watched = (recording() and edge_of(bottom(A)[0]) is not None) or (modes and bool(state.levels))
    return svd_of(A, False, bool(watched))[1]
