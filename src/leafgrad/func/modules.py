"""Modules as functions of their parameters: functional_call, stack_module_state.

leafgrad has no `nn.Module`: a module is anything that can be called and has `named_parameters()` and `named_buffers()`.  The
tensors are attributes, which dotted names lead to, through dicts as well (`_parameters`, `_buffers` and `_modules`, where
torch's modules keep theirs).
"""

from collections.abc import Iterable, Sequence
from typing import Any

from ..base import messages
from ..ops.join import stack_front as stack
from ..tensor.tensor import Tensor

_NONE = object()  # the value of an attribute that is not there


def functional_call(
    module: Any,
    parameter_and_buffer_dicts: dict[str, Tensor] | Sequence[dict[str, Tensor]],
    args: Any = None,
    kwargs: dict[str, Any] | None = None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    """`module(*args, **kwargs)` with other tensors for its parameters and buffers, which it has back afterwards.

    parameter_and_buffer_dicts: tensors by dotted name; or several such dicts without a common name.  What the module assigns
    to those names is found in the dict afterwards.  args: a tuple, or one argument.  tie_weights: names of one
    tensor in the module get one tensor.  strict: the names must be those of the module.

    Raises ValueError for dicts that are none or have a common name, and for different tensors for what is tied; RuntimeError
    for missing or unexpected names if `strict`; AttributeError for a name that leads nowhere.

    >>> import leafgrad as torch
    >>> class Scale:
    ...     def __init__(self):
    ...         self.w = torch.nn.Parameter(torch.tensor(2.0))
    ...     def named_parameters(self, remove_duplicate=True):
    ...         yield "w", self.w
    ...     def named_buffers(self, remove_duplicate=True):
    ...         return iter(())
    ...     def __call__(self, x):
    ...         return self.w * x
    >>> torch.func.functional_call(Scale(), {"w": torch.tensor(10.0)}, torch.tensor(3.0))
    tensor(30.)
    """
    given = _one_dict(parameter_and_buffer_dicts)
    values = _untied(module, given) if tie_weights else given
    if strict:
        _check_names(module, values)
    kwargs = {} if kwargs is None else kwargs
    args = () if args is None else args if isinstance(args, tuple) else (args,)
    before: dict[str, Any] = {}
    try:
        for name, value in values.items():
            before[name] = _swap(module, name, value)
        return module(*args, **kwargs)
    finally:
        after = {name: _swap(module, name, value) for name, value in before.items()}
        given.update({name: after[name] for name in given if after.get(name, _NONE) is not _NONE})


def _one_dict(dicts: Any) -> dict[str, Tensor]:
    if isinstance(dicts, dict):
        return dicts
    if not isinstance(dicts, Sequence):
        raise ValueError(messages.CALL_DICTS.format(type=type(dicts)))
    if not all(isinstance(d, dict) for d in dicts):
        raise ValueError(messages.CALL_DICT)
    names = [name for d in dicts for name in d]
    repeated = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    if repeated:
        raise ValueError(messages.CALL_REPEATED.format(names=repeated))
    return {name: value for d in dicts for name, value in d.items()}


def _named(module: Any) -> dict[str, Any]:
    """All tensors of a module by name, those that have several under each."""
    return {
        **dict(module.named_parameters(remove_duplicate=False)),
        **dict(module.named_buffers(remove_duplicate=False)),
    }


def _untied(module: Any, given: dict[str, Tensor]) -> dict[str, Tensor]:
    """The given tensors, those that are tied to a name under each of its names."""
    names: dict[int, list[str]] = {}
    for name, tensor in _named(module).items():
        names.setdefault(id(tensor), []).append(name)
    out = dict(given)
    for tied in names.values():
        known = [name for name in tied if name in given]
        if len(tied) == 1 or not known:
            continue
        if any(given[name] is not given[known[0]] for name in known):
            raise ValueError(messages.CALL_TIED.format(names=sorted(tied)))
        out.update(dict.fromkeys(tied, given[known[0]]))
    return out


def _check_names(module: Any, values: Iterable[str]) -> None:
    own, got = set(_named(module)), set(values)
    unexpected, missing = sorted(got - own), sorted(own - got)
    said = [messages.CALL_UNEXPECTED.format(names=", ".join(map(repr, unexpected)))] if unexpected else []
    if missing:
        said.append(messages.CALL_MISSING.format(names=", ".join(map(repr, missing))))
    if said:
        raise RuntimeError(messages.CALL_NAMES.format(module=_name(module), errors="\n\t".join(said)))


def _name(module: Any) -> str:
    return module._get_name() if hasattr(module, "_get_name") else type(module).__name__


def _swap(module: Any, path: str, value: Any) -> Any:
    """Put a tensor (or nothing) at a dotted name; the one that was there, or `_NONE`."""
    if value is not _NONE and value is not None and not isinstance(value, Tensor):
        raise TypeError(messages.CALL_VALUE.format(value=value))
    *steps, name = path.split(".")
    for step in steps:
        module = _part(module, step)
    if not name:
        raise KeyError(messages.CALL_EMPTY)
    for table in (getattr(module, "_parameters", None), getattr(module, "_buffers", None)):
        if isinstance(table, dict) and name in table:
            before = table[name]
            if value is _NONE:
                del table[name]
            else:
                table[name] = value
            return before
    before = getattr(module, name, _NONE)
    if before is not _NONE and before is not None and not isinstance(before, Tensor):
        raise TypeError(messages.CALL_ATTRIBUTE.format(name=name, value=before))
    if value is not _NONE:
        setattr(module, name, value)
    elif before is not _NONE:
        delattr(module, name)
    return before


def _part(module: Any, step: str) -> Any:
    table = getattr(module, "_modules", None)
    if isinstance(table, dict) and step in table:
        return table[step]
    if isinstance(module, list | tuple) and step.isdecimal() and int(step) < len(module):
        return module[int(step)]
    found = getattr(module, step, _NONE)
    if found is _NONE:
        raise AttributeError(messages.CALL_NO_ATTRIBUTE.format(module=_name(module), name=step))
    return found


def stack_module_state(models: Sequence[Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """(parameters, buffers) of several modules of one class, by name, each stacked: to be mapped over by vmap.

    Where all of them require grad, the stack is a new leaf that does.

    Raises RuntimeError for no module at all, for modules of several classes or in several modes (`training`), and for
    tensors of which some require grad and others do not.

    >>> import leafgrad as torch
    >>> class Scale:
    ...     training = True
    ...     def __init__(self, factor):
    ...         self.factor = torch.tensor(factor, requires_grad=True)
    ...     def named_parameters(self, remove_duplicate=True):
    ...         yield "factor", self.factor
    ...     def named_buffers(self, remove_duplicate=True):
    ...         return iter(())
    ...     def __call__(self, x):
    ...         return self.factor * x
    >>> models = [Scale(2.0), Scale(3.0)]
    >>> parameters, buffers = torch.func.stack_module_state(models)
    >>> call = lambda p, b, x: torch.func.functional_call(models[0], (p, b), (x,))
    >>> torch.vmap(call, in_dims=(0, 0, None))(parameters, buffers, torch.tensor(10.0))
    tensor([20., 30.], grad_fn=<MulBackward0>)
    """
    if not len(models):
        raise RuntimeError(messages.STACK_NO_MODELS)
    training = [bool(getattr(m, "training", True)) for m in models]
    if any(training) and not all(training):
        raise RuntimeError(messages.STACK_TRAINING)
    if any(type(m) is not type(models[0]) for m in models):
        raise RuntimeError(messages.STACK_CLASSES)
    return (
        _stacked([dict(m.named_parameters()) for m in models]),
        _stacked([dict(m.named_buffers()) for m in models]),
    )


def _stacked(states: list[dict[str, Tensor]]) -> dict[str, Tensor]:
    out = {}
    for name in states[0]:
        tensors = [state[name] for state in states]
        requires = [t.requires_grad for t in tensors]
        if any(requires) and not all(requires):
            raise RuntimeError(messages.STACK_REQUIRES_GRAD.format(name=name))
        whole = stack(tensors)
        out[name] = whole.detach().requires_grad_() if all(requires) else whole
    return out
