"""Division, with rounding or with what remains."""

from typing import Any

import numpy as np

from ..base import messages
from ..op.table import expose, public
from ..tensor.elementwise import foreign
from ..tensor.kinds import binary, elementary, unary
from ..tensor.misuse import invalid
from ..tensor.tensor import Tensor
from ..values import kernels as k
from ..values.dtype import FLOAT
from .arithmetic import conj, div, mul, neg, not_differentiable, zero

TENSOR_OR_NUMBER = (
    "Tensor input, Tensor other, *, Tensor out = None",
    "Tensor input, Number other, *, Tensor out = None",
)
NUMBER_FIRST = (TENSOR_OR_NUMBER[0], "Number self, Tensor other", TENSOR_OR_NUMBER[1])
_MODES = (
    "Tensor input, Tensor other, *, Tensor out = None",
    "Tensor input, Tensor other, *, str rounding_mode, Tensor out = None",
    "Tensor input, Number other, *, str rounding_mode",
)

reciprocal = unary(
    "reciprocal", k.reciprocal, vjp=lambda grad, result: neg(mul(grad, conj(mul(result, result)))), to=FLOAT,
    doc="""1 / input; integers give the default dtype.

    >>> import leafgrad as torch
    >>> torch.reciprocal(torch.tensor([2.0, -4.0]))
    tensor([ 0.5000, -0.2500])
    """,
)  # fmt: skip
expose(reciprocal.op.public, "reciprocal", inplace=True)

# --- div ---

_div = div.op.public


def _rounded(name: str, kernel: Any) -> Any:
    return elementary(
        "div", lambda x, y, rounding_mode, out=...: kernel(x, y, out=out), ("self", "other"),
        ("rounding_mode",),
        vjp={
            "self": lambda grad, other, rounding_mode: zero(grad),
            "other": lambda grad, self, other, rounding_mode: zero(grad),
        },
        numbers=("self", "other"), refuses={"bc": f"div_{name}_cpu"}, node="DivBackward2",
    )  # fmt: skip


_ROUNDED = {"trunc": _rounded("trunc", k.trunc_divide), "floor": _rounded("floor", k.floor_divide)}


def _divided_by(self: Tensor, other: Any) -> Any:
    if foreign(other):  # an array comes back to the tensor's 1 / x, which NumPy then multiplies
        return reciprocal.op.public(self) * other if isinstance(other, np.ndarray) else NotImplemented
    return mul.op.public(reciprocal.op.public(self), other)


@public(
    name="div", inplace=True, aliases=("divide",), signatures=_MODES,
    operator="truediv", row=div.op, reflected=_divided_by,
)  # fmt: skip
def _public_div(input: Any, other: Any, *, rounding_mode: str | None = None, out: Any = None) -> Tensor:
    """input / other, of tensors or numbers that broadcast and whose types are promoted.

    rounding_mode: None for true division (integers give the default dtype), "trunc" towards zero, "floor"
    downwards (both keep integers; RuntimeError where one divides by zero).

    >>> import leafgrad as torch
    >>> torch.div(torch.tensor([7, -7]), 2), torch.div(torch.tensor([7, -7]), 2, rounding_mode="trunc")
    (tensor([ 3.5000, -3.5000]), tensor([ 3, -3]))
    """
    if rounding_mode is None:
        return _div(input, other, out=out)
    if type(rounding_mode) is not str:
        raise invalid("div", _MODES)
    if rounding_mode not in _ROUNDED:
        raise RuntimeError(messages.ROUNDING_MODE.format(mode=rounding_mode))
    return _ROUNDED[rounding_mode](input, other, rounding_mode, out=out)


_TRUE = (_MODES[0], "Tensor input, Number other")


@public(inplace=True, signatures=_TRUE)
def true_divide(input: Any, other: Any, *, out: Any = None) -> Tensor:
    """input / other, the same as `div` without rounding.

    >>> import leafgrad as torch
    >>> torch.true_divide(torch.tensor([1, 2]), 4)
    tensor([0.2500, 0.5000])
    """
    if foreign(input) or foreign(other):
        raise invalid("true_divide", _TRUE)
    return _div(input, other, out=out)


# --- floor_divide, remainder, fmod ---

floor_divide = binary(
    "floor_divide", k.floor_divide,
    self=not_differentiable("aten::floor_divide"), other=not_differentiable("aten::floor_divide"),
    numbers=("self", "other"), refuses={"bc": "div_floor_cpu"}, node="NotImplemented",
    signatures=("Tensor input, Tensor other, *, Tensor out = None", "Tensor input, Number other"),
    doc="""input / other rounded down; integers stay integers.  Not differentiable.

    >>> import leafgrad as torch
    >>> torch.floor_divide(torch.tensor([7, -7]), 2)
    tensor([ 3, -4])
    """,
)  # fmt: skip


def _remainder_tangent(tangents: list, self: Any, other: Any, result: Any) -> Any:
    return neg(mul(tangents[1], _floor_quotient(self, other)))


_remainder = binary(
    "remainder", k.remainder,
    self=lambda grad: grad,
    other=lambda grad, self, other: neg(mul(grad, _floor_quotient(self, other))),
    refuses={"bc": "remainder_cpu"}, node="RemainderBackward1",
)  # fmt: skip
_remainder_number = unary(
    "remainder", k.remainder, vjp=lambda grad: grad, params=("other",), weigh=("other",),
    refuses={"bc": "remainder_cpu"},
)  # fmt: skip
_remainder_of_number = binary(
    "remainder", k.remainder, other=not_differentiable("aten::remainder"), jvp=_remainder_tangent,
    numbers=("self",), refuses={"bc": "remainder_cpu"}, node="NotImplemented",
)  # fmt: skip
_fmod = binary(
    "fmod", k.fmod,
    self=lambda grad: grad,
    other=lambda grad, self, other: neg(mul(grad, _trunc_quotient(self, other))),
    refuses={"bc": "fmod_cpu"}, node="FmodBackward1",
)  # fmt: skip
_fmod_number = unary(
    "fmod", k.fmod, vjp=lambda grad: grad, params=("other",), weigh=("other",), refuses={"bc": "fmod_cpu"},
)  # fmt: skip


def _floor_quotient(x: Any, y: Any) -> Any:
    return _ROUNDED["floor"](x, y, "floor")


def _trunc_quotient(x: Any, y: Any) -> Any:
    return _ROUNDED["trunc"](x, y, "trunc")


@public(inplace=True, signatures=NUMBER_FIRST, operator="mod")
def remainder(input: Any, other: Any, *, out: Any = None) -> Tensor:
    """What is left of input after division by other, with the sign of other, as Python's `%`.

    >>> import leafgrad as torch
    >>> torch.remainder(torch.tensor([7, -7]), 3)
    tensor([1, 2])
    """
    if isinstance(other, Tensor) and not foreign(input) and (out is None or isinstance(input, Tensor)):
        return (_remainder if isinstance(input, Tensor) else _remainder_of_number).op.public(
            input, other, out=out
        )
    if not isinstance(input, Tensor) or foreign(other):
        raise invalid("remainder", NUMBER_FIRST)
    return _remainder_number.op.public(input, other, out=out)


@public(inplace=True, signatures=TENSOR_OR_NUMBER)
def fmod(input: Tensor, other: Any, *, out: Any = None) -> Tensor:
    """What is left of input after division by other, with the sign of input, as C's fmod.

    >>> import leafgrad as torch
    >>> torch.fmod(torch.tensor([7, -7]), 3)
    tensor([ 1, -1])
    """
    if not isinstance(input, Tensor) or foreign(other):
        raise invalid("fmod", TENSOR_OR_NUMBER)
    return (_fmod if isinstance(other, Tensor) else _fmod_number).op.public(input, other, out=out)


expose(floor_divide.op.public, "floor_divide", inplace=True, operator="floordiv")
