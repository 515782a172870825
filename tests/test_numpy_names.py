"""NumPy's names of arguments (`axis`, `keepdims`) beside torch's (`dim`, `keepdim`): one, the other, or torch's error for both."""

import inspect

import pytest

import leafgrad
from leafgrad.op.table import FUNCTIONS, METHODS, SPACES
from tests.both import first_sentence

torch = pytest.importorskip("torch")
pytestmark = [pytest.mark.oracle, pytest.mark.filterwarnings("ignore")]

INDEX = "torch.tensor([[0, 1, 0]])"
ROW = "torch.tensor([0])"
CALLS = {  # the arguments behind the tensor, without the dimension; where a call needs some
    "chunk": {"chunks": "2"},
    "cosine_similarity": {"x2": "x + 1"},
    "cross": {"other": "x + 1"},
    "linalg.cross": {"other": "x + 1"},
    "gather": {"index": INDEX},
    "index_add": {"index": ROW, "source": "torch.ones(1, 3)"},
    "index_copy": {"index": ROW, "source": "torch.ones(1, 3)"},
    "index_fill": {"index": ROW, "value": "2."},
    "index_reduce": {"index": ROW, "source": "torch.ones(1, 3)", "reduce": "'amax'"},
    "index_select": {"index": ROW},
    "kthvalue": {"k": "1"},
    "narrow": {"start": "0", "length": "1"},
    "narrow_copy": {"start": "0", "length": "1"},
    "nanquantile": {"q": "0.5"},
    "quantile": {"q": "0.5"},
    "repeat_interleave": {"repeats": "2"},
    "scatter": {"index": INDEX, "src": "torch.ones(1, 3)"},
    "scatter_add": {"index": INDEX, "src": "torch.ones(1, 3)"},
    "scatter_reduce": {"index": INDEX, "src": "torch.ones(1, 3)", "reduce": "'sum'"},
    "select": {"index": "1"},
    "select_scatter": {"src": "torch.ones(3)", "index": "1"},
    "slice_scatter": {"src": "torch.ones(3, 3)"},
    "split_with_sizes": {"split_sizes": "[1, 2]"},
    "take_along_dim": {"indices": INDEX},
    "tensor_split": {"sections": "2"},
    "topk": {"k": "1"},
    "unflatten": {"sizes": "(3, 1)"},
}
LISTS = {"cat", "concat", "concatenate", "stack"}
X = "torch.tensor([[1., 5., 2.], [4., 3., 9.], [7., 8., 6.]])"


def _names():
    spaces = {"": FUNCTIONS, "Tensor.": METHODS, "linalg.": SPACES["linalg"]}
    for space, table in spaces.items():
        for name, function in table.items():
            asked_first = inspect.unwrap(function)  # where another test has made functions overridable
            if "axis" in (getattr(asked_first, "__kwdefaults__", None) or {}):
                yield space + name


NAMES = sorted(_names())
assert NAMES


def parameters(name):
    function = leafgrad
    for part in name.split("."):
        function = getattr(function, part)
    return inspect.signature(function).parameters


def spelled(name, **more):
    """The call of `name` with these arguments added, as text; the dimension that is in the way may come in any place."""
    short = name.removeprefix("Tensor.")
    given = [f"{k}={v}" for k, v in (CALLS.get(short, {}) | more).items()]
    if name.startswith("Tensor."):
        return f"x.{short}({', '.join(given)})"
    first = "[x, x]" if short in LISTS else "x, x + 1" if short == "cosine_similarity" else "x"
    given = [g for g in given if not g.startswith("x2=")]
    return f"torch.{short}({', '.join([first, *given])})"


def ran(module, call):
    """What a call gives, or its error: type and first sentence up to what was got (torch gives keywords in the caller's order)."""
    names = {"torch": module, "x": eval(X, {"torch": module})}
    try:
        result = eval(call, names)
    except Exception as error:
        return type(error).__name__, first_sentence(error).split(" - got")[0]
    parts = result if isinstance(result, tuple | list) else [result]
    return [(str(p.dtype), tuple(p.shape), [round(v, 4) for v in p.flatten().tolist()]) for p in parts]


DIM = {"matrix_norm": "(1, 0)", "flatten": None}  # a dimension that is no default, where 1 or -2 would not do


def dim_for(name):
    return DIM.get(name.rpartition(".")[2], "-3" if name.endswith("unsqueeze") else "-2")


@pytest.mark.parametrize("name", NAMES)
def test_one_name_or_the_other(name):
    dim = dim_for(name)
    for call in (spelled(name, dim=dim), spelled(name, axis=dim)):
        wanted = ran(torch, call)
        if name == "Tensor.unflatten" and "axis" in call:
            continue  # torch's method, unlike its function, does not know it
        assert isinstance(wanted, list), (call, wanted)
        assert ran(leafgrad, call) == wanted, call


@pytest.mark.parametrize("name", NAMES)
def test_both_names(name):
    dim = dim_for(name)
    for more in ({"dim": dim, "axis": dim}, {"axis": dim, "dim": dim}):
        call = spelled(name, **more)
        wanted = ran(torch, call)
        assert wanted[0] == "TypeError", (call, wanted)
        if name == "trapz":
            wanted = (wanted[0], wanted[1].replace("trapz", "trapezoid"))  # the same function here
        if name == "Tensor.unflatten":
            wanted = (wanted[0], wanted[1].removeprefix("Tensor."))
        assert ran(leafgrad, call) == wanted, call


@pytest.mark.parametrize("name", [n for n in NAMES if "keepdims" in parameters(n)])
def test_keepdims(name):
    dim = dim_for(name)
    for call in (spelled(name, dim=dim, keepdim=True), spelled(name, axis=dim, keepdims=True)):
        wanted = ran(torch, call)
        assert isinstance(wanted, list), (call, wanted)
        assert ran(leafgrad, call) == wanted, call
    for more in ({"dim": dim}, {"axis": dim}):
        call = spelled(name, **more, keepdim=True, keepdims=True)
        wanted = ran(torch, call)
        assert wanted[0] == "TypeError", (call, wanted)
        assert ran(leafgrad, call) == wanted, call


BY_POSITION = """
x.sum(1, axis=1) | torch.sum(x, 1, axis=1) | torch.mean(x, 1, axis=0) | x.max(1, axis=1) | x.unsqueeze(1, axis=1)
x.squeeze(1, axis=1) | x.select(1, 0, axis=1) | torch.softmax(x, 1, axis=1) | x.softmax(1, axis=1) | torch.cat([x], 1, axis=1)
torch.stack([x], 1, axis=1) | x.cumsum(1, axis=1) | x.cumsum_(1, axis=1) | x.cumprod_(1, axis=0) | x.var(1, axis=1)
torch.std(x, 1, axis=1) | x.sort(1, axis=1) | torch.topk(x, 1, 1, axis=1) | x.chunk(2, 1, axis=1) | x.unbind(1, axis=1)
x.all(1, axis=1) | x.any(1, axis=0) | torch.linalg.norm(x, 2, 1, axis=1) | x.index_fill_(1, torch.tensor([0]), 2., axis=1)
x.tensor_split(2, 1, axis=1) | x.median(1, axis=1) | x.prod(1, axis=1) | x.count_nonzero(1, axis=1) | x.argmax(1, axis=1)
"""


@pytest.mark.parametrize(
    "call", [c.strip() for line in BY_POSITION.split("\n") for c in line.split("|") if c.strip()]
)
def test_by_position_and_by_numpy_name(call):
    kept = ran(torch, call), ran(leafgrad, call)
    assert kept[0][0] == "TypeError"
    assert kept[1] == kept[0]


def test_what_was_got_is_listed():
    for call in ("x.max(1, axis=1)", "torch.std(x, 1, axis=1)"):
        said = []
        for module in (torch, leafgrad):
            with pytest.raises(TypeError) as raised:
                eval(call, {"torch": module, "x": eval(X, {"torch": module})})
            said.append(str(raised.value).split(", but expected")[0])
        assert said[0] == said[1]


def test_nothing_is_written():
    x = leafgrad.ones(2, 2)
    with pytest.raises(TypeError, match="unexpected keyword argument 'axis'"):
        x.cumsum_(1, axis=1)
    assert x.tolist() == [[1, 1], [1, 1]] and x._version == 0
