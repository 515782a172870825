"""`backward`, `grad` and `.grad`: every argument, and what is refused."""


def arguments_of_backward(torch, say):
    x = torch.ones(3, requires_grad=True)
    say.attempt((x * 2).backward)
    say.attempt((x * 2).backward, torch.ones(2))
    say.attempt((x * 2).backward, torch.ones(3, dtype=torch.float64))
    say(x.grad, x.grad.dtype)
    say.attempt((x * 2).backward, torch.ones(3, dtype=torch.complex64))
    say.attempt((x * 2).backward, [torch.ones(3)])
    say.attempt((x * 2).backward, 1.0)
    say.attempt((x * 2).backward, "a")
    say.attempt((x * 2).sum().backward, None, 1)
    say.attempt((x * 2).sum().backward, foo=1)
    say.attempt((x * 2).sum().backward, inputs=[])
    say.attempt((x * 2).sum().backward, inputs=x)
    say.attempt((x * 2).sum().backward, inputs=[3])
    say.attempt((x * 2).sum().backward, inputs=3)
    say.attempt((x * 2).sum().backward, inputs=torch.ones(2))
    say.attempt(torch.ones(2).sum().backward)
    say.attempt(torch.ones(2).backward)
    say.attempt(x.backward)
    say.attempt(x.sum().backward, retain_graph="x")
    say.attempt(torch.autograd.backward, [])
    say.attempt(torch.autograd.backward, None)
    say.attempt(torch.autograd.backward, 3)
    say.attempt(torch.autograd.backward, [3])
    say.attempt(torch.autograd.backward)
    say.attempt(torch.autograd.backward, [x.sum(), x.sum()])
    say.attempt(torch.autograd.backward, [x.sum(), x.sum()], [None])
    say.attempt(torch.autograd.backward, [x.sum(), x.sum()], torch.ones(2))
    say.attempt(torch.autograd.backward, [x.sum(), x * 2], [None, torch.ones(3)])
    say(x.grad)
    say.attempt(torch.autograd.backward, (x.sum(),), grad_variables=(torch.tensor(2.0),))
    say.attempt(
        torch.autograd.backward, (x.sum(),), (torch.tensor(2.0),), grad_variables=(torch.tensor(2.0),)
    )


def arguments_of_grad(torch, say):
    x = torch.ones(3, requires_grad=True)
    y = torch.ones(3, requires_grad=True)
    g = torch.autograd.grad
    say.attempt(g, (x * 2).sum(), y)
    say.attempt(g, (x * 2).sum(), [x, y])
    say.attempt(g, (x * 2).sum(), [x, y], allow_unused=True)
    say.attempt(g, (x * 2).sum(), [x, y], materialize_grads=True)
    say.attempt(g, (x * 2).sum(), [x, y], materialize_grads=True, allow_unused=False)
    say.attempt(g, (x * 2).sum(), torch.ones(3))
    say.attempt(g, (x * 2).sum(), [])
    say.attempt(g, [], [x])
    say.attempt(g, (x * 2).sum(), 3)
    say.attempt(g, (x * 2).sum(), [3])
    say.attempt(g, 3, x)
    say.attempt(g, [3], x)
    say.attempt(g, x * 2, x)
    say.attempt(g, x * 2, x, torch.ones(3))
    say.attempt(g, x * 2, x, (torch.ones(3),))
    say.attempt(g, x * 2, x, torch.ones(4))
    say.attempt(g, [x * 2, x.sum()], x, [torch.ones(3)])
    say.attempt(g, [x * 2, x.sum()], [x, x], [torch.ones(3), None])
    say.attempt(g, x, x, torch.ones(3))
    say.attempt(g, x.sum(), x, only_inputs=False)
    say.attempt(g, x.sum(), x, create_graph=True)
    say.attempt(g, (x * x).sum(), x, create_graph=True)
    say.attempt(g, (x * x).sum(), x, None, False, True)
    z = (x * x).sum()
    say.attempt(g, z, x)
    say.attempt(g, z, x)
    say.attempt(z.backward)
    z = x * x
    w = z.sum()
    say.attempt(g, w, z)
    say.attempt(g, w, [z, x])
    z = x * x
    w = z.sum()
    say.attempt(g, w, [z, x], retain_graph=True)
    say.attempt(g, w, [w, x], retain_graph=True)
    say.attempt(g, torch.ones(2, dtype=torch.int64).sum(), x)
    say.attempt(g, (x + 0j).sum(), x)
    say.attempt(g, (x + 0j).sum(), x, torch.tensor(1.0))
    say.attempt(g, (x + 0j).sum(), x, torch.tensor(1.0 + 1j))
    say(x.grad)
    say.attempt(g)
    say.attempt(g, x.sum())
    say.attempt(g, x.sum(), x, is_grads_batched=False)


def what_grad_may_be(torch, say):
    x = torch.ones(3, requires_grad=True)
    x.sum().backward()
    g = x.grad
    i = id(g)
    v = g._version
    x.sum().backward()
    say(id(x.grad) == i, x.grad, x.grad._version - v)
    x.grad = None
    say(x.grad)
    x.grad = torch.zeros(3)
    x.sum().backward()
    say(x.grad)
    say.attempt(setattr, x, "grad", torch.zeros(2))
    say.attempt(setattr, x, "grad", torch.zeros(3, dtype=torch.float64))
    say.attempt(setattr, x, "grad", 3)
    say.attempt(setattr, x, "grad", x)
    say.attempt(setattr, x, "grad", torch.zeros(3, dtype=torch.int64))
    del x.grad
    say(x.grad)
    y = x * 2
    say(y.grad)
    y.retain_grad()
    say(y.retains_grad, x.retains_grad)
    y.sum().backward()
    say(y.grad, x.grad)
    say.attempt(torch.ones(2).retain_grad)
    say.attempt(lambda: x.retain_grad())
    say.attempt(setattr, y, "requires_grad", False)
    say.attempt(setattr, x, "requires_grad", 1)
    say.attempt(setattr, x, "requires_grad", "a")
    say.attempt(x.requires_grad_, 1)
    say.attempt(y.requires_grad_, False)
    say.attempt(torch.ones(2, dtype=torch.int64).requires_grad_)
    say.attempt(torch.ones, 2, dtype=torch.int64, requires_grad=True)
    say.attempt(setattr, y, "data", 3)
    say.attempt(setattr, y, "data", None)
    say.attempt(setattr, y, "data", torch.ones(4))
    say(y.shape)
    say.attempt(delattr, y, "data")
    for name in (
        "bool",
        "uint8",
        "int8",
        "int16",
        "int32",
        "int64",
        "float16",
        "float64",
        "bfloat16",
        "complex64",
    ):
        say.attempt(setattr, x, "grad", torch.zeros(3, dtype=getattr(torch, name)))


def inputs_and_outputs(torch, say):
    a = torch.ones(2, requires_grad=True)
    b = torch.ones(2, requires_grad=True)
    c = a * b
    d = c * 2
    d.sum().backward(inputs=[a], retain_graph=True)
    say(a.grad, b.grad)
    d.sum().backward(inputs=(b,), retain_graph=True)
    say(a.grad, b.grad)
    d.sum().backward(inputs=c, retain_graph=True)
    say(a.grad, b.grad, c.grad, c.retains_grad)
    d.sum().backward(inputs=[c, a])
    say(a.grad, b.grad, c.grad)
    e = torch.ones(2, requires_grad=True)
    d = (a * 2).sum()
    d.backward(inputs=[e])
    say(e.grad)
    x = a * 2
    y = x * 3
    gs = torch.autograd.grad(y.sum(), [x, a, y])
    say(gs)
    y = x.detach().requires_grad_()
    say(torch.autograd.grad((y * a).sum(), (y, a)))
    o = [a * 2, b * 3]
    say(torch.autograd.grad(o, [a, b], [torch.ones(2), torch.full((2,), 2.0)]))
    (a * 2).sum().backward(torch.tensor(3.0))
    say(a.grad)
    (a * 2).backward(gradient=torch.ones(2), create_graph=False)
    say(a.grad)
    z = a * 1
    z.backward(torch.ones(2), inputs=[z])
    say(z.grad)
    torch.autograd.backward((a.sum(), b.sum()), retain_graph=True)
    say(a.grad, b.grad)
    g = torch.ones(2, requires_grad=True)
    y = a * 2
    (ga,) = torch.autograd.grad(y, a, g, create_graph=True)
    say(ga)
    say(torch.autograd.grad(ga.sum(), g))
    a.grad = None
    (a * a).sum().backward(create_graph=True)
    say(a.grad)
    a.grad.sum().backward()
    say(a.grad)
    a.grad = None


def undefined_gradients(torch, say):
    a = torch.ones(3, requires_grad=True)
    a.unbind()
    seen = []

    class F(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.set_materialize_grads(False)
            return x * 1, x * 2, x * 3

        @staticmethod
        def backward(ctx, *g):
            seen.append([None if i is None else i.tolist() for i in g])
            return

    F.apply(a)[1].sum().backward()
    say(seen, a.grad)
    b = torch.ones(3, requires_grad=True)

    class N(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, y):
            return x + y

        @staticmethod
        def backward(ctx, g):
            return None, g

    r = N.apply(a * 2, b)
    r.sum().backward()
    say(a.grad, b.grad)
    say.attempt(torch.autograd.grad, N.apply(a * 2, b).sum(), [a, b], allow_unused=True)
    say.attempt(torch.autograd.grad, N.apply(a * 2, b).sum(), [a, b])
    say.attempt(torch.autograd.grad, N.apply(a * 2, b).sum(), [a, b], materialize_grads=True)
    hooked = []
    c = a * 2
    c.register_hook(lambda g: hooked.append(g))
    N.apply(c, b).sum().backward()
    say(hooked)
    c = a * 2
    c.grad_fn.register_hook(lambda gi, go: hooked.append((gi, go)))
    N.apply(c, b).sum().backward()
    say(hooked)
    m, i = a.max(0)
    say(i.requires_grad, m.grad_fn.next_functions)
    m.backward()
    say(a.grad)
    vals, idx = torch.topk(a, 2)
    vals.sum().backward()
    say(a.grad, idx.grad_fn)
    s, i = torch.sort(a)
    say(s.grad_fn is not None, i.requires_grad)


def backward_within_backward(torch, say):
    x = torch.ones(2, requires_grad=True)
    w = torch.ones(2, requires_grad=True)
    y = x * 2

    def hook(g):
        say(torch.is_grad_enabled())
        with torch.enable_grad():
            (w * 3).sum().backward()

    y.register_hook(hook)
    y.sum().backward()
    say(x.grad, w.grad)

    def hook2(g):
        with torch.enable_grad():
            z = (w * w * g.detach()).sum()
            return torch.autograd.grad(z, w)[0]

    y = x * 2
    y.register_hook(hook2)
    y.sum().backward()
    say(x.grad)
    y = x * 2
    z = y.sum()
    y.register_hook(
        lambda g: (
            z.backward(retain_graph=True) if not say("in") and not flag.append(1) and len(flag) < 3 else None
        )
    )
    flag = []
    z.backward(retain_graph=True)
    say(x.grad, len(flag))

    class Deep(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, n):
            ctx.n = n
            ctx.save_for_backward(x)
            return x * 1

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            if ctx.n:
                with torch.enable_grad():
                    t = x.detach().requires_grad_()
                    Deep.apply(t, ctx.n - 1).sum().backward()
                    return t.grad, None
            return g * 2, None

    x.grad = None
    Deep.apply(x, 20).sum().backward()
    say(x.grad)


def errors_and_writes(torch, say):
    x = torch.ones(2, requires_grad=True)
    y = x * 2
    y.register_hook(lambda g: 1 / 0)
    say.attempt(y.sum().backward)
    say(torch.is_grad_enabled(), x.grad)
    z = (x * x).sum()
    z.backward()
    say.attempt(z.backward)
    a = torch.ones(2, requires_grad=True)
    b = a + 2
    loss = (b * b).mean()
    b[0] = 1000.0
    say.attempt(loss.backward)
    b = a.exp()
    c = b.sum()
    b += 1
    say.attempt(c.backward)
    b = a.exp()
    c = (b * 2).sum()
    b += 1
    say.attempt(c.backward)
    say(a.grad)
    say.attempt(a.add_, 1)
    say.attempt(a.__setitem__, 0, 0.0)
    say(a._version)
    say.attempt(a[:1].add_, 1)
    say.attempt(a.detach().requires_grad_().fill_, 1)
    with torch.no_grad():
        a[:] = 10.0
    say(a, a._version, a.is_leaf)
    (a * a).mean().backward()
    say(a.grad)
    a.data.fill_(3.0)
    say(a, a._version)
    a.detach().fill_(4)
    say(a, a._version)
    s = a * a
    a.detach().fill_(5)
    say.attempt(s.sum().backward)
    s = a * a
    a.data.fill_(6)
    a.grad = None
    s.sum().backward()
    say(a.grad)


def gradient_edges(torch, say):
    edge = torch.autograd.graph.get_gradient_edge
    x = torch.ones(2, requires_grad=True)
    z = x * 3
    e = edge(z)
    say(e.node, e.output_nr)
    say.attempt(edge, torch.ones(2))
    say.attempt(torch.autograd.grad, e, x)
    say.attempt(torch.autograd.backward, e)
    say.attempt(torch.autograd.backward, (e, z.sum()), (torch.ones(2), None))
    say(x.grad)
    z = x * 3
    say.attempt(torch.autograd.grad, (x * 3).sum(), [edge(z)])
    say.attempt(torch.autograd.grad, (x * 3).sum(), [edge(z)], materialize_grads=True)
    say.attempt(torch.autograd.grad, z.sum(), [edge(z), edge(x)], retain_graph=True)
    say.attempt(torch.autograd.backward, z.sum(), inputs=[edge(z)], retain_graph=True)
    say(x.grad)
    say.attempt(torch.autograd.backward, z.sum(), inputs=[edge(x)], retain_graph=True)
    say(x.grad)
    for start in (torch.ones(3), torch.ones(2, dtype=torch.float64), torch.ones(2, dtype=torch.complex64)):
        say.attempt(torch.autograd.grad, edge(z), x, start, retain_graph=True)
    say.attempt(torch.autograd.grad, edge((x * 3).sum()), x)
    say.attempt(torch.autograd.grad, edge((x * 1).unbind()[1]), x)


def gradients_of_a_recorded_walk(torch, say):
    a, b, c = [torch.ones(2, requires_grad=True) for _ in range(3)]
    middle = a * 1
    middle.retain_grad()
    ((middle + b) * c).sum().backward(create_graph=True)
    say(a.grad, b.grad, c.grad, middle.grad, a.grad is b.grad, b.grad._version)
    with torch.no_grad():
        b.grad.zero_()
    say(a.grad, b.grad)


def a_walk_that_fails_has_retained(torch, say):
    x = torch.tensor([0.5, 2.0], requires_grad=True)
    y = x.exp()
    y.retain_grad()
    (y * y).sum().backward()
    say(y.grad)
    say.attempt(lambda: torch.autograd.grad((y * y).sum(), x))
    say(y.grad)
    say.attempt((y * y).sum().backward)
    say(y.grad)


def gradients_of_two_shapes_that_go_nowhere(torch, say):
    x = torch.tensor([[0.5, 2.0], [1.0, 3.0]], requires_grad=True)
    total = x.sum()
    with torch.no_grad():
        row = x.select(0, 0)
    e = row.exp()
    row.data = total
    ((x * x).sum() + (row * row).sum() + (e * e).sum()).backward()
    say(x.grad)


def what_was_a_leaf_is_written(torch, say):
    def attempt(write, gone):
        x = torch.tensor([0.5, 2.0], requires_grad=True)
        y = x.exp()
        x.requires_grad_(False)
        write(x, y)
        if gone:
            del x
        say.attempt(y.sum().backward)

    for gone in (False, True):
        attempt(lambda x, y: x.mul_(y * 1), gone)
        attempt(lambda x, y: x[:1].mul_(y[:1]), gone)
        attempt(lambda x, y: x.mul_(y * 1).detach_(), gone)
        attempt(lambda x, y: x.mul_(2), gone)
