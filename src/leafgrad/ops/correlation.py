"""How samples are spread: cov, corrcoef; and counted: histc, bincount."""

from math import isfinite
from typing import Any

import numpy as np

from ..base import messages
from ..base.where import warn
from ..op.table import public
from ..tensor.batch import bottom
from ..tensor.kinds import primitive
from ..tensor.misuse import wrong
from ..tensor.single import single
from ..tensor.tensor import Tensor, wrap
from ..values.buffers import no_room
from . import views
from .arguments import integer
from .arithmetic import conj, div, mul, not_differentiable, sub
from .clamping import clamp
from .comparison import le
from .complex import complex, imag, real
from .dims import cpp_name, data_of, type_of
from .matmul import mm_of
from .powers import sqrt
from .reduce import sum_dims, sum_front
from .scaling import times
from .ternary import where

ndarray = np.ndarray

# --- cov, corrcoef ---


def _check_weights(weights: Any, name: str, kinds: str, kind: str, count: int) -> None:
    if weights is None:
        return
    if not isinstance(weights, Tensor):
        raise wrong("cov", name, None, "Tensor", weights)
    w = weights._data
    if w.ndim > 1:
        raise RuntimeError(messages.COV_WEIGHT_DIMS.format(name=name, ndim=w.ndim))
    if w.dtype.kind not in kinds:
        raise RuntimeError(messages.COV_WEIGHT_DTYPE.format(name=name, kind=kind, type=type_of(w.dtype)))
    if w.size != count:
        raise RuntimeError(messages.COV_WEIGHT_SIZE.format(name=name, got=w.size, want=count))
    if (bottom(weights)[0]._data < 0).any():
        raise RuntimeError(messages.COV_WEIGHT_NEGATIVE.format(name=name))


@public()
def cov(input: Tensor, *, correction: int = 1, fweights: Any = None, aweights: Any = None) -> Tensor:
    """The covariance matrix of variables in rows, whose observations are the columns (of a vector: its
    variance).

    correction: taken off the number of observations to divide by.  fweights: how often each observation
    counts (integers); aweights: its relative importance (floats).  RuntimeError for bools and more than two
    dimensions.

    >>> import leafgrad as torch
    >>> torch.cov(torch.tensor([[0.0, 1.0, 2.0], [2.0, 1.0, 0.0]]))
    tensor([[ 1., -1.],
            [-1.,  1.]])
    """
    x = data_of("cov", input)
    if x.ndim > 2:
        raise RuntimeError(messages.COV_DIMS.format(op="cov", ndim=x.ndim))
    if x.dtype.kind == "b":
        raise RuntimeError(messages.COV_BOOL)
    correction = integer("cov", correction, "correction", None)
    if x.ndim < 2:
        input = views.view(input, (1, x.size))
    count = input._data.shape[1]
    _check_weights(fweights, "fweights", "iu", "integral", count)
    _check_weights(aweights, "aweights", "fV", "floating point", count)
    weights = fweights if aweights is None else aweights if fweights is None else mul(fweights, aweights)
    total = wrap(np.array(count)) if weights is None else sum_front(weights)
    mean = div(sum_dims(input if weights is None else mul(input, weights), (1,), False), total)
    if aweights is not None and correction:
        divisor = sub(total, div(times(sum_front(mul(weights, aweights)), correction), total))
    else:
        divisor = sub(total, correction) if correction else total
    if (bottom(divisor)[0]._data <= 0).any():
        warn(messages.COV_FREEDOM)
        divisor = where(le(divisor, 0), 0, divisor)
    apart = sub(input, views.unsqueeze(mean, 1))
    products = mm_of(apart, conj(views.t(apart if weights is None else mul(apart, weights))))
    return views.squeeze_all(div(products, divisor))


@public()
def corrcoef(input: Tensor) -> Tensor:
    """The correlation coefficients of variables in rows, whose observations are the columns.

    >>> import leafgrad as torch
    >>> torch.corrcoef(torch.tensor([[0.0, 1.0, 2.0], [2.0, 1.0, 0.0]]))
    tensor([[ 1., -1.],
            [-1.,  1.]])
    """
    x = data_of("corrcoef", input)
    if x.ndim > 2:
        raise RuntimeError(messages.COV_DIMS.format(op="corrcoef", ndim=x.ndim))
    c = cov(input)
    if not c._data.ndim:
        return div(c, c)
    spread = sqrt(real(views.diagonal(c, 0, 0, 1)))
    n = spread._data.size
    c = div(div(c, views.view(spread, (n, 1))), views.view(spread, (1, n)))
    if c._data.dtype.kind == "c":
        return complex(clamp(real(c), -1, 1), clamp(imag(c), -1, 1))
    return clamp(c, -1, 1)


# --- histc, bincount ---


def _histc(self: ndarray, bins: int, low: float, high: float) -> ndarray:
    x = self.reshape(-1)
    if low == high and x.size:
        low, high = float(np.minimum.reduce(x)), float(np.maximum.reduce(x))
    if low == high:
        low, high = low - 1, high + 1
    if not (isfinite(low) and isfinite(high)):
        raise RuntimeError(messages.HISTC_FINITE.format(low=low, high=high))
    if low > high:
        raise RuntimeError(messages.HISTC_ORDER)
    if x.dtype.kind == "V" or x.dtype.char == "e":
        x = x.astype(np.float32)
    x = x[(x >= low) & (x <= high)]
    low, high = x.dtype.type(low), x.dtype.type(high)
    place = ((x - low) / (high - low) * x.dtype.type(bins)).astype(np.int64)
    return np.bincount(np.minimum(place, bins - 1), minlength=bins).astype(self.dtype)


_histc_of = single("histc", _histc)


@public()
def histc(input: Tensor, bins: int = 100, min: float = 0, max: float = 0, *, out: Any = None) -> Tensor:
    """How many elements lie in each of `bins` equal parts of [min, max]; if these are equal, of the range of
    the elements.

    Elements outside and NaN are not counted.  NotImplementedError for integers.

    >>> import leafgrad as torch
    >>> torch.histc(torch.tensor([1.0, 2.0, 1.0]), bins=4, min=0, max=3)
    tensor([0., 2., 1., 0.])
    """
    x = data_of("histc", input)
    bins = integer("histc", bins, "bins", 2)
    for position, (name, bound) in enumerate((("min", min), ("max", max)), 3):
        if not isinstance(bound, int | float):
            raise wrong("histc", name, position, "Number", bound)
    if bins <= 0:
        raise RuntimeError(messages.HISTC_BINS.format(bins=bins))
    if isinstance(out, Tensor) and out._data.dtype != x.dtype:
        names = {"input": cpp_name(x.dtype), "hist": cpp_name(out._data.dtype)}
        raise RuntimeError(messages.HISTC_OUT.format(**names))
    if x.dtype.kind not in "fV":
        ranged = min == max and x.size
        kernel = (
            "linspace_cpu"
            if x.dtype.kind == "b"
            else "aminmax_cpu"
            if x.dtype.kind == "c" and ranged
            else "histogram_cpu"
        )
        raise NotImplementedError(messages.NOT_IMPLEMENTED_FOR.format(kernel=kernel, type=type_of(x.dtype)))
    return _histc_of(input, bins, float(min), float(max), out=out)


def _bincount(self: ndarray, weights: ndarray | None, /, minlength: int) -> ndarray:
    try:
        found = np.bincount(self, None if weights is None else weights.astype(np.float64), minlength)
    except (MemoryError, ValueError):  # torch counts in int64, or in the dtype of the weights
        length = max(minlength, int(self.max()) + 1 if self.size else 0)
        raise no_room((length,), np.dtype(np.int64) if weights is None else weights.dtype) from None
    if weights is None:
        return found.astype(np.int64, copy=False)
    return found.astype(np.float32 if weights.dtype.char == "f" else np.float64)


_bincount_of = primitive("bincount", _bincount, vjp={"weights": not_differentiable("bincount")})


@public()
def bincount(input: Tensor, weights: Any = None, minlength: int = 0) -> Tensor:
    """How often each of the numbers 0, 1, ... occurs in a vector of non-negative integers, or the sum of its
    weights.

    >>> import leafgrad as torch
    >>> torch.bincount(torch.tensor([0, 2, 2]), minlength=4)
    tensor([1, 0, 2, 0])
    """
    x = data_of("bincount", input)
    if weights is not None and not isinstance(weights, Tensor):
        raise wrong("bincount", "weights", 2, "Tensor", weights)
    minlength = integer("bincount", minlength, "minlength", 3)
    if minlength < 0:
        raise RuntimeError(messages.BINCOUNT_LENGTH)
    if x.dtype.kind not in "iu":
        raise NotImplementedError(
            messages.NOT_IMPLEMENTED_FOR.format(kernel="bincount_cpu", type=type_of(x.dtype))
        )
    if x.ndim != 1 or (bottom(input)[0]._data < 0).any():
        raise RuntimeError(messages.BINCOUNT_INPUT)
    if weights is not None and weights._data.shape != x.shape:
        raise RuntimeError(messages.BINCOUNT_WEIGHTS)
    return _bincount_of(input, weights, minlength)
