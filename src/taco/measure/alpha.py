"""Krippendorff's alpha: how far raters agree, whatever their number, with ratings missing, on four levels of measurement.

alpha = 1 - observed / expected disagreement (Krippendorff 2011, Computing Krippendorff's Alpha-Reliability, University of
Pennsylvania, scholarlycommons 43). Both come from the coincidence matrix, to which a unit with m ratings adds each of its
ordered pairs with the weight 1 / (m - 1). The matrix is a sum over units, so resampled units need no second look.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import inf, lcm
from typing import Any, Literal

import numpy as np

from taco.measure.bootstrap import DECIMALS, Bootstrap, Estimate

Level = Literal["nominal", "ordinal", "interval", "ratio"]
"""What differences between ratings mean: other, a rank apart, a distance apart, a ratio apart."""

Unit = Sequence[float]
"""The ratings of one thing, one for each rater who gave one."""


def measure_alpha(units: Sequence[Unit], level: Level) -> float | None:
    """Return alpha; None where it is not defined: no unit with two ratings, or all ratings alike.

    1 is perfect agreement, 0 what chance would give, below 0 worse than chance.

    Args:
        units: The ratings of each thing; those with fewer than two say nothing.
        level: What differences between ratings mean.

    >>> measure_alpha([[1, 1], [2, 2], [5, 5], [1, 2]], "nominal")
    0.666667
    >>> measure_alpha([[1, 1], [5, 5]], "interval"), measure_alpha([[3, 3], [3]], "interval")
    (1.0, None)
    """
    counted, score = _count([units], level)
    if not counted:
        return None
    value = score(np.sum(counted, axis=0))
    return None if np.isnan(value) else round(value, DECIMALS)


def estimate_alpha(clusters: Sequence[Sequence[Unit]], level: Level, bootstrap: Bootstrap) -> Estimate:
    """Estimate alpha with its interval.

    Args:
        clusters: Units that belong together, such as answers to one question; whole clusters are resampled.
        level: What differences between ratings mean.
        bootstrap: How the interval is made.
    """
    counted, score = _count(clusters, level)
    return bootstrap.estimate_total(counted, score, scale=(-inf, 1))


def _count(clusters: Sequence[Sequence[Unit]], level: Level) -> tuple[list[list[int]], Callable[[Any], float]]:
    """Return the coincidences of each cluster with a pair, as whole numbers, and what makes alpha of their sum."""
    used = [[unit for unit in cluster if len(unit) > 1] for cluster in clusters]
    values = np.array(sorted({value for cluster in used for unit in cluster for value in unit}), dtype=np.float64)
    places = {value: place for place, value in enumerate(values.tolist())}
    whole = lcm(*(len(unit) - 1 for cluster in used for unit in cluster))
    counted = [_count_cluster(cluster, places, whole) for cluster in used if cluster]

    def score(total: Any) -> float:
        return _score(np.asarray(total, dtype=np.float64).reshape(len(values), -1) / whole, values, level)

    return counted, score


def _count_cluster(units: Sequence[Unit], places: dict[float, int], whole: int) -> list[int]:
    matrix = np.zeros((len(places), len(places)), dtype=np.int64)
    for unit in units:
        times = np.bincount([places[value] for value in unit], minlength=len(places))
        matrix += (np.outer(times, times) - np.diag(times)) * (whole // (len(unit) - 1))
    counts: list[int] = matrix.ravel().tolist()
    return counts


def _score(coincidences: Any, values: Any, level: Level) -> float:
    """Return alpha of a coincidence matrix, NaN where it is not defined."""
    times = coincidences.sum(axis=0)
    distances = _measure_distances(values, times, level)
    observed = float((coincidences * distances).sum())
    expected = float((np.outer(times, times) * distances).sum()) / max(float(times.sum()) - 1, 1)
    return 1 - observed / expected if expected > 0 else float("nan")


def _measure_distances(values: Any, times: Any, level: Level) -> Any:
    """Return the squared difference of each two values, on the level of measurement."""
    if level == "nominal":
        return 1.0 - np.eye(len(values))
    if level == "ordinal":
        ranks = np.cumsum(times) - times / 2  # of c and k, the ratings from c to k, less half of those at both ends
        return (ranks[:, None] - ranks[None, :]) ** 2
    difference = values[:, None] - values[None, :]
    if level == "interval":
        return difference**2
    total = values[:, None] + values[None, :]
    return np.divide(difference, total, out=np.zeros_like(difference), where=total != 0) ** 2
