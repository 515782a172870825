"""Programs of nested transforms: drawn from a seed, run on a module, printed as what they are.

A program is a tree of tuples.  Run, it is a function of a vector `q` of N numbers and of `caps`, the vectors of all
enclosing scopes, which it captures; it returns a vector of N numbers.  `vmap` is given, so that a loop can take its place.
"""

import numpy as np

N, B = 2, 3


def let(values, f):
    return f(*values)


def total(x):
    return x.sum()


def written(q, c, T, how):
    """A copy of q after a write, through the tensor or through a view of it."""
    y = q.clone()
    if how == "whole":
        y.mul_(c)
    elif how == "element":
        y[0] = (q * c).sum()
    elif how == "view":
        y[1:].add_(c[:1]).sin_()
    elif how == "transposed":
        y.view(1, N).t()[0].mul_(c[1])
    elif how == "copied":
        y[:1].copy_(c[1:] * q[:1])
    elif how == "filled":
        y.narrow(0, 0, 1).fill_(0.5)
    return y


# Functions of two vectors that return one: elementwise ops, reductions, views, writes, ops of several outputs.
LEAVES = {
    "sin(q*c)": lambda T, q, c: (q * c).sin(),
    "c*tanh(q+c)": lambda T, q, c: c * (q + c).tanh(),
    "sin(c)*q": lambda T, q, c: c.sin() * q,
    "exp": lambda T, q, c: (q * 0.5).exp() * c,
    "sigmoid": lambda T, q, c: T.sigmoid(q) - c,
    "quotient": lambda T, q, c: q / (1 + c * c),
    "power": lambda T, q, c: (1 + q * q) ** c,
    "constant": lambda T, q, c: c * 0.7 + 0.1,
    "sum": lambda T, q, c: q.sum() * c,
    "mean, keepdim": lambda T, q, c: q.mean(0, keepdim=True) * c.sin(),
    "outer": lambda T, q, c: (q[:, None] * c).sum(0).tanh(),
    "matmul": lambda T, q, c: (q.view(1, N) @ (c[:, None] * q[None])).view(N).sin(),
    "matvec": lambda T, q, c: T.outer(q, c).tanh() @ q,
    "dot": lambda T, q, c: q.dot(c) * c,
    "softmax": lambda T, q, c: T.softmax(q * c, -1) * q,
    "logsumexp": lambda T, q, c: T.logsumexp(q, 0) - c,
    "cumsum": lambda T, q, c: (q * c).cumsum(0),
    "cumprod": lambda T, q, c: (q + c).cumprod(0),
    "prod": lambda T, q, c: q.prod() + c,
    "norm": lambda T, q, c: (q * q + 0.1).norm() * c,
    "var": lambda T, q, c: (q * c).var() + q,
    "stack": lambda T, q, c: T.stack([q, c.sin()], 1).sum(1),
    "cat": lambda T, q, c: T.cat([q[1:] * c[:1], c[1:]]),
    "flip": lambda T, q, c: q.flip(0) * c,
    "unbind": lambda T, q, c: let(q.unbind(0), lambda a, b: T.stack([a * b, a.sin()])) * c,
    "chunk": lambda T, q, c: let((q * c).chunk(2), lambda a, b: T.cat([b, a * b])),
    "sort": lambda T, q, c: (q + c).sort().values,
    "max": lambda T, q, c: T.stack([q, c]).max(0).values,
    "amin": lambda T, q, c: T.stack([q, c]).amin(0),
    "var_mean": lambda T, q, c: let(T.var_mean(q), lambda v, m: v * c + m),
    "frexp": lambda T, q, c: T.frexp(q).mantissa * c,
    "where": lambda T, q, c: T.where(q > c, q * c, q.sin()),
    "clamp": lambda T, q, c: q.clamp(-0.5, 0.5) * c,
    "gather": lambda T, q, c: q.gather(0, T.tensor([1, 1])) * c,
    "index": lambda T, q, c: q[T.tensor([1, 0])] + c[-1],
    "index_add": lambda T, q, c: q.index_add(0, T.tensor([0, 0]), c),
    "expand": lambda T, q, c: (q[:1].expand(N) * c).exp(),
    "transpose": lambda T, q, c: (q[:, None] + c).t().tanh()[0],
    "diagonal": lambda T, q, c: (q[:, None] * c.sin()).diagonal(),
    "pad": lambda T, q, c: T.nn.functional.pad(q * c, (1, 0))[:N],
    "detached": lambda T, q, c: q.detach() * c + q,
    "linear": lambda T, q, c: T.nn.functional.linear(q, T.outer(q, c).sin(), c),
    "written whole": lambda T, q, c: written(q, c, T, "whole"),
    "written element": lambda T, q, c: written(q, c, T, "element"),
    "written view": lambda T, q, c: written(q, c, T, "view"),
    "written transposed": lambda T, q, c: written(q, c, T, "transposed"),
    "written copied": lambda T, q, c: written(q, c, T, "copied"),
    "written filled": lambda T, q, c: written(q, c, T, "filled") * c,
}

NESTED = [
    "grad", "vjp", "jvp", "jacrev", "jacfwd", "hessian", "vmap", "vmap", "vmap columns", "vmap scaled", "vmap pairs", "then",
]  # fmt: skip


def draw(rng, depth):
    """A random program of at most this depth."""
    kind = "leaf" if depth == 0 else rng.choice(["leaf", *NESTED, *NESTED])
    i, j = map(int, rng.integers(0, 99, 2))
    if kind == "leaf":
        return ("leaf", str(rng.choice(list(LEAVES))), i)
    below = draw(rng, depth - 1)
    if kind == "hessian" and _transforms(below) > 1:  # costs the cube
        kind = "grad"
    if kind == "then":
        return ("then", below, draw(rng, depth - 1))
    return (str(kind), below, i, j, int(rng.integers(1 << 30)))


def _transforms(program):
    return sum(_transforms(p) if type(p) is tuple else p in NESTED for p in program)


def run(program, T, vmap, q, caps):
    """The program as a function of (q, caps)."""
    kind, F = program[:2]
    pick = lambda i, some: some[i % len(some)]
    if kind == "leaf":
        return LEAVES[F](T, q, pick(program[2], caps))
    if kind == "then":
        return run(F, T, vmap, run(program[2], T, vmap, q, caps), [*caps, q])
    i, j, seed = program[2:]
    at, by = pick(j, [*caps, q]), pick(i, caps)
    inner = lambda p: run(F, T, vmap, p, [*caps, q, p])
    scalar = lambda p: total(inner(p) * by)
    M = T.tensor(np.random.default_rng(seed).normal(size=(B, N)) * 0.7)
    func = T.func
    if kind == "grad":
        return func.grad(scalar)(at)
    if kind == "vjp":
        return func.vjp(inner, at)[1](by)[0]
    if kind == "jvp":
        return func.jvp(inner, (at,), (by,))[1]
    if kind == "jacrev":
        return func.jacrev(inner)(at) @ by
    if kind == "jacfwd":
        return by @ func.jacfwd(inner)(at)
    if kind == "hessian":
        return func.hessian(scalar)(at) @ by
    if kind == "vmap":
        return vmap(lambda z: run(F, T, vmap, z * q, [*caps, q, z]))(M).sum(0)
    if kind == "vmap columns":
        return vmap(lambda z: run(F, T, vmap, z, [*caps, q, z]), 1, 1)(M.t()).sum(1)
    if kind == "vmap scaled":
        return vmap(lambda z: run(F, T, vmap, z, [*caps, q, z]))(q.expand(B, N) * M).sum(0)
    assert kind == "vmap pairs"
    return vmap(lambda z, s: run(F, T, vmap, z + s, [*caps, q, z, s]), (0, None))(M, at).mean(0)


def loop(T):
    """vmap by hand."""

    def vmap(f, in_dims=0, out_dims=0):
        def mapped(*xs):
            dims = in_dims if isinstance(in_dims, tuple) else (in_dims,) * len(xs)
            count = next(x.shape[d] for x, d in zip(xs, dims, strict=True) if d is not None)
            part = lambda x, d, i: x if d is None else x.select(d, i)
            return T.stack(
                [f(*[part(x, d, i) for x, d in zip(xs, dims, strict=True)]) for i in range(count)], out_dims
            )

        return mapped

    return vmap


ENDS = {
    "value": lambda T, vmap, f, q, t: f(q),
    "grad": lambda T, vmap, f, q, t: T.func.grad(f)(q),
    "jvp": lambda T, vmap, f, q, t: T.func.jvp(f, (q,), (t,))[1],
    "jacrev of grad": lambda T, vmap, f, q, t: T.func.jacrev(T.func.grad(f))(q),
    "jacfwd of grad": lambda T, vmap, f, q, t: T.func.jacfwd(T.func.grad(f))(q),
    "vmap of grad": lambda T, vmap, f, q, t: vmap(T.func.grad(f))(T.stack([q, t])),
    "backward": lambda T, vmap, f, q, t: backward(T, f, q.clone().requires_grad_()),
}  # fmt: skip


def backward(T, f, leaf):
    y = f(leaf)
    if not y.requires_grad:
        return T.zeros_like(leaf)
    return T.autograd.grad(y, leaf, allow_unused=True, materialize_grads=True)[0]


def result(program, end, seed, T, vmap):
    """What the program comes to: numbers, as an array."""
    rng = np.random.default_rng(seed)
    q, c, t = [T.tensor(rng.normal(size=N) * 0.7) for _ in range(3)]
    f = lambda p: total(run(program, T, vmap, p, [c, p]) * c)
    return ENDS[end](T, vmap, f, q, t).detach().numpy()
