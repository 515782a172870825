"""What `gradcheck` asks besides the values of derivatives: zero, undefined and batched gradients."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..base import messages
from ..base.where import warn
from ..op.table import FUNCTIONS
from ..tensor.batch import Level, embed, show
from ..tensor.intercept import opened
from ..tensor.node import Node, edge_of, next_seq
from ..tensor.tensor import Tensor, wrap
from . import forward_ad
from .backward import grad
from .gradcheck_jacobians import (
    Duals,
    GradcheckError,
    as_tuple,
    differentiable,
    has_derivatives,
    wanted,
)


def _zeros(outputs: Sequence[Tensor]) -> list[Tensor]:
    return [wrap(np.zeros(o._data.shape, o._data.dtype)) for o in outputs]


def zero_gradient(outputs: Sequence[Tensor], inputs: Sequence, masked: bool) -> None:
    """A zero gradient must come out as zero, in the input's shape and dtype."""
    ins = [inputs[i] for i in wanted(inputs)]
    for g, x in zip(grad(outputs, ins, _zeros(outputs), allow_unused=True), ins, strict=True):
        if g is None:
            continue
        if not (np.allclose(g._data, 0) if masked else np.all(g._data == 0)):
            raise GradcheckError(messages.CHECK_NOT_MULTIPLIED)
        if g._data.dtype != x._data.dtype:
            raise GradcheckError(messages.CHECK_GRAD_TYPE)
        if g._data.shape != x._data.shape:
            raise GradcheckError(messages.CHECK_GRAD_SIZE)


# --- undefined gradients ---


class UndefinedGrad(Node):
    """A node that hands on no gradient, whatever arrives."""

    __slots__ = ()

    def __init__(self, t: Tensor) -> None:
        self.edges, self.seq, self.saved, self.hooks = (edge_of(t),), next_seq(), None, None
        self.shape, self.dtype = t._data.shape, t._data.dtype

    def vjp(self, grad: Any, tensors: bool) -> Any:
        return (None,)


def undefined(func: Callable, count: int, inputs: Sequence) -> None:
    """Undefined gradients must come out as undefined or zero: all of them, and each alone.  count: of outputs."""
    ins = [inputs[i] for i in wanted(inputs)]
    for lost in [range(count), *([[i] for i in range(count)] if count > 1 else [])]:
        outs = differentiable(func(*inputs))
        cut = [wrap(o._data, UndefinedGrad(o)) if i in lost else o for i, o in enumerate(outs)]
        try:
            found = grad(cut, ins, _zeros(outs), allow_unused=True)
        except RuntimeError as error:
            warn(messages.CHECK_UNDEFINED_WARNING)
            raise GradcheckError(messages.CHECK_UNDEFINED) from error
        if any(g is not None and np.any(g._data != 0) for g in found):
            warn(messages.CHECK_UNDEFINED_WARNING)
            raise GradcheckError(messages.CHECK_UNDEFINED_ZERO)


def undefined_forward(func: Callable, inputs: Sequence, directions: list) -> None:
    """An input without a tangent must count as one whose tangent is zero."""
    with Duals(inputs) as duals:
        for tangent, u in zip(duals.tangents.values(), directions, strict=True):
            tangent[...] = u.reshape(tangent.shape)
        for i in duals.tangents:
            x = inputs[i]
            found = []
            for dual in (forward_ad.make_dual(x.detach(), wrap(np.zeros_like(x._data))), x.detach()):
                given = [dual if k == i else other for k, other in enumerate(duals.inputs)]
                outputs = [o for o in as_tuple(func(*given)) if has_derivatives(o)]
                found.append([forward_ad.unpack_dual(o).tangent for o in outputs])
            for nr, (a, b) in enumerate(zip(*found, strict=True)):
                if a is not None and b is not None and not np.allclose(a._data, b._data, 1e-5, 1e-8):
                    parts = messages.CHECK_UNDEFINED_FORWARD
                    raise GradcheckError(parts[0], nr, parts[1], x, parts[2], parts[3], a, parts[4], b)


# --- batched gradients ---


def batched(inputs: Sequence, output: Tensor, nr: int) -> None:
    """The gradients for two gradients of the output at once, by vmap, must be those of two calls."""
    ins = [inputs[i] for i in wanted(inputs)]

    def vjp(v: Tensor) -> tuple:
        return grad(output, ins, v, retain_graph=True, allow_unused=True, materialize_grads=True)

    _compare(vjp, output, messages.CHECK_BATCH_ERROR, nr)


def batched_forward(func: Callable, inputs: Sequence) -> None:
    """The tangents for two tangents of an input at once, by vmap, must be those of two calls."""
    for i in wanted(inputs):

        def jvp(tangent: Tensor, i: int = i) -> tuple:
            with forward_ad.dual_level():
                given = [x.detach() if isinstance(x, Tensor) else x for x in inputs]
                given[i] = forward_ad.make_dual(given[i], tangent)
                duals = [forward_ad.unpack_dual(o) for o in as_tuple(func(*given)) if o is not None]
                return tuple([FUNCTIONS["zeros_like"](value) if t is None else t for value, t in duals])

        _compare(jvp, inputs[i], messages.CHECK_BATCH_ERROR_FORWARD, None)


def _compare(derivative: Callable, like: Tensor, said: str, output: int | None) -> None:
    """Raise if a derivative mapped over two random arguments is not what two calls give.  output: None for each its own."""
    stack = FUNCTIONS["stack"]
    arguments = [FUNCTIONS["randn_like"](like.detach()) for _ in range(2)]
    expected = [stack(pair) for pair in zip(*[derivative(a) for a in arguments], strict=True)]
    try:
        level = Level(2, "error")
        with opened(level):
            mapped = derivative(embed(stack(arguments), (level,)))
        found = [show(g, level) for g in mapped]
    except RuntimeError as error:
        raise GradcheckError(said.format(error=error)) from error
    for i, (got, want) in enumerate(zip(found, expected, strict=True)):
        if not FUNCTIONS["allclose"](got, want):
            words = {"output": i if output is None else output, "input": i, "got": got, "expected": want}
            raise GradcheckError(messages.CHECK_BATCH_MISMATCH.format(**words))
