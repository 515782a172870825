"""Indexing, gathering and scattering."""

# --- indexing ---
INDEX_KIND = "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are valid indices (got {type})"
INDEX_ZERO_DIM = (
    "invalid index of a 0-dim tensor. Use `tensor.item()` in Python or `tensor.item<T>()` in C++ "
    "to convert a 0-dim tensor to a number"
)
INDEX_BOUNDS = "index {index} is out of bounds for dimension {dim} with size {size}"
INDEX_EMPTY = "index is out of bounds for dimension with size 0"
INDEX_TOO_MANY = "too many indices for tensor of dimension {ndim}"
INDEX_TOO_MANY_GOT = "too many indices for tensor of dimension {ndim} (got {got})"
INDEX_NONE = "at least one index must be provided"
INDEX_DTYPE = "tensors used as indices must be long, int, byte or bool tensors"
INDEX_MASK = "The shape of the mask {mask} at index {at} does not match the shape of the indexed tensor {shape} at index {dim}"
INDEX_BROADCAST = "shape mismatch: indexing tensors could not be broadcast together with shapes {shapes}"
INDEX_INT64 = "Overflow when unpacking long long"
INDEX_SEQUENCE = (
    "Using a non-tuple sequence for multidimensional indexing is deprecated and will be changed in pytorch 2.9; "
    "use x[tuple(seq)] instead of x[seq]. In pytorch 2.9 this will be interpreted as tensor index, "
    "x[torch.tensor(seq)], which will result either in an error or a different result"
)
INDEX_BYTE = "indexing with dtype torch.uint8 is now deprecated, please use a dtype torch.bool instead."
SLICE_INDEX = "slice indices must be integers or None or have an __index__ method"
SLICE_STEP_ZERO = "slice step cannot be zero"
SLICE_STEP = "step must be greater than zero"
SLICE_ZERO_DIM = "slice() cannot be applied to a 0-dim tensor."
SLICE_TRUNCATED = (
    "Truncating the start/stop/step of slice. "
    "This is likely because of saved old models when the start/stop/step were larger."
)
TENSOR_AS_INDEX = "only integer tensors of a single element can be converted to an index"
SEQUENCE_TYPE = "new(): invalid data type '{type}'"
SEQUENCE_INFER = "Could not infer dtype of {type}"
SEQUENCE_LENGTH = "expected sequence of length {expected} at dim {dim} (got {got})"
SEQUENCE_NOT = "not a sequence"
SEQUENCE_INTEGER = "'{type}' object cannot be interpreted as an integer"
PUT_SHAPE = (
    "shape mismatch: value tensor of shape {value} cannot be broadcast to indexing result of shape {result}"
)
PUT_DTYPE = "Index put requires the source and destination dtypes match, got {self} for the destination and {source} for the source."

# --- gather and scatter ---
GATHER_INDEX = "{op}(): Expected dtype int32/int64 for index"
GATHER_DIMS = "Index tensor must have the same number of dimensions as {what} tensor"
GATHER_SIZE = "Size does not match at dimension {dim} expected index {index} to be no larger than self {self} apart from dimension {along}"
SCATTER_DTYPE = "scatter(): Expected self.dtype to be equal to src.dtype"
SCATTER_SIZE = "Expected index {index} to be no larger than self {self} apart from dimension {along}"
SCATTER_SIZE_SRC = SCATTER_SIZE + " and to be no larger size than src {src}"
SCATTER_REDUCE = "reduce argument must be either add or multiply."
SCATTER_REDUCE_DEPRECATED = (
    "The reduce argument of torch.scatter with Tensor src is deprecated and will be removed in a future PyTorch release. "
    "Use torch.scatter_reduce instead for more reduction options."
)
SCATTER_REDUCE_TWO = "reduce argument must be either sum, prod, mean, amax or amin, got {reduce}"
ALONG_DIMS = (
    "torch.take_along_dim(): input and indices should have the same number of dimensions, "
    "but got {input} dimensions for input, and {indices} dimensions for indices"
)
ALONG_DTYPE = "torch.take_along_dim(): dtype of indices should be Long but got {type}"
LONG_INDEX = "{op}(): Expected a long tensor for index, but got {type}"
TAKE_EMPTY = "take(): tried to take from an empty tensor"
TAKE_RANGE = "out of range: tried to access index {index} on a tensor of {numel} elements."
PUT_EMPTY = "put_(): Tried to put elements into an empty tensor"
PUT_NUMBER = (
    "put_(): Expected source and index to have the same number of elements, "
    "but got source.numel() = {source}, index.numel() = {index}"
)
PUT_SOURCE = "put_(): self and source expected to have the same dtype, but got self.dtype = {self} and source.dtype = {source}"

# --- whole rows along a dimension: index_select, index_add, index_copy, index_fill, embedding ---
ROWS_VECTOR = "index_select(): Index is supposed to be a vector"
ROWS_SCALAR = "index_select(): Index to scalar can have only 1 value, got {n} value(s)"
ROWS_DTYPE = "index_select(): Expected dtype int32 or int64 for index"
ROWS_EMPTY = "index_select(): self indexing axis dim should be positive"
ROWS_RANGE = "index out of range in self"
ROWS_RANGE_AXIS = "INDICES element is out of DATA bounds, id={index} axis_dim={size}"
ADD_VECTOR = (
    "index_add_(): Index is supposed to be a vector, but got dim: {ndim} with type: {type} and size: {size}"
)
ADD_DTYPE = "index_add_(): Expected dtype int32/int64 for index but got: {type}"
ADD_SOURCE = "index_add_(): self ({self}) and source ({source}) must have the same scalar type"
ADD_DIM = "index_add_(): Indexing dim {dim} is out of bounds of the source tensor with dim {ndim}"
ADD_NUMBER = (
    "index_add_(): Number of indices ({n}) should be equal to source.size(dim): ({size}), for dim: {dim}"
)
ADD_SHAPE = (
    "source tensor shape must match self tensor shape, excluding the specified dimension. "
    "Got self.shape = {self} source.shape = {source}"
)
COPY_VECTOR = "index_copy_(): Index should have dimension 1 or 0 (got {ndim})"
COPY_SCALAR = "index_copy_(): When source is scalar, index should have one element (got {n})"
COPY_DIMS = (
    "index_copy_(): When source and destination are not scalars, their dimensionality must match. "
    "Source dimensionality ({source}), destination dimensionality ({self})"
)
COPY_SOURCE = "index_copy_(): self and source expected to have the same dtype, but got (self) {self} and (source) {source}"
COPY_SHAPE = (
    "index_copy_(): Source/destination tensor must have same slice shapes. "
    "Destination slice shape: {self} at dimension {dim} and source slice shape: {source} at dimension 0."
)
COPY_NUMBER = "index_copy_(): Number of indices ({n}) should be equal to source.size(dim) ({size})"
COPY_BOUNDS = "index_copy_(): index {index} is out of bounds for dimension {dim} with size {size}"
FILL_DTYPE = "index_fill_(): Expected dtype int64 for index."
FILL_VECTOR = "Index has to be a vector/scalar"
FILL_COMPLEX = "index_fill_(): Converting complex Scalar to non-complex type is not supported"
FILL_VALUE = "{op} only supports a 0-dimensional value tensor, but got tensor with {ndim} dimension(s)."
EMBEDDING_WEIGHT = "'weight' must be 2-D"
EMBEDDING_INDICES = (
    "Expected tensor for argument #{n} 'indices' to have one of the following scalar types: Long, Int; "
    "but got {type} instead (while checking arguments for {op})"
)

# --- masks ---
MASK_DTYPE = "{op} only supports boolean masks, but got mask with dtype {type}"
MASK_BYTE = (
    "masked_scatter_ received a mask with dtype torch.uint8, this behavior is now deprecated,"
    "please use a mask with dtype torch.bool instead."
)
MASK_SELECT_DTYPE = "masked_select: expected BoolTensor for mask"
MASK_SOURCE = "masked_scatter: expected self and source to have same dtypes but got{self} and {source}"
MASK_FEW = "Number of elements of source < number of ones in mask"

# --- assigning to an index ---
ASSIGN_TYPE = "can't assign a {value} to a {type}"
MVLGAMMA_CAST = "mvlgamma: result type {got} can't be cast to the desired output type {want}"
FREXP_OUT = "torch.frexp() expects mantissa to have dtype {want} but got {got}"
FLOAT_POWER_OUT = (
    "the output given to float_power has dtype {got} but the operation's result requires dtype {want}"
)
COMPLEX_OUT = "Expected object of scalar type {a} but got scalar type {b} for argument 'out'"
SCAN_IN_PLACE = "Bad in-place call: input tensor dtype {was} and output tensor dtype {to} should match"
SCALAR_TYPE = "expected scalar_type {want} but found {got}"
DIST_INPUT = "norm(): input dtype should be either floating point or complex. Got {type} instead."
COSINE_DTYPE = "expected common dtype to be floating point, yet common dtype is {type}"

# --- indexing ops ---
NO_SPARSE_GRAD = "leafgrad has no sparse tensors: {argument} must be False"
TAKE_OUT = (
    "take(): self and out expected to have the same dtype, but got self.dtype = {self} and out.dtype = {out}"
)
MASKED_SELECT_OUT = "masked_select(): self and result must have the same scalar type"
INDEX_SELECT_OUT = "index_select(): self and result must have the same scalar type"
NARROW_COPY_OUT = "Expected self.dtype() == output.dtype() to be true, but got false."
DIAG_OUT = "diag: result type {got} can't be cast to the desired out= type {want}"
NONZERO_OUT = "nonzero: Expected out tensor to have scalar type Long but got scalar type{type}"
INDEX_REDUCE = "index_reduce(): Expected reduce to be one of prod, mean, amax or amin but got {reduce}."
INDEX_REDUCE_BETA = "index_reduce() is in beta and the API may change at any time."
SLICE_SOURCE = (
    "expected src to have a size equal to the slice of self. src size = {src}, slice size = {slice}"
)
SLICE_STEP_POSITIVE = "slice step must be positive"
PADDING_IDX = "Padding_idx must be within num_embeddings"
ONE_HOT_DTYPE = "one_hot is only applicable to index tensor of type LongTensor."
ONE_HOT_EMPTY = "Can not infer total number of classes from empty tensor."
ONE_HOT_NEGATIVE = "Class values must be non-negative."
EMBEDDING_NORM_DTYPE = "norm(): input dtype should be either floating point or complex. Got {type} instead."
ONE_HOT_CLASSES = "Class values must be smaller than num_classes."
