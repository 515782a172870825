"""What a graph lets go of when a walk has freed it: hooks that lead back to their own node.

Such a hook, a closure over its tensor, and the node refer to each other, so that only the garbage collector would find them.
The node cannot run again, so the hook will not be missed; others stay, because a walk that fails there calls them before.
"""

import gc
from types import FunctionType, MethodType, ModuleType
from typing import Any

from .node import Hooks, Node

FAR = 1000  # objects; what is not found among so many is taken to lead back


def without_circles(hooks: Hooks, node: Node) -> Hooks | None:
    """The hooks of a node, or, where one of them leads back to it, those that retain gradients; None if there are none."""
    tables = (*hooks.tensor.values(), hooks.pre, hooks.post, hooks.after)
    if not any(tables):
        return hooks
    return (
        hooks.retained() if leads_to(node, [hook for table in tables for hook in table.values()]) else hooks
    )


def leads_to(node: Node, things: list) -> bool:
    """Whether one comes from these things to the node, but not through global names."""
    seen: set[int] = {id(hooks := node.hooks)}
    stack: list[Any] = list(things)
    while stack:
        thing = stack.pop()
        if thing is node or len(seen) > FAR:
            return True
        if thing is hooks or id(thing) in seen or isinstance(thing, type | ModuleType):
            continue
        seen.add(id(thing))
        if isinstance(thing, FunctionType):
            stack += [*(thing.__closure__ or ()), thing.__defaults__, thing.__kwdefaults__, thing.__dict__]
        elif isinstance(thing, MethodType):
            stack += [thing.__self__, thing.__func__]
        elif gc.is_tracked(thing):
            stack += gc.get_referents(thing)
    return False
