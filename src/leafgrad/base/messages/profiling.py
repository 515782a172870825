"""The profiler: what it cannot do here, and how it must not be used."""

# --- profile ---
PROFILE_USE_CUDA = (
    "The attribute `use_cuda` will be deprecated soon, please use ``use_device = 'cuda'`` instead."
)
PROFILE_NO_DEVICE = "{device} is not available, disabling {device} profiling"
PROFILE_DEVICE = "The {device} is not a valid device option."
PROFILE_MTIA = "Legacy MTIA profiling is not supported. Requires use_kineto=True on MTIA devices."
PROFILE_DEVICE_ONLY = "Device-only events supported only with Kineto (use_kineto=True)"
PROFILE_NOTHING = "No activities specified for the profiler"
PROFILE_TIMEOUT = "post_processing_timeout_s must be non-negative"
PROFILE_UNSUPPORTED = (
    "profile(): argument '{name}' is not supported by leafgrad: it speaks to Kineto, which is not here"
)
PROFILE_UNFINISHED = (
    "'NoneType' object has no attribute 'save'. The profile has not ended, so there is no trace to write."
)
TRACE_PATH = (
    "save(): incompatible function arguments. A trace is written to a file given by its path, not by {type}."
)
RECORD_UNENTERED = "Expected record to be set"
PROFILE_AGAIN = "Profiler context manager is not reentrant"
PROFILE_NESTED = (
    "Profiler is already enabled on this thread. Close the profile that is open, or give it a part of its own "
    "with record_function."
)
PROFILE_STACKS = "export_stacks() requires with_stack=True"

# --- events ---
PROFILE_METRIC = "metric should be one of: {metrics}"
PROFILE_TREE = "Expected tree to be built before calling key_averages"
PROFILE_CPU_ONLY = "Expected device_type to be CPU"
PROFILE_CHILD = "Expected {what} to be a FunctionEvent"
PROFILE_CHILD_CPU = "Expected {what} device_type to be CPU"
PROFILE_AVERAGE = "Expected other to be a FunctionEvent or FunctionEventAvg"
PROFILE_KEYS = "Expected keys to match, but got {other} vs {key}"
PROFILE_DEVICE_TIME = "use_device is None, but there is device performance data."
PROFILE_OLD_NAME = "`{old}` is deprecated, please use `{new}` instead."
PROFILE_TWICE = "There is already a CPU parent event for {key}"

# --- record_function and the tools of others ---
RECORD_FUNCTION = (
    "profiler::_record_function_enter_new() Expected a value of type '{wanted}' for argument '{name}' "
    "but instead found type '{type}'."
)
EMIT_ITT = "ITT functions not installed. Are you sure you have a ITT build?"
EMIT_NVTX = "Torch not compiled with CUDA enabled"
NVPROF = (
    "{name}() is not supported by leafgrad: nvprof's traces tell of CUDA kernels, and leafgrad has no CUDA"
)

# --- leafgrad.profiler ---
PROFILER_NO_ACTIVITY = "No valid profiler activities found"
PROFILER_ACTIVITY_TWICE = "Activity {item} specified more than once"
PROFILER_ACTIVITY_KIND = "Expected ProfilerActivity or dict, got {type}"
PROFILER_USE_CUDA = "`use_cuda` is deprecated, use `activities` argument instead"
PROFILER_NOT_YET = "Profiler must be initialized before {doing}"
PROFILER_CYCLES = (
    "Warning: Profiler clears events at the end of each cycle. Only events from the current cycle will be reported. "
    "To keep events across cycles, set acc_events=True."
)
PROFILER_INCORRECT = "Incorrect schedule: {before} followed by {now}"
PROFILER_DEVICE_STOPPED = "ProfilerAction.DEVICE_STOPPED is set internally by the profiler and must not be returned by a user-provided schedule"
PROFILER_SCHEDULE = (
    "Invalid profiler schedule arguments. Got wait={wait} (need >= 0), warmup={warmup} (need >= 0), "
    "active={active} (need > 0), repeat={repeat} (need >= 0), skip_first={skip_first} (need >= 0)."
)
PROFILER_NO_WARMUP = "Profiler won't be using warmup, this can skew profiler results"
PROFILER_STEP = "Step must be non-negative. Got {step}."
PROFILER_DIRECTORY = "Can't create directory: {path}"
PROFILER_TOGGLE = "toggle_collection_dynamic() is not supported by leafgrad: open and close a profile instead"
PROFILER_TIMELINE = (
    "export_memory_timeline() is not supported by leafgrad: export_chrome_trace() shows memory too"
)
