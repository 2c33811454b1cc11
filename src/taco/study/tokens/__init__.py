"""`taco study tokens`: what answers cost in tokens by section and language, and how long a response may be."""
