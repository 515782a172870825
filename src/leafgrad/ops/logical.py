"""Logic on truth values, and on the bits of integers."""

from collections.abc import Callable

from ..base import messages
from ..op.table import expose
from ..tensor.elementwise import BOOL
from ..tensor.kinds import binary, unary
from ..tensor.tensor import Tensor
from ..values import kernels as k
from .division import NUMBER_FIRST

# --- truth values ---


def _logical(name: str, kernel: Callable, doc: str) -> Callable:
    op = binary(name, kernel, to=BOOL, numbers=(), doc=doc)
    expose(op.op.public, name, inplace=True)
    return op


logical_and = _logical(
    "logical_and", k.logical_and,
    """Where both elements are true (not zero).

    >>> import leafgrad as torch
    >>> torch.logical_and(torch.tensor([1, 1, 0]), torch.tensor([2, 0, 0]))
    tensor([ True, False, False])
    """,
)  # fmt: skip
logical_or = _logical(
    "logical_or", k.logical_or,
    """Where at least one of two elements is true (not zero).

    >>> import leafgrad as torch
    >>> torch.logical_or(torch.tensor([1, 1, 0]), torch.tensor([2, 0, 0]))
    tensor([ True,  True, False])
    """,
)  # fmt: skip
logical_xor = _logical(
    "logical_xor", k.logical_xor,
    """Where exactly one of two elements is true (not zero).

    >>> import leafgrad as torch
    >>> torch.logical_xor(torch.tensor([1, 1, 0]), torch.tensor([2, 0, 0]))
    tensor([False,  True, False])
    """,
)  # fmt: skip
logical_not = unary(
    "logical_not", k.logical_not, to=BOOL,
    doc="""Where an element is false (zero).

    >>> import leafgrad as torch
    >>> torch.logical_not(torch.tensor([0, 1, 2]))
    tensor([ True, False, False])
    """,
)  # fmt: skip
expose(logical_not.op.public, "logical_not", inplace=True)


# --- bits ---

bitwise_not = unary(
    "bitwise_not", k.bitwise_not, refuses={"fVc": "bitwise_not_cpu"},
    doc="""Every bit inverted; of booleans, not.

    >>> import leafgrad as torch
    >>> torch.bitwise_not(torch.tensor([0, 5]))
    tensor([-1, -6])
    """,
)  # fmt: skip
expose(bitwise_not.op.public, "bitwise_not", inplace=True)


def _invert(self: Tensor) -> Tensor:
    """`~`: bitwise_not of integers and booleans; TypeError for others."""
    if self._data.dtype.kind not in "iub":
        raise TypeError(messages.INVERT)
    return bitwise_not.op.public(self)


expose(_invert, "invert", torch=False, method=False, operator="invert")


def _bitwise(
    name: str, kernel: Callable, label: str, operator: str, symbol: str, example: str, refuses: str = "fVc"
) -> Callable:
    op = binary(
        name, kernel, numbers=("self", "other"), refuses={refuses: label}, signatures=NUMBER_FIRST,
        doc=f"""input {symbol} other on the bits of integers or on booleans; one of them may be a number.

        >>> import leafgrad as torch
        >>> torch.{name}(torch.tensor([1, 2, 3]), 2)
        tensor([{example}])
        """,
    )  # fmt: skip
    expose(op.op.public, name, inplace=True, operator=operator, row=op.op)
    return op


bitwise_and = _bitwise("bitwise_and", k.bitwise_and, "bitwise_and_cpu", "and", "&", "0, 2, 2")
bitwise_or = _bitwise("bitwise_or", k.bitwise_or, "bitwise_or_cpu", "or", "|", "3, 2, 3")
bitwise_xor = _bitwise("bitwise_xor", k.bitwise_xor, "bitwise_xor_cpu", "xor", "^", "3, 0, 1")
bitwise_left_shift = _bitwise(
    "bitwise_left_shift", k.left_shift, "lshift_cpu", "lshift", "<<", " 4,  8, 12", refuses="bfVc"
)
bitwise_right_shift = _bitwise(
    "bitwise_right_shift", k.right_shift, "rshift_cpu", "rshift", ">>", "0, 0, 0", refuses="bfVc"
)

# --- divisors ---


def _magnitude(name: str, kernel: Callable, doc: str) -> None:
    op = binary(name, kernel, numbers=(), refuses={"bfVc": f"{name}_cpu"}, doc=doc)
    expose(op.op.public, name, inplace=True)


_magnitude(
    "gcd", k.gcd,
    """The greatest common divisor, not negative; gcd(0, 0) is 0.

    >>> import leafgrad as torch
    >>> torch.gcd(torch.tensor([12, -18]), torch.tensor([8]))
    tensor([4, 2])
    """,
)  # fmt: skip
_magnitude(
    "lcm", k.lcm,
    """The least common multiple, not negative.

    >>> import leafgrad as torch
    >>> torch.lcm(torch.tensor([4, -6]), torch.tensor([6]))
    tensor([12,  6])
    """,
)  # fmt: skip
