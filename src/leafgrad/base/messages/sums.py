"""Products, reductions, losses and layers."""

# --- products of matrices ---
NOT_FOR = "\"{kernel}\" not implemented for '{type}'"
MM_SHAPES = "mat1 and mat2 shapes cannot be multiplied ({a} and {b})"
MM_MATRIX = "{name} must be a matrix"
MM_DTYPES = "expected m1 and m2 to have the same dtype, but got: {a} != {b}"
MV_DIMS = "vector + matrix @ vector expected, got {a}, {b}, {c}"
MV_SIZE = "size mismatch, got input ({n}), mat ({a}x{b}), vec ({m})"
MV_DTYPES = "addmv input tensors must have the same dtype, but got {a}, {b}, and {c}"
DOT_DIMS = "1D tensors expected, but got {a}D and {b}D tensors"
DOT_DTYPES = "dot : expected both vectors to have same dtype, but found {a} and {b}"
DOT_SIZE = (
    "inconsistent tensor size, expected tensor [{a}] and src [{b}] to have the same number of elements, "
    "but got {a} and {b} elements respectively"
)
DOT_OUT = "result dtype {got} does not match input dtype {want}"
BMM_DIMS = "{name} must be a 3D tensor"
BMM_SHAPE = "Expected size for first two dimensions of batch2 tensor to be: {expected} but got: {got}."
SCALAR_TYPES = "expected scalar type {want} but found {got}"
ADD_DTYPES = "self and mat2 must have the same dtype, but got {a} and {b}"
ADD_INPLACE = "Bad in-place call: input tensor size {got} and output tensor size {want} should match"
ADD_MATRIX = "{name} must be a matrix, got {n}-D tensor"
ADD_SIZE = "size mismatch, got input ({n}), mat ({a}x{b}), vec ({m})"
ADD_BATCHES = "batch1 and batch2 must have same number of batches, got {a} and {b}"
ADD_BATCH_SIZES = "Incompatible matrix sizes for bmm ({a} and {b})"
ADD_BATCH_DTYPES = "Input dtypes must be the same, got: input {a}, batch1: {b}, batch2: {c}"
ADDR_DIMS = "addr: Expected 1-D argument {name}, but got {n}-D"
ADDR_INPLACE_DIMS = "2D tensor expected, got {n}D tensor for input"
ADDR_INPLACE = "size mismatch, input: {got}, v1: {a}, v2: {b}"
FACTOR_INTEGRAL = "For integral input tensors, argument {name} must not be a floating point number."
MATMUL_0D = "both arguments to {op} need to be at least 1D, but they are {a}D and {b}D"
CROSS_DIMS = "linalg.cross: inputs must have the same number of dimensions."
CROSS_SIZE = "linalg.cross: inputs dimension {dim} must have length 3. Got {a} and {b}"
CROSS_NONE = "no dimension of size 3 in input"
CROSS_DIM = (
    "Using torch.cross without specifying the dim arg is deprecated.\nPlease either pass the dim explicitly or simply "
    "use torch.linalg.cross.\nThe default value of dim will change to agree with that of linalg.cross in a future release."
)
TRACE_DIMS = "trace: expected a matrix, but got tensor with dim {n}"
OUTER_DIMS = "outer: Expected 1-D argument {name}, but got {n}-D"
TENSORDOT_SIZE = "contracted dimensions need to match, but first has size {a} in dim {i} and second has size {b} in dim {j}"
INNER_SIZE = "inner() the last dimension must match on both input tensors but got shapes {a} and {b}"
TENSORDOT_NEGATIVE = "tensordot expects dims >= 0, but got dims={dims}"
TENSORDOT_DIMS = "tensordot expects dims < ndim_a or ndim_b, but got dims={dims}"
TENSORDOT_OUT = (
    "tensordot: Expected the output tensor to have dtype {want}, but got an output tensor with dtype {got}"
)
TENSORDOT_DTYPES = "both inputs should have same dtype"
TENSORDOT_LENGTHS = "both dimension lists should have same length"

# --- reductions, scans, sorting ---
NO_INTEGER_GRAD = (
    "Autograd not support dtype: {type}. Gradients flow only through floating-point and complex results."
)
OUT_DTYPE = "Expected out tensor to have dtype {want}, but got {got} instead"
OUT_MATCH = "Expected the dtype for input and out to match, but got {input} for input's dtype and {out} for out's dtype."
OUT_CAST = (
    "Expected canCast( typeMetaToScalarType(self.dtype()), typeMetaToScalarType(out.dtype())) to be true, but got false.  "
    "(Could this error message be improved?  If so, please report an enhancement request to PyTorch.) "
    "A result of dtype {got} cannot be stored in an out tensor of dtype {want}."
)
OUT_TUPLE = "expected tuple of {n} elements but got {got}"
OUT_BOOL = "{op} only supports bool tensor for result, got: {type}"
CAST_COMPLEX = "Casting complex values to real discards the imaginary part"
EMPTY_ALL = "{op}(): Expected reduction dim to be specified for input.numel() == 0. Specify the reduction dim with the 'dim' argument."
EMPTY_ARG = "{op}(): Expected reduction dim to be specified for input.numel() == 0."
EMPTY_DIM = "{op}(): Expected reduction dim {dim} to have non-zero size."
EMPTY_DIM_AMINMAX = "aminmax: Expected reduction dim {dim} to have non-zero size."
EMPTY_AMINMAX = "aminmax(): cannot compute aminmax over an empty dimension as the operation has no identity."
MEAN_DTYPE = "mean(): could not infer output dtype. {what} dtype must be either a floating point or complex dtype. Got: {type}"
NANMEAN_DTYPE = "nanmean(): expected input to have floating point or complex dtype but got {type}"
NANSUM_COMPLEX = "nansum on CPU does not support complex inputs"
NANSUM_OUT = "nansum: provided dtype must match dtype of result. Got {out} and {dtype}."
NO_COMPLEX = "{op}(): does not support complex input"
NO_BOOL = "{op}(): does not support bool input"
LOGSUMEXP_OUT = "logsumexp(): Expected floating point type for result tensor, but got: {type}"
LOGSUMEXP_DIMS = "output with shape [] doesn't match the broadcast shape {shape}. Name the dimensions to reduce: dim must not be empty."
SOFTMAX_DIM = (
    "Implicit dimension choice for {op} has been deprecated. Change the call to include dim=X as an argument."
)

# --- losses and layers ---
REDUCTION = "{reduction} is not a valid value for reduction"
REDUCTION_LEGACY = (
    "size_average and reduce args will be deprecated, please use reduction='{reduction}' instead."
)
NLL_DTYPE = "expected target dtype to be Long or Byte, but got {type}"
NLL_RANGE = "Target {target} is out of bounds."
NLL_DIMS = "Expected 1 or more dimensions (got {ndim})"
NLL_BATCH = "Expected input batch_size ({n}) to match target batch_size ({m})."
NLL_SIZE = "Expected target size {want}, got {got}"
NLL_MULTI = "0D or 1D target tensor expected, multi-target not supported"
NLL_WEIGHT = "weight tensor should be defined either for all {classes} classes or no classes but got weight tensor of shape: {shape}"
LABEL_SMOOTHING = "label_smoothing must be between 0.0 and 1.0. Got: {value}"
CROSS_ENTROPY_FLOAT = "Expected floating point type for target with class probabilities, got {type}"
CROSS_ENTROPY_IGNORE = "ignore_index is not supported for floating point target"
CROSS_ENTROPY_WEIGHT = "cross_entropy: weight tensor should be defined either for all classes or none of them"
LOSS_SIZES = (
    "Using a target size ({target}) that is different to the input size ({input}). This will likely lead to incorrect results due to "
    "broadcasting. Please ensure they have the same size."
)
LOSS_WEIGHT = "Weights and input must have the same size."
LAYER_NORM_SHAPE = (
    "Given normalized_shape={shape}, expected input with shape [*{tail}], but got input of size{size}"
)
LAYER_NORM_PARAM = "Expected {name} to be of same shape as normalized_shape, but got {name} of shape {got} and normalized_shape = {shape}"
LAYER_NORM_EMPTY = (
    "Expected normalized_shape to be at least 1-dimensional, i.e., containing at least one element, "
    "but got normalized_shape = []"
)
DROPOUT_P = "dropout probability has to be between 0 and 1, but got {p}"
MOMENT_DTYPE = "{op} only support floating point and complex dtypes"
FREEDOM = (
    "{op}(): degrees of freedom is <= 0. Correction should be strictly less than the reduction factor "
    "(input numel divided by output numel)."
)
SMOOTH_L1_BETA = "smooth_l1_loss does not support negative values for beta."
HUBER_DELTA = "huber_loss does not support non-positive values for delta."
KL_MEAN = (
    "reduction: 'mean' divides the total loss by both the batch size and the support size."
    "'batchmean' divides only by the batch size, and aligns with the KL div math definition."
    "'mean' will be changed to behave the same as 'batchmean' in the next major release."
)
LAYER_NORM_DTYPE = "mixed dtype (CPU): expect parameter to have scalar type of Float"
LAYER_NORM_CUDNN = "layer_norm(): argument 'cudnn_enable' (position 6) must be bool, not {type}"
DROPOUT_FEATURES = "Feature dropout requires at least 2 dimensions in the input"
DROPOUT_DIMS = "{name}: Received a {ndim}-D input to {name}, which is not one of the supported {dims}: the second dimension is taken for the channels"

# --- binary cross entropy ---
NOT_DIFFERENTIABLE_BY = (
    "The function '{op}' is not differentiable with respect to argument '{argument}'. "
    "This input cannot have requires_grad True."
)
BCE_SIZE = (
    "Using a target size ({target}) that is different to the input size ({input}) is deprecated. "
    "Please ensure they have the same size."
)
BCE_WEIGHT = (
    "Attempting to broadcast a dimension of length {n} at {at}! Mismatching argument at index 1 had {given}; "
    "but expected shape should be broadcastable to {want}"
)
BCE_RANGE = "all elements of input should be between 0 and 1"
BCE_LOGITS_SIZE = "Target size ({target}) must be the same as input size ({input})"
