"""Whether a text is surely in another language than the target; of short and doubtful texts nothing is said.

The thresholds are choices, not findings. Texts of fewer letters are where identifiers err most; relatives of the target are
told apart from it less well than English, so that more certainty is asked for.
"""

from __future__ import annotations

from taco.languages.identify import identify_prose, strip_code
from taco.languages.table import ENGLISH, Language

MIN_LETTERS = 64
"""Letters outside code that a text needs to be judged."""

SURE_ENGLISH = 0.95
"""Probability of English above which a text is English."""

SURE_RELATIVE = 0.99
"""The same for a relative of the target."""

FEW_LETTERS = 0.2
"""Share of letters in the target's script below which a text cannot be in the target language."""

OTHER_SCRIPT = "other-script"


def count_letters(text: str) -> int:
    """Return the number of letters outside code, URLs and tags.

    >>> count_letters("Ola `len(x)`, 12")
    3
    """
    return sum(letter.isalpha() for letter in strip_code(text))


def find_foreign(text: str, target: Language) -> str:
    """Return the code of the language that a text is in instead of the target, or `OTHER_SCRIPT`; "" where nothing is sure.

    >>> from taco.languages.table import find_language
    >>> english = "The sky is blue because the air scatters short waves of light more than long ones."
    >>> find_foreign(english, find_language("gl")), find_foreign("The sky", find_language("gl"))
    ('en', '')
    """
    prose = strip_code(text)
    if count_letters(prose) < MIN_LETTERS:
        return ""
    found = identify_prose(prose, target=target)
    if found.script_share < FEW_LETTERS:
        return OTHER_SCRIPT
    if not found.knows_target or found.best in ("", target.code):
        return ""
    sure = SURE_ENGLISH if found.best == ENGLISH.code else SURE_RELATIVE
    return found.best if found.distribution[found.best] >= sure else ""


def measure_target(text: str, target: Language) -> float:
    """Return how much speaks for the target language, from 0 to 1: to compare two texts."""
    found = identify_prose(strip_code(text), target=target)
    return found.distribution.get(target.code, 0.0) if found.knows_target else found.script_share
