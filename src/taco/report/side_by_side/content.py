"""All that the page of several runs says, typed; its JSON is this and nothing else."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from taco.evaluate.scores import Scores
from taco.measure.bootstrap import Estimate
from taco.report.content import BenchmarkConversation, Judged, JudgeVerdict, LanguageFacts, SampleAnswer, Sections

SCHEMA = 1
"""Version of the form of the JSON."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class RunFacts(_Part):
    """One run.

    Attributes:
        label: Its name; with a number where several runs have the same name.
        base, engine: Base model and signature of the translation engine; "" where the manifest does not say.
        trained: Rows that it learnt from; None where the manifest does not say.
        scores: Its scores, those of single rows left out: they stand with the answers.
        ratings: Judge -> arm -> mean rating.
        judged: What judges said; None where the run has not been judged.
    """

    label: str
    language: LanguageFacts
    base: str
    engine: str
    seed: int
    trained: int | None
    versions: dict[str, str]
    recipe: dict[str, object]
    scores: Scores
    ratings: dict[str, dict[str, Estimate]]
    judged: Judged | None = None


class ShownFailure(_Part):
    """One thing wrong with an answer.

    Attributes:
        detail: What was found, for a reader.
        text: The stretch of the answer that shows it, or "".
    """

    kind: str
    detail: str
    text: str = ""


class Reply(_Part):
    """One answer to a question; runs whose arm wrote the very same are together.

    Attributes:
        arm: "base" or "tuned".
        runs: Numbers of the runs, from 0.
        asked: The sections that it should have.
        answer: The answer; its verdicts stand beside it, those of all runs that gave it.
        failures: What is wrong with it; of the base model's answers only what `evaluate` noted.
    """

    arm: str
    runs: tuple[int, ...]
    answer: SampleAnswer
    asked: tuple[str, ...]
    failures: tuple[ShownFailure, ...]
    verdicts: tuple[JudgeVerdict, ...]


class Question(_Part):
    """A held-out row as runs were asked it, its reference, and all answers to it.

    Attributes:
        reference: That of the format with the most sections.
        language: Code of the target language.
        runs: Numbers of the runs that have this row.
    """

    id: str
    category: str
    language: str
    prompt: str
    reference: Sections
    runs: tuple[int, ...]
    replies: tuple[Reply, ...]


class PairedDifference(_Part):
    """A run's tuned answers against those of the first run, over the rows that both were asked alike.

    Attributes:
        run: Number of the run.
        metric: The measure.
        difference: Its mean minus the first run's.
        p_value: How often chance makes as large a difference; None with fewer than two rows.
        adjusted: The same, corrected by Holm for the number of runs that are compared by this measure.
    """

    run: int
    metric: str
    difference: Estimate
    p_value: float | None
    adjusted: float | None


class SharedConversation(_Part):
    """A question of a benchmark as runs were asked it, with what each of them said.

    Attributes:
        benchmark: Name of the folder of answers.
        language: Code of the target language.
        runs: Numbers of the runs.
        conversations: For each of them all turns.
    """

    benchmark: str
    language: str
    runs: tuple[int, ...]
    conversations: tuple[BenchmarkConversation, ...]


class BenchmarkRating(_Part):
    """What a judge gave one arm of a run on a benchmark.

    Attributes:
        run: Number of the run.
        judge: The judge, and the folder of its verdicts.
        micro, macro: Over all turns.
        turns: Turn -> mean of that turn alone; empty where there are first turns alone.
    """

    benchmark: str
    run: int
    arm: str
    judge: str
    micro: Estimate
    macro: Estimate
    turns: dict[int, Estimate]


class SideBySide(_Part):
    """Several runs.

    Attributes:
        runs: The runs; the first is the one that the others are compared with.
        differing: Option of the recipes -> its value in each run, for options that not all runs have alike; "" where a
            run's manifest does not have it.
        differences: Of every run but the first, by measure; only where they share rows.
        questions: Questions of all runs, sorted by language, category and id.
        signature: How intervals and p-values of the differences are made.
        benchmarks: What the runs said to benchmarks.
        ratings: What judges gave them for it.
    """

    schema_version: int = SCHEMA
    runs: tuple[RunFacts, ...]
    differing: dict[str, tuple[str, ...]]
    differences: tuple[PairedDifference, ...]
    questions: tuple[Question, ...]
    signature: str
    benchmarks: tuple[SharedConversation, ...] = ()
    ratings: tuple[BenchmarkRating, ...] = ()
