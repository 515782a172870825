"""Subclasses of Tensor: what is computed from one is of its class too.

The first subclass that is defined opens a mode, which sends every op through the full lane; `dress` is
called there, and where
tensors are made like others.  A class with `_plain_results` (Parameter) takes no part: what is computed from
it is a plain tensor.
"""

from collections.abc import Iterable
from typing import Any

from ..base import messages
from ..base.state import enter_mode, modes
from .tensor import Tensor

_MODE = object()
_OVERRIDES = ("__torch_function__", "__torch_dispatch__")


def _init_subclass(cls: Any, **named: Any) -> None:
    """Called for every new subclass.  NotImplementedError if it overrides how ops work: not there yet."""
    super(Tensor, cls).__init_subclass__(**named)
    for name in _OVERRIDES:
        if getattr(cls, name, None) is not None:
            raise NotImplementedError(messages.SUBCLASS_FUNCTION.format(cls=cls.__name__, name=name))
    if not getattr(cls, "_plain_results", False) and _MODE not in modes:
        enter_mode(_MODE)


Tensor.__init_subclass__ = classmethod(_init_subclass)  # type: ignore[assignment, arg-type]


def dress(out: Any, inputs: Iterable) -> Any:
    """Give a new tensor, or each of a tuple, the most derived class among the inputs.

    TypeError if two of their classes have nothing to do with each other.
    """
    cls = common(inputs)
    if cls is not Tensor:
        for t in (out,) if isinstance(out, Tensor) else out:
            if t is not None:
                t.__class__ = cls
    return out


def common(inputs: Iterable) -> type:
    """The most derived class among tensors; TypeError if there is none."""
    found: type = Tensor
    for x in inputs:
        kind = common(x) if type(x) in (tuple, list) else type(x)
        if kind is found or not issubclass(kind, Tensor) or getattr(kind, "_plain_results", False):
            continue
        if issubclass(kind, found):
            found = kind
        elif not issubclass(found, kind):
            raise TypeError(messages.SUBCLASSES.format(a=found.__name__, b=kind.__name__))
    return found
