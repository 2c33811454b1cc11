"""The scores of all answers together, for each arm, and how the arms differ in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from taco.evaluate.case import REFERENCE
from taco.evaluate.options import TerParts
from taco.evaluate.summary import Measured
from taco.evaluate.totals import (
    TotalMetric,
    choose_rows,
    compare_arms,
    count_totals,
    estimate_totals,
    list_totals,
)
from taco.languages.identify import identify
from taco.languages.table import Language
from taco.measure.bootstrap import Bootstrap, Estimate
from taco.records import ARMS


@dataclass(frozen=True, slots=True, kw_only=True)
class Together:
    """What all answers score together.

    Attributes:
        metrics: What the scores are.
        arms: Arm, the references among them -> name -> score.
        differences, p_values: Name -> tuned minus base over the rows that both have, and its p-value.
    """

    metrics: tuple[TotalMetric, ...]
    arms: dict[str, dict[str, Estimate]]
    differences: dict[str, Estimate]
    p_values: dict[str, float | None]


def score_together(
    arms: Mapping[str, Measured],
    references: Measured,
    bootstrap: Bootstrap,
    language: Language,
    *,
    ter: TerParts = "question",
) -> Together:
    """Score all answers of each arm together; scores that no answer has anything to count for are left out."""
    totals = list_totals(language, identifier=identify("", target=language).signature, ter=ter)
    measured = {**arms, REFERENCE: references}
    counts = {arm: count_totals(totals, one.cases, [row.values for row in one.rows]) for arm, one in measured.items()}
    estimates = {arm: estimate_totals(totals, counted, bootstrap) for arm, counted in counts.items()}
    ids = {arm: [row.id for row in measured[arm].rows] for arm in ARMS}
    shared = set.intersection(*map(set, ids.values()))
    base, tuned = (choose_rows(counts[arm], ids[arm], shared) for arm in ARMS)
    differences, p_values = compare_arms(totals, base, tuned, bootstrap)
    known = {name for estimate in estimates.values() for name in estimate}
    return Together(
        metrics=tuple(total.metric for total in totals if total.metric.name in known),
        arms=estimates,
        differences=differences,
        p_values=p_values,
    )
