"""A call of an op: compute, wrap, record.

`apply` is the general lane that every op can take.  Hot kinds of ops have a fast lane of their own (lanes.py), which does
the same for the common case and comes back here for the rest.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..base.state import modes, special, state
from ..base.where import caller
from ..op.record import REGISTRY, Op
from ..values.strides import address, elements
from . import anomaly, forward
from .forms import node_class
from .intercept import intercepted
from .node import Edge, Node, Nowhere, edge_of, next_seq
from .packing import announce, pack_node
from .subclass import dress
from .tensor import FRESH, Notes, Tensor, counter_of, mark, wrap

_new = object.__new__

# What may be done through a view when gradients are recorded.
DEFAULT, NO_GRAD, MULTI, CUSTOM, INFERENCE = range(5)


def recording() -> bool:
    """Whether this thread records gradients."""
    return not special or state.grad_enabled


def apply(op: Op, inputs: Sequence, params: tuple = (), values: Sequence | None = None) -> Any:
    """Call an op.  `inputs`: tensors (or numbers, None) in the op's order; `values`: their arrays, where not simply theirs."""
    if modes and state.interceptors:
        return intercepted(op, inputs, params, None, lambda: apply(op, inputs, params, values))
    if values is None:
        values = [x._data if isinstance(x, Tensor) else x for x in inputs]
    if op.view:
        return _apply_view(op, inputs, params, values)
    if modes and state.packers:
        announce(op, inputs)
    result = op.kernel(*values, *params)
    if op.outputs is not None and len(op.outputs) == 1:
        out: Any = wrap(result)
    else:
        out = tuple([wrap(r) if r is not None else None for r in result])
    if recording() and _differentiable(op, out):
        edges = tuple([edge_of(x) if op.differentiates(i) else None for i, x in enumerate(inputs)])
        if any(edges):
            record(op, inputs, params, edges, out)
    if modes:
        if state.levels:
            forward.push(op, inputs, params, out)
        dress(out, inputs)
    return out


def _differentiable(op: Op, out: Any) -> bool:
    first = out if type(out) is Tensor else out[0] if out else None
    return first is not None and first._data.dtype.kind in "fcV"  # V: bfloat16


def record(op: Op, inputs: Sequence, params: tuple, edges: tuple, out: Any) -> Node:
    """Make the node of a call and let its outputs refer to it."""
    node: Any = (op.node_class or node_class(op))()
    node.seq = next_seq()
    node.edges = edges
    node.hooks = None
    outs = (out,) if type(out) is Tensor else out
    if node.multi:
        node.shape = [o._data.shape if o is not None else None for o in outs]
        node.dtype = [o._data.dtype if o is not None else None for o in outs]
        for nr, o in enumerate(outs[: op.differentiable]):
            if o is not None:
                o._node = edge = _new(Edge)
                edge.node, edge.nr, edge.shape, edge.dtype = node, nr, node.shape[nr], node.dtype[nr]
    else:
        node.shape, node.dtype = outs[0]._data.shape, outs[0]._data.dtype
        outs[0]._node = node
    save(node, op, inputs, params, edges, outs)
    if modes:
        if anomaly.state.on:
            anomaly.remember(node)
        if state.packers:
            pack_node(node, outs)
    return node


def save(node: Any, op: Op, inputs: Sequence, params: tuple, edges: tuple, outs: tuple) -> None:
    """Keep what the rules name."""
    needs = tuple([e is not None for e in edges])
    keep = op.kept(needs if op.joint is None or op.outputs is not None else ())
    if op.shapes_of:
        shaped = [inputs[i] for i in op.shapes_of]  # what hooks have packed knows its shape too
        params += tuple([x._data.shape if isinstance(x, Tensor) else getattr(x, "shape", ()) for x in shaped])
    if keep is None:
        node.saved = ((None,) * len(op.inputs), None, params, None) if params else None
        return
    kept, versions = [], []
    for x, wanted in zip(inputs, keep[0], strict=False):
        kept.append(x if wanted else None)
        versions.append(_version(x) if wanted else None)
    outputs: list | None = None
    if any(keep[1]):
        if op.outputs is None:
            outputs = [[(o._data, counter_of(o), o._counter[0]) for o in outs]]
        else:
            outputs = [
                (o._data, counter_of(o), o._counter[0]) if w and o is not None else None
                for o, w in zip(outs, keep[1], strict=False)
            ]
    node.keep(kept, versions, params, outputs)
    node.where = caller()


def _version(x: Any) -> Any:
    """The version of an input; of one that is a tuple of tensors (and Nones), of each."""
    return x._counter[0] if isinstance(x, Tensor) else tuple(map(_version, x)) if type(x) is tuple else None


def _apply_view(op: Op, inputs: Sequence, params: tuple, values: Sequence) -> Any:
    result = op.kernel(*values, *params)
    return (
        views_of(inputs[0], result, op, params) if op.multi_view else view_of(inputs[0], result, op, params)
    )


def view_of(x: Tensor, data: np.ndarray, op: Op, params: tuple, before: Any = None) -> Tensor:
    """The tensor around `data`, which shares x's memory: what `op` with these params makes of x.

    before: where it is the last of several views, of which only the nodes exist: (the node before, the shape there).
    """
    if modes and state.interceptors:
        return intercepted(op, (x,), params, None, lambda: view_of(x, data, op, params, before))
    counter = counter_of(x)
    if not counter:
        return _untracked_view(x, data)
    out = _new(Tensor)
    out._data = data
    out._node = None
    out._counter = counter
    out._notes = notes = _new(Notes)
    notes.grad = notes.idle = notes.tangents = None
    notes.retains = False
    notes.seen = counter[0]
    edge = x._node
    old = x._notes
    if old is None or old.base is None:
        notes.base, notes.creation = x, DEFAULT
        notes.steps = () if op.strided else ((op, params),)
    else:
        notes.base, notes.creation = old.base, old.creation
        notes.steps = () if op.strided and not old.steps else steps_to(x, old, op, params, data)
        if (edge is None or old.seen != counter[0] or edge.__class__ is Nowhere) and (
            not special or state.grad_enabled
        ):
            edge = edge_of(x)
    if special and not state.grad_enabled:
        notes.creation = INFERENCE if state.inference else NO_GRAD
    elif edge is not None and data.dtype.kind in "fcV":
        node = (op.node_class or node_class(op))()
        node.seq = next_seq()
        node.edges = (edge,)
        node.hooks = None
        node.shape, node.dtype = data.shape, data.dtype
        kept = params
        if before is not None:
            node.edges = (before[0],)
            kept = (*params, before[1])
        elif op.shapes_of:
            kept = (*params, x._data.shape)
        node.saved = (_NOTHING, None, kept, None) if kept else None
        out._node = node
        if modes and anomaly.state.on:
            anomaly.remember(node)
    if modes:
        if state.view_replay:
            notes.steps = (*_steps_until(x, notes.base), (op, params))
        if state.levels:
            forward.push(op, (x,), params, out)
        dress(out, (x,))
    return out


def _steps_until(x: Tensor, base: Tensor) -> tuple:
    """How to walk from a base to x, which is the base, or a view of it."""
    if x is base:
        return ()
    return x._notes.steps or ((REGISTRY["as_strided"], geometry(x._data, base._data)),)  # type: ignore[union-attr]


def _untracked_view(x: Tensor, data: np.ndarray) -> Tensor:
    """A view of an inference tensor is one too, and has no history."""
    out = wrap(data)
    out._counter = x._counter
    return dress(out, (x,)) if modes else out


_NOTHING = (None,)


def view_node(op: Op, edge: Any, before: tuple, shape: tuple, dtype: np.dtype, params: tuple) -> Node:
    """The node of a view that itself is not wanted.  before, shape: the sizes there and here."""
    node = (op.node_class or node_class(op))()
    node.seq = next_seq()
    node.edges = (edge,)
    node.hooks = None
    node.shape, node.dtype = shape, dtype
    node.saved = (_NOTHING, None, (*params, before), None)
    return node


def copy_of(x: Tensor, data: np.ndarray, op: Op, params: tuple) -> Tensor:
    """The tensor around `data`, which is new memory: what `op`, whose rule names no tensor, makes of x."""
    if modes and state.interceptors:
        return intercepted(op, (x,), params, None, lambda: copy_of(x, data, op, params))
    out = _new(Tensor)
    out._data = data
    out._node = None
    out._counter = FRESH
    out._notes = None
    edge = x._node if x._notes is None else edge_of(x) if not special or state.grad_enabled else None
    if edge is not None and (not special or state.grad_enabled) and data.dtype.kind in "fcV":
        node = (op.node_class or node_class(op))()
        node.seq = next_seq()
        node.edges = (edge,)
        node.hooks = None
        node.shape, node.dtype = data.shape, data.dtype
        kept = (*params, x._data.shape) if op.shapes_of else params
        node.saved = (_NOTHING, None, kept, None) if kept else None
        out._node = node
        if modes and anomaly.state.on:
            anomaly.remember(node)
    if modes:
        mark(out)
        if state.levels:
            forward.push(op, (x,), params, out)
        dress(out, (x,))
    return out


def views_of(x: Tensor, parts: Sequence[np.ndarray], op: Op, params: tuple) -> tuple[Tensor, ...]:
    """The same as `view_of` for an op that returns several views."""
    if modes and state.interceptors:
        return intercepted(op, (x,), params, None, lambda: views_of(x, parts, op, params))
    counter = counter_of(x)
    if not counter:
        return tuple([_untracked_view(x, data) for data in parts])
    seen = counter[0]
    old = x._notes
    base = x if old is None or old.base is None else old.base
    grads = not special or state.grad_enabled
    creation = MULTI if grads else INFERENCE if state.inference else NO_GRAD
    node: Any = None
    if grads and parts and x._data.dtype.kind in "fcV" and (edge := edge_of(x)) is not None:
        node = (op.node_class or node_class(op))()
        node.seq = next_seq()
        node.edges = (edge,)
        node.hooks = None
        node.shape = []
        dtype = x._data.dtype
        node.dtype = [dtype] * len(parts)
        kept = (*params, x._data.shape) if op.shapes_of else params
        node.saved = (_NOTHING, None, kept, None)
    outs: list[Tensor] = []
    for data in parts:
        out = _new(Tensor)
        out._data = data
        out._node = None
        if node is not None:
            out._node = edge = _new(Edge)
            edge.node, edge.nr, edge.shape, edge.dtype = node, len(outs), data.shape, dtype
            node.shape.append(edge.shape)
        out._counter = counter
        out._notes = notes = _new(Notes)
        notes.base, notes.seen, notes.creation = base, seen, creation
        notes.grad = notes.idle = notes.tangents = None
        notes.retains = False
        notes.steps = ()
        outs.append(out)
    if not op.strided or (base is not x and old.steps):  # type: ignore[union-attr]
        for nr, out in enumerate(outs):
            step = (op, (*params, nr))
            out._notes.steps = (step,) if base is x else steps_to(x, old, *step, out._data)  # type: ignore[union-attr, arg-type]
    if modes:
        if state.view_replay:
            for nr, out in enumerate(outs):
                out._notes.steps = (*_steps_until(x, base), (op, (*params, nr)))  # type: ignore[union-attr]
        if node is not None and anomaly.state.on:
            anomaly.remember(node)
        if state.levels:
            forward.push(op, (x,), params, outs)
        dress(outs, (x,))
    return tuple(outs)


def steps_to(x: Tensor, notes: Notes, op: Op, params: tuple, data: np.ndarray) -> tuple:
    """How a base's memory is walked to a view, where its geometry alone does not tell (its dtype is not the base's).

    All that happens without a change of dtype is one step, whose offset counts from the base's first element.
    """
    strided, base = REGISTRY["as_strided"], notes.base._data
    steps = notes.steps or ((strided, geometry(x._data, base)),)
    return (*steps, (strided, geometry(data, base)) if op.strided else (op, params))


def geometry(view: np.ndarray, base: np.ndarray) -> tuple[tuple, tuple, int]:
    """(size, stride, offset) of a view, in elements; the offset counts from the base's first element."""
    return view.shape, elements(view), (address(view) - address(base)) // view.itemsize
