"""Several runs on one page: their numbers, what tells them apart, and their answers to each question."""
