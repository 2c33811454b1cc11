"""What raters hand in: the page's JSON or the filled-in CSV, checked against the key of the study.

Refused are files of another sheet, ratings of a line that the sheet does not have, values that are no choice, and a line or a
sheet that comes twice. A sheet that is not finished is taken as it is. All faults of all files are named at once.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from taco.annotate.key import Key, KeyItem, KeySheet
from taco.annotate.options import OWN_COLUMNS
from taco.annotate.sheet import SCHEMA, orient
from taco.annotate.spreadsheet import NOTE, SHORT, read_csv
from taco.errors import DataError, list_faults
from taco.store.files import disk_faults

SHOWN_FAULTS = 20
LONGEST_NOTE = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Rating:
    """What one rater said of one answer, or of two.

    Attributes:
        study, rater: Who.
        question, category, language: Of the question.
        turn: The number of the turn, from 1.
        systems: Who wrote the answers, in the order of the study.
        is_flipped: Whether the second system's answer was shown first.
        lengths: Characters of the answers, in the order of `systems`.
        values: Axis -> rating; of a pair -1 the first system, 0 neither, 1 the second.
        note: What the rater remarked. Hostile text.
        place: Where it stood in the rater's sheet, from 1.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    study: str
    rater: str
    question: str
    category: str
    language: str
    turn: int
    systems: tuple[str, ...]
    is_flipped: bool
    lengths: tuple[int, ...]
    values: dict[str, int]
    note: str = ""
    place: int = 0


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a file that came back, not yet checked: where it stands, its item and its cells."""

    origin: str
    sheet: str
    item: str
    values: Mapping[str, object]
    note: str = ""


@dataclass(slots=True)
class Faults:
    """What is wrong in the files, in the order in which it was found."""

    lines: list[str] = field(default_factory=list)

    def check(self) -> None:
        """Raise all faults as one error, where there are any."""
        if not self.lines:
            return
        more = len(self.lines) - SHOWN_FAULTS
        rest = [f"... and {more} more."] if more > 0 else []
        raise DataError(
            "\n".join([*self.lines[:SHOWN_FAULTS], *rest]),
            hint="Nothing was written. Mend the files, or leave them out, and give the command again.",
        )


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    item: str
    values: dict[str, int]
    note: str = Field(default="", max_length=LONGEST_NOTE)


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    taco_ratings: int
    study: str
    rater: str
    sheet: str
    ratings: list[_Entry]


def read_ratings(paths: Sequence[Path], keys: Sequence[Key]) -> list[Rating]:
    """Read all that came back.

    Args:
        paths: Files, or folders of them: .json as the page saves them, .csv.
        keys: Keys of the studies that they may belong to.

    Raises:
        DataError: A file is missing or damaged, or anything in the files is wrong.
    """
    faults = Faults()
    found: list[Rating] = []
    owners: dict[str, Path] = {}
    for path in list_files(paths):
        try:
            lines = list(_read_json(path) if path.suffix.casefold() == ".json" else _read_csv(path))
        except DataError as error:
            faults.lines.append(error.message if not error.hint else f"{error.message} {error.hint}")
            continue
        sheets = {line.sheet for line in lines}
        matches = [match for name in sheets if (match := _find_sheet(name, keys)) is not None]
        if len(sheets) > 1 or len(matches) < len(sheets):
            faults.lines.append(f"{path} belongs to {'several sheets' if matches else 'no sheet of these studies'}.")
            continue
        for key, sheet in matches:
            if sheet.digest in owners:
                faults.lines.append(f"{path} and {owners[sheet.digest]} are both the sheet of {sheet.rater}: keep one.")
            owners[sheet.digest] = path
            found += _check_lines(lines, key, sheet, faults)
    faults.check()
    if not found:
        raise DataError(f"There is no rating in {', '.join(map(str, paths))}.")
    return found


def list_files(paths: Sequence[Path]) -> Iterator[Path]:
    """Yield the files of ratings: those given, and those in the folders given.

    Raises:
        DataError: A file does not exist, or a folder holds none.
    """
    for path in paths:
        if path.is_dir():
            files = sorted(one for one in path.iterdir() if one.suffix.casefold() in (".json", ".csv"))
            if not files:
                raise DataError(f"{path} holds no file of ratings.", hint="Expected .json or .csv.")
            yield from files
        elif path.is_file():
            yield path
        else:
            raise DataError(f"{path} does not exist.", hint="Expected files of ratings, or a folder of them.")


def _read_json(path: Path) -> list[Line]:
    with disk_faults(path, "read"):
        content = path.read_bytes()
    try:
        value = json.loads(content.decode("utf-8-sig"))
        file = _File.model_validate(value)
    except json.JSONDecodeError as error:
        raise DataError(f"{path}:{error.lineno}: no JSON: {error.msg}.", hint="Save the ratings again.") from error
    except (UnicodeDecodeError, RecursionError, ValueError) as error:
        what = str(error)
        if isinstance(error, ValidationError):
            is_object = isinstance(value, dict)
            what = list_faults(error, whole="the file")[0] if is_object else "it is no JSON object"
        raise DataError(f"{path} holds no ratings: {what}.", hint="Expected what the page of a sheet saves.") from error
    if file.taco_ratings != SCHEMA:
        raise DataError(f"{path} has form {file.taco_ratings}, this version of taco reads form {SCHEMA}.")
    return [
        Line(f"{path}: rating {number} ({entry.item[:20]!r})", file.sheet, entry.item, entry.values, entry.note)
        for number, entry in enumerate(file.ratings, start=1)
    ]


def _read_csv(path: Path) -> Iterator[Line]:
    for origin, cells in read_csv(path):
        given = {name: cell for name, cell in cells.items() if name not in OWN_COLUMNS and cell}
        values: dict[str, object] = {}
        for name, cell in given.items():
            try:
                number = float(cell.replace(",", "."))
                values[name] = int(number) if number.is_integer() else cell
            except (ValueError, OverflowError):
                values[name] = cell
        yield Line(origin, cells["sheet"].removeprefix("s"), cells["item"], values, cells.get(NOTE, ""))


def _find_sheet(name: str, keys: Sequence[Key]) -> tuple[Key, KeySheet] | None:
    """Find a sheet by its digest, or by the start of it that a CSV has."""
    for key in keys:
        for sheet in key.sheets:
            if name == sheet.digest or (len(name) == SHORT and sheet.digest.startswith(name)):
                return key, sheet
    return None


def _check_lines(lines: Sequence[Line], key: Key, sheet: KeySheet, faults: Faults) -> Iterator[Rating]:
    items = {item.id: (place, item) for place, item in enumerate(sheet.items, start=1)}
    axes = {axis.name.casefold(): axis for axis in key.axes}
    seen: dict[str, str] = {}
    for line in lines:
        if line.item not in items:
            faults.lines.append(f"{line.origin}: the sheet of {sheet.rater} has no item {line.item[:20]!r}.")
            continue
        if line.item in seen:
            faults.lines.append(f"{line.origin}: the item {line.item} stands in {seen[line.item]} too.")
            continue
        seen[line.item] = line.origin
        values: dict[str, int] = {}
        for name, value in line.values.items():
            axis = axes.get(name.casefold())
            choices = [choice.value for choice in axis.choices] if axis else []
            if axis is None or not isinstance(value, int) or isinstance(value, bool) or value not in choices:
                faults.lines.append(f"{line.origin}: {_describe_value(name, value, choices)}.")
            else:
                values[axis.name] = value
        if values:
            yield _make_rating(key, sheet, *items[line.item], values=values, note=line.note)


def _describe_value(name: str, value: object, choices: Sequence[int]) -> str:
    if not choices:
        return f"there is no axis {name[:40]!r}"
    expected = f"{min(choices)} to {max(choices)}" if len(choices) > 3 else ", ".join(map(str, choices))
    return f"{name} is {str(value)[:40]!r}, expected {expected}"


def _make_rating(
    key: Key, sheet: KeySheet, place: int, item: KeyItem, *, values: Mapping[str, int], note: str
) -> Rating:
    is_pair = len(item.systems) > 1
    return Rating(
        study=key.study,
        rater=sheet.rater,
        question=item.question,
        category=item.category,
        language=item.language,
        turn=item.turn,
        systems=item.systems,
        is_flipped=item.is_flipped,
        lengths=item.lengths,
        values={
            name: orient(value, is_flipped=item.is_flipped) if is_pair else value for name, value in values.items()
        },
        note=note[:LONGEST_NOTE],
        place=place,
    )
