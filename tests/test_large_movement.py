"""Large arrays that are moved, filled, counted and scanned: by bands, by turns and by columns, unlike small ones."""

import numpy as np
import pytest

import leafgrad as lg
from leafgrad.values import arrange, blocks, gather, integers, ranges, rows, scans, sorting

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("shape", [(130, 70), (70, 130), (3, 129, 65), (64, 64), (1, 200), (200, 1), (0, 3)])
@pytest.mark.parametrize("upper", [True, False])
def test_triangles_of_many_bands(shape, upper):
    x = RNG.standard_normal(shape)
    for diagonal in (-131, -65, -64, -1, 0, 1, 63, 64, 131):
        expected = (np.triu if upper else np.tril)(x, diagonal)
        assert np.array_equal(arrange.triangle(x, diagonal, upper), expected)
        mine = x.copy()
        assert arrange.triangle(mine, diagonal, upper, mine) is mine and np.array_equal(mine, expected)


def test_a_long_permutation_is_that_of_one_swap_after_the_other():
    n = integers.MANY + 1000
    words = RNG.integers(0, 1 << 32, n - 1, np.uint32)
    expected = integers._swapped(integers._partners(words, n, 0, n - 1), n)
    assert np.array_equal(integers._swapped_in_turns(words, n), expected)
    assert np.array_equal(integers._swapped_at_once(integers._partners(words, n, 0, n - 1), n), expected)


@pytest.mark.parametrize("make", [np.float32, np.float64, np.int64, np.int8])
@pytest.mark.parametrize("largest", [True, False])
def test_the_best_by_a_bound(make, largest):
    x = (RNG.standard_normal((40, 300)) * 20).astype(make)
    if x.dtype.kind == "f":
        x[3, 10:] = -np.inf if largest else np.inf
    values, indices = sorting.topk(x, 7, 1, largest)
    whole = sorting.order(x, 1, largest)[:, :7]
    assert np.array_equal(indices, whole)
    assert np.array_equal(values, np.take_along_axis(x, whole, 1))
    if x.dtype.kind == "f":  # no bound can be found
        x[0], x[1, 7], x[2, 299] = 1, np.nan, np.nan
        values, indices = sorting.topk(x, 7, 1, largest)
        whole = np.take_along_axis(x, sorting.order(x, 1, largest)[:, :7], 1)
        assert np.array_equal(values, whole, equal_nan=True)
        assert np.array_equal(np.take_along_axis(x, indices, 1), whole, equal_nan=True)


@pytest.mark.parametrize("dtype", [np.bool_, np.int16, np.float32, np.complex64, np.complex128])
def test_columns_are_filled(dtype):
    x = (RNG.standard_normal((60, 400)) * 5).astype(dtype)
    at = RNG.integers(-400, 400, 100)
    expected = x.copy()
    expected[:, at] = 1
    assert np.array_equal(rows.index_fill(x, 1, at, 1), expected)
    assert rows.index_fill(x, 1, at, 1, x) is x and np.array_equal(x, expected)


@pytest.mark.parametrize("threads", [1, 2])
def test_many_indices_are_checked_and_vectors_scanned(threads):
    before = blocks.get_num_threads()
    blocks.set_num_threads(threads)
    try:
        x = RNG.random(1 << 18).astype(np.float32)
        at = RNG.permutation(1 << 18)
        assert np.array_equal(gather.gather(x, 0, at), x[at])
        for wrong in (-1, 1 << 18):
            at[1 << 17] = wrong
            with pytest.raises(RuntimeError, match=f"index {wrong} is out of bounds"):
                gather.scatter(x, 0, at, x)
        assert np.allclose(scans.cumsum(x, 0), np.cumsum(x, dtype=np.float64), 1e-6)
    finally:
        blocks.set_num_threads(before)


def test_evenly_spaced_numbers_meet_in_the_middle():
    n = 3 * ranges.PIECE + 5
    for dtype in (np.float32, np.float64):
        found = ranges.spaced(-1.0, 2.0, n, np.dtype(dtype))
        assert found[0] == -1 and found[-1] == 2
        assert np.allclose(found, np.linspace(-1, 2, n), atol=1e-6)
    assert np.array_equal(lg.arange(5, -200000, -3).numpy(), np.arange(5, -200000, -3))


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.int64, np.bool_])
def test_unique_by_counting(dtype):
    x = RNG.integers(-100, 100, (50, 60)).astype(dtype)
    found = lg.unique(lg.from_numpy(x), return_inverse=True, return_counts=True)
    elements, inverse, counts = np.unique(x, return_inverse=True, return_counts=True)
    for mine, expected in zip(found, (elements, inverse.reshape(x.shape), counts), strict=True):
        assert np.array_equal(mine.numpy(), expected)
    assert np.array_equal(lg.unique(lg.from_numpy(x)).numpy(), elements)
