"""Places in the graph that may stand for tensors where gradients start and end."""

from typing import Any, NamedTuple

from ..tensor.node import Node


class GradientEdge(NamedTuple):
    """One output of a node: where the gradient of a tensor arrives.

    It may stand for the tensor among the inputs and outputs of `backward` and `grad`, and keeps the graph alive.
    `ownership_token` is always None: torch needs one for custom Functions, whose nodes do not own the graph there.

    >>> import leafgrad as torch
    >>> x = torch.tensor(2.0, requires_grad=True)
    >>> edge = torch.autograd.graph.get_gradient_edge(x * x)
    >>> edge.node.name(), edge.output_nr
    ('MulBackward0', 0)
    >>> torch.autograd.grad(edge, x, torch.tensor(1.0))
    (tensor(4.),)
    """

    node: Node
    output_nr: int
    ownership_token: Any = None


GradientEdge.__module__ = "leafgrad.autograd.graph"  # where users find it
