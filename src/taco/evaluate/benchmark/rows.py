"""Rows of JSON Lines or of a sheet, each with where it stands."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from taco.errors import DataError
from taco.store.files import disk_faults

Row = dict[str, Any]

SHEET_BYTES = 64 * 1024 * 1024
"""A sheet that is larger, packed, is no benchmark."""


def read_rows(path: Path) -> Iterator[tuple[str, Row]]:
    """Yield (origin, row) of a file: .jsonl, or .xlsx with the names of its columns in the first row.

    Raises:
        DataError: The file is missing or damaged, or a line is no JSON object in UTF-8.
    """
    if not path.is_file():
        raise DataError(f"{path} is missing.")
    if path.suffix.casefold() == ".xlsx":
        yield from _read_sheet(path)
        return
    with disk_faults(path, "read"), path.open("rb") as opened:
        for number, line in enumerate(opened, start=1):
            if line.strip():
                yield f"{path}:{number}", _parse_line(line, f"{path}:{number}")


def _parse_line(line: bytes, origin: str) -> Row:
    try:
        row = json.loads(line.decode("utf-8-sig"))
        json.dumps(row, ensure_ascii=False).encode()  # a lone surrogate can be sent nowhere
    except (ValueError, RecursionError) as error:
        raise DataError(f"{origin} is no JSON in UTF-8: {error}.") from None
    if not isinstance(row, dict):
        raise DataError(f"{origin}: expected a JSON object, found {type(row).__name__}.")
    return row


def _read_sheet(path: Path) -> Iterator[tuple[str, Row]]:
    try:
        import openpyxl
    except ImportError as error:
        raise DataError(
            f"{path} is a sheet; reading it needs the library openpyxl, which cannot be imported.",
            hint='Install taco-llm[xlsx]: pip install "taco-llm[xlsx]".',
        ) from error
    if path.stat().st_size > SHEET_BYTES:
        raise DataError(f"{path} has more than {SHEET_BYTES} bytes: no benchmark.")
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        rows = list(book.worksheets[0].iter_rows(values_only=True))
        book.close()
    except Exception as error:  # a damaged archive makes it raise whatever its parts do
        raise DataError(f"{path} is no sheet that openpyxl can read: {type(error).__name__}: {error}.") from None
    names = _name_columns(rows[0] if rows else (), path)
    for number, cells in enumerate(rows[1:], start=2):
        row = {name: cell for name, cell in zip(names, cells, strict=False) if cell is not None}
        if row:
            yield f"{path}:{number}", row


def _name_columns(cells: tuple[Any, ...], path: Path) -> list[str]:
    """Return names of columns. The release's are in the target language: where none is known as the question, the last
    one of the first two is it, and the one before it the id."""
    names = [str(cell).strip().casefold() if cell is not None else "" for cell in cells]
    if not names:
        raise DataError(f"{path} is empty.")
    if not {"question", "instruction", "prompt", "text", "turns"} & set(names):
        names[: min(2, len(names))] = ["question_id", "question"] if len(names) > 1 else ["question"]
    return names
