"""`torch.random`: the default generator's seed and state."""

from typing import Any

from .base import messages
from .tensor.tensor import Tensor, wrap
from .values import rng
from .values.rng import Generator, default_generator, fork_rng, initial_seed, manual_seed, seed


def get_rng_state() -> Tensor:
    """The default generator's state, as torch lays it out: a tensor of 5056 uint8.

    >>> import leafgrad as torch
    >>> torch.get_rng_state().shape
    torch.Size([5056])
    """
    return wrap(rng.get_rng_state())


def set_rng_state(new_state: Tensor) -> None:
    """Put the default generator into a state of `get_rng_state`.

    >>> import leafgrad as torch
    >>> state = torch.get_rng_state(); x = torch.rand(2)
    >>> torch.set_rng_state(state); bool((torch.rand(2) == x).all())
    True
    """
    default_generator.set_state(new_state)  # type: ignore[attr-defined]


def _get_state(self: Generator) -> Tensor:
    """The generator's state, as torch lays it out: a tensor of 5056 uint8."""
    return wrap(self.get_state_bytes())


def _set_state(self: Generator, new_state: Tensor) -> None:
    """Continue from a state of `get_state`; TypeError or RuntimeError if it is none."""
    if not isinstance(new_state, Tensor):
        raise TypeError(messages.RNG_STATE.format(type=type(new_state).__name__))
    self.set_state_bytes(new_state._data)


_methods: Any = Generator
_methods.get_state, _methods.set_state = _get_state, _set_state
Generator.__module__ = "leafgrad"  # where users find it, as its repr says

__all__ = [
    "Generator", "default_generator", "fork_rng", "get_rng_state", "initial_seed", "manual_seed", "seed",
    "set_rng_state",
]  # fmt: skip
