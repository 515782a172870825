"""The kinds of regular ops: one call declares a row and makes everything that its members share.

`unary`, `binary` and `elementary` return the function that derivative rules use: on bare arrays it runs the
kernel, on tensors it is the op.  The public function (`op.public`) takes tensors only; its attribute `write`
is the in-place variant, and `op.operator` and `op.augment` are both for Python's operators (see lanes.py).
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from ..base import messages
from ..op.record import REGISTRY, Op
from ..values.blocks import LARGE
from .call import apply
from .elementwise import BOOL, NUMBERS, elementwise, foreign
from .lanes import (
    binary_lane,
    elementary_lane,
    parameter_lane,
    public_lane,
    unary_lane,
    unary_write_lane,
    write_lane,
)
from .tensor import Tensor, wrap
from .write import INPLACE, inplace, into

ndarray = np.ndarray


def _named(function: Callable, op: Op, doc: str) -> Callable:
    function.__name__ = function.__qualname__ = op.name
    function.__doc__ = doc
    return function


# --- one input ---


def unary(
    name: str,
    kernel: Callable,
    vjp: Callable | None = None,
    *,
    params: tuple[str, ...] = (),
    input: str = "self",
    in_place: str = "",
    doc: str = "",
    **options: Any,
) -> Any:
    """An elementwise op of one input, called `input`.  vjp: names `grad` and any of `self`, `result` and the
    `params`.

    With `params`, the function takes them by position after the input.
    in_place: the class name of nodes of writes, where torch has another.
    """
    if in_place:
        options["in_place"] = Op(
            name + "_", kernel, (input,), params, vjp={input: vjp}, elementwise=True, node=in_place
        )
    if not options.get("weigh") and options.get("to") is None:
        options.setdefault("out_says", (True, messages.FOUND_DTYPE))
    op = Op(name, kernel, (input,), params, vjp={input: vjp}, elementwise=True, **options)
    op.lane = parameter_lane if params else unary_lane
    op.public = _named(op.lane(op), op, doc)
    if not params:
        op.public.write = unary_write_lane(op)

    def rule(x: Any, *params: Any) -> Any:
        if type(x) is ndarray:
            return kernel(x, *params)
        if isinstance(x, Tensor):
            return op.public(x, *params)
        r = kernel(np.asarray(x), *params)
        return r.item() if type(x) in NUMBERS else r

    rule.op = op  # type: ignore[attr-defined]
    return rule


# --- two inputs ---


def binary(
    name: str,
    kernel: Callable,
    self: Callable | None = None,
    other: Callable | None = None,
    *,
    names: tuple[str, str] = ("self", "other"),
    numbers: tuple[str, ...] = ("other",),
    doc: str = "",
    **options: Any,
) -> Any:
    """An elementwise op of two inputs.  self, other: their rules; they name `grad` and any of `self`,
    `other`, `result`.

    names: of the inputs, where torch has others.
    """
    rules = {names[0]: self, names[1]: other}
    op = Op(name, kernel, names, (), vjp=rules, elementwise=True, numbers=numbers, **options)
    op.lane = binary_lane
    op.public = _named(public_lane(op, elementwise), op, doc)
    op.operator = binary_lane(op, _operate)
    op.public.write = write_lane(op, elementwise)
    op.augment = write_lane(op, _operate)

    small: Any = getattr(kernel, "small", kernel)

    def rule(x: Any, y: Any) -> Any:
        if type(x) is ndarray and type(y) is ndarray:
            return small(x, y, out=...) if x.size < LARGE > y.size else kernel(x, y)
        if isinstance(x, Tensor) or isinstance(y, Tensor):
            return op.public(x, y)
        if type(x) is ndarray or type(y) is ndarray:
            return kernel(x, y)
        r = kernel(np.asarray(x), y)
        return r.item() if type(x) in NUMBERS and type(y) in NUMBERS else r

    rule.op = op  # type: ignore[attr-defined]
    return rule


def _operate(op: Op, inputs: tuple, params: tuple = (), out: Any = None) -> Any:
    """The full lane for operators: NotImplemented to foreign operands, as their class may know what to do."""
    return NotImplemented if foreign(inputs[1]) else elementwise(op, inputs, params, out)


# --- more inputs, or parameters ---


def elementary(
    name: str, kernel: Callable, inputs: tuple[str, ...], params: tuple[str, ...] = (), **options: Any
) -> Any:
    """An elementwise op of any inputs and parameters: what is returned takes both by position, and `out=`."""
    op = Op(name, kernel, inputs, params, elementwise=True, **options)
    count = len(inputs)

    def full(args: tuple, out: Any) -> Any:
        inputs = args[:count]
        if (
            out is None
            and all(not isinstance(x, Tensor) for x in inputs)
            and any(type(x) is ndarray for x in inputs)
        ):
            return kernel(*args)
        return elementwise(op, inputs, args[count:], out)

    call = elementary_lane(op, count, full)
    call.op = op  # type: ignore[attr-defined]
    op.public = call
    return call


def fused(kernel: Callable, formula: Callable) -> Any:
    """A derivative rule, or a step of one: on bare arrays one kernel, on tensors (where it will be
    differentiated) the formula it fuses.
    """

    def step(grad: Any, *args: Any) -> Any:
        if type(grad) is ndarray or not any(isinstance(x, Tensor) for x in (grad, *args)):
            return kernel(grad, *args)
        return formula(grad, *args)

    step.kernel, step.formula = kernel, formula  # type: ignore[attr-defined]

    return step


# --- everything else ---


def primitive(name: str, kernel: Callable, **options: Any) -> Any:
    """An irregular op.  The positional-only parameters of `kernel` are its tensor inputs, the others its
    params.

    What is returned takes both by position: on tensors it calls the op, on bare arrays (in a rule) its
    kernel.
    """
    code = kernel.__code__
    names = code.co_varnames[: code.co_argcount]
    count = code.co_posonlyargcount
    op = Op(name, kernel, names[:count], names[count:], **options)

    def call(*args: Any, out: Any = None) -> Any:
        inputs = args[:count]
        for x in inputs:
            if isinstance(x, Tensor):
                break
        else:
            return kernel(*args)
        if out is None:
            return apply(op, inputs, args[count:])
        if out is INPLACE:
            return inplace(op, inputs, args[count:])
        return into(out, op, inputs, args[count:])

    call.op = op  # type: ignore[attr-defined]
    op.public = call
    return call


__all__ = ["BOOL", "REGISTRY", "binary", "elementary", "elementwise", "fused", "primitive", "unary", "wrap"]
