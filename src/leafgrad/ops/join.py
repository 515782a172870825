"""Joining tensors: cat, stack, and what is made of them."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..base import messages
from ..base.state import modes
from ..op.record import Op
from ..op.table import public
from ..tensor.call import apply, record, recording
from ..tensor.misuse import wrong
from ..tensor.node import edge_of
from ..tensor.numpy_names import by_numpy_name
from ..tensor.tensor import Tensor, wrap
from ..tensor.write import into
from ..values import copies, promotion
from ..values.blocks import LARGE
from ..values.dtype import BY_NP, default
from ..values.sequences import c_name as type_name
from . import views
from .arguments import integer, wrap_dim
from .outs import check_alone
from .shapes import atleast_1d, atleast_2d, atleast_3d, reshaped
from .views import reshape, select, slice_of

ndarray = np.ndarray

# --- the rows ---
# Their inputs are a list, so the rule is a joint one: `sizes` says what each tensor contributed.


def _cat(*args: Any) -> ndarray:
    *arrays, dim, sizes = args
    arrays = [x for x, n in zip(arrays, sizes, strict=True) if n is not None]
    return copies.contiguous(copies.cat(arrays, dim % arrays[0].ndim, promotion.common(*args[:-2])))


def _cat_backward(grad: Any, dim: int, sizes: tuple) -> list:
    out, start = [], 0
    for n in sizes:
        empty = n is None or (n == 0 and grad.ndim == 1)  # torch returns plain zeros for an empty vector
        out.append(views.zeros_of(grad, (0,)) if empty else slice_of(grad, dim, start, start + n, 1))
        start += n or 0
    return out


def _stack(*args: Any) -> ndarray:
    *arrays, dim, _ = args
    return copies.contiguous(copies.stack(arrays, dim % (arrays[0].ndim + 1), promotion.common(*arrays)))


_CAT = Op(
    "cat",
    _cat,
    (),
    ("dim", "_sizes"),
    joint=lambda grad, dim, _sizes: _cat_backward(grad, dim, _sizes),
    linear=True,
    batch=lambda tensors, dim, _sizes: cat(
        [x for x, n in zip(tensors, _sizes, strict=True) if n is not None], views.after(dim)
    ),
)
_STACK = Op(
    "stack", _stack, (), ("dim", "_count"),
    joint=lambda grad, dim, _count: [select(grad, dim, i) for i in range(_count)], linear=True,
    batch=lambda tensors, dim: stack(tensors, views.after(dim)),
)  # fmt: skip


def _parts(tensors: Sequence[Any], dim: int) -> tuple[int | None, ...]:
    """What each contributes along `dim`; None for an empty vector, which torch lets pass in any company."""
    vectors = all(x.ndim == 1 for x in tensors)
    return tuple([None if x.shape == (0,) and not vectors else x.shape[dim] for x in tensors])


def cat(tensors: Sequence[Any], dim: int) -> Any:
    """Rule level: tensors or arrays joined along a dimension."""
    return _CAT.public(*tensors, dim, _parts(tensors, dim))


def stack(tensors: Sequence[Any], dim: int) -> Any:
    """Rule level: tensors or arrays of one shape along a new dimension."""
    return _STACK.public(*tensors, dim, len(tensors))


def _either(op: Op) -> Any:
    def call(*args: Any) -> Any:
        if any(isinstance(x, Tensor) for x in args[:-2]):
            return apply(op, args[:-2], args[-2:])
        return op.kernel(*args)

    return call


_CAT.public, _STACK.public = _either(_CAT), _either(_STACK)


# --- cat and stack ---


def tensor_list(op: str, tensors: Any) -> Sequence[Tensor]:
    """A list or tuple of tensors; TypeError if it is none."""
    if not isinstance(tensors, tuple | list):
        raise wrong(op, "tensors", 1, "tuple of Tensors", tensors)
    for i, x in enumerate(tensors):
        if not isinstance(x, Tensor):
            raise TypeError(messages.ELEMENT.format(i=i, position=0, type=type_name(x)))
    return tensors


def _joined(op: str, tensors: Any, dim: Any, out: Tensor | None) -> Tensor:
    tensors = tensor_list(op, tensors)
    if type(dim) is not int:
        dim = integer(op, dim, "dim", 2)
    arrays = [x._data for x in tensors]
    if not arrays:
        raise ValueError(messages.CAT_EMPTY)
    first: Any = None
    for i, x in enumerate(arrays):
        if not x.ndim:
            raise RuntimeError(messages.CAT_SCALAR.format(i=i))
        if first is None and x.shape != (0,):
            first = x
    if first is None:
        return _write_cat(tensors, arrays, 0, (0,) * len(arrays), out)
    at = wrap_dim(dim, first.ndim)
    shape = first.shape
    parts: list[ndarray | None] = []
    for i, x in enumerate(arrays):
        if x.shape == (0,) != shape:
            parts.append(None)
            continue
        if x.ndim != first.ndim:
            raise RuntimeError(messages.CAT_DIMS.format(a=first.ndim, b=x.ndim))
        if x.shape != shape:
            for d, n in enumerate(x.shape):
                if n != shape[d] and d != at:
                    raise RuntimeError(messages.CAT_SIZE.format(dim=at, expected=shape[d], got=n, i=i))
        parts.append(x.shape[at])
    return _write_cat(tensors, arrays, dim, tuple(parts), out)


def _write_cat(tensors: Any, arrays: list, dim: int, parts: tuple, out: Tensor | None) -> Tensor:
    if out is None:
        return apply(_CAT, tensors, (dim, parts), arrays)
    _check_out(out, tensors, arrays)
    return into(out, _CAT, tensors, (dim, parts), arrays)


def _check_out(out: Any, tensors: Any, arrays: list) -> None:
    if not isinstance(out, Tensor):
        raise wrong("cat", "out", None, "Tensor", out)
    if not promotion.can_cast(BY_NP[promotion.common(*arrays)], BY_NP[out._data.dtype]):
        raise TypeError(messages.CAT_CAST.format(want=BY_NP[out._data.dtype].type_name))
    check_alone(out, *tensors)


@public(method=False, name="cat")
def cat_front(tensors: Any, dim: int = 0, *, axis: Any = None, out: Tensor | None = None) -> Tensor:
    """Tensors joined along a dimension; in the others they must agree.  The dtype is what they promote to.

    >>> import leafgrad as torch
    >>> torch.cat([torch.zeros(1, 2), torch.ones(1, 2)])
    tensor([[0., 0.],
            [1., 1.]])
    """
    if out is None and axis is None and not modes:
        joined = _alike(tensors, dim)
        if joined is not None:
            return joined
    return _joined("cat", tensors, dim if axis is None else by_numpy_name("axis", axis, dim), out)


def _alike(tensors: Any, dim: Any) -> Tensor | None:
    """The usual case of `cat`, fast: tensors of one dtype, none of them empty.  None if it is another, or something is wrong."""
    if type(tensors) is not list and type(tensors) is not tuple:
        return None
    try:
        arrays = [x._data for x in tensors]
        dtype = arrays[0].dtype
        size = 0
        for x in arrays:
            if x.dtype is not dtype or not x.size:
                return None
            size += x.size
        if size >= LARGE:
            return None
        data = np.concatenate(arrays, dim)
    except (AttributeError, TypeError, IndexError, ValueError):
        return None
    out = wrap(data if data.flags.c_contiguous else data.copy())
    if dtype.kind in "fcV" and recording():
        edges = tuple([x._node if x._notes is None else edge_of(x) for x in tensors])
        for edge in edges:
            if edge is not None:
                record(_CAT, tensors, (dim, tuple([x.shape[dim] for x in arrays])), edges, out)
                break
    return out


@public(method=False)
def concat(tensors: Any, dim: int = 0, *, axis: Any = None, out: Tensor | None = None) -> Tensor:
    """`cat` under another name.

    >>> import leafgrad as torch
    >>> torch.concat([torch.zeros(1), torch.ones(1)])
    tensor([0., 1.])
    """
    return _joined("concat", tensors, dim if axis is None else by_numpy_name("axis", axis, dim), out)


@public(method=False)
def concatenate(tensors: Any, dim: int = 0, *, axis: Any = None, out: Tensor | None = None) -> Tensor:
    """`cat` under NumPy's name.

    >>> import leafgrad as torch
    >>> torch.concatenate([torch.zeros(1), torch.ones(1)], axis=0)
    tensor([0., 1.])
    """
    return _joined("concatenate", tensors, dim if axis is None else by_numpy_name("axis", axis, dim), out)


@public(method=False, name="stack")
def stack_front(tensors: Any, dim: int = 0, *, axis: Any = None, out: Tensor | None = None) -> Tensor:
    """Tensors of one shape along a new dimension `dim`.

    >>> import leafgrad as torch
    >>> torch.stack([torch.zeros(2), torch.ones(2)], 1)
    tensor([[0., 1.],
            [0., 1.]])
    """
    if out is None and axis is None and not modes:
        stacked = _alike_stacked(tensors, dim)
        if stacked is not None:
            return stacked
    tensors = tensor_list("stack", tensors)
    dim = integer("stack", dim if axis is None else by_numpy_name("axis", axis, dim), "dim", 2)
    if not tensors:
        raise RuntimeError(messages.LIST_EMPTY.format(op="stack"))
    arrays = [x._data for x in tensors]
    shape = arrays[0].shape
    wrap_dim(dim, len(shape) + 1)
    for i, x in enumerate(arrays):
        if x.shape != shape:
            raise RuntimeError(messages.STACK_SIZE.format(first=list(shape), got=list(x.shape), i=i))
    params = (dim, len(arrays))
    if out is None:
        return apply(_STACK, tensors, params, arrays)
    _check_out(out, tensors, arrays)
    return into(out, _STACK, tensors, params, arrays)


def _alike_stacked(tensors: Any, dim: Any) -> Tensor | None:
    """The usual case of `stack`, fast: small tensors of one dtype.  None if it is another, or something is wrong."""
    if type(dim) is not int or (type(tensors) is not list and type(tensors) is not tuple):
        return None
    try:
        arrays = [x._data for x in tensors]
        dtype, shape = arrays[0].dtype, arrays[0].shape
        at = dim + len(shape) + 1 if dim < 0 else dim
        if not 0 <= at <= len(shape) or not arrays[0].size * len(arrays) < LARGE:
            return None
        for x in arrays:
            if x.dtype is not dtype or x.shape != shape:
                return None
        wide = (*shape[:at], 1, *shape[at:])
        data = np.concatenate([x.reshape(wide) for x in arrays], at)
    except (AttributeError, TypeError, IndexError):
        return None
    out = wrap(data if data.flags.c_contiguous else data.copy())
    if dtype.kind in "fcV" and recording():
        edges = tuple([x._node if x._notes is None else edge_of(x) for x in tensors])
        for edge in edges:
            if edge is not None:
                record(_STACK, tensors, (dim, len(arrays)), edges, out)
                break
    return out


def _some(op: str, tensors: Any) -> Sequence[Tensor]:
    tensors = tensor_list(op, tensors)
    if not tensors:
        raise RuntimeError(messages.LIST_EMPTY.format(op=op))
    return tensors


@public(method=False)
def hstack(tensors: Any, *, out: Tensor | None = None) -> Tensor:
    """Tensors side by side: joined along the second dimension, vectors along the first.

    >>> import leafgrad as torch
    >>> torch.hstack([torch.zeros(2), torch.ones(1)])
    tensor([0., 0., 1.])
    """
    parts = [atleast_1d(x) for x in _some("hstack", tensors)]
    return _joined("hstack", parts, 0 if parts[0]._data.ndim == 1 else 1, out)


@public(method=False)
def vstack(tensors: Any, *, out: Tensor | None = None) -> Tensor:
    """Tensors one below the other: joined along the first dimension, vectors as rows.

    >>> import leafgrad as torch
    >>> torch.vstack([torch.zeros(2), torch.ones(2)])
    tensor([[0., 0.],
            [1., 1.]])
    """
    return _joined("vstack", [atleast_2d(x) for x in _some("vstack", tensors)], 0, out)


@public(method=False)
def row_stack(tensors: Any, *, out: Tensor | None = None) -> Tensor:
    """`vstack` under another name.

    >>> import leafgrad as torch
    >>> torch.row_stack([torch.zeros(2), torch.ones(2)]).shape
    torch.Size([2, 2])
    """
    return _joined("vstack", [atleast_2d(x) for x in _some("vstack", tensors)], 0, out)


@public(method=False)
def dstack(tensors: Any, *, out: Tensor | None = None) -> Tensor:
    """Tensors one behind the other: joined along the third dimension.

    >>> import leafgrad as torch
    >>> torch.dstack([torch.zeros(2), torch.ones(2)]).shape
    torch.Size([1, 2, 2])
    """
    return _joined("dstack", [atleast_3d(x) for x in _some("dstack", tensors)], 2, out)


@public(method=False)
def column_stack(tensors: Any, *, out: Tensor | None = None) -> Tensor:
    """Columns side by side: like `hstack`, but vectors become columns.

    >>> import leafgrad as torch
    >>> torch.column_stack([torch.zeros(2), torch.ones(2)])
    tensor([[0., 1.],
            [0., 1.]])
    """
    parts = [
        x if x._data.ndim > 1 else reshaped(x, (x._data.size, 1)) for x in _some("column_stack", tensors)
    ]
    return _joined("column_stack", parts, 1, out)


# --- block_diag ---


def _corners(sizes: tuple) -> list[tuple[int, int]]:
    """Where each block begins, and where all end."""
    out = [(0, 0)]
    for rows, columns in sizes:
        out.append((out[-1][0] + rows, out[-1][1] + columns))
    return out


def _matrix(shape: tuple) -> tuple[int, int]:
    return (1,) * (2 - len(shape)) + shape


def _block_diag(*args: Any) -> ndarray:
    *arrays, shapes = args
    at = _corners(tuple([_matrix(s) for s in shapes]))
    out = np.zeros(at[-1] if arrays else (1, 0), promotion.common(*arrays) if arrays else default())
    for x, (i, j), (k, m) in zip(arrays, at, at[1:], strict=False):
        out[i:k, j:m] = x
    return out


def _block_diag_backward(grad: Any, shapes: tuple) -> list:
    at = _corners(tuple([_matrix(s) for s in shapes]))
    return [
        reshape(slice_of(slice_of(grad, 0, i, k, 1), 1, j, m, 1), shape)
        for shape, (i, j), (k, m) in zip(shapes, at, at[1:], strict=False)
    ]


def _block_diag_samples(tensors: Sequence[Any], shapes: tuple, samples: int) -> Any:
    at = _corners(tuple([_matrix(s) for s in shapes]))
    rows = []
    for x, shape, (i, j), (k, m) in zip(tensors, shapes, at, at[1:], strict=False):
        x = reshape(x, (samples, *_matrix(shape)))
        sides = [views.zeros_of(x, (samples, k - i, n)) for n in (j, at[-1][1] - m)]
        rows.append(cat([sides[0], x, sides[1]], 2))
    return cat(rows, 1)


_BLOCK_DIAG = Op(
    "block_diag",
    _block_diag,
    (),
    ("_shapes",),
    joint=lambda grad, _shapes: _block_diag_backward(grad, _shapes),
    linear=True,
    batch=lambda tensors, _shapes, samples: _block_diag_samples(tensors, _shapes, samples),
)
_BLOCK_DIAG.public = lambda *args: apply(_BLOCK_DIAG, args[:-1], args[-1:])


@public(method=False)
def block_diag(*tensors: Tensor) -> Tensor:
    """A matrix with the tensors (matrices, rows, numbers) along its diagonal, zero elsewhere.

    >>> import leafgrad as torch
    >>> torch.block_diag(torch.ones(1, 2), torch.tensor(5.0))
    tensor([[1., 1., 0.],
            [0., 0., 5.]])
    """
    tensor_list("block_diag", tensors)
    for i, x in enumerate(tensors):
        if x._data.ndim > 2:
            raise RuntimeError(messages.BLOCK_DIAG_DIMS.format(i=i, ndim=x._data.ndim))
    return apply(_BLOCK_DIAG, tensors, (tuple([x._data.shape for x in tensors]),))
