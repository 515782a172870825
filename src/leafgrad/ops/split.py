"""Cutting a tensor into several views: split, chunk, unbind, tensor_split, hsplit, vsplit, dsplit.

`split` and `unbind` return all views from one op, so a gradient comes back as a list, with None for a part that was not used.
`tensor_split` and its relatives are slices, one by one.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..base import messages
from ..op.table import public
from ..tensor.call import views_of
from ..tensor.misuse import invalid
from ..tensor.numpy_names import by_numpy_name
from ..tensor.tensor import Tensor
from ..tensor.view import views as views_row
from ..values.blocks import LARGE
from ..values.dtype import BY_NP
from .arguments import integer, need_tensor, size_list, wrap_dim, wrapped
from .join import cat, stack
from .parts import sliced
from .samples import refuse_samples
from .views import zeros_of

ndarray = np.ndarray
concatenate = np.concatenate
_ALL: Any = slice(None)

# --- split ---


def _cut(self: ndarray, sizes: Sequence[int], dim: int) -> list[ndarray]:
    before = (_ALL,) * (dim % self.ndim)
    out, start = [], 0
    for n in sizes:
        end = start + n
        out.append(self[(*before, slice(start, end))])
        start = end
    return out


def _sizes(n: int, size: int) -> list[int]:
    """n in parts of `size`; the last may be smaller."""
    if not n:
        return [0]
    whole, rest = divmod(n, size)
    return [size] * whole + [rest] * (rest > 0)


def _split(self: ndarray, split_size: int, dim: int) -> list[ndarray]:
    n = self.shape[dim]
    if not n:
        return [self[...]]
    if dim == self.ndim - 1 or dim == -1:
        return [self[..., i : i + split_size] for i in range(0, n, split_size)]
    return _cut(self, _sizes(n, split_size), dim)


def _split_backward(grad: list, size: int | Sequence[int], dim: int, shape: tuple) -> Any:
    """The gradients of the parts joined; zeros for those that have none.  size: of all parts, or of each."""
    like = None
    for g in grad:
        if g is None:
            break
        like = g
    else:
        return concatenate(grad, dim) if type(like) is ndarray and like.size < LARGE else cat(grad, dim)
    dim %= len(shape)
    sizes = _sizes(shape[dim], size) if isinstance(size, int) else size
    like = next(g for g in grad if g is not None)
    parts = [
        zeros_of(like, (*shape[:dim], n, *shape[dim + 1 :])) if g is None else g
        for g, n in zip(grad, sizes, strict=True)
    ]
    return cat(parts, dim)


split = views_row(
    "split", _split,
    lambda grad, split_size, dim, self_sym_sizes: _split_backward(grad, split_size, dim, self_sym_sizes),
)  # fmt: skip
split_with_sizes = views_row(
    "split_with_sizes", lambda self, split_sizes, dim: _cut(self, split_sizes, dim),
    lambda grad, split_sizes, dim, self_sym_sizes: _split_backward(grad, split_sizes, dim, self_sym_sizes),
)  # fmt: skip


def _need_dim(op: str, x: Tensor, dim: Any, scalar: str) -> int:
    """The dimension to cut, as given."""
    dim = integer(op, dim, "dim", 3)
    if not x._data.ndim:
        raise RuntimeError(scalar)
    wrap_dim(dim, x._data.ndim)
    return dim


def _split_evenly(x: Tensor, size: int, dim: int) -> tuple[Tensor, ...]:
    return views_of(x, _split(x._data, size, dim), split.op, (size, dim))


@public(torch=False, name="split")
def split_method(self: Tensor, split_size: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """Views of `split_size` parts each along a dimension (the last may be smaller), or of the sizes in a list.

    >>> import leafgrad as torch
    >>> torch.arange(5).split(2)
    (tensor([0, 1]), tensor([2, 3]), tensor([4]))
    """
    if isinstance(split_size, tuple | list):
        return _split_sizes("split_with_sizes", self, split_size, dim)
    if isinstance(split_size, bool) or not hasattr(split_size, "__index__"):
        raise TypeError(
            messages.ARGUMENT_TYPE.format(
                op="split_with_sizes", name="split_sizes", place=" (position 2)", wanted="tuple of ints", type=type(split_size).__name__
            )
        )  # fmt: skip
    dim = _need_dim("split", self, dim, messages.SPLIT_SCALAR.format(op="split"))
    size = integer("split", split_size, "split_size", 2)
    if size < 0:
        raise RuntimeError(messages.SPLIT_NEGATIVE.format(size=size))
    n = self._data.shape[dim]
    if not size and n:
        raise RuntimeError(messages.SPLIT_ZERO.format(size=n))
    return _split_evenly(self, size, dim)


@public(method=False, name="split")
def split_function(tensor: Tensor, split_size_or_sections: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """`tensor.split(split_size_or_sections, dim)`.

    >>> import leafgrad as torch
    >>> torch.split(torch.arange(5), [1, 4])
    (tensor([0]), tensor([1, 2, 3, 4]))
    """
    need_tensor("split", tensor, "tensor")
    return split_method(tensor, split_size_or_sections, dim)


def _split_sizes(op: str, x: Tensor, split_sizes: Any, dim: Any) -> tuple[Tensor, ...]:
    sizes = size_list(op, split_sizes, "split_sizes", 2)
    dim = _need_dim(op, x, dim, messages.SPLIT_SCALAR.format(op="split"))
    if any(n < 0 for n in sizes):
        raise RuntimeError(messages.SPLIT_ENTRY.format(sizes=list(sizes)))
    n = x._data.shape[dim]
    if sum(sizes) != n:
        raise RuntimeError(messages.SPLIT_SUM.format(size=n, dim=dim, sizes=list(sizes)))
    return views_of(x, _cut(x._data, sizes, dim), split_with_sizes.op, (sizes, dim))


@public(name="split_with_sizes")
def split_with_sizes_front(
    input: Tensor, split_sizes: Any, dim: int = 0, *, axis: Any = None
) -> tuple[Tensor, ...]:
    """Views of these sizes along a dimension; they must add up to its size.

    >>> import leafgrad as torch
    >>> torch.arange(3).split_with_sizes([1, 2])
    (tensor([0]), tensor([1, 2]))
    """
    need_tensor("split_with_sizes", input)
    return _split_sizes(
        "split_with_sizes", input, split_sizes, dim if axis is None else by_numpy_name("axis", axis, dim)
    )


@public()
def chunk(input: Tensor, chunks: int, dim: int = 0, *, axis: Any = None) -> tuple[Tensor, ...]:
    """About `chunks` views of equal size along a dimension; the last may be smaller, and there may be fewer.

    >>> import leafgrad as torch
    >>> torch.arange(5).chunk(2)
    (tensor([0, 1, 2]), tensor([3, 4]))
    """
    if axis is not None:
        dim = by_numpy_name("axis", axis, dim)
    need_tensor("chunk", input)
    x = input._data
    if type(dim) is not int:
        dim = integer("chunk", dim, "dim", 3)
    if type(chunks) is not int:
        chunks = integer("chunk", chunks, "chunks", 2)
    if not x.ndim:
        raise RuntimeError(messages.SPLIT_SCALAR.format(op="chunk"))
    if chunks <= 0:
        raise RuntimeError(messages.CHUNK_COUNT.format(chunks=chunks))
    n = x.shape[wrapped(dim, x.ndim)]
    if not n:
        return _split_sizes("split_with_sizes", input, (0,) * chunks, dim)
    return _split_evenly(input, -(-n // chunks), dim)


# --- unbind ---


def _unbind(self: ndarray, dim: int) -> list[ndarray]:
    before = (_ALL,) * (dim % self.ndim)
    return [self[(*before, i, ...)] for i in range(self.shape[dim])]


def _unbind_backward(grad: list, dim: int) -> Any:
    like = next(g for g in grad if g is not None)
    return stack([zeros_of(like, like.shape) if g is None else g for g in grad], dim)


unbind = views_row("unbind", _unbind, lambda grad, dim: _unbind_backward(grad, dim))


@public(name="unbind")
def unbind_front(input: Tensor, dim: int = 0, *, axis: Any = None) -> tuple[Tensor, ...]:
    """All parts along a dimension, without that dimension.

    >>> import leafgrad as torch
    >>> torch.arange(4).view(2, 2).unbind()
    (tensor([0, 1]), tensor([2, 3]))
    """
    dim = dim if axis is None else by_numpy_name("axis", axis, dim)
    need_tensor("unbind", input)
    dim = integer("unbind", dim, "dim", 2)
    x = input._data
    if not x.ndim:
        raise IndexError(messages.NO_DIMENSIONS.format(dim=dim))
    wrap_dim(dim, x.ndim)
    return views_of(input, _unbind(x, dim), unbind.op, (dim,))


# --- tensor_split: slices ---

_TENSOR_SPLIT = (
    "Tensor input, tuple of ints indices, int dim = 0",
    "Tensor input, Tensor tensor_indices_or_sections, int dim = 0",
    "Tensor input, int sections, int dim = 0",
)


def _cut_at(x: Tensor, indices: Sequence[int], dim: int) -> tuple[Tensor, ...]:
    n = x._data.shape[dim]
    out, start = [], 0
    for end in indices:
        out.append(sliced(x, dim, start, end))
        start = end
    return (*out, sliced(x, dim, start, n))


def _cut_in(x: Tensor, sections: int, dim: int) -> tuple[Tensor, ...]:
    small, larger = divmod(x._data.shape[dim], sections)
    out, start = [], 0
    for i in range(sections):
        end = start + small + (i < larger)
        out.append(sliced(x, dim, start, end))
        start = end
    return tuple(out)


@public(signatures=_TENSOR_SPLIT)
def tensor_split(
    input: Tensor, indices_or_sections: Any = None, dim: int = 0, *, axis: Any = None, indices: Any = None, sections: Any = None,
    tensor_indices_or_sections: Any = None) -> tuple[Tensor, ...]:  # fmt: skip
    """Views along a dimension: so many of nearly equal size, or cut at these indices.

    >>> import leafgrad as torch
    >>> torch.arange(5).tensor_split(2), torch.arange(5).tensor_split((1, 3))
    ((tensor([0, 1, 2]), tensor([3, 4])), (tensor([0]), tensor([1, 2]), tensor([3, 4])))
    """
    dim = dim if axis is None else by_numpy_name("axis", axis, dim)
    need_tensor("tensor_split", input)
    given = [a for a in (indices_or_sections, indices, sections, tensor_indices_or_sections) if a is not None]
    if len(given) != 1:
        raise invalid("tensor_split", _TENSOR_SPLIT)
    how = given[0]
    ndim = input._data.ndim
    if isinstance(how, Tensor):
        if how._data.ndim > 1:
            raise RuntimeError(messages.TENSOR_SPLIT_DIMS.format(ndim=how._data.ndim))
        if how._data.dtype != np.int64:
            raise RuntimeError(messages.TENSOR_SPLIT_DTYPE.format(type=BY_NP[how._data.dtype].type_name))
        refuse_samples(messages.VMAP_TENSOR_SPLIT, how)
        how = how._data.tolist()
    if not ndim:
        raise RuntimeError(messages.TENSOR_SPLIT_SCALAR.format(ndim=ndim))
    at = wrap_dim(integer("tensor_split", dim, "dim", 3), ndim)
    if isinstance(how, tuple | list):
        return _cut_at(input, size_list("tensor_split", how, "indices", 2), at)
    if isinstance(how, bool) or not hasattr(how, "__index__"):
        raise invalid("tensor_split", _TENSOR_SPLIT)
    how = int(how)
    if how <= 0:
        raise RuntimeError(messages.TENSOR_SPLIT_COUNT.format(count=how))
    return _cut_in(input, how, at)


def _axis_split(op: str, x: Any, how: Any, least: int, dim: int) -> tuple[Tensor, ...]:
    need_tensor(op, x)
    ndim = x._data.ndim
    if ndim < least:
        raise RuntimeError(messages.AXIS_SPLIT_DIMS.format(op=op, least=least, ndim=ndim))
    if isinstance(how, tuple | list):
        return _cut_at(x, size_list(op, how, "indices", 2), dim)
    if isinstance(how, bool) or not hasattr(how, "__index__"):
        raise invalid(op, ("Tensor input, int sections", "Tensor input, tuple of ints indices"))
    how = int(how)
    n = x._data.shape[dim]
    if how <= 0 or n % how:
        raise RuntimeError(messages.AXIS_SPLIT_SIZE.format(op=op, dim=dim, size=n, sections=how))
    return _cut_in(x, how, dim)


@public()
def hsplit(input: Tensor, indices_or_sections: Any) -> tuple[Tensor, ...]:
    """Views along the second dimension (of a vector: the first): so many of equal size, or cut at these indices.

    >>> import leafgrad as torch
    >>> torch.arange(4).hsplit(2)
    (tensor([0, 1]), tensor([2, 3]))
    """
    dim = 0 if isinstance(input, Tensor) and input._data.ndim == 1 else 1
    return _axis_split("hsplit", input, indices_or_sections, 1, dim)


@public()
def vsplit(input: Tensor, indices_or_sections: Any) -> tuple[Tensor, ...]:
    """Views along the first dimension: so many of equal size, or cut at these indices.

    >>> import leafgrad as torch
    >>> torch.arange(4).view(2, 2).vsplit(2)
    (tensor([[0, 1]]), tensor([[2, 3]]))
    """
    return _axis_split("vsplit", input, indices_or_sections, 2, 0)


@public()
def dsplit(input: Tensor, indices_or_sections: Any) -> tuple[Tensor, ...]:
    """Views along the third dimension: so many of equal size, or cut at these indices.

    >>> import leafgrad as torch
    >>> [x.shape for x in torch.ones(2, 2, 4).dsplit(2)]
    [torch.Size([2, 2, 2]), torch.Size([2, 2, 2])]
    """
    return _axis_split("dsplit", input, indices_or_sections, 3, 2)
