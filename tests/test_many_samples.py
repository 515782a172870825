"""Gradients of many samples in one walk, where the way of one sample meets users' code, layouts and losses.

Every test runs on torch too, which proves it right.
"""

from importlib import import_module

import pytest

from tests.both import each_module, outcome


@each_module
@pytest.mark.parametrize("function", ["a.bmm(b)", "(a @ b).exp().cumsum(0)", "a.prod(0) * a.sum()", "a * a"])
def test_hooks_of_saved_tensors_are_called_once(torch, function):
    a, b = torch.arange(8.0).reshape(2, 2, 2).requires_grad_(), torch.ones(2, 2, 2, requires_grad=True)
    counts = {"pack": 0, "unpack": 0}

    def pack(t):
        counts["pack"] += 1
        return t * 2

    def unpack(t):
        counts["unpack"] += 1
        return t * 0.5

    with torch.autograd.graph.saved_tensors_hooks(pack, unpack):
        y = eval(function, {"a": a, "b": b})
    grads = torch.stack([torch.ones_like(y), torch.ones_like(y) * 2])
    got = torch.autograd.grad(y, a, grads, is_grads_batched=True)[0]
    assert counts["unpack"] == counts["pack"]
    assert torch.allclose(got[0], torch.autograd.grad(eval(function, {"a": a, "b": b}).sum(), a)[0])
    assert torch.equal(got[1], got[0] * 2)


@each_module
def test_through_a_checkpoint(torch):
    x = torch.arange(3.0, requires_grad=True)
    f = lambda x: (x.exp() * x).cumsum(0)
    y = import_module(f"{torch.__name__}.utils.checkpoint").checkpoint(f, x, use_reentrant=False)
    (got,) = torch.autograd.grad(y, x, torch.eye(3), is_grads_batched=True)
    assert torch.allclose(got, torch.func.jacrev(f)(x.detach()))


@each_module
def test_gradient_of_the_wrong_shape_is_named_as_one_sample(torch):
    class Bad(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 1

        @staticmethod
        def backward(ctx, grad):
            return torch.ones(2)

    x = torch.ones(3, requires_grad=True)
    assert outcome(lambda: torch.autograd.grad(Bad.apply(x), x, torch.eye(3), is_grads_batched=True)) == (
        "RuntimeError",
        "Function BadBackward returned an invalid gradient at index 0 - got [2] but expected shape compatible with [3]",
    )


@each_module
def test_gradient_of_complex_parts_that_do_not_lie_side_by_side(torch):
    z = torch.tensor([1 + 2j, 3 - 1j, 2j], requires_grad=True)
    apart = torch.arange(12.0).reshape(3, 2, 2)[..., 1]
    transposed = torch.arange(6.0).reshape(2, 3).t().requires_grad_()
    grad = lambda g, **named: torch.autograd.grad(torch.view_as_real(z), z, g, **named)[0]
    assert grad(apart).tolist() == [1 + 3j, 5 + 7j, 9 + 11j]
    assert grad(torch.stack([apart, apart], -1)[..., 0]).tolist() == [1 + 3j, 5 + 7j, 9 + 11j]
    assert grad(torch.stack([apart, apart]), is_grads_batched=True)[1].tolist() == [1 + 3j, 5 + 7j, 9 + 11j]
    found = grad(transposed, create_graph=True)
    assert found.tolist() == [3j, 1 + 4j, 2 + 5j]
    assert torch.autograd.grad(found.real.sum(), transposed)[0].tolist() == [[1.0, 0.0]] * 3


@each_module
@pytest.mark.parametrize("weight", [None, [1.0, 2.0, 3.0]])
@pytest.mark.parametrize("target", [[1, -100, 0], [[1, -100], [-100, -100], [2, 2]]])
def test_samples_with_nothing_but_ignored_targets(torch, target, weight):
    loss = torch.nn.functional.cross_entropy
    target = torch.tensor(target)
    x = torch.arange(3.0 * target.numel()).reshape(*target.shape, 3).sin()
    w = None if weight is None else torch.tensor(weight)
    grad = torch.func.grad(lambda x, t: loss(x, t, weight=w))
    found = torch.vmap(grad)(x, target)
    assert found[1].tolist() == torch.zeros_like(x[1]).tolist()
    assert torch.allclose(found, torch.stack([grad(a, t) for a, t in zip(x, target, strict=True)]))
    hessian = torch.vmap(torch.func.hessian(lambda x, t: loss(x, t, weight=w)))(x, target)
    assert hessian[1].tolist() == torch.zeros_like(hessian[1]).tolist()
    assert torch.vmap(lambda x, t: loss(x, t, weight=w))(x, target).isnan().tolist() == [False, True, False]
