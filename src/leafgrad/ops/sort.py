"""Sorting: sort, argsort, msort, topk, kthvalue."""

from operator import index
from typing import Any

import numpy as np

from ..base import messages
from ..op.table import public
from ..tensor.misuse import ABSENT, invalid, wrong
from ..tensor.numpy_names import by_numpy_name
from ..tensor.single import several, single
from ..tensor.tensor import Tensor, wrap
from ..values import places, sorting
from ..values import return_types as types
from .dims import check_out_dtype, data_of, flag, one_dim, pair_of, type_of
from .picking import pick_back

ndarray = np.ndarray
LONG = np.dtype(np.int64)
_SORT = (
    "Tensor input, *, bool stable, int dim = -1, bool descending = False, tuple of Tensors out = None",
    "Tensor input, int dim = -1, bool descending = False, *, tuple of Tensors out = None",
)
_ARGSORT = (
    "Tensor input, *, bool stable, int dim = -1, bool descending = False, Tensor out = None",
    "Tensor input, int dim = -1, bool descending = False",
)


def _kept_back(grad: Any, indices: Any, dim: int, self_sym_sizes: tuple) -> Any:
    return pick_back(grad, indices, dim, True, self_sym_sizes)


def _sort(self: ndarray, dim: int, descending: bool) -> tuple[ndarray, ndarray]:
    return sorting.sort(self, dim % (self.ndim or 1), descending)


def _topk(self: ndarray, dim: int, k: int, largest: bool) -> tuple[ndarray, ndarray]:
    return sorting.topk(self, k, dim % (self.ndim or 1), largest)


def _kthvalue(self: ndarray, dim: int, keepdim: bool, k: int) -> tuple[ndarray, ndarray]:
    dim %= self.ndim or 1
    return found_at(self, sorting.kth(self, k - 1, dim), dim, keepdim)


def found_at(x: ndarray, indices: ndarray, dim: int, keepdim: bool) -> tuple[ndarray, ndarray]:
    """(elements at the indices, indices), from indices whose `dim` has length 1."""
    values = places.pick(x, indices, dim)
    if keepdim or not x.ndim:
        return values, indices
    shape = (*x.shape[:dim], *x.shape[dim + 1 :])
    return values.reshape(shape), indices.reshape(shape)


sort = several("sort", _sort, _kept_back, types.sort)
sort_stable = several("sort", _sort, _kept_back, types.sort, node="SortBackward1")
topk = several("topk", _topk, _kept_back, types.topk)
kthvalue = several("kthvalue", _kthvalue, pick_back, types.kthvalue)
_argsort = single(
    "argsort", lambda self, dim, descending: sorting.order(self, dim % (self.ndim or 1), descending)
)


def refuse_complex(op: str, x: ndarray) -> None:
    """RuntimeError for complex numbers, which have no order."""
    if x.dtype.kind == "c":
        raise RuntimeError(messages.SORT_COMPLEX.format(op=op))


def _pair(out: Any, dtype: np.dtype) -> Any:
    if out is None:
        return None
    out = pair_of(out)
    check_out_dtype(out[0], dtype)
    check_out_dtype(out[1], LONG)
    return out


def _sorting(op: str, input: Any, dim: Any, descending: Any, stable: Any, signatures: tuple) -> int:
    x = data_of(op, input)
    if type(descending) is not bool or not (stable is ABSENT or stable is None or type(stable) is bool):
        raise invalid(op, signatures)
    dim = one_dim(op, dim, x.ndim, signatures)
    refuse_complex("Sort", x)
    return dim


@public(name="sort", signatures=_SORT)
def sort_front(
    input: Tensor,
    dim: int = -1,
    descending: bool = False,
    *,
    stable: Any = ABSENT,
    out: Any = None,
    axis: Any = ABSENT,
) -> Any:
    """(values, indices): the elements in order along `dim`, equal ones in the order they had; NaN is largest.

    RuntimeError for complex tensors.

    >>> import leafgrad as torch
    >>> torch.tensor([3, 1, 2]).sort()
    torch.return_types.sort(
    values=tensor([1, 2, 3]),
    indices=tensor([1, 2, 0]))
    """
    dim = _sorting(
        "sort", input, dim if axis is ABSENT else by_numpy_name("axis", axis, dim), descending, stable, _SORT
    )
    row = sort if stable is ABSENT else sort_stable
    return row(input, dim, descending, out=_pair(out, input._data.dtype))


@public(signatures=_ARGSORT)
def argsort(
    input: Tensor,
    dim: int = -1,
    descending: bool = False,
    *,
    stable: Any = ABSENT,
    out: Any = None,
    axis: Any = ABSENT,
) -> Tensor:
    """The indices that sort the tensor along `dim`; equal elements keep their order.  RuntimeError for
    complex tensors.

    >>> import leafgrad as torch
    >>> torch.tensor([3, 1, 2]).argsort(descending=True)
    tensor([0, 2, 1])
    """
    if stable is not ABSENT and type(stable) is not bool:
        raise invalid("argsort", _ARGSORT)
    dim = _sorting(
        "argsort",
        input,
        dim if axis is ABSENT else by_numpy_name("axis", axis, dim),
        descending,
        stable,
        _ARGSORT,
    )
    check_out_dtype(out, LONG)
    return _argsort(input, dim, descending, out=out)


@public()
def msort(input: Tensor, *, out: Any = None) -> Tensor:
    """The elements in order along the first dimension.

    >>> import leafgrad as torch
    >>> torch.tensor([[3, 1], [2, 4]]).msort()
    tensor([[2, 1],
            [3, 4]])
    """
    x = data_of("msort", input)
    refuse_complex("Sort", x)
    if out is None:
        return sort(input, 0, False)[0]
    check_out_dtype(out, x.dtype)
    return sort(input, 0, False, out=(out, wrap(np.empty(x.shape, LONG))))[0]


@public(name="topk")
def topk_front(
    input: Tensor,
    k: int,
    dim: int = -1,
    largest: bool = True,
    sorted: bool = True,
    *,
    out: Any = None,
    axis: Any = ABSENT,
) -> Any:
    """(values, indices): the k largest (or smallest) elements along `dim`, in order; NaN is largest.

    RuntimeError if there are fewer than k.  With sorted=False torch promises no order; here they come in
    order all the same.

    >>> import leafgrad as torch
    >>> torch.tensor([3, 1, 2]).topk(2).values
    tensor([3, 2])
    """
    x = data_of("topk", input)
    k = _count("topk", k)
    dim = one_dim("topk", dim if axis is ABSENT else by_numpy_name("axis", axis, dim), x.ndim, position=3)
    flag("topk", largest, "largest", 4)
    flag("topk", sorted, "sorted", 5)
    if not 0 <= k <= (x.shape[dim] if x.ndim else 1):
        raise RuntimeError(messages.TOPK_RANGE)
    if x.dtype.kind == "b":
        raise RuntimeError(messages.TOPK_BOOL)
    refuse_complex("topk", x)
    return topk(input, dim, k, largest, out=_pair(out, x.dtype))


def _count(op: str, k: Any) -> int:
    if type(k) is not int:
        if isinstance(k, bool | np.bool) or not hasattr(k, "__index__"):
            raise wrong(op, "k", 2, "int", k)
        k = index(k)
    return k


@public(name="kthvalue")
def kthvalue_front(
    input: Tensor,
    k: int,
    dim: int = -1,
    keepdim: bool = False,
    *,
    out: Any = None,
    axis: Any = ABSENT,
    keepdims: Any = ABSENT,
) -> Any:
    """(values, indices): the k-th smallest element along `dim`, counted from 1; NaN is largest.

    RuntimeError if there is none such.  Which of several equal elements is named is not specified, as in
    torch.

    >>> import leafgrad as torch
    >>> torch.tensor([3, 1, 2]).kthvalue(2).values
    tensor(2)
    """
    x = data_of("kthvalue", input)
    k = _count("kthvalue", k)
    dim = one_dim("kthvalue", dim if axis is ABSENT else by_numpy_name("axis", axis, dim), x.ndim, position=3)
    keepdim = flag(
        "kthvalue",
        keepdim if keepdims is ABSENT else by_numpy_name("keepdims", keepdims, keepdim),
        position=4,
    )
    n = x.shape[dim] if x.ndim else 1
    if not n:
        raise IndexError(messages.EMPTY_DIM.format(op="kthvalue", dim=dim % x.ndim))
    if not 1 <= k <= n:
        raise RuntimeError(messages.KTH_RANGE.format(dim=dim % (x.ndim or 1)))
    if out is not None:
        out = pair_of(out)
        if out[0]._data.dtype != x.dtype:
            raise RuntimeError(messages.KTH_OUT_VALUES)
        if out[1]._data.dtype != LONG:
            raise RuntimeError(messages.KTH_OUT_INDICES)
        if np.may_share_memory(x, out[0]._data):
            raise RuntimeError(messages.MEMORY_SHARED)
    if x.dtype.kind in "bc":
        raise NotImplementedError(
            messages.NOT_IMPLEMENTED_FOR.format(kernel="kthvalue_cpu", type=type_of(x.dtype))
        )
    return kthvalue(input, dim, keepdim, k, out=out)
