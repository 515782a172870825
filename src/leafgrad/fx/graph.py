"""A program as a list of nodes: inputs, constants, calls of ops, the output."""

import builtins
import keyword
from collections.abc import Iterator
from typing import Any
from weakref import WeakKeyDictionary

from ..tensor.overloads import OpOverload
from ..utils._pytree import tree_flatten, tree_map


class Node:
    """One step.  op: "placeholder", "get_attr", "call_function" or "output"; target: what is called, or a name.

    args, kwargs: its arguments, in which other nodes stand for their values.  users: the nodes that have it as an argument.
    """

    def __init__(self, op: str, name: str, target: Any, args: tuple, kwargs: dict) -> None:
        self.op, self.name, self.target, self.args, self.kwargs = op, name, target, args, kwargs
        self.users: WeakKeyDictionary[Node, None] = WeakKeyDictionary()  # they refer to it
        self.meta: dict[str, Any] = {}

    def __repr__(self) -> str:
        return self.name

    @property
    def all_input_nodes(self) -> list["Node"]:
        """The nodes among its arguments, each once."""
        return list(
            dict.fromkeys(x for x in tree_flatten((self.args, self.kwargs))[0] if isinstance(x, Node))
        )

    def is_impure(self) -> bool:
        """Whether it does more than return a value: it writes, or is an input or the output."""
        if self.op != "call_function":
            return self.op != "get_attr"
        return isinstance(self.target, OpOverload) and _writes(self.target)

    def format_node(self) -> str:
        """A line that says all of it."""
        if self.op == "output":
            return f"return {_text(self.args[0])}"
        head = f"%{self.name} : [num_users={len(self.users)}] = {self.op}[target={_target(self)}]"
        if self.op in ("placeholder", "get_attr"):
            return head
        args = ", ".join([_percent(a) for a in self.args]) + ("," if len(self.args) == 1 else "")
        kwargs = ", ".join([f"{k}: {_percent(v)}" for k, v in self.kwargs.items()])
        return f"{head}(args = ({args}), kwargs = {{{kwargs}}})"


def _writes(target: OpOverload) -> bool:
    schema = getattr(target, "_schema", None)
    name = target._opname
    return (
        target._overloadname == "out"
        or (name.endswith("_") and not name.startswith("_"))
        or bool(schema and schema.mutates)
    )


def _target(node: Node) -> str:
    if isinstance(node.target, OpOverload):
        return f"torch.ops.{node.target}"
    return (
        node.target
        if isinstance(node.target, str)
        else f"{node.target.__module__.lstrip('_')}.{node.target.__name__}"
    )


def _percent(x: Any) -> str:
    if isinstance(x, Node):
        return "%" + x.name
    if isinstance(x, list | tuple):
        inside = ", ".join(map(_percent, x))
        return f"[{inside}]" if isinstance(x, list) else f"({inside},)" if len(x) == 1 else f"({inside})"
    return str(x)


def _text(x: Any) -> str:
    """An argument as it stands in code."""
    if isinstance(x, Node):
        return x.name
    if isinstance(x, dict):
        return "{" + ", ".join([f"{k!r}: {_text(v)}" for k, v in x.items()]) + "}"
    if isinstance(x, list | tuple):
        inside = ", ".join(map(_text, x))
        return f"[{inside}]" if isinstance(x, list) else f"({inside},)" if len(x) == 1 else f"({inside})"
    return repr(x)


class Graph:
    """The nodes of a program, in order."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self._names: dict[str, int] = {}

    def __str__(self) -> str:
        return "graph():\n" + "".join([f"    {node.format_node()}\n" for node in self.nodes]).rstrip("\n")

    def create_node(
        self, op: str, target: Any, args: tuple = (), kwargs: dict | None = None, name: str = ""
    ) -> Node:
        """Add a node; its name is made different from all others."""
        node = Node(
            op,
            self._name(name or getattr(target, "_opname", None) or str(target)),
            target,
            args,
            kwargs or {},
        )
        for other in node.all_input_nodes:
            other.users[node] = None
        self.nodes.append(node)
        return node

    def _name(self, name: str) -> str:
        taken = name in self._names or hasattr(builtins, name) or keyword.iskeyword(name)
        if not taken:
            self._names[name] = 0
            return name
        count = self._names.get(name, 0) + 1
        while f"{name}_{count}" in self._names:
            count += 1
        self._names[name] = count
        self._names[f"{name}_{count}"] = 0
        return f"{name}_{count}"

    def eliminate_dead_code(self) -> bool:
        """Take out nodes that nobody uses and that do nothing else; whether there were any."""
        before = len(self.nodes)
        for node in reversed(self.nodes):
            if not node.users and not node.is_impure():
                for other in node.all_input_nodes:
                    del other.users[node]
                self.nodes.remove(node)
        return len(self.nodes) != before

    def print_tabular(self) -> None:
        """Print one line per node: op, name, target, args, kwargs."""
        rows = [("opcode", "name", "target", "args", "kwargs")]
        rows += [(n.op, n.name, str(n.target), str(n.args), str(n.kwargs)) for n in self.nodes]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        rows.insert(1, tuple(["-" * w for w in widths]))  # type: ignore[arg-type]
        for row in rows:
            print("  ".join([cell.ljust(w) for cell, w in zip(row, widths, strict=True)]).rstrip())  # noqa: T201

    @property
    def code(self) -> str:
        """The program as Python text."""
        names = [n.name for n in self.nodes if n.op == "placeholder"]
        last = {other: node for node in self.nodes for other in node.all_input_nodes}
        lines = [f"def forward({', '.join(['self', *names])}):"]
        for node in self.nodes:
            if node.op == "placeholder":
                continue
            line = _statement(node)
            done = [other.name for other, user in last.items() if user is node and node.op != "output"]
            if not node.users and node.op != "output":  # it writes, and nobody reads what it returns
                done.append(node.name)
            lines.append("    " + line + (f";  {' = '.join(done)} = None" if done else ""))
        return "\n\n\n" + "\n".join(lines) + "\n    "

    def run(self, owner: Any, args: list) -> Iterator[Any]:
        """Do the steps with these inputs; yields the output last."""
        values: dict[Node, Any] = {}
        inputs = iter(args)

        def value(x: Any) -> Any:
            return values[x] if isinstance(x, Node) else x

        for node in self.nodes:
            if node.op == "placeholder":
                values[node] = next(inputs)
            elif node.op == "get_attr":
                values[node] = getattr(owner, node.target)
            elif node.op == "call_function":
                values[node] = node.target(*tree_map(value, node.args), **tree_map(value, node.kwargs))
            else:
                yield tree_map(value, node.args[0])


def _statement(node: Node) -> str:
    if node.op == "get_attr":
        return f"{node.name} = self.{node.target}"
    if node.op == "output":
        return f"return {_text(node.args[0])}"
    if not isinstance(node.target, OpOverload):
        return f"{node.name} = {_text(node.args[0])}[{node.args[1]}]"
    parts = [*map(_text, node.args), *[f"{k} = {_text(v)}" for k, v in node.kwargs.items()]]
    return f"{node.name} = torch.ops.{node.target}({', '.join(parts)})"
