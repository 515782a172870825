"""Profiling with a schedule: what torch documents under `torch.profiler`, on top of `leafgrad.autograd.profiler`."""

import json
import os
from collections.abc import Callable, Iterable
from enum import Enum
from typing import Any

from .autograd import profiler as base
from .autograd.profiler import STEP, record_function
from .autograd.profiler_util import DeviceType, EventList
from .base import messages
from .base.where import warn

ProfilerActivity = Enum("ProfilerActivity", "CPU XPU MTIA CUDA HPU PrivateUse1", start=0)


class ProfilerAction(Enum):
    """What a profile does in a step."""

    NONE = 0
    WARMUP = 1
    RECORD = 2
    RECORD_AND_SAVE = 3
    DEVICE_STOPPED = 4


_told: list[bool] = []  # whether it was said that events are cleared
_RECORDS = (ProfilerAction.RECORD, ProfilerAction.RECORD_AND_SAVE)


def supported_activities() -> set:
    """What can be profiled: the CPU."""
    return {ProfilerActivity.CPU}


def kineto_available() -> bool:
    """Whether torch's library for traces is here: never."""
    return False


def schedule(
    *, wait: int, warmup: int, active: int, repeat: int = 0, skip_first: int = 0, skip_first_wait: int = 0
) -> Callable[[int], ProfilerAction]:
    """A schedule for `profile`: for each step of the program, what is done.

    `skip_first` steps pass; then cycles begin, `repeat` of them (0: no end), each of `wait` steps where nothing is done,
    `warmup` steps, and `active` steps that are recorded.  skip_first_wait: whether the first cycle does not wait.

    AssertionError for what cannot be.

    >>> import leafgrad as torch
    >>> steps = torch.profiler.schedule(wait=1, warmup=1, active=2, repeat=1)
    >>> [steps(n).name for n in range(5)]
    ['NONE', 'WARMUP', 'RECORD', 'RECORD_AND_SAVE', 'NONE']
    """
    given = {"wait": wait, "warmup": warmup, "active": active, "repeat": repeat, "skip_first": skip_first}
    if min(given.values()) < 0 or active <= 0:
        raise AssertionError(messages.PROFILER_SCHEDULE.format(**given))
    if warmup == 0:
        warn(messages.PROFILER_NO_WARMUP)
    length = wait + warmup + active

    def action(step: int) -> ProfilerAction:
        if step < 0:
            raise AssertionError(messages.PROFILER_STEP.format(step=step))
        if step < skip_first:
            return ProfilerAction.NONE
        cycle, at = divmod(step - skip_first + (wait if skip_first_wait else 0), length)
        if at < wait or (repeat and cycle >= repeat):
            return ProfilerAction.NONE
        if at < wait + warmup:
            return ProfilerAction.WARMUP
        return ProfilerAction.RECORD if at < length - 1 else ProfilerAction.RECORD_AND_SAVE

    return action


def tensorboard_trace_handler(
    dir_name: str, worker_name: str | None = None, use_gzip: bool = False, use_python_export: bool = False
) -> Callable[[Any], None]:
    """For `on_trace_ready`: writes each trace to a file of its own in a directory, for TensorBoard.

    worker_name: the file's name begins with it (default: host and process).  use_python_export: without effect, for there is
    no other export.  RuntimeError, when a trace is ready, if the directory cannot be made.
    """

    def handle(prof: Any) -> None:
        from socket import gethostname
        from time import time_ns

        try:
            os.makedirs(dir_name, exist_ok=True)
        except OSError as error:
            raise RuntimeError(messages.PROFILER_DIRECTORY.format(path=dir_name)) from error
        worker = worker_name or f"{gethostname()}_{os.getpid()}"
        name = f"{worker}.{time_ns()}.pt.trace.json" + (".gz" if use_gzip else "")
        prof.export_chrome_trace(os.path.join(dir_name, name))

    return handle


class _KinetoProfile:
    """A profile that is started and stopped by hand; see `profile` for the arguments."""

    def __init__(
        self,
        *,
        activities: Iterable | None = None,
        record_shapes: bool = False,
        profile_memory: bool = False,
        with_stack: bool = False,
        with_flops: bool = False,
        with_modules: bool = False,
        experimental_config: Any = None,
        execution_trace_observer: Any = None,
        acc_events: bool = False,
        custom_trace_id_callback: Callable[[], str] | None = None,
        post_processing_timeout_s: float | None = None,
    ) -> None:
        self.activities = supported_activities() if activities is None else _activities(activities)
        if experimental_config is not None:
            raise NotImplementedError(messages.PROFILE_UNSUPPORTED.format(name="experimental_config"))
        if execution_trace_observer is not None:
            raise NotImplementedError(messages.PROFILE_UNSUPPORTED.format(name="execution_trace_observer"))
        self.record_shapes, self.profile_memory = record_shapes, profile_memory
        self.with_stack, self.with_flops, self.with_modules = with_stack, with_flops, with_modules
        self.acc_events, self.custom_trace_id_callback = acc_events, custom_trace_id_callback
        self.post_processing_timeout_s = post_processing_timeout_s
        self.profiler: base.profile | None = None
        self._metadata: dict[str, Any] = {}

    # --- open and closed ---

    def start(self) -> None:
        """Begin to record."""
        self.prepare_trace()
        self.start_trace()

    def stop(self) -> None:
        """Stop recording."""
        self.stop_trace()

    def prepare_trace(self) -> None:
        """Make ready to record."""
        if self.profiler is not None and not (self.acc_events or _told):
            _told.append(True)
            warn(messages.PROFILER_CYCLES)
        if self.profiler is None or not self.acc_events:
            self.profiler = base.profile(
                use_cpu=ProfilerActivity.CPU in self.activities,
                use_kineto=True,
                record_shapes=self.record_shapes,
                profile_memory=self.profile_memory,
                with_stack=self.with_stack,
                with_flops=self.with_flops,
                with_modules=self.with_modules,
                acc_events=self.acc_events,
                custom_trace_id_callback=self.custom_trace_id_callback,
                post_processing_timeout_s=self.post_processing_timeout_s,
            )

    def start_trace(self) -> None:
        """Begin to record, after `prepare_trace`."""
        self._made("starting trace")._start()

    def stop_trace(self) -> None:
        """Stop recording."""
        self._made("stopping trace")._stop()

    def _made(self, doing: str) -> base.profile:
        if self.profiler is None:
            raise AssertionError(messages.PROFILER_NOT_YET.format(doing=doing))
        return self.profiler

    # --- results ---

    def events(self) -> EventList:
        """All events of the last cycle."""
        return self._made("accessing events").function_events

    def key_averages(
        self,
        group_by_input_shape: bool = False,
        group_by_stack_n: int = 0,
        group_by_overload_name: bool = False,
    ) -> EventList:
        """The sums over events of one name; see `EventList.key_averages`."""
        made = self._made("getting key averages")
        return made.key_averages(group_by_input_shape, group_by_stack_n, group_by_overload_name)

    def export_chrome_trace(self, path: str, use_python_export: bool = False) -> None:
        """Write a trace that chrome://tracing and Perfetto show; compressed if the path ends in ".gz".

        use_python_export: without effect, for there is no other export.
        """
        self._made("exporting chrome trace").export_chrome_trace(path, self._metadata)

    def export_stacks(self, path: str, metric: str = "self_cpu_time_total") -> None:
        """Write the stacks of events with their weight; see `EventList.export_stacks`."""
        self._made("exporting stacks").export_stacks(path, metric)

    def add_metadata(self, key: str, value: str) -> None:
        """Add a text to the exported trace."""
        self._metadata[key] = value

    def add_metadata_json(self, key: str, value: str) -> None:
        """Add a value, given as JSON, to the exported trace."""
        self._metadata[key] = json.loads(value)

    preset_metadata_json = add_metadata_json

    def toggle_collection_dynamic(self, enable: bool, activities: Iterable) -> None:
        """Not supported: NotImplementedError."""
        raise NotImplementedError(messages.PROFILER_TOGGLE)

    def export_memory_timeline(self, path: str, device: str | None = None) -> None:
        """Not supported, and deprecated in torch: NotImplementedError."""
        raise NotImplementedError(messages.PROFILER_TIMELINE)


class profile(_KinetoProfile):
    """A context that profiles a program step by step.

    activities: what is recorded; there is `ProfilerActivity.CPU` only.  schedule: a function from the step's number to a
    `ProfilerAction` (such as `schedule(...)` makes); then the program says `step()` at the end of each step, and the steps are
    seen as events.  Without, all is recorded.  on_trace_ready: called with the profile when a cycle is complete.
    acc_events: keep the events of earlier cycles.  The rest as for `leafgrad.autograd.profiler.profile`.

    AssertionError for no activities; NotImplementedError for `experimental_config`, `execution_trace_observer`, and a part of
    an activity.

    >>> import leafgrad as torch
    >>> def ready(prof):
    ...     print(prof.step_num, [(event.key, event.count) for event in prof.key_averages()])
    >>> steps = torch.profiler.schedule(wait=1, warmup=1, active=2, repeat=1)
    >>> x = torch.ones(3)
    >>> with torch.profiler.profile(schedule=steps, on_trace_ready=ready) as prof:
    ...     for _ in range(6):
    ...         y = x * 2
    ...         prof.step()
    4 [('ProfilerStep*', 2), ('aten::mul', 2)]
    """

    def __init__(
        self,
        *,
        activities: Iterable | None = None,
        schedule: Callable[[int], ProfilerAction] | None = None,
        on_trace_ready: Callable[..., Any] | None = None,
        record_shapes: bool = False,
        profile_memory: bool = False,
        with_stack: bool = False,
        with_flops: bool = False,
        with_modules: bool = False,
        experimental_config: Any = None,
        execution_trace_observer: Any = None,
        acc_events: bool = False,
        use_cuda: bool | None = None,
        custom_trace_id_callback: Callable[[], str] | None = None,
        post_processing_timeout_s: float | None = None,
    ) -> None:
        if use_cuda is not None:
            warn(messages.PROFILER_USE_CUDA, FutureWarning)
        activities = None if activities is None else list(activities)
        if activities is not None and not any(isinstance(a, ProfilerActivity | dict) for a in activities):
            raise AssertionError(messages.PROFILER_NO_ACTIVITY)
        super().__init__(
            activities=activities,
            record_shapes=record_shapes,
            profile_memory=profile_memory,
            with_stack=with_stack,
            with_flops=with_flops,
            with_modules=with_modules,
            experimental_config=experimental_config,
            execution_trace_observer=execution_trace_observer,
            acc_events=acc_events,
            custom_trace_id_callback=custom_trace_id_callback,
            post_processing_timeout_s=post_processing_timeout_s,
        )
        self.record_steps = schedule is not None
        self.schedule = schedule or (lambda step: ProfilerAction.RECORD)
        self.on_trace_ready = on_trace_ready
        self.step_num = 0
        self.current_action = self._planned(0)
        self._step: record_function | None = None

    def __enter__(self) -> "profile":
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def start(self) -> None:
        """Begin with the schedule's first step."""
        self._change(ProfilerAction.NONE, self.current_action)
        self._begin_step()

    def stop(self) -> None:
        """End the step and the cycle; what was recorded is ready."""
        self._end_step()
        self._change(self.current_action, None)

    def step(self) -> None:
        """A step of the program has ended, the next begins."""
        self._end_step()
        before, self.current_action = self.current_action, self._planned(self.step_num + 1)
        self.step_num += 1
        self._change(before, self.current_action)
        self._begin_step()

    def _planned(self, step: int) -> ProfilerAction:
        action = self.schedule(step)
        if action is ProfilerAction.DEVICE_STOPPED:
            raise ValueError(messages.PROFILER_DEVICE_STOPPED)
        return action

    def _begin_step(self) -> None:
        if self.record_steps:
            self._step = record_function(f"{STEP}{self.step_num}")
            self._step.__enter__()

    def _end_step(self) -> None:
        if self._step is not None:
            self._step.__exit__()
            self._step = None

    def _change(self, before: ProfilerAction, now: ProfilerAction | None) -> None:
        """Do what lies between two actions; `now` is None at the end."""
        none, warmup, record, save = list(ProfilerAction)[:4]
        runs = before in _RECORDS
        if before is record and now in _RECORDS:
            return
        if now is not None and (before, now) in ((warmup, none), (record, none), (record, warmup)):
            warn(messages.PROFILER_INCORRECT.format(before=before.name, now=now.name))
        if runs:
            self.stop_trace()
            if (before is save or now is None) and self.on_trace_ready:
                self.on_trace_ready(self)
        if now is None or now is none:
            return
        if before is not warmup and not (before is record and now is warmup):
            self.prepare_trace()
        if now in _RECORDS:
            self.start_trace()

    def set_custom_trace_id_callback(self, callback: Callable[[], str]) -> None:
        """Let `callback` give the ids of the traces to come."""
        self.custom_trace_id_callback = callback

    def get_trace_id(self) -> str | None:
        """The id of the trace; None before there is one."""
        return None if self.profiler is None else self.profiler.trace_id


def _activities(given: Iterable) -> set:
    """The activities, checked."""
    found: set = set()
    for item in given:
        if isinstance(item, dict):
            raise NotImplementedError(messages.PROFILE_UNSUPPORTED.format(name="activities"))
        if not isinstance(item, ProfilerActivity):
            raise TypeError(messages.PROFILER_ACTIVITY_KIND.format(type=type(item)))
        if item in found:
            raise ValueError(messages.PROFILER_ACTIVITY_TWICE.format(item=item))
        found.add(item)
    return found


__all__ = [
    "DeviceType", "ProfilerAction", "ProfilerActivity", "kineto_available", "profile", "record_function", "schedule",
    "supported_activities", "tensorboard_trace_handler",
]  # fmt: skip
