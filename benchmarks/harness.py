"""Times two programs that do the same: in one process, alternating, medians, the spread of their ratio.

A program is a function `program(T)` that makes what it needs from the module `T` (leafgrad or torch) and
returns a function of a count, which does the thing that many times.  Garbage collection is on, as for users.
"""

import os
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any, NamedTuple

Loop = Callable[[int], None]
Program = Callable[[Any], Loop]

THREADS = 2
PAUSE = 0.005  # seconds; OpenMP's threads give up waiting after some milliseconds
# The first two make NumPy's BLAS take the kernels of another machine, the third makes every import compile again.
UNSETTLING = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "PYTHONDONTWRITEBYTECODE")


class Row(NamedTuple):
    """One line of the table; `ours` and `torch` in `unit`, a ratio that must not exceed `bound`."""

    name: str
    ours: float
    torch: float
    unit: str = "s"
    bound: float | None = None
    low: float | None = None
    high: float | None = None
    note: str = ""

    @property
    def ratio(self) -> float:
        return self.ours / self.torch


def settle_environment() -> None:
    """Start over as a user would, with a fixed number of threads, unless that is how we started."""
    wanted = {name: str(THREADS) for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
    if any(name in os.environ for name in UNSETTLING) or any(
        os.environ.get(k) != v for k, v in wanted.items()
    ):
        kept = {name: value for name, value in os.environ.items() if name not in UNSETTLING}
        sys.stdout.flush()
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], {**kept, **wanted})


def modules() -> tuple[Any, Any]:
    """leafgrad and torch, both on THREADS threads."""
    import torch

    import leafgrad

    torch.set_num_threads(THREADS)
    return leafgrad, torch


def repeat(step: Callable[[], object]) -> Loop:
    """The loop over a step; steps of a microsecond are better written out as a loop of their own."""

    def loop(count: int) -> None:
        for _ in range(count):
            step()

    return loop


def seconds(loop: Loop, count: int) -> float:
    start = time.perf_counter()
    loop(count)
    return time.perf_counter() - start


def settled(loop: Loop, count: int) -> float:
    """`seconds`, once nobody's threads are busy any more: torch's spin for a while after their work, to be ready for more,
    and would take from the other side half of the machine. An untimed call first finds its way back into the caches.
    """
    time.sleep(PAUSE)
    loop(1)
    return seconds(loop, count)


def calibrate(loop: Loop, target: float) -> int:
    """A count that takes about `target` seconds. Doubling until it does also warms caches."""
    loop(1)
    count = 1
    while True:
        took = seconds(loop, count)
        if took >= target / 2:
            return max(1, round(count * target / took))
        count *= 2 if took > target / 100 else 10


def compare(
    name: str, program: Program, bound: float | None = None, rounds: int = 31, target: float = 0.01
) -> Row:
    """Run `program` on both modules in turn; medians, and the middle half of the rounds' ratios."""
    loops = [program(module) for module in modules()]
    counts = [calibrate(loop, target) for loop in loops]
    times: tuple[list[float], list[float]] = ([], [])
    for i in range(rounds):
        for side in (0, 1) if i % 2 else (1, 0):  # whoever comes second meets the other's caches: take turns
            times[side].append(settled(loops[side], counts[side]) / counts[side])
    low, _, high = statistics.quantiles([a / b for a, b in zip(*times, strict=True)], n=4)
    ours, torch = map(statistics.median, times)
    return Row(name, ours, torch, bound=bound, low=low, high=high)
