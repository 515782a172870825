"""Containers by their fields: dataclasses; and constants, containers that hold nothing."""

from typing import Any

from ..base import messages
from ._nodes import CONSTANT_NODES, GetAttrKey, One, enter


def register_dataclass(
    cls: type,
    *,
    field_names: list[str] | None = None,
    drop_field_names: list[str] | None = None,
    serialized_type_name: str | None = None,
) -> None:
    """Make a dataclass, or a class that is built from its fields by keyword, a container.

    field_names: the fields, which a dataclass knows itself.  drop_field_names: those that a dataclass's `field_names` leave out.
    A field that is None is no leaf here, as in torch.

    Raises ValueError where a class that is no dataclass has no `field_names`, and where they are not the dataclass's.

    >>> import leafgrad as torch
    >>> from dataclasses import dataclass
    >>> from leafgrad.utils import _pytree as pytree
    >>> @dataclass
    ... class Point:
    ...     x: int
    ...     y: int
    >>> pytree.register_dataclass(Point)
    >>> pytree.tree_map(lambda x: x + 1, Point(0, 1))
    Point(x=1, y=2)
    """
    import dataclasses

    if not dataclasses.is_dataclass(cls):
        if field_names is None:
            raise ValueError(messages.TREE_FIELDS_NEEDED.format(cls=cls))
        names = field_names
    elif field_names is None:
        names = [f.name for f in dataclasses.fields(cls) if f.init]
    else:
        names = field_names
        own = {f.name for f in dataclasses.fields(cls) if f.init} - set(drop_field_names or ())
        text = ""
        if missing := own - set(names):
            text += messages.TREE_FIELDS_MISSING.format(missing=missing)
        if unexpected := set(names) - own:
            text += messages.TREE_FIELDS_UNEXPECTED.format(unexpected=unexpected)
        if text:
            raise ValueError(messages.TREE_FIELDS + text)

    def flatten(obj: Any) -> tuple[list, Any]:
        found = {name: getattr(obj, name) for name in names}
        filled = [name for name in found if found[name] is not None]
        return [found[name] for name in filled], [filled, [name for name in found if found[name] is None]]

    def with_keys(obj: Any) -> tuple[list, Any]:
        values, context = flatten(obj)
        return [(GetAttrKey(name), value) for name, value in zip(context[0], values, strict=True)], context

    def unflatten(values: Any, context: Any) -> Any:
        filled, none = context
        return cls(**dict(zip(filled, values, strict=True)), **dict.fromkeys(none))

    enter(cls, flatten, unflatten, serialized_type_name=serialized_type_name, flatten_with_keys_fn=with_keys)


class ConstantNode(One):
    """The context of a constant: itself."""

    __slots__ = ("value",)
    __match_args__ = ("value",)
    value: Any

    def __init__(self, value: Any) -> None:
        super().__init__(value)


def register_constant(cls: type) -> None:
    """Make the instances of `cls` part of the structure: containers without leaves.

    Raises TypeError where `cls` has no `==` and hash of its own: structures are compared.

    >>> import leafgrad as torch
    >>> from dataclasses import dataclass
    >>> from leafgrad.utils import _pytree as pytree
    >>> @dataclass(frozen=True)
    ... class Norm:
    ...     name: str
    >>> pytree.register_constant(Norm)
    >>> pytree.tree_leaves([1, Norm("l2")])
    [1]
    """
    if cls.__eq__ is object.__eq__:  # type: ignore[comparison-overlap]
        raise TypeError(messages.TREE_CONSTANT_EQ)
    if cls.__hash__ is None:
        raise TypeError(messages.TREE_CONSTANT_HASH)

    def flatten(x: Any) -> tuple[list, Any]:
        return [], ConstantNode(x)

    enter(cls, flatten, lambda _, context: context.value, flatten_with_keys_fn=flatten)
    CONSTANT_NODES.add(cls)


def is_constant_class(cls: type) -> bool:
    """Whether `register_constant` was called for `cls`."""
    return isinstance(cls, type) and cls in CONSTANT_NODES
