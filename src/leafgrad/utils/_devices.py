"""Random states of devices other than the CPU, of which there are none: what programs that checkpoint still ask for."""

from collections.abc import Iterable, Sequence
from typing import Any

from ..base import messages
from ..tensor.tensor import Tensor

_KNOWN = ("cpu", "cuda", "meta", "mps", "mtia", "xpu")


class DefaultDeviceType:
    """The device whose random state checkpoints keep where the arguments do not tell: the CPU, unless a program says otherwise.

    `get_device_type()` gives its name, `set_device_type(name)` sets it.
    """

    _default_device_type = "cpu"

    @staticmethod
    def set_device_type(device: str = "cuda") -> None:
        """Set it; that there is such a device is checked by the next checkpoint."""
        DefaultDeviceType._default_device_type = device

    @staticmethod
    def get_device_type() -> str:
        """The device's name.

        >>> from leafgrad.utils.checkpoint import DefaultDeviceType
        >>> DefaultDeviceType.get_device_type()
        'cpu'
        """
        return DefaultDeviceType._default_device_type


def check_device(device: Any = None) -> str:
    """The name of a device, the default one if None; AttributeError if torch has no such device."""
    device = device or DefaultDeviceType._default_device_type
    if device not in _KNOWN:
        raise AttributeError(messages.CHECKPOINT_DEVICE.format(device=device))
    return device


def get_device_states(*args: Any) -> tuple[list[int], list[Tensor]]:
    """The devices of the tensors among the arguments, in nested containers too, and their random states: two empty lists,
    as the CPU is no such device.

    >>> import leafgrad as torch
    >>> from leafgrad.utils.checkpoint import get_device_states
    >>> get_device_states(torch.ones(2))
    ([], [])
    """
    check_device()
    return [], []


def set_device_states(
    devices: Iterable[int], states: Sequence[Tensor], *, device_type: str | None = None
) -> None:
    """Put devices of one type into these random states: an error if any are named, as there are none.

    AttributeError for the CPU, which has no numbered devices, and for a type that torch does not know; RuntimeError for others.

    >>> from leafgrad.utils.checkpoint import set_device_states
    >>> set_device_states([], [])
    """
    device = check_device(device_type)
    if device == "meta" or not list(devices):
        return
    if device == "cpu":
        raise AttributeError(messages.CHECKPOINT_DEVICE_CPU.format(device=device))
    raise RuntimeError(messages.CHECKPOINT_DEVICE_ABSENT.format(device=device.upper()))
