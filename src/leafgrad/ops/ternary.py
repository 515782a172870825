"""Elementwise ops of three inputs: where, lerp, addcmul, addcdiv; and nan_to_num."""

from typing import Any

import numpy as np

from ..base import messages
from ..base.state import modes
from ..op.record import Op
from ..op.table import expose, public
from ..tensor.call import apply
from ..tensor.elementwise import broadcast, check_out, convert, foreign
from ..tensor.kinds import elementary, unary
from ..tensor.lanes import recorded
from ..tensor.misuse import invalid, wrong
from ..tensor.tensor import Tensor, wrap
from ..tensor.write import into
from ..values import kernels as k
from ..values.arguments import CPP, number, plain
from ..values.blocks import LARGE
from ..values.buffers import like
from ..values.dtype import BY_NP
from ..values.limits import finfo
from ..values.promotion import common
from ..values.reductions import total
from ..values.strides import empty_like
from .arithmetic import conj, div, mul, neg, sub
from .comparison import isfinite, ne
from .samples import refuse_samples

ndarray = np.ndarray

# --- where ---

_where = Op(
    "where", k.where, ("condition", "self", "other"),
    vjp={
        "condition": None,
        "self": lambda grad, condition: where(condition, grad, 0),
        "other": lambda grad, condition: where(condition, 0, grad),
    },
    elementwise=True, out_says=(True, messages.WHERE_OUT),
)  # fmt: skip
_WHERE = (
    "Tensor condition",
    "Tensor condition, Tensor input, Tensor other, *, Tensor out = None",
    "Tensor condition, Number self, Tensor other",
    "Tensor condition, Tensor input, Number other",
    "Tensor condition, Number self, Number other",
)


def where(condition: Any, x: Any, y: Any, out: Any = None) -> Any:
    """x where `condition` holds, else y, of arrays, tensors or numbers."""
    if (
        type(condition) is Tensor and out is None and not modes
    ):  # the common case: a tensor, and another of its dtype or a number
        a = x._data if type(x) is Tensor else x
        b = y._data if type(y) is Tensor else y
        mask = condition._data
        try:
            data = k.where(mask, a, b) if mask.size >= LARGE else np.where(mask, a, b)
        except ValueError:  # shapes that do not broadcast: said below
            data = mask
        if (
            (a is x or a.dtype is data.dtype)
            and (b is y or b.dtype is data.dtype)
            and not (a is x and b is y)
        ):
            return recorded(_where, (condition, x, y), (), wrap(data))
    tensors = isinstance(condition, Tensor) or isinstance(x, Tensor) or isinstance(y, Tensor)
    values = [v._data if isinstance(v, Tensor) else v for v in (condition, x, y)]
    dtype = common(*values[1:])
    values[1:] = [convert(v, dtype) for v in values[1:]]
    if type(values[1]) is not ndarray and type(values[2]) is not ndarray:
        values[1] = np.asarray(values[1], dtype)
    if not tensors:
        return k.where(*values)
    shape = broadcast(values)
    if out is None:
        return apply(_where, (condition, x, y), (), values)
    check_out(_where, out, dtype, shape, False)
    return into(out, _where, (condition, x, y), (), values)


_where.public = where


@public(name="where", method=False, signatures=_WHERE)
def _public_where(condition: Tensor, input: Any = None, other: Any = None, *, out: Any = None) -> Any:
    """input where `condition` holds, else other, broadcast and promoted; `where(condition)` are the indices
    where it holds.

    RuntimeError unless `condition` is boolean.

    >>> import leafgrad as torch
    >>> x = torch.tensor([-1.0, 2.0])
    >>> torch.where(x > 0, x, 0.0)
    tensor([0., 2.])
    """
    if not isinstance(condition, Tensor) or (input is None) != (other is None):
        raise invalid("where", _WHERE)
    if input is None:
        refuse_samples(messages.VMAP_DYNAMIC.format(op="where"), condition)
        return condition.nonzero(as_tuple=True)
    if foreign(input) or foreign(other):
        raise invalid("where", _WHERE)
    if out is not None:
        for position, (name, value) in enumerate((("input", input), ("other", other)), 2):
            if not isinstance(value, Tensor):
                raise wrong("where", name, position, "Tensor", value)
    if condition._data.dtype.kind != "b":
        if condition._data.dtype != np.uint8:
            raise RuntimeError(messages.WHERE_CONDITION.format(type=BY_NP[condition._data.dtype].type_name))
        condition = ne(condition, 0)
    return where(condition, input, other, out)


def _where_method(self: Tensor, condition: Tensor, other: Any) -> Tensor:
    """self where `condition` holds, else other.

    >>> import leafgrad as torch
    >>> x = torch.tensor([-1.0, 2.0])
    >>> x.where(x > 0, 0.0)
    tensor([0., 2.])
    """
    if not isinstance(condition, Tensor) or foreign(other):
        raise invalid("where", ("Tensor condition, Tensor other", "Tensor condition, Number other"))
    return _public_where(condition, self, other)


expose(_where_method, "where", torch=False)

# --- lerp ---

_lerp_number = elementary(
    "lerp", k.lerp, ("self", "end"), ("weight",),
    vjp={
        "self": lambda grad, weight: mul(grad, 1 - conj(weight)),
        "end": lambda grad, weight: mul(grad, conj(weight)),
    },
    linear=True, refuses={"biu": "lerp_kernel_scalar"},
)  # fmt: skip
_lerp = elementary(
    "lerp", k.lerp, ("self", "end", "weight"),
    vjp={
        "self": lambda grad, weight: mul(grad, sub(1, conj(weight))),
        "end": lambda grad, weight: mul(grad, conj(weight)),
        "weight": lambda grad, self, end: mul(grad, conj(sub(end, self))),
    },
    refuses={"biu": "lerp_kernel_tensor"}, node="LerpBackward1",
)  # fmt: skip
_LERP = (
    "Tensor input, Tensor end, Tensor weight, *, Tensor out = None",
    "Tensor input, Tensor end, Number weight, *, Tensor out = None",
)


def _same_dtype(input: Tensor, other: Tensor, name: str) -> None:
    a, b = input._data.dtype, other._data.dtype
    if a is not b:
        raise RuntimeError(
            messages.EXPECTED_DTYPE.format(want=CPP[BY_NP[a].name], name=name, got=CPP[BY_NP[b].name])
        )


@public(inplace=True, signatures=_LERP)
def lerp(input: Tensor, end: Tensor, weight: Any, *, out: Any = None) -> Tensor:
    """input + weight * (end - input): from input (weight 0) to end (weight 1).  RuntimeError unless the
    dtypes are equal.

    >>> import leafgrad as torch
    >>> torch.lerp(torch.tensor([0.0, 10.0]), torch.tensor([1.0, 20.0]), 0.5)
    tensor([ 0.5000, 15.0000])
    """
    if not isinstance(input, Tensor) or not isinstance(end, Tensor) or foreign(weight):
        raise invalid("lerp", _LERP)
    if isinstance(weight, Tensor):
        _same_dtype(input, end, "end")
        _same_dtype(input, weight, "weight")
        return _lerp(input, end, weight, out=out)
    _same_dtype(input, end, "end")
    return _lerp_number(input, end, weight, out=out)


# --- addcmul, addcdiv ---

_addcmul = elementary(
    "addcmul", k.addcmul, ("self", "tensor1", "tensor2"), ("value",),
    vjp={
        "self": lambda grad: grad,
        "tensor1": lambda grad, tensor2, value: mul(grad, conj(mul(tensor2, value))),
        "tensor2": lambda grad, tensor1, value: mul(grad, conj(mul(tensor1, value))),
    },
    refuses={"b": "addcmul_cpu_out"},
)  # fmt: skip
_addcdiv = elementary(
    "addcdiv", k.addcdiv, ("self", "tensor1", "tensor2"), ("value",),
    vjp={
        "self": lambda grad: grad,
        "tensor1": lambda grad, tensor2, value: mul(grad, conj(div(value, tensor2))),
        "tensor2": lambda grad, tensor1, tensor2, value: neg(
            mul(grad, conj(div(div(mul(tensor1, value), tensor2), tensor2)))
        ),
    },
)  # fmt: skip


def _value(op: str, value: Any) -> Any:
    """The factor as a number; TypeError if it is none, OverflowError for an integer of more than 64 bits."""
    if isinstance(value, Tensor) and value._data.size == 1:
        value = value.item()
    elif type(value) is not int and type(value) is not float:
        value = int(value) if isinstance(value, np.bool) else plain(value)
        if not isinstance(value, int | float | complex):
            raise wrong(op, "value", None, "Number", value)
    if type(value) is int and not -(2**63) <= value < 2**64:
        raise OverflowError(messages.INT_TOO_BIG)
    return value


def _held(value: Any, *tensors: Any) -> Any:
    """The factor as the dtype in which these tensors are computed takes it; RuntimeError if that cannot hold it."""
    if (type(value) is int and value == 1) or not all(isinstance(t, Tensor) for t in tensors):
        return value
    dtype = common(*[t._data for t in tensors])
    if dtype.kind == "b":
        return value
    held = number(value, np.dtype(np.float32) if dtype.itemsize == 2 and dtype.kind in "fV" else dtype)
    return held.item() if dtype.kind in "iu" else value.real if dtype.kind != "c" else value


_ADDC = ("Tensor input, Tensor tensor1, Tensor tensor2, *, Number value = 1, Tensor out = None",)


@public(inplace=True, signatures=_ADDC)
def addcmul(input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: Any = 1, out: Any = None) -> Tensor:
    """input + value * tensor1 * tensor2.

    >>> import leafgrad as torch
    >>> torch.addcmul(torch.tensor([1.0]), torch.tensor([2.0]), torch.tensor([3.0]), value=10)
    tensor([61.])
    """
    return _addcmul(
        input, tensor1, tensor2, _held(_value("addcmul", value), input, tensor1, tensor2), out=out
    )


@public(inplace=True, signatures=_ADDC)
def addcdiv(input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: Any = 1, out: Any = None) -> Tensor:
    """input + value * tensor1 / tensor2; RuntimeError if tensor1 and tensor2 are both integers.

    >>> import leafgrad as torch
    >>> torch.addcdiv(torch.tensor([1.0]), torch.tensor([2.0]), torch.tensor([4.0]), value=10)
    tensor([6.])
    """
    value = _value("addcdiv", value)
    if all(isinstance(t, Tensor) and t._data.dtype.kind in "iub" for t in (tensor1, tensor2)):
        raise RuntimeError(messages.ADDCDIV_INTEGERS)
    return _addcdiv(input, tensor1, tensor2, _held(value, input, tensor1, tensor2), out=out)


# --- nan_to_num ---


def _replaced(x: ndarray, nan: Any, posinf: Any, neginf: Any, out: Any = ...) -> ndarray:
    if out is ...:
        out = like(x) if x.flags.c_contiguous else empty_like(x)
    if x.dtype.kind == "c":
        _replaced(x.real, nan, posinf, neginf, out.real)
        _replaced(x.imag, nan, posinf, neginf, out.imag)
        return out
    if out is not x:
        np.copyto(out, x)
    if x.dtype.kind in "fV" and not (x.size >= LARGE and np.isfinite(total(x))):
        most = finfo(BY_NP[x.dtype])
        marks = np.isnan(x), np.equal(x, np.inf), np.equal(x, -np.inf)
        fills = (
            0 if nan is None else nan,
            most.max if posinf is None else posinf,
            most.min if neginf is None else neginf,
        )
        for mark, fill in zip(marks, fills, strict=True):
            np.copyto(out, x.dtype.type(fill), where=mark)
    return out


_nan_to_num = unary(
    "nan_to_num", _replaced, vjp=lambda grad, self: where(isfinite(self), grad, 0),
    params=("nan", "posinf", "neginf"),
    out_says=(True, messages.NAN_TO_NUM_OUT),
)  # fmt: skip


@public(inplace=True)
def nan_to_num(
    input: Tensor,
    nan: float | None = None,
    posinf: float | None = None,
    neginf: float | None = None,
    *,
    out: Any = None,
) -> Tensor:
    """Replace NaN by `nan` (0), inf by `posinf` and -inf by `neginf` (the greatest and least finite numbers
    of the dtype).

    >>> import leafgrad as torch
    >>> torch.nan_to_num(torch.tensor([float("nan"), float("inf"), 1.0]), posinf=9.0)
    tensor([0., 9., 1.])
    """
    for position, (name, value) in enumerate((("nan", nan), ("posinf", posinf), ("neginf", neginf)), 2):
        if value is not None and not isinstance(value, int | float | np.number):
            raise wrong("nan_to_num", name, position, "float", value)
    return _nan_to_num.op.public(input, nan, posinf, neginf, out=out)
