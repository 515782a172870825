"""The op record: a kernel on arrays, and derivative rules written in leafgrad's own ops.

A rule is a function whose parameter names say what it reads, and so what a recorded call must keep:

    lambda grad, self, other, dim, result: ...

`grad` comes first: the gradient of the output (of several differentiable outputs: a tuple, None where
undefined).  Then, in any order, tensor inputs (kept, and guarded against in-place writes), other arguments,
outputs (`result`, or the names in `outputs`; kept and guarded likewise), and `<input>_sym_sizes` (the input's
shape, kept instead of the input).
"""

from collections.abc import Callable
from operator import itemgetter
from typing import Any

REGISTRY: dict[str, "Op"] = {}


def arguments(fn: Any) -> tuple[str, ...]:
    """The names that a derivative formula reads."""
    code = getattr(fn, "formula", fn).__code__
    return code.co_varnames[: code.co_argcount]


def same(grad: Any) -> Any:
    """The rule of an input whose gradient is that of the output, as it is."""
    return grad


def stacking(rule: Any, stacked: Callable) -> Any:
    """A rule, with what it is on bare gradients that have the samples of a vmap in front (tensor/stacked.py)."""
    rule.stacked = stacked
    return rule


class composite:
    """A batch rule that says what the op is in terms of others, called on batched tensors as if they were samples."""

    __slots__ = ("formula",)

    def __init__(self, formula: Callable) -> None:
        self.formula = formula


def alike() -> None:
    """The batch rule of an op all of whose inputs have the same dimensions: those that its params name are shifted."""


class Rule:
    """A derivative formula and where its arguments lie in the list (inputs..., params..., outputs...).

    fn: the formula; bare: what computes it on bare arrays, which is a kernel where the rule is `fused` (tensor/kinds.py).
    stacked: what computes it on bare gradients with samples in front, or None; an elementwise rule holds as it is.
    """

    __slots__ = ("arity", "bare", "fn", "names", "pick", "places", "stacked")

    def __init__(self, fn: Callable, layout: list[str], elementwise: bool = False) -> None:
        self.fn = fn
        self.bare = getattr(fn, "kernel", fn)
        self.stacked = getattr(fn, "stacked", self.bare if elementwise else None)
        self.names = arguments(fn)[1:]
        self.places = places = [layout.index(name) for name in self.names]
        self.arity = len(places)
        self.pick: Any = None if not places else places[0] if len(places) == 1 else itemgetter(*places)

    def __call__(self, grad: Any, env: list) -> Any:
        if self.arity == 0:
            return self.fn(grad)
        if self.arity == 1:
            return self.fn(grad, env[self.pick])
        return self.fn(grad, *self.pick(env))


class Op:
    """One op.

    name: torch's.  kernel: arrays in, arrays out; its positional-only parameters are the tensor inputs, the
    others the `params`.
    vjp: a rule for each differentiable input.  joint: instead of `vjp`, one rule that returns the gradients
    of all inputs (it may name `needs`, which says which are wanted).  jvp: the forward rule where it is not
    derived (see tensor/forward.py).
    linear (in all inputs together), multilinear (in each by itself), elementwise: what the forward rule may be derived from.
    outputs: names of the outputs, None for a
    list of any length;
    differentiable: how many of them, from the first on, carry gradients.
    view: the output shares memory with the first input (strided: and its dtype).  writes: the kernel can
    write into its first input, given once more as `out=`.  node: the class name of its nodes.
    to, refuses, numbers, weigh, signatures, out_says: which dtypes and arguments it takes; see
    tensor/elementwise.py.
    shows: what else its nodes show as saved: constants, such as {"alpha": 1}, or functions of the node.
    in_place: the op to record when the first input is written, where torch has another.
    lane: makes the op's fast lane, `quiet` is one that does not ask for modes (see tensor/elementwise.py).
    batch: the rule for vmap, where it is not derived; see Note [Batch rules] in tensor/batch.py.
    """

    __slots__ = (
        "augment", "batch", "differentiable", "elementwise", "in_place", "inputs", "joint", "jvp", "kernel", "lane", "linear",
        "multi_view", "multilinear", "name", "node",
        "node_class", "numbers", "operator", "out_says", "outputs", "params", "public", "quiet", "refuses", "rules",
        "saves", "shape_names", "shapes_of", "shows", "signatures",
        "strided", "to", "view", "weigh", "writes",
    )  # fmt: skip

    def __init__(
        self,
        name: str,
        kernel: Callable,
        inputs: tuple[str, ...],
        params: tuple[str, ...] = (),
        *,
        vjp: dict[str, Callable | None] | None = None,
        joint: Callable | None = None,
        jvp: Callable | None = None,
        outputs: tuple[str, ...] | None = ("result",),
        differentiable: int | None = None,
        linear: bool = False,
        multilinear: bool = False,
        elementwise: bool = False,
        view: bool = False,
        multi_view: bool = False,
        strided: bool = True,
        writes: bool = False,
        to: Any = None,
        node: str | None = None,
        refuses: Any = None,
        numbers: tuple[str, ...] = (),
        weigh: tuple[str, ...] = (),
        signatures: tuple[str, ...] = (),
        shows: dict[str, Any] | None = None,
        out_says: tuple | None = None,
        in_place: "Op | None" = None,
        batch: Any = None,
    ) -> None:
        self.name, self.kernel, self.inputs, self.params = name, kernel, inputs, params
        self.batch = batch
        self.jvp, self.outputs, self.linear, self.elementwise, self.to = jvp, outputs, linear, elementwise, to
        self.refuses, self.numbers, self.signatures, self.shows = refuses, numbers, signatures, shows
        self.multilinear = multilinear
        self.view, self.multi_view, self.strided, self.writes = (
            view or multi_view,
            multi_view,
            strided,
            writes,
        )
        self.differentiable = (
            differentiable if differentiable is not None else None if outputs is None else len(outputs)
        )
        self.node = node or "".join(part[:1].upper() + part[1:] for part in name.split("_")) + "Backward0"
        self.node_class: Any = None
        self.in_place, self.out_says = in_place, out_says
        self.weigh = tuple([params.index(n) for n in weigh])
        self.public: Any = None
        self.lane: Any = None
        self.quiet: Any = None
        self.operator: Any = None
        self.augment: Any = None
        vjp = vjp or {}
        sizes = [i + "_sym_sizes" for i in inputs]
        named = {n for f in (joint, *vjp.values()) if f for n in arguments(f)}
        self.shapes_of = tuple([i for i, n in enumerate(sizes) if n in named])
        self.shape_names = tuple([sizes[i] for i in self.shapes_of])
        layout = [*inputs, *params, *self.shape_names, *(outputs or ("results",)), "needs"]
        self.rules = tuple([Rule(f, layout, elementwise) if (f := vjp.get(i)) else None for i in inputs])
        self.joint = Rule(joint, layout) if joint else None
        self.saves: dict[Any, tuple | None] = {}
        key, number = name, 1
        while key in REGISTRY:  # the same op with other arguments and another rule: "clamp", "clamp_2"
            number += 1
            key = f"{name}_{number}"
        REGISTRY[key] = self

    def __repr__(self) -> str:
        return f"<op {self.name}>"

    def differentiates(self, i: int) -> bool:
        """Whether gradients can flow to input i."""
        return self.joint is not None or (i < len(self.rules) and self.rules[i] is not None)

    def kept(self, needs: tuple[bool, ...]) -> tuple | None:
        """What a call keeps when these inputs need gradients: (which inputs, which outputs), or None for
        nothing.
        """
        try:
            return self.saves[needs]
        except KeyError:
            pass
        rules = (
            (self.joint,) if self.joint else [r for r, n in zip(self.rules, needs, strict=False) if n and r]
        )
        names = {n for r in rules if r for n in r.names}
        ins = tuple([n in names for n in self.inputs])
        outs = tuple([n in names for n in self.outputs or ("results",)])
        self.saves[needs] = keep = (ins, outs) if any(ins) or any(outs) else None
        return keep
