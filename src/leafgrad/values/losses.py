"""Losses of differences, element by element, and their slopes."""

from typing import Any

import numpy as np
from numpy import ndarray

from .kernel import composed


@composed
def squared(x: Any, y: Any, *, out: ndarray) -> None:
    """(x - y)^2."""
    np.subtract(x, y, out=out)
    np.multiply(out, out, out=out)


@composed
def squared_slope(x: Any, y: Any, factor: Any, *, out: ndarray) -> None:
    """2 (x - y) factor."""
    np.subtract(x, y, out=out)
    np.multiply(out, 2, out=out)
    np.multiply(out, factor, out=out)


@composed
def huber(x: Any, y: Any, delta: Any, *, out: ndarray) -> None:
    """d^2 / 2 for d = |x - y| below delta, delta (d - delta / 2) above: m (d - m / 2) with m = min(d,
    delta)."""
    np.subtract(x, y, out=out)
    np.abs(out, out=out)
    m = np.minimum(out, delta, dtype=out.dtype)
    np.subtract(out, m * 0.5, out=out, casting="unsafe")
    np.multiply(out, m, out=out)


@composed
def huber_slope(x: Any, y: Any, delta: Any, factor: Any, *, out: ndarray) -> None:
    """x - y, no further than delta from 0, times factor."""
    np.subtract(x, y, out=out)
    np.minimum(out, delta, out=out)
    np.maximum(out, -delta, out=out)
    np.multiply(out, factor, out=out)


@composed
def binary_cross_entropy(x: Any, y: Any, *, out: ndarray) -> None:
    """-(y log(x) + (1 - y) log(1 - x)), no logarithm being less than -100."""
    np.negative(x, out=out)
    rest = np.log1p(out, out=...)
    np.maximum(rest, -100, out=rest)
    np.multiply(rest, y - 1, out=rest)
    np.log(x, out=out)
    np.maximum(out, -100, out=out)
    np.multiply(out, y, out=out)
    np.subtract(rest, out, out=out)


@composed
def binary_cross_entropy_with_logits(x: Any, y: Any, factor: Any, *, out: ndarray) -> None:
    """(1 - y) x + factor log(1 + exp(-x)), without overflow."""
    np.abs(x, out=out)
    np.negative(out, out=out)
    np.exp(out, out=out)
    np.log1p(out, out=out)
    np.subtract(out, np.minimum(x, 0), out=out)
    np.multiply(out, factor, out=out)
    np.add(out, (1 - y) * x, out=out)
