"""Public views that change the order of dimensions: permute, transpose, t, movedim, T, mT, H, mH."""

from typing import Any

from ..base import messages
from ..base.where import warn
from ..op.table import public
from ..tensor.call import view_of
from ..tensor.misuse import invalid
from ..tensor.tensor import Tensor
from ..tensor.view import turn
from ..tensor.write import check_inplace
from . import views
from .arguments import integer, need_tensor, size_list, sizes, wrap_dim
from .arithmetic import conj

PERMUTE = views.permute.op
TRANSPOSE = views.transpose.op
T = views.t.op


def _permuted(x: Tensor, dims: tuple[int, ...]) -> Tensor:
    ndim = x._data.ndim
    if len(dims) != ndim:
        raise RuntimeError(messages.PERMUTE_COUNT.format(ndim=ndim, count=len(dims)))
    if len({wrap_dim(d, ndim) for d in dims}) != ndim:
        raise RuntimeError(messages.PERMUTE_TWICE)
    return view_of(x, x._data.transpose(dims), PERMUTE, (dims,))


def _permute(self: Tensor, *sizes_: Any, dims: Any = None) -> Tensor:
    """The dimensions in another order.  RuntimeError unless `dims` names each of them once.

    >>> import leafgrad as torch
    >>> torch.ones(2, 3, 4).permute(2, 0, 1).shape
    torch.Size([4, 2, 3])
    """
    return _permuted(self, sizes("permute", sizes_ if dims is None else (dims,), "dims"))


public(torch=False, name="permute")(_permute)


@public(method=False)
def permute(input: Tensor, dims: Any) -> Tensor:
    """The dimensions in another order.  RuntimeError unless `dims` names each of them once.

    >>> import leafgrad as torch
    >>> torch.permute(torch.ones(2, 3), (1, 0)).shape
    torch.Size([3, 2])
    """
    need_tensor("permute", input)
    return _permuted(input, size_list("permute", dims, "dims", 2))


def _dims(op: str, input: Any, dim0: Any, dim1: Any, name: str = "dim") -> tuple[int, int]:
    """Two dimensions, as given; IndexError if there is none such."""
    need_tensor(op, input)
    n = input._data.ndim or 1
    if type(dim0) is not int or type(dim1) is not int:
        dim0, dim1 = integer(op, dim0, name + "0", 2), integer(op, dim1, name + "1", 3)
    if not -n <= dim0 < n or not -n <= dim1 < n:
        wrap_dim(dim0, n)
        wrap_dim(dim1, n)
    return dim0, dim1


def _swapped(x: Tensor, dims: tuple[int, int]) -> Tensor:
    data = x._data
    return view_of(x, data.swapaxes(*dims) if data.ndim else data[...], TRANSPOSE, dims)


@public()
def transpose(input: Tensor, dim0: int, dim1: int) -> Tensor:
    """Two dimensions swapped.  IndexError if there is no such dimension.

    >>> import leafgrad as torch
    >>> torch.ones(2, 3).transpose(0, 1).shape
    torch.Size([3, 2])
    """
    return _swapped(input, _dims("transpose", input, dim0, dim1))


@public()
def swapdims(input: Tensor, dim0: int, dim1: int) -> Tensor:
    """`transpose` under another name.

    >>> import leafgrad as torch
    >>> torch.ones(2, 3).swapdims(0, 1).shape
    torch.Size([3, 2])
    """
    return _swapped(input, _dims("swapdims", input, dim0, dim1))


@public()
def swapaxes(input: Tensor, axis0: int, axis1: int) -> Tensor:
    """`transpose` under NumPy's name.

    >>> import leafgrad as torch
    >>> torch.ones(2, 3).swapaxes(0, 1).shape
    torch.Size([3, 2])
    """
    return _swapped(input, _dims("swapaxes", input, axis0, axis1, "axis"))


def _transpose_(self: Tensor, dim0: int, dim1: int) -> Tensor:
    """Swap two dimensions in place: the tensor keeps its memory.

    >>> import leafgrad as torch
    >>> torch.ones(2, 3).transpose_(0, 1).shape
    torch.Size([3, 2])
    """
    check_inplace(views.transpose_in_place, (self,))
    return turn(self, views.transpose_in_place, _dims("transpose_", self, dim0, dim1))


def _swapdims_(self: Tensor, dim0: int, dim1: int) -> Tensor:
    """`transpose_` under another name."""
    check_inplace(views.transpose_in_place, (self,))
    return turn(self, views.transpose_in_place, _dims("swapdims_", self, dim0, dim1))


def _swapaxes_(self: Tensor, axis0: int, axis1: int) -> Tensor:
    """`transpose_` under NumPy's name."""
    check_inplace(views.transpose_in_place, (self,))
    return turn(self, views.transpose_in_place, _dims("swapaxes_", self, axis0, axis1, "axis"))


@public()
def t(input: Tensor) -> Tensor:
    """A matrix transposed; a tensor of fewer dimensions as it is.  RuntimeError for more than two.

    >>> import leafgrad as torch
    >>> torch.ones(2, 3).t().shape
    torch.Size([3, 2])
    """
    try:
        x = input._data
    except AttributeError:
        need_tensor("t", input)
    if x.ndim > 2:
        raise RuntimeError(messages.T_DIMS.format(op="t", ndim=x.ndim))
    return view_of(input, x.T, T, ())


def _t_(self: Tensor) -> Tensor:
    """Transpose a matrix in place.

    >>> import leafgrad as torch
    >>> torch.ones(2, 3).t_().shape
    torch.Size([3, 2])
    """
    check_inplace(views.t_in_place, (self,))
    if self._data.ndim > 2:
        raise RuntimeError(messages.T_DIMS.format(op="t_", ndim=self._data.ndim))
    return turn(self, views.t_in_place, ())


for _function in (_transpose_, _swapdims_, _swapaxes_, _t_):
    public(torch=False, name=_function.__name__[1:])(_function)


# --- matrices: T, mT, H, mH ---


def _reversed(self: Tensor) -> Tensor:
    """All dimensions in reverse order.  Deprecated for tensors that are no matrix: use `mT` or `permute`."""
    ndim = self._data.ndim
    if ndim != 2:
        warn(messages.T_DEPRECATED if ndim else messages.SCALAR_DEPRECATED.format(op="Tensor.T"))
    return view_of(self, self._data.T, PERMUTE, (tuple(range(ndim - 1, -1, -1)),))


def _matrix_transpose(op: str, x: Tensor) -> Tensor:
    """The last two dimensions swapped; a 0-dim tensor itself."""
    ndim = x._data.ndim
    if ndim > 1:
        return _swapped(x, (-2, -1))
    if ndim:
        raise RuntimeError(messages.MATRICES.format(op=op, ndim=ndim))
    hint = messages.SCALAR_DEPRECATED if op == "mT" else messages.SCALAR_DEPRECATED_CONJ
    warn(hint.format(op=op if op == "adjoint()" else "Tensor." + op))
    return x


def _mT(self: Tensor) -> Tensor:
    """The last two dimensions swapped."""
    return _matrix_transpose("mT", self)


def _mH(self: Tensor) -> Tensor:
    """The last two dimensions swapped, and conjugated."""
    return conj(_matrix_transpose("mH", self))


def _H(self: Tensor) -> Tensor:
    """The conjugate transpose of a matrix."""
    ndim = self._data.ndim
    if ndim not in (0, 2):
        raise RuntimeError(messages.MATRIX.format(ndim=ndim) + (messages.MATRIX_BATCH if ndim > 2 else ""))
    return conj(_matrix_transpose("H", self))


for _name, _getter in (("T", _reversed), ("mT", _mT), ("mH", _mH), ("H", _H)):
    setattr(Tensor, _name, property(_getter))


@public()
def adjoint(input: Tensor) -> Tensor:
    """The last two dimensions swapped, and conjugated.

    >>> import leafgrad as torch
    >>> torch.ones(2, 3).adjoint().shape
    torch.Size([3, 2])
    """
    need_tensor("adjoint", input)
    return conj(_matrix_transpose("adjoint()", input))


# --- movedim ---

_MOVE = (
    "Tensor input, int source, int destination",
    "Tensor input, tuple of ints source, tuple of ints destination",
)


def _is_int(x: Any) -> bool:
    return hasattr(x, "__index__") and not isinstance(x, bool)


def _moved(op: str, x: Any, source: Any, destination: Any) -> Tensor:
    need_tensor(op, x)
    if _is_int(source) and _is_int(destination):
        source, destination = (source,), (destination,)
    for dims in (source, destination):
        if not isinstance(dims, tuple | list) or not all(map(_is_int, dims)):
            raise invalid(op, _MOVE)
    if len(source) != len(destination):
        raise RuntimeError(messages.MOVEDIM_LENGTH.format(source=list(source), destination=list(destination)))
    ndim = x._data.ndim
    places = []
    for name, dims in (("source", source), ("destination", destination)):
        places.append([wrap_dim(int(d), ndim) for d in dims])
        if len(set(places[-1])) != len(dims):
            raise RuntimeError(messages.MOVEDIM_TWICE.format(name=name, dims=list(dims)))
    if not ndim:
        return views.alias(x)
    order: list = [None] * ndim
    for s, d in zip(*places, strict=True):
        order[d] = s
    rest = iter([d for d in range(ndim) if d not in places[0]])
    return _permuted(x, tuple([next(rest) if d is None else d for d in order]))


@public()
def movedim(input: Tensor, source: Any, destination: Any) -> Tensor:
    """Dimensions moved to other places; the others keep their order.

    >>> import leafgrad as torch
    >>> torch.ones(2, 3, 4).movedim(0, -1).shape
    torch.Size([3, 4, 2])
    """
    return _moved("movedim", input, source, destination)


@public()
def moveaxis(input: Tensor, source: Any, destination: Any) -> Tensor:
    """`movedim` under NumPy's name.

    >>> import leafgrad as torch
    >>> torch.ones(2, 3, 4).moveaxis((0, 1), (2, 0)).shape
    torch.Size([3, 4, 2])
    """
    return _moved("moveaxis", input, source, destination)
