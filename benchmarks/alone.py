"""What can only be measured in a process of its own: import time, chains of a million ops, peak memory.

Run as a program, this is such a process: `python -m benchmarks.alone JOB MODULE SIZE` prints JSON.
"""

import contextlib
import gc
import json
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from .harness import THREADS, Program, Row

SIDES = ("leafgrad", "torch")


def measure(job: str, side: str, size: int = 0) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.alone", job, side, str(size)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command[1:])} failed:\n{done.stderr}")
    return json.loads(done.stdout)


def medians(job: str, side: str, size: int = 0, times: int = 5) -> dict[str, float]:
    runs = [measure(job, side, size) for _ in range(times)]
    return {key: statistics.median(run[key] for run in runs) for key in runs[0]}


# --- import ---


def import_time(side: str, size: int) -> dict[str, float]:
    """Seconds to import the module once NumPy is there."""
    import_module("numpy")
    start = time.perf_counter()
    import_module(side)
    return {"seconds": time.perf_counter() - start}


def import_rows() -> list[Row]:
    """The bound is not on the ratio here: 60 ms, whatever torch takes."""
    measure("import_time", "leafgrad")  # compiles, and reads the files into the system's cache
    ours = medians("import_time", "leafgrad", times=15)["seconds"]
    torch = medians("import_time", "torch", times=3)["seconds"]
    verdict = "at most 60 ms: " + ("met" if ours <= 0.060 else "MISSED")
    return [Row("import, over import numpy", ours, torch, note=verdict)]


# --- a chain of adds ---


def chain(side: str, size: int) -> dict[str, float]:
    """Seconds per op to build `y = y + x` over and over, to go back through it, and to free it."""
    T = import_module(side)
    x = T.ones((), requires_grad=True)
    repeats = max(3, 200_000 // size) if size < 10**5 else 1
    times: dict[str, list[float]] = {"forward": [], "backward": [], "free": []}
    for _ in range(repeats):
        x.grad = None
        marks = [time.perf_counter()]
        y = x
        for _ in range(size):
            y = y + x
        marks.append(time.perf_counter())
        y.backward()
        marks.append(time.perf_counter())
        del y
        marks.append(time.perf_counter())
        if x.grad.item() != size + 1:
            raise ArithmeticError(f"the gradient of {size} adds should be {size + 1}, not {x.grad.item()}")
        for key, start, end in zip(times, marks, marks[1:], strict=False):
            times[key].append((end - start) / size)
    return {key: statistics.median(values) for key, values in times.items()}


def chain_uncollected(side: str, size: int) -> dict[str, float]:
    """The same with CPython's cycle collector off: what it costs to look through a million nodes again and again."""
    gc.disable()
    return chain(side, size)


def chain_rows() -> list[Row]:
    """For each phase: per op against torch at 10^6, and in the note how much longer than per op at 10^3."""
    short, long, short_uncollected, long_uncollected = (
        {side: medians(job, side, size, times=3) for side in SIDES}
        for job in ("chain", "chain_uncollected")
        for size in (10**3, 10**6)
    )
    rows = []
    for phase in ("forward", "backward", "free"):
        growth = {side: long[side][phase] / short[side][phase] for side in SIDES}
        verdict = "at most 1.5: " + ("met" if growth["leafgrad"] <= 1.5 else "MISSED")
        uncollected = long_uncollected["leafgrad"][phase] / short_uncollected["leafgrad"][phase]
        note = (
            f"per op {growth['leafgrad']:.2f} x that at 10^3 (torch {growth['torch']:.2f}); {verdict}; "
            f"{uncollected:.2f} without the cycle collector"
        )
        rows.append(
            Row(f"chain of 10^6 adds, {phase}", long["leafgrad"][phase], long["torch"][phase], note=note)
        )
    return rows


# --- memory ---


def status(field: str) -> int:
    """A field of this process's /proc/self/status, in bytes."""
    text = Path("/proc/self/status").read_text(encoding="ascii")
    return 1024 * int(re.search(rf"^{field}:\s*(\d+) kB", text, re.MULTILINE)[1])


def memory(side: str, size: int) -> dict[str, float]:
    """Bytes that ten MLP steps add, at their peak, to a process that has imported and warmed the module."""
    from .small import mlp

    T = warmed(side, lambda T: mlp(T, batch=4, sizes=(8, 8, 8, 3)))
    return {"bytes": peak(lambda: mlp(T)(10))}


def checkpoint_memory(side: str, size: int) -> dict[str, float]:
    """The same for ten steps of a checkpointed MLP, of the size of that number in the table."""
    from .checkpoint import SIZES, training

    T = warmed(side, lambda T: training(T, 8, 4))
    return {"bytes": peak(lambda: training(T, *SIZES[size])(10))}


def warmed(side: str, program: Program) -> Any:
    """The module, after two small steps of the program; the matrix library has its threads and work areas then."""
    T = import_module(side)
    if side == "torch":
        T.set_num_threads(THREADS)
    program(T)(2)
    big = T.randn(512, 512)
    big = big @ big
    return T


def peak(run: Callable[[], object]) -> int:
    """By how many bytes this process is larger at the peak of `run` than before."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak counts from here
    before = status("VmRSS")
    run()
    return status("VmHWM") - before


def memory_row(name: str, job: str, size: int = 0) -> Row:
    ours, torch = (medians(job, side, size)["bytes"] for side in SIDES)
    return Row(name, ours, torch, unit="B", bound=1.0)


def memory_rows() -> Iterator[Row]:
    """Peaks of memory, on Linux."""
    if not Path("/proc/self/status").exists():
        print("memory: measured on Linux only")
        return
    from .checkpoint import SIZES, title

    yield memory_row("MLP step, peak memory", "memory")
    for i, size in enumerate(SIZES):
        yield memory_row(title(*size) + ", peak", "checkpoint_memory", i)


if __name__ == "__main__":
    job, side, size = sys.argv[1:]
    jobs = {f.__name__: f for f in (import_time, chain, chain_uncollected, memory, checkpoint_memory)}
    print(json.dumps(jobs[job](side, int(size))))
