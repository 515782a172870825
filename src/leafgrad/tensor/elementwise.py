"""The full lane of elementwise ops: numbers among the inputs, type promotion, broadcasting, `out=`, in place,
all errors.

What an op takes is said where it is declared:
to: the category its operands are raised to (FLOAT for exp), or BOOL for comparisons.
numbers: the inputs that may be Python numbers.  weigh: the parameters that take part in type promotion.
signatures: torch's overloads, where wrong arguments are answered with a list of them.
refuses: the kinds of dtypes it cannot compute on ("b" bool, "iu" integers, "f" floats, "c" complex), each
with the name of torch's kernel, or with an exception.  It may also be a function of the operands and the
dtype that returns one.
out_says: whether only the very dtype of the result is right for `out=`, and what is said about a wrong one
(and in place).
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from ..base import messages
from ..base.state import inner, modes, state
from ..op.record import Op
from ..values import promotion
from ..values.arguments import CPP, plain
from ..values.dtype import BY_NP
from . import forward
from .call import apply
from .intercept import intercepted
from .misuse import invalid, renew_arguments, too_many, wrong
from .packing import PackedNode, announce, pack_node
from .tensor import Tensor
from .write import INPLACE, check_inplace, check_memory, inplace, into

ndarray = np.ndarray
NUMBERS = (bool, int, float, complex)
BOOL = np.dtype(bool)


def elementwise(op: Op, inputs: tuple, params: tuple = (), out: Any = None) -> Any:
    """Call an elementwise op.

    TypeError for what is neither a tensor nor a number; RuntimeError for shapes that do not broadcast; what
    the op refuses.
    """
    if len(inputs) > len(op.inputs):
        raise too_many(op.name, len(op.inputs), len(inputs))
    if modes:
        if state.interceptors:
            return intercepted(op, inputs, params, out, lambda: elementwise(op, inputs, params, out))
        if out is None and not inner and op.lane is not None and len(inputs) == len(op.inputs):
            return in_lane(op, general, inputs, params)
    return general(op, inputs, params, out)


def in_lane(op: Op, full: Callable, inputs: tuple, params: tuple = ()) -> Any:
    """The call in the op's fast lane, where the modes that are open only ask what to do before or after it.

    full: what is done in all but the common cases.
    """
    if op.quiet is None:
        op.quiet = op.lane(op, full, ())
    packers = state.packers
    if packers:
        announce(op, inputs)
    out = op.quiet(*inputs, *params)
    if packers and (node := out._node) is not None and not isinstance(node, PackedNode):
        pack_node(node, (out,))
    if state.levels and out._notes is None:  # tangents, if it has any, it would have got on the way
        forward.push(op, inputs, params, out)
    return out


def general(op: Op, inputs: tuple, params: tuple = (), out: Any = None) -> Any:
    """The same where nobody intercepts it."""
    values = [operand(op, inputs, i) for i in range(len(inputs))]
    if op.weigh:
        params = tuple([plain(p) if i in op.weigh else p for i, p in enumerate(params)])
    operands = [*values, *[params[i] for i in op.weigh]] if op.weigh else values
    dtype = promotion.common(*[v for v in operands if v is not None], to=op.to)
    error = refusal(op, operands, dtype) if op.refuses else None
    if error is not None and type(error) is not NotImplementedError:
        try:
            raise error
        finally:
            del error  # a frame that holds what it raises is a cycle
    if out is INPLACE:
        check_inplace(op, inputs)
    if out is None:
        try:
            shape = broadcast(values)
        except RuntimeError:
            renew_arguments()
            raise
    else:
        if out is not INPLACE and not isinstance(out, Tensor):
            raise wrong(op.name, "out", None, "Tensor", out)
        target = inputs[0] if out is INPLACE else out
        try:
            shape = broadcast(values)
            check_out(op, target, BOOL if op.to is BOOL else dtype, shape, out is INPLACE)
        except RuntimeError:
            check_memory(target._data, inputs)  # torch looks at that first
            raise
    if error is not None:
        try:
            raise error
        finally:
            del error
    values = [convert(v, dtype) for v in values]
    if op.weigh:
        params = tuple([convert(p, dtype) if i in op.weigh else p for i, p in enumerate(params)])
    if not any(type(v) is ndarray for v in values):  # two numbers
        if op.signatures:
            raise invalid(op.name, op.signatures)
        values[0] = np.asarray(values[0], dtype)
    if out is None:
        return apply(op, inputs, params, values)
    if out is INPLACE:
        return inplace(op.in_place or op, inputs, params, values)
    into(out, op, inputs, params, values, shape, BOOL if op.to is BOOL else dtype)
    return out


def operand(op: Op, inputs: tuple, i: int) -> Any:
    """The value of input i: an array, a Python number, or None for an absent optional one."""
    x = inputs[i]
    if isinstance(x, Tensor):
        return x._data
    if op.inputs[i] in op.numbers:
        if type(x) in NUMBERS or (x is None and len(inputs) > 2):
            return x
        number = plain(x)
        if isinstance(number, int | float | complex):
            return number
    if op.signatures:
        raise invalid(op.name, op.signatures)
    raise wrong(op.name, "input" if i == 0 and op.inputs[0] == "self" else op.inputs[i], i + 1, "Tensor", x)


def foreign(x: Any) -> bool:
    """Whether an operand is nothing that an operator of Tensor knows: then its own class is asked."""
    return not isinstance(x, Tensor | int | float | complex) and plain(x) is x


def refusal(op: Op, values: list, dtype: np.dtype) -> Exception | None:
    """What the op says if it cannot compute on these operands in this dtype."""
    if callable(op.refuses):
        return op.refuses(values, dtype)
    kind = dtype.kind
    for kinds, said in op.refuses.items():
        if kind in kinds:
            if type(said) is str:
                return NotImplementedError(
                    messages.NOT_IMPLEMENTED_FOR.format(kernel=said, type=BY_NP[dtype].type_name)
                )
            return said
    return None


def broadcast(values: list) -> tuple:
    """The shape that the arrays among `values` broadcast to; torch's error if they do not."""
    shape: tuple = ()
    for v in values:
        if type(v) is ndarray and v.shape != shape:
            shape = broadcast_shapes(shape, v.shape)
    return shape


def broadcast_shapes(a: tuple, b: tuple) -> tuple:
    """The shape that two shapes broadcast to."""
    n = max(len(a), len(b))
    out = []
    for i in reversed(range(n)):
        x = a[i - n + len(a)] if i >= n - len(a) else 1
        y = b[i - n + len(b)] if i >= n - len(b) else 1
        if x != y and x != 1 and y != 1:
            raise RuntimeError(messages.BROADCAST.format(a=x, b=y, dim=i))
        out.append(y if x == 1 else x)
    return tuple(out[::-1])


def convert(value: Any, dtype: np.dtype) -> Any:
    """An operand in the dtype to compute in; Python numbers stay, unless NumPy would not convert them."""
    if type(value) is ndarray:
        if value.dtype is dtype:
            return value
        return value.astype(
            dtype, "C" if 0 in value.strides else "K"
        )  # NumPy would put expanded dimensions innermost
    if type(value) is int:
        if not -(2**63) <= value < 2**64:
            raise OverflowError(messages.INT_TOO_BIG)
        if dtype.kind in "iu" and not (info := np.iinfo(dtype)).min <= value <= info.max:
            return int(np.array(value & (2**64 - 1), np.uint64).astype(dtype))  # as in C, the low bits count
    return value


def check_out(op: Op, target: Tensor, dtype: np.dtype, shape: tuple, inplace: bool) -> None:
    """Raise if a result of this dtype and shape may not be stored in the tensor `target`."""
    if op.out_says is not None:
        check_dtype(op, dtype, target._data.dtype, inplace)
    if inplace and shape != target._data.shape:
        raise RuntimeError(
            messages.INPLACE_SHAPE.format(shape=list(target._data.shape), broadcast=list(shape))
        )
    if op.out_says is None:
        check_cast(dtype, target._data.dtype)


def check_dtype(op: Op, dtype: np.dtype, target: np.dtype, inplace: bool) -> None:
    """The same for the dtype alone, of an op with a word of its own (Op.out_says)."""
    got, want = BY_NP[dtype], BY_NP[target]
    exact, said, *more = op.out_says or ()
    if got.category > want.category or (exact and got is not want and not inplace and not got.is_complex):
        said = more[0] if inplace and more else said
        raise RuntimeError(
            said.format(op=op.name, got=got.type_name, want=want.type_name, want_c=CPP[want.name])
        )


def check_cast(got: np.dtype, want: np.dtype) -> None:
    """Raise if a result of dtype `got` may not be stored in a tensor of dtype `want`."""
    if got is not want and BY_NP[got].category > BY_NP[want].category:
        raise RuntimeError(messages.CAST.format(got=BY_NP[got].type_name, want=BY_NP[want].type_name))
