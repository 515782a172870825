"""A copy with one part replaced: select_scatter, slice_scatter, diagonal_scatter, as_strided_scatter."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ..base import messages
from ..op.table import public
from ..tensor.kinds import primitive
from ..tensor.numpy_names import by_numpy_name
from ..tensor.tensor import Tensor
from ..values import strides
from ..values.arguments import INT64_MAX
from . import views
from .arguments import integer, need_tensor, wrap_dim
from .outs import check_out
from .parts import diagonal_dims, select_index, window
from .samples import aligned
from .views import after, zeros_of

ndarray = np.ndarray


def _replaced(self: ndarray, src: ndarray, view: Callable, *params: Any) -> ndarray:
    out = strides.preserved(self)
    np.copyto(view(out, *params), src, casting="unsafe")
    return out


def _samples_of(src: Tensor, ndim: int) -> Tensor:
    """A batch of sources for views of `ndim` dimensions, the batch's among them; where they are single numbers, as such."""
    n = src._data.shape[0]
    return views.reshape(src, (n, *(1,) * (ndim - 1))) if src._data.ndim == 1 < ndim else src


select_row = primitive(
    "select_scatter", lambda self, src, /, dim, index: _replaced(self, src, views.select, dim, index), linear=True,
    vjp={
        "self": lambda grad, dim, index: select_row(grad, zeros_of(grad, ()), dim, index),
        "src": lambda grad, dim, index: views.select(grad, dim, index),
    },
    batch=lambda self, src, dim, index: select_row(
        self, _samples_of(src, self._data.ndim - 1), after(dim), index
    ),
)  # fmt: skip
slice_row = primitive(
    "slice_scatter", lambda self, src, /, dim, start, end, step: _replaced(self, src, views.slice_of, dim, start, end, step),
    vjp={
        "self": lambda grad, dim, start, end, step: slice_row(grad, zeros_of(grad, ()), dim, start, end, step),
        "src": lambda grad, dim, start, end, step: views.slice_of(grad, dim, start, end, step),
    },
    batch=lambda self, src, dim, start, end, step: slice_row(
        self, _samples_of(src, self._data.ndim), after(dim), start, end, step
    ),
    linear=True,
)  # fmt: skip
diagonal_row = primitive(
    "diagonal_scatter", lambda self, src, /, offset, dim1, dim2: _replaced(self, src, views.diagonal, offset, dim1, dim2),
    vjp={
        "self": lambda grad, offset, dim1, dim2: diagonal_row(grad, zeros_of(grad, ()), offset, dim1, dim2),
        "src": lambda grad, offset, dim1, dim2: views.diagonal(grad, offset, dim1, dim2),
    },
    batch=lambda self, src, offset, dim1, dim2: diagonal_row(
        self, _samples_of(src, self._data.ndim - 1), offset, after(dim1), after(dim2)
    ),
    linear=True,
)  # fmt: skip


def _strided(
    self: ndarray, src: ndarray, /, size: tuple, stride: tuple, storage_offset: int | None, _layout: tuple
) -> ndarray:
    """`_layout`: the strides and offset of self, for gradients, which are laid out like it before they are looked at."""
    out = _laid(self, _layout)
    strides.at(strides.root(out), (size, stride, _layout[1] if storage_offset is None else storage_offset))[
        ...
    ] = src
    return out


def _laid(values: ndarray, layout: tuple) -> ndarray:
    """A copy in a storage of its own, with these strides and offset."""
    stride, offset = layout[:2]
    memory = np.zeros(max(layout[2], offset + strides.extent(values.shape, stride)), values.dtype)
    out = strides.at(memory, (values.shape, stride, offset))
    out[...] = values
    return out


def _part(
    grad: ndarray, /, size: tuple, stride: tuple, storage_offset: int | None, _layout: tuple
) -> ndarray:
    offset = _layout[1] if storage_offset is None else storage_offset
    return strides.at(strides.root(_laid(grad, _layout)), (size, stride, offset)).copy()


def _apart(sizes: tuple, size: tuple, stride: tuple, storage_offset: int | None, layout: tuple) -> tuple:
    """(size, stride, offset, layout) for samples, each in a storage of its own next to the others'; sizes: (samples, *those of self)."""
    n, *shape = sizes
    own, offset, memory = layout
    memory = max(memory, offset + strides.extent(tuple(shape), own))
    return (
        (n, *size),
        (memory, *stride),
        offset if storage_offset is None else storage_offset,
        ((memory, *own), offset, memory * n),
    )


def _strided_samples(
    self: Any, src: Any, size: tuple, stride: tuple, storage_offset: int | None, _layout: tuple
) -> Any:
    src = aligned(src, len(size))
    return strided_row(self, src, *_apart(self._data.shape, size, stride, storage_offset, _layout))


def _part_samples(grad: Any, size: tuple, stride: tuple, storage_offset: int | None, _layout: tuple) -> Any:
    return strided_part(grad, *_apart(grad._data.shape, size, stride, storage_offset, _layout))


strided_row = primitive(
    "as_strided_scatter", _strided,
    vjp={
        "self": lambda grad, size, stride, storage_offset, _layout: strided_row(
            grad, zeros_of(grad, ()), size, stride, storage_offset, _layout
        ),
        "src": lambda grad, size, stride, storage_offset, _layout: strided_part(grad, size, stride, storage_offset, _layout),
    },
    batch=_strided_samples,
    linear=True,
)  # fmt: skip
strided_part = primitive(
    "as_strided_of", _part,
    vjp={
        "grad": lambda grad, size, stride, storage_offset, _layout, grad_sym_sizes: strided_row(
            zeros_of(grad, grad_sym_sizes), grad, size, stride, storage_offset, _layout
        )
    },
    linear=True, node="AsStridedBackward0", batch=_part_samples,
)  # fmt: skip

# --- the public functions ---


def _check_source(src: Tensor, part: ndarray) -> None:
    if src._data.shape != part.shape:
        raise RuntimeError(messages.SLICE_SOURCE.format(src=list(src._data.shape), slice=list(part.shape)))


def _need_two(op: str, input: Any, src: Any) -> None:
    need_tensor(op, input)
    need_tensor(op, src, "src", 1)


@public()
def select_scatter(input: Tensor, src: Tensor, dim: int, index: int, *, axis: Any = None) -> Tensor:
    """A copy with `select(dim, index)` replaced by `src`.

    >>> import leafgrad as torch
    >>> torch.zeros(2, 2).select_scatter(torch.ones(2), 0, 1)
    tensor([[0., 0.],
            [1., 1.]])
    """
    _need_two("select_scatter", input, src)
    dim = dim if axis is None else by_numpy_name("axis", axis, dim)
    dim, index = integer("select_scatter", dim, "dim", 3), integer("select_scatter", index, "index", 4)
    select_index(input, dim, index)
    _check_source(src, views.select(input._data, dim, index))
    return select_row(input, src, dim, index)


@public()
def slice_scatter(
    input: Tensor, src: Tensor, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1, *,
    out: Tensor | None = None, axis: Any = None,
) -> Tensor:  # fmt: skip
    """A copy with the slice [start:end:step] of dimension `dim` replaced by `src`.

    >>> import leafgrad as torch
    >>> torch.zeros(4).slice_scatter(torch.ones(2), start=1, end=3)
    tensor([0., 1., 1., 0.])
    """
    op = "slice_scatter"
    _need_two(op, input, src)
    dim = integer(op, dim if axis is None else by_numpy_name("axis", axis, dim), "dim", 3)
    start = 0 if start is None else integer(op, start, "start", 4)
    end = INT64_MAX if end is None else integer(op, end, "end", 5)
    step = integer(op, step, "step", 6)
    if not input._data.ndim:
        raise IndexError(messages.SLICE_ZERO_DIM)
    wrap_dim(dim, input._data.ndim)
    if step <= 0:
        raise RuntimeError(messages.SLICE_STEP_POSITIVE)
    _check_source(src, views.slice_of(input._data, dim, start, end, step))
    check_out(op, out, input)
    return slice_row(input, src, dim, start, end, step, out=out)


@public()
def diagonal_scatter(input: Tensor, src: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    """A copy with `diagonal(offset, dim1, dim2)` replaced by `src`.

    >>> import leafgrad as torch
    >>> torch.zeros(2, 2).diagonal_scatter(torch.ones(2))
    tensor([[1., 0.],
            [0., 1.]])
    """
    _need_two("diagonal_scatter", input, src)
    params = diagonal_dims("diagonal_scatter", input, offset, dim1, dim2)
    _check_source(src, views.diagonal(input._data, *params))
    return diagonal_row(input, src, *params)


@public()
def as_strided_scatter(
    input: Tensor, src: Tensor, size: Any, stride: Any, storage_offset: int | None = None
) -> Tensor:
    """A copy with the window `as_strided(size, stride, storage_offset)` replaced by `src`.

    >>> import leafgrad as torch
    >>> torch.zeros(4).as_strided_scatter(torch.ones(2), (2,), (2,))
    tensor([1., 0., 1., 0.])
    """
    _need_two("as_strided_scatter", input, src)
    size, stride, storage_offset = window("as_strided_scatter", input, size, stride, storage_offset)
    _check_source(src, views.as_strided(input._data, size, stride, storage_offset))
    layout = (
        strides.elements(input._data),
        strides.offset(input._data),
        strides.storage_bytes(input._data) // input._data.itemsize,
    )
    return strided_row(input, src, size, stride, storage_offset, layout)
