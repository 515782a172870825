"""Modes, checkers, tracers and user's operators leave nothing behind: with the garbage collector off, and nothing for it to find."""

import contextlib
import gc
import warnings

import pytest

import leafgrad
from leafgrad.autograd import forward_ad, functional, gradcheck, gradgradcheck, graph, profiler
from leafgrad.fx.experimental.proxy_tensor import make_fx
from leafgrad.overrides import TorchFunctionMode
from leafgrad.utils._python_dispatch import TorchDispatchMode
from leafgrad.utils.checkpoint import checkpoint
from tests.overridden import fast_again  # noqa: F401
from tests.test_lifetime import census
from tests.test_lifetime_transforms import Exp, Holding, Model, RuleExp, loss, rows

F = leafgrad.func
STEPS = {}


def step(function):
    STEPS[function.__name__] = function
    return function


def weights():
    return leafgrad.ones(3, requires_grad=True)


def doubles():
    return leafgrad.linspace(0.5, 1.5, 3, dtype=leafgrad.float64).requires_grad_()


# --- transforms of closures that hold tensors, nodes and the transform's own results ---


class Owner:
    """Its method is a closure over all that it has seen."""

    def __init__(self):
        self.w, self.seen = weights(), []

    def __call__(self, x):
        y = (x * self.w).exp()
        self.seen.append(y)
        return (y * y.detach()).sum()


TRANSFORMS = {
    "grad": lambda f: F.grad(f)(rows()[0]),
    "vmap_grad": lambda f: F.vmap(F.grad(f))(rows()),
    "grad_vmap": lambda f: F.grad(lambda x: F.vmap(f)(x).sum())(rows()),
    "jacrev": lambda f: F.jacrev(f)(rows()[0]),
    "jacfwd": lambda f: F.jacfwd(f)(rows()[0]),
    "jvp": lambda f: F.jvp(f, (rows()[0],), (rows()[1],)),
    "hessian": lambda f: F.hessian(f)(rows()[0]),
    "jacrev_jacrev": lambda f: F.jacrev(F.jacrev(f))(rows()[0]),
    "vmap_jvp": lambda f: F.vmap(lambda x, t: F.jvp(f, (x,), (t,)))(rows(), rows()),
    "vmap_chunked": lambda f: F.vmap(f, chunk_size=2)(rows()),
    "linearize": lambda f: F.linearize(f, rows()[0])[1](rows()[1]),
    "vjp": lambda f: F.vjp(f, rows()[0])[1](leafgrad.ones(())),
    "functionalize": lambda f: F.functionalize(f)(rows()[0]),
}
for _name, _transform in TRANSFORMS.items():
    STEPS[f"closure_{_name}"] = lambda transform=_transform: transform(Owner())


@step
def functional_call_of_a_model_that_keeps():
    model = Model()
    given = {"w": weights()}
    F.jacrev(lambda p: F.functional_call(model, p, rows()[0]))(given)
    F.hessian(lambda w: F.functional_call(model, {"w": w}, rows()[0]))(given["w"])
    F.functional_call(model, given, rows()[0]).backward()


@step
def vjp_fn_in_its_own_closure():
    kept = []

    def f(x):
        kept.append(x * 2)
        return kept[-1].exp()

    y, vjp_fn = F.vjp(f, rows()[0])
    kept.append(vjp_fn(y)[0])


# --- forward mode ---


@step
def dual_numbers():
    w = weights()
    with forward_ad.dual_level():
        x = forward_ad.make_dual(w, rows()[0])
        y = loss(x, x)
        forward_ad.unpack_dual(y)
        y.backward()
        Exp.apply(x).sum().backward()
    with forward_ad.dual_level():
        y = forward_ad.make_dual(w * 1, rows()[0])
        y[1:].mul_(y[:2] * 2)
        leafgrad.autograd.grad(forward_ad.unpack_dual(y.exp()).tangent.sum(), w)


# --- autograd.grad and its kin ---


@step
def grad_create_graph():
    w = weights()
    y = loss(rows()[0], w)
    (g,) = leafgrad.autograd.grad(y, w, create_graph=True)
    (h,) = leafgrad.autograd.grad(g.exp().sum(), w, create_graph=True)
    leafgrad.autograd.grad(h.sum(), w, create_graph=True)


@step
def grads_batched():
    w = weights()
    y = w.exp() * w
    leafgrad.autograd.grad(y, w, leafgrad.eye(3), is_grads_batched=True, create_graph=True)


@step
def functional_module():
    x = rows()[0]
    for vectorize in (False, True):
        functional.jacobian(lambda x: x.exp() * x, x, vectorize=vectorize, create_graph=True)
        functional.hessian(lambda x: (x.exp() * x).sum(), x, vectorize=vectorize, create_graph=True)
    functional.hvp(lambda x: (x**3).sum(), x, x, create_graph=True)
    functional.vhp(lambda x: (x**3).sum(), x, x)


# --- checkers ---


@step
def gradchecks():
    x = doubles()
    options = {"check_forward_ad": True, "check_batched_grad": True, "check_batched_forward_grad": True}
    gradcheck(lambda x: x.exp() * x, (x,), check_undefined_grad=True, **options)
    gradcheck(Exp.apply, (x,))
    gradcheck(lambda x: x.sin(), (x,), fast_mode=True)
    gradgradcheck(lambda x: (x**3).sum(), (x,))


@step
def a_gradcheck_that_fails():
    x = doubles()
    for f in (lambda x: x.detach() * x, lambda x: x + leafgrad.rand(3, dtype=leafgrad.float64)):
        assert not gradcheck(f, (x,), raise_exception=False)
        with contextlib.suppress(RuntimeError):
            gradcheck(f, (x,))


# --- profiler and modes ---


@step
def profiled():
    w = weights()
    with profiler.profile(record_shapes=True, profile_memory=True, with_stack=True) as prof:
        with profiler.record_function("part"):
            y = loss(rows()[0], w)
        y.backward()
        F.vmap(F.grad(loss), in_dims=(0, None))(rows(), w)
    prof.key_averages().table()


@step
def profiled_error():
    with contextlib.suppress(RuntimeError), profiler.profile():
        weights().exp().backward()


class Logging(TorchDispatchMode):
    def __init__(self):
        super().__init__()
        self.seen = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        self.seen.append((func, args, out))
        return out


class Functions(TorchFunctionMode):
    def __init__(self):
        super().__init__()
        self.seen = []

    def __torch_function__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        self.seen.append((func, args, out))
        return out


@step
def dispatch_mode():
    w = weights()
    with Logging():
        loss(rows()[0], w).backward()
    with Logging():
        F.vmap(F.grad(loss), in_dims=(0, None))(rows(), w)
    with Logging(), Logging():
        F.jvp(F.grad(lambda x: loss(x, w)), (rows()[0],), (rows()[1],))


@step
def function_mode():
    w = weights()
    with Functions():
        loss(rows()[0], w).backward()
        F.vmap(F.grad(loss), in_dims=(0, None))(rows(), w)


@step
def anomalies():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with leafgrad.autograd.detect_anomaly():
            F.vmap(F.grad(loss), in_dims=(0, None))(rows(), weights())
            with contextlib.suppress(RuntimeError):
                (weights() * 0).sqrt().mul(0).sum().backward()


@step
def inference():
    with leafgrad.inference_mode():
        F.grad(loss)(rows()[0], rows()[1])
        F.vmap(F.hessian(loss), in_dims=(0, None))(rows(), rows()[0])


# --- tracing and operators ---


@step
def traced():
    w = weights()
    module = make_fx(lambda x: loss(x, w))(rows()[0])
    module(rows()[1]).backward()
    str(module.graph), module.code
    make_fx(F.vmap(F.grad(loss), in_dims=(0, None)))(rows(), w)(rows(), w)


@leafgrad.library.custom_op("lifetime::scaled", mutates_args=())
def scaled(x: leafgrad.Tensor, by: float) -> leafgrad.Tensor:
    return x.detach() * by


def keep_all(ctx, inputs, output):
    ctx.save_for_backward(inputs[0], output)
    ctx.output, ctx.by = output, inputs[1]


scaled.register_autograd(
    lambda ctx, grad: (grad * ctx.by + 0 * ctx.saved_tensors[1], None), setup_context=keep_all
)
scaled.register_vmap(lambda info, in_dims, x, by: (scaled(x, by), in_dims[0]))


@step
def custom_operator():
    w = weights()
    scaled(w, 2.0).sum().backward()
    scaled(w, 2.0)
    (g,) = leafgrad.autograd.grad(scaled(w, 3.0).exp().sum(), w, create_graph=True)
    g.sum().backward()
    F.vmap(lambda x: scaled(x, 2.0).sum())(rows().requires_grad_()).sum().backward()
    with contextlib.suppress(RuntimeError):
        F.vmap(F.grad(lambda x: scaled(x, 2.0).sum()))(rows())
    with contextlib.suppress(RuntimeError, TypeError):
        scaled(w, "two")


# --- several of them at once ---


@step
def functions_that_keep_an_output_in_transforms_in_modes():
    for kind in (Exp, RuleExp):
        with Logging(), profiler.profile():
            F.vmap(F.grad(lambda x, f=kind.apply: f(x).sum()))(rows())
        F.jacrev(F.jacrev(lambda x: Holding.apply(x)[0].sum()))(rows()[0])


@step
def checkpoints_under_everything():
    w = weights()

    def inner(x):
        return (x * w).exp()

    def outer(x):
        return checkpoint(inner, x, use_reentrant=False).sin() * w

    with graph.saved_tensors_hooks(lambda t: t.numpy(force=True), leafgrad.from_numpy):
        y = checkpoint(outer, weights(), use_reentrant=False)
    y.sum().backward()
    checkpoint(outer, weights(), use_reentrant=False)
    x = weights()
    y = checkpoint(outer, x, use_reentrant=False)
    (g,) = leafgrad.autograd.grad(y.sum(), x, create_graph=True)
    g.sum().backward()
    with contextlib.suppress(RuntimeError):
        y.sum().backward()


@step
def hooks_in_transforms():
    def f(x):
        y = x.exp()
        y.register_hook(lambda g: g * y.detach())
        y.grad_fn.register_hook(lambda inputs, outputs, node=y.grad_fn: None)
        return (y * y).sum()

    F.grad(f)(rows()[0])
    F.vmap(F.grad(f))(rows())


@pytest.mark.parametrize("name", STEPS)
def test_nothing_survives(name, no_collector):
    STEPS[name]()  # fills caches, which may live on
    gc.collect()
    before = census(leafgrad)
    STEPS[name]()
    assert not census(leafgrad) - before
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        gc.collect()
        found = [type(thing).__name__ for thing in gc.garbage]
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
    assert not found
