"""Where a mask is true: masked_fill, masked_select, masked_scatter; nonzero, argwhere."""

from math import prod
from typing import Any

import numpy as np

from ..base import messages
from ..op.table import public
from ..tensor.elementwise import broadcast_shapes, foreign
from ..tensor.kinds import primitive
from ..tensor.misuse import invalid, wrong
from ..tensor.tensor import Tensor, wrap
from ..tensor.write import INPLACE, fill, inplace
from ..values import masked as kernels
from ..values.dtype import BY_NP
from .arguments import need_tensor
from .copies import to_copy
from .gathering import gather_row
from .indexing import index
from .join import cat
from .outs import check_alone, check_out, no_out
from .samples import aligned, refuse_samples
from .scan import cumsum
from .split import unbind
from .ternary import where
from .views import expand, reshape, sum_to_size, zeros_of

ndarray = np.ndarray

# --- the rows ---

fill_number = primitive(
    "masked_fill", lambda self, mask, /, value, *, out=None: kernels.masked_fill(self, mask, value, out), writes=True,
    vjp={"self": lambda grad, mask: fill_number(grad, mask, 0)},
    batch=lambda self, mask, value: fill_number(*_beside(self, mask), value),
)  # fmt: skip


def _beside(self: Any, mask: Any) -> tuple:
    """Samples and masks for them that broadcast."""
    ndim = max(self._data.ndim, mask._data.ndim) - 1
    return aligned(self, ndim), aligned(mask, ndim)


def _fill_samples(self: Any, mask: Any, value: Any) -> Any:
    self, mask = _beside(self, mask)
    return where(mask, to_copy(aligned(value, self._data.ndim - 1), self._data.dtype), self)


fill_tensor = primitive(
    "masked_fill", lambda self, mask, value, /, *, out=None: kernels.masked_fill(self, mask, value, out), writes=True, linear=True,
    vjp={
        "self": lambda grad, mask: fill_number(grad, mask, 0),
        "value": lambda grad, mask: sum_to_size(where(mask, grad, 0), ()),
    },
    node="MaskedFillBackward1", batch=_fill_samples,
)  # fmt: skip


def _select_rule(grad: Any, self: Any, mask: Any) -> Any:
    shape = broadcast_shapes(self.shape, mask.shape)
    return scatter(zeros_of(grad, shape), expand(mask, shape), grad)


def _select_samples(self: Any, mask: Any, batched: tuple) -> Any:
    if batched[1]:
        raise RuntimeError(messages.VMAP_MASKED_SELECT)
    shape = broadcast_shapes(self._data.shape[1:], mask._data.shape) or (1,)
    self = expand(aligned(self, len(shape)), (self._data.shape[0], *shape))
    return index(self, (None, expand(mask, shape)))


select = primitive(
    "masked_select", lambda self, mask, /: kernels.masked_select(self, mask), linear=True,
    vjp={"self": lambda grad, self, mask: _select_rule(grad, self, mask)}, batch=_select_samples,
)  # fmt: skip


def _scatter_rule(grad: Any, mask: Any, sizes: tuple) -> Any:
    """The gradients of the elements of source that were used, and zeros for the rest."""
    used = select(grad, mask)
    count = 1
    for n in sizes:
        count *= n
    return reshape(cat([used, zeros_of(used, (count - used.shape[0],))], 0), sizes)


def _scatter_samples(self: Any, mask: Any, source: Any) -> Any:
    self, mask = _beside(self, mask)
    n = self._data.shape[0]
    shape = broadcast_shapes(self._data.shape, mask._data.shape)
    flat = reshape(expand(mask, shape), (n, prod(shape[1:])))
    source = reshape(source, (n, prod(source._data.shape[1:])))
    if not source._data.shape[1]:  # every sample is as it was, or lacks elements
        source = zeros_of(source, (n, 1))
    taken = gather_row(source, (cumsum(to_copy(flat, np.dtype(np.int64)), 1, None) - 1) * flat, 1, False)
    return where(mask, reshape(taken, shape), self)


scatter = primitive(
    "masked_scatter", lambda self, mask, source, /, *, out=None: kernels.masked_scatter(self, mask, source, out), linear=True,
    vjp={
        "self": lambda grad, mask: fill_number(grad, mask, 0),
        "source": lambda grad, mask, source_sym_sizes: _scatter_rule(grad, mask, source_sym_sizes),
    },
    writes=True, batch=_scatter_samples,
)  # fmt: skip

# --- the public functions ---

_FILL = ("Tensor input, Tensor mask, Tensor value", "Tensor input, Tensor mask, Number value")


@public(torch=True, inplace=True, signatures=_FILL)
def masked_fill(input: Tensor, mask: Tensor, value: Any, *, out: Any = None) -> Tensor:
    """A copy with `value` (a number or a 0-dim tensor) where the boolean mask is true; the mask broadcasts.

    >>> import leafgrad as torch
    >>> torch.arange(3).masked_fill(torch.tensor([True, False, True]), 9)
    tensor([9, 1, 9])
    """
    no_out("masked_fill", out)
    need_tensor("masked_fill", input)
    if not isinstance(mask, Tensor) or foreign(value):
        raise invalid("masked_fill", _FILL)
    op, given = (fill_tensor, (value,)) if isinstance(value, Tensor) else (fill_number, ())
    params = () if given else (value,)
    if out is INPLACE:
        return inplace(op.op, (input, mask, *given), params, stretched=True)
    return op(input, mask, *given, *params)


@public()
def masked_select(input: Tensor, mask: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The elements where the boolean mask is true, as a vector; input and mask broadcast.

    >>> import leafgrad as torch
    >>> torch.arange(3).masked_select(torch.tensor([True, False, True]))
    tensor([0, 2])
    """
    need_tensor("masked_select", input)
    need_tensor("masked_select", mask, "mask", 1)
    check_out("masked_select", out, input, input, mask, text=messages.MASKED_SELECT_OUT)
    return select(input, mask, out=out)


@public(inplace=True)
def masked_scatter(input: Tensor, mask: Tensor, source: Tensor, *, out: Any = None) -> Tensor:
    """A copy with the elements of `source`, in order, where the boolean mask is true; the mask broadcasts.

    >>> import leafgrad as torch
    >>> torch.zeros(3).masked_scatter(torch.tensor([True, False, True]), torch.tensor([5.0, 6.0]))
    tensor([5., 0., 6.])
    """
    no_out("masked_scatter", out)
    need_tensor("masked_scatter", input)
    need_tensor("masked_scatter", mask, "mask", 1)
    need_tensor("masked_scatter", source, "source", 2)
    return scatter(input, mask, source, out=out)


# --- where it is not zero ---

_argwhere = primitive("argwhere", lambda self, /: kernels.nonzero(self))


@public()
def nonzero(input: Tensor, *, out: Tensor | None = None, as_tuple: bool = False) -> Any:
    """The indices of the elements that are not zero: one row for each, or (as_tuple) one tensor for each dimension.

    >>> import leafgrad as torch
    >>> torch.tensor([[0, 5], [6, 0]]).nonzero()
    tensor([[0, 1],
            [1, 0]])
    """
    need_tensor("nonzero", input)
    if type(as_tuple) is not bool:
        raise wrong("nonzero", "as_tuple", None, "bool", as_tuple)
    refuse_samples(messages.VMAP_NONZERO if as_tuple else messages.VMAP_DYNAMIC.format(op="nonzero"), input)
    x = input._data
    if out is not None and not isinstance(out, Tensor):
        raise wrong("nonzero", "out", None, "Tensor", out)
    if as_tuple:
        return unbind(wrap(kernels.nonzero(x if x.ndim else x.reshape(1))), 1)
    rows = kernels.nonzero(x)
    if out is None:
        return wrap(rows)
    if out._data.dtype != np.int64:
        raise RuntimeError(messages.NONZERO_OUT.format(type=BY_NP[out._data.dtype].type_name))
    check_alone(out, input)
    fill((out,), (rows,))
    return out


@public()
def argwhere(input: Tensor) -> Tensor:
    """`input.nonzero()`.

    >>> import leafgrad as torch
    >>> torch.argwhere(torch.tensor([0, 5]))
    tensor([[1]])
    """
    need_tensor("argwhere", input)
    return _argwhere(input)
