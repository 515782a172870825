"""What is switched on: grad mode, forward levels, anomaly mode.

The fast lane of an op asks one question: is `special` empty?  Then gradients are recorded in every thread and no mode is
open.  Whoever departs from that default appends a token to `special`, and to `modes` as well if more than grad mode
changed; the lanes then look closer.  Both lists belong to the process, so a thread may look closer because another one
departed from the default: slower, never wrong.  What is true for a thread stands in `state`.
"""

import warnings
from _thread import _local as Local  # as threading.local; importing threading takes longer

special: list[object] = []
modes: list[object] = []


class State(Local):
    """The thread's own switches; class attributes are the defaults of a new thread."""

    grad_enabled = True
    levels: tuple[int, ...] = ()  # forward-mode levels that are open


state = State()
_NO_GRAD = object()


def set_grad_enabled(mode: bool) -> None:
    """Switch recording on or off in this thread."""
    if state.grad_enabled is not mode:
        state.grad_enabled = mode
        if mode:
            special.remove(_NO_GRAD)
        else:
            special.append(_NO_GRAD)


class Anomaly:
    """Anomaly mode: whether it is on, whether it looks for nan, and which node each thread is running."""

    __slots__ = ("check_nan", "on", "running")

    def __init__(self) -> None:
        self.on = self.check_nan = False
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


def enter_mode(token: object) -> None:
    """Send every op through the full lane, until `leave_mode(token)`."""
    special.append(token)
    modes.append(token)


def leave_mode(token: object) -> None:
    """Undo `enter_mode(token)`."""
    special.remove(token)
    modes.remove(token)


# Torch computes inf and nan in silence; so do kernels here, without touching NumPy's settings for the rest of the program.
warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"leafgrad\.")
