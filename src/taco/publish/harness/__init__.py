"""Benchmarks as task folders of lm-evaluation-harness."""
