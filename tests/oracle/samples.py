"""Torch's own sample inputs, for torch and for leafgrad alike.

`torch.testing._internal.common_methods_invocations.op_db` describes torch's ops: how each is called, with
which dtypes, on which inputs, and which inputs it refuses. Here its entries become plain recipes:
`build(lib, sample)` makes the arguments of a call for `lib`, which is torch or leafgrad, from the same
bytes with the same strides, and `function(lib, op)` the callable. Everything downstream is written once
and runs on both.
"""

import functools
import itertools
import types
import warnings

import numpy as np
import pytest

import leafgrad

torch = pytest.importorskip("torch")
pytest.importorskip("expecttest")

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from torch.testing import make_tensor
    from torch.testing._internal.common_methods_invocations import op_db
    from torch.testing._internal.opinfo.core import SampleInput

    from .extra import EXTRAS, Extra

DTYPES = ("float32", "float64", "complex128", "int64", "bool")
MAX_ELEMENTS = 20_000  # of all tensors of a sample together


class Unfit(Exception):
    """A sample that is not for this comparison: sparse, another device, a dtype NumPy does not have."""


def title(op):
    """The entry's name in test ids and in the lists: "div.floor_rounding"."""
    return f"{op.name}.{op.variant_test_name}" if op.variant_test_name else op.name


# ------------------------------------------------------------------ callables


def attribute(root, path):
    """`attribute(torch, "nn.functional.relu")`; None when it is not there."""
    for part in path.split("."):
        root = getattr(root, part, None)
        if root is None:
            return None
    return root


def _seeded(fn, *args, **kwargs):
    """Stands for op_db's helper that seeds torch: both sides are seeded before the call."""
    return fn(*args, **kwargs)


def function(lib, op):
    """What calls `op` in `lib`, or None."""
    if isinstance(op, Extra):
        return op.make(lib)
    for root, theirs in ((lib, torch), (lib.Tensor, torch.Tensor)):
        if attribute(theirs, op.name) is op.op:
            return attribute(root, op.name)
    if isinstance(op.op, types.FunctionType) and op.op.__module__.startswith("torch.testing"):
        # A lambda such as `lambda x, n: torch.polygamma(n, x)`: the same code, another module called `torch`.
        if all(attribute(r, op.name + end) is None for r in (lib, lib.Tensor) for end in ("", "_")):
            return None
        scope = {**op.op.__globals__, "torch": lib, "wrapper_set_seed": _seeded}
        copy = types.FunctionType(
            op.op.__code__, scope, op.op.__name__, op.op.__defaults__, op.op.__closure__
        )
        copy.__kwdefaults__ = op.op.__kwdefaults__
        return copy
    return None


HALF_COMPLEX = {"chalf"}  # NumPy has no such dtype, so nothing can be compared
OPS = {title(op): op for op in [*op_db, *EXTRAS] if op.name not in HALF_COMPLEX and function(leafgrad, op)}


# ------------------------------------------------------------------ arguments


def bare(t):
    """The elements of a tensor of either side, as an array of its own."""
    t = t.detach()
    return np.array((t.float() if str(t.dtype) == "torch.bfloat16" else t).numpy(force=True))


def _layout(t):
    """A torch tensor as (array, requires_grad), its strides kept and its memory its own."""
    if (
        t.layout is not torch.strided
        or t.device.type != "cpu"
        or t.is_quantized
        or t.dtype in (torch.bfloat16, torch.complex32)
    ):
        raise Unfit
    if t.is_conj() or t.is_neg() or not t.numel():
        return bare(t)
    memory = torch.empty(0, dtype=t.dtype).set_(t.untyped_storage().clone())
    first, last = (
        t.storage_offset(),
        t.storage_offset() + sum((n - 1) * s for n, s in zip(t.shape, t.stride(), strict=True)),
    )
    part = memory[first : last + 1].numpy().copy()
    return np.lib.stride_tricks.as_strided(part, t.shape, [s * part.itemsize for s in t.stride()])


def build(lib, value, leaf=None, memo=None):
    """`value`, the tensors, dtypes ... in it made `lib`'s own; `leaf` may exchange what requires grad."""
    memo = {} if memo is None else memo
    again = functools.partial(build, lib, leaf=leaf, memo=memo)
    if isinstance(value, torch.Tensor):
        if id(value) not in memo:
            made = lib.from_numpy(_layout(value))
            memo[id(value)] = made.requires_grad_() if value.requires_grad else made
            if leaf and value.requires_grad:
                memo[id(value)] = leaf(made)
        return memo[id(value)]
    if isinstance(value, dict):
        return {k: again(v) for k, v in value.items()}
    if isinstance(value, tuple | list):
        return (list if isinstance(value, list) else tuple)(again(v) for v in value)
    if isinstance(value, slice):
        return slice(again(value.start), again(value.stop), again(value.step))
    if isinstance(value, torch.dtype | torch.memory_format | torch.layout):
        return getattr(lib, str(value).removeprefix("torch."))
    if isinstance(value, torch.device):
        if value.type != "cpu":
            raise Unfit
        return "cpu"
    if isinstance(value, torch.Generator):
        raise Unfit
    return value


def tensors(lib, value):
    """The tensors in a nest of tuples, lists and dicts, in order."""
    if isinstance(value, lib.Tensor):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    return [t for v in value for t in tensors(lib, v)] if isinstance(value, tuple | list) else []


def seed(lib):
    """Both sides draw the same numbers."""
    lib.manual_seed(1234)


class Call:
    """One call, ready for `lib`: `run()` it; its tensors are `inputs`, those that require grad `leaves`.

    The memo of `build` keeps one tensor that is passed twice one tensor.
    """

    def __init__(self, lib, fn, sample, leaf=None, in_place=False):
        self.lib, self.fn = lib, fn
        self.args, self.kwargs = build(lib, ([sample.input, *sample.args], sample.kwargs), leaf)
        seen = {id(t): t for t in tensors(lib, [self.args, self.kwargs])}
        self.inputs = list(seen.values())
        self.leaves = [t for t in self.inputs if t.requires_grad]
        if in_place:  # a leaf that requires grad may not be written, a copy of it may
            self.args[0] = self.args[0].clone()

    def run(self, **more):
        seed(self.lib)
        return self.fn(*self.args, **self.kwargs, **more)


# ------------------------------------------------------------------ samples


def _fit(sample):
    try:
        build(torch, ([sample.input, *sample.args], sample.kwargs))
    except (Unfit, TypeError, RuntimeError):
        return False
    return (
        sum(t.numel() for t in tensors(torch, ([sample.input, *sample.args], sample.kwargs))) <= MAX_ELEMENTS
    )


def samples(op, dtype, grad=False, most=12):
    """At most `most` of op_db's samples, spread evenly, one of them empty, and `MORE`; always the same."""
    full, empty, more = _samples(title(op), dtype, grad)
    return [*_spread(full, most - bool(empty)), *_spread(empty, 1 if full else most), *more]


def _spread(items, most):
    return items if len(items) <= most else [items[i * len(items) // most] for i in range(most)]


@functools.lru_cache(maxsize=16)
def _samples(name, dtype, grad):
    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        drawn = OPS[name].sample_inputs("cpu", getattr(torch, dtype), requires_grad=grad)
        fit = [s for s in itertools.islice(drawn, 200) if _fit(s)]
    full = [s for s in fit if all(t.numel() for t in tensors(torch, ([s.input, *s.args], s.kwargs)))]
    return full, [s for s in fit if s not in full], [s for s in _more(name, dtype, grad) if _fit(s)]


# Ways to call that op_db leaves out: x, y a matrix, s a scalar, m a mask, i indices.
MORE = {
    "add": lambda x, **_: [(x, 2), (x, 0.5)],
    "sub": lambda x, **_: [(x, 2)],
    "rsub": lambda x, **_: [(x, 2)],
    "mul": lambda x, **_: [(x, 2), (x, 0.5)],
    "div.no_rounding_mode": lambda x, **_: [(x, 2)],
    "div.floor_rounding": lambda x, **_: [(x, 2, {"rounding_mode": "floor"})],
    "div.trunc_rounding": lambda x, **_: [(x, 2, {"rounding_mode": "trunc"})],
    "true_divide": lambda x, **_: [(x, 2)],
    "floor_divide": lambda x, **_: [(x, 2)],
    "remainder": lambda x, **_: [(x, 2), (2, x)],
    "fmod": lambda x, **_: [(x, 2)],
    "pow": lambda x, **_: [(2, x), (x, 3), (x, 0.5), (x, 0)],
    "float_power": lambda x, **_: [(2, x), (x, 3)],
    "xlogy": lambda x, **_: [(x, 2), (2, x)],
    "special.xlog1py": lambda x, **_: [(x, 2), (2, x)],
    "copysign": lambda x, **_: [(x, -1)],
    "clamp": lambda x, y, **_: [(x, 1), (x, None, 1), (x, 1, 2), (x, y), (x, None, y)],
    "clamp_min": lambda x, **_: [(x, 1)],
    "clamp_max": lambda x, **_: [(x, 1)],
    "where": lambda x, m, **_: [(x, m, 2)],
    "fill": lambda x, s, **_: [(x, s)],
    "masked_fill": lambda x, m, s, **_: [(x, m, s)],
    "index_fill": lambda x, i, s, **_: [(x, 0, i, s), (x, 0, i, 2)],
    "scatter": lambda x, y, i, **_: [(x, 0, i[:, None], 2), (x, 0, i[:, None], y[:, :1])],
    "index_copy": lambda x, y, i, **_: [(x, 0, i[:1], y[:1])],
    "prod": lambda x, **_: [(x,), (x, 1)],
    "nn.functional.elu": lambda x, **_: [(x, {"alpha": 2.0})],
    "nn.functional.leaky_relu": lambda x, **_: [(x, 0.5)],
    "nn.functional.celu": lambda x, **_: [(x, 2.0)],
    "sort": lambda x, **_: [(x, {"stable": True}), (x, {"stable": True, "dim": 0, "descending": True})],
    "eq": lambda x, **_: [(x, 1)],
    "ne": lambda x, **_: [(x, 1)],
    "lt": lambda x, **_: [(x, 1)],
    "le": lambda x, **_: [(x, 1)],
    "gt": lambda x, **_: [(x, 1)],
    "ge": lambda x, **_: [(x, 1)],
}


def _more(name, dtype, grad):
    kind = getattr(torch, dtype)
    bounds = {} if dtype == "bool" else {"low": 0.2, "high": 4}
    make = lambda *shape: make_tensor(shape, dtype=kind, device="cpu", requires_grad=grad, **bounds)
    mask = torch.tensor([[True, False, True], [False, True, True]])
    for args in MORE.get(name, lambda **_: [])(
        x=make(2, 3), y=make(2, 3), s=make(), m=mask, i=torch.tensor([1, 0])
    ):
        options = args[-1] if isinstance(args[-1], dict) else {}
        yield SampleInput(args[0], args=tuple(a for a in args[1:] if a is not options), kwargs=options)


def supports(op, dtype):
    return op.supports_dtype(getattr(torch, dtype), "cpu")


def differentiates(op, dtype):
    return op.supports_autograd and getattr(torch, dtype) in op.supported_backward_dtypes("cpu")


def describe(sample):
    """A sample in one line, for the report of a failure."""

    def brief(v):
        if isinstance(v, torch.Tensor):
            return f"{str(v.dtype)[6:]}{list(v.shape)}"
        if isinstance(v, tuple | list):
            return f"[{', '.join(map(brief, v))}]"
        return repr(v)

    parts = [
        brief(sample.input),
        *map(brief, sample.args),
        *(f"{k}={brief(v)}" for k, v in sample.kwargs.items()),
    ]
    return f"({', '.join(parts)})"[:220]
