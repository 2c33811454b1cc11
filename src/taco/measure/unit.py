"""In what a score is counted, and which way is better."""

from __future__ import annotations

from typing import Literal

Unit = Literal["rate", "share", "chrF++", "BLEU", "TER", "tokens", "characters", "sentences", "seconds"]
"""rate: 0 or 1 for each answer. share: anything from 0 to 1. chrF++, BLEU: from 0 to 100. TER: edits for 100 words."""

Better = Literal["higher", "lower", "neither"]
