"""Methods, in-place variants and operators of Tensor, made from the table."""

from collections.abc import Callable
from types import FunctionType
from typing import Any

from ..op import table
from ..tensor.elementwise import foreign
from ..tensor.misuse import Missing
from ..tensor.tensor import Tensor
from ..tensor.write import INPLACE
from .text import tensor_format, tensor_repr

_WRITES = """
abs acos acosh addmv arccos arccosh arcsin arcsinh arctan arctanh asin asinh atan atanh ceil clamp clamp_max
clamp_min clip conj_physical cos cosh deg2rad erf erfc exp exp2 expm1 fill fix floor frac gcd i0 lcm ldexp
log log10 log1p log2 logit nan_to_num neg negative rad2deg reciprocal relu round rsqrt sigmoid sin sinc sinh
sqrt square tan tanh trunc xlogy zero
"""
WRITES = set(_WRITES.split())  # what torch has as a function, too: torch.exp_
REFLECTED = set("add sub mul truediv floordiv mod pow and or xor lshift rshift matmul".split())  # noqa: SIM905


def bind() -> None:
    """Give Tensor what the table lists."""
    Tensor.__repr__ = tensor_repr  # type: ignore[method-assign, assignment]
    Tensor.__format__ = tensor_format  # type: ignore[method-assign, assignment]
    for space, functions in {"": table.FUNCTIONS, "Tensor": table.METHODS, **table.SPACES}.items():
        prefix = space + "_" if space in ("linalg", "special", "fft") else ""
        for name, function in functions.items():
            _expect_arguments(prefix + name, function)
    for name, function in table.METHODS.items():
        setattr(Tensor, name, _method(name, function))
    for name, function in table.INPLACE.items():
        write = getattr(function, "write", None)
        _expect_arguments(name + "_", write)
        method = _named(write, name + "_", function) if write else _inplace(name, function)
        setattr(Tensor, name + "_", method)
        if name in WRITES:
            table.FUNCTIONS[name + "_"] = method
    for name, function in table.OPERATORS.items():
        operate = table.OPERATE.get(name) or _operator(name, function)
        setattr(Tensor, f"__{name}__", _method(f"__{name}__", operate))
        if name in REFLECTED:
            reflected = table.REFLECTED.get(name) or _reflected(name, function)
            setattr(Tensor, f"__r{name}__", _method(f"__r{name}__", reflected))
            if name != "matmul":
                augment = table.AUGMENT.get(name) or _augmented(name, function)
                setattr(Tensor, f"__i{name}__", _method(f"__i{name}__", augment))
    for old, new in (("__div__", "__truediv__"), ("__rdiv__", "__rtruediv__"), ("__idiv__", "__itruediv__")):
        setattr(Tensor, old, getattr(Tensor, new))


# Note [Wrong arguments]
# Python's own sentences about arguments are nearly torch's.  Where they differ, nothing is paid for it on a
# good call: a required argument gets a default that fails as soon as it is touched (Missing), and a method is
# a copy of the function under a code object named "Tensor.NAME", by which an error knows that positions count
# from after self.


def _expect_arguments(name: str, function: Any) -> None:
    """Let an argument that is not given fail with torch's sentence."""
    if type(function) is not FunctionType:
        return
    given = function.__defaults__ or ()
    code = function.__code__
    required = code.co_varnames[: code.co_argcount - len(given)]
    if required:
        missing = Missing(name, required, table.SIGNATURES.get(function, ()))
        function.__defaults__ = (missing,) * len(required) + given


def _method(name: str, function: Any) -> Any:
    if type(function) is not FunctionType:
        return function
    qualname = "Tensor." + name
    code = function.__code__.replace(co_qualname=qualname)
    defaults = function.__defaults__
    if defaults is not None and len(defaults) == code.co_argcount:
        defaults = defaults[1:]  # the tensor itself is always given
    method = FunctionType(code, function.__globals__, name, defaults, function.__closure__)
    method.__kwdefaults__ = function.__kwdefaults__
    method.__qualname__ = name  # as Python's own sentences about arguments shall name it
    method.__doc__ = function.__doc__
    method.__annotations__ = function.__annotations__
    return method


def _named(function: Callable, name: str, like: Callable) -> Callable:
    function.__name__ = name
    function.__qualname__ = "Tensor." + name
    function.__doc__ = like.__doc__
    return _method(name, function)


def _inplace(name: str, function: Callable) -> Callable:
    def method(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        return function(self, *args, out=INPLACE, **kwargs)

    return _named(method, name + "_", function)


# An operator hands over to the other operand (NotImplemented) where a function would raise: the other class
# may know what to do.


def _operator(name: str, function: Callable) -> Callable:
    if function.__code__.co_argcount == 1:

        def method(self: Tensor) -> Any:
            return function(self)

    else:

        def method(self: Tensor, other: Any) -> Any:  # type: ignore[misc]
            return NotImplemented if foreign(other) else function(self, other)

    return _named(method, f"__{name}__", function)


def _reflected(name: str, function: Callable) -> Callable:
    def method(self: Tensor, other: Any) -> Any:
        return NotImplemented if foreign(other) else function(other, self)

    return _named(method, f"__r{name}__", function)


def _augmented(name: str, function: Callable) -> Callable:
    def method(self: Tensor, other: Any) -> Any:
        return NotImplemented if foreign(other) else function(self, other, out=INPLACE)

    return _named(method, f"__i{name}__", function)
