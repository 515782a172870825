"""What values are: dtypes, devices, shapes, printing, promotion, kernels."""

# --- extras ---
EXTRA_MISSING = (
    "{what} needs {module}, which is not installed. Install it with: pip install 'leafgrad[{extra}]'"
)

# --- closed kinds of objects: dtype, device, layout, memory_format, finfo, iinfo ---
NOT_CONSTRUCTIBLE = "cannot create 'torch.{kind}' instances"
NOT_A_BASE = "type 'torch.{kind}' is not an acceptable base type"
NO_ATTRIBUTE = "'torch.{kind}' object has no attribute '{name}'"
NOT_WRITABLE = "attribute '{name}' of 'torch.{kind}' objects is not writable"

# --- dtypes ---
DTYPE_NO_COMPLEX = "Unknown Complex ScalarType for {type_name}"
DTYPE_ARGUMENT = "{where}(): argument '{argument}'{place} must be torch.dtype, not {type}"
NO_COMPLEX32 = (
    "complex32 is not available: NumPy has no complex numbers of half precision. "
    "Convert the float16 operand to float32 (result complex64) first."
)
DEFAULT_NOT_DTYPE = "invalid dtype object: only floating-point types are supported as the default type"
DEFAULT_NOT_FLOAT = "only floating-point types are supported as the default type"
DEFAULT_NO_COMPLEX = (
    "invalid default scalar type for complex. bfloat16 is the default dtype and has no complex counterpart; "
    "give the complex dtype, or set another default."
)
NUMPY_TYPE = (
    "can't convert np.ndarray of type {type}. The only supported types are: float64, float32, float16, "
    "complex64, complex128, int64, int32, int16, int8, uint64, uint32, uint16, uint8, and bool."
)
NUMPY_BYTE_ORDER = (
    "given numpy array has byte order different from the native byte order. "
    "Conversion between byte orders is currently not supported. Call .astype(array.dtype.newbyteorder('=')) first."
)

# --- shapes (torch.Size) ---
SIZE_ITEM = "torch.Size() takes an iterable of 'int' (item {i} is '{type}')"
SIZE_CONCATENATE = "can only concatenate tuple (not {type}) to torch.Size"

# --- standing in for torch ---
ALIAS_TORCH_LOADED = (
    "torch is already imported, from {file}: leafgrad can take its place only before the first `import torch`. "
    "Call leafgrad.install_as_torch() at the top of the program, or run it with: python -m leafgrad SCRIPT.py"
)
ALIAS_MISSING = "leafgrad has no '{name}' yet (leafgrad stands in for torch here)"

# --- devices ---
DEVICE_ARGUMENTS = (
    "device() received an invalid combination of arguments - got ({type}), but expected one of:\n"
    " * (torch.device device)\n * (str type, int index = -1)"
)
DEVICE_TYPE = "device(): argument 'type' (position 1) must be str, not {type}"
DEVICE_INDEX = "device(): argument 'index' (position 2) must be int, not {type}"
DEVICE_EMPTY = "Device string must not be empty"
DEVICE_STRING = "Invalid device string: '{text}'"
DEVICE_UNKNOWN = "Expected one of {types} device type at start of device string: {text}"
DEVICE_TWO_INDICES = "type (string) must not include an index because index was passed explicitly: {text}"
DEVICE_INDEX_SIZE = "Could not parse device index '{number}' in device string '{text}'"
DEVICE_NEGATIVE = "Device index must not be negative"
DEVICE_ORDER = "comparison not implemented"
DEVICE_ARGUMENT = "{where}(): argument '{argument}' must be torch.device, not {type}"
NO_ACCELERATOR = (
    "Cannot access accelerator device when none is available. "
    "A number names an accelerator, and leafgrad has only the device 'cpu'."
)
NOT_COMPILED = "Torch not compiled with {type} enabled. leafgrad has only the device 'cpu', not '{device}'."
NO_BACKEND = "Could not run '{where}' on the device '{device}'. leafgrad has only the device 'cpu'."

# --- printing ---
PRINT_PROFILE = "set_printoptions(): profile must be 'default', 'short' or 'full', not {profile!r}"
PRINT_OPTION_TYPE = "set_printoptions(): {name} must be {expected}, not {type}"
PRINT_OPTION_NEGATIVE = "set_printoptions(): {name} must not be negative, but is {value}"

# --- type promotion ---
PROMOTION_LONE = (
    "Promotion for uint16, uint32, uint64 types is not supported, attempted to promote {a} and {b}"
)
NOT_AN_OPERAND = "expected a tensor or a number, got {type}"
NO_OPERANDS = "there are no operands, so there is no type in which they meet"

# --- limits (finfo, iinfo) ---
FINFO_TYPE = "torch.finfo() requires a floating point input type. Use torch.iinfo to handle 'torch.finfo'"
IINFO_TYPE = "torch.iinfo() requires an integer input type. Use torch.finfo to handle 'torch.iinfo'"
IINFO_BOOL = "torch.bool is not supported by torch.iinfo"

# --- kernels ---
ZERO_DIVISION = "ZeroDivisionError"
NEGATIVE_INTEGER_POWER = "Integers to negative integer powers are not allowed."
THREADS_INT = "set_num_threads expects an int, but got {type}"
THREADS_POSITIVE = "set_num_threads expects a positive integer"
HOOK_COUNT = "hook '{hook}' has returned an incorrect number of values (got {got}, but expected {expected})"
ANOMALY_FORWARD = "Error detected in {node}. Traceback of forward call that caused the error:\n{traceback}"
ANOMALY_PARENT = "\n\nPrevious calculation was induced by {node}. Traceback of forward call that induced the previous calculation:\n{traceback}"
ANOMALY_NO_TRACEBACK = "Error detected in {node}. No forward pass information available. Enable detect anomaly during forward pass for more information."

# --- arguments of kernels: a dimension, a number ---
DIM_RANGE = "Dimension out of range (expected to be in range of [{low}, {high}], but got {dim})"
MEMORY_SHARED = (
    "unsupported operation: some elements of the input tensor and the written-to tensor refer to a single memory location. "
    "Please clone() the tensor before performing the operation."
)
EXPANDED_WRITE = (
    "Use of {op} on expanded tensors is deprecated. Please clone() the tensor before performing this operation. "
    "This also applies to advanced indexing e.g. {example}"
)
NOT_IMPLEMENTED_FOR = "\"{kernel}\" not implemented for '{type}'"
