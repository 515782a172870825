"""Elementwise ops beside torch: special values, numbers as operands, delicate derivatives, writes, `out=`.

What op_db's samples show is checked in test_ops_oracle.py; here is what they lack.
"""

import doctest

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import leafgrad  # noqa: E402
from leafgrad.op.record import REGISTRY  # noqa: E402

from .both import outcome  # noqa: E402

pytestmark = [pytest.mark.oracle, pytest.mark.filterwarnings("ignore")]

INF, NAN = float("inf"), float("nan")
REALS = [0.0, -0.0, 1, -1, 0.5, -0.5, 2, -2.5, 3.5, 1e-30, 1e30, INF, -INF, NAN, 88, -104, 700, 20.5, -3, 6]
INTEGERS = [0, 1, 2, 3, 5, 7, 12, 64, 100, 127]
TOLERANCE = {"float16": 2e-3, "float32": 3e-6, "float64": 1e-12, "complex64": 1e-5, "complex128": 1e-11}


def names(module, **values):
    """What an expression may name: the module as `torch`, its functionals as `F`, and these tensors."""
    tensors = {}
    for name, (data, dtype, grad) in values.items():
        t = module.tensor(data, dtype=getattr(module, dtype))
        tensors[name] = t.requires_grad_() if grad else t
    return {"torch": module, "F": module.nn.functional, "inf": INF, "nan": NAN, **tensors}


def array(t):
    return (
        (t.detach().resolve_conj() + 0).numpy()
        if t.dtype.is_floating_point
        else t.detach().resolve_conj().numpy()
    )


def same(theirs, ours, what, summed=False):
    """Equal dtype, shape and elements, up to rounding (if `summed`, of terms as large as the largest)."""
    a, b = array(theirs), array(ours)
    assert (a.dtype, a.shape) == (b.dtype, b.shape), what
    if a.dtype.kind in "fc":
        slack = TOLERANCE[a.dtype.name]
        atol = (
            slack * np.abs(a[np.isfinite(a)]).max(initial=1) if summed else {8: 1e-16}.get(a.itemsize, 1e-37)
        )
        np.testing.assert_allclose(b, a, rtol=slack, atol=atol, err_msg=what)
    else:
        np.testing.assert_array_equal(b, a, err_msg=what)


def check(expression, **values):
    """The value of an expression, its grad_fn, and its derivatives (second, too) by all that require grad."""
    results = []
    for module in (torch, leafgrad):
        scope = names(module, **values)
        out = eval(expression, scope)
        leaves = [scope[n] for n, (_, _, grad) in values.items() if grad]
        derivatives: list = []
        if leaves and out.requires_grad:
            weight = module.arange(1, out.numel() + 1).reshape(out.shape).to(out.dtype)
            loss = (out * weight).sum()
            loss = (loss * (1 + 2j)).real if loss.dtype.is_complex else loss
            first = module.autograd.grad(loss, leaves, create_graph=True, allow_unused=True)
            again = [(g * weight[:1]).sum() for g in first if g is not None and g.requires_grad]
            again = [(s * s.conj()).real if s.dtype.is_complex else s for s in again]
            second = module.autograd.grad(sum(again), leaves, allow_unused=True) if again else ()
            derivatives = [*first, *second]
        results.append((out, [None if g is None else g.detach() for g in derivatives]))
    (theirs, their_grads), (ours, our_grads) = results
    same(theirs, ours, expression)
    assert type(theirs.grad_fn).__name__ == type(ours.grad_fn).__name__
    for i, (a, b) in enumerate(zip(their_grads, our_grads, strict=True)):
        assert (a is None) == (b is None)
        if a is not None:
            same(a, b, f"derivative {i} of {expression}", summed=True)


# --- special values ---

_ONE_INPUT = """
abs neg exp exp2 expm1 log log2 log10 log1p sqrt rsqrt square reciprocal sin cos tan asin acos atan sinh
cosh tanh asinh acosh atanh sigmoid relu ceil floor trunc round frac sign sgn signbit deg2rad rad2deg isnan
isinf isfinite isposinf isneginf isreal logical_not sinc logit nan_to_num erf erfc erfinv lgamma digamma i0
angle
"""
ONE_INPUT = _ONE_INPUT.split()
_FUNCTIONAL = """
relu6 leaky_relu elu selu celu silu mish hardtanh hardsigmoid hardswish softplus softsign tanhshrink
hardshrink softshrink logsigmoid
"""
FUNCTIONAL = _FUNCTIONAL.split()
_TWO_INPUTS = """
add sub mul div pow maximum minimum fmax fmin atan2 hypot copysign nextafter logaddexp xlogy eq ne lt le gt
ge logical_and logical_or logical_xor heaviside isclose float_power floor_divide
"""
TWO_INPUTS = _TWO_INPUTS.split()
_INTEGER_ONLY = "bitwise_and bitwise_or bitwise_xor bitwise_left_shift bitwise_right_shift gcd lcm"
INTEGER_ONLY = _INTEGER_ONLY.split()


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("name", [*ONE_INPUT, *("F." + n for n in FUNCTIONAL)])
def test_special_values(name, dtype):
    path = name if "." in name else "torch." + name
    check(f"{path}(x)", x=(REALS, dtype, False))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", TWO_INPUTS)
def test_pairs_of_special_values(name, dtype):
    check(
        f"torch.{name}(x[:, None].expand(20, 20).clone(), x.expand(20, 20).clone())", x=(REALS, dtype, False)
    )


@pytest.mark.parametrize("dtype", ["int64", "int32", "int8", "uint8"])
@pytest.mark.parametrize(
    "name", [*INTEGER_ONLY, "remainder", "fmod", "floor_divide", "maximum", "add", "mul", "pow", "atan2"]
)
def test_pairs_of_integers(name, dtype):
    shift = 1 if name in ("remainder", "fmod", "floor_divide") else 0
    sign = -1 if dtype != "uint8" and name != "pow" and "shift" not in name else 1
    second = f"{sign} * x % 8" if "shift" in name else f"{sign} * x"
    check(f"torch.{name}(x[:, None], ({second}).where(x != 0, {shift} + 0 * x))", x=(INTEGERS, dtype, False))


# --- numbers as operands ---

_OPERATORS = "+ - * / // % **"
OPERATORS = _OPERATORS.split()
NUMBERS = ["2", "-3", "0.5", "True", "0", "1"]
EXACT = [
    "x < -3",
    "x >= -3",
    "-3 < x",
    "-3 >= x",
    "x == -3",
    "-3 == x",
]  # of unsigned bytes: torch compares the low bits of -3, leafgrad the numbers


@pytest.mark.parametrize("dtype", ["float32", "float16", "int32", "uint8", "bool", "complex64"])
@pytest.mark.parametrize("operator", [*OPERATORS, "&", "|", "^", "<<", ">>", "==", "<", ">="])
def test_operators_with_numbers(operator, dtype):
    data = [True, False] if dtype == "bool" else [1, 2, 3]
    for number in NUMBERS:
        for expression in (f"x {operator} {number}", f"{number} {operator} x"):
            if dtype == "uint8" and expression in EXACT:
                continue
            refused = outcome(lambda e=expression: eval(e, names(torch, x=(data, dtype, False))))
            if refused:
                assert (
                    outcome(lambda e=expression: eval(e, names(leafgrad, x=(data, dtype, False)))) == refused
                )
            else:
                check(expression, x=(data, dtype, False))


@pytest.mark.parametrize("expression", [
    "x + 300", "x * 300", "x - 1000", "x == 300", "x + -1", "x // 2", "x & 1000", "x ** 3",
    "torch.maximum(x, torch.tensor(5))", "torch.add(x, x, alpha=3)", "torch.sub(x, 1, alpha=2)",
    "torch.add(2, x)",
    "torch.mul(2, x)", "torch.div(7, x)", "torch.rsub(x, 5)", "torch.remainder(7, x)",
    "torch.bitwise_or(4, x)",
    "torch.div(x, 2, rounding_mode='floor')", "torch.div(x, -2, rounding_mode='trunc')",
    "torch.where(x > 1, x, 2.5)",
    "torch.where(x > 1, 1, 2)", "torch.float_power(x, 2)", "torch.true_divide(x, 2)", "torch.add(2, 3)",
    "torch.pow(2, x)",
])  # fmt: skip
@pytest.mark.parametrize("dtype", ["int8", "uint8", "int64", "float64"])
def test_integers_and_numbers(expression, dtype):
    if (dtype == "float64" and "&" in expression) or "bitwise" in expression:
        dtype = "int16"
    check(expression, x=([1, 2, 3, 100], dtype, False))


# --- derivatives where they are delicate ---

POINTS = [0.0, 1.0, -1.0, 0.5, -0.5, 2.0, 3.0, -3.0, 6.0]


@pytest.mark.parametrize("expression", [
    "x ** 0", "x ** 1", "x ** 2", "x ** 3", "x ** 2.5", "x ** -1", "x ** -2", "x ** 0.5", "2 ** x",
    "(-2) ** x", "2.5 ** x",
    "x ** y", "torch.pow(x, y.abs())", "torch.float_power(x, 2)", "torch.square(x)", "x.abs()", "x.sign()",
    "x.sgn()", "x.sqrt()",
    "torch.maximum(x, y)", "torch.minimum(x, y)", "torch.fmax(x, y)", "torch.fmin(x, y)",
    "x.clamp(-0.5, 0.5)", "x.clamp(min=0)",
    "x.clamp(max=0)", "x.clamp(0.5, -0.5)", "torch.clamp(x, y, x.detach() + 0 * y)", "torch.clamp(x, min=y)",
    "x.clamp_min(0.5)",
    "x.clamp_max(y)", "torch.relu(x)", "F.relu6(x)", "F.hardtanh(x)", "F.leaky_relu(x)",
    "F.leaky_relu(x, -0.5)", "F.elu(x, 2.0)",
    "F.celu(x, 2.0)", "F.selu(x)", "F.hardshrink(x)", "F.softshrink(x)", "F.hardswish(x)",
    "F.threshold(x, 0.5, 9)",
    "F.softplus(x, 2, 1.1)", "F.gelu(x)", "F.gelu(x, approximate='tanh')", "F.silu(x)", "F.mish(x)",
    "F.logsigmoid(x)", "torch.sinc(x)",
    "torch.xlogy(x, y.abs())", "torch.xlogy(x, 2)", "torch.xlogy(x, 0)", "torch.xlogy(2, y.abs())",
    "torch.hypot(x, y)",
    "torch.atan2(x, y + 0.25)", "torch.copysign(x, y)", "torch.copysign(x, -1)",
    "torch.remainder(x, y + 0.25)", "torch.fmod(x, y + 0.25)",
    "torch.div(x, y + 0.25, rounding_mode='floor')", "torch.nextafter(x, y)", "torch.logaddexp(x, y)",
    "torch.logaddexp2(x, y)",
    "torch.lerp(x, y, 0.25)", "torch.lerp(x, y, 0.75)", "torch.lerp(x, y, y)",
    "torch.addcmul(x, x, y, value=2)",
    "torch.addcdiv(x, x, y + 0.25, value=2)", "torch.where(x > y, x, y)", "torch.where(x > y, x, 1.0)",
    "torch.where(x > y, 2, y)",
    "torch.nan_to_num(x / 0)", "torch.logit(x)", "torch.logit(x, 0.1)", "torch.ldexp(x, y)",
    "torch.angle(x)", "x.frac()",
    "x.round()", "torch.round(x, decimals=1)", "x - 2 * y", "2 - x", "torch.sub(x, y, alpha=3)",
    "torch.rsub(x, y, alpha=3)",
    "2 / (x + 0.25)", "x / (y + 0.25)", "x * y[:1]", "torch.special.entr(x)", "torch.special.xlog1py(x, y)",
])  # fmt: skip
def test_derivatives(expression):
    x, y = zip(*[(a, b) for a in POINTS for b in POINTS], strict=True)
    check(expression, x=(list(x), "float64", True), y=(list(y), "float64", True))


COMPLEX = [a + 1j * b for a in (0.0, 1.0, -0.5, 2.0) for b in (0.0, -1.0, 0.5, 2.0)]


@pytest.mark.parametrize("expression", [
    "z * w", "z / (w + 3j)", "z ** 2", "(z + 3j) ** -1.5", "(z + 3j) ** w", "2 ** z", "torch.pow(1j, z)",
    "z.abs()", "z.sgn()",
    "z.angle()", "z.real", "z.imag", "torch.view_as_real(z)", "z.conj()", "z.exp()", "(z + 3j).log()",
    "z.sin()", "z.tanh()", "z.sigmoid()",
    "(z + 3j).sqrt()", "(z + 3j).rsqrt()", "z.acosh()", "(z * 0.3).asin()", "torch.where(z.real > 0, z, w)",
    "torch.lerp(z, w, 0.25)", "torch.addcmul(z, w, z, value=2j)", "torch.addcdiv(z, z, w + 3j)",
    "torch.add(z, w, alpha=2j)",
    "torch.logaddexp(z, w)", "torch.sinc(z)", "z - 2j", "2j - z", "2j / (z + 3)",
    "torch.complex(z.real, w.imag)",
    "torch.polar(z.abs(), w.real)", "torch.conj_physical(z)", "z.reciprocal()", "z * 2.5", "z.real * w",
    "F.softsign(z)",
])  # fmt: skip
def test_complex_derivatives(expression):
    if expression in ("z.acosh()", "z.reciprocal()"):
        expression = expression.replace("z", "(z + 3j)")
    z, w = zip(*[(a, b) for a in COMPLEX for b in COMPLEX], strict=True)
    check(expression, z=(list(z), "complex128", True), w=(list(w), "complex128", True))


@pytest.mark.parametrize("expression", [
    "x * s", "s * x", "x + s", "x / s", "x ** s", "torch.maximum(x, s)", "x * 2", "n * x", "x / n",
    "torch.where(n > 1, x, s)", "x - n",
])  # fmt: skip
def test_mixed_dtypes(expression):
    check(
        expression,
        x=([1.0, 2.0, 3.0], "float32", True),
        s=(2.0, "float64", True),
        n=([1, 2, 3], "int64", False),
    )


# --- writes ---

_WRITES = """
x += y; x -= y; x *= y; x /= y; x **= 2; x **= y; x //= 2; x %= 2; x += 1; x.add_(y, alpha=2);
x.sub_(y, alpha=2); x.mul_(2); x.div_(y); x.pow_(y); x.exp_(); x.sqrt_(); x.neg_(); x.sigmoid_(); x.tanh_();
x.relu_(); x.clamp_(0.5, 1.5); x.clamp_min_(y); x.lerp_(y, 0.25); x.addcmul_(y, y);
x.addcdiv_(y, y, value=2); x.abs_(); x.reciprocal_(); x.eq_(y); x.sin_(); x.atan2_(y); x.round_();
x.remainder_(y); x.copysign_(y); x.nan_to_num_(); x.logit_(0.1); F.relu(x, True);
F.leaky_relu(x, 0.1, True); F.leaky_relu(x, -0.1, True); F.elu(x, 1.0, True); F.elu(x, -1.0, True);
F.celu(x, 2.0, True); F.selu(x, True); F.silu(x, True); F.mish(x, True); F.hardtanh(x, -1, 1, True);
F.hardswish(x, True); F.threshold(x, 1, 2, True); x.xlogy_(y); x.square_(); x.log1p_(); x.hypot_(y);
x.true_divide_(y); x.divide_(y, rounding_mode='floor'); x.float_power_(2); x.absolute_(); x.clip_(0, 1);
torch.exp_(x); torch.selu_(x)
"""
WRITES = _WRITES.replace("\n", " ").split("; ")  # fmt: skip
TAMED = ("leaky_relu(x, -", "elu(x, -")  # torch cannot differentiate these


@pytest.mark.parametrize("other", [True, False], ids=["y requires grad", "y does not"])
@pytest.mark.parametrize("statement", [s.strip() for s in WRITES])
def test_writes(statement, other):
    found = []
    for module in (torch, leafgrad):
        scope = names(module, a=([1.5, 2.0, -0.5], "float64", True), y=([2.0, 1.5, 0.75], "float64", other))
        x = scope["x"] = scope["a"] * 1
        exec(statement, scope)
        assert scope["x"] is x and x._version == 1
        wanted = [scope["a"], *([scope["y"]] if other else [])]
        grads = ()
        if not any(t in statement for t in TAMED) and "//=" not in statement:
            grads = module.autograd.grad((x * x).sum(), wanted, allow_unused=True)
        found.append((x, type(x.grad_fn).__name__, grads))
    (theirs, name, their_grads), (ours, our_name, our_grads) = found
    same(theirs, ours, statement)
    if not any(t in statement for t in TAMED):
        assert our_name == name
    for a, b in zip(their_grads, our_grads, strict=True):
        assert (a is None) == (b is None)
        if a is not None:
            same(a, b, statement)


@pytest.mark.parametrize("statement", [s.strip() for s in WRITES])
def test_writes_without_a_graph(statement):
    found = []
    for module in (torch, leafgrad):
        scope = names(module, x=([1.5, 2.0, -0.5], "float64", False), y=([2.0, 1.5, 0.75], "float64", False))
        before = scope["x"]
        exec(statement, scope)
        assert scope["x"] is before and before._version == 1 and not before.requires_grad
        found.append(before)
    same(*found, statement)


@pytest.mark.parametrize("statement", [
    "x[1:] += y[:2]", "x[1:].mul_(x[:2].clone())", "x.t().add_(1)", "x[::2] *= 3", "x.view(-1)[0:2].exp_()",
    "x.add_(x)",
])  # fmt: skip
def test_writes_through_views(statement):
    found = []
    for module in (torch, leafgrad):
        scope = names(module, a=([1.5, 2.0, -0.5], "float64", True), y=([2.0, 1.5, 0.75], "float64", True))
        scope["x"] = scope["a"] * 1
        exec(statement, scope)
        found.append((scope["x"], module.autograd.grad((scope["x"] ** 2).sum(), [scope["a"]])[0]))
    same(found[0][0], found[1][0], statement)
    same(found[0][1], found[1][1], statement)


@pytest.mark.parametrize("call", [
    "torch.add(x, y, out=o)", "torch.add(x, 1, alpha=2, out=o)", "torch.exp(x, out=o)",
    "torch.mul(x, y, out=x)", "torch.sub(y, x, out=x)",
    "torch.where(x > y, x, y, out=x)", "torch.pow(x, y, out=y)", "torch.clamp(x, 0, 1, out=x)",
    "torch.lerp(x, y, 0.5, out=y)",
    "torch.addcmul(y, x, x, out=x)", "torch.eq(x, y, out=o)", "torch.sigmoid(x, out=x)",
    "torch.div(x, y, rounding_mode='floor', out=o)",
    "torch.add(x, y, out=v[:, 0])", "torch.atan2(x, y, out=v[:, 1])", "torch.maximum(x, v[0, 0], out=x)",
    "torch.exp(x, out=o.t())",
])  # fmt: skip
def test_out(call):
    found = []
    for module in (torch, leafgrad):
        scope = names(module, x=([1.5, 2.0, -0.5], "float64", False), y=([2.0, 1.5, 0.75], "float64", False))
        scope |= {"o": module.zeros(3, dtype=module.float64), "v": module.ones(3, 2, dtype=module.float64)}
        result = eval(call, scope)
        target = eval(call.split("out=")[1][:-1], scope)
        assert result.data_ptr() == target.data_ptr()
        found.append([scope[n] for n in "xyov"] + [result])
    for a, b in zip(*found, strict=True):
        same(a, b, call)


# --- what is promised ---


@pytest.mark.parametrize(
    "name", sorted(n for n, op in REGISTRY.items() if getattr(op.public, "__doc__", None))
)
def test_documented_example(name):
    """The examples of the ops that the kinds make, which doctest does not find by itself."""
    text = REGISTRY[name].public.__doc__
    if ">>>" not in text or REGISTRY[name].public.__name__ != REGISTRY[name].name:
        return  # nothing to run
    test = doctest.DocTestParser().get_doctest(text, {}, name, None, None)
    assert not doctest.DocTestRunner(verbose=False).run(test).failed


@pytest.mark.parametrize("name", [*ONE_INPUT, "add", "mul", "div", "maximum", "eq"])
def test_public_functions_are_named_and_documented(name):
    function = getattr(leafgrad, name)
    assert function.__name__ == name and ">>> import leafgrad as torch" in function.__doc__
    method = getattr(leafgrad.Tensor, name)
    assert method.__name__ == name and method.__doc__ == function.__doc__
