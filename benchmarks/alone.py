"""What can only be measured in a process of its own: import time, chains of a million ops, peak memory.

Run as a program, this is such a process: `python -m benchmarks.alone JOB MODULE SIZE` prints JSON.
"""

import contextlib
import json
import re
import statistics
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path

from .harness import THREADS, Row

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


def chain_rows() -> list[Row]:
    """For each phase: per op against torch at 10^6, and in the note how much longer than per op at 10^3."""
    short = {side: medians("chain", side, 10**3, times=3) for side in SIDES}
    long = {side: medians("chain", side, 10**6, times=3) for side in SIDES}
    rows = []
    for phase in ("forward", "backward", "free"):
        growth = {side: long[side][phase] / short[side][phase] for side in SIDES}
        verdict = "at most 1.5: " + ("met" if growth["leafgrad"] <= 1.5 else "MISSED")
        note = f"per op {growth['leafgrad']:.2f} x that at 10^3 (torch {growth['torch']:.2f}); {verdict}"
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

    T = import_module(side)
    if side == "torch":
        T.set_num_threads(THREADS)
    mlp(T, batch=4, sizes=(8, 8, 8, 3))(2)
    big = T.randn(512, 512)
    big = big @ big  # the matrix library has its threads and work areas now
    del big
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak counts from here
    before = status("VmRSS")
    step = mlp(T)
    step(10)
    return {"bytes": status("VmHWM") - before}


def memory_rows() -> list[Row]:
    if not Path("/proc/self/status").exists():
        print("memory: measured on Linux only")
        return []
    ours, torch = (medians("memory", side)["bytes"] for side in SIDES)
    return [Row("MLP step, peak memory", ours, torch, unit="B", bound=1.0)]


if __name__ == "__main__":
    job, side, size = sys.argv[1:]
    print(json.dumps({"import_time": import_time, "chain": chain, "memory": memory}[job](side, int(size))))
