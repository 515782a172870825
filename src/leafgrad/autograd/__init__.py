"""Automatic differentiation: what torch documents under `torch.autograd`."""

from . import forward_ad, function, graph
from .anomaly_mode import detect_anomaly, is_anomaly_check_nan_enabled, is_anomaly_enabled, set_detect_anomaly
from .backward import backward, grad
from .function import Function
from .grad_mode import enable_grad, inference_mode, is_grad_enabled, no_grad, set_grad_enabled
from .gradcheck import GradcheckError, gradcheck, gradgradcheck
from .switches import (
    enforce_grad_layout_policy,
    is_multithreading_enabled,
    is_view_replay_enabled,
    set_multithreading_enabled,
)
from .variable import Variable


def __getattr__(name: str) -> object:
    """Load what few programs need when they first ask for it."""
    if name in ("functional", "profiler", "profiler_util"):
        from importlib import import_module

        return import_module("." + name, __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = [
    "Function", "Variable", "GradcheckError", "backward", "detect_anomaly", "enable_grad", "forward_ad", "function",
    "functional", "grad", "gradcheck",
    "gradgradcheck", "graph", "enforce_grad_layout_policy", "inference_mode", "is_multithreading_enabled", "is_view_replay_enabled",
    "set_multithreading_enabled", "is_anomaly_check_nan_enabled", "is_anomaly_enabled", "is_grad_enabled", "no_grad", "set_detect_anomaly",
    "set_grad_enabled",
]  # fmt: skip
