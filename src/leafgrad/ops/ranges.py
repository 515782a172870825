"""Numbers in a row: arange, range, linspace, logspace, and the indices of triangles."""

import math
from functools import partial
from typing import Any

import numpy as np

from ..base import messages
from ..base.where import warn
from ..op.table import public
from ..tensor.kinds import primitive
from ..tensor.misuse import ABSENT, invalid
from ..tensor.tensor import Tensor, wrap
from ..values import arguments, buffers, ranges
from ..values import dtype as dtypes
from ..values.dtype import BY_NP
from .arguments import integer
from .create import allocate, finished, made, options
from .factories import number
from .samples import is_sample

_REST = (
    "*, Tensor out = None, torch.dtype dtype = None, torch.layout layout = None, torch.device device = None, "
    "bool pin_memory = False, bool requires_grad = False"
)
_ARANGE = (
    f"Number end, {_REST}",
    f"Number start, Number end, {_REST.replace('Tensor out = None, ', '')}",
    f"Number start, Number end, Number step = 1, {_REST}",
)


@public(method=False)
def arange(
    start: Any = ABSENT,
    end: Any = ABSENT,
    step: Any = ABSENT,
    *,
    out: Tensor | None = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """The numbers from `start` (0 if one number is given) up to, not including, `end`, in steps.

    int64 if all are integers, else the default dtype.  RuntimeError for a step of 0 or of the wrong sign.

    >>> import leafgrad as torch
    >>> torch.arange(3), torch.arange(1., 2., 0.5)
    (tensor([0, 1, 2]), tensor([1.0000, 1.5000]))
    """
    plain = out is dtype is layout is device is None and not (requires_grad or pin_memory)
    if plain and type(start) is int and end is ABSENT and step is ABSENT and 0 <= start < 2**40:
        return made(np.arange(start))
    if end is ABSENT:
        if start is ABSENT or step is not ABSENT:
            raise invalid("arange", _ARANGE)
        start, end, last = 0, 0, number("arange", start, "end", 1)
    else:
        last = number("arange", end, "end", 2)
    first = 0 if start is ABSENT else number("arange", start, "start", 1)
    by = 1 if step is ABSENT else number("arange", step, "step", 3)
    if dtype is None and out is None:
        whole = isinstance(first, int) and isinstance(last, int) and isinstance(by, int)
        dtype = dtypes.int64 if whole else dtypes.get_default_dtype()
    np_dtype = options("arange", dtype, layout, device, requires_grad, pin_memory, out)
    data = _steps("arange", first, last, by, np_dtype, math.ceil)
    if out is not None and out._data.size != data.size and out._data.size:
        text = messages.ARANGE_OUT.format(had=list(out._data.shape), count=out._data.size, needs=data.size)
        warn(text)
    return _in_shape(data, out, requires_grad)


def _in_shape(data: np.ndarray, out: Tensor | None, requires_grad: bool) -> Tensor:
    """Numbers in a row; an `out` with room for just so many keeps its shape."""
    if out is not None and out._data.size == data.size:
        data = data.reshape(out._data.shape)
    return finished(data, out, requires_grad)


def _steps(op: str, first: Any, last: Any, by: Any, dtype: np.dtype, rounded: Any) -> np.ndarray:
    """The numbers of a range; `rounded` makes an integer of their count."""
    for x in (first, last, by):
        if isinstance(x, complex):
            raise RuntimeError(messages.OVERFLOW.format(type="double"))
    if dtype.kind in "bc":
        raise NotImplementedError(
            messages.NOT_IMPLEMENTED_FOR.format(kernel=f"{op}_cpu", type=BY_NP[dtype].type_name)
        )
    if not (by > 0 or by < 0):
        raise RuntimeError(messages.ARANGE_STEP)
    if not (math.isfinite(first) and math.isfinite(last)):
        raise RuntimeError(messages.ARANGE_FINITE.format(start=first, end=last))
    if (last - first) * (1 if by > 0 else -1) < 0:
        raise RuntimeError(messages.ARANGE_SIGN)
    if dtype.kind in "iu":
        int64 = np.dtype(np.int64)
        first, last, by = (int(arguments.number(x, int64)) for x in (first, last, by))
        if by == 0:
            raise ValueError(messages.ARANGE_STEP)
        count = rounded(_ratio(last - first, by))
    else:
        count = rounded((last - first) / by)
    if count < 0 or count >= 2**63:
        raise RuntimeError(messages.ARANGE_SIZE)
    data = allocate(op, (count,), dtype)
    if dtype.kind in "iu":
        ranges.count(data, first, by)
    else:
        data[...] = ranges.steps(float(first), float(by), count, dtype)
    return data


class _ratio:
    """A quotient of integers, which `math.ceil` and `math.floor` round without loss."""

    def __init__(self, n: int, d: int) -> None:
        self.n, self.d = n, d

    def __ceil__(self) -> int:
        return -(-self.n // self.d)

    def __floor__(self) -> int:
        return self.n // self.d


@public(method=False, name="range")
def range_(
    start: Any,
    end: Any,
    step: Any = 1,
    *,
    out: Tensor | None = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """The numbers from `start` up to and including `end`, in steps; deprecated, use `arange`.

    >>> import leafgrad as torch, warnings
    >>> with warnings.catch_warnings(action="ignore"):
    ...     torch.range(1, 2, 0.5)
    tensor([1.0000, 1.5000, 2.0000])
    """
    first, last, by = (
        number("range", x, n, i)
        for i, (n, x) in enumerate((("start", start), ("end", end), ("step", step)), 1)
    )
    warn(messages.RANGE_DEPRECATED)
    np_dtype = options("range", dtype, layout, device, requires_grad, pin_memory, out)
    data = _steps("range", first, last, by, np_dtype, lambda ratio: math.floor(ratio) + 1)
    return finished(data, out, requires_grad)


# --- evenly spaced ---


def _space_signatures(base: str) -> tuple[str, ...]:
    kinds = (("Tensor", "Tensor"), ("Number", "Tensor"), ("Tensor", "Number"), ("Number", "Number"))
    return tuple(f"{a} start, {b} end, int steps, {base}{_REST}" for a, b in kinds)


_LINSPACE, _LOGSPACE = _space_signatures(""), _space_signatures("float base = 10.0, ")


def _ends(
    op: str, start: Any, end: Any, steps: Any, dtype: Any, out: Any, signatures: tuple[str, ...]
) -> tuple:
    """The two ends and the number of steps, checked, and the dtype."""
    ends: list[Any] = []
    for x in (start, end):
        if isinstance(x, Tensor):
            ends.append(x._data)
        elif isinstance(x, bool | int | float | complex | np.number):
            ends.append(x.item() if isinstance(x, np.number) else x)
        else:
            raise invalid(op, signatures)
    if isinstance(steps, bool | np.bool) or not hasattr(steps, "__index__"):
        raise invalid(op, signatures)
    n = integer(op, steps, "steps", 3)
    if any(getattr(x, "ndim", 0) for x in ends):
        found = [
            messages.LINSPACE_END.format(name=name, ndim=x.ndim)
            for name, x in zip(("start", "end"), ends, strict=True)
            if isinstance(x, np.ndarray)
        ]
        raise RuntimeError(messages.LINSPACE_DIMS.format(op=op, ends=" and ".join(found)))
    ends = [x.item() if isinstance(x, np.ndarray) else x for x in ends]
    if n < 0:
        raise RuntimeError(messages.STEPS_NEGATIVE)
    if isinstance(ends[0], complex) or isinstance(ends[1], complex):
        widest = dtypes.get_default_dtype().to_complex()
        want = (
            widest
            if dtype is None and out is None
            else BY_NP[out._data.dtype]
            if dtype is None
            else dtypes.parse(dtype, op)
        )
        if not want.is_complex:
            inferred = arguments.CPP[widest.name]
            raise RuntimeError(messages.LINSPACE_CAST.format(op=op, inferred=inferred, want=want.type_name))
        dtype = want
    return (*ends, n, dtype)


def _spaceable(op: str, dtype: np.dtype, n: int) -> None:
    if dtype.kind == "b" and n > 1:
        raise NotImplementedError(messages.NOT_IMPLEMENTED_FOR.format(kernel=f"{op}_cpu", type="Bool"))


# Inside vmap each sample has its own ends.


def _number(x: Any) -> Tensor:
    return x.detach() if isinstance(x, Tensor) else wrap(np.asarray(x))


def _each(space: Any, start: np.ndarray, end: np.ndarray, n: int, dtype: np.dtype) -> np.ndarray:
    start, end = np.broadcast_arrays(start, end)
    rows = [space(a.item(), b.item(), n, dtype) for a, b in zip(start.flat, end.flat, strict=True)]
    return np.array(rows, dtype).reshape(*start.shape, n)


_linspace = primitive(
    "linspace", lambda start, end, /, steps, dtype: _each(ranges.spaced, start, end, steps, dtype),
    batch=lambda start, end, steps, dtype: _linspace(start, end, steps, dtype),
)  # fmt: skip
_logspace = primitive(
    "logspace",
    lambda start, end, /, steps, dtype, base: _each(partial(ranges.powers, base), start, end, steps, dtype),
    batch=lambda start, end, steps, dtype, base: _logspace(start, end, steps, dtype, base),
)


@public(method=False, signatures=_LINSPACE)
def linspace(
    start: Any,
    end: Any,
    steps: int,
    *,
    out: Tensor | None = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """`steps` evenly spaced numbers from `start` to `end`, both included.  RuntimeError for negative steps.

    >>> import leafgrad as torch
    >>> torch.linspace(0, 1, 3)
    tensor([0.0000, 0.5000, 1.0000])
    """
    first, last, n, dtype = _ends("linspace", start, end, steps, dtype, out, _LINSPACE)
    np_dtype = options("linspace", dtype, layout, device, requires_grad, pin_memory, out)
    _spaceable("linspace", np_dtype, n)
    if is_sample(start) or is_sample(end):
        return _linspace(_number(start), _number(end), n, np_dtype)
    return _in_shape(ranges.spaced(first, last, n, np_dtype), out, requires_grad)


@public(method=False, signatures=_LOGSPACE)
def logspace(
    start: Any,
    end: Any,
    steps: int,
    base: float = 10.0,
    *,
    out: Tensor | None = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """`base` to the power of `steps` evenly spaced exponents from `start` to `end`, both included.

    >>> import leafgrad as torch
    >>> torch.logspace(0, 2, 3)
    tensor([  1.,  10., 100.])
    """
    first, last, n, dtype = _ends("logspace", start, end, steps, dtype, out, _LOGSPACE)
    if not isinstance(base, int | float | np.number):
        raise invalid("logspace", _LOGSPACE)
    np_dtype = options("logspace", dtype, layout, device, requires_grad, pin_memory, out)
    _spaceable("logspace", np_dtype, n)
    if is_sample(start) or is_sample(end):
        return _logspace(_number(start), _number(end), n, np_dtype, float(base))
    try:
        data = ranges.powers(float(base), first, last, n, np_dtype)
    except (MemoryError, ValueError):
        raise buffers.no_room((n,), np_dtype) from None
    return _in_shape(data, out, requires_grad)


# --- triangles ---


def _triangle(
    op: str,
    row: Any,
    col: Any,
    offset: Any,
    dtype: Any,
    layout: Any,
    device: Any,
    pin: Any,
    requires_grad: Any,
) -> Tensor:
    rows, columns = integer(op, row, "row", 1), integer(op, col, "col", 2)
    skip = integer(op, offset, "offset", 3)
    for name, n in (("row", rows), ("col", columns)):
        if n < 0:
            raise RuntimeError(messages.TRIANGLE_SIDE.format(name=name, n=n))
    np_dtype = options(op, dtypes.int64 if dtype is None else dtype, layout, device, requires_grad, pin)
    if np_dtype.kind not in "iu" or np_dtype == np.uint8:
        raise NotImplementedError(
            messages.NOT_IMPLEMENTED_FOR.format(kernel=op, type=BY_NP[np_dtype].type_name)
        )
    lower = op == "tril_indices"
    count = _below(rows, columns, skip) if lower else rows * columns - _below(rows, columns, skip - 1)
    indices = buffers.empty((2, count), np_dtype)
    if count:
        row_index, column_index = np.arange(rows)[:, None], np.arange(columns)
        inside = column_index - row_index <= skip if lower else column_index - row_index >= skip
        indices[0], indices[1] = inside.nonzero()
    return made(indices, requires_grad)


def _below(rows: int, columns: int, skip: int) -> int:
    """How many elements of a matrix lie on and below a diagonal: rows first <= r < whole have r + skip + 1, later ones all."""
    first = max(0, -skip)
    whole = max(first, min(rows, columns - skip))
    return (whole - first) * (first + whole + 1 + 2 * skip) // 2 + max(0, rows - whole) * columns


@public(method=False)
def tril_indices(
    row: int,
    col: int,
    offset: int = 0,
    *,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """The indices (2, n) of the elements on and below a diagonal of a (row, col) matrix, row by row.

    >>> import leafgrad as torch
    >>> torch.tril_indices(2, 2)
    tensor([[0, 1, 1],
            [0, 0, 1]])
    """
    return _triangle("tril_indices", row, col, offset, dtype, layout, device, pin_memory, requires_grad)


@public(method=False)
def triu_indices(
    row: int,
    col: int,
    offset: int = 0,
    *,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """The indices (2, n) of the elements on and above a diagonal of a (row, col) matrix, row by row.

    >>> import leafgrad as torch
    >>> torch.triu_indices(2, 2)
    tensor([[0, 0, 1],
            [0, 1, 1]])
    """
    return _triangle("triu_indices", row, col, offset, dtype, layout, device, pin_memory, requires_grad)
