"""Questions out of an Excel sheet: the first column that holds ids, and the text beside it."""

from __future__ import annotations

from pathlib import Path
from zipfile import BadZipFile

from taco.errors import DataError
from taco.evaluate.files.rows import normalise_id


def read_sheet(path: Path) -> list[tuple[str, str]]:
    """Read (id, text) pairs from the first sheet; rows without a number first, such as the heading, are passed over.

    Raises:
        DataError: openpyxl is missing, or the file is no sheet.
    """
    try:
        import openpyxl
    except ImportError as error:
        raise DataError(f"{path} is an Excel sheet.", hint="Install taco-llm[xlsx] to read it.") from error
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        rows = list(book.worksheets[0].iter_rows(values_only=True))
        book.close()
    except (OSError, BadZipFile, KeyError, ValueError, IndexError) as error:
        raise DataError(f"{path} cannot be read as an Excel sheet: {error}.") from error
    pairs = []
    for row in rows:
        cells = [cell for cell in row if cell is not None]
        if len(cells) > 1 and normalise_id(cells[0]).isdecimal():
            pairs.append((normalise_id(cells[0]), str(cells[1])))
    return pairs
