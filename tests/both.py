"""Running the same test on torch and on leafgrad.

A test written once and run on both modules cannot drift: on torch it proves that the expectation is right, on
leafgrad that the library meets it. `each_module` parametrises a test over the two, passing the module as
`torch`.
"""

import importlib
import re

import pytest

each_module = pytest.mark.parametrize(
    "torch",
    [pytest.param("torch", marks=pytest.mark.oracle), pytest.param("leafgrad")],
    indirect=True,
)

# "e.g. ", "i.e. " and "out=... " end no sentence; a file path or a number has no blank after its full stop.
_END_OF_SENTENCE = re.compile(r"(?<!\be\.g)(?<!\bi\.e)(?<!\.\.)\.(?=\s)|\n")


FREED = (
    "Trying to backward through the graph a second time "
    "(or directly access saved tensors after they have already been freed)"
)


def load(name):
    """The module `name`, or a skipped test."""
    return pytest.importorskip(name)


def first_sentence(error):
    """What people match on: an exception's text up to the first full stop (left out) or line end."""
    return _END_OF_SENTENCE.split(str(error).strip(), maxsplit=1)[0].strip().removesuffix(".")


def outcome(call):
    """How `call()` ended: None when it returned, else (exception type's name, first sentence)."""
    try:
        call()
    except Exception as error:
        return type(error).__name__, first_sentence(error)
    return None


def submodule(torch, path):
    """`submodule(torch, "autograd.forward_ad")`: torch's module, or leafgrad's of the same name."""
    return importlib.import_module(f"{torch.__name__}.{path}")
