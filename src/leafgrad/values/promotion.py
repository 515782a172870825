"""Type promotion: in which dtype do operands of different types meet?

torch's rules, on arrays and Python numbers.  Among arrays with dimensions the stronger category wins
(boolean, integer, floating, complex), and within a category the wider type.  An array without dimensions
is weaker than those, and a Python number weaker still: either counts only if its category is stronger, and
a Python number then counts as the default dtype of its category.  The answers are kept: the mixed case of
an op costs one look-up.
"""

from typing import Any

import numpy as np
from numpy import ndarray

from ..base import messages
from . import dtype as dtypes
from .dtype import BY_NP, COMPLEX, FLOAT, INTEGER, default, dtype, parse

_LONE = (dtypes.uint16, dtypes.uint32, dtypes.uint64)  # as in torch, they meet only themselves and floats


def _meet(a: dtype, b: dtype) -> dtype:
    """The dtype in which two dtypes of equal rank meet."""
    if a is b:
        return a
    weak, strong = (a, b) if (a.category, a.itemsize) < (b.category, b.itemsize) else (b, a)
    if (a in _LONE or b in _LONE) and strong.category != FLOAT:
        raise RuntimeError(messages.PROMOTION_LONE.format(a=a.type_name, b=b.type_name))
    if strong.category == COMPLEX and weak.category == FLOAT:
        weak = weak.to_complex()
        return strong if strong.itemsize > weak.itemsize else weak
    if (weak.category, weak.itemsize) != (strong.category, strong.itemsize):
        return strong
    return dtypes.int16 if a.category == INTEGER else dtypes.float32  # uint8 with int8, float16 with bfloat16


def _below(strong: dtype | None, weak: dtype | None) -> dtype | None:
    """Where operands of dtype `strong` meet operands of a lower rank, of dtype `weak`; None is no operand."""
    if strong is None or weak is None:
        return weak if strong is None else strong
    if weak.category <= strong.category:
        return strong
    if strong.category == FLOAT:
        return strong.to_complex()
    return _meet(strong, weak) if weak.category == INTEGER else weak


def _number(kind: type, real: dtype) -> dtype:
    """The dtype that a Python or NumPy number of this type counts as, `real` being the default dtype."""
    if issubclass(kind, bool):
        return dtypes.bool
    if issubclass(kind, (int, np.integer)):
        return dtypes.int64
    if issubclass(kind, (complex, np.complexfloating)):
        return real.to_complex()
    if issubclass(kind, (float, np.generic)):
        return real
    raise TypeError(messages.NOT_AN_OPERAND.format(type=kind.__name__))


def _work_out(operands: tuple, real: dtype) -> np.dtype:
    ranks: list[dtype | None] = [None, None, None]  # arrays with dimensions, arrays without, numbers
    for x in operands:
        if isinstance(x, ndarray):
            rank, d = (0 if x.ndim else 1), BY_NP[x.dtype]
        else:
            rank, d = 2, _number(type(x), real)
        met = ranks[rank]
        ranks[rank] = d if met is None else _meet(met, d)
    result = _below(ranks[0], _below(ranks[1], ranks[2]))
    if result is None:
        raise ValueError(messages.NO_OPERANDS)
    return result.np


_RESULTS: dict[tuple, np.dtype] = {}


def common(*operands: Any, to: int | None = None) -> np.dtype:
    """The NumPy dtype in which a kernel computes on these arrays and Python numbers.

    With `to=FLOAT`, for exp, division, mean and the like, booleans and integers become the default dtype.

    >>> common(np.ones(2, np.int64), 3), common(np.ones(2, np.int64), 3, to=FLOAT)
    (dtype('int64'), dtype('float32'))
    """
    # The key is what decides: the default dtype, `to`, and of each operand its dtype, that dtype's number if
    # it has no dimensions, or its type if it is a number.  Two operands are written out, for speed.
    key: tuple
    if len(operands) == 2:
        a, b = operands
        key = (
            default(),
            to,
            (a.dtype if a.ndim else a.dtype.num) if type(a) is ndarray else type(a),
            (b.dtype if b.ndim else b.dtype.num) if type(b) is ndarray else type(b),
        )
    else:
        kinds = [(x.dtype if x.ndim else x.dtype.num) if type(x) is ndarray else type(x) for x in operands]
        key = (default(), to, *kinds)
    try:
        return _RESULTS[key]
    except KeyError:
        return _missed(key, operands)


def _missed(key: tuple, operands: tuple) -> np.dtype:
    default_np, to = key[:2]
    found = _work_out(operands, BY_NP[default_np])
    if to == FLOAT and BY_NP[found].category < FLOAT:
        found = default_np
    if all(type(x) is ndarray or not isinstance(x, ndarray) for x in operands):  # a subclass's type is no key
        _RESULTS[key] = found
    return found


def result_type(*operands: Any) -> np.dtype:
    """The NumPy dtype in which these arrays and Python numbers meet.

    >>> result_type(np.ones(2, np.float32), np.array(1.0), 2.0)
    dtype('float32')
    >>> result_type(np.ones(2, np.int64), 2.0)
    dtype('float32')
    """
    return common(*operands)


def promote_types(type1: dtype, type2: dtype) -> dtype:
    """The smallest dtype that is at least as wide and as strong as both.  TypeError for what is no dtype.

    >>> import leafgrad as torch
    >>> torch.promote_types(torch.int32, torch.float32), torch.promote_types(torch.uint8, torch.int8)
    (torch.float32, torch.int16)
    """
    return _meet(parse(type1, "promote_types", "type1", 1), parse(type2, "promote_types", "type2", 2))


def can_cast(from_: dtype, to: dtype) -> bool:
    """Whether a result of dtype `from_` may be stored as `to`: not if that goes down a category.

    >>> import leafgrad as torch
    >>> torch.can_cast(torch.float64, torch.float16), torch.can_cast(torch.float32, torch.int64)
    (True, False)
    """
    return parse(from_, "can_cast", "from_", 1).category <= parse(to, "can_cast", "to", 2).category
