"""The key of a study: which system wrote what on which sheet. Whoever rates must not see it.

STUDY/key.json              this
STUDY/sheets/RATER.html     what a rater gets: a page that works offline
STUDY/sheets/RATER.csv      the same for a spreadsheet
"""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from taco.annotate.options import StudyOptions
from taco.annotate.sheet import Axis
from taco.errors import DataError, list_faults
from taco.store.files import disk_faults, write_atomically

Place = tuple[str, str, int, tuple[str, ...]]
"""Study, question, turn, systems: what was rated."""

SCHEMA = 1
KEY = "key.json"
SHEETS = "sheets"


class StudyInput(BaseModel):
    """What answers were read from.

    Attributes:
        path: As it was given.
        digests: SHA-256 of what was read, by path.
        systems: Name of a system in that file or run -> its name in the study.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str
    digests: dict[str, str]
    systems: dict[str, str]


class KeyItem(BaseModel):
    """What a line of a sheet is.

    Attributes:
        id: As on the sheet.
        question, category, language: Of the question.
        turn: The number of the turn, from 1.
        systems: Who wrote the answers, in the order of the study.
        is_flipped: Whether the second system's answer is shown first.
        lengths: Characters of the answers, in the order of `systems`.
        digests: What their texts are recognised by, see `taco.annotate.judged_texts`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    question: str
    category: str
    language: str
    turn: int = 1
    systems: tuple[str, ...]
    is_flipped: bool = False
    lengths: tuple[int, ...]
    digests: tuple[str, ...]


class KeySheet(BaseModel):
    """One rater's sheet: its digest, and what its lines are, in their order."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rater: str
    digest: str
    items: tuple[KeyItem, ...]


class Key(BaseModel):
    """The key of a study.

    Attributes:
        study: Code of the study, which its sheets carry.
        options: How it was set up, seed included.
        axes: What is rated.
        systems: All systems, in the order in which they were read.
        inputs: Where the answers are from.
        left_out: Why answers, or pairs, are on no sheet -> how many.
        sheets: What the sheets hold.
        taco: Version of taco.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: int = SCHEMA
    study: str
    options: StudyOptions
    axes: tuple[Axis, ...]
    systems: tuple[str, ...]
    inputs: tuple[StudyInput, ...]
    left_out: dict[str, int]
    sheets: tuple[KeySheet, ...]
    taco: str


def write_key(folder: Path, key: Key) -> None:
    """Write a study's key, all or nothing."""
    write_atomically(folder / KEY, [key.model_dump_json(indent=1).encode(), b"\n"])


def read_key(folder: Path) -> Key:
    """Read a study's key.

    Raises:
        DataError: It is missing, damaged or of another version.
    """
    path = folder / KEY
    if not path.is_file():
        raise DataError(f"{path} is missing.", hint="taco annotate make writes it; name its folder with --study.")
    with disk_faults(path, "read"):
        text = path.read_bytes()
    try:
        key = Key.model_validate_json(text)
    except ValidationError as error:
        fault = list_faults(error, whole="the file")[0]
        raise DataError(f"{path} is no key of a study: {fault}.") from error
    if key.schema_version != SCHEMA:
        raise DataError(f"{path} has form {key.schema_version}, this version of taco reads form {SCHEMA}.")
    return key
