"""Trigonometric and hyperbolic functions, and their inverses."""

from math import pi
from typing import Any

import numpy as np

from ..base import messages
from ..op.table import expose
from ..tensor.kinds import binary, fused, unary
from ..values import activations
from ..values import kernels as k
from ..values.dtype import FLOAT
from ..values.kernel import composed
from .arithmetic import add, conj, div, is_complex, mul, neg, sub
from .comparison import eq
from .powers import rsqrt
from .ternary import where

sin = unary(
    "sin", k.sin, vjp=lambda grad, self: mul(grad, conj(cos(self))), to=FLOAT,
    doc="""The sine.

    >>> import leafgrad as torch
    >>> torch.sin(torch.tensor([0.0, 1.0]))
    tensor([0.0000, 0.8415])
    """,
)  # fmt: skip
cos: Any = unary(
    "cos", k.cos, vjp=lambda grad, self: neg(mul(grad, conj(sin(self)))), to=FLOAT,
    doc="""The cosine.

    >>> import leafgrad as torch
    >>> torch.cos(torch.tensor([0.0, 1.0]))
    tensor([1.0000, 0.5403])
    """,
)  # fmt: skip
tan = unary(
    "tan", k.tan, vjp=lambda grad, result: mul(grad, conj(add(mul(result, result), 1))), to=FLOAT,
    doc="""The tangent.

    >>> import leafgrad as torch
    >>> torch.tan(torch.tensor([0.0, 1.0]))
    tensor([0.0000, 1.5574])
    """,
)  # fmt: skip
asin = unary(
    "asin", k.asin, vjp=lambda grad, self: mul(grad, conj(rsqrt(sub(1, mul(self, self))))), to=FLOAT,
    doc="""The inverse sine, in radians; NaN outside of [-1, 1].

    >>> import leafgrad as torch
    >>> torch.asin(torch.tensor([0.0, 1.0]))
    tensor([0.0000, 1.5708])
    """,
)  # fmt: skip
acos = unary(
    "acos", k.acos, vjp=lambda grad, self: neg(mul(grad, conj(rsqrt(sub(1, mul(self, self)))))), to=FLOAT,
    doc="""The inverse cosine, in radians; NaN outside of [-1, 1].

    >>> import leafgrad as torch
    >>> torch.acos(torch.tensor([0.0, 1.0]))
    tensor([1.5708, 0.0000])
    """,
)  # fmt: skip
atan = unary(
    "atan", k.atan, vjp=lambda grad, self: div(grad, conj(add(mul(self, self), 1))), to=FLOAT,
    doc="""The inverse tangent, in radians.

    >>> import leafgrad as torch
    >>> torch.atan(torch.tensor([0.0, 1.0]))
    tensor([0.0000, 0.7854])
    """,
)  # fmt: skip
sinh = unary(
    "sinh", k.sinh, vjp=lambda grad, self: mul(grad, conj(cosh(self))), to=FLOAT,
    doc="""The hyperbolic sine.

    >>> import leafgrad as torch
    >>> torch.sinh(torch.tensor([0.0, 1.0]))
    tensor([0.0000, 1.1752])
    """,
)  # fmt: skip
cosh: Any = unary(
    "cosh", k.cosh, vjp=lambda grad, self: mul(grad, conj(sinh(self))), to=FLOAT,
    doc="""The hyperbolic cosine.

    >>> import leafgrad as torch
    >>> torch.cosh(torch.tensor([0.0, 1.0]))
    tensor([1.0000, 1.5431])
    """,
)  # fmt: skip
tanh_backward = fused(
    activations.tanh_backward, lambda grad, result: mul(grad, conj(sub(1, mul(result, result))))
)
tanh = unary(
    "tanh", k.tanh, vjp=tanh_backward, to=FLOAT,
    doc="""The hyperbolic tangent.

    >>> import leafgrad as torch
    >>> torch.tanh(torch.tensor([0.0, 1.0]))
    tensor([0.0000, 0.7616])
    """,
)  # fmt: skip
asinh = unary(
    "asinh", k.asinh, in_place="AsinhBackward1",
    vjp=lambda grad, self: mul(grad, conj(rsqrt(add(mul(self, self), 1)))), to=FLOAT,
    doc="""The inverse hyperbolic sine.

    >>> import leafgrad as torch
    >>> torch.asinh(torch.tensor([0.0, 1.0]))
    tensor([0.0000, 0.8814])
    """,
)  # fmt: skip


def _acosh_slope(x: Any) -> Any:
    if is_complex(x):  # the branch of the root that belongs to the branch of acosh
        return mul(rsqrt(sub(x, 1)), rsqrt(add(x, 1)))
    return rsqrt(sub(mul(x, x), 1))


acosh = unary(
    "acosh", k.acosh, in_place="AcoshBackward1", vjp=lambda grad, self: mul(grad, conj(_acosh_slope(self))),
    to=FLOAT,
    doc="""The inverse hyperbolic cosine; NaN below 1.

    >>> import leafgrad as torch
    >>> torch.acosh(torch.tensor([1.0, 2.0]))
    tensor([0.0000, 1.3170])
    """,
)  # fmt: skip
atanh = unary(
    "atanh", k.atanh, in_place="AtanhBackward1",
    vjp=lambda grad, self: div(grad, conj(sub(1, mul(self, self)))), to=FLOAT,
    doc="""The inverse hyperbolic tangent; NaN outside of [-1, 1].

    >>> import leafgrad as torch
    >>> torch.atanh(torch.tensor([0.0, 0.5]))
    tensor([0.0000, 0.5493])
    """,
)  # fmt: skip

for _op in (sin, cos, tan, sinh, cosh, tanh):
    expose(_op.op.public, _op.op.name, inplace=True, spaces=("nn.functional",) if _op is tanh else ())
for _op in (asin, acos, atan, asinh, acosh, atanh):
    expose(_op.op.public, _op.op.name, inplace=True, aliases=("arc" + _op.op.name[1:],))


# --- sinc, degrees ---


@composed
def _sinc(x: np.ndarray, *, out: np.ndarray) -> None:
    """sin(pi x) / (pi x), 1 at 0."""
    angle = np.multiply(x, pi)
    np.sin(angle, out=out)
    np.divide(out, angle, out=out)
    np.copyto(out, 1, where=np.equal(x, 0))


def _sinc_slope(grad: Any, x: Any) -> Any:
    angle = mul(x, pi)
    slope = div(sub(mul(angle, cos(angle)), sin(angle)), mul(mul(x, x), pi))
    return where(eq(x, 0), 0, mul(grad, conj(slope)))


sinc = unary(
    "sinc", _sinc, vjp=lambda grad, self: _sinc_slope(grad, self), to=FLOAT,
    doc="""sin(pi * input) / (pi * input), and 1 at 0.

    >>> import leafgrad as torch
    >>> torch.sinc(torch.tensor([0.0, 0.5]))
    tensor([1.0000, 0.6366])
    """,
)  # fmt: skip
deg2rad = unary(
    "deg2rad", k.deg2rad, vjp=lambda grad: mul(grad, pi / 180), to=FLOAT, node="Deg2RadBackward0",
    refuses={"c": RuntimeError(messages.NO_COMPLEX_TENSORS.format(op="deg2rad"))},
    doc="""Degrees to radians.

    >>> import leafgrad as torch
    >>> torch.deg2rad(torch.tensor([0.0, 180.0]))
    tensor([0.0000, 3.1416])
    """,
)  # fmt: skip
rad2deg = unary(
    "rad2deg", k.rad2deg, vjp=lambda grad: mul(grad, 180 / pi), to=FLOAT, node="Rad2DegBackward0",
    refuses={"c": RuntimeError(messages.NO_COMPLEX_TENSORS.format(op="rad2deg"))},
    doc="""Radians to degrees.

    >>> import leafgrad as torch
    >>> torch.rad2deg(torch.tensor([0.0, 3.1416]))
    tensor([  0.0000, 180.0004])
    """,
)  # fmt: skip
expose(sinc.op.public, "sinc", inplace=True, spaces=("special",))
expose(deg2rad.op.public, "deg2rad", inplace=True)
expose(rad2deg.op.public, "rad2deg", inplace=True)


# --- two sides of a right triangle ---


def _inverse_square_sum(x: Any, y: Any) -> Any:
    total = add(mul(x, x), mul(y, y))
    return div(1, where(eq(total, 0), 1, total))  # at the origin, the slopes are 0


atan2 = binary(
    "atan2", k.atan2,
    self=lambda grad, self, other: mul(grad, mul(other, _inverse_square_sum(self, other))),
    other=lambda grad, self, other: neg(mul(grad, mul(self, _inverse_square_sum(self, other)))),
    to=FLOAT, numbers=(), refuses={"c": "atan2_cpu"},
    doc="""The angle of the point (other, input), in radians, from -pi to pi.

    >>> import leafgrad as torch
    >>> torch.atan2(torch.tensor([1.0, 1.0]), torch.tensor([1.0, -1.0]))
    tensor([0.7854, 2.3562])
    """,
)  # fmt: skip
hypot = binary(
    "hypot", k.hypot,
    self=lambda grad, self, result: mul(grad, div(self, result)),
    other=lambda grad, other, result: mul(grad, div(other, result)),
    numbers=(), refuses={"biuc": "hypot_cpu"},
    doc="""sqrt(input**2 + other**2), without overflow.

    >>> import leafgrad as torch
    >>> torch.hypot(torch.tensor([3.0]), torch.tensor([4.0]))
    tensor([5.])
    """,
)  # fmt: skip
expose(atan2.op.public, "atan2", inplace=True, aliases=("arctan2",))
expose(hypot.op.public, "hypot", inplace=True)
