"""The table: what is exported under which name.  Rows fill it; face/bind.py makes the module and the methods
from it.
"""

from collections.abc import Callable
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable)

FUNCTIONS: dict[str, Callable] = {}  # torch.NAME
METHODS: dict[str, Callable] = {}  # Tensor.NAME
INPLACE: dict[str, Callable] = {}  # Tensor.NAME_, by the function that does it with `out=INPLACE`
OPERATORS: dict[str, Callable] = {}  # "add" for __add__, and __iadd__ by the name of the in-place variant
OPERATE: dict[
    str, Callable
] = {}  # the same where there is a function that itself answers NotImplemented to foreign operands
AUGMENT: dict[str, Callable] = {}  # and for __iadd__
REFLECTED: dict[str, Callable] = {}  # "add" for __radd__: called with (self, other)
SIGNATURES: dict[Callable, tuple[str, ...]] = {}  # torch's overloads, listed where arguments fit none of them
SPACES: dict[str, dict[str, Callable]] = {"nn.functional": {}, "special": {}, "linalg": {}, "fft": {}}
OTHERS: dict[str, Callable] = {}  # functions elsewhere that classes may override: "autograd.grad"


def expose(
    function: Callable,
    name: str,
    *,
    torch: bool = True,
    method: bool = True,
    inplace: bool = False,
    aliases: tuple[str, ...] = (),
    operator: str | None = None,
    row: Any = None,
    operate: Callable | None = None,
    reflected: Callable | None = None,
    signatures: tuple[str, ...] = (),
    spaces: tuple[str, ...] | dict[str, str] = (),
) -> None:
    """Enter a public function.

    torch, method, inplace: whether it is `torch.name`, `Tensor.name`, `Tensor.name_` (the function must take
    `out`).  aliases: other names for all of these.  operator: the Python operator it stands for; row: the
    binary op behind it, which has functions that are made for operators, or operate: such a function;
    reflected: the function for `other operator self`, called with (self, other).  signatures: torch's
    overloads, for the message about missing arguments.  spaces: other modules that have it, under the same
    name or, as a dict, another one.
    """
    for n in (name, *aliases):
        if torch:
            FUNCTIONS[n] = function
        if method:
            METHODS[n] = function
        if inplace:
            INPLACE[n] = function
    if operator:
        OPERATORS[operator] = function
        if row:
            OPERATE[operator], AUGMENT[operator] = row.operator, row.augment
        if operate:
            OPERATE[operator] = operate
        if reflected:
            REFLECTED[operator] = reflected
    if signatures:
        SIGNATURES[function] = signatures
    for space in spaces:
        SPACES[space][spaces[space] if isinstance(spaces, dict) else name] = function


def public(**options: Any) -> Callable[[F], F]:
    """`expose` as a decorator of a function that has torch's name and signature."""

    def decorate(function: F) -> F:
        name = options.pop("name", None) or function.__name__.rstrip("_")
        function.__name__ = function.__qualname__ = name
        expose(function, name, **options)
        return function

    return decorate
