"""One program three times: leafgrad's vmap, a Python loop in its place, and torch."""

import warnings

import numpy as np

import leafgrad
from tests.transforms import programs

LARGE = 1e8  # beyond it, rounding is all that one would compare


def drawn(seed):
    """(program, what is asked of it) of a seed."""
    rng = np.random.default_rng(seed)
    program = programs.draw(rng, int(rng.integers(1, 4)))
    return program, str(rng.choice(list(programs.ENDS)))


def attempt(*args):
    """The numbers; or, where it raises, the exception."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return programs.result(*args)
        except Exception as error:
            return error


def differences(seed, torch=None):
    """A line for each difference between leafgrad and the loop, and leafgrad and torch, if that is given."""
    program, end = drawn(seed)
    got = attempt(program, end, seed, leafgrad, leafgrad.vmap)
    others = {"loop": attempt(program, end, seed, leafgrad, programs.loop(leafgrad))}
    if torch is not None:
        others["torch"] = attempt(program, end, seed, torch, torch.vmap)
    if refused(got) and isinstance(others.get("torch", got), RuntimeError):  # a loop knows no such limits
        return []
    lines = []
    for name, expected in others.items():
        if isinstance(expected, Exception) and name == "torch":
            continue  # what torch has no rule for
        if not same(got, expected):
            lines.append(f"seed {seed}, {end} of {program}: {got!r}, {name}: {expected!r}")
    return lines


def refused(outcome):
    """Whether vmap refused a write of what it maps to what it does not."""
    return isinstance(outcome, RuntimeError) and "vmap: inplace arithmetic" in str(outcome)


def same(a, b):
    """Whether two outcomes agree."""
    if isinstance(a, Exception) or isinstance(b, Exception):
        return type(a) is type(b)
    if a.shape != b.shape:
        return False
    if not np.isfinite(b).all() or np.abs(b).max(initial=0) > LARGE:
        return True
    return np.allclose(a, b, rtol=1e-7, atol=1e-8 * (1 + np.abs(b).max(initial=0)))
