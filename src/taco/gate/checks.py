"""The checks of the gate, and how far a row may lie from the others of its run.

A fence is drawn from the run's own training rows: median, less or plus the wider of `spreads` robust standard deviations
and `least_width`. The spread is 1.4826 times the median absolute deviation, which is the standard deviation of normal
values and does not move when up to half of the rows are wrong (Rousseeuw and Croux 1993). `least_width` keeps clean data,
whose rows are nearly alike, from losing the honest ends of its tail; `limit` is how mild a fence may get when the rows are
bad all over. All constants are our own choice, made on Apertium's translations of the seed set and of Alpaca rows into five
languages (docs/results/gate.md).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from taco.languages.scripts import UNSPACED
from taco.languages.table import Language

Side = Literal["low", "high"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One way in which a row may be wrong.

    Attributes:
        reason: The drop's reason.
        name: The threshold's name, in recipes and in thresholds.json.
        figure: The figure of `taco.records.Figures` that is looked at.
        side: Where wrong rows lie: below the threshold or above it.
        spreads: Robust standard deviations from the median to the fence.
        least_width: Distance from the median to the fence at least; of logarithms where `is_ratio`.
        limit: The mildest fence.
        default: The fence where there are too few rows to draw one.
        is_ratio: Whether the figure is a ratio, so that logarithms are compared.
    """

    reason: str
    name: str
    figure: str
    side: Side
    spreads: float
    least_width: float
    limit: float
    default: float
    is_ratio: bool = False


NUMBERS = Check(
    reason="numbers-lost", name="numbers_kept", figure="numbers_kept", side="low",
    spreads=6, least_width=0.0, limit=0.0, default=1.0,
)  # fmt: skip
SCRIPT = Check(
    reason="wrong-script", name="script_share", figure="script_share", side="low",
    spreads=6, least_width=0.15, limit=0.2, default=0.5,
)  # fmt: skip
COPY = Check(
    reason="copied-english", name="copy_rate", figure="copy_rate", side="high",
    spreads=6, least_width=0.4, limit=0.9, default=0.6,
)  # fmt: skip
LANGUAGE = Check(
    reason="wrong-language", name="language_share", figure="language_share", side="low",
    spreads=6, least_width=0.8, limit=0.0, default=0.15,
)  # fmt: skip
REPETITION = Check(
    reason="repetitive", name="repetition", figure="repetition", side="high",
    spreads=8, least_width=0.15, limit=0.5, default=0.3,
)  # fmt: skip
SHORT = Check(
    reason="too-short", name="length_ratio_low", figure="length_ratio", side="low",
    spreads=6, least_width=math.log(1.4), limit=0.02, default=0.25, is_ratio=True,
)  # fmt: skip
LONG = Check(
    reason="too-long", name="length_ratio_high", figure="length_ratio", side="high",
    spreads=6, least_width=math.log(1.4), limit=20.0, default=3.0, is_ratio=True,
)  # fmt: skip
UNKNOWN = Check(
    reason="unknown-words", name="unknown_rate", figure="unknown_rate", side="high",
    spreads=6, least_width=0.25, limit=0.6, default=0.4,
)  # fmt: skip
NAMES = Check(
    reason="names-lost", name="entities_kept", figure="entities_kept", side="low",
    spreads=4, least_width=0.6, limit=0.0, default=0.0,
)  # fmt: skip
ROUND_TRIP = Check(
    reason="round-trip", name="round_trip", figure="round_trip", side="low",
    spreads=5, least_width=30.0, limit=0.0, default=15.0,
)  # fmt: skip

CHECKS = (NUMBERS, SCRIPT, COPY, LANGUAGE, REPETITION, SHORT, LONG, UNKNOWN, NAMES, ROUND_TRIP)
"""All checks, in the order in which the reason of a drop is looked for."""

DENSE = UNSPACED | {"Kore"}
"""Scripts that write a syllable or more with one letter: their texts have fewer characters than English ones."""


def find_default(check: Check, target: Language) -> float:
    """Return the fence of a check where there are too few rows to draw one.

    >>> from taco.languages.table import find_language
    >>> find_default(SHORT, find_language("gl")), find_default(SHORT, find_language("ja"))
    (0.25, 0.08)
    """
    return 0.08 if check is SHORT and target.script in DENSE else check.default
