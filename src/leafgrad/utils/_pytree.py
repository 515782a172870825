"""Pytrees: nested containers of tensors, as torch's `torch.utils._pytree` has them.

A pytree is a leaf, or a container whose children are pytrees.  Containers are lists, tuples, named tuples, dicts, OrderedDicts,
defaultdicts, deques, `torch.Size`, `torch.return_types`, and what was registered; all else is a leaf, None too.

>>> import leafgrad as torch
>>> from leafgrad.utils import _pytree as pytree
>>> pytree.tree_map(lambda x: 10 * x, {"a": 1, "b": (2, [3])})
{'a': 10, 'b': (20, [30])}
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import wraps
from types import UnionType
from typing import Any, TypeAlias

from ..base import messages
from ..base.where import warn
from ._fields import (  # noqa: F401  (torch has these names here)
    ConstantNode,
    is_constant_class,
    register_constant,
    register_dataclass,
)
from ._nodes import (  # noqa: F401
    BUILTIN_TYPES,
    CONSTANT_NODES,
    STANDARD_DICT_TYPES,
    SUPPORTED_NODES,
    SUPPORTED_SERIALIZED_TYPES,
    Context,
    DumpableContext,
    FlattenFn,
    FlattenWithKeysFn,
    FromDumpableContextFn,
    GetAttrKey,
    KeyEntry,
    KeyPath,
    MappingKey,
    NodeDef,
    PyTree,
    SequenceKey,
    ToDumpableContextFn,
    UnflattenFn,
    _dict_flatten,
    _dict_unflatten,
    _list_flatten,
    _list_unflatten,
    _tuple_flatten,
    _tuple_unflatten,
    is_namedtuple,
    is_namedtuple_class,
    is_namedtuple_instance,
    is_structseq,
    is_structseq_class,
    is_structseq_instance,
    node_of,
    register_pytree_node,
)
from ._nodes import enter as _private_register_pytree_node
from ._nodes import forget as _deregister_pytree_node  # noqa: F401
from ._nodes import get_node_type as _get_node_type  # noqa: F401
from ._nodes import register_namedtuple as _register_namedtuple  # noqa: F401
from ._treejson import treespec_dumps, treespec_loads
from ._treespec import LEAF as _LEAF_SPEC
from ._treespec import (  # noqa: F401
    LeafSpec,
    TreeSpec,
    flat_tuple,
    flatten_into,
    treespec_dict,
    treespec_leaf,
    treespec_tuple,
)

PyTreeSpec: TypeAlias = TreeSpec
IsLeaf: TypeAlias = Callable[[PyTree], bool] | None
Types: TypeAlias = type | tuple[type, ...] | UnionType


def tree_is_leaf(tree: PyTree, is_leaf: IsLeaf = None) -> bool:
    """Whether `tree` is a leaf: no container, or one for which `is_leaf` says so.

    >>> import leafgrad as torch
    >>> from leafgrad.utils import _pytree as pytree
    >>> pytree.tree_is_leaf(None), pytree.tree_is_leaf([]), pytree.tree_is_leaf([], is_leaf=lambda x: True)
    (True, False, True)
    """
    return (is_leaf is not None and bool(is_leaf(tree))) or node_of(tree) is None


def tree_flatten(tree: PyTree, is_leaf: IsLeaf = None) -> tuple[list[Any], TreeSpec]:
    """The leaves of a tree, and its structure; `tree_unflatten` makes the tree again.

    is_leaf(x): where it is true, x is a leaf though it is a container.

    >>> import leafgrad as torch
    >>> from leafgrad.utils import _pytree as pytree
    >>> pytree.tree_flatten([1, (2, 3)])
    ([1, 2, 3], TreeSpec(list, None, [*,
      TreeSpec(tuple, None, [*,
        *])]))
    """
    if is_leaf is None:  # the two most frequent trees first: one leaf, and a tuple of leaves
        if type(tree) is tuple:
            if _all_leaves(tree):
                return list(tree), flat_tuple(len(tree))
        elif node_of(tree) is None:
            return [tree], _LEAF_SPEC
    leaves: list[Any] = []
    spec = flatten_into(leaves, tree, is_leaf)
    return leaves, spec


def _all_leaves(items: Iterable[Any]) -> bool:
    for item in items:  # noqa: SIM110  (a generator takes twice the time)
        # A type derived from tuple may be a named tuple's, which needs no entry.
        if type(item) in SUPPORTED_NODES or isinstance(item, tuple):
            return False
    return True


def tree_unflatten(leaves: Iterable[Any], treespec: TreeSpec) -> PyTree:
    """The tree with this structure and these leaves.  Raises ValueError for a wrong number of leaves.

    >>> import leafgrad as torch
    >>> from leafgrad.utils import _pytree as pytree
    >>> pytree.tree_unflatten([1, 2], pytree.tree_structure({"a": 0, "b": 0}))
    {'a': 1, 'b': 2}
    """
    if not isinstance(treespec, TreeSpec):
        if not isinstance(leaves, TreeSpec):
            raise TypeError(messages.TREE_SPEC_TYPE.format(type=type(treespec)))
        leaves, treespec = treespec, leaves  # torch takes them in either order
    return treespec.unflatten(leaves)


def tree_iter(tree: PyTree, is_leaf: IsLeaf = None) -> Iterator[Any]:
    """The leaves of a tree, one after the other.

    >>> import leafgrad as torch
    >>> from leafgrad.utils import _pytree as pytree
    >>> list(pytree.tree_iter([1, (2, 3)]))
    [1, 2, 3]
    """
    todo: list[Iterator] = [iter((tree,))]
    while todo:
        for item in todo[-1]:
            node = None if is_leaf is not None and is_leaf(item) else node_of(item)
            if node is None:
                yield item
            else:
                todo.append(iter(node.flatten_fn(item)[0]))
                break
        else:
            todo.pop()


def tree_leaves(tree: PyTree, is_leaf: IsLeaf = None) -> list[Any]:
    """The leaves of a tree.

    >>> import leafgrad as torch
    >>> from leafgrad.utils import _pytree as pytree
    >>> pytree.tree_leaves({"b": 1, "a": [2, None]})
    [1, 2, None]
    """
    if is_leaf is None:
        if type(tree) is tuple:
            if _all_leaves(tree):
                return list(tree)
        elif node_of(tree) is None:
            return [tree]
    return list(tree_iter(tree, is_leaf))


def tree_structure(tree: PyTree, is_leaf: IsLeaf = None) -> TreeSpec:
    """The structure of a tree.

    >>> import leafgrad as torch
    >>> from leafgrad.utils import _pytree as pytree
    >>> pytree.tree_structure((1, 2)) == pytree.tree_structure((3, None))
    True
    """
    return tree_flatten(tree, is_leaf)[1]


def arg_tree_leaves(*args: PyTree, **kwargs: PyTree) -> list[Any]:
    """The leaves of all arguments.

    >>> import leafgrad as torch
    >>> from leafgrad.utils import _pytree as pytree
    >>> pytree.arg_tree_leaves(1, [2], a=(3,))
    [1, 2, 3]
    """
    return tree_leaves((*args, *kwargs.values()))


# --- mapping ---


def _matched(tree: PyTree, rests: tuple, is_leaf: IsLeaf) -> tuple[list[list[Any]], TreeSpec]:
    """The leaves of the first tree, with what stands there in each of the others."""
    leaves, spec = tree_flatten(tree, is_leaf)
    return [leaves, *(spec.flatten_up_to(rest) for rest in rests)], spec


def tree_map(func: Callable[..., Any], tree: PyTree, *rests: PyTree, is_leaf: IsLeaf = None) -> PyTree:
    """The tree with `func(leaf, ...)` for each leaf; of the other trees, what stands where the first has leaves is given too.

    Raises ValueError where `tree` is not a prefix of another.

    >>> import leafgrad as torch
    >>> from leafgrad.utils import _pytree as pytree
    >>> pytree.tree_map(lambda x, y: [x, *y], [5, 6], [[7, 9], (1, 2)])
    [[5, 7, 9], [6, 1, 2]]
    """
    lists, spec = _matched(tree, rests, is_leaf)
    return spec.unflatten(map(func, *lists))


def tree_map_(func: Callable[..., Any], tree: PyTree, *rests: PyTree, is_leaf: IsLeaf = None) -> PyTree:
    """Call `func` as `tree_map` does, for what it does to the leaves, and return `tree` itself.

    >>> import leafgrad as torch
    >>> from leafgrad.utils import _pytree as pytree
    >>> pytree.tree_map_(lambda x: x.mul_(2), [torch.tensor(1), torch.tensor(2)])
    [tensor(2), tensor(4)]
    """
    lists, _ = _matched(tree, rests, is_leaf)
    deque(map(func, *lists), maxlen=0)
    return tree


def map_only(type_or_types_or_pred: Types | Callable[[Any], bool], /) -> Callable[[Callable], Callable]:
    """A decorator: the function is called for leaves of these types, or for which the predicate holds; others stay.

    >>> import leafgrad as torch
    >>> from leafgrad.utils import _pytree as pytree
    >>> pytree.tree_map(pytree.map_only(int)(lambda x: -x), [1, "a"])
    [-1, 'a']
    """
    test: Any = type_or_types_or_pred
    if isinstance(test, type | tuple | UnionType):
        kinds = test

        def wanted(x: Any) -> bool:
            return isinstance(x, kinds)

    elif callable(test):
        wanted = test
    else:
        raise TypeError(messages.TREE_MAP_ONLY)

    def decorate(func: Callable) -> Callable:
        @wraps(func)
        def wrapped(x: Any) -> Any:
            return func(x) if wanted(x) else x

        return wrapped

    return decorate


def tree_map_only(
    type_or_types_or_pred: Types | Callable[[Any], bool],
    /,
    func: Callable[[Any], Any],
    tree: PyTree,
    is_leaf: IsLeaf = None,
) -> PyTree:
    """`tree_map` for the leaves of these types, or for which the predicate holds; the others stay.

    >>> import leafgrad as torch
    >>> from leafgrad.utils import _pytree as pytree
    >>> pytree.tree_map_only(torch.Tensor, lambda x: x + 1, [torch.tensor(1), "a"])
    [tensor(2), 'a']
    """
    return tree_map(map_only(type_or_types_or_pred)(func), tree, is_leaf=is_leaf)


def tree_map_only_(
    type_or_types_or_pred: Types | Callable[[Any], bool],
    /,
    func: Callable[[Any], Any],
    tree: PyTree,
    is_leaf: IsLeaf = None,
) -> PyTree:
    """`tree_map_` for the leaves of these types, or for which the predicate holds.

    >>> seen = []
    >>> tree_map_only_(int, seen.append, [1, 'a', 2])
    [1, 'a', 2]
    >>> seen
    [1, 2]
    """
    return tree_map_(map_only(type_or_types_or_pred)(func), tree, is_leaf=is_leaf)


def tree_all(pred: Callable[[Any], bool], tree: PyTree, is_leaf: IsLeaf = None) -> bool:
    """Whether `pred` holds for every leaf.

    >>> import leafgrad as torch
    >>> from leafgrad.utils import _pytree as pytree
    >>> pytree.tree_all(torch.is_tensor, [torch.tensor(1), 2])
    False
    """
    return all(map(pred, tree_iter(tree, is_leaf)))


def tree_any(pred: Callable[[Any], bool], tree: PyTree, is_leaf: IsLeaf = None) -> bool:
    """Whether `pred` holds for some leaf.

    >>> tree_any(lambda x: x > 2, {'a': 1, 'b': [2, 3]})
    True
    """
    return any(map(pred, tree_iter(tree, is_leaf)))


def tree_all_only(
    type_or_types: Types, /, pred: Callable[[Any], bool], tree: PyTree, is_leaf: IsLeaf = None
) -> bool:
    """Whether `pred` holds for every leaf of these types.

    >>> tree_all_only(int, lambda x: x > 0, [1, 2, -3.0])
    True
    """
    return all(pred(x) for x in tree_iter(tree, is_leaf) if isinstance(x, type_or_types))


def tree_any_only(
    type_or_types: Types, /, pred: Callable[[Any], bool], tree: PyTree, is_leaf: IsLeaf = None
) -> bool:
    """Whether `pred` holds for some leaf of these types.

    >>> tree_any_only(int, lambda x: x < 0, [1, 2, -3.0])
    False
    """
    return any(pred(x) for x in tree_iter(tree, is_leaf) if isinstance(x, type_or_types))


def _broadcast_to_and_flatten(tree: PyTree, treespec: TreeSpec, is_leaf: IsLeaf = None) -> list[Any] | None:
    """The leaves of `tree`, each as often as `treespec` has leaves in its place; None where the structures do not fit.

    This is how `in_dims=0` stands for every argument of a vmapped function.
    """
    if is_leaf is None and node_of(tree) is None:
        return [tree] * treespec.num_leaves
    spec = tree_structure(tree, is_leaf)
    if spec is treespec:
        return tree_leaves(tree, is_leaf)
    try:
        parts = spec.flatten_up_to(treespec.unflatten([0] * treespec.num_leaves))
    except ValueError:
        return None
    found: list[Any] = []
    for leaf, part in zip(tree_leaves(tree, is_leaf), parts, strict=True):
        found += [leaf] * tree_structure(part, is_leaf).num_leaves
    return found


# --- key paths ---


def _leaves_with_path(tree: PyTree, is_leaf: IsLeaf) -> Iterator[tuple[KeyPath, Any]]:
    todo: list[Iterator] = [iter((((), tree),))]
    path: list[Any] = []  # the keys that lead to the container at work
    while todo:
        for key, item in todo[-1]:
            here = path if len(todo) == 1 else [*path, key]
            node = None if is_leaf is not None and is_leaf(item) else node_of(item)
            if node is None:
                yield tuple(here), item
                continue
            if node.flatten_with_keys_fn is None:
                raise ValueError(messages.TREE_NO_KEYS.format(type=node.kind))
            path = here
            todo.append(iter(node.flatten_with_keys_fn(item)[0]))
            break
        else:
            todo.pop()
            path = path[:-1]


def tree_leaves_with_path(tree: PyTree, is_leaf: IsLeaf = None) -> list[tuple[KeyPath, Any]]:
    """Pairs of key path and leaf.

    Raises ValueError for a type that was registered without `flatten_with_keys_fn`.

    >>> import leafgrad as torch
    >>> from leafgrad.utils import _pytree as pytree
    >>> [(pytree.keystr(path), x) for path, x in pytree.tree_leaves_with_path({"a": [1, 2]})]
    [("['a'][0]", 1), ("['a'][1]", 2)]
    """
    return list(_leaves_with_path(tree, is_leaf))


def tree_flatten_with_path(
    tree: PyTree, is_leaf: IsLeaf = None
) -> tuple[list[tuple[KeyPath, Any]], TreeSpec]:
    """Pairs of key path and leaf, and the structure; see `tree_leaves_with_path`.

    >>> pairs, spec = tree_flatten_with_path({'a': [1, 2]})
    >>> [(keystr(path), leaf) for path, leaf in pairs]
    [("['a'][0]", 1), ("['a'][1]", 2)]
    """
    spec = tree_structure(tree, is_leaf)
    return tree_leaves_with_path(tree, is_leaf), spec


def tree_map_with_path(
    func: Callable[..., Any], tree: PyTree, *rests: PyTree, is_leaf: IsLeaf = None
) -> PyTree:
    """`tree_map` with the leaf's key path before the leaf.

    >>> import leafgrad as torch
    >>> from leafgrad.utils import _pytree as pytree
    >>> pytree.tree_map_with_path(lambda path, x: pytree.keystr(path) + x, {"a": "x", "b": ("y",)})
    {'a': "['a']x", 'b': ("['b'][0]y",)}
    """
    pairs, spec = tree_flatten_with_path(tree, is_leaf)
    paths, leaves = [path for path, _ in pairs], [leaf for _, leaf in pairs]
    return spec.unflatten(map(func, paths, leaves, *(spec.flatten_up_to(rest) for rest in rests)))


def keystr(kp: KeyPath) -> str:
    """A key path as text, as it would stand in Python: `['a'][0].b`.

    >>> keystr((MappingKey('a'), SequenceKey(0)))
    "['a'][0]"
    """
    return "".join(map(str, kp))


def key_get(obj: Any, kp: KeyPath) -> Any:
    """What stands in `obj` at the end of a key path.

    >>> import leafgrad as torch
    >>> from leafgrad.utils import _pytree as pytree
    >>> pytree.key_get({"a": [1, 2]}, (pytree.MappingKey("a"), pytree.SequenceKey(1)))
    2
    """
    for key in kp:
        obj = key.get(obj)
    return obj


class _Asterisk(str):
    """What `treespec_pprint` shows for a leaf, without quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "*"


def treespec_pprint(treespec: TreeSpec) -> str:
    """A structure shown as the tree itself, with `*` for leaves.

    >>> import leafgrad as torch
    >>> from leafgrad.utils import _pytree as pytree
    >>> pytree.treespec_pprint(pytree.tree_structure({"a": 1, "b": (2,)}))
    "{'a': *, 'b': (*,)}"
    """
    return repr(tree_unflatten([_Asterisk("*")] * treespec.num_leaves, treespec))


# --- names that torch keeps for older programs, and what only its own modules use ---


def _register_pytree_node(
    cls: type,
    flatten_fn: FlattenFn,
    unflatten_fn: UnflattenFn,
    to_str_fn: Any = None,
    maybe_from_str_fn: Any = None,
    **names: Any,
) -> None:
    """The old name of `register_pytree_node`; a type that is there already is replaced, with a warning."""
    warn(messages.TREE_OLD_REGISTER, FutureWarning)
    if to_str_fn is not None or maybe_from_str_fn is not None:
        warn(messages.TREE_OLD_STRINGS, FutureWarning)
    _private_register_pytree_node(cls, flatten_fn, unflatten_fn, **names)


def _is_namedtuple_instance(tree: Any) -> bool:
    """The old name of `is_namedtuple_instance`."""
    warn(
        messages.TREE_OLD_PRIVATE.format(old="_is_namedtuple_instance", new="is_namedtuple_instance"),
        FutureWarning,
    )
    return is_namedtuple_instance(tree)


def _is_leaf(tree: PyTree, is_leaf: IsLeaf = None) -> bool:
    """The old name of `tree_is_leaf`."""
    warn(messages.TREE_OLD_PRIVATE.format(old="_is_leaf", new="tree_is_leaf"), FutureWarning)
    return tree_is_leaf(tree, is_leaf)


def pytree_to_str(treespec: TreeSpec) -> str:
    """The old name of `treespec_dumps`."""
    warn(messages.TREE_OLD_TEXT.format(old="pytree_to_str", new="treespec_dumps"), FutureWarning)
    return treespec_dumps(treespec)


def str_to_pytree(json: str) -> TreeSpec:
    """The old name of `treespec_loads`."""
    warn(messages.TREE_OLD_TEXT.format(old="str_to_pytree", new="treespec_loads"), FutureWarning)
    return treespec_loads(json)


def _is_constant_holder(spec: TreeSpec) -> bool:
    """Whether this is the structure of a constant."""
    return isinstance(spec.context, ConstantNode)


def _retrieve_constant(spec: TreeSpec) -> Any:
    """The constant of which this is the structure."""
    if not _is_constant_holder(spec):
        raise AssertionError(messages.TREE_NOT_CONSTANT)
    return tree_unflatten([], spec)


__all__ = [
    "PyTree", "Context", "FlattenFn", "UnflattenFn", "DumpableContext", "ToDumpableContextFn", "FromDumpableContextFn",
    "PyTreeSpec", "TreeSpec", "LeafSpec", "keystr", "key_get", "register_pytree_node", "tree_is_leaf", "tree_flatten",
    "tree_flatten_with_path", "tree_unflatten", "tree_iter", "tree_leaves", "tree_leaves_with_path", "tree_structure",
    "tree_map", "tree_map_with_path", "tree_map_", "tree_map_only", "tree_map_only_", "tree_all", "tree_any",
    "tree_all_only", "tree_any_only", "treespec_dumps", "treespec_loads", "treespec_pprint", "is_namedtuple",
    "is_namedtuple_class", "is_namedtuple_instance", "is_structseq", "is_structseq_class", "is_structseq_instance",
]  # fmt: skip
