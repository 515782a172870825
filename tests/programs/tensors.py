"""Views, copies, `.data`, printing: tensors as their history sees them."""

import copy
import pickle

import numpy as np


def views(torch, say):
    a = torch.arange(6.0).requires_grad_()
    b = a * 1
    v = b.view(2, 3)
    w = v[0]
    say(v._base is b, w._base is b, w._is_view(), b._is_view(), a._base, w.grad_fn)
    w.mul_(2)
    say(b.grad_fn, v.grad_fn, w.grad_fn, b._version, v._version, w._version, v.grad_fn.next_functions)
    b.sum().backward()
    say(a.grad)
    with torch.no_grad():
        n = b[1:]
    say(n.requires_grad, n._is_view(), n._base is b, n.grad_fn)
    say.attempt(n.mul_, 2)
    u = (a * 1).unbind()
    say.attempt(u[0].add_, 1)
    s = (a * 1).split(2)
    say.attempt(s[0].add_, 1)
    c = (a * 1).chunk(2)
    say.attempt(c[0].mul_, 2)
    d = b.detach()
    say(d._is_view(), d._base is None, d.requires_grad)
    d.add_(1)
    say(b._version)
    say.attempt(b.detach_)
    say(b.grad_fn, b.requires_grad, b.is_leaf)
    say.attempt((a * 1)[0].detach_)
    t = torch.zeros(4)
    t2 = t[:2]
    t2.requires_grad_()
    say(t2.is_leaf)
    say.attempt(t.add_, 1)
    say.attempt(t2.add_, 1)
    t = torch.zeros(4)
    t2 = t[:2]
    t.add_(a[:4])
    say(t2.grad_fn, t2.requires_grad, t.grad_fn)
    t = torch.zeros(4)
    t[1:3] = a[:2]
    say(t.grad_fn, t.grad_fn.next_functions)
    t.sum().backward()
    say(a.grad)
    t = torch.zeros(4)
    t.copy_(a[:4] * 2)
    t.data = torch.ones(4)
    say(t.grad_fn, t)
    say.attempt(lambda: a.data.requires_grad)
    say(a.data._version)
    x = torch.zeros(3)
    y = x.expand(2, 3)
    say.attempt(y.add_, 1)
    say(torch.empty(2, 3).t()._is_view(), x.reshape(3)._is_view(), x.contiguous() is x, x[None]._base is x)
    b = a * 1
    v = b[:3]
    v.retain_grad()
    v.mul_(2)
    (b * 1).sum().backward()
    say(v.grad)
    b = a * 1
    hooks = []
    v = b[:3]
    v.register_hook(lambda g: hooks.append(g.tolist()))
    v.mul_(3)
    v.register_hook(lambda g: hooks.append(g.tolist()))
    b.sum().backward()
    say(hooks)
    b = a * 1
    c = b.view(2, 3)
    del b
    c.mul_(2)
    say(c.grad_fn, c._base.grad_fn)
    r = torch.zeros(3, requires_grad=True)
    q = r.detach()
    say(q.data_ptr() == r.data_ptr())
    say(torch.ones(3, requires_grad=True).clone().grad_fn, a.real is a)
    say.attempt(a.numpy)
    say.attempt(a.tolist)
    say.attempt(a.__array__)
    say.attempt(lambda: a.detach().numpy())


def detached(torch, say):
    a = torch.ones(3, requires_grad=True)
    b = a * 2
    c = b.detach()
    say(c.requires_grad, c.is_leaf, c.grad_fn, c._version)
    c[0] = 5
    say(b, b._version, c._version)
    b2 = a * 2
    b2.detach_()
    say(b2, b2.is_leaf, b2.grad_fn)
    b2.requires_grad_()
    (b2 * 3).sum().backward()
    say(b2.grad, a.grad)
    d = a * 2
    d.data = torch.zeros(5)
    say(d, d.shape)
    say.attempt(setattr, a, "data", torch.zeros(2, dtype=torch.int64))
    a.data = torch.full((3,), 7.0)
    say(a, a.is_leaf, a._version)
    (a * a).sum().backward()
    say(a.grad)
    a.data = torch.zeros(4)
    say(a.shape, a.grad.shape)
    say.attempt((a * a).sum().backward)
    e = torch.ones(2, requires_grad=True)
    f = e.exp()
    e.data = torch.zeros(2)
    f.sum().backward()
    say(e.grad)
    e = torch.ones(2, requires_grad=True)
    f = e * e
    e.data.mul_(3)
    f.sum().backward()
    say(e.grad)
    e = torch.ones(2, requires_grad=True)
    f = e * e
    e.data = torch.full((2,), 5.0)
    f.sum().backward()
    say(e.grad)
    x = torch.ones(2)
    x.requires_grad = True
    say(x)
    x.requires_grad = False
    say(x, x.is_leaf)
    x.requires_grad_()
    x.sum().backward()
    say(x.grad)
    x.requires_grad_(False)
    say(x.grad)
    x.requires_grad_()
    x.sum().backward()
    say(x.grad)
    v = torch.zeros(4)
    w = v[:2]
    w.requires_grad_()
    (w * 2).sum().backward()
    say(w.grad, v.requires_grad, v.grad)
    say(torch.ones(2).detach().requires_grad_().is_leaf)
    p = torch.ones(2, requires_grad=True)
    q = p.view(2)
    say.attempt(q.detach_)
    q2 = p.detach().view(2)
    say(q2._base is None, q2._is_view())


def copies_and_pickles(torch, say):
    a = torch.arange(4.0).reshape(2, 2).requires_grad_()
    a.sum().backward()
    b = a * 2
    c = pickle.loads(pickle.dumps(a))
    say(c, c.requires_grad, c.grad, c.is_leaf)
    say.attempt(lambda: pickle.loads(pickle.dumps(b)))
    say.attempt(copy.deepcopy, b)
    d = copy.deepcopy(a)
    say(d, d.grad, d is a, d.grad is a.grad)
    e = copy.copy(a)
    say(e, e is a, e.grad, e.data_ptr() == a.data_ptr())
    p, q = copy.deepcopy([a, a])
    say(p is q)
    for dt in (torch.bool, torch.int8, torch.float16, torch.bfloat16, torch.complex64):
        t = torch.ones(2, dtype=dt)
        say(pickle.loads(pickle.dumps(t)), copy.deepcopy(t), copy.copy(t))
    say(
        pickle.loads(pickle.dumps(torch.float32)) is torch.float32,
        copy.deepcopy(torch.float32) is torch.float32,
        pickle.loads(pickle.dumps(torch.Size([2, 3]))),
        pickle.loads(pickle.dumps(torch.device("cpu"))),
    )
    t = torch.ones(2)
    t.foo = 3
    say(copy.copy(t).foo, copy.deepcopy(t).foo, pickle.loads(pickle.dumps(t)).foo)
    t = torch.arange(6.0).reshape(2, 3).t()
    say(pickle.loads(pickle.dumps(t)).stride(), copy.deepcopy(t).stride(), copy.copy(t).stride())
    g = torch.Generator()
    g.manual_seed(3)
    say.attempt(lambda: copy.deepcopy(g) is not g)
    say(hash(a) == hash(a), a in {a: 1}, {a, b} == {b, a})

    x = torch.ones(3, requires_grad=True)
    y = copy.copy(x)
    y.sum().backward() if y.requires_grad else 0
    say(x.grad, y.grad)


def variables(torch, say):
    V = torch.autograd.Variable
    v = V(torch.ones(2), requires_grad=True)
    say(v, isinstance(v, V), isinstance(torch.ones(2), V))
    say.attempt(V, 3)
    say.attempt(V, torch.ones(2), volatile=True)
    say(V(torch.ones(1)).requires_grad)
    say.attempt(V, [1.0])
    say.attempt(V, None)
    say.attempt(V, torch.ones(1), None)
    say.attempt(V, torch.ones(1, dtype=torch.int64), True)
    say(torch.is_tensor(v), torch.is_tensor(3))


def odds_and_ends(torch, say):
    a = torch.ones(2, 2, requires_grad=True)
    b = a.sum(0)
    b.retain_grad()
    b.retain_grad()
    b[0].backward()
    say(b.grad, a.grad)
    b = a * 2
    b.retain_grad()
    b.mul_(2)
    b.sum().backward()
    say(b.grad)
    b = a * 2
    b.retain_grad()
    b2 = b
    b = b + 1
    b.sum().backward()
    say(b2.grad)
    a.retain_grad()
    say(a.retains_grad)
    c = a.clone()
    c.retain_grad()
    c.sum().backward(retain_graph=True)
    c.sum().backward()
    say(c.grad)
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = x[0] * x[1]
    y.backward()
    say(x.grad)
    say(len(x), [float(i.detach()) for i in x], x[0].grad_fn)
    say(
        (x > 1).requires_grad,
        x.argmax().requires_grad,
        (x == x).grad_fn,
        x.long().requires_grad,
        x.int().grad_fn,
    )
    say(x.to(torch.float64).grad_fn, x.to(torch.float32) is x, x.double().sum().backward(), x.grad)
    w = torch.ones(2, requires_grad=True)
    w2 = w.to(torch.float64)
    w2.retain_grad()
    (w2 * 2).sum().backward()
    say(w2.grad.dtype, w.grad.dtype)
    k = torch.tensor(3.0, requires_grad=True)
    k2 = k**3
    (g1,) = torch.autograd.grad(k2, k, create_graph=True)
    (g2,) = torch.autograd.grad(g1, k, create_graph=True)
    (g3,) = torch.autograd.grad(g2, k, create_graph=True)
    (g4,) = torch.autograd.grad(g3, k, allow_unused=True, create_graph=True)
    say(g1, g2, g3, g4)
    h = torch.ones(3, requires_grad=True)
    s = h.sum()
    say(s.grad_fn.next_functions[0][0].variable is h, s.grad_fn._saved_self_sym_sizes)
    t = torch.zeros(2, requires_grad=True)
    u = t * 0
    u /= 0
    say(u)
    r = torch.ones(2, requires_grad=True)
    r2 = r + 0
    r2 += r
    r2 *= r
    r2.sum().backward()
    say(r.grad)
    say.attempt(lambda: r.__iadd__(1))
    say.attempt(r.zero_)
    say.attempt(r.resize_, 3)
    say.attempt(r.copy_, torch.ones(2))
    say.attempt(r.fill_, 1)
    say.attempt(r.uniform_)
    say.attempt(torch.add, r, r, out=r)
    say.attempt(torch.add, r, r, out=torch.zeros(2))
    say.attempt(torch.nn.functional.relu, r, inplace=True)
    o = torch.zeros(2)
    with torch.no_grad():
        say(torch.add(r, r, out=o), o.requires_grad, r.zero_())
    say(r._version, torch.equal(r, torch.zeros(2)), r.is_leaf)
    n = torch.ones(2, requires_grad=True)
    try:
        n.add_(1)
    except RuntimeError:
        say(n, n._version)
    say(torch.ones(2, requires_grad=True) + torch.ones(2, requires_grad=True).sum())
    say(torch.tensor([1, 2]).float().requires_grad_().pow(2).sum().backward())
    say(torch.is_grad_enabled(), torch.is_floating_point(n), n.is_floating_point(), n.requires_grad)
    say(
        torch.randn(2, requires_grad=True),
        torch.empty(0, requires_grad=True),
        torch.zeros(1, requires_grad=True).squeeze(),
    )


def printed(torch, say):
    a = torch.ones(2, requires_grad=True)
    say(a, a * 2, repr(a.sum()), str(a), f"{a.sum()}", f"{a}")
    say(torch.tensor(2.0).item(), f"{torch.tensor(2.0):.3f}", format(torch.tensor(3)))
    say(
        torch.ones(2, dtype=torch.float64, requires_grad=True),
        torch.ones(2, dtype=torch.int32),
        torch.tensor([True]),
        torch.ones(2, dtype=torch.complex64, requires_grad=True) * 2,
    )
    print_opts = torch.set_printoptions
    print_opts(precision=2)
    say(torch.tensor(3.14159))
    print_opts(profile="default")
    v = a.view(2)
    say(v, v[0])
    b = a * 1
    b.add_(1)
    say(b)
    say(a.expand(2, 2), a.t())
    say(torch.zeros(3, 0), torch.zeros(1000)[:0], torch.arange(2000.0))
    say(
        a.grad_fn,
        (a + 1).grad_fn.name(),
        a.is_leaf,
        a.dtype,
        a.device,
        a.shape,
        a.size(),
        a.size(0),
        a.layout,
        a.type(),
        a.stride(),
        a.ndim,
        a.numel(),
    )


def warnings_of_tensors(torch, say):
    a = torch.ones(2, requires_grad=True)
    b = a * 2
    b.grad
    b.grad
    b.sum().backward(create_graph=True)
    torch.tensor(a)
    a.new_tensor(a)
    torch.as_tensor(a)
    say(a.is_leaf, b.is_leaf, a.grad, b.output_nr, a.output_nr)
    with torch.no_grad():
        c = a * 2
        c.grad
    say.attempt(lambda: torch.tensor(2.0, requires_grad=True).item())
    say.attempt(bool, a)
    say.attempt(int, a.sum())


def beside_numpy(torch, say):
    t, a = torch.tensor([1.0, 2.0]), np.array([1.0, 3.0])
    for f in (
        lambda: t == a, lambda: a == t, lambda: t == np.array(["a", "b"]), lambda: t == [1.0, 2.0], lambda: t == np.ones(3),
        lambda: t + a, lambda: a + t, lambda: t * a, lambda: a * t, lambda: t / a, lambda: a / t, lambda: a - t,
        lambda: t < a, lambda: t**a, lambda: np.float64(2) - t, lambda: t - np.float64(2), lambda: np.float64(2) * t,
        lambda: np.float32(2) / t, lambda: np.int64(2) + t, lambda: np.float64(2) == t, lambda: np.bool(True) == t,
        lambda: np.exp(t), lambda: np.add(a, t), lambda: t.eq(a),
    ):  # fmt: skip
        say.attempt(f)


def warnings_of_ops(torch, say):
    F = torch.nn.functional
    x, z = torch.arange(6.0).reshape(2, 3), torch.ones(2, dtype=torch.complex64)
    fixed = np.ones(2)
    fixed.flags.writeable = False
    for f in (
        lambda: x[None].T, lambda: torch.meshgrid(x[0], x[1]), lambda: torch.range(0, 3), lambda: torch.std(torch.ones(1)),
        lambda: torch.ones(1).var(), lambda: z.to(torch.float32), lambda: torch.ones(2).copy_(z), lambda: F.softmax(x),
        lambda: F.mse_loss(x, x[0]), lambda: x[torch.tensor([1, 0], dtype=torch.uint8)], lambda: torch.add(x, x, out=torch.ones(7)),
        lambda: torch.sum(x, 0, out=torch.ones(7)), lambda: torch.mm(x, x.t(), out=torch.ones(7)), lambda: torch.as_tensor(fixed),
        lambda: torch.cumsum(x, 0, out=torch.ones(1)), lambda: torch.tensor(x), lambda: x.new_tensor(x),
        lambda: x.clone().index_reduce_(0, torch.tensor([0]), x[:1], "mean"),
    ):  # fmt: skip
        say.attempt(f)
