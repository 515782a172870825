"""Samples whose number of random words or whose choice depends on given numbers: multinomial and Poisson.

Both return a new array and leave their input as it is.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy import ndarray

from ..base import messages
from .arguments import type_name
from .distributions import exponential
from .filling import floating, unsupported
from .rng import Generator, default_generator
from .strides import empty_like


def multinomial(gen: Generator | None, weights: ndarray, count: int, replacement: bool = False) -> ndarray:
    """`count` indices (int64) into each row of the floating array `weights`, of one or two axes, drawn by it.

    RuntimeError if weights are negative, infinite, NaN or all zero, or if there are too few to draw without
    replacement.  Equal speeds (mostly zeros) go by index, where torch's order is that of its sort.

    >>> multinomial(Generator().manual_seed(0), np.array([0.1, 0.6, 0.3]), 4, replacement=True)
    array([2, 2, 1, 2])
    """
    if not floating(weights.dtype):
        raise RuntimeError(messages.MULTINOMIAL_DTYPE.format(type=type_name(weights)))
    if weights.ndim not in (1, 2):
        raise RuntimeError(messages.MULTINOMIAL_DIMS)
    if count <= 0:
        raise RuntimeError(messages.MULTINOMIAL_NONE)
    categories = weights.shape[-1]
    if not replacement and count > categories:
        raise RuntimeError(messages.MULTINOMIAL_MANY)
    if categories > 1 << 24:
        raise RuntimeError(messages.MULTINOMIAL_CATEGORIES)
    if not categories:
        raise RuntimeError(messages.EMPTY_AMINMAX)
    if not weights.size:
        return np.empty((*weights.shape[:-1], count), np.int64)
    if replacement and count > 1:
        return _with_replacement(gen or default_generator, weights, count)
    if not (weights.max() < np.inf and weights.min() >= 0):
        raise RuntimeError(messages.MULTINOMIAL_VALUES)
    if not (weights > 0).any(axis=-1).all():
        raise RuntimeError(messages.MULTINOMIAL_SUM)
    # the first `count` arrivals of independent processes that run at these rates (the exponential race)
    times = empty_like(weights)
    exponential(gen, times)
    speeds = weights / times
    if weights.dtype.itemsize == 2:
        speeds = speeds.astype(np.float32)
    if count == 1:
        return np.argmax(speeds, axis=-1)[..., np.newaxis]
    return np.argsort(-speeds, axis=-1, kind="stable")[..., :count]


def _with_replacement(gen: Generator, weights: ndarray, count: int) -> ndarray:
    if not (weights >= 0).all():
        raise RuntimeError(messages.MULTINOMIAL_NEGATIVE)
    if not np.isfinite(weights).all():
        raise RuntimeError(messages.MULTINOMIAL_INFINITE)
    kind = np.float64 if weights.dtype == np.float64 else np.float32
    sums: Any = np.cumsum(weights, axis=-1, dtype=kind).reshape(-1, weights.shape[-1])
    if not (sums[:, -1] > 0).all():
        raise RuntimeError(messages.MULTINOMIAL_SUM)
    sums /= sums[:, -1:].copy()
    sums[:, -1] = 1
    with gen.lock:
        numbers = gen.stream().doubles(len(sums) * count).reshape(len(sums), count)
    sums = sums.astype(np.float64)
    chosen = [np.searchsorted(row, drawn) for row, drawn in zip(sums, numbers, strict=True)]
    return np.array(chosen, np.int64).reshape(*weights.shape[:-1], count)


def poisson(gen: Generator | None, rates: ndarray) -> ndarray:
    """Numbers from the Poisson distributions of these `rates`, in an array of the same shape and dtype.

    RuntimeError if a rate is negative, or so large that the numbers exceed 64 bits.  Each number takes as
    many words as it needs, so they are made one by one.

    >>> poisson(Generator().manual_seed(0), np.array([0.0, 1.0, 5.0, 200.0]))
    array([  0.,   2.,   6., 198.])
    """
    if not floating(rates.dtype):
        raise unsupported("poisson_cpu", rates)
    if not (rates >= 0).all():
        raise RuntimeError(messages.POISSON_RATE)
    if (rates >= 2.0**63).any():
        raise RuntimeError(messages.POISSON_LARGE)
    gen = gen or default_generator
    values = rates.reshape(-1).astype(np.float64).tolist()
    with gen.lock:
        draw = gen.stream().doubles_one_by_one().__next__
        counts = [_few_events(rate, draw) if rate < 10 else _many_events(rate, draw) for rate in values]
    return np.array(counts, np.float64).reshape(rates.shape).astype(rates.dtype)


def _few_events(rate: float, draw: Callable[[], float]) -> int:
    """Counts the uniform numbers whose product stays above exp(-rate) (D. E. Knuth, TAOCP 2, 3.4.1)."""
    if rate == 0:
        return 0
    least = math.exp(-rate)
    product, count = draw(), 0
    while product > least:
        product *= draw()
        count += 1
    return count


def _many_events(rate: float, draw: Callable[[], float]) -> int:
    """Transformed rejection with a squeeze (W. Hoermann, Insurance: Math. Econ. 12, 1993, algorithm PTRS)."""
    root, log_rate = math.sqrt(rate), math.log(rate)
    b = 0.931 + 2.53 * root
    a = -0.059 + 0.02483 * b
    log_scale = math.log(1.1239 + 1.1328 / (b - 3.4))
    inside = 0.9277 - 3.6224 / (b - 2.0)
    while True:
        u, v = draw() - 0.5, draw()
        distance = 0.5 - abs(u)
        if not distance:
            continue
        count = math.floor((2.0 * a / distance + b) * u + rate + 0.43)
        if distance >= 0.07 and v <= inside:
            return count
        if count < 0 or (distance < 0.013 and v > distance):
            continue
        log_hat = log_scale - math.log(a / (distance * distance) + b)
        if not v or math.log(v) + log_hat <= count * log_rate - rate - math.lgamma(count + 1):
            return count
