"""Judgement files held against the judge's own text, the raw answers and the figures that are claimed from them."""
