"""Anomaly mode: remembers where each node was made, and looks for nan in what nodes return."""

import warnings
from typing import Any

import numpy as np

from ..base import messages
from ..base.state import enter_mode, leave_mode
from .node import Node
from .tensor import Tensor


class _State:
    """Process-wide, as in torch."""

    __slots__ = ("check_nan", "on")

    def __init__(self) -> None:
        self.on = self.check_nan = False


state = _State()
_token = object()


def set_mode(on: bool, check_nan: bool) -> None:
    """Switch anomaly mode."""
    if on and not state.on:
        enter_mode(_token)
    elif state.on and not on:
        leave_mode(_token)
    state.on, state.check_nan = on, on and check_nan


def remember(node: Node) -> None:
    """Keep the traceback of the call that made the node."""
    import traceback

    node.metadata["traceback_"] = traceback.format_stack()[:-2]


def explain(node: Node, error: RuntimeError) -> None:
    """Warn where the node that failed was made."""
    if not state.on:
        return
    lines = node.metadata.get("traceback_")
    if lines is None:
        text = messages.ANOMALY_NO_TRACEBACK.format(node=node.name())
    else:
        text = messages.ANOMALY_FORWARD.format(node=node.name(), traceback="".join(lines))
    warnings.warn(text, stacklevel=2)


def check(node: Node, grads: Any) -> None:
    """Raise if a gradient that the node returned has a nan."""
    for index, g in enumerate(grads):
        data = g._data if isinstance(g, Tensor) else g
        if data is not None and np.asarray(data).dtype.kind in "fcV" and np.isnan(data).any():
            error = RuntimeError(messages.ANOMALY_NAN.format(node=node.name(), index=index))
            explain(node, error)
            raise error
