"""What a TorchFunctionMode is shown of each method and operator that takes nothing else, and `get_testing_overrides`."""

import inspect
import warnings

import pytest

from tests.both import first_sentence
from tests.overridden import fast_again  # noqa: F401

oracle = pytest.importorskip("torch")
pytestmark = pytest.mark.oracle
import leafgrad  # noqa: E402

UNCALLED = {
    "__class__", "__init__", "__new__", "__init_subclass__", "__subclasshook__", "__torch_function__", "__torch_dispatch__",
    "__getattribute__", "__setattr__", "__delattr__", "__dir__", "__sizeof__", "__reduce__", "__reduce_ex__", "__getstate__",
    "__hash__", "__str__", "__iter__",
}  # fmt: skip
NAMED_OTHERWISE = {"__array__", "__dlpack__", "norm"}  # arguments that have other names, or more, here
METHODS = sorted(
    n
    for n in {*dir(oracle.Tensor)} & {*dir(leafgrad.Tensor)} - UNCALLED
    if callable(getattr(oracle.Tensor, n))
)


class Asked(Exception):
    pass


def asked(torch, call):
    """What the mode is shown first: name, types, number of arguments, names of the others; None if it is not asked."""

    class Mode(torch.overrides.TorchFunctionMode):
        def __torch_function__(self, func, types, args=(), kwargs=None):
            raise Asked(func.__name__, [t.__name__ for t in types], len(args), sorted(kwargs or {}))

    try:
        with Mode():
            call()
    except Asked as error:
        return error.args
    except Exception:
        return None
    return None


@pytest.mark.parametrize("name", METHODS)
def test_methods_without_arguments(name, fast_again):  # noqa: F811
    """Where torch refuses the call it is not asked; leafgrad is, as arguments are checked afterwards."""
    x, y = oracle.ones(2, 2), leafgrad.ones(2, 2)
    expected = asked(oracle, lambda: getattr(x, name)())
    if expected is not None:
        count = 3 if name in NAMED_OTHERWISE else 4
        assert asked(leafgrad, lambda: getattr(y, name)())[:count] == expected[:count]


FUNCTIONS = ["relu_", "leaky_relu_", "hardtanh_", "elu_", "selu_", "celu_"]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_in_place(name, fast_again):  # noqa: F811
    expected = getattr(oracle.nn.functional, name).__name__
    assert getattr(leafgrad.nn.functional, name).__name__ == expected


@pytest.mark.parametrize("function", ["tensor", "as_tensor", "asarray"])
def test_functions_that_ask_modes_only(function, fast_again):  # noqa: F811
    def run(torch):
        class Own(torch.Tensor):
            @classmethod
            def __torch_function__(cls, func, types, args=(), kwargs=None):
                raise AssertionError

        class Other:
            @classmethod
            def __torch_function__(cls, func, types, args=(), kwargs=None):
                raise AssertionError

        make, x = getattr(torch, function), torch.ones(2).as_subclass(Own)
        try:
            make(Other())
        except Exception as error:
            failed = type(error).__name__
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that a tensor is copied
            made = type(make(x)).__name__, type(make(x, dtype=torch.float64)).__name__
        return made, failed, asked(torch, lambda: make([1.0]))

    assert run(leafgrad) == run(oracle)


CALLS = [
    "has_torch_function(3)", "handle_torch_function(own, (), 1)", "handle_torch_function(own, (3,), 1)",
    "handle_torch_function(own, (torch.ones(1),), 1)", "is_tensor_method_or_property(3)",
    "resolve_name(torch.einsum)", "resolve_name(torch.Tensor.__add__)",
]  # fmt: skip


@pytest.mark.parametrize("call", CALLS)
def test_what_overrides_returns(call, fast_again):  # noqa: F811
    def run(torch):
        def own(x):
            return x

        try:
            return eval(call, {**vars(torch.overrides), "torch": torch, "own": own})
        except Exception as error:
            return type(error).__name__, first_sentence(error)

    assert run(leafgrad) == run(oracle)


def test_get_testing_overrides(fast_again):  # noqa: F811
    """One for each function that can be overridden; it takes what torch's takes by position, and returns -1."""
    found, expected = (torch.overrides.get_testing_overrides() for torch in (leafgrad, oracle))
    overridable = leafgrad.overrides.get_overridable_functions()
    assert {f for functions in overridable.values() for f in functions} == set(found)
    for space in ("", "nn.functional", "linalg", "Tensor"):
        ours, theirs = leafgrad, oracle
        for part in filter(None, space.split(".")):
            ours, theirs = getattr(ours, part), getattr(theirs, part)
        for name in dir(theirs):
            f, g = getattr(ours, name, None), getattr(theirs, name)
            if (
                not callable(f)
                or f not in found
                or not callable(g)
                or g not in expected
                or name.startswith("_")
            ):
                continue
            parameters = inspect.signature(found[f]).parameters.values()
            least = [p for p in parameters if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD]
            assert found[f](*least) == -1
            torchs = list(inspect.signature(expected[g]).parameters.values())
            needed = [p for p in torchs if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD]
            assert len(least) <= len(torchs), name
            if name in ("add", "matmul", "outer", "relu", "cross_entropy", "linear", "gather"):
                assert len(least) == len(needed), name
    with pytest.raises(TypeError):
        found[leafgrad.outer](1)
