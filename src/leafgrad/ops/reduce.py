"""Reductions: sum, mean, prod and their relatives that skip NaNs, logsumexp, any, all, count_nonzero."""

from math import nan, prod
from typing import Any

import numpy as np

from ..base import messages
from ..op.record import stacking
from ..op.table import public
from ..tensor.misuse import ABSENT, invalid, wrong
from ..tensor.numpy_names import by_numpy_name
from ..tensor.single import single
from ..tensor.tensor import Tensor, wrap
from ..tensor.write import INPLACE, fill
from ..values import reductions as r
from ..values import softmax as s
from ..values.arguments import cast
from ..values.buffers import empty
from ..values.dtype import BY_NP, default, parse
from .arithmetic import conj, div, mul, sub
from .comparison import isnan
from .dims import Dims, axes, check_out_dtype, data_of, dims, flag, reduced, restore, type_of, wanted, widen
from .exponential import exp
from .logical import logical_not
from .views import after, expand, reshape

ndarray = np.ndarray
LONG = np.dtype(np.int64)
SUMS = (
    "Tensor input, *, torch.dtype dtype = None",
    "Tensor input, tuple of ints dim, bool keepdim = False, *, torch.dtype dtype = None, Tensor out = None",
)


# --- sum ---


def spread(grad: Any, sizes: tuple, count: int = 1) -> Any:
    """A 0-dim gradient, divided by `count`, in every place of a shape."""
    if type(grad) is ndarray and grad.dtype.kind == "f":
        out = empty(sizes, grad.dtype)
        out.fill(grad.item() / count if count else nan)
        return out
    return expand(grad if count == 1 else div(grad, count), sizes)


def of_samples(x: Tensor) -> Tensor:
    """A batch with each sample laid out as a row: what is said of a whole sample is said of the rows."""
    shape = x._data.shape
    return reshape(x, (shape[0], prod(shape[1:])))


def whole_or_along(row: Any, x: Tensor, dim: int | None, keepdim: bool) -> Any:
    """What `row` makes of each sample in a batch, along one dimension or, where that is None, of all elements."""
    shape = x._data.shape
    if dim is not None and len(shape) > 1:
        return row(x, after(dim), keepdim)
    found = row(of_samples(x), 1, False)
    if not keepdim:
        return found
    kept = (shape[0], *(1,) * (len(shape) - 1))
    return (
        reshape(found, kept) if isinstance(found, Tensor) else tuple([reshape(each, kept) for each in found])
    )


def _ready(x: ndarray, dtype: np.dtype) -> ndarray:
    """What can be added up in `dtype` without another word."""
    return x if dtype.kind == "i" and x.dtype.kind in "iub" else cast(x, dtype)


def _sum(self: ndarray, dim: Dims, keepdim: bool, dtype: np.dtype | None = None) -> ndarray:
    return r.sum(self if dtype is None else _ready(self, dtype), axes(dim, self.ndim), keepdim, dtype)


def _widen_samples(grad: ndarray, dim: Dims, keepdim: bool, self_sym_sizes: tuple) -> ndarray:
    sizes = self_sym_sizes
    return widen(grad, after(dim or range(len(sizes))), keepdim, (len(grad), *sizes)) if sizes else grad


total = single(
    "sum", r.total,
    stacking(
        lambda grad, self_sym_sizes: spread(grad, self_sym_sizes),
        lambda grad, self_sym_sizes: _widen_samples(grad, None, False, self_sym_sizes),
    ),
    linear=True,
    batch=lambda self, dtype: sum_dims(of_samples(self), (1,), False, dtype),
)  # fmt: skip
sum_dims = single(
    "sum",
    _sum,
    stacking(
        lambda grad, dim, keepdim, self_sym_sizes: widen(grad, dim, keepdim, self_sym_sizes),
        _widen_samples,
    ),
    linear=True,
    node="SumBackward1",
)


@public(name="sum", signatures=SUMS)
def sum_front(
    input: Tensor, dim: Any = ABSENT, keepdim: bool = False, *, dtype: Any = None, out: Any = None,
    axis: Any = ABSENT,
    keepdims: Any = ABSENT,
) -> Tensor:  # fmt: skip
    """The sum of all elements, or over `dim` (an int or a list of them); int64 for integers and bools, or in
    `dtype`.

    >>> import leafgrad as torch
    >>> torch.tensor([[1, 2], [3, 4]]).sum(0)
    tensor([4, 6])
    """
    if (
        dim is ABSENT
        and dtype is out is None
        and keepdim is False
        and axis is ABSENT
        and isinstance(input, Tensor)
    ):
        return total(input, None)
    x = data_of("sum", input)
    kind: Any = LONG if x.dtype.kind in "iub" else None
    if axis is not ABSENT:
        dim = by_numpy_name("axis", axis, dim)
    if keepdims is not ABSENT:
        keepdim = by_numpy_name("keepdims", keepdims, keepdim)
    if dtype is not None:
        kind = wanted("sum", input, dtype, SUMS if dim is ABSENT else ())
    if dim is ABSENT:
        if out is not None or keepdim is not False:
            raise invalid("sum", SUMS)
        return total(input, kind)
    if isinstance(out, Tensor):
        if dtype is not None:
            check_out_dtype(out, kind)
        kind = out._data.dtype
    return sum_dims(
        input,
        dims("sum", dim, x.ndim, SUMS),
        keepdim if type(keepdim) is bool else flag("sum", keepdim),
        kind,
        out=out,
    )


# --- mean ---


def _mean(self: ndarray, dtype: np.dtype | None, self_sym_numel: int) -> ndarray:
    return r.average(self if dtype is None else cast(self, dtype))


def _mean_dims(
    self: ndarray, dim: Dims, keepdim: bool, dtype: np.dtype | None, self_sym_numel: int
) -> ndarray:
    return r.mean(self if dtype is None else cast(self, dtype), axes(dim, self.ndim), keepdim)


mean = single(
    "mean",
    _mean,
    lambda grad, self_sym_sizes, self_sym_numel: spread(grad, self_sym_sizes, self_sym_numel),
    linear=True,
    batch=lambda self, dtype: mean_dims(of_samples(self), (1,), False, dtype),
)
_mean_over = single(
    "mean", _mean_dims,
    lambda grad, dim, keepdim, self_sym_numel, self_sym_sizes: widen(
        div(grad, reduced(dim, self_sym_sizes)), dim, keepdim, self_sym_sizes
    ),
    linear=True, node="MeanBackward1",
)  # fmt: skip


def mean_dims(x: Any, dim: Dims, keepdim: bool, dtype: np.dtype | None = None, *, out: Any = None) -> Any:
    """Rule level: the mean over checked dims."""
    return _mean_over(x, dim, keepdim, dtype, (x if type(x) is ndarray else x._data).size, out=out)


_MEANS = ("Tensor input, *, torch.dtype dtype = None, Tensor out = None", SUMS[1])


@public(name="mean", signatures=_MEANS)
def mean_front(
    input: Tensor, dim: Any = ABSENT, keepdim: bool = False, *, dtype: Any = None, out: Any = None,
    axis: Any = ABSENT,
    keepdims: Any = ABSENT,
) -> Tensor:  # fmt: skip
    """The mean of all elements, or over `dim` (an int or a list of them); of integers and bools only with a
    floating `dtype`.

    >>> import leafgrad as torch
    >>> torch.tensor([[1.0, 2.0], [3.0, 4.0]]).mean(0)
    tensor([2., 3.])
    """
    try:
        x = input._data
    except AttributeError:
        x = data_of("mean", input)
    kind = None if dtype is None else _floating(dtype, _MEANS if dim is axis is ABSENT else ())
    if kind is None and x.dtype.kind in "iub":
        raise RuntimeError(messages.MEAN_DTYPE.format(what="Input", type=type_of(x.dtype)))
    if dim is ABSENT and out is None and keepdim is False and axis is ABSENT:
        return mean(input, kind, x.size)
    if axis is not ABSENT:
        dim = by_numpy_name("axis", axis, dim)
    if keepdims is not ABSENT:
        keepdim = by_numpy_name("keepdims", keepdims, keepdim)
    if dim is ABSENT:
        if keepdim is not False:
            raise invalid("mean", _MEANS)
        if isinstance(out, Tensor) and BY_NP[kind or x.dtype].category > BY_NP[out._data.dtype].category:
            raise RuntimeError(messages.MEAN_OUT.format(type=type_of(out._data.dtype)))
        return mean(input, kind, x.size, out=out)
    if kind is not None and out is not None:
        check_out_dtype(out, kind)
    found = dims("mean", dim, x.ndim, _MEANS)
    return _mean_over(
        input, found, keepdim if type(keepdim) is bool else flag("mean", keepdim), kind, x.size, out=out
    )


def _floating(dtype: Any, signatures: tuple) -> np.dtype:
    if signatures and not hasattr(dtype, "np"):
        raise invalid("mean", signatures)
    found = parse(dtype, "mean").np
    if found.kind in "iub":
        raise RuntimeError(messages.MEAN_DTYPE.format(what="Optional", type=type_of(found)))
    return found


# --- what skips NaNs ---


def _nansum(self: ndarray, dim: Dims, keepdim: bool, dtype: np.dtype | None) -> ndarray:
    if self.dtype.kind in "iub":
        return _sum(self, dim, keepdim, dtype)
    found = _sum(self, dim, keepdim, dtype)
    if not np.isnan(found).any():
        return found
    return _sum(np.where(np.isnan(self), self.dtype.type(0), self), dim, keepdim, dtype)


nansum = single(
    "nansum", _nansum,
    lambda grad, self, dim, keepdim: mul(widen(grad, dim, keepdim, self.shape), logical_not(isnan(self))),
)  # fmt: skip


@public(name="nansum")
def nansum_front(
    input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None, out: Any = None,
    axis: Any = ABSENT,
    keepdims: Any = ABSENT,
) -> Tensor:  # fmt: skip
    """The sum of all elements or over `dim`, with NaN counted as 0.  RuntimeError for complex tensors.

    >>> import leafgrad as torch
    >>> torch.tensor([1.0, float("nan"), 2.0]).nansum()
    tensor(3.)
    """
    x = data_of("nansum", input)
    found = dims("nansum", dim if axis is ABSENT else by_numpy_name("axis", axis, dim), x.ndim)
    keepdim = flag("nansum", keepdim if keepdims is ABSENT else by_numpy_name("keepdims", keepdims, keepdim))
    kind = wanted("nansum", input, dtype)
    if x.dtype.kind == "c":
        raise RuntimeError(messages.NANSUM_COMPLEX)
    if isinstance(out, Tensor):
        has = out._data.dtype
        if kind is not None and has != kind:
            raise RuntimeError(messages.NANSUM_OUT.format(out=type_of(has), dtype=type_of(kind)))
        if has.kind not in "fV" and x.dtype.kind not in "iub":
            raise NotImplementedError(
                messages.NOT_IMPLEMENTED_FOR.format(kernel="nansum_cpu", type=type_of(has))
            )
        kind = has
    elif kind is None and x.dtype.kind in "iub":
        kind = LONG
    return nansum(input, found, keepdim, kind, out=out)


@public()
def nanmean(
    input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None, out: Any = None,
    axis: Any = ABSENT,
    keepdims: Any = ABSENT,
) -> Tensor:  # fmt: skip
    """The mean of all elements or over `dim` that are not NaN; NaN if there are none.  RuntimeError for
    integers.

    >>> import leafgrad as torch
    >>> torch.tensor([1.0, float("nan"), 2.0]).nanmean()
    tensor(1.5000)
    """
    x = data_of("nanmean", input)
    if x.dtype.kind in "iub":
        raise RuntimeError(messages.NANMEAN_DTYPE.format(type=type_of(x.dtype)))
    found = dims("nanmean", dim if axis is ABSENT else by_numpy_name("axis", axis, dim), x.ndim)
    keepdim = flag("nanmean", keepdim if keepdims is ABSENT else by_numpy_name("keepdims", keepdims, keepdim))
    total = nansum_front(input, found, keepdim, dtype=dtype, out=out)
    count = wrap(_sum(~np.isnan(x), found, keepdim, LONG))
    return div.op.public(total, count, out=None if out is None else INPLACE)


# --- logsumexp ---


def _logsumexp(self: ndarray, dim: Dims, keepdim: bool) -> ndarray:
    return s.logsumexp(
        self if self.dtype.kind in "fcV" else self.astype(default()), axes(dim, self.ndim), keepdim
    )


def _logsumexp_back(grad: Any, self: Any, result: Any, dim: Dims, keepdim: bool) -> Any:
    sizes = self.shape
    return mul(restore(grad, dim, keepdim, sizes), conj(exp(sub(self, restore(result, dim, keepdim, sizes)))))


logsumexp = single("logsumexp", _logsumexp, _logsumexp_back)


@public(name="logsumexp", spaces=("special",))
def logsumexp_front(
    input: Tensor,
    dim: Any,
    keepdim: bool = False,
    *,
    out: Any = None,
    axis: Any = ABSENT,
    keepdims: Any = ABSENT,
) -> Tensor:
    """log(sum(exp(input))) over `dim` (an int or a list of them), without overflow; of integers in the
    default dtype.

    >>> import leafgrad as torch
    >>> torch.zeros(2).logsumexp(0)
    tensor(0.6931)
    """
    x = data_of("logsumexp", input)
    if axis is not ABSENT:
        dim = by_numpy_name("axis", axis, dim)
    if dim is None:
        raise wrong("logsumexp", "dim", 2, "tuple of ints", dim)
    found = dims("logsumexp", dim, x.ndim)
    keepdim = flag(
        "logsumexp", keepdim if keepdims is ABSENT else by_numpy_name("keepdims", keepdims, keepdim)
    )
    if not found and x.ndim:
        raise RuntimeError(messages.LOGSUMEXP_DIMS.format(shape=[1] * x.ndim))
    if isinstance(out, Tensor) and out._data.dtype.kind in "iub":
        raise RuntimeError(messages.LOGSUMEXP_OUT.format(type=type_of(out._data.dtype)))
    return logsumexp(input, found, keepdim, out=out)


# --- any, all, count_nonzero ---


def _truth(ufunc: np.ufunc, x: ndarray, dim: Dims, keepdim: bool) -> ndarray:
    along: Any = () if dim == () or not x.ndim else axes(dim, x.ndim)
    found = r.truth(ufunc, x, along, keepdim)
    return found.astype(x.dtype) if x.dtype.char == "B" else found


def _any(self: ndarray, dim: Dims, keepdim: bool) -> ndarray:
    return _truth(np.logical_or, self, dim, keepdim)


def _all(self: ndarray, dim: Dims, keepdim: bool) -> ndarray:
    return _truth(np.logical_and, self, dim, keepdim)


any_of = single("any", _any)
_all_of = single("all", _all)
_TRUTH = (
    "Tensor input, *, Tensor out = None",
    "Tensor input, tuple of ints dim = None, bool keepdim = False, *, Tensor out = None",
    "Tensor input, int dim, bool keepdim = False, *, Tensor out = None",
)


def _question(op: str, row: Any, input: Any, dim: Any, keepdim: Any, out: Any) -> Tensor:
    if not isinstance(input, Tensor):
        raise invalid(op, _TRUTH)
    found = dims(op, dim, input._data.ndim, _TRUTH)
    flag(op, keepdim)
    if isinstance(out, Tensor) and out._data.dtype.char not in "?B":
        raise RuntimeError(messages.OUT_BOOL.format(op=op, type=type_of(out._data.dtype)))
    if out is None:
        return row(input, found, keepdim)
    fill((out,), (row.op.kernel(input._data, found, keepdim).astype(out._data.dtype),))
    return out


@public(name="any", signatures=_TRUTH)
def any_front(
    input: Tensor,
    dim: Any = None,
    keepdim: bool = False,
    *,
    out: Any = None,
    axis: Any = ABSENT,
    keepdims: Any = ABSENT,
) -> Tensor:
    """Whether some element is not zero (NaN is not), of all or over `dim`; bool, but uint8 for uint8.

    >>> import leafgrad as torch
    >>> torch.tensor([[0, 1], [0, 0]]).any(1)
    tensor([ True, False])
    """
    keepdim = keepdim if keepdims is ABSENT else by_numpy_name("keepdims", keepdims, keepdim)
    return _question(
        "any", any_of, input, dim if axis is ABSENT else by_numpy_name("axis", axis, dim), keepdim, out
    )


@public(name="all", signatures=_TRUTH)
def all_front(
    input: Tensor,
    dim: Any = None,
    keepdim: bool = False,
    *,
    out: Any = None,
    axis: Any = ABSENT,
    keepdims: Any = ABSENT,
) -> Tensor:
    """Whether no element is zero (NaN is not), of all or over `dim`; bool, but uint8 for uint8.

    >>> import leafgrad as torch
    >>> torch.tensor([[0, 1], [1, 1]]).all(1)
    tensor([False,  True])
    """
    keepdim = keepdim if keepdims is ABSENT else by_numpy_name("keepdims", keepdims, keepdim)
    return _question(
        "all", _all_of, input, dim if axis is ABSENT else by_numpy_name("axis", axis, dim), keepdim, out
    )


def _count_nonzero(self: ndarray, dim: Dims) -> ndarray:
    return r.count_nonzero(self, axes(dim, self.ndim))


_count_of = single(
    "count_nonzero", _count_nonzero,
    batch=lambda self, dim: _count_of(self, after(dim)) if dim and self._data.ndim > 1 else _count_of(of_samples(self), (1,)),
)  # fmt: skip
_COUNT = ("Tensor input, int dim = None", "Tensor input, tuple of ints dim")


@public(signatures=_COUNT)
def count_nonzero(input: Tensor, dim: Any = None, *, axis: Any = ABSENT) -> Tensor:
    """How many elements are not zero, of all or over `dim` (an int or a list of them); int64.

    >>> import leafgrad as torch
    >>> torch.tensor([[0, 1], [1, 1]]).count_nonzero(1)
    tensor([1, 2])
    """
    x = data_of("count_nonzero", input)
    return _count_of(
        input,
        dims("count_nonzero", dim if axis is ABSENT else by_numpy_name("axis", axis, dim), x.ndim, _COUNT),
    )
