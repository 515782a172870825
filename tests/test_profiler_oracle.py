"""The profiler beside torch's: the same events for the same programs, the same tables for the same events."""

import pytest

import leafgrad
from leafgrad.autograd import profiler
from leafgrad.autograd.event_names import composites, op_name
from leafgrad.autograd.profiler_util import FunctionEvent
from leafgrad.op.record import REGISTRY
from tests.both import first_sentence

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.oracle


def find(prof, name):
    (event,) = [event for event in prof.function_events if event.name == name]
    return event


PROGRAMS = {
    "mlp": lambda t, x: t.nn.functional.linear(t.nn.functional.linear(x, x, x[0]).relu(), x).sum().backward(),
    "elementwise": lambda t, x: ((x * x + x.exp()) / (x.sin() - 3)).tanh().sum().backward(),
    "views": lambda t, x: (x.t()[1:].reshape(-1).unsqueeze(0) * 2).mean().backward(),
    "softmax": lambda t, x: x.log_softmax(1).exp().sum(0).pow(2).sum().backward(),
    "several": lambda t, x: t.stack([*x.unbind()[:2], x.max(0).values]).cumsum(1).sum().backward(),
    "matmul": lambda t, x: ((x @ x) @ x[0]).sum().backward(),
    "shared": lambda t, x: (x * x * x + x).sigmoid().sum().backward(),
    "captured": lambda t, x: t.autograd.grad((x * x.exp()).sum(), x),
    "second": lambda t, x: t.autograd.grad(
        t.autograd.grad((x * x * x).sum(), x, create_graph=True)[0].sum(), x
    ),
    "in place": lambda t, x: (x * 2).mul_(3).add_(x).clamp_(0).sum().backward(),
    "loss": lambda t, x: t.nn.functional.cross_entropy(x, x.argmax(1)).backward(),
}


def profiled(t, program):
    x = t.arange(16.0).reshape(4, 4).div(16).requires_grad_()
    with t.autograd.profiler.profile(record_shapes=True) as prof, t.autograd.profiler.record_function("all"):
        program(t, x)
    return prof


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_like_torch(program):
    ours, theirs = (profiled(t, program) for t in (leafgrad, torch))

    def backward(prof):
        return [e.name for e in prof.function_events if e.scope == 1 or "evaluate" in e.name]

    def forward(prof):
        """The ops that the program calls, outermost only."""
        return [e.name for e in find(prof, "all").cpu_children if e.name.startswith("aten::")]

    def links(prof):
        """The ops that nodes belong to, the innermost."""
        calls = {}
        for e in prof.function_events:
            if e.fwd_thread == 0 and e.sequence_nr >= 0:
                calls[e.sequence_nr] = e.name, e.input_shapes[:1]
        return [
            (e.name, *calls[e.sequence_nr], e.input_shapes)
            for e in prof.function_events
            if e.scope == 1 and e.sequence_nr >= 0 and e.sequence_nr in calls
        ]

    assert backward(ours) == backward(theirs)
    skipped = {"aten::ones_like", "aten::tensor", "aten::to"}  # leafgrad makes these without an op
    assert forward(ours) == [name for name in forward(theirs) if name not in skipped]
    both = {e.name for e in ours.function_events} & {e.name for e in theirs.function_events}
    assert both >= set(backward(theirs)) | set(forward(ours))
    assert links(ours) == links(theirs)
    order = [
        [e.name for e in sorted(backwards, key=lambda e: e.sequence_nr)]
        for backwards in ([e for e in prof.function_events if e.scope == 1] for prof in (ours, theirs))
    ]
    assert order[0] == order[1]


def test_names_are_torchs():
    known = {n.split(".")[0] for n in torch._C._dispatch_get_all_op_names() if n.startswith("aten::")}
    assert not set(composites().values()) - known
    ops = {op_name(op, None) for op in REGISTRY.values()}
    assert not {name for name in ops if name.startswith("aten::")} - known


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"sort_by": "cpu_time_total", "row_limit": 2},
        {"header": "About", "top_level_events_only": True},
        {"time_unit": "ms", "max_name_column_width": 20},
        {"max_src_column_width": None, "max_shapes_column_width": 12},
        {"row_limit": -1, "sort_by": "self_cpu_memory_usage"},
    ],
)
@pytest.mark.parametrize("made", [{}, {"profile_memory": True}])
def test_tables_are_torchs(options, made):
    tables = []
    for t in (leafgrad, torch):
        util = t.autograd.profiler_util
        events = [
            util.FunctionEvent(1, "outer", 1, 0.0, 2_500_000.0, stack=[], cpu_memory_usage=5000),
            util.FunctionEvent(
                2,
                "aten::mul" * 8,
                1,
                10.0,
                2500.0,
                input_shapes=[[3, 4], [], [100, 200, 300]],
                stack=["a/file.py(12): f" * 6, "b"],
                cpu_memory_usage=-3 << 20,
            ),
            util.FunctionEvent(3, "aten::add", 1, 3000.0, 3000.5, input_shapes=[[3]], stack=["c"]),
            util.FunctionEvent(4, "aten::add", 1, 4000.0, 4001.5, input_shapes=[[4]], stack=[]),
        ]
        whole = util.EventList(events, **made)
        whole._build_tree()
        tables.append([whole.table(**options), whole.key_averages(True, 1).table(**options)])
        tables[-1] += [whole.key_averages().table(**options), repr(whole[1]), repr(whole.total_average())]
    assert tables[0] == tables[1]


def test_the_documented_names_are_here():
    left_out = {
        "MemRecordsAcc": "speaks to Kineto's records",
        "KinetoStepTracker": "speaks to Kineto",
        "EnforceUnique": "for nvprof's traces",
        "EventMetadata": "what Kineto says of CUDA kernels and NCCL",
    }
    for mine, theirs in (
        (profiler, torch.autograd.profiler),
        (leafgrad.autograd.profiler_util, torch.autograd.profiler_util),
    ):
        missing = {name for name in theirs.__all__ if not hasattr(mine, name)}
        assert missing <= left_out.keys()
    public = {n for n in dir(torch.autograd.profiler.profile) if not n.startswith("_")}
    assert public - set(dir(profiler.profile)) == {
        "config", "create_trace_id", "default_trace_id", "toggle_collection_dynamic"
    }  # fmt: skip
    public = {n for n in dir(torch.autograd.profiler_util.FunctionEvent) if not n.startswith("_")}
    assert public - set(dir(FunctionEvent)) == {"metadata_json"}


MISUSED = {
    "leave a profile": lambda t, prof: t.autograd.profiler.profile().__exit__(None, None, None),
    "leave a record": lambda t, prof: t.autograd.profiler.record_function("x").__exit__(None, None, None),
    "unfinished": lambda t, prof: t.autograd.profiler.profile().export_chrome_trace("/nowhere"),
    "no path": lambda t, prof: prof.export_chrome_trace(3),
}


@pytest.mark.parametrize("name", MISUSED)
def test_profiles_that_have_not_been_run_and_paths_that_are_none(name):
    """A number is no path: it would be a file that is open already."""

    def run(t):
        with t.autograd.profiler.profile() as prof:
            t.ones(2).sin()
        try:
            return MISUSED[name](t, prof) or None
        except Exception as error:
            return type(error).__name__, first_sentence(error)

    assert run(leafgrad) == run(torch)
