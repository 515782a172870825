"""dtypes, shapes, devices and the small named objects: identity, text, copying, and what they refuse."""

import copy
import operator
import pickle
import subprocess
import sys

import numpy as np
import pytest

from leafgrad.values import device as devices
from leafgrad.values import dtype as dtypes
from leafgrad.values import size as sizes
from leafgrad.values.device import check, device
from leafgrad.values.limits import finfo, iinfo
from leafgrad.values.promotion import result_type
from leafgrad.values.size import Size

SINGLETONS = [
    dtypes.float32,
    dtypes.bool,
    dtypes.int64,
    dtypes.bfloat16,
    devices.strided,
    devices.channels_last,
]


@pytest.mark.parametrize("one", SINGLETONS, ids=repr)
def test_there_is_one_of_each(one):
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(one, protocol)) is one
    assert copy.copy(one) is one and copy.deepcopy(one) is one
    assert one == one and one != "float32" and {one: 1}[one] == 1
    with pytest.raises(TypeError, match=f"cannot create 'torch.{type(one).__name__}' instances"):
        type(one)("float32")
    with pytest.raises(AttributeError, match=f"'torch.{type(one).__name__}' object has no attribute 'x'"):
        one.x = 1


def test_dtypes_cannot_be_changed_or_subclassed():
    with pytest.raises(
        AttributeError, match=r"attribute 'itemsize' of 'torch.dtype' objects is not writable"
    ):
        dtypes.float32.itemsize = 3
    with pytest.raises(AttributeError, match="not writable"):
        del dtypes.float32.np
    with pytest.raises(AttributeError, match="no attribute 'shape'"):
        _ = dtypes.float32.shape
    with pytest.raises(TypeError, match=r"type 'torch.dtype' is not an acceptable base type"):
        type("mine", (dtypes.dtype,), {})
    with pytest.raises(TypeError):
        _ = dtypes.float32 < dtypes.float64


def test_numpy_and_back():
    for d in dtypes.BY_NP.values():
        assert dtypes.of(d.np) is d and dtypes.as_np(d) is d.np and dtypes.as_np(d.np) is d.np
    assert dtypes.of(np.dtype("longlong")) is dtypes.int64
    assert dtypes.of(np.dtype("=f4")) is dtypes.float32
    assert [dtypes.as_np(python).name for python in (bool, int, float, complex)] == [
        "bool",
        "int64",
        "float64",
        "complex128",
    ]
    with pytest.raises(TypeError, match=r"^zeros\(\): argument 'dtype' must be torch.dtype, not str$"):
        dtypes.as_np("float32", "zeros")
    with pytest.raises(
        TypeError, match=r"^full\(\): argument 'dtype' \(position 3\) must be torch.dtype, not float$"
    ):
        dtypes.parse(1.5, "full", position=3)
    with pytest.raises(ValueError, match=r"byte order different from the native byte order.*newbyteorder"):
        dtypes.as_np(np.dtype(">f8"))


def run(program):
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout


def test_ml_dtypes_is_imported_only_for_bfloat16():
    pytest.importorskip("ml_dtypes")
    program = """
import sys
from leafgrad.values import dtype as d, promotion, limits
promotion.promote_types(d.bfloat16, d.int8), limits.finfo(d.bfloat16), d.bfloat16.itemsize, repr(d.bfloat16)
print("ml_dtypes" in sys.modules)
print(d.bfloat16.np.name, "ml_dtypes" in sys.modules)
"""
    assert run(program) == "False\nbfloat16 True\n"
    program = """
import ml_dtypes, numpy
from leafgrad.values import dtype as d
print(d.of(numpy.dtype(ml_dtypes.bfloat16)))
"""
    assert run(program) == "torch.bfloat16\n"


def test_without_ml_dtypes_bfloat16_names_the_extra_and_nothing_else_needs_it():
    program = """
import sys
sys.modules["ml_dtypes"] = None
from leafgrad.values import dtype as d
for use in (lambda: d.bfloat16.np, lambda: d.set_default_dtype(d.bfloat16), lambda: d.as_np(d.bfloat16)):
    try:
        use()
    except ImportError as error:
        print("pip install 'leafgrad[bfloat16]'" in str(error))
print(d.get_default_dtype(), d.bfloat16.itemsize)
"""
    assert run(program) == "True\nTrue\nTrue\ntorch.float32 2\n"


def test_the_default_complex_dtype_follows_the_default():
    try:
        dtypes.set_default_dtype(dtypes.float64)
        assert dtypes.default() is dtypes.float64.np and dtypes.default_complex() is dtypes.complex128.np
        assert result_type(np.ones(1, np.int8), 1j) == np.complex128
        dtypes.set_default_dtype(dtypes.float16)
        with pytest.raises(RuntimeError, match="complex32 is not available"):
            dtypes.default_complex()
    finally:
        dtypes.set_default_dtype(dtypes.float32)
    assert dtypes.default_complex() is dtypes.complex64.np
    assert result_type(np.ones(1, np.int8), 1j) == np.complex64


def test_result_type_of_odd_operands():
    class Mine(np.ndarray):
        pass

    assert result_type(np.ones(2, np.float16).view(Mine), 1.0) == np.float16
    assert (
        result_type(np.ones(2, np.float64).view(Mine), 1.0) == np.float64
    )  # not the answer for the same type before
    assert result_type(np.ones(2, np.int16), np.complex64(1)) == np.complex64
    with pytest.raises(TypeError, match="expected a tensor or a number, got str"):
        result_type(np.ones(2), "a")
    with pytest.raises(ValueError, match="no operands"):
        result_type()


def test_limits_are_values():
    assert finfo(dtypes.float32) == finfo(dtypes.complex64) != finfo(dtypes.float64)
    assert iinfo(dtypes.int32) == iinfo(dtypes.int32) and finfo(dtypes.float32) != iinfo(dtypes.int32)
    with pytest.raises(TypeError, match="unhashable"):
        hash(finfo(dtypes.float32))
    with pytest.raises(AttributeError, match=r"attribute 'max' of 'torch.finfo' objects is not writable"):
        finfo(dtypes.float32).max = 1


def test_what_is_made_of_a_size_is_a_size():
    s, one = Size([2, 3]), (1,)
    for made, text in [
        (s, "[2, 3]"),
        (s[:1], "[2]"),
        (s[::-1], "[3, 2]"),
        (s + one, "[2, 3, 1]"),
        (one + s, "[1, 2, 3]"),
        (s + s, "[2, 3, 2, 3]"),
        (2 * s, "[2, 3, 2, 3]"),
        (s * np.int64(2), "[2, 3, 2, 3]"),
        (Size(), "[]"),
        (Size([True, np.int64(2)]), "[1, 2]"),
        (Size(n for n in (4, 5)), "[4, 5]"),
        (Size(np.array([2, 3])), "[2, 3]"),
        (pickle.loads(pickle.dumps(s)), "[2, 3]"),
        (copy.deepcopy(s), "[2, 3]"),
        (sizes.of((2, 3)), "[2, 3]"),
    ]:
        assert type(made) is Size and repr(made) == str(made) == f"torch.Size({text})"
        assert all(type(n) is int for n in made)
    assert s[0] == 2 and s == (2, 3) and hash(s) == hash((2, 3)) and s != [2, 3]
    assert s.numel() == 6 and Size().numel() == 1 and Size([4, 0]).numel() == 0


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (lambda: Size([2, 1.5]), "torch.Size() takes an iterable of 'int' (item 1 is 'float')"),
        (lambda: Size(["a"]), "torch.Size() takes an iterable of 'int' (item 0 is 'str')"),
        (
            lambda: operator.add(Size([2]), (1.5,)),
            "torch.Size() takes an iterable of 'int' (item 1 is 'float')",
        ),
        (lambda: operator.add(Size([2]), [1]), "can only concatenate tuple (not list) to torch.Size"),
        (lambda: Size([2]) * 1.5, "can't multiply sequence by non-int of type 'float'"),
        (lambda: Size(3), "'int' object is not iterable"),
        (lambda: Size(1, 2), "tuple expected at most 1 argument, got 2"),
    ],
)
def test_sizes_refuse(use, message):
    with pytest.raises(TypeError) as caught:
        use()
    assert str(caught.value) == message


def test_the_store_of_sizes_is_bounded():
    store = sizes.of.__self__
    for n in range(10_000):
        assert sizes.of((n, n)) == (n, n)
    assert len(store) <= 4096 and sizes.of((7, 7)) is sizes.of((7, 7))


def test_devices():
    assert [repr(device("cpu")), repr(device("cpu:0")), repr(device("cuda", 1))] == [
        "device(type='cpu')",
        "device(type='cpu', index=0)",
        "device(type='cuda', index=1)",
    ]
    assert str(device("cpu", 0)) == "cpu:0" and str(device("cpu")) == "cpu"
    assert (
        device("cpu")
        == device(device("cpu"))
        == device(type="cpu")
        == device(device="cpu")
        != device("cpu:0")
    )
    assert device("cpu") != "cpu" and len({device("cpu"), device("cpu"), device("cpu", 0)}) == 2
    for d in (device("cpu"), device("cpu:3")):
        assert pickle.loads(pickle.dumps(d)) == copy.deepcopy(d) == d
    with device("cpu") as entered:
        assert entered == device("cpu")
    with pytest.raises(AttributeError, match=r"attribute 'type' of 'torch.device' objects is not writable"):
        device("cpu").type = "cuda"
    with pytest.raises(TypeError, match="comparison not implemented"):
        _ = device("cpu") < device("cuda")


def test_only_the_cpu_can_be_used():
    for cpu in (None, "cpu", "cpu:7", device("cpu", 2)):
        assert check(cpu, "zeros") is devices.CPU
    with pytest.raises(
        AssertionError, match=r"Torch not compiled with CUDA enabled.*only the device 'cpu', not 'cuda:1'"
    ):
        check("cuda:1", "zeros")
    with pytest.raises(
        NotImplementedError, match=r"Could not run 'zeros' on the device 'mps'.*only the device 'cpu'"
    ):
        check(device("mps"), "zeros")
    with pytest.raises(RuntimeError, match="Cannot access accelerator device when none is available"):
        check(0, "zeros")
    with pytest.raises(TypeError, match=r"^zeros\(\): argument 'device' must be torch.device, not float$"):
        check(1.5, "zeros")
    with pytest.raises(AssertionError), device("cuda"):
        pass


DEVICE_ARGUMENTS = [
    *[
        ("cpu",),
        ("cpu", 0),
        ("cpu", None),
        ("cpu:0",),
        ("cpu:1", 0),
        ("cpu", -1),
        ("cpu", -2),
        ("cpu", "a"),
        ("cpu", True),
        ("cpu", 1.0),
    ],
    *[
        ("foo",),
        ("foo:1",),
        ("foo:1", 0),
        ("foo", -1),
        ("CPU",),
        ("a-b",),
        ("1cpu",),
        ("_cpu",),
        ("cuda2",),
        (" cpu",),
        ("",),
        ("", 0),
    ],
    *[
        ("cpu:",),
        ("cpu:a",),
        ("cpu:-1",),
        ("cpu:01",),
        ("cpu:00",),
        ("cpu:+1",),
        ("cpu:0 ",),
        ("cpu:0:1",),
        ("cpu:1_0",),
        ("cpu:٣",),
        (":",),
    ],
    *[
        (":0",),
        (0,),
        (-1,),
        (np.int64(1),),
        (None,),
        (None, 0),
        (True,),
        (1.5,),
        (1, 2),
        ("cuda:1",),
        ("mps",),
        ("meta",),
        ("xpu", 3),
    ],
    ("cpu:99999999999999999999",),
]


@pytest.mark.oracle
@pytest.mark.parametrize("args", DEVICE_ARGUMENTS, ids=repr)
def test_device_reads_its_arguments_as_torch_does(args):
    torch = pytest.importorskip("torch")

    def outcome(make):
        try:
            return repr(make(*args))
        except (RuntimeError, TypeError) as error:
            end = ", but expected" if "combination" in str(error) else ". "
            return type(error).__name__, str(error).partition(end)[0].rstrip(".")

    assert outcome(device) == outcome(torch.device)
