"""Gradients of what picks elements by index along a dimension: max and min with `dim`, sort, topk, median,
mode, kthvalue, cummax.
"""

from typing import Any

import numpy as np

from ..op.record import alike
from ..tensor.kinds import primitive
from ..values import gather, places
from ..values.buffers import zeros
from .views import after, alias

ndarray = np.ndarray


def _kept(array: ndarray, dim: int, keepdim: bool) -> ndarray:
    return array if keepdim else np.expand_dims(array, dim)


def _pick(self: ndarray, indices: ndarray, /, dim: int, keepdim: bool) -> ndarray:
    if not self.ndim:
        return self.copy()
    dim %= self.ndim
    found = places.pick(self, _kept(indices, dim, keepdim), dim)
    return found.reshape(indices.shape)


def _place(self: ndarray, indices: ndarray, /, dim: int, keepdim: bool, sizes: tuple) -> ndarray:
    if not sizes:
        return self.reshape(()).copy()
    dim %= len(sizes)
    return places.place(_kept(self, dim, keepdim), _kept(indices, dim, keepdim), dim, sizes)


pick: Any = primitive(
    "_pick", _pick,
    vjp={
        "self": lambda grad, indices, dim, keepdim, self_sym_sizes: place(
            grad, indices, dim, keepdim, self_sym_sizes
        )
    },
    node="GatherBackward0",
    batch=lambda self, indices, dim, keepdim: pick(self, indices, after(dim), keepdim) if self._data.ndim > 1 else alias(self),
)  # fmt: skip
place: Any = primitive(
    "_place", _place,
    vjp={"self": lambda grad, indices, dim, keepdim: pick(grad, indices, dim, keepdim)},
    node="ScatterBackward0",
    batch=lambda self, indices, dim, keepdim, sizes, samples: place(
        self, indices, after(dim), keepdim, (samples, *sizes)
    ) if sizes else alias(self),
)  # fmt: skip


# The same where an element may be picked more than once; indices have the dimensions of the array.


def _gather(self: ndarray, indices: ndarray, /, dim: int) -> ndarray:
    return places.pick(self, indices, dim % (self.ndim or 1))


def _add_up(self: ndarray, indices: ndarray, /, dim: int, sizes: tuple) -> ndarray:
    return gather.scatter_add(zeros(sizes, self.dtype), dim, indices, self)


pick_many: Any = primitive(
    "_pick_many", _gather,
    vjp={"self": lambda grad, indices, dim, self_sym_sizes: add_up(grad, indices, dim, self_sym_sizes)},
    node="GatherBackward0", batch=alike,
)  # fmt: skip
add_up: Any = primitive(
    "_add_up", _add_up, vjp={"self": lambda grad, indices, dim: pick_many(grad, indices, dim)},
    node="ScatterAddBackward0", batch=alike,
)  # fmt: skip


def pick_back(grad: Any, indices: Any, dim: int, keepdim: bool, self_sym_sizes: tuple) -> Any:
    """The rule of an op with (values, indices) and the params dim and keepdim."""
    return place(grad, indices, dim, keepdim, self_sym_sizes)
