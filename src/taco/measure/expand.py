"""Intervals out of resampled means that cover as often as they say with few rows too: expanded percentiles.

The middle 95 % of resampled means are too narrow twice over: they vary by (n - 1) / n too little, and they take the spread of
n rows for known. Hesterberg (2015), "What Teachers Should Know About the Bootstrap", The American Statistician 69, 371-386,
section 5.3 reads further percentiles instead: not those of the normal quantile z, but those of sqrt(n / (n - 1)) * t, t being
Student's quantile with n - 1 degrees of freedom. Intervals keep their skew and stay where scores can be.

That ends where few rows make few different means: of 5 rows no mean lies beyond the outermost row, which one normal sample
in 16 has on the wrong side of the truth. From a factor of `FURTHEST` on (at 95 % fewer than 9 rows), the plain percentiles are
moved away from the centre by the factor instead. docs/results/intervals.md has the coverage of both.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, sqrt
from statistics import NormalDist
from typing import Any

import numpy as np

from taco.measure.student import find_student_quantile

Scale = tuple[float, float]
"""The lowest and the highest value that there can be."""

EVERYWHERE: Scale = (-inf, inf)

FURTHEST = 1.25
"""Largest factor for which further percentiles are read; at 95 % and 1.25 they are the 0.7th and the 99.3rd."""


def measure_expansion(rows: int, confidence: float) -> float:
    """Return how much further than a normal quantile to go, for a mean of independent rows, two or more.

    >>> round(measure_expansion(40, 0.95), 3), round(measure_expansion(5, 0.95), 3)
    (1.045, 1.584)
    """
    return sqrt(rows / (rows - 1)) * measure_uncertainty(rows - 1, confidence)


def measure_uncertainty(freedom: float, confidence: float) -> float:
    """Return Student's quantile over the normal one: what not knowing the spread costs.

    Args:
        freedom: Degrees of freedom of the spread, 1 or more.
        confidence: Share of intervals that should hold the true mean.

    >>> round(measure_uncertainty(2, 0.95), 3)
    2.195
    """
    inside = (1 + confidence) / 2
    return find_student_quantile(inside, freedom) / NormalDist().inv_cdf(inside)


def pool_freedom(parts: Sequence[tuple[float, int]]) -> float:
    """Return the degrees of freedom of a sum of variances (Satterthwaite 1946, Biometrics Bulletin 2, 110-114).

    Args:
        parts: Each variance with its own degrees of freedom, 1 or more; not all variances are 0.

    >>> pool_freedom([(2.0, 5), (2.0, 5)]), pool_freedom([(2.0, 5), (0.0, 1)])
    (10.0, 5.0)
    """
    total = sum(variance for variance, _ in parts)
    return max(1.0, 1 / sum((variance / total) ** 2 / freedom for variance, freedom in parts))


def find_rest(sums: Any, counts: Any) -> Any:
    """Return what the mean of all values leaves of each group of them; the mean varies as the mean of these does.

    Groups may differ in size, so the mean is a ratio of sums (Cochran 1977, section 2.11).

    Args:
        sums: Sum of each group's values.
        counts: Number of each group's values, 1 or more.

    >>> find_rest(np.array([2.0, 6.0]), np.array([1.0, 1.0]))
    array([-2.,  2.])
    """
    return (sums - sums.sum() / counts.sum() * counts) / counts.mean()


def cut_means(means: Any, confidence: float, *, factor: float, scale: Scale = EVERYWHERE) -> tuple[float, float]:
    """Return the ends of an interval.

    Args:
        means: Resampled means, or other scores; NaN for resamples without one, which are left out.
        confidence: Share of intervals that should hold the truth.
        factor: How much further than a normal quantile to go.
        scale: Where values can be; moved ends stop there.

    >>> low, high = cut_means([1.0, 2.0, 3.0, 4.0, 5.0], 0.5, factor=1)
    >>> float(low), float(high)
    (2.0, 4.0)
    """
    found = np.asarray(means, dtype=np.float64)
    found = found[~np.isnan(found)]
    reach = NormalDist().inv_cdf((1 + confidence) / 2)
    if factor <= FURTHEST:
        outside = NormalDist().cdf(-factor * reach)
        low, high = np.quantile(found, [outside, 1 - outside])
    else:
        ends = np.quantile(found, [(1 - confidence) / 2, (1 + confidence) / 2])
        with np.errstate(over="ignore"):  # numbers from files may be as large as they come; then an end is infinite
            low, high = ends + (factor - 1) * (ends - found.mean())
    return max(float(low), scale[0]), min(float(high), scale[1])
