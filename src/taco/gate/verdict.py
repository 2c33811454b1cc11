"""Which rows lie beyond a threshold, and what to say of them."""

from __future__ import annotations

from taco.gate.thresholds import Threshold, Thresholds
from taco.languages.table import ENGLISH
from taco.records import Drop, Figures

STAGE = "gate"


def list_faults(figures: Figures, thresholds: Thresholds) -> list[tuple[str, str]]:
    """Return (reason, detail) for every threshold that a row lies beyond, in order.

    Args:
        figures: The row's figures.
        thresholds: The run's thresholds.
    """
    faults = []
    for threshold in thresholds.checks:
        value = getattr(figures, threshold.figure)
        if _is_beyond(value, threshold):
            sign = "<" if threshold.side == "low" else ">"
            faults.append((threshold.reason, f"{threshold.figure} {value:g} {sign} {threshold.value:g}"))
        elif threshold.name == "language_share" and thresholds.judges_english and figures.language == ENGLISH.code:
            faults.append(
                (threshold.reason, f"identified as English, as {thresholds.english_rows:.1%} of the rows are")
            )
    return faults


def describe_faults(row_id: str, faults: list[tuple[str, str]], *, origin: str) -> Drop:
    """Return the record of a row with faults: the first one is the reason, the detail names all.

    >>> describe_faults("ab", [("too-short", "length_ratio 0.2 < 0.7")], origin="train.jsonl:3").detail
    'length_ratio 0.2 < 0.7'
    """
    detail = "; ".join(said for _, said in faults)
    return Drop(id=row_id, stage=STAGE, reason=faults[0][0], detail=detail, origin=origin)


def _is_beyond(value: float | None, threshold: Threshold) -> bool:
    """Whether a value lies beyond a threshold; one that was not measured never does."""
    if value is None:
        return False
    return value < threshold.value if threshold.side == "low" else value > threshold.value
