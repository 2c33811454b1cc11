"""Intervals of means over seeds and questions: both are drawn with replacement, crossed.

A run has a seed, and all runs are asked the same questions, so a value belongs to a row and a column of a matrix. Drawing
rows and columns each with replacement (the pigeonhole bootstrap, Owen 2007, "The pigeonhole bootstrap", Annals of Applied
Statistics 1(2)) lets both count: questions asked of one training are no evidence about another training.

The resampled means of few seeds vary too little where seeds change much, and too much where every cell has chance of its own
(which they count three times). So percentiles are expanded (`taco.measure.expand`) by how the spread of the seeds' and of the
questions' own means, each with the degrees of freedom that it has, compares with theirs; never to less than they were.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from taco.measure.bootstrap import DECIMALS, Bootstrap, Estimate
from taco.measure.expand import EVERYWHERE, Scale, cut_means, find_rest, measure_uncertainty, pool_freedom

Matrix = Sequence[Sequence[float | None]]
"""One row for each seed, one column for each question; None where there is no value."""


def estimate_crossed(
    values: Matrix, bootstrap: Bootstrap, *, is_rate: bool = False, scale: Scale = EVERYWHERE
) -> Estimate:
    """Estimate the mean of all values that are there.

    Args:
        values: The values; a single row for what depends on no seed.
        bootstrap: How the interval is made.
        is_rate: Whether a value can only be 0 or 1, so that exact bounds exist where all are alike; they are those of the
            questions alone.
        scale: Lowest and highest value that there can be.

    >>> bootstrap = Bootstrap(samples=100, confidence=0.95, seed=1)
    >>> found = estimate_crossed([[1.0, 2.0, None], [2.0, 3.0, None]], bootstrap)
    >>> found.value, found.n, found.unscored, found.low < 2 < found.high
    (2.0, 4, 2, True)
    """
    matrix = np.array([[np.nan if value is None else value for value in row] for row in values], dtype=np.float64)
    scored = ~np.isnan(matrix)
    counts = {"n": int(scored.sum()), "unscored": int((~scored).sum())}
    if not counts["n"]:
        return Estimate(value=None, low=None, high=None, method="none", **counts)
    present = matrix[scored]
    if scored.any(axis=1).sum() == 1 or np.all(present == present[0]):
        columns = [_first(column) for column in zip(*values, strict=True)]
        return bootstrap.estimate_mean(columns, is_rate=is_rate, scale=scale).model_copy(update=counts)
    means = _resample(np.where(scored, matrix, 0.0), scored, bootstrap)
    factor = _measure_expansion(np.where(scored, matrix, 0.0), scored, means, bootstrap.confidence)
    low, high = cut_means(means, bootstrap.confidence, factor=factor, scale=(0.0, 1.0) if is_rate else scale)
    bounds = {"low": round(low, DECIMALS), "high": round(high, DECIMALS)}
    return Estimate(value=round(float(present.mean()), DECIMALS), method="bootstrap", **bounds, **counts)


def subtract(first: Matrix, second: Matrix) -> list[list[float | None]]:
    """Return second minus first, cell by cell; a matrix of one row stands for each row of the other.

    Args:
        first, second: With the same columns; rows as many, or one.

    >>> subtract([[1.0, None]], [[3.0, 4.0], [0.5, 1.0]])
    [[2.0, None], [-0.5, None]]
    """
    rows = max(len(first), len(second))
    pairs = zip(_stretch(first, rows), _stretch(second, rows), strict=True)
    return [
        [None if old is None or new is None else new - old for old, new in zip(before, after, strict=True)]
        for before, after in pairs
    ]


def _stretch(values: Matrix, rows: int) -> Matrix:
    return list(values) * rows if len(values) == 1 else values


def _first(values: Sequence[float | None]) -> float | None:
    return next((value for value in values if value is not None), None)


def _measure_expansion(
    matrix: NDArray[np.float64], scored: NDArray[np.bool_], means: NDArray[np.float64], confidence: float
) -> float:
    """Return how much further than the means' own percentiles to go; 1 at least.

    The mean of R rows and C columns varies by a / R + b / C + e / (R * C); the spread of the rows' means shows the first and
    the last term, that of the columns' means the last two. Their sum has the last one twice, which is on the safe side.
    """
    found = [_measure_variance(matrix.sum(axis=axis), scored.sum(axis=axis)) for axis in (1, 0)]
    parts = [(variance, freedom) for variance, freedom in found if variance > 0]
    if not parts:
        return 1.0
    spread = sqrt(sum(variance for variance, _ in parts)) / float(means.std())
    return max(1.0, spread * measure_uncertainty(pool_freedom(parts), confidence))


def _measure_variance(sums: NDArray[np.float64], numbers: NDArray[np.int_]) -> tuple[float, int]:
    """Return the variance of the mean of rows, or of columns, and its degrees of freedom; (0, 0) of fewer than two."""
    there = numbers > 0
    if there.sum() < 2:
        return 0.0, 0
    rest = find_rest(sums[there], numbers[there])
    return float(rest.var(ddof=1) / len(rest)), len(rest) - 1


def _resample(matrix: NDArray[np.float64], scored: NDArray[np.bool_], bootstrap: Bootstrap) -> NDArray[np.float64]:
    """Return the mean of each resample; one that drew no value at all is left out.

    A cell counts as often as its row was drawn, times as often as its column was.
    """
    generator = np.random.default_rng(bootstrap.seed)
    rows, columns = matrix.shape
    by_row = generator.multinomial(rows, [1 / rows] * rows, size=bootstrap.samples).astype(np.float64)
    by_column = generator.multinomial(columns, [1 / columns] * columns, size=bootstrap.samples).astype(np.float64)
    sums = ((by_row @ matrix) * by_column).sum(axis=1)
    weights = ((by_row @ scored.astype(np.float64)) * by_column).sum(axis=1)
    drawn = weights > 0
    means: NDArray[np.float64] = sums[drawn] / weights[drawn]
    return means
