"""`repr` and `format` of tensors; printing.py, which does the work, runs when the first is printed."""

from ..base.state import modes
from ..tensor.batch import levels_of
from ..tensor.tensor import Tensor
from . import printing


def tensor_repr(tensor: Tensor, *, tensor_contents: str | None = None, plain: bool | None = None) -> str:
    """`Tensor.__repr__`: the numbers, and what they do not show: size, dtype, `grad_fn`, tangent.

    `tensor_contents` is written in place of the numbers. A tensor is called "tensor" if it is `plain`, else
    by the name of its class; None means that it is plain if its class is Tensor itself.

    >>> import leafgrad as torch
    >>> torch.tensor([1.0, 2.5], requires_grad=True) * 2
    tensor([2., 5.], grad_fn=<MulBackward0>)
    """
    if modes and (depth := len(levels_of(tensor))):  # what vmap maps over: all samples
        value = tensor_repr(tensor._notes.physical).replace("\n", "\n    ")  # type: ignore[union-attr]
        return f"BatchedTensor(lvl={depth}, bdim=0, value=\n    {value}\n)"
    if plain is None:
        plain = type(tensor) is Tensor
    name = "tensor" if plain else type(tensor).__name__
    suffixes = printing.history(tensor)
    if tensor_contents is None and not tensor._data.flags.writeable and printing.has_no_values(tensor):
        tensor_contents, suffixes = "...", [f"size={tensor._data.shape}", *suffixes]
    text = printing.array_repr(tensor._data, name, suffixes, tensor_contents)
    return f"Parameter({text})" if not plain and getattr(tensor, "_is_param", False) else text


def tensor_format(tensor: Tensor, spec: str) -> str:
    """`Tensor.__format__`: a tensor without axes is formatted as its number, any other as objects are.

    >>> import leafgrad as torch
    >>> f"{torch.tensor(2.5):.3f}"
    '2.500'
    """
    if tensor._data.ndim == 0 and type(tensor) is Tensor:
        return format(tensor.item(), spec)
    return object.__format__(tensor, spec)
