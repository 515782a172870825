"""Casts, attributes and the ways out of tensors, as in torch."""

import numpy as np
import pytest

import leafgrad
from tests import both
from tests.both import each_module
from tests.expressions import lines, outcome

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.oracle

EXPRESSIONS = lines(
    """
    isinstance(torch.ones(2),torch.FloatTensor)
    isinstance(torch.ones(2),torch.LongTensor)
    torch.ones(2).to(torch.int64)
    torch.ones(2).to('cpu')
    torch.ones(2).to('cpu',torch.int64)
    torch.ones(2).to(torch.device('cpu'))
    torch.ones(2).to(torch.ones(2,dtype=torch.int64))
    torch.ones(2).to(other=torch.ones(2,dtype=torch.int64))
    torch.ones(2).to(dtype=torch.int64)
    torch.ones(2).to(device='cpu')
    torch.ones(2).to(device='cpu',dtype=torch.int64,non_blocking=True,copy=True)
    x=torch.ones(2);; x.to(torch.float32) is x
    x=torch.ones(2);; x.to(torch.float32,copy=True) is x
    x=torch.ones(2);; x.to(torch.float32,False,True) is x
    x=torch.ones(2);; x.to('cpu',torch.float32,False,True) is x
    x=torch.ones(2);; x.to(None) is x
    x=torch.ones(2);; x.to() is x
    x=torch.ones(2);; x.to(copy=True) is x
    x=torch.ones(2);; x.to(device=None,dtype=None) is x
    torch.ones(2).to(None,torch.int64)
    torch.ones(2).to('cuda')
    torch.ones(2).to('cuda:1')
    torch.ones(2).to('foo')
    torch.ones(2).to(0)
    torch.ones(2).to(torch.int64,torch.int64)
    torch.ones(2).to('cpu','cpu')
    torch.ones(2).to(torch.int64,foo=1)
    torch.ones(2).to(float)
    torch.ones(2).to(int)
    torch.ones(2).to(bool)
    torch.ones(2).to(str)
    torch.ones(2).to(dtype='x')
    torch.ones(2).to(torch.int64,1)
    torch.ones(2).to(torch.int64,'a')
    torch.ones(2,3).t().to(torch.int64)
    torch.ones(2,3).t().to(torch.int64,memory_format=torch.contiguous_format)
    torch.ones(2,3).t().to(memory_format=torch.contiguous_format)
    torch.ones(2,3,4,5).to(memory_format=torch.channels_last)
    torch.ones(2,3,4,5).to(torch.float64,memory_format=torch.channels_last)
    torch.ones(2,requires_grad=True).to(torch.float64)
    torch.ones(2,requires_grad=True).to(torch.int64)
    torch.ones(2,requires_grad=True).to(torch.float32,copy=True)
    torch.ones(2,requires_grad=True).to('cpu',copy=True)
    torch.ones(2,dtype=torch.complex64).to(torch.float32)
    torch.tensor([float('nan'),float('inf'),-float('inf'),1e20,-1.5]).to(torch.int64)
    torch.tensor([float('nan'),float('inf'),-float('inf'),1e20,-1.5]).to(torch.int32)
    torch.tensor([300.,-1.,1e10]).to(torch.uint8)
    torch.tensor([300,-1]).to(torch.uint8)
    torch.tensor([300,-1]).to(torch.int8)
    torch.tensor([0.5,0.,float('nan')]).to(torch.bool)
    torch.tensor([1e10]).to(torch.float16)
    torch.ones(2).type()
    torch.ones(2).type(torch.int64)
    torch.ones(2).type('torch.LongTensor')
    torch.ones(2).type(torch.LongTensor)
    torch.ones(2).type('torch.FooTensor')
    torch.ones(2).type('foo')
    torch.ones(2).type(int)
    torch.ones(2).type(3)
    torch.ones(2).type(dtype=torch.int64)
    torch.ones(2).type_as(torch.ones(2,dtype=torch.int64))
    torch.ones(2).type_as(3)
    torch.ones(2).type_as()
    torch.ones(2).float()
    torch.ones(2).double()
    torch.ones(2).half()
    torch.ones(2).bfloat16()
    torch.ones(2).int()
    torch.ones(2).long()
    torch.ones(2).short()
    torch.ones(2).char()
    torch.ones(2).byte()
    torch.ones(2).bool()
    torch.ones(2).cfloat()
    torch.ones(2).cdouble()
    torch.ones(2).double(foo=3)
    torch.ones(2,3,4,5).double(memory_format=torch.channels_last)
    torch.ones(2).double(memory_format=3)
    torch.ones(2).cuda()
    torch.ones(2).cuda(0)
    torch.ones(2).cuda('cpu')
    torch.ones(2).cuda(device='cuda')
    torch.ones(2).xpu()
    torch.ones(2).cpu()
    torch.ones(2).cpu(foo=1)
    torch.ones(2).is_cuda
    torch.ones(2).is_cpu
    torch.ones(2).is_mps
    torch.ones(2).is_sparse
    torch.ones(2).is_sparse_csr
    torch.ones(2).is_quantized
    torch.ones(2).is_meta
    torch.ones(2).is_mkldnn
    torch.ones(2).is_nested
    torch.ones(2).is_xpu
    torch.ones(2).is_xla
    torch.ones(2).is_ipu
    torch.ones(2).is_maia
    torch.ones(2).is_mtia
    torch.ones(2).is_vulkan
    torch.ones(2).names
    torch.ones(2).name
    torch.ones(2).volatile
    torch.ones(2).get_device()
    torch.get_device(torch.ones(2))
    torch.ones(2).is_pinned()
    torch.ones(2).is_shared()
    torch.ones(2).has_names()
    torch.ones(2).is_inference()
    torch.is_inference(torch.ones(2))
    torch.ones(2).is_conj()
    torch.ones(2).is_neg()
    torch.ones(2).is_floating_point()
    torch.is_floating_point(3)
    torch.is_complex(torch.ones(2))
    torch.is_tensor(torch.ones(2))
    torch.is_tensor(3)
    torch.is_nonzero(torch.tensor([1.,2]))
    torch.is_nonzero(torch.tensor([]))
    torch.is_nonzero(torch.tensor([0.]))
    torch.is_nonzero(3)
    torch.is_signed(torch.ones(2,dtype=torch.uint8))
    torch.result_type(torch.ones(2),1j)
    torch.result_type(1,2.5)
    torch.result_type(1,torch.ones(2))
    torch.result_type('a',1)
    torch.result_type(1)
    torch.ones(2).item()
    torch.ones(0).item()
    torch.ones(1).item()
    torch.ones(1,1).item()
    torch.tensor(True).item()
    torch.tensor(1j).item()
    torch.tensor(1.5,dtype=torch.bfloat16).item()
    torch.ones(2,2).tolist()
    torch.tensor(3).tolist()
    torch.ones(0,2).tolist()
    torch.ones(2,dtype=torch.bfloat16).tolist()
    float(torch.ones(2))
    float(torch.ones(1))
    float(torch.tensor(1j))
    float(torch.tensor(1+0j))
    int(torch.tensor(2.7))
    int(torch.tensor(float('nan')))
    int(torch.tensor(float('inf')))
    int(torch.tensor(1j))
    int(torch.ones(2))
    int(torch.ones(0))
    complex(torch.tensor(2.5))
    complex(torch.tensor([1,2]))
    bool(torch.ones(2))
    bool(torch.ones(0))
    bool(torch.zeros(1))
    bool(torch.tensor(1j))
    bool(torch.tensor(float('nan')))
    [1,2,3][torch.tensor(1)]
    [1,2,3][torch.tensor([1])]
    [1,2,3][torch.tensor(1.)]
    [1,2,3][torch.tensor([1,2])]
    [1,2,3][torch.tensor(True)]
    range(torch.tensor(3))
    len(torch.tensor(3))
    len(torch.ones(3,2))
    list(torch.arange(3))
    list(torch.tensor(3))
    list(torch.ones(0,2))
    list(reversed(torch.arange(3)))
    reversed(torch.arange(6).view(2,3))
    reversed(torch.tensor(3))
    1 in torch.arange(3)
    7 in torch.arange(3)
    torch.tensor(1) in torch.arange(3)
    'a' in torch.arange(3)
    None in torch.arange(3)
    [1,2] in torch.arange(3)
    np.float64(1) in torch.arange(3)
    round(torch.tensor(2.5))
    round(torch.tensor(2.567),2)
    import math;; math.floor(torch.tensor(2.5))
    import math;; math.ceil(torch.tensor(2.5))
    import math;; math.trunc(torch.tensor(2.5))
    import math;; math.sqrt(torch.tensor(4.))
    divmod(torch.tensor(7),2)
    '%.2f' % torch.tensor(2.5)
    '{:.2f}'.format(torch.tensor(2.5))
    '{}'.format(torch.ones(2))
    f'{torch.ones(2)}'
    f'{torch.ones(2):.2f}'
    str(torch.ones(2))
    torch.ones(2).numpy()
    torch.ones(2,requires_grad=True).numpy()
    torch.ones(2,requires_grad=True).numpy(force=True)
    torch.ones(2).numpy(1)
    torch.ones(2).numpy(force=1)
    (torch.ones(2,requires_grad=True)*2).numpy()
    torch.ones(2,dtype=torch.bfloat16).numpy()
    np.asarray(torch.ones(2))
    np.array(torch.ones(2),dtype=np.int32)
    np.asarray(torch.ones(2,requires_grad=True))
    np.array(torch.tensor(3))
    np.array([torch.tensor(3),torch.tensor(4)])
    np.array([torch.ones(2),torch.ones(2)])
    np.float64(2)*torch.ones(2)
    np.float32(2)*torch.ones(2)
    np.int64(2)*torch.ones(2)
    np.int64(2)+torch.arange(2)
    np.float64(2)*torch.arange(2)
    np.float64(2)/torch.ones(2)
    np.float64(2)<torch.ones(2)
    np.float64(2)==torch.ones(2)
    np.ones(2)*torch.ones(2)
    np.ones(2,np.float32)+torch.ones(2)
    np.ones(2)-torch.ones(2)
    np.ones(2)<torch.ones(2)
    np.ones(2)*torch.ones(2,requires_grad=True)
    np.float64(2)*torch.ones(2,requires_grad=True)
    torch.ones(2)*np.float64(2)
    torch.ones(2)*np.ones(2)
    torch.ones(2)+np.ones(2)
    torch.ones(2)==np.float64(1)
    torch.ones(2)-np.float32(2)
    torch.ones(2)**np.float64(2)
    torch.ones(2)//np.float64(2)
    torch.ones(2)@np.ones(2)
    np.ones(2)@torch.ones(2)
    np.exp(torch.ones(2))
    np.add(torch.ones(2),torch.ones(2))
    np.add(torch.ones(2),1)
    np.argmax(torch.ones(2))
    np.abs(torch.ones(2))
    np.sqrt(torch.ones(2,requires_grad=True))
    np.greater(torch.ones(2),0)
    np.concatenate([torch.ones(2),torch.ones(2)])
    np.stack([torch.ones(2),torch.ones(2)])
    np.where(torch.tensor([True,False]),1,2)
    np.isnan(torch.ones(2))
    np.linalg.norm(torch.ones(2))
    np.dot(torch.ones(2),torch.ones(2))
    np.allclose(torch.ones(2),torch.ones(2))
    np.testing.assert_allclose(torch.ones(2),torch.ones(2))
    np.expand_dims(torch.ones(2),0)
    np.transpose(torch.ones(2,3))
    np.reshape(torch.ones(2,3),(3,2))
    np.squeeze(torch.ones(2,1))
    np.clip(torch.ones(2),0,1)
    a=np.ones(2);; a+=torch.ones(2);; a
    a=np.ones(3);; a[torch.tensor([0,1])]
    a=np.ones(3);; a[torch.tensor(1)]
    a=np.zeros(3);; a[:]=torch.ones(3);; a
    torch.from_dlpack(np.ones(2))
    torch.from_dlpack(torch.ones(2))
    torch.from_dlpack(torch.ones(2).__dlpack__())
    torch.from_dlpack(torch.ones(2,requires_grad=True))
    torch.from_dlpack(3)
    torch.from_dlpack([1,2])
    torch.from_dlpack(np.ones((2,3)).T)
    type(torch.to_dlpack(torch.ones(2))).__name__
    np.from_dlpack(torch.ones(2))
    np.from_dlpack(torch.ones(2,requires_grad=True))
    torch.ones(2).apply_(lambda x:x+1)
    torch.ones(2).map_(torch.ones(2),lambda x,y:x+y)
    torch.ones(2).map2_(torch.ones(2),torch.ones(2),lambda x,y,z:x+y+z)
    torch.ones(2,requires_grad=True).apply_(lambda x:x+1)
    torch.arange(3).apply_(lambda x:x/2)
    torch.ones(2).apply_(3)
    torch.ones(2).map_(torch.arange(2),lambda x,y:x)
    torch.typename(torch.ones(2))
    torch.typename(3)
    torch.typename(torch.nn.Parameter(torch.ones(2)))
    torch.typename(torch.Tensor)
    torch.inf, torch.nan, torch.pi, torch.e, torch.newaxis
    torch.get_default_device()
    torch.set_default_device('cpu')
    torch.set_default_device(None)
    torch.cuda.is_available()
    torch.cuda.device_count()
    torch.set_default_tensor_type(torch.FloatTensor)
    torch.set_default_tensor_type('torch.FloatTensor')
    torch.set_default_tensor_type(torch.LongTensor)
    torch.numel(torch.ones(2))
    torch.ones(2).nelement()
    torch.is_deterministic_algorithms_enabled() if hasattr(torch,'are_deterministic_algorithms_enabled') and
    0 else 1
    """
)


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_as_torch(text):
    assert outcome(leafgrad, text) == outcome(torch, text)


# --- on both modules ---


@each_module
def test_memory_is_shared(torch):
    a = np.zeros(3)
    t = torch.from_numpy(a)
    t[0] = 1
    t.numpy()[1] = 2
    torch.as_tensor(a)[2] = 3
    assert a.tolist() == [1.0, 2.0, 3.0]
    assert torch.tensor(a).add_(1).tolist() == [2.0, 3.0, 4.0] and a[0] == 1
    buffer = bytearray(4)
    torch.frombuffer(buffer, dtype=torch.uint8).fill_(7)
    assert buffer == bytes([7] * 4)
    torch.from_dlpack(t).zero_()
    torch.asarray(a)[0] = 9
    assert a.tolist() == [9.0, 0.0, 0.0]
    assert np.from_dlpack(t).tolist() == a.tolist()


@each_module
def test_identity(torch):
    x = torch.ones(2)
    assert x.to() is x and x.to("cpu", torch.float32) is x and x.float() is x and x.cpu() is x
    assert x.to(copy=True) is not x and torch.as_tensor(x) is x and torch.asarray(x) is x
    assert x.type(torch.float32) is x and x.type_as(torch.zeros(1)) is x
    assert len({x, x, torch.ones(2)}) == 2


@each_module
def test_warnings(torch):
    frozen = np.ones(2)
    frozen.flags.writeable = False
    with pytest.warns(UserWarning, match="To copy construct from a tensor"):
        torch.tensor(torch.ones(2))
    with pytest.warns(UserWarning, match="To copy construct from a tensor"):
        torch.ones(1).new_tensor(torch.ones(2))
    with pytest.warns(UserWarning, match=r"torch\.range is deprecated"):
        torch.range(0, 1)
    if torch is leafgrad:  # torch says these once in a process
        with pytest.warns(UserWarning, match="not writable"):
            torch.from_numpy(frozen)
        with pytest.warns(UserWarning, match="extremely slow"):
            torch.tensor([np.ones(2), np.ones(2)])


CLOSE = [
    lambda torch: (torch.ones(2), torch.ones(2) + 1e-7),
    lambda torch: (torch.ones(2), torch.ones(2) + 1e-3),
    lambda torch: (torch.ones(2), torch.ones(3)),
    lambda torch: (torch.ones(2), torch.ones(2, dtype=torch.float64)),
    lambda torch: (torch.tensor([1, 2]), torch.tensor([1, 3])),
    lambda torch: (torch.tensor([float("nan")]), torch.tensor([float("nan")])),
    lambda torch: (torch.tensor([float("inf")]), torch.tensor([float("inf")])),
    lambda torch: (1.0, 1.0 + 1e-9),
    lambda torch: (1.0, 1.1),
    lambda torch: (1, torch.tensor(1)),
    lambda torch: ([torch.ones(1), 2], [torch.ones(1), 2]),
    lambda torch: ([torch.ones(1), 2], [torch.ones(1), 3]),
    lambda torch: ([1], [1, 2]),
    lambda torch: ({"a": torch.ones(1)}, {"a": torch.ones(1)}),
    lambda torch: ({"a": 1}, {"b": 1}),
    lambda torch: (None, None),
    lambda torch: (None, 1),
    lambda torch: ("a", "a"),
    lambda torch: (torch.tensor(1j), torch.tensor(1j + 1e-9)),
    lambda torch: (torch.ones(2).half(), torch.ones(2).half() * 1.0005),
]


@pytest.mark.parametrize("pair", CLOSE)
@pytest.mark.parametrize(
    "options", [{}, {"rtol": 0.0, "atol": 1e-2}, {"equal_nan": True}, {"check_dtype": False}, {"rtol": 1.0}]
)
def test_assert_close(pair, options):
    ours, theirs = (
        both.outcome(lambda m=m: m.testing.assert_close(*pair(m), **options)) for m in (leafgrad, torch)
    )
    assert (ours and ours[0]) == (theirs and theirs[0])
    if ours and ours[0] in ("AssertionError", "ValueError"):
        assert ours == theirs
