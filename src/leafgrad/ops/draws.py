"""Random numbers inside vmap: drawn anew for each sample ("different"), once for all ("same"), or not at all ("error").

What is different for the samples of some levels is drawn at once for all of them, as one tensor with their axes first.  So the
numbers are those of the same call for a whole batch, as in torch.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from ..base import messages
from ..base.state import modes, state
from ..tensor.batch import Level, hide_all, levels_of, show_all
from ..tensor.tensor import Tensor
from ..values import strides
from .views import reshape


def levels_in_force() -> tuple[Level, ...]:
    """The levels that see a call now, the oldest first."""
    return tuple([each for each in state.interceptors if each.__class__ is Level]) if modes else ()


def drawing(*parameters: Any) -> tuple[Level, ...]:
    """The levels, the oldest first, for each of whose samples numbers are drawn.

    RuntimeError inside a vmap that is not said to be random, and where the numbers should be the same while the tensors they
    are drawn after are not.
    """
    found = []
    for level in reversed(levels_in_force()):
        if level.randomness == "error":
            raise RuntimeError(messages.VMAP_RANDOM)
        if level.randomness == "different":
            found.append(level)
        elif any(level in levels_of(x) for x in parameters):
            raise RuntimeError(messages.VMAP_RANDOM_SAME)
    return tuple(reversed(found))


def sizes_of(levels: tuple[Level, ...]) -> tuple[int, ...]:
    """The lengths of the levels' axes."""
    return tuple([level.size for level in levels])


def refuse_out(out: Any) -> None:
    """RuntimeError for a random op with `out` inside vmap."""
    if out is not None and levels_in_force():
        raise RuntimeError(messages.VMAP_RANDOM_OUT)


def room_like(data: np.ndarray, x: Tensor, levels: tuple[Level, ...]) -> np.ndarray:
    """Uninitialised memory for the samples of these levels: `data`, made for one sample of x, if there are none."""
    if not levels:
        return data
    shape = (*sizes_of(levels), *data.shape)
    if levels_of(x) == levels and data.strides == strides.empty_like(x._data, data.dtype).strides:
        return strides.empty_like(show_all(x, levels)._data, data.dtype)
    return strides.empty_like(np.broadcast_to(data, shape))


def drawn_after(function: Callable, *parameters: Any) -> Any:
    """`function` of tensors (or None, or numbers) whose first axes are those of the samples that differ; as a batched result."""
    levels = drawing(*parameters)
    tensors = [x for x in parameters if isinstance(x, Tensor)]
    ndim = max([x._data.ndim for x in tensors])
    shown = [_shown(x, levels, ndim) if isinstance(x, Tensor) else x for x in parameters]
    interceptors = state.interceptors
    state.interceptors = tuple([each for each in interceptors if each.__class__ is not Level])
    try:
        return hide_all(function(*shown), levels)
    finally:
        state.interceptors = interceptors


def _shown(x: Tensor, levels: tuple[Level, ...], ndim: int) -> Tensor:
    """x with the axes of these levels first, and then as many dimensions as the others have."""
    missing = ndim - x._data.ndim
    if levels and missing:
        x = reshape(x, (*(1,) * missing, *x._data.shape))
    return show_all(x, levels)
