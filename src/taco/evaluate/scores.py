"""The typed result of `evaluate`: what every answer scored, and means with intervals."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from taco.errors import DataError, list_faults
from taco.evaluate.failures import Failure
from taco.evaluate.metric import Metric
from taco.evaluate.repairs import RepairScores
from taco.evaluate.totals import TotalMetric
from taco.measure.bootstrap import Bootstrap, Estimate
from taco.store.files import disk_faults, write_atomically

SCHEMA = 1
"""Version of the form of scores.json. Another form is refused, not guessed at."""

Estimates = dict[str, Estimate]


class RowScore(BaseModel):
    """What one answer scored.

    Attributes:
        state: The parser's state of the chain, see `taco.chain.parse.State`.
        spans: Section -> [start, end) in characters of the answer's text.
        missing: Sections that the answer lacks; "reply" where nothing is left to show a reader.
        values: Measure -> value; null: unscored, which is not zero.
        languages: Code -> probability that the reply is in it; empty where there is nothing to judge.
        language: The most probable code, or "".
        failures: What went wrong, the worst first.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    category: str
    arm: str
    state: str
    finish: str
    spans: dict[str, tuple[int, int]]
    missing: tuple[str, ...]
    values: dict[str, float | None]
    languages: dict[str, float]
    language: str
    failures: tuple[Failure, ...]


class ArmScores(BaseModel):
    """What one system scored.

    Attributes:
        rows: Number of answers scored.
        unanswered: Ids of held-out rows without an answer; they are in no number.
        states, finishes, failures: How many answers are in each state, ended so, and show each kind of failure.
        metrics: Measure -> mean over rows.
        corpus: Measure -> the same taken over all rows as one text, where that is defined.
        totals: Name of a score of all answers together -> the score; empty in files of earlier versions.
        categories: Category -> measure -> mean over the rows of that category.
        languages: Code -> mean probability over the replies that could be judged.
        best_of_reply, best_of_section: Code -> number of replies, and of target sections, identified as it; "" for
            those without anything to judge.
        repairs: What the chain guard did to the answers; all else is of the answers without that. None where it did nothing.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rows: int
    unanswered: tuple[str, ...]
    states: dict[str, int]
    finishes: dict[str, int]
    failures: dict[str, int]
    metrics: Estimates
    corpus: Estimates
    totals: Estimates = {}
    categories: dict[str, Estimates]
    languages: Estimates
    best_of_reply: dict[str, int]
    best_of_section: dict[str, int]
    repairs: RepairScores | None = None


class Scores(BaseModel):
    """The result of `evaluate`.

    Attributes:
        language, language_name: BCP-47 code and English name of the target.
        template: Signatures of the chain templates.
        rows: Number of held-out rows.
        metrics: What the measures are, in the order in which they are shown; those that mean nothing for the templates
            are left out, here and in all the means.
        arms: "base" and "tuned".
        reference: The reference chains measured as if they were answers: the ceiling. None without held-out rows.
        floors: What replies without any merit would score, see `taco.evaluate.similarity.FLOORS`; files of earlier versions
            have fewer.
        differences, corpus_differences: Measure -> tuned minus base over the rows that both have.
        totals: What the scores of all answers together are, in the order in which they are shown.
        total_differences, total_p_values: Name -> tuned minus base over the rows that both have, and how likely chance
            makes as large a difference, see `taco.evaluate.comparison.estimate_p_value`; not corrected for their number.
        signatures: What made the numbers -> name, version and settings.
        inputs: File, relative to the run folder -> SHA-256.
        knows_target: Whether the language identifier knows the target.
        per_row: One entry for each answer: held-out order, base before tuned.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: int = SCHEMA
    language: str
    language_name: str
    template: str
    rows: int
    metrics: tuple[Metric, ...]
    arms: dict[str, ArmScores]
    reference: ArmScores | None
    floors: Estimates
    differences: Estimates
    corpus_differences: Estimates
    totals: tuple[TotalMetric, ...] = ()
    total_differences: Estimates = {}
    total_p_values: dict[str, float | None] = {}
    signatures: dict[str, str]
    bootstrap: Bootstrap
    inputs: dict[str, str]
    knows_target: bool
    per_row: tuple[RowScore, ...]

    def find_metric(self, name: str) -> Metric | None:
        """Return a measure's description, None where these scores do not have it."""
        return next((metric for metric in self.metrics if metric.name == name), None)


def write_scores(path: Path, scores: Scores) -> None:
    """Write scores, all or nothing."""
    write_atomically(path, [scores.model_dump_json(indent=1).encode(), b"\n"])


def read_scores(path: Path) -> Scores:
    """Read scores.

    Raises:
        DataError: The file is missing, damaged or of another version.
    """
    hint = "Run the evaluate stage again: taco run RECIPE --again evaluate."
    if not path.is_file():
        raise DataError(f"{path} is missing.", hint="Run the stage that writes it: taco run RECIPE.")
    with disk_faults(path, "read"):
        text = path.read_bytes()
    try:
        scores = Scores.model_validate_json(text)
    except ValidationError as error:
        fault = list_faults(error, whole="the file")[0]
        raise DataError(f"{path} holds no scores: {fault}.", hint=hint) from error
    if scores.schema_version != SCHEMA:
        raise DataError(
            f"{path} has form {scores.schema_version}, this version of taco reads form {SCHEMA}.", hint=hint
        )
    return scores
