"""Comparisons, and questions about each element: isnan, isfinite, ..."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ..base import messages
from ..op.record import Op
from ..op.table import expose, public
from ..tensor.elementwise import BOOL, broadcast_shapes
from ..tensor.kinds import binary, primitive, unary
from ..tensor.misuse import wrong
from ..tensor.tensor import Tensor, wrap
from ..values import kernels as k
from ..values.dtype import BY_NP
from .arithmetic import zero
from .division import TENSOR_OR_NUMBER
from .samples import refuse_samples

# In place, a comparison is recorded (its derivative is zero); otherwise its result is boolean and carries no
# gradient.


def _comparison(
    name: str, kernel: Callable, alias: str, symbol: str, example: str, **options: Any
) -> Callable:
    flat: dict[str, Callable | None] = {"self": lambda grad: zero(grad), "other": lambda grad: zero(grad)}
    write = Op(
        name + "_",
        kernel,
        ("self", "other"),
        vjp=flat,
        elementwise=True,
        node=name.capitalize() + "Backward1",
    )
    op = binary(
        name, kernel, to=BOOL, signatures=TENSOR_OR_NUMBER, in_place=write,
        doc=f"""Where input {symbol} other: a boolean tensor.

        >>> import leafgrad as torch
        >>> torch.{name}(torch.tensor([1, 2, 3]), 2)
        tensor([{example}])
        """,
        **options,
    )  # fmt: skip
    operate = _equals(op.op) if name == "eq" else None
    aliases = (alias,) if alias else ()
    expose(op.op.public, name, inplace=True, aliases=aliases, operator=name, row=op.op, operate=operate)
    return op


def _equals(op: Op) -> Callable:
    """`==`, which, alone among torch's operators, takes an array: element by element."""

    def operate(self: Tensor, other: Any) -> Any:
        found = op.operator(self, other)
        if found is NotImplemented and isinstance(other, np.ndarray) and other.dtype in BY_NP:
            return op.public(self, wrap(other))
        return found

    return operate


eq = _comparison("eq", k.eq, "", "==", "False,  True, False")
ne = _comparison("ne", k.ne, "not_equal", "!=", " True, False,  True")
lt = _comparison("lt", k.lt, "less", "<", " True, False, False", refuses={"c": "lt_cpu"})
le = _comparison("le", k.le, "less_equal", "<=", " True,  True, False", refuses={"c": "le_cpu"})
gt = _comparison("gt", k.gt, "greater", ">", "False, False,  True", refuses={"c": "gt_cpu"})
ge = _comparison("ge", k.ge, "greater_equal", ">=", "False,  True,  True", refuses={"c": "ge_cpu"})


# --- questions about each element ---


def _question(name: str, kernel: Callable, doc: str, **options: Any) -> Callable:
    op = unary(name, kernel, to=BOOL, doc=doc, **options)
    expose(op.op.public, name)
    return op


def _constant(value: bool) -> Callable:
    def kernel(x: np.ndarray, out: Any = ...) -> np.ndarray:
        if out is ...:
            return np.full(x.shape, value)
        out[...] = value
        return out

    return kernel


def _of_floats(kernel: Callable, otherwise: bool) -> Callable:
    """A question with one answer for all integers."""
    constant = _constant(otherwise)

    def ask(x: np.ndarray, out: Any = ...) -> np.ndarray:
        return (kernel if x.dtype.kind in "fcV" else constant)(x, out=out)

    return ask


def _isposinf(x: np.ndarray, out: Any = ...) -> np.ndarray:
    return k.eq(x, np.inf, out=out)


def _isneginf(x: np.ndarray, out: Any = ...) -> np.ndarray:
    return k.eq(x, -np.inf, out=out)


def _isreal(x: np.ndarray, out: Any = ...) -> np.ndarray:
    return k.eq(x.imag, 0, out=out) if x.dtype.kind == "c" else _constant(True)(x, out=out)


isnan = _question(
    "isnan", _of_floats(k.isnan, False),
    """Where an element is NaN (or a part of a complex one is).

    >>> import leafgrad as torch
    >>> torch.isnan(torch.tensor([1.0, float("nan")]))
    tensor([False,  True])
    """,
)  # fmt: skip
isinf = _question(
    "isinf", _of_floats(k.isinf, False),
    """Where an element is infinite.

    >>> import leafgrad as torch
    >>> torch.isinf(torch.tensor([1.0, float("-inf")]))
    tensor([False,  True])
    """,
)  # fmt: skip
isfinite = _question(
    "isfinite", _of_floats(k.isfinite, True),
    """Where an element is neither infinite nor NaN.

    >>> import leafgrad as torch
    >>> torch.isfinite(torch.tensor([1.0, float("inf"), float("nan")]))
    tensor([ True, False, False])
    """,
)  # fmt: skip
isposinf = _question(
    "isposinf", _of_floats(_isposinf, False),
    """Where an element is inf; RuntimeError for complex tensors.

    >>> import leafgrad as torch
    >>> torch.isposinf(torch.tensor([float("inf"), float("-inf")]))
    tensor([ True, False])
    """,
    refuses={"c": RuntimeError(messages.COMPLEX_UNSUPPORTED.format(op="isposinf"))},
    out_says=(True, messages.BOOL_OUT),
)  # fmt: skip
isneginf = _question(
    "isneginf", _of_floats(_isneginf, False),
    """Where an element is -inf; RuntimeError for complex tensors.

    >>> import leafgrad as torch
    >>> torch.isneginf(torch.tensor([float("inf"), float("-inf")]))
    tensor([False,  True])
    """,
    refuses={"c": RuntimeError(messages.COMPLEX_UNSUPPORTED.format(op="isneginf"))},
    out_says=(True, messages.BOOL_OUT),
)  # fmt: skip
isreal = _question(
    "isreal", _isreal,
    """Where an element is real or has no imaginary part.

    >>> import leafgrad as torch
    >>> torch.isreal(torch.tensor([1 + 0j, 1j]))
    tensor([ True, False])
    """,
)  # fmt: skip
signbit = _question(
    "signbit", lambda x, out=...: k.signbit(x, out=out) if x.dtype.kind in "fV" else k.lt(x, 0, out=out),
    """Where the sign bit is set: negative numbers and -0.0.

    >>> import leafgrad as torch
    >>> torch.signbit(torch.tensor([1.0, -1.0, -0.0]))
    tensor([False,  True,  True])
    """,
    refuses={"c": NotImplementedError(messages.SIGNBIT_COMPLEX)}, out_says=(True, messages.BOOL_OUT),
)  # fmt: skip


# --- are two tensors the same? ---


def _need_other(op: str, input: Any, other: Any) -> None:
    if not isinstance(input, Tensor):
        raise wrong(op, "input", 1, "Tensor", input)
    if not isinstance(other, Tensor):
        raise wrong(op, "other", 2, "Tensor", other)


def _close(op: str, input: Any, other: Any, rtol: Any, atol: Any, equal_nan: Any) -> Tensor:
    _need_other(op, input, other)
    for name, value in (("rtol", rtol), ("atol", atol)):
        if not isinstance(value, int | float | np.number):
            raise wrong(op, name, None, "float", value)
    if type(equal_nan) is not bool:
        raise wrong(op, "equal_nan", None, "bool", equal_nan)
    x, y = input._data, other._data
    if x.dtype != y.dtype:
        raise RuntimeError(messages.SAME_DTYPE.format(a=BY_NP[x.dtype].type_name, b=BY_NP[y.dtype].type_name))
    for name, value in (("rtol", rtol), ("atol", atol)):
        if not value >= 0:
            raise RuntimeError(messages.TOLERANCE.format(name=name, value=format(value, "g")))
    broadcast_shapes(x.shape, y.shape)
    return _are_close(input, other, rtol, atol, equal_nan)


def _compared(x: np.ndarray, y: np.ndarray, /, rtol: float, atol: float, equal_nan: bool) -> np.ndarray:
    with np.errstate(all="ignore"):
        close = np.equal(x, y)
        if equal_nan and x.dtype.kind in "fcV":
            close |= np.isnan(x) & np.isnan(y)
        if rtol or atol:
            wide = np.subtract(x, y, dtype=np.float64 if x.dtype.kind in "iub" else None)
            allowed = atol + np.abs(rtol * y)
            close |= np.isfinite(wide) & (np.abs(wide) <= allowed)
    return np.asarray(close)


_are_close = primitive("isclose", _compared, elementwise=True)


@public()
def isclose(
    input: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False
) -> Tensor:
    """Where |input - other| <= atol + rtol * |other|; NaNs are equal to each other if `equal_nan`.

    RuntimeError for operands of different dtypes.

    >>> import leafgrad as torch
    >>> torch.isclose(torch.tensor([1.0, 2.0]), torch.tensor([1.0 + 1e-6, 2.1]))
    tensor([ True, False])
    """
    return _close("isclose", input, other, rtol, atol, equal_nan)


@public()
def allclose(
    input: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False
) -> bool:
    """Whether `isclose` holds for all elements.

    >>> import leafgrad as torch
    >>> torch.allclose(torch.tensor([1.0, 2.0]), torch.tensor([1.0 + 1e-6, 2.0]))
    True
    """
    refuse_samples(messages.VMAP_ALLCLOSE, input, other)
    return bool(_close("allclose", input, other, rtol, atol, equal_nan)._data.all())


@public()
def equal(input: Tensor, other: Tensor) -> bool:
    """Whether two tensors have the same shape and elements.

    >>> import leafgrad as torch
    >>> torch.equal(torch.tensor([1, 2]), torch.tensor([1.0, 2.0]))
    True
    """
    _need_other("equal", input, other)
    refuse_samples(messages.VMAP_EQUAL, input, other)
    x, y = input._data, other._data
    return x.shape == y.shape and bool(np.equal(x, y).all())
