"""Means of verdicts: over answers (micro), over categories (macro), and what the TaCo paper calls percent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from pydantic import BaseModel, ConfigDict

from taco.evaluate.judge.judgement import NO_ANSWER, Judgement
from taco.evaluate.judge.prompt import Scale
from taco.measure.bootstrap import DECIMALS, Bootstrap, Estimate
from taco.measure.macro import Scored, estimate_macro

PAPER_LEAVES_OUT = "coding"
"""The category that the paper's percentages leave out (arXiv 2311.10797, recomputed from its release)."""


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
    everything = estimate_means(scored, bootstrap, missing=missing if _counts_missing(judgements) else 0, scale=scale)
    without = {
        left_out: estimate_means([one for one in scored if one[0] != left_out], bootstrap, scale=scale)
        for left_out in categories
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


def estimate_means(
    scored: Iterable[Scored], bootstrap: Bootstrap, *, missing: int = 0, scale: Scale | None = None
) -> Means:
    """Estimate both means of scores; those without a value are in neither. No interval goes beyond a given scale."""
    scored = list(scored)
    ends = None if scale is None else (scale.lowest, scale.highest)
    return Means(
        micro=bootstrap.estimate_mean([score for _, score in scored], missing=missing),
        macro=estimate_macro(scored, bootstrap, missing=missing, scale=ends),
    )


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
