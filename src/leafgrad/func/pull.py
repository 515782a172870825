"""Reverse mode for transforms: fresh names for inputs, and gradients that are asked for under these names.

A transform gives each of its inputs a name of its own, a tensor around the same memory whose node (`Input`) leads to
the history the input had outside.  Gradients asked for there see only what happened inside, and what is recorded on the
way back belongs to the graph outside: so transforms nest without knowing of each other.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ..base import messages
from ..base.state import inference, state
from ..tensor import engine
from ..tensor.batch import Level, bottom, embed, hide_all, levels_of, lift, show, show_all
from ..tensor.node import Edge, Input, Node, edge_of, tracked
from ..tensor.stacked import walk_from
from ..tensor.tensor import FRESH, Tensor, counter_of, notes_of, twin, untracked, wrap
from ..utils._pytree import tree_leaves


class recorded:
    """The context in which a transform calls a function of `inputs`, to which it gives names.

    Gradients are recorded; `outside` says whether they were before.  As in torch, hooks for saved tensors are refused: RuntimeError.
    others: what else the function is given: what is batched there will meet the inputs, which are expanded at once (see
    Note [Lifting] for the rest).
    """

    __slots__ = ("aside", "inputs", "named", "others", "outside", "refused")

    def __init__(self, inputs: Sequence[Tensor], others: Any = ()) -> None:
        self.inputs, self.others = inputs, others

    def __enter__(self) -> "recorded":
        if state.packers:
            raise RuntimeError(messages.TRANSFORM_SAVED_HOOKS)
        among = {level: None for x in (*self.inputs, *tree_leaves(self.others)) for level in levels_of(x)}
        self.named = [fresh(x, among) for x in self.inputs]
        self.refused, state.packers_refused = state.packers_refused, messages.TRANSFORM_SAVED_HOOKS
        self.outside = state.grad_enabled
        self.aside = inference(False)  # inference mode is set aside
        self.aside.__enter__()
        state.transforms += 1
        return self

    def __exit__(self, *exc: object) -> None:
        state.transforms -= 1
        state.packers_refused = self.refused
        self.aside.__exit__()
        for x in self.named:
            bottom(x)[0]._node.ended = True


def fresh(x: Tensor, among: Iterable[Level] = ()) -> Tensor:
    """x under a new name, batched by these levels as well, so that each sample has a gradient of its own.

    RuntimeError for dtypes without derivatives.
    """
    if x._data.dtype.kind not in "fcV":
        raise RuntimeError(messages.TRANSFORM_DTYPE)
    inner, levels = bottom(x)
    for level in among:
        if level in levels:
            continue
        if not levels and not tracked(inner) and inner._notes is None:
            counter = inner._counter if untracked(inner) else counter_of(inner)
            inner, levels = wrap(lift.op.kernel(inner._data, 0, level)), (level,)
            inner._counter = counter
        else:
            inner, levels = bottom(embed(show(hide_all(inner, levels), level), (level,)))
    out = twin(inner, Input(inner._data, edge_of(inner)))
    out._counter = FRESH if untracked(inner) else counter_of(inner)
    if inner._notes is not None and inner._notes.tangents:
        notes_of(out).tangents = dict(inner._notes.tangents)
    return hide_all(out, levels)


def outer(y: Tensor, inputs: Sequence[Tensor]) -> bool:
    """Whether what y was computed from has a history outside: more than these inputs, or theirs."""
    edge = edge_of(bottom(y)[0])
    if edge is None:
        return False
    named = {bottom(x)[0]._node for x in inputs}
    seen: set[Node] = set()
    stack = [edge]
    while stack:
        edge = stack.pop()
        node = edge.node if edge.__class__ is Edge else edge
        if node not in seen:
            seen.add(node)
            if node.edges:
                stack += [e for e in node.edges if e is not None]
            elif node not in named and not (type(node) is Input and node.ended):
                return True
    return False


def beyond(y: Tensor, inputs: Sequence[Tensor]) -> bool:
    """Whether y or a tangent of it has a history outside, so that derivatives of y may be differentiated again."""
    notes = bottom(y)[0]._notes
    tangents = notes.tangents if notes is not None else None
    return outer(y, inputs) or any(beyond(t, inputs) for t in (tangents or {}).values())


def closed(y: Tensor, inputs: Sequence[Tensor], history: bool | None = None) -> Tensor:
    """y as it is seen from outside the transform: without a history, if it has none there.  history: what `outer` says, if known."""
    inner, levels = bottom(y)
    tangents = inner._notes.tangents if inner._notes is not None else None
    if history is None:
        history = outer(y, inputs)
    if not tangents and (history or inner._node is None):
        return y
    out = twin(inner, edge_of(inner) if history else None)
    if tangents:
        notes_of(out).tangents = {level: closed(t, inputs) for level, t in tangents.items()}
    return hide_all(out, levels)


def gradients(
    outputs: Sequence[Tensor],
    inputs: Sequence[Tensor],
    cotangents: Sequence[Tensor],
    keep_graph: bool,
    create_graph: bool,
) -> list[Tensor]:
    """The gradients with respect to fresh names, zeros where the outputs do not depend on them."""
    roots, starts = [], []
    for y, cotangent in zip(outputs, cotangents, strict=True):
        inner, levels = bottom(y)
        edge = edge_of(inner)
        if edge is not None:
            roots.append(edge)
            starts.append(show_all(cotangent, levels))
    found: list = [None] * len(inputs)
    if roots:
        targets = [bottom(x)[0]._node for x in inputs]
        with _aside():
            found = engine.run(roots, starts, walk_from(starts, keep_graph, create_graph), targets, False)
    out = []
    for x, g in zip(inputs, found, strict=True):
        inner, levels = bottom(x)
        g = embed(wrap(np.zeros_like(inner._data)) if g is None else g, levels)
        out.append(closed(g, inputs) if state.levels else g)
    return out


class _aside:
    """The context in which gradients are computed: in a transform still, and with inference mode set aside."""

    __slots__ = ("mode",)

    def __enter__(self) -> None:
        self.mode = inference(False) if state.inference else None
        if self.mode is not None:
            self.mode.__enter__()
        state.transforms += 1

    def __exit__(self, *exc: object) -> None:
        state.transforms -= 1
        if self.mode is not None:
            self.mode.__exit__()
