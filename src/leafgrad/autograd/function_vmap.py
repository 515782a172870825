"""Custom Functions in transforms: what a call does with batched arguments.

Seen from the newest vmap that batches an argument, a call is one of two things.  If nothing has been opened since, the
Function's `vmap` is called with physical tensors, below that vmap (`below`).  If it says `generate_vmap_rule`, or if a grad
or jvp that was opened since wants derivatives per sample, the call is a `Batch`: the Function's static methods see batched
tensors, and the node is recorded on physical ones, which is where all history is.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from ..base import messages
from ..base.state import set_grad_enabled, state
from ..op.record import REGISTRY
from ..tensor.batch import Level, bottom, embed, levels_of, show, show_all
from ..tensor.fit import fit_tensor
from ..tensor.intercept import opened
from ..tensor.node import tracked
from ..tensor.tensor import Tensor
from ..utils._pytree import (
    _broadcast_to_and_flatten,
    tree_flatten,
    tree_leaves,
    tree_map,
    tree_unflatten,
)
from .function_fields import called


class VmapInfo(NamedTuple):
    """What a vmap rule is told: how many samples there are, and what random ops do ("error", "different", "same")."""

    batch_size: int
    randomness: str


def batch_of(cls: Any, args: tuple, alone: bool, own: bool) -> "Batch | None":
    """How a call in a transform is done if arguments are batched; None if none is.

    alone: there is no `setup_context`.  own: there is a `vmap`.
    """
    if alone:
        raise RuntimeError(messages.FUNCTION_TRANSFORM)
    levels = [each for each in state.interceptors if type(each) is Level]
    if not levels:
        return None
    if own and cls.generate_vmap_rule:
        raise RuntimeError(messages.FUNCTION_VMAP_TWICE.format(name=cls.__name__))
    if not own and not cls.generate_vmap_rule:
        raise RuntimeError(messages.FUNCTION_VMAP_NONE.format(name=cls.__name__))
    leaves = tree_leaves(args)
    for i, level in enumerate(reversed(levels)):
        if any(map(level.hides, leaves)):
            return Batch(cls, args, level, state.transforms > level.transforms + i)
    return None


class below:
    """The context below a vmap: with all transforms set aside that were opened when it was, or since."""

    __slots__ = ("before", "level")

    def __init__(self, level: Level) -> None:
        self.level = level

    def __enter__(self) -> None:
        self.before = state.interceptors, state.opened, state.transforms, state.levels
        oldest = self.level.number
        state.interceptors, state.opened = [
            tuple([x for x in stack if type(x) is not Level or x.number < oldest])
            for stack in self.before[:2]
        ]
        state.transforms, state.levels = self.level.transforms - 1, self.level.tangents

    def __exit__(self, *exc: object) -> None:
        state.interceptors, state.opened, state.transforms, state.levels = self.before


def by_rule(cls: Any, args: tuple, level: Level) -> Any:
    """What the Function's `vmap` returns for the physical arguments, with the samples hidden."""
    in_dims = tree_map(lambda x: 0 if level.hides(x) else None, args)
    physical = tree_map(level.physical, args)
    with below(level):
        found = cls.vmap(VmapInfo(level.size, level.randomness), in_dims, *physical)
    if not isinstance(found, tuple):
        raise RuntimeError(messages.FUNCTION_VMAP_TYPE.format(type=type(found)))
    if len(found) != 2:
        raise RuntimeError(messages.FUNCTION_VMAP_COUNT.format(count=len(found)))
    outputs, out_dims = found
    leaves, spec = tree_flatten(outputs)
    dims = [out_dims] if spec.is_leaf() and out_dims is None else _broadcast_to_and_flatten(out_dims, spec)
    if dims is None:
        structure = tree_flatten(out_dims)[1]
        raise RuntimeError(
            messages.FUNCTION_VMAP_DIMS.format(out_dims=out_dims, structure=structure, outputs=spec)
        )
    given = {id(p): x for p, x in zip(tree_leaves(physical), tree_leaves(args), strict=True)}
    return tree_unflatten([_hidden(x, d, level, given) for x, d in zip(leaves, dims, strict=True)], spec)


def _hidden(x: Any, dim: int | None, level: Level, given: dict) -> Any:
    if not isinstance(x, Tensor):
        return x
    if id(x) in given:
        return given[id(x)]  # as it was given, for `mark_dirty`
    if dim is None:
        return x
    ndim = x._data.ndim
    if not -ndim <= dim < ndim:
        raise IndexError(messages.DIM_RANGE.format(low=-ndim, high=ndim - 1, dim=dim))
    if dim % ndim:
        dim %= ndim
        x = REGISTRY["permute"].public(x, (dim, *[i for i in range(ndim) if i != dim]))
    return embed(x, (level,))


class Batch:
    """One call with batched arguments, and what its node remembers of it: which levels batch what.

    ins: for each tensor among the arguments its levels and its shape, None for another argument.  outs: the levels of each
    output.  saved: those of each saved tensor, which are kept as physical ones; None while `saved_tensors` are shown as they are.
    now: the levels that stand for those of the call, while the node runs after they were closed.
    """

    __slots__ = ("cls", "ins", "inner", "level", "now", "outs", "own", "saved")

    def __init__(self, cls: Any, args: tuple, level: Level, newer: bool) -> None:
        self.cls, self.level = cls, level
        # own: whether the Function's own node is recorded, or what its `vmap` does is.
        self.own = newer or cls.generate_vmap_rule
        self.ins = [(levels_of(x), x._data.shape) if isinstance(x, Tensor) else None for x in args]
        self.inner = tuple([bottom(x)[0] if isinstance(x, Tensor) else x for x in args])
        self.outs: list[tuple] = []
        self.saved: tuple | None = None
        self.now: dict[Level, Level] = {}
        every = {each for known in self.ins if known for each in known[0]}
        for x, known in zip(self.inner, self.ins, strict=True):
            if known is not None and tracked(x):
                for each in every.difference(known[0]):
                    each.lifts = True  # its gradients are batched, and it is not

    # --- the call ---

    def forward(self, args: tuple, mode: bool) -> Any:
        """The outputs.  mode: whether gradients are recorded outside."""
        if self.cls.generate_vmap_rule:
            return self.cls.forward(*args)
        # What the rule writes to must have a history; and tangents of older levels come from there.
        set_grad_enabled(mode)
        try:
            return by_rule(self.cls, args, self.level)
        finally:
            set_grad_enabled(False)

    def pushes(self, levels: tuple) -> tuple:
        """Of the forward levels that are open, those whose tangents the Function's `jvp` computes."""
        if self.cls.generate_vmap_rule:
            return levels
        return tuple([each for each in levels if each not in self.level.tangents])

    def wrap(self, ctx: Any, outputs: tuple, recorded: bool, wrap: Callable) -> list:
        """The outputs with their history, made by `wrap` on physical tensors."""
        ctx.dirty_tensors, ctx.non_differentiable = (
            _bottoms(ctx.dirty_tensors),
            _bottoms(ctx.non_differentiable),
        )
        self.outs = [levels_of(o) for o in outputs]
        inner = _bottoms(outputs) or ()
        wrapped = wrap(ctx, self.inner, inner, recorded)
        self.inner = ()
        return [
            o if new is old else embed(new, levels)
            for o, old, new, levels in zip(outputs, inner, wrapped, self.outs, strict=True)
        ]

    def keep(self, tensors: tuple) -> tuple:
        """The physical tensors of those that are to be saved."""
        self.saved = tuple(map(levels_of, tensors))
        return _bottoms(tensors) or ()

    # --- and afterwards ---

    def hidden(self, tensors: tuple) -> tuple:
        """Saved tensors as the Function sees them; the axes of levels that are closed are shown."""
        if self.saved is None:
            return tensors
        return tuple([self._hide(t, levels) for t, levels in zip(tensors, self.saved, strict=True)])

    def output(self, y: Tensor, i: int) -> Tensor:
        """A physical output as the Function sees it."""
        return self._hide(y, self.outs[i])

    def _hide(self, t: Any, levels: tuple) -> Any:
        if t is None or not levels:
            return t
        return embed(t, [each for level in levels if (each := self.now.get(level, level)) in state.opened])

    def backward(self, ctx: Any, function: Callable, grads: Sequence) -> Any:
        """The gradients of the physical inputs from those of the physical outputs."""
        every = [level for known in self.ins if known for level in known[0]]
        with reopened([*every, *[level for levels in self.outs for level in levels]]) as now:
            outer, self.now = self.now, now
            try:
                given = tuple(map(self._hide, grads, self.outs))
                found = function(ctx, *given) if ctx._fields is None else called(ctx, function, given)
                found = found if isinstance(found, tuple) else (found,)
                known = [*self.ins, *[None] * (len(found) - len(self.ins))]
                pairs = enumerate(zip(found, known, strict=False))
                return tuple([self._gradient(ctx, i, g, each) for i, (g, each) in pairs])
            finally:
                self.now = outer

    def _gradient(self, ctx: Any, i: int, g: Any, known: tuple | None) -> Any:
        """The gradient of input i, physical: summed over the samples that this has not."""
        if not isinstance(g, Tensor) or known is None:
            return g
        levels, shape = [self.now.get(level, level) for level in known[0]], known[1]
        if g._data.shape != shape:
            try:
                g = fit_tensor(g, shape, g._data.dtype)
            except ValueError:
                words = {"node": ctx.name(), "index": i, "got": list(g._data.shape), "expected": list(shape)}
                raise RuntimeError(messages.INVALID_GRADIENT.format(**words)) from None
        for level in levels_of(g):
            if level not in levels and level in self.now.values():
                g = REGISTRY["sum_2"].public(show(g, level), (0,), False, None)
        return show_all(g, levels)


def _bottoms(tensors: tuple | None) -> tuple | None:
    return tensors and tuple([bottom(x)[0] if isinstance(x, Tensor) else x for x in tensors])


class reopened:
    """A context in which every one of these levels that was closed has one that stands for it: gives them, by level."""

    __slots__ = ("levels", "open")

    def __init__(self, levels: Sequence[Level]) -> None:
        closed = {level for level in levels if level not in state.opened}
        self.levels = sorted(closed, key=lambda level: level.number)

    def __enter__(self) -> dict[Level, Level]:
        self.open, now = [], {}
        for level in self.levels:
            now[level] = new = Level(level.size, level.randomness)
            self.open.append(opened(new))
            self.open[-1].__enter__()
            state.transforms += 1
            new.transforms = state.transforms
        return now

    def __exit__(self, *exc: object) -> None:
        for each in reversed(self.open):
            state.transforms -= 1
            each.__exit__()


__all__ = ["VmapInfo"]
