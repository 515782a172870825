"""`__torch_dispatch__`: classes and modes that take over ops below autograd.

A mode, or the class of an argument, gets the op and its arguments and returns what comes out; that its result has a history is seen to
here, as torch records above.  So what it calls is not recorded, but for the very call that it was asked for: that is done as
if nobody had asked.  Modes come before classes, the newest first, and below vmap, as in torch.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ..base import messages
from ..base.state import State, enter_mode, leave_mode, quiet, set_grad_enabled, state
from ..op.record import REGISTRY, Op
from . import forward
from .batch import Level
from .call import record, recording
from .node import edge_of
from .overloads import OpOverload, overload_of, shown_as
from .overriding import ordered_by
from .packing import pack_inputs
from .subclass import _disabled_torch_dispatch_impl
from .tensor import Tensor, counter_of, notes_of, twin, wrap
from .write import INPLACE, _before, bump, check_inplace, push_write, rebase


class Asked:
    """The op that a handler was asked for, and how to do it as if nobody had asked.

    written: what it writes.  The handler works below all derivatives: what it does has no history and no tangents, and what
    it writes to this tensor, or to the op's results, does not count as a write.
    """

    __slots__ = ("again", "args", "counted", "done", "func", "grad", "kwargs", "levels", "result")

    def __init__(
        self, func: OpOverload, args: tuple, kwargs: dict, again: Callable, written: Sequence = ()
    ) -> None:
        self.func, self.args, self.kwargs, self.again = func, args, kwargs, again
        self.grad, self.levels = state.grad_enabled, state.levels
        self.done, self.result = False, None
        self._count(written)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """What `func(*args, **kwargs)` gives inside the handler."""
        if self.done or not (_same(list(args), list(self.args)) and self._named(kwargs)):
            return self.func.perform(*args, **kwargs)
        self.done = True
        grad, levels = state.grad_enabled, state.levels
        set_grad_enabled(self.grad)
        state.levels = self.levels
        try:
            self.result = self.again()
        finally:
            set_grad_enabled(grad)
            state.levels = levels
        self._count(_several(self.result))
        return self.result

    def handled(self, handler: Callable, types: tuple) -> Any:
        """What the handler makes of it."""
        before, state.asked, state.levels = state.asked, self, ()
        try:
            with quiet():
                return handler(self.func, types, self.args, self.kwargs)
        finally:
            state.asked, state.levels = before, self.levels
            for counter, count in self.counted:
                counter[:1] = count

    def gave(self, result: Any) -> bool:
        """Whether this is the result of the op, which the handler has had done."""
        return self.done and _same(_several(result), _several(self.result))

    def _count(self, written: Sequence) -> None:
        """Note how often these have been written."""
        counters = [counter_of(t) for t in written if isinstance(t, Tensor)]
        self.counted = [(counter, counter[:1]) for counter in counters]

    def _named(self, kwargs: dict) -> bool:
        known = self.kwargs
        return kwargs.keys() == known.keys() and all(_same(kwargs[name], known[name]) for name in known)


def _several(result: Any) -> list:
    return list(result) if isinstance(result, tuple | list) else [result]


def _same(a: Any, b: Any) -> bool:
    if type(a) is list and type(b) is list:
        return len(a) == len(b) and all(map(_same, a, b))
    return a is b or (
        not isinstance(a, Tensor) and not isinstance(b, Tensor) and type(a) is type(b) and bool(a == b)
    )


def ask(
    handler: Callable, op: Op, inputs: Sequence, params: tuple, out: Any, again: Callable, types: tuple
) -> Any:
    """The result of a call as a handler gives it, with the history that the op gives; NotImplemented if it has none."""
    func, args, kwargs = shown_as(op, inputs, params, out)
    edges: tuple = ()
    if recording() and out in (None, INPLACE) and _differentiable(op, inputs):
        edges = tuple([edge_of(x) if op.differentiates(i) else None for i, x in enumerate(inputs)])
    kept = inputs
    if out is INPLACE and any(edges) and not op.view:
        check_inplace(op, inputs)
        packers, state.packers = state.packers, ()  # packed where it is recorded, which may be by `again`
        try:
            former = (
                [_copy(inputs[0], edges[0])] if _asked(type(inputs[0])) and _keeps_first(op, edges) else None
            )
            kept = _before(op, inputs, edges, former)
        finally:
            state.packers = packers
    dual = _dual_copy(inputs) if state.levels and out is INPLACE else None
    asked = Asked(func, args, kwargs, again, inputs[:1] if out is INPLACE else ())
    result = asked.handled(handler, types)
    if result is NotImplemented or result is None:
        return result
    if (
        op.outputs is not None
        and len(op.outputs) < 2
        and op.name != "_local_scalar_dense"
        and not isinstance(result, Tensor)
    ):
        raise RuntimeError(messages.OPERATOR_RESULT.format(value=result, type="Tensor"))
    result = tuple(result) if isinstance(result, list) else result
    if out is INPLACE:
        result = inputs[0]  # whatever the handler returned, as in torch
        if not asked.done:
            bump(result)
            if any(edges):
                rebase(result, _recorded_write(op, kept, params, edges, result))
            if dual is not None:
                push_write(op, dual, params, result)
    elif any(edges):
        _give_history(op, inputs, params, edges, result)
    if state.levels and out is None and isinstance(result, Tensor | tuple) and not asked.gave(result):
        forward.push(op, inputs, params, result)
    return result


def _dual_copy(inputs: Sequence) -> list:
    """The inputs of a write with the first as it is now, tangents included."""
    t = inputs[0]
    copy = _copy(t, edge_of(t))
    if t._notes is not None and t._notes.tangents:
        notes_of(copy).tangents = {level: _copy(g, edge_of(g)) for level, g in t._notes.tangents.items()}
    return [copy, *inputs[1:]]


def _keeps_first(op: Op, edges: tuple) -> bool:
    keep = op.kept(tuple([e is not None for e in edges]))
    return keep is not None and keep[0][0]


def _copy(t: Tensor, edge: Any) -> Tensor:
    """A copy of a tensor, made by its class, for a node that keeps its former value."""
    with quiet():
        copy = REGISTRY["clone"].public(t, None)
    copy._node = edge
    return copy


def _differentiable(op: Op, inputs: Sequence) -> bool:
    return any(map(op.differentiates, range(max(len(inputs), 1))))


def _recorded_write(op: Op, inputs: Sequence, params: tuple, edges: tuple, t: Tensor) -> Any:
    out = wrap(t._data)
    out._counter = t._counter
    if state.packers:
        inputs = pack_inputs(op, inputs, op.kept(tuple([e is not None for e in edges])))
    node: Any = record(op, inputs, params, edges, out)
    for i, x in enumerate(inputs[1:], 1):
        if isinstance(x, Tensor) and x._counter is t._counter:
            node.outdate(i)
    return node


def _give_history(op: Op, inputs: Sequence, params: tuple, edges: tuple, result: Any) -> None:
    """Record the op, unless the handler has had that done, or gives back what it was given."""
    outs = (result,) if isinstance(result, Tensor) else result
    first = outs[0] if outs else None
    if not isinstance(first, Tensor) or first._data.dtype.kind not in "fcV":
        return
    if any(o is not None and (o._node is not None or any(o is x for x in inputs)) for o in outs):
        return
    node: Any = record(op, inputs, params, edges, tuple(outs))
    if node.keeps_result():
        _keep_as_tensors(node, outs)


def _keep_as_tensors(node: Any, outs: Sequence) -> None:
    """Let a node keep outputs whose class looks after itself as tensors, as their arrays say nothing."""
    inputs, versions, params, kept = node.kept()
    if type(kept[0]) is not list:
        kept = [k and (twin(o), *k[1:]) if _asked(type(o)) else k for k, o in zip(kept, outs, strict=False)]
        node.keep(inputs, versions, params, kept)


# --- modes ---


class ModeInterceptor:
    """A TorchDispatchMode as one who sees every op."""

    __slots__ = ("mode",)
    sees_all = True  # also what the engine does to `.grad`

    def __init__(self, mode: Any) -> None:
        self.mode = mode

    def __call__(self, op: Op, inputs: Sequence, params: tuple, out: Any, again: Callable) -> Any:
        types = tuple(map(type, _askable(inputs)))
        result = ask(self.mode.__torch_dispatch__, op, inputs, params, out, again, types)
        if result is NotImplemented:
            raise _nobody(overload_of(op, inputs, params, out), [f"mode object {self.mode}"])
        return result


def push(interceptor: Any) -> None:
    """Let an interceptor see what those below vmap see, before all that are there."""
    enter_mode(interceptor, around=True)
    for name in ("interceptors", "opened"):
        there = getattr(state, name)
        place = next((i for i, each in enumerate(there) if type(each) is Level), len(there))
        setattr(state, name, (*there[:place], interceptor, *there[place:]))


def pop(interceptor: Any) -> None:
    """Undo `push`."""
    for name in ("interceptors", "opened"):
        setattr(state, name, tuple([each for each in getattr(state, name) if each is not interceptor]))
    leave_mode(interceptor)


# --- classes ---


def _askable(inputs: Iterable) -> list:
    return ordered_by(_asked, inputs)


def _asked(kind: type) -> bool:
    return issubclass(kind, Tensor) and kind.__torch_dispatch__ is not _disabled_torch_dispatch_impl


class _Classes:
    """The classes of the arguments as one who sees every op: the oldest of all interceptors, of every thread."""

    of_classes = sees_all = True

    def __call__(self, op: Op, inputs: Sequence, params: tuple, out: Any, again: Callable) -> Any:
        given = () if out is None or out is INPLACE else (out,) if isinstance(out, Tensor) else tuple(out)
        found = _askable((*inputs, *given))
        if not found:
            return again()
        before = state.interceptors
        state.interceptors = (self, *before)  # it is asked again for what its handlers call
        types = tuple(map(type, found))
        try:
            for x in found:
                result = ask(type(x).__torch_dispatch__, op, inputs, params, out, again, types)
                if result is not NotImplemented:
                    return result
        finally:
            state.interceptors = before
        raise _nobody(overload_of(op, inputs, params, out), [f"tensor subclass {kind}" for kind in types])


CLASSES = _Classes()


def watch_ops() -> None:
    """Let every op ask the classes of its arguments."""
    if CLASSES not in State.interceptors:
        State.interceptors = (CLASSES, *State.interceptors)
        State.opened = (CLASSES, *State.opened)
    for name in ("interceptors", "opened"):
        there = getattr(state, name)
        if CLASSES not in there:
            setattr(state, name, (CLASSES, *there))


def _nobody(func: OpOverload, who: list[str]) -> TypeError:
    lines = "".join([f"  - {each}\n" for each in who])
    return TypeError(messages.DISPATCH_FAILED.format(name=func, who=lines))
