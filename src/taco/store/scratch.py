"""Records that wait on disk for a second look, because they may be more than memory holds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Self

from taco.records import to_json
from taco.store.files import disk_faults


class ScratchFile:
    """A file of records, one a line, that is removed when the context ends; one that a kill left behind is overwritten.

    Args:
        path: The file; its folder is made where missing.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def add(self, record: object) -> None:
        """Add a record at the end."""
        line = to_json(record).encode() + b"\n"
        with disk_faults(self._path):
            self._file.write(line)

    def read_lines(self) -> Iterator[bytes]:
        """Yield all lines that were added, each with its line end. Nothing may be added meanwhile."""
        with disk_faults(self._path):
            self._file.flush()
        with disk_faults(self._path, "read"), self._path.open("rb") as opened:
            yield from opened

    def __enter__(self) -> Self:
        with disk_faults(self._path):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("wb", buffering=1 << 18)
        return self

    def __exit__(self, *_: object) -> None:
        with disk_faults(self._path):
            try:
                self._file.close()
            finally:
                self._path.unlink(missing_ok=True)
