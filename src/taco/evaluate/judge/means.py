"""Means of verdicts: over answers (micro), over categories (macro), and what the TaCo paper calls percent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from statistics import NormalDist
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict

from taco.evaluate.bootstrap import DECIMALS, Bootstrap, Estimate
from taco.evaluate.judge.judgement import NO_ANSWER, Judgement
from taco.evaluate.judge.prompt import Scale

PAPER_LEAVES_OUT = "coding"
"""The category that the paper's percentages leave out (arXiv 2311.10797, recomputed from its release)."""

Scored = tuple[str, float | None]
"""Category of an answer, and its score; None: unscored."""


class Means(BaseModel):
    """The mean over answers, and the unweighted mean of the categories' means."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    micro: Estimate
    macro: Estimate


class SystemScores(BaseModel):
    """What one system's answers got from one judge, or from the panel.

    Attributes:
        all: Means over all answers that have a score.
        without: Category -> the same without it.
        categories: Category -> mean.
        axes: Of a rubric: axis -> mean.
        percent_of_range: The means as (score - lowest) / (highest - lowest), from 0 to 100: 1 of 10 is nothing.
        percent_as_published: 10 times the macro mean without coding, as the TaCo paper has it, where 1 of 10 is 10 %;
            None on another scale than 1 to 10.
        reasons: Why answers are unscored -> how many.
        missing: Answers without a target section; they count as the lowest rating, or are unscored, as was asked.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    all: Means
    without: dict[str, Means]
    categories: dict[str, Estimate]
    axes: dict[str, Estimate]
    percent_of_range: Means
    percent_as_published: Estimate | None
    reasons: dict[str, int]
    missing: int


def summarise_system(judgements: Sequence[Judgement], *, scale: Scale, bootstrap: Bootstrap) -> SystemScores:
    """Summarise the judgements of one judge on one system."""
    scored: list[Scored] = [(one.category, one.score) for one in judgements]
    categories = sorted({category for category, _ in scored})
    missing = sum(one.reason == NO_ANSWER for one in judgements)
    everything = estimate_means(scored, bootstrap, missing=missing if _counts_missing(judgements) else 0)
    without = {
        left_out: estimate_means([one for one in scored if one[0] != left_out], bootstrap) for left_out in categories
    }
    is_paper_scale = (scale.lowest, scale.highest) == (1.0, 10.0)
    published = without.get(PAPER_LEAVES_OUT, everything).macro
    return SystemScores(
        all=everything,
        without=without,
        categories={
            category: bootstrap.estimate_mean([score for name, score in scored if name == category])
            for category in categories
        },
        axes=_estimate_axes(judgements, bootstrap),
        percent_of_range=Means(
            micro=_rescale(everything.micro, 100 / (scale.highest - scale.lowest), scale.lowest),
            macro=_rescale(everything.macro, 100 / (scale.highest - scale.lowest), scale.lowest),
        ),
        percent_as_published=_rescale(published, 10.0, 0.0) if is_paper_scale else None,
        reasons=dict(sorted(Counter(one.reason for one in judgements if one.score is None).items())),
        missing=missing,
    )


def estimate_means(scored: Iterable[Scored], bootstrap: Bootstrap, *, missing: int = 0) -> Means:
    """Estimate both means of scores; those without a value are in neither."""
    scored = list(scored)
    groups: dict[str, list[float]] = {}
    for category, score in scored:
        if score is not None:
            groups.setdefault(category, []).append(score)
    micro = bootstrap.estimate_mean([score for _, score in scored], missing=missing)
    macro = estimate_macro(groups, bootstrap)
    return Means(micro=micro, macro=macro.model_copy(update={"missing": missing, "unscored": micro.unscored}))


def estimate_macro(groups: Mapping[str, Sequence[float]], bootstrap: Bootstrap) -> Estimate:
    """Estimate the unweighted mean of the groups' means.

    Each group is resampled by itself. Of n rows n - 1 are drawn: the mean of n draws would vary by (n - 1) / n too little
    (Rao and Wu 1988, JASA 83, 231-241), which matters for the 3 math questions of the Vicuna benchmark. The percentiles
    of the resampled means, moved away from the mean by the ratio of Student's quantile to the normal one, are the interval
    (the expanded percentile interval of Hesterberg 2015, The American Statistician 69, 371-386; degrees of freedom by
    Satterthwaite 1946, Biometrics Bulletin 2, 110-114). A group of one row does not say how it varies: no interval then.

    Args:
        groups: Group -> its values; groups without any are left out.
        bootstrap: How intervals are made.

    >>> estimate_macro({"a": [1.0, 3.0], "b": [8.0, 8.0, 8.0]}, Bootstrap(samples=100, confidence=0.95, seed=1)).value
    5.0
    """
    rows = {name: np.array(values, dtype=np.float64) for name, values in sorted(groups.items()) if len(values)}
    n = sum(map(len, rows.values()))
    if not rows:
        return Estimate(value=None, low=None, high=None, n=0, method="none")
    value = round(float(np.mean([values.mean() for values in rows.values()])), DECIMALS)
    if min(map(len, rows.values())) < 2:
        return Estimate(value=value, low=None, high=None, n=n, method="none")
    if all(np.all(values == values[0]) for values in rows.values()):
        return Estimate(value=value, low=None, high=None, n=n, method="constant")
    generator = np.random.default_rng(bootstrap.seed)
    means = np.zeros(bootstrap.samples)
    for values in rows.values():
        drawn = generator.integers(0, len(values), size=(bootstrap.samples, len(values) - 1))
        means += values[drawn].mean(axis=1) / len(rows)
    outside = (1 - bootstrap.confidence) / 2
    centre, factor = float(means.mean()), _expand(list(rows.values()), outside)
    bounds = centre + factor * (np.quantile(means, [outside, 1 - outside]) - centre)
    low, high = (round(float(bound), DECIMALS) for bound in bounds)
    return Estimate(value=value, low=low, high=high, n=n, method="bootstrap")


def sign_macro() -> str:
    """Return how macro intervals are made, in one line."""
    return (
        "macro: categories resampled apart, n - 1 of n rows (Rao and Wu 1988), expanded percentiles (Hesterberg 2015)"
    )


def _expand(groups: Sequence[Any], outside: float) -> float:
    """Return Student's quantile over the normal one, for the mean of the groups' means.

    Student's quantile is Hill's expansion (1970, CACM 13, 617-619) around the normal one, to the third term.
    """
    variances = np.array([values.var(ddof=1) / len(values) for values in groups])
    freedom = variances.sum() ** 2 / sum(
        variance**2 / (len(values) - 1) for variance, values in zip(variances, groups, strict=True)
    )
    z = NormalDist().inv_cdf(1 - outside)
    second = (z**3 + z) / 4 / freedom
    third = (5 * z**5 + 16 * z**3 + 3 * z) / 96 / freedom**2
    return float((z + second + third) / z)


def _counts_missing(judgements: Sequence[Judgement]) -> bool:
    return any(one.reason == NO_ANSWER and one.score is not None for one in judgements)


def _estimate_axes(judgements: Sequence[Judgement], bootstrap: Bootstrap) -> dict[str, Estimate]:
    axes = dict.fromkeys(axis for one in judgements for axis in one.axes)
    return {axis: bootstrap.estimate_mean([one.axes.get(axis) for one in judgements]) for axis in axes}


def _rescale(estimate: Estimate, factor: float, zero: float) -> Estimate:
    """Return (estimate - zero) * factor."""
    bounds = {
        name: None if value is None else round((value - zero) * factor, DECIMALS)
        for name, value in (("value", estimate.value), ("low", estimate.low), ("high", estimate.high))
    }
    return estimate.model_copy(update=bounds)
