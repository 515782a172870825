"""Indexing beside torch: x[index], x[index] = value, and the ops that read or write at indices and masks."""

import pytest

torch = pytest.importorskip("torch")

import leafgrad  # noqa: E402

from .beside import derivatives, outcome, same_derivatives, scope  # noqa: E402

pytestmark = [pytest.mark.oracle, pytest.mark.filterwarnings("ignore")]


def lines(text):
    return [line for line in text.splitlines() if line and not line.startswith("#")]


RIGHT = lines("""
# views
x[0]
x[-1]
x[0, 1]
x[1:]
x[:]
x[...]
x[:, 1]
x[:, 1:2]
x[::2]
x[0:1, 1]
x[1:1]
x[5:]
x[:, :]
x[..., 0]
x[0, ...]
C[0, ..., 1:]
C[:, 0]
C[1, :, 2]
C[-1, 0:1, -1]
x[None]
x[:, None]
x[..., None]
x[None, 0, None, 1:]
s[...]
s[None]
s[()]
x[torch.tensor(1)]
x[torch.tensor(0), torch.tensor(-1)]
x[np.int64(1)]
x[0][1:][0]
list(x)
# copies
x[i]
x[:, k]
x[[0, 1]]
x[[[0, 1], [1, 0]]]
x[i, i]
x[idx]
x[m[:2]]
x[x > 2]
x[..., k]
x[0, k]
x[None, :, k]
x[:, None, k]
C[i, :, k[:2]]
C[:, i, i]
x[torch.tensor([True, False])]
x[True]
x[False]
x[torch.tensor(True)]
s[torch.tensor(True)]
x[torch.tensor([[True, False, True], [False, True, False]])]
x[i[:0]]
x[[]]
x[i.int()]
x[range(2)]
x[np.array([1, 0])]
# at indices
x.gather(1, idx)
x.gather(0, idx)
x.gather(-1, idx[:, :2])
s.gather(0, torch.tensor(0))
torch.gather(x, 1, idx, sparse_grad=False)
x.scatter(1, idx, x * 2)
x.scatter(1, idx, 2.5)
x.scatter(0, idx[:, :2], x[:, :2])
x.scatter(1, idx, value=1)
x.scatter_add(1, idx, x * 2)
x.scatter_reduce(1, idx, x * 2 + 1, 'sum')
x.scatter_reduce(1, idx, x * 2 + 1, 'prod')
x.scatter_reduce(1, idx, x, 'prod', include_self=False)
x.scatter_reduce(1, idx, x + 1, 'mean')
x.scatter_reduce(1, idx, x + 1, 'mean', include_self=False)
x.scatter_reduce(1, idx, x * 2, 'amax')
x.scatter_reduce(1, idx, x * 2, 'amin', include_self=False)
x.index_select(1, k)
x.index_select(0, i)
x.index_select(axis=1, index=k[:2])
s.index_select(0, torch.tensor([0]))
x.index_add(1, k, x)
x.index_add(0, i, x * 3, alpha=2)
v.index_add(0, torch.tensor([1, 1]), v[:2])
s.index_add(0, torch.tensor(0), s)
x.index_copy(1, k, x)
x.index_copy(0, i[:1], x[1:])
x.index_fill(1, k[:2], 2.5)
x.index_fill(0, torch.tensor([0, 0]), s)
x.index_reduce(1, k, x * 2 + 1, 'prod')
x.index_reduce(1, k, x, 'amax')
x.index_reduce(1, k, x, 'mean', include_self=False)
x.index_put((i, i), v[:2])
x.index_put((i, i), s)
x.index_put((i, i), v[:2], accumulate=True)
x.index_put((torch.tensor([0, 0]),), v, accumulate=True)
x.take(k)
x.take(idx)
x.take(torch.tensor(-1))
x.put(k, v)
x.put(torch.tensor([0, 0]), v[:2], accumulate=True)
x.take_along_dim(idx, 1)
x.take_along_dim(idx[:1], 0)
x.take_along_dim(k)
x.select_scatter(v, 0, 1)
x.slice_scatter(x[:1] * 2, 0, 1, 2)
x.slice_scatter(x[:, :2], 1, start=-2)
A.diagonal_scatter(v)
A.diagonal_scatter(v[:2], -1)
torch.unravel_index(k, (2, 3))
# at masks
x.masked_fill(m, 2.5)
x.masked_fill(m, s)
v.masked_fill(x > 2, 0)
x.masked_select(m)
v.masked_select(x > 2)
x.masked_scatter(m, x * 2)
v.masked_scatter(x > 2, x + 1)
x.nonzero()
x.nonzero(as_tuple=True)
s.nonzero()
s.nonzero(as_tuple=True)
torch.argwhere(x > 2)
torch.where(x > 2)
# lookup
F.embedding(k, A)
F.embedding(idx, A)
F.embedding(k, A, padding_idx=1)
F.embedding(k, A, padding_idx=-1)
F.embedding(torch.tensor([0, 0, 1]), A, scale_grad_by_freq=True).detach()
torch.embedding(A, k)
""")

WRONG = lines("""
x[2]
x[0, 3]
x[0, 0, 0]
x[1.5]
x['a']
x[::-1]
x[::0]
x['a':]
s[0]
s[0:1]
x[torch.tensor([0, 5])]
x[torch.tensor([0.5])]
x[m]
x[i, k]
x[torch.ones(2, 2, dtype=torch.bool)]
x[0, 0, ..., 0]
x.gather(0, torch.tensor([0]))
x.gather(2, torch.tensor([[0]]))
x.gather(0, torch.tensor([[5]]))
x.gather(0, torch.tensor([[0.0]]))
x.gather(0, 3)
x.scatter(0, torch.tensor([[5]]), 1.0)
x.scatter(0, torch.tensor([[0]]), n)
x.scatter(0, idx)
x.scatter(0, idx, 'a')
x.scatter(0, idx, 2.0, reduce='mul')
x.scatter_add(0, idx, 2.0)
x.scatter_reduce(0, idx, x, 'a')
x.index_select(0, torch.tensor([0, 5]))
x.index_select(2, i)
x.index_select(0, torch.tensor([0.5]))
x.index_select(0, idx)
x.index_add(0, i[:1], x)
x.index_add(0, i, n)
x.index_add(0, i, x, alpha='a')
x.index_copy(0, torch.tensor([0, 7]), x)
x.index_fill(0, torch.tensor([0, 7]), 1.0)
x.index_fill(0, i, v)
x.index_fill(0, i, 'a')
x.index_reduce(0, i, x, 'sum')
x.index_put((torch.tensor([0, 7]),), s)
x.index_put(i, s)
x.index_put((i,), n)
x.index_put((None, k), v)
x.take(torch.tensor([6]))
x.take(torch.tensor([0.5]))
x.put(i, v)
x.masked_fill(m[:2], 0)
x.masked_fill(x, 0)
x.masked_fill(m, v)
x.masked_fill(m, 1j)
x.masked_select(x)
x.masked_scatter(x > 0, v[:2])
x.select_scatter(x, 0, 1)
x.slice_scatter(v)
A.diagonal_scatter(v[:2])
F.embedding(torch.tensor([4]), A)
F.embedding(torch.tensor([0.5]), A)
F.embedding(k, A, padding_idx=4)
F.embedding(k, v)
F.one_hot(torch.tensor([-1]))
F.one_hot(k, 2)
F.one_hot(v)
""")

WRITES = lines("""
x[0] = 1.5
x[0] = v
x[0] = s
x[0] = n[1]
x[-1, 1:] = 2
x[:] = v
x[...] = 3
x[:, 0] = v[:2]
x[:, None] = v
x[0] = v[None]
x[None] = v
x[1:1] = v
x[True] = v
x[False] = v
x[torch.tensor(0)] = v
x[i] = v
x[i] = 2
x[[0, 1]] = x * 2
x[:, k] = x + 1
x[0, k] = v
x[i, i] = v[:2]
x[x > 2] = 0.5
x[x > 2] = s
x[m[:2]] = v
x[::2, ::2] = v[1:]
x[1] = x[0]
x[x > 100] = v[:0]
C[:, 1, ::2] = x[:, :2]
n[0] = 2.7
n[0] = v
x[0] = True
x.scatter_(1, idx, x * 2)
x.scatter_(1, idx, 2.5)
x.scatter_add_(1, idx, A[:2])
x.scatter_reduce_(1, idx, A[:2], 'amax')
x.index_add_(1, k, A[:2])
x.index_copy_(1, k, A[:2])
x.index_fill_(1, k[:2], 2.5)
x.index_fill_(0, i, s)
x.index_put_((i, i), v[:2])
x.index_put_((i, i), v[:2], accumulate=True)
x.put_(k, v)
x.masked_fill_(m, 2.5)
x.masked_fill_(x > 2, s)
x.masked_scatter_(m, A[:2])
x[0].masked_fill_(m, 0)
x[:, :2].scatter_(1, idx[:, :2], 1.5)
x.t()[0] = 5
x.view(-1)[2:4] = v[:2]
""")

WRONG_WRITES = lines("""
x[2] = 0
x[0, 3] = 0
x[0] = x[0, :2]
x[:] = torch.ones(4)
x[0] = 'a'
x[0] = [1, 2]
x[0] = None
x[m] = 0
x[torch.tensor([0, 7])] = 0
x[x > 2] = v[:2]
x[[0, 1]] = n
x[::-1] = 0
s[0] = 1
x[0] = 1j
n[0] = float('nan')
n[0] = 2 ** 70
leaf_x[0] = 1
leaf_x[i] = 1
leaf_x[...] = 1
leaf_x.masked_fill_(leaf_x > 0, 0)
x.unbind()[0][0] = 1
v.expand(2, 3)[0] = 1
x.scatter_add_(0, torch.tensor([[0]]), x)
x.index_add_(0, i, x)
x.masked_fill_(m, v)
x.masked_scatter_(x > 0, v[:2])
del x[0]
""")


@pytest.mark.parametrize("grads", [False, True], ids=["plain", "recorded"])
@pytest.mark.parametrize("expression", RIGHT)
def test_result(expression, grads):
    strides = "nonzero" not in expression and "where" not in expression and "unravel" not in expression
    assert outcome(leafgrad, expression, grads, strides) == outcome(torch, expression, grads, strides)


@pytest.mark.parametrize("expression", RIGHT)
def test_derivatives(expression):
    if "Backward" not in str(outcome(torch, expression, True)):
        return  # nothing to compare
    assert same_derivatives(derivatives(torch, expression), derivatives(leafgrad, expression))


@pytest.mark.parametrize("expression", WRONG)
def test_error(expression):
    expected = outcome(torch, expression)
    assert len(expected) == 2
    assert outcome(leafgrad, expression) == expected


@pytest.mark.parametrize("grads", [False, True], ids=["plain", "recorded"])
@pytest.mark.parametrize("statement", [*WRITES, *WRONG_WRITES])
def test_write(statement, grads):
    expected = outcome(torch, statement, grads, statement=True)
    assert outcome(leafgrad, statement, grads, statement=True) == expected


@pytest.mark.parametrize("statement", [s for s in WRITES if s.startswith("x")])
def test_derivatives_after_write(statement):
    expected = derivatives(torch, statement, statement=True)
    assert same_derivatives(expected, derivatives(leafgrad, statement, statement=True))


@pytest.mark.parametrize("statement", [s for s in WRONG_WRITES if "unbind" not in s and "expand" not in s])
def test_nothing_is_written_when_it_fails(statement):
    names = scope(leafgrad, False)
    leaf = names["leaf_x"].requires_grad_("leaf" in statement)
    before = [names[n].tolist() for n in "xnsv"]
    with pytest.raises(Exception):  # noqa: B017  which one, test_write says
        exec(statement, names)
    assert [names[n].tolist() for n in "xnsv"] == before
    assert [names[n]._version for n in "xnsv"] == [0, 0, 0, 0]
    assert leaf.is_leaf


def saved(expression):
    """Which of the node's inputs, written after the call, makes backward fail."""
    found = []
    for module in (torch, leafgrad):
        guarded = []
        for name in ("x", "v", "k", "i", "idx", "m"):
            if name not in expression.replace("idx", "" if name == "i" else "idx"):
                continue
            names = scope(module, True)
            out = eval(expression, names)
            with module.no_grad():
                names[name].zero_()
            try:
                module.autograd.grad(out.sum(), names["leaf_x"], allow_unused=True)
            except RuntimeError as error:
                guarded.append((name, "modified by an inplace operation" in str(error)))
        found.append(guarded)
    return found


@pytest.mark.parametrize(
    "expression",
    lines("""
x[k[:2] % 2]
x[:, k]
x[m[:2]]
x.gather(1, idx)
x.scatter(1, idx, x * 2)
x.scatter_add(1, idx, x * 2)
x.index_select(1, k)
x.index_add(1, k, x * 1)
x.index_copy(1, k, x * 1)
x.index_fill(1, k, 2.0)
x.index_put((i, i), v[:2])
x.take(k)
x.put(k, v)
x.masked_fill(m, 2.0)
x.masked_select(m)
x.masked_scatter(m, x * 2)
"""),
)
def test_writes_that_make_backward_fail(expression):
    theirs, ours = saved(expression)
    assert ours == theirs


def test_embedding_with_max_norm_scales_the_rows_it_takes():
    rows = []
    for module in (torch, leafgrad):
        w = module.arange(6.0).reshape(3, 2).requires_grad_()
        out = module.nn.functional.embedding(module.tensor([2, 1, 2]), w, max_norm=1.5)
        out.sum().backward()
        rows.append((w.tolist(), w._version, w.grad.tolist()))
    assert rows[1][1:] == rows[0][1:]
    assert rows[1][0] == [pytest.approx(r, rel=1e-6) for r in rows[0][0]]


def test_sparse_gradients_are_refused():
    with pytest.raises(NotImplementedError, match="sparse"):
        leafgrad.nn.functional.embedding(leafgrad.tensor([0]), leafgrad.ones(2, 2), sparse=True)
    with pytest.raises(NotImplementedError, match="sparse"):
        leafgrad.ones(2).gather(0, leafgrad.tensor([0]), sparse_grad=True)


def test_one_hot():
    for expression in ("F.one_hot(k)", "F.one_hot(idx, 4)", "F.one_hot(k[:0], 3)"):
        theirs, ours = (eval(expression, scope(module, False)) for module in (torch, leafgrad))
        assert (str(ours.dtype), ours.tolist()) == (str(theirs.dtype), theirs.tolist())


def test_derivatives_of_as_strided_scatter():
    """Torch's own gradient of `self` is wrong here, so finite differences judge."""
    x = leafgrad.arange(6.0, dtype=leafgrad.float64).reshape(2, 3).requires_grad_()
    v = leafgrad.arange(3.0, dtype=leafgrad.float64).requires_grad_()
    for y, size, stride, offset in ((x, (3,), (2,), 0), (x.t(), (3,), (1,), 1)):

        def scattered(y, v, window=(size, stride, offset)):
            return y.as_strided_scatter(v, *window)

        assert leafgrad.autograd.gradcheck(scattered, (y.detach().requires_grad_(), v))
        assert leafgrad.autograd.gradgradcheck(scattered, (y.detach().requires_grad_(), v))
