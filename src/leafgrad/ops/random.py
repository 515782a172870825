"""Random tensors and in-place random writes: torch's numbers, from torch's generator."""

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from ..base import messages
from ..base.state import modes
from ..op.record import Op
from ..op.table import public
from ..tensor.batch import hide_all, levels_of
from ..tensor.call import record, recording
from ..tensor.elementwise import broadcast
from ..tensor.misuse import ABSENT, invalid, wrong
from ..tensor.node import edge_of
from ..tensor.subclass import dress
from ..tensor.tensor import Tensor, wrap
from ..tensor.write import bump, fill
from ..values import distributions, integers, normal, rng, sampling, strides
from ..values import dtype as dtypes
from ..values.dtype import BY_NP
from ..values.strides import check_overlap
from .arguments import integer, need_tensor, size_list
from .arithmetic import not_differentiable
from .create import allocate, finished, made, options
from .draws import drawing, drawn_after, refuse_out, room_like, sizes_of
from .factories import like, size_of
from .views import zeros_of

ndarray = np.ndarray
MANY = 1 << 32  # elements; whether there is room for so many is asked before the first is drawn


# --- new tensors ---


def room(op: str, shape: tuple[int, ...], dtype: np.dtype, out: Tensor | None) -> ndarray:
    """Memory to draw into: that of `out`, if it has this shape.  Which numbers are drawn depends on its strides."""
    if out is None or out._data.shape != shape:
        return allocate(op, shape, dtype)
    check_overlap(out._data)
    return out._data


def _random_factory(name: str, draw: Callable[[Any, ndarray], None]) -> None:
    def factory(
        *size_: Any,
        size: Any = None,
        generator: Any = None,
        out: Tensor | None = None,
        dtype: Any = None,
        layout: Any = None,
        device: Any = None,
        requires_grad: bool = False,
        pin_memory: bool = False,
    ) -> Tensor:
        shape = size_of(name, size_, size)
        np_dtype = options(name, dtype, layout, device, requires_grad, pin_memory, out)
        refuse_out(out)
        levels = drawing()
        data = room(name, (*sizes_of(levels), *shape), np_dtype, out)
        draw(generator_of(name, generator), data)
        return hide_all(finished(data, out, requires_grad), levels)

    def like_factory(
        input: Tensor,
        *,
        dtype: Any = None,
        layout: Any = None,
        device: Any = None,
        requires_grad: bool = False,
        pin_memory: bool = False,
        memory_format: Any = None,
        generator: Any = None,
    ) -> Tensor:
        data = like(name + "_like", input, dtype, layout, device, requires_grad, memory_format, pin_memory)
        levels = drawing()
        data = room_like(data, input, levels)
        draw(generator_of(name + "_like", generator), data)
        return hide_all(made(data, requires_grad, None if levels_of(input) else input), levels)

    what = (
        "uniformly distributed in [0, 1)"
        if name == "rand"
        else "normally distributed with mean 0 and variance 1"
    )
    factory.__name__ = name
    factory.__doc__ = f"""Random numbers, {what}: torch's own for the same seed.

    >>> import leafgrad as torch
    >>> _ = torch.manual_seed(0); torch.{name}(2)
    {"tensor([0.4963, 0.7682])" if name == "rand" else "tensor([ 1.5410, -0.2934])"}
    """
    like_factory.__name__ = name + "_like"
    like_factory.__doc__ = f"""`{name}` of another tensor's shape, dtype and memory layout.

    >>> import leafgrad as torch
    >>> torch.{name}_like(torch.ones(2)).shape
    torch.Size([2])
    """
    public(method=False)(factory)
    public(method=False)(like_factory)


_random_factory("rand", lambda *drawn: distributions.uniform(*drawn))
_random_factory("randn", lambda *drawn: normal.normal(*drawn))


_REST = (
    "*, Tensor out = None, torch.dtype dtype = None, torch.layout layout = None, torch.device device = None, "
    "bool pin_memory = False, bool requires_grad = False"
)
_DRAWN = _REST.replace("*, ", "*, torch.Generator generator, ")
_RANDINT = (
    f"int high, tuple of ints size, {_DRAWN}",
    f"int high, tuple of ints size, {_REST}",
    f"int low, int high, tuple of ints size, {_DRAWN}",
    f"int low, int high, tuple of ints size, {_REST}",
)


@public(method=False, signatures=_RANDINT)
def randint(
    low: int = ABSENT,
    high: Any = ABSENT,
    size: Any = ABSENT,
    *,
    generator: Any = None,
    out: Tensor | None = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """Random integers from [low, high), or from [0, high) where two arguments are given: `randint(high,
    size)`.

    dtype: int64 if not given.  RuntimeError for an empty range.

    >>> import leafgrad as torch
    >>> _ = torch.manual_seed(0); torch.randint(10, (3,))
    tensor([4, 9, 3])
    """
    if size is ABSENT and high is not ABSENT and isinstance(high, tuple | list):
        if not is_integer(low):
            raise wrong("randint", "high", 1, "int", low)
        bounds, shape = (0, low), high
    elif low is ABSENT or high is ABSENT:
        bounds, shape = (0, high if low is ABSENT else low), size
    else:
        bounds, shape = (low, high), size
    if size is ABSENT and is_integer(low) and is_integer(high):
        raise wrong("randint", "size", 2, "tuple of ints", high)
    if shape is ABSENT or not isinstance(shape, tuple | list) or not all(map(is_integer, bounds)):
        raise invalid("randint", _RANDINT)
    shape = size_list("randint", shape, "size", 3)
    if dtype is None and out is None:
        dtype = dtypes.int64
    np_dtype = options("randint", dtype, layout, device, requires_grad, pin_memory, out)
    refuse_out(out)
    levels = drawing()
    data = room("randint", (*sizes_of(levels), *shape), np_dtype, out)
    integers.randint(generator_of("randint", generator), data, int(bounds[0]), int(bounds[1]))
    return hide_all(finished(data, out, requires_grad), levels)


_LIKE = _REST.replace("Tensor out = None, ", "torch.memory_format memory_format = None, ")
_RANDINT_LIKE = (
    f"Tensor input, int high, {_LIKE}",
    f"Tensor input, Tensor high, {_LIKE}",
    f"Tensor input, int low, int high, {_LIKE}",
)


@public(method=False, signatures=_RANDINT_LIKE)
def randint_like(
    input: Tensor,
    low: int = ABSENT,
    high: Any = ABSENT,
    *,
    generator: Any = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """`randint` of another tensor's shape, dtype and memory layout.

    >>> import leafgrad as torch
    >>> torch.randint_like(torch.ones(2), 5).dtype
    torch.float32
    """
    bounds = (low, high) if high is not ABSENT and low is not ABSENT else (0, low if high is ABSENT else high)
    if not isinstance(input, Tensor) or not all(map(is_integer, bounds)):
        raise invalid("randint_like", _RANDINT_LIKE)
    data = like("randint_like", input, dtype, layout, device, requires_grad, memory_format, pin_memory)
    levels = drawing()
    data = room_like(data, input, levels)
    integers.randint(generator_of("randint_like", generator), data, int(bounds[0]), int(bounds[1]))
    return hide_all(made(data, requires_grad, None if levels_of(input) else input), levels)


def is_integer(x: Any) -> bool:
    """Whether a bound is an integer, or a tensor that holds one."""
    if isinstance(x, Tensor):
        return x._data.size == 1 and x._data.dtype.kind in "biu"
    return hasattr(x, "__index__") and not isinstance(x, bool)


def is_real(x: Any) -> bool:
    """Whether this is a real number, or a tensor that holds just one and needs no gradient."""
    if isinstance(x, Tensor):
        return not (x._data.ndim or x.requires_grad)
    return isinstance(x, bool | int | float | np.number)


def generator_of(op: str, given: Any) -> Any:
    """A generator that was passed; TypeError if it is none."""
    if given is not None and not isinstance(given, rng.Generator):
        raise wrong(op, "generator", None, "torch.Generator", given)
    return given


@public(method=False)
def randperm(
    n: int,
    *,
    generator: Any = None,
    out: Tensor | None = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """The integers from 0 to n - 1 in random order.  RuntimeError for a negative n.

    >>> import leafgrad as torch
    >>> _ = torch.manual_seed(0); torch.randperm(4)
    tensor([0, 1, 3, 2])
    """
    count = integer("randperm", n, "n", 1)
    if dtype is None and out is None:
        dtype = dtypes.int64
    np_dtype = options("randperm", dtype, layout, device, requires_grad, pin_memory, out)
    generator = generator_of("randperm", generator)
    if count > MANY:
        allocate("randperm", (count,), np_dtype)  # or an error
    refuse_out(out)
    levels = drawing()
    if not levels:
        return finished(integers.randperm(generator, count, np_dtype), out, requires_grad)
    data = np.empty((*sizes_of(levels), count), np_dtype)
    for at in np.ndindex(*sizes_of(levels[::-1])):  # one by one, the samples of the newest level last
        data[at[::-1]] = integers.randperm(generator, count, np_dtype)
    return hide_all(finished(data, None, requires_grad), levels)


# --- numbers drawn after tensors ---

_NORMAL = (
    "Tensor mean, Tensor std, *, torch.Generator generator = None, Tensor out = None",
    "Tensor mean, float std = 1, *, torch.Generator generator = None, Tensor out = None",
    "float mean, Tensor std, *, torch.Generator generator = None, Tensor out = None",
    "float mean, float std, tuple of ints size, "
    + _REST.replace("*, ", "*, torch.Generator generator = None, "),
)


@public(name="normal", method=False, signatures=_NORMAL)
def _normal(
    mean: Any,
    std: Any = ABSENT,
    size: Any = ABSENT,
    *,
    generator: Any = None,
    out: Tensor | None = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """Normally distributed numbers; mean and std are tensors that broadcast, or numbers (then `size` says
    how many).

    RuntimeError for a negative std.

    >>> import leafgrad as torch
    >>> _ = torch.manual_seed(0); torch.normal(torch.zeros(2), 1.)
    tensor([ 1.5410, -0.2934])
    """
    generator = generator_of("normal", generator)
    if size is not ABSENT and isinstance(size, tuple | list) and is_real(mean) and is_real(std):
        shape = size_list("normal", size, "size", 3)
        np_dtype = options("normal", dtype, layout, device, requires_grad, pin_memory, out)
        refuse_out(out)
        levels = drawing()
        data = room("normal", (*sizes_of(levels), *shape), np_dtype, out)
        normal.normal(
            generator, data, *[x.item() if isinstance(x, Tensor) else float(x) for x in (mean, std)]
        )
        return hide_all(finished(data, out, requires_grad), levels)
    std = 1.0 if std is ABSENT and isinstance(mean, Tensor) else std
    tensors = [x for x in (mean, std) if isinstance(x, Tensor)]
    numbers = [x for x in (mean, std) if not isinstance(x, Tensor)]
    given = dtype is not None or layout is not None or device is not None or requires_grad or pin_memory
    if not tensors or size is not ABSENT or given or not all(map(is_real, numbers)):
        raise invalid("normal", _NORMAL)
    if out is not None:
        refuse_out(out)
        return _normal_into(out, generator, mean, std, tensors)
    if modes:
        return drawn_after(lambda mean, std: _normal_around(generator, mean, std), mean, std)
    return _normal_around(generator, mean, std)


def _normal_around(generator: Any, mean: Any, std: Any) -> Tensor:
    """Normally distributed numbers with a mean and a deviation at least one of which is a tensor."""
    tensors = [x for x in (mean, std) if isinstance(x, Tensor)]
    arrays: list[Any] = [x._data if isinstance(x, Tensor) else x for x in (mean, std)]
    data = np.empty(broadcast([x._data for x in tensors]), tensors[0]._data.dtype)
    normal.normal_around(generator, data, *arrays)
    found = finished(data, None)
    edges = tuple([edge_of(x) if isinstance(x, Tensor) else None for x in (mean, std)])
    if any(edges) and recording():
        if len(tensors) == 2:
            record(_NORMALS[2], (mean, std), (), edges, found)
        else:
            which = 0 if isinstance(mean, Tensor) else 1
            record(_NORMALS[which], (tensors[0],), (), (edges[which],), found)
    return found


def _normal_into(out: Tensor, generator: Any, mean: Any, std: Any, tensors: list[Tensor]) -> Tensor:
    """Draw in out's dtype and layout.  A mean that is a tensor broadcasts with `out` where the deviation is a number."""
    if not isinstance(out, Tensor):
        raise invalid("normal", _NORMAL)
    if recording() and any(edge_of(x) is not None for x in (*tensors, out)):
        raise RuntimeError(messages.OUT_GRAD.format(op="normal"))
    arrays: list[Any] = [x._data if isinstance(x, Tensor) else x for x in (mean, std)]
    around = tensors if isinstance(std, Tensor) else [mean, out]
    data = room("normal", broadcast([x._data for x in around]), out._data.dtype, out)
    if isinstance(mean, Tensor) and mean._data.dtype.kind == "c" and data.dtype.kind != "c":
        names = {"got": BY_NP[mean._data.dtype].type_name, "want": BY_NP[data.dtype].type_name}
        raise RuntimeError(messages.CAST.format(**names))
    normal.normal_around(generator, data, *arrays)
    if data is out._data:
        bump(out)
    else:
        fill((out,), (data,))
    return out


def _zero_mean(grad: Any, mean_sym_sizes: tuple) -> Any:
    return zeros_of(grad, mean_sym_sizes)


def _zero_std(grad: Any, std_sym_sizes: tuple) -> Any:
    return zeros_of(grad, std_sym_sizes)


_RULES = {"mean": _zero_mean, "std": _zero_std}
_NORMALS = tuple(
    [
        Op(
            "normal",
            lambda *drawn: normal.normal_around(*drawn),
            names,
            node=f"NormalBackward{n}",
            vjp={x: _RULES[x] for x in names},
        )
        for n, names in enumerate((("mean",), ("std",), ("mean", "std")), 1)
    ]
)


_BERNOULLI_DRAWN = (
    "Tensor input, *, torch.Generator generator = None, Tensor out = None",
    "Tensor input, float p, *, torch.Generator generator = None",
)


@public(name="bernoulli", signatures=_BERNOULLI_DRAWN)
def _bernoulli(input: Tensor, p: Any = None, *, generator: Any = None, out: Tensor | None = None) -> Tensor:
    """Ones and zeros: a one with the probability that `input` gives for each element, or with probability
    `p` for all.

    RuntimeError for probabilities outside [0, 1].

    >>> import leafgrad as torch
    >>> torch.bernoulli(torch.tensor([0., 1.]))
    tensor([0., 1.])
    """
    need_tensor("bernoulli", input)
    generator = generator_of("bernoulli", generator)
    if p is not None and (out is not None or not isinstance(p, bool | int | float | np.number)):
        raise invalid("bernoulli", _BERNOULLI_DRAWN)
    if out is not None:
        options("bernoulli", None, None, None, False, False, out)
    refuse_out(out)

    def draw(input: Tensor) -> Tensor:
        data = strides.empty_like(input._data)
        if p is None:
            distributions.bernoulli_each(generator, data, input._data)
        else:
            distributions.bernoulli(generator, data, p)  # type: ignore[arg-type]
        return _drawn(_BERNOULLI_OP if p is None else _BERNOULLI_P, input, finished(data, out), out)

    return drawn_after(draw, input) if modes else draw(input)


def _drawn(op: Op, input: Tensor, found: Tensor, out: Tensor | None = None) -> Tensor:
    """Record what was drawn with a tensor of parameters."""
    if out is None and edge_of(input) is not None and recording() and found._data.dtype.kind in "fcV":
        record(op, (input,), (), (edge_of(input),), found)
    return dress(found, (input,)) if modes and out is None else found


def _zero_rule(grad: Any) -> Any:
    return zeros_of(grad, grad.shape)


_BERNOULLI_OP = Op(
    "bernoulli", lambda self: self, ("self",), vjp={"self": _zero_rule}, node="BernoulliBackward0"
)
_BERNOULLI_P = Op(
    "bernoulli",
    lambda self: self,
    ("self",),
    vjp={"self": not_differentiable("aten::bernoulli")},
    node="NotImplemented",
)
_POISSON = Op("poisson", lambda self: self, ("self",), vjp={"self": _zero_rule}, node="PoissonBackward0")


@public()
def multinomial(
    input: Tensor,
    num_samples: int,
    replacement: bool = False,
    *,
    generator: Any = None,
    out: Tensor | None = None,
) -> Tensor:
    """Indices drawn with probabilities proportional to each row of `input`, which is (n) or (m, n).

    >>> import leafgrad as torch
    >>> torch.multinomial(torch.tensor([0., 1.]), 1)
    tensor([1])
    """
    need_tensor("multinomial", input)
    count = integer("multinomial", num_samples, "num_samples", 2)
    if type(replacement) is not bool:
        raise wrong("multinomial", "replacement", 3, "bool", replacement)
    if out is not None:
        have = options("multinomial", None, None, None, False, False, out)
        if have != np.int64 and input._data.dtype.kind in "fV":  # else the input is refused
            raise RuntimeError(messages.MULTINOMIAL_OUT.format(type=BY_NP[have].type_name))
    refuse_out(out)
    generator = generator_of("multinomial", generator)

    ndim = input._data.ndim

    def draw(weights: Tensor) -> Tensor:
        rows = weights._data
        if rows.ndim == ndim or not 0 < ndim < 3:  # not in vmap, or an error
            return finished(sampling.multinomial(generator, input._data, count, replacement), out)
        lead = rows.shape[:-1]
        found = sampling.multinomial(generator, rows.reshape(prod(lead), rows.shape[-1]), count, replacement)
        return finished(found.reshape(*lead, count), out)

    return drawn_after(draw, input) if modes else draw(input)


@public(method=False)
def poisson(input: Tensor, generator: Any = None) -> Tensor:
    """Poisson-distributed numbers with the rates that `input` gives.

    >>> import leafgrad as torch
    >>> torch.poisson(torch.zeros(2))
    tensor([0., 0.])
    """
    need_tensor("poisson", input)
    generator = generator_of("poisson", generator)

    def draw(rates: Tensor) -> Tensor:
        return _drawn(_POISSON, rates, wrap(sampling.poisson(generator, rates._data)))

    return drawn_after(draw, input) if modes else draw(input)
