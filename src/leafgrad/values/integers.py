"""Random integers and permutations, bit for bit as torch makes them on a CPU.

A number from fewer than 2^28 values is one word of the generator modulo their count, else it is two words.
"""

import numpy as np
from numpy import ndarray

from ..base import messages
from ..base.where import warn
from . import dtype as dtypes
from .arguments import CPP, writable
from .distributions import LARGEST, compiled
from .filling import LONG, fill, unsupported
from .limits import iinfo
from .rng import Generator, default_generator

ONE_WORD = 1 << 28  # so many values take two words
LOWEST = -(1 << 63)
# bits of the significands of floats
DIGITS = {dtypes.float16: 11, dtypes.bfloat16: 8, dtypes.float32: 24, dtypes.float64: 53}
WIDE_UNSIGNED = (dtypes.uint16, dtypes.uint32, dtypes.uint64)
INTEGERS = (dtypes.uint8, dtypes.int8, dtypes.int16, dtypes.int32, dtypes.int64, *WIDE_UNSIGNED)
BOUNDS = (
    {dtypes.bool: (0, 1)}
    | {d: (iinfo(d).min, min(iinfo(d).max, -LOWEST - 1)) for d in INTEGERS}
    | {d: (-LARGEST[d], LARGEST[d]) for d in DIGITS}
)
REAL = "integral, floating-point and boolean types"


def random(gen: Generator | None, out: ndarray) -> None:
    """Fill `out` with integers from 0 to the largest of its dtype; of floats, the last one before any gap."""
    if not out.size:
        return
    dtype = dtypes.of(out.dtype)
    if dtype.is_complex or dtype in WIDE_UNSIGNED:
        raise unsupported("random_kernel_cpu", out)
    writable(out)
    _fill(gen, out, _largest(dtype) + 1, 0, two_words=out.itemsize == 8)


def randint(gen: Generator | None, out: ndarray, low: int, high: int | None) -> None:
    """Fill `out`, of a real dtype, with integers from [low, high); None means as high as `random` goes.

    RuntimeError if there is none, or the dtype cannot hold them; a warning if a floating dtype cannot tell
    them apart.  From low = -2^63 without `high` all 64 bits are random.

    >>> out = np.empty(5, np.int64)
    >>> randint(Generator().manual_seed(0), out, 0, 10)
    >>> out
    array([4, 9, 3, 0, 3])
    """
    dtype = dtypes.of(out.dtype)
    if high is not None:
        if low >= high:
            raise RuntimeError(messages.RANDOM_ORDER.format(low=low, high=high))
        if dtype.is_complex:
            raise RuntimeError(messages.RNG_NO_CPU_OP.format(kernel="check_random_bounds", types=REAL))
        if dtype.is_floating_point:
            low, high = _inner_low(dtype, low), _inner_high(dtype, high)
            if low >= high:
                raise RuntimeError(messages.RANDOM_ORDER_CAST.format(low=low, high=high))
        last = high - 1
    else:
        if dtype.is_complex:
            raise RuntimeError(messages.RNG_NO_CPU_OP.format(kernel="random_from_to_impl", types=REAL))
        if low == LOWEST:
            _fill_all_bits(gen, out, dtype)
            return
        last = _largest(dtype)
        if dtype.is_floating_point:
            low = _inner_low(dtype, low)
            if low >= last:
                raise RuntimeError(messages.RANDOM_ORDER_OPEN.format(low=low, high=last))
    _check_bound(out, dtype, "from", low)
    _check_bound(out, dtype, "to - 1", last)
    writable(out)
    count = last - low + 1
    _fill(gen, out, count, low, two_words=count >= ONE_WORD)


def _largest(dtype: dtypes.dtype) -> int:
    if dtype in DIGITS:
        return 1 << DIGITS[dtype]
    return iinfo(dtype).max if dtype is dtypes.uint64 else int(BOUNDS[dtype][1])


def _check_bound(out: ndarray, dtype: dtypes.dtype, argument: str, bound: int) -> None:
    low, high = BOUNDS[dtype]
    if not low <= bound <= high:
        raise RuntimeError(messages.UNIFORM_BOUND.format(argument=argument, type=compiled(out)))
    if dtype in DIGITS and abs(bound) > 1 << DIGITS[dtype]:
        words = {"argument": argument, "digits": DIGITS[dtype], "type": compiled(out)}
        warn(messages.RANDOM_ROUNDED.format(**words))


def _cast(dtype: dtypes.dtype, number: int) -> int:
    """An integer as the floating dtype holds it; one that it cannot hold at all stays."""
    if abs(number) > LARGEST[dtype]:
        return number
    return int(np.array(number, np.float64 if dtype is dtypes.float64 else np.float32).astype(dtype.np))


def _inner_low(dtype: dtypes.dtype, low: int) -> int:
    """The least integer from which on the floats lie in the range, where they have gaps."""
    following = _cast(dtype, low + 1)
    if following >= low:
        return low
    return following + (1 << (abs(low + 1).bit_length() - DIGITS[dtype]))


def _inner_high(dtype: dtypes.dtype, high: int) -> int:
    """The same at the upper end."""
    previous = _cast(dtype, high - 1)
    if previous < high:
        return high
    return previous - (1 << (abs(high - 1).bit_length() - DIGITS[dtype]))


def _fill(gen: Generator | None, out: ndarray, count: int, low: int, two_words: bool) -> None:
    """Fill `out` with low + (words modulo count)."""
    gen = gen or default_generator
    kind = np.uint64 if two_words else np.uint32
    divisor, offset = kind(count), np.uint64(low % (1 << 64))

    def make(n: int) -> ndarray:
        numbers = stream.pairs(n) if two_words else stream.words(n)
        quotients = numbers // divisor  # NumPy divides by a number much faster than it finds remainders
        quotients *= divisor
        numbers -= quotients
        if two_words or low:
            numbers = numbers.astype(np.uint64, copy=False)
            numbers += offset  # modulo 2^64
            return numbers.view(np.int64)
        return numbers

    with gen.lock:
        stream = gen.stream()
        fill(out, make, LONG)


def _fill_all_bits(gen: Generator | None, out: ndarray, dtype: dtypes.dtype) -> None:
    kernel = "random_full_64_bits_range_kernel_cpu"
    if dtype in INTEGERS and dtype not in (dtypes.int64, *WIDE_UNSIGNED):
        raise RuntimeError(
            messages.RNG_NO_CPU_OP.format(kernel=kernel, types="int64, double, float and bfloat16")
        )
    if dtype is not dtypes.int64 and (dtype not in DIGITS or dtype is dtypes.float16):
        raise unsupported(kernel, out)
    writable(out)
    gen = gen or default_generator
    with gen.lock:
        stream = gen.stream()
        fill(out, lambda n: stream.pairs(n).view(np.int64))


# --- permutations ---

LIMITS = {"Half": (2049, "2049"), "Float": ((1 << 24) + 1, "2^24+1"), "Double": ((1 << 53) + 1, "2^53+1")}
TWO_WORDS = ((1 << 32) - 1) // 20  # a permutation of so many takes two words for each place
SHORT = 500  # elements; longer permutations are built by whole arrays
MANY = 1 << 16  # elements; from here on by turns
TURNS = 96  # a turn takes one in so many of the places that are left: few of its swaps meet


def randperm(gen: Generator | None, n: int, np_dtype: np.dtype) -> ndarray:
    """The integers from 0 to n - 1 in random order, as an array of `np_dtype`: uint8, signed or floating.

    RuntimeError if n is negative, or the dtype cannot hold the numbers.

    >>> randperm(Generator().manual_seed(0), 6, np.dtype(np.int64))
    array([2, 5, 3, 0, 1, 4])
    """
    if n < 0:
        raise RuntimeError(messages.RANDPERM_NEGATIVE.format(n=n))
    dtype = dtypes.of(np_dtype)
    if dtype.category == dtypes.INTEGER and n - 1 > iinfo(dtype).max:
        raise RuntimeError(messages.OVERFLOW.format(type=CPP[dtype.name]))
    limit, text = LIMITS.get(dtype.type_name, (n, ""))
    if n > limit:
        raise RuntimeError(messages.RANDPERM_LARGE.format(limit=text, type=dtype.type_name))
    if dtype.is_complex or dtype is dtypes.bool or dtype in WIDE_UNSIGNED:
        raise unsupported("randperm", np.empty(0, np_dtype))
    gen = gen or default_generator
    with gen.lock:
        stream = gen.stream()
        if n >= TWO_WORDS:
            partners = stream.pairs(n) % np.arange(1, n + 1, dtype=np.uint64)
            return _inside_out(partners.view(np.int64)).astype(np_dtype)
        words = stream.words(max(n - 1, 0))
    if n >= MANY:
        return _swapped_in_turns(words, n).astype(np_dtype)
    partners = _partners(words, n, 0, n - 1)
    return (_swapped if n < SHORT else _swapped_at_once)(partners, n).astype(np_dtype, copy=False)


def _partners(words: ndarray, n: int, start: int, stop: int) -> ndarray:
    """Which place, itself or a later one, each place from `start` on changes with: as many steps on as its word says."""
    partners = (words[start:stop] % np.arange(n - start, n - stop, -1, dtype=np.uint32)).astype(np.int64)
    partners += np.arange(start, stop)
    return partners


def _swapped(partners: ndarray, n: int) -> ndarray:
    """The integers below n after each, in order, changed places with its partner (Fisher and Yates, 1938)."""
    items = list(range(n))
    for i, j in enumerate(partners.tolist()):
        items[i], items[j] = items[j], items[i]
    return np.array(items, np.int64)


def _inside_out(partners: ndarray) -> ndarray:
    """The same from the other end: each integer takes the place of an earlier one, which moves to the end."""
    items: list[int] = []
    for i, j in enumerate(partners.tolist()):
        items.append(i)
        items[i], items[j] = items[j], i
    return np.array(items, np.int64)


# Note [Swaps at once]
# Let p(i) >= i be the partner of place i, and h(i) what place i holds just before swap i.  Swap j puts h(j)
# into place p(j). So h(i) is h(j) for the last j < i with p(j) = i, or i if there is none: chains that lead
# to ever earlier places, followed here for all places at once, each round doubling the length of the steps.
# And place i ends with what place p(i) held before swap i: h(j) for the last j < i with p(j) = p(i), or p(i)
# if there is none.


def _swapped_at_once(partners: ndarray, n: int) -> ndarray:
    places = np.arange(n, dtype=np.int64)
    partners = np.append(partners, n - 1)
    moved = np.flatnonzero(partners != places)
    held = places.copy()
    held[partners[moved]] = moved  # of several, the last stays
    while True:
        further = held[held]
        if np.array_equal(further, held):
            break
        held = further
    order = _order(partners)
    same = np.flatnonzero(partners[order[1:]] == partners[order[:-1]]) + 1
    partners[order[same]] = held[order[same - 1]]
    return partners


# Note [Swaps in turns]
# Swaps that have no place in common may be made in any order, so also at once.  In a turn most have none:
# their partner lies beyond the turn and is nobody else's.  The others follow one by one.


def _swapped_in_turns(words: ndarray, n: int) -> ndarray:
    items = np.arange(n, dtype=np.int32)
    claims = np.empty(n, np.int32)
    start = 0
    while n - start >= MANY >> 2:
        stop = start + (n - start) // TURNS
        here, partners = np.arange(start, stop), _partners(words, n, start, stop)
        claims[partners] = here  # of several, the last stays
        meet = claims.take(partners, mode="wrap") != here
        claims[partners[meet]] = -1
        np.not_equal(claims.take(partners, mode="wrap"), here, out=meet)
        near = np.flatnonzero(partners < stop)
        meet[near] = True
        meet[partners[near] - start] = True
        alone = np.flatnonzero(~meet)
        partner = partners.take(alone, mode="wrap")
        alone += start
        items[alone], items[partner] = items.take(partner, mode="wrap"), items.take(alone, mode="wrap")
        _swap_one_by_one(items, here[meet], partners[meet])
        start = stop
    rest = _swapped_at_once(_partners(words, n, start, n - 1) - start, n - start)
    items[start:] = items[start:][rest]
    return items


def _swap_one_by_one(items: ndarray, places: ndarray, partners: ndarray) -> None:
    touched = np.concatenate((places, partners))
    held = dict(zip(touched.tolist(), items[touched].tolist(), strict=True))
    for i, j in zip(places.tolist(), partners.tolist(), strict=True):
        held[i], held[j] = held[j], held[i]
    items[np.fromiter(held, np.int64, len(held))] = np.fromiter(held.values(), np.int32, len(held))


def _order(numbers: ndarray) -> ndarray:
    """A stable argsort, 16 bits after 16 bits, from the lowest: for these NumPy has a sort in linear time."""
    order = np.argsort(numbers.astype(np.uint16), kind="stable")
    for bits in range(16, int(numbers[-1]).bit_length(), 16):
        order = order[np.argsort((numbers[order] >> bits).astype(np.uint16), kind="stable")]
    return order
