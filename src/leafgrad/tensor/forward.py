"""Forward mode: tangents that travel with values, for as long as a level is open.

Where an op has no forward rule of its own (`Op.jvp`), one is derived.  An elementwise op has a diagonal Jacobian, so for real
dtypes its vjp is its jvp.  A linear op is applied to the tangents, a multilinear one to one tangent at a time.  For all
else the vjp, which is linear in `grad`, is transposed by differentiating it once more (J. Townsend, "A new trick for
calculating Jacobian vector products", 2017).
"""

from collections.abc import Sequence
from typing import Any
from weakref import ref

import numpy as np

from ..base import messages
from ..base.state import set_grad_enabled, state
from ..op.record import REGISTRY, Op
from ..values.strides import contiguous, elements, in_bytes, is_dense
from .engine import Walk, run
from .fit import fit_tensor
from .node import LEAVES, AccumulateGrad, resolve
from .tensor import Tensor, notes_of, wrap
from .tensor import twin as another


def tangent_of(t: Any, level: int) -> Tensor | None:
    """The tensor's tangent at a level, or None."""
    if not isinstance(t, Tensor) or (notes := t._notes) is None or not notes.tangents:
        return None
    return notes.tangents.get(level)


def without(t: Any, level: int) -> Any:
    """The same tensor with only the tangents of levels older than `level`."""
    if not isinstance(t, Tensor) or t._notes is None or not t._notes.tangents:
        return t
    out = another(t, t._node)
    if older := {k: v for k, v in t._notes.tangents.items() if k < level}:
        notes_of(out).tangents = older
    return out


def twin(o: Tensor | None, level: int) -> Tensor | None:
    """An output as its tangent's rule sees it: not the tensor itself, which will refer to the tangent."""
    if o is None or (seen := without(o, level)) is not o:
        return None if o is None else seen
    out = another(o, o._node)
    if o._notes is not None and o._notes.tangents:
        notes_of(out).tangents = o._notes.tangents
    return out


def check_size(t: Tensor, tangent: Tensor) -> None:
    """Raise where a tangent is not of its tensor's shape."""
    if t._data.shape != tangent._data.shape:
        raise RuntimeError(
            messages.TANGENT_SIZE.format(want=list(t._data.shape), got=list(tangent._data.shape))
        )


def set_tangent(t: Tensor, level: int, tangent: Tensor) -> None:
    """Let `tangent` be the tensor's tangent at a level."""
    notes = notes_of(t)
    notes.tangents = {**(notes.tangents or {}), level: tangent}


def zeros_for(zeros: Tensor, new: Tensor) -> Tensor:
    """Set by batch.py: zeros that are batched as the tangent `new` is, which will be written there."""
    raise NotImplementedError


def widened(x: Tensor, like: Tensor, strides_: tuple) -> Tensor:
    """Set by batch.py: a copy of x that is batched as `like` is, so that it can be written there."""
    raise NotImplementedError


def push(op: Op, inputs: Sequence, params: tuple, out: Any) -> None:
    """Give the outputs of a call their tangents, for every open level in which an input has one.  None in inference mode."""
    for x in inputs:
        if isinstance(x, Tensor) and x._notes is not None and x._notes.tangents:
            break
    else:
        return
    outs = (out,) if isinstance(out, Tensor) else out
    for o in outs:
        if o is not None and o._data.dtype.kind in "fcV":
            break
    else:
        return  # integers have no tangents
    if state.inference:
        return
    for level in state.levels:
        tangents = [tangent_of(x, level) for x in inputs]
        for t in tangents:
            if t is not None:
                break
        else:
            continue
        primals = [without(x, level) for x in inputs]
        seen = [twin(o, level) for o in outs]
        before = state.interceptors
        state.interceptors = state.opened  # a tangent may be anybody's business
        try:
            if op.view:
                tangents = [_laid_alike(op, inputs[0], tangents[0], level)]
            found = jvp(op, primals, tangents, params, seen)
        finally:
            state.interceptors = before
        for o, t in zip(outs, found, strict=True):
            if t is not None and o is not None:
                set_tangent(o, level, t)
                if o._node is not None:
                    keep_for_reverse(o, level)


# Note [Forward over reverse]
# A node that saves its output saves the array, as the tensor refers to the node; so the node keeps the output's tangents
# as well, for the gradient has a tangent too.  A tangent may have been computed from the output, and refer to the node:
# so it is dropped when its level is closed.
_keepers: dict[int, list[ref]] = {}


def keep_for_reverse(o: Tensor, level: int) -> None:
    node, nr = resolve(o._node)
    if node is not None and type(node) not in LEAVES:
        tangents = getattr(node, "tangents", None)
        if tangents is None:
            node.tangents = tangents = {}
        tangents[nr] = o._notes.tangents  # type: ignore[union-attr]
        _keepers.setdefault(level, []).append(ref(node))


def close(level: int) -> None:
    """Forget the tangents that nodes keep of a level."""
    for each in _keepers.pop(level, ()):
        if (node := each()) is not None:
            for nr, kept in node.tangents.items():
                node.tangents[nr] = {k: t for k, t in kept.items() if k != level}


def _laid_alike(op: Op, x: Tensor, tangent: Any, level: int) -> Tensor:
    """The tangent of what is about to be viewed, laid out so that it has the same views: as its tensor is, or side by side."""
    data = x._data
    exact = "stride" in op.params  # the view is told by the geometry
    if elements(tangent._data) != elements(data) and (exact or not tangent._data.flags.c_contiguous):
        dense = is_dense(data.shape, elements(data))
        steps = in_bytes(data) if dense else tuple([s * data.itemsize for s in contiguous(data.shape)])
        tangent = REGISTRY["clone_like"].public(tangent, steps)
        set_tangent(x, level, tangent)
    return tangent


def jvp(op: Op, primals: list, tangents: list, params: tuple, outs: list) -> Sequence[Tensor | None]:
    """The tangents of a call's outputs."""
    if op.jvp is not None:
        found = op.jvp(tangents, *primals, *params, *outs)
        return (found,) if found is None or isinstance(found, Tensor) else found
    if op.elementwise and op.rules and not any(map(_complex, primals)) and not any(map(_complex, outs)):
        return (_diagonal(op, primals, tangents, params, outs),)
    if op.linear:
        return _applied(op, primals, tangents, params)
    if op.multilinear:
        return (_by_turns(op, primals, tangents, params),)
    return _transposed(op, primals, tangents, params, outs)


def _complex(x: Any) -> bool:
    return isinstance(x, Tensor) and x._data.dtype.kind == "c"


def _environment(op: Op, primals: list, params: tuple, outs: list, needs: list[bool]) -> list:
    """What a rule may name, on tensors; the outputs carry their history."""
    shapes = [primals[i]._data.shape if isinstance(primals[i], Tensor) else () for i in op.shapes_of]
    results = outs if op.outputs is not None else [list(outs)]
    return [*primals, *params, *shapes, *results, needs]


def _diagonal(op: Op, primals: list, tangents: list, params: tuple, outs: list) -> Tensor | None:
    env = _environment(op, primals, params, outs, [t is not None for t in tangents])
    total = None
    for rule, t in zip(op.rules, tangents, strict=True):
        if t is not None and rule is not None:
            term = rule(t, env)
            total = term if total is None else REGISTRY["add"].public(total, term)
    return None if total is None else _in_space(total, outs[0]._data)


def _in_space(t: Tensor, like: np.ndarray) -> Tensor:
    if t._data.shape != like.shape:
        t = REGISTRY["expand"].public(t, like.shape)
    return t if t._data.dtype == like.dtype else REGISTRY["_to_copy"].public(t, like.dtype)


def _applied(op: Op, primals: list, tangents: list, params: tuple) -> Sequence[Tensor | None]:
    given: list = []
    for i, (x, t) in enumerate(zip(primals, tangents, strict=True)):
        if t is None and op.differentiates(i):  # a constant, whose tangent is zero
            t = (
                wrap(np.zeros_like(x._data))
                if isinstance(x, Tensor)
                else type(x)(0)
                if isinstance(x, int | float | complex)
                else None
            )
        given.append(x if t is None else t)
    found = op.public(*given, *params)
    return (found,) if isinstance(found, Tensor) else found


def _by_turns(op: Op, primals: list, tangents: list, params: tuple) -> Tensor:
    total: Any = None
    for i, t in enumerate(tangents):
        if t is not None:
            term = op.public(*primals[:i], t, *primals[i + 1 :], *params)
            total = term if total is None else REGISTRY["add"].public(total, term)
    return total


def _transposed(op: Op, primals: list, tangents: list, params: tuple, outs: list) -> Sequence[Tensor | None]:
    mode = state.grad_enabled
    set_grad_enabled(True)
    try:
        count = len(outs) if op.differentiable is None else op.differentiable
        cotangents = []
        for o in outs[:count]:
            g = wrap(np.zeros_like(o._data))
            g._node = AccumulateGrad(g)
            cotangents.append(g)
        multi = op.differentiable is None or op.differentiable > 1
        needs = [t is not None for t in tangents]
        env = _environment(op, primals, params, outs, needs)
        grad: Any = cotangents if multi else cotangents[0]
        if op.joint is not None:
            grads = op.joint(grad, env)
        else:
            grads = [
                r(grad, env) if r is not None and n else None for r, n in zip(op.rules, needs, strict=True)
            ]
        roots, starts = [], []
        for g, t, x in zip(grads, tangents, primals, strict=True):
            if g is not None and t is not None:
                g = fit_tensor(g, x._data.shape, x._data.dtype)
                if g._node is not None:
                    roots.append(g._node)
                    starts.append(t)
    finally:
        set_grad_enabled(mode)
    if not roots:
        return [wrap(np.zeros_like(o._data)) for o in outs[:count]] + [None] * (len(outs) - count)
    found = run(roots, starts, Walk(True, mode, True), [g._node for g in cotangents], False)
    zeros = [wrap(np.zeros_like(o._data)) if f is None else f for f, o in zip(found, outs, strict=False)]
    return [*zeros, *[None] * (len(outs) - count)]
