"""The functions of `torch.nn.functional` that leafgrad has: all that the table lists for this module."""

from ..op.table import SPACES

globals().update(SPACES["nn.functional"])

__all__ = sorted(SPACES["nn.functional"])  # noqa: PLE0605
