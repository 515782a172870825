"""The command line: run a torch program with leafgrad in torch's place, or take the tour.

A program is run as `python` would run it: the same `sys.argv`, `sys.path[0]`, `__main__` and traceback.
"""

import argparse
import io
import os
import runpy
import sys
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from pkgutil import get_importer, read_code
from types import CodeType, ModuleType
from typing import Any

from leafgrad.alias import install_as_torch
from leafgrad.version import __version__

USAGE = """\
python -m leafgrad SCRIPT.py [args]      run a torch program; its `import torch` gives leafgrad
       python -m leafgrad -m MODULE [args]      the same for a module
       python -m leafgrad -c CODE [args]        the same for a line of code
       python -m leafgrad tour                  what leafgrad does, line by line
       python -m leafgrad --version
"""


def main(arguments: list[str]) -> int:
    """Do what the command line says; the result is the exit code."""
    parser = argparse.ArgumentParser(prog="python -m leafgrad", usage=USAGE, add_help=False)
    parser.add_argument("-h", "--help", action="help", help=argparse.SUPPRESS)
    parser.add_argument("--version", action="version", version=f"leafgrad {__version__}")
    parser.add_argument("-m", dest="module", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    parser.add_argument("-c", dest="code", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    parser.add_argument("script", nargs="?", help=argparse.SUPPRESS)
    parser.add_argument("args", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)

    if options.module is not None:
        if not options.module:
            parser.error("argument expected for the -m option")
        name, *args = options.module
        return _run(["-m", *args], None, lambda: runpy.run_module(name, run_name="__main__", alter_sys=True))
    if options.code is not None:
        if not options.code:
            parser.error("argument expected for the -c option")
        code, *args = options.code
        return _run(["-c", *args], "", lambda: _run_text(code, "<string>"))
    if options.script is None:
        parser.print_usage(sys.stderr)
        return 2
    if options.script == "tour":
        if options.args:
            parser.error("tour takes no arguments")
        from leafgrad.tour import tour

        tour()
        return 0
    return _run_script(options.script, options.args)


def _run_script(script: str, args: list[str]) -> int:
    if script == "-":
        text = sys.stdin.read()
        return _run(["-", *args], "", lambda: _run_text(text, "<stdin>", __file__="<stdin>", __cached__=None))
    path = os.path.join(os.getcwd(), script)
    try:
        with open(script, "rb"):
            pass
    except IsADirectoryError:
        pass
    except OSError as error:
        print(f"leafgrad: can't open file {path!r}: [Errno {error.errno}] {error.strerror}", file=sys.stderr)
        return 2
    importer = get_importer(path)
    if importer is None:
        return _run([script, *args], os.path.dirname(os.path.realpath(path)), lambda: _run_file(path))
    spec = importer.find_spec("__main__")  # a folder or a zip file
    if spec is None:
        print(f"leafgrad: can't find '__main__' module in {path!r}", file=sys.stderr)
        return 1
    if sys.flags.safe_path:  # python -P leaves out what is beside a script, but not what is inside a folder
        sys.path.insert(0, path)
    return _run([script, *args], path, lambda: _run_spec(spec))


def _run_file(path: str) -> None:
    with io.open_code(path) as file:
        code = read_code(file)  # None unless it is a compiled file
    if code is None:
        with io.open_code(path) as file:
            code = compile(file.read(), path, "exec", dont_inherit=True)
    _run_as_main(code, __file__=path, __cached__=None)


def _run_spec(spec: ModuleSpec) -> None:
    loader: Any = spec.loader
    _run_as_main(
        loader.get_code("__main__"),
        __file__=spec.origin,
        __cached__=spec.cached,
        __loader__=loader,
        __package__="",
        __spec__=spec,
    )


def _run_text(text: str, filename: str, **names: object) -> None:
    _run_as_main(compile(text, filename, "exec", dont_inherit=True), **names)


def _run_as_main(code: CodeType, **names: object) -> None:
    # Not by runpy.run_path: it makes sys.argv[0] the path, and drops the module before exit handlers run.
    main = sys.modules["__main__"] = ModuleType("__main__")
    main.__dict__.update(names)
    exec(code, main.__dict__)


def _run(argv: list[str], folder: str | None, program: Callable[[], object]) -> int:
    """Run `program` with leafgrad as torch, and report an exception as Python itself would."""
    install_as_torch()
    sys.argv = argv
    if folder is not None and not sys.flags.safe_path:
        sys.path[0] = folder
    try:
        program()
    except SystemExit:
        raise
    except BaseException as error:
        trace = error.__traceback__
        while trace is not None and trace.tb_frame.f_globals.get("__name__") in (__name__, "runpy"):
            trace = trace.tb_next
        sys.excepthook(type(error), error.with_traceback(trace), trace)
        return 130 if isinstance(error, KeyboardInterrupt) else 1
    return 0
