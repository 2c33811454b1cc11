"""A rating sheet: all that a rater sees, and nothing that says which system wrote an answer."""

from __future__ import annotations

import hashlib

from pydantic import BaseModel, ConfigDict

from taco.annotate.design import Unit
from taco.annotate.options import OVERALL, PREFERENCE, Mode, StudyOptions
from taco.languages.table import find_language

SCHEMA = 1
"""Version of the form of sheets and of the ratings that come back."""

TITLES = {
    OVERALL: "How good is this answer?",
    PREFERENCE: "Which answer is better?",
    "language": "Is it in the language of the question?",
    "fluency": "Is it well written?",
    "adequacy": "Does it answer what was asked?",
    "correctness": "Is what it says true?",
}
"""Axis -> what raters are asked; another axis is asked by its name."""

CHOICES = {1: "The first", 2: "The second", 0: "Both alike"}
"""What can be chosen of a pair: also the keys that choose it."""

_FROM_SHOWN = {1: -1, 0: 0, 2: 1}


class Choice(BaseModel):
    """One of the values that an axis can have, and what it is called."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    value: int
    label: str


class Axis(BaseModel):
    """What is rated: its name in files, what raters are asked, and the values."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    title: str
    choices: tuple[Choice, ...]


class SheetTurn(BaseModel):
    """An earlier turn of a conversation: what was asked, and what the same system answered."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    question: str
    answer: str


class SheetItem(BaseModel):
    """One line of a sheet.

    Attributes:
        id: Its place in the sheet: "i1", "i2" ...
        answers: One, or two in the order in which they are shown.
        language: BCP-47 code of the language of question and answers.
        direction: "ltr" or "rtl".
        reference: A reference answer, "" where none is shown.
        earlier: For each answer the turns before it; empty for answers to a first turn.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    question: str
    answers: tuple[str, ...]
    language: str
    direction: str
    reference: str = ""
    earlier: tuple[tuple[SheetTurn, ...], ...] = ()


class Sheet(BaseModel):
    """A rater's sheet.

    Attributes:
        study: Code of the study.
        rater: Who rates.
        instructions: What raters are told; may be empty.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: int = SCHEMA
    study: str
    rater: str
    mode: Mode
    instructions: str
    axes: tuple[Axis, ...]
    items: tuple[SheetItem, ...]

    @property
    def digest(self) -> str:
        """SHA-256 of all that the sheet shows, as 64 hex digits; ratings carry it."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()


def list_axes(options: StudyOptions) -> tuple[Axis, ...]:
    """Return what is rated.

    >>> options = StudyOptions(raters=("a", "b"), seed=1, highest=3)
    >>> [(axis.title, [choice.value for choice in axis.choices]) for axis in list_axes(options)]
    [('How good is this answer?', [1, 2, 3])]
    """
    if options.mode == "pair":
        choices = tuple(Choice(value=value, label=label) for value, label in CHOICES.items())
    else:
        choices = tuple(Choice(value=value, label=str(value)) for value in range(options.lowest, options.highest + 1))
    return tuple(Axis(name=name, title=TITLES.get(name, name), choices=choices) for name in options.axes)


def make_item(number: int, unit: Unit, *, shows_reference: bool) -> SheetItem:
    """Make a line of a sheet.

    Args:
        number: Its place, from 1.
        unit: What is rated, its answers in the order in which they are shown.
        shows_reference: Whether the reference is shown, where there is one.
    """
    first = unit.answers[0]
    return SheetItem(
        id=f"i{number}",
        question=first.question,
        answers=tuple(answer.answer for answer in unit.answers),
        language=first.language,
        direction=find_language(first.language).direction,
        reference=first.reference if shows_reference else "",
        earlier=tuple(
            tuple(SheetTurn(question=turn.question, answer=turn.answer) for turn in answer.earlier)
            for answer in unit.answers
            if answer.earlier
        ),
    )


def orient(choice: int, *, is_flipped: bool) -> int:
    """Turn a choice between shown answers into one between systems: -1 the first system, 0 neither, 1 the second.

    >>> orient(1, is_flipped=False), orient(1, is_flipped=True), orient(0, is_flipped=True)
    (-1, 1, 0)
    """
    return _FROM_SHOWN[choice] * (-1 if is_flipped else 1)
