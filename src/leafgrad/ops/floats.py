"""The anatomy of floating-point numbers: sign, mantissa, exponent, neighbours; and the step function."""

from typing import Any

import numpy as np

from ..base import messages
from ..op.table import expose, public
from ..tensor.elementwise import foreign
from ..tensor.kinds import binary, primitive, unary
from ..tensor.misuse import invalid, wrong
from ..tensor.tensor import Tensor
from ..values import kernels as k
from ..values import return_types
from ..values.arguments import CPP
from ..values.dtype import BY_NP, FLOAT
from ..values.kernel import composed
from .arithmetic import conj, div, mul, not_differentiable, zero
from .comparison import eq
from .division import TENSOR_OR_NUMBER
from .exponential import LN2
from .powers import pow
from .ternary import where

ndarray = np.ndarray


def _sign_ratio(grad: Any, self: Any, result: Any) -> Any:
    return where(eq(self, 0), 0, mul(grad, div(result, self)))


_copysign = binary(
    "copysign", k.copysign,
    self=lambda grad, self, result: _sign_ratio(grad, self, result),
    other=lambda grad, result: zero(grad),
    to=FLOAT, refuses={"c": "copysign_cpu"},
)  # fmt: skip
_copysign_number = unary(
    "copysign", k.copysign, vjp=lambda grad, self, result: _sign_ratio(grad, self, result),
    params=("other",), weigh=("other",), to=FLOAT, refuses={"c": "copysign_cpu"}, node="CopysignBackward1",
)  # fmt: skip


@public(inplace=True, signatures=TENSOR_OR_NUMBER)
def copysign(input: Tensor, other: Any, *, out: Any = None) -> Tensor:
    """The size of input with the sign of other (a tensor or a number).

    >>> import leafgrad as torch
    >>> torch.copysign(torch.tensor([1.0, 2.0]), torch.tensor([-1.0, 0.0]))
    tensor([-1.,  2.])
    """
    if isinstance(other, Tensor) and isinstance(input, Tensor):
        return _copysign.op.public(input, other, out=out)
    if not isinstance(input, Tensor) or foreign(other):
        raise invalid("copysign", TENSOR_OR_NUMBER)
    return _copysign_number.op.public(input, other, out=out)


nextafter = binary(
    "nextafter", k.nextafter,
    self=lambda grad, self, other: where(eq(self, other), 0, grad),
    other=lambda grad: zero(grad),
    numbers=(), refuses={"biuc": "nextafter_cpu"},
    doc="""The next floating-point number after input towards other.

    >>> import leafgrad as torch
    >>> torch.nextafter(torch.tensor([1.0]), torch.tensor([2.0])) - 1
    tensor([1.1921e-07])
    """,
)  # fmt: skip
expose(nextafter.op.public, "nextafter", inplace=True)


@composed
def _ldexp(x: ndarray, y: ndarray, *, out: ndarray) -> None:
    """x * 2**y."""
    np.multiply(x, np.power(2.0, y), out=out)


ldexp = binary(
    "ldexp", _ldexp,
    self=lambda grad, other: mul(grad, conj(pow(2.0, other))),
    other=lambda grad, result: mul(mul(grad, conj(result)), LN2),
    numbers=(), to=FLOAT, out_says=(False, messages.LDEXP_CAST),
    doc="""input * 2**other.

    >>> import leafgrad as torch
    >>> torch.ldexp(torch.tensor([1.5]), torch.tensor([3]))
    tensor([12.])
    """,
)  # fmt: skip
expose(ldexp.op.public, "ldexp", inplace=True)


def _frexp(self: ndarray, /) -> tuple[ndarray, ndarray]:
    mantissa, exponent = np.frexp(self)
    return np.asarray(mantissa), np.asarray(exponent, np.int32)


_split = primitive(
    "frexp", _frexp, vjp={"self": lambda grad, exponent: mul(grad, pow(0.5, exponent))},
    outputs=("mantissa", "exponent"), differentiable=1, batch=lambda self: _split(self),
)  # fmt: skip


@public()
def frexp(input: Tensor, *, out: Any = None) -> Any:
    """The mantissa (0.5 <= |mantissa| < 1) and the exponent (int32) of each number: input = mantissa *
    2**exponent.

    >>> import leafgrad as torch
    >>> torch.frexp(torch.tensor([12.0])).mantissa
    tensor([0.7500])
    """
    if not isinstance(input, Tensor):
        raise wrong("frexp", "input", 1, "Tensor", input)
    if input._data.dtype.kind not in "fV":
        raise RuntimeError(messages.FREXP_FLOAT)
    if out is not None and out[0]._data.dtype != input._data.dtype:
        want, got = (CPP[BY_NP[t._data.dtype].name].replace("int64_t", "long int") for t in (input, out[0]))
        raise RuntimeError(messages.FREXP_OUT.format(want=want, got=got))
    return return_types.frexp(_split(input, out=out))


@composed
def _heaviside(x: ndarray, values: ndarray, *, out: ndarray) -> None:
    np.copyto(out, np.greater(x, 0))
    np.copyto(out, values, where=np.equal(x, 0))


_heaviside_row = binary(
    "heaviside", _heaviside,
    self=not_differentiable("aten::heaviside"), other=not_differentiable("aten::heaviside"),
    names=("self", "values"), numbers=(), refuses={"c": RuntimeError(messages.HEAVISIDE_COMPLEX)},
    node="NotImplemented",
)  # fmt: skip


@public(inplace=True)
def heaviside(input: Tensor, values: Tensor, *, out: Any = None) -> Tensor:
    """0 where input is negative, 1 where it is positive, `values` where it is 0.  Not differentiable.

    RuntimeError for complex tensors, and for two of different dtypes.

    >>> import leafgrad as torch
    >>> torch.heaviside(torch.tensor([-1.0, 0.0, 2.0]), torch.tensor([0.5]))
    tensor([0.0000, 0.5000, 1.0000])
    """
    if isinstance(input, Tensor) and isinstance(values, Tensor):
        dtypes: tuple = (input._data.dtype, values._data.dtype)
        if isinstance(out, Tensor):
            dtypes = *dtypes, out._data.dtype
            if "c" in [d.kind for d in dtypes]:
                raise RuntimeError(messages.HEAVISIDE_COMPLEX)
        if len(set(dtypes)) > 1 and "c" not in (dtypes[0].kind, dtypes[1].kind):
            raise RuntimeError(messages.HEAVISIDE_DTYPES)
    return _heaviside_row.op.public(input, values, out=out)
