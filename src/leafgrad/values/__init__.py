"""What a tensor holds: plain arrays, their dtypes, random numbers, fast kernels.  Knows no tensor and no derivative."""

from ..base.later import later

later(
    __name__, "advanced", "arrange", "distributions", "gather", "index", "integers", "normal", "normalization", "places",
    "ranges", "rng", "rows", "sampling", "scans", "softmax", "sorting",
)  # fmt: skip
