"""What users set on a Function's ctx, which is the node.

Under names that a node has for itself (`ctx.shape`, `ctx.dtype`, `ctx.seq`, ...): that is set aside when `forward` is over, and is
there again while the Function's methods run.  And outputs (`ctx.y = y`), which refer to the node: they are kept by their
memory, and made anew when asked for.
"""

from collections.abc import Callable, Sequence
from typing import Any

from ..tensor.batch import bottom
from ..tensor.node import Edge, resolve
from ..tensor.tensor import Tensor, counter_of, notes_of, wrap

NAMES = ("dtype", "edges", "saved", "seq", "shape")
_AT_FIRST = {"dtype": None, "edges": (), "saved": None, "shape": None}


def set_aside(node: Any, seq: float) -> None:
    """Let the node have its fields back.  seq: its number."""
    fields = {**_AT_FIRST, "seq": seq}
    node._fields = {name: value for name in NAMES if (value := getattr(node, name)) is not fields[name]}
    for name in node._fields:
        setattr(node, name, fields[name])


def called(node: Any, function: Callable, given: tuple) -> Any:
    """`function(node, *given)`, which sees what the user set."""
    fields = node._fields
    node._own = {name: getattr(node, name) for name in fields}
    try:
        for name, value in fields.items():
            setattr(node, name, value)
        return function(node, *given)
    finally:
        for name, value in node._own.items():
            fields[name] = getattr(node, name)
            setattr(node, name, value)
        node._own = None


def hold(node: Any, outputs: Sequence) -> None:
    """Let a node refer to no output of its own that a user set on it."""
    fields = node.__dict__
    if Tensor not in map(type, fields.values()):
        return
    kept = {}
    for name in [name for name, value in fields.items() if type(value) is Tensor]:
        for i, o in enumerate(outputs):
            if fields[name] is o:
                inner = bottom(o)[0]
                maker, nr = resolve(inner._node)
                if node is maker:
                    kept[name] = inner._data, counter_of(inner), nr, i
    if kept:
        for name in kept:
            del fields[name]
        node._held = kept


def held(node: Any, name: str) -> Tensor:
    """The output that was set under this name, or one like it."""
    data, counter, nr, i = node._held[name]
    y = wrap(data, Edge(node, nr) if node.multi else node)
    y._counter = counter
    if node.tangents is not None and nr in node.tangents:
        notes_of(y).tangents = node.tangents[nr]
    return y if node._batch is None else node._batch.output(y, i)
