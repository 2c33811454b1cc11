"""What an audit finds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, get_args

Kind = Literal[
    "stale-rating",
    "wrong-rating",
    "missing-rating",
    "unsupported-rating",
    "stale-answer",
    "other-answer",
    "unknown-answer",
    "empty-answer",
    "wrong-language",
    "other-question",
    "duplicate-id",
    "missing-id",
    "no-id",
    "missing-raw",
    "mixed-types",
    "wrong-winner",
]
"""What is wrong.

- stale-rating: the stored rating is the previous question's, and the judge's text says another one or none.
- wrong-rating: the stored rating is not what the text says, and not the previous question's either.
- missing-rating: nothing is stored though the text has a rating.
- unsupported-rating: a rating is stored, the text has none, and it is not the previous question's.
- stale-answer: the judge was shown the previous question's answer.
- other-answer: the judge was shown the answer to another question.
- unknown-answer: the judge was shown a text that is in no raw answer.
- empty-answer: an empty answer was rated.
- wrong-language: the judged answer is not in the target language.
- other-question: the judge was shown another question than the list has under that id.
- duplicate-id, missing-id, no-id: an id comes twice, is not there, or a row has none.
- missing-raw: there are raw answers, but none for this id.
- mixed-types: one field holds values of different types.
- wrong-winner: the stored winner of a pair is not the one that the judge's text names.
"""

KINDS: tuple[Kind, ...] = get_args(Kind)

QUOTED = 160
"""Most characters of a text that evidence quotes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing wrong in a judgement file.

    Attributes:
        kind: See `Kind`.
        id: Id of the question, "" where it is about the whole file.
        set: Name of the judgement set.
        detail: One sentence.
        evidence: What it rests on: name -> value as text.
    """

    kind: Kind
    id: str
    set: str
    detail: str
    evidence: dict[str, str] = field(default_factory=dict)


def quote_end(text: str) -> str:
    """Return the end of a text, where a rating stands, in one line.

    >>> quote_end("a\\nb")
    'a b'
    """
    line = " ".join(text.split())
    return line if len(line) <= QUOTED else "... " + line[-QUOTED:]


def quote_start(text: str) -> str:
    """Return the beginning of a text in one line."""
    line = " ".join(text.split())
    return line if len(line) <= QUOTED else line[:QUOTED] + " ..."


def write_rating(rating: float | None) -> str:
    """Write a rating as short as it is.

    >>> write_rating(9.0), write_rating(8.5), write_rating(None)
    ('9', '8.5', 'none')
    """
    return "none" if rating is None else f"{rating:g}"
