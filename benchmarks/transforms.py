"""torch.func on small networks: Jacobians, Hessians, gradients per sample, vmap."""

from collections.abc import Iterator
from itertools import pairwise

from . import harness
from .harness import Row


def layers(T, *sizes):
    T.manual_seed(0)
    return [(T.randn(n, m) * (1 / n) ** 0.5, T.zeros(m)) for n, m in pairwise(sizes)]


def forward(T, parameters, x):
    *hidden, (w, b) = parameters
    for v, c in hidden:
        x = T.tanh(x @ v + c)
    return x @ w + b


def jacrev(T):
    """An MLP of 50 inputs, 50-64-64-10."""
    parameters, x = layers(T, 50, 64, 64, 10), T.randn(50)
    f = T.func.jacrev(lambda x: forward(T, parameters, x))
    return harness.repeat(lambda: f(x))


def hessian(T):
    """Of a scalar function of the same inputs."""
    parameters, x = layers(T, 50, 64, 64, 10), T.randn(50)
    f = T.func.hessian(lambda x: forward(T, parameters, x).square().sum())
    return harness.repeat(lambda: f(x))


def digits(T):
    """The MLP of the digits, 64-64-10, and a loss of one sample or many."""
    parameters = layers(T, 64, 64, 10)
    X, Y = T.rand(64, 64), T.randint(0, 10, (64,))

    def loss(parameters, x, y):
        return T.nn.functional.cross_entropy(forward(T, parameters, x), y)

    return parameters, X, Y, loss


def per_sample(T):
    parameters, X, Y, loss = digits(T)
    f = T.vmap(T.func.grad(loss), in_dims=(None, 0, 0))
    return harness.repeat(lambda: f(parameters, X, Y))


def hvp(T):
    parameters, X, Y, loss = digits(T)
    tangents = [(T.randn_like(w), T.randn_like(b)) for w, b in parameters]
    gradient = T.func.grad(lambda parameters: loss(parameters, X, Y))
    return harness.repeat(lambda: T.func.jvp(gradient, (parameters,), (tangents,)))


def pointwise(T):
    """A chain of 20 pointwise ops on samples of 32 numbers."""

    def chain(x):
        for _ in range(4):
            x = (x.sin() * 2 + 1).tanh() - x
        return x

    X = T.randn(1000, 32)
    f = T.vmap(chain)
    return harness.repeat(lambda: f(X))


def rows() -> Iterator[Row]:
    yield harness.compare("jacrev of an MLP, 50 inputs", jacrev, 0.8)
    yield harness.compare("hessian of an MLP, 50 inputs", hessian, 0.8)
    yield harness.compare("vmap(grad) of the digits MLP, batch 64", per_sample, 0.8)
    yield harness.compare("hvp of the digits MLP, batch 64", hvp, 0.8)
    yield harness.compare("vmap of 20 pointwise ops, batch 1000", pointwise, 1.0)
