"""Uniform, Bernoulli, exponential, geometric and Cauchy numbers, bit for bit as torch makes them on a CPU.

Every function fills an array in place, whatever its strides, from a generator (None: the default one), after
it has checked its arguments.  All but uniform and Bernoulli numbers of less than 64 bits are computed in
float64.
"""

import math
from collections.abc import Callable

import numpy as np
from numpy import ndarray

from ..base import messages
from . import dtype as dtypes
from .arguments import check_expands, type_name, writable
from .filling import LONG, PIECE, fill, floating, libm, memory_axes, real_parts, unsupported
from .fused import fused
from .limits import finfo
from .rng import Generator, default_generator

LARGEST = {d: finfo(d).max for d in (dtypes.float16, dtypes.bfloat16, dtypes.float32, dtypes.float64)}
# What the compiler calls the types, which some messages say.
COMPILED = {
    "bool": "bool", "int8": "signed char", "int16": "short int", "int32": "int", "int64": "long int",
    "uint8": "unsigned char", "uint16": "short unsigned int", "uint32": "unsigned int",
    "uint64": "long unsigned int",
    "float16": "c10::Half", "bfloat16": "c10::BFloat16", "float32": "float", "float64": "double",
    "complex64": "c10::complex<float>", "complex128": "c10::complex<double>",
}  # fmt: skip


def uniform(gen: Generator | None, out: ndarray, low: float = 0.0, high: float = 1.0) -> None:
    """Fill `out` with numbers from [low, high), both parts if they are complex.

    RuntimeError unless low <= high and both, and their difference, fit the dtype.

    >>> out = np.empty(3, np.float32)
    >>> uniform(Generator().manual_seed(0), out)
    >>> out
    array([0.4962566 , 0.7682218 , 0.08847743], dtype=float32)
    """
    if out.dtype.kind == "c":
        if not out.size:
            return
        out = real_parts(out)
    dtype = out.dtype
    if not floating(dtype):
        raise unsupported("check_uniform_bounds", out)
    standard = low == 0 and high == 1
    if not standard:
        _check_range(out, low, high)
    writable(out)
    gen = gen or default_generator
    wide = dtype.itemsize == 8
    kind = np.float64 if wide else np.float32

    def make(n: int) -> ndarray:
        numbers = stream.doubles(n) if wide else stream.floats(n)
        if not standard:
            numbers = fused(numbers, float(kind(high) - kind(low)), float(kind(low)))
        elif dtype.itemsize > 2:
            return numbers
        numbers = numbers.astype(dtype, copy=False)
        at_end = numbers == kind(high).astype(dtype)  # which is excluded, but rounding may reach it
        if at_end.any():
            numbers[at_end] = kind(low)
        return numbers

    with gen.lock:
        stream = gen.stream()
        fill(out, make, PIECE if wide else LONG)


def _check_range(out: ndarray, low: float, high: float) -> None:
    limit = LARGEST[dtypes.of(out.dtype)]
    for argument, bound in (("from", low), ("to", high)):
        if not -limit <= bound <= limit:
            raise RuntimeError(messages.UNIFORM_BOUND.format(argument=argument, type=compiled(out)))
    if low > high:
        raise RuntimeError(messages.UNIFORM_ORDER.format(low=low, high=high))
    if high - low > limit:
        raise RuntimeError(messages.UNIFORM_WIDTH.format(type=type_name(out), low=low, high=high))


def bernoulli(gen: Generator | None, out: ndarray, p: float = 0.5) -> None:
    """Fill `out`, of a real dtype, with zeros and (of probability `p`) ones; RuntimeError unless 0 <= p <= 1.

    >>> out = np.empty(8, bool)
    >>> bernoulli(Generator().manual_seed(0), out, 0.75)
    >>> out
    array([False,  True,  True, False,  True, False,  True,  True])
    """
    if not 0 <= p <= 1:
        raise RuntimeError(messages.BERNOULLI_P.format(p=p))
    if out.size:
        if not _countable(out.dtype):
            raise unsupported("bernoulli_scalar_cpu_", out)
        _from_doubles(gen, out, lambda numbers: numbers < p)


def bernoulli_each(gen: Generator | None, out: ndarray, p: ndarray) -> None:
    """Fill `out` with ones and zeros; the floating array `p`, broadcast to `out`, has the chances of ones.

    RuntimeError unless all lie in [0, 1].
    """
    if not _countable(out.dtype):
        raise unsupported("bernoulli_tensor_cpu_self_", out)
    if not floating(p.dtype):
        raise unsupported("bernoulli_tensor_cpu_p_", p)
    check_expands(p.shape, out.shape, dtypes.of(p.dtype).tensor_type)
    if not ((p >= 0) & (p <= 1)).all():
        raise RuntimeError(messages.BERNOULLI_PS)
    writable(out)
    gen = gen or default_generator
    axes = memory_axes(out)
    target, chances = out.transpose(axes), np.broadcast_to(p, out.shape).transpose(axes)
    with gen.lock:
        stream = gen.stream()
        numbers = stream.doubles(out.size) if p.dtype == np.float64 else stream.floats(out.size)
    target[...] = numbers.reshape(target.shape) < chances


def exponential(gen: Generator | None, out: ndarray, rate: float = 1.0) -> None:
    """Fill `out`, of a floating dtype, with exponential numbers; RuntimeError if not rate > 0."""
    if not rate > 0:
        raise RuntimeError(messages.EXPONENTIAL_RATE.format(rate=rate))
    if out.size:
        _continuous("Exponential", out, type_name(out))
        exact = out.itemsize == 8
        _from_doubles(gen, out, lambda numbers: (-1.0 / rate) * libm("log1p", -numbers, exact))


def geometric(gen: Generator | None, out: ndarray, p: float) -> None:
    """Fill `out` with the number of trials until the first success, which has probability `p`; in any dtype
    but bool and complex.

    RuntimeError unless 0 < p < 1.
    """
    if not 0 < p < 1:
        raise RuntimeError(messages.GEOMETRIC_P.format(p=p))
    if out.size:
        if out.dtype.kind == "b" or not _countable(out.dtype):
            raise unsupported("geometric_cpu", out)
        scale = math.log1p(-p)
        _from_doubles(gen, out, lambda numbers: np.ceil(np.log(numbers) / scale))


def cauchy(gen: Generator | None, out: ndarray, median: float = 0.0, sigma: float = 1.0) -> None:
    """Fill `out`, of a floating dtype, with Cauchy distributed numbers; RuntimeError if not sigma > 0."""
    if not sigma > 0:
        raise RuntimeError(messages.CAUCHY_SIGMA.format(sigma=sigma))
    _continuous("Cauchy", out, compiled(out))
    if out.size:
        exact = out.itemsize == 8
        _from_doubles(
            gen, out, lambda numbers: fused(libm("tan", math.pi * (numbers - 0.5), exact), sigma, median)
        )


def compiled(array: ndarray) -> str:
    """The compiler's name for the array's dtype."""
    return COMPILED[dtypes.of(array.dtype).name]


def _countable(dtype: np.dtype) -> bool:
    """All real dtypes but the wide unsigned integers."""
    return dtype.kind in "bi" or dtype == np.uint8 or floating(dtype)


def _continuous(name: str, out: ndarray, given: str) -> None:
    if not floating(out.dtype):
        raise RuntimeError(messages.CONTINUOUS.format(name=name, type=given))


def _from_doubles(gen: Generator | None, out: ndarray, change: Callable[[ndarray], ndarray]) -> None:
    """Fill `out` with numbers changed from uniform ones in float64."""
    writable(out)
    gen = gen or default_generator
    with gen.lock:
        stream = gen.stream()
        fill(out, lambda n: change(stream.doubles(n)))
