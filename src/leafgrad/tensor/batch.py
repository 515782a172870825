"""Batched tensors: what a function sees inside vmap.

A batched tensor stands for one sample of another, its `physical` tensor, whose first axis is hidden: the batch of a
`Level`.  Its `_data` is that of the first sample, so that whatever asks for shape, dtype or strides is answered; what
would compute with it is intercepted.  The level takes the call, gives the physical tensors to the op's batch rule, and
hides the axis of the result again.  Recording, views and tangents happen below, to physical tensors, which are tensors
like others: so derivatives of what vmap computes need no rule of their own.

Levels nest.  The newest hides the first axis of what it sees, so the axes of the tensor at the bottom are those of the
levels, the oldest first, and then the logical ones.  A tangent may be batched by more levels than its tensor, as in
jacfwd, which pushes many directions through one point; where such a tensor meets the samples of that level it is
expanded (`_met`).

Note [Batch rules]
A rule is a function whose parameters are named as the op's inputs and params, like a derivative rule.  It gets physical
tensors, all of them with the batch axis first (those that have none are expanded), and returns results with the batch
axis first.  One that names `batched` gets the inputs as they are, and a tuple of bools that says which have the axis (for
an input that is a tuple of tensors, a tuple of them); one
that names `samples` is told how many samples there are.  A `composite` rule says what the op is in terms of others, and is
called on the batched tensors themselves, by position.  Elementwise ops need no rule, nor do ops of one tensor that only
name dimensions (`_shifted`); `alike` says that an op of several tensors only names dimensions that all of them have.
Whatever has no rule is called once for each sample, with one warning that names the op.
"""

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..base import messages
from ..base.state import state
from ..base.where import warn
from ..op.record import REGISTRY, Op, alike, arguments, composite
from ..values import promotion, strides
from . import forward
from .call import apply, recording
from .elementwise import check_cast
from .forward import set_tangent
from .node import edge_of, tracked
from .tensor import Notes, Tensor, counter_of, wrap
from .view import view
from .write import INPLACE, inplace

_numbers = itertools.count(1).__next__


class Batched(Notes):
    """The notes of a batched tensor."""

    __slots__ = ("level", "physical")

    batched = True

    level: "Level"
    physical: Tensor

    def differentiated(self) -> bool:
        """Whether a transform that was opened inside the level differentiates the tensor: then it requires grad."""
        return state.transforms > self.level.transforms and tracked(bottom(self.physical)[0])


class Level:
    """One vmap that is running: how many samples it has, and what random ops do in it ("error", "different", "same")."""

    # transforms: how many were open when it began.  lifts: whether a tensor that one opened since differentiates has been
    # expanded here (Note [Lifting]).  tangents: the forward levels that were open when it began.
    __slots__ = ("lifts", "number", "randomness", "size", "tangents", "transforms")

    def __init__(self, size: int, randomness: str = "error") -> None:
        self.number, self.size, self.randomness = _numbers(), size, randomness
        self.transforms, self.tangents, self.lifts = state.transforms, state.levels, False

    def __call__(self, op: Op, inputs: Sequence, params: tuple, out: Any, again: Callable[[], Any]) -> Any:
        for x in inputs:
            if x.__class__ is Tensor:
                notes = x._notes
                if notes.__class__ is Batched and notes.level is self:
                    break
            elif self.hides(x):
                break
        else:
            if out is None or out is INPLACE or not self.hides(out):
                return again()
        if state.levels or state.transforms > self.transforms:
            inputs = [self._met(x) if i or out is not INPLACE else x for i, x in enumerate(inputs)]
        if out is INPLACE:
            return self._write(op, inputs, params)
        if out is not None:
            raise RuntimeError(messages.VMAP_OUT.format(op=op.name))
        return self.hidden(self._call(op, inputs, params))

    # --- what is hidden ---

    def hides(self, x: Any) -> bool:
        """Whether this level hides an axis of x, or of a tensor in the tuple x."""
        if isinstance(x, Tensor):
            notes = x._notes
            return notes.__class__ is Batched and notes.level is self
        return type(x) in (tuple, list) and any(map(self.hides, x))

    def _met(self, x: Any) -> Any:
        """x, an input of a call that has this level's samples, with a copy of it for each sample where they must differ:
        where its tangents do, or its gradients will.
        """
        if not isinstance(x, Tensor):
            return type(x)(map(self._met, x)) if type(x) in (tuple, list) else x
        notes = x._notes
        if notes.__class__ is Batched and notes.level is self:
            return x
        if state.transforms > self.transforms and tracked(bottom(x)[0]):
            self.lifts = True
        elif not in_tangents(x, self):
            return x
        return hide(show(x, self), self)

    def _marks(self, x: Any) -> Any:
        """`hides`; for a tuple, of each."""
        return tuple(map(self._marks, x)) if type(x) in (tuple, list) else self.hides(x)

    def physical(self, x: Any) -> Any:
        """What stands behind x; x itself if nothing is hidden here."""
        if isinstance(x, Tensor):
            notes: Any = x._notes
            return notes.physical if notes.__class__ is Batched and notes.level is self else x
        return type(x)(map(self.physical, x)) if type(x) in (tuple, list) else x

    def expanded(self, x: Any) -> Any:
        """x with the level's axis first, made if there is none."""
        if isinstance(x, Tensor):
            notes: Any = x._notes
            if notes.__class__ is Batched and notes.level is self:
                return notes.physical
            return _wide(x, (self.size, *x._data.shape))
        return type(x)(map(self.expanded, x)) if type(x) in (tuple, list) else x

    def hidden(self, physical: Any) -> Any:
        """The batched tensor, or tuple of them, of which these show the axis."""
        if isinstance(physical, Tensor):
            return hide(physical, self)
        return None if physical is None else tuple(map(self.hidden, physical))

    # --- calls ---

    def _call(self, op: Op, inputs: Sequence, params: tuple) -> Any:
        """The physical result of a call."""
        if op.batch is not None and op.batch is not alike:
            return self._by_rule(op, inputs, params)
        if op.elementwise:
            return op.public(*self._aligned(inputs), *params)
        found = _shifted(op, inputs, params, self)
        return self._loop(op, inputs, params) if found is NotImplemented else found

    def _by_rule(self, op: Op, inputs: Sequence, params: tuple) -> Any:
        if type(op.batch) is composite:
            state.interceptors = (*state.interceptors, self)  # until the call is over: see `intercepted`
            return self.expanded(op.batch.formula(*inputs, *params))
        try:
            places, as_they_are = _plans[op]
        except KeyError:
            places, as_they_are = _plans[op] = _plan(op)
        given: list = [self.physical(x) if as_they_are else self.expanded(x) for x in inputs]
        if not op.inputs:
            given = [tuple(given)]
        env = [*given, *params, self.size]
        if as_they_are:
            env.append(tuple([self._marks(x) for x in inputs]))
        return op.batch(*[env[i] for i in places])

    def _aligned(self, inputs: Sequence) -> tuple:
        """Physical tensors that broadcast as the logical ones do: the batch axis, then as many of size 1 as are missing.

        Those of no logical dimension have no say in the dtype, which their physical tensors would have.
        """
        tensors = [x for x in inputs if isinstance(x, Tensor)]
        ndim = max([x._data.ndim for x in tensors])
        dtype = None
        if any(not x._data.ndim for x in tensors) and len({x._data.dtype for x in tensors}) > 1:
            dtype = promotion.common(*[x._data if isinstance(x, Tensor) else x for x in inputs])
        out = []
        for x in inputs:
            if isinstance(x, Tensor) and self.hides(x):
                shape, x = x._data.shape, behind(x)
                if dtype is not None and not shape and x._data.dtype != dtype and x._data.dtype.kind != "b":
                    x = REGISTRY["_to_copy"].public(x, dtype)
                if len(shape) < ndim:
                    x = REGISTRY["view"].batch(x, (*(1,) * (ndim - len(shape)), *shape))
            out.append(x)
        return tuple(out)

    def _loop(self, op: Op, inputs: Sequence, params: tuple) -> Any:
        """The call of each sample by itself, and the results side by side."""
        warn(messages.VMAP_LOOP.format(op=op.name))
        whole = [self.physical(x) for x in inputs]
        found = []
        for i in range(self.size):
            one = [_sample(x, p, i, self) for x, p in zip(inputs, whole, strict=True)]
            found.append(apply(op, one, params))
        if not found:
            raise RuntimeError(messages.VMAP_EMPTY.format(op="aten::" + op.name))
        if isinstance(found[0], Tensor):
            return _stack(found)
        return tuple([None if o[0] is None else _stack(o) for o in zip(*found, strict=True)])

    # --- writes ---

    def _write(self, op: Op, inputs: Sequence, params: tuple) -> Tensor:
        """A write: what the op computes is copied into the physical tensor of its first input."""
        t = inputs[0]
        if not self.hides(t):
            raise RuntimeError(messages.VMAP_WRITE.format(op=_written(op), level=self.number))
        if op.view:  # another shape of the same memory
            t._notes.physical = self._call(op, inputs, params)
            t._data = _first(t._notes.physical._data)
            return t
        if op.name in _WRITTEN:
            source = inputs[1] if len(inputs) > 1 else params[0] if params else 0
            result = self._source(t, source)
        else:
            if recording() and (
                state.levels or any(tracked(bottom(x)[0]) for x in inputs if isinstance(x, Tensor))
            ):
                before = REGISTRY["clone"].public(t._notes.physical, None)
                inputs = (hide(before, self), *inputs[1:])  # what is recorded may keep it
            result = self._call(op, inputs, params)
            if op.elementwise:
                check_cast(result._data.dtype, t._data.dtype)
        target = t._notes.physical
        if result._data.shape != target._data.shape:
            got, want = list(result._data.shape[1:]), list(t._data.shape)
            raise RuntimeError(messages.INPLACE_SHAPE.format(shape=want, broadcast=got))
        inplace(REGISTRY["copy"], (target, result))
        return t

    def _source(self, t: Tensor, value: Any) -> Tensor:
        """What is to be written as it is, in the shape of t's physical tensor."""
        if not isinstance(value, Tensor):
            value = wrap(np.asarray(value, t._data.dtype))
        return _wide(self.expanded(value), behind(t)._data.shape, 1)


# --- axes shown and hidden ---


def hide(physical: Tensor, level: Level) -> Tensor:
    """The batched tensor whose first axis `level` hides."""
    t = wrap(_first(physical._data))
    t._counter = counter_of(physical)
    t._notes = notes = Batched()
    notes.level, notes.physical = level, physical
    return t


def behind(x: Any) -> Tensor:
    """The physical tensor of a batched one."""
    return x._notes.physical


def _first(data: np.ndarray) -> np.ndarray:
    """The first sample; where there is none, an array like it."""
    return data[0, ...] if len(data) else np.empty(data.shape[1:], data.dtype)


def bottom(x: Tensor) -> tuple[Tensor, tuple[Level, ...]]:
    """The tensor at the bottom, which no level batches, and the levels whose axes come first there, the oldest first."""
    levels: list[Level] = []
    notes = x._notes
    while notes.__class__ is Batched:
        levels.append(notes.level)
        x = notes.physical
        notes = x._notes
    return x, tuple(reversed(levels))


def hide_all(x: Tensor, levels: Sequence[Level]) -> Tensor:
    """x with its first axes hidden by these levels, the oldest first."""
    for level in levels:
        x = hide(x, level)
    return x


def show(x: Tensor, level: Level) -> Tensor:
    """x with the axis of `level` first, whichever other levels hide axes of x; made if there is none."""
    x, levels = bottom(x)
    others = tuple([each for each in levels if each is not level])
    n = len(others)
    if others == levels:
        tangents = x._notes.tangents if in_tangents(x, level) else None  # type: ignore[union-attr]
        if tangents is not None:
            counter = counter_of(x)
            x = wrap(x._data, edge_of(x))
            x._counter = counter
        x = lift(x, n, level)
        for number, tangent in (tangents or {}).items():
            tangent = show(tangent, level)
            if n:
                dims = (*range(1, n + 1), 0, *range(n + 1, tangent._data.ndim))
                tangent = REGISTRY["permute"].public(tangent, dims)
            set_tangent(x, number, tangent)
    elif levels[-1] is not level:
        at = levels.index(level)
        ndim = x._data.ndim
        dims = (*range(at), *range(at + 1, n + 1), at, *range(n + 1, ndim))
        x = REGISTRY["permute"].public(x, dims)
    return hide_all(x, others)


def zeros_for(zeros: Tensor, new: Tensor) -> Tensor:
    """Zeros for every sample of another tensor, in memory of their own."""
    levels = levels_of(new)
    if not levels:
        return zeros
    sizes = tuple([level.size for level in levels])
    item = zeros._data.itemsize
    data = np.zeros(
        (*sizes, strides.extent(zeros._data.shape, strides.elements(zeros._data))), zeros._data.dtype
    )
    steps = (*data.strides[:-1], *[s * item for s in strides.elements(zeros._data)])
    return hide_all(wrap(strides.window(data, (*sizes, *zeros._data.shape), steps)), levels)


def widened(x: Tensor, like: Tensor, strides_: tuple) -> Tensor:
    """A copy of x, its samples laid out with these strides, that is batched by all that batches `like`; so are its tangents."""
    for level in levels_of(like):
        if level not in levels_of(x):
            x = embed(show(x, level), (level,))
    copy = REGISTRY["clone_like"].public
    x = copy(x, strides_)
    inner, levels = bottom(x)
    for number in state.levels:
        t, other = forward.tangent_of(inner, number), forward.tangent_of(bottom(like)[0], number)
        if t is None or other is None:
            continue
        more = [level for level in levels_of(other) if level not in (*levels, *levels_of(t))]
        if more:
            for level in more:
                t = embed(show(t, level), (level,))
            forward.set_tangent(inner, number, copy(t, strides.in_bytes(inner._data)))
    return x


forward.zeros_for, forward.widened = zeros_for, widened


def in_tangents(x: Tensor, level: Level) -> bool:
    """Whether a tangent of x, which this level does not batch, is batched by it: one direction for each sample."""
    if not state.levels:
        return False
    notes = bottom(x)[0]._notes
    if notes is None or not notes.tangents:
        return False
    return any(level in bottom(t)[1] or in_tangents(t, level) for t in notes.tangents.values())


# Note [Lifting]
# What a transform differentiates may have no samples of a level that was open before, until it meets what has: then it is
# expanded.  The gradient that comes back is one for each sample.  As long as the level is open, that is what is asked for:
# it travels on as a batched tensor.  Afterwards somebody outside asks, and it is summed.
# (Bare arrays cannot be batched, so an engine that may come by here lets tensors travel; see stacked.py.)


def _lift(self: np.ndarray, at: int, level: Level) -> np.ndarray:
    shape, steps = self.shape, strides.in_bytes(self)
    return strides.window(self, (*shape[:at], level.size, *shape[at:]), (*steps[:at], 0, *steps[at:]))


def _unlift(grad: Any, at: int, level: Level) -> Any:
    if not isinstance(grad, Tensor) or level not in state.opened:
        total = REGISTRY["sum_2"].public
        return total(grad, (at,), False, None)
    if at:
        order = (at, *range(at), *range(at + 1, grad._data.ndim))
        grad = REGISTRY["permute"].public(grad, order)
    return embed(grad, (level,))


lift = view(
    "lift", _lift, lambda grad, at, level: _unlift(grad, at, level), node="ExpandBackward0",
    batch=lambda self, at, level: lift(self, at + 1, level),
)  # fmt: skip


def show_all(x: Tensor, levels: Sequence[Level]) -> Tensor:
    """x with the axes of these levels first, the oldest first."""
    for level in reversed(levels):
        x = show(x, level)
    return x


def embed(x: Tensor, levels: Sequence[Level]) -> Tensor:
    """The inverse of `show_all`: x, whose first axes are those of these levels, with them hidden."""
    if not levels:
        return x
    x, others = bottom(x)
    found = [*others, *levels]
    order = sorted(range(len(found)), key=lambda i: found[i].number)
    if order != list(range(len(found))):
        x = REGISTRY["permute"].public(x, (*order, *range(len(found), x._data.ndim)))
    return hide_all(x, [found[i] for i in order])


def levels_of(x: Any) -> tuple[Level, ...]:
    """The levels that batch x."""
    return bottom(x)[1] if isinstance(x, Tensor) and x._notes.__class__ is Batched else ()


def open_levels() -> tuple[Level, ...]:
    """All levels of this thread that are open, the oldest first."""
    return tuple([each for each in state.opened if each.__class__ is Level])


# --- what rules are made of ---

_plans: dict[Op, tuple] = {}


def _plan(op: Op) -> tuple[list[int], bool]:
    """Where the arguments of its batch rule lie in the list (inputs..., params..., samples, batched), and whether it names the last."""
    layout = [*(op.inputs or ("tensors",)), *op.params, "samples", "batched"]
    names = arguments(op.batch)
    return [layout.index(name) for name in names], "batched" in names


def _wide(x: Tensor, shape: tuple, kept: int = 0) -> Tensor:
    """x expanded to a shape; of its own dimensions the first `kept` stay first, and new ones come after them."""
    own = x._data.shape
    if own == shape:
        return x
    if kept and len(own) < len(shape):
        x = REGISTRY["view"].batch(x, (*(1,) * (len(shape) - len(own)), *own[kept:]))
    return REGISTRY["expand"].public(x, shape)


def _stack(samples: Sequence[Tensor]) -> Tensor:
    first = samples[0]._data.shape
    for i, x in enumerate(samples):
        if x._data.shape != first:
            raise RuntimeError(messages.STACK_SIZE.format(first=list(first), got=list(x._data.shape), i=i))
    return REGISTRY["stack"].public(*samples, 0, len(samples))


def _sample(x: Any, whole: Any, i: int, level: Level) -> Any:
    """Sample i of an input."""
    if isinstance(x, Tensor):
        return REGISTRY["select"].public(whole, 0, i) if level.hides(x) else x
    if type(x) in (tuple, list):
        return type(x)([_sample(a, b, i, level) for a, b in zip(x, whole, strict=True)])
    return x


_WRITTEN = {"copy", "fill_", "zero"}  # they only exist in place
_NAMED = {"fill", "index_add", "index_fill", "index_put", "scatter_add", "scatter_reduce"}


def _written(op: Op) -> str:
    """What torch calls a write to what has no batch axis."""
    name = op.name.rstrip("_")
    if name in ("copy", "masked_fill") or (op.elementwise and len(op.inputs) == 2):
        return "inplace arithmetic"
    return name + "_" if name in _NAMED else f"aten::{name}_"


_DIMS = {"dim", "dims", "dim0", "dim1", "dim2", "dimension"}
# Params that mean the same whether there is one dimension more or not.
_NEUTRAL = {
    "correction", "descending", "dtype", "end", "index", "k", "keepdim", "largest", "length", "offset", "ord",
    "self_sym_numel", "shifts", "sparse_grad", "split_size", "split_sizes", "start", "step", "value",
}  # fmt: skip


def up(dim: Any, ndim: int) -> Any:
    """A dimension (or several) of a tensor of `ndim` dimensions, counted with the batch axis before it; None means all."""
    if dim is None:
        return tuple(range(1, ndim + 1))
    if type(dim) in (tuple, list):
        return tuple([up(d, ndim) for d in dim])
    return dim + 1 if dim >= 0 else dim


def _names_dims(op: Op) -> bool:
    """Whether it is an op of one tensor whose params name dimensions, and nothing else that a batch axis would change."""
    params = {*op.params}
    if len(op.inputs) != 1 or not params & _DIMS or ("size" in params and "dimension" not in params):
        return False
    return params <= _DIMS | _NEUTRAL | {"size"}


def has_rule(op: Op) -> bool:
    """Whether vmap does this op at once; otherwise it calls it for each sample."""
    return op.batch is not None or op.elementwise or op.name in _WRITTEN or _names_dims(op)


def _shifted(op: Op, inputs: Sequence, params: tuple, level: Level) -> Any:
    """The physical result of an op whose params name dimensions, of one tensor or of several that have the same ones;
    NotImplemented for another.
    """
    if op.batch is not alike and not _names_dims(op):
        return NotImplemented
    named = dict(zip(op.params, params, strict=False))
    ndim = inputs[0]._data.ndim
    tensors = [level.expanded(x) for x in inputs]
    if not ndim:  # its one dimension is none: give it one
        tensors = [REGISTRY["unsqueeze"].public(x, 1) for x in tensors]
    reduces = "keepdim" in op.params
    for name in _DIMS.intersection(named):
        dim = named[name]
        if reduces and dim == () and op.name not in ("any", "all"):
            dim = None  # all dimensions
        if dim is None and not reduces:
            return NotImplemented
        named[name] = up(dim, ndim) if ndim else _with_one(dim)
    if "sizes" in named:
        named["sizes"] = (level.size, *(named["sizes"] or (1,)))
    result = apply(op, tensors, tuple(named.values()))
    if ndim:
        return result
    squeeze = REGISTRY["squeeze_2"].public
    if isinstance(result, Tensor):
        return squeeze(result, 1) if result._data.ndim == 2 else result
    return tuple([squeeze(r, 1) if r._data.ndim == 2 else r for r in result])


def _with_one(dim: Any) -> Any:
    """A dimension (or several) of a sample that has none, where it has been given one."""
    return (1,) if dim is None else (1,) * len(dim) if type(dim) in (tuple, list) else 1
