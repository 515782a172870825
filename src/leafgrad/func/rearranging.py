"""rearrange: dimensions split, joined and put in another order, as a pattern says (the notation of einops, A. Rogozhnikov 2022)."""

from keyword import iskeyword
from typing import Any

from ..base import messages
from ..base.where import warn
from ..ops.join import stack_front as stack
from ..ops.views import permute, reshape
from ..tensor.tensor import Tensor

REST = "…"  # what `...` is replaced by, to be one character


def rearrange(
    tensor: Tensor | list[Tensor] | tuple[Tensor, ...], pattern: str, **axes_lengths: int
) -> Tensor:
    """The tensor (or several, stacked), its dimensions in the order and the groups of the pattern's right side.

    A name is a dimension; names in parentheses are one that is split (on the left) or joined (on the right); 1 has size one;
    `...` are all others.  axes_lengths: sizes of names in a split; one of each may be left out.

    Raises ValueError for patterns that mean nothing, or do not fit the tensor; TypeError for sizes that are no integers.

    >>> import leafgrad as torch
    >>> x = torch.arange(24).view(2, 3, 4)
    >>> torch.func.rearrange(x, "a b (h w) -> (a h) w b", h=2).shape
    torch.Size([4, 2, 3])
    """
    if not isinstance(tensor, Tensor):
        tensor = stack(tensor)
    left, right = _sides(pattern)
    _check(left, right, pattern, axes_lengths)
    shape = tensor._data.shape
    if REST in left:
        if len(left) - 1 > len(shape):
            raise ValueError(messages.REARRANGE_MOST.format(pattern=len(left) - 1, tensor=len(shape)))
    elif len(left) != len(shape):
        raise ValueError(messages.REARRANGE_NDIM.format(pattern=len(left), tensor=len(shape)))
    rest = [f"{REST}{i}" for i in range(len(shape) - len(left) + 1)] if REST in left else []
    left, right = _spread(left, rest, False), _spread(right, rest, True)
    sizes: dict[str, int] = {}
    for names, size in zip(left, shape, strict=True):
        _split(names, size, axes_lengths, sizes)
    flat = [name for names in left for name in names]
    order = tuple([flat.index(name) for names in right for name in names])
    tensor = permute(reshape(tensor, tuple([sizes[name] for name in flat])), order)
    return reshape(tensor, tuple([_product(sizes[name] for name in names) for names in right]))


def _product(sizes: Any) -> int:
    total = 1
    for size in sizes:
        total *= size
    return total


def _sides(pattern: str) -> tuple[list, list]:
    """The dimensions of either side: lists of names, and REST."""
    sides = pattern.split("->")
    if len(sides) != 2:
        raise ValueError(messages.REARRANGE_ARROW)
    left, right = map(_parsed, sides)
    return left, right


def _parsed(side: str) -> list:
    text = side
    if "." in text:
        if "..." not in text:
            raise ValueError(messages.REARRANGE_DOTS)
        if text.count("...") != 1 or text.count(".") != 3:
            raise ValueError(messages.REARRANGE_ELLIPSES)
        text = text.replace("...", REST)
    found: list = []
    group: list | None = None  # that of the parenthesis that is open
    seen: set[str] = set()
    name = ""
    for char in text + " ":
        if char in "() ":
            if name:
                item = _name(name, seen)
                if group is not None:
                    group += [] if item == "1" else [item]
                else:
                    found.append([] if item == "1" else item if item == REST else [item])
            name = ""
            if char == "(":
                if group is not None:
                    raise ValueError(messages.REARRANGE_NESTED)
                group = []
            elif char == ")":
                if group is None:
                    raise ValueError(messages.REARRANGE_BRACKETS)
                found.append(group)
                group = None
        elif char.isalnum() or char in "_" + REST:
            name += char
        else:
            raise ValueError(messages.REARRANGE_CHARACTER.format(char=char))
    if group is not None:
        raise ValueError(messages.REARRANGE_OPEN.format(side=side))
    return found


def _name(name: str, seen: set[str]) -> str:
    if name == "1":
        return name
    if name in seen:
        raise ValueError(messages.REARRANGE_TWICE.format(name=name))
    seen.add(name)
    if name == REST:
        return name
    if name.isdecimal():
        raise ValueError(messages.REARRANGE_NUMBER)
    if not name.isidentifier():
        raise ValueError(messages.REARRANGE_IDENTIFIER.format(name=name))
    if name.startswith("_") or name.endswith("_"):
        raise ValueError(messages.REARRANGE_UNDERSCORE.format(name=name))
    if iskeyword(name):
        warn(messages.REARRANGE_KEYWORD.format(name=name), RuntimeWarning)
    if name == "axis":
        warn(messages.REARRANGE_AXIS, FutureWarning)
    return name


def _check(left: list, right: list, pattern: str, lengths: dict) -> None:
    named = [{n for item in side for n in ([item] if item == REST else item)} for side in (left, right)]
    if REST in named[1] and REST not in named[0]:
        raise ValueError(messages.REARRANGE_NEW_ELLIPSIS.format(pattern=pattern))
    if any(item != REST and REST in item for item in left):
        raise ValueError(messages.REARRANGE_SPLIT_ELLIPSIS.format(pattern=pattern))
    for size in lengths.values():
        if not isinstance(size, int):
            raise TypeError(messages.REARRANGE_LENGTH.format(type=type(size)))
    difference = named[0] ^ named[1]
    if difference:
        raise ValueError(messages.REARRANGE_ONE_SIDE.format(names=_set(difference)))
    unknown = set(lengths) - named[0]
    if unknown:
        raise ValueError(messages.REARRANGE_UNKNOWN.format(names=_set(unknown)))


def _set(names: set[str]) -> str:
    return "{" + ", ".join(map(repr, sorted(names))) + "}"


def _spread(side: list, rest: list[str], joined: bool) -> list[list[str]]:
    """A side with the names of all dimensions that REST stands for; in a group (`joined`) they are part of it."""
    out: list[list[str]] = []
    for item in side:
        if item == REST:
            out += [[name] for name in rest]
        elif joined and REST in item:
            at = item.index(REST)
            out.append([*item[:at], *rest, *item[at + 1 :]])
        else:
            out.append(item)
    return out


def _split(names: list[str], size: int, lengths: dict, sizes: dict) -> None:
    """Note the sizes of the names that one dimension is split into."""
    unknown = [name for name in names if name not in lengths]
    known = _product(lengths[name] for name in names if name in lengths)
    if len(unknown) > 1:
        raise ValueError(messages.REARRANGE_INFER.format(names=", ".join(unknown[:2])))
    if unknown and (not known or size % known):
        raise ValueError(messages.REARRANGE_UNEVEN.format(size=size, known=known))
    if not unknown and known != size:
        raise ValueError(messages.REARRANGE_SIZE.format(size=size, known=known))
    sizes.update({name: lengths.get(name, size // known if known else 0) for name in names})
