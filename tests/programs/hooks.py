"""Hooks on tensors and nodes, and nodes themselves."""


def order_and_removal(torch, say):
    x = torch.ones(2, requires_grad=True)
    y = x * 3
    order = []
    h1 = y.register_hook(lambda g: order.append("t1"))
    h2 = y.register_hook(lambda g: (order.append("t2"), g * 2)[1])
    y.retain_grad()
    y.register_hook(lambda g: order.append(("t3", g.tolist())))
    y.grad_fn.register_prehook(lambda gs: order.append("pre"))
    y.grad_fn.register_hook(lambda gi, go: order.append(("post", len(gi), len(go), gi[0].tolist(), gi[1])))
    x.register_hook(lambda g: order.append("leaf"))
    x.register_post_accumulate_grad_hook(lambda t: order.append(("after", t is x, t.grad.tolist())))
    y.sum().backward(retain_graph=True)
    say(order, y.grad, x.grad)
    h1.remove()
    h2.remove()
    h2.remove()
    order.clear()
    y.sum().backward()
    say(order, y.grad, x.grad)
    say.attempt(torch.ones(2).register_hook, lambda g: g)
    say.attempt(y.register_post_accumulate_grad_hook, lambda g: g)
    say.attempt(torch.ones(2).register_post_accumulate_grad_hook, lambda g: g)
    z = x * 1
    z.register_hook(lambda g: 3)
    say.attempt(z.sum().backward)
    z = x * 1
    z.register_hook(lambda g: torch.ones(3))
    say.attempt(z.sum().backward)
    z = x * 1
    z.register_hook(lambda g: torch.ones(2, dtype=torch.float64))
    say.attempt(z.sum().backward)
    z = x * 1
    z.grad_fn.register_prehook(lambda g: (torch.ones(2), torch.ones(2)))
    say.attempt(z.sum().backward)
    z = x * 1
    z.grad_fn.register_hook(lambda gi, go: (torch.ones(2),))
    say.attempt(z.sum().backward)
    z = x * 1
    z.grad_fn.register_hook(lambda gi, go: 3)
    say.attempt(z.sum().backward)
    z = x * 1
    z.grad_fn.register_hook(lambda gi, go: (gi[0] * 5, None))
    say.attempt(z.sum().backward)
    say(x.grad)
    z = x * 1
    z.register_hook(lambda g: 1 / 0)
    say.attempt(z.sum().backward)


def hooks_that_change_things(torch, say):
    x = torch.ones(2, requires_grad=True)

    def inplace(g):
        g.mul_(10)

    x.register_hook(inplace)
    (x * 2).sum().backward()
    say(x.grad)
    y = x * 2
    y.register_hook(lambda g: None)
    y.add_(1)
    y.register_hook(lambda g: g * 7)
    y.sum().backward()
    say(x.grad)
    x = torch.ones(2, requires_grad=True)
    calls = []

    def rem(g):
        calls.append(1)
        h.remove()

    h = x.register_hook(rem)
    x.sum().backward()
    x.sum().backward()
    say(calls)
    x = torch.ones(2, requires_grad=True)

    def adds(g):
        calls.append(2)
        x.register_hook(lambda g: calls.append(3))

    x.register_hook(adds)
    x.sum().backward()
    say(calls)
    x.sum().backward()
    say(calls)


def what_hooks_return(torch, say):
    x = torch.ones(2, requires_grad=True)
    for result in (3, torch.ones(2), [torch.ones(2)], (torch.ones(2),), None, (), (3,)):
        kinds = (
            lambda y, r=result: y.register_hook(lambda g: r),
            lambda y, r=result: y.grad_fn.register_hook(lambda gi, go: r),
            lambda y, r=result: y.grad_fn.register_prehook(lambda go: r),
        )
        for hooked in kinds:
            y = x.exp()
            hooked(y)
            say.attempt(y.sum().backward)
        handle = x.register_post_accumulate_grad_hook(lambda p, r=result: r)
        say.attempt((x * 1).sum().backward)
        handle.remove()
    say(x.grad)


def nodes(torch, say):
    x = torch.ones(2, requires_grad=True)
    y = x * x
    n = y.grad_fn
    say(n, n.name(), n.next_functions, n.metadata, type(n).__name__)
    n.metadata["a"] = 1
    say(n.metadata, y.grad_fn is n, y.grad_fn.metadata)
    say(n._saved_self is x, n._saved_other)
    say.attempt(n, torch.ones(2))
    say.attempt(n)
    say.attempt(n, torch.ones(2), torch.ones(2))
    say.attempt(n, None)
    acc = n.next_functions[0][0]
    say(acc.variable is x, acc.name(), acc.next_functions, acc._sequence_nr() > 10**9)
    say.attempt(getattr, n, "_saved_foo")
    say.attempt(getattr, n, "foo")
    say(n._sequence_nr() >= 0, (y + 1).grad_fn._sequence_nr() > n._sequence_nr())
    y.sum().backward()
    say.attempt(getattr, n, "_saved_self")
    say(isinstance(n, torch.autograd.graph.Node))
    a, b = torch.ones(2, 2, requires_grad=True).unbind()
    say(a.grad_fn, (a + b).grad_fn.next_functions, a.grad_fn is b.grad_fn)


def hooks_of_a_walk_that_fails(torch, say):
    x = torch.tensor([0.5, 2.0], requires_grad=True)
    y = x.exp()
    y.register_hook(lambda grad: say("hook", grad))
    y.grad_fn.register_prehook(lambda grads: say("prehook", grads))
    y.grad_fn.register_hook(lambda *grads: say("node hook"))
    for _ in range(2):
        say.attempt((y * 2).sum().backward)
