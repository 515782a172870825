"""leafgrad: PyTorch's autograd without PyTorch, on NumPy.  `import leafgrad as torch`."""

from . import ops as _ops  # noqa: F401  # isort: skip  (fills the table that the next modules read)
from . import autograd
from .autograd import (
    enable_grad,
    inference_mode,
    is_anomaly_check_nan_enabled,
    is_anomaly_enabled,
    is_grad_enabled,
    no_grad,
    set_grad_enabled,
)
from .autograd.grad_mode import is_inference_mode_enabled
from .base import later as _later
from .face import legacy as _legacy
from .face.bind import bind as _bind
from .op.table import FUNCTIONS as _FUNCTIONS
from .tensor import history as _history  # noqa: F401  (gives Tensor its part)
from .tensor.tensor import Tensor
from .values import dtype as _dtypes
from .values import return_types
from .values.blocks import get_num_threads, set_num_threads
from .values.device import (
    channels_last,
    channels_last_3d,
    contiguous_format,
    device,
    layout,
    memory_format,
    preserve_format,
    strided,
)
from .values.dtype import dtype, get_default_dtype, set_default_dtype
from .values.limits import finfo, iinfo
from .values.promotion import can_cast, promote_types
from .values.size import Size
from .version import __version__

from math import e, inf, nan, pi  # isort: skip
from typing import TYPE_CHECKING as _TYPE_CHECKING  # isort: skip

newaxis = None
_DTYPES = {name: d for name, d in vars(_dtypes).items() if type(d) is dtype and not name.startswith("_")}

for _kind in (Tensor, Size, device, dtype, finfo, iinfo, layout, memory_format):
    _kind.__module__ = "leafgrad"  # where users find them, as their repr says

if _TYPE_CHECKING:
    from . import (  # noqa: F401
        _C,
        cuda,
        func,
        fx,
        library,
        linalg,
        nn,
        overrides,
        profiler,
        random,
        special,
        testing,
        utils,
    )
    from .alias import install_as_torch
    from .face.printing import set_printoptions
    from .func import vmap
    from .random import (
        Generator,
        default_generator,
        get_rng_state,
        initial_seed,
        manual_seed,
        seed,
        set_rng_state,
    )
else:
    __getattr__ = _later.names(
        __name__,
        {
            "_C": "",
            "alias": "install_as_torch",
            "cuda": "",
            "face.printing": "set_printoptions",
            "func": "vmap",
            "fx": "",
            "library": "",
            "linalg": "",
            "nn": "",
            "overrides": "",
            "profiler": "",
            "random": "Generator default_generator get_rng_state initial_seed manual_seed seed set_rng_state",
            "special": "",
            "testing": "",
            "utils": "",
        },
    )


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


_bind()
globals().update({**_legacy.typed(), **_FUNCTIONS, **_DTYPES})

# What `from leafgrad import *` gives: these, and the names that the tables made above.
__all__ = [
    "__version__", "autograd", "can_cast", "channels_last", "channels_last_3d", "contiguous_format",
    "cuda", "default_generator", "device", "dtype", "e", "enable_grad", "finfo", "Generator",
    "get_default_dtype", "get_num_threads", "get_rng_state", "iinfo", "inf", "inference_mode", "initial_seed",
    "install_as_torch", "is_anomaly_check_nan_enabled", "is_anomaly_enabled", "is_grad_enabled", "is_inference_mode_enabled", "layout",
    "linalg", "manual_seed", "memory_format", "nan", "newaxis", "nn", "no_grad", "pi", "preserve_format",
    "promote_types", "random", "return_types", "seed", "set_default_dtype", "set_grad_enabled",
    "set_num_threads", "set_printoptions", "set_rng_state", "Size", "special", "strided", "Tensor",
    "testing", "utils", "vmap",
]  # fmt: skip
__all__ += [name for name in (*_FUNCTIONS, *_DTYPES) if not name.startswith("_")]
