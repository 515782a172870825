"""How tensors are printed: `repr`, `format`, and the options of both, in torch's format to the character.

A text is made of a name, the numbers in brackets (`_body`), and suffixes that are set off by commas:

```
tensor([[1.0000, 2.5000],
        [   inf,    nan]], dtype=torch.float64, grad_fn=<MulBackward0>)
```
"""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from operator import index, pos
from typing import Any

import numpy as np

from ..base import messages
from ..base.state import state
from ..tensor.tensor import Tensor
from ..values import dtype as dtypes
from .format_numbers import column

PROFILES: dict[str, dict[str, Any]] = {
    "default": {"precision": 4, "threshold": 1000, "edgeitems": 3, "linewidth": 80},
    "short": {"precision": 2, "threshold": 1000, "edgeitems": 2, "linewidth": 80},
    "full": {"precision": 4, "threshold": math.inf, "edgeitems": 3, "linewidth": 80},
}

# Always replaced as a whole: a thread that is printing keeps the options it began with.
_options: dict[str, Any] = {**PROFILES["default"], "sci_mode": None}


def set_printoptions(
    precision: int | None = None,
    threshold: float | None = None,
    edgeitems: int | None = None,
    linewidth: float | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> None:
    """Set how tensors are printed from now on, in every thread.

    Args:
        precision: digits after the decimal point (4).
        threshold: a tensor of more elements than this is summarised with "..." (1000).
        edgeitems: how many items a summary shows at either end of an axis (3).
        linewidth: characters per line (80).
        profile: "default", "short" or "full" sets the four above; those given as well win.
        sci_mode: scientific notation always (True) or never (False). None, also when it is left out, lets the
            numbers of each tensor decide.

    Raises TypeError or ValueError, and changes nothing, for an option that nothing could be printed with.

    >>> import leafgrad as torch
    >>> torch.set_printoptions(precision=2)
    >>> torch.tensor([1.12345])
    tensor([1.12])
    >>> torch.set_printoptions(profile="default")
    """
    global _options
    new = dict(_options)
    if profile is not None:
        if profile not in PROFILES:
            raise ValueError(messages.PRINT_PROFILE.format(profile=profile))
        new.update(PROFILES[profile])
    if precision is not None:
        new["precision"] = _checked("precision", precision, index, "an integer")
    if threshold is not None:
        new["threshold"] = _checked("threshold", threshold, pos, "a number")
    if edgeitems is not None:
        new["edgeitems"] = _checked("edgeitems", edgeitems, index, "an integer")
    if linewidth is not None:
        new["linewidth"] = _checked("linewidth", linewidth, pos, "a number")
    new["sci_mode"] = None if sci_mode is None else bool(sci_mode)
    _options = new


def _checked(name: str, value: Any, convert: Callable[[Any], Any], expected: str) -> Any:
    try:
        number = convert(value)
        valid = number >= 0
    except TypeError:
        text = messages.PRINT_OPTION_TYPE.format(name=name, expected=expected, type=type(value).__name__)
        raise TypeError(text) from None
    if not valid:
        raise ValueError(messages.PRINT_OPTION_NEGATIVE.format(name=name, value=value))
    return number


def get_printoptions() -> dict[str, Any]:
    """The current options by name, as `set_printoptions` takes them.

    >>> get_printoptions()["precision"]
    4
    """
    return dict(_options)


@contextmanager
def printoptions(**options: Any) -> Iterator[None]:
    """Print with `options` (those of `set_printoptions`) inside a with statement, as before after it.

    >>> import leafgrad as torch
    >>> with printoptions(precision=1):
    ...     print(torch.tensor([0.25, 3.0]))
    tensor([0.2, 3.0])
    """
    global _options
    before = _options
    set_printoptions(**options)
    try:
        yield
    finally:
        _options = before


def has_no_values(tensor: Tensor) -> bool:
    """Whether a class says what ops on this tensor do, which was made by `_make_wrapper_subclass`."""
    return type(tensor).__torch_dispatch__ is not Tensor.__torch_dispatch__


def history(tensor: Any) -> list[str]:
    """The suffixes about derivatives."""
    suffixes = []
    try:
        node = tensor.grad_fn
    except RuntimeError:  # a view that a write has cut off from its history
        suffixes.append("grad_fn=<Invalid>")
    else:
        if node is not None:
            suffixes.append(f"grad_fn=<{node.name().rpartition('::')[2]}>")
        elif tensor.requires_grad:
            suffixes.append("requires_grad=True")
    tangents = tensor._notes and tensor._notes.tangents
    if tangents and not state.inference and state.levels and state.levels[-1] in tangents:
        suffixes.append(f"tangent={tangents[state.levels[-1]]}")
    return suffixes


def array_repr(array: np.ndarray, name: str, history: list[str], contents: str | None = None) -> str:
    """The text of a tensor called `name` that holds `array`; the suffixes `history` follow size and dtype.

    >>> array_repr(np.arange(3, dtype=np.int32), "tensor", ["requires_grad=True"])
    'tensor([0, 1, 2], dtype=torch.int32, requires_grad=True)'
    """
    options = _options
    indent = len(name) + 1
    if contents is None:
        contents = _body(array, indent, options)
    text = f"{name}({contents}"
    end = len(text) - text.rfind("\n") + 1  # length of the last line, as torch counts it: two too many
    for suffix in _suffixes(array, options) + history:
        if end + len(suffix) + 2 > options["linewidth"]:
            text += ",\n" + " " * indent + suffix
            end = indent + len(suffix)
        else:
            text += ", " + suffix
            end += len(suffix) + 2
    return text + ")"


def _suffixes(array: np.ndarray, options: dict[str, Any]) -> list[str]:
    """Size and dtype, where the numbers do not show them."""
    dtype, default = dtypes.of(array.dtype), dtypes.get_default_dtype()
    if array.size == 0:
        size_shown = array.ndim == 1
        dtype_shown = dtype is default
    else:
        size_shown = options["edgeitems"] > 0
        if dtype.is_complex:
            dtype_shown = (dtype is dtypes.complex128) == (default is dtypes.float64)
        else:
            dtype_shown = dtype in (default, dtypes.int64, dtypes.bool)
    suffixes = [] if size_shown else [f"size={array.shape}"]
    return suffixes if dtype_shown else [*suffixes, f"dtype={dtype}"]


def _body(array: np.ndarray, indent: int, options: dict[str, Any]) -> str:
    """The numbers in brackets, summarised and broken into lines, to be put `indent` characters in."""
    if array.size == 0:
        return "[]"
    cut = [False] * array.ndim  # which axes are summarised
    if array.ndim and array.size > options["threshold"]:
        edge = options["edgeitems"]
        if edge == 0:
            return "[...]"
        cut = [length > 2 * edge for length in array.shape]
        array = array[np.ix_(*(_ends(length, edge) for length in array.shape))]
    texts, width = column(array.reshape(-1), options)
    if not array.ndim:
        return texts[0]

    blocks = _rows(texts, array.shape[-1], cut[-1], indent + array.ndim, width, options["linewidth"])
    for axis in reversed(range(array.ndim - 1)):
        length = array.shape[axis]
        separator = "," + "\n" * (array.ndim - 1 - axis) + " " * (indent + axis + 1)
        groups = [blocks[i : i + length] for i in range(0, len(blocks), length)]
        if cut[axis]:
            for group in groups:
                group.insert(length // 2, "...")
        blocks = ["[" + separator.join(group) + "]" for group in groups]
    return blocks[0]


def _ends(length: int, edge: int) -> list[int]:
    """The indices of an axis that a summary shows."""
    return [*range(length)] if length <= 2 * edge else [*range(edge), *range(length - edge, length)]


def _rows(texts: list[str], length: int, cut: bool, indent: int, width: int, linewidth: float) -> list[str]:
    """The innermost brackets, each of `length` texts, broken into lines that begin `indent` characters in."""
    room = (linewidth - indent + 1) / (width + 2)
    per_line = int(min(max(room, 1), length + 1))
    separator = ",\n" + " " * indent
    rows = []
    for start in range(0, len(texts), length):
        row = texts[start : start + length]
        if cut:
            row.insert(length // 2, " ...")
        lines = [", ".join(row[i : i + per_line]) for i in range(0, len(row), per_line)]
        rows.append("[" + separator.join(lines) + "]")
    return rows
