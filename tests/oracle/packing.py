"""Calls under `saved_tensors_hooks` whose pack hook copies: what is packed, in which order, and the gradients."""

from .checks import calls, over
from .compare import attempt, dtype_name, values
from .samples import tensors


def packing(op, dtype, most=3):
    """The shapes and dtypes of what is packed, in order; the gradients of all outputs, from what was unpacked."""

    def check(sample):
        (theirs, found, no), (ours, mine, nope) = (_packed(c) for c in calls(op, sample))
        if no or nope:
            return [] if bool(no) == bool(nope) else [f"{nope!r} instead of {no!r}"]
        lines = [] if theirs == ours else [f"packs {ours} instead of {theirs}"]
        for i, (a, b) in enumerate(zip(found, mine, strict=True)):
            lines += values(a, b, f"gradient {i}")
        return lines

    return over(op, dtype, check, grad=True, most=most)


def _packed(call):
    """What was packed, the gradients, and the error if there was one."""
    lib, seen = call.lib, []

    def pack(t):
        seen.append((tuple(t.shape), dtype_name(t)))
        return t.detach().clone()

    def run():
        with lib.autograd.graph.saved_tensors_hooks(pack, lambda kept: kept):
            result = call.run()
        outs = [t for t in tensors(lib, result) if t.requires_grad]
        given = [t for t in call.inputs if t.requires_grad]
        if not outs or not given:
            return []
        found = lib.autograd.grad(outs, given, [lib.ones_like(t) for t in outs], allow_unused=True)
        return [None if g is None else g.detach() for g in found]

    found, error = attempt(run)
    return seen, found, error
