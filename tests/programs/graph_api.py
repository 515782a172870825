"""What `torch.autograd.graph` documents apart from saved tensors: writes to them, versions, hooks on several tensors, nodes, edges."""


# ------------------------------------------------------------------------------------------------ mutation
def mutation(torch, say):
    allow = torch.autograd.graph.allow_mutation_on_saved_tensors
    with allow() as context:
        a = torch.ones(2, 3, requires_grad=True)
        b = a.clone()
        out = (b**2).sum()
        say(len(context.original), len(context.cloned))
        b.sin_()
        say(len(context.original), len(context.cloned))
        b.add_(1)
        say(len(context.cloned))
        out.backward()
        say(a.grad, len(context.cloned))
    say(len(context.cloned), len(context.original))

    def nested():
        with allow(), allow():
            pass

    def outside():
        with allow():
            x = torch.ones(2, requires_grad=True)
            y = x.clone()
            out = (y**2).sum()
            y.sin_()
        out.backward()

    def another():
        with allow():
            out = (torch.ones(2, requires_grad=True).clone() ** 2).sum()
        with allow():
            out.backward()

    def cleared():
        with allow() as context:
            out = (torch.ones(2, requires_grad=True).clone() ** 2).sum()
            context.clear()
            out.backward()

    for f in (nested, outside, another, cleared):
        say.attempt(f)


def kinds_of_mutation(torch, say):
    def result(a, e):
        e = e * (a * 2)
        s = e.sum()
        e.mul_(2)
        return s

    def leaf(a, e):
        y = (a * a).sum()
        with torch.no_grad():
            a.mul_(5)
        return y

    def out_argument(a, e):
        w = torch.ones(2) * 3
        y = (a * w).sum()
        torch.add(w, w, out=w)
        return y

    def all_ways(a, e):
        w = torch.ones(2) * 3
        y = (a * w).sum()
        w[0] = 100
        w.zero_()
        w.fill_(7)
        w.copy_(a.detach())
        w[:] = torch.ones(2)
        w.index_fill_(0, torch.tensor([0]), 9)
        w.masked_fill_(w > 1, 2)
        w.normal_()
        return y

    def itself(a, e):
        b = a * 2
        b.mul_(b)
        b.sin_()
        return b.sum()

    def data(a, e):
        b = a * 2
        y = (b**2).sum()
        b.data.mul_(10)
        b.detach().mul_(10)
        return y

    def function(a, e):
        class Square(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                ctx.save_for_backward(x)
                return x * x

            @staticmethod
            def backward(ctx, grad):
                return grad * 2 * ctx.saved_tensors[0]

        b = a * 3
        y = Square.apply(b).sum()
        b.mul_(10)
        return y

    for f in (result, leaf, out_argument, all_ways, itself, data, function):
        with torch.autograd.graph.allow_mutation_on_saved_tensors():
            a = torch.ones(2, requires_grad=True)
            f(a, a.exp()).backward()
        say(f.__name__, [round(g, 4) for g in a.grad.tolist()])
    with torch.autograd.graph.allow_mutation_on_saved_tensors():
        a = torch.ones(2, requires_grad=True)
        b = a * 2
        y = (b**3).sum()
        b.zero_()
        (g,) = torch.autograd.grad(y, a, create_graph=True)
        say(g.detach(), torch.autograd.grad(g.sum(), a))


def versions(torch, say):
    increment = torch.autograd.graph.increment_version
    t = torch.ones(2)
    increment(t)
    increment([t, t])
    increment((t,))
    say(t._version, increment(iter([t])), t._version)
    for wrong in (3, [3], None, [], [t, 3]):
        say.attempt(increment, wrong)
    increment(t[0])
    say(t._version)
    y = torch.ones(2, requires_grad=True).exp()
    increment(y)
    say.attempt(y.sum().backward)
    x = torch.ones(2, requires_grad=True)
    increment(x)
    say(x._version)


# ------------------------------------------------------------------------------------------------ several tensors
def multi_grad_hooks(torch, say):
    register = torch.autograd.graph.register_multi_grad_hook
    a, b = torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)
    c, d = a * b, a * b
    handle = register((a, b, c, d), lambda grads: say(grads))
    c.sum().backward(retain_graph=True)
    c.sum().backward(inputs=(a,), retain_graph=True)
    (c + d).sum().backward(retain_graph=True)
    say.attempt(lambda: torch.autograd.grad(c.sum(), a, retain_graph=True))
    say.attempt(lambda: torch.autograd.grad(c.sum(), c, retain_graph=True))
    handle.remove()
    c.sum().backward(retain_graph=True)
    handle.remove()
    for args, named in (
        (((a, b), print), {"mode": "foo"}), (((a, torch.ones(2)), print), {}), (((a, torch.ones(2)), print), {"mode": "any"}),
        (((), print), {}), (((torch.ones(2),), print), {"mode": "any"}), (((a, 3), print), {}), (((a, b), print, "any"), {}),
    ):  # fmt: skip
        say.attempt(lambda args=args, named=named: register(*args, **named) and None)
    a = torch.ones(2, requires_grad=True)
    c = a * 2
    register((c, c, a), lambda grads: say("twice", grads))
    with register((c, a), lambda grads: say("not called")):
        pass
    register((c, a), lambda grads: 5)
    c.sum().backward()
    c = a * 2
    register((c, a), lambda grads: 1 / 0)
    say.attempt(c.sum().backward)
    a = torch.ones(2, 2, requires_grad=True)
    u, v = a.unbind()
    register((u, v), lambda grads: say(grads))
    u.sum().backward(retain_graph=True)
    (u + v).sum().backward()


def any_grad_hooks(torch, say):
    register = torch.autograd.graph.register_multi_grad_hook
    a, b = torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)
    c = a * b
    handle = register((c, a, b), lambda grad: say("any", grad), mode="any")
    c.sum().backward(retain_graph=True)
    c.sum().backward(retain_graph=True)
    handle.remove()
    register((c, a), lambda grad: torch.ones(3), mode="any")
    c.sum().backward()
    say(a.grad)
    a = torch.ones(2, requires_grad=True)
    inner = torch.ones(2, requires_grad=True)

    def reenters(grad):
        with torch.enable_grad():
            s = (inner * 2).sum()
        s.backward()

    register((inner,), lambda grad: say("inner", grad), mode="any")
    register((a,), lambda grad: say("outer", grad), mode="any")
    c = a * 3
    c.register_hook(reenters)
    c.sum().backward()
    say(inner.grad, a.grad)


def callbacks(torch, say):
    engine = torch.autograd.Variable._execution_engine
    x = torch.ones(2, requires_grad=True)
    say.attempt(engine.queue_callback, lambda: 1)
    say(engine.is_checkpoint_valid())

    def run(hook, backward=lambda y: y.sum().backward()):
        y = x * x
        y.register_hook(hook)
        say.attempt(backward, y)

    def three(grad):
        say("hook", x.grad)
        engine.queue_callback(lambda: say("first", x.grad))
        engine.queue_callback(lambda: engine.queue_callback(lambda: say("third", torch.is_grad_enabled())))

    run(three)
    run(three, lambda y: torch.autograd.grad(y.sum(), x, create_graph=True))
    run(lambda grad: engine.queue_callback(5))
    run(lambda grad: engine.queue_callback(lambda: 1 / 0))

    def fails(grad):
        engine.queue_callback(lambda: say("never"))
        raise ValueError("mine")

    run(fails)

    def reenters(grad):
        engine.queue_callback(lambda: say("outer"))
        z = torch.ones(2, requires_grad=True)
        with torch.enable_grad():
            w = z * 2
            s = w.sum()
        w.register_hook(lambda g: engine.queue_callback(lambda: say("inner")))
        s.backward()
        say("done")

    run(reenters)
    run(lambda grad: say(engine.is_checkpoint_valid()))
    run(lambda grad: say(engine.is_checkpoint_valid()), lambda y: y.sum().backward(inputs=[x]))
    run(lambda grad: say(engine.is_checkpoint_valid()), lambda y: torch.autograd.grad(y.sum(), x))


# ------------------------------------------------------------------------------------------------ nodes and edges
def edges(torch, say):
    edge_of, Edge = torch.autograd.graph.get_gradient_edge, torch.autograd.graph.GradientEdge
    grad, backward = torch.autograd.grad, torch.autograd.backward
    x = torch.ones(2, requires_grad=True)
    e = edge_of(x)
    say(
        e.node.name(),
        e.output_nr,
        e.ownership_token,
        e.node.variable is x,
        isinstance(e, tuple),
        e == edge_of(x),
    )
    say.attempt(edge_of, torch.ones(2))
    say.attempt(edge_of, 3)
    say.attempt(Edge, 1)
    y = x * 2
    e = edge_of(y)
    say(grad(y.sum(), e), grad((y * 1).sum(), [e, edge_of(x)], retain_graph=True))
    say.attempt(backward, e)
    backward(e, torch.ones(2))
    say(x.grad)
    for call in (
        lambda y: grad(edge_of(y), x, torch.ones(2)),
        lambda y: grad(edge_of(y.sum()), x),
        lambda y: grad(edge_of(y), x, torch.ones(3)),
        lambda y: grad(edge_of(y), x, torch.ones(2, dtype=torch.complex64)),
        lambda y: grad(edge_of(y), x, torch.ones(2, dtype=torch.float64)),
        lambda y: grad(edge_of(x), x, torch.ones(2)),
        lambda y: backward(edge_of(x), torch.ones(2) * 7),
        lambda y: grad(edge_of(y), edge_of(x), torch.ones(2), materialize_grads=True),
        lambda y: grad(edge_of(y), edge_of(torch.ones(2, requires_grad=True)), torch.ones(2)),
        lambda y: grad(
            edge_of(y), edge_of(torch.ones(2, requires_grad=True)), torch.ones(2), materialize_grads=True
        ),
        lambda y: grad(
            edge_of(y), edge_of(torch.ones(2, requires_grad=True)), torch.ones(2), allow_unused=True
        ),
        lambda y: backward(edge_of(y), torch.ones(2), inputs=[edge_of(x)]),
        lambda y: backward(edge_of(y), torch.ones(2), inputs=edge_of(x)),
        lambda y: backward([edge_of(y), y.sum()], [torch.ones(2), None], inputs=[edge_of(x), x]),
        lambda y: grad(Edge(y.grad_fn, 5), x, torch.ones(2)),
        lambda y: grad([Edge(y.grad_fn, 0), 3], x),
        lambda y: grad(y, [3], torch.ones(2)),
        lambda y: grad([3], [x]),
        lambda y: backward([3]),
        lambda y: backward(y.sum(), inputs=[]),
        lambda y: backward(y.sum(), inputs=[3]),
        lambda y: backward(y.sum(), inputs=torch.ones(2)),
    ):
        say.attempt(call, x * 2)
        say(x.grad)
    a, b = torch.ones(2, 2, requires_grad=True).unbind()
    e = edge_of(b)
    say(e.output_nr, e.node.name())
    say(grad((a * b).sum(), [e, edge_of(a)]))
    with torch.no_grad():
        v = x[:1]
    say.attempt(edge_of, v)


def edges_keep_graphs(torch, say):
    class Double(torch.autograd.Function):
        @staticmethod
        def forward(ctx, a):
            ctx.save_for_backward(a)
            return a * 2

        @staticmethod
        def backward(ctx, grad):
            return grad * 2 * ctx.saved_tensors[0]

    x = torch.ones(2, requires_grad=True)
    for call in (lambda: Double.apply(x * 1), lambda: (x * 3).exp() * 2, lambda: (x * 1)[0].view(1)):
        edge = torch.autograd.graph.get_gradient_edge(call())
        say(torch.autograd.grad(edge, x, torch.ones(edge.node._input_metadata[0].shape)))
    y = x * 3
    y.add_(1)
    before = torch.autograd.graph.get_gradient_edge(y)
    y.mul_(x)
    say(torch.autograd.grad(y.sum(), [before, torch.autograd.graph.get_gradient_edge(y), x]))


def nodes_as_objects(torch, say):
    x = torch.ones(2, requires_grad=True)
    n = (x * x).grad_fn
    Node = torch.autograd.graph.Node
    say(
        isinstance(n, Node),
        isinstance(n.next_functions[0][0], Node),
        isinstance(x, Node),
        issubclass(type(n), Node),
    )
    n.metadata["a"] = 1
    say(
        n.metadata,
        n.requires_grad,
        len(n._input_metadata),
        n._input_metadata[0].shape,
        n._input_metadata[0].dtype,
    )
    say.attempt(setattr, n, "metadata", {})
    say.attempt(setattr, n, "next_functions", ())

    class Double(torch.autograd.Function):
        @staticmethod
        def forward(ctx, a):
            return a * 2

        @staticmethod
        def backward(ctx, grad):
            return grad * 2

    f = Double.apply(x)
    say(isinstance(f.grad_fn, Node), f.grad_fn.name(), f.grad_fn.next_functions)
    f.grad_fn.metadata["b"] = 2
    say(f.grad_fn.metadata)
    f.grad_fn.register_hook(lambda gi, go: say("post", gi, go))
    f.grad_fn.register_prehook(lambda go: (go[0] * 3,))
    f.sum().backward()
    say(x.grad)


def nodes_called(torch, say):
    x = torch.ones(2, requires_grad=True)
    n = (x * x).grad_fn
    leaf = n.next_functions[0][0]
    for args in (
        (torch.ones(2),), (torch.ones(3),), (None,), (), (torch.ones(2), torch.ones(2)), (3,),
    ):  # fmt: skip
        say.attempt(leaf, *args)
        say(x.grad)
    for given in (
        torch.ones(3),
        torch.ones(1),
        torch.ones(2, dtype=torch.float64),
        torch.ones(2, requires_grad=True) * 2,
    ):
        x.grad = None
        say.attempt(leaf, given)
        say(x.grad, x.grad is given)
    with torch.no_grad():
        leaf(torch.ones(2))
    say(x.grad)
    x.grad = None
    leaf.register_hook(lambda gi, go: say("post", gi, go))
    leaf.register_prehook(lambda go: say("pre", go))
    x.register_hook(lambda g: say("tensor", g))
    x.register_post_accumulate_grad_hook(lambda t: say("after", t.grad))
    leaf(torch.ones(2))
    (x * x).sum().backward()
    y = torch.ones(2, requires_grad=True) * torch.ones(2, requires_grad=True)
    y.register_hook(lambda t: say("tensor"))
    y.grad_fn.register_hook(lambda a, b: say("post"))
    say(y.grad_fn(torch.ones(2)))
    say.attempt(y.grad_fn, torch.ones(3))


def gradient_dtype(torch, say):
    x = torch.ones(2, requires_grad=True)
    say(x.grad_dtype, torch.ones(2).grad_dtype, torch.ones(2, dtype=torch.int64).grad_dtype)
    y = x * 2
    say.attempt(getattr, y, "grad_dtype")
    x.grad_dtype = torch.float64
    for _ in range(2):
        (x * 2).sum().backward()
        say(x.grad_dtype, x.grad)
    say.attempt(setattr, x, "grad_dtype", torch.float32)
    x.grad = None
    x.grad_dtype = None
    say(x.grad_dtype)
    x.grad = torch.ones(2, dtype=torch.float64)
    say.attempt(setattr, x, "grad_dtype", torch.float32)
    (x * 2).sum().backward()
    say(x.grad)
    x.grad = None
    for wrong in (5, "float"):
        say.attempt(setattr, x, "grad_dtype", wrong)
    x.grad_dtype = torch.complex64
    (x * 2).sum().backward()
    say(x.grad)
    x = torch.ones(2, requires_grad=True)
    x.grad_dtype = torch.float64
    say.attempt(setattr, x, "grad", torch.ones(2))
    x.grad = torch.ones(2, dtype=torch.float64)
    say(x.grad, x.detach().grad_dtype)
    x = torch.ones(2)
    x.grad_dtype = torch.float64
    x.requires_grad_()
    (x * 2).sum().backward()
    say(x.grad_dtype, x.grad)
    x.grad = None
    x.requires_grad_(False)
    say(x.grad_dtype)
    x.requires_grad_()
    say(x.grad_dtype)
    x = torch.ones(2, requires_grad=True)
    x.grad_dtype = None
    (x.double() * 2).sum().backward()
    say(x.grad)
    x = torch.ones(2, requires_grad=True, dtype=torch.bfloat16)
    x.grad_dtype = torch.float32
    x.register_hook(lambda grad: say(grad.dtype))
    (x.float() * 2).sum().backward()
    say(x.grad, torch.autograd.grad((x * 2).sum(), x))
    x = torch.ones(2, requires_grad=True)
    x.data = torch.ones(2, dtype=torch.float16)
    say(x.grad_dtype)


def gradient_dtype_of_functions(torch, say):
    class Doubles(torch.autograd.Function):
        @staticmethod
        def forward(ctx, a):
            return a * 2

        @staticmethod
        def backward(ctx, grad):
            return grad.double() * 2

    for dtype in (None, torch.float16, torch.float64):
        x = torch.ones(2, requires_grad=True)
        y = Doubles.apply(x)
        x.grad_dtype = dtype
        y.sum().backward()
        Doubles.apply(x).sum().backward()
        say(x.grad, torch.autograd.grad(Doubles.apply(x).sum(), x))


def switches(torch, say):
    graph = torch.autograd.graph
    for switch in (
        graph.set_warn_on_accumulate_grad_stream_mismatch,
        graph.set_override_stale_capture_stream,
    ):
        say.attempt(switch, True)
        say.attempt(switch, enabled=False)
        say.attempt(switch, 1)
        say.attempt(switch, "a")
        say.attempt(switch)
    for budget in (0.5, True, 2, "a"):
        say.attempt(graph.region_activation_memory_budget, budget)


# ------------------------------------------------------------------------------------------------ order of hooks
def documented_order(torch, say):
    """The note "Backward Hooks execution": tensor hooks, then retained gradients, then node pre-hooks, node, node hooks."""
    x = torch.ones(2, requires_grad=True)
    y = x * 2
    y.grad_fn.register_hook(lambda gi, go: say("node post", gi[0], go[0]))
    y.grad_fn.register_prehook(lambda go: (say("node pre", go[0]), (go[0] * 10,))[1])
    y.retain_grad()
    y.register_hook(lambda g: (say("tensor 1", g), g * 2)[1])
    y.register_hook(lambda g: (say("tensor 2", g), g * 2)[1])
    x.register_post_accumulate_grad_hook(lambda t: say("accumulated", t.grad))
    leaf = y.grad_fn.next_functions[0][0]
    leaf.register_hook(lambda gi, go: say("leaf post", gi, go))
    leaf.register_prehook(lambda go: (say("leaf pre", go[0]), (go[0] + 1,))[1])
    x.register_hook(lambda g: (say("leaf tensor", g), g + 1)[1])
    y.sum().backward()
    say(x.grad, y.grad)


def hooks_of_what_is_asked_for(torch, say):
    """Of a tensor given as `inputs`, tensor hooks run and those of its node do not (it is not executed)."""
    x = torch.ones(2, requires_grad=True)

    def fresh():
        y = x * 2
        y.register_hook(lambda g: (say("tensor"), g * 2)[1])
        y.grad_fn.register_prehook(lambda go: (say("pre"), (go[0] * 3,))[1])
        y.grad_fn.register_hook(lambda gi, go: say("post"))
        return y, y * 3

    handle = x.register_hook(lambda g: (say("leaf"), g * 5)[1])
    x.register_post_accumulate_grad_hook(lambda t: say("after"))
    y, z = fresh()
    say(torch.autograd.grad(z.sum(), y, retain_graph=True))
    say(torch.autograd.grad(z.sum(), [y, x], retain_graph=True))
    say(torch.autograd.grad(z.sum(), x, retain_graph=True))
    z.sum().backward(inputs=[y], retain_graph=True)
    say(x.grad, y.grad)
    z.sum().backward(inputs=[x, y], retain_graph=True)
    say(x.grad, y.grad)
    z.sum().backward(inputs=[x], retain_graph=True)
    say(x.grad, y.grad)
    z.sum().backward()
    say(x.grad, y.grad)
    handle.remove()
    leaf = x.view_as(x).grad_fn.next_functions[0][0]
    leaf.register_prehook(lambda go: (say("leaf pre"), (go[0] * 7,))[1])
    leaf.register_hook(lambda gi, go: say("leaf post"))
    y, z = fresh()
    say(torch.autograd.grad(z.sum(), x, retain_graph=True))
    z.sum().backward(inputs=[x])
    say(x.grad)


def hooks_and_writes(torch, say):
    """A hook registered before a write gets the gradient of the value from before it; a retained gradient follows the tensor."""
    x = torch.ones(2, requires_grad=True)
    y = x * 2
    y.register_hook(lambda g: say("before", g))
    y.retain_grad()
    y.mul_(3)
    y.register_hook(lambda g: say("after", g))
    y.sum().backward()
    say(y.grad, x.grad)
    y = x.clone()
    y.register_hook(lambda g: say("base before", g))
    y[0].mul_(4)
    y.register_hook(lambda g: say("base after", g))
    y.sum().backward()


def corners_of_inputs(torch, say):
    x, w = torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)
    y = x * w
    z = (y * 2).sum()
    z.backward(inputs=[y, x, x], retain_graph=True)
    say(x.grad, w.grad, y.grad)
    z.backward(inputs=y, retain_graph=True)
    say(y.grad)
    z.backward(inputs=[torch.ones(2, requires_grad=True), w], retain_graph=True)
    say(x.grad, w.grad)
    z.backward(inputs=(z,), retain_graph=True)
    say(z.grad, x.grad)
    say.attempt(z.backward, inputs=[torch.ones(2)])
    say.attempt(z.backward, inputs=[])
    say.attempt(z.backward, inputs=[None])
    say.attempt(z.backward, inputs=[x.detach()])
    v = x[:1]
    say.attempt(z.backward, inputs=[v], retain_graph=True)
    say(v.grad)
    x.backward(torch.ones(2), inputs=[x])
    say(x.grad)
    z.backward(inputs=[x])
    say.attempt(z.backward, inputs=[x])
