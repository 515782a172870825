"""Small custom Functions for the tests of `autograd.Function`."""


def define(torch, forward, backward, **others):
    """A Function class from plain functions."""
    members = {"forward": forward, "backward": backward, **others}
    return type(
        "Made", (torch.autograd.Function,), {name: staticmethod(part) for name, part in members.items()}
    )


def ones(torch, *shape):
    return torch.ones(shape or (3,), requires_grad=True)


def scaled(n):
    """A forward that multiplies by n, and its backward."""
    return lambda ctx, x: x * n, lambda ctx, grad: grad * n
