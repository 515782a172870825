"""What torch keeps under `torch.utils`: for now the pytrees, nested containers of tensors, and checkpoints."""

from . import _pytree


def __getattr__(name: str) -> object:
    """Load what few programs need when they first ask for it."""
    if name in ("_python_dispatch", "checkpoint"):
        from importlib import import_module

        return import_module("." + name, __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = ["_pytree", "checkpoint"]
