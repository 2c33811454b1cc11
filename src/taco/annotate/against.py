"""A judge against people: agreement, and bias by language, by system and by length.

The bias is the judge's rating minus the mean of people's on the same answer, so what an answer is worth cancels out. Of a pair it
is the judge's choice minus people's mean choice, toward the longer answer.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from taco.annotate.agreement import measure_agreement
from taco.annotate.key import Place
from taco.annotate.options import Mode
from taco.annotate.rated import Rated, cluster, estimate_mean
from taco.annotate.results import Band, JudgeResult
from taco.measure.bootstrap import Bootstrap, Estimate
from taco.measure.clusters import estimate_slope

BANDS = 3
PEOPLE = "people"


def compare_judge(
    judge: str, rated: Sequence[Rated], verdicts: Mapping[Place, float], *, mode: Mode, bootstrap: Bootstrap
) -> JudgeResult | None:
    """Hold a judge against people; None where it has no verdict on anything that was rated.

    Args:
        judge: Its label.
        rated: What people rated.
        verdicts: What the judge said.
        mode: What was done.
        bootstrap: How intervals are made.
    """
    both = [one for one in rated if one.place in verdicts]
    if not both:
        return None
    single = cluster(both, lambda one: [(value, verdicts[one.place]) for value in one.values.values()])
    ranked = cluster(both, lambda one: [(round(one.mean, 6), verdicts[one.place])])
    gaps = {one.place: verdicts[one.place] - one.mean for one in both}
    if mode == "pair":
        gaps = {one.place: gaps[one.place] * _side(one) for one in both}
    languages = sorted({one.language for one in both})
    systems = list(dict.fromkeys(one.systems[0] for one in both)) if mode == "rating" else []
    return JudgeResult(
        judge=judge,
        agreement=measure_agreement(PEOPLE, judge, single, ranked, mode=mode, bootstrap=bootstrap),
        bias=_estimate(both, gaps, bootstrap),
        by_language={
            language: _estimate([one for one in both if one.language == language], gaps, bootstrap)
            for language in languages
        },
        by_system={
            system: _estimate([one for one in both if one.systems == (system,)], gaps, bootstrap) for system in systems
        },
        by_length=_list_bands(both, gaps, bootstrap) if mode == "rating" else (),
        slope=_estimate_slope(both, gaps, mode, bootstrap),
    )


def _side(one: Rated) -> int:
    """Return 1 where the second answer is longer, -1 where the first one is, 0 where both are equally long."""
    first, second = one.lengths
    return (second > first) - (first > second)


def _estimate(both: Sequence[Rated], gaps: Mapping[Place, float], bootstrap: Bootstrap) -> Estimate:
    used = [one for one in both if len(one.lengths) == 1 or _side(one)]
    return estimate_mean(cluster(used, lambda one: [gaps[one.place]]), bootstrap)


def _list_bands(both: Sequence[Rated], gaps: Mapping[Place, float], bootstrap: Bootstrap) -> tuple[Band, ...]:
    ordered = sorted(both, key=lambda one: one.lengths[0])
    size = max(1, math.ceil(len(ordered) / BANDS))
    bands = [ordered[start : start + size] for start in range(0, len(ordered), size)]
    return tuple(
        Band(shortest=band[0].lengths[0], longest=band[-1].lengths[0], bias=_estimate(band, gaps, bootstrap))
        for band in bands
    )


def _estimate_slope(both: Sequence[Rated], gaps: Mapping[Place, float], mode: Mode, bootstrap: Bootstrap) -> Estimate:
    """Estimate how the bias grows with log2 of the length; of pairs through zero, as equal lengths favour nobody."""
    if mode == "rating":
        return estimate_slope(cluster(both, lambda one: [(math.log2(one.lengths[0]), gaps[one.place])]), bootstrap)

    def mirror(one: Rated) -> list[tuple[float, float]]:
        ratio = abs(math.log2(one.lengths[1] / one.lengths[0]))
        return [(ratio, gaps[one.place]), (-ratio, -gaps[one.place])]

    found = estimate_slope(cluster(both, mirror), bootstrap)
    return found.model_copy(update={"n": len(both)})
