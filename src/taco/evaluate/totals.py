"""Scores of all answers of an arm taken together: chrF++, BLEU and TER of each part, and LCPR.

They are functions of counts that add up over answers, so that intervals and p-values come from resampling and exchanging
rows, never from averaging scores of rows. An answer without the part counts as an empty text.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict

from taco.evaluate.case import Case
from taco.evaluate.comparison import compare_totals, estimate_p_value
from taco.evaluate.confusion import count_confusion, score_confusion
from taco.evaluate.metric import Reads, Values
from taco.evaluate.options import TerParts
from taco.evaluate.similarity import pair_texts
from taco.languages.table import ENGLISH, Language
from taco.measure.bootstrap import Bootstrap, Estimate
from taco.measure.corpus import CorpusMetric, list_corpus_metrics
from taco.measure.unit import Better, Unit, find_difference_scale, find_scale

Counts = list[list[int]]

PARTS: tuple[tuple[str, Reads, str], ...] = (
    ("chrf_reply", "reply", "Reply against machine translation"),
    ("chrf_response_en", "response_en", "English response against reference"),
    ("chrf_instruction_en", "instruction_en", "English instruction against true question"),
)
"""Name of the pair of texts in `pair_texts`, the part, and what is compared."""

LCPR = "lcpr"


class TotalMetric(BaseModel):
    """One score of many answers.

    Attributes:
        name: Key in results, such as "bleu_reply".
        reads: The part of the answers that is read.
        signature: Name, version and settings of what computes it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    title: str
    unit: Unit
    better: Better
    reads: Reads
    signature: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """One score of many answers, and how it is computed.

    Attributes:
        count: Cases and their values -> counts of each case.
        score: Added-up counts -> the score.
    """

    metric: TotalMetric
    count: Callable[[Sequence[Case], Sequence[Values]], Counts]
    score: Callable[[Sequence[int]], float]


def list_totals(language: Language, *, identifier: str, ter: TerParts = "all") -> tuple[Total, ...]:
    """Return the scores that mean something for a target language, in the order in which they are shown.

    Args:
        language: The target.
        identifier: Signature of the language identifier, which LCPR comes from.
        ter: Which parts TER is taken of. Its search for shifted blocks takes 0.35 s for two texts of 60 words that
            share many words, hundreds of times as long as BLEU.
    """
    scores = [
        _make_total(pair, part, title, metric)
        for pair, part, title in PARTS
        for metric in list_corpus_metrics(language.script if part == "reply" else ENGLISH.script)
        if metric.name != "ter" or ter == "all" or part == "instruction_en"
    ]
    return (*scores, _make_confusion(identifier))


def count_totals(totals: Sequence[Total], cases: Sequence[Case], values: Sequence[Values]) -> dict[str, Counts]:
    """Return the counts of each case, by the score's name."""
    return {total.metric.name: total.count(cases, values) for total in totals}


def estimate_totals(totals: Sequence[Total], counts: Mapping[str, Counts], bootstrap: Bootstrap) -> dict[str, Estimate]:
    """Estimate each score; those for which no row has anything to count are left out."""
    return {
        total.metric.name: bootstrap.estimate_total(
            counts[total.metric.name], total.score, scale=find_scale(total.metric.unit)
        )
        for total in totals
        if _has_any(counts[total.metric.name])
    }


def compare_arms(
    totals: Sequence[Total], first: Mapping[str, Counts], second: Mapping[str, Counts], bootstrap: Bootstrap
) -> tuple[dict[str, Estimate], dict[str, float | None]]:
    """Compare two systems on the same rows: second minus first, and the p-value of each difference.

    Args:
        totals: The scores.
        first, second: Counts of each row by the score's name, in the same order of rows.
        bootstrap: How intervals are made; its samples and seed are those of the p-values too.
    """
    differences: dict[str, Estimate] = {}
    p_values: dict[str, float | None] = {}
    for total in totals:
        name = total.metric.name
        sides = (first[name], second[name], total.score)
        if _has_any(first[name]) and _has_any(second[name]):
            differences[name] = compare_totals(*sides, bootstrap, scale=find_difference_scale(total.metric.unit))
            p_values[name] = estimate_p_value(*sides, samples=bootstrap.samples, seed=bootstrap.seed)
    return differences, p_values


def choose_rows(counts: Mapping[str, Counts], ids: Sequence[str], wanted: Collection[str]) -> dict[str, Counts]:
    """Return the counts of some rows.

    Args:
        counts: Counts of each row, by the score's name.
        ids: Ids of the rows, in their order.
        wanted: Ids of those that are returned.
    """
    places = [place for place, key in enumerate(ids) if key in wanted]
    return {name: [rows[place] for place in places] for name, rows in counts.items()}


def _make_total(pair: str, part: Reads, title: str, metric: CorpusMetric) -> Total:
    def count(cases: Sequence[Case], values: Sequence[Values]) -> Counts:
        """Count each pair of texts; a row without a reference counts nothing."""
        pairs = [pair_texts(case)[pair] for case in cases]
        asked = [texts for texts in pairs if texts[1]]
        counted = iter(metric.count(asked) if asked else [])
        rows = [next(counted) if reference else [] for _, reference in pairs]
        width = max(map(len, rows), default=0)
        return [[int(number) for number in row] or [0] * width for row in rows]

    return Total(
        metric=TotalMetric(
            name=f"{metric.name}_{part}",
            title=f"{title}, {metric.unit}",
            unit=metric.unit,
            better=metric.better,
            reads=part,
            signature=metric.signature,
        ),
        count=count,
        score=metric.score,
    )


def _make_confusion(identifier: str) -> Total:
    return Total(
        metric=TotalMetric(
            name=LCPR,
            title="Language confusion pass rate (LCPR)",
            unit="share",
            better="higher",
            reads="reply",
            signature=f"harmonic mean of line_pass and word_pass, line_pass alone for Latin script; {identifier}",
        ),
        count=lambda cases, values: [count_confusion(row) for row in values],
        score=score_confusion,
    )


def _has_any(counts: Counts) -> bool:
    return any(any(row) for row in counts)
