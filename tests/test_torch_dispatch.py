"""`__torch_dispatch__`, TorchDispatchMode, wrapper subclasses, make_fx: the same programs on torch and on leafgrad.

Both log what they are asked; leafgrad asks for its own ops, so logs are compared where torch's are the same: not `detach`
and the factories, which torch asks for and leafgrad does not.
"""

import importlib

import numpy as np
import pytest

from tests.both import first_sentence
from tests.overridden import fast_again  # noqa: F401

oracle = pytest.importorskip("torch")
pytestmark = pytest.mark.oracle
import leafgrad  # noqa: E402

UNASKED = {"aten.detach.default", "aten.ones_like.default", "aten.clone.default", "aten.lift_fresh.default"}


def sub(torch, path):
    return importlib.import_module(f"{torch.__name__}.{path}")


def wrapper_class(torch, log):
    dispatch, tree_map = sub(torch, "utils._python_dispatch"), sub(torch, "utils._pytree").tree_map

    class Logged(torch.Tensor):
        __torch_function__ = torch._C._disabled_torch_function_impl

        @staticmethod
        def __new__(cls, elem, requires_grad=False):
            r = torch.Tensor._make_wrapper_subclass(
                cls,
                elem.size(),
                strides=elem.stride(),
                dtype=elem.dtype,
                device=elem.device,
                requires_grad=requires_grad,
            )
            r.elem = elem
            return r

        def __repr__(self):
            return f"Logged({self.elem})"

        @classmethod
        def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
            log.append(str(func))
            given, named = tree_map(lambda x: x.elem if isinstance(x, Logged) else x, (args, kwargs or {}))
            out = tree_map(lambda x: Logged(x) if isinstance(x, torch.Tensor) else x, func(*given, **named))
            return dispatch.return_and_correct_aliasing(func, args, kwargs or {}, out)

    return Logged


def mode_class(torch, log):
    class Mode(sub(torch, "utils._python_dispatch").TorchDispatchMode):
        def __init__(self, name="m"):
            self.name = name

        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            log.append((self.name, str(func)))
            return func(*args, **(kwargs or {}))

    return Mode


def shown(x):
    if isinstance(x, tuple | list):
        return [shown(each) for each in x]
    if hasattr(x, "elem"):
        return "Logged", x.grad_fn and x.grad_fn.name(), shown(x.elem)
    if hasattr(x, "grad_fn"):
        return (
            type(x).__name__,
            x.grad_fn and x.grad_fn.name(),
            np.asarray(x.detach().tolist()).round(3).tolist(),
        )
    return x if isinstance(x, int | float | str | bool | type(None)) else type(x).__name__


def both(program):
    found = []
    for torch in (oracle, leafgrad):
        log = []
        try:
            result = shown(program(torch, log))
        except Exception as error:
            result = type(error).__name__, first_sentence(error)
        name = [each[1] if isinstance(each, tuple) else each for each in log]
        found.append((result, [each for each, n in zip(log, name, strict=True) if n not in UNASKED]))
    return found


WRAPPED = """
x + 1; 1 + x; x * x; x @ x; x.sum(); x.sum(0); torch.exp(x); x.view(4); x[0]; x[:, 1]; torch.cat([x, x]); x.max(1)
x.sum().item(); bool(x.sum() > 0); x.split(1); x.t(); x.transpose(0, 1); torch.stack([x, x]); x.clone(); x.detach()
x.add_(1); x.mul_(x); torch.where(x > 2, x, x); x.relu(); x.tanh(); x.shape; x.dtype; x.stride(); x.unsqueeze(0)
x.expand(2, 2, 2); torch.maximum(x, x); x.tolist(); x.numpy(); x ** 2; x.unbind(); -x; x / 2; x > 1
""".replace("\n", ";").split(";")  # fmt: skip


@pytest.mark.parametrize("call", [c.strip() for c in WRAPPED if c.strip()])
@pytest.mark.parametrize("grad", [False, True])
def test_wrappers(call, grad):
    def program(torch, log):
        x = wrapper_class(torch, log)(torch.tensor([[1.0, 2.0], [3.0, 4.0]]), grad)
        return eval(call, {"torch": torch, "x": x})

    expected, found = both(program)
    assert found[0] == expected[0]
    assert found[1] == expected[1]


@pytest.mark.parametrize(
    "function",
    [
        "(x * x).sum()", "(x * 2 + 1).exp().sum()", "(x @ x).tanh().sum()", "(x ** 3).mean()", "x.relu().sum(0)[0]", "x.t().reshape(4)[1:3].sum()",  # noqa: E501
        "torch.cat([x, x * x]).sum()", "x.max(1).values.sum()", "(x * 1).mul_(x).sum()", "x.softmax(0)[0, 0]",
    ],
)  # fmt: skip
def test_gradients_of_wrappers(function):
    def program(torch, log):
        x = wrapper_class(torch, [])(torch.tensor([[1.0, 2.0], [3.0, 4.0]]), True)
        y = eval(function, {"torch": torch, "x": x})
        y.backward(retain_graph=True)
        first = x.grad
        y.backward()
        (again,) = torch.autograd.grad(eval(function, {"torch": torch, "x": x}), x, create_graph=True)
        return y, first.elem, x.grad.elem, type(x.grad).__name__, again.elem

    expected, found = both(program)
    assert found == expected


def test_second_derivatives_of_wrappers():
    def program(torch, log):
        x = wrapper_class(torch, [])(torch.tensor([1.0, 2.0]), True)
        (g,) = torch.autograd.grad((x.exp() * x).sum(), x, create_graph=True)
        (h,) = torch.autograd.grad(g.sum(), x)
        return g.elem, h.elem

    expected, found = both(program)
    assert found == expected


def test_a_flop_counter_sees_the_backward():
    def program(torch, log):
        aten = torch.ops.aten

        class Flops(sub(torch, "utils._python_dispatch").TorchDispatchMode):
            def __init__(self):
                self.count = {}

            def __torch_dispatch__(self, func, types, args=(), kwargs=None):
                out = func(*args, **(kwargs or {}))
                if func in (aten.mm.default, aten.addmm.default, aten.bmm.default):
                    a, b = args[-2:] if func is not aten.addmm.default else args[1:3]
                    n = 2 * a.shape[-2] * a.shape[-1] * b.shape[-1] * (a.shape[0] if a.dim() == 3 else 1)
                    self.count[str(func)] = self.count.get(str(func), 0) + n
                return out

        w, b = torch.ones(5, 4, requires_grad=True), torch.zeros(5, requires_grad=True)
        v = torch.ones(2, 5, 3, requires_grad=True)
        with Flops() as flops:
            h = torch.nn.functional.linear(torch.ones(6, 4), w, b).tanh()
            y = torch.bmm(h.view(2, 3, 5), v).sum()
            forward = dict(flops.count)
            y.backward()
        return sorted(forward.items()), sorted(flops.count.items()), w.grad, v.grad

    expected, found = both(program)
    assert found == expected


def test_modes_nest_and_stand_below_autograd():
    def program(torch, log):
        Mode = mode_class(torch, log)
        x = torch.tensor([1.0, 2.0], requires_grad=True)
        with Mode("a"), Mode("b"):
            y = (x * 2).exp()
            z = y.sum()
        z.backward()
        log.append(sub(torch, "utils._python_dispatch")._get_current_dispatch_mode() is None)
        return y, z, x.grad

    expected, found = both(program)
    assert found == expected


def test_a_mode_that_changes_results():
    def program(torch, log):
        class Neg(sub(torch, "utils._python_dispatch").TorchDispatchMode):
            def __torch_dispatch__(self, func, types, args=(), kwargs=None):
                out = func(*args, **(kwargs or {}))
                return out.neg() if func is torch.ops.aten.mul.Tensor else out

        x = torch.tensor([1.0, 2.0], requires_grad=True)
        with Neg():
            y = x * 3
        y.sum().backward()
        return y, x.grad

    expected, found = both(program)
    assert found == expected


def test_writes_and_views_under_a_mode():
    def program(torch, log):
        x = torch.ones(2, requires_grad=True)
        with mode_class(torch, [])():
            c = x * 1
            c[0].mul_(2)
            c.add_(x)
            c.sum().backward()
        return c, x.grad, c._version

    expected, found = both(program)
    assert found == expected


def test_modes_stand_below_vmap():
    def program(torch, log):
        Mode = mode_class(torch, log)
        x = torch.arange(6.0).view(2, 3)
        with Mode():
            a = torch.vmap(torch.sin)(x)

        def inside(x):
            with Mode("i"):
                return x.cos()

        return a, torch.vmap(inside)(x), torch.func.grad(lambda x: inside(x).sum())(x[0])

    expected, found = both(program)
    assert found == expected


REFUSED = [
    "w.add(1)",
    "torch.exp(w)",
    "w.detach()",
    "w.shape",
    "torch.Tensor._make_wrapper_subclass(N, (2,))",
    "w.item()",
]


@pytest.mark.parametrize("call", REFUSED)
def test_refusals(call):
    def program(torch, log):
        class Refusing(torch.Tensor):
            @classmethod
            def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
                return NotImplemented

        class N(torch.Tensor):
            pass

        w = torch.Tensor._make_wrapper_subclass(Refusing, (2,))
        return eval(call, {"torch": torch, "w": w, "N": N})

    expected, found = both(program)
    assert str(found).replace("torch._ops.", "torch.ops.") == str(expected).replace(
        "torch._ops.", "torch.ops."
    )


def test_super_dispatch_gives_plain_results():
    def program(torch, log):
        class Seen(torch.Tensor):
            @classmethod
            def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
                log.append(str(func))
                return super().__torch_dispatch__(func, types, args, kwargs)

        x = torch.Tensor._make_subclass(Seen, torch.ones(2), True)
        y = x * x
        return type(y).__name__, y.grad_fn.name(), type(torch.ones(2).as_subclass(Seen) + 1).__name__

    expected, found = both(program)
    assert found == expected


def test_ops_as_objects():
    for torch in (oracle, leafgrad):
        f = torch.ops.aten.mul.Tensor
        assert (str(f), repr(f), f.__name__, f.name(), str(f.overloadpacket)) == (
            "aten.mul.Tensor", "<OpOverload(op='aten.mul', overload='Tensor')>", "mul.Tensor", "aten::mul.Tensor", "aten.mul",
        )  # fmt: skip
        assert torch.ops.aten.mul.Tensor is f and f.overloadpacket is torch.ops.aten.mul
        assert f(torch.ones(2), 3).tolist() == torch.ops.aten.mul(torch.ones(2), 3).tolist() == [3, 3]
        with pytest.raises(AttributeError, match="'_OpNamespace' 'aten' object has no attribute 'nothing'"):
            _ = torch.ops.aten.nothing


TRACED = {
    "ops": lambda torch: lambda x, w: (torch.sin(x) @ w).relu(),
    "constant": lambda torch: lambda x, w: x + 2,
    "in place": lambda torch: lambda x, w: x.clone().add_(1),
    "nested": lambda torch: lambda x, w: {"a": x * 2, "b": (x[0], 3)},
    "vmap": lambda torch: lambda x, w: torch.vmap(torch.sin)(x),
}


@pytest.mark.parametrize("name", TRACED)
def test_make_fx(name):
    codes = []
    for torch in (oracle, leafgrad):
        f = TRACED[name](torch)
        traced = sub(torch, "fx.experimental.proxy_tensor").make_fx(f)(torch.ones(3, 2), torch.ones(2, 2))
        codes.append((traced.code, str(traced.graph)))
        x, w = torch.arange(6.0).view(3, 2), torch.ones(2, 2)
        assert str(traced(x, w)) == str(f(x, w))
    assert codes[1] == codes[0]


def test_traced_derivatives_compute_the_same():
    make_fx = sub(leafgrad, "fx.experimental.proxy_tensor").make_fx

    def step(x, y):
        x = x.detach().requires_grad_()
        (x * y).exp().sum().backward()
        return x.grad

    x, y = leafgrad.ones(3), leafgrad.arange(3.0)
    for f in (
        step,
        leafgrad.func.grad(lambda x, y: (x * y).tanh().sum()),
        lambda x, y: leafgrad.func.hessian(lambda x: (x**3).sum())(x),
    ):
        traced = make_fx(f)(leafgrad.zeros(3), leafgrad.zeros(3))
        assert traced(x, y).tolist() == f(x, y).tolist()


def test_values_of_traced_tensors_are_refused():
    def program(torch, log):
        return sub(torch, "fx.experimental.proxy_tensor").make_fx(lambda x: x if x.sum() > 0 else -x)(
            torch.ones(2)
        )

    expected, found = both(program)
    assert found == expected


def other_ways(torch):
    """A mode that does some ops in other ways, and writes to what it gives back."""

    class Mode(sub(torch, "utils._python_dispatch").TorchDispatchMode):
        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            name = func.__name__.partition(".")[0]
            if name == "mul_":
                return args[0].copy_(args[0] * args[1])
            out = func(*args, **(kwargs or {}))
            if name == "exp":
                return out * 1
            return out.mul_(2) if name == "sin" else out

    return Mode()


@pytest.mark.parametrize(
    "function",
    [
        "x.exp()", "x.sin()", "x.clone().mul_(w * x)", "x.exp().mul_(x).sin()", "(y := x * 1).mul_(y)", "(y := x * 1).mul_(y[:])",
        "(y := x * 1).mul_(y).add_(y)", "(y := x * 1)[0].mul_(w[0]).exp()", "(y := x * 1, y.mul_(w), y * y)[2]",
        "torch.stack([(v := x.sin()), torch.tensor([v._version, 0.0])])",
    ],
)  # fmt: skip
def test_what_a_mode_does_instead_has_no_derivatives_of_its_own(function):
    def reverse(torch, log):
        x, w = torch.tensor([1.0, 2.0], requires_grad=True), torch.tensor([3.0, 4.0], requires_grad=True)
        with other_ways(torch):
            y = eval(function, {"torch": torch, "x": x, "w": w})
        return [y.detach(), torch.autograd.grad(y.sum(), x)[0]]

    def over_forward(torch, log):
        fw = torch.autograd.forward_ad
        x, w = torch.tensor([1.0, 2.0], requires_grad=True), torch.tensor([3.0, 4.0])
        with fw.dual_level():
            a = fw.make_dual(x, torch.tensor([2.0, 1.0]))
            with other_ways(torch):
                y = eval(function, {"torch": torch, "x": a, "w": w})
            tangent = fw.unpack_dual(y).tangent
            return [tangent.detach(), torch.autograd.grad(tangent.sum(), x)[0]]

    for program in (reverse, over_forward):
        expected, found = both(program)
        assert found == expected
