"""A run's answers to benchmarks, as `taco answer` leaves them, with what judges said of each turn."""

from __future__ import annotations

from pathlib import Path

from taco.chain.formats import find_template
from taco.chain.parse import parse_chain
from taco.errors import TacoError
from taco.evaluate.benchmark.conversation import Conversation
from taco.evaluate.benchmark.learnt import read_learnt
from taco.evaluate.benchmark.question import Question
from taco.evaluate.benchmark.read import read_benchmark
from taco.evaluate.files.rows import normalise_id
from taco.evaluate.judge.systems import QUESTIONS
from taco.languages.table import Language
from taco.records import ARMS
from taco.report.content import BenchmarkAnswers, BenchmarkConversation, BenchmarkTurn, SampleAnswer, Sections
from taco.report.verdicts import ANSWERED, Verdicts, list_benchmarks, read_verdicts
from taco.store.jsonl import read_records


def read_benchmarks(run: Path, language: Language) -> tuple[BenchmarkAnswers, ...]:
    """Read all benchmarks that a run answered; one that cannot be read is named with its fault.

    Args:
        run: The run folder.
        language: The target language.
    """
    return tuple(_read_benchmark(folder, language) for folder in list_benchmarks(run))


def _read_benchmark(folder: Path, language: Language) -> BenchmarkAnswers:
    try:
        verdicts = read_verdicts(folder, judged=ANSWERED)
        questions = read_benchmark(folder / QUESTIONS)
        said = {
            arm: {normalise_id(one.question_id): one for one in read_records(folder / f"{arm}.jsonl", Conversation)}
            for arm in ARMS
        }
        conversations = tuple(_show_question(question, said, verdicts, language) for question in questions)
    except TacoError as error:
        return BenchmarkAnswers(name=folder.name, fault=error.message)
    learnt = read_learnt(folder)
    held = set(learnt.questions) if learnt else set()
    return BenchmarkAnswers(
        name=folder.name,
        learnt=learnt.describe(len(questions)) if learnt else "",
        conversations=tuple(one.model_copy(update={"is_learnt": one.id in held}) for one in conversations),
        judged=verdicts.describe(),
    )


def _show_question(
    question: Question, said: dict[str, dict[str, Conversation]], verdicts: Verdicts, language: Language
) -> BenchmarkConversation:
    turns = []
    for number, text in enumerate(question.turns, start=1):
        spoken = {arm: found[question.id] for arm, found in said.items() if question.id in found}
        reasons = {arm: _find_reason(one, number) for arm, one in spoken.items()}
        answers = {
            arm: _read_answer(one, number, language).model_copy(
                update={"verdicts": verdicts.by_turn.get((arm, question.id, number), ())}
            )
            for arm, one in spoken.items()
            if not reasons[arm]
        }
        turns.append(
            BenchmarkTurn(
                number=number,
                question=text,
                reference=question.find_reference(number),
                answers=answers,
                reasons={arm: reason for arm, reason in reasons.items() if reason},
            )
        )
    return BenchmarkConversation(id=question.id, category=question.category, turns=tuple(turns))


def _find_reason(conversation: Conversation, turn: int) -> str:
    """Return why a turn has no answer; "" where it has one."""
    texts = conversation.choices[0].turns if conversation.choices else ()
    if turn > len(texts):
        return "not-asked"
    return conversation.reasons[turn - 1] if turn <= len(conversation.reasons) else ""


def _read_answer(conversation: Conversation, turn: int, language: Language) -> SampleAnswer:
    text = conversation.choices[0].turns[turn - 1]
    finish = conversation.finish[turn - 1] if turn <= len(conversation.finish) else ""
    template = find_template(conversation.template or "taco")
    parsed = parse_chain(text, template=template.name, language=language, finish=finish or "stop")
    return SampleAnswer(
        text=text,
        sections=Sections(
            instruction_en=parsed.instruction_en, response_en=parsed.response_en, response=parsed.response
        ),
        state=parsed.state,
        finish=finish or "stop",
        language="",
        values={},
        failures=(),
    )
