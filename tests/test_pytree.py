"""Pytrees: every expression gives on leafgrad what it gives on torch, or the same error, or the same warning."""

import copy
import pickle
import time
import warnings
from collections import OrderedDict, defaultdict, deque, namedtuple
from dataclasses import dataclass
from enum import Enum

import pytest

import leafgrad
from leafgrad.utils import _pytree as ours
from tests.both import each_module, first_sentence

theirs = pytest.importorskip("torch.utils._pytree")
pytestmark = pytest.mark.oracle

P = namedtuple("P", "a b")
Q = namedtuple("Q", "a b")


class Sub(P):
    """A class that derives from a named tuple's."""


class Listed(list):
    """A type that derives from list is a leaf."""


class Color(Enum):
    RED = 1


TREES = {
    "leaf": 1,
    "none": None,
    "text": "abc",
    "empty_tuple": (),
    "empty_list": [],
    "empty_dict": {},
    "tuple": (1, 2, 3),
    "list": [1, None, "a"],
    "dict": {"z": 1, "a": 2},
    "nested": [1, (2, {"b": 3, "a": (4, [])}), [[5]]],
    "namedtuple": P(1, (2, 3)),
    "sub": Sub(1, 2),
    "named_in_tuple": (P(1, 2), 3),
    "ordered": OrderedDict(b=1, a=[2]),
    "default": defaultdict(list, b=[1], a=[2, 3]),
    "deque": deque([1, (2,)], maxlen=5),
    "listed": Listed([1, 2]),
    "structseq": time.gmtime(0),
    "mixed": {"a": deque([P(1, 2)]), 3: defaultdict(int, x=OrderedDict()), (1, 2): [None]},
}


class Pair:
    """A container of two, registered with both libraries; its context is not hashable."""

    def __init__(self, a, b, tag=None):
        self.a, self.b, self.tag = a, b, tag

    def __repr__(self):
        return f"Pair({self.a!r}, {self.b!r}, {self.tag!r})"


class Bare:
    """A container of one, registered without keys and without a name."""

    def __init__(self, x):
        self.x = x

    def __repr__(self):
        return f"Bare({self.x!r})"


class Named(namedtuple("Named", "x y")):
    """A named tuple that is given a name."""


@dataclass
class Point:
    x: object
    y: object = None


@dataclass(frozen=True)
class Norm:
    name: str


for module in (ours, theirs):
    module.register_pytree_node(
        Pair,
        lambda p: ([p.a, p.b], [p.tag]),
        lambda ab, tag: Pair(*ab, *tag),
        serialized_type_name="tests.Pair",
        flatten_with_keys_fn=lambda p, m=module: (
            [(m.GetAttrKey("a"), p.a), (m.GetAttrKey("b"), p.b)],
            [p.tag],
        ),
    )
    module.register_pytree_node(Bare, lambda b: ([b.x], None), lambda x, _: Bare(*x))
    module.register_dataclass(Point, serialized_type_name="tests.Point")
    module.register_constant(Norm)
    module._register_namedtuple(Named, serialized_type_name="tests.Named")

TREES |= {
    "pair": Pair(1, (2, 3), {"k": 1}),
    "bare": [Bare(Bare(1)), 2],
    "point": Point(1, [2]),
    "point_none": [Point(1), Point(None, 2)],
    "constant": (Norm("l2"), 1),
    "named": Named(1, 2),
}


def said(module, expression, **names):
    """What an expression gives: its repr, or the error's type and first sentence; and the warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = repr(eval(expression, {**globals(), "p": module, **names}))
        except Exception as error:
            result = (type(error).__name__, first_sentence(error))
    return result, [(w.category.__name__, str(w.message), w.filename) for w in caught]


def same(expression, **names):
    expected = said(theirs, expression, **names)
    assert said(ours, expression, **names) == expected


# ------------------------------------------------------------------------------------------ every function on every tree
ON_A_TREE = [
    "p.tree_flatten(t)",
    "p.tree_flatten(t, is_leaf=lambda x: isinstance(x, tuple))",
    "p.tree_leaves(t)",
    "p.tree_leaves(t, lambda x: isinstance(x, (dict, P)))",
    "list(p.tree_iter(t))",
    "p.tree_structure(t)",
    "p.tree_is_leaf(t)",
    "p.tree_is_leaf(t, is_leaf=lambda x: True)",
    "p.tree_unflatten(p.tree_leaves(t), p.tree_structure(t))",
    "p.tree_unflatten(p.tree_structure(t), p.tree_leaves(t))",
    "p.tree_unflatten([*p.tree_leaves(t), 1], p.tree_structure(t))",
    "p.tree_map(lambda x: (x, x), t)",
    "p.tree_map(lambda x, y: (x, y), t, t)",
    "p.tree_map(lambda x: [x], t, is_leaf=lambda x: isinstance(x, list))",
    "p.tree_map_only(int, lambda x: x + 1, t)",
    "p.tree_map_only((int, str), lambda x: x * 2, t)",
    "p.tree_map_only(int | str, lambda x: x * 2, t)",
    "p.tree_map_only(lambda x: x == 2, lambda x: -x, t)",
    "p.tree_map_(lambda x: x, t) is t",
    "p.tree_map_only_(int, lambda x: x, t) is t",
    "p.tree_all(lambda x: isinstance(x, int), t)",
    "p.tree_any(lambda x: x is None, t)",
    "p.tree_all_only(int, lambda x: x > 1, t)",
    "p.tree_any_only((int, str), lambda x: x == 'a', t)",
    "p.tree_flatten_with_path(t)",
    "p.tree_leaves_with_path(t)",
    "p.tree_leaves_with_path(t, is_leaf=lambda x: isinstance(x, tuple))",
    "[p.keystr(path) for path, _ in p.tree_leaves_with_path(t)]",
    "[p.key_get(t, path) for path, _ in p.tree_leaves_with_path(t)]",
    "p.tree_map_with_path(lambda path, x, y: (p.keystr(path), x, y), t, t)",
    "p.treespec_dumps(p.tree_structure(t))",
    "p.treespec_loads(p.treespec_dumps(p.tree_structure(t)))",
    "p.treespec_loads(p.treespec_dumps(p.tree_structure(t))) == p.tree_structure(t)",
    "p.treespec_pprint(p.tree_structure(t))",
    "p._broadcast_to_and_flatten(7, p.tree_structure(t))",
    "p._broadcast_to_and_flatten((7, 8), p.tree_structure(t))",
    "p._broadcast_to_and_flatten({'a': 7, 'z': 8}, p.tree_structure(t))",
    "p._broadcast_to_and_flatten(t, p.tree_structure(t))",
    "p._broadcast_to_and_flatten((1, (2,)), p.tree_structure(t), is_leaf=lambda x: isinstance(x, tuple))",
    "[getattr(p.tree_structure(t), n) for n in ('num_leaves', 'num_nodes', 'num_children', 'type', 'context')]",
    "(p.tree_structure(t).is_leaf(), p.tree_structure(t).children())",
    "p.tree_structure(t).child(0)",
    "p.tree_structure(t).children_specs",
    "hash(p.tree_structure(t)) == hash(p.tree_structure(p.tree_map(lambda x: 0, t)))",
    "p.tree_structure(t) == p.tree_structure(p.tree_map(lambda x: 0, t))",
    "p.is_namedtuple(t), p.is_namedtuple_instance(t), p.is_namedtuple_class(type(t))",
    "p.is_structseq(t), p.is_structseq_instance(t), p.is_structseq_class(type(t))",
    "p.is_namedtuple(type(t)), p.is_structseq(type(t))",
    "p.arg_tree_leaves(t, [t], k=t)",
    "p._get_node_type(t)",
    "p._is_leaf(t)",
    "p._is_namedtuple_instance(t)",
    "p.str_to_pytree(p.pytree_to_str(p.tree_structure(t)))",
    "p._is_constant_holder(p.tree_structure(t)), p._retrieve_constant(p.tree_structure(t))",
]


@pytest.mark.parametrize("expression", ON_A_TREE)
def test_every_tree(expression):
    for tree in TREES.values():
        same(expression, t=tree)


def test_pairs_of_trees():
    # Which structures are equal, which is a prefix of which, and what is said where it is not.
    for a in TREES.values():
        for b in TREES.values():
            same(
                "p.tree_structure(a) == p.tree_structure(b), p.tree_structure(a) != p.tree_structure(b)",
                a=a,
                b=b,
            )
            same("p.tree_structure(a).flatten_up_to(b)", a=a, b=b)
            same("p._broadcast_to_and_flatten(a, p.tree_structure(b))", a=a, b=b)
            same("p.tree_map(lambda x, y: (x, y), a, b)", a=a, b=b)


EXPRESSIONS = [
    "p.tree_structure({'a': 1, 'b': 2}).flatten_up_to(OrderedDict(b=1, a=2))",
    "p.tree_structure(OrderedDict(a=1)).flatten_up_to(defaultdict(int, a=2))",
    "p.tree_structure(defaultdict(int, a=1)).flatten_up_to({'a': [2]})",
    "p.tree_structure({'a': 1, 'b': 2}).flatten_up_to({'a': 1, 'c': 2})",
    "p.tree_structure({'a': 1}).flatten_up_to({'a': 1, 'c': 2})",
    "p.tree_structure(deque([1], 3)).flatten_up_to(deque([2]))",
    "p.tree_structure(deque([1], 3)) == p.tree_structure(deque([2]))",
    "p.tree_structure(P(1, 2)).flatten_up_to(Q(1, 2))",
    "p.tree_structure(Pair(1, 2, 3)).flatten_up_to(Pair(1, 2, 4))",
    "p.tree_structure(Pair(1, 2, 3)).flatten_up_to((1, 2))",
    "p.tree_structure([Bare(1)]).flatten_up_to([Point(1)])",
    "p.tree_structure({'a': 1, 'b': 2}) == p.tree_structure({'b': 1, 'a': 2})",
    "p.tree_structure(P(1, 2)) == p.tree_structure(Q(1, 2))",
    "p.tree_structure(Norm('a')) == p.tree_structure(Norm('b'))",
    "p._broadcast_to_and_flatten({'b': 1, 'a': 0}, p.tree_structure({'a': (1, 2), 'b': 3}))",
    "p._broadcast_to_and_flatten((0, (None, 1)), p.tree_structure((1, ([2, 3], 4))))",
    "p._broadcast_to_and_flatten([0], p.tree_structure((1,)))",
    "p._broadcast_to_and_flatten(None, p.tree_structure(()))",
    "p.treespec_leaf(), p.treespec_tuple([p.treespec_leaf()] * 2), p.treespec_dict({'a': p.treespec_leaf()}, b=p.treespec_tuple())",
    "p.treespec_tuple([1])",
    "p.treespec_dict(a=1)",
    "p.LeafSpec()",
    "p.LeafSpec() == p.tree_structure(3), isinstance(p.tree_structure(3), p.LeafSpec)",
    "p.TreeSpec(None, 1, [])",
    "p.TreeSpec(None, None, [p.treespec_leaf()])",
    "p.TreeSpec(tuple, None, [p.treespec_leaf()]) == p.tree_structure((1,))",
    "setattr(p.tree_structure(1), 'type', 2)",
    "delattr(p.tree_structure(1), 'type')",
    "p.tree_structure(1) == 1",
    "p.tree_unflatten([1], None)",
    "p.tree_unflatten((x for x in [1, 2]), p.tree_structure([0, 0]))",
    "p.tree_unflatten([1], p.tree_structure([[0], 0]))",
    "p.tree_map(lambda x: 1 / x, [1, 0])",
    "p.tree_map(lambda x, y: x, [1, 2], [1])",
    "p.tree_map(lambda x, y: x + y, [1, 2], (1, 2))",
    "p.tree_map_(lambda x, y: x.append(y), [[], []], [1, 2], is_leaf=lambda x: x == [])",
    "p.tree_map_only('int', lambda x: x, [1])",
    "p.tree_map_only(int, lambda x: x, [1, [2]], lambda x: x == [2])",
    "p.tree_map_only_(int, lambda x: x, [1, [2]], is_leaf=lambda x: x == [2])",
    "p.map_only(int)(lambda x: x + 1)(1), p.map_only(int)(lambda x: x)('a')",
    "p.tree_map_with_path(lambda k, x: k, {'a': [1, P(2, 3)]})",
    "p.tree_map_with_path(lambda k, x: k, 5)",
    "p.treespec_dumps(3)",
    "p.treespec_dumps(p.tree_structure(3), protocol=2)",
    "p.treespec_loads('[2, {}]')",
    'p.treespec_loads(\'[1, {"type": "no.such", "context": "null", "children_spec": []}]\')',
    "p.treespec_dumps(p.tree_structure({Color.RED: 1}))",
    "p.treespec_dumps(p.tree_structure(Pair(1, 2, Color.RED)))",
    "p.treespec_loads(p.treespec_dumps(p.tree_structure(Pair(1, 2, Color.RED))))",
    "p.treespec_dumps(p.tree_structure(Pair(1, 2, object)))",
    "p.treespec_dumps(p.tree_structure([1, {'a': [2, (3, 4), ()], 'b': 1}]))",
    "p.treespec_loads(p.treespec_dumps(p.tree_structure([1, {'a': [2, (3, 4), ()], 'b': (1, [2])}, 3])))",
    "p.SequenceKey(1), p.MappingKey('a'), p.GetAttrKey('x')",
    "str(p.SequenceKey(1)), str(p.MappingKey('a')), str(p.GetAttrKey('x'))",
    "p.SequenceKey(1) == p.SequenceKey(1), p.SequenceKey(1) == p.MappingKey(1), p.SequenceKey(1) == 1",
    "len({p.SequenceKey(1), p.SequenceKey(1), p.MappingKey(1)})",
    "p.SequenceKey(idx=1).idx, p.MappingKey(key=2).key, p.GetAttrKey(name='n').name",
    "setattr(p.SequenceKey(1), 'idx', 2)",
    "delattr(p.SequenceKey(1), 'idx')",
    "p.SequenceKey()",
    "p.key_get({'a': 1}, (p.MappingKey('b'),))",
    "p.keystr(())",
    "p.register_pytree_node(list, list, list)",
    "p.register_pytree_node(type('X', (), {}), list, list, to_dumpable_context=str)",
    "p.register_constant(type('X', (), {}))",
    "p.register_constant(type('X', (), {'__eq__': lambda a, b: True}))",
    "p.register_dataclass(type('X', (), {}))",
    "p.register_dataclass(dataclass(type('X', (), {'__annotations__': {'a': int, 'b': int}})), field_names=['a'])",
    "p.register_dataclass(dataclass(type('X', (), {'__annotations__': {'a': int}})), field_names=['a', 'c'])",
    "p.is_constant_class(Norm), p.is_constant_class(Point), p.is_constant_class(1)",
    "p.tree_leaves(range(3)), p.tree_leaves({1, 2}), p.tree_leaves('ab')",
]


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_expression(expression):
    same(expression)


def test_structures_and_keys_can_be_copied_and_pickled():
    for tree in TREES.values():
        spec = ours.tree_structure(tree)
        assert copy.deepcopy(spec) == copy.copy(spec) == spec == pickle.loads(pickle.dumps(spec))
    for key in ours.SequenceKey(1), ours.MappingKey("a"), ours.GetAttrKey("x"):
        assert copy.deepcopy(key) == key == pickle.loads(pickle.dumps(key))


def test_the_old_way_to_register():
    class Old:
        pass

    for times in range(2):
        text = "p._register_pytree_node(Old, lambda b: ([], None), lambda x, _: Old(), to_str_fn=str)"
        (result, expected), (mine, got) = (said(module, text, Old=Old) for module in (theirs, ours))
        assert result == mine == "None" and len(got) == 2 + times
        assert [w[:2] for w in got] == [w[:2] for w in expected] and {w[2] for w in got} == {"<string>"}


def test_dataclasses_without_their_dropped_fields():
    @dataclass
    class Three:
        a: int
        b: int
        c: int = 0

    for module in (ours, theirs):
        module.register_dataclass(Three, field_names=["a", "b"], drop_field_names=["c"])
    same("p.tree_flatten(t), p.tree_map(lambda x: -x, t), p.tree_leaves_with_path(t)", t=Three(1, 2, 3))


def test_what_is_registered_can_be_taken_back():
    class Box:
        def __init__(self, x):
            self.x = x

    for module in (ours, theirs):
        module.register_pytree_node(
            Box, lambda b: ([b.x], None), lambda x, _: Box(*x), serialized_type_name="Box"
        )
        assert module.tree_leaves(Box(1)) == [1]
        module._deregister_pytree_node(Box)
        box = Box(1)
        assert module.tree_leaves(box) == [box]


def test_a_failed_registration_changes_nothing():
    kind = type("X", (), {})
    with pytest.raises(ValueError, match="Both to_dumpable_context"):
        ours.register_pytree_node(kind, list, list, to_dumpable_context=str)
    assert kind not in ours.SUPPORTED_NODES


@each_module
def test_tensors_sizes_and_results(torch):
    p = torch.utils._pytree
    found = torch.max(torch.arange(4.0).reshape(2, 2), 0)
    doubled = p.tree_map(lambda x: x * 2, {"a": found, "b": [torch.ones(2)]})
    assert type(doubled["a"]) is torch.return_types.max and doubled["a"].values.tolist() == [4.0, 6.0]
    assert repr(p.tree_structure(found)) == "TreeSpec(max, None, [*,\n  *])"
    assert [str(path[0]) for path, _ in p.tree_leaves_with_path(found)] == ["[0]", "[1]"]
    assert p.tree_map(str, torch.Size([2, 3])) == ("2", "3")
    assert p.is_structseq(found) and p.is_structseq_class(type(found)) and not p.is_structseq(torch.Size([1]))
    assert p.tree_map_only(torch.Tensor, lambda x: x.shape, [torch.ones(2), 3]) == [(2,), 3]
    assert p.tree_any_only(torch.Tensor, lambda x: x.requires_grad, [1, (torch.ones(1, requires_grad=True),)])


def test_every_name_that_torch_exports_is_there():
    assert set(theirs.__all__) == set(ours.__all__)
    assert not [name for name in ours.__all__ if not hasattr(ours, name)]


def test_a_tree_may_be_deep():
    tree, depth = 0, 30_000
    for level in range(depth):
        tree = [tree] if level % 2 else (tree, None)
    leaves, spec = ours.tree_flatten(tree)
    assert (len(leaves), spec.num_nodes) == (depth // 2 + 1, depth + depth // 2 + 1)
    assert spec == ours.tree_structure(tree) and hash(spec) == hash(ours.tree_structure(tree))
    assert ours.tree_structure(ours.tree_map(lambda x, y: x, tree, tree)) == spec
    assert len(ours.treespec_dumps(spec)) > depth
    assert len(list(ours.tree_iter(tree))) == len(leaves)
    chain = ()
    for _ in range(depth):  # of single children: the indentation of others alone would be gigabytes
        chain = (chain,)
    assert repr(ours.tree_structure(chain)) == "TreeSpec(tuple, None, [" * (depth + 1) + "])" * (depth + 1)


def test_the_module_is_where_torch_has_it():
    assert leafgrad.utils._pytree is ours
