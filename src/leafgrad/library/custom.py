"""Operators that users define: `custom_op`, and what can be registered for one.

A call goes from the outside in, as in torch: vmap (the registered rule, or one call for each sample), autograd (the registered
formula, through an `autograd.Function` made for the operator), `__torch_dispatch__` of modes and classes, the kernel.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from ..autograd.function import Function
from ..base import messages
from ..base.state import modes, quiet, state
from ..base.where import warn
from ..tensor.batch import Level
from ..tensor.call import recording
from ..tensor.dispatching import CLASSES, Asked, ModeInterceptor, _askable, _nobody
from ..tensor.node import edge_of
from ..tensor.overloads import OpOverload, namespace
from ..tensor.tensor import Tensor
from ..tensor.write import bump
from ..utils._pytree import tree_flatten, tree_map, tree_unflatten
from ..values.device import TYPES
from .samples import by_rule, by_samples
from .schema import Schema, fits, infer, parse, tensors_in

OPERATORS: dict[str, "CustomOpDef"] = {}


class CustomOpDef:
    """An operator that a user has defined, made by `custom_op`; it is called like the function that it was made of.

    >>> import leafgrad as torch
    >>> @torch.library.custom_op("docs::half", mutates_args=())
    ... def half(x: torch.Tensor) -> torch.Tensor:
    ...     return x / 2
    >>> half.register_autograd(lambda ctx, grad: grad / 2)
    >>> half(torch.ones(2, requires_grad=True)).sum().backward()
    """

    def __init__(
        self, qualname: str, function: Callable, schema: Schema, device_types: Any, tags: Any
    ) -> None:
        self._qualname, self._init_fn, self._schema, self._tags = qualname, function, schema, tags
        self._namespace, self._name = qualname.split("::")
        self._kernels: dict[str | None, Callable] = {}
        self._disabled: set[str] = set()
        self._backward: Callable | None = None
        self._setup: Callable | None = None
        self._vmap: Callable | None = None
        self._fake: Callable | None = None
        self._dispatch: dict[Any, Callable] = {}
        packet = namespace(self._namespace).packet(self._name.split(".")[0])
        self._opoverload: OpOverload = packet.overload((self._name.split(".")[1:] or ["default"])[0])
        self._opoverload.function = self._call
        self._opoverload._schema = schema  # type: ignore[attr-defined]
        self._function = _function_of(self)
        self.__name__, self.__doc__ = self._name, function.__doc__
        self._keep(device_types, function)

    def __repr__(self) -> str:
        return f"<CustomOpDef({self._qualname})>"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._opoverload(*args, **kwargs)

    # --- what can be registered ---

    def _keep(self, device_types: str | Sequence[str] | None, kernel: Callable) -> None:
        single = device_types is None or isinstance(device_types, str)
        kinds: Any = (device_types,) if single else tuple(device_types)  # type: ignore[arg-type]
        for kind in kinds:
            if kind is not None and kind not in TYPES:
                raise RuntimeError(messages.DEVICE_UNKNOWN.format(types=", ".join(TYPES), text=kind))
        self._kernels.update(dict.fromkeys(kinds, kernel))

    def register_kernel(
        self, device_types: str | Sequence[str] | None, fn: Callable | None = None, /
    ) -> Callable:
        """Use another function for a kind of device (here only that for "cpu", or None, is ever called); also a decorator."""

        def register(fn: Callable) -> Callable:
            self._keep(device_types, fn)
            return fn

        return register if fn is None else register(fn)

    def register_fake(self, fn: Callable, /) -> Callable:
        """Keep a function that says what results look like.  Only tensors without values would ask it, and here are none."""
        self._fake = fn
        return fn

    def register_autograd(self, backward: Callable, /, *, setup_context: Callable | None = None) -> None:
        """Say how gradients flow: `backward(ctx, *grads)` returns one for each input, None where there is none.

        `setup_context(ctx, inputs, output)` keeps what it needs, as in `autograd.Function`.  RuntimeError for an operator that
        writes to its arguments.
        """
        if self._schema.mutates:
            raise RuntimeError(messages.OPERATOR_NOT_FUNCTIONAL.format(op=self, schema=self._schema))
        self._backward, self._setup = backward, setup_context

    def register_vmap(self, func: Callable | None = None) -> Any:
        """Say what it does for a batch: `func(info, in_dims, *args)` returns (outputs, out_dims); also a decorator.

        `info.batch_size`, `info.randomness` tell about the vmap; the dimension of samples is always the first one here.
        """

        def register(func: Callable) -> None:
            self._vmap = func

        return register if func is None else register(func)

    def register_torch_dispatch(self, torch_dispatch_class: Any, fn: Callable | None = None, /) -> Callable:
        """Say what a mode or a class does with this operator, instead of its `__torch_dispatch__`; also a decorator.

        `fn(mode_or_class, func, types, args, kwargs)`.
        """

        def register(fn: Callable) -> Callable:
            self._dispatch[torch_dispatch_class] = fn
            return fn

        return register if fn is None else register(fn)

    def set_kernel_enabled(self, device_type: str, enabled: bool = True) -> "_Enabled":
        """A context in which the function registered for this kind of device is used, or not."""
        return _Enabled(self, device_type, enabled)

    # --- a call, from the outside in ---

    def _call(self, *args: Any, **kwargs: Any) -> Any:
        bound = self._schema.bind(args, kwargs)
        return self._outer(bound)

    def _outer(self, bound: dict[str, Any]) -> Any:
        interceptors = state.interceptors if modes else ()
        levels = [each for each in interceptors if type(each) is Level]
        if levels:
            level, transforms = levels[-1], state.transforms
            if transforms == level.transforms:  # below the vmap, unless something was opened since
                state.transforms -= 1
            state.interceptors = tuple([each for each in interceptors if each is not level])
            try:
                if not any(map(level.hides, bound.values())):
                    return self._outer(bound)
                return (by_rule if self._vmap else by_samples)(self, level, bound)
            finally:
                state.interceptors, state.transforms = interceptors, transforms
        if self._schema.mutates or not (
            recording() and any(edge_of(t) is not None for t in tensors_in(bound.values()))
        ):
            with quiet():
                return self._inner(bound)
        return self._function(self, bound)

    def _inner(self, bound: dict[str, Any]) -> Any:
        interceptors = state.interceptors if modes else ()
        if not interceptors:
            return self._kernel(bound)
        newest = interceptors[-1]
        state.interceptors = interceptors[:-1]
        try:
            if type(newest) is ModeInterceptor:
                types = tuple(map(type, _askable(bound.values())))
                handler = self._dispatch.get(type(newest.mode))
                ask = newest.mode.__torch_dispatch__ if handler is None else _of(handler, newest.mode)
                result = self._ask(ask, bound, types)
                if result is NotImplemented:
                    raise _nobody(self._opoverload, [f"mode object {newest.mode}"])
                return result
            found = _askable(bound.values()) if newest is CLASSES else []
            if not found:
                return self._inner(bound)
            state.interceptors = interceptors
            kinds: list[Any] = list(map(type, found))
            types = tuple(kinds)
            for kind in kinds:
                handler = self._dispatch.get(kind)
                result = self._ask(
                    kind.__torch_dispatch__ if handler is None else _of(handler, kind), bound, types
                )
                if result is not NotImplemented:
                    return result
            raise _nobody(self._opoverload, [f"tensor subclass {kind}" for kind in types])
        finally:
            state.interceptors = interceptors

    def _ask(self, handler: Callable, bound: dict[str, Any], types: tuple) -> Any:
        args, kwargs = self._schema.split(bound)
        before = state.asked
        state.asked = Asked(self._opoverload, args, kwargs, lambda: self._inner(bound))
        try:
            return handler(self._opoverload, types, args, kwargs)
        finally:
            state.asked = before

    def _kernel(self, bound: dict[str, Any]) -> Any:
        kernels = self._kernels
        kernel = kernels.get("cpu") if "cpu" not in self._disabled else None
        kernel = kernel or kernels.get(None)
        if kernel is None:
            raise NotImplementedError(
                messages.OPERATOR_DEVICE.format(op=self._qualname, devices=", ".join(map(str, kernels)))
            )
        args = [bound[a.name] for a in self._schema.arguments if not a.keyword]
        named = {a.name: bound[a.name] for a in self._schema.arguments if a.keyword}
        result = kernel(*args, **named)
        for a in self._schema.mutates:
            for t in tensors_in((bound[a.name],)):
                bump(t)
        self._check(result, bound)
        return result

    def _check(self, result: Any, bound: dict[str, Any]) -> None:
        """RuntimeError for results that are not what the schema says, or share memory with an input or each other."""
        returns = self._schema.returns
        if not returns and result is not None:
            raise RuntimeError(messages.OPERATOR_NOTHING.format(op=self._qualname))
        parts = (result,) if len(returns) == 1 else () if not returns else result
        if len(returns) > 1 and not (isinstance(result, tuple | list) and len(result) == len(returns)):
            raise RuntimeError(
                messages.OPERATOR_RESULTS.format(op=self._qualname, want=len(returns), got=result)
            )
        for value, kind in zip(parts, returns, strict=True):
            if not fits(value, kind):
                raise RuntimeError(messages.OPERATOR_RESULT.format(value=value, type=kind))
        known = tensors_in(bound.values())
        for t in tensors_in(parts):
            if any(t is x or (t._data.size and np.may_share_memory(t._data, x._data)) for x in known):
                raise RuntimeError(
                    messages.OPERATOR_ALIAS.format(name=self._name, module=self._init_fn.__module__)
                )
            known.append(t)


class _Enabled:
    """What `set_kernel_enabled` returns; without `with` it does nothing, as in torch."""

    def __init__(self, op: CustomOpDef, device_type: str, enabled: bool) -> None:
        self.op, self.device_type, self.enabled = op, device_type, enabled

    def __enter__(self) -> None:
        op, kind = self.op, self.device_type
        self.before = op._disabled
        if kind not in op._kernels:
            what = "enable" if self.enabled else "disable"
            warn(messages.OPERATOR_NO_KERNEL.format(what=what, device=kind))
        else:
            op._disabled = op._disabled - {kind} if self.enabled else op._disabled | {kind}

    def __exit__(self, *exc: object) -> None:
        self.op._disabled = self.before


def _of(handler: Callable, owner: Any) -> Callable:
    return lambda func, types, args, kwargs: handler(owner, func, types, args, kwargs)


# --- autograd ---


def _function_of(op: CustomOpDef) -> Callable:
    """The call of an operator with a history: an autograd.Function of all tensors in its arguments, in a row."""
    title = (
        f"GeneratedBackwardFor_{op._namespace}_{op._name.replace('.', '_')}_{op._opoverload._overloadname}"
    )

    def forward(ctx: Any, call: "_Recorded", *tensors: Tensor) -> Any:
        values = iter(tensors)
        bound = dict(tree_map(lambda x: next(values) if isinstance(x, Tensor) else x, call.bound))
        result = op._inner(bound)
        flat, call.returned = tree_flatten(result)
        positional = tuple([bound[a.name] for a in op._schema.arguments if not a.keyword])
        needs = iter(ctx.needs_input_grad[1:])
        ctx.needs_input_grad = tree_map(lambda x: next(needs) if isinstance(x, Tensor) else False, positional)
        if not any(type(place) is list for place in call.places):
            ctx.needs_input_grad += (False,)  # as in torch, where one more argument comes last
        ctx.call = call.forget()
        if op._setup is not None:
            named = {a.name: bound[a.name] for a in op._schema.arguments if a.keyword}
            more = {"keyword_only_inputs": named} if named else {}
            op._setup(ctx=ctx, inputs=positional, output=result, **more)
        return tuple(flat)

    def backward(ctx: Any, *grads: Any) -> Any:
        if op._backward is None:
            raise RuntimeError(messages.OPERATOR_NO_AUTOGRAD.format(op=op._opoverload))
        given = tree_unflatten(list(grads), ctx.call.returned)
        found = op._backward(ctx, *(given if len(op._schema.returns) > 1 else (given,)))
        found = found if isinstance(found, tuple) else (found,)
        places = ctx.call.places
        _check_gradients(title + "Backward", found, places)
        flat: list = []
        for grad, place in zip(found, places, strict=False):
            if place is None:
                continue
            if type(place) is list:
                grad = [None] * len(place) if grad is None else grad
                if not isinstance(grad, list | tuple) or len(grad) != len(place):
                    raise RuntimeError(messages.OPERATOR_STRUCTURE.format(got=grad, want=place))
                flat += [g for g, tensor in zip(grad, place, strict=True) if tensor]
            else:
                flat.append(grad)
        return (None, *flat)

    body = {"forward": staticmethod(forward), "backward": staticmethod(backward)}
    function = type(title, (Function,), body)

    def call(op: CustomOpDef, bound: dict[str, Any]) -> Any:
        recorded = _Recorded(op, bound)
        outputs = function.apply(recorded, *tensors_in(bound.values()))  # type: ignore[attr-defined]
        return tree_unflatten(list(outputs), recorded.returned)

    return call


def _check_gradients(node: str, grads: tuple, places: list) -> None:
    """RuntimeError unless there is one gradient for each argument that was given (more may be None), and None for what is no tensor."""
    count = len(grads)
    while count > len(places) and grads[count - 1] is None:
        count -= 1
    if count < len(places) or count > len(places) + 1:
        counts = {"expected": len(places) + 1, "got": len(grads) + 1}
        raise RuntimeError(messages.FUNCTION_COUNT.format(node=node, **counts))
    for i, grad in enumerate(grads[:count]):
        if grad is not None and (i == len(places) or places[i] is None):
            raise RuntimeError(messages.FUNCTION_NOT_VARIABLE.format(node=node, index=i + 1))


class _Recorded:
    """What the node of a call knows of its arguments: which were tensors, and how the results are nested."""

    def __init__(self, op: CustomOpDef, bound: dict[str, Any]) -> None:
        self.bound = bound
        self.returned: Any = None
        self.places = list(map(_place, op._schema.split(bound)[0]))

    def forget(self) -> "_Recorded":
        """Let go of the arguments: what is kept of them is `setup_context`'s business."""
        self.bound = {}
        return self


def _place(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [isinstance(v, Tensor) for v in value]
    return isinstance(value, Tensor) or None


# --- making one ---


def custom_op(
    name: str,
    fn: Callable | None = None,
    /,
    *,
    mutates_args: str | Iterable[str],
    device_types: str | Sequence[str] | None = None,
    schema: str | None = None,
    tags: Any = None,
) -> Any:
    """Make an operator of a function, which autograd, vmap and modes see as one; a decorator if `fn` is left out.

    name: "namespace::name".  mutates_args: the names of the arguments that it writes to, or "unknown".  schema: what it takes and
    returns, if not as annotated.  Its results may share no memory with its arguments.  Inside, nothing is recorded: see
    `register_autograd`.  ValueError for annotations that have no place in a schema.

    >>> import leafgrad as torch
    >>> @torch.library.custom_op("docs::double", mutates_args=())
    ... def double(x: torch.Tensor) -> torch.Tensor:
    ...     return torch.from_numpy(x.detach().numpy() * 2)
    >>> double.register_autograd(lambda ctx, grad: grad * 2)
    >>> x = torch.ones(2, requires_grad=True)
    >>> double(x).sum().backward(); x.grad
    tensor([2., 2.])
    >>> torch.ops.docs.double(torch.ones(1))
    tensor([2.])
    """

    def make(fn: Callable) -> CustomOpDef:
        if "::" not in name:
            raise ValueError(messages.OPERATOR_NAME.format(name=name))
        space, own = name.split("::")
        if not space or not own:
            raise RuntimeError(messages.OPERATOR_IDENT.format(found=":" if own else "(", name=name))
        found = infer(fn, mutates_args, name) if schema is None else parse(schema, name)
        if (
            schema is not None
            and mutates_args != "unknown"
            and {a.name for a in found.mutates} != set(mutates_args)
        ):
            raise ValueError(messages.OPERATOR_MUTATES.format(schema=schema, names=mutates_args))
        if space == "aten" and hasattr(namespace("aten"), own):
            raise RuntimeError(messages.OPERATOR_TAKEN.format(schema=found))
        OPERATORS[name] = op = CustomOpDef(name, fn, found, device_types, tags)
        return op

    return make if fn is None else make(fn)
