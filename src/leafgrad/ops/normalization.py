"""Normalisation of layers: layer_norm (J. L. Ba, J. R. Kiros, G. E. Hinton, "Layer Normalization", 2016)."""

from math import prod
from typing import Any

import numpy as np

from ..base import messages
from ..op.table import public
from ..tensor.kinds import primitive
from ..tensor.tensor import Tensor
from ..values import normalization as values
from ..values.dtype import BY_NP
from .arguments import need_tensor, size_list
from .arithmetic import add, mul, sub
from .powers import rsqrt
from .reduce import mean_dims, sum_dims
from .reduction import beside_each
from .views import expand

ndarray = np.ndarray


def _axes(ndim: int, count: int) -> tuple[int, ...]:
    """The last `count` of `ndim` axes."""
    return tuple(range(ndim - count, ndim))


def _rows(x: ndarray, ndim: int) -> ndarray:
    """x as (rows, the elements that are normalised together)."""
    lead = x.shape[: x.ndim - ndim]
    return x.reshape(prod(lead), prod(x.shape[x.ndim - ndim :]))


def _flat(x: ndarray | None, like: ndarray) -> ndarray | None:
    return None if x is None else x.reshape(-1).astype(like.dtype, copy=False)


def _kernel(
    input: ndarray, weight: ndarray | None, bias: ndarray | None, /, normalized_shape: tuple, _eps: float
) -> tuple:
    x = _rows(input.astype(np.float32) if input.itemsize == 2 else input, len(normalized_shape))
    y, mean, rstd = values.layer_norm(x, _flat(weight, x), _flat(bias, x), _eps)
    sizes = (*input.shape[: input.ndim - len(normalized_shape)], *(1,) * len(normalized_shape))
    return y.reshape(input.shape).astype(input.dtype, copy=False), mean.reshape(sizes), rstd.reshape(sizes)


def _joint(
    grad: Any,
    input: Any,
    weight: Any,
    bias: Any,
    normalized_shape: tuple,
    _eps: float,
    result1: Any,
    result2: Any,
    needs: list,
) -> Any:
    if not isinstance(input, Tensor) and not isinstance(grad, Tensor):
        return _joint_arrays(grad, input, weight, normalized_shape, result1, result2, needs)
    axes = _axes(len(input.shape), len(normalized_shape))
    centred = sub(input, mean_dims(input, axes, True, None))
    rstd = rsqrt(add(mean_dims(mul(centred, centred), axes, True, None), _eps))
    centred = mul(centred, rstd)
    batch = tuple(range(len(input.shape) - len(normalized_shape)))
    found: list = [None, None, None]
    if needs[0]:
        g = grad if weight is None else mul(grad, weight)
        along = mul(centred, mean_dims(mul(g, centred), axes, True, None))
        found[0] = mul(sub(sub(g, mean_dims(g, axes, True, None)), along), rstd)
    if needs[1]:
        product = mul(grad, centred)
        found[1] = sum_dims(product, batch, False, None) if batch else product
    if needs[2]:
        found[2] = sum_dims(grad, batch, False, None) if batch else grad
    return found


def _joint_arrays(
    grad: ndarray,
    input: ndarray,
    weight: Any,
    normalized_shape: tuple,
    mean: ndarray,
    rstd: ndarray,
    needs: list,
) -> list:
    g, x = (_rows(a.astype(mean.dtype, copy=False), len(normalized_shape)) for a in (grad, input))
    column = (len(x), 1)
    found = values.layer_norm_backward(
        g, x, _flat(weight, x), mean.reshape(column), rstd.reshape(column), needs
    )
    shapes = (input.shape, normalized_shape, normalized_shape)
    return [  # not as a view of what has the shape already: an array of its own becomes `.grad` as it is
        r if r is None or r.shape == shape else r.reshape(shape)
        for r, shape in zip(found, shapes, strict=True)
    ]


row = primitive(
    "native_layer_norm", _kernel, joint=_joint, outputs=("result0", "result1", "result2"), differentiable=1,
    node="NativeLayerNormBackward0",
    batch=lambda input, weight, bias, normalized_shape, _eps, batched, samples: _of_samples(
        input, weight, bias, normalized_shape, _eps, batched, samples
    ),
)  # fmt: skip


def _of_samples(
    input: Tensor, weight: Any, bias: Any, shape: tuple, eps: float, batched: tuple, samples: int
) -> tuple:
    """The batch rule: a weight and a bias that each sample has its own of are applied afterwards."""
    if not batched[0]:
        input = expand(input, (samples, *input._data.shape))
    if not batched[1] and not batched[2]:
        return row(input, weight, bias, shape, eps)
    found, mean, rstd = row(input, None, None, shape, eps)
    for x, own, with_it in ((weight, batched[1], mul), (bias, batched[2], add)):
        if x is not None:
            found = with_it(found, beside_each(x, found) if own else x)
    return found, mean, rstd


def _check(input: Tensor, shape: tuple, weight: Tensor | None, bias: Tensor | None) -> None:
    if not shape:
        raise RuntimeError(messages.LAYER_NORM_EMPTY)
    for name, t in (("weight", weight), ("bias", bias)):
        if t is not None and t._data.shape != shape:
            raise RuntimeError(
                messages.LAYER_NORM_PARAM.format(name=name, got=list(t._data.shape), shape=list(shape))
            )
    x = input._data
    if x.shape[x.ndim - len(shape) :] != shape or x.ndim < len(shape):
        tail = "".join(f", {n}" for n in shape)
        raise RuntimeError(messages.LAYER_NORM_SHAPE.format(shape=list(shape), tail=tail, size=list(x.shape)))
    if x.dtype.kind not in "fV":
        name = BY_NP[x.dtype].type_name
        raise NotImplementedError(messages.NOT_FOR.format(kernel="LayerNormKernelImpl", type=name))
    for other in (weight, bias):
        if other is not None and other._data.dtype != x.dtype:
            raise RuntimeError(messages.LAYER_NORM_DTYPE)


@public(torch=False, method=False, spaces=("nn.functional",))
def layer_norm(
    input: Tensor,
    normalized_shape: Any,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """(input - mean) / sqrt(variance + eps) * weight + bias, the mean and variance being over the last
    dimensions.

    normalized_shape: the sizes of those dimensions, and the shape of weight and bias.  RuntimeError where
    shapes do not fit.

    >>> import leafgrad as torch
    >>> torch.nn.functional.layer_norm(torch.tensor([[1., 3.]]), (2,), eps=0.)
    tensor([[-1.,  1.]])
    """
    need_tensor("layer_norm", input)
    shape = size_list("layer_norm", normalized_shape, "normalized_shape", 2)
    _check(input, shape, weight, bias)
    return row(input, weight, bias, shape, eps)[0]


@public(method=False, name="layer_norm")
def _torch_layer_norm(
    input: Tensor,
    normalized_shape: Any,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
    cudnn_enable: bool = True,
) -> Tensor:
    """`nn.functional.layer_norm`; cudnn_enable is about a device that does not exist here, and is only
    checked.

    >>> import leafgrad as torch
    >>> torch.layer_norm(torch.tensor([[1., 3.]]), (2,), eps=0.)
    tensor([[-1.,  1.]])
    """
    if not isinstance(cudnn_enable, bool):
        raise TypeError(messages.LAYER_NORM_CUDNN.format(type=type(cudnn_enable).__name__))
    return layer_norm(input, normalized_shape, weight, bias, eps)
