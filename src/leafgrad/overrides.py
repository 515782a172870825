"""`torch.overrides`: taking part in the calls of public functions, for classes and modes.

A class with a classmethod `__torch_function__(cls, func, types, args=(), kwargs=None)` is asked for every call that has one of its
instances among the arguments; a `TorchFunctionMode` for every call at all, while it is open.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from typing import Any

from .base import messages
from .base.state import state
from .op import table
from .tensor import subclass
from .tensor.misuse import ABSENT, Missing
from .tensor.overriding import ENTRIES, handled, ordered, overriding
from .tensor.subclass import DisableTorchFunctionSubclass
from .tensor.tensor import Tensor

subclass.watch_functions()

_IGNORED = """
is_tensor broadcast_shapes typename get_default_device set_default_device set_default_tensor_type from_numpy
frombuffer as_strided result_type tensor as_tensor asarray zeros ones empty full scalar_tensor eye
empty_strided rand rand_like randn randn_like randint randint_like randperm normal arange range linspace
logspace tril_indices triu_indices
"""


# --- for functions that users write ---


def has_torch_function(relevant_args: Iterable) -> bool:
    """Whether a class of one of these, or an open mode, is to be asked before a function does its work.

    >>> import leafgrad as torch
    >>> torch.overrides.has_torch_function((torch.ones(2), 3))
    False
    """
    if not isinstance(relevant_args, Iterable):
        raise TypeError(messages.FUNCTION_SEQUENCE)
    if state.skips:
        state.skips = False
        return False
    return bool(state.functions and (state.function_modes or overriding(relevant_args)))


def has_torch_function_unary(tensor: Any) -> bool:
    """The same for one argument.

    >>> import leafgrad as torch
    >>> torch.overrides.has_torch_function_unary(torch.ones(2))
    False
    """
    return has_torch_function((tensor,))


def has_torch_function_variadic(*tensors: Any) -> bool:
    """The same for several.

    >>> import leafgrad as torch
    >>> torch.overrides.has_torch_function_variadic(torch.ones(2), 3)
    False
    """
    return has_torch_function(tensors)


def handle_torch_function(public_api: Callable, relevant_args: Iterable, /, *args: Any, **kwargs: Any) -> Any:
    """Ask for a function of one's own: the newest mode, then the classes of `relevant_args`, subclasses before their bases.

    Raises TypeError if all return NotImplemented.

    >>> import leafgrad as torch
    >>> class Loud(torch.Tensor):
    ...     @classmethod
    ...     def __torch_function__(cls, func, types, args=(), kwargs=None):
    ...         return f"{func.__name__}!"
    >>> def double(x):
    ...     if torch.overrides.has_torch_function((x,)):
    ...         return torch.overrides.handle_torch_function(double, (x,), x)
    ...     return x + x
    >>> double(torch.ones(2)), double(torch.ones(2).as_subclass(Loud))
    (tensor([2., 2.]), 'double!')
    """
    return handled(public_api, ordered(relevant_args, plain=True), args, kwargs)


def wrap_torch_function(dispatcher: Callable) -> Callable:
    """A decorator that lets a function be overridden.  `dispatcher` is called with its arguments and returns the relevant ones.

    >>> import leafgrad as torch
    >>> @torch.overrides.wrap_torch_function(lambda x: (x,))
    ... def double(x):
    ...     return x + x
    >>> double(torch.ones(2))
    tensor([2., 2.])
    """

    def decorate(func: Callable) -> Callable:
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            relevant = dispatcher(*args, **kwargs)
            if has_torch_function(relevant):
                return handle_torch_function(wrapped, relevant, *args, **kwargs)
            return func(*args, **kwargs)

        return wraps(func)(wrapped)

    return decorate


def redispatch_function(func: Callable, types: Sequence, args: tuple, kwargs: dict | None) -> Any:
    """Call what `func` itself does, so that those inside are asked again, but nobody for this call.

    >>> import leafgrad as torch
    >>> torch.overrides.redispatch_function(torch.add, (), (torch.ones(2), 1), {})
    tensor([2., 2.])
    """
    kwargs = kwargs or {}
    attribute = getattr(func, "__self__", None)
    if isinstance(attribute, property):
        func = getattr(attribute, {"__get__": "fget", "__set__": "fset"}[func.__name__])
    entry = ENTRIES.get(func)
    if entry is not None:
        with DisableTorchFunctionSubclass():  # nothing that can be overridden is inside
            return entry.function(*args, **kwargs)
    state.skips = True
    try:
        return func(*args, **kwargs)
    finally:
        state.skips = False


# --- what can be overridden ---


def is_tensor_like(inp: Any) -> bool:
    """Whether something is a tensor or of a class that defines `__torch_function__`.

    >>> import leafgrad as torch
    >>> torch.overrides.is_tensor_like(torch.ones(2)), torch.overrides.is_tensor_like([1.0])
    (True, False)
    """
    return type(inp) is Tensor or hasattr(inp, "__torch_function__")


def is_tensor_method_or_property(func: Callable) -> bool:
    """Whether a function is a method of Tensor, or gets or sets one of its attributes.

    >>> import leafgrad as torch
    >>> torch.overrides.is_tensor_method_or_property(torch.Tensor.add), torch.overrides.is_tensor_method_or_property(torch.add)
    (True, False)
    """
    return func.__name__ in ("__get__", "__set__") or any(func is f for f in vars(Tensor).values())


def resolve_name(f: Callable) -> str | None:
    """The name under which a function is public; None if it is none of ours.

    >>> import leafgrad as torch
    >>> torch.overrides.resolve_name(torch.Tensor.add), torch.overrides.resolve_name(torch.nn.functional.relu)
    ('torch.Tensor.add', 'torch.nn.functional.relu')
    """
    attribute = getattr(f, "__self__", None)
    if isinstance(attribute, property):
        name = next((n for n, a in vars(Tensor).items() if a is attribute), None)
        return f"torch.Tensor.{name}.{f.__name__}"
    if not _NAMES:
        for space, found in _spaces().items():
            for name, function in found.items():
                _NAMES.setdefault(function, f"{space}.{name}")
    try:
        return _NAMES.get(f)
    except TypeError:
        return None


_NAMES: dict[Any, str] = {}


def _spaces() -> dict[str, dict[str, Any]]:
    methods = {name: f for name, f in vars(Tensor).items() if callable(f) and f in ENTRIES}
    python = {
        name: f
        for name, f in table.FUNCTIONS.items()
        if f in ENTRIES and ENTRIES[f].name == f"torch.functional.{name}"
    }
    spaces = {f"torch.{space}": functions for space, functions in table.SPACES.items()}
    return {"torch.functional": python, "torch": table.FUNCTIONS, **spaces, "torch.Tensor": methods}


def get_ignored_functions() -> set[Callable]:
    """Public functions that cannot be overridden by the classes of their arguments.

    >>> import leafgrad as torch
    >>> torch.is_tensor in torch.overrides.get_ignored_functions()
    True
    """
    return {table.FUNCTIONS[name] for name in _IGNORED.split() if name in table.FUNCTIONS} | {
        Tensor.as_subclass,  # type: ignore[attr-defined]
        Tensor._make_subclass,  # type: ignore[attr-defined]
    }


def get_overridable_functions() -> dict[Any, list[Callable]]:
    """The functions that can be overridden, by the module or class where they are found.

    >>> import leafgrad as torch
    >>> torch.add in torch.overrides.get_overridable_functions()[torch]
    True
    """
    import leafgrad

    ignored = get_ignored_functions()
    spaces = {"torch": table.FUNCTIONS, "torch.Tensor": _spaces()["torch.Tensor"]}
    out: dict[Any, list[Callable]] = {}
    for path, functions in {**spaces, **{f"torch.{s}": f for s, f in table.SPACES.items() if f}}.items():
        where: Any = leafgrad
        for part in path.split(".")[1:]:
            where = getattr(where, part)
        out[where] = [f for f in dict.fromkeys(functions.values()) if f in ENTRIES and f not in ignored]
    for attribute in vars(Tensor).values():
        if isinstance(attribute, property) and attribute.fget in ENTRIES:
            out[attribute] = [attribute.__get__]
    return out


def get_testing_overrides() -> dict[Callable, Callable]:
    """For each function that can be overridden one with the same parameters, which returns -1: to test a class that overrides them all.

    >>> import leafgrad as torch
    >>> torch.overrides.get_testing_overrides()[torch.outer](1, vec2=2)
    -1
    """
    found = dict.fromkeys(f for functions in get_overridable_functions().values() for f in functions)
    return {f: _stub(ENTRIES[_function(f)].function) for f in found}


def _function(f: Any) -> Any:
    """The function behind one that can be overridden: that of an attribute, given its `__get__`."""
    attribute = getattr(f, "__self__", None)
    return attribute.fget if isinstance(attribute, property) else f


def _stub(function: Any) -> Callable:
    """A function with the parameters of another, which returns -1."""
    code, defaults = function.__code__, function.__defaults__ or ()
    names, flags = code.co_varnames, code.co_flags
    count, last = code.co_argcount, code.co_argcount + code.co_kwonlyargcount
    usual: dict[str, Any] = {}
    for name, default in zip(names[count - len(defaults) : count], defaults, strict=True):
        if usual or not isinstance(default, Missing):
            usual[name] = _usual(default)
    usual.update({n: _usual(d) for n, d in (function.__kwdefaults__ or {}).items()})
    parts = [_parameter(n, usual) for n in names[:count]]
    if flags & 4 and names[last] != "extra":
        parts.append("*" + names[last])
    elif last > count:
        parts.append("*")
    parts += [_parameter(n, usual) for n in names[count:last]]
    if flags & 8:
        parts.append("**" + names[last + bool(flags & 4)])
    return eval(f"lambda {', '.join(parts)}: -1", {"usual": usual})


def _usual(default: Any) -> Any:
    """A default as users see it, who know nothing of our sentinels."""
    return None if default is ABSENT or isinstance(default, Missing) else default


def _parameter(name: str, usual: dict[str, Any]) -> str:
    return name if name not in usual else f"{name}=usual[{name!r}]"


# --- modes ---


class TorchFunctionMode:
    """A mode that is asked for every call of a public function while it is open; the newest is asked first.

    `__torch_function__(self, func, types, args=(), kwargs=None)` does the call, or returns NotImplemented.  Inside it this
    mode is closed; `with self:` opens it again.

    >>> import leafgrad as torch
    >>> class Names(torch.overrides.TorchFunctionMode):
    ...     def __torch_function__(self, func, types, args=(), kwargs=None):
    ...         print(torch.overrides.resolve_name(func))
    ...         return func(*args, **(kwargs or {}))
    >>> with Names():
    ...     y = torch.ones(2).sum()
    torch.ones
    torch.Tensor.sum
    """

    def __torch_function__(
        self, func: Callable, types: Sequence, args: tuple = (), kwargs: dict | None = None
    ) -> Any:
        raise NotImplementedError

    def __enter__(self) -> Any:
        _push_mode(self)
        return self

    def __exit__(self, exc_type: Any, exc_val: Any, exc_tb: Any) -> None:
        _pop_mode()

    @classmethod
    def push(cls, *args: Any, **kwargs: Any) -> "TorchFunctionMode":
        """An instance, as older programs open one: `with Mode.push():`."""
        return cls(*args, **kwargs)


class BaseTorchFunctionMode(TorchFunctionMode):
    """A mode that changes nothing.

    >>> import leafgrad as torch
    >>> with torch.overrides.BaseTorchFunctionMode():
    ...     torch.ones(2) + 1
    tensor([2., 2.])
    """

    def __torch_function__(
        self, func: Callable, types: Sequence, args: tuple = (), kwargs: dict | None = None
    ) -> Any:
        return func(*args, **(kwargs or {}))


def _push_mode(mode: TorchFunctionMode) -> None:
    state.function_modes = (*state.function_modes, mode)


def _pop_mode() -> TorchFunctionMode:
    *rest, last = state.function_modes
    state.function_modes = tuple(rest)
    return last


class _pop_mode_temporarily:
    """A context in which the newest mode is closed; it is what `with` gives."""

    __slots__ = ("mode",)

    def __enter__(self) -> TorchFunctionMode:
        self.mode = _pop_mode()
        return self.mode

    def __exit__(self, *exc: object) -> None:
        _push_mode(self.mode)


def _get_current_function_mode() -> TorchFunctionMode | None:
    return state.function_modes[-1] if state.function_modes else None


def _get_current_function_mode_stack() -> list[TorchFunctionMode]:
    return list(state.function_modes)


__all__ = [
    "get_ignored_functions", "get_overridable_functions", "get_testing_overrides", "handle_torch_function", "has_torch_function",
    "is_tensor_like",
    "is_tensor_method_or_property", "redispatch_function", "resolve_name", "wrap_torch_function",
]  # fmt: skip
