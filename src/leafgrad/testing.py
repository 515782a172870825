"""`torch.testing`: are two results close?"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .base import messages
from .tensor.tensor import Tensor
from .values.dtype import BY_NP, dtype
from .values.promotion import promote_types

# rtol and atol by dtype; other dtypes are compared exactly.
_TOLERANCES = {
    "float16": (1e-3, 1e-5),
    "bfloat16": (1.6e-2, 1e-5),
    "float32": (1.3e-6, 1e-5),
    "float64": (1e-7, 1e-7),
    "complex64": (1.3e-6, 1e-5),
    "complex128": (1e-7, 1e-7),
}
_NUMBERS = (bool, int, float, complex)


def assert_close(
    actual: Any,
    expected: Any,
    *,
    allow_subclasses: bool = True,
    rtol: float | None = None,
    atol: float | None = None,
    equal_nan: bool = False,
    check_device: bool = True,
    check_dtype: bool = True,
    check_layout: bool = True,
    check_stride: bool = False,
    msg: Any = None,
) -> None:
    """Raise AssertionError unless |actual - expected| <= atol + rtol * |expected| everywhere.

    Tensors, arrays, numbers, and sequences and mappings of them.  Without tolerances those of the dtype
    count (float32:
    1.3e-6 and 1e-5); shape, dtype (unless check_dtype is off) and strides (if check_stride) must agree.
    TypeError for what
    cannot be compared, ValueError if only one tolerance is given.  msg: what to say instead, or a function
    of the message.
    check_device and check_layout have nothing to find: there is one device and one layout.

    >>> import leafgrad as torch
    >>> torch.testing.assert_close(torch.ones(2), torch.ones(2) + 1e-7)
    """
    rules = (allow_subclasses, rtol, atol, equal_nan, check_dtype, check_stride)
    try:
        _compare(actual, expected, rules, "")
    except AssertionError as error:
        if msg is None:
            raise
        raise AssertionError(msg(str(error)) if callable(msg) else msg) from None


def _compare(actual: Any, expected: Any, rules: tuple, where: str) -> None:
    if isinstance(actual, Mapping) and isinstance(expected, Mapping):
        if actual.keys() != expected.keys():
            missing, added = sorted(expected.keys() - actual.keys()), sorted(actual.keys() - expected.keys())
            raise AssertionError(messages.CLOSE_KEYS.format(missing=missing, added=added) + where)
        for key in expected:
            _compare(actual[key], expected[key], rules, f"\n\nThe failure occurred for item [{key!r}]")
    elif _is_sequence(actual) and _is_sequence(expected):
        if len(actual) != len(expected):
            raise AssertionError(
                messages.CLOSE_LENGTH.format(actual=len(actual), expected=len(expected)) + where
            )
        for i, (a, e) in enumerate(zip(actual, expected, strict=True)):
            _compare(a, e, rules, f"\n\nThe failure occurred for item [{i}]")
    elif actual is None or expected is None:
        if actual is not expected:
            raise AssertionError(messages.CLOSE_NONE.format(actual=actual, expected=expected) + where)
    else:
        _compare_values(actual, expected, rules, where)


def _is_sequence(x: Any) -> bool:
    return isinstance(x, Sequence) and not isinstance(x, str)


def _compare_values(actual: Any, expected: Any, rules: tuple, where: str) -> None:
    allow_subclasses, rtol, atol, equal_nan, check_dtype, check_stride = rules
    scalars = isinstance(actual, _NUMBERS) and isinstance(expected, _NUMBERS)
    related = scalars or isinstance(actual, type(expected)) or isinstance(expected, type(actual))
    if not related or not (allow_subclasses or scalars or type(actual) is type(expected)):
        raise TypeError(messages.CLOSE_TYPES.format(actual=type(actual), expected=type(expected)))
    a, e = (_array(x) for x in (actual, expected))
    if a is None or e is None:
        raise TypeError(messages.CLOSE_TYPES.format(actual=type(actual), expected=type(expected)))
    if (rtol is None) != (atol is None):
        raise ValueError(messages.CLOSE_TOLERANCES.format(absent="rtol" if rtol is None else "atol"))
    differing: list[tuple[str, Any, Any]] = (
        [("shape", _size(a.shape), _size(e.shape))] if a.shape != e.shape else []
    )
    if check_dtype and not scalars and a.dtype != e.dtype:
        differing.append(("dtype", BY_NP[a.dtype], BY_NP[e.dtype]))
    if check_stride and a.strides != e.strides:
        mine, wanted = [tuple(s // x.itemsize for s in x.strides) for x in (a, e)]
        differing.append(("stride()", mine, wanted))
    for name, x, y in differing:
        raise AssertionError(messages.CLOSE_ATTRIBUTE.format(name=name, actual=x, expected=y) + where)
    if rtol is None:
        rtol, atol = np.maximum(_tolerances(a.dtype), _tolerances(e.dtype))
    bad = ~_close(a, e, rtol, atol, equal_nan)
    if bad.any():
        exact = rtol == 0 and atol == 0
        text = messages.CLOSE_VALUES if a.ndim else messages.CLOSE_SCALARS
        allowed = ("", "") if exact else (f" (up to {atol} allowed)", f" (up to {rtol} allowed)")
        report = _report(a, e, bad, *allowed) if a.ndim else _report_scalars(a.item(), e.item(), *allowed)
        raise AssertionError(text.format(how="equal" if exact else "close") + report + where)


def _array(x: Any) -> np.ndarray | None:
    if isinstance(x, Tensor):
        return x._data
    return np.asarray(x) if isinstance(x, (*_NUMBERS, np.ndarray, np.generic)) else None


def _size(shape: tuple) -> str:
    return f"torch.Size({list(shape)})"


def _tolerances(np_dtype: np.dtype) -> tuple[float, float]:
    return _TOLERANCES.get(np_dtype.name, (0.0, 0.0))


def _close(a: np.ndarray, e: np.ndarray, rtol: Any, atol: Any, equal_nan: bool) -> np.ndarray:
    met: dtype = promote_types(BY_NP[a.dtype], BY_NP[e.dtype])
    if met.category < 2 and rtol == 0 and atol == 0:
        return a == e
    wide = np.complex128 if met.is_complex else np.float64
    x, y = a.astype(wide), e.astype(wide)
    close = (x == y) | (np.isfinite(y) & (np.abs(x - y) <= atol + rtol * np.abs(y)))
    return close | (np.isnan(x) & np.isnan(y)) if equal_nan else close


def _report_scalars(actual: Any, expected: Any, up_to_atol: str, up_to_rtol: str) -> str:
    apart = abs(actual - expected)
    ratio = apart / abs(expected) if expected else float("inf")
    return (
        f"\n\nExpected {expected} but got {actual}.\n"
        f"Absolute difference: {apart}{up_to_atol}\nRelative difference: {ratio}{up_to_rtol}"
    )


def _report(a: np.ndarray, e: np.ndarray, bad: np.ndarray, up_to_atol: str, up_to_rtol: str) -> str:
    kinds = a.dtype.kind + e.dtype.kind
    wide = np.complex128 if "c" in kinds else np.int64 if not set(kinds) - set("biu") else np.float64
    apart = np.where(bad, np.abs(a.astype(wide) - e.astype(wide)), 0)
    place = np.unravel_index(apart.argmax(), apart.shape)
    with np.errstate(all="ignore"):
        ratio = np.where(bad, apart / np.abs(e.astype(wide)), 0)
    relative = np.unravel_index(ratio.argmax(), ratio.shape)
    count, total = int(bad.sum()), bad.size
    return (
        f"\n\nMismatched elements: {count} / {total} ({100 * count / total:.1f}%)\n"
        f"Greatest absolute difference: {apart[place].item()} at index {tuple(map(int, place))}{up_to_atol}\n"
        f"Greatest relative difference: {ratio[relative].item()} at index {tuple(map(int, relative))}{up_to_rtol}"
    )


__all__ = ["assert_close"]
