"""Threads: graphs of their own, and sums into shared leaves of which none is lost."""

import sys
import threading

import pytest

from tests.both import each_module

THREADS = 8


@pytest.fixture(autouse=True)
def quick_switching():
    """Threads change places about every ten microseconds, so that an unguarded update is interrupted."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


def in_threads(work, count=THREADS):
    """The results of `work(number)` in `count` threads that start together; the first error is raised."""
    barrier = threading.Barrier(count)
    results, errors = [None] * count, []

    def run(number):
        try:
            barrier.wait(timeout=30)
            results[number] = work(number)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
        assert not thread.is_alive()
    if errors:
        raise errors[0]
    return results


@each_module
def test_own_graphs(torch):
    def work(number):
        for step in range(40):
            x = torch.full((3,), 1.0 + number, dtype=torch.float64, requires_grad=True)
            y = x * x
            y[0] = 0.0
            z = (y.sin() * step + y.exp() * 0).sum()
            z.backward(create_graph=False)
            square = x.detach() ** 2
            expected = square.cos() * step * 2 * x.detach()
            expected[0] = 0.0
            assert torch.allclose(x.grad, expected)
        return x._version, y._version

    assert in_threads(work) == [(0, 1)] * THREADS


@each_module
def test_own_second_derivatives(torch):
    def work(number):
        for _ in range(30):
            x = torch.tensor(2.0 + number, dtype=torch.float64, requires_grad=True)
            (first,) = torch.autograd.grad(x**3, x, create_graph=True)
            (second,) = torch.autograd.grad(first, x)
            assert (first.item(), second.item()) == (3 * (2 + number) ** 2, 6.0 * (2 + number))

    in_threads(work)


@each_module
def test_shared_leaves_get_every_sum(torch):
    """Small integers in float64: any lost or torn addition shows as a wrong whole number."""
    steps = 60
    leaves = [torch.zeros(n, dtype=torch.float64, requires_grad=True) for n in (1, 5, 64)]

    def work(number):
        for _ in range(steps):
            sum((leaf * (number + 1)).sum() for leaf in leaves).backward()

    in_threads(work)
    for leaf in leaves:
        assert leaf.grad.tolist() == [steps * sum(range(1, THREADS + 1))] * leaf.numel()


@each_module
def test_shared_leaves_keep_their_grad(torch):
    """Accumulation is in place: once there, `.grad` stays the same object for all threads."""
    leaf = torch.zeros(4, dtype=torch.float64, requires_grad=True)
    leaf.sum().backward()
    grad, version = leaf.grad, leaf.grad._version
    in_threads(lambda number: [leaf.sum().backward() for _ in range(50)])
    assert leaf.grad is grad
    assert leaf.grad.tolist() == [1.0 + THREADS * 50] * 4
    assert leaf.grad._version == version + THREADS * 50


@each_module
def test_hooks_on_shared_leaves(torch):
    leaf = torch.zeros(2, dtype=torch.float64, requires_grad=True)
    leaf.register_hook(lambda grad: grad * 2)
    seen = []
    leaf.register_post_accumulate_grad_hook(lambda tensor: seen.append(threading.get_ident()))
    in_threads(lambda number: [(leaf * 3).sum().backward() for _ in range(20)])
    assert leaf.grad.tolist() == [6.0 * 20 * THREADS] * 2
    assert len(seen) == 20 * THREADS


@each_module
def test_shared_graph_is_differentiated_by_all(torch):
    leaf = torch.ones(3, dtype=torch.float64, requires_grad=True)
    loss = (leaf.exp() * leaf).sum()

    def work(number):
        return [torch.autograd.grad(loss, leaf, retain_graph=True)[0].tolist() for _ in range(30)]

    first, *others = (grad for grads in in_threads(work) for grad in grads)
    assert all(grad == first for grad in others)


@each_module
def test_grad_mode_does_not_leak(torch):
    def work(number):
        modes = []
        for _ in range(100):
            modes.append(torch.is_grad_enabled())
            if number % 2:
                with torch.no_grad():
                    modes.append(not torch.is_grad_enabled())
                    assert not (torch.ones(2, requires_grad=True) * 2).requires_grad
            else:
                assert (torch.ones(2, requires_grad=True) * 2).requires_grad
        if number % 2:
            torch.set_grad_enabled(False)
        return all(modes)

    assert all(in_threads(work))
    assert torch.is_grad_enabled()


@each_module
def test_a_new_thread_starts_with_grad_on(torch):
    with torch.no_grad():
        (mode,) = in_threads(lambda number: torch.is_grad_enabled(), count=1)
        assert mode
        assert not torch.is_grad_enabled()


@each_module
def test_anomaly_mode_and_errors_stay_in_their_thread(torch):
    """One thread's failing backward leaves the others' alone."""

    class Fails(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, grad):
            raise ValueError("wanted")

    def work(number):
        for _ in range(30):
            x = torch.ones(2, requires_grad=True)
            if number % 2:
                with pytest.raises(ValueError, match="wanted"):
                    Fails.apply(x).sum().backward()
                assert x.grad is None
            else:
                (x * 5).sum().backward()
                assert x.grad.tolist() == [5.0, 5.0]

    in_threads(work)


@each_module
def test_versions_count_every_write(torch):
    """A write from each of eight threads to its own tensor, and to its own view of one tensor."""
    shared = torch.zeros(THREADS, dtype=torch.float64)

    def work(number):
        own, view = torch.zeros(2), shared[number]
        for _ in range(50):
            own.add_(1)
            view.add_(1)
        return own._version

    assert in_threads(work) == [50] * THREADS
    assert shared.tolist() == [50.0] * THREADS
