"""What is said about wrong arguments, in torch's words.  Nothing here runs unless a call fails.

The public function that the user called is the outermost frame inside leafgrad; its code tells whether it was
a method (their code is a copy named "Tensor.NAME", made by face/bind.py), and its locals are the arguments.
"""

from sys import _getframe
from types import CodeType, FrameType
from typing import Any

from ..base import messages
from ..base.state import special, state
from ..base.where import ROOT
from ..op.table import FUNCTIONS, METHODS, SPACES
from ..values.sequences import c_name as short_type
from .node import edge_of
from .tensor import Tensor


class Missing:
    """The default of an argument that has none: whatever is done with it is the error.

    Python's own sentence for a missing argument is not torch's, and this way finding out costs nothing.
    """

    __slots__ = ("_told",)

    def __init__(self, function: str, names: tuple[str, ...], signatures: tuple[str, ...]) -> None:
        object.__setattr__(self, "_told", (function, names, signatures))

    def _raise(self, *_: Any) -> Any:
        raise _none_given(*object.__getattribute__(self, "_told"))

    __getattr__ = __index__ = __iter__ = __len__ = __bool__ = __float__ = __call__ = __getitem__ = _raise
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __neg__ = __lt__ = __le__ = __gt__ = (
        __ge__
    ) = _raise


def _none_given(function: str, names: tuple[str, ...], signatures: tuple[str, ...]) -> TypeError:
    """The error for required arguments, of those called `names`, that a call does not give."""
    if signatures:
        return invalid(function, signatures)
    values = entry().f_locals
    absent = [n for n in names if type(values.get(n)) is Missing] or list(names[-1:])
    template = messages.MISSING_ONE if len(absent) == 1 else messages.MISSING_SOME
    return TypeError(template.format(op=function, n=len(absent), names=", ".join(f'"{n}"' for n in absent)))


def entry() -> FrameType:
    """The frame of the public function that was called."""
    frame: Any = _getframe(1)
    found = frame
    while frame is not None and frame.f_code.co_filename.startswith(ROOT):
        if frame.f_code.co_filename not in _ASKS:
            found = frame
        frame = frame.f_back
    return found


# What stands between a call and the function, where classes override functions.
_ASKS = {ROOT + name for name in ("overrides.py", "tensor/overriding.py", "tensor/subclass.py")}


def renew_arguments() -> None:
    """Ask for the history of the arguments.  torch does so before it looks at shapes, and may find that a view is out of date."""
    if not special or state.grad_enabled:
        for value in entry().f_locals.values():
            for x in value if type(value) in (tuple, list) else (value,):
                edge_of(x)


def is_method(frame: FrameType) -> bool:
    """Whether the public function was called as a method."""
    code = frame.f_code
    return code.co_qualname.startswith("Tensor.") and isinstance(
        frame.f_locals.get(code.co_varnames[0]), Tensor
    )


def type_name(value: Any) -> str:
    """A type as torch's messages show it."""
    kind = type(value)
    if isinstance(value, list | tuple) and kind in (list, tuple):
        inner = ", ".join(type_name(v) for v in value)
        return f"list of [{inner}]" if kind is list else f"tuple of ({inner})"
    return short_type(value)


def called(function: str, frame: FrameType) -> str:
    """The name that was called: `function`, or its in-place variant."""
    name = frame.f_code.co_qualname.rpartition(".")[2]
    return name if name == function + "_" else function


def too_many(function: str, count: int, got: int) -> TypeError:
    """The error for more positional arguments than `function` has."""
    if is_method(entry()):
        count, got = count - 1, got - 1
    if count == 0:
        return TypeError(messages.NO_ARGUMENTS.format(op=called(function, entry()), got=got))
    plural = "" if count == 1 else "s"
    return TypeError(
        messages.TOO_MANY_POSITIONAL.format(op=called(function, entry()), most=count, plural=plural, got=got)
    )


def wrong(function: str, argument: str, position: int | None, wanted: str, value: Any) -> TypeError:
    """The error for an argument of the wrong type.  position: counted from 1 in the function, None for a
    keyword.
    """
    if type(value) is Missing:
        value._raise()
    frame = entry()
    if position is not None and is_method(frame):
        position -= 1
    place = f" (position {position})" if position else ""
    text = messages.ARGUMENT_TYPE.format(
        op=called(function, frame), name=argument, place=place, wanted=wanted, type=short_type(value)
    )
    return TypeError(text + overlooked(value))


def overlooked(value: Any) -> str:
    """What is said more of a value whose class would take over the call, if it were asked."""
    asks = hasattr(type(value), "__torch_function__") and not isinstance(value, Tensor)
    return messages.FUNCTION_ALONE if asks else ""


def invalid(function: str, signatures: tuple[str, ...]) -> TypeError:
    """The error for arguments that fit none of the signatures."""
    frame = entry()
    code, values = frame.f_code, frame.f_locals
    first = 1 if is_method(frame) else 0
    every = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    there = given(frame)
    got = [short_type(values[n]) for n in every[first : code.co_argcount] if n in there]
    if code.co_flags & 4:  # *args
        got += map(short_type, values[code.co_varnames[len(every)]])
    named = [f"{n}={short_type(values[n])}" for n in every[code.co_argcount :] if n in there]
    got += named if got else [", ".join(named) + ", "] if named else []
    if first:
        signatures = tuple(s.replace("Tensor input, ", "").replace("Tensor input", "") for s in signatures)
        signatures = tuple(s for s in signatures if not s.startswith("Number self")) or signatures
    if len(signatures) == 1:
        expected = f"({signatures[0]})"
    else:
        expected = "one of:\n" + "".join(f" * ({s})\n" for s in signatures)
    return TypeError(
        messages.COMBINATION.format(op=called(function, frame), got=", ".join(got), expected=expected)
    )


ABSENT: Any = ("absent",)  # the default of an argument whose presence alone chooses the overload


def given(frame: FrameType) -> list[str]:
    """The arguments that a public function was given.  Nobody can tell whether one that has its default value was."""
    code, values = frame.f_code, frame.f_locals
    every = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    usual = _defaults(exposed(code)[1], code)
    return [n for n in every if not _absent(values.get(n)) and not _same(values[n], usual.get(n, ABSENT))]


def exposed(code: CodeType) -> tuple[str, Any]:
    """The public function that has this code, or whose method has a copy of it, and its name."""
    if not _exposed:
        for space, table in {"": FUNCTIONS, "Tensor": METHODS, **SPACES}.items():
            prefix = space + "_" if space in ("linalg", "special", "fft") else ""
            for name, function in table.items():
                body = getattr(function, "__wrapped__", function)
                if hasattr(body, "__code__"):
                    _exposed.setdefault(_place(body.__code__), (prefix + name, function))
    return _exposed.get(_place(code), (code.co_name, None))


_exposed: dict[tuple, tuple[str, Any]] = {}


def _place(code: CodeType) -> tuple:
    return code.co_filename, code.co_firstlineno, code.co_varnames


def _defaults(function: Any, code: CodeType) -> dict[str, Any]:
    """The defaults of a public function, by name."""
    if function is None:
        return dict.fromkeys(code.co_varnames)
    function = getattr(function, "__wrapped__", function)  # where classes override functions
    last, names = function.__defaults__ or (), code.co_varnames[: code.co_argcount]
    by_place = zip(names[len(names) - len(last) :], last, strict=True)
    return {**dict(by_place), **(function.__kwdefaults__ or {})}


def _same(value: Any, default: Any) -> bool:
    return type(value) is type(default) and value == default


def _absent(value: Any) -> bool:
    return value is ABSENT or type(value) is Missing or (type(value) is tuple and value == ("in place",))
