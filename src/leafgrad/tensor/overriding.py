"""`__torch_function__`: classes and modes that take over the calls of public functions.

Nothing of this costs anything before the first class that defines `__torch_function__`, or the first TorchFunctionMode: until
then public functions do not know of it.  Then `watch` gives each of them, and each method, operator and attribute of Tensor,
another body, which asks here first (face/overridable.py says which, and under which names they are shown).  The functions stay the
same objects, so those that were fetched earlier are overridable too.
"""

from collections.abc import Callable, Iterable
from types import FunctionType
from typing import Any

from ..base import messages
from ..base.state import state
from ..base.where import warn
from .subclass import ALL, DisableTorchFunctionSubclass, _default, ignores_functions
from .tensor import Tensor

_UNSHOWN = {"grad_variables", "plain"}  # arguments that torch does not hand on


class Entry:
    """One public function: `function` is what it does.

    shown: what handlers get as `func`, or a function that returns it.  name: torch's, for errors.  whole: whether torch has
    it in Python: then plain tensors count among the types, and optional arguments are given by name, all of them.
    own: whether plain tensors count although it is not.  operator: whether it hands on to the other operand.  classes: whether
    those of the arguments are asked, or modes alone.
    """

    __slots__ = ("classes", "function", "name", "names", "operator", "own", "shown", "whole")

    def __init__(
        self, function: Callable, shown: Any, name: str, whole: bool, own: bool, operator: bool
    ) -> None:
        self.function, self.shown, self.name, self.operator = function, shown, name, operator
        self.whole, self.own, self.classes = whole, own or whole, True
        code: Any = getattr(function, "__code__", None)
        regular = whole and not code.co_flags & 4
        self.names = code.co_varnames[: code.co_argcount] if regular else ()

    def asks(self, args: tuple, kwargs: dict) -> list | None:
        """The arguments whose classes are to be asked before the function does its work; None if nobody is, not even a mode."""
        if state.functions:
            if not self.classes:
                return []
            found = overriding((*args, *kwargs.values()) if kwargs else args)
            if state.function_modes or any(map(_defines, map(type, found))):
                return found
        return None

    def handled(self, found: list, args: tuple, kwargs: dict) -> Any:
        """What a mode or a class makes of the call."""
        if not self.classes and not state.function_modes:
            with DisableTorchFunctionSubclass():  # nor does what it calls ask any
                return self.function(*args, **kwargs)
        if self.whole:
            found = ordered((*args, *kwargs.values()), plain=True)
        elif self.own and type(args[0]) is Tensor:
            found = ordered((args[0], *found), plain=True)
        if self.whole:
            args, kwargs = self._arguments(args, kwargs)
        if not self.operator:
            return handled(self.shown, found, args, kwargs, self)
        try:
            return handled(self.shown, found, args, kwargs, self)
        except TypeError:
            return NotImplemented

    def _arguments(self, args: tuple, kwargs: dict) -> tuple[tuple, dict]:
        """The arguments as a function written in Python hands them on: required ones by position, all others by name."""
        if not self.names or len(args) > len(self.names):
            return args, kwargs
        defaults: tuple = self.function.__defaults__ or ()
        required = len(self.names) - len([d for d in defaults if type(d).__name__ != "Missing"])
        given = {**dict(zip(self.names, args, strict=False)), **kwargs}
        if any(name not in given for name in self.names[:required]):
            return args, kwargs
        usual = dict(zip(self.names[::-1], defaults[::-1], strict=False))
        usual.update(self.function.__kwdefaults__ or {})
        optional = (*self.names[required:], *(self.function.__kwdefaults__ or {}))
        named = {n: given.pop(n, usual.get(n)) for n in optional if n in given or n not in _UNSHOWN}
        return tuple([given.pop(name) for name in self.names[:required]]), {**named, **given}


# --- who is asked ---


def overriding(args: Iterable) -> list:
    """Those of the arguments (and of the items of lists and tuples among them) whose class is asked, in order."""
    return ordered(args)


def ordered(args: Iterable, plain: bool = False) -> list:
    """One argument of each class that is asked; `plain`: whether Tensor itself is among them."""
    if state.functions != ALL:
        return []
    return ordered_by(lambda kind: (plain or kind is not Tensor) and _asked(kind), args)


def ordered_by(asked: Callable[[type], bool], args: Iterable) -> list:
    """One argument of each class that is asked: as they come, but subclasses before the classes that they extend."""
    found: list = []
    for x in _flat(args):
        kind = type(x)
        if all(type(y) is not kind for y in found) and asked(kind):
            place = next((i for i, y in enumerate(found) if issubclass(kind, type(y))), len(found))
            found.insert(place, x)
    return found


def _flat(args: Iterable) -> Iterable:
    for x in args:
        if type(x) in (tuple, list):
            yield from x
        else:
            yield x


def _asked(kind: type) -> bool:
    function = getattr(kind, "__torch_function__", None)
    return function is not None and not ignores_functions(kind)


def _defines(kind: type) -> bool:
    """Whether a class overrides more than the class of results, which `dress` sees to."""
    return not issubclass(kind, Tensor) or getattr(kind.__torch_function__, "__func__", None) is not _default


def handled(func: Any, found: list, args: tuple, kwargs: dict, entry: Entry | None = None) -> Any:
    """What the newest mode, or else the first class that does not return NotImplemented, makes of a call.

    TypeError if there is none.
    """
    types = tuple(map(type, found))
    whole = entry is None or entry.whole
    rest = (args, kwargs) if kwargs or whole else (args,)
    modes = state.function_modes
    if modes:
        state.function_modes = modes[:-1]
        try:
            result = modes[-1].__torch_function__(func, types, *rest)
        finally:
            state.function_modes = modes
        if result is not NotImplemented:
            return result
    for x in found:
        function = _handler(x)
        result = function(func, types, *rest)
        if result is not NotImplemented:
            return result
    raise _nobody(func, types, modes, entry)


def _handler(x: Any) -> Callable:
    kind = type(x)
    function = kind.__torch_function__
    if type(function) is FunctionType and not isinstance(_raw(kind), staticmethod):
        warn(messages.FUNCTION_PLAIN_METHOD)
        return function.__get__(x)
    return function


def _raw(kind: type) -> Any:
    return next(
        (vars(k)["__torch_function__"] for k in kind.__mro__ if "__torch_function__" in vars(k)), None
    )


def _nobody(func: Any, types: tuple, modes: tuple, entry: Entry | None) -> TypeError:
    """The error where all returned NotImplemented."""
    if entry is None or entry.whole:
        name = entry.name if entry else name_of(func)
        mode = messages.FUNCTION_NOR_MODE.format(mode=modes[-1]) if modes else ""
        return TypeError(messages.FUNCTION_NOBODY.format(name=name, types=list(types), mode=mode))
    who = [f"mode object {modes[-1]}"] if modes else []
    who += [f"tensor subclass {kind}" for kind in types]
    lines = "".join([f"  - {each}\n" for each in who])
    return TypeError(messages.FUNCTION_FAILED.format(name=entry.name, who=lines))


def name_of(func: Any) -> str:
    """The name of a function as torch writes it in errors."""
    entry = ENTRIES.get(func) if isinstance(func, FunctionType) else None
    return entry.name if entry else f"{getattr(func, '__module__', None)}.{getattr(func, '__name__', func)}"


# --- another body for public functions ---

ENTRIES: dict[Any, Entry] = {}


def _body(*args: Any, _entry: Entry, **kwargs: Any) -> Any:
    found = _entry.asks(args, kwargs)
    return _entry.function(*args, **kwargs) if found is None else _entry.handled(found, args, kwargs)


def redirect(function: Any, shown: Any, name: str, *, whole: bool, own: bool, operator: bool) -> None:
    """Let a function ask first: its own body moves to another function, which `__wrapped__` names."""
    if function in ENTRIES:
        return
    code = function.__code__
    inner = FunctionType(
        code, function.__globals__, function.__name__, function.__defaults__, function.__closure__
    )
    inner.__kwdefaults__ = function.__kwdefaults__
    inner.__qualname__, inner.__doc__ = function.__qualname__, function.__doc__
    ENTRIES[function] = entry = Entry(inner, shown, name, whole, own, operator)
    function.__dict__["__wrapped__"] = inner
    function.__defaults__, function.__kwdefaults__ = None, {"_entry": entry}
    function.__code__ = _body.__code__.replace(
        co_freevars=code.co_freevars, co_name=code.co_name, co_qualname=code.co_qualname
    )
