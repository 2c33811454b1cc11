"""What the texts of a row give away, whatever is asked: small corrections, and texts that are not English."""

from __future__ import annotations

import re

from taco.source.hygiene.request import list_words

LONGEST = 400
"""Characters of a text that are looked at; an edit of a longer one is no small edit."""

MOST_CHANGES = 3
"""Words that a small correction changes at most."""

FOREIGN_SCRIPT, FOREIGN_WORDS, ENGLISH_WORDS = 0.3, 0.15, 0.05
"""Shares from which, and of English words below which, a text is not English: its letters, its commonest words."""

FEWEST_WORDS = 5
"""A text with fewer words does not show by its commonest words whether it is English."""

FEWEST_LETTERS = 3
"""Letters of another alphabet, fewer of which may be symbols; one ideograph is a word."""

_PROSE = re.compile(r"[\w .,;:!?'\"’“”()-]+")
_ACCENTED = re.compile(r"[\u00c0-\u024f\u1e00-\u1eff]")
_OTHER_SCRIPT = re.compile(r"[^\W\d_\u0000-\u02af\u1d00-\u1eff\u2000-\u2bff\U0001d400-\U0001d7ff]")
_IDEOGRAPHS_START = "\u2e80"
_ENGLISH_WORDS = "the of and to in is it that for was are with this you be"
_ENGLISH = frozenset(_ENGLISH_WORDS.split())
# The commonest words of languages in Latin script, but for those that are English words too.
_FOREIGN_WORDS = """
de la el le les des du et est que qui un une dans je nous vous pas los las una por con para del se su os da
dos não uma em il di che der und das nicht ein eine zu mit sich het een dat niet och att det som på är av og
ikke til w nie się na że és az ve bir
"""
_FOREIGN = frozenset(_FOREIGN_WORDS.split())


def is_small_edit(text: str, edited: str) -> bool:
    """Whether two sentences differ in nothing but punctuation, capitals or endings of words.

    >>> is_small_edit("He learn quickly", "He learns quickly.")
    True
    >>> is_small_edit("The children walked home.", "The children ran home.")
    False
    """
    if not 0 < len(text) <= LONGEST or abs(len(text) - len(edited)) > 4 * MOST_CHANGES:
        return False
    if not (_PROSE.fullmatch(text) and _PROSE.fullmatch(edited)):
        return False
    before, after = list_words(text), list_words(edited)
    if len(before) != len(after) or len(before) < 3:
        return False
    changes = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    if not changes:
        return "".join(text.split()) != "".join(edited.split())
    return len(changes) <= MOST_CHANGES and all(_is_ending(old, new) for old, new in changes)


def _is_ending(old: str, new: str) -> bool:
    stem = max(2, min(len(old), len(new)) - 2)
    return old[:stem] == new[:stem] and abs(len(old) - len(new)) <= 3


def is_foreign(text: str) -> bool:
    """Whether a text is in another language than English, as far as its script or its commonest words show.

    A text in ASCII counts as English: this is a check of every row, and nearly all are.

    >>> is_foreign("Où est la clé de la maison?"), is_foreign("I ordered a crème brûlée in the café.")
    (True, False)
    >>> is_foreign("鍵はどこですか"), is_foreign("The angle α is 30°.")
    (True, False)
    """
    if text.isascii():
        return False
    text = text[:LONGEST]
    other = _OTHER_SCRIPT.findall(text)
    if other and (len(other) >= FEWEST_LETTERS or max(other) >= _IDEOGRAPHS_START):
        return len(other) >= FOREIGN_SCRIPT * sum(map(str.isalpha, text))
    words = list_words(text) if _ACCENTED.search(text) else []
    if len(words) < FEWEST_WORDS:
        return False
    foreign, english = sum(word in _FOREIGN for word in words), sum(word in _ENGLISH for word in words)
    return foreign >= FOREIGN_WORDS * len(words) and english <= ENGLISH_WORDS * len(words)
