"""Subclasses of Tensor: making them, the class of results, copies and pickles; on torch and on leafgrad."""

import copy
import pickle
import warnings

import pytest

from leafgrad.base.state import leave_mode, modes
from leafgrad.tensor import subclass
from tests.both import each_module, outcome


@pytest.fixture(autouse=True)
def _mode():
    """Fast lanes for the tests that follow: no subclass is left alive here."""
    yield
    if subclass._MODE in modes:
        leave_mode(subclass._MODE)


def classes(torch):
    """A subclass, one of its own, an unrelated one, and tensors of them."""

    class Metres(torch.Tensor):
        pass

    class Near(Metres):
        pass

    class Other(torch.Tensor):
        @staticmethod
        def __new__(cls, *args):
            return torch.Tensor._make_subclass(cls, torch.ones(3))

    return Metres, Near, Other


CALLS = {
    "operator": lambda torch, m: m + 1,
    "reflected": lambda torch, m: 1 + m,
    "plain first": lambda torch, m: torch.ones(3) + m,
    "unary": lambda torch, m: -m,
    "method": lambda torch, m: m.exp(),
    "function": lambda torch, m: torch.sigmoid(m),
    "compare": lambda torch, m: m == m,
    "sum": lambda torch, m: m.sum(),
    "index": lambda torch, m: m[0],
    "mask": lambda torch, m: m[m > 0],
    "view": lambda torch, m: m.view(3, 1),
    "T": lambda torch, m: m.view(1, 3).T,
    "stack": lambda torch, m: torch.stack([m, torch.ones(3)]),
    "cat": lambda torch, m: torch.cat([torch.ones(3), m]),
    "values": lambda torch, m: m.max(0).values,
    "split": lambda torch, m: m.split(1)[0],
    "iterate": lambda torch, m: next(iter(m)),
    "matmul": lambda torch, m: m @ m,
    "einsum": lambda torch, m: torch.einsum("i,i->", m, m),
    "where": lambda torch, m: torch.where(m > 0, m, m),
    "softmax": lambda torch, m: torch.nn.functional.softmax(m, 0),
    "special": lambda torch, m: torch.special.expit(m),
    "clone": lambda torch, m: m.clone(),
    "detach": lambda torch, m: m.detach(),
    "data": lambda torch, m: m.data,
    "cast": lambda torch, m: m.to(torch.float64),
    "like": lambda torch, m: torch.zeros_like(m),
    "random like": lambda torch, m: torch.rand_like(m),
    "new": lambda torch, m: m.new_zeros(2),
    "in place": lambda torch, m: m.add_(1),
    "same": lambda torch, m: m.contiguous(),
    "copy": lambda torch, m: copy.copy(m),
    "as_tensor": lambda torch, m: torch.as_tensor(m),
}


@each_module
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_what_is_computed_is_of_the_class(torch, call):
    Metres, Near, _ = classes(torch)
    assert type(call(torch, torch.ones(3).as_subclass(Metres))) is Metres
    assert type(call(torch, torch.ones(3).as_subclass(Near))) is Near


@each_module
def test_the_most_derived_class_wins(torch):
    Metres, Near, Other = classes(torch)
    m, n = torch.ones(3).as_subclass(Metres), torch.ones(3).as_subclass(Near)
    assert type(m + n) is Near and type(n * m) is Near
    with pytest.raises(TypeError, match="unsupported operand type"):
        m + Other()


@each_module
def test_what_is_no_tensor_of_the_class(torch):
    Metres, _, _ = classes(torch)
    m = torch.ones(3).as_subclass(Metres)
    assert type(torch.tensor([1.0])) is torch.Tensor
    assert type(m.shape) is torch.Size and type(m.tolist()) is list and type(m.numpy()).__name__ == "ndarray"
    with warnings.catch_warnings(action="ignore"):
        assert type(torch.tensor(m)) is torch.Tensor


@each_module
def test_construction(torch):
    Metres, _, Other = classes(torch)
    assert type(Metres([1, 2])) is Metres and Metres([1, 2]).tolist() == [1.0, 2.0]
    assert Metres(2, 3).shape == (2, 3)
    assert type(Other(1, 2)) is Other
    made = torch.Tensor._make_subclass(Metres, torch.ones(2, requires_grad=True))
    assert type(made) is Metres and not made.requires_grad
    assert torch.Tensor._make_subclass(Metres, torch.ones(2), True).is_leaf
    assert outcome(lambda: torch.Tensor._make_subclass(int, torch.ones(2)))[0] == "TypeError"
    assert outcome(lambda: torch.ones(2).as_subclass(3)) == ("TypeError", "cls must be a type (got int)")
    text = "_make_subclass(): argument 'data' (position 2) must be Tensor, not int"
    assert outcome(lambda: torch.Tensor._make_subclass(Metres, 3)) == ("TypeError", text)


@each_module
def test_gradients_flow_through_as_subclass(torch):
    Metres, _, _ = classes(torch)
    x = torch.ones(3, requires_grad=True)
    m = x.as_subclass(Metres)
    assert type(m.grad_fn).__name__ == "AliasBackward0" and m._is_view() and m._base is x
    (m * m).sum().backward()
    assert x.grad.tolist() == [2.0, 2.0, 2.0]
    m.detach().mul_(5)
    assert x.tolist() == [5.0, 5.0, 5.0]


@each_module
def test_attributes_and_repr(torch):
    Metres, _, _ = classes(torch)
    m = torch.ones(2).as_subclass(Metres)
    m.unit = "m"
    assert copy.copy(m).unit == "m"
    assert not hasattr(m + 1, "unit")
    assert repr(m) == "Metres([1., 1.])"
    assert isinstance(m, torch.Tensor)


@each_module
def test_parameters_give_plain_tensors(torch):
    class Weight(torch.nn.Parameter):
        pass

    Metres, _, _ = classes(torch)
    for p in (torch.nn.Parameter(torch.ones(2)), Weight(torch.ones(2))):
        for out in (
            p * 2,
            p.detach(),
            p.data,
            p.clone(),
            p.view(2),
            p[0],
            torch.stack([p]),
            torch.zeros_like(p),
        ):
            assert type(out) is torch.Tensor
    assert type(torch.nn.Parameter(torch.ones(2)) * torch.ones(2).as_subclass(Metres)) is Metres
    p = torch.nn.Parameter(torch.ones(2).as_subclass(Metres))
    assert type(p) is Metres and isinstance(p.requires_grad, bool) and p.requires_grad and p.is_leaf
    assert outcome(lambda: torch.nn.Parameter(3)) == (
        "AttributeError",
        "'int' object has no attribute 'detach'",
    )
    assert outcome(lambda: torch.nn.Parameter(torch.tensor([1])))[0] == "RuntimeError"


@each_module
@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_copies_and_pickles(torch, again):
    p = torch.nn.Parameter(torch.ones(2), requires_grad=False)
    q = again(p)
    assert type(q) is torch.nn.Parameter and not q.requires_grad and q.tolist() == [1.0, 1.0]
    leaf = torch.ones(2, 3, requires_grad=True)
    other = again(leaf)
    assert other.requires_grad and other.is_leaf and other is not leaf
    turned = again(torch.arange(6.0).view(2, 3).t())
    assert turned.stride() == (1, 3) and turned.tolist() == [[0.0, 3.0], [1.0, 4.0], [2.0, 5.0]]
    part = torch.arange(6.0)[2:4]
    assert again(part).tolist() == [2.0, 3.0] and again(part)._base is None


@each_module
def test_which_copies_share_memory_and_history(torch):
    x = torch.ones(2, requires_grad=True)
    y = x * 2
    assert copy.copy(y).is_leaf and copy.copy(y).requires_grad
    assert outcome(lambda: copy.deepcopy(y))[0] == "RuntimeError"
    assert pickle.loads(pickle.dumps(torch.ones(2))).tolist() == [1.0, 1.0]
    z = torch.zeros(2)
    copy.copy(z).add_(1)
    copy.deepcopy(z).add_(1)
    assert z.tolist() == [1.0, 1.0]
    x.grad = torch.ones(2)
    assert copy.deepcopy(x).grad.tolist() == [1.0, 1.0]
    twice = copy.deepcopy([z, z])
    assert twice[0] is twice[1]


def test_plain_programs_stay_in_the_fast_lane():
    import leafgrad

    class Weight(leafgrad.nn.Parameter):
        pass

    assert type(Weight(leafgrad.ones(2)) + 1) is leafgrad.Tensor
    assert not modes
