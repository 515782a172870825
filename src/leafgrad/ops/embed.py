"""Lookup: embedding and one_hot."""

from typing import Any

import numpy as np

from ..base import messages
from ..base.state import quiet
from ..op.table import public
from ..tensor.kinds import primitive
from ..tensor.misuse import wrong
from ..tensor.tensor import Tensor, check_untracked, wrap
from ..tensor.write import bump, inplace
from ..values import rows as kernels
from ..values.arguments import type_name
from ..values.buffers import empty, zeros
from .arguments import integer, need_tensor
from .comparison import eq
from .copies import to_copy
from .masks import fill_number
from .samples import is_sample, numbers
from .ternary import where
from .views import expand, reshape, unsqueeze

ndarray = np.ndarray

# --- the rows ---


def _embedding(
    weight: ndarray, indices: ndarray, /, padding_idx: int, scale_grad_by_freq: bool, sparse: bool, weight_sym_argsize_0: int
) -> ndarray:  # fmt: skip
    return kernels.embedding(weight, indices)


def _dense_backward(
    grad: ndarray, indices: ndarray, /, num_weights: int, padding_idx: int, scale_grad_by_freq: bool
) -> ndarray:
    return kernels.embedding_backward(grad, indices, num_weights, padding_idx, scale_grad_by_freq)


def _collect(grad: ndarray, indices: ndarray, /, padding_idx: int, scale_grad_by_freq: bool) -> ndarray:
    """The transpose of `_dense_backward`: for each place the row it took, none for padding."""
    out = kernels.embedding(grad, indices)
    if scale_grad_by_freq:
        count = np.bincount(indices.reshape(-1), minlength=len(grad))
        out = out / count[indices].astype(out.real.dtype)[..., None]
    if padding_idx >= 0:
        out[indices == padding_idx] = 0
    return out


# Note [Samples of tables]
# Tables of several samples are one large table, in which each sample looks up its own rows.  Then padding is no one row.


def _own_rows(indices: Any, rows: int) -> Any:
    """Samples of indices as those of rows of the large table; `rows`: of a sample."""
    n, ndim = indices._data.shape[0], indices._data.ndim
    return indices + numbers(n, ndim - 1) * rows


def _no_padding(rows: Any, indices: Any, padding_idx: int) -> Any:
    return fill_number(rows, unsqueeze(eq(indices, padding_idx), -1), 0) if padding_idx >= 0 else rows


def _large(table: Any) -> Any:
    n, rows, width = table._data.shape
    return reshape(table, (n * rows, width))


def _lookup_samples(
    weight: Any, indices: Any, padding_idx: int, scale_grad_by_freq: bool, batched: tuple, samples: int
) -> Any:
    if not batched[0]:
        if not scale_grad_by_freq:
            return lookup(weight, indices, padding_idx, False, False, weight._data.shape[0])
        weight = expand(weight, (samples, *weight._data.shape))
    if not batched[1]:
        indices = expand(indices, (samples, *indices._data.shape))
    rows = weight._data.shape[1]
    whole = _large(weight)
    found = lookup(whole, _own_rows(indices, rows), -1, scale_grad_by_freq, False, samples * rows)
    if padding_idx < 0:
        return found
    return where(unsqueeze(eq(indices, padding_idx), -1), found.detach(), found)


def _backward_samples(
    grad: Any, indices: Any, num_weights: int, padding_idx: int, scale_grad_by_freq: bool, samples: int
) -> Any:
    grad = _no_padding(grad, indices, padding_idx)
    table = dense_backward(
        grad, _own_rows(indices, num_weights), samples * num_weights, -1, scale_grad_by_freq
    )
    return reshape(table, (samples, num_weights, grad._data.shape[-1]))


def _collect_samples(grad: Any, indices: Any, padding_idx: int, scale_grad_by_freq: bool) -> Any:
    rows = collect(_large(grad), _own_rows(indices, grad._data.shape[1]), -1, scale_grad_by_freq)
    return _no_padding(rows, indices, padding_idx)


dense_backward = primitive(
    "embedding_dense_backward", _dense_backward, linear=True,
    vjp={"grad": lambda grad, indices, padding_idx, scale_grad_by_freq: collect(grad, indices, padding_idx, scale_grad_by_freq)},
    batch=_backward_samples,
)  # fmt: skip
collect = primitive(
    "embedding_dense_double_backward", _collect, linear=True,
    vjp={
        "grad": lambda grad, indices, padding_idx, scale_grad_by_freq, grad_sym_sizes: dense_backward(
            grad, indices, grad_sym_sizes[0], padding_idx, scale_grad_by_freq
        )
    },
    node="EmbeddingBackward0", batch=_collect_samples,
)  # fmt: skip
lookup = primitive(
    "embedding", _embedding, linear=True,
    vjp={
        "weight": lambda grad, indices, padding_idx, scale_grad_by_freq, sparse, weight_sym_argsize_0: dense_backward(
            grad, indices, weight_sym_argsize_0, padding_idx, scale_grad_by_freq
        )
    },
    batch=_lookup_samples,
)  # fmt: skip

# --- embedding ---


@public(name="embedding", method=False)
def embedding(
    weight: Tensor,
    indices: Tensor,
    padding_idx: int = -1,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Tensor:
    """The rows of `weight` that `indices` name; `nn.functional.embedding` with the arguments the other way round.

    >>> import leafgrad as torch
    >>> torch.embedding(torch.eye(2), torch.tensor([1, 1]))
    tensor([[0., 1.],
            [0., 1.]])
    """
    need_tensor("embedding", weight, "weight", 1)
    need_tensor("embedding", indices, "indices", 2)
    padding_idx = integer("embedding", padding_idx, "padding_idx", 3)
    for name, value, position in (("scale_grad_by_freq", scale_grad_by_freq, 4), ("sparse", sparse, 5)):
        if type(value) is not bool:
            raise wrong("embedding", name, position, "bool", value)
    if sparse:
        raise NotImplementedError(messages.NO_SPARSE_GRAD.format(argument="sparse"))
    size = weight._data.shape[0] if weight._data.ndim else 0
    return lookup(weight, indices, padding_idx, scale_grad_by_freq, False, size)


def _renormalize(weight: Tensor, indices: Tensor, max_norm: Any, norm_type: Any) -> None:
    """Scale the rows that are looked up down to a norm of at most `max_norm`, in place and unseen by autograd."""
    if isinstance(max_norm, bool) or not isinstance(max_norm, int | float):
        raise wrong("embedding_renorm_", "max_norm", 3, "float", max_norm)
    if isinstance(norm_type, bool) or not isinstance(norm_type, int | float):
        raise wrong("embedding_renorm_", "norm_type", 4, "float", norm_type)
    check_untracked(weight)
    if is_sample(weight) or is_sample(indices):
        with quiet():
            inplace(_renormalized.op, (weight, indices), (max_norm, norm_type))
        return
    _scale_down(weight._data, indices._data, max_norm, norm_type)
    bump(weight)


def _scale_down(data: ndarray, indices: ndarray, max_norm: float, norm_type: float) -> None:
    if data.dtype.kind not in "fcV":
        raise RuntimeError(messages.EMBEDDING_NORM_DTYPE.format(type=type_name(data)))
    kernels.embedding(data, indices)  # all checks
    taken = np.unique(indices)
    norms = np.linalg.norm(data[taken].astype(np.result_type(data.real.dtype, np.float32)), norm_type, axis=1)
    large = norms > max_norm
    scale = (max_norm / (norms[large].astype(np.float64) + 1e-7)).astype(data.dtype)
    data[taken[large]] *= scale[:, None]


def _scaled_down(weight: ndarray, indices: ndarray, /, max_norm: float, norm_type: float) -> ndarray:
    out = weight.copy()
    _scale_down(out, indices, max_norm, norm_type)
    return out


def _renormalize_samples(weight: Any, indices: Any, max_norm: float, norm_type: float) -> Any:
    whole = _renormalized(_large(weight), _own_rows(indices, weight._data.shape[1]), max_norm, norm_type)
    return reshape(whole, weight._data.shape)


_renormalized = primitive("embedding_renorm", _scaled_down, batch=_renormalize_samples)


@public(name="embedding", torch=False, method=False, spaces=("nn.functional",))
def functional_embedding(
    input: Tensor, weight: Tensor, padding_idx: int | None = None, max_norm: float | None = None, norm_type: float = 2.0,
    scale_grad_by_freq: bool = False, sparse: bool = False,
) -> Tensor:  # fmt: skip
    """The rows of `weight` (n, width) that `input`, a tensor of integers, names: a tensor (*input.shape, width).

    padding_idx: a row that gets no gradient.  max_norm: rows that are looked up and have a larger norm (of order norm_type) are scaled
    down first, in place.  scale_grad_by_freq: a row's gradient is divided by how often it was taken.  sparse must be False.

    >>> import leafgrad as torch
    >>> torch.nn.functional.embedding(torch.tensor([1, 0]), torch.tensor([[1.0, 2.0], [3.0, 4.0]]))
    tensor([[3., 4.],
            [1., 2.]])
    """
    if padding_idx is None:
        padding_idx = -1
    else:
        n = weight._data.shape[0]
        if not -n <= padding_idx < n:
            raise AssertionError(messages.PADDING_IDX)
        padding_idx = padding_idx + n if padding_idx < 0 else padding_idx
    if max_norm is not None:
        _renormalize(weight, input, max_norm, norm_type)
    return embedding(weight, input, padding_idx, scale_grad_by_freq, sparse)


# --- one_hot ---


@public(method=False, torch=False, spaces=("nn.functional",))
def one_hot(input: Tensor, num_classes: int = -1) -> Tensor:
    """A new last dimension that is 1 at the place each integer names and 0 elsewhere; num_classes -1: one more than the largest.

    >>> import leafgrad as torch
    >>> torch.nn.functional.one_hot(torch.tensor([2, 0]))
    tensor([[0, 0, 1],
            [1, 0, 0]])
    """
    need_tensor("one_hot", input)
    num_classes = integer("one_hot", num_classes, "num_classes", 2)
    x = input._data
    if x.dtype != np.int64:
        raise RuntimeError(messages.ONE_HOT_DTYPE)
    if is_sample(input):
        if num_classes <= 0:
            raise RuntimeError(messages.VMAP_ONE_HOT)
        return to_copy(eq(unsqueeze(input, -1), wrap(np.arange(num_classes))), x.dtype)
    if not x.size:
        if num_classes <= 0:
            raise RuntimeError(messages.ONE_HOT_EMPTY)
        return wrap(empty((*x.shape, num_classes), x.dtype))
    if x.min() < 0:
        raise RuntimeError(messages.ONE_HOT_NEGATIVE)
    if num_classes == -1:
        num_classes = int(x.max()) + 1
    elif num_classes <= x.max():
        raise RuntimeError(messages.ONE_HOT_CLASSES)
    out = zeros((x.size, num_classes), x.dtype)
    out[np.arange(x.size), x.reshape(-1)] = 1
    return wrap(out.reshape(*x.shape, num_classes))
