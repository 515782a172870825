"""Which line of the user's program is running: noted cheaply, formatted only when asked."""

import linecache
from itertools import islice
from os.path import dirname
from sys import _getframe
from types import CodeType

ROOT = dirname(dirname(__file__)) + "/"
Where = tuple[CodeType, int]  # a code object and an instruction offset: two references, no string


def caller(depth: int = 1) -> Where | None:
    """The innermost line outside leafgrad; the frames nearer than `depth` are known to be inside."""
    frame = _getframe(depth)
    while frame is not None and frame.f_code.co_filename.startswith(ROOT):
        frame = frame.f_back  # type: ignore[assignment]
    return None if frame is None else (frame.f_code, frame.f_lasti)


def describe(where: Where | None) -> str:
    """`file.py:12: the source line`, or "an unknown line"."""
    if where is None:
        return "an unknown line"
    code, offset = where
    position = next(islice(code.co_positions(), offset // 2, None), None)
    line = (position and position[0]) or code.co_firstlineno
    source = linecache.getline(code.co_filename, line).strip()
    return f"{code.co_filename}:{line}" + (f": {source}" if source else "")
