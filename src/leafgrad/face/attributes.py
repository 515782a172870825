"""What a tensor says about itself: shape, dtype, device, and its flags."""

from typing import Any

from ..base import messages
from ..base.where import warn
from ..op.table import public
from ..ops.arguments import need_tensor
from ..tensor.tensor import Attribute, Tensor, untracked
from ..values import size
from ..values.device import CPU, strided
from ..values.dtype import BY_NP


def _attribute(getter: Any) -> Any:
    setattr(Tensor, getter.__name__, Attribute(getter))
    return getter


@_attribute
def shape(self: Tensor) -> size.Size:
    """The size of each dimension, as a `torch.Size`."""
    return size.of(self._data.shape)


@_attribute
def dtype(self: Tensor) -> Any:
    """The type of the elements."""
    return BY_NP[self._data.dtype]


@_attribute
def ndim(self: Tensor) -> int:
    """The number of dimensions."""
    return self._data.ndim


@_attribute
def device(self: Tensor) -> Any:
    """Where the tensor lives: always the CPU."""
    return CPU


@_attribute
def layout(self: Tensor) -> Any:
    """How the elements lie in memory: always `torch.strided`."""
    return strided


@_attribute
def itemsize(self: Tensor) -> int:
    """The bytes of one element."""
    return self._data.itemsize


@_attribute
def nbytes(self: Tensor) -> int:
    """The bytes of all elements."""
    return self._data.nbytes


@_attribute
def is_cpu(self: Tensor) -> bool:
    """Whether the tensor lives on the CPU: always."""
    return True


@_attribute
def name(self: Tensor) -> None:
    """Tensors have no names: None."""
    return


@_attribute
def volatile(self: Tensor) -> bool:
    """What `no_grad` replaced; always False, with a warning."""
    warn(messages.VOLATILE)
    return False


# Where and how tensors cannot be here.
for _name in (
    "is_cuda", "is_ipu", "is_maia", "is_meta", "is_mkldnn", "is_mps", "is_mtia", "is_nested", "is_quantized",
    "is_sparse", "is_sparse_csr", "is_vulkan", "is_xla", "is_xpu",
):  # fmt: skip
    setattr(Tensor, _name, property(lambda self: False))


@public()
def get_device(input: Tensor) -> int:
    """The number of the accelerator that holds the tensor; -1, as it is the CPU.

    >>> import leafgrad as torch
    >>> torch.ones(1).get_device()
    -1
    """
    need_tensor("get_device", input)
    return -1


@public()
def is_inference(input: Tensor) -> bool:
    """Whether the tensor was made in inference mode.

    >>> import leafgrad as torch
    >>> with torch.inference_mode():
    ...     x = torch.ones(1)
    >>> x.is_inference(), x.clone().is_inference()
    (True, False)
    """
    need_tensor("is_inference", input)
    return untracked(input)


@public(torch=False)
def is_pinned(self: Tensor, device: Any = None) -> bool:
    """Whether the memory is pinned for an accelerator: no.

    >>> import leafgrad as torch
    >>> torch.ones(1).is_pinned()
    False
    """
    return False


@public(torch=False)
def is_shared(self: Tensor) -> bool:
    """Whether the memory is shared between processes: no.

    >>> import leafgrad as torch
    >>> torch.ones(1).is_shared()
    False
    """
    return False
