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
from ..tensor.batch import Level, bottom, embed, hide_all, levels_of, show, show_all, travel_as_tensors
from ..tensor.node import Input, Node, edge_of, resolve
from ..tensor.tensor import FRESH, Tensor, counter_of, notes_of, untracked, wrap
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
        if level not in levels:
            inner, levels = bottom(embed(show(hide_all(inner, levels), level), (level,)))
    out = wrap(inner._data, Input(inner._data, edge_of(inner)))
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
    seen: set[Node | None] = set()
    stack = [resolve(edge)[0]]
    while stack:
        node = stack.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        if not node.edges and node not in named and not (type(node) is Input and node.ended):
            return True
        stack.extend([resolve(e)[0] for e in node.edges])
    return False


def closed(y: Tensor, inputs: Sequence[Tensor]) -> Tensor:
    """y as it is seen from outside the transform: without a history, if it has none there."""
    inner, levels = bottom(y)
    tangents = inner._notes.tangents if inner._notes is not None else None
    beyond = outer(y, inputs)
    if not tangents and (beyond or inner._node is None):
        return y
    out = wrap(inner._data, edge_of(inner) if beyond else None)
    out._counter = counter_of(inner)
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
        tensors = travel_as_tensors(starts)
        with _aside():
            found = engine.run(roots, starts, keep_graph, create_graph, targets, False, tensors)
    out = []
    for x, g in zip(inputs, found, strict=True):
        inner, levels = bottom(x)
        g = embed(wrap(np.zeros_like(inner._data)) if g is None else g, levels)
        out.append(closed(g, inputs) if create_graph and state.levels else g)
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
