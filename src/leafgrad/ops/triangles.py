"""Triangles and diagonals: tril, triu, diag, diag_embed, diagflat, fill_diagonal_, trace."""

from typing import Any

import numpy as np

from ..base import messages
from ..op.table import public
from ..tensor.kinds import primitive
from ..tensor.single import single
from ..tensor.tensor import Tensor
from ..values import arrange as kernels
from ..values import strides
from ..values.arguments import type_name
from ..values.device import contiguous_format
from ..values.dtype import BY_NP
from ..values.reductions import total
from . import views
from .arguments import integer, need_tensor, wrap_dim
from .copies import fill_
from .outs import check_out
from .reduce import sum_front
from .views import diagonal, diagonal_backward

ndarray = np.ndarray

# --- the rows ---

tril_row = primitive(
    "tril", lambda self, /, diagonal, *, out=None: kernels.triangle(self, diagonal, False, out), writes=True, linear=True,
    vjp={"self": lambda grad, diagonal: tril_row(grad, diagonal)}, batch=lambda self, diagonal: tril_row(self, diagonal),
)  # fmt: skip
triu_row = primitive(
    "triu", lambda self, /, diagonal, *, out=None: kernels.triangle(self, diagonal, True, out), writes=True, linear=True,
    vjp={"self": lambda grad, diagonal: triu_row(grad, diagonal)}, batch=lambda self, diagonal: triu_row(self, diagonal),
)  # fmt: skip
diagonal_copy = primitive(
    "diagonal_copy", lambda self, /, offset, dim1, dim2: strides.diagonal(self, offset, dim1, dim2).copy(), linear=True,
    vjp={"self": lambda grad, offset, dim1, dim2, self_sym_sizes: diagonal_backward(grad, self_sym_sizes, offset, dim1, dim2)},
    node="DiagonalBackward0_copy",
)  # fmt: skip


def _diag_embed(self: ndarray, /, offset: int, dim1: int, dim2: int) -> ndarray:
    return kernels.embed_diagonal(self, offset, dim1 % (self.ndim + 1), dim2 % (self.ndim + 1))


embed = primitive(
    "diag_embed",
    _diag_embed,
    linear=True,
    vjp={"self": lambda grad, offset, dim1, dim2: diagonal(grad, offset, dim1, dim2)},
)

# --- triangles ---


def _triangle(op: str, row: Any, input: Any, k: Any, out: Any) -> Tensor:
    need_tensor(op, input)
    k = integer(op, k, "diagonal", 2)
    if input._data.ndim < 2:
        raise RuntimeError(messages.TRIANGLE_DIMS.format(op=op))
    check_out(op, out, input)
    return row(input, k, out=out)


@public(inplace=True)
def tril(input: Tensor, diagonal: int = 0, *, out: Any = None) -> Tensor:
    """The lower triangles of matrices, up to a diagonal (above the main one if positive); zero above.

    >>> import leafgrad as torch
    >>> torch.ones(2, 2).tril()
    tensor([[1., 0.],
            [1., 1.]])
    """
    return _triangle("tril", tril_row, input, diagonal, out)


@public(inplace=True)
def triu(input: Tensor, diagonal: int = 0, *, out: Any = None) -> Tensor:
    """The upper triangles of matrices, from a diagonal on (above the main one if positive); zero below.

    >>> import leafgrad as torch
    >>> torch.ones(2, 2).triu(1)
    tensor([[0., 1.],
            [0., 0.]])
    """
    return _triangle("triu", triu_row, input, diagonal, out)


# --- diagonals ---


@public()
def diag(input: Tensor, diagonal: int = 0, *, out: Tensor | None = None) -> Tensor:
    """The diagonal of a matrix, a copy; or the matrix with a vector on its diagonal.

    >>> import leafgrad as torch
    >>> torch.diag(torch.tensor([1, 2]))
    tensor([[1, 0],
            [0, 2]])
    """
    need_tensor("diag", input)
    diagonal = integer("diag", diagonal, "diagonal", 2)
    ndim = input._data.ndim
    if ndim not in (1, 2):
        raise RuntimeError(messages.DIAG_DIMS.format(ndim=ndim))
    if isinstance(out, Tensor):
        if ndim == 1 and BY_NP[input._data.dtype].category > BY_NP[out._data.dtype].category:
            names = {"got": type_name(input._data), "want": type_name(out._data)}
            raise RuntimeError(messages.DIAG_OUT.format(**names))
        check_out("diag", out, input)
    if ndim == 1:
        return embed(input, diagonal, -2, -1, out=out)
    return diagonal_copy(input, diagonal, 0, 1, out=out)


@public()
def diag_embed(input: Tensor, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    """Matrices, in two new dimensions, with the last dimension of `input` on a diagonal.

    >>> import leafgrad as torch
    >>> torch.ones(2, 3).diag_embed().shape
    torch.Size([2, 3, 3])
    """
    need_tensor("diag_embed", input)
    offset = integer("diag_embed", offset, "offset", 2)
    dim1, dim2 = integer("diag_embed", dim1, "dim1", 3), integer("diag_embed", dim2, "dim2", 4)
    ndim = input._data.ndim + 1
    if wrap_dim(dim1, ndim) == wrap_dim(dim2, ndim):
        raise RuntimeError(messages.DIAGONAL_SAME.format(dim1=dim1, dim2=dim2))
    return embed(input, offset, dim1, dim2)


@public()
def diagflat(input: Tensor, offset: int = 0) -> Tensor:
    """A matrix with all elements on a diagonal.

    >>> import leafgrad as torch
    >>> torch.ones(2, 2).diagflat().shape
    torch.Size([4, 4])
    """
    need_tensor("diagflat", input)
    offset = integer("diagflat", offset, "offset", 2)
    if not input._data.flags.c_contiguous:
        input = views.clone(input, contiguous_format)
    return embed(views.view(input, (-1,)), offset, -2, -1)


@public(torch=False, name="fill_diagonal_")
def fill_diagonal_(self: Tensor, fill_value: Any, wrap: bool = False) -> Tensor:
    """Write a number on the main diagonal; wrap: in a tall matrix, begin it anew below each square.

    >>> import leafgrad as torch
    >>> torch.zeros(2, 2).fill_diagonal_(5)
    tensor([[5., 0.],
            [0., 5.]])
    """
    shape, step = self._data.shape, strides.elements(self._data)
    if len(shape) < 2:
        raise RuntimeError(messages.FILL_DIAGONAL_DIMS)
    if len(shape) > 2 and len(set(shape)) > 1:
        raise RuntimeError(messages.FILL_DIAGONAL_EQUAL)
    begin = strides.offset(self._data)
    n = min(shape)
    fill_(views.as_strided(self, (n,), (sum(step),), begin), fill_value)
    if wrap and len(shape) == 2 and shape[0] > shape[1] + 1:
        square = step[0] * (shape[1] + 1)
        rest = (shape[0] * shape[1] - 1) // (shape[1] + 1) + 1 - n
        if rest > 0:
            fill_(views.as_strided(self, (rest,), (sum(step),), begin + square), fill_value)
    return self


# --- trace ---

_trace = single(
    "trace",
    lambda self: total(strides.diagonal(self, 0, 0, 1)),
    lambda grad, self_sym_sizes: diagonal_backward(
        views.expand(grad, (min(self_sym_sizes),)), self_sym_sizes, 0, 0, 1
    ),
    linear=True,
    batch=lambda self: sum_front(diagonal(self, 0, 1, 2), 1),
)


@public()
def trace(input: Tensor) -> Tensor:
    """The sum of a matrix's diagonal; that of integers is int64.  NotImplementedError for booleans.

    >>> import leafgrad as torch
    >>> torch.trace(torch.tensor([[1., 2.], [3., 4.]]))
    tensor(5.)
    """
    need_tensor("trace", input)
    x = input._data
    if x.ndim != 2:
        raise RuntimeError(messages.TRACE_DIMS.format(n=x.ndim))
    if x.dtype.kind == "b":
        raise NotImplementedError(messages.NOT_FOR.format(kernel="trace", type="Bool"))
    return _trace(input)
