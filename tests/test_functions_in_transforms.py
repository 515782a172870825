"""Custom Functions in transforms: the same on torch and on leafgrad: values, structures, errors, what the methods are given."""

# ruff: noqa: PLC3002

import re

import numpy as np
import pytest

import leafgrad
from leafgrad.utils import _pytree as pytree
from tests.both import first_sentence
from tests.kinds import kinds

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.oracle


def rows(T, *shape):
    return T.linspace(-1, 1, int(np.prod(shape)), dtype=T.float64).reshape(shape)


X = lambda T: rows(T, 4, 3)
V = lambda T: rows(T, 3)


def first(f):
    return lambda *a: f(*a)[0]


def summed(f):
    return lambda *a: f(*a).sum()


# One input, one output: every kind under every transform.
ONE = {
    "Cube": lambda K: first(K.Cube.apply),
    "GenCube": lambda K: first(K.GenCube.apply),
    "RuleCube": lambda K: first(K.RuleCube.apply),
    "GenCube's second": lambda K: lambda x: K.GenCube.apply(x)[1],
    "RuleCube's second": lambda K: lambda x: K.RuleCube.apply(x)[1],
    "Exp": lambda K: K.Exp.apply,
    "GenExp": lambda K: K.GenExp.apply,
    "RuleExp": lambda K: K.RuleExp.apply,
    "NumpySin": lambda K: K.NumpySin.apply,
    "Opaque": lambda K: K.Opaque.apply,
    "GenSum": lambda K: K.GenSum.apply,
    "RuleDirty": lambda K: lambda x: K.RuleDirty.apply(x.clone()),
    "OutLast": lambda K: K.OutLast.apply,
    "Same": lambda K: K.Same.apply,
    "Below": lambda K: K.Below.apply,
    "Nothing": lambda K: K.Nothing.apply,
    "Both": lambda K: K.Both.apply,
    "NoSetup": lambda K: K.NoSetup.apply,
    "NotTwo": lambda K: K.NotTwo.apply,
    "Three": lambda K: K.Three.apply,
    "Unlike": lambda K: K.Unlike.apply,
    "GenTwice": lambda K: K.GenTwice.apply,
    "GenMul, one captured": lambda K: lambda x: K.GenMul.apply(x, x.detach() + 1),
    "RuleMul with itself": lambda K: lambda x: K.RuleMul.apply(x, x, 3.0),
    "GenMul with itself": lambda K: lambda x: K.GenMul.apply(x, x),
    "GenAdd": lambda K: lambda x: K.GenAdd.apply(x, x.sum()),
    "composed": lambda K: lambda x: K.GenMul.apply(K.RuleExp.apply(x), first(K.GenCube.apply)(x.sin())).sin(),
}
SETTINGS = {
    "plain": lambda T, F, f: f(V(T)),
    "grad": lambda T, F, f: F.grad(summed(f))(V(T)),
    "grad of grad": lambda T, F, f: F.grad(summed(F.grad(summed(f))))(V(T)),
    "vjp": lambda T, F, f: (lambda y, v: (y, v(y.detach().clone() + 1)))(*F.vjp(f, V(T))),
    "jvp": lambda T, F, f: F.jvp(f, (V(T),), (V(T) + 2,)),
    "jvp of jvp": lambda T, F, f: F.jvp(lambda x: F.jvp(f, (x,), (V(T) * x,)), (V(T),), (V(T) + 2,)),
    "jvp of grad": lambda T, F, f: F.jvp(F.grad(summed(f)), (V(T),), (V(T) + 2,)),
    "grad of jvp": lambda T, F, f: F.grad(lambda x: F.jvp(f, (x,), (V(T) + 2,))[1].sum())(V(T)),
    "jacrev": lambda T, F, f: F.jacrev(f)(V(T)),
    "jacfwd": lambda T, F, f: F.jacfwd(f)(V(T)),
    "hessian": lambda T, F, f: F.hessian(summed(f))(V(T)),
    "jacrev of jacrev": lambda T, F, f: F.jacrev(F.jacrev(f))(V(T)),
    "vmap": lambda T, F, f: F.vmap(f)(X(T)),
    "vmap, in_dims and out_dims": lambda T, F, f: F.vmap(f, in_dims=1, out_dims=-1)(X(T)),
    "vmap of vmap": lambda T, F, f: F.vmap(F.vmap(f), in_dims=1)(rows(T, 2, 4, 3)),
    "grad of vmap": lambda T, F, f: F.grad(lambda x: (F.vmap(f)(x) * 3).sum())(X(T)),
    "backward of vmap": lambda T, F, f: (
        lambda x: T.autograd.grad((F.vmap(f)(x) ** 2).sum(), x)
    )(X(T).requires_grad_()),
    "backward of vmap of vmap": lambda T, F, f: (
        lambda x: T.autograd.grad((F.vmap(F.vmap(f))(x) ** 2).sum(), x)
    )(rows(T, 2, 4, 3).requires_grad_()),
    "vmap of grad": lambda T, F, f: F.vmap(F.grad(summed(f)))(X(T)),
    "vmap of grad of grad": lambda T, F, f: F.vmap(F.grad(summed(F.grad(summed(f)))))(X(T)),
    "vmap of vmap of grad": lambda T, F, f: F.vmap(F.vmap(F.grad(summed(f))))(rows(T, 2, 4, 3)),
    "vmap of grad of vmap": lambda T, F, f: F.vmap(F.grad(lambda x: F.vmap(f)(x).sum()))(rows(T, 2, 4, 3)),
    "grad of vmap of grad": lambda T, F, f: F.grad(lambda x: F.vmap(F.grad(summed(f)))(x).sum())(X(T)),
    "vmap of jvp": lambda T, F, f: F.vmap(lambda x: F.jvp(f, (x,), (x + 2,)))(X(T)),
    "jvp of vmap": lambda T, F, f: F.jvp(F.vmap(f), (X(T),), (X(T) + 2,)),
    "vmap of jacrev": lambda T, F, f: F.vmap(F.jacrev(f))(X(T)),
    "vmap of jacfwd": lambda T, F, f: F.vmap(F.jacfwd(f))(X(T)),
    "vmap of hessian": lambda T, F, f: F.vmap(F.hessian(summed(f)))(X(T)),
    "jacfwd of vmap": lambda T, F, f: F.jacfwd(F.vmap(f))(X(T)),
    "grads batched": lambda T, F, f: (
        lambda x: (lambda y: T.autograd.grad(y, x, T.ones(5, *y.shape, dtype=y.dtype), is_grads_batched=True))(f(x))
    )(V(T).requires_grad_()),
}  # fmt: skip


def run(T, call):
    T.manual_seed(0)
    try:
        result = call(T, T.func)
    except Exception as error:
        return type(error).__name__, first_sentence(error)
    flat, spec = (pytree if T is leafgrad else torch.utils._pytree).tree_flatten(result)
    values = [
        (tuple(x.shape), str(x.dtype), x.requires_grad, np.asarray(x.detach().numpy()))
        if hasattr(x, "shape")
        else x
        for x in flat
    ]
    return values, str(spec)


def compare(call, known=None):
    """The same from both; or, where torch cannot say what is right, as what torch gives for `known`."""
    want, got = run(torch, known or call), run(leafgrad, call)
    assert type(want[0]) is type(got[0]), (want, got)
    if isinstance(want[0], str):
        assert got == want
        return
    assert got[1] == want[1]
    for a, b in zip(want[0], got[0], strict=True):
        if isinstance(a, tuple) and len(a) == 4:
            assert b[:3] == a[:3]
            np.testing.assert_allclose(b[3], a[3], rtol=1e-9, atol=1e-12)
        else:
            assert a == b


# What torch cannot do: there the values must be those of the same thing written with ops, or there is another error.
NO_ORACLE = {
    # torch's forward mode is off while a Function's `jvp` runs, so the second derivative that it finds is 0
    ("*", "jvp of jvp"): "values",
    # torch's tensors have no memory inside grad and jvp
    ("Opaque", "grad of vmap"): "numpy",
    ("Opaque", "grad of vmap of grad"): "numpy",
    ("Opaque", "jvp of vmap"): "numpy",
    ("Opaque", "jacfwd of vmap"): "numpy",
    # reads memory that it has not
    ("Same", "vmap, in_dims and out_dims"): "unbatched",
    # its name for the node is another, "SameGeneratedBackward"
    ("Same", "vmap of grad"): "returned an invalid gradient at index 0 - got [2] but expected shape compatible with [3]",
    ("Same", "vmap of grad of grad"): "returned an invalid gradient at index 0",
    ("Same", "vmap of vmap of grad"): "returned an invalid gradient at index 0",
    ("Same", "grad of vmap of grad"): "returned an invalid gradient at index 0",
    ("Same", "vmap of jacrev"): "returned an invalid gradient at index 0",
    # an AssertionError
    ("GenTwice", "jvp of vmap"): "You must implement the jvp function",
    ("GenTwice", "jacfwd of vmap"): "You must implement the jvp function",
}  # fmt: skip
WITH_OPS = {
    "Cube": lambda x: x**3, "GenCube": lambda x: x**3, "RuleCube": lambda x: x**3,
    "GenCube's second": lambda x: 3 * x**2, "RuleCube's second": lambda x: 3 * x**2,
    "Exp": lambda x: x.exp(), "GenExp": lambda x: x.exp(), "RuleExp": lambda x: x.exp(),
    "NumpySin": lambda x: x.sin(), "GenSum": lambda x: x.sum(), "RuleDirty": lambda x: x * 2,
    "GenMul, one captured": lambda x: x * (x.detach() + 1) * 2, "RuleMul with itself": lambda x: x * x * 3,
    "GenMul with itself": lambda x: x * x * 2, "composed": lambda x: (x.exp() * x.sin() ** 3 * 2).sin(),
}  # fmt: skip


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("kind", ONE)
def test_one(kind, setting):
    def call(T, F):
        return SETTINGS[setting](T, F, ONE[kind](kinds(T)))

    other = NO_ORACLE.get((kind, setting)) or NO_ORACLE.get(("*", setting))
    if other == "values" and kind in WITH_OPS:
        compare(call, lambda T, F: SETTINGS[setting](T, F, WITH_OPS[kind]))
    elif other in (None, "values"):
        compare(call)
    elif other not in ("numpy", "unbatched"):
        with pytest.raises(Exception, match=re.escape(other)):
            call(leafgrad, leafgrad.func)


# --- two inputs, either of which may have no samples ---

W = lambda T: rows(T, 3) + 2
TWO = {
    "GenMul": lambda K: lambda x, w: K.GenMul.apply(x, w, 3.0),
    "RuleMul": lambda K: lambda x, w: K.RuleMul.apply(x, w, 3.0),
    "GenMul, the other way": lambda K: lambda x, w: K.GenMul.apply(w, x),
    "GenAdd": lambda K: lambda x, w: K.GenAdd.apply(x, w.sum()),
    "GenIndex": lambda K: lambda x, w: K.GenIndex.apply(x, w)[0] * w,
    "GenIndex's last": lambda K: lambda x, w: x * K.GenIndex.apply(x, w)[2].sin(),
    "GenIndex's second": lambda K: lambda x, w: x * K.GenIndex.apply(x, w)[1],
}
BATCHES = {
    "grad of vmap": lambda T, F, f: F.grad(
        lambda x, w: (F.vmap(f, in_dims=(0, None))(x, w) ** 2).sum(), argnums=(0, 1)
    )(X(T), W(T)),
    "backward of vmap": lambda T, F, f: (
        lambda x, w: T.autograd.grad((F.vmap(f, in_dims=(0, None))(x, w) ** 2).sum(), (x, w))
    )(X(T).requires_grad_(), W(T).requires_grad_()),
    "double backward of vmap": lambda T, F, f: (
        lambda x, w: T.autograd.grad(
            T.autograd.grad((F.vmap(f, in_dims=(0, None))(x, w) ** 2).sum(), w, create_graph=True)[0].sum(), (x, w)
        )
    )(X(T).requires_grad_(), W(T).requires_grad_()),
    "captured": lambda T, F, f: (
        lambda w: T.autograd.grad(F.vmap(lambda x: f(x, w).sin())(X(T)).sum(), w)
    )(W(T).requires_grad_()),
    "per-sample gradients": lambda T, F, f: F.vmap(F.grad(lambda w, x: f(x, w).sum()), in_dims=(None, 0))(W(T), X(T)),
    "per-sample gradients, captured": lambda T, F, f: (
        lambda w: F.vmap(lambda x: F.grad(lambda v: f(x, v).sum())(w))(X(T))
    )(W(T)),
    "and summed outside": lambda T, F, f: F.grad(
        lambda w: (F.vmap(lambda x: F.grad(lambda v: f(x, v).sin().sum())(w))(X(T)) ** 2).sum()
    )(W(T)),
    "per-sample Hessians": lambda T, F, f: F.vmap(F.hessian(lambda w, x: f(x, w).sin().sum()), in_dims=(None, 0))(
        W(T), X(T)
    ),
    "jvp of vmap": lambda T, F, f: F.jvp(
        lambda x, w: F.vmap(f, in_dims=(0, None))(x, w), (X(T), W(T)), (X(T) + 1, W(T) - 3)
    ),
    "jvp of vmap, one tangent": lambda T, F, f: F.jvp(
        lambda w: F.vmap(lambda x: f(x, w))(X(T)), (W(T),), (W(T) - 3,)
    ),
    "vmap of vmap": lambda T, F, f: F.vmap(F.vmap(f, in_dims=(None, 0)), in_dims=(0, None))(X(T), rows(T, 5, 3)),
    "grad of vmap of vmap": lambda T, F, f: F.grad(
        lambda x, w: (F.vmap(F.vmap(f, in_dims=(None, 0)), in_dims=(0, None))(x, w) ** 2).sum(), argnums=(0, 1)
    )(X(T), rows(T, 5, 3)),
    "jacrev of the second": lambda T, F, f: F.vmap(F.jacrev(f, argnums=1), in_dims=(0, None))(X(T), W(T)),
    "jacrev over vmap": lambda T, F, f: F.jacrev(lambda w: F.vmap(f, in_dims=(0, None))(X(T), w))(W(T)),
}  # fmt: skip


@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("kind", TWO)
def test_two(kind, batch):
    if kind.startswith("GenIndex") and batch.startswith("jvp"):  # it has none; torch raises an AssertionError
        with pytest.raises(NotImplementedError, match="must implement the jvp"):
            BATCHES[batch](leafgrad, leafgrad.func, TWO[kind](kinds(leafgrad)))
        return
    compare(lambda T, F: BATCHES[batch](T, F, TWO[kind](kinds(T))))


# --- the rest ---


def test_what_vmap_is_told():
    def call(T, F):
        K = kinds(T)
        F.vmap(lambda x, y: K.Told.apply(x, 5, y), in_dims=(0, None), randomness="same")(X(T), V(T))
        F.vmap(lambda x, y: K.Told.apply(x, "k", y), in_dims=0)(X(T), X(T)[:, 0])
        return [x for each in K.Told.seen for x in each]

    compare(call)


def test_random_ops_in_a_generated_rule():
    for randomness in ("error", "different", "same"):

        def call(T, F, randomness=randomness):
            return F.vmap(kinds(T).GenNoise.apply, randomness=randomness)(X(T))

        compare(call)


def test_the_rule_of_Function_itself():
    compare(lambda T, F: T.autograd.Function.vmap(None, None))


def test_what_is_saved_is_shown_with_all_samples_outside():
    x = X(leafgrad).requires_grad_()
    y = leafgrad.vmap(kinds(leafgrad).GenExp.apply)(x)
    (saved,) = y.grad_fn.saved_tensors
    np.testing.assert_array_equal(saved.detach().numpy(), y.detach().numpy())


def test_a_generated_rule_under_saved_tensor_hooks():
    def call(T, F):
        seen = []
        with T.autograd.graph.saved_tensors_hooks(
            lambda t: (seen.append(tuple(t.shape)), t * 2)[1], lambda t: t / 2
        ):
            x = X(T).requires_grad_()
            y = F.vmap(kinds(T).GenExp.apply)(x)
        return [T.autograd.grad(y.sum(), x), seen]

    compare(call)


def test_an_input_that_a_generated_rule_writes_to():
    """torch refuses it: there the methods do not see the tensor that was given."""

    class Double(leafgrad.autograd.Function):
        generate_vmap_rule = True

        @staticmethod
        def forward(x):
            return x.mul_(2)

        @staticmethod
        def setup_context(ctx, inputs, output):
            ctx.mark_dirty(inputs[0])

        @staticmethod
        def backward(ctx, g):
            return g * 2

    x = X(leafgrad).requires_grad_()
    y = leafgrad.vmap(lambda x: Double.apply(x * 1).sin())(x)
    np.testing.assert_allclose(y.detach().numpy(), np.sin(2 * x.detach().numpy()))
    (g,) = leafgrad.autograd.grad(y.sum(), x)
    np.testing.assert_allclose(g.numpy(), 2 * np.cos(2 * x.detach().numpy()))


def test_a_saved_batched_tensor_that_is_written_to():
    def call(T, F):
        def f(x):
            x = x * 1
            y = kinds(T).GenMul.apply(x, x)
            x.mul_(2)
            return y.sum()

        return F.vmap(F.grad(f))(X(T))

    want, got = run(torch, call), run(leafgrad, call)
    assert got[0] == want[0] == "RuntimeError"
    assert got[1].startswith(
        "one of the variables needed for gradient computation has been modified by an inplace"
    )


def test_outputs_on_ctx():
    """They are kept by their memory, and are tensors with their history when they are used."""

    def call(T, F):
        class Power(T.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                ctx.y, ctx.x = x.exp(), x
                return x * 2, ctx.y

            @staticmethod
            def backward(ctx, g, h):
                return 2 * g + h * ctx.y

        x = V(T).requires_grad_()
        y = Power.apply(x)[1]
        (g,) = T.autograd.grad(y.sum(), x, create_graph=True)
        return [
            y.grad_fn.y,
            y.grad_fn.y.grad_fn.name(),
            y.grad_fn.x is x,
            g,
            *T.autograd.grad((g * g).sum(), x),
        ]

    compare(call)
    with pytest.raises(AttributeError, match="'GenExpBackward' object has no attribute 'nothing'"):
        kinds(leafgrad).GenExp.apply(V(leafgrad).requires_grad_()).grad_fn.nothing


def test_names_that_a_node_has_for_itself():
    """`ctx.shape` and its like are the user's, in every method."""

    def call(T, F):
        class Named(T.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                ctx.shape, ctx.dtype, ctx.seq, ctx.edges, ctx.saved = tuple(x.shape), "d", 5, 3, 7
                ctx.save_for_backward(x)
                return x * 2

            @staticmethod
            def backward(ctx, g):
                (x,) = ctx.saved_tensors
                return g * 2 * ctx.seq * ctx.edges * ctx.saved * ctx.shape[0] * len(ctx.dtype) + 0 * x

        x = V(T).requires_grad_()
        y = Named.apply(x).sum()
        return [T.autograd.grad(y, x, retain_graph=True), T.autograd.grad(y, x)]

    compare(call)
