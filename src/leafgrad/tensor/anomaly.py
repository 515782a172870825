"""Anomaly mode: remembers where each node was made, and looks for nan in what nodes return."""

from sys import _getframe
from typing import Any

import numpy as np

from ..base import messages
from ..base.state import anomaly, enter_mode, leave_mode
from ..base.where import ROOT, warn
from ..values.sequences import c_name as short_type
from .node import Node
from .tensor import Tensor

state = anomaly
_token = object()


def set_mode(on: bool, check_nan: bool) -> None:
    """Switch anomaly mode.  TypeError for what is no bool."""
    for place, (name, flag) in enumerate((("enabled", on), ("check_nan", check_nan)), 1):
        if type(flag) is not bool:
            raise TypeError(
                messages.ARGUMENT_TYPE.format(
                    op="set_anomaly_enabled",
                    name=name,
                    place=f" (position {place})",
                    wanted="bool",
                    type=short_type(flag),
                )
            )
    if on and not state.on:
        enter_mode(_token)
    elif state.on and not on:
        leave_mode(_token)
    state.on, state.check_nan = on, check_nan


def remember(node: Node) -> None:
    """Keep the traceback of the call that made the node, and the node whose backward made it."""
    import traceback

    frame: Any = _getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(ROOT):
        frame = frame.f_back
    node.metadata["traceback_"] = traceback.format_stack(frame)
    parent = getattr(state.running, "node", None)
    if parent is not None:
        node.metadata["parent_"] = parent


def watch(node: Node, grad: Any, tensors: bool) -> Any:
    """Run a node's backward; warn where the node was made if that fails, or if it returns a nan."""
    before = getattr(state.running, "node", None)
    state.running.node = node
    try:
        grads = node.vjp(grad, tensors)
        if state.check_nan:
            check(node, grads)
    except Exception:
        explain(node)
        raise
    finally:
        state.running.node = before
    return grads


def explain(node: Node) -> None:
    """Warn where the node that failed was made, and where those were in whose backward it was."""
    found: Any = node
    while found is not None:
        lines = found.metadata.get("traceback_")
        if lines is None:
            warn(messages.ANOMALY_NO_TRACEBACK.format(node=found.name()))
        else:
            text = messages.ANOMALY_FORWARD if found is node else messages.ANOMALY_PARENT
            warn(text.format(node=found.name(), traceback="".join(lines)))
        found = found.metadata.get("parent_")


def check(node: Node, grads: Any) -> None:
    """Raise if a gradient that the node returned has a nan."""
    for index, g in enumerate(grads):
        data = g._data if isinstance(g, Tensor) else g
        if data is not None and np.asarray(data).dtype.kind in "fcV" and np.isnan(data).any():
            raise RuntimeError(messages.ANOMALY_NAN.format(node=node.name(), index=index))
