"""The autograd side of a tensor: requires_grad, grad, grad_fn, hooks, detach, `.data`."""

from typing import Any

from ..base import messages
from ..base.handle import RemovableHandle, Table
from ..base.state import modes, state
from ..base.where import warn
from ..op.record import Op
from ..values.dtype import BY_NP, dtype
from .batch import levels_of, open_levels
from .intercept import intercepted
from .leaf import engage, follow, retire
from .node import LEAVES, AccumulateGrad, Node, Nowhere, edge_of, hooks_of, resolve, tracked
from .subclass import dress
from .tensor import (
    AS_DATA,
    FRESH,
    UNTRACKED,
    Attribute,
    Tensor,
    Untracked,
    counter_of,
    notes_of,
    untracked,
    wrap,
)
from .within import inner, within

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
    notes = self._notes
    if notes is not None and notes.batched:
        return notes.differentiated()
    return tracked(self)


@_settable  # type: ignore[no-redef]
def requires_grad(self: Tensor, mode: bool) -> None:  # noqa: F811
    if type(mode) is not bool:
        raise RuntimeError(messages.REQUIRES_GRAD_BOOL)
    if mode and self._node is not None and type(self._node) not in LEAVES:
        raise RuntimeError(messages.NOT_LEAF_FLAG)
    _set_requires_grad(self, mode)


def _set_requires_grad(self: Tensor, mode: bool) -> None:
    if mode and untracked(self) and not state.inference:
        raise RuntimeError(messages.INFERENCE_REQUIRES_GRAD)
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
    if state.transforms and not (requires_grad and BY_NP[self._data.dtype].category < 2):
        raise RuntimeError(messages.TRANSFORM_REQUIRES_GRAD)
    return requiring(self, requires_grad)


def requiring(t: Tensor, mode: bool = True) -> Tensor:
    """t, which was just made and is to require grad: inside a transform too, where `requires_grad_` is refused."""
    if mode and BY_NP[t._data.dtype].category < 2:
        raise RuntimeError(messages.REQUIRES_GRAD_METHOD_DTYPE)
    _set_requires_grad(t, mode)
    return t


@_attribute
def is_leaf(self: Tensor) -> bool:
    """Whether the tensor was made by the user, not by a recorded op: the places where gradients are kept."""
    edge = edge_of(inner(self))
    return edge is None or type(edge) in LEAVES


@_attribute
def grad_fn(self: Tensor) -> Node | None:
    """The node that made this tensor; None for a leaf."""
    edge = edge_of(inner(self))
    return None if edge is None or type(edge) in LEAVES else resolve(edge)[0]


@_attribute
def output_nr(self: Tensor) -> int:
    """Which output of `grad_fn` this tensor is."""
    return resolve(inner(self)._node)[1]


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
    edge = inner(self)._node
    if edge is not None and type(edge) not in LEAVES:
        warn(messages.NON_LEAF_GRAD)
    return None


@_settable  # type: ignore[no-redef]
def grad(self: Tensor, value: Tensor | None) -> None:  # noqa: F811
    if value is not None:
        if not isinstance(value, Tensor):
            raise TypeError(messages.GRAD_KIND.format(type=type(value).__name__))
        if value is self:
            raise RuntimeError(messages.GRAD_SELF)
        allowed = self._data.dtype if self._grad_dtype is AS_DATA else self._grad_dtype
        if allowed is not None and value._data.dtype != allowed:
            words = {"got": _name_in_c(value._data.dtype), "want": BY_NP[allowed].type_name}
            raise RuntimeError(messages.GRAD_ASSIGNED_DTYPE.format(**words))
        if value._data.shape != self._data.shape:
            got_shape, want_shape = list(value._data.shape), list(self._data.shape)
            raise RuntimeError(messages.GRAD_ASSIGNED_SHAPE.format(got=got_shape, want=want_shape))
    if type(self._node) is AccumulateGrad:
        self._node.grad = value
    else:
        notes_of(self).grad = value


Tensor.grad = Tensor.grad.deleter(lambda self: setattr(self, "grad", None))  # type: ignore[attr-defined]


def _name_in_c(data_type: Any) -> str:
    name = BY_NP[data_type].type_name
    return _NAMES_IN_C.get(name, name.lower())


@_attribute
def grad_dtype(self: Tensor) -> dtype | None:
    """The dtype to which gradients of this leaf are cast before they are added to `.grad`; None: they are not cast.

    By default the tensor's own.  Settable; RuntimeError for what is no leaf, for a dtype that can hold no gradient, and if there
    is a gradient of another dtype.

    >>> import leafgrad as torch
    >>> x = torch.ones(2, requires_grad=True)
    >>> x.grad_dtype = torch.float64
    >>> (x * 2).sum().backward(); x.grad
    tensor([2., 2.], dtype=torch.float64)
    """
    if not self.is_leaf:
        raise RuntimeError(messages.GRAD_DTYPE_READ)
    if self._grad_dtype is AS_DATA:
        return BY_NP[self._data.dtype]
    return None if self._grad_dtype is None else BY_NP[self._grad_dtype]


@_settable  # type: ignore[no-redef]
def grad_dtype(self: Tensor, value: dtype | None) -> None:  # noqa: F811
    if value is not None and not isinstance(value, dtype):
        raise RuntimeError(messages.GRAD_DTYPE_KIND.format(type=type(value).__name__))
    if not self.is_leaf:
        raise RuntimeError(messages.GRAD_DTYPE_LEAF)
    if value is not None and value.category < 2:
        raise RuntimeError(messages.GRAD_DTYPE_REAL.format(dtype=value))
    node = self._node if type(self._node) is AccumulateGrad else None
    old = node.grad if node is not None else None if self._notes is None else self._notes.grad
    if value is not None and old is not None and old._data.dtype != value.np:
        got = _name_in_c(old._data.dtype)
        raise RuntimeError(messages.GRAD_DTYPE_PRESENT.format(want=value.type_name, got=got))
    self._grad_dtype = None if value is None else value.np
    if node is not None:
        node.dtype = self._grad_dtype


# --- the graph cut ---


@_method
def detach(self: Tensor) -> Tensor:
    """The same memory with no history: writes to either are seen (and counted) by both.

    >>> import leafgrad as torch
    >>> x = torch.ones(2, requires_grad=True)
    >>> (x * 2).detach()
    tensor([2., 2.])
    """
    if modes and state.interceptors:
        return intercepted(_detached, (self,), (), None, lambda: detach(self))
    out = wrap(self._data)
    out._counter = _apart() if untracked(self) else counter_of(self)
    return dress(out, (self,)) if modes else out


# What interceptors see.
_detached = Op("detach", lambda self: self, ("self",), batch=lambda self: detach(self))


def _apart() -> Untracked:
    """The counter of what is cut off an inference tensor: outside of the mode it counts, as in torch."""
    return UNTRACKED if state.inference else Untracked(0)


@_method
def detach_(self: Tensor) -> Tensor:
    """Cut this tensor off its graph: it becomes a leaf.  RuntimeError for a view."""
    notes = self._notes
    if notes is not None and (notes.base is not None or levels_of(self)):
        raise RuntimeError(messages.DETACH_VIEW)
    if type(self._node) is AccumulateGrad:
        retire(self)
    elif notes is not None and notes.idle is not None:
        notes.idle.saved = None
    self._node = None
    return self


@_attribute
def data(self: Tensor) -> Tensor:
    """The same memory, unknown to autograd: writes to it are not even counted.  RuntimeError inside vmap."""
    if modes and levels_of(self):
        raise RuntimeError(messages.VMAP_DATA_ATTRIBUTE)
    out = wrap(self._data)
    out._counter = _apart() if untracked(self) else FRESH
    return dress(out, (self,)) if modes else out


@_settable  # type: ignore[no-redef]
def data(self: Tensor, value: Tensor) -> None:  # noqa: F811
    if not isinstance(value, Tensor):
        raise TypeError(messages.DATA_KIND.format(type=type(value).__name__))
    if self._node is not None and BY_NP[value._data.dtype].category < 2:
        raise RuntimeError(messages.DATA_DTYPE)
    if state.transforms:
        levels = open_levels()
        if levels_of(self) and levels[-1].transforms == state.transforms:
            raise RuntimeError(messages.VMAP_SET_DATA)
        if len(levels) < state.transforms:  # not vmap alone
            raise RuntimeError(messages.TRANSFORM_SET_DATA)
    self._data = value._data
    if untracked(value) is not untracked(self):
        self._counter = FRESH if untracked(self) else Untracked(self._counter[0])
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
    """How many writes its memory has seen; RuntimeError for an inference tensor, which does not count them."""
    counter = self._counter
    if not untracked(self):
        return counter[0]
    if counter.writes is None:  # type: ignore[attr-defined]
        raise RuntimeError(messages.INFERENCE_VERSION)
    return counter.writes  # type: ignore[attr-defined]


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
    edge = edge_of(inner(self))
    if edge is None:
        raise RuntimeError(messages.HOOK_NO_GRAD)
    node: Any
    node, nr = resolve(edge) if type(edge) is not Nowhere else (edge, 0)
    if state.transforms:
        hook = within(hook, node, levels_of(self))
    return RemovableHandle(hooks_of(node).tensor.setdefault(nr, Table()), hook)


@_method
def register_post_accumulate_grad_hook(self: Tensor, hook: Any) -> RemovableHandle:
    """Call `hook(tensor)` after a gradient was added to this leaf's `.grad`; RuntimeError for what is no leaf.

    >>> import leafgrad as torch
    >>> x = torch.ones(2, requires_grad=True)
    >>> handle = x.register_post_accumulate_grad_hook(lambda leaf: print(leaf.grad))
    >>> x.sum().backward()
    tensor([1., 1.])
    """
    edge = edge_of(inner(self))
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
    if not self.requires_grad:
        raise RuntimeError(messages.RETAIN_NO_GRAD)
    if state.transforms:
        raise RuntimeError(messages.TRANSFORM_RETAIN_GRAD)
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
