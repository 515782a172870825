"""Random numbers inside vmap: the same as torch's for the same seed, drawn for each sample, once for all, or refused."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import leafgrad  # noqa: E402
from tests.both import first_sentence  # noqa: E402

pytestmark = [pytest.mark.oracle, pytest.mark.filterwarnings("ignore")]

MODES = ("error", "different", "same")
X = np.arange(6, dtype=np.float32).reshape(3, 2) / 6
ONE = np.array([0.25, 0.75], np.float32)

# A program of torch (or leafgrad), a sample x and a tensor that is not mapped.
DRAWN = {
    "rand": lambda t, x, one: t.rand(2),
    "rand of a number": lambda t, x, one: t.rand(()) * x,
    "rand of no size": lambda t, x, one: t.rand(2, 0),
    "rand of another dtype": lambda t, x, one: t.rand(2, 3, dtype=t.float64),
    "randn": lambda t, x, one: t.randn(3),
    "randn, many": lambda t, x, one: t.randn(20),
    "randint": lambda t, x, one: t.randint(0, 10, (4,)),
    "randint up to": lambda t, x, one: t.randint(10, (2, 2)),
    "randperm": lambda t, x, one: t.randperm(5),
    "normal of a size": lambda t, x, one: t.normal(0.0, 1.0, (3,)),
    "rand with out": lambda t, x, one: t.rand(2, out=t.empty(2)),
    "randn with out": lambda t, x, one: t.randn(2, out=t.empty(2)),
    "two draws": lambda t, x, one: t.rand(2) + t.randn(2) * x,
    "drawn, then used": lambda t, x, one: (x * t.rand(2)).sum(),
    "a generator": lambda t, x, one: t.rand(2, generator=t.Generator().manual_seed(5)),
    # like
    "rand_like": lambda t, x, one: t.rand_like(x),
    "rand_like of what is not mapped": lambda t, x, one: t.rand_like(one),
    "randn_like": lambda t, x, one: t.randn_like(x),
    "rand_like of a matrix": lambda t, x, one: t.rand_like(x.unsqueeze(0) * x.unsqueeze(1)),
    "rand_like of a transposed": lambda t, x, one: t.rand_like((x.unsqueeze(0) * t.ones(3, 1)).t()),
    "randint_like": lambda t, x, one: t.randint_like(x, 10),
    "randint_like from": lambda t, x, one: t.randint_like(one, 5, 10),
    "rand_like of another dtype": lambda t, x, one: t.rand_like(x, dtype=t.float64),
    # drawn after tensors
    "bernoulli": lambda t, x, one: t.bernoulli(x),
    "bernoulli of what is not mapped": lambda t, x, one: t.bernoulli(one),
    "bernoulli of p": lambda t, x, one: t.bernoulli(x, 0.5),
    "bernoulli of p, not mapped": lambda t, x, one: t.bernoulli(one, 0.5),
    "poisson": lambda t, x, one: t.poisson(x * 9),
    "poisson of what is not mapped": lambda t, x, one: t.poisson(one * 9),
    "normal around": lambda t, x, one: t.normal(x, 1.0),
    "normal around what is not mapped": lambda t, x, one: t.normal(one, 1.0),
    "normal with deviations": lambda t, x, one: t.normal(0.0, x + 1),
    "normal with deviations, not mapped": lambda t, x, one: t.normal(0.0, one + 1),
    "normal of both": lambda t, x, one: t.normal(x, x + 1),
    "normal, the mean mapped": lambda t, x, one: t.normal(x, one + 1),
    "normal, the deviation mapped": lambda t, x, one: t.normal(one, x + 1),
    "normal, neither mapped": lambda t, x, one: t.normal(one, one + 1),
    "normal around numbers": lambda t, x, one: t.normal(x.sum(), one + 1),
    "multinomial": lambda t, x, one: t.multinomial(x + 0.1, 2),
    "multinomial, not mapped": lambda t, x, one: t.multinomial(one, 4, True),
    "multinomial of rows": lambda t, x, one: t.multinomial((x + 0.1).expand(4, 2), 2),
    "multinomial of rows, not mapped": lambda t, x, one: t.multinomial(one.expand(4, 2), 2),
    # dropout
    "dropout": lambda t, x, one: t.nn.functional.dropout(x + 1),
    "dropout of what is not mapped": lambda t, x, one: t.nn.functional.dropout(one),
    "dropout with p": lambda t, x, one: t.nn.functional.dropout(x + 1, 0.3),
    "dropout of nothing": lambda t, x, one: t.nn.functional.dropout(x, 0.0),
    "dropout of all": lambda t, x, one: t.nn.functional.dropout(x, 1.0),
    "dropout, not in training": lambda t, x, one: t.nn.functional.dropout(x, 0.5, False),
    "dropout in place": lambda t, x, one: t.nn.functional.dropout(x.clone() + 1, inplace=True),
    "alpha_dropout": lambda t, x, one: t.nn.functional.alpha_dropout(x, 0.5, True),
    "dropout1d": lambda t, x, one: t.nn.functional.dropout1d(x.expand(3, 2) + 1),
    "dropout2d": lambda t, x, one: t.nn.functional.dropout2d(x.expand(3, 2, 2, 2) + 1),
    "feature_alpha_dropout": lambda t, x, one: t.nn.functional.feature_alpha_dropout(
        x.expand(3, 2) + 1, 0.5, True
    ),
    "torch.dropout": lambda t, x, one: t.dropout(x + 1, 0.5, True),
}
# In-place writes, of a tensor and one that is not mapped.
WRITTEN = {
    "uniform_": lambda y, x, one: y.uniform_(),
    "uniform_ in bounds": lambda y, x, one: y.uniform_(2, 3),
    "normal_": lambda y, x, one: y.normal_(1, 2),
    "log_normal_": lambda y, x, one: y.log_normal_(),
    "exponential_": lambda y, x, one: y.exponential_(),
    "cauchy_": lambda y, x, one: y.cauchy_(),
    "geometric_": lambda y, x, one: y.geometric_(0.5),
    "random_": lambda y, x, one: y.random_(),
    "random_ up to": lambda y, x, one: y.random_(10),
    "random_ from": lambda y, x, one: y.random_(5, 10),
    "bernoulli_": lambda y, x, one: y.bernoulli_(),
    "bernoulli_ of a mapped tensor": lambda y, x, one: y.bernoulli_(x),
    "bernoulli_ of a tensor": lambda y, x, one: y.bernoulli_(one),
}
PLACES = {
    "mapped": lambda t, x, one: x.clone(),
    "not mapped": lambda t, x, one: one.clone(),
    "a part": lambda t, x, one: (x.expand(3, 2) + 0)[1],
    "zeros_like": lambda t, x, one: t.zeros_like(x),
    "new_empty": lambda t, x, one: x.new_empty(2),
}


def found(lib, program, mode, in_dims=0):
    x, one = (lib.from_numpy(each.copy()) for each in (X, ONE))
    lib.manual_seed(0)
    try:
        out = lib.vmap(lambda x: program(lib, x, one), in_dims, randomness=mode)(x.t() if in_dims else x)
    except Exception as error:
        return f"{type(error).__name__}: {first_sentence(error)}"
    return [str(out.dtype), tuple(out.shape), *out.reshape(-1).tolist(), lib.rand(()).item()]


def same(program, mode, in_dims=0):
    ours, theirs = (found(lib, program, mode, in_dims) for lib in (leafgrad, torch))
    if isinstance(theirs, str) or isinstance(ours, str):
        assert ours == theirs
    else:
        assert ours[:2] == theirs[:2]
        np.testing.assert_allclose(ours[2:], theirs[2:], rtol=1e-5)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", DRAWN)
def test_numbers_are_those_of_torch(name, mode):
    same(DRAWN[name], mode)


@pytest.mark.parametrize("mode", ["different", "same"])
@pytest.mark.parametrize("name", ["rand_like", "bernoulli", "dropout", "normal of both"])
def test_samples_in_the_last_dimension(name, mode):
    same(DRAWN[name], mode, 1)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", WRITTEN)
def test_writes_are_those_of_torch(name, place, mode):
    same(lambda t, x, one: WRITTEN[name](PLACES[place](t, x, one), x, one), mode)


@pytest.mark.parametrize("inner", MODES)
@pytest.mark.parametrize("outer", MODES)
@pytest.mark.parametrize(
    "name", ["rand", "randperm", "rand_like", "bernoulli", "dropout", "normal around", "randn, many"]
)
def test_nested(name, outer, inner):
    def program(t, x, one):
        return t.vmap(lambda y: DRAWN[name](t, x * y, one) + 0 * y, randomness=inner)(x)

    same(program, outer)


@pytest.mark.parametrize("mode", ["different", "same"])
def test_gradients_of_what_is_drawn(mode):
    def program(t, x, one):
        return t.func.grad(lambda x: (x * t.rand(2) + t.nn.functional.dropout(x)).sum())(x)

    same(program, mode)


@pytest.mark.parametrize("mode", ["different", "same"])
def test_a_write_stops_the_gradient(mode):
    def program(t, x, one):
        return t.func.grad(lambda x: ((x * 2).uniform_() * x).sum())(x)

    same(program, mode)


@pytest.mark.parametrize("name", ["randn, many", "rand"])
def test_chunks_draw_one_after_the_other(name):
    outs = []
    for lib in (leafgrad, torch):
        lib.manual_seed(0)
        mapped = lib.vmap(lambda x: DRAWN[name](lib, x, None), randomness="different", chunk_size=2)  # noqa: B023
        outs.append(np.asarray(mapped(lib.from_numpy(X.copy()))))
    np.testing.assert_allclose(*outs, rtol=1e-5)


FACTORIES = {
    "zeros": lambda t, x: t.zeros(2),
    "arange": lambda t, x: t.arange(3),
    "tensor": lambda t, x: t.tensor([1.0, 2.0]),
    "eye": lambda t, x: t.eye(2),
    "zeros_like": lambda t, x: t.zeros_like(x),
    "ones_like": lambda t, x: t.ones_like(x, dtype=t.int64),
    "full_like": lambda t, x: t.full_like(x, 2.5),
    "new_zeros": lambda t, x: x.new_zeros(3),
    "new_ones": lambda t, x: x.new_ones(2, 2),
    "new_full": lambda t, x: x.new_full((3,), 7),
    "new_tensor": lambda t, x: x.new_tensor([1.0, 2.0]),
}


@pytest.mark.parametrize("name", FACTORIES)
def test_what_is_made_inside(name):
    """What is made like a sample is one for each sample: it can be written to."""

    def program(t, x, one):
        out = FACTORIES[name](t, x)
        return out + x.sum().to(out.dtype), out

    def written(t, x, one):
        out = FACTORIES[name](t, x)
        out[0] = x.sum()
        return out * 1

    same(lambda t, x, one: program(t, x, one)[0], "error")
    same(lambda t, x, one: program(t, x, one)[1], "error")
    ours, theirs = (found(lib, written, "error") for lib in (leafgrad, torch))
    assert isinstance(ours, str) == isinstance(theirs, str), (ours, theirs)
    if not isinstance(theirs, str):
        same(written, "error")


def test_new_empty_strided_has_a_memory_for_each_sample():
    def program(x):
        out = x.new_empty_strided((2, 2), (5, 1))
        assert out.stride() == (5, 1)
        return out.copy_(x)

    out = leafgrad.vmap(program)(leafgrad.from_numpy(X.copy()))
    np.testing.assert_array_equal(np.asarray(out), np.broadcast_to(X[:, None], (3, 2, 2)))
