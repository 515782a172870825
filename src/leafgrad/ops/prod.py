"""prod and cumprod: products over and along dimensions, with derivatives that are right where factors are
zero.

Without zeros the derivative by a factor is the product divided by it.  With zeros it is the product of the
other factors, and its own derivative the products of all but two, and so on: `others` and `_without_each`
give these at every order.  So it is done inside transforms, as in torch, because at higher orders the rounding of the
quotients is all that is left where derivatives vanish.
"""

from typing import Any

import numpy as np

from ..base.state import state
from ..op.table import public
from ..tensor.kinds import fused
from ..tensor.misuse import ABSENT, invalid
from ..tensor.numpy_names import by_numpy_name
from ..tensor.single import single
from ..tensor.tensor import Tensor
from ..values import reductions as r
from ..values import scans
from ..values.arguments import cast
from .arithmetic import conj, div, mul
from .dims import (
    Dims,
    axes,
    beside,
    check_out_dtype,
    data_of,
    flag,
    holds_zero,
    one_dim,
    reduced,
    restore,
    wanted,
)
from .reduce import LONG, of_samples, sum_dims
from .scan import backwards, scanned
from .ternary import where
from .views import reshape, transpose, unsqueeze

ndarray = np.ndarray
PAIRED = 512  # factors; with more, the products of all but two would take too much memory

# --- products of all others ---


def _without_each(x: Any) -> Any:
    """x of shape (..., n) as (..., n, n), where row i has 1 in place of the i-th element."""
    return where(beside(np.eye(x.shape[-1], dtype=bool), x), 1, unsqueeze(x, -2))


def _others_back(grad: Any, self: Any) -> Any:
    pairs = others(_without_each(self))
    apart = beside(~np.eye(self.shape[-1], dtype=bool), grad)
    return sum_dims(mul(mul(conj(pairs), apart), unsqueeze(grad, -1)), (-2,), False, None)


others = single(
    "_others",
    lambda self: scans.others(self),
    lambda grad, self: _others_back(grad, self),
    batch=lambda self: others(self),
)


def _prod_back(grad: Any, self: Any, result: Any, dim: Dims, keepdim: bool) -> Any:
    """The gradient of a product over one dimension, or over all."""
    sizes = self.shape
    if not sizes:
        return grad
    grad = restore(grad, dim, keepdim, sizes)
    exact = state.transforms and reduced(dim or (), sizes) <= PAIRED
    if not exact and not holds_zero(result) and not holds_zero(self):
        return mul(grad, conj(div(restore(result, dim, keepdim, sizes), self)))
    if dim is None:
        return mul(grad, conj(reshape(others(reshape(self, (-1,))), sizes)))
    return mul(grad, conj(transpose(others(transpose(self, dim[0], -1)), dim[0], -1)))


def _prod_all(self: ndarray, dtype: np.dtype | None) -> ndarray:
    return r.prod(cast(self, dtype))


def _prod(self: ndarray, dim: int, keepdim: bool, dtype: np.dtype | None) -> ndarray:
    return r.prod(cast(self, dtype), axes((dim,), self.ndim), keepdim)


prod_all = single(
    "prod", _prod_all, lambda grad, self, result: _prod_back(grad, self, result, None, False),
    batch=lambda self, dtype: prod_dim(of_samples(self), 1, False, dtype),
)  # fmt: skip
prod_dim = single(
    "prod",
    _prod,
    lambda grad, self, result, dim, keepdim: _prod_back(grad, self, result, (dim,), keepdim),
    node="ProdBackward1",
)
_FORMS = (
    "Tensor input, *, torch.dtype dtype = None",
    "Tensor input, int dim, bool keepdim = False, *, torch.dtype dtype = None, Tensor out = None",
)


@public(signatures=_FORMS)
def prod(
    input: Tensor, dim: Any = ABSENT, keepdim: bool = False, *, dtype: Any = None, out: Any = None,
    axis: Any = ABSENT,
    keepdims: Any = ABSENT,
) -> Tensor:  # fmt: skip
    """The product of all elements, or along `dim`; int64 for integers and bools, or in `dtype`.

    >>> import leafgrad as torch
    >>> torch.tensor([[1.0, 2.0], [3.0, 4.0]]).prod(1)
    tensor([ 2., 12.])
    """
    x = data_of("prod", input)
    if axis is not ABSENT:
        dim = by_numpy_name("axis", axis, dim)
    if keepdims is not ABSENT:
        keepdim = by_numpy_name("keepdims", keepdims, keepdim)
    kind = wanted("prod", input, dtype, _FORMS if dim is ABSENT else ())
    if dim is ABSENT:
        if out is not None or keepdim is not False:
            raise invalid("prod", _FORMS)
        return prod_all(input, LONG if kind is None and x.dtype.kind in "iub" else kind)
    dim = one_dim("prod", dim, x.ndim, _FORMS)
    flag("prod", keepdim)
    if kind is None:
        kind = out._data.dtype if isinstance(out, Tensor) else LONG if x.dtype.kind in "iub" else None
    else:
        check_out_dtype(out, kind)
    return prod_dim(input, dim, keepdim, kind, out=out)


# --- cumprod ---


def _cumprod_formula(grad: Any, self: Any, result: Any, dim: int) -> Any:
    if not holds_zero(self):
        return div(backwards(mul(grad, conj(result)), dim), conj(self))
    n = self.shape[dim]
    products = cumprod(_without_each(transpose(self, dim, -1)), -1, None)
    later = beside(np.triu(np.ones((n, n), bool)), grad)
    terms = mul(mul(conj(products), later), unsqueeze(transpose(grad, dim, -1), -2))
    return transpose(sum_dims(terms, (-1,), False, None), dim, -1)


def _cumprod_kernel(grad: ndarray, self: ndarray, result: ndarray, dim: int) -> ndarray:
    return scans.cumprod_backward(grad, self.astype(grad.dtype, copy=False), result, dim % (grad.ndim or 1))


_cumprod_steps = fused(_cumprod_kernel, _cumprod_formula)


def _cumprod_back(grad: Any, self: Any, result: Any, dim: int) -> Any:
    return grad if not self.shape or self.shape[dim] == 1 else _cumprod_steps(grad, self, result, dim)


def _cumprod(self: ndarray, dim: int, dtype: np.dtype | None = None) -> ndarray:
    return scans.cumprod(cast(self, dtype), dim % (self.ndim or 1))


cumprod = single("cumprod", _cumprod, lambda grad, self, result, dim: _cumprod_back(grad, self, result, dim))


@public(name="cumprod", inplace=True)
def cumprod_front(
    input: Tensor, dim: int, *, dtype: Any = None, out: Any = None, axis: Any = ABSENT
) -> Tensor:
    """Running products along `dim`; int64 for integers and bools, or in `dtype`.

    >>> import leafgrad as torch
    >>> torch.tensor([1, 2, 3]).cumprod(0)
    tensor([1, 2, 6])
    """
    return scanned(
        "cumprod", cumprod, input, dim if axis is ABSENT else by_numpy_name("axis", axis, dim), dtype, out
    )
