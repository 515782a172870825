"""Hooks, nodes and what a node tells of itself.

Every test runs on torch too, which proves it right.
"""

import contextlib
import warnings

import pytest

from tests.both import FREED, each_module, outcome


def ones(torch, *shape):
    return torch.ones(shape or (3,), requires_grad=True)


# ----------------------------------------------------------------------------------------------- tensor hooks
@each_module
def test_a_hook_sees_and_replaces_the_gradient(torch):
    x, seen = ones(torch), []
    y = x * 2
    y.register_hook(lambda grad: seen.append(grad.tolist()))
    y.register_hook(lambda grad: grad * 10)
    y.register_hook(lambda grad: seen.append(grad.tolist()))
    y.sum().backward()
    assert seen == [[1.0] * 3, [10.0] * 3] and x.grad.tolist() == [20.0] * 3


@each_module
def test_a_hook_on_a_leaf(torch):
    x = ones(torch)
    x.register_hook(lambda grad: grad * 10)
    (x * 2).sum().backward()
    (x * 2).sum().backward()
    assert x.grad.tolist() == [40.0] * 3
    (grad,) = torch.autograd.grad((x * 2).sum(), x)
    assert grad.tolist() == [20.0] * 3


@each_module
def test_a_hook_runs_once_with_the_sum(torch):
    x, seen = ones(torch), []
    y = x * 1
    y.register_hook(lambda grad: seen.append(grad.tolist()))
    (y * 2 + y * 3 + y).sum().backward()
    assert seen == [[6.0] * 3]


@each_module
def test_removing_hooks(torch):
    x, seen = ones(torch), []
    first = x.register_hook(lambda grad: seen.append("first"))
    second = x.register_hook(lambda grad: seen.append("second"))
    first.remove()
    first.remove()
    x.sum().backward()
    with second:
        pass
    x.sum().backward()
    assert seen == ["second"]


@each_module
def test_a_hook_removed_by_a_hook(torch):
    x, seen, handles = ones(torch), [], []
    handles.append(x.register_hook(lambda grad: (seen.append("a"), handles[0].remove())[0]))
    x.sum().backward()
    x.sum().backward()
    assert seen == ["a"]


@each_module
def test_register_hook_as_decorator_returns_a_handle(torch):
    x = ones(torch)

    @x.register_hook
    def handle(grad):
        return grad * 2

    assert hasattr(handle, "remove")
    x.sum().backward()
    assert x.grad.tolist() == [2.0] * 3


@each_module
def test_hooks_and_writes(torch):
    """A hook belongs to the value the tensor had when it was registered."""
    x, seen = ones(torch), []
    y = x * 2
    y.register_hook(lambda grad: seen.append(("before", grad.tolist())))
    y.mul_(5)
    y.register_hook(lambda grad: seen.append(("after", grad.tolist())))
    y.sum().backward()
    assert seen == [("after", [1.0] * 3), ("before", [5.0] * 3)]


@each_module
def test_retain_grad_moves_with_writes(torch):
    x = ones(torch)
    y = x * 2
    y.retain_grad()
    y.mul_(5)
    assert y.retains_grad
    y.sum().backward()
    assert y.grad.tolist() == [1.0] * 3


@each_module
def test_hook_with_a_view_and_a_write_to_its_base(torch):
    x, seen = ones(torch, 4), []
    y = x * 1
    view = y[:2]
    view.register_hook(lambda grad: seen.append(grad.tolist()))
    y.mul_(3)
    (view * 2).sum().backward()
    assert x.grad.tolist() == [6.0, 6.0, 0.0, 0.0]
    assert seen == []


@each_module
def test_wrong_hooks(torch):
    c = torch.ones(3)
    assert outcome(lambda: c.register_hook(print)) == (
        "RuntimeError",
        "cannot register a hook on a tensor that doesn't require gradient",
    )
    y = ones(torch) * 2
    y.register_hook(lambda grad: grad[:2])
    assert outcome(lambda: y.sum().backward()) == (
        "RuntimeError",
        "hook '<lambda>' has changed the size of value",
    )
    y = ones(torch) * 2
    y.register_hook(lambda grad: 3)
    assert outcome(lambda: y.sum().backward()) == ("TypeError", "expected Variable, but hook returned 'int'")


@each_module
def test_a_hook_that_writes_to_its_gradient_is_seen_downstream(torch):
    x = ones(torch)
    y = x * 2
    y.register_hook(lambda grad: grad.clone().mul_(3))
    y.sum().backward()
    assert x.grad.tolist() == [6.0] * 3


@each_module
def test_hooks_with_create_graph(torch):
    x = torch.tensor(3.0, requires_grad=True)
    y = x * x
    y.register_hook(lambda grad: grad * x)
    (first,) = torch.autograd.grad(y, x, create_graph=True)
    (second,) = torch.autograd.grad(first, x)
    assert (first.item(), second.item()) == (18.0, 12.0)


# ---------------------------------------------------------------------------------- retain_grad, accumulation
@each_module
def test_retain_grad(torch):
    x = ones(torch)
    y = x * 2
    assert not y.retains_grad
    y.retain_grad()
    y.retain_grad()
    assert y.retains_grad
    (y * 3).sum().backward(retain_graph=True)
    assert y.grad.tolist() == [3.0] * 3
    (y * 3).sum().backward()
    assert y.grad.tolist() == [6.0] * 3


@each_module
def test_retain_grad_on_a_leaf_does_nothing(torch):
    x = ones(torch)
    x.retain_grad()
    assert not x.retains_grad
    assert outcome(lambda: torch.ones(1).retain_grad()) == (
        "RuntimeError",
        "can't retain_grad on Tensor that has requires_grad=False",
    )


@each_module
def test_retain_grad_sees_what_all_hooks_made(torch):
    y = ones(torch) * 2
    y.register_hook(lambda grad: grad * 2)
    y.retain_grad()
    y.register_hook(lambda grad: grad * 5)
    y.sum().backward()
    assert y.grad.tolist() == [10.0] * 3


@each_module
def test_post_accumulate_grad_hook(torch):
    x, seen = ones(torch), []
    handle = x.register_post_accumulate_grad_hook(
        lambda tensor: seen.append((tensor is x, tensor.grad.tolist()))
    )
    (x * 2).sum().backward()
    (x * 2).sum().backward()
    handle.remove()
    (x * 2).sum().backward()
    assert seen == [(True, [2.0] * 3), (True, [4.0] * 3)]


@each_module
def test_post_accumulate_grad_hook_may_drop_the_gradient(torch):
    """The optimiser step in the backward pass."""
    x = ones(torch)

    def step(tensor):
        with torch.no_grad():
            tensor -= 0.5 * tensor.grad
        tensor.grad = None

    x.register_post_accumulate_grad_hook(step)
    for _ in range(2):
        (x * 1).sum().backward()
    assert x.grad is None and x.tolist() == [0.0] * 3


@each_module
def test_post_accumulate_grad_hook_needs_a_leaf(torch):
    kind, text = outcome(lambda: (ones(torch) * 2).register_post_accumulate_grad_hook(print))
    assert (kind, text) == (
        "RuntimeError",
        "post accumulate grad hooks cannot be registered on non-leaf tensors",
    )


@each_module
def test_post_accumulate_grad_hook_is_silent_for_grad(torch):
    x, seen = ones(torch), []
    x.register_post_accumulate_grad_hook(seen.append)
    torch.autograd.grad((x * 2).sum(), x)
    assert seen == []
    (x * 2).sum().backward(inputs=[x])
    assert len(seen) == 1


@each_module
def test_leaves_are_served_in_the_order_of_the_edges(torch):
    seen = []
    for _ in range(20):  # not by chance
        leaves = [ones(torch), ones(torch), ones(torch)]
        for number, leaf in reversed(list(enumerate(leaves))):
            leaf.register_hook(lambda grad, number=number: seen.append(number))
        torch.cat(leaves).sum().backward()
    assert seen == [0, 1, 2] * 20


@each_module
def test_order_of_all_hooks(torch):
    seen = []

    def note(name):
        return lambda *_: seen.append(name)

    x = ones(torch)
    y = x * 2
    y.grad_fn.register_hook(note("node post 1"))
    y.grad_fn.register_prehook(note("node pre"))
    y.retain_grad()
    y.register_hook(note("tensor 1"))
    y.register_hook(lambda grad: seen.append(("retained yet", "y.grad" in dir() and False)))
    y.grad_fn.register_hook(note("node post 2"))
    x.register_post_accumulate_grad_hook(note("leaf post"))
    x.register_hook(note("leaf"))
    y.sum().backward()
    assert seen == [
        "tensor 1", ("retained yet", False), "node pre", "node post 1", "node post 2", "leaf", "leaf post",
    ]  # fmt: skip


# ------------------------------------------------------------------------------------------------- node hooks
@each_module
def test_node_hook_sees_and_replaces_what_the_node_returns(torch):
    seen = []
    x, w = ones(torch), ones(torch)
    y = x * w

    def hook(grad_inputs, grad_outputs):
        seen.append((len(grad_inputs), len(grad_outputs), grad_outputs[0].tolist()))
        return grad_inputs[0] * 10, None

    handle = y.grad_fn.register_hook(hook)
    y.sum().backward(retain_graph=True)
    assert seen == [(2, 1, [1.0] * 3)]
    assert x.grad.tolist() == [10.0] * 3 and w.grad is None
    handle.remove()
    y.sum().backward()
    assert x.grad.tolist() == [11.0] * 3 and w.grad.tolist() == [1.0] * 3


@each_module
def test_node_prehook_replaces_what_the_node_gets(torch):
    x = ones(torch)
    y = x * 2
    handle = y.grad_fn.register_prehook(lambda grads: (grads[0] * 10,))
    y.sum().backward(retain_graph=True)
    handle.remove()
    y.sum().backward()
    assert x.grad.tolist() == [22.0] * 3


@each_module
def test_node_hooks_on_the_node_of_a_leaf(torch):
    seen = []
    x = ones(torch)
    node = (x * 2).grad_fn.next_functions[0][0]
    node.register_prehook(lambda grads: seen.append(("pre", grads[0].tolist())))
    node.register_hook(lambda into, out: seen.append(("post", x.grad.tolist())))
    (x * 2).sum().backward()
    assert seen == [("pre", [2.0] * 3), ("post", [2.0] * 3)]


@each_module
def test_wrong_node_hooks(torch):
    y = ones(torch) * 2
    y.grad_fn.register_prehook(lambda grads: (grads[0], grads[0]))
    assert outcome(lambda: y.sum().backward()) == (
        "RuntimeError",
        "hook '<lambda>' has returned an incorrect number of values (got 2, but expected 1)",
    )


# -------------------------------------------------------------------------------- what a node tells of itself
@each_module
def test_names_and_edges(torch):
    x, c = ones(torch), torch.ones(3)
    y = x.exp() * c + x
    node = y.grad_fn
    assert node.name() == "AddBackward0" and type(node).__name__ == "AddBackward0"
    assert repr(node).startswith("<AddBackward0 object at 0x")
    (product, a), (leaf, b) = node.next_functions
    assert (product.name(), a, leaf.name(), b) == ("MulBackward0", 0, "torch::autograd::AccumulateGrad", 0)
    assert leaf.variable is x and leaf.next_functions == ()
    assert [None if nxt is None else nxt.name() for nxt, _ in product.next_functions] == [
        "ExpBackward0",
        None,
    ]
    assert product.next_functions[0][0].next_functions[0][0] is leaf


@each_module
def test_a_leaf_has_one_accumulating_node(torch):
    x = ones(torch)
    a, b = (x * 2).grad_fn, (x * 3).grad_fn
    assert a.next_functions[0][0] is b.next_functions[0][0]
    assert x.grad_fn is None


@each_module
def test_a_node_stays_the_same_object(torch):
    y = ones(torch) * 2
    assert y.grad_fn is y.grad_fn


@each_module
def test_metadata(torch):
    y = ones(torch) * 2
    node = y.grad_fn
    assert node.metadata == {}
    node.metadata["note"] = 1
    assert y.grad_fn.metadata == {"note": 1}


@each_module
def test_sequence_numbers_grow(torch):
    x = ones(torch)
    y = x * 2
    z = y + 1
    assert z.grad_fn._sequence_nr() == y.grad_fn._sequence_nr() + 1
    assert y.grad_fn.next_functions[0][0]._sequence_nr() == 2**64 - 1


@each_module
def test_input_metadata_is_of_the_outputs(torch):
    y = ones(torch, 2, 3) * 2
    (meta,) = y.grad_fn._input_metadata
    assert tuple(meta.shape) == (2, 3) and meta.dtype == torch.float32


@each_module
def test_saved_values(torch):
    x, w = ones(torch), ones(torch)
    y, z = x.exp(), x * w
    assert y.grad_fn._saved_result.tolist() == y.tolist() and y.grad_fn._saved_result.grad_fn is y.grad_fn
    assert z.grad_fn._saved_self.tolist() == x.tolist() and z.grad_fn._saved_other.tolist() == w.tolist()
    assert not hasattr((x + w).grad_fn, "_saved_self")
    assert x.sum(0).grad_fn._saved_dim == (0,) and x.sum(0).grad_fn._saved_keepdim is False
    assert x.sum().grad_fn._saved_self_sym_sizes == (3,)
    assert (x**3).grad_fn._saved_exponent == 3


@each_module
def test_only_what_is_needed_is_saved(torch):
    x, c = ones(torch), torch.ones(3)
    z = x * c
    assert z.grad_fn._saved_self is None and z.grad_fn._saved_other.tolist() == [1.0] * 3


@each_module
def test_saved_values_are_freed(torch):
    x = ones(torch)
    y = x.exp()
    node = y.grad_fn
    y.sum().backward()
    assert outcome(lambda: node._saved_result) == ("RuntimeError", FREED)


@each_module
def test_saved_values_are_guarded(torch):
    y = ones(torch).exp()
    y.mul_(2)
    node = y.grad_fn.next_functions[0][0]
    assert node.name() == "ExpBackward0"
    kind, text = outcome(lambda: node._saved_result)
    assert kind == "RuntimeError" and text.startswith(
        "one of the variables needed for gradient computation has been modified"
    )


@each_module
def test_outputs_of_one_node(torch):
    x = ones(torch)
    values, _ = x.sort()
    a, b, c = x.unbind()
    assert a.grad_fn is b.grad_fn is c.grad_fn
    assert [t.output_nr for t in (a, b, c, values)] == [0, 1, 2, 0]


# ----------------------------------------------------------------------------------------------- anomaly mode
@contextlib.contextmanager
def anomaly(torch, texts):
    """Anomaly mode, with the texts of its warnings collected."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with torch.autograd.detect_anomaly():
            yield
    texts += [str(warning.message) for warning in caught]


@each_module
def test_anomaly_mode_finds_nan(torch):
    x = torch.tensor([0.0, 1.0], requires_grad=True)
    with anomaly(torch, []):
        y = x.sqrt() * 0
        kind, text = outcome(lambda: y.sum().backward())
    assert (kind, text) == ("RuntimeError", "Function 'SqrtBackward0' returned nan values in its 0th output")


@each_module
def test_anomaly_mode_without_nan_check(torch):
    x = torch.tensor([0.0, 1.0], requires_grad=True)
    with pytest.warns(UserWarning, match="Anomaly Detection has been enabled"):
        mode = torch.autograd.detect_anomaly(check_nan=False)
    with mode:
        (x.sqrt() * 0).sum().backward()
    assert x.grad[0].isnan().item()


@each_module
def test_anomaly_mode_shows_where_the_node_was_made(torch):
    texts = []
    with anomaly(torch, texts):
        x = torch.tensor([0.0, 1.0], requires_grad=True)
        y = x.sqrt() * 0  # this line is to be shown
        outcome(lambda: y.sum().backward())
    assert any(
        "Error detected in SqrtBackward0" in text and "this line is to be shown" in text for text in texts
    )


@each_module
def test_set_detect_anomaly(torch):
    assert not torch.is_anomaly_enabled()
    with torch.autograd.set_detect_anomaly(True):
        assert torch.is_anomaly_enabled() and torch.is_anomaly_check_nan_enabled()
        with torch.autograd.set_detect_anomaly(False):
            assert not torch.is_anomaly_enabled()
        assert torch.is_anomaly_enabled()
    assert not torch.is_anomaly_enabled()
    torch.autograd.set_detect_anomaly(True, check_nan=False)
    assert torch.is_anomaly_enabled() and not torch.is_anomaly_check_nan_enabled()
    torch.autograd.set_detect_anomaly(False)
    assert not torch.is_anomaly_enabled()
