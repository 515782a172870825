"""Switching the recording of gradients: `no_grad`, `enable_grad`, `set_grad_enabled`.  Each thread has its own switch."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from ..base import messages
from ..base.state import set_grad_enabled as _switch
from ..base.state import state
from ..base.where import warn


class _Mode:
    """A grad mode as context manager and as decorator of functions, generators and coroutines."""

    __slots__ = ("mode", "previous")

    def __init__(self, mode: bool) -> None:
        self.mode = mode
        self.previous: list[bool] = []

    def __enter__(self) -> None:
        self.previous.append(state.grad_enabled)
        _switch(self.mode)

    def __exit__(self, *exc: object) -> None:
        _switch(self.previous.pop())

    def clone(self) -> "_Mode":
        """A fresh one for each call of a decorated function."""
        return _Mode(self.mode)

    def __call__(self, function: Callable) -> Callable:
        if isinstance(function, type):
            warn(messages.GRAD_MODE_CLASS, FutureWarning)
        code = getattr(function, "__code__", None)
        flags = code.co_flags if code is not None else 0
        if flags & 0x20:  # a generator: in the mode while it runs, out of it while it is suspended
            return _generator(self.clone, function)
        if flags & 0x80:

            @wraps(function)
            async def coroutine(*args: Any, **kwargs: Any) -> Any:
                with self.clone():
                    return await function(*args, **kwargs)

            return coroutine

        @wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            with self.clone():
                return function(*args, **kwargs)

        return call


def _generator(context: Callable, function: Callable) -> Callable:
    @wraps(function)
    def generator(*args: Any, **kwargs: Any) -> Any:
        with context():
            inner = function(*args, **kwargs)
        step: Callable = inner.__next__
        given: tuple = ()
        try:
            while True:
                with context():
                    value = step(*given)
                try:
                    sent = yield value
                    step, given = inner.send, (sent,)
                except GeneratorExit:
                    with context():
                        inner.close()
                    raise
                except BaseException as error:
                    step, given = inner.throw, (error,)
        except StopIteration as stop:
            return stop.value

    return generator


class no_grad(_Mode):
    """Records nothing inside; results do not require grad.  A context manager and a decorator.

    >>> import leafgrad as torch
    >>> x = torch.ones(2, requires_grad=True)
    >>> with torch.no_grad():
    ...     (x * 2).requires_grad
    False
    """

    __slots__ = ()

    def __new__(cls, function: Callable | None = None) -> Any:
        return super().__new__(cls) if function is None else cls()(function)

    def __init__(self, function: Callable | None = None) -> None:
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

    def __new__(cls, function: Callable | None = None) -> Any:
        return super().__new__(cls) if function is None else cls()(function)

    def __init__(self, function: Callable | None = None) -> None:
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
        self.before = state.grad_enabled
        _switch(mode)

    def __enter__(self) -> None:
        self.previous.append(self.before)
        _switch(self.mode)

    def __call__(self, function: Callable) -> Callable:
        _switch(self.before)
        return super().__call__(function)


def is_grad_enabled() -> bool:
    """Whether this thread records gradients.

    >>> import leafgrad as torch
    >>> torch.is_grad_enabled()
    True
    """
    return state.grad_enabled
