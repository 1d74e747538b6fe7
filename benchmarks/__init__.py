"""Comparisons with peers: `make bench-<name>`; the figures stand in docs/benchmarks.md."""
