"""Teach an instruction-tuned LLM a language that it barely knows.

The stages, in the order in which data moves, are the sub-packages of this package; see docs/architecture.md.
"""

__version__ = "0.1.0"
