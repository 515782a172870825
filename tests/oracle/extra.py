"""Calls that op_db does not have, as entries that look like its own: writes, indexing, some derivatives."""

import pytest

pytest.importorskip("torch")

from torch import complex128, float32, float64
from torch.testing import make_tensor
from torch.testing._internal.opinfo.core import SampleInput


class Extra:
    """What the checks ask of an entry.  make(lib): the callable; shapes: those of its tensors."""

    variant_test_name = ""
    supports_autograd = True
    supports_out = False
    method_variant = operator_variant = error_inputs_func = None
    aliases = ()

    def __init__(self, name, make, *shapes, low=0.2, high=4, dtypes=(float32, float64)):
        self.name, self.make, self.shapes, self.bounds = name, make, shapes, {"low": low, "high": high}
        self.dtypes = dtypes

    def supports_dtype(self, dtype, device):
        return dtype in self.dtypes

    def supported_backward_dtypes(self, device):
        return set(self.dtypes)

    def sample_inputs(self, device, dtype, requires_grad=False):
        if not self.supports_dtype(dtype, device):
            return
        make = lambda shape: make_tensor(
            shape, dtype=dtype, device=device, requires_grad=requires_grad, **self.bounds
        )
        inputs = [make(shape) for shape in self.shapes]
        yield SampleInput(inputs[0], args=tuple(inputs[1:]))


def _written(write):
    """`write(copy of x, *others)`, then the copy."""

    def call(x, *others):
        x = x.clone()
        write(x, *others)
        return x

    return call


def _sure(lib, full_matrices=False):
    """What does not depend on the signs or phases of singular vectors, which LAPACK leaves open."""

    def call(x):
        u, s, vh = lib.linalg.svd(x, full_matrices=full_matrices)
        u, vh = u[..., : s.shape[-1]], vh[..., : s.shape[-1], :]
        sure = (u * s.sin().unsqueeze(-2)) @ vh, (u * u.conj()).real, (vh * vh.conj()).real
        return tuple(t + 1 for t in sure)  # whose nodes save nothing

    return call


def _set(key):
    return lambda lib: _written(lambda x, *y: x.__setitem__(key, *y))


def _overwritten(name, *args):
    return Extra(
        f"written by {name}{args or ''}", lambda lib: _written(lambda x: getattr(x, name)(*args)), (2, 3)
    )


def _compared(name):
    return lambda lib: _written(lambda x, y: getattr(x, name)(y))


EXTRAS = [
    Extra("copy_", lambda lib: _written(lambda x, y: x.copy_(y)), (2, 3), (3,)),
    Extra("copy_ to a view", lambda lib: _written(lambda x, y: x.t()[1:].copy_(y)), (2, 3), (2, 2)),
    Extra("mul_ of a column", lambda lib: _written(lambda x, y: x[:, 1].mul_(y)), (2, 3), (2,)),
    Extra("x[1] = y", _set(1), (2, 3), (3,)),
    Extra("x[:] = y", _set(slice(None)), (2, 3), (3,)),
    Extra("x[..., 1:] = y", _set((..., slice(1, None))), (2, 3), (2, 2)),
    Extra("x[[0, 1, 0], [2, 1, 2]] = y", _set(([0, 1, 0], [2, 1, 2])), (2, 3), (3,)),
    Extra("x[...]", lambda lib: lambda x: x[...], (2, 3)),
    Extra("x[None, 1, ::2]", lambda lib: lambda x: x[None, 1, ::2], (2, 3)),
    Extra("x[[1, 1], :2]", lambda lib: lambda x: x[[1, 1], :2], (2, 3)),
    Extra("igamma of a constant", lambda lib: lambda x, y: lib.igamma(x.detach(), y), (2, 3), (3,)),
    Extra("igammac of a constant", lambda lib: lambda x, y: lib.igammac(x.detach(), y), (2, 3), (3,)),
    Extra("zeta of a constant", lambda lib: lambda x, y: lib.special.zeta(x.detach() + 2, y), (2, 3), (3,)),
    Extra("normal with a tensor of deviations", lambda lib: lambda x: lib.normal(2.0, x), (2, 3)),
    Extra("x / 2", lambda lib: lambda x: x / 2, (2, 3)),
    Extra("2 / x", lambda lib: lambda x: 2 / x, (2, 3)),
    *(
        Extra(
            f"svd of {shape}, what is sure",
            _sure,
            shape,
            low=-2,
            high=2,
            dtypes=(float32, float64, complex128),
        )
        for shape in ((3, 3), (4, 2), (2, 2, 4))
    ),
    Extra("svd in full, what is sure", lambda lib: _sure(lib, True), (2, 4), low=-2, high=2),
    _overwritten("uniform_"),
    _overwritten("normal_", 1, 2),
    Extra("poisson", lambda lib: lambda x: lib.poisson(x), (2, 3)),
    Extra("bernoulli", lambda lib: lambda x: lib.bernoulli(x / 5), (2, 3)),
    Extra(
        "written by bernoulli_ of a tensor",
        lambda lib: _written(lambda x, p: x.bernoulli_(p / 5)),
        (2, 3),
        (3,),
    ),
    _overwritten("random_"),
    _overwritten("random_", 5),
    _overwritten("random_", 1, 5),
    _overwritten("bernoulli_", 0.5),
    _overwritten("exponential_"),
    _overwritten("geometric_", 0.5),
    _overwritten("cauchy_"),
    _overwritten("log_normal_"),
    _overwritten("zero_"),
    _overwritten("fill_", 2.0),
    *(
        Extra("written by " + f, _compared(f), (2, 3), (3,))
        for f in ("eq_", "ne_", "lt_", "le_", "gt_", "ge_")
    ),
    Extra("fill_ with a tensor", lambda lib: _written(lambda x, y: x.fill_(y)), (2, 3), ()),
]
