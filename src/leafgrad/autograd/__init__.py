"""Automatic differentiation: what torch documents under `torch.autograd`."""

from typing import TYPE_CHECKING

from ..base import later
from .anomaly_mode import detect_anomaly, is_anomaly_check_nan_enabled, is_anomaly_enabled, set_detect_anomaly
from .backward import backward, grad
from .grad_mode import enable_grad, inference_mode, is_grad_enabled, no_grad, set_grad_enabled
from .switches import (
    enforce_grad_layout_policy,
    is_multithreading_enabled,
    is_view_replay_enabled,
    set_multithreading_enabled,
)

if TYPE_CHECKING:
    from . import forward_ad, function, functional, graph, profiler, profiler_util  # noqa: F401
    from .function import Function
    from .gradcheck import GradcheckError, gradcheck, gradgradcheck
    from .variable import Variable
else:
    __getattr__ = later.names(
        __name__,
        {
            "forward_ad": "",
            "function": "Function",
            "functional": "",
            "gradcheck": "GradcheckError gradcheck gradgradcheck",
            "graph": "",
            "profiler": "",
            "profiler_util": "",
            "variable": "Variable",
        },
    )


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


__all__ = [
    "Function", "Variable", "GradcheckError", "backward", "detect_anomaly", "enable_grad", "forward_ad", "function",
    "functional", "grad", "gradcheck",
    "gradgradcheck", "graph", "enforce_grad_layout_policy", "inference_mode", "is_multithreading_enabled", "is_view_replay_enabled",
    "set_multithreading_enabled", "is_anomaly_check_nan_enabled", "is_anomaly_enabled", "is_grad_enabled", "no_grad", "set_detect_anomaly",
    "set_grad_enabled",
]  # fmt: skip
