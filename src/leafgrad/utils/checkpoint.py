"""`torch.utils.checkpoint`: less memory for more time.  What a function computes is not kept for backward, but computed again there.

There are two kinds: _recompute.py has the one to use (`use_reentrant=False`), _reentrant.py the old one.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from ..base import messages
from ..base.where import warn
from ..tensor.tensor import Tensor
from ._devices import DefaultDeviceType, get_device_states, set_device_states
from ._oplog import CheckpointError
from ._recompute import GraphExecGroup, Settings, call
from ._reentrant import CheckpointFunction, check_backward_validity, detach_variable
from ._selective import (
    SAC_IGNORED_OPS,
    CheckpointPolicy,
    SelectiveCheckpointContext,
    create_selective_checkpoint_contexts,
)

for _kind in (
    CheckpointError, CheckpointFunction, CheckpointPolicy, DefaultDeviceType, GraphExecGroup, SelectiveCheckpointContext,
):  # fmt: skip
    _kind.__module__ = __name__  # where users find them

Contexts = tuple[AbstractContextManager, AbstractContextManager]


def noop_context_fn() -> Contexts:
    """Two contexts that do nothing: the default of `checkpoint`'s context_fn.

    >>> from leafgrad.utils.checkpoint import noop_context_fn
    >>> len(noop_context_fn())
    2
    """
    return nullcontext(), nullcontext()


def checkpoint(
    function: Callable,
    *args: Any,
    use_reentrant: bool | None = None,
    context_fn: Callable[[], Contexts] = noop_context_fn,
    determinism_check: str = "default",
    debug: bool = False,
    early_stop: bool = True,
    **kwargs: Any,
) -> Any:
    """Call `function(*args, **kwargs)` without keeping what it computes for backward: there it is called again.

    The function must do the same each time.  Its tensor arguments are kept.  preserve_rng_state (a keyword, True): let it draw the same
    random numbers again.

    use_reentrant=False: works with all ways of calling backward, nested, with tensors in any place.
    - context_fn: returns two contexts, for the first call and for those that follow.
    - determinism_check: "default" compares shape and dtype of what is saved in both calls, "none" only how many there are.
    - debug: let errors show the ops of both calls.
    - early_stop: end the second call when all that backward needs is there.

    use_reentrant=True (what None means, with a warning): the function is called without recording; backward calls it again and calls
    backward for it.  So `autograd.grad` and `inputs=` do not work, nor arguments by keyword, and a tensor argument must require grad.

    ValueError for unknown keywords, a determinism_check that is none, options of the other kind; CheckpointError (a RuntimeError), in
    backward, if the second call saves other tensors than the first.

    Griewank, Walther: Algorithm 799: revolve (2000); Chen, Xu, Zhang, Guestrin: Training deep nets with sublinear memory cost (2016).

    >>> import leafgrad as torch
    >>> from leafgrad.utils.checkpoint import checkpoint
    >>> def f(x):
    ...     print("called")
    ...     return x.exp().sin()
    >>> x = torch.zeros(2, requires_grad=True)
    >>> y = checkpoint(f, x, use_reentrant=False)
    called
    >>> y.sum().backward(); x.grad
    called
    tensor([0.5403, 0.5403])
    """
    if use_reentrant is None:
        warn(messages.CHECKPOINT_REENTRANT)
        use_reentrant = True
    preserve = kwargs.pop("preserve_rng_state", True)
    default = context_fn is noop_context_fn
    if not use_reentrant:
        contexts = None if default else context_fn
        return call(function, args, kwargs, preserve, contexts, determinism_check, debug, early_stop)
    _refuse(kwargs)
    if not default or debug is not False:
        raise ValueError(messages.CHECKPOINT_ONLY_GRAPH)
    return CheckpointFunction.apply(function, preserve, *args)


def _refuse(kwargs: dict) -> None:
    if kwargs:
        raise ValueError(messages.CHECKPOINT_KEYWORDS.format(names=",".join(kwargs)))


def checkpoint_sequential(
    functions: Sequence[Callable],
    segments: int,
    input: Tensor,
    use_reentrant: bool | None = None,
    **kwargs: Any,
) -> Any:
    """Call functions one after the other, each with the result of the one before; all but the last of `segments` parts checkpointed.

    The parts are of the same length, the last also gets the rest.  use_reentrant, preserve_rng_state: as for `checkpoint`.
    ValueError for other keywords.

    >>> import leafgrad as torch
    >>> from leafgrad.utils.checkpoint import checkpoint_sequential
    >>> x = torch.zeros(2, requires_grad=True)
    >>> checkpoint_sequential([torch.exp, torch.sin, torch.cos], 2, x, use_reentrant=False).sum().backward(); x.grad
    tensor([-0.4029, -0.4029])
    """
    if use_reentrant is None:
        warn(messages.SEQUENTIAL_REENTRANT)
        use_reentrant = True
    preserve = kwargs.pop("preserve_rng_state", True)
    _refuse(kwargs)
    children = getattr(functions, "children", None)
    functions = list(children()) if children is not None and hasattr(functions, "_modules") else functions
    length = len(functions) // segments
    rest = 0
    for start in range(0, length * (segments - 1), length):
        rest = start + length
        part = _in_turn(functions[start:rest])
        input = checkpoint(part, input, use_reentrant=use_reentrant, preserve_rng_state=preserve)
    return _in_turn(functions[rest:])(input)


def _in_turn(functions: Sequence[Callable]) -> Callable:
    def call(x: Any) -> Any:
        for function in functions:
            x = function(x)
        return x

    return call


@contextmanager
def set_checkpoint_early_stop(enable: bool | None) -> Iterator[None]:
    """A context in which checkpoints stop early or not, whatever their argument says; what counts is where they are called.

    >>> import leafgrad as torch
    >>> from leafgrad.utils.checkpoint import checkpoint, set_checkpoint_early_stop
    >>> def f(x):
    ...     y = x.exp()
    ...     print("to the end")
    ...     return y
    >>> with set_checkpoint_early_stop(False):
    ...     y = checkpoint(f, torch.zeros(2, requires_grad=True), use_reentrant=False)
    to the end
    >>> y.sum().backward()
    to the end
    """
    before, Settings.early_stop = Settings.early_stop, enable
    try:
        yield
    finally:
        Settings.early_stop = before


@contextmanager
def set_checkpoint_debug_enabled(enabled: bool | None) -> Iterator[None]:
    """A context in which checkpoints are called with this `debug`, whatever their argument says; None: they decide.

    >>> from leafgrad.utils.checkpoint import set_checkpoint_debug_enabled
    >>> with set_checkpoint_debug_enabled(True):
    ...     pass  # errors of checkpoints that are called here show the ops
    """
    before, Settings.debug = Settings.debug, enabled
    try:
        yield
    finally:
        Settings.debug = before


__all__ = [
    "SAC_IGNORED_OPS", "CheckpointError", "CheckpointFunction", "CheckpointPolicy", "DefaultDeviceType", "GraphExecGroup",
    "SelectiveCheckpointContext", "check_backward_validity", "checkpoint", "checkpoint_sequential",
    "create_selective_checkpoint_contexts", "detach_variable", "get_device_states", "noop_context_fn",
    "set_checkpoint_debug_enabled", "set_checkpoint_early_stop", "set_device_states",
]  # fmt: skip
