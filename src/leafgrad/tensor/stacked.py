"""Gradients of many samples as bare arrays: the walk of the engine for jacrev, `is_grads_batched` and their like.

Where a vmap begins at the gradients, and the graph was recorded outside, nothing but the gradients has samples.  They travel
as arrays whose first axis the samples are.  Elementwise rules hold for those as they stand, because NumPy aligns shapes from
the right, and other rules may say what they are there (`stacking`); a node with a rule that does not gets a batched tensor.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..base.state import modes, state
from ..values.kernels import add
from . import anomaly
from .batch import Level, hide, levels_of
from .engine import Walk
from .fit import fit
from .node import Node, Nowhere, OpNode
from .packing import PackedNode
from .tensor import Tensor, wrap


def walk_from(starts: Sequence[Tensor], keep_graph: bool, create_graph: bool) -> Walk:
    """A walk for gradients that start with these: as bare arrays where nobody watches and, if they are batched, nothing else is."""
    if create_graph or not modes:
        return Walk(keep_graph, create_graph, create_graph)
    batched = {level for g in starts for level in levels_of(g)}
    vmaps = [each for each in state.opened if each.__class__ is Level]
    watched = bool(state.levels) or vmaps != [*state.interceptors] or any(level.lifts for level in vmaps)
    if len(batched) == 1 and state.opened == tuple(batched) and not watched and not anomaly.state.on:
        return Stacked(vmaps[0], keep_graph)
    return Walk(keep_graph, False, watched or bool(batched))


class Stacked(Walk):
    """A walk whose gradients are arrays with the samples of one level in front."""

    __slots__ = ("level",)

    def __init__(self, level: Level, keep_graph: bool) -> None:
        super().__init__(keep_graph, False, True)
        self.level = level

    # --- tensors outside, arrays inside ---

    def _shown(self, g: Any) -> Any:
        return g if g is None else hide(wrap(g), self.level)

    def _taken(self, g: Any) -> Any:
        return g if g is None else self.level.expanded(g)._data

    def _shown_at(self, edge: Any, g: Any) -> Tensor:
        return self._shown(
            g if edge is None or edge.dtype is None else self._in_space(g, edge.shape, edge.dtype)
        )

    # --- a node ---

    def watch(self, node: Node, grad: Any, tensors: bool) -> Any:
        """Run a node: its rules on the array where they say how, or else on a batched tensor."""
        if (
            isinstance(node, OpNode)
            and not isinstance(node, PackedNode)  # a user's hooks know tensors, and are to be called once
            and grad is not None
            and (grads := self._by_rules(node, grad)) is not None
        ):
            return grads
        shown = [self._shown(g) for g in grad] if node.multi and grad is not None else self._shown(grad)
        return [
            self._taken(g if g is None or isinstance(g, Tensor) else wrap(np.asarray(g)))
            for g in node.vjp(shown, True)
        ]

    def _by_rules(self, node: OpNode, grad: Any) -> list | None:
        """What the rules return, or None where one of them needs a tensor."""
        op, edges = node.op, node.edges
        if op.joint is not None or node.multi:
            return None
        wanted: list[Any] = [
            None if edge is None or edge.__class__ is Nowhere else rule
            for rule, edge in zip(op.rules, edges, strict=True)
        ]
        if any(rule is not None and rule.stacked is None for rule in wanted):
            return None
        env: Any = None if node.saved is None else node.unpack(False)
        out: list = []
        for rule, edge in zip(wanted, edges, strict=True):
            if rule is None:
                out.append(None)
                continue
            try:
                g = rule.stacked(grad, *[env[i] for i in rule.places])
            except ValueError:  # it is said in words where a tensor travels
                return None
            if g is not None and (
                type(g) is not np.ndarray or g.ndim <= len(edge.shape) or len(g) != len(grad)
            ):
                return None
            out.append(g)
        return out

    def _add(self, edge: Any, total: Any, grad: Any) -> Any:
        return add(total, grad)

    def _in_space(self, grad: np.ndarray, shape: tuple, dtype: np.dtype) -> np.ndarray:
        want = (self.level.size, *shape)
        if grad.shape == want and grad.dtype is dtype:
            return grad
        summed = (1,) * (grad.ndim - len(want))  # these dimensions are behind the samples
        return fit(grad, (self.level.size, *summed, *shape), dtype).reshape(want)
