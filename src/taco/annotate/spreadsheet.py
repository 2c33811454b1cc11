"""A rating sheet as CSV, for those who rate in a spreadsheet, and back.

A spreadsheet takes a cell for a formula that begins with =, +, -, @, a tab or a carriage return (OWASP, CSV Injection); full-width
forms of them too. An answer is hostile text, so such a cell is written with an apostrophe in front, which only these cells have.
Nothing but ids and ratings is read back.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from taco.annotate.sheet import Sheet, SheetTurn
from taco.errors import DataError
from taco.store.files import disk_faults

SHORT = 16
"""Hex digits of a sheet's digest that stand in each row, after an "s": no spreadsheet takes that for a number."""

NOTE = "note"
_TEXTS = ("question", "answer", "answer 1", "answer 2", "earlier", "earlier 1", "earlier 2", "reference", "language")
_FORMULA = re.compile(r"\s*[=+\-@＝＋－﹣−＠\t\r|]")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def write_csv(sheet: Sheet) -> str:
    """Write a sheet as CSV, with a byte order mark, without which Excel does not know UTF-8."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    sides = [""] if sheet.mode == "rating" else [" 1", " 2"]
    has_earlier = any(item.earlier for item in sheet.items)
    has_reference = any(item.reference for item in sheet.items)
    axes = [_describe(sheet, number) for number in range(len(sheet.axes))]
    earlier = [f"earlier{side}" for side in sides] if has_earlier else []
    names = [*earlier, "question", *(f"answer{side}" for side in sides), *(["reference"] if has_reference else [])]
    writer.writerow(["sheet", "item", *axes, NOTE, "language", *names])
    for item in sheet.items:
        before = [_write_turns(turns) for turns in item.earlier] or [""] * len(earlier)
        texts = [*before, item.question, *item.answers, *([item.reference] if has_reference else [])]
        empty = [""] * (len(axes) + 1)
        writer.writerow([f"s{sheet.digest[:SHORT]}", item.id, *empty, item.language, *map(guard, texts)])
    return "\ufeff" + out.getvalue()


def guard(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula.

    >>> guard("=1+1"), guard(" @SUM(A1)"), guard("1 + 1")
    ("'=1+1", "' @SUM(A1)", '1 + 1')
    """
    text = _CONTROL.sub("\ufffd", text)
    return f"'{text}" if _FORMULA.match(text) else text


def read_csv(path: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield ("file:line", column -> cell) for each row, whichever of , ; and tab parts the cells.

    Columns are called as in `write_csv`, axes without what stands in brackets; columns of texts, and those without a name, are
    left out. An axis may be called as a column of texts is: `language (1 to 10: ...)` is the axis, `language` the text.

    Raises:
        DataError: The file is no UTF-8 or no CSV, or has no column sheet or item.
    """
    with disk_faults(path, "read"):
        content = path.read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8: {error}.", hint="Save it as “CSV UTF-8”.") from error
    first = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=first.count), strict=True)
    try:
        columns = _find_columns(next(reader, []), path)
        start = reader.line_num + 1
        for row in reader:
            if any(cell.strip() for cell in row):
                yield f"{path}:{start}", {name: "".join(row[at : at + 1]).strip() for name, at in columns.items()}
            start = reader.line_num + 1
    except csv.Error as error:
        raise DataError(f"{path}:{reader.line_num}: no CSV ({error}).") from error


def _find_columns(header: Sequence[str], path: Path) -> dict[str, int]:
    """Return the columns to read -> where they stand."""
    columns: dict[str, int] = {}
    for number, cell in enumerate(header):
        name = _fold(cell)
        if not name or cell.strip().casefold() in _TEXTS:
            continue
        if name in columns:
            raise DataError(
                f"{path}:1: the column {name[:40]} stands there twice.", hint="Keep the sheet's own first line."
            )
        columns[name] = number
    if not {"sheet", "item"} <= columns.keys():
        found = ", ".join(header)[:200] or "none"
        raise DataError(f"{path}:1: expected the columns sheet and item, found {found}.")
    return columns


def _write_turns(turns: Sequence[SheetTurn]) -> str:
    return "\n\n".join(f"{turn.question}\n-> {turn.answer}" for turn in turns)


def _describe(sheet: Sheet, number: int) -> str:
    axis = sheet.axes[number]
    if sheet.mode == "pair":
        return f"{axis.name} ({', '.join(f'{choice.value}: {choice.label}' for choice in axis.choices)})"
    values = [choice.value for choice in axis.choices]
    return f"{axis.name} ({values[0]} to {values[-1]}: {axis.title})"


def _fold(cell: str) -> str:
    return cell.partition("(")[0].strip().casefold()
