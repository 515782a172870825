"""What an operator takes and returns, in torch's notation: `(Tensor x, SymInt n=3, *, float eps=1e-05) -> Tensor[]`.

A schema is read from a function's annotations or from text; it binds the arguments of calls and says what is wrong with them.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any, Union, get_args, get_origin, get_type_hints

from ..base import messages
from ..tensor.tensor import Tensor
from ..values.device import device
from ..values.dtype import dtype

_BASE: dict[Any, str] = {
    Tensor: "Tensor", int: "SymInt", float: "float", bool: "bool", str: "str", dtype: "ScalarType", device: "Device",
    int | float | bool: "Scalar", Union[int, float, bool]: "Scalar", complex: "complex",  # noqa: UP007
}  # fmt: skip
_RETURNS = ("Tensor", "Tensor[]", "SymInt", "float", "bool", "Scalar")
_PYTHON: dict[str, tuple[type, ...]] = {
    "Tensor": (Tensor,), "SymInt": (int,), "int": (int,), "float": (float, int), "bool": (bool, int, float), "str": (str,),
    "ScalarType": (dtype,), "Device": (device, str), "Scalar": (int, float, bool, complex), "complex": (complex, float, int),
}  # fmt: skip
_NUMBERS: dict[str, type] = {"SymInt": int, "int": int, "float": float, "bool": bool}  # what values become
_DEFAULTS = (int, float, str, type(None), dtype, device)
_SHOWN = {"SymInt": "int", "ScalarType": "int", "Scalar": "number"}
_REQUIRED = object()


class Argument:
    """One parameter of an operator."""

    __slots__ = ("default", "keyword", "mutated", "name", "type")

    def __init__(
        self,
        name: str,
        type: str,
        default: Any = _REQUIRED,
        keyword: bool = False,
        mutated: int | None = None,
    ) -> None:
        self.name, self.type, self.default, self.keyword, self.mutated = name, type, default, keyword, mutated

    @property
    def required(self) -> bool:
        """Whether it has no default."""
        return self.default is _REQUIRED

    def usual(self, value: Any) -> bool:
        """Whether a value is the default."""
        return value is self.default or (
            type(value) is type(self.default) in (int, float, bool, str) and value == self.default
        )

    def __str__(self) -> str:
        kind = self.type
        if self.mutated is not None:
            kind = kind.replace("Tensor", f"Tensor(a{self.mutated}!)", 1)
        return f"{kind} {self.name}" + ("" if self.required else f"={_literal(self.default)}")


class Schema:
    """The arguments and the returns of one operator."""

    __slots__ = ("arguments", "name", "returns")

    def __init__(self, name: str, arguments: list[Argument], returns: list[str]) -> None:
        self.name, self.arguments, self.returns = name, arguments, returns

    def __str__(self) -> str:
        parts: list[str] = []
        for a in self.arguments:
            if a.keyword and "*" not in parts:
                parts.append("*")
            parts.append(str(a))
        back = self.returns[0] if len(self.returns) == 1 else f"({', '.join(self.returns)})"
        return f"{self.name}({', '.join(parts)}) -> {back}"

    __repr__ = __str__

    @property
    def mutates(self) -> list[Argument]:
        """The arguments that calls write to."""
        return [a for a in self.arguments if a.mutated is not None]

    def bind(self, args: tuple, kwargs: dict) -> dict[str, Any]:
        """Every argument by its name, defaults too; RuntimeError for what does not fit."""
        positional = [a for a in self.arguments if not a.keyword]
        if len(args) > len(positional):
            text = messages.OPERATOR_TOO_MANY
            if len(positional) < len(self.arguments):
                text = messages.OPERATOR_TOO_MANY_POSITIONAL
            raise RuntimeError(text.format(op=self.name, most=len(positional), got=len(args), schema=self))
        bound = {}
        for position, a in enumerate(self.arguments):
            if not a.keyword and position < len(args):
                value = args[position]
                if a.name in kwargs:
                    raise RuntimeError(messages.OPERATOR_TWICE.format(name=a.name, schema=self))
            elif a.name in kwargs:
                value = kwargs[a.name]
            elif a.required:
                raise RuntimeError(messages.OPERATOR_MISSING.format(op=self.name, name=a.name, schema=self))
            else:
                value = a.default
            fitting = converted(value, a.type)
            if fitting is _UNFIT and value is not a.default:
                words = {
                    "type": shown(a.type),
                    "name": a.name,
                    "got": type(value).__name__,
                    "position": position,
                    "value": repr(value),
                }
                raise RuntimeError(messages.OPERATOR_ARGUMENT.format(op=self.name, schema=self, **words))
            bound[a.name] = value if fitting is _UNFIT else fitting
        for name in kwargs:
            if name not in bound:
                raise RuntimeError(messages.OPERATOR_UNKNOWN.format(name=name, op=self.name, schema=self))
        return bound

    def split(self, bound: dict[str, Any]) -> tuple[tuple, dict]:
        """Bound arguments as a handler gets them: without those at the end that are as by default."""
        args = [bound[a.name] for a in self.arguments if not a.keyword]
        for a in reversed([a for a in self.arguments if not a.keyword]):
            if not a.usual(args[-1]):
                break
            args.pop()
        named = {a.name: bound[a.name] for a in self.arguments if a.keyword and not a.usual(bound[a.name])}
        return tuple(args), named


_UNFIT: Any = object()


def fits(value: Any, kind: str) -> bool:
    """Whether a value is of a type of the notation, or can be made so."""
    return converted(value, kind) is not _UNFIT


def converted(value: Any, kind: str) -> Any:
    """A value as one of a type of the notation: sequences become lists, numbers and tensors of one element numbers of that type."""
    if kind.endswith("?"):
        return None if value is None else converted(value, kind[:-1])
    if kind.endswith("[]"):
        items = [converted(v, kind[:-2]) for v in value] if isinstance(value, list | tuple) else [_UNFIT]
        return _UNFIT if any(item is _UNFIT for item in items) else items
    number = _NUMBERS.get(kind)
    if number is not None and isinstance(value, Tensor) and value._data.size == 1:
        return number(value)
    if number is int and isinstance(value, int) and not -(2**63) <= value < 2**63:
        return _UNFIT
    if not isinstance(value, _PYTHON[kind]):
        return _UNFIT
    return value if number is None else number(value)


def shown(kind: str) -> str:
    """A type as torch's errors name it."""
    if kind.endswith("?"):
        return f"Optional[{shown(kind[:-1])}]"
    return f"List[{shown(kind[:-2])}]" if kind.endswith("[]") else _SHOWN.get(kind, kind)


def _literal(value: Any) -> str:
    if isinstance(value, str | device):
        return f'"{value}"'
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(str, value))}]"
    return str(value).removeprefix("torch.") if isinstance(value, dtype) else str(value)


# --- from annotations ---


def infer(function: Callable, mutates: Any, name: str = "") -> Schema:
    """The schema that a function's annotations say; ValueError, in torch's words, for what has no place in one."""
    from inspect import Parameter, signature

    sig = signature(function)
    text = sig

    def fail(what: str) -> ValueError:
        return ValueError(messages.INFER.format(what=what, signature=text))

    hints = get_type_hints(function)
    if isinstance(mutates, str) and mutates != "unknown":
        raise ValueError(messages.INFER_STRING)
    arguments = []
    for place, p in enumerate(sig.parameters.values()):
        if p.kind not in (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY):
            raise fail(messages.INFER_VARARGS)
        if p.name not in hints:
            raise fail(messages.INFER_NO_TYPE.format(name=p.name))
        kind = notation(hints[p.name])
        if kind is None:
            raise fail(messages.INFER_TYPE.format(name=p.name, type=hints[p.name]))
        mutated = None
        if ("Tensor" in kind and mutates == "unknown") or (mutates != "unknown" and p.name in mutates):
            if "Tensor" not in kind:
                raise fail(messages.INFER_MUTATES_TYPE.format(name=p.name))
            mutated = place
        default = _REQUIRED if p.default is Parameter.empty else p.default
        if default is not _REQUIRED and not isinstance(default, _DEFAULTS):
            raise fail(messages.INFER_DEFAULT_TYPE.format(name=p.name, type=type(default)))
        if default is not _REQUIRED and default is not None and not fits(default, kind):
            raise fail(messages.INFER_DEFAULT.format(name=p.name, default=default))
        arguments.append(Argument(p.name, kind, default, p.kind is Parameter.KEYWORD_ONLY, mutated))
    if mutates != "unknown":
        absent = set(mutates) - {a.name for a in arguments}
        if absent:
            raise fail(messages.INFER_MUTATES.format(names=absent))
    if "return" not in hints:
        raise fail(messages.INFER_NO_RETURN)
    returns = _returns(hints["return"])
    if returns is None:
        raise fail(messages.INFER_RETURN.format(type=hints["return"]))
    return Schema(name, arguments, returns)


def notation(annotation: Any) -> str | None:
    """A type annotation in the notation; None for one that has no place there."""
    if annotation in _BASE:
        return _BASE[annotation]
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin in (list, tuple) or getattr(origin, "__name__", "") == "Sequence":
        kind = notation(inner[0]) if len(inner) == 1 else None
        return kind and kind + "[]"
    if type(None) in inner:
        rest = [a for a in inner if a is not type(None)]
        kind = notation(rest[0] if len(rest) == 1 else Union[tuple(rest)])  # noqa: UP007
        return kind and kind + "?"
    return None


def _returns(annotation: Any) -> list[str] | None:
    if annotation is None or annotation is type(None):
        return []
    if get_origin(annotation) is tuple:
        found = [notation(a) for a in get_args(annotation)]
    else:
        found = [notation(annotation)]
    return None if any(kind not in _RETURNS for kind in found) else found  # type: ignore[return-value]


# --- from text ---

_SCHEMA = re.compile(r"^\s*([\w:.]*)\s*\((.*)\)\s*->\s*(.*?)\s*$", re.DOTALL)
_ARGUMENT = re.compile(r"^(\w+)(?:\((\w+)(!?)\))?((?:\?|\[\d*\])*)\s+(\w+)\s*(?:=\s*(.*))?$", re.DOTALL)
_CONSTANTS: dict[str, Any] = {"None": None, "True": True, "False": False}


def parse(text: str, name: str = "") -> Schema:
    """The schema that a text says; RuntimeError if it is none."""
    match = _SCHEMA.match(text)
    if match is None:
        raise RuntimeError(messages.SCHEMA_TEXT.format(text=text))
    arguments: list[Argument] = []
    keyword = False
    for part in _commas(match[2]):
        if part == "*":
            keyword = True
            continue
        found = _ARGUMENT.match(part)
        if found is None or _SHOWN_INVERSE.get(found[1], found[1]) not in _PYTHON:
            raise RuntimeError(messages.SCHEMA_TEXT.format(text=text))
        kind = _SHOWN_INVERSE.get(found[1], found[1]) + re.sub(r"\[\d+\]", "[]", found[4])
        default = _REQUIRED if found[6] is None else _value(found[6].strip())
        arguments.append(Argument(found[5], kind, default, keyword, len(arguments) if found[3] else None))
    back = match[3]
    parts = _commas(back[1:-1]) if back.startswith("(") else [back]
    returns = [re.sub(r"\(\w+!?\)", "", p).split()[0] for p in parts]
    return Schema(name or match[1], arguments, [_SHOWN_INVERSE.get(r, r) for r in returns])


_SHOWN_INVERSE = {"int": "SymInt"}


def _value(text: str) -> Any:
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    from ast import literal_eval

    return literal_eval(text)


def _commas(text: str) -> list[str]:
    """The parts of a list, which may hold lists."""
    parts, depth, start = [], 0, 0
    for i, c in enumerate(text):
        depth += (c in "[(") - (c in "])")
        if c == "," and not depth:
            parts.append(text[start:i].strip())
            start = i + 1
    last = text[start:].strip()
    return [*parts, last] if last else parts


def tensors_in(values: Iterable) -> list[Tensor]:
    """The tensors among values, and in lists of them."""
    out: list[Tensor] = []
    for v in values:
        if isinstance(v, Tensor):
            out.append(v)
        elif isinstance(v, list | tuple):
            out += [x for x in v if isinstance(x, Tensor)]
    return out
