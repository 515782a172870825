"""Differences between neighbours along a dimension and areas under them: diff, trapezoid,
cumulative_trapezoid.
"""

from typing import Any

import numpy as np

from ..base import messages
from ..op.table import public
from ..tensor.misuse import ABSENT, invalid, wrong
from ..tensor.numpy_names import by_numpy_name
from ..tensor.tensor import Tensor, wrap
from ..tensor.write import INPLACE
from .arguments import integer
from .arithmetic import add, mul, sub
from .copies import copy
from .create import made
from .dims import data_of, one_dim, store, type_of
from .join import cat
from .logical import logical_xor
from .reduce import sum_dims
from .scaling import over, times
from .scan import cumsum_front
from .views import select, slice_of, view

# --- diff ---


def _check_part(x: Tensor, part: Any, name: str, dim: int) -> None:
    if not isinstance(part, Tensor):
        raise wrong("diff", name, None, "Tensor", part)
    had, want = part._data.shape, x._data.shape
    if len(had) != len(want):
        raise RuntimeError(messages.DIFF_PART_DIMS)
    for d, (got, n) in enumerate(zip(had, want, strict=True)):
        if d != dim and got != n:
            raise RuntimeError(messages.DIFF_PART_SHAPE.format(dim=d, want=n, got=got))


@public()
def diff(
    input: Tensor,
    n: int = 1,
    dim: int = -1,
    prepend: Any = None,
    append: Any = None,
    *,
    out: Any = None,
    axis: Any = ABSENT,
) -> Tensor:
    """The differences between neighbours along `dim`, n times over; of bools whether they differ.

    prepend, append: tensors put before and after, of the same sizes except along `dim`.

    >>> import leafgrad as torch
    >>> torch.tensor([1, 3, 2]).diff()
    tensor([ 2, -1])
    """
    x = data_of("diff", input)
    n = integer("diff", n, "n", 2)
    if not x.ndim:
        raise RuntimeError(messages.DIFF_DIMS)
    dim = (
        one_dim("diff", dim if axis is ABSENT else by_numpy_name("axis", axis, dim), x.ndim, position=3)
        % x.ndim
    )
    if n < 0:
        raise RuntimeError(messages.DIFF_ORDER.format(n=n))
    for part, name in ((prepend, "prepend"), (append, "append")):
        if part is not None:
            _check_part(input, part, name, dim)
    if not n:
        if out is None:
            return copy(made(np.empty_like(x), False, input), input, out=INPLACE)
        if out._data.dtype != x.dtype:
            raise RuntimeError(
                messages.SCALAR_TYPE.format(want=type_of(x.dtype), got=type_of(out._data.dtype))
            )
        return store(out, input)
    if prepend is not None or append is not None:
        input = cat([part for part in (prepend, input, append) if part is not None], dim)
    size = input._data.shape[dim]
    n = min(n, size)
    row: Any = logical_xor if input._data.dtype.kind == "b" else sub
    step = row.op.public
    for i in range(n):
        left = slice_of(input, dim, 0, max(size - i - 1, 0), 1)
        input = step(slice_of(input, dim, 1, max(size - i, 1), 1), left, out=out if i == n - 1 else None)
    return input


# --- areas ---


_AREA = ("Tensor y, Tensor x, *, int dim = -1", "Tensor y, *, Number dx = 1, int dim = -1")


def _checked(op: str, y: Any, x: Any, dx: Any, dim: Any) -> int:
    """The dimension, once all is right."""
    if not isinstance(y, Tensor) or not (x is None or isinstance(x, Tensor)):
        raise invalid(op, _AREA)
    if x is not None and dx is not ABSENT:
        raise invalid(op, _AREA)
    if not y._data.ndim:
        raise IndexError(messages.NO_DIMENSIONS.format(dim=dim))
    dim = one_dim(op, dim, y._data.ndim)
    if y._data.dtype.kind == "b" or (x is not None and x._data.dtype.kind == "b"):
        raise RuntimeError(messages.TRAPEZOID_BOOL.format(op=op, what="`y`" if x is None else "`x` or `y`"))
    if dx is not ABSENT and (isinstance(dx, bool | complex) or not isinstance(dx, int | float)):
        raise RuntimeError(messages.TRAPEZOID_DX.format(op=op))
    return dim


def _steps(op: str, x: Tensor, y: Tensor, dim: int) -> Tensor:
    """The distances between sample points, shaped to go with y."""
    n, ndim = y._data.shape[dim], y._data.ndim
    if x._data.ndim == 1:
        if x._data.shape[0] != n:
            raise RuntimeError(messages.TRAPEZOID_POINTS.format(op=op))
        x = view(x, tuple([n if d == dim else 1 for d in range(ndim)]))
    elif x._data.ndim < ndim:
        x = view(x, (1,) * (ndim - x._data.ndim) + x._data.shape)
    size = x._data.shape[dim]
    return sub(slice_of(x, dim, min(1, size), size, 1), slice_of(x, dim, 0, max(size - 1, 0), 1))


def _neighbours(y: Tensor, dim: int) -> Tensor:
    n = y._data.shape[dim]
    return add(slice_of(y, dim, 0, max(n - 1, 0), 1), slice_of(y, dim, min(1, n), n, 1))


@public(method=False, aliases=("trapz",), signatures=_AREA)
def trapezoid(y: Tensor, x: Any = None, *, dx: Any = ABSENT, dim: int = -1, axis: Any = ABSENT) -> Tensor:
    """The area under y along `dim` by the trapezoidal rule, with samples at the points x, or at distances
    `dx` (1).

    RuntimeError for bools, and if x has not as many points as y.

    >>> import leafgrad as torch
    >>> torch.trapezoid(torch.tensor([1.0, 3.0, 2.0]))
    tensor(4.5000)
    """
    dim = (
        _checked("trapezoid", y, x, dx, dim if axis is ABSENT else by_numpy_name("axis", axis, dim))
        % y._data.ndim
    )
    if not y._data.shape[dim]:
        shape = (*y._data.shape[:dim], *y._data.shape[dim + 1 :])
        return wrap(np.zeros(shape, y._data.dtype))
    if x is None:
        ends = times(add(select(y, dim, 0), select(y, dim, -1)), 0.5)
        return times(sub(sum_dims(y, (dim,), False), ends), 1 if dx is ABSENT else dx)
    return over(sum_dims(mul(_neighbours(y, dim), _steps("trapezoid", x, y, dim)), (dim,), False), 2.0)


@public(method=False, signatures=_AREA)
def cumulative_trapezoid(
    y: Tensor, x: Any = None, *, dx: Any = ABSENT, dim: int = -1, axis: Any = ABSENT
) -> Tensor:
    """The areas that `trapezoid` adds up, cumulatively: one entry less along `dim`.

    >>> import leafgrad as torch
    >>> torch.cumulative_trapezoid(torch.tensor([1.0, 3.0, 2.0]))
    tensor([2.0000, 4.5000])
    """
    dim = _checked(
        "cumulative_trapezoid", y, x, dx, dim if axis is ABSENT else by_numpy_name("axis", axis, dim)
    )
    along = dim % y._data.ndim
    if x is None:
        return cumsum_front(times(_neighbours(y, along), (1 if dx is ABSENT else dx) / 2), dim)
    return over(
        cumsum_front(mul(_neighbours(y, along), _steps("cumulative_trapezoid", x, y, along)), dim), 2.0
    )
