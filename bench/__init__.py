"""The benchmarks: `make bench`, or `make bench ONLY=web`."""
