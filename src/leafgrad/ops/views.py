"""The rows of the ops that show the same memory in another way: kernels and rules.

The public functions are in shapes.py, orders.py, parts.py and split.py.  What is here takes bare arrays as well as tensors, and
is what derivative rules use: `view`, `reshape`, `expand`, `permute`, `transpose`, `select`, `slice_of`, ...
"""

from math import prod
from typing import Any

import numpy as np

from ..base import messages
from ..op.record import stacking
from ..tensor.kinds import primitive
from ..tensor.tensor import Tensor, wrap
from ..tensor.view import moved
from ..tensor.view import view as view_row
from ..values import copies, reductions, strides
from ..values.buffers import zeros
from ..values.device import contiguous_format, preserve_format

ndarray = np.ndarray
_ALL: Any = slice(None)


def zeros_of(like: Any, shape: tuple) -> Any:
    """Zeros of this shape, of the dtype and kind (array or tensor) of `like`."""
    if isinstance(like, Tensor):
        return wrap(zeros(shape, like._data.dtype))
    return zeros(shape, like.dtype)


def after(dim: Any) -> Any:
    """A dimension, or several, of a sample, counted in the whole batch, whose first axis the samples make."""
    if type(dim) in (tuple, list, range):
        return tuple([after(d) for d in dim])
    return dim + 1 if dim >= 0 else dim


# --- shapes ---


def shape_for(size: tuple[int, ...], count: int) -> tuple[int, ...]:
    """A shape for `count` elements, the one -1 in it replaced; RuntimeError if there is none."""
    at, known = -1, 1
    for i, n in enumerate(size):
        if n >= 0:
            known *= n
        elif n != -1:
            raise RuntimeError(messages.VIEW_NEGATIVE.format(n=n, index=i, shape=list(size)))
        elif at >= 0:
            raise RuntimeError(messages.VIEW_TWO)
        else:
            at = i
    if at < 0:
        if known == count:
            return size
    elif known:
        if not count % known:
            return (*size[:at], count // known, *size[at + 1 :])
    elif not count:
        raise RuntimeError(messages.VIEW_AMBIGUOUS.format(shape=list(size)))
    raise RuntimeError(messages.VIEW_SHAPE.format(shape=list(size), count=count))


def _view(self: ndarray, size: tuple) -> ndarray:
    found = strides.reshape_view(self, shape_for(size, self.size))
    if found is None:
        raise RuntimeError(messages.VIEW_STRIDE)
    return found


def _reshape_samples(self: Any, size: tuple) -> Any:
    """The batch rule of whatever only changes the shape; another copy where the samples lie so that there is no view."""
    shape = self._data.shape
    return reshape(self, (shape[0], *shape_for(size, prod(shape[1:]))))


_in_shape = stacking(
    lambda grad, self_sym_sizes: reshape(grad, self_sym_sizes),
    lambda grad, self_sym_sizes: grad.reshape(len(grad), *self_sym_sizes),
)
view = view_row("view", _view, _in_shape, batch=_reshape_samples)
reshape_alias = view_row(
    "_reshape_alias",
    _view,
    _in_shape,
    node="ReshapeAliasBackward0",
    batch=_reshape_samples,
)
unsafe_view = moved(
    "_unsafe_view", lambda self, size: self.reshape(size), _in_shape,
    node="UnsafeViewBackward0", batch=_reshape_samples,
)  # fmt: skip


def _clone(self: ndarray, memory_format: Any) -> ndarray:
    if memory_format is contiguous_format:
        return copies.copy(self)
    if memory_format in (None, preserve_format):
        return strides.preserved(self)
    return strides.laid(self, strides.channels_last(self.shape))


clone = moved(
    "clone",
    _clone,
    lambda grad: grad,
    batch=lambda self, memory_format: clone(self, memory_format and contiguous_format),
)


def reshape(x: Any, size: tuple) -> Any:
    """x in another shape: a view if there is one, else a copy."""
    if not isinstance(x, Tensor):
        return np.asarray(x).reshape(size)
    shape = shape_for(size, x._data.size)
    if strides.reshape_view(x._data, shape) is not None:
        return view(x, shape) if x._data.flags.c_contiguous else reshape_alias(x, shape)
    return unsafe_view(clone(x, contiguous_format), shape)


def _stretched(shape: tuple, target: tuple) -> tuple[int, ...]:
    """The axes along which `target` was broadcast to `shape`."""
    lead = len(shape) - len(target)
    return (*range(lead), *[i + lead for i, n in enumerate(target) if n != shape[i + lead]])


_summed = primitive(
    "sum_to_size", lambda self, /, dim, keepdim: reductions.sum(self, dim, True), node="SumBackward1",
    jvp=lambda tangents, self, dim, keepdim, result: _summed(tangents[0], dim, keepdim),
    vjp={"self": lambda grad, self_sym_sizes: expand(grad, self_sym_sizes)},
)  # fmt: skip


_summed_up = primitive(
    "sum_all", lambda self, /: reductions.sum(self), node="SumBackward0", linear=True,
    vjp={"self": lambda grad, self_sym_sizes: expand(grad, self_sym_sizes)},
    batch=lambda self: _summed_samples(self),
)  # fmt: skip


def _summed_samples(x: Any) -> Any:
    """Each sample's sum."""
    shape = x._data.shape
    return reshape(_summed(x, tuple(range(1, len(shape))), True), shape[:1]) if len(shape) > 1 else x


def sum_to_size(x: Any, shape: tuple) -> Any:
    """x summed over the axes along which `shape` was broadcast; x itself if it was not."""
    if x.shape == shape:
        return x
    if not shape:
        return _summed_up(x)
    axes = _stretched(x.shape, shape)
    total = _summed(x, axes, True) if axes else x
    return total if total.shape == shape else view(total, shape)


_summed.op.public = sum_to_size


def _expand_samples(self: Any, shape: tuple) -> Any:
    own = self._data.shape
    return expand(reshape(self, (own[0], *(1,) * (len(shape) + 1 - len(own)), *own[1:])), (own[0], *shape))


expand = view_row(
    "expand",
    strides.expand,
    stacking(
        lambda grad, self_sym_sizes: sum_to_size(grad, self_sym_sizes), lambda grad, self_sym_sizes: grad
    ),
    batch=_expand_samples,
)


def _squeeze(self: ndarray, dims: Any) -> ndarray:
    shape, steps = self.shape, strides.in_bytes(self)
    keep = [i for i, n in enumerate(shape) if n != 1 or i not in dims]
    return strides.window(self, tuple([shape[i] for i in keep]), tuple([steps[i] for i in keep]))


def _squeeze_dim(self: ndarray, dim: int) -> ndarray:
    if not self.ndim or self.shape[dim] != 1:
        return self[...]
    return self[(*(_ALL,) * (dim % self.ndim), 0, ...)]


squeeze_all = view_row(
    "squeeze",
    lambda self: _squeeze(self, range(self.ndim)),
    _in_shape,
    batch=lambda self: squeeze_dims(self, tuple(range(1, self._data.ndim))),
)
_unsqueezed = stacking(
    lambda grad, dim, self_sym_sizes: reshape(grad, self_sym_sizes),
    lambda grad, dim, self_sym_sizes: grad.reshape(len(grad), *self_sym_sizes),
)
squeeze = view_row(
    "squeeze",
    _squeeze_dim,
    _unsqueezed,
    node="SqueezeBackward1",
)
squeeze_dims = view_row(
    "squeeze", lambda self, dim: _squeeze(self, [d % self.ndim for d in dim] if self.ndim else ()),
    _unsqueezed, node="SqueezeBackward2",
)  # fmt: skip
unsqueeze = view_row(
    "unsqueeze",
    lambda self, dim: strides.unsqueeze(self, dim % (self.ndim + 1)),
    stacking(
        lambda grad, dim: squeeze(grad, dim),
        lambda grad, dim: _squeeze_dim(grad, dim + 1 if dim >= 0 else dim),
    ),
    batch=lambda self, dim: unsqueeze(self, after(dim)),
)
alias = view_row("alias", lambda self: self[...], lambda grad: grad, batch=lambda self: alias(self))

# --- orders of dimensions ---


def inverse(dims: tuple[int, ...]) -> tuple[int, ...]:
    """The order of dimensions that undoes `dims`."""
    n = len(dims)
    out = [0] * n
    for i, d in enumerate(dims):
        out[d % n] = i
    return tuple(out)


def _transpose(self: ndarray, dim0: int, dim1: int) -> ndarray:
    return self.swapaxes(dim0, dim1) if self.ndim else self[...]


permute = view_row(
    "permute", lambda self, dims: self.transpose(dims),
    stacking(
        lambda grad, dims: permute(grad, inverse(dims)),
        lambda grad, dims: grad.transpose(0, *after(inverse(dims))),
    ),
    batch=lambda self, dims: permute(self, (0, *after(dims))),
)  # fmt: skip
transpose = view_row(
    "transpose", _transpose,
    stacking(
        lambda grad, dim0, dim1: transpose(grad, dim0, dim1),
        lambda grad, dim0, dim1: grad.swapaxes(*after((dim0, dim1))) if grad.ndim > 1 else grad,
    ),
)  # fmt: skip
t = view_row(
    "t", lambda self: self.T,
    stacking(lambda grad: t(grad), lambda grad: grad.swapaxes(1, 2) if grad.ndim == 3 else grad),
    batch=lambda self: alias(self) if self._data.ndim < 3 else transpose(self, 1, 2),
)  # fmt: skip

# --- parts ---


def _select(self: ndarray, dim: int, index: int) -> ndarray:
    if not self.size:
        return strides.pick(self, dim % self.ndim, index)
    return self[(*(_ALL,) * (dim % self.ndim), index, ...)]


def _select_backward(grad: ndarray, /, sizes: tuple, dim: int, index: int) -> ndarray:
    out = zeros(sizes, grad.dtype)
    _select(out, dim, index)[...] = grad
    return out


select_backward = primitive(
    "select_backward",
    _select_backward,
    vjp={"grad": lambda grad, dim, index: select(grad, dim, index)},
    linear=True,
    batch=lambda grad, sizes, dim, index, samples: select_backward(
        grad, (samples, *sizes), after(dim), index
    ),
)
select = view_row(
    "select",
    _select,
    lambda grad, dim, index, self_sym_sizes: select_backward(grad, self_sym_sizes, dim, index),
)


def _slice(self: ndarray, dim: int, start: int, end: int, step: int) -> ndarray:
    return strides.cut(self, dim % self.ndim, start, end, step)


def _slice_backward(grad: ndarray, /, sizes: tuple, dim: int, start: int, end: int, step: int) -> ndarray:
    out = zeros(sizes, grad.dtype)
    _slice(out, dim, start, end, step)[...] = grad
    return out


slice_backward = primitive(
    "slice_backward", _slice_backward,
    vjp={"grad": lambda grad, dim, start, end, step: slice_of(grad, dim, start, end, step)}, linear=True,
    batch=lambda grad, sizes, dim, start, end, step, samples: slice_backward(grad, (samples, *sizes), after(dim), start, end, step),
)  # fmt: skip
slice_of = view_row(
    "slice", _slice,
    lambda grad, dim, start, end, step, self_sym_sizes: slice_backward(grad, self_sym_sizes, dim, start, end, step),
)  # fmt: skip


def _diagonal(self: ndarray, offset: int, dim1: int, dim2: int) -> ndarray:
    return strides.diagonal(self, offset, dim1, dim2)


def _diagonal_backward(grad: ndarray, /, sizes: tuple, offset: int, dim1: int, dim2: int) -> ndarray:
    out = zeros(sizes, grad.dtype)
    strides.diagonal(out, offset, dim1, dim2)[...] = grad
    return out


diagonal_backward = primitive(
    "diagonal_backward", _diagonal_backward,
    vjp={"grad": lambda grad, offset, dim1, dim2: diagonal(grad, offset, dim1, dim2)}, linear=True,
    batch=lambda grad, sizes, offset, dim1, dim2, samples: diagonal_backward(
        grad, (samples, *sizes), offset, after(dim1), after(dim2)
    ),
)  # fmt: skip
diagonal = view_row(
    "diagonal", _diagonal,
    lambda grad, offset, dim1, dim2, self_sym_sizes: diagonal_backward(grad, self_sym_sizes, offset, dim1, dim2),
)  # fmt: skip


def _unfold(self: ndarray, dimension: int, size: int, step: int) -> ndarray:
    return strides.unfold(self, dimension % self.ndim if self.ndim else 0, size, step)


def _unfold_backward(grad: ndarray, /, sizes: tuple, dimension: int, size: int, step: int) -> ndarray:
    out = zeros(sizes, grad.dtype)
    windows = _unfold(out, dimension, size, step)
    if step >= size:  # they do not overlap
        windows[...] = grad
        return out
    for k in range(size):  # the k-th elements of all windows lie apart
        windows[..., k] += grad[..., k]
    return out


def _unfold_samples(self: Any, dimension: int, size: int, step: int) -> Any:
    if self._data.ndim > 1:
        return unfold(self, after(dimension), size, step)
    return select(unfold(unsqueeze(self, 1), 1, size, step), 1, 0)


unfold_backward = primitive(
    "unfold_backward", _unfold_backward,
    vjp={"grad": lambda grad, dimension, size, step: unfold(grad, dimension, size, step)}, linear=True,
    batch=lambda grad, sizes, dimension, size, step, samples: unfold_backward(
        grad, (samples, *sizes), after(dimension), size, step
    ) if sizes else reshape(grad if size else zeros_of(grad, (samples,)), (samples,)),
)  # fmt: skip
unfold = view_row(
    "unfold", _unfold,
    lambda grad, dimension, size, step, self_sym_sizes: unfold_backward(grad, self_sym_sizes, dimension, size, step),
    batch=_unfold_samples,
)  # fmt: skip

# --- any window on the storage ---
# Note [Gradient of as_strided]
# Elements of the window may share places in memory, and so may elements of the input.  So the gradient goes through a picture of
# the memory: the window's gradient is added up there, and each element of the input takes what lies in its place; where k
# elements of the input share it, a k-th of that, as a change of the place is the change of them all.


def _restrided(
    grad: ndarray, /, source: strides.Geometry, target: strides.Geometry, origin: strides.Geometry
) -> ndarray:
    """`grad`, laid out in memory as `source` says, read as `target` says; places are shared as `origin` says."""
    first = min(source[2], target[2])
    source, target, origin = [
        (size, stride, offset - first) for size, stride, offset in (source, target, origin)
    ]
    extent = max([offset + strides.extent(size, stride) for size, stride, offset in (source, target)])
    memory = zeros((extent,), grad.dtype)
    if strides.overlaps(*source[:2]):
        np.add.at(memory, strides.at(np.arange(extent), source), grad)
    else:
        strides.at(memory, source)[...] = grad
    if strides.overlaps(*origin[:2]):
        count = np.bincount(strides.at(np.arange(extent), origin).ravel(), minlength=extent)
        memory /= np.maximum(count, 1).astype(memory.real.dtype)
    return strides.at(memory, target).copy()


def _restrided_samples(grad: Any, source: tuple, target: tuple, origin: tuple, samples: int) -> Any:
    """The memories of the samples lie one after the other."""
    first = min(source[2], target[2])
    end = max([offset + strides.extent(size, stride) for size, stride, offset in (source, target, origin)])
    return restrided(
        grad,
        *[
            ((samples, *size), (end - first, *stride), offset)
            for size, stride, offset in (source, target, origin)
        ],
    )


restrided = primitive(
    "as_strided_backward", _restrided, batch=_restrided_samples,
    vjp={"grad": lambda grad, source, target, origin: restrided(grad, target, source, origin)}, linear=True,
)  # fmt: skip


def _as_strided(
    self: ndarray, size: tuple, stride: tuple, storage_offset: int | None, _origin: Any = None
) -> ndarray:
    item = self.itemsize
    skip = 0 if storage_offset is None else (storage_offset - strides.offset(self)) * item
    return strides.window(self, size, tuple([s * item for s in stride]), skip)


def _as_strided_vjp(
    grad: Any, size: tuple, stride: tuple, storage_offset: int | None, _origin: strides.Geometry
) -> Any:
    if 0 in size or 0 in _origin[0]:
        return zeros_of(grad, _origin[0])  # as in torch, a constant
    offset = _origin[2] if storage_offset is None else storage_offset
    return restrided(grad, (size, stride, offset), _origin, _origin)


def _as_strided_samples(self: Any, size: tuple, stride: tuple, storage_offset: int | None) -> Any:
    n, *_ = self._data.shape
    return as_strided(self, (n, *size), (strides.elements(self._data)[0], *stride), storage_offset)


def _as_strided_jvp(
    tangents: Any,
    self: Any,
    size: tuple,
    stride: tuple,
    storage_offset: int | None,
    _origin: Any,
    result: Any,
) -> Any:
    """The same window on the tangent, which is laid out as the tensor is, but begins elsewhere in its memory."""
    t = tangents[0]
    if storage_offset is not None:
        storage_offset += strides.offset(t._data) - strides.offset(self._data)
    return as_strided(t, size, stride, storage_offset)


_as_strided_row = view_row(
    "as_strided", _as_strided, _as_strided_vjp, batch=_as_strided_samples, jvp=_as_strided_jvp
)


def as_strided(
    x: Any, size: tuple, stride: tuple, storage_offset: int | None = None, _origin: Any = None
) -> Any:
    """The window of this size, stride and offset (in elements) on the storage of x."""
    if not isinstance(x, Tensor):
        return _as_strided(x, size, stride, storage_offset)
    return _as_strided_row(x, size, stride, storage_offset, strides.geometry(x._data))


as_strided.op = _as_strided_row.op  # type: ignore[attr-defined]
_as_strided_row.op.public = as_strided


# --- in place: the same kernels and rules, for `turn` ---


def _in_place(row: Any, node: str) -> Any:
    op = row.op
    return view_row(op.name + "_", op.kernel, op.rules[0].fn, node=node, batch=op.batch).op


transpose_in_place = _in_place(transpose, "TransposeBackward1")
t_in_place = _in_place(t, "TBackward1")
unsqueeze_in_place = _in_place(unsqueeze, "UnsqueezeBackward1")
squeeze_all_in_place = _in_place(squeeze_all, "SqueezeBackward3")
squeeze_in_place = _in_place(squeeze, "SqueezeBackward4")
squeeze_dims_in_place = _in_place(squeeze_dims, "SqueezeBackward5")
as_strided_in_place = _in_place(_as_strided_row, "AsStridedBackward1")
