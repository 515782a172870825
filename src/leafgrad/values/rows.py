"""Whole rows along a dimension: index_select, index_add, index_copy, index_fill; embedding, its backward."""

from math import prod
from typing import Any

import numpy as np
from numpy import ndarray

from ..base import messages
from . import dtype as dtypes
from .accumulate import add_along, add_rows
from .arguments import axis, first_bad, number, sizes, type_name, writable
from .blocks import fresh, narrow, spread
from .buffers import zeros
from .copies import contiguous, copy, copy_into
from .gather import put_along

LARGE = 1 << 14  # elements; in so large an array a row in pieces of fewer than
NARROW = 16  # elements is written element by element
MOST = 16  # if one in so many rows is filled, all elements are written anew
BLOCK = 1 << 15  # elements that stay in the cache between two steps


def index_select(x: ndarray, dim: int, index: ndarray) -> ndarray:
    """The rows of x along `dim` that `index` (int32 or int64, at most 1-dim) names, as a new array.

    >>> index_select(np.arange(6).reshape(2, 3), 1, np.array([2, 0]))
    array([[2, 0],
           [5, 3]])
    """
    dim = axis(dim, x.ndim)
    if index.ndim > 1:
        raise IndexError(messages.ROWS_VECTOR)
    if x.ndim == 0 and index.size != 1:
        raise RuntimeError(messages.ROWS_SCALAR.format(n=index.size))
    if index.dtype.char not in "ilq":
        raise RuntimeError(messages.ROWS_DTYPE)
    if not index.ndim:
        index = index.reshape(1)
    try:  # NumPy checks the upper end
        if index.size and x.size and x.ndim and x.flags.c_contiguous and np.minimum.reduce(index) >= 0:
            return x.take(index, dim)
    except IndexError:
        pass
    bad = first_bad(index, 0, x.shape[dim] if x.ndim else 1)
    if bad is not None:
        raise _out_of_range(x, dim, bad)
    if not x.ndim:
        return x.copy()
    if not x.flags.c_contiguous and x.shape[dim] > 4 * len(index):  # `take` would copy all of x
        return np.ascontiguousarray(x[(slice(None),) * dim + (index,)])
    return x.take(index, dim)


def _out_of_range(x: ndarray, dim: int, index: int) -> Exception:
    if x.ndim > 1 and x.shape[dim] == 0:
        return RuntimeError(messages.ROWS_EMPTY)
    if x.ndim > 1 and (x.size == 0 or dim == 1):
        return RuntimeError(messages.ROWS_RANGE_AXIS.format(index=index, size=x.shape[dim]))
    return IndexError(messages.ROWS_RANGE)


def index_add(
    x: ndarray, dim: int, index: ndarray, source: ndarray, alpha: Any = 1, out: ndarray | None = None
) -> ndarray:
    """x with `alpha * source` added to the rows along `dim` that `index` names; repeated rows add up.

    With `out`, which must be x, the write is in place.

    >>> index_add(np.zeros((3, 2)), 0, np.array([2, 2]), np.ones((2, 2))).tolist()
    [[0.0, 0.0], [0.0, 0.0], [2.0, 2.0]]
    """
    dim = axis(dim, x.ndim)
    if index.ndim > 1:
        words = {"ndim": index.ndim, "type": type_name(index), "size": sizes(index.shape)}
        raise IndexError(messages.ADD_VECTOR.format(**words))
    if index.dtype.char not in "ilq":
        raise RuntimeError(messages.ADD_DTYPE.format(type=type_name(index)))
    if x.dtype != source.dtype:
        raise RuntimeError(messages.ADD_SOURCE.format(self=type_name(x), source=type_name(source)))
    if dim and dim >= source.ndim:
        raise RuntimeError(messages.ADD_DIM.format(dim=dim, ndim=source.ndim))
    if source.ndim == 0 and index.size != 1:
        raise IndexError(messages.NO_DIMENSIONS.format(dim=dim))
    n = source.shape[dim] if source.ndim else 1
    if index.size != n:
        raise RuntimeError(messages.ADD_NUMBER.format(n=index.size, size=n, dim=dim))
    if _without(x.shape, dim) != _without(source.shape, dim) or x.ndim != source.ndim:
        raise RuntimeError(messages.ADD_SHAPE.format(self=sizes(x.shape), source=sizes(source.shape)))
    factor = number(alpha, x.dtype)
    if out is not None:
        writable(out, index, source)
    size = x.shape[dim] if x.ndim else 1
    if (source.size and x.size) or x.ndim < 2:
        bad = first_bad(index, 0, size)
        if bad is not None:
            if factor == 1 and x.ndim > 1 and dim in (0, x.ndim - 1) and index.dtype.char != "i":
                raise RuntimeError(messages.INDEX_BOUNDS.format(index=bad, dim=dim, size=size))
            raise IndexError(messages.ROWS_RANGE)
    if out is None:
        out = copy(x)
    if not source.size or not x.size:
        return out
    rows = source if factor == 1 else source * factor
    _add(out, dim, index.reshape(-1), rows)
    return out


def _without(shape: tuple[int, ...], dim: int) -> tuple[int, ...]:
    return shape[:dim] + shape[dim + 1 :]


def _add(out: ndarray, dim: int, index: ndarray, rows: ndarray) -> None:
    shape = out.shape or (1,)
    target = contiguous(out)
    before, size, after = prod(shape[:dim]), shape[dim], prod(shape[dim + 1 :])
    add_along(target.reshape(before, size, after), index, contiguous(rows).reshape(before, -1, after))
    if target is not out:
        copy_into(out, target)


def index_copy(x: ndarray, dim: int, index: ndarray, source: ndarray, out: ndarray | None = None) -> ndarray:
    """x with the rows along `dim` that `index` (int64) names taken from `source`; `out` as for `index_add`.

    >>> index_copy(np.zeros(3), 0, np.array([2, 0]), np.array([5.0, 6.0]))
    array([6., 0., 5.])
    """
    dim = axis(dim, x.ndim)
    if index.ndim > 1:
        raise IndexError(messages.COPY_VECTOR.format(ndim=index.ndim))
    if source.ndim == 0 and index.size != 1:
        raise IndexError(messages.COPY_SCALAR.format(n=index.size))
    if x.ndim and source.ndim and x.ndim != source.ndim:
        raise IndexError(messages.COPY_DIMS.format(self=x.ndim, source=source.ndim))
    if index.dtype.char not in "lq":
        raise RuntimeError(messages.LONG_INDEX.format(op="index_copy_", type=type_name(index)))
    if x.dtype != source.dtype:
        raise RuntimeError(messages.COPY_SOURCE.format(self=type_name(x), source=type_name(source)))
    row, given = _without(x.shape, dim), _without(source.shape, dim)
    if row != given:
        words = {"self": " ".join(map(str, row)), "source": " ".join(map(str, given)), "dim": dim}
        raise RuntimeError(messages.COPY_SHAPE.format(**words))
    n = source.shape[dim] if source.ndim else 1
    if index.size != n:
        raise IndexError(messages.COPY_NUMBER.format(n=index.size, size=n))
    if out is not None:
        writable(out, index, source)
    if source.size:
        _check_bounds(index, 0, x, dim, messages.COPY_BOUNDS)
    if out is None:
        out = copy(x)
    if source.size:
        _write(out, dim, index.reshape(-1), source)
    return out


def index_fill(x: ndarray, dim: int, index: ndarray, value: Any, out: ndarray | None = None) -> ndarray:
    """x with the rows along `dim` that `index` names filled with a number or 0-dim array.

    `index` is int64; negative ones count from the end.  `out` as for `index_add`.

    >>> index_fill(np.zeros(3), 0, np.array([0, -1]), 7)
    array([7., 0., 7.])
    """
    dim = axis(dim, x.ndim)
    if isinstance(value, ndarray) and value.ndim:
        raise RuntimeError(messages.FILL_VALUE.format(op="index_fill_", ndim=value.ndim))
    if index.dtype.char not in "lq":
        raise IndexError(messages.FILL_DTYPE)
    if index.ndim > 1:
        raise RuntimeError(messages.FILL_VECTOR)
    is_complex = isinstance(value, complex) or (isinstance(value, ndarray) and value.dtype.kind == "c")
    if is_complex and x.dtype.kind != "c":
        raise RuntimeError(messages.FILL_COMPLEX)
    fill = number(value, x.dtype)
    if out is not None:
        writable(out, index, expanded="index_fill_")
    size = x.shape[dim] if x.ndim else 1
    if x.size or not size:
        _check_bounds(index, -size, x, dim, messages.INDEX_BOUNDS)
    index = index.reshape(-1) % (size or 1)
    many = dim and x.size >= LARGE and len(index) > size // MOST and prod(x.shape[dim + 1 :]) < NARROW
    if many and x.itemsize <= 8 and x.flags.c_contiguous:
        return _fill_columns(x, dim, index, fill, out)
    if out is None:
        out = x.copy("K")
    if x.size:
        _write(out, dim, index, fill)
    return out


def _fill_columns(x: ndarray, dim: int, index: ndarray, fill: Any, out: ndarray | None) -> ndarray:
    """`index_fill` where rows are narrow and many: each element is erased or not, bit by bit, then filled or not."""
    if out is None:
        out = fresh(x.shape, x.dtype)
    cell = np.dtype(f"i{x.itemsize}")
    kept, bits = np.full(x.shape[dim:], -1, cell), np.zeros(x.shape[dim:], cell)
    kept[index], bits[index] = 0, np.asarray(fill).view(cell)
    kept, bits = kept.reshape(-1), bits.reshape(-1)
    source, target = x.view(cell).reshape(-1, len(kept)), out.view(cell).reshape(-1, len(kept))
    step = max(1, BLOCK // len(kept))

    def task(start: int, stop: int) -> None:
        for i in range(start, stop, step):
            j = min(i + step, stop)
            np.bitwise_and(source[i:j], kept, out=target[i:j])
            np.bitwise_or(target[i:j], bits, out=target[i:j])

    spread(narrow(task, len(kept)), len(source), x.nbytes)
    return out


def _check_bounds(index: ndarray, low: int, x: ndarray, dim: int, message: str) -> None:
    size = x.shape[dim] if x.ndim else 1
    bad = first_bad(index, low, size)
    if bad is not None:
        raise IndexError(message.format(index=bad, dim=dim, size=size))


def _write(out: ndarray, dim: int, index: ndarray, source: Any) -> None:
    """Rows of an array, or one number, to the places along `dim` that a checked index names."""
    target = out if out.ndim else out.reshape(1)
    if isinstance(source, ndarray) and source.ndim != target.ndim:
        source = source.reshape(len(index))
    if dim and target.size >= LARGE and prod(target.shape[dim + 1 :]) < NARROW:
        at = index.reshape((-1,) + (1,) * (target.ndim - 1 - dim))
        shape = (*target.shape[:dim], len(index), *target.shape[dim + 1 :])
        put_along(target, dim, np.broadcast_to(at, shape), source)
    else:
        target[(slice(None),) * dim + (index,)] = source


# --- embedding ---


def embedding(weight: ndarray, indices: ndarray) -> ndarray:
    """The rows of `weight` (n, width) that `indices` (int32 or int64) name: an array (*indices.shape, width).

    >>> embedding(np.eye(3), np.array([[2, 0]])).tolist()
    [[[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]]
    """
    if weight.ndim != 2:
        raise RuntimeError(messages.EMBEDDING_WEIGHT)
    _check_indices(indices, 1, "embedding")
    return index_select(weight, 0, indices.reshape(-1)).reshape(*indices.shape, weight.shape[1])


def _check_indices(indices: ndarray, n: int, op: str) -> None:
    if indices.dtype.char in "ilq":
        return
    d = dtypes.of(indices.dtype)
    old = d.name in ("uint8", "int8", "int16", "float16", "float32", "float64")
    name = d.tensor_type if old else f"CPU{d.type_name}Type"
    raise RuntimeError(messages.EMBEDDING_INDICES.format(n=n, type=name, op=op))


def embedding_backward(
    grad: ndarray, indices: ndarray, num_weights: int, padding_idx: int = -1, scale_grad_by_freq: bool = False
) -> ndarray:
    """The gradient of the weight of `embedding`: for each row the sum of grad where it was taken.

    The row `padding_idx` gets none; with `scale_grad_by_freq` a sum is divided by how often its row is taken.

    >>> embedding_backward(np.ones((3, 2)), np.array([1, 1, 0]), 3).tolist()
    [[1.0, 1.0], [2.0, 2.0], [0.0, 0.0]]
    """
    _check_indices(indices, 2, "embedding_backward")
    index = indices.reshape(-1)
    rows = contiguous(grad).reshape(len(index), grad.shape[-1])
    if first_bad(index, 0, num_weights) is not None:
        raise IndexError(messages.ROWS_RANGE)
    if padding_idx >= 0:
        kept = np.flatnonzero(index != padding_idx)
        if len(kept) < len(index):
            index, rows = index[kept], rows.take(kept, 0)
    if scale_grad_by_freq:
        scale = 1 / np.bincount(index, minlength=num_weights)[index]
        rows = rows * scale.astype(rows.dtype)[:, None]
    out = zeros((num_weights, rows.shape[1]), rows.dtype)
    add_rows(out, index, rows, fresh=True)
    return out
