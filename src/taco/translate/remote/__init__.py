"""Engines behind HTTP: what they have in common, and one file or folder for each."""
