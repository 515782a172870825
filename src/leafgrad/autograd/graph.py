"""The graph as users walk it: nodes and edges, hooks on several tensors, versions; see saving.py for what is saved."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any
from weakref import ref

from ..base import messages
from ..base.handle import RemovableHandle
from ..tensor import engine
from ..tensor.node import Node, edge_of, resolve
from ..tensor.tensor import Tensor
from ..tensor.within import inner
from ..tensor.write import bump
from .edges import GradientEdge
from .saving import (
    allow_mutation_on_saved_tensors,
    disable_saved_tensors_hooks,
    save_on_cpu,
    saved_tensors_hooks,
)


def _node_of(t: Any) -> Node:
    """The node at which the gradient of a tensor (or at an edge) arrives."""
    if isinstance(t, GradientEdge):
        return t.node
    node = resolve(edge_of(inner(t)))[0] if t.requires_grad else None
    assert node is not None, messages.GRADIENT_FUNCTION
    return node


def get_gradient_edge(tensor: Tensor) -> GradientEdge:
    """The edge at which gradients of `tensor` arrive; RuntimeError if it does not require grad.

    >>> import leafgrad as torch
    >>> x = torch.ones(2, requires_grad=True)
    >>> edge = torch.autograd.graph.get_gradient_edge(x * 2)
    >>> edge.node.name()
    'MulBackward0'
    >>> torch.autograd.grad(edge, x, torch.ones(2))
    (tensor([2., 2.]),)
    """
    if not tensor.requires_grad:
        raise RuntimeError(messages.EDGE_NO_GRAD)
    return GradientEdge(_node_of(tensor), tensor.output_nr)


def increment_version(tensor: Tensor | Iterable[Tensor]) -> None:
    """Count a write to tensors whose memory was changed in a way that leafgrad does not see.

    RuntimeError for what is neither a tensor nor an iterable of tensors.  Inference tensors have no version to count.

    >>> import leafgrad as torch
    >>> x = torch.ones(2)
    >>> torch.autograd.graph.increment_version(x); x._version
    1
    """
    several: Any = (tensor,) if isinstance(tensor, Tensor) else tensor
    if not hasattr(several, "__iter__"):
        raise RuntimeError(messages.VERSION_ITERABLE)
    for t in several:
        if not isinstance(t, Tensor):
            raise RuntimeError(messages.VERSION_ELEMENT)
        if t._counter:
            bump(t)


# --- hooks on several tensors ---


class _MultiHandle(RemovableHandle):
    """Removes the hooks on all the tensors."""

    __slots__ = ("handles",)

    def __init__(self, handles: tuple[RemovableHandle, ...]) -> None:
        self.handles = handles

    def remove(self) -> None:
        for handle in self.handles:
            handle.remove()


def register_multi_grad_hook(
    tensors: Sequence[Tensor], fn: Callable[[Any], None], *, mode: str = "all"
) -> RemovableHandle:
    """Call `fn(grads)` once in a backward pass, when the gradients of all tensors that take part are there.

    grads: a list, None for a tensor whose gradient is not computed.  mode="any": call `fn(grad)` with the first gradient that is
    there.  What fn returns does not matter.  ValueError for another mode.

    >>> import leafgrad as torch
    >>> a, b = (torch.ones(2, requires_grad=True) for _ in range(2))
    >>> c = a * 3
    >>> handle = torch.autograd.graph.register_multi_grad_hook((a, b, c), print)
    >>> c.sum().backward()
    [tensor([3., 3.]), None, tensor([1., 1.])]
    """
    if mode not in ("all", "any"):
        raise ValueError(messages.MULTI_GRAD_MODE.format(mode=mode))
    if mode == "any":
        first = _first(fn)
        return _MultiHandle(tuple([t.register_hook(first) for t in tensors if t.requires_grad]))
    nodes = [ref(_node_of(t)) for t in tensors]  # weakly, as they will own the hooks
    key = object()

    def hook(index: int) -> Callable[[Tensor], None]:
        def arrived(grad: Tensor) -> None:
            notes = engine.current_notes()
            if key not in notes:
                alive = [node for known in nodes if (node := known()) is not None]
                notes[key] = [sum(map(engine.will_run, alive)), [None] * len(nodes)]
            waiting = notes[key]
            waiting[1][index] = grad
            waiting[0] -= 1
            if not waiting[0]:
                fn(waiting[1])
                del notes[key]

        return arrived

    return _MultiHandle(tuple([t.register_hook(hook(i)) for i, t in enumerate(tensors)]))


def _first(fn: Callable) -> Callable[[Tensor], None]:
    key = object()

    def arrived(grad: Tensor) -> None:
        notes = engine.current_notes()
        if key not in notes:
            notes[key] = True
            fn(grad)

    return arrived


# --- switches of other devices ---


def _check_switch(enabled: Any) -> None:
    if type(enabled) is not bool:
        raise RuntimeError(messages.ENABLED_BOOL.format(type=type(enabled).__name__))


def set_warn_on_accumulate_grad_stream_mismatch(enabled: bool) -> None:
    """Does nothing: the CPU has no streams that could differ.  RuntimeError for what is no bool.

    >>> import leafgrad as torch
    >>> torch.autograd.graph.set_warn_on_accumulate_grad_stream_mismatch(False)
    """
    _check_switch(enabled)


def set_override_stale_capture_stream(enabled: bool) -> None:
    """Does nothing: the CPU has no streams that could be captured.  RuntimeError for what is no bool.

    >>> import leafgrad as torch
    >>> torch.autograd.graph.set_override_stale_capture_stream(True)
    """
    _check_switch(enabled)


def region_activation_memory_budget(budget: float) -> None:
    """Raises RuntimeError, as in torch outside of a compiled region: leafgrad compiles nothing.

    Before that, TypeError for what is no number and ValueError for one outside of [0, 1].

    >>> import leafgrad as torch
    >>> torch.autograd.graph.region_activation_memory_budget(2)
    Traceback (most recent call last):
    ValueError: torch.autograd.graph.region_activation_memory_budget: must be in [0, 1], got 2
    """
    if isinstance(budget, bool) or not isinstance(budget, int | float):
        raise TypeError(messages.BUDGET_TYPE.format(type=type(budget).__name__))
    if not 0 <= budget <= 1:
        raise ValueError(messages.BUDGET_RANGE.format(budget=budget))
    raise RuntimeError(messages.BUDGET_COMPILE)


__all__ = [
    "GradientEdge", "Node", "allow_mutation_on_saved_tensors", "disable_saved_tensors_hooks", "get_gradient_edge",
    "increment_version", "region_activation_memory_budget", "register_multi_grad_hook", "save_on_cpu", "saved_tensors_hooks",
    "set_override_stale_capture_stream", "set_warn_on_accumulate_grad_stream_mismatch",
]  # fmt: skip
