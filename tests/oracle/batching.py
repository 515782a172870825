"""What is compared of vmap, op by op: with a Python loop over the samples, and with what torch.vmap refuses.

Each tensor of a call becomes a batch of `B` variations of itself. Then all of them are mapped, only the first, only the
others, or all with the samples in the last dimension. A check returns the differences, a line each.
"""

import warnings

import numpy as np

import leafgrad
from tests.both import first_sentence

from .checks import UNINITIALISED, in_place_method, over, random_like
from .compare import attempt, values
from .samples import Call, Unfit, bare, build, describe, differentiates, function, samples, tensors, torch

B = 3
PATTERNS = ("all", "first", "others", "last")
STRUCTURED = (
    "linalg",
    "cholesky",
    "lu",
    "geqrf",
    "ormqr",
    "logdet",
    "lobpcg",
    "svd",
    "pca",
    "qr",
    "eig",
    "ldl",
    "searchsorted",
    "bucketize",
)


def variations(t, structured):
    """(B, *shape): the elements of t, in other orders and a little smaller; where a matrix must stay what it is, smaller only."""
    x = bare(t)
    rows = [x if structured else np.roll(x.reshape(-1), 2 * b).reshape(x.shape) for b in range(B)]
    factors = [1, 0.9, 0.8] if x.dtype.kind in "fc" else [1] * B
    return np.stack([(row * f).astype(x.dtype) for row, f in zip(rows, factors, strict=True)])


class Mapped:
    """A sample some of whose tensors are batches."""

    def __init__(self, op, sample, pattern, in_place=False):
        self.op, self.sample, self.in_place = op, sample, in_place
        self.value = ([sample.input, *sample.args], sample.kwargs)
        seen = {id(t): t for t in tensors(torch, self.value)}
        self.tensors = list(seen.values())
        first = [t is sample.input for t in self.tensors]
        self.mapped = [
            i
            for i in range(len(self.tensors))
            if {"first": first[i], "others": not first[i]}.get(pattern, True)
        ]
        self.axis = -1 if pattern == "last" else 0
        structured = any(word in op.name for word in STRUCTURED)
        self.arrays = [variations(t, structured) for t in self.tensors]
        self.leaves = [n for n, i in enumerate(self.mapped) if self.tensors[i].requires_grad]

    def batches(self, lib):
        """The mapped tensors, with all samples."""
        return [lib.from_numpy(np.moveaxis(self.arrays[i], 0, self.axis)) for i in self.mapped]

    def slices(self, lib, b):
        """The mapped tensors of one sample."""
        return [lib.from_numpy(np.array(self.arrays[i][b])) for i in self.mapped]

    def rest(self, lib):
        return {
            id(t): lib.from_numpy(np.array(self.arrays[i][0]))
            for i, t in enumerate(self.tensors)
            if i not in self.mapped
        }

    def function(self, lib):
        """From the mapped tensors to the tensors of the result."""
        call, rest = (in_place_method if self.in_place else function)(lib, self.op), self.rest(lib)

        def fn(*given):
            memo = {**rest, **{id(self.tensors[i]): t for i, t in zip(self.mapped, given, strict=True)}}
            args, kwargs = build(lib, self.value, memo=memo)
            if self.in_place:
                args[0] = args[0].clone()
            return tensors(lib, [call(*args, **kwargs)])

        return fn

    def vmapped(self, lib):
        return attempt(lib.vmap(self.function(lib), in_dims=self.axis), *self.batches(lib))

    def loop(self):
        """leafgrad, sample by sample: for each output the B results."""
        fn = self.function(leafgrad)
        return attempt(lambda: list(zip(*[fn(*self.slices(leafgrad, b)) for b in range(B)], strict=True)))


def vmap_like_loop(op, dtype, most=4, in_place=False):
    """Values, shapes and dtypes, derivatives, errors; in place where asked."""
    lines = []
    for n, sample in enumerate(samples(op, dtype, grad=_graded(op, dtype), most=most)):
        for pattern in PATTERNS:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                try:
                    found = _case(op, dtype, sample, pattern, in_place, nested=n < 2)
                except Unfit:
                    continue
            if found:
                lines.append(f"sample {n} {pattern} {describe(sample)}: " + "; ".join(found[:4]))
    return lines


def _graded(op, dtype):
    return op.supports_autograd and dtype == "float64"


def _case(op, dtype, sample, pattern, in_place, nested):
    case = Mapped(op, sample, pattern, in_place)
    alone = len(case.tensors) == 1
    if not case.mapped or (alone and pattern in ("first", "others")):
        return []
    if pattern == "last" and "strided" in op.name:
        return []  # what lies in the storage is another thing then
    if in_place and not isinstance(sample.input, torch.Tensor):
        return []
    there, no = case.loop()
    if no:
        return []  # a variation that the op refuses
    here, nope = case.vmapped(leafgrad)
    refused = case.vmapped(torch)[1]
    if nope:
        return _refusal(refused, nope)
    if refused is not None and str(refused).startswith("vmap:"):
        return [f"a result instead of {_said(refused)}"]
    if len(here) != len(there):
        return [f"{len(here)} outputs instead of {len(there)}"]
    lines = []
    if op.name not in UNINITIALISED:
        for i, (ours, rows) in enumerate(zip(here, there, strict=True)):
            lines += _rows(rows, ours, f"output {i}")
        if not lines and nested and pattern == "all":
            lines = _nested(case, there)
    if not lines and case.leaves and differentiates(op, dtype):
        lines = _derivatives(case, there)
    return lines


def _nested(case, there):
    """One vmap inside another: over the same tensors, which have two dimensions of samples; each over tensors of its own."""
    fn, given, vmap = case.function(leafgrad), case.batches(leafgrad), leafgrad.vmap
    ours, nope = attempt(vmap(vmap(fn)), *[leafgrad.stack([x, x.flip(0)]) for x in given])
    if nope:
        return [f"nested: {_said(nope)}"]
    lines = []
    for i, (y, rows) in enumerate(zip(ours, there, strict=True)):
        lines += _rows(rows, y[0], f"nested {i}") + _rows(rows[::-1], y[1], f"nested, turned {i}")
    if lines or len(given) < 2:
        return lines
    first, *rest = given
    ours, nope = attempt(vmap(lambda x: vmap(lambda *others: fn(x, *others))(*rest)), first)
    if nope:
        return (
            []
            if "is not possible because there exists a Tensor `other`" in str(nope)
            else [f"crossed: {_said(nope)}"]
        )
    for i, (y, rows) in enumerate(zip(ours, there, strict=True)):
        lines += _rows(rows, leafgrad.stack([y[b, b] for b in range(B)]), f"crossed {i}")
    return lines


def gradients_at_once(op, dtype, n=5, most=6):
    """`is_grads_batched` beside a loop over the cotangents.  n: as many as many samples have elements in a dimension."""

    def check(sample):
        call = Call(leafgrad, function(leafgrad, op), sample)
        got, no = attempt(call.run)
        outs = [] if no else [t for t in tensors(leafgrad, got) if t.requires_grad]
        if not outs or not call.leaves:
            return []
        rng = np.random.default_rng(0)
        rows = [[leafgrad.from_numpy(bare(random_like(t, rng))).to(t.dtype) for t in outs] for _ in range(n)]
        options = {"retain_graph": True, "allow_unused": True}
        each, no = attempt(
            lambda: [leafgrad.autograd.grad(outs, call.leaves, row, **options) for row in rows]
        )
        if no:
            return []
        stacked = [leafgrad.stack(column) for column in zip(*rows, strict=True)]
        ours, nope = attempt(
            leafgrad.autograd.grad, outs, call.leaves, stacked, is_grads_batched=True, **options
        )
        if nope:
            return [_said(nope)]
        lines = []
        for i, (g, several) in enumerate(zip(ours, zip(*each, strict=True), strict=True)):
            if (g is None) != (several[0] is None):
                lines.append(f"gradient {i}: {g} instead of {several[0]}")
            elif g is not None:
                lines += _rows(several, g, f"gradient {i}")
        return lines

    return over(op, dtype, check, grad=True, most=most)


def _said(error):
    return f"{type(error).__name__}: {first_sentence(error)}"


def _refusal(theirs, ours):
    """An error of torch's kind and words; what cannot be written, torch often finds by the shapes of whole batches."""
    if theirs is None:
        return [_said(ours)]
    if "is not possible because there exists a Tensor `other`" in str(ours) and isinstance(
        theirs, RuntimeError
    ):
        return []
    return [] if _said(theirs) == _said(ours) else [f"{_said(ours)} instead of {_said(theirs)}"]


def _rows(rows, ours, what):
    if any(r.shape != rows[0].shape for r in rows):
        return [f"{what}: {tuple(ours.shape)} where the samples' shapes differ"]
    stacked = torch.from_numpy(np.stack([bare(r) for r in rows]))
    return values(stacked.to(getattr(torch, str(rows[0].dtype)[6:])), ours, what)


def _derivatives(case, outputs):
    """By backward through vmap, and by a vjp inside vmap, beside the loop."""
    rng = np.random.default_rng(0)
    floats = [
        i for i, rows in enumerate(outputs) if rows[0].dtype.is_floating_point or rows[0].dtype.is_complex
    ]
    weights = [rng.standard_normal((B, *outputs[i][0].shape)) for i in floats]
    weights = [leafgrad.from_numpy(w).to(outputs[i][0].dtype) for i, w in zip(floats, weights, strict=True)]
    fn = case.function(leafgrad)
    want, no = attempt(
        lambda: [
            _pulled(fn, case, case.slices(leafgrad, b), floats, [w[b] for w in weights]) for b in range(B)
        ]
    )
    if no or not any(g is not None for g in want[0]):
        return []
    rows = [
        [np.zeros_like(case.arrays[case.mapped[n]][0]) if g is None else bare(g) for g in one]
        for one, n in _by_leaf(want, case)
    ]
    whole = leafgrad.vmap(fn, in_dims=case.axis)
    ours, nope = attempt(_pulled, whole, case, case.batches(leafgrad), floats, weights)
    if nope:
        return [f"backward: {type(nope).__name__}: {first_sentence(nope)}"]
    lines = []
    for i, (g, each) in enumerate(zip(ours, rows, strict=True)):
        stacked = np.moveaxis(np.stack(each), 0, case.axis)
        g = leafgrad.from_numpy(np.zeros_like(stacked)) if g is None else g
        lines += values(torch.from_numpy(np.ascontiguousarray(stacked)), g, f"gradient {i}")
    if lines or case.in_place or not floats:
        return lines

    def vjp(cotangents, *given):
        def some(*leaves):
            every = list(given)
            for n, leaf in zip(case.leaves, leaves, strict=True):
                every[n] = leaf
            out = fn(*every)
            return [out[i] for i in floats]

        return leafgrad.func.vjp(some, *[given[n] for n in case.leaves])[1](list(cotangents))

    dims = (0, *[case.axis] * len(case.mapped))
    ours, nope = attempt(leafgrad.vmap(vjp, in_dims=dims), weights, *case.batches(leafgrad))
    if nope:
        return [f"vmap(vjp): {type(nope).__name__}: {first_sentence(nope)}"]
    for i, (g, each) in enumerate(zip(ours, rows, strict=True)):
        lines += values(torch.from_numpy(np.stack(each)), g, f"vmap(vjp) {i}")
    return lines


def _by_leaf(want, case):
    return [([one[k] for one in want], n) for k, n in enumerate(case.leaves)]


def _pulled(fn, case, given, floats, weights):
    """The gradients of the weighted sum of the results by the leaves among what is given."""
    for n in case.leaves:
        given[n].requires_grad_()
    out = fn(*given)
    pairs = [(out[i], w) for i, w in zip(floats, weights, strict=True) if out[i].requires_grad]
    if not pairs:
        return [None] * len(case.leaves)
    roots, seeds = zip(*pairs, strict=True)
    return leafgrad.autograd.grad(roots, [given[n] for n in case.leaves], seeds, allow_unused=True)
