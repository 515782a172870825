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

    __slots__ = ("_fails",)

    def __init__(self, function: str, names: tuple[str, ...], signatures: tuple[str, ...]) -> None:
        def fails() -> Exception:
            if signatures:
                return invalid(function, signatures)
            values = entry().f_locals
            absent = [n for n in names if type(values.get(n)) is Missing] or list(names[-1:])
            template = messages.MISSING_ONE if len(absent) == 1 else messages.MISSING_SOME
            return TypeError(
                template.format(op=function, n=len(absent), names=", ".join(f'"{n}"' for n in absent))
            )

        object.__setattr__(self, "_fails", fails)

    def _raise(self, *_: Any) -> Any:
        raise object.__getattribute__(self, "_fails")()

    __getattr__ = __index__ = __iter__ = __len__ = __bool__ = __float__ = __call__ = __getitem__ = _raise
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __neg__ = __lt__ = __le__ = __gt__ = (
        __ge__
    ) = _raise


def entry() -> FrameType:
    """The frame of the public function that was called."""
    frame: Any = _getframe(1)
    while frame.f_back is not None and frame.f_back.f_code.co_filename.startswith(ROOT):
        frame = frame.f_back
    return frame


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
    return TypeError(
        messages.ARGUMENT_TYPE.format(
            op=called(function, frame), name=argument, place=place, wanted=wanted, type=short_type(value)
        )
    )


def invalid(function: str, signatures: tuple[str, ...]) -> TypeError:
    """The error for arguments that fit none of the signatures."""
    frame = entry()
    code, values = frame.f_code, frame.f_locals
    first = 1 if is_method(frame) else 0
    every = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    usual = _defaults(function, code)  # nobody can tell whether one of these was given
    given = [n for n in every if not _absent(values.get(n)) and not _same(values[n], usual.get(n, ABSENT))]
    got = [short_type(values[n]) for n in every[first : code.co_argcount] if n in given]
    if code.co_flags & 4:  # *args
        got += map(short_type, values[code.co_varnames[len(every)]])
    named = [f"{n}={short_type(values[n])}" for n in every[code.co_argcount :] if n in given]
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


def _defaults(name: str, code: CodeType) -> dict[str, Any]:
    """The defaults, by name, of the public function that has this name and code."""
    for table in (FUNCTIONS, METHODS, *SPACES.values()):
        function: Any = table.get(name.removeprefix("linalg_"))
        if getattr(getattr(function, "__code__", None), "co_varnames", None) == code.co_varnames:
            last, names = function.__defaults__ or (), code.co_varnames[: code.co_argcount]
            by_place = zip(names[len(names) - len(last) :], last, strict=True)
            return {**dict(by_place), **(function.__kwdefaults__ or {})}
    return dict.fromkeys(code.co_varnames)


def _same(value: Any, default: Any) -> bool:
    return type(value) is type(default) and value == default


def _absent(value: Any) -> bool:
    return value is ABSENT or type(value) is Missing or (type(value) is tuple and value == ("in place",))
