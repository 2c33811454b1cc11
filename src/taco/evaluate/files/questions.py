"""Questions with id, category and English text, and which category a benchmark's ids belong to."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from taco.errors import DataError
from taco.evaluate.files.rows import ID_KEYS, Row, normalise_id, read_rows
from taco.records import Chain

_RANGES = (
    (1, 10, "generic"),
    (11, 20, "knowledge"),
    (21, 30, "roleplay"),
    (31, 40, "common-sense"),
    (41, 50, "fermi"),
    (51, 60, "counterfactual"),
    (61, 67, "coding"),
    (68, 70, "math"),
    (71, 80, "writing"),
    (81, 90, "writing"),
    (91, 100, "roleplay"),
    (101, 110, "reasoning"),
    (111, 120, "math"),
    (121, 130, "coding"),
    (131, 140, "extraction"),
    (141, 150, "stem"),
    (151, 160, "humanities"),
)
"""First id, last id, category: FastChat's Vicuna benchmark (1 to 80) and MT-bench (81 to 160)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question.

    Attributes:
        id: See `normalise_id`.
        category: Its category, "" where the file has none.
        text: Its text, of the first turn, in the language of the file.
        later: The texts of its later turns.
        response_en, response: A good answer in English and in the target language; "" where the file has none.
    """

    id: str
    category: str
    text: str
    later: tuple[str, ...] = ()
    response_en: str = ""
    response: str = ""

    def find_turn(self, turn: int) -> str:
        """Return the text of a turn, from 1; "" where there is none.

        >>> question = Question(id="81", category="", text="Why?", later=("And then?",))
        >>> question.find_turn(1), question.find_turn(2), question.find_turn(3)
        ('Why?', 'And then?', '')
        """
        return dict(enumerate((self.text, *self.later), start=1)).get(turn, "")

    def find_reference(self, turn: int = 1) -> Chain:
        """Return a turn's question in English as a chain, with its good answers; later turns have none.

        >>> Question(id="81", category="", text="Why?", later=("And then?",), response="So.").find_reference(2).response
        ''
        """
        if turn == 1:
            return Chain(instruction_en=self.text, response_en=self.response_en, response=self.response)
        return Chain(instruction_en=self.find_turn(turn), response_en="", response="")


def read_questions(path: Path) -> dict[str, Question]:
    """Read questions by id: FastChat's question.jsonl, a run's examples, a sheet, or any JSON with an id and a text.

    Raises:
        DataError: The file cannot be read or holds no questions.
    """
    if path.suffix.casefold() == ".xlsx":
        from taco.evaluate.files.sheet import read_sheet

        pairs = read_sheet(path)
        return {identity: Question(id=identity, category="", text=text) for identity, text in pairs}
    if not path.is_file():
        raise DataError(f"{path} does not exist.", hint="Expected a JSON Lines file of questions.")
    questions = [_read_question(row) for row in read_rows(path)]
    return {question.id: question for question in questions}


def find_category(identity: str) -> str:
    """Return the category of a Vicuna or MT-bench id; "" for any other.

    >>> find_category("61"), find_category("abc")
    ('coding', '')
    """
    number = int(identity) if identity.isdecimal() else 0
    return next((name for first, last, name in _RANGES if first <= number <= last), "")


def read_first_turn(turns: object) -> str:
    """Read the first turn; "" where there is none, see `read_turns`.

    >>> read_first_turn("['Why?', 'And then?']"), read_first_turn(["Why?"]), read_first_turn("Why?")
    ('Why?', 'Why?', 'Why?')
    """
    return next(iter(read_turns(turns)), "")


def read_turns(turns: object) -> tuple[str, ...]:
    """Read turns, also out of a list that was written as text, as Python prints it.

    >>> read_turns("['Why?', 'And then?']"), read_turns(["Why?", None]), read_turns("Why?"), read_turns(None)
    (('Why?', 'And then?'), ('Why?', ''), ('Why?',), ())
    """
    if isinstance(turns, str) and turns.lstrip().startswith("["):
        try:
            turns = ast.literal_eval(turns.strip())
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return (str(turns),)
    if isinstance(turns, list):
        return tuple(one if isinstance(one, str) else "" for one in turns)
    return (turns,) if isinstance(turns, str) else ()


def _read_question(row: Row) -> Question:
    identity = row.find(*ID_KEYS)
    if identity is None:
        raise DataError(f"{row.origin} has no id.", hint=f"Expected one of the fields {', '.join(ID_KEYS)}.")
    chain = row.find("chain")
    found = chain if isinstance(chain, Mapping) else {}
    sections = (found.get(name) for name in ("instruction_en", "response_en", "response"))
    text_en, response_en, response = (text if isinstance(text, str) else "" for text in sections)
    turns = read_turns(row.find("turns_en"))
    if turns:  # a translated benchmark, whose references are then in both languages too
        response_en, response = (read_first_turn(row.find(name)) for name in ("reference_en", "reference"))
    turns = turns or read_turns(row.find("turns"))
    text = text_en or next(iter(turns), "") or row.find_text("question", "instruction", "text", "prompt")
    return Question(
        id=normalise_id(identity),
        category=row.find_text("category"),
        text=text,
        later=turns[1:],
        response_en=response_en,
        response=response,
    )
