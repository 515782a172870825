"""Neural networks: so far `Parameter` and the functions (`nn.functional`)."""

from . import functional, parameter
from .parameter import Parameter

__all__ = ["Parameter", "functional", "parameter"]
