"""autograd.functional: every call says on leafgrad what it says on torch: values, structure, history, errors, warnings."""

import gc
import itertools
import re
import warnings

import numpy as np
import pytest

import leafgrad
from tests.both import each_module, first_sentence

real = pytest.importorskip("torch")
pytestmark = pytest.mark.oracle

NAMES = ("vjp", "jvp", "jacobian", "hessian", "vhp", "hvp")


def x3(t):
    return t.tensor([0.5, -1.0, 2.0], dtype=t.float64)


def y3(t):
    return t.tensor([1.5, 0.25, -0.75], dtype=t.float64)


def m23(t):
    return t.arange(6.0, dtype=t.float64).reshape(2, 3) / 4


def s0(t):
    return t.tensor(0.7, dtype=t.float64)


def one(t):
    return t.tensor([[0.3]], dtype=t.float64)


def times(c):
    return lambda x: x * c


# name: what gives, for a module, a function and its inputs
GENERAL = {
    "sin": lambda t: (t.sin, x3(t)),
    "scalar": lambda t: (lambda x: x.sin(), s0(t)),
    "one_element": lambda t: (lambda x: x.exp(), one(t)),
    "single_in_a_tuple": lambda t: (lambda x: x.exp(), (x3(t),)),
    "matrix_to_vector": lambda t: (lambda m: m.exp().sum(1), m23(t)),
    "vector_to_matrix": lambda t: (lambda x: x[:, None] * x, x3(t)),
    "two_inputs": lambda t: (lambda x, y: x * y.sin(), (x3(t), y3(t))),
    "two_outputs": lambda t: (lambda x: (x.exp(), (x * x).sum()), x3(t)),
    "tuple_of_one_output": lambda t: (lambda x: (x.exp(),), x3(t)),
    "two_and_two": lambda t: (lambda x, m: (m @ x, x.prod()), (x3(t), m23(t))),
    "unused_input": lambda t: (lambda x, y: x.exp(), (x3(t), y3(t))),
    "linear": lambda t: (lambda x: 3 * x, x3(t)),
    "linear_in_one": lambda t: (lambda x, y: x * 2 + y.exp(), (x3(t), y3(t))),
    "independent": lambda t: (lambda x: t.ones(2, dtype=t.float64), x3(t)),
    "independent_output": lambda t: (lambda x: (x.exp(), t.ones(2, dtype=t.float64)), x3(t)),
    "integer_output": lambda t: (lambda x: (x.exp(), t.tensor([1, 2])), x3(t)),
    "returns_its_input": lambda t: (lambda x: x, x3(t)),
    "returns_a_view": lambda t: (lambda x: x[1:], x3(t)),
    "in_place": lambda t: (lambda x: x.clone().mul_(x), x3(t)),
    "captured": lambda t: (times(x3(t).requires_grad_()), x3(t)),
    "requires_grad": lambda t: (lambda x: x**3, x3(t).requires_grad_()),
    "with_history": lambda t: (lambda x: x**3, x3(t).requires_grad_() * 2),
    "one_requires_grad": lambda t: (lambda x, y: x * y.exp(), (x3(t).requires_grad_(), y3(t))),
    "captured_input": lambda t: (times(c := x3(t).requires_grad_()), c),
    "float32": lambda t: (lambda x: x.tanh(), t.tensor([0.5, 1.0])),
    "cast": lambda t: (lambda x: x.double() * 2, t.tensor([0.5, 1.0])),
    "complex": lambda t: (lambda z: z * z.conj(), t.tensor([1 + 2j, 0.5j])),
    "complex_to_real": lambda t: (lambda z: z.abs(), t.tensor([1 + 2j, 0.5j])),
    "empty": lambda t: (lambda x: x * 2, t.ones(0)),
    "list_output": lambda t: (lambda x: [x, x], x3(t)),
    "number_output": lambda t: (lambda x: 1.0, x3(t)),
    "tuple_with_a_number": lambda t: (lambda x: (x, 1.0), x3(t)),
    "list_input": lambda t: (lambda x: x, [x3(t)]),
    "number_input": lambda t: (lambda x: x, 2.0),
    "tuple_with_a_string": lambda t: (lambda x, y: x, (x3(t), "y")),
    "integer_input": lambda t: (lambda x: x * 1.5, t.tensor([1, 2])),
    "boolean_output": lambda t: (lambda x: x > 0, x3(t)),
    "no_outputs": lambda t: (lambda x: (), x3(t)),
}
SCALARS = {
    "cubes": lambda t: (lambda x: (x**3).sum(), x3(t)),
    "scalar": lambda t: (lambda x: x**3, s0(t)),
    "one_element": lambda t: (lambda x: x**3, one(t)),
    "matrix": lambda t: (lambda m: (m.exp() * m).sum(), m23(t)),
    "two_inputs": lambda t: (lambda x, y: (x * y.exp()).sum(), (x3(t), y3(t))),
    "two_shapes": lambda t: (lambda x, m: ((m @ x) ** 2).sum(), (x3(t), m23(t))),
    "single_in_a_tuple": lambda t: (lambda x: x.prod(), (x3(t),)),
    "unused_input": lambda t: (lambda x, y: x.exp().sum(), (x3(t), y3(t))),
    "linear": lambda t: (lambda x: x.sum(), x3(t)),
    "linear_in_one": lambda t: (lambda x, y: (x * 2 + y.exp()).sum(), (x3(t), y3(t))),
    "bilinear": lambda t: (lambda x, y: (x * y).sum(), (x3(t), y3(t))),
    "quadratic": lambda t: (lambda x: (x * x).sum(), x3(t)),
    "independent": lambda t: (lambda x: t.tensor(1.0), x3(t)),
    "requires_grad": lambda t: (lambda x: (x**3).sum(), x3(t).requires_grad_()),
    "with_history": lambda t: (lambda x: (x**3).sum(), x3(t).requires_grad_() * 2),
    "captured": lambda t: (lambda x: (times(x3(t).requires_grad_())(x) * x).sum(), x3(t)),
    "tuple_of_one": lambda t: (lambda x: (x.sum(),), x3(t)),
    "two_outputs": lambda t: (lambda x: (x.sum(), x.prod()), x3(t)),
    "not_scalar": lambda t: (lambda x: x**2, x3(t)),
    "number": lambda t: (lambda x: 1.0, x3(t)),
    "list_input": lambda t: (lambda x: x, [x3(t)]),
    "float32": lambda t: (lambda x: x.tanh().sum(), t.tensor([0.5, 1.0])),
    "integer_input": lambda t: (lambda x: (x * 1.5).sum(), t.tensor([1, 2])),
    "complex_input": lambda t: (lambda z: (z * z.conj()).real.sum(), t.tensor([1 + 2j, 0.5j])),
}


def shown(x):
    """A result as plain Python: structure, dtype, shape, history, values."""
    if isinstance(x, tuple | list):
        return type(x).__name__, [shown(each) for each in x]
    values = x.detach().resolve_conj().numpy()
    return str(x.dtype), x.requires_grad, x.is_leaf, tuple(x.shape), values


def same(a, b):
    if isinstance(a, np.ndarray):
        np.testing.assert_allclose(a, b, rtol=2e-6 if a.dtype.itemsize == 4 or a.dtype == "c8" else 1e-12)
    elif isinstance(a, tuple | list):
        assert len(a) == len(b), (a, b)
        for one_, other in zip(a, b, strict=True):
            same(one_, other)
    else:
        assert a == b, (a, b)


# torch warns of its own forward mode; which ops have a batch rule is said elsewhere
IGNORED = re.compile("`torch.jit.script` is deprecated|not yet implemented the batching rule")


def told(module, call):
    """What a call gives, or its error; and what it warns of."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = shown(call(module))
        except Exception as error:
            result = (type(error).__name__, first_sentence(error))
    return result, [
        (w.category.__name__, str(w.message)) for w in caught if not IGNORED.search(str(w.message))
    ]


def agree(call):
    expected, got = told(real, call), told(leafgrad, call)
    same(expected, got)
    return expected


def like(t, x, scale):
    """A vector in the shape of a tensor or of a tuple of them."""
    if isinstance(x, tuple):
        return tuple(like(t, each, scale + i) for i, each in enumerate(x))
    n = max(x.numel(), 1)
    return ((t.arange(float(n), dtype=t.float64) + scale) / 3)[: x.numel()].reshape(x.shape).to(x.dtype)


FLAGS = [
    dict(zip(("create_graph", "strict"), f, strict=True)) for f in itertools.product([False, True], repeat=2)
]
by_flags = pytest.mark.parametrize("flags", FLAGS, ids=lambda f: "-".join(k for k in f if f[k]) or "plain")


# ------------------------------------------------------------------------------------------ values, structure and strictness
BAD_INPUT = {"list_input", "number_input", "tuple_with_a_string"}
BAD = BAD_INPUT | {"list_output", "number_output", "tuple_with_a_number", "no_outputs"}


@by_flags
@pytest.mark.parametrize("name", GENERAL)
def test_vjp(name, flags):
    def call(t):
        func, inputs = GENERAL[name](t)
        outputs = func(*inputs) if isinstance(inputs, tuple) else func(inputs)
        v = like(t, outputs, 1.0) if name not in BAD else None
        return t.autograd.functional.vjp(func, inputs, v, **flags)

    agree(call)


@by_flags
@pytest.mark.parametrize("name", GENERAL)
def test_jvp(name, flags):
    def call(t):
        func, inputs = GENERAL[name](t)
        v = like(t, inputs, 1.0) if name not in BAD_INPUT else None
        return t.autograd.functional.jvp(func, inputs, v, **flags)

    agree(call)


@by_flags
@pytest.mark.parametrize("name", GENERAL)
def test_jacobian(name, flags):
    agree(lambda t: t.autograd.functional.jacobian(*GENERAL[name](t), **flags))


@by_flags
@pytest.mark.parametrize("name", SCALARS)
def test_hessian(name, flags):
    agree(lambda t: t.autograd.functional.hessian(*SCALARS[name](t), **flags))


@by_flags
@pytest.mark.parametrize("name", SCALARS)
@pytest.mark.parametrize("which", ["vhp", "hvp"])
def test_products_with_the_hessian(name, which, flags):
    def call(t):
        func, inputs = SCALARS[name](t)
        v = like(t, inputs, 1.0) if name != "list_input" else None
        return getattr(t.autograd.functional, which)(func, inputs, v, **flags)

    agree(call)


# ------------------------------------------------------------------------------------------ all rows, or all columns, at once
# where torch's vmap fails: no elements at all, and (with an internal error) complex dual numbers
OURS_ONLY = {"empty", "complex"}
# Hessians that are constant: torch gives these a history as well, which leads to zeros
CONSTANT = {"bilinear", "quadratic"}


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize("name", sorted(GENERAL.keys() - {"empty"}))
def test_vectorized_jacobian(name, create_graph):
    def call(t):
        return t.autograd.functional.jacobian(*GENERAL[name](t), create_graph=create_graph, vectorize=True)

    agree(call)


@pytest.mark.parametrize("name", sorted(GENERAL.keys() - OURS_ONLY))
def test_forward_jacobian(name):
    agree(
        lambda t: t.autograd.functional.jacobian(*GENERAL[name](t), vectorize=True, strategy="forward-mode")
    )


@pytest.mark.parametrize("strategy", ["reverse-mode", "forward-mode"])
@pytest.mark.parametrize("name", sorted(OURS_ONLY))
def test_at_once_is_as_in_the_loop(name, strategy):
    jacobian = leafgrad.autograd.functional.jacobian
    if name == "empty":
        assert jacobian(*GENERAL[name](leafgrad), vectorize=True, strategy=strategy).shape == (0, 0)
        return
    z = leafgrad.tensor([1 + 2j, 0.5j])
    found = jacobian(lambda z: z * z, z, vectorize=True, strategy=strategy)
    # the gradients of torch are conjugate, tangents are not
    assert (found if strategy == "forward-mode" else found.conj()).tolist() == [[2 + 4j, 0], [0, 1j]]


@pytest.mark.parametrize("strategy", ["reverse-mode", "forward-mode"])
@pytest.mark.parametrize("name", SCALARS)
def test_vectorized_hessian(name, strategy):
    def call(t):
        func, inputs = SCALARS[name](t)
        found = t.autograd.functional.hessian(func, inputs, vectorize=True, outer_jacobian_strategy=strategy)
        if name in CONSTANT and strategy == "forward-mode":
            found = t.utils._pytree.tree_map(lambda x: x.detach(), found)
        return found

    if (name, strategy) != ("complex_input", "forward-mode"):
        agree(call)


# ------------------------------------------------------------------------------------------ arguments
CALLS = {
    "vjp without v": lambda t: t.autograd.functional.vjp(lambda x: x.sum(), x3(t)),
    "vjp without v, one element": lambda t: t.autograd.functional.vjp(lambda x: x.sum().reshape(1, 1), x3(t)),
    "vjp without v, several elements": lambda t: t.autograd.functional.vjp(t.sin, x3(t)),
    "vjp without v, several outputs": lambda t: t.autograd.functional.vjp(lambda x: (x.sum(), x.sum()), x3(t)),
    "jvp without v": lambda t: t.autograd.functional.jvp(lambda x: x * t.ones(2), s0(t)),
    "jvp without v, several elements": lambda t: t.autograd.functional.jvp(t.sin, x3(t)),
    "vhp without v": lambda t: t.autograd.functional.vhp(lambda x: x**3, s0(t)),
    "hvp without v": lambda t: t.autograd.functional.hvp(lambda x: x**3, s0(t)),
    "vhp without v, several elements": lambda t: t.autograd.functional.vhp(lambda x: x.sum(), x3(t)),
    "hvp without v, several inputs": lambda t: t.autograd.functional.hvp(lambda x, y: x * y, (s0(t), s0(t))),
    "v of another shape": lambda t: t.autograd.functional.vjp(t.sin, x3(t), t.ones(2)),
    "v of another shape in a tuple": lambda t: t.autograd.functional.jvp(t.mul, (x3(t), x3(t)), (x3(t), t.ones(2))),
    "v too long": lambda t: t.autograd.functional.jvp(t.sin, x3(t), (x3(t), x3(t))),
    "v too short": lambda t: t.autograd.functional.jvp(t.mul, (x3(t), x3(t)), x3(t)),
    "v a list": lambda t: t.autograd.functional.vhp(lambda x: x.sum(), x3(t), [1.0]),
    "v with a number": lambda t: t.autograd.functional.hvp(lambda x: x.sum(), x3(t), (1.0,)),
    "v of another dtype": lambda t: t.autograd.functional.vjp(t.sin, x3(t), t.ones(3)),
    "v with history": lambda t: t.autograd.functional.vjp(t.sin, x3(t), x3(t).requires_grad_() * 2, create_graph=True),
    "v with history, jvp": lambda t: t.autograd.functional.jvp(lambda x: 2 * x, x3(t), x3(t).requires_grad_(), create_graph=True),
    "v with history, strict": lambda t: t.autograd.functional.vjp(lambda x: 2 * x, x3(t), x3(t).requires_grad_(), True, True),
    "strategy": lambda t: t.autograd.functional.jacobian(t.sin, x3(t), strategy="sideways"),
    "outer strategy": lambda t: t.autograd.functional.hessian(t.sum, x3(t), outer_jacobian_strategy="sideways"),
    "outer strategy, bad input": lambda t: t.autograd.functional.hessian(t.sum, 1, outer_jacobian_strategy="sideways"),
    "forward, create_graph": lambda t: t.autograd.functional.jacobian(t.sin, x3(t), create_graph=True, strategy="forward-mode"),
    "forward, strict": lambda t: t.autograd.functional.jacobian(t.sin, x3(t), strict=True, strategy="forward-mode"),
    "forward, loop": lambda t: t.autograd.functional.jacobian(t.sin, x3(t), strategy="forward-mode"),
    "forward hessian, loop": lambda t: t.autograd.functional.hessian(t.sum, x3(t), outer_jacobian_strategy="forward-mode"),
    "strict, vectorize": lambda t: t.autograd.functional.jacobian(t.sin, x3(t), strict=True, vectorize=True),
    "strict hessian, vectorize": lambda t: t.autograd.functional.hessian(t.sum, x3(t), strict=True, vectorize=True),
    "unknown argument": lambda t: t.autograd.functional.jacobian(t.sin, x3(t), chunk_size=2),
    "an error inside": lambda t: t.autograd.functional.jacobian(lambda x: x @ t.ones(2, dtype=t.float64), x3(t)),
    "no input": lambda t: t.autograd.functional.vjp(lambda: t.ones(1), ()),
}  # fmt: skip


@pytest.mark.parametrize("name", CALLS)
def test_arguments(name):
    agree(CALLS[name])


# ------------------------------------------------------------------------------------------ differentiating the results
def _through(name, func, inputs, *rest, **options):
    """The gradient, with respect to the inputs, of the sum of all that a function of autograd.functional returns."""

    def call(t):
        f, xs = func(t), inputs(t)
        xs = tuple(x.requires_grad_() for x in xs)
        vectors = [v(t) for v in rest]
        found = getattr(t.autograd.functional, name)(f, xs, *vectors, create_graph=True, **options)
        flat, todo = [], [found]
        while todo:
            x = todo.pop()
            if isinstance(x, tuple):
                todo += x
            else:
                flat.append(x)
        total = sum((x * x).sum() for x in flat if x.requires_grad)
        return t.autograd.grad(total, xs)

    return call


def f(t):
    return lambda x, y: x.sin() * y.exp() * x.sum()


def g(t):
    return lambda x, y: (x**3 * y.exp()).sum()


def both(t):
    return x3(t), y3(t)


@pytest.mark.parametrize(
    "call",
    [
        _through("vjp", f, both, x3),
        _through("jvp", f, both, both),
        _through("jacobian", f, both),
        _through("jacobian", f, both, vectorize=True),
        _through("hessian", g, both),
        _through("hessian", g, both, vectorize=True),
        _through("vhp", g, both, both),
        _through("hvp", g, both, both),
    ],
)
def test_the_results_can_be_differentiated(call):
    kind, found = agree(call)[0]
    assert kind == "tuple" and all(np.abs(each[-1]).max() > 0 for each in found)


@each_module
def test_the_inputs_stay_as_they_were(torch):
    x = x3(torch).requires_grad_()
    for name in NAMES:
        v = (
            ()
            if name in ("jacobian", "hessian")
            else (x3(torch) if name != "vjp" else torch.ones(()).double(),)
        )
        getattr(torch.autograd.functional, name)(lambda x: (x**3).sum(), x, *v)
    assert x.grad is None and x.requires_grad and x.is_leaf and x.tolist() == [0.5, -1.0, 2.0]


@each_module
def test_without_recording(torch):
    with torch.no_grad():
        y, product = torch.autograd.functional.vjp(
            torch.sin, x3(torch).requires_grad_(), x3(torch), create_graph=True
        )
        assert y.requires_grad and product.requires_grad and not torch.is_grad_enabled()
        assert (
            torch.autograd.functional.jacobian(torch.sin, x3(torch)).diagonal().tolist()
            == x3(torch).cos().tolist()
        )


@each_module
def test_jacobians_of_jacobians(torch):
    jacobian = torch.autograd.functional.jacobian
    third = jacobian(
        lambda x: jacobian(lambda x: jacobian(lambda x: (x**4).sum(), x, True), x, True), x3(torch)
    )
    assert third.shape == (3, 3, 3) and third[2, 2, 2] == 48 and third[0, 1, 2] == 0


def test_every_name_is_there():
    assert set(real.autograd.functional.__all__) == set(leafgrad.autograd.functional.__all__) == set(NAMES)


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_what_was_recorded_dies_by_reference_count(name, create_graph):
    def call():
        x = x3(leafgrad).requires_grad_()
        v = () if name in ("jacobian", "hessian") else (None if name == "vjp" else x3(leafgrad),)
        getattr(leafgrad.autograd.functional, name)(
            lambda x: (x**3).exp().sum(), x, *v, create_graph=create_graph
        )

    call()
    gc.collect()
    gc.disable()
    try:
        call()
        assert not gc.collect()
    finally:
        gc.enable()
