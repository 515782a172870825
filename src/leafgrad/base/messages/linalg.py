"""Norms and singular values."""

# --- norms ---
LINALG_DTYPE = "{op}: Expected a floating point or complex tensor as input. Got {type}"
NORM_DTYPE = "{op}: dtype should be floating point or complex, but got {type}"
NORM_DTYPE_KIND = "{op}: dtype should be {should} for {input} inputs, but got {type}"
NORM_DTYPE_NARROW = "{op}: the dtype of the input ({has}) should be convertible without narrowing to the specified dtype ({type})"
NORM_COMPLEX = "{op}: Expected a non-complex scalar as the order of norm."
NORM_EMPTY = (
    "{op} cannot compute the {ord} norm on an empty tensor because the operation does not have an identity"
)
NORM_EMPTY_DIM = (
    "{op} cannot compute the {ord} norm on the dimension {dim}because this dimension is empty "
    "and the operation does not have an identity"
)
MATRIX_NORM_DIMS = "linalg.matrix_norm: dim must be a 2-tuple. Got {dims}"
MATRIX_NORM_ORDER = "linalg.matrix_norm: Order {ord} not supported."
LINALG_NORM_DIMS = "linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got {ndim}D."
NORM_OUT = "{op} expected out tensor dtype {want} but got: {got}"
MATRIX_NORM_SAME = "linalg.matrix_norm: dims must be different. Got ({a}, {b})"
MATRIX_NORM_PRECISION = "linalg.matrix_norm: Low precision dtypes not supported. Got {type}"
LINALG_NORM_LENGTH = "linalg.norm: If dim is specified, it must be of length 1 or 2. Got {dims}"

# --- singular values ---
LINALG_MATRIX = "{op}: The input tensor A must have at least 2 dimensions."
SVD_DRIVER = (
    "torch.linalg.svd: keyword argument `driver=` is only supported on CUDA inputs with cuSOLVER backend."
)
SVD_NOT_FINITE = "linalg.svd: {batch}The algorithm failed to converge because the input matrix contained non-finite values."
SVD_FAILED = (
    "linalg.svd: {batch}The algorithm failed to converge because the input matrix is ill-conditioned "
    "or has too many repeated singular values (error code: {code})."
)
BATCH_ELEMENT = "(Batch element {index}): "
SVD_PHASE = (
    "svd_backward: The singular vectors in the complex case are specified up to multiplication by e^{i phi}. "
    "The specified loss function depends on this phase term, making it ill-defined."
)
