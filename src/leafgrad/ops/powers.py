"""Powers and roots."""

from cmath import log as complex_log
from math import inf, nan
from math import log as real_log
from typing import Any

import numpy as np

from ..base import messages
from ..op.table import expose, public
from ..tensor.elementwise import foreign
from ..tensor.kinds import binary, unary
from ..tensor.misuse import invalid
from ..tensor.tensor import Tensor
from ..tensor.write import INPLACE
from ..values import kernels as k
from ..values.arguments import plain
from ..values.dtype import BY_NP, FLOAT, complex128, float64
from .arithmetic import conj, div, is_complex, mul, sub, zero
from .comparison import eq, ge
from .complex import imag, real
from .exponential import log
from .ternary import where

ndarray = np.ndarray
_POW = (
    "Tensor input, Tensor exponent, *, Tensor out = None",
    "Number self, Tensor exponent, *, Tensor out = None",
    "Tensor input, Number exponent, *, Tensor out = None",
)

# --- pow ---


def _slope(grad: Any, self: Any, exponent: Any) -> Any:
    """grad * exponent * self**(exponent - 1), for a number `exponent`; 0 everywhere if that is 0."""
    if exponent == 0:
        return zero(grad)
    return mul(grad, conj(mul(power(self, exponent - 1), exponent)))


def _slopes(grad: Any, self: Any, exponent: Any) -> Any:
    slope = mul(exponent, pow(self, sub(exponent, 1)))
    return where(eq(exponent, 0), 0, mul(grad, conj(slope)))


def _exponent_slope(grad: Any, self: Any, exponent: Any, result: Any) -> Any:
    """grad * result * log(self); 0 where self is 0 and the exponent is not negative, as the power is 0 (or 1)
    there.
    """
    if is_complex(exponent):
        flat = mul(eq(self, 0), mul(eq(imag(exponent), 0), ge(real(exponent), 0)))
        if not is_complex(self):
            self = mul(self, 1 + 0j)
    else:
        flat = mul(eq(self, 0), ge(exponent, 0))
    return mul(grad, conj(where(flat, 0, mul(result, log(self)))))


def _exponent_slope_of_number(grad: Any, self: Any, exponent: Any, result: Any) -> Any:
    if self == 0:
        if is_complex(exponent):
            flat = mul(eq(imag(exponent), 0), ge(real(exponent), 0))
        else:
            flat = ge(exponent, 0)
        return where(flat, zero(grad), mul(grad, conj(mul(result, -inf))))
    return mul(grad, conj(mul(result, _log(self, is_complex(exponent)))))


def _log(x: Any, as_complex: bool) -> Any:
    if as_complex or type(x) is complex:
        return complex_log(x)
    return real_log(x) if x > 0 else nan


def _to_number(x: Any, exponent: Any, out: Any = ...) -> np.ndarray:
    if x.dtype.kind == "b":  # both are: False is 0
        return k.logical_or(x, np.asarray(not exponent), out=out)
    return k.pow(x, exponent, out=out)


def _refuse_exponent(values: list, dtype: np.dtype) -> Exception | None:
    """Integers to a negative power, or to one that is no number of their dtype."""
    exponent = values[1]
    if dtype.kind not in "iu" or type(exponent) is not int:
        return None
    if exponent < 0:
        return RuntimeError(messages.NEGATIVE_INTEGER_POWER)
    if np.iinfo(dtype).max < exponent < 2**64:
        name = "int" if dtype == np.int32 else dtype.name + "_t"
        return RuntimeError(messages.OVERFLOW.format(type=name))
    return None


power = unary(
    "pow", _to_number, vjp=_slope, params=("exponent",), weigh=("exponent",), refuses=_refuse_exponent,
    signatures=_POW,
)  # fmt: skip
_tensor_power = binary(
    "pow", k.pow, self=lambda grad, self, exponent: _slopes(grad, self, exponent),
    other=lambda grad, self, exponent, result: _exponent_slope(grad, self, exponent, result),
    names=("self", "exponent"), numbers=(), refuses={"b": "pow"}, node="PowBackward1", signatures=_POW,
)  # fmt: skip
_power_of_number = unary(
    "pow", lambda exponent, self, out=...: k.pow(self, exponent, out=out),
    vjp=lambda grad, self, exponent, result: _exponent_slope_of_number(grad, self, exponent, result),
    params=("self",), weigh=("self",), input="exponent", refuses={"b": "pow"}, node="PowBackward2",
    signatures=_POW,
)  # fmt: skip
_power, _pow, _number_pow = power.op.public, _tensor_power.op.public, _power_of_number.op.public


def pow(x: Any, y: Any) -> Any:
    """x**y of arrays, tensors or numbers."""
    if isinstance(y, Tensor):
        return _pow(x, y) if isinstance(x, Tensor) else _number_pow(y, x)
    return _power(x, y) if isinstance(x, Tensor) else k.pow(x, y)


def _reflected_pow(self: Tensor, other: Any) -> Any:
    other = plain(other)
    return NotImplemented if foreign(other) else _public_pow(other, self)


def _pow_operator(self: Tensor, other: Any) -> Any:
    if type(other) is int or type(other) is float:
        return _power(self, other)
    return NotImplemented if foreign(other) else _public_pow(self, other)


@public(
    name="pow", inplace=True, signatures=_POW, operator="pow", operate=_pow_operator, reflected=_reflected_pow
)
def _public_pow(input: Any, exponent: Any, *, out: Any = None) -> Tensor:
    """input to the power of exponent; one of them may be a number.

    RuntimeError for integers to a negative power, unless the exponent is a tensor (then results are rounded
    to 0).

    >>> import leafgrad as torch
    >>> torch.pow(torch.tensor([1.0, 2.0, 3.0]), 2), torch.pow(2, torch.tensor([1, 2, 3]))
    (tensor([1., 4., 9.]), tensor([2, 4, 8]))
    """
    if isinstance(exponent, Tensor):
        if isinstance(input, Tensor):
            return _pow(input, exponent, out=out)
        if foreign(input):
            raise invalid("pow", _POW)
        return _number_pow(exponent, plain(input), out=out)
    if not isinstance(input, Tensor) or foreign(exponent):
        raise invalid("pow", _POW)
    return _power(input, plain(exponent), out=out)


@public(inplace=True)
def square(input: Tensor, *, out: Any = None) -> Tensor:
    """input**2.

    >>> import leafgrad as torch
    >>> torch.square(torch.tensor([-3.0, 2.0]))
    tensor([9., 4.])
    """
    return _power(input, 2, out=out)


@public(inplace=True, signatures=_POW)
def float_power(input: Any, exponent: Any, *, out: Any = None) -> Tensor:
    """input to the power of exponent in double precision (float64 or complex128); one of them may be a
    number.

    >>> import leafgrad as torch
    >>> torch.float_power(torch.tensor([1, 2]), -1)
    tensor([1.0000, 0.5000], dtype=torch.float64)
    """
    if not (isinstance(input, Tensor) or isinstance(exponent, Tensor)) or foreign(input) or foreign(exponent):
        raise invalid("float_power", _POW)
    dtype: Any = complex128 if is_complex(input) or is_complex(exponent) else float64
    target = input if out is INPLACE else out
    if isinstance(target, Tensor) and (got := BY_NP[target._data.dtype]) is not dtype:
        said = messages.FLOAT_POWER_INPLACE if out is INPLACE else messages.FLOAT_POWER_OUT
        raise RuntimeError(said.format(got=got.type_name, want=dtype.type_name))
    kind = complex if dtype is complex128 else float
    wide: list[Any] = [input, exponent]
    for i, x in enumerate(wide):
        wide[i] = x.to(dtype) if hasattr(x, "to") else kind(x)
    return _public_pow(*wide, out=out)


# --- roots ---

sqrt = unary(
    "sqrt", k.sqrt, vjp=lambda grad, result: div(grad, conj(mul(result, 2))), to=FLOAT,
    doc="""The square root; NaN for negative real numbers.

    >>> import leafgrad as torch
    >>> torch.sqrt(torch.tensor([4.0, 2.0]))
    tensor([2.0000, 1.4142])
    """,
)  # fmt: skip
rsqrt = unary(
    "rsqrt", k.rsqrt, vjp=lambda grad, result: mul(mul(grad, conj(power(result, 3))), -0.5), to=FLOAT,
    doc="""1 / sqrt(input).

    >>> import leafgrad as torch
    >>> torch.rsqrt(torch.tensor([4.0, 1.0]))
    tensor([0.5000, 1.0000])
    """,
)  # fmt: skip
expose(sqrt.op.public, "sqrt", inplace=True)
expose(rsqrt.op.public, "rsqrt", inplace=True)
