"""A second try for texts whose quotes a pair's rules lose or double: the "Settings" icon -> la "Fiksa "ikono" in en-eo.

The rules take quotes for white space between words. Where that spoils them, the text is cut at its quotes and put together
again; everywhere else it stays whole, which gives the better sentence.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from taco.translate.apertium.hop import Answer, Hop
from taco.translate.apertium.stream import QUOTES, SIGN_FAULT, Decoded
from taco.translate.slots import has_words

_PART = re.compile(rf"\s*[{QUOTES}]\s*|[^{QUOTES}\s](?:[^{QUOTES}]*[^{QUOTES}\s])?|\s+")


def translate_keeping_quotes(hop: Hop, texts: Sequence[str]) -> list[Answer]:
    """Translate texts; those in which a sign was lost or doubled once more, cut at their quotes."""
    answers = hop.translate(texts)
    cut = {
        number: cut_at_quotes(texts[number])
        for number, answer in enumerate(answers)
        if answer == SIGN_FAULT and set(QUOTES) & set(texts[number])
    }
    asked = list(dict.fromkeys(part for parts in cut.values() for part in parts if has_words(part)))
    known = dict(zip(asked, hop.translate(asked), strict=True))
    for number, parts in cut.items():
        answers[number] = _join(parts, known)
    return answers


def cut_at_quotes(text: str) -> list[str]:
    """Cut a text into its quotes, each with the white space around it, and what is between them.

    >>> cut_at_quotes('The "new" cat.')
    ['The', ' "', 'new', '" ', 'cat.']
    """
    return _PART.findall(text)


def _join(parts: Sequence[str], known: Mapping[str, Answer]) -> Answer:
    text, unknown = "", Counter[str]()
    for part in parts:
        answer = known.get(part, Decoded(part, Counter()))
        if isinstance(answer, str):
            return answer
        text, unknown = text + answer.text, unknown + answer.unknown
    return Decoded(text, unknown)
