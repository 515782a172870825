"""Running results along a dimension: cumsum, logcumsumexp, cummax, cummin; cumprod is in prod.py."""

from typing import Any

import numpy as np

from ..base import messages
from ..op.record import alike
from ..op.table import public
from ..tensor.kinds import primitive
from ..tensor.misuse import ABSENT
from ..tensor.numpy_names import by_numpy_name
from ..tensor.single import several, single
from ..tensor.tensor import Tensor
from ..tensor.write import INPLACE
from ..values import return_types as types
from ..values import scans
from ..values.arguments import cast
from .arithmetic import conj, mul, neg
from .dims import check_out_dtype, cpp_name, data_of, one_dim, pair_of, type_of, wanted
from .picking import add_up

ndarray = np.ndarray
LONG = np.dtype(np.int64)

# --- sums ---


def _cumsum(self: ndarray, dim: int, dtype: np.dtype | None = None) -> ndarray:
    return scans.cumsum(_ready(self, dtype), dim % (self.ndim or 1), dtype)


def _ready(x: ndarray, dtype: np.dtype | None) -> ndarray:
    return x if dtype is None or (dtype.kind == "i" and x.dtype.kind in "iub") else cast(x, dtype)


def _backwards(self: ndarray, dim: int) -> ndarray:
    return scans.backwards(self, dim % (self.ndim or 1))


backwards = single("_backwards", _backwards, lambda grad, dim: cumsum(grad, dim, None), linear=True)
cumsum: Any = single("cumsum", _cumsum, lambda grad, dim: backwards(grad, dim), linear=True)


def scanned(op: str, row: Any, input: Any, dim: Any, dtype: Any, out: Any) -> Tensor:
    """Check the arguments of cumsum and cumprod, and call."""
    x = data_of(op, input)
    dim = one_dim(op, dim, x.ndim)
    kind = wanted(op, input, dtype)
    if out is INPLACE:
        if kind is not None and kind != x.dtype:
            raise RuntimeError(messages.SCAN_IN_PLACE.format(was=cpp_name(x.dtype), to=cpp_name(kind)))
        kind = x.dtype
        if kind.kind == "b":
            raise NotImplementedError(
                messages.NOT_IMPLEMENTED_FOR.format(kernel=f"{op}_out_cpu", type="Bool")
            )
    elif isinstance(out, Tensor):
        if kind is not None:
            check_out_dtype(out, kind)
        kind = out._data.dtype
    elif kind is None and x.dtype.kind in "iub":
        kind = LONG
    return row(input, dim, kind, out=out)


@public(name="cumsum", inplace=True)
def cumsum_front(
    input: Tensor, dim: int, *, dtype: Any = None, out: Any = None, axis: Any = ABSENT
) -> Tensor:
    """Running sums along `dim`; int64 for integers and bools, or in `dtype`.

    >>> import leafgrad as torch
    >>> torch.tensor([1, 2, 3]).cumsum(0)
    tensor([1, 3, 6])
    """
    return scanned(
        "cumsum", cumsum, input, dim if axis is ABSENT else by_numpy_name("axis", axis, dim), dtype, out
    )


# --- logarithms of sums ---
# With y = logcumsumexp(x), the derivatives of all orders are made of two sums, each the other's transpose:
# after(g, x, y)[k] = sum over i >= k of g[i] * exp(x[k] - y[i]), before(h, x, y)[i] = sum over k <= i of h[k]
# * exp(x[k] - y[i]).


def _after(self: ndarray, x: ndarray, y: ndarray, /, dim: int) -> ndarray:
    return scans.sums_after(self, x, y, dim % x.ndim)


def _before(self: ndarray, x: ndarray, y: ndarray, /, dim: int) -> ndarray:
    return scans.sums_before(self, x, y, dim % x.ndim)


after: Any = primitive(
    "_sums_after", _after,
    vjp={
        "self": lambda grad, x, y, dim: before(grad, conj(x), conj(y), dim),
        "x": lambda grad, result: mul(grad, conj(result)),
        "y": lambda grad, self, x, y, dim: neg(mul(conj(self), before(grad, conj(x), conj(y), dim))),
    },
    batch=alike,
)  # fmt: skip
before: Any = primitive(
    "_sums_before", _before,
    vjp={
        "self": lambda grad, x, y, dim: after(grad, conj(x), conj(y), dim),
        "x": lambda grad, self, x, y, dim: mul(conj(self), after(grad, conj(x), conj(y), dim)),
        "y": lambda grad, result: neg(mul(grad, conj(result))),
    },
    batch=alike,
)  # fmt: skip


def _logcumsumexp(self: ndarray, dim: int) -> ndarray:
    return scans.logcumsumexp(self, dim % (self.ndim or 1))


logcumsumexp = single(
    "logcumsumexp", _logcumsumexp,
    lambda grad, self, result, dim: after(grad, conj(self), conj(result), dim) if grad.shape else grad,
    jvp=lambda tangents, self, dim,
    result: before(tangents[0], self, result, dim) if self.shape else tangents[0],
)  # fmt: skip


@public(name="logcumsumexp")
def logcumsumexp_front(input: Tensor, dim: int, *, out: Any = None, axis: Any = ABSENT) -> Tensor:
    """log(cumsum(exp(input))) along `dim`, without overflow.  NotImplementedError for integers.

    >>> import leafgrad as torch
    >>> torch.zeros(3).logcumsumexp(0)
    tensor([0.0000, 0.6931, 1.0986])
    """
    x = data_of("logcumsumexp", input)
    dim = one_dim("logcumsumexp", dim if axis is ABSENT else by_numpy_name("axis", axis, dim), x.ndim)
    if isinstance(out, Tensor) and out._data.dtype != x.dtype:
        raise RuntimeError(messages.SCALAR_TYPE.format(want=type_of(x.dtype), got=type_of(out._data.dtype)))
    if x.dtype.kind in "iub":
        raise NotImplementedError(
            messages.NOT_IMPLEMENTED_FOR.format(kernel="logcumsumexp_out_cpu", type=type_of(x.dtype))
        )
    return logcumsumexp(input, dim, out=out)


# --- extremes ---


def _cummax(self: ndarray, dim: int) -> tuple[ndarray, ndarray]:
    return scans.cummax(self, dim % (self.ndim or 1))


def _cummin(self: ndarray, dim: int) -> tuple[ndarray, ndarray]:
    return scans.cummin(self, dim % (self.ndim or 1))


def _extreme_rule(grad: Any, self: Any, indices: Any, dim: int) -> Any:
    return add_up(grad, indices, dim, tuple(self.shape))


cummax = several("cummax", _cummax, _extreme_rule, types.cummax)
cummin = several("cummin", _cummin, _extreme_rule, types.cummin)


def _running(op: str, row: Any, input: Any, dim: Any, out: Any) -> Any:
    x = data_of(op, input)
    dim = one_dim(op, dim, x.ndim)
    if out is not None:
        out = pair_of(out)
        for o, want in zip(out, (x.dtype, LONG), strict=True):
            if o._data.dtype != want:
                raise RuntimeError(
                    messages.SCALAR_TYPE.format(want=type_of(want), got=type_of(o._data.dtype))
                )
    if x.dtype.kind == "c":
        raise NotImplementedError(
            messages.NOT_IMPLEMENTED_FOR.format(kernel=f"{op}_cpu", type=type_of(x.dtype))
        )
    return row(input, dim, out=out)


@public(name="cummax")
def cummax_front(input: Tensor, dim: int, *, out: Any = None, axis: Any = ABSENT) -> Any:
    """(values, indices): running maxima along `dim`, and where each was found (the last of equals; a NaN
    stays).

    >>> import leafgrad as torch
    >>> torch.tensor([1, 3, 2]).cummax(0).values
    tensor([1, 3, 3])
    """
    return _running("cummax", cummax, input, dim if axis is ABSENT else by_numpy_name("axis", axis, dim), out)


@public(name="cummin")
def cummin_front(input: Tensor, dim: int, *, out: Any = None, axis: Any = ABSENT) -> Any:
    """(values, indices): running minima along `dim`, and where each was found (the last of equals; a NaN
    stays).

    >>> import leafgrad as torch
    >>> torch.tensor([2, 3, 1]).cummin(0).values
    tensor([2, 2, 1])
    """
    return _running("cummin", cummin, input, dim if axis is ABSENT else by_numpy_name("axis", axis, dim), out)
