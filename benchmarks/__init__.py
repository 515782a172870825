"""Speed and memory beside real torch: `python -m benchmarks`."""
