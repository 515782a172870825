"""NumPy's numbers as operands, on either side: the same result, dtype or error as in torch."""

import operator

import numpy as np
import pytest

import leafgrad
from tests.both import first_sentence

torch = pytest.importorskip("torch")
pytestmark = [pytest.mark.oracle, pytest.mark.filterwarnings("ignore")]

NUMBERS = [
    np.bool_(1),
    np.bool_(0),
    np.float16(2),
    np.float32(2),
    np.float64(2.5),
    np.int8(2),
    np.int64(3),
    np.uint8(3),
    np.complex128(1j),
]
FOREIGN = [np.str_("a"), np.timedelta64(1), np.datetime64("2020")]
TENSORS = ["[1., 2.]", "[1, 2]", "True", "[True, False]", "[1., 2.], requires_grad=True", "[1j, 2.]"]
OPERATORS = """
add sub mul truediv floordiv mod pow matmul and_ or_ xor lshift rshift eq ne lt le gt ge iadd isub imul itruediv
"""
OPERATORS = [getattr(operator, name) for name in OPERATORS.split()]
CALLS = """
torch.add(x, n) | torch.add(x, x, alpha=n) | torch.sub(n, x) | torch.mul(x, n) | torch.pow(x, n) | torch.pow(n, x) | torch.maximum(x, n)
torch.where(x == 1, n, n) | torch.full((2,), n) | x.clone().fill_(n) | torch.eq(x, n) | torch.result_type(x, n) | torch.tensor(n)
torch.logical_and(x, n) | torch.rsub(x, n)
"""


def ran(module, source, run):
    x = eval(f"torch.tensor({source})", {"torch": module})
    try:
        result = run(x)
        if not hasattr(result, "dtype"):
            return str(result)
        return str(result.dtype), str((np.round(result.detach().numpy(), 3) + 0).tolist())  # text: nan is nan
    except Exception as error:
        return type(error).__name__, first_sentence(error).split(" - got")[0]


@pytest.mark.parametrize("function", OPERATORS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("source", TENSORS)
def test_operators(source, function):
    for n in NUMBERS:
        for run in (lambda x, n=n: function(x, n), lambda x, n=n: function(n, x)):
            assert ran(leafgrad, source, run) == ran(torch, source, run), n


@pytest.mark.parametrize(
    "call", [c.strip() for line in CALLS.split("\n") for c in line.split("|") if c.strip()]
)
@pytest.mark.parametrize("source", TENSORS)
def test_functions(source, call):
    for n in NUMBERS:
        said = [
            ran(module, source, lambda x, m=module, n=n: eval(call, {"torch": m, "x": x, "n": n}))
            for module in (torch, leafgrad)
        ]
        assert said[1] == said[0], n


@pytest.mark.parametrize("name", ["add", "sub", "mul", "floordiv", "matmul", "lt"])
def test_what_is_no_number(name):
    function = getattr(operator, name)
    for n in FOREIGN:
        assert ran(leafgrad, "[1., 2.]", lambda x, n=n: function(n, x))[0] == "TypeError"
        assert ran(torch, "[1., 2.]", lambda x, n=n: function(n, x))[0] == "TypeError"


def test_gradients():
    for module in (torch, leafgrad):
        x = module.tensor([1.0, 2.0], requires_grad=True)
        (x * np.bool_(1) + (np.bool_(1) - x) * np.float32(3) + x ** np.bool_(1)).sum().backward()
        assert x.grad.tolist() == [-1.0, -1.0]
