"""Arithmetic: add, sub, mul, div, neg and what belongs to the operators of Python; pow is in powers.py."""

from typing import Any

import numpy as np

from ..base import messages
from ..op.record import same
from ..op.table import expose, public
from ..tensor.elementwise import foreign
from ..tensor.kinds import binary, elementary, fused, unary
from ..tensor.misuse import invalid, wrong
from ..tensor.tensor import Tensor, wrap
from ..tensor.write import INPLACE
from ..values import kernels as k
from ..values.arguments import plain
from ..values.blocks import LARGE
from ..values.dtype import FLOAT
from ..values.promotion import common

ndarray = np.ndarray
ONE = 1  # the default of alpha, by identity


# --- what rules are made of ---


def is_complex(x: Any) -> bool:
    """Whether an array, a tensor or a number is complex."""
    if isinstance(x, Tensor):
        x = x._data
    return x.dtype.kind == "c" if hasattr(x, "dtype") else type(x) is complex


def zero(like: Any) -> Any:
    """Zeros shaped like a gradient: of functions that are flat wherever they have a derivative."""
    return wrap(np.zeros_like(like._data)) if isinstance(like, Tensor) else np.zeros_like(like)


def not_differentiable(name: str) -> Any:
    """The rule of a function for which torch has no derivative."""

    def rule(grad: Any) -> Any:
        raise RuntimeError(messages.NOT_DIFFERENTIABLE.format(op=name))

    return rule


_conj = unary("conj", k.conj, vjp=lambda grad: conj(grad))


def conj(x: Any) -> Any:
    """The complex conjugate; what is real is returned as it is."""
    if type(x) is ndarray:
        return k.conj(x) if x.dtype.kind == "c" else x
    if isinstance(x, Tensor):
        return _conj.op.public(x) if x._data.dtype.kind == "c" else x
    return x.conjugate()


# --- the four operations ---

neg: Any = unary(
    "neg", k.neg, vjp=lambda grad: neg(grad), linear=True, refuses={"b": RuntimeError(messages.NEG_BOOL)},
    doc="""The negative of each element.

    >>> import leafgrad as torch
    >>> torch.neg(torch.tensor([1.0, -2.0]))
    tensor([-1.,  2.])
    """,
)  # fmt: skip
mul: Any = binary(
    "mul", k.mul,
    self=fused(k.mul_conj, lambda grad, other: mul(grad, conj(other))),
    other=fused(k.mul_conj, lambda grad, self: mul(grad, conj(self))),
    numbers=("self", "other"),
    doc="""input * other, of tensors or numbers that broadcast and whose types are promoted.

    >>> import leafgrad as torch
    >>> torch.mul(torch.tensor([1.0, 2.0]), 10)
    tensor([10., 20.])
    """,
)  # fmt: skip
div: Any = binary(
    "div", k.div,
    self=lambda grad, other: div(grad, conj(other)),
    other=lambda grad, self, other: neg(mul(grad, conj(div(div(self, other), other)))),
    numbers=("self", "other"),
    to=FLOAT,
)  # fmt: skip
add = binary(
    "add", k.add, self=same, other=same,
    linear=True, numbers=("self", "other"), shows={"alpha": 1},
)  # fmt: skip


def _no_bools(values: list, dtype: np.dtype) -> Exception | None:
    bools = [type(v) is bool or (type(v) is ndarray and v.dtype.kind == "b") for v in values]
    if not any(bools):
        return None
    return RuntimeError(messages.SUB_BOOLS if all(bools) else messages.SUB_BOOL)


sub = binary(
    "sub", k.sub,
    self=lambda grad: grad,
    other=lambda grad: neg(grad),
    linear=True, numbers=("self", "other"), shows={"alpha": 1}, refuses=_no_bools,
)  # fmt: skip


def _more(x: Any, y: Any, alpha: Any, out: Any = ...) -> ndarray:
    """x + alpha * y."""
    if type(x) is ndarray is type(y) and (x.size >= LARGE or x.itemsize == 2):
        return k.axpy(x, y, alpha, out=out)
    return np.add(x, y * alpha, out=out)


def _less(x: Any, y: Any, alpha: Any, out: Any = ...) -> ndarray:
    """x - alpha * y."""
    if type(x) is ndarray is type(y) and x.size < LARGE and x.itemsize > 2:
        return np.subtract(x, y * alpha, out=out)
    if type(x) is ndarray is type(y) and x.dtype.kind in "fcV":
        return k.axpy(x, y, -alpha, out=out)
    return k.sub(x, y * alpha, out=out)


_add_scaled = elementary(
    "add", _more, ("self", "other"), ("alpha",),
    vjp={"self": lambda grad, alpha: grad, "other": lambda grad, alpha: mul(grad, conj(alpha))},
    linear=True, numbers=("self", "other"), node="AddBackward0",
)  # fmt: skip
_sub_scaled = elementary(
    "sub", _less, ("self", "other"), ("alpha",),
    vjp={"self": lambda grad, alpha: grad, "other": lambda grad, alpha: neg(mul(grad, conj(alpha)))},
    linear=True, numbers=("self", "other"), refuses=_no_bools, node="SubBackward0",
)  # fmt: skip
_rsub = elementary(
    "rsub", lambda x, y, alpha, out=...: k.sub(y, x if alpha is ONE else x * alpha, out=out),
    ("self", "other"), ("alpha",),
    vjp={"self": lambda grad, alpha: neg(mul(grad, conj(alpha))), "other": lambda grad, alpha: grad},
    linear=True, refuses=_no_bools,
)  # fmt: skip
_rsub_number = unary(
    "rsub", lambda x, other, alpha, out=...: k.sub(other, x if alpha is ONE else x * alpha, out=out),
    vjp=lambda grad, alpha: neg(mul(grad, conj(alpha))),
    params=("other", "alpha"), weigh=("other",), refuses=_no_bools, node="RsubBackward1",
)  # fmt: skip

_rsub_from = _rsub_number.op.public
_add, _sub, _mul, _div = add.op.public, sub.op.public, mul.op.public, div.op.public


def _alpha(op: str, alpha: Any, *operands: Any) -> Any:
    """`alpha` as a number, checked against the dtype of the result."""
    x = operands[0]
    if type(x) is Tensor and x._data.dtype.kind == "f" and (type(alpha) is float or type(alpha) is int):
        return alpha
    if isinstance(alpha, Tensor) and alpha._data.size == 1:
        alpha = alpha.item()
    alpha = plain(alpha)
    if not isinstance(alpha, int | float | complex):
        raise wrong(op, "alpha", None, "Number", alpha)
    if any(foreign(x) for x in operands):
        return alpha  # the call itself will say so
    kind = common(*[x._data if isinstance(x, Tensor) else x for x in operands]).kind
    if type(alpha) is bool and kind != "b":
        raise RuntimeError(messages.ALPHA_BOOL)
    if type(alpha) in (float, complex) and kind in "iub":
        raise RuntimeError(messages.ALPHA_FLOAT)
    if type(alpha) is complex and kind != "c":
        raise RuntimeError(messages.ALPHA_COMPLEX)
    return bool(alpha) if kind == "b" else alpha


_ALPHA = ("Tensor input, Tensor other, *, Number alpha = 1, Tensor out = None",)


@public(name="add", inplace=True, signatures=_ALPHA, operator="add", row=add.op, reflected=add.op.operator)
def _public_add(input: Any, other: Any, *extra: Any, alpha: Any = 1, out: Any = None) -> Tensor:
    """input + alpha * other, of tensors or numbers that broadcast and whose types are promoted.

    >>> import leafgrad as torch
    >>> torch.add(torch.tensor([1.0, 2.0]), torch.tensor([10.0, 20.0]), alpha=2)
    tensor([21., 42.])
    """
    if alpha is ONE or extra:
        return _add(input, other, *extra, out=out)
    return _add_scaled(input, other, _alpha("add", alpha, input, other), out=out)


def _add_in_place(self: Tensor, other: Any, *, alpha: Any = 1) -> Tensor:
    if alpha is ONE:
        return _add.write(self, other)
    return _add_scaled(self, other, _alpha("add", alpha, self, other), out=INPLACE)


_public_add.write = _add_in_place  # type: ignore[attr-defined]


def _rsub_operator(self: Tensor, other: Any) -> Any:
    if type(other) is float or type(other) is int:
        return _rsub_from(self, other, ONE)
    other = plain(other)
    return NotImplemented if foreign(other) else _public_rsub(self, other)


@public(
    name="sub",
    inplace=True,
    signatures=_ALPHA,
    aliases=("subtract",),
    operator="sub",
    row=sub.op,
    reflected=_rsub_operator,
)
def _public_sub(input: Any, other: Any, *extra: Any, alpha: Any = 1, out: Any = None) -> Tensor:
    """input - alpha * other, of tensors or numbers that broadcast and whose types are promoted; RuntimeError
    for bools.

    >>> import leafgrad as torch
    >>> torch.sub(torch.tensor([1, 2]), 1)
    tensor([0, 1])
    """
    if alpha is ONE or extra:
        return _sub(input, other, *extra, out=out)
    return _sub_scaled(input, other, _alpha("sub", alpha, input, other), out=out)


def _sub_in_place(self: Tensor, other: Any, *, alpha: Any = 1) -> Tensor:
    if alpha is ONE:
        return _sub.write(self, other)
    return _sub_scaled(self, other, _alpha("sub", alpha, self, other), out=INPLACE)


_public_sub.write = _sub_in_place  # type: ignore[attr-defined]

_RSUB = ("Tensor input, Tensor other, *, Number alpha = 1", "Tensor input, Number other, Number alpha = 1")


@public(name="rsub", method=False, signatures=_RSUB)
def _public_rsub(input: Tensor, other: Any, *, alpha: Any = 1) -> Tensor:
    """other - alpha * input.

    >>> import leafgrad as torch
    >>> torch.rsub(torch.tensor([1, 2]), 10)
    tensor([9, 8])
    """
    if not isinstance(input, Tensor) or foreign(other):
        raise invalid("rsub", _RSUB)
    if type(other) is bool:
        raise RuntimeError(messages.SUB_BOOLS if input._data.dtype.kind == "b" else messages.SUB_BOOL)
    alpha = _alpha("rsub", alpha, input, other)
    return _rsub(input, other, alpha) if isinstance(other, Tensor) else _rsub_from(input, other, alpha)


expose(neg.op.public, "neg", inplace=True, aliases=("negative",), operator="neg")
expose(
    mul.op.public,
    "mul",
    inplace=True,
    aliases=("multiply",),
    operator="mul",
    row=mul.op,
    reflected=mul.op.operator,
)
