"""Means of verdicts: over answers (micro), over categories (macro), and what the TaCo paper calls percent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from pydantic import BaseModel, ConfigDict

from taco.evaluate.judge.judgement import NO_ANSWER, Judgement
from taco.evaluate.judge.prompt import Scale
from taco.measure.bootstrap import DECIMALS, Bootstrap, Estimate
from taco.measure.clusters import estimate_clustered_mean
from taco.measure.expand import EVERYWHERE
from taco.measure.macro import Scored, estimate_macro


class Turned(Protocol):
    """Something that is about one turn."""

    @property
    def turn(self) -> int: ...


TurnedT = TypeVar("TurnedT", bound=Turned)
EstimatedT = TypeVar("EstimatedT")

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
        turns: Turn -> means of the answers of that turn alone; empty where all answers are first turns.
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
    turns: dict[int, Means] = {}


def summarise_system(judgements: Sequence[Judgement], *, scale: Scale, bootstrap: Bootstrap) -> SystemScores:
    """Summarise the judgements of one judge on one system."""
    categories = sorted({one.category for one in judgements})
    missing = sum(one.reason == NO_ANSWER for one in judgements)
    everything = _estimate_judged(judgements, bootstrap, scale)
    without = {
        left_out: _estimate_judged([one for one in judgements if one.category != left_out], bootstrap, scale, missing=0)
        for left_out in categories
    }
    is_paper_scale = (scale.lowest, scale.highest) == (1.0, 10.0)
    published = without.get(PAPER_LEAVES_OUT, everything).macro
    return SystemScores(
        all=everything,
        without=without,
        categories={
            category: _estimate_judged(
                [one for one in judgements if one.category == category], bootstrap, scale, missing=0
            ).micro
            for category in categories
        },
        axes=_estimate_axes(judgements, bootstrap, scale),
        percent_of_range=Means(
            micro=_rescale(everything.micro, 100 / (scale.highest - scale.lowest), scale.lowest),
            macro=_rescale(everything.macro, 100 / (scale.highest - scale.lowest), scale.lowest),
        ),
        percent_as_published=_rescale(published, 10.0, 0.0) if is_paper_scale else None,
        reasons=dict(sorted(Counter(one.reason for one in judgements if one.score is None).items())),
        missing=missing,
        turns=estimate_by_turn(judgements, lambda found: _estimate_judged(found, bootstrap, scale)),
    )


def estimate_means(
    scored: Sequence[Scored],
    bootstrap: Bootstrap,
    *,
    clusters: Sequence[str] | None = None,
    missing: int = 0,
    scale: Scale | None = None,
) -> Means:
    """Estimate both means of scores; those without a value are in neither.

    Args:
        scored: Category and score of each answer.
        bootstrap: How intervals are made.
        clusters: For each answer its question, as the turns of a conversation are drawn together; None where each answer
            has its own.
        missing: Handed through to the estimates.
        scale: No interval goes beyond it.
    """
    ends = EVERYWHERE if scale is None else (scale.lowest, scale.highest)
    scores = [score for _, score in scored]
    return Means(
        micro=estimate_clustered_mean(scores, clusters or range(len(scores)), bootstrap, missing=missing, scale=ends),
        macro=estimate_macro(scored, bootstrap, missing=missing, scale=ends, clusters=clusters),
    )


def estimate_by_turn(
    found: Sequence[TurnedT], estimate: Callable[[Sequence[TurnedT]], EstimatedT]
) -> dict[int, EstimatedT]:
    """Return turn -> what is estimated of its answers alone; empty where all are first turns."""
    turns = sorted({one.turn for one in found})
    return {turn: estimate([one for one in found if one.turn == turn]) for turn in turns} if turns[1:] else {}


def _estimate_judged(
    judgements: Sequence[Judgement], bootstrap: Bootstrap, scale: Scale, *, missing: int | None = None
) -> Means:
    if missing is None:
        missing = sum(one.reason == NO_ANSWER and one.score is not None for one in judgements)
    scored: list[Scored] = [(one.category, one.score) for one in judgements]
    questions = [one.id for one in judgements]
    return estimate_means(scored, bootstrap, clusters=questions, missing=missing, scale=scale)


def _estimate_axes(judgements: Sequence[Judgement], bootstrap: Bootstrap, scale: Scale) -> dict[str, Estimate]:
    axes = dict.fromkeys(axis for one in judgements for axis in one.axes)
    questions = [one.id for one in judgements]
    ends = (scale.lowest, scale.highest)
    return {
        axis: estimate_clustered_mean([one.axes.get(axis) for one in judgements], questions, bootstrap, scale=ends)
        for axis in axes
    }


def _rescale(estimate: Estimate, factor: float, zero: float) -> Estimate:
    """Return (estimate - zero) * factor."""
    bounds = {
        name: None if value is None else round((value - zero) * factor, DECIMALS)
        for name, value in (("value", estimate.value), ("low", estimate.low), ("high", estimate.high))
    }
    return estimate.model_copy(update=bounds)
