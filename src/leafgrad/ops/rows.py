"""Whole rows along one dimension: index_select, index_add, index_copy, index_fill, index_reduce."""

from typing import Any

import numpy as np

from ..base import messages
from ..base.where import warn
from ..op.table import public
from ..tensor.elementwise import foreign
from ..tensor.kinds import primitive
from ..tensor.misuse import invalid, wrong
from ..tensor.numpy_names import by_numpy_name
from ..tensor.tensor import Tensor
from ..values import gather as gather_kernels
from ..values import rows as kernels
from ..values.arguments import type_name
from .arguments import integer, need_tensor, wrap_dim
from .arithmetic import conj, mul
from .copies import to_copy
from .gathering import Reduction, gather_row, scatter_add_row, scatter_reduce_row, scatter_src, scatter_value
from .outs import check_out, no_out
from .samples import vectors, wide_index
from .views import after, expand, reshape, squeeze, sum_to_size, zeros_of

ndarray = np.ndarray

# --- the rows of the table ---


def _picked(grad: Any, dim: int, index: Any, source: Any, source_dim: int) -> Any:
    """The gradient of a source whose rows went to `index`."""
    rows = select(grad, reshape(index, (-1,) if source_dim else ()), dim)
    return expand(rows, source.shape) if source_dim else reshape(rows, ())


# Note [Samples of rows]
# Where the samples share the index, it counts along the next dimension of the batch; otherwise it becomes an index of elements.


def _by_element(row: Any, self: Any, index: Any, dim: int, *rest: Any, source: Any = None) -> Any:
    """The op in terms of `gather` or a `scatter`, for samples of an index."""
    x = vectors(self)
    at = wide_index(vectors(index), dim, x._data.shape[1:])
    more = () if source is None else (reshape(source, at._data.shape),)
    out = row(x, at, *more, dim + 1 if dim >= 0 else dim, *rest)
    return out if self._data.ndim > 1 or out._data.shape[1:] != (1,) else squeeze(out, 1)


def _select_samples(self: Any, index: Any, dim: int, batched: tuple, samples: int) -> Any:
    if not batched[1]:
        out = select(vectors(self), reshape(index, (-1,)), after(dim))
        return out if self._data.ndim > 1 else squeeze(out, 1)
    if not batched[0]:
        self = expand(self, (samples, *self._data.shape))
    return _by_element(gather_row, self, index, dim, False)


def _add_samples(self: Any, index: Any, source: Any, dim: int, alpha: Any) -> Any:
    return _by_element(scatter_add_row, self, index, dim, source=source if alpha == 1 else mul(source, alpha))


select = primitive(
    "index_select", lambda self, index, /, dim: kernels.index_select(self, dim, index), linear=True,
    vjp={"self": lambda grad, self_sym_sizes, index, dim: add(zeros_of(grad, self_sym_sizes), index, grad, dim, 1, grad.ndim)},
    batch=_select_samples,
)  # fmt: skip
add = primitive(
    "index_add", lambda self, index, source, /, dim, alpha, source_dim, *, out=None: kernels.index_add(
        self, dim, index, source, alpha, out
    ),
    vjp={
        "self": lambda grad: grad,
        "source": lambda grad, index, source, dim, alpha, source_dim: mul(_picked(grad, dim, index, source, source_dim), conj(alpha)),
    },
    writes=True, linear=True, batch=_add_samples,
)  # fmt: skip
copy = primitive(
    "index_copy", lambda self, index, source, /, dim, source_dim, *, out=None: kernels.index_copy(self, dim, index, source, out),
    vjp={
        "self": lambda grad, index, dim: fill_number(grad, index, dim, 0),
        "source": lambda grad, index, source, dim, source_dim: _picked(grad, dim, index, source, source_dim),
    },
    writes=True, linear=True, batch=lambda self, index, source, dim: _by_element(scatter_src, self, index, dim, source=source),
)  # fmt: skip
fill_number = primitive(
    "index_fill", lambda self, index, /, dim, value, *, out=None: kernels.index_fill(self, dim, index, value, out),
    vjp={"self": lambda grad, index, dim: fill_number(grad, index, dim, 0)}, writes=True,
    batch=lambda self, index, dim, value: _by_element(scatter_value, self, index, dim, value),
)  # fmt: skip


def _fill_samples(self: Any, index: Any, value: Any, dim: int) -> Any:
    x = vectors(self)
    at = wide_index(vectors(index), dim, x._data.shape[1:])
    value = expand(reshape(value, (-1, *(1,) * (x._data.ndim - 1))), at._data.shape)
    return reshape(scatter_src(x, at, to_copy(value, x._data.dtype), after(dim)), self._data.shape)


fill_tensor = primitive(
    "index_fill", lambda self, index, value, /, dim, *, out=None: kernels.index_fill(self, dim, index, value, out),
    vjp={
        "self": lambda grad, index, dim: fill_number(grad, index, dim, 0),
        "value": lambda grad, index, dim: sum_to_size(grad - fill_number(grad, index, dim, 0), ()),
    },
    writes=True, linear=True, node="IndexFillBackward1", batch=_fill_samples,
)  # fmt: skip


def _broadcast_index(index: ndarray, dim: int, shape: tuple) -> ndarray:
    """A vector of rows as the index of elements that `scatter` takes."""
    if not shape:
        return index.reshape(())
    return np.broadcast_to(index.reshape((-1,) + (1,) * (len(shape) - 1 - dim % len(shape))), shape)


def _index_reduce(
    self: ndarray,
    index: ndarray,
    source: ndarray,
    /,
    dim: int,
    reduce: str,
    include_self: bool,
    *,
    out: ndarray | None = None,
) -> ndarray:
    _check_reduce(self, dim, index, source, reduce)
    at = _broadcast_index(index, dim, source.shape)
    return gather_kernels.scatter_reduce(self, dim, at, source, reduce, include_self, out)


def _check_reduce(x: ndarray, dim: int, index: ndarray, source: ndarray, reduce: str) -> None:
    def error(text: str, **words: Any) -> str:
        return text.replace("index_add_", "index_reduce_").format(**words)

    if reduce not in ("prod", "mean", "amax", "amin"):
        raise RuntimeError(messages.INDEX_REDUCE.format(reduce=reduce))
    dim = wrap_dim(dim, x.ndim)
    if index.ndim > 1:
        raise IndexError(
            error(messages.ADD_VECTOR, ndim=index.ndim, type=type_name(index), size=list(index.shape))
        )
    if index.dtype.kind != "i" or index.itemsize < 4:
        raise RuntimeError(error(messages.ADD_DTYPE, type=type_name(index)))
    if x.dtype != source.dtype:
        raise RuntimeError(error(messages.ADD_SOURCE, self=type_name(x), source=type_name(source)))
    if dim and dim >= source.ndim:
        raise RuntimeError(error(messages.ADD_DIM, dim=dim, ndim=source.ndim))
    n = source.shape[dim] if source.ndim else 1
    if index.size != n:
        raise RuntimeError(error(messages.ADD_NUMBER, n=index.size, size=n, dim=dim))
    if source.ndim != x.ndim or any(
        n != m for d, (n, m) in enumerate(zip(x.shape, source.shape, strict=True)) if d != dim
    ):
        raise RuntimeError(messages.ADD_SHAPE.format(self=list(x.shape), source=list(source.shape)))
    if x.ndim < 2 and x.dtype.kind in "bc":
        raise NotImplementedError(
            messages.NOT_IMPLEMENTED_FOR.format(kernel="index_func_", type=type_name(x))
        )
    if reduce == "mean" and x.dtype.kind == "b":
        raise NotImplementedError(messages.NOT_IMPLEMENTED_FOR.format(kernel="div_floor_cpu", type="Bool"))
    if reduce in ("amax", "amin") and x.dtype.kind == "c":
        kernel = "maximum_cpu" if reduce == "amax" else "minimum_cpu"
        raise NotImplementedError(messages.NOT_IMPLEMENTED_FOR.format(kernel=kernel, type=type_name(x)))
    if index.size and (index.min() < 0 or index.max() >= (x.shape[dim] if x.ndim else 1)):
        raise IndexError(messages.ROWS_RANGE)


def _index_reduce_rule(
    grad: Any, self: Any, index: Any, source: Any, dim: int, reduce: str, include_self: bool, result: Any
) -> tuple:
    reduction = Reduction(
        lambda x, v: add(x, index, v, dim, 1, v.ndim),
        lambda x: _picked(x, dim, index, source, source.ndim),
        lambda x: fill_number(x, index, dim, 0),
        lambda x, v: reduce_row(x, index, v, dim, "prod", include_self),
    )
    return reduction.rule(grad, self, source, result, reduce, include_self)


reduce_row = primitive(
    "index_reduce", _index_reduce, writes=True,
    batch=lambda self, index, source, dim, reduce, include_self: _by_element(
        scatter_reduce_row, self, index, dim, reduce, include_self, source=source
    ),
    vjp={
        "self": lambda grad, self, index, source, dim, reduce, include_self, result: _index_reduce_rule(
            grad, self, index, source, dim, reduce, include_self, result
        )[0],
        "source": lambda grad, self, index, source, dim, reduce, include_self, result: _index_reduce_rule(
            grad, self, index, source, dim, reduce, include_self, result
        )[1],
    },
)  # fmt: skip

# --- the public functions ---


def _check(op: str, input: Any, dim: Any, index: Any) -> int:
    need_tensor(op, input)
    if type(dim) is not int:
        dim = integer(op, dim, "dim", 2)
    if not isinstance(index, Tensor):
        raise wrong(op, "index", 3, "Tensor", index)
    return dim


def _source(op: str, source: Any) -> None:
    if not isinstance(source, Tensor):
        raise wrong(op, "source", 4, "Tensor", source)


@public()
def index_select(
    input: Tensor, dim: int, index: Tensor, *, axis: Any = None, out: Tensor | None = None
) -> Tensor:
    """The rows along `dim` that `index` (a vector of int32 or int64) names, as a new tensor.

    IndexError if there is no such row.

    >>> import leafgrad as torch
    >>> torch.arange(6).view(2, 3).index_select(1, torch.tensor([2, 0]))
    tensor([[2, 0],
            [5, 3]])
    """
    dim = dim if axis is None else by_numpy_name("axis", axis, dim)
    dim = _check("index_select", input, dim, index)
    check_out("index_select", out, input, input, index, text=messages.INDEX_SELECT_OUT)
    return select(input, index, dim, out=out)


@public(inplace=True)
def index_add(
    input: Tensor,
    dim: int,
    index: Tensor,
    source: Tensor,
    *,
    axis: Any = None,
    alpha: Any = 1,
    out: Any = None,
) -> Tensor:
    """A copy with `alpha * source` added, row by row, to the rows along `dim` that `index` names; repeated rows add up.

    >>> import leafgrad as torch
    >>> torch.zeros(3).index_add(0, torch.tensor([2, 2]), torch.ones(2))
    tensor([0., 0., 2.])
    """
    dim = dim if axis is None else by_numpy_name("axis", axis, dim)
    dim = _check("index_add", input, dim, index)
    _source("index_add", source)
    check_out("index_add", out, input)
    if foreign(alpha):
        raise wrong("index_add", "alpha", None, "Number", alpha)
    return add(input, index, source, dim, alpha, source._data.ndim, out=out)


@public(inplace=True)
def index_copy(
    input: Tensor, dim: int, index: Tensor, source: Tensor, *, axis: Any = None, out: Any = None
) -> Tensor:
    """A copy with the rows along `dim` that `index` names replaced by those of `source`.

    >>> import leafgrad as torch
    >>> torch.zeros(3).index_copy(0, torch.tensor([2, 0]), torch.tensor([5.0, 6.0]))
    tensor([6., 0., 5.])
    """
    dim = dim if axis is None else by_numpy_name("axis", axis, dim)
    dim = _check("index_copy", input, dim, index)
    _source("index_copy", source)
    check_out("index_copy", out, input)
    return copy(input, index, source, dim, source._data.ndim, out=out)


_FILL = (
    "Tensor input, int dim, Tensor index, Tensor value",
    "Tensor input, int dim, Tensor index, Number value",
)


@public(inplace=True, signatures=_FILL)
def index_fill(
    input: Tensor, dim: int, index: Tensor, value: Any, *, axis: Any = None, out: Any = None
) -> Tensor:
    """A copy with the rows along `dim` that `index` names filled with a number or a 0-dim tensor.

    >>> import leafgrad as torch
    >>> torch.zeros(3).index_fill(0, torch.tensor([0, -1]), 7)
    tensor([7., 0., 7.])
    """
    dim = dim if axis is None else by_numpy_name("axis", axis, dim)
    no_out("index_fill", out)
    if not isinstance(index, Tensor) or foreign(value):
        raise invalid("index_fill", _FILL)
    dim = _check("index_fill", input, dim, index)
    if isinstance(value, Tensor):
        return fill_tensor(input, index, value, dim, out=out)
    return fill_number(input, index, dim, value, out=out)


@public(inplace=True)
def index_reduce(
    input: Tensor,
    dim: int,
    index: Tensor,
    source: Tensor,
    reduce: str,
    *,
    include_self: bool = True,
    out: Any = None,
    axis: Any = None,
) -> Tensor:
    """A copy with the rows of `source` that go to one row along `dim` reduced to one, with what is there or without.

    reduce: "prod", "mean", "amax" or "amin".

    >>> import leafgrad as torch, warnings
    >>> warnings.simplefilter("ignore")  # it warns that it is in beta, as torch's does
    >>> torch.ones(3).index_reduce(0, torch.tensor([1, 1]), torch.tensor([2.0, 3.0]), "prod")
    tensor([1., 6., 1.])
    """
    dim = _check("index_reduce", input, dim if axis is None else by_numpy_name("axis", axis, dim), index)
    _source("index_reduce", source)
    if not isinstance(reduce, str):
        raise wrong("index_reduce", "reduce", 5, "str", reduce)
    if type(include_self) is not bool:
        raise wrong("index_reduce", "include_self", None, "bool", include_self)
    check_out("index_reduce", out, input)
    warn(messages.INDEX_REDUCE_BETA)
    return reduce_row(input, index, source, dim, reduce, include_self, out=out)
