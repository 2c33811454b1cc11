"""The rows of a finished run: what its stages know of each, put together while it is read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Generic, Protocol, TypeVar

from taco.errors import DataError
from taco.publish.dataset.licences import name_origin, state_licence
from taco.publish.dataset.options import DatasetOptions
from taco.publish.dataset.run_record import RunRecord
from taco.records import Example, Figures, Row, TranslatedRow
from taco.store.jsonl import read_records

SPLITS = {"train": "train", "test": "heldout"}
"""Split of the data set -> name of its files in a run folder."""


class _Identified(Protocol):
    @property
    def id(self) -> str: ...


RecordT = TypeVar("RecordT", bound=_Identified)


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedRow:
    """All that is known of one row.

    Attributes:
        example: Its prompt and chain.
        translated: Its texts in both languages.
        origin: Where it is from, see `show_origin`.
        licence: The licence of its English texts.
        figures: What the quality gate measured; None without a gate.
    """

    example: Example
    translated: TranslatedRow
    origin: str
    licence: str
    figures: Figures | None

    @property
    def instruction(self) -> str:
        """The instruction as the chain answers it, with the length rule where the recipe appends it."""
        given = self.translated.input
        return self.example.prompt.removesuffix(f"\n\n{given}") if given else self.example.prompt


class _Follower(Generic[RecordT]):
    """Finds records by id in a file that has the rows asked for in the same order, and maybe more of them."""

    def __init__(self, path: Path, kind: type[RecordT]) -> None:
        self._path = path
        self._records = read_records(path, kind)

    def find(self, row_id: str) -> RecordT:
        """Return the record of a row; the records before it are passed over.

        Raises:
            DataError: It is not among the records that follow.
        """
        for record in self._records:
            if record.id == row_id:
                return record
        raise DataError(
            f"{self._path} does not hold the row {row_id}, or not in the order of the chains.",
            hint="The files of a run belong together; write them again: taco run RECIPE --again source --until chain.",
        )


def read_rows(run: RunRecord, *, source_path: str, options: DatasetOptions) -> Iterator[tuple[str, PublishedRow]]:
    """Yield (split, row) for every row of a run, in the order of its files, holding one row at a time.

    Args:
        run: A finished run.
        source_path: `source.path` of its recipe.
        options: Say the licence of its source.

    Raises:
        DataError: A file is missing or damaged, or the files do not belong together.
    """
    figures = _Follower(run.gate / "figures.jsonl", Figures) if run.gate else None
    for split, name in SPLITS.items():
        translated = _Follower(run.translated / f"{name}.jsonl", TranslatedRow)
        sources = _Follower(run.source / f"{name}.jsonl", Row)
        for example in read_records(run.chain / f"{name}.jsonl", Example):
            origin = sources.find(example.row_id).origin
            yield (
                split,
                PublishedRow(
                    example=example,
                    translated=translated.find(example.row_id),
                    origin=show_origin(origin),
                    licence=state_licence(origin, path=source_path, stated=options.source_licence),
                    figures=figures.find(example.row_id) if figures else None,
                ),
            )


def show_origin(origin: str) -> str:
    """Return an origin fit to be published: an absolute path tells strangers about a machine, so its folders are left out.

    >>> show_origin("/home/ann/rows.jsonl:3"), show_origin("rows/my.jsonl:3"), show_origin("hf:owner/name:3")
    ('rows.jsonl:3', 'rows/my.jsonl:3', 'hf:owner/name:3')
    """
    name = name_origin(origin)
    if PurePath(name).is_absolute() or name.startswith("~"):
        return PurePath(name).name + origin.removeprefix(name)
    return origin
