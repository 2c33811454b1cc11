"""`taco study transfer`: an adapter of one language asked in others, near and far."""
