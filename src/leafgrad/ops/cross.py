"""The cross product."""

from typing import Any

import numpy as np

from ..base import messages
from ..base.where import warn
from ..op.record import alike
from ..op.table import public
from ..tensor.elementwise import broadcast_shapes
from ..tensor.kinds import primitive
from ..tensor.misuse import ABSENT
from ..tensor.numpy_names import by_numpy_name
from ..tensor.tensor import Tensor
from .arguments import integer, need_tensor, wrap_dim
from .arithmetic import conj
from .dims import type_of
from .matmul import check_bool
from .outs import check_out

ndarray = np.ndarray


def _cross(self: ndarray, other: ndarray, /, dim: int) -> ndarray:
    out = np.empty(broadcast_shapes(self.shape, other.shape), self.dtype)
    x, y, z = (np.moveaxis(a, dim, 0) for a in (self, other, out))
    for i in range(3):
        j, k = (i + 1) % 3, (i + 2) % 3
        np.subtract(x[j] * y[k], x[k] * y[j], out=z[i, ...])
    return out


cross_of = primitive(
    "linalg_cross", _cross,
    vjp={
        "self": lambda grad, other, dim: cross_of(conj(other), grad, dim),
        "other": lambda grad, self, dim: cross_of(grad, conj(self), dim),
    },
    batch=alike,
)  # fmt: skip


def _checked(x: Tensor, y: Tensor, dim: int, out: Any) -> Tensor:
    a, b = x._data, y._data
    if a.ndim != b.ndim:
        raise RuntimeError(messages.CROSS_DIMS)
    if not a.ndim:
        raise IndexError(messages.NO_DIMENSIONS.format(dim=dim))
    axis = wrap_dim(dim, a.ndim)
    if a.shape[axis] != 3 or b.shape[axis] != 3:
        raise RuntimeError(messages.CROSS_SIZE.format(dim=dim, a=a.shape[axis], b=b.shape[axis]))
    broadcast_shapes(a.shape, b.shape)
    check_out("linalg_cross", out, x, x, y)
    if a.dtype != b.dtype:
        raise RuntimeError(messages.SCALAR_TYPES.format(want=type_of(a.dtype), got=type_of(b.dtype)))
    check_bool("cross", a, b)
    return cross_of(x, y, dim, out=out)


@public()
def cross(
    input: Tensor, other: Tensor, dim: int | None = None, *, axis: Any = ABSENT, out: Tensor | None = None
) -> Tensor:
    """The cross products of the vectors along `dim`, which has 3 entries in both; the other dimensions are broadcast.

    Without dim (deprecated, with a warning) it is the first of length 3.  RuntimeError unless there is one, both have as many
    dimensions, and one dtype.

    >>> import leafgrad as torch
    >>> torch.cross(torch.tensor([1., 0., 0.]), torch.tensor([0., 1., 0.]), dim=0)
    tensor([0., 0., 1.])
    """
    need_tensor("cross", input)
    need_tensor("cross", other, "other", 2)
    if axis is not ABSENT:
        dim = by_numpy_name("axis", axis, dim)
    if dim is None:
        warn(messages.CROSS_DIM)
        if 3 not in input._data.shape:
            raise RuntimeError(messages.CROSS_NONE)
        dim = input._data.shape.index(3)
    return _checked(input, other, integer("cross", dim, "dim", 3), out)


@public(name="cross", torch=False, method=False, spaces=("linalg",))
def linalg_cross(
    input: Tensor, other: Tensor, *, dim: int = -1, axis: Any = ABSENT, out: Tensor | None = None
) -> Tensor:
    """`torch.cross`, along the last dimension unless `dim` says otherwise.

    >>> import leafgrad as torch
    >>> torch.linalg.cross(torch.tensor([1., 0., 0.]), torch.tensor([0., 1., 0.]))
    tensor([0., 0., 1.])
    """
    need_tensor("linalg_cross", input)
    need_tensor("linalg_cross", other, "other", 2)
    dim = dim if axis is ABSENT else by_numpy_name("axis", axis, dim)
    return _checked(input, other, integer("linalg_cross", dim, "dim", None), out)
