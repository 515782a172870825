"""A graph that can be called."""

from typing import Any

from ..base import messages
from ..utils._pytree import tree_flatten
from .graph import Graph


class GraphModule:
    """Calls the steps of a graph.  Constants are its attributes; `code` is the program as text."""

    def __init__(self, root: dict[str, Any], graph: Graph, class_name: str = "GraphModule") -> None:
        self.graph, self._class_name = graph, class_name
        for name, value in root.items():
            setattr(self, name, value)

    def __call__(self, *args: Any) -> Any:
        return self.forward(*args)

    def forward(self, *args: Any) -> Any:
        """Do the steps with these inputs, nested as they were when the program was written down.

        TypeError if there are fewer, or more.
        """
        inputs = tree_flatten(args)[0]
        names = [node.name for node in self.graph.nodes if node.op == "placeholder"]
        if len(inputs) > len(names):
            counts = {"want": len(names) + 1, "got": len(inputs) + 1}
            raise TypeError(messages.TRACED_MANY.format(**counts))
        if len(inputs) < len(names):
            absent = [repr(name) for name in names[len(inputs) :]]
            last = (", and " if len(absent) > 2 else " and ").join(absent[-2:])
            text = ", ".join([*absent[:-2], last])
            raise TypeError(
                messages.TRACED_FEW.format(count=len(absent), s="s" * (len(absent) > 1), names=text)
            )
        return next(self.graph.run(self, inputs))

    @property
    def code(self) -> str:
        """The program as Python text."""
        return self.graph.code

    def __repr__(self) -> str:
        return f"{self._class_name}()\n{self.code}\n# To see more debug info, please use `graph_module.print_readable()`"

    def print_readable(self, print_output: bool = True) -> str:
        """The program as the text of a class, which is printed unless told otherwise."""
        lines = self.code.strip().splitlines()
        text = f"class {self._class_name}(torch.nn.Module):\n" + "".join([f"    {line}\n" for line in lines])
        if print_output:
            print(text)  # noqa: T201
        return text
