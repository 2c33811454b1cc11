"""The typed result of reading ratings back, as results.json holds it."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from taco.annotate.options import Mode
from taco.evaluate.judge.differences import Difference
from taco.measure.alpha import Level
from taco.measure.bootstrap import Bootstrap, Estimate
from taco.measure.concordance import Weights

SCHEMA = 1


class Result(BaseModel):
    """What all results share: frozen, unknown fields refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class RaterResult(Result):
    """One rater.

    Attributes:
        rated: Answers, or pairs, that were rated.
        asked: How many the sheet has.
        mean: Mean rating.
        severity: Mean of the rater's own rating minus the others' mean on the same answers: below zero is strict.
    """

    rater: str
    rated: int
    asked: int
    mean: Estimate
    severity: Estimate


class Agreement(Result):
    """How far two raters, or a judge and people, agree.

    Attributes:
        first, second: Who.
        shared: Ratings that are compared.
        alpha: Krippendorff's alpha by level of measurement.
        kappa: Cohen's kappa by weights.
        tau: Kendall's tau-b; of a judge against the mean of people.
    """

    first: str
    second: str
    shared: int
    alpha: dict[Level, Estimate]
    kappa: dict[Weights, Estimate]
    tau: Estimate


class Band(Result):
    """Answers of about one length: characters from `shortest` to `longest`, and the judge's bias on them."""

    shortest: int
    longest: int
    bias: Estimate


class JudgeResult(Result):
    """One judge against people.

    Attributes:
        judge: Its label.
        agreement: With one person at a time, so that it can be held against how far two people agree.
        bias: Mean of the judge's rating minus people's mean; of pairs toward the longer answer.
        by_language, by_system: The same for each.
        by_length: The same for thirds of the answers by length; empty for pairs.
        slope: By how much the bias grows with each doubling of the length; of pairs, of the ratio of both lengths.
    """

    judge: str
    agreement: Agreement
    bias: Estimate
    by_language: dict[str, Estimate]
    by_system: dict[str, Estimate]
    by_length: tuple[Band, ...]
    slope: Estimate


class Contest(Result):
    """Two systems, as people compared them.

    Attributes:
        questions: Questions with a choice.
        wins, ties, losses: Of the second system, by the majority of each question's raters.
        win_rate: Of the second system over all choices, a tie counts half.
        p_value: Two-sided, of a win rate of one half, by paired approximate randomisation; None with fewer than two questions.
    """

    first: str
    second: str
    questions: int
    wins: int
    ties: int
    losses: int
    win_rate: Estimate
    p_value: float | None


class AxisResult(Result):
    """What was found on one axis.

    Attributes:
        ratings: Ratings that came back.
        units: Answers, or pairs, with a rating.
        shared: How many of them have two ratings or more.
        alpha: Agreement of all raters, by level of measurement.
        raters: Each rater.
        pairs: Each two raters who rated the same.
        systems: System -> mean over its answers of people's mean rating; empty for pairs.
        differences: Each two systems, paired by question.
        contests: Each two systems that were compared; of pairs.
        shown_first: Share of the choices for one answer that fell on the one shown first; None for ratings.
        judges: Judges with verdicts on the same answers.
    """

    axis: str
    ratings: int
    units: int
    shared: int
    alpha: dict[Level, Estimate]
    raters: tuple[RaterResult, ...]
    pairs: tuple[Agreement, ...]
    systems: dict[str, Estimate]
    differences: tuple[Difference, ...]
    contests: tuple[Contest, ...]
    shown_first: Estimate | None
    judges: tuple[JudgeResult, ...]


class Results(Result):
    """What a study with people found.

    Attributes:
        studies: Code of each study -> its name.
        mode: What people did.
        languages: Codes of the answers' languages.
        lowest, highest: The ends of a rating.
        axes: What was found on each axis.
        silent: Raters whose sheet did not come back.
        left_out: Why answers, or pairs, were on no sheet -> how many.
        warnings: What a reader of the numbers must know, in sentences.
        bootstrap: How intervals are made.
        signatures: What made the numbers.
        inputs: File -> SHA-256.
    """

    schema_version: int = SCHEMA
    studies: dict[str, str]
    mode: Mode
    languages: tuple[str, ...]
    lowest: int
    highest: int
    axes: tuple[AxisResult, ...]
    silent: tuple[str, ...]
    left_out: dict[str, int]
    warnings: tuple[str, ...]
    bootstrap: Bootstrap
    signatures: dict[str, str]
    inputs: dict[str, str]
