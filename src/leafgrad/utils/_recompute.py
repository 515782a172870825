"""The kind of checkpoint that stands on saved tensors: the graph is recorded, but what it would save is not kept.

A `Frame` is one checkpointed call.  Its pack hook keeps a `Holder` in the place of each tensor.  The first that is unpacked in a walk of
the engine has the function called again, which saves the same tensors in the same order; a `Replay` takes them down, and stops the
function (by an exception) at the last that is needed.  The next finds its value there.

Each value is given away once, so it dies when it was used; what was recomputed lives as long as its frame and the walk.  Nodes refer to
holders and the frame, the frame to holders weakly and to no node but those of its arguments, the second run's graph to neither: so
nothing refers in a circle.

Nested checkpoints need nothing more.  Of hooks only the innermost are called, so an outer frame keeps what is saved outside of inner
checkpoints, and their arguments; an inner frame that must repeat its call asks for these, and the outer is repeated before it.
"""

from _thread import _local as Local
from collections.abc import Callable, Sequence
from typing import Any
from weakref import WeakKeyDictionary, ref

from ..autograd.function import FunctionNode
from ..autograd.grad_mode import enable_grad
from ..autograd.saving import refuse_if_disabled
from ..base import messages
from ..base.state import enter_mode, leave_mode, quiet, state
from ..op.record import Op
from ..tensor.engine import current_notes
from ..tensor.packing import Silent, inputs_to_save
from ..tensor.tensor import Tensor, counter_of, wrap
from ..values import size
from ..values.device import CPU
from ..values.dtype import BY_NP
from ..values.rng import default_generator
from ._devices import check_device
from ._oplog import CheckpointError, Logs
from ._reentrant import repeat

TAKEN: Any = ("taken",)
CHECKS = ("default", "none")
_VALUES = "checkpoints"  # where a walk of the engine notes what was recomputed in it


class Settings:
    """What overrides the arguments of `checkpoint` of these names, unless None."""

    debug: Any = None
    early_stop: Any = None


class Stop(Exception):
    """Ends a recomputation: all that was wanted is there."""


class Holder:
    """What the graph keeps in the place of a tensor: which one it is of those that the frame saved."""

    __slots__ = ("__weakref__", "place")

    place: int


class Arguments(FunctionNode):
    """The tensors among a call's arguments, kept as a custom Function keeps them: guarded, and packed where hooks are open."""

    def __init__(self, args: tuple) -> None:
        super().__init__()
        self.to_save = tuple([x for x in args if isinstance(x, Tensor)])
        self.others = [None if isinstance(x, Tensor) else x for x in args]
        self.places = [i for i, x in enumerate(args) if isinstance(x, Tensor)]
        self._keep(())

    def name(self) -> str:
        return "checkpoint"

    def whole(self) -> tuple:
        """All arguments."""
        args = list(self.others)
        for place, x in zip(self.places, self.saved_tensors, strict=True):
            args[place] = x
        return tuple(args)


class Frame:
    """A checkpointed call.

    metas: shape and dtype of what was saved; None where they are not compared.  finished: whether the call has returned; before, more
    may be saved by the second run than by the first.  loose: whether that has happened.
    """

    __slots__ = (
        "__weakref__", "arguments", "context", "early_stop", "finished", "function", "holders", "kwargs", "logs", "loose", "mark", "metas",
    )  # fmt: skip

    def __init__(self, function: Callable, args: tuple, kwargs: dict, mark: Any, early_stop: bool) -> None:
        self.function, self.kwargs, self.mark, self.early_stop = function, kwargs, mark, early_stop
        self.arguments = Arguments(args)
        self.holders: list[ref[Holder]] = []
        self.metas: list[tuple] | None = []
        self.context: Any = None
        self.logs: Logs | None = None
        self.finished = self.loose = False

    def pack(self, x: Tensor) -> Holder:
        """Keep a holder instead of x."""
        holder = Holder()
        holder.place = len(self.holders)
        self.holders.append(ref(holder))
        if self.metas is not None:
            self.metas.append((x._data.shape, x._data.dtype))
        return holder

    def unpack(self, holder: Holder) -> Tensor:
        """The tensor that a holder stands for."""
        if self.logs is None:
            return self._value(holder.place)
        try:
            return self._value(holder.place)
        except CheckpointError as error:
            self.logs.explain(error)

    def _value(self, place: int) -> Tensor:
        values_of, group = _recomputed()
        values = values_of.get(self)
        if values is None:
            values = []
            self._recompute(values)
            values_of[self] = values
        value = values[place] if place < len(values) else None
        if value is TAKEN:
            why = "" if group is None else messages.CHECKPOINT_OVERLAP
            raise CheckpointError(messages.CHECKPOINT_TWICE.format(group=why))
        assert value is not None, messages.CHECKPOINT_LOST
        values[place] = TAKEN
        return value

    def _recompute(self, values: list) -> None:
        args = self.arguments.whole()
        try:
            replay = Replay(self, values)
            with kept_by(replay.pack, _as_it_is, replay.ahead), enable_grad():
                repeat(self.mark, self.function, args, self.kwargs, self.context)
        except Stop:
            pass
        if not self.loose:
            self._compare(values)

    def _compare(self, values: list) -> None:
        """Raise unless what was recomputed is as what was saved."""
        if len(values) != len(self.holders):
            numbers = {"forward": len(self.holders), "again": len(values)}
            raise CheckpointError(messages.CHECKPOINT_NUMBER.format(**numbers))
        if self.metas is None:
            return
        lines = ""
        for place, (value, meta) in enumerate(zip(values, self.metas, strict=True)):
            if value is not None and (value._data.shape, value._data.dtype) != meta:
                again = _shown(value._data.shape, value._data.dtype)
                lines += messages.CHECKPOINT_MISMATCH.format(place=place, saved=_shown(*meta), again=again)
        if lines:
            raise CheckpointError(messages.CHECKPOINT_METADATA.format(tensors=lines))


class kept_by:
    """A context in which these hooks of ours are called for what is saved; RuntimeError where hooks are disabled."""

    __slots__ = ("before", "hooks")

    def __init__(self, pack: Callable, unpack: Callable, ahead: Callable | None = None) -> None:
        self.hooks = Silent((pack, unpack, ahead))

    def __enter__(self) -> None:
        refuse_if_disabled()
        enter_mode(self.hooks, around=True)
        self.before = state.packers
        state.packers = (*self.before, self.hooks)

    def __exit__(self, *exc: object) -> None:
        state.packers = self.before
        leave_mode(self.hooks)


class Replay:
    """A second run of a frame: takes down what it saves, for the holders that are still alive."""

    __slots__ = ("frame", "values")

    def __init__(self, frame: Frame, values: list) -> None:
        self.frame, self.values = frame, values

    def pack(self, x: Tensor) -> Tensor:
        """Take down x, or what it would be without its history: an output must not refer to the node that saves it."""
        frame, values = self.frame, self.values
        if x._notes is None and type(x) is Tensor:
            value = wrap(x._data)
            value._counter = counter_of(x)
        else:
            with quiet():
                value = x.detach()
        if len(values) >= len(frame.holders):
            if frame.finished:
                raise CheckpointError(messages.CHECKPOINT_MORE)
            frame.loose = True
            return value
        alive = frame.holders[len(values)]() is not None
        values.append(value if alive else None)
        if frame.early_stop and len(values) == len(frame.holders):
            raise Stop
        return value

    def ahead(self, op: Op, inputs: Sequence) -> None:
        """Stop before an op that would save the last that is wanted, if that is an input: its result would be for nothing."""
        frame, values = self.frame, self.values
        left = len(frame.holders) - len(values)
        if frame.early_stop and 0 < left <= len(inputs) and state.grad_enabled:
            saved = inputs_to_save(op, inputs)
            if saved is not None and len(saved) == left:
                for x in saved:
                    self.pack(x)


def _as_it_is(x: Tensor) -> Tensor:
    return x


def _shown(shape: tuple, dtype: Any) -> dict:
    return {"shape": size.of(shape), "dtype": BY_NP[dtype], "device": CPU}


# --- which walk it is ---


class _Thread(Local):
    group: Any = None


_thread = _Thread()


class GraphExecGroup:
    """A context in which several calls of backward count as one: what a checkpoint has recomputed for one serves the others.

    No two of them may need the same saved tensor.  RuntimeError if contexts are nested.

    >>> import leafgrad as torch
    >>> from leafgrad.utils.checkpoint import GraphExecGroup, checkpoint
    >>> def both(x):
    ...     print("called")
    ...     return x.sin(), x.cos()
    >>> a, b = checkpoint(both, torch.ones(2, requires_grad=True), use_reentrant=False)
    called
    >>> with GraphExecGroup():
    ...     a.sum().backward()
    ...     b.sum().backward()
    called
    """

    def __enter__(self) -> "GraphExecGroup":
        if _thread.group is not None:
            raise RuntimeError(messages.GROUP_NESTED.format(group=_thread.group))
        if not hasattr(self, "values"):
            self.values: WeakKeyDictionary = WeakKeyDictionary()
        _thread.group = self
        return self

    def __exit__(self, *args: object) -> None:
        _thread.group = None

    @classmethod
    def _get_current_group(cls) -> "GraphExecGroup | None":
        return _thread.group


def _recomputed() -> tuple[Any, GraphExecGroup | None]:
    """What was recomputed, by frame: in the group, else in the walk; where a user unpacks outside of a walk, nothing."""
    group = _thread.group
    if group is not None:
        return group.values, group
    if state.walk is None:
        return {}, None
    notes = current_notes()
    values = notes.get(_VALUES)
    if values is None:
        values = notes[_VALUES] = WeakKeyDictionary()
    return values, None


# --- the call ---


def call(
    function: Callable,
    args: tuple,
    kwargs: dict,
    preserve: Any,
    contexts: Callable | None,
    check: Any,
    debug: Any,
    early_stop: Any,
) -> Any:
    """Call a function as `checkpoint(..., use_reentrant=False)` does.  contexts: None if the user gave none."""
    check_device()
    if Settings.debug is not None:
        debug = Settings.debug
    if debug and contexts is not None:
        raise ValueError(messages.CHECKPOINT_DEBUG_CONTEXT)
    logs = Logs() if debug else None
    first: Any
    second: Any
    if logs is not None:
        first, second = logs.forward, logs.again
    else:
        first, second = (None, None) if contexts is None else contexts()
    if check not in CHECKS:
        hash(check)  # TypeError for what could not be looked up
        raise ValueError(messages.CHECKPOINT_DETERMINISM.format(known=list(CHECKS), got=check))
    if not state.grad_enabled:
        return function(*args, **kwargs)
    mark = default_generator.mark() if preserve else None
    if Settings.early_stop is not None:
        early_stop = Settings.early_stop
    frame = Frame(function, args, kwargs, mark, early_stop)
    frame.context, frame.logs = second, logs
    if check == "none":
        frame.metas = None
    with kept_by(frame.pack, frame.unpack):
        if first is None:
            result = function(*args, **kwargs)
        else:
            result = TAKEN
            with first:
                result = function(*args, **kwargs)
            if result is TAKEN:
                raise RuntimeError(messages.CHECKPOINT_SUPPRESSED)
    frame.finished = True
    return result
