"""`torch.utils._python_dispatch`: modes that are asked for every op, below autograd."""

from collections.abc import Callable, Sequence
from typing import Any

from ..base.state import state
from ..tensor.dispatching import ModeInterceptor, pop, push
from ..tensor.tensor import Tensor


class TorchDispatchMode:
    """A mode that is asked for every op while it is open, those of the backward pass too; the newest is asked first.

    `__torch_dispatch__(self, func, types, args=(), kwargs=None)` returns what the op gives.  `func` is an op as `torch.ops.aten` has
    them; calling it does the op.  Inside, this mode is closed, and nothing is recorded but `func` itself.

    >>> import leafgrad as torch
    >>> from leafgrad.utils._python_dispatch import TorchDispatchMode
    >>> class Products(TorchDispatchMode):
    ...     def __torch_dispatch__(self, func, types, args=(), kwargs=None):
    ...         if func.overloadpacket is torch.ops.aten.mm:
    ...             print(func, tuple(args[0].shape), tuple(args[1].shape))
    ...         return func(*args, **(kwargs or {}))
    >>> w = torch.ones(3, 4, requires_grad=True)
    >>> with Products():
    ...     torch.mm(torch.ones(2, 3), w).sum().backward()
    aten.mm.default (2, 3) (3, 4)
    aten.mm.default (3, 2) (2, 4)
    """

    def __torch_dispatch__(
        self, func: Any, types: Sequence, args: tuple = (), kwargs: dict | None = None
    ) -> Any:
        raise NotImplementedError

    def __enter__(self) -> Any:
        _push_mode(self)
        return self

    def __exit__(self, exc_type: Any, exc_val: Any, exc_tb: Any) -> None:
        _pop_mode()

    @classmethod
    def push(cls, *args: Any, **kwargs: Any) -> "TorchDispatchMode":
        """An instance, as older programs open one: `with Mode.push():`."""
        return cls(*args, **kwargs)


class BaseTorchDispatchMode(TorchDispatchMode):
    """A mode that changes nothing."""

    def __torch_dispatch__(
        self, func: Any, types: Sequence, args: tuple = (), kwargs: dict | None = None
    ) -> Any:
        return func(*args, **(kwargs or {}))


def _open() -> list[ModeInterceptor]:
    return [each for each in state.interceptors if type(each) is ModeInterceptor]


def _push_mode(mode: TorchDispatchMode) -> None:
    push(ModeInterceptor(mode))


def _pop_mode() -> TorchDispatchMode:
    last = _open()[-1]
    pop(last)
    return last.mode


class _pop_mode_temporarily:
    """A context in which the newest mode is closed; it is what `with` gives."""

    __slots__ = ("mode",)

    def __enter__(self) -> TorchDispatchMode:
        self.mode = _pop_mode()
        return self.mode

    def __exit__(self, *exc: object) -> None:
        _push_mode(self.mode)


class _disable_current_modes:
    """A context in which no mode is open; `with` gives those that were."""

    __slots__ = ("before",)

    def __enter__(self) -> list[TorchDispatchMode]:
        self.before = state.interceptors
        found = _open()
        state.interceptors = tuple([each for each in self.before if each not in found])
        return [each.mode for each in found]

    def __exit__(self, *exc: object) -> None:
        state.interceptors = self.before


def _get_current_dispatch_mode() -> TorchDispatchMode | None:
    found = _open()
    return found[-1].mode if found else None


def _get_current_dispatch_mode_stack() -> list[TorchDispatchMode]:
    return [each.mode for each in _open()]


def is_in_torch_dispatch_mode() -> bool:
    """Whether a mode is open.

    >>> from leafgrad.utils._python_dispatch import is_in_torch_dispatch_mode
    >>> is_in_torch_dispatch_mode()
    False
    """
    return bool(_open())


def return_and_correct_aliasing(func: Any, args: tuple, kwargs: dict, out: Any) -> Any:
    """What a wrapper's `__torch_dispatch__` returns: for ops that write, the very tensor that was given to be written.

    (In torch the results of views are made to share memory too; wrappers here have none.)

    >>> import leafgrad as torch
    >>> from leafgrad.utils._python_dispatch import return_and_correct_aliasing
    >>> x = torch.ones(2)
    >>> return_and_correct_aliasing(torch.ops.aten.add_.Tensor, (x, 1), {}, torch.ones(2)) is x
    True
    """
    if func._opname.endswith("_") and not func._opname.startswith("_"):
        return args[0]
    return kwargs["out"] if func._overloadname == "out" else out


def is_traceable_wrapper_subclass(t: Any) -> bool:
    """Whether t is a wrapper that can be taken apart: it has `__tensor_flatten__` and `__tensor_unflatten__`.

    >>> import leafgrad as torch
    >>> from leafgrad.utils._python_dispatch import is_traceable_wrapper_subclass
    >>> is_traceable_wrapper_subclass(torch.ones(2))
    False
    """
    return (
        isinstance(t, Tensor)
        and hasattr(t, "__tensor_flatten__")
        and hasattr(type(t), "__tensor_unflatten__")
    )


def transform_subclass(t: Any, callback: Callable, outer_size: Any = None, outer_stride: Any = None) -> Any:
    """A wrapper like t, around what `callback(attribute, tensor)` makes of each tensor in it.

    t: a tensor whose class has `__tensor_flatten__` and `__tensor_unflatten__`; outer_size, outer_stride: t's if None.
    """
    outer_size = t.size() if outer_size is None else outer_size
    outer_stride = t.stride() if outer_stride is None else outer_stride
    names, context = t.__tensor_flatten__()
    inner = {name: callback(name, getattr(t, name)) for name in names}
    return type(t).__tensor_unflatten__(inner, context, outer_size, outer_stride)


__all__ = [
    "BaseTorchDispatchMode",
    "TorchDispatchMode",
    "is_traceable_wrapper_subclass",
    "return_and_correct_aliasing",
    "transform_subclass",
]
