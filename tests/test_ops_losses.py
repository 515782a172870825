"""Losses, layer normalisation and dropout beside torch: three orders of derivatives, forward mode, large
arrays, refusals."""

import doctest

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import leafgrad  # noqa: E402
from leafgrad import ops  # noqa: E402
from leafgrad.autograd import gradcheck, gradgradcheck  # noqa: E402

pytestmark = [pytest.mark.oracle, pytest.mark.filterwarnings("ignore")]

X = np.random.default_rng(0).standard_normal((4, 3))
Y = np.random.default_rng(1).standard_normal((4, 3))
P = 1 / (1 + np.exp(-Y))
LOSSES = """
F.mse_loss(x, y, reduction=r)
F.mse_loss(x, y, reduction=r, weight=p.detach())
F.l1_loss(x, y, reduction=r)
F.smooth_l1_loss(x, y, reduction=r, beta=0.7)
F.huber_loss(x, y, reduction=r, delta=0.7)
F.kl_div(x, p, reduction=r)
F.kl_div(x, y, reduction=r, log_target=True)
F.binary_cross_entropy(x.sigmoid(), p, reduction=r)
F.binary_cross_entropy(x.sigmoid(), p, weight=w, reduction=r)
F.binary_cross_entropy_with_logits(x, p, reduction=r)
F.binary_cross_entropy_with_logits(x, p, weight=w, pos_weight=2 * w, reduction=r)
F.nll_loss(x, t, reduction=r)
F.nll_loss(x, t, weight=w, ignore_index=1, reduction=r)
F.cross_entropy(x, t, reduction=r)
F.cross_entropy(x, t, weight=w, ignore_index=2, reduction=r)
F.cross_entropy(x, t, weight=w, label_smoothing=0.2, reduction=r)
F.cross_entropy(x, p, weight=w, label_smoothing=0.1, reduction=r)
F.cross_entropy(x.reshape(2, 3, 2), t.reshape(2, 2), reduction=r)
F.cross_entropy(x.reshape(1, 3, 2, 2), t.reshape(1, 2, 2), ignore_index=0, reduction=r)
F.cross_entropy(x[0], t[0], reduction=r)
""".strip().split("\n")


def scope(T, double=True, **more):
    dtype = T.float64 if double else T.float32
    leaf = lambda a: T.tensor(a.tolist(), dtype=dtype).requires_grad_()
    w = T.tensor([0.5, 2.0, 1.5], dtype=dtype)
    t = T.tensor([0, 2, 1, 2])
    return {"T": T, "F": T.nn.functional, "x": leaf(X), "y": leaf(Y), "p": leaf(P), "w": w, "t": t, **more}


def same(theirs, ours, tolerance=1e-10):
    a, b = theirs.detach().numpy(), ours.detach().numpy()
    assert (a.dtype, a.shape) == (b.dtype, b.shape)
    np.testing.assert_allclose(b, a, rtol=tolerance, atol=tolerance)


def orders(T, out, leaves, count):
    """The value and the derivatives of these orders, each by all leaves that are used."""
    found, loss = [out], (out * out).sum()
    for _ in range(count):
        gs = [g for g in T.autograd.grad(loss, leaves, create_graph=True, allow_unused=True) if g is not None]
        found += gs
        loss = sum((g * g * (g + 1)).sum() for g in gs)
    return found


@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
@pytest.mark.parametrize("expression", LOSSES)
def test_loss(expression, reduction):
    results = []
    for T in (torch, leafgrad):
        names = scope(T, r=reduction)
        out = eval(expression, names)
        leaves = [names["x"], *(names[n] for n in "yp" if f" {n}," in expression)]
        results.append((orders(T, out, leaves, 3), type(out.grad_fn).__name__))
    (theirs, their_name), (ours, our_name) = results
    assert their_name == our_name
    for a, b in zip(theirs, ours, strict=True):
        same(a, b, 1e-7)


@pytest.mark.parametrize("expression", LOSSES)
def test_forward_mode(expression):
    results = []
    for T in (torch, leafgrad):
        names = scope(T, r="mean")
        ad = T.autograd.forward_ad
        with ad.dual_level():
            names["x"] = ad.make_dual(names["x"].detach(), T.tensor(Y.tolist(), dtype=T.float64))
            out = eval(expression, names)
            results.append(ad.unpack_dual(out).tangent)
    same(*results)


@pytest.mark.parametrize("affine", [(False, False), (True, False), (True, True)])
@pytest.mark.parametrize(
    ("shape", "normalized"),
    [((4, 3), (3,)), ((2, 2, 3), (2, 3)), ((2, 3, 5), (5,)), ((0, 3), (3,)), ((3,), (3,))],
)
def test_layer_norm(shape, normalized, affine):
    rng = np.random.default_rng(0)
    values = [rng.standard_normal(shape), *(rng.standard_normal(normalized) if a else None for a in affine)]
    axes = tuple(range(-len(normalized), 0))
    results = []
    for composed in (True, False):  # torch itself is wrong at the third order
        T = torch if composed and not shape[0] else leafgrad
        x, w, b = (
            v if v is None else T.tensor(v.tolist(), dtype=T.float64).reshape(v.shape).requires_grad_()
            for v in values
        )
        if composed and shape[0]:
            y = x - x.mean(axes, True)
            out = y * ((y * y).mean(axes, True) + 0.1).rsqrt() * (1 if w is None else w) + (
                0 if b is None else b
            )
        else:
            out = T.nn.functional.layer_norm(x, normalized, w, b, 0.1)
        results.append(orders(T, out, [v for v in (x, w, b) if v is not None], 3 if shape[0] else 1))
    for a, b in zip(*results, strict=True):
        same(a, b, 1e-8)


def test_layer_norm_by_finite_differences():
    x, w, b = (leafgrad.randn(*s, dtype=leafgrad.float64, requires_grad=True) for s in ((3, 4), (4,), (4,)))
    f = lambda x, w, b: leafgrad.nn.functional.layer_norm(x, (4,), w, b)
    assert gradcheck(f, (x, w, b), check_forward_ad=True)
    assert gradgradcheck(f, (x, w, b))


LARGE = {
    "mse": "F.mse_loss(x, y)", "huber": "F.huber_loss(x, y, delta=0.5)",
    "smooth": "F.smooth_l1_loss(x, y, beta=0.5)",
    "bce": "F.binary_cross_entropy_with_logits(x, y)",
    "layer_norm": "(F.layer_norm(x, (500,), v, v) * y).mean()",
    "cross_entropy": "F.cross_entropy(x, t)",
}  # fmt: skip


@pytest.mark.parametrize("expression", LARGE.values(), ids=LARGE)
def test_large(expression):
    """Where the threads share the work."""
    rng = np.random.default_rng(0)
    x, y, v = (rng.standard_normal(s).astype(np.float32) for s in ((700, 500), (700, 500), (500,)))
    t = rng.integers(0, 500, 700)
    results = []
    for T in (torch, leafgrad):
        a, b, c = (T.from_numpy(z.copy()).requires_grad_() for z in (x, y, v))
        out = eval(expression, {"F": T.nn.functional, "x": a, "y": b, "v": c, "t": T.from_numpy(t)})
        out.backward()
        results.append([out, *(z.grad for z in (a, b, c) if z.grad is not None)])
    for a, b in zip(*results, strict=True):
        np.testing.assert_allclose(b.detach().numpy(), a.detach().numpy(), rtol=2e-4, atol=2e-8)


@pytest.mark.parametrize("expression", [
    "F.nll_loss(o(2, 3), o(2).long() * 3)", "F.nll_loss(o(2, 3), o(2))", "F.nll_loss(o(2, 3), o(3).long())",
    "F.nll_loss(o(2, 3).long(), o(2).long())", "F.nll_loss(o(2, 3), o(2).long(), weight=o(2))",
    "F.nll_loss(o(()), o(()).long())",
    "F.cross_entropy(o(2, 3), o(2).long(), label_smoothing=2)", "F.cross_entropy(o(2, 3), o(2, 3).long())",
    "F.cross_entropy(o(2, 3), o(2).long(), reduction='all')", "F.mse_loss(o(2).long(), o(2).long())",
    "F.huber_loss(o(2), o(2), delta=0.)", "F.smooth_l1_loss(o(2), o(2), beta=-1.)", "F.mse_loss(o(2), o(3))",
    "F.layer_norm(o(2, 3), (2,))", "F.layer_norm(o(2, 3), (3,), o(2))", "F.layer_norm(o(2, 3).long(), (3,))",
    "F.dropout(o(2), 1.5)", "F.binary_cross_entropy(o(2), o(3))", "F.binary_cross_entropy(o(2) * 2, o(2))",
    "F.binary_cross_entropy(o(2), o(2).double())", "F.binary_cross_entropy(o(2).long(), o(2).long())",
    "F.binary_cross_entropy(o(2), o(2), o(3))", "F.binary_cross_entropy(o(2), o(2), o(2, 2))",
    "F.binary_cross_entropy(o(2), o(2), o(2).requires_grad_())",
    "F.binary_cross_entropy_with_logits(o(2), o(3))",
    "F.binary_cross_entropy_with_logits(o(2), o(2).long())",
    "F.binary_cross_entropy_with_logits(o(2).long(), o(2).long())",
    "F.binary_cross_entropy_with_logits(o(2), o(2), pos_weight=o(2).requires_grad_())",
    "F.binary_cross_entropy_with_logits(o(2), o(2), o(3))",
])  # fmt: skip
def test_refusals(expression):
    said = []
    for module in (torch, leafgrad):
        with pytest.raises((RuntimeError, TypeError, IndexError, ValueError)) as error:
            eval(expression, {"F": module.nn.functional, "o": module.ones})
        said.append((error.type, str(error.value).split(". ")[0].rstrip(".")))
    assert said[0] == said[1]


@pytest.mark.parametrize(("name", "shape"), [
    ("dropout", (100, 100)), ("alpha_dropout", (100, 100)), ("feature_alpha_dropout", (50, 40, 3)),
    ("dropout1d", (50, 40, 3)), ("dropout2d", (50, 40, 3, 2)), ("dropout3d", (50, 40, 1, 3, 2)),
    ("dropout1d", (40, 3)),
])  # fmt: skip
def test_dropout(name, shape):
    """The same seed drops the same elements as in torch."""
    results = []
    for T in (torch, leafgrad):
        T.manual_seed(3)
        x = T.ones(shape, requires_grad=True)
        out = getattr(T.nn.functional, name)(x, 0.3, training=True)
        out.sum().backward()
        results.append((out, x.grad, type(out.grad_fn).__name__))
    same(results[0][0], results[1][0], 1e-6)
    same(results[0][1], results[1][1], 1e-6)
    assert results[0][2] == results[1][2]


@pytest.mark.parametrize("shape", [(6, 5), (6, 5, 2), (0, 2), (4,)])
@pytest.mark.parametrize(
    "args", [(0.3, True), (1, True), (0.0, True), (0.3, False), (1.5, True), ("a", True), (0.3, 1)]
)
@pytest.mark.parametrize("name", ["dropout", "feature_dropout", "alpha_dropout", "feature_alpha_dropout"])
def test_dropout_of_torch_itself(name, args, shape):
    """`torch.dropout(input, p, train)` and its kin, in place too: results, graphs, refusals."""
    for end in ("", "_"):
        said = []
        for T in (torch, leafgrad):
            T.manual_seed(3)
            x = T.ones(shape, dtype=T.float64, requires_grad=True) * 1
            try:
                out = getattr(T, name + end)(x, *args)
            except Exception as error:
                said.append((type(error), str(error).split("\n")[0]))
            else:
                said.append((out.detach().numpy().round(12).tolist(), type(out.grad_fn).__name__, out is x))
        assert said[0] == said[1]


@pytest.mark.parametrize("dtype", ["int64", "bool", "complex64"])
@pytest.mark.parametrize("name", ["dropout", "alpha_dropout", "feature_alpha_dropout"])
def test_dropout_of_what_has_no_fractions(name, dtype):
    said = []
    for T in (torch, leafgrad):
        with pytest.raises(RuntimeError) as error:
            getattr(T.nn.functional, name)(T.ones(2, 2).to(getattr(T, dtype)), 0.5, True)
        said.append((error.type, str(error.value)))
    assert said[0] == said[1]


def test_the_graph_of_a_weighted_square():
    for T in (torch, leafgrad):
        x, y = scope(T)["x"], scope(T)["y"].detach()
        loss = T.nn.functional.mse_loss(x, y, reduction="none", weight=y)
        assert type(loss.grad_fn.next_functions[0][0]).__name__ == "PowBackward0"


@pytest.mark.parametrize("weight", [None, [0.0, 2.0, 1.0]])
@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
@pytest.mark.parametrize("target", [-100, [-100], [-100, 1], [1, 2], [0, 0]])
def test_ignored_targets_count_for_nothing_whatever_stands_there(target, reduction, weight):
    found = []
    for T in (torch, leafgrad):
        t, w = T.tensor(target), None if weight is None else T.tensor(weight)
        for name in ("nll_loss", "cross_entropy"):
            x = T.full((*t.shape, 3), 0.5)
            x[..., 0] = -np.inf
            x.requires_grad_()
            y = getattr(T.nn.functional, name)(x, t, weight=w, reduction=reduction)
            y.sum().backward()
            found.append((y.detach().numpy(), x.grad.numpy()))
    for expected, got in zip(found[:2], found[2:], strict=True):
        for a, b in zip(expected, got, strict=True):
            np.testing.assert_allclose(b, a, rtol=1e-6)


def examples():
    finder = doctest.DocTestFinder(recurse=False)
    for module in (ops.nll, ops.losses, ops.binary_losses, ops.normalization, ops.dropout):
        for name, f in vars(module).items():
            if callable(f) and not isinstance(f, type) and ">>> " in (getattr(f, "__doc__", None) or ""):
                yield from (pytest.param(t, id=name) for t in finder.find(f, name, module=False))


@pytest.mark.parametrize("example", list(examples()))
def test_example(example):
    assert doctest.DocTestRunner().run(example).failed == 0
