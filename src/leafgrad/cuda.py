"""`torch.cuda`, as a program sees it without such a device: none is available, using one is an error."""

from typing import Any

from .base import messages


def is_available() -> bool:
    """Whether there is a CUDA device: no.

    >>> import leafgrad as torch
    >>> torch.cuda.is_available()
    False
    """
    return False


def device_count() -> int:
    """How many CUDA devices there are: 0."""
    return 0


def is_initialized() -> bool:
    """Whether CUDA is in use: no."""
    return False


def manual_seed(seed: int) -> None:
    """Seed the device's generator: nothing to do, as in torch without CUDA."""


manual_seed_all = manual_seed


def empty_cache() -> None:
    """Free unused device memory: nothing to do."""


def current_device() -> int:
    """There is no CUDA here: AssertionError."""
    raise AssertionError(messages.NO_CUDA)


def synchronize(device: Any = None) -> None:
    """There is no CUDA here: AssertionError."""
    raise AssertionError(messages.NO_CUDA)


__all__ = [
    "current_device", "device_count", "empty_cache", "is_available", "is_initialized", "manual_seed",
    "manual_seed_all", "synchronize",
]  # fmt: skip
