"""`out=` where it is more than the op's own: checks that torch makes, and results that were computed by several ops."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ..base import messages
from ..tensor.call import recording
from ..tensor.misuse import wrong
from ..tensor.node import edge_of
from ..tensor.tensor import Tensor
from ..tensor.write import INPLACE, fill
from ..values.arguments import CPP
from ..values.dtype import BY_NP
from ..values.strides import check_overlap


def check_out(op: str, out: Any, x: Tensor, *sources: Tensor, text: str = "") -> None:
    """Raise unless `out`, if given, is a tensor of x's dtype; with `sources` (what is read): which has nothing in common with them.

    text: what the op says about another dtype, if that is something of its own.
    """
    if out is None or out is INPLACE:
        return
    if not isinstance(out, Tensor):
        raise wrong(op, "out", None, "Tensor", out)
    if text and out._data.dtype != x._data.dtype:
        raise RuntimeError(text)
    check_out_dtype(out, x._data.dtype)
    if sources:
        check_alone(out, *sources)


def check_alone(out: Tensor, *sources: Tensor) -> None:
    """Raise if several elements of `out` lie in one place, or where a source lies."""
    check_overlap(out._data)
    if any(np.may_share_memory(out._data, s._data) and out._data.size for s in sources):
        raise RuntimeError(messages.MEMORY_SHARED)


def no_out(op: str, out: Any) -> None:
    """Raise for a tensor given as `out` to a function that has no such argument (`out` stands there for "in place")."""
    if out is not None and out is not INPLACE:
        raise TypeError(messages.UNEXPECTED_KEYWORD.format(op=op, name="out"))


def written(op: str, out: Any, inputs: tuple, make: Callable, check: Callable, node: str = "") -> Tensor:
    """Store the tensor that `make(*inputs)` returns in `out`; `check(out, dtype)` may refuse it for its dtype.

    node: the op that torch names where gradients are in the way.
    """
    if not isinstance(out, Tensor):
        raise wrong(op, "out", None, "Tensor", out)
    if recording() and any(edge_of(x) is not None for x in (*inputs, out)):
        raise RuntimeError(messages.OUT_GRAD.format(op=node or op))
    data = make(*inputs)._data
    check(out, data.dtype)
    fill((out,), (data,))
    return out


def check_out_dtype(out: Any, dtype: np.dtype) -> None:
    """RuntimeError if the `out` tensor is not of this dtype."""
    if isinstance(out, Tensor) and out._data.dtype != dtype:
        names = {"want": cpp_name(dtype), "got": cpp_name(out._data.dtype)}
        raise RuntimeError(messages.OUT_DTYPE.format(**names))


def cpp_name(dtype: np.dtype) -> str:
    """A dtype's name in some of torch's messages: "float", "long int"."""
    name = BY_NP[dtype].name
    return {"int64": "long int", "uint8": "unsigned char", "int8": "signed char", "int16": "short int"}.get(
        name, CPP[name]
    )
