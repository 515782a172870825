"""Views and copies of them beside torch: values, strides, history, derivatives, errors, and what writes do to them."""

import pytest

torch = pytest.importorskip("torch")

import leafgrad  # noqa: E402

from .beside import derivatives, outcome, same_derivatives  # noqa: E402

pytestmark = [pytest.mark.oracle, pytest.mark.filterwarnings("ignore")]


def lines(text):
    return [line for line in text.splitlines() if line and not line.startswith("#")]


RIGHT = lines("""
# shapes
x.view(3, 2)
x.view((6,))
x.view(-1)
x.view(size=(1, 6))
x.view(1, 2, 1, 3, 1)
x.t().view(1, 3, 2)
o.view(3)
o.view(1, 1, 3)
x[:, 1:].view(2, 1, 2)
s.view(1, 1)
e.view(3, 0, 2)
e.view(-1, 3)
x.view_as(torch.ones(3, 2))
x.reshape(3, -1)
x.t().reshape(6)
x.t().reshape(3, 2, 1)
x[:, ::2].reshape(2, 2)
C.transpose(0, 1).reshape(4, 3)
C.transpose(0, 1).reshape(2, 2, 3, 1)
torch.reshape(x, (6,))
x.reshape_as(torch.ones(3, 2))
x.flatten()
C.flatten(1)
C.flatten(0, 1)
s.flatten()
x.t().flatten()
x.unflatten(1, (3, -1))
x.ravel()
x.t().ravel()
torch.atleast_1d(s)
torch.atleast_2d(s, v)
torch.atleast_3d([s, v, x, C])
# orders
x.t()
v.t()
s.t()
x.T
C.mT
x.mH
x.H
x.adjoint()
C.permute(2, 0, 1)
C.permute((-1, 0, 1))
torch.permute(x, (1, 0))
s.permute(())
C.transpose(0, -1)
s.transpose(0, -1)
x.swapaxes(0, 1)
x.swapdims(0, 1)
C.movedim(0, -1)
C.moveaxis((0, 1), (-1, 0))
s.movedim(0, 0)
# broadcasting
v.expand(2, 3)
v.expand(2, -1)
o.expand(2, 3, 4)
o.expand(-1, 3, -1)
v.expand(1, 1, 3)
s.expand(2)
s.expand(1)
e.expand(2, 0, 3)
v.expand_as(x)
v.broadcast_to(2, 3)
torch.broadcast_to(v, (1, 3))
torch.broadcast_tensors(x, v, s)
# dimensions of size 1
o.squeeze()
o.squeeze(0)
o.squeeze(1)
o.squeeze(-1)
o.squeeze((0, 2))
o.squeeze(())
s.squeeze(0)
o.squeeze(axis=0)
x.unsqueeze(0)
x.unsqueeze(-1)
x.t().unsqueeze(1)
x[:, :1].unsqueeze(2)
s.unsqueeze(0)
e.unsqueeze(1)
# parts
x.select(0, 1)
x.select(-1, -1)
x.narrow(1, 1, 2)
x.narrow(0, -1, 1)
x.narrow(1, torch.tensor(1), 1)
x.narrow(0, 2, 0)
x.narrow_copy(1, 1, 2)
A.diagonal()
A.diagonal(1)
A.diagonal(-2)
A.diagonal(3)
C.diagonal(0, 1, 2)
C.diagonal(offset=1, dim1=2, dim2=0)
v.unfold(0, 2, 1)
x.unfold(1, 2, 1)
x.unfold(0, 2, 3)
x.unfold(1, 0, 1)
s.unfold(0, 1, 1)
x.as_strided((2, 2), (1, 2))
x.as_strided((2, 2), (1, 1), 1)
x[1].as_strided((2,), (1,))
x.t().as_strided((3, 2), (2, 1), 0)
x.as_strided((3,), (0,))
v.expand(2, 3).as_strided((2, 2), (0, 1))
x.as_strided((0,), (1,), 6)
# several
x.split(1)
x.split(2, 1)
x.split([1, 2], dim=1)
torch.split(x, split_size_or_sections=2, dim=1)
x.split_with_sizes((1, 1))
e.split(2)
e.split(0)
x.chunk(2, 1)
x.chunk(5, 1)
e.chunk(3)
x.unbind()
x.unbind(1)
e.unbind()
x.tensor_split(2, 1)
x.tensor_split((1, 2), -1)
x.tensor_split(torch.tensor([1]), 1)
x.hsplit(3)
x.vsplit(2)
C.dsplit((1,))
# copies
x.clone()
x.t().clone()
C.permute(2, 0, 1).clone()
x[:, ::2].clone()
x.t()[::2].clone()
v.expand(2, 3).clone()
o.expand(2, 3, 4).permute(2, 1, 0).clone()
x.t().clone(memory_format=torch.contiguous_format)
C[None].clone(memory_format=torch.channels_last)
x.contiguous()
x.t().contiguous()
C[None].contiguous(memory_format=torch.channels_last)
x.float()
x.t().to(torch.complex128)
# joining
torch.cat([x, x])
torch.cat([x, A[:2]], 1)
torch.cat((x.t(), x.t()), -1)
torch.cat([torch.zeros(0), x])
torch.cat([x, n])
torch.cat([v, z])
torch.concat([v, v])
torch.concatenate([x, x], axis=1)
torch.stack([x, x])
torch.stack([v, v], -1)
torch.stack([s, s])
torch.hstack([v, v])
torch.hstack([x, x])
torch.vstack([v, x])
torch.row_stack([v, v])
torch.dstack([x, x])
torch.column_stack([v, A])
torch.block_diag(x, v, s)
torch.block_diag()
torch.meshgrid(v, v, indexing="ij")
torch.meshgrid(v, s, indexing="xy")
torch.cartesian_prod(v, v)
torch.cartesian_prod(v)
torch.combinations(v)
torch.combinations(v, 2, True)
torch.combinations(v, 0)
torch.broadcast_shapes((2, 1), 3, ())
# arranging
x.flip(0)
x.flip((0, -1))
x.t().flip(0)
torch.flip(x, (1,))
s.flip(0)
x.fliplr()
v.flipud()
x.roll(1)
x.roll(-1, 1)
x.roll((1, 2), (0, 1))
x.t().roll(2)
x.rot90()
x.rot90(2)
x.rot90(-1, (1, 0))
x.rot90(0)
x.repeat(2, 1)
x.repeat(2, 1, 2)
x.repeat(0, 2)
x.tile(2)
torch.tile(x, (2, 1, 1))
x.repeat_interleave(2)
x.repeat_interleave(2, 1)
x.repeat_interleave(k, 1)
x.repeat_interleave(torch.tensor([2]), 0)
torch.repeat_interleave(k)
A.tril()
A.tril(1)
A.triu(-1)
C.triu(1)
A.t().tril()
x.tril(-5)
x.triu(5)
A.diag()
A.diag(1)
v.diag(-1)
v.diag_embed()
x.diag_embed(1, 0, 2)
x.diagflat()
x.t().diagflat(-1)
# padding
F.pad(x, (1, 2))
F.pad(x, (1, 1, 0, 2), value=2.5)
F.pad(x, (-1, 1))
F.pad(s, ())
torch.constant_pad_nd(x, (0, -1), 3)
F.pad(C, (1, 2), mode="reflect")
F.pad(C, (-1, 2), mode="reflect")
F.pad(C[None], (2, 1, 1, 1), mode="reflect")
F.pad(C[None, None], (1, 1, 1, 1, 0, 0), mode="reflect")
F.pad(C, (2, 1), mode="replicate")
F.pad(C[None], (2, 1, 0, 3), mode="replicate")
F.pad(x, (1, 1), mode="circular")
F.pad(C, (2, -1), mode="circular")
F.pad(C[None], (1, 1, 1, 0), mode="circular")
F.pad(n, (1, 1), value=7)
""")

WRONG = lines("""
x.view(4)
x.view(-1, -1)
x.view(4, -1)
x.view(-2, 3)
x.view('a')
x.view(2.0, 3)
x.view(3, 'a')
x.view()
x.view(None)
x.view(True, 6)
x.t().view(6)
s.view(torch.complex128)
torch.zeros(3).view(torch.float64)
x.reshape(5)
x.reshape(2.0, 3)
x.reshape((3, 'a'))
x.reshape(-1, -1)
torch.reshape(3, (2,))
torch.reshape(x, 6)
e.reshape(-1, 0)
x.flatten(1, 0)
x.flatten(5)
x.unflatten(0, (3, 1))
x.unflatten(0, ())
x.unflatten(0, 3)
x.permute(0, 0)
x.permute(0, 2)
x.permute()
x.transpose(0, 2)
x.transpose(0)
x.transpose('a', 1)
torch.transpose(x, 'a', 1)
x.transpose(True, 0)
C.t()
v.mT
v.H
C.H
v.adjoint()
x.movedim(0, 2)
x.movedim((0, 0), (0, 1))
x.movedim((0, 1), (1,))
x.expand(3, 3)
x.expand(3)
x.expand(-1, 2, 3)
x.expand(2, -2)
x.expand('a')
x.expand()
x.expand_as(3)
x.squeeze(2)
x.squeeze((0, 0))
x.squeeze('a')
x.unsqueeze(4)
x.unsqueeze()
x.select(2, 0)
x.select(0, 2)
s.select(0, 0)
x.select(0, 1.5)
x.narrow(0, 1, 2)
x.narrow(0, 3, 0)
x.narrow(0, 0, -1)
x.narrow(0, torch.tensor([0]), 1)
s.narrow(0, 0, 1)
v.diagonal()
x.diagonal(0, 0, 0)
x.unfold(0, 3, 1)
x.unfold(0, 1, 0)
x.unfold(0, -1, 1)
x.as_strided((2, 2), (1,))
x.as_strided((2, 2), (4, 4))
x.as_strided((2,), (-1,))
x.as_strided((-2,), (1,))
x.as_strided((2,), (1,), -1)
x.split(0)
x.split(-1)
x.split([1, 2])
x.split([-1, 3])
x.split('a')
s.split(1)
x.chunk(0)
s.chunk(2)
x.chunk(2, 2)
s.unbind()
x.tensor_split(0)
s.tensor_split(1)
x.tensor_split(torch.tensor([1.0]))
x.hsplit(2)
v.vsplit(1)
x.contiguous(memory_format=torch.channels_last)
x.t().contiguous(memory_format=torch.preserve_format)
x.clone(memory_format='a')
torch.cat([])
torch.cat([x, v])
torch.cat([x, x.t()])
torch.cat([x, x], 2)
torch.cat([x, 3])
torch.cat(x)
torch.cat([s, s])
torch.cat([v, v], out=i)
torch.stack([])
torch.stack([x, v])
torch.stack([x, x], 3)
torch.hstack(x)
torch.vstack([])
torch.block_diag(C)
torch.meshgrid(v, n[0], indexing="ij")
torch.meshgrid(v, v, indexing="a")
torch.cartesian_prod(x)
torch.combinations(x)
torch.combinations(v, -1)
x.flip(2)
x.flip(0, 0)
x.flip('a')
v.fliplr()
x.roll(1, 2)
x.roll((1, 2), 0)
x.roll((1, 2))
x.rot90(1, (0, 0))
v.rot90()
x.repeat(2)
x.repeat(-1, 2)
x.tile(-1)
x.repeat_interleave(k)
x.repeat_interleave(-1)
x.repeat_interleave(k, 1, output_size=4)
torch.tril(v)
A.tril(1.5)
C.diag()
v.diag_embed(0, 0, 3)
F.pad(x, (1,))
F.pad(x, (1, 1, 1, 1, 1, 1))
F.pad(x, (-4, 0))
F.pad(x, (1, 1), mode='nowhere')
F.pad(C, (3, 1), mode='reflect')
F.pad(C, (1, 1), mode='reflect', value=1.0)
F.pad(v, (1, 1), mode='reflect')
F.pad(C > 1, (1, 1), mode='replicate')
F.pad(C, (4, 0), mode='circular')
""")


@pytest.mark.parametrize("grads", [False, True], ids=["plain", "recorded"])
@pytest.mark.parametrize("expression", RIGHT)
def test_result(expression, grads):
    assert outcome(leafgrad, expression, grads) == outcome(torch, expression, grads)


@pytest.mark.parametrize("expression", RIGHT)
def test_derivatives(expression):
    if not has_gradient(expression):
        return  # nothing to compare
    assert same_derivatives(derivatives(torch, expression), derivatives(leafgrad, expression))


def has_gradient(expression):
    """Whether torch gives some output a history, and real gradients."""
    found = str(outcome(torch, expression, True))
    return (
        ("Backward" in found or "CopySlices" in found) and "complex" not in found and "(0,)" not in expression
    )


@pytest.mark.parametrize("expression", WRONG)
def test_error(expression):
    expected = outcome(torch, expression)
    assert len(expected) == 2
    assert outcome(leafgrad, expression) == expected


IN_PLACE = lines("""
x.t_()
x.transpose_(0, 1)
x.swapaxes_(0, 1)
x.unsqueeze_(-1)
o.squeeze_()
o.squeeze_(0)
o.squeeze_((0, 2))
x.as_strided_((2, 2), (1, 2))
x[1].unsqueeze_(0)
v[:2].t_()
x.copy_(v)
x.t().copy_(x.t() * 2)
x.copy_(n)
x.copy_(2.5)
x[0].copy_(v)
x.fill_(2)
x.fill_(s)
x[1].fill_(s)
x.zero_()
x.diagonal().zero_()
A.tril_()
A.triu_(1)
A[:2, :2].triu_()
A.fill_diagonal_(5)
torch.fill(x, 2.0)
torch.fill(x, s)
x.copy_(A)
x.copy_('a')
x.fill_(v)
x.fill_('a')
n.fill_(1e30)
v.expand(2, 3).fill_(1)
leaf_x.t_()
leaf_x.zero_()
leaf_x.copy_(v)
leaf_x[0].fill_(2)
x.unbind()[0].zero_()
C.t_()
v.tril_()
x.unsqueeze_(5)
v[1:].copy_(v[:-1])
""")


@pytest.mark.parametrize("grads", [False, True], ids=["plain", "recorded"])
@pytest.mark.parametrize("statement", IN_PLACE)
def test_in_place(statement, grads):
    assert outcome(leafgrad, statement, grads, statement=True) == outcome(
        torch, statement, grads, statement=True
    )


@pytest.mark.parametrize("statement", [s for s in IN_PLACE if "x." in s or "x[" in s])
def test_derivatives_after_write(statement):
    if isinstance(outcome(torch, statement, True, statement=True), tuple):
        return  # nothing to compare
    expected = derivatives(torch, statement, statement=True)
    assert same_derivatives(expected, derivatives(leafgrad, statement, statement=True))


GEOMETRY = lines("""
x.size()
x.size(-1)
s.size()
x.t().stride()
x.stride(-1)
x[1].storage_offset()
x.is_contiguous()
x.t().is_contiguous()
o.transpose(0, 2).is_contiguous()
e.t().is_contiguous()
C[None].is_contiguous(memory_format=torch.channels_last)
C[None].clone(memory_format=torch.channels_last).is_contiguous(memory_format=torch.channels_last)
x.numel()
torch.numel(x)
x.nelement()
x.dim()
x.ndimension()
x.element_size()
x.nbytes
x.untyped_storage().nbytes()
x[1].data_ptr() - x.data_ptr()
e.data_ptr()
x.is_set_to(x.view(2, 3))
x.is_set_to(x.view(3, 2))
x.dim_order()
x.resize_(2, 2)
x.resize_(3, 3).shape
x[1].resize_(2)
x.clone().set_(v)
x.clone().set_(x.untyped_storage(), 1, (2,), (2,))
x.set_()
x.size(5)
s.size(0)
x.size('a')
x.stride(5)
x.resize_(-1)
x.float().set_(n.int())
x.set_(3)
x.is_contiguous(memory_format=3)
leaf_s.requires_grad_().resize_(2)
""")


@pytest.mark.parametrize("expression", GEOMETRY)
def test_geometry(expression):
    assert outcome(leafgrad, expression) == outcome(torch, expression)


def both(program):
    """The names after a program, on both modules."""
    worlds = []
    for module in (torch, leafgrad):
        names = {"torch": module}
        exec(program, names)
        worlds.append(names)
    return worlds


HISTORIES = {
    "write through a view of a view": "y = x * 1; v = y[1:].t()[0]; v.mul_(2)",
    "write to the base": "y = x * 1; v = y[0]; y.mul_(3)",
    "write after the base was turned": "y = x * 1; v = y[0]; y.t_(); v.mul_(2)",
    "view turned, base written": "y = x * 1; v = y[:1]; v.t_(); y.mul_(2)",
    "write through as_strided": "y = x * 1; v = y[1].as_strided((2,), (1,), 1); v.exp_()",
    "chain of writes": "y = x * 1; v = y.view(3, 2); v[0] = 5.0; w = v[1:]; w.sin_(); y.add_(1)",
    "write to a part of an expanded source": "y = x * 1; y[:, 1:] = y[0, :1].exp(); v = y[0]",
    "write of the tensor into itself": "y = x * 1; v = y[0]; v.copy_(y[1])",
    "retained gradient": "y = x * 1; v = y[0]; v.retain_grad(); v.mul_(2)",
    "history from a write": "y = torch.zeros(2, 3); v = y[0]; v.copy_(x[1]); v.mul_(2)",
}


@pytest.mark.parametrize("program", HISTORIES.values(), ids=HISTORIES)
def test_history_after_write(program):
    start = "x = torch.arange(1.0, 7.0).reshape(2, 3).requires_grad_(); "
    end = """
a = (y * y.detach()).sum() + (v * v * v).sum()
first, = torch.autograd.grad(a, x, create_graph=True)
second, = torch.autograd.grad((first * first).sum(), x)
"""
    theirs, ours = both(start + program + end)
    for name in ("y", "v"):
        a, b = theirs[name], ours[name]
        assert type(b.grad_fn).__name__ == type(a.grad_fn).__name__
        assert [n and n.name() for n, _ in b.grad_fn.next_functions] == [
            n and n.name() for n, _ in a.grad_fn.next_functions
        ]
        assert (b._version, b._is_view()) == (a._version, a._is_view())
        assert close(a, b)
    for name in ("first", "second"):
        assert close(theirs[name], ours[name])


def close(a, b):
    return torch.allclose(a.detach(), torch.tensor(b.detach().tolist()), rtol=1e-4, atol=1e-5)


def test_dtype_view_shares_memory_and_counts_writes():
    theirs, ours = both(
        "x = torch.ones(2, 3); y = x.view(torch.int32); y.zero_(); r = (x.tolist(), x._version, y._is_view())"
    )
    assert ours["r"] == theirs["r"]


def test_writing_through_a_view_of_another_dtype():
    program = """
x = torch.tensor([1 + 2j, 3 - 1j]).requires_grad_()
y = x * 1
v = torch.view_as_real(y)[:, 0]
v.mul_(3)
g, = torch.autograd.grad((y * y.conj()).real.sum(), x)
r = (type(y.grad_fn).__name__, type(v.grad_fn).__name__, g.tolist(), y.tolist())
"""
    theirs, ours = both(program)
    assert ours["r"] == theirs["r"]


def test_ten_thousand_views_of_views():
    x = leafgrad.ones(20000)
    for _ in range(10000):
        x = x[1:]
    x.zero_()
    assert x._base.sum().item() == 10000
