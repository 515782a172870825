"""Hooks that a transform's function registers (see func/pull.py): they are about that transform's gradients, and no others.

The graph of a transformed function may be walked for others too: for a transform around it, or for `backward` of its result.
In torch each of them would have nodes of its own.
"""

from collections.abc import Callable, Sequence
from typing import Any
from weakref import ref

from ..base.state import state
from . import node as graph
from .batch import Batched, Level, bottom, embed, show_all
from .node import Input, Node, resolve
from .tensor import Tensor


class Within:
    """A hook that is called in walks to one `Input`; what a tensor's hook is shown is batched as the tensor is."""

    __slots__ = ("hook", "levels", "target")

    def __init__(self, hook: Callable, target: Input, levels: Sequence[Level]) -> None:
        self.hook, self.target, self.levels = hook, ref(target), levels

    def __call__(self, *grads: Any) -> Any:
        if self.target() not in state.walk.captures:
            return None
        if not self.levels:
            return self.hook(*grads)
        result = self.hook(*[embed(g, self.levels) if isinstance(g, Tensor) else g for g in grads])
        return show_all(result, self.levels) if isinstance(result, Tensor) else result

    @property
    def __name__(self) -> str:
        return getattr(self.hook, "__name__", repr(self.hook))


def within(hook: Callable, node: Node, levels: Sequence[Level] = ()) -> Callable:
    """The hook as it is to be registered at a node while transforms are open; levels: those that batch what it is shown."""
    target = innermost(node)
    return hook if target is None else Within(hook, target, levels)


def innermost(node: Node) -> Input | None:
    """The newest input of an open transform that a node leads to."""
    found: Input | None = None
    seen: set[Node] = set()
    stack: list[Any] = [node]
    while stack:
        each = stack.pop()
        if each is None or each in seen:
            continue
        seen.add(each)
        if type(each) is Input and not each.ended and (found is None or each.seq > found.seq):
            found = each
        stack.extend([resolve(e)[0] for e in each.edges])
    return found


def inner(x: Tensor) -> Tensor:
    """The tensor that has x's history: where samples are hidden and a transform opened since differentiates x, that behind it."""
    notes = x._notes
    return bottom(x)[0] if notes.__class__ is Batched and notes.differentiated() else x


graph.within = within
