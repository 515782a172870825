"""Where random numbers come from: generators, the default one, and its seed and state.

A generator holds torch's Mersenne Twister (`mt19937`); the distributions turn its words into numbers exactly
as torch does on a CPU, so the same seed gives the same numbers.  They take a generator's `lock` for the whole
of a call.
"""

import os
from _thread import allocate_lock
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy import ndarray

from ..base import messages
from .device import CPU, check
from .device import device as Device
from .mt19937 import LAYOUT, Stream, parse

DEFAULT_SEED = 67280421310721  # of a new generator, in torch as here


class Generator:
    """A source of random numbers with a state of its own; to be passed as `generator=`.

    `device` must be the CPU.  Several threads may draw from one generator: each call gets its numbers in one
    piece.

    >>> Generator().manual_seed(3).initial_seed()
    3
    """

    __slots__ = ("__weakref__", "_seed", "_stream", "float_normal", "lock", "normal")

    normal: float | None  # the second number of a pair of normal numbers, not yet handed out
    float_normal: float | None  # a place in torch's layout that nothing on a CPU fills; carried along

    def __init__(self, device: Any = None) -> None:
        check(device, "Generator")
        self.lock = allocate_lock()
        self._stream: Stream | None = None
        self._reset(DEFAULT_SEED)

    def _reset(self, seed: int) -> None:
        self._seed = seed
        self.normal = self.float_normal = None
        if self._stream is not None:
            self._stream.reseed(seed)

    @property
    def device(self) -> Device:
        """Always the CPU."""
        return CPU

    def stream(self) -> Stream:
        """The words, for one who holds `lock`; started when first asked for."""
        stream = self._stream
        if stream is None:
            stream = self._stream = Stream(self._seed)
        return stream

    def manual_seed(self, seed: int) -> "Generator":
        """Start the sequence that belongs to `seed`, an int of 64 bits, signed or not; returns the generator.

        RuntimeError if it is no int, ValueError if it has more bits.

        >>> Generator().manual_seed(-1).initial_seed() == 2**64 - 1
        True
        """
        if not isinstance(seed, int) or isinstance(seed, bool):
            raise RuntimeError(messages.SEED_TYPE.format(type=type(seed).__name__))
        if not -(1 << 63) <= seed < 1 << 64:
            raise ValueError(messages.SEED_RANGE)
        with self.lock:
            self._reset(seed % (1 << 64))
        return self

    def seed(self) -> int:
        """Seed with a number from the operating system; returns it."""
        seed = int.from_bytes(os.urandom(8), "little")
        with self.lock:
            self._reset(seed)
        return seed

    def initial_seed(self) -> int:
        """The seed that the current sequence started from."""
        return self._seed

    def get_state_bytes(self) -> ndarray:
        """The state as torch lays it out: a vector of 5056 uint8."""
        state = np.zeros(1, LAYOUT)
        with self.lock:
            self.stream().save(state[0])
            state["seed"] = self._seed
            if self.normal is not None:
                state["normal_y"], state["has_normal"] = self.normal, 1
            if self.float_normal is not None:
                state["float_normal"], state["has_float_normal"] = self.float_normal, True
        return state.view(np.uint8)

    def set_state_bytes(self, data: ndarray) -> None:
        """Continue from a state of `get_state_bytes` or of torch; TypeError or RuntimeError if it is none."""
        state = parse(data)
        with self.lock:
            self._seed = int(state["seed"])
            self.stream().load(state)
            self.normal = float(state["normal_y"]) if state["has_normal"] else None
            self.float_normal = float(state["float_normal"]) if state["has_float_normal"] else None

    def mark(self) -> tuple:
        """The state, for `back_to` of this very generator: much cheaper to take than `get_state_bytes`."""
        with self.lock:
            stream = self._stream and self._stream.mark()
            return self._seed, stream, self.normal, self.float_normal

    def back_to(self, mark: tuple) -> None:
        """Continue from a state of `mark`; any number of times."""
        with self.lock:
            seed, stream, normal, float_normal = mark
            if stream is not None:
                self._stream.back_to(stream)  # type: ignore[union-attr]
            elif self._stream is not None:
                self._stream.reseed(seed)
            self._seed, self.normal, self.float_normal = seed, normal, float_normal

    def clone_state(self) -> "Generator":
        """Another generator in the same state."""
        clone = type(self)()
        clone.set_state_bytes(self.get_state_bytes())
        return clone

    def get_offset(self) -> int:
        """Only the generators of other devices have an offset: RuntimeError."""
        raise RuntimeError(messages.RNG_OFFSET)

    def set_offset(self, offset: int) -> None:
        """Only the generators of other devices have an offset: RuntimeError."""
        raise RuntimeError(messages.RNG_OFFSET)

    def __reduce__(self) -> tuple:
        return type(self), (), self.get_state_bytes()

    def __setstate__(self, state: ndarray) -> None:
        self.set_state_bytes(state)


default_generator = Generator()
default_generator.seed()


def manual_seed(seed: Any) -> Generator:
    """Seed the default generator with `int(seed)`, 64 bits, signed or not; returns it.

    The same seed gives the same numbers as in torch.

    >>> manual_seed(0).initial_seed()
    0
    """
    return default_generator.manual_seed(int(seed))


def seed() -> int:
    """Seed the default generator with a number from the operating system; returns it.

    >>> import leafgrad as torch
    >>> torch.seed() == torch.initial_seed()
    True
    """
    return default_generator.seed()


def initial_seed() -> int:
    """The seed that the default generator's sequence started from.

    >>> import leafgrad as torch
    >>> _ = torch.manual_seed(7)
    >>> torch.initial_seed()
    7
    """
    return default_generator.initial_seed()


def get_rng_state() -> ndarray:
    """The default generator's state, as `Generator.get_state_bytes` gives it."""
    return default_generator.get_state_bytes()


def set_rng_state(new_state: ndarray) -> None:
    """Put the default generator into a state of `get_rng_state`."""
    default_generator.set_state_bytes(new_state)


@contextmanager
def fork_rng(
    devices: Iterable[Any] | None = None,
    enabled: bool = True,
    device_type: str | None = None,
) -> Iterator[None]:
    """Whatever is drawn in this context (or decorated function), the default generator is then as before.

    `devices` names further devices, of which there are none: RuntimeError unless it is empty.

    >>> before = initial_seed()
    >>> with fork_rng():
    ...     _ = manual_seed(5)
    >>> initial_seed() == before
    True
    """
    if not enabled or device_type == "meta":
        yield
        return
    if devices is not None:
        asked = list(devices)
        if asked:
            raise RuntimeError(messages.RNG_DEVICES.format(devices=asked))
    state = get_rng_state()
    try:
        yield
    finally:
        set_rng_state(state)
