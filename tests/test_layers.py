"""The design's rules about files: imports run downward, in no circle, and files stay small."""

import ast
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "leafgrad"
LAYERS = ["base", "values", "op", "tensor", "ops", "face"]  # each may import itself and what stands before it
TOP = len(LAYERS)  # everything else: users of the public face
EXTRAS = {"scipy", "ml_dtypes"}  # may be imported inside functions
LINES = 600


def module_name(path):
    parts = path.relative_to(SOURCE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {module_name(path): path for path in sorted(SOURCE.rglob("*.py"))}
TREES = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in FILES.items()}


def layer(module):
    room = module.split(".")[1] if "." in module else ""
    return LAYERS.index(room) if room in LAYERS else TOP


def statements(body):
    """Every statement with whether it is inside a function; what only a type checker sees is left out."""
    todo = [(node, False) for node in body]
    while todo:
        node, inside = todo.pop()
        yield node, inside
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            todo += [(child, inside) for child in node.orelse]
            continue
        inside = inside or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        todo += [(child, inside) for child in ast.iter_child_nodes(node)]


def imports(module, path, tree):
    """(imported module, line, inside a function?) for each import in a file."""
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for node, inside in statements(tree.body):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno, inside
        elif isinstance(node, ast.ImportFrom):
            start = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            source = ".".join([*start, *([node.module] if node.module else [])])
            for alias in node.names:
                full = f"{source}.{alias.name}"
                yield (full if full in FILES else source), node.lineno, inside
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            for name in node.args[:1]:
                if isinstance(name, ast.Constant):
                    yield name.value, node.lineno, inside


IMPORTS = {name: list(imports(name, FILES[name], tree)) for name, tree in TREES.items()}


def test_the_files_are_found():
    assert {"leafgrad.base.messages", "leafgrad.version"} <= set(FILES)
    assert "leafgrad.base.messages" in [target for target, _, _ in IMPORTS["leafgrad.base.extras"]]


@pytest.mark.parametrize("module", FILES)
def test_imports_run_downward(module):
    upward = [
        f"line {line}: {target}"
        for target, line, _ in IMPORTS[module]
        if target.split(".")[0] == "leafgrad" and layer(target) > layer(module)
    ]
    assert not upward, f"{module} imports from a layer above its own: {upward}"


def test_no_import_goes_in_a_circle():
    # Imports inside functions count too: they are how circles hide.
    edges = {name: {target for target, _, _ in IMPORTS[name] if target in FILES} for name in FILES}
    left = dict(edges)
    while left:
        ready = [name for name, targets in left.items() if not (targets & left.keys()) - {name}]
        if not ready:
            break
        for name in ready:
            del left[name]
    knot = {name: sorted(targets & left.keys()) for name, targets in left.items()}
    assert not knot, f"modules that import each other, or stand above such a circle: {knot}"
    assert not [name for name, targets in edges.items() if name in targets]


@pytest.mark.parametrize("module", FILES)
def test_numpy_is_the_only_hard_dependency(module):
    for target, line, inside in IMPORTS[module]:
        root = target.split(".")[0]
        where = f"{module}, line {line}, imports {target}"
        assert root != "torch", where
        if root not in sys.stdlib_module_names and root not in ("leafgrad", "numpy"):
            assert inside and root in EXTRAS, f"{where}: extras only, and inside functions"


@pytest.mark.parametrize("module", FILES)
def test_files_stay_small(module):
    assert len(FILES[module].read_text(encoding="utf-8").splitlines()) <= LINES


@pytest.mark.parametrize("module", FILES)
def test_files_say_what_they_are_about(module):
    assert ast.get_docstring(TREES[module]), f"{FILES[module]} has no docstring"


def test_only_the_command_line_imports_argparse():
    users = [name for name in FILES if any(target == "argparse" for target, _, _ in IMPORTS[name])]
    assert users == ["leafgrad.cli"]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("from ..ops import mul", "leafgrad.ops"),
        ("def f():\n    from leafgrad.face import bind", "leafgrad.face"),
        ("import leafgrad.autograd", "leafgrad.autograd"),
        ("if x:\n    import torch", "torch"),
    ],
)
def test_the_reader_of_imports_sees(source, expected):
    found = [target for target, _, _ in imports("leafgrad.base.x", Path("x.py"), ast.parse(source))]
    assert [target for target in found if target == expected or target.startswith(expected + ".")]
