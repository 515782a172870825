"""The autograd side of a tensor: requires_grad, grad, grad_fn, hooks, detach, `.data`."""

from typing import Any

from ..base import messages
from ..base.handle import RemovableHandle, Table
from ..base.state import modes
from ..base.where import warn
from ..values.dtype import BY_NP
from .leaf import engage, follow, retire
from .node import LEAVES, AccumulateGrad, Node, Nowhere, edge_of, hooks_of, resolve, tracked
from .subclass import dress
from .tensor import Attribute, Tensor, counter_of, notes_of, wrap

_NAMES_IN_C = {
    "Char": "signed char", "Byte": "unsigned char", "Short": "short int", "Long": "long int", "Half": "c10::Half",
    "BFloat16": "c10::BFloat16", "ComplexFloat": "c10::complex<float>", "ComplexDouble": "c10::complex<double>",
}  # fmt: skip


def _attribute(getter: Any) -> property:
    """A read-only attribute of Tensor; `.setter` makes it writable."""
    attribute = Attribute(getter)
    setattr(Tensor, getter.__name__, attribute)
    return attribute


def _settable(setter: Any) -> Any:
    name = setter.__name__
    setattr(Tensor, name, getattr(Tensor, name).setter(setter))
    return setter


def _method(function: Any) -> Any:
    function.__qualname__ = "Tensor." + function.__name__
    setattr(Tensor, function.__name__, function)
    return function


# --- leaves ---


@_attribute
def requires_grad(self: Tensor) -> bool:
    """Whether gradients flow to or through this tensor.

    Settable on leaves; RuntimeError on others, and for dtypes that are not floating point or complex.
    """
    return tracked(self)


@_settable  # type: ignore[no-redef]
def requires_grad(self: Tensor, mode: bool) -> None:  # noqa: F811
    if type(mode) is not bool:
        raise RuntimeError(messages.REQUIRES_GRAD_BOOL)
    _set_requires_grad(self, mode)


def _set_requires_grad(self: Tensor, mode: bool) -> None:
    edge = self._node
    if edge is not None and type(edge) not in LEAVES:
        if not mode:
            raise RuntimeError(messages.NOT_LEAF_FLAG)
        return
    if not mode:
        if type(edge) is AccumulateGrad:
            edge = None
            retire(self)
        return
    if not BY_NP[self._data.dtype].category >= 2:
        raise RuntimeError(messages.REQUIRES_GRAD_FLAG_DTYPE)
    if type(edge) is not AccumulateGrad:
        engage(self)


@_method
def requires_grad_(self: Tensor, requires_grad: bool = True) -> Tensor:
    """Set `requires_grad` in place and return the tensor.

    >>> import leafgrad as torch
    >>> torch.ones(2).requires_grad_()
    tensor([1., 1.], requires_grad=True)
    """
    if type(requires_grad) is not bool:
        raise TypeError(messages.REQUIRES_GRAD_ARGUMENT.format(type=type(requires_grad).__name__))
    if requires_grad and BY_NP[self._data.dtype].category < 2:
        raise RuntimeError(messages.REQUIRES_GRAD_METHOD_DTYPE)
    _set_requires_grad(self, requires_grad)
    return self


@_attribute
def is_leaf(self: Tensor) -> bool:
    """Whether the tensor was made by the user, not by a recorded op: the places where gradients are kept."""
    edge = edge_of(self)
    return edge is None or type(edge) in LEAVES


@_attribute
def grad_fn(self: Tensor) -> Node | None:
    """The node that made this tensor; None for a leaf."""
    edge = edge_of(self)
    return None if edge is None or type(edge) in LEAVES else resolve(edge)[0]


@_attribute
def output_nr(self: Tensor) -> int:
    """Which output of `grad_fn` this tensor is."""
    return resolve(self._node)[1]


@_attribute
def grad(self: Tensor) -> Tensor | None:
    """The gradient that `backward()` accumulated here; None before.

    Only leaves have one, and tensors on which `retain_grad()` was called; torch warns when another's is asked for.
    """
    node, notes = self._node, self._notes
    if type(node) is AccumulateGrad:
        return node.grad
    if notes is not None and (notes.grad is not None or notes.retains):
        return notes.grad
    if self._node is not None and type(self._node) is not Nowhere:
        warn(messages.NON_LEAF_GRAD)
    return None


@_settable  # type: ignore[no-redef]
def grad(self: Tensor, value: Tensor | None) -> None:  # noqa: F811
    if value is not None:
        if not isinstance(value, Tensor):
            raise TypeError(messages.GRAD_KIND.format(type=type(value).__name__))
        if value is self:
            raise RuntimeError(messages.GRAD_SELF)
        if value._data.dtype != self._data.dtype:
            got, want = BY_NP[value._data.dtype], BY_NP[self._data.dtype]
            name = _NAMES_IN_C.get(got.type_name, got.type_name.lower())
            raise RuntimeError(messages.GRAD_ASSIGNED_DTYPE.format(got=name, want=want.type_name))
        if value._data.shape != self._data.shape:
            got_shape, want_shape = list(value._data.shape), list(self._data.shape)
            raise RuntimeError(messages.GRAD_ASSIGNED_SHAPE.format(got=got_shape, want=want_shape))
    if type(self._node) is AccumulateGrad:
        self._node.grad = value
    else:
        notes_of(self).grad = value


Tensor.grad = Tensor.grad.deleter(lambda self: setattr(self, "grad", None))  # type: ignore[attr-defined]


# --- the graph cut ---


@_method
def detach(self: Tensor) -> Tensor:
    """The same memory with no history: writes to either are seen (and counted) by both.

    >>> import leafgrad as torch
    >>> x = torch.ones(2, requires_grad=True)
    >>> (x * 2).detach()
    tensor([2., 2.])
    """
    out = wrap(self._data)
    out._counter = counter_of(self)
    return dress(out, (self,)) if modes else out


@_method
def detach_(self: Tensor) -> Tensor:
    """Cut this tensor off its graph: it becomes a leaf.  RuntimeError for a view."""
    notes = self._notes
    if notes is not None and notes.base is not None:
        raise RuntimeError(messages.DETACH_VIEW)
    if type(self._node) is AccumulateGrad:
        retire(self)
    self._node = None
    return self


@_attribute
def data(self: Tensor) -> Tensor:
    """The same memory, unknown to autograd: writes to it are not even counted."""
    out = wrap(self._data)
    return dress(out, (self,)) if modes else out


@_settable  # type: ignore[no-redef]
def data(self: Tensor, value: Tensor) -> None:  # noqa: F811
    if not isinstance(value, Tensor):
        raise TypeError(messages.DATA_KIND.format(type=type(value).__name__))
    if self._node is not None and BY_NP[value._data.dtype].category < 2:
        raise RuntimeError(messages.DATA_DTYPE)
    self._data = value._data
    follow(self)


def _keep_data(self: Tensor) -> None:
    raise RuntimeError(messages.DATA_DELETED)


Tensor.data = Tensor.data.deleter(_keep_data)  # type: ignore[attr-defined]


# --- views and versions ---


def _is_view(self: Tensor) -> bool:
    """Whether the tensor is a view of another that autograd knows of."""
    return self._notes is not None and self._notes.base is not None


Tensor._is_view = _is_view  # type: ignore[attr-defined]


@_attribute
def _base(self: Tensor) -> Tensor | None:
    """The tensor whose memory this view shows; None for one that owns its memory."""
    return None if self._notes is None else self._notes.base


@_attribute
def _version(self: Tensor) -> int:
    """How many writes its memory has seen."""
    return self._counter[0]


# --- hooks ---


@_method
def register_hook(self: Tensor, hook: Any) -> RemovableHandle:
    """Call `hook(grad)` when the gradient of this tensor is complete; what it returns, if not None, takes its place.

    RuntimeError if the tensor does not require grad.

    >>> import leafgrad as torch
    >>> x = torch.ones(2, requires_grad=True)
    >>> handle = x.register_hook(lambda grad: grad * 10)
    >>> x.sum().backward(); x.grad
    tensor([10., 10.])
    """
    edge = edge_of(self)
    if edge is None:
        raise RuntimeError(messages.HOOK_NO_GRAD)
    node, nr = resolve(edge) if type(edge) is not Nowhere else (edge, 0)
    return RemovableHandle(hooks_of(node).tensor.setdefault(nr, Table()), hook)  # type: ignore[arg-type]


@_method
def register_post_accumulate_grad_hook(self: Tensor, hook: Any) -> RemovableHandle:
    """Call `hook(tensor)` after a gradient was added to this leaf's `.grad`; RuntimeError for what is no leaf.

    >>> import leafgrad as torch
    >>> x = torch.ones(2, requires_grad=True)
    >>> handle = x.register_post_accumulate_grad_hook(lambda leaf: print(leaf.grad))
    >>> x.sum().backward()
    tensor([1., 1.])
    """
    edge = edge_of(self)
    if edge is None:
        raise RuntimeError(messages.HOOK_NO_GRAD)
    if type(edge) not in LEAVES:
        raise RuntimeError(messages.HOOK_NOT_LEAF)
    return RemovableHandle(hooks_of(edge).after, hook)


@_method
def retain_grad(self: Tensor) -> None:
    """Keep this non-leaf's gradient in `.grad` too.  RuntimeError if it does not require grad; nothing to do on a leaf.

    >>> import leafgrad as torch
    >>> x = torch.ones(2, requires_grad=True)
    >>> y = x * 2; y.retain_grad(); y.sum().backward(); y.grad
    tensor([1., 1.])
    """
    if not tracked(self):
        raise RuntimeError(messages.RETAIN_NO_GRAD)
    if self._node is None or type(self._node) in LEAVES:
        return
    node, nr = resolve(edge_of(self))
    notes = notes_of(self)
    if not notes.retains:
        notes.retains = True
        hooks_of(node).retain[nr] = notes  # type: ignore[arg-type]


@_attribute
def retains_grad(self: Tensor) -> bool:
    """Whether `retain_grad()` was called on this non-leaf."""
    return self._notes is not None and self._notes.retains
