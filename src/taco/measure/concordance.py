"""Two raters, or two scores, on the same things: weighted kappa and Kendall's tau-b, from one table of counts.

- kappa = 1 - observed / expected weighted disagreement (Cohen 1960, Educational and Psychological Measurement 20, 37-46; with
  weights Cohen 1968, Psychological Bulletin 70, 213-220). A disagreement weighs its distance (linear) or the square of it
  (quadratic, which for large samples is the intraclass correlation: Fleiss and Cohen 1973); unweighted, each weighs the same.
- tau-b = (concordant - discordant pairs) / sqrt(pairs not tied in the first * pairs not tied in the second) (Kendall 1945,
  Biometrika 33, 239-251).

Both are functions of how often each two values met. That table is a sum over things, so resampled things need no second look.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np

from taco.measure.bootstrap import DECIMALS, Bootstrap, Estimate

Weights = Literal["equal", "linear", "quadratic"]
"""What a disagreement weighs: always 1, the distance of the two values, or its square."""

Pair = tuple[float, float]
"""What the first and the second gave to one thing."""

Score = Callable[[Any], float]
"""A table [first's values, second's values] of counts -> the score; NaN where it is not defined."""


def measure_kappa(pairs: Sequence[Pair], weights: Weights) -> float | None:
    """Return kappa; None where it is not defined: no pair, or both always gave the same one value.

    >>> measure_kappa([(1, 1), (2, 2), (3, 3), (3, 2)], "linear")
    0.714286
    """
    return _measure(pairs, lambda values: _weigh_kappa(values, weights))


def measure_tau(pairs: Sequence[Pair]) -> float | None:
    """Return Kendall's tau-b, from -1 to 1; None where a side does not vary.

    >>> measure_tau([(1, 10), (2, 20), (3, 30), (3, 40)])
    0.912871
    """
    return _measure(pairs, lambda values: score_tau)


def estimate_kappa(clusters: Sequence[Sequence[Pair]], weights: Weights, bootstrap: Bootstrap) -> Estimate:
    """Estimate kappa with its interval; whole clusters of pairs, such as answers to one question, are resampled."""
    return _estimate(clusters, lambda values: _weigh_kappa(values, weights), bootstrap)


def estimate_tau(clusters: Sequence[Sequence[Pair]], bootstrap: Bootstrap) -> Estimate:
    """Estimate tau-b with its interval; see `estimate_kappa`."""
    return _estimate(clusters, lambda values: score_tau, bootstrap)


def score_kappa(table: Any, distances: Any) -> float:
    """Return kappa of a square table of counts, NaN where it is not defined.

    Args:
        table: How often each two values met.
        distances: What a disagreement between each two values weighs, 0 on the diagonal.

    >>> round(score_kappa([[20, 5], [10, 15]], [[0, 1], [1, 0]]), 3)
    0.4
    """
    counts = np.asarray(table, dtype=np.float64)
    total = float(counts.sum())
    expected = float((np.outer(counts.sum(axis=1), counts.sum(axis=0)) * distances).sum())
    return 1 - total * float((counts * distances).sum()) / expected if expected > 0 else float("nan")


def score_tau(table: Any) -> float:
    """Return tau-b of a table of counts, rows and columns in order; NaN where a side does not vary.

    >>> round(score_tau([[26, 26, 23, 18, 9], [6, 7, 9, 14, 23]]), 4)  # SAS/STAT, The FREQ Procedure: pain study
    0.3373
    """
    counts = np.asarray(table, dtype=np.float64)
    below = np.zeros((counts.shape[0] + 1, counts.shape[1] + 1))  # sums of all cells from here on, down and right
    below[:-1, :-1] = counts[::-1, ::-1].cumsum(axis=0).cumsum(axis=1)[::-1, ::-1]
    right = below[1:, 1:]
    left = below[1:, :1] - below[1:, :-1]
    rows, columns, total = counts.sum(axis=1), counts.sum(axis=0), float(counts.sum())
    untied = (total**2 - float((rows**2).sum())) * (total**2 - float((columns**2).sum()))
    return 2 * float((counts * (right - left)).sum()) / untied**0.5 if untied > 0 else float("nan")


def _weigh_kappa(values: Any, weights: Weights) -> Score:
    apart = np.abs(values[:, None] - values[None, :])
    distances = {"equal": 1.0 - np.eye(len(values)), "linear": apart, "quadratic": apart**2}[weights]
    return lambda table: score_kappa(table, distances)


def _measure(pairs: Sequence[Pair], make_score: Callable[[Any], Score]) -> float | None:
    counted, score = _count([pairs], make_score)
    value = score(counted[0]) if counted else float("nan")
    return None if np.isnan(value) else round(value, DECIMALS)


def _estimate(clusters: Sequence[Sequence[Pair]], make_score: Callable[[Any], Score], bootstrap: Bootstrap) -> Estimate:
    counted, score = _count(clusters, make_score)
    return bootstrap.estimate_total(counted, score, scale=(-1, 1))


def _count(
    clusters: Sequence[Sequence[Pair]], make_score: Callable[[Any], Score]
) -> tuple[list[list[int]], Callable[[Any], float]]:
    """Return the flattened table of each cluster that has a pair, and what makes the score of their sum."""
    values = np.array(sorted({value for cluster in clusters for pair in cluster for value in pair}), dtype=np.float64)
    places = {value: place for place, value in enumerate(values.tolist())}
    size = len(values)
    score = make_score(values)

    def tabulate(cluster: Sequence[Pair]) -> list[int]:
        cells = [places[first] * size + places[second] for first, second in cluster]
        counts: list[int] = np.bincount(cells, minlength=size * size).tolist()
        return counts

    return [tabulate(cluster) for cluster in clusters if cluster], lambda total: score(np.reshape(total, (size, size)))
