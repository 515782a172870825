"""The article, line by line: the same expectations hold on leafgrad and, where it is installed, on torch."""

import re
import warnings

import pytest

from tests.both import each_module

pytestmark = each_module

NON_LEAF_GRAD = (
    "The .grad attribute of a Tensor that is not a leaf Tensor is being accessed. Its .grad attribute "
    "won't be populated during autograd.backward(). If you indeed want the .grad field to be populated "
    "for a non-leaf Tensor, use .retain_grad() on the non-leaf Tensor. If you access the non-leaf "
    "Tensor by mistake, make sure you access the leaf Tensor instead. See "
    "github.com/pytorch/pytorch/pull/30531 for more information."
)
MODIFIED = (
    "one of the variables needed for gradient computation has been modified by an inplace operation: "
    "[torch.FloatTensor [2]], which is output 0 of torch::autograd::CopySlices, is at version 1; "
    "expected version 0 instead. Hint: "
)
LEAF_WRITTEN = "a leaf Variable that requires grad is being used in an in-place operation."


class Article:
    """The tensors of the article's example, before backward."""

    def __init__(self, torch):
        self.input = torch.ones([2, 2], requires_grad=False)
        self.w1 = torch.tensor(2.0, requires_grad=True)
        self.w2 = torch.tensor(3.0, requires_grad=True)
        self.w3 = torch.tensor(4.0, requires_grad=True)
        self.l1 = self.input * self.w1
        self.l2 = self.l1 + self.w2
        self.l3 = self.l1 * self.w3
        self.l4 = self.l2 * self.l3
        self.loss = self.l4.mean()
        self.leaves = [self.w1, self.w2, self.w3]
        self.others = [self.l1, self.l2, self.l3, self.l4, self.loss]


@pytest.fixture
def article(torch):
    return Article(torch)


def printed(capsys, *things):
    """What print(*things) shows, addresses masked."""
    print(*things)
    return re.sub(r"0x[0-9a-f]+", "0x", capsys.readouterr().out)


def test_exp(torch, capsys):
    a = torch.tensor(2.0, requires_grad=True)
    b = a.exp()
    assert printed(capsys, b) == "tensor(7.3891, grad_fn=<ExpBackward0>)\n"


def test_a_leaf(article, capsys):
    w1 = article.w1
    assert printed(capsys, w1.data, w1.grad, w1.grad_fn) == "tensor(2.) None None\n"


def test_a_step_between(article, capsys):
    l1 = article.l1
    with pytest.warns(UserWarning, match=re.escape(NON_LEAF_GRAD)):
        grad = l1.grad
    shown = printed(capsys, l1.data, grad, l1.grad_fn)
    assert shown == "tensor([[2., 2.],\n        [2., 2.]]) None <MulBackward0 object at 0x>\n"


def test_the_result(article, capsys):
    loss = article.loss
    with pytest.warns(UserWarning, match=re.escape(NON_LEAF_GRAD)):
        grad = loss.grad
    assert printed(capsys, loss.data, grad, loss.grad_fn) == "tensor(40.) None <MeanBackward0 object at 0x>\n"


def test_gradients(article, capsys):
    article.loss.backward()
    assert printed(capsys, *(w.grad for w in article.leaves)) == "tensor(28.) tensor(8.) tensor(10.)\n"


def test_each_gradient_of_a_non_leaf_is_none_with_a_warning(article, capsys):
    article.loss.backward()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        grads = [tensor.grad for tensor in article.others]
    assert printed(capsys, *grads) == "None None None None None\n"
    assert len(caught) == 5
    for warning in caught:
        assert warning.category is UserWarning
        assert str(warning.message).startswith(NON_LEAF_GRAD)
        assert warning.filename == __file__  # it points at the line that asked


def test_leaves(article):
    assert all(tensor.is_leaf for tensor in [article.input, *article.leaves])
    assert not any(tensor.is_leaf for tensor in article.others)


def test_no_grad_fn_without_a_leaf_that_asks(torch):
    c = torch.ones(2) * 3
    assert c.is_leaf and not c.requires_grad and c.grad_fn is None


def test_retain_grad_shows_the_rest(article):
    for tensor in article.others:
        tensor.retain_grad()
    article.loss.backward()
    assert [tensor.grad.tolist() for tensor in article.others] == [
        [[7.0, 7.0], [7.0, 7.0]],
        [[2.0, 2.0], [2.0, 2.0]],
        [[1.25, 1.25], [1.25, 1.25]],
        [[0.25, 0.25], [0.25, 0.25]],
        1.0,
    ]


def test_hooks_show_the_rest(article):
    seen = []
    for tensor in article.others:
        tensor.register_hook(lambda grad: seen.append(grad.flatten()[0].item()))
    article.loss.backward()
    # Backward runs newest first: l3 was made after l2.
    assert seen == [1.0, 0.25, 1.25, 2.0, 7.0]


def modified(torch):
    a = torch.tensor([1.0, 2.0], requires_grad=True)
    b = a + 2
    loss = (b * b).mean()
    return a, b, loss


def test_version_counts_writes(torch):
    _, b, _ = modified(torch)
    assert b._version == 0
    b[0] = 1000.0
    assert b._version == 1
    b.add_(1)
    assert b._version == 2


def test_backward_sees_that_a_saved_value_was_modified(torch):
    a, b, loss = modified(torch)
    b[0] = 1000.0
    with pytest.raises(RuntimeError) as caught:
        loss.backward()
    assert str(caught.value).startswith(MODIFIED)
    assert "torch.autograd.set_detect_anomaly(True" in str(caught.value)
    assert a.grad is None


def test_leafgrad_says_where_and_how_to_repair(torch):
    if torch.__name__ == "torch":
        return  # torch does not say
    _, b, loss = modified(torch)
    b[0] = 1000.0
    with pytest.raises(RuntimeError) as caught:
        loss.backward()
    own = str(caught.value).partition("check_nan=False).")[2]
    saved, written = "loss = (b * b).mean()", "b[0] = 1000.0"
    assert __file__ in own
    assert saved in own and written in own
    assert "clone()" in own


def test_a_write_that_backward_does_not_need_raises_nothing(torch):
    a = torch.tensor([1.0, 2.0], requires_grad=True)
    b = a + 2
    loss = b.mean()
    b[0] = 1000.0
    loss.backward()
    assert a.grad.tolist() == [0.5, 0.5]


def test_a_gradient_is_that_of_the_written_value(torch):
    a = torch.tensor([1.0, 2.0], requires_grad=True)
    b = a + 2
    b[0] = 1000.0
    (b * b).mean().backward()
    assert a.grad.tolist() == [0.0, 4.0]


def add_one(a):
    a += 1


def clear(a):
    a[:] = 0


@pytest.mark.parametrize("write", [add_one, clear])
def test_a_leaf_that_requires_grad_cannot_be_written_to(torch, write):
    a = torch.tensor([5.0, 5.0, 5.0, 5.0], requires_grad=True)
    with pytest.raises(RuntimeError) as caught:
        write(a)
    assert str(caught.value).startswith(LEAF_WRITTEN)
    assert a.tolist() == [5.0, 5.0, 5.0, 5.0] and a._version == 0 and a.is_leaf


def fill_data(torch, a):
    a.data.fill_(10.0)


def fill_detached(torch, a):
    a.detach().fill_(10.0)


def write_under_no_grad(torch, a):
    with torch.no_grad():
        a[:] = 10.0


@pytest.mark.parametrize("write", [fill_data, fill_detached, write_under_no_grad])
def test_ways_to_do_it_right(torch, write):
    a = torch.tensor([5.0, 5.0, 5.0, 5.0], requires_grad=True)
    before = id(a)
    write(torch, a)
    assert id(a) == before and a.is_leaf and a.requires_grad
    (a * a).mean().backward()
    assert repr(a.grad) == "tensor([5., 5., 5., 5.])"
