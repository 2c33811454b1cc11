"""Mean ratings over categories and questions, with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from pydantic import BaseModel, ConfigDict

from taco.measure.bootstrap import DECIMALS, Bootstrap, Estimate

LEFT_OUT = "coding"
"""The category without which means are given too, as the paper's headline figures leave it out."""

Rated = tuple[str, float | None]
"""Category and rating of one row; None where it has none."""


class CategoryMeans(BaseModel):
    """Means of one category."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    stored: Estimate
    corrected: Estimate


class OverallMeans(BaseModel):
    """One mean over all categories.

    Attributes:
        name: "micro": over questions. "macro": over the categories' means.
        without: Category that is left out, or "".
        stored: Of the ratings as they are stored.
        corrected: Of the ratings that the judge's texts say, a score in words where a text has no rating.
        judged: Of these, without the rows for which the judge was shown another question's answer.
        strict: As corrected, without the scores in words.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    without: str
    stored: Estimate
    corrected: Estimate
    judged: Estimate
    strict: Estimate


@dataclass(frozen=True, slots=True)
class Ratings:
    """The ratings of a set in four readings; see `OverallMeans`."""

    stored: tuple[Rated, ...]
    corrected: tuple[Rated, ...]
    judged: tuple[Rated, ...]
    strict: tuple[Rated, ...]


def list_category_means(ratings: Ratings, bootstrap: Bootstrap) -> tuple[CategoryMeans, ...]:
    """Return the means of each category, in the order in which they first come."""
    return tuple(
        CategoryMeans(
            name=name,
            stored=bootstrap.estimate_mean([value for category, value in ratings.stored if category == name]),
            corrected=bootstrap.estimate_mean([value for category, value in ratings.corrected if category == name]),
        )
        for name in list_categories(ratings.stored)
    )


def list_overall_means(ratings: Ratings, bootstrap: Bootstrap) -> tuple[OverallMeans, ...]:
    """Return micro and macro mean, with and without `LEFT_OUT` where there is such a category."""
    categories = list_categories(ratings.stored)
    leaving = ["", LEFT_OUT] if LEFT_OUT in categories and len(categories) > 1 else [""]
    found = []
    for without in leaving:
        for name, estimate in (("micro", estimate_micro), ("macro", estimate_macro)):
            parts = {
                reading: estimate(
                    [row for row in getattr(ratings, reading) if not without or row[0] != without], bootstrap
                )
                for reading in ("stored", "corrected", "judged", "strict")
            }
            found.append(OverallMeans(name=name, without=without, **parts))
    return tuple(found)


def list_categories(rows: Sequence[Rated]) -> list[str]:
    """Return the categories in the order in which they first come."""
    return list(dict.fromkeys(category for category, _ in rows))


def estimate_micro(rows: Sequence[Rated], bootstrap: Bootstrap) -> Estimate:
    """Estimate the mean over questions."""
    return bootstrap.estimate_mean([value for _, value in rows])


def estimate_macro(rows: Sequence[Rated], bootstrap: Bootstrap) -> Estimate:
    """Estimate the unweighted mean of the categories' means; questions are drawn anew within each category.

    A benchmark fixes how many questions a category has, so resamples keep that too (stratified bootstrap, Davison and
    Hinkley 1997, section 3.2). A category without any rating is left out.
    """
    groups: dict[str, list[float]] = {}
    for category, value in rows:
        if value is not None:
            groups.setdefault(category, []).append(value)
    counts = {"n": sum(len(group) for group in groups.values()), "unscored": sum(value is None for _, value in rows)}
    if not groups:
        return Estimate(value=None, low=None, high=None, method="none", **counts)
    value = round(float(np.mean([np.mean(group) for group in groups.values()])), DECIMALS)
    if all(len(group) < 2 for group in groups.values()):
        return Estimate(value=value, low=None, high=None, method="none", **counts)
    generator = np.random.default_rng(bootstrap.seed)
    total = np.zeros(bootstrap.samples)
    for group in groups.values():
        drawn = generator.integers(0, len(group), size=(bootstrap.samples, len(group)))
        total += np.array(group)[drawn].mean(axis=1)
    outside = (1 - bootstrap.confidence) / 2
    low, high = (round(float(bound), DECIMALS) for bound in np.quantile(total / len(groups), [outside, 1 - outside]))
    if low == high:
        return Estimate(value=value, low=None, high=None, method="constant", **counts)
    return Estimate(value=value, low=low, high=high, method="bootstrap", **counts)
