"""What users touch: attributes, methods, operators, printing; each module gives Tensor its part."""

from . import attributes, convert, geometry, legacy, names, subclass

__all__ = ["attributes", "convert", "geometry", "legacy", "names", "subclass"]
