"""Selective checkpoints: a policy says of each op whether its result is kept, so that the second run need not compute it.

Two modes see the ops of the two runs.  The first keeps results, op by op, in the order of the calls; the second returns the n-th for the
n-th call of an op.
"""

from collections.abc import Callable
from enum import Enum
from typing import Any

import numpy as np

from ..base import messages
from ..tensor.overloads import OpOverload, OpOverloadPacket, namespace
from ..tensor.tensor import Tensor, counter_of, wrap
from ._python_dispatch import TorchDispatchMode


def _ignored() -> set[OpOverload]:
    aten = namespace("aten")
    symbols = "sym_numel sym_size sym_storage_offset sym_stride"
    asks = "dim is_non_overlapping_and_dense is_strides_like_format numel size storage_offset stride"
    found = {
        aten.packet(name).overload("default")
        for name in ("detach", "is_contiguous", *asks.split(), *symbols.split())
    }
    return {
        *found,
        aten.packet("is_contiguous").overload("memory_format"),
        namespace("prim").packet("device").overload("default"),
    }


SAC_IGNORED_OPS = _ignored()  # of these no policy is asked


class CheckpointPolicy(Enum):
    """What a policy says of an op: keep its result (SAVE), or compute it again.

    MUST and PREFER make a difference only where torch compiles programs.  So does CPU_OFFLOAD; elsewhere it means computing again.

    >>> from leafgrad.utils.checkpoint import CheckpointPolicy
    >>> CheckpointPolicy.MUST_SAVE.name
    'MUST_SAVE'
    """

    MUST_SAVE = 0
    PREFER_SAVE = 1
    MUST_RECOMPUTE = 2
    PREFER_RECOMPUTE = 3
    MUST_CPU_OFFLOAD = 4
    PREFER_CPU_OFFLOAD = 5


_KEEPING = (CheckpointPolicy.MUST_SAVE, CheckpointPolicy.PREFER_SAVE)


class SelectiveCheckpointContext:
    """What a policy gets besides the op and its arguments: `op_output`, the result; `is_recompute`, which is always False."""

    def __init__(self, *, is_recompute: bool, op_output: Any = None) -> None:
        self.is_recompute, self.op_output = is_recompute, op_output


# What stands for a call whose result is not kept, and for one whose result has been given away.
_AGAIN, _GONE = object(), object()


class _Kept:
    """A result without its history: tensors with the version that they had, as they may not be written."""

    __slots__ = ("result", "versions")

    def __init__(self, result: Any) -> None:
        self.result = _plain(result)
        self.versions = [_version(x) for x in _each(self.result)]

    def written(self) -> bool:
        """Whether a tensor was written since."""
        return self.versions != [_version(x) for x in _each(self.result)]


def _plain(x: Any) -> Any:
    """The same without history, in tensors of its own."""
    if isinstance(x, tuple | list):
        return tuple(map(_plain, x))
    if not isinstance(x, Tensor):
        return x
    if type(x) is not Tensor or (x._notes is not None and x._notes.base is None):
        return x.detach()
    t = wrap(x._data)
    t._counter = counter_of(x)
    return t


def _each(result: Any) -> tuple:
    return result if isinstance(result, tuple) else (result,)


def _version(x: Any) -> Any:
    return x._counter[0] if isinstance(x, Tensor) and x._counter else None


def _is_view(result: Any) -> bool:
    """Whether a result shows memory of an argument: there is nothing to compute then, and the second run has memory of its own."""
    return any(
        isinstance(x, Tensor) and x._notes is not None and x._notes.base is not None for x in _each(result)
    )


class _CachingTorchDispatchMode(TorchDispatchMode):
    """The first run: keeps what the policy wants kept."""

    def __init__(self, policy_fn: Callable, storage: dict[Any, list]) -> None:
        self.policy_fn, self.storage = policy_fn, storage

    def __torch_dispatch__(self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        kwargs = kwargs or {}
        result = func(*args, **kwargs)
        if func in SAC_IGNORED_OPS:
            return result
        context = SelectiveCheckpointContext(is_recompute=False, op_output=_seen(result))
        policy = self.policy_fn(context, func, *args, **kwargs)
        if isinstance(policy, bool):
            policy = CheckpointPolicy.MUST_SAVE if policy else CheckpointPolicy.PREFER_RECOMPUTE
        kept: Any = _AGAIN
        if policy in _KEEPING:
            kept = _Kept(() if _is_view(result) and not _writes(func) else result)
        self.storage.setdefault(func, []).append(kept)
        return result


def _seen(result: Any) -> Any:
    """A result as a policy sees it: below autograd, so without history."""
    plain = _plain(result)
    return list(plain) if isinstance(result, list) else plain


def _writes(func: Any) -> bool:
    return func._opname.endswith("_") and not func._opname.endswith("__")


class _CachedTorchDispatchMode(TorchDispatchMode):
    """The second run: returns what was kept."""

    def __init__(self, storage: dict[Any, list], allow_cache_entry_mutation: Any) -> None:
        self.storage, self.allowed = storage, allow_cache_entry_mutation
        self.counts: dict[Any, int] = {}

    def __enter__(self) -> Any:
        self.counts = {}
        return super().__enter__()

    def __torch_dispatch__(self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        kwargs = kwargs or {}
        if func in SAC_IGNORED_OPS:
            return func(*args, **kwargs)
        there = self.storage.get(func)
        if there is None:
            raise RuntimeError(messages.SELECTIVE_UNSEEN.format(op=func))
        index = self.counts.get(func, 0)
        self.counts[func] = index + 1
        if index >= len(there):
            raise RuntimeError(messages.SELECTIVE_COUNT.format(op=func, index=index))
        kept = there[index]
        if kept is _AGAIN:
            return func(*args, **kwargs)
        if kept is _GONE:
            raise RuntimeError(messages.SELECTIVE_TWICE)
        if not self.allowed and kept.written():
            raise RuntimeError(messages.SELECTIVE_WRITTEN)
        there[index] = _GONE
        if kept.result == ():
            return func(*args, **kwargs)
        if _writes(func):
            target = args[0]
            if target._data is not kept.result._data:
                np.copyto(target._data, kept.result._data)
            return target
        return kept.result


def create_selective_checkpoint_contexts(
    policy_fn_or_list: Any, allow_cache_entry_mutation: Any = False
) -> tuple:
    """Two contexts for `checkpoint`'s context_fn, which keep the results of some ops, so that these are not computed again.

    policy_fn_or_list: a list of ops, such as `[torch.ops.aten.mm.default]`, whose results are kept; or a function that is called in
    the first run with (SelectiveCheckpointContext, op, *args, **kwargs) and returns a CheckpointPolicy, or True for keeping.
    allow_cache_entry_mutation: use what was kept even if it was written since (else: RuntimeError).

    What was kept can be used once.  TypeError for neither a function nor a list, ValueError for a list of other things than ops.

    >>> import leafgrad as torch
    >>> from functools import partial
    >>> from leafgrad.utils.checkpoint import checkpoint, create_selective_checkpoint_contexts
    >>> x = torch.eye(2, requires_grad=True)
    >>> contexts = partial(create_selective_checkpoint_contexts, [torch.ops.aten.mm.default])
    >>> y = checkpoint(lambda x: (x @ x).exp(), x, use_reentrant=False, context_fn=contexts)
    >>> y.sum().backward(); x.grad
    tensor([[5.4366, 2.0000],
            [2.0000, 5.4366]])
    """
    if isinstance(policy_fn_or_list, list):
        for op in policy_fn_or_list:
            if not isinstance(op, OpOverload):
                more = messages.SELECTIVE_PACKET if isinstance(op, OpOverloadPacket) else ""
                raise ValueError(messages.SELECTIVE_OP.format(op=op, type=type(op), more=more))
        policy = _listed(policy_fn_or_list)
    elif callable(policy_fn_or_list):
        policy = policy_fn_or_list
    else:
        raise TypeError(messages.SELECTIVE_KIND)
    storage: dict[Any, list] = {}
    return (
        _CachingTorchDispatchMode(policy, storage),
        _CachedTorchDispatchMode(storage, allow_cache_entry_mutation),
    )


def _listed(ops: list) -> Callable:
    return lambda context, op, *args, **kwargs: op in ops
