"""Lets leafgrad stand in for torch: `import torch` and every `torch.x.y` give leafgrad's own modules.

The modules are the same objects under both names, not copies: `torch.nn is leafgrad.nn`, so there is one
Tensor class and one state.  What leafgrad does not have raises an error that says so, in torch's name.
"""

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from leafgrad.base import messages

# leafgrad's own rooms. Torch has no modules of these names (or, as with torch.ops, different ones).
INTERNAL = {"alias", "base", "cli", "face", "graph_text", "op", "ops", "tensor", "tour", "values"}


def install_as_torch() -> None:
    """From here on, `import torch` means leafgrad, in this process.

    Call it before anything imports torch; a second call does nothing.

    Raises:
        RuntimeError: the real torch is already imported.

    Example:
        >>> import leafgrad
        >>> leafgrad.install_as_torch()  # doctest: +SKIP
        >>> from torch import nn  # doctest: +SKIP
    """
    root = sys.modules["leafgrad"]
    present = sys.modules.get("torch")
    if present is root:
        return
    if present is not None:
        raise RuntimeError(messages.ALIAS_TORCH_LOADED.format(file=getattr(present, "__file__", "elsewhere")))
    sys.meta_path.insert(0, Finder)
    sys.modules["torch"] = root
    for name, module in list(sys.modules.items()):
        first, _, rest = name.partition(".")
        if first == "leafgrad" and rest.partition(".")[0] not in INTERNAL:
            # An import that finds nothing here would put the module in its parent's namespace: `torch.autograd.gradcheck` is a
            # module there, and a function as an attribute.
            sys.modules["torch" + name.removeprefix("leafgrad")] = module
            _explain_missing(module)


class Finder:
    """Answers imports of `torch.x` with the module `leafgrad.x`; stands before Python's own finders."""

    @staticmethod
    def find_spec(
        name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        root, _, rest = name.partition(".")
        if root == "torch" and rest:
            if rest.partition(".")[0] in INTERNAL:
                raise _missing(name)
            try:
                module = import_module("leafgrad." + rest)
            except ModuleNotFoundError as error:
                if error.name != name:
                    raise
                raise _missing(name) from None
            _explain_missing(module)
            is_package = hasattr(
                module, "__path__"
            )  # first: a module that has not run (base/later.py) has no spec
            loader: Any = Alias(module)  # importlib.abc, with the base class, is not imported for this alone
            return ModuleSpec(name, loader, is_package=is_package)
        if root == "leafgrad" and rest:
            # `from torch import x` asks for leafgrad.x, because that is the module's name.
            for finder in sys.meta_path:
                spec = None if finder is Finder else finder.find_spec(name, path, target)
                if spec is not None:
                    return spec
            raise _missing("torch." + rest)
        return None


class Alias:
    """A loader whose module is there already."""

    def __init__(self, module: ModuleType):
        self.module = module
        self.spec = module.__spec__

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return self.module

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__ = self.spec  # the import system has just put the alias's own spec there


def _missing(name: str) -> ModuleNotFoundError:
    return ModuleNotFoundError(messages.ALIAS_MISSING.format(name=name), name=name)


def _explain_missing(module: ModuleType) -> None:
    """Let a name that `module` lacks raise an AttributeError that says who is standing in for torch."""
    own = module.__dict__.get("__getattr__")
    if own is not None and getattr(own, "explains_missing", False):
        return
    shown = "torch" + module.__name__.removeprefix("leafgrad")

    def __getattr__(name: str) -> object:
        if own is not None:
            try:
                found = own(name)
            except AttributeError:
                pass
            else:
                if isinstance(found, ModuleType):  # one that was not needed before
                    _explain_missing(found)
                return found
        raise AttributeError(messages.ALIAS_MISSING.format(name=f"{shown}.{name}"), name=name, obj=module)

    __getattr__.explains_missing = True  # type: ignore[attr-defined]
    module.__dict__["__getattr__"] = __getattr__
