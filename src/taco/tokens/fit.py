"""How counts are spread, how many rows fit a context, and how long responses may be for nearly all of them to fit."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from taco.tokens.measure import RowTokens

FITTING = 0.99
"""Share of the rows that must fit a context for a length of responses to be called the best. A choice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """How a count is spread over rows; `p95` is the smallest value that 95 % of the rows do not exceed."""

    mean: float
    median: float
    p95: float
    max: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """How the rows fit a context.

    Attributes:
        context: Tokens.
        over, share_over: Rows that have more, and their share.
        over_shortened: How many of them do even with their shortest response.
        best_sentences: The largest number of sentences of a response with which enough of the rows fit; None where so
            many fit as they are; 0 where no number is small enough.
    """

    context: int
    over: int
    share_over: float
    over_shortened: int
    best_sentences: int | None


def measure_spread(values: Sequence[float]) -> Spread:
    """Describe counts, at least one.

    >>> measure_spread([1, 2, 3, 10])
    Spread(mean=4.0, median=2.5, p95=10, max=10)
    """
    ordered = sorted(values)
    return Spread(
        mean=round(statistics.fmean(ordered), 2),
        median=round(statistics.median(ordered), 2),
        p95=round(ordered[math.ceil(0.95 * len(ordered)) - 1], 2),
        max=round(ordered[-1], 2),
    )


def find_fit(rows: Sequence[RowTokens], context: int, *, fitting: float = FITTING) -> Fit:
    """Say how rows, at least one, fit a context of so many tokens; `fitting` of them must for a length to be the best.

    A shorter response is taken to cost as much less, in both languages, as the English text has fewer characters.
    """
    over = sum(row.total > context for row in rows)
    allowed = math.floor((1 - fitting) * len(rows) + 1e-9)
    limits = sorted(count_fitting_sentences(row, context) for row in rows)
    best = limits[allowed]
    return Fit(
        context=context,
        over=over,
        share_over=round(over / len(rows), 6),
        over_shortened=sum(limit == 0 for limit in limits),
        best_sentences=None if best == math.inf else int(best),
    )


def count_fitting_sentences(row: RowTokens, context: int) -> float:
    """Return the largest limit of sentences with which a row fits: infinite where it does whole, 0 where none is enough.

    >>> row = RowTokens(parts={"prompt": 10, "response": 90}, responses=90, cuts=((1, 0.25), (3, 0.5), (4, 1.0)))
    >>> [count_fitting_sentences(row, context) for context in (100, 60, 50, 20)]
    [inf, 3, 2, 0]
    """
    if row.total <= context:
        return math.inf
    for sentences, share in row.cuts:
        if row.total - row.responses * (1 - share) > context:
            # The first cut stays whatever the limit, so where it is too long no limit helps.
            return 0 if (sentences, share) == row.cuts[0] else sentences - 1
    return 0
