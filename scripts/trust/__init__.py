"""Attributions measured beside others, as tables for docs/benchmarks.md."""
