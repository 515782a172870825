"""Standing in for torch: `python -m leafgrad PROGRAM` and `leafgrad.install_as_torch()`."""

import marshal
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "PYTHONIOENCODING": "utf-8"}


def python(*command, cwd=None, text=None):
    return subprocess.run(
        [sys.executable, *map(str, command)],
        capture_output=True,
        encoding="utf-8",
        env=ENVIRONMENT,
        cwd=cwd,
        input=text,
    )


def printed(*command, **how):
    done = python(*command, **how)
    assert done.returncode == 0, done.stderr
    return done.stdout


def with_alias(code):
    return printed("-c", "import leafgrad\nleafgrad.install_as_torch()\n" + code)


MODULES = [
    "func", "autograd.function", "autograd.functional", "autograd.forward_ad", "autograd.graph",
    "autograd.grad_mode", "autograd.anomaly_mode", "autograd.profiler", "autograd.profiler_util", "utils.checkpoint", "utils._pytree",
    "utils._python_dispatch", "overrides", "library", "profiler", "fx", "nn.functional", "nn.parameter", "testing", "_C",
]  # fmt: skip


def test_every_module_has_both_names(tmp_path):
    """By `import torch.x`, by `from torch import x` and as an attribute of torch, each before the others."""
    lines = [
        "import importlib, sys",
        "import torch",
        "from torch.func import grad, vmap",
        "import torch.autograd.profiler as p",
    ]
    lines += ["assert torch.vmap is vmap and torch.func.grad is grad and torch.autograd.profiler is p"]
    for name in MODULES:
        lines += [
            f"import torch.{name}",
            f"assert importlib.import_module('torch.{name}') is sys.modules['leafgrad.{name}'] is torch.{name}",
        ]
    lines += [
        "from torch.autograd.gradcheck import gradcheck",
        "assert torch.autograd.gradcheck is gradcheck",
    ]
    program = tmp_path / "program.py"
    program.write_text("\n".join(lines))
    assert printed("-m", "leafgrad", program) == ""
    for name in ("func", "library", "overrides", "profiler", "autograd.profiler", "utils.checkpoint"):
        program.write_text(f"import torch\nprint(torch.{name}.__name__)")
        assert printed("-m", "leafgrad", program).strip() == f"leafgrad.{name}"


def test_modules_are_the_same_objects():
    shown = with_alias(
        """
import torch, torch.nn.functional as F
from torch import nn, Tensor
from torch.autograd import Function
import torch.autograd.forward_ad as ad
import leafgrad.nn.functional, leafgrad.autograd.forward_ad
print(torch is leafgrad, nn is leafgrad.nn, F is leafgrad.nn.functional, ad is leafgrad.autograd.forward_ad)
print(Tensor is leafgrad.Tensor, Function is leafgrad.autograd.Function, torch.nn.functional is F)
print(leafgrad.nn.__name__, leafgrad.nn.__spec__.name, torch.__version__ == leafgrad.version.__version__)
leafgrad.install_as_torch()
print(sum(finder.__name__ == "Finder" for finder in __import__("sys").meta_path if isinstance(finder, type)))
"""
    )
    assert shown.split("\n") == [
        "True True True True",
        "True True True",
        "leafgrad.nn leafgrad.nn True",
        "1",
        "",
    ]


@pytest.mark.parametrize(
    ("line", "kind", "name"),
    [
        ("torch.compile", "AttributeError", "torch.compile"),
        ("torch.nn.functional.flash", "AttributeError", "torch.nn.functional.flash"),
        ("torch.nn.Transformer3", "AttributeError", "torch.nn.Transformer3"),
        ("torch.linalg.expm3", "AttributeError", "torch.linalg.expm3"),
        ("from torch import compile", "ModuleNotFoundError", "torch.compile"),
        ("from torch.autograd import graph_rewriter", "ModuleNotFoundError", "torch.autograd.graph_rewriter"),
        ("import torch.distributed", "ModuleNotFoundError", "torch.distributed"),
        ("import torch.distributed.rpc", "ModuleNotFoundError", "torch.distributed"),
        (
            "import torch.tensor",
            "ModuleNotFoundError",
            "torch.tensor",
        ),  # a room of ours, not a module of torch's
    ],
)
def test_what_is_not_there_says_so(line, kind, name):
    shown = with_alias(
        f"""
import torch, torch.nn.functional, torch.autograd
try:
    {line}
except Exception as error:
    print(type(error).__name__, error, sep=": ")
print(hasattr(torch, "compile"), getattr(torch, "compile", None), callable(torch.tensor))
"""
    )
    error, rest = shown.split("\n", 1)
    assert error == f"{kind}: leafgrad has no '{name}' yet (leafgrad stands in for torch here)"
    assert rest == "False None True\n"


def test_other_imports_are_left_alone():
    shown = with_alias(
        """
import importlib.util
print(importlib.util.find_spec("no_such_module"), importlib.util.find_spec("torch_geometric_of_nobody"))
try:
    import no_such_module
except ModuleNotFoundError as error:
    print(error)
"""
    )
    assert shown == "None None\nNo module named 'no_such_module'\n"


def test_refused_once_torch_is_there(tmp_path):
    (tmp_path / "torch.py").write_text("")
    done = python("-c", "import torch, leafgrad\nleafgrad.install_as_torch()", cwd=tmp_path)
    assert done.returncode == 1
    assert f"RuntimeError: torch is already imported, from {tmp_path / 'torch.py'}" in done.stderr


PROGRAM = """\
import sys, __main__
print(__name__, sys.argv, sys.path[0], sys.path.count(sys.path[0]), __main__.sys is sys)
print(globals().get("__file__"), __package__, __spec__ and __spec__.name)
print(sorted({name for name in globals() if name.startswith("__")} - {"__annotations__"}))
import beside, pickle
class A: pass
print(type(pickle.loads(pickle.dumps(A()))) is A, __main__.A is A)
"""


def compiled(source):
    from importlib.util import MAGIC_NUMBER

    return MAGIC_NUMBER + bytes(12) + marshal.dumps(compile(source, "program.py", "exec"))


@pytest.fixture
def folder(tmp_path):
    """A folder with a program in it, run from the folder above."""
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "program.py").write_text(PROGRAM)
    (inside / "beside.py").write_text("")
    return inside


@pytest.mark.parametrize(
    "arguments",
    [
        ["inside/program.py", "--version", "-m", "x", "--", "-h"],
        ["inside/../inside/program.py"],
        ["link.py", "a"],
        ["inside", "-c"],
        ["program.zip", "a"],
        ["-m", "inside.program", "-c", "a"],
        ["-m", "inside"],
        ["-c", PROGRAM, "-m", "x"],
        ["-", "x"],
    ],
    ids=lambda arguments: arguments[0] if len(arguments[-1]) < 9 else "code",
)
def test_a_program_runs_as_under_python(folder, arguments):
    (folder.parent / "beside.py").write_text("")
    (folder / "__main__.py").write_text(PROGRAM)
    (folder.parent / "link.py").symlink_to(folder / "program.py")
    with zipfile.ZipFile(folder.parent / "program.zip", "w") as archive:
        archive.writestr("__main__.py", PROGRAM)
        archive.writestr("beside.py", "")
    text = PROGRAM if arguments[0] == "-" else None
    ours = printed("-m", "leafgrad", *arguments, cwd=folder.parent, text=text)
    assert ours == printed(*arguments, cwd=folder.parent, text=text)


def test_a_program_gets_leafgrad(folder):
    line = "import torch; print(torch.__name__)"
    (folder / "program.py").write_text(line)
    (folder / "program.pyc").write_bytes(compiled(line))
    for arguments in (["program.py"], ["program.pyc"], ["-m", "program"], ["-c", line], ["-"]):
        assert printed("-m", "leafgrad", *arguments, cwd=folder, text=line) == "leafgrad\n"


def test_safe_path_is_kept(folder):
    (folder / "program.py").write_text("import sys; print(sys.argv[0]); import beside")
    done = python("-P", "-m", "leafgrad", "inside/program.py", cwd=folder.parent)
    assert done.returncode == 1 and "No module named 'beside'" in done.stderr


@pytest.mark.parametrize(
    "program",
    [
        "def f():\n    raise ValueError('no')\n\nf()\n",
        "try:\n    1 / 0\nexcept ZeroDivisionError as error:\n    raise KeyError('x') from error\n",
        "x = (1,\n",
        "raise SystemExit(7)\n",
        "raise SystemExit('a word')\n",
        "import sys\nsys.excepthook = lambda *about: print('caught', about[1])\nraise ValueError('no')\n",
    ],
)
def test_a_program_ends_as_under_python(tmp_path, program):
    (tmp_path / "program.py").write_text(program)
    ours = python("-m", "leafgrad", "program.py", cwd=tmp_path)
    theirs = python("program.py", cwd=tmp_path)
    assert (ours.returncode, ours.stdout, ours.stderr) == (theirs.returncode, theirs.stdout, theirs.stderr)


def test_tensors_of_a_program_live_until_its_exit_handlers_ran(tmp_path):
    (tmp_path / "program.py").write_text(
        "import atexit, torch\nx = torch.ones(2)\natexit.register(lambda: print(x.tolist()))\n"
    )
    assert printed("-m", "leafgrad", "program.py", cwd=tmp_path) == "[1.0, 1.0]\n"


def test_a_missing_file(tmp_path):
    done = python("-m", "leafgrad", "absent.py", cwd=tmp_path)
    assert done.returncode == 2
    assert (
        done.stderr
        == f"leafgrad: can't open file '{tmp_path / 'absent.py'}': [Errno 2] No such file or directory\n"
    )


def test_help_and_version():
    from leafgrad.version import __version__

    assert printed("-m", "leafgrad", "--version") == f"leafgrad {__version__}\n"
    assert "SCRIPT.py" in printed("-m", "leafgrad", "--help")
    nothing = python("-m", "leafgrad")
    assert nothing.returncode == 2 and "SCRIPT.py" in nothing.stderr
    for wrong in (["-m"], ["-c"], ["tour", "x"], ["--unknown"]):
        assert python("-m", "leafgrad", *wrong).returncode == 2
