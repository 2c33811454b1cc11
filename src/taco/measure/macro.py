"""The unweighted mean of categories' means, with an interval that holds for small categories too."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import NormalDist
from typing import Any

import numpy as np

from taco.measure.bootstrap import DECIMALS, Bootstrap, Estimate

Scored = tuple[str, float | None]
"""The group of one row and its score; None where it has none."""


def estimate_macro(
    scored: Iterable[Scored], bootstrap: Bootstrap, *, missing: int = 0, scale: tuple[float, float] | None = None
) -> Estimate:
    """Estimate the unweighted mean of the groups' means.

    Each group is resampled by itself. Of n rows n - 1 are drawn: the mean of n draws would vary by (n - 1) / n too little
    (Rao and Wu 1988, JASA 83, 231-241), which matters for the 3 math questions of the Vicuna benchmark. The percentiles
    of the resampled means, moved away from the mean by the ratio of Student's quantile to the normal one, are the interval
    (the expanded percentile interval of Hesterberg 2015, The American Statistician 69, 371-386; degrees of freedom by
    Satterthwaite 1946, Biometrics Bulletin 2, 110-114). A group of one row does not say how it varies: no interval then.

    Args:
        scored: Rows with their scores; a row without one is in no mean, a group without any is left out.
        bootstrap: How intervals are made.
        missing: Handed through to the estimate.
        scale: Lowest and highest score that there are; the interval, which moving away may take beyond, ends there.

    >>> rows = [("a", 1.0), ("a", 3.0), ("a", None), ("b", 8.0), ("b", 8.0), ("c", None)]
    >>> found = estimate_macro(rows, Bootstrap(samples=100, confidence=0.95, seed=1))
    >>> found.value, found.n, found.unscored
    (5.0, 4, 2)
    """
    scored = list(scored)
    groups = _gather(scored)
    n = sum(map(len, groups))
    counts = {"n": n, "missing": missing, "unscored": len(scored) - n}
    if not groups:
        return Estimate(value=None, low=None, high=None, method="none", **counts)
    value = round(float(np.mean([values.mean() for values in groups])), DECIMALS)
    if min(map(len, groups)) < 2:
        return Estimate(value=value, low=None, high=None, method="none", **counts)
    if all(np.all(values == values[0]) for values in groups):
        return Estimate(value=value, low=None, high=None, method="constant", **counts)
    low, high = _bound(groups, bootstrap)
    if scale is not None:
        low, high = max(low, scale[0]), min(high, scale[1])
    return Estimate(value=value, low=low, high=high, method="bootstrap", **counts)


def sign_macro() -> str:
    """Return how macro intervals are made, in one line."""
    return (
        "macro: categories resampled apart, n - 1 of n rows (Rao and Wu 1988), expanded percentiles (Hesterberg 2015)"
    )


def _gather(scored: Sequence[Scored]) -> list[Any]:
    """Return the scores of each group that has any, in the order of the groups' names."""
    groups: dict[str, list[float]] = {}
    for name, score in scored:
        if score is not None:
            groups.setdefault(name, []).append(score)
    return [np.array(values, dtype=np.float64) for _, values in sorted(groups.items())]


def _bound(groups: Sequence[Any], bootstrap: Bootstrap) -> tuple[float, float]:
    """Return the interval of the mean of the groups' means; every group has two rows or more."""
    generator = np.random.default_rng(bootstrap.seed)
    means = np.zeros(bootstrap.samples)
    for values in groups:
        drawn = generator.integers(0, len(values), size=(bootstrap.samples, len(values) - 1))
        means += values[drawn].mean(axis=1) / len(groups)
    outside = (1 - bootstrap.confidence) / 2
    centre, factor = float(means.mean()), _expand(groups, outside)
    low, high = centre + factor * (np.quantile(means, [outside, 1 - outside]) - centre)
    return round(float(low), DECIMALS), round(float(high), DECIMALS)


def _expand(groups: Sequence[Any], outside: float) -> float:
    """Return Student's quantile over the normal one, for the mean of the groups' means.

    Student's quantile is Hill's expansion (1970, CACM 13, 617-619) around the normal one, to the third term.
    """
    variances = np.array([values.var(ddof=1) / len(values) for values in groups])
    freedom = variances.sum() ** 2 / sum(
        variance**2 / (len(values) - 1) for variance, values in zip(variances, groups, strict=True)
    )
    z = NormalDist().inv_cdf(1 - outside)
    second = (z**3 + z) / 4 / freedom
    third = (5 * z**5 + 16 * z**3 + 3 * z) / 96 / freedom**2
    return float((z + second + third) / z)
