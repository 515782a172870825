"""Variances and what is made of them: var, std, var_mean, std_mean."""

from math import inf, nan
from typing import Any

import numpy as np

from ..base import messages
from ..base.where import warn
from ..op.table import public
from ..tensor.misuse import ABSENT, invalid
from ..tensor.numpy_names import by_numpy_name
from ..tensor.single import several, single
from ..tensor.tensor import Tensor
from ..values import reductions as r
from .arithmetic import add, div, mul, sub
from .comparison import eq
from .dims import Dims, axes, data_of, dims, flag, reduced, restore, widen
from .reduce import mean_dims
from .ternary import where

ndarray = np.ndarray
Number = int | float | None
_REST = "bool keepdim = False, Tensor out = None"
_FORMS = (
    "Tensor input, tuple of ints dim, bool unbiased = True, bool keepdim = False, *, Tensor out = None",
    f"Tensor input, tuple of ints dim = None, *, Number correction = None, {_REST}",
    "Tensor input, bool unbiased = True",
)
_PAIRS = tuple(
    s.replace("*, Tensor out = None", "*").replace(", Tensor out = None", "").removesuffix(", *")
    for s in _FORMS
)

# --- rules ---


def _one(correction: Number) -> float:
    return 1 if correction is None else correction


def _mean_kept(x: Any, dim: Dims) -> Any:
    return mean_dims(x, dim, True)


def var_back(grad: Any, self: Any, dim: Dims, correction: Number, keepdim: bool) -> Any:
    """The gradient of a variance."""
    sizes = self.shape
    free = reduced(dim, sizes) - _one(correction)
    mean = _mean_kept(self, dim)
    if not dim and free <= 0:
        return mul(restore(grad, dim, keepdim, sizes), where(eq(self, mean), nan, inf))
    return mul(mul(restore(grad, dim, keepdim, sizes), 2 / free if free else inf), sub(self, mean))


def std_back(grad: Any, self: Any, result: Any, dim: Dims, correction: Number, keepdim: bool) -> Any:
    """The gradient of a standard deviation; 0 where that is 0."""
    slope = where(eq(result, 0), 0, div(grad, mul(result, 2)))
    return var_back(slope, self, dim, correction, keepdim)


def _mean_back(grad: Any, self: Any, dim: Dims, keepdim: bool) -> Any:
    sizes = self.shape
    return widen(div(grad, reduced(dim, sizes)), dim, keepdim, sizes)


def _var_mean_back(grad: Any, self: Any, dim: Dims, correction: Number, keepdim: bool) -> Any:
    first = None if grad[0] is None else var_back(grad[0], self, dim, correction, keepdim)
    return _both(first, None if grad[1] is None else _mean_back(grad[1], self, dim, keepdim))


def _std_mean_back(grad: Any, self: Any, result0: Any, dim: Dims, correction: Number, keepdim: bool) -> Any:
    first = None if grad[0] is None else std_back(grad[0], self, result0, dim, correction, keepdim)
    return _both(first, None if grad[1] is None else _mean_back(grad[1], self, dim, keepdim))


def _both(a: Any, b: Any) -> Any:
    return b if a is None else a if b is None else add(a, b)


# --- rows ---


def _var(self: ndarray, dim: Dims, correction: Number, keepdim: bool) -> ndarray:
    return r.var(self, axes(dim, self.ndim), _one(correction), keepdim)


def _std(self: ndarray, dim: Dims, correction: Number, keepdim: bool) -> ndarray:
    return r.std(self, axes(dim, self.ndim), _one(correction), keepdim)


def _var_mean(self: ndarray, dim: Dims, correction: Number, keepdim: bool) -> tuple[ndarray, ndarray]:
    return r.var_mean(self, axes(dim, self.ndim), _one(correction), keepdim)


def _std_mean(self: ndarray, dim: Dims, correction: Number, keepdim: bool) -> tuple[ndarray, ndarray]:
    var, mean = _var_mean(self, dim, correction, keepdim)
    return np.sqrt(var, out=var), mean


_two: dict = {"outputs": ("result0", "result1"), "differentiable": 2}
var_of = single("var", _var, var_back)
std_of = single("std", _std, std_back)
var_mean_of = several("var_mean", _var_mean, _var_mean_back, **_two)
std_mean_of = several("std_mean", _std_mean, _std_mean_back, **_two)

# --- what users call ---


def _moment(
    op: str,
    row: Any,
    input: Any,
    dim: Any,
    unbiased: Any,
    keepdim: Any,
    correction: Any,
    out: Any,
) -> Any:
    """One of the four; which of torch's overloads was meant decides what `correction` is saved as."""
    x = data_of(op, input)
    if type(dim) is bool:
        if unbiased is not ABSENT or correction is not ABSENT or keepdim is not False:
            raise invalid(op, _FORMS)
        dim, unbiased = ABSENT, dim
    if correction is not ABSENT:
        if unbiased is not ABSENT or not (correction is None or isinstance(correction, int | float)):
            raise invalid(op, _FORMS)
    elif unbiased is not ABSENT:
        if type(unbiased) is not bool or (dim is ABSENT and keepdim is not False):
            raise invalid(op, _FORMS)
        correction = int(unbiased)
    else:
        correction = None if dim is ABSENT else 1
    found = None if dim is ABSENT else dims(op, dim, x.ndim, _FORMS)
    flag(op, keepdim)
    if x.dtype.kind in "iub":
        raise RuntimeError(messages.MOMENT_DTYPE.format(op="std and var" if op in ("var", "std") else op))
    if reduced(found, x.shape) <= _one(correction):
        warn(messages.FREEDOM.format(op=op))
    return row(input, found, correction, keepdim, out=out)


@public(signatures=_FORMS)
def var(
    input: Tensor, dim: Any = ABSENT, unbiased: Any = ABSENT, keepdim: bool = False,
    *, correction: Any = ABSENT, out: Any = None,
    axis: Any = ABSENT, keepdims: Any = ABSENT,
) -> Tensor:  # fmt: skip
    """The variance of all elements or over `dim`: the sum of squared distances from the mean, divided by n -
    correction.

    `unbiased` is an older word for correction=1 (True) or 0.  RuntimeError for integers and bools.

    >>> import leafgrad as torch
    >>> torch.tensor([1.0, 2.0, 3.0]).var(), torch.tensor([1.0, 2.0, 3.0]).var(correction=0)
    (tensor(1.), tensor(0.6667))
    """
    dim = dim if axis is ABSENT else by_numpy_name("axis", axis, dim)
    keepdim = keepdim if keepdims is ABSENT else by_numpy_name("keepdims", keepdims, keepdim)
    return _moment("var", var_of, input, dim, unbiased, keepdim, correction, out)


@public(signatures=_FORMS)
def std(
    input: Tensor, dim: Any = ABSENT, unbiased: Any = ABSENT, keepdim: bool = False,
    *, correction: Any = ABSENT, out: Any = None,
    axis: Any = ABSENT, keepdims: Any = ABSENT,
) -> Tensor:  # fmt: skip
    """The standard deviation, the root of `var`; its gradient is 0 where it is 0.

    >>> import leafgrad as torch
    >>> torch.tensor([1.0, 2.0, 3.0]).std()
    tensor(1.)
    """
    dim = dim if axis is ABSENT else by_numpy_name("axis", axis, dim)
    keepdim = keepdim if keepdims is ABSENT else by_numpy_name("keepdims", keepdims, keepdim)
    return _moment("std", std_of, input, dim, unbiased, keepdim, correction, out)


@public(method=False, signatures=_PAIRS)
def var_mean(
    input: Tensor, dim: Any = ABSENT, unbiased: Any = ABSENT, keepdim: bool = False,
    *, correction: Any = ABSENT,
    axis: Any = ABSENT, keepdims: Any = ABSENT,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """(variance, mean), as `var` and `mean` compute them.

    >>> import leafgrad as torch
    >>> torch.var_mean(torch.tensor([1.0, 2.0, 3.0]))
    (tensor(1.), tensor(2.))
    """
    dim = dim if axis is ABSENT else by_numpy_name("axis", axis, dim)
    keepdim = keepdim if keepdims is ABSENT else by_numpy_name("keepdims", keepdims, keepdim)
    return _moment("var_mean", var_mean_of, input, dim, unbiased, keepdim, correction, None)


@public(method=False, signatures=_PAIRS)
def std_mean(
    input: Tensor, dim: Any = ABSENT, unbiased: Any = ABSENT, keepdim: bool = False,
    *, correction: Any = ABSENT,
    axis: Any = ABSENT, keepdims: Any = ABSENT,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """(standard deviation, mean), as `std` and `mean` compute them.

    >>> import leafgrad as torch
    >>> torch.std_mean(torch.tensor([1.0, 2.0, 3.0]))
    (tensor(1.), tensor(2.))
    """
    dim = dim if axis is ABSENT else by_numpy_name("axis", axis, dim)
    keepdim = keepdim if keepdims is ABSENT else by_numpy_name("keepdims", keepdims, keepdim)
    return _moment("std_mean", std_mean_of, input, dim, unbiased, keepdim, correction, None)
