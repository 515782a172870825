"""`autograd.functional`: what its functions are given, and what strict mode refuses."""

# --- arguments ---
FUNCTIONAL_ITEM = "The {what} given to {name} must be either a Tensor or a tuple of Tensors but the value at index {index} has type {type}."
FUNCTIONAL_TYPE = "The {what} given to {name} must be either a Tensor or a tuple of Tensors but the given {what} has type {type}."
FUNCTIONAL_V_LENGTH = "v is a tuple of invalid length: should be {expected} but got {got}."
FUNCTIONAL_V_SINGLE = "The given v should contain a single Tensor."
FUNCTIONAL_V_SIZE = "{entry}v has invalid size: should be {expected} but got {got}."
FUNCTIONAL_V_ENTRY = "Entry {index} in "
FUNCTIONAL_V_OUTPUT = "The vector v can only be None if the user-provided function returns a single Tensor with a single element."
FUNCTIONAL_V_INPUT = "The vector v can only be None if the input to the user-provided function is a single Tensor with a single element."
FUNCTIONAL_ONE_TENSOR = "The function given to {name} should return a single Tensor"
FUNCTIONAL_ONE_ELEMENT = "The Tensor returned by the function given to {name} should contain a single element"
FUNCTIONAL_NOTHING = "Expected at least one tensor"
FUNCTIONAL_EMPTY = "tuple index out of range\n  There is no tensor among the inputs, or none among the outputs of the user-provided function."
FUNCTIONAL_STRATEGY = (
    'Expected strategy to be either "forward-mode" or "reverse-mode". Hint: If your function has more outputs than inputs, '
    '"forward-mode" tends to be more performant. Otherwise, prefer to use "reverse-mode".'
)
FUNCTIONAL_OUTER_STRATEGY = 'Expected strategy to be either "forward-mode" or "reverse-mode".'
FUNCTIONAL_FORWARD_TOGETHER = (
    'torch.autograd.functional.jacobian: `{flag}=True` and `strategy="forward-mode"` are not supported together (yet). '
    'Please either set `{flag}=False` or `strategy="reverse-mode"`.'
)
FUNCTIONAL_FORWARD_LOOP = (
    "Computing Jacobian using forward-AD or forward-over-reverse Hessian is"
    "only implemented for `vectorize=True`."
)
FUNCTIONAL_STRICT_VECTORIZE = (
    "torch.autograd.functional.jacobian: `strict=True` and `vectorized=True` are not supported together. "
    "Please either set `strict=False` or `vectorize=False`."
)

# --- strict mode ---
STRICT_OUTPUT = (
    "Output {index} of the user-provided function does not require gradients. "
    "The outputs must be computed in a differentiable manner from the input when running in strict mode."
)
STRICT_INPUT = "The output of the user-provided function is independent of input {index}. This is not allowed in strict mode."
STRICT_GRADIENT = (
    "The gradient with respect to input {index} is independent of the inputs of the user-provided function. "
    "This is not allowed in strict mode."
)
STRICT_TRICK = (
    "The gradient with respect to the input is independent of entry {index} in the grad_outputs when using the double backward "
    "trick to compute forward mode gradients. This is not allowed in strict mode."
)
STRICT_PAIR = "Output {output} of the user-provided function is independent of input {input}. This is not allowed in strict mode."
STRICT_LINEAR = (
    "While computing the hessian, found that the jacobian of the user-provided function with respect to input {index} is "
    "independent of the input. This is not allowed in strict mode. You should ensure that your function is twice differentiable "
    "and that the jacobian depends on the inputs (this would be violated by a linear function for example)."
)
STRICT_JACOBIAN = "The jacobian of the user-provided function is independent of input {index}. This is not allowed in strict mode."
STRICT_HESSIAN_TRICK = (
    "The hessian of the user-provided function is independent of entry {index} in the grad_jacobian. This is not allowed in strict "
    "mode as it prevents from using the double backward trick to replace forward mode AD."
)
STRICT_JACOBIAN_GRAPH = (
    "The jacobian of the user-provided function is independent of input {index}. "
    "This is not allowed in strict mode when create_graph=True."
)
STRICT_HESSIAN_GRAPH = (
    "The hessian of the user-provided function is independent of input {index}. "
    "This is not allowed in strict mode when create_graph=True."
)
