"""Programs of large tensors (2^20 elements), where the time is the memory's and the kernels'."""

from collections.abc import Iterator

from . import harness
from .harness import Row
from .op_table import OPS, REASONS, inputs

LIMIT = 1.5


def pointwise_chain(T, size=2**20):
    T.manual_seed(0)
    x = T.randn(size, requires_grad=True)

    def step():
        x.grad = None
        ((x * 2 + 1).tanh() * x.sigmoid() + (x * x).exp()).mean().backward()

    return harness.repeat(step)


def forward(call):
    """The program that applies `call` to fresh inputs that need no gradient."""

    def program(T):
        given = inputs(T, call)
        return harness.repeat(lambda: call(*given))

    return program


def forward_backward(call):
    """The same with gradients: forward, then backward from gradients of ones."""

    def program(T):
        given = inputs(T, call, requires_grad=True)
        leaves = [x for x in given if isinstance(x, T.Tensor) and x.requires_grad]
        ends = tracked(T, call(*given))
        ones = [T.ones_like(end) for end in ends]
        del ends

        def step():
            for leaf in leaves:
                leaf.grad = None
            T.autograd.backward(tracked(T, call(*given)), ones)

        return harness.repeat(step)

    return program


def tracked(T, result):
    """The tensors in what an op returned that have a graph behind them."""
    parts = [result] if isinstance(result, T.Tensor) else result
    return [part for part in parts if isinstance(part, T.Tensor) and part.grad_fn is not None]


def differentiable(T, call) -> bool:
    if "w" in call.__code__.co_varnames:  # written to again and again: its history would grow
        return False
    given = inputs(T, call, requires_grad=True)
    ends = tracked(T, call(*given)) if any(isinstance(x, T.Tensor) and x.requires_grad for x in given) else []
    try:
        T.autograd.backward(ends, [T.ones_like(end) for end in ends])
    except RuntimeError:  # recorded, only to say that there is no derivative
        return False
    return bool(ends)


def chain_rows() -> list[Row]:
    return [harness.compare("pointwise chain, 2^20 float32, fwd + bwd", pointwise_chain, 0.75)]


def op_rows(only: list[str] | None = None) -> Iterator[Row]:
    """A row or two for each op of the table, or for those whose name has one of the words of `only`.

    One above LIMIT has its reason beside it, or the words that it has none.
    """
    _, torch = harness.modules()
    for name, call in OPS.items():
        if only and not any(word in name for word in only):
            continue
        kinds = {name: forward}
        if differentiable(torch, call):
            kinds[name + " fwd+bwd"] = forward_backward
        for title, kind in kinds.items():
            row = harness.compare(title, kind(call), LIMIT, rounds=9, target=0.004)
            reason = REASONS.get(title) or REASONS.get(name) or "NO REASON GIVEN"
            yield row._replace(note=reason) if row.ratio > LIMIT else row
