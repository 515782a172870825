"""torch.func: the same calls on torch and on leafgrad give the same tensors, structures, histories and errors."""

import numpy as np
import pytest

import leafgrad
from leafgrad.utils import _pytree as pytree
from tests.both import first_sentence

torch = pytest.importorskip("torch")
pytestmark = [
    pytest.mark.oracle,
    pytest.mark.filterwarnings("ignore:Attempted to insert a get_attr"),  # torch's own, of linearize
]


def net(x, W):
    return (x @ W).tanh()


def loss(x, W):
    y = net(x, W)
    return (y * y.exp()).sum()


def doubles(T, *shape):
    return T.randn(*shape, dtype=T.float64)


def weights(T):
    return T.linspace(-1, 1, 6, dtype=T.float64).view(3, 2)


def row(T):
    return doubles(T, 3)


def total(T, w, X):
    return T.func.vmap(lambda x: loss(x, w))(X).sum()


def changed(x, write):
    """A copy of x after a write to it."""
    y = x.clone()
    write(y)
    return y


def let(value, f):
    return f(value)


def f_of(T):
    return lambda x: loss(x, weights(T))


VALUES = {
    "grad": lambda T, F: F.grad(lambda x: (x.sin() * x).sum())(row(T)),
    "grad of grad": lambda T, F: F.grad(lambda x: F.grad(lambda y: (y.sin() * y * x).sum())(x).sum())(row(T)),
    "grad, several arguments": lambda T, F: F.grad(lambda x, y: (x * y.sin()).sum(), argnums=(1, 0))(row(T), row(T)),
    "grad of a tree": lambda T, F: F.grad(lambda d: (d["a"] * d["b"][0]).sum())({"a": row(T), "b": [row(T)]}),
    "grad, aux": lambda T, F: F.grad(lambda x: (x.sum(), {"s": x.sin()}), has_aux=True)(row(T)),
    "grad and value": lambda T, F: F.grad_and_value(lambda x: (x.sum(), x.sin()), has_aux=True)(row(T)),
    "grad of what does not depend": lambda T, F: F.grad(lambda x: T.ones(2).sum())(row(T)),
    "grad inside no_grad": lambda T, F: T.no_grad()(lambda: F.grad(lambda x: x.sin().sum())(row(T)))(),
    "no_grad inside grad": lambda T, F: F.grad(lambda x: (x * T.no_grad()(lambda: x * 2)()).sum())(row(T)),
    "detach inside grad": lambda T, F: F.grad(lambda x: (x * x.detach()).sum())(row(T)),
    "captured": lambda T, F: let(row(T).requires_grad_(), lambda w: F.grad(lambda x: (w * x).sin().sum())(row(T))),
    "gradient of the captured": lambda T, F: let(
        row(T).requires_grad_(), lambda w: T.autograd.grad(F.grad(lambda x: (w * x).sin().sum())(row(T)).sum(), w)
    ),
    "confusion, reverse": lambda T, F: F.grad(lambda a: a * F.grad(lambda b: a + b)(T.tensor(1.0)))(T.tensor(1.0)),
    "confusion, forward": lambda T, F: F.jvp(
        lambda a: a * F.jvp(lambda b: a + b, (T.tensor(1.0),), (T.tensor(1.0),))[1],
        (T.tensor(1.0),), (T.tensor(1.0),),
    ),
    "vjp": lambda T, F: F.vjp(lambda x: (x.sin(), x.sum()), row(T))[1]((row(T), T.ones((), dtype=T.float64))),
    "vjp of a tree": lambda T, F: F.vjp(lambda d: {"y": d["a"].cos()}, {"a": row(T)})[1]({"y": row(T)}),
    "vjp, aux": lambda T, F: F.vjp(lambda x: (x.sin(), x * 2), row(T), has_aux=True)[::2],
    "vjp called twice": lambda T, F: let(F.vjp(T.sin, row(T))[1], lambda v: (v(T.ones(3).double()), v(T.zeros(3).double()))),
    "jvp": lambda T, F: F.jvp(lambda x, y: (x * y, x.sum()), (row(T), row(T)), (row(T), row(T))),
    "jvp, aux": lambda T, F: F.jvp(lambda x: (x.sin(), x * 2), (row(T),), (row(T),), has_aux=True),
    "jvp of what does not depend": lambda T, F: F.jvp(lambda x: T.ones(2), (row(T),), (row(T),)),
    "jvp of exp": lambda T, F: F.jvp(F.grad(lambda x: x.exp().sum()), (row(T),), (row(T),)),
    "hvp": lambda T, F: F.jvp(F.grad(f_of(T)), (row(T),), (row(T),)),
    "grad of jvp": lambda T, F: F.grad(lambda x: F.jvp(f_of(T), (x,), (x,))[1])(row(T)),
    "jacrev": lambda T, F: F.jacrev(lambda x: net(x, weights(T)))(row(T)),
    "jacrev, several": lambda T, F: F.jacrev(lambda x, y: (x * y, {"s": x.sum()}), argnums=(0, 1))(row(T), row(T)),
    "jacrev, chunks": lambda T, F: F.jacrev(T.sin, chunk_size=2)(row(T)),
    "jacrev, chunks in place": lambda T, F: F.jacrev(
        lambda x: (x.sin(), x.prod()), chunk_size=3, _preallocate_and_copy=True
    )(row(T)),
    "hessian, chunks in place": lambda T, F: F.jacfwd(
        F.jacrev(lambda x: x.sin() * x.sum(), chunk_size=2, _preallocate_and_copy=True)
    )(row(T)),
    "jacrev, aux": lambda T, F: F.jacrev(lambda x: (x.sin(), x), has_aux=True)(row(T)),
    "jacfwd": lambda T, F: F.jacfwd(lambda x: net(x, weights(T)))(row(T)),
    "jacfwd, several": lambda T, F: F.jacfwd(lambda x, y: (x * y, {"s": x.sum()}), argnums=(0, 1))(row(T), row(T)),
    "jacfwd, aux": lambda T, F: F.jacfwd(lambda x: (x.sin(), T.ones(2)), has_aux=True)(row(T)),
    "hessian": lambda T, F: F.hessian(f_of(T))(row(T)),
    "hessian, several": lambda T, F: F.hessian(lambda x, y: (x * y.sin()).sum(), argnums=(0, 1))(row(T), row(T)),
    "jacrev of jacrev": lambda T, F: F.jacrev(F.jacrev(f_of(T)))(row(T)),
    "jacfwd of jacfwd": lambda T, F: F.jacfwd(F.jacfwd(f_of(T)))(row(T)),
    "jacrev of jacfwd": lambda T, F: F.jacrev(F.jacfwd(f_of(T)))(row(T)),
    "linearize": lambda T, F: F.linearize(lambda x: net(x, weights(T)), row(T))[1](row(T)),
    "vmap": lambda T, F: F.vmap(T.sin)(doubles(T, 2, 3)),
    "vmap of nothing": lambda T, F: F.vmap(T.sin)(doubles(T, 0, 3)),
    "vmap, dims": lambda T, F: F.vmap(lambda x, y: (x * y, y), in_dims=(1, -1), out_dims=(-1, 1))(doubles(T, 2, 3), doubles(T, 2, 3)),
    "vmap of a tree": lambda T, F: F.vmap(lambda d: {"y": d["a"] * d["b"]}, in_dims=({"a": 0, "b": None},))(
        {"a": doubles(T, 3, 4), "b": doubles(T, 4)}
    ),
    "vmap, keyword arguments": lambda T, F: F.vmap(lambda x, k=None: x + k)(doubles(T, 2, 3), k=doubles(T, 2, 3)),
    "vmap of a captured value": lambda T, F: let(row(T), lambda c: F.vmap(lambda x: c)(doubles(T, 2, 3))),
    "vmap, out_dims None": lambda T, F: F.vmap(lambda x: T.ones(2), out_dims=None)(doubles(T, 2, 3)),
    "vmap, chunks": lambda T, F: F.vmap(lambda a: a.chunk(2), chunk_size=2)(doubles(T, 3, 4, 5)),
    "vmap: dtypes of numbers": lambda T, F: F.vmap(lambda a, b: a * b)(T.ones(3, 2), T.ones(3, dtype=T.float64)),
    "vmap of vmap": lambda T, F: F.vmap(F.vmap(lambda x, y: x * y, in_dims=(0, None)), in_dims=(None, 0))(row(T), row(T)),
    "pairs": lambda T, F: let(doubles(T, 4, 3), lambda X: F.vmap(lambda a: F.vmap(lambda b: (a * b.sin()).sum())(X))(X)),
    "gradients per sample": lambda T, F: F.vmap(F.grad(lambda w, x: loss(x, w)), in_dims=(None, 0))(doubles(T, 3, 2), doubles(T, 5, 3)),
    "gradients per sample, linear": lambda T, F: F.vmap(
        F.grad(lambda w, b, x: T.nn.functional.linear(x, w, b).tanh().sum(), argnums=(0, 1)), in_dims=(None, None, 0)
    )(doubles(T, 2, 3), doubles(T, 2), doubles(T, 5, 3)),
    "gradients per sample, captured": lambda T, F: let(
        doubles(T, 3, 2), lambda w: F.vmap(lambda x: F.grad(lambda v: loss(x, v))(w))(doubles(T, 5, 3))
    ),
    "vmap of hessian": lambda T, F: F.vmap(F.hessian(f_of(T)))(doubles(T, 4, 3)),
    "vmap of vmap of hessian": lambda T, F: F.vmap(F.vmap(F.hessian(f_of(T))), in_dims=1)(doubles(T, 2, 5, 3)),
    "grad of vmap": lambda T, F: F.grad(lambda w, X: total(T, w, X))(doubles(T, 3, 2), doubles(T, 5, 3)),
    "hessian of vmap": lambda T, F: F.hessian(lambda w: total(T, w, T.ones(4, 3, dtype=T.float64)))(doubles(T, 3, 2)),
    "grad of vmap of grad": lambda T, F: F.grad(
        lambda w, X: F.vmap(lambda z: F.grad(lambda q: loss(q, w))(z))(X).sum()
    )(doubles(T, 3, 2), doubles(T, 5, 3)),
    "vmap of a vjp function": lambda T, F: F.vmap(F.vjp(lambda x: net(x, weights(T)), row(T))[1])(doubles(T, 6, 2)),
    "vmap of jvp": lambda T, F: F.vmap(lambda x, t: F.jvp(T.sin, (x,), (t,)))(doubles(T, 4, 3), doubles(T, 4, 3)),
    "vmap of jvp, one point": lambda T, F: let(row(T), lambda x: F.vmap(lambda t: F.jvp(T.sin, (x,), (t,)))(doubles(T, 4, 3))),
    "vmap of jvp, one direction": lambda T, F: let(row(T), lambda t: F.vmap(lambda x: F.jvp(T.sin, (x,), (t,)))(doubles(T, 4, 3))),
    "vmap: what requires grad outside": lambda T, F: F.vmap(T.sin)(doubles(T, 2, 3).requires_grad_()),
    "in place": lambda T, F: F.vmap(lambda x: changed(x, lambda y: y.add_(x).mul_(2)))(doubles(T, 4, 3)),
    "in place, through a view": lambda T, F: F.grad(
        lambda X: F.vmap(lambda x: changed(x, lambda y: y[0].mul_(x[1])))(X).sin().sum()
    )(doubles(T, 4, 3)),
    "assignment": lambda T, F: F.vmap(lambda x: changed(x, lambda y: y.__setitem__(1, x[0] * 2)))(doubles(T, 4, 3)),
    "in place: dimensions": lambda T, F: F.vmap(lambda x: x.clone().unsqueeze_(0).transpose_(0, 1).squeeze_(1))(doubles(T, 4, 3)),
    "stack and cat": lambda T, F: F.vmap(
        lambda a, b: T.cat([T.stack([a, b.sin()]).sum(0), b], -1), in_dims=(0, None)
    )(doubles(T, 3, 2), doubles(T, 2)),
    "indexing": lambda T, F: F.vmap(lambda a: a[1:, 0] + a[0, 0] + a[..., None].sum())(doubles(T, 3, 4, 5)),
}  # fmt: skip


def x23(T):
    return T.ones(2, 3)


ERRORS = {
    "in_dim": lambda T, F: F.vmap(T.sin, in_dims=5)(x23(T)),
    "too many in_dims": lambda T, F: F.vmap(T.sin, in_dims=(0, 0))(x23(T)),
    "in_dims None": lambda T, F: F.vmap(T.sin, in_dims=None)(x23(T)),
    "in_dims of a kind": lambda T, F: F.vmap(T.sin, in_dims="a")(x23(T)),
    "in_dims of another structure": lambda T, F: F.vmap(lambda d: d["a"], in_dims=([0],))({"a": x23(T)}),
    "no inputs": lambda T, F: F.vmap(lambda: 1)(),
    "no tensor returned": lambda T, F: F.vmap(lambda x: 1)(x23(T)),
    "None returned": lambda T, F: F.vmap(lambda x: None)(x23(T)),
    "sizes": lambda T, F: F.vmap(lambda x, y: x + y)(x23(T), T.ones(3, 3)),
    "number mapped": lambda T, F: F.vmap(T.sin)(1.0),
    "no dimension": lambda T, F: F.vmap(T.sin)(T.tensor(1.0)),
    "out_dim": lambda T, F: F.vmap(T.sin, out_dims=5)(x23(T)),
    "too many out_dims": lambda T, F: F.vmap(T.sin, out_dims=(0, 0))(x23(T)),
    "out_dims of a kind": lambda T, F: F.vmap(T.sin, out_dims="a")(x23(T)),
    "out_dims None, batched": lambda T, F: F.vmap(T.sin, out_dims=None)(x23(T)),
    "randomness": lambda T, F: F.vmap(T.sin, randomness="x")(x23(T)),
    "chunk_size": lambda T, F: F.vmap(T.sin, chunk_size=0)(x23(T)),
    "no function": lambda T, F: F.vmap(3)(x23(T)),
    "out=": lambda T, F: F.vmap(lambda a: T.sin(a, out=T.empty(3)))(x23(T)),
    "grad of a matrix": lambda T, F: F.grad(T.sin)(x23(T)),
    "grad of a number": lambda T, F: F.grad(lambda x: 3)(x23(T)),
    "grad, argnums": lambda T, F: F.grad(T.sum, argnums=1)(x23(T)),
    "grad, argnums of a kind": lambda T, F: F.grad(T.sum, argnums="a")(x23(T)),
    "grad, argnums twice": lambda T, F: F.grad(T.sum, argnums=(0, 0))(x23(T)),
    "grad, no argnums": lambda T, F: F.grad(T.sum, argnums=())(x23(T)),
    "grad at a number": lambda T, F: F.grad(T.sum)(3.0),
    "grad of a tuple": lambda T, F: F.grad(lambda x: (x.sum(), x.sum()))(x23(T)),
    "grad, no aux": lambda T, F: F.grad(T.sum, has_aux=True)(x23(T)),
    "grad of integers": lambda T, F: F.grad(T.sum)(T.ones(2, dtype=T.long)),
    "vjp, shape": lambda T, F: F.vjp(T.sin, x23(T))[1](T.ones(3)),
    "vjp, structure": lambda T, F: F.vjp(T.sin, x23(T))[1]((x23(T), x23(T))),
    "vjp of a number": lambda T, F: F.vjp(lambda x: 3, x23(T)),
    "vjp at a number": lambda T, F: F.vjp(T.sin, 3.0),
    "jvp, no tuple": lambda T, F: F.jvp(T.sin, x23(T), x23(T)),
    "jvp, list": lambda T, F: F.jvp(T.sin, [x23(T)], [x23(T)]),
    "jvp, shape": lambda T, F: F.jvp(T.sin, (x23(T),), (T.ones(3),)),
    "jvp, structure": lambda T, F: F.jvp(T.sin, (x23(T),), (x23(T), x23(T))),
    "jvp of a number": lambda T, F: F.jvp(lambda x: 3, (x23(T),), (x23(T),)),
    "jvp at a number": lambda T, F: F.jvp(T.sin, (3.0,), (x23(T),)),
    "jvp at nothing": lambda T, F: F.jvp(T.sin, (), ()),
    "jvp, no aux": lambda T, F: F.jvp(T.sin, (x23(T),), (x23(T),), has_aux=True),
    "jacrev of a number": lambda T, F: F.jacrev(lambda x: 3)(x23(T)),
    "jacrev, chunk_size": lambda T, F: F.jacrev(T.sin, chunk_size=-1)(x23(T)),
    "jacfwd of a number": lambda T, F: F.jacfwd(lambda x: 3)(x23(T)),
    "jacfwd, randomness": lambda T, F: F.jacfwd(T.sin, randomness="a")(x23(T)),
    "linearize, shape": lambda T, F: F.linearize(T.sin, x23(T))[1](T.ones(3)),
    "grad of a complex number": lambda T, F: F.grad(lambda x: (x * x).sum())(T.ones(2, dtype=T.complex64)),
    "vjp of integers": lambda T, F: F.vjp(lambda x: x.long(), T.ones(2))[1](T.ones(2, dtype=T.long)),
    "vjp of nothing": lambda T, F: F.vjp(lambda x: None, T.ones(2)),
    "jvp at integers": lambda T, F: F.jvp(T.sin, (T.ones(2, dtype=T.long),), (T.ones(2, dtype=T.long),)),
    "jacrev of complex numbers": lambda T, F: F.jacrev(lambda x: x.to(T.complex64))(T.ones(2)),
    "jacrev at complex numbers": lambda T, F: F.jacrev(T.sin)(T.ones(2, dtype=T.complex64)),
    "jacfwd of complex numbers": lambda T, F: F.jacfwd(lambda x: x.to(T.complex64))(T.ones(2)),
    "jacfwd at complex numbers": lambda T, F: F.jacfwd(T.sin)(T.ones(2, dtype=T.complex64)),
    "nothing mapped": lambda T, F: F.vmap(lambda x, y: x, in_dims=(None, None))(x23(T), x23(T)),
    "write to an input": lambda T, F: F.grad(lambda x: x.mul_(2).sum())(T.ones(3)),
    "backward inside": lambda T, F: F.vmap(lambda a: a.sum().backward())(T.ones(2, 3, requires_grad=True)),
    "requires_grad_ inside": lambda T, F: F.grad(lambda a: (a * T.ones(2).requires_grad_()).sum())(T.ones(2)),
}  # fmt: skip


def ran(case, T):
    T.manual_seed(0)
    return case(T, T.func)


@pytest.mark.parametrize("name", VALUES)
def test_values(name):
    leaves, spec = pytree.tree_flatten(ran(VALUES[name], leafgrad))
    expected, expected_spec = torch.utils._pytree.tree_flatten(ran(VALUES[name], torch))
    assert str(spec) == str(expected_spec)
    for got, want in zip(leaves, expected, strict=True):
        assert tuple(got.shape) == tuple(want.shape)
        assert str(got.dtype) == str(want.dtype)
        assert got.requires_grad == want.requires_grad
        np.testing.assert_allclose(got.detach().numpy(), want.detach().numpy(), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name):
    with pytest.raises(Exception) as expected:
        ran(ERRORS[name], torch)
    with pytest.raises(expected.type) as got:
        ran(ERRORS[name], leafgrad)
    assert first_sentence(got.value) == first_sentence(expected.value)


@pytest.mark.parametrize(
    "function",
    [
        "x + 1j", "x - (1 + 1j)", "x + y", "x + 1", "torch.add(x, 1j, alpha=2)", "x + torch.tensor(1j)", "x.double() + 1j",
        "torch.addmm(x, W, W, beta=0)", "torch.addmm(x, W, W * x, beta=0)", "torch.baddbmm(x[None], W[None], W[None], beta=0)",
        "torch.addmv(x[0], W, x[1], beta=0)", "torch.addr(x, W[0], W[1], beta=0)", "torch.addbmm(x, W[None], W[None], beta=0)",
    ],
)  # fmt: skip
def test_tangents_have_the_dtype_of_values_and_are_not_hidden_by_zeros(function):
    found = []
    for T in (torch, leafgrad):
        x, t = T.ones(2, 2), T.tensor([[1.0, 2.0], [3.0, float("nan")]])
        scope = {"torch": T, "W": T.arange(4.0).view(2, 2), "y": T.tensor([1j, 2])}
        y, tangent = T.func.jvp(lambda x, s=scope: eval(function, {**s, "x": x}), (x,), (t,))
        found.append([(str(v.dtype), v.tolist()) for v in (y, tangent)])
    assert str(found[1]) == str(found[0])
