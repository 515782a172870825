"""Large arrays, piece by piece: two threads share the pieces, each small enough that a chain of steps stays
in the cache.

A ufunc of NumPy runs on one core and releases the interpreter lock while it runs, so a helper thread can do a
part of the work.  `share` is the only door to the helpers: it cuts a range into pieces that the caller and
the idle helpers take from one list.  Nothing ever waits for a helper that has not started: when every helper
is busy (or gone, after a fork or at exit) the caller does all the pieces itself.  `apply` runs an elementwise
body with it.
"""

import os
from _thread import allocate_lock, get_native_id, start_new_thread
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

import numpy as np
from numpy import ndarray

from ..base import messages
from . import buffers

LARGE = 1 << 16  # elements; below it a plain ufunc is faster than any of this
# bytes: from which on a second thread pays; the caller's lead over a helper that wakes up; of a piece, about
CHEAP = 1 << 20, 1 << 19, 1 << 22  # an addition
COSTLY = 1 << 18, 1 << 17, 1 << 21  # exp, or a chain of steps, which finds its temporaries in the cache

Task = Callable[[int, int], object]


def _cores() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


_threads = min(_cores(), 4)
_idle: list["_Helper"] = []
_started = 0
_start_lock = allocate_lock()


def set_num_threads(n: int) -> None:
    """Let kernels use `n` threads for a large array, the caller's included; 1 means no helper.

    >>> import leafgrad as torch
    >>> before = torch.get_num_threads()
    >>> torch.set_num_threads(1); torch.get_num_threads(); torch.set_num_threads(before)
    1
    """
    global _threads
    if type(n) is not int:
        raise RuntimeError(messages.THREADS_INT.format(type=type(n).__name__))
    if n < 1:
        raise RuntimeError(messages.THREADS_POSITIVE)
    _threads = n


def get_num_threads() -> int:
    """The number of threads that a kernel on a large array may use.

    >>> import leafgrad as torch
    >>> torch.get_num_threads() >= 1
    True
    """
    return _threads


# Note [Where a helper runs]
# Linux tends to wake a thread on the processor of the thread that wakes it, and there it waits until the
# caller pauses; if other threads spin (OpenMP's do), it stays there for good and the second core is never
# used.  So a helper is told, before it is woken, to run anywhere but on the caller's processor (asked with
# sched_getcpu; one system call, made only when the caller has moved).  Measured, two halves of a product of
# 2^20 floats: 170 us without, 98 with.
def _find_cpu() -> Callable[[], int] | None:
    try:
        import ctypes

        return ctypes.CDLL(None).sched_getcpu if hasattr(os, "sched_setaffinity") else None
    except (ImportError, AttributeError, OSError, TypeError):
        return None


_cpu = _find_cpu()


class _Job:
    """One task cut into pieces; `run` is called by everyone who takes part."""

    __slots__ = ("task", "pieces", "total", "finished", "done", "errors")

    def __init__(self, task: Task, pieces: list[tuple[int, int]]) -> None:
        self.task, self.pieces, self.total = task, pieces, len(pieces)
        self.finished = count(1).__next__
        self.done = allocate_lock()
        self.done.acquire()
        self.errors: list[BaseException] = []

    def run(self) -> bool:
        """Take pieces until none is left; true if the last piece of all was finished here."""
        take, task, last = self.pieces.pop, self.task, False
        try:
            while True:
                piece = take()
                if not self.errors:
                    try:
                        task(*piece)
                    except BaseException as error:
                        self.errors.append(error)
                last = self.finished() == self.total
        except IndexError:
            return last


class _Helper:
    """A daemon thread that sleeps on `wake` and helps with one job when woken."""

    __slots__ = ("wake", "job", "thread", "avoids")

    def __init__(self) -> None:
        self.wake = allocate_lock()
        self.wake.acquire()
        self.job: _Job | None = None
        self.thread = 0
        self.avoids = -1

    def live(self) -> None:
        self.thread = get_native_id()
        with np.errstate(all="ignore"):
            while True:
                self.wake.acquire()
                job, self.job = self.job, None
                if job is not None and job.run():
                    job.done.release()
                job = None  # its arrays must not live on in a sleeping thread
                _idle.append(self)

    def help(self, job: _Job) -> None:
        if _cpu is not None and self.thread:
            cpu = _cpu()
            if cpu != self.avoids:
                self._avoid(cpu)
        self.job = job
        self.wake.release()

    def _avoid(self, cpu: int) -> None:
        others = os.sched_getaffinity(0) - {cpu}
        if others:
            try:
                os.sched_setaffinity(self.thread, others)
            except OSError:
                pass  # it may run anywhere, then
        self.avoids = cpu


def _start_helper() -> "_Helper | None":
    global _started
    with _start_lock:
        if _started >= _threads - 1:
            return None
        helper = _Helper()
        try:
            start_new_thread(helper.live, ())
        except RuntimeError:  # the interpreter is shutting down
            return None
        _started += 1
    return helper


def _forget_helpers() -> None:
    """In a forked child no helper lives, and the lock may be held by a thread that is gone."""
    global _started, _start_lock
    _idle.clear()
    _started = 0
    _start_lock = allocate_lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_helpers)


def share(task: Task, length: int, pieces: int, lead: int = 0, align: int = 64) -> None:
    """Call `task(start, stop)` on about `pieces` pieces that cover range(length), helped by idle threads.

    The caller's first piece is longer by `lead`: what it gets done while the helpers wake up.  So it ends
    last, and need not be woken itself.  The first error of any piece is raised, when no piece runs any more.
    """
    step = max(1, (length - lead) // (pieces * align)) * align
    cuts = []
    while length > step + lead + align:
        cuts.append((length - step, length))
        length -= step
    if _threads == 1 or not cuts:
        for start, stop in cuts:
            task(start, stop)
        task(0, length)
        return
    cuts.append((0, length))  # the caller takes this one
    job = _Job(task, cuts)
    helpers = []
    for _ in range(min(_threads, len(cuts)) - 1):
        try:
            helper = _idle.pop()
        except IndexError:
            started = _start_helper() if _started < _threads - 1 else None
            if started is None:
                break
            helper = started
        helper.help(job)
        helpers.append(helper)
    if not job.run():
        job.done.acquire()
    for helper in helpers:
        if helper.job is job:  # it has not woken up yet, and need not hold the arrays any longer
            helper.job = None
    if job.errors:
        raise job.errors[0]


def spread(task: Task, length: int, nbytes: int, align: int = 1, costly: bool = True) -> None:
    """`share`, or one call of `task` if what is to be computed, `nbytes` in all, is too little for it."""
    least, lead, piece = COSTLY if costly else CHEAP
    if nbytes < least:
        task(0, length)
    else:
        share(task, length, max(_threads, nbytes // piece), length * lead // nbytes, align)


# Note [Short rows]
# Where operands cannot be walked through in one go (a row or a column is broadcast, or rows have gaps), NumPy
# gathers them in a buffer of 8192 elements before it computes.  With a buffer shorter than a row it computes
# in place, almost twice as fast.
def narrow(task: Task, row: int) -> Task:
    """`task`, with NumPy's buffer made shorter than a `row` if that pays."""
    if not 256 < row < 8192:
        return task

    def narrowed(start: int, stop: int) -> None:
        before = np.setbufsize(256)
        try:
            task(start, stop)
        finally:
            np.setbufsize(before)

    return narrowed


# --- layouts ---


def order(array: ndarray) -> tuple[int, ...] | None:
    """The axes of `array` from outermost to innermost in memory; None if it has gaps, overlaps or turns."""
    if array.flags.c_contiguous:
        return tuple(range(array.ndim))
    strides, shape = array.strides, array.shape
    axes = sorted(range(array.ndim), key=lambda axis: (-strides[axis], axis))
    step = array.itemsize
    for axis in reversed(axes):
        if shape[axis] != 1:
            if strides[axis] != step:
                return None
            step *= shape[axis]
    return tuple(axes)


def inverse(axes: Sequence[int]) -> list[int]:
    """The permutation that undoes `axes`."""
    return sorted(range(len(axes)), key=axes.__getitem__)


def fresh(shape: tuple[int, ...], dtype: np.dtype, axes: Sequence[int] | None = None) -> ndarray:
    """A new uninitialised array whose memory runs along `axes`, outermost first (None: row by row)."""
    if axes is None:
        return buffers.empty(shape, dtype)
    return buffers.empty(tuple([shape[axis] for axis in axes]), dtype).transpose(inverse(axes))


def _layout(arrays: Sequence[ndarray]) -> tuple[int, ...] | None:
    """The order of axes in memory that NumPy gives to a result of these operands."""
    flags: Any = [["readonly"]] * len(arrays) + [["writeonly", "allocate"]]
    types: Any = [None] * len(arrays) + [np.dtype(np.bool_)]
    try:
        it = np.nditer([*arrays, None], ["zerosize_ok"], flags, types)
    except MemoryError:
        return None  # there is none for the result, either
    return order(it.operands[-1])


def overlaps(out: ndarray, arrays: Sequence[ndarray]) -> bool:
    """True if writing `out` by pieces could change an operand before it is read (`out` may be one itself)."""
    for array in arrays:
        if array is not out and np.may_share_memory(out, array):
            if array.shape != out.shape or array.strides != out.strides or array.dtype != out.dtype:
                return True
            if array.ctypes.data != out.ctypes.data:
                return True
    return False


# --- elementwise bodies ---


def apply(
    body: Callable[..., object],
    operands: Sequence[Any],
    dtype: np.dtype,
    out: ndarray | None = None,
    costly: bool = False,
) -> ndarray:
    """Run `body(*pieces, out=piece)` over broadcast operands on all threads; return `out`, made if None.

    At least one operand is an array of several elements.  Python numbers and operands of one element are
    handed to the body as they are (0-d).  `out` must have the broadcast shape, and be one of the operands or
    share no memory with them.
    """
    big = [a for a in operands if type(a) is ndarray and a.size != 1]
    shape = big[0].shape
    flat = True
    for a in big:
        if a.shape != shape or not a.flags.c_contiguous:
            flat = False
    for a in operands:
        if type(a) is ndarray and a.ndim > len(shape):
            flat = False
    if flat and (out is None or out.flags.c_contiguous):
        if out is None:
            out = buffers.empty(shape, dtype)
        _run(body, [_line(a) if type(a) is ndarray else a for a in operands], _line(out), costly)
        return out
    return _apply_any(body, operands, dtype, out, costly, big)


def _line(a: ndarray) -> ndarray:
    """A contiguous array as a vector; one element as a 0-d array."""
    return a if a.ndim == 1 and a.size != 1 else a.reshape(-1 if a.size != 1 else ())


def _apply_any(
    body: Callable[..., object],
    operands: Sequence[Any],
    dtype: np.dtype,
    out: ndarray | None,
    costly: bool,
    big: list[ndarray],
) -> ndarray:
    """`apply` for operands of any layout."""
    big = [a for a in big if any(a.strides)]  # a number that was expanded is a number
    arrays = [a for a in operands if type(a) is ndarray]
    shape = np.broadcast_shapes(*[a.shape for a in arrays])
    axes = order(big[0]) if big else None
    same = axes is not None and all(
        a.shape == shape and (a.strides == big[0].strides or order(a) == axes) for a in big
    )
    if out is None:
        out = fresh(
            shape, dtype, axes if same else _layout([a for a in arrays if a.ndim == len(shape)] or arrays)
        )
    if same and order(out) == axes:
        lines = [_number(a) if _is_number(a) else a.transpose(axes).reshape(-1) for a in operands]
        _run(body, lines, out.transpose(axes).reshape(-1), costly)
        return out
    # the outermost axis of the result is cut
    where = max(range(len(shape)), key=lambda axis: (shape[axis] > 1, abs(out.strides[axis])))
    views = [_number(a) if _is_number(a) else np.broadcast_to(a, shape).swapaxes(0, where) for a in operands]
    row = min([(abs(out.strides[axis]), out.shape[axis]) for axis in range(out.ndim) if out.shape[axis] > 1])[
        1
    ]
    _run(body, views, out.swapaxes(0, where), costly, row)
    return out


def _is_number(a: Any) -> bool:
    return type(a) is not ndarray or not any(a.strides) or a.size == 1


def _number(a: Any) -> Any:
    """A Python number as it is, an array of one value as a 0-d array."""
    return a[(0,) * a.ndim + (...,)] if type(a) is ndarray else a


def _run(body: Callable[..., object], operands: list[Any], out: ndarray, costly: bool, row: int = 0) -> None:
    cut = [type(a) is ndarray and a.ndim > 0 for a in operands]

    def task(i: int, j: int) -> None:
        body(*[a[i:j] if c else a for a, c in zip(operands, cut, strict=True)], out=out[i:j])

    nbytes = out.size * max([a.itemsize for a in operands if type(a) is ndarray] + [out.itemsize])
    spread(narrow(task, row), len(out), nbytes, 64 if out.ndim == 1 else 1, costly)
