"""The largest and the smallest: amax, amin, aminmax, max, min, argmax, argmin."""

from typing import Any

import numpy as np

from ..base import messages
from ..op.table import public
from ..tensor.batch import bottom
from ..tensor.kinds import fused
from ..tensor.misuse import ABSENT, entry, invalid, is_method, wrong
from ..tensor.numpy_names import by_numpy_name
from ..tensor.single import several, single
from ..tensor.tensor import Tensor
from ..values import kernels as k
from ..values import reductions as r
from ..values import return_types as types
from ..values.dtype import BY_NP
from .arithmetic import add, div, mul
from .clamping import maximum, minimum
from .comparison import eq
from .dims import Dims, axes, check_out_dtype, data_of, dims, flag, one_dim, pair_of, restore, type_of
from .picking import pick_back
from .reduce import of_samples, sum_dims, whole_or_along
from .ternary import where

ndarray = np.ndarray
LONG = np.dtype(np.int64)


def _refuse_complex(kernel: str, x: ndarray) -> None:
    if x.dtype.kind == "c":
        raise NotImplementedError(messages.NOT_IMPLEMENTED_FOR.format(kernel=kernel, type=type_of(x.dtype)))


def _refuse_empty(op: str, x: ndarray, dim: Dims) -> None:
    """An empty array has no largest element; only results that are empty themselves are possible."""
    if not dim:
        raise RuntimeError(messages.EMPTY_ALL.format(op=op))
    for d in dim:
        if not x.shape[d]:
            raise IndexError(messages.EMPTY_DIM.format(op=op, dim=d))


# --- gradients ---
# Where several elements are the largest, those found without an index share the gradient evenly.


def _shares(grad: ndarray, self: ndarray, result: ndarray, dim: Dims, keepdim: bool) -> ndarray:
    sizes = self.shape
    mask = np.equal(self, restore(result, dim, keepdim, sizes), out=...)
    count = r.sum(mask, axes(dim, self.ndim), True, grad.dtype)
    return k.mul(mask, np.divide(restore(grad, dim, keepdim, sizes), count, out=...))


def _shares_formula(grad: Any, self: Any, result: Any, dim: Dims, keepdim: bool) -> Any:
    sizes = self.shape
    mask = eq(self, restore(result, dim, keepdim, sizes))
    return div(mul(restore(grad, dim, keepdim, sizes), mask), sum_dims(mask, dim, True, LONG))


share = fused(_shares, _shares_formula)


def even(grad: Any, self: Any, result: Any) -> Any:
    """The same over all elements; if the largest is NaN, the NaNs share."""
    return _even(grad, self, result, None)


def even_rows(grad: Any, self: Any, result: Any) -> Any:
    """The same for each row, along the last dimension."""
    return _even(grad, self, result, (-1,))


def _even(grad: Any, self: Any, result: Any, dim: Dims) -> Any:
    value = bottom(result)[0]._data if isinstance(result, Tensor) else result
    if not (value != value).any():
        return share(grad, self, result, dim, False)
    result = restore(result, dim, False, self.shape)
    mask = where(result != result, self != self, eq(self, result))
    count = sum_dims(mask, dim, True, LONG if isinstance(grad, Tensor) else grad.dtype)
    return div(mul(restore(grad, dim, False, self.shape), mask), count)


# --- amax, amin, aminmax ---


def _amax(self: ndarray, dim: Dims, keepdim: bool) -> ndarray:
    return r.amax(self, axes(dim, self.ndim), keepdim)


def _amin(self: ndarray, dim: Dims, keepdim: bool) -> ndarray:
    return r.amin(self, axes(dim, self.ndim), keepdim)


def _share_rule(grad: Any, self: Any, result: Any, dim: Dims, keepdim: bool) -> Any:
    return share(grad, self, result, dim, keepdim)


amax_of = single("amax", _amax, _share_rule)
amin_of = single("amin", _amin, _share_rule)


def _extremum(op: str, row: Any, kernel: str, input: Any, dim: Any, keepdim: Any, out: Any) -> Tensor:
    x = data_of(op, input)
    found = dims(op, dim, x.ndim) or ()
    if type(keepdim) is not bool:
        flag(op, keepdim)
    if not x.size:
        _refuse_empty(op, x, found)
    if out is not None and out._data.dtype != x.dtype:
        raise RuntimeError(messages.OUT_MATCH.format(input=type_of(x.dtype), out=type_of(out._data.dtype)))
    if x.dtype.kind == "c":
        _refuse_complex(kernel, x)
    return row(input, found, keepdim, out=out)


@public()
def amax(
    input: Tensor,
    dim: Any = (),
    keepdim: bool = False,
    *,
    out: Any = None,
    axis: Any = ABSENT,
    keepdims: Any = ABSENT,
) -> Tensor:
    """The largest element over `dim` (an int, a list of them, or all); NaN if there is one.  Equal ones share
    the gradient.

    >>> import leafgrad as torch
    >>> torch.tensor([[1.0, 5.0], [7.0, 3.0]]).amax(1)
    tensor([5., 7.])
    """
    if axis is not ABSENT:
        dim = by_numpy_name("axis", axis, dim)
    return _extremum(
        "amax",
        amax_of,
        "max_values_cpu",
        input,
        dim,
        keepdim if keepdims is ABSENT else by_numpy_name("keepdims", keepdims, keepdim),
        out,
    )


@public()
def amin(
    input: Tensor,
    dim: Any = (),
    keepdim: bool = False,
    *,
    out: Any = None,
    axis: Any = ABSENT,
    keepdims: Any = ABSENT,
) -> Tensor:
    """The smallest element over `dim` (an int, a list of them, or all); NaN if there is one.  Equal ones
    share the gradient.

    >>> import leafgrad as torch
    >>> torch.tensor([[1.0, 5.0], [7.0, 3.0]]).amin(1)
    tensor([1., 3.])
    """
    if axis is not ABSENT:
        dim = by_numpy_name("axis", axis, dim)
    return _extremum(
        "amin",
        amin_of,
        "min_values_cpu",
        input,
        dim,
        keepdim if keepdims is ABSENT else by_numpy_name("keepdims", keepdims, keepdim),
        out,
    )


def _aminmax(self: ndarray, dim: int | None, keepdim: bool) -> tuple[ndarray, ndarray]:
    along = None if dim is None or not self.ndim else dim % self.ndim
    return r.amin(self, along, keepdim), r.amax(self, along, keepdim)


def _aminmax_back(grad: Any, self: Any, min: Any, max: Any, dim: int | None, keepdim: bool) -> Any:
    over = None if dim is None else (dim,)
    low = None if grad[0] is None else share(grad[0], self, min, over, keepdim)
    high = None if grad[1] is None else share(grad[1], self, max, over, keepdim)
    return high if low is None else low if high is None else add(low, high)


_aminmax_of = several(
    "aminmax", _aminmax, _aminmax_back, types.aminmax, outputs=("min", "max"), differentiable=2,
    batch=lambda self, dim, keepdim: whole_or_along(_aminmax_of, self, dim, keepdim),
)  # fmt: skip


@public()
def aminmax(
    input: Tensor,
    *,
    dim: Any = None,
    keepdim: bool = False,
    out: Any = None,
    axis: Any = ABSENT,
    keepdims: Any = ABSENT,
) -> Any:
    """(min, max): the smallest and the largest element, of all or along `dim`.

    >>> import leafgrad as torch
    >>> torch.tensor([1.0, 5.0, 3.0]).aminmax().max
    tensor(5.)
    """
    x = data_of("aminmax", input)
    if axis is not ABSENT:
        dim = by_numpy_name("axis", axis, dim)
    keepdim = flag(
        "aminmax",
        keepdim if keepdims is ABSENT else by_numpy_name("keepdims", keepdims, keepdim),
        position=None,
    )
    if dim is not None:
        dim = one_dim("aminmax", dim, x.ndim, position=None)
    if not x.size and dim is None:
        raise RuntimeError(messages.EMPTY_AMINMAX)
    if not x.size and not x.shape[dim]:
        raise IndexError(messages.EMPTY_DIM_AMINMAX.format(dim=dim % x.ndim))
    if out is not None:
        for o in (out := pair_of(out)):
            check_out_dtype(o, x.dtype)
    if x.dtype.kind == "c" and not x.ndim and dim is not None:
        raise RuntimeError(messages.AMINMAX_COMPLEX.format(type=type_of(x.dtype)))
    _refuse_complex("aminmax_cpu", x)
    return _aminmax_of(input, dim, keepdim, out=out)


# --- max, min ---


def _max_all(self: ndarray) -> ndarray:
    return r.largest(self)


def _min_all(self: ndarray) -> ndarray:
    return r.smallest(self)


def _max(self: ndarray, dim: int, keepdim: bool) -> tuple[ndarray, ndarray]:
    return r.max(self, dim % (self.ndim or 1), keepdim)


def _min(self: ndarray, dim: int, keepdim: bool) -> tuple[ndarray, ndarray]:
    return r.min(self, dim % (self.ndim or 1), keepdim)


max_all = single("max", _max_all, even, node="MaxBackward1", batch=lambda self: _max_rows(of_samples(self)))
min_all = single("min", _min_all, even, node="MinBackward1", batch=lambda self: _min_rows(of_samples(self)))
max_along = several("max", _max, pick_back, types.max, node="MaxBackward0")
min_along = several("min", _min, pick_back, types.min, node="MinBackward0")
_max_rows: Any = single(
    "max",
    lambda self: r.amax(self, self.ndim - 1, False),
    even_rows,
    node="MaxBackward1",
    batch=lambda self: _max_rows(self),
)
_min_rows: Any = single(
    "min",
    lambda self: r.amin(self, self.ndim - 1, False),
    even_rows,
    node="MinBackward1",
    batch=lambda self: _min_rows(self),
)
_FORMS = (
    "Tensor input, *, Tensor out = None",
    "Tensor input, Tensor other, *, Tensor out = None",
    "Tensor input, int dim, bool keepdim = False, *, tuple of Tensors out = None",
)


def _largest(op: str, rows: tuple, input: Any, dim: Any, keepdim: Any, out: Any) -> Any:
    every, along, either = rows
    if not isinstance(input, Tensor):
        raise wrong(op, "input", 1, "Tensor", input) if dim is ABSENT else invalid(op, _FORMS)
    if isinstance(dim, Tensor):
        if keepdim is not ABSENT and is_method(entry()):
            raise wrong(op, "dim", 2, "int", dim)
        if keepdim is not ABSENT or not isinstance(out, Tensor | None):
            raise invalid(op, _FORMS)
        return either(input, dim, out=out)
    x = input._data
    if dim is ABSENT:
        if keepdim is not ABSENT or isinstance(out, tuple | list):
            raise invalid(op, _FORMS)
        if not x.size:
            raise RuntimeError(messages.EMPTY_ALL.format(op=op))
        if x.dtype.kind == "c":
            _refuse_complex(op + "_all", x)
        if isinstance(out, Tensor) and BY_NP[x.dtype].category > BY_NP[out._data.dtype].category:
            raise RuntimeError(messages.OUT_CAST.format(got=BY_NP[x.dtype], want=BY_NP[out._data.dtype]))
        return every(input, out=out)
    if type(dim) is not int or not -x.ndim <= dim < x.ndim:
        dim = one_dim(op, dim, x.ndim, _FORMS)
    if type(keepdim) is not bool:
        if keepdim is not ABSENT and not is_method(entry()):
            raise invalid(op, _FORMS)
        keepdim = False if keepdim is ABSENT else flag(op, keepdim)
    if not x.size:
        _refuse_empty(op, x, (dim % (x.ndim or 1),))
    if x.dtype.kind == "c":
        raise RuntimeError(messages.NO_COMPLEX.format(op=op))
    if out is not None:
        if isinstance(out, Tensor):
            raise invalid(op, _FORMS)
        out = pair_of(out)
        check_out_dtype(out[0], x.dtype)
        check_out_dtype(out[1], LONG)
    return along(input, dim, keepdim, out=out)


@public(name="max", signatures=_FORMS)
def max_front(
    input: Tensor, dim: Any = ABSENT, keepdim: Any = ABSENT, *, out: Any = None, other: Any = ABSENT,
    axis: Any = ABSENT,
    keepdims: Any = ABSENT,
) -> Any:  # fmt: skip
    """The largest of all elements; along `dim`, (values, indices); with a tensor `other`, the larger of each
    pair.

    Without `dim` equal elements share the gradient, along `dim` the one at `indices` (the first) gets it; NaN
    is largest.

    >>> import leafgrad as torch
    >>> torch.tensor([[1.0, 5.0], [7.0, 3.0]]).max(1)
    torch.return_types.max(
    values=tensor([5., 7.]),
    indices=tensor([1, 0]))
    """
    if other is not ABSENT:
        if not isinstance(other, Tensor) or dim is not ABSENT or axis is not ABSENT:
            raise invalid("max", _FORMS)
        dim = other
    elif axis is not ABSENT:
        dim = by_numpy_name("axis", axis, dim)
    return _largest(
        "max",
        _MAX,
        input,
        dim,
        keepdim if keepdims is ABSENT else by_numpy_name("keepdims", keepdims, keepdim),
        out,
    )


@public(name="min", signatures=_FORMS)
def min_front(
    input: Tensor, dim: Any = ABSENT, keepdim: Any = ABSENT, *, out: Any = None, other: Any = ABSENT,
    axis: Any = ABSENT,
    keepdims: Any = ABSENT,
) -> Any:  # fmt: skip
    """The smallest of all elements; along `dim`, (values, indices); with a tensor `other`, the smaller of
    each pair.

    Without `dim` equal elements share the gradient, along `dim` the one at `indices` (the first) gets it; NaN
    is smallest.

    >>> import leafgrad as torch
    >>> torch.tensor([[1.0, 5.0], [7.0, 3.0]]).min(1).indices
    tensor([0, 1])
    """
    if other is not ABSENT:
        if not isinstance(other, Tensor) or dim is not ABSENT or axis is not ABSENT:
            raise invalid("min", _FORMS)
        dim = other
    elif axis is not ABSENT:
        dim = by_numpy_name("axis", axis, dim)
    return _largest(
        "min",
        _MIN,
        input,
        dim,
        keepdim if keepdims is ABSENT else by_numpy_name("keepdims", keepdims, keepdim),
        out,
    )


_MAX: Any = (max_all, max_along, maximum.op.public)  # type: ignore[attr-defined]
_MIN: Any = (min_all, min_along, minimum.op.public)  # type: ignore[attr-defined]


# --- argmax, argmin ---


def _argmax(self: ndarray, dim: int | None, keepdim: bool) -> ndarray:
    return r.argmax(self, dim if dim is None else dim % (self.ndim or 1), keepdim)


def _argmin(self: ndarray, dim: int | None, keepdim: bool) -> ndarray:
    return r.argmin(self, dim if dim is None else dim % (self.ndim or 1), keepdim)


_argmax_of = single(
    "argmax", _argmax, batch=lambda self, dim, keepdim: whole_or_along(_argmax_of, self, dim, keepdim)
)
_argmin_of = single(
    "argmin", _argmin, batch=lambda self, dim, keepdim: whole_or_along(_argmin_of, self, dim, keepdim)
)


def _arg(op: str, row: Any, input: Any, dim: Any, keepdim: Any, out: Any) -> Tensor:
    x = data_of(op, input)
    if type(keepdim) is not bool:
        flag(op, keepdim)
    if dim is not None:
        dim = one_dim(op, dim, x.ndim)
        if not x.size and not x.shape[dim]:
            raise IndexError(messages.EMPTY_DIM.format(op=op, dim=dim % x.ndim))
    elif not x.size:
        raise IndexError(messages.EMPTY_ARG.format(op=op))
    if out is not None:
        check_out_dtype(out, LONG)
    if x.dtype.kind in "cb":
        raise RuntimeError((messages.NO_COMPLEX if x.dtype.kind == "c" else messages.NO_BOOL).format(op=op))
    return row(input, dim, keepdim, out=out)


@public()
def argmax(
    input: Tensor,
    dim: Any = None,
    keepdim: bool = False,
    *,
    out: Any = None,
    axis: Any = ABSENT,
    keepdims: Any = ABSENT,
) -> Tensor:
    """The index of the largest element (the first of equals; NaN is largest): along `dim`, or in the
    flattened tensor.

    >>> import leafgrad as torch
    >>> torch.tensor([[1.0, 5.0], [7.0, 3.0]]).argmax(1)
    tensor([1, 0])
    """
    if axis is not ABSENT:
        dim = by_numpy_name("axis", axis, dim)
    return _arg(
        "argmax",
        _argmax_of,
        input,
        dim,
        keepdim if keepdims is ABSENT else by_numpy_name("keepdims", keepdims, keepdim),
        out,
    )


@public()
def argmin(
    input: Tensor,
    dim: Any = None,
    keepdim: bool = False,
    *,
    out: Any = None,
    axis: Any = ABSENT,
    keepdims: Any = ABSENT,
) -> Tensor:
    """The index of the smallest element (the first of equals; NaN is smallest): along `dim`, or in the
    flattened tensor.

    >>> import leafgrad as torch
    >>> torch.tensor([[1.0, 5.0], [7.0, 3.0]]).argmin()
    tensor(0)
    """
    if axis is not ABSENT:
        dim = by_numpy_name("axis", axis, dim)
    return _arg(
        "argmin",
        _argmin_of,
        input,
        dim,
        keepdim if keepdims is ABSENT else by_numpy_name("keepdims", keepdims, keepdim),
        out,
    )
