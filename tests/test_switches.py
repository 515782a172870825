"""The seldom switches of the engine (autograd/switches.py): the program must say the same on torch."""

# ruff: noqa: B023  (what is said is said within the loop; tables of calls)

import importlib

import pytest

import leafgrad
from tests.test_programs import transcript

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.oracle


def switches(torch, say):
    grad_mode = importlib.import_module(torch.__name__ + ".autograd.grad_mode")
    autograd = torch.autograd
    threads, layout = autograd.set_multithreading_enabled, autograd.enforce_grad_layout_policy
    replay, preserve = grad_mode._force_original_view_tracking, grad_mode._unsafe_preserve_version_counter
    for kind in (threads, layout, replay):
        for bad in (1, None, "x"):
            say.attempt(kind, bad)
    for kind, asked in (
        (threads, autograd.is_multithreading_enabled),
        (replay, autograd.is_view_replay_enabled),
    ):
        say(asked())
        with kind(False):
            say(asked())
            with kind(True):
                say(asked())
            say(asked())
        say(asked())
        kind(False)
        say(asked())
        kind(True)

        @kind(False)
        def ask(asked=asked):
            return asked()

        say(asked(), ask(), asked())
        kind(kind is threads)
        say(asked())
    for on in (False, True):
        with replay(on):
            y = torch.ones(2, 3, requires_grad=True) * 1
            views = [
                y.view(6),
                y.view(6)[1:3],
                y.t(),
                y.view(3, 2).t().select(0, 1),
                y.unsqueeze(0).expand(2, 2, 3),
                y.narrow(0, 0, 1),
            ]
            views += y.split(1)
            y.view(6)[2:4].mul_(2)
            for v in views[:6]:
                say(v.grad_fn.name(), v.grad_fn.next_functions[0][0].name())
            say.attempt(lambda: views[-1].grad_fn)
            views[1].mul_(3)
            leaf = torch.ones(2, 3, requires_grad=True)
            y = leaf * 1
            t = y.t()[1]
            y.view(6)[2:5].mul_(2)
            t.mul_(3)
            (t.sum() + y.sum()).backward()
            say(leaf.grad)
    p = torch.empty(2, 3, 4).permute(2, 0, 1).requires_grad_()
    for on in (True, False):
        p.grad = None
        with layout(on):
            (p * torch.ones(4, 2, 3)).sum().backward()
            say(p.grad.stride(), p.stride())
    layout(True)
    layout()
    x, y = torch.ones(3), torch.ones(3)
    with preserve(x):
        x.add_(1)
        say(x._version)
    say(x._version, x)
    with preserve((x, y)):
        y.add_(1)
        x.add_(1)
    say(x._version, y._version)
    say.attempt(preserve, [x])
    say.attempt(preserve, 3)
    with torch.inference_mode():
        q = torch.ones(1)
    say.attempt(preserve, q)
    w = torch.ones(3, requires_grad=True)
    z = w * x
    with preserve(x):
        x.mul_(5)
    say.attempt(z.sum().backward)
    say(w.grad)


def test_switches():
    assert transcript(switches, leafgrad) == transcript(switches, torch)
