"""Measures on answers: what each row scores, means with intervals, base against tuned."""
