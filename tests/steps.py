"""Steps of training and their like, for test_lifetime.py: each builds a graph and drops it."""

import functools
import warnings
import weakref

STEPS = {}


def step(function):
    STEPS[function.__name__] = function
    return function


def leaf(torch, *shape):
    return torch.ones(shape or (3,), requires_grad=True)


def ignore(*things):
    """For closures that are to refer to things."""


@step
def plain_graph(torch):
    w, x = leaf(torch), torch.ones(3)
    loss = ((x * w + w) / 2 - w**2).mean()
    loss.backward()


@step
def graph_never_differentiated(torch):
    w = leaf(torch)
    (w * w).exp().sum()


@step
def graph_kept_by_retain_graph(torch):
    w = leaf(torch)
    loss = (w * w).sum()
    loss.backward(retain_graph=True)
    loss.backward(retain_graph=True)


@step
def saved_outputs(torch):
    w = leaf(torch, 2, 3)
    y = (
        w.exp()
        + w.sigmoid()
        + w.tanh()
        + w.sqrt()
        + w.softmax(0)
        + w.log_softmax(1)
        + w.relu()
        + w.reciprocal()
    )
    (y.sum() + w.max() + w.logsumexp(0).sum() + w.norm() + w.prod() + w.cumprod(0).sum()).backward()


@step
def saved_outputs_never_differentiated(torch):
    w = leaf(torch, 2, 3)
    (
        w.exp(),
        w.sigmoid(),
        w.tanh(),
        w.sqrt(),
        w.softmax(0),
        w.log_softmax(1),
        w.relu(),
        w.reciprocal(),
        w.max(0),
        w.norm(),
    )


@step
def many_ops(torch):
    w = leaf(torch, 3, 3)
    parts = [
        w @ w,
        w.t(),
        w[0:2],
        w[[0, 1]],
        torch.cat([w, w]),
        torch.stack([w, w]),
        w.where(w > 0, w),
        w.sort()[0],
    ]
    parts += [
        w.gather(0, torch.zeros(1, 3, dtype=torch.int64)),
        w.cumsum(0),
        w.var(),
        w.clamp(0, 1),
        w.flip(0),
    ]
    parts += [
        *w.unbind(),
        *w.split(1),
        *w.chunk(2),
        w.expand(2, 3, 3),
        w.diagonal(),
        w.as_strided((2,), (1,)),
    ]
    sum(part.sum() for part in parts).backward()


@step
def neural_ops(torch):
    functional = torch.nn.functional
    x, w = leaf(torch, 4, 3), leaf(torch, 3, 3)
    y = functional.layer_norm(functional.linear(x, w, leaf(torch, 3)), (3,))
    functional.cross_entropy(functional.dropout(functional.gelu(y)), torch.tensor([0, 1, 2, 0])).backward()


@step
def writes_in_place(torch):
    y = leaf(torch) * 2
    y += 1
    y.add_(1).mul_(torch.ones(3)).sin_().exp_()
    y.sum().backward()


@step
def writes_to_views(torch):
    y = leaf(torch, 4) * 2
    view, other = y[1:], y.view(2, 2)
    view[0] = 5.0
    view.mul_(2)
    other.t().sin_()
    y[0], y[2:] = 1.0, y[:2]
    (view.sum() + other.sum() + y.sum()).backward()


@step
def writes_to_views_never_differentiated(torch):
    y = leaf(torch, 4) * 2
    view = y[1:][1:]
    view.exp_()
    y.mul_(2)
    view.grad_fn, y.grad_fn, y.view(2, 2)[0].zero_()


@step
def views_under_no_grad(torch):
    w = leaf(torch, 4)
    with torch.no_grad():
        w[1:].zero_()
        w[0] = 2.0
        w.add_(1)
    w.data.fill_(3)
    w.detach()[1:] = 4
    w.data = torch.zeros(4)
    (w * w).sum().backward()


@step
def tensor_hooks(torch):
    w = leaf(torch)
    y = w * 2
    y.register_hook(lambda grad: grad * 2)
    w.register_hook(lambda grad: None)
    w.register_post_accumulate_grad_hook(lambda tensor: None)
    handle = y.register_hook(lambda grad: None)
    handle.remove()
    (y * y).sum().backward()


@step
def node_hooks(torch):
    y = leaf(torch) * 2
    y.grad_fn.register_hook(lambda inputs, outputs: None)
    y.grad_fn.register_prehook(lambda outputs: None)
    (y * y).sum().backward()


@step
def hooks_that_close_over_their_node_removed(torch):
    y = leaf(torch) * 2
    node = y.grad_fn
    handle = node.register_hook(lambda inputs, outputs: ignore(node, handle))
    with node.register_prehook(lambda outputs: ignore(node)):
        (y * y).sum().backward()
    handle.remove()


@step
def hooks_on_saved_tensors(torch):
    w = leaf(torch, 2, 2)
    y = w * 2
    hooks = torch.autograd.graph.saved_tensors_hooks(lambda t: t.detach(), lambda t: (y, t)[1])
    with hooks:
        z = (y.exp() * y).sin() @ w + torch.cat([y, w])[:2]
        z[0].mul_(w[0])
    z.sum().backward()
    with hooks, torch.autograd.graph.saved_tensors_hooks(lambda t: t.numpy(force=True), torch.from_numpy):
        y.exp().prod()


@step
def hooks_on_saved_tensors_of_functions(torch):
    saves, context, *_ = functions(torch)
    w = leaf(torch)
    with torch.autograd.graph.save_on_cpu(pin_memory=True):
        y = saves.apply(w)
        z, _ = context.apply(y, 2)
        (grad,) = torch.autograd.grad((y * z).sum(), w, create_graph=True)
    grad.sum().backward()


@step
def edges_and_callbacks(torch):
    w = leaf(torch)
    y = w.exp() * w
    edge = torch.autograd.graph.get_gradient_edge(y)
    queue = torch.autograd.Variable._execution_engine.queue_callback
    handle = y.register_hook(lambda grad: queue(lambda: (w, grad)))
    torch.autograd.backward(edge, torch.ones(3), inputs=torch.autograd.graph.get_gradient_edge(w))
    handle.remove()


@step
def retained_grads(torch):
    y = leaf(torch) * 2
    z = y.sin()
    y.retain_grad()
    z.retain_grad()
    z[1:].mul_(3)
    z.sum().backward()
    assert y.grad is not None and z.grad is not None


@step
def retained_grads_never_differentiated(torch):
    y = leaf(torch) * 2
    y.retain_grad()
    y.mul_(2)
    y.register_hook(lambda grad: None)


@step
def hooks_that_hold_their_tensor_through_a_weak_reference(torch):
    y = leaf(torch) * 2
    known = weakref.ref(y)
    y.register_hook(lambda grad: grad * known().detach())
    y.sum().backward()


@step
def second_order(torch):
    w = leaf(torch)
    (grad,) = torch.autograd.grad((w.exp() * w.sigmoid()).sum(), w, create_graph=True)
    (second,) = torch.autograd.grad(grad.sum(), w, create_graph=True)
    torch.autograd.grad(second.sum(), w)


@step
def second_order_never_used(torch):
    w = leaf(torch)
    torch.autograd.grad((w**3).sum(), w, create_graph=True)


@step
def second_order_through_writes(torch):
    w = leaf(torch, 4)
    y = w * w
    y[1:].mul_(w[1:])
    (grad,) = torch.autograd.grad(y.sum(), w, create_graph=True)
    grad.sum().backward()


@step
def backward_with_create_graph(torch):
    """torch warns of the cycle between leaf and `.grad`; letting go of `.grad` breaks it."""
    w = leaf(torch)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        (w**3).sum().backward(create_graph=True)
    w.grad.sum().backward()
    w.grad = None


@step
def unfinished_gradients(torch):
    w, v = leaf(torch), leaf(torch)
    torch.autograd.grad((w * v).sum(), [w], retain_graph=True)
    torch.autograd.grad((w * 2).sum(), [w, v], allow_unused=True)
    (w * v).sum().backward(inputs=[v])


@functools.cache  # a class is a cycle of Python's own: make each once
def functions(torch):
    """Custom functions of every kind that could hold on to something."""

    class SavesBoth(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            y = x.exp()
            ctx.save_for_backward(x, y)
            ctx.number, ctx.shape = 2, x.shape
            return y

        @staticmethod
        def backward(ctx, grad):
            x, y = ctx.saved_tensors
            return grad * y + 0 * x

    class WithContext(torch.autograd.Function):
        @staticmethod
        def forward(x, n):
            return x * n, x + n

        @staticmethod
        def setup_context(ctx, inputs, output):
            ctx.save_for_backward(inputs[0], *output)
            ctx.n = inputs[1]
            ctx.mark_non_differentiable(output[1])
            ctx.set_materialize_grads(False)

        @staticmethod
        def backward(ctx, grad, other):
            return grad * ctx.n, None

    class Doubles(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.mark_dirty(x)
            return x.mul_(2)

        @staticmethod
        def backward(ctx, grad):
            return grad * 2

    class Returns(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, y):
            ctx.x = x
            return x, y.view(-1)

        @staticmethod
        def backward(ctx, grad, other):
            return grad, other.view(ctx.x.shape)

    class Nested(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            with torch.enable_grad():
                ctx.inner = x.detach().requires_grad_()
                ctx.result = ctx.inner.sin()
            return ctx.result.detach()

        @staticmethod
        def backward(ctx, grad):
            ctx.result.backward(grad)
            return ctx.inner.grad

    return SavesBoth, WithContext, Doubles, Returns, Nested


@step
def custom_functions(torch):
    saves, context, doubles, returns, nested = functions(torch)
    w = leaf(torch)
    y = saves.apply(w)
    z, marked = context.apply(y, 3)
    same, view = returns.apply(z * 1, y)
    total = doubles.apply(same * 1) + view + nested.apply(w) + marked
    total.sum().backward()


@step
def custom_functions_never_differentiated(torch):
    saves, context, doubles, returns, nested = functions(torch)
    w = leaf(torch)
    y = saves.apply(w)
    context.apply(y, 3), doubles.apply(y * 1), returns.apply(y * 1, w * 1), nested.apply(w), y.grad_fn


@step
def custom_functions_second_order(torch):
    saves = functions(torch)[0]
    w = leaf(torch)
    (grad,) = torch.autograd.grad(saves.apply(w).sum(), w, create_graph=True)
    grad.sum().backward()


@step
def custom_functions_and_writes(torch):
    saves, _, doubles, *_ = functions(torch)
    y = leaf(torch, 4) * 2
    doubles.apply(y)
    view = y[1:]
    doubles.apply(view)
    (saves.apply(y) + y).sum().backward()


@functools.cache
def failing(torch):
    class Fails(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * 2

        @staticmethod
        def backward(ctx, grad):
            raise ValueError("wanted")

    return Fails


@step
def error_in_backward(torch):
    w = leaf(torch)
    loss = (failing(torch).apply(w.exp()) * w).sum()
    fails(loss.backward, ValueError)


@step
def error_in_hook(torch):
    y = leaf(torch) * 2
    y.register_hook(lambda grad: 1 / 0)
    fails(y.exp().sum().backward, ZeroDivisionError)


@step
def error_of_version(torch):
    w = leaf(torch)
    saves_inputs, saves_output = w + 2, w.exp()
    for y, loss in ((saves_inputs, (saves_inputs * saves_inputs).sum()), (saves_output, saves_output.sum())):
        y[1:].mul_(2)
        fails(loss.backward, RuntimeError)
    twice = (w * w).sum()
    twice.backward()
    fails(twice.backward, RuntimeError)


@step
def error_in_call(torch):
    y = leaf(torch) * 2
    for call in (
        lambda: y + torch.ones(5),
        lambda: y.view(7),
        lambda: y[9],
        lambda: y.add_(torch.ones(5)),
        lambda: y & y,
        lambda: torch.add(y, y, out=torch.zeros(9)),
        lambda: torch.autograd.grad(y.sum(), leaf(torch)),
    ):
        fails(call, (RuntimeError, IndexError, NotImplementedError))


def fails(call, kind):
    """The call must raise, and what it raised is let go as programs do: its frames must not hold it."""
    try:
        call()
    except kind:
        return
    raise AssertionError(call)


@step
def anomaly_mode(torch):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with torch.autograd.detect_anomaly():
            w = leaf(torch)
            (w.exp() * w).sum().backward()


@step
def saved_values_were_looked_at(torch):
    w = leaf(torch)
    y, z = w.exp(), w * w
    (
        y.grad_fn._saved_result,
        z.grad_fn._saved_self,
        y.grad_fn.next_functions,
        y.grad_fn.name(),
        y.grad_fn.metadata,
    )
    (y * z).sum().backward()


@step
def nodes_with_metadata(torch):
    y = leaf(torch) * 2
    y.grad_fn.metadata["note"] = "a note"
    y.sum().backward()
