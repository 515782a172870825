"""`gradcheck` and `gradgradcheck`: derivatives compared with finite differences.

For a function s of one real or complex input x + iy, the gradient that autograd returns is ds/dx + i ds/dy; a complex output is
checked as two real functions, its real and its imaginary part.  Central differences: (f(x + eps) - f(x - eps)) / (2 eps).
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..base import messages
from ..base.state import set_grad_enabled, state
from ..base.where import warn
from ..tensor.node import Node, edge_of, next_seq
from ..tensor.tensor import Tensor, wrap
from . import forward_ad
from .backward import grad


class GradcheckError(RuntimeError):
    """Raised by `gradcheck` where a derivative is wrong."""


def gradcheck(
    func: Callable,
    inputs: Tensor | Sequence[Any],
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_batched_forward_grad: bool = False,
    check_forward_ad: bool = False,
    check_backward_ad: bool = True,
    fast_mode: bool = False,
    masked: bool | None = None,
) -> bool:
    """Compare the derivatives of `func` at `inputs` with finite differences of step `eps`.

    The inputs that require grad should be of dtype float64 or complex128.  Returns True; where something is wrong, raises
    GradcheckError, or returns False if not `raise_exception`.  fast_mode compares one random projection instead of whole
    Jacobians.  check_forward_ad: forward mode too.  check_undefined_grad: that undefined gradients are handled.
    check_batched_grad and check_batched_forward_grad need vmap and raise NotImplementedError; `masked` is about sparse
    tensors, which do not exist here, and must be None or False.

    >>> import leafgrad as torch
    >>> x = torch.tensor([0.5, 2.], dtype=torch.float64, requires_grad=True)
    >>> torch.autograd.gradcheck(lambda x: (x * x).exp(), x)
    True
    """
    assert check_forward_ad or check_backward_ad, messages.CHECK_NOTHING
    assert not (check_batched_grad and not check_backward_ad), messages.CHECK_BATCHED
    assert not (check_batched_forward_grad and not check_forward_ad), messages.CHECK_BATCHED_FORWARD
    if check_batched_grad or check_batched_forward_grad:
        raise NotImplementedError(messages.CHECK_NO_VMAP)
    if masked:
        raise NotImplementedError(messages.CHECK_MASKED)
    check = _Check(
        func, (inputs,) if isinstance(inputs, Tensor) else tuple(inputs), eps, atol, rtol, fast_mode
    )
    try:
        check.look_at_inputs()
        if not check.differentiable_outputs():
            check.expect_zero()
            return True
        for part in (None,) if not check.has_complex_output() else ("imag", "real"):
            check.part = part
            if check_backward_ad:
                check.backward(nondet_tol)
            if check_forward_ad:
                check.forward()
        check.part = None
        if check_backward_ad:
            check.zero_gradient(check_grad_dtypes)
            if check_undefined_grad:
                check.undefined()
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


class _Check:
    """One comparison; `part` says which part of complex outputs is looked at."""

    def __init__(
        self, func: Callable, inputs: tuple, eps: float, atol: float, rtol: float, fast: bool
    ) -> None:
        self.func, self.inputs = func, inputs
        self.eps, self.atol, self.rtol, self.fast = eps, atol, rtol, fast
        self.part: str | None = None
        self.rng = np.random.default_rng(0)

    # --- what is given ---

    def wanted(self) -> list[int]:
        """The places of the inputs that require grad."""
        return [i for i, x in enumerate(self.inputs) if isinstance(x, Tensor) and edge_of(x) is not None]

    def look_at_inputs(self) -> None:
        if not self.wanted():
            raise ValueError(messages.CHECK_NO_INPUT)
        for i in self.wanted():
            data = self.inputs[i]._data
            if data.dtype not in (np.float64, np.complex128):
                warn(messages.CHECK_PRECISION.format(index=i))
            if any(s == 0 and n > 1 for s, n in zip(data.strides, data.shape, strict=True)):
                raise RuntimeError(messages.CHECK_OVERLAP.format(index=i))
            self.inputs[i].retain_grad()

    def outputs(self) -> list[Tensor]:
        """All outputs of a call, on the inputs as they are now."""
        found = self.func(*self.inputs)
        return list(found) if isinstance(found, tuple | list) else [found]

    def differentiable_outputs(self) -> list[Tensor]:
        """The outputs that require grad, or the chosen parts of those that are complex."""
        found = [o for o in self.outputs() if o.requires_grad]
        if self.part is None:
            return found
        return [getattr(o, self.part) for o in found if o._data.dtype.kind == "c"] + (
            [o for o in found if o._data.dtype.kind != "c"] if self.part == "real" else []
        )

    def has_complex_output(self) -> bool:
        return any(o._data.dtype.kind == "c" for o in self.differentiable_outputs())

    # --- finite differences ---

    def _moved(self, place: int, step: np.ndarray) -> list[np.ndarray]:
        """The outputs with `step` added to an input."""
        data = self.inputs[place]._data
        before = data.copy()
        data += step.astype(data.dtype)
        try:
            return [o._data.copy() for o in self.differentiable_outputs()]
        finally:
            data[...] = before

    def _difference(self, place: int, direction: np.ndarray) -> list[np.ndarray]:
        """The derivative of each output along a direction of an input."""
        up, down = self._moved(place, direction * self.eps), self._moved(place, -direction * self.eps)
        return [(a - b) / (2 * self.eps) for a, b in zip(up, down, strict=True)]

    def numerical(self, place: int) -> list[np.ndarray]:
        """The Jacobian of each output with respect to an input, of shape (input elements, output elements)."""
        return self._columns(place, self._difference)

    def _columns(self, place: int, along: Callable) -> list[np.ndarray]:
        data = self.inputs[place]._data
        rows = []
        for k in range(data.size):
            unit = np.zeros(data.shape, data.dtype)
            unit.flat[k] = 1
            row = along(place, unit)
            if data.dtype.kind == "c":
                row = [a + 1j * b for a, b in zip(row, along(place, unit * 1j), strict=True)]
            rows.append([r.ravel() for r in row])
        count = len(rows[0]) if rows else len(self.differentiable_outputs())
        dtype = data.dtype
        return [np.array([row[o] for row in rows], dtype).reshape(len(rows), -1) for o in range(count)]

    # --- reverse mode ---

    def _vjp(self, output: Tensor, cotangent: np.ndarray) -> list[np.ndarray]:
        ins = [self.inputs[i] for i in self.wanted()]
        found = grad(
            output, ins, wrap(cotangent.astype(output._data.dtype)), retain_graph=True, allow_unused=True
        )
        return [np.zeros_like(x._data) if g is None else g._data for g, x in zip(found, ins, strict=True)]

    def analytical(self, output: Tensor) -> list[np.ndarray]:
        """The Jacobian of an output with respect to each input."""
        columns = []
        for k in range(output._data.size):
            unit = np.zeros(output._data.shape, output._data.dtype)
            unit.flat[k] = 1
            columns.append([g.ravel() for g in self._vjp(output, unit)])
        ins = [self.inputs[i]._data for i in self.wanted()]
        return [
            np.array([c[i] for c in columns], x.dtype).reshape(len(columns), x.size).T
            for i, x in enumerate(ins)
        ]

    def backward(self, nondet_tol: float) -> None:
        """Reverse mode against finite differences, and against itself."""
        if self.fast:
            self._fast(self._project_vjp, messages.CHECK_MISMATCH)
            return
        wanted = self.wanted()
        numerical = [self.numerical(i) for i in wanted]
        for o, output in enumerate(self.differentiable_outputs()):
            first, again = self.analytical(output), self.analytical(output)
            for i, a in enumerate(first):
                if not np.allclose(numerical[i][o], a, self.rtol, self.atol):
                    raise GradcheckError(
                        self._mismatch(messages.CHECK_MISMATCH, o, wanted[i], numerical[i][o], a)
                    )
            for a, b in zip(first, again, strict=True):
                if np.any(np.abs(a - b) > nondet_tol):
                    raise GradcheckError(messages.CHECK_REENTRANT.format(tol=nondet_tol))

    def _mismatch(self, text: str, output: int, place: int, numerical: Any, analytical: Any) -> str:
        head = (
            messages.CHECK_PART.format(part={"imag": "imaginary", "real": "real"}[self.part])
            if self.part
            else ""
        )
        shown = [wrap(x) if isinstance(x, np.ndarray) else x for x in (numerical, analytical)]
        return head + text.format(output=output, input=place, numerical=shown[0], analytical=shown[1])

    # --- forward mode ---

    def _jvp(self, place: int, tangent: np.ndarray) -> list[np.ndarray]:
        given, x = self.inputs, self.inputs[place]
        with forward_ad.dual_level():
            dual = forward_ad.make_dual(x.detach(), wrap(tangent))
            dual._node = edge_of(x)
            self.inputs = (*given[:place], dual, *given[place + 1 :])
            try:
                outs = self.differentiable_outputs()
                found = [forward_ad.unpack_dual(o).tangent for o in outs]
            finally:
                self.inputs = given
        return [np.zeros_like(o._data) if t is None else t._data for t, o in zip(found, outs, strict=True)]

    def forward(self) -> None:
        """Forward mode against finite differences."""
        if self.fast:
            self._fast(self._project_jvp, messages.CHECK_MISMATCH_FORWARD)
            return
        for place in self.wanted():
            numerical, analytical = self.numerical(place), self._columns(place, self._jvp)
            for o, (n, a) in enumerate(zip(numerical, analytical, strict=True)):
                if not np.allclose(n, a, self.rtol, self.atol):
                    raise GradcheckError(self._mismatch(messages.CHECK_MISMATCH_FORWARD, o, place, n, a))

    # --- one random projection instead of whole Jacobians ---

    def _direction(self, shape: tuple) -> np.ndarray:
        v = self.rng.random(shape)
        return v / (np.sqrt((v * v).sum()) or 1)

    def _parts(self, place: int) -> list[complex]:
        return [1, 1j] if self.inputs[place]._data.dtype.kind == "c" else [1]

    def _project_vjp(self, place: int, output: int, u: np.ndarray, v: np.ndarray) -> complex:
        g = self._vjp(self.differentiable_outputs()[output], v)[self.wanted().index(place)]
        return complex((g * u).sum())

    def _project_jvp(self, place: int, output: int, u: np.ndarray, v: np.ndarray) -> complex:
        return sum(
            unit * complex((self._jvp(place, u * unit)[output] * v).sum()) for unit in self._cast(place)
        )

    def _cast(self, place: int) -> list:
        dtype = self.inputs[place]._data.dtype.type
        return [dtype(unit) for unit in self._parts(place)]

    def _fast(self, project: Callable, text: str) -> None:
        for place in self.wanted():
            u = self._direction(self.inputs[place]._data.shape)
            for o, output in enumerate(self.differentiable_outputs()):
                v = self._direction(output._data.shape)
                numerical = sum(
                    unit * complex((self._difference(place, u * unit)[o] * v).sum())
                    for unit in self._cast(place)
                )
                analytical = project(place, o, u, v)
                if not np.isclose(
                    numerical, analytical, self.rtol, self.atol * np.abs(u).sum() * np.abs(v).sum()
                ):
                    raise GradcheckError(self._slow_report(text, o, place, numerical, analytical))

    def _slow_report(self, text: str, o: int, place: int, numerical: complex, analytical: complex) -> str:
        slow_n = self.numerical(place)[o]
        if text is messages.CHECK_MISMATCH:
            slow_a = self.analytical(self.differentiable_outputs()[o])[self.wanted().index(place)]
        else:
            slow_a = self._columns(place, self._jvp)[o]
        if not isinstance(self.inputs[place]._data.flat[0].item(), complex):
            numerical, analytical = numerical.real, analytical.real
        return self._mismatch(text, o, place, numerical, analytical) + messages.CHECK_FAST.format(
            numerical=wrap(slow_n), analytical=wrap(slow_a), difference=float(np.abs(slow_n - slow_a).max())
        )

    # --- gradients that are zero or undefined ---

    def expect_zero(self) -> None:
        """Where no output requires grad, finite differences must vanish."""
        outputs = [o for o in self.outputs() if isinstance(o, Tensor)]
        everything = self.differentiable_outputs
        self.differentiable_outputs = self.outputs  # type: ignore[method-assign]
        try:
            for place in self.wanted() if all(o._data.dtype.kind in "fc" for o in outputs) else []:
                if any(n.any() for n in self.numerical(place)):
                    raise GradcheckError(messages.CHECK_NOT_ZERO)
        finally:
            self.differentiable_outputs = everything  # type: ignore[method-assign]

    def zero_gradient(self, dtypes: bool) -> None:
        """A zero gradient must come out as zero, in the input's shape and dtype."""
        ins = [self.inputs[i] for i in self.wanted()]
        outs = self.differentiable_outputs()
        zeros = [wrap(np.zeros_like(o._data)) for o in outs]
        for g, x in zip(grad(outs, ins, zeros, allow_unused=True), ins, strict=True):
            if g is None:
                continue
            if np.any(g._data != 0):
                raise GradcheckError(messages.CHECK_NOT_MULTIPLIED)
            if dtypes and g._data.dtype != x._data.dtype:
                raise GradcheckError(messages.CHECK_GRAD_TYPE)
            if g._data.shape != x._data.shape:
                raise GradcheckError(messages.CHECK_GRAD_SIZE)

    def undefined(self) -> None:
        """Undefined gradients must come out as undefined or zero: all of them, and each alone."""
        count = len(self.differentiable_outputs())
        for lost in [set(range(count)), *([{i} for i in range(count)] if count > 1 else [])]:
            outs = self.differentiable_outputs()
            ins = [self.inputs[i] for i in self.wanted()]
            cut = [_undefined(o) if i in lost else o for i, o in enumerate(outs)]
            zeros = [wrap(np.zeros_like(o._data)) for o in outs]
            try:
                found = grad(cut, ins, zeros, allow_unused=True)
            except RuntimeError as error:
                raise GradcheckError(messages.CHECK_UNDEFINED) from error
            if any(g is not None and np.any(g._data != 0) for g in found):
                raise GradcheckError(messages.CHECK_UNDEFINED_ZERO)


class UndefinedGrad(Node):
    """A node that hands on no gradient, whatever arrives."""

    __slots__ = ()

    def __init__(self, t: Tensor) -> None:
        self.seq, self.edges, self.saved, self.hooks = next_seq(), (edge_of(t),), None, None
        self.shape, self.dtype = t._data.shape, t._data.dtype

    def vjp(self, grad: Any, tensors: bool) -> Any:
        return (None,)


def _undefined(t: Tensor) -> Tensor:
    return wrap(t._data, UndefinedGrad(t))


def gradgradcheck(
    func: Callable,
    inputs: Tensor | Sequence[Any],
    grad_outputs: Tensor | Sequence[Tensor | None] | None = None,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    gen_non_contig_grad_outputs: bool = False,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_fwd_over_rev: bool = False,
    check_rev_over_rev: bool = True,
    fast_mode: bool = False,
    masked: bool = False,
) -> bool:
    """`gradcheck` of the gradient of `func`: second derivatives against finite differences.

    grad_outputs: the gradients to start from, random if not given (not contiguous if `gen_non_contig_grad_outputs`).
    check_fwd_over_rev: forward mode over reverse mode too.  The other arguments are those of `gradcheck`.

    >>> import leafgrad as torch
    >>> x = torch.tensor([0.5, 2.], dtype=torch.float64, requires_grad=True)
    >>> torch.autograd.gradgradcheck(lambda x: (x * x).exp(), x)
    True
    """
    assert check_fwd_over_rev or check_rev_over_rev, messages.CHECK_NOTHING_TWICE
    assert check_rev_over_rev or not check_undefined_grad, messages.CHECK_UNDEFINED_TWICE
    assert check_rev_over_rev or not check_batched_grad, messages.CHECK_BATCHED_TWICE
    ins = (inputs,) if isinstance(inputs, Tensor) else tuple(inputs)
    if grad_outputs is None:
        found = func(*ins)
        outs = [o for o in (found if isinstance(found, tuple | list) else [found]) if o.requires_grad]
        cotangents: tuple = tuple([_random_like(o, gen_non_contig_grad_outputs) for o in outs])
    else:
        cotangents = (grad_outputs,) if isinstance(grad_outputs, Tensor) else tuple(grad_outputs)
    count = len(cotangents)

    def gradient(*args: Any) -> tuple:
        given, starts = args[:-count], args[-count:]
        found = func(*given)
        outs = [o for o in (found if isinstance(found, tuple | list) else [found]) if o.requires_grad]
        wanted = [x for x in given if isinstance(x, Tensor) and x.requires_grad]
        mode = state.grad_enabled
        set_grad_enabled(True)
        try:
            grads = grad(outs, wanted, starts, create_graph=True, allow_unused=True)
        finally:
            set_grad_enabled(mode)
        return tuple([g for g in grads if g is not None])

    return gradcheck(
        gradient,
        (*ins, *cotangents),
        eps=eps,
        atol=atol,
        rtol=rtol,
        raise_exception=raise_exception,
        nondet_tol=nondet_tol,
        check_undefined_grad=check_undefined_grad,
        check_grad_dtypes=check_grad_dtypes,
        check_batched_grad=check_batched_grad,
        check_forward_ad=check_fwd_over_rev,
        check_backward_ad=check_rev_over_rev,
        fast_mode=fast_mode,
        masked=masked,
    )


def _random_like(o: Tensor, scattered: bool) -> Tensor:
    rng = np.random.default_rng(0)
    values = rng.normal(size=o._data.shape)
    if o._data.dtype.kind == "c":
        values = values + 1j * rng.normal(size=o._data.shape)
    values = np.asarray(values, o._data.dtype)
    if scattered:
        values = np.stack([values, values], -1)[..., 0]
    return wrap(values).requires_grad_()
