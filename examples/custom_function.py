"""Own operations with own derivatives, in both of torch's styles, checked against numerical differentiation.

python -m leafgrad examples/custom_function.py
"""

import torch
from torch.autograd import Function, gradcheck, gradgradcheck


class Cube(Function):
    """x ** 3; forward and the saving in one method."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x * x

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return grad * 3 * x * x


class LogSumExp(Function):
    """log(exp(a) + exp(b)), with the larger taken out so that nothing overflows; saving in setup_context."""

    @staticmethod
    def forward(a, b):
        top = torch.maximum(a, b)
        return top + torch.log(torch.exp(a - top) + torch.exp(b - top))

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(*inputs, output)

    @staticmethod
    def backward(ctx, grad):
        a, b, output = ctx.saved_tensors
        grad_a = grad * torch.exp(a - output) if ctx.needs_input_grad[0] else None
        grad_b = grad * torch.exp(b - output) if ctx.needs_input_grad[1] else None
        return grad_a, grad_b


class ClipGradient(Function):
    """The identity, whose gradient is held within a bound; the bound itself is no tensor."""

    @staticmethod
    def forward(ctx, x, bound):
        ctx.bound = bound
        return x.view_as(x)

    @staticmethod
    def backward(ctx, grad):
        return grad.clamp(-ctx.bound, ctx.bound), None


x = torch.tensor([1.0, 2.0, -3.0], requires_grad=True)
y = Cube.apply(x)
print(y)
(slope,) = torch.autograd.grad(y.sum(), x, create_graph=True)
print(slope)
(curvature,) = torch.autograd.grad(slope.sum(), x)
print(curvature)

a = torch.tensor([1000.0, -1.0], requires_grad=True)
b = torch.tensor([999.0, 1.0], requires_grad=True)
LogSumExp.apply(a, b).sum().backward()
print(a.grad, b.grad)

z = torch.tensor([0.1, 5.0], requires_grad=True)
(ClipGradient.apply(z, 1.0) ** 2).sum().backward()
print(z.grad)

points = torch.tensor([0.3, -1.2, 2.0], dtype=torch.float64, requires_grad=True)
others = torch.tensor([1.3, 0.2, -2.0], dtype=torch.float64, requires_grad=True)
print(gradcheck(Cube.apply, (points,)), gradgradcheck(Cube.apply, (points,)))
print(gradcheck(LogSumExp.apply, (points, others)))
