"""Views, splitting, joining, copying, arranging."""

# --- views and movement ---
VIEW_SHAPE = "shape '{shape}' is invalid for input of size {count}"
VIEW_TWO = "only one dimension can be inferred"
VIEW_NEGATIVE = "invalid shape dimension {n} at index {index} of shape {shape}"
VIEW_AMBIGUOUS = (
    "cannot reshape tensor of 0 elements into shape {shape} because the unspecified dimension size -1 can be any value "
    "and is ambiguous"
)
VIEW_STRIDE = (
    "view size is not compatible with input tensor's size and stride (at least one dimension spans across two contiguous "
    "subspaces). Use .reshape(...) instead."
)
VIEW_DTYPE_SCALAR = "self.dim() cannot be 0 to view {was} as {to} (different element sizes)"
VIEW_DTYPE_SIZE = "self.size(-1) must be divisible by {ratio} to view {was} as {to} (different element sizes), but got {size}"
VIEW_DTYPE_LAST = (
    "self.stride(-1) must be 1 to view {was} as {to} (different element sizes), but got {stride}"
)
VIEW_DTYPE_OFFSET = "self.storage_offset() must be divisible by {ratio} to view {was} as {to} (different element sizes), but got {offset}"
VIEW_DTYPE_STRIDE = "self.stride({dim}) must be divisible by {ratio} to view {was} as {to} (different element sizes), but got {stride}"
PERMUTE_COUNT = (
    "permute(): number of dimensions in the tensor input does not match the length of the desired ordering of dimensions "
    "i.e. input.dim() = {ndim} is not equal to len(dims) = {count}"
)
PERMUTE_TWICE = "permute(): duplicate dims are not allowed."
T_DIMS = "{op}() expects a tensor with <= 2 dimensions, but self is {ndim}D"
MATRICES = "tensor.{op} is only supported on matrices or batches of matrices. Got {ndim}-D tensor."
MATRIX = "tensor.H is only supported on matrices (2-D tensors). Got {ndim}-D tensor."
MATRIX_BATCH = " For batches of matrices, consider using tensor.mH"
MOVEDIM_LENGTH = (
    "movedim: Invalid source or destination dims: source ({source} dims) should contain the same number of dims as "
    "destination ({destination} dims)"
)
MOVEDIM_TWICE = "movedim: repeated dim in `{name}` ({dims})"
EXPAND_SIZE = (
    "The expanded size of the tensor ({wanted}) must match the existing size ({size}) at non-singleton dimension {dim}.  "
    "Target sizes: {target}.  Tensor sizes: {shape}"
)
EXPAND_COUNT = (
    "expand({type}{{{shape}}}, size={size}): the number of sizes provided ({count}) must be greater or equal to the number of "
    "dimensions in the tensor ({ndim})"
)
EXPAND_LEADING = (
    "The expanded size of the tensor ({wanted}) isn't allowed in a leading, non-existing dimension {dim}"
)
SELECT_ZERO_DIM = "select() cannot be applied to a 0-dim tensor."
SELECT_RANGE = "select(): index {index} out of range for tensor of size {shape} at dimension {dim}"
NARROW_ZERO_DIM = "narrow() cannot be applied to a 0-dim tensor."
NARROW_LENGTH = "narrow(): length must be non-negative."
NARROW_START = "start out of range (expected to be in range of [{low}, {high}], but got {start})"
NARROW_END = "start ({start}) + length ({length}) exceeds dimension size ({size})."
NARROW_TENSOR = "start must be an 0-dim integral Tensor."
DIAGONAL_SAME = "diagonal dimensions cannot be identical {dim1}, {dim2}"
UNFOLD_SIZE = "maximum size for tensor at dimension {dim} is {most} but size is {size}"
UNFOLD_STEP = "step is {step} but must be > 0"
UNFOLD_NEGATIVE = "size is {size} but must be >= 0"
STRIDED_LENGTHS = "mismatch in length of strides and shape"
STRIDED_NEGATIVE = "as_strided: Negative strides are not supported at the moment, got strides: {stride}"
STRIDED_SIZE = "Storage size calculation overflowed with sizes={size} and strides={stride}"
STRIDED_OFFSET = "Tensor: invalid storage offset {offset}"
STRIDED_BOUNDS = (
    "setStorage: sizes {size}, strides {stride}, storage offset {offset}, and itemsize {itemsize} requiring a storage size of "
    "{needs} are out of bounds for storage of size {has}"
)
FLATTEN_ORDER = "flatten() has invalid args: start_dim cannot come after end_dim"
UNFLATTEN_EMPTY = "unflatten: sizes must be non-empty"
UNFLATTEN_SIZES = "unflatten: Provided sizes {sizes} don't multiply up to the size of dim {dim} ({size}) in the input tensor"
RESIZE_GRAD = "cannot resize variables that require grad"
RESIZE_NEGATIVE = "numel: integer multiplication overflow"
FORMAT_RANK = "required rank {rank} tensor to use {format} format"
FORMAT_PRESERVE = "preserve memory format is unsupported by the contiguous operator"

# --- splitting ---
SPLIT_SCALAR = "{op} expects at least a 1-dimensional tensor"
SPLIT_NEGATIVE = "split expects split_size be non-negative, but got split_size={size}"
SPLIT_ZERO = "split_size can only be 0 if dimension size is 0, but got dimension size of {size}"
SPLIT_SUM = (
    "split_with_sizes expects split_sizes to sum exactly to {size} (input tensor's size at dimension {dim}), "
    "but got split_sizes={sizes}"
)
SPLIT_ENTRY = (
    "split_with_sizes expects split_sizes have only non-negative entries, but got split_sizes={sizes}"
)
CHUNK_COUNT = "chunk expects `chunks` to be greater than 0, got: {chunks}"
NO_DIMENSIONS = "Dimension specified as {dim} but tensor has no dimensions"
TENSOR_SPLIT_SCALAR = (
    "tensor_split expected at least a 1-dimensional tensor, but got a tensor with {ndim} dims"
)
TENSOR_SPLIT_COUNT = "number of sections must be larger than 0, got {count}"
TENSOR_SPLIT_DTYPE = "tensor_split expected tensor_indices_or_sections to have dtype of long, but got {type}"
TENSOR_SPLIT_DIMS = (
    "tensor_split expected tensor_indices_or_sections to be a zero-dimensional or one-dimensional tensor, "
    "but got a tensor with {ndim} dims"
)
AXIS_SPLIT_DIMS = (
    "torch.{op} requires a tensor with at least {least} dimension, but got a tensor with {ndim} dimensions!"
)
AXIS_SPLIT_SIZE = (
    "torch.{op} attempted to split along dimension {dim}, but the size of the dimension {size} is not divisible by the "
    "split_size {sections}!"
)

# --- joining ---
CAT_EMPTY = "torch.cat(): expected a non-empty list of Tensors"
CAT_SCALAR = "zero-dimensional tensor (at position {i}) cannot be concatenated"
CAT_DIMS = "Tensors must have same number of dimensions: got {a} and {b}"
CAT_SIZE = (
    "Sizes of tensors must match except in dimension {dim}. Expected size {expected} but got size {got} for tensor number {i} in "
    "the list."
)
CAT_CAST = "torch.cat(): input types can't be cast to the desired output type {want}"
LIST_EMPTY = "{op} expects a non-empty TensorList"
STACK_SIZE = "stack expects each tensor to be equal size, but got {first} at entry 0 and {got} at entry {i}"
BLOCK_DIAG_DIMS = (
    "torch.block_diag: Input tensors must have 2 or fewer dimensions. Input {i} has {ndim} dimensions"
)
BROADCAST_NEGATIVE = "Trying to create tensor with negative dimension ({low}): ({n})"
BROADCAST_SHAPES = (
    "Attempting to broadcast a dimension of length {n} at {at}! Mismatching argument at index {nr} had {shape}; but expected shape "
    "should be broadcastable to {expected}"
)
MESHGRID_INDEXING = (
    "torch.meshgrid: in an upcoming release, it will be required to pass the indexing argument."
)
MESHGRID_DIMS = "torch.meshgrid: Expected 0D or 1D tensor in the tensor list but got: {tensor}"
MESHGRID_DTYPE = "meshgrid expects all tensors to have the same dtype"
MESHGRID_KIND = 'torch.meshgrid: indexing must be one of "xy" or "ij", but received: {indexing}'
UNRAVEL_DTYPE = "expected 'indices' to be integer dtype, but got {dtype}"
UNRAVEL_SHAPE = "expected 'shape' to be int or sequence of ints, but got {type}"
UNRAVEL_NEGATIVE = "'shape' cannot have negative values, but got {shape}"
VECTOR = "Expect a 1D vector, but got shape {shape}"
COMBINATIONS_NEGATIVE = "Expect a non-negative number, but got {r}"
EINSUM_ARGUMENTS = "einsum(): must specify the equation string and at least one operand, or at least one operand and its subscripts list"
EINSUM_NONE = "einsum(): must provide at least one operand"
EINSUM_MORE = "einsum(): more operands were provided than specified in the equation"
EINSUM_FEWER = "einsum(): fewer operands were provided than specified in the equation"
EINSUM_UNKNOWN = "einsum(): output subscript {label} does not appear in the equation for any input operand"
EINSUM_RANGE = "einsum(): subscript in subscript list is not within the valid range [0, 52)"
EINSUM_LETTER = "einsum(): invalid subscript given at index {place} in the equation string, subscripts must be in [a-zA-Z]"
EINSUM_LETTER_OUTPUT = "einsum(): invalid subscript given for the output in the equation string, subscripts must be in [a-zA-Z], but got {char}"
EINSUM_ELLIPSES = "einsum(): found '.' for operand {place} for which an ellipsis was already found"
EINSUM_ELLIPSES_OUTPUT = "einsum(): found '.' for output but an ellipsis (...) was already found"
EINSUM_TWICE = "einsum(): output subscript {label} appears more than once in the output"
EINSUM_TOO_MANY = "einsum(): the number of subscripts in the equation ({count}) is more than the number of dimensions ({ndim}) for operand {place}"
EINSUM_COUNT = "einsum(): the number of subscripts in the equation ({count}) does not match the number of dimensions ({ndim}) for operand {place} and no ellipsis was given"
EINSUM_REPEATED = (
    "einsum(): subscript {label} is repeated for operand {place} but the sizes don't match, {a} != {b}"
)
EINSUM_SIZE = "einsum(): subscript {label} has size {n} for operand {place} which does not broadcast with previously seen size {seen}"
FLOAT_POWER_INPLACE = (
    "the base given to float_power_ has dtype {got} but the operation's result requires dtype {want}"
)

# --- copying ---
FILL_DIMS = "fill_ only supports 0-dimension value tensor but got tensor with {ndim} dimensions."
FORMAT_UNSUPPORTED = "Unsupported memory format {format}"

# --- arranging: flip, roll, repeat, triangles, padding ---
FLIP_DIMS = "Input must be >= {least}-d."
ROLL_SHIFTS = "`shifts` required"
ROLL_ALIGN = "shifts and dimensions must align. shifts: {shifts}, dims:{dims}"
ROT90_DIMS = "expected total rotation dims == 2, but got dims = {n}"
ROT90_TOTAL = "expected total dims >= 2, but got total dims = {n}"
ROT90_SAME = "expected rotation dims to be different, but got dim0 = {dim0} and dim1 = {dim1}"
REPEAT_DIMS = "Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor"
INTERLEAVE_VECTOR = "repeat_interleave only accept 1D vector as repeat"
INTERLEAVE_DIMS = "repeats must be 0-dim or 1-dim tensor"
INTERLEAVE_NEGATIVE = "repeats can not be negative"
INTERLEAVE_REPEATS = "Repeats must be non-negative"
INTERLEAVE_ALLOCATED = "allocated size does not match required size"
INTERLEAVE_SIZE = "repeat_interleave: Invalid output_size, expected {expected} but got {got}"
INTERLEAVE_MATCH = "repeats must have the same size as input along dim, but got repeats.size(0) = {repeats} and input.size({dim}) = {size}"
TRIANGLE_DIMS = "{op}: input tensor must have at least 2 dimensions"
DIAG_DIMS = "diag(): Supports 1D or 2D tensors. Got {ndim}D"
FILL_DIAGONAL_DIMS = "dimensions must larger than 1"
FILL_DIAGONAL_EQUAL = "all dimensions of input must be of equal length"
PAD_ODD = "Padding length must be divisible by 2"
PAD_LENGTH = (
    "Padding length should be less than or equal to two times the input dimension but got padding length {n} and input of "
    "dimension {ndim}"
)
PAD_NEGATIVE = "narrow(): length must be non-negative. A dimension of size {size} cannot be padded with ({before}, {after})."
PAD_VALUE = 'Padding mode "{mode}" doesn\'t take in value argument'
PAD_MODE = "Unrecognised padding mode {mode}"
PAD_COMBINATION = (
    "Padding size {n} is not supported for {ndim}D input tensor.\nSupported combinations for non-constant padding:\n"
    "  - 2D or 3D input: padding size = 2 (pads last dimension)\n  - 3D or 4D input: padding size = 4 (pads last 2 dimensions)\n"
    "  - 4D or 5D input: padding size = 6 (pads last 3 dimensions)"
)
PAD_EMPTY = (
    "Expected {low}D or {high}D (batch mode) tensor with possibly 0 batch size and other non-zero dimensions for input, "
    "but got: {shape}"
)
PAD_REFLECT = (
    "Argument #{argument}: Padding size should be less than the corresponding input dimension, but got: padding ({a}, {b}) at "
    "dimension {dim} of input {shape}"
)
PAD_SMALL = "input (W: {size}) is too small. Calculated output W: {out}"
PAD_WRAPS = "Padding value causes wrapping around more than once."
PAD_VANISHES = "Negative padding value is resulting in an empty dimension"
