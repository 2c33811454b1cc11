"""Training rows in, those that do not hold a benchmark out, and a list of those that do."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from taco.errors import DataError
from taco.evaluate.benchmark.contamination import ContaminationOptions, Detector, Hit
from taco.evaluate.benchmark.question import Question
from taco.progress import Progress
from taco.source.draft import Fault
from taco.source.json_file import read_json_file
from taco.store.files import write_atomically
from taco.store.jsonl import write_records


@dataclass(frozen=True, slots=True)
class Contamination:
    """What was found.

    Attributes:
        rows: Rows that were read.
        hits: Those that hold a question or a reference, in the order of the file.
    """

    rows: int
    hits: tuple[Hit, ...]

    @property
    def questions(self) -> tuple[str, ...]:
        """Ids of the questions that are in the rows, in the order in which they were found."""
        return tuple(dict.fromkeys(hit.question for hit in self.hits))


@dataclass(slots=True)
class _Tally:
    rows: int = 0
    hits: list[Hit] = field(default_factory=list)


def decontaminate(
    rows: Path,
    questions: Sequence[Question],
    *,
    options: ContaminationOptions,
    out: Path | None,
    progress: Progress,
    kept: Sequence[Path] = (),
) -> Contamination:
    """Find the rows of a file that hold a benchmark's questions or references.

    Args:
        rows: A JSON array or JSON Lines of objects, in any form.
        questions: The benchmark.
        options: From where on a row counts as contaminated.
        out: Where the other rows go as JSON Lines, the hits beside it as NAME.contaminated.jsonl; None for neither.
        progress: Where to say how far it is.
        kept: Further files that `out` must not overwrite.

    Raises:
        DataError: The file is missing or damaged, or what would be written is a file that is read.
    """
    tally = _Tally()
    with progress.task("Looking for the benchmark", total=None, unit="rows") as task:

        def keep() -> Iterator[bytes]:
            for origin, row in read_dicts(rows, name=rows.name):
                tally.rows += 1
                task.advance()
                hit = detector.find(row, origin=origin)
                if hit is None:
                    yield _write_row(row, origin)
                else:
                    tally.hits.append(hit)

        detector = Detector(questions, options)
        if out is None:
            for _ in keep():
                pass
        else:
            listed = out.with_suffix(".contaminated.jsonl")
            if read := {path.resolve() for path in (rows, *kept)} & {out.resolve(), listed.resolve()}:
                raise DataError(f"{min(read)} is a file that is read.", hint="Give --out another name.")
            write_atomically(out, keep())
            write_records(listed, tally.hits)
    return Contamination(tally.rows, tuple(tally.hits))


def _write_row(row: dict[str, Any], origin: str) -> bytes:
    try:
        return json.dumps(row, ensure_ascii=False).encode() + b"\n"
    except UnicodeEncodeError:
        raise DataError(f"{origin} holds bytes that are no UTF-8.") from None


def read_dicts(path: Path, *, name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the objects of a JSON array or of JSON Lines, each with "NAME:line".

    Raises:
        DataError: The file is missing or damaged, or holds something else.
    """
    if not path.is_file():
        raise DataError(f"{path} is missing.")
    for found in read_json_file(path, name=name):
        if isinstance(found.value, Fault):
            raise DataError(f"{found.origin}: {found.value}.")
        if not isinstance(found.value, dict):
            raise DataError(f"{found.origin}: expected an object, found {type(found.value).__name__}.")
        yield found.origin, found.value
