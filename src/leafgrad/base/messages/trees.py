"""Pytrees: registering types, structures that do not fit, structures as text."""

# --- registering types ---
TREE_REGISTERED = "{cls} is already registered as pytree node."
TREE_OVERWRITTEN = "{cls} is already registered as pytree node. Overwriting the previous registration."
TREE_DUMPABLE_BOTH = (
    "Both to_dumpable_context and from_dumpable_context for {cls} must be None or registered."
)
TREE_FIELDS_NEEDED = "field_names must be specified with a list of all fields used to initialize {cls}, as it is not a dataclass."
TREE_FIELDS = "field_names does not include all dataclass fields.\n"
TREE_FIELDS_MISSING = (
    "Missing fields in `field_names`: {missing}. If you want to include these fields in the pytree, please add them "
    "to `field_names`, otherwise please add them to `drop_field_names`.\n"
)
TREE_FIELDS_UNEXPECTED = (
    "Unexpected fields in `field_names`: {unexpected}. "
    "Please remove these fields, or add them to `drop_field_names`.\n"
)
TREE_CONSTANT_EQ = "register_constant(cls) expects `cls` to have a non-default `__eq__` implementation."
TREE_CONSTANT_HASH = "register_constant(cls) expects `cls` to have a non-default `__hash__` implementation."
TREE_NOT_CONSTANT = "spec does not correspond to a registered constant pytree"
TREE_NO_KEYS = (
    "Did not find a flatten_with_keys_fn for type: {type}. "
    "Please pass a flatten_with_keys_fn argument to register_pytree_node."
)
TREE_FROZEN_SET = "cannot assign to field '{name}'"
TREE_FROZEN_DELETE = "cannot delete field '{name}'"

# --- structures ---
TREE_LEAF_CONTEXT = "leaf node should not have a context"
TREE_LEAF_CHILDREN = "leaf node should not have children"
TREE_TYPE = "Type mismatch; expected {expected!r}, but got {got!r}."
TREE_NODE_TYPE = "Node type mismatch; expected {expected!r}, but got {got!r}."
TREE_ARITY = "Node arity mismatch; expected {expected}, but got {got}."
TREE_CUSTOM_CONTEXT = "Node context mismatch for custom node type {type!r}."
TREE_CONTEXT = "Node context mismatch for node type {type!r}; expected {expected!r}, but got {got!r}."
TREE_KEYS = "Node keys mismatch{difference}."
TREE_KEYS_MISSING = "; missing key(s): {keys}"
TREE_KEYS_EXTRA = "; extra key(s): {keys}"
TREE_LEAVES = (
    "treespec.unflatten(leaves): `leaves` has length {got} "
    "but the spec refers to a pytree that holds {expected} items ({spec})."
)
TREE_SPEC_TYPE = "Expected `treespec` to be an instance of PyTreeSpec but got item of type {type}."
TREE_TUPLE_OF_SPECS = "Expected a tuple of TreeSpec values, got: {got!r}."
TREE_DICT_OF_SPECS = "Expected a dictionary of TreeSpec values, got: {got!r}."
TREE_MAP_ONLY = "Argument must be a type, a tuple of types, or a callable."

# --- structures as text ---
TREE_NAMEDTUPLE_UNKNOWN = (
    "Can't serialize TreeSpec of namedtuple class {cls} because we didn't register a serializated_type_name. "
    "Please register using `_register_namedtuple`."
)
TREE_NAMEDTUPLE_NAMELESS = (
    "Can't serialize TreeSpec of namedtuple class {cls} because we couldn't find a serializated_type_name. "
    "Please register using `_register_namedtuple`."
)
TREE_NAMEDTUPLE_LOAD = (
    "Can't deserialize TreeSpec of namedtuple class {name} because we couldn't find a serializated name."
)
TREE_DUMP_TYPE = "Serializing {type} in pytree is not registered."
TREE_DUMP_NAMELESS = (
    "No registered serialization name for {type} found. "
    "Please update your _register_pytree_node call with a `serialized_type_name` kwarg."
)
TREE_DUMP_CONTEXT = (
    "Unable to serialize context. "
    "Please make the context json dump-able, or register a custom serializer using _register_pytree_node."
)
TREE_NOT_JSON = "Object of type {type} is not JSON serializable"
TREE_LOAD_TYPE = "Deserializing {type} in pytree is not registered."
TREE_LOAD_CONTEXT = (
    "Unable to deserialize context. "
    "Please make the context json load-able, or register a custom serializer using _register_pytree_node."
)
TREE_PROTOCOL = "Unknown protocol {protocol}. Available protocols: [1]"
TREE_DEFAULTDICT_KIND = "dumpable_context must be a dict"
TREE_DEFAULTDICT_KEYS = "dumpable_context keys must be {expected}, got {got}"
TREE_DEFAULTDICT_STRING = "{name} must be a string"

# --- deprecated names ---
TREE_OLD_CHILDREN = (
    "`treespec.children_specs` is deprecated. "
    "Use `treespec.child(index)` to access a single child, or `treespec.children()` to get all children."
)
TREE_OLD_LEAF = (
    "`isinstance(treespec, LeafSpec)` is deprecated, "
    "use `isinstance(treespec, TreeSpec) and treespec.is_leaf()` instead."
)
TREE_OLD_REGISTER = (
    "`torch.utils._pytree._register_pytree_node` is deprecated. "
    "Please use `torch.utils._pytree.register_pytree_node` instead."
)
TREE_OLD_STRINGS = (
    "`to_str_fn` and `maybe_from_str_fn` is deprecated. "
    "Please use `to_dumpable_context` and `from_dumpable_context` instead."
)
TREE_OLD_PRIVATE = (
    "torch.utils._pytree.{old} is private and will be removed in a future release. "
    "Please use torch.utils._pytree.{new} instead."
)
TREE_OLD_TEXT = "`{old}` is deprecated. Please use `{new}` instead."
