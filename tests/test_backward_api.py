"""`backward` and `autograd.grad` with all their arguments.

Every test runs on torch too, which proves it right.
"""

import warnings

import pytest

from tests.both import FREED, each_module, outcome


def ones(torch, *shape):
    return torch.ones(shape or (3,), requires_grad=True)


UNUSED = "The differentiated Tensor at index {} appears to not have been used in the graph"


# --------------------------------------------------------------------------------------------------- gradient
@each_module
def test_scalar_needs_no_gradient(torch):
    x = ones(torch)
    assert (x * 2).sum().backward() is None
    assert x.grad.tolist() == [2.0] * 3


@each_module
@pytest.mark.parametrize("shape", [(1,), (1, 1)])
def test_one_element_counts_as_scalar(torch, shape):
    x = ones(torch, *shape)
    (x * 2).backward()
    assert x.grad.shape == shape


@each_module
def test_gradient_argument(torch):
    x = ones(torch)
    (x * 2).backward(torch.tensor([1.0, 10.0, 100.0]))
    assert x.grad.tolist() == [2.0, 20.0, 200.0]
    (x * 2).backward(gradient=torch.ones(3))
    assert x.grad.tolist() == [4.0, 22.0, 202.0]


@each_module
def test_gradient_of_another_dtype_is_cast_or_kept(torch):
    x = ones(torch)
    (x * 2).backward(torch.ones(3, dtype=torch.float64))
    assert x.grad.dtype == torch.float32


@each_module
def test_gradient_is_not_changed(torch):
    x, gradient = ones(torch), torch.ones(3)
    x.backward(gradient)
    assert x.grad is not gradient and gradient._version == 0
    x.backward(gradient)
    assert x.grad.tolist() == [2.0] * 3 and gradient.tolist() == [1.0] * 3


@each_module
def test_wrong_gradients(torch):
    x = ones(torch)
    y = x * 2
    mismatch = (
        "Mismatch in shape: grad_output[0] has a shape of torch.Size([2]) "
        "and output[0] has a shape of torch.Size([3])"
    )
    assert outcome(lambda: y.backward()) == (
        "RuntimeError",
        "grad can be implicitly created only for scalar outputs",
    )
    assert outcome(lambda: y.backward(torch.ones(2))) == ("RuntimeError", mismatch)
    assert outcome(lambda: torch.autograd.grad(y, x, torch.ones(2))) == ("RuntimeError", mismatch)
    assert outcome(lambda: torch.autograd.backward([y, y], [torch.ones(3)])) == (
        "RuntimeError",
        "got 2 tensors and 1 gradients",
    )
    assert x.grad is None


@each_module
def test_more_gradients_than_outputs_are_ignored(torch):
    x = ones(torch)
    for more in (torch.ones(3) * 5, None, torch.ones(2), "a"):
        assert torch.autograd.grad(x * 2, x, [torch.ones(3), more])[0].tolist() == [2.0] * 3
        torch.autograd.backward([x * 2], [torch.ones(3), more])
    assert x.grad.tolist() == [8.0] * 3


@each_module
def test_complex_outputs(torch):
    x = torch.ones(2, requires_grad=True)
    z = x * (1 + 2j)
    kind, text = outcome(lambda: z.sum().backward())
    assert (kind, text) == (
        "RuntimeError",
        "grad can be implicitly created only for real scalar outputs but got torch.complex64",
    )
    assert outcome(lambda: z.backward(torch.ones(2)))[0] == "RuntimeError"
    z.backward(torch.ones(2, dtype=torch.complex64))
    assert x.grad.tolist() == [1.0, 1.0]


@each_module
def test_nothing_to_differentiate(torch):
    message = "element 0 of tensors does not require grad and does not have a grad_fn"
    assert outcome(lambda: torch.ones(()).backward()) == ("RuntimeError", message)
    assert outcome(lambda: torch.autograd.grad(torch.ones(()), ones(torch))) == ("RuntimeError", message)
    x = ones(torch, 1)
    kind, text = outcome(lambda: torch.autograd.backward([x * 2, torch.ones(1)]))
    assert (kind, text) == ("RuntimeError", message.replace("0", "1", 1))
    assert x.grad is None


@each_module
def test_a_leaf_itself(torch):
    x = ones(torch, 1)
    x.backward()
    x.backward()
    assert x.grad.tolist() == [2.0]
    (grad,) = torch.autograd.grad(x, x)
    assert grad.tolist() == [1.0]


# ------------------------------------------------------------------------------------ several tensors at once
@each_module
def test_backward_of_several(torch):
    x = ones(torch)
    y, z = x * 2, (x * 3).sum()
    torch.autograd.backward([y, z], [torch.ones(3), None])
    assert x.grad.tolist() == [5.0] * 3
    torch.autograd.backward((x * 2).sum())
    torch.autograd.backward(tensors=[(x * 2).sum()], grad_tensors=[torch.tensor(10.0)])
    assert x.grad.tolist() == [27.0] * 3


@each_module
def test_backward_of_a_tensor_and_of_what_it_depends_on(torch):
    x = ones(torch)
    y = x * 2
    z = y * 3
    torch.autograd.backward([y, z], [torch.ones(3)] * 2)
    assert x.grad.tolist() == [8.0] * 3


@each_module
def test_backward_of_the_same_tensor_twice(torch):
    x = ones(torch)
    y = (x * x).sum()
    torch.autograd.backward([y, y])
    assert x.grad.tolist() == [4.0] * 3


@each_module
def test_grad_of_several(torch):
    x, y = ones(torch), ones(torch)
    result = torch.autograd.grad([x * 2, (x * y).sum()], [x, y], [torch.ones(3), None])
    assert isinstance(result, tuple)
    assert [grad.tolist() for grad in result] == [[3.0] * 3, [1.0] * 3]
    assert x.grad is None and y.grad is None


@each_module
def test_grad_of_the_same_input_twice(torch):
    x = ones(torch)
    a, b = torch.autograd.grad((x * 2).sum(), [x, x])
    assert a.tolist() == b.tolist() == [2.0] * 3


# ---------------------------------------------------------------------------------------- retaining the graph
@each_module
def test_second_backward(torch):
    x = ones(torch)
    y = (x * x).sum()
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad.tolist() == [4.0] * 3
    assert outcome(lambda: y.backward()) == ("RuntimeError", FREED)
    assert outcome(lambda: torch.autograd.grad(y, x)) == ("RuntimeError", FREED)
    assert x.grad.tolist() == [4.0] * 3


@each_module
def test_second_backward_through_ops_that_save_nothing(torch):
    x = ones(torch)
    y = (x + 1).sum()
    y.backward()
    y.backward()
    assert x.grad.tolist() == [2.0] * 3


@each_module
def test_grad_frees_only_what_it_passed(torch):
    x = ones(torch)
    y = x * x
    z = (y * y).sum()
    torch.autograd.grad(z, y)
    assert outcome(lambda: torch.autograd.grad(z, x)) == ("RuntimeError", FREED)
    assert torch.autograd.grad(y.sum(), x)[0].tolist() == [2.0] * 3


@each_module
def test_create_graph_retains_the_graph(torch):
    x = torch.tensor(3.0, requires_grad=True)
    y = x**3
    (first,) = torch.autograd.grad(y, x, create_graph=True)
    assert first.requires_grad and first.item() == 27.0
    (second,) = torch.autograd.grad(first, x, create_graph=True)
    (third,) = torch.autograd.grad(second, x)
    assert (second.item(), third.item()) == (18.0, 6.0)
    assert torch.autograd.grad(y, x, retain_graph=None)[0].item() == 27.0


@each_module
def test_create_graph_without_retaining(torch):
    x = torch.tensor(3.0, requires_grad=True)
    y = x**3
    (first,) = torch.autograd.grad(y, x, create_graph=True, retain_graph=False)
    assert first.requires_grad
    assert outcome(lambda: y.backward()) == ("RuntimeError", FREED)


@each_module
def test_gradients_are_plain_without_create_graph(torch):
    x = ones(torch)
    (grad,) = torch.autograd.grad((x * x).sum(), x)
    assert not grad.requires_grad and grad.grad_fn is None and grad.is_leaf
    (x * x).sum().backward()
    assert not x.grad.requires_grad


@each_module
def test_backward_with_create_graph(torch):
    x = torch.tensor(3.0, requires_grad=True)
    if hasattr(torch, "set_warn_always"):  # torch itself warns once in a process, be it in another test
        torch.set_warn_always(True)
    with pytest.warns(
        UserWarning, match="Using backward\\(\\) with create_graph=True will create a reference cycle"
    ):
        (x**3).backward(create_graph=True)
    if hasattr(torch, "set_warn_always"):
        torch.set_warn_always(False)
    grad = x.grad
    assert grad.requires_grad and grad.item() == 27.0
    x.grad = None
    grad.backward()
    assert x.grad.item() == 18.0


@each_module
def test_a_gradient_that_requires_grad(torch):
    x, v = ones(torch), ones(torch)
    (grad,) = torch.autograd.grad(x * 2, x, v, create_graph=True)
    (grad * grad).sum().backward()
    assert v.grad.tolist() == [8.0] * 3
    assert x.grad is None or x.grad.tolist() == [0.0] * 3


# --------------------------------------------------------------------------------------- inputs, allow_unused
@each_module
def test_backward_with_inputs(torch):
    x, y = ones(torch), ones(torch)
    z = x * y
    z.sum().backward(inputs=[x], retain_graph=True)
    assert x.grad.tolist() == [1.0] * 3 and y.grad is None
    z.sum().backward(inputs=y, retain_graph=True)
    assert y.grad.tolist() == [1.0] * 3 and x.grad.tolist() == [1.0] * 3
    (z * 2).sum().backward(inputs=(z,))
    assert z.grad.tolist() == [2.0] * 3 and x.grad.tolist() == [1.0] * 3


@each_module
def test_backward_with_inputs_that_are_not_reached(torch):
    x, y = ones(torch), ones(torch)
    (x * 2).sum().backward(inputs=[x, y])
    assert x.grad.tolist() == [2.0] * 3 and y.grad is None


@each_module
def test_backward_with_an_inner_input_and_its_leaf(torch):
    x = ones(torch)
    y = x * 2
    (y * 3).sum().backward(inputs=[y, x])
    assert y.grad.tolist() == [3.0] * 3 and x.grad.tolist() == [6.0] * 3


@each_module
def test_wrong_inputs(torch):
    x = ones(torch)
    y = (x * 2).sum()
    assert outcome(lambda: y.backward(inputs=[])) == (
        "RuntimeError",
        "`inputs` argument to `backward()` cannot be empty",
    )
    assert outcome(lambda: torch.autograd.grad(y, []))[0] == "RuntimeError"
    assert outcome(lambda: torch.autograd.grad(y, torch.ones(3))) == (
        "RuntimeError",
        "One of the differentiated Tensors does not require grad",
    )


@each_module
def test_unused_inputs(torch):
    x, y = ones(torch), ones(torch)
    z = (x * 2).sum()
    assert outcome(lambda: torch.autograd.grad(z, [x, y], retain_graph=True)) == (
        "RuntimeError",
        UNUSED.format(1),
    )
    a, b = torch.autograd.grad(z, [x, y], allow_unused=True, retain_graph=True)
    assert a.tolist() == [2.0] * 3 and b is None
    a, b = torch.autograd.grad(z, [x, y], materialize_grads=True, retain_graph=True)
    assert a.tolist() == [2.0] * 3 and b.tolist() == [0.0] * 3 and not b.requires_grad
    with pytest.raises(
        ValueError, match="Expected allow_unused to be True or not passed when materialize_grads=True"
    ):
        torch.autograd.grad(z, [x, y], allow_unused=False, materialize_grads=True)


@each_module
def test_zero_and_none_are_told_apart(torch):
    x, y = ones(torch), ones(torch)
    a, b = torch.autograd.grad((x * 0).sum(), [x, y], allow_unused=True)
    assert a.tolist() == [0.0] * 3 and b is None


@each_module
def test_grad_of_an_inner_tensor(torch):
    x = ones(torch)
    y = x * 2
    z = y * y
    assert torch.autograd.grad(z.sum(), y, retain_graph=True)[0].tolist() == [4.0] * 3
    assert torch.autograd.grad(z.sum(), z, retain_graph=True)[0].tolist() == [1.0] * 3
    a, b = torch.autograd.grad(z.sum(), [y, x])
    assert a.tolist() == [4.0] * 3 and b.tolist() == [8.0] * 3


@each_module
def test_grad_of_one_of_many_outputs(torch):
    x = ones(torch)
    a, b, _ = (x * 2).unbind()
    (ga, gb) = torch.autograd.grad(a * b, [a, b])
    assert (ga.item(), gb.item()) == (2.0, 2.0)


@each_module
def test_grad_does_not_run_what_lies_beyond_the_inputs(torch):
    ran = []
    x = ones(torch)
    y = x * 2
    y.grad_fn.register_hook(lambda *_: ran.append("y"))
    torch.autograd.grad((y * 3).sum(), y)
    assert ran == []


# ----------------------------------------------------------------------------------------------- accumulation
@each_module
def test_accumulation_is_in_place(torch):
    x = ones(torch)
    (x * 2).sum().backward()
    grad, pointer = x.grad, x.grad.data_ptr()
    (x * 3).sum().backward()
    assert x.grad is grad and grad.data_ptr() == pointer and grad.tolist() == [5.0] * 3
    assert grad._version == 1


@each_module
def test_accumulation_with_create_graph_is_not_in_place(torch):
    x = ones(torch)
    (x * 2).sum().backward()
    grad = x.grad
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        (x * x).sum().backward(create_graph=True)
    assert x.grad is not grad and grad.tolist() == [2.0] * 3
    assert x.grad.tolist() == [4.0] * 3 and x.grad.requires_grad
    x.grad = None


@each_module
def test_two_leaves_never_share_a_gradient(torch):
    x, y = ones(torch), ones(torch)
    (x + y).sum().backward()
    x.grad.mul_(5)
    assert y.grad.tolist() == [1.0] * 3


@each_module
def test_the_gradient_given_is_never_shared(torch):
    x, given = ones(torch), torch.ones(3)
    (x + 0).backward(given)
    x.grad.mul_(5)
    assert given.tolist() == [1.0] * 3


@each_module
def test_an_expanded_gradient_is_accumulated_dense(torch):
    x = ones(torch, 2, 3)
    x.sum().backward()
    assert x.grad.is_contiguous()
    x.grad.add_(1)
    assert x.grad.tolist() == [[2.0] * 3] * 2


@each_module
def test_assigning_grad(torch):
    x = ones(torch)
    mine = torch.full((3,), 10.0)
    x.grad = mine
    assert x.grad is mine
    (x * 2).sum().backward()
    assert mine.tolist() == [12.0] * 3
    x.grad = None
    assert x.grad is None
    x.grad = mine
    del x.grad
    assert x.grad is None


@each_module
def test_assigning_wrong_grads(torch):
    x = ones(torch)
    assert outcome(lambda: setattr(x, "grad", torch.ones(2))) == (
        "RuntimeError",
        "attempting to assign a gradient of size '[2]' to a tensor of size '[3]'",
    )
    assert outcome(lambda: setattr(x, "grad", 3))[0] == "TypeError"
    assert outcome(lambda: setattr(x, "grad", x)) == ("RuntimeError", "can't assign Variable as its own grad")
    assert x.grad is None


@each_module
def test_a_leaf_used_in_many_places(torch):
    x = torch.tensor(2.0, requires_grad=True)
    y = x * x + x.exp() * x + x
    y.backward()
    assert torch.allclose(x.grad, 2 * x.detach() + x.detach().exp() * (1 + x.detach()) + 1)


@each_module
def test_diamonds_run_each_node_once(torch):
    runs = []
    x = ones(torch)
    y = x * 1
    y.grad_fn.register_hook(lambda *_: runs.append(1))
    z = y
    for _ in range(30):
        z = z + z
    z.sum().backward()
    assert runs == [1] and x.grad.tolist() == [2.0**30] * 3


@each_module
def test_grad_of_a_tensor_that_is_no_leaf(torch):
    y = ones(torch) * 2
    with pytest.warns(
        UserWarning, match="The .grad attribute of a Tensor that is not a leaf Tensor is being accessed"
    ):
        assert y.grad is None


@each_module
def test_dtype_of_gradients(torch):
    x = ones(torch)
    y = torch.ones(3, dtype=torch.float64, requires_grad=True)
    (x * y).sum().backward()
    assert x.grad.dtype == torch.float32 and y.grad.dtype == torch.float64


# ------------------------------------------------------------------------------------------- order and errors
@each_module
def test_newest_first(torch):
    """Among nodes that are ready, the one made last runs first."""
    ran = []
    x = ones(torch)
    parts = []
    for name in "abc":
        part = x * 2
        part.register_hook(lambda grad, name=name: ran.append(name))
        parts.append(part)
    (parts[2] + (parts[0] + parts[1])).sum().backward()
    assert ran == ["c", "b", "a"]


@each_module
def test_a_failing_node_leaves_the_engine_usable(torch):
    x = ones(torch)
    y = x * 2
    y.register_hook(lambda grad: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        y.sum().backward()
    assert x.grad is None
    (x * 2).sum().backward()
    assert x.grad.tolist() == [2.0] * 3


@each_module
def test_backward_under_no_grad(torch):
    x = ones(torch)
    y = (x * x).sum()
    with torch.no_grad():
        y.backward()
    assert x.grad.tolist() == [2.0] * 3


@each_module
def test_backward_does_not_change_the_mode(torch):
    x = torch.tensor(2.0, requires_grad=True)
    with torch.no_grad():
        torch.autograd.grad(torch.ones((), requires_grad=True), [x], allow_unused=True)
        assert not torch.is_grad_enabled()
    torch.autograd.grad(x * x, x, create_graph=True)
    assert torch.is_grad_enabled()


@each_module
def test_backward_inside_a_hook(torch):
    x, side = ones(torch), ones(torch)

    def hook(grad):
        with torch.enable_grad():
            (side * grad).sum().backward()
        return grad * 2

    y = x * 3
    y.register_hook(hook)
    y.sum().backward()
    assert side.grad.tolist() == [1.0] * 3 and x.grad.tolist() == [6.0] * 3


@each_module
def test_backward_inside_a_hook_into_the_same_leaf(torch):
    x = ones(torch)

    def hook(grad):
        with torch.enable_grad():
            (x * 10).sum().backward()

    y = x * 3
    y.register_hook(hook)
    y.sum().backward()
    assert x.grad.tolist() == [13.0] * 3


@each_module
def test_deep_backward_inside_hooks(torch):
    x = ones(torch, 1)

    def nest(depth):
        y = x * 1
        if depth:
            y.register_hook(lambda grad: deeper(depth))
        y.backward()

    def deeper(depth):
        with torch.enable_grad():
            nest(depth - 1)

    nest(60)
    assert x.grad.item() == 61.0


@each_module
def test_is_grads_batched(torch):
    x, unused = ones(torch), ones(torch)
    grad = lambda g, inputs=(x,), **named: torch.autograd.grad(
        x * x, inputs, g, is_grads_batched=True, **named
    )
    assert grad(torch.eye(3))[0].tolist() == (2 * torch.eye(3)).tolist()
    assert grad((torch.eye(3),), create_graph=True)[0].requires_grad
    assert grad(torch.eye(3), (x, unused), allow_unused=True)[1] is None
    assert grad(torch.eye(3), (x, unused), materialize_grads=True)[1].tolist() == [0.0, 0.0, 0.0]
    assert outcome(lambda: grad(torch.ones(3)))[1].startswith(
        "If `is_grads_batched=True`, we interpret the first"
    )
    assert outcome(lambda: grad(torch.eye(3), (x, unused)))[1].startswith(
        "The differentiated Tensor at index 1"
    )
    assert outcome(lambda: grad(None)) == (
        "RuntimeError",
        "grad can be implicitly created only for scalar outputs",
    )


@each_module
def test_variable_is_a_name_for_tensor(torch):
    x = torch.autograd.Variable(torch.ones(2), requires_grad=True)
    assert isinstance(x, torch.Tensor) and x.requires_grad
    x.sum().backward()
    assert x.grad.tolist() == [1.0, 1.0]
