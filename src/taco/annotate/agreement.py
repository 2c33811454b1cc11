"""How far people agree: all of them, each two, and who is strict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import combinations
from statistics import fmean

from taco.annotate.options import Mode
from taco.annotate.rated import Rated, cluster, estimate_mean
from taco.annotate.results import Agreement, RaterResult
from taco.measure.alpha import Level, estimate_alpha
from taco.measure.bootstrap import Bootstrap, Estimate
from taco.measure.concordance import Pair, Weights, estimate_kappa, estimate_tau
from taco.measure.expand import EVERYWHERE, Scale

LEVELS: Mapping[Mode, tuple[Level, ...]] = {
    "rating": ("nominal", "ordinal", "interval"),
    "pair": ("nominal", "ordinal"),
}
WEIGHTS: tuple[Weights, ...] = ("equal", "linear", "quadratic")


def estimate_alphas(rated: Sequence[Rated], mode: Mode, bootstrap: Bootstrap) -> dict[Level, Estimate]:
    """Estimate the agreement of all raters together."""
    clusters = cluster(rated, lambda one: [list(one.values.values())] if len(one.values) > 1 else [])
    return {level: estimate_alpha(clusters, level, bootstrap) for level in LEVELS[mode]}


def describe_raters(
    rated: Sequence[Rated], asked: Mapping[str, int], bootstrap: Bootstrap, *, scale: Scale = EVERYWHERE
) -> tuple[RaterResult, ...]:
    """Describe each rater who rated anything.

    Args:
        rated: What was rated.
        asked: Rater -> lines of the sheet.
        bootstrap: How intervals are made.
        scale: Lowest and highest rating.
    """
    raters = sorted({rater for one in rated for rater in one.values})
    return tuple(
        RaterResult(
            rater=rater,
            rated=sum(rater in one.values for one in rated),
            asked=asked[rater],
            mean=estimate_mean(cluster(rated, partial(_take, rater=rater)), bootstrap, scale=scale),
            severity=estimate_mean(cluster(rated, partial(_take_severity, rater=rater)), bootstrap),
        )
        for rater in raters
    )


def compare_raters(rated: Sequence[Rated], mode: Mode, bootstrap: Bootstrap) -> tuple[Agreement, ...]:
    """Compare each two raters who rated the same."""
    raters = sorted({rater for one in rated for rater in one.values})
    found = []
    for first, second in combinations(raters, 2):
        pairs = cluster(rated, partial(_take_both, first=first, second=second))
        if pairs:
            found.append(measure_agreement(first, second, pairs, pairs, mode=mode, bootstrap=bootstrap))
    return tuple(found)


def measure_agreement(
    first: str,
    second: str,
    pairs: Sequence[Sequence[Pair]],
    ranked: Sequence[Sequence[Pair]],
    *,
    mode: Mode,
    bootstrap: Bootstrap,
) -> Agreement:
    """Measure how far two agree.

    Args:
        first, second: Their names.
        pairs: What both gave, question by question.
        ranked: The pairs that tau-b is taken of.
        mode: What was done, which decides the levels of measurement.
        bootstrap: How intervals are made.
    """
    return Agreement(
        first=first,
        second=second,
        shared=sum(map(len, pairs)),
        alpha={level: estimate_alpha(pairs, level, bootstrap) for level in LEVELS[mode]},
        kappa={weights: estimate_kappa(pairs, weights, bootstrap) for weights in WEIGHTS},
        tau=estimate_tau(ranked, bootstrap),
    )


def _take(one: Rated, rater: str) -> list[float]:
    return [one.values[rater]] if rater in one.values else []


def _take_severity(one: Rated, rater: str) -> list[float]:
    others = [value for name, value in one.values.items() if name != rater]
    return [one.values[rater] - fmean(others)] if rater in one.values and others else []


def _take_both(one: Rated, first: str, second: str) -> list[Pair]:
    return [(one.values[first], one.values[second])] if first in one.values and second in one.values else []
