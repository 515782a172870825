"""Every name that torch documents about autograd is here, with torch's parameters and a docstring, or stands in a list with a reason.

The names are read from torch when the tests run: `__all__` where there is one, else the public functions and classes that
a module defines; and the public methods of the classes among them.
"""

import importlib
import inspect

import pytest

import leafgrad

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.oracle

MODULES = [
    "autograd", "autograd.graph", "autograd.forward_ad", "autograd.functional", "autograd.function", "autograd.profiler",
    "func", "utils.checkpoint", "utils._pytree",
]  # fmt: skip

INSTANCES = "a base of Functions that are instances, which torch itself refuses to call"
KINETO = "about Kineto, torch's native tracer, which is not here"
INTERNAL = "a part of torch's own machinery, not documented"
LEFT_OUT = {
    "autograd.NestedIOFunction": INSTANCES,
    "autograd.function.NestedIOFunction": INSTANCES,
    "autograd.function.InplaceFunction": INSTANCES,
    "autograd.function.BackwardCFunction": INTERNAL,
    "autograd.function.FunctionMeta": INTERNAL,
    "autograd.profiler.EnforceUnique": INTERNAL,
    "autograd.profiler.FunctionEvent.metadata_json": KINETO,
    "autograd.profiler.KinetoStepTracker": KINETO,
    "autograd.profiler.MemRecordsAcc": KINETO,
    "autograd.profiler.profile.config": KINETO,
    "autograd.profiler.profile.create_trace_id": KINETO,
    "autograd.profiler.profile.default_trace_id": KINETO,
    "autograd.profiler.profile.toggle_collection_dynamic": KINETO,
    "func.replace_all_batch_norm_modules_": "about nn.BatchNorm modules, which are not here yet",
}

NO_SIGNATURE = "torch's shows nothing of its parameters"
OTHER_PARAMETERS = {
    "autograd.no_grad": "torch's shows no parameter, and takes one: `orig_func`, as enable_grad",
    "autograd.variable": "a module here and there; torch's of the name is the class, by accident",
    "autograd.graph.Node.metadata": "a property of every node; only torch's abstract class shows a method",
    "autograd.profiler.EventList": NO_SIGNATURE,
    "autograd.profiler.FunctionEvent": "without the fields that Kineto fills",
    "utils._pytree.LeafSpec": NO_SIGNATURE,
}
TYPES = "a type for annotations, which has nothing to say"
NO_DOCSTRING = {
    "utils._pytree.FlattenFn": TYPES,
    "utils._pytree.FromDumpableContextFn": TYPES,
    "utils._pytree.ToDumpableContextFn": TYPES,
    "utils._pytree.UnflattenFn": TYPES,
}


def public_names(module):
    if hasattr(module, "__all__"):
        return sorted(set(module.__all__))
    return sorted(
        name
        for name, value in vars(module).items()
        if not name.startswith("_")
        and (inspect.isfunction(value) or inspect.isclass(value))
        and value.__module__ == module.__name__
    )


def documented():
    """(dotted name, torch's object, how to find leafgrad's) of everything."""
    yield "vmap", torch.vmap
    for path in MODULES:
        module = importlib.import_module("torch." + path)
        for name in public_names(module):
            value = getattr(module, name)
            yield f"{path}.{name}", value
            if inspect.isclass(value):
                for method in sorted(vars(value)):
                    if not method.startswith("_") and f"{path}.{name}" not in LEFT_OUT:
                        yield f"{path}.{name}.{method}", getattr(value, method)


NAMES = dict(documented())


def ours(path):
    """leafgrad's object of a dotted name."""
    value = leafgrad
    for name in path.split("."):
        value = getattr(value, name)
    return value


def parameters(function):
    try:
        return list(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return None


@pytest.mark.parametrize("path", [path for path in NAMES if path not in LEFT_OUT])
def test_is_here_as_documented(path):
    importlib.import_module(
        "leafgrad." + next((m for m in reversed(MODULES) if path.startswith(m + ".")), "func")
    )
    theirs, value = NAMES[path], ours(path)
    if callable(theirs) and path not in NO_DOCSTRING:
        assert inspect.getdoc(value), f"{path} has no docstring"
    want = parameters(theirs) if callable(theirs) else None
    if want is not None and path not in OTHER_PARAMETERS:
        assert parameters(value) == want


def test_nothing_is_excused_that_need_not_be():
    for path in (*LEFT_OUT, *OTHER_PARAMETERS, *NO_DOCSTRING):
        assert path in NAMES, f"torch has no {path}"
    for path in LEFT_OUT:
        with pytest.raises(AttributeError):
            ours(path)
    for path in OTHER_PARAMETERS:
        assert parameters(ours(path)) != parameters(NAMES[path])
    for path in NO_DOCSTRING:
        assert not inspect.getdoc(ours(path))


def test_the_list_is_whole():
    """Names that are there in torch 2.13: should reading them find nothing, no test would say so."""
    for path in (
        "func.grad",
        "autograd.graph.Node.next_functions",
        "autograd.function.FunctionCtx.save_for_backward",
    ):
        assert path in NAMES
    assert len(NAMES) > 150
