"""Rows as examples: in another chain template than the chain stage's, or in English alone."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

from taco.chain.formats import find_format
from taco.chain.run import build_examples, join_input
from taco.errors import DataError
from taco.languages.table import ENGLISH, find_language
from taco.records import Chain, Drop, Example, Row, TranslatedRow

PLAIN = "english"
"""The template of an example in English alone: the answer as it is."""


def digest_template(name: str) -> str:
    """Return the digest of a chain format, of a user's own file's content too.

    Raises:
        RecipeError: There is none of that name.
    """
    return hashlib.sha256(repr(find_format(name)).encode()).hexdigest()


def render_rows(rows: Iterable[TranslatedRow], *, template: str) -> Iterator[Example | Drop]:
    """Yield each row in a format, one example for each of its parts, or as dropped where it cannot be held."""
    for row in rows:
        try:
            yield from build_examples(row, find_language(row.language), template=template)
        except DataError as error:
            yield Drop(id=row.id, stage="train", reason="label-in-text", detail=error.message)


def render_english(row: Row) -> Example:
    """Return a row as a question and an answer in English, without any system message.

    >>> render_english(Row(id="r", instruction="Add.", input="1 + 1", response="2")).prompt
    'Add.\\n\\n1 + 1'
    """
    return Example(
        id=f"{row.id}:{PLAIN}",
        language=ENGLISH.code,
        category=row.category,
        template=PLAIN,
        system="",
        prompt=join_input(row.instruction, row.input),
        completion=row.response,
        chain=Chain(instruction_en="", response_en=row.response, response=""),
    )
