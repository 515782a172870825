"""What a tensor holds: plain arrays, their dtypes, random numbers, fast kernels.  Knows no tensor and no derivative."""
