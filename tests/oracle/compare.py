"""Comparing what torch gave with what leafgrad gave: each function returns the differences, a line each."""

import numpy as np

import leafgrad
from tests.both import first_sentence

from .samples import Unfit, bare, torch

FORGIVEN = {"float16": 2e-3, "float32": 2e-5, "complex64": 2e-5}  # relative and absolute; all else 1e-7


def dtype_name(t):
    return str(t.dtype).removeprefix("torch.")


def close(theirs, ours, precision=None):
    """Whether two arrays agree, nan with nan and inf with inf, real and imaginary parts apart.

    precision: the dtype that was computed in, where the arrays have a wider one.
    """
    if theirs.dtype.kind == "c" and ours.dtype.kind == "c":
        return all(close(part(theirs), part(ours), precision) for part in (np.real, np.imag))
    if theirs.dtype.kind != "f":
        return np.array_equal(theirs, ours)
    slack = FORGIVEN.get(precision or theirs.dtype.name, 1e-7)
    scale = np.abs(theirs[np.isfinite(theirs)]).max(initial=0.0) if slack > 1e-7 else 0.0
    return np.allclose(ours, theirs, rtol=slack, atol=slack * max(1.0, scale), equal_nan=True)


def values(theirs, ours, what, precision=None):
    """Dtype, shape and elements of two tensors; None only beside None."""
    if (theirs is None) != (ours is None):
        return [f"{what}: " + ("None instead of a tensor" if ours is None else "a tensor instead of None")]
    if theirs is None:
        return []
    if not isinstance(ours, leafgrad.Tensor):
        return [f"{what}: {type(ours).__name__} instead of a tensor"]
    if dtype_name(theirs) != dtype_name(ours):
        return [f"{what}: dtype {dtype_name(ours)} instead of {dtype_name(theirs)}"]
    if tuple(theirs.shape) != tuple(ours.shape):
        return [f"{what}: shape {tuple(ours.shape)} instead of {tuple(theirs.shape)}"]
    a, b = bare(theirs), bare(ours)
    if not close(a, b, precision):
        return [f"{what}: values differ, torch {_shown(a, a, b)} leafgrad {_shown(b, a, b)}"]
    return []


def _shown(array, a, b):
    """The elements around the first difference."""
    with np.errstate(all="ignore"):
        apart = ~np.isclose(a, b, rtol=1e-5, atol=1e-7, equal_nan=True) if a.dtype.kind in "fc" else a != b
    at = int(np.argmax(apart.ravel())) if apart.any() else 0
    return np.array2string(array.ravel()[at : at + 3], precision=7)


def node_name(node):
    return None if node is None else type(node).__name__


def graph(node, depth=6):
    """The nodes above a result by name, as a nested tuple, down to the leaves."""
    if node is None:
        return None
    name = type(node).__name__
    return (
        (name, *(graph(n, depth - 1) for n, _ in node.next_functions))
        if depth and node.next_functions
        else (name,)
    )


def arrow(tree):
    """A graph in text: MulBackward0(ExpBackward0(leaf), -)."""
    if tree is None:
        return "-"
    name = "leaf" if tree[0] == "AccumulateGrad" else tree[0]
    return f"{name}({', '.join(map(arrow, tree[1:]))})" if tree[1:] else name


def result(theirs, ours, what="result", content=True, precision=None):
    """A whole result: nested containers, plain values, and of each tensor all that a user can see."""
    if isinstance(theirs, torch.Tensor):
        if not isinstance(ours, leafgrad.Tensor):
            return [f"{what}: {type(ours).__name__} instead of a tensor"]
        if (
            not content
            and tuple(theirs.shape) == tuple(ours.shape)
            and dtype_name(theirs) == dtype_name(ours)
        ):
            lines = []
        else:
            lines = values(theirs, ours, what, precision)
        if theirs.requires_grad != ours.requires_grad:
            lines.append(f"{what}: requires_grad {ours.requires_grad}")
        if node_name(theirs.grad_fn) != node_name(ours.grad_fn):
            lines.append(f"{what}: grad_fn {node_name(ours.grad_fn)} instead of {node_name(theirs.grad_fn)}")
        if theirs.is_leaf != ours.is_leaf:
            lines.append(f"{what}: is_leaf {ours.is_leaf}")
        if theirs.output_nr != ours.output_nr:
            lines.append(f"{what}: output_nr {ours.output_nr} instead of {theirs.output_nr}")
        if theirs._is_view() != ours._is_view():
            lines.append(f"{what}: _is_view() {ours._is_view()} instead of {theirs._is_view()}")
        elif theirs._is_view() and theirs.numel() and not lines:
            here, there = (steps(t) for t in (ours, theirs))
            if here != there:
                lines.append(f"{what}: strides {here} instead of {there}")
        return lines
    if isinstance(theirs, tuple | list) and not isinstance(theirs, torch.Size):
        if type(theirs).__name__ != type(ours).__name__ or len(theirs) != len(ours):
            there, here = (
                f"{type(r).__name__}[{len(r) if isinstance(r, tuple | list) else ''}]" for r in (theirs, ours)
            )
            return [f"{what}: {here} instead of {there}"]
        return [
            x
            for i, (a, b) in enumerate(zip(theirs, ours, strict=True))
            for x in result(a, b, f"{what}[{i}]", content, precision)
        ]
    same = (
        tuple(theirs) == tuple(ours)
        if isinstance(theirs, torch.Size)
        else theirs == ours or (theirs != theirs and ours != ours)
    )
    if not same or type(theirs).__name__ != type(ours).__name__:
        return [f"{what}: {ours!r} instead of {theirs!r}"]
    return []


def steps(t):
    """Offset and the strides that matter, in elements."""
    return t.storage_offset(), *(s for s, n in zip(t.stride(), t.shape, strict=True) if n > 1)


def attempt(fn, *args, **kwargs):
    """(result, None) or (None, exception)."""
    try:
        return fn(*args, **kwargs), None
    except Unfit:
        raise
    except Exception as error:
        return None, error


def refusal(theirs, ours):
    """The differences between two exceptions, one of which may be missing."""
    if theirs is None and ours is None:
        return []
    if theirs is None or ours is None:
        there, here = (
            "no error" if e is None else f"{type(e).__name__}: {first_sentence(e)[:160]}"
            for e in (theirs, ours)
        )
    else:
        there, here = (f"{type(e).__name__}: {first_sentence(e)[:240]}" for e in (theirs, ours))
    return [] if there == here else [f"torch: {there} | leafgrad: {here}"]


def same_saved(there, here):
    names, ours = ({n for n in dir(node) if n.startswith("_saved_")} for node in (there, here))
    lines = [] if names == ours else [f"{node_name(there)}: saves {sorted(ours)} instead of {sorted(names)}"]
    for name in sorted(names):
        (a, no), (b, nope) = attempt(getattr, there, name), attempt(getattr, here, name)
        if no or nope:
            lines += [] if no else [f"{name}: {type(nope).__name__}: {nope}"]
        elif isinstance(a, torch.Tensor) or isinstance(b, leafgrad.Tensor) or _holds_tensors(a):
            if isinstance(a, tuple) and isinstance(b, tuple):
                lines += [
                    x
                    for i, pair in enumerate(zip(a, b, strict=False))
                    for x in _saved_value(*pair, f"{name}[{i}]")
                ]
            else:
                lines += _saved_value(a, b, name)
        elif _plain(a) != _plain(b):
            lines.append(f"{name}: {b!r} instead of {a!r}")
    return lines


def _saved_value(a, b, name):
    if isinstance(a, torch.Tensor) and isinstance(b, leafgrad.Tensor):
        return values(a, b, name)
    same = a is None and b is None
    return [] if same else [f"{name}: {type(b).__name__} instead of {type(a).__name__}"]


def _holds_tensors(a):
    return isinstance(a, tuple) and any(isinstance(x, torch.Tensor) for x in a)


def _plain(a):
    """A saved value without its side's types; a negative axis, which torch shows unsigned, as it is."""
    if isinstance(a, tuple | list):
        return tuple(map(_plain, a))
    if isinstance(a, int) and not isinstance(a, bool) and a >= 2**63:
        return a - 2**64
    return str(a) if isinstance(a, torch.dtype | leafgrad.dtype) else a
