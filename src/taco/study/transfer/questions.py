"""What is asked: questions in English, and the files of languages that have them without an engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from taco.errors import DataError
from taco.evaluate.benchmark.question import Question
from taco.evaluate.benchmark.read import read_benchmark
from taco.evaluate.files.hub import digest_read
from taco.languages.table import find_language
from taco.records import Drop, Row, StageCount, TranslatedRow
from taco.store.jsonl import read_records, write_records
from taco.study.transfer.lender import Lender
from taco.study.transfer.options import TransferStudy

NOT_IN_FILE = "not-in-file"
"""Reason of a question that a language's own file does not have."""

_SHOWN = 3
"""Ids that a message about a file without the right ones shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """The questions in one language, from a file.

    Attributes:
        name: The file's name.
        digest: SHA-256 of the file.
        by_id: Id -> question; the reference, if there is one, is in the same language.
    """

    name: str
    digest: str
    by_id: Mapping[str, Question]

    @property
    def signature(self) -> str:
        """What stands where an engine's signature would."""
        return f"given in {self.name} (SHA-256 {self.digest[:12]})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Questions:
    """What is asked in every language.

    Attributes:
        rows: The questions in English, with their references where there are any.
        origin: What they are, for a reader.
        decides: What decides them.
        given: Code of a language -> the same questions in it, where no engine is to translate them.
    """

    rows: tuple[Row, ...]
    origin: str
    decides: tuple[Any, ...]
    given: Mapping[str, Given]


def read_questions(study: TransferStudy, lender: Lender) -> Questions:
    """Read the questions in English and those files of other languages that the study names.

    Raises:
        DataError: A file is missing or damaged, or has none of the questions' ids.
    """
    most, decides = study.questions, tuple[Any, ...]()
    if study.english is None:
        rows = tuple(islice(read_records(lender.run / "source" / "heldout.jsonl", Row), most))
        origin, decides = f"held-out rows of {lender.recipe.run_name}", (lender.heldout, most)
    else:
        found = read_benchmark(study.english, references=study.references)
        rows = tuple(make_row(question) for question in found[:most])
        files = [path for path in (study.english, study.references) if path is not None]
        origin, decides = f"questions of {study.english.name}", (*map(digest_read, files), most)
    given = {code: read_given(path, rows, language=find_language(code).name) for code, path in study.benchmarks.items()}
    return Questions(rows=rows, origin=f"{len(rows)} {origin}", decides=decides, given=given)


def read_given(path: Path, rows: tuple[Row, ...], *, language: str) -> Given:
    """Read the questions in one language.

    Args:
        path: A benchmark, see `taco.evaluate.benchmark.read`.
        rows: The questions in English, some of whose ids it has to have.
        language: Name of the language, for messages.

    Raises:
        DataError: The file is missing or damaged, or has none of the ids.
    """
    by_id = {question.id: question for question in read_benchmark(path)}
    if not any(row.id in by_id for row in rows):
        expected, found = (", ".join(list(ids)[:_SHOWN]) for ids in ([row.id for row in rows], by_id))
        raise DataError(
            f"{path} has none of the questions that are asked in {language}: expected ids such as {expected}, found {found}.",
            hint="Name the questions in English with the same ids: english = FILE; without it the run's held-out rows are asked.",
        )
    return Given(name=path.name, digest=digest_read(path), by_id=by_id)


def make_row(question: Question) -> Row:
    """Return the first turn of a question in English, with its reference, as a row.

    Raises:
        DataError: The first turn is empty.
    """
    if not question.text:
        raise DataError(f"{question.origin}: the first turn of the question {question.id} is empty.")
    return Row(
        id=question.id,
        instruction=question.text,
        input="",
        response=question.reference,
        category=question.category,
        origin=question.origin,
    )


def take_given(given: Given, *, source: Path, out: Path, language: str) -> StageCount:
    """Do what `translate` does, with questions that are translated already: first turns, and references where there are any.

    Args:
        given: The questions in the language.
        source: Folder with heldout.jsonl, the questions in English.
        out: Where the files of `translate` go.
        language: Code of the language.
    """
    rows = list(read_records(source / "heldout.jsonl", Row))
    asked = {row.id: given.by_id[row.id] for row in rows if row.id in given.by_id and given.by_id[row.id].text}
    drops = [
        Drop(id=row.id, stage="translate", reason=NOT_IN_FILE, detail=f"{given.name} lacks it", origin=row.origin)
        for row in rows
        if row.id not in asked
    ]
    write_records(out / "train.jsonl", [])
    write_records(
        out / "heldout.jsonl", [_pair(row, asked[row.id], given, language) for row in rows if row.id in asked]
    )
    write_records(out / "phrases.jsonl", [])
    write_records(out / "dropped.jsonl", drops)
    return StageCount(
        rows_in=len(rows),
        rows_kept=len(asked),
        dropped={NOT_IN_FILE: len(drops)} if drops else {},
        counters={"engine": given.signature},
    )


def _pair(row: Row, question: Question, given: Given, language: str) -> TranslatedRow:
    return TranslatedRow(
        id=row.id,
        language=language,
        category=row.category,
        instruction_en=row.instruction,
        input_en=row.input,
        response_en=row.response,
        instruction=question.text,
        input="",
        response=question.reference,
        words=0,
        unknown_words=0,
        engine=given.signature,
    )
