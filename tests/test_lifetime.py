"""A step leaves nothing behind: all is freed by reference count, with the garbage collector off.

Each step of `tests.steps` builds a graph and drops it. Afterwards there are as many objects of the library's
classes as before, whatever they are: a cycle anywhere would keep some. Long graphs die without recursion.
"""

import collections
import gc
import sys
import tracemalloc
import weakref

import pytest

from tests.both import each_module
from tests.steps import STEPS, functions, ignore, leaf


def census(torch):
    """How many objects of the module's own classes are alive, by class."""
    kinds = collections.Counter(type(thing) for thing in gc.get_objects())
    names = {kind: f"{kind.__module__}.{kind.__qualname__}" for kind in kinds}
    own = (torch.__name__ + ".", "torch.autograd.function.")  # the latter: nodes of custom Functions
    return collections.Counter({name: kinds[kind] for kind, name in names.items() if name.startswith(own)})


@each_module
@pytest.mark.parametrize("name", STEPS)
def test_nothing_survives(torch, name, no_collector):
    STEPS[name](torch)  # fills caches, which may live on
    gc.collect()
    before = census(torch)
    STEPS[name](torch)
    survivors = census(torch) - before
    assert not survivors


# What torch leaves to its garbage collector, or loses for good.
def hooks_close_over(torch, kind):
    w = leaf(torch)
    y = w * w
    node = y.grad_fn
    if kind == "node":
        node.register_hook(lambda inputs, outputs: ignore(node, y))
    elif kind == "pre":
        node.register_prehook(lambda outputs: ignore(node))
    elif kind == "tensor":
        y.register_hook(lambda grad: ignore(node, y))
    elif kind == "write":
        y[1:].mul_(w[1:])
        last = y.grad_fn
        y.register_hook(lambda grad: ignore(last, y))
    (y * w).sum().backward()


def several_hooks(torch, kind):
    a = leaf(torch)
    b, c = a.exp(), a.sin()
    torch.autograd.graph.register_multi_grad_hook((a, b, c), lambda grads: None, mode=kind)
    b.sum().backward()


def identities(torch, kind):
    w = leaf(torch)
    with torch.autograd.graph.saved_tensors_hooks(lambda t: t, lambda t: t):
        y = (w * w).exp().sigmoid().prod()
    if kind == "walked":
        y.backward()
    elif kind == "looked at":
        y.grad_fn._saved_result, y.grad_fn._raw_saved_result.data


def mutations(torch, kind):
    with torch.autograd.graph.allow_mutation_on_saved_tensors():
        b = leaf(torch).exp()
        loss = (b**2).sum() + b.exp().sum()
        b.sin_()
        if kind == "walked":
            loss.backward()


def raw_saved_tensors(torch, kind):
    w = leaf(torch)
    y, z = w.exp(), w * w
    y.grad_fn._raw_saved_result.register_hooks(lambda t: t.tolist(), torch.tensor)
    raw = z.grad_fn._raw_saved_self
    raw.register_hooks(lambda t: t.clone(), lambda t: ignore(z) or t)
    raw.data, raw.unpack()
    (y * z).sum().backward()


CLOSED = {
    hooks_close_over: ("node", "pre", "tensor", "write"), several_hooks: ("all", "any"),
    raw_saved_tensors: ("walked",), identities: ("walked", "looked at", "not walked"), mutations: ("walked", "not walked"),
}  # fmt: skip


@pytest.mark.parametrize(("step", "kind"), [(step, kind) for step, kinds in CLOSED.items() for kind in kinds])
def test_nothing_survives_of_what_refers_to_its_own_node(step, kind, no_collector):
    leafgrad = pytest.importorskip("leafgrad")
    step(leafgrad, kind)
    before = census(leafgrad)
    step(leafgrad, kind)
    assert not census(leafgrad) - before


def test_the_census_sees_a_cycle(no_collector):
    """The test of the test: a tensor kept alive by a cycle is counted."""
    leafgrad = pytest.importorskip("leafgrad")
    before = census(leafgrad)
    cycle = [leafgrad.ones(2)]
    cycle.append(cycle)
    del cycle
    assert census(leafgrad) - before


def test_nodes_and_tensors_can_be_watched(no_collector):
    leafgrad = pytest.importorskip("leafgrad")
    w = leaf(leafgrad)
    y = w.exp()
    z = y[1:].mul_(2)
    watched = [weakref.ref(thing) for thing in (w, y, z, w.grad_fn or y.grad_fn, y.grad_fn, z.grad_fn)]
    watched += [weakref.ref(node) for node, _ in y.grad_fn.next_functions if node is not None]
    assert all(ref() is not None for ref in watched)
    del w, y, z
    assert [ref() for ref in watched] == [None] * len(watched)


def test_memory_does_not_grow(no_collector):
    """No array survives either: arrays are counted by tracemalloc, not by the census."""
    leafgrad = pytest.importorskip("leafgrad")
    calm = [STEPS[name] for name in STEPS if not name.startswith("error") and name != "anomaly_mode"]

    def turn():
        for one in calm:
            one(leafgrad)

    turn()
    gc.collect()
    tracemalloc.start()
    turn()
    before = tracemalloc.get_traced_memory()[0]
    for _ in range(5):
        turn()
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert grown < 20_000


@each_module
def test_a_tensor_dies_with_its_last_name(torch, no_collector):
    """Not at the end of the step: each tensor goes when the graph no longer needs it."""
    w = leaf(torch, 50)
    y = w * 2
    gone = weakref.ref(y)
    z = y + 1  # needs no value of y
    del y
    assert gone() is None
    z.sum().backward()
    grad = weakref.ref(w.grad)
    w.grad = None
    assert grad() is None


@each_module
def test_backward_frees_what_was_saved(torch, no_collector):
    saved = functions(torch)[0].apply(leaf(torch))
    node = saved.grad_fn
    saved.sum().backward()
    with pytest.raises(RuntimeError, match="already been freed"):
        node.saved_tensors
    with pytest.raises(RuntimeError, match="already been freed"):
        saved.sum().backward()


# ------------------------------------------------------------------------------------------------ long graphs
CHAINS = {
    "add": lambda x: x + 1,
    "saved output": lambda x: x.sigmoid(),
    "in place": lambda x: x.add_(1),
    "view": lambda x: x.view(1),
    "view and write": lambda x: x.view(1).mul_(1.0),
}


@each_module
@pytest.mark.parametrize("kind", CHAINS)
def test_long_chains_are_freed_without_recursion(torch, kind, no_collector):
    length, op = 20_000, CHAINS[kind]
    assert length > 10 * sys.getrecursionlimit()
    x = torch.ones(1, requires_grad=True)
    y = x * 1
    for _ in range(length):
        y = op(y)
    y.sum().backward(retain_graph=True)
    assert x.grad.shape == (1,)
    del y
    z = x * 1
    for _ in range(length):
        z = op(z)
    del z  # not differentiated: nothing has been freed before


def test_a_million_adds(no_collector):
    leafgrad = pytest.importorskip("leafgrad")
    x = leafgrad.zeros(1, requires_grad=True)
    y = x
    for _ in range(1_000_000):
        y = y + 1
    node = weakref.ref(y.grad_fn)
    y.backward()
    assert y.item() == 1_000_000 and x.grad.item() == 1
    del y
    assert node() is None


@each_module
def test_long_chain_of_functions(torch, no_collector):
    saves = functions(torch)[0]
    x = torch.zeros(1, requires_grad=True)
    y = x
    for _ in range(10_000):
        y = saves.apply(y * 0)
    y.backward()
    assert x.grad.item() == 0
