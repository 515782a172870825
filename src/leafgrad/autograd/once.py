"""once_differentiable: the backward of a Function whose result must not be differentiated again."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from ..base import messages
from ..base.state import set_grad_enabled, state
from ..tensor.batch import bottom, hide_all
from ..tensor.node import Node, edge_of, next_seq
from ..tensor.tensor import Tensor, counter_of, wrap


class Error(Node):
    """The node of a gradient that cannot be differentiated again."""

    __slots__ = ("text",)

    def __init__(self, text: str, edges: tuple, like: Tensor) -> None:
        self.seq, self.edges, self.hooks, self.saved, self.text = next_seq(), edges, None, None, text
        self.shape, self.dtype = like._data.shape, like._data.dtype

    def vjp(self, grad: Any, tensors: bool) -> Any:
        raise RuntimeError(self.text)


def once_differentiable(fn: Callable) -> Callable:
    """Mark a Function's `backward` as one whose result must not be differentiated again: trying to raises RuntimeError.

    >>> import leafgrad as torch
    >>> from leafgrad.autograd.function import once_differentiable
    >>> class Double(torch.autograd.Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         return x * 2
    ...     @staticmethod
    ...     @once_differentiable
    ...     def backward(ctx, grad):
    ...         return grad * 2
    """

    @wraps(fn)
    def wrapper(ctx: Any, *args: Any) -> Any:
        mode = state.grad_enabled
        set_grad_enabled(False)
        try:
            found = fn(ctx, *args)
        finally:
            set_grad_enabled(mode)
        tensors = [bottom(a)[0] for a in args if isinstance(a, Tensor)]
        edges = tuple([e for a in tensors if (e := edge_of(a)) is not None])
        if not mode or not edges:
            return found
        outs = found if isinstance(found, tuple) else (found,)
        fakes = []
        for o in outs:
            if isinstance(o, Tensor) and o._data.dtype.kind in "fcV":
                inner, levels = bottom(o)
                o = wrap(inner._data)
                o._counter = counter_of(inner)
                o._node = Error(messages.DIFFERENTIATED_TWICE, edges, o)
                o = hide_all(o, levels)
            fakes.append(o)
        return tuple(fakes) if isinstance(found, tuple) else fakes[0]

    return wrapper
