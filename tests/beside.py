"""One expression on torch and on leafgrad: what it returns, with its history and its place in memory, or how it fails."""

import warnings

import numpy as np

from .both import first_sentence

TENSORS = {
    "x": "torch.arange(6.0, dtype=torch.float64).reshape(2, 3)",
    "C": "torch.arange(12.0, dtype=torch.float64).reshape(2, 2, 3) / 4",
    "A": "torch.arange(9.0, dtype=torch.float64).reshape(3, 3)",
    "v": "torch.arange(3.0, dtype=torch.float64)",
    "s": "torch.tensor(1.5, dtype=torch.float64)",
    "o": "torch.ones(1, 3, 1, dtype=torch.float64)",
    "e": "torch.zeros(0, 3, dtype=torch.float64)",
}
OTHERS = {
    "k": "torch.tensor([1, 2, 0])",
    "i": "torch.tensor([0, 1])",
    "idx": "torch.tensor([[0, 1, 1], [1, 0, 0]])",
    "m": "torch.tensor([True, False, True])",
    "n": "torch.arange(6).reshape(2, 3)",
    "z": "torch.tensor([1 + 2j, -1j, 0.5])",
}


def scope(module, grads):
    """The names that an expression may use; with `grads`, the floating-point ones are not leaves and require grad."""
    names = {"torch": module, "F": module.nn.functional, "np": np}
    for name, text in {**TENSORS, **OTHERS}.items():
        names[name] = eval(text, names)
    for name in TENSORS:
        leaf = names[name].requires_grad_(grads)
        names["leaf_" + name] = leaf
        names[name] = leaf * 1 if grads else leaf
    return names


def chain(node):
    """The name of a node and of those behind it."""
    if node is None:
        return None
    return node.name(), tuple(n.name() if n else None for n, _ in node.next_functions)


def describe(found, strides=True):
    """What can be compared: of a tensor its values, dtype, geometry, history; of a container each item."""
    if isinstance(found, tuple | list) and type(found).__name__ != "Size":
        return type(found).__name__, [describe(f, strides) for f in found]
    if not hasattr(found, "grad_fn"):
        return type(found).__name__, str(found) if isinstance(found, type) else found
    place = (tuple(found.stride()), found.storage_offset()) if strides else ()
    history = (chain(found.grad_fn), found._is_view(), found._version, found.requires_grad)
    return str(found.dtype), tuple(found.shape), place, history, np.asarray(found.detach().tolist()).tolist()


def outcome(module, expression, grads=False, strides=True, statement=False):
    """The description of what the expression returns, or (type, first sentence) of what it raises."""
    names = scope(module, grads)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            if statement:
                exec(expression, names)
                return [describe(names[n], strides) for n in TENSORS]
            return describe(eval(expression, names), strides)
        except Exception as error:
            return type(error).__name__, first_sentence(error)


def derivatives(module, expression, statement=False):
    """The gradients of a weighted sum of what the expression returns (or of x, which the statement wrote), and theirs."""
    names = scope(module, True)
    leaves = [names["leaf_" + n] for n in TENSORS]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exec(expression if statement else f"out = {expression}", names)
    found = names["x"] if statement else names["out"]
    outs = [o for o in (found if isinstance(found, tuple | list) else [found]) if o.requires_grad]
    if not outs:
        return []
    loss = 0
    for o in outs:
        weights = module.arange(1, o.numel() + 1).reshape(o.shape).to(o.dtype)
        loss = loss + ((o * o * o) * weights).sum()
    first = module.autograd.grad(loss, leaves, create_graph=True, allow_unused=True)
    again = [(g * g * g).sum() for g in first if g is not None and g.requires_grad]
    second = module.autograd.grad(sum(again), leaves, allow_unused=True) if again else ()
    return [None if g is None else g.detach().numpy() for g in (*first, *second)]


def same_derivatives(theirs, ours):
    """Whether two lists of arrays and Nones agree up to rounding."""
    for a, b in zip(theirs, ours, strict=True):
        if (a is None) != (b is None):
            return False
        if a is not None and not (a.shape == b.shape and np.allclose(a, b, rtol=1e-9, atol=1e-9)):
            return False
    return True
