"""`Variable`: an old name for tensors, still met in programs."""

from typing import Any

from ..tensor.tensor import Tensor


class _IsTensor(type):
    def __instancecheck__(cls, x: Any) -> bool:
        return isinstance(x, Tensor)


class Variable(metaclass=_IsTensor):
    """`Variable(tensor)` is a tensor on the same memory; every tensor is an instance of Variable.

    >>> import leafgrad as torch
    >>> torch.autograd.Variable(torch.ones(2), requires_grad=True)
    tensor([1., 1.], requires_grad=True)
    """

    def __new__(cls, data: Tensor, requires_grad: bool = False) -> Any:
        out: Any = data.detach()
        return out.requires_grad_() if requires_grad else out
