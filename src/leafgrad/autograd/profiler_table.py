"""A list of profiled events as a table, laid out as torch does."""

from math import floor, log10
from typing import Any

from ..base import messages

WIDTH = 12  # of a column of numbers
GAP = "  "
_UNITS = (("s", 1e6), ("ms", 1e3), ("us", 1.0))
_FLOPS = ("FLOPs", "KFLOPs", "MFLOPs", "GFLOPs", "TFLOPs", "PFLOPs")


def time_text(us: float, unit: str | None = None) -> str:
    """A time in microseconds with its unit: the one asked for, or one that fits.

    >>> from leafgrad.autograd.profiler_table import time_text
    >>> time_text(12.), time_text(3400.), time_text(3400., "s")
    ('12.000us', '3.400ms', '0.003s')
    """
    for name, size in _UNITS:
        if unit == name or (unit not in ("s", "ms", "us") and (us >= size or name == "us")):
            return f"{us / size:.3f}{name}"
    raise AssertionError(unit)


def share_text(part: float, total: float) -> str:
    """A part of a total in percent."""
    return f"{100 * part / total:.2f}%" if total else "NaN"


def memory_text(size: int) -> str:
    """A number of bytes.

    >>> from leafgrad.autograd.profiler_table import memory_text
    >>> memory_text(12), memory_text(-3 * 2 ** 20)
    ('12 B', '-3.00 MB')
    """
    for power, name in ((30, "GB"), (20, "MB"), (10, "KB")):
        if abs(size) >= 1 << power:
            return f"{size / (1 << power):.2f} {name}"
    return f"{size} B"


class _Column:
    """One column: what stands above it, its width, and what it says of an event."""

    def __init__(self, head: str, show: Any, width: int = WIDTH, left: bool = False) -> None:
        self.head, self.show, self.width, self.left = head, show, width, left

    def cell(self, text: Any) -> str:
        text = str(text)
        return (text.ljust(self.width) if self.left else text.rjust(self.width)) + GAP


def table(
    events: list,
    row_limit: int,
    widths: tuple,
    header: str | None,
    unit: str | None,
    *,
    top: bool,
    memory: bool,
    flops: bool,
) -> str:
    """The table of events; "" if there are none.  widths: the most that names, shapes and source lines may take."""
    if not events:
        return ""
    total = sum([e.self_cpu_time_total for e in events])
    device_total = sum([e.self_device_time_total for e in events])
    columns = _columns(events, widths, unit, total, device_total, memory, flops)
    stacked = any(e.stack for e in events)
    rule = "".join(["-" * c.width + GAP for c in columns])
    lines = []
    if header is not None:
        lines += ["=" * (len(rule) - len(GAP)), header]
    if top:
        lines += ["=" * (len(rule) - len(GAP)), "This report only display top-level ops statistics"]
    lines += [rule, "".join([c.cell(c.head) for c in columns]), rule]
    shown = [e for e in events if not (top and e.cpu_parent is not None)]
    for event in shown if row_limit < 0 else shown[:row_limit]:
        lines.append("".join([c.cell(c.show(event)) for c in columns]))
        if stacked:
            for line in (*_lines(event, widths[2])[1:], ""):
                lines.append("".join([c.cell(line if c.left else "") for c in columns]))
    lines += [rule, f"Self CPU time total: {time_text(total, unit)}"]
    if device_total:
        lines.append(f"Self {events[0].use_device.upper()} time total: {time_text(device_total, unit)}")
    return "\n".join(lines) + "\n"


def _columns(
    events: list,
    widths: tuple,
    unit: str | None,
    total: float,
    device_total: float,
    memory: bool,
    flops: bool,
) -> list[_Column]:
    most_name, most_shapes, most_source = widths
    device = events[0].use_device
    if device_total and not device:
        raise RuntimeError(messages.PROFILE_DEVICE_TIME)
    device = device and device.upper()
    name_width = _at_most(max([len(e.key) for e in events]) + 4, most_name)

    def name(text: str) -> str:
        return text if most_name is None or len(text) < most_name - 3 else text[: most_name - 3] + "..."

    def time(us: float) -> str:
        return time_text(us, unit)

    columns = [_Column("Name", lambda e: name(e.key), name_width)]
    if any(e.overload_name for e in events):
        columns.append(_Column("Overload Name", lambda e: name(e.overload_name), name_width))
    columns += [
        _Column("Self CPU %", lambda e: share_text(e.self_cpu_time_total, total)),
        _Column("Self CPU", lambda e: time(e.self_cpu_time_total)),
        _Column("CPU total %", lambda e: 0 if e.is_async else share_text(e.cpu_time_total, total)),
        _Column("CPU total", lambda e: time(e.cpu_time_total)),
        _Column("CPU time avg", lambda e: time(e.cpu_time)),
    ]
    if device_total:
        columns += [
            _Column(f"Self {device}", lambda e: time(e.self_device_time_total)),
            _Column(f"Self {device} %", lambda e: share_text(e.self_device_time_total, device_total)),
            _Column(f"{device} total", lambda e: time(e.device_time_total)),
            _Column(f"{device} time avg", lambda e: time(e.device_time)),
        ]
    if memory:
        columns += [
            _Column("CPU Mem", lambda e: memory_text(e.cpu_memory_usage)),
            _Column("Self CPU Mem", lambda e: memory_text(e.self_cpu_memory_usage)),
        ]
        if device and any(e.self_device_memory_usage > 0 for e in events):
            columns += [
                _Column(f"{device} Mem", lambda e: memory_text(e.device_memory_usage)),
                _Column(f"Self {device} Mem", lambda e: memory_text(e.self_device_memory_usage)),
            ]
    columns.append(_Column("# of Calls", lambda e: e.count))
    if any(e.node_id != -1 for e in events):
        columns.append(_Column("Node ID", lambda e: e.node_id))
    if any(e.input_shapes for e in events):
        cut = _at_most(max([len(str(e.input_shapes)) for e in events]) + 4, most_shapes)
        columns.append(_Column("Input Shapes", lambda e: str(e.input_shapes)[:cut], cut))
    stacks = [e.stack for e in events if e.stack]
    if stacks:
        width = _at_most(max([len(line) for stack in stacks for line in stack]) + 4, most_source)
        columns.append(
            _Column("Source Location", lambda e: (_lines(e, most_source) or [""])[0], width, left=True)
        )
    counts = [e.flops for e in events if flops and e.flops]
    if counts:
        power = max(0, min(floor(log10(min(counts)) / 3), len(_FLOPS) - 1))
        columns.append(
            _Column(f"Total {_FLOPS[power]}", lambda e: f"{e.flops / 1000**power:8.3f}" if e.flops else "--")
        )
    return columns


def _at_most(width: int, most: int | None) -> int:
    return width if most is None else min(width, most)


def _lines(event: Any, most: int | None) -> list[str]:
    """The stack, each line cut at its beginning where it is too long."""
    lines = event.stack or []
    return [
        line if most is None or len(line) <= most else "..." + line[len(line) - most + 3 :] for line in lines
    ]
