"""The unweighted mean of categories' means, with an interval that holds for small categories too."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from taco.measure.bootstrap import DECIMALS, Bootstrap, Estimate
from taco.measure.expand import EVERYWHERE, Scale, cut_means, find_rest, measure_uncertainty, pool_freedom

Scored = tuple[str, float | None]
"""The group of one row and its score; None where it has none."""


@dataclass(frozen=True, slots=True)
class _Group:
    """The scores of one group, cluster by cluster.

    Attributes:
        sums: Sum of each cluster's scores.
        counts: Number of each cluster's scores.
    """

    sums: Any
    counts: Any

    @property
    def mean(self) -> float:
        return float(self.sums.sum() / self.counts.sum())


def estimate_macro(
    scored: Iterable[Scored],
    bootstrap: Bootstrap,
    *,
    missing: int = 0,
    scale: Scale = EVERYWHERE,
    clusters: Sequence[str] | None = None,
) -> Estimate:
    """Estimate the unweighted mean of the groups' means.

    Each group is resampled by itself. Of n rows n - 1 are drawn: the mean of n draws would vary by (n - 1) / n too little
    (Rao and Wu 1988, JASA 83, 231-241), which matters for the 3 math questions of the Vicuna benchmark. So of the two
    corrections of `taco.measure.expand` only that for the unknown spread is left, with the degrees of freedom of a sum of
    variances (Satterthwaite 1946, Biometrics Bulletin 2, 110-114): the groups' means have few rows each and say together
    more than the smallest of them alone. A group of one row does not say how it varies: no interval then.

    Args:
        scored: Rows with their scores; a row without one is in no mean, a group without any is left out.
        bootstrap: How intervals are made.
        missing: Handed through to the estimate.
        scale: Lowest and highest score that there are; the interval, which moving away may take beyond, ends there.
        clusters: For each row the name of its cluster, such as a conversation, which is drawn whole (see
            `taco.measure.clusters`) and counts as one of the n; None where rows are independent.

    >>> rows = [("a", 1.0), ("a", 3.0), ("a", None), ("b", 8.0), ("b", 8.0), ("c", None)]
    >>> found = estimate_macro(rows, Bootstrap(samples=100, confidence=0.95, seed=1))
    >>> found.value, found.n, found.unscored
    (5.0, 4, 2)
    """
    scored = list(scored)
    groups = _gather(scored, clusters)
    n = sum(int(group.counts.sum()) for group in groups)
    counts = {"n": n, "missing": missing, "unscored": len(scored) - n}
    if not groups:
        return Estimate(value=None, low=None, high=None, method="none", **counts)
    value = round(float(np.mean([group.mean for group in groups])), DECIMALS)
    if min(len(group.sums) for group in groups) < 2:
        return Estimate(value=value, low=None, high=None, method="none", **counts)
    if all(np.all(group.sums == group.sums[0] / group.counts[0] * group.counts) for group in groups):
        return Estimate(value=value, low=None, high=None, method="constant", **counts)
    low, high = _bound(groups, bootstrap, scale)
    return Estimate(value=value, low=low, high=high, method="bootstrap", **counts)


def sign_macro() -> str:
    """Return how macro intervals are made, in one line."""
    return (
        "macro: categories resampled apart, n - 1 of n rows (Rao and Wu 1988), expanded percentiles (Hesterberg 2015)"
    )


def _gather(scored: Sequence[Scored], clusters: Sequence[str] | None) -> list[_Group]:
    """Return each group that has any scores, in the order of the groups' names."""
    groups: dict[str, dict[object, list[float]]] = {}
    for number, (name, score) in enumerate(scored):
        if score is not None:
            cluster = number if clusters is None else clusters[number]
            groups.setdefault(name, {}).setdefault(cluster, []).append(score)
    return [
        _Group(
            np.array([sum(scores) for scores in found.values()], dtype=np.float64),
            np.array([len(scores) for scores in found.values()], dtype=np.float64),
        )
        for _, found in sorted(groups.items())
    ]


def _bound(groups: Sequence[_Group], bootstrap: Bootstrap, scale: Scale) -> tuple[float, float]:
    """Return the interval of the mean of the groups' means; every group has two clusters or more."""
    generator = np.random.default_rng(bootstrap.seed)
    means = np.zeros(bootstrap.samples)
    for group in groups:
        size = len(group.sums)
        drawn = generator.integers(0, size, size=(bootstrap.samples, size - 1))
        means += group.sums[drawn].sum(axis=1) / group.counts[drawn].sum(axis=1) / len(groups)
    factor = measure_uncertainty(_count_freedom(groups), bootstrap.confidence)
    low, high = cut_means(means, bootstrap.confidence, factor=factor, scale=scale)
    return round(low, DECIMALS), round(high, DECIMALS)


def _count_freedom(groups: Sequence[_Group]) -> float:
    """Return the degrees of freedom of the spread of the mean of the groups' means."""
    rests = [find_rest(group.sums, group.counts) for group in groups]
    unit = max(float(np.abs(rest).max()) for rest in rests)  # a square of a number from a file may be too large
    if not unit:
        return float(sum(len(rest) - 1 for rest in rests))
    return pool_freedom([(float((rest / unit).var(ddof=1)) / len(rest), len(rest) - 1) for rest in rests])
