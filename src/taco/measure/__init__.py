"""Scores by sacrebleu and their intervals, for every stage that measures."""
