"""Messages about classes, modes and operators of users that take part in calls."""

FUNCTION_FAILED = (
    "Multiple dispatch failed for '{name}'; all __torch_function__ handlers returned NotImplemented:\n\n{who}"
)
FUNCTION_NOBODY = (
    "no implementation found for '{name}' on types that implement __torch_function__: {types}{mode}"
)
FUNCTION_NOR_MODE = " nor in mode {mode}"
FUNCTION_PLAIN_METHOD = (
    "Defining your `__torch_function__` as a plain method is deprecated and will be an error in future, please define it as a "
    "classmethod."
)
FUNCTION_SEQUENCE = "expected a sequence"
FUNCTION_ALONE = ". The class defines __torch_function__, and is no tensor: leafgrad asks it once `leafgrad.overrides` has been imported."

DISPATCH_FAILED = "Multiple dispatch failed for 'torch._ops.{name}'; all __torch_dispatch__ handlers returned NotImplemented:\n\n{who}"
NO_OVERLOAD = "The underlying op of '{packet}' has no overload name '{word}'"
NO_OP = "'_OpNamespace' '{namespace}' object has no attribute '{name}'"
WRAPPER_DISPATCH = "{cls} must define __torch_dispatch__"
WRAPPER_FORMAT = (
    "_make_wrapper_subclass() lays out a tensor by its strides: memory_format={format} is not supported."
)
TOLIST_CLASS = ".tolist() is not supported for tensor subclasses, got {cls}"
NUMPY_CLASS = ".numpy() is not supported for tensor subclasses."

# --- operators of users ---

OPERATOR_NAME = "not enough values to unpack (expected 2, got 1). The name of an operator is 'namespace::name', not {name!r}."
LIBRARY_MISSING = "torch.library.{name} is not there: {why}"
LIBRARY_LIBRARY = "there is no table of kernels by dispatch key; define an operator with torch.library.custom_op (schema= takes its text)."
LIBRARY_TRITON = "kernels are Python functions on the CPU; use torch.library.custom_op."
LIBRARY_AUTOCAST = "there is no autocast."
LIBRARY_FAKE = "there are no tensors without values, which it is about; test an operator's gradients with torch.autograd.gradcheck."
OPERATOR_IDENT = "expected ident but found '{found}' here:\n{name}"
OPERATOR_TAKEN = (
    "Tried to register an operator ({schema}) with the same name and overload name multiple times. "
    "The namespace aten is that of torch's own operators."
)
OPERATOR_KIND = "{function}({op}): got unexpected type for op: {type}"
OPERATOR_ABSENT = "operator {name} does not exist"
OPERATOR_NOTHING = (
    "Expected PythonKernelHolder for {op} to return None but it returned something else instead."
)
OPERATOR_TOO_MANY = (
    "{op}() expected at most {most} argument(s) but received {got} argument(s). Declaration: {schema}"
)
OPERATOR_TOO_MANY_POSITIONAL = (
    "{op}() takes {most} positional argument(s) but {got} was/were given. Declaration: {schema}"
)
OPERATOR_MISSING = "{op}() is missing value for argument '{name}'. Declaration: {schema}"
OPERATOR_TWICE = "Argument '{name}' specified both as positional and keyword argument. Schema: {schema}"
OPERATOR_UNKNOWN = "Unknown keyword argument '{name}' for operator '{op}'. Schema: {schema}"
OPERATOR_ARGUMENT = (
    "{op}() Expected a value of type '{type}' for argument '{name}' but instead found type '{got}'.\nPosition: {position}\n"
    "Value: {value}\nDeclaration: {schema}"
)
OPERATOR_NOT_FUNCTIONAL = (
    "Cannot register autograd formula for non-functional operator {op} with schema {schema}. Please create a functional operator "
    "and register an autograd formula for that."
)
OPERATOR_NO_AUTOGRAD = "Trying to backward through {op} but no autograd formula was registered. Please use register_autograd to add one."
OPERATOR_NO_KERNEL = (
    "Attempted to {what} kernel for {device} but no kernel was registered for this device type."
)
OPERATOR_DEVICE = "Could not run '{op}' with arguments from the 'CPU' backend. It has been given functions for these devices only: {devices}."
OPERATOR_RESULT = "Unable to cast {value} to {type}"
OPERATOR_RESULTS = "{op}() must return {want} values, but returned {got}"
OPERATOR_ALIAS = (
    "{name} (with implementation in {module}): The output of this custom operator (1) must not also be an input to this custom "
    "operator and (2) may not alias any inputs to this custom operator or other returns. Please return a clone of the offending "
    "output tensor(s) (e.g. return x.clone()) or refactor the custom operator to not return y."
)
OPERATOR_STRUCTURE = "Expected the return from backward to be of the same structure as the inputs. Got: {got} (return from backward), {want} (inputs)"
OPERATOR_MUTATES = (
    "The schema {schema} does not say of the same arguments as mutates_args={names} that they are written to."
)
OPERATOR_LOOP = (
    "There is a performance drop because we have not yet implemented the batching rule for {op}. It is called once for each sample; "
    "use register_vmap to say what it does for a batch."
)
OPERATOR_VMAP = "The vmap rule of {op} must return a tuple of two: (outputs, out_dims)"
OPERATOR_VMAP_DIMS = "The vmap rule of {op} returned out_dims={out_dims}, which does not fit its outputs"
INFER = "infer_schema(func): {what} Got func with signature {signature})"
INFER_STRING = "mutates_args must either be a sequence of the names of the arguments that are mutated or the string 'unknown'."
INFER_VARARGS = "We do not support positional-only args, varargs, or varkwargs."
INFER_NO_TYPE = "Parameter {name} must have a type annotation."
INFER_TYPE = "Parameter {name} has unsupported type {type}."
INFER_DEFAULT_TYPE = "Parameter {name} has an unsupported default value type {type}."
INFER_DEFAULT = "Parameter {name} has an unsupported default value: {default}."
INFER_MUTATES = (
    "{names} in mutates_args were not found in the custom op's signature. mutates_args should contain the names of all args that the "
    "custom op mutates, or just the string 'unknown' if you don't know."
)
INFER_MUTATES_TYPE = (
    "Parameter {name} is in mutable_args but only Tensors or collections of Tensors can be mutated"
)
INFER_NO_RETURN = "No return type annotation was provided. Please add one."
INFER_RETURN = "Return has unsupported type {type}."
SCHEMA_TEXT = (
    "This is no schema of an operator: {text!r}. One looks like '(Tensor x, float by=2.0) -> Tensor'."
)

# --- tracing ---

TRACED_VALUE = (
    "It appears that you're trying to get value out of a tracing tensor with {op} - erroring out! It's likely that this is caused by "
    "data-dependent control flow or similar."
)
TRACING_MODE = (
    "tracing_mode={mode!r} needs tensors without values, which leafgrad has none of: only 'real' is there."
)
TRACING_MODE_UNKNOWN = "tracing_mode must be real/fake/symbolic, got {mode}"
TRACED_FEW = "forward() missing {count} required positional argument{s}: {names}"
TRACED_MANY = "forward() takes {want} positional arguments but {got} were given"
TRACED_COUNT = "Tracing expected {want} arguments but got {got} concrete arguments"
