"""Arguments of ops: missing, of the wrong kind, refused."""

# --- arguments of ops ---
NOT_TENSOR = "{op}(): argument '{name}' (position {position}) must be Tensor, not {type}"
BROADCAST = (
    "The size of tensor a ({a}) must match the size of tensor b ({b}) at non-singleton dimension {dim}"
)
OVERFLOW = "value cannot be converted to type {type} without overflow"

# --- arguments that many ops share ---
SIZES_ITEM = "{op}(): argument '{name}' (position {position}) must be tuple of ints, but found element of type {type} at pos {index}"
SIZES_UNPACK = (
    "{op}(): argument '{name}' failed to unpack the object at pos {position} with error "
    '"type must be tuple of ints,but got {type}"'
)
TOO_MANY = "{op}() takes {most} positional argument but {got} were given"
DIM_TWICE = "dim {dim} appears multiple times in the list of dims"

# --- arguments: what is missing, wrong, or fits no signature ---
MISSING_ONE = "{op}() missing {n} required positional arguments: {names}"
MISSING_SOME = "{op}() missing {n} required positional argument: {names}"
ARGUMENT_TYPE = "{op}(): argument '{name}'{place} must be {wanted}, not {type}"
COMBINATION = "{op}() received an invalid combination of arguments - got ({got}), but expected {expected}"
INT_TOO_BIG = "int too big to convert"

# --- elementwise ops: what they refuse ---
NEG_BOOL = (
    "Negation, the `-` operator, on a bool tensor is not supported. If you are trying to invert a mask, use the `~` or "
    "`logical_not()` operator instead."
)
POSITIVE_BOOL = "The `+` operator, on a bool tensor is not supported."
SUB_BOOLS = "Subtraction, the `-` operator, with two bool tensors is not supported. Use the `^` or `logical_xor()` operator instead."
SUB_BOOL = (
    "Subtraction, the `-` operator, with a bool tensor is not supported. If you are trying to invert a mask, use the `~` or "
    "`logical_not()` operator instead."
)
ALPHA_FLOAT = "For integral input tensors, argument alpha must not be a floating point number."
ALPHA_COMPLEX = "For non-complex input tensors, argument alpha must not be a complex number."
ALPHA_BOOL = "Boolean alpha only supported for Boolean results."
ROUNDING_MODE = "div expected rounding_mode to be one of None, 'trunc', or 'floor' but found '{mode}'"
NOT_FOR_COMPLEX = "{op} not implemented for complex tensors."
NO_COMPLEX_INPUTS = "{op} is not supported for complex inputs"
NO_COMPLEX_TENSORS = "{op} is not supported for complex tensors."
COMPLEX_UNSUPPORTED = "{op} does not support complex inputs."
SIGN_COMPLEX = (
    "Unlike NumPy, torch.sign is not intended to support complex numbers. Please use torch.sgn instead."
)
SIGNBIT_COMPLEX = "signbit is not implemented for complex tensors."
CLAMP_COMPLEX = "clamp is not supported for complex types"
CLAMP_NOTHING = "torch.clamp: At least one of 'min' or 'max' must not be None"
ABS_INPLACE_COMPLEX = "In-place abs is not supported for complex tensors."
INVERT = "~ (operator.invert) is only implemented on integer and Boolean-type tensors"
HEAVISIDE_COMPLEX = "heaviside is not yet implemented for complex tensors."
HEAVISIDE_DTYPES = "heaviside is not yet implemented for tensors with different dtypes."
FREXP_FLOAT = "torch.frexp() only supports floating-point dtypes"
FOUND_DTYPE = "Found dtype {want} but expected {got}"
BOOL_OUT = "{op} does not support non-boolean outputs."
WHERE_OUT = "Expected out type to be {got} but got {want}"
NAN_TO_NUM_OUT = "nan_to_num: dtype of out: {want} should be same as input: {got}"
LOG_SIGMOID_OUT = "expected scalar type {got} but found {want}"
CLAMP_CAST = "result type {got} can't be cast to the desired output type {want_c}"
LDEXP_CAST = "ldexp can't be cast to the desired output type {want}"
RELU_BOOL = "Boolean inputs not supported for relu"
HARDTANH_BOOL = "Bool inputs not supported for hardtanh"
HARDTANH_RANGE = "min_val cannot be greater than max_val"
SOFTSHRINK_RANGE = "lambda must be in range [0, {most}] for input dtype {type}, but found {got}"
CELU_ALPHA = "ZeroDivisionError: alpha cannot be 0 for CELU"
GELU_APPROXIMATE = "approximate argument must be either none or tanh."
ADDCDIV_INTEGERS = (
    "Integer division with addcdiv is no longer supported, and in a future  release addcdiv will perform a true division of "
    "tensor1 and tensor2. The historic addcdiv behavior can be implemented as (input + value * torch.trunc(tensor1 / tensor2))"
    ".to(input.dtype) for integer inputs and as (input + value * tensor1 / tensor2) for float inputs. The future addcdiv behavior "
    "is just the latter implementation: (input + value * tensor1 / tensor2), for all dtypes."
)
WHERE_CONDITION = "where expected condition to be a boolean tensor, but got a tensor with dtype {type}"
SAME_DTYPE = "{a} did not match {b}"
TOLERANCE = "{name} must be greater than or equal to zero, but got {value}"
COMPLEX_PARTS = "Expected both inputs to be Half, Float or Double tensors but got {a} and {b}"
COMPLEX_PARTS_DIFFER = "Expected object of scalar type {a} but got scalar type {b} for second argument"
REAL_ONLY = "imag is not implemented for tensors with non-complex dtypes."
VIEW_AS_REAL = "view_as_real is only supported for complex tensors"
VIEW_AS_COMPLEX = "view_as_complex is only supported for half, float and double tensors, but got a tensor of scalar type: {type}"
VIEW_AS_COMPLEX_SIZE = "Tensor must have a last dimension of size 2"
VIEW_AS_COMPLEX_STRIDE = "Tensor must have a last dimension with stride 1"
VIEW_AS_COMPLEX_STRIDES = "Tensor must have a stride divisible by 2 for all but last dimension"
VIEW_AS_COMPLEX_OFFSET = "Tensor must have a storage_offset divisible by 2"
POLYGAMMA_NEGATIVE = "polygamma(n, x) does not support negative n."
MVLGAMMA_P = "p has to be greater than or equal to 1"
NO_DERIVATIVE = "the derivative for '{op}' is not implemented."
