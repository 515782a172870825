"""Complex numbers: their parts, which are views, and how they are put together."""

from math import pi
from typing import Any

import numpy as np

from ..base import messages
from ..op.table import expose, public
from ..tensor.kinds import elementary, unary
from ..tensor.misuse import wrong
from ..tensor.tensor import Tensor
from ..tensor.view import view
from ..values import kernels as k
from ..values.blocks import LARGE
from ..values.copies import contiguous
from ..values.device import contiguous_format
from ..values.dtype import BY_NP, FLOAT
from ..values.strides import offset
from . import views
from .arithmetic import conj, div, is_complex, mul, zero
from .comparison import eq
from .rounding import abs, sgn
from .ternary import where

ndarray = np.ndarray
PARTS: Any = {np.dtype(np.complex64): np.dtype(np.float32), np.dtype(np.complex128): np.dtype(np.float64)}
WHOLES: Any = {part: whole for whole, part in PARTS.items()}


def _need_tensor(op: str, x: Any, name: str = "input", position: int = 1) -> np.dtype:
    if not isinstance(x, Tensor):
        raise wrong(op, name, position, "Tensor", x)
    return x._data.dtype


# --- views of the parts ---


def _parts(self: ndarray) -> ndarray:
    step = PARTS[self.dtype].itemsize
    return np.lib.stride_tricks.as_strided(self.real, (*self.shape, 2), (*self.strides, step))


def _whole(self: ndarray) -> ndarray:
    return self.view(WHOLES[self.dtype])[..., 0]


def _side_by_side(grad: Any) -> Any:
    """The same, with the two parts of a number side by side."""
    data = grad._data if isinstance(grad, Tensor) else grad
    return grad if data.flags.c_contiguous else views.clone(grad, contiguous_format)


as_real = view(
    "view_as_real", _parts, lambda grad: as_complex(_side_by_side(grad)), strided=False,
    batch=lambda self: as_real(self),
)  # fmt: skip
as_complex: Any = view(
    "view_as_complex", _whole, lambda grad: as_real(grad), strided=False, batch=lambda self: as_complex(self)
)


@public(method=False)
def view_as_real(input: Tensor) -> Tensor:
    """A view of a complex tensor with one dimension more, of size 2: real and imaginary part.  RuntimeError
    for real ones.

    >>> import leafgrad as torch
    >>> torch.view_as_real(torch.tensor([1 + 2j]))
    tensor([[1., 2.]])
    """
    if _need_tensor("view_as_real", input).kind != "c":
        raise RuntimeError(messages.VIEW_AS_REAL)
    return as_real(input)


@public(method=False)
def view_as_complex(input: Tensor) -> Tensor:
    """A view of a real tensor whose last dimension, of size 2, holds real and imaginary parts.

    RuntimeError where the memory does not lie like complex numbers.

    >>> import leafgrad as torch
    >>> torch.view_as_complex(torch.tensor([[1.0, 2.0]]))
    tensor([1.+2.j])
    """
    dtype = _need_tensor("view_as_complex", input)
    if dtype.kind != "f":
        raise RuntimeError(messages.VIEW_AS_COMPLEX.format(type=BY_NP[dtype].type_name))
    x = input._data
    if not x.ndim or x.shape[-1] != 2:
        raise RuntimeError(messages.VIEW_AS_COMPLEX_SIZE)
    if dtype not in WHOLES:
        raise RuntimeError(messages.NO_COMPLEX32)
    if x.strides[-1] != x.itemsize:
        raise RuntimeError(messages.VIEW_AS_COMPLEX_STRIDE)
    if any(s % (2 * x.itemsize) for s in x.strides[:-1]):
        raise RuntimeError(messages.VIEW_AS_COMPLEX_STRIDES)
    if offset(x) % 2:
        raise RuntimeError(messages.VIEW_AS_COMPLEX_OFFSET)
    return as_complex(input)


real_part = view(
    "real", lambda self: self.real, lambda grad: grad, strided=False, batch=lambda self: real_part(self)
)
imag = view(
    "imag", lambda self: self.imag, lambda grad: mul(grad, 1j), strided=False, batch=lambda self: imag(self)
)


def real(x: Any) -> Any:
    """The real part; what is real is returned as it is."""
    return real_part(x) if is_complex(x) else x


@public(name="real", method=False)
def _public_real(input: Tensor) -> Tensor:
    """The real parts, a view of the same memory; a real tensor is returned as it is.

    >>> import leafgrad as torch
    >>> torch.real(torch.tensor([1 + 2j]))
    tensor([1.])
    """
    if _need_tensor("real", input).kind != "c":
        return input
    return views.select(as_real(input), input._data.ndim, 0)


@public(name="imag", method=False)
def _public_imag(input: Tensor) -> Tensor:
    """The imaginary parts, a view of the same memory.  RuntimeError for real tensors.

    >>> import leafgrad as torch
    >>> torch.imag(torch.tensor([1 + 2j]))
    tensor([2.])
    """
    if _need_tensor("imag", input).kind != "c":
        raise RuntimeError(messages.REAL_ONLY)
    return views.select(as_real(input), input._data.ndim, 1)


def _parts_of(name: str, get: Any, doc: str) -> None:
    def assign(self: Tensor, value: Any) -> None:
        get(self).copy_(value)

    setattr(Tensor, name, property(lambda self: get(self), assign, doc=doc))


_parts_of("real", _public_real, "The real parts, a view of the same memory; may be assigned to.")
_parts_of("imag", _public_imag, "The imaginary parts, a view of the same memory; may be assigned to.")


# --- conjugation ---

# It is computed at once; torch waits until the values are needed, which only a write to `x.conj()` can tell.


@public(name="conj")
def _public_conj(input: Tensor) -> Tensor:
    """The complex conjugate; a real tensor is returned as it is.

    >>> import leafgrad as torch
    >>> torch.conj(torch.tensor([1 + 2j]))
    tensor([1.-2.j])
    """
    _need_tensor("conj", input)
    return conj(input)


conj_physical = unary(
    "conj_physical", lambda x, out=...: x.astype(x.dtype) if x.dtype.kind == "b" else k.conj(x, out=out),
    vjp=lambda grad: conj(grad), in_place="ConjPhysicalBackward1",
)  # fmt: skip


def _public_conj_physical(input: Tensor, *, out: Any = None) -> Tensor:
    """The complex conjugate; a real tensor is returned as it is.

    >>> import leafgrad as torch
    >>> torch.conj_physical(torch.tensor([1 + 2j]))
    tensor([1.-2.j])
    """
    if _need_tensor("conj_physical", input).kind != "c" and out is None:
        return input
    return conj_physical.op.public(input, out=out)


_public_conj_physical.__name__ = _public_conj_physical.__qualname__ = "conj_physical"
expose(_public_conj_physical, "conj_physical", inplace=True)


def _resolved(name: str) -> Any:
    def resolve(input: Tensor) -> Tensor:
        _need_tensor(name, input)
        return input

    resolve.__doc__ = f"""The tensor itself: leafgrad computes conjugates and negatives at once.

    >>> import leafgrad as torch
    >>> torch.{name}(torch.tensor([1 + 2j]))
    tensor([1.+2.j])
    """
    return resolve


def _never(name: str) -> Any:
    def ask(input: Tensor) -> bool:
        _need_tensor(name, input)
        return False

    ask.__doc__ = f"""False: leafgrad computes conjugates and negatives at once.

    >>> import leafgrad as torch
    >>> torch.{name}(torch.tensor([1 + 2j]).conj())
    False
    """
    return ask


for _name in ("resolve_conj", "resolve_neg"):
    public(name=_name)(_resolved(_name))
for _name in ("is_conj", "is_neg"):
    public(name=_name)(_never(_name))


# --- from parts ---


def _complex(x: ndarray, y: ndarray, out: Any = ...) -> ndarray:
    if out is ...:
        out = np.empty(np.broadcast_shapes(x.shape, y.shape), WHOLES[x.dtype])
    out.real, out.imag = x, y
    return out


def _polar(x: ndarray, angle: ndarray, out: Any = ...) -> ndarray:
    if out is ...:
        out = np.empty(np.broadcast_shapes(x.shape, angle.shape), WHOLES[x.dtype])
    np.multiply(x, np.cos(angle), out=out.real)
    np.multiply(x, np.sin(angle), out=out.imag)
    return out


def _refuse_parts(values: list, dtype: np.dtype) -> Exception | None:
    a, b = (BY_NP[v.dtype] for v in values)
    if not (a.is_floating_point and b.is_floating_point):
        return RuntimeError(messages.COMPLEX_PARTS.format(a=a.type_name, b=b.type_name))
    if a is not b:
        return RuntimeError(messages.COMPLEX_PARTS_DIFFER.format(a=a.type_name, b=b.type_name))
    return None if a.np in WHOLES else RuntimeError(messages.NO_COMPLEX32)


complex = elementary(
    "complex", _complex, ("real", "imag"),
    vjp={  # the parts are named because torch saves them
        "real": lambda grad, real: _real_of(grad),
        "imag": lambda grad, imag: _imag_of(grad),
    },
    refuses=_refuse_parts,
)  # fmt: skip
polar = elementary(
    "polar", _polar, ("abs", "angle"),
    vjp={
        "abs": lambda grad, result: real(mul(conj(grad), sgn(result))),
        "angle": lambda grad, result: real(mul(conj(grad), mul(result, 1j))),
    },
    refuses=_refuse_parts,
)  # fmt: skip


def _real_of(grad: Any) -> Any:
    return real(grad)


def _imag_of(grad: Any) -> Any:
    return imag(grad)


def _check_whole(x: Any, out: Any) -> None:
    """RuntimeError unless the dtype of `out` is the complex one of x."""
    if isinstance(out, Tensor) and isinstance(x, Tensor) and x._data.dtype in WHOLES:
        whole, given = BY_NP[WHOLES[x._data.dtype]], BY_NP[out._data.dtype]
        if given is not whole:
            raise RuntimeError(messages.COMPLEX_OUT.format(a=whole.type_name, b=given.type_name))


@public(name="complex", method=False)
def _public_complex(real: Tensor, imag: Tensor, *, out: Any = None) -> Tensor:
    """real + 1j * imag, of two float32 or two float64 tensors.

    >>> import leafgrad as torch
    >>> torch.complex(torch.tensor([1.0]), torch.tensor([2.0]))
    tensor([1.+2.j])
    """
    _check_whole(real, out)
    return complex(real, imag, out=out)


@public(name="polar", method=False)
def _public_polar(abs: Tensor, angle: Tensor, *, out: Any = None) -> Tensor:
    """The complex numbers of these absolute values and angles, of two float32 or two float64 tensors.

    >>> import leafgrad as torch
    >>> torch.polar(torch.tensor([2.0]), torch.tensor([0.0]))
    tensor([2.+0.j])
    """
    _check_whole(abs, out)
    return polar(abs, angle, out=out)


# --- angle ---


def _angle(x: ndarray, out: Any = ...) -> ndarray:
    if x.dtype.kind == "c":
        if x.size < LARGE:
            return np.arctan2(x.imag, x.real, out=out)
        return k.atan2(
            contiguous(x.imag), contiguous(x.real), out=out
        )  # NumPy is slow where numbers have gaps
    result = np.where(np.isnan(x), x, np.where(x < 0, x.dtype.type(pi), x.dtype.type(0)))
    if out is ...:
        return np.asarray(result, x.dtype)
    out[...] = result
    return out


def _angle_slope(grad: Any, self: Any) -> Any:
    """1j * z / |z|**2, and 0 at 0: the angle grows across the direction of z."""
    if not is_complex(self):
        return zero(grad)
    size = abs(self)
    return where(eq(size, 0), 0, mul(grad, div(mul(self, 1j), mul(size, size))))


angle = unary(
    "angle", _angle, vjp=lambda grad, self: _angle_slope(grad, self), to=FLOAT,
    doc="""The angle of complex numbers, in radians from -pi to pi; 0 or pi of real ones.

    >>> import leafgrad as torch
    >>> torch.angle(torch.tensor([1j, -1 + 0j]))
    tensor([1.5708, 3.1416])
    """,
)  # fmt: skip
expose(angle.op.public, "angle")
