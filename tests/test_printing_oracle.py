"""Printing equals torch's, character by character: random numbers, dtypes, shapes, options and histories."""

import itertools
import math

import numpy as np
import pytest

import leafgrad
from leafgrad.face import printing
from leafgrad.tensor.tensor import wrap

torch = pytest.importorskip("torch")
ml_dtypes = pytest.importorskip("ml_dtypes")
pytestmark = pytest.mark.oracle

FLOATS = {name: np.dtype(name) for name in ("float16", "float32", "float64")} | {
    "bfloat16": np.dtype(ml_dtypes.bfloat16)
}
COMPLEX = {name: np.dtype(name) for name in ("complex64", "complex128")}
INTEGERS = {
    name: np.dtype(name)
    for name in ("uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64")
}
DTYPES = FLOATS | COMPLEX | INTEGERS | {"bool": np.dtype(bool)}

# Numbers on both sides of every decision: whole or not, 1e-4, 1e8, a spread of 1000, ties in the last digit.
EDGES = [
    0.0,
    -0.0,
    1,
    -3,
    0.5,
    2.5,
    1000,
    1001,
    1e-4,
    9.9e-5,
    0.00005,
    0.00015,
    0.12345,
    1e8,
    1.1e8,
    99999999,
]
EDGES += [math.inf, -math.inf, math.nan, 5e-324, 1e308, 9.99995, 0.99995, 65504, 6e-8]

KINDS = {
    "whole": lambda rng, n: rng.integers(-1000, 1000, n),
    "whole and large": lambda rng, n: rng.integers(0, 10, n) * 10.0 ** rng.integers(0, 12),
    "normal": lambda rng, n: rng.standard_normal(n),
    "one magnitude": lambda rng, n: rng.standard_normal(n) * 10.0 ** rng.uniform(-6, 10),
    "any magnitude": lambda rng, n: rng.standard_normal(n) * 10.0 ** rng.uniform(-30, 30, n),
    "extreme magnitude": lambda rng, n: rng.standard_normal(n) * 10.0 ** rng.uniform(-300, 300),
    "binary fractions": lambda rng, n: rng.integers(-99, 99, n) / 2 ** rng.integers(0, 8),
    "edges": lambda rng, n: rng.choice(EDGES, n),
    "not finite": lambda rng, n: rng.choice([0.0, -0.0, 1, math.inf, -math.inf, math.nan], n),
}


@pytest.fixture(autouse=True)
def _default_options():
    yield
    set_both(profile="default")


def set_both(**options):
    torch.set_printoptions(**options)
    printing.set_printoptions(**options)


def random_numbers(rng, name, size):
    dtype = DTYPES[name]
    kind = KINDS[rng.choice(list(KINDS))]
    with np.errstate(all="ignore"):
        if name in INTEGERS:
            info = np.iinfo(dtype)
            if rng.random() < 0.5:
                return rng.integers(info.min, info.max, size, dtype, endpoint=True)
            return rng.integers(max(info.min, -100), 100, size).astype(dtype)
        if name == "bool":
            return rng.random(size) < 0.5
        values = np.asarray(kind(rng, size), np.float64)
        if name in COMPLEX:
            values = values.astype(dtype)
            values.imag = KINDS[rng.choice(list(KINDS))](rng, size)
        return values.astype(dtype)


def random_shape(rng):
    ndim = int(rng.integers(0, 5))
    least = 0 if rng.random() < 0.1 else 1
    return tuple(rng.integers(least, [60, 25, 12, 8, 6][ndim], ndim).tolist())


def random_options(rng):
    options = {
        "precision": int(rng.integers(0, 12)),
        "threshold": int(rng.integers(0, 60)),
        "edgeitems": int(rng.integers(0, 5)),
        "linewidth": int(rng.integers(1, 130)),
        "sci_mode": [None, True, False][rng.integers(3)],
        "profile": ["default", "short", "full"][rng.integers(3)],
    }
    return {name: value for name, value in options.items() if rng.random() < 0.5}


def both(array):
    """The array as a tensor of torch and of leafgrad."""
    if array.dtype == ml_dtypes.bfloat16:
        return torch.from_numpy(array.view(np.int16)).view(torch.bfloat16), wrap(array)
    return torch.from_numpy(array), wrap(array)


@pytest.mark.parametrize("default", ["float32", "float64"])
@pytest.mark.parametrize("name", DTYPES)
def test_numbers_shapes_and_options(name, default):
    rng = np.random.default_rng(len(name) + ord(name[0]))
    torch.set_default_dtype(getattr(torch, default))
    leafgrad.set_default_dtype(getattr(leafgrad, default))
    try:
        for trial in range(150):
            options = random_options(rng) if trial % 3 else {}
            set_both(profile="default")
            set_both(**options)
            shape = random_shape(rng)
            theirs, ours = both(random_numbers(rng, name, math.prod(shape)).reshape(shape))
            assert repr(ours) == repr(theirs), (shape, options)
            if (name in FLOATS or name in COMPLEX) and trial % 2:
                assert repr(ours.requires_grad_()) == repr(theirs.requires_grad_()), (shape, options)
    finally:
        torch.set_default_dtype(torch.float32)
        leafgrad.set_default_dtype(leafgrad.float32)


@pytest.mark.parametrize("name", FLOATS | COMPLEX)
def test_pairs_of_edges(name):
    for pair in itertools.combinations_with_replacement(EDGES, 2):
        with np.errstate(all="ignore"):
            array = np.array(pair).astype(DTYPES[name])
            if name in COMPLEX:
                array = array * DTYPES[name].type(1 - 2j)
        theirs, ours = both(array)
        assert repr(ours) == repr(theirs)
        assert repr(ours[0]) == repr(theirs[0])


@pytest.mark.parametrize("name", FLOATS | COMPLEX | INTEGERS)
def test_format(name):
    rng = np.random.default_rng(0)
    for _ in range(40):
        theirs, ours = both(random_numbers(rng, name, 1).reshape(()))
        for spec in ("", ".3f", "10.2e", "+.0f", ">20"):
            assert format(ours, spec) == format(theirs, spec)


# Each program is run with both modules in place of `torch`; what it returns is printed.
PROGRAMS = {
    "leaf": lambda torch: torch.ones(3, requires_grad=True),
    "leaf that would not fit": lambda torch: torch.full((9,), 0.5, dtype=torch.float64).requires_grad_(),
    "result": lambda torch: torch.ones(3, requires_grad=True).exp(),
    "no axes": lambda torch: torch.tensor(2.0, requires_grad=True).exp(),
    "view": lambda torch: torch.ones(3, 2, requires_grad=True).t(),
    "empty": lambda torch: torch.ones(0, 2, requires_grad=True) * 2,
    "detached": lambda torch: torch.ones(3, requires_grad=True).detach(),
    "copied slices": lambda torch: torch.zeros(3).index_put_(
        (torch.tensor([1]),), torch.ones(1, requires_grad=True)
    ),
    "many rows": lambda torch: torch.ones(50, 50, requires_grad=True) / 3,
    "noncontiguous": lambda torch: (torch.arange(24.0).reshape(2, 3, 4) / 7).permute(2, 0, 1)[1:, :, ::2],
    "negative strides": lambda torch: torch.arange(5).flip(0),
    "conjugate": lambda torch: torch.tensor([1 + 2j, 0.5 - 1j]).conj(),
    "parameter": lambda torch: torch.nn.Parameter(torch.arange(12.0).reshape(3, 4) / 3),
    "frozen parameter": lambda torch: torch.nn.Parameter(torch.ones(2), requires_grad=False),
    "parameter in a list": lambda torch: [torch.nn.Parameter(torch.ones(2)), torch.ones(1)],
    "subclass": lambda torch: subclass(torch)(torch.arange(40.0) / 3),
    "parameter of a subclass": lambda torch: torch.nn.Parameter(subclass(torch)(torch.arange(40.0) / 3)),
    "subclass of parameter": lambda torch: subclass(torch, torch.nn.Parameter)(torch.arange(40.0) / 3),
    "invalid": lambda torch: invalid(torch),
    "tangent": lambda torch: dual(torch, torch.rand(0, 2), torch.rand(0, 2)),
    "tangent of a number": lambda torch: dual(torch, torch.tensor(1.0), torch.tensor(0.1)),
    "tangent of a double": lambda torch: dual(torch, torch.ones(9).double() / 3, torch.ones(9).double()),
    "tangent of a recorded one": lambda torch: dual(
        torch, torch.ones(9, requires_grad=True) / 3, torch.ones(9)
    ),
}


def subclass(torch, base=None):
    return type("Mine", (base or torch.Tensor,), {})


def invalid(torch):
    first, _ = torch.ones(4, requires_grad=True).clone().split(2)
    with torch.no_grad():
        first.mul_(2)
    return first


def dual(torch, primal, tangent):
    """The text of a dual tensor, which ends with its level."""
    with torch.autograd.forward_ad.dual_level():
        return str(torch.autograd.forward_ad.make_dual(primal, tangent))


@pytest.mark.parametrize("options", [{}, {"linewidth": 30}, {"precision": 2, "threshold": 5, "edgeitems": 1}])
@pytest.mark.parametrize("name", PROGRAMS)
def test_histories_and_names(name, options):
    set_both(**options)
    assert str(PROGRAMS[name](leafgrad)) == str(PROGRAMS[name](torch))


def test_bad_formats():
    for module in (torch, leafgrad):
        with pytest.raises(TypeError, match=r"^unsupported format string passed to Tensor.__format__$"):
            format(module.ones(2), ".3f")
        with pytest.raises(TypeError, match=r"^unsupported format string passed to Parameter.__format__$"):
            format(module.nn.Parameter(module.tensor(1.0)), ".3f")
        with pytest.raises(ValueError, match=r"^Unknown format code 'd' for object of type 'float'$"):
            format(module.tensor(1.0), "d")


@pytest.mark.parametrize(
    "options", [{}, {"sci_mode": True}, {"profile": "short", "precision": 9}, {"linewidth": 9}]
)
def test_the_options_themselves(options):
    set_both(precision=3, sci_mode=False)
    set_both(**options)
    assert printing.get_printoptions() == torch._tensor_str.get_printoptions()
    with printing.printoptions(edgeitems=1), torch._tensor_str.printoptions(edgeitems=1):
        assert printing.get_printoptions() == torch._tensor_str.get_printoptions()
    assert printing.get_printoptions() == torch._tensor_str.get_printoptions()
