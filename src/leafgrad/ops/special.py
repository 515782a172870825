"""Special functions; those that NumPy lacks need SciPy (`pip install 'leafgrad[scipy]'`)."""

from math import factorial, inf, pi
from math import log as ln
from math import sqrt as root
from typing import Any

import numpy as np

from ..base import extras, messages
from ..op.table import expose, public
from ..tensor.kinds import binary, unary
from ..tensor.misuse import wrong
from ..tensor.tensor import Tensor
from ..tensor.write import INPLACE
from ..values import activations as a
from ..values.dtype import BY_NP, FLOAT, default
from ..values.kernel import composed, elementwise, elementwise2, is_16bit
from .arithmetic import add, div, mul, neg, sub
from .comparison import eq
from .exponential import exp, log
from .logit import FORMS
from .rounding import sign
from .scaling import plus, times
from .ternary import where

ndarray = np.ndarray


def square(x: Any) -> Any:
    """x * x."""
    return mul(x, x)


def _special(name: str, make: Any = elementwise) -> Any:
    """The ufunc `scipy.special.<name>` as a kernel; SciPy is imported at its first call.  make: elementwise2
    for two operands.
    """
    ready: list = []

    def kernel(*operands: Any, out: Any = ...) -> ndarray:
        if not ready:
            ready.append(
                make(getattr(extras.need("scipy.special", extra="scipy", what=name), name), costly=True)
            )
        return ready[0](*operands, out=out)

    return _in_single(kernel)


def _in_single(kernel: Any) -> Any:
    """`kernel` for 16-bit floats too: computed in float32 and rounded."""

    def wide(*operands: Any, out: Any = ...) -> ndarray:
        dtype = operands[0].dtype
        if not is_16bit(dtype):
            return kernel(*operands, out=out)
        result = kernel(*[x.astype(np.float32) if type(x) is ndarray else x for x in operands]).astype(dtype)
        if out is ...:
            return result
        out[...] = result
        return out

    return wide


def _erfinv(x: ndarray, out: Any = ...) -> ndarray:
    outside = np.greater(np.abs(x), 1)  # which SciPy takes long to refuse
    result = a.erfinv(np.where(outside, x.dtype.type(0), x) if outside.any() else x, out=out)
    np.copyto(result, np.nan, where=outside)
    return result


def _psi(x: ndarray, out: Any = ...) -> ndarray:
    """psi(x) = psi(1 - x) - pi / tan(pi x) for negative x, where SciPy's own way is long; NaN at the negative
    integers.
    """
    negative = np.less(x, 0)
    if not negative.any():
        return _positive_psi(x, out=out)
    part = np.subtract(x, np.floor(x), dtype=np.float64)
    correction = np.where(part == 0, np.nan, pi / np.tan(pi * part))
    result = _positive_psi(np.where(negative, 1 - x, x), out=out)
    np.subtract(result, correction, out=result, where=negative)
    return result


def _lgamma(x: ndarray, out: Any = ...) -> ndarray:
    result = _loggamma(x, out=out)
    np.copyto(result, inf, where=np.isinf(x))
    return result


_loggamma = _special("gammaln")
_positive_psi = _special("psi")


def _not_implemented(name: str) -> Any:
    """The rule of an input by which torch cannot differentiate."""

    def rule(grad: Any) -> Any:
        raise NotImplementedError(messages.NO_DERIVATIVE.format(op=name))

    return rule


# --- the error function and the normal distribution ---

erf = unary(
    "erf", a.erf, vjp=lambda grad, self: mul(grad, mul(exp(neg(square(self))), 2 / root(pi))), to=FLOAT,
    refuses={"c": "erf_vml_cpu"},
    doc="""The error function, 2/sqrt(pi) * integral of exp(-t**2) from 0 to input.

    >>> import leafgrad as torch
    >>> torch.erf(torch.tensor([0.0, 1.0]))
    tensor([0.0000, 0.8427])
    """,
)  # fmt: skip
erfc = unary(
    "erfc", _in_single(a.erfc), vjp=lambda grad, self: mul(grad, mul(exp(neg(square(self))), -2 / root(pi))),
    to=FLOAT,
    refuses={"c": "erfc_vml_cpu"},
    doc="""1 - erf(input), exact where erf is near 1.

    >>> import leafgrad as torch
    >>> torch.erfc(torch.tensor([0.0, 1.0]))
    tensor([1.0000, 0.1573])
    """,
)  # fmt: skip
erfinv: Any = unary(
    "erfinv", _in_single(_erfinv),
    vjp=lambda grad, self: mul(grad, mul(exp(square(erfinv(self))), root(pi) / 2)), to=FLOAT,
    refuses={"c": "erfinv_vml_cpu"},
    doc="""The inverse of erf, on [-1, 1].

    >>> import leafgrad as torch
    >>> torch.erfinv(torch.tensor([0.0, 0.5]))
    tensor([0.0000, 0.4769])
    """,
)  # fmt: skip
for _op in (erf, erfc, erfinv):
    expose(_op.op.public, _op.op.name, inplace=True, spaces=("special",))


def _expose(row: Any, name: str = "") -> None:
    expose(
        row.op.public,
        name or row.op.name.removeprefix("special_"),
        torch=False,
        method=False,
        spaces=("special",),
    )


erfcx = unary(
    "special_erfcx", _special("erfcx"),
    vjp=lambda grad, self, result: mul(grad, sub(mul(mul(self, result), 2), 2 / root(pi))), to=FLOAT,
    refuses={"c": "erfcx_cpu"},
    doc="""exp(input**2) * erfc(input), without overflow.

    >>> import leafgrad as torch
    >>> torch.special.erfcx(torch.tensor([0.0, 10.0]))
    tensor([1.0000, 0.0561])
    """,
)  # fmt: skip
ndtri = unary(
    "special_ndtri", _special("ndtri"),
    vjp=lambda grad, result: mul(grad, mul(exp(mul(square(result), 0.5)), root(2 * pi))), to=FLOAT,
    refuses={"c": "ndtri_cpu"},
    doc="""The argument at which the normal distribution function has this value.

    >>> import leafgrad as torch
    >>> torch.special.ndtri(torch.tensor([0.5, 0.975]))
    tensor([0.0000, 1.9600])
    """,
)  # fmt: skip
_DENSITY = 1 / root(2 * pi)
log_ndtr = unary(
    "special_log_ndtr", _special("log_ndtr"),
    vjp=lambda grad, self, result: mul(grad, mul(exp(neg(add(result, mul(square(self), 0.5)))), _DENSITY)),
    to=FLOAT,
    refuses={"c": "log_ndtr_cpu"},
    doc="""The logarithm of the normal distribution function.

    >>> import leafgrad as torch
    >>> torch.special.log_ndtr(torch.tensor([0.0, -10.0]))
    tensor([ -0.6931, -53.2313])
    """,
)  # fmt: skip
for _op in (erfcx, ndtri, log_ndtr):
    _expose(_op)


@public(torch=False, method=False, spaces=("special",))
def ndtr(input: Tensor, *, out: Any = None) -> Tensor:
    """The normal distribution function, (1 + erf(input / sqrt(2))) / 2.

    >>> import leafgrad as torch
    >>> torch.special.ndtr(torch.tensor([0.0, 1.96]))
    tensor([0.5000, 0.9750])
    """
    return times.op.public(plus.op.public(erf.op.public(times.op.public(input, root(0.5))), 1), 0.5, out=out)


# --- the gamma function ---

digamma = unary(
    "digamma", _psi, vjp=lambda grad, self: mul(grad, polygamma(self, 1)), to=FLOAT, refuses={"c": "digamma"},
    doc="""The derivative of lgamma.

    >>> import leafgrad as torch
    >>> torch.digamma(torch.tensor([1.0, 0.5]))
    tensor([-0.5772, -1.9635])
    """,
)  # fmt: skip
lgamma = unary(
    "lgamma", _lgamma, vjp=lambda grad, self: mul(grad, digamma(self)), to=FLOAT,
    refuses={"c": "lgamma_vml_cpu"},
    doc="""The logarithm of the absolute value of the gamma function.

    >>> import leafgrad as torch
    >>> torch.lgamma(torch.tensor([1.0, 5.0]))
    tensor([0.0000, 3.1781])
    """,
)  # fmt: skip
expose(digamma.op.public, "digamma", inplace=True, spaces=("special",))
expose(lgamma.op.public, "lgamma", inplace=True)
_expose(digamma, "psi")
_expose(lgamma, "gammaln")


def _zeta(x: Any, q: Any, out: Any = ...) -> ndarray:
    hurwitz = extras.need("scipy.special", extra="scipy", what="zeta").zeta
    return np.asarray(hurwitz(x, q) if out is ... else hurwitz(x, q, out=out))


@_in_single
def _polygamma(x: ndarray, n: int, out: Any = ...) -> ndarray:
    if n == 0:
        return digamma.op.kernel(x, out=out)
    result = _zeta(x.dtype.type(n + 1), x)
    return np.multiply(result, float((-1) ** (n + 1) * factorial(n)), out=out)


polygamma: Any = unary(
    "polygamma", _polygamma, vjp=lambda grad, self, n: mul(grad, polygamma(self, n + 1)), params=("n",),
    to=FLOAT,
    in_place="PolygammaBackward1",
)  # fmt: skip


def _public_polygamma(n: int, input: Tensor, *, out: Any = None) -> Tensor:
    """The n-th derivative of digamma.  RuntimeError for a negative n.

    >>> import leafgrad as torch
    >>> torch.polygamma(1, torch.tensor([1.0]))
    tensor([1.6449])
    """
    if not isinstance(n, int):
        raise wrong("polygamma", "n", 1, "int", n)
    if n < 0:
        raise RuntimeError(messages.POLYGAMMA_NEGATIVE)
    if not isinstance(input, Tensor):
        raise wrong("polygamma", "input", 2, "Tensor", input)
    if input._data.dtype.kind == "c":
        kernel = ("digamma", "trigamma")[n] if n < 2 else "polygamma"
        raise NotImplementedError(
            messages.NOT_IMPLEMENTED_FOR.format(kernel=kernel, type=BY_NP[input._data.dtype].type_name)
        )
    return polygamma.op.public(input, n, out=out)


def _polygamma_method(input: Tensor, n: int, *, out: Any = None) -> Tensor:
    return _public_polygamma(n, input, out=out)


expose(_public_polygamma, "polygamma", method=False, spaces=("special",))
expose(_polygamma_method, "polygamma", torch=False, inplace=True)


@composed
def _mvlgamma(x: ndarray, p: int, *, out: ndarray) -> None:
    out[...] = p * (p - 1) / 4 * ln(pi)
    for i in range(p):
        np.add(out, lgamma.op.kernel(np.subtract(x, i / 2)), out=out)


def _mvlgamma_slope(grad: Any, self: Any, p: int) -> Any:
    slope = digamma(self)
    for i in range(1, p):
        slope = add(slope, digamma(sub(self, i / 2)))
    return mul(grad, slope)


mvlgamma = unary(
    "mvlgamma", _mvlgamma, vjp=lambda grad, self, p: _mvlgamma_slope(grad, self, p), params=("p",), to=FLOAT,
    refuses={"c": "arange_cpu"},
)  # fmt: skip


@public(name="mvlgamma", inplace=True, spaces={"special": "multigammaln"})
def _public_mvlgamma(input: Tensor, p: int, *, out: Any = None) -> Tensor:
    """The logarithm of the gamma function of `p` dimensions.  RuntimeError for p < 1.

    >>> import leafgrad as torch
    >>> torch.mvlgamma(torch.tensor([3.0]), 2)
    tensor([1.5502])
    """
    if not isinstance(p, int):
        raise wrong("mvlgamma", "p", 2, "int", p)
    if p < 1:
        raise RuntimeError(messages.MVLGAMMA_P)
    target = input if out is INPLACE else out
    if isinstance(input, Tensor) and isinstance(target, Tensor) and target._data.dtype.kind in "iub":
        raise RuntimeError(
            messages.MVLGAMMA_CAST.format(
                got=BY_NP[input._data.dtype].type_name, want=BY_NP[default()].type_name
            )
        )
    return mvlgamma.op.public(input, p, out=out)


def _density(a: Any, x: Any) -> Any:
    """The derivative of the regularized incomplete gamma function by x: x**(a - 1) * exp(-x) / gamma(a)."""
    return exp(sub(sub(mul(sub(a, 1), log(x)), x), lgamma(a)))


igamma = binary(
    "igamma", _special("gammainc", elementwise2), self=_not_implemented("igamma: input"),
    other=lambda grad, self, other: mul(grad, _density(self, other)),
    numbers=(), refuses={"biuc": "igamma_cpu"},
    doc="""The regularized lower incomplete gamma function of input and other.

    >>> import leafgrad as torch
    >>> torch.igamma(torch.tensor([4.0]), torch.tensor([3.0]))
    tensor([0.3528])
    """,
)  # fmt: skip
igammac = binary(
    "igammac", _special("gammaincc", elementwise2), self=_not_implemented("igammac: input"),
    other=lambda grad, self, other: neg(mul(grad, _density(self, other))),
    numbers=(), refuses={"biuc": "igammac_cpu"},
    doc="""The regularized upper incomplete gamma function, 1 - igamma(input, other).

    >>> import leafgrad as torch
    >>> torch.igammac(torch.tensor([4.0]), torch.tensor([3.0]))
    tensor([0.6472])
    """,
)  # fmt: skip
expose(igamma.op.public, "igamma", inplace=True, spaces={"special": "gammainc"})
expose(igammac.op.public, "igammac", inplace=True, spaces={"special": "gammaincc"})
zeta: Any = binary(
    "special_zeta", _zeta, self=_not_implemented("zeta"),
    other=lambda grad, self, other: mul(grad, neg(mul(self, zeta(add(self, 1), other)))),
    numbers=("self", "other"), to=FLOAT, refuses={"c": "zeta_cpu"}, signatures=FORMS,
    doc="""Hurwitz' zeta function, the sum of (k + other)**-input over k >= 0.

    >>> import leafgrad as torch
    >>> torch.special.zeta(torch.tensor([2.0]), 1)
    tensor([1.6449])
    """,
)  # fmt: skip
_expose(zeta)

# --- Bessel functions ---


def _not_zero(x: Any) -> Any:
    return where(eq(x, 0), 1, x)


i1 = unary(
    "special_i1", _special("i1"),
    vjp=lambda grad, self, result: mul(
        grad, where(eq(self, 0), 0.5, sub(i0(self), div(result, _not_zero(self))))
    ),
    to=FLOAT,
    refuses={"c": "i1_cpu"},
    doc="""The modified Bessel function of the first kind, of order 1.

    >>> import leafgrad as torch
    >>> torch.special.i1(torch.tensor([0.0, 1.0]))
    tensor([0.0000, 0.5652])
    """,
)  # fmt: skip
i0: Any = unary(
    "i0", _special("i0"), vjp=lambda grad, self: mul(grad, i1(self)), to=FLOAT, refuses={"c": "i0_vml_cpu"},
    doc="""The modified Bessel function of the first kind, of order 0.

    >>> import leafgrad as torch
    >>> torch.i0(torch.tensor([0.0, 1.0]))
    tensor([1.0000, 1.2661])
    """,
)  # fmt: skip
i0e = unary(
    "special_i0e", _special("i0e"),
    vjp=lambda grad, self, result: mul(grad, sub(i1e(self), mul(sign(self), result))), to=FLOAT,
    refuses={"c": "i0e_cpu"}, node="SpecialI0EBackward0",
    doc="""exp(-|input|) * i0(input).

    >>> import leafgrad as torch
    >>> torch.special.i0e(torch.tensor([0.0, 1.0]))
    tensor([1.0000, 0.4658])
    """,
)  # fmt: skip
i1e: Any = unary(
    "special_i1e", _special("i1e"),
    vjp=lambda grad, self, result: mul(
        grad, where(eq(self, 0), 0.5, sub(i0e(self), mul(result, add(sign(self), div(1, _not_zero(self))))))
    ),
    to=FLOAT, refuses={"c": "i1e_cpu"}, node="SpecialI1EBackward0",
    doc="""exp(-|input|) * i1(input).

    >>> import leafgrad as torch
    >>> torch.special.i1e(torch.tensor([0.0, 1.0]))
    tensor([0.0000, 0.2079])
    """,
)  # fmt: skip
expose(i0.op.public, "i0", inplace=True, spaces=("special",))
for _op in (i0e, i1, i1e):
    _expose(_op)

# --- entropy ---


@composed
def _entr(x: ndarray, *, out: ndarray) -> None:
    np.log(x, out=out)
    np.multiply(out, x, out=out)
    np.negative(out, out=out)
    np.copyto(out, 0, where=np.equal(x, 0))
    np.copyto(out, -inf, where=np.less(x, 0))


entr = unary(
    "special_entr", _entr, vjp=lambda grad, self: mul(grad, sub(neg(log(self)), 1)), to=FLOAT,
    refuses={"c": "entr_cpu"},
    doc="""-input * log(input); 0 at 0, -inf below.

    >>> import leafgrad as torch
    >>> torch.special.entr(torch.tensor([0.0, 0.5]))
    tensor([0.0000, 0.3466])
    """,
)  # fmt: skip
_expose(entr)
