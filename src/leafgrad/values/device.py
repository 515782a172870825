"""Where and how a tensor is stored: device, layout, memory format.

There is one device, the CPU, and one layout, strided.  A device object of another kind can be made and
compared, as in torch; to put a tensor on it is refused, by `check`.
"""

from operator import index as as_index
from typing import Any

from ..base import messages

TYPES = (
    *(
        "cpu",
        "cuda",
        "ipu",
        "xpu",
        "mkldnn",
        "opengl",
        "opencl",
        "ideep",
        "hip",
        "ve",
        "fpga",
        "maia",
        "xla",
        "lazy",
    ),
    *("vulkan", "mps", "meta", "hpu", "mtia", "privateuseone"),
)
LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_")
DIGITS = frozenset("0123456789")


class device:
    """A device by its name, and an index where there are several of its kind.

    As a context manager it is the default device within.  RuntimeError for a name that torch does not know,
    TypeError for other arguments.

    >>> import leafgrad as torch
    >>> torch.device("cpu"), str(torch.device("cpu", 0)), torch.device("cpu:0").index
    (device(type='cpu'), 'cpu:0', 0)
    """

    __slots__ = ("type", "index")
    type: str
    index: int | None

    def __new__(cls, type: Any = None, index: int | None = None, *, device: Any = None) -> "device":
        first = type if device is None else device
        if isinstance(first, str):
            return _make(*_parse(first, index))
        if index is not None:
            raise TypeError(messages.DEVICE_TYPE.format(type=_kind(first)))
        if isinstance(first, cls):
            return first
        if hasattr(first, "__index__") and not isinstance(first, bool):
            raise RuntimeError(messages.DEVICE_NEGATIVE if as_index(first) < 0 else messages.NO_ACCELERATOR)
        raise TypeError(messages.DEVICE_ARGUMENTS.format(type=_kind(first)))

    def __init_subclass__(cls) -> None:
        raise TypeError(messages.NOT_A_BASE.format(kind="device"))

    def __setattr__(self, name: str, value: Any) -> None:
        text = messages.NOT_WRITABLE if name in ("type", "index") else messages.NO_ATTRIBUTE
        raise AttributeError(text.format(kind="device", name=name))

    def __delattr__(self, name: str) -> None:
        self.__setattr__(name, None)

    def __repr__(self) -> str:
        return (
            f"device(type={self.type!r})"
            if self.index is None
            else f"device(type={self.type!r}, index={self.index})"
        )

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, device):
            return NotImplemented
        return self.type == other.type and self.index == other.index

    def __hash__(self) -> int:
        return hash((self.type, self.index))

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, device):
            return NotImplemented
        raise TypeError(messages.DEVICE_ORDER)

    __le__ = __gt__ = __ge__ = __lt__

    def __reduce__(self) -> tuple:
        return device, (self.type,) if self.index is None else (self.type, self.index)

    def __enter__(self) -> "device":
        check(self, "device")
        return self

    def __exit__(self, *error: object) -> None:
        pass


def _make(kind: str, number: int | None) -> device:
    made = object.__new__(device)
    object.__setattr__(made, "type", kind)
    object.__setattr__(made, "index", number)
    return made


def _parse(text: str, given: Any) -> tuple[str, int | None]:
    """The type and index in a device string such as "cpu:0"; the index may have been given separately."""
    if not text:
        raise RuntimeError(messages.DEVICE_EMPTY)
    kind, colon, number = text.partition(":")
    canonical = number == "0" or (DIGITS.issuperset(number) and number[:1] not in ("", "0"))
    if not kind or not LETTERS.issuperset(kind) or (colon and not canonical):
        raise RuntimeError(messages.DEVICE_STRING.format(text=text))
    if kind not in TYPES:
        raise RuntimeError(messages.DEVICE_UNKNOWN.format(types=", ".join(TYPES), text=kind))
    if len(number) > 9:
        raise RuntimeError(messages.DEVICE_INDEX_SIZE.format(number=number, text=text))
    if given is None:
        return kind, int(number) if colon else None
    if colon:
        raise RuntimeError(messages.DEVICE_TWO_INDICES.format(text=text))
    if isinstance(given, bool) or not hasattr(given, "__index__"):
        raise TypeError(messages.DEVICE_INDEX.format(type=_kind(given)))
    if as_index(given) < 0:
        raise RuntimeError(messages.DEVICE_NEGATIVE)
    return kind, int(as_index(given))


def _kind(value: Any) -> str:
    kind = type(value)
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"


CPU = _make("cpu", None)


def check(d: Any, where: str, argument: str = "device") -> device:
    """The device on which a tensor asked for on `d` (None, a name or a device) is made: the CPU, or an error.

    `where` is the public function that was called.  As in torch, the index of a CPU is dropped.
    """
    if d is None:
        return CPU
    if type(d) is not device:
        if isinstance(d, bool) or not (isinstance(d, str) or hasattr(d, "__index__")):
            raise TypeError(messages.DEVICE_ARGUMENT.format(where=where, argument=argument, type=_kind(d)))
        d = device(d)
    if d.type == "cpu":
        return CPU
    if d.type in ("cuda", "xpu", "mtia"):
        raise AssertionError(messages.NOT_COMPILED.format(type=d.type.upper(), device=d))
    raise NotImplementedError(messages.NO_BACKEND.format(where=where, device=d))


class _Named:
    """One of a closed set of named objects: printed, pickled and compared as torch's."""

    __slots__ = ("name",)
    name: str

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        raise TypeError(messages.NOT_CONSTRUCTIBLE.format(kind=cls.__name__))

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(messages.NO_ATTRIBUTE.format(kind=type(self).__name__, name=name))

    def __delattr__(self, name: str) -> None:
        self.__setattr__(name, None)

    def __repr__(self) -> str:
        return "torch." + self.name

    def __reduce__(self) -> str:
        return self.name  # a name of this module


class layout(_Named):
    """How the elements lie in memory; there is `torch.strided`.

    >>> import leafgrad as torch
    >>> torch.ones(2).layout
    torch.strided
    """

    __slots__ = ()


class memory_format(_Named):
    """In which order the axes lie in memory: contiguous, preserved, or with the channels last.

    >>> import leafgrad as torch
    >>> torch.ones(1, 2, 3, 3).to(memory_format=torch.channels_last).stride()
    (18, 1, 6, 2)
    """

    __slots__ = ()


def _name(cls: type, name: str) -> Any:
    made: Any = object.__new__(cls)
    object.__setattr__(made, "name", name)
    return made


strided: layout = _name(layout, "strided")
contiguous_format: memory_format = _name(memory_format, "contiguous_format")
preserve_format: memory_format = _name(memory_format, "preserve_format")
channels_last: memory_format = _name(memory_format, "channels_last")
channels_last_3d: memory_format = _name(memory_format, "channels_last_3d")
