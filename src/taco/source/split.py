"""Which rows are kept out of training."""

from __future__ import annotations

import hashlib
import heapq
from array import array
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from taco.errors import DataError
from taco.records import Drop, Row, from_json


def choose_heldout(ids: Sequence[str], *, marked: Collection[str], count: int, seed: int, name: str) -> set[str]:
    """Choose the ids of `count` held-out rows: those with the smallest hash of seed and id.

    So the choice does not depend on the rows' order, and a row that is added or taken away changes at most one place.

    Args:
        ids: Ids of the rows, all different.
        marked: Ids of the rows that the source marks as held out; where there are any, only they are chosen from.
        count: How many to choose.
        seed: The recipe's seed.
        name: How messages call the source.

    Raises:
        DataError: There are not enough rows, or none would be left for training.
    """
    if marked and count > len(marked):
        raise DataError(
            f"{name}: {count} held-out rows were asked for, but of the rows read only {len(marked)} are marked as "
            "held out.",
            hint=f"Ask for at most {len(marked)} (source.heldout), or read more rows (source.limit).",
        )
    if count >= len(ids):
        raise DataError(
            f"{name}: {count} held-out rows were asked for, but there are {len(ids)} different rows; expected at "
            "least one more, to train on.",
            hint="Ask for fewer (source.heldout), or read more rows (source.limit).",
        )
    pool = (row_id for row_id in ids if row_id in marked) if marked else ids
    return set(heapq.nsmallest(count, pool, key=lambda row_id: _hash_id(row_id, seed)))


def _hash_id(row_id: str, seed: int) -> bytes:
    return hashlib.sha256(f"{seed}:{row_id}".encode()).digest()


class Index:
    """What is remembered of each row of a file, in order: some tens of bytes, however long the row is."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self._questions = array("q")

    def add(self, row: Row) -> None:
        """Remember the next row."""
        self.ids.append(row.id)
        self._questions.append(_hash_question(row))

    def __len__(self) -> int:
        return len(self.ids)

    def find(self, lines: Iterable[bytes], ids: Collection[str]) -> list[Row]:
        """Return the rows with certain ids, out of the file's lines."""
        return [from_json(Row, line) for row_id, line in zip(self.ids, lines, strict=True) if row_id in ids]

    def find_asking(self, lines: Iterable[bytes], questions: Sequence[Row], ids: Collection[str]) -> Iterator[Row]:
        """Yield the rows that may ask what one of `questions` asks, and those with certain ids."""
        hashes = {_hash_question(row) for row in questions}
        for row_id, question, line in zip(self.ids, self._questions, lines, strict=True):
            if question in hashes or row_id in ids:
                yield from_json(Row, line)


def _hash_question(row: Row) -> int:
    return hash(row.instruction.casefold())


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Which rows go where.

    Attributes:
        heldout: The held-out rows.
        drops: Row id -> why a row that is not held out is not trained on either.
    """

    heldout: list[Row]
    drops: dict[str, Drop]

    def list_train(self, index: Index, lines: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the lines of the rows to train on."""
        heldout = {row.id for row in self.heldout}
        for row_id, line in zip(index.ids, lines, strict=True):
            if row_id not in heldout and row_id not in self.drops:
                yield line


def split_rows(
    index: Index, chosen: Collection[str], marked: Collection[str], *, lines: Iterable[bytes], again: Iterable[bytes]
) -> Split:
    """Take the chosen rows out, and leave out of training what would give the benchmark away.

    Args:
        index: Of the file of rows.
        chosen: Ids of the rows to hold out.
        marked: Ids of the rows that the source marks as held out.
        lines: The file's lines.
        again: The file's lines a second time.
    """
    heldout = index.find(lines, chosen)
    asked = {row.instruction.casefold(): row for row in heldout}
    drops: dict[str, Drop] = {}
    for row in index.find_asking(again, heldout, marked):
        if row.id in chosen:
            continue
        if same := asked.get(row.instruction.casefold()):
            detail = f"asks what the held-out row {same.id} asks"
            drops[row.id] = _drop(row, "same-instruction-as-heldout", detail)
        elif row.id in marked:
            drops[row.id] = _drop(row, "heldout-not-used", "marked as held out")
    return Split(heldout=heldout, drops=drops)


def _drop(row: Row, reason: str, detail: str) -> Drop:
    return Drop(id=row.id, stage="source", reason=reason, detail=detail, origin=row.origin)
