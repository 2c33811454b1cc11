"""`taco study cost`: what methods take in time, memory, energy and tokens, run beside run."""
