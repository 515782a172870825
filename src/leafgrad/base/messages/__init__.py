"""Every message that a user can see, as templates with named fields.

The first sentence is torch's own, because people match on it; what follows is ours: where, and the repair.
"""

from typing import TYPE_CHECKING

from .arguments import *

if TYPE_CHECKING:
    from .others import *
else:

    def __getattr__(name: str) -> str:
        if name.isupper():
            from . import others

            if hasattr(others, name):
                message = globals()[name] = getattr(others, name)
                return message
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
