"""What a user's code sees of a walk that is under way: which leaves have been served, and in which order things run."""


def _leaves(torch, count=4):
    return [torch.full((3,), float(i + 1), requires_grad=True) for i in range(count)]


def ready_before_a_custom_function(torch, say):
    a, b, c, d = _leaves(torch)

    class Look(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, grad):
            say("look", [x.grad for x in (a, b, c, d)])
            return grad * 2

    y = Look.apply(a * b) * c + d
    (y * d).sum().backward()
    say([x.grad for x in (a, b, c, d)])
    (Look.apply(a) * Look.apply(b) * a).sum().backward()
    say([x.grad for x in (a, b, c, d)])


def ready_before_a_hook(torch, say):
    a, b, c, d = _leaves(torch)
    x = a * b
    y = x.exp()
    y.register_hook(lambda grad: say("y", [t.grad for t in (a, b, c, d)]))
    b.register_hook(lambda grad: say("b", grad, [t.grad for t in (a, b, c, d)]))
    d.register_post_accumulate_grad_hook(lambda t: say("d", t.grad, [t.grad for t in (a, b, c)]))
    z = (y * c).tanh() * d + b
    z.sum().backward(retain_graph=True)
    x.grad_fn.register_prehook(lambda grads: say("mul", len(grads)))
    (z * c).sum().backward()
    say([t.grad for t in (a, b, c, d)])


def several_leaves_with_hooks(torch, say):
    one, two, three, four = _leaves(torch)
    for name, leaf in (("1", one), ("2", two), ("3", three), ("4", four)):
        leaf.register_hook(lambda grad, name=name: say("hook", name, grad))
    say(torch.cat([one, two, three, four]).sum().backward())
    say((torch.stack([one * one, two, three * four]) * torch.stack([four, one, two])).sum().backward())
    say(one.sum().backward())
    torch.autograd.backward([one, two.exp(), three], [torch.ones(3)] * 3)
    torch.autograd.backward([one, two, three, four], [torch.ones(3)] * 4)
    torch.autograd.backward([two, one, three, four.exp()], [torch.ones(3)] * 4)
    say([t.grad for t in (one, two, three, four)])


def served_before_an_error(torch, say):
    a, b, c, d = _leaves(torch)
    x = a * b
    y = x.exp() * c
    z = y * d
    with torch.no_grad():
        x.exp_()
        y.mul_(2)
    say.attempt(z.sum().backward)
    say([t.grad for t in (a, b, c, d)])
    x = a * b
    y = x.exp()
    z = (y + c) * 2 + d
    y.data.add_(1)
    with torch.no_grad():
        y.mul_(2)
    say.attempt(z.sum().backward)
    say([t.grad for t in (a, b, c, d)])
    y = a.exp() * b
    y.sum().backward()
    say.attempt((y * c + d).sum().backward)
    say([t.grad for t in (a, b, c, d)])


def served_before_a_hook_that_raises(torch, say):
    a, b, c, d = _leaves(torch)

    def refuse(grad):
        raise ValueError("refused")

    y = (a * b).exp()
    y.register_hook(refuse)
    z = y * c + d
    say.attempt(z.sum().backward)
    say([t.grad for t in (a, b, c, d)])


def gradients_that_are_none(torch, say):
    a, b, c, d = _leaves(torch)

    class Nothing(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, grad):
            return None

    inner = a.exp()
    (Nothing.apply(inner * b) + c).sum().backward()
    say([t.grad for t in (a, b, c, d)])
    say.attempt(inner.sum().backward)
    first, second = torch.stack([a, b]).unbind()
    kept = first.exp()
    (Nothing.apply(kept) * d).sum().backward()
    say([t.grad for t in (a, b, c, d)])
    say.attempt((kept + second).sum().backward)


def views_and_writes(torch, say):
    a, b, c, d = _leaves(torch)
    base = torch.zeros(2, 3)
    base[0] = a * b
    row = base[1]
    row.add_(c)
    base.mul_(d)
    part = base[:, 1:]
    part.exp_()
    a.register_hook(lambda grad: say("a", grad, [t.grad for t in (b, c, d)]))
    (base.sum() + row.sum()).backward()
    say([t.grad for t in (a, b, c, d)])


def large_gradients_are_added_up(torch, say):
    w, v = (torch.full((2000,), 0.5, requires_grad=True) for _ in range(2))
    for _ in range(3):
        y = (w * v).tanh()
        (y * w + v.exp() * y).sum().backward()
        say(w.grad[:2], v.grad[-2:])


def several_roots(torch, say):
    a, b, c, d = _leaves(torch)
    x = a * b
    y = x.exp()
    z = y * c
    torch.autograd.backward([x, z, y, x, d], [torch.ones(3)] * 5)
    say([t.grad for t in (a, b, c, d)])
    first, second = torch.stack([a, c]).unbind()
    torch.autograd.backward([second, first * b, first], [torch.ones(3)] * 3)
    say([t.grad for t in (a, b, c, d)])
