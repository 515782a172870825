"""Custom `autograd.Function`: shared and written outputs, second derivatives, hooks, mistakes.

Every test runs on torch too, which proves it right.
"""

import gc
import weakref

import pytest

from tests.both import each_module, outcome, submodule
from tests.functions import define, ones, scaled


# ------------------------------------------------------------------------ inputs and views as outputs, writes
@each_module
def test_an_input_returned_as_it_is(torch):
    x = ones(torch)
    y = define(torch, lambda ctx, x: x, lambda ctx, grad: grad * 10).apply(x)
    assert y is not x and y.data_ptr() == x.data_ptr()
    assert y.grad_fn.name() == "MadeBackward" and x.is_leaf and x.grad_fn is None
    y.sum().backward()
    assert x.grad.tolist() == [10.0] * 3


@each_module
def test_an_input_that_needs_no_grad_returned_as_it_is(torch):
    x, c = ones(torch), torch.ones(3)
    y = define(torch, lambda ctx, x, c: c, lambda ctx, grad: (grad * 10, None)).apply(x, c)
    assert y is not c and y.requires_grad and not c.requires_grad
    y.sum().backward()
    assert x.grad.tolist() == [10.0] * 3


@each_module
def test_an_input_returned_beside_a_value(torch):
    x = ones(torch)
    same, new = define(torch, lambda ctx, x: (x, x * 2), lambda ctx, a, b: a * 10 + b).apply(x * 1)
    (same + new).sum().backward()
    assert x.grad.tolist() == [11.0] * 3


@each_module
def test_a_view_as_output(torch):
    x = ones(torch, 2, 3)
    y = define(torch, lambda ctx, x: x.view(-1), lambda ctx, grad: grad.view(2, 3) * 10).apply(x * 1)
    assert y.grad_fn.name() == "MadeBackward" and y._is_view()
    y.sum().backward()
    assert x.grad.tolist() == [[10.0] * 3] * 2


@each_module
@pytest.mark.parametrize("what", ["the input", "a view"])
def test_writing_to_an_output_that_shares_memory(torch, what):
    forward = (lambda ctx, x: x) if what == "the input" else (lambda ctx, x: x[1:])
    y = define(torch, forward, lambda ctx, grad: grad).apply(ones(torch) * 1)
    message = "Output 0 of Made is a view and is being modified inplace"
    assert outcome(lambda: y.mul_(2)) == ("RuntimeError", message)


@each_module
def test_writing_to_an_output_of_its_own(torch):
    x = ones(torch)
    y = define(torch, *scaled(2)).apply(x)
    y.mul_(5)
    assert y.grad_fn.name() == "MulBackward0"
    y.sum().backward()
    assert x.grad.tolist() == [10.0] * 3


def doubles(torch):
    def forward(ctx, x):
        ctx.mark_dirty(x)
        return x.mul_(2)

    return define(torch, forward, lambda ctx, grad: grad * 2)


@each_module
def test_mark_dirty(torch):
    x = ones(torch)
    h = x * 1
    before = h._version
    y = doubles(torch).apply(h)
    assert y is h and h.grad_fn.name() == "MadeBackward" and not h.is_leaf
    assert h._version > before and h.tolist() == [2.0] * 3
    h.sum().backward()
    assert x.grad.tolist() == [2.0] * 3


@each_module
def test_mark_dirty_on_a_leaf(torch):
    x = ones(torch)
    message = "a leaf Variable that requires grad has been used in an in-place operation"
    assert outcome(lambda: doubles(torch).apply(x)) == ("RuntimeError", message)
    c = torch.ones(3)
    assert doubles(torch).apply(c) is c and c.tolist() == [2.0] * 3


@each_module
def test_mark_dirty_on_a_view(torch):
    x = ones(torch, 4)
    h = x * 1
    view = h[1:]
    y = doubles(torch).apply(view)
    assert y is view
    assert h.grad_fn.name() == "torch::autograd::CopySlices" and h.tolist() == [1.0, 2.0, 2.0, 2.0]
    h.sum().backward()
    assert x.grad.tolist() == [1.0, 2.0, 2.0, 2.0]


@each_module
def test_mark_dirty_not_returned(torch):
    def forward(ctx, x):
        ctx.mark_dirty(x)
        x.mul_(2)
        return x * 1

    message = "Some elements marked as dirty during the forward method were not returned as output"
    kind, text = outcome(lambda: define(torch, forward, scaled(2)[1]).apply(ones(torch) * 1))
    assert kind == "RuntimeError" and text == message


@each_module
def test_a_write_without_mark_dirty_is_counted(torch):
    h = ones(torch) * 1
    y = h.sin()

    def forward(ctx, x):
        x.mul_(2)
        return x * 1

    define(torch, forward, scaled(2)[1]).apply(h)
    assert h._version == 1
    assert outcome(lambda: y.sum().backward())[0] == "RuntimeError"


@each_module
def test_dirty_input_with_other_outputs(torch):
    def forward(ctx, x, y):
        ctx.mark_dirty(y)
        y.add_(x)
        return x * 3, y

    def backward(ctx, a, b):
        return a * 3 + b, b

    x, y = ones(torch), ones(torch)
    h = y * 1
    out, dirty = define(torch, forward, backward).apply(x, h)
    assert dirty is h and (out.output_nr, h.output_nr) == (0, 1)
    (out * 10 + h).sum().backward()
    assert x.grad.tolist() == [31.0] * 3 and y.grad.tolist() == [1.0] * 3


# ----------------------------------------------------------------------------------------- second derivatives
def exp_function(torch, decorate=lambda backward: backward):
    def forward(ctx, x):
        y = x.exp()
        ctx.save_for_backward(y)
        return y

    return define(torch, forward, decorate(lambda ctx, grad: grad * ctx.saved_tensors[0]))


@each_module
def test_double_backward_through_a_saved_output(torch):
    x = torch.tensor([0.5, 1.0], dtype=torch.float64, requires_grad=True)
    (first,) = torch.autograd.grad(exp_function(torch).apply(x).sum(), x, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), x, create_graph=True)
    (third,) = torch.autograd.grad(second.sum(), x)
    assert torch.allclose(third, x.detach().exp())
    assert torch.autograd.gradcheck(exp_function(torch).apply, (x,))
    assert torch.autograd.gradgradcheck(exp_function(torch).apply, (x,))


@each_module
def test_backward_runs_with_grad_on_only_for_create_graph(torch):
    modes = []
    made = define(
        torch,
        lambda ctx, x: x * 2,
        lambda ctx, grad: (modes.append((torch.is_grad_enabled(), grad.requires_grad)), grad)[1],
    )
    x = ones(torch)
    torch.autograd.grad(made.apply(x).sum(), x)
    torch.autograd.grad((made.apply(x) * x).sum(), x, create_graph=True)
    assert modes == [(False, False), (True, True)]


@each_module
def test_a_backward_that_is_itself_a_function(torch):
    class Inner(torch.autograd.Function):
        @staticmethod
        def forward(ctx, grad, x):
            ctx.save_for_backward(grad, x)
            return grad * 3 * x * x

        @staticmethod
        def backward(ctx, outer):
            grad, x = ctx.saved_tensors
            return outer * 3 * x * x, outer * grad * 6 * x

    class Cube(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x * x

        @staticmethod
        def backward(ctx, grad):
            return Inner.apply(grad, *ctx.saved_tensors)

    x = torch.tensor([2.0, 3.0], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradgradcheck(Cube.apply, (x,))


@each_module
def test_once_differentiable(torch):
    once = submodule(torch, "autograd.function").once_differentiable
    x = ones(torch)
    made = exp_function(torch, once)
    made.apply(x).sum().backward()
    assert torch.allclose(x.grad, x.detach().exp())
    (first,) = torch.autograd.grad((made.apply(x) * x).sum(), x, create_graph=True)
    message = "trying to differentiate twice a function that was marked with @once_differentiable"
    assert outcome(lambda: first.sum().backward()) == ("RuntimeError", message)


@each_module
def test_once_differentiable_backward_runs_without_recording(torch):
    once = submodule(torch, "autograd.function").once_differentiable
    modes = []

    def backward(ctx, grad):
        modes.append((torch.is_grad_enabled(), grad.requires_grad))
        return grad * 2

    x = ones(torch)
    y = define(torch, scaled(2)[0], once(backward)).apply(x)
    torch.autograd.grad((y * x).sum(), x, create_graph=True)
    assert modes == [(False, True)] or modes == [(False, False)]


# --------------------------------------------------------------------------------------- in graphs, and hooks
@each_module
def test_in_a_graph_with_ops(torch):
    x = torch.tensor([0.3, -0.7], dtype=torch.float64, requires_grad=True)
    exp = exp_function(torch)
    assert torch.autograd.gradcheck(lambda x: (exp.apply(x * 2) * exp.apply(x).sin()).sum(), (x,))


@each_module
def test_next_functions_point_at_the_inputs(torch):
    a, b = ones(torch), ones(torch) * 2
    y = define(torch, lambda ctx, a, c, b: a * b, lambda ctx, grad: (grad, None, grad)).apply(
        a, torch.ones(3), b
    )
    (first, _), nothing, (third, _) = y.grad_fn.next_functions
    assert first.name() == "torch::autograd::AccumulateGrad" and first.variable is a
    assert nothing == (None, 0)
    assert third is b.grad_fn


@each_module
def test_tensor_and_node_hooks(torch):
    seen = []
    x = ones(torch)
    y = define(torch, *scaled(2)).apply(x)
    y.register_hook(lambda grad: grad * 10)
    y.grad_fn.register_prehook(lambda grads: (seen.append(("pre", grads[0].tolist())), None)[1])
    y.grad_fn.register_hook(
        lambda into, out: (seen.append(("post", into[0].tolist(), out[0].tolist())), None)[1]
    )
    y.retain_grad()
    y.sum().backward()
    assert seen == [("pre", [10.0] * 3), ("post", [20.0] * 3, [10.0] * 3)]
    assert y.grad.tolist() == [10.0] * 3 and x.grad.tolist() == [20.0] * 3


@each_module
def test_backward_inside_backward(torch):
    def forward(ctx, x):
        with torch.enable_grad():
            ctx.inner = x.detach().requires_grad_()
            ctx.loss = (ctx.inner**3).sum()
        return ctx.loss.detach()

    def backward(ctx, grad):
        ctx.loss.backward()
        return ctx.inner.grad * grad

    x = torch.tensor([1.0, 2.0], requires_grad=True)
    (define(torch, forward, backward).apply(x) * 2).backward()
    assert x.grad.tolist() == [6.0, 24.0]


@each_module
def test_backward_into_a_leaf_from_inside_backward(torch):
    side = ones(torch)

    def backward(ctx, grad):
        with torch.enable_grad():
            (side * 4).sum().backward()
        return grad * 2

    x = ones(torch)
    define(torch, scaled(2)[0], backward).apply(x).sum().backward()
    assert side.grad.tolist() == [4.0] * 3 and x.grad.tolist() == [2.0] * 3


@each_module
def test_deep_reentrant_backward(torch):
    """Each level of the graph runs a backward of its own inside its backward."""

    def build(depth):
        def backward(ctx, grad):
            if depth:
                x = ones(torch, 1)
                with torch.enable_grad():
                    build(depth - 1).apply(x).backward()
                return grad * x.grad
            return grad * 2

        return define(torch, lambda ctx, x: x * 2, backward)

    x = ones(torch, 1)
    build(40).apply(x).backward()
    assert x.grad.item() == 2.0


@each_module
def test_an_error_in_backward_comes_through_and_leaves_no_trace(torch):
    def backward(ctx, grad):
        raise KeyError("mine")

    x = ones(torch)
    y = define(torch, scaled(2)[0], backward).apply(x)
    with pytest.raises(KeyError, match="mine"):
        y.sum().backward()
    assert x.grad is None and torch.is_grad_enabled()
    (x * 2).sum().backward()
    assert x.grad.tolist() == [2.0] * 3


@each_module
def test_an_error_in_forward_restores_the_mode(torch):
    def forward(ctx, x):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        define(torch, forward, scaled(2)[1]).apply(ones(torch))
    assert torch.is_grad_enabled()


@each_module
def test_what_ctx_holds_is_freed_with_the_graph(torch):
    class Thing:
        pass

    watched = []

    def forward(ctx, x):
        ctx.thing = Thing()
        watched.append(weakref.ref(ctx.thing))
        return x * 2

    gc.disable()
    try:
        y = define(torch, forward, scaled(2)[1]).apply(ones(torch))
        y.sum().backward()
        assert watched[0]() is not None
        del y
        assert watched[0]() is None
    finally:
        gc.enable()


# --------------------------------------------------------------------------------------------------- mistakes
@each_module
def test_missing_methods(torch):
    Function = torch.autograd.Function
    x = ones(torch)
    empty = type("Empty", (Function,), {})
    assert outcome(lambda: empty.apply(x)) == (
        "NotImplementedError",
        "You must implement the forward function for custom autograd.Function",
    )
    half = type("Half", (Function,), {"forward": staticmethod(scaled(2)[0])})
    y = half.apply(x)
    assert outcome(lambda: y.sum().backward()) == (
        "NotImplementedError",
        (
            "You must implement either the backward or vjp method for your custom autograd.Function "
            "to use it with backward mode AD"
        ),
    )
    both = define(torch, *scaled(2), vjp=scaled(2)[1])
    kind, text = outcome(lambda: both.apply(x).sum().backward())
    assert kind == "RuntimeError" and text.startswith(
        "Implementing both 'backward' and 'vjp' for a custom Function is not allowed"
    )


@each_module
def test_old_style_is_refused(torch):
    class Old(torch.autograd.Function):
        def forward(self, x):
            return x * 2

        def backward(self, grad):
            return grad * 2

    with pytest.warns(DeprecationWarning, match="should not be instantiated"):
        old = Old()
    kind, text = outcome(lambda: old(ones(torch)))
    assert kind == "RuntimeError"
    assert text == "Legacy autograd function with non-static forward method is deprecated"


@each_module
def test_save_for_backward_takes_tensors(torch):
    made = define(torch, lambda ctx, x: ctx.save_for_backward(3), scaled(2)[1])
    assert outcome(lambda: made.apply(ones(torch))) == (
        "TypeError",
        "save_for_backward can only save variables, but argument 0 is of type int",
    )
