"""Mean ratings over categories and questions, with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict

from taco.measure.bootstrap import Bootstrap, Estimate
from taco.measure.macro import Scored, estimate_macro

LEFT_OUT = "coding"
"""The category without which means are given too, as the paper's headline figures leave it out."""


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

    stored: tuple[Scored, ...]
    corrected: tuple[Scored, ...]
    judged: tuple[Scored, ...]
    strict: tuple[Scored, ...]


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


def list_categories(rows: Sequence[Scored]) -> list[str]:
    """Return the categories in the order in which they first come."""
    return list(dict.fromkeys(category for category, _ in rows))


def estimate_micro(rows: Sequence[Scored], bootstrap: Bootstrap) -> Estimate:
    """Estimate the mean over questions."""
    return bootstrap.estimate_mean([value for _, value in rows])
