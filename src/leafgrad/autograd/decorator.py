"""Context managers as decorators: of functions, of generators, and (with torch's warning) of classes."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from ..base import messages
from ..base.where import warn


class Decorator:
    """What makes a context manager a decorator of functions and generators; `clone()` gives a fresh one for each call."""

    __slots__ = ()

    def clone(self) -> Any:
        """A context manager like this one."""
        raise NotImplementedError

    def __call__(self, function: Callable) -> Callable:
        if isinstance(function, type):
            warn(messages.GRAD_MODE_CLASS, FutureWarning)
            function = _calling(function)
        code = getattr(function, "__code__", None)
        if code is not None and code.co_flags & 0x20:
            return _generator(self.clone, function)

        @wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            with self.clone():
                return function(*args, **kwargs)

        return call


def _calling(cls: type) -> Callable:
    """As in torch, what was a class is a nameless function."""
    return lambda *args, **kwargs: cls(*args, **kwargs)


def _generator(context: Callable, function: Callable) -> Callable:
    """A generator that is in the mode while it runs, and out of it while it is suspended."""

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
