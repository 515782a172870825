"""Switching the recording of gradients: `no_grad`, `enable_grad`, `set_grad_enabled`, `inference_mode`.

Each thread has its own switches.
"""

from collections.abc import Callable
from typing import Any

from ..base import messages
from ..base.state import inference, state
from ..base.state import set_grad_enabled as _set
from .decorator import Decorator
from .switches import (
    _force_original_view_tracking,
    _unsafe_preserve_version_counter,
    enforce_grad_layout_policy,
    set_multithreading_enabled,
)


def _switch(mode: bool) -> None:
    if state.inference:
        state.grad_in_inference = mode
    else:
        _set(mode)


class _Mode(Decorator):
    """A grad mode: recording on or off."""

    __slots__ = ("mode", "previous")

    def __init__(self, mode: bool) -> None:
        self.mode = mode
        self.previous: list[bool] = []

    def __enter__(self) -> None:
        self.previous.append(is_grad_enabled())
        _switch(self.mode)

    def __exit__(self, *exc: object) -> None:
        _switch(self.previous.pop())

    def clone(self) -> "_Mode":
        """Another one like this, for a call of what it decorates."""
        return _Mode(self.mode)


class no_grad(_Mode):
    """Records nothing inside; results do not require grad.  A context manager and a decorator.

    >>> import leafgrad as torch
    >>> x = torch.ones(2, requires_grad=True)
    >>> with torch.no_grad():
    ...     (x * 2).requires_grad
    False
    """

    __slots__ = ()

    def __new__(cls, orig_func: Callable | None = None) -> Any:
        return super().__new__(cls) if orig_func is None else cls()(orig_func)

    def __init__(self, orig_func: Callable | None = None) -> None:
        super().__init__(False)


class enable_grad(_Mode):
    """Records inside, also within `no_grad`.  A context manager and a decorator.

    >>> import leafgrad as torch
    >>> x = torch.ones(2, requires_grad=True)
    >>> with torch.no_grad(), torch.enable_grad():
    ...     (x * 2).requires_grad
    True
    """

    __slots__ = ()

    def __new__(cls, orig_func: Callable | None = None) -> Any:
        return super().__new__(cls) if orig_func is None else cls()(orig_func)

    def __init__(self, orig_func: Callable | None = None) -> None:
        super().__init__(True)


class set_grad_enabled(_Mode):
    """Switches recording on or off: at once when called, and back at the end where used as a context manager or decorator.

    >>> import leafgrad as torch
    >>> with torch.set_grad_enabled(False):
    ...     torch.is_grad_enabled()
    False
    >>> torch.is_grad_enabled()
    True
    """

    __slots__ = ("before",)

    def __init__(self, mode: bool) -> None:
        if not isinstance(mode, bool):
            raise TypeError(messages.GRAD_MODE_BOOL.format(type=type(mode).__name__))
        super().__init__(mode)
        self.before = is_grad_enabled()
        _switch(mode)

    def __enter__(self) -> None:
        self.previous.append(self.before)
        _switch(self.mode)

    def __call__(self, function: Callable) -> Callable:
        _switch(self.before)
        return super().__call__(function)

    def __repr__(self) -> str:
        return f"torch.autograd.grad_mode.set_grad_enabled(mode={self.mode})"


class inference_mode(Decorator):
    """Records nothing inside, and forbids that it ever be: what is made inside is an inference tensor.

    An inference tensor has no version counter.  Outside of the mode it may be used in ops that are not recorded, or whose
    rules do not need it; RuntimeError where it would be saved for backward, be written in place, or be made to require grad.
    `clone()` gives a normal tensor.  Views of normal tensors stay normal, but may not be written outside where that is
    recorded.  Forward mode is off as well.  Within `inference_mode(False)` all is as outside, and gradients are recorded.
    A context manager and a decorator, with or without parentheses.

    >>> import leafgrad as torch
    >>> x = torch.ones(2, requires_grad=True)
    >>> with torch.inference_mode():
    ...     y = x * 2
    >>> y.requires_grad, y.is_inference()
    (False, True)
    >>> (y * x).sum()
    Traceback (most recent call last):
        ...
    RuntimeError: Inference tensors cannot be saved for backward. Please do not use Tensors created in inference mode in \
computation tracked by autograd. To work around this, you can make a clone to get a normal tensor and use it in autograd, \
or use `torch.no_grad()` instead of `torch.inference_mode()`.
    """

    __slots__ = ("contexts", "mode")

    def __new__(cls, mode: Any = True) -> Any:
        return super().__new__(cls) if isinstance(mode, bool) else cls()(mode)

    def __init__(self, mode: Any = True) -> None:
        self.mode = mode
        self.contexts = inference(mode)

    def __enter__(self) -> None:
        self.contexts.__enter__()

    def __exit__(self, *exc: object) -> None:
        self.contexts.__exit__()

    def clone(self) -> "inference_mode":
        """Another one like this, for a call of what it decorates."""
        return inference_mode(self.mode)


def is_grad_enabled() -> bool:
    """Whether this thread records gradients.

    >>> import leafgrad as torch
    >>> torch.is_grad_enabled()
    True
    """
    return state.grad_in_inference if state.inference else state.grad_enabled


def is_inference_mode_enabled() -> bool:
    """Whether this thread is in inference mode.

    >>> import leafgrad as torch
    >>> with torch.inference_mode():
    ...     torch.is_inference_mode_enabled()
    True
    """
    return state.inference


__all__ = [
    "_force_original_view_tracking", "_unsafe_preserve_version_counter", "enable_grad", "enforce_grad_layout_policy",
    "inference_mode", "is_grad_enabled", "is_inference_mode_enabled", "no_grad", "set_grad_enabled",
    "set_multithreading_enabled",
]  # fmt: skip
