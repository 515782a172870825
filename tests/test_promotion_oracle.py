"""Promotion, casting and limits agree with torch: every pair of dtypes, in every rank, under each default."""

import itertools

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("ml_dtypes")
pytestmark = [pytest.mark.oracle, pytest.mark.filterwarnings("ignore:ComplexHalf support")]

from leafgrad.values import dtype as dtypes  # noqa: E402
from leafgrad.values.dtype import FLOAT  # noqa: E402
from leafgrad.values.limits import finfo, iinfo  # noqa: E402
from leafgrad.values.promotion import can_cast, common, promote_types, result_type  # noqa: E402

NAMES = [
    *("bool", "uint8", "int8", "int16", "int32", "int64", "uint16", "uint32", "uint64"),
    *("float16", "bfloat16", "float32", "float64", "complex64", "complex128"),
]
OURS = [getattr(dtypes, name) for name in NAMES]
NUMBERS = [
    True,
    3,
    2.5,
    1 + 2j,
    np.int8(3),
    np.uint64(3),
    np.float32(2),
    np.float64(2),
    np.complex128(1j),
    np.bool_(True),
]


@pytest.fixture(autouse=True)
def default_restored():
    yield
    torch.set_default_dtype(torch.float32)
    dtypes.set_default_dtype(dtypes.float32)


def set_default(name):
    torch.set_default_dtype(getattr(torch, name))
    dtypes.set_default_dtype(getattr(dtypes, name))


def outcome(function, *args):
    """The name of the resulting dtype, or the type and first sentence of the error."""
    try:
        result = function(*args)
    except Exception as error:
        if "complex32 is not available" in str(error):
            return "torch.complex32"  # a name only: NumPy has no such numbers
        return type(error).__name__, str(error).split(". ")[0]
    if isinstance(result, np.dtype):
        result = dtypes.of(result)
    return str(result)


def operands():
    """(ours, torch's): array and tensor of every dtype, in both ranks, and the numbers."""
    for d in OURS:
        theirs = getattr(torch, d.name)
        yield np.zeros(2, d.np), torch.zeros(2, dtype=theirs)
        yield np.zeros((), d.np), torch.zeros((), dtype=theirs)
    for number in NUMBERS:
        yield number, number


@pytest.mark.parametrize("default", ["float32", "float64", "bfloat16", "float16"])
def test_result_type_of_two(default):
    set_default(default)
    for (a, ta), (b, tb) in itertools.product(operands(), repeat=2):
        want = outcome(torch.result_type, ta, tb)
        for ours in (result_type, common):
            assert outcome(ours, a, b) == want, (ours.__name__, ta, tb)


def test_result_type_of_three():
    # torch.result_type takes two operands; addcmul meets three.  A sample shows that ranks are kept apart.
    rng = np.random.default_rng(0)
    kinds = [k for k in operands() if isinstance(k[0], np.ndarray) and k[0].dtype.kind != "u"]
    checked = 0
    for _ in range(1500):
        (a, ta), (b, tb), (c, tc) = (kinds[i] for i in rng.integers(len(kinds), size=3))
        try:
            want = torch.addcmul(ta, tb, tc, value=1).dtype
        except RuntimeError:
            continue  # addcmul is not implemented for this dtype
        assert outcome(result_type, a, b, c) == str(want), (ta, tb, tc)
        checked += 1
    assert checked > 1000


@pytest.mark.parametrize("default", ["float32", "float64"])
def test_common_to_float_is_the_dtype_of_true_division(default):
    set_default(default)
    for (a, ta), (b, tb) in itertools.product(operands(), repeat=2):
        if not torch.is_tensor(ta) or isinstance(tb, np.generic):
            continue  # no operator of torch's
        want = outcome(lambda x, y: (x / y).dtype, ta, tb)
        got = outcome(lambda x, y: common(x, y, to=FLOAT), a, b)
        assert got == want or want[0] == "NotImplementedError", (ta, tb)


def test_promote_types_and_can_cast():
    for a, b in itertools.product([*OURS, dtypes.complex32], repeat=2):
        theirs = getattr(torch, a.name), getattr(torch, b.name)
        assert outcome(promote_types, a, b) == outcome(torch.promote_types, *theirs)
        assert can_cast(a, b) == torch.can_cast(*theirs), (a, b)
    for python in (bool, int, float, complex):
        want = outcome(torch.promote_types, python, torch.int32)
        assert outcome(promote_types, python, dtypes.int32) == want
    for ours, theirs in ((promote_types, torch.promote_types), (can_cast, torch.can_cast)):
        for bad in (1, "float32", None, np.float32(1)):
            assert outcome(ours, bad, dtypes.int8) == outcome(theirs, bad, torch.int8)
            assert outcome(ours, dtypes.int8, bad) == outcome(theirs, torch.int8, bad)


def test_finfo_and_iinfo():
    attributes = {
        finfo: "bits eps max min smallest_normal tiny resolution dtype",
        iinfo: "bits max min dtype",
    }
    for ours, theirs in ((finfo, torch.finfo), (iinfo, torch.iinfo)):
        for name in [*NAMES, "complex32"]:
            want = outcome(theirs, getattr(torch, name))
            assert outcome(ours, getattr(dtypes, name)) == want
            if isinstance(want, tuple):
                assert want[0] == "TypeError"
                continue
            mine, oracle = ours(getattr(dtypes, name)), theirs(getattr(torch, name))
            for attribute in attributes[ours].split():
                got, expected = getattr(mine, attribute), getattr(oracle, attribute)
                assert got == expected and type(got) is type(expected), (name, attribute)
        for bad in (3, "float32", np.float32):
            assert outcome(ours, bad) == outcome(theirs, bad)
    for default in ("float32", "float64", "float16"):
        set_default(default)
        assert repr(finfo()) == repr(torch.finfo())
    assert repr(finfo(float)) == repr(torch.finfo(float)) and repr(iinfo(int)) == repr(torch.iinfo(int))


def test_default_dtype_is_checked_as_in_torch():
    for name in NAMES:
        set_default("float32")
        want = outcome(torch.set_default_dtype, getattr(torch, name))
        assert outcome(dtypes.set_default_dtype, getattr(dtypes, name)) == want
        assert str(dtypes.get_default_dtype()) == str(torch.get_default_dtype())
    for bad in ("float32", np.float32, float, None, 3):
        assert outcome(dtypes.set_default_dtype, bad) == outcome(torch.set_default_dtype, bad)


def test_dtype_attributes():
    for d in [*OURS, dtypes.complex32]:
        theirs = getattr(torch, d.name)
        assert repr(d) == str(d) == repr(theirs)
        for attribute in ("is_floating_point", "is_complex", "is_signed", "itemsize", "abbr"):
            assert getattr(d, attribute) == getattr(theirs, attribute)
        assert d.tensor_type == torch.zeros(1, dtype=theirs).type()
        assert d is dtypes.complex32 or d.itemsize == d.np.itemsize
        assert outcome(d.to_real) == outcome(theirs.to_real)
        assert outcome(d.to_complex) == outcome(theirs.to_complex)
    for alias in ("half", "float", "double", "cfloat", "cdouble", "short", "int", "long"):
        assert repr(getattr(dtypes, alias)) == repr(getattr(torch, alias))


def test_arrays_that_torch_cannot_take_are_refused_in_its_words():
    for kind in ("O", "U3", "S2", "g", "G", "M8[s]", "m8[s]", "f4,i4", ">f4", ">i8", ">c8", ">f2"):
        array = np.zeros(2, kind)
        assert outcome(dtypes.of, array.dtype) == outcome(torch.from_numpy, array), kind
