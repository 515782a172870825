"""Element by element along one dimension: gather, scatter, take_along_dim; and take, put_ by flat position.

In the first three `index` has the dimensions of x, and `index[i][j][k]` replaces one of i, j, k: for dim=1,
gather is `x[i][index[i][j][k]][k]`, and scatter writes there.  Large arrays go in blocks, whose positions
stay in the cache.
"""

from collections.abc import Iterator
from math import prod
from typing import Any

import numpy as np
from numpy import ndarray

from ..base import messages
from ..base.where import warn
from .arguments import axis, first_bad, number, sizes, type_name, writable
from .blocks import fresh, spread
from .copies import contiguous, copy, copy_into
from .masked import broadcast

Shape = tuple[int, ...]

SMALL = 1 << 11  # indices; below it NumPy's own indexing is faster
BLOCK = 1 << 15  # indices whose flat positions are worked out at once


def gather(x: ndarray, dim: int, index: ndarray) -> ndarray:
    """The elements of x at `index` (int32 or int64) along `dim`: an array of index's shape.

    >>> gather(np.array([[1, 2], [3, 4]]), 1, np.array([[0, 0], [1, 0]]))
    array([[1, 1],
           [4, 3]])
    """
    dim = axis(dim, x.ndim)
    _check_index("gather", index)
    if not index.size:
        return np.empty(index.shape, x.dtype)
    source = x if x.ndim else x.reshape(1)
    at = index if index.ndim else index.reshape(1)
    if source.ndim != at.ndim:
        raise RuntimeError(messages.GATHER_DIMS.format(what="input"))
    for d, n in enumerate(at.shape):
        if n > source.shape[d] and d != dim:
            words = {"dim": d, "index": sizes(at.shape), "self": sizes(source.shape), "along": dim}
            raise RuntimeError(messages.GATHER_SIZE.format(**words))
    try:
        if at.size < SMALL or (not source.flags.c_contiguous and source.size > 4 * at.size):
            _no_negative(at)
            found = np.ascontiguousarray(source[_grid(at, dim)])
        else:
            found = _gather_large(contiguous(source), dim, at)
    except IndexError:
        _check_bounds(at, dim, source.shape[dim])
        raise
    return found if index.ndim else found.reshape(())


def _gather_large(source: ndarray, dim: int, at: ndarray) -> ndarray:
    flat, size, steps = source.reshape(-1), source.shape[dim], _steps(source.shape)
    out = fresh(at.shape, source.dtype)

    def task(start: int, stop: int) -> None:
        for places, part in _blocks(at, dim, steps, start, stop):
            if first_bad(at[part], 0, size) is not None:
                raise IndexError
            flat.take(places, out=out[part], mode="wrap")

    spread(task, len(at), at.nbytes, 1 if at.ndim > 1 else 64)
    return out


def _no_negative(at: ndarray) -> None:
    """Raise an IndexError (whose words are found later) for what NumPy would count from the end."""
    if at.size and np.minimum.reduce(at, None) < 0:
        raise IndexError


def _steps(shape: Shape) -> list[int]:
    """How many elements of a C-contiguous array lie between neighbours along each dimension."""
    return [prod(shape[d + 1 :]) for d in range(len(shape))]


def _blocks(
    at: ndarray, dim: int, steps: list[int], start: int, stop: int
) -> Iterator[tuple[ndarray, slice]]:
    """The flat positions that `at[start:stop]` means along `dim`, in blocks; which part of `at` each is."""
    if at.ndim == 1:
        yield at[start:stop], slice(start, stop)
        return
    base: Any = 0
    for d in range(1, at.ndim):
        if d != dim:
            base = base + (np.arange(at.shape[d]) * steps[d]).reshape((-1,) + (1,) * (at.ndim - 1 - d))
    rows = max(1, BLOCK * len(at) // at.size)
    buffer = np.empty((min(rows, stop - start), *at.shape[1:]), np.int64)
    for i in range(start, stop, rows):
        j = min(i + rows, stop)
        places, offset = buffer[: j - i], base
        if dim:
            offset = base + (np.arange(i, j) * steps[0]).reshape((-1,) + (1,) * (at.ndim - 1))
        if steps[dim] == 1:
            np.add(at[i:j], offset, out=places)
        else:
            np.multiply(at[i:j], steps[dim], out=places, dtype=np.int64)
            places += offset
        yield places, slice(i, j)


def _grid(at: ndarray, dim: int) -> tuple[ndarray, ...]:
    """The index of NumPy that means the same."""
    last = at.ndim - 1
    grid = [np.arange(n).reshape((-1,) + (1,) * (last - d)) for d, n in enumerate(at.shape) if d != dim]
    grid.insert(dim, at)
    return tuple(grid)


def _check_index(op: str, index: ndarray) -> None:
    if index.size and index.dtype.char not in "ilq":
        raise RuntimeError(messages.GATHER_INDEX.format(op=op))


def _check_bounds(at: ndarray, dim: int, size: int) -> None:
    bad = first_bad(at, 0, size)
    if bad is not None:
        raise RuntimeError(messages.INDEX_BOUNDS.format(index=bad, dim=dim, size=size))


# --- scatter ---


def scatter(
    x: ndarray, dim: int, index: ndarray, src: Any, reduce: str | None = None, out: ndarray | None = None
) -> ndarray:
    """x with the elements of `src` (an array, or one number for all) written at `index` along `dim`.

    `reduce`: None, or "add" or "multiply" to combine with what is there.  With `out`, which must be x,
    the write is in place.

    >>> scatter(np.zeros((2, 3)), 1, np.array([[2], [0]]), np.array([[5.0], [6.0]])).tolist()
    [[0.0, 0.0, 5.0], [6.0, 0.0, 0.0]]
    """
    if reduce is not None and isinstance(src, ndarray):
        warn(messages.SCATTER_REDUCE_DEPRECATED)
    dim = _check_scatter(x, dim, index, src, out)
    if reduce is not None and reduce not in ("add", "multiply"):
        raise RuntimeError(messages.SCATTER_REDUCE)
    if not isinstance(src, ndarray):
        src = number(src, x.dtype)
    ufunc = {None: None, "add": np.add, "multiply": np.multiply}[reduce]
    return _scatter(x, dim, index, src, ufunc, out)


def scatter_add(x: ndarray, dim: int, index: ndarray, src: ndarray, out: ndarray | None = None) -> ndarray:
    """x with the elements of `src` added at `index` along `dim`; `out` as for `scatter`.

    >>> scatter_add(np.zeros(3), 0, np.array([2, 2]), np.array([1.0, 5.0]))
    array([0., 0., 6.])
    """
    dim = _check_scatter(x, dim, index, src, out)
    return _scatter(x, dim, index, src, np.add, out)


_REDUCTIONS = {  # how, and the number that changes nothing
    "sum": (np.add, 0),
    "prod": (np.multiply, 1),
    "mean": (np.add, 0),
    "amax": (np.maximum, None),
    "amin": (np.minimum, None),
}


def scatter_reduce(
    x: ndarray,
    dim: int,
    index: ndarray,
    src: ndarray,
    reduce: str,
    include_self: bool = True,
    out: ndarray | None = None,
) -> ndarray:
    """x with the elements of `src` for one place, and with `include_self` what is there, reduced to one.

    `reduce`: "sum", "prod", "mean" (rounded down for integers), "amax" or "amin".  `out` as for `scatter`.

    >>> scatter_reduce(np.ones(3), 0, np.array([1, 1]), np.array([2.0, 6.0]), "mean")
    array([1., 3., 1.])
    """
    dim = _check_scatter(x, dim, index, src, out)
    if reduce not in _REDUCTIONS:
        raise RuntimeError(messages.SCATTER_REDUCE_TWO.format(reduce=reduce))
    ufunc, neutral = _REDUCTIONS[reduce]
    result = copy(x)
    if not include_self:
        if neutral is None:
            neutral = _extreme(x.dtype, low=reduce == "amax")
        _scatter(result, dim, index, x.dtype.type(neutral), None, result)
    refused = x.dtype.kind == {"mean": "b", "amax": "c", "amin": "c"}.get(reduce)
    if refused and (index.size or reduce == "mean"):
        kernel = "scatter_gather_tensor_cpu_reduce_" + reduce if index.size else "div_floor_cpu"
        raise NotImplementedError(messages.NOT_IMPLEMENTED_FOR.format(kernel=kernel, type=type_name(x)))
    _scatter(result, dim, index, src, ufunc, result)
    if reduce == "mean":
        count = np.full(x.shape, int(include_self), np.int64)
        _scatter(count, dim, index, np.int64(1), np.add, count)
        np.maximum(count, 1, out=count)
        divide = np.floor_divide if x.dtype.kind in "iu" else np.divide
        divide(result, count.astype(x.dtype), out=result, casting="unsafe")
    if out is None:
        return result
    copy_into(out, result)
    return out


def _extreme(dtype: np.dtype, low: bool) -> Any:
    """The number below (or above) all others, so that it never wins."""
    if dtype.kind == "b":
        return not low
    if dtype.kind in "iu":
        return np.iinfo(dtype).min if low else np.iinfo(dtype).max
    return -np.inf if low else np.inf


def _check_scatter(x: ndarray, dim: int, index: ndarray, src: Any, out: ndarray | None) -> int:
    dim = axis(dim, x.ndim)
    _check_index("scatter", index)
    is_array = isinstance(src, ndarray)
    if is_array and x.dtype != src.dtype:
        raise RuntimeError(messages.SCATTER_DTYPE)
    if index.size:
        _check_sizes(x.shape, dim, index.shape, src.shape if is_array else None)
    if out is not None:
        writable(out, index, *([src] if is_array else []))
    return dim


def _check_sizes(x: Shape, dim: int, index: Shape, src: Shape | None) -> None:
    """Index must have the dimensions of x and of src, and no larger sizes, but for x along `dim`."""
    mine, at = x or (1,), index or (1,)
    if len(at) != len(mine):
        raise RuntimeError(messages.GATHER_DIMS.format(what="self"))
    too_large = False
    for d, n in enumerate(at):
        if n > mine[d] and d != dim:
            too_large = True
    if src is None:
        if too_large:
            words = {"index": sizes(index), "self": sizes(x), "along": dim}
            raise RuntimeError(messages.SCATTER_SIZE.format(**words))
        return
    if src == index and not too_large:
        return
    for d, n in enumerate(at):
        if too_large:
            break
        too_large = n > (src[axis(d, len(src))] if src else 1)
    if len(src or (1,)) != len(at):
        raise RuntimeError(messages.GATHER_DIMS.format(what="src"))
    if too_large:
        words = {"index": sizes(index), "self": sizes(x), "along": dim, "src": sizes(src)}
        raise RuntimeError(messages.SCATTER_SIZE_SRC.format(**words))


def _scatter(
    x: ndarray, dim: int, index: ndarray, src: Any, ufunc: np.ufunc | None, out: ndarray | None
) -> ndarray:
    """Write elements to (or combine them with) `out` or a copy of x, if the index is in bounds."""
    if not index.size:
        return copy(x) if out is None else out
    given = src
    if isinstance(src, ndarray) and src.shape != index.shape:
        given = (src if src.ndim else src.reshape(1))[tuple([slice(n) for n in index.shape or (1,)])]
    at = index if index.ndim else index.reshape(1)
    small = at.size < SMALL  # then NumPy itself checks, before it writes
    if not small:
        _check_bounds(at, dim, x.shape[dim] if x.ndim else 1)
    result = copy(x) if out is None else out
    array = result if result.ndim else result.reshape(1)
    if not small:
        put_along(array, dim, at, given, ufunc)
    else:
        try:
            _no_negative(at)
            if ufunc is None:
                array[_grid(at, dim)] = given
            else:
                ufunc.at(array, _grid(at, dim), given)
        except IndexError:
            _check_bounds(at, dim, array.shape[dim])
            raise
    return result


def put_along(array: ndarray, dim: int, at: ndarray, given: Any, ufunc: np.ufunc | None = None) -> None:
    """Write an array like `at`, or one NumPy number, to checked places; or combine it by `ufunc`."""
    target = contiguous(array)
    flat, steps = target.reshape(-1), _steps(target.shape)

    def write(flat: ndarray, at: ndarray, given: Any, start: int, stop: int) -> None:
        for places, part in _blocks(at, dim, steps, start, stop):
            values = given[part].reshape(-1) if given.ndim else given
            if ufunc is None:
                flat[places.reshape(-1)] = values
            else:
                ufunc.at(flat, places.reshape(-1), values)

    def strip(start: int, stop: int) -> None:
        part = given[:, start:stop] if given.ndim else given
        write(flat[start * steps[1] :], at[:, start:stop], part, 0, len(at))

    if ufunc is not None or at.ndim == 1:  # a ufunc's `at` keeps the interpreter lock
        write(flat, at, given, 0, len(at))
    elif dim:  # in two threads, so that no two pieces meet in one place
        spread(lambda start, stop: write(flat, at, given, start, stop), len(at), at.nbytes)
    else:
        spread(strip, at.shape[1], at.nbytes)
    if target is not array:
        copy_into(array, target)


# --- along a dimension with broadcasting; by flat position ---


def along_dim(shape: Shape, indices: ndarray, dim: int) -> tuple[Shape, ndarray]:
    """What `take_along_dim` gathers from and with: the shape to expand x to; the expanded, wrapped index."""
    if len(shape) != indices.ndim:
        raise RuntimeError(messages.ALONG_DIMS.format(input=len(shape), indices=indices.ndim))
    if indices.dtype.char not in "lq":
        raise RuntimeError(messages.ALONG_DTYPE.format(type=type_name(indices)))
    if not shape:
        raise IndexError(messages.NO_DIMENSIONS.format(dim=dim))
    dim = axis(dim, len(shape))
    n = shape[dim]
    if not n and indices.size:
        raise RuntimeError(messages.ZERO_DIVISION)
    wide = broadcast(_resized(shape, dim, 1), _resized(indices.shape, dim, 1))
    index = np.broadcast_to(indices, _resized(wide, dim, indices.shape[dim]))
    index = copy(index) if first_bad(index, 0, n) is None else index % n  # 0.3 ms, not 2, for 2^20
    return _resized(wide, dim, n), index


def _resized(shape: Shape, dim: int, n: int) -> Shape:
    return (*shape[:dim], n, *shape[dim + 1 :])


def take_along_dim(x: ndarray, indices: ndarray, dim: int | None = None) -> ndarray:
    """`gather` with broadcasting apart from `dim`, and with negative indices; without `dim`, from the flat x.

    >>> take_along_dim(np.array([[1, 2], [3, 4]]), np.array([[-1]]), 1).tolist()
    [[2], [4]]
    """
    if dim is None:
        return gather(contiguous(x).reshape(-1), 0, indices.reshape(-1))
    shape, index = along_dim(x.shape, indices, dim)
    return gather(np.broadcast_to(x, shape), dim, index)


def take(x: ndarray, index: ndarray) -> ndarray:
    """The elements of x at flat positions (int64, negative ones from the end): an array of index's shape.

    >>> take(np.array([[1, 2], [3, 4]]), np.array([[3, 0]]))
    array([[4, 1]])
    """
    if index.dtype.char not in "lq":
        raise RuntimeError(messages.LONG_INDEX.format(op="take", type=type_name(index)))
    if index.size and not x.size:
        raise IndexError(messages.TAKE_EMPTY)
    if not index.size:
        return np.empty(index.shape, x.dtype)
    if index.size < SMALL and x.flags.c_contiguous:
        try:
            return np.asarray(x.reshape(-1)[index])
        except IndexError:
            pass
    _check_positions(index, x.size)
    if not x.flags.c_contiguous and x.size > 4 * index.size:
        return np.asarray(x[np.unravel_index(index % x.size, x.shape)])
    flat = contiguous(x).reshape(-1)
    at = contiguous(index).reshape(-1)
    out = fresh(at.shape, x.dtype)

    def task(start: int, stop: int) -> None:
        flat.take(at[start:stop], out=out[start:stop], mode="wrap")

    spread(task, len(at), at.nbytes, 64)
    return out.reshape(index.shape)


def _check_positions(index: ndarray, size: int) -> None:
    bad = first_bad(index, -size, size)
    if bad is not None:
        raise IndexError(messages.TAKE_RANGE.format(index=bad, numel=size))


def put(
    x: ndarray, index: ndarray, source: ndarray, accumulate: bool = False, out: ndarray | None = None
) -> ndarray:
    """x with the elements of `source` written (or added, with `accumulate`) at flat positions.

    `index` is int64; negative ones count from the end.  `out` as for `scatter`.

    >>> put(np.zeros(3), np.array([0, -1]), np.array([5.0, 6.0]))
    array([5., 0., 6.])
    """
    if index.dtype.char not in "lq":
        raise RuntimeError(messages.LONG_INDEX.format(op="put_", type=type_name(index)))
    if x.dtype != source.dtype:
        raise RuntimeError(messages.PUT_SOURCE.format(self=type_name(x), source=type_name(source)))
    if index.size != source.size:
        raise IndexError(messages.PUT_NUMBER.format(source=source.size, index=index.size))
    if out is not None:
        writable(out, index, source)
    if index.size and not x.size:
        raise IndexError(messages.PUT_EMPTY)
    _check_positions(index, x.size)
    result = copy(x) if out is None else out
    target = contiguous(result)
    flat, at, given = target.reshape(-1), contiguous(index).reshape(-1), contiguous(source).reshape(-1)
    if accumulate:
        np.add.at(flat, at, given)
    else:
        flat[at] = given
    if target is not result:
        copy_into(result, target)
    return result
