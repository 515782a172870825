"""How a run of numbers is written: one notation and one column width for all of them, in torch's way.

The notation is chosen from the finite numbers other than zero: "2." if all of them are whole, else
`precision` digits after the point; but "1.0000e+09" if the largest or the smallest is far from 1, or they are
far apart.  Infinities, NaN and zeros take the notation as they find it and do not widen the column.
"""

from itertools import compress
from typing import Any

import numpy as np

# Bounds on absolute values; beyond any of them the notation is scientific.
SMALLEST, LARGEST, SPREAD = 1e-4, 1e8, 1000.0


def column(values: np.ndarray, options: dict[str, Any]) -> tuple[list[str], int]:
    """The texts of a 1-d array's elements, flush right, and the width of the column.

    Infinities, NaN and complex numbers can be wider or narrower than the column; its width decides
    where lines break.

    >>> from leafgrad.face.printing import get_printoptions
    >>> column(np.array([1.0, 10.0]), get_printoptions())
    ([' 1.', '10.'], 3)
    """
    kind = values.dtype.kind
    if kind == "c":
        return _complex_column(values, options)
    if kind in "biu":
        texts = [str(number) for number in values.tolist()]
        return _flush_right(texts, max(map(len, texts)))
    return _float_column(values, options)  # bfloat16 as well, which is of kind "V" to NumPy


def _float_column(values: np.ndarray, options: dict[str, Any]) -> tuple[list[str], int]:
    values = values.astype(np.float64)  # exact, and what Python's floats are
    counts = np.isfinite(values) & (values != 0)
    notation = _notation(values[counts], options)
    texts = [format(number, notation) for number in values.tolist()]
    return _flush_right(texts, max(map(len, compress(texts, counts.tolist())), default=1))


def _notation(counted: np.ndarray, options: dict[str, Any]) -> str:
    """The format specification for numbers of which `counted` are those that are finite and not zero."""
    whole = "#.0f"  # "#" keeps the point
    if not counted.size:
        return whole
    scientific = options["sci_mode"]
    if scientific is None:
        sizes = np.abs(counted)
        low, high = sizes.min().item(), sizes.max().item()
        scientific = high / low > SPREAD or high > LARGEST or low < SMALLEST
    if scientific:
        return f".{options['precision']}e"
    return whole if (counted == np.ceil(counted)).all() else f".{options['precision']}f"


def _complex_column(values: np.ndarray, options: dict[str, Any]) -> tuple[list[str], int]:
    """Real and imaginary parts each in their own notation; only the real parts are flush right."""
    reals, real_width = _float_column(values.real, options)
    imags, imag_width = _float_column(values.imag, options)
    texts = []
    for real, padded in zip(reals, imags, strict=True):
        imag = padded.lstrip()
        texts.append(f"{real}{imag}j" if imag[0] == "-" else f"{real}+{imag}j")
    return texts, real_width + imag_width + 1


def _flush_right(texts: list[str], width: int) -> tuple[list[str], int]:
    return [text.rjust(width) for text in texts], width
