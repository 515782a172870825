"""What makes the kernels fast: helper threads, also after a fork and at exit, and the pool of buffers."""

import gc
import os
import random
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from leafgrad.values import activations as A
from leafgrad.values import blocks, buffers, reductions, softmax
from leafgrad.values import kernels as k


def numbers(size):
    return np.random.default_rng(0).standard_normal(size).astype(np.float32)


# --- threads ---


def test_thread_number():
    before = blocks.get_num_threads()
    try:
        results = []
        x = numbers(2**20)
        for n in (1, 2, 5):
            blocks.set_num_threads(n)
            assert blocks.get_num_threads() == n
            results.append(k.tanh(x))
        assert (results[0] == results[1]).all() and (results[0] == results[2]).all()
        for wrong, message in ((0, "expects a positive integer"), (1.5, "expects an int, but got float")):
            with pytest.raises(RuntimeError, match=message):
                blocks.set_num_threads(wrong)
        assert blocks.get_num_threads() == 5
    finally:
        blocks.set_num_threads(before)


def test_errors_in_a_helper_reach_the_caller():
    def task(start, stop):
        time.sleep(0.002)
        if start > 0:
            raise KeyError(start)

    for _ in range(3):
        with pytest.raises(KeyError):
            blocks.share(task, 1000, 4, align=1)
    done = []
    blocks.share(lambda start, stop: done.append(stop - start), 1000, 4, 100, align=1)
    assert sum(done) == 1000


def test_eight_threads_at_once():
    x = numbers(2**18)
    square = x.reshape(512, 512)
    calls = [
        lambda: k.exp(x),
        lambda: A.sigmoid(x),
        lambda: k.mul(x, x),
        lambda: reductions.sum(x),
        lambda: softmax.softmax(square, 1),
    ]
    expected = [call() for call in calls]
    failures = []

    def work(seed):
        order = random.Random(seed)
        for _ in range(25):
            i = order.randrange(5)
            if not np.allclose(calls[i](), expected[i], rtol=1e-6):
                failures.append(i)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    assert not failures


def test_a_task_may_share_again():
    x = numbers(2**18)
    results = []
    blocks.share(lambda i, j: results.append(k.exp(x)), 4, 4, align=1)
    assert all((result == results[0]).all() for result in results)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_fork():
    x = numbers(2**20)
    expected = k.exp(x)
    for _ in range(3):
        child = os.fork()
        if child == 0:
            signal.alarm(20)
            os._exit(0 if (k.exp(x) == expected).all() and (A.sigmoid(x) > 0).all() else 1)
        assert os.waitpid(child, 0)[1] == 0
        assert (k.exp(x) == expected).all()


def test_exit_with_helpers():
    program = """
import atexit, numpy as np
from leafgrad.values import kernels as k
x = np.ones(2**20, np.float32)
kept = [k.exp(x) for _ in range(5)]
atexit.register(lambda: print(float(k.exp(x)[0])))
class Last:
    def __del__(self, k=k, x=x): k.exp(x)
last = Last()
"""
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, env=dict(os.environ)
    )
    assert run.returncode == 0 and run.stdout.startswith("2.718") and not run.stderr


# --- buffers ---


VIEWS = [
    lambda array: array[: array.size // 2],
    lambda array: array.T,
    memoryview,
    lambda array: array.reshape(-1)[::2][::3],
    np.from_dlpack,
    lambda array: np.frombuffer(array, array.dtype),
    lambda array: array.view(np.uint8).view(array.dtype),
]


def test_buffers_are_used_again_only_when_nobody_sees_them():
    """A random program of allocations, views and releases, in which every holder checks its number."""
    rng = random.Random(1)
    held = []
    for step in range(3000):
        if held and (len(held) > 12 or rng.random() < 0.45):
            array, number = held.pop(rng.randrange(len(held)))
            assert (np.asarray(array) == number).all()
        elif held and rng.random() < 0.4:
            array, number = rng.choice(held)
            array = np.asarray(array)
            view = rng.choice(VIEWS if array.flags.c_contiguous else VIEWS[:4])(array)
            if np.asarray(view).size:
                held.append((view, number))
        else:
            array = buffers.empty((rng.choice([70000, 70001, 2**17, 2**18]),), np.dtype(np.float32))
            array[...] = step
            held.append((array, step))
    for array, number in held:
        assert (np.asarray(array) == number).all()
    del held, array, view
    gc.collect()
    assert 0 < sum(memory.nbytes for memory in buffers._free) <= buffers.LIMIT


def test_memory_returns_to_the_pool_and_the_pool_is_bounded():
    buffers._free.clear()
    x = numbers(2**20)
    addresses = {k.exp(x).ctypes.data for _ in range(20)}  # a helper may hold the last one a little longer
    assert len(addresses) < 5
    kept = k.exp(x)
    address, view = kept.ctypes.data, kept[5:]
    del kept
    assert all(k.exp(x).ctypes.data != address for _ in range(10))
    del view
    many = [buffers.empty((2**22,), np.dtype(np.float32)) for _ in range(8)]
    del many
    assert sum(memory.nbytes for memory in buffers._free) <= buffers.LIMIT


def test_unused_memory_is_given_back_before_there_is_a_new_peak():
    gc.collect()
    buffers._free.clear()
    used = buffers._used
    before = used[1] = used[0]
    for size in (2**20, 2**18, 2**19, 2**17, 3 * 2**18, 2**20, 2**19):
        array = buffers.empty((size,), np.dtype(np.float32))
        assert used[0] + sum(memory.nbytes for memory in buffers._free) <= used[1] == before + 2**22
        del array
    assert used[0] == before and buffers._free


def test_buffers_in_eight_threads():
    wrong = []

    def work(number):
        for step in range(300):
            a = buffers.empty((2**16 + number % 2,), np.dtype(np.float32))
            a[...] = number * 1000 + step
            b = a[10:]
            del a
            if not (b == number * 1000 + step).all():
                wrong.append(number)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not wrong
