"""What becomes of tensors that the graph saves: hooks that pack and unpack them, and leave to write to them."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from weakref import WeakKeyDictionary, WeakSet, WeakValueDictionary

from numpy import ndarray

from ..base import messages
from ..base.state import enter_mode, leave_mode, quiet, state
from ..tensor.intercept import opened
from ..tensor.packing import check_hooks
from ..tensor.tensor import Tensor
from ..tensor.write import INPLACE
from ..values.device import CPU


class saved_tensors_hooks:
    """A context in which `pack_hook(tensor)` is called for each tensor that the graph saves; what it returns is kept instead.

    When the tensor is needed, `unpack_hook` is called with that and must return a tensor of the same content, shape and dtype.
    Of nested contexts the innermost counts.  What hooks keep is not guarded against in-place writes.  A pack hook that returns
    its very argument makes a reference cycle if that is an output: return `tensor.detach()`.

    Raises TypeError where a hook is not callable or does not return a tensor, RuntimeError where a pack hook writes to its
    argument, and where hooks are disabled.

    >>> import leafgrad as torch
    >>> x = torch.ones(2, requires_grad=True)
    >>> with torch.autograd.graph.saved_tensors_hooks(lambda t: t.to(torch.float16), lambda t: t.to(torch.float32)):
    ...     y = x.exp()
    >>> y.sum().backward(); x.grad
    tensor([2.7188, 2.7188])
    """

    def __init__(self, pack_hook: Callable[[Tensor], Any], unpack_hook: Callable[[Any], Tensor]) -> None:
        self.pack_hook, self.unpack_hook = pack_hook, unpack_hook

    def __enter__(self) -> None:
        check_hooks("_push_saved_tensors_default_hooks", self.pack_hook, self.unpack_hook)
        refuse_if_disabled()
        pair = (self.pack_hook, self.unpack_hook)
        enter_mode(pair, around=True)
        state.packers = (*state.packers, pair)

    def __exit__(self, *exc: object) -> None:
        if not state.packers:
            raise RuntimeError(messages.HOOKS_NOT_ENTERED)
        *others, pair = state.packers
        state.packers = tuple(others)
        leave_mode(pair)


def refuse_if_disabled() -> None:
    """Raise if hooks for saved tensors are disabled in this thread."""
    if state.packers_refused is not None:
        raise RuntimeError(state.packers_refused)


class save_on_cpu(saved_tensors_hooks):
    """A context in which saved tensors are kept on the CPU, where they are in any case.

    pin_memory: keep a copy, as torch does (there is no memory to be pinned).  device_type: looked at by torch alone.

    >>> import leafgrad as torch
    >>> x = torch.ones(2, requires_grad=True)
    >>> with torch.autograd.graph.save_on_cpu():
    ...     y = x * x
    >>> y.sum().backward(); x.grad
    tensor([2., 2.])
    """

    def __init__(self, pin_memory: bool = False, device_type: str = "cuda") -> None:
        super().__init__(lambda x: (CPU, x.clone() if pin_memory else x), lambda packed: packed[1])


@contextmanager
def disable_saved_tensors_hooks(error_message: str) -> Iterator[None]:
    """A context in which to open `saved_tensors_hooks` (or `save_on_cpu`) raises RuntimeError with this message.

    >>> import leafgrad as torch
    >>> with torch.autograd.graph.disable_saved_tensors_hooks("no hooks here"):
    ...     with torch.autograd.graph.save_on_cpu():
    ...         pass
    Traceback (most recent call last):
    RuntimeError: no hooks here
    """
    if not isinstance(error_message, str):
        raise TypeError(messages.DISABLE_MESSAGE.format(type=type(error_message).__name__))
    if state.packers:
        raise RuntimeError(error_message)
    before, state.packers_refused = state.packers_refused, error_message
    try:
        yield
    finally:
        state.packers_refused = before


# --- writes to what was saved ---


class Handle:
    """Kept by the graph for a tensor that may be written.  memory: what owns the memory; key: among the `handles`."""

    __slots__ = ("__weakref__", "key", "memory")

    def __init__(self, key: tuple, memory: Any) -> None:
        self.key, self.memory = key, memory


def _memory(x: Tensor) -> Any:
    """The object that owns a tensor's memory, which all that share it have in common."""
    owner: Any = x._data
    while isinstance(owner, ndarray) and owner.base is not None:
        owner = owner.base
    return owner


class Context:
    """What `allow_mutation_on_saved_tensors` knows: by handle, tensors as they were saved, and copies of those written since."""

    def __init__(self) -> None:
        self.cloned: WeakKeyDictionary[Handle, Tensor] = WeakKeyDictionary()
        self.original: WeakKeyDictionary[Handle, Tensor] = WeakKeyDictionary()
        self.handles: WeakValueDictionary[tuple, Handle] = WeakValueDictionary()
        self.in_memory: dict[int, WeakSet[Handle]] = {}  # by what owns the memory
        self.written: tuple = ()  # the memory and the version of what is being written, before it is

    def clear(self) -> None:
        """Forget everything: graphs recorded so far can no longer be walked."""
        for table in (self.cloned, self.original, self.handles, self.in_memory):
            table.clear()

    def pack(self, x: Tensor) -> Handle:
        """Remember a tensor that is being saved."""
        memory, version = _memory(x), x._counter[:1]
        key = id(x), id(memory), *version
        handle = self.handles.get(key)
        if handle is None:
            handle = self.handles[key] = Handle(key, memory)
            self.original[handle] = x
            self.in_memory.setdefault(id(memory), WeakSet()).add(handle)
            if any(memory is m and version == v for m, v in self.written):
                self.before(x)
        return handle

    def unpack(self, handle: Handle) -> Tensor:
        """The tensor as it was saved."""
        x = self.cloned.get(handle)
        if x is None:
            x = self.original.get(handle)
        assert _current is not None and x is not None, messages.MUTATION_OUTSIDE
        return x

    def before(self, t: Tensor) -> None:
        """Copy what was saved of the memory that is about to be written."""
        for handle in self.in_memory.pop(id(_memory(t)), ()):
            self.handles.pop(handle.key, None)
            with quiet():
                self.cloned[handle] = self.original.pop(handle).clone()

    def watch(self, op: Any, inputs: Sequence, params: tuple, out: Any, again: Callable) -> Any:
        """See each call (an interceptor), and those that write before they do."""
        if out is None:
            return again()
        written, outer = (
            (inputs[0],) if out is INPLACE else (out,) if isinstance(out, Tensor) else out,
            self.written,
        )
        for t in written:
            self.before(t)
        self.written = tuple([(_memory(t), t._counter[:1]) for t in written])
        try:
            return again()
        finally:
            self.written = outer


_current: Context | None = None


@contextmanager
def allow_mutation_on_saved_tensors() -> Iterator[Context]:
    """A context in which tensors that were saved may be written: they are copied before, and backward uses the copy.

    Forward and backward must both happen in it.  Gives an object whose `original` and `cloned` hold what is saved, and whose
    `clear()` forgets it.  RuntimeError if contexts are nested, AssertionError for a backward outside of the context.

    >>> import leafgrad as torch
    >>> with torch.autograd.graph.allow_mutation_on_saved_tensors():
    ...     a = torch.ones(2, requires_grad=True)
    ...     b = a.clone()
    ...     loss = (b ** 2).sum()
    ...     _ = b.sin_()
    ...     loss.backward()
    >>> a.grad
    tensor([2., 2.])
    """
    global _current
    if _current is not None:
        raise RuntimeError(messages.MUTATION_NESTED)
    context = Context()
    with saved_tensors_hooks(context.pack, context.unpack), opened(context.watch):
        _current = context
        try:
            yield context
        finally:
            context.clear()
            _current = None
