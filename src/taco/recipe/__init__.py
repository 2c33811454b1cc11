"""Recipes: one TOML file that says what a run does, checked as a whole before anything starts."""
