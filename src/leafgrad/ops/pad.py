"""nn.functional.pad: constant, reflected, replicated, circular."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ..base import messages
from ..op.table import public
from ..tensor.kinds import primitive
from ..tensor.misuse import wrong
from ..tensor.tensor import Tensor
from ..values import arrange as kernels
from ..values.arguments import number, type_name
from .arguments import need_tensor, size_list
from .copies import copy_
from .create import made
from .parts import sliced

ndarray = np.ndarray

# --- constant ---

constant_row = primitive(
    "constant_pad_nd", lambda self, /, pad, value: kernels.pad_constant(self, pad, value), linear=True,
    vjp={"self": lambda grad, pad: constant_row(grad, tuple([-n for n in pad]), 0)},
    jvp=lambda tangents, self, pad, value, result: constant_row(tangents[0], pad, 0),
    batch=lambda self, pad, value: constant_row(self, pad, value),
)  # fmt: skip


def _constant(x: Tensor, pads: tuple[int, ...], value: Any) -> Tensor:
    around = kernels.pairs(pads, x._data.ndim)
    for n, (a, b) in zip(x._data.shape, around, strict=True):
        rest = n + min(a, 0) + min(b, 0)
        if rest < 0:
            raise RuntimeError(messages.NARROW_LENGTH)
        if n + a + b < 0:
            raise RuntimeError(messages.PAD_NEGATIVE.format(size=n, before=a, after=b))
    return constant_row(x, pads, number(value, x._data.dtype))


@public(method=False)
def constant_pad_nd(input: Tensor, pad: Any, value: Any = 0) -> Tensor:
    """`nn.functional.pad` with mode "constant".

    >>> import leafgrad as torch
    >>> torch.constant_pad_nd(torch.ones(2), (1, 0), 5.0)
    tensor([5., 1., 1.])
    """
    need_tensor("constant_pad_nd", input)
    pads = size_list("constant_pad_nd", pad, "pad", 2)
    _check_length(input, pads)
    return _constant(input, pads, value)


def _check_length(x: Tensor, pads: tuple[int, ...]) -> None:
    if len(pads) % 2:
        raise RuntimeError(messages.PAD_ODD)
    if len(pads) > 2 * x._data.ndim:
        raise RuntimeError(messages.PAD_LENGTH.format(n=len(pads), ndim=x._data.ndim))


# --- reflected, replicated ---


def _rows(name: str, positions: Callable) -> list:
    """The ops for one, two and three padded dimensions; their names are all that differs."""
    out = []
    for d in (1, 2, 3):

        def forward(self: ndarray, /, padding: tuple) -> ndarray:
            return kernels.pad_by(self, padding, positions)

        def backward(grad: ndarray, /, sizes: tuple, padding: tuple) -> ndarray:
            return kernels.pad_by_backward(grad, sizes, padding, positions)

        out.append(_row(f"{name.lower()}_pad{d}d", f"{name}Pad{d}DBackward", forward, backward))
    return out


def _row(name: str, node: str, forward: Callable, backward: Callable) -> Any:
    again = primitive(
        name + "_backward",
        backward,
        linear=True,
        node=node + "Backward0",
        vjp={"grad": lambda grad, padding: row(grad, padding)},
        batch=lambda grad, sizes, padding, samples: again(grad, (samples, *sizes), padding),
    )
    row = primitive(
        name,
        forward,
        linear=True,
        node=node + "0",
        vjp={"self": lambda grad, self, padding: again(grad, self.shape, padding)},
        batch=lambda self, padding: row(self, padding),
    )
    return row


_REFLECT = _rows("Reflection", lambda *ends: kernels.reflected(*ends))
_REPLICATE = _rows("Replication", lambda *ends: kernels.replicated(*ends))


def _by_elements(x: Tensor, pads: tuple[int, ...], mode: str) -> Tensor:
    data = x._data
    d, shape = len(pads) // 2, data.shape
    reflects = mode == "reflect"
    batched = data.ndim == d + 2
    if any(n == 0 for n in shape[1 if batched else 0 :]):
        raise RuntimeError(messages.PAD_EMPTY.format(low=d + 1, high=d + 2, shape=list(shape)))
    around = kernels.pairs(pads, data.ndim)
    for i in range(d):
        axis = data.ndim - 1 - i
        a, b = around[axis]
        if reflects and (a >= shape[axis] or b >= shape[axis]):
            raise RuntimeError(
                messages.PAD_REFLECT.format(argument=4 + 2 * i, a=a, b=b, dim=axis, shape=list(shape))
            )
    target = [n + a + b for n, (a, b) in zip(shape, around, strict=True)]
    if d == 1 and target[-1] < 1:
        raise RuntimeError(messages.PAD_SMALL.format(size=shape[-1], out=target[-1]))
    if min(target) < 0:
        n = min(target)
        raise RuntimeError(
            messages.RESIZE_NEGATIVE
            if reflects and d == 2
            else messages.SIZE_NEGATIVE_EMPTY.format(n=n, size=target)
        )
    if data.dtype.kind == "b":
        kernel = f"{'reflection' if reflects else 'replication'}_pad{d}d"
        raise NotImplementedError(messages.NOT_IMPLEMENTED_FOR.format(kernel=kernel, type=type_name(data)))
    return (_REFLECT if reflects else _REPLICATE)[d - 1](x, pads)


# --- circular ---


def _circular(x: Tensor, pads: tuple[int, ...]) -> Tensor:
    """The tensor in the middle of a larger one, and then what lies at its ends copied around it."""
    shape = x._data.shape
    around = kernels.pairs(pads, len(shape))
    target = []
    for n, (a, b) in zip(shape, around, strict=True):
        if a > n or b > n:
            raise RuntimeError(messages.PAD_WRAPS)
        if n + a + b <= 0 and (a, b) != (0, 0):
            raise RuntimeError(messages.PAD_VANISHES)
        target.append(n + a + b)
    out = made(np.empty(target, x._data.dtype), False, x)
    place, inside = out, x
    padded = range(len(shape) - 1, len(shape) - 1 - len(pads) // 2, -1)
    for dim in padded:
        a, b = around[dim]
        place = sliced(place, dim, max(a, 0), target[dim] - max(b, 0))
        inside = sliced(inside, dim, max(-a, 0), shape[dim] - max(-b, 0))
    copy_(place, inside)
    for dim in padded:
        (a, b), n = around[dim], target[dim]
        if a > 0:
            copy_(sliced(out, dim, 0, a), sliced(out, dim, n - a - max(b, 0), n - max(b, 0)))
        if b > 0:
            copy_(sliced(out, dim, n - b, n), sliced(out, dim, max(a, 0), max(a, 0) + b))
    return out


# --- all of them ---


@public(method=False, torch=False, spaces=("nn.functional",))
def pad(input: Tensor, pad: Any, mode: str = "constant", value: float | None = None) -> Tensor:
    """A copy with more at the ends of its last dimensions, or less where a pad is negative.

    pad: (before, after) for the last dimension, then for the one before it, ...  mode: "constant" (`value`, default 0), "reflect",
    "replicate" (the nearest element) or "circular".

    >>> import leafgrad as torch
    >>> torch.nn.functional.pad(torch.arange(3), (1, 2), value=9)
    tensor([9, 0, 1, 2, 9, 9])
    >>> torch.nn.functional.pad(torch.arange(3.0).view(1, 3), (1, 1), mode="reflect")
    tensor([[1., 0., 1., 2., 1.]])
    """
    need_tensor("pad", input)
    pads = size_list("pad", pad, "pad", 2)
    if not isinstance(mode, str):
        raise wrong("pad", "mode", 3, "str", mode)
    if value is not None and not isinstance(value, bool | int | float):
        raise wrong("pad", "value", 4, "float", value)
    _check_length(input, pads)
    if mode == "constant":
        return _constant(input, pads, 0 if value is None else value)
    if value is not None and value != 0:
        raise RuntimeError(messages.PAD_VALUE.format(mode=mode))
    if mode not in ("reflect", "replicate", "circular"):
        raise NotImplementedError(messages.PAD_MODE.format(mode=mode))
    d, ndim = len(pads) // 2, input._data.ndim
    if not 1 <= d <= 3 or ndim not in (d + 1, d + 2):
        raise NotImplementedError(messages.PAD_COMBINATION.format(n=len(pads), ndim=ndim))
    return _circular(input, pads) if mode == "circular" else _by_elements(input, pads, mode)
