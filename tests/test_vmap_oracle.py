"""vmap of every op that op_db and leafgrad share, beside a Python loop over the samples and beside what torch.vmap refuses.

One test is one op with one dtype, out of place or in place: `-k gather`, `-k "gather and float64"`.
"""

import re
import subprocess
import sys

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("expecttest")

import leafgrad  # noqa: E402
from leafgrad.func.loops import loops  # noqa: E402
from leafgrad.op.record import REGISTRY  # noqa: E402

from .oracle import batching, checks  # noqa: E402
from .oracle.samples import OPS, differentiates, supports  # noqa: E402

pytestmark = [pytest.mark.oracle, pytest.mark.filterwarnings("ignore")]

# op: [(part of a line that is meant, why)]
EXCUSED = {}


def dtypes(op):
    if supports(op, "float64"):
        yield "float64"
    if supports(op, "int64") and not differentiates(op, "float64"):
        yield "int64"


def has_in_place(op):
    return all(checks.in_place_method(lib, op) for lib in (torch, leafgrad))


CELLS = [
    (name, dtype, place)
    for name, op in OPS.items()
    for dtype in dtypes(op)
    for place in ("out_of_place", "in_place")
    if place == "out_of_place" or has_in_place(op)
]


@pytest.mark.parametrize(("name", "dtype", "place"), [pytest.param(*c, id="-".join(c)) for c in CELLS])
def test_vmap(name, dtype, place):
    in_place = place == "in_place"
    lines = batching.vmap_like_loop(OPS[name], dtype, most=3 if in_place else 4, in_place=in_place)
    excused = EXCUSED.get(name, ())
    lines = [line for line in lines if not any(re.search(part, line) for part, _ in excused)]
    assert not lines, f"{len(lines)} cases differ:\n" + "\n".join(lines[:6])


@pytest.mark.parametrize("dtype", ["float64", "complex128"])
@pytest.mark.parametrize("name", OPS)
def test_gradients_at_once(name, dtype):
    if differentiates(OPS[name], dtype):
        lines = batching.gradients_at_once(OPS[name], dtype)
        assert not lines, f"{len(lines)} cases differ:\n" + "\n".join(lines[:6])


# Rules that are wrong: what they compute, by 0.1 %; their derivative; inside another vmap.
WRONG = {
    "gather": lambda right: lambda self, index, dim: right(self, index, dim) * 1.001,
    "index_select": lambda right: (
        lambda self, index, dim, batched, samples: right(self.detach(), index, dim, batched, samples)
    ),
    "tril": lambda right: (
        lambda self, diagonal: leafgrad.from_numpy(np.tril(self._data, diagonal)) + 0 * self
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_rule_is_found(name, monkeypatch):
    op = REGISTRY[name]
    monkeypatch.setattr(op, "batch", WRONG[name](op.batch))
    assert batching.vmap_like_loop(OPS[name], "float64")


@pytest.mark.parametrize("name", ["permute", "mm", "sum"])
def test_a_wrong_rule_for_stacked_gradients_is_found(name, monkeypatch):
    for op in [op for op in REGISTRY.values() if op.name == name]:
        rule = op.rules[0]
        monkeypatch.setattr(rule, "stacked", lambda *args, right=rule.stacked: right(*args) * 1.001)
    assert batching.gradients_at_once(OPS[name], "float64")


def test_few_ops_are_called_in_a_loop():
    assert len(loops()) <= 10, loops()


def test_the_loops_are_printed():
    done = subprocess.run(
        [sys.executable, "-m", "leafgrad.func.loops"], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == loops()
