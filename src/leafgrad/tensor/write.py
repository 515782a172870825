"""Writes: the checks before one, the write, and the new history after it.

A write counts up the version that everything in the same memory shares.  If it is recorded, a tensor that owns its memory
simply gets a new node.  A view's write is also a write to its base: the base gets a CopySlices node, and every view of
that base finds by the version that its own grad_fn is out of date, and renews it when next asked (`regenerate`).
"""

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import islice
from typing import Any
from weakref import ref

import numpy as np

from ..base import messages
from ..base.state import modes, set_grad_enabled, state
from ..base.where import caller, describe, warn
from ..op.record import REGISTRY, Op
from ..values import strides
from ..values.dtype import BY_NP
from ..values.strides import check_overlap, elements, in_bytes, is_dense, same_place
from . import forward
from . import node as graph
from .call import CUSTOM, DEFAULT, INFERENCE, MULTI, NO_GRAD, apply, record, recording
from .fit import fit
from .forms import node_class
from .intercept import everyone, intercepted
from .leaf import retire
from .misuse import renew_arguments
from .node import (
    FREED,
    LEAVES,
    AccumulateGrad,
    Input,
    Node,
    Nowhere,
    edge_of,
    hooks_of,
    next_seq,
    resolve,
    short,
    tracked,
)
from .packing import pack_inputs
from .tensor import Notes, Tensor, check_untracked, counter_of, notes_of, untracked, wrap


def bump(t: Tensor) -> None:
    """Count a write to the tensor's memory, and note the line that did it."""
    version = counter_of(t)
    if not version:
        check_untracked(t)
        if version.writes is not None:  # type: ignore[attr-defined]
            version.writes += 1  # type: ignore[attr-defined]
        return
    version[0] += 1
    version[1:] = [caller(2)]  # type: ignore[list-item]


# --- before ---


def check_write(t: Tensor, recorded: bool) -> None:
    """Raise if this tensor must not be written, before a byte has changed.  `recorded`: gradients flow into the write."""
    if recorded:
        check_history(t)
    check_overlap(t._data)


def check_history(t: Tensor) -> None:
    """Raise if nothing that is recorded may be done to this tensor in place."""
    notes = t._notes
    if notes is not None and notes.base is not None:
        if notes.creation:
            raise _view_error(t, notes, messages.VIEW_WRITTEN_DIRECT)
        if type(notes.base._node) is AccumulateGrad or (notes.base._node is None and t._node is not None):
            raise RuntimeError(messages.LEAF_VIEW_WRITE)
        if (
            t._node is None and notes.base._node is not None
        ):  # it has no history yet of what happened to its base
            raise RuntimeError(messages.LEAF_WRITE)
    if type(t._node) in (AccumulateGrad, Input):
        raise RuntimeError(messages.LEAF_WRITE)


def check_inplace(op: Op, inputs: Sequence) -> None:
    """Raise if the call must not be done in place: because it will be recorded, or writes to an inference tensor.

    No view renews its grad_fn for that.
    """
    if recording() and any(op.differentiates(i) and tracked(x) for i, x in enumerate(inputs)):
        check_history(inputs[0])
    check_untracked(inputs[0])


def unrecorded(t: Tensor, value: Any = None) -> bool:
    """Whether a write to t (of `value`, if that is a tensor) is nothing but that: no gradients, no forward mode."""
    return not modes and (not (tracked(t) or tracked(value)) or not recording()) and not untracked(t)


def check_saved(x: Any) -> None:
    """Raise if x, which a node will keep, may not be saved for backward."""
    for t in x if type(x) is tuple else (x,):
        if isinstance(t, Tensor) and untracked(t) and not state.transforms:
            raise RuntimeError(messages.INFERENCE_SAVED)


def check_shared(target: np.ndarray, source: np.ndarray) -> None:
    """Raise if some elements of `source` lie where others of `target` do, so that a write might be read."""
    if source is target or not np.may_share_memory(target, source):
        return
    if same_place(target, source):
        return
    if is_dense(target.shape, elements(target)) and is_dense(source.shape, elements(source)):
        renew_arguments()
        raise RuntimeError(messages.MEMORY_SHARED)


def check_memory(target: np.ndarray, inputs: Sequence) -> None:
    """Raise if an elementwise op of these inputs must not write to `target`, because of how they lie in memory."""
    check_overlap(target)
    for x in inputs:
        if isinstance(x, Tensor):
            check_shared(target, x._data)


def _view_error(t: Tensor, notes: Notes, how: str) -> RuntimeError:
    node, nr = (None, 0) if type(t._node) is AccumulateGrad else resolve(t._node)
    template = {
        NO_GRAD: messages.VIEW_NO_GRAD,
        MULTI: messages.VIEW_MULTI,
        CUSTOM: messages.VIEW_CUSTOM,
        INFERENCE: messages.VIEW_INFERENCE,
    }[notes.creation]
    if notes.creation == INFERENCE and node is not None:
        template = messages.VIEW_OF_INFERENCE
    elif notes.creation == MULTI and node is None:
        template = messages.VIEW_NO_GRAD_MULTI
    elif notes.creation == NO_GRAD and node is not None:
        template = messages.VIEW_OF_NO_GRAD
    return RuntimeError(template.format(how=how, nr=nr, fn=short(node) if node else ""))


# --- the write ---


def inplace(
    op: Op, inputs: Sequence, params: tuple = (), values: Sequence | None = None, *, stretched: bool = False
) -> Tensor:
    """Call an op and write its result into its first input.  `values` as for `apply`; the result must have the input's shape.

    stretched: whether elements of the input may lie in one place.
    """
    if modes and state.interceptors:
        again = partial(inplace, op, inputs, params, values, stretched=stretched)
        return intercepted(op, inputs, params, INPLACE, again)
    t = inputs[0]
    check_inplace(op, inputs)
    recorded = recording() and t._data.dtype.kind in "fcV"
    edges: tuple = ()
    if recorded:
        edges = tuple([edge_of(x) if op.differentiates(i) else None for i, x in enumerate(inputs)])
        recorded = any(edges)
    if op.elementwise and not stretched:
        check_memory(t._data, inputs)
    elif not stretched:
        check_overlap(t._data)
    if values is None:
        values = [x._data if isinstance(x, Tensor) else x for x in inputs]
    before = [_snapshot(t), *inputs[1:]] if modes and state.levels else None
    if recorded:
        inputs = _before(op, inputs, edges, before)
    target = t._data
    if op.writes or (op.elementwise and values[0] is target and not _shares(target, values)):
        op.kernel(*values, *params, out=target)
    else:
        np.copyto(target, op.kernel(*values, *params), casting="unsafe")
    bump(t)
    if recorded:
        out = wrap(target)
        out._counter = t._counter
        node: Any = record(op, inputs, params, edges, out)
        for i, x in enumerate(inputs[1:], 1):
            shared = isinstance(x, Tensor) and x._counter is t._counter
            if shared:
                node.outdate(i)
        rebase(t, node)
    if before is not None:
        push_write(op, before, params, t)
    return t


def _shares(target: np.ndarray, values: Sequence) -> bool:
    """Whether another operand might see a write to `target` before it has been read."""
    return any(
        type(v) is np.ndarray and v is not target and np.may_share_memory(v, target) for v in values[1:]
    )


def _before(op: Op, inputs: Sequence, edges: tuple, before: list | None) -> list:
    """The inputs as a node may keep them: the written one as it was, which `before` has already if tangents are about."""
    t = inputs[0]
    keep = op.kept(tuple([e is not None for e in edges]))
    kept = list(inputs)
    if keep is not None and keep[0][0]:
        kept[0] = wrap(t._data.copy(), edges[0]) if before is None else before[0]
    for i in range(1, len(kept)):
        if keep is not None and keep[0][i]:
            check_saved(kept[i])
        if kept[i] is t:  # the version will tell; the node must not refer to what refers to it
            kept[i] = wrap(t._data, ref(t))
            kept[i]._counter = counter_of(t)
    return pack_inputs(op, kept, keep) if modes and state.packers else kept


def _snapshot(t: Tensor) -> Tensor:
    """The tensor as it is now, tangents included."""
    out = wrap(t._data.copy(), edge_of(t))
    if t._notes is not None and t._notes.tangents:
        clone = REGISTRY["clone"].public  # what is recorded may keep a tangent, which is about to be written
        with everyone():
            notes_of(out).tangents = {level: clone(g, None) for level, g in t._notes.tangents.items()}
    return out


# --- after ---


def _move_notes(t: Tensor, node: Node) -> None:
    """Let what is noted of a tensor's gradient be about its new value, which `node` makes."""
    notes = t._notes
    if notes is not None:
        if notes.retains:
            move_retained(t, notes, node)
        if notes.idle is not None:
            notes.idle.saved = True


def rebase(t: Tensor, node: Node) -> None:
    """Let `node` be what made t's present value."""
    notes = t._notes
    if notes is None or notes.base is None:
        _move_notes(t, node)
        t._node = node
        return
    base = notes.base
    slices = CopySlices(base, t, notes.steps, node)
    _move_notes(base, slices)
    base._node = slices
    node.outer = (ref(slices), None)
    notes.seen = ~t._counter[
        0
    ]  # not right, but `slices` is where it begins, as long as there is no other write
    if node.keeps_result():
        regenerate(
            t, notes, slices
        )  # now, because this is how torch's messages name a saved result, as long as it lives
        node.outer = (ref(slices), ref(resolve(t._node)[0]))
    elif notes.retains:
        regenerate(t, notes, slices)
    else:
        t._node = slices  # until it is asked for its own


def move_retained(t: Tensor, notes: Notes, node: Any) -> None:
    """Let the gradient that a written tensor retains be that of its new value."""
    old, nr = resolve(t._node)
    if old is not None and old.hooks is not None and old.hooks.retain.pop(nr, None) is notes:
        hooks_of(node).retain[0] = notes


def regenerate(t: Tensor, notes: Notes, edge: Any = None) -> None:
    """Renew the grad_fn of a view from its base's, or from `edge`, the write to the view that came last."""
    base = notes.base
    if base._node is None and (t._node is None or type(t._node) in LEAVES):
        return
    if notes.creation != DEFAULT:
        raise _view_error(t, notes, messages.VIEW_WRITTEN_INDIRECT)
    if edge is None and notes.seen == ~t._counter[0]:
        edge = t._node
    notes.seen = t._counter[0]
    if edge is not None:
        node = edge.node_of_view()
    else:
        edge = base._node or Nowhere(base)
        if notes.steps:
            node = _replayed_node(base._data, edge, notes.steps)
        else:
            node = _strided_node(strides.geometry(t._data), strides.geometry(base._data), t._data.dtype, edge)
    if notes.retains:
        move_retained(t, notes, node)
    if type(t._node) is AccumulateGrad:
        retire(t)
    t._node = node


graph.regenerate = regenerate


def _strided_node(view: tuple, base: tuple, dtype: np.dtype, edge: Any) -> Any:
    """The node of a window on the base's memory, whose history is `edge`; both by their geometry."""
    node: Any = node_class(REGISTRY["as_strided"])()
    node.seq, node.hooks = next_seq(), None
    node.edges = (edge,)
    node.shape, node.dtype = view[0], dtype
    node.saved = (None,), None, (*view, base), None
    return node


def _replayed_node(base: np.ndarray, edge: Any, steps: tuple) -> Any:
    """The node of what these steps make of the base, whose history is `edge`."""
    mode = state.grad_enabled
    set_grad_enabled(True)
    try:
        return replay_recorded(wrap(base, edge), steps)._node
    finally:
        set_grad_enabled(mode)


def strided_step(view: Tensor, begin: int) -> tuple:
    """The step from a base whose first element is number `begin` of the storage to a view that its geometry tells."""
    size, stride, skip = strides.geometry(view._data)
    return REGISTRY["as_strided"], (size, stride, skip - begin)


def replay(x: np.ndarray, steps: tuple) -> np.ndarray:
    """Walk from an array with the base's geometry to the view."""
    for op, params in steps:
        x = op.kernel(x, *params[:-1])[params[-1]] if op.multi_view else op.kernel(x, *params)
    return x


def replay_recorded(x: Tensor, steps: tuple) -> Tensor:
    """The same on tensors."""
    for op, params in steps:
        x = op.public(x, *params[:-1])[params[-1]] if op.multi_view else op.public(x, *params)
    return x


def like(strides: tuple, values: np.ndarray) -> np.ndarray:
    """A copy of `values` laid out with these strides, so that any view of the one is a view of the other."""
    out = _blank(values.shape, values.dtype, strides)
    out[...] = values
    return out


def _blank(shape: tuple, dtype: np.dtype, steps: tuple) -> np.ndarray:
    """A new array with these strides (in bytes), without values."""
    extent = strides.extent(shape, tuple([s // dtype.itemsize for s in steps]))
    return np.ndarray(shape, dtype, np.empty(extent, dtype), 0, steps)


_clone_like = Op(
    "clone_like", lambda self, strides: like(strides, self), ("self",), ("strides",),
    vjp={"self": lambda grad: grad}, linear=True, node="CloneBackward0",
    batch=lambda self, strides: _clone_like.public(self, _side_by_side(self._data, strides)),
)  # fmt: skip


def _side_by_side(batch: np.ndarray, steps: tuple) -> tuple:
    """The strides of a batch whose samples have these."""
    item = batch.itemsize
    return strides.extent(batch.shape[1:], tuple([s // item for s in steps])) * item, *steps


_clone_like.public = lambda x, strides: apply(_clone_like, (x,), (strides,))


class CopySlices(Node):
    """What a base gets when a view of it was written; `saved` is the node of the write, as seen by the view.

    The gradient of the base is copied; the view of the copy goes through that node, and what comes out takes its place.
    """

    __slots__ = ("offset", "plain", "shown", "steps", "strides")

    def __init__(self, base: Tensor, view: Tensor, steps: tuple, fn: Any) -> None:
        data = base._data
        self.seq, self.saved, self.hooks = next_seq(), fn, None
        self.shape, self.dtype, self.strides = data.shape, data.dtype, in_bytes(data)
        self.offset, self.plain = strides.offset(data), not steps
        self.steps = steps or (strided_step(view, self.offset),)
        self.edges = (edge_of(base), *fn.edges[1:])
        self.shown = (self.edges[0], *islice(fn._shown_edges(), 1, None))

    def _shown_edges(self) -> Iterator[Any]:
        return iter(self.shown)

    def name(self) -> str:
        return "torch::autograd::CopySlices"

    def vjp(self, grad: Any, tensors: bool) -> Any:
        if grad is None:
            return (None,) * len(self.edges)
        if self.saved is FREED:
            raise RuntimeError(messages.FREED.format(node=self.name(), saved=describe(None)))
        if tensors:
            return self._on_tensors(grad)
        result = like(self.strides, grad)
        check_overlap(result)
        part = replay(result, self.steps)
        first, *others = self.saved.vjp(part.copy(), False)
        if self.edges[0] is not None:
            check_overlap(part)
            part[...] = 0 if first is None else fit(first, part.shape, part.dtype)
        return (result, *others)

    def _on_tensors(self, grad: Tensor) -> tuple:
        result = apply(_clone_like, (grad,), (self.strides,))
        check_overlap(result._data)
        part = replay_recorded(result, self.steps)
        first, *others = self.saved.vjp(apply(_clone_like, (part,), (part._data.copy().strides,)), True)
        if self.edges[0] is not None:
            source = wrap(np.zeros((), part._data.dtype)) if first is None else first
            if modes and state.opened:  # what comes back may be batched where the gradient is not
                result = forward.widened(result, source, self.strides)
                part = replay_recorded(result, self.steps)
            inplace(REGISTRY["copy"], (part, source))
        return (result, *others)

    def node_of_view(self) -> Any:
        """A node through which gradients of the written view come here, as view and base lay when it was written."""
        if not self.plain:
            return _replayed_node(_blank(self.shape, self.dtype, self.strides), self, self.steps)
        size, stride, skip = self.steps[0][1]
        whole = self.shape, tuple([s // self.dtype.itemsize for s in self.strides]), self.offset
        return _strided_node((size, stride, skip + self.offset), whole, self.dtype, self)

    def release(self) -> None:
        self.saved = FREED


# --- tangents ---


def push_write(op: Op, before: Sequence, params: tuple, t: Tensor) -> None:
    """The new tangents of a tensor that was written.  `before`: the op's inputs as they were.

    A tangent that is there is overwritten in place, because the tangents of views are views of the base's tangent.
    """
    if state.inference:
        return
    out = wrap(t._data, t._node)
    out._counter = t._counter
    forward.push(op, before, params, out)
    for level in state.levels:
        new, old = forward.tangent_of(out, level), forward.tangent_of(t, level)
        if new is None and old is None:
            continue
        with everyone():
            if old is None:
                old = _part_of_base_tangent(t, level, new)
            if old is None:
                forward.set_tangent(t, level, new)  # type: ignore[arg-type]
            else:
                inplace(REGISTRY["copy"], (old, wrap(np.zeros((), old._data.dtype)) if new is None else new))


def _part_of_base_tangent(t: Tensor, level: int, new: Any) -> Tensor | None:
    """For a view whose base has no tangent yet: the base gets zeros, and the view the part of them which it shows."""
    notes = t._notes
    if notes is None or notes.base is None:
        return None
    whole = forward.tangent_of(notes.base, level)
    if whole is None:
        base = notes.base._data
        whole = forward.zeros_for(wrap(like(in_bytes(base), np.zeros(base.shape, base.dtype))), new)
        forward.set_tangent(notes.base, level, whole)
    part = replay_recorded(whole, notes.steps or (strided_step(t, strides.offset(notes.base._data)),))
    forward.set_tangent(t, level, part)
    return part


# --- out= ---

INPLACE: Any = ("in place",)  # given as `out`: write the result into the first input


def into(
    out: Any,
    op: Op,
    inputs: Sequence,
    params: tuple = (),
    values: Sequence | None = None,
    shape: Any = None,
    dtype: Any = None,
) -> Any:
    """Call an op and write its results into the tensors the user gave as `out`.

    shape, dtype: of the result, where its kernel can write into an array that is made so.
    """
    if modes and state.interceptors:
        again = partial(into, out, op, inputs, params, values, shape, dtype)
        return intercepted(op, inputs, params, out, again)
    outs = (out,) if isinstance(out, Tensor) else out
    if recording() and any(map(tracked, (*inputs, *outs))):
        raise RuntimeError(messages.OUT_GRAD.format(op=op.name))
    for o in outs:
        check_untracked(o)
    if values is None:
        values = [x._data if isinstance(x, Tensor) else x for x in inputs]
    target = outs[0]._data
    if op.elementwise:
        check_memory(target, inputs)
    if target.shape == shape and target.dtype is dtype and not _shares(target, (None, *values)):
        op.kernel(*values, *params, out=target)
        bump(outs[0])
        return out
    results = op.kernel(*values, *params)
    fill(outs, results if isinstance(results, tuple) else (results,))
    return out


def fill(outs: Sequence[Tensor], results: Sequence[np.ndarray]) -> None:
    """Write arrays into `out=` tensors: cast, resized (with torch's warning) where the shape differs."""
    for o, r in zip(outs, results, strict=True):
        if BY_NP[r.dtype].category > BY_NP[o._data.dtype].category:
            raise RuntimeError(
                messages.CAST.format(got=BY_NP[r.dtype].type_name, want=BY_NP[o._data.dtype].type_name)
            )
        if o._data.shape == r.shape:
            check_overlap(o._data)
    for o, r in zip(outs, results, strict=True):
        if o._data.shape != r.shape:
            if o._data.size:
                text = messages.OUT_RESIZED.format(had=list(o._data.shape), needs=list(r.shape))
                warn(text)
            o._data = np.empty(r.shape, o._data.dtype)
        np.copyto(o._data, r, casting="unsafe")
        bump(o)
