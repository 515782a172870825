"""Einstein summation: an equation of subscripts, carried out as a chain of batched matrix products."""

from math import prod
from typing import Any

from ..base import messages
from ..op.table import public
from ..tensor.tensor import Tensor
from .arguments import need_tensor
from .arithmetic import mul
from .matmul import bmm_of
from .reduce import sum_front as sum_of
from .views import diagonal, permute, reshape, unsqueeze

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
ELLIPSIS = "."  # in a parsed subscript; its dimensions get labels of their own


@public(method=False)
def einsum(*args: Any) -> Tensor:
    """Sums of products of tensors, as an equation of subscripts says: `einsum("bij,bjk->bik", x, y)`.

    A letter names a dimension; letters that the output lacks are summed over; without `->` the output has
    the letters that
    occur once, in alphabetical order; `...` stands for broadcast dimensions; a letter twice in one operand
    takes its diagonal.
    Also as `einsum(x, [0, 1], y, [1, 2], [0, 2])`.  Several operands are multiplied from left to right.

    RuntimeError, with torch's words, for an equation that does not fit its operands.

    >>> import leafgrad as torch
    >>> torch.einsum("ij,jk->ik", torch.ones(2, 3), torch.ones(3, 1))
    tensor([[3.],
            [3.]])
    """
    equation, operands = _read(args)
    if not operands:
        raise RuntimeError(messages.EINSUM_NONE)
    left, arrow, right = equation.partition("->")
    for i, c in enumerate(left):
        if c not in LETTERS and c not in ",.":
            raise RuntimeError(messages.EINSUM_LETTER.format(place=i))
    terms = left.split(",")
    if len(operands) > len(terms):
        raise RuntimeError(messages.EINSUM_MORE)
    if len(operands) < len(terms):
        raise RuntimeError(messages.EINSUM_FEWER)
    labels = [
        _labels(term, op._data.ndim, i) for i, (term, op) in enumerate(zip(terms, operands, strict=True))
    ]
    wide = max((sum(type(c) is int for c in each) for each in labels), default=0)
    output = _output(right, labels, wide) if arrow else _implicit(labels, wide)
    for c in output:
        if type(c) is str and not any(c in each for each in labels):
            raise RuntimeError(messages.EINSUM_UNKNOWN.format(label=c))
    summed = []
    for c in [c for each in labels for c in each]:
        if c not in output and c not in summed:
            summed.append(c)
    order = [*output, *summed]
    sizes: dict[Any, int] = {}
    aligned = [
        _align(op, each, order, sizes, i) for i, (op, each) in enumerate(zip(operands, labels, strict=True))
    ]
    return _contract(aligned, len(output), len(order))


# --- reading ---


def _read(args: tuple) -> tuple[str, list[Tensor]]:
    """The equation and the operands; lists of numbers become letters."""
    if len(args) < 2:
        raise ValueError(messages.EINSUM_ARGUMENTS)
    if isinstance(args[0], str):
        operands = list(args[1:])
        if len(operands) == 1 and isinstance(operands[0], list | tuple):
            operands = list(operands[0])
        equation = args[0].replace(" ", "")
    else:
        operands = list(args[0 : len(args) // 2 * 2 : 2])
        equation = ",".join(_letters(subscript) for subscript in args[1::2])
        if len(args) % 2:
            equation += "->" + _letters(args[-1])
    for i, op in enumerate(operands):
        need_tensor("einsum", op, "operands", i + 2)
    return equation, operands


def _letters(subscript: Any) -> str:
    out = ""
    for s in subscript:
        if s is Ellipsis:
            out += "..."
        elif 0 <= s < 52:
            out += LETTERS[s]
        else:
            raise ValueError(messages.EINSUM_RANGE)
    return out


def _labels(term: str, ndim: int, place: int) -> list[Any]:
    """The label of each dimension: a letter, or, for those of the ellipsis, a number counted from the last
    (-1)."""
    given = term.replace("...", ELLIPSIS)
    if given.count(ELLIPSIS) > 1:
        raise RuntimeError(messages.EINSUM_ELLIPSES.format(place=place))
    named = len(given) - given.count(ELLIPSIS)
    if ELLIPSIS in given:
        if named > ndim:
            raise RuntimeError(messages.EINSUM_TOO_MANY.format(count=named, ndim=ndim, place=place))
        count = ndim - named
        return [x for c in given for x in (range(-count, 0) if c == ELLIPSIS else (c,))]
    if named != ndim:
        raise RuntimeError(messages.EINSUM_COUNT.format(count=named, ndim=ndim, place=place))
    return list(given)


def _output(right: str, labels: list, wide: int) -> list[Any]:
    given = right.replace("...", ELLIPSIS)
    for c in given:
        if c not in LETTERS and c != ELLIPSIS:
            raise RuntimeError(messages.EINSUM_LETTER_OUTPUT.format(char=c))
        if given.count(c) > 1:
            text = messages.EINSUM_ELLIPSES_OUTPUT if c == ELLIPSIS else messages.EINSUM_TWICE.format(label=c)
            raise RuntimeError(text)
    return [x for c in given for x in (range(-wide, 0) if c == ELLIPSIS else (c,))]


def _implicit(labels: list, wide: int) -> list[Any]:
    letters = [c for each in labels for c in each if type(c) is str]
    return [*range(-wide, 0), *sorted((c for c in set(letters) if letters.count(c) == 1), key=LETTERS.index)]


# --- computing ---


def _align(x: Tensor, labels: list, order: list, sizes: dict, place: int) -> Tensor:
    """The operand with one dimension for each label of the equation, of size 1 where it has none; repeated
    ones as diagonals."""
    labels = list(labels)
    for label in sorted({c for c in labels if labels.count(c) > 1}, key=order.index):
        while labels.count(label) > 1:
            i = labels.index(label)
            j = labels.index(label, i + 1)
            if x._data.shape[i] != x._data.shape[j]:
                raise RuntimeError(
                    messages.EINSUM_REPEATED.format(
                        label=label, place=place, a=x._data.shape[j], b=x._data.shape[i]
                    )
                )
            x = diagonal(x, 0, i, j)
            last = x._data.ndim - 1
            x = permute(x, (*range(i), last, *range(i, last)))
            labels.pop(j)
    for c, n in zip(labels, x._data.shape, strict=True):
        seen = sizes.get(c, 1)
        if n != seen and n != 1 and seen != 1:
            shown = "" if type(c) is int else c
            raise RuntimeError(messages.EINSUM_SIZE.format(label=shown, n=n, place=place, seen=seen))
        sizes[c] = n if seen == 1 else seen
    for c in order:
        if c not in labels:
            x = unsqueeze(x, x._data.ndim)
            labels.append(c)
    return permute(x, tuple([labels.index(c) for c in order]))


def _contract(operands: list[Tensor], kept: int, count: int) -> Tensor:
    """The product of aligned operands, summed over every dimension from `kept` on."""
    result = operands[0]
    if len(operands) == 1:
        return sum_of(result, list(range(kept, count))) if count > kept else result
    for i, op in enumerate(operands[1:], 1):
        last = [d for d in range(kept, count) if all(o._data.shape[d] == 1 for o in operands[i + 1 :])]
        here = [d for d in last if result._data.shape[d] != 1 or op._data.shape[d] != 1]
        result = _pair(result, op, here)
    shape = result._data.shape
    left = [d for d in range(kept, count) if shape[d] != 1]
    if left:
        result = sum_of(result, left, True)
    return reshape(result, result._data.shape[:kept]) if count > kept else result


def _pair(a: Tensor, b: Tensor, summed: list[int]) -> Tensor:
    """a * b summed (keeping the dimensions) over `summed`, as one batched matrix product where there is
    something to sum."""
    alone_a = [d for d in summed if b._data.shape[d] == 1]
    alone_b = [d for d in summed if a._data.shape[d] == 1]
    a = sum_of(a, alone_a, True) if alone_a else a
    b = sum_of(b, alone_b, True) if alone_b else b
    both = [d for d in summed if d not in alone_a and d not in alone_b]
    if not both:
        return mul(a, b)
    n, x, y = a._data.ndim, a._data.shape, b._data.shape
    batch = [d for d in range(n) if d not in both and x[d] != 1 and y[d] != 1]
    only_a = [d for d in range(n) if d not in both and x[d] != 1 and y[d] == 1]
    only_b = [d for d in range(n) if d not in both and x[d] == 1 and y[d] != 1]
    none = [d for d in range(n) if d not in both and x[d] == 1 and y[d] == 1]
    size = prod(x[d] for d in both)
    left = reshape(
        permute(a, (*batch, *only_a, *both, *only_b, *none)),
        (prod(x[d] for d in batch), prod(x[d] for d in only_a), size),
    )
    right = reshape(
        permute(b, (*batch, *both, *only_b, *only_a, *none)),
        (left._data.shape[0], size, prod(y[d] for d in only_b)),
    )
    order = [*batch, *only_a, *both, *only_b, *none]
    shape = [x[d] if d in batch or d in only_a else y[d] if d in only_b else 1 for d in order]
    return permute(reshape(bmm_of(left, right), tuple(shape)), tuple(order.index(d) for d in range(n)))
