"""Shorter responses before they are translated, so that nothing is paid for text that no row has room for."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator

from taco.languages.sentences import find_cuts
from taco.languages.table import ENGLISH
from taco.records import Row, from_json, to_json


def shorten_response(text: str, sentences: int) -> str:
    r"""Return the beginning of an English text, whole sentences and blocks of it alone.

    A line of a list, a table, verse or code counts as a sentence. A text whose first part has more of them keeps that
    part: nothing is cut inside.

    Args:
        text: The text.
        sentences: How many may stay.

    >>> shorten_response("One. Two. Three.\n\n- a\n- b", 2), shorten_response("- a\n- b\n- c", 2)
    ('One. Two.', '- a\n- b\n- c')
    """
    cuts = find_cuts([text], scripts=[ENGLISH.script])
    fitting = [cut for cut in cuts if cut.sentences <= sentences] or cuts[:1]
    return text[: fitting[-1].ends[0]]


class Shortener:
    """Shortens the responses of rows, whose ids stay.

    Args:
        sentences: How many sentences a response may have; None for any number.

    Attributes:
        shortened: How many rows became shorter so far.
    """

    def __init__(self, sentences: int | None) -> None:
        self.shortened = 0
        self._sentences = sentences

    def shorten_lines(self, lines: Iterable[bytes]) -> Iterator[bytes]:
        """Yield lines of JSON, each a row, with their line ends."""
        for line in lines:
            yield line if self._sentences is None else self._shorten(line, self._sentences)

    def _shorten(self, line: bytes, sentences: int) -> bytes:
        row = from_json(Row, line)
        text = shorten_response(row.response, sentences)
        if text == row.response:
            return line
        self.shortened += 1
        return to_json(dataclasses.replace(row, response=text)).encode() + b"\n"
