"""`library.custom_op` and what can be registered for one: the same programs on torch and on leafgrad."""

import collections.abc
import importlib
import typing
import warnings

import numpy as np
import pytest

from tests.both import first_sentence
from tests.overridden import fast_again  # noqa: F401

oracle = pytest.importorskip("torch")
pytestmark = pytest.mark.oracle
import leafgrad  # noqa: E402

NAMES = {
    "np": np,
    "typing": typing,
    "List": list,
    "Optional": typing.Optional,
    "Sequence": collections.abc.Sequence,
    "Tuple": tuple,
    "Union": typing.Union,
}


def define(torch, text):
    """Run text that defines things; its names."""
    names = {"torch": torch, "Tensor": torch.Tensor, "custom_op": torch.library.custom_op, **NAMES}
    exec(text, names)
    return names


def shown(x):
    if isinstance(x, tuple | list):
        return [shown(each) for each in x]
    if hasattr(x, "grad_fn"):
        return x.grad_fn and x.grad_fn.name(), np.asarray(x.detach().tolist()).round(4).tolist()
    return x if isinstance(x, int | float | str | bool | type(None)) else type(x).__name__


def outcome(text, call, torch):
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            names = define(torch, text)
            return shown(eval(call, names))
    except Exception as error:
        return type(error).__name__, first_sentence(error)


def check(text, call):
    assert outcome(text, call, leafgrad) == outcome(text, call, oracle)


SIN = """
@custom_op("lg_tests::sin", mutates_args=())
def sin(x: Tensor) -> Tensor:
    return torch.from_numpy(np.sin(x.detach().numpy()))
"""
GRAD = (
    SIN
    + """
def setup(ctx, inputs, output):
    ctx.save_for_backward(*inputs)
def backward(ctx, g):
    (x,) = ctx.saved_tensors
    return g * x.cos()
sin.register_autograd(backward, setup_context=setup)
def gradient(x):
    x = x.clone().requires_grad_()
    y = sin(x * 2)
    y.sum().backward()
    return y, x.grad
def second(x):
    x = x.clone().requires_grad_()
    (g,) = torch.autograd.grad(sin(x).sum(), x, create_graph=True)
    return torch.autograd.grad(g.sum(), x)
"""
)
CALLS = [
    "sin(torch.ones(2))", "torch.ops.lg_tests.sin(torch.ones(2))", "torch.ops.lg_tests.sin.default(torch.ones(2))", "repr(sin)", "sin(1)", "sin()",  # noqa: E501
    "sin(torch.ones(1), torch.ones(1))", "sin(y=torch.ones(1))", "sin(x=torch.ones(1))", "sin(torch.ones(1, requires_grad=True))",
    "sin(torch.ones(1, requires_grad=True)).backward()", "str(torch.ops.lg_tests.sin.default)", "torch.ops.lg_tests.nothing",
    "torch.vmap(sin)(torch.ones(2, 3))",
]  # fmt: skip


@pytest.mark.parametrize("call", CALLS)
def test_calls(call):
    check(SIN, call)


@pytest.mark.parametrize(
    "call", ["gradient(torch.ones(2))", "second(torch.ones(2))", "sin(torch.ones(2)).requires_grad"]
)
def test_autograd(call):
    check(GRAD, call)


VMAP = (
    GRAD
    + """
seen = []
@sin.register_vmap
def _(info, in_dims, x):
    seen.append((info.batch_size, info.randomness, in_dims))
    return sin(x), in_dims[0]
"""
)


@pytest.mark.parametrize(
    "call",
    ["(torch.vmap(sin)(torch.ones(2, 3)), seen)", "torch.vmap(sin, in_dims=1, out_dims=1)(torch.ones(2, 3))"],
)
def test_vmap(call):
    check(VMAP, call)


def test_transforms_of_custom_ops():
    check(VMAP, "torch.vmap(torch.func.grad(lambda x: sin(x).sum()))(torch.ones(2))")


BAD = [
    '@custom_op("lg_tests::a", mutates_args=())\ndef a(x) -> Tensor: return x',
    '@custom_op("lg_tests::a", mutates_args=())\ndef a(x: Tensor): return x',
    '@custom_op("lg_tests::a", mutates_args=())\ndef a(x: dict) -> Tensor: return x',
    '@custom_op("noname", mutates_args=())\ndef a(x: Tensor) -> Tensor: return x',
    '@custom_op("lg_tests::a", mutates_args={"y"})\ndef a(x: Tensor) -> Tensor: return x',
    '@custom_op("lg_tests::a")\ndef a(x: Tensor) -> Tensor: return x',
    '@custom_op("lg_tests::a", mutates_args=())\ndef a(x: Tensor, *y: Tensor) -> Tensor: return x',
    '@custom_op("lg_tests::a", mutates_args=())\ndef a(x: Tensor) -> str: return x',
    '@custom_op("lg_tests::a", mutates_args={"n"})\ndef a(x: Tensor, n: int) -> Tensor: return x',
    'torch.library.register_autograd("lg_tests::nope", lambda ctx, g: g)',
]  # fmt: skip


@pytest.mark.parametrize("text", BAD)
def test_what_cannot_be_defined(text):
    expected, found = outcome(text, "1", oracle), outcome(text, "1", leafgrad)
    if "valid types" in expected[1]:
        expected = expected[0], expected[1].partition(" The valid types")[0]
    assert found[0] == expected[0] and found[1].startswith(expected[1].split(" Got")[0].rstrip("."))


MANY = """
@custom_op("lg_tests::many", mutates_args=())
def many(x: Tensor, ys: Sequence[Tensor], n: int, f: float = 1.5, flag: bool = True, s: str = "hi", o: Optional[Tensor] = None,
         dims: Optional[List[int]] = None, *, sc: Union[int, float, bool] = 2) -> Tuple[Tensor, List[Tensor], int]:
    return x * f, [y.clone() for y in ys], n
"""


@pytest.mark.parametrize(
    "call",
    [
        "many(torch.ones(2), [torch.ones(1)], 3)", "many(torch.ones(2), [torch.ones(1)], 'q')", "many(torch.ones(2), [torch.ones(1)], 3, 2.5, dims=[1])",  # noqa: E501
        "many(torch.ones(2), 5, 3)", "many(torch.ones(2), [], 3, o=torch.ones(1), sc=1.5)", "many(torch.ones(2), [torch.ones(1)], 3, s=4)",
    ],
)  # fmt: skip
def test_many_kinds_of_arguments(call):
    check(MANY, call)


def test_schemas():
    text = "def f(x: Tensor, ys: List[Tensor], n: int = 3, *, o: Optional[Tensor] = None, s: str = 'a') -> Tuple[Tensor, int]: ..."
    for mutates in ("()", "{'x'}", "'unknown'", "{'x', 'o'}"):
        check(text, f"torch.library.infer_schema(f, mutates_args={mutates}, op_name='ns::f')")


WRITES = """
@custom_op("lg_tests::inc", mutates_args={"x"})
def inc(x: Tensor, by: float) -> None:
    x.add_(by)
def program():
    x = torch.zeros(2)
    before = x._version
    return inc(x, 2.0), x, x._version > before
"""


@pytest.mark.parametrize(
    "call",
    ["program()", "inc.register_autograd(lambda ctx, g: g)", "inc(torch.zeros(2, requires_grad=True), 1.0)"],
)
def test_operators_that_write(call):
    check(WRITES, call)


LISTS = """
@custom_op("lg_tests::lists", mutates_args=())
def lists(xs: List[Tensor], k: float) -> Tensor:
    return torch.stack(xs).sum(0) * k
needs = []
def setup(ctx, inputs, output):
    ctx.k, ctx.n = inputs[1], len(inputs[0])
def backward(ctx, g):
    needs.append(ctx.needs_input_grad)
    return [g * ctx.k] * ctx.n, None
lists.register_autograd(backward, setup_context=setup)
@custom_op("lg_tests::two", mutates_args=())
def two(x: Tensor, y: Tensor) -> Tuple[Tensor, Tensor]:
    return x * y, x + y
def keep(ctx, inputs, output):
    ctx.save_for_backward(*inputs)
def back(ctx, g, h):
    x, y = ctx.saved_tensors
    return g * y + h, g * x + h
two.register_autograd(back, setup_context=keep)
def wrong():
    two.register_autograd(lambda ctx, g, h: g)
    x = torch.ones(1, requires_grad=True)
    two(x, x)[0].backward()
def program(which):
    x, y = torch.tensor([2.0], requires_grad=True), torch.tensor([3.0])
    if which == "lists":
        lists([x, y], 2.0).backward()
        return x.grad, needs
    a, b = two(x, y)
    (a + 2 * b).backward()
    return a, b, x.grad
"""


@pytest.mark.parametrize("call", ["program('lists')", "program('two')", "wrong()"])
def test_lists_and_several_results(call):
    check(LISTS, call)


RESULTS = """
@custom_op("lg_tests::same", mutates_args=())
def same(x: Tensor) -> Tensor:
    return x
@custom_op("lg_tests::view", mutates_args=())
def view(x: Tensor) -> Tensor:
    return x[0]
@custom_op("lg_tests::number", mutates_args=())
def number(x: Tensor) -> Tensor:
    return 3
@custom_op("lg_tests::schema", mutates_args=(), schema="(Tensor x, int n=2) -> Tensor")
def schema(x, n=2):
    return x * n
@custom_op("lg_tests::cuda", mutates_args=(), device_types="cuda")
def cuda(x: Tensor) -> Tensor:
    return x.clone()
def kernels():
    try:
        cuda(torch.ones(1))
    except NotImplementedError as error:
        first = str(error).split(".")[0]
    cuda.register_kernel("cpu")(lambda x: x + 1)
    return first, cuda(torch.ones(1))
"""


@pytest.mark.parametrize(
    "call", ["number(torch.ones(1))", "schema(torch.ones(2))", "schema(torch.ones(2), n=5)", "kernels()"]
)
def test_results_and_kernels(call):
    check(RESULTS, call)


@pytest.mark.parametrize("call", ["same(torch.ones(1))", "view(torch.ones(2, 2))"])
def test_results_that_share_memory(call):
    kind, text = outcome(RESULTS, call, leafgrad)
    assert (
        kind == outcome(RESULTS, call, oracle)[0] == "RuntimeError"
        and "must not also be an input to this custom operator" in text
    )


def test_dispatch_modes_see_custom_ops():
    for torch in (oracle, leafgrad):
        names, log = define(torch, SIN), []

        class Mode(importlib.import_module(f"{torch.__name__}.utils._python_dispatch").TorchDispatchMode):
            def __torch_dispatch__(self, func, types, args=(), kwargs=None, log=log):
                log.append((str(func), len(args), kwargs))
                return func(*args, **(kwargs or {}))

        x = torch.ones(2)
        with Mode():
            y = names["sin"](x)
        assert log == [("lg_tests.sin.default", 1, {})] and shown(y) == shown(torch.sin(x))


# --- arguments become what the schema says; how many gradients; what is refused ---

ARGUMENTS = [
    "n=t(3)", "n=t(2.5)", "n=True", "n=2.0", "n=2**70", "f=t(2)", "f=t([2.0])", "f=t([1.0, 2.0])", "f=True", "b=3", "b=t(True)",
    "s=t(2.0)", "l=(1, 2)", "l=[t(1)]", "l=[1.5]", "o=2", "o=t(3.0)",
]  # fmt: skip


@pytest.mark.parametrize("arguments", ARGUMENTS)
def test_arguments_become_what_the_schema_says(arguments):
    def run(torch):
        seen = []

        @torch.library.custom_op("issue3::kinds", mutates_args=())
        def kinds(
            x: torch.Tensor,
            n: int = 1,
            f: float = 1.0,
            b: bool = True,
            s: int | float | bool = 2,
            l: list[int] | None = None,
            o: float | None = None,
        ) -> torch.Tensor:
            seen.append(repr((n, f, b, s, l, o)))
            return x * 1

        try:
            eval(f"kinds(torch.ones(1), {arguments})", {"kinds": kinds, "torch": torch, "t": torch.tensor})
        except Exception as error:
            return type(error).__name__, first_sentence(error)
        return seen

    assert run(leafgrad) == run(oracle)


@pytest.mark.parametrize("given", ["x", "x, 3.0", "x, 1.0", "x, 3.0, 4.0", "x, 1.0, 2.0", "x, m=5.0"])
@pytest.mark.parametrize(
    "returned", ["g", "(g,)", "(g, None)", "(g, None, None, None)", "(g, g)", "(g, None, g)", "(g, g, g, g)", "()", "None"]
)  # fmt: skip
def test_gradients_of_arguments_that_were_given(given, returned):
    def run(torch):
        @torch.library.custom_op("issue3::scaled", mutates_args=())
        def scaled(x: torch.Tensor, n: float = 1.0, m: float = 2.0) -> torch.Tensor:
            return x * n * m

        scaled.register_autograd(lambda ctx, g: eval(returned))
        x = torch.ones(1, requires_grad=True)
        try:
            return torch.autograd.grad(eval(f"scaled({given})").sum(), x)[0].tolist()
        except Exception as error:
            return type(error).__name__, first_sentence(error)

    assert run(leafgrad) == run(oracle)


REFUSED = [
    "library.custom_op('aten::sin', same, mutates_args=())", "library.custom_op('::x', same, mutates_args=())",
    "library.custom_op('x::', same, mutates_args=())", "library.custom_op('issue3::kept', same, mutates_args='x')",
    "library.register_autograd(3, same)", "library.register_fake(3, same)", "library.register_fake('issue3::nope', same)",
    "library.custom_op('issue3::kept', same, mutates_args=()).register_kernel('nope', same)",
    "library.custom_op('issue3::nothing', nothing, mutates_args=())(torch.ones(1))",
    "library.custom_op('issue3::named', times, mutates_args=(), schema='(Tensor x, *, int n=3) -> Tensor')(torch.ones(1), 3)",
    "library.infer_schema(listed, mutates_args=())", "library.infer_schema(kinds, mutates_args=())",
    "repr(library.custom_op('issue3::shown', same, mutates_args=())._opoverload._schema)",
]  # fmt: skip


@pytest.mark.parametrize("call", REFUSED)
def test_what_cannot_be_registered(call):
    def run(torch):
        def same(x: torch.Tensor) -> torch.Tensor:
            return x.clone()

        def nothing(x: torch.Tensor) -> None:
            return x.clone()

        def listed(x: torch.Tensor, n: list[int] = [1]) -> torch.Tensor: ...  # noqa: B006

        def kinds(
            x: torch.Tensor,
            d: torch.dtype = torch.float32,
            w: list[float] = None,  # noqa: RUF013
            b: bool = 1,
        ) -> torch.Tensor: ...

        names = {
            "torch": torch,
            "library": torch.library,
            "same": same,
            "nothing": nothing,
            "listed": listed,
            "kinds": kinds,
        }
        try:
            return eval(call, names)
        except Exception as error:
            return type(error).__name__, first_sentence(error)

    assert run(leafgrad) == run(oracle)
    assert leafgrad.sin(leafgrad.zeros(1)).item() == 0.0


def test_a_kernel_is_disabled_in_a_with_only():
    def run(torch):
        @torch.library.custom_op("issue3::switched", mutates_args=())
        def switched(x: torch.Tensor) -> torch.Tensor:
            return x + 1

        switched.register_kernel("cpu", lambda x: x + 2)
        x = torch.zeros(1)
        switched.set_kernel_enabled("cpu", False)
        found = [switched(x).item()]
        with switched.set_kernel_enabled("cpu", False):
            found.append(switched(x).item())
            with switched.set_kernel_enabled("cpu", True):
                found.append(switched(x).item())
        return [*found, switched(x).item()]

    assert run(leafgrad) == run(oracle) == [2.0, 1.0, 2.0, 2.0]


@pytest.mark.parametrize("name", ["Library", "define", "impl", "triton_op", "opcheck", "register_autocast"])
def test_what_is_missing_says_so(name):
    assert hasattr(oracle.library, name)
    with pytest.raises(AttributeError, match=rf"torch\.library\.{name} is not there: "):
        getattr(leafgrad.library, name)
