"""Slots: single characters that stand for do-not-translate spans inside a text on its way through an engine.

A *word* slot stands for something that takes a word's place in the sentence: a URL, `code`, a placeholder. A *format*
slot stands for something between words: an HTML tag, an emphasis mark. The difference lets an engine treat a word slot
as a noun of unknown meaning and a format slot as white space with a mark on it.

Slots are characters of Unicode's Supplementary Private Use Area A. Where a source text holds such characters itself,
`spans.find_spans` protects them, so that no text that reaches an engine holds one by accident.
"""

from __future__ import annotations

import re

SLOTS_OF_A_KIND = 0x7FFE
"""Slots of each kind that one text may hold: both halves of the plane, without its two noncharacters."""

_WORD_BASE = 0xF0000
_FORMAT_BASE = 0xF8000

SLOT = re.compile(f"[{chr(_WORD_BASE)}-{chr(_FORMAT_BASE + SLOTS_OF_A_KIND - 1)}]")
"""One slot of either kind."""

WORD_SLOT = re.compile(f"[{chr(_WORD_BASE)}-{chr(_FORMAT_BASE - 1)}]")
"""One word slot."""

FORMAT_SLOT = re.compile(f"[{chr(_FORMAT_BASE)}-{chr(_FORMAT_BASE + SLOTS_OF_A_KIND - 1)}]")
"""One format slot."""

_LETTER = re.compile(r"[^\W\d_]")
_LETTERS = re.compile(r"[^\W\d_]{2}|(?![A-Za-z])[^\W\d_]")
_WORD = re.compile(r"[^\W\d_]+(?:['’\-][^\W\d_]+)*")


def make_slot(number: int, *, is_word: bool) -> str:
    """Return the slot with a number from 0 up to `SLOTS_OF_A_KIND` of a kind."""
    return chr((_WORD_BASE if is_word else _FORMAT_BASE) + number)


def is_word_slot(character: str) -> bool:
    """Whether a slot is a word slot.

    >>> is_word_slot(make_slot(3, is_word=True)), is_word_slot(make_slot(3, is_word=False))
    (True, False)
    """
    return ord(character) < _FORMAT_BASE


def has_letters(text: str) -> bool:
    """Whether there is a letter outside the slots."""
    return _LETTER.search(text) is not None


def has_words(text: str) -> bool:
    """Whether there is anything to translate: a word outside the slots. A lone letter is a label, not a word.

    >>> has_words("3 + 4 = 7"), has_words("A"), has_words("3 cats")
    (False, False, True)
    """
    return _LETTERS.search(text) is not None


def count_words(text: str) -> int:
    """Count the words outside the slots; numbers are no words.

    >>> count_words("Don't eat 3 well-known apples")
    4
    """
    return sum(1 for _ in _WORD.finditer(text))
