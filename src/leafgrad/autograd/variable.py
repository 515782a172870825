"""`Variable`: an old name for tensors, still met in programs."""

from collections.abc import Callable
from operator import index as as_index
from typing import Any

from ..base import messages
from ..base.state import state
from ..base.where import warn
from ..tensor.engine import at_the_end
from ..tensor.tensor import Tensor
from ..values.dtype import BY_NP


class Engine:
    """The engine as users meet it: `Variable._execution_engine`."""

    __slots__ = ()

    def queue_callback(self, callback: Callable[[], Any], /) -> None:
        """Call `callback()` at the end of the backward pass that is under way; RuntimeError if there is none.

        >>> import leafgrad as torch
        >>> x = torch.ones(2, requires_grad=True)
        >>> engine = torch.autograd.Variable._execution_engine
        >>> handle = x.register_hook(lambda grad: engine.queue_callback(lambda: print(x.grad)))
        >>> x.sum().backward()
        tensor([1., 1.])
        """
        at_the_end(callback)

    def is_checkpoint_valid(self) -> bool:
        """Whether no backward pass is under way that is for some inputs only."""
        return state.walk is None or state.walk.needed is None


class _IsTensor(type):
    def __instancecheck__(cls, x: Any) -> bool:
        return isinstance(x, Tensor)


class Variable(metaclass=_IsTensor):
    """`Variable(tensor)` is a tensor on the same memory; every tensor is an instance of Variable.

    volatile: without effect, as in torch, which warns.  name: of a time before leafgrad's; nothing looks at it.

    >>> import leafgrad as torch
    >>> torch.autograd.Variable(torch.ones(2), requires_grad=True)
    tensor([1., 1.], requires_grad=True)
    """

    _execution_engine = Engine()

    def __new__(
        cls, data: Tensor | None = None, requires_grad: Any = False, volatile: Any = False, name: Any = None
    ) -> Any:
        if data is not None and not isinstance(data, Tensor):
            raise TypeError(messages.DATA_KIND.format(type=type(data).__name__))
        if volatile:
            warn(messages.VARIABLE_VOLATILE)
        out: Any = Tensor() if data is None else data.detach()
        if as_index(requires_grad):
            if BY_NP[out._data.dtype].category < 2:
                raise RuntimeError(messages.REQUIRES_GRAD_DTYPE)
            out.requires_grad_()
        return out
