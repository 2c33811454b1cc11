"""All that a report says, typed: the page, its JSON and later comparisons are made from this and nothing else."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from taco.evaluate.failures import Failure
from taco.evaluate.judge.scores import JudgeScores
from taco.evaluate.scores import Scores
from taco.gate.round_trip import RoundTrip

SCHEMA = 1
"""Version of the form of report.json."""

Tone = Literal["good", "mixed", "bad", "note"]
"""How a finding reads: the number is high, in between, low; or the sentence only explains."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class LanguageFacts(_Part):
    """The target language."""

    code: str
    name: str
    autonym: str
    script: str
    direction: str


class Finding(_Part):
    """One sentence about the numbers.

    Attributes:
        topic: What it is about, one or two words.
    """

    topic: str
    tone: Tone
    text: str


class StageFlow(_Part):
    """What one stage did with its rows; None for what the manifest does not hold."""

    name: str
    rows_in: int
    rows_kept: int
    dropped: dict[str, int]
    seconds: float
    attempts: int
    counters: dict[str, int | float | str]


class TrainStep(_Part):
    """One line of the training log.

    Attributes:
        instruction_en, response_en, response: The loss of that section alone; None where the step has no such tokens.
    """

    step: int
    loss: float
    epoch: float | None = None
    learning_rate: float | None = None
    instruction_en: float | None = None
    response_en: float | None = None
    response: float | None = None


class Sections(_Part):
    """The three sections of a chain; "" where missing."""

    instruction_en: str = ""
    response_en: str = ""
    response: str = ""


class JudgeVerdict(_Part):
    """What a judge said about an answer.

    Attributes:
        score: The rating; None where it has none, which is not zero.
        axes: Of a rubric: axis -> rating.
        reason: Why there is none, or "".
        explanation: What the judge wrote besides. Hostile text.
    """

    judge: str
    score: float | None
    axes: dict[str, float] = {}
    reason: str = ""
    explanation: str = ""


class Judged(_Part):
    """What judges said about a run after it was made.

    Attributes:
        scores: Folder of the run (`judge`, `judge-rubric`, `judge-pair`) -> what judging found.
        faults: Why verdicts that are there are not shown, in sentences.
        unread: Lines of verdicts that could not be read.
    """

    scores: dict[str, JudgeScores] = {}
    faults: tuple[str, ...] = ()
    unread: int = 0


class SampleAnswer(_Part):
    """One answer, as it is shown.

    Attributes:
        text: The raw text.
        sections: What was found in it.
        language: Code that the reply was identified as, or "".
        values: Measure -> value.
        verdicts: What judges said about it.
    """

    text: str
    sections: Sections
    state: str
    finish: str
    language: str
    values: dict[str, float | None]
    failures: tuple[Failure, ...]
    verdicts: tuple[JudgeVerdict, ...] = ()


class Sample(_Part):
    """A question with its reference and the answers of each arm."""

    id: str
    category: str
    prompt: str
    reference: Sections
    answers: dict[str, SampleAnswer]


class BenchmarkTurn(_Part):
    """One turn of a benchmark's question, and what each arm said.

    Attributes:
        reference: A good answer, or "".
        answers: Arm -> its answer; none where a turn has none.
        reasons: Arm -> why there is no answer.
    """

    number: int
    question: str
    reference: str = ""
    answers: dict[str, SampleAnswer]
    reasons: dict[str, str] = {}


class BenchmarkConversation(_Part):
    """A question of a benchmark, turn by turn.

    Attributes:
        is_learnt: Whether a training row holds it or its reference, as far as anybody looked.
    """

    id: str
    category: str
    turns: tuple[BenchmarkTurn, ...]
    is_learnt: bool = False


class BenchmarkAnswers(_Part):
    """What a run's arms said to a benchmark, see `taco answer`.

    Attributes:
        name: The folder's name.
        judged: What judges said; None where nobody judged them.
        learnt: Whether the rows that the run learnt hold the benchmark, in a sentence; "" where nobody looked.
        fault: Why the answers are not shown, in a sentence; "" where they are.
    """

    name: str
    learnt: str = ""
    conversations: tuple[BenchmarkConversation, ...] = ()
    judged: Judged | None = None
    fault: str = ""


class Report(_Part):
    """A report.

    Attributes:
        name: The run.
        base: The base model as the recipe names it; "" where the manifest does not say.
        engine: The translation engine's signature; "" where the manifest does not say.
        recipe: The resolved recipe.
        headline: The findings in one sentence.
        steps: The training log.
        samples: Answers that went wrong first, the worst before the others; then the best.
        round_trip: The translations there and back, where the recipe asked for it.
        judged: What judges said; None where the run has not been judged.
        benchmarks: What the run's arms said to benchmarks.
    """

    schema_version: int = SCHEMA
    name: str
    language: LanguageFacts
    base: str
    engine: str
    seed: int
    versions: dict[str, str]
    recipe: dict[str, object]
    headline: str
    findings: tuple[Finding, ...]
    flow: tuple[StageFlow, ...]
    steps: tuple[TrainStep, ...]
    scores: Scores
    samples: tuple[Sample, ...]
    round_trip: RoundTrip | None = None
    judged: Judged | None = None
    benchmarks: tuple[BenchmarkAnswers, ...] = ()
