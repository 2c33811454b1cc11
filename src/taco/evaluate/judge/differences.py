"""Two systems on the same questions: how much their scores differ, and whether chance alone would do it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict

from taco.evaluate.comparison import estimate_p_value, sign_p_value
from taco.evaluate.judge.judgement import Judgement
from taco.evaluate.judge.means import Means, estimate_by_turn, estimate_means
from taco.measure.bootstrap import Bootstrap
from taco.measure.clusters import STEPS


class Difference(BaseModel):
    """The second system's scores minus the first one's, over the answers to questions that both have a score on.

    Attributes:
        judge: The judge's label, or the panel's.
        means: Of the differences, paired by question and turn.
        p_micro, p_macro: Two-sided p-values by paired approximate randomisation; None with fewer than two questions.
            They are as they are: of many comparisons some are small by chance.
        turns: Turn -> means of the differences in that turn alone; empty where all answers are first turns.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    first: str
    second: str
    judge: str
    means: Means
    p_micro: float | None
    p_macro: float | None
    turns: dict[int, Means] = {}


@dataclass(frozen=True, slots=True)
class _Both:
    """Two systems' scores of the same turn."""

    id: str
    turn: int
    category: str
    old: float
    new: float


def compare_systems(
    judgements: Mapping[str, Sequence[Judgement]], *, judge: str, bootstrap: Bootstrap
) -> tuple[Difference, ...]:
    """Compare each two systems.

    Args:
        judgements: System -> its judgements by one judge.
        judge: The judge's label.
        bootstrap: How intervals are made; its samples and seed serve the exchanges too.
    """
    return tuple(
        _compare(first, second, judgements[first], judgements[second], judge=judge, bootstrap=bootstrap)
        for first, second in combinations(judgements, 2)
    )


def sign_differences(bootstrap: Bootstrap) -> str:
    """Return how p-values are made, in one line."""
    return sign_p_value(samples=bootstrap.samples, seed=bootstrap.seed)


def _compare(
    first: str,
    second: str,
    before: Sequence[Judgement],
    after: Sequence[Judgement],
    *,
    judge: str,
    bootstrap: Bootstrap,
) -> Difference:
    old = {one.place: one.score for one in before if one.score is not None}
    both = [
        _Both(*one.place, one.category, old[one.place], one.score)
        for one in after
        if one.place in old and one.score is not None
    ]
    categories = sorted({one.category for one in both})
    old_counts = _count([(one.id, one.category, one.old) for one in both], categories)
    new_counts = _count([(one.id, one.category, one.new) for one in both], categories)
    p_micro, p_macro = (
        estimate_p_value(old_counts, new_counts, score, samples=bootstrap.samples, seed=bootstrap.seed)
        for score in (_score_micro, _score_macro)
    )
    return Difference(
        first=first,
        second=second,
        judge=judge,
        means=_estimate(both, bootstrap),
        p_micro=p_micro,
        p_macro=p_macro,
        turns=estimate_by_turn(both, lambda found: _estimate(found, bootstrap)),
    )


def _estimate(both: Sequence[_Both], bootstrap: Bootstrap) -> Means:
    scored = [(one.category, one.new - one.old) for one in both]
    return estimate_means(scored, bootstrap, clusters=[one.id for one in both])


def _count(scored: Sequence[tuple[str, str, float]], categories: Sequence[str]) -> list[list[int]]:
    """Return a row of counts for each question: for each category the scores in millionths, then the number of answers.

    The turns of a question are one row: exchanging one of them alone would take a conversation apart.
    """
    width = len(categories)
    rows: dict[str, list[int]] = {}
    for id_, category, score in scored:
        row = rows.setdefault(id_, [0] * (2 * width))
        place = categories.index(category)
        row[place] += round(score * STEPS)
        row[width + place] += 1
    return list(rows.values())


def _score_micro(totals: Any) -> float:
    sums, numbers = np.split(totals, 2)
    return float(sums.sum() / numbers.sum() / STEPS)


def _score_macro(totals: Any) -> float:
    sums, numbers = np.split(totals, 2)
    return float(np.mean(sums / numbers) / STEPS)
