"""Reading benchmarks: FastChat's JSON Lines (Vicuna, MT-bench), the TaCo release's sheets, and any questions of one's own.

| file | what a row holds |
|---|---|
| .jsonl, FastChat | question_id, category, turns; reference (a text for each turn) where there is one |
| .jsonl, own | question, instruction, prompt or text; id, category, reference, input where there are any |
| .xlsx | a sheet whose first row names columns; number and question, as the TaCo release has them |

A row without an id is numbered from 1, as FastChat's and the release's questions are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from taco.errors import DataError
from taco.evaluate.benchmark.question import Question
from taco.evaluate.benchmark.rows import read_rows

_IDS = ("question_id", "id")
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
        DataError: The file is missing or damaged, or a row has no id or no text.
    """
    found: dict[str, tuple[str, ...]] = {}
    for origin, row in read_rows(path):
        id_ = _find_id(row)
        texts = _list_texts(_find_choice(row), origin)
        if not id_ or not texts:
            raise DataError(f"{origin}: a reference needs an id and a text; found the fields {', '.join(row)}.")
        found[id_] = texts
    return found


def _read_questions(path: Path) -> Iterator[Question]:
    for number, (origin, row) in enumerate(read_rows(path), start=1):
        turns = _find_turns(row, origin)
        if not turns:
            raise DataError(
                f"{origin} has no question: found the fields {', '.join(map(str, row))}, "
                f"expected turns or one of {', '.join(_TEXTS)}.",
            )
        references = _list_texts(next((row[name] for name in _REFERENCES if row.get(name)), None), origin)
        question = Question(
            id=_find_id(row) or str(number), category=str(row.get("category") or ""), turns=turns, origin=origin
        )
        yield _add_references(question, references, path) if references else question


def _check_ids(path: Path, questions: Iterator[Question]) -> Iterator[Question]:
    seen: dict[str, str] = {}
    for question in questions:
        if question.id in seen:
            raise DataError(f"{question.origin}: the id {question.id} stands in {seen[question.id]} too.")
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


def _find_id(row: Mapping[str, Any]) -> str:
    value = next((row[name] for name in _IDS if row.get(name) is not None), None)
    if isinstance(value, float) and value.is_integer():  # a sheet knows no whole numbers
        value = int(value)
    return "" if value is None else str(value).strip()


def _find_turns(row: Mapping[str, Any], origin: str) -> tuple[str, ...]:
    if row.get("turns"):
        return _list_texts(row["turns"], origin)
    text = next((row[name] for name in _TEXTS if row.get(name)), None)
    turns = _list_texts(text, origin)
    given = row.get("input")
    if turns and isinstance(given, str) and given.strip():
        return (f"{turns[0]}\n\n{given}", *turns[1:])
    return turns


def _find_choice(row: Mapping[str, Any]) -> Any:
    """Return the texts of a reference; FastChat has them where a model's answers are."""
    choices = row.get("choices")
    if isinstance(choices, list) and choices and isinstance(choices[0], dict):
        return choices[0].get("turns")
    return next((row[name] for name in _REFERENCES if row.get(name)), None)


def _list_texts(value: Any, origin: str) -> tuple[str, ...]:
    """Return one text or several as a tuple, empty where there is none."""
    if value is None or value == "":
        return ()
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise DataError(f"{origin}: expected a text or a list of texts, found {type(value).__name__}.")
    return tuple(text.strip() for text in texts) if any(text.strip() for text in texts) else ()
