"""The arguments of transforms: which of them to differentiate, pytrees of tensors, and what functions return."""

from collections.abc import Callable, Sequence
from typing import Any

from ..base import messages
from ..tensor.tensor import Tensor
from ..utils._pytree import TreeSpec, tree_flatten, tree_unflatten


def name_of(function: Any) -> str:
    """A function's name as messages show it."""
    return getattr(function, "__name__", repr(function))


def positions(argnums: Any, count: int) -> tuple[int, ...]:
    """The argnums of a call with `count` positional arguments, as indices from 0; RuntimeError for wrong ones."""
    several = isinstance(argnums, tuple)
    if not several and not isinstance(argnums, int):
        raise RuntimeError(messages.ARGNUMS_TYPE.format(type=type(argnums)))
    if several and not argnums:
        raise RuntimeError(messages.ARGNUMS_EMPTY)
    found = []
    for each in argnums if several else (argnums,):
        if not isinstance(each, int):
            raise RuntimeError(messages.ARGNUMS_ELEMENT.format(type=type(each)))
        if not -count <= each < count:
            raise RuntimeError(messages.ARGNUM_RANGE.format(argnum=each, count=count))
        found.append(each % count)
    if len(set(found)) != len(found):
        raise RuntimeError(messages.ARGNUMS_UNIQUE.format(argnums=tuple(found)))
    return tuple(found)


def replaced(args: tuple, at: tuple[int, ...], new: Sequence) -> tuple:
    """The arguments with those at some positions replaced."""
    out = list(args)
    for i, each in zip(at, new, strict=True):
        out[i] = each
    return tuple(out)


def flat_tensors(tree: Any) -> tuple[list[Tensor], TreeSpec]:
    """The leaves of a pytree, all of which must be tensors (ValueError), and its structure."""
    leaves, spec = tree_flatten(tree)
    for each in leaves:
        if not isinstance(each, Tensor):
            raise ValueError(messages.TRANSFORM_INPUT.format(type=type(each)))
    return leaves, spec


def flat_outputs(api: str, outputs: Any) -> tuple[list[Tensor], TreeSpec]:
    """The same for what a function returned; `api` is the transform that complains (RuntimeError)."""
    if isinstance(outputs, Tensor):
        return tree_flatten(outputs)
    leaves, spec = tree_flatten(outputs)
    if not leaves or outputs is None:
        raise RuntimeError(messages.TRANSFORM_EMPTY.format(api=api, output=leaves))
    for each in leaves:
        if not isinstance(each, Tensor):
            raise RuntimeError(messages.TRANSFORM_OUTPUT.format(api=api, type=type(each)))
    return leaves, spec


def check_real(api: str, what: str, tensors: Sequence[Tensor]) -> None:
    """RuntimeError if one of the `what` (inputs, outputs) of a Jacobian is complex."""
    for index, x in enumerate(tensors):
        if x._data.dtype.kind == "c":
            raise RuntimeError(messages.TRANSFORM_REAL.format(api=api, what=what, index=index))


def with_aux(api: str, result: Any) -> tuple[Any, Any]:
    """(output, aux) of a function with `has_aux`; RuntimeError if that is not what it returned."""
    if not (isinstance(result, tuple) and len(result) == 2):
        raise RuntimeError(messages.AUX.format(api=api))
    return result


def map_aux(function: Callable, aux: Any) -> Any:
    """The pytree of tensors (RuntimeError for others) that came as aux, with a function applied to each."""
    leaves, spec = tree_flatten(aux)
    for each in leaves:
        if not isinstance(each, Tensor):
            raise RuntimeError(messages.TRANSFORM_AUX.format(type=type(each)))
    return tree_unflatten([function(each) for each in leaves], spec)


def wraps(function: Callable, of: Callable) -> Callable:
    """`function` with the name and the docstring of the function it transforms (as functools.wraps, for any callable)."""
    for name in ("__module__", "__name__", "__qualname__", "__doc__"):
        if hasattr(of, name):
            setattr(function, name, getattr(of, name))
    function.__wrapped__ = of  # type: ignore[attr-defined]
    return function
