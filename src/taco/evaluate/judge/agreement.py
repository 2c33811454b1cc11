"""How far raters agree: the judges of a panel with each other, a judge with people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np


def measure_alpha(ratings: Sequence[Mapping[str, float]]) -> float | None:
    """Return Krippendorff's alpha for interval data; None where it is not defined.

    1 is perfect agreement, 0 what chance would give, below 0 worse than chance. Ratings that are missing are left out
    (Krippendorff 2011, Computing Krippendorff's Alpha-Reliability: alpha = 1 - observed / expected disagreement).

    Args:
        ratings: For each thing rated: rater -> rating. Things with fewer than two ratings say nothing.

    >>> measure_alpha([{"a": 1, "b": 1}, {"a": 5, "b": 5}])
    1.0
    """
    units = [np.array(list(unit.values()), dtype=np.float64) for unit in ratings if len(unit) > 1]
    if not units:
        return None
    values = np.concatenate(units)
    observed = sum(_sum_squares(unit) / (len(unit) - 1) for unit in units) / len(values)
    expected = _sum_squares(values) / (len(values) * (len(values) - 1))
    return None if expected == 0 else round(float(1 - observed / expected), 6)


def measure_rank_correlation(first: Sequence[float], second: Sequence[float]) -> float | None:
    """Return Spearman's rank correlation, ties at their mean rank; None where a side does not vary.

    >>> measure_rank_correlation([1, 2, 3, 4], [10, 20, 30, 40])
    1.0
    """
    if len(first) < 2:
        return None
    ranks = [_rank(np.array(side, dtype=np.float64)) for side in (first, second)]
    deviations = [side - side.mean() for side in ranks]
    spread = float(np.sqrt((deviations[0] ** 2).sum() * (deviations[1] ** 2).sum()))
    return None if spread == 0 else round(float((deviations[0] * deviations[1]).sum()) / spread, 6)


def _sum_squares(values: Any) -> float:
    """Return the sum of (a - b)**2 over all ordered pairs of two of the values."""
    return float(2 * len(values) * ((values - values.mean()) ** 2).sum())


def _rank(values: Any) -> Any:
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return (last - (counts - 1) / 2)[places]
