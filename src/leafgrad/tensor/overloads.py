"""Ops as objects with torch's names: `aten.mul.Tensor`, and those that users define.

They are what `__torch_dispatch__` gets as `func`, and what `torch.ops.<namespace>.<name>` gives.  An `OpOverload` is one op and the way it
is called (`add.Tensor`, `add_.Tensor`, `add.out`); the packet `aten.add` is all of them.  torch's words for the ways are kept for
regular ops; where leafgrad has another op than torch it has its own name, and `default`.
"""

from collections.abc import Callable, Sequence
from typing import Any

from ..base import messages
from ..base.state import state
from ..op.record import REGISTRY, Op
from ..op.table import FUNCTIONS, METHODS, SPACES
from .call import apply
from .elementwise import elementwise
from .packing import bare
from .tensor import Tensor
from .view import turn
from .write import INPLACE, inplace, into

# The word after the dot, where it is not "default".  A pair: for a number as the other operand, for a tensor.
_BINARY = dict.fromkeys(["add", "sub", "mul", "div", "true_divide"], ("Tensor", "Tensor"))
for _name in (
    "eq",
    "ne",
    "lt",
    "le",
    "gt",
    "ge",
    "remainder",
    "fmod",
    "bitwise_and",
    "bitwise_or",
    "bitwise_xor",
    "rsub",
):
    _BINARY[_name] = ("Scalar", "Tensor")
_BINARY["pow"] = ("Tensor_Scalar", "Tensor_Tensor")
_WORDS = {
    "select": "int", "transpose": "int", "slice": "Tensor", "index": "Tensor", "unbind": "int", "split": "Tensor", "where": "self",
    "std": "correction", "var": "correction",
}  # fmt: skip
_FILLS = {"fill": 2, "masked_fill": 3}  # how many inputs there are if the value is a tensor
_DIMS = {
    "sum": "dim_IntList",
    "mean": "dim",
    "max": "dim",
    "min": "dim",
    "prod": "dim_int",
    "any": "dim",
    "all": "dim",
}


def _ways() -> set[str]:
    """All words after the dot."""
    binary = {word for words in _BINARY.values() for word in words}
    return {"default", "out", "Tensor", "Scalar", *binary, *_WORDS.values(), *_DIMS.values()}


class OpOverloadPacket:
    """All ways to call one op; calling it takes that which fits."""

    def __init__(self, namespace: str, name: str) -> None:
        self.namespace, self.__name__ = namespace, name
        self._found: dict[str, OpOverload] = {}

    def __repr__(self) -> str:
        return f"<OpOverloadPacket(op='{self.namespace}.{self.__name__}')>"

    def __str__(self) -> str:
        return f"{self.namespace}.{self.__name__}"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.default(*args, **kwargs)

    def __getattr__(self, word: str) -> Any:
        if word.startswith("__"):
            raise AttributeError(word)
        try:
            return self._found[word]
        except KeyError:
            if self.namespace != "aten" or word not in _ways():
                raise AttributeError(messages.NO_OVERLOAD.format(packet=str(self), word=word)) from None
            return self.overload(word)

    def overload(self, word: str) -> "OpOverload":
        """The way of that name, made when it is first asked for."""
        found = self._found.get(word)
        if found is None:
            found = self._found[word] = OpOverload(self, word)
        return found

    def overloads(self) -> list[str]:
        """The names of the ways that are known."""
        return list(self._found)


class OpOverload:
    """One op and one way to call it.

    >>> import leafgrad as torch
    >>> torch.ops.aten.mul.Tensor, torch.ops.aten.mul.Tensor(torch.ones(2), 3)
    (<OpOverload(op='aten.mul', overload='Tensor')>, tensor([3., 3.]))
    """

    def __init__(self, packet: OpOverloadPacket, word: str, function: Callable | None = None) -> None:
        self.overloadpacket, self._overloadname, self.function = packet, word, function
        self.calls: dict[
            int, _Call
        ] = {}  # those of ours that handlers have been shown as this, by how many arguments they have
        self._opname, self.namespace = packet.__name__, packet.namespace
        self.__name__ = f"{packet.__name__}.{word}"

    def __repr__(self) -> str:
        return f"<OpOverload(op='{self.overloadpacket}', overload='{self._overloadname}')>"

    def __str__(self) -> str:
        return f"{self.overloadpacket}.{self._overloadname}"

    def name(self) -> str:
        """`aten::mul.Tensor`."""
        name = f"{self.namespace}::{self._opname}"
        return name if self._overloadname == "default" else f"{name}.{self._overloadname}"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        asked = state.asked
        if asked is not None and asked.func is self:
            return asked(*args, **kwargs)
        return self.perform(*args, **kwargs)

    def perform(self, *args: Any, **kwargs: Any) -> Any:
        """Do the op."""
        if self.function is not None:
            return self.function(*args, **kwargs)
        call = next((call for call in self.calls.values() if call.takes(args, kwargs)), None)
        return (call or _public(self._opname))(*args, **kwargs)

    def redispatch(self, *args: Any, **kwargs: Any) -> Any:
        """The same."""
        return self(*args, **kwargs)


def _public(name: str) -> Callable:
    """The public function behind an op's name."""
    for table in (FUNCTIONS, SPACES["nn.functional"], METHODS, vars(Tensor)):
        if name in table:
            return table[name]
    if name in REGISTRY:
        return REGISTRY[name].public
    raise AttributeError(messages.NO_OP.format(namespace="aten", name=name))


class Namespace:
    """`torch.ops.<name>`: the ops of one namespace."""

    def __init__(self, name: str) -> None:
        self.__name__ = name
        self._packets: dict[str, OpOverloadPacket] = {}

    def __repr__(self) -> str:
        return f"<leafgrad.ops.{self.__name__}>"

    def __getattr__(self, name: str) -> OpOverloadPacket:
        if name.startswith("__"):
            raise AttributeError(name)
        found = self._packets.get(name)
        if found is None:
            if self.__name__ != "aten":
                raise AttributeError(messages.NO_OP.format(namespace=self.__name__, name=name))
            base = name.removesuffix("_") if name not in REGISTRY else name
            if base not in REGISTRY:
                _public(name)
            found = self.packet(name)
        return found

    def packet(self, name: str) -> OpOverloadPacket:
        """The packet of that name, made if there is none."""
        return self._packets.setdefault(name, OpOverloadPacket(self.__name__, name))


NAMESPACES: dict[str, Namespace] = {}


def namespace(name: str) -> Namespace:
    """The namespace of that name, made if there is none."""
    return NAMESPACES.setdefault(name, Namespace(name))


aten = namespace("aten")


# --- a call of one of our ops in torch's words ---


def overload_of(op: Op, inputs: Sequence, params: tuple, out: Any) -> OpOverload:
    """The overload that a call of an op is."""
    name = op.name + "_" * (out is INPLACE and not op.name.endswith("_"))
    return aten.packet(name).overload(_word(op, inputs, params, out))


def _word(op: Op, inputs: Sequence, params: tuple, out: Any) -> str:
    if out is not None and out is not INPLACE:
        return "out"
    name = op.name.removesuffix("_")
    if name in _BINARY:
        if "self" not in op.inputs or not isinstance(inputs[0], Tensor):
            return "Scalar"
        return _BINARY[name][len(inputs) > 1 and isinstance(inputs[1], Tensor)]
    if name in _FILLS:
        return "Tensor" if len(inputs) == _FILLS[name] and isinstance(inputs[-1], Tensor) else "Scalar"
    if name in _DIMS:
        return _DIMS[name] if params and params[0] is not None else "default"
    return _WORDS.get(name, "default")


def shown_as(op: Op, inputs: Sequence, params: tuple, out: Any) -> tuple[OpOverload, tuple, dict]:
    """A call as a handler gets it: the overload, its arguments (inputs, any number of them as one list; then params), what is named.

    From then on the overload takes arguments like these.
    """
    first = (list(inputs),) if not op.inputs else tuple(inputs)
    args = tuple([list(a) if type(a) is tuple else a for a in (*first, *params)])
    full = len(args)
    while args and args[-1] is None:
        args = args[:-1]
    func = overload_of(op, inputs, params, out)
    if full not in func.calls:
        func.calls[full] = _Call(op, out is INPLACE)
    func.calls[full].lengths.add(len(args))
    return func, args, {} if out is None or out is INPLACE else {"out": out}


class _Call:
    """Calls an op with arguments as `shown_as` gives them."""

    __slots__ = ("inplace", "lengths", "op")

    def __init__(self, op: Op, inplace: bool) -> None:
        self.op, self.inplace = op, inplace
        self.lengths: set[int] = set()  # how many arguments handlers have been shown

    def takes(self, args: tuple, kwargs: dict) -> bool:
        """Whether these are arguments as handlers are shown them; else they are those of the public function."""
        op = self.op
        if len(args) + len(kwargs) - ("out" in kwargs) not in self.lengths:
            return False
        if any(name not in op.inputs and name not in op.params for name in kwargs if name != "out"):
            return False
        inputs = len(op.inputs) or 1
        return op.elementwise or not (
            any(isinstance(a, int | float | str) for a in args[:inputs])
            or any(isinstance(a, Tensor) for a in args[inputs:])
        )

    def __call__(self, *args: Any, out: Any = None, **kwargs: Any) -> Any:
        op = self.op
        if kwargs:
            args = (
                *args,
                *[kwargs[name] for name in (*op.inputs, *op.params)[len(args) :] if name in kwargs],
            )
        if op.inputs:
            args = (*args, *(None,) * (len(op.inputs) + len(op.params) - len(args)))
            inputs, params = args[: len(op.inputs)], args[len(op.inputs) :]
        else:
            args = (*args, *(None,) * (1 + len(op.params) - len(args)))
            inputs, params = tuple(args[0]), args[1:]
        inputs, params = map(_tuples, (inputs, params))
        return perform(op, inputs, params, INPLACE if self.inplace else out)


def _tuples(args: tuple) -> tuple:
    return tuple([tuple(a) if type(a) is list else a for a in args])


def perform(op: Op, inputs: Sequence, params: tuple, out: Any = None) -> Any:
    """The call of an op: its result, or what was written."""
    if op.name in ("detach", "_local_scalar_dense"):
        return inputs[0].detach() if op.name == "detach" else inputs[0].item()
    if op.elementwise:
        return elementwise(op, tuple(inputs), params, out)
    values = tuple(map(bare, inputs))
    if out is None:
        return apply(op, inputs, params, values)
    if out is INPLACE:
        return turn(inputs[0], op, params) if op.view else inplace(op, inputs, params, values)
    return into(out, op, inputs, params, values)
