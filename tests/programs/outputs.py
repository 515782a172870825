"""Custom Functions: written inputs, views, several outputs, higher orders, forward mode."""


def dirty_inputs(torch, say):
    class D(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            x.mul_(2)
            ctx.mark_dirty(x)
            return x

        @staticmethod
        def backward(ctx, g):
            return g * 2

    a = torch.ones(3, requires_grad=True)
    b = a * 1
    c = D.apply(b)
    say(c is b, c.grad_fn.name(), b._version, b)
    c.sum().backward()
    say(a.grad)
    a.grad = None
    b = a * 1
    v = b[:2]
    D.apply(v)
    say(b.grad_fn, v.grad_fn, b, b._version)
    b.sum().backward()
    say(a.grad)
    say.attempt(D.apply, a)
    say(a)
    say.attempt(lambda: D.apply(a[:2]))
    say(a)
    t = torch.ones(2)
    say(D.apply(t), t._version, t.requires_grad)
    say.attempt(D.apply, (a * 1).unbind()[0])
    with torch.no_grad():
        v = b[:1]
    say.attempt(D.apply, v)

    class D2(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, y):
            x.mul_(2)
            ctx.mark_dirty(x)
            return x, y * x

        @staticmethod
        def backward(ctx, g, h):
            return g * 2, h

    b = a * 1
    r = D2.apply(b, torch.ones(3))
    say(r, r[0] is b)
    b = a * 1
    say.attempt(D2.apply, b[:2], torch.ones(2))

    class N(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.mark_dirty(x)
            return x

        @staticmethod
        def backward(ctx, g):
            return g

    b = a * 1
    N.apply(b)
    say(b._version, b)


def views_and_outputs(torch, say):
    class V(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x.view(-1)

        @staticmethod
        def backward(ctx, g):
            return g.view(2, 2)

    a = torch.ones(2, 2, requires_grad=True)
    b = a * 1
    v = V.apply(b)
    say(v, v._is_view(), v._base is b)
    say.attempt(v.mul_, 2)

    class V2(V):
        @staticmethod
        def forward(ctx, x):
            return x.view(-1), x + 1

        @staticmethod
        def backward(ctx, g, h):
            return g.view(2, 2)

    v, w = V2.apply(b)
    say(v, w, v._is_view(), w._is_view())
    say.attempt(v.mul_, 2)
    say.attempt(w.mul_, 2)

    class Same(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x

        @staticmethod
        def backward(ctx, g):
            return g * 3

    y = Same.apply(a)
    say(y is a, y, y._is_view(), y._base is a, y.is_leaf)
    y.sum().backward()
    say(a.grad)
    say.attempt(y.mul_, 2)
    y = Same.apply(b)
    say.attempt(y.mul_, 2)
    t = torch.ones(2)
    y = Same.apply(t)
    say(y is t, y._is_view(), y.requires_grad)
    say.attempt(y.mul_, 2)
    say(t)

    class M(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            i = x.argmax()
            y = x * 2
            z = x * 3
            ctx.mark_non_differentiable(i, z)
            return y, i, z

        @staticmethod
        def backward(ctx, g, gi, gz):
            say(g, gi, gz)
            return g * 2

    y, i, z = M.apply(a)
    say(y.requires_grad, i, z)
    y.sum().backward()

    class MM(M):
        @staticmethod
        def forward(ctx, x):
            ctx.set_materialize_grads(False)
            return M.forward(ctx, x)

        @staticmethod
        def backward(ctx, g, gi, gz):
            say(g, gi, gz)
            return g

    y, i, z = MM.apply(a)
    y.sum().backward()

    class U(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.set_materialize_grads(False)
            return x * 1, x * 2

        @staticmethod
        def backward(ctx, g, h):
            say(g, h)
            return None if g is None else g

    y, z = U.apply(a)
    a.grad = None
    z.sum().backward()
    say(a.grad)

    class Dup(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            y = x * 2
            return y, y

        @staticmethod
        def backward(ctx, g, h):
            say(g, h)
            return g + h

    y, z = Dup.apply(a)
    say(y is z, y.grad_fn, y.output_nr, z.output_nr)
    y.sum().backward()

    class Stepped(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            with torch.enable_grad():
                return x.detach().requires_grad_() * 2

        @staticmethod
        def backward(ctx, g):
            return g

    y = Stepped.apply(a)
    say(y)
    y.sum().backward()


def twice(torch, say):
    class Cube(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            y = x**3
            ctx.save_for_backward(x, y)
            return y

        @staticmethod
        def backward(ctx, g):
            x, y = ctx.saved_tensors
            say(
                x.grad_fn,
                y.grad_fn,
                y.requires_grad,
                x.requires_grad,
                torch.is_grad_enabled(),
                g.requires_grad,
            )
            return g * 3 * x**2 + 0 * y

    x = torch.tensor(2.0, dtype=torch.float64, requires_grad=True)
    (g,) = torch.autograd.grad(Cube.apply(x), x, create_graph=True)
    say(g.grad_fn is not None, g.detach())
    (h,) = torch.autograd.grad(g, x, create_graph=True)
    say(h.detach())
    (k,) = torch.autograd.grad(h, x)
    say(k)
    from_once = torch.autograd.function.once_differentiable

    class Once(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x**2

        @staticmethod
        @from_once
        def backward(ctx, g):
            say(torch.is_grad_enabled())
            return g * 2 * ctx.saved_tensors[0]

    Once.apply(x).backward()
    say(x.grad)
    (g,) = torch.autograd.grad(Once.apply(x), x, create_graph=True)
    say(g)
    say.attempt(torch.autograd.grad, g, x)

    class Inter(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            m = x * 3
            ctx.save_for_backward(m)
            ctx.x = x
            return m * m

        @staticmethod
        def backward(ctx, g):
            (m,) = ctx.saved_tensors
            return g * 2 * m * 3

    (g,) = torch.autograd.grad(Inter.apply(x), x, create_graph=True)
    say(g.requires_grad, g)
    say.attempt(torch.autograd.gradcheck, Cube.apply, (x,))
    say.attempt(torch.autograd.gradgradcheck, Inter.apply, (x,))

    class Mod(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * 2

        @staticmethod
        def backward(ctx, g):
            return g * ctx.saved_tensors[0]

    a = torch.ones(2, requires_grad=True)
    b = a * 1
    y = Mod.apply(b)
    b.add_(1)
    say.attempt(y.sum().backward)

    class ModO(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            y = x * 2
            ctx.save_for_backward(y)
            return y

        @staticmethod
        def backward(ctx, g):
            return g * ctx.saved_tensors[0]

    y = ModO.apply(a)
    y.add_(1)
    say.attempt(y.sum().backward)

    class Nested(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            with torch.enable_grad():
                ctx.inp = x.detach().requires_grad_()
                ctx.out = (ctx.inp**2).sum()
            return ctx.out.detach()

        @staticmethod
        def backward(ctx, g):
            say(torch.is_grad_enabled())
            with torch.enable_grad():
                ctx.out.backward()
            return ctx.inp.grad * g

    a.grad = None
    Nested.apply(a * 2).backward()
    say(a.grad)


def forward_mode(torch, say):
    fwd = torch.autograd.forward_ad

    class S(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, k):
            ctx.save_for_forward(x)
            ctx.k = k
            return x * k, x * x

        @staticmethod
        def jvp(ctx, t, _):
            say(t, _, ctx.saved_tensors)
            return t * ctx.k, 2 * t

        @staticmethod
        def backward(ctx, g, h):
            return g * ctx.k, None

    with fwd.dual_level():
        d = fwd.make_dual(torch.ones(2), torch.tensor([1.0, 2.0]))
        p, q = S.apply(d, 4)
        say(fwd.unpack_dual(p).tangent, fwd.unpack_dual(q).tangent)

        class N(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                return x * 2

            @staticmethod
            def backward(ctx, g):
                return g

        say.attempt(N.apply, d)
        say.attempt(fwd.make_dual, torch.ones(2), torch.ones(3))
        say.attempt(fwd.make_dual, torch.ones(2, dtype=torch.int64), torch.ones(2))
        say.attempt(fwd.unpack_dual, torch.ones(2))
        say.attempt(fwd.enter_dual_level)
    say.attempt(fwd.make_dual, torch.ones(2), torch.ones(2))
    say.attempt(fwd.exit_dual_level)

    class B(S):
        @staticmethod
        def jvp(ctx, t, _):
            return t

    with fwd.dual_level():
        d = fwd.make_dual(torch.ones(2), torch.tensor([1.0, 2.0]))
        say.attempt(B.apply, d, 3)

    class B(S):
        @staticmethod
        def jvp(ctx, t, _):
            return t, torch.ones(3)

    with fwd.dual_level():
        d = fwd.make_dual(torch.ones(2), torch.tensor([1.0, 2.0]))
        say.attempt(B.apply, d, 3)

    class B(S):
        @staticmethod
        def jvp(ctx, t, _):
            return t, 3

    with fwd.dual_level():
        d = fwd.make_dual(torch.ones(2), torch.tensor([1.0, 2.0]))
        say.attempt(B.apply, d, 3)
