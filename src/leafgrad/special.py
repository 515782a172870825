"""The functions of `torch.special` that leafgrad has: all that the table lists for this module."""

from .op.table import SPACES

globals().update(SPACES["special"])

__all__ = sorted(SPACES["special"])  # noqa: PLE0605
