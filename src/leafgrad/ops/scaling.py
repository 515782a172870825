"""A tensor plus, times or divided by a number, as an op of the tensor alone: torch's composites are made of these.

Python's `x * 2` is another op, that of two tensors (MulBackward0).
"""

from ..tensor.kinds import unary
from ..values import kernels as k
from ..values.dtype import FLOAT
from .arithmetic import conj, div, mul

plus = unary(
    "add", k.add, vjp=lambda grad: grad, params=("other",), weigh=("other",), node="AddBackward1",
    shows={"alpha": 1},
)  # fmt: skip
times = unary(
    "mul", k.mul, vjp=lambda grad, other: mul(grad, conj(other)), params=("other",), weigh=("other",),
    linear=True,
    node="MulBackward1",
)  # fmt: skip
over = unary(
    "div", k.div, vjp=lambda grad, other: div(grad, conj(other)), params=("other",), weigh=("other",),
    linear=True, to=FLOAT,
    node="DivBackward1",
)  # fmt: skip
