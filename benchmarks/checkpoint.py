"""A deep network of which only segments are kept: forward, backward with the segments computed again, and SGD written out."""

from collections.abc import Iterator
from importlib import import_module

from . import harness
from .harness import Row

LAYERS, SEGMENTS = 16, 4
SIZES = ((128, 64), (256, 64), (256, 1024))  # width, batch


def layer(T, width):
    w = (T.randn(width, width) * (1 / width) ** 0.5).requires_grad_()
    b = T.zeros(width, requires_grad=True)
    return (w, b), lambda x: T.tanh(x @ w + b)


def training(T, width, batch):
    """One step of an MLP of LAYERS layers of tanh in SEGMENTS segments, all but the last checkpointed."""
    T.manual_seed(0)
    sequential = import_module(T.__name__ + ".utils.checkpoint").checkpoint_sequential
    pairs, layers = zip(*[layer(T, width) for _ in range(LAYERS)], strict=True)
    parameters = [p for pair in pairs for p in pair]
    x = T.randn(batch, width)

    def step():
        loss = sequential(layers, SEGMENTS, x, use_reentrant=False).square().mean()
        loss.backward()
        with T.no_grad():
            for parameter in parameters:
                parameter -= 0.01 * parameter.grad
                parameter.grad = None

    return harness.repeat(step)


def title(width, batch):
    return f"checkpointed MLP, {LAYERS} layers of {width}, batch {batch}"


def rows() -> Iterator[Row]:
    """The last is for the memory: nearly all of its time is the matrix library's, so it has no bound."""
    for width, batch in SIZES:
        bound = 0.9 if batch == 64 else None
        yield harness.compare(title(width, batch), lambda T, n=width, m=batch: training(T, n, m), bound)
