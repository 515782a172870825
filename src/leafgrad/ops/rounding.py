"""Rounding and signs."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ..base import messages
from ..op.table import expose, public
from ..tensor.kinds import unary
from ..tensor.misuse import invalid, wrong
from ..tensor.tensor import Tensor
from ..values import kernels as k
from .arithmetic import conj, div, is_complex, mul, sub, zero
from .comparison import eq
from .ternary import where

# --- rounding ---


def _rounding(name: str, kernel: Callable, doc: str, aliases: tuple = ()) -> Callable:
    refuses: dict = {
        "b": f"{name}_vml_cpu",
        "c": NotImplementedError(messages.NO_COMPLEX_INPUTS.format(op=name)),
    }
    op = unary(name, kernel, vjp=lambda grad: zero(grad), refuses=refuses, doc=doc)
    expose(op.op.public, name, inplace=True, aliases=aliases)
    return op


ceil = _rounding(
    "ceil", k.ceil,
    """The least integer that is not below.

    >>> import leafgrad as torch
    >>> torch.ceil(torch.tensor([1.2, -1.2]))
    tensor([ 2., -1.])
    """,
)  # fmt: skip
floor = _rounding(
    "floor", k.floor,
    """The greatest integer that is not above.

    >>> import leafgrad as torch
    >>> torch.floor(torch.tensor([1.2, -1.2]))
    tensor([ 1., -2.])
    """,
)  # fmt: skip
trunc = _rounding(
    "trunc", k.trunc,
    """The integer part.

    >>> import leafgrad as torch
    >>> torch.trunc(torch.tensor([1.7, -1.7]))
    tensor([ 1., -1.])
    """,
    aliases=("fix",),
)  # fmt: skip
frac = unary(
    "frac", k.frac, vjp=lambda grad: grad, refuses={"biuc": "frac_cpu"},
    doc="""The fractional part, with the sign of the number.

    >>> import leafgrad as torch
    >>> torch.frac(torch.tensor([1.5, -1.25]))
    tensor([ 0.5000, -0.2500])
    """,
)  # fmt: skip
expose(frac.op.public, "frac", inplace=True)


def _rint(x: np.ndarray, out: Any = ...) -> np.ndarray:
    return (k.positive if x.dtype.kind in "iu" else k.rint)(x, out=out)


_round = unary("round", _rint, vjp=lambda grad: zero(grad), refuses={"bc": "round_vml_cpu"})
_round_to_units = unary(
    "round", lambda x, decimals, out=...: k.rint(x, out=out), vjp=lambda grad: zero(grad),
    params=("decimals",),
    refuses={"biuc": "round_vml_cpu"}, node="RoundBackward1",
)  # fmt: skip
_round_decimals = unary(
    "round", k.round, vjp=lambda grad: zero(grad), params=("decimals",), refuses={"biuc": "round_cpu"},
    node="RoundBackward1",
)  # fmt: skip
_ROUND = ("Tensor input, *, Tensor out = None", "Tensor input, *, int decimals, Tensor out = None")


@public(inplace=True, signatures=_ROUND)
def round(input: Tensor, *, decimals: int | None = None, out: Any = None) -> Tensor:
    """Round to the nearest integer, halves to even; or to `decimals` digits after the point (before it, if
    negative).

    >>> import leafgrad as torch
    >>> torch.round(torch.tensor([0.5, 1.5, -1.7])), torch.round(torch.tensor([1.2345]), decimals=2)
    (tensor([ 0.,  2., -2.]), tensor([1.2300]))
    """
    if decimals is None:
        return _round.op.public(input, out=out)
    if not isinstance(decimals, int):
        raise invalid("round", _ROUND)
    return (_round_decimals if decimals else _round_to_units).op.public(input, decimals, out=out)


@public(name="round", torch=False, method=False, spaces=("special",))
def _special_round(input: Tensor, *, decimals: int = 0, out: Any = None) -> Tensor:
    """Round to the nearest number of `decimals` digits after the point, halves to even.

    >>> import leafgrad as torch
    >>> torch.special.round(torch.tensor([0.5, 1.5, -1.7]))
    tensor([ 0.,  2., -2.])
    """
    return round(input, decimals=decimals, out=out)


# --- signs ---

sign = unary(
    "sign", k.sign, vjp=lambda grad: zero(grad), refuses={"c": NotImplementedError(messages.SIGN_COMPLEX)},
    doc="""-1, 0 or 1 by the sign of each element.

    >>> import leafgrad as torch
    >>> torch.sign(torch.tensor([-2.0, 0.0, 3.0]))
    tensor([-1.,  0.,  1.])
    """,
)  # fmt: skip


def _sgn_slope(grad: Any, self: Any, result: Any) -> Any:
    """The part of grad across the direction of z, over |z|."""
    if not is_complex(self):
        return zero(grad)
    size = abs(self)
    across = mul(sub(grad, mul(conj(grad), mul(result, result))), 0.5)
    return where(eq(size, 0), 0, div(across, size))


sgn = unary(
    "sgn", lambda x, out=...: (k.sgn if x.dtype.kind == "c" else k.sign)(x, out=out),
    vjp=lambda grad, self, result: _sgn_slope(grad, self, result),
    doc="""input / abs(input), and 0 at 0: the sign of real numbers, the direction of complex ones.

    >>> import leafgrad as torch
    >>> torch.sgn(torch.tensor([3 + 4j, 0j]))
    tensor([0.6000+0.8000j, 0.0000+0.0000j])
    """,
)  # fmt: skip
abs = unary(
    "abs", k.abs, vjp=lambda grad, self: mul(grad, sgn(self)), refuses={"b": "abs_cpu"},
    doc="""The absolute value.

    >>> import leafgrad as torch
    >>> torch.abs(torch.tensor([-1.0, 2.0])), torch.abs(torch.tensor(3 + 4j))
    (tensor([1., 2.]), tensor(5.))
    """,
)  # fmt: skip
expose(sign.op.public, "sign", inplace=True)
expose(sgn.op.public, "sgn", inplace=True)


def _public_abs(input: Tensor, *, out: Any = None) -> Tensor:
    """The absolute value; of complex numbers too (but not in place).

    >>> import leafgrad as torch
    >>> x = torch.tensor([-1.0, 2.0])
    >>> x.abs_()
    tensor([1., 2.])
    """
    if isinstance(input, Tensor) and input._data.dtype.kind == "c":
        raise RuntimeError(messages.ABS_INPLACE_COMPLEX)
    return abs.op.public(input, out=out)


expose(abs.op.public, "abs", aliases=("absolute",), operator="abs")
expose(_public_abs, "abs", torch=False, method=False, inplace=True, aliases=("absolute",))


@public(operator="pos")
def positive(input: Tensor) -> Tensor:
    """The tensor itself; RuntimeError for booleans.

    >>> import leafgrad as torch
    >>> torch.positive(torch.tensor([1, -2]))
    tensor([ 1, -2])
    """
    if not isinstance(input, Tensor):
        raise wrong("positive", "input", 1, "Tensor", input)
    if input._data.dtype.kind == "b":
        raise RuntimeError(messages.POSITIVE_BOOL)
    return input
