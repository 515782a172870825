"""functional_call, stack_module_state, functionalize, debug_unwrap: the same as torch's, on modules that are the same."""

import numpy as np
import pytest

import leafgrad
from tests.both import first_sentence

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.oracle


class Plain:
    """The least that a module is: tensors are attributes, parts are attributes or stand in a list."""

    training = True

    def __call__(self, *args, **kwargs):
        return self.forward(*args, **kwargs)

    def _get_name(self):
        return type(self).__name__

    def _named(self, kinds, prefix="", remove_duplicate=True, seen=None):
        seen = set() if seen is None else seen
        for name, x in vars(self).items():
            own = isinstance(x, leafgrad.Tensor) and (type(x) is not leafgrad.Tensor) is kinds
            if own and not (remove_duplicate and id(x) in seen):
                seen.add(id(x))
                yield prefix + name, x
        for name, x in vars(self).items():
            if isinstance(x, Plain):
                yield from x._named(kinds, f"{prefix}{name}.", remove_duplicate, seen)

    def named_parameters(self, remove_duplicate=True):
        return self._named(True, remove_duplicate=remove_duplicate)

    def named_buffers(self, remove_duplicate=True):
        return self._named(False, remove_duplicate=remove_duplicate)

    def register_buffer(self, name, tensor):
        setattr(self, name, tensor)


def module(T):
    base = torch.nn.Module if T is torch else Plain

    class Layer(base):
        def __init__(self, n, m):
            super().__init__()
            self.weight = T.nn.Parameter(T.linspace(-1, 1, n * m).view(n, m))
            self.bias = T.nn.Parameter(T.ones(m))

        def forward(self, x):
            return (x @ self.weight + self.bias).tanh()

    class Net(base):
        def __init__(self):
            super().__init__()
            self.a, self.b = Layer(3, 4), Layer(4, 2)
            self.tied = self.a.bias
            self.register_buffer("count", T.zeros(1))

        def forward(self, x, scale=1.0, fail=False):
            self.count = self.count + 1
            if fail:
                raise KeyError("on purpose")
            return self.b(self.a(x) * self.tied) * scale + self.count

    return Net()


def x_of(T):
    return T.linspace(0, 1, 6).view(2, 3)


def new(T, names=("a.weight", "a.bias", "tied", "b.weight", "b.bias", "count")):
    shapes = {
        "a.weight": (3, 4),
        "a.bias": (4,),
        "tied": (4,),
        "b.weight": (4, 2),
        "b.bias": (2,),
        "count": (1,),
    }
    out = {name: T.full(shapes[name], 0.5) for name in names}
    if "tied" in out and "a.bias" in out:
        out["tied"] = out["a.bias"]
    return out


def left_as_it_was(T):
    """What a failed call leaves of the module."""
    net = module(T)
    try:
        T.func.functional_call(net, new(T), x_of(T), {"fail": True})
    except KeyError:
        pass
    return net(x_of(T))


def counted(T):
    given = new(T)
    T.func.functional_call(module(T), given, x_of(T))
    return given["count"]


def stacked(T):
    nets = [module(T), module(T)]
    params, buffers = T.func.stack_module_state(nets)
    call = lambda p, b, x: T.func.functional_call(nets[0], (p, b), (x,))
    return [
        params,
        buffers,
        [p.requires_grad for p in params.values()],
        T.vmap(call, (0, 0, None))(params, buffers, x_of(T)),
    ]


def odd(T, change):
    nets = [module(T), module(T)]
    change(nets)
    return T.func.stack_module_state(nets)


def per_sample(T):
    net = module(T)
    params = {k: v.detach() for k, v in net.named_parameters()}

    def loss(p, x):
        return (T.func.functional_call(net, p, (x,)) ** 2).sum()

    return T.vmap(T.func.grad(loss), (None, 0))(params, x_of(T))


def failing_write(T):
    x = T.zeros(2)

    def f(x):
        x.add_(1)
        raise KeyError("on purpose")

    try:
        T.func.functionalize(f)(x)
    except KeyError:
        pass
    return x


def written(T):
    x = T.zeros(3)
    y = T.func.functionalize(lambda x: {"y": x.view(-1).add_(1) * 2, "n": 3})(x)
    return [x, y]


CALLS = {
    "all": lambda T: T.func.functional_call(module(T), new(T), x_of(T)),
    "some": lambda T: T.func.functional_call(module(T), new(T, ["b.bias"]), (x_of(T),), {"scale": 2.0}),
    "tied by one name": lambda T: T.func.functional_call(module(T), new(T, ["tied"]), x_of(T)),
    "tied by the other": lambda T: T.func.functional_call(module(T), new(T, ["a.bias"]), x_of(T)),
    "not tied": lambda T: T.func.functional_call(module(T), new(T, ["tied"]), x_of(T), tie_weights=False),
    "tied to two": lambda T: T.func.functional_call(module(T), {"tied": T.ones(4), "a.bias": T.zeros(4)}, x_of(T)),
    "two dicts": lambda T: T.func.functional_call(module(T), (new(T, ["b.bias"]), new(T, ["count"])), x_of(T)),
    "a name twice": lambda T: T.func.functional_call(module(T), (new(T), new(T)), x_of(T)),
    "no dict": lambda T: T.func.functional_call(module(T), 3, x_of(T)),
    "no dicts": lambda T: T.func.functional_call(module(T), [3], x_of(T)),
    "strict": lambda T: T.func.functional_call(module(T), new(T), x_of(T), strict=True),
    "strict, missing": lambda T: T.func.functional_call(module(T), new(T, ["a.weight"]), x_of(T), strict=True),
    "strict, unexpected": lambda T: T.func.functional_call(module(T), {**new(T), "z": T.ones(1)}, x_of(T), strict=True),
    "a name too many": lambda T: T.func.functional_call(module(T), {**new(T), "z": T.ones(1)}, x_of(T)),
    "nowhere": lambda T: T.func.functional_call(module(T), {"q.z": T.ones(1)}, x_of(T)),
    "no tensor": lambda T: T.func.functional_call(module(T), {"count": 3}, x_of(T)),
    "after an error": left_as_it_was,
    "what it assigned": counted,
    "stacked": stacked,
    "stacked, nothing": lambda T: T.func.stack_module_state([]),
    "stacked, modes": lambda T: odd(T, lambda nets: setattr(nets[0], "training", False)),
    "stacked, classes": lambda T: T.func.stack_module_state([module(T), module(T).a]),
    "stacked, requires_grad": lambda T: odd(T, lambda nets: nets[0].a.weight.requires_grad_(False)),
    "per-sample gradients": per_sample,
    "functionalize": written,
    "functionalize, an error": failing_write,
    "functionalize, remove": lambda T: T.func.functionalize(T.sin, remove="all"),
    "functionalize, both": lambda T: T.func.functionalize(T.sin, remove="mutations_and_views")(x_of(T)),
    "functionalize in grad": lambda T: T.func.grad(T.func.functionalize(lambda x: x.clone().mul_(x).sum()))(x_of(T)),
    "functionalize in vmap": lambda T: T.vmap(T.func.functionalize(lambda x: x.mul_(2).sum()))(x_of(T)),
    "functionalize, backward": lambda T: T.func.functionalize(lambda x: x.sum().backward())(x_of(T).requires_grad_()),
    "functionalize, a leaf": lambda T: T.func.functionalize(lambda x: x.add_(1))(x_of(T).requires_grad_()),
}  # fmt: skip


def run(T, call):
    try:
        result = call(T)
    except Exception as error:
        return type(error).__name__, first_sentence(error)
    leaves, spec = T.utils._pytree.tree_flatten(result)
    return [x.detach().numpy() if isinstance(x, T.Tensor) else x for x in leaves], str(spec)


@pytest.mark.parametrize("name", CALLS)
def test_like_torch(name):
    want, got = run(torch, CALLS[name]), run(leafgrad, CALLS[name])
    if isinstance(want[0], str):
        assert got == want
        return
    assert got[1] == want[1]
    for a, b in zip(want[0], got[0], strict=True):
        np.testing.assert_allclose(b, a, rtol=1e-5, atol=1e-6)


def test_an_input_returned_as_it_is():
    x = leafgrad.zeros(2)
    assert leafgrad.func.functionalize(lambda x: x)(x) is x


def test_what_a_batched_tensor_stands_for():
    seen = []

    def f(x):
        seen.append(leafgrad.func.debug_unwrap(x))
        seen.append(leafgrad.func.debug_unwrap(x, recurse=False))
        return x

    x = leafgrad.arange(6).view(2, 3)
    leafgrad.vmap(leafgrad.vmap(f))(x)
    assert seen[0].tolist() == x.tolist()
    assert seen[1].shape == (3,)
    assert leafgrad.func.debug_unwrap(x) is x
