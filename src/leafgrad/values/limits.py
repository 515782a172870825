"""finfo and iinfo: the numerical limits of the floating-point and of the integer dtypes.

They follow from each format's two widths, the bits of the fraction and of the exponent (IEEE 754-2019,
section 3.3; bfloat16 is float32 with 16 bits of the fraction cut off), or from the width of the integer.
"""

from math import log10
from typing import Any

from ..base import messages
from . import dtype as dtypes

FRACTION_AND_EXPONENT = {
    dtypes.float16: (10, 5),
    dtypes.bfloat16: (7, 8),
    dtypes.float32: (23, 8),
    dtypes.float64: (52, 11),
}


class _Limits:
    """What the two have in common: they are read-only, equal when kind and dtype are, and have no hash."""

    __slots__ = ("_type", "bits", "max", "min")
    _type: dtypes.dtype
    bits: int
    __hash__ = None  # type: ignore[assignment]

    def __setattr__(self, name: str, value: Any) -> None:
        text = messages.NOT_WRITABLE if hasattr(self, name) else messages.NO_ATTRIBUTE
        raise AttributeError(text.format(kind=type(self).__name__, name=name))

    def __delattr__(self, name: str) -> None:
        self.__setattr__(name, None)

    @property
    def dtype(self) -> str:
        return self._type.name

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other._type is self._type

    def _fill(self, **fields: Any) -> None:
        for name, value in fields.items():
            object.__setattr__(self, name, value)


class finfo(_Limits):
    """The limits of a floating-point dtype, or of the parts of a complex one; else of the default dtype.

    Attributes: `bits`, `eps` (the gap between 1 and the next number), `max`, `min`, `smallest_normal` and its
    old name `tiny`, `resolution` (10 to the minus the number of reliable decimal digits), `dtype` (a string).
    TypeError for other dtypes.

    >>> import leafgrad as torch
    >>> torch.finfo(torch.float32).eps
    1.1920928955078125e-07
    """

    __slots__ = ("eps", "smallest_normal", "tiny", "resolution")
    max: float
    min: float
    eps: float
    smallest_normal: float
    tiny: float
    resolution: float

    def __init__(self, type: Any = None) -> None:
        d = dtypes.get_default_dtype() if type is None else dtypes.parse(type, "finfo", "type", 1)
        d = d.to_real()
        if not d.is_floating_point:
            raise TypeError(messages.FINFO_TYPE)
        fraction, exponent = FRACTION_AND_EXPONENT[d]
        bias = 2 ** (exponent - 1) - 1
        largest = (2.0 - 2.0**-fraction) * 2.0**bias
        smallest = 2.0 ** (1 - bias)
        digits = int(fraction * log10(2))
        self._fill(
            _type=d,
            bits=8 * d.itemsize,
            max=largest,
            min=-largest,
            eps=2.0**-fraction,
            smallest_normal=smallest,
            tiny=smallest,
            resolution=float(f"1e-{digits}"),
        )

    def __repr__(self) -> str:
        return (
            f"finfo(resolution={self.resolution:g}, min={self.min:g}, max={self.max:g}, eps={self.eps:g}, "
            f"smallest_normal={self.smallest_normal:g}, tiny={self.tiny:g}, dtype={self.dtype})"
        )


class iinfo(_Limits):
    """The limits of an integer dtype: `bits`, `max`, `min`, `dtype` (a string).  TypeError for other dtypes.

    >>> import leafgrad as torch
    >>> torch.iinfo(torch.int8).max
    127
    """

    __slots__ = ()
    max: int
    min: int

    def __init__(self, type: Any) -> None:
        d = dtypes.parse(type, "iinfo", "type", 1)
        if d is dtypes.bool:
            raise TypeError(messages.IINFO_BOOL)
        if d.category != dtypes.INTEGER:
            raise TypeError(messages.IINFO_TYPE)
        bits = 8 * d.itemsize
        self._fill(
            _type=d,
            bits=bits,
            max=2 ** (bits - d.is_signed) - 1,
            min=-(2 ** (bits - 1)) if d.is_signed else 0,
        )

    def __repr__(self) -> str:
        return f"iinfo(min={self.min:g}, max={self.max:g}, dtype={self.dtype})"
