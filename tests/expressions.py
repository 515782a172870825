"""Running one expression on torch and on leafgrad, and describing what came of it, for comparison."""

import re
import warnings

import numpy as np

from tests.both import first_sentence


def outcome(torch, text):
    """What `text`, statements and an expression separated by `;; `, comes to: a description or the error."""
    names = {"torch": torch, "np": np}
    torch.manual_seed(0)
    *before, last = text.split(";; ")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            for statement in before:
                exec(statement, names)
            return described(torch, eval(last, names))
        except Exception as error:
            return type(error).__name__, plain(first_sentence(error)).rstrip(".")


def described(torch, value):
    """A value as something that both modules can agree on, to the last bit."""
    if isinstance(value, torch.Tensor):
        exact = value.detach().float() if value.dtype == torch.bfloat16 else value.detach()
        form = (
            value.dtype,
            value.shape,
            value.stride(),
            value.requires_grad,
            value.is_leaf,
            type(value.grad_fn).__name__,
        )
        return type(value).__name__, exact.numpy().tobytes(), *map(str, form), type(value.grad_fn).__name__
    if isinstance(value, np.ndarray):
        return value.dtype, value.shape, value.strides, value.tobytes()
    if isinstance(value, list | tuple):
        return type(value).__name__, *[described(torch, x) for x in value]
    return plain(repr(value))


def plain(text):
    """Text without addresses, and with torch's name for leafgrad."""
    return re.sub(r"0x[0-9a-f]+", "0x", text.replace("leafgrad", "torch"))


def lines(text):
    """The expressions in a block of text, one a line."""
    return [line.strip() for line in text.strip().splitlines()]
