"""`torch.ops.aten`: ops called by users, before and after handlers were asked for them; what handlers may return and give on."""

import importlib

import pytest

import leafgrad
from tests.both import first_sentence
from tests.overridden import fast_again  # noqa: F401

oracle = pytest.importorskip("torch")
pytestmark = pytest.mark.oracle

# What a mode sees of the first list has more arguments than what is called then: those of the second are the user's.
SEEN = """
x.sum(0) | x.mean(0) | x.var(0) | x.max(0) | torch.cat([x, x]) | x[i] | torch.addmm(x, x, x) | x.sort() | x.topk(1) |
x.gather(0, i[None]) | torch.add(x, x, alpha=2) | x.index_select(0, i) | x.cumsum(0) | torch.nn.functional.layer_norm(x, (2,)) |
x.any(0) | x.prod(0) | x.index_add(0, i, x) | x.scatter(0, i[None], x) | torch.addcmul(x, x, x) | x.logsumexp(0) | x.diagonal() |
x.roll(1) | torch.stack([x, x]) | x.repeat(2, 1) | x.index_put((i,), x) | torch.nn.functional.softplus(x) | torch.outer(x[0], x[0])
"""
CALLED = """
aten.sum.dim_IntList(x, [0]) | aten.sum(x, 0, True) | aten.mean.dim(x, [0]) | aten.var.correction(x, [0], correction=1) |
aten.max.dim(x, 0)[0] | aten.cat([x, x]) | aten.cat.default([x, x], 1) | aten.index.Tensor(x, [i]) | aten.addmm(x, x, x) |
aten.addmm(x, x, x, beta=2, alpha=3) | aten.sort(x)[0] | aten.sort(x, 0, True)[0] | aten.topk(x, 1)[0] | aten.gather(x, 0, i[None]) |
aten.add.Tensor(x, x, alpha=2) | aten.index_select(x, 0, i) | aten.cumsum(x, 0) | aten.layer_norm(x, [2]) | aten.any.dim(x > 1, 0) |
aten.prod.dim_int(x, 0) | aten.index_add(x, 0, i, x, alpha=2) | aten.scatter(x, 0, i[None], x) | aten.scatter(x, 0, i[None], 5.0) |
aten.addcmul(x, x, x, value=2) | aten.logsumexp(x, [0]) | aten.diagonal(x, 1) | aten.roll(x, [1], [0]) | aten.stack([x, x], 1) |
aten.repeat(x, [2, 1]) | aten.index_put(x, [i], x) | aten.softplus(x, 2, 20) | aten.outer(x[0], x[0]) | aten.add.nope(x)
"""


def dispatch_mode(torch):
    return importlib.import_module(f"{torch.__name__}.utils._python_dispatch").TorchDispatchMode


def scope(torch):
    return {
        "torch": torch,
        "aten": torch.ops.aten,
        "x": torch.tensor([[1.0, 2.0], [3.0, 5.0]]),
        "i": torch.tensor([0, 1]),
    }


def outcome(call):
    try:
        result = call()
    except Exception as error:
        return type(error).__name__, first_sentence(error)
    return [t.tolist() for t in result] if isinstance(result, tuple) else result.tolist()


def close(a, b):
    return a == (pytest.approx(b) if isinstance(b, float) else b) if not isinstance(b, list) else (
        isinstance(a, list) and len(a) == len(b) and all(map(close, a, b))
    )  # fmt: skip


@pytest.mark.parametrize("seen", [False, True], ids=["unseen", "seen"])
@pytest.mark.parametrize("call", [c.strip() for c in CALLED.split("|")])
def test_calls_of_users(call, seen, fast_again):  # noqa: F811
    def run(torch):
        class Same(dispatch_mode(torch)):
            def __torch_dispatch__(self, func, types, args=(), kwargs=None):
                return func(*args, **(kwargs or {}))

        names = scope(torch)
        if seen:
            with Same():
                eval(f"[{SEEN.strip().replace('|', ',')}]", names)
        return outcome(lambda: eval(call, names))

    expected, got = run(oracle), run(leafgrad)
    assert close(got, expected), (got, expected)


@pytest.mark.parametrize(
    "value", ["3", "'s'", "[torch.ones(1)]", "(torch.ones(1), torch.ones(1))", "torch.ones(3)"]
)
def test_what_a_handler_returns_must_be_a_tensor(value, fast_again):  # noqa: F811
    def run(torch):
        class Returns(dispatch_mode(torch)):
            def __torch_dispatch__(self, func, types, args=(), kwargs=None):
                return eval(value, {"torch": torch})

        x = torch.ones(2)
        with Returns():
            return outcome(lambda: x.sin())

    assert run(leafgrad) == run(oracle)


def test_a_handler_may_change_named_arguments(fast_again):  # noqa: F811
    """What it calls with another `out=` is not the call that it was asked for."""

    def run(torch):
        class Wrapper(torch.Tensor):
            @staticmethod
            def __new__(cls, inner):
                return torch.Tensor._make_wrapper_subclass(cls, inner.size(), dtype=inner.dtype)

            def __init__(self, inner):
                self.inner = inner

            @classmethod
            def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
                named = {k: v.inner if isinstance(v, Wrapper) else v for k, v in (kwargs or {}).items()}
                func(*[a.inner if isinstance(a, Wrapper) else a for a in args], **named)
                return kwargs["out"]

        w = Wrapper(torch.zeros(2))
        torch.add(torch.ones(2), 1, out=w)
        return w.inner.tolist()

    assert run(leafgrad) == run(oracle) == [2.0, 2.0]


@pytest.mark.parametrize(
    "make",
    [
        "(W, 3)", "(W, (2, 3), dtype=torch.int64, requires_grad=True)", "(W, (2,), pin_memory=3)", "(int, (2,))",
        "(W, (2, 3), strides=(3, 1), storage_offset=2)", "(W, [2, 3], strides=(1, 2), layout=torch.strided)",
    ],
)  # fmt: skip
def test_wrappers_are_made_as_told(make, fast_again):  # noqa: F811
    def run(torch):
        class W(torch.Tensor):
            @classmethod
            def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
                raise AssertionError

        try:
            w = eval(f"torch.Tensor._make_wrapper_subclass{make}", {"torch": torch, "W": W})
        except Exception as error:
            return type(error).__name__, first_sentence(error)
        return tuple(w.shape), w.stride(), w.storage_offset(), str(w.dtype), w.requires_grad

    assert run(leafgrad) == run(oracle)
