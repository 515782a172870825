"""Bad calls of autograd: backward, gradients, hooks, custom Functions."""

from tests.bad_calls.table import bad

bad(
    "backward",
    "x = torch.ones(3, requires_grad=True); y = x * x; l = y.sum(); c = torch.ones(3); o = torch.ones(2)",
    "y.backward()",
    "c.backward()",
    "c.sum().backward()",
    "y.backward(o)",
    "y.backward(torch.ones(1, 3))",
    "y.backward(2.0)",
    "y.backward('a')",
    "l.backward(1, 2, 3, 4, 5, 6)",
    "l.backward(gradients=None)",
    "l.backward(inputs=[])",
    "l.backward(inputs=[c])",
    "l.backward(inputs=3)",
    "l.backward(inputs=[3])",
    "l.backward(); l.backward()",
    "y.backward(c); y.backward(c)",
    "torch.autograd.backward([y, l], [c])",
    "torch.autograd.backward([y])",
    "torch.autograd.backward(3)",
    "torch.autograd.backward([l], grad_tensors=[o])",
    "torch.autograd.grad(y, x)",
    "torch.autograd.grad(l, c)",
    "torch.autograd.grad(l, 3)",
    "torch.autograd.grad(3, x)",
    "torch.autograd.grad(l, [])",
    "torch.autograd.grad(l, [x, torch.ones(1, requires_grad=True)])",
    "torch.autograd.grad(l, torch.ones(1, requires_grad=True), allow_unused=False, materialize_grads=True)",
    "torch.autograd.grad(l, x); torch.autograd.grad(l, x)",
    "torch.autograd.grad(y, x, o)",
    "torch.autograd.grad([y, l], x, c)",
    "torch.autograd.grad(l)",
    "torch.autograd.grad(c.sum(), x)",
    "(x * 1j).sum().backward()",
    "torch.autograd.grad(torch.autograd.grad(l, x)[0].sum(), x)",
    "with torch.no_grad(): (x * 2).sum().backward()",
    "(x > 0).sum().backward()",
    "x.argmax().backward()",
    "x.detach().sum().backward()",
    "y.add_(1); y.exp_().sum().backward(); l.backward()",
    "e = x.exp(); e.add_(1); e.sum().backward()",
    "s = y.sin(); y.zero_(); s.sum().backward()",
    "b = x + 2; q = (b * b).mean(); b[0] = 1000.0; q.backward()",
    "b = x.clone(); q = b.sigmoid(); q[:1].zero_(); q.sum().backward()",
    "b = x.clone(); v = b[:2]; q = v * v; b.add_(1); q.sum().backward()",
    "b = c.clone(); q = x * b; b.zero_(); q.sum().backward()",
    "m = c.reshape(3, 1).clone(); q = x @ m; m.mul_(2); q.sum().backward()",
)

bad(
    "gradients and hooks",
    "x = torch.ones(3, requires_grad=True); y = x * x; c = torch.ones(3)",
    "x.grad = torch.ones(2)",
    "x.grad = torch.ones(3, dtype=torch.float64)",
    "x.grad = 3",
    "x.grad = x",
    "x.grad = 'a'",
    "c.register_hook(print)",
    "c.retain_grad()",
    "x.register_hook()",
    "y.register_hook(3); y.sum().backward()",
    "y.register_hook(lambda grad: 3); y.sum().backward()",
    "y.register_hook(lambda grad: grad[:2]); y.sum().backward()",
    "y.register_hook(lambda grad: 1 / 0); y.sum().backward()",
    "x.register_hook(lambda: None); y.sum().backward()",
    "y.register_post_accumulate_grad_hook(print)",
    "c.register_post_accumulate_grad_hook(print)",
    "y.grad_fn.register_prehook(lambda a: (c, c)); y.sum().backward()",
    "y.grad_fn.register_prehook(lambda a: 1 / 0); y.sum().backward()",
    "y.grad_fn.no_such_attribute",
    "y.grad_fn._saved_result",
    "y.sum().backward(); y.grad_fn._saved_self",
    "y.grad_fn.next_functions = ()",
    "y.grad_fn()",
    "y.grad_fn(3)",
    "y.grad_fn([c])",
    "y.grad_fn(np.ones(3))",
    "y.grad_fn(c, c)",
    "y.grad_fn(grad=c)",
    "torch.stack([y, y]).unbind()[0].grad_fn(c, 3)",
    "torch.stack([y, y]).unbind()[0].grad_fn(c)",
    "y.grad_fn.next_functions[0][0](3)",
    "torch.set_grad_enabled()",
    "torch.set_grad_enabled('a')",
    "torch.autograd.set_detect_anomaly()",
    "torch.autograd.set_detect_anomaly('a')",
    "torch.autograd.set_detect_anomaly(1)",
    "torch.autograd.set_detect_anomaly(True, 'a')",
    "torch.autograd.set_detect_anomaly(None, True)",
    "torch.autograd.detect_anomaly('a').__enter__()",
    "copy.deepcopy(y)",
    "nn.Parameter(torch.arange(3))",
)

FUNCTIONS = """
class Square(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x
    @staticmethod
    def backward(ctx, grad):
        x, = ctx.saved_tensors
        return 2 * x * grad

def make(forward=Square.forward, backward=Square.backward, **others):
    members = dict(forward=forward, backward=backward, **others)
    members = {name: staticmethod(part) for name, part in members.items()}
    return type("Made", (torch.autograd.Function,), members)

def marks_dirty(ctx, x):
    ctx.mark_dirty(x)
    return x.mul_(2)

def keeps(ctx, x):
    ctx.x = x
    return x * 2

twice = lambda ctx, grad: (grad, grad)
once = torch.autograd.function.once_differentiable(lambda ctx, grad: grad * 2)
x = torch.ones(3, requires_grad=True)
h = x * 1
c = torch.ones(3)
"""

bad(
    "Function",
    FUNCTIONS,
    "Square()(x)",
    "Square.apply()",
    "Square.apply(x, x)",
    "Square.apply('a')",
    "torch.autograd.Function.apply(x)",
    "make(forward=lambda ctx, x: 3).apply(x).backward()",
    "make(forward=lambda ctx, x: None).apply(x).sum()",
    "make(forward=lambda ctx, x: [x, x]).apply(x).sum()",
    "make(forward=lambda ctx, x: ctx.save_for_backward(3)).apply(x)",
    (
        "make(forward=lambda ctx, x: ctx.mark_dirty(3)).apply(x)",
        "mark_dirty can only accept variables, but argument",
    ),  # torch breaks the line here
    "make(forward=lambda ctx, x: (ctx.mark_dirty(x), x * 2)[1]).apply(h)",
    "make(forward=lambda ctx, x: 1 / 0).apply(x)",
    "make(forward=marks_dirty).apply(x)",
    "make(forward=lambda x: x * 2, setup_context=lambda ctx, inputs, output: 1 / 0).apply(x)",
    "make(forward=lambda x: x * 2, setup_context=lambda ctx: None).apply(x)",
    "make(forward=keeps, backward=twice).apply(x).sum().backward()",
    "make(forward=keeps, backward=lambda ctx, grad: ()).apply(x).sum().backward()",
    "make(forward=keeps, backward=lambda ctx, grad: 3).apply(x).sum().backward()",
    "make(forward=keeps, backward=lambda ctx, grad: 'a').apply(x).sum().backward()",
    "make(forward=keeps, backward=lambda ctx, grad: grad[:2]).apply(x).sum().backward()",
    "make(forward=keeps, backward=lambda ctx, grad: 1 / 0).apply(x).sum().backward()",
    "make(forward=keeps, backward=lambda ctx: None).apply(x).sum().backward()",
    "make(forward=keeps, backward=lambda ctx, grad: ctx.nothing).apply(x).sum().backward()",
    "make(forward=lambda ctx, a, b: a * b, backward=lambda ctx, grad: grad).apply(x, x).sum().backward()",
    "make(forward=lambda ctx, a, b: a * b, backward=twice).apply(x, 2.0).sum().backward()",
    "make(forward=keeps, backward=once).apply(x).sum().backward(create_graph=True); x.grad.sum().backward()",
    "y = Square.apply(x); y.sum().backward(); y.sum().backward()",
    "y = Square.apply(x); y.sum().backward(); y.grad_fn.saved_tensors",
    "y = Square.apply(h); h.add_(1); y.sum().backward()",
    "type('No', (torch.autograd.Function,), {}).apply(x)",
    "type('No', (torch.autograd.Function,), {'forward': staticmethod(keeps)}).apply(x).sum().backward()",
    "Square.apply(x).grad_fn.no_such_attribute",
)
