"""`Variable`: an old name for tensors, still met in programs."""

from operator import index as as_index
from typing import Any

from ..base import messages
from ..base.where import warn
from ..tensor.tensor import Tensor
from ..values.dtype import BY_NP


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
