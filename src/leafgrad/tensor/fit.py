"""Putting a gradient back into its input's space: shape, dtype, real or complex.  Done here and nowhere else."""

from typing import Any

import numpy as np

from ..base import messages
from ..op.record import REGISTRY
from .tensor import Tensor, wrap

add_up = np.add.reduce


def expandable(target: tuple, shape: tuple) -> bool:
    """Whether `target` broadcasts to `shape`."""
    extra = len(shape) - len(target)
    return extra >= 0 and all(n in (1, m) for n, m in zip(target, shape[extra:], strict=True))


def _sum_to(grad: np.ndarray, shape: tuple) -> np.ndarray:
    if not shape:
        return np.asarray(add_up(grad, axis=None))
    if grad.ndim == len(shape) + 1 and grad.shape[1:] == shape:  # a bias
        return add_up(grad, 0)
    if not expandable(shape, grad.shape):
        raise ValueError(messages.INVALID_GRADIENT)
    extra = grad.ndim - len(shape)
    if grad.shape[extra:] == shape:
        return add_up(grad, axis=0 if extra == 1 else tuple(range(extra)))
    axes = (*range(extra), *[i for i in range(extra, grad.ndim) if shape[i - extra] != grad.shape[i]])
    return add_up(grad, axis=axes, keepdims=True).reshape(shape)


def fit(grad: Any, shape: tuple, dtype: np.dtype) -> np.ndarray:
    """A bare gradient as an array of this shape and dtype: summed over broadcast axes, real part where real is wanted."""
    if type(grad) is not np.ndarray:
        grad = np.asarray(grad)
    if grad.shape != shape:
        grad = _sum_to(grad, shape)
    if grad.dtype is not dtype and grad.dtype != dtype:
        if grad.dtype.kind == "c" and dtype.kind != "c":
            grad = grad.real
        grad = grad.astype(dtype)
    return grad


def fit_tensor(grad: Any, shape: tuple, dtype: np.dtype) -> Tensor:
    """The same on tensors."""
    if not isinstance(grad, Tensor):
        grad = wrap(np.asarray(grad))
    data = grad._data
    if data.shape == shape and data.dtype is dtype:
        return grad
    if data.shape != shape:
        if not expandable(shape, data.shape):
            raise ValueError(messages.INVALID_GRADIENT)
        grad = REGISTRY["sum_to_size"].public(grad, shape)
    if data.dtype != dtype:
        if data.dtype.kind == "c" and dtype.kind != "c":
            grad = REGISTRY["real"].public(grad)
        if grad._data.dtype != dtype:
            grad = REGISTRY["_to_copy"].public(grad, dtype)
    return grad
