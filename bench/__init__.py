"""Benchmarks, one module a figure, each beside what a user would pick instead, in the same run."""
