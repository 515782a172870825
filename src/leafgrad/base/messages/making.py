"""Making tensors, casts and conversions, random numbers."""

# --- making tensors ---
NEW_TYPE = "new(): invalid data type '{type}'"
NEW_INFER = "Could not infer dtype of {type}"
NEW_LENGTH = "expected sequence of length {expected} at dim {dim} (got {got})"
NEW_DEEP = "too many dimensions '{type}'"
NEW_NOT_SCALAR = "only one element tensors can be converted to Python scalars"
NEW_OVERFLOW = "Overflow when unpacking long long"
NEW_REAL = "must be real number, not {type}"
NEW_FROM_TENSOR = (
    "To copy construct from a tensor, it is recommended to use sourceTensor.detach().clone() or "
    "sourceTensor.detach().clone().requires_grad_(True), rather than torch.tensor(sourceTensor)."
)
SIZE_NEGATIVE = "{op}: Dimension size must be non-negative."
SIZE_NEGATIVE_EMPTY = "Trying to create tensor with negative dimension {n}: {size}"
NO_MEMORY = "DefaultCPUAllocator: can't allocate memory: you tried to allocate {bytes} bytes. Error code 12 (Cannot allocate memory)"
SIZE_OVERFLOW = "Storage size calculation overflowed with sizes={size}"
ARANGE_STEP = "step must be nonzero"
ARANGE_SIGN = "upper bound and lower bound inconsistent with step sign"
ARANGE_FINITE = "unsupported range: {start} -> {end}"
STEPS_NEGATIVE = "number of steps must be non-negative"
LAYOUT = "leafgrad has dense tensors only: layout must be torch.strided, got {layout}"
PINNED = (
    "pin_memory=True requires a CUDA or other accelerator backend; "
    "no pinned memory allocator is available on this system."
)
NOT_NDARRAY = "expected np.ndarray (got {type})"
NEGATIVE_STRIDES = (
    "At least one stride in the given numpy array is negative, and tensors with negative strides are not currently supported. "
    "(You can probably work around this by making a copy of your array  with array.copy().) "
)
ARRAY_NOT_WRITABLE = (
    "The given NumPy array is not writable, and PyTorch does not support non-writable tensors. This means writing to this tensor will "
    "result in undefined behavior. You may want to copy the array to protect its data or make it writable before converting it to a "
    "tensor. This type of warning will be suppressed for the rest of this program."
)
UNEXPECTED_KEYWORD = "{op}() got an unexpected keyword argument '{name}'"

# --- out of leafgrad ---
NOT_SCALAR = "a Tensor with {count} elements cannot be converted to Scalar"
NUMPY_FORCE = "numpy(): argument 'force' must be bool, not {type}"
NUMPY_GRAD = "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead."
AMBIGUOUS = "Boolean value of Tensor with {kind} is ambiguous"
NOT_INDEX = "only integer tensors of a single element can be converted to an index"
LEN_0D = "len() of a 0-d tensor"
ITER_0D = "iteration over a 0-d tensor"

# --- random numbers ---
SEED_TYPE = "manual_seed expected a long, but got {type}"
SEED_RANGE = "Overflow when unpacking long long"
RNG_STATE_KIND = "expected a torch.ByteTensor, but got {type}"
RNG_STATE_DTYPE = "RNG state must be a torch.ByteTensor"
RNG_STATE_SIZE = (
    "Expected a CPUGeneratorImplState of size {size} but found the input RNG state size to be {got}"
)
RNG_STATE_INVALID = "Invalid mt19937 state"
RNG_OFFSET = "CPU Generator does not use offset"
RNG_DEVICES = "fork_rng(): leafgrad has only the device 'cpu', whose generator is always forked; got devices={devices!r}"
RNG_NO_CPU_OP = "{kernel} handles only {types}"
UNIFORM_BOUND = "{argument} is out of bounds for {type}"
UNIFORM_ORDER = "uniform_ expects to return a [from, to) range, but found from={low:g} > to={high:g}"
UNIFORM_WIDTH = (
    "uniform_ expects to-from <= std::numeric_limits<{type}>::max(), but found to={high:g} and from={low:g} "
    "which result in to-from to exceed the limit"
)
NORMAL_STD = "normal expects std >= 0.0, but found std {std:g}"
NORMAL_STDS = "normal expects all elements of std >= 0.0"
NORMAL_STD_COMPLEX = "normal expects standard deviation to be non-complex"
EXPONENTIAL_RATE = "exponential_ expects lambda > 0.0, but found lambda={rate:g}"
GEOMETRIC_P = "geometric_ expects p to be in (0, 1), but got p={p:g}"
CAUCHY_SIGMA = "cauchy_ expects sigma > 0.0, but found sigma={sigma:g}"
LOG_NORMAL_STD = "log_normal_ expects std > 0.0, but found std={std:g}"
CONTINUOUS = (
    "{name} distribution is a continuous probability distribution. "
    "dtype must be a floating point but you specified {type}"
)
BERNOULLI_P = "bernoulli_ expects p to be in [0, 1], but got p={p:g}"
BERNOULLI_PS = (
    "Expected p_in >= 0 && p_in <= 1 to be true, but got false.  (Could this error message be improved?  "
    "If so, please report an enhancement request to PyTorch.) Every probability must lie in [0, 1]."
)
RANDOM_ORDER = "random_ expects 'from' to be less than 'to', but got from={low} >= to={high}"
RANDOM_ORDER_CAST = "random_ expects 'from' casted to dtype to be less than 'to' casted to dtype, but got from={low} >= to={high}"
RANDOM_ORDER_OPEN = (
    "random_ expects 'from' casted to dtype to be less than or equal to 'to_inc' casted to dtype, "
    "but got from={low} > to_inc={high}"
)
RANDOM_ROUNDED = (
    "{argument} is out of bounds [-(2^{digits}), 2^{digits}]. Due to precision limitations {type} can support discrete "
    "uniform distribution only within this range. This warning will become an error in version 1.7 release, "
    "please fix the code in advance"
)
RANDPERM_NEGATIVE = "Trying to create tensor with negative dimension {n}: [{n}]"
RANDPERM_LARGE = "n cannot be greater than {limit} for {type} type."
MULTINOMIAL_DTYPE = "multinomial only supports floating-point dtypes for input, got: {type}"
MULTINOMIAL_OUT = "multinomial expects Long tensor out, got: {type}"
MULTINOMIAL_DIMS = "prob_dist must be 1 or 2 dim"
MULTINOMIAL_NONE = "cannot sample n_sample <= 0 samples"
MULTINOMIAL_MANY = "cannot sample n_sample > prob_dist.size(-1) samples without replacement"
MULTINOMIAL_CATEGORIES = "number of categories cannot exceed 2^24"
MULTINOMIAL_VALUES = "probability tensor contains either `inf`, `nan` or element < 0"
MULTINOMIAL_SUM = "invalid multinomial distribution (sum of probabilities <= 0)"
MULTINOMIAL_NEGATIVE = "invalid multinomial distribution (encountering probability entry < 0)"
MULTINOMIAL_INFINITE = "invalid multinomial distribution (encountering probability entry = infinity or NaN)"
POISSON_RATE = "invalid Poisson rate, expected rate to be non-negative"
POISSON_LARGE = "invalid Poisson rate, expected rate to be less than 2^63: its numbers would exceed 64 bits"

# --- factories ---
EYE = "{name} must be greater or equal to 0, got {count}"
STRIDES_LENGTH = "dimensionality of sizes ({n}) must match dimensionality of strides ({m})"
TYPE_STRING = "invalid type: '{name}'"
DEEPCOPY_NON_LEAF = (
    "Only Tensors created explicitly by the user (graph leaves) support the deepcopy protocol at the moment.  If you were attempting "
    "to deepcopy a module, this may be because of a torch.nn.utils.weight_norm usage, see https://github.com/pytorch/pytorch/pull/103001"
)
CONTAINS = "Tensor.__contains__ only supports Tensor or scalar, but you passed in a {type}."
DLPACK_GRAD = "Can't export tensors that require gradient, use tensor.detach()"
CALL_GRAD = "Can't call {name}() on Variable that requires grad. Use var.detach().{name}() instead."
NEW_SEQUENCE = "new(): data must be a sequence (got {type})"
SET_DTYPE = "Could not set tensor of type {source} to a tensor of type {self}"
SORT_COMPLEX = " {op} does not support complex dtypes on CPU"
TOPK_RANGE = "selected index k out of range"
TOPK_BOOL = "topk does not support bool dtypes on CPU"
KTH_RANGE = "kthvalue(): selected number k out of range for dimension {dim}"
KTH_OUT_VALUES = "output values must be of same type as input"
KTH_OUT_INDICES = "output indices must be of scalar type Long"
MEDIAN_OUT = (
    "Expected tensor for argument #1 'indices' to have scalar type Long; but got torch.{type}Tensor instead "
    "(while checking arguments for median)"
)
MODE_OUT = "expected scalar type '{want}' but got '{got}' for {what} output"
QUANTILE_DTYPE = "quantile() input tensor must be either float or double dtype"
QUANTILE_EMPTY = "quantile() input tensor must be non-empty"
QUANTILE_Q_DIMS = "quantile() q must be a scalar or 1D tensor"
QUANTILE_Q_DTYPE = "quantile() q tensor must be same dtype as the input tensor"
QUANTILE_Q_RANGE = "quantile() q must be in the range [0, 1] but got {q}"
QUANTILE_QS_RANGE = "quantile() q values must be in the range [0, 1]"
QUANTILE_INTERPOLATION = (
    "quantile() interpolation must be one of linear, lower, higher, midpoint or nearest, but got {got}"
)
QUANTILE_OUT = "quantile() out tensor must be same dtype as the input tensor"
STRUCT_LENGTH = "torch.return_types.{name}() takes a {n}-sequence ({got}-sequence given)"
UNIQUE_EMPTY = "There are 0 sized dimensions, and they aren't selected, so unique cannot be applied"
SEARCH_SIDES = (
    "torch.searchsorted(): side and right can't be set to opposites, got side of {side} while right was True"
)
SEARCH_SIDE = "torch.searchsorted(): side can only be 'left' or 'right' but got {side}"
SEARCH_NO_DIM = "torch.searchsorted(): boundaries tensor should have positive dimension, but got 0 dimension"
SEARCH_SCALAR = (
    "torch.searchsorted(): input value can be a scalar only when boundaries tensor dimension is 1, but we got boundaries tensor "
    "dim({bounds}) and input value's dim(0) numel(1)"
)
SEARCH_SHAPE = (
    "torch.searchsorted(): boundaries tensor should be 1 dimension or the first N-1 dimensions of boundaries tensor and input "
    "value tensor must match, but we got boundaries tensor {bounds} and input value tensor {values}"
)
SEARCH_SORTER_SIZE = (
    "torch.searchsorted(): boundary and sorter must have the same size, but got boundary tensor {bounds}"
    "and got sorter tensor {sorter}"
)
SEARCH_SORTER_DTYPE = "torch.searchsorted(): sorter must be a tensor of long dtype but got dtype {type}"
SEARCH_SORTER_RANGE = "torch.searchsorted(): sorter index out of range"
SEARCH_OUT = (
    "torch.searchsorted(): output tensor's dtype is wrong, it can only be Int(int32) or Long(int64) depending on whether out_int32 "
    "flag is True, but we got output tensor's dtype {type} and out_int32 flag is {flag}"
)
BUCKETIZE_DIMS = "boundaries tensor must be 1 dimension, but got dim({ndim})"
ISIN_DTYPE = "Unsupported input type encountered for isin(): {type}"
COV_DIMS = "{op}(): expected input to have two or fewer dimensions but got an input with {ndim} dimensions"
COV_BOOL = "cov(): bool dtype is not supported for input"
COV_WEIGHT_DIMS = (
    "cov(): expected {name} to have one or fewer dimensions but got {name} with {ndim} dimensions"
)
COV_WEIGHT_DTYPE = "cov(): expected {name} to have {kind} dtype but got {name} with {type} dtype"
COV_WEIGHT_SIZE = "cov(): expected {name} to have the same numel as there are observations in the input but got {got} != {want}"
COV_WEIGHT_NEGATIVE = "cov(): {name} cannot be negative"
COV_FREEDOM = (
    "cov(): degrees of freedom is <= 0. Correction should be strictly less than the number of observations."
)
HISTC_BINS = "torch.histogram(): bins must be > 0, but got {bins} for dimension 0"
HISTC_ORDER = "torch.histc: max must be larger than min"
HISTC_FINITE = "torch.histc: range of [{low:g}, {high:g}] is not finite"
HISTC_OUT = "torch.histogram: input tensor and hist tensor should have the same dtype, but got input {input} and hist {hist}"
BINCOUNT_INPUT = "bincount only supports 1-d non-negative integral inputs."
BINCOUNT_WEIGHTS = "weights should be 1-d and have the same length as input"
BINCOUNT_LENGTH = "minlength should be >= 0"
DIFF_ORDER = "order must be non-negative but got {n}"
DIFF_DIMS = "diff expects input to be at least one-dimensional"
DIFF_PART_DIMS = "diff expects prepend or append to be the same dimension as input"
DIFF_PART_SHAPE = (
    "diff expects the shape of tensor to prepend or append to match that of input except along the differencing dimension; "
    "input.size({dim}) = {want}, but got tensor.size({dim}) = {got}"
)
TRAPEZOID_BOOL = "{op}: received a bool input for {what}, but bool is not supported"
TRAPEZOID_DX = "{op}: Currently, we only support dx as a real number."
TRAPEZOID_POINTS = "{op}: There must be one `x` value for each sample point"
EXPECTED_DTYPE = "expected dtype {want} for `{name}` but got dtype {got}"
MEAN_OUT = "mean.dtype_out(): input types can't be cast to the desired output type {type}"
AMINMAX_COMPLEX = "aminmax not implemented for {type}"
HARDTANH_UNSIGNED = "cannot do hardtanh on an unsigned type with negative limits"

# --- making tensors: what is rare ---
NEW_NOT_SEQUENCE = "not a sequence"
NEW_INTEGER = "'{type}' object cannot be interpreted as an integer"
NEW_INTEGER_TENSOR = "only integer tensors of a single element can be converted to an index"
NEW_UNSIGNED = "can't convert negative int to unsigned"
NEW_FROM_ARRAYS = (
    "Creating a tensor from a list of numpy.ndarrays is extremely slow. Please consider converting the list to a single "
    "numpy.ndarray with numpy.array() before converting to a tensor."
)
NEW_FROM_TENSOR_METHOD = (
    "To copy construct from a tensor, it is recommended to use sourceTensor.detach().clone() or "
    "sourceTensor.detach().clone().requires_grad_(True), rather than tensor.new_tensor(sourceTensor)."
)
SIZES_OVERFLOW = "{op}(): argument 'size' failed to unpack the object at pos {position} with error \"Overflow when unpacking long long\""
STRIDES_OVERFLOW = "Storage size calculation overflowed with sizes={size} and strides={stride}"
STRIDE_ALIGNMENT = "given numpy array strides not a multiple of the element byte size. Copy the numpy array to reallocate the memory."
FACTORY_OUT_DTYPE = "dtype {got} does not match dtype of out parameter ({want})"
FACTORY_OUT_DEVICE = "device type {got} does not match device type of out parameter (cpu)"
ARANGE_SIZE = "invalid size, possible overflow?"
ARANGE_OUT = (
    "The number of elements in the out tensor of shape {had} is {count} which does not match the computed number of elements {needs}. "
    "Note that this may occur as a result of rounding error. The out tensor will be resized to a tensor of shape ({needs},)."
)
RANGE_DEPRECATED = (
    "torch.range is deprecated and will be removed in a future release because its behavior is inconsistent with Python's range builtin. "
    "Instead, use torch.arange, which produces values in [start, end)."
)
LINSPACE_DIMS = "{op} only supports 0-dimensional start and end tensors, but got {ends}."
LINSPACE_END = "{name} with {ndim} dimension(s)"
LINSPACE_CAST = "torch.{op}(): inferred dtype {inferred} can't be safely cast to passed dtype {want}"
TRIANGLE_SIDE = "{name} must be non-negative, got{n}"
PERMUTED_LENGTH = (
    "Number of dimensions in size does not match the length of the physical_layout; "
    "i.e. len(size) = {n} is not equal to len(physical_layout) = {m}"
)
PERMUTED_TWICE = "Duplicate dim not allowed"
PERMUTED_RANGE = "Dimension out of range (expected to be between 0 and {high}, but got {dim} at index {i}).  NB: negative dims not currently supported; file an issue if you want it."
BUFFER_NOT_WRITABLE = (
    "The given buffer is not writable, and PyTorch does not support non-writable tensors. This means you can write to the underlying "
    "(supposedly non-writable) buffer using the tensor. You may want to copy the buffer to protect its data or make it writable before "
    "converting it to a tensor. This type of warning will be suppressed for the rest of this program."
)
BUFFER_PROTOCOL = "object does not implement Python buffer protocol."
BUFFER_EMPTY = "both buffer length ({length}) and count ({count}) must not be 0"
BUFFER_OFFSET = (
    "offset ({offset} bytes) must be non-negative and no greater than buffer length ({length} bytes) minus 1"
)
BUFFER_MULTIPLE = (
    "buffer length ({length} bytes) after offset ({offset} bytes) must be a multiple of element size ({item})"
)
BUFFER_SHORT = (
    "requested buffer length ({count} * {item} bytes) after offset ({offset} bytes) must not be greater than actual buffer length "
    "({length} bytes)"
)
ASARRAY_SEQUENCE = "can't alias arbitrary sequence into a tensor."
ASARRAY_DTYPE = "can't alias tensor with dtype '{got}' into dtype '{want}'."
ASARRAY_SCALAR = "can't alias NumPy scalars. Either remove copy=False or transform it in a ndarray."
ASARRAY_REQUIRES_GRAD = (
    "torch.asarray: unspecified requires_grad now defaults to obj.requires_grad instead of False."
)

# --- casts and conversions: what is rare ---
CUDA_DEVICE = "Invalid device, must be {type} device"
TYPE_KIND = "dtype must be a type, str, or dtype object"
TAKES_NONE = "{op}() takes 0 positional arguments but {n} {was} given"
NUMPY_BFLOAT16 = "Got unsupported ScalarType BFloat16"
DLPACK_CAPSULE = "from_dlpack received an invalid capsule. Note that a DLTensor capsule can be consumed only once, so you might have already constructed a tensor from it once."
MAP_DTYPE = "{name}: expected {want} for '{argument}' (got {got})"
DEFAULT_TYPE_FLOAT = "only floating-point types are supported as the default type"
DEFAULT_TYPE_UNKNOWN = "invalid type object: {type}"
DEFAULT_TYPE_DEPRECATED = (
    "torch.set_default_tensor_type() is deprecated as of PyTorch 2.1, please use torch.set_default_dtype() and "
    "torch.set_default_device() as alternatives."
)
VOLATILE = "volatile was removed (Variable.volatile is always False)"
NO_CUDA = "Torch not compiled with CUDA enabled. leafgrad has only the device 'cpu'."
LEGACY_DTYPE = "expected {want} (got {got})"
LEGACY_DEVICE = "legacy constructor expects device type: cpu but device type: {type} was passed"

# --- subclasses ---
SUBCLASS_CLASS = "cls must be a type (got {type})"
TWICE = "{op}() got multiple values for argument '{name}'"
FORMAT_UNSUPPORTED_LOWER = "unsupported memory format {format}"
TOO_MANY_POSITIONAL = "{op}() takes {most} positional argument{plural} but {got} were given"
NO_ARGUMENTS = "{op}() takes no arguments ({got} given)"
SUBCLASS_BASE = (
    "Creating a Tensor subclass from a class that does not inherit from Tensor is not possible. "
    "Make sure your class inherits from Tensor."
)
SUBCLASSES = "unsupported operand type(s): '{a}' and '{b}' are unrelated subclasses of Tensor"
TOO_MANY_FROM_TO = "{op}() takes from 0 to 2 positional arguments but {got} were given"
TOO_MANY_TO = "{op}() takes 2 positional arguments but {got} were given"
RNG_STATE = "expected a torch.ByteTensor, but got {type}"

# --- comparing in tests ---
CLOSE_TYPES = "No comparison pair was able to handle inputs of type {actual} and {expected}."
CLOSE_ATTRIBUTE = "The values for attribute '{name}' do not match: {actual} != {expected}."
CLOSE_TOLERANCES = "Both 'rtol' and 'atol' must be either specified or omitted, but got no {absent}."
CLOSE_VALUES = "Tensor-likes are not {how}!"
CLOSE_SCALARS = "Scalars are not {how}!"
CLOSE_LENGTH = "The length of the sequences mismatch: {actual} != {expected}"
CLOSE_KEYS = "The keys of the mappings do not match:\nMissing keys in the actual mapping: {missing}\nAdditional keys in the actual mapping: {added}"
CLOSE_NONE = "None mismatch: {actual} is not {expected}"
