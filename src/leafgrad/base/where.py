"""Which line of the user's program is running: noted cheaply, formatted only when asked."""

import linecache
import warnings
from itertools import islice
from os.path import dirname
from sys import _getframe
from types import CodeType

ROOT = dirname(dirname(__file__)) + "/"
OUTSIDE: set[str] = set()  # files that have called leafgrad and are no part of it
Where = tuple[CodeType, int]  # a code object and an instruction offset: two references, no string


def caller(depth: int = 1) -> Where | None:
    """The innermost line outside leafgrad; the frames nearer than `depth` are known to be inside."""
    frame = _getframe(depth)
    while frame is not None and frame.f_code.co_filename.startswith(ROOT):
        frame = frame.f_back  # type: ignore[assignment]
    if frame is None:
        return None
    OUTSIDE.add(frame.f_code.co_filename)
    return (frame.f_code, frame.f_lasti)


def describe(where: Where | None) -> str:
    """`file.py:12: the source line`, or "an unknown line"."""
    if where is None:
        return "an unknown line"
    code, offset = where
    position = next(islice(code.co_positions(), offset // 2, None), None)
    line = (position and position[0]) or code.co_firstlineno
    source = linecache.getline(code.co_filename, line).strip()
    return f"{code.co_filename}:{line}" + (f": {source}" if source else "")


def warn(text: str, category: type[Warning] = UserWarning, above: int = 0) -> None:
    """Warn at the innermost line outside leafgrad, however deep inside the warning is found due; or so many calls above it."""
    level, frame = 2, _getframe(1)
    while frame is not None and frame.f_code.co_filename.startswith(ROOT):
        level, frame = level + 1, frame.f_back  # type: ignore[assignment]
    warnings.warn(text, category, stacklevel=level + above)
