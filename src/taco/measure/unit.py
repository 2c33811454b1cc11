"""In what a score is counted, and which way is better."""

from __future__ import annotations

from math import inf
from typing import Literal

from taco.measure.expand import Scale

Unit = Literal["rate", "share", "chrF++", "BLEU", "TER", "tokens", "characters", "sentences", "seconds"]
"""rate: 0 or 1 for each answer. share: anything from 0 to 1. chrF++, BLEU: from 0 to 100. TER: edits for 100 words."""

COUNTED: Scale = (0, inf)
"""Where tokens, seconds and whatever else is counted can be."""

_SCALES: dict[Unit, Scale] = {"rate": (0, 1), "share": (0, 1), "chrF++": (0, 100), "BLEU": (0, 100)}

Better = Literal["higher", "lower", "neither"]


def find_scale(unit: Unit) -> Scale:
    """Return the lowest and the highest value that a score can have; what is counted has no highest.

    >>> find_scale("chrF++"), find_scale("tokens")
    ((0, 100), (0, inf))
    """
    return _SCALES.get(unit, COUNTED)


def find_difference_scale(unit: Unit) -> Scale:
    """Return how far two scores can be apart, either way.

    >>> find_difference_scale("rate")
    (-1, 1)
    """
    low, high = find_scale(unit)
    return low - high, high - low
