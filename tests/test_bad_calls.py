"""Bad calls raise torch's exception with torch's first sentence, and leave every tensor as it was."""

import ast
import copy
import pickle
import re
import warnings

import numpy as np
import pytest

from tests.bad_calls import CASES
from tests.both import first_sentence

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.oracle

NAMES = [f"{subject}: {call}"[:110] for subject, _, call, _ in CASES]


class Scene:
    """A bad call set up on one module: what is raised, and what has changed afterwards."""

    def __init__(self, module, setup, call):
        self.names = {"torch": module, "np": np, "copy": copy, "pickle": pickle}
        *before, call = (ast.unparse(statement) for statement in ast.parse(call).body)
        exec("\n".join(["nn = torch.nn", setup, *before]), self.names)
        self.tensors = {name: thing for name, thing in self.names.items() if hasattr(thing, "requires_grad_")}
        before = self.snapshot()
        self.error = None
        try:
            exec(call, self.names)
        except Exception as error:
            self.error = error
        after = self.snapshot()
        self.changed = {name: (before[name], after[name]) for name in before if before[name] != after[name]}

    def snapshot(self):
        return {name: state(tensor) for name, tensor in self.tensors.items()}


def state(tensor):
    """All of a tensor that a failing call must leave alone."""
    node = tensor.grad_fn
    return {
        "bytes": tensor.detach().resolve_conj().numpy().tobytes(),
        "shape": tuple(tensor.shape),
        "stride": tensor.stride(),
        "dtype": str(tensor.dtype),
        "version": tensor._version,
        "requires_grad": tensor.requires_grad,
        "is_leaf": tensor.is_leaf,
        "grad_fn": None if node is None else node.name(),
        "grad": None if not tensor.is_leaf or tensor.grad is None else tensor.grad.numpy().tobytes(),
    }


def sentence(error):
    """The first sentence, without the overloads that torch may list in it."""
    return re.split(r", but expected (?:one of|\()", first_sentence(error))[0]


def run(module, setup, call):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Scene(module, setup, call)


def test_there_are_enough():
    assert len(CASES) >= 700
    assert len({(setup, call) for _, setup, call, _ in CASES}) == len(CASES)


@pytest.mark.parametrize(("subject", "setup", "call", "phrase"), CASES, ids=NAMES)
def test_bad_call(subject, setup, call, phrase):
    theirs = run(torch, setup, call)
    assert theirs.error is not None, "torch accepts this"
    leafgrad = pytest.importorskip("leafgrad")
    ours = run(leafgrad, setup, call)
    assert ours.error is not None, f"nothing raised; torch: {theirs.error}"
    assert type(ours.error).__name__ == type(theirs.error).__name__, (
        f"{ours.error!r}, torch: {theirs.error!r}"
    )
    if phrase is None:
        assert sentence(ours.error) == sentence(theirs.error)
    else:
        assert phrase in str(theirs.error) and phrase in str(ours.error)
    # Of a partly bad scatter torch writes the good part, leafgrad nothing. What a Function writes is its own.
    assert not ours.changed or (subject == "Function" and ours.changed.keys() <= theirs.changed.keys())
