"""Saved tensors under hooks: what a pack hook made of a tensor is kept in its place, until an unpack hook is asked for it.

A graph without hooks knows nothing of this.  A node that keeps something packed gets another class, a `PackedNode` of the
same name, whose `saved` has the general form of Note [Saved values] with a `Packed` wherever hooks keep what was there.
"""

from collections.abc import Callable, Sequence
from typing import Any
from weakref import ref

import numpy as np

from ..base import messages
from ..base.state import quiet, state
from ..base.where import describe
from ..op.record import Op
from ..values.sequences import c_name
from . import node as graph
from .node import FREED, Node, OpNode, edge_of, saved_fields
from .tensor import Tensor, counter_of, notes_of, wrap

_new = object.__new__


class Packed:
    """What hooks keep instead of a tensor, and what that tensor's history was.

    kept: what the pack hook returned.  unpack: the hook that makes a tensor of it.  edge: the history, unless it begins at
    output `nr` of the node that keeps this, which must not be referred to.  shape, dtype: those of the tensor.
    """

    __slots__ = ("dtype", "edge", "kept", "nr", "shape", "tangents", "unpack")

    kept: Any

    def __init__(self, x: Tensor, unpack: Callable, nr: int | None) -> None:
        self.shape, self.dtype, self.unpack, self.nr = x._data.shape, x._data.dtype, unpack, nr
        self.edge = edge_of(x) if nr is None else None
        self.tangents = x._notes.tangents if x._notes is not None else None

    def open(self, edge: Any, tangents: Any) -> Tensor:
        """The tensor that the unpack hook returns, with this history."""
        kept = self.kept
        t = self.unpack(kept.tensor(edge) if type(kept) is Itself else kept)
        if not isinstance(t, Tensor):
            raise TypeError(messages.UNPACKED_KIND.format(type=c_name(t)))
        if edge is None and not tangents and edge_of(t) is None:
            return t
        if edge is not None and t._data.dtype.kind not in "fcV":
            raise RuntimeError(messages.REQUIRES_GRAD_DTYPE)
        out = wrap(t._data, edge)
        out._counter = counter_of(t)
        if tangents:
            notes_of(out).tangents = dict(tangents)
        return out


class Itself:
    """An output that the pack hook returned as it was: by its memory, as the tensor refers to the node that keeps this."""

    __slots__ = ("counter", "data")

    def __init__(self, x: Tensor) -> None:
        self.data, self.counter = x._data, counter_of(x)

    def tensor(self, edge: Any) -> Tensor:
        """The output, or one like it."""
        x = wrap(self.data, edge)
        x._counter = self.counter
        return x


class Silent(tuple):
    """Hooks of our own, which neither record nor write: they are called as they are.

    The third, if not None, is called with an op and its inputs before the op is done, as it may know that nothing more is wanted.
    """

    __slots__ = ()


def pack(x: Tensor, hooks: tuple[Callable, Callable], nr: int | None = None) -> Packed:
    """Let hooks keep a tensor.  nr: which output of the node that saves it x is, if it is."""
    packed = Packed(x, hooks[1], nr)
    if type(hooks) is Silent:
        packed.kept = hooks[0](x)
        return packed
    fill(packed, hooks[0], x)
    if nr is not None and packed.kept is x:
        packed.kept = Itself(x)
    return packed


def fill(packed: Packed, hook: Callable, shown: Tensor) -> None:
    """Call the pack hook, which must not write to what it is shown."""
    counter = counter_of(shown)
    before = list(counter[:1])
    with quiet():
        packed.kept = hook(shown)
    if counter[:1] != before:
        raise RuntimeError(messages.PACK_WRITES)


# --- while a call is recorded ---

_orders: dict[tuple, tuple] = {}


def by_name(names: tuple, count: int) -> Any:
    """The numbers of the first names, in the order of the names: that in which torch saves and unpacks."""
    if count < 2:
        return range(count)
    found = _orders.get((names, count))
    if found is None:
        found = _orders[names, count] = tuple(sorted(range(count), key=names.__getitem__))
    return found


def announce(op: Op, inputs: Sequence) -> None:
    """Tell hooks of our own what is about to be called."""
    hooks = state.packers[-1]
    if type(hooks) is Silent and hooks[2] is not None:
        hooks[2](op, inputs)


def inputs_to_save(op: Op, inputs: Sequence) -> list[Tensor] | None:
    """The tensors that a call will save, in that order, if they are all inputs; None where it cannot be told before."""
    if not op.inputs or op.outputs is None or any(type(x) is tuple or type(x) is list for x in inputs):
        return None
    needs = tuple([op.differentiates(i) and edge_of(x) is not None for i, x in enumerate(inputs)])
    keep = op.kept(needs) if any(needs) else None
    if keep is None or any(keep[1]):
        return None
    return [
        inputs[i] for i in by_name(op.inputs, len(inputs)) if keep[0][i] and isinstance(inputs[i], Tensor)
    ]


def pack_inputs(op: Op, inputs: Sequence, keep: tuple | None) -> list:
    """The inputs of a call that will write to the first of them, those that it saves packed: as they are before."""
    packed: list[Any] = list(inputs)
    wanted = keep[0] if keep is not None else ()
    hooks = state.packers[-1]
    for i in by_name(op.inputs, len(wanted)):
        x: Any = packed[i]
        if wanted[i] and isinstance(x, Tensor):
            shown: Any = x._node() if type(x._node) is ref else x
            packed[i] = pack(shown, hooks)
    return packed


def pack_node(node: Any, outs: Sequence) -> None:
    """Let the hooks in force keep what a call that has just been recorded saved.  outs: its outputs."""
    if node.saved is None:
        return
    inputs, versions, params, outputs = node.kept()
    if versions is None and outputs is None:
        return
    hooks, op = state.packers[-1], node.op
    inputs, versions = list(inputs), list(versions or (None,) * len(inputs))
    for i in by_name(op.inputs, len(inputs)):
        if type(versions[i]) is int:
            inputs[i], versions[i] = pack(inputs[i], hooks), None
        elif versions[i] is not None:
            inputs[i] = tuple([pack(x, hooks) if isinstance(x, Tensor) else x for x in inputs[i]])
            versions[i] = None
    if outputs is not None:
        outputs = list(outputs)
        for nr in by_name(op.outputs or ("",), len(outputs)):
            if type(outputs[nr]) is list:
                outputs[nr] = [pack(o, hooks, i) for i, o in enumerate(outs)]
            elif outputs[nr] is not None:
                outputs[nr] = _pack_output(node, outs[nr], hooks, nr)
    _become_packed(node, inputs, versions, params, outputs)


def _pack_output(node: OpNode, out: Tensor, hooks: tuple, nr: int) -> Packed:
    own = node.op.differentiable is None or nr < node.op.differentiable
    return pack(out, hooks, nr if own else None)


def _become_packed(node: Any, inputs: Any, versions: Any, params: tuple, outputs: Any) -> None:
    node.__class__ = packed_class(node.op)
    node.saved = inputs, versions, params, outputs


_classes: dict[Op, type] = {}


def packed_class(op: Op) -> type:
    """The class of an op's nodes that keep something packed."""
    if op not in _classes:
        multi = op.differentiable is None or op.differentiable > 1
        body = {"__slots__": (), "op": op, "multi": multi, "__module__": "leafgrad.autograd.graph"}
        _classes[op] = type(op.node, (PackedNode,), body)
    return _classes[op]


# --- nodes ---


class PackedNode(OpNode):
    """The node of an op some of whose saved tensors are kept by hooks."""

    __slots__ = ()

    foreign = True

    def vjp(self, grad: Any, tensors: bool) -> Any:
        opened = _new(Opened)
        opened.op, opened.multi, opened.edges = self.op, self.multi, self.edges
        if tensors:
            opened.saved = self.unpack(True)
            return opened.vjp(grad, True)
        with quiet():
            opened.saved = self.unpack(True)
        kept = self._packed()
        if any(isinstance(packed, Packed) for _, packed in kept) and all(
            self._fits(opened.saved[place], packed) for place, packed in kept
        ):
            return opened.vjp(grad, False)
        return opened._in_words(grad)

    def _packed(self) -> list[tuple[int, Any]]:
        """What is kept by hooks: (where it lies in what `unpack` returns, a `Packed` or several), in torch's order."""
        inputs, _, params, outputs = self.saved
        skip, op = len(inputs) + len(params), self.op
        found = [(i, inputs[i]) for i in by_name(op.inputs, len(inputs)) if _any(inputs[i])]
        if outputs is not None:
            order = by_name(op.outputs or ("",), len(outputs))
            found += [(skip + nr, outputs[nr]) for nr in order if _any(outputs[nr])]
        return found

    def _fits(self, opened: Any, packed: Any) -> bool:
        """Whether what was unpacked is of the shape and dtype of what was packed, so that bare arrays will do."""
        if isinstance(packed, Packed):
            return opened._data.shape == packed.shape and opened._data.dtype == packed.dtype
        return all(self._fits(o, p) for o, p in zip(opened, packed, strict=True) if isinstance(p, Packed))

    def unpack(self, tensors: bool) -> list:
        if self.saved is FREED:
            raise RuntimeError(messages.FREED.format(node=self.name(), saved=describe(self.where)))
        env = super().unpack(tensors)
        for place, packed in self._packed():
            env[place] = self._open(packed)
        return env

    def _open(self, packed: Any) -> Any:
        if not isinstance(packed, Packed):
            return type(packed)([self._open(p) if isinstance(p, Packed) else p for p in packed])
        if packed.nr is None:
            return packed.open(packed.edge, packed.tangents)
        tangents = (getattr(self, "tangents", None) or {}).get(packed.nr)
        return packed.open(self._edge_of_output(packed.nr), tangents)

    def _unpack_output(self, kept: Any, nr: int, tensors: bool) -> Any:
        return kept if isinstance(kept, Packed) else super()._unpack_output(kept, nr, tensors)

    def __getattr__(self, name: str) -> Any:
        fields = saved_fields(self.op)
        if name[:7] == "_saved_" and name[7:] in fields and self.saved is not FREED:
            for place, packed in self._packed():
                if place == fields[name[7:]]:
                    return self._open(packed)
        return super().__getattr__(name)


class Opened(OpNode):
    """The rules of a packed node with what has been unpacked for one use (`saved`, on tensors)."""

    __slots__ = ("multi", "op")

    def unpack(self, tensors: bool) -> list:
        return self.saved if tensors else list(map(bare, self.saved))


def _any(kept: Any) -> bool:
    """Whether something saved is kept by hooks, or some of several things."""
    if type(kept) is tuple or type(kept) is list:
        return any(isinstance(k, Packed) for k in kept)
    return isinstance(kept, Packed)


def bare(x: Any) -> Any:
    """The array of a tensor; of several things, with the arrays of the tensors among them."""
    if isinstance(x, Tensor):
        return x._data
    if (type(x) is tuple or type(x) is list) and any(isinstance(t, Tensor) for t in x):
        return type(x)([t._data if isinstance(t, Tensor) else t for t in x])
    return x


# --- one saved tensor, as users see it ---


class SavedTensor:
    """What a node keeps of one tensor: `node._raw_saved_self`, or an element of a Function's `_raw_saved_tensors`.

    >>> import leafgrad as torch
    >>> y = torch.zeros(2, requires_grad=True).exp()
    >>> y.grad_fn._raw_saved_result.register_hooks(lambda t: t.tolist(), torch.tensor)
    >>> y.grad_fn._raw_saved_result.data
    [1.0, 1.0]
    """

    __slots__ = ("__weakref__", "_node", "_place")

    _node: Any
    _place: Any

    def __init__(self, *args: Any) -> None:
        raise RuntimeError(messages.SAVED_TENSOR_MADE)

    def register_hooks(self, pack_hook: Callable, unpack_hook: Callable) -> None:
        """Keep what `pack_hook(tensor)` returns instead, from now on; `unpack_hook` makes a tensor of that.

        RuntimeError if there are hooks already, if nothing is saved, or if it has been freed.
        """
        check_hooks("register_hooks", pack_hook, unpack_hook)
        kept = self._node.raw_entry(self._place)
        if isinstance(kept, Packed):
            raise RuntimeError(messages.HOOKS_ALREADY_SET)
        if kept is FREED:
            raise RuntimeError(messages.HOOKS_FREED)
        if kept is None:
            raise RuntimeError(messages.HOOKS_NONE)
        x, nr = kept
        shown = wrap(x._data)
        shown._counter = counter_of(x)
        packed = Packed(x, unpack_hook, nr)
        fill(packed, pack_hook, shown)
        self._node.raw_replace(self._place, packed)

    @property
    def data(self) -> Any:
        """What is kept: the tensor, or what the pack hook returned; None if nothing is."""
        kept = self._node.raw_entry(self._place)
        if isinstance(kept, Packed):
            return kept.kept.tensor(None) if type(kept.kept) is Itself else kept.kept
        return None if kept is None or kept is FREED else kept[0]

    @property
    def unpack_hook(self) -> Callable | None:
        """The hook that unpacks it; None if there is none."""
        kept = self._node.raw_entry(self._place)
        return kept.unpack if isinstance(kept, Packed) else None

    def unpack(self) -> Tensor | None:
        """The saved tensor, as backward would get it."""
        return self._node.raw_unpack(self._place)

    def __repr__(self) -> str:
        return f"<torch._C._autograd.SavedTensor object at {id(self):#x}>"


def saved_tensor(node: Node, place: Any) -> SavedTensor:
    """The handle of what a node keeps at a place."""
    handle = _new(SavedTensor)
    handle._node, handle._place = node, place
    return handle


def check_hooks(function: str, pack_hook: Any, unpack_hook: Any) -> None:
    """TypeError unless both are callable."""
    if not callable(pack_hook) or not callable(unpack_hook):
        pair = {"pack": type(pack_hook).__name__, "unpack": type(unpack_hook).__name__}
        raise TypeError(messages.HOOKS_CALLABLE.format(function=function, **pair))


# --- the raw entries of an op's node.  A place: (number of the field, number in a field of several or None) ---


def _layout(node: Any) -> tuple:
    """(inputs, their versions, params, outputs), of a node that may have saved nothing."""
    op = node.op
    if node.saved is None:
        return (None,) * len(op.inputs), (None,) * len(op.inputs), (), None
    inputs, versions, params, outputs = node.kept()
    return inputs, versions or (None,) * len(op.inputs), params, outputs


def raw_saved(node: Any, name: str) -> Any:
    """`node._raw_saved_<name>`: the handle of a saved tensor, or of each of several; None if there is no such field."""
    op = node.op
    if name not in saved_fields(op):
        return None
    if name in op.inputs:
        place, several = op.inputs.index(name), ()
        if node.saved is not FREED:
            kept = _layout(node)[0][place]
            several = kept if type(kept) is tuple else ()
    elif name in (op.outputs or ("results",)):
        place = len(op.inputs) + (op.outputs or ("results",)).index(name)
        several = node.shape if op.outputs is None else ()
    else:
        return None
    if several:
        return tuple([saved_tensor(node, (place, k)) for k in range(len(several))])
    return saved_tensor(node, (place, None))


def raw_entry(node: Any, place: tuple) -> Any:
    """None, FREED, a `Packed`, or (tensor, output number or None)."""
    if node.saved is FREED:
        return FREED
    at, k = place
    inputs, _, _, outputs = _layout(node)
    if at < len(inputs):
        kept = inputs[at] if k is None else inputs[at][k]
        if kept is None or isinstance(kept, Packed):
            return kept
        return (kept if isinstance(kept, Tensor) else wrap(np.asarray(kept))), None
    nr = at - len(inputs)
    kept = None if outputs is None else outputs[nr] if k is None else outputs[nr][k]
    if kept is None or isinstance(kept, Packed):
        return kept
    data, counter, _ = kept
    x = wrap(data)
    x._counter = counter
    own = node.op.differentiable is None or nr < node.op.differentiable
    return x, (nr if k is None else k) if own else None


def raw_replace(node: Any, place: tuple, packed: Packed) -> None:
    """Keep this instead."""
    at, k = place
    inputs, versions, params, outputs = _layout(node)
    inputs, versions = list(inputs), list(versions)
    if at >= len(inputs):
        outputs, at = list(outputs), at - len(inputs)
        outputs[at] = packed if k is None else _with(outputs[at], k, packed)
    else:
        inputs[at] = packed if k is None else _with(inputs[at], k, packed)
        versions[at] = None if k is None else _with(versions[at] or (None,) * len(inputs[at]), k, None)
    _become_packed(node, inputs, versions, params, outputs)


def _with(several: Any, k: int, packed: Any) -> Any:
    return type(several)([packed if i == k else x for i, x in enumerate(several)])


def raw_unpack(node: Any, place: tuple) -> Any:
    """The saved tensor."""
    op, (at, k) = node.op, place
    name = (*op.inputs, *(op.outputs or ("results",)))[at]
    value = getattr(node, "_saved_" + name)
    return value if k is None else value[k]


graph.raw_saved = raw_saved
OpNode.raw_entry, OpNode.raw_replace, OpNode.raw_unpack = raw_entry, raw_replace, raw_unpack  # type: ignore[attr-defined]
