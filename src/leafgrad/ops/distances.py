"""Distances: dist, nn.functional.normalize, cosine_similarity."""

from typing import Any

import numpy as np

from ..base import messages
from ..op.record import composite
from ..op.table import public
from ..tensor.batch import bottom
from ..tensor.call import apply
from ..tensor.elementwise import broadcast, convert
from ..tensor.kinds import primitive
from ..tensor.misuse import ABSENT, wrong
from ..tensor.numpy_names import by_numpy_name
from ..tensor.tensor import Tensor
from ..tensor.write import into
from ..values import promotion
from ..values import reductions as r
from . import views
from .arithmetic import div, mul, neg, sub
from .clamping import clamp_min
from .copies import to_copy
from .dims import data_of, dims, type_of
from .norms import norm, norm_back, norm_of
from .reduce import sum_front

ndarray = np.ndarray


def _dist(self: ndarray, other: ndarray, /, p: float) -> ndarray:
    return r.norm(np.subtract(self, other, out=...), p)


dist_of = primitive(
    "dist", _dist,
    vjp={
        "self": lambda grad, self, other, p,
        result: norm_back(grad, sub(self, other), result, p, None, False),
        "other": lambda grad, self, other, p,
        result: norm_back(neg(grad), sub(self, other), result, p, None, False),
    },
    batch=composite(lambda self, other, p: norm_of(sub(self, other), p, None, False, None)),
)  # fmt: skip


@public()
def dist(input: Tensor, other: Tensor, p: Any = 2, *, out: Any = None) -> Tensor:
    """The p-norm of input - other, which broadcast.  RuntimeError for integers.

    >>> import leafgrad as torch
    >>> torch.dist(torch.tensor([1.0, 1.0]), torch.tensor([4.0, 5.0]))
    tensor(5.)
    """
    x = data_of("dist", input)
    if not isinstance(other, Tensor):
        raise wrong("dist", "other", 2, "Tensor", other)
    if not isinstance(p, int | float):
        raise wrong("dist", "p", 3, "Number", p)
    values = [x, other._data]
    dtype = promotion.common(*values)
    broadcast(values)
    if dtype.kind == "b":
        raise RuntimeError(messages.SUB_BOOLS)
    if dtype.kind in "iu":
        raise RuntimeError(messages.DIST_INPUT.format(type=type_of(dtype)))
    values = [convert(v, dtype) for v in values]
    return (
        apply(dist_of.op, (input, other), (p,), values)
        if out is None
        else into(out, dist_of.op, (input, other), (p,), values)
    )


_F: Any = {"torch": False, "method": False, "spaces": ("nn.functional",)}


@public(**_F)
def normalize(input: Tensor, p: float = 2.0, dim: Any = 1, eps: float = 1e-12, out: Any = None) -> Tensor:
    """input divided by its p-norm along `dim`, or by `eps` where that is larger.

    >>> import leafgrad as torch
    >>> torch.nn.functional.normalize(torch.tensor([[3.0, 4.0]]))
    tensor([[0.6000, 0.8000]])
    """
    size = views.expand(clamp_min(norm(input, p, dim, True), eps), input._data.shape)
    return div.op.public(input, size, out=out)


def _length(x: Tensor, dim: int, eps: float) -> Tensor:
    """The 2-norm, at least `eps`; gradients flow as if it had not been cut off."""
    size = views.clone(norm_of(x, 2, (dim,), True), None)
    data = bottom(size)[0]._data
    np.maximum(data, eps, out=data)
    return size


@public(method=False, spaces=("nn.functional",))
def cosine_similarity(
    x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-08, *, axis: Any = ABSENT
) -> Tensor:
    """The cosine of the angle between x1 and x2 along `dim`: sum(x1 * x2) / (max(|x1|, eps) * max(|x2|,
    eps)).

    RuntimeError unless their common dtype is floating point, and if they do not broadcast.

    >>> import leafgrad as torch
    >>> torch.cosine_similarity(torch.tensor([[1.0, 0.0]]), torch.tensor([[1.0, 1.0]]))
    tensor([0.7071])
    """
    for position, x in enumerate((x1, x2), 1):
        if not isinstance(x, Tensor):
            raise wrong("cosine_similarity", f"x{position}", position, "Tensor", x)
    if type(eps) is not float and not isinstance(eps, int | float):
        raise wrong("cosine_similarity", "eps", None, "float", eps)
    dtype = promotion.common(x1._data, x2._data)
    if dtype.kind not in "fV":
        raise RuntimeError(messages.COSINE_DTYPE.format(type=type_of(dtype)))
    shape = broadcast([x1._data, x2._data])
    dim = dim if axis is ABSENT else by_numpy_name("axis", axis, dim)
    dims("cosine_similarity", dim, len(shape))
    parts = []
    for x in (x1, x2):
        if x._data.shape != shape:
            x = views.expand(x, shape)
        if x._data.dtype != dtype:
            x = to_copy(x, dtype)
        parts.append(div(x, _length(x, dim, eps)))
    return sum_front(mul(*parts), dim)
