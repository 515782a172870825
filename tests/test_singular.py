"""Singular values beside torch and mathematics: shapes, layout, gradients of what is defined, and what is refused.

What op_db's samples show is checked in test_ops_oracle.py; here is what they lack.
"""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import leafgrad  # noqa: E402
from leafgrad.autograd import gradcheck, gradgradcheck  # noqa: E402

pytestmark = [pytest.mark.oracle, pytest.mark.filterwarnings("ignore")]

SHAPES = [(3, 3), (4, 2), (2, 4), (2, 3, 4), (2, 2, 4, 2), (1, 3), (3, 1)]
EMPTY = [(0, 3), (3, 0), (0, 0), (2, 0, 3), (0, 2, 3)]
ORDERS = ["fro", "nuc", 1, -1, 2, -2, float("inf"), -float("inf")]


def data(shape, dtype="float64", seed=0):
    rng = np.random.default_rng(seed)
    values = rng.standard_normal(shape)
    return (values + 1j * rng.standard_normal(shape) if "complex" in dtype else values).astype(dtype)


def outcome(call):
    """What a call gives: the numbers, or the exception's type and first sentence."""
    try:
        found = call()
    except Exception as error:
        return type(error).__name__, str(error).split(". ")[0].split("\n")[0].rstrip(".")
    return found.shape, found.stride(), found.detach().numpy().round(9).tolist()


@pytest.mark.parametrize("full", [True, False])
@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "complex128"])
@pytest.mark.parametrize("shape", [*SHAPES, *EMPTY])
def test_the_factors(shape, dtype, full):
    a = data(shape, dtype)
    theirs = torch.linalg.svd(torch.tensor(a), full_matrices=full)
    ours = leafgrad.linalg.svd(leafgrad.tensor(a), full_matrices=full)
    for there, here in zip(theirs, ours, strict=True):
        assert (there.shape, str(there.dtype)) == (here.shape, str(here.dtype))
        if a.size:
            assert there.stride() == here.stride()
    u, s, vh = (x.numpy() for x in ours)
    k = s.shape[-1]
    close = {"rtol": 1e-4, "atol": 1e-5} if s.dtype == np.float32 else {}
    np.testing.assert_allclose((u[..., :k] * s[..., None, :]) @ vh[..., :k, :], a, **close)
    np.testing.assert_allclose(leafgrad.linalg.svdvals(leafgrad.tensor(a)).numpy(), s, **close)
    for q in (u, vh.mT):
        np.testing.assert_allclose(q.mT.conj() @ q - np.eye(q.shape[-1]), 0, atol=1e-5)


def sure(a):
    """What does not depend on signs and phases."""
    u, s, vh = leafgrad.linalg.svd(a, full_matrices=False)
    return (u * s.sin().unsqueeze(-2)) @ vh, (u * u.conj()).real, (vh * vh.conj()).real, s


@pytest.mark.parametrize("dtype", ["float64", "complex128"])
@pytest.mark.parametrize("shape", SHAPES)
def test_the_derivatives(shape, dtype):
    a = leafgrad.tensor(data(shape, dtype), requires_grad=True)
    assert gradcheck(sure, (a,), check_forward_ad=True)
    assert gradgradcheck(sure, (a,))


@pytest.mark.parametrize("ord", ORDERS)
@pytest.mark.parametrize("dtype", ["float64", "complex128"])
def test_the_derivatives_of_norms(ord, dtype):
    a = leafgrad.tensor(data((2, 3, 4), dtype), requires_grad=True)
    norm = lambda x: leafgrad.linalg.matrix_norm(x, ord, dim=(2, 0), keepdim=True)
    assert gradcheck(norm, (a,), check_forward_ad=True)
    assert gradgradcheck(norm, (a,))


@pytest.mark.parametrize("keepdim", [True, False])
@pytest.mark.parametrize("ord", ORDERS)
@pytest.mark.parametrize("shape", EMPTY)
def test_norms_of_nothing(shape, ord, keepdim):
    call = lambda T: outcome(lambda: T.linalg.matrix_norm(T.ones(*shape), ord, keepdim=keepdim))
    theirs, ours = call(torch), call(leafgrad)
    assert (theirs[0], theirs[-1]) == (ours[0], ours[-1])


def test_a_phase_that_matters():
    for T in (torch, leafgrad):
        a = T.tensor(data((3, 2), "complex128").tolist(), requires_grad=True)
        u = T.linalg.svd(a, full_matrices=False).U
        with pytest.raises(RuntimeError, match=r"^svd_backward: The singular vectors in the complex case"):
            T.autograd.grad(u.sum().abs(), a, retain_graph=True)
        T.autograd.grad((u[:, 0].abs() ** 2)[0], a)  # on which the phase has no effect


def test_vectors_are_made_only_where_a_derivative_may_be_asked_for():
    a = leafgrad.tensor(data((3, 2)), requires_grad=True)
    assert leafgrad.linalg.svdvals(a).grad_fn._saved_S_sym_argsize_minus_1 == 2
    with leafgrad.no_grad():
        assert leafgrad.linalg.svdvals(a).grad_fn is None


REFUSED = """
svd(x[0]); svd(x.long()); svdvals(x.half()); svd(x.bool()); svd(x * nan); svdvals(T.stack([x, x * nan])); svd(x / 0)
svd(x, driver="gesvd"); svd(x, driver=3); svd(x, 1); svd(x, out=x); svd(x, out=(x, x)); svd(x, out=(x, 3, x))
svd(x, out=(x, x.float(), x)); svdvals(x, out=x.float()); svdvals(x, out=3); svdvals([1]); svdvals(g, out=x)
matrix_norm(x, "nuc", (0, 0)); matrix_norm(x, 2, (0, 5)); matrix_norm(x, 3); matrix_norm(x, "foo"); matrix_norm(x, 1j)
matrix_norm(x.half(), 2); matrix_norm(x.half(), "nuc", dtype=T.float32); matrix_norm(x[0], "nuc"); matrix_norm(x.int(), 1)
matrix_norm(x, 2, out=x.float()); matrix_norm(x, 2, dtype=T.int32); matrix_norm(x, 2, dtype=T.complex64); norm(x, 2, (0, 1, 0))
norm(x[None], "nuc"); norm(x, "nuc", 0); norm(x, out=x.float()); matrix_norm(x, 2, (0, 1), 3); matrix_norm(x, 2, 0); matrix_norm(x, None)
"""


@pytest.mark.parametrize("call", [c.strip() for line in REFUSED.strip().split("\n") for c in line.split(";")])
def test_what_is_refused(call):
    said = []
    for T in (torch, leafgrad):
        x = T.tensor([[1.0, 2.0, 0.0], [0.5, -1.0, 3.0]], dtype=T.float64)
        names = {"T": T, "x": x, "g": x.clone().requires_grad_(), "nan": float("nan")}
        names |= {n: getattr(T.linalg, n) for n in ("svd", "svdvals", "matrix_norm", "norm")}
        said.append(outcome(lambda names=names: eval(call, names)))
    assert type(said[0][0]) is str
    assert said[0] == said[1]
