"""`torch.library`: operators that users define, which autograd, vmap and modes see as one op."""

from collections.abc import Callable
from typing import Any

from ..base import messages
from ..tensor.overloads import OpOverload
from .custom import OPERATORS, CustomOpDef, custom_op
from .schema import infer


def infer_schema(
    prototype_function: Callable, /, *, mutates_args: Any, op_name: str | None = None, tags: Any = ()
) -> str:
    """What a function takes and returns by its annotations, in torch's notation.

    mutates_args: the names of the arguments that it writes to, or "unknown".  tags: for torch's compilers; a schema does not
    show them.  ValueError for annotations that have no place there.

    >>> import leafgrad as torch
    >>> def scaled(x: torch.Tensor, by: float = 2.0) -> torch.Tensor: ...
    >>> torch.library.infer_schema(scaled, mutates_args=())
    '(Tensor x, float by=2.0) -> Tensor'
    """
    return str(infer(prototype_function, mutates_args, op_name or ""))


def _operator(op: str | OpOverload | CustomOpDef, function: str) -> CustomOpDef:
    if isinstance(op, CustomOpDef):
        return op
    if not isinstance(op, str | OpOverload):
        raise ValueError(messages.OPERATOR_KIND.format(function=function, op=op, type=type(op)))
    name = op if isinstance(op, str) else op.name()
    found = OPERATORS.get(name)
    if found is None and function == "register_fake":
        raise RuntimeError(messages.OPERATOR_ABSENT.format(name=name))
    if found is None:
        space, _, rest = name.partition("::")
        raise AttributeError(messages.NO_OP.format(namespace=space, name=rest))
    return found


def register_kernel(op: Any, device_types: Any, func: Callable | None = None, /) -> Any:
    """`CustomOpDef.register_kernel` of an operator given by its name.

    >>> import leafgrad as torch
    >>> @torch.library.custom_op("docs::half", mutates_args=())
    ... def half(x: torch.Tensor) -> torch.Tensor:
    ...     return x / 2
    >>> _ = torch.library.register_kernel("docs::half", "cpu", lambda x: x * 0.5)
    >>> half(torch.ones(1))
    tensor([0.5000])
    """
    return _operator(op, "register_kernel").register_kernel(device_types, func)


def register_autograd(op: Any, backward: Callable, /, *, setup_context: Callable | None = None) -> None:
    """`CustomOpDef.register_autograd` of an operator given by its name.

    >>> import leafgrad as torch
    >>> @torch.library.custom_op("docs::triple", mutates_args=())
    ... def triple(x: torch.Tensor) -> torch.Tensor:
    ...     return x * 3
    >>> torch.library.register_autograd("docs::triple", lambda ctx, grad: grad * 3)
    >>> x = torch.ones(1, requires_grad=True)
    >>> torch.autograd.grad(triple(x), x)
    (tensor([3.]),)
    """
    _operator(op, "register_autograd").register_autograd(backward, setup_context=setup_context)


def register_fake(op: Any, func: Callable | None = None, /) -> Any:
    """`CustomOpDef.register_fake` of an operator given by its name; also a decorator."""
    found = _operator(op, "register_fake")
    return found.register_fake if func is None else found.register_fake(func)


def register_vmap(op: Any, func: Callable | None = None, /) -> Any:
    """`CustomOpDef.register_vmap` of an operator given by its name.

    >>> import leafgrad as torch
    >>> @torch.library.custom_op("docs::square", mutates_args=())
    ... def square(x: torch.Tensor) -> torch.Tensor:
    ...     return x * x
    >>> torch.library.register_vmap("docs::square", lambda info, in_dims, x: (square(x), in_dims[0]))
    >>> torch.vmap(square)(torch.arange(3.0))
    tensor([0., 1., 4.])
    """
    return _operator(op, "register_vmap").register_vmap(func)


def register_torch_dispatch(op: Any, torch_dispatch_class: Any, func: Callable | None = None, /) -> Any:
    """`CustomOpDef.register_torch_dispatch` of an operator given by its name; also a decorator."""
    return _operator(op, "register_torch_dispatch").register_torch_dispatch(torch_dispatch_class, func)


_MISSING = {
    "Library": messages.LIBRARY_LIBRARY, "define": messages.LIBRARY_LIBRARY, "impl": messages.LIBRARY_LIBRARY,
    "fallthrough_kernel": messages.LIBRARY_LIBRARY, "get_kernel": messages.LIBRARY_LIBRARY,
    "triton_op": messages.LIBRARY_TRITON, "wrap_triton": messages.LIBRARY_TRITON,
    "register_autocast": messages.LIBRARY_AUTOCAST,
    "opcheck": messages.LIBRARY_FAKE, "get_ctx": messages.LIBRARY_FAKE, "impl_abstract": messages.LIBRARY_FAKE,
}  # fmt: skip


def __getattr__(name: str) -> Any:
    """What torch has and leafgrad has not: an error that says why."""
    if name in _MISSING:
        raise AttributeError(messages.LIBRARY_MISSING.format(name=name, why=_MISSING[name]))
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = [
    "CustomOpDef", "custom_op", "infer_schema", "register_autograd", "register_fake", "register_kernel", "register_torch_dispatch",
    "register_vmap",
]  # fmt: skip
