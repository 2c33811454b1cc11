"""The answers that a report shows, those that went wrong first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from taco.evaluate.failures import KINDS
from taco.evaluate.scores import RowScore, Scores
from taco.records import Answer, Example
from taco.report.content import JudgeVerdict, Sample, SampleAnswer, Sections

Verdicts = Mapping[tuple[str, str], tuple[JudgeVerdict, ...]]
"""(arm, id) -> what judges said about the answer."""

RANKED_BY = "tuned"
"""The arm whose answers decide the order."""


def build_samples(
    scores: Scores, examples: Sequence[Example], answers: Sequence[Answer], verdicts: Verdicts
) -> tuple[Sample, ...]:
    """Put questions, references and answers together.

    The order is that of the tuned answers: those with a fault first, the worst kind of fault before the others and the
    lower chrF++ before the higher; then those without, the highest chrF++ first. Rows without a tuned answer come last.

    Args:
        scores: The scores of the same answers.
        examples: The held-out examples.
        answers: The answers of both arms.
        verdicts: What judges said about them.
    """
    texts = {(answer.arm, answer.id): answer.text for answer in reversed(answers)}
    rows: dict[str, dict[str, RowScore]] = {}
    for row in scores.per_row:
        rows.setdefault(row.id, {})[row.arm] = row
    samples = [_build_sample(example, rows.get(example.id, {}), texts, verdicts) for example in examples]
    return tuple(sorted(samples, key=_rank))


def _build_sample(
    example: Example, rows: Mapping[str, RowScore], texts: Mapping[tuple[str, str], str], verdicts: Verdicts
) -> Sample:
    chain = example.chain
    return Sample(
        id=example.id,
        category=example.category,
        prompt=example.prompt,
        reference=Sections(instruction_en=chain.instruction_en, response_en=chain.response_en, response=chain.response),
        answers={
            arm: _build_answer(row, texts[arm, row.id], verdicts.get((arm, row.id), ()))
            for arm, row in rows.items()
            if (arm, row.id) in texts
        },
    )


def _build_answer(row: RowScore, text: str, verdicts: tuple[JudgeVerdict, ...]) -> SampleAnswer:
    return SampleAnswer(
        text=text,
        sections=Sections(**{name: text[start:end] for name, (start, end) in row.spans.items()}),
        state=row.state,
        finish=row.finish,
        language=row.language,
        values=row.values,
        failures=row.failures,
        verdicts=verdicts,
    )


def _rank(sample: Sample) -> tuple[int, int, float]:
    answer = sample.answers.get(RANKED_BY)
    if answer is None:
        return (2, 0, 0.0)
    similarity = answer.values.get("chrf_reply") or 0.0
    if answer.failures:
        return (0, KINDS.index(answer.failures[0].kind), similarity)
    return (1, 0, -similarity)
