"""The transforms of reverse mode: grad, grad_and_value, vjp, jacrev."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ..base import messages
from ..base.state import state
from ..op.record import REGISTRY
from ..ops.join import cat_front as cat
from ..ops.views import reshape, slice_of, unsqueeze
from ..tensor.batch import bottom, embed
from ..tensor.tensor import Tensor, wrap
from ..tensor.write import inplace
from ..utils._pytree import tree_flatten, tree_unflatten, treespec_pprint
from ..values import size
from .arguments import check_real, flat_outputs, flat_tensors, map_aux, positions, replaced, with_aux, wraps
from .pull import beyond, closed, gradients, recorded
from .vmap import vmap

VJP = "vjp(f, *primals)"


def _ones(y: Tensor) -> Tensor:
    inner, levels = bottom(y)
    return embed(wrap(np.ones_like(inner._data)), levels)


# --- grad ---


def grad_and_value(func: Callable, argnums: int | tuple[int, ...] = 0, has_aux: bool = False) -> Callable:
    """A function that returns (gradient, value) of `func`, which must return a scalar.

    argnums, has_aux: as for `grad`; with `has_aux` the second is (value, aux).

    >>> import leafgrad as torch
    >>> torch.func.grad_and_value(torch.sin)(torch.tensor(0.0))
    (tensor(1.), tensor(0.))
    """

    def differentiated(*args: Any, **kwargs: Any) -> Any:
        at = positions(argnums, len(args))
        leaves, spec = flat_tensors(tuple([args[i] for i in at]))
        with recorded(leaves, (args, kwargs)) as mode:
            named = mode.named
            y = func(*replaced(args, at, tree_unflatten(named, spec)), **kwargs)
            aux = None
            if has_aux:
                y, aux = with_aux("grad_and_value(f)(*args)", y)
            if not isinstance(y, Tensor):
                raise RuntimeError(messages.GRAD_RESULT.format(type=type(y)))
            if y._data.ndim:
                raise RuntimeError(messages.GRAD_SCALAR.format(ndim=y._data.ndim))
            if y._data.dtype.kind == "c":
                raise RuntimeError(messages.SCALAR_REAL_ONLY.format(dtype=y.dtype))
        keep = mode.outside and beyond(y, named)
        value = closed(y, named)
        found = tree_unflatten(gradients([y], named, [_ones(y)], keep, keep), spec)
        result = found if isinstance(argnums, tuple) else found[0]
        if has_aux:
            return result, (value, map_aux(lambda t: closed(t, named), aux))
        return result, value

    return wraps(differentiated, func)


def grad(func: Callable, argnums: int | tuple[int, ...] = 0, has_aux: bool = False) -> Callable:
    """A function that computes the gradient of `func`, which must return a scalar.

    argnums: with respect to which positional arguments; a tuple gives a tuple.  An argument may be a pytree of tensors, and
    the gradient has its structure.  has_aux: `func` returns (value, aux), and the result is (gradient, aux).

    Raises RuntimeError for results that are no scalar tensor, for integers, for argnums that do not exist.

    >>> import leafgrad as torch
    >>> torch.func.grad(torch.func.grad(torch.sin))(torch.tensor(1.0))
    tensor(-0.8415)
    """
    both = grad_and_value(func, argnums, has_aux)

    def differentiated(*args: Any, **kwargs: Any) -> Any:
        found, value = both(*args, **kwargs)
        return (found, value[1]) if has_aux else found

    return wraps(differentiated, func)


# --- vjp ---


def vjp(func: Callable, *primals: Any, has_aux: bool = False) -> Any:
    """(output, vjp_fn) of `func` at the primals: vjp_fn takes a cotangent like the output and returns a tuple of gradients.

    The inputs and outputs may be pytrees of tensors.  has_aux: `func` returns (output, aux), and the result is
    (output, vjp_fn, aux).

    Raises RuntimeError if `func` returns what is no tensor, and from vjp_fn for a cotangent of another structure or shape.

    >>> import leafgrad as torch
    >>> y, vjp_fn = torch.func.vjp(torch.sin, torch.tensor([0.0, 1.0]))
    >>> vjp_fn(torch.ones(2))
    (tensor([1.0000, 0.5403]),)
    """
    leaves, spec = flat_tensors(primals)
    with recorded(leaves) as mode:
        named = mode.named
        y = func(*tree_unflatten(named, spec))
        aux = None
        if has_aux:
            y, aux = with_aux(VJP, y)
        outputs, out_spec = flat_outputs(VJP, y)
        for o in outputs:
            if o._data.dtype.kind not in "fcV":
                raise RuntimeError(messages.VJP_DTYPE.format(dtype=o.dtype))
    kept = mode.outside and any(beyond(y, named) for y in outputs)

    def vjp_fn(cotangents: Any, retain_graph: bool = True, create_graph: bool | None = None) -> Any:
        given, given_spec = tree_flatten(cotangents)
        if given_spec != out_spec:
            words = {"got": treespec_pprint(given_spec), "want": treespec_pprint(out_spec)}
            raise RuntimeError(messages.VJP_STRUCTURE.format(**words))
        given = [_cotangent(g, o) for g, o in zip(given, outputs, strict=True)]
        for i, (g, o) in enumerate(zip(given, outputs, strict=True)):
            if g._data.shape != o._data.shape:
                got, want = size.of(g._data.shape), size.of(o._data.shape)
                raise RuntimeError(messages.VJP_SHAPE.format(i=i, got=got, want=want))
            if g._data.dtype != o._data.dtype and "c" in (g._data.dtype.kind, o._data.dtype.kind):
                raise RuntimeError(messages.GRAD_DTYPE.format(index=i, got=g.dtype, expected=o.dtype))
        create = state.grad_enabled if create_graph is None else create_graph
        create = create and (kept or any(beyond(g, ()) for g in given))
        found = gradients(outputs, named, given, retain_graph or create, create)
        return tree_unflatten(found, spec)

    shown = tree_unflatten([closed(o, named) for o in outputs], out_spec)
    if has_aux:
        return shown, vjp_fn, map_aux(lambda t: closed(t, named), aux)
    return shown, vjp_fn


def _cotangent(g: Any, y: Tensor) -> Tensor:
    """What is given for an output, which may be None for a scalar one."""
    if isinstance(g, Tensor):
        return g
    if g is not None:
        raise TypeError(messages.GRAD_TYPE.format(type=type(g).__name__))
    if y._data.size != 1:
        raise RuntimeError(messages.SCALAR_ONLY)
    return _ones(y)


# --- jacrev ---


def jacrev(
    func: Callable,
    argnums: int | tuple[int, ...] = 0,
    *,
    has_aux: bool = False,
    chunk_size: int | None = None,
    _preallocate_and_copy: bool = False,
) -> Callable:
    """A function that computes the Jacobian of `func` by reverse mode, one vjp for each element of the output.

    The result has the structure of the output, and in it that of the inputs: tensors of shape (*output, *input).
    argnums, has_aux: as for `grad`.  chunk_size: how many rows to compute at a time; all if None.
    _preallocate_and_copy: write the rows of each chunk where they belong in the result, which needs less memory at its peak.

    >>> import leafgrad as torch
    >>> torch.func.jacrev(torch.sin)(torch.tensor([0.0, 1.0]))
    tensor([[1.0000, 0.0000],
            [0.0000, 0.5403]])
    """
    if chunk_size is not None and chunk_size <= 0:
        raise ValueError(messages.JACREV_CHUNK)

    def jacobian(*args: Any) -> Any:
        at = positions(argnums, len(args))
        chosen, spec = flat_tensors(tuple([args[i] for i in at]))
        check_real("jacrev", "inputs", chosen)

        def selected(*some: Any) -> Any:
            return func(*replaced(args, at, some))

        found = vjp(selected, *[args[i] for i in at], has_aux=has_aux)
        y, vjp_fn = found[:2]
        outputs, out_spec = flat_outputs(VJP, y)
        check_real("jacrev", "outputs", outputs)
        rows = _rows(vjp_fn, outputs, out_spec, chunk_size, _preallocate_and_copy)
        blocks = []
        for o, per_input in zip(outputs, rows, strict=True):
            shaped = [
                reshape(g, (*o._data.shape, *x._data.shape)) for g, x in zip(per_input, chosen, strict=True)
            ]
            block = tree_unflatten(shaped, spec)
            blocks.append(block if isinstance(argnums, tuple) else block[0])
        result = tree_unflatten(blocks, out_spec)
        return (result, found[2]) if has_aux else result

    return wraps(jacobian, func)


def _placed(chunks: Iterable[list[Tensor]], total: int) -> list[Tensor]:
    """The rows of all chunks, `total` of them, written into one tensor for each input as they come."""
    whole: list[Tensor] = []
    start = 0
    for chunk in chunks:
        if not whole:
            whole = [wrap(np.empty((total, *g._data.shape[1:]), g._data.dtype)) for g in chunk]
        n = len(chunk[0]._data)
        for rows, g in zip(whole, chunk, strict=True):
            inplace(REGISTRY["copy"], (slice_of(rows, 0, start, start + n, 1), g))
        start += n
    return whole


def basis(tensors: list[Tensor]) -> list[Tensor]:
    """The unit vectors of the space of these tensors together: for each tensor (N, *shape), N their elements in all."""
    counts = [t._data.size for t in tensors]
    total, before, out = sum(counts), 0, []
    for t, n in zip(tensors, counts, strict=True):
        part = np.zeros((total, n), t._data.dtype)
        part[np.arange(before, before + n), np.arange(n)] = 1
        out.append(wrap(part.reshape(total, *t._data.shape)))
        before += n
    return out


def split_rows(tensors: list[Tensor], rows: Tensor) -> list[Tensor]:
    """`rows` of a basis, cut into the rows of each tensor."""
    out, before = [], 0
    for t in tensors:
        n = t._data.size
        out.append(slice_of(rows, 0, before, before + n, 1))
        before += n
    return out


def _rows(
    vjp_fn: Callable, outputs: list[Tensor], out_spec: Any, chunk_size: int | None, preallocate: bool
) -> list[list[Tensor]]:
    """For each output, for each input: the gradients of its elements, (elements, *input)."""

    def pulled(*some: Tensor) -> list[Tensor]:
        return flat_tensors(vjp_fn(tree_unflatten(list(some), out_spec)))[0]

    units = basis(outputs)
    total = len(units[0]._data)
    if total == 1:
        found = [unsqueeze(g, 0) for g in pulled(*[reshape(u, u._data.shape[1:]) for u in units])]
    elif chunk_size is None or chunk_size >= total:
        found = vmap(pulled)(*units)
    else:
        starts = range(0, total, chunk_size)
        chunks = (
            vmap(pulled)(*[slice_of(u, 0, i, min(i + chunk_size, total), 1) for u in units]) for i in starts
        )
        found = _placed(chunks, total) if preallocate else [cat(each) for each in zip(*chunks, strict=True)]
    by_input = [split_rows(outputs, rows) for rows in found]
    return [list(each) for each in zip(*by_input, strict=True)]
