"""The engine: walks the graph from the roots, newest node first, and hands gradients on.

Gradients travel as bare arrays unless somebody will differentiate again (`create_graph`); hooks and custom Functions get
tensors made for them on the spot.  A node runs when everything that uses its output has run; among those that are ready
the newest comes first, and leaves before all others.  No recursion: a chain of a million nodes is fine.
"""

from _thread import allocate_lock
from collections.abc import Sequence
from functools import partial
from heapq import heappop, heappush, heappushpop
from typing import Any

import numpy as np

from ..base import messages
from ..base.state import modes, quiet, set_grad_enabled, state
from ..op.record import REGISTRY
from ..values.blocks import LARGE
from ..values.copies import copy
from ..values.kernels import add
from ..values.masked import broadcast
from ..values.strides import check_overlap, elements, is_dense
from . import anomaly
from . import node as graph
from .fit import expandable, fit, fit_tensor
from .letting_go import without_circles
from .node import FREED, LAST, AccumulateGrad, Edge, Hooks, Node, Nowhere, OpNode, resolve
from .steal import sole
from .tensor import Tensor, check_untracked, counter_of, wrap
from .ties import served
from .unseen import SMALL, walk_unseen

_leaf_lock = allocate_lock()
CALLBACKS, HOOKED = "callbacks", "hooked"  # among the notes: functions to call at the end; nodes with hooks


def run(
    roots: Sequence,
    grads: Sequence,
    walk: "Walk",
    targets: Sequence | None,
    accumulate: bool,
) -> list:
    """Walk backwards.

    roots, grads: edges and the gradients (tensors) that enter there.  targets: edges to which alone gradients are wanted, or
    None for all leaves; accumulate: whether the targets are leaves whose `.grad` is wanted (backward) or gradients are
    captured and returned (grad), in the order of the targets, None where none arrived.
    """
    outer, state.walk = state.walk, walk
    try:
        if targets is None and not modes and not walk.tensors and not anomaly.state.on:
            if walk_unseen(walk, roots, grads):
                return walk.captured
        else:
            walk.count(roots)
            if targets is not None:
                walk.aim(targets, accumulate)
            walk.start(roots, grads)
        go = walk.go if not modes or state.profiler is None else partial(state.profiler.walk, walk)
        if not walk.tensors:  # bare arrays record nothing; where a user's code is called, `quiet` sees to it
            go()
            if walk.notes is not None:
                with quiet():
                    walk.finish()
            return walk.captured
        mode = state.grad_enabled
        set_grad_enabled(walk.create_graph)
        try:
            go()
            walk.finish()
        finally:
            set_grad_enabled(mode)
        return walk.captured
    finally:
        state.walk = outer


def watched() -> bool:
    """Whether somebody is to see what the engine computes, for which gradients must travel as tensors."""
    return bool(modes and (state.levels or state.interceptors))


class Walk:
    """One pass of the engine.

    tensors: whether gradients travel as tensors, as they must where they are recorded or somebody watches.
    """

    __slots__ = (
        "captured",
        "captures",
        "create_graph",
        "deps",
        "keep_graph",
        "leaves",
        "needed",
        "notes",
        "own",
        "ready",
        "sums",
        "tensors",
    )

    watch: Any = None  # what runs a node, where it is not its `vjp`

    def __init__(self, keep_graph: bool, create_graph: bool, tensors: bool) -> None:
        self.keep_graph, self.create_graph, self.tensors = keep_graph, create_graph, tensors
        self.sums: dict[Node, Any] = {}  # what has arrived at a node so far
        self.own: set = (
            set()
        )  # edges where several have arrived: the array there is the walk's, and is added to in place
        self.deps: dict[Node, int] = {}  # how many gradients are still to arrive
        self.ready: list[tuple[float, Node]] = []  # a heap; no two have one number
        self.leaves: list[Any] = []  # those that are ready; they are served before anything else runs
        self.needed: set[Node] | None = None  # those from which a target can be reached, if there are targets
        self.captures: dict[Node, list[tuple[int, int]]] = {}  # node -> (output number, place in `captured`)
        self.captured: list[Any] = []
        self.notes: dict | None = None  # of hooks, by a key of theirs, while the walk lasts

    def count(self, roots: Sequence) -> None:
        """Count what every node has to wait for."""
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
                    if type(edge) is Edge:
                        edge = edge.node
                    if edge in deps:
                        deps[edge] += 1
                    else:
                        deps[edge] = 1
                        stack.append(edge)

    def aim(self, targets: Sequence, accumulate: bool) -> None:
        """Note from which nodes a target can be reached."""
        self.captured = [None] * len(targets)
        self.needed = reach = set()
        for place, edge in enumerate(targets):
            node, nr = resolve(edge)
            if node is not None:
                reach.add(node)
                if not accumulate:
                    self.captures.setdefault(node, []).append((nr, place))
        users: dict[Node, list[Node]] = {}
        for node in self.deps:
            for edge in node.edges:
                if edge is not None:
                    users.setdefault(edge.node if edge.__class__ is Edge else edge, []).append(node)
        stack = list(reach)
        while stack:
            for node in users.get(stack.pop(), ()):
                if node not in reach:
                    reach.add(node)
                    stack.append(node)

    def start(self, roots: Sequence, grads: Sequence) -> None:
        """Put the first gradients in place."""
        deps = self.deps
        for edge, grad in zip(roots, grads, strict=True):
            self._arrive(edge, self._taken(grad))
        starts = {edge.node if edge.__class__ is Edge else edge: None for edge in reversed(roots)}
        for node in reversed(starts):
            if not deps[node] and (self.needed is None or node in self.needed):
                if node.seq is LAST:
                    self.leaves.append(node)
                else:
                    heappush(self.ready, (-node.seq, node))
        if len(self.leaves) > 2:
            self._line_up(roots, None)

    def _line_up(self, edges: Sequence, following: Node | None) -> None:
        """Put leaves that have become ready together into torch's order.  `edges`: those that led to them."""
        leaves = set(self.leaves)
        targets = {edge.node if edge.__class__ is Edge else edge: None for edge in reversed(edges)}
        others: set = targets.keys() - leaves - {None}
        if others:
            others &= {following, *[node for *_, node in self.ready]}
        size = len(self.ready) + (following is not None) - len(others)
        arrivals = [t if t in leaves else None for t in reversed(targets) if t in leaves or t in others]
        self.leaves[:] = served(arrivals, size)

    def _arrive(self, edge: Any, grad: Any) -> None:
        """Add a gradient to what is at the edge."""
        sums = self.sums
        if edge.__class__ is Edge:
            node, nr = edge.node, edge.nr
            slots = sums.get(node)
            if slots is None:
                slots = sums[node] = [None] * len(node.shape)
            old, slots[nr] = slots[nr], None
            slots[nr] = grad if old is None else self._add(edge, old, grad)
        else:
            old = sums.pop(edge, None)
            sums[edge] = grad if old is None else self._add(edge, old, grad)

    def _add(self, edge: Any, total: Any, grad: Any) -> Any:
        if type(edge) is Nowhere:
            return total
        if self.tensors:
            return REGISTRY["add"].public(total, grad)
        if edge in self.own or (total.size >= SMALL and sole(total)):
            return np.add(total, grad, total) if total.size < LARGE else add(total, grad, out=total)
        self.own.add(edge)
        return add(total, grad)

    def go(self) -> None:
        """Run ready nodes until none is left."""
        ready, deps, sums, needed, tensors = self.ready, self.deps, self.sums, self.needed, self.tensors
        keep_graph, captures, ndarray, leaves = self.keep_graph, self.captures, np.ndarray, self.leaves
        watch: Any = anomaly.watch if anomaly.state.on else self.watch
        accumulate: Any = self._accumulate
        if modes and state.profiler is not None:
            watch, accumulate = state.profiler.node, partial(state.profiler.leaf, accumulate)
        following: Any = None  # a node that has become ready; most often the next, which spares the heap
        while True:
            if leaves:
                self.serve(accumulate)
            if following is None:
                if not ready:
                    break
                node = heappop(ready)[1]
            elif ready and ready[0][0] < -following.seq:
                node = heappushpop(ready, (-following.seq, following))[1]
            else:
                node = following
            following = None
            grad = sums.pop(node, None)
            hooks = node.hooks
            if hooks is not None or (captures and node in captures):
                grad = self._before(node, hooks, grad)
                if needed is not None and not self._goes_on(node):
                    continue
            grads = node.vjp(grad, tensors) if watch is None else watch(node, grad, tensors)
            if hooks is not None and hooks.post:
                grads = self._after(node, hooks, grad, grads)
            grad = None
            edges, nr = node.edges, -1
            for edge in edges:  # counted by hand, as `zip` would take half as long as all else here
                nr += 1
                if edge is None:
                    continue
                target = edge.node if type(edge) is Edge else edge
                if needed is not None and target not in needed:
                    continue
                g = grads[nr]
                if g is not None:
                    if (
                        tensors
                        or type(g) is not ndarray
                        or g.dtype is not edge.dtype
                        or g.shape != edge.shape
                    ):
                        g = self._fit(node, g, edge)
                    if target is edge:
                        sums[edge] = self._add(edge, sums.pop(edge), g) if edge in sums else g
                    else:
                        slots = sums.get(target)
                        if slots is None:
                            slots = sums[target] = [None] * len(target.shape)
                        if slots[edge.nr] is None:
                            slots[edge.nr] = g
                        else:
                            self._arrive(edge, g)
                left = deps[target]
                if left > 1:
                    deps[target] = left - 1
                elif target.seq is LAST:
                    if type(target) is not Nowhere:
                        leaves.append(target)
                elif following is None:
                    following = target
                else:
                    heappush(ready, (-target.seq, target))
            grads = g = None
            # Not before this, for a node whose gradients were refused stays whole.
            if not keep_graph and node.saved is not None:
                node.release()
            if len(leaves) > 2:
                self._line_up(edges, following)

    def serve(self, accumulate: Any = None) -> None:
        """Add to the `.grad` of leaves that are ready, unless it is captured."""
        for leaf in self.leaves:
            grad = self.sums.pop(leaf, None)
            if leaf.hooks is not None or self.captures:
                grad = self._before(leaf, leaf.hooks, grad)
                if leaf in self.captures:
                    continue
            if type(leaf) is not Nowhere:
                (accumulate or self._accumulate)(leaf, grad, leaf.hooks)
        self.leaves.clear()

    def note(self) -> dict:
        """The notes, made if there are none."""
        if self.notes is None:
            self.notes = {}
        return self.notes

    def finish(self) -> None:
        """Call what was to be called at the end (that may ask for more), and let go of hooks that will never be called again.

        The latter is for hooks that close over their own node: they, and so the graph, would wait for the garbage collector.
        """
        notes = self.notes
        if notes is not None:
            for callback in notes.get(CALLBACKS, ()):
                callback()
            for node in notes.get(HOOKED, ()):
                if node.once and node.saved is FREED:
                    node.hooks = without_circles(node.hooks, node)

    def _goes_on(self, node: Node) -> bool:
        """Whether a needed node has work to do beyond being looked at."""
        if node not in self.captures:
            return True
        return any(resolve(e)[0] in self.needed for e in node.edges if e is not None)  # type: ignore

    # --- gradients into their space ---

    def _fit(self, node: Node, grad: Any, edge: Any) -> Any:
        try:
            dtype = edge.dtype
            if dtype is None:  # a leaf that takes gradients of any dtype
                dtype = (grad._data if isinstance(grad, Tensor) else np.asarray(grad)).dtype
                cast = isinstance(node, OpNode) and node.op is REGISTRY["_to_copy"]
                if cast or (dtype.kind == "c" and edge.data.dtype.kind != "c"):
                    dtype = edge.data.dtype
            return self._in_space(grad, edge.shape, dtype)
        except ValueError:
            if type(edge) is Nowhere:
                return grad
            words = {
                "node": node.name(),
                "index": list(node._shown_edges()).index(edge),
                "got": list(self._shown(grad).shape),
                "expected": list(edge.shape),
            }
            raise RuntimeError(messages.INVALID_GRADIENT.format(**words)) from None

    def _in_space(self, grad: Any, shape: tuple, dtype: np.dtype) -> Any:
        return (fit_tensor if self.tensors else fit)(grad, shape, dtype)

    # --- leaves ---

    def _accumulate(self, node: AccumulateGrad, grad: Any, hooks: Any) -> None:
        if grad is not None:
            with _leaf_lock:
                old = node.grad
                if self.tensors:
                    self._accumulate_tensor(node, old, grad)
                elif old is not None:
                    _add_into(old, grad)
                elif node.odd:
                    node.grad = wrap(_laid_like(node.data, grad))
                else:
                    node.grad = wrap(grad.copy() if grad.size < SMALL else grad if sole(grad) else copy(grad))
        if hooks is not None:
            if grad is not None and hooks.after:
                with quiet():
                    for hook in list(hooks.after.values()):
                        if (result := hook(node.variable)) is not None:
                            if not isinstance(result, Tensor):
                                raise TypeError(messages.HOOK_VARIABLE.format(type=type(result).__name__))
                            raise RuntimeError(messages.HOOK_AFTER)
            if hooks.post:
                self._after(node, hooks, grad, ())

    def _accumulate_tensor(self, node: AccumulateGrad, old: Tensor | None, grad: Tensor) -> None:
        if any(getattr(each, "sees_all", False) for each in state.interceptors):
            if old is None:
                node.grad = REGISTRY["clone"].public(grad, None)
            elif self.create_graph:
                node.grad = REGISTRY["add"].public(old, grad)
            else:
                REGISTRY["add"].public.write(old, grad)
        elif old is None and self.create_graph:  # a copy of its own: others may hold this gradient too
            node.grad = wrap(np.empty_like(grad._data)).copy_(grad)
        elif old is None:
            node.grad = wrap(_laid_like(node.data, grad._data))
        elif self.create_graph:
            node.grad = REGISTRY["add"].public(old, grad)
        else:
            _add_into(old, grad._data)

    # --- hooks: tensors outside, whatever travels inside ---

    def _shown(self, g: Any) -> Any:
        return g if g is None or self.tensors else wrap(g)

    def _shown_at(self, edge: Any, g: Any) -> Tensor:
        return wrap(fit(g, *_space(edge, g)))

    def _taken(self, g: Any) -> Any:
        return g if g is None or self.tensors else g._data

    def _call(self, hook: Any, *shown: Any) -> Any:
        if self.tensors:
            return hook(*shown)
        with quiet():
            return hook(*shown)

    def _before(self, node: Node, hooks: Any, grad: Any) -> Any:
        """Tensor hooks, retained gradients, node pre-hooks, in this order.

        As in torch, a gradient that is asked for is taken after the former two, but before all where the node runs as well.
        """
        if modes and state.profiler is not None:
            state.profiler.evaluate(node, grad)
        grads = list(grad or [None] * len(node.shape)) if node.multi else [grad]
        wanted = self.captures.get(node, ())
        if wanted and self._goes_on(node):
            self._capture(wanted, grads)
            wanted = ()
        if hooks is not None:
            if node.saved is not None and not self.keep_graph:
                self.note().setdefault(HOOKED, []).append(node)
            for nr, table in hooks.tensor.items():
                for hook in list(table.values()):
                    grads[nr] = self._hooked(hook, grads[nr])
            for nr, notes in hooks.retain.items():
                if grads[nr] is not None:
                    self._retain(notes, self._shown(grads[nr]))
        self._capture(wanted, grads)
        if hooks is not None:
            if self.needed is not None and not self._goes_on(node):
                return grad
            for hook in list(hooks.pre.values()):
                shown = tuple([self._shown(g) for g in grads])
                result = self._call(hook, shown)
                if result is not None:
                    grads = [self._taken(g) for g in _checked(hook, result, shown)]
        return grads if node.multi else grads[0]

    def _capture(self, wanted: Sequence, grads: list) -> None:
        for nr, place in wanted:
            old, new = self.captured[place], self._shown(grads[nr])
            self.captured[place] = new if old is None else old

    def _hooked(self, hook: Any, grad: Any) -> Any:
        shown = self._shown(grad)
        result = self._call(hook, shown)
        if result is None:
            return grad
        if grad is None:
            raise RuntimeError(messages.HOOK_NONE)
        return self._taken(_checked(hook, (result,), (shown,))[0])

    def _retain(self, notes: Any, grad: Tensor) -> None:
        if notes.grad is None:
            notes.grad = REGISTRY["clone"].public(grad, None) if self.tensors else wrap(grad._data.copy())
        elif self.tensors:
            notes.grad = REGISTRY["add"].public(notes.grad, grad)
        else:
            notes.grad = wrap(notes.grad._data + grad._data)

    def _after(self, node: Node, hooks: Any, grad: Any, grads: Any) -> Any:
        """Node post-hooks: they see the gradients of inputs and of outputs, and may replace the former."""
        shown_in = tuple([self._shown(g) for g in (grad or [])] if node.multi else [self._shown(grad)])
        for hook in list(hooks.post.values()):
            shown = tuple(
                [
                    None
                    if g is None or type(e) is Nowhere
                    else g
                    if isinstance(g, Tensor)
                    else self._shown_at(e, g)
                    for g, e in zip(grads, node.edges, strict=True)
                ]
            )
            result = self._call(hook, shown, shown_in)
            if result is not None:
                grads = [self._taken(g) for g in _checked(hook, result, shown)]
        return grads


def current_notes() -> dict:
    """What hooks note in the walk that is under way in this thread."""
    return state.walk.note()


def at_the_end(callback: Any) -> None:
    """Call it when the walk that is under way in this thread has ended without an error."""
    if state.walk is None:
        raise RuntimeError(messages.CALLBACK_OUTSIDE)
    current_notes().setdefault(CALLBACKS, []).append(callback)


def will_run(node: Node) -> bool:
    """Whether the walk that is under way comes, or has come, to this node."""
    walk = state.walk
    if walk.needed is None:
        return node in walk.deps
    if node not in walk.needed:
        return False
    if not node.edges and node in walk.captures:
        raise RuntimeError(messages.MULTI_GRAD_LEAF)
    return True


def accumulate(node: AccumulateGrad, grad: Tensor | None) -> tuple:
    """Add to the leaf's `.grad`, for a user who calls the node: of its hooks only the last are called."""
    if grad is not None and not expandable(grad._data.shape, node.shape):
        both = broadcast(node.shape, grad._data.shape)
        raise RuntimeError(messages.INPLACE_SHAPE.format(shape=list(node.shape), broadcast=list(both)))
    if grad is not None and grad._data.shape != node.shape:
        grad = REGISTRY["expand"].public(grad, node.shape)
    walk = Walk(False, state.grad_enabled, True)
    last = Hooks()
    if node.hooks is not None:
        last.after = node.hooks.after
    walk._accumulate(node, grad, last)
    return ()


graph.accumulate = accumulate  # type: ignore[assignment]


def _add_into(total: Tensor, grad: np.ndarray) -> None:
    """Add to a gradient that is there, which is a write like any other."""
    data = total._data
    if data.base is not None:
        check_untracked(total)
        check_overlap(data)
    try:
        np.add(data, grad, out=data, casting="unsafe")
    except ValueError:
        both = broadcast(data.shape, grad.shape)
        raise RuntimeError(
            messages.INPLACE_SHAPE.format(shape=list(data.shape), broadcast=list(both))
        ) from None
    counter = counter_of(total)
    if counter:
        counter[0] += 1


def _laid_like(leaf: np.ndarray, grad: np.ndarray) -> np.ndarray:
    """A copy of a first gradient, with the leaf's shape and strides if the leaf's elements lie side by side."""
    pairs = zip(elements(grad), elements(leaf), strict=False)
    if (
        all(n == 1 or a == b for n, (a, b) in zip(grad.shape, pairs, strict=False))
        or not state.layout_enforced
    ):
        return grad.copy("K")
    if not is_dense(leaf.shape, elements(leaf)):
        return grad.copy()
    out = np.empty_like(leaf, grad.dtype)
    try:
        out[...] = grad
    except ValueError:
        raise RuntimeError(
            messages.INPLACE_SHAPE.format(
                shape=list(leaf.shape), broadcast=list(broadcast(leaf.shape, grad.shape))
            )
        ) from None
    return out


def _space(edge: Any, grad: Any) -> tuple:
    if edge is None or edge.dtype is None:
        return np.shape(grad), np.asarray(grad).dtype
    return edge.shape, edge.dtype


def _checked(hook: Any, result: Any, given: tuple) -> tuple:
    """What a hook returned, if it is of the kind and number that it was given."""
    name = getattr(hook, "__name__", type(hook).__name__)
    if not isinstance(result, tuple):
        raise TypeError(messages.HOOK_TUPLE.format(type=type(result).__name__))
    if len(result) != len(given):
        raise RuntimeError(messages.HOOK_COUNT.format(hook=name, expected=len(given), got=len(result)))
    for new, old in zip(result, given, strict=True):
        if new is None:
            continue
        if old is None:
            raise RuntimeError(messages.HOOK_NONE)
        if not isinstance(new, Tensor):
            raise TypeError(messages.HOOK_VARIABLE.format(type=type(new).__name__))
        if new._data.dtype != old._data.dtype:
            raise RuntimeError(messages.HOOK_TYPE.format(hook=name, was=old.type(), got=new.type()))
        if new._data.shape != old._data.shape:
            raise RuntimeError(messages.HOOK_SIZE.format(hook=name))
    return result
