"""Several judges as one: the mean of their scores, and how far they agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import BaseModel, ConfigDict

from taco.evaluate.judge.judgement import NO_ANSWER, Judgement
from taco.measure.alpha import measure_alpha

PANEL = "panel"
"""The label of the jury's own scores."""

INCOMPLETE = "judge-without-verdict"
"""Reason of answers that a judge of the panel has no verdict on: the others' mean would be another panel's."""


class Agreement(BaseModel):
    """How far the judges of a panel agree on the answers that were sent to them.

    Attributes:
        alpha: Krippendorff's alpha for interval data; None where it is not defined.
        spread: Mean over answers of the highest score minus the lowest one, in points.
        answers: Answers with at least two scores.
        means: Judge -> mean score over the answers that all judges scored: who is strict and who is mild.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    alpha: float | None
    spread: float | None
    answers: int
    means: dict[str, float]


def make_panel(heard: Mapping[str, Sequence[Judgement]]) -> list[Judgement]:
    """Return the jury's judgements: the mean of all judges' scores, unscored where one of them has none.

    Args:
        heard: Judge -> its judgements, all on the same answers in the same order.
    """
    return [_average(same) for same in zip(*heard.values(), strict=True)]


def measure_agreement(heard: Mapping[str, Sequence[Judgement]]) -> Agreement:
    """Measure how far judges agree; see `make_panel` for the argument."""
    units = [
        {one.judge: one.score for one in same if one.score is not None and one.reason != NO_ANSWER}
        for same in zip(*heard.values(), strict=True)
    ]
    spreads = [max(unit.values()) - min(unit.values()) for unit in units if len(unit) > 1]
    whole = [unit for unit in units if len(unit) == len(heard)]
    return Agreement(
        alpha=measure_alpha([list(unit.values()) for unit in units], "interval"),
        spread=round(sum(spreads) / len(spreads), 6) if spreads else None,
        answers=len(spreads),
        means={judge: round(sum(unit[judge] for unit in whole) / len(whole), 6) for judge in heard} if whole else {},
    )


def _average(same: Sequence[Judgement]) -> Judgement:
    first = same[0]
    scores = [one.score for one in same if one.score is not None]
    is_whole = len(scores) == len(same)
    shared = {axis for axis in first.axes if all(axis in one.axes for one in same)}
    return Judgement(
        id=first.id,
        system=first.system,
        category=first.category,
        language=first.language,
        judge=PANEL,
        prompt="",
        score=sum(scores) / len(scores) if is_whole else None,
        reason=NO_ANSWER if first.reason == NO_ANSWER else "" if is_whole else INCOMPLETE,
        axes={axis: sum(one.axes[axis] for one in same) / len(same) for axis in first.axes if axis in shared},
        length=first.length,
        turn=first.turn,
    )
