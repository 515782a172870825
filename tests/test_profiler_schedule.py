"""`leafgrad.profiler`: schedules, cycles, and what is said of wrong ones; beside torch's."""

import gzip
import json
import random
import warnings

import pytest

import leafgrad
from leafgrad import profiler
from leafgrad.base.state import modes, special, state
from leafgrad.profiler import ProfilerAction, ProfilerActivity

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.oracle
BOTH = (leafgrad, torch)


@pytest.fixture(autouse=True)
def no_mode_is_left_open():
    before = list(modes), list(special)
    yield
    assert (list(modes), list(special)) == before
    assert state.profiler is None


def run(t, steps=8, **named):
    """What a profile of some steps says, each time it is ready and at the end."""
    said = []

    def ready(prof):
        said.append((prof.step_num, [(e.key, e.count) for e in prof.key_averages()]))

    x = t.tensor([1.0])
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        with t.profiler.profile(on_trace_ready=ready, **named) as prof:
            for _ in range(steps):
                x.exp()
                prof.step()
        said.append([(e.name, e.trace_name) for e in prof.events()])
    told = [str(w.message) for w in seen if "clears events" not in str(w.message)]  # that, torch says once
    return said, told, prof.step_num, prof.current_action.name


def test_schedules_are_torchs():
    chance = random.Random(0)
    for _ in range(200):
        given = {name: chance.randrange(4) for name in ("wait", "warmup", "repeat", "skip_first")}
        given |= {"active": chance.randrange(1, 4), "skip_first_wait": chance.randrange(2)}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ours, theirs = (t.profiler.schedule(**given) for t in BOTH)
        assert [ours(n).name for n in range(30)] == [theirs(n).name for n in range(30)], given


def test_cycles_are_torchs():
    for given in (
        {"wait": 1, "warmup": 1, "active": 2, "repeat": 2},
        {"wait": 0, "warmup": 1, "active": 1},
        {"wait": 2, "warmup": 3, "active": 5},
    ):
        ours, theirs = (run(t, schedule=t.profiler.schedule(**given)) for t in BOTH)
        assert ours == theirs, given
    assert run(leafgrad) == run(torch)


def test_events_of_earlier_cycles_can_be_kept():
    given = {"wait": 1, "warmup": 1, "active": 1, "repeat": 2}
    ours, theirs = (run(t, schedule=t.profiler.schedule(**given), acc_events=True) for t in BOTH)
    assert ours == theirs


@pytest.mark.parametrize(
    ("plan", "ready", "told"),
    [
        ("RECORD NONE RECORD", 1, ["RECORD followed by NONE"]),
        ("RECORD WARMUP RECORD_AND_SAVE NONE", 1, ["RECORD followed by WARMUP"]),
        ("WARMUP NONE NONE", 0, ["WARMUP followed by NONE"]),
        ("RECORD_AND_SAVE RECORD_AND_SAVE RECORD_AND_SAVE", 3, []),
        ("NONE WARMUP WARMUP", 0, []),
        ("WARMUP RECORD RECORD", 1, []),
    ],
)
def test_schedules_of_ones_own(plan, ready, told):  # torch crashes in some of them
    names = plan.split()
    steps = len(names) - 1
    said, seen, number, action = run(leafgrad, steps, schedule=lambda n: ProfilerAction[names[n]])
    assert (len(said) - 1, number, action) == (ready, steps, names[-1])
    assert seen == ["Incorrect schedule: " + text for text in told]


@pytest.mark.parametrize(
    "wrong",
    [
        lambda t, p: p.schedule(wait=-1, warmup=0, active=1),
        lambda t, p: p.schedule(wait=0, warmup=1, active=0),
        lambda t, p: p.schedule(wait=0, warmup=1, active=1)(-1),
        lambda t, p: p.profile(activities=[]),
        lambda t, p: p.profile(activities=["cpu"]),
        lambda t, p: p.profile(activities=[p.ProfilerActivity.CPU, p.ProfilerActivity.CPU]),
        lambda t, p: p.profile(activities=[p.ProfilerActivity.CPU, "cpu"]),
        lambda t, p: p.profile(schedule=lambda n: p.ProfilerAction.DEVICE_STOPPED),
        lambda t, p: p.profile().events(),
        lambda t, p: p.profile().key_averages(),
        lambda t, p: p.profile().export_chrome_trace("trace"),
        lambda t, p: p.profile().export_stacks("stacks"),
        lambda t, p: p.profile().stop_trace(),
        lambda t, p: p.tensorboard_trace_handler("/dev/null/traces")(None),
    ],
)
def test_errors_are_torchs(wrong):
    said = []
    for t in BOTH:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                wrong(t, t.profiler)
            except Exception as error:
                said.append((type(error), str(error)))
    assert len(said) == 2 and said[0] == said[1]


def test_what_leafgrad_has_not():
    for wrong in (
        lambda: profiler.profile(execution_trace_observer=object()),
        lambda: profiler.profile(experimental_config=object()),
        lambda: profiler.profile(activities=[{ProfilerActivity.CPU: ["cpu_op"]}]),
        lambda: profiler.profile().toggle_collection_dynamic(True, []),
        lambda: profiler.profile().export_memory_timeline("path"),
    ):
        with pytest.raises(NotImplementedError, match="is not supported by leafgrad"):
            wrong()
    with pytest.warns(FutureWarning, match="`use_cuda` is deprecated"):
        profiler.profile(use_cuda=False)
    with (
        pytest.raises(AssertionError, match="No activities specified"),
        profiler.profile(activities=[ProfilerActivity.CUDA]),
    ):
        pass
    assert set(torch.profiler.__all__) - set(profiler.__all__) == {"ExecutionTraceObserver"}
    assert [a.name for a in ProfilerAction] == list(torch.profiler.ProfilerAction.__members__)


def test_traces_are_written(tmp_path):
    handler = profiler.tensorboard_trace_handler(str(tmp_path / "logs"), "me", use_gzip=True)
    with profiler.profile(on_trace_ready=handler, custom_trace_id_callback=lambda: "id") as prof:
        prof.add_metadata("a", "b")
        prof.add_metadata_json("c", "[1]")
        leafgrad.ones(2) * 2
    (path,) = (tmp_path / "logs").iterdir()
    assert path.name.startswith("me.") and path.name.endswith(".pt.trace.json.gz")
    trace = json.loads(gzip.decompress(path.read_bytes()))
    assert (trace["a"], trace["c"], trace["trace_id"], prof.get_trace_id()) == ("b", [1], "id", "id")
    assert "aten::mul" in {e["name"] for e in trace["traceEvents"]}
