"""What the batch rules of ops with an index are made of; see Note [Batch rules] in tensor/batch.py.

An index along dimension d of a sample is one along d + 1 of the batch, if it has the batch axis itself.  Where samples are
numbers, they count as vectors of one element; where the dimensions of an index are its own, the number of the sample comes
in as one more index.
"""

from typing import Any

import numpy as np

from ..base.state import modes
from ..tensor.batch import levels_of
from ..tensor.tensor import wrap
from .views import after, expand, reshape, squeeze, unsqueeze


def vectors(x: Any) -> Any:
    """Samples, those that are numbers as vectors of one element."""
    return x if x._data.ndim > 1 else unsqueeze(x, 1)


def along(row: Any, tensors: tuple, dim: int, *rest: Any, like: int = 0) -> Any:
    """An op whose tensors have the dimensions of each other, along one of them.  like: which of them the result is like."""
    out = row(*map(vectors, tensors), after(dim), *rest)
    return out if tensors[like]._data.ndim > 1 else squeeze(out, 1)


def aligned(x: Any, ndim: int) -> Any:
    """Samples with dimensions of size 1 before their own, so that they have `ndim`."""
    shape = x._data.shape
    return x if len(shape) > ndim else reshape(x, (shape[0], *(1,) * (ndim + 1 - len(shape)), *shape[1:]))


def wide_index(index: Any, dim: int, shape: tuple) -> Any:
    """Samples of a vector that counts along `dim` as an index of elements for samples of this shape."""
    dim %= len(shape)
    n = index._data.shape[0]
    count = index._data.shape[1] if index._data.ndim > 1 else 1
    at = reshape(index, (n, *(1,) * dim, count, *(1,) * (len(shape) - 1 - dim)))
    return expand(at, (n, *shape[:dim], at._data.shape[dim + 1], *shape[dim + 1 :]))


def numbers(samples: int, ndim: int = 0) -> Any:
    """The numbers of the samples, with `ndim` dimensions of size 1 after the batch axis."""
    return wrap(np.arange(samples).reshape(samples, *(1,) * ndim))


def is_sample(x: Any) -> bool:
    """Whether x is what a function sees of a batch inside vmap: its values are not those of its array."""
    return bool(levels_of(x))


def refuse_samples(text: str, *inputs: Any, error: type[Exception] = RuntimeError) -> None:
    """An error inside vmap if one of these is a tensor that it maps over: what is asked depends on its values."""
    if modes and any(map(levels_of, inputs)):
        raise error(text)
