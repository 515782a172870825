"""Copies in another order or number: flip, roll, rot90, repeat, tile, repeat_interleave."""

from math import prod
from typing import Any

import numpy as np

from ..base import messages
from ..op.table import public
from ..tensor.kinds import primitive
from ..tensor.misuse import invalid, wrong
from ..tensor.numpy_names import by_numpy_name
from ..tensor.tensor import Tensor
from ..tensor.view import moved
from ..values import arrange as kernels
from ..values import copies
from ..values.arguments import type_name
from ..values.device import contiguous_format
from . import views
from .arguments import integer, need_tensor, size_list, sizes, wrap_dim, wrap_dims
from .rows import index_select
from .samples import aligned
from .shapes import flatten
from .views import after, reshape, sum_to_size, zeros_of

ndarray = np.ndarray

# --- the rows ---


def _wrapped(dims: tuple, ndim: int) -> tuple:
    return tuple([d % ndim for d in dims]) if ndim else ()


flip_row = moved(
    "flip",
    lambda self, dims: kernels.flip(self, _wrapped(dims, self.ndim)),
    lambda grad, dims: flip_row(grad, dims),
)


def _roll_samples(self: Any, shifts: tuple, dims: tuple) -> Any:
    if dims:
        return roll_row(self, shifts, after(dims))
    shape = self._data.shape
    return reshape(roll_row(reshape(self, (shape[0], prod(shape[1:]))), shifts, (1,)), shape)


roll_row = moved(
    "roll", lambda self, shifts, dims: kernels.roll(self, shifts, _wrapped(dims, self.ndim)),
    lambda grad, shifts, dims: roll_row(grad, tuple([-s for s in shifts]), dims), batch=_roll_samples,
)  # fmt: skip
rot90_row = moved(
    "rot90",
    lambda self, k, dims: kernels.rotate(self, k, _wrapped(dims, self.ndim)),
    lambda grad, k, dims: rot90_row(grad, -k, dims),
)


def _repeat_rule(grad: Any, repeats: tuple, shape: tuple) -> Any:
    if 0 in repeats:
        return zeros_of(grad, shape)
    parts = reshape(grad, kernels.interleaved(shape, repeats))
    return reshape(sum_to_size(parts, kernels.interleaved(shape, (1,) * len(repeats))), shape)


repeat_row = moved(
    "repeat", lambda self, repeats: copies.repeat(self, repeats),
    lambda grad, repeats, self_sym_sizes: _repeat_rule(grad, repeats, self_sym_sizes),
    batch=lambda self, repeats: repeat_row(aligned(self, len(repeats)), (1, *repeats)),
)  # fmt: skip

# --- flip, roll, rot90 ---


def _flip(self: Tensor, *sizes_: Any, dims: Any = None) -> Tensor:
    """A copy reversed along these dimensions.

    >>> import leafgrad as torch
    >>> torch.arange(3).flip(0)
    tensor([2, 1, 0])
    """
    return _flipped(self, sizes("flip", sizes_ if dims is None else (dims,), "dims"))


public(torch=False, name="flip")(_flip)


@public(method=False)
def flip(input: Tensor, dims: Any) -> Tensor:
    """A copy reversed along these dimensions.

    >>> import leafgrad as torch
    >>> torch.flip(torch.arange(3), (0,))
    tensor([2, 1, 0])
    """
    need_tensor("flip", input)
    return _flipped(input, size_list("flip", dims, "dims", 2))


def _flipped(x: Tensor, dims: tuple) -> Tensor:
    wrap_dims(dims, x._data.ndim)
    return flip_row(x, dims)


@public()
def fliplr(input: Tensor) -> Tensor:
    """`input.flip(1)`.

    >>> import leafgrad as torch
    >>> torch.tensor([[1, 2]]).fliplr()
    tensor([[2, 1]])
    """
    need_tensor("fliplr", input)
    if input._data.ndim < 2:
        raise RuntimeError(messages.FLIP_DIMS.format(least=2))
    return flip_row(input, (1,))


@public()
def flipud(input: Tensor) -> Tensor:
    """`input.flip(0)`.

    >>> import leafgrad as torch
    >>> torch.tensor([1, 2]).flipud()
    tensor([2, 1])
    """
    need_tensor("flipud", input)
    if input._data.ndim < 1:
        raise RuntimeError(messages.FLIP_DIMS.format(least=1))
    return flip_row(input, (0,))


def _ints(op: str, value: Any, name: str, position: int) -> tuple[int, ...]:
    """One integer, or a tuple or list of them."""
    if isinstance(value, tuple | list):
        return size_list(op, value, name, position)
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise wrong(op, name, position, "tuple of ints", value)
    return (integer(op, value, name, position),)


@public()
def roll(input: Tensor, shifts: Any, dims: Any = None) -> Tensor:
    """A copy moved by `shifts` along `dims`, what falls off one end coming in at the other; without dims, the flattened tensor.

    >>> import leafgrad as torch
    >>> torch.arange(4).roll(1)
    tensor([3, 0, 1, 2])
    """
    need_tensor("roll", input)
    shifts = _ints("roll", shifts, "shifts", 2)
    dims = () if dims is None else _ints("roll", dims, "dims", 3)
    if not shifts:
        raise RuntimeError(messages.ROLL_SHIFTS)
    ndim = input._data.ndim
    if len(shifts) != (len(dims) or 1):
        raise RuntimeError(messages.ROLL_ALIGN.format(shifts=len(shifts), dims=len(dims)))
    for d in dims:
        if not ndim:
            raise IndexError(messages.NO_DIMENSIONS.format(dim=d))
        wrap_dim(d, ndim)
    return roll_row(input, shifts, dims)


@public()
def rot90(input: Tensor, k: int = 1, dims: Any = (0, 1)) -> Tensor:
    """A copy turned k times by 90 degrees in the plane of two dimensions, from the first towards the second.

    >>> import leafgrad as torch
    >>> torch.tensor([[1, 2], [3, 4]]).rot90()
    tensor([[2, 4],
            [1, 3]])
    """
    need_tensor("rot90", input)
    k = integer("rot90", k, "k", 2)
    dims = size_list("rot90", dims, "dims", 3)
    ndim = input._data.ndim
    if len(dims) != 2:
        raise RuntimeError(messages.ROT90_DIMS.format(n=len(dims)))
    if ndim < 2:
        raise RuntimeError(messages.ROT90_TOTAL.format(n=ndim))
    if len({wrap_dim(d, ndim) for d in dims}) == 1:
        raise RuntimeError(messages.ROT90_SAME.format(dim0=dims[0], dim1=dims[1]))
    return rot90_row(input, k, dims)


# --- repeat, tile ---


def repeated(x: Tensor, repeats: tuple[int, ...]) -> Tensor:
    """Copies of x side by side; the repeats have no fewer entries than x dimensions."""
    shape = x._data.shape
    if len(repeats) < len(shape):
        raise RuntimeError(messages.REPEAT_DIMS)
    target = [n * r for n, r in zip((1,) * (len(repeats) - len(shape)) + shape, repeats, strict=True)]
    for n in target:
        if n < 0:
            raise RuntimeError(messages.SIZE_NEGATIVE_EMPTY.format(n=n, size=target))
    return repeat_row(x, repeats)


@public(torch=False)
def repeat(self: Tensor, *sizes_: Any, repeats: Any = None) -> Tensor:
    """Copies of the tensor side by side: so many along each dimension, and along new ones in front.

    >>> import leafgrad as torch
    >>> torch.arange(2).repeat(2, 2)
    tensor([[0, 1, 0, 1],
            [0, 1, 0, 1]])
    """
    return repeated(self, sizes("repeat", sizes_ if repeats is None else (repeats,), "repeats"))


def _tile(self: Tensor, *sizes_: Any, dims: Any = None) -> Tensor:
    """`repeat`, but missing entries stand for one.

    >>> import leafgrad as torch
    >>> torch.ones(2, 3).tile(2).shape
    torch.Size([2, 6])
    """
    return _tiled(self, sizes("tile", sizes_ if dims is None else (dims,), "dims"))


public(torch=False, name="tile")(_tile)


@public(method=False)
def tile(input: Tensor, dims: Any) -> Tensor:
    """Copies side by side: so many along each dimension; missing entries in front stand for one.

    >>> import leafgrad as torch
    >>> torch.tile(torch.arange(2), (2,))
    tensor([0, 1, 0, 1])
    """
    need_tensor("tile", input)
    return _tiled(input, size_list("tile", dims, "dims", 2))


def _tiled(x: Tensor, dims: tuple[int, ...]) -> Tensor:
    return repeated(x, (1,) * (x._data.ndim - len(dims)) + dims)


# --- repeat_interleave ---

_INTERLEAVE = (
    "Tensor input, Tensor repeats, int dim = None, *, int output_size = None",
    "Tensor input, int repeats, int dim = None, *, int output_size = None",
)


def _counted(times: ndarray, output_size: int | None) -> ndarray:
    """Each index as often as `times` says."""
    if times.ndim != 1:
        raise RuntimeError(messages.INTERLEAVE_VECTOR)
    if times.dtype not in (np.int64, np.int32):
        raise NotImplementedError(
            messages.NOT_IMPLEMENTED_FOR.format(kernel="repeat_interleave_cpu", type=type_name(times))
        )
    if times.size and times.min() < 0:
        raise RuntimeError(messages.INTERLEAVE_NEGATIVE)
    if output_size is not None and output_size != times.sum():
        raise RuntimeError(messages.INTERLEAVE_ALLOCATED)
    return np.arange(times.size, dtype=times.dtype).repeat(times)


_interleaving = primitive("repeat_interleave", lambda repeats, /, output_size: _counted(repeats, output_size))


@public(signatures=_INTERLEAVE)
def repeat_interleave(
    input: Tensor,
    repeats: Any = None,
    dim: int | None = None,
    *,
    axis: Any = None,
    output_size: int | None = None,
) -> Tensor:
    """Each element (of the flattened tensor, without `dim`) repeated so many times: one number for all, or one for each.

    With one argument, a vector of counts: each index so many times.  output_size: the size of the result, to be checked.

    >>> import leafgrad as torch
    >>> torch.tensor([5, 6]).repeat_interleave(2), torch.repeat_interleave(torch.tensor([1, 2]))
    (tensor([5, 5, 6, 6]), tensor([0, 1, 1]))
    """
    dim = dim if axis is None else by_numpy_name("axis", axis, dim)
    op = "repeat_interleave"
    need_tensor(op, input)
    if output_size is not None:
        output_size = integer(op, output_size, "output_size", None)
    if repeats is None:
        return _interleaving(input, output_size)
    if isinstance(repeats, bool) or not (isinstance(repeats, Tensor) or hasattr(repeats, "__index__")):
        raise invalid(op, _INTERLEAVE)
    if dim is None:
        input, dim = flatten(input), 0
    dim = wrap_dim(integer(op, dim, "dim", 3), input._data.ndim)
    size = input._data.shape[dim] if input._data.ndim else 1
    if isinstance(repeats, Tensor):
        return _each(input, repeats, dim, size, output_size)
    repeats = int(repeats)
    if repeats < 0:
        raise RuntimeError(messages.INTERLEAVE_REPEATS)
    if output_size is not None and output_size != size * repeats:
        raise RuntimeError(messages.INTERLEAVE_SIZE.format(expected=size * repeats, got=output_size))
    wide = views.unsqueeze(input, dim + 1)
    shape = wide._data.shape
    wide = views.expand(wide, (*shape[: dim + 1], repeats, *shape[dim + 2 :]))
    return views.view(views.clone(wide, contiguous_format), (*shape[:dim], size * repeats, *shape[dim + 2 :]))


def _each(x: Tensor, repeats: Tensor, dim: int, size: int, output_size: int | None) -> Tensor:
    times = repeats._data
    if times.ndim > 1:
        raise RuntimeError(messages.INTERLEAVE_DIMS)
    if times.size == 1:
        repeats = views.expand(reshape(repeats, (1,)), (size,))
    elif times.size != size:
        raise RuntimeError(messages.INTERLEAVE_MATCH.format(repeats=times.size, dim=dim, size=size))
    return index_select(x, dim, _interleaving(repeats, output_size))
