"""What answers score with the chain guard's repairs, beside what they score without.

The scores of a run are those of the answers as the model wrote them: a guard that hid a model's failures from its benchmark
would be dishonest. What repairing is worth to a reader is said here, and nowhere else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import get_args

from pydantic import BaseModel, ConfigDict

from taco.evaluate.case import Case, build_case
from taco.evaluate.metric import Family, Metric, measure_case
from taco.measure.bootstrap import Bootstrap, Estimate
from taco.measure.unit import find_difference_scale, find_scale
from taco.records import Answer, RepairKind

COSTS = ("tokens", "seconds")
"""Beginnings of the names of measures that are not taken of repaired texts; `RepairScores` has what repairs cost."""


class RepairScores(BaseModel):
    """What the guard did to an arm's answers, and what it is worth.

    Attributes:
        answers: Number of answers with repairs.
        kinds: Kind of repair -> share of all answers that have one.
        outcomes: What a repair did -> number of repairs.
        tokens, seconds: What all repairs took.
        states: The parser's state -> number of answers in it, repairs included.
        metrics: Measure -> mean over all answers, repairs included.
        differences: Measure -> with repairs minus without, over the same answers.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    answers: int
    kinds: dict[str, Estimate]
    outcomes: dict[str, int]
    tokens: int
    seconds: float
    states: dict[str, int]
    metrics: dict[str, Estimate]
    differences: dict[str, Estimate]


def score_repairs(
    cases: Sequence[Case],
    values: Sequence[Mapping[str, float | None]],
    families: Sequence[Family],
    metrics: Sequence[Metric],
    bootstrap: Bootstrap,
) -> RepairScores | None:
    """Score an arm's answers with their repairs; None where none has any.

    Args:
        cases: The answers as the model wrote them.
        values: What each of them scored, by measure.
        families: The measures.
        metrics: Those of them that mean something for the run.
        bootstrap: How intervals are made.
    """
    repairs = [repair for case in cases for repair in case.answer.repairs]
    if not repairs:
        return None
    repaired = [_repair(case) for case in cases]
    after = [
        measure_case(new, families) if old.answer.repairs else before
        for old, new, before in zip(cases, repaired, values, strict=True)
    ]
    kept = [metric for metric in metrics if not metric.name.startswith(COSTS)]
    pairs = {
        metric.name: [(old[metric.name], new[metric.name]) for old, new in zip(values, after, strict=True)]
        for metric in kept
    }
    return RepairScores(
        answers=sum(bool(case.answer.repairs) for case in cases),
        kinds={kind: _estimate_kind(cases, kind, bootstrap) for kind in get_args(RepairKind)},
        outcomes=dict(sorted(Counter(repair.outcome for repair in repairs).items())),
        tokens=sum(repair.tokens for repair in repairs),
        seconds=round(sum(repair.seconds for repair in repairs), 3),
        states=dict(sorted(Counter(case.parsed.state for case in repaired).items())),
        metrics={
            metric.name: bootstrap.estimate_mean(
                [new for _, new in pairs[metric.name]], is_rate=metric.unit == "rate", scale=find_scale(metric.unit)
            )
            for metric in kept
        },
        differences={
            metric.name: bootstrap.estimate_mean(
                [_subtract(old, new) for old, new in pairs[metric.name]], scale=find_difference_scale(metric.unit)
            )
            for metric in kept
        },
    )


def take_repairs(answer: Answer) -> Answer:
    """Return an answer as it is with its repairs; its cost includes theirs, its sections' cost does not."""
    return replace(
        answer,
        text=answer.repaired,
        finish=answer.repaired_finish,
        tokens=answer.tokens + sum(repair.tokens for repair in answer.repairs),
        seconds=answer.seconds + sum(repair.seconds for repair in answer.repairs),
        repairs=(),
    )


def _repair(case: Case) -> Case:
    return build_case(case.example, take_repairs(case.answer), case.language) if case.answer.repairs else case


def _subtract(old: float | None, new: float | None) -> float | None:
    return None if old is None or new is None else new - old


def _estimate_kind(cases: Sequence[Case], kind: str, bootstrap: Bootstrap) -> Estimate:
    return bootstrap.estimate_mean(
        [float(any(one.kind == kind for one in case.answer.repairs)) for case in cases], is_rate=True
    )
