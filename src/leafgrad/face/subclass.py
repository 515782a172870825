"""Making tensors of a subclass: `as_subclass`, `Tensor._make_subclass`."""

from typing import Any

from ..base import messages
from ..op.table import METHODS
from ..ops.views import alias
from ..tensor.misuse import wrong
from ..tensor.tensor import Tensor


def _check(cls: Any) -> None:
    if not isinstance(cls, type):
        raise TypeError(messages.SUBCLASS_CLASS.format(type=type(cls).__name__))
    if not issubclass(cls, Tensor):
        raise TypeError(messages.SUBCLASS_BASE)


def as_subclass(self: Tensor, cls: type) -> Any:
    """The same memory and history as a tensor of the class `cls`; TypeError if that is no subclass of Tensor.

    >>> import leafgrad as torch
    >>> class Metres(torch.Tensor):
    ...     pass
    >>> type(torch.ones(2).as_subclass(Metres) * 2).__name__
    'Metres'
    """
    _check(cls)
    out = alias(self)
    out.__class__ = cls
    return out


METHODS["as_subclass"] = as_subclass


def _make_subclass(cls: type, data: Tensor, require_grad: bool = False) -> Any:
    """A leaf of the class `cls` on the memory of a tensor; for the `__new__` of subclasses."""
    _check(cls)
    if not isinstance(data, Tensor):
        raise wrong("_make_subclass", "data", 2, "Tensor", data)
    if type(require_grad) is not bool:
        raise wrong("_make_subclass", "require_grad", 3, "bool", require_grad)
    if require_grad and data._data.dtype.kind not in "fcV":
        raise RuntimeError(messages.REQUIRES_GRAD_DTYPE)
    out: Any = data.detach()
    out.__class__ = cls
    if require_grad:
        out.requires_grad = True
    return out


Tensor._make_subclass = staticmethod(_make_subclass)  # type: ignore[attr-defined]
