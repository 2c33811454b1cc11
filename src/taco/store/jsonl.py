"""Records as JSON Lines: whole files, and logs that survive a kill at any moment."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Generic, TypeVar

from taco.errors import DataError
from taco.records import from_json, to_json
from taco.store.files import disk_faults, write_atomically

RecordT = TypeVar("RecordT")


def write_records(path: Path, records: Iterable[object]) -> int:
    """Write records, one a line, all or nothing; return how many."""
    count = 0

    def lines() -> Iterator[bytes]:
        nonlocal count
        for record in records:
            count += 1
            yield to_json(record).encode() + b"\n"

    write_atomically(path, lines())
    return count


def read_records(path: Path, kind: type[RecordT]) -> Iterator[RecordT]:
    """Yield the records of a file.

    Raises:
        DataError: A line does not fit, named by file and line; or the file is missing.
    """
    try:
        opened = path.open("rb")
    except FileNotFoundError as error:
        raise DataError(f"{path} is missing.", hint="Run the stage that writes it: taco run RECIPE.") from error
    with opened:
        for number, line in enumerate(opened, start=1):
            yield from_json(kind, line, origin=f"{path}:{number}")


def count_records(path: Path) -> int:
    """Count the records of a file without reading them; 0 where it is missing, for reading it says so."""
    if not path.exists():
        return 0
    with disk_faults(path, "read"), path.open("rb") as opened:
        return sum(chunk.count(b"\n") for chunk in iter(lambda: opened.read(1 << 20), b""))


class RecordLog(Generic[RecordT]):
    """An append-only file of records that a killed run goes on with.

    A last line without a line end is what a kill leaves behind; it is cut off when the log is opened.

    Args:
        path: The file; made where missing.
        kind: Class of the records.
    """

    def __init__(self, path: Path, kind: type[RecordT]) -> None:
        self.path, self.kind = path, kind
        with disk_faults(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("ab+")
            self._cut_torn_line()
        self.records: list[RecordT] = list(read_records(path, kind))

    def append(self, records: Iterable[RecordT]) -> None:
        """Add records and wait until they are on the disk."""
        new = list(records)
        with disk_faults(self.path):
            self._file.write(b"".join(to_json(record).encode() + b"\n" for record in new))
            self._file.flush()
            os.fsync(self._file.fileno())
        self.records.extend(new)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> RecordLog[RecordT]:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _cut_torn_line(self) -> None:
        content = self.path.read_bytes()
        whole = content.rfind(b"\n") + 1
        if whole != len(content):
            self._file.truncate(whole)
