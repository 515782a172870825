"""The structure of a pytree as JSON text, and back."""

from functools import lru_cache
from typing import Any

from ..base import messages
from ._nodes import (
    NO_SERIALIZED_TYPE_NAME_FOUND,
    SERIALIZED_TYPE_TO_PYTHON_TYPE,
    SUPPORTED_SERIALIZED_TYPES,
)
from ._treespec import LEAF, TreeSpec

PROTOCOL = 1
_LEAF_TEXT = '{"type": null, "context": null, "children_spec": []}'


def treespec_dumps(treespec: TreeSpec, protocol: int | None = None) -> str:
    """A structure as JSON; `treespec_loads` reads it.

    Raises TypeError for what is no structure, ValueError for a protocol other than 1, and NotImplementedError for a type that has
    no name: `register_pytree_node` takes `serialized_type_name`.

    >>> import leafgrad as torch
    >>> from leafgrad.utils import _pytree as pytree
    >>> text = pytree.treespec_dumps(pytree.tree_structure([]))
    >>> text
    '[1, {"type": "builtins.list", "context": "null", "children_spec": []}]'
    >>> pytree.treespec_loads(text)
    TreeSpec(list, None, [])
    """
    if not isinstance(treespec, TreeSpec):
        raise TypeError(messages.TREE_SPEC_TYPE.format(type=type(treespec)))
    _check_protocol(PROTOCOL if protocol is None else protocol)
    parts: list[str] = []
    todo: list[Any] = [treespec]
    while todo:
        item = todo.pop()
        if item.__class__ is str:
            parts.append(item)
        elif item.is_leaf():
            parts.append(_LEAF_TEXT)
        else:
            parts.append(_head(item))
            todo.append("]}")
            for index in range(item.num_children - 1, -1, -1):
                todo.append(item._children[index])
                if index:
                    todo.append(", ")
    return f"[{PROTOCOL}, {''.join(parts)}]"


def _head(spec: TreeSpec) -> str:
    """The text of a container up to its children."""
    found = SUPPORTED_SERIALIZED_TYPES.get(spec.type)
    if found is None:
        raise NotImplementedError(messages.TREE_DUMP_TYPE.format(type=spec.type))
    if found.serialized_type_name == NO_SERIALIZED_TYPE_NAME_FOUND:
        raise NotImplementedError(messages.TREE_DUMP_NAMELESS.format(type=spec.type))
    if found.to_dumpable_context is None:
        try:
            context = _text(spec._context)
        except TypeError as error:
            raise TypeError(messages.TREE_DUMP_CONTEXT) from error
    else:
        context = found.to_dumpable_context(spec._context)
    return f'{{"type": {_text(found.serialized_type_name)}, "context": {_text(context)}, "children_spec": ['


@lru_cache
def treespec_loads(serialized: str) -> TreeSpec:
    """The structure that `treespec_dumps` wrote.  NotImplementedError for a type that is not registered here.

    >>> from leafgrad.utils._pytree import tree_structure, treespec_dumps, treespec_loads
    >>> spec = tree_structure([1, {'a': 2}])
    >>> treespec_loads(treespec_dumps(spec)) == spec
    True
    """
    import json

    protocol, schema = json.loads(serialized)
    _check_protocol(protocol)
    # Containers are found from the top and made from the bottom: `found` holds each before its children.
    found, todo = [], [schema]
    while todo:
        each = todo.pop()
        children = each["children_spec"]
        if each["type"] is None and each["context"] is None and not children:
            found.append((None, None, 0))
        else:
            found.append((*_type_and_context(each["type"], each["context"]), len(children)))
            todo += children[::-1]
    specs: list[TreeSpec] = []
    for kind, context, count in reversed(found):
        if kind is None:
            specs.append(LEAF)
        else:
            start = len(specs) - count
            specs[start:] = [TreeSpec(kind, context, specs[start:][::-1])]
    return specs[0]


def _type_and_context(name: str, written: Any) -> tuple[Any, Any]:
    import json

    if name not in SERIALIZED_TYPE_TO_PYTHON_TYPE:
        raise NotImplementedError(messages.TREE_LOAD_TYPE.format(type=name))
    kind = SERIALIZED_TYPE_TO_PYTHON_TYPE[name]
    read = SUPPORTED_SERIALIZED_TYPES[kind].from_dumpable_context
    if read is not None:
        return kind, read(written)
    try:
        return kind, json.loads(written, object_hook=_enum_from)
    except TypeError as error:
        raise TypeError(messages.TREE_LOAD_CONTEXT) from error


def _check_protocol(protocol: Any) -> None:
    if protocol != PROTOCOL:
        raise ValueError(messages.TREE_PROTOCOL.format(protocol=protocol))


def _text(value: Any) -> str:
    import json

    return json.dumps(value, default=_enum_record)


def _enum_record(value: Any) -> dict:
    """A member of an Enum as JSON can hold it."""
    from enum import Enum

    if isinstance(value, Enum):
        cls = type(value)
        return {"__enum__": True, "fqn": f"{cls.__module__}:{cls.__qualname__}", "name": value.name}
    raise TypeError(messages.TREE_NOT_JSON.format(type=type(value).__name__))


def _enum_from(written: dict) -> Any:
    if "__enum__" not in written:
        return written
    from importlib import import_module

    module, _, path = written["fqn"].partition(":")
    found: Any = import_module(module)
    for name in path.split("."):
        found = getattr(found, name)
    return found[written["name"]]
