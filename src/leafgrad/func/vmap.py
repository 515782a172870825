"""vmap: a function of one sample, called once for a whole batch.

>>> import leafgrad as torch
>>> torch.vmap(torch.dot)(torch.ones(2, 3), torch.ones(2, 3))
tensor([3., 3.])
"""

from collections.abc import Callable
from typing import Any

from ..base import messages
from ..base.state import state
from ..op.record import REGISTRY
from ..ops.join import cat_front as cat
from ..tensor.batch import Level, bottom, embed, show
from ..tensor.intercept import opened
from ..tensor.tensor import Tensor
from ..utils._pytree import TreeSpec, _broadcast_to_and_flatten, tree_flatten, tree_unflatten
from ..values.rng import default_generator
from .arguments import name_of, wraps

RANDOMNESS = ("error", "different", "same")


def vmap(
    func: Callable,
    in_dims: Any = 0,
    out_dims: Any = 0,
    randomness: str = "error",
    *,
    chunk_size: int | None = None,
) -> Callable:
    """A function that maps `func` over a dimension of its inputs.

    in_dims: which dimension of each positional input holds the samples: an int for all, or a tuple of ints, None (not
    mapped) and nested structures of them like the inputs.  out_dims: where the samples stand in each output; None for one
    that is not mapped.  Keyword arguments are not mapped.  randomness: what random ops do inside:
    raise ("error"), draw anew for each sample ("different"), or once for all of them ("same").  chunk_size: how many
    samples to compute at a time, all if None.

    Raises ValueError for in_dims and out_dims that do not fit, for inputs whose sizes differ in the mapped dimension, and
    for outputs that are no tensors; RuntimeError for what cannot be done to a sample: `.item()`, control flow that depends
    on values, results whose shape depends on them.

    >>> import leafgrad as torch
    >>> x, w = torch.arange(6.0).view(3, 2), torch.tensor([1.0, 10.0])
    >>> torch.vmap(torch.dot, in_dims=(0, None))(x, w)
    tensor([10., 32., 54.])
    """
    check_randomness(randomness)
    if chunk_size is not None and chunk_size <= 0:
        raise ValueError(messages.VMAP_CHUNK.format(got=chunk_size))

    def mapped(*args: Any, **kwargs: Any) -> Any:
        dims, leaves, spec = _inputs(func, in_dims, args)
        size = _size(leaves, dims)

        def some(leaves: list, n: int) -> Any:
            return _once(func, leaves, dims, spec, kwargs, n, out_dims, randomness)

        if chunk_size is None or chunk_size >= size:
            return some(leaves, size)
        mark = default_generator.mark() if randomness == "same" else None
        return _by_chunks(some, leaves, dims, size, chunk_size, out_dims, mark)

    return wraps(mapped, func)


def check_randomness(randomness: Any) -> None:
    """RuntimeError for what is none of the three words."""
    if randomness not in RANDOMNESS:
        raise RuntimeError(messages.RANDOMNESS.format(got=randomness))


# --- the inputs ---


def _inputs(func: Callable, in_dims: Any, args: tuple) -> tuple[list, list, TreeSpec]:
    """(dimension of each leaf, leaves, structure) of the positional arguments, checked."""
    name = name_of(func)
    if not isinstance(in_dims, int | tuple):
        raise ValueError(messages.IN_DIMS_TYPE.format(name=name, in_dims=in_dims, type=type(in_dims)))
    if not args:
        raise ValueError(messages.VMAP_NO_INPUTS.format(name=name))
    leaves, spec = tree_flatten(args)
    dims = _broadcast_to_and_flatten(in_dims, spec)
    if dims is None:
        structure = tree_flatten(in_dims)[1]
        raise ValueError(
            messages.IN_DIMS_STRUCTURE.format(name=name, in_dims=in_dims, structure=structure, inputs=spec)
        )
    dims = list(dims)
    for i, (x, dim) in enumerate(zip(leaves, dims, strict=True)):
        words = {"name": name, "in_dims": in_dims, "dim": dim}
        if dim is None:
            continue
        if not isinstance(dim, int):
            raise ValueError(messages.IN_DIM_TYPE.format(**words))
        if not isinstance(x, Tensor):
            raise ValueError(messages.IN_DIM_NO_TENSOR.format(type=type(x), **words))
        ndim = x._data.ndim
        if not -ndim <= dim < ndim:
            raise ValueError(messages.IN_DIM_RANGE.format(ndim=ndim, **words))
        dims[i] = dim % ndim
    return dims, leaves, spec


def _size(leaves: list, dims: list) -> int:
    """How many samples there are."""
    sizes = [x._data.shape[d] for x, d in zip(leaves, dims, strict=True) if d is not None]
    if not sizes:
        raise ValueError(messages.VMAP_NOTHING)
    if any(n != sizes[0] for n in sizes):
        raise ValueError(messages.VMAP_SIZES.format(sizes=sizes))
    return sizes[0]


def hidden(x: Any, dim: int | None, level: Level) -> Any:
    """x with its dimension `dim` hidden by a level; x itself if that is None."""
    if dim is None:
        return x
    return embed(front(x, dim), (level,))


def front(x: Tensor, dim: int) -> Tensor:
    """x with a dimension put first."""
    if dim == 0:
        return x
    return REGISTRY["permute"].public(x, (dim, *[i for i in range(x._data.ndim) if i != dim]))


# --- the call ---


def _once(
    func: Callable,
    leaves: list,
    dims: list,
    spec: TreeSpec,
    kwargs: dict,
    size: int,
    out_dims: Any,
    randomness: str,
) -> Any:
    level = Level(size, randomness)
    with opened(level):
        args = tree_unflatten([hidden(x, d, level) for x, d in zip(leaves, dims, strict=True)], spec)
        state.transforms += 1
        level.transforms = state.transforms
        try:
            outputs = func(*args, **kwargs)
        finally:
            state.transforms -= 1
    return _outputs(func, outputs, out_dims, level)


def _by_chunks(
    some: Callable, leaves: list, dims: list, size: int, chunk: int, out_dims: Any, mark: Any
) -> Any:
    """What `some(leaves, n)` returns for n samples at a time, put together; each time from the random state `mark`, if any."""
    found, structure = [], None
    for start in range(0, size, chunk):
        n = min(chunk, size - start)
        if mark is not None:
            default_generator.back_to(mark)
        result = some([_part(x, d, start, n) for x, d in zip(leaves, dims, strict=True)], n)
        flat, structure = tree_flatten(result)
        found.append(flat)
    assert structure is not None
    if (
        structure.is_leaf()
        and type(out_dims) is tuple
        and len(out_dims) == 1
        and isinstance(out_dims[0], int | None)
    ):
        (out_dims,) = out_dims
    out = _broadcast_to_and_flatten(out_dims, structure)
    joined = [
        parts[0] if d is None else cat(parts, d)
        for d, parts in zip(out or (), zip(*found, strict=True), strict=True)
    ]
    return tree_unflatten(joined, structure)


def _part(x: Any, dim: int | None, start: int, n: int) -> Any:
    return x if dim is None else REGISTRY["slice"].public(x, dim, start, start + n, 1)


def _outputs(func: Callable, outputs: Any, out_dims: Any, level: Level) -> Any:
    """What the function returned, with the samples shown."""
    name = name_of(func)
    if (
        isinstance(outputs, Tensor)
        and type(out_dims) is tuple
        and len(out_dims) == 1
        and isinstance(out_dims[0], int | None)
    ):
        (out_dims,) = out_dims
    if isinstance(outputs, Tensor) and type(out_dims) is int:
        return _shown(outputs, out_dims, level, name)
    leaves, spec = tree_flatten(outputs)
    if not isinstance(out_dims, int) and not all(
        d is None or isinstance(d, int) for d in tree_flatten(out_dims)[0]
    ):
        raise ValueError(messages.OUT_DIMS_TYPE.format(name=name, out_dims=out_dims))
    dims = (
        [out_dims]
        if spec.is_leaf() and isinstance(out_dims, int | None)
        else _broadcast_to_and_flatten(out_dims, spec)
    )
    if dims is None:
        structure = tree_flatten(out_dims)[1]
        raise ValueError(
            messages.OUT_DIMS_STRUCTURE.format(
                name=name, out_dims=out_dims, structure=structure, outputs=spec
            )
        )
    return tree_unflatten([_shown(x, d, level, name) for x, d in zip(leaves, dims, strict=True)], spec)


def _shown(x: Any, dim: int | None, level: Level, name: str) -> Any:
    if dim is None:
        if isinstance(x, Tensor) and level in bottom(x)[1]:
            raise ValueError(messages.OUT_DIM_NONE.format(name=name))
        return x
    if not isinstance(x, Tensor):
        raise ValueError(messages.VMAP_OUTPUT.format(name=name, type=type(x)))
    x = show(x, level)
    ndim = x._data.ndim
    if not -ndim <= dim < ndim:
        raise IndexError(messages.DIM_RANGE.format(low=-ndim, high=ndim - 1, dim=dim))
    dim %= ndim
    return x if dim == 0 else REGISTRY["permute"].public(x, (*range(1, dim + 1), 0, *range(dim + 1, ndim)))


__all__ = ["vmap"]
