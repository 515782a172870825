"""Checkpoints: `torch.utils.checkpoint`."""

# --- arguments ---
CHECKPOINT_REENTRANT = (
    "torch.utils.checkpoint: the use_reentrant parameter should be passed explicitly. Starting in PyTorch 2.9, calling checkpoint "
    "without use_reentrant will raise an exception. use_reentrant=False is recommended, but if you need to preserve the current "
    "default behavior, you can pass use_reentrant=True. Refer to docs for more details on the differences between the two variants."
)
SEQUENTIAL_REENTRANT = (
    "torch.utils.checkpoint.checkpoint_sequential: the use_reentrant parameter should be passed explicitly. In version 2.9 we will "
    "raise an exception if use_reentrant is not passed. use_reentrant=False is recommended, but if you need to preserve the current "
    "default behavior, you can pass use_reentrant=True. Refer to docs for more details on the differences between the two variants."
)
CHECKPOINT_KEYWORDS = "Unexpected keyword arguments: {names}"
CHECKPOINT_ONLY_GRAPH = "Passing `context_fn` or `debug` is only supported when use_reentrant=False."
CHECKPOINT_DETERMINISM = "determinism_check should be one of {known}, but got {got}"
CHECKPOINT_DEBUG_CONTEXT = "debug=True is incompatible with non-default context_fn"
CHECKPOINT_DEVICE = "module 'torch' has no attribute '{device}'"
CHECKPOINT_DEVICE_CPU = "module 'torch.{device}' has no attribute 'device'"
CHECKPOINT_DEVICE_ABSENT = "PyTorch was compiled without {device} support"

# --- the reentrant kind ---
CHECKPOINT_INPUTS = "None of the inputs have requires_grad=True. Gradients will be None"
CHECKPOINT_TUPLE = "Only tuple of tensors is supported. Got Unsupported input type: {type}"
CHECKPOINT_GRAD = (
    "When use_reentrant=True, torch.utils.checkpoint is incompatible with .grad() or passing an `inputs` parameter to .backward(). "
    "To resolve this error, you can either set use_reentrant=False, or call .backward() without passing the `inputs` argument."
)
CHECKPOINT_OUTPUTS = "none of output has requires_grad=True, this checkpoint() is not necessary"

# --- the kind that stands on saved tensors ---
CHECKPOINT_TIP = (
    "\n\nTip: for the operators of both runs, pass `debug=True` to `torch.utils.checkpoint.checkpoint(...)`, or wrap the program in\n"
    "`with torch.utils.checkpoint.set_checkpoint_debug_enabled(True):`. The function must do the same each time that it is called:\n"
    "look for what it reads from outside, such as a counter, a flag or its own random numbers.\n"
)
CHECKPOINT_MORE = (
    "torch.utils.checkpoint: trying to save more tensors during recomputation than during the original forward pass."
    + CHECKPOINT_TIP
)
CHECKPOINT_NUMBER = (
    "torch.utils.checkpoint: A different number of tensors was saved during the original forward and recomputation.\n"
    "Number of tensors saved during forward: {forward}\n"
    "Number of tensors saved during recomputation: {again}." + CHECKPOINT_TIP
)
CHECKPOINT_METADATA = (
    "torch.utils.checkpoint: Recomputed values for the following tensors have different metadata than during the forward pass.\n"
    "{tensors}." + CHECKPOINT_TIP
)
CHECKPOINT_MISMATCH = "tensor at position {place}:\nsaved metadata: {saved}\nrecomputed metadata: {again}\n"
CHECKPOINT_TWICE = (
    "torch.utils.checkpoint: Unpack is being triggered for a tensor that was already unpacked once. {group}"
    "If you are calling ctx.saved_tensors in backward, make sure to do so only once. "
    "Otherwise please open an issue with details on your use case."
)
CHECKPOINT_OVERLAP = (
    "Performing two backward calls that overlap (i.e. require the same saved activation in order to compute gradients) is not "
    "allowed while under the torch.utils.checkpoint.GraphExecGroup context. "
)
CHECKPOINT_LOST = (
    "Something went unexpectedly wrong in activation checkpoint. "
    "A saved tensor is asked for that the recomputation has not come to."
)
CHECKPOINT_SUPPRESSED = (
    "torch.utils.checkpoint: the forward context provided by context_fn suppressed an exception raised during the checkpointed "
    "forward. This is not supported because checkpoint cannot return a value for a failed forward."
)
GROUP_NESTED = "GraphExecGroup contexts cannot be nested. Already inside group {group}"
CHECKPOINT_LOG = """ An error happened while unpacking tensors; dumping logs of latest computation
because you passed `debug=True` to `torch.utils.checkpoint.checkpoint()`.

1. Where the operators of the original forward were called

{forward_traces}
2. Where the operators of the recomputation were called

{again_traces}
3. The operators of the original forward

{forward}

4. The operators of the recomputation, which ends at the last tensor that was needed

{again}

ERROR: Detected non-determinism while running activation checkpointing

The tensors saved during the original forward and during recomputation differ: compare the operators of both (3 and 4), and look up
where those were called that only one of them has (1 and 2)."""

# --- selective ---
SELECTIVE_KIND = "policy_fn_or_list must be either a function or a list of ops."
SELECTIVE_OP = "Expected op in `op_list` to be an OpOverload but got: {op} of type {type}. {more}"
SELECTIVE_PACKET = (
    "Please update the OpOverloadPacket to a specific OpOverload."
    "For example, if you have `torch.ops.aten.mm`, change it to `torch.ops.aten.mm.default`."
)
SELECTIVE_WRITTEN = "Tensor cached during selective activation checkpoint has been mutated"
SELECTIVE_WHY = (
    "This can happen if the operations in the checkpointed region are nondeterministic or depend on global state that changed "
    "between forward and backward."
)
SELECTIVE_UNSEEN = "{op} encountered during backward but not found in storage. " + SELECTIVE_WHY
SELECTIVE_COUNT = (
    "{op} invocation index {index} encountered during backward but not found in storage. " + SELECTIVE_WHY
)
SELECTIVE_TWICE = (
    "Trying to backward an extra time. You are only allowed to backward once on any region computed under selective "
    "activation checkpoint."
)
