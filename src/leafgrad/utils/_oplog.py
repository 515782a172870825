"""The ops of a checkpoint's two runs, written down when it is called with `debug=True`, for when they differ."""

import itertools
from sys import _getframe
from typing import Any, NoReturn
from weakref import ref

from ..base import messages
from ..base.where import ROOT, describe
from ..tensor.tensor import Tensor
from ..values.dtype import BY_NP
from ._python_dispatch import TorchDispatchMode

_KINDS = {"float": "f", "int": "i", "uint": "u", "complex": "c", "bfloat": "bf"}


class CheckpointError(RuntimeError):
    """The function of a checkpoint did not do the same when it was called again; or a saved tensor was asked for twice.

    >>> import leafgrad as torch
    >>> from leafgrad.utils.checkpoint import CheckpointError, checkpoint
    >>> calls = []
    >>> def changing(x):
    ...     calls.append(x)
    ...     return x.exp() if len(calls) == 1 else x + 1
    >>> y = checkpoint(changing, torch.ones(1, requires_grad=True), use_reentrant=False)
    >>> try:
    ...     y.backward()
    ... except CheckpointError as error:
    ...     print(str(error).splitlines()[0])
    torch.utils.checkpoint: A different number of tensors was saved during the original forward and recomputation.
    """


class OpLog(TorchDispatchMode):
    """Notes each op while it is open: `lines`, such as "$1: f32[3] = torch._ops.aten.sin.default($0)", and where it was called."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.places: list[str] = []
        self._numbers: dict[int, tuple[ref, int]] = {}
        self._next = itertools.count().__next__

    def __enter__(self) -> "OpLog":
        self.__init__()  # type: ignore[misc]  # of several runs the last counts
        return super().__enter__()

    def __torch_dispatch__(self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        kwargs = kwargs or {}
        given = [self._word(x) for x in args] + [f"{name}={self._word(x)}" for name, x in kwargs.items()]
        result = func(*args, **kwargs)
        outs = ", ".join(
            [self._typed(x) for x in (result if isinstance(result, tuple | list) else (result,))]
        )
        self.lines.append(f"{outs} = torch._ops.{func}({', '.join(given)})")
        self.places.append(_users())
        return result

    def _number(self, x: Tensor) -> str:
        known = self._numbers.get(id(x))
        if known is None or known[0]() is not x:
            known = self._numbers[id(x)] = ref(x), self._next()
        return f"${known[1]}"

    def _word(self, x: Any) -> str:
        if isinstance(x, Tensor):
            return self._number(x)
        if isinstance(x, tuple | list):
            return f"[{', '.join(map(self._word, x))}]"
        return repr(x)

    def _typed(self, x: Any) -> str:
        if not isinstance(x, Tensor):
            return repr(x)
        name = str(BY_NP[x._data.dtype]).removeprefix("torch.")
        letters = name.rstrip("0123456789")
        kind = "b8" if name == "bool" else _KINDS.get(letters, letters) + name.removeprefix(letters)
        return f"{self._number(x)}: {kind}[{', '.join(map(str, x._data.shape))}]"

    def stacks(self, title: str) -> str:
        """Each line with the lines of the program that led to it, the innermost first."""
        count = len(self.lines)
        pairs = enumerate(zip(self.lines, self.places, strict=True), 1)
        return "".join([f"{line}   ({i} of {count} in {title})\n\n{place}\n\n" for i, (line, place) in pairs])


def _users() -> str:
    """The lines of the program that are being run, outside of leafgrad."""
    found, frame = [], _getframe(2)
    while frame is not None:
        if not frame.f_code.co_filename.startswith(ROOT):
            found.append(describe((frame.f_code, frame.f_lasti)))
        frame = frame.f_back  # type: ignore[assignment]
    return "\n".join(found)


class Logs:
    """Those of both runs."""

    __slots__ = ("again", "forward")

    def __init__(self) -> None:
        self.forward, self.again = OpLog(), OpLog()

    def explain(self, error: CheckpointError) -> NoReturn:
        """Raise an error that shows them, caused by this one."""
        text = messages.CHECKPOINT_LOG.format(
            forward_traces=self.forward.stacks("original"), again_traces=self.again.stacks("recompute"),
            forward="\n".join(self.forward.lines), again="\n".join(self.again.lines),
        )  # fmt: skip
        raise CheckpointError(text) from error
