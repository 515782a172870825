"""Every op that op_db and leafgrad share, on op_db's samples, beside torch.

The checks are in oracle/checks.py and oracle/variants.py, the differences that are meant in
oracle/excused.py, the names that are due in oracle/names.py.  One test is one check of one op with one
dtype: `-k "add-float64-"` or `-k "-forward_mode"` picks some, `-n` spreads them.
"""

import re

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("expecttest")

import leafgrad  # noqa: E402

from .oracle import checks, packing, variants  # noqa: E402
from .oracle.excused import EXCUSED, unexcused  # noqa: E402
from .oracle.names import due  # noqa: E402
from .oracle.samples import DTYPES, OPS, attribute, differentiates, supports  # noqa: E402

pytestmark = [pytest.mark.oracle, pytest.mark.filterwarnings("ignore")]

EXACT = ("float64", "complex128")  # where a second derivative can be told from rounding
ONE = ("float64",)


def refused(op, dtype):
    return not supports(op, dtype)


def in_place_too(op, dtype):
    return differentiates(op, dtype) and all(checks.in_place_method(lib, op) for lib in (torch, leafgrad))


def has_errors(op, dtype):
    return op.error_inputs_func is not None


# Each check: the function, for which op and dtype it is meant, and the dtypes.
CHECKS = {
    "forward": (checks.forward, supports, DTYPES),
    "refused_dtype": (checks.refused_dtype, refused, DTYPES),
    "gradients": (checks.gradients, differentiates, ("float32", *EXACT)),
    "second": (lambda op, dtype: checks.gradients(op, dtype, order=2, most=5), differentiates, EXACT),
    "forward_mode": (checks.forward_mode, differentiates, EXACT),
    "saved": (checks.saved, differentiates, ONE),
    "packing": (packing.packing, differentiates, ONE),
    "guards": (checks.guards, differentiates, ONE),
    "in_place": (variants.in_place, supports, ("float64", "complex128", "int64", "bool")),
    "in_place_gradients": (
        lambda op, dtype: checks.gradients(op, dtype, order=2, most=5, in_place=True),
        in_place_too,
        EXACT,
    ),
    "out_argument": (variants.out_argument, supports, ("float32", "int64")),
    "out_dtype": (variants.out_dtype, supports, ("float32", "int64")),
    "variants": (variants.other_names, supports, ONE),
    "errors": (lambda op, _: checks.errors(op), has_errors, ONE),
}


def cells(ops=OPS, only=None):
    """(op, dtype, check), what belongs to one op together: they share its samples."""
    return [
        (name, dtype, check)
        for name in ops
        for dtype in DTYPES
        for check, (_, fits, dtypes) in CHECKS.items()
        if only in (None, check) and dtype in dtypes and fits(OPS[name], dtype)
    ]


def differences(name, dtype, check):
    return CHECKS[check][0](OPS[name], dtype)


@pytest.mark.parametrize(("name", "dtype", "check"), [pytest.param(*c, id="-".join(c)) for c in cells()])
def test_like_torch(name, dtype, check):
    lines = unexcused(check, name, differences(name, dtype, check))
    assert not lines, f"{len(lines)} samples differ:\n" + "\n".join(lines[:6])


def test_no_name_is_missing():
    missing = [path for path in due() if attribute(torch, path) and not attribute(leafgrad, path)]
    assert not missing, f"{len(missing)} names of the op table are missing: {' '.join(missing)}"


def test_every_excuse_is_needed():
    stale = []
    for check, ops in EXCUSED.items():
        for name, entries in ops.items():
            text = "\n".join(line for cell in cells([name], check) for line in differences(*cell))
            stale += [f"{check} {name}: {part}" for part, _ in entries if not re.search(part, text)]
    assert not stale, "nothing to excuse any more: " + "; ".join(stale)
