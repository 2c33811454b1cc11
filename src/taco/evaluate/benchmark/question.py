"""One question of a benchmark."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from pydantic import ConfigDict

EARLIER_TURN = "earlier-turn-failed"
"""Reason of a turn that was not asked, or not judged, because an earlier one has no answer that a reader would be shown."""


@dataclass(frozen=True, slots=True)
class English:
    """What a question and its references were translated from, turn by turn."""

    turns: tuple[str, ...] = ()
    references: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question of a benchmark.

    Attributes:
        id: Its id, unique in the benchmark.
        category: Its category, or "".
        turns: What the user says, turn by turn; at least one.
        references: A good answer to each turn; as many as turns, or none at all.
        english: Turns and references in English that a translated benchmark was made from; empty for others.
        origin: "file:line" (or "file:row") that it was read from, for messages.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    id: str
    category: str = ""
    turns: tuple[str, ...]
    references: tuple[str, ...] = ()
    english: English = field(default_factory=English)
    origin: str = ""

    @property
    def text(self) -> str:
        """The first turn."""
        return self.turns[0]

    @property
    def reference(self) -> str:
        """The reference of the first turn; "" where there is none."""
        return self.references[0] if self.references else ""

    def find_reference(self, turn: int) -> str:
        """Return the reference of a turn, counted from 1; "" where there is none."""
        return self.references[turn - 1] if self.references else ""
