"""Hooks on saved tensors, writes to what was saved, and what else `torch.autograd.graph` documents."""

# --- hooks that pack and unpack ---
UNPACKED_KIND = "Output of saved tensor unpack_hook expected to be a Tensor but got result of type {type}"
PACK_WRITES = (
    "A saved tensor pack hook is modifying its input in place. Tensors provided as input to pack hook cannot be modified by in-place "
    "operations as this can lead to unexpected side-effects. Please open an issue if you need to perform in-place operations on the "
    "input to a pack hook."
)
HOOKS_ALREADY_SET = (
    "Calling register_hooks on a saved tensor whose hooks have already been set. "
    "Hint: only one pair of hooks is allowed at a time."
)
HOOKS_FREED = (
    "Calling register_hooks on a saved tensor after it has been freed. Saved intermediate values of the graph are freed when you call "
    ".backward() or autograd.grad(). Specify retain_graph=True if you need to backward through the graph a second time or if you need "
    "to access saved variables after calling backward."
)
HOOKS_NONE = "Calling register_hooks on a saved tensor with value None is forbidden"
HOOKS_CALLABLE = (
    "{function}(): incompatible function arguments. The following argument types are supported: "
    "{function}(pack_hook: Callable, unpack_hook: Callable), but got ({pack}, {unpack})"
)
SAVED_TENSOR_MADE = "Trying to create a SavedTensor object from Python is forbidden."
HOOKS_NOT_ENTERED = "saved_tensors_hooks: __exit__ was called more often than __enter__."
DISABLE_MESSAGE = (
    "_saved_tensors_hooks_disable(): incompatible function arguments. The following argument types are supported: "
    "(error_message: str), but got ({type})"
)
TRANSFORM_SAVED_HOOKS = "torch.func.{grad, vjp, jacrev, hessian} don't yet support saved tensor hooks. Please open an issue with your use case."

# --- writes to what was saved ---
MUTATION_NESTED = "allow_mutation_on_saved_tensors contexts cannot be nested"
MUTATION_OUTSIDE = (
    "Trying to backward outside of the 'allow_mutation_on_saved_tensors' context"
    "in which the graph was originally recorded."
)
VERSION_ITERABLE = "increment_version expect a Iterable[Tensor] as input"
VERSION_ELEMENT = "increment_version expects each element of the iterable to be a tensor"

# --- hooks on several tensors, callbacks ---
MULTI_GRAD_MODE = "Expects mode to be one of ('all', 'any') but got {mode}"
GRADIENT_FUNCTION = "Expected gradient function to be set"
MULTI_GRAD_LEAF = (
    "A leaf node was passed to _will_engine_execute_node but we are currently running autograd.grad(). "
    "This is currently not supported."
)
CALLBACK_OUTSIDE = "Final callbacks can only be installed during backward pass."

# --- the dtype of a gradient ---
GRAD_DTYPE_READ = "grad_dtype can only be accessed on leaf tensors."
GRAD_DTYPE_LEAF = "grad_dtype can only be set on leaf tensors."
GRAD_DTYPE_KIND = "grad_dtype must be a torch.dtype or None, but got {type}"
GRAD_DTYPE_PRESENT = (
    "Cannot set grad_dtype to '{want}' because there is already a gradient with dtype '{got}'. Please clear the gradient (.grad = None) "
    "before changing grad_dtype, or ensure the new grad_dtype matches the existing gradient's dtype."
)
GRAD_DTYPE_REAL = "grad_dtype must be a floating point or complex dtype, or None, but got {dtype}"

# --- switches of streams ---
ENABLED_BOOL = "enabled must be a bool, but got {type}"
BUDGET_TYPE = "torch.autograd.graph.region_activation_memory_budget: expects a float, got {type}"
BUDGET_RANGE = "torch.autograd.graph.region_activation_memory_budget: must be in [0, 1], got {budget}"
BUDGET_COMPILE = (
    "torch.autograd.graph.region_activation_memory_budget can only be used inside a torch.compile region; "
    "it has no effect in eager mode."
)
