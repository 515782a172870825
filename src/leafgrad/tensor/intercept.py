"""Interceptors: whoever wants to see, change or replace the calls of ops: vmap, dispatch modes, the profiler.

They stand in `state.interceptors`, the newest last, and belong to the thread.  The full lanes hand a call to the newest
one; while it works, those older than it are in force, so what it calls goes to the next.  The fast lanes know nothing of
this: an interceptor opens a mode.
"""

from collections.abc import Callable, Sequence
from typing import Any

from ..base.state import enter_mode, leave_mode, state
from ..op.record import Op

# (op, inputs, params, out, again) -> result.  out: None, INPLACE, or what the user gave as `out=`; again(): the call
# itself, seen by the older interceptors only.
Interceptor = Callable[[Op, Sequence, tuple, Any, Callable[[], Any]], Any]


def intercepted(op: Op, inputs: Sequence, params: tuple, out: Any, again: Callable[[], Any]) -> Any:
    """The call as the newest interceptor does it."""
    interceptors = state.interceptors
    state.interceptors = interceptors[:-1]
    try:
        return interceptors[-1](op, inputs, params, out, again)
    finally:
        state.interceptors = interceptors


class opened:
    """A context in which an interceptor is in force."""

    __slots__ = ("before", "interceptor")

    def __init__(self, interceptor: Interceptor) -> None:
        self.interceptor = interceptor

    def __enter__(self) -> Any:
        enter_mode(self.interceptor, around=True)
        self.before = state.interceptors, state.opened
        state.interceptors = (*state.interceptors, self.interceptor)
        state.opened = (*state.opened, self.interceptor)
        return self.interceptor

    def __exit__(self, *exc: object) -> None:
        state.interceptors, state.opened = self.before
        leave_mode(self.interceptor)


class everyone:
    """A context in which all that are open are in force again: for tangents, which may be anybody's business."""

    __slots__ = ("before",)

    def __enter__(self) -> None:
        self.before = state.interceptors
        state.interceptors = state.opened

    def __exit__(self, *exc: object) -> None:
        state.interceptors = self.before
