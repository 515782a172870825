"""Jacobians, Hessians and their products with vectors: what torch documents under `torch.autograd.functional`.

Each function calls `func` on fresh tensors around the inputs' memory, so that a gradient with respect to an input is told
apart from one with respect to the same tensor where `func` uses it by itself.  A jvp is computed by two backward passes: the
vjp is linear in its cotangent, and its own vjp in that direction is the jvp (J. Townsend, "A new trick for calculating
Jacobian vector products", 2017).

>>> import leafgrad as torch
>>> torch.autograd.functional.hessian(lambda x: (x ** 3).sum(), torch.tensor([1.0, 2.0]))
tensor([[ 6.,  0.],
        [ 0., 12.]])
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np

from ..base import messages
from ..base.state import state
from ..ops.factories import zeros_like
from ..ops.join import stack_front as stack
from ..tensor.tensor import Tensor, wrap
from ..values import size
from .backward import grad
from .forward_ad import dual_level, make_dual, unpack_dual
from .grad_mode import enable_grad

Tensors: TypeAlias = Tensor | tuple[Tensor, ...]
Found: TypeAlias = tuple[Tensor | None, ...]
OUTPUTS = "outputs of the user-provided function"


# --- what goes in ---


def _tensors(x: Any, what: str, name: str | None) -> tuple[bool, tuple[Tensor, ...]]:
    """Whether x is a tuple, and x as a tuple; TypeError for what is no tensor."""
    if not isinstance(x, tuple):
        if not isinstance(x, Tensor):
            raise TypeError(messages.FUNCTIONAL_TYPE.format(what=what, name=name, type=type(x)))
        return False, (x,)
    for index, each in enumerate(x):
        if not isinstance(each, Tensor):
            raise TypeError(
                messages.FUNCTIONAL_ITEM.format(what=what, name=name, index=index, type=type(each))
            )
    return True, x


def _fresh(tensors: tuple[Tensor, ...], create_graph: bool, needed: bool) -> tuple[Tensor, ...]:
    """New tensors around the same memory: with the history of the old ones if `create_graph`, else leaves."""
    return tuple(
        [
            x.view_as(x) if create_graph and x.requires_grad else x.detach().requires_grad_(needed)
            for x in tensors
        ]
    )


def _vector(
    v: Any, like: tuple[Tensor, ...], like_tuple: bool, create_graph: bool, name: str, missing: str
) -> tuple[Tensor, ...] | None:
    """v as a tuple that fits `like`; None stands for a single 1."""
    if v is None:
        if len(like) != 1 or like[0]._data.size != 1:
            raise RuntimeError(missing)
        return None
    found = _fresh(_tensors(v, "v", name)[1], create_graph, False)
    if len(found) != len(like):
        if like_tuple:
            raise RuntimeError(messages.FUNCTIONAL_V_LENGTH.format(expected=len(like), got=len(found)))
        raise RuntimeError(messages.FUNCTIONAL_V_SINGLE)
    for index, (each, x) in enumerate(zip(found, like, strict=True)):
        if each._data.shape != x._data.shape:
            entry = messages.FUNCTIONAL_V_ENTRY.format(index=index) if like_tuple else ""
            expected, got = size.of(x._data.shape), size.of(each._data.shape)
            raise RuntimeError(messages.FUNCTIONAL_V_SIZE.format(entry=entry, expected=expected, got=got))
    return found


def _call(
    func: Callable, inputs: tuple[Tensor, ...], name: str, strict: bool
) -> tuple[bool, tuple[Tensor, ...]]:
    """Whether `func` returned a tuple, and its outputs as one; in strict mode each must have a history."""
    is_tuple, outputs = _tensors(func(*inputs), OUTPUTS, name)
    if strict:
        _need_history(outputs, messages.STRICT_OUTPUT)
    return is_tuple, outputs


def _need_history(tensors: Found, message: str) -> None:
    for index, x in enumerate(tensors):
        if x is None:
            raise RuntimeError(messages.STRICT_INPUT.format(index=index))
        if not x.requires_grad:
            raise RuntimeError(message.format(index=index))


# --- what happens, and what comes out ---


def _gradients(
    outputs: Found,
    inputs: tuple[Tensor, ...],
    grads: Sequence[Tensor] | None = None,
    *,
    create_graph: bool = False,
    retain_graph: bool | None = None,
) -> Found:
    """`autograd.grad`, of those outputs that have a history; None for inputs that they do not depend on."""
    chosen = [i for i, y in enumerate(outputs) if y is not None and y.requires_grad]
    if not chosen:
        return (None,) * len(inputs)
    return grad(
        [outputs[i] for i in chosen],  # type: ignore[misc]
        inputs,
        None if grads is None else [grads[i] for i in chosen],
        retain_graph=retain_graph,
        create_graph=create_graph,
        allow_unused=True,
    )


def _zeros(x: Tensor) -> Tensor:
    return wrap(np.zeros_like(x._data))


def _filled(
    found: Found, like: tuple[Tensor, ...], strict: bool, missing: str, constant: str | None
) -> list[Tensor]:
    """Zeros for what is None.  In strict mode that is an error instead, and so is, with `constant`, what has no history."""
    if strict:
        for index, g in enumerate(found):
            if g is None:
                raise RuntimeError(missing.format(index=index))
            if constant is not None and not g.requires_grad:
                raise RuntimeError(constant.format(index=index))
    return [_zeros(x) if g is None else g for g, x in zip(found, like, strict=True)]


def _out(tensors: Sequence[Tensor], is_tuple: bool, create_graph: bool) -> Tensors:
    """In the form in which they came, and without history where none was asked for."""
    if not tensors:
        raise IndexError(messages.FUNCTIONAL_EMPTY)
    kept = tensors if create_graph else [x.detach() for x in tensors]
    return tuple(kept) if is_tuple else kept[0]


def _unpacked(rows: Any, outer_tuple: bool, inner_tuple: bool) -> Any:
    """Blocks of a matrix: a sequence for each output of sequences for each input, as far as these came in tuples."""
    rows = rows if inner_tuple else tuple([row[0] for row in rows])
    return rows if outer_tuple else rows[0]


# --- products with a vector ---


def vjp(
    func: Callable,
    inputs: Tensors,
    v: Tensors | None = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Tensors, Tensors]:
    """`func(*inputs)`, and the product of the vector v with the Jacobian of `func` there.

    v: of the outputs' shapes; may be left out for one output of one element.  create_graph: record what happens, so that the
    results can be differentiated.  strict: an input that the outputs do not depend on is an error, rather than a product of zeros.

    Raises TypeError for what is no tensor or tuple of tensors, RuntimeError for a v that does not fit and for what `strict` refuses.

    >>> import leafgrad as torch
    >>> torch.autograd.functional.vjp(lambda x, y: 2 * x + 3 * y, (torch.ones(2), torch.ones(2)), torch.tensor([1.0, 10.0]))
    (tensor([5., 5.]), (tensor([ 2., 20.]), tensor([ 3., 30.])))
    """
    with enable_grad():
        in_tuple, xs = _tensors(inputs, "inputs", "vjp")
        xs = _fresh(xs, create_graph, True)
        out_tuple, outputs = _call(func, xs, "vjp", strict)
        vector = _vector(v, outputs, out_tuple, create_graph, "vjp", messages.FUNCTIONAL_V_OUTPUT)
        found = _gradients(outputs, xs, vector, create_graph=create_graph)
        constant = messages.STRICT_JACOBIAN_GRAPH if create_graph else None
        product = _filled(found, xs, strict, messages.STRICT_INPUT, constant)
        return _out(outputs, out_tuple, create_graph), _out(product, in_tuple, create_graph)


def jvp(
    func: Callable,
    inputs: Tensors,
    v: Tensors | None = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Tensors, Tensors]:
    """`func(*inputs)`, and the product of the Jacobian of `func` there with the vector v.

    v: of the inputs' shapes; may be left out for one input of one element.  create_graph, strict, errors: as for `vjp`.

    >>> import leafgrad as torch
    >>> torch.autograd.functional.jvp(torch.sin, torch.tensor([0.0, 1.0]), torch.tensor([10.0, 10.0]))
    (tensor([0.0000, 0.8415]), tensor([10.0000,  5.4030]))
    """
    with enable_grad():
        in_tuple, xs = _tensors(inputs, "inputs", "jvp")
        xs = _fresh(xs, create_graph, True)
        vector = _vector(v, xs, in_tuple, create_graph, "jvp", messages.FUNCTIONAL_V_INPUT)
        out_tuple, outputs = _call(func, xs, "jvp", strict)
        # The vjp is linear in the cotangent: any will do, and zeros are finite.
        cotangents = tuple([zeros_like(y, requires_grad=True) for y in outputs])
        pulled = _gradients(outputs, xs, cotangents, create_graph=True)
        if strict:
            _need_history(pulled, messages.STRICT_GRADIENT)
        found = _gradients(pulled, cotangents, vector, create_graph=create_graph)
        constant = messages.STRICT_JACOBIAN_GRAPH if create_graph else None
        product = _filled(found, outputs, strict, messages.STRICT_TRICK, constant)
        return _out(outputs, out_tuple, create_graph), _out(product, out_tuple, create_graph)


def _scalar_gradient(
    func: Callable, inputs: Tensors, v: Tensors | None, create_graph: bool, strict: bool, name: str
) -> tuple[bool, tuple[Tensor, ...], tuple[Tensor, ...] | None, tuple[Tensor, ...], Found]:
    """Are the inputs a tuple?  The fresh inputs, v, the scalar that `func` returns, and its gradient, which is recorded."""
    in_tuple, xs = _tensors(inputs, "inputs", name)
    xs = _fresh(xs, create_graph, True)
    vector = _vector(v, xs, in_tuple, create_graph, name, messages.FUNCTIONAL_V_INPUT)
    out_tuple, outputs = _call(func, xs, name, strict)
    if out_tuple:
        raise RuntimeError(messages.FUNCTIONAL_ONE_TENSOR.format(name=name))
    if outputs[0]._data.size != 1:
        raise RuntimeError(messages.FUNCTIONAL_ONE_ELEMENT.format(name=name))
    found = _gradients(outputs, xs, create_graph=True)
    if strict:
        _need_history(found, messages.STRICT_LINEAR)
    return in_tuple, xs, vector, outputs, found


def vhp(
    func: Callable,
    inputs: Tensors,
    v: Tensors | None = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Tensor, Tensors]:
    """`func(*inputs)`, a scalar, and the product of the vector v with the Hessian of `func` there.

    v, create_graph, strict, errors: as for `jvp`; RuntimeError also where `func` does not return one element.

    >>> import leafgrad as torch
    >>> torch.autograd.functional.vhp(lambda x: (x ** 3).sum(), torch.tensor([1.0, 2.0]), torch.ones(2))
    (tensor(9.), tensor([ 6., 12.]))
    """
    with enable_grad():
        in_tuple, xs, vector, outputs, gradient = _scalar_gradient(
            func, inputs, v, create_graph, strict, "vhp"
        )
        found = _gradients(gradient, xs, vector, create_graph=create_graph)
        constant = messages.STRICT_HESSIAN_GRAPH if create_graph else None
        product = _filled(found, xs, strict, messages.STRICT_JACOBIAN, constant)
        return _out(outputs, False, create_graph), _out(product, in_tuple, create_graph)  # type: ignore[return-value]


def hvp(
    func: Callable,
    inputs: Tensors,
    v: Tensors | None = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Tensor, Tensors]:
    """`func(*inputs)`, a scalar, and the product of the Hessian of `func` there with the vector v.

    Where second derivatives are continuous this is `vhp`, which needs one pass less.  The arguments are those of `vhp`.

    >>> import leafgrad as torch
    >>> torch.autograd.functional.hvp(lambda x, y: (x * y).sum(), (torch.ones(2), torch.ones(2)), (torch.zeros(2), torch.ones(2)))
    (tensor(2.), (tensor([1., 1.]), tensor([0., 0.])))
    """
    with enable_grad():
        in_tuple, xs, vector, outputs, gradient = _scalar_gradient(
            func, inputs, v, create_graph, strict, "hvp"
        )
        cotangents = tuple([zeros_like(x, requires_grad=True) for x in xs])
        pulled = _gradients(gradient, xs, cotangents, create_graph=True)
        found = _gradients(pulled, cotangents, vector, create_graph=create_graph)
        constant = messages.STRICT_HESSIAN_GRAPH if create_graph else None
        product = _filled(found, xs, strict, messages.STRICT_HESSIAN_TRICK, constant)
        return _out(outputs, False, create_graph), _out(product, in_tuple, create_graph)  # type: ignore[return-value]


# --- whole matrices ---


def jacobian(
    func: Callable,
    inputs: Tensors,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    strategy: str = "reverse-mode",
) -> Any:
    """The Jacobian of `func` at the inputs: for each output and input a tensor of shape (*output, *input).

    The result is a tuple over the outputs where `func` returns one, and of tuples over the inputs where they are one.
    create_graph, strict: as for `vjp`.  vectorize: compute all rows at once, with `vmap`.  strategy: "forward-mode" computes column
    by column, which is less work for few inputs and many outputs; it needs `vectorize`.

    Raises AssertionError for another strategy, RuntimeError for `strict` together with `vectorize` or "forward-mode",
    NotImplementedError for "forward-mode" with `create_graph` or without `vectorize`; and what `vjp` raises.

    >>> import leafgrad as torch
    >>> torch.autograd.functional.jacobian(lambda x, y: x * y, (torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0])))
    (tensor([[3., 0.],
            [0., 4.]]), tensor([[1., 0.],
            [0., 2.]]))
    """
    if strategy not in ("forward-mode", "reverse-mode"):
        raise AssertionError(messages.FUNCTIONAL_STRATEGY)
    if strategy == "forward-mode":
        if create_graph:
            raise NotImplementedError(messages.FUNCTIONAL_FORWARD_TOGETHER.format(flag="create_graph"))
        if strict:
            raise RuntimeError(messages.FUNCTIONAL_FORWARD_TOGETHER.format(flag="strict"))
        in_tuple, xs = _tensors(inputs, "inputs", "jacobian")
        if not vectorize:
            raise NotImplementedError(messages.FUNCTIONAL_FORWARD_LOOP)
        return _forward_jacobian(func, xs, in_tuple)
    with enable_grad():
        in_tuple, xs = _tensors(inputs, "inputs", "jacobian")
        xs = _fresh(xs, create_graph, True)
        out_tuple, outputs = _call(func, xs, "jacobian", strict)
        if vectorize:
            if strict:
                raise RuntimeError(messages.FUNCTIONAL_STRICT_VECTORIZE)
            blocks = _batched_rows(outputs, xs, create_graph)
        else:
            blocks = [_rows(y, i, xs, create_graph, strict) for i, y in enumerate(outputs)]
        if not blocks:
            raise IndexError(messages.FUNCTIONAL_EMPTY)
        kept = tuple([_out(row, True, create_graph) for row in blocks])
        return _unpacked(kept, out_tuple, in_tuple)


def _rows(
    y: Tensor, index: int, inputs: tuple[Tensor, ...], create_graph: bool, strict: bool
) -> list[Tensor]:
    """The Jacobian of one output, row by row: a block for each input."""
    rows: list[list[Tensor]] = [[] for _ in inputs]
    flat: Any = y.reshape(-1)
    for j in range(y._data.size):
        found = _gradients((flat[j],), inputs, create_graph=create_graph, retain_graph=True)
        for i, (g, x) in enumerate(zip(found, inputs, strict=True)):
            if strict and g is None:
                raise RuntimeError(messages.STRICT_PAIR.format(output=index, input=i))
            if strict and create_graph and not g.requires_grad:  # type: ignore[union-attr]
                # torch names the output's number here, and calls it the input's
                raise RuntimeError(messages.STRICT_JACOBIAN_GRAPH.format(index=index))
            rows[i].append(_zeros(x) if g is None else g)
    shape = y._data.shape
    return [stack(some).view(shape + x._data.shape) for some, x in zip(rows, inputs, strict=True)]


def _batched_rows(
    outputs: tuple[Tensor, ...], inputs: tuple[Tensor, ...], create_graph: bool
) -> list[list[Tensor]]:
    """The Jacobian of all outputs, all rows at once: for each output a block for each input."""
    from ..func.pull import gradients
    from ..func.reverse import basis, split_rows
    from ..func.vmap import vmap

    if not outputs:
        raise AssertionError(messages.FUNCTIONAL_NOTHING)

    def pulled(*units: Tensor) -> tuple[Tensor, ...]:
        return tuple(gradients(outputs, inputs, units, True, create_graph))

    parts = [split_rows(list(outputs), rows) for rows in vmap(pulled)(*basis(list(outputs)))]
    return [
        [part[i].view(y._data.shape + x._data.shape) for part, x in zip(parts, inputs, strict=True)]
        for i, y in enumerate(outputs)
    ]


class _as_outside:
    """A context in which `requires_grad_` works, as it does outside of transforms: here, as in torch, vmap is not the user's."""

    __slots__ = ("transforms",)

    def __enter__(self) -> None:
        self.transforms, state.transforms = state.transforms, 0

    def __exit__(self, *exc: object) -> None:
        state.transforms = self.transforms


def _forward_jacobian(func: Callable, inputs: tuple[Tensor, ...], in_tuple: bool) -> Any:
    """The Jacobian of all outputs by forward mode, all columns at once."""
    from ..func.reverse import basis, split_rows
    from ..func.vmap import vmap

    if not inputs:
        raise AssertionError(messages.FUNCTIONAL_NOTHING)
    out_tuple = False

    def pushed(*units: Tensor) -> tuple[Tensor, ...]:
        nonlocal out_tuple
        with dual_level():
            duals = [make_dual(x, unit) for x, unit in zip(inputs, units, strict=True)]
            with _as_outside():
                found = func(*duals)
            out_tuple, outputs = _tensors(found, "outputs", None)
            parts = [unpack_dual(y) for y in outputs]
            return tuple([_zeros(y) if tangent is None else tangent for y, tangent in parts])

    blocks = []
    for columns in vmap(pushed)(*basis(list(inputs))):  # the tangents of one output: (elements, *output)
        last = tuple(range(1, columns.ndim))
        shape = columns.shape[1:]
        parts = zip(split_rows(list(inputs), columns), inputs, strict=True)
        blocks.append([part.permute((*last, 0)).reshape(shape + x._data.shape) for part, x in parts])
    return _unpacked(
        blocks, out_tuple, in_tuple
    )  # torch leaves these in lists, where there are tuples of inputs


def hessian(
    func: Callable,
    inputs: Tensors,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    outer_jacobian_strategy: str = "reverse-mode",
) -> Any:
    """The Hessian of `func`, which returns one element, at the inputs: the Jacobian of its gradient.

    For a tuple of inputs, a tuple of tuples: item [i][j] has the shape of input i followed by that of input j.  create_graph, strict,
    vectorize: as for `jacobian`.  outer_jacobian_strategy: how the gradient, itself computed backwards, is differentiated.

    Raises AssertionError for another strategy, and what `jacobian` and `vhp` raise.

    >>> import leafgrad as torch
    >>> torch.autograd.functional.hessian(lambda x: x.prod(), torch.tensor([1.0, 2.0, 3.0]))
    tensor([[0., 3., 2.],
            [3., 0., 1.],
            [2., 1., 0.]])
    """
    in_tuple, xs = _tensors(inputs, "inputs", "hessian")
    if outer_jacobian_strategy not in ("forward-mode", "reverse-mode"):
        raise AssertionError(messages.FUNCTIONAL_OUTER_STRATEGY)

    def scalar(*some: Tensor) -> Tensor:
        with _as_outside():
            out_tuple, outputs = _call(func, some, "hessian", strict)
        if out_tuple:
            raise RuntimeError(messages.FUNCTIONAL_ONE_TENSOR.format(name="hessian"))
        if outputs[0]._data.size != 1:
            raise RuntimeError(messages.FUNCTIONAL_ONE_ELEMENT.format(name="hessian"))
        return outputs[0].squeeze()

    def gradient(*some: Tensor) -> tuple[Tensor, ...]:
        found = jacobian(scalar, some, create_graph=True)
        if strict:
            _need_history(found, messages.STRICT_LINEAR)
        return found

    if outer_jacobian_strategy == "reverse-mode":
        blocks = jacobian(gradient, xs, create_graph, strict, vectorize)
    else:
        from ..func.reverse import grad as gradient_of

        # As in torch, the result has a history even where the inputs have none.
        xs = tuple(
            [
                x if x.requires_grad or x._data.dtype.kind not in "fV" else x.detach().requires_grad_()
                for x in xs
            ]
        )
        with enable_grad():
            inner = gradient_of(scalar, tuple(range(len(xs))))
            blocks = jacobian(inner, xs, create_graph, strict, vectorize, outer_jacobian_strategy)
    return _unpacked(blocks, in_tuple, in_tuple)


__all__ = ["hessian", "hvp", "jacobian", "jvp", "vhp", "vjp"]
