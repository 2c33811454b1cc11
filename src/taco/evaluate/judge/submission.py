"""What is judged: one system's answer to one question, with all that a judge may see of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pydantic import ConfigDict


@dataclass(frozen=True, slots=True)
class Exchange:
    """An earlier turn of the conversation that an answer stands in.

    Attributes:
        question: What was asked.
        answer: What a reader was shown of the same system's answer; "" where there is none.
        reference: A good answer; "" where there is none.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    question: str
    answer: str
    reference: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """One system's answer to one question, or to one turn of a conversation.

    Attributes:
        id: The question's id.
        system: Who answered: an arm of a run, or the name of a file of answers.
        category: The question's category, or "".
        language: BCP-47 code of the language that the answer should be in.
        question: What was asked, in that language.
        answer: The part that a reader would be shown: of a chain the target section; "" where there is none.
        reference: A good answer, in any language; "" where there is none.
        back_translation: The answer in English, as a machine translated it; "" where nobody did.
        earlier: The turns before it, the first one first; empty for a first turn.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    id: str
    system: str
    category: str = ""
    language: str
    question: str
    answer: str
    reference: str = ""
    back_translation: str = ""
    earlier: tuple[Exchange, ...] = ()

    @property
    def turn(self) -> int:
        """The number of its turn, from 1."""
        return len(self.earlier) + 1

    @property
    def is_cut_off(self) -> bool:
        """Whether an earlier turn has no answer, so that there is no conversation that this one could go on with."""
        return not all(turn.answer.strip() for turn in self.earlier)
