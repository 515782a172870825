"""`backward` and `grad`: the two ways into the engine."""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..base import messages
from ..tensor import engine
from ..tensor.call import edge_of
from ..tensor.tensor import Tensor, wrap
from ..values.dtype import BY_NP


def _tuple(x: Any) -> tuple:
    return (x,) if isinstance(x, Tensor) else tuple(x)


def _inputs(x: Any) -> tuple:
    inputs = _tuple(x)
    for each in inputs:
        if not isinstance(each, Tensor):
            raise RuntimeError(messages.INPUT_KIND.format(type=type(each).__name__))
    return inputs


def _first_gradients(outputs: tuple, grads: tuple) -> list[Tensor]:
    """The gradients to start from, checked; ones where a scalar has none given."""
    if len(grads) != len(outputs):
        raise RuntimeError(messages.GRAD_COUNT.format(tensors=len(outputs), grads=len(grads)))
    out = []
    for index, (y, g) in enumerate(zip(outputs, grads, strict=True)):
        data = y._data
        if isinstance(g, Tensor):
            if g._data.shape != data.shape:
                raise RuntimeError(messages.GRAD_SHAPE.format(index=index, got=g.shape, expected=y.shape))
            if (g._data.dtype.kind == "c") is not (data.dtype.kind == "c"):
                raise RuntimeError(messages.GRAD_DTYPE.format(index=index, got=g.dtype, expected=y.dtype))
            if g._data.dtype != data.dtype:
                g = g.to(y.dtype)
            out.append(g)
        elif g is None:
            if edge_of(y) is not None:
                if data.size != 1:
                    raise RuntimeError(messages.SCALAR_ONLY)
                if not BY_NP[data.dtype].is_floating_point:
                    raise RuntimeError(messages.SCALAR_REAL_ONLY.format(dtype=y.dtype))
            out.append(wrap(_one(data) if not data.ndim else np.ones(data.shape, data.dtype)))
        else:
            raise TypeError(messages.GRAD_TYPE.format(type=type(g).__name__))
    return out


_ones: dict[np.dtype, np.ndarray] = {}


def _one(data: np.ndarray) -> np.ndarray:
    """A 1 of this dtype, made once and never written to."""
    one = _ones.get(data.dtype)
    if one is None:
        one = _ones[data.dtype] = np.ones((), data.dtype)
        one.flags.writeable = False
    return one


def _roots(outputs: tuple) -> list:
    edges = [edge_of(y) for y in outputs]
    for index, edge in enumerate(edges):
        if edge is None:
            raise RuntimeError(messages.NO_GRAD_FN.format(index=index))
    return edges


def backward(
    tensors: Tensor | Sequence[Tensor],
    grad_tensors: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    grad_variables: Any = None,
    inputs: Tensor | Sequence[Tensor] | None = None,
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
    if grad_variables is not None:
        warnings.warn(messages.GRAD_VARIABLES, FutureWarning, stacklevel=2)
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
    keep = create_graph if retain_graph is None else retain_graph
    targets = None
    if wanted is not None:
        for x in wanted:
            x.retain_grad()  # on a leaf nothing; other inputs get their gradient in `.grad` too
        targets = [edge_of(x) for x in wanted]
    roots = _roots(outputs)
    if create_graph:
        warnings.warn(messages.BACKWARD_CREATE_GRAPH, UserWarning, stacklevel=2)
    engine.run(roots, grads, keep, create_graph, targets, True)


def grad(
    outputs: Tensor | Sequence[Tensor],
    inputs: Tensor | Sequence[Tensor],
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
    depend on, rather than raise.  materialize_grads: return zeros for it.  is_grads_batched is not supported yet and raises
    NotImplementedError.

    >>> import leafgrad as torch
    >>> x = torch.tensor(3., requires_grad=True)
    >>> (g,) = torch.autograd.grad(x ** 3, x, create_graph=True)
    >>> g.detach(), torch.autograd.grad(g, x)
    (tensor(27.), (tensor(18.),))
    """
    if materialize_grads and allow_unused is False:
        raise ValueError(messages.UNUSED_MATERIALIZE)
    if is_grads_batched:
        raise NotImplementedError(messages.GRADS_BATCHED)
    if not only_inputs:
        warnings.warn(messages.ONLY_INPUTS, FutureWarning, stacklevel=2)
    outs, ins = _tuple(outputs), _inputs(inputs)
    if not ins:
        raise RuntimeError(messages.GRAD_INPUTS_EMPTY)
    grads = _first_gradients(outs, (None,) * len(outs) if grad_outputs is None else _tuple(grad_outputs))
    keep = create_graph if retain_graph is None else retain_graph
    targets = []
    for x in ins:
        edge = edge_of(x)
        if edge is None:
            raise RuntimeError(messages.INPUT_NO_GRAD)
        targets.append(edge)
    found = engine.run(_roots(outs), grads, keep, create_graph, targets, False)
    for index, (g, x) in enumerate(zip(found, ins, strict=True)):
        if g is None:
            if materialize_grads:
                found[index] = wrap(np.zeros_like(x._data))
            elif not allow_unused:
                raise RuntimeError(messages.UNUSED.format(index=index))
    return tuple(found)


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
