"""Ratings of one axis, put together by what was rated."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import TypeVar

from taco.annotate.key import Place
from taco.annotate.returned import Rating
from taco.measure.bootstrap import Bootstrap, Estimate
from taco.measure.clusters import estimate_clustered_mean
from taco.measure.expand import EVERYWHERE, Scale

ValueT = TypeVar("ValueT")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rated:
    """An answer, or a pair, with all that people gave it on one axis.

    Attributes:
        place: Study, question, turn, systems.
        values: Rater -> rating.
        flipped: Raters who saw the second system's answer first.
    """

    place: Place
    category: str
    language: str
    lengths: tuple[int, ...]
    values: Mapping[str, float]
    flipped: frozenset[str] = frozenset()

    @property
    def cluster(self) -> tuple[str, str]:
        """What is resampled as a whole: the question."""
        return self.place[:2]

    @property
    def systems(self) -> tuple[str, ...]:
        """Who answered."""
        return self.place[3]

    @property
    def mean(self) -> float:
        """The mean of all raters."""
        return fmean(self.values.values())


def gather(ratings: Iterable[Rating], axis: str) -> list[Rated]:
    """Put the ratings of an axis together, in the order of studies, questions and systems."""
    groups: dict[Place, list[Rating]] = {}
    for one in ratings:
        if axis in one.values:
            groups.setdefault((one.study, one.question, one.turn, one.systems), []).append(one)
    return [
        Rated(
            place=place,
            category=group[0].category,
            language=group[0].language,
            lengths=group[0].lengths,
            values={one.rater: float(one.values[axis]) for one in group},
            flipped=frozenset(one.rater for one in group if one.is_flipped),
        )
        for place, group in sorted(groups.items())
    ]


def estimate_mean(clusters: Sequence[Sequence[float]], bootstrap: Bootstrap, *, scale: Scale = EVERYWHERE) -> Estimate:
    """Estimate the mean over all values, whole clusters resampled; no interval goes beyond the scale."""
    values = [value for cluster in clusters for value in cluster]
    names = [number for number, cluster in enumerate(clusters) for _ in cluster]
    return estimate_clustered_mean(values, names, bootstrap, scale=scale)


def cluster(rated: Sequence[Rated], take: Callable[[Rated], Sequence[ValueT]]) -> list[list[ValueT]]:
    """Return what is taken of each, question by question; questions of which nothing is taken are left out."""
    groups: dict[tuple[str, str], list[ValueT]] = {}
    for one in rated:
        groups.setdefault(one.cluster, []).extend(take(one))
    return [group for group in groups.values() if group]
