"""Speed and size, measured on a running telltale; see docs/reference/benchmarks.md."""
