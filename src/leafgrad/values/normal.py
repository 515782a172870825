"""Normal and log-normal numbers, in each of the ways in which torch makes them on a CPU.

- float32, float16 and bfloat16, contiguous, from 16 elements on: `boxmuller`, in groups of 16;
- float64, contiguous, from 16 elements on: the same groups, in float64;
- everything else: pairs in float64, one number at a time; what is left of a pair waits in the generator for
  the next call.

Complex numbers are pairs of real ones, each with half the variance.
"""

import math

import numpy as np
from numpy import ndarray

from ..base import messages
from . import blocks, boxmuller
from .arguments import writable
from .filling import PIECE, fill, floating, libm, real_parts, unsupported
from .fused import fused
from .mt19937 import Stream
from .rng import Generator, default_generator

GROUP = boxmuller.GROUP
FEW = 64  # numbers; below, Python's own floats are faster than arrays


def normal(gen: Generator | None, out: ndarray, mean: float = 0.0, std: float = 1.0) -> None:
    """Fill `out`, floating or complex, with normal numbers; complex ones have `mean` in both parts.

    RuntimeError if std is negative or NaN.

    >>> out = np.empty(3)
    >>> normal(Generator().manual_seed(0), out)
    >>> out
    array([ 1.54099611, -0.29342891, -2.17878938])
    """
    if not std >= 0:
        raise RuntimeError(messages.NORMAL_STD.format(std=std))
    if not out.size:
        return
    if out.dtype.kind == "c":
        out, std = real_parts(out), std / math.sqrt(2)
    if not floating(out.dtype):
        raise unsupported("normal_kernel_cpu", out)
    writable(out)
    gen = gen or default_generator
    with gen.lock:
        if out.size < GROUP or not out.flags.c_contiguous:
            exact = out.itemsize == 8
            fill(out, lambda n: _scaled(_one_by_one(gen, n, exact), mean, std, exact))
        elif out.dtype == np.float32:
            _singles(gen.stream(), out.reshape(-1), mean, std)
        elif out.dtype == np.float64:
            _doubles(gen.stream(), out.reshape(-1), mean, std)
        else:
            _halves(gen.stream(), out.reshape(-1), mean, std)


def normal_around(gen: Generator | None, out: ndarray, mean: ndarray | float, std: ndarray | float) -> None:
    """Fill the contiguous array `out` with normal numbers, each with its own mean and deviation (broadcast).

    RuntimeError if a deviation is negative, NaN or complex.  This is `torch.normal` of tensors.
    """
    if isinstance(std, ndarray):
        if std.dtype.kind == "c":
            raise RuntimeError(messages.NORMAL_STD_COMPLEX)
        if std.size and not std.min() >= 0:
            raise RuntimeError(messages.NORMAL_STDS)
        normal(gen, out)
        np.multiply(out, std, out=out, casting="unsafe")
    else:
        normal(gen, out, 0.0, std)
    mean = mean if isinstance(mean, ndarray) else np.asarray(mean, out.dtype)
    np.add(out, mean, out=out, casting="unsafe")


def log_normal(gen: Generator | None, out: ndarray, mean: float = 1.0, std: float = 2.0) -> None:
    """Fill `out` with numbers whose logarithms are normal; RuntimeError unless std > 0."""
    if not std > 0:
        raise RuntimeError(messages.LOG_NORMAL_STD.format(std=std))
    if not out.size:
        return
    if not floating(out.dtype):
        raise unsupported("log_normal_cpu", out)
    writable(out)
    gen = gen or default_generator
    exact = out.itemsize == 8
    with gen.lock:
        fill(out, lambda n: libm("exp", _scaled(_one_by_one(gen, n, exact), mean, std, exact), exact))


def _scaled(numbers: ndarray, mean: float, std: float, exact: bool) -> ndarray:
    return fused(numbers, std, mean) if exact else numbers * std + mean


def _one_by_one(gen: Generator, n: int, exact: bool) -> ndarray:
    """`n` standard normal numbers, starting with the one that waits in the generator."""
    waiting = [] if gen.normal is None else [gen.normal]
    missing = n - len(waiting)
    uniform = gen.stream().doubles(missing + missing % 2)
    if n < FEW:
        made = np.array(waiting + _few(uniform.tolist()))
    else:
        made = np.concatenate((waiting, _many(uniform, exact)))
    gen.normal = _few(uniform[-2:].tolist())[1] if missing % 2 else None  # exact, as a float64 may come next
    return made[:n]


def _few(uniform: list[float]) -> list[float]:
    numbers: list[float] = []
    for turn, x in zip(uniform[0::2], uniform[1::2], strict=True):
        radius, angle = math.sqrt(-2.0 * math.log1p(-x)), 2.0 * math.pi * turn
        numbers += (radius * math.cos(angle), radius * math.sin(angle))
    return numbers


def _many(uniform: ndarray, exact: bool) -> ndarray:
    angle = 2.0 * math.pi * uniform[0::2]
    radius = np.sqrt(-2.0 * libm("log1p", -uniform[1::2], exact))
    numbers = np.empty_like(uniform)
    _polar(radius, angle, numbers[0::2], numbers[1::2])
    return numbers


def _polar(radius: ndarray, angle: ndarray, x: ndarray, y: ndarray) -> None:
    """x and y = radius times the cosine and the sine of the angle, by several threads if there are many."""

    def task(start: int, stop: int) -> None:
        part = slice(start, stop)
        np.multiply(radius[part], np.cos(angle[part]), out=x[part])
        np.multiply(radius[part], np.sin(angle[part]), out=y[part])

    blocks.share(task, len(angle), max(1, angle.size >> 13))


# --- in groups of 16: if the last group is not full, the last 16 elements are made anew ---


def _singles(stream: Stream, out: ndarray, mean: float, std: float) -> None:
    rest = len(out) % GROUP
    boxmuller.fill(stream, out[: len(out) - rest], std, mean)
    if rest:
        stream.words(rest)  # torch draws for every element before it looks at the last ones again
        boxmuller.fill(stream, out[-GROUP:], std, mean)


def _halves(stream: Stream, out: ndarray, mean: float, std: float) -> None:
    numbers = np.empty(len(out), np.float32)
    rest = len(out) % GROUP
    boxmuller.fill(stream, numbers[: len(out) - rest], std, mean)
    if rest:  # here it does not
        boxmuller.fill(stream, numbers[-GROUP:], std, mean)
    out[...] = numbers


def _doubles(stream: Stream, out: ndarray, mean: float, std: float) -> None:
    rest = len(out) % GROUP
    whole = len(out) - rest
    for start in range(0, whole, PIECE):
        part = out[start : min(start + PIECE, whole)]
        part[...] = _group(stream.doubles(len(part)), mean, std)
    if rest:
        stream.doubles(rest)
        out[-GROUP:] = _group(stream.doubles(GROUP), mean, std)


def _group(uniform: ndarray, mean: float, std: float) -> ndarray:
    groups = uniform.reshape(-1, 2, GROUP // 2)
    radius = np.sqrt(-2.0 * libm("log", (1.0 - groups[:, 0]).reshape(-1), exact=True)).reshape(-1, GROUP // 2)
    angle = 2.0 * math.pi * groups[:, 1]
    numbers = np.empty_like(groups)
    _polar(radius, angle, numbers[:, 0], numbers[:, 1])
    return fused(numbers.reshape(-1), std, mean)
