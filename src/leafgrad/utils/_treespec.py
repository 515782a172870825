"""TreeSpec: the structure of a pytree.  Nothing here is recursive, so that a tree may be as deep as memory allows."""

from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from ..base import messages
from ..base.where import warn
from ._fields import ConstantNode
from ._nodes import (
    BUILTIN_TYPES,
    STANDARD_DICT_TYPES,
    SUPPORTED_NODES,
    Context,
    Frozen,
    NodeDef,
    PyTree,
    get_node_type,
    node_of,
)

_put = object.__setattr__


class TreeSpec(Frozen):
    """The structure of a pytree: its type, a context, and the structures of its children; a leaf's is shown as `*`.

    type, context: what makes the container again from its children.  num_leaves, num_nodes: of the whole tree.  num_children: of the root.

    >>> import leafgrad as torch
    >>> from leafgrad.utils import _pytree as pytree
    >>> spec = pytree.tree_structure({"a": 1, "b": (2, 3)}); spec
    TreeSpec(dict, ['a', 'b'], [*,
      TreeSpec(tuple, None, [*,
        *])])
    >>> spec.num_leaves, spec.num_nodes, spec.num_children
    (3, 5, 2)
    """

    __slots__ = ("__weakref__", "_children", "_context", "num_children", "num_leaves", "num_nodes", "type")
    __match_args__ = ("type", "_context", "_children")
    type: Any
    _context: Context
    _children: "list[TreeSpec]"
    num_nodes: int
    num_leaves: int
    num_children: int

    def __init__(self, type: Any, context: Context, children_specs: "list[TreeSpec]") -> None:
        leaves, nodes = 0, 1
        if type is None:
            if context is not None or children_specs:
                raise AssertionError(
                    messages.TREE_LEAF_CHILDREN if context is None else messages.TREE_LEAF_CONTEXT
                )
            leaves = 1
        for child in children_specs:
            leaves += child.num_leaves
            nodes += child.num_nodes
        _put(self, "type", type)
        _put(self, "_context", context)
        _put(self, "_children", children_specs)
        _put(self, "num_nodes", nodes)
        _put(self, "num_leaves", leaves)
        _put(self, "num_children", len(children_specs))

    @property
    def context(self) -> Context:
        """What the type's flatten function gave besides the children."""
        return self._context

    @property
    def children_specs(self) -> "list[TreeSpec]":
        """The children's structures; deprecated, as in torch, for `children()`."""
        warn(messages.TREE_OLD_CHILDREN, FutureWarning)
        return self._children

    def is_leaf(self) -> bool:
        """Whether this is the structure of a leaf."""
        return self.num_nodes == 1 and self.num_leaves == 1

    def children(self) -> "list[TreeSpec]":
        """The structures of the children."""
        return self._children.copy()

    def child(self, index: int) -> "TreeSpec":
        """The structure of one child."""
        return self._children[index]

    def unflatten(self, leaves: Iterable[Any]) -> PyTree:
        """The tree of this structure with these leaves; ValueError for a wrong number of them."""
        if not isinstance(leaves, list | tuple):
            leaves = list(leaves)
        if len(leaves) != self.num_leaves:
            raise ValueError(
                messages.TREE_LEAVES.format(got=len(leaves), expected=self.num_leaves, spec=self)
            )
        if self.num_nodes == 1:
            return leaves[0] if leaves else SUPPORTED_NODES[self.type].unflatten_fn([], self._context)
        if (
            self.num_nodes == self.num_leaves + 1 and self.num_leaves == self.num_children
        ):  # all children are leaves
            return SUPPORTED_NODES[self.type].unflatten_fn(list(leaves), self._context)
        return _build(self, iter(leaves))

    def flatten_up_to(self, tree: PyTree) -> list[PyTree]:
        """The parts of `tree` that stand where this structure has leaves.  ValueError where it is not a prefix of the tree's.

        >>> import leafgrad as torch
        >>> from leafgrad.utils import _pytree as pytree
        >>> pytree.tree_structure([0, 0]).flatten_up_to([1, (2, 3)])
        [1, (2, 3)]
        """
        found: list[PyTree] = []
        todo = [(self, tree)]
        while todo:
            spec, tree = todo.pop()
            if spec.is_leaf():
                found.append(tree)
            else:
                todo += reversed(list(zip(spec._children, _children_like(spec, tree), strict=True)))
        return found

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if other.__class__ is not self.__class__:
            return NotImplemented
        todo: list[tuple[Any, Any]] = [(self, other)]
        while todo:
            a, b = todo.pop()
            if a is b:
                continue
            if a.__class__ is not b.__class__ or (a.type is not b.type and str(a.type) != str(b.type)):
                return False
            if a._context != b._context or len(a._children) != len(b._children):
                return False
            todo += zip(a._children, b._children, strict=True)
        return True

    def __hash__(self) -> int:
        done: list[int] = []
        for spec in _children_first(self):
            count = len(done) - spec.num_children
            done[count:] = [hash((spec.type, _hashable(spec), tuple(done[count:])))]
        return done[0]

    def __repr__(self) -> str:
        parts: list[str] = []
        todo: list[Any] = [(self, 0)]
        while todo:
            item = todo.pop()
            if item.__class__ is str:
                parts.append(item)
                continue
            spec, indent = item
            if spec is LEAF or spec.__class__ is LeafSpec:
                parts.append("*")
                continue
            parts.append(f"TreeSpec({spec.type.__name__}, {spec._context}, [")
            todo.append("])")
            indent += 2
            for index in range(spec.num_children - 1, -1, -1):
                todo.append((spec._children[index], indent))
                if index:
                    todo.append(",\n" + " " * indent)
        return "".join(parts)

    def __reduce__(self) -> tuple:
        return TreeSpec, (self.type, self._context, self._children)


class LeafSpec(TreeSpec):
    """The structure of a leaf.  The name is deprecated, as in torch: ask `spec.is_leaf()`, make one with `treespec_leaf()`."""

    __slots__ = ()

    def __init__(self) -> None:
        warn(messages.TREE_OLD_LEAF, FutureWarning)
        super().__init__(None, None, [])

    def __reduce__(self) -> tuple:
        return treespec_leaf, ()


LEAF: LeafSpec = LeafSpec.__new__(LeafSpec)  # one for all leaves
TreeSpec.__init__(LEAF, None, None, [])


def treespec_leaf() -> LeafSpec:
    """The structure of a leaf."""
    return LEAF


def treespec_tuple(iterable: Iterable[TreeSpec] = (), /) -> TreeSpec:
    """The structure of a tuple whose children have these structures."""
    children = list(iterable)
    if not all(isinstance(child, TreeSpec) for child in children):
        raise ValueError(messages.TREE_TUPLE_OF_SPECS.format(got=children))
    return TreeSpec(tuple, None, children)


def treespec_dict(mapping: Mapping | Iterable = (), /, **kwargs: TreeSpec) -> TreeSpec:
    """The structure of a dict whose values have these structures."""
    children = dict(mapping, **kwargs)
    if not all(isinstance(child, TreeSpec) for child in children.values()):
        raise ValueError(messages.TREE_DICT_OF_SPECS.format(got=children))
    return TreeSpec(dict, list(children), list(children.values()))


_flat: dict[int, TreeSpec] = {}


def flat_tuple(size: int) -> TreeSpec:
    """The structure of a tuple of `size` leaves; small ones, which every transform asks for, are made once."""
    spec = _flat.get(size)
    if spec is None:
        spec = TreeSpec(tuple, None, [LEAF] * size)
        if size <= 16:
            _flat[size] = spec
    return spec


def flatten_into(leaves: list, tree: PyTree, is_leaf: Callable[[PyTree], bool] | None) -> TreeSpec:
    """Append the leaves of `tree` to `leaves`, and return its structure."""
    # What is open: the children still to come, the structures found, and the type and context of the container.
    above: list[tuple[Iterator, list[TreeSpec], NodeDef, Context]] = []
    todo: Iterator = iter((tree,))
    specs: list[TreeSpec] = []
    while True:
        for item in todo:
            node = None if is_leaf is not None and is_leaf(item) else node_of(item)
            if node is None:
                leaves.append(item)
                specs.append(LEAF)
            else:
                children, context = node.flatten_fn(item)
                above.append((todo, specs, node, context))
                todo, specs = iter(children), []
                break
        else:
            if not above:
                return specs[0]
            done = specs
            todo, specs, node, context = above.pop()
            specs.append(TreeSpec(node.kind, context, done))


def _build(spec: TreeSpec, leaves: Iterator) -> PyTree:
    """The tree: containers are made in the order in which they are complete."""
    done: list[PyTree] = []
    for each in _children_first(spec):
        if each.is_leaf():
            done.append(next(leaves))
        else:
            count = len(done) - each.num_children
            done[count:] = [SUPPORTED_NODES[each.type].unflatten_fn(done[count:], each._context)]
    return done[0]


def _children_first(spec: TreeSpec) -> Iterator[TreeSpec]:
    """All structures in this one, each after its children, from left to right."""
    above: list[tuple[TreeSpec, Iterator[TreeSpec]]] = [(spec, iter(spec._children))]
    while above:
        spec, children = above[-1]
        for child in children:
            if child._children:
                above.append((child, iter(child._children)))
                break
            yield child
        else:
            yield above.pop()[0]


def _children_like(spec: TreeSpec, tree: PyTree) -> Iterable[PyTree]:
    """The children of `tree`, which must be a container such as `spec` describes."""
    expected, got = spec.type, get_node_type(tree)
    custom = expected not in BUILTIN_TYPES
    dicts = expected in STANDARD_DICT_TYPES and got in STANDARD_DICT_TYPES  # these stand for each other
    if got != expected and not dicts:
        raise ValueError(
            (messages.TREE_TYPE if custom else messages.TREE_NODE_TYPE).format(expected=expected, got=got)
        )
    children, context = SUPPORTED_NODES[got].flatten_fn(tree) if not dicts else (tree, None)
    if len(children) != spec.num_children:
        raise ValueError(messages.TREE_ARITY.format(expected=spec.num_children, got=len(children)))
    if dicts:
        keys = spec._context[1] if expected is defaultdict else spec._context
        if missing_or_extra := set(tree) ^ set(keys):
            raise ValueError(_keys_differ(missing_or_extra & set(keys), missing_or_extra & set(tree)))
        return [tree[key] for key in keys]
    if custom and context != spec._context:
        raise ValueError(messages.TREE_CUSTOM_CONTEXT.format(type=expected))
    if expected is not deque and context != spec._context:  # the greatest length of a deque does not matter
        raise ValueError(messages.TREE_CONTEXT.format(type=expected, expected=spec._context, got=context))
    return children


def _keys_differ(missing: set, extra: set) -> str:
    text = messages.TREE_KEYS_MISSING.format(keys=missing) if missing else ""
    text += messages.TREE_KEYS_EXTRA.format(keys=extra) if extra else ""
    return messages.TREE_KEYS.format(difference=text)


def _hashable(spec: TreeSpec) -> Any:
    """What of a context counts for the hash: one of another's type may have none, and equal structures must agree."""
    kind, context = spec.type, spec._context
    if kind is defaultdict:
        return context[0], tuple(context[1])
    if kind in (dict, OrderedDict):
        return tuple(context)
    if kind is None or kind in BUILTIN_TYPES:
        return context
    return context.value if isinstance(context, ConstantNode) else None
