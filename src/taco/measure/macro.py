"""The unweighted mean of categories' means, with an interval that holds for small categories too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import NormalDist
from typing import Any

import numpy as np

from taco.measure.bootstrap import DECIMALS, Bootstrap, Estimate


def estimate_macro(groups: Mapping[str, Sequence[float]], bootstrap: Bootstrap) -> Estimate:
    """Estimate the unweighted mean of the groups' means.

    Each group is resampled by itself. Of n rows n - 1 are drawn: the mean of n draws would vary by (n - 1) / n too little
    (Rao and Wu 1988, JASA 83, 231-241), which matters for the 3 math questions of the Vicuna benchmark. The percentiles
    of the resampled means, moved away from the mean by the ratio of Student's quantile to the normal one, are the interval
    (the expanded percentile interval of Hesterberg 2015, The American Statistician 69, 371-386; degrees of freedom by
    Satterthwaite 1946, Biometrics Bulletin 2, 110-114). A group of one row does not say how it varies: no interval then.

    Args:
        groups: Group -> its values; groups without any are left out.
        bootstrap: How intervals are made.

    >>> estimate_macro({"a": [1.0, 3.0], "b": [8.0, 8.0, 8.0]}, Bootstrap(samples=100, confidence=0.95, seed=1)).value
    5.0
    """
    rows = {name: np.array(values, dtype=np.float64) for name, values in sorted(groups.items()) if len(values)}
    n = sum(map(len, rows.values()))
    if not rows:
        return Estimate(value=None, low=None, high=None, n=0, method="none")
    value = round(float(np.mean([values.mean() for values in rows.values()])), DECIMALS)
    if min(map(len, rows.values())) < 2:
        return Estimate(value=value, low=None, high=None, n=n, method="none")
    if all(np.all(values == values[0]) for values in rows.values()):
        return Estimate(value=value, low=None, high=None, n=n, method="constant")
    generator = np.random.default_rng(bootstrap.seed)
    means = np.zeros(bootstrap.samples)
    for values in rows.values():
        drawn = generator.integers(0, len(values), size=(bootstrap.samples, len(values) - 1))
        means += values[drawn].mean(axis=1) / len(rows)
    outside = (1 - bootstrap.confidence) / 2
    centre, factor = float(means.mean()), _expand(list(rows.values()), outside)
    bounds = centre + factor * (np.quantile(means, [outside, 1 - outside]) - centre)
    low, high = (round(float(bound), DECIMALS) for bound in bounds)
    return Estimate(value=value, low=low, high=high, n=n, method="bootstrap")


def sign_macro() -> str:
    """Return how macro intervals are made, in one line."""
    return (
        "macro: categories resampled apart, n - 1 of n rows (Rao and Wu 1988), expanded percentiles (Hesterberg 2015)"
    )


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
