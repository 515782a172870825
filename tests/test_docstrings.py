"""Every public function and class says what it does, with an example; doctest runs the examples."""

import importlib
import inspect

import pytest

MODULES = [
    "leafgrad", "leafgrad.autograd", "leafgrad.autograd.forward_ad", "leafgrad.autograd.functional", "leafgrad.autograd.graph",
    "leafgrad.autograd.profiler", "leafgrad.func", "leafgrad.fx.experimental.proxy_tensor", "leafgrad.library", "leafgrad.linalg",
    "leafgrad.nn.functional", "leafgrad.overrides", "leafgrad.random", "leafgrad.special", "leafgrad.testing",
    "leafgrad.utils._python_dispatch", "leafgrad.utils._pytree", "leafgrad.utils.checkpoint",
]  # fmt: skip

# Whose use another example shows, or the one of its module.
ELSEWHERE = {
    "leafgrad.autograd.forward_ad": {
        "UnpackedDualTensor", "dual_level", "enter_dual_level", "exit_dual_level", "make_dual", "unpack_dual",
    },
    "leafgrad.autograd.profiler": {"EventList", "FunctionEvent", "FunctionEventAvg", "Kernel", "load_nvprof", "parse_nvprof_trace"},
    "leafgrad.library": {"register_fake", "register_torch_dispatch"},
    "leafgrad.linalg": {"LinAlgError"},
    "leafgrad.utils._python_dispatch": {"BaseTorchDispatchMode", "transform_subclass"},
    "leafgrad.utils._pytree": {
        "Context", "DumpableContext", "FlattenFn", "FromDumpableContextFn", "LeafSpec", "PyTree", "ToDumpableContextFn", "UnflattenFn",
    },
    "leafgrad.utils.checkpoint": {"DefaultDeviceType", "SelectiveCheckpointContext"},
}  # fmt: skip


@pytest.mark.parametrize("name", MODULES)
def test_examples(name):
    module = importlib.import_module(name)
    public = getattr(module, "__all__", None) or [each for each in dir(module) if not each.startswith("_")]
    without = {
        each
        for each in public
        if callable(thing := getattr(module, each))
        and ">>>" not in (text := inspect.getdoc(thing) or "")
        and not text.endswith("` in place.")  # what `relu_` does, the example of `relu` shows
    }
    assert without == ELSEWHERE.get(name, set())
