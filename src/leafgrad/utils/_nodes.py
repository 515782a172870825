"""Which types are containers, and how each is taken apart and put together: the registry of pytree nodes.

A container's flatten function gives its children and a context; children and context make it again.
"""

from _thread import RLock
from collections import OrderedDict, defaultdict, deque, namedtuple
from collections.abc import Callable, Iterable
from typing import Any

from ..base import messages
from ..base.where import warn
from ..values import return_types
from ..values.return_types import StructSequence
from ..values.size import Size

Context = Any
PyTree = Any
DumpableContext = Any  # what json can write
FlattenFn = Callable[[PyTree], tuple[list[Any], Context]]
UnflattenFn = Callable[[Iterable[Any], Context], PyTree]
ToDumpableContextFn = Callable[[Context], DumpableContext]
FromDumpableContextFn = Callable[[DumpableContext], Context]
FlattenWithKeysFn = Callable[[PyTree], tuple[list[tuple[Any, Any]], Context]]

NO_SERIALIZED_TYPE_NAME_FOUND = "NO_SERIALIZED_TYPE_NAME_FOUND"


class Frozen:
    """A record whose fields (`__slots__`, in order) are given once; as a frozen dataclass, which is slow to import."""

    __slots__ = ()

    def __setattr__(self, name: str, value: object) -> None:
        from dataclasses import FrozenInstanceError

        raise FrozenInstanceError(messages.TREE_FROZEN_SET.format(name=name))

    def __delattr__(self, name: str) -> None:
        from dataclasses import FrozenInstanceError

        raise FrozenInstanceError(messages.TREE_FROZEN_DELETE.format(name=name))


class One(Frozen):
    """A frozen record of one field, which is equal to another of its class when the fields are."""

    __slots__: tuple[str, ...] = ()

    def __init__(self, value: Any) -> None:
        object.__setattr__(self, self.__slots__[0], value)

    def _value(self) -> Any:
        return getattr(self, self.__slots__[0])

    def __eq__(self, other: object) -> bool:
        return self._value() == other._value() if type(other) is type(self) else NotImplemented

    def __hash__(self) -> int:
        return hash((self._value(),))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.__slots__[0]}={self._value()!r})"

    def __reduce__(self) -> tuple:
        return type(self), (self._value(),)


class KeyEntry:
    """One step of a key path: `get(parent)` is the child, and `str` shows the step.  Keys of your own need not derive from it."""

    __slots__ = ()

    def get(self, parent: Any) -> Any:
        """The child of `parent` at this key."""
        raise NotImplementedError


class SequenceKey(One, KeyEntry):
    """The place in a list, tuple or deque."""

    __slots__ = ("idx",)
    __match_args__ = ("idx",)
    idx: int

    def __init__(self, idx: int) -> None:
        super().__init__(idx)

    def __str__(self) -> str:
        return f"[{self.idx!r}]"

    def get(self, sequence: Any) -> Any:
        """The child of `sequence` at this place."""
        return sequence[self.idx]


class MappingKey(One, KeyEntry):
    """The key in a mapping."""

    __slots__ = ("key",)
    __match_args__ = ("key",)
    key: Any

    def __init__(self, key: Any) -> None:
        super().__init__(key)

    def __str__(self) -> str:
        return f"[{self.key!r}]"

    def get(self, mapping: Any) -> Any:
        """The child of `mapping` at this key."""
        return mapping[self.key]


class GetAttrKey(One, KeyEntry):
    """The name of an attribute."""

    __slots__ = ("name",)
    __match_args__ = ("name",)
    name: str

    def __init__(self, name: str) -> None:
        super().__init__(name)

    def __str__(self) -> str:
        return f".{self.name}"

    def get(self, obj: Any) -> Any:
        """The attribute of `obj` of this name."""
        return getattr(obj, self.name)


KeyPath = tuple[KeyEntry, ...]


class NodeDef:
    """How the containers of one type are taken apart and made."""

    __slots__ = ("flatten_fn", "flatten_with_keys_fn", "kind", "type", "unflatten_fn")

    def __init__(
        self, cls: Any, flatten: FlattenFn, unflatten: UnflattenFn, with_keys: FlattenWithKeysFn | None
    ) -> None:
        self.type, self.flatten_fn, self.unflatten_fn, self.flatten_with_keys_fn = (
            cls,
            flatten,
            unflatten,
            with_keys,
        )
        # Every namedtuple has the structure of a `namedtuple`, whatever its own class registered.
        self.kind: Any = namedtuple if is_namedtuple_class(cls) else cls


class SerializeNodeDef:
    """How the structure of the containers of one type is written as text."""

    __slots__ = ("from_dumpable_context", "serialized_type_name", "to_dumpable_context", "typ")

    def __init__(
        self, cls: Any, name: str, write: ToDumpableContextFn | None, read: FromDumpableContextFn | None
    ) -> None:
        self.typ, self.serialized_type_name = cls, name
        self.to_dumpable_context, self.from_dumpable_context = write, read


SUPPORTED_NODES: dict[Any, NodeDef] = {}
SUPPORTED_SERIALIZED_TYPES: dict[Any, SerializeNodeDef] = {}
SERIALIZED_TYPE_TO_PYTHON_TYPE: dict[str, Any] = {}
CONSTANT_NODES: set[type] = set()
_lock = RLock()


def node_of(tree: Any) -> NodeDef | None:
    """How `tree` is taken apart; None for a leaf.  All named tuples are containers without being registered."""
    cls = type(tree)
    node = SUPPORTED_NODES.get(cls)
    if node is not None:
        return node if node.kind is not namedtuple else SUPPORTED_NODES.get(namedtuple)
    if isinstance(tree, tuple) and is_namedtuple_class(cls):
        return SUPPORTED_NODES.get(namedtuple)
    return None


def get_node_type(tree: Any) -> Any:
    """The type under which `tree` would be registered."""
    cls = type(tree)
    return namedtuple if isinstance(tree, tuple) and is_namedtuple_class(cls) else cls


def register_pytree_node(
    cls: type,
    flatten_fn: FlattenFn,
    unflatten_fn: UnflattenFn,
    *,
    serialized_type_name: str | None = None,
    to_dumpable_context: ToDumpableContextFn | None = None,
    from_dumpable_context: FromDumpableContextFn | None = None,
    flatten_with_keys_fn: FlattenWithKeysFn | None = None,
) -> None:
    """Make `cls` a container.

    flatten_fn(x): the children of x and a context.  unflatten_fn(children, context): x again.  flatten_with_keys_fn(x): pairs of key and
    child, and the context; needed for key paths.  The other arguments are for `treespec_dumps`.

    Raises ValueError for a type that is a container already.

    >>> import leafgrad as torch
    >>> from leafgrad.utils import _pytree as pytree
    >>> class Pair:
    ...     def __init__(self, a, b): self.a, self.b = a, b
    >>> pytree.register_pytree_node(Pair, lambda p: ([p.a, p.b], None), lambda ab, _: Pair(*ab))
    >>> pytree.tree_leaves([Pair(1, 2), 3])
    [1, 2, 3]
    """
    with _lock:
        if cls in SUPPORTED_NODES:
            raise ValueError(messages.TREE_REGISTERED.format(cls=cls))
        enter(
            cls,
            flatten_fn,
            unflatten_fn,
            serialized_type_name=serialized_type_name,
            to_dumpable_context=to_dumpable_context,
            from_dumpable_context=from_dumpable_context,
            flatten_with_keys_fn=flatten_with_keys_fn,
        )


def enter(
    cls: Any,
    flatten_fn: FlattenFn,
    unflatten_fn: UnflattenFn,
    *,
    serialized_type_name: str | None = None,
    to_dumpable_context: ToDumpableContextFn | None = None,
    from_dumpable_context: FromDumpableContextFn | None = None,
    flatten_with_keys_fn: FlattenWithKeysFn | None = None,
) -> None:
    """`register_pytree_node`, with a warning instead of an error for a type that is there already."""
    with _lock:
        if cls in SUPPORTED_NODES:
            warn(messages.TREE_OVERWRITTEN.format(cls=cls))
        if (to_dumpable_context is None) is not (from_dumpable_context is None):
            raise ValueError(messages.TREE_DUMPABLE_BOTH.format(cls=cls))
        name = NO_SERIALIZED_TYPE_NAME_FOUND if serialized_type_name is None else serialized_type_name
        SUPPORTED_NODES[cls] = NodeDef(cls, flatten_fn, unflatten_fn, flatten_with_keys_fn)
        SUPPORTED_SERIALIZED_TYPES[cls] = SerializeNodeDef(
            cls, name, to_dumpable_context, from_dumpable_context
        )
        SERIALIZED_TYPE_TO_PYTHON_TYPE[name] = cls


def forget(cls: type) -> None:
    """Make the instances of `cls` leaves again; KeyError where they are."""
    with _lock:
        del SUPPORTED_NODES[cls]
        name = SUPPORTED_SERIALIZED_TYPES.pop(cls).serialized_type_name
        SERIALIZED_TYPE_TO_PYTHON_TYPE.pop(name, None)  # all the nameless share one entry
        CONSTANT_NODES.discard(cls)


# --- the types of containers that are there from the start ---


def is_namedtuple_class(cls: Any) -> bool:
    """Whether `cls` is a named tuple's class or derives from one.

    >>> from collections import namedtuple
    >>> Point = namedtuple('Point', 'x y')
    >>> is_namedtuple_class(Point), is_namedtuple_class(tuple)
    (True, False)
    """
    return (
        isinstance(cls, type)
        and issubclass(cls, tuple)
        and isinstance(fields := getattr(cls, "_fields", None), tuple)
        and all(type(field) is str for field in fields)
        and callable(getattr(cls, "_make", None))
        and callable(getattr(cls, "_asdict", None))
    )


def is_namedtuple_instance(obj: object) -> bool:
    """Whether `obj` is a named tuple.

    >>> from collections import namedtuple
    >>> Point = namedtuple('Point', 'x y')
    >>> is_namedtuple_instance(Point(1, 2)), is_namedtuple_instance(Point)
    (True, False)
    """
    return is_namedtuple_class(type(obj))


def is_namedtuple(obj: object) -> bool:
    """Whether `obj` is a named tuple or the class of one.

    >>> from collections import namedtuple
    >>> Point = namedtuple('Point', 'x y')
    >>> is_namedtuple(Point(1, 2)), is_namedtuple(Point)
    (True, True)
    """
    return is_namedtuple_class(obj if isinstance(obj, type) else type(obj))


_BASETYPE = 1 << 10  # the flag of a type that may be derived from (CPython's Include/object.h)


def is_structseq_class(cls: Any) -> bool:
    """Whether `cls` is a struct sequence, such as `time.struct_time`, or one of `torch.return_types`.

    >>> import time
    >>> is_structseq_class(time.struct_time)
    True
    """
    if not isinstance(cls, type):
        return False
    if cls.__bases__ == (StructSequence,):
        return True
    counts = ("n_fields", "n_sequence_fields", "n_unnamed_fields")
    return (
        cls.__bases__ == (tuple,)
        and all(isinstance(getattr(cls, name, None), int) for name in counts)
        and not cls.__flags__ & _BASETYPE
    )


def is_structseq_instance(obj: object) -> bool:
    """Whether `obj` is a struct sequence.

    >>> import time
    >>> is_structseq_instance(time.gmtime(0)), is_structseq_instance((1, 2))
    (True, False)
    """
    return is_structseq_class(type(obj))


def is_structseq(obj: object) -> bool:
    """Whether `obj` is a struct sequence or the class of one.

    >>> import time
    >>> is_structseq(time.gmtime(0)), is_structseq(time.struct_time)
    (True, True)
    """
    return is_structseq_class(obj if isinstance(obj, type) else type(obj))


def _places(values: Iterable[Any]) -> list:
    return [(SequenceKey(i), value) for i, value in enumerate(values)]


def _keyed(d: dict) -> list:
    return [(MappingKey(key), value) for key, value in d.items()]


def _list_flatten(d: list) -> tuple[list, Context]:
    return d, None


def _list_unflatten(values: Iterable[Any], context: Context) -> list:
    return list(values)


def _tuple_flatten(d: tuple) -> tuple[list, Context]:
    return list(d), None


def _tuple_unflatten(values: Iterable[Any], context: Context) -> tuple:
    return tuple(values)


def _dict_flatten(d: dict) -> tuple[list, Context]:
    return list(d.values()), list(d)


def _dict_unflatten(values: Iterable[Any], context: Context) -> dict:
    return dict(zip(context, values, strict=True))


def _ordereddict_unflatten(values: Iterable[Any], context: Context) -> OrderedDict:
    return OrderedDict(zip(context, values, strict=True))


def _defaultdict_flatten(d: defaultdict) -> tuple[list, Context]:
    return list(d.values()), [d.default_factory, list(d)]


def _defaultdict_unflatten(values: Iterable[Any], context: Context) -> defaultdict:
    factory, keys = context
    return defaultdict(factory, zip(keys, values, strict=True))


def _deque_flatten(d: deque) -> tuple[list, Context]:
    return list(d), d.maxlen


def _deque_unflatten(values: Iterable[Any], context: Context) -> deque:
    return deque(values, maxlen=context)


def _namedtuple_flatten(d: Any) -> tuple[list, Context]:
    return list(d), type(d)


def _namedtuple_unflatten(values: Iterable[Any], context: Context) -> Any:
    return context(*values)


def _namedtuple_with_keys(d: Any) -> tuple[list, Context]:
    return [(GetAttrKey(name), value) for name, value in zip(d._fields, d, strict=True)], type(d)


def _namedtuple_write(cls: Context) -> str:
    found = SUPPORTED_SERIALIZED_TYPES.get(cls)
    if found is None:
        raise NotImplementedError(messages.TREE_NAMEDTUPLE_UNKNOWN.format(cls=cls))
    if found.serialized_type_name == NO_SERIALIZED_TYPE_NAME_FOUND:
        raise NotImplementedError(messages.TREE_NAMEDTUPLE_NAMELESS.format(cls=cls))
    return found.serialized_type_name


def _namedtuple_read(name: str) -> Context:
    if name not in SERIALIZED_TYPE_TO_PYTHON_TYPE:
        raise NotImplementedError(messages.TREE_NAMEDTUPLE_LOAD.format(name=name))
    return SERIALIZED_TYPE_TO_PYTHON_TYPE[name]


def _defaultdict_write(context: Context) -> dict:
    factory, keys = context
    return {
        "default_factory_module": factory.__module__,
        "default_factory_name": factory.__qualname__,
        "dict_context": keys,
    }


def _defaultdict_read(written: Any) -> Context:
    from importlib import import_module

    expected = {"default_factory_module", "default_factory_name", "dict_context"}
    if not isinstance(written, dict):
        raise AssertionError(messages.TREE_DEFAULTDICT_KIND)
    if set(written) != expected:
        raise AssertionError(messages.TREE_DEFAULTDICT_KEYS.format(expected=expected, got=set(written)))
    for name in ("default_factory_module", "default_factory_name"):
        if not isinstance(written[name], str):
            raise AssertionError(messages.TREE_DEFAULTDICT_STRING.format(name=name))
    module = import_module(written["default_factory_module"])
    return [getattr(module, written["default_factory_name"]), written["dict_context"]]


def register_namedtuple(cls: Any, *, serialized_type_name: str) -> None:
    """Give a named tuple's class a name for `treespec_dumps`; a container it is anyway."""
    enter(
        cls,
        _namedtuple_flatten,
        _namedtuple_unflatten,
        serialized_type_name=serialized_type_name,
        to_dumpable_context=_namedtuple_write,
        from_dumpable_context=_namedtuple_read,
        flatten_with_keys_fn=_namedtuple_with_keys,
    )


def _builtin(
    cls: Any, flatten: Any, unflatten: Any, with_keys: Any, write: Any = None, read: Any = None
) -> None:
    enter(
        cls,
        flatten,
        unflatten,
        serialized_type_name=f"{cls.__module__}.{cls.__name__}",
        to_dumpable_context=write,
        from_dumpable_context=read,
        flatten_with_keys_fn=with_keys,
    )


def _sequence(cls: type, unflatten: UnflattenFn) -> None:
    enter(cls, _tuple_flatten, unflatten, flatten_with_keys_fn=lambda d: (_places(d), None))


_builtin(tuple, _tuple_flatten, _tuple_unflatten, lambda d: (_places(d), None))
_builtin(list, _list_flatten, _list_unflatten, lambda d: (_places(d), None))
_builtin(dict, _dict_flatten, _dict_unflatten, lambda d: (_keyed(d), list(d)))
_builtin(
    namedtuple,
    _namedtuple_flatten,
    _namedtuple_unflatten,
    _namedtuple_with_keys,
    _namedtuple_write,
    _namedtuple_read,
)
_builtin(OrderedDict, _dict_flatten, _ordereddict_unflatten, lambda d: (_keyed(d), list(d)))
_builtin(
    defaultdict,
    _defaultdict_flatten,
    _defaultdict_unflatten,
    lambda d: (_keyed(d), [d.default_factory, list(d)]),
    _defaultdict_write,
    _defaultdict_read,
)
_builtin(deque, _deque_flatten, _deque_unflatten, lambda d: (_places(d), d.maxlen))
_sequence(Size, _tuple_unflatten)  # a tuple, as in torch: what was mapped may be no sizes
for _cls in list(vars(return_types).values()):
    if isinstance(_cls, type) and issubclass(_cls, StructSequence) and _cls is not StructSequence:
        _sequence(_cls, lambda values, context, cls=_cls: cls(values))  # type: ignore[misc]

STANDARD_DICT_TYPES: frozenset = frozenset({dict, OrderedDict, defaultdict})
BUILTIN_TYPES: frozenset = frozenset({tuple, list, dict, namedtuple, OrderedDict, defaultdict, deque})
