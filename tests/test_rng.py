"""Random numbers without torch at hand: numbers that torch gave, states, threads, errors, and chance."""

import copy
import hashlib
import pickle
import subprocess
import sys
import threading

import numpy as np
import pytest

from leafgrad.values import blocks, boxmuller, distributions, integers, normal, rng, sampling

F4, F8 = np.float32, np.float64


def gen(seed=0):
    return rng.Generator().manual_seed(seed)


def filled(fill, shape, dtype, *args, seed=0):
    out = np.zeros(shape, dtype)
    fill(gen(seed), out, *args)
    return out


def digest(array):
    return hashlib.sha256(array.tobytes()).hexdigest()[:16]


def floats(*texts):
    return [float.fromhex(text) for text in texts]


# --- from torch 2.13 on a CPU, seed 0 ---

GOLDEN = [
    (
        (distributions.uniform, 4, F4),
        floats("0x1.fc2ab0p-2", "0x1.89545ep-1", "0x1.6a6750p-4", "0x1.0e66p-3"),
    ),
    (
        (distributions.uniform, 3, F8),
        floats("0x1.f0aac97c4aa2fp-1", "0x1.6a675d821ccc0p-1", "0x1.d6687b744a5f6p-2"),
    ),
    (
        (distributions.uniform, 4, np.float16),
        [0.496337890625, 0.76806640625, 0.0885009765625, 0.132080078125],
    ),
    (
        (normal.normal, 5, F4),
        floats("0x1.8a7eb8p+0", "-0x1.2c78a0p-2", "-0x1.16e292p+1", "0x1.23096cp-1", "-0x1.15a342p+0"),
    ),
    (
        (normal.normal, 5, F4, 0.3, 0.7),
        floats("0x1.60f24ep+0", "0x1.837b0cp-4", "-0x1.39a39ap+0", "0x1.655366p-1", "-0x1.d62f84p-2"),
    ),
    (
        (normal.normal, 2, np.complex128),
        [1.089648797921442 - 0.20748556905971358j, -1.5406367468421671 + 0.40194161080369084j],
    ),
    ((normal.log_normal, 3, F4), floats("0x1.da1b7ap+5", "0x1.82f598p+0", "0x1.1d3db4p-5")),
    (
        (distributions.exponential, 3, F8, 2.0),
        floats("0x1.c110d51dce0b1p+0", "0x1.3afa7ef3a5fc8p-1", "0x1.3ae70f39bed6dp-2"),
    ),
    ((distributions.cauchy, 3, F4, 1.0, 2.0), floats("0x1.63209ap+4", "0x1.43c7cap+1", "0x1.7c9f18p-1")),
    ((distributions.geometric, 6, F4, 0.2), [1, 2, 4, 1, 2, 2]),
    ((distributions.bernoulli, 10, F4, 0.5), [0, 0, 1, 0, 0, 0, 1, 1, 0, 1]),
    ((distributions.bernoulli_each, 10, F4, np.full(10, 0.5, F4)), [1, 0, 1, 1, 1, 0, 1, 0, 1, 0]),
    ((integers.randint, 8, np.int64, -50, 50), [-6, -11, -17, 10, 13, 29, -23, -47]),
    ((integers.randint, 3, np.int64, 0, 1 << 40), [741280623151, 506137267392, 291447657211]),
    ((integers.random, 3, np.int64), [900450186894289455, 3969543146641149120, 1895649597198586619]),
    ((integers.random, 3, np.int32), [209652396, 398764591, 924231285]),
    ((integers.random, 4, np.int8), [44, 47, 117, 64]),
]


@pytest.mark.parametrize(("call", "expected"), GOLDEN)
def test_numbers_that_torch_gives(call, expected):
    assert filled(*call).tolist() == expected


def test_normal_numbers_in_groups_of_16():
    """19 numbers: the last 16 are made anew after the first group."""
    singles, doubles = filled(normal.normal, 19, F4), filled(normal.normal, 19, F8)
    halves = filled(normal.normal, 19, np.float16)
    assert singles[:3].tolist() == floats("-0x1.20370ap+0", "-0x1.270114p+0", "-0x1.0097acp-2")
    assert singles[-3:].tolist() == floats("0x1.dd186p-1", "0x1.424e6ep+0", "0x1.00a334p+1")
    assert doubles[:2].tolist() == floats("-0x1.27bb92e9262dcp+1", "-0x1.7e35794939460p-2")
    assert doubles[-2:].tolist() == floats("0x1.0bff5e8d733a2p+0", "0x1.3bff1c51bd9a4p-3")
    assert halves[-3:].tolist() == floats("0x1.96p+0", "0x1.e48p-1", "-0x1.b0p-1")


def test_permutations_and_samples_that_torch_gives():
    assert integers.randperm(gen(), 10, np.dtype(np.int64)).tolist() == [4, 1, 7, 5, 3, 9, 0, 8, 6, 2]
    assert integers.randperm(gen(), 1000, np.dtype(np.int64))[-5:].tolist() == [206, 932, 745, 263, 354]
    rates = np.array([0.5, 3, 9, 20, 100, 0], F4)
    assert sampling.poisson(gen(), rates).tolist() == [2, 4, 9, 22, 91, 0]
    weights = np.array([[1, 2, 3, 4], [4, 3, 2, 1]], F4)
    assert sampling.multinomial(gen(), weights[0], 3).tolist() == [2, 1, 3]
    assert sampling.multinomial(gen(), weights, 5, True).tolist() == [[3, 3, 2, 3, 3], [2, 0, 0, 1, 0]]


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_many_numbers_that_torch_gives(threads, monkeypatch):
    monkeypatch.setattr(blocks, "_threads", threads)
    monkeypatch.setattr(boxmuller, "BLOCK", 1 << 13)
    assert digest(filled(normal.normal, 100003, F4)) == "0e1052dc151d4ee6"
    assert digest(filled(distributions.uniform, 100003, F4)) == "99f0566c49031852"


def test_states_that_torch_gives():
    g = gen()
    assert digest(g.get_state_bytes()) == "1ccf17250133dec5"
    distributions.uniform(g, np.zeros(700, F4))
    normal.normal(g, np.zeros(1, F4))
    assert digest(g.get_state_bytes()) == "6b741697cb7f63ba"


# --- generators ---


def test_a_state_continues_where_it_was_taken():
    g = gen(5)
    for drawn in (0, 1, 622, 1, 1, 7, 3000):
        distributions.uniform(g, np.zeros(drawn, F4))
        normal.normal(g, np.zeros(3))
        copies = [
            g.clone_state(),
            pickle.loads(pickle.dumps(g)),
            copy.copy(g),
            copy.deepcopy(g),
            rng.Generator(),
        ]
        copies[-1].set_state_bytes(g.get_state_bytes())
        expected = np.zeros(2000)
        normal.normal(g, expected[::2])
        for other in copies:
            got = np.zeros(2000)
            normal.normal(other, got[::2])
            assert got.tobytes() == expected.tobytes()
            assert other.initial_seed() == 5
            assert other.get_state_bytes().tobytes() == g.get_state_bytes().tobytes()


def test_a_seed_starts_anew():
    g = gen(1)
    normal.normal(g, np.zeros(3))  # leaves a number for the next call
    assert g.manual_seed(0) is g
    assert digest(g.get_state_bytes()) == "1ccf17250133dec5"
    first = g.seed()
    assert g.initial_seed() == first
    assert g.seed() != first


def test_only_the_low_half_of_a_seed_counts():
    a, b = (filled(distributions.uniform, 5, F4, seed=seed) for seed in (3, 3 + (1 << 32)))
    assert a.tolist() == b.tolist()
    assert gen(-1).initial_seed() == (1 << 64) - 1


def test_the_default_generator():
    state = rng.get_rng_state()
    try:
        assert rng.manual_seed("7") is rng.default_generator
        assert rng.initial_seed() == 7
        a, b = np.zeros(4), np.zeros(4)
        with rng.fork_rng():
            distributions.uniform(None, a)
            rng.manual_seed(9)
        distributions.uniform(None, b)
        assert a.tolist() == b.tolist()
        with rng.fork_rng(enabled=False):
            distributions.uniform(None, a)
        distributions.uniform(None, b)
        assert a.tolist() != b.tolist()
        with pytest.raises(RuntimeError, match="has only the device 'cpu'"), rng.fork_rng(devices=[0]):
            pass
        assert rng.seed() == rng.initial_seed()
    finally:
        rng.set_rng_state(state)
    assert rng.get_rng_state().tobytes() == state.tobytes()


def test_a_generator_lives_on_the_cpu():
    assert str(rng.Generator(device="cpu").device) == "cpu"
    for device in ("cuda", "meta", "xyz", 0):
        with pytest.raises((RuntimeError, AssertionError, NotImplementedError)):
            rng.Generator(device)
    for call in (gen().get_offset, lambda: gen().set_offset(1)):
        with pytest.raises(RuntimeError, match="CPU Generator does not use offset"):
            call()


def test_bad_seeds_and_states():
    for seed in (1.5, "1", True, None):
        with pytest.raises(RuntimeError, match=f"manual_seed expected a long, but got {type(seed).__name__}"):
            gen().manual_seed(seed)
    for seed in (1 << 64, -(1 << 63) - 1):
        with pytest.raises(ValueError, match="Overflow when unpacking long long"):
            gen().manual_seed(seed)
    good = gen().get_state_bytes()
    for state, error in ((3, TypeError), (np.zeros(5056), TypeError), (good[:5048], RuntimeError)):
        with pytest.raises(error):
            gen().set_state_bytes(state)
    for at, value in ((8, 0), (9, 9), (12, 0), (16, 7)):  # left, left, seeded, next
        bad = good.copy()
        bad[at] = value
        with pytest.raises(RuntimeError, match="Invalid mt19937 state"):
            gen().set_state_bytes(bad)


def test_threads_share_a_generator():
    """Each call gets its numbers in one piece: together the threads draw what one would."""
    g, size, calls, drawn = gen(4), 501, 40, []

    def draw():
        for _ in range(calls):
            out = np.zeros(size, F4)
            distributions.uniform(g, out)
            drawn.append(out.tobytes())

    threads = [threading.Thread(target=draw) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    one = filled(distributions.uniform, (4 * calls, size), F4, seed=4)
    assert sorted(drawn) == sorted(row.tobytes() for row in one)


def test_numpy_random_is_not_imported_before_it_is_needed():
    code = (
        "import sys; from leafgrad.values import rng; assert 'numpy.random' not in sys.modules; "
        "rng.get_rng_state(); assert 'numpy.random' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": ":".join(sys.path)})


# --- filling ---


def test_strided_arrays_are_filled_in_the_order_of_memory():
    flat = filled(integers.random, 24, np.int64)
    whole = np.zeros((2, 3, 4), np.int64)
    integers.random(gen(), whole.transpose(2, 0, 1))
    assert whole.reshape(-1).tolist() == flat.tolist()
    holes = np.zeros((4, 12), np.int64)
    integers.random(gen(), holes[:, ::2].T)
    assert holes[:, ::2].reshape(-1).tolist() == flat.tolist()
    assert not holes[:, 1::2].any()


def test_words_do_not_depend_on_how_many_are_asked_for_at_once():
    whole = filled(distributions.uniform, 5000, F4)
    g, parts = gen(), []
    for size in [1, 2, 600, 21, 624, 625, 1248, 1, 1878]:
        parts.append(np.zeros(size, F4))
        distributions.uniform(g, parts[-1])
    assert np.concatenate(parts).tolist() == whole.tolist()


def test_an_expanded_array_is_refused():
    out = np.lib.stride_tricks.as_strided(np.zeros(1), (3,), (0,))
    for fill in (distributions.uniform, normal.normal, distributions.bernoulli, integers.random):
        with pytest.raises(RuntimeError, match="more than one element of the written-to tensor"):
            fill(gen(), out)


BAD = [
    (
        distributions.uniform,
        F4,
        (2.0, 1.0),
        "uniform_ expects to return a [from, to) range, but found from=2 > to=1",
    ),
    (distributions.uniform, F4, (0.0, 1e39), "to is out of bounds for float"),
    (distributions.uniform, np.int64, (), "\"check_uniform_bounds\" not implemented for 'Long'"),
    (normal.normal, F4, (0.0, -1.0), "normal expects std >= 0.0, but found std -1"),
    (normal.normal, np.int32, (), "\"normal_kernel_cpu\" not implemented for 'Int'"),
    (normal.log_normal, F4, (0.0, 0.0), "log_normal_ expects std > 0.0, but found std=0"),
    (distributions.exponential, F4, (-1.5,), "exponential_ expects lambda > 0.0, but found lambda=-1.5"),
    (
        distributions.exponential,
        np.int8,
        (),
        "Exponential distribution is a continuous probability distribution.",
    ),
    (distributions.geometric, F4, (1.0,), "geometric_ expects p to be in (0, 1), but got p=1"),
    (distributions.cauchy, F4, (0.0, 0.0), "cauchy_ expects sigma > 0.0, but found sigma=0"),
    (distributions.bernoulli, F4, (1.5,), "bernoulli_ expects p to be in [0, 1], but got p=1.5"),
    (
        distributions.bernoulli_each,
        F4,
        (np.array(2.0),),
        "Expected p_in >= 0 && p_in <= 1 to be true, but got false.",
    ),
    (integers.randint, F4, (2, 1), "random_ expects 'from' to be less than 'to', but got from=2 >= to=1"),
    (integers.randint, np.int8, (0, 300), "to - 1 is out of bounds for signed char"),
    (integers.random, np.complex64, (), "\"random_kernel_cpu\" not implemented for 'ComplexFloat'"),
]


@pytest.mark.parametrize(("fill", "dtype", "args", "sentence"), BAD)
def test_bad_arguments_change_nothing(fill, dtype, args, sentence):
    g, out = gen(), np.full(3, 5, dtype)
    with pytest.raises((RuntimeError, NotImplementedError)) as error:
        fill(g, out, *args)
    assert str(error.value).startswith(sentence)
    assert (out == 5).all() and digest(g.get_state_bytes()) == "1ccf17250133dec5"


def test_bad_rates_and_weights():
    for rate, sentence in (
        (-1.0, "expected rate to be non-negative"),
        (1e19, "less than 2^63"),
        (np.nan, "non-neg"),
    ):
        with pytest.raises(RuntimeError, match="invalid Poisson rate") as error:
            sampling.poisson(gen(), np.array([rate]))
        assert sentence in str(error.value)
    with pytest.raises(RuntimeError, match="without replacement"):
        sampling.multinomial(gen(), np.ones(2), 3)


# --- chance ---


def test_ends_of_ranges():
    """[from, to) holds where rounding would reach the end, and single values are possible."""
    for dtype in (np.float16, F4, F8):
        narrow = filled(distributions.uniform, 2000, dtype, 1.0, 1 + 2 * float(np.finfo(dtype).eps))
        assert set(narrow.tolist()) == {1.0, 1 + float(np.finfo(dtype).eps)}
        assert (filled(distributions.uniform, 9, dtype, 2.0, 2.0) == 2).all()
        assert filled(distributions.uniform, 1 << 15, dtype).max() < 1
    assert set(filled(integers.randint, 999, np.int64, -1, 2).tolist()) == {-1, 0, 1}
    assert (filled(distributions.bernoulli, 99, bool, 1.0)).all()
    assert not filled(distributions.bernoulli, 99, bool, 0.0).any()
    assert (filled(distributions.exponential, 9, F4, float("inf")) == 0).all()


@pytest.mark.parametrize(
    ("fill", "args", "mean", "spread"),
    [
        (distributions.uniform, (-1.0, 3.0), 1.0, 4 / 12**0.5),
        (normal.normal, (2.0, 0.5), 2.0, 0.5),
        (normal.log_normal, (0.0, 0.25), np.exp(1 / 32), 0.26),
        (distributions.exponential, (4.0,), 0.25, 0.25),
        (distributions.geometric, (0.25,), 4.0, 12**0.5),
        (distributions.bernoulli, (0.3,), 0.3, 0.21**0.5),
        (integers.randint, (0, 11), 5.0, 10**0.5),
    ],
)
def test_means(fill, args, mean, spread):
    n = 40000
    for view in (np.zeros(n, F4), np.zeros(2 * n)[::2]):
        fill(gen(11), view, *args)
        assert abs(view.mean() - mean) < 4 * spread / n**0.5


def test_permutations_are_permutations():
    for n in (0, 1, 2, 499, 500, 501, 70000):
        assert (np.sort(integers.randperm(gen(n), n, np.dtype(np.int32))) == np.arange(n)).all()


def test_samples_without_replacement_are_distinct():
    drawn = sampling.multinomial(gen(3), np.arange(1, 51, dtype=F8).reshape(1, 50).repeat(200, 0), 40)
    assert all(len(set(row)) == 40 for row in drawn.tolist())
