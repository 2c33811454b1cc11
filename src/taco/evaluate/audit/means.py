"""Mean ratings over categories and questions, with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict

from taco.measure.bootstrap import Bootstrap, Estimate
from taco.measure.expand import EVERYWHERE, Scale
from taco.measure.macro import Scored, estimate_macro

RATINGS: Scale = (1, 10)
"""The scale of FastChat's judge prompts, which the paper's ratings are on too; intervals end at its ends."""

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
    scale = _find_scale(ratings)
    return tuple(
        CategoryMeans(
            name=name,
            stored=bootstrap.estimate_mean(
                [value for category, value in ratings.stored if category == name], scale=scale
            ),
            corrected=bootstrap.estimate_mean(
                [value for category, value in ratings.corrected if category == name], scale=scale
            ),
        )
        for name in list_categories(ratings.stored)
    )


def list_overall_means(ratings: Ratings, bootstrap: Bootstrap) -> tuple[OverallMeans, ...]:
    """Return micro and macro mean, with and without `LEFT_OUT` where there is such a category."""
    categories = list_categories(ratings.stored)
    leaving = ["", LEFT_OUT] if LEFT_OUT in categories and len(categories) > 1 else [""]
    scale = _find_scale(ratings)
    found = []
    for without in leaving:
        for name, estimate in (("micro", estimate_micro), ("macro", estimate_macro)):
            parts = {
                reading: estimate(
                    [row for row in getattr(ratings, reading) if not without or row[0] != without],
                    bootstrap,
                    scale=scale,
                )
                for reading in ("stored", "corrected", "judged", "strict")
            }
            found.append(OverallMeans(name=name, without=without, **parts))
    return tuple(found)


def list_categories(rows: Sequence[Scored]) -> list[str]:
    """Return the categories in the order in which they first come."""
    return list(dict.fromkeys(category for category, _ in rows))


def estimate_micro(rows: Sequence[Scored], bootstrap: Bootstrap, *, scale: Scale = EVERYWHERE) -> Estimate:
    """Estimate the mean over questions."""
    return bootstrap.estimate_mean([value for _, value in rows], scale=scale)


def _find_scale(ratings: Ratings) -> Scale:
    """Return `RATINGS` where all ratings are on it; of another scale the ends are not known."""
    low, high = RATINGS
    known = [value for _, value in (*ratings.stored, *ratings.corrected, *ratings.strict) if value is not None]
    return RATINGS if all(low <= value <= high for value in known) else EVERYWHERE
