"""`gradcheck` and `gradgradcheck`: derivatives compared with finite differences.

What is compared is in gradcheck_jacobians.py, what else is asked in gradcheck_rules.py; here is the order of it.  A function with
complex outputs is checked as two real functions, its imaginary and its real part; in forward mode, one with complex inputs
as two functions of real inputs.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..base import messages
from ..base.where import warn
from ..op.table import FUNCTIONS
from ..random import Generator
from ..tensor.tensor import Tensor, wrap
from ..values.dtype import float64
from . import gradcheck_rules as rules
from .backward import grad
from .gradcheck_jacobians import (
    GradcheckError,
    analytical,
    analytical_along,
    analytical_forward,
    as_tuple,
    differentiable,
    has_derivatives,
    is_complex,
    numerical,
    numerical_along,
    wanted,
)


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
    GradcheckError, or returns False if not `raise_exception`.

    fast_mode: compare along one random direction, not whole Jacobians.  check_forward_ad: forward mode too.
    check_undefined_grad: that undefined gradients are handled.  check_grad_dtypes: that gradients have their input's dtype.
    check_batched_grad, check_batched_forward_grad: that vmap of a backward, or of a forward, gives the same.  nondet_tol:
    by how much two backwards may differ.  masked: here, as no tensor is sparse, only that a zero gradient may come out as
    nearly zero.

    >>> import leafgrad as torch
    >>> x = torch.tensor([0.5, 2.], dtype=torch.float64, requires_grad=True)
    >>> torch.autograd.gradcheck(lambda x: (x * x).exp(), x)
    True
    """
    if not (check_forward_ad or check_backward_ad):
        raise AssertionError(messages.CHECK_NOTHING)
    if check_batched_grad and not check_backward_ad:
        raise AssertionError(messages.CHECK_BATCHED)
    if check_batched_forward_grad and not check_forward_ad:
        raise AssertionError(messages.CHECK_BATCHED_FORWARD)
    given = as_tuple(inputs)
    check = _Check(eps, atol, rtol, nondet_tol, check_grad_dtypes, fast_mode)
    try:
        _look_at(given)
        found = as_tuple(func(*given))
        outputs = differentiable(found)
        if check_backward_ad:
            check.backward(func, given, found)
        if check_forward_ad:
            check.forward(func, given, found, check_undefined_grad)
        if check_batched_forward_grad:
            rules.batched_forward(func, given)
        if check_backward_ad:
            if check_batched_grad:
                for nr, output in enumerate(outputs):
                    rules.batched(given, output, nr)
            rules.zero_gradient(outputs, given, bool(masked))
            if check_undefined_grad:
                rules.undefined(func, len(outputs), given)
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


def _look_at(inputs: tuple) -> None:
    """Warn of inputs that lack precision; raise for those that cannot be checked."""
    for i in wanted(inputs):
        data = inputs[i]._data
        if data.dtype not in (np.float64, np.complex128):
            warn(messages.CHECK_PRECISION.format(index=i))
        if any(s == 0 and n > 1 for s, n in zip(data.strides, data.shape, strict=True)):
            raise RuntimeError(messages.CHECK_OVERLAP.format(index=i))
    if not wanted(inputs):
        raise ValueError(messages.CHECK_NO_INPUT)


class _Check:
    """How to compare: step and tolerances, whole Jacobians or one direction."""

    def __init__(
        self, eps: float, atol: float, rtol: float, nondet_tol: float, check_dtypes: bool, fast: bool
    ) -> None:
        self.eps, self.atol, self.rtol = eps, atol, rtol
        self.nondet_tol, self.check_dtypes, self.fast = nondet_tol, check_dtypes, fast

    def backward(self, func: Callable, inputs: tuple, found: tuple) -> None:
        """Reverse mode, for the two parts of complex outputs if there are any."""
        if not any(is_complex(o) for o in found):
            self._compare_backward(func, inputs, found)
            return
        marked = [i for i, o in enumerate(differentiable(found)) if is_complex(o)]
        for part in ("imag", "real"):

            def one_part(*args: Any, part: str = part) -> tuple:
                return tuple([getattr(o, part) if is_complex(o) else o for o in as_tuple(func(*args))])

            self._compare_backward(one_part, inputs, one_part(*inputs), _Part(part, marked))

    def forward(self, func: Callable, inputs: tuple, found: tuple, undefined: bool) -> None:
        """Forward mode, for the two parts of complex inputs if there are any."""
        marked = [i for i, x in enumerate(inputs) if is_complex(x)]
        if not marked:
            self._compare_forward(func, inputs, found)
            if undefined:
                rules.undefined_forward(
                    func, inputs, _directions([inputs[i] for i in wanted(inputs)], Generator())
                )
            return
        cases = []
        for part in ("imag", "real"):

            def of_part(*args: Any, part: str = part) -> tuple:
                whole = list(args)
                for i in marked:
                    whole[i] = (
                        args[i] + inputs[i].imag * 1j if part == "real" else inputs[i].real + args[i] * 1j
                    )
                return as_tuple(func(*whole))

            parts = [getattr(x, part) if is_complex(x) else x for x in inputs]
            self._compare_forward(of_part, parts, of_part(*parts), _Part(part, marked))
            cases.append((of_part, parts))
        for of_part, parts in cases if undefined else ():
            rules.undefined_forward(
                of_part, parts, _directions([parts[i] for i in wanted(parts)], Generator())
            )

    # --- reverse mode ---

    def _compare_backward(self, func: Callable, inputs: tuple, found: tuple, part: Any = None) -> None:
        outputs = differentiable(found)
        if self.fast:
            self._compare_backward_fast(func, inputs, found, outputs, part)
            return
        jacobians = [numerical(func, inputs, found, i, self.eps, False) for i in wanted(inputs)]
        if not outputs:
            _expect_zero(jacobians, 0)
        places = [nr for nr, o in enumerate(found) if o.requires_grad]
        for o, output in enumerate(outputs):
            for j, a in enumerate(analytical(inputs, output, self.nondet_tol, self.check_dtypes)):
                n = jacobians[j][places[o]]
                if not np.allclose(a, n, self.rtol, self.atol):
                    raise GradcheckError(_mismatch(o, j, n, a, part, False))

    def _compare_backward_fast(
        self, func: Callable, inputs: tuple, found: tuple, outputs: tuple, part: Any
    ) -> None:
        ins = [inputs[i] for i in wanted(inputs)]
        generator = Generator()
        us = _directions(ins, generator)
        vs = [_direction(o, o._data.dtype, generator) for o in outputs]
        along = [
            numerical_along(func, inputs, i, u, self.eps, False)
            for i, u in zip(wanted(inputs), us, strict=True)
        ]
        if not outputs:
            _expect_zero(along, self.nondet_tol)
        places = [nr for nr, o in enumerate(found) if o.requires_grad]
        jacobians = [
            analytical(inputs, o, self.nondet_tol, self.check_dtypes, v)
            for o, v in zip(outputs, vs, strict=True)
        ]
        for i, u in enumerate(us):
            for o, v in enumerate(vs):
                n, a = (
                    np.asarray((along[i][places[o]] * v).sum()),
                    np.asarray(analytical_along(jacobians[o][i], u)),
                )
                if not np.allclose(a, n, self.rtol, self.atol * _size(u) * v.sum()):
                    whole_n = numerical(func, inputs, found, wanted(inputs)[i], self.eps, False)[places[o]]
                    whole_a = analytical(inputs, outputs[o], float("inf"), False)[i]
                    raise GradcheckError(_mismatch(o, i, n, a, part, False) + self._whole(whole_n, whole_a))

    # --- forward mode ---

    def _compare_forward(self, func: Callable, inputs: Sequence, found: tuple, part: Any = None) -> None:
        us = None
        if self.fast:
            us = _directions([inputs[i] for i in wanted(inputs)], Generator())
            jacobians = [
                numerical_along(func, inputs, i, u, self.eps, True)
                for i, u in zip(wanted(inputs), us, strict=True)
            ]
        else:
            jacobians = [numerical(func, inputs, found, i, self.eps, True) for i in wanted(inputs)]
            if not differentiable(found):
                _expect_zero(jacobians, 0)
                return
        places = [
            nr for nr, o in enumerate(found) if has_derivatives(o) and (us is not None or o.requires_grad)
        ]
        exact = analytical_forward(func, inputs, found, self.check_dtypes, us)
        pairs = [(j, o) for o in range(len(places)) for j in range(len(exact))]
        for j, o in pairs if us is None else sorted(pairs):  # in torch's order
            nr = places[o]
            n, a = jacobians[j][nr], exact[j][nr]
            atol = self.atol if us is None else self.atol * _size(us[j])
            if not np.allclose(a, n, self.rtol, atol):
                said = _mismatch(o, j, n, a, part, True)
                if us is not None:
                    whole_n = numerical(func, inputs, found, wanted(inputs)[j], self.eps, True)[nr]
                    said += self._whole(whole_n, analytical_forward(func, inputs, found, False)[j][nr])
                raise GradcheckError(said)

    def _whole(self, n: np.ndarray, a: np.ndarray) -> str:
        """What is said of whole Jacobians where a direction has shown that they differ."""
        text = messages.CHECK_FAST.format(
            numerical=wrap(n), analytical=wrap(a), difference=wrap(np.asarray(np.abs(n - a).max()))
        )
        return text + (messages.CHECK_FAST_ONLY if np.allclose(a, n, self.rtol, self.atol) else "")


class _Part:
    """Which part of which complex inputs or outputs is looked at."""

    def __init__(self, part: str, marked: list[int]) -> None:
        self.name, self.marked = {"imag": "imaginary", "real": "real"}[part], marked


def _expect_zero(jacobians: list, tol: float) -> None:
    """Where no output requires grad, finite differences must vanish."""
    if any(j is not None and j.size and np.abs(j).max() > tol for each in jacobians for j in each):
        raise GradcheckError(messages.CHECK_NOT_ZERO)


def _mismatch(
    output: int, place: int, n: np.ndarray, a: np.ndarray, part: _Part | None, forward: bool
) -> str:
    head = ""
    if part is not None and (place if forward else output) in part.marked:
        head = messages.CHECK_PART.format(part=part.name, what="inputs" if forward else "outputs")
    mode = "computed with forward mode " if forward else ""
    words = {"output": output, "input": place, "numerical": wrap(n), "analytical": wrap(a)}
    return head + messages.CHECK_MISMATCH.format(mode=mode, **words)


# --- random directions: positive, of norm 1, from a generator of their own ---


def _direction(x: Tensor, dtype: np.dtype, generator: Any) -> np.ndarray:
    v = FUNCTIONS["rand"](x._data.size, generator=generator)._data.astype(dtype)
    with np.errstate(invalid="ignore"):
        return v / np.linalg.norm(v).astype(dtype)


def _directions(inputs: list, generator: Any) -> list:
    """One for each input; a pair for a complex one."""
    found: list = []
    for x in inputs:
        dtype = x._data.real.dtype if x._data.dtype.kind == "c" else x._data.dtype
        u = _direction(x, dtype, generator)
        found.append((u, _direction(x, dtype, generator)) if is_complex(x) else u)
    return found


def _size(u: Any) -> float:
    return float(u[0].sum() + u[1].sum()) if type(u) is tuple else float(u.sum())


# --- twice ---


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
    if not (check_fwd_over_rev or check_rev_over_rev):
        raise AssertionError(messages.CHECK_NOTHING_TWICE)
    if check_undefined_grad and not check_rev_over_rev:
        raise AssertionError(messages.CHECK_UNDEFINED_TWICE)
    if check_batched_grad and not check_rev_over_rev:
        raise AssertionError(messages.CHECK_BATCHED_TWICE)
    given = as_tuple(inputs)
    if grad_outputs is None:
        starts: tuple = tuple(
            [_random_like(o, gen_non_contig_grad_outputs) for o in differentiable(func(*given))]
        )
    else:
        starts = as_tuple(grad_outputs)
    count = len(starts)
    ins, outs = wanted(given), [i for i, x in enumerate(starts) if x.requires_grad]

    def gradient(*args: Any) -> tuple:
        for i in ins:  # forward mode gives them without
            args[i].requires_grad_()
        outputs = differentiable(func(*args[:-count]))
        for i in outs:
            args[len(given) + i].requires_grad_()
        grads = grad(outputs, [args[i] for i in ins], args[-count:], create_graph=True, allow_unused=True)
        return tuple([g for g in grads if g is not None])

    return gradcheck(
        gradient,
        (*given, *starts),
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
    """Numbers between -1 and 1, in every second place of their memory if `scattered`."""
    dtype = o.dtype if has_derivatives(o) else float64
    shape = (*o.shape[:-1], o.shape[-1] * 2) if scattered and o.ndim else o.shape
    parts = [FUNCTIONS["rand"](shape, dtype=float64) * 2 - 1 for _ in range(1 + is_complex(o))]
    values = (parts[0] + parts[1] * 1j if len(parts) > 1 else parts[0]).to(dtype)
    return (values[..., ::2] if scattered and o.ndim else values).detach().requires_grad_()


__all__ = ["GradcheckError", "gradcheck", "gradgradcheck"]
