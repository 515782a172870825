"""Jacobians for `gradcheck`: by finite differences, by reverse mode, by forward mode.

For a function s of one real or complex input x + iy, the gradient that autograd returns is ds/dx + i ds/dy.  Central
differences: (f(x + eps) - f(x - eps)) / (2 eps).  A Jacobian is an array of shape (input elements, output elements).
A direction is a flat array u, or a pair of them for the two parts of a complex input: then only u^T J is computed.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..base import messages
from ..tensor.tensor import Tensor, wrap
from . import forward_ad
from .backward import grad


class GradcheckError(RuntimeError):
    """Raised by `gradcheck` where a derivative is wrong.

    >>> import leafgrad as torch
    >>> class Wrong(torch.autograd.Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         return 2 * x
    ...     @staticmethod
    ...     def backward(ctx, grad):
    ...         return 3 * grad
    >>> try:
    ...     torch.autograd.gradcheck(Wrong.apply, torch.ones(1, dtype=torch.float64, requires_grad=True))
    ... except torch.autograd.GradcheckError as error:
    ...     print(str(error).splitlines()[0])
    Jacobian mismatch for output 0 with respect to input 0,
    """


def as_tuple(x: Any) -> tuple:
    """What a function takes or returns, as a tuple."""
    return tuple(x) if isinstance(x, tuple | list) else (x,)


def differentiable(outputs: Any) -> tuple[Tensor, ...]:
    """Those outputs that require grad."""
    return tuple([o for o in as_tuple(outputs) if o.requires_grad])


def has_derivatives(x: Any) -> bool:
    """Whether x is a tensor of floats or complex numbers."""
    return isinstance(x, Tensor) and x._data.dtype.kind in "fcV"


def is_complex(x: Any) -> bool:
    """Whether x is a tensor of complex numbers."""
    return isinstance(x, Tensor) and x._data.dtype.kind == "c"


def wanted(inputs: Sequence) -> list[int]:
    """The places of the inputs that require grad."""
    return [i for i, x in enumerate(inputs) if isinstance(x, Tensor) and x.requires_grad]


# --- finite differences ---


def _difference(
    func: Callable, inputs: Sequence, place: int, step: np.ndarray, eps: float, index: Any
) -> list[np.ndarray]:
    """The derivative of each output along a step of one input, whose elements are moved in place and put back."""
    data = inputs[place]._data
    before = data.copy()
    found = []
    try:
        for moved in (before - step, before + step):
            data[...] = moved
            found.append([o.clone() for o in as_tuple(func(*inputs))])
    finally:
        data[...] = before
    for a, b in zip(*found, strict=True):
        for text, x, y in (
            (messages.CHECK_SAME_SHAPE, a.shape, b.shape),
            (messages.CHECK_SAME_DTYPE, a.dtype, b.dtype),
        ):
            if x != y:
                where = "" if index is None else f"on index {index} "
                raise AssertionError(text.format(place=where, eps=eps, a=x, b=y))
    return [((b - a) / (2 * eps))._data.reshape(-1) for a, b in zip(*found, strict=True)]


def _derivatives(
    func: Callable, inputs: Sequence, place: int, steps: tuple, eps: float, forward: bool, index: Any = None
) -> list[np.ndarray]:
    """The same, with the second step, along the imaginary axis, for a complex input."""
    found = _difference(func, inputs, place, steps[0], eps, index)
    if not is_complex(inputs[place]):
        if not forward and any(d.dtype.kind == "c" for d in found):
            raise AssertionError(messages.CHECK_REAL + ".")
        return found
    across = _difference(func, inputs, place, steps[1] * 1j, eps, index)
    if any(d.dtype.kind == "c" for d in found):
        raise AssertionError(messages.CHECK_REAL)
    return [x + 1j * y for x, y in zip(found, across, strict=True)]


def numerical(
    func: Callable, inputs: Sequence, outputs: Sequence, place: int, eps: float, forward: bool
) -> list:
    """The Jacobian of each output with respect to an input; None for outputs that are no floats."""
    x = inputs[place]._data
    found: list = [
        np.zeros((x.size, o._data.size), x.dtype if x.dtype.kind == "c" else o._data.dtype)
        if has_derivatives(o)
        else None
        for o in outputs
    ]
    for row, index in enumerate(np.ndindex(x.shape)):
        step = np.zeros(x.shape, x.dtype)
        step[index] = eps
        for jacobian, d in zip(
            found, _derivatives(func, inputs, place, (step, step), eps, forward, index), strict=True
        ):
            if jacobian is not None:
                jacobian[row] = d
    return found


def numerical_along(
    func: Callable, inputs: Sequence, place: int, u: Any, eps: float, forward: bool
) -> list[np.ndarray]:
    """u^T J of each output, by finite differences."""
    x = inputs[place]._data
    steps = [part.reshape(x.shape) * eps for part in (u if type(u) is tuple else (u,))]
    return _derivatives(func, inputs, place, tuple(steps), eps, forward)


# --- reverse mode ---


def analytical(
    inputs: Sequence, output: Tensor, nondet_tol: float, check_dtypes: bool, v: Any = None
) -> list[np.ndarray]:
    """The Jacobian of an output with respect to each input that requires grad; with v, just J v.

    Computed twice: GradcheckError if the results differ, or their sizes or dtypes are not those of the inputs.
    """
    ins = [inputs[i] for i in wanted(inputs)]
    first, again = [_stacked(ins, _vjps(ins, output, v)) for _ in range(2)]
    jacobians, sizes, dtypes = first
    if check_dtypes and not dtypes:
        raise GradcheckError(messages.CHECK_DTYPE)
    if not sizes:
        raise GradcheckError(messages.CHECK_SIZE)
    for a, b in zip(jacobians, again[0], strict=True):
        if a.size and np.abs(a - b).max() > nondet_tol:
            raise GradcheckError(messages.CHECK_REENTRANT.format(tol=nondet_tol))
    return jacobians


def _vjps(ins: list, output: Tensor, v: Any) -> list[tuple]:
    """The gradients of the inputs for each unit gradient of the output, or for v."""
    shape, dtype = output._data.shape, output._data.dtype
    if v is not None:
        starts = [v.reshape(shape).astype(dtype)]
    else:
        starts = [np.zeros(shape, dtype) for _ in range(output._data.size)]
        for k, start in enumerate(starts):
            start.flat[k] = 1
    return [grad(output, ins, wrap(start), retain_graph=True, allow_unused=True) for start in starts]


def _stacked(ins: list, columns: list[tuple]) -> tuple[list[np.ndarray], bool, bool]:
    """The columns as one Jacobian for each input; whether their sizes, and their dtypes, are those of the inputs."""
    found = [np.zeros((x._data.size, len(columns)), x._data.dtype) for x in ins]
    sizes = dtypes = True
    for k, column in enumerate(columns):
        for x, jacobian, g in zip(ins, found, column, strict=True):
            if g is None:
                continue
            if g._data.shape != x._data.shape:
                sizes = False
            elif g._data.dtype != x._data.dtype:
                dtypes = False
            if g._data.size != x._data.size:
                raise AssertionError(messages.CHECK_COLUMN.format(got=g._data.size, want=x._data.size))
            jacobian[:, k] = g._data.reshape(-1)
    return found, sizes, dtypes


def analytical_along(jacobian: np.ndarray, u: Any) -> Any:
    """u^T J v, of a J v and a direction u."""
    column = jacobian.reshape(-1)
    return column.real @ u[0] + 1j * (column.imag @ u[1]) if type(u) is tuple else column @ u


# --- forward mode ---


class Duals:
    """The context in which a function is called on dual numbers: the inputs that require grad, detached, with
    tangents that are zero at first.
    """

    def __init__(self, inputs: Sequence) -> None:
        self.given = inputs

    def __enter__(self) -> "Duals":
        self.level = forward_ad.dual_level()
        self.level.__enter__()
        self.inputs, self.tangents = list(self.given), {}
        for i in wanted(self.given):
            x = self.given[i]
            self.inputs[i] = forward_ad.make_dual(x.detach(), wrap(np.zeros_like(x._data)))
            self.tangents[i] = forward_ad.unpack_dual(self.inputs[i]).tangent._data  # type: ignore[union-attr]
        return self

    def __exit__(self, *exc: object) -> None:
        self.level.__exit__(*exc)


def analytical_forward(
    func: Callable, inputs: Sequence, outputs: Sequence, check_dtypes: bool, directions: list | None = None
) -> list[list]:
    """The Jacobian of each output with respect to each input that requires grad; along directions, just u^T J.

    The inputs must be real.  None for outputs that are no floats.
    """
    jacobians = []
    with Duals(inputs) as duals:
        for nr, tangent in enumerate(duals.tangents.values()):
            if directions is not None:
                tangent[...] = directions[nr].reshape(tangent.shape)
                rows = [_jvp(func, duals.inputs, outputs, check_dtypes)]
            else:
                rows = []
                for index in np.ndindex(tangent.shape):
                    tangent[...] = 0
                    tangent[index] = 1
                    rows.append(_jvp(func, duals.inputs, outputs, check_dtypes))
            tangent[...] = 0
            found = []
            for o, output in enumerate(outputs):
                shape = (len(rows), output._data.size) if has_derivatives(output) else None
                found.append(shape and np.array([row[o] for row in rows], output._data.dtype).reshape(shape))
            jacobians.append([f[0] if f is not None and directions is not None else f for f in found])
    return jacobians


def _jvp(func: Callable, inputs: list, outputs: Sequence, check_dtypes: bool) -> list:
    found: list = []
    for dual, output in zip(as_tuple(func(*inputs)), outputs, strict=True):
        if not has_derivatives(output):
            found.append(None)
            continue
        value, tangent = forward_ad.unpack_dual(dual)
        if check_dtypes and tangent is not None and is_complex(value) != is_complex(tangent):
            raise GradcheckError(messages.CHECK_DTYPE_FORWARD)
        found.append(
            np.zeros(value._data.size, value._data.dtype) if tangent is None else tangent._data.flatten()
        )
    return found
