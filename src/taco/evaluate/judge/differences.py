"""Two systems on the same questions: how much their scores differ, and whether chance alone would do it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict

from taco.evaluate.comparison import estimate_p_value, sign_p_value
from taco.evaluate.judge.judgement import Judgement
from taco.evaluate.judge.means import Means, estimate_means
from taco.measure.bootstrap import Bootstrap

STEPS = 1_000_000
"""Scores are counted in millionths: added-up counts are whole numbers."""


class Difference(BaseModel):
    """The second system's scores minus the first one's, over the questions that both have a score on.

    Attributes:
        judge: The judge's label, or the panel's.
        means: Of the differences, paired by question.
        p_micro, p_macro: Two-sided p-values by paired approximate randomisation; None with fewer than two questions.
            They are as they are: of many comparisons some are small by chance.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    first: str
    second: str
    judge: str
    means: Means
    p_micro: float | None
    p_macro: float | None


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
    old = {one.id: one.score for one in before if one.score is not None}
    both = [(one.category, old[one.id], one.score) for one in after if one.id in old and one.score is not None]
    categories = sorted({category for category, _, _ in both})
    old_counts = [_count(category, old_score, categories) for category, old_score, _ in both]
    new_counts = [_count(category, new, categories) for category, _, new in both]
    p_micro, p_macro = (
        estimate_p_value(old_counts, new_counts, score, samples=bootstrap.samples, seed=bootstrap.seed)
        for score in (_score_micro, _score_macro)
    )
    return Difference(
        first=first,
        second=second,
        judge=judge,
        means=estimate_means([(category, new - old_score) for category, old_score, new in both], bootstrap),
        p_micro=p_micro,
        p_macro=p_macro,
    )


def _count(category: str, score: float, categories: Sequence[str]) -> list[int]:
    """Return a row of counts: for each category the score in millionths, then for each the number of rows."""
    here = [int(category == name) for name in categories]
    return [round(score * STEPS) * place for place in here] + here


def _score_micro(totals: Any) -> float:
    sums, numbers = np.split(totals, 2)
    return float(sums.sum() / numbers.sum() / STEPS)


def _score_macro(totals: Any) -> float:
    sums, numbers = np.split(totals, 2)
    return float(np.mean(sums / numbers) / STEPS)
