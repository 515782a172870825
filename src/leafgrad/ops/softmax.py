"""softmax, log_softmax and softmin, as functions, methods and in nn.functional."""

from functools import reduce
from typing import Any

import numpy as np

from ..base import messages
from ..base.where import warn
from ..op.record import alike
from ..op.table import public
from ..tensor.kinds import primitive
from ..tensor.misuse import ABSENT, wrong
from ..tensor.numpy_names import by_numpy_name
from ..tensor.single import single
from ..tensor.tensor import Tensor
from ..values import softmax as s
from ..values.arguments import cast
from ..values.dtype import parse
from .arithmetic import add, mul, neg, sub
from .copies import to_copy
from .dims import check_out_dtype, data_of, one_dim, store, type_of
from .exponential import exp
from .reduce import sum_dims

ndarray = np.ndarray


def _sum(x: Any, dim: int) -> Any:
    return sum_dims(x, (dim,), True)


# --- rows ---


def _softmax_back(grad: ndarray, result: ndarray, /, dim: int) -> ndarray:
    return s.softmax_backward(grad, result, dim % (grad.ndim or 1))


def _log_softmax_back(grad: ndarray, result: ndarray, /, dim: int) -> ndarray:
    return s.log_softmax_backward(grad, result, dim % (grad.ndim or 1))


def _softmax_back_slope(g: Any, grad: Any, result: Any, dim: int) -> Any:
    return sub(mul(g, sub(grad, _sum(mul(grad, result), dim))), mul(grad, _sum(mul(g, result), dim)))


def _softmax_back_jvp(tangents: Any, grad: Any, result: Any, dim: int, output: Any) -> Any:
    g, r = tangents
    terms = []
    if g is not None:
        terms.append(softmax_back(g, result, dim))
    if r is not None:
        terms.append(
            sub(mul(r, sub(grad, _sum(mul(grad, result), dim))), mul(result, _sum(mul(grad, r), dim)))
        )
    return reduce(add, terms)


def _log_softmax_back_jvp(tangents: Any, grad: Any, result: Any, dim: int, output: Any) -> Any:
    g, r = tangents
    terms = []
    if g is not None:
        terms.append(log_softmax_back(g, result, dim))
    if r is not None:
        terms.append(neg(mul(mul(r, exp(result)), _sum(grad, dim))))
    return reduce(add, terms)


softmax_back: Any = primitive(
    "_softmax_backward_data", _softmax_back,
    vjp={
        "grad": lambda g, result, dim: softmax_back(g, result, dim),
        "result": lambda g, grad, result, dim: _softmax_back_slope(g, grad, result, dim),
    },
    jvp=_softmax_back_jvp,
    node="SoftmaxBackwardDataBackward0", outputs=("output",), batch=alike,
)  # fmt: skip
log_softmax_back = primitive(
    "_log_softmax_backward_data", _log_softmax_back,
    vjp={
        "grad": lambda g, result, dim: sub(g, _sum(mul(g, exp(result)), dim)),
        "result": lambda g, grad, result, dim: neg(mul(mul(g, exp(result)), _sum(grad, dim))),
    },
    jvp=_log_softmax_back_jvp,
    node="LogSoftmaxBackwardDataBackward0", outputs=("output",), batch=alike,
)  # fmt: skip


def _softmax(self: ndarray, dim: int, dtype: np.dtype | None = None) -> ndarray:
    x = self if dtype is None else cast(self, dtype)
    return s.softmax(x, dim % (x.ndim or 1)) if x.size else x.copy()


def _log_softmax(self: ndarray, dim: int, dtype: np.dtype | None = None) -> ndarray:
    x = self if dtype is None else cast(self, dtype)
    return s.log_softmax(x, dim % (x.ndim or 1)) if x.size else x.copy()


def _in_dtype(t: Any, result: Any) -> Any:
    return t if t._data.dtype == result._data.dtype else to_copy(t, result._data.dtype)


def _log_softmax_jvp(tangents: Any, self: Any, dim: int, dtype: Any, result: Any) -> Any:
    t = _in_dtype(tangents[0], result)
    return sub(t, _sum(mul(t, exp(result)), dim))


softmax = single(
    "softmax", _softmax, lambda grad, result, dim: softmax_back(grad, result, dim),
    jvp=lambda tangents, self, dim, dtype, result: softmax_back(_in_dtype(tangents[0], result), result, dim),
)  # fmt: skip
log_softmax = single(
    "log_softmax",
    _log_softmax,
    lambda grad, result, dim: log_softmax_back(grad, result, dim),
    jvp=_log_softmax_jvp,
)

# --- what users call ---


def _call(op: str, row: Any, input: Any, dim: Any, dtype: Any, out: Any) -> Tensor:
    x = data_of(op, input)
    if type(dim) is not int or not -x.ndim <= dim < x.ndim:
        dim = one_dim(op, dim, x.ndim)
    kind = x.dtype
    if dtype is not None:
        kind = parse(dtype, op).np
    if out is not None:
        check_out_dtype(out, kind)
    if kind.kind not in "fV" and x.size:
        place = "lastdim_" if dim % (x.ndim or 1) == x.ndim - 1 or not x.ndim else ""
        raise NotImplementedError(
            messages.NOT_IMPLEMENTED_FOR.format(kernel=f"{op}_{place}kernel_impl", type=type_of(kind))
        )
    found = row(input, dim, None if kind is x.dtype else kind)
    return found if out is None else store(out, found)


@public(name="softmax", spaces=("special",))
def softmax_front(
    input: Tensor, dim: int, dtype: Any = None, *, out: Any = None, axis: Any = ABSENT
) -> Tensor:
    """exp(input) / sum(exp(input)) along `dim`, computed in `dtype` if given.  NotImplementedError for
    integers.

    >>> import leafgrad as torch
    >>> torch.tensor([0.0, 0.0]).softmax(0)
    tensor([0.5000, 0.5000])
    """
    return _call(
        "softmax", softmax, input, dim if axis is ABSENT else by_numpy_name("axis", axis, dim), dtype, out
    )


@public(name="log_softmax", spaces=("special",))
def log_softmax_front(
    input: Tensor, dim: int, dtype: Any = None, *, out: Any = None, axis: Any = ABSENT
) -> Tensor:
    """log(softmax(input)) along `dim`, without overflow, computed in `dtype` if given.  NotImplementedError
    for integers.

    >>> import leafgrad as torch
    >>> torch.tensor([0.0, 0.0]).log_softmax(0)
    tensor([-0.6931, -0.6931])
    """
    return _call(
        "log_softmax",
        log_softmax,
        input,
        dim if axis is ABSENT else by_numpy_name("axis", axis, dim),
        dtype,
        out,
    )


def _chosen(op: str, input: Any, dim: Any, stacklevel: int) -> Any:
    """The dimension; if there is none, the one torch chose before it wanted to be told."""
    if dim is not None:
        return dim
    warn(
        messages.SOFTMAX_DIM.format(op=op), above=stacklevel - 3
    )  # 3 is torch's number for the line of the call
    return 0 if data_of(op, input).ndim in (0, 1, 3) else 1


@public(name="softmax", torch=False, method=False, spaces=("nn.functional",))
def _functional_softmax(
    input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None
) -> Tensor:
    """`torch.softmax`; without `dim` a warning, and 0 (for 0, 1 or 3 dimensions) or 1.

    >>> import leafgrad as torch
    >>> torch.nn.functional.softmax(torch.zeros(1, 2), dim=1)
    tensor([[0.5000, 0.5000]])
    """
    return _call("softmax", softmax, input, _chosen("softmax", input, dim, _stacklevel), dtype, None)


@public(name="log_softmax", torch=False, method=False, spaces=("nn.functional",))
def _functional_log_softmax(
    input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None
) -> Tensor:
    """`torch.log_softmax`; without `dim` a warning, and 0 (for 0, 1 or 3 dimensions) or 1.

    >>> import leafgrad as torch
    >>> torch.nn.functional.log_softmax(torch.zeros(1, 2), dim=1)
    tensor([[-0.6931, -0.6931]])
    """
    return _call(
        "log_softmax", log_softmax, input, _chosen("log_softmax", input, dim, _stacklevel), dtype, None
    )


@public(name="softmin", torch=False, method=False, spaces=("nn.functional",))
def softmin(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    """softmax(-input).

    >>> import leafgrad as torch
    >>> torch.nn.functional.softmin(torch.zeros(1, 2), dim=1)
    tensor([[0.5000, 0.5000]])
    """
    if not isinstance(input, Tensor):
        raise wrong("softmin", "input", 1, "Tensor", input)
    return _call("softmax", softmax, neg(input), _chosen("softmin", input, dim, _stacklevel), dtype, None)
