"""Optional dependencies, imported when first needed."""

from importlib import import_module
from types import ModuleType

from . import messages


def need(module: str, extra: str, what: str) -> ModuleType:
    """Import `module`, or raise an ImportError that names the extra to install.

    >>> need("math", "scipy", "pi").pi > 3
    True
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise ImportError(messages.EXTRA_MISSING.format(what=what, module=module, extra=extra)) from error
