"""What the graph is made of: nodes that turn the gradient of an output into the gradients of inputs.

An edge leads from a node to what made its input: the node itself, or, if that has several outputs, an `Edge` (node,
output number).  A node never refers to the tensor it made, so a graph dies by reference count.
"""

import itertools
import weakref
from collections.abc import Iterator
from types import CodeType
from typing import Any

import numpy as np

from ..base import messages
from ..base.handle import RemovableHandle, Table
from ..base.state import anomaly, quiet, special, state
from ..base.where import Where, describe
from ..op.record import Op
from ..values.device import CPU
from ..values.dtype import BY_NP
from .tensor import AS_DATA, Attribute, Notes, Tensor, counter_of, notes_of, twin, wrap

next_seq = itertools.count().__next__
FREED: Any = ("freed",)
LAST = float("inf")  # the sequence number of leaves: they come before all other nodes


class Hooks:
    """The hooks of a node; `tensor` and `retain` are about one of its outputs, by number."""

    __slots__ = ("after", "post", "pre", "retain", "tensor")

    def __init__(self) -> None:
        self.tensor: dict[int, Table] = {}
        self.retain: dict[int, Notes] = {}
        self.pre, self.post, self.after = Table(), Table(), Table()

    def retained(self) -> "Hooks | None":
        """Those that retain gradients; None if there are none."""
        if not self.retain:
            return None
        rest = Hooks()
        rest.retain = self.retain
        return rest


class Node:
    """A function in the graph, as `tensor.grad_fn` shows it.

    shape, dtype: of the output (lists where there are several), which is what a gradient has to look like.

    >>> import leafgrad as torch
    >>> x = torch.tensor(2.0, requires_grad=True)
    >>> node = (x * 3).exp().grad_fn
    >>> node.name(), isinstance(node, torch.autograd.graph.Node), node.next_functions[0][0].name()
    ('ExpBackward0', True, 'MulBackward0')
    """

    __slots__ = (
        "__weakref__",
        "_metadata",
        "code",
        "dtype",
        "edges",
        "hooks",
        "offset",
        "outer",
        "saved",
        "seq",
        "shape",
        "tangents",
    )

    op: Any = None
    multi = False  # whether gradients come as a list, one for each output
    once = True  # whether it cannot run again when what it saved is freed
    foreign = True  # whether to run it may run a user's code

    seq: float
    edges: tuple
    saved: Any
    shape: Any
    dtype: Any
    hooks: Hooks | None
    code: CodeType
    offset: int
    outer: Any
    tangents: dict[int, Any] | None

    # --- what a user sees ---
    def name(self) -> str:
        """The name of the node, such as "MulBackward0"."""
        return type(self).__name__

    @Attribute
    def metadata(self) -> dict:
        """A dict that belongs to the user (and, in anomaly mode, holds where the node was made)."""
        try:
            return self._metadata
        except AttributeError:
            self._metadata: dict = {}
            return self._metadata

    @property
    def where(self) -> Where | None:
        """The line that saved something: kept in two slots, as a pair would be one object more for each node."""
        code = getattr(self, "code", None)
        return None if code is None else (code, self.offset)

    @where.setter
    def where(self, where: Where | None) -> None:
        if where is not None:
            self.code, self.offset = where

    @Attribute
    def next_functions(self) -> tuple[tuple["Node | None", int], ...]:
        """The edges: for each differentiable input (node, output number); (None, 0) where no gradient flows."""
        return tuple(resolve(e) for e in self._shown_edges())

    def _shown_edges(self) -> Iterator[Any]:
        return iter(self.edges)

    @property
    def requires_grad(self) -> bool:
        """Whether gradients flow through; always True, as only such calls are recorded."""
        return True

    @property
    def _input_metadata(self) -> tuple:
        count = len(self.shape) if self.multi else 1
        return tuple([InputMetadata(*self.output_meta(nr)) for nr in range(count)])

    def _sequence_nr(self) -> int:
        return 2**64 - 1 if self.seq == LAST else int(self.seq)

    def register_hook(self, fn: Any) -> RemovableHandle:
        """Call `fn(grad_inputs, grad_outputs)` after the node has run; it may return new grad_inputs."""
        return RemovableHandle(hooks_of(self).post, within(fn, self) if state.transforms else fn)

    def register_prehook(self, fn: Any) -> RemovableHandle:
        """Call `fn(grad_outputs)` before the node runs; it may return new grad_outputs."""
        return RemovableHandle(hooks_of(self).pre, within(fn, self) if state.transforms else fn)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} object at {id(self):#x}>"

    def __call__(self, *grads: Any, **named: Any) -> Any:
        """Apply the node to gradients of its outputs (tensors or None)."""
        if named:
            raise TypeError(messages.NODE_KEYWORDS)
        expected = len(self.shape) if self.multi else 1
        if len(grads) != expected:
            raise TypeError(messages.NODE_ARGUMENTS.format(expected=expected, got=len(grads)))
        for i, g in enumerate(grads):
            if g is not None and not isinstance(g, Tensor):
                raise TypeError(messages.NODE_ARGUMENT.format(i=i))
        result = self.vjp(list(grads) if self.multi else grads[0] if grads else None, True)
        return result[0] if len(result) == 1 else tuple(result)

    # --- what the engine calls ---
    def vjp(self, grad: Any, tensors: bool) -> Any:
        """The gradients of the inputs, on bare arrays; or on `tensors`, recorded if grad mode is on."""
        raise NotImplementedError

    def release(self) -> None:
        """Free what was saved."""

    def keeps_result(self) -> bool:
        """Whether an output is saved, for an op's rule."""
        return False

    def output_meta(self, nr: int) -> tuple[Any, Any]:
        """Shape and NumPy dtype of output `nr`."""
        return (self.shape[nr], self.dtype[nr]) if self.multi else (self.shape, self.dtype)

    def _modified(
        self, x: Tensor, maker: "Node | None", nr: int, counter: list, expected: int
    ) -> RuntimeError:
        fn = (
            ""
            if maker is None or type(maker) is AccumulateGrad
            else f", which is output {nr} of {short(maker)},"
        )
        hint = messages.HINT_BACKTRACE if anomaly.on else messages.HINT_ANOMALY
        written = describe(counter[1] if len(counter) > 1 else None)
        return RuntimeError(
            messages.MODIFIED.format(
                type=_tensor_type(BY_NP[x._data.dtype]), shape=list(x._data.shape), output=fn, version=counter[0],
                expected=expected, hint=hint, node=self.name(), saved=describe(self.where), written=written,
            )
        )  # fmt: skip


class InputMetadata:
    """Shape and dtype that the gradient of an output must have."""

    __slots__ = ("dtype", "shape")

    def __init__(self, shape: Any, dtype: Any) -> None:
        self.shape, self.dtype = list(shape), BY_NP[dtype]

    @property
    def device(self) -> Any:
        """The device: always the CPU."""
        return CPU


class Edge:
    """One output of a node that has several."""

    __slots__ = ("dtype", "node", "nr", "shape")

    def __init__(self, node: Node, nr: int) -> None:
        self.node, self.nr = node, nr
        self.shape, self.dtype = node.output_meta(nr)


def resolve(edge: Any) -> tuple[Node | None, int]:
    """(node, output number) of an edge."""
    if edge is None or type(edge) is Nowhere:
        return None, 0
    return (edge.node, edge.nr) if type(edge) is Edge else (edge, 0)


def regenerate(t: Tensor, notes: Notes) -> None:
    """Set by write.py: renew the grad_fn of a view whose memory was written since it was last right."""
    raise NotImplementedError


def raw_saved(node: Node, name: str) -> Any:
    """Set by packing.py: the handle of what a node keeps of a tensor, or several; None if there is no field of this name."""
    raise NotImplementedError


def edge_of(t: Any) -> Any:
    """Where the gradient for this argument flows: a node, an `Edge`, or None."""
    if not isinstance(t, Tensor):
        return None
    notes = t._notes
    if notes is not None and notes.base is not None:
        if notes.seen != t._counter[0]:
            regenerate(t, notes)
        if notes.base._node is None:
            if type(t._node) is Nowhere:
                t._node = None
        elif t._node is None:
            t._node = Nowhere(t)
    return t._node


def flow(t: Tensor) -> Any:
    """`edge_of` an argument of a call: None where nothing is recorded, and then no view renews its grad_fn."""
    if special and not state.grad_enabled:
        return None
    edge = t._node
    if edge is None or t._notes.seen != t._counter[0] or type(edge) is Nowhere:  # type: ignore[union-attr]
        return edge_of(t)
    return edge


def tracked(x: Any) -> bool:
    """Whether gradients flow to or through x: it has a node, or is a view of what has one."""
    if not isinstance(x, Tensor):
        return False
    notes = x._notes
    if x._node is not None and type(x._node) is not Nowhere:
        return True
    return notes is not None and notes.base is not None and notes.base._node is not None


def hooks_of(node: Node) -> Hooks:
    """The node's hooks, made if there are none."""
    if node.hooks is None:
        node.hooks = Hooks()
    return node.hooks


class OpNode(Node):
    """A recorded op.  `saved`: None, or (inputs, their versions, params, outputs); see Note [Saved values].

    Its forms (forms.py) hold the same in a flat tuple, which is faster to make, to free, and to look through for cycles; so
    whoever is no friend of the form goes by `keep` and `kept`.
    """

    __slots__ = ()

    op: Op
    foreign = False

    def name(self) -> str:
        name = type(self).__name__
        return "torch::autograd::" + name if name == "CopyBackwards" else name

    def _shown_edges(self) -> Iterator[Any]:
        if self.op.joint is not None:
            return iter(self.edges)
        return (e for e, rule in zip(self.edges, self.op.rules, strict=False) if rule is not None)

    # Note [Saved values]
    # An input is saved as the tensor itself and the version it had; an output as its array, counter and version, because
    # the tensor refers to this node and a cycle would outlive the step.  When used, the versions are compared.  Where neither
    # is kept, the versions are None: such a node has nothing to free, and may be walked again.
    def keep(self, inputs: Any, versions: Any, params: tuple, outputs: Any) -> None:
        """Save these."""
        self.saved = inputs, versions, params, outputs

    def kept(self) -> tuple:
        """What `keep` was given; there must be something saved."""
        return self.saved

    def keeps_result(self) -> bool:
        return self.saved is not None and self.kept()[3] is not None

    def outdate(self, i: int) -> None:
        """Input i, if it is saved, has been written by this very node: using it will be an error."""
        if self.saved is not None:
            inputs, versions, params, outputs = self.kept()
            if versions and versions[i] is not None:
                versions = [v - 1 if nr == i else v for nr, v in enumerate(versions)]
                self.keep(inputs, versions, params, outputs)

    def unpack(self, tensors: bool) -> list:
        """Everything a rule may name, in the op's order: inputs, params, outputs."""
        if self.saved is FREED:
            raise RuntimeError(messages.FREED.format(node=self.name(), saved=describe(self.where)))
        inputs, versions, params, outputs = self.kept()
        if versions is None:
            return [*inputs, *params]
        env = []
        for x, version in zip(inputs, versions, strict=True):
            if version is None:
                env.append(x)
            elif type(version) is tuple:
                env.append(self._unpack_several(x, version, tensors))
            elif x._counter[0] != version or (x._node is None and self._detached(len(env))):
                self._refuse()
                env.append(x if tensors else x._data)
            else:
                env.append(x if tensors else x._data)
        env += params
        if outputs is not None:
            for nr, kept in enumerate(outputs):
                env.append(kept and self._unpack_output(kept, nr, tensors))
        return env

    def _unpack_several(self, several: tuple, versions: tuple, tensors: bool) -> tuple:
        """An input that is a tuple of tensors (and Nones)."""
        for x, version in zip(several, versions, strict=True):
            if version is not None and x._counter[0] != version:
                raise self._modified(x, *resolve(edge_of(x)), x._counter, version)
        return several if tensors else tuple([x._data if isinstance(x, Tensor) else x for x in several])

    def _detached(self, i: int) -> bool:
        """Whether input i, which has no history, had one when it was saved."""
        edge = self.edges[i]
        return edge is not None and not isinstance(edge, LEAVES)

    def _refuse(self) -> None:
        """Raise for saved inputs that may not be used: for the first by name, as torch unpacks them in that order.

        Nothing is said of those that only a gradient which goes nowhere needs: torch has not saved them.
        """
        inputs, versions, *_ = self.kept()
        rules = [(r, e) for r, e in zip(self.op.rules, self.edges, strict=False) if r is not None]
        for name, i in sorted((name, i) for i, name in enumerate(self.op.inputs)):
            x, version = inputs[i], versions[i]
            users = [e for r, e in rules if name in r.names]
            wanted = len(rules) < 2 or len(users) != 1 or resolve(users[0])[0] is not None
            if type(version) is int and wanted:
                t = self._original(x)
                if t._node is None and self._detached(i):
                    saved = describe(self.where)
                    raise RuntimeError(messages.DETACHED.format(node=self.name(), saved=saved))
                if x._counter[0] != version:
                    raise self._modified(t, *resolve(edge_of(t)), x._counter, version)

    def _original(self, x: Tensor) -> Tensor:
        """A saved input; where it stands for the tensor that this node wrote, that tensor, or one like it."""
        if type(x._node) is not weakref.ref:
            return x
        t = x._node()
        return wrap(x._data, self._edge_of_output(0)) if t is None else t

    def _unpack_output(self, kept: Any, nr: int, tensors: bool) -> Any:
        if type(kept) is list:  # an op with a list of outputs
            return [self._unpack_output(k, i, tensors) for i, k in enumerate(kept)]
        data, counter, version = kept
        differentiable = self.op.differentiable is None or nr < self.op.differentiable
        if counter[0] != version:
            view = getattr(self, "outer", (None, None))[
                1
            ]  # where the output is a view that was written: its node
            maker = (view and view()) or self
            t = data if isinstance(data, Tensor) else wrap(data)
            raise self._modified(t, maker if differentiable else None, nr, counter, version)
        if isinstance(data, Tensor):  # of a class with __torch_dispatch__
            return twin(data, self._edge_of_output(nr) if differentiable else None)
        if not tensors:
            return data
        out = wrap(data, self._edge_of_output(nr) if differentiable else None)
        out._counter = counter
        tangents = getattr(self, "tangents", None)
        if tangents is not None and nr in tangents:
            notes_of(out).tangents = tangents[nr]
        return out

    def _edge_of_output(self, nr: int) -> Any:
        """Where the history of an output begins: here, unless it was written into a view (then `outer` is that write)."""
        outer = getattr(self, "outer", None)
        if outer is not None:
            return (outer[1] and outer[1]()) or (outer[0]() and outer[0]().node_of_view())
        return Edge(self, nr) if self.multi else self

    def vjp(self, grad: Any, tensors: bool) -> Any:
        op, edges = self.op, self.edges
        try:
            env: Any = None if self.saved is None else self.unpack(tensors)
        except RuntimeError:
            wanted = any(e is not None and type(e) is not Nowhere for e in edges)
            if wanted or not saved_on_demand(op):
                raise
            grad = None
        if grad is None:
            return (None,) * len(edges)
        try:
            if op.joint is not None:
                return op.joint(grad, [*(env or ()), [e is not None for e in edges]])
            out: list[Any] = []
            for e in edges:
                rule = op.rules[len(out)]
                if e is None or rule is None or e.__class__ is Nowhere:
                    out.append(None)
                elif rule.arity == 0:
                    out.append(rule.fn(grad))
                elif rule.arity == 1:
                    out.append((rule.fn if tensors else rule.bare)(grad, env[rule.pick]))
                else:
                    out.append((rule.fn if tensors else rule.bare)(grad, *rule.pick(env)))
            return out
        except ValueError:
            if tensors:
                raise
        return self._in_words(grad)

    def _in_words(self, grad: Any) -> list:
        """The same on tensors, where bare arrays do not fit together (after `.data = ...`): NumPy's words are not torch's."""
        with quiet():
            result = self.vjp(
                [None if g is None else wrap(g) for g in grad] if self.multi else wrap(grad), True
            )
        return [None if g is None else g._data for g in result]

    def release(self) -> None:
        saved = self.saved
        if saved is not None and self.op is not None and saved is not FREED and saved[1] is not None:
            self.saved = FREED

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_saved_") and name[7:] in (fields := saved_fields(self.op)):
            env = self.unpack(True)
            value = env[fields[name[7:]]] if fields[name[7:]] < len(env) else None
            number = name[7:] in self.op.inputs and type(value) in (bool, int, float, complex)
            return wrap(np.asarray(value)) if number else value
        if name.startswith("_raw_saved_") and (raw := raw_saved(self, name[11:])) is not None:
            return raw
        if self.op is not None and self.op.shows and name[7:] in self.op.shows and name.startswith("_saved_"):
            shown = self.op.shows[name[7:]]
            return shown(self) if callable(shown) else shown
        raise AttributeError(messages.NODE_NO_ATTRIBUTE.format(node=type(self).__name__, name=name))

    def __dir__(self) -> list[str]:
        return [
            *super().__dir__(),
            *("_saved_" + name for name in (*saved_fields(self.op), *(self.op.shows or ()))),
            *(
                "_raw_saved_" + name
                for name in saved_fields(self.op)
                if name not in self.op.params + self.op.shape_names
            ),
        ]


def _tensor_type(dtype: Any) -> str:
    """A dtype as torch's message about a modified tensor shows it: the younger ones under another name."""
    old = dtype.type_name in ("Float", "Double", "Half", "Byte", "Char", "Short", "Int", "Long")
    return dtype.tensor_type if old else f"CPU{dtype.type_name}Type"


def saved_fields(op: Op) -> dict[str, int]:
    """What nodes of this op may save, and where it lies in what `unpack` returns."""
    layout = [*op.inputs, *op.params, *op.shape_names, *(op.outputs or ("results",))]
    rules = (op.joint,) if op.joint else op.rules
    names = {n for r in rules if r for n in r.names if n != "needs" and n[0] != "_"}
    return {n: layout.index(n) for n in sorted(names)}


def saved_on_demand(op: Op) -> bool:
    """Whether torch saves a value only if the gradient is wanted that it is for: where there are several, each with its own."""
    rules = [rule for rule in op.rules if rule is not None]
    named = [name for rule in rules for name in rule.names if name not in op.params]
    return len(rules) > 1 and len(named) == len(set(named))


def short(node: Node) -> str:
    """The name as messages show it: "Mul", "Prod1", "torch::autograd::CopySlices"."""
    name = node.name()
    head, _, digits = name.rpartition("Backward")
    return head + ("" if digits == "0" else digits) if head and (digits.isdigit() or not digits) else name


class Nowhere(Node):
    """Where the gradients of a view go that was made under no_grad from a tensor that requires grad: nowhere.

    In torch such a view requires grad, and so does what is computed from it, but no edge leads from there.
    """

    __slots__ = ()

    def __init__(self, view: Tensor) -> None:
        self.seq, self.edges, self.saved, self.hooks = LAST, (), None, None
        self.shape, self.dtype = view._data.shape, view._data.dtype

    def vjp(self, grad: Any, tensors: bool) -> Any:
        return ()


class Input(Node):
    """Where what a transform calls one of its inputs begins: its gradient goes on to the history it had outside, if any.

    ended: whether the transformed function has returned, so that nothing new will be differentiated up to here.
    """

    __slots__ = ("ended",)

    def __init__(self, data: np.ndarray, outside: Any) -> None:
        self.ended = False
        self.seq, self.saved, self.hooks = next_seq(), None, None
        self.edges = () if outside is None else (outside,)
        self.shape, self.dtype = data.shape, data.dtype

    def vjp(self, grad: Any, tensors: bool) -> Any:
        return (grad,) if self.edges else ()


def within(hook: Any, node: Node) -> Any:
    """Set by within.py: a hook that is registered inside a transform."""
    raise NotImplementedError


def accumulate(node: Node, grad: Any) -> tuple:
    """Set by engine.py: add a gradient to a leaf's `.grad`."""
    raise NotImplementedError


class AccumulateGrad(Node):
    """The end of an edge: adds what arrives to the leaf's `.grad`.

    The leaf owns this node, and the node owns the gradient; the leaf itself is only referred to weakly, so there is no cycle.
    """

    __slots__ = ("_ref", "data", "grad", "odd", "version")

    def __init__(self, leaf: Tensor) -> None:
        self.seq, self.edges, self.saved, self.hooks = LAST, (), None, None
        self._ref = weakref.ref(leaf)
        self.grad: Tensor | None = None
        self.data, self.version = leaf._data, counter_of(leaf)
        self.shape, self.dtype = leaf._data.shape, leaf._data.dtype
        if leaf._grad_dtype is not AS_DATA:
            self.dtype = leaf._grad_dtype
        self.odd = not leaf._data.flags.c_contiguous  # whether a gradient needs care to lie as the leaf does

    def name(self) -> str:
        return "torch::autograd::AccumulateGrad"

    def output_meta(self, nr: int) -> tuple[Any, Any]:
        return self.shape, self.data.dtype if self.dtype is None else self.dtype

    def vjp(self, grad: Any, tensors: bool) -> Any:
        return accumulate(self, grad)  # called by a user: the engine has its own way

    @property
    def variable(self) -> Tensor:
        """The leaf; where the user let go of it, a tensor that is the same but for its identity."""
        leaf = self._ref()
        if leaf is None:
            leaf = wrap(self.data, self)
            leaf._counter = self.version
            self._ref = weakref.ref(leaf)
        return leaf


LEAVES = (AccumulateGrad, Nowhere, Input)  # the edges of tensors that no recorded op made
