"""Which public functions ask `__torch_function__`, and how torch shows them.

Operators are shown as the methods that they stand for (`x + 1` as `Tensor.add`), attributes as their descriptors
(`Tensor.shape.__get__`).  Functions that torch writes in Python show plain tensors among the types and give optional arguments by
name, those in C do not; both are listed here, as one cannot tell by looking at ours.
"""

from types import FunctionType
from typing import Any

from ..op import table
from ..tensor.overriding import ENTRIES, redirect
from ..tensor.tensor import Tensor

# --- what torch has in Python ---

_FUNCTIONS = """
atleast_1d atleast_2d atleast_3d block_diag norm einsum split broadcast_tensors meshgrid cartesian_prod
unravel_index tensordot unique unique_consecutive
"""
_METHODS = """
backward register_hook register_post_accumulate_grad_hook __repr__ __format__ unflatten norm split unique
unique_consecutive is_shared __array__ __len__ __reversed__ __contains__ __array_wrap__ __dlpack__
__dlpack_device__ __deepcopy__ __reduce_ex__ dim_order __rsub__ __rtruediv__ __rmod__ __floordiv__
__rfloordiv__ __pow__ __rpow__ __ipow__ __rlshift__ __rrshift__ __rmatmul__ __rdiv__
"""
_NN_IN_C = """
cosine_similarity one_hot hardshrink softshrink softplus gelu relu_ leaky_relu_ threshold_ hardtanh_ elu_
selu_ celu_ logsigmoid linear tanh sigmoid
"""
_NOT_ASKED = """
is_tensor broadcast_shapes set_default_tensor_type typename get_default_device set_default_device from_dlpack
from_numpy frombuffer LinAlgError __iter__ __hash__ __new__ __init__ __getattr__ as_subclass __copy__
"""

# Methods that torch has in C and which show a plain tensor among the types all the same, as do all that take nothing else.
_OWN = """
tolist apply_ new new_tensor abs_ absolute_ square_ conj_physical_
"""
# Functions whose arguments' classes are not asked, but modes.
_MODES_ONLY = "tensor as_tensor asarray"

_functions, _methods, _nn_in_c, _own = [
    set(names.split()) for names in (_FUNCTIONS, _METHODS, _NN_IN_C, _OWN)
]
_not_asked = set(_NOT_ASKED.split())

# --- operators ---

_SHOWN = {"__neg__": "neg", "__pos__": "positive", "__abs__": "abs", "__matmul__": "matmul"}
for _operator, _method in (
    ("add", "add"),
    ("sub", "sub"),
    ("mul", "mul"),
    ("truediv", "div"),
    ("div", "div"),
    ("mod", "remainder"),
):
    _SHOWN[f"__{_operator}__"], _SHOWN[f"__i{_operator}__"] = _method, _method + "_"
_SHOWN.update(
    __radd__="add", __rmul__="mul", __ifloordiv__="floor_divide_", ndimension="dim", nelement="numel"
)
for _operator in ("and", "or", "xor"):
    _SHOWN[f"__r{_operator}__"] = "bitwise_" + _operator
for _operator in ("ne", "lt", "le", "gt", "ge"):
    _SHOWN[f"__{_operator}__"] = _operator
_UNARY = {"__neg__", "__pos__", "__abs__", "__invert__"}
_NAMES = {
    "__pow__": "pow",
    "__ipow__": "pow_",
    "__rtruediv__": "__rdiv__",
}  # what torch calls these functions


def overridable() -> None:
    """Let every public function, and every method, operator and attribute of Tensor, ask classes and modes first."""
    operators = {
        f"__{side}{name}__" for name in (*table.OPERATORS, "div") for side in ("", "r", "i")
    } - _UNARY
    for name, value in list(vars(Tensor).items()):
        if name in _not_asked:
            continue
        if isinstance(value, property):
            _attribute(name, value)
        elif type(value) is FunctionType and not name.startswith(("_make", "__init")):
            shown = getattr(Tensor, _SHOWN.get(name, name))
            if name.startswith("__") and not value.__name__.startswith("__"):
                value.__name__ = name
            value.__name__ = _NAMES.get(name, value.__name__)
            title = f"torch.Tensor.{_SHOWN.get(name, name)}"
            whole, own = name in _methods, name in _own or _alone(value)
            redirect(value, shown, title, whole=whole, own=own, operator=name in operators)
    for name, function in table.FUNCTIONS.items():
        whole = name in _functions
        _function(name, function, f"torch.functional.{name}" if whole else f"torch.{name}", whole)
    for name, function in table.SPACES["nn.functional"].items():
        whole = name not in _nn_in_c
        _function(name, function, f"torch.nn.functional.{name}" if whole else f"torch.nn.{name}", whole)
    for name in _MODES_ONLY.split():
        ENTRIES[table.FUNCTIONS[name]].classes = False
    for name, function in table.OTHERS.items():
        redirect(function, function, f"torch.{name}", whole=True, own=True, operator=False)
    for space in ("special", "linalg"):
        for name, function in table.SPACES[space].items():
            _function(name, function, f"torch.{space}.{space}_{name}", False)


def _alone(method: FunctionType) -> bool:
    """Whether a method takes nothing but the tensor; `out` and `extra` are there for errors."""
    code = method.__code__
    return code.co_argcount == 1 and not code.co_flags & 8 and {"out", "extra"}.issuperset(_others(code))


def _others(code: Any) -> tuple[str, ...]:
    """The names of a function's parameters after those by position."""
    count = code.co_argcount
    return code.co_varnames[count : count + code.co_kwonlyargcount + bool(code.co_flags & 4)]


def _function(name: str, function: Any, shown: str, whole: bool) -> None:
    if type(function) is FunctionType and name not in _not_asked:
        redirect(function, function, shown, whole=whole, own=False, operator=False)


def _attribute(name: str, attribute: property) -> None:
    for part, function in (
        ("__get__", attribute.fget),
        ("__set__", attribute.fset),
        ("__delete__", attribute.fdel),
    ):
        if type(function) is FunctionType:
            shown = getattr(attribute, part)
            redirect(function, shown, f"torch.Tensor.{name}.{part}", whole=False, own=True, operator=False)
