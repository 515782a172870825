"""The fast lanes of elementwise ops: the common case in one function, without a call more than it needs.

The common case: tensors of one dtype (or a number), no mode open, no `out=`.  Then a lane computes, wraps and
records just what the rules name.  Everything else goes to the full lane (elementwise.py), before anything has
been changed.  Where modes are open, it may come back to a lane made anew that does not ask for them (`in_lane`).
"""

from collections.abc import Callable, Sequence
from sys import _getframe
from typing import Any

from ..base.state import modes, special, state
from ..base.where import OUTSIDE, caller
from ..op.record import Op
from ..values.blocks import LARGE
from ..values.dtype import FLOAT
from .call import record
from .elementwise import BOOL, elementwise
from .forms import ProductNode, ResultNode, form, node_class
from .node import LEAVES, edge_of, flow, next_seq
from .tensor import FRESH, Tensor, counter_of, wrap
from .write import INPLACE

_new = object.__new__


def refused_kinds(op: Op) -> str:
    """The kinds of dtypes that an op refuses, which its fast lane must leave to the full one."""
    return "".join(op.refuses) if type(op.refuses) is dict else ""


HERE = refused_kinds.__code__.co_filename


def unary_lane(op: Op, full: Callable = elementwise, modes: Sequence = modes) -> Callable:
    """The public function of an op of one input."""
    kernel: Any = op.kernel
    small = getattr(kernel, "small", kernel)
    plain = op.rules[0] is None
    keep = op.kept((True,))
    keep_self, keep_result = (keep[0][0], keep[1][0]) if keep else (False, False)
    slow = ("iub" if op.to == FLOAT else "") + refused_kinds(op)
    compares = op.to is BOOL
    flat = form(op) is ResultNode

    def call(input: Tensor, *extra: Any, out: Tensor | None = None) -> Tensor:
        if out is not None or modes or extra:
            return full(op, (input, *extra), (), out)
        try:
            x = input._data
        except AttributeError:
            return full(op, (input,))
        try:
            data = small(x, out=...) if x.size < LARGE else kernel(x)
        except TypeError:
            return full(op, (input,))
        dtype = x.dtype
        if data.dtype is not (BOOL if compares else dtype) or dtype.kind in slow:
            return full(op, (input,))
        t = _new(Tensor)
        t._data = data
        t._node = None
        t._counter = FRESH
        t._notes = None
        edge = None if plain else input._node if input._notes is None else flow(input)
        if edge is not None and (not special or state.grad_enabled):
            node: Any = (op.node_class or node_class(op))()
            node.seq = next_seq()
            node.edges = (edge,)
            node.hooks = None
            node.shape = data.shape
            node.dtype = dtype
            if keep is None:
                node.saved = None
            else:
                if flat:
                    t._counter = counter = [0]
                    node.saved = data, counter, 0
                else:
                    node.saved = (
                        (input,) if keep_self else (None,),
                        (input._counter[0],) if keep_self else (None,),
                        (),
                        ((data, counter_of(t), 0),) if keep_result else None,
                    )
                frame = _getframe(1)
                code = frame.f_code
                if code.co_filename in OUTSIDE:
                    node.code, node.offset = code, frame.f_lasti
                else:
                    node.where = caller()
            t._node = node
        return t

    return call


def parameter_lane(op: Op, full: Callable = elementwise, modes: Sequence = modes) -> Callable:
    """The function of an op of one input and parameters."""
    kernel: Any = op.kernel
    keep = op.kept((True,))
    keep_self, keep_result = (keep[0][0], keep[1][0]) if keep else (False, False)
    slow = ("iub" if op.to == FLOAT or op.weigh else "b") + refused_kinds(op)  # promoted by what is weighed

    def call(input: Tensor, *params: Any, out: Tensor | None = None) -> Tensor:
        if type(input) is not Tensor or out is not None or modes:
            return full(op, (input,), params, out)
        x = input._data
        dtype = x.dtype
        if dtype.kind in slow:
            return full(op, (input,), params)
        try:
            data = kernel(x, *params)
        except (TypeError, OverflowError):
            return full(op, (input,), params)
        if data.dtype is not dtype:
            return full(op, (input,), params)
        t = _new(Tensor)
        t._data = data
        t._node = None
        t._counter = FRESH
        t._notes = None
        edge = input._node if input._notes is None else flow(input)
        if edge is not None and (not special or state.grad_enabled):
            node: Any = (op.node_class or node_class(op))()
            node.seq = next_seq()
            node.edges = (edge,)
            node.hooks = None
            node.shape = data.shape
            node.dtype = dtype
            if keep is None:
                node.saved = ((None,), None, params, None)  # nothing that could be freed
            else:
                node.saved = (
                    (input,) if keep_self else (None,),
                    (input._counter[0],) if keep_self else (None,),
                    params,
                    ((data, counter_of(t), 0),) if keep_result else None,
                )
                node.where = caller()
            t._node = node
        return t

    return call


def binary_lane(op: Op, full: Callable, modes: Sequence = modes) -> Callable:
    """The function of an op of two inputs, as operators call it; `full` is what it does in all but the common cases."""
    kernel: Any = op.kernel
    small = getattr(kernel, "small", kernel)
    keeps = [None, *[op.kept(needs) for needs in ((True, False), (False, True), (True, True))]]
    records = op.rules[0] is not None or op.rules[1] is not None
    want = BOOL if op.to is BOOL else None
    refused = refused_kinds(op)
    integer, real = (int, float) if "other" in op.numbers else (None, None)
    flat = form(op) is ProductNode
    new, cls_tensor = object.__new__, Tensor

    def lane(input: Any, other: Any) -> Tensor:
        if modes:
            return full(op, (input, other))
        try:
            x = input._data
            dtype = x.dtype
            if refused and dtype.kind in refused:
                return full(op, (input, other))
            a = b = None
            cls = other.__class__
            if cls is cls_tensor or (cls is not real and cls is not integer):
                y = other._data
                if y.dtype is not dtype:
                    return full(op, (input, other))
                if records and (not special or state.grad_enabled):
                    a = input._node if input._notes is None else flow(input)
                    b = other._node if other._notes is None else flow(other)
            else:
                y = other
                if records and (not special or state.grad_enabled):
                    a = input._node if input._notes is None else flow(input)
            data = small(x, y, out=...) if x.size < LARGE else kernel(x, y)
            if data.dtype is not (want or dtype):
                return full(op, (input, other))
        except (AttributeError, ValueError, TypeError, OverflowError):
            return full(op, (input, other))
        t = new(cls_tensor)
        t._data = data
        t._node = None
        t._counter = FRESH
        t._notes = None
        if a is not None or b is not None:
            node: Any = (op.node_class or node_class(op))()
            node.seq = next_seq()
            node.edges = (a, b)
            node.hooks = None
            node.shape = data.shape
            node.dtype = dtype
            keep = keeps[(a is not None) + 2 * (b is not None)]
            if keep is None:
                node.saved = None
            else:
                if flat:  # x is kept for b, and y for a
                    node.saved = (
                        None if b is None else input,
                        None if b is None else input._counter[0],
                        None if a is None else other,
                        None if a is None or y is other else other._counter[0],
                    )
                else:
                    (keep_x, keep_y), (keep_result,) = keep
                    node.saved = (
                        (input if keep_x else None, other if keep_y else None),
                        (
                            input._counter[0] if keep_x else None,
                            other._counter[0] if keep_y and y is not other else None,
                        ),
                        (),
                        ((data, counter_of(t), 0),) if keep_result else None,
                    )
                frame: Any = _getframe(1)
                if frame.f_code.co_filename is HERE:  # the public function
                    frame = frame.f_back
                code = frame.f_code
                if code.co_filename in OUTSIDE:
                    node.code, node.offset = code, frame.f_lasti
                else:
                    node.where = caller()
            t._node = node
        return t

    return lane


def public_lane(op: Op, full: Callable) -> Callable:
    """The same as users call it by name: with `out=`, and torch's word on more arguments."""
    lane = binary_lane(op, full)

    def call(input: Any, other: Any, *extra: Any, out: Tensor | None = None) -> Tensor:
        if out is None and not extra:
            return lane(input, other)
        return full(op, (input, other, *extra), (), out)

    return call


def elementary_lane(op: Op, count: int, full: Callable) -> Callable:
    """The function of an op of `count` inputs and any parameters; `full(args, out)` is what it does in all
    but the common case.
    """
    kernel: Any = op.kernel
    refused = refused_kinds(op)
    careful = callable(op.refuses)

    def call(*args: Any, out: Any = None) -> Any:
        if out is not None or modes or careful:
            return full(args, out)
        inputs = args[:count]
        try:
            values = [x._data for x in inputs]
            dtype = values[0].dtype
            for v in values:
                if v.dtype is not dtype:
                    return full(args, out)
            data = kernel(*values, *args[count:])
        except (AttributeError, ValueError, TypeError, OverflowError):
            return full(args, out)
        if data.dtype is not dtype or dtype.kind in refused:
            return full(args, out)
        return recorded(op, inputs, args[count:], wrap(data))

    return call


def recorded(op: Op, inputs: Sequence, params: tuple, out: Tensor) -> Tensor:
    """`out`, with a node if gradients flow to an input.  No mode may be open."""
    if (not special or state.grad_enabled) and out._data.dtype.kind in "fcV":
        edges = tuple([edge_of(x) if op.differentiates(i) else None for i, x in enumerate(inputs)])
        for e in edges:
            if e is not None:
                record(op, inputs, params, edges, out)
                break
    return out


# --- in place ---

# The common case here: the tensor is no view and owns its memory, so does the other operand, and the node
# need not keep the former value.  (An array with a base may share memory, and one without has every element
# in a place of its own.)


def write_lane(op: Op, full: Callable) -> Callable:
    """The in-place variant of an op of two inputs; `full` is what it does in all but the common case."""
    kernel: Any = op.kernel
    small = getattr(kernel, "small", kernel)
    refused = refused_kinds(op)
    differentiable = op.in_place is not None or any(op.rules)

    def write(self: Any, other: Any) -> Any:
        if type(self) is not Tensor or modes or self._notes is not None:
            return full(op, (self, other), (), INPLACE)
        target, node, edge, keep = self._data, self._node, None, None
        try:
            if type(other) is float or type(other) is int:
                y = other
            else:
                y = other._data
                edge = other._node if other._notes is None else flow(other)
                if y.dtype is not target.dtype or y.base is not None or y is target:
                    return full(op, (self, other), (), INPLACE)
            recorded = (
                differentiable
                and (node is not None or edge is not None)
                and (not special or state.grad_enabled)
            )
            if recorded:
                keep = op.kept((node is not None, edge is not None))
                if op.in_place is not None or type(node) in LEAVES or (keep is not None and keep[0][0]):
                    return full(op, (self, other), (), INPLACE)
            if target.base is not None or (refused and target.dtype.kind in refused):
                return full(op, (self, other), (), INPLACE)
            (small if target.size < LARGE else kernel)(target, y, out=target)
        except (AttributeError, ValueError, TypeError, OverflowError):
            return full(op, (self, other), (), INPLACE)
        _written(op, self, (node, edge) if recorded else None, keep, (None, other))
        return self

    return write


def unary_write_lane(op: Op) -> Callable:
    """The in-place variant of an op of one input."""
    kernel: Any = op.kernel
    small = getattr(kernel, "small", kernel)
    keep = op.kept((True,))
    differentiable = op.in_place is not None or op.rules[0] is not None
    seldom = op.in_place is not None or (keep is not None and keep[0][0])
    refused = refused_kinds(op)

    def write(self: Any) -> Any:
        if type(self) is not Tensor or modes or self._notes is not None:
            return elementwise(op, (self,), (), INPLACE)
        target, node = self._data, self._node
        recorded = node is not None and differentiable and (not special or state.grad_enabled)
        if (
            target.base is not None
            or (recorded and (seldom or type(node) in LEAVES))
            or (refused and target.dtype.kind in refused)
        ):
            return elementwise(op, (self,), (), INPLACE)
        try:
            (small if target.size < LARGE else kernel)(target, out=target)
        except TypeError:
            return elementwise(op, (self,), (), INPLACE)
        _written(op, self, (node,) if recorded else None, keep, (None,))
        return self

    return write


def _written(op: Op, t: Tensor, edges: tuple | None, keep: Any, inputs: tuple) -> None:
    """Count a write, and record it if it has edges; of the inputs, the first is not kept."""
    version = counter_of(t)
    version[0] += 1
    frame = _getframe(2)
    where = (frame.f_code, frame.f_lasti) if frame.f_code.co_filename in OUTSIDE else caller()
    version[1:] = [where]  # type: ignore[list-item]
    if edges is None:
        return
    node: Any = (op.node_class or node_class(op))()
    t._node = node
    node.seq = next_seq()
    node.edges = edges
    node.hooks = None
    node.shape = t._data.shape
    node.dtype = t._data.dtype
    if keep is None:
        node.saved = None
        return
    kept = [x if wanted else None for x, wanted in zip(inputs, keep[0], strict=True)]
    versions = [x._counter[0] if type(x) is Tensor else None for x in kept]
    node.keep(kept, versions, (), ((t._data, version, version[0]),) if keep[1][0] else None)
    node.where = where
