"""Benchmarks: questions with categories and references, whether training rows hold them, and where else they run."""
