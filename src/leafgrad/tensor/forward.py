"""Forward mode: tangents that travel with values, for as long as a level is open.

Where an op has no forward rule of its own (`Op.jvp`), one is derived.  An elementwise op has a diagonal Jacobian, so for real
dtypes its vjp is its jvp.  A linear op is applied to the tangents.  For all else the vjp, which is linear in `grad`, is
transposed by differentiating it once more (J. Townsend, "A new trick for calculating Jacobian vector products", 2017).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..base import messages
from ..base.state import set_grad_enabled, state
from ..op.record import REGISTRY, Op
from .engine import fit_tensor, run
from .node import AccumulateGrad
from .tensor import Tensor, counter_of, notes_of, wrap


def tangent_of(t: Any, level: int) -> Tensor | None:
    """The tensor's tangent at a level, or None."""
    if not isinstance(t, Tensor) or t._notes is None or t._notes.tangents is None:
        return None
    return t._notes.tangents.get(level)


def without(t: Any, level: int) -> Any:
    """The same tensor with only the tangents of levels older than `level`."""
    if not isinstance(t, Tensor) or t._notes is None or not t._notes.tangents:
        return t
    out = wrap(t._data, t._node)
    out._counter = counter_of(t)
    older = {k: v for k, v in t._notes.tangents.items() if k < level}
    if older:
        notes_of(out).tangents = older
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


def push(op: Op, inputs: Sequence, params: tuple, out: Any) -> None:
    """Give the outputs of a call their tangents, for every open level in which an input has one."""
    outs = (out,) if isinstance(out, Tensor) else out
    for level in state.levels:
        tangents = [tangent_of(x, level) for x in inputs]
        if all(t is None for t in tangents):
            continue
        primals = [without(x, level) for x in inputs]
        found = jvp(op, primals, tangents, params, [without(o, level) for o in outs])
        for o, t in zip(outs, found, strict=True):
            if t is not None and o is not None:
                set_tangent(o, level, t)


def jvp(op: Op, primals: list, tangents: list, params: tuple, outs: list) -> Sequence[Tensor | None]:
    """The tangents of a call's outputs."""
    if op.jvp is not None:
        found = op.jvp(tangents, *primals, *params, *outs)
        return (found,) if found is None or isinstance(found, Tensor) else found
    if op.elementwise and op.rules and all(_real(x) for x in (*primals, *outs)):
        return (_diagonal(op, primals, tangents, params, outs),)
    if op.linear:
        return _applied(op, primals, tangents, params)
    return _transposed(op, primals, tangents, params, outs)


def _real(x: Any) -> bool:
    return not isinstance(x, Tensor) or x._data.dtype.kind != "c"


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
                else 0
                if isinstance(x, int | float | complex)
                else None
            )
        given.append(x if t is None else t)
    found = op.public(*given, *params)
    return (found,) if isinstance(found, Tensor) else found


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
    found = run(roots, starts, True, mode, [g._node for g in cotangents], False, True)
    zeros = [wrap(np.zeros_like(o._data)) if f is None else f for f, o in zip(found, outs, strict=False)]
    return [*zeros, *[None] * (len(outs) - count)]
