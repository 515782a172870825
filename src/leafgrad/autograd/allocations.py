"""What a profile knows about memory: when an array that ops returned came, and when it went."""

from collections.abc import Callable
from functools import partial
from typing import Any
from weakref import ref

import numpy as np

from ..values.buffers import Owner


class Allocations:
    """Allocations and releases, as (time, bytes, address); the bytes of a release are negative."""

    def __init__(self, time: Callable[[], int]) -> None:
        self.time = time
        self.alive: dict[int, ref[np.ndarray]] = {}  # arrays that own memory, by their address
        self.events: list[tuple[int, int, int]] = []

    def see(self, data: np.ndarray) -> np.ndarray | None:
        """Note the memory of an array that was there before; returns what owns it if it was unknown."""
        owner = _owner(data)
        address = id(owner)
        if address in self.alive:
            return None
        self.alive[address] = ref(owner, partial(self._gone, address, owner.nbytes))
        return owner

    def made(self, data: np.ndarray, when: int | None = None) -> None:
        """Note the memory of a result, if it is new."""
        owner = self.see(data)
        if owner is not None and owner.nbytes:
            self.events.append((when or self.time(), owner.nbytes, id(owner)))

    def forget(self) -> None:
        """Watch no more."""
        self.alive.clear()

    def _gone(self, address: int, size: int, dead: Any) -> None:
        if self.alive.get(address) is dead:
            del self.alive[address]
            if size:
                self.events.append((self.time(), -size, address))


def _owner(data: np.ndarray) -> np.ndarray:
    """The array that lives as long as the memory is in use."""
    while not isinstance(data, Owner) and isinstance(data.base, np.ndarray):
        data = data.base
    return data
