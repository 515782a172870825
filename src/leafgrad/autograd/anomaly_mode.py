"""Anomaly mode: `detect_anomaly` and `set_detect_anomaly`."""

from ..base import messages
from ..base.where import warn
from ..tensor import anomaly


def is_anomaly_enabled() -> bool:
    """Whether anomaly mode is on.

    >>> import leafgrad as torch
    >>> torch.is_anomaly_enabled()
    False
    """
    return anomaly.state.on


def is_anomaly_check_nan_enabled() -> bool:
    """Whether, in anomaly mode, the gradients that nodes return are searched for nan.

    >>> import leafgrad as torch
    >>> with torch.autograd.set_detect_anomaly(True, check_nan=False):
    ...     torch.is_anomaly_check_nan_enabled()
    False
    """
    return anomaly.state.check_nan


class set_detect_anomaly:
    """Switch anomaly mode on or off: at once when called, and back at the end of a `with` block.

    In anomaly mode every node remembers the traceback of the call that made it, shown in a warning when its backward fails; with
    `check_nan`, a nan in a gradient raises RuntimeError.  It costs much time: for looking for faults only.

    >>> import leafgrad as torch
    >>> with torch.autograd.set_detect_anomaly(True):
    ...     torch.is_anomaly_enabled()
    True
    """

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        self.before = (anomaly.state.on, anomaly.state.check_nan)
        anomaly.set_mode(mode, check_nan)

    def __enter__(self) -> None:
        pass

    def __exit__(self, *exc: object) -> None:
        anomaly.set_mode(*self.before)


class detect_anomaly:
    """Anomaly mode as a context; see `set_detect_anomaly`.

    >>> import leafgrad as torch, warnings
    >>> warnings.simplefilter("ignore")  # it warns that it is slow
    >>> x = torch.tensor(0., requires_grad=True)
    >>> with torch.autograd.detect_anomaly(check_nan=False):
    ...     (x * 2).backward()
    """

    def __init__(self, check_nan: bool = True) -> None:
        self.check_nan = check_nan
        warn(messages.ANOMALY_ON)

    def __enter__(self) -> None:
        self.before = (anomaly.state.on, anomaly.state.check_nan)
        anomaly.set_mode(True, self.check_nan)

    def __exit__(self, *exc: object) -> None:
        anomaly.set_mode(*self.before)
