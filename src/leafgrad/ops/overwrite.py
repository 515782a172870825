"""In-place random writes: `uniform_`, `normal_`, `random_`, ..."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ..base import messages
from ..base.state import modes, state
from ..op.record import Op
from ..op.table import METHODS
from ..tensor.batch import Level
from ..tensor.call import record, recording
from ..tensor.misuse import invalid, wrong
from ..tensor.node import edge_of
from ..tensor.tensor import Tensor, wrap
from ..tensor.write import bump, check_inplace, push_write, rebase
from ..values import distributions, integers, normal, strides
from ..values.strides import check_overlap
from .copies import copy_
from .draws import levels_in_force
from .random import generator_of, is_integer, is_real
from .samples import aligned
from .views import zeros_of

ndarray = np.ndarray


def overwritten(op: Op, self: Tensor, draw: Callable[..., None], *others: Tensor) -> Tensor:
    """Let `draw` fill a tensor with numbers that depend on none of its values: its gradient is zero, and its tangent.

    They are drawn aside, so that a wrong argument changes nothing.  others: tensors of parameters, whose arrays `draw` gets
    too; their gradients are zero as well.
    """
    if modes and (levels := levels_in_force()):
        return _overwritten_each(op, self, draw, others, levels[-1])
    inputs = (self, *others)
    check_inplace(op, inputs)
    check_overlap(self._data)
    recorded = recording() and self._data.dtype.kind in "fcV"
    edges = tuple([edge_of(x) for x in inputs]) if recorded else ()
    drawn = strides.empty_like(self._data)
    draw(drawn, *[x._data for x in others])
    np.copyto(self._data, drawn)
    bump(self)
    if any(edges):
        out = wrap(self._data)
        out._counter = self._counter
        rebase(self, record(op, inputs, (), edges, out))
    if modes and state.levels:
        push_write(op, inputs, (), self)
    return self


def _overwritten_each(op: Op, self: Tensor, draw: Callable, others: tuple, level: Level) -> Tensor:
    """The same inside vmap, of which this is the newest level."""
    hidden, different = level.hides(self), level.randomness == "different"
    if level.randomness == "error":
        raise RuntimeError(messages.VMAP_RANDOM)
    if any(map(level.hides, others)) and not (hidden and different):
        raise RuntimeError(messages.VMAP_BERNOULLI if different else messages.VMAP_RANDOM_SAME)
    if different and not hidden:
        raise RuntimeError(messages.VMAP_RANDOM_WRITE)
    target = self
    if hidden:
        target = level.physical(self) if different else wrap(np.empty(self._data.shape, self._data.dtype))
    if different:
        others = tuple([aligned(level.expanded(x), self._data.ndim) for x in others])
    interceptors = state.interceptors
    state.interceptors = interceptors[: interceptors.index(level)]
    try:
        overwritten(op, target, draw, *others)
    finally:
        state.interceptors = interceptors
    if hidden and not different:
        copy_(self, target)
    return self


def _op(name: str, number: int = 0) -> Op:
    node = "".join(part.capitalize() for part in name.split("_")) + f"Backward{number}"
    return Op(
        name, lambda self: self, ("self",), vjp={"self": _zero}, jvp=lambda tangents, *_: None, node=node
    )


def _zero(grad: Any) -> Any:
    return zeros_of(grad, grad.shape)


_UNIFORM, _NORMAL_, _EXPONENTIAL, _GEOMETRIC, _CAUCHY, _LOG_NORMAL = map(
    _op, ("uniform", "normal", "exponential", "geometric", "cauchy", "log_normal")
)
_RANDOM = tuple([_op("random", n) for n in range(3)])
_BERNOULLI = _op("bernoulli", 2)
_BERNOULLI_EACH = Op(
    "bernoulli",
    lambda self, p: self,
    ("self", "p"),
    vjp={"self": _zero, "p": _zero},  # summed to the shape of p
    jvp=lambda tangents, *_: None,
    node="BernoulliBackward1",
)


def _method(function: Callable) -> Callable:
    METHODS[function.__name__] = function
    return function


def _real(op: str, x: Any, name: str, position: int) -> Any:
    """A number, or a tensor that holds one; position: counted in the method."""
    if not is_real(x):
        raise wrong(op, name, position + 1, "float", x)
    return x.item() if isinstance(x, Tensor) else x


@_method
def uniform_(self: Tensor, *bounds: Any, to: Any = None, generator: Any = None, **named: Any) -> Tensor:
    """Overwrite with numbers uniformly distributed in [from, to), by default [0, 1).

    >>> import leafgrad as torch
    >>> _ = torch.manual_seed(0); torch.empty(2).uniform_(1, 2)
    tensor([1.4963, 1.7682])
    """
    first, last = _from_to("uniform_", bounds, named, to, (0.0, 1.0))
    first, last = _real("uniform_", first, "from", 1), _real("uniform_", last, "to", 2)
    generator = generator_of("uniform_", generator)
    return overwritten(_UNIFORM, self, lambda out: distributions.uniform(generator, out, first, last))


def _from_to(op: str, bounds: tuple, named: dict[str, Any], to: Any, default: tuple) -> tuple:
    """The bounds given by position, or by the names `from` (which Python reserves) and `to`."""
    if len(bounds) > 2:
        most = messages.TOO_MANY_FROM_TO if op == "uniform_" else messages.TOO_MANY_TO
        raise TypeError(most.format(op=op, got=len(bounds)))
    given = dict(zip(("from", "to"), bounds, strict=False))
    for name, value in (*named.items(), ("to", to)):
        if name not in ("from", "to"):
            raise TypeError(messages.UNEXPECTED_KEYWORD.format(op=op, name=name))
        if value is not None:
            if name in given:
                raise TypeError(messages.TWICE.format(op=op, name=name))
            given[name] = value
    return given.get("from", default[0]), given.get("to", default[1])


_RANDOM_SIGNATURES = (
    "*, torch.Generator generator = None",
    "int from, int to, *, torch.Generator generator = None",
    "int to, *, torch.Generator generator = None",
)


@_method
def random_(self: Tensor, *bounds: Any, to: Any = None, generator: Any = None, **named: Any) -> Tensor:
    """Overwrite with integers from [from, to), from [0, to), or from 0 to the largest that the dtype can
    count to.

    >>> import leafgrad as torch
    >>> _ = torch.manual_seed(0); torch.empty(3).random_(10)
    tensor([4., 9., 3.])
    """
    first, last = _from_to("random_", bounds, named, to, (None, None))
    if bounds and last is None:
        first, last = None, first
    if bounds[:1] == (None,) or not all(x is None or is_integer(x) for x in (first, last)):
        got = ", ".join(type(x).__name__ for x in bounds)
        expected = "one of:\n" + "".join(f" * ({s})\n" for s in _RANDOM_SIGNATURES)
        raise TypeError(messages.COMBINATION.format(op="random_", got=got, expected=expected))
    generator = generator_of("random_", generator)
    if first is None and last is None:
        return overwritten(_RANDOM[2], self, lambda out: integers.random(generator, out))
    op = _RANDOM[1] if first is None else _RANDOM[0]
    low, high = int(first or 0), last if last is None else int(last)
    return overwritten(op, self, lambda out: integers.randint(generator, out, low, high))


@_method
def bernoulli_(self: Tensor, p: Any = 0.5, *, generator: Any = None) -> Tensor:
    """Overwrite with ones, with probability `p` (a number, or a tensor with one for each element), and zeros.

    >>> import leafgrad as torch
    >>> torch.empty(2).bernoulli_(torch.tensor([0., 1.]))
    tensor([0., 1.])
    """
    generator = generator_of("bernoulli_", generator)
    if isinstance(p, Tensor):
        return overwritten(
            _BERNOULLI_EACH, self, lambda out, p: distributions.bernoulli_each(generator, out, p), p
        )
    if not isinstance(p, bool | int | float | np.number):
        raise invalid("bernoulli_", _BERNOULLI_SIGNATURES)
    return overwritten(_BERNOULLI, self, lambda out: distributions.bernoulli(generator, out, float(p)))


_BERNOULLI_SIGNATURES = (
    "Tensor p, *, torch.Generator generator = None",
    "float p = 0.5, *, torch.Generator generator = None",
)


@_method
def normal_(self: Tensor, mean: float = 0.0, std: float = 1.0, *, generator: Any = None) -> Tensor:
    """Overwrite with normally distributed numbers.

    >>> import leafgrad as torch
    >>> _ = torch.manual_seed(0); torch.empty(2).normal_()
    tensor([ 1.5410, -0.2934])
    """
    m, s = _real("normal_", mean, "mean", 1), _real("normal_", std, "std", 2)
    generator = generator_of("normal_", generator)
    return overwritten(_NORMAL_, self, lambda out: normal.normal(generator, out, m, s))


@_method
def log_normal_(self: Tensor, mean: float = 1.0, std: float = 2.0, *, generator: Any = None) -> Tensor:
    """Overwrite with numbers whose logarithms are normally distributed.

    >>> import leafgrad as torch
    >>> bool((torch.empty(5).log_normal_() > 0).all())
    True
    """
    m, s = _real("log_normal_", mean, "mean", 1), _real("log_normal_", std, "std", 2)
    generator = generator_of("log_normal_", generator)
    return overwritten(_LOG_NORMAL, self, lambda out: normal.log_normal(generator, out, m, s))


@_method
def cauchy_(self: Tensor, median: float = 0.0, sigma: float = 1.0, *, generator: Any = None) -> Tensor:
    """Overwrite with Cauchy-distributed numbers.

    >>> import leafgrad as torch
    >>> torch.empty(5).cauchy_().shape
    torch.Size([5])
    """
    m, s = _real("cauchy_", median, "median", 1), _real("cauchy_", sigma, "sigma", 2)
    generator = generator_of("cauchy_", generator)
    return overwritten(_CAUCHY, self, lambda out: distributions.cauchy(generator, out, m, s))


@_method
def exponential_(self: Tensor, lambd: float = 1.0, *, generator: Any = None) -> Tensor:
    """Overwrite with exponentially distributed numbers of rate `lambd`.

    >>> import leafgrad as torch
    >>> bool((torch.empty(5).exponential_() >= 0).all())
    True
    """
    rate = _real("exponential_", lambd, "lambd", 1)
    generator = generator_of("exponential_", generator)
    return overwritten(_EXPONENTIAL, self, lambda out: distributions.exponential(generator, out, rate))


@_method
def geometric_(self: Tensor, p: float, *, generator: Any = None) -> Tensor:
    """Overwrite with geometrically distributed numbers: trials of probability `p` until the first success.

    >>> import leafgrad as torch
    >>> bool((torch.empty(5).geometric_(0.5) >= 1).all())
    True
    """
    chance = _real("geometric_", p, "p", 1)
    generator = generator_of("geometric_", generator)
    return overwritten(_GEOMETRIC, self, lambda out: distributions.geometric(generator, out, chance))
