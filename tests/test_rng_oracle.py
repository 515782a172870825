"""Random numbers against torch: from the same state the same bits, in every dtype, size and layout."""

import math
import warnings

import numpy as np
import pytest

torch = pytest.importorskip("torch")
ml_dtypes = pytest.importorskip("ml_dtypes")

from leafgrad.values import boxmuller, distributions, integers, normal, rng, sampling  # noqa: E402
from leafgrad.values.fused import fused  # noqa: E402
from leafgrad.values.mt19937 import GENERATION, LAYOUT  # noqa: E402

pytestmark = pytest.mark.oracle

FLOATS = ("float32", "float64", "float16", "bfloat16")
COMPLEX = ("complex64", "complex128")
INTEGERS = ("uint8", "int8", "int16", "int32", "int64")
REAL = (*FLOATS, *INTEGERS, "bool")
SIZES = (*range(41), 100, 500, 1000, (1 << 16) + 3)


def np_dtype(name):
    return np.dtype(ml_dtypes.bfloat16 if name == "bfloat16" else name)


def array(tensor):
    """A tensor's elements, in order, as an array."""
    tensor = tensor.contiguous()
    if tensor.dtype == torch.bfloat16:
        return tensor.view(torch.int16).numpy().view(ml_dtypes.bfloat16)
    return tensor.numpy()


def like(tensor):
    """An array with the elements and the strides of a tensor."""
    memory = np.zeros(max(tensor.numel(), 1), array(tensor).dtype)
    strides = [s * tensor.element_size() for s in tensor.stride()]
    result = np.lib.stride_tricks.as_strided(memory, tuple(tensor.shape), strides)
    result[...] = array(tensor)
    return result


class Pair:
    """A generator of ours and one of torch's, in the same state."""

    def __init__(self, seed=0):
        self.ours, self.torchs = rng.Generator().manual_seed(seed), torch.Generator().manual_seed(seed)

    def fill(self, method, name, shape, *args, ours=None):
        """Fill an array and a tensor by torch's method `method` and what is ours for it."""
        a, t = np.zeros(shape, np_dtype(name)), torch.zeros(shape, dtype=getattr(torch, name))
        getattr(t, method)(*args, generator=self.torchs)
        (ours or OURS[method])(self.ours, a, *args)
        self.equal(array(t), a, method, name, shape, args)

    def equal(self, expected, got, *what):
        assert expected.dtype == got.dtype, what
        assert expected.shape == got.shape, what
        assert expected.tobytes() == got.tobytes(), what

    def in_step(self):
        assert self.torchs.get_state().numpy().tobytes() == self.ours.get_state_bytes().tobytes()


def random_(gen, out, *bounds):
    if not bounds:
        integers.random(gen, out)
    else:
        integers.randint(gen, out, *(bounds if len(bounds) == 2 else (0, *bounds)))


OURS = {
    "normal_": normal.normal,
    "log_normal_": normal.log_normal,
    "uniform_": distributions.uniform,
    "exponential_": distributions.exponential,
    "cauchy_": distributions.cauchy,
    "geometric_": distributions.geometric,
    "bernoulli_": distributions.bernoulli,
    "random_": random_,
}


@pytest.mark.parametrize("name", FLOATS + COMPLEX)
@pytest.mark.parametrize("seed", [0, 12345678901234])
def test_continuous_distributions(name, seed):
    pair = Pair(seed)
    for size in SIZES:
        for args in ((0.0, 1.0), (0.3, 0.7)):
            pair.fill("normal_", name, size, *args)
        for args in ((0.0, 1.0), (-0.3, 0.7), (-1.0, 1.0), (2.0, 2.0)):
            pair.fill("uniform_", name, size, *args)
        if name in FLOATS:
            pair.fill("exponential_", name, size, 1.7)
            pair.fill("cauchy_", name, size, 0.3, 0.7)
            pair.fill("log_normal_", name, size, 0.3, 0.7)
        pair.in_step()


@pytest.mark.parametrize("name", REAL)
def test_discrete_distributions(name):
    pair = Pair(1)
    for size in SIZES:
        pair.fill("bernoulli_", name, size, 0.3)
        pair.fill("random_", name, size)
        pair.fill("random_", name, size, 2)
        if name != "bool":
            pair.fill("random_", name, size, 3, 100)
            pair.fill("geometric_", name, size, 0.3)
        for kind in FLOATS:
            chances = torch.linspace(0, 1, size, dtype=torch.float64).to(getattr(torch, kind))
            a, t = np.zeros(size, np_dtype(name)), torch.zeros(size, dtype=getattr(torch, name))
            t.bernoulli_(chances, generator=pair.torchs)
            distributions.bernoulli_each(pair.ours, a, array(chances))
            pair.equal(array(t), a, name, size, kind)
        pair.in_step()


RANGES = [
    ("int64", 0, 1 << 40),
    ("int64", -(1 << 62), 1 << 62),
    ("int64", -(1 << 63), (1 << 63) - 1),
    ("int64", -7, (1 << 28) - 8),
    ("int64", -7, (1 << 28) - 7),
    ("int64", 0, 1 << 32),
    ("int32", -(1 << 31), (1 << 31) - 1),
    ("uint16", 0, 1 << 16),
    ("uint32", 0, 1 << 32),
    ("uint64", 0, (1 << 63) - 1),
    ("float64", -5, 1 << 40),
    ("float32", 0, 1 << 24),
    ("float32", -(1 << 30), 1 << 31),
    ("float32", (1 << 24) + 1, (1 << 24) + 9),
    ("float16", 2047, 2049),
    ("float16", 2049, 2060),
    ("float16", 4099, 4101),
    ("float16", -65504, 65505),
    ("bfloat16", -300, 1 << 50),
    ("float64", (1 << 53) + 1, (1 << 53) + 7),
]


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize(("name", "low", "high"), RANGES)
def test_ranges_of_integers(name, low, high):
    pair = Pair(2)
    for size in (1, 5, 1000):
        pair.fill("random_", name, size, low, high)
    pair.in_step()


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("name", [*REAL, "uint16", "uint32"])
@pytest.mark.parametrize("low", [0, 1, -3, 5, 200, -(1 << 30), -(1 << 63)])
def test_ranges_without_an_end(name, low):
    pair = Pair(3)
    expected, _ = outcome(lambda: torch.empty(3, dtype=getattr(torch, name)).random_(low, None))
    if expected is not None:
        got, _ = outcome(lambda: integers.randint(pair.ours, np.zeros(3, np_dtype(name)), low, None))
        assert type(got) is type(expected) and same_sentence(got, expected)
    else:
        pair.fill("random_", name, 1000, low, None)
    pair.in_step()


@pytest.mark.parametrize("name", [*FLOATS, *INTEGERS])
def test_permutations(name):
    pair = Pair(4)
    for n in (0, 1, 2, 3, 10, 100, 128, 499, 500, 501, 2000, 30000, 70000, 300000):
        error, _ = outcome(lambda n=n: torch.randperm(n, dtype=getattr(torch, name)))
        if error is not None:
            got, _ = outcome(lambda n=n: integers.randperm(pair.ours, n, np_dtype(name)))
            assert type(got) is type(error) and str(got) == str(error)
        else:
            expected = torch.randperm(n, dtype=getattr(torch, name), generator=pair.torchs)
            pair.equal(array(expected), integers.randperm(pair.ours, n, np_dtype(name)), n)
        pair.in_step()


def test_the_permutation_that_takes_two_words_a_place(monkeypatch):
    """torch needs it beyond 2 * 10^8 elements; so it is checked on its own: every integer once, uniformly."""
    monkeypatch.setattr(integers, "TWO_WORDS", 3)
    gen = rng.Generator()
    found = np.array([integers.randperm(gen, 3, np.dtype(np.int64)) for _ in range(6000)])
    assert (np.sort(found) == np.arange(3)).all()
    counts = np.unique(found @ [9, 3, 1], return_counts=True)[1]
    assert len(counts) == 6 and abs(counts - 1000).max() < 150


LAYOUTS = {
    "transposed": (lambda x: x.T, (17, 7)),
    "permuted": (
        lambda x: x.transpose(2, 0, 1) if isinstance(x, np.ndarray) else x.permute(2, 0, 1),
        (3, 4, 5),
    ),
    "stepped": (lambda x: x[::2, 1::3], (6, 30)),
    "a column": (lambda x: x[:, 1], (50, 3)),
    "a length of one": (lambda x: x[:, None].swapaxes(0, 2), (6, 7)),
    "one number": (lambda x: x[3:4, 0], (6, 7)),
    "no number": (lambda x: x[3:3], (6, 7)),
    "no axis": (lambda x: x[2, 2, ...], (6, 7)),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(
    ("method", "args", "name"),
    [
        *[("normal_", (0.3, 0.7), name) for name in FLOATS + COMPLEX],
        *[("uniform_", (0.3, 0.7), name) for name in ("float32", "float16", "complex128")],
        ("exponential_", (1.0,), "float64"),
        ("bernoulli_", (0.5,), "bool"),
        ("random_", (), "int64"),
        ("random_", (10,), "float32"),
    ],
)
def test_the_order_of_filling(layout, method, args, name):
    view, shape = LAYOUTS[layout]
    pair = Pair(5)
    a, t = np.zeros(shape, np_dtype(name)), torch.zeros(shape, dtype=getattr(torch, name))
    getattr(view(t), method)(*args, generator=pair.torchs)
    OURS[method](pair.ours, view(a), *args)
    pair.equal(array(t), a, layout, method, name)
    pair.in_step()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_order_of_filling_by_given_chances(layout):
    view, shape = LAYOUTS[layout]
    pair = Pair(6)
    a, t = np.zeros(shape, np.float32), torch.zeros(shape)
    chances = torch.rand(view(t).shape)
    view(t).bernoulli_(chances, generator=pair.torchs)
    distributions.bernoulli_each(pair.ours, view(a), chances.numpy())
    pair.equal(array(t), a, layout)
    if view(t).ndim == 2:
        view(t).bernoulli_(chances[:1], generator=pair.torchs)
        distributions.bernoulli_each(pair.ours, view(a), chances[:1].numpy())
        pair.equal(array(t), a, layout)


def test_mixed_calls_on_one_generator():
    choose = np.random.default_rng(0)
    pair = Pair(7)
    for _ in range(1500):
        size = int(choose.choice([1, 2, 3, 5, 15, 16, 17, 47, 700, 1300]))
        match int(choose.integers(9)):
            case 0:
                pair.fill("normal_", str(choose.choice([*FLOATS, "complex64"])), size)
            case 1:
                pair.fill("uniform_", str(choose.choice(FLOATS)), size, -1.0, 3.0)
            case 2:
                pair.fill("random_", str(choose.choice(INTEGERS)), size)
            case 3:
                pair.fill("log_normal_", str(choose.choice(FLOATS)), size, 0.1, 0.9)
            case 4:
                pair.fill("bernoulli_", "bool", size, 0.7)
            case 5:
                expected = torch.randperm(size, generator=pair.torchs)
                pair.equal(array(expected), integers.randperm(pair.ours, size, np.dtype(np.int64)))
            case 6:
                pair.fill("exponential_", "float64", size, 2.0)
            case 7:
                rates = torch.linspace(0, 30, size)
                pair.equal(
                    array(torch.poisson(rates, generator=pair.torchs)),
                    sampling.poisson(pair.ours, rates.numpy()),
                )
            case 8:  # what waits for the next call must be exact, whatever dtype asked for its other half
                pair.fill("normal_", str(choose.choice(FLOATS)), (2 * size, 1), ours=_every_other)
    pair.in_step()


def _every_other(gen, out):
    normal.normal(gen, out)


def test_a_strided_normal_leaves_an_exact_number_for_the_next_call():
    pair = Pair(8)
    for name in FLOATS:
        a, t = np.zeros((2 * 999, 2), np_dtype(name)), torch.zeros((2 * 999, 2), dtype=getattr(torch, name))
        t[::2, 0].normal_(generator=pair.torchs)
        normal.normal(pair.ours, a[::2, 0])
        pair.in_step()
        pair.fill("normal_", "float64", 1)


def test_many_float32_normal_numbers():
    pair = Pair(9)
    for size, args in ((1 << 20, (0.0, 1.0)), ((1 << 19) + 5, (-1.3, 0.37)), ((1 << 18) + 48, (0.0, 2.0))):
        pair.fill("normal_", "float32", size, *args)
    pair.in_step()


def test_the_float32_kernel_at_its_edges():
    """Words at the ends of their range and at the borders of the octants, which torch is made to draw."""
    edges = [0, 1, 2, (1 << 24) - 1, (1 << 24) - 2] + [(i << 21) + d for i in range(1, 8) for d in (-1, 0, 1)]
    words = np.array([word for a in edges for b in edges for word in [a] * 8 + [b] * 8], np.uint32)
    for start in range(0, len(words), 608):
        part = words[start : start + 608]
        state = rng.Generator().get_state_bytes().view(LAYOUT)
        state["key"][0, : len(part) + 1] = [0] + [_untempered(word) for word in part.tolist()]
        state["left"], state["next"] = GENERATION, 1  # as if the first word, whatever it was, had been drawn
        torchs = torch.Generator()
        torchs.set_state(torch.from_numpy(state.view(np.uint8)))
        got = np.empty(len(part), np.float32)
        boxmuller.transform(part.copy(), got, 1.0, 0.0)
        assert torch.randn(len(part), generator=torchs).numpy().tobytes() == got.tobytes()


def _untempered(y):
    """The word of the generator's state that it hands out as `y`."""
    y ^= y >> 18
    y ^= (y << 15) & 0xEFC60000
    x = y
    for _ in range(4):
        x = y ^ ((x << 7) & 0x9D2C5680)
    y = x & 0xFFFFFFFF
    x = y ^ (y >> 11)
    return (y ^ (x >> 11)) & 0xFFFFFFFF


@pytest.mark.parametrize("name", [*FLOATS, "complex64"])
def test_normal_numbers_around_given_ones(name):
    dtype = getattr(torch, name)
    for shape, std_shape in (((3,), (3,)), ((40, 1), (7,)), ((5, 40), ())):
        mean = torch.linspace(-3, 3, math.prod(shape)).reshape(shape).to(dtype)
        real = dtype if not dtype.is_complex else torch.float32
        std = torch.linspace(0, 3, math.prod(std_shape)).reshape(std_shape).to(real)
        numbers = [(array(mean), array(std), mean, std), (array(mean), 0.7, mean, 0.7)]
        if not dtype.is_complex:
            numbers.append((0.3, array(std), 0.3, std))
        for our_mean, our_std, torch_mean, torch_std in numbers:
            pair = Pair(10)
            expected = torch.normal(torch_mean, torch_std, generator=pair.torchs)
            out = np.zeros(tuple(expected.shape), np_dtype(name))
            normal.normal_around(pair.ours, out, our_mean, our_std)
            pair.equal(array(expected), out, shape, std_shape)


@pytest.mark.parametrize("name", FLOATS)
def test_poisson(name):
    pair = Pair(11)
    for rates in (
        torch.full((700,), 0.5),
        torch.linspace(0, 40, 1001),
        torch.full((3, 5), 1000.0).T,
        torch.linspace(0, 200, 60).reshape(3, 4, 5).permute(2, 0, 1),
        torch.empty(0),
    ):
        rates = rates.to(getattr(torch, name))
        pair.equal(
            array(torch.poisson(rates, generator=pair.torchs)), sampling.poisson(pair.ours, like(rates))
        )
        pair.in_step()


@pytest.mark.parametrize("name", FLOATS)
@pytest.mark.parametrize("shape", [(1,), (7,), (300,), (5, 40), (1, 9), (0, 3)])
@pytest.mark.parametrize("turned", [False, True])
def test_multinomial(name, shape, turned):
    pair = Pair(12)
    seed = torch.Generator().manual_seed(1)
    weights = torch.rand(shape[::-1] if turned else shape, dtype=torch.float64, generator=seed).to(
        getattr(torch, name)
    )
    if turned:
        weights = weights.permute(*range(len(shape))[::-1])
    for count, replacement in ((1, False), (1, True), (4, False), (50, True)):
        if not replacement and count > shape[-1]:
            continue
        expected = torch.multinomial(weights, count, replacement, generator=pair.torchs)
        got = sampling.multinomial(pair.ours, like(weights), count, replacement)
        if count == 4 and name in (
            "float16",
            "bfloat16",
        ):  # ties, which torch orders as its partial sort leaves them
            assert got.shape == tuple(expected.shape)
        else:
            pair.equal(array(expected), got, count, replacement)
    pair.in_step()


def test_states_go_both_ways():
    for drawn in (0, 1, 3, 623, 624, 625, 5000):
        ours, theirs = rng.Generator().manual_seed(13), torch.Generator()
        distributions.uniform(ours, np.zeros(drawn, np.float32))
        normal.normal(ours, np.zeros(3))
        theirs.set_state(torch.from_numpy(ours.get_state_bytes()))
        assert theirs.initial_seed() == 13
        again = rng.Generator()
        again.set_state_bytes(theirs.get_state().numpy())
        expected, got = torch.randn(5, generator=theirs, dtype=torch.float64), np.zeros(5)
        normal.normal(again, got)
        assert expected.numpy().tobytes() == got.tobytes()
        assert theirs.get_state().numpy().tobytes() == again.get_state_bytes().tobytes()


def test_seeds():
    for seed in (0, 1, -1, (1 << 32) - 1, 1 << 32, (1 << 64) - 1, -(1 << 63), 10**15):
        pair = Pair(seed)
        assert pair.ours.initial_seed() == pair.torchs.initial_seed()
        pair.fill("random_", "int64", 3)
        pair.in_step()
    fresh, torchs = rng.Generator(), torch.Generator()
    assert fresh.get_state_bytes().tobytes() == torchs.get_state().numpy().tobytes()


def same_sentence(ours, theirs):
    """Whether our message begins with torch's first line (less its last full stop)."""
    return str(ours).startswith(str(theirs).split("\n")[0].split("  (Could")[0].rstrip("."))


NAN, INF = float("nan"), float("inf")
BAD = [
    *[
        ("uniform_", name, args)
        for name in FLOATS
        for args in ((2.0, 1.0), (NAN, 1.0), (0.0, INF), (-1e300, 1e300))
    ],
    *[("uniform_", name, (0.0, 1.0)) for name in (*INTEGERS, "bool", "uint16")],
    ("uniform_", "float16", (-6e4, 6e4)),
    ("uniform_", "complex64", (2.0, 1.0)),
    *[("normal_", name, (0.0, std)) for name in ("float32", "int64") for std in (-1.0, NAN)],
    *[("normal_", name, (0.0, 1.0)) for name in (*INTEGERS, "bool")],
    *[("log_normal_", name, (0.0, std)) for name in ("float32", "complex64") for std in (0.0, -1.0, NAN)],
    *[("log_normal_", name, (0.0, 1.0)) for name in (*INTEGERS, "bool", "complex64")],
    *[("exponential_", "float32", (rate,)) for rate in (0.0, -1.5, NAN)],
    *[("exponential_", name, (1.0,)) for name in (*INTEGERS, *COMPLEX, "bool")],
    *[("cauchy_", "float32", (0.0, sigma)) for sigma in (0.0, -1.5, NAN)],
    *[("cauchy_", name, (0.0, 1.0)) for name in (*INTEGERS, *COMPLEX, "bool", "uint16")],
    *[("geometric_", name, (p,)) for name in ("float32", "bool") for p in (0.0, 1.0, 1.5, NAN)],
    *[("geometric_", name, (0.5,)) for name in ("bool", "complex64", "uint16")],
    *[("bernoulli_", name, (p,)) for name in ("float32", "bool") for p in (-0.1, 1.5, NAN)],
    *[("bernoulli_", name, (0.5,)) for name in ("complex64", "uint16")],
    *[("random_", name, args) for name in (*REAL, *COMPLEX) for args in ((2, 1), (1, 1), (0,), (-1,))],
    *[("random_", name, (0, 1 << 40)) for name in (*INTEGERS, "bool", "float16", "complex64")],
    *[("random_", name, (-(1 << 40), 1)) for name in (*INTEGERS, "bool", "float16", "complex64")],
    *[("random_", name, ()) for name in (*COMPLEX, "uint16", "uint32", "uint64")],
    ("random_", "uint64", (0, None)),
    ("random_", "complex64", (0, None)),
    ("random_", "float32", (1 << 24, None)),
    ("random_", "float32", (0, 1 << 25)),
    ("random_", "bfloat16", (-300, 5)),
    ("random_", "float16", (2051, 2052)),
    ("random_", "float16", (-3000, 3000)),
]


def outcome(call):
    """The type and text of the error, and the texts of the warnings."""
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        error = None
        try:
            call()
        except Exception as raised:
            error = raised
    return error, [str(w.message).partition(" (Triggered")[0] for w in seen if w.category is UserWarning]


@pytest.mark.parametrize(("method", "name", "args"), BAD)
@pytest.mark.parametrize("size", [0, 3])
def test_bad_arguments(method, name, args, size):
    a, t = np.zeros(size, np_dtype(name)), torch.zeros(size, dtype=getattr(torch, name))
    gen = rng.Generator()
    before = gen.get_state_bytes().tobytes()
    expected, their_warnings = outcome(lambda: getattr(t, method)(*args))
    got, our_warnings = outcome(lambda: OURS[method](gen, a, *args))
    assert our_warnings == their_warnings
    assert type(got) is type(expected)
    if expected is not None:
        assert same_sentence(got, expected), (str(got), str(expected))
        assert gen.get_state_bytes().tobytes() == before and not a.any()


def test_bad_arguments_of_the_rest():
    gen = rng.Generator()
    T, f = torch.tensor, np.float32
    cases = [
        (lambda: torch.randperm(-1), lambda: integers.randperm(gen, -1, np.dtype(np.int64))),
        (lambda: torch.randperm(3, dtype=torch.bool), lambda: integers.randperm(gen, 3, np.dtype(bool))),
        (lambda: torch.randperm(3, dtype=torch.uint16), lambda: integers.randperm(gen, 3, np.dtype("u2"))),
        (lambda: torch.randperm(3, dtype=torch.cfloat), lambda: integers.randperm(gen, 3, np.dtype("c8"))),
        (
            lambda: torch.randperm(2**25, dtype=torch.float),
            lambda: integers.randperm(gen, 2**25, np.dtype("f4")),
        ),
        (
            lambda: torch.zeros(3).bernoulli_(T(2.0)),
            lambda: distributions.bernoulli_each(gen, np.zeros(3), f(2)[...]),
        ),
        (
            lambda: torch.zeros(3).bernoulli_(T(1)),
            lambda: distributions.bernoulli_each(gen, np.zeros(3), np.array(1)),
        ),
        (
            lambda: torch.zeros(3, dtype=torch.cfloat).bernoulli_(T(0.5)),
            lambda: distributions.bernoulli_each(gen, np.zeros(3, "c8"), np.array(0.5)),
        ),
        (lambda: torch.poisson(T([-1.0])), lambda: sampling.poisson(gen, f([-1]))),
        (lambda: torch.poisson(T([1])), lambda: sampling.poisson(gen, np.array([1]))),
        (
            lambda: torch.normal(torch.zeros(2), T([1.0, -1.0])),
            lambda: normal.normal_around(gen, np.zeros(2), np.zeros(2), np.array([1.0, -1.0])),
        ),
        (
            lambda: torch.normal(torch.zeros(2), T([1.0, 1j])),
            lambda: normal.normal_around(gen, np.zeros(2), np.zeros(2), np.array([1.0, 1j])),
        ),
        (
            lambda: torch.normal(torch.zeros(2), -1.0),
            lambda: normal.normal_around(gen, np.zeros(2), np.zeros(2), -1.0),
        ),
        (
            lambda: torch.empty(1).expand(3).uniform_(),
            lambda: distributions.uniform(gen, np.lib.stride_tricks.as_strided(np.zeros(1), (3,), (0,))),
        ),
    ]
    for weights, count, replacement in [
        ([1.0, 2.0], 3, False),
        ([1.0, -2.0], 1, False),
        ([0.0, 0.0], 1, False),
        ([[1.0, 2.0], [0.0, 0.0]], 1, False),
        ([1.0, INF], 1, False),
        ([1.0, NAN], 1, True),
        ([1.0, NAN], 2, True),
        ([1.0, INF], 2, True),
        ([1.0, -2.0], 2, True),
        ([0.0, 0.0], 2, True),
        ([1.0, 2.0], 0, False),
        ([1.0, 2.0], -1, True),
        ([[[1.0]]], 1, False),
        (1.0, 1, False),
        ([], 1, False),
        ([1, 2], 1, False),
    ]:
        cases.append(
            (
                lambda w=weights, c=count, r=replacement: torch.multinomial(T(w), c, r),
                lambda w=weights, c=count, r=replacement: sampling.multinomial(gen, T(w).numpy(), c, r),
            )
        )
    before = gen.get_state_bytes().tobytes()
    for theirs, ours in cases:
        (expected, _), (got, _) = outcome(theirs), outcome(ours)
        assert expected is not None and type(got) is type(expected), (expected, got)
        assert same_sentence(got, expected), (str(got), str(expected))
    assert gen.get_state_bytes().tobytes() == before


def test_bad_seeds_and_states():
    ours, theirs = rng.Generator(), torch.Generator()
    for seed in (1 << 64, -(1 << 63) - 1, 1.5, "a", True, None):
        (expected, _), (got, _) = (
            outcome(lambda s=seed: theirs.manual_seed(s)),
            outcome(lambda s=seed: ours.manual_seed(s)),
        )
        assert type(got) is type(expected) and str(got) == str(expected)
    for state in (3, np.zeros(3), np.zeros(3, np.uint8), np.zeros(5056, np.uint8)):
        as_tensor = torch.from_numpy(state) if isinstance(state, np.ndarray) else state
        expected, _ = outcome(lambda s=as_tensor: theirs.set_state(s))
        got, _ = outcome(lambda s=state: ours.set_state_bytes(s))
        assert type(got) is type(expected) and str(got) == str(expected).split("\n")[0]


def test_fused_multiply_add():
    """Against exact fractions."""
    from fractions import Fraction

    choose = np.random.default_rng(1)
    for b, c in ((0.7, 0.3), (1e-3, -5.0), (3.0, 1e10), (-2.5, 0.1)):
        a = choose.normal(size=300)
        exact = [float(Fraction(x) * Fraction(b) + Fraction(c)) for x in a.tolist()]
        assert fused(a, b, c).tolist() == exact
    assert fused(np.array([1e300, INF]), 1e10, 0.3).tolist() == [INF, INF]
