"""The profiler: what it sees, how long that took and what memory it needed, and what it writes."""

import gc
import json
import threading
import time
import warnings

import pytest

import leafgrad
from leafgrad.autograd import profiler
from leafgrad.autograd.profiler_util import EventList, FunctionEvent, FunctionEventAvg, Interval, Kernel
from leafgrad.base.state import modes, special, state
from leafgrad.values import buffers


@pytest.fixture(autouse=True)
def no_mode_is_left_open():
    before = list(modes), list(special)
    yield
    assert (list(modes), list(special)) == before
    assert state.profiler is None and state.interceptors == state.opened == ()


def names(prof):
    return [event.name for event in prof.function_events]


def find(prof, name):
    (event,) = [event for event in prof.function_events if event.name == name]
    return event


def step(x):
    with profiler.record_function("forward"):
        y = leafgrad.nn.functional.linear(x, x, x[0]).relu().sum()
    with profiler.record_function("backward"):
        y.backward()


# --- times ---


def test_events_nest_and_times_add_up():
    x = leafgrad.ones(4, 4, requires_grad=True)
    with profiler.profile() as prof:
        step(x)
    events = prof.function_events
    top = [event for event in events if event.cpu_parent is None]
    assert [event.name for event in top] == ["forward", "backward"]
    for event in events:
        assert event.self_cpu_time_total >= 0
        assert all(child.cpu_parent is event for child in event.cpu_children)
        for child in event.cpu_children:
            assert event.time_range.start <= child.time_range.start
            assert child.time_range.end <= event.time_range.end
        total = event.self_cpu_time_total + sum(child.cpu_time_total for child in event.cpu_children)
        assert total == pytest.approx(event.cpu_time_total)
    assert prof.self_cpu_time_total == pytest.approx(sum(event.cpu_time_total for event in top))
    assert sum(event.self_cpu_time_total for event in prof.key_averages()) == pytest.approx(
        prof.self_cpu_time_total
    )
    assert [child.name for child in find(prof, "aten::linear").cpu_children] == ["aten::t", "aten::addmm"]
    assert [event.time_range.start for event in events] == sorted(event.time_range.start for event in events)


def test_time_that_is_spent_is_seen():
    with profiler.profile() as prof, profiler.record_function("sleep"):
        time.sleep(0.02)
        leafgrad.ones(2) + 1
    event = find(prof, "sleep")
    assert 20_000 <= event.self_cpu_time_total < event.cpu_time_total < 2_000_000
    assert event.cpu_time_str.endswith("ms")


def test_a_node_is_evaluated_until_the_next_one():
    x = leafgrad.ones(2, requires_grad=True)
    with profiler.profile() as prof:
        (x * x).sum().backward()
    evaluated = [
        e for e in prof.function_events if e.name.startswith("autograd::engine::evaluate_function: ")
    ]
    assert [e.name.split(": ")[1] for e in evaluated] == [
        "SumBackward0",
        "MulBackward0",
        "torch::autograd::AccumulateGrad",
    ]
    for event in evaluated:
        inner = event.cpu_children[0]
        assert inner.name == event.name.split(": ")[1]
        assert (event.scope, inner.scope) == (0, 1)
        assert inner.sequence_nr == event.sequence_nr


def test_forward_and_backward_have_one_sequence_number():
    x = leafgrad.ones(2, requires_grad=True)
    with profiler.profile() as prof:
        y = (x.exp() * x).sum()
        numbers = [y.grad_fn._sequence_nr(), y.grad_fn.next_functions[0][0]._sequence_nr()]
        y.backward()
    assert [find(prof, name).sequence_nr for name in ("aten::sum", "SumBackward0")] == numbers[:1] * 2
    assert find(prof, "MulBackward0").sequence_nr == numbers[1]
    backward = find(prof, "ExpBackward0")
    assert backward.sequence_nr == find(prof, "aten::exp").sequence_nr >= 0
    assert backward.fwd_thread == find(prof, "aten::exp").thread >= 1
    assert find(prof, "torch::autograd::AccumulateGrad").sequence_nr == -1


# --- memory, shapes, stacks, flops ---


def test_memory_of_a_known_allocation():
    x = leafgrad.ones(1000)
    with profiler.profile(profile_memory=True) as prof:
        with profiler.record_function("kept"):
            y = x * 2
        with profiler.record_function("freed"):
            x * 2
        with profiler.record_function("view"):
            y[1:].reshape(999, 1)
        with profiler.record_function("in place"):
            y.add_(1)
        del y
    kept, freed = find(prof, "kept"), find(prof, "freed")
    assert (kept.cpu_memory_usage, kept.self_cpu_memory_usage) == (4000, 0)
    assert (freed.cpu_memory_usage, freed.self_cpu_memory_usage) == (0, -4000)
    assert freed.cpu_children[0].cpu_memory_usage == 4000
    assert find(prof, "view").cpu_memory_usage == find(prof, "in place").cpu_memory_usage == 0
    assert find(prof, "[memory]").cpu_memory_usage == -4000
    assert "-3.91 KB" in prof.table() and "3.91 KB" in prof.key_averages().table(sort_by="cpu_memory_usage")


def test_memory_of_large_arrays_and_of_gradients():
    buffers._free.clear()  # what other tests left there may be a little larger
    x = leafgrad.ones(1 << 18, requires_grad=True)
    with profiler.profile(profile_memory=True) as prof:
        x.exp().sum().backward()
    assert find(prof, "aten::exp").cpu_memory_usage == 1 << 20
    kept = sum(e.cpu_memory_usage for e in prof.function_events if e.cpu_parent is None)
    assert kept == 1 << 20  # x.grad


def test_nothing_is_said_of_memory_if_not_asked_for():
    with profiler.profile() as prof:
        leafgrad.ones(10) * 2
    assert find(prof, "aten::mul").cpu_memory_usage == 0
    assert "CPU Mem" not in prof.table()


def test_shapes_and_flops():
    a, b = leafgrad.ones(2, 3), leafgrad.ones(3, 4)
    with profiler.profile(with_flops=True) as prof:
        a @ b
        leafgrad.cat([a, a])
        a + a
    assert find(prof, "aten::mm").input_shapes == [[2, 3], [3, 4]]
    assert find(prof, "aten::mm").input_dtypes == ["float", "float"]
    assert find(prof, "aten::mm").structured_input_strides == [[3, 1], [4, 1]]
    assert find(prof, "aten::mm").flops == 48
    assert find(prof, "aten::add").flops == 6
    assert find(prof, "aten::cat").input_shapes[0] == []
    assert find(prof, "aten::cat").structured_input_shapes[0] == [[2, 3], [2, 3]]
    table = prof.key_averages(group_by_input_shape=True).table()
    assert "Input Shapes" in table and "Total FLOPs" in table and "[[2, 3], [3, 4]]" in table


def test_averages_by_shape():
    with profiler.profile(record_shapes=True) as prof:
        leafgrad.ones(2).exp()
        leafgrad.ones(3).exp()
        leafgrad.ones(3).exp()
    assert [(e.key, e.count) for e in prof.key_averages()] == [("aten::exp", 3)]
    averages = prof.key_averages(group_by_input_shape=True)
    assert [(e.input_shapes, e.count) for e in averages] == [([[2]], 1), ([[3]], 2)]
    assert prof.total_average().count == 3 and prof.total_average().key == "Total"
    (all_,) = prof.key_averages()
    assert all_.cpu_time == pytest.approx(all_.cpu_time_total / 3)


def test_stacks(tmp_path):
    def inner(x):
        return x * x

    x = leafgrad.ones(1000, requires_grad=True)
    with profiler.profile(with_stack=True) as prof:
        inner(x).sum().backward()
    lines = next(e for e in prof.function_events if e.name == "aten::mul").stack
    assert lines[0].endswith("): inner") and "test_profiler.py(" in lines[0]
    assert lines[1].endswith("): test_stacks")
    assert find(prof, "MulBackward0").stack == lines  # of the call that it belongs to
    assert "Source Location" in prof.key_averages(group_by_stack_n=1).table()
    prof.export_stacks(str(tmp_path / "stacks"))
    written = (tmp_path / "stacks").read_text().splitlines()
    weight = next(line for line in written if "inner" in line.split(" ")[0].rpartition(";")[2])
    assert int(weight.rpartition(" ")[2]) > 0
    with pytest.raises(ValueError, match=r"metric should be one of: \['self_cpu_time_total', "):
        prof.export_stacks(str(tmp_path / "stacks"), "count")
    with profiler.profile() as plain:
        pass
    with pytest.raises(AssertionError, match=r"export_stacks\(\) requires with_stack=True"):
        plain.export_stacks(str(tmp_path / "stacks"))


# --- how it is used ---


def test_record_function_as_decorator_nested_and_recursive():
    @profiler.record_function("fib")
    def fib(n):
        return n if n < 2 else fib(n - 1) + fib(n - 2)

    with profiler.profile() as prof:
        assert fib(3) == 2
    with profiler.profile() as again:
        assert fib(1) == 1
    assert names(prof) == ["fib"] * 5 and names(again) == ["fib"]
    assert all(event.is_user_annotation for event in prof.function_events)
    with profiler.record_function("nobody sees this"):
        pass


def test_a_piece_that_outlives_the_profile():
    piece = profiler.record_function("piece")
    with profiler.profile() as prof:
        piece.__enter__()
    piece.__exit__(None, None, None)
    assert names(prof) == ["piece"]
    early = profiler.record_function("early")
    early.__enter__()
    with profiler.profile() as prof:
        early.__exit__(None, None, None)
    assert names(prof) == []


def test_a_profile_that_is_closed_in_a_walk():
    x = leafgrad.ones(3, requires_grad=True)
    y = x * 2
    prof = profiler.profile(profile_memory=True)
    y.register_hook(lambda grad: prof.__exit__())
    z = (y * y).sum()
    prof.__enter__()
    z.backward()
    assert state.profiler is None and x.grad.tolist() == [8, 8, 8]
    evaluated = [e.name for e in prof.function_events if e.cpu_parent is None]
    assert evaluated == [
        f"autograd::engine::evaluate_function: {node}Backward0" for node in ("Sum", "Mul", "Mul")
    ]


def test_errors_inside_leave_a_whole_list():
    x = leafgrad.ones(2, 3, requires_grad=True)
    y = (x * x).sum()
    y.register_hook(lambda grad: 1 / 0)
    prof = profiler.profile()
    with pytest.raises(RuntimeError, match="The size of tensor a"), prof:
        x + leafgrad.ones(2, 2)
    assert names(prof) == ["aten::add"]
    prof = profiler.profile()
    with pytest.raises(ZeroDivisionError), prof:
        y.backward()
    assert names(prof) == ["autograd::engine::evaluate_function: SumBackward0"]
    assert all(event.self_cpu_time_total >= 0 for event in prof.function_events)
    with profiler.profile() as prof:
        (x * x).sum().backward()
    assert "MulBackward0" in names(prof)


def test_a_profile_is_opened_once_and_not_in_another():
    prof = profiler.profile()
    with prof:
        leafgrad.ones(2) * 2
        with (
            pytest.raises(RuntimeError, match="Profiler is already enabled on this thread"),
            profiler.profile(),
        ):
            pass
        leafgrad.ones(2) + 2
    assert names(prof) == ["aten::mul", "aten::add"]
    with pytest.raises(RuntimeError, match="Profiler context manager is not reentrant"), prof:
        pass


def test_each_thread_has_its_own():
    barrier, seen = threading.Barrier(2), {}

    def work(name):
        x = leafgrad.ones(3, requires_grad=True)
        with profiler.profile() as prof:
            barrier.wait()
            for _ in range(50):
                getattr(x, name)().sum().backward()
            barrier.wait()
        seen[name] = prof

    threads = [threading.Thread(target=work, args=(name,)) for name in ("exp", "sin")]
    with profiler.profile() as main:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        leafgrad.ones(2) * 2
    assert names(main) == ["aten::mul"]
    for name, other in (("exp", "sin"), ("sin", "exp")):
        counts = {e.key: e.count for e in seen[name].key_averages()}
        assert counts["aten::" + name] == counts[name.title() + "Backward0"] == 50
        if other == "exp":
            assert "aten::exp" not in counts
        events = seen[name].function_events
        assert len({e.thread for e in events}) == 1
    assert seen["exp"].function_events[0].thread != seen["sin"].function_events[0].thread


def test_off_is_off():
    before = [*special], [*modes]
    with profiler.profile(enabled=False) as prof:
        assert ([*special], [*modes]) == before
        leafgrad.ones(2) * 2
    assert prof is None
    unused = profiler.profile()
    assert str(unused) == repr(unused) == "<unfinished torch.autograd.profile>"
    assert list(unused.function_events) == [] and unused.table() == ""


def test_nothing_is_loaded_before_it_is_asked_for():
    import subprocess
    import sys

    code = "import sys, leafgrad; print([m for m in sys.modules if 'profiler' in m or 'recorder' in m])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "[]\n"


def test_a_profiled_graph_dies_by_reference_count():
    import weakref

    gc.disable()
    try:
        x = leafgrad.ones(3, requires_grad=True)
        with profiler.profile(profile_memory=True, record_shapes=True, with_stack=True) as prof:
            y = leafgrad.nn.functional.linear(x, x.reshape(1, 3), x[:1])
            y.backward()
        data = weakref.ref(y._data)
        del y
        assert data() is None
        assert prof.function_events
        recorder = weakref.ref(prof._recorder)
        del prof
        assert recorder() is None
    finally:
        gc.enable()


def test_custom_functions_and_captured_leaves():
    class Twice(leafgrad.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, grad):
            return grad * 2

    x = leafgrad.ones(3, requires_grad=True)
    with profiler.profile(record_shapes=True) as prof:
        leafgrad.autograd.grad(Twice.apply(x).sum(), x)
    assert [child.name for child in find(prof, "Twice").cpu_children] == ["aten::mul"]
    assert find(prof, "Twice").sequence_nr == find(prof, "TwiceBackward").sequence_nr
    assert find(prof, "Twice").input_shapes == [[3]]
    assert "torch::autograd::AccumulateGrad" not in names(prof)  # the gradient was returned
    assert "autograd::engine::evaluate_function: torch::autograd::AccumulateGrad" in names(prof)


def test_inside_transforms_and_with_anomaly_mode():
    x = leafgrad.ones(4, 3)
    with profiler.profile() as prof:
        leafgrad.vmap(leafgrad.func.grad(lambda v: (v * v).sum()))(x)
    assert "aten::mul" in names(prof) and "MulBackward0" in names(prof)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        y = leafgrad.tensor(0.0, requires_grad=True)
        prof = profiler.profile()
        failing = pytest.raises(RuntimeError, match="returned nan values in its 0th output")
        with leafgrad.autograd.detect_anomaly(), failing, prof:
            (y * 0 / 0).backward()
    assert "DivBackward0" in names(prof)


# --- what it refuses ---


def test_arguments_of_others():
    old = pytest.warns(FutureWarning, match="`use_cuda` will be deprecated")
    with old, pytest.warns(UserWarning, match="^CUDA is not available, disabling CUDA profiling"):
        assert profiler.profile(use_cuda=True).use_device is None
    with pytest.warns(UserWarning, match="^The foo is not a valid device option."):
        profiler.profile(use_device="foo")
    with pytest.raises(AssertionError, match="Device-only events supported only with Kineto"):
        profiler.profile(use_cpu=False)
    with pytest.raises(AssertionError, match="No activities specified for the profiler"):
        profiler.profile(use_cpu=False, use_kineto=True)
    with pytest.raises(ValueError, match="post_processing_timeout_s must be non-negative"):
        profiler.profile(post_processing_timeout_s=-1)
    with pytest.raises(NotImplementedError, match="experimental_config"):
        profiler.profile(experimental_config=object())
    with pytest.raises(RuntimeError, match="type 'str' for argument 'name' but instead found type 'int'"):
        profiler.record_function(1).__enter__()
    with pytest.raises(RuntimeError, match="ITT functions not installed"), profiler.emit_itt():
        pass
    with pytest.raises(AssertionError, match="Torch not compiled with CUDA enabled"), profiler.emit_nvtx():
        pass
    for function in (profiler.load_nvprof, profiler.parse_nvprof_trace):
        with pytest.raises(NotImplementedError, match="nvprof"):
            function("trace")


def test_what_takes_too_long_is_left_out():
    with profiler.profile(post_processing_timeout_s=0) as prof:
        leafgrad.ones(2) * 2
    assert names(prof) == []


# --- events made by hand ---


def event(number, name, start, end, **named):
    return FunctionEvent(number, name, 1, start, end, **named)


def test_a_tree_from_times():
    events = EventList(
        [event(1, "a", 0, 100), event(2, "b", 10, 40), event(3, "b", 10, 30), event(4, "c", 50, 120)]
    )
    with pytest.raises(AssertionError, match="Expected tree to be built before calling key_averages"):
        events.key_averages()
    events._build_tree()
    a, b, c = events  # the inner b is all there is in the outer
    assert (a.self_cpu_time_total, b.cpu_parent, c.cpu_parent) == (70, a, None)
    assert [e.count for e in events.key_averages()] == [1, 1, 1]
    assert "This report only display top-level ops statistics" in events.table(top_level_events_only=True)
    assert events.table(time_unit="ms", sort_by="cpu_time_total").splitlines()[3].split()[2] == "0.070ms"


def test_kernels_and_old_names():
    e = event(1, "a", 0, 10, use_device="cuda")
    e.append_kernel("k", 0, 5)
    assert e.kernels == [Kernel("k", 0, 5)] and e.device_time_total == e.self_device_time_total == 5
    with pytest.warns(FutureWarning, match="device_time_total"):
        assert e.cuda_time_total == 5
    assert "CUDA total" in EventList([e]).table() and Interval(1, 3).elapsed_us() == 2
    with pytest.raises(AssertionError, match="Expected keys to match, but got b vs a"):
        FunctionEventAvg().add(e).add(event(2, "b", 0, 1))


# --- written ---


def test_chrome_trace(tmp_path):
    x = leafgrad.ones(4, 4, requires_grad=True)
    with profiler.profile(record_shapes=True, profile_memory=True, with_stack=True) as prof:
        step(x)
    path = tmp_path / "trace.json"
    prof.export_chrome_trace(str(path), {"about": "a test"})
    trace = json.loads(path.read_text())
    assert trace["about"] == "a test" and trace["displayTimeUnit"] == "ms" and trace["trace_id"]
    entries = trace["traceEvents"]
    for entry in entries:
        assert entry["ph"] in "XMsfi" and isinstance(entry["name"], str)
        assert isinstance(entry["pid"], int) and isinstance(entry["tid"], int)
        assert isinstance(entry["ts"], int | float)
        assert entry["ph"] != "X" or entry["dur"] >= 0
    calls = [e for e in entries if e["ph"] == "X"]
    assert [(e["name"], e["ts"], e["dur"]) for e in calls] == [
        (e.name, e.time_range.start, e.time_range.elapsed_us())
        for e in prof.function_events
        if e.name != "[memory]"
    ]
    assert {e["cat"] for e in calls} == {"cpu_op", "user_annotation"}
    starts = {e["id"]: e["ts"] for e in entries if e["ph"] == "s"}
    ends = {e["id"]: e["ts"] for e in entries if e["ph"] == "f" and e["bp"] == "e"}
    by_time = {e["ts"]: e for e in calls}
    assert starts.keys() == ends.keys() and len(starts) == 5  # select, t, addmm, relu, sum
    pairs = {(by_time[starts[i]]["name"], by_time[ends[i]]["name"]) for i in starts}
    assert {("aten::addmm", "AddmmBackward0"), ("aten::relu", "ReluBackward0")} <= pairs
    memory = [e["args"] for e in entries if e["ph"] == "i"]
    assert memory[-1]["Total Allocated"] == sum(m["Bytes"] for m in memory)
    addmm = next(e for e in calls if e["name"] == "aten::addmm")
    assert addmm["args"]["Input Dims"][:3] == [[4], [4, 4], [4, 4]]
