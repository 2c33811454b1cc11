"""What comparisons of two systems add up to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict

from taco.evaluate.comparison import estimate_p_value
from taco.evaluate.judge.judgement import NO_ANSWER, PairJudgement
from taco.evaluate.judge.length import control_win_rate
from taco.evaluate.judge.means import estimate_by_turn
from taco.measure.bootstrap import Bootstrap, Estimate
from taco.measure.clusters import estimate_clustered_mean
from taco.measure.unit import find_scale

_HALVES = {"first": 0, "tie": 1, "second": 2}
"""Winner -> half points of the second system."""


class PairScores(BaseModel):
    """Two systems against each other.

    Attributes:
        judge: The judge's label.
        questions: Questions that both answered, each turn of a conversation counted.
        wins, ties, losses: Of the second system; a question is won only where it is won in both orders.
        win_rate: Of the second system, a tie counts half; from 0 to 1.
        win_rate_at_equal_length: See `taco.evaluate.judge.length`; None where it cannot be fitted.
        flips: Share of the questions with a verdict in both orders whose verdicts differ: the order decided.
        first_shown_wins: Share of the verdicts for a side that went to the answer shown first; 0.5 without bias.
        p_value: Two-sided, of a win rate of one half; None with fewer than two questions.
        reasons: Why questions have no winner -> how many.
        missing: Questions that a missing answer decided.
        turns: Turn -> win rate in that turn alone; empty where all answers are first turns.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    first: str
    second: str
    judge: str
    questions: int
    wins: int
    ties: int
    losses: int
    win_rate: Estimate
    win_rate_at_equal_length: float | None
    flips: Estimate
    first_shown_wins: Estimate
    p_value: float | None
    reasons: dict[str, int]
    missing: int
    turns: dict[int, Estimate] = {}


def summarise_pairs(pairs: Sequence[PairJudgement], bootstrap: Bootstrap) -> tuple[PairScores, ...]:
    """Summarise comparisons, for each judge and each two systems."""
    groups: dict[tuple[str, str, str], list[PairJudgement]] = {}
    for pair in pairs:
        groups.setdefault((pair.first, pair.second, pair.judge), []).append(pair)
    return tuple(_summarise(*names, found, bootstrap) for names, found in groups.items())


def _summarise(first: str, second: str, judge: str, found: Sequence[PairJudgement], bootstrap: Bootstrap) -> PairScores:
    winners = Counter(pair.winner for pair in found)
    halves: dict[str, list[int]] = {}
    for pair in found:
        if pair.winner:
            halves.setdefault(pair.id, []).append(_HALVES[pair.winner])
    asked = [pair for pair in found if all(pair.by_order)]
    shown_first = [
        float(choice == shown)
        for pair in found
        for choice, shown in zip(pair.by_order, ("first", "second"), strict=True)
        if choice in ("first", "second")
    ]
    return PairScores(
        first=first,
        second=second,
        judge=judge,
        questions=len(found),
        wins=winners["second"],
        ties=winners["tie"],
        losses=winners["first"],
        win_rate=_estimate_win_rate(found, bootstrap),
        win_rate_at_equal_length=control_win_rate(found),
        flips=bootstrap.estimate_mean([float(pair.is_flipped) for pair in asked], is_rate=True),
        first_shown_wins=bootstrap.estimate_mean(shown_first, is_rate=True),
        p_value=estimate_p_value(
            [[2 * len(turns) - sum(turns), 2 * len(turns)] for turns in halves.values()],
            [[sum(turns), 2 * len(turns)] for turns in halves.values()],
            lambda totals: float(totals[0] / totals[1]),
            samples=bootstrap.samples,
            seed=bootstrap.seed,
        ),
        reasons=dict(sorted(Counter(pair.reason for pair in found if not pair.winner).items())),
        missing=sum(pair.reason == NO_ANSWER for pair in found),
        turns=estimate_by_turn(found, lambda turn: _estimate_win_rate(turn, bootstrap)),
    )


def _estimate_win_rate(found: Sequence[PairJudgement], bootstrap: Bootstrap) -> Estimate:
    points = [_HALVES[pair.winner] / 2 if pair.winner else None for pair in found]
    return estimate_clustered_mean(points, [pair.id for pair in found], bootstrap, scale=find_scale("share"))
