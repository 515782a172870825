"""Saved tensors under hooks (`saved_tensors_hooks`, `save_on_cpu`, disabling), and those that a node shows raw."""

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
