"""The examples run unmodified on leafgrad, with the output that torch gives."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))


def output(*command):
    """What `python *command` prints, addresses masked; it must end well."""
    done = subprocess.run(
        [sys.executable, *map(str, command)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src"), "PYTHONIOENCODING": "utf-8"},
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    return re.sub(r"0x[0-9a-f]+", "0x", done.stdout), done.stderr


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_examples_run(example):
    shown, _ = output("-m", "leafgrad", example)
    assert shown.strip()


@pytest.mark.oracle
@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="torch is not installed")
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_examples_print_what_torch_prints(example):
    assert output("-m", "leafgrad", example)[0] == output(example)[0]


def test_warnings_name_the_line_of_the_program():
    _, complaints = output("-m", "leafgrad", ROOT / "examples" / "article.py")
    lines = (ROOT / "examples" / "article.py").read_text(encoding="utf-8").splitlines()
    places = [int(number) for number in re.findall(r"article\.py:(\d+): UserWarning: The \.grad", complaints)]
    assert places and all(".grad" in lines[place - 1] for place in places)
    assert complaints.count("Warning:") == len(places)  # and nothing else, such as NumPy's, gets through


def test_the_tour():
    shown, complaints = output("-m", "leafgrad", "tour")
    assert complaints == ""
    answers = shown.split("\n")
    for line in [
        "tensor(7.3891, grad_fn=<ExpBackward0>)",
        "tensor(2.) None None",
        "tensor(40.) None <MeanBackward0 object at 0x>",
        "└─ MulBackward0  l4",
        "   │  ├─ [1] MulBackward0  l1",
        "      ├─ [1] above  l1",
        "tensor(28.) tensor(8.) tensor(10.)",
        "None None None None None",
        "tensor([5., 5., 5., 5.])",
    ]:
        assert line in answers
    errors = [line for line in answers if line.startswith("RuntimeError: ")]
    assert [error.split()[1:4] for error in errors] == [
        ["Trying", "to", "backward"],
        ["one", "of", "the"],
        ["a", "leaf", "Variable"],
        ["a", "leaf", "Variable"],
    ]
