"""Switches of the engine that few need: threads, the layout of gradients, how views of a written tensor are found again."""

from typing import Any

from ..base import messages
from ..base.state import enter_mode, leave_mode, state
from ..tensor.tensor import Tensor, counter_of
from .decorator import Decorator


class _Switch(Decorator):
    """A switch of the thread: set when called, and set back at the end of a `with` block."""

    __slots__ = ("mode", "prev")
    attribute: str
    name: str

    def __init__(self, mode: bool) -> None:
        if type(mode) is not bool:
            raise TypeError(messages.SWITCH_BOOL.format(name=self.name, type=type(mode).__name__))
        self.mode, self.prev = mode, getattr(state, self.attribute)
        self.turn(mode)

    def turn(self, mode: bool) -> None:
        """Set the switch."""
        setattr(state, self.attribute, mode)

    def __enter__(self) -> None:
        pass

    def __exit__(self, *exc: object) -> None:
        self.turn(self.prev)

    def clone(self) -> Any:
        """Another one like this, for a call of what it decorates."""
        return type(self)(self.mode)


class set_multithreading_enabled(_Switch):
    """Whether backward may run on several threads.  It runs on the caller's anyway: the switch can be set and asked for,
    and does nothing else.

    >>> import leafgrad as torch
    >>> with torch.autograd.set_multithreading_enabled(False):
    ...     torch.autograd.is_multithreading_enabled()
    False
    """

    __slots__ = ()
    attribute, name = "multithreading", "set_multithreading_enabled"


def is_multithreading_enabled() -> bool:
    """What `set_multithreading_enabled` was last told in this thread; True at first.

    >>> import leafgrad as torch
    >>> torch.autograd.is_multithreading_enabled()
    True
    """
    return state.multithreading


class enforce_grad_layout_policy(_Switch):
    """Whether the `.grad` of a leaf that is not contiguous gets the leaf's strides; if not, it keeps those it arrives with.

    >>> import leafgrad as torch
    >>> x = torch.ones(2, 3).t().requires_grad_()
    >>> with torch.autograd.enforce_grad_layout_policy(False):
    ...     (x * torch.ones(3, 2)).sum().backward()
    >>> x.stride(), x.grad.stride()
    ((1, 3), (2, 1))
    """

    __slots__ = ()
    attribute, name = "layout_enforced", "set_grad_layout_enforcement_enabled"

    def __init__(self, enable: bool = True) -> None:
        super().__init__(enable)

    def __call__(self, function: Any) -> Any:
        self.turn(self.prev)
        return super().__call__(function)


class _force_original_view_tracking(_Switch):
    """Whether views that are made now find their history again, after a write, by the ops that made them.

    If not, they do so by one step, AsStridedBackward0.  The gradients are the same.

    >>> import leafgrad as torch
    >>> x = torch.ones(2, 3, requires_grad=True) * 1
    >>> with torch.autograd.grad_mode._force_original_view_tracking(True):
    ...     y = x.view(6)
    ...     x.mul_(2).sum().backward()
    ...     y.grad_fn.name()
    'ViewBackward0'
    """

    __slots__ = ()
    attribute, name = "view_replay", "set_view_replay_enabled"

    def turn(self, mode: bool) -> None:
        if mode is not state.view_replay:
            (enter_mode if mode else leave_mode)(_REPLAY)
        super().turn(mode)

    def __enter__(self) -> None:
        self.turn(self.mode)

    def __call__(self, function: Any) -> Any:
        self.turn(self.prev)
        return super().__call__(function)


_REPLAY = object()


def is_view_replay_enabled() -> bool:
    """What `_force_original_view_tracking` was last told in this thread; False at first.

    >>> import leafgrad as torch
    >>> with torch.autograd.grad_mode._force_original_view_tracking(True):
    ...     torch.autograd.is_view_replay_enabled()
    True
    """
    return state.view_replay


class _unsafe_preserve_version_counter(Decorator):
    """Hides from autograd that tensors are written in a `with` block: at its end they have the versions that they had.

    tensors: one, or a tuple; RuntimeError for inference tensors, which have no version.  Gradients may be wrong without
    a word where what is saved for backward was changed.

    >>> import leafgrad as torch
    >>> x = torch.ones(2)
    >>> with torch.autograd.grad_mode._unsafe_preserve_version_counter(x):
    ...     x.add_(1)
    tensor([2., 2.])
    >>> x._version
    0
    """

    __slots__ = ("tensors", "versions")

    def __init__(self, tensors: Any) -> None:
        self.tensors = (tensors,) if isinstance(tensors, Tensor) else tensors
        if not isinstance(self.tensors, tuple):
            raise AssertionError(messages.PRESERVE_TUPLE)
        self.versions = [t._version for t in self.tensors]

    def __enter__(self) -> None:
        pass

    def __exit__(self, *exc: object) -> None:
        for t, version in zip(self.tensors, self.versions, strict=True):
            counter_of(t)[0] = version
