"""Pairs of normal numbers from pairs of uniform ones, bit for bit as torch's vectorised CPU kernel has them.

The transformation is radius = sqrt(-2 log u), angle = 2 pi v, (radius cos angle, radius sin angle) (Box and
Muller, Ann. Math. Stat. 29, 1958).  torch evaluates log, sin and cos in float32 by the polynomials of the
Cephes library (S. L. Moshier), eight numbers at a time, with fused multiply-adds.  To get its bits, every
rounding must happen where its does, and nowhere else.
"""

from _thread import allocate_lock
from math import pi

import numpy as np
from numpy import ndarray

from . import blocks, buffers
from .mt19937 import Stream

GROUP = 16  # torch takes 16 words at a time: 8 for the radii, 8 for the angles
BLOCK = 1 << 17  # words for one thread at a time: many, as threads that often meet slow each other down
HALF = np.dtype("V32")  # eight float32 as one item, which NumPy moves in one piece


# Note [Fused multiply-adds in float64]
# The product of two float32 is exact in float64.  So a fused step is: multiply and add in float64, round to
# float32.  Rounding is a conversion there and back, or, where the result is known to lie between two powers
# of two, the addition and subtraction of a constant so large that the bits below a float32's last have no
# place: 1.5 * 2^(52 - 23) times the lower power.  The sum in float64 is itself rounded, so that a step may be
# off by a last bit once in about 2^29 times.


def _singles(*numbers: float) -> list[float]:
    return [float(np.float32(x)) for x in numbers]


def _column(numbers: list[float]) -> ndarray:
    """One number for each of two rows."""
    return np.array(numbers, np.float64).reshape(2, 1)


def _rounder(exponent: int) -> float:
    return 1.5 * 2.0 ** (52 - 23 + exponent)


# Constants are arrays of no axis: ufuncs take these faster than Python's numbers.
LOG = [
    np.array(x)
    for x in _singles(
        *(7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1),
        *(-1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1),
    )
]
LOG_ROUND = np.array(_rounder(-2))
LOG_LAST = LOG[-1] + LOG_ROUND
LN2_LOW, LN2_HIGH = np.array(-2.12194440e-4, np.float32), np.array(0.693359375, np.float32)
SQRT_HALF_BITS = np.array(0x3F3504F3, np.int32)
# cosine and sine in two rows
TRIG = [
    _column(_singles(2.443315711809948e-5, -1.9515295891e-4)),
    _column(_singles(-1.388731625493765e-3, 8.3321608736e-3)),
    _column(_singles(4.166664568298827e-2, -1.6666654611e-1)),
]
TRIG_ROUND = [_column([_rounder(-10), _rounder(-7)]), _column([_rounder(-5), _rounder(-3)])]
TRIG_NEXT = [TRIG[1] + TRIG_ROUND[0], TRIG[2] + TRIG_ROUND[1]]
TRIG_LAST = _column([-0.5, 1.0])
FOUR_OVER_PI = np.array(4 / pi, np.float32)
# -pi / 4 in three parts: Cephes adds multiples of each; the first two sums are exact, so float64 may add all.
EIGHTH_TURN = np.array(sum(_singles(-0.78515625, -2.4187564849853515625e-4, -3.77489497744594108e-8)))
FRACTION = np.array((1 << 24) - 1, np.uint32)
SCALE = np.array([[-(2.0**-24)], [np.float32(2 * pi) * 2.0**-24]], np.float32)
ONE, MINUS_TWO, ONE_HALF = (np.array(x, np.float32) for x in (1, -2, 0.5))
INT_1, INT_2, INT_23, INT_30, INT_31, EVEN = (np.array(i, np.int32) for i in (1, 2, 23, 30, 31, -2))


def transform(words: ndarray, out: ndarray, std: float, mean: float) -> None:
    """Fill `out`, a float32 vector, with normal numbers made from as many words; a multiple of 16.

    The words are overwritten.
    """
    n = len(words) // 2
    singles = buffers.empty((5, n), np.dtype(np.float32))
    doubles = buffers.empty((4, n), np.dtype(np.float64))
    uniform, results, radius = singles[:2], singles[2:4], singles[4]
    words &= FRACTION
    results.view(HALF)[...] = words.view(HALF).reshape(-1, 2).T
    uniform[...] = results.view(np.int32)
    uniform *= SCALE
    x, angle = uniform
    x += ONE
    _radii(x, radius, results, doubles)
    octant = x.view(np.int32)
    _sines(angle, octant, results, doubles)
    # Counting quarter turns (octant is twice that): from the second on the radius changes sign, after every
    # odd one sine and cosine change places, and the new cosine its sign.
    spare, bits = angle.view(np.int32), results.view(np.int32)
    np.right_shift(octant, INT_2, spare)
    spare <<= INT_31
    radius.view(np.int32)[...] ^= spare
    results *= radius
    octant <<= INT_30
    bits[1] ^= octant
    octant >>= INT_31
    np.bitwise_xor(bits[0], bits[1], spare)
    spare &= octant
    bits ^= spare
    if std == 1:
        results += np.float32(mean)
    else:
        wide = doubles[:2]
        np.multiply(results, np.float64(np.float32(std)), wide)
        wide += np.float32(mean)
        results[...] = wide
    out.view(HALF).reshape(-1, 2).T[...] = results.view(HALF)


def _radii(x: ndarray, y: ndarray, spare: ndarray, doubles: ndarray) -> None:
    """y = sqrt(-2 log x) for x in (0, 1]; the rest is overwritten."""
    (power, z), (wide, t) = spare, doubles[:2]
    bits, exponent = x.view(np.int32), power.view(np.int32)
    np.subtract(bits, SQRT_HALF_BITS, exponent)  # x = m * 2^exponent with m in [sqrt(1/2), sqrt(2))
    exponent >>= INT_23
    shifted = y.view(np.int32)
    np.left_shift(exponent, INT_23, shifted)
    bits -= shifted
    power[...] = exponent
    x -= ONE
    wide[...] = x
    np.multiply(wide, LOG[0], t)
    for coefficient in LOG[1:-1]:
        t += coefficient
        y[...] = t
        t[...] = y
        t *= wide
    t += LOG_LAST  # between 1/4 and 1/2
    t -= LOG_ROUND
    t *= wide
    y[...] = t
    t[...] = y
    np.multiply(x, x, z)
    wide[...] = z
    t *= wide
    np.multiply(power, LN2_LOW, y)
    wide[...] = y
    t += wide
    y[...] = t
    z *= ONE_HALF
    y -= z
    y += x
    power *= LN2_HIGH
    y += power
    y *= MINUS_TWO
    np.sqrt(y, y)


def _sines(angle: ndarray, octant: ndarray, results: ndarray, doubles: ndarray) -> None:
    """Cosine and sine of the angle from the nearest quarter turn (octant / 2); the rest is overwritten."""
    t, (z, wide) = doubles[:2], doubles[2:]
    c = results[0]
    np.multiply(angle, FOUR_OVER_PI, c)
    octant[...] = c
    octant += INT_1
    octant &= EVEN
    wide[...] = octant
    wide *= EIGHTH_TURN
    z[...] = angle
    wide += z
    angle[...] = wide
    wide[...] = angle
    np.multiply(angle, angle, c)
    z[...] = c
    np.multiply(z, TRIG[0], t)
    for following, rounder in zip(TRIG_NEXT, TRIG_ROUND, strict=True):
        t += following
        t -= rounder
        t *= z
    results[...] = t
    t[...] = results
    t += TRIG_LAST
    t[0] *= z  # c * z - z / 2
    t[1] *= wide  # s * x + x
    results[...] = t
    c += ONE


def fill(stream: Stream, out: ndarray, std: float, mean: float) -> None:
    """Normal numbers for a contiguous float32 vector whose length is a multiple of 16, from the next words.

    One thread draws words while another transforms those that it drew before.
    """
    lock = allocate_lock()
    position = 0

    def work(
        start: int, stop: int
    ) -> None:  # any piece of this size: the pieces are taken in the order of the words
        nonlocal position
        with lock:
            start, stop = position, position + stop - start
            position = stop
            words = stream.words(stop - start)
        transform(words, out[start:stop], std, mean)

    blocks.share(work, len(out), -(-len(out) // BLOCK), GROUP)
