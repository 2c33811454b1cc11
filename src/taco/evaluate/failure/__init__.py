"""What went wrong with an answer, read off its text alone: one file for each class of failure."""
