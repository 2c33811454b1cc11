"""The typed result of judging, as scores.json holds it."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from taco.errors import DataError, list_faults
from taco.evaluate.judge.calibration import Calibration
from taco.evaluate.judge.differences import Difference
from taco.evaluate.judge.judgement import Use
from taco.evaluate.judge.jury import Agreement
from taco.evaluate.judge.length import LengthControl
from taco.evaluate.judge.means import SystemScores
from taco.evaluate.judge.options import JudgeOptions
from taco.evaluate.judge.pairs import PairScores
from taco.measure.bootstrap import Bootstrap
from taco.store.files import disk_faults, write_atomically

SCHEMA = 1
"""Version of the form of scores.json. Another form is refused, not guessed at."""


class JudgeFacts(BaseModel):
    """One judge.

    Attributes:
        signature: All that decides its replies besides the texts.
        prompts: Names and digests of its prompts.
        use: What its verdicts cost, whenever they were paid for; replies shared by equal prompts count each time.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    signature: str
    prompts: str
    use: Use


class Account(BaseModel):
    """What was spent on the account of these results, over all runs; what was in the store before cost nothing.

    Attributes:
        calls, answered, failed, lost: See `taco.evaluate.judge.store.Spending`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    calls: int
    answered: int
    failed: int
    lost: int
    usd: float
    tokens_sent: int
    tokens_written: int


class JudgeScores(BaseModel):
    """What judging found.

    Attributes:
        options: How answers were judged.
        languages: Codes of the languages that the answers should be in.
        answers: Answers that were judged, of all systems.
        judges: Label -> judge.
        systems: System -> judge's label (and "panel" of a jury) -> its scores.
        differences: Each two systems, by each judge.
        pairs: Comparisons, of the mode `pair`.
        length: Judge -> scores at equal length.
        agreement: How far the judges of a panel agree; None for one judge.
        calibration: Judge -> language -> how it stands to human scores; empty where there were none.
        warnings: What a reader of the numbers must know, in sentences.
        account: What it cost.
        signatures: What made the numbers.
        inputs: File -> SHA-256.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: int = SCHEMA
    options: JudgeOptions
    languages: tuple[str, ...]
    answers: int
    judges: dict[str, JudgeFacts]
    systems: dict[str, dict[str, SystemScores]]
    differences: tuple[Difference, ...]
    pairs: tuple[PairScores, ...]
    length: dict[str, LengthControl]
    agreement: Agreement | None
    calibration: dict[str, dict[str, Calibration]]
    warnings: tuple[str, ...]
    account: Account
    bootstrap: Bootstrap
    signatures: dict[str, str]
    inputs: dict[str, str]


def write_judge_scores(path: Path, scores: JudgeScores) -> None:
    """Write scores, all or nothing."""
    write_atomically(path, [scores.model_dump_json(indent=1).encode(), b"\n"])


def read_judge_scores(path: Path) -> JudgeScores:
    """Read scores.

    Raises:
        DataError: The file is missing, damaged or of another version.
    """
    if not path.is_file():
        raise DataError(f"{path} is missing.", hint="taco judge RUN makes it.")
    with disk_faults(path, "read"):
        text = path.read_bytes()
    try:
        scores = JudgeScores.model_validate_json(text)
    except ValidationError as error:
        fault = list_faults(error, whole="the file")[0]
        raise DataError(f"{path} holds no judge's scores: {fault}.", hint="taco judge RUN makes it anew.") from error
    if scores.schema_version != SCHEMA:
        raise DataError(f"{path} has form {scores.schema_version}, this version of taco reads form {SCHEMA}.")
    return scores
