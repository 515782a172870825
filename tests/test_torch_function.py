"""`__torch_function__`, TorchFunctionMode, torch.overrides: the same programs on torch and on leafgrad."""

import importlib
import warnings

import numpy as np
import pytest

from tests.both import first_sentence
from tests.overridden import fast_again, install  # noqa: F401

oracle = pytest.importorskip("torch")
pytestmark = pytest.mark.oracle
import leafgrad  # noqa: E402


def overrides(torch):
    return importlib.import_module(f"{torch.__name__}.overrides")


class Log(list):
    """What handlers were asked: function, types, number of arguments, named ones."""

    def __init__(self, torch):
        self.torch, self.resolve = torch, overrides(torch).resolve_name

    def note(self, who, func, types, args, kwargs):
        names = [t.__name__ for t in types]
        self.append((who, self.resolve(func) or func.__name__, names, len(args), sorted(kwargs or {})))


def shown(x):
    if isinstance(x, tuple | list):
        return [shown(each) for each in x]
    if hasattr(x, "grad_fn"):
        return type(x).__name__, np.asarray(x.detach().tolist()).round(2).tolist()
    return x if isinstance(x, int | float | str | bool | type(None)) else type(x).__name__


def ran(call):
    """What a call returns, or how it fails."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return shown(call())
    except Exception as error:
        return type(error).__name__, first_sentence(error)


def both(program):
    """What a program, given a module and a log, returns on each, with what was logged."""
    found = []
    for torch in (oracle, leafgrad):
        install()
        log = Log(torch)
        found.append((ran(lambda torch=torch, log=log: program(torch, log)), list(log)))
    return found


def logging_class(torch, log, name="T", base=None):
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        log.note(cls.__name__, func, types, args, kwargs)
        return super(made, cls).__torch_function__(func, types, args, kwargs or {})

    made = type(name, (base or torch.Tensor,), {"__torch_function__": classmethod(__torch_function__)})
    return made


CALLS = """
x + 1; 1 + x; p + x; x - 1; 1 - x; x * p; 2 / x; x / 2; x // 2; 5 // x; x % 2; x ** 2; 2 ** x; x @ x.mT; -x; abs(x)
x == 1; x > 0; 1 < x; x != p; x <= p; x & x if 0 else ~(x > 0); x.shape; x.dtype; x.T; x.mT; x.H; x.real; x.grad
x.requires_grad; x.ndim; x.is_leaf; x.device; x.grad_fn; x._version; x.itemsize; x.is_cuda; x[0]; x[0, 1:]; x[[0]]
p[x.long()[0]]; len(x); bool(x.sum()); float(x.sum()); int(x.sum()); 1 in x; x.add(1); x.add(other=p, alpha=2)
torch.add(x, 1); torch.add(p, x, alpha=2); torch.cat([p, x]); torch.stack((x, x), 1); torch.sum(x, dim=0); x.sum(0)
x.size(); x.numel(); x.dim(); torch.max(x, 1); x.max(1)[0]; torch.where(x > 0, x, p); torch.exp(x); x.exp()
x.to(torch.float64); x.float(); x.view(3, 2); x.reshape(-1); x.new_ones(2); torch.ones_like(x); x.expand_as(p)
p.expand_as(x); p.mul(x); torch.equal(x, p); torch.allclose(x, p); torch.result_type(x, 1); x.stride(); x.type()
F.relu(x); F.linear(x, p); F.linear(p, x); F.cross_entropy(x, i); F.gelu(x); F.dropout(x, 0.0); F.pad(x, (1, 1))
F.one_hot(i); F.normalize(x); F.silu(x); F.layer_norm(x, (3,)); F.embedding(i, x); F.leaky_relu(x, 0.1)
F.smooth_l1_loss(x, p); torch.split(x, 1); x.split(1); x.unique(); torch.unique(x); torch.einsum('ij->i', x)
torch.norm(x); torch.tensordot(x, x, 2); torch.atleast_1d(x); torch.broadcast_tensors(x, p); x.tolist()
x[0, 0].item(); x.detach(); x.clone(); torch.numel(x); torch.is_tensor(x); x.element_size(); x.is_floating_point()
x.masked_fill(p > 0, 1); torch.linalg.norm(x); torch.numel(p); x.unbind(); setattr(x, 'requires_grad', True)
setattr(x, 'grad', None); setattr(x, 'data', p); x.__setitem__(0, p[0]); x.add_(1); x.mul_(x); x.__iadd__(p)
x.retain_grad(); x.sum(dim=7); x.view(5); x.clone().requires_grad_().sum().backward()
torch.autograd.grad((y * y).sum(), y); y.sum().backward()
""".replace("\n", ";").split(";")  # fmt: skip


@pytest.mark.parametrize("call", [c.strip() for c in CALLS if c.strip()])
def test_what_a_class_is_asked(call):
    def program(torch, log):
        kind = logging_class(torch, log)
        x = (torch.arange(6.0).view(2, 3) + 1).as_subclass(kind)
        y = torch.ones(2, requires_grad=True).as_subclass(kind)
        names = {
            "torch": torch,
            "F": torch.nn.functional,
            "x": x,
            "p": torch.ones(2, 3),
            "y": y,
            "i": torch.tensor([0, 1]),
        }
        log.clear()
        return eval(call, names)

    expected, found = both(program)
    assert found == expected


def test_the_class_of_results_and_the_node():
    def program(torch, log):
        kind = logging_class(torch, log)
        x = torch.ones(2, requires_grad=True).as_subclass(kind)
        y = x * 2
        return (
            type(y).__name__,
            y.grad_fn.name(),
            type(y.sum(0, keepdim=True)[0]).__name__,
            type(y.max(0)).__name__,
        )

    expected, found = both(program)
    assert found == expected


def family(torch, log):
    a = logging_class(torch, log, "A")
    b = logging_class(torch, log, "B", a)
    c = logging_class(torch, log, "C")
    d = type("D", (torch.Tensor,), {})
    return [torch.ones(2).as_subclass(k) for k in (a, b, c, d)]


@pytest.mark.parametrize(
    "call",
    [
        "a + b",
        "b + a",
        "a + c",
        "a + d",
        "a - c",
        "torch.add(a, c)",
        "torch.add(d, a)",
        "torch.stack([a, b])",
        "a.mul(c)",
    ],
)
def test_the_order_of_classes(call):
    def program(torch, log):
        a, b, c, d = family(torch, log)
        log.clear()
        return eval(call, {"torch": torch, "a": a, "b": b, "c": c, "d": d})

    expected, found = both(program)
    assert found == expected


def refusing(torch):
    class Refusing(torch.Tensor):
        @classmethod
        def __torch_function__(cls, func, types, args=(), kwargs=None):
            return NotImplemented

    return torch.ones(2).as_subclass(Refusing)


@pytest.mark.parametrize(
    "call",
    [
        "torch.add(n, 1)",
        "n.add(1)",
        "n + 1",
        "1 - n",
        "n == 1",
        "n.shape",
        "F.relu(n)",
        "F.linear(n, n)",
        "torch.cat([n])",
        "n.detach()",
    ],
)
def test_all_refuse(call):
    def program(torch, log):
        return eval(call, {"torch": torch, "n": refusing(torch), "F": torch.nn.functional})

    expected, found = both(program)
    assert found == expected


@pytest.mark.parametrize(
    "call",
    [
        "torch.mean(s)",
        "torch.add(s, x)",
        "x + s",
        "s + x",
        "x.add(s)",
        "torch.cat([s, x])",
        "F.relu(s)",
        "F.linear(x, s)",
        "x * s",
        "x[s]",
    ],
)
@pytest.mark.parametrize("answer", ["value", "NotImplemented"])
def test_a_class_that_is_no_tensor(call, answer):
    def program(torch, log):
        class Scalar:
            @classmethod
            def __torch_function__(cls, func, types, args=(), kwargs=None):
                log.note("S", func, types, args, kwargs)
                return 7 if answer == "value" else NotImplemented

        return eval(call, {"torch": torch, "s": Scalar(), "x": torch.ones(2), "F": torch.nn.functional})

    expected, found = both(program)
    assert found == expected


def test_handled_functions_by_identity():
    """A table of overridden functions that was made before anything was overridable."""
    for torch in (oracle, leafgrad):
        table = {
            torch.mean: lambda x: "mean",
            torch.Tensor.add: lambda x, y: "add",
            torch.nn.functional.relu: lambda x, **k: "relu",
        }
        early = torch.mean

        class Mine(torch.Tensor):
            @classmethod
            def __torch_function__(cls, func, types, args=(), kwargs=None, table=table):
                return table[func](*args, **(kwargs or {}))

        x = torch.ones(2).as_subclass(Mine)
        assert (torch.mean(x), early(x), x + 1, x.add(2), torch.nn.functional.relu(x)) == (
            "mean",
            "mean",
            "add",
            "add",
            "relu",
        )
        assert torch.mean is early


def test_nothing_is_installed_before_it_is_needed():
    code = leafgrad.add.__code__, leafgrad.Tensor.add.__code__

    class Plain(leafgrad.Tensor):
        pass

    assert (leafgrad.add.__code__, leafgrad.Tensor.add.__code__) == code

    class Mine(leafgrad.Tensor):
        @classmethod
        def __torch_function__(cls, func, types, args=(), kwargs=None):
            return super().__torch_function__(func, types, args, kwargs)

    assert leafgrad.add.__code__ is not code[0]


def mode_class(torch, log):
    class Mode(overrides(torch).TorchFunctionMode):
        def __init__(self, name):
            self.name = name

        def __torch_function__(self, func, types, args=(), kwargs=None):
            log.note(self.name, func, types, args, kwargs)
            return func(*args, **(kwargs or {}))

    return Mode


MODE_CALLS = """
torch.ones(2); torch.tensor([1.0]); torch.zeros_like(p); torch.arange(3); torch.full((2,), 1.0); p + 1; p.add(1)
p.shape; p.T; F.relu(p); p.sum().item(); p.numel(); p.detach(); torch.is_tensor(p); torch.exp(p); p[0]
p.requires_grad_(False); torch.is_floating_point(p); p.is_floating_point(); torch.eye(2); (q * q).sum().backward()
torch.autograd.grad((q * q).sum(), q); torch.autograd.backward((q * 2).sum()); repr(p); torch.from_numpy(np.ones(2))
len(p)
""".replace("\n", ";").split(";")  # fmt: skip


@pytest.mark.parametrize("call", [c.strip() for c in MODE_CALLS if c.strip()])
def test_what_modes_are_asked(call):
    def program(torch, log):
        mode = mode_class(torch, log)
        names = {
            "torch": torch,
            "F": torch.nn.functional,
            "p": torch.ones(2, 3),
            "q": torch.ones(2, requires_grad=True),
            "np": np,
        }
        with mode("a"), mode("b"):
            return eval(call, names)

    expected, found = both(program)
    assert found == expected


def test_modes_and_the_switches():
    def program(torch, log):
        mode = mode_class(torch, log)
        T = logging_class(torch, log)
        x = torch.ones(2).as_subclass(T)
        log.clear()
        with mode("m") as m:
            x + 1
            with torch._C.DisableTorchFunctionSubclass():
                x + 1
            with torch._C.DisableTorchFunction():
                x + 1
            log.append(overrides(torch)._get_current_function_mode() is m)
            with overrides(torch)._pop_mode_temporarily():
                x + 1
            with m:
                x.neg()
        return overrides(torch)._get_current_function_mode(), len(
            overrides(torch)._get_current_function_mode_stack()
        )

    expected, found = both(program)
    assert found == expected


@pytest.mark.parametrize("call", ["torch.ones(2)", "x + 1", "F.relu(x)", "x.add(1)"])
def test_modes_that_refuse_or_are_abstract(call):
    def program(torch, log):
        class Refusing(overrides(torch).TorchFunctionMode):
            def __torch_function__(self, func, types, args=(), kwargs=None):
                return NotImplemented

            def __repr__(self):
                return "R"

        names = {"torch": torch, "x": torch.ones(2), "F": torch.nn.functional}
        out = []
        for mode in (Refusing, overrides(torch).TorchFunctionMode, overrides(torch).BaseTorchFunctionMode):

            def run(mode=mode):
                with mode():
                    return eval(call, names)

            out.append(ran(run))
        return out

    expected, found = both(program)
    assert found == expected


def test_users_own_functions():
    def program(torch, log):
        o = overrides(torch)
        T = logging_class(torch, log)

        def scaled(a, b):
            if o.has_torch_function((a, b)):
                return o.handle_torch_function(scaled, (a, b), a, b)
            return a * b + 1

        wrapped = o.wrap_torch_function(lambda a: (a,))(lambda a: a + 10)
        x, p = torch.ones(2).as_subclass(T), torch.ones(2)
        out = [
            scaled(p, p),
            scaled(x, p),
            wrapped(p),
            wrapped(x),
            o.handle_torch_function(torch.add, (p,), p, 1),
        ]
        out += [
            o.has_torch_function((p,)),
            o.has_torch_function_unary(x),
            o.has_torch_function_variadic(p, x),
        ]
        out += [
            o.redispatch_function(scaled, (T,), (x, p), {}),
            o.redispatch_function(torch.add, (T,), (x, 1), {}),
        ]
        return out

    expected, found = both(program)
    assert found == expected


NAMES = [
    "torch.add",
    "torch.Tensor.add",
    "torch.Tensor.shape.__get__",
    "torch.nn.functional.relu",
    "print",
    "torch.Tensor.__add__",
    "torch.split",
]


@pytest.mark.parametrize("name", NAMES)
def test_names(name):
    def program(torch, log):
        o, f = overrides(torch), eval(name, {"torch": torch})
        return o.resolve_name(f), o.is_tensor_method_or_property(f)

    expected, found = both(program)
    assert found == expected


def test_is_tensor_like_and_the_lists():
    install()
    for torch in (oracle, leafgrad):
        o = overrides(torch)
        assert [o.is_tensor_like(x) for x in (torch.ones(1), 1, [torch.ones(1)], type("S", (), {"__torch_function__": 1})())] == [
            True, False, False, True,
        ]  # fmt: skip
        found = o.get_overridable_functions()
        assert (
            torch.add in found[torch]
            and torch.Tensor.add in found[torch.Tensor]
            and torch.nn.functional.relu in found[torch.nn.functional]
        )
        assert torch.is_tensor in o.get_ignored_functions() and torch.is_tensor not in found[torch]


def test_errors_name_the_same_arguments_when_functions_are_overridable():
    def program(torch, log):
        logging_class(torch, log)
        x = torch.ones(2, 3)
        calls = [
            lambda: x.clamp_("a"),
            lambda: torch.add(x),
            lambda: x.add("a"),
            lambda: torch.sum(x, "a"),
            lambda: x.view("a"),
        ]
        return [ran(c) for c in calls]

    expected, found = both(program)
    assert found == expected


def test_plain_methods_warn():
    for torch in (oracle, leafgrad):

        class Old(torch.Tensor):
            def __torch_function__(self, func, types, args=(), kwargs=None):
                return "old"

        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            assert torch.ones(1).as_subclass(Old) + 1 == "old"
        if torch is leafgrad:  # torch warns once in a process
            assert [str(w.message).split(",")[0] for w in caught] == ["Defining your `__torch_function__` as a plain method is deprecated and will be an error in future"]  # fmt: skip  # noqa: E501


def test_parameters_and_disabled_classes_take_no_part():
    def program(torch, log):
        mode = mode_class(torch, log)
        p = torch.nn.Parameter(torch.ones(2))
        Off = type("Off", (torch.Tensor,), {"__torch_function__": torch._C._disabled_torch_function_impl})
        with mode("m"):
            return type(p * 2).__name__, type(torch.ones(2).as_subclass(Off) * 2).__name__

    expected, found = both(program)
    assert found == expected
