"""The transforms of forward mode: jvp, jacfwd, linearize; and hessian, which is forward over reverse."""

from collections.abc import Callable, Sequence
from typing import Any

from ..autograd.forward_ad import dual, levels_up, parts
from ..base import messages
from ..ops.arithmetic import mul
from ..ops.factories import zeros_like
from ..ops.views import permute, reshape
from ..tensor.tensor import Tensor
from ..utils._pytree import tree_flatten, tree_unflatten
from ..values import size
from .arguments import check_real, flat_outputs, flat_tensors, map_aux, positions, replaced, with_aux, wraps
from .reverse import basis, jacrev, split_rows, vjp
from .vmap import check_randomness, vmap

JVP = "jvp(f, primals, tangents)"


def jvp(
    func: Callable, primals: Any, tangents: Any, *, strict: bool = False, has_aux: bool = False
) -> tuple[Any, ...]:
    """(output, tangent of the output) of `func` at the primals, in the direction of the tangents.

    primals, tangents: tuples of pytrees of tensors, of one structure and the same shapes.  strict: RuntimeError if an output
    does not depend on the inputs.  has_aux: `func` returns (output, aux), which comes third.

    >>> import leafgrad as torch
    >>> torch.func.jvp(torch.sin, (torch.tensor(0.0),), (torch.tensor(2.0),))
    (tensor(0.), tensor(2.))
    """
    if not isinstance(primals, tuple):
        raise RuntimeError(messages.JVP_TUPLE)
    given, spec = tree_flatten(primals)
    directions, direction_spec = tree_flatten(tangents)
    if spec != direction_spec:
        raise RuntimeError(messages.JVP_STRUCTURE.format(primals=spec, tangents=direction_spec))
    for what, flat in (("primals", given), ("tangents", directions)):
        if not flat:
            raise RuntimeError(messages.JVP_NONE)
        for each in flat:
            if not isinstance(each, Tensor):
                raise RuntimeError(messages.JVP_TENSORS.format(what=what, type=type(each)))
    for name, flat in (("primal", given), ("tangent", directions)):
        for x in flat:
            if x._data.dtype.kind not in "fcV":
                raise ValueError(messages.DUAL_DTYPE.format(name=name, dtype=x.dtype))
    with levels_up() as level:
        duals = [dual(x, t, level) for x, t in zip(given, directions, strict=True)]
        result = func(*tree_unflatten(duals, spec))
        aux = None
        if has_aux:
            result, aux = with_aux(JVP, result)
            aux = map_aux(lambda t: parts(t, level)[0], aux)
        outputs, out_spec = flat_outputs(JVP, result)
        unpacked = [parts(y, level, strict) for y in outputs]
    value = tree_unflatten([primal for primal, _ in unpacked], out_spec)
    tangent = tree_unflatten([t for _, t in unpacked], out_spec)
    return (value, tangent, aux) if has_aux else (value, tangent)


def jacfwd(
    func: Callable, argnums: int | tuple[int, ...] = 0, has_aux: bool = False, *, randomness: str = "error"
) -> Callable:
    """A function that computes the Jacobian of `func` by forward mode, one jvp for each element of the inputs.

    argnums, has_aux and the structure of the result: as for `jacrev`.  randomness: as for `vmap`.

    >>> import leafgrad as torch
    >>> torch.func.jacfwd(torch.sin)(torch.tensor([0.0, 1.0]))
    tensor([[1.0000, 0.0000],
            [0.0000, 0.5403]])
    """

    def jacobian(*args: Any) -> Any:
        check_randomness(randomness)
        at = positions(argnums, len(args))
        chosen, spec = flat_tensors(tuple([args[i] for i in at]))
        check_real("jacfwd", "inputs", chosen)
        out_spec: Any = None

        def selected(*some: Any) -> Any:
            return func(*replaced(args, at, tree_unflatten(list(some), spec)))

        def pushed(*directions: Tensor) -> Any:
            nonlocal out_spec
            found = jvp(selected, tuple(chosen), directions, has_aux=has_aux)
            flat, out_spec = flat_outputs(JVP, found[1])
            check_real("jacfwd", "outputs", flat)
            return (flat, found[2]) if has_aux else flat

        out_dims = (0, None) if has_aux else 0
        found = vmap(pushed, randomness=randomness, out_dims=out_dims)(*basis(chosen))
        columns, aux = found if has_aux else (found, None)
        blocks = []
        for rows in columns:
            shape = rows._data.shape[1:]
            shaped = [
                reshape(front_last(part), (*shape, *x._data.shape))
                for part, x in zip(split_rows(chosen, rows), chosen, strict=True)
            ]
            block = tree_unflatten(shaped, spec)
            blocks.append(block if isinstance(argnums, tuple) else block[0])
        result = tree_unflatten(blocks, out_spec)
        return (result, aux) if has_aux else result

    return wraps(jacobian, func)


def front_last(x: Tensor) -> Tensor:
    """x with its first dimension put last."""
    return permute(x, (*range(1, x._data.ndim), 0))


def hessian(func: Callable, argnums: int | tuple[int, ...] = 0) -> Callable:
    """A function that computes the Hessian of `func`: forward mode over reverse mode, `jacfwd(jacrev(func))`.

    >>> import leafgrad as torch
    >>> torch.func.hessian(lambda x: (x ** 3).sum())(torch.tensor([1.0, 2.0]))
    tensor([[ 6.,  0.],
            [ 0., 12.]])
    """
    return jacfwd(jacrev(func, argnums), argnums)


def linearize(func: Callable, *primals: Any) -> tuple[Any, Callable]:
    """(output, jvp_fn) of `func` at the primals; jvp_fn takes tangents and returns the tangent of the output.

    Where several jvps are wanted at one place, the values are computed once.

    >>> import leafgrad as torch
    >>> y, jvp_fn = torch.func.linearize(torch.sin, torch.tensor(0.0))
    >>> y, jvp_fn(torch.tensor(2.0))
    (tensor(0.), tensor(2.))
    """
    given, spec = flat_tensors(primals)
    for x in given:
        if x._data.dtype.kind not in "fcV":
            raise ValueError(messages.DUAL_DTYPE.format(name="primal", dtype=x.dtype))
    fixed: dict[int, Tensor] = {}  # the outputs without derivatives, by position
    out_spec: Any = None

    def smooth(*args: Any) -> tuple[Tensor, ...]:
        nonlocal out_spec
        found, out_spec = flat_outputs(JVP, func(*args))
        fixed.update({i: o for i, o in enumerate(found) if o._data.dtype.kind not in "fcV"})
        return tuple([o for i, o in enumerate(found) if i not in fixed]) or (given[0],)

    def whole(smooth: Sequence, fixed: dict[int, Tensor]) -> Any:
        rest = iter(smooth)
        return tree_unflatten(
            [fixed[i] if i in fixed else next(rest) for i in range(out_spec.num_leaves)], out_spec
        )

    outputs, vjp_fn = vjp(smooth, *primals)

    # The vjp is linear in the cotangent: the jvp is its transpose (see tensor/forward.py).
    zeros = tuple([mul(o, 0) for o in outputs])
    _, transpose = vjp(lambda cotangent: vjp_fn(cotangent, create_graph=True), zeros)

    def jvp_fn(*tangents: Any) -> Any:
        flat, tangent_spec = tree_flatten(tangents)
        if tangent_spec != spec:
            raise RuntimeError(messages.LINEARIZE_STRUCTURE.format(got=tangent_spec, want=spec))
        for i, (t, x) in enumerate(zip(flat, given, strict=True)):
            if t._data.shape != x._data.shape:
                got, want = size.of(t._data.shape), size.of(x._data.shape)
                raise RuntimeError(messages.LINEARIZE_SHAPE.format(i=i, got=got, want=want))
            if t._data.dtype != x._data.dtype:
                raise RuntimeError(messages.LINEARIZE_DTYPE.format(i=i, got=t.dtype, want=x.dtype))
        return whole(transpose(tangents)[0], {i: zeros_like(o) for i, o in fixed.items()})

    return whole(outputs, fixed), jvp_fn
