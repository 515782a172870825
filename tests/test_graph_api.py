"""`torch.autograd.graph`: its programs (tests/programs) say on leafgrad what they say on torch; all names are there."""

from types import FunctionType

import pytest

import leafgrad
from tests.both import each_module
from tests.programs import graph_api, saved_tensors
from tests.test_programs import transcript

torch = pytest.importorskip("torch")

PROGRAMS = [
    f
    for module in (saved_tensors, graph_api)
    for name, f in vars(module).items()
    if type(f) is FunctionType and "hooks" != name != "logging_hooks"
]


@pytest.mark.oracle
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda f: f.__name__)
def test_program(program):
    before = torch.is_warn_always_enabled()
    torch.set_warn_always(True)
    try:
        expected = transcript(program, torch)
    finally:
        torch.set_warn_always(before)
    assert transcript(program, leafgrad) == expected


@pytest.mark.oracle
def test_every_documented_name_is_there():
    assert set(leafgrad.autograd.graph.__all__) == set(torch.autograd.graph.__all__)
    for name in torch.autograd.graph.__all__:
        assert getattr(leafgrad.autograd.graph, name).__doc__


@pytest.mark.oracle
def test_nodes_have_what_torch_documents():
    node = (leafgrad.ones(2, requires_grad=True) * 2).grad_fn
    for name in (
        "name",
        "metadata",
        "next_functions",
        "register_hook",
        "register_prehook",
        "_input_metadata",
        "_sequence_nr",
    ):
        assert hasattr(torch.autograd.graph.Node, name) and hasattr(node, name)


def test_views_of_what_was_saved_may_be_written():
    """Where a view is written, torch does not find what was saved of the base (a wrong gradient); leafgrad does."""
    with leafgrad.autograd.graph.allow_mutation_on_saved_tensors():
        a = leafgrad.ones(2, 2, requires_grad=True)
        b = a.clone()
        view = b[0]
        loss = (view**2).sum() + (b**3).sum()
        b[1].mul_(3)
        view.add_(5)
        loss.backward()
    assert a.grad.tolist() == [[5, 5], [3, 3]]


def test_integers_are_no_dtype_of_gradients():
    x = leafgrad.ones(2, requires_grad=True)
    with pytest.raises(RuntimeError, match="grad_dtype must be a floating point or complex dtype"):
        x.grad_dtype = leafgrad.int64
    assert x.grad_dtype is leafgrad.float32


def test_hooks_that_fail_leave_the_saved_tensor_as_it_was():
    x = leafgrad.tensor([1.0, 2.0], requires_grad=True)
    y = x.sin()
    raw = y.grad_fn._raw_saved_self
    with pytest.raises(ZeroDivisionError):
        raw.register_hooks(lambda t: 1 / 0, lambda t: t)
    assert raw.data is x and raw.unpack_hook is None
    y.sum().backward()


def test_a_pack_hook_that_fails_leaves_the_written_tensor_as_it_was():
    y = leafgrad.tensor([1.0, 2.0], requires_grad=True) * 1
    with (
        leafgrad.autograd.graph.saved_tensors_hooks(lambda t: 1 / 0, lambda t: t),
        pytest.raises(ZeroDivisionError),
    ):
        y.mul_(leafgrad.ones(2, requires_grad=True) * 1)
    assert y.tolist() == [1, 2] and y._version == 0


@each_module
def test_hooks_belong_to_the_thread(torch):
    import threading

    x, seen = torch.ones(2, requires_grad=True), []

    def other():
        x.exp().sum().backward()
        seen.append("other")

    with torch.autograd.graph.saved_tensors_hooks(lambda t: seen.append("pack"), lambda t: torch.ones(2)):
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
        assert seen == ["other"]
        x.exp()
        assert seen == ["other", "pack"]


@each_module
def test_several_threads_walk_with_hooks(torch):
    import threading

    got = {}

    def work(number):
        a, b = (torch.full((2,), float(number), requires_grad=True) for _ in range(2))
        c = a * b
        torch.autograd.graph.register_multi_grad_hook((a, b, c), lambda grads: got.__setitem__(number, grads))
        for _ in range(20):
            c.sum().backward(retain_graph=True)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert {n: [g.tolist() for g in grads] for n, grads in got.items()} == {
        n: [[n, n], [n, n], [1, 1]] for n in range(4)
    }
