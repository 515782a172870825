"""The graph as users walk it: nodes and edges."""

from typing import Any, NamedTuple

from ..base import messages
from ..tensor.node import Node, edge_of, resolve
from ..tensor.tensor import Tensor


class GradientEdge(NamedTuple):
    """One output of a node: where the gradient of a tensor arrives.  `ownership_token` is always None."""

    node: Node
    output_nr: int
    ownership_token: Any = None


def get_gradient_edge(tensor: Tensor) -> GradientEdge:
    """The edge at which gradients of `tensor` arrive; RuntimeError if it does not require grad.

    >>> import leafgrad as torch
    >>> y = torch.ones(2, requires_grad=True) * 2
    >>> torch.autograd.graph.get_gradient_edge(y).node.name()
    'MulBackward0'
    """
    node, nr = resolve(edge_of(tensor))
    if node is None:
        raise RuntimeError(messages.EDGE_NO_GRAD)
    return GradientEdge(node, nr)


__all__ = ["GradientEdge", "Node", "get_gradient_edge"]
