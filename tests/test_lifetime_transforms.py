"""Transforms leave nothing behind: what they made is freed by reference count, with the garbage collector off."""

import gc

import pytest

import leafgrad
from tests.test_lifetime import census

F = leafgrad.func
STEPS = {}


def step(function):
    STEPS[function.__name__] = function
    return function


def weights():
    return leafgrad.ones(3, requires_grad=True)


def rows():
    return leafgrad.linspace(-1, 1, 12).view(4, 3)


def loss(x, w):
    y = (x * w).tanh()
    y = y + y.exp() * x.sum()
    y.mul_(2)
    return (y[1:] * y.softmax(0)[1:]).sum()


class Exp(leafgrad.autograd.Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(x):
        return x.exp()

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(inputs[0], output)
        ctx.save_for_forward(output)

    @staticmethod
    def backward(ctx, g):
        return g * ctx.saved_tensors[1]

    @staticmethod
    def jvp(ctx, t):
        return t * ctx.saved_tensors[0]


class RuleExp(Exp):
    generate_vmap_rule = False

    @staticmethod
    def vmap(info, in_dims, x):
        return RuleExp.apply(x), in_dims[0]


class Model:
    def __init__(self):
        self.w = leafgrad.nn.Parameter(leafgrad.ones(3))

    def named_parameters(self, remove_duplicate=True):
        yield "w", self.w

    def named_buffers(self, remove_duplicate=True):
        return iter(())

    def __call__(self, x):
        self.kept = x * self.w
        return loss(x, self.kept)


@step
def grad():
    F.grad(loss)(rows()[0], weights())


@step
def grad_of_grad():
    w = weights()
    F.grad(lambda x: F.grad(loss)(x, w).sum())(rows()[0])


@step
def grad_and_value_with_aux():
    w = weights()
    F.grad_and_value(lambda x: (loss(x, w), x.exp()), has_aux=True)(rows()[0])


@step
def gradient_of_the_captured():
    w = weights()
    F.grad(loss)(rows()[0], w).sum().backward()


@step
def vjp_never_called():
    F.vjp(loss, rows()[0], weights())


@step
def vjp_called_twice():
    _, vjp_fn = F.vjp(loss, rows()[0], weights())
    vjp_fn(leafgrad.tensor(1.0))
    vjp_fn(leafgrad.tensor(2.0))


@step
def jvp():
    F.jvp(loss, (rows()[0], weights()), (rows()[1], rows()[2]))


@step
def jvp_of_jvp():
    w = weights()
    F.jvp(lambda x: F.jvp(loss, (x, w), (rows()[1], x))[1], (rows()[0],), (rows()[3],))


@step
def jacrev():
    w = weights()
    F.jacrev(lambda x: (x * w).exp())(rows()[0])


@step
def jacfwd():
    w = weights()
    F.jacfwd(lambda x: (x * w).exp())(rows()[0])


@step
def hessian():
    F.hessian(loss)(rows()[0], weights())


@step
def vmap():
    F.vmap(loss, in_dims=(0, None))(rows(), weights())


@step
def vmap_and_backward():
    w = weights()
    F.vmap(loss, in_dims=(0, None))(rows(), w).sum().backward()


@step
def vmap_of_vmap():
    F.vmap(F.vmap(loss, in_dims=(0, None)), in_dims=(None, 0))(rows(), rows())


@step
def vmap_of_grad():
    F.vmap(F.grad(loss, argnums=1), in_dims=(0, None))(rows(), weights())


@step
def vmap_of_hessian():
    F.vmap(F.hessian(loss), in_dims=(0, None))(rows(), weights())


@step
def linearize():
    _, jvp_fn = F.linearize(loss, rows()[0], weights())
    jvp_fn(rows()[1], rows()[2])


@step
def functional_call():
    model = Model()
    given = {"w": weights()}
    F.functional_call(model, given, rows()[0]).backward()
    F.vmap(F.grad(lambda p, x: F.functional_call(model, p, x)), in_dims=(None, 0))(given, rows())


@step
def stack_module_state():
    models = [Model(), Model()]
    params, buffers = F.stack_module_state(models)
    call = F.vmap(lambda p, b, x: F.functional_call(models[0], (p, b), x), in_dims=(0, 0, None))
    call(params, buffers, rows()[0]).sum().backward()


@step
def functionalize():
    F.functionalize(lambda x: x.mul_(2).sum())(weights() * 1).backward()


class Holding(leafgrad.autograd.Function):
    """Its ctx holds outputs."""

    generate_vmap_rule = True

    @staticmethod
    def forward(x):
        return x.exp(), x * 2

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.y, ctx.z = output

    @staticmethod
    def backward(ctx, g, h):
        return g * ctx.y + 2 * h + 0 * ctx.z


@step
def outputs_on_ctx():
    w = weights()
    Holding.apply(w)
    y, z = Holding.apply(w)
    (y + z).sum().backward()
    y, z = F.vmap(Holding.apply)(rows().requires_grad_())
    (y + z).sum().backward()
    F.vmap(F.grad(lambda x: Holding.apply(x)[0].sum()))(rows())


def each_function(use):
    for kind in (Exp, RuleExp):
        use(kind.apply)


@step
def functions():
    each_function(lambda f: F.grad(lambda x: f(x).sum())(rows()[0]))
    each_function(lambda f: F.jvp(f, (rows()[0],), (rows()[1],)))
    each_function(lambda f: F.hessian(lambda x: f(x).sum())(rows()[0]))


@step
def functions_under_vmap():
    each_function(lambda f: F.vmap(f)(rows().requires_grad_()).sum().backward())
    each_function(lambda f: F.vmap(f)(rows().requires_grad_()))
    each_function(lambda f: F.vmap(F.grad(lambda x: f(x).sum()))(rows()))
    each_function(lambda f: F.vmap(F.hessian(lambda x: f(x).sum()))(rows()))


@step
def a_function_that_raises():
    w = weights()

    def f(x):
        y = x.exp() * w
        y.sum().item()

    for transform in (F.vmap(f), F.vmap(F.grad(f)), F.grad(F.vmap(f)), F.jacfwd(f), F.hessian(f)):
        try:
            transform(rows())
        except RuntimeError:
            pass


@pytest.mark.parametrize("name", STEPS)
def test_nothing_survives(name, no_collector):
    STEPS[name]()  # fills caches, which may live on
    gc.collect()
    before = census(leafgrad)
    STEPS[name]()
    survivors = census(leafgrad) - before
    assert not survivors
