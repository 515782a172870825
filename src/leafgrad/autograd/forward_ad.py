"""Forward-mode differentiation: dual numbers inside a level.

>>> import leafgrad as torch
>>> import leafgrad.autograd.forward_ad as fwAD
>>> with fwAD.dual_level():
...     x = fwAD.make_dual(torch.tensor(2.), torch.tensor(1.))
...     fwAD.unpack_dual(x * x).tangent
tensor(4.)
"""

import itertools
from typing import NamedTuple

import numpy as np

from ..base import messages
from ..base.state import enter_mode, inference, leave_mode, state
from ..op.record import REGISTRY
from ..tensor.batch import bottom, embed, hide_all, show_all
from ..tensor.call import apply
from ..tensor.forward import check_size, close, set_tangent, tangent_of, without
from ..tensor.tensor import Tensor, wrap

_ids = itertools.count().__next__


def enter_dual_level() -> int:
    """Open a level and return its number; RuntimeError inside another, as in torch."""
    if state.levels:
        raise RuntimeError(messages.DUAL_NESTED)
    level = _ids()
    enter_mode(_token, around=True)
    state.levels = (*state.levels, level)
    return level


def exit_dual_level(*, level: int | None = None) -> None:
    """Close the newest level.  Tangents made in it are forgotten."""
    if not state.levels:
        raise RuntimeError(messages.DUAL_LEVEL)
    if level is not None and level != state.levels[-1]:
        raise RuntimeError(messages.DUAL_EXIT)
    close(state.levels[-1])
    state.levels = state.levels[:-1]
    leave_mode(_token)


_token = "forward mode"


class dual_level:
    """The context in which dual numbers live."""

    def __enter__(self) -> int:
        self.level = enter_dual_level()
        return self.level

    def __exit__(self, *exc: object) -> None:
        exit_dual_level(level=self.level)


class UnpackedDualTensor(NamedTuple):
    """What `unpack_dual` returns: the value, and its tangent or None."""

    primal: Tensor
    tangent: Tensor | None


def make_dual(tensor: Tensor, tangent: Tensor, *, level: int | None = None) -> Tensor:
    """A view of `tensor` that carries `tangent` (of its shape and dtype) in the open level."""
    if not state.levels:
        raise RuntimeError(messages.DUAL_OUTSIDE)
    for position, name, t in ((1, "tensor", tensor), (2, "tangent", tangent)):
        if not isinstance(t, Tensor):
            words = {"op": "make_dual", "name": name, "position": position, "type": type(t).__name__}
            raise TypeError(messages.NOT_TENSOR.format(**words))
        if t._data.dtype.kind not in "fcV":
            raise ValueError(
                messages.DUAL_DTYPE.format(name="primal" if name == "tensor" else name, dtype=t.dtype)
            )
    return dual(tensor, tangent, state.levels[-1] if level is None else level)


def dual(x: Tensor, tangent: Tensor, level: int) -> Tensor:
    """`make_dual` on tensors; the levels of vmap that batch the value batch the tangent as well, and others may."""
    check_size(x, tangent)
    if x._data.dtype != tangent._data.dtype:
        raise RuntimeError(messages.DUAL_SAME_DTYPE)
    x, levels = bottom(x)
    out = apply(REGISTRY["view"], (x,), (x._data.shape,))
    if not state.inference:
        set_tangent(out, level, show_all(tangent, levels))
    return hide_all(out, levels)


def unpack_dual(tensor: Tensor, *, level: int | None = None) -> UnpackedDualTensor:
    """The value and the tangent (None if it has none) of a tensor in the open level."""
    if not state.levels:
        return UnpackedDualTensor(tensor, None)
    inner, levels = bottom(tensor)
    level = state.levels[-1] if level is None else level
    tangent = None if state.inference else tangent_of(inner, level)
    return UnpackedDualTensor(
        hide_all(without(inner, level), levels), None if tangent is None else embed(tangent, levels)
    )


# --- for transforms, whose levels nest ---


class levels_up:
    """The context of one more level; gives its number."""

    __slots__ = ("aside", "level")

    def __enter__(self) -> int:
        self.level = _ids()
        enter_mode(_token, around=True)
        state.levels = (*state.levels, self.level)
        state.transforms += 1
        self.aside = inference(False) if state.inference else None
        if self.aside is not None:  # inference mode is set aside
            self.aside.__enter__()
        return self.level

    def __exit__(self, *exc: object) -> None:
        if self.aside is not None:
            self.aside.__exit__()
        close(self.level)
        state.levels = tuple([each for each in state.levels if each != self.level])
        state.transforms -= 1
        leave_mode(_token)


def parts(x: Tensor, level: int, strict: bool = False) -> tuple[Tensor, Tensor]:
    """Value and tangent at a level, zeros where there is none; RuntimeError for that if `strict`."""
    inner, levels = bottom(x)
    tangent = tangent_of(inner, level)
    if tangent is None:
        if strict:
            raise RuntimeError(messages.JVP_STRICT)
        tangent = wrap(np.zeros_like(inner._data))
    return hide_all(without(inner, level), levels), embed(tangent, levels)


__all__ = [
    "UnpackedDualTensor",
    "dual_level",
    "enter_dual_level",
    "exit_dual_level",
    "make_dual",
    "unpack_dual",
]
