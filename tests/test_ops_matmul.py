"""Products beside torch: values, graphs, second derivatives, forward mode, `out=`, in place, and what is
refused.

What op_db's samples show is checked in test_ops_oracle.py; here is what they lack.
"""

import doctest

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import leafgrad  # noqa: E402

pytestmark = [pytest.mark.oracle, pytest.mark.filterwarnings("ignore")]


def tensor(module, shape, dtype="float64", seed=0, grad=False):
    rng = np.random.default_rng([seed, *shape])
    values = rng.integers(-4, 5, shape) if dtype[0] in "iu" else rng.standard_normal(shape)
    if dtype.startswith("complex"):
        values = values + 1j * rng.standard_normal(shape)
    return module.tensor(values.tolist(), dtype=getattr(module, dtype)).reshape(shape).requires_grad_(grad)


def chain(t):
    """The names of the nodes from here to the first leaf, by first edges."""
    names, node = [], t.grad_fn
    while node is not None:
        names.append(node.name())
        node = next((n for n, _ in node.next_functions if n is not None), None)
    return names


def same(theirs, ours, tolerance=1e-12):
    a, b = theirs.detach().resolve_conj().numpy(), ours.detach().numpy()
    assert (a.dtype, a.shape) == (b.dtype, b.shape)
    np.testing.assert_allclose(b, a, rtol=tolerance, atol=tolerance)


def both(function, *shapes, dtype="float64", grads=None, order=2):
    """Value, graph and derivatives of `function(module, *tensors)` agree."""
    grads = [True] * len(shapes) if grads is None else grads
    found = []
    for module in (torch, leafgrad):
        xs = [tensor(module, s, dtype, i, g) for i, (s, g) in enumerate(zip(shapes, grads, strict=True))]
        out = function(module, *xs)
        leaves = [x for x, g in zip(xs, grads, strict=True) if g]
        derivatives, loss = [], (out * out).abs().sum()
        for _ in range(order if leaves else 0):
            gs = module.autograd.grad(loss, leaves, create_graph=True)
            derivatives += gs
            loss = sum((g * g).abs().sum() for g in gs)
        found.append((out, derivatives))
    (theirs, their_gs), (ours, our_gs) = found
    same(theirs, ours)
    assert chain(theirs) == chain(ours)
    for a, b in zip(their_gs, our_gs, strict=True):
        same(a, b, 1e-9)


SHAPES = [
    ((2,), (2,)), ((3, 2), (2,)), ((2,), (2, 3)), ((3, 2), (2, 3)), ((4, 3, 2), (2, 3)), ((4, 3, 2), (2,)),
    ((4, 3, 2), (4, 2, 3)), ((2,), (4, 2, 3)), ((3, 2), (4, 2, 3)), ((4, 1, 3, 2), (5, 2, 3)), ((1, 3, 2),
    (4, 2, 3)),
    ((0, 2), (2, 3)), ((2, 0), (0, 3)),
]  # fmt: skip


@pytest.mark.parametrize("grads", [(True, True), (True, False), (False, True), (False, False)])
@pytest.mark.parametrize(("a", "b"), SHAPES)
def test_matmul(a, b, grads):
    both(lambda T, x, y: x @ y, a, b, grads=grads)


@pytest.mark.parametrize("dtype", ["int64", "int32", "uint8", "complex128"])
@pytest.mark.parametrize(("a", "b"), SHAPES)
def test_matmul_dtypes(a, b, dtype):
    both(lambda T, x, y: T.matmul(x, y), a, b, dtype=dtype, grads=(dtype[0] == "c",) * 2, order=1)


@pytest.mark.parametrize(("expression", "shapes"), [
    ("T.addmm(a, b, c, beta=0.5, alpha=-2)", [(3,), (2, 4), (4, 3)]),
    ("T.addmm(a, b, c, beta=0)", [(2, 1), (2, 4), (4, 3)]),
    ("T.addmv(a, b, c, alpha=3)", [(1,), (2, 4), (4,)]),
    ("T.addr(a, b, c, beta=2)", [(3,), (2,), (3,)]),
    ("T.baddbmm(a, b, c, beta=2, alpha=3)", [(1, 3), (2, 2, 4), (2, 4, 3)]),
    ("T.addbmm(a, b, c, alpha=0.5)", [(3,), (2, 2, 4), (2, 4, 3)]),
    ("T.nn.functional.linear(a, b, c)", [(2, 4), (3, 4), (3,)]),
    ("T.nn.functional.linear(a, b, c)", [(5, 2, 4), (3, 4), (3,)]),
    ("T.nn.functional.linear(a, b, c)", [(4,), (3, 4), (3,)]),
    ("T.nn.functional.linear(a.mT, b, c)", [(4, 4, 2), (3, 4), (3,)]),
    ("T.nn.functional.linear(a, b)", [(5, 2, 4), (3, 4)]),
    ("T.nn.functional.linear(a, b)", [(2, 4), (4,)]),
    ("T.outer(a, b)", [(3,), (2,)]),
    ("T.inner(a, b)", [(2, 3), (4, 3)]),
    ("T.inner(a, b)", [(3,), (3,)]),
    ("T.kron(a, b)", [(2, 3), (2,)]),
    ("T.tensordot(a, b, 2)", [(2, 3, 4), (3, 4, 2)]),
    ("T.tensordot(a, b, dims=[[0, 1], [2, 0]])", [(2, 3, 1), (3, 1, 2)]),
    ("T.trace(a)", [(3, 4)]),
    ("T.cross(a, b, dim=0)", [(3, 4), (3, 1)]),
    ("T.linalg.cross(a, b)", [(2, 3), (1, 3)]),
    ("T.einsum('ij,jk->ik', a, b)", [(2, 3), (3, 4)]),
    ("T.einsum('bij,bjk', a, b)", [(2, 2, 3), (2, 3, 4)]),
    ("T.einsum('...ij->...ji', a)", [(2, 2, 3)]),
    ("T.einsum('ii->i', a)", [(3, 3)]),
    ("T.einsum('i,j,k->ijk', a, b, c)", [(2,), (3,), (2,)]),
    ("T.einsum(a, [0, 1], b, [1, 2], [0, 2])", [(2, 3), (3, 4)]),
])  # fmt: skip
def test_products(expression, shapes):
    function = eval(f"lambda T, a, b=None, c=None: {expression}")
    both(function, *shapes)
    if "beta=0.5" not in expression and "alpha=0.5" not in expression:
        both(function, *shapes, dtype="complex128", order=1)


@pytest.mark.parametrize("expression", [
    "o(2,3) @ o(2,3)", "o(2) @ o(3)", "T.mm(o(2), o(2))", "T.mv(o(2,3), o(2))", "T.mv(o(2), o(2))",
    "T.dot(o(2), o(3))",
    "T.dot(o(2,2), o(2))", "T.bmm(o(2,2,3), o(3,2,3))", "T.bmm(o(2,3), o(3,2,3))", "o(2,2) @ o(2,2).double()",
    "T.mm(o(2,2).long(), o(2,2).int())", "T.dot(o(2), o(2).double())", "T.mv(o(2,2), o(2).double())",
    "T.bmm(o(2,2,2), o(2,2,2).double())", "o(2,2).bool() @ o(2,2).bool()", "o(2).bool() @ o(2).bool()",
    "T.matmul(o(()), o(2))", "o(2) @ 3", "T.matmul(o(2), 3)", "T.mm(o(2,2), 3)", "o(2,2).mm(3)",
    "T.mm(3, o(2,2))",
    "T.mm(o(2,2), o(2,2), out=o(2,2).double())", "T.dot(o(2), o(2), out=o(()).long())",
    "T.matmul(o(3,2,2), o(2,2), out=o(0).double())", "T.mm(o(2,2).requires_grad_(), o(2,2), out=o(2,2))",
    "T.addmm(o(3), o(2,2), o(2,2))", "T.addmm(o(1,2,2), o(2,2), o(2,2))", "T.addmm(o(2,2), o(2), o(2,2))",
    "T.addmm(o(2,2), o(2,3), o(2,2))", "T.addmm(o(2,2), o(2,2), o(2,2).double())",
    "o(3).addmm_(o(2,2), o(2,2))",
    "T.addmm(o(2,2), o(2,2), o(2,2), beta=1j)", "T.addmm(o(2,2).bool(), o(2,2).bool(), o(2,2).bool())",
    "T.addmv(o(3), o(2,2), o(2))", "T.addmv(o(2,2), o(2,2), o(2))", "T.addmv(o(2).double(), o(2,2), o(2))",
    "o(3).addmv_(o(2,2), o(2))", "T.addr(o(2), o(2,2), o(2))", "T.addr(o(3), o(2), o(2))",
    "o(2,1).addr_(o(2), o(2))",
    "o(3).addr_(o(2), o(2))", "T.addr(o(2,2).long(), o(2).long(), o(2).long(), beta=1.5)",
    "T.addr(o(2,2), o(2), o(2), out=o(2,2).long())", "T.baddbmm(o(3), o(2,2,2), o(2,2,2))",
    "T.baddbmm(o(2,2,2).double(), o(2,2,2), o(2,2,2))", "T.baddbmm(o(2), o(2,2,2), o(2,3,2))",
    "T.addbmm(o(2), o(2,2,2), o(3,2,2))", "T.addbmm(o(2), o(2,2,2), o(2,3,2))",
    "T.addbmm(o(2), o(2,2), o(2,3,2))",
    "T.outer(o(2,2), o(2))", "T.inner(o(2,3), o(2,2))", "T.tensordot(o(2,3), o(4,2), 1)",
    "T.tensordot(o(2), o(2), -1)",
    "T.tensordot(o(2,3), o(2,3), 1, out=o(2,3).double())", "T.einsum('ij,jk', o(2,3), o(2,3))",
    "T.einsum('ij,jk->iz', o(2,3), o(3,3))", "T.einsum('i', o(2,3))", "T.einsum('ij,jk', o(2,3))",
    "T.nn.functional.linear(o(2,2), o(3,2), o(4))", "T.nn.functional.linear(o(()), o(2))",
    "T.nn.functional.linear(o(2,2), 3)",
    "T.nn.functional.linear(o(2,2), o(2), o(1))", "T.tensordot(o(2,3), o(4,5).double(), 1)",
    "T.mv(o(2,2), o(2), out=o(2).double())", "T.matmul(o(3,2,2), o(2), out=o(3,2).double())",
    "T.kron(o(2).requires_grad_(), o(2), out=o(4))", "T.kron(o(2), o(2), out=o(4).long())",
    "T.trace(o(2))", "T.trace(o(2,2).bool())", "T.trace(3)", "T.cross(o(2,2), o(2,2), dim=1)", "T.cross(o(2), o(2))",
    "T.cross(o(2,3), o(3), dim=1)", "T.cross(o(2,3), o(2,3), dim=2)", "T.cross(o(2,3), o(4,3), dim=1)",
    "T.cross(o(3), o(3).double(), dim=0)", "T.cross(o(3).bool(), o(3).bool(), dim=0)", "T.cross(o(3), 3, dim=0)",
    "T.cross(o(3), o(3), 0.5)", "T.linalg.cross(o(()), o(()))", "T.linalg.cross(o(3), o(3), out=o(3).double())",
    "T.linalg.cross(o(3), o(3).requires_grad_(), out=o(3))", "T.matmul(o(2,2), o(2,2), o(2,2))",
])  # fmt: skip
def test_refusals(expression):
    said = []
    for module in (torch, leafgrad):
        with pytest.raises((RuntimeError, TypeError, IndexError)) as error:
            eval(expression, {"T": module, "o": module.ones})
        said.append((error.type, str(error.value).split(". ")[0].split("\n")[0].rstrip(".")))
    assert said[0] == said[1]


def test_factors_of_integers_are_cut_off():
    for T in (torch, leafgrad):
        x = T.ones(2, 2, dtype=T.int64)
        assert T.addmm(x, x, x, beta=1.9, alpha=-1.5).tolist() == [[-1, -1], [-1, -1]]


def test_what_is_multiplied_by_zero_does_not_count():
    for T in (torch, leafgrad):
        x, nan = T.ones(2, 2), T.full((2, 2), float("nan"))
        assert T.addmm(nan, x, x, beta=0).tolist() == [[2, 2], [2, 2]]
        assert T.addmm(x, nan, x, alpha=0).tolist() == [[1, 1], [1, 1]]


@pytest.mark.parametrize(
    ("name", "shapes"), [("addmm", [(2, 3), (2, 4), (4, 3)]), ("addbmm", [(2, 3), (5, 2, 4), (5, 4, 3)])]
)
def test_in_place(name, shapes):
    both(lambda T, a, b, c: getattr(a * 1, name + "_")(b, c, beta=2), *shapes)


def test_large_integer_products_are_exact():
    for low, high in ((-100, 100), (-(2**40), 2**40)):  # through doubles, and not
        rng = np.random.default_rng(0)
        x, y = rng.integers(low, high, (80, 90)), rng.integers(low, high, (90, 70))
        assert np.array_equal((leafgrad.tensor(x) @ leafgrad.tensor(y)).numpy(), x @ y)


@pytest.mark.parametrize("shape", [(32, 40, 50, 60), (4, 128, 64, 128), (40, 17, 33, 65), (5, 3, 2, 4)])
def test_batches(shape):
    b, n, m, p = shape
    x, y = tensor(leafgrad, (b, n, m)), tensor(leafgrad, (b, m, p))
    np.testing.assert_allclose(leafgrad.bmm(x, y).numpy(), x.numpy() @ y.numpy(), rtol=1e-12, atol=1e-12)


def test_forward_mode():
    results = []
    for T in (torch, leafgrad):
        a, b, c = (tensor(T, s, seed=i) for i, s in enumerate([(3,), (2, 4), (4, 3)]))
        with T.autograd.forward_ad.dual_level():
            make, part = T.autograd.forward_ad.make_dual, T.autograd.forward_ad.unpack_dual
            out = T.addmm(make(a, a + 1), make(b, b * 2), make(c, c - 1), beta=2, alpha=3)
            results.append(part(out).tangent)
    same(*results)


def examples():
    """Those that `--doctest-modules` does not find, because the functions are made by another module."""
    for name in ("mm", "bmm", "mv", "dot", "vdot", "matmul"):
        found = doctest.DocTestFinder(recurse=False).find(getattr(leafgrad, name), name, module=False)
        assert found
        yield from (pytest.param(t, id=name) for t in found)


@pytest.mark.parametrize("example", list(examples()))
def test_example(example):
    assert doctest.DocTestRunner().run(example).failed == 0
