"""The systems whose answers are judged: the arms of a run, or files of answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path

from taco.chain.formats import find_template
from taco.errors import DataError
from taco.evaluate.benchmark.question import Question
from taco.evaluate.benchmark.read import read_benchmark, read_existing_rows
from taco.evaluate.case import build_case, find_target_section
from taco.evaluate.files.rows import ID_KEYS, Row, fold_key, normalise_id
from taco.evaluate.judge.submission import Exchange, Submission
from taco.languages.table import find_language
from taco.records import ARMS, Answer, Example
from taco.store.jsonl import read_records

QUESTIONS = "questions.jsonl"
"""What was asked, in a folder of `taco answer`."""

BENCHMARK = "benchmark"
"""The folder of a run that holds its answers to benchmarks, a folder each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What answers without their own question belong to.

    Attributes:
        questions: Id -> question; empty where every answer brings its own.
        language: Code of the language that answers should be in; "" where every answer says it.
        template: Name of the template of chains in a file of answers that does not say it.
    """

    questions: Mapping[str, Question]
    language: str = ""
    template: str = "taco"


def read_systems(paths: Sequence[Path], asked: Asked) -> list[Submission]:
    """Read the answers of all systems: of each question every turn, the first turns before the second ones.

    The arms of a run, or of a folder that `taco answer` made, are called `base` and `tuned`, after the run where there are
    several paths; the answers of a file are called after what the file says, else after the file. A turn that a system
    does not answer, of a run's held-out rows or of the benchmark, has an empty answer: silence is no excuse. A row whose
    template asks for nothing in the target language is left out.

    Raises:
        DataError: A file is missing or damaged, an answer has no question, or a system answers a question twice.
    """
    submissions: list[Submission] = []
    for path in paths:
        prefix = f"{name_folder(path)}/" if len(paths) > 1 and path.is_dir() else ""
        submissions += [replace(one, system=prefix + one.system) for one in _read_path(path, asked)]
    seen: set[tuple[str, str, int]] = set()
    for one in submissions:
        if (one.system, one.id, one.turn) in seen:
            raise DataError(
                f"The system {one.system} answers the question {one.id} twice.",
                hint='Name the systems apart: the field "system" of each answer, or the file\'s name.',
            )
        seen.add((one.system, one.id, one.turn))
    if not submissions:
        raise DataError(f"There are no answers in {', '.join(map(str, paths))}.")
    return sorted(submissions, key=lambda one: one.turn)


def name_folder(path: Path) -> str:
    """Return what a folder's arms are called after where several are judged: its run's name, else its own.

    >>> name_folder(Path("runs/one/benchmark/mt")), name_folder(Path("runs/one")), name_folder(Path("mt-answers"))
    ('one', 'one', 'mt-answers')
    """
    folder = path.resolve()
    return folder.parent.parent.name if folder.parent.name == BENCHMARK else folder.name


def _read_path(path: Path, asked: Asked) -> list[Submission]:
    if not path.is_dir():
        return _read_answers(path, asked)
    if not (path / QUESTIONS).is_file():
        return list(_read_run(path))
    if not asked.questions:
        asked = replace(asked, questions={one.id: one for one in read_benchmark(path / QUESTIONS)})
    return [one for arm in ARMS for one in _read_answers(path / f"{arm}.jsonl", asked)]


def _read_answers(path: Path, asked: Asked) -> list[Submission]:
    found = list(_read_file(path, asked))
    return found + _list_silent(found, asked)


def _read_run(folder: Path) -> Iterator[Submission]:
    examples = {example.id: example for example in read_records(folder / "chain" / "heldout.jsonl", Example)}
    for arm in ARMS:
        path = folder / "generate" / f"{arm}.jsonl"
        silent = dict(examples)
        for number, answer in enumerate(read_records(path, Answer), start=1):
            example = examples.get(answer.id)
            if example is None or example.prompt != answer.prompt:
                raise DataError(
                    f"{path}:{number} answers a question that {folder / 'chain' / 'heldout.jsonl'} does not ask.",
                    hint="Run the generate stage again: taco run RECIPE --again generate.",
                )
            silent.pop(answer.id, None)
            case = build_case(example, answer, find_language(example.language))
            if case.has_target:
                yield _submit(example, arm, case.reply)
        for example in silent.values():
            if "response" in find_template(example.template).section_names:
                yield _submit(example, arm, "")


def _submit(example: Example, arm: str, answer: str) -> Submission:
    return Submission(
        id=example.id,
        system=arm,
        category=example.category,
        language=example.language,
        question=example.prompt,
        answer=answer,
        reference=example.chain.response_en,
    )


def _read_file(path: Path, asked: Asked) -> Iterator[Submission]:
    for row in map(_open_sample, read_existing_rows(path)):
        id_ = normalise_id(row.find(*ID_KEYS))
        question = asked.questions.get(id_)
        own = row.find_text("question", "instruction", "prompt")
        turns = (own,) if own else question.turns if question else ()
        if not turns or not turns[0].strip():
            raise DataError(
                f"{row.origin}: the answer {id_} has no question.",
                hint="Give the benchmark with --benchmark, or each answer its own field question.",
            )
        language = row.find_text("language") or asked.language
        if not language:
            raise DataError(
                f"{row.origin}: nobody says in which language the answer should be.", hint="Give --language."
            )
        template = row.find_text("template") or asked.template
        answers = _find_answers(row)
        if len(answers) > len(turns):
            raise DataError(
                f"{row.origin}: {len(answers)} turns are answered, the question {id_} has {len(turns)}.",
                hint="Give the benchmark that was asked with --benchmark.",
            )
        first = Submission(
            id=id_,
            system=row.find_text("system", "model_id", "arm") or path.name.removesuffix(".jsonl"),
            category=row.find_text("category") or (question.category if question else ""),
            language=find_language(language).code,
            question="",
            answer="",
            back_translation=row.find_text("back_translation"),
        )
        shown = [find_target_section(text, language=language, template=template) for text in answers]
        references = list(question.references) if question else []
        if given := row.find_text("reference"):
            references[:1] = [given]
        yield from _list_turns(first, turns, shown, references)


def _list_turns(
    first: Submission, questions: Sequence[str], answers: Sequence[str], references: Sequence[str]
) -> Iterator[Submission]:
    """Yield a conversation turn by turn; turns without an answer have an empty one.

    Args:
        first: What all turns have in common; its back-translation is the first turn's.
        questions: What was asked.
        answers: What a reader was shown.
        references: Good answers, as far as there are any.
    """
    earlier: tuple[Exchange, ...] = ()
    for question, answer, reference in zip_longest(questions, answers, references[: len(questions)], fillvalue=""):
        back = first.back_translation if not earlier else ""
        yield replace(
            first, question=question, answer=answer, reference=reference, back_translation=back, earlier=earlier
        )
        earlier = (*earlier, Exchange(question, answer, reference))


def _list_silent(found: Sequence[Submission], asked: Asked) -> list[Submission]:
    """Return empty answers to all turns of the benchmark's questions that a system of a file does not answer."""
    languages = {one.system: one.language for one in found}
    answered = {(one.system, one.id) for one in found}
    silent: list[Submission] = []
    for system, language in languages.items():
        for one in asked.questions.values():
            if (system, one.id) not in answered:
                first = Submission(
                    id=one.id, system=system, category=one.category, language=language, question="", answer=""
                )
                silent += _list_turns(first, one.turns, (), one.references)
    return silent


def _open_sample(row: Row) -> Row:
    """Return a sample of lm-evaluation-harness as an answer with its question; any other row as it is."""
    document, replies = row.find("doc"), row.find("filtered_resps")
    if not isinstance(document, dict) or not isinstance(replies, list) or not replies:
        return row
    reply = replies[0][0] if isinstance(replies[0], list) and replies[0] else replies[0]
    return Row(row.origin, {**{fold_key(str(key)): value for key, value in document.items()}, "answer": reply})


def _find_answers(row: Row) -> list[str]:
    """Return what was answered, turn by turn; a row without FastChat's choices answers the first turn."""
    choices = row.find("choices")
    if isinstance(choices, list) and choices and isinstance(choices[0], dict):
        turns = choices[0].get("turns")
        if isinstance(turns, list) and turns and all(isinstance(text, str) for text in turns):
            return turns
    answer = row.find("answer", "text", "response", "output")
    if not isinstance(answer, str):
        raise DataError(
            f"{row.origin} has no answer: expected the field answer, text, response or output, or FastChat's choices."
        )
    return [answer]
