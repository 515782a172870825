"""`inference_mode` and inference tensors: each program must say the same on torch."""

# ruff: noqa: B023, E501  (what is said is said within the loop; tables of calls)

import copy
import importlib
import pickle
import threading
from types import FunctionType

import numpy as np
import pytest

import leafgrad
from leafgrad.base.state import modes, special, state
from leafgrad.tensor import call, history, tensor
from leafgrad.tensor import write as writes
from tests.test_programs import transcript

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.oracle

PROGRAMS = []


def program(function: FunctionType) -> FunctionType:
    """A program to run on both modules."""
    PROGRAMS.append(pytest.param(function, id=function.__name__))
    return function


def shown(t):
    """What there is to know of a tensor."""
    return t.is_inference(), t.requires_grad, t._is_view(), t._base is not None, t.is_leaf


def kind(t):
    return t.grad_fn, t.is_inference(), t.requires_grad


def now(torch):
    return torch.is_inference_mode_enabled(), torch.is_grad_enabled()


@program
def the_mode(torch, say):
    mode = torch.inference_mode
    w = torch.ones(2, requires_grad=True)
    say(now(torch))
    with mode():
        say(now(torch), (w * 2).requires_grad)
        with torch.enable_grad():
            say(now(torch), (w * 2).requires_grad, (w * 2).is_inference())
            with torch.no_grad():
                say(now(torch))
            say(now(torch))
        with mode(False):
            say(now(torch), (w * 2).requires_grad, (w * 2).is_inference())
            with mode(mode=True):
                say(now(torch))
            with torch.no_grad(), mode(True):
                say(now(torch))
            say(now(torch))
        with mode():
            say(now(torch))
        torch.set_grad_enabled(True)
        say(now(torch), (w * 2).requires_grad)
        with torch.set_grad_enabled(False):
            say(now(torch))
        say(now(torch))
    say(now(torch))
    with torch.no_grad():
        with mode(False):
            say(now(torch), (w * 2).requires_grad)
        say(now(torch))
        with mode():
            say(now(torch))
        say(now(torch))
    try:
        with mode():
            raise KeyError
    except KeyError:
        say(now(torch))
    say(mode(False).mode, mode().mode, mode(mode=False).clone().mode)
    say.attempt(mode, True, 2)
    for bad in (1, None, "a"):
        say(callable(mode(bad)), hasattr(mode(bad), "__enter__"))

    def other():
        said.append(now(torch))

    said = []
    with mode():
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    say(said)
    before = torch.get_default_dtype()
    with mode():
        torch.set_default_dtype(torch.float64)
        say(torch.ones(1).dtype, torch.tensor([1.0]).dtype)
    torch.set_default_dtype(before)


@program
def decorators(torch, say):
    w = torch.ones(2, requires_grad=True)
    for kind in (torch.inference_mode, torch.no_grad, torch.enable_grad, None):
        for decorate in (
            (kind, kind()) if kind else (torch.set_grad_enabled(False), torch.inference_mode(False))
        ):

            @decorate
            def double(x, n=2):
                """Docs."""
                return x * n, now(torch)

            say(now(torch), double(w, n=3)[1], double(w)[0].is_inference(), double.__name__, double.__doc__)

            @decorate
            def numbers():
                """More."""
                got = []
                try:
                    got.append((yield now(torch)))
                    try:
                        got.append((yield now(torch)))
                    except ValueError as error:
                        got.append((str(error), now(torch)))
                    yield got
                finally:
                    got.append(now(torch))
                    say("closed", now(torch))
                return "the end", got

            g = numbers()
            say(
                next(g),
                now(torch),
                g.send(5),
                now(torch),
                g.throw(ValueError("x")),
                now(torch),
                numbers.__name__,
            )
            try:
                next(g)
            except StopIteration as end:
                say(end.value, now(torch))
            g = numbers()
            next(g)
            g.close()
            say(now(torch))

            class Thing:
                def __init__(self):
                    self.found = now(torch)

            made = decorate(Thing)
            say(type(made).__name__, made().found, made.__name__, type(made()).__name__)

            async def coroutine():
                return now(torch)

            try:
                decorate(coroutine)().send(None)
            except StopIteration as end:
                say(end.value)
    say(now(torch), repr(torch.set_grad_enabled(True)), str(torch.set_grad_enabled(True)))


@program
def what_is_made_inside(torch, say):
    n, w = torch.ones(3), torch.ones(3, requires_grad=True)
    z = w * 2
    with torch.inference_mode():
        kinds = {
            "zeros": torch.zeros(1), "tensor": torch.tensor([1.0]), "rand": torch.rand(2), "arange": torch.arange(3),
            "ones_like": torch.ones_like(n), "new_zeros": n.new_zeros(2), "empty": torch.empty(2), "full": torch.full((2,), 3.0),
            "from_numpy": torch.from_numpy(np.ones(2)), "as_tensor": torch.as_tensor(n), "as_tensor_np": torch.as_tensor(np.ones(2)),
            "same dtype": n.float(), "double": n.double(), "clone": n.clone(), "detach": n.detach(), "T": n.view(1, 3).T,
            "contiguous": n.contiguous(), "deepcopy": copy.deepcopy(n), "pickle": pickle.loads(pickle.dumps(n)),
            "parameter": torch.nn.Parameter(torch.ones(1)), "parameter of n": torch.nn.Parameter(n), "reshape": n.reshape(1, 3),
            "expand": n.expand(2, 3), "mask": n[n > 0], "slice": n[0:1], "unique": n.unique(), "sort": n.sort()[0],
            "argmax": n.argmax(), "add": n + 1, "mul": w * n, "mm": n.view(1, 3) @ n.view(3, 1), "sum": w.sum(), "max": n.max(0)[1],
            "cat": torch.cat([n, n]), "stack": torch.stack([n, w]), "where": torch.where(n > 0, n, w), "split": n.split(1)[1],
            "view of w": w.view(3, 1), "data": w.data, "w": w, "z": z, "z.view": z.view(1, 3), "unbind": w.unbind()[0],
            "linear": torch.nn.functional.linear(n, n.view(1, 3)), "softmax": w.softmax(0), "cumsum": n.cumsum(0), "gt": n > 0,
            "nonzero": n.nonzero(), "eye": torch.eye(2), "linspace": torch.linspace(0, 1, 3), "randperm": torch.randperm(3),
            "dropout": torch.nn.functional.dropout(n), "one_hot": torch.nn.functional.one_hot(torch.arange(2)),
            "meshgrid": torch.meshgrid(n, n, indexing="ij")[0], "Tensor": torch.Tensor([1.0]), "FloatTensor": torch.FloatTensor(2),
            "legacy": n.new([1.0]), "requires": torch.ones(2, requires_grad=True), "grad of": (torch.ones(2, requires_grad=True) * 2),
            "einsum": torch.einsum("i,i->", n, n), "pad": torch.nn.functional.pad(n, (1, 1)), "flip": n.flip(0), "roll": n.roll(1),
            "tril": torch.ones(2, 2).tril(), "norm": n.norm(), "std": n.std(), "topk": n.topk(1)[0], "gather": n.gather(0, n.long() * 0),
            "index_select": n.index_select(0, torch.arange(2)), "repeat": n.repeat(2), "outer": torch.outer(n, n), "abs": w.abs(),
            "real": torch.ones(1, dtype=torch.complex64).real, "to": n.to(torch.int64), "bool": n.bool(), "exp_": n.clone().exp_(),
            "bernoulli": torch.bernoulli(n), "multinomial": torch.multinomial(n, 1), "normal": torch.normal(0.0, 1.0, (2,)),
        }  # fmt: skip
        for name, t in kinds.items():
            say(name, shown(t), t.grad_fn if name != "z" else None)
        x = torch.ones(2)
        x.requires_grad = True
        say(x.requires_grad, (x * 2).requires_grad, x.add_(1), x.requires_grad_(False).requires_grad)
        say.attempt(lambda: (w * 2).sum().backward())
        say.attempt(lambda: torch.autograd.grad(w.sum(), w))
        say(torch.is_inference(x), torch.is_inference(w))
    say.attempt(torch.is_inference, 3)
    say.attempt(torch.is_inference)
    say(w._version, n._version, w, n)


@program
def inference_tensors_outside(torch, say):
    w, n = torch.ones(3, requires_grad=True), torch.ones(3)

    def make():
        with torch.inference_mode():
            x = torch.ones(3)
            return [
                x,
                w * 2,
                x.view(3),
                x.detach(),
                x.data,
                torch.ones(3, requires_grad=True),
                x.split(1)[0],
                w.clone().requires_grad_(),
            ]

    for i in range(8):
        a = make()[i]
        say(i, shown(a), torch.is_inference(a), a.grad, a)
        say.attempt(lambda: a._version)
        for write in () if i in (5, 7) else (
            lambda: a.add_(1), lambda: a.mul_(n[: len(a)]), lambda: a.zero_(), lambda: a.exp_(), lambda: a.copy_(a.clone()), lambda: a.fill_(3),
            lambda: a.add_(w.sum()), lambda: a.__setitem__(0, 2.0), lambda: a.__setitem__(slice(None), n.sum()), lambda: a.unsqueeze_(0),
            lambda: a.uniform_(), lambda: a.view(-1).add_(1), lambda: torch.add(torch.ones(a.shape), 1, out=a), lambda: a.t_(),
            lambda: torch.ones(a.shape, out=a), lambda: a.masked_fill_(n[:1] > 0, 1.0), lambda: a.clamp_(0),
            lambda: a.__iadd__(1), lambda: a.detach_().requires_grad,
            lambda: a.requires_grad_(), lambda: setattr(a, "requires_grad", True), lambda: torch.nn.Parameter(a),
        ):  # fmt: skip
            say.attempt(write)
        a = make()[i]
        for write in (a.add_, a.mul_):
            say.attempt(lambda: write(n[: len(a)]))
        for make_leaf in (a.requires_grad_, lambda: torch.nn.Parameter(a)):
            say.attempt(lambda: make_leaf().is_inference())
        say(i, shown(a))  # not the values: torch writes before it refuses
        say.attempt(lambda: a.requires_grad_(False).requires_grad)
        a = make()[i]
        if i in (5, 7):  # docs/differences.md: an inference tensor that requires grad
            continue
        s = w.sum()
        for use in (
            lambda: a * s, lambda: a + s, lambda: a - s, lambda: s / a, lambda: a / s, lambda: s ** a, lambda: torch.maximum(a, w[: len(a)]),
            lambda: w[: len(a)] @ a, lambda: torch.where(a > 0, w[: len(a)], a), lambda: torch.cat([a, w]), lambda: w[a.long()],
            lambda: (w * 1)[: len(a)].mul_(a), lambda: (w * 1).add_(a.sum()), lambda: torch.lerp(w, a.sum(), 0.5), lambda: torch.addcmul(w, a.sum(), n),
            lambda: torch.stack([a, w[: len(a)]]), lambda: torch.nn.functional.mse_loss(a, w[: len(a)]), lambda: w.clone().index_add_(0, a.long(), a),
            lambda: w.gather(0, a.long()), lambda: torch.atan2(w, a.sum()), lambda: w.masked_fill(a.sum() > 0, 1.0), lambda: n.mul_(a.sum()),
        ):  # fmt: skip
            say.attempt(lambda: use().requires_grad)
        for use in (
            lambda: a * a, lambda: a.exp().is_inference(), lambda: a.clone().is_inference(), lambda: a.sum().is_inference(),
            lambda: torch.stack([a, a]).is_inference(), lambda: a.to(torch.float64).is_inference(), lambda: a.to(torch.float32) is a,
            lambda: shown(a.view(-1)), lambda: shown(a[0]), lambda: shown(a.chunk(1)[0]), lambda: shown(a.reshape(-1, 1)), lambda: shown(a.t()),
            lambda: shown(a.detach()), lambda: a.detach()._version, lambda: a.data._version, lambda: shown(a.data), lambda: a.numpy(),
            lambda: a.sum().backward(), lambda: a.register_hook(print), lambda: a.retain_grad(), lambda: n.copy_(a.sum()),
            lambda: copy.deepcopy(a).is_inference(), lambda: copy.copy(a).is_inference(), lambda: pickle.loads(pickle.dumps(a)).is_inference(),
            lambda: torch.from_numpy(a.numpy()).is_inference(), lambda: a.tolist(), lambda: a.add(1).is_inference(),
            lambda: (w * 2)[: len(a)].backward(a), lambda: torch.autograd.grad(w.exp()[: len(a)], w, a)[0].is_inference(),
            lambda: torch.autograd.grad((w * w)[: len(a)], w, a, create_graph=True), lambda: (w * 2).grad_fn(torch.ones(3)),
        ):  # fmt: skip
            say.attempt(use)
        with torch.no_grad():
            say.attempt(make()[i].add_, 1)
            say.attempt(lambda: (a * w.sum()).is_inference())
        with torch.inference_mode():
            say.attempt(lambda: a.detach().add_(1))
            say.attempt(lambda: (a.add_(1), a.detach().requires_grad_().requires_grad))
            say.attempt(lambda: a._version)
    d = make()[0].detach()
    say(d.add_(1), d._version, shown(d))
    say.attempt(lambda: d * w)
    say.attempt(d.requires_grad_)
    x = make()[0]
    n.data = x
    say(n.is_inference(), n._version, n.add_(1))
    say.attempt(lambda: n * w)
    w.data = x
    say(w.is_inference(), w.requires_grad, (w * 2).requires_grad)


@program
def views_of_normal_tensors(torch, say):
    def fresh():
        n, w = torch.zeros(3), torch.ones(3, requires_grad=True)
        z = w * 2
        with torch.inference_mode():
            views = [
                n.view(3),
                w.view(3),
                z.view(3),
                z[:2],
                n.split(1)[0],
                z.split(1)[0],
                z.view(3).view(1, 3),
                n.detach(),
                z.detach(),
            ]
        return n, w, z, views

    for i in range(9):
        n, w, z, views = fresh()
        say(i, shown(views[i]), views[i].grad_fn, views[i]._version)
        for write in (
            lambda v, n, w, z: v.add_(1), lambda v, n, w, z: v.mul_(w.sum()), lambda v, n, w, z: v.zero_(), lambda v, n, w, z: v.view(-1).mul_(w.sum()),
            lambda v, n, w, z: v.__setitem__(0, w[0]), lambda v, n, w, z: n.add_(w), lambda v, n, w, z: z.add_(1), lambda v, n, w, z: v[0].mul_(2),
            lambda v, n, w, z: v.detach_(), lambda v, n, w, z: v.requires_grad_(), lambda v, n, w, z: torch.add(w, 1, out=v).shape,
        ):  # fmt: skip
            n, w, z, views = fresh()
            v = views[i]
            say.attempt(write, v, n, w, z)
            say.attempt(lambda: v.grad_fn)
            say.attempt(lambda: v.requires_grad)
            say.attempt(lambda: v * 2)
            say.attempt(lambda: (v._version, v.view(-1)._version, repr(v)))
            say.attempt(lambda: (z.sum() + n.sum()).backward())
            say(w.grad)
        n, w, z, views = fresh()
        with torch.inference_mode():
            say.attempt(views[i].add_, 1)
            say(n._version, w._version, z._version, n, w, z, views[i])
        say.attempt(lambda: views[i].grad_fn)
        n, w, z, views = fresh()
        with torch.no_grad():
            say.attempt(views[i].add_, 1)
            say.attempt(z.mul_, 2)
        say.attempt(lambda: views[i].grad_fn)
    with torch.inference_mode():
        w.add_(1).mul_(2)
        z.mul_(w)
        say(w, w._version, z._version, z.grad_fn)
    say.attempt(lambda: z.sum().backward())
    say.attempt(lambda: (w * w).sum().backward())
    e = w.exp()
    with torch.inference_mode():
        e.add_(1)
    say.attempt(lambda: e.sum().backward())


@program
def backward_in_inference_mode(torch, say):
    w = torch.ones(2, requires_grad=True)
    z = (w * 3).sum()
    with torch.inference_mode():
        z.backward(retain_graph=True)
        say(w.grad, w.grad.is_inference(), w.grad.requires_grad)
        z.backward(retain_graph=True)
        say(w.grad, w.grad.is_inference())
        (g,) = torch.autograd.grad(z, w, create_graph=True)
        say(g.is_inference(), g.requires_grad, g.grad_fn)
    say.attempt(z.backward, retain_graph=True)
    say.attempt(w.grad.zero_)
    w.grad = None
    z.backward(retain_graph=True)
    say(w.grad.is_inference())
    with torch.inference_mode():
        z.backward(retain_graph=True)
        x = torch.ones(2)
    say(w.grad, w.grad.is_inference())
    w.grad = x.clone()
    with torch.inference_mode():
        w.grad = torch.ones(2)
    say.attempt(z.backward, retain_graph=True)
    w.grad = x
    with torch.inference_mode():
        z.backward(retain_graph=True)
    say(w.grad, x)
    hooked = []
    y = w * 2
    y.register_hook(lambda g: hooked.append(g.is_inference()))
    y.retain_grad()
    with torch.inference_mode():
        y.sum().backward() if y.sum().requires_grad else y.backward(torch.ones(2))
    say(hooked, y.grad, y.grad.is_inference())


@program
def custom_functions(torch, say):
    w = torch.ones(2, requires_grad=True)
    with torch.inference_mode():
        x = torch.ones(2)

    class Product(torch.autograd.Function):
        @staticmethod
        def forward(ctx, a, b):
            ctx.save_for_backward(a, b)
            return a * b

        @staticmethod
        def backward(ctx, g):
            a, b = ctx.saved_tensors
            return g * b, g * a

    class Sum(torch.autograd.Function):
        @staticmethod
        def forward(ctx, a, b):
            return a + b

        @staticmethod
        def backward(ctx, g):
            return g, g

    class First(torch.autograd.Function):
        @staticmethod
        def forward(ctx, a, b):
            return a

        @staticmethod
        def backward(ctx, g):
            return g, g

    class Written(torch.autograd.Function):
        @staticmethod
        def forward(ctx, a, b):
            ctx.mark_dirty(a)
            return a.add_(b)

        @staticmethod
        def backward(ctx, g):
            return g, g

    for function in (Product, Sum, First, Written):
        for a, b in ((x, w), (w, x), (x, x), (w * 1, w)):
            say(function.__name__)
            say.attempt(lambda: kind(function.apply(a, b)))
            with torch.inference_mode():
                say.attempt(lambda: kind(function.apply(a, b)))


@program
def forward_mode_and_transforms(torch, say):
    fwAD = importlib.import_module(torch.__name__ + ".autograd.forward_ad")
    func = importlib.import_module(torch.__name__ + ".func")
    w = torch.tensor([2.0])
    with torch.inference_mode():
        x = torch.ones(2)
    with fwAD.dual_level():
        d = fwAD.make_dual(torch.ones(2), torch.ones(2) * 3)
        with torch.inference_mode():
            say(fwAD.unpack_dual(d).tangent, fwAD.unpack_dual(d * 2), fwAD.unpack_dual(d.view(2, 1)).tangent)
            say(fwAD.unpack_dual(fwAD.make_dual(torch.ones(2), torch.ones(2))).tangent)
            d.add_(1)
            say(d, fwAD.unpack_dual(d.detach()).tangent)
            with torch.inference_mode(False):
                say(fwAD.unpack_dual(d * 2))
        say(fwAD.unpack_dual(d).tangent, fwAD.unpack_dual(d * x).tangent)
    with torch.inference_mode(), fwAD.dual_level():
        say(fwAD.unpack_dual(fwAD.make_dual(torch.ones(2), torch.ones(2)) * 2).tangent)

    def inside(v):
        say(now(torch), v.sin().requires_grad)
        return (v * w).sin().sum()

    with torch.inference_mode():
        one = torch.tensor([1.0])
        say(func.grad(inside)(one), func.vmap(torch.sin)(torch.ones(2)).is_inference())
        say(func.grad(func.grad(lambda v: v.sin().sum()))(torch.tensor(0.5)), now(torch))
        say(func.jvp(torch.sin, (torch.tensor(1.0),), (torch.tensor(1.0),)))
        say(func.vjp(torch.sin, torch.tensor(1.0))[1](torch.tensor(1.0)))
    say(func.grad(lambda v: (v * x).sin().sum())(torch.ones(2)), func.grad(lambda v: v.sin().sum())(x))
    say(func.vmap(torch.sin)(x).is_inference(), func.jvp(torch.sin, (x,), (x,))[1], now(torch))


@pytest.mark.parametrize("function", PROGRAMS)
def test_program(function):
    ours, theirs = transcript(function, leafgrad), transcript(function, torch)
    assert ours[0] == theirs[0]
    assert ours[1] == theirs[1]


# --- what is ours alone ---


def test_a_refused_write_changes_no_byte():
    with leafgrad.inference_mode():
        x = leafgrad.ones(3)
    w = leafgrad.ones(3, requires_grad=True)
    for write in (
        lambda: x.add_(1), lambda: x.mul_(x), lambda: x.exp_(), lambda: x.copy_(w), lambda: x.__setitem__(0, 5.0), lambda: x.fill_(3),
        lambda: leafgrad.add(w.detach(), 1, out=x), lambda: x.uniform_(), lambda: x.clamp_(7), lambda: x.resize_(9),
    ):  # fmt: skip
        with pytest.raises(RuntimeError, match="Inplace update to inference tensor outside InferenceMode"):
            write()
        assert x.tolist() == [1, 1, 1]
    y = w * 1
    with pytest.raises(RuntimeError, match="cannot be saved for backward"):
        y.mul_(x)
    assert y.tolist() == [1, 1, 1] and y._version == 0 and y.grad_fn.name() == "MulBackward0"


def test_nothing_is_left_open():
    before = [*special], [*modes]  # the class of another test may have opened one for good
    with (
        leafgrad.inference_mode(),
        leafgrad.inference_mode(False),
        leafgrad.no_grad(),
        leafgrad.inference_mode(),
    ):
        pass
    leafgrad.autograd.set_multithreading_enabled(True)
    assert ([*special], [*modes]) == before and not state.inference and state.grad_enabled


def test_a_nested_mode_that_is_the_same_object():
    mode = leafgrad.inference_mode()
    with mode:
        with mode:
            assert now(leafgrad) == (True, False)
        assert now(leafgrad) == (True, False)
    assert now(leafgrad) == (False, True)


def test_normal_tensors_carry_no_mark():
    """What is made outside shares the counter that everything fresh shares, so the lanes need not look."""
    with leafgrad.inference_mode():
        x = leafgrad.ones(2)
    assert not x.clone().is_inference() and (x + 1)._version == 0
    assert pickle.loads(pickle.dumps(x))._version == 0


# --- tests of the tests ---


@pytest.mark.parametrize(
    ("where", "name", "value", "found_by"),
    [
        pytest.param(tensor, "mark", lambda t: None, what_is_made_inside, id="nothing is marked"),
        pytest.param(
            tensor.Untracked, "__getitem__", lambda self, i: 0, inference_tensors_outside, id="all is saved"
        ),
        pytest.param(
            writes, "check_untracked", lambda t: None, inference_tensors_outside, id="all is written"
        ),
        pytest.param(call, "INFERENCE", call.NO_GRAD, views_of_normal_tensors, id="views as under no_grad"),
        pytest.param(
            history, "untracked", lambda t: False, inference_tensors_outside, id="all may require grad"
        ),
    ],
)
def test_a_rule_that_is_left_out_is_found(monkeypatch, where, name, value, found_by):
    expected = transcript(found_by, torch)
    assert transcript(found_by, leafgrad) == expected
    monkeypatch.setattr(where, name, value)
    try:
        found = transcript(found_by, leafgrad) != expected
    except (RuntimeError, AttributeError, IndexError):  # the program ends early
        found = True
    assert found
