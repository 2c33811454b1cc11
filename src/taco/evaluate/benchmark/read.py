"""Reading benchmarks: FastChat's JSON Lines (Vicuna, MT-bench), the TaCo release's sheets, and any questions of one's own.

| file | what a row holds |
|---|---|
| .jsonl, FastChat | question_id, category, turns; reference (a text for each turn) where there is one |
| .jsonl or .json, own | question, instruction, prompt or text; id, category, reference, input where there are any |
| hf:owner/name[@REVISION][#SPLIT] | the same fields, in a data set of the Hugging Face hub |
| .xlsx | number and question, as the TaCo release has them |

Rows without ids are numbered from 1, as FastChat's and the release's questions are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from taco.errors import DataError
from taco.evaluate.benchmark.question import English, Question
from taco.evaluate.files.hub import is_on_hub, read_hub
from taco.evaluate.files.rows import ID_KEYS, Row, normalise_id, read_rows
from taco.evaluate.files.sheet import read_sheet

_TEXTS = ("question", "instruction", "prompt", "text")
_REFERENCES = ("reference", "reference_answer", "answer", "response", "output")


def read_benchmark(
    path: Path, *, references: Path | None = None, categories: Path | None = None
) -> tuple[Question, ...]:
    """Read a benchmark.

    Args:
        path: The questions.
        references: FastChat's file of reference answers, or any JSON Lines with an id and a reference.
        categories: Another benchmark with the same ids, whose categories are taken where the questions have none: the
            TaCo release's translated questions have numbers only, FastChat's originals say what they are.

    Raises:
        DataError: A file is missing or damaged, a row has no question, or an id stands there twice.
    """
    questions = {question.id: question for question in _check_ids(path, _read_questions(path))}
    if categories is not None:
        named = {question.id: question.category for question in _read_questions(categories)}
        questions = {
            id_: replace(question, category=question.category or named.get(id_, ""))
            for id_, question in questions.items()
        }
    if references is not None:
        for id_, answers in read_references(references).items():
            if id_ in questions:
                questions[id_] = _add_references(questions[id_], answers, references)
    return tuple(questions.values())


def read_references(path: Path) -> dict[str, tuple[str, ...]]:
    """Read reference answers: id -> a text for each turn.

    Raises:
        DataError: The file is missing or damaged, or a row has no text.
    """
    found: dict[str, tuple[str, ...]] = {}
    for row in read_existing_rows(path):
        texts = _list_texts(_find_choice(row), row.origin)
        if not texts:
            raise DataError(f"{row.origin} has no reference: found the fields {', '.join(row.fields)}.")
        found[normalise_id(row.find(*ID_KEYS))] = texts
    return found


def read_existing_rows(path: Path) -> list[Row]:
    """Read the objects of a JSON file, or of a data set of the hub, whose texts can all be written.

    Raises:
        DataError: The file is missing or damaged, the data set cannot be loaded, or a text holds half a character.
    """
    if not is_on_hub(path) and not path.is_file():
        raise DataError(f"{path} is missing.")
    rows = read_hub(path) if is_on_hub(path) else read_rows(path)
    for row in rows:
        check_texts(_list_strings(row.fields), row.origin)
    return rows


def check_texts(texts: Iterable[str], origin: str) -> None:
    """Check that texts can be written as UTF-8.

    Raises:
        DataError: One holds a lone surrogate, which can be sent nowhere and written nowhere.
    """
    for text in texts:
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise DataError(f"{origin} holds half a character (a lone surrogate): {error.reason}.") from None


def _read_questions(path: Path) -> Iterator[Question]:
    if path.suffix.casefold() == ".xlsx" and not is_on_hub(path):
        if not path.is_file():
            raise DataError(f"{path} is missing.")
        for id_, text in read_sheet(path):
            if text.strip():
                yield Question(id=id_, turns=(text.strip(),), origin=f"{path.name}:{id_}")
        return
    for row in read_existing_rows(path):
        turns = _find_turns(row)
        if not turns:
            raise DataError(
                f"{row.origin} has no question: found the fields {', '.join(row.fields)}, "
                f"expected turns or one of {', '.join(_TEXTS)}."
            )
        references = _list_texts(row.find(*_REFERENCES), row.origin)
        question = Question(
            id=normalise_id(row.find(*ID_KEYS)),
            category=row.find_text("category"),
            turns=turns,
            english=English(*(_list_texts(row.find(name), row.origin) for name in ("turns_en", "reference_en"))),
            origin=row.origin,
        )
        yield _add_references(question, references, path) if references else question


def _check_ids(path: Path, questions: Iterator[Question]) -> Iterator[Question]:
    seen: dict[str, str] = {}
    for question in questions:
        if question.id in seen:
            raise DataError(f"{question.origin}: the id {question.id!r} stands in {seen[question.id]} too.")
        seen[question.id] = question.origin
        yield question
    if not seen:
        raise DataError(f"{path} holds no questions.")


def _add_references(question: Question, answers: Sequence[str], path: Path) -> Question:
    if len(answers) > len(question.turns):
        raise DataError(
            f"{path}: the question {question.id} has {len(question.turns)} turns and {len(answers)} references."
        )
    texts = (*answers, *("" for _ in range(len(question.turns) - len(answers))))
    return replace(question, references=texts)


def _find_turns(row: Row) -> tuple[str, ...]:
    if row.find("turns"):
        return _list_texts(row.find("turns"), row.origin)
    turns = _list_texts(row.find(*_TEXTS), row.origin)
    given = row.find_text("input")
    if turns and given.strip():
        return (f"{turns[0]}\n\n{given}", *turns[1:])
    return turns


def _find_choice(row: Row) -> object:
    """Return the texts of a reference; FastChat has them where a model's answers are."""
    choices = row.find("choices")
    if isinstance(choices, list) and choices and isinstance(choices[0], dict):
        return choices[0].get("turns")
    return row.find(*_REFERENCES)


def _list_texts(value: object, origin: str) -> tuple[str, ...]:
    """Return one text or several as a tuple, empty where there is none."""
    if value is None or value == "":
        return ()
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise DataError(f"{origin}: expected a text or a list of texts, found {type(value).__name__}.")
    return tuple(text.strip() for text in texts) if any(text.strip() for text in texts) else ()


def _list_strings(value: object) -> Iterator[str]:
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, dict):
            waiting += [*one.keys(), *one.values()]
        elif isinstance(one, list):
            waiting += one
