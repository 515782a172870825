"""The engine: walks the graph from the roots, newest node first, and hands gradients on.

Gradients travel as bare arrays unless somebody will differentiate again (`create_graph`); hooks and custom Functions get
tensors made for them on the spot.  A node runs when everything that uses its output has run; among those that are ready
the newest comes first, and an AccumulateGrad as soon as it is ready.  No recursion: a chain of a million nodes is fine.
"""

from collections.abc import Sequence
from heapq import heappop, heappush, heappushpop
from threading import Lock
from typing import Any

import numpy as np

from ..base import messages
from ..base.state import modes, quiet, set_grad_enabled, state
from ..op.record import REGISTRY
from . import anomaly
from .fit import expandable, fit
from .node import AccumulateGrad, Edge, Node, resolve
from .steal import sole
from .tensor import Tensor, counter_of, wrap

_leaf_lock = Lock()
SMALL = 1024  # elements; fewer are copied faster than it is found out whether they need to be


def run(
    roots: Sequence,
    grads: Sequence,
    keep_graph: bool,
    create_graph: bool,
    targets: Sequence | None,
    accumulate: bool,
    tensors: bool = False,
) -> list:
    """Walk backwards.

    roots, grads: edges and the gradients (tensors) that enter there.  targets: edges to which alone gradients are wanted, or
    None for all leaves; accumulate: whether the targets are leaves whose `.grad` is wanted (backward) or gradients are
    captured and returned (grad), in the order of the targets, None where none arrived.  tensors: let gradients travel as
    tensors even where nothing is recorded (as they do while a forward level is open).
    """
    tensors = tensors or create_graph or bool(modes and state.levels)
    walk = _Walk(keep_graph, create_graph, tensors)
    if targets is not None:
        walk.aim(roots, targets, accumulate)
    walk.start(roots, grads)
    if not tensors:  # bare arrays record nothing; where a user's code is called, `quiet` sees to it
        walk.go()
        return walk.captured
    mode = state.grad_enabled
    set_grad_enabled(create_graph)
    try:
        walk.go()
    finally:
        set_grad_enabled(mode)
    return walk.captured


class _Walk:
    """One pass of the engine."""

    __slots__ = (
        "captured",
        "captures",
        "create_graph",
        "deps",
        "keep_graph",
        "needed",
        "ready",
        "sums",
        "tensors",
    )

    def __init__(self, keep_graph: bool, create_graph: bool, tensors: bool) -> None:
        self.keep_graph, self.create_graph, self.tensors = keep_graph, create_graph, tensors
        self.sums: dict[Node, Any] = {}  # what has arrived at a node so far
        self.deps: dict[Node, int] = {}  # how many gradients are still to arrive
        self.ready: list[tuple[float, int, Node]] = []
        self.needed: dict[Node, bool] | None = None
        self.captures: dict[Node, list[tuple[int, int]]] = {}  # node -> (output number, place in `captured`)
        self.captured: list[Any] = []

    def aim(self, roots: Sequence, targets: Sequence, accumulate: bool) -> None:
        """Note from which nodes a target can be reached."""
        self.captured = [None] * len(targets)
        reach: dict[Node, bool] = {}
        for place, edge in enumerate(targets):
            node, nr = resolve(edge)
            if node is not None:
                reach[node] = True
                if not accumulate:
                    self.captures.setdefault(node, []).append((nr, place))
        stack: list[tuple[Node, bool]] = [
            (node, False) for node, _ in map(resolve, roots) if node is not None
        ]
        seen = set()
        while stack:
            node, done = stack.pop()
            below = [n for e in node.edges if (n := resolve(e)[0]) is not None]
            if done:
                if node not in reach:
                    reach[node] = any(reach.get(n, False) for n in below)
            elif node not in seen:
                seen.add(node)
                stack.append((node, True))
                stack.extend((n, False) for n in below if n not in seen)
        self.needed = reach

    def start(self, roots: Sequence, grads: Sequence) -> None:
        """Count what every node has to wait for, and put the first gradients in place."""
        deps = self.deps
        stack: list[Node] = []
        for edge in roots:
            node = edge.node if edge.__class__ is Edge else edge
            if node not in deps:
                deps[node] = 0
                stack.append(node)
        while stack:
            for edge in stack.pop().edges:
                if edge is not None:
                    if edge.__class__ is Edge:
                        edge = edge.node
                    if edge in deps:
                        deps[edge] += 1
                    else:
                        deps[edge] = 1
                        stack.append(edge)
        for edge, grad in zip(roots, grads, strict=True):
            self._arrive(edge, grad if self.tensors else grad._data)
        for node in {edge.node if edge.__class__ is Edge else edge for edge in roots}:
            if not deps[node]:
                heappush(self.ready, (-node.seq, id(node), node))

    def _arrive(self, edge: Any, grad: Any) -> None:
        """Add a gradient to what is at the edge."""
        sums = self.sums
        if edge.__class__ is Edge:
            node, nr = edge.node, edge.nr
            slots = sums.get(node)
            if slots is None:
                slots = sums[node] = [None] * len(node.shape)
            old = slots[nr]
            slots[nr] = grad if old is None else self._add(old, grad)
        else:
            old = sums.get(edge)
            sums[edge] = grad if old is None else self._add(old, grad)

    def _add(self, a: Any, b: Any) -> Any:
        return REGISTRY["add"].public(a, b) if self.tensors else np.add(a, b, out=...)

    def go(self) -> None:
        """Run ready nodes until none is left."""
        ready, deps, sums, needed, tensors = self.ready, self.deps, self.sums, self.needed, self.tensors
        keep_graph, captures, ndarray = self.keep_graph, self.captures, np.ndarray
        following: Any = None  # a node that has become ready; most often the next, which spares the heap
        while ready or following is not None:
            if following is None:
                node = heappop(ready)[2]
            elif ready and ready[0][0] < -following.seq:
                node = heappushpop(ready, (-following.seq, id(following), following))[2]
            else:
                node = following
            following = None
            grad = sums.pop(node, None)
            if needed is not None and not needed.get(node, False):
                continue
            hooks = node.hooks
            if hooks is not None or captures:
                grad = self._before(node, hooks, grad)
                if needed is not None and not self._goes_on(node):
                    continue
            if node.__class__ is AccumulateGrad:
                self._accumulate(node, grad, hooks)
                continue
            try:
                grads = node.vjp(grad, tensors)
            except RuntimeError as error:
                anomaly.explain(node, error)
                raise
            if not keep_graph:
                node.release()
            if anomaly.state.check_nan:
                anomaly.check(node, grads)
            if hooks is not None and hooks.post:
                grads = self._after(node, hooks, grad, grads)
            grad = None
            edges = node.edges
            if len(grads) != len(edges):
                raise RuntimeError(
                    messages.WRONG_NUMBER.format(node=node.name(), expected=len(edges), got=len(grads))
                )
            index = -1
            for edge in edges:
                index += 1
                if edge is None:
                    continue
                target = edge.node if edge.__class__ is Edge else edge
                g = grads[index]
                if g is not None and (needed is None or needed.get(target, False)):
                    if (
                        tensors
                        or g.__class__ is not ndarray
                        or g.shape != edge.shape
                        or g.dtype is not edge.dtype
                    ):
                        g = self._fit(node, index, g, edge)
                    if target is not edge or edge in sums:
                        self._arrive(edge, g)
                    else:
                        sums[edge] = g
                left = deps[target] - 1
                if left:
                    deps[target] = left
                elif following is None:
                    following = target
                else:
                    heappush(ready, (-target.seq, id(target), target))
            grads = g = None

    def _goes_on(self, node: Node) -> bool:
        """Whether a needed node has work to do beyond being looked at."""
        if node not in self.captures:
            return True
        return any(self.needed.get(resolve(e)[0], False) for e in node.edges if e is not None)  # type: ignore

    # --- gradients into their space ---

    def _fit(self, node: Node, index: int, grad: Any, edge: Any) -> Any:
        try:
            return (fit_tensor if self.tensors else fit)(grad, edge.shape, edge.dtype)
        except ValueError:
            words = {
                "node": node.name(),
                "index": index,
                "got": list(np.shape(grad)),
                "expected": list(edge.shape),
            }
            raise RuntimeError(messages.INVALID_GRADIENT.format(**words)) from None

    # --- leaves ---

    def _accumulate(self, node: AccumulateGrad, grad: Any, hooks: Any) -> None:
        if grad is not None:
            with _leaf_lock:
                old = node.grad
                if self.tensors:
                    self._accumulate_tensor(node, old, grad)
                elif old is None:
                    node.grad = wrap(grad.copy() if grad.size < SMALL or not sole(grad) else grad)
                elif old._node is not None:
                    node.grad = wrap(np.add(old._data, grad, out=...))
                else:
                    np.add(old._data, grad, out=old._data, casting="unsafe")
                    counter_of(old)[0] += 1
        if hooks is not None:
            if grad is not None and hooks.after:
                with quiet():
                    for hook in list(hooks.after.values()):
                        hook(node.variable)
            if hooks.post:
                self._after(node, hooks, grad, ())

    def _accumulate_tensor(self, node: AccumulateGrad, old: Tensor | None, grad: Tensor) -> None:
        if old is None:
            node.grad = grad if self.create_graph and grad._node is not None else wrap(grad._data.copy())
        elif self.create_graph:
            node.grad = REGISTRY["add"].public(old, grad)
        else:
            np.add(old._data, grad._data, out=old._data, casting="unsafe")
            counter_of(old)[0] += 1

    # --- hooks: tensors outside, whatever travels inside ---

    def _shown(self, g: Any) -> Any:
        return g if g is None or self.tensors else wrap(g)

    def _taken(self, g: Any) -> Any:
        return g if g is None or self.tensors else g._data

    def _call(self, hook: Any, *shown: Any) -> Any:
        if self.tensors:
            return hook(*shown)
        with quiet():
            return hook(*shown)

    def _before(self, node: Node, hooks: Any, grad: Any) -> Any:
        """Tensor hooks, retained gradients, captures, node pre-hooks, in this order."""
        grads = list(grad or [None] * len(node.shape)) if node.multi else [grad]
        if hooks is not None:
            for nr, table in hooks.tensor.items():
                for hook in list(table.values()):
                    if grads[nr] is not None:
                        grads[nr] = self._hooked(hook, grads[nr])
            for nr, notes in hooks.retain.items():
                if grads[nr] is not None:
                    self._retain(notes, self._shown(grads[nr]))
        for nr, place in self.captures.get(node, ()):
            old, new = self.captured[place], self._shown(grads[nr])
            self.captured[place] = new if old is None else old
        if hooks is not None:
            if self.needed is not None and not self._goes_on(node):
                return grad
            for hook in list(hooks.pre.values()):
                shown = tuple([self._shown(g) for g in grads])
                result = self._call(hook, shown)
                if result is not None:
                    grads = [self._taken(g) for g in _checked(hook, result, shown)]
        return grads if node.multi else grads[0]

    def _hooked(self, hook: Any, grad: Any) -> Any:
        shown = self._shown(grad)
        result = self._call(hook, shown)
        if result is None:
            return grad
        if not isinstance(result, Tensor):
            raise TypeError(messages.HOOK_VARIABLE.format(type=type(result).__name__))
        return self._taken(_checked(hook, (result,), (shown,))[0])

    def _retain(self, notes: Any, grad: Tensor) -> None:
        if notes.grad is None:
            notes.grad = grad if self.create_graph else wrap(grad._data.copy())
        elif self.create_graph:
            notes.grad = REGISTRY["add"].public(notes.grad, grad)
        else:
            notes.grad = wrap(notes.grad._data + grad._data)

    def _after(self, node: Node, hooks: Any, grad: Any, grads: Any) -> Any:
        """Node post-hooks: they see the gradients of inputs and of outputs, and may replace the former."""
        shown_in = tuple([self._shown(g) for g in (grad or [])] if node.multi else [self._shown(grad)])
        for hook in list(hooks.post.values()):
            shown = tuple(
                [
                    None if g is None else g if isinstance(g, Tensor) else wrap(fit(g, *_space(e, g)))
                    for g, e in zip(grads, node.edges, strict=True)
                ]
            )
            result = self._call(hook, shown, shown_in)
            if result is not None:
                result = result if isinstance(result, tuple) else (result,)
                grads = [self._taken(g) for g in _checked(hook, result, shown)]
        return grads


def fit_tensor(grad: Any, shape: tuple, dtype: np.dtype) -> Tensor:
    """`fit` on tensors."""
    if not isinstance(grad, Tensor):
        grad = wrap(np.asarray(grad))
    data = grad._data
    if data.shape == shape and data.dtype is dtype:
        return grad
    if data.shape != shape:
        if not expandable(shape, data.shape):
            raise ValueError(messages.INVALID_GRADIENT)
        grad = REGISTRY["sum_to_size"].public(grad, shape)
    if data.dtype != dtype:
        if data.dtype.kind == "c" and dtype.kind != "c":
            grad = REGISTRY["real"].public(grad)
        if grad._data.dtype != dtype:
            grad = REGISTRY["_to_copy"].public(grad, dtype)
    return grad


def _space(edge: Any, grad: Any) -> tuple:
    return (np.shape(grad), np.asarray(grad).dtype) if edge is None else (edge.shape, edge.dtype)


def _checked(hook: Any, result: Any, given: tuple) -> tuple:
    """What a hook returned, if it is of the kind and number that it was given."""
    name = getattr(hook, "__name__", type(hook).__name__)
    result = (result,) if isinstance(result, Tensor) else result
    if not isinstance(result, tuple | list):
        raise TypeError(messages.HOOK_RETURN.format(type=type(result).__name__))
    if len(result) != len(given):
        raise RuntimeError(messages.HOOK_COUNT.format(hook=name, expected=len(given), got=len(result)))
    for new, old in zip(result, given, strict=True):
        if new is None:
            continue
        if not isinstance(new, Tensor):
            raise TypeError(messages.HOOK_RETURN.format(type=type(new).__name__))
        if old is not None and new._data.dtype != old._data.dtype:
            raise RuntimeError(messages.HOOK_TYPE.format(hook=name, was=old.type(), got=new.type()))
        if old is not None and new._data.shape != old._data.shape:
            raise RuntimeError(messages.HOOK_SIZE.format(hook=name))
    return tuple(result)
