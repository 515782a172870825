"""Dropout and its relatives (N. Srivastava et al., "Dropout", 2014; G. Klambauer et al., alpha dropout,
2017)."""

from typing import Any

import numpy as np

from ..base import messages
from ..base.where import warn
from ..op.table import public
from ..tensor.batch import hide_all
from ..tensor.misuse import wrong
from ..tensor.tensor import Tensor, wrap
from ..tensor.write import INPLACE
from ..values import distributions
from ..values.dtype import BY_NP, default
from .arguments import need_tensor
from .arithmetic import add, mul
from .dims import flag
from .draws import drawing, sizes_of

_add, _mul = add.op.public, mul.op.public
ALPHA = 1.7580993408473766  # -scale * alpha of selu


def _drop(
    name: str, input: Tensor, p: float, training: bool, inplace: bool, feature: bool, alpha: bool
) -> Tensor:
    need_tensor(name, input)
    if not 0 <= p <= 1:
        raise ValueError(messages.DROPOUT_P.format(p=p))
    x = input._data
    if p == 0 or not training or not x.size:
        return input
    out = INPLACE if inplace else None
    if p == 1:
        return _mul(input, wrap(np.zeros((), x.dtype)), out=out)
    if feature and x.ndim < 2:
        raise RuntimeError(messages.DROPOUT_FEATURES)
    _check_dtype(x.dtype, alpha)
    shape = (*x.shape[:2], *(1,) * (x.ndim - 2)) if feature else x.shape
    levels = drawing()
    noise = np.empty((*sizes_of(levels), *shape), x.dtype)
    distributions.bernoulli(None, noise, 1 - p)
    if not alpha:
        np.divide(noise, 1 - p, out=noise, casting="unsafe")
        return _mul(input, hide_all(wrap(noise), levels), out=out)
    a = 1.0 / float(np.sqrt((ALPHA * ALPHA * p + 1) * (1 - p)))
    shift = (noise - 1) * x.dtype.type(ALPHA * a) + x.dtype.type(ALPHA * a * p)
    scale, offset = (
        hide_all(wrap(np.asarray(each, x.dtype)), levels) for each in (noise * x.dtype.type(a), shift)
    )
    return _add(_mul(input, scale, out=out), offset, out=out)


def _check_dtype(dtype: np.dtype, alpha: bool) -> None:
    """Raise unless the noise, drawn in the input's dtype, can be scaled in it."""
    own = BY_NP[dtype].type_name
    if dtype.kind in "biu":
        want = "Long" if alpha and dtype.kind == "b" else own
        raise RuntimeError(messages.CAST.format(got=BY_NP[default()].type_name, want=want))
    if dtype.kind == "c":
        raise NotImplementedError(messages.NOT_FOR.format(kernel="bernoulli_scalar_cpu_", type=own))


# --- torch.nn.functional ---


@public(torch=False, method=False, spaces=("nn.functional",))
def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Zero each element with probability p and divide the others by 1 - p; the input itself when not
    training.

    ValueError unless 0 <= p <= 1.

    >>> import leafgrad as torch
    >>> torch.nn.functional.dropout(torch.ones(2), p=1.)
    tensor([0., 0.])
    """
    return _drop("dropout", input, p, training, inplace, False, False)


@public(torch=False, method=False, spaces=("nn.functional",))
def alpha_dropout(input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor:
    """Dropout that keeps the mean and variance of what goes into `selu`.

    >>> import leafgrad as torch
    >>> torch.nn.functional.alpha_dropout(torch.ones(2), p=1., training=True)
    tensor([0., 0.])
    """
    return _drop("alpha_dropout", input, p, training, inplace, False, True)


@public(torch=False, method=False, spaces=("nn.functional",))
def feature_alpha_dropout(
    input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False
) -> Tensor:
    """`alpha_dropout` of whole channels.

    >>> import leafgrad as torch
    >>> torch.nn.functional.feature_alpha_dropout(torch.ones(1, 2, 2), p=1., training=True).sum()
    tensor(0.)
    """
    return _drop("feature_alpha_dropout", input, p, training, inplace, True, True)


def _channels(
    name: str, dims: tuple[int, ...], input: Tensor, p: float, training: bool, inplace: bool
) -> Tensor:
    """Dropout of whole channels, of inputs with or without a batch dimension."""
    need_tensor(name, input)
    if not 0 <= p <= 1:
        raise ValueError(messages.DROPOUT_P.format(p=p))
    ndim = input._data.ndim
    if ndim not in dims:
        warn(messages.DROPOUT_DIMS.format(name=name, ndim=ndim, dims=dims))
    lone = ndim == dims[0] and name != "dropout2d"  # there, torch takes (N, C, L) for granted
    x: Any = input.unsqueeze_(0) if lone and inplace else input.unsqueeze(0) if lone else input
    found: Any = _drop("feature_dropout", x, p, training, inplace, True, False)
    return (found.squeeze_(0) if inplace else found.squeeze(0)) if lone else found


@public(torch=False, method=False, spaces=("nn.functional",))
def dropout1d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Zero whole channels of (N, C, L) or (C, L), each with probability p, and divide the others by 1 - p.

    >>> import leafgrad as torch
    >>> torch.nn.functional.dropout1d(torch.ones(1, 2, 3), p=0.).shape
    torch.Size([1, 2, 3])
    """
    return _channels("dropout1d", (2, 3), input, p, training, inplace)


@public(torch=False, method=False, spaces=("nn.functional",))
def dropout2d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Zero whole channels of (N, C, H, W) or (C, H, W), each with probability p, and divide the others by 1
    - p.

    >>> import leafgrad as torch
    >>> torch.nn.functional.dropout2d(torch.ones(1, 2, 3, 3), p=0.).shape
    torch.Size([1, 2, 3, 3])
    """
    return _channels("dropout2d", (3, 4), input, p, training, inplace)


@public(torch=False, method=False, spaces=("nn.functional",))
def dropout3d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Zero whole channels of (N, C, D, H, W) or (C, D, H, W), each with probability p, and divide the others
    by 1 - p.

    >>> import leafgrad as torch
    >>> torch.nn.functional.dropout3d(torch.ones(1, 2, 3, 3, 3), p=0.).shape
    torch.Size([1, 2, 3, 3, 3])
    """
    return _channels("dropout3d", (4, 5), input, p, training, inplace)


# --- torch ---


def _bare(name: str, feature: bool, alpha: bool, what: str) -> None:
    """Enter `torch.<name>(input, p, train)`, which nn.functional's function is made of, and its in-place variant."""

    def drop(op: str, input: Tensor, p: float, train: bool, inplace: bool) -> Tensor:
        need_tensor(op, input)
        if isinstance(p, Tensor) and not p._data.ndim:
            p = p.item()
        if not isinstance(p, int | float):
            raise wrong(op, "p", 2, "float", p)
        flag(op, train, "train", 3)
        if not 0 <= p <= 1:
            raise RuntimeError(messages.DROPOUT_P.format(p=f"{p:g}"))
        return _drop(op, input, p, train, inplace, feature, alpha)

    def function(input: Tensor, p: float, train: bool) -> Tensor:
        return drop(name, input, p, train, False)

    def write(input: Tensor, p: float, train: bool) -> Tensor:
        return drop(name + "_", input, p, train, True)

    function.__doc__ = f"""{what}, each with probability p, if `train`.  RuntimeError unless 0 <= p <= 1.

    >>> import leafgrad as torch
    >>> torch.{name}(torch.ones(1, 2), 0.9, train=False)
    tensor([[1., 1.]])
    """
    write.__doc__ = f"`{name}` in place."
    public(name=name, method=False)(function)
    public(name=name + "_", method=False)(write)


_bare("dropout", False, False, "Zero elements")
_bare("feature_dropout", True, False, "Zero whole channels")
_bare("alpha_dropout", False, True, "Set elements to what `selu` has far below zero")
_bare("feature_alpha_dropout", True, True, "Set whole channels to what `selu` has far below zero")
