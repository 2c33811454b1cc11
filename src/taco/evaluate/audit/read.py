"""Finding judgement files, and what lies beside them, and reading them into sets."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

from taco.errors import DataError, RecipeError
from taco.evaluate.audit import authors, fastchat, own, pairs
from taco.evaluate.audit.judgement import Judgement, JudgementSet, Key
from taco.evaluate.files.questions import Question, read_questions
from taco.evaluate.files.raw_answers import RawAnswer, find_answers_language, read_raw_answers
from taco.evaluate.files.rows import Row, read_rows
from taco.languages.table import find_language

_NAMED = re.compile(r"judge?ment|_single\b|_pair\b|^verdicts\b", re.IGNORECASE)
_BESIDE = ("responses", "answers", "outputs", "raw")
_SHEETS = ("questions.xlsx", "questions.jsonl", "questions.json", "question.jsonl")
_DEPTH = 3
"""Folders below the given one that are looked into."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One judgement file with what belongs to it.

    Attributes:
        name: How its sets are called.
        path: The file.
        sets: The judgements by model, turn and judge; one set where the file does not tell any apart.
        pair_rows: Pairwise judgements.
        notes: What could not be used, as sentences.
    """

    name: str
    path: Path
    sets: tuple[JudgementSet, ...]
    pair_rows: tuple[Row, ...]
    notes: tuple[str, ...]


def find_files(path: Path) -> list[Path]:
    """Return the judgement files that a path names: itself, or those in the folder and the folders below.

    Raises:
        DataError: There are none.
    """
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise DataError(f"{path} does not exist.", hint="Expected a judgement file, or a folder that holds some.")
    patterns = ["/".join(["*"] * depth) for depth in range(1, _DEPTH + 1)]
    files = sorted(
        file
        for pattern in patterns
        for file in path.glob(pattern)
        if file.suffix in (".json", ".jsonl") and _NAMED.search(file.name)
    )
    if not files:
        raise DataError(f"{path} holds no judgement file.", hint="Name the file itself, whatever it is called.")
    return files


def read_source(
    path: Path, *, answers: Path | None = None, questions: Path | None = None, language: str | None = None
) -> Source:
    """Read one judgement file with raw answers and questions: those that are given, or that lie beside it.

    Args:
        path: The file.
        answers: Folder or file of raw answers.
        questions: File of questions.
        language: The target language; read off the answers or the folder's name if not given.

    Raises:
        DataError: A file cannot be read, or the first holds no judgements.
        RecipeError: There is no such language.
    """
    rows = read_rows(path)
    pair_rows = tuple(row for row in rows if pairs.is_pair(row))
    single = [row for row in rows if own.is_own(row) or fastchat.is_fastchat(row) or authors.is_judgement(row)]
    if not single and not pair_rows:
        raise DataError(
            f"{path} holds no judgements.",
            hint=f"Expected objects with one of the fields {', '.join(authors.TEXTS[:2])}, and a rating.",
        )
    notes: list[str] = []
    other = len(rows) - len(single) - len(pair_rows)
    if other:
        notes.append(f"{other} rows are no judgements and were passed over")
    if any(own.is_own(row) for row in single):
        notes.append(own.NOTE)
    asked = _read_questions(path, questions, notes)
    sets = [
        JudgementSet(name=" ".join([_name_file(path), *key]), path=str(path), rows=tuple(judged))
        for key, judged in _group(single, asked).items()
    ]
    beside = _read_beside(path, answers, notes)
    target = _find_target(path, beside, language, notes)
    texts = {identity: question.text for identity, question in asked.items()}
    return Source(
        name=_name_file(path),
        path=path,
        sets=tuple(replace(judged, answers=beside, questions=texts, language=target) for judged in sets),
        pair_rows=pair_rows,
        notes=tuple(notes),
    )


def _name_file(path: Path) -> str:
    """Call a set by its folder; by file where the folder has a general name."""
    folder = path.resolve().parent.name
    return folder if folder and _NAMED.search(path.stem) and not _NAMED.search(folder) else path.stem


def _group(rows: list[Row], questions: dict[str, Question]) -> dict[Key, list[Judgement]]:
    groups: dict[Key, list[Judgement]] = {}
    for row in rows:
        key, judged = _read_row(row)
        question = questions.get(judged.id)
        if question is not None and question.category and not row.find_text("category"):
            judged = replace(judged, category=question.category)
        groups.setdefault(key, []).append(judged)
    return groups


def _read_row(row: Row) -> tuple[Key, Judgement]:
    if own.is_own(row):
        return own.read_key(row), own.read_own(row)
    if fastchat.is_fastchat(row):
        return fastchat.read_key(row), fastchat.read_fastchat(row)
    return (), authors.read_judgement(row)


def _read_beside(path: Path, answers: Path | None, notes: list[str]) -> dict[str, str]:
    """Read the raw answers, those that were named or that lie beside the file."""
    if answers is None:
        names = [name + suffix for name in _BESIDE for suffix in ("", ".jsonl", ".json")]
        answers = next((path.parent / name for name in names if (path.parent / name).exists()), None)
        if answers is None:
            notes.append("no raw answers at hand: name them with --answers")
            return {}
    return {answer.id: answer.text for answer in read_raw_answers(answers)}


def _read_questions(path: Path, questions: Path | None, notes: list[str]) -> dict[str, Question]:
    if questions is not None:
        return read_questions(questions)
    beside = next((path.parent / name for name in _SHEETS if (path.parent / name).is_file()), None)
    if beside is None:
        return {}
    try:
        return read_questions(beside)
    except DataError as error:
        notes.append(f"{beside.name} was not read: {error.hint or error.message}")
        return {}


def _find_target(path: Path, answers: dict[str, str], language: str | None, notes: list[str]) -> str:
    """Find the language: as given, by the labels in the raw answers, or by the name of folder or file."""
    if language is not None:
        return find_language(language).code
    found = find_answers_language(RawAnswer(id=identity, text=text) for identity, text in answers.items())
    if found is not None:
        return found.code
    words = [path.resolve().parent.name, *re.split(r"[\W_]+", path.stem)]
    for word in words:
        try:
            named = find_language(word)
        except RecipeError:
            continue
        if len(word) > 3 and named.name.casefold().startswith(word.casefold()):
            return named.code
    notes.append("the language is unknown, so answers in another one are not looked for: name it with --language")
    return ""
