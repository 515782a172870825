"""What programs take from `torch._C`: the switches of `__torch_function__` and `__torch_dispatch__`."""

from .base.state import state
from .tensor.subclass import (
    ALL,
    MODES,
    OFF,
    DisableTorchFunctionSubclass,
    _disabled_torch_dispatch_impl,
    _disabled_torch_function_impl,
)


class DisableTorchFunction(DisableTorchFunctionSubclass):
    """A context in which neither classes nor modes are asked.

    >>> import leafgrad as torch
    >>> with torch._C.DisableTorchFunction():
    ...     torch._C._is_torch_function_all_disabled()
    True
    """

    __slots__ = ()
    left = OFF


def _is_torch_function_enabled() -> bool:
    """Whether classes are asked."""
    return state.functions == ALL


def _is_torch_function_all_disabled() -> bool:
    """Whether neither classes nor modes are asked."""
    return state.functions < MODES


def _len_torch_function_stack() -> int:
    """How many TorchFunctionModes are open."""
    return len(state.function_modes)


__all__ = [
    "DisableTorchFunction",
    "DisableTorchFunctionSubclass",
    "_disabled_torch_dispatch_impl",
    "_disabled_torch_function_impl",
]
