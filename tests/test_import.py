"""What `import leafgrad` does and what it leaves for later (base/later.py)."""

import subprocess
import sys
import threading

import pytest

import leafgrad
from leafgrad.base.later import Later, later
from leafgrad.op.record import REGISTRY

# Run when a program first needs them, and so not by the import.
LATER = """
values.advanced values.arrange values.distributions values.gather values.index values.integers values.normal values.normalization
values.places values.ranges values.rng values.rows values.sampling values.scans values.softmax values.sorting face.printing
face.format_numbers autograd.gradcheck
"""
UNTOUCHED = """
alias autograd.forward_ad autograd.function autograd.functional autograd.gradcheck_rules autograd.graph autograd.profiler
base.messages.others cuda func fx library linalg nn overrides profiler random special testing utils values.mt19937
"""


def run(code):
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert not done.returncode, done.stderr
    return done.stdout.strip()


def test_what_few_programs_need_does_not_run():
    code = "import sys, leafgrad; print([n for n, m in sys.modules.items() if 'leafgrad.base.later' == type(m).__module__])"
    assert set(run(code).split("'")[1::2]) == {f"leafgrad.{name}" for name in LATER.split()}
    loaded = run("import sys, leafgrad; print(*sys.modules)").split()
    assert not {f"leafgrad.{name}" for name in UNTOUCHED.split()} & set(loaded)
    numpy = run("import sys, numpy; print(*sys.modules)").split()
    assert not {"dataclasses", "inspect", "textwrap", "importlib.util", "numpy.random"} & (
        set(loaded) - set(numpy)
    )


def test_all_rows_are_there():
    names = run("import leafgrad; from leafgrad.op.record import REGISTRY; print(*REGISTRY)").split()
    everything = "import leafgrad; from leafgrad import fx, func, library, nn, utils, random, testing; "
    assert run(everything + "from leafgrad.op.record import REGISTRY; print(*REGISTRY)").split() == names
    assert set(names) <= set(REGISTRY) and len(names) > 390


def test_names_are_there_before_they_are_needed():
    assert set(run("import leafgrad; print(*dir(leafgrad))").split()) >= set(leafgrad.__all__)
    assert set(run("import leafgrad; print(*dir(leafgrad.autograd))").split()) >= set(
        leafgrad.autograd.__all__
    )
    assert (
        run("from leafgrad import *; print(manual_seed(0).initial_seed(), nn.Parameter.__name__)")
        == "0 Parameter"
    )


def test_a_function_is_not_replaced_by_the_module_of_its_name():
    code = "from leafgrad.autograd.gradcheck import GradcheckError; import leafgrad.autograd.gradcheck, leafgrad; "
    shown = "print(leafgrad.autograd.gradcheck.__name__, leafgrad.autograd.GradcheckError is GradcheckError)"
    assert run(code + shown) == "gradcheck True"


def test_a_module_that_has_run_is_like_any_other():
    from leafgrad.values import scans

    assert callable(scans.cumsum) and type(scans) is not Later
    assert scans is sys.modules["leafgrad.values.scans"] and scans.__spec__.name == scans.__name__
    assert scans.__doc__ and scans.__file__ and scans.cumsum.__globals__ is vars(scans)


def lazy(tmp_path, monkeypatch, name, text):
    """A module of a package of its own, declared to run later."""
    package = f"package_{name}"
    (tmp_path / package).mkdir()
    (tmp_path / package / "__init__.py").touch()
    (tmp_path / package / f"{name}.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    __import__(package)
    later(package, name)
    return sys.modules[f"{package}.{name}"]


def test_threads_wait_until_a_module_has_run(tmp_path, monkeypatch):
    text = "import time\ndef first(): return second()\ntime.sleep(0.2)\ndef second(): return 2\nruns = globals().get('runs', 0) + 1"
    module = lazy(tmp_path, monkeypatch, "slow", text)
    assert type(module) is Later
    found = []
    threads = [threading.Thread(target=lambda: found.append((module.first(), module.runs))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [(2, 1)] * 8


def test_a_module_that_failed_is_run_again(tmp_path, monkeypatch):
    module = lazy(
        tmp_path,
        monkeypatch,
        "failing",
        "import sys\nif not hasattr(sys, 'ready'): raise OSError('not yet')\nvalue = 3",
    )
    for _ in range(2):
        with pytest.raises(OSError, match="not yet"):
            module.value
    monkeypatch.setattr(sys, "ready", True, raising=False)
    assert module.value == 3


def test_a_missing_name_is_an_attribute_error():
    assert not hasattr(leafgrad, "nothing_of_this_name") and not hasattr(
        leafgrad.autograd, "nothing_of_this_name"
    )
    assert not hasattr(leafgrad.values.sorting, "nothing_of_this_name")
