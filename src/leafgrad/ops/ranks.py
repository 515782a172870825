"""What stands at a certain place in order: median, nanmedian, mode, quantile, nanquantile."""

from typing import Any

import numpy as np

from ..base import messages
from ..op.table import public
from ..tensor.batch import bottom
from ..tensor.misuse import ABSENT, invalid
from ..tensor.numpy_names import by_numpy_name
from ..tensor.single import several, single
from ..tensor.tensor import Tensor, wrap
from ..tensor.view import turn
from ..values import return_types as types
from ..values import sorting
from . import views
from .arithmetic import mul, sub
from .comparison import isnan, lt
from .copies import to_copy
from .dims import data_of, flag, one_dim, pair_of, store, type_of
from .extremes import even, even_rows
from .logical import logical_not
from .masks import masked_fill
from .picking import pick_back, pick_many
from .reduce import any_of, of_samples, sum_dims
from .rounding import ceil, floor, round
from .scaling import times
from .sort import found_at, sort
from .ternary import lerp

ndarray = np.ndarray
LONG = np.dtype(np.int64)


def _refuse(kernel: str, x: ndarray) -> None:
    if x.dtype.kind in "bc":
        raise NotImplementedError(messages.NOT_IMPLEMENTED_FOR.format(kernel=kernel, type=type_of(x.dtype)))


def _refuse_empty(op: str, x: ndarray, dim: int) -> None:
    if x.ndim and not x.shape[dim]:
        raise IndexError(messages.EMPTY_DIM.format(op=op, dim=dim % x.ndim))


# --- median, nanmedian ---


def _median(self: ndarray, dim: int, keepdim: bool) -> tuple[ndarray, ndarray]:
    dim %= self.ndim or 1
    return found_at(self, sorting.median(self, dim, False), dim, keepdim)


def _nanmedian(self: ndarray, dim: int, keepdim: bool) -> tuple[ndarray, ndarray]:
    dim %= self.ndim or 1
    return found_at(self, sorting.median(self, dim, True), dim, keepdim)


median = several("median", _median, pick_back, types.median, node="MedianBackward1")
nanmedian = several("nanmedian", _nanmedian, pick_back, types.nanmedian, node="NanmedianBackward1")
_median_all = single(
    "median", lambda self: sorting.middle(self, False), even, node="MedianBackward0",
    batch=lambda self: _median_rows(of_samples(self)),
)  # fmt: skip
_nanmedian_all = single(
    "nanmedian", lambda self: sorting.middle(self, True), even, node="NanmedianBackward0",
    batch=lambda self: _nanmedian_rows(of_samples(self)),
)  # fmt: skip
_median_rows: Any = single(
    "median",
    lambda self: _middles(self, False),
    even_rows,
    node="MedianBackward0",
    batch=lambda self: _median_rows(self),
)
_nanmedian_rows: Any = single(
    "nanmedian", lambda self: _middles(self, True), even_rows, node="NanmedianBackward0",
    batch=lambda self: _nanmedian_rows(self),
)  # fmt: skip


def _middles(x: ndarray, skip: bool) -> ndarray:
    """The median of each row; that of none is NaN, or the least integer, as for a whole tensor."""
    if not x.shape[-1]:
        return np.full(x.shape[:-1], sorting.middle(x[..., :0].reshape(-1), skip), x.dtype)
    last = x.ndim - 1
    return found_at(x, sorting.median(x, last, skip), last, False)[0]


def _middle(op: str, every: Any, along: Any, input: Any, dim: Any, keepdim: Any, out: Any) -> Any:
    x = data_of(op, input)
    if dim is ABSENT and keepdim is False:
        _refuse("median_cpu", x)
        return every(input, out=out)
    if dim is ABSENT:
        raise TypeError(messages.MISSING_ONE.format(op=op, n=1, names='"dim"'))
    dim = one_dim(op, dim, x.ndim)
    flag(op, keepdim)
    _refuse_empty("median", x, dim)
    if out is not None:
        out = pair_of(out)
        if out[1]._data.dtype != LONG:
            raise RuntimeError(messages.MEDIAN_OUT.format(type=type_of(out[1]._data.dtype)))
    _refuse("median_out", x)
    return along(input, dim, keepdim, out=out)


_MEDIAN = ("Tensor input", "Tensor input, int dim, bool keepdim = False, *, tuple of Tensors out = None")


@public(name="median", signatures=_MEDIAN)
def median_front(
    input: Tensor,
    dim: Any = ABSENT,
    keepdim: bool = False,
    *,
    out: Any = None,
    axis: Any = ABSENT,
    keepdims: Any = ABSENT,
) -> Any:
    """The median of all elements, or (values, indices) along `dim`: of an even number the lower one; NaN if
    there is one.

    >>> import leafgrad as torch
    >>> torch.tensor([4, 1, 3, 2]).median()
    tensor(2)
    """
    keepdim = keepdim if keepdims is ABSENT else by_numpy_name("keepdims", keepdims, keepdim)
    return _middle(
        "median",
        _median_all,
        median,
        input,
        dim if axis is ABSENT else by_numpy_name("axis", axis, dim),
        keepdim,
        out,
    )


@public(name="nanmedian", signatures=_MEDIAN)
def nanmedian_front(
    input: Tensor,
    dim: Any = ABSENT,
    keepdim: bool = False,
    *,
    out: Any = None,
    axis: Any = ABSENT,
    keepdims: Any = ABSENT,
) -> Any:
    """The median of all elements that are not NaN, or (values, indices) along `dim`: of an even number the
    lower one.

    >>> import leafgrad as torch
    >>> torch.tensor([float("nan"), 1.0, 3.0]).nanmedian()
    tensor(1.)
    """
    keepdim = keepdim if keepdims is ABSENT else by_numpy_name("keepdims", keepdims, keepdim)
    return _middle(
        "nanmedian",
        _nanmedian_all,
        nanmedian,
        input,
        dim if axis is ABSENT else by_numpy_name("axis", axis, dim),
        keepdim,
        out,
    )


# --- mode ---


def _mode(self: ndarray, dim: int, keepdim: bool) -> tuple[ndarray, ndarray]:
    dim %= self.ndim or 1
    return found_at(self, sorting.most_frequent(self, dim), dim, keepdim)


mode = several("mode", _mode, pick_back, types.mode)


@public(name="mode")
def mode_front(
    input: Tensor,
    dim: int = -1,
    keepdim: bool = False,
    *,
    out: Any = None,
    axis: Any = ABSENT,
    keepdims: Any = ABSENT,
) -> Any:
    """(values, indices): the most frequent element along `dim` (of equally frequent ones the smallest), and
    its last place.

    >>> import leafgrad as torch
    >>> torch.tensor([3, 1, 3, 2]).mode().values
    tensor(3)
    """
    x = data_of("mode", input)
    dim = one_dim("mode", dim if axis is ABSENT else by_numpy_name("axis", axis, dim), x.ndim)
    keepdim = flag("mode", keepdim if keepdims is ABSENT else by_numpy_name("keepdims", keepdims, keepdim))
    _refuse_empty("mode", x, dim)
    if out is not None:
        out = pair_of(out)
        for o, want, what in zip(out, (x.dtype, LONG), ("values", "indices"), strict=True):
            if o._data.dtype != want:
                names = {"want": type_of(want), "got": type_of(o._data.dtype), "what": what}
                raise RuntimeError(messages.MODE_OUT.format(**names))
    if x.dtype.kind == "c" and x.ndim:
        raise NotImplementedError(
            messages.NOT_IMPLEMENTED_FOR.format(kernel="mode_cpu", type=type_of(x.dtype))
        )
    return mode(input, dim, keepdim, out=out)


# --- quantiles ---

_KINDS = ("linear", "lower", "higher", "midpoint", "nearest")
_REST = 'int dim = None, bool keepdim = False, *, str interpolation = "linear", Tensor out = None'
_QUANTILE = (f"Tensor input, Tensor q, {_REST}", f"Tensor input, float q, {_REST}")


def _check_quantile(op: str, x: ndarray, q: Any, interpolation: Any) -> None:
    if not isinstance(q, Tensor | int | float) or type(interpolation) is not str:
        raise invalid(op, _QUANTILE)
    if not isinstance(q, Tensor) and not 0 <= q <= 1:
        raise RuntimeError(messages.QUANTILE_Q_RANGE.format(q=f"{q:g}"))
    if interpolation not in _KINDS:
        raise RuntimeError(messages.QUANTILE_INTERPOLATION.format(got=interpolation))
    if not x.size:
        raise RuntimeError(messages.QUANTILE_EMPTY)
    if isinstance(q, Tensor) and q._data.ndim > 1:
        raise RuntimeError(messages.QUANTILE_Q_DIMS)
    if x.dtype.char not in "fd":
        raise RuntimeError(messages.QUANTILE_DTYPE)
    if isinstance(q, Tensor) and q._data.dtype != x.dtype:
        raise RuntimeError(messages.QUANTILE_Q_DTYPE)
    if isinstance(q, Tensor):
        every = bottom(q)[0]._data
        if not np.logical_and.reduce((every >= 0) & (every <= 1), None):
            raise RuntimeError(messages.QUANTILE_QS_RANGE)


def _rows(x: Tensor, dim: int | None) -> Tensor:
    """The elements in order, in rows."""
    ndim = x._data.ndim
    if dim is None:
        ordered = sort(views.reshape(x, (-1,)) if ndim != 1 else x, -1, False)[0]
    elif not ndim or dim == ndim - 1:
        ordered = sort(x, -1, False)[0]
    else:
        ordered = sort(views.transpose(views.unsqueeze(x, -1), dim, -1), -1, False)[0]
    return ordered


def _rank(q: Tensor, ordered: Tensor, skip: bool) -> Any:
    """Where the quantiles stand in each row, as fractional indices."""
    nan = isnan(ordered)
    shape = ordered._data.shape
    if skip:
        count = sub(sum_dims(logical_not(nan), (-1,), True, LONG), 1)
        return masked_fill(mul(q, count), lt(count, 0), 0.0)
    size = (*shape[:-1], q._data.shape[0])
    rank = times(q, shape[-1] - 1)
    return masked_fill(
        rank if rank._data.shape == size else views.expand(rank, size),
        any_of(nan, (-1,), True),
        float(shape[-1] - 1),
    )


def _quantile(
    op: str, input: Any, q: Any, dim: Any, keepdim: Any, interpolation: Any, out: Any, skip: bool
) -> Tensor:
    x = data_of(op, input)
    if dim is not None:
        dim = one_dim(op, dim, x.ndim, _QUANTILE)
        dim %= x.ndim or 1
    flag(op, keepdim)
    _check_quantile(op, x, q, interpolation)
    if isinstance(out, Tensor):
        if out._data.dtype != x.dtype:
            raise RuntimeError(messages.QUANTILE_OUT)
        found = _quantile(op, input, q, dim, keepdim, interpolation, None, skip)
        return store(out, found)
    alone = not isinstance(q, Tensor) or not q._data.ndim
    if not isinstance(q, Tensor):
        q = wrap(np.full((1,), q, x.dtype))
    elif alone:
        q = views.reshape(q, (1,))
    ordered = _rows(input, dim)
    sizes = [1] * x.ndim if dim is None else [1 if i == dim else n for i, n in enumerate(x.shape)]
    if not keepdim:
        sizes = sizes[:0] if dim is None or not x.ndim else [*sizes[:dim], *sizes[dim + 1 :]]
    ordered = views.view(ordered, (*sizes, ordered._data.shape[-1] if ordered._data.ndim else 1))
    rank = _rank(q, ordered, skip)
    if interpolation in ("lower", "higher", "nearest"):
        rank = {"lower": floor, "higher": ceil, "nearest": round}[interpolation](rank)
    below = to_copy(rank, LONG)
    value = pick_many(ordered, below, -1)
    if interpolation in ("linear", "midpoint"):
        weight = (
            wrap(np.full(rank._data.shape, 0.5, x.dtype)) if interpolation == "midpoint" else sub(rank, below)
        )
        above = to_copy(ceil(rank), LONG)
        value = lerp(value, pick_many(ordered, above, -1), weight)
    if not alone:
        value = turn(value, views.unsqueeze_in_place, (0,))
        value = turn(value, views.transpose_in_place, (0, -1))
    return turn(value, views.squeeze_in_place, (-1,))


@public(signatures=_QUANTILE)
def quantile(
    input: Tensor, q: Any, dim: Any = None, keepdim: bool = False, *, interpolation: str = "linear",
    out: Any = None,
    axis: Any = ABSENT, keepdims: Any = ABSENT,
) -> Tensor:  # fmt: skip
    """The q-quantiles (q: a number, or a 0- or 1-dim tensor, in [0, 1]) of all elements or along `dim`; NaN
    if there is one.

    Several quantiles come along a new first dimension.  interpolation: what lies between two elements:
    "linear", "lower", "higher", "midpoint" or "nearest".  RuntimeError unless the tensors are float32 or
    float64.

    >>> import leafgrad as torch
    >>> torch.tensor([0.0, 1.0, 2.0, 3.0]).quantile(0.5)
    tensor(1.5000)
    """
    keepdim = keepdim if keepdims is ABSENT else by_numpy_name("keepdims", keepdims, keepdim)
    return _quantile(
        "quantile",
        input,
        q,
        dim if axis is ABSENT else by_numpy_name("axis", axis, dim),
        keepdim,
        interpolation,
        out,
        False,
    )


@public(signatures=_QUANTILE)
def nanquantile(
    input: Tensor, q: Any, dim: Any = None, keepdim: bool = False, *, interpolation: str = "linear",
    out: Any = None,
    axis: Any = ABSENT, keepdims: Any = ABSENT,
) -> Tensor:  # fmt: skip
    """`quantile` of the elements that are not NaN; NaN if there are none.

    >>> import leafgrad as torch
    >>> torch.tensor([0.0, float("nan"), 1.0]).nanquantile(0.5)
    tensor(0.5000)
    """
    keepdim = keepdim if keepdims is ABSENT else by_numpy_name("keepdims", keepdims, keepdim)
    return _quantile(
        "nanquantile",
        input,
        q,
        dim if axis is ABSENT else by_numpy_name("axis", axis, dim),
        keepdim,
        interpolation,
        out,
        True,
    )
