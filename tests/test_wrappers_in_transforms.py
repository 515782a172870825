"""Tensors that wrap others (`_make_wrapper_subclass`) in transforms, with and without writes: their class sees every op."""

import pytest

from tests.both import each_module, submodule
from tests.overridden import fast_again  # noqa: F401


def wrapper(torch):
    tree_map = submodule(torch, "utils._pytree").tree_map

    class Wrapper(torch.Tensor):
        @staticmethod
        def __new__(cls, inner):
            out = torch.Tensor._make_wrapper_subclass(cls, inner.shape, dtype=inner.dtype)
            out.inner = inner
            return out

        __torch_function__ = torch._C._disabled_torch_function_impl

        @classmethod
        def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
            args, kwargs = tree_map(lambda t: t.inner if isinstance(t, cls) else t, (args, kwargs or {}))
            return tree_map(lambda t: cls(t) if isinstance(t, torch.Tensor) else t, func(*args, **kwargs))

    return Wrapper


def square_by_a_write(x):
    y = x * 1
    y.mul_(x)
    return y


def by_jvp(f):
    return lambda torch, w, v: torch.func.jvp(f, (w,), (v,))[1]


PROGRAMS = {
    "grad": (lambda torch, w, v: torch.func.grad(lambda x: (x * x).sum())(w), [2.0, 4.0]),
    "grad of a write": (
        lambda torch, w, v: torch.func.grad(lambda x: square_by_a_write(x).sum())(w),
        [2.0, 4.0],
    ),
    "vjp": (lambda torch, w, v: torch.func.vjp(lambda x: x * x, w)[1](v)[0], [2.0, 8.0]),
    "jvp": (by_jvp(lambda x: x * x), [2.0, 8.0]),
    "jvp of views": (by_jvp(lambda x: (x.view(1, 2) * 2)[0] * x), [4.0, 16.0]),
    "jvp of a write": (by_jvp(square_by_a_write), [2.0, 8.0]),
    "jvp of grad": (
        lambda torch, w, v: by_jvp(torch.func.grad(lambda x: (x**3).sum()))(torch, w, v),
        [6.0, 24.0],
    ),
    "jacfwd": (lambda torch, w, v: torch.func.jacfwd(lambda x: x * x)(w)[0], [2.0, 0.0]),
    "jacrev": (lambda torch, w, v: torch.func.jacrev(lambda x: x * x)(w)[1], [0.0, 4.0]),
    "vmap": (lambda torch, w, v: torch.vmap(lambda x: x * x)(w), [1.0, 4.0]),
}


@each_module
@pytest.mark.parametrize("name", PROGRAMS)
def test_values_and_class(torch, name):
    kind, (program, expected) = wrapper(torch), PROGRAMS[name]
    found = program(torch, kind(torch.tensor([1.0, 2.0])), kind(torch.tensor([1.0, 2.0])))
    assert type(found) is kind
    assert found.inner.tolist() == expected


@each_module
def test_a_write_returns_the_tensor_and_is_recorded(torch):
    kind = wrapper(torch)
    leaf = kind(torch.tensor([1.0, 2.0])).requires_grad_()
    y = leaf * 1
    assert y.mul_(leaf) is y
    y.sum().backward()
    assert leaf.grad.inner.tolist() == [2.0, 4.0]
