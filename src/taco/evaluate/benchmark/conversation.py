"""A benchmark and a system's answers to it as FastChat's files have them: one line for each question, all turns in it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import ClassVar

from pydantic import ConfigDict

from taco.evaluate.benchmark.question import Question


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedQuestion:
    """A question as FastChat's question.jsonl has it.

    Attributes:
        question_id: A whole number where the benchmark's id is one.
        turns: What the user says, turn by turn.
        reference: A good answer to each turn; empty where there is none.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    question_id: int | str
    category: str
    turns: tuple[str, ...]
    reference: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One of a model's ways to answer; taco's models have one.

    Attributes:
        index: Its number, from 0.
        turns: The whole output to each turn, chain and all; "" where there is none.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    index: int
    turns: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """A system's answers to one question, as FastChat's model_answer/MODEL.jsonl has them.

    FastChat's time stamp is left out, so that the same answers make the same bytes; its programs do not read it.

    Attributes:
        question_id: A whole number where the benchmark's id is one.
        answer_id: The start of a digest of the system and what it said.
        model_id: The system.
        choices: What it said; one choice.
        category, language: Of the question.
        template: Name of the chain template that the answers should be in.
        finish: For each turn why generation ended, see `taco.records.Finish`; "" where nothing was generated.
        reasons: For each turn why there is no answer; "" where there is one.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    question_id: int | str
    answer_id: str
    model_id: str
    choices: tuple[Choice, ...]
    category: str = ""
    language: str = ""
    template: str = ""
    finish: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()


def describe_question(question: Question) -> AskedQuestion:
    """Write a question down as FastChat does."""
    return AskedQuestion(
        question_id=write_id(question.id),
        category=question.category,
        turns=question.turns,
        reference=question.references,
    )


def write_id(id_: str) -> int | str:
    """Return an id as FastChat writes it: a whole number where it is one.

    >>> write_id("81"), write_id("x1"), write_id("007")
    (81, 'x1', '007')
    """
    return int(id_) if id_.isdecimal() and str(int(id_)) == id_ else id_


def make_answer_id(model_id: str, question_id: str, turns: tuple[str, ...]) -> str:
    """Return what tells an answer from others: 22 hex digits, as many signs as FastChat's ids have."""
    return hashlib.sha256(json.dumps([model_id, question_id, turns]).encode()).hexdigest()[:22]
