"""functionalize and debug_unwrap: what torch.func says about writes, and what it shows of its wrappers."""

from collections.abc import Callable
from typing import Any

from ..base import messages
from ..base.state import state
from ..op.record import REGISTRY
from ..tensor.batch import Batched
from ..tensor.tensor import Tensor
from ..tensor.write import inplace
from ..utils._pytree import tree_flatten, tree_map_only, tree_unflatten
from .arguments import wraps


def functionalize(func: Callable, *, remove: str = "mutations") -> Callable:
    """`func` such that what it writes to its inputs is written when it has returned: not at all if it raises.

    The function is given copies of its tensors.  Those that it wrote to are copied back; an input that it returns unchanged is
    the input itself, and a view of one is a view of the copy.  Writes to other tensors are done as they come, as nobody but a
    compiler could tell: there are no compilers here, so "mutations" and "mutations_and_views" for `remove` mean the same.

    Raises RuntimeError for another `remove`.

    >>> import leafgrad as torch
    >>> x = torch.zeros(2)
    >>> torch.func.functionalize(lambda x: x.add_(1) * 2)(x), x
    (tensor([2., 2.]), tensor([1., 1.]))
    """
    if remove not in ("mutations", "mutations_and_views"):
        raise RuntimeError(messages.FUNCTIONALIZE_REMOVE.format(remove=remove))

    def functional(*args: Any, **kwargs: Any) -> Any:
        leaves, spec = tree_flatten((args, kwargs))
        clone = REGISTRY["clone"].public
        copies = [clone(x, None) if isinstance(x, Tensor) else x for x in leaves]
        known = [x._counter[0] if isinstance(x, Tensor) and x._counter else 0 for x in copies]
        state.transforms += 1
        try:
            given, named = tree_unflatten(copies, spec)
            result = func(*given, **named)
        finally:
            state.transforms -= 1
        unchanged = {}
        for x, copy, version in zip(leaves, copies, known, strict=True):
            if not isinstance(x, Tensor):
                continue
            if copy._counter and copy._counter[0] != version:
                inplace(REGISTRY["copy"], (x, copy))
            else:
                unchanged[id(copy)] = x
        return tree_map_only(Tensor, lambda y: unchanged.get(id(y), y), result)

    return wraps(functional, func)


def debug_unwrap(tensor: Tensor, *, recurse: bool = True) -> Tensor:
    """The tensor with all samples that a tensor inside vmap stands for; any other tensor itself.

    For a look at values while debugging: what is computed with it is not what the transform computes.  recurse: through all vmaps
    that batch it, or the newest only.  The samples are in the first dimension, those of the oldest vmap first of all.

    >>> import leafgrad as torch
    >>> def f(x):
    ...     print(torch.func.debug_unwrap(x))
    ...     return x
    >>> y = torch.vmap(f)(torch.arange(3))
    tensor([0, 1, 2])
    """
    while tensor._notes.__class__ is Batched:
        tensor = tensor._notes.physical
        if not recurse:
            break
    return tensor
