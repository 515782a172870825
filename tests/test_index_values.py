"""Indexing of plain arrays: how an index is read, and large arrays, which take other ways than small ones."""

import numpy as np
import pytest

from leafgrad.values.index import plan, put, take

END = 2**63 - 1
RNG = np.random.default_rng(0)


READ = [
    (0, [("select", 0, 0)], None),
    (slice(0, 3), [("slice", 0, 0, 3, 1)], None),
    ((slice(0, 3), 1), [("select", 1, 1)], None),
    ((slice(1, None), None), [("slice", 0, 1, END, 1), ("unsqueeze", 1)], None),
    ((), [("alias",)], None),
    (..., [("alias",)], None),
    (None, [("unsqueeze", 0)], None),
    (True, [("unsqueeze", 0)], [[0]]),
    ([0, 2], [], [[0, 2]]),
    ((0, ..., [1, 0]), [("select", 0, 0)], [[1, 0]]),
    ((..., [1, 0]), [], [None, [1, 0]]),
]
WRITTEN = [
    (0, [("select", 0, 0)], None),
    (slice(0, 3), [], None),
    (slice(1, 3), [("slice", 0, 1, 3, 1)], None),
    ((slice(0, 3), slice(None)), [], None),
    ((), [], None),
    (..., [], None),
    (None, [("unsqueeze", 0)], None),
    (True, [("unsqueeze", 0)], None),
    ((True,), [("unsqueeze", 0)], [[0]]),
    ([0, 2], [], [[0, 2]]),
]


@pytest.mark.parametrize(
    ("index", "steps", "advanced", "writing"), [(*c, False) for c in READ] + [(*c, True) for c in WRITTEN]
)
def test_plan(index, steps, advanced, writing):
    found, arrays = plan((3, 4), index, writing=writing)
    assert found == steps
    assert (arrays and [None if a is None else a.tolist() for a in arrays]) == advanced


def test_tensors_are_handed_on_as_they_are():
    class Tensor:
        def __init__(self, data):
            self.data = np.asarray(data)

    rows, mask = Tensor([0, 1]), Tensor([True, False, True, False])
    steps, advanced = plan((3, 4, 4), (Tensor(1), mask, rows), Tensor, lambda t: t.data)
    assert steps == [("select", 0, 1)] and advanced[0] is mask and advanced[1] is rows


# --- large arrays ---

ROWS, COLUMNS = RNG.integers(-32, 32, 600), RNG.integers(-24, 24, 600)
X = RNG.standard_normal((32, 24, 20)).astype(np.float32)
MASK, MASK2 = RNG.random(32) < 0.5, RNG.random((32, 24)) < 0.5
LARGE = {
    "rows": [ROWS],
    "int32": [ROWS.astype(np.int32)],
    "columns": [None, COLUMNS],
    "last": [None, None, COLUMNS % 20],
    "pairs": [ROWS, COLUMNS],
    "int32 pairs": [ROWS.astype(np.int32), COLUMNS],
    "behind": [None, COLUMNS, ROWS % 20],
    "apart": [ROWS, None, COLUMNS % 20],
    "all": [ROWS, COLUMNS, ROWS % 20],
    "grid": [ROWS[:100, None], COLUMNS[:100]],
    "mask": [MASK],
    "mask of two": [MASK2],
    "mask behind": [None, MASK[:24]],
    "mask and integers": [MASK2, np.array([3])],
    "few": [None, None, np.array([3])],
}


def key(advanced):
    return tuple([slice(None) if i is None else i for i in advanced])


def laid_out(x, how):
    """The same values, in other places."""
    if how == "as it is":
        return x.copy()
    if how == "transposed":
        return x.transpose(2, 0, 1).copy().transpose(1, 2, 0)
    wide = np.zeros((*x.shape[:2], 2 * x.shape[2]), x.dtype)
    wide[:, :, ::2] = x
    return wide[:, :, ::2]


LAYOUTS = pytest.mark.parametrize("layout", ["as it is", "transposed", "strided"])
INDICES = pytest.mark.parametrize("advanced", LARGE.values(), ids=LARGE.keys())


@LAYOUTS
@INDICES
def test_take(advanced, layout):
    found = take(laid_out(X, layout), advanced)
    assert np.array_equal(found, X[key(advanced)]) and found.flags.c_contiguous


@LAYOUTS
@INDICES
def test_put(advanced, layout):
    x, expected = laid_out(X, layout), X.copy()
    places = (
        np.arange(X.size).reshape(X.shape)[key(advanced)].astype(np.float32)
    )  # equal places, equal values
    expected[key(advanced)] = places
    put(x, advanced, places)
    assert np.array_equal(x, expected)
    put(x, advanced, np.float32([7]))
    expected[key(advanced)] = 7
    assert np.array_equal(x, expected)


@LAYOUTS
@INDICES
@pytest.mark.parametrize("dtype", [np.float32, np.int16, np.complex64])
def test_accumulate(advanced, layout, dtype):
    x, expected = laid_out(X.astype(dtype), layout), X.astype(dtype)
    values = (
        (np.arange(expected[key(advanced)].size) % 17).astype(dtype).reshape(expected[key(advanced)].shape)
    )
    np.add.at(expected, key(advanced), values)
    put(x, advanced, values, accumulate=True)
    assert np.allclose(x, expected, atol=1e-3)


@INDICES
def test_out_of_bounds_is_named_before_anything_is_written(advanced):
    x = X.copy()
    which = [k for k, i in enumerate(advanced) if i is not None and i.dtype != bool]
    if not which:
        return
    wrong = [i if i is None else i.copy() for i in advanced]
    wrong[which[-1]].flat[-1] = 64
    size = X.shape[-1] if wrong[0] is MASK2 or advanced is LARGE["mask and integers"] else X.shape[which[-1]]
    with pytest.raises(IndexError, match=f"index 64 is out of bounds for dimension . with size {size}"):
        take(x, wrong)
    for values in (np.float32(1), np.ones(X[key(advanced)].shape, np.float32)):
        for accumulate in (False, True):
            with pytest.raises(IndexError, match="index 64 is out of bounds"):
                put(x, wrong, np.asarray(values), accumulate)
    assert np.array_equal(x, X)


def test_values_must_fit():
    x = X.copy()
    with pytest.raises(
        RuntimeError, match=r"value tensor of shape \[3\] cannot be broadcast to indexing result of shape"
    ):
        put(x, [ROWS], np.ones(3, np.float32))
    with pytest.raises(RuntimeError, match="got Float for the destination and Double for the source"):
        put(x, [ROWS], np.ones(20))
    assert np.array_equal(x, X)
