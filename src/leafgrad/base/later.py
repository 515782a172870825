"""Modules that run when they are first used.

What an import of leafgrad costs is mostly its modules: finding, reading and running their files.  A module that many programs
never use is declared by its package,

    later(__name__, "scans", "sorting")

and imported as always: `from ..values import scans`.  Its file runs when a name is first taken from it, so what runs at import
must not take one, nor import one by name (`from ..values.scans import cumsum`).
"""

import sys
from _thread import RLock
from collections.abc import Callable
from importlib import import_module, reload
from types import ModuleType
from typing import Any

_LOCKS: dict[str, Any] = {}  # other threads wait until a module has run


class Later(ModuleType):
    """A module that has not run.  When it has, it is a module like any other, and as fast."""

    def __getattribute__(self, name: str) -> Any:
        if not name.startswith("__") or name in ("__all__", "__doc__", "__path__"):
            _run(self)  # all else the import system and tools ask of modules that nobody uses
        return ModuleType.__getattribute__(self, name)


def later(package: str, *names: str) -> None:
    """Declare modules of a package that run when they are first used."""
    parent = sys.modules[package]
    for name in names:
        full = f"{package}.{name}"
        _LOCKS[full] = RLock()
        sys.modules[full] = module = Later(full)
        setattr(parent, name, module)


def _run(module: Later) -> None:
    with _LOCKS[module.__name__]:
        if type(module) is Later:
            reload(
                module
            )  # the import system's way to run a module in place; in one that is running it does nothing
            module.__class__ = ModuleType  # type: ignore[assignment]


def names(package: str, places: dict[str, str]) -> Callable[[str], Any]:
    """The `__getattr__` of a package, for modules and names of modules of which few programs need any.

    places: the modules, each with the names that the package has from it.
    """
    origins = {name: module for module, its in places.items() for name in its.split()}
    parent = sys.modules[package]
    for module in places.keys() & origins.keys():
        later(
            package, module
        )  # an import of it must not put it where the package has a function of this name
        delattr(parent, module)

    def __getattr__(name: str) -> Any:
        if name in origins:
            value = getattr(import_module(f"{package}.{origins[name]}"), name)
            setattr(parent, name, value)
            return value
        if name in places:
            return import_module(f"{package}.{name}")
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return __getattr__
