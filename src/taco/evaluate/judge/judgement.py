"""What a judge said about an answer, or about two, as it is written to a file."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Literal

from pydantic import ConfigDict

Choice = Literal["first", "second", "tie", ""]
"""Which system won; "" where there is no verdict."""

NO_ANSWER = "no-answer"
"""Reason of answers that have no target section: they are never sent to a judge."""

Place = tuple[str, int]
"""A question's id and a turn's number: what answers of two systems are paired by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """What verdicts cost.

    Attributes:
        replies: Replies that were paid for.
        unreadable: How many of them had no verdict.
        tokens_sent, tokens_written: By the server's counts; None where it gave none.
        usd: By these counts, else by an estimate.
        snapshots: What the server said it ran, once each.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    replies: int = 0
    unreadable: int = 0
    tokens_sent: int | None = None
    tokens_written: int | None = None
    usd: float = 0.0
    snapshots: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """One judge's word on one answer.

    Attributes:
        id, system, category, language: Of the submission.
        judge: The judge's label.
        prompt: Name, version and digest of the prompt; "" where none was sent.
        score: The rating; None: unscored, which is not zero.
        reason: Why there is none; "no-answer" also where a missing answer counts as the lowest rating.
        axes: Of a rubric: axis -> rating.
        explanation: What the judge wrote besides. Hostile text: it may quote the answer.
        length: Characters of the answer.
        use: What it cost.
        turn: The number of the answer's turn in its conversation, from 1.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    id: str
    system: str
    category: str
    language: str
    judge: str
    prompt: str
    score: float | None
    reason: str = ""
    axes: dict[str, float] = field(default_factory=dict)
    explanation: str = ""
    length: int = 0
    use: Use = Use()
    turn: int = 1

    @property
    def place(self) -> Place:
        return self.id, self.turn


@dataclass(frozen=True, slots=True, kw_only=True)
class PairJudgement:
    """One judge's word on two systems' answers to a question, asked in both orders.

    Attributes:
        id, category, language: Of the question.
        first, second: The systems.
        judge: The judge's label.
        prompt: Name, version and digest of the prompt; "" where none was sent.
        winner: The system that won in both orders; "tie" where the orders disagree or say so; "" where an order has no
            verdict.
        by_order: Who won with the first system's answer shown first, and second.
        reason: Why there is no winner; "no-answer" where an answer is missing, "equal" where both are the same text.
        explanations: What the judge wrote besides, by order.
        lengths: Characters of the first and the second answer.
        use: What it cost.
        turn: The number of the answers' turn, from 1.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    id: str
    category: str
    language: str
    first: str
    second: str
    judge: str
    prompt: str
    winner: Choice
    by_order: tuple[Choice, Choice] = ("", "")
    reason: str = ""
    explanations: tuple[str, ...] = ()
    lengths: tuple[int, int] = (0, 0)
    use: Use = Use()
    turn: int = 1

    @property
    def is_flipped(self) -> bool:
        """Whether the order decided: each order has a verdict, and they differ."""
        return all(self.by_order) and self.by_order[0] != self.by_order[1]
