"""Random nested programs of transforms agree with torch, and vmap with a loop; wrong rules are found.

`python -m tests.transforms 20000` is the same with more programs.
"""

import pytest

torch = pytest.importorskip("torch")

from leafgrad.func import pull, reverse  # noqa: E402
from leafgrad.tensor import batch, forward, intercept  # noqa: E402
from tests.transforms.compare import differences  # noqa: E402

pytestmark = pytest.mark.oracle


@pytest.mark.parametrize("part", range(4))
def test_programs_agree(part):
    found = [line for seed in range(100 * part, 100 * part + 100) for line in differences(seed, torch)]
    assert not found, "\n".join(found)


# --- the tests of the tests: simpler rules that look right ---


def samples_share_gradients(monkeypatch):
    """What meets the samples of a level is expanded as anything is: its gradient is summed, inside the level too."""
    monkeypatch.setattr(batch, "_unlift", lambda grad, at, level: grad.sum(at))


def newest_level_only(monkeypatch):
    """Inputs of a transform are expanded for the newest of the levels that their company is batched by."""
    fresh = pull.fresh
    monkeypatch.setattr(pull, "fresh", lambda x, among: fresh(x, list(among)[-1:]))
    monkeypatch.setattr(batch.Level, "_met", lambda self, x: x)


def tangents_as_their_tensors(monkeypatch):
    """A tangent is batched by the same levels as its tensor."""
    monkeypatch.setattr(batch, "in_tangents", lambda x, level: False)


def nothing_outside(monkeypatch):
    """What a transform computes has no history but its own."""
    monkeypatch.setattr(pull, "outer", lambda y, inputs: False)
    monkeypatch.setattr(reverse, "beyond", lambda y, inputs: False)


def unsorted_levels(monkeypatch):
    """Levels hide axes in the order in which they come."""

    def embed(x, levels):
        x, others = batch.bottom(x)
        return batch.hide_all(x, [*others, *levels])

    monkeypatch.setattr(batch, "embed", embed)
    monkeypatch.setattr(pull, "embed", embed)


def tangents_are_private(monkeypatch):
    """Tangents are computed where their tensors are: by the levels that are in force."""
    monkeypatch.setattr(
        intercept.everyone, "__enter__", lambda self: setattr(self, "before", intercept.state.interceptors)
    )


def results_forget_tangents(monkeypatch):
    """A node that saved its output gives it back without tangents."""
    monkeypatch.setattr(forward, "keep_for_reverse", lambda o, level: None)


@pytest.mark.parametrize(
    "wrong",
    [
        samples_share_gradients, newest_level_only, tangents_as_their_tensors, nothing_outside, unsorted_levels,
        tangents_are_private, results_forget_tangents,
    ],
)  # fmt: skip
def test_a_wrong_rule_is_found(wrong, monkeypatch):
    wrong(monkeypatch)
    assert any(differences(seed, torch) for seed in range(1500))
