"""The graph: saved values, the engine, writes and views, hooks, custom Functions, gradcheck."""

# --- the graph: saved values ---
HINT_ANOMALY = (
    "Hint: enable anomaly detection to find the operation that failed to compute its gradient, "
    "with torch.autograd.set_detect_anomaly(True, check_nan=False)."
)
HINT_BACKTRACE = (
    "Hint: the backtrace further above shows the operation that failed to compute its gradient. "
    "The variable in question was changed in there or anywhere later. Good luck!"
)
MODIFIED = (
    "one of the variables needed for gradient computation has been modified by an inplace operation: "
    "[{type} {shape}]{output} is at version {version}; expected version {expected} instead. {hint}\n"
    "  saved by {node} at {saved}\n  written at {written}\n"
    "  repair: write to a copy (x = x.clone() before the write), or use the out-of-place op (x = x + 1 instead of x += 1)."
)
FREED = (
    "Trying to backward through the graph a second time (or directly access saved tensors after they have already been freed). "
    "Saved intermediate values of the graph are freed when you call .backward() or autograd.grad(). "
    "Specify retain_graph=True if you need to backward through the graph a second time or if you need to access saved tensors "
    "after calling backward.\n  the values were saved by {node} at {saved}"
)
DETACHED = (
    "Trying to use a saved tensor that has been detached in-place, i.e. with .detach_()."
    "This is not supported, please use out-of-place `.detach()` instead\n"
    "  saved by {node} at {saved}"
)
LEAF_INSIDE = "leaf variable has been moved into the graph interior"
NODE_NO_ATTRIBUTE = "'{node}' object has no attribute '{name}'"
NOT_DIFFERENTIABLE = "derivative for {op} is not implemented"
HOOK_TUPLE = "expected tuple, but hook returned '{type}'"
HOOK_AFTER = "Tensor post accumulate grad hooks should return None."
HOOK_VARIABLE = "expected Variable, but hook returned '{type}'"
HOOK_NONE = "can't replace a None gradient with a non-None value"
HOOK_SIZE = "hook '{hook}' has changed the size of value"
HOOK_TYPE = "hook '{hook}' has changed the type of value (was {was} got {got})"

# --- the engine ---
INVALID_GRADIENT = "Function {node} returned an invalid gradient at index {index} - got {got} but expected shape compatible with {expected}"
ANOMALY_NAN = "Function '{node}' returned nan values in its {index}th output."
SCALAR_ONLY = "grad can be implicitly created only for scalar outputs"
SCALAR_REAL_ONLY = "grad can be implicitly created only for real scalar outputs but got {dtype}"
NO_GRAD_FN = "element {index} of tensors does not require grad and does not have a grad_fn"
GRAD_SHAPE = "Mismatch in shape: grad_output[{index}] has a shape of {got} and output[{index}] has a shape of {expected}."
GRAD_DTYPE = (
    "For complex Tensors, both grad_output and output are required to have the same dtype. Mismatch in dtype: "
    "grad_output[{index}] has a dtype of {got} and output[{index}] has a dtype of {expected}."
)
GRAD_TYPE = "gradients can be either Tensors or None, but got {type}"
GRAD_COUNT = "got {tensors} tensors and {grads} gradients"
INPUTS_EMPTY = "`inputs` argument to `backward()` cannot be empty."
GRAD_INPUTS_EMPTY = "`inputs` argument to `grad()` cannot be empty."
OUTPUT_KIND = "Expected output to be a torch.Tensor"
FLAG_TYPE = "'{type}' object cannot be interpreted as an integer"
MATERIALIZE_EDGE = "materialize_grads cannot be used when the given input is a GradientEdge"
INPUT_KIND = "all inputs have to be Tensors or GradientEdges, but got {type}"
INPUT_NO_GRAD = "One of the differentiated Tensors does not require grad"
UNUSED = (
    "The differentiated Tensor at index {index} appears to not have been used in the graph. "
    "Set allow_unused=True if this is the desired behavior."
)
UNUSED_MATERIALIZE = (
    "Expected allow_unused to be True or not passed when materialize_grads=True, but got: allow_unused=False."
)
BACKWARD_CREATE_GRAPH = (
    "Using backward() with create_graph=True will create a reference cycle between the parameter and its gradient which can "
    "cause a memory leak. We recommend using autograd.grad when creating the graph to avoid this. If you have to use this function, "
    "make sure to reset the .grad fields of your parameters to None after use to break the cycle and avoid the leak."
)

# --- writes and views ---
LEAF_WRITE = (
    "a leaf Variable that requires grad is being used in an in-place operation.\n"
    "  repair: write under torch.no_grad(), or to x.data or x.detach(), or make x by an op first (x = x.clone())."
)
LEAF_VIEW_WRITE = (
    "a view of a leaf Variable that requires grad is being used in an in-place operation.\n"
    "  repair: write under torch.no_grad(), or take the view of x.data or x.detach(), or of a clone of x."
)
VIEW_WRITTEN_DIRECT = "and is being modified inplace"
VIEW_WRITTEN_INDIRECT = "and its base or another view of its base has been modified inplace"
VIEW_MULTI = (
    "Output {nr} of {fn} is a view {how}. This view is the output of a function that returns multiple views. Such functions do not "
    "allow the output views to be modified inplace. You should replace the inplace operation by an out-of-place one."
)
VIEW_NO_GRAD = (
    "A view was created in no_grad mode {how} with grad mode enabled. Given that this use case is ambiguous and error-prone, it is "
    "forbidden. You can clarify your code by moving both the view and the inplace either both inside the no_grad block (if you don't "
    "want the inplace to be tracked) or both outside (if you want the inplace to be tracked)."
)
VIEW_OF_NO_GRAD = (
    "Output {nr} of {fn} is a view of a view which was created in no_grad mode {how} with grad mode enabled. Given that this use case "
    "is ambiguous and error-prone, it is forbidden. You can clarify your code by moving both the view and the inplace either both inside "
    "the no_grad block (if you don't want the inplace to be tracked) or both outside (if you want the inplace to be tracked)."
)
VIEW_NO_GRAD_MULTI = (
    "A view was created in no_grad mode {how} with grad mode enabled. This view is the output of a function that returns multiple "
    "views. Such functions do not allow the output views to be modified inplace. You should replace the inplace operation by an "
    "out-of-place one."
)
VIEW_INFERENCE = (
    "A view was created in inference mode {how} in normal mode. Given that this use case is ambiguous and error-prone, it is forbidden. "
    "You can clarify your code by moving both the view and the inplace either both inside the inference_mode block (if you don't want "
    "the inplace to be tracked) or both outside (if you want the inplace to be tracked)."
)
VIEW_OF_INFERENCE = (
    "Output {nr} of {fn} is a view of a view which was created in inference mode {how} in normal mode. Given that this use case is "
    "ambiguous and error-prone, it is forbidden. You can clarify your code by moving both the view and the inplace either both inside "
    "the inference_mode block (if you don't want the inplace to be tracked) or both outside (if you want the inplace to be tracked)."
)
VIEW_CUSTOM = (
    "Output {nr} of {fn} is a view {how}. This view was created inside a custom Function (or because an input was returned as-is) and the "
    "autograd logic to handle view+inplace would override the custom backward associated with the custom Function, leading to "
    "incorrect gradients. This behavior is forbidden. You can fix this by cloning the output of the custom Function."
)
OVERLAP = (
    "unsupported operation: more than one element of the written-to tensor refers to a single memory location. "
    "Please clone() the tensor before performing the operation."
)
INPLACE_SHAPE = "output with shape {shape} doesn't match the broadcast shape {broadcast}"
CAST = "result type {got} can't be cast to the desired output type {want}"
OUT_GRAD = (
    "{op}(): functions with out=... arguments don't support automatic differentiation, "
    "but one of the arguments requires grad."
)
OUT_RESIZED = (
    "An output with one or more elements was resized since it had shape {had}, which does not match the required output shape {needs}. "
    "This behavior is deprecated, and in a future PyTorch release outputs will not be resized unless they have zero elements. "
    "You can explicitly reuse an out tensor t by resizing it, inplace, to zero elements with t.resize_(0)."
)

# --- the autograd side of a tensor ---
REQUIRES_GRAD_BOOL = "requires_grad must be a bool"
REQUIRES_GRAD_ARGUMENT = "requires_grad_(): argument 'requires_grad' (position 1) must be bool, not {type}"
REQUIRES_GRAD_FLAG_DTYPE = "only Tensors of floating point and complex dtype can require gradients"
REQUIRES_GRAD_METHOD_DTYPE = "only Tensors of floating point dtype can require gradients"
REQUIRES_GRAD_DTYPE = "Only Tensors of floating point and complex dtype can require gradients"
NOT_LEAF_FLAG = (
    "you can only change requires_grad flags of leaf variables. If you want to use a computed variable in a subgraph "
    "that doesn't require differentiation use var_no_grad = var.detach()."
)
NON_LEAF_GRAD = (
    "The .grad attribute of a Tensor that is not a leaf Tensor is being accessed. Its .grad attribute won't be populated during "
    "autograd.backward(). If you indeed want the .grad field to be populated for a non-leaf Tensor, use .retain_grad() on the "
    "non-leaf Tensor. If you access the non-leaf Tensor by mistake, make sure you access the leaf Tensor instead. "
    "See github.com/pytorch/pytorch/pull/30531 for more information."
)
NUMBER_GRAD = (
    "Converting a tensor with requires_grad=True to a scalar may lead to unexpected behavior.\n"
    "Consider using tensor.detach() first."
)
GRAD_KIND = "assigned grad expected to be a Tensor or None but got grad of type {type}"
GRAD_SELF = "can't assign Variable as its own grad"
GRAD_ASSIGNED_SHAPE = (
    "attempting to assign a gradient of size '{got}' to a tensor of size '{want}'. "
    "Please ensure that the gradient and the tensor are the same size"
)
GRAD_ASSIGNED_DTYPE = (
    "attempting to assign a gradient with dtype '{got}' to a tensor with grad_dtype '{want}'. The gradient must match the tensor's "
    "grad_dtype (defaults to the tensor's dtype). You can set the tensor's grad_dtype attribute with a specific dtype, or None to allow "
    "any dtype. Set grad_dtype with caution. Diverging the dtypes of a tensor and its gradient may break downstream systems "
    "that assume they match."
)
DETACH_VIEW = (
    "Can't detach views in-place. Use detach() instead. If you are using DistributedDataParallel (DDP) for training, and "
    "gradient_as_bucket_view is set as True, gradients are views of DDP buckets, and hence detach_() cannot be called on these gradients. "
    "To fix this error, please refer to the Optimizer.zero_grad() function in torch/optim/optimizer.py as the solution."
)
DATA_DELETED = "Deleting tensor data is not allowed. Delete tensor instead!"
NOT_WRITABLE_ATTRIBUTE = "attribute '{name}' of '{type}' objects is not writable"
DELETE_ITEM = "Tensor does not support deleting items"
NODE_ARGUMENTS = "expected {expected} arguments, got {got} instead"
NODE_ARGUMENT = "argument {i} is not a Variable"
NODE_KEYWORDS = "keyword arguments are not supported"
NODE_CUSTOM = "'{type}' object is not callable"
DATA_KIND = "Variable data has to be a tensor, but got {type}"
VARIABLE_VOLATILE = "volatile was removed and now has no effect. Use `with torch.no_grad():` instead."
DATA_DTYPE = "data set to a tensor that requires gradients must be floating point or complex dtype"
HOOK_NO_GRAD = "cannot register a hook on a tensor that doesn't require gradient"
HOOK_NOT_LEAF = "post accumulate grad hooks cannot be registered on non-leaf tensors"
RETAIN_NO_GRAD = "can't retain_grad on Tensor that has requires_grad=False"
GRAD_MODE_CLASS = (
    "Decorating classes is deprecated and will be disabled in future versions. You should only decorate functions or methods. "
    "To preserve the current behavior of class decoration, you can directly decorate the `__init__` method and nothing else."
)
INFERENCE_SAVED = (
    "Inference tensors cannot be saved for backward. Please do not use Tensors created in inference mode in computation tracked by "
    "autograd. To work around this, you can make a clone to get a normal tensor and use it in autograd, or use `torch.no_grad()` "
    "instead of `torch.inference_mode()`."
)
INFERENCE_WRITE = (
    "Inplace update to inference tensor outside InferenceMode is not allowed.You can make a clone to get a normal tensor before doing "
    "inplace update.See https://github.com/pytorch/rfcs/pull/17 for more details."
)
INFERENCE_REQUIRES_GRAD = (
    "Setting requires_grad=True on inference tensor outside InferenceMode is not allowed."
)
INFERENCE_VERSION = "Inference tensors do not track version counter."
SWITCH_BOOL = "{name}(): argument 'enabled' (position 1) must be bool, not {type}"
PRESERVE_TUPLE = "Expected tensors to be a tuple"
GRAD_MODE_BOOL = "set_grad_enabled(): argument 'enabled' (position 1) must be bool, not {type}"
GRAD_VARIABLES = "`grad_variables` is deprecated. Use `grad_tensors` instead."
GRAD_VARIABLES_BOTH = (
    "`grad_tensors` and `grad_variables` (deprecated) arguments both passed to `backward()`. "
    "Please only use `grad_tensors`."
)
ONLY_INPUTS = (
    "only_inputs argument is deprecated and is ignored now (defaults to True). To accumulate gradient for other parts of the graph, "
    "please use torch.autograd.backward."
)
GRADS_BATCHED_SHAPE = (
    "If `is_grads_batched=True`, we interpret the first dimension of each grad_output as the batch dimension. The sizes of the remaining "
    "dimensions are expected to match the shape of corresponding output, but a mismatch was detected: grad_output[{index}] has a shape "
    "of {got} and output[{index}] has a shape of {want}. If you only want some tensors in `grad_output` to be considered batched, "
    "consider using vmap."
)
GRADS_BATCHED_SCALAR = (
    "vmap(vjp, in_dims=0, ...)(<inputs>): Got in_dim=0 for some input, but that input is a Tensor of dimensionality 0 so expected in_dim "
    "to satisfy 0 <= in_dim < 0."
)

# --- forward mode ---
DUAL_NESTED = "Nested forward mode AD is not supported at the moment"
DUAL_EXIT = (
    "Trying to exit a forward AD level that was not the last one that was created. This is not supported."
)
DUAL_OUTSIDE = "Trying to create a dual Tensor for forward AD but no level exists, make sure to enter_dual_level() first."
DUAL_DTYPE = "Expected {name} to be floating point or complex, but got: {dtype}"
DUAL_LEVEL = "Dual level must be a positive number."
TANGENT_SIZE = (
    "Trying to set a forward gradient that has a different size than that of the original Tensor, this is not supported. "
    "Tensor is of size {want} while the given forward gradient is of size {got}."
)
DUAL_SAME_DTYPE = "Expected tensor and tangent to have the same dtype"

# --- custom Functions ---
SAVE_FOR_BACKWARD = "save_for_backward can only save variables, but argument {index} is of type {type}"
SAVE_FOR_FORWARD = (
    "save_for_forward expects all arguments to be tensors; you should save non-tensors as attributes on ctx."
)
MARK_DIRTY = (
    "Some elements marked as dirty during the forward method were not returned as output. "
    "The inputs that are modified inplace must all be outputs of the Function."
)
MARK_DIRTY_KIND = "mark_dirty can only accept variables, but argument 0 is of type {type}"
MARK_NON_DIFFERENTIABLE = "mark_non_differentiable only accepts variable arguments, but got {type}"
MARK_SHARED_STORAGE = (
    "mark_shared_storage is deprecated. Tensors with shared storages are automatically tracked. "
    "Note that calls to `set_()` are not tracked"
)
MATERIALIZE_BOOL = (
    "set_materialize_grads received an invalid combination of arguments - got (), but expected (bool)"
)
LEAF_WRITTEN = "a leaf Variable that requires grad has been used in an in-place operation."
FUNCTION_NO_FORWARD = "You must implement the forward function for custom autograd.Function."
FUNCTION_NO_SETUP = "setup_context is not implemented."
FUNCTION_NO_BACKWARD = "You must implement either the backward or vjp method for your custom autograd.Function to use it with backward mode AD."
FUNCTION_NO_JVP = (
    "You must implement the jvp function for custom autograd.Function to use it with forward mode AD."
)
_SEE = " For more details, please see https://pytorch.org/docs/main/notes/extending.func.html"
FUNCTION_TRANSFORM = (
    "In order to use an autograd.Function with functorch transforms (vmap, grad, jvp, jacrev, ...), it must override the setup_context "
    "staticmethod." + _SEE
)
FUNCTION_NO_VMAP = "To use autograd.Function with vmap, you must either override the vmap staticmethod or set generate_vmap_rule=True."
FUNCTION_VMAP_NONE = (
    "You tried to vmap over {name}, but it does not have vmap support. Please override and implement the vmap staticmethod or set "
    "generate_vmap_rule=True." + _SEE
)
FUNCTION_VMAP_TWICE = (
    "You tried to vmap over {name}, but it has both generate_vmap_rule=True and an overridden vmap staticmethod. Please set "
    "generate_vmap_rule=False or delete the overridden vmap staticmethod to avoid ambiguity." + _SEE
)
_RETURNS = "Expected the vmap staticmethod to have two returns, an output and out_dims with pytree structure compatible with the output. "
FUNCTION_VMAP_TYPE = _RETURNS + "Got a {type} instead"
FUNCTION_VMAP_COUNT = _RETURNS + "Got {count} returns instead"
FUNCTION_VMAP_DIMS = (
    "The autograd.Function's vmap staticmethod returned an incompatible (output, out_dims) tuple. Expected out_dims={out_dims} to be "
    "compatible with the structure of `output`. out_dims has structure {structure} but output has structure {outputs}."
    + _SEE
)
FUNCTION_BOTH = "Implementing both 'backward' and 'vjp' for a custom Function is not allowed. You should only implement one of them."
FUNCTION_COUNT = "function {node} returned an incorrect number of gradients (expected {expected}, got {got})"
FUNCTION_KIND = "expected Variable or None (got {type})"
FUNCTION_NOT_VARIABLE = (
    "function {node} returned a gradient different than None at position {index}, "
    "but the corresponding forward input was not a Variable"
)
FUNCTION_COMPLEX = (
    "Expected isFloatingType(grad.scalar_type()) || (input_is_complex == grad_is_complex) to be true, but got false.\n"
    "  backward returned a complex gradient for an argument that is real: return its real part"
)
FUNCTION_UNEXPECTED = "forward() got an unexpected keyword argument '{name}'"
FUNCTION_MULTIPLE = "forward() got multiple values for argument '{name}'"
FUNCTION_MISSING = "forward() missing required argument: '{name}' (position {position})"
FUNCTION_VIEW_OUTPUTS = (
    "If your Function modifies inplace an input that is a view of another Tensor, your Function cannot return more than one Tensor. "
    "This is not supported by the current autograd engine. You should either make sure the input is not a view (using .clone() for "
    "example) or make your Function only return one Tensor (potentially splitting it into two Functions: one doing the inplace that "
    "returns a single Tensor and a second one that does the other operations)."
)
FUNCTION_JVP_COUNT = (
    "Function's jvp returned an invalid number of forward gradients (expected {expected} but got {got})"
)
FUNCTION_JVP_KIND = "expected Variable or None (got {type}) for grad output {index}."
FUNCTION_INSTANCE = "{cls} should not be instantiated. Methods on autograd functions are all static, so you should invoke them on the class itself. Instantiating an autograd function will raise an error in a future version of PyTorch."
FUNCTION_LEGACY = (
    "Legacy autograd function with non-static forward method is deprecated. Please use new-style autograd function with static "
    "forward method. (Example: https://pytorch.org/docs/stable/autograd.html#torch.autograd.Function)"
)
DIFFERENTIATED_TWICE = "trying to differentiate twice a function that was marked with @once_differentiable"

ANOMALY_ON = "Anomaly Detection has been enabled. This mode will increase the runtime and should only be enabled for debugging."

# --- the graph as users walk it ---
EDGE_NO_GRAD = "It is not possible to get the gradient edge for a Tensor that does not require gradients"
UNFLATTEN_UNEXPECTED = "unflatten got an unexpected error:\n{error}"
ELEMENT = "expected Tensor as element {i} in argument {position}, but got {type}"
T_DEPRECATED = (
    "The use of `x.T` on tensors of dimension other than 2 to reverse their shape is deprecated and it will throw an error in a "
    "future release. Consider `x.mT` to transpose batches of matrices or `x.permute(*torch.arange(x.ndim - 1, -1, -1))` to "
    "reverse the dimensions of a tensor."
)
SCALAR_DEPRECATED = "{op} is deprecated on 0-D tensors. This function is the identity in these cases."
SCALAR_DEPRECATED_CONJ = "{op} is deprecated on 0-D tensors. Consider using x.conj()."
