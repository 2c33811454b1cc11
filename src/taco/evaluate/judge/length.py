"""Scores as they would be if all systems' answers were equally long.

Judges like long answers: FastChat's issue 3911 counts 68 % of wins for the longer one. Two formulas, both of one
coefficient, fitted on the judged answers themselves:

- Ratings: the adjusted mean of the analysis of covariance (Cochran 1957, Biometrics 13, 261-281, with the systems as
  groups): score = system's effect + slope * ln(length). The slope is fitted within systems and within questions, on what is
  left after both of their means are taken out; a system's adjusted mean is its mean minus the slope times how far its mean
  ln(length) is from that of all systems. With one system there is nothing to adjust to.
- Comparisons: logistic regression, logit P(second wins) = effect + slope * tanh(d / sd(d)), d the second answer's length
  minus the first's, sd over all pairs; the adjusted win rate is the logistic function of the effect, which is the chance at
  equal length. It is AlpacaEval 2's formula (Dubois et al. 2024, arXiv 2404.04475, equation 2) without its term for
  the difficulty of each instruction, which needs many systems; a tie counts as half a win and half a loss.

What length and quality share in truth is taken away too: an adjusted score is a question about the judge, not a better score.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from pydantic import BaseModel, ConfigDict

from taco.evaluate.judge.judgement import Judgement, PairJudgement
from taco.measure.bootstrap import DECIMALS

RIDGE = 1e-2
"""Weight of the squared slope: where all pairs are won by the longer answer, no finite slope fits best."""

LEAST_SPREAD = 0.1
"""Standard deviation of the lengths within systems and questions, in doublings, from which on a slope is fitted: below
it, answers that are 7 % longer or shorter would have to say what twice the length does."""

_STEPS = 50


class LengthControl(BaseModel):
    """Ratings of one judge with the length of answers taken out.

    Attributes:
        slope: Rating points for each doubling of the length; None where it cannot be told, see `LEAST_SPREAD`.
        slope_error: Its standard error; None where all turns are of one question.
        systems: System -> adjusted mean over its answers that have a score and a length.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    slope: float | None
    slope_error: float | None = None
    systems: dict[str, float]


def control_length(judgements: Mapping[str, Sequence[Judgement]]) -> LengthControl:
    """Adjust ratings.

    Args:
        judgements: System -> its judgements by one judge. Only turns that every system has a score on are used;
            of a question's turns each counts for the slope, and all together for its error.
    """
    usable = {
        system: {one.place: one for one in found if one.score is not None and one.length > 0}
        for system, found in judgements.items()
    }
    shared = set.intersection(*(set(found) for found in usable.values())) if usable else set()
    if len(usable) < 2 or len(shared) < 2:
        return LengthControl(slope=None, systems={})
    order = sorted(shared)
    scores = np.array([[found[place].score for place in order] for found in usable.values()], dtype=np.float64)
    lengths = np.log2([[found[place].length for place in order] for found in usable.values()])
    score_rest, length_rest = _centre(scores), _centre(lengths)
    spread = float((length_rest**2).sum())
    freedom = (len(usable) - 1) * (len(order) - 1) - 1
    if freedom < 1 or (spread / length_rest.size) ** 0.5 < LEAST_SPREAD:
        return LengthControl(slope=None, systems={})
    slope = float((score_rest * length_rest).sum()) / spread
    residuals = score_rest - slope * length_rest
    adjusted = scores.mean(axis=1) - slope * (lengths.mean(axis=1) - lengths.mean())
    return LengthControl(
        slope=round(slope, DECIMALS),
        slope_error=_measure_error(length_rest, residuals, [question for question, _ in order], freedom=freedom),
        systems={name: round(float(value), DECIMALS) for name, value in zip(usable, adjusted, strict=True)},
    )


def control_win_rate(pairs: Sequence[PairJudgement]) -> float | None:
    """Return the second system's win rate at equal length, from 0 to 1; None where there is nothing to fit.

    Args:
        pairs: One judge's judgements on two systems; those without a winner, and without two answers, are left out.
    """
    used = [one for one in pairs if one.winner and all(one.lengths)]
    if len(used) < 2:
        return None
    wins = np.array([{"first": 0.0, "tie": 0.5, "second": 1.0}[one.winner] for one in used])
    longer = np.array([float(one.lengths[1] - one.lengths[0]) for one in used])
    spread = longer.std()
    features = np.column_stack([np.ones(len(used)), np.tanh(longer / spread) if spread else np.zeros(len(used))])
    effect = _fit_logistic(features, wins)[0]
    return round(1 / (1 + math.exp(-effect)), DECIMALS)


def _measure_error(
    lengths: np.ndarray, residuals: np.ndarray, questions: Sequence[str], *, freedom: int
) -> float | None:
    """Return the slope's standard error.

    Turns of a question share what it asks and the systems' first answers to it. So where a question has several, its errors
    are taken together, as the cluster-robust estimate does it (Liang and Zeger 1986, Biometrika 73, 13-22), times
    G / (G - 1) for G questions. Where each has one, all errors are taken for independent and equally wide.

    Args:
        lengths, residuals: What the means left over of the lengths, and what the slope left of the scores:
            [systems, turns].
        questions: For each turn its question.
        freedom: Degrees of freedom of the residuals.
    """
    spread = float((lengths**2).sum())
    names = sorted(set(questions))
    if len(names) == len(questions):
        return round(math.sqrt(float((residuals**2).sum()) / freedom / spread), DECIMALS)
    if len(names) < 2:
        return None
    pulls = np.zeros(len(names))
    np.add.at(pulls, np.searchsorted(names, questions), (lengths * residuals).sum(axis=0))
    return round(math.sqrt(len(names) / (len(names) - 1) * float((pulls**2).sum())) / spread, DECIMALS)


def _centre(table: np.ndarray) -> np.ndarray:
    """Take the means of rows (systems) and of columns (questions) out of a table."""
    rest: np.ndarray = table - table.mean(axis=1, keepdims=True) - table.mean(axis=0, keepdims=True) + table.mean()
    return rest


def _fit_logistic(features: np.ndarray, wins: np.ndarray) -> np.ndarray:
    """Return the coefficients that fit best, by Newton's method; `RIDGE` keeps them finite."""
    weights = np.zeros(features.shape[1])
    for _ in range(_STEPS):
        chance = 1 / (1 + np.exp(-features @ weights))
        gradient = features.T @ (chance - wins) + RIDGE * weights
        curvature = (features * (chance * (1 - chance))[:, None]).T @ features + RIDGE * np.eye(len(weights))
        step = np.linalg.solve(curvature, gradient)
        weights = weights - step
        if np.abs(step).max() < 1e-10:
            break
    return weights
