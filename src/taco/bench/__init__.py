"""Which engine for my language? Engines translate a parallel file, and what they make is held against its human side."""
