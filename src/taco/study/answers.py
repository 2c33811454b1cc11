"""What the answers of a study's runs scored, question by question and seed by seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from taco.evaluate.metric import Metric
from taco.evaluate.scores import Scores, read_scores
from taco.measure.bootstrap import Bootstrap, Estimate
from taco.measure.crossed import Matrix, estimate_crossed, subtract
from taco.measure.unit import find_difference_scale, find_scale
from taco.study.content import METRIC, read_content

Values = Mapping[str, Mapping[str, float | None]]
"""Id of a question -> measure -> value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunScores:
    """What one run's answers scored.

    Attributes:
        arm: Name of the study's arm.
        seed: Seed of its training; None without.
        values: What each answer scored.
        metrics: The measures that mean something for its format.
        signatures: What made the numbers.
    """

    arm: str
    seed: int | None
    values: Values
    metrics: tuple[Metric, ...]
    signatures: Mapping[str, str]


def read_run(run: Path, *, arm: str, seed: int | None) -> RunScores:
    """Read a finished run.

    Args:
        run: The run folder.
        arm: Name of the study's arm.
        seed: Seed of its training; None where the base model alone answered.

    Raises:
        DataError: Its scores are missing or damaged.
    """
    scores: Scores = read_scores(run / "evaluate" / "scores.json")
    answered_by = name_answerer(seed)
    values = {row.id: dict(row.values) for row in scores.per_row if row.arm == answered_by}
    metrics = scores.metrics
    content = read_content(run)
    if content is not None:
        metrics = (*metrics, METRIC)
        for question, measured in values.items():
            measured[METRIC.name] = content.values.get(question)
    return RunScores(arm=arm, seed=seed, values=values, metrics=metrics, signatures=scores.signatures)


def name_answerer(seed: int | None) -> str:
    """Return who answered in a run: the base model alone where nothing was trained."""
    return "base" if seed is None else "tuned"


def list_questions(runs: Sequence[RunScores]) -> list[str]:
    """Return the ids of all questions that any run answered, each once."""
    return list(dict.fromkeys(question for run in runs for question in run.values))


def lay_out(runs: Sequence[RunScores], metric: str, questions: Sequence[str]) -> Matrix:
    """Return an arm's values of a measure: a row for each of its runs, a column for each question.

    Args:
        runs: The runs of one arm, by seed.
        metric: Name of the measure; unscored where the run's format has no such measure.
        questions: The columns; a question without an answer has no value.
    """
    return [
        [
            run.values[question].get(metric)
            if question in run.values and any(one.name == metric for one in run.metrics)
            else None
            for question in questions
        ]
        for run in runs
    ]


def estimate_arm(runs: Sequence[RunScores], metric: Metric, questions: Sequence[str], bootstrap: Bootstrap) -> Estimate:
    """Estimate a measure of one arm over its seeds and the questions."""
    matrix = lay_out(runs, metric.name, questions)
    return estimate_crossed(matrix, bootstrap, is_rate=metric.unit == "rate", scale=find_scale(metric.unit))


def compare_arms(
    first: Sequence[RunScores],
    second: Sequence[RunScores],
    metric: Metric,
    questions: Sequence[str],
    bootstrap: Bootstrap,
) -> Estimate:
    """Estimate second minus first, paired by question and seed; over the seeds that both have.

    An arm without training has no seeds: its answers stand beside those of every seed.
    """
    old, new = keep_common(first, second)
    matrix = subtract(lay_out(old, metric.name, questions), lay_out(new, metric.name, questions)) if old and new else []
    if not matrix:
        return Estimate(value=None, low=None, high=None, n=0, method="none")
    return estimate_crossed(matrix, bootstrap, scale=find_difference_scale(metric.unit))


def keep_common(
    first: Sequence[RunScores], second: Sequence[RunScores]
) -> tuple[Sequence[RunScores], Sequence[RunScores]]:
    """Return the runs of both arms whose seeds both have, in the same order."""
    if any(run.seed is None for run in (*first, *second)):
        return first, second
    seeds = {run.seed for run in first} & {run.seed for run in second}
    return [run for run in first if run.seed in seeds], [run for run in second if run.seed in seeds]
