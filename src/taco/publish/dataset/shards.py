"""Parquet shards whose bytes depend on their rows and the version of pyarrow only."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from taco.errors import PublishError
from taco.publish.dataset.columns import Column, Value
from taco.publish.dataset.rows import PublishedRow
from taco.store.files import disk_faults

ROW_GROUP_ROWS = 2_000
"""Rows that are held in memory before they are written."""

ROW_GROUP_CHARACTERS = 8_000_000
"""Characters that are, at most one row more: rows may be long."""

COMPRESSION_LEVEL = 3
"""zstd's own default, set here so that it stays."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardLimits:
    """When a shard ends.

    Attributes:
        rows: Rows that it has at most.
        bytes: It is ended by the row group that brings it to this size.
    """

    rows: int
    bytes: int


def require_pyarrow() -> str:
    """Check that pyarrow and PyYAML are there, and return pyarrow's version.

    Raises:
        PublishError: One of them is missing.
    """
    modules = {"pyarrow": "pyarrow", "yaml": "PyYAML"}
    missing = [package for module, package in modules.items() if importlib.util.find_spec(module) is None]
    if missing:
        raise PublishError(
            f"Writing a data set needs {' and '.join(missing)}, not installed here.",
            hint="Install taco-llm[dataset] to use `taco dataset`: pip install 'taco-llm[dataset]'",
        )
    import pyarrow

    return str(pyarrow.__version__)


class ShardWriter:
    """Writes the rows of one split of one configuration.

    How many shards there are is in their names and known at the end only, so they get their names in `finish`. As a
    context manager it lets go of its file whatever happens; without `finish` there is no shard.

    Args:
        folder: Where the shards go; made where missing.
        split: Name of the split, with which the names begin.
        columns: What is written of each row.
        limits: When a shard ends.
    """

    def __init__(self, folder: Path, split: str, *, columns: Sequence[Column], limits: ShardLimits) -> None:
        import pyarrow

        self._folder, self._split, self._limits = folder, split, limits
        self._columns = columns
        self._schema = pyarrow.schema([(column.name, getattr(pyarrow, column.kind)()) for column in columns])
        self._values: list[list[Value]] = [[] for _ in columns]
        self._characters = 0
        self._shard_rows = 0
        self._shards: list[Path] = []
        self._file: Any = None
        self._writer: Any = None
        with disk_faults(folder):
            folder.mkdir(parents=True, exist_ok=True)

    def append(self, row: PublishedRow) -> None:
        """Add a row."""
        for column, values in zip(self._columns, self._values, strict=True):
            value = column.read(row)
            values.append(value)
            if isinstance(value, str):
                self._characters += len(value)
        held = len(self._values[0])
        if (
            held == ROW_GROUP_ROWS
            or self._characters >= ROW_GROUP_CHARACTERS
            or self._shard_rows + held == self._limits.rows
        ):
            self._write_group()

    def finish(self) -> list[Path]:
        """Write what is held, give the shards their names and return them; none for a split without rows."""
        if self._values[0]:
            self._write_group()
        self._end_shard()
        named = []
        for number, path in enumerate(self._shards):
            name = self._folder / f"{self._split}-{number:05}-of-{len(self._shards):05}.parquet"
            with disk_faults(name):
                path.replace(name)
            named.append(name)
        return named

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._writer.is_open = False  # else it writes a footer, into a file that is closed, when it is collected
            self._file.close()

    def _write_group(self) -> None:
        import pyarrow

        arrays = [
            pyarrow.array(values, type=field.type) for values, field in zip(self._values, self._schema, strict=True)
        ]
        rows = len(self._values[0])
        with disk_faults(self._folder):
            if self._writer is None:
                self._begin_shard()
            self._writer.write_batch(pyarrow.RecordBatch.from_arrays(arrays, schema=self._schema), row_group_size=rows)
        self._values = [[] for _ in self._columns]
        self._characters = 0
        self._shard_rows += rows
        if self._shard_rows == self._limits.rows or self._file.tell() >= self._limits.bytes:
            self._end_shard()

    def _begin_shard(self) -> None:
        from pyarrow import parquet

        path = self._folder / f"{self._split}-{len(self._shards):05}.partial"
        self._shards.append(path)
        self._file = path.open("wb")
        # Nothing is left to a default that another version of pyarrow may change, or to the machine.
        self._writer = parquet.ParquetWriter(
            self._file,
            self._schema,
            version="2.6",
            compression="zstd",
            compression_level=COMPRESSION_LEVEL,
            use_dictionary=[column.name for column in self._columns if column.repeats],
            write_statistics=True,
            data_page_version="1.0",
            store_schema=False,
            write_page_index=False,
            write_page_checksum=False,
        )

    def _end_shard(self) -> None:
        if self._writer is not None:
            with disk_faults(self._folder):
                self._writer.close()
                self._file.close()
        self._writer, self._file, self._shard_rows = None, None, 0


def read_first_row(shard: Path) -> dict[str, str]:
    """Return the first row of a shard of texts."""
    from pyarrow import parquet

    with disk_faults(shard, "read"), parquet.ParquetFile(shard) as opened:
        batch = next(opened.iter_batches(batch_size=1))
    row: dict[str, str] = batch.to_pylist()[0]
    return row
