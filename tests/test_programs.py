"""Each program of tests/programs on torch and on leafgrad: the same lines, the same errors, the same warnings."""

import re
import warnings
from types import FunctionType

import pytest

import leafgrad
from tests.both import first_sentence
from tests.programs import backward, functions, hooks, modes, outputs, tensors, walks

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.oracle

PROGRAMS = [
    pytest.param(f, id=f"{module.__name__.rpartition('.')[2]}-{f.__name__}")
    for module in (backward, functions, outputs, hooks, modes, tensors, walks)
    for f in vars(module).values()
    if type(f) is FunctionType and f.__name__[0] != "_"
]


class Transcript:
    """What a program says, one entry for each time."""

    def __init__(self):
        self.lines = []

    def __call__(self, *things):
        self.lines.append(plain(" ".join(map(str, things))))

    def attempt(self, function, *args, **named):
        """Note what a call returns, or the type and the first sentence of what it raises."""
        try:
            self.lines.append("returns " + plain(repr(function(*args, **named))))
        except Exception as error:
            self.lines.append(f"{type(error).__name__}: {plain(first_sentence(error))}")


def plain(text):
    """Without addresses, and without the name of the module."""
    return re.sub(r"0x[0-9a-f]+", "0x", text).replace("leafgrad", "torch")


def transcript(program, module):
    """What the program says on a module, and the warnings it causes, as (category, first sentence)."""
    say = Transcript()
    module.manual_seed(0)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warnings.simplefilter("ignore", RuntimeWarning)  # NumPy's, of infinities
        program(module, say)
    caught = [
        w for w in caught if not re.search(r"torch\.jit\.script|__array_wrap__", str(w.message))
    ]  # torch's own
    if module is leafgrad:
        assert {w.filename for w in caught} <= {program.__code__.co_filename, __file__}  # the user's line
    return say.lines, {(w.category.__name__, plain(said(w.message))) for w in caught}


def said(message):
    """The first sentence of a warning, without the place in torch's source."""
    return first_sentence(re.sub(r"\(Triggered internally.*", "", str(message), flags=re.S))


@pytest.mark.parametrize("program", PROGRAMS)
def test_program(program):
    before = torch.is_warn_always_enabled()
    torch.set_warn_always(True)
    try:
        expected = transcript(program, torch)
    finally:
        torch.set_warn_always(before)
    assert transcript(program, leafgrad) == expected


def test_a_number_of_a_tensor_that_requires_grad_warns_once(monkeypatch):
    monkeypatch.setattr("leafgrad.face.convert._warned", False)
    x = leafgrad.ones(1, requires_grad=True)
    with pytest.warns(UserWarning, match="Converting a tensor with requires_grad=True to a scalar"):
        assert float(x) == 1.0
    assert complex(x) == float(x) == 1.0
