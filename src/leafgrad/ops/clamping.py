"""Limits: clamp, and the elementwise maximum and minimum of two tensors."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ..base import messages
from ..op.table import expose, public
from ..tensor.elementwise import foreign
from ..tensor.kinds import binary, elementary, unary
from ..tensor.misuse import invalid
from ..tensor.tensor import Tensor
from ..values import kernels as k
from ..values.blocks import LARGE
from .arithmetic import mul
from .comparison import eq, ge, gt, isnan, le, lt
from .ternary import where

# --- maximum, minimum ---


def _half_of_ties(grad: Any, self: Any, other: Any) -> Any:
    return where(eq(self, other), mul(grad, 0.5), grad)


def _extremum(name: str, kernel: Callable, worse: Callable, doc: str) -> Callable:
    """worse(a, b): where a loses to b.  Equal elements share the gradient."""
    op = binary(
        name, kernel,
        self=lambda grad, self, other: where(worse(self, other), 0, _half_of_ties(grad, self, other)),
        other=lambda grad, self, other: where(worse(other, self), 0, _half_of_ties(grad, self, other)),
        numbers=(), refuses={"c": RuntimeError(messages.NOT_FOR_COMPLEX.format(op=name))}, doc=doc,
    )  # fmt: skip
    expose(op.op.public, name)
    return op


def _extremum_but_nan(name: str, kernel: Callable, wins: Callable, doc: str) -> Callable:
    """wins(a, b): where a is taken, b having been compared; a NaN loses.  The first of equal elements gets
    the gradient.
    """
    op = binary(
        name, kernel,
        self=lambda grad, self, other: where(wins(self, other), grad, where(isnan(other), grad, 0)),
        other=lambda grad, self, other: where(wins(self, other), 0, where(isnan(other), 0, grad)),
        numbers=(), refuses={"c": RuntimeError(messages.NOT_FOR_COMPLEX.format(op=name))}, doc=doc,
    )  # fmt: skip
    expose(op.op.public, name)
    return op


maximum = _extremum(
    "maximum", k.maximum, lt,
    """The greater of two elements; NaN if one is NaN.

    >>> import leafgrad as torch
    >>> torch.maximum(torch.tensor([1, 5]), torch.tensor([3, 2]))
    tensor([3, 5])
    """,
)  # fmt: skip
minimum = _extremum(
    "minimum", k.minimum, gt,
    """The lesser of two elements; NaN if one is NaN.

    >>> import leafgrad as torch
    >>> torch.minimum(torch.tensor([1, 5]), torch.tensor([3, 2]))
    tensor([1, 2])
    """,
)  # fmt: skip
fmax = _extremum_but_nan(
    "fmax", k.fmax, ge,
    """The greater of two elements; if one is NaN, the other.

    >>> import leafgrad as torch
    >>> torch.fmax(torch.tensor([1.0, float("nan")]), torch.tensor([3.0, 2.0]))
    tensor([3., 2.])
    """,
)  # fmt: skip
fmin = _extremum_but_nan(
    "fmin", k.fmin, le,
    """The lesser of two elements; if one is NaN, the other.

    >>> import leafgrad as torch
    >>> torch.fmin(torch.tensor([1.0, float("nan")]), torch.tensor([3.0, 2.0]))
    tensor([1., 2.])
    """,
)  # fmt: skip


# --- clamp ---


def _within(x: Any, min: Any, max: Any) -> Any:
    if min is None:
        return le(x, max)
    if max is None:
        return ge(x, min)
    return mul(ge(x, min), le(x, max))


def _min_grad(grad: Any, self: Any, min: Any, max: Any) -> Any:
    below = lt(self, min)
    return where(below if max is None else mul(below, lt(min, max)), grad, 0)


def _max_grad(grad: Any, self: Any, min: Any, max: Any) -> Any:
    above = gt(self, max)
    if min is None:
        return where(above, grad, 0)
    return where(above, grad, where(lt(max, min), grad, 0))


def _clamp(x: np.ndarray, min: Any, max: Any, out: Any = ...) -> np.ndarray:
    if x.size < LARGE and min is not None and max is not None and out is ...:
        result = np.maximum(x, min, out=...)
        return np.minimum(result, max, out=...)
    return k.clamp(x, min, max, out=out)


_OUT = (True, messages.FOUND_DTYPE, messages.CLAMP_CAST)
_COMPLEX = {"c": NotImplementedError(messages.CLAMP_COMPLEX)}
_clamp_numbers = unary(
    "clamp", _clamp, vjp=lambda grad, self, min, max: where(_within(self, min, max), grad, 0),
    params=("min", "max"), weigh=("min", "max"), refuses=_COMPLEX, out_says=_OUT, node="ClampBackward1",
)  # fmt: skip


def _refuse_limits(values: list, dtype: np.dtype) -> Exception | None:
    if dtype.kind == "c":
        return _COMPLEX["c"]
    if dtype.kind == "b" and all(v is not None for v in values):
        return NotImplementedError(messages.NOT_IMPLEMENTED_FOR.format(kernel="clamp_cpu", type="Bool"))
    return None


_clamp_tensors = elementary(
    "clamp", k.clamp, ("self", "min", "max"),
    vjp={
        "self": lambda grad, self, min, max: where(_within(self, min, max), grad, 0),
        "min": _min_grad,
        "max": _max_grad,
    },
    numbers=("min", "max"), refuses=_refuse_limits,
)  # fmt: skip
_CLAMP = (
    "Tensor input, Tensor min = None, Tensor max = None, *, Tensor out = None",
    "Tensor input, Number min = None, Number max = None, *, Tensor out = None",
)


SIMPLE = (float, int, type(None))
_clamp_lane = _clamp_numbers.op.public


@public(inplace=True, aliases=("clip",), signatures=_CLAMP)
def clamp(input: Tensor, min: Any = None, max: Any = None, *, out: Any = None) -> Tensor:
    """input within [min, max], numbers or tensors of which one may be None; where min > max the result is
    max.

    RuntimeError if both are None.

    >>> import leafgrad as torch
    >>> torch.clamp(torch.tensor([-1.0, 0.5, 2.0]), 0, 1)
    tensor([0.0000, 0.5000, 1.0000])
    """
    if (type(min) in SIMPLE and type(max) in SIMPLE) and min is not max and type(input) is Tensor:
        return _clamp_lane(input, min, max, out=out)
    limits = [x for x in (min, max) if x is not None]
    tensors = [isinstance(x, Tensor) for x in limits]
    if not isinstance(input, Tensor) or any(foreign(x) for x in limits) or len(set(tensors)) > 1:
        raise invalid("clamp", _CLAMP)
    if not limits:
        raise RuntimeError(messages.CLAMP_NOTHING)
    if tensors[0]:
        return _clamp_tensors(input, min, max, out=out)
    return _clamp_lane(input, min, max, out=out)


_clamp_min = unary(
    "clamp_min", k.maximum, vjp=lambda grad, self, min: where(ge(self, min), grad, 0),
    params=("min",), weigh=("min",), refuses=_COMPLEX, out_says=_OUT,
)  # fmt: skip
_clamp_min_tensor = binary(
    "clamp_min", k.maximum,
    self=lambda grad, self, min: where(ge(self, min), grad, 0),
    other=lambda grad, self, min: where(lt(self, min), grad, 0),
    names=("self", "min"), numbers=(), refuses={"c": "maximum_cpu"}, node="ClampMinBackward1",
)  # fmt: skip
_clamp_max = unary(
    "clamp_max", k.minimum, vjp=lambda grad, self, max: where(le(self, max), grad, 0),
    params=("max",), weigh=("max",), refuses=_COMPLEX, out_says=_OUT,
)  # fmt: skip
_clamp_max_tensor = binary(
    "clamp_max", k.minimum,
    self=lambda grad, self, max: where(le(self, max), grad, 0),
    other=lambda grad, self, max: where(gt(self, max), grad, 0),
    names=("self", "max"), numbers=(), refuses={"c": "minimum_cpu"}, node="ClampMaxBackward1",
)  # fmt: skip
_CLAMP_MIN = (
    "Tensor input, Tensor min, *, Tensor out = None",
    "Tensor input, Number min, *, Tensor out = None",
)
_CLAMP_MAX = (
    "Tensor input, Tensor max, *, Tensor out = None",
    "Tensor input, Number max, *, Tensor out = None",
)


@public(inplace=True, signatures=_CLAMP_MIN)
def clamp_min(input: Tensor, min: Any, *, out: Any = None) -> Tensor:
    """The greater of input and `min`, a number or a tensor.

    >>> import leafgrad as torch
    >>> torch.clamp_min(torch.tensor([-1.0, 0.5]), 0)
    tensor([0.0000, 0.5000])
    """
    if not isinstance(input, Tensor) or foreign(min):
        raise invalid("clamp_min", _CLAMP_MIN)
    return (_clamp_min_tensor if isinstance(min, Tensor) else _clamp_min).op.public(input, min, out=out)


@public(inplace=True, signatures=_CLAMP_MAX)
def clamp_max(input: Tensor, max: Any, *, out: Any = None) -> Tensor:
    """The lesser of input and `max`, a number or a tensor.

    >>> import leafgrad as torch
    >>> torch.clamp_max(torch.tensor([-1.0, 0.5]), 0)
    tensor([-1.,  0.])
    """
    if not isinstance(input, Tensor) or foreign(max):
        raise invalid("clamp_max", _CLAMP_MAX)
    return (_clamp_max_tensor if isinstance(max, Tensor) else _clamp_max).op.public(input, max, out=out)
