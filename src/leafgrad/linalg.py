"""The functions of `torch.linalg` that leafgrad has: all that the table lists for this module."""

from .op.table import SPACES

globals().update(SPACES["linalg"])

__all__ = sorted(SPACES["linalg"])  # noqa: PLE0605
