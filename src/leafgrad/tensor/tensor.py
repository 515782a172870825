"""The Tensor: an array with a history.

Here is what a tensor holds; what it can do is bound to the class from above: the table of ops and face/ give it methods and
operators, tensor/history.py its autograd attributes.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

from ..base import messages
from ..base.state import modes, state

_new = object.__new__


class Attribute(property):
    """A property; to assign to one without a setter raises torch's AttributeError."""

    def __set__(self, instance: Any, value: Any) -> None:
        if self.fset is None:
            kind = type(instance).__name__
            raise AttributeError(messages.NOT_WRITABLE_ATTRIBUTE.format(name=self.fget.__name__, type=kind))  # type: ignore[union-attr]
        super().__set__(instance, value)


AS_DATA: Any = ("that of the data",)


class Notes:
    """What few tensors need: a view's origin, a retained gradient, forward-mode tangents.

    base, steps: the tensor this one is a view of, and the (op, params) that lead there from the base's memory.
    seen: the version at which the view's grad_fn was last right.  creation: what may be written through it (view.py).
    grad: `.grad` where there is no AccumulateGrad node to keep it.  retains: whether `retain_grad()` was called.
    tangents: by forward level.  idle: the AccumulateGrad node of a tensor that has ceased to require grad.
    """

    __slots__ = ("base", "creation", "grad", "idle", "retains", "seen", "steps", "tangents")

    batched = False  # whether they are those of a batched tensor (batch.py)

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
    """An n-dimensional array that remembers how it was computed.  `torch.tensor` makes one of data.

    >>> import leafgrad as torch
    >>> x = torch.tensor([1.0, 2.0], requires_grad=True)
    >>> (x * x).sum()
    tensor(5., grad_fn=<SumBackward0>)

    `_data`: the ndarray (0-d included).  `_node`: what made it: None, a node, or one output (`Edge`) of a node; a leaf that
    requires grad has its AccumulateGrad node here.  `_counter`: a one-element list, shared by everything that shares the
    memory and counts the writes to it.  `_notes`: None, or `Notes`.
    """

    __slots__ = ("__dict__", "__weakref__", "_data", "_node", "_notes", "_counter")

    _grad_dtype: Any = AS_DATA  # what a user set as `grad_dtype`: a NumPy dtype, or None for any

    _data: np.ndarray
    _node: Any
    _counter: list[int]
    _notes: Notes | None

    __hash__ = object.__hash__

    if TYPE_CHECKING:  # methods and operators are bound from the table, which mypy does not see

        def __getattr__(self, name: str) -> Any: ...

        __torch_function__: Any
        __torch_dispatch__: Any


FRESH = [
    0
]  # the counter of every tensor whose memory was never shared and never written; nobody counts it up


class Untracked(list):
    """The counter of inference tensors: what is written to their memory is not counted.

    It is empty, and so false, unlike those that count; and it cannot be read, so that saving such a tensor for backward fails
    without a question on the fast lanes (inside a transform, whose graph ends with it, it may be saved).
    writes: how many there were, for what `detach()` and `.data` make of one outside the mode, which torch lets everybody
    write to; else None.
    """

    __slots__ = ("writes",)

    def __init__(self, writes: int | None = None) -> None:
        self.writes = writes

    def __getitem__(self, i: Any) -> Any:
        if state.transforms or not state.grad_enabled:
            return 0
        raise RuntimeError(messages.INFERENCE_SAVED)


UNTRACKED = Untracked()


def mark(t: Tensor) -> None:
    """Make what was just made an inference tensor, if it was made in inference mode."""
    if state.inference:
        t._counter = UNTRACKED
        if t._data.base is None:
            t._data = (
                t._data.view()
            )  # the lanes of in-place ops leave what is not the owner of its memory to the full lane


def untracked(t: Tensor) -> bool:
    """Whether it is an inference tensor."""
    return not t._counter


def check_untracked(t: Tensor) -> None:
    """Raise if t is an inference tensor that may not be written here."""
    counter = t._counter
    if not counter and counter.writes is None and not state.inference:  # type: ignore[attr-defined]
        raise RuntimeError(messages.INFERENCE_WRITE)


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
    if modes:
        mark(t)
    return t


def twin(t: Tensor, node: Any = None) -> Tensor:
    """Another tensor of the same class (a subclass: with the same attributes) around the same memory, with a history of its own."""
    out = _new(type(t))
    out._data, out._node, out._counter, out._notes = t._data, node, counter_of(t), None
    if type(t) is not Tensor:
        out.__dict__.update(t.__dict__)
    return out


def notes_of(t: Tensor) -> Notes:
    """The tensor's notes, made if there are none."""
    notes = t._notes
    if notes is None:
        notes = t._notes = Notes()
    return notes
