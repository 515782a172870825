"""Every op that op_db and leafgrad share, on op_db's samples, beside torch.

The checks are in oracle/checks.py and oracle/variants.py, the differences that are meant in
oracle/excused.py, the names that are due in oracle/names.py. One test is one op with one dtype, so that
`-n` spreads them and `-k "add-"` finds them.
"""

import re

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("expecttest")

import leafgrad  # noqa: E402

from .oracle import checks, variants  # noqa: E402
from .oracle.excused import EXCUSED, unexcused  # noqa: E402
from .oracle.names import due  # noqa: E402
from .oracle.samples import DTYPES, OPS, attribute, differentiates, supports  # noqa: E402

pytestmark = [pytest.mark.oracle, pytest.mark.filterwarnings("ignore")]

EXACT = ("float64", "complex128")  # where a second derivative can be told from rounding


def _cells(fits, dtypes=DTYPES):
    return [pytest.param(n, d, id=f"{n}-{d}") for n, op in OPS.items() for d in dtypes if fits(op, d)]


FLOATS = _cells(differentiates, ("float32", *EXACT))
DOUBLES = _cells(differentiates, EXACT)
IN_PLACE = [
    p for p in DOUBLES if all(checks.in_place_method(lib, OPS[p.values[0]]) for lib in (torch, leafgrad))
]
DOUBLE = [p.values[0] for p in DOUBLES if p.values[1] == "float64"]

CHECKS = {
    "forward": checks.forward,
    "refused_dtype": checks.refused_dtype,
    "gradients": checks.gradients,
    "second": lambda op, dtype: checks.gradients(op, dtype, order=2, most=5),
    "in_place_gradients": lambda op, dtype: checks.gradients(op, dtype, order=2, most=5, in_place=True),
    "forward_mode": checks.forward_mode,
    "in_place": variants.in_place,
    "out_argument": variants.out_argument,
    "out_dtype": variants.out_dtype,
    "saved": lambda op, _: checks.saved(op),
    "guards": lambda op, _: checks.guards(op),
    "variants": lambda op, _: variants.other_names(op),
    "errors": lambda op, _: checks.errors(op),
}


DERIVATIVES = ("gradients", "second", "forward_mode", "in_place_gradients")


def differences(check, name, dtype=None):
    return CHECKS[check](OPS[name], dtype)


def agree(check, name, dtype=None):
    lines = unexcused(check, name, differences(check, name, dtype))
    assert not lines, f"{len(lines)} samples differ:\n" + "\n".join(lines[:6])


@pytest.mark.parametrize(("name", "dtype"), _cells(supports))
def test_result(name, dtype):
    agree("forward", name, dtype)


@pytest.mark.parametrize(("name", "dtype"), _cells(lambda op, d: not supports(op, d)))
def test_dtype_torch_refuses(name, dtype):
    agree("refused_dtype", name, dtype)


@pytest.mark.parametrize(("name", "dtype"), FLOATS)
def test_gradient(name, dtype):
    agree("gradients", name, dtype)


@pytest.mark.parametrize(("name", "dtype"), DOUBLES)
def test_second_order(name, dtype):
    agree("second", name, dtype)


@pytest.mark.parametrize(("name", "dtype"), DOUBLES)
def test_forward_mode(name, dtype):
    agree("forward_mode", name, dtype)


@pytest.mark.parametrize(("name", "dtype"), _cells(supports, ("float64", "complex128", "int64", "bool")))
def test_in_place(name, dtype):
    agree("in_place", name, dtype)


@pytest.mark.parametrize(("name", "dtype"), IN_PLACE)
def test_in_place_second_order(name, dtype):
    agree("in_place_gradients", name, dtype)


@pytest.mark.parametrize(("name", "dtype"), _cells(supports, ("float32", "int64")))
def test_out_argument(name, dtype):
    agree("out_argument", name, dtype)


@pytest.mark.parametrize(("name", "dtype"), _cells(supports, ("float32", "int64")))
def test_out_of_another_dtype(name, dtype):
    agree("out_dtype", name, dtype)


@pytest.mark.parametrize("name", DOUBLE)
def test_graph_and_saved(name):
    agree("saved", name)


@pytest.mark.parametrize("name", DOUBLE)
def test_which_write_makes_backward_fail(name):
    agree("guards", name)


@pytest.mark.parametrize("name", [n for n, op in OPS.items() if supports(op, "float64")])
def test_other_names(name):
    agree("variants", name)


@pytest.mark.parametrize("name", [n for n, op in OPS.items() if op.error_inputs_func])
def test_bad_calls(name):
    agree("errors", name)


def test_no_name_is_missing():
    missing = [path for path in due() if attribute(torch, path) and not attribute(leafgrad, path)]
    assert not missing, f"{len(missing)} names of the op table are missing: {' '.join(missing)}"


def test_every_excuse_is_needed():
    stale = []
    for check, ops in EXCUSED.items():
        for name, entries in ops.items():
            text = "\n".join(line for dtype in DTYPES for line in _found(check, name, dtype))
            stale += [f"{check} {name}: {part}" for part, _ in entries if not re.search(part, text)]
    assert not stale, "nothing to excuse any more: " + "; ".join(stale)


def _found(check, name, dtype):
    fits = differentiates if check in DERIVATIVES else supports
    wanted = not supports(OPS[name], dtype) if check == "refused_dtype" else fits(OPS[name], dtype)
    return differences(check, name, dtype) if wanted else []
