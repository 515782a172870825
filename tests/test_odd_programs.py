"""Programs at the edge of what is allowed: detach_, `.data =`, gradients that are other tensors, views that are out of date.

Each is a few lines that end with `r = ...`, with what torch makes of it: a value, or an error's type and first sentence.  Most
were found by tests/fuzz.
"""

import warnings

import pytest

from tests.both import FREED, each_module, first_sentence

MODIFIED = "one of the variables needed for gradient computation has been modified by an inplace operation: "
DETACHED = (
    "Trying to use a saved tensor that has been detached in-place, i.e. with .detach_()."
    "This is not supported, please use out-of-place `.detach()` instead"
)
STALE_NO_GRAD = (
    "A view was created in no_grad mode and its base or another view of its base has been modified inplace "
    "with grad mode enabled"
)
OVERLAP = (
    "unsupported operation: more than one element of the written-to tensor refers to a single memory location"
)
LEAF = "t = torch.ones(2, requires_grad=True)\n"

PROGRAMS = {
    # --- what a tensor keeps when it is cut off ---
    "detach_ keeps .grad": (LEAF + "t.sum().backward(); t.detach_(); r = t.grad", [1.0, 1.0]),
    "a leaf's hooks outlive detach_": (
        LEAF + "log = []; t.register_hook(lambda g: log.append(g.tolist()))\n"
        "t.detach_().requires_grad_(); (t * 2).sum().backward(); r = log",
        [[2.0, 2.0]],
    ),
    "older graphs add to a leaf that requires grad again": (
        LEAF + "u = t * 3; t.requires_grad_(False); t.requires_grad_(); u.sum().backward(); r = t.grad",
        [3.0, 3.0],
    ),
    "older graphs add nothing to what is no leaf any more": (
        LEAF + "u = t * 3; t.detach_(); u.sum().backward(); r = t.grad",
        None,
    ),
    "a leaf that has become part of the graph": (
        LEAF + "u = t * 3; t.detach_(); t.mul_(torch.ones(2, requires_grad=True)); u.sum().backward()",
        ("RuntimeError", "leaf variable has been moved into the graph interior"),
    ),
    "a view that was a leaf until its base became one": (
        ("t = torch.ones(2, 3); v = t.transpose(0, 0); v.exp_(); v.requires_grad_(); u = v.exp(); t.requires_grad_()\n"
        "(v.sum() + u.sum()).backward()"),
        ("RuntimeError", "leaf variable has been moved into the graph interior"),
    ),
    "a saved tensor that was detached": (
        LEAF + "e = t * 2; s = e.sin(); e.detach_(); torch.autograd.grad(s.sum(), [t])",
        ("RuntimeError", DETACHED),
    ),
    "a saved factor that was detached": (
        LEAF + "e = t * 2; s = e * t; e.detach_(); torch.autograd.grad(s.sum(), [t])",
        ("RuntimeError", DETACHED),
    ),
    "the base of a view is detached": (
        LEAF + "e = t.exp(); v = e[:]; v.sin_(); e.detach_()\nr = v.grad_fn.next_functions[0][0].name()",
        "torch::autograd::CopySlices",
    ),
    # --- views made under no_grad ---
    "they require grad as their base does": (
        LEAF + "with torch.no_grad(): v = t[0]\n"
        "w = v.exp(); before = v.requires_grad; t.requires_grad_(False); r = [before, v.requires_grad]",
        [True, False],
    ),
    "requires_grad_ makes one a leaf": (
        LEAF + "with torch.no_grad(): v = t[0]\n"
        "w = v.exp(); v.requires_grad_(); ((t * t).sum() + v * v + w * w).backward(); r = [v.grad, t.grad[1]]",
        [2.0, 2.0],
    ),
    "its hooks wait for that": (
        LEAF + "log = []\nwith torch.no_grad(): v = t[0]\n"
        "v.register_hook(lambda g: log.append(g.item())); (v * 2).backward(); v.requires_grad_()\n"
        "(v * 3).backward(); r = log",
        [3.0],
    ),
    "what only nowhere needs is not guarded": (
        ("t = torch.ones(2, 1, requires_grad=True); c = torch.ones(1, 3)\n"
        "with torch.no_grad(): v = t[:]\n"
        "m = v @ c; c.exp_(); m.sum().backward(); r = t.grad"),
        None,
    ),
    "an operation whose only input goes nowhere is": (
        ("t = torch.ones(2); v = t[:]; t.requires_grad_(); p = v ** 2\n"
        "with torch.no_grad(): t.exp_()\n"
        "p.sum().backward()"),
        ("RuntimeError", MODIFIED + "[torch.FloatTensor [2]], which is output 0 of AsStrided, is at version 1; "
         "expected version 0 instead"),
    ),
    "what is computed from one saves nothing, and may be walked again": (
        LEAF + "with torch.no_grad(): v = t[0]\n"
        "y = v * v; y.backward(); (y * y + t.sum()).backward(); r = t.grad",
        [1.0, 1.0],
    ),
    "unless its gradients share what they are made of": (
        LEAF + "with torch.no_grad(): v = t[0]\n"
        "y = torch.maximum(v, v); y.backward(); (y * y + t.sum()).backward()",
        ("RuntimeError", FREED),
    ),
    "or there is but one": (
        LEAF + "with torch.no_grad(): v = t[:]\n"
        "y = v[[0, 0]].sum(); y.backward(); y.backward()",
        ("RuntimeError", FREED),
    ),
    "one may have a hook that is never called": (
        LEAF + "log = []\nwith torch.no_grad(): v = t[0]\n"
        "v.register_post_accumulate_grad_hook(log.append); (v * 2).backward(); r = (log, v.grad)",
        ([], None),
    ),
    "one that is out of date may be used under no_grad": (
        LEAF + "e = t.exp(); a, b = e.unbind(); e.exp_()\nwith torch.no_grad(): r = (b * 0 + b.sin() * 0).item()",
        0.0,
    ),
    "that it is out of date is said before its shape is": (
        ("t = torch.ones(2); a, b = t.unbind(); c = b.transpose(0, 0); c.exp_(); t.requires_grad_()\n"
        "c.view_as(torch.ones(2))"),
        ("RuntimeError", STALE_NO_GRAD),
    ),
    "and before its dimensions": (
        LEAF + "a, b = t.split(1, 0)\nwith torch.no_grad(): b.exp_()\nb.softmax(1)",
        ("RuntimeError", ("Output 1 of Split is a view and its base or another view of its base has been "
         "modified inplace")),
    ),
    # --- gradients that are other tensors ---
    "to accumulate is to write": (
        ("a = torch.ones(2, requires_grad=True); b = torch.ones(2, requires_grad=True); b.grad = a\n"
        "((a * a).sum() + (b * b).sum()).backward()"),
        ("RuntimeError", MODIFIED + "[torch.FloatTensor [2]] is at version 1; expected version 0 instead"),
    ),
    "a gradient with a history keeps it": (
        LEAF + "e = t * 2; t.grad = e; (t * t).sum().backward(); r = [t.grad is e, e.requires_grad, e]",
        [True, True, [4.0, 4.0]],
    ),
    "an expanded gradient cannot be added to": (
        LEAF + "t.grad = torch.ones(1).expand(2); t.sum().backward()",
        ("RuntimeError", OVERLAP),
    ),
    "a gradient of another shape": (
        "t = torch.ones(3, requires_grad=True); t.sum().backward(); t.data = torch.ones(2); (t * t).sum().backward()",
        ("RuntimeError", "The size of tensor a (3) must match the size of tensor b (2) at non-singleton dimension 0"),
    ),
    "a first gradient lies as its leaf does": (
        "t = torch.ones(2, 3).t().requires_grad_(); (t * 2).sum().backward(); r = list(t.grad.stride())",
        [1, 3],
    ),
    "a first gradient has the shape of its leaf": (
        LEAF + "e = t.exp()\nwith torch.no_grad(): t.unsqueeze_(0)\n(e.sum() + t.sum()).backward(); r = list(t.grad.shape)",
        [1, 2],
    ),
    "retain_grad is about the value before t_": (
        ("t = torch.ones(2, 3, requires_grad=True) * 2; t.retain_grad(); t.t_(); (t * t).sum().backward()\n"
        "r = list(t.grad.shape)"),
        [2, 3],
    ),
    # --- hooks ---
    "a hook is called with None": (
        LEAF + "log = []; a, b = t.unbind(); b.register_hook(log.append); torch.autograd.grad(a, [t]); r = log",
        [None],
    ),
    "and cannot make a gradient of it": (
        LEAF + "a, b = t.unbind(); b.register_hook(lambda g: torch.tensor(1.0)); a.backward()",
        ("RuntimeError", "can't replace a None gradient with a non-None value"),
    ),
    "many leaves at once are served in the order of torch's heap": (
        ("log = []; t = [torch.ones(1, requires_grad=True) for _ in range(9)]\n"
        "for k, x in reversed(list(enumerate(t))): x.register_hook(lambda g, k=k: log.append(k))\n"
        "torch.cat(t).sum().backward(); r = log"),
        [0, 2, 6, 8, 5, 7, 4, 1, 3],
    ),
    "whatever else is in the heap": (
        ("log = []; t = [torch.ones(1, requires_grad=True) for _ in range(5)]; u = t[0].exp() + t[1].exp()\n"
        "for k, x in reversed(list(enumerate(t))): x.register_hook(lambda g, k=k: log.append(k))\n"
        "torch.cat([t[0], t[1].sin(), t[2], u, t[3], u.sin(), t[4]]).sum().backward(); r = log[:4]"),
        [2, 3, 4, 1],
    ),
    "roots that are leaves, too": (
        ("log = []; t = [torch.ones((), requires_grad=True) for _ in range(5)]\n"
        "for k, x in reversed(list(enumerate(t))): x.register_hook(lambda g, k=k: log.append(k))\n"
        "torch.autograd.backward(t); r = log"),
        [0, 2, 4, 1, 3],
    ),
    # --- `.data =` after recording ---
    "a graph knows the shape that a leaf had": (
        LEAF + "u = t @ t; t.data = torch.ones(()); torch.autograd.grad(u * u, [t])",
        ("RuntimeError", ("Function DotBackward0 returned an invalid gradient at index 0 - got [] but expected shape "
         "compatible with [2]")),
    ),
    "a leaf without a graph is free": (
        LEAF + "t.data = torch.ones(3); (t * t).sum().backward(); r = t.grad",
        [2.0, 2.0, 2.0],
    ),
    "a leaf of another dtype is another end of the graph": (
        LEAF + "u = t.exp(); t.data = torch.ones(2, dtype=torch.float64)\n"
        "r = list(torch.autograd.grad(u.sum(), [t], allow_unused=True))",
        [None],
    ),
    "but the same gradient": (
        LEAF + "u = t * 3; t.data = torch.ones(2, dtype=torch.float64); ((t * t).sum() + u.sum()).backward()\n"
        "r = [t.grad, str(t.grad.dtype)]",
        [[5.0, 5.0], "torch.float64"],
    ),
    "a view with other memory": (
        LEAF + "e = t * 1; v = e[1:]; v.data = torch.ones(1); v.mul_(3); v.sum().backward(); r = t.grad",
        [3.0, 0.0],
    ),
    # --- writes ---
    "a written view cannot be walked twice": (
        LEAF + "y = t * 1; y[0] = 5; y.sum().backward(); y.sum().backward()",
        ("RuntimeError", FREED),
    ),
    "also where a later node failed": (
        ("t = torch.ones(1, 3, requires_grad=True); e = t.exp(); e[0] = e\n"
        "try: (e * e).sum().backward()\n"
        "except RuntimeError: pass\n"
        "torch.autograd.grad((e * e).sum(), [t])"),
        ("RuntimeError", FREED),
    ),
    "what saved nothing can be": (
        LEAF + "u = 1 - t; (u * u).sum().backward(); (u * u).sum().backward(); r = t.grad",
        [0.0, 0.0],
    ),
    "copy_ to itself": (LEAF + "e = t.detach().expand(2, 2); e.copy_(e); r = e._version", 1),
    "an expanded tensor written by itself cannot be differentiated": (
        "t = torch.ones(1, 3, requires_grad=True).exp(); e = t.expand(2, 3); e.copy_(e); e.sum().backward()",
        ("RuntimeError", OVERLAP),
    ),
    "that is said before its shape is": (
        "t = torch.ones(3, requires_grad=True).exp().expand(2, 3)[..., 0]; t.copy_(torch.ones(2, 3))",
        ("RuntimeError", OVERLAP),
    ),
    "a base that no longer requires grad, written meanwhile": (
        LEAF + "with torch.no_grad(): v = t[0]; v.exp_()\nt.detach_(); r = [v.is_leaf, v.requires_grad]",
        [True, False],
    ),
    "fill_ of an expanded tensor by a tensor": (
        "torch.ones(1).expand(3).fill_(torch.tensor(2.0))",
        ("RuntimeError", OVERLAP),
    ),
    "a number assigned to an expanded part": (
        "torch.ones(2, 1).expand(2, 3)[0] = 2.0",
        ("RuntimeError", OVERLAP),
    ),
    "masked_fill_ of an expanded tensor": (
        "t = torch.ones(3).expand(2, 3); t.masked_fill_(t > 0.3, 2.0); r = t.tolist()",
        [[2.0] * 3] * 2,
    ),
    "memory is looked at before shapes": (
        "t = torch.ones(2, 3); t.t().mul_(t)",
        ("RuntimeError", ("unsupported operation: some elements of the input tensor and the written-to tensor refer "
         "to a single memory location")),
    ),
    # --- what messages name ---
    "x.mul_(x) names the product": (
        LEAF + "e = t.exp(); e.mul_(e); torch.autograd.grad((e * e).sum(), [t])",
        ("RuntimeError", MODIFIED + "[torch.FloatTensor [2]], which is output 0 of Mul, is at version 1; "
         "expected version 0 instead"),
    ),
    "also where the tensor is gone": (
        LEAF
        + "e = t.exp(); v = e[:]; v.mul_(v); del v; torch.autograd.grad(e.sum(), [t])",
        (
            "RuntimeError",
            MODIFIED
            + "[torch.FloatTensor [2]], which is output 0 of AsStrided, is at version 1; expected version 0 instead",
        ),
    ),
    "mul unpacks other first": (
        LEAF + "v = t[0]; m = v * t\nwith torch.no_grad(): v.exp_()\nm.sum().backward()",
        ("RuntimeError", MODIFIED + "[torch.FloatTensor [2]] is at version 1; expected version 0 instead"),
    ),
    "mv unpacks self first": (
        LEAF + "e = t.exp(); v = e.view(1, 2); m = v @ e; v.t_(); m.sum().backward()",
        ("RuntimeError", MODIFIED + "[torch.FloatTensor [2, 1]], which is output 0 of T1, is at version 1; "
         "expected version 0 instead"),
    ),
    "a result written into a view names the view": (
        LEAF + "e = t.exp(); v = e[:]; v.exp_(); v.exp_(); (v * v).sum().backward(retain_graph=True)",
        ("RuntimeError", MODIFIED + "[torch.FloatTensor [2]], which is output 0 of AsStrided, is at version 2; "
         "expected version 1 instead"),
    ),
    # --- arguments ---
    "grad looks at the outputs first": (
        "t = torch.ones(2); torch.autograd.grad((t * t).sum(), t)",
        ("RuntimeError", "element 0 of tensors does not require grad and does not have a grad_fn"),
    ),
    "so does backward": (
        "t = torch.ones(2); (t * t).sum().backward(inputs=[t])",
        ("RuntimeError", "element 0 of tensors does not require grad and does not have a grad_fn"),
    ),
    # --- layouts ---
    "softmax is contiguous": (
        "t = torch.ones(2, 3).t(); r = [list(t.softmax(0).stride()), list(t.log_softmax(0).stride())]",
        [[2, 1], [2, 1]],
    ),
    "a NumPy number on the left counts as a number": (
        LEAF + "import numpy as np; two = np.float64(2)\n"
        "r = [str(y.dtype) for y in (two - t, two ** t, two * t, two / t, np.int64(2) - t)]",
        ["torch.float32"] * 5,
    ),
    "a NumPy array on the left is compared as a tensor": (
        "import numpy as np; r = (np.ones(2) == torch.ones(2))",
        [True, True],
    ),
    "a write to part of an expanded tensor has no gradient": (
        LEAF + "d = t.expand(3, 2).detach(); d[0] = t.clone(); (d * d).sum().backward()",
        ("RuntimeError", OVERLAP),
    ),
    "the gradient of an empty vector in cat is a constant": (
        ("t = torch.ones(0, requires_grad=True); y = torch.cat([t, t])\n"
        "r = torch.autograd.grad((y * y).sum(), t, create_graph=True)[0].requires_grad"),
        False,
    ),
    "a write to an expanded tensor by index has a gradient if its base has none": (
        ("t = torch.ones(2, requires_grad=True); b = torch.ones(2).exp(); e = b.expand(3, 2); e[[0]] = t * 2\n"
        "(e * e).sum().backward(); r = t.grad"),
        [24.0, 24.0],
    ),
    "the gradient of an empty as_strided is a constant": (
        ("t = torch.ones(0, requires_grad=True); y = t.as_strided((0,), (1,))\n"
        "r = torch.autograd.grad((y * y).sum(), t, create_graph=True)[0].requires_grad"),
        False,
    ),
    "the number in an invalid gradient counts the inputs that have one": (
        ("t = torch.ones((2, 2), requires_grad=True); e = t.exp(); e.data = torch.ones(2)\n"
        "torch.where(e > 0.3, e, 2.0).sum().backward()"),
        (
            "RuntimeError",
            "Function WhereBackward0 returned an invalid gradient at index 0 - got [2] but expected shape compatible with [2, 2]",
        ),
    ),
    "a tensor multiplied by itself in place and then detached": (
        LEAF + "e = t.exp(); e.mul_(e); y = e.exp(); e.detach_(); y.sum().backward()",
        ("RuntimeError", DETACHED),
    ),
    "reductions are contiguous": (
        ("t = torch.arange(24.0).reshape(2, 3, 4).permute(2, 0, 1)\n"
        "r = [list(y.stride()) for y in (t.sum(1), t.amax(1), t.max(1)[0], t.std(1), t.cumsum(0), t.any(1))]"),
        [[3, 1]] * 4 + [[6, 3, 1], [3, 1]],
    ),
    "reductions are contiguous while a forward level is open": (
        ("t = torch.arange(24.0).reshape(2, 3, 4).permute(2, 0, 1)\n"
        "with torch.autograd.forward_ad.dual_level():\n"
        "    r = [list(y.stride()) for y in (t.sum(1), t.amax(1), t.max(1)[0], t.std(1), t.cumsum(0), t.any(1))]"),
        [[3, 1]] * 4 + [[6, 3, 1], [3, 1]],
    ),
    "a written view's derivative leads through the view's own node": (
        ("t = torch.zeros(2, requires_grad=True); e = t * 1; v = e[:]; v.exp_()\n"
        "g, = torch.autograd.grad((v * v).sum(), t, create_graph=True); v.retain_grad(); g.sum().backward(); r = v.grad"),
        [4.0, 4.0],
    ),
    "a saved factor of another shape": (
        LEAF + "e = t * 1; y = e * t; e.data = torch.ones(3); y.sum().backward()",
        ("RuntimeError", "The size of tensor a (2) must match the size of tensor b (3) at non-singleton dimension 0"),
    ),
    "a saved input of another shape": (
        LEAF + "e = t * 1; y = e.sin(); e.data = torch.ones(3); y.sum().backward()",
        ("RuntimeError", "The size of tensor a (2) must match the size of tensor b (3) at non-singleton dimension 0"),
    ),
    "does not matter to a gradient that goes nowhere": (
        LEAF + "with torch.no_grad(): v = t[:]\n"
        "c = torch.ones(2); y = v * c; s = v.sin(); c.data = v.data = torch.ones(3); (y + s).sum().backward(); r = t.grad",
        None,
    ),
    "what goes nowhere is None to hooks": (
        LEAF + "with torch.no_grad(): v = t[:]\n"
        "y = v * v; log = []; y.grad_fn.register_hook(lambda i, o: log.append(list(i))); y.sum().backward(); r = log",
        [[None, None]],
    ),
    "a saved matrix that was turned since, for a gradient that goes nowhere": (
        LEAF + "with torch.no_grad(): v = t[:1]\n"
        "m = torch.ones(3, 1); y = m @ v; m.t_(); (y.sum() + t.sum()).backward(); r = t.grad",
        [1.0, 1.0],
    ),
    "a view of one whose base no longer requires grad": (
        LEAF + "with torch.no_grad(): v = t[:].expand(2)\n"
        "w = v[0]; t.detach_(); r = v.view(2).grad_fn",
        None,
    ),
    "a node whose gradient was refused has freed nothing": (
        LEAF + "e = torch.stack([t, t]); e.data = t.detach(); y = e.exp()\n"
        "try: y.sum().backward()\n"
        "except RuntimeError: pass\n"
        "y.sum().backward()",
        ("RuntimeError", ("Function ExpBackward0 returned an invalid gradient at index 0 - got [2] but expected shape "
         "compatible with [2, 2]")),
    ),
    "a written view's gradient knows how the base lay then": (
        LEAF + "e = t * 1; v = e[0]; v.mul_(3); e.data = v; r = torch.autograd.grad(v, t)[0]",
        [3.0, 0.0],
    ),
    "and how the view lay": (
        LEAF + "e = t * 1; v = e[:]; v.mul_(3); v.data = torch.ones(1, 3); r = v.grad_fn(torch.ones(2))",
        [1.0, 1.0],
    ),
    "a base with too little memory for its written view": (
        LEAF + "e = t * 1; v = e[:]; e.data = torch.ones(()); v.mul_(3); v.sum().backward()",
        ("RuntimeError", ("setStorage: sizes [2], strides [1], storage offset 0, and itemsize 4 requiring a storage size "
         "of 8 are out of bounds for storage of size 4")),
    ),
    "neg_ where memory has gaps": (
        ("r = []\nfor dtype, step in (torch.float32, 4), (torch.float64, 8), (torch.int32, 4), (torch.int64, 8):\n"
        "    t = torch.arange(3 * step, dtype=dtype); t[::step].neg_(); r += t.view(3, step)[1:, :2].flatten().tolist()"),
        [-4, 5, -8, 9, -8, 9, -16, 17] * 2,
    ),
    "sigmoid to memory with gaps": (
        ("t = torch.zeros(12); t[4] = -100; o = torch.ones(12); torch.sigmoid(t[::4], out=o[::4])\n"
        "r = o.view(3, 4)[:, :2].tolist()"),
        [[0.5, 1.0], [0.0, 1.0], [0.5, 1.0]],
    ),
    "view and reshape give axes of length 1 new strides": (
        ("t = torch.ones(2, 3).split(1, 1)[0][::2]\n"
        "r = [list(y.stride()) for y in (t, t.view(1, 1), t.reshape(1, 1), t.view(-1, 1), torch.ones(1, 3)[::2].view(1, 3))]"),
        [[6, 1], [1, 1], [1, 1], [1, 1], [3, 1]],
    ),
    "an empty tensor has no storage": (
        "torch.ones(0).flip(0).as_strided((2,), (1,))",
        ("RuntimeError", ("setStorage: sizes [2], strides [1], storage offset 0, and itemsize 4 requiring a storage size "
         "of 8 are out of bounds for storage of size 0")),
    ),
}  # fmt: skip


def plain(value):
    """Tensors as numbers and lists."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value.tolist() if hasattr(value, "tolist") else value


@each_module
@pytest.mark.parametrize("name", PROGRAMS)
def test_program(torch, name):
    program, expected = PROGRAMS[name]
    names = {"torch": torch}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            exec(program, names)
        found = plain(names["r"])
    except Exception as error:
        found = type(error).__name__, first_sentence(error)
    assert found == expected


@each_module
@pytest.mark.parametrize("name", ["max", "min"])
def test_another_tensor_leaves_no_room_for_an_axis(torch, name):
    x = torch.ones(2, 2)
    with pytest.raises(TypeError, match="invalid combination of arguments"):
        getattr(torch, name)(x, other=x, axis=0)
