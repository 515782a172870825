"""Tensors brought to one shape, and grids: broadcast_tensors, meshgrid, cartesian_prod, combinations."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from ..base import messages
from ..base.where import warn
from ..op.table import public
from ..tensor.elementwise import broadcast
from ..tensor.kinds import primitive
from ..tensor.tensor import Tensor, wrap
from ..values.dtype import BY_NP
from ..values.size import Size
from ..values.strides import contiguous
from . import views
from .arguments import integer, need_tensor
from .join import stack, tensor_list
from .masks import select
from .shapes import reshaped
from .split import unbind

# --- one shape ---


@public(method=False)
def broadcast_tensors(*tensors: Tensor) -> tuple[Tensor, ...]:
    """The tensors expanded to the shape they broadcast to.

    >>> import leafgrad as torch
    >>> [x.shape for x in torch.broadcast_tensors(torch.ones(2, 1), torch.ones(3))]
    [torch.Size([2, 3]), torch.Size([2, 3])]
    """
    tensor_list("broadcast_tensors", tensors)
    shape = broadcast([x._data for x in tensors])
    return tuple([x if x._data.shape == shape else views.expand(x, shape) for x in tensors])


@public(method=False)
def broadcast_shapes(*shapes: Any) -> Size:
    """The shape that these broadcast to; an int is the shape of a vector.

    >>> import leafgrad as torch
    >>> torch.broadcast_shapes((2, 1), 3)
    torch.Size([2, 3])
    """
    shapes = tuple([(s,) if isinstance(s, int) else tuple(s) for s in shapes])
    ndim = max(map(len, shapes), default=0)
    out = [1] * ndim
    for nr, shape in enumerate(shapes):
        for i in range(-1, -len(shape) - 1, -1):
            n = shape[i]
            if n < 0:
                raise RuntimeError(messages.BROADCAST_NEGATIVE.format(n=n, low=min(shape)))
            if n != 1 and out[i] not in (1, n):
                expected = list(out[ndim - max(map(len, shapes[:nr])) :])
                raise RuntimeError(
                    messages.BROADCAST_SHAPES.format(n=n, at=i, nr=nr, shape=shape, expected=expected)
                )
            if n != 1:
                out[i] = n
    return Size(out)


# --- grids ---


@public(method=False)
def meshgrid(*tensors: Any, indexing: str | None = None) -> tuple[Tensor, ...]:
    """The coordinates of a grid whose axes are these vectors, one tensor for each.

    indexing: "ij" (default; with torch's warning that it should be said), the first vector runs along the first dimension;
    "xy", along the second.

    >>> import leafgrad as torch
    >>> x, y = torch.meshgrid(torch.tensor([1, 2]), torch.tensor([3, 4, 5]), indexing="ij")
    >>> x
    tensor([[1, 1, 1],
            [2, 2, 2]])
    """
    if len(tensors) == 1 and isinstance(tensors[0], tuple | list):
        tensors = tuple(tensors[0])
    tensor_list("meshgrid", tensors)
    if indexing is None:
        warn(messages.MESHGRID_INDEXING)
    return grid(tensors, "ij" if indexing is None else indexing)


def grid(tensors: Sequence[Tensor], indexing: str = "ij") -> tuple[Tensor, ...]:
    """`meshgrid` for a list of tensors."""
    if not tensors:
        raise RuntimeError(messages.LIST_EMPTY.format(op="meshgrid"))
    for x in tensors:
        if x._data.ndim > 1:
            raise RuntimeError(messages.MESHGRID_DIMS.format(tensor=x))
        if x._data.dtype != tensors[0]._data.dtype:
            raise RuntimeError(messages.MESHGRID_DTYPE)
    if indexing not in ("ij", "xy"):
        raise RuntimeError(messages.MESHGRID_KIND.format(indexing=indexing))
    turned = indexing == "xy" and len(tensors) > 1
    if turned:
        tensors = (tensors[1], tensors[0], *tensors[2:])
    shape = tuple([x._data.size for x in tensors])
    ones = (1,) * len(shape)
    out = []
    for i, x in enumerate(tensors):
        out.append(views.expand(views.view(x, (*ones[:i], shape[i], *ones[i + 1 :])), shape))
    return (out[1], out[0], *out[2:]) if turned else tuple(out)


def _vector(x: Tensor) -> None:
    if x._data.ndim != 1:
        raise RuntimeError(messages.VECTOR.format(shape=list(x._data.shape)))


@public(method=False)
def cartesian_prod(*tensors: Tensor) -> Tensor:
    """All combinations of one element of each vector, as rows.

    >>> import leafgrad as torch
    >>> torch.cartesian_prod(torch.tensor([1, 2]), torch.tensor([3, 4]))
    tensor([[1, 3],
            [1, 4],
            [2, 3],
            [2, 4]])
    """
    for x in tensor_list("cartesian_prod", tensors):
        _vector(x)
    if len(tensors) == 1:
        return tensors[0]
    return stack([reshaped(x, (-1,)) for x in grid(tensors)], 1)


@public(method=False)
def combinations(input: Tensor, r: int = 2, with_replacement: bool = False) -> Tensor:
    """All subsets of `r` elements of a vector, as rows; with_replacement: an element may be taken several times.

    >>> import leafgrad as torch
    >>> torch.combinations(torch.tensor([1, 2, 3]))
    tensor([[1, 2],
            [1, 3],
            [2, 3]])
    """
    need_tensor("combinations", input)
    _vector(input)
    r = integer("combinations", r, "r", 2)
    if r < 0:
        raise RuntimeError(messages.COMBINATIONS_NEGATIVE.format(r=r))
    if r == 0:
        return wrap(np.empty(0, input._data.dtype))
    n = input._data.size
    places = grid([wrap(np.arange(n))] * r)
    mask = np.ones((n,) * r, bool)
    for a, b in pairwise(places):
        mask &= a._data <= b._data if with_replacement else a._data < b._data
    return stack([select(x, wrap(mask)) for x in grid([input] * r)], 1)


_unravel = primitive(
    "unravel_index",
    lambda indices, /, steps, shape: (indices[..., None] // steps % shape).astype(indices.dtype),
    batch=lambda indices, steps, shape: _unravel(indices, steps, shape),
)


@public(method=False)
def unravel_index(indices: Tensor, shape: Any) -> tuple[Tensor, ...]:
    """Positions in a flattened tensor of this shape as one index for each dimension.

    >>> import leafgrad as torch
    >>> torch.unravel_index(torch.tensor([1, 5]), (2, 3))
    (tensor([0, 1]), tensor([1, 2]))
    """
    need_tensor("unravel_index", indices)
    if indices._data.dtype.kind not in "iu":
        raise TypeError(messages.UNRAVEL_DTYPE.format(dtype=BY_NP[indices._data.dtype]))
    if isinstance(shape, int):
        shape = (shape,)
    elif not isinstance(shape, tuple | list) or not all(isinstance(n, int) for n in shape):
        raise TypeError(messages.UNRAVEL_SHAPE.format(type=type(shape)))
    if any(n < 0 for n in shape):
        raise ValueError(messages.UNRAVEL_NEGATIVE.format(shape=tuple(shape)))
    steps = np.array([*contiguous(tuple(shape))], np.int64) if shape else np.empty(0, np.int64)
    return unbind(_unravel(indices, steps, np.array(shape, np.int64)), -1)
