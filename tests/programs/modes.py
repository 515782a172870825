"""Grad mode, anomaly mode, gradcheck, complex numbers, threads."""

import threading


def grad_mode(torch, say):
    x = torch.ones(2, requires_grad=True)
    g = torch.is_grad_enabled
    with torch.no_grad():
        say(g(), (x * 2).requires_grad)
        with torch.enable_grad():
            say(g(), (x * 2).requires_grad)
        torch.set_grad_enabled(True)
        say(g())
    say(g())
    torch.set_grad_enabled(False)
    say(g())
    torch.set_grad_enabled(True)

    @torch.no_grad()
    def f():
        return g()

    @torch.no_grad
    def h():
        return g()

    @torch.set_grad_enabled(False)
    def k():
        return g()

    say(f(), h(), k(), g())

    @torch.no_grad()
    def gen():
        a = yield g()
        b = yield (g(), a)
        return b

    it = gen()
    say(next(it), g(), it.send(5), g())
    try:
        it.send(7)
    except StopIteration as e:
        say(e.value)
    say.attempt(torch.set_grad_enabled, 1)
    say.attempt(torch.set_grad_enabled)

    @torch.no_grad()
    class C:
        def __init__(self):
            self.a = g()

    say(C().a)
    seen = []
    with torch.no_grad():
        t = threading.Thread(target=lambda: seen.append(g()))
        t.start()
        t.join()
    say(seen, g())
    say(torch.no_grad().__class__.__name__, repr(torch.no_grad.__name__))
    say(torch.autograd.no_grad is torch.no_grad, torch.autograd.grad_mode.no_grad is torch.no_grad)


def anomaly_mode(torch, say):
    x = torch.tensor([0.0], requires_grad=True)
    with torch.autograd.detect_anomaly():
        y = (x.sqrt() * 0).sum()
        say.attempt(y.backward)
        say(sorted(y.grad_fn.metadata))
    with torch.autograd.set_detect_anomaly(True):
        say(torch.is_anomaly_enabled(), torch.is_anomaly_check_nan_enabled())
    with torch.autograd.set_detect_anomaly(True, check_nan=False):
        say(torch.is_anomaly_check_nan_enabled())
        y = (x.sqrt() * 0).sum()
        y.backward()
        say(x.grad)
    say(torch.is_anomaly_enabled(), torch.is_anomaly_check_nan_enabled())
    with torch.autograd.set_detect_anomaly(False, check_nan=False):
        say(torch.is_anomaly_enabled(), torch.is_anomaly_check_nan_enabled())

    class B(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, g):
            raise RuntimeError("mine")

    with torch.autograd.detect_anomaly():
        say.attempt(B.apply(x).backward)

    class C(B):
        @staticmethod
        def backward(ctx, g):
            raise ValueError("mine")

    with torch.autograd.detect_anomaly():
        say.attempt(C.apply(x).backward)

    class Nan(B):
        @staticmethod
        def backward(ctx, g):
            return g * float("nan")

    with torch.autograd.detect_anomaly():
        say.attempt((Nan.apply(x) * 2).sum().backward)
    with torch.autograd.detect_anomaly():
        a = torch.ones(2, requires_grad=True)
        b = a * a
        b2 = b * b
        b += 1
        say.attempt(b2.sum().backward)
    with torch.autograd.detect_anomaly(True):
        z = torch.tensor(0.0, requires_grad=True)
        (g,) = torch.autograd.grad(z**1.5, z, create_graph=True)
        say.attempt(torch.autograd.grad, g**0.5, z)
    say.attempt(torch.autograd.set_detect_anomaly)

    with torch.autograd.detect_anomaly():
        z = torch.tensor(0.0, requires_grad=True)
        (g,) = torch.autograd.grad(z**1.5, z, create_graph=True)
        say(g.grad_fn, sorted(g.grad_fn.metadata), g.grad_fn.metadata["parent_"])
        say.attempt(torch.autograd.grad, g * 0, z)


def checking_gradients(torch, say):
    gc, ggc = torch.autograd.gradcheck, torch.autograd.gradgradcheck
    x = torch.tensor([0.5, 2.0], dtype=torch.float64, requires_grad=True)

    class Bad(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, g):
            return g * 3

    say.attempt(gc, Bad.apply, x)
    say.attempt(gc, Bad.apply, x, raise_exception=False)
    try:
        gc(Bad.apply, (x,))
    except Exception as e:
        say(str(e), type(e).__mro__[1:3])
    say.attempt(gc, torch.sin, x.detach())
    say.attempt(gc, torch.sin, (3,))
    say.attempt(gc, torch.sin, x.float().detach().requires_grad_())
    say.attempt(gc, lambda x: x.detach(), x)
    say.attempt(gc, lambda x: (x, x * 2), x)
    say.attempt(gc, lambda x: 3, x)
    say.attempt(gc, lambda x: [x.sin(), 3], x)
    say.attempt(gc, lambda x: x.sin().long(), x)
    say.attempt(gc, torch.sin, x, check_forward_ad=True)
    say.attempt(gc, torch.sin, x, check_forward_ad=True, check_backward_ad=False, fast_mode=True)
    say.attempt(gc, torch.sin, x, check_backward_ad=False)
    say.attempt(gc, torch.sin, x, check_sparse_nnz=True)
    say.attempt(gc, torch.sin, x, check_grad_dtypes=True)
    say.attempt(gc, torch.sin, x, check_undefined_grad=False, eps=1e-5, atol=1e-4, rtol=0.1, nondet_tol=1e-3)
    say.attempt(ggc, torch.sin, x)
    say.attempt(ggc, torch.sin, x, torch.ones(2, dtype=torch.float64, requires_grad=True))
    say.attempt(ggc, lambda x: x * 2, x)
    say.attempt(
        ggc, torch.sin, x, gen_non_contig_grad_outputs=True, check_fwd_over_rev=True, check_rev_over_rev=False
    )
    say.attempt(ggc, torch.sin, x, check_fwd_over_rev=False, check_rev_over_rev=False)
    say.attempt(ggc, Bad.apply, x)
    say.attempt(
        gc,
        lambda a, b: (a @ b).sum(),
        (
            torch.ones(2, 2, dtype=torch.float64, requires_grad=True),
            torch.ones(2, 2, dtype=torch.float64, requires_grad=True),
        ),
    )
    say.attempt(gc, lambda x: x.expand(3, 2), x)
    e = torch.ones(1, dtype=torch.float64).expand(3).requires_grad_()
    say.attempt(gc, torch.sin, e)

    class Nondet(torch.autograd.Function):
        n = 0

        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, g):
            Nondet.n += 1
            return g * (2 + 1e-6 * Nondet.n)

    say.attempt(gc, Nondet.apply, x)

    class Zeros(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, g):
            return g * 2 + 1

    say.attempt(gc, Zeros.apply, x)

    class Undef(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.set_materialize_grads(False)
            return x * 2

        @staticmethod
        def backward(ctx, g):
            return g * 2

    say.attempt(gc, Undef.apply, x)

    class Cmplx(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, g):
            return (g * 2).float()

    say.attempt(gc, Cmplx.apply, x, check_grad_dtypes=True)
    say.attempt(gc, torch.sin)
    say.attempt(torch.autograd.gradcheck, torch.sin, x, foo=1)


def complex_numbers(torch, say):
    z = torch.tensor([1 + 2j, 3 - 1j], requires_grad=True)
    (z * z.conj()).real.sum().backward()
    say(z.grad)
    z.grad = None
    (z**2).real.sum().backward()
    say(z.grad)
    z.grad = None
    (z.exp()).imag.sum().backward()
    say(z.grad)
    z.grad = None
    z.abs().sum().backward()
    say(z.grad)
    z.grad = None
    z.angle().sum().backward()
    say(z.grad)
    z.grad = None
    say.attempt((z * z).sum().backward)
    (z * z).sum().backward(torch.tensor(1.0 + 0j))
    say(z.grad)
    z.grad = None
    x = torch.ones(2, requires_grad=True)
    (x * z).abs().sum().backward()
    say(x.grad, x.grad.dtype)
    z.grad = None
    torch.view_as_real(z).sum().backward()
    say(z.grad)
    r = torch.ones(2, 2, requires_grad=True)
    torch.view_as_complex(r).abs().sum().backward()
    say(r.grad)
    say.attempt(torch.autograd.grad, (z * 2).sum(), z, torch.tensor(1.0))
    say(torch.is_complex(z), z.is_complex())
    torch.complex(x, x).abs().sum().backward()
    say(x.grad)
    z64 = torch.tensor([1 + 2j], dtype=torch.complex128, requires_grad=True)
    say(
        torch.autograd.gradcheck(lambda z: z * z.conj(), z64),
        torch.autograd.gradcheck(lambda z: z.real, z64),
        torch.autograd.gradcheck(torch.sin, z64),
    )
    say(torch.autograd.gradgradcheck(lambda z: z.abs(), z64))


def threads(torch, say):
    w = torch.ones(100, requires_grad=True)
    errs = []

    def work(i):
        try:
            for _ in range(20):
                (w * i).sum().backward()
        except Exception as e:
            errs.append(e)

    ts = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    [t.start() for t in ts]
    [t.join() for t in ts]
    say(errs, w.grad[:3])
    x = torch.ones(2, requires_grad=True)
    y = (x * x).sum()
    out = []

    def twice():
        try:
            y.backward()
        except RuntimeError as e:
            out.append(str(e)[:30])

    t = threading.Thread(target=twice)
    t.start()
    t.join()
    say(x.grad, out)
    modes = []

    def m():
        modes.append(torch.is_grad_enabled())
        torch.set_grad_enabled(False)
        modes.append(torch.is_grad_enabled())

    t = threading.Thread(target=m)
    t.start()
    t.join()
    say(modes, torch.is_grad_enabled())
    with torch.no_grad():
        r = []
        t = threading.Thread(target=lambda: r.append((x * 2).requires_grad))
        t.start()
        t.join()
        say(r)
    hookt = []
    x.register_hook(lambda g: hookt.append(threading.current_thread() is threading.main_thread()))
    x.sum().backward()
    say(hookt)
