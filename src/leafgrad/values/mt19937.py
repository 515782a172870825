"""The Mersenne Twister as torch runs it: a stream of 32-bit words, and its state in torch's byte layout.

NumPy's RandomState runs the same generator, from the same seeding, and its stream of full-range 32-bit
integers is frozen; so the words come from there.  They are made in whole generations of 624: then the key
that NumPy holds is the generation that the stream stands in, which is what torch's state consists of.

M. Matsumoto and T. Nishimura, "Mersenne Twister", ACM TOMACS 8 (1998); seeding: their init_genrand of 2002.
"""

import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy import ndarray

from ..base import messages

GENERATION = 624  # words that one step of the generator makes
SEED_BITS = 0xFFFFFFFF  # torch seeds the generator with the low half of its 64-bit seed
NONE = np.empty(0, np.uint32)
LITTLE_ENDIAN = sys.byteorder == "little"
HALF = np.array(32, np.uint64)
MASK_24, MASK_53 = np.array((1 << 24) - 1, np.uint32), np.array((1 << 53) - 1, np.uint64)
SCALE_24, SCALE_53 = np.array(2.0**-24, np.float32), np.array(2.0**-53)

LAYOUT = np.dtype(
    [
        ("seed", "<u8"),
        ("left", "<i4"),  # words left in the generation, and one
        ("seeded", "<i4"),
        ("next", "<u8"),  # where in the generation the next word stands
        ("key", "<u8", (GENERATION,)),
        ("normal_x", "<f8"),
        ("normal_y", "<f8"),  # the second half of the last pair of normal numbers ...
        ("normal_rho", "<f8"),
        ("has_normal", "<i4"),  # ... if this is not 0
        ("", "<i4"),
        ("float_normal", "<f4"),
        ("has_float_normal", "?"),
        ("", "V3"),
    ]
)


class Stream:
    """The words from one seed on, in order.  For one thread at a time: the generator that owns it locks."""

    __slots__ = ("_at", "_era", "_fresh", "_rest", "_source")

    def __init__(self, seed: int) -> None:
        from numpy.random import RandomState  # not before it is needed: it is slow to import

        self._source = RandomState(seed & SEED_BITS)
        self._era: Era | None = None
        self._rest = NONE  # words of the current generation that ...
        self._at = 0  # ... from here on are not used yet
        self._fresh = True

    def reseed(self, seed: int) -> None:
        """Start again from another seed."""
        self._leave()
        self._source.seed(seed & SEED_BITS)
        self._rest, self._at, self._fresh = NONE, 0, True

    def words(self, n: int) -> ndarray:
        """The next `n` words, as uint32, in memory that is the caller's."""
        start, stop = self._at, self._at + n
        if stop <= len(self._rest):
            self._at = stop
            return self._rest[start:stop]
        had = self._rest[start:]
        missing = n - len(had)
        generations = -(-missing // GENERATION)
        if self._era is not None:
            self._leave()
        made = self._source.randint(0, 1 << 32, generations * GENERATION, np.uint32)
        self._rest, self._at, self._fresh = made[missing:].copy(), 0, False
        return np.concatenate((had, made[:missing])) if len(had) else made[:missing]

    def doubles(self, n: int) -> ndarray:
        """`n` numbers in [0, 1), multiples of 2^-53, each from two words."""
        pairs = self.pairs(n)
        pairs &= MASK_53
        result = pairs.view(np.int64).astype(np.float64)  # signed, as the processor converts only those fast
        result *= SCALE_53
        return result

    def pairs(self, n: int) -> ndarray:
        """`n` numbers of 64 bits, each from two words, the first being the high half."""
        result = self.words(2 * n).view(np.uint64)
        if LITTLE_ENDIAN:
            low = result >> HALF
            result <<= HALF
            result |= low
        return result

    def floats(self, n: int) -> ndarray:
        """`n` float32 numbers in [0, 1), multiples of 2^-24, each from one word."""
        words = self.words(n)
        words &= MASK_24
        result = words.view(np.int32).astype(np.float32)
        result *= SCALE_24
        return result

    def doubles_one_by_one(self) -> Iterator[float]:
        """The numbers of `doubles`, each drawn when it is asked for."""
        while True:
            ahead = (len(self._rest) - self._at) // 2
            if not ahead:
                yield float(self.doubles(1)[0])
                continue
            start, rest = self._at, self._rest
            self._rest = rest.copy()  # as `doubles` works in the memory of the words
            values = self.doubles(ahead).tolist()
            self._rest = rest
            for self._at in range(start + 2, start + 2 * ahead + 1, 2):
                yield values[(self._at - start) // 2 - 1]

    def save(self, state: ndarray) -> None:
        """Write key and position into a record of LAYOUT."""
        unused = len(self._rest) - self._at
        state["key"] = self._source.get_state(legacy=False)["state"]["key"]
        state["left"], state["seeded"] = unused + 1, 1
        state["next"] = 0 if self._fresh else GENERATION - unused

    def load(self, state: ndarray) -> None:
        """Continue from a record that `valid` accepts."""
        unused = int(state["left"]) - 1
        self._leave()
        self._source.set_state(("MT19937", state["key"].astype(np.uint32), GENERATION - unused, 0, 0.0))
        self._rest, self._at = self._source.randint(0, 1 << 32, unused, np.uint32), 0
        self._fresh = unused == 0 and int(state["next"]) == 0

    def mark(self) -> tuple:
        """Where the stream stands, for `back_to`: cheaper than `save` where few numbers are drawn in between."""
        if self._era is None:
            self._era = Era()
        return self._era, self._rest[self._at :].copy(), self._fresh  # `words` gives its memory away

    def back_to(self, mark: tuple) -> None:
        """Continue from a mark of this stream, which stays good."""
        era, rest, self._fresh = mark
        if era is not self._era:
            self._leave()
            self._source.set_state(era.state)
            self._era = era
        self._rest, self._at = rest.copy(), 0

    def _leave(self) -> None:
        """Keep the source's state for the marks that were made in it, for it is about to change."""
        era, self._era = self._era, None
        if era is not None and era.state is None:
            era.state = self._source.get_state(legacy=False)


class Era:
    """The time from one generation of words to the next: what marks made in it need to know of the source."""

    __slots__ = ("state",)

    def __init__(self) -> None:
        self.state: Any = None


def valid(state: ndarray) -> bool:
    """Whether a record of LAYOUT is the state of a seeded generator."""
    left, position = int(state["left"]), int(state["next"])
    in_step = left + position == GENERATION + 1 or (left == 1 and position == 0)
    return int(state["seeded"]) == 1 and 0 < left <= GENERATION and in_step


def parse(data: ndarray) -> ndarray:
    """Torch's bytes as a record of LAYOUT, checked."""
    if not isinstance(data, ndarray):
        raise TypeError(messages.RNG_STATE_KIND.format(type=type(data).__name__))
    if data.dtype != np.uint8:
        raise TypeError(messages.RNG_STATE_DTYPE)
    if data.size != LAYOUT.itemsize:
        raise RuntimeError(messages.RNG_STATE_SIZE.format(size=LAYOUT.itemsize, got=data.size))
    state = np.array(data, order="C").reshape(-1).view(LAYOUT)[0]
    if not valid(state):
        raise RuntimeError(messages.RNG_STATE_INVALID)
    return state
