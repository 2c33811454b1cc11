"""How a study with people is set up."""

from __future__ import annotations

import re
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Mode = Literal["rating", "pair"]
"""rating: each answer is rated on one axis or several. pair: of two answers to a question the better one is chosen."""

OVERALL = "overall"
PREFERENCE = "preference"
"""The only axis of the mode `pair`."""

PREFERENCES = (-1, 1)
"""What `pair` rates with: -1 for the first answer, 1 for the second, 0 for neither."""

MOST_STEPS = 10
"""Highest minus lowest rating, at most: every rating has a key."""

OWN_COLUMNS = ("sheet", "item", "note")
"""Columns of a CSV that are read back beside the axes, so no axis can be called so."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")


class StudyOptions(BaseModel):
    """How answers are dealt out and rated."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    mode: Mode = Field(default="rating", description="rating or pair.")
    axes: tuple[str, ...] = Field(default=(OVERALL,), description="What is rated; `preference` in the mode pair.")
    lowest: int = Field(default=1, ge=0, description="Lowest rating.")
    highest: int = Field(default=10, description="Highest rating.")
    raters: tuple[str, ...] = Field(description="Who rates; part of the files' names.")
    each: int = Field(default=2, ge=1, description="Raters that see one answer, or one pair.")
    questions: int | None = Field(default=None, ge=1, description="Questions that are drawn; all if None.")
    seed: int = Field(ge=0, lt=2**64, description="Seed of the draw, the deal and the order.")
    instructions: str = Field(default="", description="What raters are told, above every answer.")
    shows_reference: bool = Field(default=False, description="Whether raters see the reference answer.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        bad = [name for name in (*self.raters, *self.axes) if not _NAME.fullmatch(name)]
        if bad:
            raise ValueError(f"{', '.join(map(repr, bad))}: names are letters A to Z, digits, - and _, at most 40")
        for what, names in (("raters", self.raters), ("axes", self.axes)):
            if not names or len({name.casefold() for name in names}) < len(names):
                raise ValueError(f"{what} need names, each another one, capitals aside")
        taken = [name for name in self.axes if name.casefold() in OWN_COLUMNS]
        if taken:
            raise ValueError(f"no axis can be called {taken[0]}, as a column of the sheet is")
        if self.each > len(self.raters):
            raise ValueError(f"{self.each} raters cannot see each answer where there are {len(self.raters)}")
        if not 1 <= self.highest - self.lowest <= MOST_STEPS:
            raise ValueError(f"highest must be above lowest, by at most {MOST_STEPS}")
        if self.mode == "pair" and self.axes != (PREFERENCE,):
            raise ValueError(f"the mode pair has no axes but {PREFERENCE!r}")
        return self
