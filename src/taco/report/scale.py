"""What trivial replies score, and what the references themselves do: the scale that a score is read on."""

from __future__ import annotations

from collections.abc import Sequence

from taco.evaluate.scores import Scores
from taco.evaluate.similarity import FLOORS
from taco.gate.round_trip import RoundTrip
from taco.measure.bootstrap import Estimate


def list_floors(scores: Scores, measure: str = "chrf_reply") -> list[tuple[str, float]]:
    """Return what replies without merit reach by a measure, as (what, chrF++), the highest first.

    Args:
        scores: The numbers.
        measure: "chrf_reply", against the machine translation, or "chrf_response_en", against the English reference.
    """
    labels = {
        "other_row": f"{scores.language_name} text about another question",
        "english_copy": "the English as it is",
        "question": "the question itself",
        "other_row_en": "an English answer to another question",
        "question_en": "the English question itself",
    }
    found = [
        (labels[name], scores.floors[name].value)
        for name, measured in FLOORS.items()
        if measured == measure and name in scores.floors
    ]
    return sorted(((label, value) for label, value in found if value is not None), key=lambda floor: -floor[1])


def write_scale(floors: Sequence[tuple[str, float]]) -> str:
    """Write floors as a sentence, behind another one; "" without any."""
    return f" For scale: {', '.join(f'{label} reaches {value:.1f}' for label, value in floors)}." if floors else ""


def write_ceiling(scores: Scores, round_trip: RoundTrip | None) -> str:
    """Write how much of the English the translations still hold, as the engine brings it back; "" where it was not measured."""
    found = round_trip.scores.get("chrf") if round_trip else None
    if found is None or found.estimate.value is None:
        return ""
    return (
        f" The {scores.language_name} texts that were learnt, translated back, reach {found.estimate.value:.1f} against the "
        "English they were made from."
    )


def is_at_floor(reply: Estimate, floors: list[tuple[str, float]]) -> bool:
    """Whether the reply's interval reaches down to a floor."""
    if reply.value is None or not floors:
        return False
    return (reply.value if reply.low is None else reply.low) <= floors[0][1]
