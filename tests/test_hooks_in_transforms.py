"""What a transform's function may ask of the autograd side of its tensors: hooks, grad_fn, retain_grad, `.data`: as torch answers."""

import pytest

import leafgrad
from tests.both import first_sentence

oracle = pytest.importorskip("torch")
pytestmark = pytest.mark.oracle


def samples(T):
    return T.tensor([[1.0, 2.0], [0.5, -1.0]])


def hook_on_a_result(T, x):
    y = x.sin()
    y.register_hook(lambda g: g * y.detach() * len(g.shape))
    return (y * x.exp()).sum()


def hook_on_an_input(T, x):
    x.register_hook(lambda g: g * g)
    return (x * x).sum()


def hooks_on_several(T, x):
    y, z, shapes = x.sin(), x.exp(), []
    T.autograd.graph.register_multi_grad_hook((y, z), lambda grads: shapes.extend(g.shape for g in grads))
    T.autograd.graph.register_multi_grad_hook((y, z), lambda grad: shapes.append(grad.shape), mode="any")
    y.register_hook(lambda g: g if all(s == y.shape for s in shapes) else None * g)
    return (y * z).sum()


def edges(T, x):
    y = x.sin()
    edge = T.autograd.graph.get_gradient_edge(y)
    assert edge.node.name() == "SinBackward0" and edge.output_nr == 0
    return y.sum()


def hook_after_accumulation(T, x):
    x.register_post_accumulate_grad_hook(lambda leaf: 1 / 0)
    return x.sin().sum()


def hook_after_accumulation_on_a_result(T, x):
    x.sin().register_post_accumulate_grad_hook(lambda leaf: 1 / 0)
    return x.sin().sum()


def hook_that_captures(T, x):
    y = x.sin()
    y.register_hook(lambda g: g * x)
    y[1:].register_hook(lambda g: g * 100)
    return (y * y).sum()


def hook_of_another_shape(T, x):
    y = x.sin()
    y.register_hook(lambda g: g[:1])
    return (y * y).sum()


def hook_on_a_node(T, x):
    y = x.sin()
    y.grad_fn.register_hook(lambda inputs, outputs: (inputs[0] * 3,))
    y.grad_fn.register_prehook(lambda outputs: (outputs[0] * 5,))
    return (y * x.exp()).sum()


def what_is_shown(T, x):
    y = x.sin()
    assert (y.requires_grad, y.is_leaf, y.grad_fn is None, y.output_nr) == (True, False, False, 0)
    assert (x.requires_grad, x.is_leaf, x.grad_fn, x.output_nr) == (True, True, None, 0)
    assert x.grad is None
    return y.sum()


def retain(T, x):
    y = x.sin()
    y.retain_grad()
    return y.sum()


def retain_on_a_constant(T, x):
    T.ones(2).retain_grad()
    return x.sum()


def set_data(T, x):
    x.data = T.ones(2)
    return x.sum()


def set_data_of_another(T, x):
    z = T.zeros(2)
    z.data = T.ones(2)
    return x.sum() + z.sum()


def make_a_leaf(T, x):
    return x.sum() * (T.ones(2, requires_grad=True) * T.tensor([2.0, 1.0], requires_grad=True)).sum().detach()


def make_a_parameter(T, x):
    return x.sum() * T.nn.Parameter(T.ones(2)).sum().detach()


FUNCTIONS = [
    hook_on_a_result, hook_on_an_input, hook_on_a_node, hooks_on_several, edges, hook_after_accumulation,
    hook_after_accumulation_on_a_result, hook_that_captures, hook_of_another_shape,
    what_is_shown, retain, retain_on_a_constant, set_data, set_data_of_another,
    make_a_leaf, make_a_parameter,
]  # fmt: skip
TRANSFORMS = {
    "grad": lambda T, f: T.func.grad(f)(samples(T)[0]),
    "vmap": lambda T, f: T.func.vmap(f)(samples(T)),
    "vmap of grad": lambda T, f: T.func.vmap(T.func.grad(f))(samples(T)),
    "grad of vmap": lambda T, f: T.func.grad(lambda x: T.func.vmap(f)(x).sum())(samples(T)),
    "grad of grad": lambda T, f: T.func.grad(lambda x: T.func.grad(f)(x).sum())(samples(T)[0]),
    "vmap of grad of grad": lambda T, f: T.func.vmap(T.func.grad(lambda x: T.func.grad(f)(x).sum()))(
        samples(T)
    ),
    "jacrev": lambda T, f: T.func.jacrev(f)(samples(T)[0]),
    "jacrev of grad": lambda T, f: T.func.jacrev(T.func.grad(f))(samples(T)[0]),
    "vjp": lambda T, f: T.func.vjp(f, samples(T)[0])[1](T.tensor(2.0))[0],
    "jvp": lambda T, f: T.func.jvp(f, (samples(T)[0],), (samples(T)[1],))[1],
}


def answer(T, transform, function):
    try:
        return TRANSFORMS[transform](T, lambda x: function(T, x)).tolist()
    except AssertionError:
        return "other attributes"
    except Exception as error:
        return type(error).__name__, first_sentence(error)


@pytest.mark.filterwarnings("ignore:The .grad attribute")
@pytest.mark.parametrize("transform", TRANSFORMS)
@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
def test_as_in_torch(function, transform):
    ours, theirs = answer(leafgrad, transform, function), answer(oracle, transform, function)
    if isinstance(theirs, list | float) and isinstance(ours, list | float):
        assert (
            ours == pytest.approx(theirs, rel=1e-4)
            if isinstance(ours, float)
            else oracle.allclose(oracle.tensor(ours), oracle.tensor(theirs), rtol=1e-4)
        )
    else:
        assert ours == theirs


def gradients_through_hooks(T):
    """A hook that a transform's function registers is not called for the gradients of others."""
    w = T.tensor([2.0, 3.0], requires_grad=True)

    def f(x):
        y = x.exp() * w
        y.register_hook(lambda g: g * 2)
        return (y * y).sum()

    inner = T.func.grad(f)(T.ones(2))
    inner.sum().backward()
    value, vjp_fn = T.func.vjp(f, T.ones(2))
    (again,) = T.autograd.grad(value, w, retain_graph=True)
    return inner.tolist(), w.grad.tolist(), again.tolist(), vjp_fn(value)[0].tolist()


def test_hooks_belong_to_their_transform():
    for ours, theirs in zip(gradients_through_hooks(leafgrad), gradients_through_hooks(oracle), strict=True):
        assert ours == pytest.approx(theirs, rel=1e-4)


def operator_under_vmap(T):
    @T.library.custom_op("hooks_in_transforms::scaled", mutates_args=())
    def scaled(x: T.Tensor, by: float) -> T.Tensor:
        return x.detach() * by

    def setup(ctx, inputs, output):
        ctx.by = inputs[1]

    scaled.register_autograd(lambda ctx, grad: (grad * ctx.by, None), setup_context=setup)
    scaled.register_vmap(lambda info, in_dims, x, by: (scaled(x, by), in_dims[0]))
    x = samples(T).requires_grad_()
    T.vmap(lambda x: scaled(x, 2.0).sum())(x).sum().backward()
    T.vmap(T.vmap(lambda x: scaled(x, 3.0)))(x).sum().backward()
    return x.grad.tolist()


def test_an_operator_is_recorded_below_vmap():
    assert operator_under_vmap(leafgrad) == operator_under_vmap(oracle)
