"""torch.Size: the shape of a tensor, a tuple whose slices, sums and multiples are shapes again."""

from math import prod
from operator import index
from typing import Any

from ..base import messages


class Size(tuple):
    """A tuple of integers: a tensor's shape.  TypeError if an item of the iterable is no integer.

    >>> import leafgrad as torch
    >>> torch.Size([2, 3])[1:] + (4,)
    torch.Size([3, 4])
    """

    __slots__ = ()

    def __new__(cls, *args: Any, **kwargs: Any) -> "Size":
        items = tuple(*args, **kwargs)
        for item in items:
            if type(item) is not int:
                items = _integers(items)
                break
        return tuple.__new__(cls, items)

    def numel(self) -> int:
        """The number of elements of a tensor of this shape.

        >>> import leafgrad as torch
        >>> torch.Size([2, 3]).numel()
        6
        """
        return prod(self)

    def __getitem__(self, key: Any) -> Any:
        part = tuple.__getitem__(self, key)
        return of(part) if type(part) is tuple else part

    def __add__(self, other: Any) -> "Size":
        if not isinstance(other, tuple):
            raise TypeError(messages.SIZE_CONCATENATE.format(type=type(other).__name__))
        return Size(tuple.__add__(self, other))

    def __radd__(self, other: Any) -> Any:
        return Size(other + tuple(self)) if isinstance(other, tuple) else NotImplemented

    def __mul__(self, times: Any) -> Any:
        return of(tuple(self) * times)

    __rmul__ = __mul__

    def __repr__(self) -> str:
        return f"torch.Size({list(self)})"

    def __reduce__(self) -> tuple:
        return Size, (tuple(self),)


class _Sizes(dict[tuple, Size]):
    """Shapes repeat, so each is made once: to look one up costs a third of making it.

    Bounded, for the sake of programs whose shapes do not repeat.
    """

    def __missing__(self, shape: tuple) -> Size:
        if len(self) >= 4096:
            self.clear()
        size = self[shape] = tuple.__new__(Size, shape)
        return size


of = _Sizes().__getitem__  # the Size of a tuple that is known to hold plain ints, such as an array's shape


def _integers(items: tuple) -> tuple[int, ...]:
    """The items as plain ints, which a bool, a NumPy integer or a tensor may stand for; or a TypeError."""
    plain = []
    for i, item in enumerate(items):
        try:
            plain.append(int(index(item)))
        except TypeError as error:
            raise TypeError(messages.SIZE_ITEM.format(i=i, type=type(item).__name__)) from error
    return tuple(plain)
