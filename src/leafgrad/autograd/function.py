"""Custom Functions: ops with a user's forward and backward.

The `ctx` that a Function's methods get is the node in the graph, as in torch: what is set on it is on `output.grad_fn`.
"""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import numpy as np

from ..base import messages
from ..base.state import modes, quiet, set_grad_enabled, state
from ..base.where import caller, describe, warn
from ..tensor import anomaly, forward
from ..tensor.call import CUSTOM, MULTI, recording
from ..tensor.node import FREED, LEAVES, Edge, Node, edge_of, next_seq, resolve
from ..tensor.tensor import Notes, Tensor, counter_of, wrap
from ..tensor.write import bump, check_write, rebase


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
    needs_input_grad: tuple[bool, ...] = ()

    def __init__(self) -> None:
        self.seq, self.edges, self.hooks, self.saved = next_seq(), (), None, None
        self.where = caller()
        if anomaly.state.on:
            anomaly.remember(self)

    def __repr__(self) -> str:
        return f"<torch.autograd.function.{type(self).__name__} object at {id(self):#x}>"

    @property
    def saved_tensors(self) -> tuple:
        """The tensors given to `save_for_backward`; RuntimeError if one was written since, or all were freed."""
        if self.saved is FREED:
            raise RuntimeError(messages.FREED.format(node=self.name(), saved=describe(self.where)))
        return tuple([self._unpack(kept) for kept in self.saved or ()])

    saved_variables = saved_tensors

    def maybe_clear_saved_tensors(self) -> None:
        """Free the saved tensors."""
        self.release()

    def _keep(self, outputs: Sequence) -> None:
        """Turn `to_save` into what a node may hold: an output by its memory, for a tensor would refer back to this node."""
        saved = []
        for i, t in enumerate(self.to_save):
            if not (isinstance(t, Tensor) or t is None):
                raise TypeError(messages.SAVE_FOR_BACKWARD.format(index=i, type=type(t).__name__))
            if t is not None and resolve(t._node)[0] is self:
                saved.append((None, t._data, counter_of(t), t._counter[0], resolve(t._node)[1]))
            else:
                saved.append(_kept(t))
        self.saved = tuple(saved) or None
        self.to_save = ()

    def _unpack(self, kept: tuple) -> Tensor | None:
        t, data, counter, version, nr = kept
        if counter is None:
            return None
        if t is None:
            t = wrap(data, Edge(self, nr) if self.multi else self)
            t._counter = counter
        if counter[0] != version:
            raise self._modified(t, *resolve(t._node), counter, version)
        return t

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
        found = given(self, *grads)
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


def _kept(t: Tensor | None) -> tuple:
    """A tensor as a node may hold it, with the version it has now."""
    return (None, None, None, None, 0) if t is None else (t, None, counter_of(t), t._counter[0], 0)


class Function:
    """Base of custom Functions: subclasses define static methods `forward` and `backward`, and are called through `apply`.

    `forward(ctx, *args)`, or `forward(*args)` with `setup_context(ctx, inputs, output)`; `backward(ctx, *grad_outputs)` returns a
    gradient for each argument of `forward`, None for those without.  `jvp(ctx, *tangents)` makes it work in forward mode.

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

    @classmethod
    def apply(cls, *args: Any, **kwargs: Any) -> Any:
        """Call the Function; arguments may be given by name, if `forward` takes them by position too."""
        alone = cls.setup_context is Function.setup_context  # forward takes the ctx itself
        if kwargs or not alone:
            args = _by_position(cls.forward, alone, args, kwargs)
        ctx = (cls._backward_cls or FunctionNode)()
        edges = [edge_of(a) if isinstance(a, Tensor) else None for a in args]
        ctx.is_tensor = tuple([isinstance(a, Tensor) for a in args])
        ctx.needs_input_grad = tuple([e is not None for e in edges])
        recorded = recording() and any(ctx.needs_input_grad)
        mode = state.grad_enabled
        set_grad_enabled(False)
        levels, state.levels = state.levels, ()
        try:
            if alone:
                result = cls.forward(ctx, *args)
            else:
                result = cls.forward(*args)
                cls.setup_context(ctx, args, result)
        finally:
            set_grad_enabled(mode)
            state.levels = levels
        ctx.edges = tuple([e for e, tensor in zip(edges, ctx.is_tensor, strict=True) if tensor])
        outputs = result if isinstance(result, tuple) else (result,)
        wrapped = _wrap(ctx, args, outputs, recorded)
        if recorded:
            ctx._keep(wrapped)
        if modes and levels:
            _push(cls, ctx, args, wrapped, levels)
        ctx.dirty_tensors = ctx.non_differentiable = None
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


def _contains(tensors: tuple | None, t: Any) -> bool:
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
        if not fixed or not recorded:
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
    for level in levels:
        tangents = [forward.tangent_of(a, level) for a in args]
        if all(t is None for t in tangents):
            continue
        if cls.jvp is Function.jvp:
            raise NotImplementedError(messages.FUNCTION_NO_JVP)
        if ctx.materialize_grads:
            tangents = [
                wrap(np.zeros_like(a._data))
                if t is None and isinstance(a, Tensor) and a._data.dtype.kind in "fcV"
                else t
                for a, t in zip(args, tangents, strict=True)
            ]
        kept, ctx.saved = ctx.saved, _plain(ctx)
        state.levels = ()  # what jvp computes has no tangents of its own
        try:
            found = cls.jvp(ctx, *tangents)
        finally:
            ctx.saved, state.levels = kept, levels
        found = found if isinstance(found, tuple) else (found,)
        if len(found) != len(outputs):
            raise RuntimeError(messages.FUNCTION_JVP_COUNT.format(expected=len(outputs), got=len(found)))
        for index, (o, t) in enumerate(zip(outputs, found, strict=True)):
            if t is not None and not isinstance(t, Tensor):
                raise RuntimeError(messages.FUNCTION_JVP_KIND.format(type=type(t).__name__, index=index))
            if t is not None and isinstance(o, Tensor):
                forward.check_size(o, t)
                forward.set_tangent(o, level, t)


def _plain(ctx: FunctionNode) -> Any:
    if ctx.saved_for_forward is None:
        return ctx.saved
    return tuple([_kept(t) for t in ctx.saved_for_forward])


# --- once_differentiable ---


class Error(Node):
    """The node of a gradient that cannot be differentiated again."""

    __slots__ = ("text",)

    def __init__(self, text: str, edges: tuple, like: Tensor) -> None:
        self.seq, self.edges, self.hooks, self.saved, self.text = next_seq(), edges, None, None, text
        self.shape, self.dtype = like._data.shape, like._data.dtype

    def vjp(self, grad: Any, tensors: bool) -> Any:
        raise RuntimeError(self.text)


def once_differentiable(fn: Callable) -> Callable:
    """Mark a Function's `backward` as one whose result must not be differentiated again: trying to raises RuntimeError.

    >>> import leafgrad as torch
    >>> from leafgrad.autograd.function import once_differentiable
    >>> class Double(torch.autograd.Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         return x * 2
    ...     @staticmethod
    ...     @once_differentiable
    ...     def backward(ctx, grad):
    ...         return grad * 2
    """

    @wraps(fn)
    def wrapper(ctx: Any, *args: Any) -> Any:
        mode = state.grad_enabled
        set_grad_enabled(False)
        try:
            found = fn(ctx, *args)
        finally:
            set_grad_enabled(mode)
        edges = tuple([e for a in args if isinstance(a, Tensor) and (e := edge_of(a)) is not None])
        if not mode or not edges:
            return found
        outs = found if isinstance(found, tuple) else (found,)
        fakes = []
        for o in outs:
            if isinstance(o, Tensor) and o._data.dtype.kind in "fcV":
                data, counter = o._data, counter_of(o)
                o = wrap(data)
                o._counter = counter
                o._node = Error(messages.DIFFERENTIATED_TWICE, edges, o)
            fakes.append(o)
        return tuple(fakes) if isinstance(found, tuple) else fakes[0]

    return wrapper


__all__ = ["Function", "FunctionCtx", "once_differentiable"]
