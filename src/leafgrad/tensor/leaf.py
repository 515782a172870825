"""Leaves that change: they stop requiring grad and start again, and get other memory, while graphs still end at their nodes."""

from typing import Any

from ..base import messages
from .node import AccumulateGrad
from .steal import sole_object
from .tensor import AS_DATA, Tensor, counter_of, notes_of


class Former(AccumulateGrad):
    """The node of a leaf that has changed its dtype.  Older graphs end here; the gradient is kept by the leaf's new node (`saved`)."""

    __slots__ = ()
    grad = property(lambda self: self.saved.grad, lambda self, grad: setattr(self.saved, "grad", grad))


class Idle(AccumulateGrad):
    """The node of what was a leaf and no longer requires grad.  Graphs that end here add nothing, unless it requires grad again.

    saved: whether a recorded write has made something else of the tensor, which may be gone.
    """

    __slots__ = ()

    @property
    def grad(self) -> None:
        """Kept elsewhere (`Notes.grad`)."""
        leaf = self._ref()
        if self.saved or (leaf is not None and leaf._node is not None):
            raise RuntimeError(messages.LEAF_INSIDE)
        return None

    @grad.setter
    def grad(self, grad: Any) -> None:
        pass


Former.__name__ = Idle.__name__ = "AccumulateGrad"  # users see it


def follow(leaf: Tensor) -> None:
    """Let a leaf's node know that the leaf's memory is another (`.data = ...`), or seen in another way (`t_()`).

    As in torch, what graphs say of the leaf's shape and dtype stays true for them.
    """
    if type(leaf._node) is not AccumulateGrad:
        return
    known = not sole_object(leaf._node)
    node, data = leaf._node, leaf._data
    if known and data.dtype != node.dtype:
        leaf._node = new = AccumulateGrad(leaf)
        new.grad, new.hooks, node.saved = node.grad, node.hooks, new
        node.__class__ = Former
        return
    node.data, node.version = data, counter_of(leaf)
    if not known:
        node.shape, node.dtype = data.shape, data.dtype if leaf._grad_dtype is AS_DATA else leaf._grad_dtype
    node.odd = node.shape != data.shape or not data.flags.c_contiguous


def retire(leaf: Tensor) -> None:
    """Let a leaf no longer require grad; its gradient stays, and its hooks, should it require grad again."""
    known = not sole_object(leaf._node)
    node, leaf._node = leaf._node, None
    if known or node.hooks is not None or node.grad is not None:
        notes = notes_of(leaf)
        notes.grad, notes.idle = node.grad, node
        node.__class__ = Idle


def engage(t: Tensor) -> None:
    """Let a tensor be a leaf that requires grad."""
    notes, nowhere = t._notes, t._node
    node: Any = notes and notes.idle
    if node is not None and (node.shape, node.dtype) == (t._data.shape, t._data.dtype):
        node.__class__, node.saved = AccumulateGrad, None
        node.data, node.version, node.odd = t._data, counter_of(t), not t._data.flags.c_contiguous
    else:
        former, node = node or nowhere, AccumulateGrad(t)
        node.hooks = former and former.hooks
    if notes is not None:
        node.grad, notes.grad, notes.idle = notes.grad, None, None
    t._node = node
