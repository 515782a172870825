"""vmap of operators that users define: by the rule that was registered, or one call for each sample."""

from typing import Any

from ..base import messages
from ..base.where import warn
from ..op.record import REGISTRY
from ..tensor.batch import Level
from ..tensor.tensor import Tensor
from ..utils._pytree import _broadcast_to_and_flatten, tree_flatten, tree_map, tree_unflatten


class VmapInfo:
    """What a vmap rule is told: how many samples there are, and what random ops do."""

    def __init__(self, batch_size: int, randomness: str) -> None:
        self.batch_size, self.randomness = batch_size, randomness

    def __repr__(self) -> str:
        return f"VmapInfo(batch_size={self.batch_size}, randomness={self.randomness!r})"


def by_rule(op: Any, level: Level, bound: dict[str, Any]) -> Any:
    """The call of a batch by the registered rule."""
    positional = [bound[a.name] for a in op._schema.arguments if not a.keyword]
    named = {a.name: bound[a.name] for a in op._schema.arguments if a.keyword}
    in_dims = tuple([_dims(x, level) for x in positional])
    physical = [_physical(x, level) for x in positional]
    info = VmapInfo(level.size, level.randomness)
    found = op._vmap(info, in_dims, *physical, **{name: _physical(x, level) for name, x in named.items()})
    if not (isinstance(found, tuple) and len(found) == 2):
        raise RuntimeError(messages.OPERATOR_VMAP.format(op=op._qualname))
    outputs, out_dims = found
    leaves, spec = tree_flatten(outputs)
    dims = [out_dims] if spec.is_leaf() else _broadcast_to_and_flatten(out_dims, spec)
    if dims is None:
        raise RuntimeError(messages.OPERATOR_VMAP_DIMS.format(op=op._qualname, out_dims=out_dims))
    return tree_unflatten([_hidden(x, d, level) for x, d in zip(leaves, dims, strict=True)], spec)


def _dims(x: Any, level: Level) -> Any:
    if isinstance(x, list | tuple):
        return [_dims(each, level) for each in x]
    return 0 if level.hides(x) else None


def _physical(x: Any, level: Level) -> Any:
    return tree_map(level.physical, x)


def _hidden(x: Any, dim: int | None, level: Level) -> Any:
    if not isinstance(x, Tensor) or dim is None:
        return x
    if dim % x._data.ndim:
        dim %= x._data.ndim
        x = REGISTRY["permute"].public(x, (dim, *[i for i in range(x._data.ndim) if i != dim]))
    return level.hidden(x)


def by_samples(op: Any, level: Level, bound: dict[str, Any]) -> Any:
    """The call of each sample by itself, and the results side by side."""
    warn(messages.OPERATOR_LOOP.format(op=op._qualname))
    select = REGISTRY["select"].public
    found, spec = [], None
    for i in range(level.size):
        sample = tree_map(lambda x, i=i: select(level.physical(x), 0, i) if level.hides(x) else x, bound)
        leaves, spec = tree_flatten(op._outer(sample))
        found.append(leaves)
    if spec is None:
        raise RuntimeError(messages.VMAP_EMPTY.format(op=op._qualname))
    stack = REGISTRY["stack"].public
    joined = [
        level.hidden(stack(*each, 0, len(each))) if isinstance(each[0], Tensor) else each[0]
        for each in zip(*found, strict=True)
    ]
    return tree_unflatten(joined, spec)
