"""Element by element along one dimension: gather, scatter and its reductions; take and put by flat position.

`index` has the dimensions of the tensor; its entries replace the position along `dim`.  The kernels (values/gather.py) check
their arguments; here are the rules and the public functions.
"""

from typing import Any

import numpy as np

from ..base import messages
from ..op.table import public
from ..tensor.elementwise import foreign
from ..tensor.kinds import primitive
from ..tensor.misuse import invalid, wrong
from ..tensor.numpy_names import by_numpy_name
from ..tensor.tensor import Tensor, wrap
from ..values import gather as kernels
from ..values.arguments import type_name
from . import views
from .arguments import integer, need_tensor
from .arithmetic import conj, div, mul, not_differentiable, sub
from .comparison import eq, lt
from .division import remainder
from .outs import check_out, no_out
from .samples import along, is_sample
from .shapes import reshaped
from .views import reshape, zeros_of

ndarray = np.ndarray

# --- the rows ---


def _ones_of(like: Any, shape: tuple) -> Any:
    if isinstance(like, Tensor):
        return wrap(np.ones(shape, like._data.dtype))
    return np.ones(shape, like.dtype)


def _as(mask: Any, like: Any) -> Any:
    """A mask as numbers of the dtype of `like`."""
    if isinstance(mask, Tensor):
        return wrap(mask._data.astype(like._data.dtype))
    return mask.astype(like.dtype)


gather_row = primitive(
    "gather", lambda self, index, /, dim, sparse_grad: kernels.gather(self, dim, index), linear=True,
    vjp={"self": lambda grad, self, index, dim, sparse_grad: scatter_add_row(zeros_of(grad, self.shape), index, grad, dim)},
    batch=lambda self, index, dim: along(gather_row, (self, index), dim, False, like=1),
)  # fmt: skip


def _gathered(x: Any, dim: int, index: Any) -> Any:
    return gather_row(x, index, dim, False)


scatter_src = primitive(
    "scatter", lambda self, index, src, /, dim, *, out=None: kernels.scatter(self, dim, index, src, out=out), writes=True, linear=True,
    vjp={
        "self": lambda grad, index, dim: scatter_value(grad, index, dim, 0),
        "src": lambda grad, index, dim: _gathered(grad, dim, index),
    },
    batch=lambda self, index, src, dim: along(scatter_src, (self, index, src), dim),
)  # fmt: skip
scatter_value = primitive(
    "scatter", lambda self, index, /, dim, value, *, out=None: kernels.scatter(self, dim, index, value, out=out),
    vjp={"self": lambda grad, index, dim: scatter_value(grad, index, dim, 0)}, writes=True, node="ScatterBackward1",
    batch=lambda self, index, dim, value: along(scatter_value, (self, index), dim, value),
)  # fmt: skip
scatter_src_reduce = primitive(
    "scatter", lambda self, index, src, /, dim, reduce, *, out=None: kernels.scatter(self, dim, index, src, reduce, out),
    vjp={"self": not_differentiable("aten::scatter"), "src": not_differentiable("aten::scatter")}, writes=True, node="NotImplemented",
    batch=lambda self, index, src, dim, reduce: along(scatter_src_reduce, (self, index, src), dim, reduce),
)  # fmt: skip
scatter_value_reduce = primitive(
    "scatter", lambda self, index, /, dim, value, reduce, *, out=None: kernels.scatter(self, dim, index, value, reduce, out),
    vjp={"self": not_differentiable("aten::scatter")}, writes=True, node="NotImplemented",
    batch=lambda self, index, dim, value, reduce: along(scatter_value_reduce, (self, index), dim, value, reduce),
)  # fmt: skip
scatter_add_row = primitive(
    "scatter_add", lambda self, index, src, /, dim, *, out=None: kernels.scatter_add(self, dim, index, src, out), writes=True,
    vjp={"self": lambda grad: grad, "src": lambda grad, index, dim: _gathered(grad, dim, index)}, linear=True,
    batch=lambda self, index, src, dim: along(scatter_add_row, (self, index, src), dim),
)  # fmt: skip


# Note [Gradients of reductions with an index]
# "sum" hands the gradient on.  "mean" divides it by how many values met in a place.  "amax" and "amin" share it evenly among the
# values that are the result.  "prod" multiplies it by the product of the others, which is result / value; for a value that is the
# only zero in its place, it is the product with that zero replaced by one.


class Reduction:
    """What the rules of `scatter_reduce` and `index_reduce` need of the op: spread(x, src): src's values added to x where the index
    puts them; collect(x): x's values where it points; erase(x): zero there; product(x, src): the op with "prod"."""

    def __init__(self, spread: Any, collect: Any, erase: Any, product: Any) -> None:
        self.spread, self.collect, self.erase, self.product = spread, collect, erase, product

    def rule(self, grad: Any, x: Any, src: Any, result: Any, reduce: str, include_self: bool) -> tuple:
        """The gradients of x and src."""
        if reduce == "sum":
            grad_x, grad_src = grad, self.collect(grad)
        elif reduce == "mean":
            count = (_ones_of if include_self else zeros_of)(grad, grad.shape)
            grad_x = div(grad, _no_zeros(self.spread(count, _ones_of(grad, src.shape))))
            grad_src = self.collect(grad_x)
        elif reduce == "prod":
            grad_x, grad_src = self._product_rule(grad, x, src, result)
        else:
            mine, theirs = _as(eq(x, result), grad), _as(eq(src, self.collect(result)), grad)
            share = div(grad, _no_zeros(self.spread(mine, theirs)))
            grad_x, grad_src = mul(mine, share), mul(theirs, self.collect(share))
        return grad_x if include_self else self.erase(grad_x), grad_src

    def _product_rule(self, grad: Any, x: Any, src: Any, result: Any) -> tuple:
        others = _no_zeros(x)
        grad_x = mul(grad, conj(div(self.product(others, src), others)))
        zero = _as(eq(src, 0), grad)
        count = self.collect(self.spread(zeros_of(grad, x.shape), zero))
        alone = mul(zero, _as(eq(count, 1), grad))  # a zero that is the only one in its place
        ordinary = div(self.collect(mul(grad, conj(result))), conj(_no_zeros(src)))
        special = self.collect(mul(grad, conj(self.product(x, src + alone))))
        return grad_x, mul(ordinary, sub(1, alone)) + mul(special, alone)


def _no_zeros(x: Any) -> Any:
    """x with 1 where it is 0."""
    return x + _as(eq(x, 0), x)


def _scatter_reduce_rule(
    grad: Any, self: Any, index: Any, src: Any, dim: int, reduce: str, include_self: bool, result: Any
) -> tuple:
    reduction = Reduction(
        lambda x, v: scatter_add_row(x, index, v, dim),
        lambda x: _gathered(x, dim, index),
        lambda x: scatter_value(x, index, dim, 0),
        lambda x, v: scatter_reduce_row(x, index, v, dim, "prod", include_self),
    )
    return reduction.rule(grad, self, src, result, reduce, include_self)


scatter_reduce_row = primitive(
    "scatter_reduce",
    lambda self, index, src, /, dim, reduce, include_self, *, out=None: kernels.scatter_reduce(
        self, dim, index, src, reduce, include_self, out
    ),
    vjp={
        "self": lambda grad, self, index, src, dim, reduce, include_self, result: _scatter_reduce_rule(
            grad, self, index, src, dim, reduce, include_self, result
        )[0],
        "src": lambda grad, self, index, src, dim, reduce, include_self, result: _scatter_reduce_rule(
            grad, self, index, src, dim, reduce, include_self, result
        )[1],
    },
    writes=True,
    batch=lambda self, index, src, dim, reduce, include_self: along(
        scatter_reduce_row, (self, index, src), dim, reduce, include_self
    ),
)


def _flat(x: Any) -> Any:
    return reshape(x, (x._data.shape[0], -1)) if x._data.size else reshape(x, (x._data.shape[0], 0))


def _places(self: Any, index: Any) -> Any:
    """Positions in flattened samples, none of them negative."""
    index = _flat(index)
    return index + lt(index, 0) * _flat(self)._data.shape[1]


def _take_samples(self: Any, index: Any) -> Any:
    return reshape(gather_row(_flat(self), _places(self, index), 1, False), index._data.shape)


def _put_samples(self: Any, index: Any, source: Any, accumulate: bool) -> Any:
    row = scatter_add_row if accumulate else scatter_src
    return reshape(row(_flat(self), _places(self, index), _flat(source), 1), self._data.shape)


take_row = primitive(
    "take", lambda self, index, /: kernels.take(self, index), linear=True,
    vjp={"self": lambda grad, self, index: put_row(zeros_of(grad, self.shape), index, grad, True)},
    batch=_take_samples,
)  # fmt: skip
put_row = primitive(
    "put", lambda self, index, source, /, accumulate, *, out=None: kernels.put(self, index, source, accumulate, out), linear=True,
    vjp={
        "self": lambda grad, index, source, accumulate: grad if accumulate else put_row(grad, index, zeros_of(grad, source.shape), False),
        "source": lambda grad, index, source: reshape(take_row(grad, index), source.shape),
    },
    writes=True,
    batch=_put_samples,
)  # fmt: skip

# --- gather, scatter ---


def _check(op: str, input: Any, dim: Any, index: Any) -> int:
    need_tensor(op, input)
    if type(dim) is not int:
        dim = integer(op, dim, "dim", 2)
    if not isinstance(index, Tensor):
        raise wrong(op, "index", 3, "Tensor", index)
    return dim


@public()
def gather(
    input: Tensor,
    dim: int,
    index: Tensor,
    *,
    axis: Any = None,
    sparse_grad: bool = False,
    out: Tensor | None = None,
) -> Tensor:
    """The elements of `input` at `index` along `dim`: for dim=1, out[i][j] = input[i][index[i][j]].

    IndexError for a dimension, RuntimeError for an index, that is out of range.  sparse_grad must be False: there are no sparse tensors.

    >>> import leafgrad as torch
    >>> torch.tensor([[1, 2], [3, 4]]).gather(1, torch.tensor([[0, 0], [1, 0]]))
    tensor([[1, 1],
            [4, 3]])
    """
    dim = dim if axis is None else by_numpy_name("axis", axis, dim)
    dim = _check("gather", input, dim, index)
    check_out("gather", out, input, input, index)
    if sparse_grad:
        raise NotImplementedError(messages.NO_SPARSE_GRAD.format(argument="sparse_grad"))
    return gather_row(input, index, dim, False, out=out)


_SCATTER = (
    "Tensor input, int dim, Tensor index, Tensor src",
    "Tensor input, int dim, Tensor index, Tensor src, *, str reduce",
    "Tensor input, int dim, Tensor index, Number value",
    "Tensor input, int dim, Tensor index, Number value, *, str reduce",
)


@public(inplace=True, signatures=_SCATTER)
def scatter(
    input: Tensor,
    dim: int,
    index: Tensor,
    src: Any = None,
    *,
    value: Any = None,
    reduce: Any = None,
    out: Any = None,
    axis: Any = None,
) -> Tensor:
    """A copy with `src` (a tensor, or a number for all) written at `index` along `dim`: for dim=1, out[i][index[i][j]] = src[i][j].

    reduce: "add" or "multiply" combines with what is there (no gradient: use scatter_add or scatter_reduce).

    >>> import leafgrad as torch
    >>> torch.zeros(2, 3).scatter(1, torch.tensor([[2], [0]]), 5.0)
    tensor([[0., 0., 5.],
            [5., 0., 0.]])
    """
    given = src if value is None else value
    if (src is None) == (value is None) or not isinstance(index, Tensor):
        raise invalid("scatter", _SCATTER)
    dim = _check("scatter", input, dim if axis is None else by_numpy_name("axis", axis, dim), index)
    check_out("scatter", out, input)
    if isinstance(given, Tensor) and value is None:
        if reduce is None:
            return scatter_src(input, index, given, dim, out=out)
        return scatter_src_reduce(input, index, given, dim, reduce, out=out)
    if foreign(given) or isinstance(given, Tensor):
        raise invalid("scatter", _SCATTER)
    if reduce is None:
        return scatter_value(input, index, dim, given, out=out)
    return scatter_value_reduce(input, index, dim, given, reduce, out=out)


@public(inplace=True)
def scatter_add(
    input: Tensor, dim: int, index: Tensor, src: Tensor, *, axis: Any = None, out: Any = None
) -> Tensor:
    """A copy with `src` added at `index` along `dim`; values for one place add up.

    >>> import leafgrad as torch
    >>> torch.zeros(3).scatter_add(0, torch.tensor([2, 2]), torch.tensor([1.0, 5.0]))
    tensor([0., 0., 6.])
    """
    dim = dim if axis is None else by_numpy_name("axis", axis, dim)
    dim = _check("scatter_add", input, dim, index)
    need_tensor("scatter_add", src, "src", 3)
    check_out("scatter_add", out, input)
    return scatter_add_row(input, index, src, dim, out=out)


@public(inplace=True)
def scatter_reduce(
    input: Tensor,
    dim: int,
    index: Tensor,
    src: Tensor,
    reduce: str,
    *,
    include_self: bool = True,
    out: Any = None,
    axis: Any = None,
) -> Tensor:
    """A copy with the values of `src` that `index` puts in one place along `dim` reduced to one, with what is there or without.

    reduce: "sum", "prod", "mean", "amax" or "amin".

    >>> import leafgrad as torch
    >>> torch.ones(3).scatter_reduce(0, torch.tensor([1, 1]), torch.tensor([2.0, 6.0]), "mean")
    tensor([1., 3., 1.])
    """
    dim = _check("scatter_reduce", input, dim if axis is None else by_numpy_name("axis", axis, dim), index)
    need_tensor("scatter_reduce", src, "src", 3)
    if not isinstance(reduce, str):
        raise wrong("scatter_reduce", "reduce", 5, "str", reduce)
    if type(include_self) is not bool:
        raise wrong("scatter_reduce", "include_self", None, "bool", include_self)
    check_out("scatter_reduce", out, input)
    return scatter_reduce_row(input, index, src, dim, reduce, include_self, out=out)


# --- take, put, take_along_dim ---


@public()
def take(input: Tensor, index: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The elements at positions of the flattened tensor.

    >>> import leafgrad as torch
    >>> torch.tensor([[1, 2], [3, 4]]).take(torch.tensor([3, 0]))
    tensor([4, 1])
    """
    need_tensor("take", input)
    need_tensor("take", index, "index", 1)
    if isinstance(out, Tensor):
        names = {"self": type_name(input._data), "out": type_name(out._data)}
        check_out("take", out, input, input, index, text=messages.TAKE_OUT.format(**names))
    return take_row(input, index, out=out)


@public(inplace=True)
def put(input: Tensor, index: Tensor, source: Tensor, accumulate: bool = False, *, out: Any = None) -> Tensor:
    """A copy with `source` written (accumulate: added) at positions of the flattened tensor.

    >>> import leafgrad as torch
    >>> torch.zeros(3).put(torch.tensor([0, -1]), torch.tensor([5.0, 6.0]))
    tensor([5., 0., 6.])
    """
    no_out("put", out)
    need_tensor("put", input)
    need_tensor("put", index, "index", 1)
    need_tensor("put", source, "source", 2)
    if type(accumulate) is not bool:
        raise wrong("put", "accumulate", 4, "bool", accumulate)
    return put_row(input, index, source, accumulate, out=out)


@public()
def take_along_dim(
    input: Tensor, indices: Tensor, dim: int | None = None, *, axis: Any = None, out: Tensor | None = None
) -> Tensor:
    """`gather` with input and indices broadcast in the other dimensions, and negative indices; of the flat tensor without `dim`.

    >>> import leafgrad as torch
    >>> torch.tensor([[1, 2], [3, 4]]).take_along_dim(torch.tensor([[-1]]), 1)
    tensor([[2],
            [4]])
    """
    dim = dim if axis is None else by_numpy_name("axis", axis, dim)
    need_tensor("take_along_dim", input)
    need_tensor("take_along_dim", indices, "indices", 1)
    check_out("take_along_dim", out, input, input, indices)
    if dim is None:
        return gather_row(reshaped(input, (-1,)), reshaped(indices, (-1,)), 0, False, out=out)
    dim = integer("take_along_dim", dim, "dim", 3)
    shape, index = kernels.along_dim(input._data.shape, indices._data, dim)
    found: Any = wrap(index)
    if is_sample(indices):
        found = views.expand(remainder(indices, shape[dim] or 1), index.shape)
    return gather_row(views.expand(input, shape), found, dim, False, out=out)
