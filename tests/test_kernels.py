"""The kernels for large arrays, against NumPy in double precision."""

import numpy as np
import pytest

from leafgrad.values import activations as A
from leafgrad.values import copies, halves, matmul, reductions, scans, softmax
from leafgrad.values import kernels as k

SIZES = [0, 1, 7, 1000, 2**15 + 3, 2**17 + 5]
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")

sigmoid64 = lambda x: 1 / (1 + np.exp(-x))
erf64 = np.vectorize(__import__("math").erf, otypes=[float])
tanh_argument = lambda x: np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)
normal64 = lambda x: 0.5 * (1 + erf64(x / np.sqrt(2)))

# name: (kernel, reference in double precision, ulps); the operands are normal numbers, some made POSITIVE
UNARY = {
    "exp": (k.exp, np.exp, 3),
    "exp2": (k.exp2, np.exp2, 2),
    "expm1": (k.expm1, np.expm1, 3),
    "sin": (k.sin, np.sin, 2),
    "cos": (k.cos, np.cos, 2),
    "tan": (k.tan, np.tan, 4),
    "asin": (k.asin, np.arcsin, 4),
    "acos": (k.acos, np.arccos, 4),
    "atan": (k.atan, np.arctan, 4),
    "sinh": (k.sinh, np.sinh, 3),
    "cosh": (k.cosh, np.cosh, 3),
    "tanh": (k.tanh, np.tanh, 3),
    "asinh": (k.asinh, np.arcsinh, 4),
    "atanh": (k.atanh, np.arctanh, 4),
    "neg": (k.neg, np.negative, 0),
    "abs": (k.abs, np.abs, 0),
    "square": (k.square, np.square, 1),
    "floor": (k.floor, np.floor, 0),
    "ceil": (k.ceil, np.ceil, 0),
    "trunc": (k.trunc, np.trunc, 0),
    "round": (k.round, np.rint, 0),
    "sign": (k.sign, np.sign, 0),
    "frac": (k.frac, lambda x: x - np.trunc(x), 0),
    "reciprocal": (k.reciprocal, lambda x: 1 / x, 1),
    "sqrt": (k.sqrt, np.sqrt, 1),
    "rsqrt": (k.rsqrt, lambda x: 1 / np.sqrt(x), 2),
    "log": (k.log, np.log, 4),
    "log2": (k.log2, np.log2, 3),
    "log10": (k.log10, np.log10, 4),
    "log1p": (k.log1p, np.log1p, 3),
    "cube": (lambda x, out=...: k.pow(x, 3, out=out), lambda x: x**3, 2),
    "erf": (A.erf, erf64, 5),
    "sigmoid": (A.sigmoid, sigmoid64, 4),
    "silu": (A.silu, lambda x: x * sigmoid64(x), 5),
    "log_sigmoid": (A.log_sigmoid, lambda x: -np.log1p(np.exp(-x)), 6),
    "softplus": (A.softplus, lambda x: np.log1p(np.exp(x)), 6),
    "mish": (A.mish, lambda x: x * np.tanh(np.log1p(np.exp(x))), 8),
    "relu": (A.relu, lambda x: np.maximum(x, 0), 0),
    "softsign": (A.softsign, lambda x: x / (1 + np.abs(x)), 2),
    "hardtanh": (A.hardtanh, lambda x: np.clip(x, -1, 1), 0),
    "leaky_relu": (A.leaky_relu, lambda x: np.where(x > 0, x, x * np.float32(0.01)), 1),
    "elu": (A.elu, lambda x: np.where(x > 0, x, np.expm1(x)), 3),
    "hardshrink": (A.hardshrink, lambda x: np.where(np.abs(x) <= 0.5, 0, x), 0),
}
POSITIVE = {"sqrt", "rsqrt", "log", "log2", "log10", "log1p"}
WITHIN_ONE = {"asin", "acos", "atanh"}
# compared with an absolute tolerance, where the result is a difference
LOOSE = {
    "gelu": (A.gelu, lambda x: x * normal64(x)),
    "softshrink": (A.softshrink, lambda x: x - np.clip(x, -0.5, 0.5)),
    "gelu tanh": (
        lambda x, out=...: A.gelu(x, "tanh", out=out),
        lambda x: x / 2 * (1 + np.tanh(tanh_argument(x))),
    ),
    "tanhshrink": (A.tanhshrink, lambda x: x - np.tanh(x)),
    "hardsigmoid": (A.hardsigmoid, lambda x: np.clip(x + 3, 0, 6) / 6),
    "hardswish": (A.hardswish, lambda x: x * np.clip(x + 3, 0, 6) / 6),
    "selu": (
        lambda x, out=...: A.elu(x, 1.67326, 1.0507, 1.0, out=out),
        lambda x: 1.0507 * np.where(x > 0, x, 1.67326 * np.expm1(x)),
    ),
    "threshold": (
        lambda x, out=...: A.threshold(x, 0.1, 20.0, out=out),
        lambda x: np.where(x > np.float32(0.1), x, 20),
    ),
}
BINARY = {
    "add": (k.add, np.add, 1),
    "sub": (k.sub, np.subtract, 1),
    "mul": (k.mul, np.multiply, 1),
    "div": (k.div, np.divide, 1),
    "maximum": (k.maximum, np.maximum, 0),
    "minimum": (k.minimum, np.minimum, 0),
    "fmax": (k.fmax, np.fmax, 0),
    "atan2": (k.atan2, np.arctan2, 4),
    "hypot": (k.hypot, np.hypot, 2),
    "copysign": (k.copysign, np.copysign, 0),
    "remainder": (k.remainder, np.remainder, 1),
    "fmod": (k.fmod, np.fmod, 0),
    "floor_divide": (k.floor_divide, np.floor_divide, 0),
    "lt": (k.lt, np.less, 0),
    "eq": (k.eq, np.equal, 0),
    "logical_and": (k.logical_and, np.logical_and, 0),
    "logical_xor": (k.logical_xor, np.logical_xor, 0),
}


def numbers(shape, seed=0, dtype=np.float32):
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def ulps(result, reference):
    reference = np.asarray(reference)
    if result.dtype == np.bool_:
        return float(np.count_nonzero(result != reference))
    unit = np.spacing(np.maximum(np.abs(reference), np.finfo(result.dtype).tiny).astype(result.dtype))
    off = np.abs(result.astype(np.float64) - reference) / unit
    off[(np.isnan(result) & np.isnan(reference)) | (result == reference)] = 0
    return float(off.max(initial=0))


def layouts(x):
    """x in other layouts: contiguous, transposed, with gaps, reversed, expanded."""
    yield x
    if x.size >= 4:
        n = x.size // 4 * 4
        yield x[:n].reshape(2, -1).T
        yield x[:n].reshape(2, 2, -1).transpose(2, 0, 1)
        yield x[::2]
        yield x[::-1]
        yield np.broadcast_to(x[:1], (3, x.size))
        yield np.broadcast_to(x, (2, x.size))


@pytest.mark.parametrize("name", [*UNARY, *LOOSE])
def test_unary(name):
    kernel, reference, limit = UNARY.get(name) or (*LOOSE[name], None)
    for size in SIZES:
        x = numbers(size, size)
        if name in POSITIVE:
            x = np.abs(x) + np.float32(1e-3)
        if name in WITHIN_ONE:
            x = np.clip(x, -0.99, 0.99)
        for view in layouts(x):
            expected = reference(view.astype(np.float64))
            result = kernel(view)
            assert result.dtype == np.float32 and result.shape == view.shape
            if limit is None:
                np.testing.assert_allclose(result, expected, rtol=1e-5, atol=1e-6)
            else:
                assert ulps(result, expected) <= limit
        if size:
            target = np.empty_like(x)
            assert kernel(x, out=target) is target
            np.testing.assert_array_equal(target, kernel(x))
            assert kernel(x, out=x) is x
            np.testing.assert_array_equal(target, x)
    zero_d = kernel(np.array(0.5, np.float32))
    assert type(zero_d) is np.ndarray and zero_d.shape == ()


@pytest.mark.parametrize("name", BINARY)
def test_binary(name):
    kernel, reference, limit = BINARY[name]
    for size in SIZES:
        x, y = numbers(size, 1), numbers(size, 2)
        for a, b in zip(layouts(x), layouts(y), strict=True):
            result = kernel(a, b)
            assert result.shape == a.shape
            assert ulps(result, reference(a.astype(np.float64), b.astype(np.float64))) <= limit
        assert ulps(kernel(x, 2), reference(x.astype(np.float64), 2)) <= limit
        assert ulps(kernel(x, np.array(0.75, np.float32)), reference(x.astype(np.float64), 0.75)) <= limit
        if result.dtype == np.float32 and size:
            expected = kernel(x, y)
            assert kernel(x, y, out=y) is y
            np.testing.assert_array_equal(y, expected)
    x, row, column = numbers((300, 301)), numbers(301, 1), numbers((300, 1), 2)
    for y in (row, column, x.copy().T[:301, :300].T, x[:, ::-1]):
        assert ulps(kernel(x, y), reference(x.astype(np.float64), y.astype(np.float64))) <= limit
        assert ulps(kernel(y, x), reference(y.astype(np.float64), x.astype(np.float64))) <= limit


@pytest.mark.parametrize("size", [9, 2**17])
def test_nan_and_inf(size):
    special = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, -1.0, 1e30, -1e-30], np.float32)
    x, y = np.resize(special, size), np.resize(np.repeat(special, 9), size)
    wide, other = x.astype(np.float64), y.astype(np.float64)
    for kernel, reference in [
        (k.exp, np.exp),
        (A.relu, lambda a: np.maximum(a, 0)),
        (A.sigmoid, sigmoid64),
        (k.reciprocal, lambda a: 1 / a),
        (lambda a: k.clamp(a, -1, 1), lambda a: np.clip(a, -1, 1)),
        (k.sign, lambda a: np.where(np.isnan(a), 0, np.sign(a))),
        (lambda a: A.leaky_relu(a, 0.5), lambda a: np.where(a > 0, a, a * 0.5)),
        (A.erf, erf64),
        (k.isnan, np.isnan),
        (lambda a: A.threshold(a, 0, 7), lambda a: np.where(a <= 0, 7, a)),
        (k.logical_not, np.logical_not),
        (A.softplus, lambda a: np.logaddexp(a, 0)),
        (A.elu, lambda a: np.where(a > 0, a, np.expm1(a))),
    ]:
        np.testing.assert_allclose(kernel(x), reference(wide), rtol=1e-6, atol=1e-37)
    for kernel, reference in [
        (k.maximum, np.maximum),
        (k.minimum, np.minimum),
        (k.fmin, np.fmin),
        (k.hypot, np.hypot),
        (k.logaddexp, np.logaddexp),
        (k.copysign, np.copysign),
        (k.add, np.add),
        (k.eq, np.equal),
    ]:
        np.testing.assert_allclose(kernel(x, y), reference(wide, other).astype(np.float32), rtol=1e-6)
    for kernel, ufunc in [(k.remainder, np.remainder), (k.fmod, np.fmod), (k.floor_divide, np.floor_divide)]:
        np.testing.assert_array_equal(kernel(x, y), ufunc(x, y))
    assert np.signbit(k.fmod(np.full(size, -4, np.float32), 2)).all()
    grad = np.ones(size, np.float32)
    np.testing.assert_array_equal(A.threshold_backward(grad, x), np.where(x <= 0, 0, 1))
    np.testing.assert_array_equal(k.where(x > 0, x, y), np.where(x > 0, x, y))


@pytest.mark.parametrize("size", [50, 2**17 + 1])
@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int16, np.int32, np.int64])
def test_integer_division(size, dtype):
    rng = np.random.default_rng(0)
    info = np.iinfo(dtype)
    x = rng.integers(info.min + (info.min < 0), info.max, size, dtype, endpoint=True)
    for span in (10, info.max // 2 if info.bits < 64 else 2**40):
        y = rng.integers(1, span, size, dtype)
        if info.min < 0:
            y[::2] *= -1
        for a in (x, (x % 97).astype(dtype) if info.bits < 64 else x >> 12):
            np.testing.assert_array_equal(k.floor_divide(a, y), a // y)
            np.testing.assert_array_equal(k.remainder(a, y), a % y)
            np.testing.assert_array_equal(k.fmod(a, y), np.fmod(a, y))
            quotient, rest = k.trunc_divide(a, y), np.fmod(a, y)
            np.testing.assert_array_equal(quotient.astype(object) * y + rest, a.astype(object))
            np.testing.assert_array_equal(k.remainder(a, 7), a % 7)
    y[-1] = 0
    before = x.copy()
    for kernel in (k.floor_divide, k.remainder, k.fmod, k.trunc_divide):
        with pytest.raises(RuntimeError, match="ZeroDivisionError"):
            kernel(x, y, out=x)
        with pytest.raises(RuntimeError, match="ZeroDivisionError"):
            kernel(x, 0)
    np.testing.assert_array_equal(x, before)


def test_powers():
    for size in (5, 2**17):
        x = np.abs(numbers(size)) + np.float32(0.1)
        for exponent in (-2, -1, -0.5, 0, 0.5, 1, 2, 3, 4, 2.5):
            assert ulps(k.pow(x, exponent), x.astype(np.float64) ** exponent) <= 4
        whole = np.resize(np.array([1, -1, 2, -2, 0, 3]), size)
        np.testing.assert_array_equal(k.pow(whole, 3), whole**3)
        np.testing.assert_array_equal(k.pow(whole, np.full(size, -1))[:5], [1, -1, 0, 0, 0])
        with pytest.raises(RuntimeError, match="Integers to negative integer powers are not allowed"):
            k.pow(whole, -1)


def test_choices_and_mixtures():
    for size in (100, 2**17 + 3):
        x, y, z = numbers(size, 1), numbers(size, 2), numbers(size, 3)
        mask = x > 0
        for dtype in (np.bool_, np.int8, np.float16, np.float32, np.float64, np.complex64, np.complex128):
            a, b = x.astype(dtype), y.astype(dtype)
            np.testing.assert_array_equal(k.where(mask, a, b), np.where(mask, a, b))
            np.testing.assert_array_equal(k.where(mask, a, 0), np.where(mask, a, dtype(0)))
            np.testing.assert_array_equal(k.where(mask, 0, b), np.where(mask, dtype(0), b))
            target = a.copy()
            assert k.where(mask, target, b, out=target) is target
            np.testing.assert_array_equal(target, np.where(mask, a, b))
        np.testing.assert_array_equal(k.where(mask, 2.5, 3.5, out=np.empty_like(x)), np.where(mask, 2.5, 3.5))
        np.testing.assert_array_equal(k.clamp(x, y, z), np.minimum(np.maximum(x, y), z))
        np.testing.assert_array_equal(k.clamp(x, max=0.5), np.minimum(x, np.float32(0.5)))
        wide = np.logaddexp(x.astype(np.float64), y)
        np.testing.assert_allclose(k.logaddexp(x, y), wide, rtol=1e-6, atol=1e-6)
        np.testing.assert_allclose(
            k.logaddexp2(x, y), np.logaddexp2(x.astype(np.float64), y), rtol=1e-6, atol=1e-6
        )
        for weight in (0.25, 0.75, z):
            w = np.float64(weight) if type(weight) is float else z.astype(np.float64)
            np.testing.assert_allclose(
                k.lerp(x, y, weight), x + w * (y.astype(np.float64) - x), rtol=1e-5, atol=1e-5
            )
        assert k.lerp(x, y, np.ones_like(x))[3] == y[3]
        np.testing.assert_allclose(k.addcmul(x, y, z, 0.5), x + 0.5 * y * z, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(k.addcdiv(x, y, z, 0.5), x + 0.5 * (y / z), rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(k.axpy(x, y, 3), x + 3 * y, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(k.round(x, 2), np.round(x, 2), atol=1e-6)
        np.testing.assert_allclose(k.round(x * 100, -1), np.round(x * 100, -1), atol=1e-6)
        twisted = (x + 1j * y).astype(np.complex64)
        np.testing.assert_allclose(k.sgn(twisted), twisted / np.abs(twisted), rtol=1e-5)
        np.testing.assert_allclose(
            A.sigmoid(twisted), sigmoid64(twisted.astype(np.complex128)), rtol=1e-4, atol=1e-5
        )


def test_backward_kernels_are_derivatives():
    """Each against the central difference of its forward kernel, in double precision."""
    for size in (60, 2**16 + 1):
        x, grad = numbers(size, 1, np.float64) * 2, numbers(size, 2, np.float64)
        for forward, backward in [
            (k.tanh, lambda g, a: A.tanh_backward(g, k.tanh(a))),
            (A.sigmoid, lambda g, a: A.sigmoid_backward(g, A.sigmoid(a))),
            (A.silu, A.silu_backward),
            (A.softplus, A.softplus_backward),
            (A.mish, A.mish_backward),
            (A.log_sigmoid, A.log_sigmoid_backward),
            (A.gelu_tanh, A.gelu_tanh_backward),
            (A.relu, A.threshold_backward),
            (A.leaky_relu, A.leaky_relu_backward),
            (A.hardtanh, A.hardtanh_backward),
            (A.hardsigmoid, A.hardsigmoid_backward),
            (A.hardswish, A.hardswish_backward),
            (lambda a: A.elu(a, 0.7, 1.1, 0.9), lambda g, a: A.elu_backward(g, a, 0.7, 1.1, 0.9)),
            (lambda a: A.elu(a, 0.7), lambda g, a: A.elu_backward(g, A.elu(a, 0.7), 0.7, 1, 1, True)),
            (A.softshrink, A.shrink_backward),
        ]:
            step = 1e-6
            slope = (forward(x + step) - forward(x - step)) / (2 * step)
            away = np.min([np.abs(np.abs(x) - kink) for kink in (0, 0.5, 1, 3)], axis=0) > 1e-5
            np.testing.assert_allclose(backward(grad, x)[away], (grad * slope)[away], rtol=1e-5, atol=1e-6)


def test_gelu_and_its_derivative():
    pytest.importorskip("scipy")
    for dtype, tolerance in ((np.float32, 2e-6), (np.float64, 1e-12)):
        x = np.linspace(-6, 6, 70001).astype(dtype)
        wide = x.astype(np.float64)
        density = np.exp(-wide * wide / 2) / np.sqrt(2 * np.pi)
        np.testing.assert_allclose(A.gelu(x), wide * normal64(wide), atol=tolerance, rtol=0)
        np.testing.assert_allclose(
            A.gelu_backward(x, x), wide * (normal64(wide) + wide * density), atol=tolerance * 10, rtol=0
        )


@pytest.mark.parametrize(
    "shape", [(300, 700), (70001,), (4, 20000), (20000, 4), (40, 30, 60), (2, 3, 12000), (12000, 3, 2)]
)
def test_reductions(shape):
    from itertools import combinations

    x = numbers(shape) + np.float32(0.1)
    wide = x.astype(np.float64)
    for dim in [None] + [d for n in range(1, len(shape) + 1) for d in combinations(range(len(shape)), n)]:
        for a, b in ((x, wide), (x.T, wide.T)):
            for keep in (False, True):
                options = {"axis": dim, "keepdims": keep}
                scale = np.sum(np.abs(b), **options)
                assert np.max(np.abs(reductions.sum(a, dim, keep) - np.sum(b, **options)) / scale) < 3e-7
                np.testing.assert_allclose(reductions.mean(a, dim, keep), np.mean(b, **options), atol=1e-6)
                np.testing.assert_allclose(
                    reductions.var(a, dim, 1, keep), np.var(b, ddof=1, **options), rtol=1e-5
                )
                for p in (0, 1, 2, 3, np.inf, -np.inf):
                    expected = (
                        np.sum(np.abs(b) ** p, **options) ** (1 / p)
                        if 0 < p < np.inf
                        else np.sum(b != 0, **options)
                    )
                    expected = (
                        {np.inf: np.max, -np.inf: np.min}[p](np.abs(b), **options)
                        if np.isinf(p)
                        else expected
                    )
                    np.testing.assert_allclose(reductions.norm(a, p, dim, keep), expected, rtol=1e-5)
            np.testing.assert_array_equal(reductions.amax(a, dim), np.max(a, axis=dim))
            np.testing.assert_array_equal(reductions.amin(a, dim), np.min(a, axis=dim))
            close = np.exp(b * 1e-4).astype(np.float32)
            np.testing.assert_allclose(
                reductions.prod(close, dim), np.prod(close.astype(np.float64), axis=dim), rtol=1e-3
            )
            whole = (a * 100).astype(np.int32)
            np.testing.assert_array_equal(
                reductions.sum(whole, dim, dtype=np.dtype(np.int64)), np.sum(whole, axis=dim, dtype=np.int64)
            )
            pairs = (a + 1j * a).astype(np.complex64)
            np.testing.assert_allclose(
                reductions.sum(pairs, dim), np.sum(b, axis=dim) * (1 + 1j), atol=3e-7 * np.max(scale) * 2
            )
    for dim in range(len(shape)):
        for a in (x, x.T):
            np.testing.assert_array_equal(reductions.argmax(a, dim), a.argmax(dim))
            values, indices = reductions.min(a, dim, True)
            np.testing.assert_array_equal(values, a.min(dim, keepdims=True))
            np.testing.assert_array_equal(indices, a.argmin(dim, keepdims=True))
    x.reshape(-1)[x.size // 2] = np.nan
    assert (
        np.isnan(reductions.amax(x)) and np.isnan(reductions.sum(x)) and reductions.argmax(x) == x.size // 2
    )


@pytest.mark.parametrize(
    "shape", [(300, 700), (70001,), (4, 20000), (20000, 4), (40, 60, 70), (3, 500, 90), (20, 30)]
)
def test_softmax_family(shape):
    for spread in (1, 100):
        x, grad = numbers(shape) * np.float32(spread), numbers(shape, 1)
        for dim in range(len(shape)):
            wide = x.astype(np.float64)
            below = wide - wide.max(dim, keepdims=True)
            total = np.exp(below).sum(dim, keepdims=True)
            result, logs = np.exp(below) / total, below - np.log(total)
            np.testing.assert_allclose(softmax.softmax(x, dim), result, rtol=2e-5 * spread, atol=1e-30)
            np.testing.assert_allclose(softmax.log_softmax(x, dim), logs, rtol=2e-6, atol=2e-6)
            lse = (np.log(total) + wide.max(dim, keepdims=True)).squeeze(dim)
            np.testing.assert_allclose(softmax.logsumexp(x, dim), lse, rtol=2e-6, atol=2e-6)
            p = result.astype(np.float32)
            expected = result * (grad - (grad * result).sum(dim, keepdims=True))
            np.testing.assert_allclose(softmax.softmax_backward(grad, p, dim), expected, rtol=1e-4, atol=1e-6)
            expected = grad - result * grad.astype(np.float64).sum(dim, keepdims=True)
            tolerance = 1e-5 * np.sqrt(shape[dim])
            np.testing.assert_allclose(
                softmax.log_softmax_backward(grad, logs.astype(np.float32), dim), expected, atol=tolerance
            )
    x[...] = -np.inf
    assert np.isnan(softmax.softmax(x, 0)).all() and (softmax.logsumexp(x, 0) == -np.inf).all()


def test_scans_and_copies():
    for shape in ((300, 700), (70001,), (5, 6, 20000), (20000, 2, 3), (60, 20, 80)):
        x = numbers(shape)
        for dim in range(len(shape)):
            expected = np.cumsum(x.astype(np.float64), dim)
            np.testing.assert_allclose(scans.cumsum(x, dim), expected, rtol=1e-6, atol=1e-6)
            np.testing.assert_allclose(
                scans.cumsum(x.T, dim), np.cumsum(x.T.astype(np.float64), dim), rtol=1e-6, atol=1e-6
            )
            close = np.exp(x * np.float32(1e-3))
            np.testing.assert_allclose(
                scans.cumprod(close, dim), np.cumprod(close.astype(np.float64), dim), rtol=1e-6
            )
            turned = x.swapaxes(0, dim)
            for view in (turned, turned[::2], turned[..., ::-1]):
                for dtype in (None, np.dtype(np.float64), np.dtype(np.int16)):
                    copied = copies.copy(view, dtype)
                    assert copied.flags.c_contiguous
                    np.testing.assert_array_equal(copied, view.astype(dtype or view.dtype))
            np.testing.assert_array_equal(copies.cat([x, x], dim), np.concatenate([x, x], dim))
            np.testing.assert_array_equal(copies.stack([x, x], dim), np.stack([x, x], dim))
        times = (2,) * (len(shape) + 1)
        np.testing.assert_array_equal(copies.repeat(x, times), np.tile(x, times))


def test_products_of_matrices():
    rng = np.random.default_rng(0)
    for shape, other in [
        ((5, 64, 64), (5, 64, 64)),
        ((32, 128, 64), (32, 64, 128)),
        ((9, 100, 70), (9, 70, 90)),
        ((4, 3, 2), (4, 2, 5)),
    ]:
        x, y = rng.standard_normal(shape).astype(np.float32), rng.standard_normal(other).astype(np.float32)
        np.testing.assert_allclose(matmul.bmm(x, y), np.matmul(x, y), atol=1e-4)
        turned = np.ascontiguousarray(x.swapaxes(1, 2)).swapaxes(1, 2)
        np.testing.assert_allclose(matmul.bmm(turned, y), np.matmul(x, y), atol=1e-4)
    for dtype in (np.uint8, np.int8, np.int32, np.int64):
        for span in (10, 120, 2**40):
            x, y = (rng.integers(0, span, shape).astype(dtype) for shape in ((70, 80), (80, 90)))
            product = matmul.of_integers(np.dot, x, y)
            assert product.dtype == dtype
            np.testing.assert_array_equal(product, x @ y)
    assert matmul.of_integers(np.dot, np.ones((0, 9000), int), np.ones((9000, 3), int)).shape == (0, 3)


def test_16_bit_floats_are_computed_in_single_precision():
    half = numbers(2**16 + 9).astype(np.float16)
    types = [np.float16]
    try:
        from ml_dtypes import bfloat16

        types.append(bfloat16)
    except ImportError:
        pass
    for dtype in types:
        for size in (20, half.size):
            x = half[:size].astype(dtype)
            single = x.astype(np.float32)
            for kernel, operands in [
                (k.exp, 1),
                (k.mul, 2),
                (A.sigmoid, 1),
                (A.gelu, 1),
                (k.axpy, 2),
                (k.sqrt, 1),
                (k.floor_divide, 2),
                (k.remainder, 2),
            ]:
                extra = (0.5,) if kernel is k.axpy else ()
                result = kernel(*[x] * operands, *extra)
                assert result.dtype == dtype
                expected = kernel(*[single] * operands, *extra).astype(dtype)
                np.testing.assert_array_equal(result.astype(np.float32), expected.astype(np.float32))


def test_result_layout_follows_the_operands():
    x = numbers((200, 300, 4))
    for axes in ((0, 1, 2), (2, 1, 0), (1, 2, 0)):
        view = x.transpose(axes)
        for result in (
            k.exp(view),
            k.mul(view, 2),
            k.mul(view, view),
            A.sigmoid(view),
            k.add(view, numbers((1, 1, 1))),
        ):
            assert result.strides == view.strides
        np.testing.assert_array_equal(k.mul(view, np.ascontiguousarray(view)), view * view)


def test_overlapping_in_place_writes():
    x = numbers(2**17)
    expected = np.exp(x[:-1].copy())
    k.exp(x[:-1], out=x[1:])
    np.testing.assert_array_equal(x[1:], expected)
    x = numbers(2**17)
    expected = A.sigmoid(x[:-1].copy())
    A.sigmoid(x[:-1], out=x[1:])
    np.testing.assert_array_equal(x[1:], expected)


def test_every_float16_survives_and_rounding_is_numpys():
    every = np.arange(2**16, dtype=np.uint16).view(np.float16)
    single = every.astype(np.float32)
    np.testing.assert_array_equal(halves.widen(every), single)
    between = np.concatenate(
        [single, np.nextafter(single, np.float32(0)), np.nextafter(single, np.float32(np.inf))]
    )
    ordered = np.sort(single[np.isfinite(single)])
    middle = (ordered[1:] + ordered[:-1]) / 2
    for x in (between, middle, -middle, middle * np.float32(1 + 2**-20), numbers(2**17), numbers(0)):
        out = np.empty(x.shape, np.float16)
        halves.narrow(x, out)
        np.testing.assert_array_equal(out, x.astype(np.float16))
        assert (np.signbit(out) == np.signbit(x))[~np.isnan(x)].all()
