"""Custom `autograd.Function`: styles, context, saved tensors, gradients.

Every test runs on torch too, which proves it right.
"""

import pytest

from tests.both import FREED, each_module, outcome
from tests.functions import define, ones, scaled


# --------------------------------------------------------------------------------------------- the two styles
@each_module
def test_forward_with_ctx(torch):
    class Cube(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, n):
            ctx.save_for_backward(x)
            ctx.n = n
            return x**n

        @staticmethod
        def backward(ctx, grad):
            (x,) = ctx.saved_tensors
            return grad * ctx.n * x ** (ctx.n - 1), None

    x = torch.tensor([2.0, 3.0], requires_grad=True)
    y = Cube.apply(x, 3)
    assert y.requires_grad and not y.is_leaf
    assert (type(y.grad_fn).__name__, y.grad_fn.name()) == ("CubeBackward", "CubeBackward")
    assert "CubeBackward object at 0x" in repr(y.grad_fn)
    assert "grad_fn=<CubeBackward>" in repr(y)
    y.sum().backward()
    assert x.grad.tolist() == [12.0, 27.0]


@each_module
def test_setup_context(torch):
    class Product(torch.autograd.Function):
        @staticmethod
        def forward(x, y, n):
            return x * y * n

        @staticmethod
        def setup_context(ctx, inputs, output):
            x, y, ctx.n = inputs
            ctx.given = tuple(output.shape)
            ctx.save_for_backward(x, y)

        @staticmethod
        def backward(ctx, grad):
            x, y = ctx.saved_tensors
            assert ctx.given == tuple(grad.shape)
            return grad * y * ctx.n, grad * x * ctx.n, None

    x, y = torch.tensor(2.0, requires_grad=True), torch.tensor(5.0, requires_grad=True)
    Product.apply(x, y, 10).backward()
    assert (x.grad.item(), y.grad.item()) == (50.0, 20.0)


@each_module
def test_setup_context_gets_all_outputs(torch):
    seen = []

    class Two(torch.autograd.Function):
        @staticmethod
        def forward(x, flag=None):
            return x * 2, x * 3

        @staticmethod
        def setup_context(ctx, inputs, output):
            seen.append((type(inputs), len(inputs), type(output), len(output)))

        @staticmethod
        def backward(ctx, a, b):
            return 2 * a + 3 * b, None

    x = ones(torch)
    a, b = Two.apply(x)
    (a + b).sum().backward()
    assert seen == [(tuple, 2, tuple, 2)]  # forward's default counts as an input
    assert x.grad.tolist() == [5.0] * 3


@each_module
def test_vjp_is_another_name_for_backward(torch):
    class Named(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def vjp(ctx, grad):
            return grad * 2

    x = ones(torch)
    Named.apply(x).sum().backward()
    assert x.grad.tolist() == [2.0] * 3


@each_module
def test_subclass_inherits(torch):
    class Base(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.factor = 2
            return x * 2

        @staticmethod
        def backward(ctx, grad):
            return grad * 2

    class Child(Base):
        @staticmethod
        def backward(ctx, grad):
            return grad * ctx.factor * 50

    x = ones(torch)
    Child.apply(x).sum().backward()
    assert x.grad.tolist() == [100.0] * 3


# ------------------------------------------------------------------------------------------------ the context
@each_module
def test_forward_runs_without_recording(torch):
    modes = []

    def forward(ctx, x):
        modes.append(torch.is_grad_enabled())
        y = x * 2
        modes.append((y.requires_grad, y.grad_fn is None, x.requires_grad))
        return y

    define(torch, forward, scaled(2)[1]).apply(ones(torch))
    assert modes == [False, (False, True, True)]


@each_module
def test_forward_sees_the_tensors_themselves(torch):
    x, seen = ones(torch), []
    define(torch, lambda ctx, a: (seen.append(a), a * 2)[1], scaled(2)[1]).apply(x)
    assert seen[0] is x


@each_module
def test_ctx_is_the_node(torch):
    seen = []

    def forward(ctx, x):
        ctx.note = "kept"
        seen.append(type(ctx).__name__)
        return x * 2

    def backward(ctx, grad):
        seen.append(ctx.note)
        return grad * 2

    made = define(torch, forward, backward)
    y = made.apply(ones(torch))
    assert y.grad_fn.note == "kept"
    y.grad_fn.note = "changed"
    y.sum().backward()
    assert seen == ["MadeBackward", "changed"]


@each_module
def test_needs_input_grad(torch):
    seen = []

    def forward(ctx, *inputs):
        seen.append(ctx.needs_input_grad)
        return inputs[0] * inputs[1]

    def backward(ctx, grad):
        seen.append(ctx.needs_input_grad)
        return grad, None, None, None

    y = define(torch, forward, backward).apply(ones(torch), torch.ones(3), 2.0, "a")
    assert y.grad_fn.needs_input_grad == (True, False, False, False)
    y.sum().backward()
    assert seen == [(True, False, False, False)] * 2


@each_module
def test_needs_input_grad_when_only_some_gradients_are_asked_for(torch):
    seen = []

    def backward(ctx, grad):
        seen.append(ctx.needs_input_grad)
        return grad, grad

    a, b = ones(torch), ones(torch)
    y = define(torch, lambda ctx, a, b: a * b, backward).apply(a, b)
    torch.autograd.grad(y.sum(), a)
    assert seen == [(True, True)]  # what forward was given counts, not what is asked for


@each_module
def test_not_recorded_when_nothing_requires_grad(torch):
    made = define(torch, *scaled(2))
    y = made.apply(torch.ones(3))
    assert y.grad_fn is None and not y.requires_grad
    with torch.no_grad():
        y = made.apply(ones(torch))
    assert y.grad_fn is None and not y.requires_grad and y.is_leaf


@each_module
def test_ctx_attributes_can_be_used_when_not_recorded(torch):
    seen = []

    def forward(ctx, x):
        ctx.save_for_backward(x)
        ctx.n = 3
        ctx.mark_non_differentiable()
        ctx.set_materialize_grads(True)
        seen.append((ctx.n, ctx.needs_input_grad))
        return x * ctx.n

    define(torch, forward, scaled(3)[1]).apply(torch.ones(3))
    assert seen == [(3, (False,))]


# ---------------------------------------------------------------------------------------------- saved tensors
@each_module
def test_saved_tensors_are_the_saved_ones(torch):
    seen = []

    def forward(ctx, x, y):
        out = x * y
        ctx.save_for_backward(x, y, out, None)
        return out

    def backward(ctx, grad):
        x, y, out, nothing = ctx.saved_tensors
        again = ctx.saved_tensors
        seen.append(
            (x.tolist(), y.tolist(), out.tolist(), nothing, len(again), x.requires_grad, out.requires_grad)
        )
        return grad * y, grad * x

    x, y = torch.tensor(2.0, requires_grad=True), torch.tensor(3.0)
    z = define(torch, forward, backward).apply(x, y)
    saved = z.grad_fn.saved_tensors
    assert saved[0].is_leaf and saved[0].data_ptr() == x.data_ptr()
    assert saved[2].grad_fn is z.grad_fn
    z.backward(retain_graph=True)
    z.backward()
    assert seen == [(2.0, 3.0, 6.0, None, 4, True, True)] * 2
    assert x.grad.item() == 6.0


@each_module
def test_nothing_saved(torch):
    made = define(torch, *scaled(2))
    y = made.apply(ones(torch))
    assert y.grad_fn.saved_tensors == ()
    y.sum().backward(retain_graph=True)
    y.sum().backward()
    assert outcome(lambda: y.sum().backward()) is None  # nothing was saved, so nothing was freed


@each_module
def test_save_for_backward_twice_keeps_the_last(torch):
    def forward(ctx, x):
        ctx.save_for_backward(x)
        ctx.save_for_backward(x * 2, x * 3)
        return x * 1

    y = define(torch, forward, scaled(1)[1]).apply(ones(torch))
    assert [t.tolist() for t in y.grad_fn.saved_tensors] == [[2.0] * 3, [3.0] * 3]


@each_module
def test_saved_tensors_are_freed(torch):
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * 2

    y = define(torch, forward, lambda ctx, grad: grad * ctx.saved_tensors[0]).apply(ones(torch))
    node = y.grad_fn
    y.sum().backward()
    assert outcome(lambda: y.sum().backward()) == ("RuntimeError", FREED)
    assert outcome(lambda: node.saved_tensors) == ("RuntimeError", FREED)


@each_module
@pytest.mark.parametrize("which", ["input", "output"])
def test_saved_tensors_are_guarded(torch, which):
    def forward(ctx, x):
        y = x * 2
        ctx.save_for_backward(x if which == "input" else y)
        return y

    x = ones(torch) * 1
    y = define(torch, forward, lambda ctx, grad: grad * ctx.saved_tensors[0]).apply(x)
    (x if which == "input" else y).mul_(3)
    kind, text = outcome(lambda: y.sum().backward())
    assert kind == "RuntimeError"
    name = "Mul" if which == "input" else "Made"
    assert text == (
        "one of the variables needed for gradient computation has been modified by an inplace operation: "
        f"[torch.FloatTensor [3]], which is output 0 of {name}, is at version 1; expected version 0 instead"
    )


@each_module
def test_save_for_forward_is_accepted(torch):
    def forward(ctx, x):
        ctx.save_for_forward(x)
        return x * 2

    x = ones(torch)
    define(torch, forward, scaled(2)[1]).apply(x).sum().backward()
    assert x.grad.tolist() == [2.0] * 3


# ------------------------------------------------------------------------------- None, materialised gradients
@each_module
def test_missing_gradients_arrive_as_zeros(torch):
    seen = []

    def backward(ctx, a, b):
        seen.append((a.tolist(), b.tolist(), b.dtype == torch.float64))
        return a + b.sum().float()

    x = ones(torch)
    a, _ = define(torch, lambda ctx, x: (x * 2, (x * 3).double()[:2]), backward).apply(x)
    a.sum().backward()
    assert seen == [([1.0] * 3, [0.0] * 2, True)]


@each_module
def test_missing_gradients_stay_none_on_request(torch):
    seen = []

    def forward(ctx, x):
        ctx.set_materialize_grads(False)
        return x * 2, x * 3

    def backward(ctx, a, b):
        seen.append((a is None, b is None))
        return a if b is None else b

    x = ones(torch)
    define(torch, forward, backward).apply(x)[1].sum().backward()
    assert seen == [(True, False)]
    assert x.grad.tolist() == [1.0] * 3


@each_module
def test_none_gradients(torch):
    a, b = ones(torch), ones(torch)
    define(torch, lambda ctx, a, b: a * b, lambda ctx, grad: (None, grad)).apply(a, b).sum().backward()
    assert a.grad is None and b.grad.tolist() == [1.0] * 3


@each_module
def test_all_none_gradients_reach_the_function_behind(torch):
    """An undefined gradient still runs what is behind it: with zeros, as always."""
    seen = []
    first = define(
        torch,
        lambda ctx, x: x * 2,
        lambda ctx, grad: (seen.append(None if grad is None else grad.tolist()), grad)[1],
    )
    second = define(torch, lambda ctx, x: x * 2, lambda ctx, grad: None)
    x = ones(torch)
    second.apply(first.apply(x)).sum().backward()
    assert seen == [[0.0] * 3]
    assert x.grad is not None and x.grad.tolist() == [0.0] * 3


@each_module
def test_trailing_nones_beyond_the_inputs_are_ignored(torch):
    x = ones(torch)
    define(torch, lambda ctx, x: x * 2, lambda ctx, grad: (grad * 2, None, None)).apply(x).sum().backward()
    assert x.grad.tolist() == [2.0] * 3


@each_module
def test_gradient_for_an_input_that_needs_none_is_dropped(torch):
    a, b = ones(torch), torch.ones(3)
    define(torch, lambda ctx, a, b: a * b, lambda ctx, grad: (grad, grad)).apply(a, b).sum().backward()
    assert a.grad.tolist() == [1.0] * 3 and b.grad is None


@each_module
def test_gradient_is_summed_to_the_shape_of_the_input(torch):
    x = ones(torch, 1)
    define(torch, lambda ctx, x: x.expand(4) * 2, lambda ctx, grad: grad * 2).apply(x).sum().backward()
    assert x.grad.tolist() == [8.0]


@each_module
def test_gradient_is_cast_to_the_dtype_of_the_input(torch):
    x = ones(torch)
    define(torch, lambda ctx, x: x * 2, lambda ctx, grad: grad.double() * 2).apply(x).sum().backward()
    assert x.grad.dtype == torch.float32 and x.grad.tolist() == [2.0] * 3


MISTAKES = {
    "too few": (
        lambda ctx, grad: grad,
        "function MadeBackward returned an incorrect number of gradients (expected 2, got 1)",
    ),
    "too many": (
        lambda ctx, grad: (grad, grad, grad),
        "function MadeBackward returned an incorrect number of gradients (expected 2, got 3)",
    ),
    "not a tensor": (lambda ctx, grad: (3, None), "expected Variable or None (got int)"),
    "wrong shape": (
        lambda ctx, grad: (grad[:2], None),
        (
            "Function MadeBackward returned an invalid gradient at index 0 - "
            "got [2] but expected shape compatible with [3]"
        ),
    ),
}


@each_module
@pytest.mark.parametrize("mistake", MISTAKES)
def test_wrong_gradients(torch, mistake):
    backward, message = MISTAKES[mistake]
    a, b = ones(torch), ones(torch)
    y = define(torch, lambda ctx, a, b: a * b, backward).apply(a, b)
    assert outcome(lambda: y.sum().backward()) == ("RuntimeError", message)
    assert a.grad is None and b.grad is None


@each_module
def test_gradient_for_a_number(torch):
    y = define(torch, lambda ctx, a, n: a * n, lambda ctx, grad: (grad, grad)).apply(ones(torch), 2)
    message = (
        "function MadeBackward returned a gradient different than None at position 2, "
        "but the corresponding forward input was not a Variable"
    )
    assert outcome(lambda: y.sum().backward()) == ("RuntimeError", message)


# -------------------------------------------------------------------------------------- arguments and outputs
@each_module
def test_arguments_that_are_no_tensors(torch):
    given = []

    def forward(ctx, x, *others):
        given.extend(others)
        return x * 2

    things = [None, 2, "a", [torch.ones(1)], {"k": 1}, print]
    x = ones(torch)
    y = define(torch, forward, lambda ctx, grad: (grad, *[None] * 6)).apply(x, *things)
    assert all(a is b for a, b in zip(given, things, strict=True))
    assert len(y.grad_fn.next_functions) == 1
    y.sum().backward()


@each_module
def test_tensors_in_containers_are_not_seen(torch):
    y = define(torch, lambda ctx, pair: pair[0] * pair[1], lambda ctx, grad: None).apply(
        [ones(torch), ones(torch)]
    )
    assert not y.requires_grad


@each_module
def test_the_same_tensor_twice(torch):
    x = ones(torch)
    define(torch, lambda ctx, a, b: a * b, lambda ctx, grad: (grad * 2, grad * 5)).apply(
        x, x
    ).sum().backward()
    assert x.grad.tolist() == [7.0] * 3


@each_module
def test_outputs_tuple_list_number(torch):
    x = ones(torch)
    pair = define(torch, lambda ctx, x: (x * 2, 7, None, "a"), lambda ctx, *grads: grads[0]).apply(x)
    assert isinstance(pair, tuple) and pair[1:] == (7, None, "a") and pair[0].requires_grad
    assert define(torch, lambda ctx, x: 3, lambda ctx, grad: grad).apply(x) == 3
    one = define(torch, lambda ctx, x: (x * 2,), lambda ctx, grad: grad).apply(x)
    assert isinstance(one, tuple) and len(one) == 1


@each_module
def test_gradients_of_outputs_that_are_no_tensors_are_none(torch):
    seen = []
    x = ones(torch)
    a, *_ = define(
        torch, lambda ctx, x: (x * 2, 7, None), lambda ctx, *grads: (seen.append(grads), grads[0])[1]
    ).apply(x)
    a.sum().backward()
    assert seen[0][0].tolist() == [1.0] * 3 and seen[0][1:] == (None, None)


@each_module
def test_output_numbers(torch):
    a, b = define(torch, lambda ctx, x: (x * 2, x * 3), lambda ctx, a, b: a + b).apply(ones(torch))
    assert a.grad_fn is b.grad_fn
    assert (a.output_nr, b.output_nr) == (0, 1)


@each_module
def test_integer_outputs_require_no_grad(torch):
    y, n = define(torch, lambda ctx, x: (x * 2, x.argmax()), lambda ctx, grad, _: grad).apply(ones(torch))
    assert y.requires_grad and not n.requires_grad


@each_module
def test_mark_non_differentiable(torch):
    seen = []

    def forward(ctx, x):
        y, z = x * 2, x * 3
        ctx.mark_non_differentiable(z)
        return y, z

    def backward(ctx, a, b):
        seen.append(b.tolist())
        return a * 2

    x = ones(torch)
    y, z = define(torch, forward, backward).apply(x)
    assert y.requires_grad and not z.requires_grad and z.grad_fn is None and z.is_leaf
    y.sum().backward()
    assert seen == [[0.0] * 3] and x.grad.tolist() == [2.0] * 3


@each_module
def test_all_outputs_non_differentiable(torch):
    def forward(ctx, x):
        y = x > 0
        ctx.mark_non_differentiable(y)
        return y

    y = define(torch, forward, lambda ctx, grad: grad).apply(ones(torch))
    assert not y.requires_grad and y.tolist() == [True] * 3
