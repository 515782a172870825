"""Wrong calls of elementwise ops: torch's exception with torch's first sentence, and nothing changed.

Where torch lists its overloads, only what comes before the list is compared.
"""

import re

import pytest

torch = pytest.importorskip("torch")

import leafgrad  # noqa: E402

from .both import first_sentence  # noqa: E402

pytestmark = [pytest.mark.oracle, pytest.mark.filterwarnings("ignore")]

_CALLS = """
torch.mul(x)
torch.mul()
torch.exp()
torch.exp(x, foo=1)
torch.exp(x, x)
x.exp(1)  # takes
torch.mul("a", x)
torch.mul(x, "a")
torch.mul(x, None)
x.mul("a")
x.mul_("a")
x.add_("a")
x.clamp_("a")
x.pow_("a")
x.exp_(1)
x.mul(x, x)
x.mul()
x.atan2("a")
x.atan2(2)
torch.add(x)
torch.add(x, "a")
torch.add(x, x, alpha="a")
torch.add(n, n, alpha=1.5)
torch.add(x, x, alpha=1j)
torch.add(b, n, alpha=True)
torch.add(x, x, x)
torch.add(x, x, beta=1)
x.add()
torch.sub(x)
torch.sub(x, "a")
torch.sub(n, 1, alpha=2.5)
torch.sub(b, 1)
torch.sub(b, b)
b - 1
1 - b
b - b
torch.rsub(x, "a")
torch.rsub(2, x)
torch.exp(2)
torch.exp([1])
torch.exp(None)
torch.exp_(2)
x + "a"
"a" - x
x - "a"
"a" / x
"a" // x
x ** "a"
"a" ** x
n ** -1
n.pow_(-1)
n ** 2**31
u ** -1
u ** 256
u.pow_(300)
b ** -1
b ** 2**64
x < "a"
x & "a"
x << "a"
"a" << x
x & 1
n & 1.5
b << 1.5
~x
-b
+b
abs(b)
divmod(x, x)
torch.div(x)
torch.div(x, "a")
torch.div(x, x, rounding_mode="foo")
torch.div(x, x, rounding_mode=1)
torch.div(b, b, rounding_mode="floor")
torch.div(c, c, rounding_mode="trunc")
n // 0
n % 0
torch.fmod(n, 0)
torch.floor_divide(x, "a")
torch.floor_divide(c, c)
torch.remainder(x, "a")
torch.remainder(c, 2)
torch.remainder(2, 3)
torch.fmod(x, "a")
torch.fmod(2, x)
torch.true_divide(x, "a")
torch.pow(x)
torch.pow(x, "a")
torch.pow("a", x)
torch.pow(2, 3)
torch.pow(n, -1)
torch.pow(b, b)
x.pow("a")
x.pow()
torch.float_power(x, "a")
x.float_power_(2)
torch.atan2(x, 2)
torch.atan2(2, x)
torch.atan2(c, c)
torch.maximum(x, 2)
torch.maximum(c, c)
torch.fmin(c, c)
torch.lt(x, "a")
torch.lt(2, x)
torch.lt(c, 1)
torch.eq(2, x)
torch.ge(x)
n * 2**70
n + 2**70
torch.add(x, torch.ones(4))
x + torch.ones(2, 4)
x.add_(torch.ones(4, 2, 3))
n.add_(1.5)
n.div_(2)
n.exp_()
b.add_(n)
torch.add(x, x, out=n)
torch.exp(x, out=2)
torch.exp(x, out=n)
torch.abs(b)
c.abs_()
torch.sign(c)
torch.ceil(c)
torch.ceil(b)
torch.frac(n)
torch.round(b)
torch.round(x, decimals=1.5)
torch.round(x, decimals="a")
torch.signbit(c)
torch.isposinf(c)
torch.deg2rad(c)
torch.heaviside(c, c)
torch.heaviside(x, n)
torch.heaviside(x, 1)
torch.nextafter(x, 1)
torch.nextafter(n, n)
torch.hypot(n, n)
torch.logaddexp(n, n)
torch.gcd(n, 2)
torch.gcd(x, x)
torch.ldexp(x, 2)
torch.copysign(2, x)
torch.copysign(x, "a")
torch.logical_and(x, 2)
torch.frexp(n)
torch.frexp(2)
torch.clamp(x, "a")
torch.clamp()
torch.clamp(2, 1)
torch.clamp(c, 1)
torch.clamp(x)
x.clamp()
x.clamp("a")
x.clamp_(n)  # allowed
torch.clamp_min(x)
torch.clamp_min(x, "a")
torch.clamp_max(c, 1)
torch.where(x, x, x)
torch.where(b, x, "a")
torch.where(2, x, x)
torch.where()
torch.where(b, x)
x.where(b)
x.where(b, "a")
torch.where(b, torch.ones(7), x)
torch.lerp(x, x, "a")
torch.lerp(x, 2, 0.5)
torch.lerp(x, x)
torch.lerp(x, x.double(), 0.5)
torch.lerp(x, x, x.double())
torch.lerp(n, n, 0.5)
torch.addcmul(x, 2, x)
torch.addcmul(x, x, x, value="a")
torch.addcmul(x, x)
torch.addcmul(b, b, b)
torch.addcdiv(n, n, n)
torch.nan_to_num(x, "a")
torch.logit(x, "a")
torch.logit(c)
torch.xlogy(2, 3)
torch.xlogy(x, "a")
torch.special.xlog1py(2, 3)
torch.isclose(x, n)
torch.isclose(x, 2)
torch.isclose(x, x, rtol=-1)
torch.isclose(x, x, rtol="a")
torch.allclose(x, x, atol=-1)
torch.equal(x, 2)
torch.isnan(2)
torch.isfinite(2)
torch.bitwise_and(x, "a")
torch.bitwise_and(2, 3)
torch.bitwise_left_shift(x, "a")
torch.bitwise_not(x)
torch.bitwise_xor(n, x)
torch.real(2)
torch.imag(x)
x.imag
torch.complex(x)
torch.complex(2, x)
torch.complex(x, n)
torch.complex(x, x.double())
torch.polar(x, 2)
torch.view_as_real(x)
torch.view_as_complex(x)
torch.view_as_complex(n)
torch.view_as_complex(torch.ones(3, 4)[:, ::2])
torch.mvlgamma(x, 0)
torch.polygamma(-1, x)
torch.polygamma(x, 1)
torch.erf(c)
torch.lgamma(c)
torch.relu(b)
torch.relu(c)
F.relu(2)
F.relu6(b)
F.gelu(x, approximate="a")
F.gelu(n)
F.hardtanh(x, 2, 1)
F.hardtanh(u)
F.leaky_relu(x, "a")
F.leaky_relu(n)
F.elu(x, "a")
F.celu(x, 0)
F.softplus(x, "a")
F.softplus(n)
F.softshrink(x, -1)
F.hardshrink(x, "a")
F.threshold(x, "a", 1)
torch.threshold(x)
torch.threshold(x, 1, "a")
F.silu(n)
F.mish(c)
F.logsigmoid(n)
F.hardsigmoid(n)
F.hardswish(n)
F.softsign(b)
F.tanhshrink(b)
g.add_(1)
g.exp_()
torch.add(g, g, out=torch.empty(3))
torch.ones(3).expand(2, 3).add_(1)
"""
CALLS = _CALLS.strip().splitlines()


def scene(module):
    x = module.ones(2, 3)
    return {
        "torch": module, "F": module.nn.functional, "x": x, "n": x.to(module.int32), "b": x > 0, "c": x + 0j,
        "u": x.to(module.uint8),
        "v": module.ones(3), "g": module.ones(3).requires_grad_(),
    }  # fmt: skip


def sentence(error):
    """The first sentence, without the overloads or the name of a C++ class in it."""
    text = first_sentence(error).replace("TensorBase.", "")
    return re.split(r", but expected (?:one of|\()", text)[0]


@pytest.mark.parametrize("call", [c.split("  #")[0] for c in CALLS if not c.endswith("# allowed")])
def test_wrong_call(call):
    with pytest.raises(Exception) as theirs:
        eval(call, scene(torch))
    names = scene(leafgrad)
    before = {n: (t.detach().clone(), t._version) for n, t in names.items() if isinstance(t, leafgrad.Tensor)}
    with pytest.raises(type(theirs.value)) as ours:
        eval(call, names)
    expected = sentence(theirs.value)
    if "takes no arguments" in expected:
        assert "takes" in str(ours.value)
    else:
        assert sentence(ours.value) == expected
    for n, (value, version) in before.items():
        assert leafgrad.equal(names[n], value) and names[n]._version == version


@pytest.mark.parametrize("name", ["exp", "add", "atan2", "pow", "clamp", "isnan"])
def test_signatures_are_listed(name):
    """A call that fits no overload is told which there are."""
    with pytest.raises(TypeError) as error:
        getattr(leafgrad, name)("a", "b", "c", "d")
    assert name in str(error.value)
