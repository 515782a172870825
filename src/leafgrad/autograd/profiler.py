"""The profiler: which ops and nodes a program runs, how long they take, what memory they need.

What it costs while none is open: nothing, for ops find out about it as about any mode, and the engine asks once per walk.
"""

from bisect import bisect_left, bisect_right
from contextlib import ContextDecorator
from os import PathLike
from time import perf_counter_ns, time_ns
from typing import Any
from uuid import uuid4

from ..base import messages
from ..base.state import state
from ..base.where import warn
from ..tensor.intercept import opened
from ..values.sequences import c_name
from .profiler_trace import write_trace
from .profiler_util import MEMORY_EVENT_NAME, EventList, FunctionEvent, FunctionEventAvg, Interval, Kernel
from .recorder import Call, Recorder, Running

DEVICES = {
    "cuda": "CUDA",
    "xpu": "XPU",
    "hpu": "HPU",
}  # those that torch knows and has not been built for here
STEP = "ProfilerStep#"  # the steps of leafgrad.profiler, averaged as one


class profile:
    """A context that records which ops and nodes this thread runs, how long they take, and what memory they need.

    The results are `function_events`, `key_averages()`, `table()`, `export_chrome_trace(path)`; see there.

    enabled: False makes it a context that does nothing.  record_shapes: note what the arguments are.  profile_memory: note
    which memory results allocate, and when it is freed.  with_stack: note the user's lines that led to each call.  with_flops:
    count the operations of matrix products, sums and products (implies `record_shapes`).  acc_events: keep the events of
    earlier cycles.  post_processing_timeout_s: how long events may be sorted out; what is not done by then is left out.
    custom_trace_id_callback: gives the id that stands in the exported trace.  with_modules, use_kineto: without effect, as
    they are for programs that are not TorchScript and run on the CPU.  use_device, use_cuda: warns that there is none.

    AssertionError for `use_cpu=False`, RuntimeError for a profile that is opened twice or in another one, NotImplementedError
    for `experimental_config` and `activity_filters`.

    A function that is made of several ops, such as `linear`, lasts from the first of them to the last.

    >>> import leafgrad as torch
    >>> x = torch.ones(3, requires_grad=True)
    >>> with torch.autograd.profiler.profile() as prof:
    ...     with torch.autograd.profiler.record_function("forward"):
    ...         y = (x * x).sum()
    ...     y.backward()
    >>> [event.name for event in prof.function_events][:4]
    ['forward', 'aten::mul', 'aten::sum', 'autograd::engine::evaluate_function: SumBackward0']
    >>> {event.key: event.count for event in prof.key_averages()}["MulBackward0"]
    1
    """

    def __init__(
        self,
        enabled: bool = True,
        *,
        use_cuda: bool = False,
        use_device: str | None = None,
        record_shapes: bool = False,
        with_flops: bool = False,
        profile_memory: bool = False,
        with_stack: bool = False,
        with_modules: bool = False,
        use_kineto: bool = False,
        use_cpu: bool = True,
        experimental_config: Any = None,
        acc_events: bool = False,
        custom_trace_id_callback: Any = None,
        post_processing_timeout_s: float | None = None,
        activity_filters: Any = None,
    ) -> None:
        self.enabled = enabled
        self.entered = False
        self._recorder: Recorder | None = None
        self._events: EventList | None = None
        self._old_events: EventList | None = None
        if not enabled:
            return
        for name, value in (
            ("experimental_config", experimental_config),
            ("activity_filters", activity_filters),
        ):
            if value:
                raise NotImplementedError(messages.PROFILE_UNSUPPORTED.format(name=name))
        if use_cuda:
            warn(messages.PROFILE_USE_CUDA, FutureWarning)
            use_device = "cuda"
        if not use_cpu and not use_kineto:
            raise AssertionError(messages.PROFILE_DEVICE_ONLY)
        if use_device in DEVICES:
            warn(messages.PROFILE_NO_DEVICE.format(device=DEVICES[use_device]))
        elif use_device == "mtia":
            raise AssertionError(messages.PROFILE_MTIA)
        elif use_device is not None:
            warn(messages.PROFILE_DEVICE.format(device=use_device))
        if not use_cpu:
            raise AssertionError(messages.PROFILE_NOTHING)
        if post_processing_timeout_s is not None and post_processing_timeout_s < 0:
            raise ValueError(messages.PROFILE_TIMEOUT)
        self.use_cuda, self.use_device, self.use_cpu = False, None, use_cpu
        self.record_shapes, self.with_flops = record_shapes or with_flops, with_flops
        self.profile_memory, self.with_stack, self.with_modules = profile_memory, with_stack, with_modules
        self.acc_events, self.post_processing_timeout_s = acc_events, post_processing_timeout_s
        self.custom_trace_id_callback = custom_trace_id_callback
        self.trace_id = ""

    # --- open and closed ---

    def __enter__(self) -> "profile | None":
        if not self.enabled:
            return None
        if self.entered:
            raise RuntimeError(messages.PROFILE_AGAIN)
        self._start()
        self.entered = True
        return self

    def __exit__(self, *exc: object) -> None:
        if self.enabled and self.entered:
            self._stop()

    def _start(self) -> None:
        """Begin to record."""
        if state.profiler is not None:
            raise RuntimeError(messages.PROFILE_NESTED)
        callback = self.custom_trace_id_callback
        self.trace_id = callback() if callback else f"{uuid4().int:032X}"
        recorder = Recorder(self.record_shapes, self.profile_memory, self.with_stack, self.with_flops)
        self._context = opened(recorder), recorder
        self._context[0].__enter__()
        state.profiler = recorder

    def _stop(self) -> None:
        """End it; the events are sorted out when first asked for."""
        context, recorder = self._context
        recorder.finish()
        state.profiler = None
        context.__exit__()
        del self._context
        if self.acc_events:
            self._old_events = self._sorted_out()
        self._recorder, self._events = recorder, None

    # --- events ---

    @property
    def function_events(self) -> EventList:
        """The events, in the order in which they began; empty before the profile was open."""
        return self._sorted_out()

    def _sorted_out(self) -> EventList:
        if self._events is None:
            events = EventList(
                self._listed(),
                profile_memory=self.enabled and self.profile_memory,
                with_flops=self.enabled and self.with_flops,
            )
            events._build_tree()
            events += self._old_events or ()
            self._old_events = None
            if self._recorder is None:
                return events  # there will be some
            self._events = events
        return self._events

    def _listed(self) -> list[FunctionEvent]:
        """The recorder's calls as events, with the memory that came and went in each."""
        recorder = self._recorder
        if recorder is None:
            return []
        changes = recorder.changes or []
        times, inside = [time for time, *_ in changes], [False] * len(changes)
        limit = self.post_processing_timeout_s
        begun = perf_counter_ns()
        events = []
        for number, call in enumerate(recorder.found, 1):
            if limit is not None and perf_counter_ns() - begun >= limit * 1e9:
                break
            first, after = bisect_left(times, call.start), bisect_right(times, call.end or 0)
            inside[first:after] = [True] * (after - first)
            events.append(_event(recorder, call, number, sum([size for _, size, _ in changes[first:after]])))
        for (time, size, _), claimed in zip(changes, inside, strict=True):
            if not claimed:
                events.append(_memory_event(recorder, time, size, len(events) + 1))
        events.sort(key=lambda e: (e.time_range.start, -e.time_range.end))
        return events

    # --- shown ---

    def __repr__(self) -> str:
        return self._text(repr)

    def __str__(self) -> str:
        return self._text(str)

    def _text(self, how: Any) -> str:
        return "<unfinished torch.autograd.profile>" if self._recorder is None else how(self.function_events)

    def table(
        self,
        sort_by: str | None = None,
        row_limit: int = 100,
        max_src_column_width: int | None = 75,
        max_name_column_width: int | None = 55,
        max_shapes_column_width: int | None = 80,
        header: str | None = None,
        top_level_events_only: bool = False,
    ) -> str:
        """All events as a table; see `EventList.table`."""
        return self.function_events.table(
            sort_by,
            row_limit,
            max_src_column_width,
            max_name_column_width,
            max_shapes_column_width,
            header,
            top_level_events_only,
        )

    def key_averages(
        self,
        group_by_input_shape: bool = False,
        group_by_stack_n: int = 0,
        group_by_overload_name: bool = False,
    ) -> EventList:
        """The sums over events of one name; see `EventList.key_averages`."""
        return self.function_events.key_averages(
            group_by_input_shape, group_by_stack_n, group_by_overload_name
        )

    def total_average(self) -> FunctionEventAvg:
        """The sum over all events."""
        return self.function_events.total_average()

    @property
    def self_cpu_time_total(self) -> float:
        """The time of all events, each without its children, in microseconds."""
        return self.function_events.self_cpu_time_total

    def export_chrome_trace(
        self, path: str, metadata: dict | None = None, use_python_export: bool = False
    ) -> None:
        """Write a trace that chrome://tracing and Perfetto show, with an arrow from each forward call to its backward.

        A path that ends in ".gz" gets it compressed.

        metadata: more entries of the file.  use_python_export: without effect, for there is no other export.
        """
        if self.enabled and self._recorder is None:
            raise AttributeError(messages.PROFILE_UNFINISHED)
        if not isinstance(path, str | PathLike):
            raise TypeError(messages.TRACE_PATH.format(type=c_name(path)))
        events = self.function_events
        about: dict[str, Any] = {"trace_id": self.trace_id} if self.enabled else {}
        recorder, memory = self._recorder, []
        if recorder is not None:
            about["baseTimeNanoseconds"] = time_ns() - perf_counter_ns() + recorder.begin
            memory = [
                ((time - recorder.begin) / 1000, size, address, recorder.thread)
                for time, size, address in recorder.changes or ()
            ]
        write_trace(events, path, {**about, **(metadata or {})}, memory)

    def export_stacks(self, path: str, metric: str = "self_cpu_time_total") -> None:
        """Write the stacks of events with their weight; see `EventList.export_stacks`.  AssertionError without `with_stack`."""
        if not (self.enabled and self.with_stack):
            raise AssertionError(messages.PROFILE_STACKS)
        self.function_events.export_stacks(path, metric)


def _event(recorder: Recorder, call: Call, number: int, memory: int) -> FunctionEvent:
    """A call as an event."""
    given = call.given or []
    name = call.name
    return FunctionEvent(
        id=number,
        name=STEP[:-1] + "*" if name.startswith(STEP) else name,
        trace_name=name,
        overload_name="",
        thread=recorder.thread,
        start_us=(call.start - recorder.begin) / 1000,
        end_us=((call.end or call.start) - recorder.begin) / 1000,
        fwd_thread=recorder.thread if call.backward and call.sequence >= 0 else 0,
        input_shapes=[[] if kind == "TensorList" else shape for shape, _, kind, _ in given],
        stack=call.stack,
        scope=call.scope,
        cpu_memory_usage=memory,
        sequence_nr=call.sequence,
        flops=call.flops,
        concrete_inputs=[value for *_, value in given],
        kwinputs={},
        is_user_annotation=call.annotation,
        activity_type="user_annotation" if call.annotation else "cpu_op",
        structured_input_shapes=[shape for shape, *_ in given],
        structured_input_strides=[strides for _, strides, *_ in given],
        input_dtypes=[kind for _, _, kind, _ in given],
    )


def _memory_event(recorder: Recorder, time: int, size: int, number: int) -> FunctionEvent:
    """Memory that came or went while no call ran."""
    at = (time - recorder.begin) / 1000
    return FunctionEvent(
        number,
        MEMORY_EVENT_NAME,
        recorder.thread,
        at,
        at,
        "",
        recorder.thread,
        [],
        [],
        cpu_memory_usage=size,
    )


class record_function(ContextDecorator):
    """A context, or decorator of a function, that gives a piece of the program a name in a profile.

    args: accepted as in torch, and shown nowhere.  RuntimeError, when it is entered, for a name that is no string.

    >>> import leafgrad as torch
    >>> @torch.autograd.profiler.record_function("double")
    ... def double(x):
    ...     return x + x
    >>> with torch.autograd.profiler.profile() as prof:
    ...     y = double(torch.ones(2))
    >>> [(e.name, [child.name for child in e.cpu_children]) for e in prof.function_events]
    [('double', ['aten::add']), ('aten::add', [])]
    """

    def __init__(self, name: str, args: str | None = None) -> None:
        self.name, self.args = name, args
        self._call: Running | None = None
        self._entered = False

    def _recreate_cm(self) -> "record_function":
        return record_function(self.name, self.args)  # a call of its own for each call of a function

    def __enter__(self) -> "record_function":
        if not isinstance(self.name, str):
            raise RuntimeError(
                messages.RECORD_FUNCTION.format(name="name", wanted="str", type=c_name(self.name))
            )
        if not isinstance(self.args, str | None):
            raise RuntimeError(
                messages.RECORD_FUNCTION.format(name="args", wanted="Optional[str]", type=c_name(self.args))
            )
        self._entered = True
        if state.profiler is not None:
            self._call = state.profiler.span(self.name)
        return self

    def __exit__(self, *exc: object) -> None:
        assert self._entered, messages.RECORD_UNENTERED
        if self._call is not None:
            self._call.close()
            self._call = None


class emit_itt:
    """Would mark ops for Intel VTune; leafgrad cannot, and says so when it is entered.

    >>> import leafgrad as torch
    >>> with torch.autograd.profiler.emit_itt(enabled=False):
    ...     x = torch.ones(2)
    """

    def __init__(self, enabled: bool = True, record_shapes: bool = False) -> None:
        self.enabled, self.entered, self.record_shapes = enabled, False, record_shapes

    def __enter__(self) -> None:
        if self.enabled:
            raise RuntimeError(messages.EMIT_ITT)

    def __exit__(self, *exc: object) -> None:
        pass


class emit_nvtx(emit_itt):
    """Would mark ops for Nvidia's tools; leafgrad has no CUDA, and says so when it is entered.

    >>> import leafgrad as torch
    >>> with torch.autograd.profiler.emit_nvtx(enabled=False):
    ...     x = torch.ones(2)
    """

    def __enter__(self) -> None:
        if self.enabled:
            raise AssertionError(messages.EMIT_NVTX)


def load_nvprof(path: str) -> EventList:
    """Would read a trace of nvprof, which tells of CUDA: NotImplementedError."""
    raise NotImplementedError(messages.NVPROF.format(name="load_nvprof"))


def parse_nvprof_trace(path: str) -> list[FunctionEvent]:
    """Would read a trace of nvprof, which tells of CUDA: NotImplementedError."""
    raise NotImplementedError(messages.NVPROF.format(name="parse_nvprof_trace"))


__all__ = [
    "EventList", "FunctionEvent", "FunctionEventAvg", "Interval", "Kernel", "emit_itt", "emit_nvtx", "load_nvprof",
    "parse_nvprof_trace", "profile", "record_function",
]  # fmt: skip
