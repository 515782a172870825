"""Transforms of transforms: vmap of vmap, and Jacobians by reverse and forward mode, alone and inside vmap, beside loops.

One test is one op: `-k gather`.  Jacobians by loops are rows of autograd.grad, which the other oracle tests compare with torch.
"""

from functools import partial

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("expecttest")

import leafgrad  # noqa: E402
from tests.both import first_sentence  # noqa: E402

from .oracle.batching import Mapped  # noqa: E402
from .oracle.compare import attempt  # noqa: E402
from .oracle.samples import OPS, differentiates, samples, supports  # noqa: E402

pytestmark = [pytest.mark.oracle, pytest.mark.filterwarnings("ignore")]

FACTORS = np.array([[1, 0.9], [0.8, 0.95]])  # of the samples in two levels
# op: why its results cannot be compared
EXCUSED = {
    "empty_like": "what lies in memory",
    "new_empty": "what lies in memory",
    "new_empty_strided": "what lies in memory",
    "__rpow__": "the logarithm of a negative number",
    "linalg.norm.subgradients_at_zero": "a derivative of what has none there",
}


def of_one(case, k):
    """The float outputs of a sample as a function of its k-th tensor, the others held."""
    call = case.function(leafgrad)
    held = case.slices(leafgrad, 0)

    def f(x):
        out = call(*held[:k], x, *held[k + 1 :])
        return [
            o for o in out if o.dtype.is_floating_point and o.dtype != leafgrad.bfloat16
        ]  # NumPy has no such

    return f


def jacobian(f, x):
    """By one gradient for each element of the results."""
    x = leafgrad.from_numpy(x.copy()).requires_grad_()
    found = []
    for o in f(x):
        rows = np.zeros((o.numel(), *x.shape))
        for i in range(o.numel() if o.requires_grad else 0):
            (g,) = leafgrad.autograd.grad(o.reshape(-1)[i], x, retain_graph=True, allow_unused=True)
            if g is not None:
                rows[i] = g.detach().numpy()
        found.append(rows.reshape(*o.shape, *x.shape))
    return found


def differences(what, got, want):
    found, error = attempt(got)
    if error:
        return [f"{what}: {type(error).__name__}: {first_sentence(error)}"]
    lines = []
    for i, (a, b) in enumerate(zip(found, want, strict=True)):
        a = a.detach().numpy()
        if a.shape != b.shape:
            lines.append(f"{what} {i}: shape {a.shape} instead of {b.shape}")
        elif not np.allclose(a, b, rtol=1e-6, atol=1e-8, equal_nan=True):
            lines.append(f"{what} {i}: values differ")
    return lines


def compared(case, k):
    """Everything about one tensor of one sample."""
    one = case.slices(leafgrad, 0)[k].numpy()
    if one.dtype.kind != "f" or one.size > 30:
        return []
    f, many = of_one(case, k), np.multiply.outer(FACTORS, one)
    results, error = attempt(lambda: [[f(leafgrad.from_numpy(x.copy())) for x in row] for row in many])
    if error or len({tuple(o.shape for o in r) for row in results for r in row}) > 1 or not results[0][0]:
        return []
    if attempt(leafgrad.vmap(f), leafgrad.from_numpy(many[0]))[1]:
        return []  # refused, which test_vmap_oracle.py is about
    want = [
        np.stack([np.stack([r[i].detach().numpy() for r in row]) for row in results])
        for i in range(len(results[0][0]))
    ]
    lines = differences(
        "vmap(vmap)", lambda: leafgrad.vmap(leafgrad.vmap(f))(leafgrad.from_numpy(many)), want
    )
    if not case.tensors[case.mapped[k]].requires_grad or one.size > 12:
        return lines
    want, error = attempt(lambda: [jacobian(f, x) for x in many[0]])
    if error or sum(w.size for w in want[0]) > 600:
        return lines
    x, both = leafgrad.from_numpy(one.copy()), [np.stack(each) for each in zip(*want, strict=True)]
    for transform in (leafgrad.func.jacrev, leafgrad.func.jacfwd):
        jac, name = transform(f), transform.__name__
        lines += differences(name, partial(jac, x), want[0])
        lines += differences(f"vmap({name})", partial(leafgrad.vmap(jac), leafgrad.from_numpy(many[0])), both)
    return lines + hessians(f, many[0])


def hessians(f, many):
    def grad(x):
        return [leafgrad.func.grad(lambda x: sum((o * o).sum() for o in f(x)))(x)]

    def pulled(x):
        loss = sum((o * o).sum() for o in f(x))
        return leafgrad.autograd.grad(loss, x, create_graph=True)

    want, error = attempt(lambda: [jacobian(pulled, x) for x in many])
    if error:
        return []
    whole, lines = leafgrad.from_numpy(many), []
    for transform in (leafgrad.func.jacrev, leafgrad.func.jacfwd):
        lines += differences(f"{transform.__name__}(grad)", partial(transform(grad), whole[0]), want[0])
    both = [np.stack([w[0] for w in want])]
    return lines + differences(
        "vmap(jacfwd(grad))", lambda: leafgrad.vmap(leafgrad.func.jacfwd(grad))(whole), both
    )


@pytest.mark.parametrize(
    "name", [name for name, op in OPS.items() if name not in EXCUSED and supports(op, "float64")]
)
def test_like_loops(name):
    op, lines = OPS[name], []
    for n, sample in enumerate(samples(op, "float64", grad=differentiates(op, "float64"), most=2)):
        case = Mapped(op, sample, "all")
        for k in range(min(len(case.mapped), 3)):
            lines += [f"sample {n}, tensor {k}: {line}" for line in compared(case, k)]
    assert not lines, f"{len(lines)} differences:\n" + "\n".join(lines[:6])
