"""The tests of the tests: a derivative rule that is wrong by 0.1 % is noticed, at first and at second order.

Every rule in the registry is damaged in turn, in two ways: its value (first order), and its derivative
alone, the value being right (second order). Then the oracle's checks run on samples that use the rule,
and must find a difference.
"""

import functools

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("expecttest")

import leafgrad  # noqa: E402
from leafgrad.op.record import REGISTRY  # noqa: E402

from .oracle import checks  # noqa: E402
from .oracle.samples import OPS, Call, differentiates, function, samples, tensors  # noqa: E402

pytestmark = [pytest.mark.oracle, pytest.mark.filterwarnings("ignore")]

# Rules that no sample of op_db reaches, and what tests them.
ELSEWHERE = {
    **dict.fromkeys(("max_3", "min_3", "median_3", "nanmedian_3"), "tests/test_vmap_oracle.py"),  # of samples
    "lift": "tests/test_transforms_fuzz.py",
}

_NAMES = {op: name for name, op in REGISTRY.items()}


def _refuses(rule):
    """Whether the rule only says that there is none."""
    return "not_" in rule.fn.__qualname__


MUTANTS = [
    pytest.param(name, i, id=f"{name}-{'all' if op.joint else op.inputs[i]}")
    for name, op in REGISTRY.items()
    for i, rule in enumerate([op.joint] if op.joint else op.rules)
    if rule is not None and not _refuses(rule) and name not in ELSEWHERE
]


@functools.cache
def _users():
    """For each rule (op, input) what runs it: (entry of op_db, dtype, in place or not, sample, order)."""
    users = {}
    for name, entry in OPS.items():
        for dtype in ("float64", "complex128"):
            for in_place in (False, True):
                if differentiates(entry, dtype) and (not in_place or checks.in_place_method(leafgrad, entry)):
                    for n, sample in enumerate(samples(entry, dtype, grad=True, most=8)):
                        for order, rule in _rules_run(entry, sample, in_place):
                            users.setdefault(rule, []).append((name, dtype, in_place, n, order))
    # The entry of the rule's own name first; second order and complex numbers only where nothing simpler is.
    simple = lambda rule: lambda u: (u[4], u[0] != rule[0], u[1] == "complex128", u[2], -u[3])
    return {rule: sorted(found, key=simple(rule)) for rule, found in users.items()}


def _rules_run(entry, sample, in_place):
    """(order, rule) of what backward of this sample runs at orders 1 to 3."""
    pick = checks.in_place_method if in_place else function
    call = (
        Call(leafgrad, pick(leafgrad, entry), sample, in_place=in_place) if _fits(sample, in_place) else None
    )
    out, error = checks.attempt(call.run) if call else (None, True)
    outs, wrt, seen = [] if error else tensors(leafgrad, out), call.leaves if call else [], set()
    for order in (1, 2, 3):
        outs = [t for t in outs or () if t is not None and t.requires_grad]
        if not outs:
            return
        rules = set(_rules_above(outs)) - seen
        yield from ((order, rule) for rule in rules)
        seen |= rules
        ones = [leafgrad.ones(tuple(t.shape), dtype=t.dtype, requires_grad=True) for t in outs]
        outs, _ = checks.attempt(
            leafgrad.autograd.grad, outs, wrt, ones, create_graph=True, allow_unused=True
        )
        wrt = [*wrt, *ones]


def _fits(sample, in_place):
    return not in_place or isinstance(sample.input, torch.Tensor)


def _rules_above(outs):
    """(op, input) of every rule that backward from here would run."""
    stack, seen = [t.grad_fn for t in outs], set()
    while stack:
        node = stack.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        stack.extend(n for n, _ in node.next_functions)
        op = getattr(type(node), "op", None)
        if op is not None and op.joint:
            yield _NAMES[op], 0
        elif op is not None:
            yield from ((_NAMES[op], i) for i, e in enumerate(node.edges) if e is not None)


def _each(change, found):
    """`change` applied to whatever a rule returned: a gradient, several, or None."""
    if isinstance(found, tuple | list):
        return type(found)(_each(change, g) for g in found)
    return found if found is None else change(found)


def _off(g):
    """Wrong by 0.1 %, or by 0.001 where everything is zero."""
    return g * 1.001 if abs(g).sum() else g + 0.001


def _bent(g):
    """The right value with a derivative that is 0.1 % too large."""
    return g + (g - g.detach()) * 0.001


def _checks_fail(name, i, damage, monkeypatch, higher):
    """Whether a check notices the damage, at the order where the rule is first run or one higher."""
    rule = REGISTRY[name].joint or REGISTRY[name].rules[i]
    right = rule.fn
    users = _users().get((name, i), [])
    assert users, "no sample runs this rule"
    bare = rule.bare
    monkeypatch.setattr(REGISTRY[name], "node_class", None)  # the class of its nodes has looked at the rules
    monkeypatch.setattr(rule, "fn", lambda *args: _each(damage, right(*args)))
    monkeypatch.setattr(rule, "bare", lambda *args: _each(damage, bare(*args)))
    return any(
        checks.gradients(OPS[user], dtype, order=order + higher, in_place=in_place, only=n)
        for user, dtype, in_place, n, order in users[:12]
    )


@pytest.mark.parametrize(("name", "i"), MUTANTS)
def test_a_wrong_rule_is_noticed(monkeypatch, name, i):
    assert _checks_fail(name, i, _off, monkeypatch, higher=0)


@pytest.mark.parametrize(("name", "i"), MUTANTS)
def test_a_wrong_derivative_of_a_rule_is_noticed(monkeypatch, name, i):
    bent, size = [], []

    def bend(g):
        size.append(abs(g).sum())
        if isinstance(g, leafgrad.Tensor) and g.requires_grad:
            bent.append(g)
            return _bent(g)
        return g

    noticed = _checks_fail(name, i, bend, monkeypatch, higher=1)
    flat = not bent and not any(size)  # the derivative of a constant zero cannot be wrong
    assert noticed or flat
