"""The floor of the pointwise chain: what leafgrad's kernels alone need, and which lever gives what.

`((x*2+1).tanh()*x.sigmoid()+(x*x).exp()).mean()` on 2^20 float32, forward and backward, written op by op on
bare arrays as an eager autograd does it: every op makes a new array, every derivative rule is its own kernel.
Torch runs the same chain in the same process; the sides alternate, and the table shows median and best times
and their ratios.

    python benchmarks/pointwise_floor.py [repeats]
"""

import os
import sys
import time
from collections.abc import Callable

os.environ.pop("OPENBLAS_CORETYPE", None)
os.environ.pop("OPENBLAS_L2_SIZE", None)

import numpy as np

from leafgrad.values import activations, blocks, buffers, kernels, reductions

N = 1 << 20


def chain(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(the mean, its gradient)."""
    add, mul = kernels.add, kernels.mul
    a = mul(x, 2)
    b = add(a, 1)
    t = kernels.tanh(b)
    s = activations.sigmoid(x)
    p = mul(t, s)
    q = mul(x, x)
    e = kernels.exp(q)
    r = add(p, e)
    mean = reductions.mean(r)
    grad = np.broadcast_to(np.float32(1 / N), r.shape)  # of mean: one number, expanded
    del a, b, p, q, r  # what no rule saves
    grad_q = mul(grad, e)
    grad_x = mul(grad_q, x)
    other = mul(grad_q, x)
    add(grad_x, other, out=grad_x)  # the engine owns both
    del grad_q, other
    grad_t, grad_s = mul(grad, s), mul(grad, t)
    part = activations.sigmoid_backward(grad_s, s)
    add(grad_x, part, out=grad_x)
    del grad_s, part
    part = mul(activations.tanh_backward(grad_t, t), 2)
    add(grad_x, part, out=grad_x)
    return mean, grad_x


def plain(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same in plain NumPy steps."""
    b = x * np.float32(2) + np.float32(1)
    t = np.tanh(b)
    s = 1 / (1 + np.exp(-x))
    e = np.exp(x * x)
    mean = (t * s + e).mean()
    grad = np.full(x.shape, 1 / N, x.dtype)
    grad_q = grad * e
    grad_x = grad_q * x
    grad_x += grad_q * x
    grad_x += grad * t * (1 - s) * s
    grad_x += (grad * s) * (1 - t * t) * 2
    return mean, grad_x


def timed(f: Callable[[], object], n: int) -> list[float]:
    """Milliseconds of each of n calls."""
    times = []
    for _ in range(n):
        start = time.perf_counter()
        f()
        times.append((time.perf_counter() - start) * 1e3)
    return times


def main(repeats: int = 7) -> None:
    import torch

    torch.set_num_threads(2)
    x = np.random.default_rng(0).standard_normal(N).astype(np.float32)
    leaf = torch.from_numpy(x.copy()).requires_grad_()

    def theirs() -> None:
        leaf.grad = None
        ((leaf * 2 + 1).tanh() * leaf.sigmoid() + (leaf * leaf).exp()).mean().backward()

    theirs()
    assert leaf.grad is not None
    np.testing.assert_allclose(chain(x)[1], leaf.grad.numpy(), rtol=1e-4, atol=1e-6 / N)
    pieces, whole = blocks.COSTLY, (*blocks.COSTLY[:2], 1 << 60)
    settings = {  # name: (threads, bytes from which the pool serves, sizes of pieces)
        "threads, pool, pieces": (2, buffers.SMALLEST, pieces),
        "no pool": (2, 1 << 60, pieces),
        "no second thread": (1, buffers.SMALLEST, pieces),
        "no pieces": (2, buffers.SMALLEST, whole),
        "kernels alone": (1, 1 << 60, whole),
    }
    cases: dict[str, tuple] = {"torch eager": (theirs, None), "plain NumPy": (lambda: plain(x), None)}
    cases |= {name: (lambda: chain(x), values) for name, values in settings.items()}
    found: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(repeats):
        for name, (f, values) in cases.items():
            if values:
                threads, buffers.SMALLEST, blocks.COSTLY = values
                blocks.set_num_threads(threads)
                buffers._free.clear()
            time.sleep(0.01)  # the threads of the side before go to sleep
            timed(f, 2)
            found[name] += timed(f, 9)
    base = sorted(found["torch eager"])
    for name, times in found.items():
        times.sort()
        middle, best = times[len(times) // 2], times[0]
        print(
            f"{name:24s} median {middle:6.2f} ms, {middle / base[len(base) // 2]:5.2f} of torch    "
            f"best {best:6.2f} ms, {best / base[0]:5.2f} of torch"
        )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
