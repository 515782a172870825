"""What `gradcheck` and `gradgradcheck` say."""

CHECK_NOTHING = "Expected at least one of check_forward_ad or check_backward_ad to be True"
CHECK_NOTHING_TWICE = "Expected at least one of check_fwd_over_rev or check_rev_over_rev to be True"
CHECK_UNDEFINED_TWICE = "Setting check_undefined_grad=True requires check_rev_over_rev to be True"
CHECK_BATCHED_TWICE = "Setting check_batched_grad=True requires check_rev_over_rev to be True"
CHECK_BATCHED = "Setting check_batched_grad=True requires check_backward_ad to be True"
CHECK_BATCHED_FORWARD = "Setting check_batched_forward_grad=True requires check_forward_ad to be True"
CHECK_NO_INPUT = "gradcheck expects at least one input tensor to require gradient, but none of them have requires_grad=True."
CHECK_PRECISION = (
    "Input #{index} requires gradient and is not a double precision floating point or complex. "
    "This check will likely fail if all the inputs are not of double precision floating point or complex. "
)
CHECK_OVERLAP = (
    "The {index}th input has a dimension with stride 0. gradcheck only supports inputs that are non-overlapping to be able to compute the "
    "numerical gradients correctly. You should call .contiguous on the input before passing it to gradcheck."
)
CHECK_SAME_SHAPE = "Expected `func` to return outputs with the same shape when inputs are perturbed {place}by {eps}, but got: shapes {a} and {b}."
CHECK_SAME_DTYPE = "Expected `func` to return outputs with the same dtype when inputs are perturbed {place}by {eps}, but got: dtypes {a} and {b}."
CHECK_REAL = "Expected ds_dx to be real-valued, not complex"
CHECK_COLUMN = "Expected out_jacobian column to have {got} elements, but got {want}"
CHECK_PART = "While considering the {part} part of complex {what} only, "
CHECK_MISMATCH = "Jacobian {mode}mismatch for output {output} with respect to input {input},\nnumerical:{numerical}\nanalytical:{analytical}\n"
CHECK_FAST = (
    "\nThe above quantities relating the numerical and analytical jacobians are computed in fast mode, along one random direction. "
    "Below are the whole jacobians:\n\nNumerical:\n {numerical}\nAnalytical:\n{analytical}\n\n"
    "The max per-element difference (slow mode) is: {difference}.\n"
)
CHECK_FAST_ONLY = (
    "Fast gradcheck failed but element-wise differences are small. With fast_mode=False the check passes."
)
CHECK_DTYPE = "Gradient has dtype mismatch"
CHECK_DTYPE_FORWARD = "Forward AD gradient has dtype mismatch."
CHECK_SIZE = "Analytical gradient has incorrect size"
CHECK_REENTRANT = (
    "Backward is not reentrant, i.e., running backward with same input and grad_output multiple times gives different values, "
    "although analytical gradient matches numerical gradient.The tolerance for nondeterminism was {tol}.\n\n"
    "NOTE: where this is expected, because the function draws random numbers, say how much with nondet_tol."
)
CHECK_NOT_ZERO = "Numerical gradient for function expected to be zero"
CHECK_NOT_MULTIPLIED = "backward not multiplied by grad_output"
CHECK_GRAD_TYPE = "grad is incorrect type"
CHECK_GRAD_SIZE = "grad is incorrect size"
CHECK_UNDEFINED_WARNING = (
    "Backwards compatibility: New undefined gradient support checking feature is enabled by default, but it may break existing callers "
    'of this function. If this is true for you, you can call this function with "check_undefined_grad=False" to disable the feature'
)
CHECK_UNDEFINED = (
    "Expected backward function to handle undefined output grads. "
    'Please look at "Notes about undefined output gradients" in "tools/autograd/derivatives.yaml"'
)
CHECK_UNDEFINED_ZERO = (
    "Expected all input grads to be undefined or zero when all output grads are undefined or zero. "
    'Please look at "Notes about undefined output gradients" in "tools/autograd/derivatives.yaml"'
)
CHECK_BATCH_ERROR = (
    "While computing batched gradients, got: {error}\n\n"
    "gradcheck or gradgradcheck failed while testing batched gradient computation: the backward was mapped over two gradients by vmap. "
    "check_batched_grad=False leaves this out."
)
CHECK_BATCH_ERROR_FORWARD = (
    "While computing batched gradients, got: {error}\n\n"
    "gradcheck failed while testing batched gradient computation with forward-mode AD: the function was mapped over two tangents by vmap. "
    "check_batched_forward_grad=False leaves this out."
)
CHECK_BATCH_MISMATCH = (
    "For output {output} and input {input}:\n\nthe gradients that vmap gives for two gradients at once are not those of two calls.\n\n"
    "Got:\n{got}\n\nExpected:\n{expected}"
)
CHECK_UNDEFINED_FORWARD = (  # with what is wrong in between; torch gives them to the exception one by one
    "Mismatch in tangent values for output with index: ",
    " when input: ",
    " has an undefined tangent value. ",
    " Got: ",
    " but expected: ",
)
