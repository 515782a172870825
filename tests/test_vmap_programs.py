"""What op_db does not call: indices of all kinds, tables, storages, and what cannot be asked of a sample.

Each line is a function of one or two samples, the same text for both libraries.  Inside vmap it gives what a loop gives, or the
exception and first sentence of torch.
"""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import leafgrad  # noqa: E402

from .both import first_sentence  # noqa: E402

pytestmark = [pytest.mark.oracle, pytest.mark.filterwarnings("ignore")]

# x: (4, 5, 6) float64; i: (3,) int64, j: () int64, all below 4; m: (4, 5) bool, the same for all samples.
INDICES = """
x[i]
x[j]
x[j, j]
x[..., j]
x[j, ..., i]
x[:, i]
x[:, i, i]
x[i, i]
x[i, :, i]
x[i, 1:, j]
x[i, None, j]
x[None, i]
x[:, :, i]
x[i[:, None], i]
x[i[:, None], :, i]
x[:, i[:, None], i]
x[-1, i]
x[-1 - i]
x[[0, 2]]
x[[0, 2], :, [1, 1]]
x[:, [0, 2], [1, 1]]
x[[0, 2, 1], i]
x[[0, 2, 1], :, i]
x[m]
x[m, i[:1]]
x[m, 1]
x[:, m[0]]
x[:, m[0], i[:1]]
x[m[:, 0]]
x[m[:, 0], :, j]
x[j:]
x[: j]
x[[j]]
x[[j, j]]
x[[j], [j]]
x[([j, 1], 1)]
x[x > 0]
x[0, x[0] > 0]
x[x.sum() > 0]
x[1:3, i - i]
x[i][i[:2] - i[:2]]
x[True]
x[None, True, i]
""".strip().splitlines()


def arguments(lib, b):
    rng = np.random.default_rng(b)
    x = lib.from_numpy(rng.standard_normal((4, 5, 6)))
    return x, lib.from_numpy(rng.integers(0, 4, 3)), lib.from_numpy(np.array(rng.integers(0, 4)))


def batches(lib, count=3):
    return [lib.stack(each) for each in zip(*[arguments(lib, b) for b in range(count)], strict=True)]


def mask(lib):
    return lib.from_numpy(np.random.default_rng(9).random((4, 5)) > 0.5)


def compiled(text, lib):
    """`text`, an expression or lines whose last is one, as a function of x, i, j."""
    *lines, last = text.split("; ")
    body = "".join(f"    {line}\n" for line in [*lines, f"return {last}"])
    scope = {"torch": lib, "m": mask(lib), "np": np}
    exec(f"def program(x, i, j):\n{body}", scope)
    return scope["program"]


def attempt(run):
    try:
        return run(), None
    except Exception as error:
        return None, error


def flat(lib, result):
    return [np.asarray(t.detach()) for t in (result if isinstance(result, tuple) else (result,))]


# torch's vmap does not do here what torch does to each sample: the loop alone is the oracle.
TORCH_APART = {
    "x[m, i[:1]]": "a dimension too many",
    "x[i, :, i]": "values for indices that stand apart are put in another order",
    "x[i[:, None], :, i]": "likewise",
    "x[[0, 2, 1], :, i]": "likewise",
    "x[[0, 2], :, [1, 1]]": "likewise: values that fit are refused",
    "torch.linspace(x[0, 0, 0], x[0, 0, 1], 5)": "the dtype of the ends instead of the default one",
    "torch.logspace(x[0, 0, 0], 1, 5)": "likewise",
    "x.clone().resize_(2, 2)": "the memory of all samples is cut anew",
}
# One integer is a view of a sample outside of vmap, and an advanced index inside: so torch has it.
LOOP_APART = {"x[j, ..., i]"}


def check(text, mapped=(0, 0, 0), index=None, alone=False):
    """index: the line of INDICES in the text, if the exceptions are about it.  alone: whether the loop is the only oracle."""
    index = index or text
    alone = alone or index in TORCH_APART
    theirs, no = attempt(lambda: torch.vmap(compiled(text, torch), mapped)(*given(torch, mapped)))
    ours, nope = attempt(lambda: leafgrad.vmap(compiled(text, leafgrad), mapped)(*given(leafgrad, mapped)))
    if (no is not None and not alone) or nope is not None:
        said = [None if e is None else f"{type(e).__name__}: {first_sentence(e)}" for e in (no, nope)]
        assert said[1] == said[0]
        return
    each = [flat(leafgrad, compiled(text, leafgrad)(*one(leafgrad, mapped, b))) for b in range(3)]
    rows = list(zip(*each, strict=True))
    if index not in LOOP_APART:
        for b, row in zip(flat(leafgrad, ours), rows, strict=True):
            assert (b.dtype, b.shape) == (row[0].dtype, (3, *row[0].shape))
            np.testing.assert_allclose(b, np.stack(row), rtol=1e-12)
    if not alone:
        for a, b in zip(flat(torch, theirs), flat(leafgrad, ours), strict=True):
            assert (b.dtype, b.shape) == (a.dtype, a.shape)
            np.testing.assert_allclose(b, a, rtol=1e-12)


def given(lib, mapped):
    return [
        whole if dim == 0 else each
        for whole, each, dim in zip(batches(lib), arguments(lib, 0), mapped, strict=True)
    ]


def one(lib, mapped, b):
    own, shared = arguments(lib, b), arguments(lib, 0)
    return [a if dim == 0 else c for a, c, dim in zip(own, shared, mapped, strict=True)]


WHICH = {"all": (0, 0, 0), "x": (0, None, None), "indices": (None, 0, 0)}


@pytest.mark.parametrize("which", WHICH)
@pytest.mark.parametrize("text", INDICES)
def test_index(text, which):
    check(text, WHICH[which])


@pytest.mark.parametrize("which", ["all", "x"])
@pytest.mark.parametrize("text", INDICES)
def test_index_assigned(text, which):
    check(f"x = x.clone(); {text} = 2.0; x", WHICH[which], text)
    check(f"x = x.clone(); {text} = x.mean(); x", WHICH[which], text)
    numbers = f"torch.arange({text}.numel()).view({text}.shape)"
    check(
        f"x = x.clone(); {text} = {numbers} * x.mean(); x", WHICH[which], text, alone=True
    )  # torch mixes the dimensions up


@pytest.mark.parametrize("text", [t for t in INDICES if "x > 0" not in t and "x[0] > 0" not in t])
def test_gradient_of_an_index(text):
    """By way of a vjp in vmap."""
    f = compiled(text, leafgrad)

    def pulled(x, i, j):
        y, vjp = leafgrad.func.vjp(lambda x: f(x, i, j), x)
        return vjp(y.cos())[0]

    ours, nope = attempt(lambda: leafgrad.vmap(pulled)(*batches(leafgrad)))
    if nope is not None:
        assert attempt(lambda: torch.vmap(compiled(text, torch))(*batches(torch)))[1] is not None
        return
    np.testing.assert_allclose(
        ours, np.stack([pulled(*arguments(leafgrad, b)) for b in range(3)]), rtol=1e-12
    )


@pytest.mark.parametrize("text", [
    "torch.nn.functional.embedding(i, x[0])",
    "torch.nn.functional.embedding(i, x[0], padding_idx=1)",
    "torch.nn.functional.embedding(i, x[0].clone(), max_norm=0.5)",
    "w = x[0].clone(); y = torch.nn.functional.embedding(i, w, max_norm=0.5); w + y.sum()",
    "torch.nn.functional.one_hot(i, 7)",
    "torch.nn.functional.one_hot(i)",
    "torch.full((2,), 1.5) * j",
    "torch.linspace(x[0, 0, 0], x[0, 0, 1], 5)",
    "torch.linspace(0, x[0, 0, 1], 4, dtype=torch.float64)",
    "torch.logspace(x[0, 0, 0], 1, 5)",
    "x.detach() * 2",
    "torch.detach(x) + x",
    "x.as_strided((2, 2), (6, 1))",
    "x.as_strided((2, 3), (1, 0), 3)",
    "x = x.clone(); x.as_strided((3,), (7,)).mul_(2); x",
    "x = x.clone(); x[0].fill_(x[1, 0, 0]); x",
    "x = x[0, :, :5].clone(); x.fill_diagonal_(3.0); x",
    "x.repeat_interleave(2, 1)",
    "x[0, :3].repeat_interleave(i - i + 2, 0)",
    "torch.repeat_interleave(i - i + 1)",
    "torch.isclose(x, x.abs())",
    "torch.unravel_index(i * 7 % 12, (3, 4))",
    "torch.argwhere(x - x + 1)",
    "torch.take_along_dim(x, i[:, None, None] - 5, 0)",
    "x.gather(0, i[:, None, None].expand(3, 5, 6))",
    "x.take(-i)",
    "x.put(i - i.max() - 1, x[0, 0, :3], accumulate=True)",
    "x.index_add(1, i, x[:, :3], alpha=2)",
    "x.index_select(2, i)",
    "x[0, 0].index_fill(0, i, x[0, 0, 0])",
    "x.index_reduce(0, i.unique(sorted=True)[:1] if i.dim() > 1 else i[:1], x[:1], 'prod')",
    "x.to(torch.float32).to(memory_format=torch.contiguous_format)",
    "x.to(torch.float32, memory_format=torch.channels_last) if x.dim() == 4 else x.half()",
    "torch.view_as_real(torch.complex(x, x)).sum(-1)",
    "torch.complex(x, -x).imag",
    "torch.block_diag(x[0], x[1, 0], j)",
    "torch.combinations(x[0, 0])",
    "x.clone().resize_(2, 2)",
    "list(x)[1]",
    "x.view(torch.int64)",
    "x.to(torch.float32).view(torch.int16)",
    "torch.as_tensor(x)",
    "tuple(t * 2 for t in x.unbind(1)[:2])",
    "x.index_put((i,), x[:3], accumulate=True)",
    "x.index_put((i, i), j.to(torch.float64))",
    "x.index_put((m,), torch.tensor(3.0, dtype=torch.float64))",
    "x.clone().index_put_((i - i,), x[:1], accumulate=True)",
])  # fmt: skip
def test_value(text):
    check(text)


@pytest.mark.parametrize("text", [
    "x.sum().item()",
    "x if x.sum() > 0 else -x",
    "x * float(x.sum())",
    "x * int(j)",
    "x * complex(x.sum())",
    "x.tolist()",
    "x.numpy()",
    "np.asarray(x)",
    "range(9)[j]",
    "torch.equal(x, x)",
    "torch.allclose(x, x)",
    "torch.is_nonzero(j)",
    "2.0 in x",
    "f'{j}'",
    "x.nonzero()",
    "x.nonzero(as_tuple=True)",
    "torch.where(x > 0)",
    "torch.masked_select(x, x > 0)",
    "torch.masked_select(x, m[..., None])",
    "x.unique()",
    "x.unique(dim=0)",
    "x.unique_consecutive()",
    "torch.argwhere(x > 0)",
    "x[0].repeat_interleave(torch.arange(5) + j, 0)",
    "x.tensor_split(i.sort().values)",
    "x.data",
    "x.data_ptr()",
    "x.untyped_storage()",
    "__import__('copy').deepcopy(x)",
    "x.is_set_to(x)",
    "torch.arange(j)",
    "torch.full((2,), j)",
    "torch.tensor([j, j])",
    "torch.tensor(x)",
    "x.new_tensor(x)",
    "torch.tensor([x[0, 0]])",
    "torch.add(x, x, alpha=j)",
    "torch.addcmul(x, x, x, value=j)",
    "torch.bincount(i)",
    "x.apply_(lambda v: v)",
    "x.detach_()",
    "x.requires_grad_()",
    "torch.zeros(3, dtype=torch.int64).index_put_((torch.tensor([0]),), j)",
    "torch.zeros(4, 5, 6, dtype=torch.float64).copy_(x)",
    "torch.zeros(4, 5, 6, dtype=torch.float64).masked_fill_(x > 0, 1)",
    "torch.zeros(3, dtype=torch.int64).scatter_(0, torch.tensor([0]), j)",
    "torch.zeros(3, dtype=torch.int64).index_add_(0, torch.tensor([0]), i[:1])",
    "torch.zeros(3, dtype=torch.int64).fill_(j)",
])  # fmt: skip
def test_refused(text):
    check(text)
