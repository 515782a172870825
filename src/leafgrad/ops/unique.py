"""Elements without repetition, and places in a sorted sequence: unique, unique_consecutive, searchsorted,
bucketize, isin.
"""

from typing import Any

import numpy as np

from ..base import messages
from ..base.state import quiet
from ..op.table import public
from ..tensor.kinds import primitive
from ..tensor.misuse import invalid
from ..tensor.single import several
from ..tensor.tensor import Tensor, wrap
from ..values import promotion, sorting
from .arithmetic import not_differentiable
from .comparison import eq
from .copies import to_copy
from .dims import check_out_dtype, data_of, flag, one_dim, type_of
from .logical import logical_not
from .reduce import any_of, of_samples
from .views import expand, reshape, unsqueeze

ndarray = np.ndarray
LONG, INT = np.dtype(np.int64), np.dtype(np.int32)
_NONE = np.empty(0, np.int64)

# --- unique ---
# Every row returns (elements, inverse, counts); users get those they ask for.


def _runs(ordered: ndarray) -> tuple[ndarray, ndarray, ndarray]:
    """(where runs of equal slices begin, which run each slice is in, how long each is) along the first
    dimension.
    """
    n = len(ordered)
    if not n:
        return (np.zeros(0, np.int64),) * 3
    same = ordered[1:] == ordered[:-1]
    new = np.ones(n, bool)
    new[1:] = ~(same.all(tuple(range(1, same.ndim))) if same.ndim > 1 else same)
    starts = np.flatnonzero(new)
    return starts, np.add.accumulate(new, dtype=np.int64) - 1, np.diff(np.append(starts, n))


def _unique(self: ndarray, inverse: bool) -> tuple[ndarray, ndarray, ndarray]:
    """`inverse`: whether that is wanted."""
    flat = self.reshape(-1)
    if flat.dtype.kind in "biu" and flat.size:
        low, high = int(flat.min()), int(flat.max())
        if high - low <= flat.size:
            return _unique_by_counting(self, low, inverse)
        if not inverse:
            ordered = np.sort(flat)
            starts, _, counts = _runs(ordered)
            return ordered[starts], _NONE, counts
    found = sorting.order(flat, 0, False)
    ordered = flat[found]
    starts, run, counts = _runs(ordered)
    back = np.empty(flat.shape, np.int64)
    back[found] = run
    return ordered[starts], back.reshape(self.shape), counts


def _unique_by_counting(self: ndarray, low: int, inverse: bool) -> tuple[ndarray, ndarray, ndarray]:
    """Integers from `low` on that are not far apart."""
    steps = (
        (self - self.dtype.type(low)).view(np.int64) if self.itemsize == 8 else self.astype(np.int64) - low
    )
    counts = np.bincount(steps.reshape(-1))
    found = np.flatnonzero(counts)
    elements = found.astype(self.dtype) + self.dtype.type(low)  # bytes may go round, twice
    rank = np.empty(len(counts), np.int64)
    rank[found] = np.arange(len(found))
    return elements, rank[steps] if inverse else _NONE, counts[found]


def _unique_dim(self: ndarray, dim: int) -> tuple[ndarray, ndarray, ndarray]:
    dim %= self.ndim or 1
    front = np.moveaxis(self.reshape(1) if not self.ndim else self, dim, 0)
    n = len(front)
    rows = front.reshape(n, front.size // n if n else 0)
    found = np.lexsort(rows.T[::-1]) if rows.shape[1] else np.arange(n)
    starts, run, counts = _runs(rows[found])
    inverse = np.empty(n, np.int64)
    inverse[found] = run
    return np.ascontiguousarray(np.moveaxis(front[found[starts]], 0, dim)), inverse, counts


def _consecutive(self: ndarray, dim: int | None) -> tuple[ndarray, ndarray, ndarray]:
    if dim is None:
        flat = self.reshape(-1)
        starts, run, counts = _runs(flat)
        return flat[starts], run.reshape(self.shape), counts
    dim %= self.ndim or 1
    front = np.moveaxis(self.reshape(1) if not self.ndim else self, dim, 0)
    starts, run, counts = _runs(front)
    return np.ascontiguousarray(np.moveaxis(front[starts], 0, dim)), run, counts


def _no_batch(name: str) -> Any:
    """The batch rule of an op whose results are as large as the values say."""

    def refuse(self: Tensor) -> None:
        raise RuntimeError(messages.VMAP_DYNAMIC.format(op=name))

    return refuse


_outputs: dict = {"outputs": ("output0", "output1", "output2"), "differentiable": 1}
_unique_of = several(
    "_unique2",
    _unique,
    not_differentiable("aten::_unique2"),
    node="Unique2Backward0",
    batch=_no_batch("_unique2"),
    **_outputs,
)
_unique_dim_of = several(
    "unique_dim",
    _unique_dim,
    not_differentiable("aten::unique_dim"),
    batch=_no_batch("unique_dim"),
    **_outputs,
)
_consecutive_of = several(
    "unique_consecutive",
    _consecutive,
    not_differentiable("aten::unique_consecutive"),
    batch=_no_batch("unique_consecutive"),
    **_outputs,
)


def _asked(found: tuple, inverse: bool, counts: bool) -> Any:
    wanted = (found[0], *([found[1]] if inverse else []), *([found[2]] if counts else []))
    return wanted if len(wanted) > 1 else wanted[0]


def _refuse_complex(kernel: str, x: ndarray) -> None:
    if x.dtype.kind == "c":
        raise NotImplementedError(messages.NOT_IMPLEMENTED_FOR.format(kernel=kernel, type=type_of(x.dtype)))


def _flags(op: str, **given: Any) -> None:
    for name, value in given.items():
        flag(op, value, name, None)


@public()
def unique(
    input: Tensor,
    sorted: bool = True,
    return_inverse: bool = False,
    return_counts: bool = False,
    dim: int | None = None,
) -> Any:
    """The different elements, or slices along `dim`, in order; if asked for, where each element is among
    them, and how often each is.

    Every NaN is different from every other.  With sorted=False torch promises no order; here they come in
    order all the same.

    >>> import leafgrad as torch
    >>> torch.unique(torch.tensor([3, 1, 3]), return_counts=True)
    (tensor([1, 3]), tensor([1, 2]))
    """
    op = "_unique2" if dim is None else "unique_dim"
    x = data_of(op, input)
    _flags(op, sorted=sorted, return_inverse=return_inverse, return_counts=return_counts)
    if dim is None:
        _refuse_complex("unique", x)
        return _asked(_unique_of(input, return_inverse), return_inverse, return_counts)
    dim = one_dim("unique_dim", dim, x.ndim)
    if not x.size and 0 in [n for d, n in enumerate(x.shape) if d != dim % x.ndim]:
        raise RuntimeError(messages.UNIQUE_EMPTY)
    _refuse_complex("unique_dim", x)
    return _asked(_unique_dim_of(input, dim), return_inverse, return_counts)


@public()
def unique_consecutive(
    input: Tensor, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None
) -> Any:
    """The first of each run of equal elements, or of slices along `dim`; if asked for, the run of each
    element, and the lengths.

    >>> import leafgrad as torch
    >>> torch.unique_consecutive(torch.tensor([1, 1, 3, 1]))
    tensor([1, 3, 1])
    """
    x = data_of("unique_consecutive", input)
    _flags("unique_consecutive", return_inverse=return_inverse, return_counts=return_counts)
    if dim is not None:
        dim = one_dim("unique_consecutive", dim, x.ndim, position=None)
        if not x.size and 0 in [n for d, n in enumerate(x.shape) if d != dim % x.ndim]:
            raise RuntimeError(messages.UNIQUE_EMPTY)
    _refuse_complex("unique" if dim is None else "unique_dim", x)
    return _asked(_consecutive_of(input, dim), return_inverse, return_counts)


# --- places in a sorted sequence ---

_REST = "bool right = False, str side = None, Tensor sorter = None, Tensor out = None"
_SEARCH = (
    f"Tensor sorted_sequence, Tensor input, *, bool out_int32 = False, {_REST}",
    f"Tensor sorted_sequence, Number self, *, bool out_int32 = False, {_REST}",
)
_BUCKETIZE = (
    "Tensor input, Tensor boundaries, *, bool out_int32 = False, bool right = False, Tensor out = None",
    "Number self, Tensor boundaries, *, bool out_int32 = False, bool right = False",
)


def _values(given: Any) -> ndarray:
    return given._data if isinstance(given, Tensor) else np.asarray(given, promotion.common(given))


def _places(
    bounds: ndarray, values: ndarray, sorter: ndarray | None, /, right: bool, out_int32: bool
) -> ndarray:
    if sorter is not None:
        bounds = _sorted_by(bounds, sorter)
    if bounds.size and values.size and (bounds.dtype.kind in "bc" or values.dtype.kind == "c"):
        shown = type_of(bounds.dtype if bounds.dtype.kind in "bc" else values.dtype)
        raise NotImplementedError(
            messages.NOT_IMPLEMENTED_FOR.format(kernel="searchsorted_out_cpu", type=shown)
        )
    found = sorting.searchsorted(_comparable(bounds), _comparable(values), right)
    return found.astype(INT) if out_int32 else found


def _places_each(
    bounds: Tensor,
    values: Tensor,
    sorter: Tensor | None,
    right: bool,
    out_int32: bool,
    batched: tuple,
    samples: int,
) -> Tensor:
    """The batch rule: one sequence for all values, or the batch as one more dimension of rows."""
    if batched == (False, True, False) and bounds._data.ndim == 1:
        return _places_of(bounds, values, sorter, right, out_int32)
    given: Any = zip((bounds, values, sorter), batched, strict=True)
    bounds, values, sorter = [
        x if x is None or own else expand(x, (samples, *x._data.shape)) for x, own in given
    ]
    shape = values._data.shape
    if bounds._data.ndim == 2:
        values = of_samples(values)
    return reshape(_places_of(bounds, values, sorter, right, out_int32), shape)


_places_of: Any = primitive("searchsorted", _places, batch=_places_each)


def _search(bounds: Tensor, values: Any, sorter: Any, right: bool, out_int32: bool, out: Any) -> Tensor:
    if not isinstance(values, Tensor):
        values = wrap(_values(values))
    with quiet():  # as in torch, inputs that require grad may have an `out` here
        return _places_of(bounds, values, sorter, right, out_int32, out=out)


def _comparable(x: ndarray) -> ndarray:
    return x.astype(np.float32) if x.dtype.kind == "V" or x.dtype.char == "e" else x


def _check_out(out: Any, out_int32: bool) -> None:
    if isinstance(out, Tensor) and out._data.dtype != (INT if out_int32 else LONG):
        raise RuntimeError(messages.SEARCH_OUT.format(type=type_of(out._data.dtype), flag=out_int32))


@public(method=False, signatures=_SEARCH)
def searchsorted(
    sorted_sequence: Tensor, input: Any, *, out_int32: bool = False, right: bool = False,
    side: str | None = None,
    sorter: Tensor | None = None, out: Any = None,
) -> Tensor:  # fmt: skip
    """Where each element of `input` would have to be inserted into the sorted sequence: before equal
    elements, or after them.

    sorted_sequence: a vector, or rows along the last dimension, one for each row of `input`.  sorter: the
    indices that would sort it, if it is not sorted.  right=True or side="right": after equal elements.
    int64, or int32 with `out_int32`.

    >>> import leafgrad as torch
    >>> torch.searchsorted(torch.tensor([1, 3, 5]), torch.tensor([3, 6]))
    tensor([1, 3])
    """
    if not isinstance(sorted_sequence, Tensor) or not isinstance(
        input, Tensor | bool | int | float | complex
    ):
        raise invalid("searchsorted", _SEARCH)
    bounds = sorted_sequence._data
    values = _values(input)
    flag("searchsorted", out_int32, "out_int32", None)
    flag("searchsorted", right, "right", None)
    if not bounds.ndim:
        raise RuntimeError(messages.SEARCH_NO_DIM)
    if side is not None:
        if side not in ("left", "right"):
            raise RuntimeError(messages.SEARCH_SIDE.format(side=side))
        if side == "left" and right:
            raise RuntimeError(messages.SEARCH_SIDES.format(side=side))
        right = side == "right"
    if bounds.ndim > 1 and not values.ndim:
        raise RuntimeError(messages.SEARCH_SCALAR.format(bounds=bounds.ndim))
    if bounds.ndim > 1 and (bounds.ndim != values.ndim or bounds.shape[:-1] != values.shape[:-1]):
        raise RuntimeError(messages.SEARCH_SHAPE.format(bounds=list(bounds.shape), values=list(values.shape)))
    _check_out(out, out_int32)
    return _search(sorted_sequence, input, sorter, right, out_int32, out)


def _sorted_by(bounds: ndarray, sorter: ndarray) -> ndarray:
    if bounds.shape != sorter.shape:
        raise RuntimeError(
            messages.SEARCH_SORTER_SIZE.format(bounds=list(bounds.shape), sorter=list(sorter.shape))
        )
    if sorter.dtype != LONG:
        raise RuntimeError(messages.SEARCH_SORTER_DTYPE.format(type=type_of(sorter.dtype)))
    if sorter.size and not 0 <= sorter.min() <= sorter.max() < bounds.shape[-1]:
        raise RuntimeError(messages.SEARCH_SORTER_RANGE)
    return np.take_along_axis(bounds, sorter, -1)


@public(method=False, signatures=_BUCKETIZE)
def bucketize(
    input: Any, boundaries: Tensor, *, out_int32: bool = False, right: bool = False, out: Any = None
) -> Tensor:
    """Which bucket each element of `input` (a tensor or a number) falls into, between sorted boundaries.

    With right=False a boundary belongs to the bucket below it, with right=True to the one above.

    >>> import leafgrad as torch
    >>> torch.bucketize(torch.tensor([1, 4]), torch.tensor([1, 3, 5]))
    tensor([0, 2])
    """
    if not isinstance(boundaries, Tensor) or not isinstance(input, Tensor | bool | int | float | complex):
        raise invalid("bucketize", _BUCKETIZE)
    bounds = boundaries._data
    flag("bucketize", out_int32, "out_int32", None)
    flag("bucketize", right, "right", None)
    if bounds.ndim != 1:
        raise RuntimeError(messages.BUCKETIZE_DIMS.format(ndim=bounds.ndim))
    _check_out(out, out_int32)
    return _search(boundaries, input, None, right, out_int32, out)


@public(method=False)
def isin(
    elements: Any, test_elements: Any, *, assume_unique: bool = False, invert: bool = False, out: Any = None
) -> Tensor:
    """Whether each of `elements` is among `test_elements` (one of them may be a number); with `invert`,
    whether it is not.

    >>> import leafgrad as torch
    >>> torch.isin(torch.tensor([1, 2, 3]), torch.tensor([2, 5]))
    tensor([False,  True, False])
    """
    given = (elements, test_elements)
    dtype = promotion.common(*[x._data if isinstance(x, Tensor) else x for x in given])
    for x in (*map(_values, given), np.empty(0, dtype)):
        if x.dtype.kind in "bc" or x.dtype.kind == "V":
            raise RuntimeError(messages.ISIN_DTYPE.format(type=type_of(x.dtype)))
    check_out_dtype(out, np.dtype(bool))
    tensors = [x if isinstance(x, Tensor) else wrap(_values(x)) for x in given]
    with quiet():
        return _is_in(*tensors, dtype, assume_unique, invert, out=out)


def _isin(
    elements: ndarray, test_elements: ndarray, /, dtype: np.dtype, assume_unique: bool, invert: bool
) -> ndarray:
    return np.asarray(np.isin(elements.astype(dtype), test_elements.astype(dtype), assume_unique, invert))


def _isin_each(
    elements: Tensor,
    test_elements: Tensor,
    dtype: np.dtype,
    assume_unique: bool,
    invert: bool,
    batched: tuple,
) -> Tensor:
    """The batch rule: the same test elements for all, or each pair compared."""
    if not batched[1]:
        return _is_in(elements, test_elements, dtype, assume_unique, invert)
    tests = of_samples(test_elements)
    shape = tests._data.shape
    if not batched[0]:
        elements = expand(elements, (shape[0], *elements._data.shape))
    tests = reshape(tests, (shape[0], *(1,) * (elements._data.ndim - 1), shape[1]))
    found = any_of(eq(unsqueeze(to_copy(elements, dtype), -1), to_copy(tests, dtype)), (-1,), False)
    return logical_not(found) if invert else found


_is_in: Any = primitive("isin", _isin, batch=_isin_each)
