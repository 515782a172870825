"""The reentrant kind of checkpoint: a custom Function that runs what it is given twice, forward without a graph, backward with one.

Its backward calls the engine again, for the graph of the second run, whose leaves are copies of the arguments.
"""

from collections.abc import Iterable
from typing import Any

from ..autograd.backward import backward
from ..autograd.function import Function
from ..autograd.grad_mode import enable_grad
from ..base import messages
from ..base.state import state
from ..base.where import warn
from ..tensor.tensor import Tensor
from ..values.device import device
from ..values.rng import default_generator
from ._devices import DefaultDeviceType


def detach_variable(inputs: tuple) -> tuple:
    """The same tuple with its tensors detached; they require grad if the originals do.  RuntimeError if it is no tuple.

    >>> import leafgrad as torch
    >>> from leafgrad.utils.checkpoint import detach_variable
    >>> detach_variable((torch.ones(2, requires_grad=True) * 2, 3))
    (tensor([2., 2.], requires_grad=True), 3)
    """
    if not isinstance(inputs, tuple):
        raise RuntimeError(messages.CHECKPOINT_TUPLE.format(type=type(inputs).__name__))
    return tuple([_leaf(x) if isinstance(x, Tensor) else x for x in inputs])


def _leaf(x: Any) -> Any:
    leaf = x.detach()
    leaf.requires_grad = x.requires_grad
    return leaf


def check_backward_validity(inputs: Iterable[Any]) -> None:
    """Warn if no tensor among the inputs requires grad.

    >>> import leafgrad as torch
    >>> from leafgrad.utils.checkpoint import check_backward_validity
    >>> check_backward_validity((torch.ones(2, requires_grad=True), 3))
    """
    if not any(x.requires_grad for x in inputs if isinstance(x, Tensor)):
        warn(messages.CHECKPOINT_INPUTS)


class CheckpointFunction(Function):
    """What `checkpoint(..., use_reentrant=True)` applies: `CheckpointFunction.apply(function, preserve_rng_state, *args)`.

    >>> import leafgrad as torch
    >>> x = torch.ones(2, requires_grad=True)
    >>> torch.utils.checkpoint.CheckpointFunction.apply(torch.exp, True, x).grad_fn.name()
    'CheckpointFunctionBackward'
    """

    @staticmethod
    def forward(ctx: Any, run_function: Any, preserve_rng_state: Any, *args: Any) -> Any:
        """The value, computed without a record."""
        check_backward_validity(args)
        device(DefaultDeviceType.get_device_type())  # RuntimeError if there is no such device
        ctx.run_function = run_function
        ctx.mark = default_generator.mark() if preserve_rng_state else None
        ctx.save_for_backward(*[x for x in args if isinstance(x, Tensor)])
        ctx.others = [None if isinstance(x, Tensor) else x for x in args]
        return run_function(*args)

    @staticmethod
    def backward(ctx: Any, *args: Any) -> Any:
        """The gradients: the function is called again, recorded, and differentiated."""
        if state.walk is not None and state.walk.needed is not None:
            raise RuntimeError(messages.CHECKPOINT_GRAD)
        tensors = iter(ctx.saved_tensors)
        given = zip(ctx.others, ctx.is_tensor[2:], strict=True)
        inputs = detach_variable(tuple([next(tensors) if tensor else x for x, tensor in given]))
        with enable_grad():
            outputs = repeat(ctx.mark, ctx.run_function, inputs)
        outputs = outputs if isinstance(outputs, tuple) else (outputs,)
        ends = [
            (o, g) for o, g in zip(outputs, args, strict=False) if isinstance(o, Tensor) and o.requires_grad
        ]
        if not ends:
            raise RuntimeError(messages.CHECKPOINT_OUTPUTS)
        with enable_grad():
            backward([o for o, _ in ends], [g for _, g in ends])
        return None, None, *[x.grad if isinstance(x, Tensor) else None for x in inputs]


def repeat(mark: Any, function: Any, args: tuple, kwargs: Any = None, context: Any = None) -> Any:
    """Call a function (in a context) with the random numbers of `mark`; then those are drawn on that would have been without it."""
    before = None if mark is None else default_generator.mark()
    try:
        if mark is not None:
            default_generator.back_to(mark)
        if context is None:
            return function(*args, **(kwargs or {}))
        with context:
            return function(*args, **(kwargs or {}))
    finally:
        if before is not None:
            default_generator.back_to(before)
