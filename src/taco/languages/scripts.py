"""Which script a letter belongs to, and how much of a text is in a script.

A letter's script is read off its Unicode name ("DEVANAGARI LETTER KA"), which is stable and comes with Python.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from functools import cache

_SCRIPTS = {
    "ARABIC": "Arab",
    "ARMENIAN": "Armn",
    "BENGALI": "Beng",
    "CJK": "Hani",
    "CYRILLIC": "Cyrl",
    "DEVANAGARI": "Deva",
    "ETHIOPIC": "Ethi",
    "FEMININE": "Latn",  # FEMININE ORDINAL INDICATOR
    "GEORGIAN": "Geor",
    "GREEK": "Grek",
    "GUJARATI": "Gujr",
    "GURMUKHI": "Guru",
    "HANGUL": "Hang",
    "HEBREW": "Hebr",
    "HIRAGANA": "Hira",
    "IDEOGRAPHIC": "Hani",
    "KANNADA": "Knda",
    "KATAKANA": "Kana",
    "KATAKANA-HIRAGANA": "Kana",
    "KHMER": "Khmr",
    "LAO": "Laoo",
    "LATIN": "Latn",
    "MALAYALAM": "Mlym",
    "MASCULINE": "Latn",  # MASCULINE ORDINAL INDICATOR
    "MEETEI": "Mtei",
    "MYANMAR": "Mymr",
    "ORIYA": "Orya",
    "SINHALA": "Sinh",
    "TAMIL": "Taml",
    "TELUGU": "Telu",
    "THAANA": "Thaa",
    "THAI": "Thai",
}
_COMMON = {"MODIFIER", "MATHEMATICAL", "MICRO", "DOUBLE-STRUCK", "SCRIPT", "BLACK-LETTER", "VEDIC", "ARABIC TATWEEL"}
"""First words, or whole names, of letters that many scripts share."""
_WIDTHS = {"FULLWIDTH", "HALFWIDTH"}

_COMPOSED = {"Jpan": ("Hira", "Kana"), "Kore": ("Hang",)}
"""Scripts that are written with Han too -> the letters that tell them from Chinese."""


UNSPACED = frozenset({"Hans", "Hant", "Jpan", "Khmr", "Laoo", "Mymr", "Thai", "Tibt"})
"""Scripts that put no space between words."""


@cache
def find_script(letter: str) -> str:
    """Return the ISO 15924 code of one letter's script, "Zzzz" for scripts without a language in the table.

    "" for characters that are no letters, or letters that many scripts share, such as the okina. Han letters are
    "Hani" whatever the language.

    >>> find_script("ñ"), find_script("क"), find_script("7"), find_script("漢")
    ('Latn', 'Deva', '', 'Hani')
    """
    if not unicodedata.category(letter).startswith("L"):
        return ""
    name = unicodedata.name(letter, "")
    words = name.split(" ")
    word = words[1] if words[0] in _WIDTHS and len(words) > 1 else words[0]
    if word in _COMMON or name in _COMMON:
        return ""
    return _SCRIPTS.get(word, "Zzzz")


def measure_script_share(text: str, script: str) -> float:
    """Return the share of a text's letters that are in a script, from 0 to 1; 0 where there are no letters.

    Han counts as Japanese or Korean ("Jpan", "Kore") only where the text has kana or Hangul too. "Hans" and "Hant"
    share most of their letters: the share of Han is divided as the letters that only one of them has are.

    >>> measure_script_share("Kia ora कोटि", "Latn")
    0.75
    """
    letters = Counter(text)
    counts: Counter[str] = Counter()
    for letter, times in letters.items():
        counts[find_script(letter)] += times
    del counts[""]
    total = counts.total()
    if not total:
        return 0.0
    if script in ("Hans", "Hant"):
        simplified, traditional = _count_telling_letters(letters)
        own = simplified if script == "Hans" else traditional
        return counts["Hani"] / total * (own / (simplified + traditional) if simplified + traditional else 1.0)
    if script in _COMPOSED:
        telling = sum(counts[part] for part in _COMPOSED[script])
        return (telling + counts["Hani"]) / total if telling else 0.0
    return counts[script] / total


def estimate_simplified(text: str) -> float:
    """Estimate the probability that a Chinese text is in simplified letters; 0.5 where no letter tells.

    One pseudo-letter is added to each side (Laplace), so that one letter does not decide alone.

    >>> estimate_simplified("这个") > 0.5 > estimate_simplified("這個")
    True
    """
    simplified, traditional = _count_telling_letters(Counter(text))
    return (simplified + 1) / (simplified + traditional + 2)


def _count_telling_letters(letters: Counter[str]) -> tuple[int, int]:
    simplified = sum(times for letter, times in letters.items() if _find_form(letter) == "Hans")
    traditional = sum(times for letter, times in letters.items() if _find_form(letter) == "Hant")
    return simplified, traditional


@cache
def _find_form(letter: str) -> str:
    """Tell simplified from traditional by the national character sets: GB 2312 (China), Big5 (Taiwan, Hong Kong)."""
    if find_script(letter) != "Hani":
        return ""
    if _can_encode(letter, "gb2312"):
        return "" if _can_encode(letter, "big5") else "Hans"
    return "Hant" if _can_encode(letter, "big5hkscs") else ""


def _can_encode(letter: str, charset: str) -> bool:
    try:
        letter.encode(charset)
    except UnicodeEncodeError:
        return False
    return True
