"""NumPy's names of arguments, which torch takes in place of its own: `axis` for `dim`, `keepdims` for `keepdim`.

A function lists them behind torch's and asks here only when one was given, so that nothing is paid for them otherwise.
"""

from sys import _getframe
from typing import Any

from ..base import messages
from ..op.table import SIGNATURES
from .misuse import ABSENT, Missing, called, entry, exposed, given, invalid, is_method

TORCH_NAMES = {"axis": "dim", "keepdims": "keepdim"}


def by_numpy_name(name: str, value: Any, own: Any) -> Any:
    """The `value` that the calling function was given under NumPy's `name`; torch's TypeError if it was also given one of
    its `own`, under torch's.  (Of an argument that has its default value nobody can tell whether it was given.)
    """
    if own is ABSENT or type(own) is Missing or (own is False and name == "keepdims"):
        return value
    frame = _getframe(1)
    there = given(frame)
    if TORCH_NAMES[name] not in there:
        return value
    if name == "keepdims" and "axis" in there:  # which stands in `dim` by now
        there = [n for n in there if n != "dim"]
    op, function = exposed(frame.f_code)
    signatures = SIGNATURES.get(function, ())
    method = is_method(entry())
    if signatures and sum(_most(s, method) >= len(there) for s in signatures) != 1:
        raise invalid(op, signatures)  # else torch speaks of the only overload that takes as many
    name = next(n for n in there if n in TORCH_NAMES)
    raise TypeError(messages.UNEXPECTED_KEYWORD.format(op=called(op, entry()), name=name))


def _most(signature: str, method: bool) -> int:
    """How many arguments a signature takes, the tensor included; a method has no `out`."""
    return len([a for a in signature.split(", ") if a != "*" and not (method and a.endswith(" out = None"))])
