"""What a profile found: events, lists of events, and averages over them.

A `FunctionEvent` is one call: an op, a node's backward, or a piece of the program that `record_function` named.  Which call
lies in which is told by their times (`EventList._build_tree`); so a call's own time and memory are what its children leave.
"""

from collections import namedtuple
from collections.abc import Callable, Iterable
from enum import Enum
from operator import attrgetter
from typing import Any
from weakref import ref

from ..base import messages
from ..base.where import warn
from .profiler_table import table, time_text
from .profiler_trace import write_trace

DeviceType = Enum(
    "DeviceType",
    "CPU CUDA MKLDNN OPENGL OPENCL IDEEP HIP FPGA MAIA XLA Vulkan Metal XPU MPS Meta HPU VE Lazy IPU MTIA PrivateUse1",
    start=0,
)
Kernel = namedtuple("Kernel", ["name", "device", "duration"])
MEMORY_EVENT_NAME = "[memory]"
METRICS = [f"self_{device}_time_total" for device in ("cpu", "cuda", "xpu", "privateuse1")]
_BACKWARD = 1  # the scope of a node's backward


def _formatted(name: str) -> Any:
    return property(lambda self: time_text(getattr(self, name)), doc=f"`{name}` as text, with its unit.")


def _old_name(old: str, new: str) -> Any:
    def read(self: Any) -> Any:
        warn(messages.PROFILE_OLD_NAME.format(old=old, new=new), FutureWarning)
        return getattr(self, new)

    return property(read, doc=f"Deprecated: `{new}`.")


class FormattedTimesMixin:
    """Times as text, and times per call, for a class with `*_time_total` (microseconds) and `count`."""

    cpu_time_str = _formatted("cpu_time")
    device_time_str = _formatted("device_time")
    cpu_time_total_str = _formatted("cpu_time_total")
    device_time_total_str = _formatted("device_time_total")
    self_cpu_time_total_str = _formatted("self_cpu_time_total")
    self_device_time_total_str = _formatted("self_device_time_total")
    cuda_time = _old_name("cuda_time", "device_time")

    count: int
    cpu_time_total: Any
    device_time_total: Any

    @property
    def cpu_time(self) -> float:
        """The mean time of a call."""
        return self.cpu_time_total / self.count if self.count else 0.0

    @property
    def device_time(self) -> float:
        """The mean time of a call on the device."""
        return self.device_time_total / self.count if self.count else 0.0


class Interval:
    """From when to when, in microseconds.

    >>> from leafgrad.autograd.profiler_util import Interval
    >>> Interval(2., 5.).elapsed_us()
    3.0
    """

    def __init__(self, start: float, end: float) -> None:
        self.start, self.end = start, end

    def elapsed_us(self) -> float:
        """How long it is."""
        return self.end - self.start


def _nobody() -> None:
    """What stands for a weak reference where there is nothing to refer to."""


class FunctionEvent(FormattedTimesMixin):
    """One call that a profile saw.

    id, name, thread; fwd_thread: of a backward, the thread of the forward call that it belongs to; sequence_nr: what the two
    have in common (-1: nothing); time_range: an `Interval` since the profile was opened; scope: 1 for the backward of a node;
    cpu_children, cpu_parent: the calls inside, and the one around; input_shapes, concrete_inputs, input_dtypes and the like
    with `record_shapes`; stack: the user's lines, innermost first, with `with_stack`; cpu_memory_usage: bytes that were
    allocated less those that were freed; flops with `with_flops`.
    """

    def __init__(
        self,
        id: int,
        name: str,
        thread: int,
        start_us: float,
        end_us: float,
        overload_name: str | None = None,
        fwd_thread: int | None = None,
        input_shapes: Any = None,
        stack: list[str] | None = None,
        scope: int = 0,
        use_device: str | None = None,
        cpu_memory_usage: int = 0,
        device_memory_usage: int = 0,
        is_async: bool = False,
        is_remote: bool = False,
        sequence_nr: int = -1,
        node_id: int = -1,
        device_type: Any = DeviceType.CPU,
        device_index: int = 0,
        device_resource_id: int | None = None,
        is_legacy: bool = False,
        flops: int | None = None,
        trace_name: str | None = None,
        concrete_inputs: Any = None,
        kwinputs: Any = None,
        is_user_annotation: bool = False,
        is_python_function: bool = False,
        activity_type: str | None = None,
        structured_input_shapes: Any = None,
        structured_input_strides: Any = None,
        input_dtypes: Any = None,
    ) -> None:
        self.id, self.name, self.overload_name, self.trace_name = id, name, overload_name, trace_name
        self.node_id, self.thread, self.fwd_thread, self.sequence_nr = (
            node_id,
            thread,
            fwd_thread,
            sequence_nr,
        )
        self.time_range = Interval(start_us, end_us)
        self.count = 1
        self.kernels: list[Any] = []
        self.cpu_children: list[FunctionEvent] = []
        self._parent: Callable[[], FunctionEvent | None] = _nobody
        self.input_shapes, self.concrete_inputs, self.kwinputs = input_shapes, concrete_inputs, kwinputs
        self.structured_input_shapes, self.input_dtypes = structured_input_shapes, input_dtypes
        self.structured_input_strides = structured_input_strides
        self.stack, self.scope, self.flops, self.use_device = stack, scope, flops, use_device
        self.cpu_memory_usage, self.device_memory_usage = cpu_memory_usage, device_memory_usage
        self.is_async, self.is_remote, self.is_legacy = is_async, is_remote, is_legacy
        self.is_user_annotation, self.is_python_function = is_user_annotation, is_python_function
        self.activity_type = activity_type
        self.device_type, self.device_index = device_type, device_index
        self.device_resource_id = thread if device_resource_id is None else device_resource_id
        self.self_cpu_percent: Any = -1
        self.total_cpu_percent: Any = -1
        self.total_device_percent: Any = -1

    cuda_time_total = _old_name("cuda_time_total", "device_time_total")
    self_cuda_time_total = _old_name("self_cuda_time_total", "self_device_time_total")
    self_cuda_memory_usage = _old_name("self_cuda_memory_usage", "self_device_memory_usage")

    @property
    def key(self) -> str:
        """What events are grouped by: the name."""
        return self.name

    @property
    def cpu_parent(self) -> "FunctionEvent | None":
        """The call around this one; referred to weakly, as it refers to this one."""
        return self._parent()

    @cpu_parent.setter
    def cpu_parent(self, parent: "FunctionEvent | None") -> None:
        self._parent = _nobody if parent is None else ref(parent)

    def append_kernel(self, name: str, device: int, duration: float) -> None:
        """Note a kernel that this call started on a device."""
        if self.device_type is not DeviceType.CPU:
            raise AssertionError(messages.PROFILE_CPU_ONLY)
        self.kernels.append(Kernel(name, device, duration))

    def append_cpu_child(self, child: "FunctionEvent") -> None:
        """Note a call right inside this one."""
        self._check(child, "child")
        self.cpu_children.append(child)

    def set_cpu_parent(self, parent: "FunctionEvent") -> None:
        """Note the call that this one is right inside of."""
        self._check(parent, "parent")
        self.cpu_parent = parent

    def _check(self, other: Any, what: str) -> None:
        if self.device_type is not DeviceType.CPU:
            raise AssertionError(messages.PROFILE_CPU_ONLY)
        if not isinstance(other, FunctionEvent):
            raise AssertionError(messages.PROFILE_CHILD.format(what=what))
        if other.device_type is not DeviceType.CPU:
            raise AssertionError(messages.PROFILE_CHILD_CPU.format(what=what))

    def _own(self, name: str) -> Any:
        """A total less that of the children."""
        if self.is_async or self.device_type is not DeviceType.CPU:
            return 0
        return getattr(self, name) - sum([getattr(child, name) for child in self.cpu_children])

    @property
    def cpu_time_total(self) -> float:
        """How long the call took, children included."""
        return self.time_range.elapsed_us() if self.device_type is DeviceType.CPU else 0

    @property
    def self_cpu_time_total(self) -> float:
        """How long it took without its children."""
        return self._own("cpu_time_total")

    @property
    def self_cpu_memory_usage(self) -> int:
        """The bytes that it allocated without its children."""
        return self._own("cpu_memory_usage")

    @property
    def self_device_memory_usage(self) -> int:
        """The same on the device."""
        return self._own("device_memory_usage")

    @property
    def device_time_total(self) -> float:
        """How long its kernels took, and those of its children."""
        if self.is_async or not self.use_device:
            return 0
        if self.device_type is not DeviceType.CPU:
            return self.time_range.elapsed_us()
        inside = [] if self.is_legacy else [child.device_time_total for child in self.cpu_children]
        return sum([kernel.duration for kernel in self.kernels]) + sum(inside)

    @property
    def self_device_time_total(self) -> float:
        """How long its own kernels took."""
        if self.is_async or not self.use_device:
            return 0
        return (
            self._own("device_time_total") if self.device_type is DeviceType.CPU else self.device_time_total
        )

    def __repr__(self) -> str:
        times = self.time_range
        return (
            f"<FunctionEvent id={self.id} name={self.name} overload_name={self.overload_name} "
            f"device_type={self.device_type} node_id={self.node_id} cpu_time={self.cpu_time_str} "
            f"start_us={times.start} end_us={times.end} "
            f"cpu_children={[child.id for child in self.cpu_children]} {self.use_device}_time={self.device_time_str} "
            f"name={self.name} thread={self.thread} input_shapes={self.input_shapes} "
            f"cpu_memory_usage={self.cpu_memory_usage} {self.use_device}_memory_usage={self.device_memory_usage} "
            f"is_async={self.is_async} is_remote={self.is_remote} seq_nr={self.sequence_nr} is_legacy={self.is_legacy}>"
        )


_SUMS = (
    "cpu_time_total", "device_time_total", "self_cpu_time_total", "self_device_time_total", "cpu_memory_usage",
    "device_memory_usage", "self_cpu_memory_usage", "self_device_memory_usage", "count",
)  # fmt: skip
_FIRST = (
    "key", "node_id", "is_async", "is_remote", "cpu_parent", "cpu_children", "overload_name", "input_shapes", "stack",
    "scope", "device_type", "is_legacy", "use_device", "is_user_annotation",
)  # fmt: skip


class FunctionEventAvg(FormattedTimesMixin):
    """The sum of events that have one key; `cpu_time` is the mean."""

    def __init__(self) -> None:
        self.key: str | None = None
        self.node_id, self.is_async, self.is_remote = 0, False, False
        self.use_device: str | None = None
        self.cpu_time_total = self.device_time_total = 0
        self.self_cpu_time_total = self.self_device_time_total = 0
        self.cpu_memory_usage = self.device_memory_usage = 0
        self.self_cpu_memory_usage = self.self_device_memory_usage = 0
        self.count = 0
        self.input_shapes: Any = None
        self.overload_name: str | None = None
        self.stack: Any = None
        self.scope: int | None = None
        self.cpu_children: Any = None
        self.cpu_parent: Any = None
        self.device_type = DeviceType.CPU
        self.is_legacy = self.is_user_annotation = False
        self.flops: int | None = 0

    def add(self, other: Any) -> "FunctionEventAvg":
        """Add an event, or the sum of some, with the same key."""
        if not isinstance(other, FunctionEvent | FunctionEventAvg):
            raise AssertionError(messages.PROFILE_AVERAGE)
        if self.key is None:
            for name in _FIRST:
                setattr(self, name, getattr(other, name))
        if other.key != self.key:
            raise AssertionError(messages.PROFILE_KEYS.format(other=other.key, key=self.key))
        for name in _SUMS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        if self.flops is None:
            self.flops = other.flops
        elif other.flops is not None:
            self.flops += other.flops
        return self

    __iadd__ = add

    def __repr__(self) -> str:
        device = self.use_device or "cuda"
        return (
            f"<FunctionEventAvg key={self.key} self_cpu_time={self.self_cpu_time_total_str} cpu_time={self.cpu_time_str} "
            f" self_{device}_time={self.self_device_time_total_str} {device}_time={self.device_time_str} "
            f"input_shapes={self.input_shapes} "
            f"cpu_memory_usage={self.cpu_memory_usage} {device}_memory_usage={self.device_memory_usage}>"
        )


class EventList(list):
    """A list of events, or of averages, that can be shown as a table and written to files."""

    def __init__(
        self,
        events: Iterable = (),
        *,
        use_device: str | None = None,
        profile_memory: bool = False,
        with_flops: bool = False,
    ) -> None:
        super().__init__(events)
        self._use_device, self._profile_memory, self._with_flops = use_device, profile_memory, with_flops
        self._tree_built = False

    def __str__(self) -> str:
        return self.table()

    # --- the tree ---

    def _build_tree(self) -> None:
        """Find out which call lies in which."""
        self._nest()
        self._remove_doubles()
        self._lend_stacks()
        self._tree_built = True

    def _nest(self) -> None:
        """One call lies in another of the same thread if its time does; of two that only overlap, neither does."""
        by_thread: dict[Any, list[FunctionEvent]] = {}
        for event in self:
            if not event.is_async and event.device_type is DeviceType.CPU:
                by_thread.setdefault((event.thread, event.node_id), []).append(event)
        for events in by_thread.values():
            around: list[FunctionEvent] = []  # each lies in the one before
            for event in sorted(events, key=lambda e: (e.time_range.start, -e.time_range.end)):
                times = event.time_range
                while around and (
                    times.start >= around[-1].time_range.end or times.end > around[-1].time_range.end
                ):
                    around.pop()
                if around:
                    if event.cpu_parent is not None:
                        raise AssertionError(messages.PROFILE_TWICE.format(key=event.key))
                    around[-1].append_cpu_child(event)
                    event.set_cpu_parent(around[-1])
                around.append(event)

    def _remove_doubles(self) -> None:
        """Take out calls that are all there is in a call of the same name, again and again."""
        while double := {id(e) for e in self if _is_double(e)}:
            for event in self:
                parent = event.cpu_parent
                if parent is not None and id(event) in double:
                    parent.cpu_children, parent.kernels = event.cpu_children, event.kernels
                    for child in event.cpu_children:
                        child.cpu_parent = parent
            self[:] = [e for e in self if id(e) not in double]

    def _lend_stacks(self) -> None:
        """Give the calls in a backward the stack of the forward call that it belongs to."""
        stacks: dict[tuple, Any] = {}
        backward = [(event, _backward_around(event)) for event in self]
        for event, around in backward:
            if around is None and event.stack is not None:
                stacks.setdefault((event.sequence_nr, event.thread), event.stack)
        for event, around in backward:
            if around is not None:
                event.stack = stacks.get((around.sequence_nr, around.fwd_thread), [])

    # --- averages ---

    @property
    def self_cpu_time_total(self) -> float:
        """The time of all events, each without its children, in microseconds."""
        return sum([event.self_cpu_time_total for event in self])

    def key_averages(
        self,
        group_by_input_shapes: bool = False,
        group_by_stack_n: int = 0,
        group_by_overload_name: bool = False,
    ) -> "EventList":
        """The sums over events of one name: and of the same input shapes, the same innermost lines of the user, as asked for.

        AssertionError if the list is none that a profile made.
        """
        if not self._tree_built:
            raise AssertionError(messages.PROFILE_TREE)
        groups: dict[tuple, FunctionEventAvg] = {}
        for event in self:
            key = (
                event.key,
                event.node_id,
                event.device_type,
                event.is_legacy,
                event.is_user_annotation,
                event.overload_name if group_by_overload_name else None,
                str(event.input_shapes) if group_by_input_shapes else None,
                *(event.stack or [])[:group_by_stack_n],
            )
            groups.setdefault(key, FunctionEventAvg()).add(event)
        for average in groups.values():
            average.stack = (average.stack or [])[:group_by_stack_n]
            if not group_by_input_shapes:
                average.input_shapes = ""
            if not group_by_overload_name:
                average.overload_name = ""
        return self._like(groups.values())

    def total_average(self) -> FunctionEventAvg:
        """The sum over all events."""
        total = FunctionEventAvg()
        for event in self:
            total.key = None
            total.add(event)
        total.key = "Total"
        return total

    def _like(self, events: Iterable) -> "EventList":
        return EventList(
            events,
            use_device=self._use_device,
            profile_memory=self._profile_memory,
            with_flops=self._with_flops,
        )

    # --- shown ---

    def table(
        self,
        sort_by: str | None = None,
        row_limit: int = 100,
        max_src_column_width: int | None = 75,
        max_name_column_width: int | None = 55,
        max_shapes_column_width: int | None = 80,
        header: str | None = None,
        top_level_events_only: bool = False,
        time_unit: str | None = None,
    ) -> str:
        """The events as a table.

        sort_by: an attribute, the largest first (such as "cpu_time_total", "self_cpu_time_total", "cpu_memory_usage",
        "count"); else they stand in the order in which they began.  row_limit: how many are shown at most (-1: all).
        header: a line above.  top_level_events_only: only those that lie in no other.  time_unit: "s", "ms" or "us"; else
        what fits each.  The other arguments: how wide a column may be (None: as wide as it needs).

        AttributeError for an attribute that events do not have.
        """
        events = self
        if sort_by is not None:
            events = self._like(sorted(self, key=attrgetter(_device_name(sort_by)), reverse=True))
        widths = (max_name_column_width, max_shapes_column_width, max_src_column_width)
        return table(
            events,
            row_limit,
            widths,
            header,
            time_unit,
            top=top_level_events_only,
            memory=self._profile_memory,
            flops=self._with_flops,
        )

    def export_chrome_trace(self, path: str) -> None:
        """Write the events as JSON that chrome://tracing and Perfetto show."""
        write_trace(self, path)

    def supported_export_stacks_metrics(self) -> list[str]:
        """What `export_stacks` can weigh stacks by."""
        return list(METRICS)

    def export_stacks(self, path: str, metric: str) -> None:
        """Write stacks, outermost line first, with their weight: what flame graphs are drawn from.

        metric: "self_cpu_time_total", or one of a device.  ValueError for another.
        """
        if metric not in METRICS:
            raise ValueError(messages.PROFILE_METRIC.format(metrics=METRICS))
        clean = str.maketrans(" ;\t\n", "____")
        with open(path, "w", encoding="utf-8") as file:
            for event in self:
                weight = int(getattr(event, _device_name(metric)))
                if event.stack and weight > 0:
                    file.write(
                        ";".join([line.translate(clean) for line in reversed(event.stack)]) + f" {weight}\n"
                    )


def _device_name(name: str) -> str:
    """An attribute's name where torch has one for each kind of device."""
    for device in ("cuda", "xpu", "privateuse1"):
        name = name.replace(device, "device")
    return name


def _is_double(event: FunctionEvent) -> bool:
    parent = event.cpu_parent
    return parent is not None and parent.name == event.name and len(parent.cpu_children) == 1


def _backward_around(event: FunctionEvent | None) -> FunctionEvent | None:
    while event is not None and event.scope != _BACKWARD:
        event = event.cpu_parent
    return event


class StringTable(dict):
    """Names as they are shown: as they are, for leafgrad has no mangled ones."""

    def __missing__(self, key: str) -> str:
        self[key] = key
        return key


__all__ = [
    "EventList", "FormattedTimesMixin", "FunctionEvent", "FunctionEventAvg", "Interval", "Kernel", "StringTable",
]  # fmt: skip
