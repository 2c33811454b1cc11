"""Whether a judge can be trusted in a language: its verdicts on answers that people have scored.

Judges rate low-resource languages too high (Hada et al. 2023, arXiv 2309.07462), so what holds for one language says
nothing for another. A judge counts as calibrated for a language where it was held against enough human scores there, ranks
answers as people do and is neither stricter nor milder than they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict

from taco.errors import DataError
from taco.evaluate.benchmark.read import read_existing_rows
from taco.evaluate.case import find_target_section
from taco.evaluate.files.rows import ID_KEYS, Row, normalise_id
from taco.evaluate.judge.agreement import measure_rank_correlation
from taco.evaluate.judge.judgement import Judgement
from taco.evaluate.judge.options import CalibrationOptions
from taco.evaluate.judge.prompt import Scale
from taco.evaluate.judge.submission import Submission
from taco.languages.table import find_language
from taco.measure.alpha import measure_alpha
from taco.measure.bootstrap import DECIMALS, Bootstrap, Estimate
from taco.measure.expand import cut_means, measure_expansion

SYSTEM = "calibration"
_TEXTS = ("question", "answer", "category", "reference", "back_translation")


@dataclass(frozen=True, slots=True)
class HumanScore:
    """An answer and what people gave it."""

    submission: Submission
    score: float


class Calibration(BaseModel):
    """One judge against people, in one language.

    Attributes:
        rows: Answers with a human score and a verdict.
        unscored: Answers that the judge has no verdict on.
        correlation: Spearman's rank correlation, with an expanded percentile bootstrap interval.
        alpha: Krippendorff's alpha for interval data between judge and people.
        bias: Mean of judge minus human, in points.
        is_calibrated: Whether all that was asked for holds.
        faults: What does not.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rows: int
    unscored: int
    correlation: Estimate
    alpha: float | None
    bias: Estimate
    is_calibrated: bool
    faults: tuple[str, ...]


def read_human_scores(path: Path, *, language: str, template: str, scale: Scale) -> tuple[HumanScore, ...]:
    """Read answers with human scores: JSON Lines with question, answer, score, and language where it is not given.

    Raises:
        DataError: The file is missing or damaged, a field is missing, or a score is out of the scale.
    """
    found = [_read_score(row, language=language, template=template, scale=scale) for row in read_existing_rows(path)]
    if not found:
        raise DataError(f"{path} holds no answers.")
    return tuple(found)


def calibrate(
    human: Sequence[HumanScore],
    judgements: Sequence[Judgement],
    *,
    options: CalibrationOptions,
    scale: Scale,
    bootstrap: Bootstrap,
) -> dict[str, Calibration]:
    """Hold a judge's verdicts against people's, language by language.

    Args:
        human: What people said.
        judgements: What the judge said, in the same order.
        options: What is asked for.
        scale: The ends of the ratings.
        bootstrap: How intervals are made.
    """
    pairs: dict[str, list[tuple[float, float | None]]] = {}
    for person, judge in zip(human, judgements, strict=True):
        pairs.setdefault(person.submission.language, []).append((person.score, judge.score))
    return {
        language: _calibrate(found, options=options, scale=scale, bootstrap=bootstrap)
        for language, found in sorted(pairs.items())
    }


def _calibrate(
    pairs: Sequence[tuple[float, float | None]], *, options: CalibrationOptions, scale: Scale, bootstrap: Bootstrap
) -> Calibration:
    scored = [(person, judge) for person, judge in pairs if judge is not None]
    bias = bootstrap.estimate_mean([judge - person for person, judge in scored])
    correlation = _estimate_correlation(scored, bootstrap)
    faults = _find_faults(len(scored), correlation.value, bias.value, options=options, scale=scale)
    return Calibration(
        rows=len(scored),
        unscored=len(pairs) - len(scored),
        correlation=correlation,
        alpha=measure_alpha(scored, "interval"),
        bias=bias,
        is_calibrated=not faults,
        faults=faults,
    )


def _find_faults(
    rows: int, correlation: float | None, bias: float | None, *, options: CalibrationOptions, scale: Scale
) -> tuple[str, ...]:
    most = options.bias * (scale.highest - scale.lowest)
    faults = []
    if rows < options.rows:
        faults.append(f"{rows} answers with a human score and a verdict, {options.rows} are needed")
    if correlation is None or correlation < options.agreement:
        found = "none" if correlation is None else f"{correlation:.2f}"
        faults.append(f"rank correlation {found}, at least {options.agreement:g} is needed")
    if bias is not None and abs(bias) > most:
        faults.append(f"bias {bias:+.2f} points, at most {most:g} either way")
    return tuple(faults)


def _estimate_correlation(scored: Sequence[tuple[float, float]], bootstrap: Bootstrap) -> Estimate:
    people, judge = [pair[0] for pair in scored], [pair[1] for pair in scored]
    value = measure_rank_correlation(people, judge)
    if value is None:
        return Estimate(value=None, low=None, high=None, n=len(scored), method="none")
    generator = np.random.default_rng(bootstrap.seed)
    table = np.array(scored)
    drawn = [table[generator.integers(0, len(table), size=len(table))] for _ in range(bootstrap.samples)]
    found = [measure_rank_correlation(list(rows[:, 0]), list(rows[:, 1])) for rows in drawn]
    factor = measure_expansion(len(table), bootstrap.confidence)
    bounds = cut_means(
        [nan if one is None else one for one in found], bootstrap.confidence, factor=factor, scale=(-1, 1)
    )
    low, high = (round(bound, DECIMALS) for bound in bounds)
    return Estimate(value=value, low=low, high=high, n=len(scored), method="bootstrap")


def _read_score(row: Row, *, language: str, template: str, scale: Scale) -> HumanScore:
    score = row.find("score", "human_score")
    if isinstance(score, bool) or not isinstance(score, int | float) or not scale.lowest <= score <= scale.highest:
        raise DataError(f"{row.origin}: expected a score from {scale.lowest:g} to {scale.highest:g}, found {score!r}.")
    texts = {name: row.find_text(name) for name in _TEXTS}
    named = row.find_text("language") or language
    if not texts["question"] or not texts["answer"] or not named:
        found = ", ".join(row.fields)
        raise DataError(f"{row.origin}: expected the fields question, answer, score and language, found {found}.")
    texts["answer"] = find_target_section(texts["answer"], language=named, template=template)
    submission = Submission(
        id=normalise_id(row.find(*ID_KEYS)),
        system=SYSTEM,
        language=find_language(named).code,
        question=texts["question"],
        answer=texts["answer"],
        category=texts["category"],
        reference=texts["reference"],
        back_translation=texts["back_translation"],
    )
    return HumanScore(submission, float(score))
