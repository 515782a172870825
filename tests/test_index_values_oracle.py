"""Indexing of plain arrays against torch: the views, the advanced index, the values, the errors."""

import collections
import re
import warnings

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from hypothesis import given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from leafgrad.values.index import plan, put, take  # noqa: E402

pytestmark = pytest.mark.oracle

T = torch.tensor


def quietly(call):
    """("ok", result) or (exception type, message), and the texts of the warnings."""
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        try:
            result = "ok", call()
        except Exception as error:
            result = type(error), str(error)
    texts = [str(w.message).partition(" (Triggered")[0] for w in seen]
    return result, [text for text in texts if not text.startswith("Creating a tensor from a list")]


def array_of(tensor):
    return tensor.numpy() if tensor.dtype != torch.bfloat16 else tensor.float().numpy()


def signed(n):
    return (n + 2**63) % 2**64 - 2**63


def chain(node):
    """What torch recorded, in the terms of `plan`."""
    steps = []
    while node is not None and "AccumulateGrad" not in node.name():
        name = node.name().removesuffix("Backward0").lower()
        fields = {"select": "dim index", "slice": "dim start end step", "unsqueeze": "dim"}.get(name, "")
        step = [name, *[signed(getattr(node, "_saved_" + field)) for field in fields.split()]]
        if name == "index":
            step.append([None if i is None else (str(i.dtype), i.tolist()) for i in node._saved_indices])
        steps.append(tuple(step))
        node = node.next_functions[0][0]
    return steps[::-1]


def view(x, steps):
    for name, *arguments in steps:
        if name == "unsqueeze":
            x = np.expand_dims(x, arguments[0])
        elif name != "alias":
            dim, *rest = arguments
            key = slice(*rest) if name == "slice" else rest[0]
            x = x[(slice(None),) * dim + (key, ...)]
    return x


def named(entry):
    if entry is None:
        return None
    tensor = entry if isinstance(entry, torch.Tensor) else torch.from_numpy(entry)
    return str(tensor.dtype), tensor.tolist()


def arrays(advanced):
    return [array_of(i) if isinstance(i, torch.Tensor) else i for i in advanced]


def numbers(shape):
    return np.arange(np.prod(shape, dtype=int), dtype=np.float64).reshape(shape)


def read_torch(shape, index):
    def call():
        y = torch.from_numpy(numbers(shape)).requires_grad_()[index]
        return chain(y.grad_fn), tuple(y.shape), y.tolist()

    return quietly(call)


def read(shape, index):
    def call():
        steps, advanced = plan(shape, index, torch.Tensor, array_of)
        y, found = view(numbers(shape), steps), list(steps)
        if advanced is not None:
            y = take(y, arrays(advanced))
            found.append(("index", [named(i) for i in advanced]))
            assert y.flags.c_contiguous
        return found, y.shape, y.tolist()

    return quietly(call)


# --- single cases ---


class Two:
    def __index__(self):
        return 2


class Pair:
    def __len__(self):
        return 2

    def __getitem__(self, i):
        return [0, 1][i]


class Nothing:
    pass


CASES = {
    (3, 4): """
        0  -1  5  -4  1:3  1:  ::2  :  None  ...  ()  True  False  0:3  0:100  (0,)  0,0  :,0  ...,0  0,...
        :,:  1:3,None  None,0  ...,None  None,:  [0]  []  [0,1]  [[0,1],[1,0]]  [0,[1,2]]  [slice(0,2)]
        [None,0]  [...]  [True,None]  [True,False,True]  [True,False]  T(0)  T([0,1])  T(True)  T(False)
        T([True,False,True])  T(5)  T([5])  T([-4])  T([1,0,1],dtype=torch.uint8)  T(1,dtype=torch.uint8)
        T([1,0],dtype=torch.int8)  T(1,dtype=torch.int8)  T([1,0],dtype=torch.int16)
        T([1,0],dtype=torch.int32)  T([1.,0])  T(1.)  T(1j)  T([1.],dtype=torch.bfloat16)
        T(1,dtype=torch.uint64)  T(2**64-1,dtype=torch.uint64)  T([0,1],dtype=torch.uint16)  np.array([0,1])
        np.array(1)  np.array([[0,1],[1,0]])  np.array([True,False,True])  np.int64(1)  np.bool_(True)
        np.array(True)  np.int32(-1)  1.0  np.float32(1)  'a'  'ab'  ''  b'a'  {}  {1}  set()
        (x for x in [1])  complex(1)  0,T([0,1])  T([0,1]),0  T([0,1]),:  T([0,1]),1:3  :,T([0,1])
        ...,T([0,1])  1:,T([0,1])  T([0,1]),None  None,T([0,1])  T([0,1]),None,T([0,1])  T([0,1]),T([0,1])
        T([0,1]),T([0,1,2])  True,0  True,True  True,False  T(True),0  T([[True,False]]*3)  0,0,0  0,7
        1:2:-1  ::0  T([3,0]),T([9,9])  'a':2  1.0:2  T(1):3  T([1]):3  T([1,2]):3  T(1.):2  T(True):3
        np.int64(0):2  np.array(1):3  :np.array([2])  :np.float32(2)  None:None  ...,...  ...,0,...
        [0,1],[0,1]  [[0,1],1]  range(2)  True:2  0,True  [True]  [[True,False,True,False]]
        [[True],[False]]  T([[0,1]])  [0.5]  [T(0),T(1)]  [T(0),1]  [T([0,1]),T([1,0])]  ['a']  [None]
        [0,None]  [0]*40  [[0]]*40  [None]*40  [None]*31  torch.ones(0)  [T(1)]  [np.int64(1),0]
        [np.array([1,0])]  [(0,1)]  ((0,1),)  ((0,1),(0,1))  ((0,1),0)  1:2.5  2**63  -2**63  -2**70  2**70:
        0:2**70  -2**70:,0  T([2,1]),...,T([0,1])  torch.Size([1,0])  -3:,0  1:-1,0  :2**63-1,0  Two()
        Two(),0  Two():3  Pair()  Nothing()  Nothing  Pair  5,'a'  'a',5  0,0,0,'a'  1.5,0,0  0,1.5
        0,Nothing()  T(1.),0,0  T([1.]),5  1:2:-1,5  5,1:2:-1  'a':1,5  None,1.5  T([[True]]),0,0
        T([[True]*4]*3)  T(True),T([True,False,True])  T([5]),T([0,1,2])  T([0,1]),T([5,1,2])
        collections.deque([0,1])  memoryview(b'ab')  bytearray(b'\\x00\\x01')  [b'a']  [[None]]  [[0],[0,1]]
        ([0],[0,1])  ([[0],[0,1]],)  ([0,[1]],)  ([[0],1],)  ([1j],)  [2**70]  [2**63]  [-2**63]  [0.5,True]
        [True,2]  [1.7,-0.3]  [float('nan')]  [T(0.)]  [T(0)]*40  [T(0.)]*40  ([T(0),T(1)],)
        ([T([0,1]),T([1,0])],)  ([T(True),T(False),T(True)],)  ([T(1.5),T(0)],)  ([True,T(2)],)
        ([np.True_,False,True],)  ([np.True_,2],)  ([np.uint8(1),np.uint8(0),np.uint8(1)],)
        ([np.array([1]),2],)  np.array([0.5])  np.array(0.5)  np.array(['a'])  np.array([None])
        np.array([2,1],dtype=np.uint64)  np.uint8(2)  ('a',)  ({},)  [{}]  [set()]  None,True,0
        None,None,0,None  :,None,0  :,True  1:2,True  ...,True  0,None,...,None  [0],None,[0]  [0],:,[0]
        range(0,4,3)  np.array([])  np.zeros((0,2),bool)  np.zeros((3,0),bool)  np.zeros((3,4),bool)
        T([[0,1],[1,0]],dtype=torch.uint8)  [[0,1],[0,1]],  [[[0,1],[0,1]]]  torch.float32  0,-5  0,T(9)
        T([9]),T(9)  None,5  ...,7  True,7  7,True  [0,9],[9,0]  [0,2,0],[1,0,9]  :,[7]  None,[3],None,[0]
        [[]],  [[],[1]],  [[1],[]],  [1e30],  [True,[1]],  [[1],[2]],0  T(0.),9  9,T(0.)  [slice(None),[0]]
        [(),0]
    """,
    (2, 3, 4): """
        ...,7  T([[True]*3]*2),9  0,None,...,7  0,0,7  T([0,1])  0,T([0,1])  T([0,1]),:,T([0,1])
        :,T([0,1]),T([0,1])  T([0,1]),T([0,1])  :,0,T([0])  T([0]),0,T([0])  T([0]),0
        T([[0,1]]),None,T([0])  None,T([0]),None,T([0])  :,T([True,False,True])  T([True,False]),:,T([0])
        T([[True,False,True],[False,True,False]]),0  T([[True,False,True],[False,True,False]]),T([0,1,2])
        T([[True,False,True],[False,True,False]]),T([0,1])  True,T([0]),:,T([0])  T([0]),True,T([0])
        T([0]),:,True  T([7]),T([0,1,2]),T([0,1])  0,T([0,1]),:,T([0,1])  T(True),...,T(True)  :,[0,3],[4,0]
        [0,2],:,[4,0]  [2,0],:,[4,0]  -2**62:  -2**62-1:  2**62:  :-2**62  ::-2**63
    """,
    (2, 3, 4, 5): """
        T([[True]*3]*2),:,T([0])  T([[True]*3]*2),...,T([0])  T([[True]*3]*2),None,T([0])
        T([[True]*3]*2),0,T([0])  :,T([[True]*4]*3),0  :,T([[True]*4]*3),T([0])  np.ones((2,3),bool),0
    """,
    (0, 4): "T([0])  T([]).long()  T([]).long(),T([5])  T([]).bool()  []  [0]  :,[7]  [],[7]  0  0:1",
    (2, 0, 4): "[7]  :,[0]  [7],[0]  [],[0]  :,[0],[]  7  :,0",
    (): """
        0  1  -1  np.int64(0)  np.int64(1)  ...  ()  None  True  False  :  T(True)  T(0)  T([0])  [0]  0,0
        []  None,None  True,None  ...,None  ...,0  ::-1
    """,
}
EXPRESSIONS = [(shape, text) for shape, texts in CASES.items() for text in re.split(r"\s{2,}", texts.strip())]


class Key:
    def __getitem__(self, index):
        return index


NAMES = {
    "np": np,
    "T": T,
    "torch": torch,
    "Two": Two,
    "Pair": Pair,
    "Nothing": Nothing,
    "collections": collections,
}


@pytest.mark.parametrize(("shape", "text"), EXPRESSIONS)
def test_reads_as_torch_does(shape, text):
    def index():  # made anew: one of them is a generator
        return eval(f"key[{text}]", {**NAMES, "key": Key()})

    assert read(shape, index()) == read_torch(shape, index())


def test_two_ellipses_and_masks_from_numpy():
    """Where torch's own answer is an accident, ours is at least an error or the obvious value."""
    with pytest.raises(IndexError):
        plan((2, 3, 4), (..., None, ..., 0), torch.Tensor, array_of)
    steps, advanced = plan((2, 3, 4, 5), (np.ones((2, 3), bool), ..., 0), torch.Tensor, array_of)
    assert steps == [("select", 3, 0)] and len(advanced) == 1


# --- random index expressions ---

SIZES = st.lists(st.integers(0, 4), max_size=4).map(tuple)
BOUND = st.none() | st.integers(-6, 6)
STEP = st.none() | st.integers(1, 3) | st.sampled_from([-1, 0])


def integers(draw, shape, n):
    """Indices of a dimension of n, seldom out of bounds."""
    low, high = (-n, n - 1) if n and draw(st.integers(0, 15)) else (-n - 1, n)
    count = int(np.prod(shape))
    return np.array(draw(st.lists(st.integers(low, high), min_size=count, max_size=count)), np.int64).reshape(
        shape
    )


KINDS = ["int", "slice", "None", "bool", "scalar", "tensor", "mask", "list", "bools", "numpy"]


@st.composite
def parts(draw, left):
    """One part of an index of what is `left` of the shape, and how many dimensions it takes."""
    n = left[0] if left else 1
    kind = draw(st.sampled_from(KINDS))
    if kind == "int":
        return int(integers(draw, (), n)), 1
    if kind == "slice":
        return slice(draw(BOUND), draw(BOUND), draw(STEP)), 1
    if kind == "None":
        return None, 0
    if kind == "bool":
        return draw(st.sampled_from([True, False, T(True), T(False), T(1, dtype=torch.uint8)])), 0
    if kind == "scalar":
        return torch.from_numpy(
            integers(draw, (), n).astype(draw(st.sampled_from([np.int64, np.int32, np.int8])))
        ), 1
    if kind == "mask":
        shape = left[: draw(st.integers(1, 2))]
        if not draw(st.integers(0, 15)):
            shape = (*shape[:-1], n + 1)
        count = int(np.prod(shape))
        bits = draw(st.lists(st.booleans(), min_size=count, max_size=count))
        dtype = draw(st.sampled_from([torch.bool, torch.bool, torch.uint8]))
        return T(bits, dtype=torch.bool).reshape(shape).to(dtype), len(shape)
    if kind == "bools":
        return draw(st.lists(st.booleans(), min_size=n, max_size=n)), 1
    shape = draw(st.sampled_from([(2,), (2,), (1,), (3,), (0,), (2, 1), (1, 2), ()]))
    values = integers(draw, shape, n)
    if kind == "list":
        return values.tolist(), 1
    if kind == "numpy":
        return values, 1
    dtype = draw(
        st.sampled_from([np.int64, np.int64, np.int32, np.int16, np.float32])
        if not draw(st.integers(0, 5))
        else st.just(np.int64)
    )
    return torch.from_numpy(values.astype(dtype)), 1


@st.composite
def indices(draw):
    shape = draw(SIZES)
    if not draw(st.integers(0, 3)):
        return shape, draw(parts(shape))[0]
    index, left, dots = [], shape, draw(st.integers(0, 4))
    for i in range(draw(st.integers(0, 4))):
        if i == dots:
            index.append(...)
            left = left[draw(st.integers(0, len(left))) :]
        part, used = draw(parts(left))
        index.append(part)
        left = left[used:]
    return shape, (tuple(index) if draw(st.integers(0, 7)) else list(index))


OUT_OF_BOUNDS = re.compile(r"index -?\d+ is out of bounds for dimension \d+ with size \d+")


def same(ours, theirs):
    """Equal; but where several indices are out of bounds, each side may name another of them."""
    (result, _), (expected, _) = ours, theirs
    if result[0] is expected[0] is IndexError and OUT_OF_BOUNDS.fullmatch(expected[1]):
        return OUT_OF_BOUNDS.fullmatch(result[1])
    return ours == theirs


@settings(max_examples=1000, deadline=None)
@given(indices())
def test_random_reads(case):
    shape, index = case
    ours, theirs = read(shape, index), read_torch(shape, index)
    assert same(ours, theirs), (shape, index, ours, theirs)


# --- writing ---


@st.composite
def writes(draw):
    """An index, and a value that usually fits what it selects."""
    shape, index = draw(indices())
    (status, result), _ = read(shape, index)
    fits = result[1] if status == "ok" else (2,)
    fits = fits[draw(st.integers(0, len(fits))) :]
    value = [1 if not draw(st.integers(0, 3)) else n for n in fits]
    if not draw(st.integers(0, 7)):
        value.insert(0, draw(st.integers(0, 3)))
    if not draw(st.integers(0, 3)):
        value.insert(0, 1)
    dtype = torch.float64 if draw(st.integers(0, 9)) else torch.int64
    return shape, index, -1 - torch.arange(int(np.prod(value)), dtype=dtype).reshape(value)


def without_leading_ones(array):
    while array.ndim and array.shape[0] == 1:
        array = array[0]
    return np.asarray(array)


@settings(max_examples=1000, deadline=None)
@given(writes())
def test_random_writes(case):
    shape, index, value = case
    base, kept = torch.from_numpy(numbers(shape)).requires_grad_(), numbers(shape)

    def call():
        x = base.clone()
        x[index] = value
        return x

    def ours():
        steps, advanced = plan(shape, index, torch.Tensor, array_of, writing=True)
        if index is not False:
            target = view(kept, steps)
            if advanced is None:
                new = without_leading_ones(array_of(value))
                if new.ndim > target.ndim:
                    raise ValueError
                target[...] = new
            else:
                put(target, arrays(advanced), without_leading_ones(array_of(value)))
        return steps, advanced, kept.tolist()

    expected, _ = quietly(call)
    result, _ = quietly(ours)
    if expected[0] == "ok":
        assert result[0] == "ok", (case, result)
        x = expected[1]
        steps, advanced, values = result[1]
        assert values == x.tolist()
        if x.ndim and index is not False:
            assert (x.grad_fn.name() == "torch::autograd::CopySlices") == bool(steps)
            assert steps or (x.grad_fn.name() == "IndexPutBackward0") == (advanced is not None)
        return
    assert result[0] != "ok", (case, expected)
    assert kept.tolist() == numbers(shape).tolist(), "an error after a write"
    if result[0] is not ValueError or result[1]:  # the errors of plain copies are not of this layer
        assert "broadcast input array" in result[1] or same((result, []), (expected, [])), (
            case,
            result,
            expected,
        )


PUTS = [
    ((T([5]),), T([1.0, 2, 3])),
    ((T([5]),), T([1, 2, 3])),
    ((T([5]),), T(1.0)),
    ((T([5]),), T(1)),
    ((T([0, 1]), T([0, 1, 2])), T(1)),
    ((T([0, 1]).short(),), T(1)),
    ((T([0, 1]), T([0]), T([0])), T(1.0)),
    ((T([True, False]),), T(1.0)),
    ((T([True, False, True]),), T([[[7]]])),
    ((T([True, False, True]), T([0, 1])), T(1)),
    ((T([[True] * 4] * 3),), T([7.0])),
    ((T([0] * 3),), T([[[7.0]]])),
    ((T([1, 1, 1], dtype=torch.uint8),), T([7.0])),
    ((T([1, 1, 1], dtype=torch.uint8),), T([7.0, 1, 2, 3])),
    ((T([1, 1, 1], dtype=torch.uint8),), T([7.0, 1])),
    ((T(1), T([1, 2])), T([7.0])),
]


@pytest.mark.parametrize(("index", "value"), PUTS)
@pytest.mark.parametrize("accumulate", [False, True])
def test_put_checks(index, value, accumulate):
    x = torch.arange(12.0).reshape(3, 4)
    mine = x.numpy().copy()
    expected = quietly(lambda: x.index_put_(index, value, accumulate).tolist())

    def call():
        put(mine, [array_of(i) for i in index], array_of(value), accumulate)
        return mine.tolist()

    assert quietly(call) == expected
    assert mine.tolist() == x.tolist()


@pytest.mark.parametrize("index", [T([0]), T([True, False, True])])
@pytest.mark.parametrize("value", [None, T(1.0), T([1.0, 2, 3, 4])])
def test_put_into_shared_memory(index, value):
    """The value is a row of the tensor itself (None), or the tensor is one row, expanded."""
    theirs = torch.arange(12.0).reshape(3, 4)
    mine = theirs.numpy().copy()
    if value is None:
        value, new = theirs[1], mine[1]
    else:
        theirs, mine, new = theirs[0].expand(3, 4), np.broadcast_to(mine[0], (3, 4)), value.numpy()
        mine.flags.writeable = True
    expected = quietly(lambda: theirs.index_put_((index,), value).tolist())

    def call():
        put(mine, [index.numpy()], new)
        return mine.tolist()

    assert quietly(call) == expected


@settings(max_examples=300, deadline=None)
@given(indices(), st.sampled_from([torch.float32, torch.float16, torch.int8, torch.bool, torch.complex64]))
def test_random_accumulation(case, dtype):
    shape, index = case
    (status, result), _ = read(shape, index)
    if status != "ok" or result[0][-1][0] != "index":
        return
    ((_, (steps, advanced)), _) = quietly(lambda: plan(shape, index, torch.Tensor, array_of))
    x = torch.from_numpy(numbers(shape)).to(dtype)
    mine = view(x.numpy().copy(), steps)
    entries = [None if i is None else torch.as_tensor(i) for i in advanced]
    theirs = torch.from_numpy(mine.copy())
    value = torch.from_numpy(numbers(result[1])).to(dtype)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.ops.aten.index_put_(theirs, entries, value, True)
        put(mine, arrays(advanced), value.numpy(), accumulate=True)
    assert mine.tolist() == theirs.tolist()
