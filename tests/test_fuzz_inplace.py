"""Random programs of views, in-place writes, detach and no_grad mean in leafgrad what they mean in torch.

`python -m tests.fuzz 10000` is the same with more programs and a summary.
"""

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("hypothesis")
leafgrad = pytest.importorskip("leafgrad")

from hypothesis import HealthCheck, Phase, given, seed, settings  # noqa: E402

from tests.fuzz.compare import Disagreement, compare  # noqa: E402
from tests.fuzz.programs import WRITERS, programs  # noqa: E402

pytestmark = pytest.mark.oracle

QUICK = settings(
    max_examples=250,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate, Phase.shrink],
)
FIND = settings(QUICK, max_examples=1500, phases=[Phase.generate])


@pytest.mark.parametrize("part", range(2))
def test_programs_agree(part):
    @seed(part)
    @QUICK
    @given(programs())
    def run(program):
        compare(program, torch, leafgrad)

    run()


# What a wrong library would do, as an edit of the program that only one side runs.
FAULTS = {
    "wrong value": (".sin()", ".cos()"),
    "wrong grad_fn": (".exp()", ".exp().clone()"),
    "write not counted": (".sin_(", ".data.sin_("),
    "copy instead of view": (".narrow(", ".clone().narrow("),
    "view instead of copy": (".clone()", ".view_as(t0)"),
    "wrong gradient": ("register_hook(double)", "register_hook(nothing)"),
    "no_grad ignored": ("with torch.no_grad(): ", ""),
    "graph freed": ("retain_graph=True", ""),
    "write lost": ("[1:] = ", "[2:] = "),
    "history lost": (".copy_(", ".detach().copy_("),
    "check missing": (".requires_grad_(False)", ".detach()"),
}


def test_every_instruction_is_drawn():
    seen = set()

    @seed(0)
    @settings(QUICK, max_examples=400, phases=[Phase.generate])
    @given(programs())
    def run(program):
        seen.update(step[0] for step in program[1])

    run()
    assert seen == set(WRITERS)


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_are_found(fault):
    """The test of the test: torch with one fault planted in it does not agree with torch."""
    right, wrong = FAULTS[fault]

    @seed(0)
    @FIND
    @given(programs())
    def run(program):
        compare(program, torch, torch, edit=lambda line: line.replace(right, wrong))

    with pytest.raises(Disagreement):
        run()
