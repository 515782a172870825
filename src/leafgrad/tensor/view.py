"""The kinds of ops that compute nothing: `view` shows the memory of its input in another way, `moved` copies it.

`view` declares such an op and returns the function that rules use.  A public front that has checked its arguments may make the
array itself and hand it to `view_of` (call.py); `turn` does the same in place: the tensor keeps its memory and becomes the view.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from ..base.state import modes, state
from ..op.record import Op
from .call import copy_of, record, recording, view_of, views_of
from .intercept import everyone, intercepted
from .leaf import follow
from .misuse import renew_arguments
from .node import edge_of
from .tensor import Tensor, wrap
from .write import INPLACE, bump, inplace, into


def view(name: str, kernel: Callable, vjp: Callable | None, **options: Any) -> Any:
    """A view of one input: `kernel(array, *params)`.  vjp: its rule."""
    code = kernel.__code__
    op = Op(
        name,
        kernel,
        ("self",),
        code.co_varnames[1 : code.co_argcount],
        vjp={"self": vjp},
        view=True,
        linear=True,
        **options,
    )

    def call(x: Any, *params: Any) -> Any:
        if isinstance(x, Tensor):
            try:
                data = kernel(x._data, *params)
            except (RuntimeError, IndexError):
                renew_arguments()
                raise
            return view_of(x, data, op, params)
        return kernel(x if type(x) is np.ndarray else np.asarray(x), *params)

    call.op = op  # type: ignore[attr-defined]
    op.public = call
    return call


def views(name: str, kernel: Callable, vjp: Callable, **options: Any) -> Any:
    """Several views of one input: the kernel returns a list."""
    code = kernel.__code__
    op = Op(
        name, kernel, ("self",), code.co_varnames[1 : code.co_argcount], vjp={"self": vjp}, multi_view=True, outputs=None, linear=True,
        **options,
    )  # fmt: skip

    def call(x: Any, *params: Any) -> Any:
        if isinstance(x, Tensor):
            return views_of(x, kernel(x._data, *params), op, params)
        return kernel(x if type(x) is np.ndarray else np.asarray(x), *params)

    call.op = op  # type: ignore[attr-defined]
    op.public = call
    return call


def moved(name: str, kernel: Callable, vjp: Callable, **options: Any) -> Any:
    """A copy of one input, `kernel(array, *params)`, whose rule names no tensor."""
    code = kernel.__code__
    op = Op(
        name,
        kernel,
        ("self",),
        code.co_varnames[1 : code.co_argcount],
        vjp={"self": vjp},
        linear=True,
        **options,
    )

    def call(x: Any, *params: Any, out: Any = None) -> Any:
        if not isinstance(x, Tensor):
            return kernel(x if type(x) is np.ndarray else np.asarray(x), *params)
        if out is None:
            return copy_of(x, kernel(x._data, *params), op, params)
        return inplace(op, (x,), params) if out is INPLACE else into(out, op, (x,), params)

    call.op = op  # type: ignore[attr-defined]
    op.public = call
    return call


def turn(t: Tensor, op: Op, params: tuple) -> Tensor:
    """Let the tensor become a view of itself: same memory, other shape.  It counts as a write; a base learns nothing of it.

    Whether it may be done in place, `check_inplace` was asked before.
    """
    if modes and state.interceptors:
        return intercepted(op, (t,), params, INPLACE, lambda: turn(t, op, params))
    edge = edge_of(t) if recording() else None
    data = op.kernel(t._data, *params)
    notes = t._notes
    if edge is not None:
        t._node = record(op, (t,), params, (edge,), wrap(data))
        if notes is not None:
            notes.seen = t._counter[0] + 1
    t._data = data
    if notes is not None and notes.tangents:
        with everyone():
            notes.tangents = {level: op.public(tangent, *params) for level, tangent in notes.tangents.items()}
    bump(t)
    if notes is not None and notes.steps:
        notes.steps = (*notes.steps, (op, params))
    follow(t)
    return t
