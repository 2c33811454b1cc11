"""A judged answer, as any of the readers makes it."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

from taco.evaluate.verdict import Verdict

Key = tuple[str, ...]
"""What keeps rows of one file apart beside their id: model, turn and judge of FastChat; empty elsewhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """One judged answer.

    Attributes:
        id: Id of the question, see `taco.evaluate.files.rows.normalise_id`; "" where the row has none.
        origin: "file:number" of the row.
        category: Category of the question; "" where nothing says.
        question: The question that the judge was shown.
        answer: The answer that the judge was shown; None where the file does not hold it.
        text: What the judge wrote; "" where the file does not hold all of it.
        stored: The stored rating; None where there is none.
        stored_as: The stored rating as it stands in the file.
        verdict: What the judge's text says.
        prose: A score that the text states in words, where it has no rating; else None.
        types: Field -> kind of value that the file has there: "number", "text", "list" ...
    """

    id: str
    origin: str
    category: str
    question: str
    answer: str | None
    text: str
    stored: float | None
    stored_as: str
    verdict: Verdict
    prose: float | None
    types: dict[str, str]

    @property
    def corrected(self) -> float | None:
        """What the text says, a score in words where it has no rating; None where it says nothing."""
        return self.prose if self.verdict.score is None else self.verdict.score


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgementSet:
    """The judgements of one system.

    Attributes:
        name: How it is called: the file's folder, and model and turn where a file holds several.
        path: The file.
        rows: The judgements, in the order of the file.
        answers: Id -> raw answer; empty where there are none at hand.
        questions: Id -> question in the language of the judgements; empty where there are none at hand.
        language: BCP-47 code of the target; "" where unknown.
    """

    name: str
    path: str
    rows: tuple[Judgement, ...]
    answers: dict[str, str] = field(default_factory=dict)
    questions: dict[str, str] = field(default_factory=dict)
    language: str = ""

    def list_previous(self) -> list[list[Judgement]]:
        """List for each row the rows that may have gone before it: the one above, and the next lower id.

        A row of the same id is the same question again, and none of them.
        """
        by_number = sorted((int(row.id), index) for index, row in enumerate(self.rows) if row.id.isdecimal())
        lower = {index: before for (_, before), (_, index) in pairwise(by_number)}
        found = []
        for index in range(len(self.rows)):
            places = ([index - 1] if index else []) + ([lower[index]] if index in lower else [])
            before = [self.rows[place] for place in dict.fromkeys(places)]
            found.append([row for row in before if not row.id or row.id != self.rows[index].id])
        return found
