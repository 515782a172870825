"""`torch.typename`, and the default device."""

from typing import Any

from ..op.table import public
from ..tensor.tensor import Tensor
from ..values import device as devices
from ..values.dtype import BY_NP


@public(method=False)
def typename(obj: Any) -> str:
    """The name of an object's type; that of a tensor says its dtype.

    >>> import leafgrad as torch
    >>> torch.typename(torch.ones(1)), torch.typename([])
    ('torch.FloatTensor', 'list')
    """
    if isinstance(obj, Tensor):
        return BY_NP[obj._data.dtype].tensor_type
    kind = obj if hasattr(obj, "__qualname__") else type(obj)
    module = getattr(kind, "__module__", None) or ""
    if module in ("", "builtins", "__builtin__"):
        return kind.__qualname__
    if module.startswith("leafgrad"):
        module = "torch" if kind is Tensor else "torch" + module.removeprefix("leafgrad")
    return f"{module}.{kind.__qualname__}"


@public(method=False)
def get_default_device() -> devices.device:
    """The device on which tensors are made: the CPU.

    >>> import leafgrad as torch
    >>> torch.get_default_device()
    device(type='cpu')
    """
    return devices.CPU


@public(method=False)
def set_default_device(device: Any) -> None:
    """Choose the device on which tensors are made: it must be the CPU (or None, which means that).

    >>> import leafgrad as torch
    >>> torch.set_default_device("cpu")
    """
    devices.check(device, "set_default_device")
