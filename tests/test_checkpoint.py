"""Checkpoints: like torch's, smaller than what they replace, and gone when they are no longer needed."""

import gc
import logging
import subprocess
import sys
import tracemalloc
import weakref
from types import FunctionType

import pytest

import leafgrad
from leafgrad.values.rng import Generator
from tests.both import each_module
from tests.programs import checkpoints
from tests.test_lifetime import census

PROGRAMS = [f for f in vars(checkpoints).values() if type(f) is FunctionType and f is not checkpoints.leaf]


@pytest.mark.oracle
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda f: f.__name__)
def test_program(program, monkeypatch):
    torch = pytest.importorskip("torch")
    from tests.test_programs import transcript

    monkeypatch.setattr(
        logging.getLogger("LoggingTensor"), "handlers", []
    )  # pytest chokes on what torch writes
    before = torch.is_warn_always_enabled()
    torch.set_warn_always(True)
    try:
        expected = transcript(program, torch)
    finally:
        torch.set_warn_always(before)
    assert transcript(program, leafgrad) == expected


@pytest.mark.oracle
def test_every_name_is_there():
    theirs = pytest.importorskip("torch").utils.checkpoint
    ours = leafgrad.utils.checkpoint
    assert set(ours.__all__) == set(theirs.__all__)
    assert all(hasattr(ours, name) for name in theirs.__all__)
    assert {str(op) for op in ours.SAC_IGNORED_OPS} == {str(op) for op in theirs.SAC_IGNORED_OPS}
    assert ours.checkpoint.__kwdefaults__.keys() == theirs.checkpoint.__wrapped__.__kwdefaults__.keys()


def test_it_is_loaded_when_asked_for():
    code = "import sys, leafgrad; assert 'leafgrad.utils.checkpoint' not in sys.modules; leafgrad.utils.checkpoint.checkpoint"
    subprocess.run([sys.executable, "-c", code], check=True)


# ------------------------------------------------------------------------------------------------ memory
def chain(torch, kind, layers, x, w):
    """Layers of several large intermediates, each layer checkpointed (kind: use_reentrant) or not (None)."""

    def layer(x):
        return ((x * w).exp().sin() * w).cos().tanh()

    for _ in range(layers):
        x = layer(x) if kind is None else torch.utils.checkpoint.checkpoint(layer, x, use_reentrant=kind)
    return x.sum()


def peak(kind, layers=8, size=20_000):
    x = leafgrad.ones(size, requires_grad=True)
    w = leafgrad.full((size,), 0.1, requires_grad=True)
    chain(leafgrad, kind, 1, x, w).backward()
    tracemalloc.start()
    chain(leafgrad, kind, layers, x, w).backward()
    top = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return top / (4 * size)


def test_the_peak_of_memory_is_lower():
    without, reentrant, graph = peak(None), peak(True), peak(False)
    assert without > 8 * 4  # four arrays for each layer
    assert reentrant < 8 + 8  # one for each, and those of one layer
    assert graph < 8 + 7


def test_nested_checkpoints_keep_even_less():
    def halves(x, layers):
        if layers == 1:
            return x.sin().exp().cos().tanh()
        for _ in range(2):
            x = leafgrad.utils.checkpoint.checkpoint(halves, x, layers // 2, use_reentrant=False)
        return x

    def top_of(layers, size=20_000):
        x = leafgrad.ones(size, requires_grad=True)
        halves(x, 2).sum().backward()
        x.grad = None
        tracemalloc.start()
        halves(x, layers).sum().backward()
        top = tracemalloc.get_traced_memory()[1] / (4 * size)
        tracemalloc.stop()
        return top

    assert top_of(32) - top_of(16) < 4  # one or two arrays for each level, not for each layer


def test_the_last_op_is_not_done_again_if_only_its_inputs_are_wanted(monkeypatch):
    from leafgrad.op.record import REGISTRY

    op, called = REGISTRY["mm"], []
    kernel = op.kernel
    monkeypatch.setattr(op, "kernel", lambda *args, **named: (called.append(1), kernel(*args, **named))[1])
    monkeypatch.setattr(op, "quiet", None)  # its lane in modes, made anew with that kernel
    x, w = leafgrad.ones(2, 2, requires_grad=True), leafgrad.full((2, 2), 0.5, requires_grad=True)
    f = lambda x: (x.sin() @ w).sin() @ w
    leafgrad.utils.checkpoint.checkpoint(f, x, use_reentrant=False).sum().backward()
    forward = len(called)
    called.clear()
    grads = x.grad.clone(), w.grad.clone()
    x.grad = w.grad = None
    leafgrad.utils.checkpoint.checkpoint(f, x, use_reentrant=False, early_stop=False).sum().backward()
    assert len(called) == forward + 1
    assert leafgrad.equal(x.grad, grads[0]) and leafgrad.equal(w.grad, grads[1])


# ------------------------------------------------------------------------------------------------ life and death
def mlp_step(torch, kind, nested=False, fails=False, **named):
    x = torch.ones(4, 3)
    ws = [torch.full((3, 3), 0.3, requires_grad=True) for _ in range(4)]
    checkpoint = torch.utils.checkpoint.checkpoint

    def layer(x, w):
        y = (x @ w).tanh()
        if nested:
            y = checkpoint(lambda y: (y @ w).exp(), y, use_reentrant=kind)
        return (y * torch.rand(3)).sigmoid()

    x = x.requires_grad_()
    for w in ws:
        x = checkpoint(layer, x, w, use_reentrant=kind, **named)
    return x.sum()


def selective_context(torch):
    ops = [torch.ops.aten.mm.default, torch.ops.aten.tanh.default]
    return torch.utils.checkpoint.create_selective_checkpoint_contexts(ops)


STEPS = {
    "reentrant": lambda torch: mlp_step(torch, True).backward(),
    "graph": lambda torch: mlp_step(torch, False).backward(),
    "reentrant nested": lambda torch: mlp_step(torch, True, nested=True).backward(),
    "graph nested": lambda torch: mlp_step(torch, False, nested=True).backward(),
    "without early stop": lambda torch: mlp_step(torch, False, nested=True, early_stop=False).backward(),
    "never differentiated": lambda torch: mlp_step(torch, False, nested=True),
    "never differentiated, reentrant": lambda torch: mlp_step(torch, True, nested=True),
    "debug": lambda torch: mlp_step(torch, False, debug=True).backward(),
    "selective": lambda torch: mlp_step(torch, False, context_fn=lambda: selective_context(torch)).backward(),
}


def _retained(torch):
    y = mlp_step(torch, False, nested=True)
    y.backward(retain_graph=True)
    y.backward(retain_graph=True)


def _second_order(torch):
    x = torch.ones(3, requires_grad=True)
    y = torch.utils.checkpoint.checkpoint(lambda x: x.sin().exp(), x, use_reentrant=False)
    (g,) = torch.autograd.grad(y.sum(), x, create_graph=True)
    g.sum().backward()


def _in_a_group(torch):
    x = torch.ones(3, requires_grad=True)
    with torch.utils.checkpoint.GraphExecGroup():
        a, _ = torch.utils.checkpoint.checkpoint(lambda x: (x.sin(), x.exp()), x, use_reentrant=False)
        a.sum().backward()


def _failing(torch):
    turns = [1, 3]

    def f(x):
        for _ in range(turns.pop(0)):
            x = x.sin()
        return x.exp()

    x = torch.ones(3, requires_grad=True)
    y = torch.utils.checkpoint.checkpoint(f, x, use_reentrant=False, early_stop=False).sum()
    with pytest.raises(torch.utils.checkpoint.CheckpointError):
        y.backward()


STEPS.update(
    {"retained": _retained, "second order": _second_order, "group": _in_a_group, "failing": _failing}
)


@pytest.mark.filterwarnings("ignore:None of the inputs")
@pytest.mark.parametrize("name", STEPS)
def test_nothing_survives(name, no_collector):
    STEPS[name](leafgrad)
    gc.collect()
    before = census(leafgrad)
    STEPS[name](leafgrad)
    survivors = census(leafgrad) - before
    assert not survivors


@each_module
@pytest.mark.parametrize("kind", [True, False])
def test_what_the_function_makes_dies(torch, kind, no_collector):
    made = []

    def f(x):
        y = x.sin()
        made.append(weakref.ref(y))
        return (y * y).exp()

    x = torch.ones(50, requires_grad=True)
    z = torch.utils.checkpoint.checkpoint(f, x * 1, use_reentrant=kind)
    assert [ref() for ref in made] == [None]
    z.sum().backward()
    assert [ref() for ref in made] == [None, None]


def test_a_long_chain_of_checkpoints(no_collector):
    x = leafgrad.ones(1, requires_grad=True)
    y = x * 1
    for _ in range(3000):
        y = leafgrad.utils.checkpoint.checkpoint(lambda y: y.sin(), y, use_reentrant=False)
    node = weakref.ref(y.grad_fn)
    y.backward(retain_graph=True)
    assert x.grad.item() > 0
    del y
    assert node() is None


# ------------------------------------------------------------------------------------------------ marks of random numbers
def test_marks_lead_back_to_the_state():
    import random

    draws = random.Random(0)
    for _ in range(60):
        generator = Generator()
        marks = []
        for _ in range(20):
            chance = draws.random()
            if chance < 0.35:
                marks.append((generator.mark(), generator.get_state_bytes().tobytes()))
            elif chance < 0.6 and marks:
                mark, state = draws.choice(marks)
                generator.back_to(mark)
                assert generator.get_state_bytes().tobytes() == state
            elif chance < 0.65:
                generator.manual_seed(draws.randrange(10))
            else:
                make = draws.choice([leafgrad.rand, leafgrad.randn])
                make(draws.choice([1, 3, 17, 700, 2000]), generator=generator)


def test_a_mark_of_a_generator_that_has_not_begun():
    generator = Generator().manual_seed(3)
    mark = generator.mark()
    numbers = leafgrad.rand(5, generator=generator)
    generator.manual_seed(4)
    generator.back_to(mark)
    assert generator.initial_seed() == 3
    assert leafgrad.equal(leafgrad.rand(5, generator=generator), numbers)
