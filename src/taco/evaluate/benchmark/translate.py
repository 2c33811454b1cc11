"""A benchmark in another language: every turn and reference through the engine, the memory and the checks of `translate`.

Ids, order and categories stay. A question with a turn that the engine cannot translate without breaking it is left out, with
its reason; one whose reference alone cannot be translated stays without references.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from pydantic import ConfigDict

from taco.evaluate.benchmark.conversation import write_id
from taco.evaluate.benchmark.question import Question
from taco.languages.table import find_language
from taco.progress import Progress
from taco.records import Drop, Row, TranslatedRow
from taco.translate.placed import Placed, translate_placed
from taco.translate.runner import open_runner
from taco.translate.worker import Job

STAGE = "translate-benchmark"


@dataclass(frozen=True, slots=True, kw_only=True)
class TranslatedQuestion:
    """A question as FastChat's files have it, with the English that it was made from.

    Attributes:
        question_id: A whole number where the benchmark's id is one, as in FastChat's files.
        turns: What the user says, turn by turn.
        reference: A good answer to each turn; empty where there is none.
        engine: Signatures of the engines that translated it.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    question_id: int | str
    category: str
    turns: tuple[str, ...]
    reference: tuple[str, ...]
    turns_en: tuple[str, ...]
    reference_en: tuple[str, ...]
    language: str
    engine: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TranslatedBenchmark:
    """A benchmark's questions, each translated or dropped.

    Attributes:
        questions: In the order of the benchmark.
        drops: Questions that are left out.
        references_lost: Ids of the questions whose references could not be translated.
        words: Words that were translated.
        unknown_words: How many of them the engine did not know.
    """

    questions: tuple[TranslatedQuestion, ...]
    drops: tuple[Drop, ...]
    references_lost: tuple[str, ...]
    words: int
    unknown_words: int


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a text stands: the number of its question, its side and its turn."""

    question: int
    is_reference: bool
    turn: int


def translate_benchmark(questions: Sequence[Question], job: Job, *, progress: Progress) -> TranslatedBenchmark:
    """Translate questions and references; what the memory holds is not sent again.

    Args:
        questions: The benchmark, in English.
        job: The engine, the target language, the memory and who pays.
        progress: Where to say how far it is.

    Raises:
        EngineError: The engine is missing, or cannot go on. What was translated before is in the memory.
        BudgetError: The budget is spent.
    """
    places = list(_list_places(questions))
    placed = _translate([_make_row(place, questions) for place in places], job, progress)
    by_place = {places[number]: row for number, row in placed.rows.items()}
    dropped = {places[number]: drop for number, drop in placed.drops.items()}
    kept, lost, left_out = [], [], []
    for number, question in enumerate(questions):
        faults = [drop for place, drop in dropped.items() if place.question == number and not place.is_reference]
        if faults:
            left_out.append(_drop(question, faults[0]))
            continue
        made = _put_together(question, number, by_place, job.language)
        kept.append(made)
        if any(question.references) and not made.reference:
            lost.append(question.id)
    return TranslatedBenchmark(
        questions=tuple(kept),
        drops=tuple(left_out),
        references_lost=tuple(lost),
        words=sum(row.words for row in placed.rows.values()),
        unknown_words=sum(row.unknown_words for row in placed.rows.values()),
    )


def _list_places(questions: Sequence[Question]) -> Iterator[_Place]:
    for number, question in enumerate(questions):
        for turn in range(len(question.turns)):
            yield _Place(number, False, turn)
        for turn, text in enumerate(question.references):
            if text:
                yield _Place(number, True, turn)


def _make_row(place: _Place, questions: Sequence[Question]) -> Row:
    """Return a text as a row; references stand where responses do, questions where instructions do."""
    question = questions[place.question]
    instruction = "" if place.is_reference else question.turns[place.turn]
    response = question.references[place.turn] if place.is_reference else ""
    return Row(id="", instruction=instruction, input="", response=response, origin=question.origin)


def _translate(rows: Sequence[Row], job: Job, progress: Progress) -> Placed:
    with (
        progress.task(f"Translating into {find_language(job.language).name}", total=len(rows), unit="texts") as task,
        open_runner(job, progress=progress, task=task) as runner,
    ):
        return translate_placed(rows, runner, name="benchmark", shard_rows=job.options.shard_rows)


def _put_together(
    question: Question, number: int, found: Mapping[_Place, TranslatedRow], language: str
) -> TranslatedQuestion:
    turns = [found[_Place(number, False, turn)] for turn in range(len(question.turns))]
    references = [
        found.get(_Place(number, True, turn)) if text else None for turn, text in enumerate(question.references)
    ]
    is_whole = all(row is not None or not text for row, text in zip(references, question.references, strict=True))
    engines = dict.fromkeys(row.engine for row in (*turns, *references) if row is not None)
    return TranslatedQuestion(
        question_id=write_id(question.id),
        category=question.category,
        turns=tuple(row.instruction for row in turns),
        reference=tuple(row.response if row else "" for row in references) if is_whole else (),
        turns_en=question.turns,
        reference_en=question.references,
        language=language,
        engine=" + ".join(engines),
    )


def _drop(question: Question, fault: Drop) -> Drop:
    return Drop(id=question.id, stage=STAGE, reason=fault.reason, detail=fault.detail, origin=question.origin)
