"""Parameter: a leaf that requires grad unless told otherwise."""

from typing import Any

from ..face.text import tensor_repr
from ..tensor.subclass import _disabled_torch_function_impl
from ..tensor.tensor import Tensor


class Parameter(Tensor):
    """A tensor that is a module's parameter: `Parameter(data, requires_grad=True)`, on the memory of `data`.

    What is computed from it is a plain tensor.

    >>> import leafgrad as torch
    >>> torch.nn.Parameter(torch.ones(2))
    Parameter containing:
    tensor([1., 1.], requires_grad=True)
    """

    _is_param = True
    __torch_function__ = _disabled_torch_function_impl

    def __new__(cls, data: Any = None, requires_grad: bool = True) -> Any:
        data = Tensor() if data is None else data
        kind = type(data)
        if kind is Tensor or issubclass(kind, Parameter):
            return Tensor._make_subclass(cls, data, requires_grad)  # type: ignore[attr-defined]
        out = data.detach().requires_grad_(requires_grad)  # of another subclass: it stays one, and is marked
        out._is_param = True
        return out

    def __repr__(self) -> str:
        return "Parameter containing:\n" + tensor_repr(self, plain=type(self) is Parameter)
