"""`backward` and `grad`: the two ways into the engine."""

from collections.abc import Sequence
from math import prod
from operator import index as as_index
from typing import Any, TypeAlias

import numpy as np

from ..base import messages
from ..base.state import modes, state
from ..base.where import warn
from ..op.record import Op
from ..op.table import OTHERS
from ..tensor import engine
from ..tensor.batch import Level, hide, show
from ..tensor.call import apply
from ..tensor.intercept import opened
from ..tensor.node import Edge, edge_of
from ..tensor.stacked import walk_from
from ..tensor.tensor import Tensor, wrap
from ..values import size
from ..values.dtype import BY_NP
from .edges import GradientEdge

Point: TypeAlias = Tensor | GradientEdge  # where gradients start and end: tensors, or places in the graph


def _tuple(x: Any) -> tuple:
    return (x,) if isinstance(x, Tensor | GradientEdge) else tuple(x)


def _inputs(x: Any) -> tuple:
    inputs = _tuple(x)
    for each in inputs:
        if not isinstance(each, Tensor | GradientEdge):
            raise RuntimeError(messages.INPUT_KIND.format(type=type(each).__name__))
    return inputs


def _edge(x: Any) -> Any:
    """The edge of a tensor, or the one that the user holds."""
    if isinstance(x, Tensor):
        return edge_of(x)
    return Edge(x.node, x.output_nr) if x.node.multi else x.node


def _keeps(retain_graph: Any, create_graph: Any) -> bool:
    keep = create_graph if retain_graph is None else retain_graph
    if keep.__class__ is not bool:
        try:
            keep = bool(as_index(keep))
        except TypeError:
            raise TypeError(messages.FLAG_TYPE.format(type=type(keep).__name__)) from None
    return keep


def _first_gradients(outputs: tuple, grads: tuple) -> list[Tensor]:
    """The gradients to start from, checked; ones where a scalar has none given."""
    out = []
    for index, (y, g) in enumerate(zip(outputs, grads, strict=False)):
        if isinstance(y, Tensor):
            shape, dtype = y._data.shape, y._data.dtype
        else:
            assert isinstance(y, GradientEdge), messages.OUTPUT_KIND
            meta = y.node._input_metadata[y.output_nr]
            shape, dtype = tuple(meta.shape), meta.dtype.np
        if isinstance(g, Tensor):
            if g._data.shape != shape:
                raise RuntimeError(
                    messages.GRAD_SHAPE.format(index=index, got=g.shape, expected=size.of(shape))
                )
            if (g._data.dtype.kind == "c") is not (dtype.kind == "c"):
                raise RuntimeError(
                    messages.GRAD_DTYPE.format(index=index, got=g.dtype, expected=BY_NP[dtype])
                )
            if g._data.dtype != dtype:
                g = g.to(BY_NP[dtype])
            out.append(g)
        elif g is None:
            if not isinstance(y, Tensor) or edge_of(y) is not None:
                if shape and prod(shape) != 1:
                    raise RuntimeError(messages.SCALAR_ONLY)
                if not BY_NP[dtype].is_floating_point:
                    raise RuntimeError(messages.SCALAR_REAL_ONLY.format(dtype=BY_NP[dtype]))
            if type(y) is not Tensor and modes and state.interceptors and isinstance(y, Tensor):
                out.append(apply(_ones_like, (y,)))  # its class makes them
            else:
                out.append(wrap(np.ones(shape, dtype) if shape else _one(dtype)))
        else:
            raise TypeError(messages.GRAD_TYPE.format(type=type(g).__name__))
    if len(grads) < len(outputs):  # torch ignores what is too many
        raise RuntimeError(messages.GRAD_COUNT.format(tensors=len(outputs), grads=len(grads)))
    return out


_ones_like = Op("ones_like", np.ones_like, ("self",))  # for tensors whose class says what ops do
_ones: dict[np.dtype, np.ndarray] = {}


def _one(dtype: np.dtype) -> np.ndarray:
    """A 1 of this dtype, made once and never written to."""
    one = _ones.get(dtype)
    if one is None:
        one = _ones[dtype] = np.ones((), dtype)
        one.flags.writeable = False
    return one


def _roots(outputs: tuple) -> list:
    edges = [_edge(y) for y in outputs]
    for index, edge in enumerate(edges):
        if edge is None:
            raise RuntimeError(messages.NO_GRAD_FN.format(index=index))
    return edges


def backward(
    tensors: Point | Sequence[Point],
    grad_tensors: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    grad_variables: Any = None,
    inputs: Point | Sequence[Point] | None = None,
) -> None:
    """Add the gradients of `tensors` to the `.grad` of the leaves they were computed from.

    grad_tensors: the gradient of something with respect to each tensor, of its shape; may be left out for scalars.
    retain_graph: keep what the graph saved (default: `create_graph`), so that it can be walked again.  create_graph: record the
    walk itself, for higher derivatives.  inputs: add to these leaves only.

    Raises RuntimeError for a tensor without a graph, a non-scalar without a gradient, a gradient of the wrong shape, a graph
    that was freed, and a saved value that was overwritten.

    >>> import leafgrad as torch
    >>> x = torch.tensor([1., 2.], requires_grad=True)
    >>> torch.autograd.backward((x * x).sum()); x.grad
    tensor([2., 4.])
    """
    if state.transforms:
        raise RuntimeError(messages.TRANSFORM_BACKWARD)
    if grad_variables is not None:
        warn(messages.GRAD_VARIABLES, FutureWarning)
        if grad_tensors is not None:
            raise RuntimeError(messages.GRAD_VARIABLES_BOTH)
        grad_tensors = grad_variables
    wanted = None if inputs is None else _inputs(inputs)
    if wanted is not None and not wanted:
        raise RuntimeError(messages.INPUTS_EMPTY)
    outputs = _tuple(tensors)
    grads = _first_gradients(
        outputs, (None,) * len(outputs) if grad_tensors is None else _tuple(grad_tensors)
    )
    keep = _keeps(retain_graph, create_graph)
    targets = None
    roots = _roots(outputs)
    if wanted is not None:
        for x in wanted:
            if isinstance(x, Tensor):
                x.retain_grad()  # on a leaf nothing; other inputs get their gradient in `.grad` too
        targets = [_edge(x) for x in wanted]
    if create_graph:
        warn(messages.BACKWARD_CREATE_GRAPH)
    walk = engine.Walk(keep, create_graph, create_graph or engine.watched())
    engine.run(roots, grads, walk, targets, True)


def grad(
    outputs: Point | Sequence[Point],
    inputs: Point | Sequence[Point],
    grad_outputs: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> tuple[Tensor | None, ...]:
    """The gradients of `outputs` with respect to `inputs`, returned; no `.grad` changes.

    grad_outputs, retain_graph, create_graph: as for `backward`.  allow_unused: return None for an input that `outputs` do not
    depend on, rather than raise.  materialize_grads: return zeros for it.  is_grads_batched: the first axis of
    each of grad_outputs counts gradients, which are taken at once, and it becomes the first axis of each result.

    >>> import leafgrad as torch
    >>> x = torch.tensor(3., requires_grad=True)
    >>> (g,) = torch.autograd.grad(x ** 3, x, create_graph=True)
    >>> g.detach(), torch.autograd.grad(g, x)
    (tensor(27.), (tensor(18.),))
    """
    if materialize_grads and allow_unused is False:
        raise ValueError(messages.UNUSED_MATERIALIZE)
    if not only_inputs:
        warn(messages.ONLY_INPUTS, FutureWarning)
    outs, ins = _tuple(outputs), _inputs(inputs)
    if not ins:
        raise RuntimeError(messages.GRAD_INPUTS_EMPTY)
    if is_grads_batched:
        level, hidden = _batch(outs, (None,) * len(outs) if grad_outputs is None else _tuple(grad_outputs))
        flags = retain_graph, create_graph, True, allow_unused or materialize_grads
        with opened(level):
            each = [None if g is None else show(g, level) for g in grad(outs, ins, hidden, *flags)]
        return _materialized(each, ins) if materialize_grads else tuple(each)
    grads = _first_gradients(outs, (None,) * len(outs) if grad_outputs is None else _tuple(grad_outputs))
    keep = _keeps(retain_graph, create_graph)
    targets, roots = [], _roots(outs)
    for x in ins:
        edge = _edge(x)
        if edge is None:
            raise RuntimeError(messages.INPUT_NO_GRAD)
        targets.append(edge)
    found = engine.run(roots, grads, walk_from(grads, keep, create_graph), targets, False)
    if not (materialize_grads or allow_unused):
        for index, g in enumerate(found):
            if g is None:
                raise RuntimeError(messages.UNUSED.format(index=index))
    return _materialized(found, ins) if materialize_grads else tuple(found)


def _materialized(found: list, inputs: tuple) -> tuple:
    """The gradients with zeros in place of None."""
    for index, (g, x) in enumerate(zip(found, inputs, strict=True)):
        if g is None:
            if not isinstance(x, Tensor):
                raise RuntimeError(messages.MATERIALIZE_EDGE)
            found[index] = wrap(np.zeros_like(x._data))
    return tuple(found)


def _batch(outputs: tuple, grads: tuple) -> tuple[Level, list]:
    """The first axes of these gradients, checked, as a level, and the gradients with that axis hidden."""
    if any(
        g is None and isinstance(y, Tensor) and y._data.ndim for y, g in zip(outputs, grads, strict=False)
    ):
        raise RuntimeError(messages.SCALAR_ONLY)
    for index, (y, g) in enumerate(zip(outputs, grads, strict=False)):
        if g is None or not g._data.ndim:
            raise ValueError(messages.GRADS_BATCHED_SCALAR)
        got = g._data.shape[1:]
        want = y._data.shape if isinstance(y, Tensor) else y.node.output_meta(y.output_nr)[0]
        if got != want:
            words = {"index": index, "got": size.of(got), "want": size.of(want)}
            raise RuntimeError(messages.GRADS_BATCHED_SHAPE.format(**words))
    sizes = [g._data.shape[0] for g in grads]
    if len(set(sizes)) > 1:
        raise ValueError(messages.VMAP_SIZES.format(sizes=sizes))
    level = Level(sizes[0])
    return level, [hide(g, level) for g in grads]


def _backward_method(
    self: Tensor,
    gradient: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Any = None,
) -> None:
    """Add the gradients of this tensor to the `.grad` of the leaves it was computed from; see `autograd.backward`.

    >>> import leafgrad as torch
    >>> x = torch.tensor(3., requires_grad=True)
    >>> (x * x).backward(); x.grad
    tensor(6.)
    """
    backward(self, gradient, retain_graph, create_graph, inputs=inputs)


_backward_method.__name__, _backward_method.__qualname__ = "backward", "Tensor.backward"
Tensor.backward = _backward_method  # type: ignore[attr-defined]

__all__ = ["backward", "grad"]


OTHERS.update({"autograd.grad": grad, "autograd.backward": backward})
