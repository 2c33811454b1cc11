"""Whether the rows that a run learnt hold a benchmark that it answers.

OUT/learnt.json    which file was looked through, and which rows hold which question (`Learnt`)

Translated rows are held against a benchmark in both of their languages, so questions are found that the benchmark has in
English alone, or that it was translated from.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from pydantic import ConfigDict

from taco.errors import DataError
from taco.evaluate.benchmark.contamination import ContaminationOptions, Detector, Hit
from taco.evaluate.benchmark.decontaminate import read_dicts
from taco.evaluate.benchmark.question import Question
from taco.progress import Progress
from taco.records import from_json, to_json
from taco.store.files import disk_faults, write_atomically
from taco.train.options import TrainOptions
from taco.train.rows import Origin, find_file, list_origins

FILE = "learnt.json"
_ANY_FORMAT = "taco"


@dataclass(frozen=True, slots=True, kw_only=True)
class Learnt:
    """What was found.

    Attributes:
        rows: Rows that were looked through.
        hits: Those that hold a question or a reference.
        overlap, similarity: See `taco.evaluate.benchmark.contamination`.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    rows: int
    hits: tuple[Hit, ...]
    overlap: float
    similarity: float

    @property
    def questions(self) -> tuple[str, ...]:
        """Ids of the questions that were found, each once."""
        return tuple(dict.fromkeys(hit.question for hit in self.hits))

    def describe(self, questions: int) -> str:
        """Say it in a sentence.

        Args:
            questions: Number of the benchmark's questions.

        >>> Learnt(rows=9, hits=(), overlap=0.7, similarity=0.5).describe(80)
        'None of the 9 training rows holds one of the 80 questions or a reference.'
        """
        if not self.hits:
            return f"None of the {self.rows} training rows holds one of the {questions} questions or a reference."
        return (
            f"Of {self.rows} training rows, {len(self.hits)} hold questions of this benchmark or their references: "
            f"{len(self.questions)} of {questions}, {', '.join(self.questions)}."
        )


def note_learnt(
    run: Path, options: TrainOptions, questions: Sequence[Question], *, out: Path, progress: Progress
) -> str:
    """Look through the rows of a run, write what was found into a folder of answers, and say it in a sentence.

    Args:
        run, options, questions, progress: See `look_through`.
        out: The folder; where the rows are gone it holds nothing of it, and the sentence says so.
    """
    try:
        learnt = look_through(run, options, questions, progress=progress)
    except DataError as error:
        (out / FILE).unlink(missing_ok=True)
        return f"Whether the training rows hold the benchmark was not looked at: {error.message}"
    write_learnt(out, learnt)
    return learnt.describe(len(questions)) + (f" See {out / FILE}." if learnt.hits else "")


def look_through(run: Path, options: TrainOptions, questions: Sequence[Question], *, progress: Progress) -> Learnt:
    """Look for a benchmark in the rows of a run, and of the runs that its training drew on.

    Args:
        run: The run folder.
        options: Its training.
        questions: The benchmark.
        progress: Where to say how far it is.

    Raises:
        DataError: A file of rows is missing or damaged.
    """
    thresholds = ContaminationOptions()
    detector = Detector(questions, thresholds)
    rows, hits = 0, []
    with progress.task("Looking for the benchmark in the training rows", total=None, unit="rows") as task:
        for origin, row in _list_rows(run, options):
            rows += 1
            task.advance()
            if hit := detector.find(row, origin=origin):
                hits.append(hit)
    return Learnt(rows=rows, hits=tuple(hits), overlap=thresholds.overlap, similarity=thresholds.similarity)


def write_learnt(folder: Path, learnt: Learnt) -> None:
    """Write what was found into a folder of answers."""
    write_atomically(folder / FILE, [to_json(learnt).encode(), b"\n"])


def read_learnt(folder: Path) -> Learnt | None:
    """Read what was found; None where nobody looked, or the file is damaged."""
    if not (folder / FILE).is_file():
        return None
    with disk_faults(folder / FILE, "read"):
        text = (folder / FILE).read_text(encoding="utf-8", errors="replace")
    try:
        return from_json(Learnt, text)
    except DataError:
        return None


def _list_rows(run: Path, options: TrainOptions) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for path in dict.fromkeys(_find_rows(run / "chain", origin.name) for origin in list_origins(options)):
        yield from read_dicts(path, name=f"{path.parent.parent.name}/{path.parent.name}/{path.name}")


def _find_rows(chain: Path, name: str) -> Path:
    """Return the file of a set of rows: translated ones, which have both languages, where they are there."""
    translated = find_file(Origin(name, _ANY_FORMAT), chain=chain)
    return translated if translated.is_file() else find_file(Origin(name), chain=chain)
