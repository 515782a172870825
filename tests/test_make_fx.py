"""make_fx: how many arguments a function and its graph take, on torch and on leafgrad."""

import importlib

import pytest

from tests.both import first_sentence
from tests.overridden import fast_again  # noqa: F401

oracle = pytest.importorskip("torch")
pytestmark = pytest.mark.oracle
import leafgrad  # noqa: E402

CALLS = [
    "make_fx(three)(x, x)", "make_fx(three)(x, x, x, x)", "make_fx(three)(x, x, x)()", "make_fx(three)(x, x, x)(x)",
    "make_fx(three)(x, x, x)(x, x)", "make_fx(three)(x, x, x)(x, x, x, x)", "make_fx(three)(x, x, x)(x, x, x)",
    "make_fx(lambda *a: a[0] + a[1])(x, x)(x, x)", "make_fx(lambda: torch.ones(2))()()", "make_fx(3)(x)",
    "make_fx(three, tracing_mode='nope')(x, x, x)",
]  # fmt: skip


@pytest.mark.parametrize("call", CALLS)
def test_how_many(call, fast_again):  # noqa: F811
    def run(torch):
        make_fx = importlib.import_module(f"{torch.__name__}.fx.experimental.proxy_tensor").make_fx
        names = {"torch": torch, "make_fx": make_fx, "x": torch.ones(2), "three": lambda x, y, z: x + y + z}
        try:
            return eval(call, names).tolist()
        except Exception as error:
            return type(error).__name__, first_sentence(error)

    assert run(leafgrad) == run(oracle)


def test_what_nobody_uses_is_let_go():
    def written(torch):
        make_fx = importlib.import_module(f"{torch.__name__}.fx.experimental.proxy_tensor").make_fx

        def step(a):
            b = a + 1
            b.view(-1).add_(1)
            return b

        return make_fx(step)(torch.ones(2)).code.split()

    assert written(leafgrad) == written(oracle)
