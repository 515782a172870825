"""The other ways to call an op: in place, with `out=`, as method, as operator, under another name."""

import warnings

import numpy as np

import leafgrad

from .checks import UNINITIALISED, calls, grad_too, in_place_method, over
from .compare import attempt, dtype_name, refusal, result, steps
from .samples import Call, attribute, bare, function, tensors, torch


def in_place(op, dtype, most=8):
    """The variant with an underscore: value, version and history; an error must change nothing."""
    if not callable(in_place_method(torch, op)):
        return []
    if not in_place_method(leafgrad, op):
        return [f"Tensor.{op.name}_ is missing"]

    def check(sample):
        if not isinstance(sample.input, torch.Tensor):
            return []
        them, us = calls(op, sample, in_place=True)
        before = bare(us.args[0])
        (theirs, no), (ours, nope) = attempt(them.run), attempt(us.run)
        if no or nope:
            lines = refusal(no, nope)
            if nope and not np.array_equal(before, bare(us.args[0]), equal_nan=before.dtype.kind in "fc"):
                lines.append("raised, and changed its input")
            return lines
        lines = result(theirs, ours, content=op.name not in UNINITIALISED)
        if (theirs is them.args[0]) != (ours is us.args[0]):
            lines.append("does not return its own tensor")
        if them.args[0]._version != us.args[0]._version:
            lines.append(f"_version {us.args[0]._version} instead of {them.args[0]._version}")
        return lines

    return over(op, dtype, check, grad=grad_too(op, dtype), most=most)


def out_argument(op, dtype, most=4):
    """`out=`: of the right kind, empty, misshapen (with a warning), strided, and under grad."""
    lines = over(op, dtype, lambda sample: _outs(op, sample, SHAPED), most=most) if op.supports_out else []
    if op.supports_out and grad_too(op, dtype):
        lines += over(op, dtype, lambda sample: _out_under_grad(op, sample), grad=True, most=2)
    return lines


def out_dtype(op, dtype, most=2):
    """`out=` of another dtype than the result's: what is cast, and how the rest is refused."""
    return over(op, dtype, lambda sample: _outs(op, sample, TYPED), most=most) if op.supports_out else []


def _zeros(lib, shape, like, dtype=None):
    return lib.zeros(tuple(shape), dtype=getattr(lib, dtype or dtype_name(like)))


SHAPED = {
    "right": lambda lib, t: _zeros(lib, t.shape, t),
    "empty": lambda lib, t: _zeros(lib, (0,), t),
    "misshapen": lambda lib, t: _zeros(lib, (*t.shape, 2), t),
    "strided": lambda lib, t: _zeros(lib, t.shape[::-1], t).permute(tuple(range(t.ndim)[::-1])),
}
TYPED = {
    name: lambda lib, t, name=name: _zeros(lib, t.shape, t, name)
    for name in ("float64", "int64", "complex128")
}


def _outs(op, sample, kinds):
    """The differences between the two sides for each kind of `out`."""
    plain, _ = attempt(Call(torch, function(torch, op), sample).run)
    expected = (plain,) if isinstance(plain, torch.Tensor) else plain
    if not isinstance(expected, tuple) or not all(isinstance(t, torch.Tensor) for t in expected):
        return []
    lines = []
    for kind, make in kinds.items():
        (theirs, *there, no), (ours, *here, nope) = (
            _into(Call(lib, function(lib, op), sample), [make(lib, t) for t in expected])
            for lib in (torch, leafgrad)
        )
        if no or nope:
            found = refusal(no, nope)
        else:
            content = op.name not in UNINITIALISED
            found = [
                x
                for a, b, t in zip(theirs, ours, expected, strict=True)
                for x in result(a, b, "its value", content, precision=dtype_name(t))
            ]
            if there != here:
                found.append(f"returned it, warned, strides: {here} instead of {there}")
        lines += [f"out= {kind}: {x}" for x in found]
    return lines


def _into(call, outs):
    """(outs, whether these were returned, whether a resize was warned of, their strides, error)."""
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        got, error = attempt(call.run, out=outs[0] if len(outs) == 1 else tuple(outs))
    got = (got,) if isinstance(got, call.lib.Tensor) else got
    own = error is None and len(got) == len(outs) and all(a is b for a, b in zip(got, outs, strict=True))
    said = any("resized" in str(w.message) for w in warned)
    return outs, own, said, [steps(t) for t in outs if t.numel()], error


def _out_under_grad(op, sample):
    """Torch refuses `out=` when an argument requires grad."""
    ends = []
    for call in calls(op, sample):
        plain = tensors(call.lib, attempt(call.run)[0])
        if not call.leaves or not plain:
            return []
        ends.append(_into(call, [call.lib.empty_like(t.detach()) for t in plain])[-1])
    return [f"out= under grad: {x}" for x in refusal(*ends)]


def other_names(op, dtype="float64", most=2):
    """The same op under its other names: method, operator, aliases."""
    last = op.name.rpartition(".")[2]
    ways = (
        [("Tensor." + last, lambda lib: getattr(lib.Tensor, last, None))]
        if callable(op.method_variant) and hasattr(torch.Tensor, last)
        else []
    )
    if op.operator_variant:
        ways.append((op.operator_variant.__name__, lambda lib: op.operator_variant))
    for alias in op.aliases:
        path = alias.name.removeprefix("torch.")
        ways.append((path, lambda lib, name=path: attribute(lib, name)))
        tail = alias.name.rpartition(".")[2]
        if hasattr(torch.Tensor, tail) and "." not in alias.name:
            ways.append(("Tensor." + tail, lambda lib, name=tail: getattr(lib.Tensor, name, None)))
            if hasattr(torch.Tensor, tail + "_") and not hasattr(leafgrad.Tensor, tail + "_"):
                return [f"Tensor.{tail}_ is missing"]
    lines = [f"{name} is missing" for name, way in ways if way(torch) and not way(leafgrad)]

    def check(sample):
        found = []
        for name, way in ways:
            if name.startswith("Tensor.") and not isinstance(sample.input, torch.Tensor):
                continue  # a method of nothing
            if way(torch) and way(leafgrad):
                (theirs, no), (ours, nope) = (
                    attempt(Call(lib, way(lib), sample).run) for lib in (torch, leafgrad)
                )
                found += [
                    f"{name}: {x}"
                    for x in (
                        refusal(no, nope)
                        if no or nope
                        else result(theirs, ours, content=op.name not in UNINITIALISED)
                    )
                ]
        return found

    return lines + over(op, dtype, check, most=most)
