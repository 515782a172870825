"""Losses of differences, element by element, and their slopes."""

from typing import Any

import numpy as np
from numpy import ndarray

from .buffers import like
from .kernel import composed, negative
from .kernels import sub
from .reductions import squares


@composed
def squared(x: Any, y: Any, *, out: ndarray) -> None:
    """(x - y)^2."""
    np.subtract(x, y, out=out)
    np.multiply(out, out, out=out)


def squared_total(x: ndarray, y: ndarray) -> ndarray:
    """The sum of (x - y)^2."""
    return squares(sub(x, y))


@composed
def squared_slope(x: Any, y: Any, factor: Any, *, out: ndarray) -> None:
    """2 (x - y) factor."""
    np.subtract(x, y, out=out)
    if factor.ndim:
        np.multiply(out, 2, out=out)
        np.multiply(out, factor, out=out)
    else:
        np.multiply(out, 2 * factor, out=out)


@composed
def huber(x: Any, y: Any, delta: Any, *, out: ndarray) -> None:
    """d^2 / 2 for d = |x - y| below delta, delta (d - delta / 2) above: m (d - m / 2) with m = min(d,
    delta)."""
    np.subtract(x, y, out=out)
    np.abs(out, out=out)
    m = np.clip(out, 0, delta, out=like(out))
    np.subtract(out, np.multiply(m, 0.5, out=like(out)), out=out)
    np.multiply(out, m, out=out)


@composed
def huber_slope(x: Any, y: Any, delta: Any, factor: Any, *, out: ndarray) -> None:
    """x - y, no further than delta from 0, times factor."""
    np.subtract(x, y, out=out)
    np.clip(out, -delta, delta, out=out)
    np.multiply(out, factor, out=out)


@composed
def binary_cross_entropy(x: Any, y: Any, *, out: ndarray) -> None:
    """-(y log(x) + (1 - y) log(1 - x)), no logarithm being less than -100."""
    negative(x, out=out)
    rest = np.log1p(out, out=like(out))
    np.clip(rest, -100, np.inf, out=rest)
    np.multiply(rest, np.subtract(y, 1, out=out), out=rest)
    np.log(x, out=out)
    np.clip(out, -100, np.inf, out=out)
    np.multiply(out, y, out=out)
    np.subtract(rest, out, out=out)


@composed
def binary_cross_entropy_with_logits(x: Any, y: Any, factor: Any, *, out: ndarray) -> None:
    """(1 - y) x + factor log(1 + exp(-x)), without overflow."""
    np.abs(x, out=out)
    negative(out, out=out)
    np.exp(out, out=out)
    np.log1p(out, out=out)
    room = np.clip(x, -np.inf, 0, out=like(out))
    np.subtract(out, room, out=out)
    np.multiply(out, factor, out=out)
    np.subtract(1, y, out=room)
    np.multiply(room, x, out=room)
    np.add(out, room, out=out)
