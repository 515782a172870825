"""x[index] and x[index] = value: a chain of views, then `index` or `index_put_` where the index is advanced.

What an index means is read by values/index.py; here each step becomes the op that torch makes of it.
"""

from typing import Any

import numpy as np

from ..base import messages
from ..base.state import modes
from ..op.record import Op
from ..op.table import public
from ..tensor.call import apply, recording, view_node, view_of
from ..tensor.misuse import entry, is_method, wrong
from ..tensor.node import edge_of
from ..tensor.tensor import Tensor, wrap
from ..tensor.write import bump, inplace, unrecorded
from ..values import advanced as kernels
from ..values import index as plans
from ..values import strides
from ..values.arguments import INT64_MAX, number
from ..values.buffers import zeros
from ..values.dtype import BY_NP
from ..values.sequences import c_name as short_type
from ..values.strides import check_overlap
from . import views
from .arguments import need_tensor
from .copies import copy_, fill_
from .parts import sliced
from .samples import is_sample, numbers, refuse_samples
from .shapes import expanded_shape
from .views import zeros_of

ndarray = np.ndarray
SELECT = views.select.op
SLICE = views.slice_of.op
ALIAS = views.alias.op
UNSQUEEZE = views.unsqueeze.op
LARGEST = 60000.0  # numbers below it fit every floating dtype

# --- the rows: `indices` is a tuple of tensors (or arrays, in a rule) and Nones ---


def _arrays(indices: tuple) -> tuple:
    return tuple([x._data if isinstance(x, Tensor) else x for x in indices])


def _index_put(
    self: ndarray, indices: tuple, values: ndarray, accumulate: bool, out: ndarray | None = None
) -> ndarray:
    if out is None:
        out = strides.preserved(self)
    kernels.put(out, indices, values, accumulate)
    return out


def _index_backward(grad: ndarray, indices: tuple, sizes: tuple) -> ndarray:
    out = zeros(sizes, grad.dtype)
    kernels.put(out, indices, grad, True)
    return out


# Note [Samples of an index]
# Where the samples share the index, the batch axis is one more dimension before it.  Otherwise the number of the sample
# is one more index before it.  Where that changes which indices stand side by side, NumPy puts their dimensions elsewhere than in the
# result of a sample: `order` puts them back.


def _whole(indices: tuple, marks: tuple, samples: int, ndim: int) -> tuple[tuple, tuple | None, int]:
    """(the index of the whole batch, order of the dimensions of what it finds or None, how many they are).

    marks: which of the indices have the batch axis.  ndim: of a sample of what is indexed.
    """
    parts: list[Any] = []
    for x, mark in zip(indices, marks, strict=True):
        if x is None or x._data.dtype.char not in "?B":
            parts.append((x, mark))
            continue
        if mark:
            raise RuntimeError(messages.VMAP_MASK)
        refuse_samples(messages.VMAP_MASK, x)
        parts += [(wrap(each), False) for each in x._data.nonzero()]
    places = [i for i, (x, _) in enumerate(parts) if x is not None]
    width = max([x._data.ndim - mark for x, mark in parts if x is not None])
    beside = places[-1] - places[0] + 1 == len(places)
    first = places[0] if beside else 0  # where a sample of the result has the dimensions of the indices
    count = ndim - len(places) + width + 1
    if not any(marks):
        order = None if beside else (width, *range(width), *range(width + 1, count))
        return (None, *[x for x, _ in parts]), order, count
    wide = [
        views.reshape(x, (samples, *(1,) * (width + 1 - x._data.ndim), *x._data.shape[1:])) if mark else x
        for x, mark in parts
    ]
    start, end = width + 1, width + 1 + first
    order = (0, *range(start, end), *range(1, start), *range(end, count)) if first else None
    return (numbers(samples, width), *wide), order, count


def _index_samples(self: Any, indices: tuple, batched: tuple, samples: int) -> Any:
    if not batched[0]:
        self = views.expand(self, (samples, *self._data.shape))
    whole, order, _ = _whole(indices, batched[1], samples, self._data.ndim - 1)
    found = index(self, whole)
    return views.permute(found, order) if order else found


def _given(values: Any, batched: bool, order: tuple | None, count: int) -> Any:
    """Values to put, of samples, as the index of the whole batch takes them."""
    shape = values._data.shape
    if batched:
        values = views.reshape(values, (shape[0], *(1,) * (count - len(shape)), *shape[1:]))
    elif order:
        values = views.reshape(values, (*(1,) * (count - len(shape)), *shape))
    return views.permute(values, views.inverse(order)) if order else values


def _index_backward_samples(grad: Any, indices: tuple, sizes: tuple, batched: tuple, samples: int) -> Any:
    whole, order, count = _whole(indices, batched[1], samples, len(sizes))
    if not batched[0]:
        grad = views.expand(grad, (samples, *grad._data.shape))
    return index_backward(_given(grad, True, order, count), whole, (samples, *sizes))


def _index_put_samples(
    self: Any, indices: tuple, values: Any, accumulate: bool, batched: tuple, samples: int
) -> Any:
    if not batched[0]:
        self = views.expand(self, (samples, *self._data.shape))
    whole, order, count = _whole(indices, batched[1], samples, self._data.ndim - 1)
    return index_put(self, whole, _given(values, batched[2], order, count), accumulate)


_INDEX = Op(
    "index", lambda self, indices: kernels.take(self, indices), ("self", "indices"), linear=True,
    vjp={"self": lambda grad, indices, self_sym_sizes: index_backward(grad, indices, self_sym_sizes)},
    batch=_index_samples,
)  # fmt: skip
_INDEX_BACKWARD = Op(
    "index_backward", _index_backward, ("grad", "indices"), ("sizes",), linear=True,
    vjp={"grad": lambda grad, indices: index(grad, indices)}, batch=_index_backward_samples,
)  # fmt: skip
_INDEX_PUT = Op(
    "index_put", _index_put, ("self", "indices", "values"), ("accumulate",), writes=True, linear=True,
    vjp={
        "self": lambda grad, indices, accumulate: grad if accumulate else index_put(grad, indices, zeros_of(grad, ()), False),
        "values": lambda grad, indices: index(grad, indices),
    },
    batch=_index_put_samples,
)  # fmt: skip


def index(x: Any, indices: tuple) -> Any:
    """x at integer arrays and masks, a copy."""
    if isinstance(x, Tensor):
        return apply(_INDEX, (x, indices), (), (x._data, _arrays(indices)))
    return kernels.take(x, _arrays(indices))


def index_backward(grad: Any, indices: tuple, sizes: tuple) -> Any:
    """Zeros of these sizes with `grad` added at the index."""
    if isinstance(grad, Tensor):
        return apply(_INDEX_BACKWARD, (grad, indices), (sizes,), (grad._data, _arrays(indices)))
    return _index_backward(grad, _arrays(indices), sizes)


def index_put(x: Any, indices: tuple, values: Any, accumulate: bool) -> Any:
    """x with `values` written at, or added at, the index."""
    if isinstance(x, Tensor):
        return apply(
            _INDEX_PUT, (x, indices, values), (accumulate,), (x._data, _arrays(indices), values._data)
        )
    return _index_put(x, _arrays(indices), values, accumulate)


_INDEX.public, _INDEX_BACKWARD.public, _INDEX_PUT.public = index, index_backward, index_put


def _refuse_bounds(index_: Any) -> None:
    """RuntimeError for a slice, or a list, whose numbers are another for each sample."""
    for part in index_ if type(index_) in (tuple, list) else (index_,):
        if type(part) is slice:
            refuse_samples(messages.VMAP_ITEM, part.start, part.stop, part.step)
        elif type(part) is list:
            refuse_samples(messages.VMAP_ITEM, *part)


def _tensors(advanced: list) -> tuple:
    """An advanced index with every array as a tensor."""
    return tuple([x if x is None or isinstance(x, Tensor) else wrap(x) for x in advanced])


def _data(x: Tensor) -> ndarray:
    """The array of a tensor in an index.  One integer for each sample is no position, but an index like others."""
    data = x._data
    if modes and not data.ndim and is_sample(x):
        if data.dtype.kind == "b":
            raise RuntimeError(messages.VMAP_MASK)
        return data.reshape(1)
    return data


# --- x[index] ---

_VIEWS = {
    "select": views.select,
    "slice": sliced,
    "unsqueeze": views.unsqueeze,
    "alias": views.alias,
}


def getitem(self: Tensor, index_: Any) -> Tensor:
    """A view for integers, slices, None and `...`; a copy for lists, tensors of integers and masks.

    >>> import leafgrad as torch
    >>> x = torch.arange(6).view(2, 3)
    >>> x[1, 1:], x[:, [0, 2]], x[x > 3]
    (tensor([4, 5]), tensor([[0, 2],
            [3, 5]]), tensor([4, 5]))
    """
    x = self._data
    kind = type(index_)
    if kind is int:
        if x.ndim and -x.shape[0] <= index_ < x.shape[0]:
            return view_of(self, x[index_, ...], SELECT, (0, index_))
    elif kind is slice or kind is tuple:
        data = _simple(x, index_)
        if data is not None and not modes:
            return _seen(self, data, index_ if kind is tuple else (index_,))
    elif index_ is None:
        return view_of(self, strides.unsqueeze(x, 0), UNSQUEEZE, (0,))
    if modes:
        _refuse_bounds(index_)
    steps, advanced = plans.plan(x.shape, index_, Tensor, _data)
    for step in steps:
        self = _VIEWS[step[0]](self, *step[1:])
    return self if advanced is None else index(self, _tensors(advanced))


def _simple(x: ndarray, index_: Any) -> ndarray | None:
    """x at integers, slices of step 1 and `...`, if that is all and something is there: NumPy then shows the same as torch."""
    if type(index_) is slice:
        return x[index_] if index_.step is None and x.ndim and _are_ints(index_) and x[index_].size else None
    open_end = True
    for part in index_:
        kind = type(part)
        if kind is slice:
            if part.step is not None or not _are_ints(part):
                return None
        elif part is ...:
            if not open_end:
                return None
            open_end = False
        elif kind is not int:
            return None
    try:
        data = x[(*index_, ...)] if open_end else x[index_]
    except IndexError:
        return None
    return data if data.size else None


def _are_ints(part: slice) -> bool:
    start, stop = part.start, part.stop
    return (start is None or type(start) is int) and (stop is None or type(stop) is int)


def _seen(x: Tensor, data: ndarray, index_: tuple) -> Tensor:
    """The tensor around `data`, which an index shows of x: one view, with the nodes of the chain of views it stands for."""
    shape = x._data.shape
    steps: list[tuple] = []  # (op, params, sizes before, sizes after)
    dim = 0
    for part in index_:
        if type(part) is int:
            after = (*shape[:dim], *shape[dim + 1 :])
            steps.append((SELECT, (dim, part), shape, after))
            shape = after
        elif part is ...:
            dim += len(shape) - dim - (len(index_) - 1 - index_.index(...))
        else:
            start, stop, n = part.start or 0, part.stop, shape[dim]
            if start or (stop is not None and stop < n) or len(index_) == 1:
                first, last, _ = part.indices(n)
                after = (*shape[:dim], last - first, *shape[dim + 1 :])
                steps.append((SLICE, (dim, start, INT64_MAX if stop is None else stop, 1), shape, after))
                shape = after
            dim += 1
    if not steps:
        return view_of(x, data, ALIAS, ())
    *first, (op, params, before, _) = steps
    if not first:
        return view_of(x, data, op, params)
    edge = edge_of(x) if recording() else None
    if edge is None or data.dtype.kind not in "fcV":
        return view_of(x, data, op, params) if x._notes is None or not x._notes.steps else _chain(x, steps)
    for o, p, b, a in first:
        edge = view_node(o, edge, b, a, data.dtype, p)
    return view_of(x, data, op, params, (edge, before))


def _chain(x: Tensor, steps: list) -> Tensor:
    for op, params, _, _ in steps:
        x = op.public(x, *params)
    return x


# --- x[index] = value ---


def setitem(self: Tensor, index_: Any, value: Any) -> None:
    """Write a number, or a tensor that broadcasts, where the index says.

    IndexError if there is no such place, RuntimeError if the shapes do not fit, TypeError for what is no tensor and no number.

    >>> import leafgrad as torch
    >>> x = torch.zeros(2, 2)
    >>> x[0] = 1; x[1, [0]] = torch.tensor([5.0]); x
    tensor([[1., 1.],
            [5., 0.]])
    """
    if index_ is False:
        return
    part = _place(self._data, index_)
    if part is not None and unrecorded(self, value) and _written(part, value):
        bump(self)
        return
    if modes:
        _refuse_bounds(index_)
    steps, advanced = plans.plan(self._data.shape, index_, Tensor, _data, True)
    value = _value(self, value)
    for step in steps:
        self = _VIEWS[step[0]](self, *step[1:])
    if advanced is None:
        _write(self, value)
    else:
        shape = value._data.shape
        if shape and shape[0] == 1:
            value = views.view(value, _without_ones(shape))
        _put(self, _tensors(advanced), value, False)


def _place(x: ndarray, index_: Any) -> ndarray | None:
    """What an index of integers and slices shows; None for any other, and for what is wrong."""
    kind = type(index_)
    if kind is int:
        return x[index_, ...] if x.ndim and -x.shape[0] <= index_ < x.shape[0] else None
    return _simple(x, index_) if kind is slice or kind is tuple else x if index_ is ... else None


def _written(part: ndarray, value: Any) -> bool:
    """Write, if it is plain that the value fits."""
    kind = type(value)
    if kind is float or kind is int:
        if part.dtype.kind != "f" or not -LARGEST < value < LARGEST or 0 in part.strides:
            return False
        part[...] = value
        return True
    elif kind is Tensor and value._data.dtype is part.dtype:
        value = value._data
        if value.ndim and (value.shape != part.shape or np.may_share_memory(value, part)):
            return False
    else:
        return False
    if 0 in part.strides:
        check_overlap(part)
    part[...] = value
    return True


def _value(x: Tensor, value: Any) -> Tensor:
    """The value to assign: a tensor, or a number as a 0-dim tensor of x's dtype."""
    if isinstance(value, Tensor):
        return value
    dtype = x._data.dtype
    if isinstance(value, bool | int | float | complex | np.integer | np.bool):
        if type(value) is int and not -(2**63) <= value < 2**63:
            raise ValueError(messages.NEW_OVERFLOW)
        return wrap(np.asarray(number(value, dtype)))
    raise TypeError(messages.ASSIGN_TYPE.format(value=short_type(value), type=BY_NP[dtype].tensor_type))


def _without_ones(shape: tuple) -> tuple:
    """The shape without its leading ones."""
    start = 0
    while start < len(shape) and shape[start] == 1:
        start += 1
    return shape[start:]


def _write(target: Tensor, value: Tensor) -> None:
    shape, given = target._data.shape, value._data.shape
    if not given and shape:
        fill_(target, value)
        return
    if given != shape:
        value = views.view(value, _without_ones(given))
        if value._data.shape != shape:
            value = views.expand(value, expanded_shape(value, shape))
    copy_(target, value)


# --- index_put ---


def _indices(op: str, indices: Any) -> tuple:
    if not isinstance(indices, tuple | list):
        raise wrong(op, "indices", 2, "tuple of Tensors", indices)
    for i, x in enumerate(indices):
        if not isinstance(x, Tensor):
            raise TypeError(messages.ELEMENT.format(i=i, position=1 - is_method(entry()), type=short_type(x)))
    return tuple(indices)


def _put(x: Tensor, indices: tuple, values: Tensor, accumulate: bool) -> Tensor:
    arrays = (x._data, _arrays(indices), values._data)
    return inplace(_INDEX_PUT, (x, indices, values), (accumulate,), arrays, stretched=True)


def _checked(op: str, input: Any, indices: Any, values: Any, accumulate: Any) -> tuple:
    need_tensor(op, input)
    indices = _indices(op, indices)
    need_tensor(op, values, "values", 3)
    if type(accumulate) is not bool:
        raise wrong(op, "accumulate", 4, "bool", accumulate)
    return indices


@public(name="index_put")
def index_put_front(input: Tensor, indices: Any, values: Tensor, accumulate: bool = False) -> Tensor:
    """A copy with `values` written at the positions that a tuple of index tensors names; accumulate: added there.

    >>> import leafgrad as torch
    >>> torch.zeros(3).index_put((torch.tensor([0, 0, 2]),), torch.ones(3), accumulate=True)
    tensor([2., 0., 1.])
    """
    return index_put(input, _checked("index_put", input, indices, values, accumulate), values, accumulate)


@public(name="index_put_")
def index_put_(input: Tensor, indices: Any, values: Tensor, accumulate: bool = False) -> Tensor:
    """`index_put` in place.

    >>> import leafgrad as torch
    >>> torch.zeros(3).index_put_((torch.tensor([1]),), torch.tensor(5.0))
    tensor([0., 5., 0.])
    """
    return _put(input, _checked("index_put_", input, indices, values, accumulate), values, accumulate)


Tensor.__getitem__ = getitem  # type: ignore[misc]
Tensor.__setitem__ = setitem  # type: ignore[index]
