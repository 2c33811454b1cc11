"""What a reader of the figures must know, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from taco.annotate.heard import Heard
from taco.annotate.key import Key
from taco.annotate.results import AxisResult

RELIABLE = 0.8
TENTATIVE = 0.667
"""Krippendorff 2004, Content Analysis, page 241: rely on alpha of at least .800; for tentative conclusions .667."""

FEW_QUESTIONS = 30
"""Questions below which a bootstrap interval is too narrow to be taken at its word; taco's own choice."""


def find_warnings(keys: Sequence[Key], axes: Sequence[AxisResult], heard: Heard) -> tuple[str, ...]:
    """List what must be said beside the figures."""
    return tuple(dict.fromkeys([*(line for axis in axes for line in _judge_axis(axis)), *_judge_study(keys, heard)]))


def _judge_axis(axis: AxisResult) -> Iterator[str]:
    if not axis.ratings:
        yield f"Nobody rated {axis.axis}."
        return
    yield from _judge_agreement(axis)
    partial = [rater.rater for rater in axis.raters if rater.rated < rater.asked]
    if partial:
        yield (
            f"Sheets that are not finished: {', '.join(partial)}. Means of systems may lean to who rated more of them; differences "
            "are taken within questions."
        )
    questions = min((estimate.n for estimate in axis.systems.values()), default=axis.units)
    if questions < FEW_QUESTIONS:
        yield f"Fewer than {FEW_QUESTIONS} questions: intervals may be too narrow."


def _judge_agreement(axis: AxisResult) -> Iterator[str]:
    if not axis.shared:
        yield f"No two people rated the same on {axis.axis}: nothing can be said on agreement."
        return
    alpha = axis.alpha.get("ordinal")
    if alpha is None or alpha.value is None:
        yield f"All ratings of {axis.axis} are alike: agreement is not defined."
    elif (bound := alpha.value if alpha.low is None else alpha.low) < TENTATIVE:
        found, begin = (f"{value:.2f}".replace("-", "−") for value in (alpha.value, bound))
        yield (
            f"People may agree too little on {axis.axis} for firm conclusions: ordinal alpha {found}, its interval "
            f"begins at {begin}; Krippendorff asks for {RELIABLE}, or {TENTATIVE} for tentative ones."
        )


def _judge_study(keys: Sequence[Key], heard: Heard) -> Iterator[str]:
    silent = sum(key.left_out.get("no-answer", 0) for key in keys)
    if silent:
        yield (
            f"{silent} answers, or pairs, without a text were shown to nobody and are in no mean; taco judge counts an answer "
            "that is missing as the lowest rating."
        )
    yield from heard.faults
