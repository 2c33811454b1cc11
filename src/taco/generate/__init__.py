"""Answering the benchmark with and without the adapter: backends, loop guard, and what each section costs."""
