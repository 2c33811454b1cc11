"""Means and slopes over rows that come in clusters, such as the turns of a conversation: a cluster is drawn as a whole, or not at all.

The turns of a conversation share their question, their system's first answer and their judge's taste, so they say less than
as many independent rows; an interval that drew them one by one would be too narrow (Davison and Hinkley 1997, Bootstrap
Methods and their Application, section 3.8).
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

from taco.measure.bootstrap import Bootstrap, Estimate
from taco.measure.expand import EVERYWHERE, Scale

STEPS = 1_000_000
"""Values are counted in millionths: added-up counts are whole numbers."""


def estimate_clustered_mean(
    values: Sequence[float | None],
    clusters: Sequence[Hashable],
    bootstrap: Bootstrap,
    *,
    missing: int = 0,
    scale: Scale = EVERYWHERE,
) -> Estimate:
    """Estimate the mean over rows, clusters drawn whole. With one row in each cluster it is `Bootstrap.estimate_mean`.

    The interval is as wide as that many clusters make it, whatever the number of their rows.

    Args:
        values: One value a row; None for a row without one.
        clusters: For each row the name of its cluster.
        bootstrap: How intervals are made.
        missing: Handed through to the estimate.
        scale: As in `Bootstrap.estimate_mean`.

    >>> bootstrap = Bootstrap(samples=200, confidence=0.95, seed=1)
    >>> found = estimate_clustered_mean([9.0, 7.0, 2.0, None], ["a", "a", "b", "c"], bootstrap, scale=(1, 10))
    >>> found.value, found.low, found.high, found.n, found.unscored  # two clusters say hardly anything
    (6.0, 1.0, 10.0, 3, 1)
    """
    scored = [(name, value) for name, value in zip(clusters, values, strict=True) if value is not None]
    names = dict.fromkeys(name for name, _ in scored)
    if len(names) == len(scored) or len({value for _, value in scored}) < 2:
        return bootstrap.estimate_mean(values, missing=missing, scale=scale)
    counts = {name: [0, 0] for name in names}
    for name, value in scored:
        counts[name][0] += round(value * STEPS)
        counts[name][1] += 1
    found = bootstrap.estimate_total(list(counts.values()), _divide, scale=scale)
    return found.model_copy(
        update={"n": len(scored), "missing": missing, "unscored": len(values) - len(scored)},
    )


def estimate_slope(clusters: Sequence[Sequence[tuple[float, float]]], bootstrap: Bootstrap) -> Estimate:
    """Estimate the slope of the line through (x, y) by least squares; no value where x does not vary.

    >>> estimate_slope([[(0, 1), (1, 3)], [(2, 5)]], Bootstrap(samples=100, confidence=0.95, seed=1)).value
    2.0
    """
    counts = [
        [len(cluster), *(round(sum(part) * STEPS) for part in zip(*map(_expand, cluster), strict=True))]
        for cluster in clusters
        if cluster
    ]
    found = bootstrap.estimate_total(counts, _fit)
    return found.model_copy(update={"n": sum(map(len, clusters))})


def _divide(totals: Any) -> float:
    return float(totals[0] / totals[1] / STEPS)


def _expand(row: tuple[float, float]) -> tuple[float, float, float, float]:
    x, y = row
    return x, y, x * x, x * y


def _fit(total: Any) -> float:
    n = float(total[0])
    x, y, xx, xy = (float(part) / STEPS for part in total[1:])
    spread = n * xx - x * x
    return (n * xy - x * y) / spread if spread > 1e-9 * n * n else float("nan")
