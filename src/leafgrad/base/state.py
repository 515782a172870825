"""What is switched on: grad mode, forward levels, anomaly mode.

The fast lane of an op asks one question: is `special` empty?  Then gradients are recorded in every thread and no mode is
open.  Whoever departs from that default appends a token to `special`, and to `modes` as well if more than grad mode
changed; the lanes then look closer.  `inner` holds the tokens of the modes that change what a call itself does, and not only
what happens before or after it.  These lists belong to the process, so a thread may look closer because another one
departed from the default: slower, never wrong.  What is true for a thread stands in `state`.
"""

import warnings
from _thread import _local as Local  # as threading.local; importing threading takes longer
from typing import Any

special: list[object] = []
modes: list[object] = []
inner: list[object] = []


class State(Local):
    """The thread's own switches; class attributes are the defaults of a new thread."""

    grad_enabled = True
    levels: tuple[int, ...] = ()  # forward-mode levels that are open
    interceptors: tuple = ()  # those in force now (tensor/intercept.py)
    opened: tuple = ()  # and all that are open
    inference = False  # inference mode: nothing is recorded, and what is made is marked (tensor.py)
    grad_in_inference = False  # what is_grad_enabled() says there, where it changes nothing
    walk: Any = None  # the pass of the engine that is under way (tensor/engine.py)
    packers: tuple = ()  # pairs of hooks for saved tensors that are open, the newest last (tensor/packing.py)
    packers_refused: str | None = None  # what to say to whoever opens another
    asked: Any = None  # the op that a __torch_dispatch__ is doing (tensor/dispatching.py)
    functions: int = 2  # who may override public functions (tensor/subclass.py): all, modes alone, nobody
    skips: bool = False  # whether the next to ask is told that there is nobody
    function_modes: tuple = ()  # the TorchFunctionModes that are open, the newest last
    profiler: Any = None  # the Recorder of the profile that is open (autograd/recorder.py)
    multithreading = True  # these three: autograd/switches.py
    layout_enforced = True
    view_replay = False
    transforms: int = 0  # how many functions are being called by a transform (grad, vjp, jvp, vmap)


state = State()
_NO_GRAD = object()
_INFERENCE = object()


def set_grad_enabled(mode: bool) -> None:
    """Switch recording on or off in this thread; in inference mode it stays off."""
    if state.grad_enabled is not mode and not (mode and state.inference):
        state.grad_enabled = mode
        if mode:
            special.remove(_NO_GRAD)
        else:
            special.append(_NO_GRAD)


class inference:
    """A context in inference mode; or, if not `mode`, one where gradients are recorded and inference mode is off."""

    __slots__ = ("before", "mode")

    def __init__(self, mode: bool) -> None:
        self.mode = mode
        self.before: list[tuple] = []

    def __enter__(self) -> None:
        self.before.append((state.inference, state.grad_in_inference, state.grad_enabled))
        if self.mode:
            enter_mode(_INFERENCE)
        state.inference = False
        set_grad_enabled(not self.mode)
        state.inference, state.grad_in_inference = self.mode, False

    def __exit__(self, *exc: object) -> None:
        inference, grad_in_inference, grad_enabled = self.before.pop()
        state.inference = False
        set_grad_enabled(grad_enabled)
        state.inference, state.grad_in_inference = inference, grad_in_inference
        if self.mode:
            leave_mode(_INFERENCE)


class Anomaly:
    """Anomaly mode: whether it is on, whether it looks for nan, and which node each thread is running."""

    __slots__ = ("check_nan", "on", "running")

    def __init__(self) -> None:
        self.on, self.check_nan = False, True
        self.running = Local()


anomaly = Anomaly()  # of the process, as in torch


class quiet:
    """A context in which nothing is recorded: for a user's code that the engine calls."""

    __slots__ = ("mode",)

    def __enter__(self) -> None:
        self.mode = state.grad_enabled
        set_grad_enabled(False)

    def __exit__(self, *exc: object) -> None:
        set_grad_enabled(self.mode)


def enter_mode(token: object, around: bool = False) -> None:
    """Send every op through the full lane, until `leave_mode(token)`.

    around: whether all that the mode asks is to be called before an op (an interceptor) or after it (a forward level).
    """
    special.append(token)
    modes.append(token)
    if not around:
        inner.append(token)


def leave_mode(token: object) -> None:
    """Undo `enter_mode(token)`."""
    special.remove(token)
    modes.remove(token)
    if token in inner:
        inner.remove(token)


# Torch computes inf and nan in silence; so do kernels here, without touching NumPy's settings for the rest of the program.
warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"leafgrad\.")
