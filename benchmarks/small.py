"""Programs of small tensors, where the time is the library's own: call, record, node, walk back."""

from collections.abc import Iterator
from itertools import pairwise

from . import harness
from .harness import Row


def add(T):
    a, b = T.tensor([1.0, 2.0, 3.0, 4.0]), T.tensor([5.0, 6.0, 7.0, 8.0])

    def loop(count):
        for _ in range(count):
            a + b

    return loop


def add_recorded(T):
    a, b = T.tensor([1.0, 2.0, 3.0, 4.0], requires_grad=True), T.tensor([5.0, 6.0, 7.0, 8.0])

    def loop(count):
        for _ in range(count):
            a + b

    return loop


def add_under_no_grad(T):
    a, b = T.tensor([1.0, 2.0, 3.0, 4.0], requires_grad=True), T.tensor([5.0, 6.0, 7.0, 8.0])

    def loop(count):
        with T.no_grad():
            for _ in range(count):
                a + b

    return loop


def article_leaves(T):
    ws = [T.tensor(value, requires_grad=True) for value in (2.0, 3.0, 4.0)]
    return T.ones([2, 2]), *ws


def article_forward(T):
    input, w1, w2, w3 = article_leaves(T)

    def loop(count):
        for _ in range(count):
            l1 = input * w1
            l2 = l1 + w2
            l3 = l1 * w3
            l4 = l2 * l3
            l4.mean()

    return loop


def article(T):
    """Forward and backward; the gradients of the last time are dropped first, as a training loop does."""
    input, w1, w2, w3 = article_leaves(T)

    def loop(count):
        for _ in range(count):
            w1.grad = w2.grad = w3.grad = None
            l1 = input * w1
            l2 = l1 + w2
            l3 = l1 * w3
            l4 = l2 * l3
            loss = l4.mean()
            loss.backward()

    return loop


def lstm(T, steps=100, batch=8, inputs=64, hidden=64):
    T.manual_seed(0)
    xs = [T.randn(batch, inputs) for _ in range(steps)]
    wx = (T.randn(inputs, 4 * hidden) * 0.1).requires_grad_()
    wh = (T.randn(hidden, 4 * hidden) * 0.1).requires_grad_()
    bias = T.zeros(4 * hidden, requires_grad=True)

    def step():
        wx.grad = wh.grad = bias.grad = None
        h, c = T.zeros(batch, hidden), T.zeros(batch, hidden)
        for x in xs:
            i, f, g, o = (x @ wx + h @ wh + bias).chunk(4, 1)
            c = f.sigmoid() * c + i.sigmoid() * g.tanh()
            h = o.sigmoid() * c.tanh()
        h.sum().backward()

    return harness.repeat(step)


def mlp(T, batch=128, sizes=(784, 512, 512, 10)):
    """One training step: forward, cross entropy, backward, and SGD written out."""
    T.manual_seed(0)
    cross_entropy = T.nn.functional.cross_entropy
    x, target = T.randn(batch, sizes[0]), T.randint(0, sizes[-1], (batch,))
    pairs = list(pairwise(sizes))
    weights = [(T.randn(n, m) * (2 / n) ** 0.5).requires_grad_() for n, m in pairs]
    biases = [T.zeros(m, requires_grad=True) for _, m in pairs]
    (w1, w2, w3), (b1, b2, b3) = weights, biases
    parameters = weights + biases

    def step():
        y = T.relu(x @ w1 + b1)
        y = T.relu(y @ w2 + b2)
        loss = cross_entropy(y @ w3 + b3, target)
        loss.backward()
        with T.no_grad():
            for parameter in parameters:
                parameter -= 0.01 * parameter.grad
                parameter.grad = None

    return harness.repeat(step)


def rows() -> Iterator[Row]:
    yield harness.compare("add, 4 elements, no grad", add, 0.70)
    yield harness.compare("add, 4 elements, recorded", add_recorded, 0.70)
    yield harness.compare("add, 4 elements, under no_grad", add_under_no_grad, 0.70)
    yield harness.compare("article, forward", article_forward, 0.70)
    yield harness.compare("article, forward + backward", article, 0.65)
    yield harness.compare("LSTM cell by hand, 100 steps, batch 8, 64 -> 64, fwd+bwd", lstm, 0.75, rounds=15)
    yield harness.compare("MLP 784-512-512-10, batch 128, fwd+bwd+SGD by hand", mlp, 0.75)
