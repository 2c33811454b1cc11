"""The systems whose answers are judged: the arms of a run, or files of answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from taco.chain.formats import find_template
from taco.chain.parse import parse_chain
from taco.errors import DataError
from taco.evaluate.benchmark.question import Question
from taco.evaluate.benchmark.read import read_existing_rows
from taco.evaluate.case import build_case
from taco.evaluate.files.rows import ID_KEYS, Row, fold_key, normalise_id
from taco.evaluate.judge.submission import Submission
from taco.languages.table import find_language
from taco.records import ARMS, Answer, Example
from taco.store.jsonl import read_records


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What answers without their own question belong to.

    Attributes:
        questions: Id -> question; empty where every answer brings its own.
        language: Code of the language that answers should be in; "" where every answer says it.
        template: Name of the template that the chains in a file of answers were made with.
    """

    questions: Mapping[str, Question]
    language: str = ""
    template: str = "taco"


def read_systems(paths: Sequence[Path], asked: Asked) -> list[Submission]:
    """Read the answers of all systems.

    A run's arms are called `base` and `tuned`, after the run where there are several paths; the answers of a file are
    called after what the file says, else after the file. A question that a system does not answer, of a run's held-out rows
    or of the benchmark, has an empty answer: silence is no excuse. A row whose template asks for nothing in the target language
    is left out.

    Raises:
        DataError: A file is missing or damaged, an answer has no question, or a system answers a question twice.
    """
    submissions: list[Submission] = []
    for path in paths:
        found = list(_read_run(path) if path.is_dir() else _read_file(path, asked))
        if not path.is_dir():
            found += _list_silent(found, asked)
        prefix = f"{path.name.removesuffix('.jsonl')}/" if len(paths) > 1 and path.is_dir() else ""
        submissions += [replace(one, system=prefix + one.system) for one in found]
    seen: set[tuple[str, str]] = set()
    for one in submissions:
        if (one.system, one.id) in seen:
            raise DataError(
                f"The system {one.system} answers the question {one.id} twice.",
                hint='Name the systems apart: the field "system" of each answer, or the file\'s name.',
            )
        seen.add((one.system, one.id))
    if not submissions:
        raise DataError(f"There are no answers in {', '.join(map(str, paths))}.")
    return submissions


def find_target_section(text: str, *, language: str, template: str) -> str:
    """Return what a reader would be shown: of a chain the target section, "" where it has none; else the whole text.

    >>> find_target_section("Response in English: Hi\\nResponse in Galician: Ola", language="gl", template="taco")
    'Ola'
    >>> find_target_section("Ola", language="gl", template="taco")
    'Ola'
    """
    parsed = parse_chain(text, template=template, language=find_language(language))
    return text.strip() if parsed.state == "no-chain" else parsed.response


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
        texts = {
            "question": row.find_text("question", "instruction", "prompt") or (question.text if question else ""),
            "answer": _find_answer(row),
            "category": row.find_text("category") or (question.category if question else ""),
            "reference": row.find_text("reference") or (question.reference if question else ""),
            "back_translation": row.find_text("back_translation"),
        }
        if not texts["question"].strip():
            raise DataError(
                f"{row.origin}: the answer {id_} has no question.",
                hint="Give the benchmark with --benchmark, or each answer its own field question.",
            )
        language = row.find_text("language") or asked.language
        if not language:
            raise DataError(
                f"{row.origin}: nobody says in which language the answer should be.", hint="Give --language."
            )
        texts["answer"] = find_target_section(texts["answer"], language=language, template=asked.template)
        system = row.find_text("system", "model_id", "arm") or path.name.removesuffix(".jsonl")
        yield Submission(id=id_, system=system, language=find_language(language).code, **texts)


def _list_silent(found: Sequence[Submission], asked: Asked) -> list[Submission]:
    """Return an empty answer for each question of the benchmark that a system of a file does not answer."""
    languages = {one.system: one.language for one in found}
    answered = {(one.system, one.id) for one in found}
    return [
        Submission(
            id=question.id,
            system=system,
            category=question.category,
            language=language,
            question=question.text,
            answer="",
            reference=question.reference,
        )
        for system, language in languages.items()
        for question in asked.questions.values()
        if (system, question.id) not in answered
    ]


def _open_sample(row: Row) -> Row:
    """Return a sample of lm-evaluation-harness as an answer with its question; any other row as it is."""
    document, replies = row.find("doc"), row.find("filtered_resps")
    if not isinstance(document, dict) or not isinstance(replies, list) or not replies:
        return row
    reply = replies[0][0] if isinstance(replies[0], list) and replies[0] else replies[0]
    return Row(row.origin, {**{fold_key(str(key)): value for key, value in document.items()}, "answer": reply})


def _find_answer(row: Row) -> str:
    choices = row.find("choices")
    if isinstance(choices, list) and choices and isinstance(choices[0], dict):
        turns = choices[0].get("turns")
        if isinstance(turns, list) and turns and isinstance(turns[0], str):
            return turns[0]
    answer = row.find("answer", "text", "response", "output")
    if not isinstance(answer, str):
        raise DataError(
            f"{row.origin} has no answer: expected the field answer, text, response or output, or FastChat's choices."
        )
    return answer
