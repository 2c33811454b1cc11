"""From the measures of single answers to means with intervals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from taco.evaluate.case import Case
from taco.evaluate.comparison import compare_totals
from taco.evaluate.failures import find_failures
from taco.evaluate.metric import Family, Metric, measure_case
from taco.evaluate.scores import ArmScores, RowScore
from taco.evaluate.similarity import PARTS, pair_texts
from taco.languages.choice import list_candidates
from taco.measure.bootstrap import DECIMALS, Bootstrap, Estimate
from taco.measure.chrf import count_matches, score_counts
from taco.measure.unit import find_difference_scale, find_scale


@dataclass(frozen=True, slots=True)
class Measured:
    """One arm's answers with what they scored, in held-out order.

    Attributes:
        cases: The answers.
        rows: What each of them scored.
        unanswered: Ids of held-out rows without an answer.
    """

    cases: tuple[Case, ...]
    rows: tuple[RowScore, ...]
    unanswered: tuple[str, ...] = ()


def measure_row(case: Case, families: Sequence[Family]) -> RowScore:
    """Take every measure of one answer."""
    values = measure_case(case, families)
    return RowScore(
        id=case.example.id,
        category=case.example.category,
        arm=case.answer.arm,
        state=case.parsed.state,
        finish=case.answer.finish,
        spans=case.parsed.spans,
        missing=case.missing,
        values=values,
        languages={code: round(share, DECIMALS) for code, share in case.identification.distribution.items()},
        language=case.identification.best,
        failures=find_failures(case, values),
    )


def summarise_arm(
    measured: Measured, metrics: Sequence[Metric], bootstrap: Bootstrap, totals: Mapping[str, Estimate] | None = None
) -> ArmScores:
    """Summarise one arm; `totals` are the scores of all its answers together."""
    rows = measured.rows
    categories = sorted({row.category for row in rows})
    return ArmScores(
        rows=len(rows),
        unanswered=measured.unanswered,
        states=_count(row.state for row in rows),
        finishes=_count(row.finish for row in rows),
        failures=_count(failure.kind for row in rows for failure in row.failures),
        metrics=estimate_metrics(rows, metrics, bootstrap),
        corpus={
            name: bootstrap.estimate_total(counts, score_counts, scale=find_scale("chrF++"))
            for name, counts in _count_corpus(measured.cases).items()
        },
        totals=dict(totals or {}),
        categories={
            category: estimate_metrics([row for row in rows if row.category == category], metrics, bootstrap)
            for category in categories
        },
        languages=_estimate_languages(measured, bootstrap),
        best_of_reply=_count(row.language for row in rows),
        best_of_section=_count(row.language for row in rows if "response" not in row.missing),
    )


def compare_rows(
    first: Sequence[RowScore], second: Sequence[RowScore], metrics: Sequence[Metric], bootstrap: Bootstrap
) -> dict[str, Estimate]:
    """Estimate second minus first over the rows that both have, paired by id."""
    before = {row.id: row.values for row in first}
    pairs = [(before[row.id], row.values) for row in second if row.id in before]
    return {
        metric.name: bootstrap.estimate_mean(
            [_subtract(old, new, metric.name) for old, new in pairs], scale=find_difference_scale(metric.unit)
        )
        for metric in metrics
    }


def compare_corpus(first: Measured, second: Measured, bootstrap: Bootstrap) -> dict[str, Estimate]:
    """Estimate the difference of corpus-level scores, second minus first, over the rows that both have."""
    both = {row.id for row in first.rows} & {row.id for row in second.rows}
    before, after = _count_corpus(_choose(first, both)), _count_corpus(_choose(second, both))
    scale = find_difference_scale("chrF++")
    return {name: compare_totals(before[name], after[name], score_counts, bootstrap, scale=scale) for name in PARTS}


def _choose(measured: Measured, ids: Collection[str]) -> list[Case]:
    return [case for case in measured.cases if case.example.id in ids]


def _count_corpus(cases: Sequence[Case]) -> dict[str, list[list[int]]]:
    """Count n-gram matches, by the measure's name, row by row; a missing section counts as an empty text.

    Rows whose reference has no such section are left out: the template does not ask for it.
    """
    pairs = [pair_texts(case) for case in cases]
    scored = {name: [pair[name] for pair in pairs if pair[name][1]] for name in PARTS}
    return {name: count_matches(found) if found else [] for name, found in scored.items()}


def estimate_metrics(rows: Sequence[RowScore], metrics: Sequence[Metric], bootstrap: Bootstrap) -> dict[str, Estimate]:
    """Estimate the mean of each measure over rows; a row that was scored without a measure is unscored there."""
    return {
        metric.name: bootstrap.estimate_mean(
            [row.values.get(metric.name) for row in rows],
            is_rate=metric.unit == "rate",
            missing=sum(metric.reads in row.missing and row.values.get(metric.name) is not None for row in rows),
            scale=find_scale(metric.unit),
        )
        for metric in metrics
    }


def _estimate_languages(measured: Measured, bootstrap: Bootstrap) -> dict[str, Estimate]:
    """Estimate the mean probability of each candidate over the replies in which there was something to judge."""
    if not measured.cases:
        return {}
    judged = [row.languages for row in measured.rows if row.languages]
    codes = [code for code in list_candidates(measured.cases[0].language) if any(code in found for found in judged)]
    blanks: list[float | None] = [None] * (len(measured.rows) - len(judged))
    return {
        code: bootstrap.estimate_mean([found.get(code, 0.0) for found in judged] + blanks, scale=find_scale("share"))
        for code in codes
    }


def _subtract(old: Mapping[str, float | None], new: Mapping[str, float | None], name: str) -> float | None:
    before, after = old.get(name), new.get(name)
    return None if before is None or after is None else after - before


def _count(names: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(names).items()))
