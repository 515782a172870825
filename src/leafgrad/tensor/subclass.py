"""Subclasses of Tensor: what is computed from one is of its class too.

The first subclass that is defined opens a mode, which sends every op through the full lane; `dress` is called there, and where
tensors are made like others.  That is what the default `__torch_function__` comes to; a class whose own is
`_disabled_torch_function_impl` (Parameter) takes no part: what is computed from it is a plain tensor.  The first that defines one,
or `__torch_dispatch__`, makes leafgrad load what asks it (overriding.py, dispatching.py).
"""

from collections.abc import Callable, Iterable
from typing import Any

from ..base import messages
from ..base.state import enter_mode, modes, state
from .tensor import Tensor

_MODE = object()
OFF, MODES, ALL = range(3)  # state.functions: who is asked: nobody; modes alone; modes and classes


def nothing() -> None:
    """Where nothing is to be done, or no more."""


watch_functions: Callable[[], None] = nothing  # what makes public functions ask; set by face/subclass.py
watch_ops: Callable[[], None] = nothing  # what makes ops ask


def _disabled_torch_function_impl(
    func: Callable, types: Iterable, args: tuple = (), kwargs: dict | None = None
) -> Any:
    """As a class's `__torch_function__`: it takes no part, and what is computed from it is a plain tensor."""
    with DisableTorchFunctionSubclass():
        return func(*args, **(kwargs or {}))


def _disabled_torch_dispatch_impl(
    func: Callable, types: Iterable, args: tuple = (), kwargs: dict | None = None
) -> Any:
    """As a class's `__torch_dispatch__`: do the op as for plain tensors."""
    interceptors = state.interceptors
    state.interceptors = tuple([each for each in interceptors if not getattr(each, "of_classes", False)])
    try:
        return func(*args, **(kwargs or {}))
    finally:
        state.interceptors = interceptors


def ignores_functions(cls: Any) -> bool:
    """Whether a class takes no part in `__torch_function__`."""
    return cls.__torch_function__ is _disabled_torch_function_impl


def _init_subclass(cls: Any, **named: Any) -> None:
    """Called for every new subclass."""
    super(Tensor, cls).__init_subclass__(**named)
    if cls.__torch_dispatch__ is not _disabled_torch_dispatch_impl:
        watch_ops()
        if getattr(cls.__torch_function__, "__func__", None) is _default:  # as in torch: one or the other
            cls.__torch_function__ = _disabled_torch_function_impl
    elif ignores_functions(cls):
        return
    if getattr(cls.__torch_function__, "__func__", None) is not _default and not ignores_functions(cls):
        watch_functions()
    if _MODE not in modes:
        enter_mode(_MODE)


Tensor.__init_subclass__ = classmethod(_init_subclass)  # type: ignore[assignment, arg-type]


def dress(out: Any, inputs: Iterable) -> Any:
    """Give a new tensor, or each of a tuple, the most derived class among the inputs.

    TypeError if two of their classes have nothing to do with each other.
    """
    cls = common(inputs) if state.functions == ALL else Tensor
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
        if kind is found or not issubclass(kind, Tensor) or ignores_functions(kind):
            continue
        if issubclass(kind, found):
            found = kind
        elif not issubclass(found, kind):
            raise TypeError(messages.SUBCLASSES.format(a=found.__name__, b=kind.__name__))
    return found


# --- the default, for those that call `super().__torch_function__` ---


class DisableTorchFunctionSubclass:
    """A context in which no class is asked, while modes are.

    >>> import leafgrad as torch
    >>> with torch._C.DisableTorchFunctionSubclass():
    ...     torch._C._is_torch_function_enabled()
    False
    """

    __slots__ = ("before",)
    left = MODES

    def __enter__(self) -> None:
        self.before = state.functions
        state.functions = min(self.left, self.before)

    def __exit__(self, *exc: object) -> None:
        state.functions = self.before


def _default(cls: Any, func: Callable, types: Iterable, args: tuple = (), kwargs: dict | None = None) -> Any:
    """Call `func`; what it returns is of the class `cls`.

    NotImplemented where a class that is not above this one has a say.
    """
    if not all(issubclass(cls, kind) for kind in types):
        return NotImplemented
    with DisableTorchFunctionSubclass():
        result = func(*args, **(kwargs or {}))
    if func in [getattr(Tensor, name).__get__ for name in ("_base", "grad")]:
        return result
    return converted(result, cls)


Tensor.__torch_function__ = classmethod(_default)
Tensor.__torch_dispatch__ = staticmethod(_disabled_torch_dispatch_impl)


def converted(result: Any, cls: type) -> Any:
    """A result with each tensor in it as one of the class `cls`."""
    if cls is Tensor or ignores_functions(cls):
        return result
    if isinstance(result, Tensor):
        return result if isinstance(result, cls) else result.as_subclass(cls)
    if isinstance(result, tuple):
        return tuple.__new__(type(result), [converted(r, cls) for r in result])
    return type(result)([converted(r, cls) for r in result]) if isinstance(result, list) else result
