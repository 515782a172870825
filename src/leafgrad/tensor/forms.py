"""The class of an op's nodes, and three forms of ops with a shorter way: what they save lies in a flat tuple, and the gradient
of a bare array takes no list of all that a rule may name.
"""

from typing import Any

from ..op.record import Op, same
from .node import FREED, OpNode


class SumNode(OpNode):
    """Two inputs, to both of which the gradient goes as it is: add.  Nothing is saved."""

    __slots__ = ()

    def vjp(self, grad: Any, tensors: bool) -> Any:
        a, b = self.edges
        return None if a is None else grad, None if b is None else grad


class ResultNode(OpNode):
    """One input, whose rule names the result and nothing else: exp, tanh, sigmoid.  saved: (array, counter, version)."""

    __slots__ = ()

    bare: Any  # what computes the rule on bare arrays

    def keep(self, inputs: Any, versions: Any, params: tuple, outputs: Any) -> None:
        (self.saved,) = outputs

    def kept(self) -> tuple:
        return (None,), (None,), (), (self.saved,)

    def vjp(self, grad: Any, tensors: bool) -> Any:
        saved = self.saved
        if not tensors and grad is not None and saved is not FREED:
            data, counter, version = saved
            if counter[0] == version:
                try:
                    return (self.bare(grad, data),)
                except ValueError:
                    pass
        return super().vjp(grad, tensors)

    def release(self) -> None:
        self.saved = FREED


class ProductNode(OpNode):
    """Two inputs, each of whose rules names the other input and nothing else: mul, mm.

    saved: (first input, its version, second input, its version), None for what is not kept.
    """

    __slots__ = ()

    bare: Any  # what computes the first rule on bare arrays, and the second
    other: Any
    alike = False  # whether both rules say the same: of x * x one is enough

    def keep(self, inputs: Any, versions: Any, params: tuple, outputs: Any) -> None:
        self.saved = inputs[0], versions[0], inputs[1], versions[1]

    def kept(self) -> tuple:
        x, x_version, y, y_version = self.saved
        return (x, y), (x_version, y_version), (), None

    def vjp(self, grad: Any, tensors: bool) -> Any:
        saved = self.saved
        if not tensors and grad is not None and saved is not FREED:
            x, x_version, y, y_version = saved
            a, b = self.edges
            if (
                x_version is None or (x._counter[0] == x_version and (a is None or x._node is not None))
            ) and (y_version is None or (y._counter[0] == y_version and (b is None or y._node is not None))):
                try:
                    if x is y and self.alike and x is not None:
                        g = self.bare(grad, x._data)
                        return g, g
                    return (
                        None if a is None else self.bare(grad, y if y_version is None else y._data),
                        None if b is None else self.other(grad, x if x_version is None else x._data),
                    )
                except ValueError:  # the full lane knows what to say
                    pass
        return super().vjp(grad, tensors)

    def release(self) -> None:
        self.saved = FREED


def form(op: Op) -> type[OpNode]:
    """The class of nodes that fits what an op's rules name."""
    names = [rule and rule.names for rule in op.rules]
    if op.params:
        return OpNode
    if len(op.inputs) == 1 and names == [("result",)]:
        return ResultNode
    if len(op.inputs) == 2 and all(rule and rule.fn is same for rule in op.rules):
        return SumNode
    if len(op.inputs) == 2 and names == [op.inputs[1:], op.inputs[:1]] and op.differentiable == 1:
        return ProductNode
    return OpNode


def node_class(op: Op) -> type[OpNode]:
    """The class of an op's nodes, made on first use (users see its name)."""
    if op.node_class is None:
        multi = op.differentiable is None or op.differentiable > 1
        body = {"__slots__": (), "op": op, "multi": multi, "__module__": "leafgrad.autograd.graph"}
        kind = form(op)
        if kind is ResultNode or kind is ProductNode:
            first, *more = [rule.bare for rule in op.rules]  # type: ignore[union-attr]
            body["bare"] = staticmethod(first)
            for other in more:
                body["other"], body["alike"] = staticmethod(other), other is first
        op.node_class = type(op.node, (kind,), body)
    return op.node_class
