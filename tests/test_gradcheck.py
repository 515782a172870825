"""`gradcheck` and `gradgradcheck`: each program must say the same on torch, message for message, and a wrong rule is found."""

import importlib
import re
from types import FunctionType

import pytest

import leafgrad
from leafgrad.autograd import gradcheck_rules
from leafgrad.op.record import REGISTRY
from tests.test_programs import transcript

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.oracle

PROGRAMS = []


def program(function: FunctionType) -> FunctionType:
    """A program to run on both modules."""
    PROGRAMS.append(pytest.param(function, id=function.__name__))
    return function


def real(torch, *values):
    return torch.tensor(values or (0.5, 2.0), dtype=torch.float64, requires_grad=True)


def cplx(torch):
    return torch.tensor([0.5 + 1j, 2.0 - 0.25j], dtype=torch.complex128, requires_grad=True)


def rule(torch, forward, backward, jvp=None, vmap=None, materialize=True):
    """The apply of a custom Function of one input, which is saved."""

    class F(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.set_materialize_grads(materialize)
            ctx.save_for_backward(x)
            ctx.save_for_forward(x)
            return forward(x)

    F.backward = staticmethod(lambda ctx, g: backward(*ctx.saved_tensors, g))
    if jvp is not None:
        F.jvp = staticmethod(lambda ctx, t: jvp(*ctx.saved_tensors, t))
    if vmap is not None:
        F.generate_vmap_rule = True
    return F.apply


def whole(say, call, *args, **named):
    """All that an error says, up to where our words differ."""
    try:
        say(call(*args, **named))
    except Exception as error:
        text = str(error).partition("The above quantities")[0].partition("NOTE: ")[0]
        text = re.sub(r",\s*grad_fn=<\w+>", "", text)  # torch's Jacobians may have a history
        text = re.sub(r"\d+\.\d{10,}", lambda number: f"{float(number[0]):.9f}", text)
        say(type(error).__name__, text.strip())


@program
def right_functions(torch, say):
    gc, ggc = torch.autograd.gradcheck, torch.autograd.gradgradcheck
    x, y, z = real(torch), real(torch, -1.0, 3.0), cplx(torch)

    def conj(z):
        return z.conj() * z

    functions = [
        (lambda x: x * x.sin(), (x,)),
        (lambda x, y: (x * y, x + y.exp()), (x, y)),
        (lambda x, y: [x @ y, y.sum()], (x, y)),
        (lambda x: (x, x * 2), (x,)),
        (lambda x: x[0] * x[1], (x,)),
        (lambda x: torch.cat([x, x * 2]).view(2, 2), (x,)),
        (lambda x, n: x * n, (x, 3)),
        (lambda z: z * z, (z,)),
        (lambda z: z.abs(), (z,)),
        (lambda z: (z * z).real, (z,)),
        (lambda x: torch.complex(x, x * x), (x,)),
        (lambda x, z: (x * z, x * x), (x, z)),
        (conj, (z,)),
        (lambda x: torch.view_as_real(torch.complex(x, x)), (x,)),
    ]
    for fast in (False, True):
        for function, args in functions:
            say.attempt(gc, function, args, fast_mode=fast)
            say.attempt(gc, function, args, fast_mode=fast, check_forward_ad=True, check_batched_grad=True)
            say.attempt(gc, function, args, fast_mode=fast, check_forward_ad=True, check_backward_ad=False)
            if function is not conj:  # torch fails with an internal assert
                say.attempt(
                    gc, function, args, fast_mode=fast, check_forward_ad=True, check_batched_forward_grad=True
                )
            say.attempt(
                gc, function, args, fast_mode=fast, check_grad_dtypes=True, check_undefined_grad=False
            )
            say.attempt(ggc, function, args, fast_mode=fast)
            say.attempt(ggc, function, args, fast_mode=fast, check_fwd_over_rev=True, check_batched_grad=True)
    say.attempt(gc, torch.sin, x, masked=True)
    say.attempt(ggc, torch.sin, x, masked=True)
    say.attempt(gc, torch.sin, x, eps=1e-4, atol=1e-3, rtol=1e-2, nondet_tol=1.0)
    say.attempt(gc, torch.sin, [x])
    say.attempt(ggc, torch.sin, x, real(torch, 1.0, 1.0))
    say.attempt(ggc, torch.sin, x, [torch.ones(2, dtype=torch.float64)])
    say.attempt(ggc, lambda x: x.sin().outer(x), x, gen_non_contig_grad_outputs=True)
    say.attempt(ggc, lambda x: x.sum(), x, gen_non_contig_grad_outputs=True)
    say(x.grad, z.grad, x.detach(), x._version)


@program
def wrong_derivatives(torch, say):
    gc, ggc = torch.autograd.gradcheck, torch.autograd.gradgradcheck
    x, z = real(torch), cplx(torch)
    thrice = rule(torch, lambda x: x * 2, lambda x, g: g * 3, lambda x, t: t * 4)
    square = rule(
        torch, lambda x: x * x, lambda x, g: g * x * 2 + 0.01 * g, lambda x, t: 2 * t * x + 0.01 * t
    )
    conj = rule(torch, lambda x: x * x, lambda x, g: g * x * 2, lambda x, t: t * x)
    late = rule(torch, lambda x: x * x * x, lambda x, g: g * (3 * x.detach() * x))
    for fast in (False, True):
        for function, arg in (
            (thrice, x),
            (square, x),
            (conj, z),
            (thrice, z),
            (lambda x: (x * 2, thrice(x)), x),
        ):
            whole(say, gc, function, arg, fast_mode=fast)
            whole(say, gc, function, arg, fast_mode=fast, check_forward_ad=True, check_backward_ad=False)
            whole(say, gc, function, (arg,), fast_mode=fast, raise_exception=False)
        whole(say, gc, lambda x, y: x * thrice(y), (x, real(torch, 1.0, 4.0)), fast_mode=fast)
        whole(say, ggc, late, x, fast_mode=fast)
        whole(say, ggc, late, x, fast_mode=fast, raise_exception=False)
    whole(say, gc, thrice, x, atol=10.0)
    whole(say, gc, thrice, x, rtol=10.0)
    whole(say, gc, thrice, x, fast_mode=True, atol=10.0)
    text = str(attempt(gc, thrice, x, fast_mode=True))
    say("Numerical:" in text, "The max per-element difference (slow mode) is: 1" in text)


def attempt(call, *args, **named):
    """The exception that a call raises."""
    try:
        return call(*args, **named)
    except Exception as error:
        return error


@program
def where_no_gradient_flows(torch, say):
    gc = torch.autograd.gradcheck
    x = real(torch)
    for fast in (False, True):
        whole(say, gc, lambda x: x.detach(), x, fast_mode=fast)
        whole(say, gc, lambda x: (x.detach() * 2, x.detach()), x, fast_mode=fast)
        whole(say, gc, lambda x: torch.ones(2, dtype=torch.float64), x, fast_mode=fast)
        whole(say, gc, lambda x: x.long(), x, fast_mode=fast)
        whole(say, gc, lambda x: x.detach(), x, fast_mode=fast, check_forward_ad=True)
        whole(say, gc, lambda x: (x.sin(), x.detach().floor()), x, fast_mode=fast)
        whole(say, gc, lambda x: (x.sin(), x.long()), x, fast_mode=fast)
        whole(say, gc, lambda x: x > 1, x, fast_mode=fast)
        whole(say, gc, lambda x: 3, x, fast_mode=fast)
        whole(say, gc, lambda x: None, x, fast_mode=fast)
        whole(say, gc, lambda x: (x, None), x, fast_mode=fast)


@program
def arguments(torch, say):
    gc, ggc = torch.autograd.gradcheck, torch.autograd.gradgradcheck
    x = real(torch)
    whole(say, gc, torch.sin, x, check_backward_ad=False)
    whole(say, gc, torch.sin, x, check_backward_ad=False, check_forward_ad=True, check_batched_grad=True)
    whole(say, gc, torch.sin, x, check_batched_forward_grad=True)
    whole(say, ggc, torch.sin, x, check_rev_over_rev=False)
    whole(say, ggc, torch.sin, x, check_rev_over_rev=False, check_fwd_over_rev=True)
    whole(
        say, ggc, torch.sin, x, check_rev_over_rev=False, check_fwd_over_rev=True, check_undefined_grad=False
    )
    whole(
        say, ggc, torch.sin, x, check_rev_over_rev=False, check_fwd_over_rev=True, check_undefined_grad=False,
        check_batched_grad=True,
    )  # fmt: skip
    whole(say, gc, torch.sin, x.detach())
    whole(say, gc, torch.sin, ())
    whole(say, gc, torch.sin, (3,))
    say.attempt(gc, torch.sin)
    say.attempt(gc, torch.sin, x, 1e-6)
    say.attempt(gc, torch.sin, x, check_sparse_nnz=True)
    single = x.detach().float().requires_grad_()
    say.attempt(gc, torch.sin, single)
    whole(say, gc, lambda a, b: a * b, (single, x), atol=1.0, rtol=1.0)
    whole(say, gc, torch.sin, single, eps=1e-2, atol=1e-2)
    whole(say, gc, torch.sin, torch.ones(1, dtype=torch.float64).expand(3).requires_grad_())
    whole(say, gc, torch.sin, torch.ones(1, 1, dtype=torch.float64).expand(1, 3).requires_grad_())
    whole(say, gc, torch.sin, torch.ones(2, 3, dtype=torch.float64).t().requires_grad_(), fast_mode=True)
    whole(say, gc, torch.sin, torch.ones(0, dtype=torch.float64, requires_grad=True))
    whole(
        say, gc, torch.sin, torch.tensor(0.5, dtype=torch.float64, requires_grad=True), check_forward_ad=True
    )
    whole(say, gc, lambda x: x[x > 1.0], real(torch, 0.5, 1.0))
    whole(say, gc, lambda x: x if x.sum() < 3 else x.float(), real(torch, 1.0, 2.0))
    whole(say, gc, lambda x: x[x > 1.0], real(torch, 0.5, 1.0), fast_mode=True)
    whole(say, gc, lambda x: 1 / 0, x)


@program
def rules_beside_the_values(torch, say):
    gc, ggc = torch.autograd.gradcheck, torch.autograd.gradgradcheck
    x, z = real(torch), cplx(torch)
    count = [0]

    def drifting(x, g):
        count[0] += 1
        return g * (2 + 1e-7 * count[0])

    nondet = rule(torch, lambda x: x * 2, drifting)
    added = rule(torch, lambda x: x * 2, lambda x, g: g * 2 + 1e-7)
    undefined = rule(torch, lambda x: x * 2, lambda x, g: g * 2, materialize=False)
    one = rule(
        torch, lambda x: x * 2, lambda x, g: torch.ones_like(x) if g is None else g * 2, materialize=False
    )
    none = rule(torch, lambda x: x * 2, lambda x, g: None if g is None else g * 2, materialize=False)
    small = rule(torch, lambda x: x * 2, lambda x, g: (g * 2).float())
    short = rule(torch, lambda x: x.sum(), lambda x, g: g.expand(1))
    raising = rule(torch, lambda x: x * 2, lambda x, g: {}[1])
    for fast in (False, True):
        for function in (nondet, added, undefined, one, none, small, short, raising):
            whole(say, gc, function, x, fast_mode=fast)
            whole(say, gc, function, x, fast_mode=fast, check_undefined_grad=False)
            whole(say, gc, function, x, fast_mode=fast, check_grad_dtypes=True)
            whole(say, gc, function, x, fast_mode=fast, raise_exception=False)
        whole(say, gc, nondet, x, fast_mode=fast, nondet_tol=1e-3)
        whole(say, gc, lambda x: (undefined(x), x.sin()), x, fast_mode=fast)
        whole(say, gc, lambda x: (none(x), x.sin()), x, fast_mode=fast)
        whole(say, gc, added, x, fast_mode=fast, masked=True)
        whole(say, ggc, nondet, x, fast_mode=fast)
    odd = rule(torch, lambda x: x * 2, lambda x, g: g * 2, lambda x, t: t * 2 if t.abs().sum() > 0 else t + 1)
    whole(say, gc, odd, x, check_forward_ad=True)
    whole(say, gc, lambda x, y: odd(x) * y, (x, real(torch, 1.0, 1.0)), check_forward_ad=True, fast_mode=True)

    class Two(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, y):
            ctx.set_materialize_grads(False)
            return x * 2 + y * 2

        @staticmethod
        def backward(ctx, g):
            return (None, None) if g is None else (g * 2, g * 2)

        @staticmethod
        def jvp(ctx, x, y):
            return y * 3 if x is None else x * 2 if y is None else x * 2 + y * 2

    pair = (x, real(torch, 1.0, 4.0))
    for fast in (False, True):
        error = attempt(gc, Two.apply, pair, check_forward_ad=True, fast_mode=fast)
        say(type(error).__name__, getattr(error, "args", ())[:2], len(getattr(error, "args", ())))
        say.attempt(gc, Two.apply, pair, check_forward_ad=True, fast_mode=fast, check_undefined_grad=False)
    turned = rule(torch, lambda x: x * 2, lambda x, g: g * 2, lambda x, t: t * (2 + 0j))
    whole(say, gc, turned, x, check_forward_ad=True, check_grad_dtypes=True)
    whole(say, gc, turned, x, check_forward_ad=True, check_grad_dtypes=True, fast_mode=True)
    whole(say, gc, lambda z: odd(z.real), z, check_forward_ad=True)


@program
def batches(torch, say):
    gc, ggc = torch.autograd.gradcheck, torch.autograd.gradgradcheck
    x = real(torch)

    def peeking(x, g):
        return g * 2 if float(g.detach().sum()) else g

    looks = rule(torch, lambda x: x * 2, peeking)
    say.attempt(gc, looks, x)
    error = attempt(gc, looks, x, check_batched_grad=True)
    say(type(error).__name__, str(error).partition(",")[0])
    say(attempt(gc, looks, x, check_batched_grad=True, raise_exception=False))
    error = attempt(ggc, looks, x, check_batched_grad=True)
    say(type(error).__name__, str(error).partition(",")[0])
    say.attempt(gc, lambda x: x * float(x.detach().sum()) * 0 + x * 2, x, check_batched_grad=True)
    say.attempt(gc, lambda x: x * x.sin(), x, check_forward_ad=True, check_batched_forward_grad=True)
    say.attempt(
        gc, lambda x, y: (x * 2, y.exp()), (x, x), check_forward_ad=True, check_batched_forward_grad=True
    )
    say.attempt(gc, lambda x: (x.detach(), x * 2), x, check_batched_grad=True, check_undefined_grad=False)

    def stares(x):
        return x * 2 if bool((torch.autograd.forward_ad.unpack_dual(x).tangent is None) or 1) else x

    say.attempt(gc, stares, x, check_forward_ad=True, check_batched_forward_grad=True)

    def leaks(x):
        tangent = torch.autograd.forward_ad.unpack_dual(x).tangent
        return x * 2 if tangent is None or float(tangent.detach().sum()) else x

    error = attempt(gc, leaks, x, check_forward_ad=True, check_batched_forward_grad=True)
    say(type(error).__name__, str(error).partition(",")[0])


@program
def names(torch, say):
    module = importlib.import_module(torch.__name__ + ".autograd.gradcheck")
    say(module.GradcheckError.__mro__[1:], module.GradcheckError.__name__)
    say(callable(torch.autograd.gradcheck), callable(torch.autograd.gradgradcheck))


@pytest.mark.parametrize("function", PROGRAMS)
def test_program(function):
    assert transcript(function, leafgrad) == transcript(function, torch)


# --- the check finds what is wrong (on leafgrad alone, for every kind of check) ---


@pytest.mark.parametrize("fast", [False, True])
@pytest.mark.parametrize("value", [0.5, 3.0])
def test_a_rule_wrong_by_a_hundredth_is_found(fast, value):
    x = real(leafgrad, value, 2.0)
    for backward, forward in ((1.01, 1.0), (1.0, 1.01)):
        wrong = rule(
            leafgrad, lambda x: x.exp(),
            lambda x, g, b=backward: g * x.exp() * b, lambda x, t, f=forward: t * x.exp() * f,
        )  # fmt: skip
        with pytest.raises(leafgrad.autograd.GradcheckError, match="Jacobian"):
            leafgrad.autograd.gradcheck(wrong, x, check_forward_ad=True, fast_mode=fast)


def test_a_wrong_batch_rule_is_found(monkeypatch):
    """With rules of sin and mul wrong by a tenth for batches, the checks of batches say so, for sin's gradient and tangent."""
    x, check, op, rule = (
        real(leafgrad),
        leafgrad.autograd.gradcheck,
        REGISTRY["mul"],
        REGISTRY["sin"].rules[0],
    )
    assert check(leafgrad.sin, x, check_batched_grad=True)
    monkeypatch.setattr(op, "batch", lambda self, other: op.public(self, other) * 1.1)
    monkeypatch.setattr(rule, "stacked", lambda grad, self: rule.bare(grad, self) * 1.1)
    with pytest.raises(leafgrad.autograd.GradcheckError, match="For output 0 and input 0"):
        check(leafgrad.sin, x, check_batched_grad=True)
    assert not check(leafgrad.sin, x, check_batched_grad=True, raise_exception=False)
    with pytest.raises(leafgrad.autograd.GradcheckError, match="For output 0 and input 0"):
        check(leafgrad.sin, x, check_forward_ad=True, check_batched_forward_grad=True)


def test_inputs_come_back_unchanged():
    x = real(leafgrad)
    leafgrad.autograd.gradcheck(lambda x: x * x, x, check_forward_ad=True, fast_mode=True)
    with pytest.raises(ZeroDivisionError):
        leafgrad.autograd.gradcheck(lambda x: x * x if x[0] == 0.5 else 1 / 0, x)
    assert x.tolist() == [0.5, 2.0] and x._version == 0 and x.grad is None


@pytest.mark.parametrize(
    ("where", "name", "found_by"),
    [
        (gradcheck_rules, "zero_gradient", rules_beside_the_values),
        (gradcheck_rules, "undefined", rules_beside_the_values),
        (gradcheck_rules, "undefined_forward", rules_beside_the_values),
        (gradcheck_rules, "batched", batches),
        (gradcheck_rules, "batched_forward", batches),
        (importlib.import_module("leafgrad.autograd.gradcheck"), "_expect_zero", where_no_gradient_flows),
    ],
)
def test_a_check_that_is_left_out_is_found(monkeypatch, where, name, found_by):
    expected = transcript(found_by, torch)
    assert transcript(found_by, leafgrad) == expected
    monkeypatch.setattr(where, name, lambda *args: None)
    assert transcript(found_by, leafgrad) != expected
