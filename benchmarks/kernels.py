"""Each kernel on large arrays beside torch's op: a table of times and ratios.

Both sides run in this process, in alternating batches; the table shows the median and the best time of each
(on a busy machine only the best ones say something), and marks ratios of best times above 1.5.  A pause
before each batch lets the other side's threads go to sleep.

    python benchmarks/kernels.py [words that must occur in the name ...]
"""

import os
import sys
import time
from collections.abc import Callable

os.environ.pop("OPENBLAS_CORETYPE", None)
os.environ.pop("OPENBLAS_L2_SIZE", None)

import numpy as np
import torch
import torch.nn.functional as F

from leafgrad.values import activations as A
from leafgrad.values import copies, kernels, reductions, scans, softmax

N = 1 << 20
Case = tuple[str, Callable[[], object], Callable[[], object]]


def measure(case: Case, rounds: int = 7, batch: int = 7) -> list[tuple[float, float]]:
    """(median, best) of ours and of theirs, in microseconds."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        for side, record in zip(case[1:], times, strict=True):
            time.sleep(0.004)
            side()
            for _ in range(batch):
                start = time.perf_counter()
                side()
                record.append((time.perf_counter() - start) * 1e6)
    return [(sorted(record)[len(record) // 2], min(record)) for record in times]


def cases() -> list[Case]:
    rng = np.random.default_rng(0)
    x = rng.standard_normal(N).astype(np.float32)
    y = rng.standard_normal(N).astype(np.float32)
    p, q, i, j = np.abs(x) + np.float32(0.1), np.tanh(x), rng.integers(-100, 100, N), rng.integers(1, 50, N)
    c, h = (x + 1j * y).astype(np.complex64), x.astype(np.float16)
    m = x > 0
    X, Y, S = x.reshape(1024, 1024), y.reshape(1024, 1024), np.arange(1024, dtype=np.float32)
    row, column = S, S.reshape(-1, 1)
    t = {id(a): torch.from_numpy(a) for a in (x, y, p, q, i, j, c, h, m, X, Y, row, column)}
    T = lambda a: t[id(a)] if isinstance(a, np.ndarray) else a
    pairs: list[Case] = []

    def both(name, ours, theirs, *operands, **named):
        theirs_operands = [T(a) for a in operands]
        pairs.append((name, lambda: ours(*operands, **named), lambda: theirs(*theirs_operands)))

    for name in [
        "exp",
        "exp2",
        "expm1",
        "sin",
        "cos",
        "tan",
        "atan",
        "sinh",
        "cosh",
        "tanh",
        "asinh",
        "neg",
        "abs",
        "square",
        "floor",
        "ceil",
        "trunc",
        "frac",
        "sign",
        "isnan",
    ]:
        both(name, getattr(kernels, name), getattr(torch, name), x)
    for name in ["log", "log2", "log10", "log1p", "sqrt", "rsqrt", "reciprocal"]:
        both(name, getattr(kernels, name), getattr(torch, name), p)
    for name in ["asin", "acos", "atanh"]:
        both(name, getattr(kernels, name), getattr(torch, name), q)
    both("round", kernels.round, torch.round, x)
    both("round decimals", lambda a: kernels.round(a, 2), lambda a: torch.round(a, decimals=2), x)
    both("isfinite", kernels.isfinite, torch.isfinite, x)
    both("isinf", kernels.isinf, torch.isinf, x)
    both("logical_not", kernels.logical_not, torch.logical_not, x)
    both("logical_not bool", kernels.logical_not, torch.logical_not, m)
    for name in ["add", "sub", "mul", "div", "maximum", "minimum", "atan2", "hypot", "fmax", "lt", "eq"]:
        both(name, getattr(kernels, name), getattr(torch, name), x, y)
    for name in [
        "copysign",
        "logaddexp",
        "heaviside",
        "logical_and",
        "nextafter",
        "fmod",
        "remainder",
        "floor_divide",
    ]:
        both(name, getattr(kernels, name), getattr(torch, name), x, y)
    both("trunc_divide", kernels.trunc_divide, lambda a, b: torch.div(a, b, rounding_mode="trunc"), x, y)
    for name in ["add", "mul", "remainder", "fmod", "floor_divide", "gcd", "lt", "bitwise_and", "maximum"]:
        both(f"{name} int64", getattr(kernels, name), getattr(torch, name), i, j)
    both(
        "trunc_divide int64", kernels.trunc_divide, lambda a, b: torch.div(a, b, rounding_mode="trunc"), i, j
    )
    both("pow int64", kernels.pow, torch.pow, i, j)
    both("pow int64 3", lambda a: kernels.pow(a, 3), lambda a: a**3, i)
    both("neg int64", kernels.neg, torch.neg, i)
    both("abs int64", kernels.abs, torch.abs, i)
    for value in (0.5, 2, 3, 4, -1, 2.5):
        both(f"pow {value}", lambda a, v=value: kernels.pow(a, v), lambda a, v=value: a**v, p)
    both("pow", kernels.pow, torch.pow, p, y)
    both("mul 2", lambda a: kernels.mul(a, 2), lambda a: a * 2, x)
    both("rsub 1", lambda a: kernels.sub(1, a), lambda a: 1 - a, x)
    both("rdiv 1", lambda a: kernels.div(1, a), lambda a: 1 / a, x)
    both(
        "add out", lambda a, b: kernels.add(a, b, out=a), lambda a, b: a.add_(b), x.copy() if False else p, q
    )
    both("mul row", kernels.mul, torch.mul, X, row)
    both("mul column", kernels.mul, torch.mul, X, column)
    both("mul outer", kernels.mul, torch.mul, row, column)
    both("mul transposed", lambda a: kernels.mul(a, a.T), lambda a: a * a.T, X)
    both("exp transposed", lambda a: kernels.exp(a.T), lambda a: a.T.exp(), X)
    both("exp strided", lambda a: kernels.exp(a[:, ::2]), lambda a: a[:, ::2].exp(), X)
    both("where", kernels.where, torch.where, m, x, y)
    both("where scalar", lambda a, b: kernels.where(a, b, 0.0), lambda a, b: torch.where(a, b, 0.0), m, x)
    both("clamp", lambda a: kernels.clamp(a, -1, 1), lambda a: a.clamp(-1, 1), x)
    both("clamp min", lambda a: kernels.clamp(a, 0), lambda a: a.clamp(min=0), x)
    both("clamp arrays", kernels.clamp, torch.clamp, x, q, p)
    both("lerp", lambda a, b: kernels.lerp(a, b, 0.3), lambda a, b: torch.lerp(a, b, 0.3), x, y)
    both("lerp arrays", kernels.lerp, torch.lerp, x, y, q)
    both(
        "addcmul",
        lambda a, b, d: kernels.addcmul(a, b, d, 0.5),
        lambda a, b, d: torch.addcmul(a, b, d, value=0.5),
        x,
        y,
        p,
    )
    both(
        "addcdiv",
        lambda a, b, d: kernels.addcdiv(a, b, d, 0.5),
        lambda a, b, d: torch.addcdiv(a, b, d, value=0.5),
        x,
        y,
        p,
    )
    both("axpy", lambda a, b: kernels.axpy(a, b, 0.5), lambda a, b: torch.add(a, b, alpha=0.5), x, y)
    both("xlogy", kernels.xlogy, torch.xlogy, x, p)
    for name in ["exp", "tanh", "neg", "sqrt"]:
        both(f"{name} f16", getattr(kernels, name), getattr(torch, name), h)
    both("mul f16", kernels.mul, torch.mul, h, h)
    both("exp c64", kernels.exp, torch.exp, c)
    both("mul c64", kernels.mul, torch.mul, c, c)
    both("abs c64", kernels.abs, torch.abs, c)
    for name in [
        "sigmoid",
        "silu",
        "softplus",
        "mish",
        "gelu",
        "relu",
        "hardtanh",
        "hardsigmoid",
        "hardswish",
        "elu",
        "leaky_relu",
        "softsign",
        "tanhshrink",
    ]:
        both(name, getattr(A, name), getattr(F, name), x)
    both("log_sigmoid", A.log_sigmoid, F.logsigmoid, x)
    both("threshold", lambda a: A.threshold(a, 0.1, 0.5), lambda a: F.threshold(a, 0.1, 0.5), x)
    both("softshrink", A.softshrink, F.softshrink, x)
    both("hardshrink", A.hardshrink, F.hardshrink, x)
    both("gelu tanh", lambda a: A.gelu(a, "tanh"), lambda a: F.gelu(a, approximate="tanh"), x)
    both("erf", A.erf, torch.erf, x)
    both("sigmoid f16", A.sigmoid, torch.sigmoid, h)
    aten = torch.ops.aten
    both("tanh_backward", A.tanh_backward, aten.tanh_backward, x, q)
    both("sigmoid_backward", A.sigmoid_backward, aten.sigmoid_backward, x, q)
    both("threshold_backward", A.threshold_backward, lambda g, a: aten.threshold_backward(g, a, 0), x, y)
    both("gelu_backward", A.gelu_backward, aten.gelu_backward, x, y)
    both(
        "gelu_backward tanh",
        lambda g, a: A.gelu_backward(g, a, "tanh"),
        lambda g, a: aten.gelu_backward(g, a, approximate="tanh"),
        x,
        y,
    )
    both("silu_backward", A.silu_backward, aten.silu_backward, x, y)
    both("mish_backward", A.mish_backward, aten.mish_backward, x, y)
    both("softplus_backward", A.softplus_backward, lambda g, a: aten.softplus_backward(g, a, 1, 20), x, y)
    both(
        "leaky_relu_backward",
        A.leaky_relu_backward,
        lambda g, a: aten.leaky_relu_backward(g, a, 0.01, False),
        x,
        y,
    )
    both("hardtanh_backward", A.hardtanh_backward, lambda g, a: aten.hardtanh_backward(g, a, -1, 1), x, y)
    both("elu_backward", A.elu_backward, lambda g, a: aten.elu_backward(g, 1, 1, 1, False, a), x, y)
    for dim in (None, 0, 1):
        for name in ["sum", "mean", "prod", "amax", "amin", "argmax", "var"]:
            theirs = getattr(torch, name)
            ours = getattr(reductions, name)
            both(
                f"{name} {dim}",
                lambda a, f=ours, d=dim: f(a, d),
                lambda a, f=theirs, d=dim: f(a) if d is None else f(a, d),
                X,
            )
        both(
            f"norm {dim}",
            lambda a, d=dim: reductions.norm(a, 2, d),
            lambda a, d=dim: torch.linalg.vector_norm(a, 2, d),
            X,
        )
        if dim is not None:
            both(f"max {dim}", lambda a, d=dim: reductions.max(a, d), lambda a, d=dim: torch.max(a, d), X)
            for name in ["softmax", "log_softmax", "logsumexp"]:
                ours, theirs = getattr(softmax, name), getattr(torch, name)
                both(f"{name} {dim}", lambda a, f=ours, d=dim: f(a, d), lambda a, f=theirs, d=dim: f(a, d), X)
            both(
                f"softmax_backward {dim}",
                lambda a, b, d=dim: softmax.softmax_backward(a, b, d),
                lambda a, b, d=dim: aten._softmax_backward_data(a, b, d, torch.float32),
                X,
                Y,
            )
            both(
                f"log_softmax_backward {dim}",
                lambda a, b, d=dim: softmax.log_softmax_backward(a, b, d),
                lambda a, b, d=dim: aten._log_softmax_backward_data(a, b, d, torch.float32),
                X,
                Y,
            )
            both(f"cumsum {dim}", lambda a, d=dim: scans.cumsum(a, d), lambda a, d=dim: torch.cumsum(a, d), X)
            both(
                f"cumprod {dim}",
                lambda a, d=dim: scans.cumprod(a, d),
                lambda a, d=dim: torch.cumprod(a, d),
                X,
            )
    both("softmax flat", lambda a: softmax.softmax(a, 0), lambda a: a.softmax(0), x)
    both("cumsum flat", lambda a: scans.cumsum(a, 0), lambda a: a.cumsum(0), x)
    both("sum int64", reductions.sum, torch.sum, i)
    both("sum bool", lambda a: reductions.sum(a, dtype=np.dtype(np.int64)), torch.sum, m)
    both("sum f16", reductions.sum, torch.sum, h)
    both("sum c64", reductions.sum, torch.sum, c)
    both("any", lambda a: np.logical_or.reduce(a, None), torch.any, m)
    both("all", lambda a: np.logical_and.reduce(a, None), torch.all, m)
    both("norm 1", lambda a: reductions.norm(a, 1), lambda a: a.norm(1), x)
    both("norm 3", lambda a: reductions.norm(a, 3), lambda a: a.norm(3), x)
    both("norm inf", lambda a: reductions.norm(a, np.inf), lambda a: a.norm(float("inf")), x)
    both("clone", copies.copy, torch.clone, x)
    both("transpose copy", lambda a: copies.contiguous(a.T), lambda a: a.T.contiguous(), X)
    both(
        "permute copy",
        lambda a: copies.contiguous(a.reshape(32, 32, 32, 32).transpose(3, 1, 2, 0)),
        lambda a: a.reshape(32, 32, 32, 32).permute(3, 1, 2, 0).contiguous(),
        X,
    )
    both(
        "permute 0213 copy",
        lambda a: copies.contiguous(a.reshape(32, 32, 32, 32).transpose(0, 2, 1, 3)),
        lambda a: a.reshape(32, 32, 32, 32).permute(0, 2, 1, 3).contiguous(),
        X,
    )
    both("flip copy", lambda a: copies.contiguous(a[:, ::-1]), lambda a: a.flip(1), X)
    both("to float64", lambda a: copies.copy(a, np.dtype(np.float64)), lambda a: a.double(), x)
    both("to float16", lambda a: copies.copy(a, np.dtype(np.float16)), lambda a: a.half(), x)
    both("from float16", lambda a: copies.copy(a, np.dtype(np.float32)), lambda a: a.float(), h)
    both("to int64", lambda a: copies.copy(a, np.dtype(np.int64)), lambda a: a.long(), x)
    both("cat 0", lambda a, b: copies.cat((a, b), 0), lambda a, b: torch.cat((a, b), 0), X, Y)
    both("cat 1", lambda a, b: copies.cat((a, b), 1), lambda a, b: torch.cat((a, b), 1), X, Y)
    return pairs


def main(words: list[str]) -> None:
    torch.set_num_threads(2)
    np.seterr(all="ignore")
    print(f"{'':24s}{'median':>20s}{'best':>26s}")
    print(
        f"{'kernel':24s}{'leafgrad':>10s}{'torch':>10s}{'ratio':>6s}{'leafgrad':>10s}{'torch':>10s}{'ratio':>6s}"
    )
    for case in cases():
        if all(word in case[0] for word in words):
            (a, b), (c, d) = measure(case)
            mark = "  <" if b > 1.5 * d else ""
            print(
                f"{case[0]:24s}{a:10.0f}{c:10.0f}{a / c:6.2f}{b:10.0f}{d:10.0f}{b / d:6.2f}{mark}", flush=True
            )


if __name__ == "__main__":
    main(sys.argv[1:])
