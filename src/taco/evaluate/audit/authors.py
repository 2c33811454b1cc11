"""Judgements in the form of the paper's release: id, question, answer, judgement, rating_in_number, category, turns.

Its files differ among themselves: ratings are numbers or texts, turns a list or a list written as text. Taken are also
the other spellings that such files have, so that a file of the same kind from elsewhere is read too.
"""

from __future__ import annotations

from taco.evaluate.audit.judgement import Judgement
from taco.evaluate.audit.stored import name_type, read_stored
from taco.evaluate.files.questions import find_category
from taco.evaluate.files.rows import ID_KEYS, Row, normalise_id
from taco.evaluate.verdict import parse_prose_score, parse_verdict

TEXTS = (
    "judgement",
    "judgment",
    "judge_text",
    "judgement_text",
    "judgment_text",
    "review",
    "evaluation",
    "explanation",
)
RATINGS = ("rating_in_number", "rating", "score", "grade", "stars")
ANSWERS = ("answer", "response", "model_answer", "output")
QUESTIONS = ("question", "instruction", "prompt")
TYPED = {"id": ID_KEYS, "rating": RATINGS, "answer": ANSWERS, "judgement": TEXTS, "turns": ("turns",)}
"""Fields whose types are compared -> their names."""


def is_judgement(row: Row) -> bool:
    """Tell whether a row has a judge's text, or a rating with an answer."""
    has_rating = any(name in row.fields for name in RATINGS)
    return any(name in row.fields for name in TEXTS) or (has_rating and any(name in row.fields for name in ANSWERS))


def _read_answer(row: Row) -> str | None:
    """Read the answer; "" where the field is there without a text, None where there is no such field."""
    return row.find_text(*ANSWERS) if any(name in row.fields for name in ANSWERS) else None


def read_judgement(row: Row, *, question: str = "", answer: str | None = None) -> Judgement:
    """Read one row.

    Args:
        row: The row.
        question, answer: What the judge was shown, where the row does not have it as a field of its own.
    """
    identity = normalise_id(row.find(*ID_KEYS))
    text = row.find_text(*TEXTS)
    stored = row.find(*RATINGS)
    return Judgement(
        id=identity,
        origin=row.origin,
        category=row.find_text("category").strip() or find_category(identity),
        question=question or row.find_text(*QUESTIONS),
        answer=answer if answer is not None else _read_answer(row),
        text=text,
        stored=read_stored(stored),
        stored_as="" if stored is None else str(stored),
        verdict=parse_verdict(text),
        prose=parse_prose_score(text),
        types={name: name_type(value) for name, names in TYPED.items() if (value := row.find(*names)) is not None},
    )
