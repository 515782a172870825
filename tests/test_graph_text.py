"""Graphs drawn as text: shared nodes once, names beside nodes, long graphs without recursion."""

import importlib

import pytest

from leafgrad.graph_text import DEPTH, draw
from tests.both import each_module


@each_module
def test_the_article(torch):
    names = {name: torch.tensor(2.0, requires_grad=True) for name in ("w1", "w2", "w3")}
    w1, w2, w3 = names.values()
    l1 = torch.ones(2, 2) * w1
    loss = ((l1 + w2) * (l1 * w3)).mean()
    assert draw(loss, {**names, "l1": l1, "loss": loss, "n": 3}).split("\n") == [
        "MeanBackward0  loss",
        "└─ MulBackward0",
        "   ├─ AddBackward0",
        "   │  ├─ [1] MulBackward0  l1",
        "   │  │  └─ AccumulateGrad ()  w1",
        "   │  └─ AccumulateGrad ()  w2",
        "   └─ MulBackward0",
        "      ├─ [1] above  l1",
        "      └─ AccumulateGrad ()  w3",
    ]


@each_module
def test_outputs_are_told_apart(torch):
    first, second = torch.ones(2, 3, requires_grad=True).unbind(0)
    assert draw(first * second, {"first": first, "second": second}).split("\n") == [
        "MulBackward0",
        "├─ [1] UnbindBackward0  first",
        "│  └─ AccumulateGrad (2, 3)",
        "└─ [1] above, output 1  second",
    ]
    assert draw(second).startswith("UnbindBackward0, output 1\n")


@each_module
def test_a_function_has_its_own_name(torch):
    function = importlib.import_module(torch.__name__ + ".autograd").Function

    class Twice(function):
        @staticmethod
        def forward(ctx, x):
            return 2 * x

        @staticmethod
        def backward(ctx, grad):
            return 2 * grad

    x = torch.ones((), requires_grad=True)
    assert draw(Twice.apply(x)) == "TwiceBackward\n└─ AccumulateGrad ()"


@each_module
def test_without_history(torch):
    assert draw(torch.ones(2)) == "a tensor that requires no grad, shape (2,): no graph"
    assert draw(torch.ones(2, requires_grad=True)) == "a leaf, shape (2,): no graph"


@each_module
@pytest.mark.parametrize("steps", [3 * DEPTH, 20_000])
def test_long_graphs_stay_narrow(torch, steps):
    x = torch.ones((), requires_grad=True)
    y = x
    for _ in range(steps):
        y = y + x
    lines = draw(y, {"x": x}).split("\n")
    assert max(map(len, lines)) < 4 * DEPTH + 40
    assert sum(line.endswith("AddBackward0") for line in lines) == steps
    assert sum("AccumulateGrad" in line for line in lines) == 1
    pieces = sum("below" in line for line in lines)
    assert pieces == (steps - 1) // DEPTH
    assert len(lines) == 2 * steps + 1 + pieces


@each_module
def test_nodes_reached_from_far_and_near_are_drawn_once(torch):
    x = torch.ones((), requires_grad=True)
    shared = x.exp()
    far = shared
    for _ in range(DEPTH + 3):
        far = far.sin()
    text = draw(far * shared)
    assert text.count("ExpBackward0") == 1 and text.count("AccumulateGrad") == 1
    assert text.count("SinBackward0") == DEPTH + 3
