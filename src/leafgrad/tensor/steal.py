"""Whether an array that is about to be stored is known to nobody else, so that it need not be copied; and the same of an attribute."""

from sys import getrefcount
from typing import Any

import numpy as np

from ..values.buffers import Owner


def sole(array: np.ndarray) -> bool:
    """Whether the caller's caller holds the only references to `array`, and the array owns plain contiguous memory.

    Called from a function that got the array as a parameter, from a function that keeps it in one local variable.
    """
    if getrefcount(array) > _EXPECTED:
        return False
    base, flags = array.base, array.flags
    return (base is None or type(base) is Owner) and flags.c_contiguous and flags.writeable


def _count(thing: Any) -> int:
    return getrefcount(thing)


def _middle(array: np.ndarray) -> int:
    return _count(array)


def _outer() -> int:
    array = np.empty(1)
    return _middle(array)


# How references are counted differs between versions of Python, so it is measured on the same chain of calls.
_EXPECTED = _outer()


def sole_object(thing: Any) -> bool:
    """Whether `thing`, given as `owner.attribute`, is known to its owner only."""
    return getrefcount(thing) <= _ATTRIBUTE


class _Owner:
    __slots__ = ("attribute",)
    attribute: object


def _owned() -> int:
    owner = _Owner()
    owner.attribute = object()
    return _count(owner.attribute)


_ATTRIBUTE = _owned()
