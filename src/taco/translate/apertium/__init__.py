"""Apertium as a translation engine: Debian's programs and language pairs, run as long-lived processes."""
