"""Words of any script, names, and how much a text repeats itself."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence
from functools import cache

UNSPACED_ORDER = 8
SPACED_ORDER = 4
"""Units of one n-gram: words, or letters where a script puts no space between words."""

_NAME = re.compile(r"(?<=[a-z,;]\s)[A-Z][^\W\d_]+")

_UNSPACED_LETTERS = (
    "\u0e00-\u0eff"  # Thai, Lao
    "\u0f00-\u0fff"  # Tibetan
    "\u1000-\u109f"  # Myanmar
    "\u1780-\u17ff"  # Khmer
    "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff"  # kana
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Han
)
"""Letters of scripts that put no space between words; each is taken as a word. Hangul has spaces."""


def split_words(text: str) -> list[str]:
    """Return the words of a text in small letters: runs of letters and their marks, single letters in unspaced scripts.

    >>> split_words("O Gato non durme; 3 ratos."), split_words("घर में"), split_words("猫が")
    (['o', 'gato', 'non', 'durme', 'ratos'], ['घर', 'में'], ['猫', 'が'])
    """
    text = text.casefold()
    found: list[str] = (_ascii_words() if text.isascii() else _any_words()).findall(text)
    return found


def find_names(prose: Sequence[str]) -> set[str]:
    """Find the names in English prose: capitalised words after a small letter or a comma, in small letters.

    >>> sorted(find_names(["The river Minho flows through Ourense, Spain. I like it."]))
    ['minho', 'ourense', 'spain']
    """
    return {name.casefold() for piece in prose for name in _NAME.findall(piece)}


def is_kept(name: str, text: str) -> bool:
    """Whether a name stands in a text, both in small letters: its stem, so that endings and forms may differ.

    >>> is_kept("london", "a cidade de londres"), is_kept("minho", "o río miño")
    (True, False)
    """
    return name[: max(3, len(name) - 2)] in text


def choose_telling(words: Sequence[str], names: Collection[str]) -> list[str]:
    """Return the words that tell a copy from a translation: no names, and no units and particles of one or two letters.

    >>> choose_telling(["the", "gato", "kg", "ana", "猫"], {"ana"})
    ['the', 'gato', '猫']
    """
    return [word for word in words if word not in names and (len(word) > 2 or not word.isascii())]


def measure_copies(words: Sequence[str], source: Collection[str]) -> float:
    """Return the share of words that are in the source, from 0 to 1; 0 where there are none.

    >>> measure_copies(["the", "gato"], {"the", "cat"})
    0.5
    """
    return sum(word in source for word in words) / len(words) if words else 0.0


def measure_repetition(words: Sequence[str], *, order: int) -> float:
    """Return the share of n-grams that repeat an earlier one, from 0 to 1; 0 for texts shorter than one.

    It is seq-rep-n of Welleck et al. 2020, "Neural text generation with unlikelihood training".

    >>> measure_repetition("a b a b a b".split(), order=2)
    0.6
    """
    total = len(words) - order + 1
    if total < 1:
        return 0.0
    return 1.0 - len(set(zip(*(words[start:] for start in range(order)), strict=False))) / total


@cache
def _ascii_words() -> re.Pattern[str]:
    return re.compile(r"[a-z]+")


@cache
def _any_words() -> re.Pattern[str]:
    marks = "".join(chr(code) for code in range(0x300, 0x10000) if unicodedata.category(chr(code))[0] == "M")
    return re.compile(rf"[{_UNSPACED_LETTERS}]|(?:[^\W\d_{_UNSPACED_LETTERS}][{re.escape(marks)}]*)+")
