"""Exponentials, logarithms, and sums in logarithms."""

from math import log as ln
from typing import Any

import numpy as np

from ..op.table import expose
from ..tensor.kinds import binary, fused, unary
from ..values import kernels as k
from ..values.dtype import FLOAT
from .arithmetic import add, conj, div, mul, sub

LN2, LN10 = ln(2), ln(10)

exp = unary(
    "exp", k.exp, vjp=fused(k.mul_conj, lambda grad, result: mul(grad, conj(result))), to=FLOAT,
    doc="""e to the power of each element; integers give the default dtype.

    >>> import leafgrad as torch
    >>> torch.exp(torch.tensor([0.0, 1.0]))
    tensor([1.0000, 2.7183])
    """,
)  # fmt: skip
exp2 = unary(
    "exp2", k.exp2, vjp=lambda grad, result: mul(mul(grad, conj(result)), LN2), to=FLOAT,
    doc="""2 to the power of each element; integers give the default dtype.

    >>> import leafgrad as torch
    >>> torch.exp2(torch.tensor([0.0, 3.0]))
    tensor([1., 8.])
    """,
)  # fmt: skip
expm1 = unary(
    "expm1", k.expm1, vjp=lambda grad, result: mul(grad, conj(add(result, 1))), to=FLOAT,
    doc="""exp(input) - 1, exact near 0.

    >>> import leafgrad as torch
    >>> torch.expm1(torch.tensor([0.0, 1e-6]))
    tensor([0.0000e+00, 1.0000e-06])
    """,
)  # fmt: skip
log = unary(
    "log", k.log, vjp=lambda grad, self: div(grad, conj(self)), to=FLOAT,
    doc="""The natural logarithm.

    >>> import leafgrad as torch
    >>> torch.log(torch.tensor([1.0, 10.0]))
    tensor([0.0000, 2.3026])
    """,
)  # fmt: skip
log2 = unary(
    "log2", k.log2, vjp=lambda grad, self: div(grad, conj(mul(self, LN2))), to=FLOAT,
    doc="""The logarithm to base 2.

    >>> import leafgrad as torch
    >>> torch.log2(torch.tensor([1.0, 8.0]))
    tensor([0., 3.])
    """,
)  # fmt: skip
log10 = unary(
    "log10", k.log10, vjp=lambda grad, self: div(grad, conj(mul(self, LN10))), to=FLOAT,
    doc="""The logarithm to base 10.

    >>> import leafgrad as torch
    >>> torch.log10(torch.tensor([1.0, 50.0]))
    tensor([0.0000, 1.6990])
    """,
)  # fmt: skip
log1p = unary(
    "log1p", k.log1p, vjp=lambda grad, self: div(grad, conj(add(self, 1))), to=FLOAT, node="Log1PBackward0",
    doc="""log(1 + input), exact near 0.

    >>> import leafgrad as torch
    >>> torch.log1p(torch.tensor([0.0, 1e-6]))
    tensor([0.0000e+00, 1.0000e-06])
    """,
)  # fmt: skip

for _op, _spaces in (
    (exp, ()), (exp2, ("special",)), (expm1, ("special",)), (log, ()), (log2, ()), (log10, ()),
    (log1p, ("special",)),
):  # fmt: skip
    expose(_op.op.public, _op.op.name, inplace=True, spaces=_spaces)


def _logaddexp(x: np.ndarray, y: np.ndarray, out: Any = ...) -> np.ndarray:
    if x.dtype.kind != "c":
        return k.logaddexp(x, y, out=out)
    swap = x.real < y.real
    high, low = np.where(swap, y, x), np.where(swap, x, y)
    result = np.where(high == low, high + LN2, high + np.log1p(np.exp(low - high)))  # equal infinities, too
    if out is ...:
        return np.asarray(result)
    out[...] = result
    return out


logaddexp = binary(
    "logaddexp", _logaddexp,
    self=lambda grad, self, other: div(grad, conj(add(exp(sub(other, self)), 1))),
    other=lambda grad, self, other: div(grad, conj(add(exp(sub(self, other)), 1))),
    numbers=(), refuses={"biu": "logaddexp_cpu"},
    doc="""log(exp(input) + exp(other)), without overflow.

    >>> import leafgrad as torch
    >>> torch.logaddexp(torch.tensor([0.0, -1000.0]), torch.tensor([0.0, -1000.0]))
    tensor([ 6.9315e-01, -9.9931e+02])
    """,
)  # fmt: skip
logaddexp2 = binary(
    "logaddexp2", k.logaddexp2,
    self=lambda grad, self, other: div(grad, add(exp2(sub(other, self)), 1)),
    other=lambda grad, self, other: div(grad, add(exp2(sub(self, other)), 1)),
    numbers=(), refuses={"biuc": "logaddexp2_cpu"},
    doc="""log2(2**input + 2**other), without overflow.

    >>> import leafgrad as torch
    >>> torch.logaddexp2(torch.tensor([1.0, 3.0]), torch.tensor([1.0, 3.0]))
    tensor([2., 4.])
    """,
)  # fmt: skip
expose(logaddexp.op.public, "logaddexp")
expose(logaddexp2.op.public, "logaddexp2")
