"""What people say about the systems: mean ratings and their differences, or wins and losses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from taco.annotate.against import PEOPLE
from taco.annotate.rated import Rated, cluster, estimate_mean
from taco.annotate.results import Contest
from taco.evaluate.comparison import estimate_p_value
from taco.evaluate.judge.differences import Difference, compare_systems
from taco.evaluate.judge.judgement import Judgement
from taco.measure.bootstrap import Bootstrap, Estimate
from taco.measure.clusters import STEPS, estimate_clustered_mean
from taco.measure.expand import EVERYWHERE, Scale
from taco.measure.unit import find_scale


def rate_systems(
    rated: Sequence[Rated], bootstrap: Bootstrap, *, scale: Scale = EVERYWHERE
) -> tuple[dict[str, Estimate], tuple[Difference, ...]]:
    """Return each system's mean over its answers of people's mean rating, and the differences of each two systems; by name.

    The names' order does not depend on who was rated first, so that a sheet more turns no table around.

    Args:
        rated: What was rated.
        bootstrap: How intervals are made.
        scale: Lowest and highest rating, which no mean's interval goes beyond.
    """
    studies: dict[str, dict[str, list[Judgement]]] = {}
    for one in rated:
        (system,) = one.systems
        studies.setdefault(one.place[0], {}).setdefault(system, []).append(_judge(one, system))
    studies = {name: dict(sorted(judgements.items())) for name, judgements in studies.items()}
    means = {
        system: estimate_clustered_mean([one.score for one in found], [one.id for one in found], bootstrap, scale=scale)
        for judgements in studies.values()
        for system, found in judgements.items()
    }
    differences = [
        one
        for judgements in studies.values()
        for one in compare_systems(judgements, judge=PEOPLE, bootstrap=bootstrap)
        if one.means.micro.n
    ]
    return means, tuple(differences)


def list_contests(rated: Sequence[Rated], bootstrap: Bootstrap) -> tuple[Contest, ...]:
    """Return each two systems with wins and losses."""
    groups: dict[tuple[str, ...], list[Rated]] = {}
    for one in rated:
        groups.setdefault(one.systems, []).append(one)
    return tuple(_contest(systems[0], systems[1], found, bootstrap) for systems, found in groups.items())


def estimate_shown_first(rated: Sequence[Rated], bootstrap: Bootstrap) -> Estimate:
    """Estimate how many of the choices for one answer fell on the one shown first; one half without a bias."""
    clusters = cluster(rated, lambda one: list(_list_firsts(one).values()))
    return estimate_mean(clusters, bootstrap, scale=find_scale("share"))


def _judge(one: Rated, system: str) -> Judgement:
    """Return people's mean rating of an answer as a judgement."""
    return Judgement(
        id=one.place[1],
        system=system,
        category=one.category,
        language=one.language,
        judge=PEOPLE,
        prompt="",
        score=one.mean,
        turn=one.place[2],
    )


def _list_firsts(one: Rated) -> Mapping[str, float]:
    return {rater: float((value < 0) != (rater in one.flipped)) for rater, value in one.values.items() if value != 0}


def _contest(first: str, second: str, found: Sequence[Rated], bootstrap: Bootstrap) -> Contest:
    sums = [sum(one.values.values()) for one in found]
    shares = [(Fraction(int(total), len(one.values)) + 1) / 2 for total, one in zip(sums, found, strict=True)]
    points = [round(share * STEPS) for share in shares]
    return Contest(
        first=first,
        second=second,
        questions=len(found),
        wins=sum(total > 0 for total in sums),
        ties=sum(total == 0 for total in sums),
        losses=sum(total < 0 for total in sums),
        win_rate=bootstrap.estimate_mean([float(share) for share in shares], scale=find_scale("share")),
        p_value=estimate_p_value(
            [[STEPS - point, STEPS] for point in points],
            [[point, STEPS] for point in points],
            lambda totals: float(totals[0] / totals[1]),
            samples=bootstrap.samples,
            seed=bootstrap.seed,
        ),
    )
