"""The kind of ops that take one tensor and parameters: reductions, scans, softmax, sorting.

`single` declares one with one result, `several` one whose kernel returns a tuple, of which users get a named
tuple.  Both return the function that derivative rules use: on a bare array it runs the kernel, on a tensor it
is the op.  Public functions check their arguments and call it; all that is regular is done here, without
going round by `apply`.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from ..base.state import modes, special, state
from ..base.where import caller
from ..op.record import Op
from ..values.copies import contiguous
from .call import apply, record
from .forms import node_class
from .node import flow, next_seq
from .tensor import FRESH, Tensor, counter_of, wrap
from .write import INPLACE, inplace, into

ndarray = np.ndarray
_new = object.__new__
_tuple = tuple.__new__
_NOTHING = (None,)


def _declare(name: str, kernel: Callable, vjp: Callable | None, options: dict) -> Op:
    code = kernel.__code__
    op = Op(name, kernel, ("self",), code.co_varnames[1 : code.co_argcount], vjp={"self": vjp}, **options)
    op.kernel = _dense(kernel)
    return op


def _dense(kernel: Callable) -> Callable:
    """`kernel` with results that are contiguous, as torch's are, however the input lies in memory."""

    def dense(*args: Any, **named: Any) -> Any:
        result = kernel(*args, **named)
        return tuple([contiguous(r) for r in result]) if type(result) is tuple else contiguous(result)

    return dense


def single(name: str, kernel: Callable, vjp: Callable | None = None, **options: Any) -> Callable:
    """An op of one tensor: `kernel(array, *params)` returns an array.  vjp: its rule, in terms of `grad`.

    What is returned takes the params by position (those with a default in the kernel may be left out), and
    `out=`.
    """
    op = _declare(name, kernel, vjp, options)
    count, defaults = len(op.params), kernel.__defaults__ or ()
    keep = op.kept((True,))
    keep_self, keep_result = (keep[0][0], keep[1][0]) if keep else (False, False)
    with_shape = bool(op.shapes_of)

    def call(x: Any, *params: Any, out: Any = None) -> Any:
        if type(x) is ndarray:
            return kernel(x, *params)
        if len(params) != count:
            params = (*params, *defaults[len(params) - count :])
        if out is not None:
            return inplace(op, (x,), params) if out is INPLACE else into(out, op, (x,), params)
        if modes:
            return apply(op, (x,), params)
        data = kernel(x._data, *params)
        if data.ndim > 1:
            data = contiguous(data)
        t = _new(Tensor)
        t._data = data
        t._node = None
        t._counter = FRESH
        t._notes = None
        edge = x._node if x._notes is None else flow(x)
        if (
            edge is not None
            and vjp is not None
            and (not special or state.grad_enabled)
            and data.dtype.kind in "fcV"
        ):
            node: Any = (op.node_class or node_class(op))()
            node.seq = next_seq()
            node.edges = (edge,)
            node.hooks = None
            node.shape = data.shape
            node.dtype = data.dtype
            if with_shape:
                params = (*params, x._data.shape)
            if keep is None:
                node.saved = (_NOTHING, None, params, None) if params else None
            else:
                node.keep(
                    (x,) if keep_self else _NOTHING,
                    (x._counter[0],) if keep_self else _NOTHING,
                    params,
                    ((data, counter_of(t), 0),) if keep_result else None,
                )
                node.where = caller(2)
            t._node = node
        return t

    call.op = op  # type: ignore[attr-defined]
    op.public = call
    return call


def several(
    name: str, kernel: Callable, vjp: Callable | None, kind: type = tuple, **options: Any
) -> Callable:
    """An op of one tensor whose kernel returns a tuple of arrays; `kind` makes what users get of the tensors.

    outputs, differentiable: as for every op; by default ("values", "indices"), of which the first carries
    gradients.
    """
    options.setdefault("outputs", ("values", "indices"))
    options.setdefault("differentiable", 1)
    op = _declare(name, kernel, vjp, options)
    keep = op.kept((True,))
    keeps = keep[1] if keep else ()
    indices_only = keep is not None and keep[0] == (False,) and keeps == (False, True) and bool(op.shapes_of)

    def call(x: Any, *params: Any, out: Any = None) -> Any:
        if type(x) is ndarray:
            return kernel(x, *params)
        if out is not None:
            return _tuple(getattr(kind, "out", kind), into(tuple(out), op, (x,), params))
        if modes:
            return _tuple(kind, apply(op, (x,), params))
        outs = tuple([wrap(contiguous(data)) for data in kernel(x._data, *params)])
        edge = x._node if x._notes is None else flow(x)
        if (
            edge is not None
            and vjp is not None
            and (not special or state.grad_enabled)
            and outs[0]._data.dtype.kind in "fcV"
        ):
            if not indices_only:
                record(op, (x,), params, (edge,), outs)
                return _tuple(kind, outs)
            first, second = outs
            node: Any = (op.node_class or node_class(op))()
            first._node = node
            node.seq = next_seq()
            node.edges = (edge,)
            node.hooks = None
            node.shape = first._data.shape
            node.dtype = first._data.dtype
            node.saved = (
                _NOTHING,
                _NOTHING,
                (*params, x._data.shape),
                (None, (second._data, counter_of(second), 0)),
            )
            node.where = caller(2)
        return _tuple(kind, outs)

    call.op = op  # type: ignore[attr-defined]
    op.public = call
    return call
