"""How far a judge ranks answers as people do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


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


def _rank(values: Any) -> Any:
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return (last - (counts - 1) / 2)[places]
