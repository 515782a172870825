"""Custom Functions: ops with a user's forward and backward.

The `ctx` that a Function's methods get is the node in the graph, as in torch: what is set on it is on `output.grad_fn`.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..base import messages
from ..base.state import modes, quiet, set_grad_enabled, state
from ..base.where import caller, describe, warn
from ..tensor import anomaly, forward
from ..tensor.batch import bottom, embed, hide_all, show_all
from ..tensor.call import CUSTOM, MULTI, recording
from ..tensor.intercept import everyone
from ..tensor.node import FREED, LEAVES, Edge, Node, edge_of, next_seq, resolve, tracked
from ..tensor.packing import Packed, pack, saved_tensor
from ..tensor.tensor import Notes, Tensor, counter_of, notes_of, untracked, wrap
from ..tensor.write import bump, check_write, rebase
from .function_fields import called, held, hold, set_aside
from .once import once_differentiable


class FunctionCtx:
    """What a Function's `forward` (or `setup_context`) and `backward` use to talk to each other."""

    to_save: tuple = ()
    saved_for_forward: tuple | None = None
    dirty_tensors: tuple | None = None
    non_differentiable: tuple | None = None
    materialize_grads = True

    def save_for_backward(self, *tensors: Tensor | None) -> None:
        """Keep tensors for `backward`, which finds them in `ctx.saved_tensors`; they are guarded against in-place writes."""
        self.to_save = tensors

    def save_for_forward(self, *tensors: Tensor | None) -> None:
        """Keep tensors for `jvp`, which finds them in `ctx.saved_tensors`."""
        for t in tensors:
            assert isinstance(t, Tensor) or t is None, messages.SAVE_FOR_FORWARD
        self.saved_for_forward = tensors

    def mark_dirty(self, *args: Tensor) -> None:
        """Say which inputs `forward` has written to; they must be among its outputs."""
        self.dirty_tensors = args

    def mark_non_differentiable(self, *args: Tensor) -> None:
        """Say which outputs do not require grad."""
        self.non_differentiable = args

    def set_materialize_grads(self, value: bool) -> None:
        """Whether `backward` gets zeros (True, the default) or None for gradients that are undefined."""
        if type(value) is not bool:
            raise TypeError(messages.MATERIALIZE_BOOL)
        self.materialize_grads = value

    def mark_shared_storage(self, *pairs: Any) -> None:
        """Deprecated in torch, and without effect there too; warns."""
        warn(messages.MARK_SHARED_STORAGE, FutureWarning)


class FunctionNode(Node, FunctionCtx):
    """The node of a custom Function's call, and the `ctx` of its methods."""

    _forward_cls: Any = None
    once = False
    _batch: Any = None  # of a call with batched arguments: its Batch (function_vmap.py)
    _fields: dict[str, Any] | None = (
        None  # what a user set under names of the node's own (function_fields.py)
    )
    _held: dict[str, tuple] | None = None  # outputs that a user set on it
    _own: dict[str, Any] | None = None  # and the node's own values, while the user's are in their place
    needs_input_grad: tuple[bool, ...] = ()

    def __init__(self) -> None:
        self.seq, self.edges, self.hooks, self.saved = next_seq(), (), None, None
        self.shape = self.dtype = None
        self.where = caller()
        if anomaly.state.on:
            anomaly.remember(self)

    def __call__(self, *grads: Any, **named: Any) -> Any:
        raise TypeError(messages.NODE_CUSTOM.format(type=type(self).__name__))

    def __getattr__(self, name: str) -> Any:
        if self._held is None or name not in self._held:
            raise AttributeError(messages.NODE_NO_ATTRIBUTE.format(node=type(self).__name__, name=name))
        return held(self, name)

    def __repr__(self) -> str:
        return f"<torch.autograd.function.{type(self).__name__} object at {id(self):#x}>"

    @property
    def saved_tensors(self) -> tuple:
        """The tensors given to `save_for_backward`; RuntimeError if one was written since, or all were freed."""
        saved = self.saved if self._own is None else self._own.get("saved", self.saved)
        if saved is FREED:
            raise RuntimeError(messages.FREED.format(node=self.name(), saved=describe(self.where)))
        tensors = tuple([self._unpack(kept) for kept in saved or ()])
        return tensors if self._batch is None else self._batch.hidden(tensors)

    saved_variables = saved_tensors

    def maybe_clear_saved_tensors(self) -> None:
        """Free the saved tensors."""
        self.release()

    def _keep(self, outputs: Sequence) -> None:
        """Turn `to_save` into what a node may hold: an output by its memory, for a tensor would refer back to this node."""
        saved: list[Any] = []
        if self._batch is not None:
            self.to_save = self._batch.keep(self.to_save)
        for i, t in enumerate(self.to_save):
            if not (isinstance(t, Tensor) or t is None):
                raise TypeError(messages.SAVE_FOR_BACKWARD.format(index=i, type=type(t).__name__))
            if t is None:
                saved.append(_kept(t))
                continue
            node, nr = resolve(t._node)
            if modes and state.packers:
                saved.append(pack(t, state.packers[-1], nr if node is self else None))
            elif node is self:
                saved.append((None, t._data, counter_of(t), t._counter[0], nr))
            else:
                saved.append(_kept(t))
        self.saved = tuple(saved) or None
        self.to_save = ()

    def _unpack(self, kept: Any) -> Tensor | None:
        if type(kept) is Packed:
            edge = kept.edge if kept.nr is None else Edge(self, kept.nr) if self.multi else self
            return kept.open(edge, kept.tangents)
        t, data, counter, version, nr = kept
        if counter is None:
            return None
        if t is None:
            t = wrap(data, Edge(self, nr) if self.multi else self)
            t._counter = counter
            if self.tangents is not None and nr in self.tangents:
                notes_of(t).tangents = self.tangents[nr]
        if counter[0] != version:
            raise self._modified(t, *resolve(t._node), counter, version)
        return t

    @property
    def _raw_saved_tensors(self) -> tuple:
        """The handles of what `save_for_backward` was given, for `register_hooks`."""
        if self.saved is FREED:
            raise RuntimeError(messages.FREED.format(node=self.name(), saved=describe(self.where)))
        return tuple([saved_tensor(self, place) for place in range(len(self.saved or ()))])

    def raw_entry(self, place: int) -> Any:
        """None, FREED, a `Packed`, or (tensor, output number or None)."""
        kept = self.saved if self.saved is FREED else self.saved[place]
        if kept is FREED or type(kept) is Packed:
            return kept
        t, data, counter, _, nr = kept
        if counter is None:
            return None
        if t is not None:
            return t, None
        t = wrap(data)
        t._counter = counter
        return t, nr

    def raw_replace(self, place: int, packed: Packed) -> None:
        """Keep this instead."""
        self.saved = tuple([packed if i == place else kept for i, kept in enumerate(self.saved)])

    def raw_unpack(self, place: int) -> Tensor | None:
        """The saved tensor."""
        return self.saved_tensors[place] if self.saved is FREED else self._unpack(self.saved[place])

    def release(self) -> None:
        if self.saved is not None:
            self.saved = FREED

    def vjp(self, grad: Any, tensors: bool) -> Any:
        given = list(grad or [None] * len(self.shape)) if self.multi else [grad]
        if tensors:
            return self._run(given)
        with quiet():
            found = self._run([None if g is None else wrap(g) for g in given])
        return [None if g is None else g._data for g in found]

    def _run(self, grads: list) -> list:
        if self.materialize_grads:
            for i, g in enumerate(grads):
                shape, dtype = self.output_meta(i)
                if g is None and shape is not None:
                    grads[i] = wrap(np.zeros(shape, dtype))
        cls = self._forward_cls
        if cls.backward is Function.backward and cls.vjp is Function.vjp:
            raise NotImplementedError(messages.FUNCTION_NO_BACKWARD)
        if cls.backward is not Function.backward and cls.vjp is not Function.vjp:
            raise RuntimeError(messages.FUNCTION_BOTH)
        given = cls.backward if cls.backward is not Function.backward else cls.vjp
        if self._batch is not None:
            found = self._batch.backward(self, given, grads)
        else:
            found = given(self, *grads) if self._fields is None else called(self, given, tuple(grads))
        found = found if isinstance(found, tuple) else (found,)
        count = len(self.is_tensor)
        if len(found) > count and all(g is None for g in found[count:]):
            found = found[:count]
        if len(found) != count:
            raise RuntimeError(
                messages.FUNCTION_COUNT.format(node=self.name(), expected=count, got=len(found))
            )
        for i, (g, tensor) in enumerate(zip(found, self.is_tensor, strict=True)):
            if g is not None and not isinstance(g, Tensor):
                raise RuntimeError(messages.FUNCTION_KIND.format(type=type(g).__name__))
            if g is not None and not tensor:
                raise RuntimeError(messages.FUNCTION_NOT_VARIABLE.format(node=self.name(), index=i + 1))
        found = [g for g, tensor in zip(found, self.is_tensor, strict=True) if tensor]
        for g, edge in zip(found, self.edges, strict=True):
            if g is not None and edge is not None and g._data.dtype.kind == "c" and edge.dtype.kind != "c":
                raise RuntimeError(messages.FUNCTION_COMPLEX)
        return found

    is_tensor: tuple[bool, ...] = ()
    tangents: dict[int, Any] | None = None  # see Note [Forward over reverse]


def _kept(t: Tensor | None) -> tuple:
    """A tensor as a node may hold it, with the version it has now."""
    return (None, None, None, None, 0) if t is None else (t, None, counter_of(t), t._counter[0], 0)


class Function:
    """Base of custom Functions: subclasses define static methods `forward` and `backward`, and are called through `apply`.

    `forward(ctx, *args)`, or `forward(*args)` with `setup_context(ctx, inputs, output)`; `backward(ctx, *grad_outputs)` returns a
    gradient for each argument of `forward`, None for those without.  `jvp(ctx, *tangents)` makes it work in forward mode.
    In transforms it must have `setup_context`; for vmap it says what to do with a batch (`vmap`), or that its methods may be
    called on batched tensors (`generate_vmap_rule = True`).

    >>> import leafgrad as torch
    >>> class Square(torch.autograd.Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         ctx.save_for_backward(x)
    ...         return x * x
    ...     @staticmethod
    ...     def backward(ctx, grad):
    ...         (x,) = ctx.saved_tensors
    ...         return 2 * x * grad
    >>> x = torch.tensor(3., requires_grad=True)
    >>> Square.apply(x).backward(); x.grad
    tensor(6.)
    """

    generate_vmap_rule = False
    _backward_cls: Any = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        warn(messages.FUNCTION_INSTANCE.format(cls=type(self)), DeprecationWarning)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise RuntimeError(messages.FUNCTION_LEGACY)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        body = {"_forward_cls": cls, "__module__": "torch.autograd.function"}
        cls._backward_cls = type(cls.__name__ + "Backward", (FunctionNode,), body)

    @staticmethod
    def forward(*args: Any, **kwargs: Any) -> Any:
        """The value: tensors, or a tuple of them (other objects pass through)."""
        raise NotImplementedError(messages.FUNCTION_NO_FORWARD)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple, output: Any) -> Any:
        """Where `forward` takes no ctx: what to keep, once the output is known."""
        raise NotImplementedError(messages.FUNCTION_NO_SETUP)

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        """The gradients of the inputs from those of the outputs."""
        raise NotImplementedError(messages.FUNCTION_NO_BACKWARD)

    vjp = backward

    @staticmethod
    def jvp(ctx: Any, *grad_inputs: Any) -> Any:
        """The tangents of the outputs from those of the inputs."""
        raise NotImplementedError(messages.FUNCTION_NO_JVP)

    @staticmethod
    def vmap(info: Any, in_dims: tuple, *args: Any) -> Any:
        """The value for a whole batch: (output, out_dims), from arguments with the samples shown.

        info: `batch_size` and `randomness` of the vmap.  in_dims: where the samples stand in each argument, which is first;
        None in one that has none.  out_dims: where they stand in the output, in its structure.
        """
        raise NotImplementedError(messages.FUNCTION_NO_VMAP)

    @classmethod
    def apply(cls, *args: Any, **kwargs: Any) -> Any:
        """Call the Function; arguments may be given by name, if `forward` takes them by position too."""
        alone = cls.setup_context is Function.setup_context  # forward takes the ctx itself
        if kwargs or not alone:
            args = _by_position(cls.forward, alone, args, kwargs)
        batch = None
        if state.transforms:
            from .function_vmap import batch_of, by_rule

            batch = batch_of(cls, args, alone, cls.vmap is not Function.vmap)
            if batch is not None and not batch.own:
                return by_rule(cls, args, batch.level)
        edges = [
            edge_of(a) if isinstance(a, Tensor) else None for a in (args if batch is None else batch.inner)
        ]
        ctx = (cls._backward_cls or FunctionNode)()
        seq = ctx.seq
        ctx.is_tensor = tuple([isinstance(a, Tensor) for a in args])
        ctx.needs_input_grad = tuple([e is not None for e in edges])
        recorded = recording() and any(ctx.needs_input_grad)
        mode = state.grad_enabled
        set_grad_enabled(False)
        levels, state.levels = state.levels, ()
        event = (
            state.profiler.function(cls, args, ctx if recorded else None)
            if modes and state.profiler
            else None
        )
        try:
            if alone:
                result = cls.forward(ctx, *args)
            else:
                result = cls.forward(*args) if batch is None else batch.forward(args, mode)
                cls.setup_context(ctx, args, result)
        finally:
            set_grad_enabled(mode)
            state.levels = levels
            if event is not None:
                event.close()
        if (
            ctx.shape is not None
            or ctx.dtype is not None
            or ctx.edges
            or ctx.saved is not None
            or ctx.seq is not seq
        ):
            set_aside(ctx, seq)
        ctx.edges = tuple([e for e, tensor in zip(edges, ctx.is_tensor, strict=True) if tensor])
        outputs = result if isinstance(result, tuple) else (result,)
        if batch is None:
            wrapped = _wrap(ctx, args, outputs, recorded)
        else:
            wrapped, ctx._batch = batch.wrap(ctx, outputs, recorded, _wrap), batch
        if recorded:
            ctx._keep(wrapped)
            hold(ctx, wrapped)
        if modes and levels:
            _push(cls, ctx, args, wrapped, levels if batch is None else batch.pushes(levels))
        ctx.dirty_tensors = ctx.non_differentiable = ctx.saved_for_forward = None
        return tuple(wrapped) if isinstance(result, tuple) else wrapped[0]


def _by_position(forward: Callable, alone: bool, args: tuple, kwargs: dict) -> tuple:
    """All arguments by position, as `backward` returns their gradients; `setup_context` is given the defaults too."""
    code = getattr(forward, "__code__", None)
    if not kwargs and code is not None and len(args) == code.co_argcount and not code.co_flags & 12:
        return args
    from inspect import signature

    known = signature(forward)
    if not alone:
        bound = known.bind(*args, **kwargs)
        bound.apply_defaults()
        args, kwargs = bound.args, bound.kwargs
    names = [name for name, p in known.parameters.items() if p.kind <= p.POSITIONAL_OR_KEYWORD][int(alone) :]
    given = dict(zip(names, args, strict=False))
    for name in kwargs:
        if name not in names:
            raise TypeError(messages.FUNCTION_UNEXPECTED.format(name=name))
        if name in given:
            raise TypeError(messages.FUNCTION_MULTIPLE.format(name=name))
    for position, name in enumerate(names[: max(map(names.index, kwargs), default=-1) + 1]):
        if name not in given and name not in kwargs:
            raise TypeError(messages.FUNCTION_MISSING.format(name=name, position=position))
    return (*args, *[kwargs[name] for name in names if name in kwargs])


# --- outputs ---


def _contains(tensors: Sequence | None, t: Any) -> bool:
    return any(t is x for x in tensors or ())


def _wrap(ctx: FunctionNode, args: tuple, outputs: tuple, recorded: bool) -> list:
    """The outputs with their history."""
    for x in ctx.non_differentiable or ():
        if not isinstance(x, Tensor):
            raise RuntimeError(messages.MARK_NON_DIFFERENTIABLE.format(type=type(x).__name__))
    for x in ctx.dirty_tensors or ():
        if not isinstance(x, Tensor):
            raise RuntimeError(messages.MARK_DIRTY_KIND.format(type=type(x).__name__))
        if not _contains(outputs, x):
            raise RuntimeError(messages.MARK_DIRTY)
    ctx.multi = len(outputs) > 1
    if recorded and ctx.multi and any(_is_view(x) for x in ctx.dirty_tensors or ()):
        raise RuntimeError(messages.FUNCTION_VIEW_OUTPUTS)
    shapes = [o._data.shape if isinstance(o, Tensor) else None for o in outputs]
    types = [o._data.dtype if isinstance(o, Tensor) else None for o in outputs]
    ctx.shape, ctx.dtype = (shapes, types) if ctx.multi or not outputs else (shapes[0], types[0])
    last = {
        id(o): nr for nr, o in enumerate(outputs)
    }  # an output that is returned twice counts as the later one
    wrapped: dict[int, Any] = {}
    for o in outputs:
        if id(o) not in wrapped:
            wrapped[id(o)] = _output(ctx, args, o, last[id(o)], recorded) if isinstance(o, Tensor) else o
    if sum(_differentiable(ctx, o) for o in outputs) > 1:
        for w in wrapped.values():
            if isinstance(w, Tensor) and _is_view(w) and w._notes.creation == CUSTOM:  # type: ignore[union-attr]
                w._notes.creation = MULTI  # type: ignore[union-attr]
    return [wrapped[id(o)] for o in outputs]


def _is_view(t: Tensor) -> bool:
    return t._notes is not None and t._notes.base is not None


def _differentiable(ctx: FunctionNode, o: Any) -> bool:
    """Whether an output of `forward` gets a gradient."""
    return isinstance(o, Tensor) and o._data.dtype.kind in "fcV" and not _contains(ctx.non_differentiable, o)


def _output(ctx: FunctionNode, args: tuple, o: Tensor, nr: int, recorded: bool) -> Tensor:
    given, dirty = _contains(args, o), _contains(ctx.dirty_tensors, o)
    fixed = not _differentiable(ctx, o)
    edge = Edge(ctx, nr) if ctx.multi else ctx
    if given and not recorded and tracked(o):  # not what requires grad, where nothing is recorded
        if dirty:
            bump(o)
        return o.detach()
    if dirty and given:
        if recorded and not fixed:
            if type(o._node) in LEAVES:
                raise RuntimeError(messages.LEAF_WRITTEN)
            check_write(o, True)
        bump(o)
        if recorded:
            if fixed:
                o._node = None
            else:
                _rebase(o, ctx, edge)
        return o
    if given:
        source, o = o, wrap(o._data)
        o._counter = counter_of(source)
        if (not fixed or not recorded) and not untracked(o):
            notes = o._notes = Notes()
            old = source._notes
            notes.base = source if old is None or old.base is None else old.base
            notes.steps = () if old is None else old.steps
            notes.seen = o._counter[0]
            notes.creation = CUSTOM
    elif o._node is not None and fixed:
        o._node = None
    if recorded and not fixed:
        o._node = edge
        if o._notes is not None and o._notes.base is not None:
            o._notes.creation, o._notes.seen = CUSTOM, o._counter[0]
    return o


def _rebase(o: Tensor, ctx: FunctionNode, edge: Any) -> None:
    if ctx.multi and (o._notes is None or o._notes.base is None):
        o._node = edge
    else:
        rebase(o, ctx)


# --- forward mode ---


def _push(cls: type[Function], ctx: FunctionNode, args: tuple, outputs: list, levels: tuple) -> None:
    """Give the outputs their tangents at these levels, the oldest first: those of older levels are part of the newer."""
    every, zeros = state.levels, ctx.materialize_grads
    for level in levels:
        tangents = [_tangent(a, level, False) for a in args]
        if all(t is None for t in tangents):
            continue
        if cls.jvp is Function.jvp:
            raise NotImplementedError(messages.FUNCTION_NO_JVP)
        if zeros:
            tangents = [_tangent(a, level, True) for a in args]
        kept, batch = ctx.saved, ctx._batch
        ctx.saved, ctx._batch = _plain(ctx, outputs, level), batch if ctx.saved_for_forward is None else None
        state.levels = tuple([each for each in every if each < level])
        try:
            with everyone():
                found = (
                    cls.jvp(ctx, *tangents) if ctx._fields is None else called(ctx, cls.jvp, tuple(tangents))
                )
        finally:
            ctx.saved, ctx._batch, state.levels = kept, batch, every
        found = found if isinstance(found, tuple) else (found,)
        if len(found) != len(outputs):
            raise RuntimeError(messages.FUNCTION_JVP_COUNT.format(expected=len(outputs), got=len(found)))
        for index, (o, t) in enumerate(zip(outputs, found, strict=True)):
            if t is not None and not isinstance(t, Tensor):
                raise RuntimeError(messages.FUNCTION_JVP_KIND.format(type=type(t).__name__, index=index))
            if t is not None and isinstance(o, Tensor):
                forward.check_size(o, t)
                inner, hiding = bottom(o)
                forward.set_tangent(inner, level, show_all(t, hiding))
                forward.keep_for_reverse(inner, level)


def _tangent(a: Any, level: int, zeros: bool) -> Any:
    """The tangent of an argument; where it has none, zeros if asked for."""
    if not isinstance(a, Tensor):
        return None
    inner, levels = bottom(a)
    t = forward.tangent_of(inner, level)
    if t is not None:
        return embed(t, levels)
    return (
        hide_all(wrap(np.zeros_like(inner._data)), levels) if zeros and a._data.dtype.kind in "fcV" else None
    )


def _plain(ctx: FunctionNode, outputs: list, level: int) -> Any:
    """What `ctx.saved_tensors` gives in `jvp`: no output itself, which will refer to its tangent."""
    if ctx.saved_for_forward is None:
        return ctx.saved
    kept = []
    for t in ctx.saved_for_forward:
        if _contains(outputs, t):
            inner, levels = bottom(t)
            t = hide_all(forward.twin(inner, level), levels)  # type: ignore[arg-type]
        kept.append(_kept(t))
    return tuple(kept)


__all__ = ["Function", "FunctionCtx", "once_differentiable"]
