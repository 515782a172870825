"""Gather, scatter, rows and masks on large arrays, which take other ways than small ones."""

import numpy as np
import pytest

from leafgrad.values import gather as g
from leafgrad.values import masked as m
from leafgrad.values import rows as r
from leafgrad.values.accumulate import add_along, add_rows, sort

RNG = np.random.default_rng(0)
X = RNG.standard_normal((30, 25, 20)).astype(np.float32)
FORMS = [np.ascontiguousarray, np.asfortranarray]
each_form = pytest.mark.parametrize("form", FORMS)
each_dim = pytest.mark.parametrize("dim", [0, 1, 2, -1])


def index(dim, m, small=0, dtype=np.int64):
    shape = [n - small for n in X.shape]
    shape[dim] = m
    return RNG.integers(0, X.shape[dim], shape).astype(dtype)


def open_grid(at, dim):
    grid = list(np.ogrid[tuple(slice(n) for n in at.shape)])
    grid[dim] = at
    return tuple(grid)


@each_form
@each_dim
@pytest.mark.parametrize(("m", "small", "dtype"), [(7, 0, np.int64), (45, 3, np.int32)])
def test_gather_and_scatter(form, dim, m, small, dtype):
    at = index(dim, m, small, dtype)
    grid = open_grid(at, dim)
    assert np.array_equal(g.gather(form(X), dim, at), X[grid])
    places = np.arange(X.size).reshape(X.shape)[grid].astype(np.float32)  # equal places, equal values
    expected = X.copy()
    expected[grid] = places
    assert np.array_equal(g.scatter(form(X), dim, at, places), expected)
    mine = form(X.copy())
    assert g.scatter(mine, dim, at, places, out=mine) is mine and np.array_equal(mine, expected)
    expected[grid] = 3
    assert np.array_equal(g.scatter(mine, dim, at, 3, out=mine), expected)
    np.add.at(expected, grid, 1 + places)
    assert np.array_equal(g.scatter_add(mine, dim, at, 1 + places, out=mine), expected)


@each_dim
def test_scatter_reduce(dim):
    at = index(dim, 35)
    grid = open_grid(at, dim)
    src = RNG.integers(1, 4, at.shape).astype(np.float64)
    x = RNG.integers(1, 4, X.shape).astype(np.float64)
    for reduce, ufunc in {"sum": np.add, "amax": np.maximum, "amin": np.minimum, "prod": np.multiply}.items():
        expected = x.copy()
        ufunc.at(expected, grid, src)
        assert np.allclose(g.scatter_reduce(x, dim, at, src, reduce), expected)
        expected[grid] = {"sum": 0, "amax": -np.inf, "amin": np.inf, "prod": 1}[reduce]
        ufunc.at(expected, grid, src)
        assert np.allclose(g.scatter_reduce(x, dim, at, src, reduce, include_self=False), expected)
    total, count = np.zeros(X.shape), np.zeros(X.shape)
    np.add.at(total, grid, src)
    np.add.at(count, grid, 1)
    expected = np.where(count > 0, total / np.maximum(count, 1), x)
    assert np.allclose(g.scatter_reduce(x, dim, at, src, "mean", include_self=False), expected)
    assert np.allclose(g.scatter_reduce(x, dim, at, src, "mean"), (x + total) / (count + 1))


@each_dim
@pytest.mark.parametrize("bad", [-1, 30])
def test_bad_index_is_found_before_anything_is_written(dim, bad):
    at = index(dim, 25)
    at.flat[-1] = bad
    x, src = X.copy(), np.ones(at.shape, np.float32)
    message = f"index {bad} is out of bounds for dimension {dim % 3} with size {X.shape[dim]}"
    with pytest.raises(RuntimeError, match=message):
        g.gather(x, dim, at)
    for call in (g.scatter, g.scatter_add):
        with pytest.raises(RuntimeError, match=message):
            call(x, dim, at, src, out=x)
    with pytest.raises(RuntimeError, match=message):
        g.scatter_reduce(x, dim, at, src, "amax", out=x)
    assert np.array_equal(x, X)


@each_form
def test_flat_positions(form):
    at = RNG.integers(-X.size, X.size, 5000)
    places = np.arange(X.size, dtype=np.float32)[at]
    assert np.array_equal(g.take(form(X), at), X.reshape(-1)[at])
    expected = X.copy()
    expected.reshape(-1)[at] = places
    assert np.array_equal(g.put(form(X), at, places), expected)
    np.add.at(expected.reshape(-1), at, places)
    mine = form(X.copy())
    g.put(mine, at, places, out=mine)
    assert np.array_equal(g.put(mine, at, places, accumulate=True, out=mine), expected)


@each_form
@each_dim
def test_rows(form, dim):
    n = X.shape[dim]
    at, once = RNG.integers(0, n, 300), RNG.permutation(n)[: n // 2]
    key = (slice(None),) * (dim % 3)
    assert np.array_equal(r.index_select(form(X), dim, at), X.take(at, dim))
    source = X.take(at, dim) * 2
    expected = X.copy()
    np.add.at(expected, (*key, at), 0.5 * source)
    assert np.allclose(r.index_add(form(X), dim, at, form(source), alpha=0.5), expected, atol=1e-3)
    expected = X.copy()
    expected[(*key, once)] = X.take(once, dim) * 2
    assert np.array_equal(r.index_copy(form(X), dim, once, form(X.take(once, dim) * 2)), expected)
    expected[(*key, once)] = 7
    mine = form(X.copy())
    assert np.array_equal(
        r.index_fill(mine, dim, once - n, 7, out=mine)[(*key, once)], expected[(*key, once)]
    )


DTYPES = [np.bool_, np.int8, np.float16, np.float32, np.float64, np.complex64, np.complex128]


@each_form
@pytest.mark.parametrize("dtype", DTYPES)
def test_masks(form, dtype):
    x, mask = form((X * 9).astype(dtype)), RNG.random(X.shape) < 0.3
    expected = x.copy()
    expected[mask] = 1
    assert np.array_equal(m.masked_fill(x, mask, 1), expected)
    assert np.array_equal(m.masked_fill(x, mask[0], 1), np.where(mask[0], np.ones((), dtype), x))
    assert np.array_equal(m.masked_select(x, mask), x[mask])
    assert np.array_equal(m.masked_select(x, mask[:, :1]), x[np.broadcast_to(mask[:, :1], x.shape)])
    source = np.arange(mask.sum() + 5).astype(dtype)
    scattered = m.masked_scatter(x, mask, source)
    assert np.array_equal(scattered[mask], source[:-5]) and np.array_equal(scattered[~mask], x[~mask])
    mine = x.copy("K")
    m.masked_scatter(mine, mask, source, out=mine)
    assert np.array_equal(mine, scattered)
    assert np.array_equal(m.masked_fill(mine, mask, 1, out=mine), expected)
    assert np.array_equal(m.nonzero(x), np.argwhere(x))


def test_masked_fill_knows_infinities_and_nan():
    x = np.full((100, 100), np.nan, np.float32)
    mask = np.tri(100, dtype=bool)
    filled = m.masked_fill(x, mask, float("-inf"))
    assert np.isneginf(filled[mask]).all() and np.isnan(filled[~mask]).all()


# --- adding rows up ---


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16, np.int8, np.complex64, np.bool_])
@pytest.mark.parametrize("width", [1, 2, 3, 64])
@pytest.mark.parametrize("places", [1, 5, 300, 70_000])
def test_add_rows(dtype, width, places):
    m = max(3000, (1 << 17) // 64) if width == 64 else 3000
    at = np.minimum(RNG.zipf(1.4, m) - 1, places - 1)
    rows = RNG.integers(0, 2, (m, width)).astype(dtype)
    start = RNG.integers(0, 2, (places, width)).astype(dtype)
    expected, mine = start.copy(), start.copy()
    np.add.at(expected, at, rows)
    add_rows(mine, at, rows)
    assert np.array_equal(mine, expected)
    fresh, zero = np.zeros_like(start), np.zeros_like(start)
    np.add.at(zero, at, rows)
    add_rows(fresh, at, rows, fresh=True)
    assert np.array_equal(fresh, zero)


@pytest.mark.parametrize("width", [1, 2, 40])
def test_add_along(width):
    at = RNG.integers(0, 9, 1000)
    rows = RNG.integers(0, 5, (7, 1000, width)).astype(np.float32)
    expected, mine = np.ones((7, 9, width), np.float32), np.ones((7, 9, width), np.float32)
    np.add.at(expected, (slice(None), at), rows)
    add_along(mine, at, rows)
    assert np.array_equal(mine, expected)


@pytest.mark.parametrize("limit", [3, 1 << 16, 1 << 17, 1 << 33])
def test_sort(limit):
    at = RNG.integers(0, limit, 5000)
    assert np.array_equal(sort(at, limit), at.argsort(kind="stable"))


@pytest.mark.parametrize("shape", [(5,), (70, 60)])
def test_embedding(shape):
    weight = RNG.standard_normal((30, 64)).astype(np.float32)
    at = RNG.integers(0, 30, shape)
    assert np.array_equal(r.embedding(weight, at), weight[at])
    grad = RNG.integers(0, 5, (*shape, 64)).astype(np.float32)
    expected = np.zeros_like(weight)
    np.add.at(expected, at, grad)
    assert np.array_equal(r.embedding_backward(grad, at, 30), expected)
    often = np.maximum(np.bincount(at.reshape(-1), minlength=30), 1)[:, None]
    assert np.allclose(
        r.embedding_backward(grad, at, 30, scale_grad_by_freq=True), expected / often, atol=1e-3
    )
    expected[at.flat[0]] = 0
    assert np.array_equal(r.embedding_backward(grad, at, 30, padding_idx=int(at.flat[0])), expected)
