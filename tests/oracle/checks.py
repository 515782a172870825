"""What is compared, op by op: results, derivatives, history, errors. Other ways to call: variants.py.

A check takes an entry of op_db (and a dtype) and returns the differences, a line each. Torch's result is
the expectation, also where torch raises. Nothing here knows an op by name, except those that leave memory
as it was.
"""

import warnings

import numpy as np

import leafgrad

from .compare import arrow, attempt, dtype_name, graph, refusal, result, same_saved, values
from .samples import Call, Unfit, attribute, bare, build, describe, function, samples, tensors, torch

UNINITIALISED = {
    "empty",
    "empty_like",
    "empty_permuted",
    "empty_strided",
    "new_empty",
    "new_empty_strided",
    "resize_",
    "resize_as_",
}


def over(op, dtype, check, grad=False, most=12, only=None):
    """The differences that `check(sample)` finds, over the samples."""
    lines = []
    for n, sample in enumerate(samples(op, dtype, grad=grad, most=most)):
        if only not in (None, n):
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                found = check(sample)
            except Unfit:
                continue
        if found:
            lines.append(f"sample {n} {describe(sample)}: " + "; ".join(found[:4]))
    return lines


def calls(op, sample, in_place=False):
    """The call, for torch and for leafgrad."""
    pick = in_place_method if in_place else function
    return [Call(lib, pick(lib, op), sample, in_place=in_place) for lib in (torch, leafgrad)]


def in_place_method(lib, op):
    """`Tensor.add_`, or `nn.functional.elu_`, or None."""
    return getattr(lib.Tensor, op.name.rpartition(".")[2] + "_", None) or attribute(lib, op.name + "_")


def random_like(tensor, rng):
    """Random elements in a tensor's shape and dtype, as a torch tensor: `build` hands it to both sides."""
    draw = rng.standard_normal(tuple(tensor.shape))
    if "complex" in dtype_name(tensor):
        draw = draw + 1j * rng.standard_normal(tuple(tensor.shape))
    return torch.from_numpy(np.asarray(draw)).to(getattr(torch, dtype_name(tensor)))


def forward(op, dtype, most=12):
    """Value, dtype, shape, requires_grad, grad_fn, view, strides of the result; the error if torch raises."""

    def check(sample):
        them, us = calls(op, sample)
        (theirs, no), (ours, nope) = attempt(them.run), attempt(us.run)
        if no or nope:
            return refusal(no, nope)
        return result(theirs, ours, content=op.name not in UNINITIALISED)

    return over(op, dtype, check, grad=grad_too(op, dtype), most=most)


def grad_too(op, dtype):
    return op.supports_autograd and dtype not in ("int64", "bool")


def gradients(op, dtype, order=1, most=8, in_place=False, only=None):
    """The vjp of a random cotangent; for order 2 the vjp of that, by inputs and cotangents; and so on.

    Where torch refuses to differentiate in place, its other variant is the oracle; then, differences.
    """

    def check(sample):
        if in_place and not isinstance(sample.input, torch.Tensor):
            return []
        (theirs, no), (ours, nope) = (
            _gradients(call, order) for call in calls(op, sample, in_place=in_place)
        )
        if nope:
            return [] if no else refusal(None, nope)
        if no and in_place:
            theirs, no = _gradients(Call(torch, function(torch, op), sample), order)
        if no:
            return _against_differences(op, sample, order, in_place) if dtype == "float64" else []
        if theirs is None:
            return []
        if ours is None:
            return ["no output requires grad"]
        lines = []
        for i, (a, b) in enumerate(zip(theirs, ours, strict=True)):
            if order > 1 and (a is None) != (b is None) and not bare(b if a is None else a).any():
                continue  # at second order an undefined gradient is as good as zeros
            lines += values(a, b, f"gradient {i}")
        return lines

    return over(op, dtype, check, grad=True, most=most, only=only)


def _gradients(call, order, nudge=0.0):
    """(gradients, error) of one side; both draw the same cotangents.  None when nothing requires grad.

    nudge: how far the cotangents are moved, each along a direction of its own.
    """
    lib = call.lib

    def run():
        outs, wrt = [t for t in tensors(lib, call.run()) if t.requires_grad], call.leaves
        if not outs or not wrt:
            return None
        like = outs
        for level in range(1, order + 1):
            rng = np.random.default_rng(level)
            drawn = [random_like(t, rng) for t in like]
            if nudge:
                drawn = [c + nudge * way for c, way in zip(drawn, _ways(like), strict=True)]
            cotangents = [build(lib, c.requires_grad_(level < order)) for c in drawn]
            pairs = [
                (t, c) for t, c in zip(outs, cotangents, strict=True) if t is not None and t.requires_grad
            ]
            if not pairs:
                return [None] * len(wrt)
            roots, seeds = zip(*pairs, strict=True)
            outs = lib.autograd.grad(roots, wrt, seeds, create_graph=level < order, allow_unused=True)
            like, wrt = wrt, [*wrt, *cotangents]
        return outs

    return attempt(run)


def _ways(like):
    """A random direction for each tensor."""
    rng = np.random.default_rng(9)
    return [random_like(t, rng) for t in like]


def _against_differences(op, sample, order, in_place):
    """Beside what `_gradients` of order 2 or 3 says, the slope of the order below, along random lines."""
    us, again = (calls(op, sample, in_place=in_place)[1] for _ in range(2))
    found, _ = _gradients(us, order)
    if order == 1 or found is None:
        return []
    ways, step = _ways(us.leaves), 1e-6

    def height(step):
        shifts = iter(ways)
        shift = lambda t: (t.detach() + build(leafgrad, next(shifts)) * step).requires_grad_()
        moved = Call(leafgrad, us.fn, sample, leaf=shift, in_place=in_place)
        rng = np.random.default_rng(order)
        return _dot([random_like(t, rng) for t in us.leaves], _gradients(moved, order - 1, nudge=step)[0])

    outs = [t for t in tensors(leafgrad, again.run()) if t.requires_grad]
    here, there = _dot([*ways, *_ways(outs), *ways], found), (height(step) - height(-step)) / (2 * step)
    same = np.isclose(here, there, rtol=1e-5, atol=1e-7)
    return [] if same else [f"order {order}: slope {here:.8g}, by differences {there:.8g}"]


def _dot(some, others):
    """The inner product of two lists of tensors; None counts as zero."""
    return sum(np.vdot(bare(a), bare(b)).real for a, b in zip(some, others, strict=False) if b is not None)


def forward_mode(op, dtype, most=8):
    """Output tangents for random input tangents: torch's; where torch has no rule, what matches the vjp."""

    def check(sample):
        rng = np.random.default_rng(0)
        tangents = [random_like(t, rng) for t in Call(torch, function(torch, op), sample).leaves]
        if not tangents:
            return []
        (theirs, no), (ours, nope) = (_push(lib, op, sample, tangents) for lib in (torch, leafgrad))
        if nope:
            return (
                [] if no and attempt(Call(torch, function(torch, op), sample).run)[1] else refusal(None, nope)
            )
        if no is None:
            lines = []
            for i, (a, b) in enumerate(zip(theirs, ours, strict=True)):
                if (a is None) == (b is None) or bare(b if a is None else a).any():
                    lines += values(a, b, f"tangent {i}")
            return lines
        return _against_vjp(op, sample, tangents, ours)

    return over(op, dtype, check, grad=True, most=most)


def _push(lib, op, sample, tangents):
    """(tangents of the outputs that can have one, error)."""
    forward_ad, left = lib.autograd.forward_ad, iter(tangents)
    dual = lambda t: forward_ad.make_dual(t.detach(), build(lib, next(left)))

    def run():
        with forward_ad.dual_level():
            call = Call(lib, function(lib, op), sample, leaf=dual)
            outs = [t for t in tensors(lib, call.run()) if t.dtype.is_floating_point or t.dtype.is_complex]
            return [forward_ad.unpack_dual(t).tangent for t in outs]

    return attempt(run)


def _against_vjp(op, sample, tangents, pushed):
    """<cotangent, J tangent> = <cotangent J, tangent>, in leafgrad alone."""
    call, rng = Call(leafgrad, function(leafgrad, op), sample), np.random.default_rng(1)
    outs = [t for t in tensors(leafgrad, call.run()) if t.dtype.is_floating_point or t.dtype.is_complex]
    pairs = [
        (t, p, build(leafgrad, random_like(t, rng)))
        for t, p in zip(outs, pushed, strict=True)
        if t.requires_grad
    ]
    if not pairs:
        return []
    roots, seeds = [t for t, _, _ in pairs], [c for *_, c in pairs]
    pulled, refused = attempt(leafgrad.autograd.grad, roots, call.leaves, seeds, allow_unused=True)
    if refused:
        return []
    there, here = _dot(tangents, pulled), _dot(seeds, [p for _, p, _ in pairs])
    return (
        []
        if np.isclose(here, there, rtol=1e-6, atol=1e-8)
        else [f"jvp and vjp disagree: {here:.8g} and {there:.8g}"]
    )


def saved(op, dtype="float64", most=6):
    """The graph down to the leaves, by node names; of its top node the `_saved_*`: names, kinds, values."""

    def check(sample):
        (theirs, no), (ours, nope) = (attempt(c.run) for c in calls(op, sample))
        if no or nope:
            return []
        lines = []
        for i, (a, b) in enumerate(zip(tensors(torch, theirs), tensors(leafgrad, ours), strict=False)):
            there, here = graph(a.grad_fn), graph(b.grad_fn)
            if there != here:
                lines.append(f"output {i}: graph {arrow(here)} instead of {arrow(there)}")
            elif a.grad_fn is not None:
                lines += same_saved(a.grad_fn, b.grad_fn)
        return lines

    return over(op, dtype, check, grad=True, most=most)


def guards(op, dtype="float64", most=3):
    """A write to each input and output between forward and backward: which make backward fail, and how."""

    def check(sample):
        lines = []
        (theirs, no), (_, nope) = (attempt(c.run) for c in calls(op, sample))
        if no or nope:
            return []
        outs = len(tensors(torch, theirs))
        count = len(Call(torch, None, sample).inputs) + outs
        if outs > 4 or not any(t.requires_grad for t in tensors(torch, theirs)):
            return []
        for place in range(count):
            lines += [
                f"write {place} of {count} (inputs, then outputs): {x}"
                for x in refusal(*(_late_write(c, place) for c in calls(op, sample)))
            ]
        return lines

    return over(op, dtype, check, grad=True, most=most)


def _late_write(call, place):
    """The error of backward after a write to the tensor at `place`, or None."""
    lib, outs = call.lib, tensors(call.lib, call.run())
    target = [*call.inputs, *outs][place].detach()
    _, error = attempt(lambda: target.copy_(target.clone()))
    if error:
        return error  # an expanded tensor, say, which cannot be written
    _, error = attempt(lambda: [t.grad_fn for t in outs])
    if error:
        return error
    live = [t for t in outs if t.requires_grad]
    return attempt(lib.autograd.grad, live, call.leaves, [lib.ones_like(t) for t in live], allow_unused=True)[
        1
    ]


def refused_dtype(op, dtype):
    """A dtype that op_db leaves out: torch's error, or its result where op_db is stricter than the op."""

    def check(sample):
        them, us = calls(op, sample)
        if not all(t.numel() for t in them.inputs):
            return []  # nothing to compute: torch returns before it looks at the dtype, or does not
        (theirs, no), (ours, nope) = attempt(them.run), attempt(us.run)
        return refusal(no, nope) if no or nope else result(theirs, ours, content=op.name not in UNINITIALISED)

    try:
        return over(op, dtype, check, most=2)
    except Exception:
        return []  # op_db cannot make samples of this dtype


def errors(op):
    """op_db's bad calls: torch's exception and first sentence."""
    lines = []
    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for n, bad in enumerate(op.error_inputs("cpu")):
            if op.name.startswith("__") and not isinstance(bad.sample_input.input, torch.Tensor):
                continue  # CPython refuses a method's wrong `self` before torch sees it
            try:
                (_, no), (_, nope) = (attempt(c.run) for c in calls(op, bad.sample_input))
            except Exception:
                continue  # arguments that cannot be made twice
            if no is not None:
                lines += [f"error input {n} {describe(bad.sample_input)}: {x}" for x in refusal(no, nope)]
    return lines
