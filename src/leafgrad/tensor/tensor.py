"""The Tensor: an array with a history.

Here is what a tensor holds; what it can do is bound to the class from above: the table of ops and face/ give it methods and
operators, tensor/history.py its autograd attributes.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

from ..base import messages

_new = object.__new__


class Attribute(property):
    """A property; to assign to one without a setter raises torch's AttributeError."""

    def __set__(self, instance: Any, value: Any) -> None:
        if self.fset is None:
            kind = type(instance).__name__
            raise AttributeError(messages.NOT_WRITABLE_ATTRIBUTE.format(name=self.fget.__name__, type=kind))  # type: ignore[union-attr]
        super().__set__(instance, value)


class Notes:
    """What few tensors need: a view's origin, a retained gradient, forward-mode tangents.

    base, steps: the tensor this one is a view of, and the (op, params) that lead there from the base's memory.
    seen: the version at which the view's grad_fn was last right.  creation: what may be written through it (view.py).
    grad: `.grad` where there is no AccumulateGrad node to keep it.  retains: whether `retain_grad()` was called.
    tangents: by forward level.  idle: the AccumulateGrad node of a tensor that has ceased to require grad.
    """

    __slots__ = ("base", "creation", "grad", "idle", "retains", "seen", "steps", "tangents")

    def __init__(self) -> None:
        self.base: Any = None
        self.steps: tuple = ()
        self.seen = 0
        self.creation = 0
        self.grad: Any = None
        self.idle: Any = None
        self.retains = False
        self.tangents: dict[int, Any] | None = None


class Tensor:
    """An n-dimensional array that remembers how it was computed.

    `_data`: the ndarray (0-d included).  `_node`: what made it: None, a node, or one output (`Edge`) of a node; a leaf that
    requires grad has its AccumulateGrad node here.  `_counter`: a one-element list, shared by everything that shares the
    memory and counts the writes to it.  `_notes`: None, or `Notes`.
    """

    __slots__ = ("__dict__", "__weakref__", "_data", "_node", "_notes", "_counter")

    _data: np.ndarray
    _node: Any
    _counter: list[int]
    _notes: Notes | None

    __hash__ = object.__hash__

    if TYPE_CHECKING:  # methods and operators are bound from the table, which mypy does not see

        def __getattr__(self, name: str) -> Any: ...


FRESH = [
    0
]  # the counter of every tensor whose memory was never shared and never written; nobody counts it up


def counter_of(t: Tensor) -> list[int]:
    """The tensor's own counter, for one who is about to share it or to count it up."""
    counter = t._counter
    if counter is FRESH:
        counter = t._counter = [0]
    return counter


def wrap(data: np.ndarray, node: Any = None) -> Tensor:
    """A tensor around an array."""
    t = _new(Tensor)
    t._data = data
    t._node = node
    t._counter = FRESH
    t._notes = None
    return t


def notes_of(t: Tensor) -> Notes:
    """The tensor's notes, made if there are none."""
    notes = t._notes
    if notes is None:
        notes = t._notes = Notes()
    return notes
