"""Runs against the first run, row by row: differences, p-values, and the correction for their number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from taco.evaluate.comparison import estimate_p_value
from taco.evaluate.metric import Metric
from taco.measure.bootstrap import Bootstrap
from taco.measure.unit import find_difference_scale
from taco.report.side_by_side.content import PairedDifference

ARM = "tuned"
"""The arm that is compared."""

_MICRO = 1_000_000
"""Values are exchanged as whole numbers of millionths, to which they are rounded in files anyway."""

Values = Mapping[str, Mapping[str, float | None]]
"""Id of a row, with all that makes it the same question -> measure -> value."""


def compare_runs(runs: Sequence[Values], metrics: Sequence[Metric], bootstrap: Bootstrap) -> list[PairedDifference]:
    """Compare every run but the first with the first, by every measure that both have for at least one row.

    Args:
        runs: What the answers of each run scored.
        metrics: The measures.
        bootstrap: How intervals are made; its samples and seed are those of the p-values too.
    """
    found: list[PairedDifference] = []
    for metric in metrics:
        compared = [_compare(runs[0], other, number, metric, bootstrap) for number, other in enumerate(runs[1:], 1)]
        differences = [one for one in compared if one is not None]
        adjusted = adjust_holm([one.p_value for one in differences])
        found += [one.model_copy(update={"adjusted": p}) for one, p in zip(differences, adjusted, strict=True)]
    return found


def adjust_holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Correct p-values for their number (Holm 1979, "A simple sequentially rejective multiple test procedure").

    >>> adjust_holm([0.01, None, 0.04, 0.03])
    [0.03, None, 0.06, 0.06]
    """
    order = sorted((p, place) for place, p in enumerate(p_values) if p is not None)
    adjusted: list[float | None] = [None] * len(p_values)
    largest = 0.0
    for rank, (p, place) in enumerate(order):
        largest = max(largest, min(1.0, p * (len(order) - rank)))
        adjusted[place] = round(largest, 6)
    return adjusted


def _compare(
    first: Values, other: Values, number: int, metric: Metric, bootstrap: Bootstrap
) -> PairedDifference | None:
    pairs = [
        (old, new)
        for key, values in first.items()
        if key in other
        and (old := values.get(metric.name)) is not None
        and (new := other[key].get(metric.name)) is not None
    ]
    if not pairs:
        return None
    old_counts, new_counts = ([[round(value * _MICRO), 1] for value in side] for side in zip(*pairs, strict=True))
    return PairedDifference(
        run=number,
        metric=metric.name,
        difference=bootstrap.estimate_mean([new - old for old, new in pairs], scale=find_difference_scale(metric.unit)),
        p_value=estimate_p_value(old_counts, new_counts, _average, samples=bootstrap.samples, seed=bootstrap.seed),
        adjusted=None,
    )


def _average(counts: Sequence[int]) -> float:
    return counts[0] / counts[1]
