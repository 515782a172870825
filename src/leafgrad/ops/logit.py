"""Logarithms with a rule of their own at 0: xlogy, xlog1py, logit."""

from typing import Any

import numpy as np

from ..op.table import public
from ..tensor.elementwise import foreign
from ..tensor.kinds import binary, unary
from ..tensor.misuse import invalid, wrong
from ..tensor.tensor import Tensor
from ..values import kernels as k
from ..values.dtype import FLOAT
from ..values.kernel import composed
from .arithmetic import add, div, mul, sub
from .comparison import eq, ge, le
from .exponential import log, log1p
from .ternary import where

ndarray = np.ndarray
FORMS = (
    "Tensor input, Tensor other, *, Tensor out = None",
    "Number self, Tensor other, *, Tensor out = None",
    "Tensor input, Number other, *, Tensor out = None",
)


@composed
def _xlog1py(x: Any, y: Any, *, out: ndarray) -> None:
    np.log1p(y, out=out)
    np.multiply(x, out, out=out)
    np.copyto(out, 0, where=np.equal(x, 0) & ~np.isnan(y))


def _family(name: str, kernel: Any, log_of: Any, shift: int, node: str) -> Any:
    """input * log(other + shift), where 0 * log(...) is 0; as torch has it, in three rows for tensors and
    numbers.
    """

    def by_self(grad: Any, self: Any, other: Any) -> Any:
        return where(mul(eq(self, 0), le(other, -shift)), 0, mul(grad, log_of(other)))

    def by_other(grad: Any, self: Any, other: Any) -> Any:
        return div(mul(grad, self), add(other, shift) if shift else other)

    options: Any = {"to": FLOAT, "refuses": {"c": name.removeprefix("special_") + "_cpu"}}
    tensors = binary(
        name, kernel, self=by_self, other=by_other, numbers=(), node=node + "Backward0", **options
    )
    of_number = unary(
        name, lambda other, self, out=...: kernel(self, other, out=out), vjp=by_other,
        params=("self",), weigh=("self",), input="other", node=node + "Backward1", **options,
    )  # fmt: skip
    by_number = unary(
        name, kernel, vjp=by_self, params=("other",), weigh=("other",), node=node + "Backward2", **options,
    )  # fmt: skip

    def call(input: Any, other: Any, out: Any) -> Tensor:
        if isinstance(other, Tensor):
            if isinstance(input, Tensor):
                return tensors.op.public(input, other, out=out)
            if not foreign(input):
                return of_number.op.public(other, input, out=out)
        elif isinstance(input, Tensor) and not foreign(other):
            return by_number.op.public(input, other, out=out)
        raise invalid(name, FORMS)

    return call


_xlogy = _family("xlogy", k.xlogy, log, 0, "Xlogy")
_special_xlog1py = _family("special_xlog1py", _xlog1py, log1p, 1, "SpecialXlog1Py")


@public(inplace=True, signatures=FORMS, spaces=("special",))
def xlogy(input: Any, other: Any, *, out: Any = None) -> Tensor:
    """input * log(other), 0 where input is 0 (unless other is NaN); one of them may be a number.

    >>> import leafgrad as torch
    >>> torch.xlogy(torch.tensor([0.0, 2.0]), torch.tensor([0.0, 1.0]))
    tensor([0., 0.])
    """
    return _xlogy(input, other, out)


@public(torch=False, method=False, signatures=FORMS, spaces=("special",))
def xlog1py(input: Any, other: Any, *, out: Any = None) -> Tensor:
    """input * log1p(other), 0 where input is 0 (unless other is NaN); one of them may be a number.

    >>> import leafgrad as torch
    >>> torch.special.xlog1py(torch.tensor([0.0, 2.0]), torch.tensor([-1.0, 0.0]))
    tensor([0., 0.])
    """
    return _special_xlog1py(input, other, out)


# --- logit ---


def _logit(x: ndarray, eps: float | None, out: Any = ...) -> ndarray:
    return k.logit(x if eps is None else k.clamp(x, eps, 1 - eps), out=out)


def _logit_slope(grad: Any, self: Any, eps: float | None) -> Any:
    low, outside = (0, np.nan) if eps is None else (eps, 0)
    inside = mul(ge(self, low), le(self, 1 - low))
    return where(inside, div(grad, mul(self, sub(1, self))), outside)


_row = unary(
    "logit", _logit, vjp=lambda grad, self, eps: _logit_slope(grad, self, eps), params=("eps",), to=FLOAT,
    refuses={"c": "logit_cpu"},
)  # fmt: skip


@public(inplace=True, spaces=("special",))
def logit(input: Tensor, eps: float | None = None, *, out: Any = None) -> Tensor:
    """log(input / (1 - input)), the inverse of sigmoid; with `eps`, of input within [eps, 1 - eps].

    >>> import leafgrad as torch
    >>> torch.logit(torch.tensor([0.5, 0.0]), eps=1e-6)
    tensor([  0.0000, -13.8155])
    """
    if eps is not None and not isinstance(eps, int | float | np.number):
        raise wrong("logit", "eps", 2, "float", eps)
    return _row.op.public(input, eps, out=out)
