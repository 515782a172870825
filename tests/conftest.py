"""The `torch` fixture for tests that run on both modules, and the guard against a run without the oracle.

LEAFGRAD_REQUIRE_ORACLE=1 makes a run fail if torch is missing or a test that compares with it was skipped.
"""

import gc
import os

import pytest

# The samples are small: threads of torch's or BLAS's own would only wait for one another, above all under xdist.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

REQUIRED = os.environ.get("LEAFGRAD_REQUIRE_ORACLE") == "1"
skipped: list[str] = []


@pytest.fixture
def torch(request):
    """The module named by `tests.both.each_module`: real torch, or leafgrad."""
    from tests.both import load

    return load(request.param)


def pytest_configure():
    if not REQUIRED:
        return
    from leafgrad.version import torch as wanted

    try:
        import torch
    except ImportError as error:
        raise pytest.UsageError(
            f"LEAFGRAD_REQUIRE_ORACLE=1, but torch cannot be imported: {error}"
        ) from error
    if torch.__version__.partition("+")[0] != wanted:
        raise pytest.UsageError(f"LEAFGRAD_REQUIRE_ORACLE=1 asks for torch {wanted}, not {torch.__version__}")


def pytest_collectreport(report):
    if (
        report.skipped
    ):  # a module skipped itself: its marks are not known, and nothing it needs should be missing
        skipped.append(report.nodeid)


def pytest_runtest_logreport(report):
    if report.skipped and not hasattr(report, "wasxfail") and "oracle" in report.keywords:
        skipped.append(report.nodeid)


def pytest_sessionfinish(session):
    if REQUIRED and skipped and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter):
    if REQUIRED and skipped:
        terminalreporter.section("skipped, although LEAFGRAD_REQUIRE_ORACLE=1", red=True)
        terminalreporter.line("\n".join(skipped))


@pytest.fixture(scope="module")
def only_new_objects():
    """Sets what is alive now aside (the imported modules), so that counting objects is quick."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture
def no_collector(only_new_objects):
    """What is freed in such a test is freed by reference count."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()
