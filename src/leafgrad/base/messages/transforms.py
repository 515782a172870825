"""Messages of vmap and of the other function transforms."""

VMAP_OUT = (
    "Batching rule not implemented for aten::{op}.out; the fallback path doesn't work on out= or view ops."
)
VMAP_LOOP = "There is a performance drop because we have not yet implemented the batching rule for aten::{op}. It is called once for each sample."
VMAP_EMPTY = (
    "Batching rule not implemented for {op}. The fallback path does not support vmap over dims of size 0."
)
VMAP_WRITE = (
    "vmap: {op}(self, *extra_args) is not possible because there exists a Tensor `other` in extra_args that has more "
    "elements than `self`. This happened due to `other` being vmapped over but `self` not being vmapped over at level {level}. "
    "Please try to use out-of-place operators instead of inplace arithmetic. If said operator is being called inside the PyTorch "
    "framework, please file a bug report instead."
)
VMAP_RANDOM = (
    "vmap: called random operation while in randomness error mode. Please either use the 'same' or 'different' randomness flags on "
    "vmap or perform the randomness operation out of vmap"
)
VMAP_RANDOM_SAME = "Vmap does not currently support same randomness with a batched tensor input. Please file an issue with functorch"
VMAP_RANDOM_OUT = "vmap: We do not support calling out variants of random operations inside of vmap. Please use non-out variants as a workaround"
VMAP_RANDOM_WRITE = (
    "vmap: Cannot ask for different inplace randomness on an unbatched tensor. This will appear like same randomness. If this is "
    "necessary for your usage, please file an issue with functorch."
)
VMAP_BERNOULLI = (
    "vmap: inplace bernoulli(self, *extra_args) is not possible because there exists a Tensor `other` in extra_args that has more "
    "elements than `self`. This happened due to `other` being vmapped over but `self` not being vmapped over in a vmap. Please try "
    "to use out-of-place operators instead of inplace bernoulli."
)
VMAP_ITEM = (
    "vmap: It looks like you're calling .item() on a Tensor. We don't support vmap over calling .item() on a Tensor, please try to "
    "rewrite what you're doing with other operations."
)
VMAP_BOOL = "vmap: It looks like you're attempting to use a Tensor in some data-dependent control flow. We don't support that yet."
VMAP_DYNAMIC = "vmap: We do not support batching operators that can output dynamic shape. Attempted to vmap over aten::{op}."
VMAP_ONE_HOT = (
    "When vmap-ing torch.nn.functional.one_hot, please provide an explicit positive num_classes argument."
)
VMAP_TENSOR_SPLIT = "Batching rule not implemented for aten::tensor_split.tensor_indices_or_sections. We could not generate a fallback."
VMAP_EQUAL = "Batching rule not implemented for aten::equal. We could not generate a fallback."
VMAP_DATA_ATTRIBUTE = "accessing `data` under vmap transform is not allowed"
VMAP_ALLCLOSE = "vmap over torch.allclose isn't supported yet."
VMAP_DATA = "Cannot access data pointer of Tensor that doesn't have storage"
VMAP_STORAGE = "Cannot access storage of BatchedTensorImpl"
VMAP_SET = "Batching rule not implemented for aten::{op}. We could not generate a fallback."
VMAP_NONZERO = "Batching rule not implemented for aten::nonzero_numpy. We could not generate a fallback."
VMAP_MASKED_SELECT = (
    "vmap: Attempted to vmap over `mask` in torch.masked_select(self, mask) We cannot support this because for each batch this would "
    "return a differently shaped Tensor."
)
VMAP_MASK = "vmap: We do not support batching operators that can support dynamic shape. Attempting to batch over indexing with a boolean mask."

# --- vmap's arguments ---

RANDOMNESS = "Only allowed values for randomness are 'error', 'different', or 'same'. Got {got}"
VMAP_CHUNK = "vmap: chunk_size should be None or greater than 0. (got {got})"
_IN = "vmap({name}, in_dims={in_dims}, ...)(<inputs>): "
IN_DIMS_TYPE = (
    _IN
    + "expected `in_dims` to be int or a (potentially nested) tuple matching the structure of inputs, got: {type}."
)
VMAP_NO_INPUTS = (
    "vmap({name})(<inputs>): got no inputs. Maybe you forgot to add inputs, or you are trying to vmap over a function with no inputs. "
    "The latter is unsupported."
)
IN_DIMS_STRUCTURE = (
    _IN
    + "in_dims is not compatible with the structure of `inputs`. in_dims has structure {structure} but inputs has structure {inputs}."
)
IN_DIM_TYPE = _IN + "Got in_dim={dim} for an input but in_dim must be either an integer dimension or None."
IN_DIM_NO_TENSOR = (
    _IN
    + "Got in_dim={dim} for an input but the input is of type {type}. We cannot vmap over non-Tensor arguments, please use None as the "
    "respective in_dim"
)
IN_DIM_RANGE = (
    _IN
    + "Got in_dim={dim} for some input, but that input is a Tensor of dimensionality {ndim} so expected in_dim to satisfy "
    "-{ndim} <= in_dim < {ndim}."
)
VMAP_NOTHING = "vmap: Expected at least one Tensor to vmap over"
VMAP_SIZES = "vmap: Expected all tensors to have the same size in the mapped dimension, got sizes {sizes} for the mapped dimension"
_OUT = "vmap({name}, ..., out_dims={out_dims})"
OUT_DIMS_TYPE = (
    _OUT
    + ": `out_dims` must be an int, None or a python collection of ints representing where in the outputs the vmapped dimension "
    "should appear."
)
OUT_DIMS_STRUCTURE = (
    _OUT
    + "(<inputs>): out_dims is not compatible with the structure of `outputs`. out_dims has structure {structure} but outputs has "
    "structure {outputs}."
)
OUT_DIM_NONE = "vmap({name}, ...): `{name}` can not return a BatchedTensor when out_dim is None"
VMAP_OUTPUT = "vmap({name}, ...): `{name}` must only return Tensors, got type {type}. Did you mean to set out_dims= to None for output?"

# --- grad, vjp, jvp and their relatives ---

ARGNUMS_TYPE = "argnums must be int or Tuple[int, ...], got: {type}"
ARGNUMS_EMPTY = "argnums must be non-empty"
ARGNUMS_ELEMENT = "argnum must be int, got: {type}"
ARGNUMS_UNIQUE = "argnums elements must be unique, got {argnums}"
ARGNUM_RANGE = "Got argnum={argnum}, but only {count} positional inputs"
TRANSFORM_INPUT = "Thing passed to transform API must be Tensor, got {type}"
TRANSFORM_OUTPUT = "{api}: expected f(*primals) to return only tensors, got unsupported type {type}"
TRANSFORM_AUX = "Expected tensors, got unsupported type {type}"
AUX = "{api}: output of function f should be a tuple: (output, aux) if has_aux is True"
TRANSFORM_DTYPE = "only Tensors of floating point dtype can require gradients"
GRAD_RESULT = "grad_and_value(f)(*args): Expected f(*args) to return a Tensor, got {type}"
GRAD_SCALAR = (
    "grad_and_value(f)(*args): Expected f(*args) to return a scalar Tensor, got tensor with {ndim} dims. Maybe you wanted to use the "
    "vjp or jacrev APIs instead?"
)
VJP_STRUCTURE = (
    "Expected pytree structure of cotangents to be the same as pytree structure of outputs to the function. cotangents: {got}, "
    "primal output: {want}"
)
VJP_SHAPE = "Mismatch in shape: grad_output[{i}] has a shape of {got} and output[{i}] has a shape of {want}."
JACREV_CHUNK = "jacrev: `chunk_size` should be greater than 0."
JVP_TUPLE = (
    "jvp(f, primals, tangents): Expected primals to be a tuple. E.g. it should be valid to call f(*primals)."
)
JVP_STRUCTURE = (
    "jvp(f, primals, tangents): Expected primals and tangents to have the same python structure. For example, if primals is a tuple of 3 "
    "tensors, tangents also must be. Got primals with structure {primals} and tangents with structure {tangents}"
)
JVP_TENSORS = "jvp(f, primals, tangents): Expected {what} to only contain Tensors, got {type}"
JVP_NONE = "jvp(f, primals, tangents): Expected primals to contain at least one Tensor."
LINEARIZE_SHAPE = "tangent:{i} with shape {got} in flattened pytree doesn't match the shape {want} of the corresponding primal."
LINEARIZE_DTYPE = "tangent:{i} with dtype {got} in flattened pytree doesn't match the dtype {want} of the corresponding primal."
LINEARIZE_STRUCTURE = "Expected the tangents {got} to have the same argspec as the primals {want}"
JVP_STRICT = "jvp(f, primals, tangents, strict=True): The output of f is independent of the inputs. This is not allowed with strict=True."
TRANSFORM_BACKWARD = (
    "backward() called inside a functorch transform. This is not supported, please use functorch.grad or functorch.vjp instead or "
    "call backward() outside of functorch transforms."
)
TRANSFORM_REQUIRES_GRAD = (
    "You are attempting to call Tensor.requires_grad_() (or perhaps using torch.autograd.functional.* APIs) inside of a function "
    "being transformed by a functorch transform. This is unsupported, please attempt to use the functorch transforms (e.g. grad, vjp, "
    "jacrev, jacfwd, hessian) or call requires_grad_() outside of a function being transformed instead."
)
TRANSFORM_RETAIN_GRAD = (
    "You are attempting to call Tensor.retain_grad() inside of a function being transformed by a functorch transform. This is "
    "unsupported, please attempt to use the functorch transforms (e.g. grad, vjp, jacrev, jacfwd, hessian) or call retain_grad() "
    "outside of a function being transformed instead."
)
TRANSFORM_SET_DATA = "mutating directly with `.data` inside functorch transform is not allowed."
VMAP_SET_DATA = "mutating directly with `.data` under vmap transform is not allowed."
TRANSFORM_EMPTY = "{api}: Expected f to be a function that has non-empty output (got output = {output})"
TRANSFORM_REAL = (
    "{api}: Expected all {what} to be real but received complex tensor at flattened input idx: {index}"
)
VJP_DTYPE = (
    "vjp(f, ...): All outputs of f must be floating-point or complex Tensors, got Tensor with dtype {dtype}"
)

# --- modules as functions ---

CALL_DICTS = "Expected parameter_and_buffer_dicts to be a dict, or a list/tuple of dicts, but got {type}"
CALL_DICT = "Expected all elements of parameter_and_buffer_dicts to be dictionaries"
CALL_REPEATED = "{names} appeared in multiple dictionaries; behavior of functional call is ambiguous"
CALL_TIED = (
    "functional_call got multiple values for keys {names}, which are tied. Consider using tie_weights=False"
)
CALL_NAMES = "Error(s) in reparametrizing for {module}:\n\t{errors}"
CALL_UNEXPECTED = "Unexpected key(s): {names}."
CALL_MISSING = "Missing key(s): {names}."
CALL_VALUE = "{value} is not an instance of torch.Tensor"
CALL_EMPTY = 'tensor name can\'t be empty string ""'
CALL_ATTRIBUTE = "attribute `{name}`: {value} is not an instance of torch.Tensor"
CALL_NO_ATTRIBUTE = "{module} has no attribute `{name}`"
STACK_NO_MODELS = "stack_module_state: Expected at least one model, got 0."
STACK_TRAINING = "stack_module_state: Expected all models to have the same training/eval mode."
STACK_CLASSES = "stack_module_state: Expected all models to be of the same class."
STACK_REQUIRES_GRAD = "Expected {name} from each model to have the same .requires_grad"
FUNCTIONALIZE_REMOVE = (
    "functionalize(f, remove='mutations'): received invalid argument for remove={remove}. Valid options are:\n"
    "     remove='mutations': all inplace and out= operators will be removed from the program, and replaced with their out-of-place "
    "equivalents.\n     remove='mutations_and_views': In addition to the above, all aliasing operators {{view}} will be replaced with "
    "their non-aliasing counterparts, {{view}}_copy.\n"
)

# --- rearrange ---

REARRANGE_ARROW = "Pattern must contain a single '->' separator"
REARRANGE_DOTS = "Expression may contain dots only inside ellipsis (...)"
REARRANGE_ELLIPSES = "Expression may contain dots only inside ellipsis (...); only one ellipsis for tensor "
REARRANGE_NESTED = "Axis composition is one-level (brackets inside brackets not allowed)"
REARRANGE_BRACKETS = "Brackets are not balanced"
REARRANGE_OPEN = "Imbalanced parentheses in expression: '{side}'"
REARRANGE_CHARACTER = "Unknown character '{char}'"
REARRANGE_TWICE = "Indexing expression contains duplicate dimension '{name}'"
REARRANGE_NUMBER = "rearrange only supports unnamed axes of size 1"
REARRANGE_IDENTIFIER = "Invalid axis identifier: {name}\nnot a valid python identifier"
REARRANGE_UNDERSCORE = (
    "Invalid axis identifier: {name}\naxis name should should not start or end with underscore"
)
REARRANGE_KEYWORD = "It is discouraged to use axes names that are keywords: {name}"
REARRANGE_AXIS = "It is discouraged to use 'axis' as an axis name and will raise an error in future"
REARRANGE_NEW_ELLIPSIS = "Ellipsis found in right side, but not left side of a pattern {pattern}"
REARRANGE_SPLIT_ELLIPSIS = "Ellipsis is parenthesis in the left side is not allowed: {pattern}"
REARRANGE_LENGTH = "rearrange axis lengths must be integers, got: {type}"
REARRANGE_ONE_SIDE = "Identifiers only on one side of rearrange expression (should be on both): {names}"
REARRANGE_UNKNOWN = "Identifiers not found in rearrange expression: {names}"
REARRANGE_MOST = "Number of dimensions in pattern ({pattern}) must be less than or equal to the number of dimensions in the tensor ({tensor})"
REARRANGE_NDIM = "Number of dimensions in pattern ({pattern}) must be equal to the number of dimensions in the tensor ({tensor})"
REARRANGE_INFER = "cannot infer the sizes of two dimensions at once {names}"
REARRANGE_UNEVEN = (
    "inferred dimension does not evenly fit into larger dimension: {size} is no multiple of {known}"
)
REARRANGE_SIZE = "Dimension sizes to do not match ({size} != {known})"
