"""Public functions as they were before the first class took over: tests that come later shall run what most programs run."""

import sys

import pytest

import leafgrad
from leafgrad.base.state import State, leave_mode, modes, state
from leafgrad.face import subclass as face
from leafgrad.tensor import overriding, subclass


def restore():
    """Undo what the first class with `__torch_function__` or `__torch_dispatch__` has done to this process."""
    for function, entry in overriding.ENTRIES.items():
        inner = entry.function
        function.__code__, function.__defaults__ = inner.__code__, inner.__defaults__
        function.__kwdefaults__ = inner.__kwdefaults__
        del function.__dict__["__wrapped__"]
    overriding.ENTRIES.clear()
    subclass.watch_functions = face.watch_functions
    sys.modules.pop("leafgrad.overrides", None)  # to import it again installs it again
    vars(leafgrad).pop("overrides", None)
    for name in ("interceptors", "opened"):
        setattr(State, name, ())
        setattr(state, name, ())


def install():
    """What importing `leafgrad.overrides` does."""
    subclass.watch_functions()


@pytest.fixture(autouse=True)
def fast_again():
    """Each test begins with functions that ask nobody."""
    before = subclass._MODE in modes  # a subclass that another file has defined
    yield
    restore()
    if not before and subclass._MODE in modes:
        leave_mode(subclass._MODE)
