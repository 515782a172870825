"""make_fx: run a function and write down the ops that it calls, below autograd and vmap.

The tracer is a TorchDispatchMode.  Which node a tensor comes from is known by its memory, so that a tensor that a derivative rule
has kept is known too.  What was not computed from the inputs (and not by ops) is a constant.
"""

import operator
from collections.abc import Callable, Mapping
from types import FunctionType
from typing import Any

from ...base import messages
from ...tensor.overloads import OpOverload
from ...tensor.tensor import Tensor
from ...utils._python_dispatch import TorchDispatchMode
from ...utils._pytree import tree_flatten, tree_map, tree_unflatten
from ..graph import Graph, Node
from ..graph_module import GraphModule


class _Tracer(TorchDispatchMode):
    def __init__(self, decompositions: Mapping[OpOverload, Callable]) -> None:
        self.graph, self.decompositions = Graph(), decompositions
        self.nodes: dict[int, tuple[Any, Node]] = {}  # by the identity of the array, which is kept alive
        self.constants: dict[str, Tensor] = {}

    def knows(self, x: Any) -> bool:
        return isinstance(x, Tensor) and id(x._data) in self.nodes

    def note(self, x: Tensor, node: Node) -> None:
        """Let x be what this node gives."""
        self.nodes[id(x._data)] = x._data, node

    def node_of(self, x: Any) -> Any:
        """The node that x comes from; of what is no tensor, itself."""
        if not isinstance(x, Tensor):
            return x
        if not self.knows(x):
            name = f"_tensor_constant{len(self.constants)}"
            self.constants[name] = x
            self.note(x, self.graph.create_node("get_attr", name))
        return self.nodes[id(x._data)][1]

    def __torch_dispatch__(self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        kwargs = kwargs or {}
        if func in self.decompositions:
            with self:
                return self.decompositions[func](*args, **kwargs)
        if (
            func._opname == "_local_scalar_dense"
            and self.knows(args[0])
            and self.nodes[id(args[0]._data)][1].op != "get_attr"
        ):
            raise RuntimeError(messages.TRACED_VALUE.format(op=func))
        given = tree_map(self.node_of, args), tree_map(self.node_of, kwargs)
        result = func(*args, **kwargs)
        if isinstance(result, Tensor):
            self.note(result, self.graph.create_node("call_function", func, *given))
        elif isinstance(result, tuple | list):
            whole = self.graph.create_node("call_function", func, *given)
            for i, x in enumerate(result):
                if isinstance(x, Tensor):
                    self.note(
                        x,
                        self.graph.create_node("call_function", operator.getitem, (whole, i), name="getitem"),
                    )
        return result


def make_fx(
    f: Callable,
    decomposition_table: Mapping[OpOverload, Callable] | None = None,
    tracing_mode: str = "real",
) -> Callable[..., GraphModule]:
    """A function that runs `f` on its arguments and returns the ops that were called, as a GraphModule.

    decomposition_table: functions to call instead of some ops; what they call is written down.  tracing_mode: only "real", which is
    to say that ops are done.  RuntimeError where the value of a tensor that depends on the inputs is asked for.

    >>> import leafgrad as torch
    >>> from leafgrad.fx.experimental.proxy_tensor import make_fx
    >>> traced = make_fx(lambda x, w: (x @ w).sin())(torch.ones(2, 3), torch.ones(3, 2))
    >>> print(traced.graph)
    graph():
        %x_1 : [num_users=1] = placeholder[target=x_1]
        %w_1 : [num_users=1] = placeholder[target=w_1]
        %mm : [num_users=1] = call_function[target=torch.ops.aten.mm.default](args = (%x_1, %w_1), kwargs = {})
        %sin : [num_users=1] = call_function[target=torch.ops.aten.sin.default](args = (%mm,), kwargs = {})
        return sin
    >>> traced(torch.zeros(2, 3), torch.ones(3, 2))
    tensor([[0., 0.],
            [0., 0.]])
    """
    if tracing_mode != "real":
        if tracing_mode in ("fake", "symbolic"):
            raise NotImplementedError(messages.TRACING_MODE.format(mode=tracing_mode))
        raise AssertionError(messages.TRACING_MODE_UNKNOWN.format(mode=tracing_mode))

    def traced(*args: Any) -> GraphModule:
        _check_count(f, len(args))
        tracer = _Tracer(decomposition_table or {})
        leaves, spec = tree_flatten(args)
        names = _names(f, args)
        for i, x in enumerate(leaves):
            name = names[i] if names else f"arg{i}_1"
            node = tracer.graph.create_node("placeholder", name, name=name)
            if isinstance(x, Tensor):
                tracer.note(x, node)
        with tracer:
            result = f(*tree_unflatten(leaves, spec))
        graph = tracer.graph
        graph.create_node("output", "output", (tree_map(tracer.node_of, result),))
        graph.eliminate_dead_code()
        used = {node.target for node in graph.nodes if node.op == "get_attr"}
        return GraphModule(
            {name: x for name, x in tracer.constants.items() if name in used},
            graph,
            getattr(f, "__name__", "GraphModule"),
        )

    return traced


def _check_count(f: Callable, got: int) -> None:
    """RuntimeError if a function takes more arguments, or fewer."""
    if type(f) is not FunctionType or f.__code__.co_flags & 4:
        return
    code = f.__code__
    if not code.co_argcount - len(f.__defaults__ or ()) <= got <= code.co_argcount:
        raise RuntimeError(
            messages.TRACED_COUNT.format(want=code.co_argcount + code.co_kwonlyargcount, got=got)
        )


def _names(f: Callable, args: tuple) -> list[str]:
    """The names of the inputs: those of the parameters, where each is one tensor or number."""
    from inspect import signature

    try:
        parameters = list(signature(f).parameters.values())
    except (TypeError, ValueError):
        return []
    if len(parameters) < len(args) or any(p.kind > p.POSITIONAL_OR_KEYWORD for p in parameters[: len(args)]):
        return []
    if any(isinstance(a, tuple | list | dict) for a in args):
        return []
    return [f"{p.name}_1" for p, _ in zip(parameters, args, strict=False)]


__all__ = ["make_fx"]
