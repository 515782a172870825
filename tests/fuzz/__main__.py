"""`python -m tests.fuzz 10000 [--seed 0] [--against torch]`: the big run, with a summary.

Draws the programs in batches, each from its own seed, so that a run can be repeated and goes on after a
disagreement. Prints each disagreement as a minimal runnable script, then how often every instruction ran and
raised.
"""

import argparse
import collections
import importlib
import time

import torch
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from hypothesis.errors import FlakyFailure

from tests.fuzz.compare import Disagreement, compare
from tests.fuzz.programs import WRITERS, programs

BATCH = 250


def batch(seed, size, other, counts, ends):
    """Runs `size` programs; returns None, or the first disagreement in its smallest form."""

    @seeded(seed)
    @settings(
        max_examples=size,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
        phases=[Phase.generate, Phase.shrink],
    )
    @given(programs())
    def run(program):
        ends[compare(program, torch, other, counts=counts)] += 1

    try:
        run()
    except Disagreement as found:
        return found
    except FlakyFailure as flaky:  # the same program agreed when it was run again
        return next(found for found in flaky.exceptions if isinstance(found, Disagreement))
    return None


def summary(counts, ends, found, seconds):
    ran = {name: (counts[name, "ran"], counts[name, "raised"]) for name in WRITERS}
    print(f"{'instruction':24}{'ran':>8}{'raised':>8}")
    for name, (good, bad) in sorted(ran.items()):
        print(f"{name:24}{good:8}{bad:8}")
    errors = {kind: n for kind, n in counts.items() if kind[0] == "error"}
    steps = sum(map(sum, ran.values()))
    print(
        f"\n{ends['done'] + ends['stopped']} programs agreed "
        f"({ends['stopped']} of them stopped early at large values), "
        f"{steps} steps, {sum(errors.values())} errors of {len(errors)} kinds, "
        f"{len(found)} disagreements ({len(set(found))} different), {seconds:.0f} s"
    )


def main():
    parser = argparse.ArgumentParser(
        prog="python -m tests.fuzz", description="random programs, torch beside leafgrad"
    )
    parser.add_argument("programs", type=int, nargs="?", default=1000, help="how many to run (1000)")
    parser.add_argument("--seed", type=int, default=0, help="another seed is another set of programs")
    parser.add_argument("--against", default="leafgrad", help="the module to compare with torch (leafgrad)")
    parser.add_argument("--most", type=int, default=20, help="stop after so many disagreements (20)")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    other = importlib.import_module(arguments.against)
    counts, ends, found = collections.Counter(), collections.Counter(), []
    begun = time.perf_counter()
    number = 0
    while (left := arguments.programs - ends["done"] - ends["stopped"]) > 0 and len(found) < arguments.most:
        disagreement = batch(arguments.seed * 1_000_000 + number, min(BATCH, left), other, counts, ends)
        number += 1
        if disagreement is not None:
            if disagreement.what not in found:
                print(f"--- disagreement (batch {number - 1})\n{disagreement.script}\n", flush=True)
            found.append(disagreement.what)
    summary(counts, ends, found, time.perf_counter() - begun)
    raise SystemExit(bool(found))


if __name__ == "__main__":
    main()
