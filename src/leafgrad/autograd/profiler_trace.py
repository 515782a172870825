"""A list of profiled events as a trace: the JSON of chrome://tracing and Perfetto, with the entries that torch writes.

The format: https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU (Trace Event Format).
"""

import json
import sys
from collections.abc import Iterable
from os import getpid
from typing import Any

_BACKWARD = 1


def write_trace(events: Iterable, path: str, about: dict | None = None, memory: Iterable = ()) -> None:
    """Write events to a file, compressed if its name ends in ".gz".

    about: more entries of the file, besides the trace.  memory: (time in microseconds, bytes, address, thread) of each
    allocation, and of each release with negative bytes.
    """
    events = [e for e in events if e.trace_name is not None]
    process = getpid()
    entries = [
        *_labels(process, sorted({e.thread for e in events})),
        *[_complete(e, process) for e in events],
    ]
    entries += _arrows(events, process)
    held = 0
    for time, size, address, thread in memory:
        held += size
        entries.append(
            {
                "ph": "i", "cat": "cpu_instant_event", "s": "t", "name": "[memory]", "pid": process, "tid": thread, "ts": time,
                "args": {"Total Allocated": held, "Bytes": size, "Addr": address, "Device Id": -1, "Device Type": 0},
            }
        )  # fmt: skip
    whole = {"schemaVersion": 1, "deviceProperties": [], "displayTimeUnit": "ms", **(about or {})}
    with _opened(path) as file:
        json.dump({**whole, "traceEvents": entries, "traceName": str(path)}, file, default=str)


def _opened(path: str) -> Any:
    if not str(path).endswith(".gz"):
        return open(path, "w", encoding="utf-8")
    import gzip

    return gzip.open(path, "wt", encoding="utf-8")


def _labels(process: int, threads: list) -> list[dict]:
    """What the process and its threads are called."""

    def label(kind: str, tid: int, **args: Any) -> dict:
        return {"ph": "M", "name": kind, "ts": 0, "pid": process, "tid": tid, "args": args}

    labels = [
        label("process_name", 0, name=sys.executable.rpartition("/")[2] or "python"),
        label("process_labels", 0, labels="CPU"),
        label("process_sort_index", 0, sort_index=process),
    ]
    for thread in threads:
        labels.append(label("thread_name", thread, name=f"thread {thread}"))
        labels.append(label("thread_sort_index", thread, sort_index=thread))
    return labels


def _complete(event: Any, process: int) -> dict:
    """An event with its beginning and duration."""
    args: dict[str, Any] = {"External id": event.id}
    if event.sequence_nr >= 0:
        args |= {"Sequence number": event.sequence_nr, "Fwd thread id": event.fwd_thread}
    if event.input_shapes:
        args |= {"Concrete Inputs": ["" if c is None else str(c) for c in event.concrete_inputs or ()]}
        args |= {"Input type": event.input_dtypes, "Input Strides": event.structured_input_strides}
        args |= {"Input Dims": event.structured_input_shapes}
    if event.stack:
        args["Call stack"] = ";".join(reversed(event.stack))
    return {
        "ph": "X",
        "cat": event.activity_type or "cpu_op",
        "name": event.trace_name,
        "pid": process,
        "tid": event.thread,
        "ts": event.time_range.start,
        "dur": event.time_range.elapsed_us(),
        "args": args,
    }


def _arrows(events: list, process: int) -> list[dict]:
    """An arrow from each forward call to its backward."""
    calls: dict[tuple, Any] = {}
    for event in events:
        if event.scope != _BACKWARD and not event.fwd_thread and event.sequence_nr >= 0:
            calls[event.sequence_nr, event.thread] = event  # the innermost of those around it
    arrows: list[dict] = []
    for event in events:
        call = calls.get((event.sequence_nr, event.fwd_thread)) if event.scope == _BACKWARD else None
        if call is not None:
            both = {"id": len(arrows) // 2 + 1, "pid": process, "cat": "fwdbwd", "name": "fwdbwd"}
            arrows.append({"ph": "s", **both, "tid": call.thread, "ts": call.time_range.start})
            arrows.append({"ph": "f", **both, "tid": event.thread, "ts": event.time_range.start, "bp": "e"})
    return arrows
