"""Checkpoints of both kinds: what is called, how often, with which result."""

import contextlib
import functools


def leaf(torch, *shape):
    return torch.linspace(0.1, 1, 6).reshape(*(shape or (6,))).requires_grad_()


class Counted:
    """A function that counts its calls."""

    def __init__(self, function):
        self.function, self.calls = function, 0

    def __call__(self, *args, **kwargs):
        self.calls += 1
        return self.function(*args, **kwargs)


def both_kinds(torch, say):
    ck = torch.utils.checkpoint
    for kind in (True, False):
        x, w = leaf(torch), leaf(torch)
        f = Counted(lambda a, b, n: ((a * b).exp() * n).sin())
        y = ck.checkpoint(f, x, w, 3, use_reentrant=kind)
        say(f.calls, y, y.grad_fn.name(), y.requires_grad)
        (y * y).sum().backward()
        say(f.calls, x.grad, w.grad)


def without_a_choice(torch, say):
    ck = torch.utils.checkpoint
    x = leaf(torch)
    say(ck.checkpoint(torch.sin, x))
    say(ck.checkpoint_sequential([torch.sin, torch.cos], 2, x))
    say.attempt(ck.checkpoint, torch.sin, x, wrong=1)
    say.attempt(ck.checkpoint_sequential, [torch.sin], 1, x, wrong=1, other=2)


def arguments(torch, say):
    ck = torch.utils.checkpoint
    x = leaf(torch)
    contexts = lambda: (contextlib.nullcontext(), contextlib.nullcontext())
    call = functools.partial(say.attempt, ck.checkpoint, torch.sin, x)
    call(use_reentrant=True, wrong=1, other=2)
    call(use_reentrant=True, context_fn=contexts)
    call(use_reentrant=True, debug=True)
    call(use_reentrant=True, determinism_check="wrong")
    call(use_reentrant=False, determinism_check="wrong")
    call(use_reentrant=False, determinism_check=[])
    call(use_reentrant=False, debug=True, context_fn=contexts)
    call(use_reentrant=False, debug=True, context_fn=contexts, determinism_check="wrong")
    call(use_reentrant=False, context_fn=lambda: 1)
    call(use_reentrant=False, context_fn=lambda: (1, 2))
    call(use_reentrant=False, context_fn=lambda: (1, 2, 3))
    call(use_reentrant=False, preserve_rng_state=False, wrong=1)
    call(use_reentrant=1)
    call(use_reentrant=0)
    with torch.no_grad():
        call(use_reentrant=False)
        call(use_reentrant=True)
        call(use_reentrant=False, determinism_check="wrong")
        call(use_reentrant=False, debug=True, context_fn=contexts)
    say.attempt(ck.checkpoint)
    say.attempt(ck.checkpoint, None, x, use_reentrant=False)
    say.attempt(ck.checkpoint, None, x, use_reentrant=True)
    say.attempt(ck.checkpoint, lambda: 1, use_reentrant=True)
    say.attempt(ck.checkpoint, lambda: 1, use_reentrant=False)
    say.attempt(ck.checkpoint, torch.sin, x.detach(), use_reentrant=True)
    with torch.autograd.graph.disable_saved_tensors_hooks("no hooks"):
        call(use_reentrant=True)
        call(use_reentrant=False)


def outputs_of_all_kinds(torch, say):
    ck = torch.utils.checkpoint
    for kind in (True, False):
        x = leaf(torch)
        f = Counted(lambda a, b: (a.exp(), a, b, None, [a], a.sin()))
        outs = ck.checkpoint(f, x, "b", use_reentrant=kind)
        say(outs)
        outs[0].sum().backward()
        say(f.calls, x.grad)
        say.attempt(outs[5].sum().backward)
        say(f.calls, x.grad)
        say(ck.checkpoint(lambda a: {"sum": a.sum()}, x, use_reentrant=kind))
        say(ck.checkpoint(lambda a: a.long(), x, use_reentrant=kind))
        say.attempt(ck.checkpoint(lambda a: a[:2], x, use_reentrant=kind).mul_, 2)


def arguments_by_keyword_and_in_lists(torch, say):
    ck = torch.utils.checkpoint
    x, w = leaf(torch), leaf(torch)
    f = Counted(lambda both, *, scale: both[0].exp() * both[1].sin() * scale)
    ck.checkpoint(f, [x, w * 2], scale=w.cos(), use_reentrant=False).sum().backward()
    say(f.calls, x.grad, w.grad)
    f = Counted(lambda *, a: a.sin().exp())
    ck.checkpoint(f, a=x, use_reentrant=False).sum().backward()
    say(f.calls, x.grad)


def ways_of_calling_backward(torch, say):
    ck = torch.utils.checkpoint
    for kind in (True, False):
        x, w = leaf(torch), leaf(torch)
        f = Counted(lambda a, b: (a.exp() * b.sin()).tanh())
        call = lambda kind=kind, f=f, x=x, w=w: ck.checkpoint(f, x, w, use_reentrant=kind).sum()
        say.attempt(torch.autograd.grad, call(), x)
        say.attempt(torch.autograd.grad, call(), (x, w))
        say.attempt(call().backward, inputs=[w])
        say(f.calls, x.grad, w.grad)
        y = call()
        y.backward(retain_graph=True)
        y.backward()
        say(f.calls, x.grad, w.grad)
        say.attempt(y.backward)
        y = call()
        say.attempt(y.backward, torch.ones(2))
        say.attempt(lambda y=y: torch.autograd.backward([y, y]))
        say(f.calls, x.grad)


def second_order(torch, say):
    ck = torch.utils.checkpoint
    for early in (True, False):
        x = leaf(torch)
        f = Counted(lambda a: a.sin().exp())
        y = ck.checkpoint(f, x, use_reentrant=False, early_stop=early)
        (g,) = torch.autograd.grad(y.sum(), x, create_graph=True)
        say(f.calls, g.grad_fn.name())
        (h,) = torch.autograd.grad((g * g).sum(), x)
        say(f.calls, h)


def backward_inside(torch, say):
    ck = torch.utils.checkpoint

    def f(a):
        b = a.sin()
        (g,) = torch.autograd.grad(b.cos().sum(), a, create_graph=True)
        return (g * b).exp()

    for early in (True, False):
        x, counted = leaf(torch), Counted(f)
        ck.checkpoint(counted, x, use_reentrant=False, early_stop=early).sum().backward()
        say(counted.calls, x.grad)
    say.attempt(lambda: ck.checkpoint(f, x, use_reentrant=True))


def nested(torch, say):
    ck = torch.utils.checkpoint
    order = []

    def named(name, function):
        def call(*args):
            order.append(name)
            return function(*args)

        return call

    for outer, inner in ((False, False), (True, False), (False, True), (True, True)):
        x = leaf(torch)
        f = named("f", lambda a: a.sin().exp())
        g = named("g", lambda a: (a * a).cos())
        h = lambda a, f=f, g=g, inner=inner: ck.checkpoint(
            g, ck.checkpoint(f, a, use_reentrant=inner).tanh(), use_reentrant=inner
        ).exp()
        twice = lambda a, h=h, inner=inner: ck.checkpoint(named("h", h), a.sin(), use_reentrant=inner).cos()
        order.clear()
        y = ck.checkpoint(named("all", twice), x * 1, use_reentrant=outer)
        y.sum().backward(retain_graph=not outer)
        say(order, x.grad)
        if not outer and not inner:
            y.sum().backward()
            say(order, x.grad)


def early_stop(torch, say):
    ck = torch.utils.checkpoint
    x, reached = leaf(torch), []

    def f(a):
        b = a.sin().exp()
        reached.append("end")
        return b + 1

    ck.checkpoint(f, x, use_reentrant=False).sum().backward()
    say(reached)
    ck.checkpoint(f, x, use_reentrant=False, early_stop=False).sum().backward()
    say(reached)
    with ck.set_checkpoint_early_stop(False):
        y = ck.checkpoint(f, x, use_reentrant=False)
    y.sum().backward()
    say(reached)
    with ck.set_checkpoint_early_stop(True):
        y = ck.checkpoint(f, x, use_reentrant=False, early_stop=False)
        with ck.set_checkpoint_early_stop(None):
            z = ck.checkpoint(f, x, use_reentrant=False, early_stop=False)
    y.sum().backward()
    say(reached)
    z.sum().backward()
    say(reached)
    ck.checkpoint(f, x, use_reentrant=True).sum().backward()
    say(reached, x.grad)


def random_numbers(torch, say):
    ck = torch.utils.checkpoint
    for kind in (True, False):
        for kept in (True, False):
            seen = []

            def f(a, seen=seen):
                noise = torch.rand(6)
                seen.append(noise.tolist())
                return (a * noise).sin() * torch.nn.functional.dropout(a, 0.5).exp()

            x = leaf(torch)
            torch.manual_seed(3)
            torch.randn(3)
            y = ck.checkpoint(f, x, use_reentrant=kind, preserve_rng_state=kept)
            say(torch.rand(2))
            y.sum().backward()
            say(seen[0] == seen[1], seen, x.grad, torch.rand(2), torch.randn(3))


def another_number_of_tensors(torch, say):
    ck = torch.utils.checkpoint

    def attempt(lengths, **named):
        x, rest = leaf(torch), list(lengths)

        def f(a):
            for _ in range(rest.pop(0)):
                a = a.sin()
            return a

        say.attempt(ck.checkpoint(f, x, use_reentrant=False, **named).sum().backward)
        say(x.grad)

    for lengths in ((1, 2), (3, 2), (2, 2)):
        for early in (True, False):
            for check in ("default", "none"):
                attempt(lengths, early_stop=early, determinism_check=check)
        attempt(lengths, debug=True, early_stop=False)
    with ck.set_checkpoint_debug_enabled(True):
        attempt((3, 2))
        with ck.set_checkpoint_debug_enabled(False):
            attempt((3, 2), debug=True)
        with ck.set_checkpoint_debug_enabled(None):
            attempt((3, 2))


def other_metadata(torch, say):
    ck = torch.utils.checkpoint
    for change in (lambda a: a[1:], lambda a: a.double(), lambda a: a.reshape(2, 3)):
        for named in ({}, {"determinism_check": "none"}, {"debug": True}):
            x, turns = leaf(torch), [lambda a: a, change]
            f = lambda a, turns=turns: (turns.pop(0)(a).sin().cos() * 2).sum()
            y = ck.checkpoint(f, x, use_reentrant=False, **named)
            say.attempt(y.backward)
            try:
                turns[:] = [change]
                y.backward()
            except ck.CheckpointError as error:
                text = str(error)
                say("position 0" in text, "{'shape': torch.Size([6]), 'dtype': torch.float32" in text)
                say(type(error.__cause__).__name__)
            except RuntimeError as error:
                say(type(error).__name__)
            say(x.grad)


def unpacked_twice(torch, say):
    ck = torch.utils.checkpoint

    class Twice(torch.autograd.Function):
        @staticmethod
        def forward(ctx, a):
            ctx.save_for_backward(a)
            return a * 2

        @staticmethod
        def backward(ctx, grad):
            say(ctx.saved_tensors)
            return grad * ctx.saved_tensors[0]

    x = leaf(torch)
    say.attempt(ck.checkpoint(Twice.apply, x * 1, use_reentrant=False).sum().backward)
    f = Counted(lambda a: a.sin().cos())
    y = ck.checkpoint(f, x, use_reentrant=False)
    say(y.grad_fn._saved_self, f.calls)
    say(y.grad_fn._saved_self, f.calls)
    y.sum().backward()
    say(x.grad, f.calls)


def groups(torch, say):
    ck = torch.utils.checkpoint
    x = leaf(torch)
    f = Counted(lambda a: (a.sin(), a.cos()))
    with ck.GraphExecGroup() as group:
        say(ck.GraphExecGroup._get_current_group() is group)
        a, b = ck.checkpoint(f, x, use_reentrant=False)
        a.sum().backward()
        b.sum().backward()
        say(f.calls, x.grad)
        try:
            ck.GraphExecGroup().__enter__()
        except RuntimeError as error:
            say(str(error).partition("<")[0])
        y = ck.checkpoint(lambda a: a.sin().cos(), x, use_reentrant=False).sum()
        y.backward(retain_graph=True)
        say.attempt(y.backward)
        try:
            y.backward()
        except ck.CheckpointError as error:
            say("while under the torch.utils.checkpoint.GraphExecGroup context" in str(error))
    say(ck.GraphExecGroup._get_current_group())
    a, b = ck.checkpoint(f, x, use_reentrant=False)
    a.sum().backward()
    b.sum().backward()
    say(f.calls, x.grad)


def contexts(torch, say):
    ck = torch.utils.checkpoint
    order = []

    class Named:
        def __init__(self, name, swallows=False):
            self.name, self.swallows = name, swallows

        def __enter__(self):
            order.append("enter " + self.name)

        def __exit__(self, kind, *_):
            order.append(("exit " + self.name, kind is not None))
            return self.swallows

    def pair():
        order.append("asked")
        return Named("first"), Named("second")

    for early in (True, False):
        x = leaf(torch)
        f = Counted(lambda a: a.sin().exp())
        y = ck.checkpoint(f, x, use_reentrant=False, context_fn=pair, early_stop=early).sum()
        y.backward(retain_graph=True)
        y.backward()
        say(order, f.calls, x.grad)
        order.clear()
    with torch.no_grad():
        ck.checkpoint(f, x, use_reentrant=False, context_fn=pair)
    say(order)

    def fails(a):
        raise ValueError("mine")

    swallow = lambda: (Named("first", True), Named("second", True))
    say.attempt(ck.checkpoint, fails, x, use_reentrant=False, context_fn=swallow)
    say.attempt(ck.checkpoint, fails, x, use_reentrant=False, context_fn=pair)
    say.attempt(ck.checkpoint, fails, x, use_reentrant=False)
    say.attempt(ck.checkpoint, fails, x, use_reentrant=True)
    turns = [torch.sin, fails]
    say.attempt(ck.checkpoint(lambda a: turns.pop(0)(a), x, use_reentrant=False).sum().backward)
    turns = [torch.sin, fails]
    say.attempt(ck.checkpoint(lambda a: turns.pop(0)(a), x, use_reentrant=True).sum().backward)


def arguments_that_were_written(torch, say):
    ck = torch.utils.checkpoint
    for kind in (True, False):
        x = leaf(torch)
        a = x * 1
        y = ck.checkpoint(lambda a: a.sin().exp(), a, use_reentrant=kind)
        a.add_(1)
        say.attempt(y.sum().backward)
        n = torch.arange(6.0)
        y = ck.checkpoint(lambda a, n: a.sin() * n, x, n, use_reentrant=kind)
        n.add_(1)
        say.attempt(y.sum().backward)


def writes_inside(torch, say):
    ck = torch.utils.checkpoint
    for kind in (True, False):
        x = leaf(torch)

        def f(a):
            b = a.sin()
            b.mul_(2)
            b[1:3].exp_()
            return b.view(2, 3).cos()

        ck.checkpoint(f, x * 1, use_reentrant=kind).sum().backward()
        say(x.grad)


def hooks_outside(torch, say):
    ck = torch.utils.checkpoint
    x, packed = leaf(torch), []

    def pack(t):
        packed.append(tuple(t.shape))
        return t.detach()

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda t: t):
        y = ck.checkpoint(lambda a, n: (a * n).sin().exp(), x * 2, torch.ones(6), use_reentrant=False)
        z = ck.checkpoint(lambda a: a.sin().exp(), y, use_reentrant=True)
    say(packed)
    z.sum().backward()
    say(packed, x.grad)


def in_order(torch, say):
    ck = torch.utils.checkpoint
    for kind in (True, False):
        for length, segments in ((5, 2), (6, 4), (7, 3), (4, 4), (3, 1), (2, 5), (4, -1), (3, 0), (0, 1)):
            log = []

            def step(i, log=log):
                return lambda a: (log.append(i), a.sin())[1]

            functions = [step(i) for i in range(length)]
            x = leaf(torch)
            try:
                y = ck.checkpoint_sequential(functions, segments, x, use_reentrant=kind)
                y.sum().backward()
            except Exception as error:
                say(type(error).__name__, error)
            say(length, segments, log, x.grad)
    call = functools.partial(say.attempt, ck.checkpoint_sequential)
    call((torch.sin, torch.cos), 2, leaf(torch), use_reentrant=False, preserve_rng_state=False)
    call((torch.sin, torch.cos), 2, leaf(torch), use_reentrant=False, debug=True)
    call((torch.sin, torch.cos), 2.0, leaf(torch), use_reentrant=False)
    call((torch.sin, torch.cos), "2", leaf(torch), use_reentrant=False)
    call(iter([torch.sin]), 1, leaf(torch), use_reentrant=False)
    call()


def small_functions(torch, say):
    ck = torch.utils.checkpoint
    x = leaf(torch)
    say(ck.detach_variable((x, x * 2, x.detach(), torch.arange(3), "s", None)))
    say.attempt(ck.detach_variable, [x])
    say.attempt(ck.detach_variable, x)
    for inputs in ((x,), (1, x.detach()), (), x.detach(), [x], iter([x])):
        say(ck.check_backward_validity(inputs))
    say.attempt(ck.check_backward_validity, 3)
    say(ck.get_device_states(x, [x]), ck.get_device_states())
    default = ck.DefaultDeviceType.get_device_type()
    try:
        for name in ("cpu", "xpu", "nothing"):
            ck.DefaultDeviceType.set_device_type(name)
            say(ck.DefaultDeviceType.get_device_type())
            say.attempt(ck.get_device_states, x)
            say.attempt(ck.set_device_states, [], [])
        say.attempt(ck.checkpoint, torch.sin, x, use_reentrant=False)
        say.attempt(ck.checkpoint, torch.sin, x, use_reentrant=True)
    finally:
        ck.DefaultDeviceType.set_device_type(default)
    say.attempt(ck.set_device_states, [0], [x], device_type="cpu")
    say.attempt(ck.set_device_states, [0], [x], device_type="nothing")
    say.attempt(ck.set_device_states, [], [], device_type="nothing")
    say([type(c).__name__ for c in ck.noop_context_fn()])
    say(issubclass(ck.CheckpointError, RuntimeError), list(ck.CheckpointPolicy))
    say(vars(ck.SelectiveCheckpointContext(is_recompute=False, op_output=3)))
    say.attempt(ck.SelectiveCheckpointContext)


def selective(torch, say):
    ck, aten = torch.utils.checkpoint, torch.ops.aten
    keep, again = ck.CheckpointPolicy.MUST_SAVE, ck.CheckpointPolicy.PREFER_RECOMPUTE
    asked = []

    def policy(answer):
        def ask(ctx, op, *args, **kwargs):
            asked.append(
                (str(op), ctx.is_recompute, len(args), tuple(ctx.op_output.shape), ctx.op_output.grad_fn)
            )
            return answer(op)

        return ask

    def f(a):
        b = (a @ a.t()).sin()
        return (b * 2).exp().cos().sum()

    plain = leaf(torch, 2, 3)
    f(plain).backward()
    answers = [lambda op: keep, lambda op: again, lambda op: True, lambda op: False, lambda op: None]
    answers += [lambda op: op == aten.mm.default, lambda op: keep if op is aten.exp.default else again]
    answers += [lambda op: ck.CheckpointPolicy.PREFER_CPU_OFFLOAD]
    for answer in answers:
        x = leaf(torch, 2, 3)
        make = functools.partial(ck.create_selective_checkpoint_contexts, policy(answer))
        y = ck.checkpoint(f, x, use_reentrant=False, context_fn=make)
        say(asked)
        asked.clear()
        y.backward(retain_graph=True)
        say(asked, torch.equal(x.grad, plain.grad))
        say.attempt(y.backward)
        asked.clear()


def selective_lists(torch, say):
    ck, aten = torch.utils.checkpoint, torch.ops.aten
    f = lambda a: (a @ a.t()).sin().exp().sum()
    for ops in ([], [aten.mm.default], [aten.mm.default, aten.exp.default], [aten.sin.default]):
        x = leaf(torch, 2, 3)
        make = functools.partial(ck.create_selective_checkpoint_contexts, ops)
        ck.checkpoint(f, x, use_reentrant=False, context_fn=make).backward()
        say(x.grad)
    say.attempt(ck.create_selective_checkpoint_contexts, None)
    say.attempt(ck.create_selective_checkpoint_contexts, (aten.mm.default,))
    for wrong in ([aten.mm], [3]):
        try:
            ck.create_selective_checkpoint_contexts(wrong)
        except ValueError as error:
            say(str(error).partition("<class")[0], "change it to `torch.ops.aten.mm.default`" in str(error))


def selective_writes(torch, say):
    ck, aten = torch.utils.checkpoint, torch.ops.aten
    make = functools.partial(ck.create_selective_checkpoint_contexts, [aten.mm.default])

    def writes(a):
        b = a @ a.t()
        c = b.sin()
        b.add_(1)
        return c.sum()

    x = leaf(torch, 2, 3)
    say.attempt(ck.checkpoint(writes, x, use_reentrant=False, context_fn=make).backward)
    make = functools.partial(make, allow_cache_entry_mutation=True)
    ck.checkpoint(writes, x, use_reentrant=False, context_fn=make).backward()
    say(x.grad)


def selective_surprises(torch, say):
    ck, aten = torch.utils.checkpoint, torch.ops.aten
    make = functools.partial(ck.create_selective_checkpoint_contexts, [aten.mm.default])

    def attempt(first, second):
        x, turns = leaf(torch, 2, 3), [first, second]
        f = lambda a: turns.pop(0)(a).sin().cos().sum()
        say.attempt(ck.checkpoint(f, x, use_reentrant=False, early_stop=False, context_fn=make).backward)

    attempt(lambda a: a.sin(), lambda a: a @ a.t())
    attempt(lambda a: a @ a.t(), lambda a: (a @ a.t()) @ (a @ a.t()))
    attempt(lambda a: a @ a.t(), lambda a: a @ a.t())


def selective_views_and_several_results(torch, say):
    ck = torch.utils.checkpoint
    keep = functools.partial(ck.create_selective_checkpoint_contexts, lambda ctx, op, *a, **k: True)

    def f(a):
        top, _ = a.max(0)
        left, right = a.split([1, 2], 1)
        turned = (a @ a.t()).t().reshape(-1)[1:]
        return top.sin().sum() + (left.cos() * right.sin()).sum() + turned.exp().sum()

    for named in ({}, {"context_fn": keep}):
        x = leaf(torch, 2, 3)
        ck.checkpoint(f, x, use_reentrant=False, **named).backward()
        say(x.grad)
