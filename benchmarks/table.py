"""Prints the rows as a table, beside the ratios saved last, and saves ratios by date and commit."""

import datetime
import json
import platform
import subprocess
from pathlib import Path

import numpy

from .harness import Row

HISTORY = Path(__file__).parent / "history" / "ratios.jsonl"
UNITS = {"s": [(1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (0.0, "ns")], "B": [(1e6, "MB"), (0.0, "kB")]}
FACTORS = {"s": 1.0, "ms": 1e-3, "µs": 1e-6, "ns": 1e-9, "MB": 1e6, "kB": 1e3}


def shown(value: float, unit: str) -> str:
    name = next(name for least, name in UNITS[unit] if value >= least)
    return f"{value / FACTORS[name]:.4g} {name}"


def last_ratios() -> dict[str, float]:
    """The newest saved ratio of each row."""
    if not HISTORY.exists():
        return {}
    found: dict[str, float] = {}
    for line in HISTORY.read_text(encoding="utf-8").splitlines():
        found.update(json.loads(line)["ratios"])
    return found


def print_head() -> None:
    print(f"{'':58} {'leafgrad':>10} {'torch':>10} {'ratio':>6} {'middle half':>12} {'bound':>6} {'was':>6}")


def print_row(row: Row, last: dict[str, float] | None = None) -> None:
    was = (last_ratios() if last is None else last).get(row.name)
    spread = f"{row.low:.2f}-{row.high:.2f}" if row.low is not None and row.high is not None else ""
    print(
        f"{row.name:58} {shown(row.ours, row.unit):>10} {shown(row.torch, row.unit):>10} {row.ratio:6.2f} "
        f"{spread:>12} {'' if row.bound is None else format(row.bound, '.2f'):>6} "
        f"{'' if was is None else format(was, '.2f'):>6}{'  ' if over(row) or row.note else ''}"
        f"{'OVER ' if over(row) else ''}{row.note}",
        flush=True,
    )


def over(row: Row) -> bool:
    return row.bound is not None and row.ratio > row.bound


def print_over(rows: list[Row]) -> None:
    names = [row.name for row in rows if over(row)]
    print(f"{len(rows)} rows, {len(names)} over their bound" + (": " + "; ".join(names) if names else ""))


def save(rows: list[Row]) -> None:
    """Add one line to the history: date, commit, machine, versions and the ratios."""
    import torch

    git = ["git", "-C", str(HISTORY.parent), "describe", "--always", "--dirty"]
    commit = subprocess.run(git, capture_output=True, text=True, check=False).stdout.strip() or "unknown"
    entry = {
        "date": datetime.date.today().isoformat(),
        "commit": commit,
        "machine": platform.machine(),
        "python": platform.python_version(),
        "numpy": numpy.__version__,
        "torch": torch.__version__,
        "ratios": {row.name: round(row.ratio, 3) for row in rows},
    }
    HISTORY.parent.mkdir(exist_ok=True)
    with HISTORY.open("a", encoding="utf-8") as file:
        file.write(json.dumps(entry, ensure_ascii=False) + "\n")
