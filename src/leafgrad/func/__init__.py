"""Composable function transforms: what torch documents under `torch.func`."""

from .forward import hessian, jacfwd, jvp, linearize
from .functional import debug_unwrap, functionalize
from .modules import functional_call, stack_module_state
from .rearranging import rearrange
from .reverse import grad, grad_and_value, jacrev, vjp
from .vmap import vmap

__all__ = [
    "debug_unwrap", "functional_call", "functionalize", "grad", "grad_and_value", "hessian", "jacfwd", "jacrev", "jvp", "linearize",
    "rearrange", "stack_module_state", "vjp", "vmap",
]  # fmt: skip
