"""Objects out of a JSON file, however it is put together.

Taken are JSON Lines, an array of objects, an object that holds such an array, and an object whose keys are ids, whose
values are texts or objects.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from taco.errors import DataError
from taco.source.json_file import read_json_lines
from taco.store.files import disk_faults

ID_KEYS = ("id", "question_id", "qid", "questionid", "question_number", "number", "idx", "index")
"""Names of the field with the id, folded, the likeliest first."""


LONGEST_NUMBER = 9
"""Digits up to which an id is taken for a number; taco's own ids have 16 hexadecimal digits, some of them no letter."""


@dataclass(frozen=True, slots=True)
class Row:
    """One object of a file.

    Attributes:
        origin: "file:number" of the object, counted from 1, for messages.
        fields: Folded name of a field -> its value; see `fold_key`.
    """

    origin: str
    fields: dict[str, object]

    def find(self, *names: str) -> object:
        """Return the first of these fields that is there and not null; None where none is."""
        for name in names:
            if self.fields.get(name) is not None:
                return self.fields[name]
        return None

    def find_text(self, *names: str) -> str:
        """Return the first of these fields that is a text; "" where none is."""
        for name in names:
            value = self.fields.get(name)
            if isinstance(value, str):
                return value
        return ""


def read_rows(path: Path) -> list[Row]:
    """Read the objects of a JSON or JSON Lines file in UTF-8; where none has an id, their numbers are taken.

    Raises:
        DataError: The file cannot be read, is no JSON, or holds anything but objects.
    """
    with disk_faults(path, "read"):
        content = path.read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8: {error}.", hint="Convert it to JSON in UTF-8.") from error
    try:
        values = _list_values(json.loads(text), is_lines=path.suffix.casefold() == ".jsonl")
    except (ValueError, RecursionError) as error:
        values = _read_lines(path, content, error)
    return collect_rows(path, values)


def collect_rows(path: Path, values: Sequence[object]) -> list[Row]:
    """Make rows of values; where none has an id, their numbers are taken.

    Raises:
        DataError: One is no object.
    """
    rows = [_make_row(path, number, value) for number, value in enumerate(values, start=1)]
    if not any(row.find(*ID_KEYS) is not None for row in rows):
        rows = [Row(row.origin, {"id": number, **row.fields}) for number, row in enumerate(rows, start=1)]
    return rows


def fold_key(key: str) -> str:
    """Fold what differs between spellings of one field's name.

    >>> fold_key("Rating-in Number")
    'rating_in_number'
    """
    return key.strip().casefold().replace("-", "_").replace(" ", "_")


def normalise_id(value: object) -> str:
    """Write an id alike whether it was a number or a text; the digits of every script are read.

    >>> normalise_id(7), normalise_id("007"), normalise_id(7.0), normalise_id("७"), normalise_id(" a7 ")
    ('7', '7', '7', '7', 'a7')
    """
    if isinstance(value, bool) or value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = str(value).strip()
    whole = text.removesuffix(".0")
    return str(int(whole)) if whole.isdecimal() and len(whole) <= LONGEST_NUMBER else text


def _list_values(value: object, *, is_lines: bool) -> list[object]:
    """Return the objects of a whole file; one object in JSON Lines is one line, whatever its keys."""
    if is_lines and isinstance(value, dict):
        return [value]
    if isinstance(value, list):
        return [{"text": inner} if isinstance(inner, str) else inner for inner in value]
    if not isinstance(value, dict):
        return [value]
    if any(fold_key(str(key)) in ID_KEYS for key in value):
        return [value]
    arrays = [
        inner
        for inner in value.values()
        if isinstance(inner, list) and inner and all(isinstance(row, dict) for row in inner)
    ]
    if len(arrays) == 1:
        return arrays[0]
    return [
        {"id": key, **inner} if isinstance(inner, dict) else {"id": key, "text": inner} for key, inner in value.items()
    ]


def _read_lines(path: Path, content: bytes, error: Exception) -> list[object]:
    """Read JSON Lines; a file that is neither is reported by its first bad line."""
    found = list(
        read_json_lines((f"{path}:{number}", line) for number, line in enumerate(content.splitlines(), start=1))
    )
    bad = next((one for one in found if not isinstance(one.value, dict)), None)
    if bad is not None or not found:
        where = bad.origin if bad is not None else str(path)
        raise DataError(
            f"{where}: no JSON object ({error}).", hint="Expected JSON Lines, or one JSON array of objects."
        ) from error
    return [one.value for one in found]


def _make_row(path: Path, number: int, value: object) -> Row:
    if not isinstance(value, dict):
        raise DataError(f"{path}:{number}: expected an object, found {type(value).__name__}.")
    return Row(f"{path.name}:{number}", {fold_key(str(key)): inner for key, inner in value.items()})
