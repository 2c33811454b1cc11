"""Shards: the unit of work of translation. Rows in, a part of the stage's files out, whole or not at all."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, fields
from itertools import islice
from pathlib import Path

from taco.errors import DataError
from taco.records import Row, from_json
from taco.store.files import disk_faults, write_atomically
from taco.translate.window import Tally

NAMES = ("train", "heldout")
"""The files of rows, in `source` and in `translate`, without their ending."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """Some rows that follow each other in a file.

    Attributes:
        name: The file's name without its ending: "train".
        number: Number of the shard in that file, from 0.
        first_line: Number of its first row's line in the file, from 1.
        lines: The rows, as JSON.
    """

    name: str
    number: int
    first_line: int
    lines: tuple[bytes, ...]

    @property
    def key(self) -> str:
        """Its name among the parts."""
        return f"{self.name}-{self.number:06d}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What became of a shard.

    Attributes:
        key: The shard's.
        rows: The translated rows, as JSON, in order.
        drops: The rows that were dropped, as JSON, in order.
        tally: What was done.
        engines: Signatures of the engines that translated its rows.
        missing: What was said of the engines that are missing.
    """

    key: str
    rows: tuple[str, ...]
    drops: tuple[str, ...]
    tally: Tally
    engines: tuple[str, ...]
    missing: tuple[str, ...] = ()


def cut_shards(path: Path, *, rows: int) -> Iterator[Shard]:
    """Cut a file of rows into shards.

    Raises:
        DataError: The file is missing.
    """
    try:
        opened = path.open("rb")
    except FileNotFoundError as error:
        raise DataError(f"{path} is missing.", hint="Run the stage that writes it: taco run RECIPE.") from error
    with opened:
        number = 0
        while lines := tuple(islice(opened, rows)):
            yield Shard(name=path.stem, number=number, first_line=number * rows + 1, lines=lines)
            number += 1


def read_rows(shard: Shard) -> list[Row]:
    """Read the rows of a shard.

    Raises:
        DataError: A row is malformed.
    """
    return [
        from_json(Row, line, origin=f"{shard.name}.jsonl:{number}")
        for number, line in enumerate(shard.lines, start=shard.first_line)
    ]


class PartFolder:
    """The parts of a stage that is not finished.

    Args:
        root: The folder; its name should tell what decides how rows are cut into shards.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def has(self, key: str) -> bool:
        """Whether a part is there, which it is only as a whole."""
        return self._find(key).is_file()

    def write(self, part: Part) -> None:
        """Keep a part, whole or not at all."""
        head = {
            "tally": asdict(part.tally),
            "engines": part.engines,
            "missing": part.missing,
            "rows": len(part.rows),
            "drops": len(part.drops),
        }
        lines = (json.dumps(head), *part.rows, *part.drops)
        write_atomically(self._find(part.key), (f"{line}\n".encode() for line in lines))

    def list_keys(self, name: str) -> list[str]:
        """Return the parts of a file that are there, in order."""
        return sorted(path.stem for path in self.root.glob(f"{name}-*.jsonl"))

    def read_lines(self, keys: Iterable[str], *, drops: bool) -> Iterator[bytes]:
        """Yield the rows of parts, or the dropped ones, each with its line end."""
        for key in keys:
            with disk_faults(self._find(key), "read"), self._find(key).open("rb") as opened:
                head = json.loads(next(opened))
                yield from islice(opened, head["rows"], None) if drops else islice(opened, head["rows"])

    def sum_up(self, keys: Iterable[str]) -> tuple[Tally, list[str], list[str]]:
        """Return what was done for parts together, the engines' signatures, and what was said of missing ones."""
        total = Tally()
        engines: dict[str, None] = {}
        missing: dict[str, None] = {}
        for key in keys:
            with disk_faults(self._find(key), "read"), self._find(key).open("rb") as opened:
                head = json.loads(next(opened))
            for one in fields(Tally):
                setattr(total, one.name, getattr(total, one.name) + head["tally"][one.name])
            engines.update(dict.fromkeys(head["engines"]))
            missing.update(dict.fromkeys(head["missing"]))
        return total, list(engines), list(missing)

    def remove(self) -> None:
        """Remove all parts."""
        with disk_faults(self.root, "remove"):
            if self.root.exists():
                shutil.rmtree(self.root)

    def _find(self, key: str) -> Path:
        return self.root / f"{key}.jsonl"
