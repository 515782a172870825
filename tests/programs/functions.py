"""Custom Functions: how they are called, and what is refused."""


def with_ctx(torch, say):
    F = torch.autograd.Function

    class Two(F):
        @staticmethod
        def forward(ctx, x, y, k=3, *, z=None):
            say(
                "f",
                ctx.needs_input_grad,
                torch.is_grad_enabled(),
                x.requires_grad,
                x.grad_fn,
                type(ctx).__name__,
            )
            ctx.save_for_backward(x, None, y)
            ctx.k = k
            return x * y * k, x + y

        @staticmethod
        def backward(ctx, a, b):
            say(
                "b",
                ctx.needs_input_grad,
                torch.is_grad_enabled(),
                a,
                b,
                len(ctx.saved_tensors),
                ctx.saved_tensors[1],
                type(ctx).__name__,
            )
            x, _, y = ctx.saved_tensors
            return a * y * ctx.k + b, a * x * ctx.k + b, None

    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = torch.tensor([3.0, 4.0])
    say.attempt(Two.apply, x, y, z=3)
    say.attempt(Two.apply, x)
    p, q = Two.apply(x, y)
    say(p, q, p.grad_fn is q.grad_fn, p.grad_fn.name(), p.grad_fn.next_functions, p.grad_fn.k)
    p.sum().backward(retain_graph=True)
    say(x.grad, y.grad)
    q.sum().backward()
    say(x.grad)
    say.attempt(p.sum().backward)
    say.attempt(getattr, p.grad_fn, "saved_tensors")
    p, q = Two.apply(x, y, 4)
    say(p, q)
    say.attempt(Two)
    say.attempt(Two.forward, None, x, y)
    say.attempt(F.apply, x)

    class No(F):
        pass

    say.attempt(No.apply, x)

    class NoB(F):
        @staticmethod
        def forward(ctx, x):
            return x * 2

    say.attempt(NoB.apply(x).sum().backward)
    with torch.no_grad():
        say(Two.apply(x, y))
    say(Two.apply(x.detach(), y))


def with_setup_context(torch, say):
    class S(torch.autograd.Function):
        @staticmethod
        def forward(x, k, flag=True):
            return x * k

        @staticmethod
        def setup_context(ctx, inputs, output):
            say(len(inputs), inputs[1:], output.requires_grad, output.grad_fn)
            x, ctx.k, _ = inputs
            ctx.save_for_backward(x)
            ctx.save_for_forward(x)

        @staticmethod
        def backward(ctx, g):
            say(ctx.needs_input_grad)
            return g * ctx.k, None, None

    x = torch.ones(2, requires_grad=True)
    y = S.apply(x, 3)
    y.sum().backward()
    say(x.grad, y)
    say.attempt(S.apply, x, k=2)
    say.attempt(S.apply, x)
    say.attempt(S.apply, x, 2, flag=False)

    class Bad(torch.autograd.Function):
        @staticmethod
        def forward(x):
            return x

        @staticmethod
        def setup_context(ctx, inputs, output):
            return 3

        @staticmethod
        def backward(ctx, g):
            return g

    y = Bad.apply(x)
    say(y, y is x, y._is_view(), y._base is x)


def mistakes(torch, say):
    x = torch.ones(2, requires_grad=True)

    def make(fw, bw):
        class A(torch.autograd.Function):
            forward = staticmethod(fw)
            backward = staticmethod(bw)

        return A

    T = lambda fw, bw: say.attempt(lambda: make(fw, bw).apply(x).sum().backward())
    T(lambda ctx, x: x * 2, lambda ctx, g: (g, g))
    T(lambda ctx, x: x * 2, lambda ctx, g: (g, None))
    say(x.grad)
    T(lambda ctx, x: x * 2, lambda ctx, g: ())
    T(lambda ctx, x: x * 2, lambda ctx, g: 3)
    T(lambda ctx, x: x * 2, lambda ctx, g: None)
    T(lambda ctx, x: x * 2, lambda ctx, g: g.sum())
    T(lambda ctx, x: x * 2, lambda ctx, g: torch.ones(3))
    T(lambda ctx, x: x * 2, lambda ctx, g: torch.ones(2, 2))
    T(lambda ctx, x: x * 2, lambda ctx, g: g.double())
    say(x.grad)
    T(lambda ctx, x: x * 2, lambda ctx, g: g.long())
    say(x.grad)
    T(lambda ctx, x: x * 2, lambda ctx, g: [g])
    T(lambda ctx, x: 3, lambda ctx, g: g)
    T(lambda ctx, x: None, lambda ctx, g: g)
    T(lambda ctx, x: "a", lambda ctx, g: g)
    T(lambda ctx, x: [x * 2], lambda ctx, g: g)
    say.attempt(make(lambda ctx, x: [x * 2], lambda ctx, g: g).apply, x)
    say.attempt(make(lambda ctx, x: (x * 2, 3, None), lambda ctx, g, a, b: (say(g, a, b), g)[1]).apply, x)
    p = make(lambda ctx, x: (x * 2, 3, None), lambda ctx, g, a, b: (say(g, a, b), g)[1]).apply(x)
    p[0].sum().backward()
    say.attempt(make(lambda ctx, x: (), lambda ctx, g: g).apply, x)
    T(lambda ctx, x: (ctx.save_for_backward(3), x * 2)[1], lambda ctx, g: g)
    T(lambda ctx, x: (ctx.save_for_backward([x]), x * 2)[1], lambda ctx, g: g)
    T(lambda ctx, x: (ctx.mark_dirty(x), x * 2)[1], lambda ctx, g: g)
    T(lambda ctx, x: (ctx.mark_dirty(x), x)[1], lambda ctx, g: g)
    T(lambda ctx, x: (ctx.mark_dirty(x), x.add_(1))[1], lambda ctx, g: g)
    T(lambda ctx, x: (ctx.set_materialize_grads("a"), x * 2)[1], lambda ctx, g: g)
    T(lambda ctx, x: (ctx.save_for_forward(3), x * 2)[1], lambda ctx, g: g)
    T(lambda ctx, x: x.long(), lambda ctx, g: g)
    say(make(lambda ctx, x: x.long(), lambda ctx, g: g).apply(x))
    T(lambda ctx, x: 1 / 0, lambda ctx, g: g)
    T(lambda ctx, x: x * 2, lambda ctx, g: 1 / 0)
    T(lambda ctx, x: x * 2, lambda ctx: 1)
    T(lambda x: x * 2, lambda ctx: 1)

    class V(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def vjp(ctx, g):
            return g * 5

    V.apply(x).sum().backward()
    say(x.grad)

    class W(V):
        @staticmethod
        def backward(ctx, g):
            return g

    say.attempt(lambda: W.apply(x).sum().backward())

    class NS(torch.autograd.Function):
        def forward(ctx, x):
            return x * 2

        def backward(ctx, g):
            return g * 2

    say.attempt(lambda: NS.apply(x).sum().backward())
    say(x.grad)


def arguments_by_name(torch, say):
    class Plain(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, a=2, b=4):
            say(ctx.needs_input_grad, a, b)
            return x * b

        @staticmethod
        def backward(ctx, g):
            return g, None, None

    class Named(Plain):
        @staticmethod
        def forward(x, *rest, **named):
            return x * 2

        @staticmethod
        def setup_context(ctx, inputs, output):
            say(inputs)

    class Alone(Plain):
        @staticmethod
        def forward(ctx, x, *, a=2):
            return x * a

    x = torch.ones(2, requires_grad=True)
    for call in (
        lambda: Plain.apply(x, b=3),
        lambda: Plain.apply(x),
        lambda: Plain.apply(a=1, x=x),
        lambda: Plain.apply(x, c=3),
        lambda: Plain.apply(),
        lambda: Plain.apply(x, 1, 2, 3),
        lambda: Plain.apply(x, 1, a=2),
        lambda: Plain.apply(x, ctx=3),
        lambda: Plain.apply(b=1),
        lambda: Named.apply(x, 1, 2),
        lambda: Named.apply(x, 1, z=2),
        lambda: Named.apply(),
        lambda: Alone.apply(x),
        lambda: Alone.apply(x, a=3),
    ):
        say.attempt(call)
