"""What users touch: attributes, methods, operators, printing; each module gives Tensor its part."""

from ..base.later import later

later(__name__, "printing", "format_numbers")

from . import attributes, convert, geometry, legacy, names, subclass  # noqa: E402

__all__ = ["attributes", "convert", "geometry", "legacy", "names", "subclass"]
