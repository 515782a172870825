"""`torch.fx`: programs as lists of ops.  `experimental.proxy_tensor.make_fx` writes one down by running it."""

from . import experimental
from .graph import Graph, Node
from .graph_module import GraphModule

__all__ = ["Graph", "GraphModule", "Node", "experimental"]
