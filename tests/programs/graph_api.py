"""What `torch.autograd.graph` documents: nodes, edges, saved tensors under hooks, hooks on several tensors, versions."""

import io
import os
import tempfile

import numpy as np


def hooks(torch):
    return torch.autograd.graph.saved_tensors_hooks


def logging_hooks(torch, say, pack=lambda t: t.detach(), unpack=lambda t: t):
    """Hooks that say what they are given."""

    def packs(t):
        say("pack", tuple(t.shape), t.dtype, t.requires_grad, t.is_leaf, torch.is_grad_enabled())
        return pack(t)

    def unpacks(kept):
        say("unpack", torch.is_grad_enabled())
        return unpack(kept)

    return hooks(torch)(packs, unpacks)


# ------------------------------------------------------------------------------------------------ saved tensors
def what_is_packed(torch, say):
    x, w = torch.tensor([[1.0, 2.0], [3.0, 5.0]], requires_grad=True), torch.tensor([[1.0, 2.0], [1.0, 4.0]])
    functional = torch.nn.functional
    calls = {
        "mul": lambda: x * w, "number": lambda: x * 2.0, "itself": lambda: x * x, "exp": lambda: x.exp(),
        "addcmul": lambda: torch.addcmul(x, x, x), "where": lambda: torch.where(x > 0, x, w), "mm": lambda: x @ w,
        "div": lambda: w / x, "pow": lambda: x**x, "index": lambda: x[torch.tensor([0, 1])],
        "cumprod": lambda: x.cumprod(0), "std": lambda: x.std(), "max": lambda: x.max(0)[0],
        "sort": lambda: x.sort()[0], "softmax": lambda: x.softmax(0), "norm": lambda: x.norm(),
        "prod": lambda: x.prod(), "lerp": lambda: torch.lerp(x, w, w), "cat": lambda: torch.cat([x, w]),
        "gather": lambda: x.gather(0, torch.zeros(1, 2, dtype=torch.int64)), "atan2": lambda: torch.atan2(w, x),
        "svd": lambda: torch.linalg.svd(x)[1], "baddbmm": lambda: torch.baddbmm(x[None], x[None], w[None]),
        "einsum": lambda: torch.einsum("ij,jk->ik", x, x), "mse": lambda: functional.mse_loss(x, w),
        "gelu": lambda: functional.gelu(x), "relu": lambda: x.relu(), "clamp": lambda: x.clamp(0, 2),
        "cross entropy": lambda: functional.cross_entropy(x, torch.tensor([0, 1])),
        "bce": lambda: functional.binary_cross_entropy_with_logits(x, w, w, pos_weight=w),
        "view": lambda: x.view(4).t(), "std_mean": lambda: torch.std_mean(x)[0], "complex": lambda: torch.view_as_complex(x).abs(),
    }  # fmt: skip
    for name, call in calls.items():
        say(name)
        with logging_hooks(torch, say):
            y = call()
        (grad,) = torch.autograd.grad(y.sum(), x)
        say([round(g, 4) for g in grad.flatten().tolist()])


def packed_in_place(torch, say):
    x, w = torch.tensor([1.0, 2.0], requires_grad=True), torch.tensor([3.0, 4.0])

    def into_view():
        base = x * 1
        base[0].exp_()
        return base

    def itself():
        y = x * 1
        return y.mul_(y)

    calls = {
        "exp_": lambda: (x * 1).exp_(), "sin_": lambda: (x * 1).sin_(), "mul_": lambda: (x * 1).mul_(w),
        "other": lambda: (w * 1).mul_(x), "view": into_view, "part": lambda: (x * 1)[:1].sin_(), "itself": itself,
        "pow_": lambda: (x * 1).pow_(x), "div_": lambda: (x * 1).div_(x * 2),
    }  # fmt: skip
    for name, call in calls.items():
        say(name)
        with logging_hooks(torch, say, lambda t: t.detach().clone()):
            y = call()
        say(torch.autograd.grad(y.sum(), x))


def of_several_inputs(torch, say):
    x, y = torch.ones(2, requires_grad=True), torch.ones(3, requires_grad=True)
    with logging_hooks(torch, say):
        z = torch.cat([x.exp(), y.exp()]) * torch.stack([x, x]).sum()
    z.sum().backward()
    say(x.grad, y.grad)
    i = torch.tensor([0, 1])
    with logging_hooks(torch, say):
        z = x.clone()[i] * 2
    say(z.grad_fn.next_functions[0][0]._saved_indices)
    z.sum().backward()
    say(x.grad)


def identity_of_what_is_packed(torch, say):
    x, w = torch.ones(2, requires_grad=True), torch.ones(2)
    seen = []
    with hooks(torch)(lambda t: (seen.append(t), t.detach())[1], lambda t: t):
        y = x * w
    say(len(seen), seen[0] is w)
    n = y.grad_fn
    say(n._saved_other is w, n._saved_other, n._saved_self)
    with hooks(torch)(lambda t: (seen.append(t), t.detach())[1], lambda t: t):
        y = x * x
        z = x.exp() * x
    say(seen[1] is x, y.grad_fn._saved_self is x, y.grad_fn._saved_self, y.grad_fn._saved_self.is_leaf)
    say(z.grad_fn._saved_self.requires_grad, z.grad_fn._saved_self.grad_fn is z.grad_fn.next_functions[0][0])


def errors_of_hooks(torch, say):
    x = torch.ones(2, requires_grad=True)

    def attempt(pack, unpack, call=lambda: x.exp()):
        def run():
            with hooks(torch)(pack, unpack):
                y = call()
            return torch.autograd.grad(y.sum(), x)

        say.attempt(run)

    same = lambda t: t.detach()
    attempt(lambda t: t.mul_(2), same)
    attempt(lambda t: t.detach().add_(1), same)
    attempt(lambda t: 1 / 0, same)
    attempt(same, lambda t: None)
    attempt(same, lambda t: 5)
    attempt(same, lambda t: t.numpy())
    attempt(same, lambda t: 1 / 0)
    attempt(lambda t: None, lambda nothing: torch.ones(2))
    attempt(same, lambda t: t.double())
    attempt(same, lambda t: torch.ones(3))
    attempt(same, lambda t: torch.ones(1) * 5)
    attempt(same, lambda t: torch.ones(4), lambda: x.cos())
    attempt(same, lambda t: torch.ones(3), lambda: x * torch.ones(2))
    attempt(same, lambda t: torch.ones(2, dtype=torch.int64), lambda: x.cos())
    attempt(lambda t: t.half(), lambda t: t.float(), lambda: x.cos())
    attempt(lambda t: t.half(), lambda t: t, lambda: x.cos())
    attempt(lambda t: t.half(), lambda t: t, lambda: x[None] @ torch.ones(2, 2))
    attempt(1, 2)
    attempt(None, None)
    attempt(same, None)
    say.attempt(hooks(torch))
    say.attempt(hooks(torch), same)
    h = hooks(torch)(same, same)
    say(h.pack_hook is same, h.unpack_hook is same)
    say(x * x)  # no hook is left behind


def nesting(torch, say):
    x = torch.ones(2, requires_grad=True)

    def tagged(tag):
        return hooks(torch)(lambda t: (say("pack", tag), t.detach())[1], lambda t: (say("unpack", tag), t)[1])

    with tagged("a"):
        y = x.exp()
        with tagged("b"):
            z = x.exp()
        w = x.exp()
    (y + z + w).sum().backward()
    twice = tagged("twice")
    with twice, twice:
        y = x.exp()
    y.sum().backward()
    with tagged("none"), torch.no_grad():
        x.exp()

    def fails():
        with tagged("c"):
            raise ValueError("mine")

    say.attempt(fails)
    say(x.exp(), x.grad)


def freed_and_retained(torch, say):
    x = torch.ones(2, requires_grad=True)
    with logging_hooks(torch, say):
        y = x.exp()
    y.sum().backward()
    say.attempt(lambda: y.sum().backward())
    say.attempt(getattr, y.grad_fn, "_saved_result")
    with logging_hooks(torch, say):
        y = x.exp()
    y.sum().backward(retain_graph=True)
    y.sum().backward()
    say(x.grad)


def no_version_is_checked(torch, say):
    x = torch.ones(2, requires_grad=True)
    with hooks(torch)(lambda t: t.detach(), lambda t: t):
        w = torch.ones(2) * 3
        y = x * w
        z = x.exp()
    w.add_(1)
    z.detach().mul_(2)
    y.sum().backward()
    z.sum().backward()
    say(x.grad)


def second_order(torch, say):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    for call in (lambda: x**3, lambda: x.exp(), lambda: x * x, lambda: (x * x).sin(), lambda: x.prod()):
        with logging_hooks(torch, say):
            y = call()
        (g,) = torch.autograd.grad(y.sum(), x, create_graph=True)
        say(g.detach(), torch.autograd.grad(g.sum(), x))
    with logging_hooks(torch, say):
        (g,) = torch.autograd.grad(x.exp().sum(), x, create_graph=True)
        say(torch.autograd.grad(g.sum(), x))


def packing_to_disk(torch, say):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    with tempfile.TemporaryDirectory() as directory:

        def pack(t):
            name = os.path.join(directory, str(len(os.listdir(directory))) + ".npy")
            np.save(name, t.detach().numpy())
            return name

        with hooks(torch)(pack, lambda name: torch.from_numpy(np.load(name))):
            y = (x.exp() * x).sin() @ torch.ones(2, 3)
        say(sorted(os.listdir(directory)))
        y.sum().backward()
    say([round(v, 4) for v in x.grad.tolist()])

    def in_memory(t):
        file = io.BytesIO()
        np.save(file, t.detach().numpy())
        return file.getvalue()

    with hooks(torch)(in_memory, lambda data: torch.from_numpy(np.load(io.BytesIO(data)))):
        y = (x * x).cumsum(0)
    say(torch.autograd.grad(y.sum(), x))


def another_dtype(torch, say):
    x = torch.tensor([0.1, 0.2], requires_grad=True)
    with hooks(torch)(lambda t: (t.dtype, t.to(torch.float16)), lambda kept: kept[1].to(kept[0])):
        y = x.exp() * x
    y.sum().backward()
    say(x.grad)


def custom_functions(torch, say):
    class Product(torch.autograd.Function):
        @staticmethod
        def forward(ctx, a, b):
            result = a * b
            ctx.save_for_backward(a, None, b, result)
            return result

        @staticmethod
        def backward(ctx, grad):
            a, nothing, b, result = ctx.saved_tensors
            say([t.requires_grad for t in (a, b, result)], nothing, result.grad_fn is not None, a.is_leaf)
            return grad * b, grad * a

    x = torch.tensor([1.0, 2.0], requires_grad=True)
    for _ in range(2):
        with logging_hooks(torch, say):
            y = Product.apply(x, torch.tensor([3.0, 4.0]))
        y.sum().backward(retain_graph=True)
        y.sum().backward()
        say.attempt(y.sum().backward)
    with logging_hooks(torch, say):
        y = Product.apply(x, x * 2)
        Product.apply(x.detach(), x.detach())
    (g,) = torch.autograd.grad(y.sum(), x, create_graph=True)
    say(g.detach(), torch.autograd.grad(g.sum(), x))


def disabled(torch, say):
    disable, x = torch.autograd.graph.disable_saved_tensors_hooks, torch.ones(2, requires_grad=True)
    opened = lambda: hooks(torch)(lambda t: t.detach(), lambda t: t)

    def inside():
        with disable("first"), opened():
            pass

    def around():
        with opened(), disable("second"):
            pass

    def nested():
        with disable("outer"):
            with disable("inner"):
                pass
            with torch.autograd.graph.save_on_cpu():
                pass

    @disable("decorated")
    def decorated():
        with opened():
            pass

    def number():
        with disable(1):
            pass

    for f in (inside, around, nested, decorated, number, disable):
        say.attempt(f)
    with opened():
        say(x.exp())
    with disable("not these"):
        y = x.exp()
        y.grad_fn._raw_saved_result.register_hooks(lambda t: (say("raw"), t)[1], lambda t: t)
        y.sum().backward()


def save_on_cpu(torch, say):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    for pin_memory in (False, True):
        with torch.autograd.graph.save_on_cpu(pin_memory=pin_memory):
            y = x * x
        device, kept = y.grad_fn._raw_saved_self.data
        say(device, kept.detach(), kept is x, y.grad_fn._saved_self)
        y.sum().backward()
        say(x.grad)


# ------------------------------------------------------------------------------------------------ raw saved tensors
def raw_saved_tensors(torch, say):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = x * x
    s = y.grad_fn._raw_saved_self
    say(type(s).__name__, s, s.data is x, s.unpack() is x, s.unpack_hook)
    say.attempt(type(s))
    say.attempt(s.register_hooks, 1, lambda t: t)
    say.attempt(s.register_hooks, lambda t: t, None)

    def pack(t):
        say("pack", t, t is x)
        return t.numpy() * 2

    s.register_hooks(pack, torch.from_numpy)
    say(s.data, s.unpack_hook is torch.from_numpy, s.unpack())
    say.attempt(s.register_hooks, lambda t: t, lambda t: t)
    say.attempt(y.grad_fn._raw_saved_self.register_hooks, lambda t: t, lambda t: t)
    say(y.grad_fn._saved_self, y.grad_fn._saved_self is x, y.grad_fn._saved_other is x)
    y.sum().backward()
    say(x.grad, s.data, s.unpack_hook)
    say.attempt(s.unpack)
    say.attempt(s.register_hooks, lambda t: t, lambda t: t)
    say.attempt(y.grad_fn._raw_saved_other.register_hooks, lambda t: t, lambda t: t)


def raw_saved_results(torch, say):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = x.exp()
    s = y.grad_fn._raw_saved_result

    def pack(t):
        say("pack", t.requires_grad, t.grad_fn, t is y)
        return t.clone()

    s.register_hooks(pack, lambda t: t)
    say(y.grad_fn._saved_result.grad_fn is y.grad_fn)
    y.sum().backward()
    say(x.grad)
    y = x.exp()
    say.attempt(y.grad_fn._raw_saved_result.register_hooks, lambda t: t.mul_(2), lambda t: t)
    y = x.exp()
    say.attempt(y.grad_fn._raw_saved_result.register_hooks, lambda t: 1 / 0, lambda t: t)
    y.grad_fn._raw_saved_result.register_hooks(lambda t: 5, lambda t: t) if False else None
    y = x.exp()
    y.grad_fn._raw_saved_result.register_hooks(lambda t: 5, lambda t: t)
    say.attempt(y.sum().backward)


def raw_of_nothing_and_numbers(torch, say):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = x * 2
    say(y.grad_fn._saved_self, y.grad_fn._saved_other, y.grad_fn._raw_saved_self.data)
    say.attempt(y.grad_fn._raw_saved_self.register_hooks, lambda t: t, lambda t: t)
    y.grad_fn._raw_saved_other.register_hooks(lambda t: t.item(), lambda n: torch.tensor(n * 10))
    say(y.grad_fn._saved_other)
    y.sum().backward()
    say(x.grad)
    say.attempt(getattr, y.grad_fn, "_raw_saved_foo")
    say([name for name in dir(x.prod().grad_fn) if name.startswith(("_saved", "_raw"))])
    say([name for name in dir(torch.cat([x, x]).grad_fn) if name.startswith(("_saved", "_raw"))])
    z = x.clone()[torch.tensor([0, 1])]
    (raw,) = z.grad_fn._raw_saved_indices
    raw.register_hooks(lambda t: (say("pack", t), t.tolist())[1], torch.tensor)
    z.sum().backward()
    say(x.grad)


def raw_of_functions(torch, say):
    class Double(torch.autograd.Function):
        @staticmethod
        def forward(ctx, a):
            ctx.save_for_backward(a, None)
            return a * 2

        @staticmethod
        def backward(ctx, grad):
            a, nothing = ctx.saved_tensors
            say(a, nothing)
            return grad * 2

    x = torch.ones(2, requires_grad=True)
    y = Double.apply(x)
    first, second = y.grad_fn._raw_saved_tensors
    first.register_hooks(lambda t: (say("pack", t, t.requires_grad), t.tolist())[1], torch.tensor)
    say.attempt(first.register_hooks, lambda t: t, lambda t: t)
    say.attempt(second.register_hooks, lambda t: t, lambda t: t)
    say(first.data, second.data)
    y.sum().backward()
    say.attempt(getattr, y.grad_fn, "_raw_saved_tensors")


# ------------------------------------------------------------------------------------------------ mutation
def mutation(torch, say):
    allow = torch.autograd.graph.allow_mutation_on_saved_tensors
    with allow() as context:
        a = torch.ones(2, 3, requires_grad=True)
        b = a.clone()
        out = (b**2).sum()
        say(len(context.original), len(context.cloned))
        b.sin_()
        say(len(context.original), len(context.cloned))
        b.add_(1)
        say(len(context.cloned))
        out.backward()
        say(a.grad, len(context.cloned))
    say(len(context.cloned), len(context.original))

    def nested():
        with allow(), allow():
            pass

    def outside():
        with allow():
            x = torch.ones(2, requires_grad=True)
            y = x.clone()
            out = (y**2).sum()
            y.sin_()
        out.backward()

    def another():
        with allow():
            out = (torch.ones(2, requires_grad=True).clone() ** 2).sum()
        with allow():
            out.backward()

    def cleared():
        with allow() as context:
            out = (torch.ones(2, requires_grad=True).clone() ** 2).sum()
            context.clear()
            out.backward()

    for f in (nested, outside, another, cleared):
        say.attempt(f)


def kinds_of_mutation(torch, say):
    def result(a, e):
        e = e * (a * 2)
        s = e.sum()
        e.mul_(2)
        return s

    def leaf(a, e):
        y = (a * a).sum()
        with torch.no_grad():
            a.mul_(5)
        return y

    def out_argument(a, e):
        w = torch.ones(2) * 3
        y = (a * w).sum()
        torch.add(w, w, out=w)
        return y

    def all_ways(a, e):
        w = torch.ones(2) * 3
        y = (a * w).sum()
        w[0] = 100
        w.zero_()
        w.fill_(7)
        w.copy_(a.detach())
        w[:] = torch.ones(2)
        w.index_fill_(0, torch.tensor([0]), 9)
        w.masked_fill_(w > 1, 2)
        w.normal_()
        return y

    def itself(a, e):
        b = a * 2
        b.mul_(b)
        b.sin_()
        return b.sum()

    def data(a, e):
        b = a * 2
        y = (b**2).sum()
        b.data.mul_(10)
        b.detach().mul_(10)
        return y

    def function(a, e):
        class Square(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                ctx.save_for_backward(x)
                return x * x

            @staticmethod
            def backward(ctx, grad):
                return grad * 2 * ctx.saved_tensors[0]

        b = a * 3
        y = Square.apply(b).sum()
        b.mul_(10)
        return y

    for f in (result, leaf, out_argument, all_ways, itself, data, function):
        with torch.autograd.graph.allow_mutation_on_saved_tensors():
            a = torch.ones(2, requires_grad=True)
            f(a, a.exp()).backward()
        say(f.__name__, [round(g, 4) for g in a.grad.tolist()])
    with torch.autograd.graph.allow_mutation_on_saved_tensors():
        a = torch.ones(2, requires_grad=True)
        b = a * 2
        y = (b**3).sum()
        b.zero_()
        (g,) = torch.autograd.grad(y, a, create_graph=True)
        say(g.detach(), torch.autograd.grad(g.sum(), a))


def versions(torch, say):
    increment = torch.autograd.graph.increment_version
    t = torch.ones(2)
    increment(t)
    increment([t, t])
    increment((t,))
    say(t._version, increment(iter([t])), t._version)
    for wrong in (3, [3], None, [], [t, 3]):
        say.attempt(increment, wrong)
    increment(t[0])
    say(t._version)
    y = torch.ones(2, requires_grad=True).exp()
    increment(y)
    say.attempt(y.sum().backward)
    x = torch.ones(2, requires_grad=True)
    increment(x)
    say(x._version)


# ------------------------------------------------------------------------------------------------ several tensors
def multi_grad_hooks(torch, say):
    register = torch.autograd.graph.register_multi_grad_hook
    a, b = torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)
    c, d = a * b, a * b
    handle = register((a, b, c, d), lambda grads: say(grads))
    c.sum().backward(retain_graph=True)
    c.sum().backward(inputs=(a,), retain_graph=True)
    (c + d).sum().backward(retain_graph=True)
    say.attempt(lambda: torch.autograd.grad(c.sum(), a, retain_graph=True))
    say.attempt(lambda: torch.autograd.grad(c.sum(), c, retain_graph=True))
    handle.remove()
    c.sum().backward(retain_graph=True)
    handle.remove()
    for args, named in (
        (((a, b), print), {"mode": "foo"}), (((a, torch.ones(2)), print), {}), (((a, torch.ones(2)), print), {"mode": "any"}),
        (((), print), {}), (((torch.ones(2),), print), {"mode": "any"}), (((a, 3), print), {}), (((a, b), print, "any"), {}),
    ):  # fmt: skip
        say.attempt(lambda args=args, named=named: register(*args, **named) and None)
    a = torch.ones(2, requires_grad=True)
    c = a * 2
    register((c, c, a), lambda grads: say("twice", grads))
    with register((c, a), lambda grads: say("not called")):
        pass
    register((c, a), lambda grads: 5)
    c.sum().backward()
    c = a * 2
    register((c, a), lambda grads: 1 / 0)
    say.attempt(c.sum().backward)
    a = torch.ones(2, 2, requires_grad=True)
    u, v = a.unbind()
    register((u, v), lambda grads: say(grads))
    u.sum().backward(retain_graph=True)
    (u + v).sum().backward()


def any_grad_hooks(torch, say):
    register = torch.autograd.graph.register_multi_grad_hook
    a, b = torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)
    c = a * b
    handle = register((c, a, b), lambda grad: say("any", grad), mode="any")
    c.sum().backward(retain_graph=True)
    c.sum().backward(retain_graph=True)
    handle.remove()
    register((c, a), lambda grad: torch.ones(3), mode="any")
    c.sum().backward()
    say(a.grad)
    a = torch.ones(2, requires_grad=True)
    inner = torch.ones(2, requires_grad=True)

    def reenters(grad):
        with torch.enable_grad():
            s = (inner * 2).sum()
        s.backward()

    register((inner,), lambda grad: say("inner", grad), mode="any")
    register((a,), lambda grad: say("outer", grad), mode="any")
    c = a * 3
    c.register_hook(reenters)
    c.sum().backward()
    say(inner.grad, a.grad)


def callbacks(torch, say):
    engine = torch.autograd.Variable._execution_engine
    x = torch.ones(2, requires_grad=True)
    say.attempt(engine.queue_callback, lambda: 1)
    say(engine.is_checkpoint_valid())

    def run(hook, backward=lambda y: y.sum().backward()):
        y = x * x
        y.register_hook(hook)
        say.attempt(backward, y)

    def three(grad):
        say("hook", x.grad)
        engine.queue_callback(lambda: say("first", x.grad))
        engine.queue_callback(lambda: engine.queue_callback(lambda: say("third", torch.is_grad_enabled())))

    run(three)
    run(three, lambda y: torch.autograd.grad(y.sum(), x, create_graph=True))
    run(lambda grad: engine.queue_callback(5))
    run(lambda grad: engine.queue_callback(lambda: 1 / 0))

    def fails(grad):
        engine.queue_callback(lambda: say("never"))
        raise ValueError("mine")

    run(fails)

    def reenters(grad):
        engine.queue_callback(lambda: say("outer"))
        z = torch.ones(2, requires_grad=True)
        with torch.enable_grad():
            w = z * 2
            s = w.sum()
        w.register_hook(lambda g: engine.queue_callback(lambda: say("inner")))
        s.backward()
        say("done")

    run(reenters)
    run(lambda grad: say(engine.is_checkpoint_valid()))
    run(lambda grad: say(engine.is_checkpoint_valid()), lambda y: y.sum().backward(inputs=[x]))
    run(lambda grad: say(engine.is_checkpoint_valid()), lambda y: torch.autograd.grad(y.sum(), x))


# ------------------------------------------------------------------------------------------------ nodes and edges
def edges(torch, say):
    edge_of, Edge = torch.autograd.graph.get_gradient_edge, torch.autograd.graph.GradientEdge
    grad, backward = torch.autograd.grad, torch.autograd.backward
    x = torch.ones(2, requires_grad=True)
    e = edge_of(x)
    say(
        e.node.name(),
        e.output_nr,
        e.ownership_token,
        e.node.variable is x,
        isinstance(e, tuple),
        e == edge_of(x),
    )
    say.attempt(edge_of, torch.ones(2))
    say.attempt(edge_of, 3)
    say.attempt(Edge, 1)
    y = x * 2
    e = edge_of(y)
    say(grad(y.sum(), e), grad((y * 1).sum(), [e, edge_of(x)], retain_graph=True))
    say.attempt(backward, e)
    backward(e, torch.ones(2))
    say(x.grad)
    for call in (
        lambda y: grad(edge_of(y), x, torch.ones(2)),
        lambda y: grad(edge_of(y.sum()), x),
        lambda y: grad(edge_of(y), x, torch.ones(3)),
        lambda y: grad(edge_of(y), x, torch.ones(2, dtype=torch.complex64)),
        lambda y: grad(edge_of(y), x, torch.ones(2, dtype=torch.float64)),
        lambda y: grad(edge_of(x), x, torch.ones(2)),
        lambda y: backward(edge_of(x), torch.ones(2) * 7),
        lambda y: grad(edge_of(y), edge_of(x), torch.ones(2), materialize_grads=True),
        lambda y: grad(edge_of(y), edge_of(torch.ones(2, requires_grad=True)), torch.ones(2)),
        lambda y: grad(
            edge_of(y), edge_of(torch.ones(2, requires_grad=True)), torch.ones(2), materialize_grads=True
        ),
        lambda y: grad(
            edge_of(y), edge_of(torch.ones(2, requires_grad=True)), torch.ones(2), allow_unused=True
        ),
        lambda y: backward(edge_of(y), torch.ones(2), inputs=[edge_of(x)]),
        lambda y: backward(edge_of(y), torch.ones(2), inputs=edge_of(x)),
        lambda y: backward([edge_of(y), y.sum()], [torch.ones(2), None], inputs=[edge_of(x), x]),
        lambda y: grad(Edge(y.grad_fn, 5), x, torch.ones(2)),
        lambda y: grad([Edge(y.grad_fn, 0), 3], x),
        lambda y: grad(y, [3], torch.ones(2)),
        lambda y: grad([3], [x]),
        lambda y: backward([3]),
        lambda y: backward(y.sum(), inputs=[]),
        lambda y: backward(y.sum(), inputs=[3]),
        lambda y: backward(y.sum(), inputs=torch.ones(2)),
    ):
        say.attempt(call, x * 2)
        say(x.grad)
    a, b = torch.ones(2, 2, requires_grad=True).unbind()
    e = edge_of(b)
    say(e.output_nr, e.node.name())
    say(grad((a * b).sum(), [e, edge_of(a)]))
    with torch.no_grad():
        v = x[:1]
    say.attempt(edge_of, v)


def edges_keep_graphs(torch, say):
    class Double(torch.autograd.Function):
        @staticmethod
        def forward(ctx, a):
            ctx.save_for_backward(a)
            return a * 2

        @staticmethod
        def backward(ctx, grad):
            return grad * 2 * ctx.saved_tensors[0]

    x = torch.ones(2, requires_grad=True)
    for call in (lambda: Double.apply(x * 1), lambda: (x * 3).exp() * 2, lambda: (x * 1)[0].view(1)):
        edge = torch.autograd.graph.get_gradient_edge(call())
        say(torch.autograd.grad(edge, x, torch.ones(edge.node._input_metadata[0].shape)))
    y = x * 3
    y.add_(1)
    before = torch.autograd.graph.get_gradient_edge(y)
    y.mul_(x)
    say(torch.autograd.grad(y.sum(), [before, torch.autograd.graph.get_gradient_edge(y), x]))


def nodes_as_objects(torch, say):
    x = torch.ones(2, requires_grad=True)
    n = (x * x).grad_fn
    Node = torch.autograd.graph.Node
    say(
        isinstance(n, Node),
        isinstance(n.next_functions[0][0], Node),
        isinstance(x, Node),
        issubclass(type(n), Node),
    )
    n.metadata["a"] = 1
    say(
        n.metadata,
        n.requires_grad,
        len(n._input_metadata),
        n._input_metadata[0].shape,
        n._input_metadata[0].dtype,
    )
    say.attempt(setattr, n, "metadata", {})
    say.attempt(setattr, n, "next_functions", ())

    class Double(torch.autograd.Function):
        @staticmethod
        def forward(ctx, a):
            return a * 2

        @staticmethod
        def backward(ctx, grad):
            return grad * 2

    f = Double.apply(x)
    say(isinstance(f.grad_fn, Node), f.grad_fn.name(), f.grad_fn.next_functions)
    f.grad_fn.metadata["b"] = 2
    say(f.grad_fn.metadata)
    f.grad_fn.register_hook(lambda gi, go: say("post", gi, go))
    f.grad_fn.register_prehook(lambda go: (go[0] * 3,))
    f.sum().backward()
    say(x.grad)


def nodes_called(torch, say):
    x = torch.ones(2, requires_grad=True)
    n = (x * x).grad_fn
    leaf = n.next_functions[0][0]
    for args in (
        (torch.ones(2),), (torch.ones(3),), (None,), (), (torch.ones(2), torch.ones(2)), (3,),
    ):  # fmt: skip
        say.attempt(leaf, *args)
        say(x.grad)
    for given in (
        torch.ones(3),
        torch.ones(1),
        torch.ones(2, dtype=torch.float64),
        torch.ones(2, requires_grad=True) * 2,
    ):
        x.grad = None
        say.attempt(leaf, given)
        say(x.grad, x.grad is given)
    with torch.no_grad():
        leaf(torch.ones(2))
    say(x.grad)
    x.grad = None
    leaf.register_hook(lambda gi, go: say("post", gi, go))
    leaf.register_prehook(lambda go: say("pre", go))
    x.register_hook(lambda g: say("tensor", g))
    x.register_post_accumulate_grad_hook(lambda t: say("after", t.grad))
    leaf(torch.ones(2))
    (x * x).sum().backward()
    y = torch.ones(2, requires_grad=True) * torch.ones(2, requires_grad=True)
    y.register_hook(lambda t: say("tensor"))
    y.grad_fn.register_hook(lambda a, b: say("post"))
    say(y.grad_fn(torch.ones(2)))
    say.attempt(y.grad_fn, torch.ones(3))


def gradient_dtype(torch, say):
    x = torch.ones(2, requires_grad=True)
    say(x.grad_dtype, torch.ones(2).grad_dtype, torch.ones(2, dtype=torch.int64).grad_dtype)
    y = x * 2
    say.attempt(getattr, y, "grad_dtype")
    x.grad_dtype = torch.float64
    for _ in range(2):
        (x * 2).sum().backward()
        say(x.grad_dtype, x.grad)
    say.attempt(setattr, x, "grad_dtype", torch.float32)
    x.grad = None
    x.grad_dtype = None
    say(x.grad_dtype)
    x.grad = torch.ones(2, dtype=torch.float64)
    say.attempt(setattr, x, "grad_dtype", torch.float32)
    (x * 2).sum().backward()
    say(x.grad)
    x.grad = None
    for wrong in (5, "float"):
        say.attempt(setattr, x, "grad_dtype", wrong)
    x.grad_dtype = torch.complex64
    (x * 2).sum().backward()
    say(x.grad)
    x = torch.ones(2, requires_grad=True)
    x.grad_dtype = torch.float64
    say.attempt(setattr, x, "grad", torch.ones(2))
    x.grad = torch.ones(2, dtype=torch.float64)
    say(x.grad, x.detach().grad_dtype)
    x = torch.ones(2)
    x.grad_dtype = torch.float64
    x.requires_grad_()
    (x * 2).sum().backward()
    say(x.grad_dtype, x.grad)
    x.grad = None
    x.requires_grad_(False)
    say(x.grad_dtype)
    x.requires_grad_()
    say(x.grad_dtype)
    x = torch.ones(2, requires_grad=True)
    x.grad_dtype = None
    (x.double() * 2).sum().backward()
    say(x.grad)
    x = torch.ones(2, requires_grad=True, dtype=torch.bfloat16)
    x.grad_dtype = torch.float32
    x.register_hook(lambda grad: say(grad.dtype))
    (x.float() * 2).sum().backward()
    say(x.grad, torch.autograd.grad((x * 2).sum(), x))
    x = torch.ones(2, requires_grad=True)
    x.data = torch.ones(2, dtype=torch.float16)
    say(x.grad_dtype)


def gradient_dtype_of_functions(torch, say):
    class Doubles(torch.autograd.Function):
        @staticmethod
        def forward(ctx, a):
            return a * 2

        @staticmethod
        def backward(ctx, grad):
            return grad.double() * 2

    for dtype in (None, torch.float16, torch.float64):
        x = torch.ones(2, requires_grad=True)
        y = Doubles.apply(x)
        x.grad_dtype = dtype
        y.sum().backward()
        Doubles.apply(x).sum().backward()
        say(x.grad, torch.autograd.grad(Doubles.apply(x).sum(), x))


def switches(torch, say):
    graph = torch.autograd.graph
    for switch in (
        graph.set_warn_on_accumulate_grad_stream_mismatch,
        graph.set_override_stale_capture_stream,
    ):
        say.attempt(switch, True)
        say.attempt(switch, enabled=False)
        say.attempt(switch, 1)
        say.attempt(switch, "a")
        say.attempt(switch)
    for budget in (0.5, True, 2, "a"):
        say.attempt(graph.region_activation_memory_budget, budget)


# ------------------------------------------------------------------------------------------------ order of hooks
def documented_order(torch, say):
    """The note "Backward Hooks execution": tensor hooks, then retained gradients, then node pre-hooks, node, node hooks."""
    x = torch.ones(2, requires_grad=True)
    y = x * 2
    y.grad_fn.register_hook(lambda gi, go: say("node post", gi[0], go[0]))
    y.grad_fn.register_prehook(lambda go: (say("node pre", go[0]), (go[0] * 10,))[1])
    y.retain_grad()
    y.register_hook(lambda g: (say("tensor 1", g), g * 2)[1])
    y.register_hook(lambda g: (say("tensor 2", g), g * 2)[1])
    x.register_post_accumulate_grad_hook(lambda t: say("accumulated", t.grad))
    leaf = y.grad_fn.next_functions[0][0]
    leaf.register_hook(lambda gi, go: say("leaf post", gi, go))
    leaf.register_prehook(lambda go: (say("leaf pre", go[0]), (go[0] + 1,))[1])
    x.register_hook(lambda g: (say("leaf tensor", g), g + 1)[1])
    y.sum().backward()
    say(x.grad, y.grad)


def hooks_of_what_is_asked_for(torch, say):
    """Of a tensor given as `inputs`, tensor hooks run and those of its node do not (it is not executed)."""
    x = torch.ones(2, requires_grad=True)

    def fresh():
        y = x * 2
        y.register_hook(lambda g: (say("tensor"), g * 2)[1])
        y.grad_fn.register_prehook(lambda go: (say("pre"), (go[0] * 3,))[1])
        y.grad_fn.register_hook(lambda gi, go: say("post"))
        return y, y * 3

    handle = x.register_hook(lambda g: (say("leaf"), g * 5)[1])
    x.register_post_accumulate_grad_hook(lambda t: say("after"))
    y, z = fresh()
    say(torch.autograd.grad(z.sum(), y, retain_graph=True))
    say(torch.autograd.grad(z.sum(), [y, x], retain_graph=True))
    say(torch.autograd.grad(z.sum(), x, retain_graph=True))
    z.sum().backward(inputs=[y], retain_graph=True)
    say(x.grad, y.grad)
    z.sum().backward(inputs=[x, y], retain_graph=True)
    say(x.grad, y.grad)
    z.sum().backward(inputs=[x], retain_graph=True)
    say(x.grad, y.grad)
    z.sum().backward()
    say(x.grad, y.grad)
    handle.remove()
    leaf = x.view_as(x).grad_fn.next_functions[0][0]
    leaf.register_prehook(lambda go: (say("leaf pre"), (go[0] * 7,))[1])
    leaf.register_hook(lambda gi, go: say("leaf post"))
    y, z = fresh()
    say(torch.autograd.grad(z.sum(), x, retain_graph=True))
    z.sum().backward(inputs=[x])
    say(x.grad)


def hooks_and_writes(torch, say):
    """A hook registered before a write gets the gradient of the value from before it; a retained gradient follows the tensor."""
    x = torch.ones(2, requires_grad=True)
    y = x * 2
    y.register_hook(lambda g: say("before", g))
    y.retain_grad()
    y.mul_(3)
    y.register_hook(lambda g: say("after", g))
    y.sum().backward()
    say(y.grad, x.grad)
    y = x.clone()
    y.register_hook(lambda g: say("base before", g))
    y[0].mul_(4)
    y.register_hook(lambda g: say("base after", g))
    y.sum().backward()


def corners_of_inputs(torch, say):
    x, w = torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)
    y = x * w
    z = (y * 2).sum()
    z.backward(inputs=[y, x, x], retain_graph=True)
    say(x.grad, w.grad, y.grad)
    z.backward(inputs=y, retain_graph=True)
    say(y.grad)
    z.backward(inputs=[torch.ones(2, requires_grad=True), w], retain_graph=True)
    say(x.grad, w.grad)
    z.backward(inputs=(z,), retain_graph=True)
    say(z.grad, x.grad)
    say.attempt(z.backward, inputs=[torch.ones(2)])
    say.attempt(z.backward, inputs=[])
    say.attempt(z.backward, inputs=[None])
    say.attempt(z.backward, inputs=[x.detach()])
    v = x[:1]
    say.attempt(z.backward, inputs=[v], retain_graph=True)
    say(v.grad)
    x.backward(torch.ones(2), inputs=[x])
    say(x.grad)
    z.backward(inputs=[x])
    say.attempt(z.backward, inputs=[x])
