"""Draws the graph behind a tensor as text, from the result down to the leaves."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

DEPTH = 16  # levels of indentation; what lies deeper is drawn below, from the margin: long graphs stay narrow


def draw(tensor: Any, names: Mapping[str, Any] | None = None) -> str:
    """The graph of `grad_fn`s behind `tensor`: one node a line, each node's inputs indented below it.

    A node that several others lead to is drawn once and numbered; elsewhere `[1] above` stands for it.
    A leaf is its AccumulateGrad node, with the leaf's shape.  Inputs that need no gradient have no node and
    are not drawn.  Nothing recurses, and the text grows in proportion to the graph.

    Args:
        tensor: any tensor; for one without history the line says so.
        names: tensors by the names to show beside their nodes, such as `locals()`; other values are skipped.

    Example:
        >>> import leafgrad as torch
        >>> from leafgrad.graph_text import draw
        >>> x = torch.ones(3, requires_grad=True)
        >>> y = x.exp()
        >>> print(draw((y * y + 1).sum(), {"x": x, "y": y}))
        SumBackward0
        └─ AddBackward0
           └─ MulBackward0
              ├─ [1] ExpBackward0  y
              │  └─ AccumulateGrad (3,)  x
              └─ [1] above  y
    """
    if tensor.grad_fn is None:
        what = "a leaf" if tensor.requires_grad else "a tensor that requires no grad"
        return f"{what}, shape {tuple(tensor.shape)}: no graph"
    label = _labels(type(tensor), names or {})
    shared = _shared(tensor.grad_fn)
    numbers: dict[Any, int] = {}
    drawn: set[Any] = set()
    lines: list[str] = []
    starts = [tensor.grad_fn]
    for start in starts:
        # To draw: a node, which of its outputs is meant, the text before its line, that before its inputs'.
        todo = [] if start in drawn else [(start, tensor.output_nr if start is tensor.grad_fn else 0, "", "")]
        while todo:
            node, output, before, beneath = todo.pop()
            later = len(beneath) >= 3 * DEPTH and node not in drawn and any(_inputs(node))
            if later or node in shared:
                numbers.setdefault(node, len(numbers) + 1)
            mark = f"[{numbers[node]}] " if node in numbers else ""
            if node in drawn:
                text = "above"
            elif later:
                text = "below"
                starts.append(node)
            else:
                text = _describe(node)
                drawn.add(node)
                inputs = list(_inputs(node))
                corners = [("├─ ", "│  ")] * (len(inputs) - 1) + [("└─ ", "   ")]
                for (child, number), (corner, bar) in reversed(list(zip(inputs, corners, strict=False))):
                    todo.append((child, number, beneath + corner, beneath + bar))
            which = f", output {output}" if output else ""
            lines.append(before + mark + text + which + label(node, output))
    return "\n".join(lines)


def _inputs(node: Any) -> Iterator[tuple[Any, int]]:
    """The (node, output) pairs that gradients flow on to."""
    return (edge for edge in node.next_functions if edge[0] is not None)


def _shared(root: Any) -> set[Any]:
    """The nodes below `root` that more than one edge leads to."""
    seen, shared, todo = {root}, set(), [root]
    while todo:
        for node, _ in _inputs(todo.pop()):
            if node in seen:
                shared.add(node)
            else:
                seen.add(node)
                todo.append(node)
    return shared


def _name(node: Any) -> str:
    return node.name().rpartition("::")[2]  # torch::autograd::AccumulateGrad


def _describe(node: Any) -> str:
    return f"{_name(node)} {tuple(node.variable.shape)}" if _name(node) == "AccumulateGrad" else _name(node)


def _labels(kind: type[Any], names: Mapping[str, Any]) -> Callable[[Any, int], str]:
    """A function from a node and one of its outputs to the text that names the tensor there."""
    found: dict[Any, list[str]] = {}
    for name, value in names.items():
        if isinstance(value, kind):
            place = id(value) if value.grad_fn is None else (value.grad_fn, value.output_nr)
            found.setdefault(place, []).append(name)

    def label(node: Any, output: int) -> str:
        place = id(node.variable) if _name(node) == "AccumulateGrad" else (node, output)
        here = found.get(place)
        return "  " + ", ".join(here) if here else ""

    return label
