"""Choosing the languages that `taco languages` shows."""

from __future__ import annotations

import difflib
from typing import Literal

from taco.errors import RecipeError
from taco.languages.table import Language, all_languages, list_keys, normalise_key

SHORTEST_PART = 3
"""Characters that a text needs to be looked for inside names; a shorter one has to be a code, or start a name."""


def filter_languages(
    text: str | None, *, script: str | None = None, engine: Literal["google", "nllb"] | None = None
) -> list[Language]:
    """Return the languages that fit everything asked for, the best matches of `text` first, then in table order.

    Args:
        text: A code, name, autonym or alias, or a part of one; None or "" for any.
        script: ISO 15924 code such as "Deva"; None for any.
        engine: Keep only languages that this engine's code list has; None for any.

    Raises:
        RecipeError: No language of the table is written in `script`.

    >>> [language.code for language in filter_languages("chinese", script="hant")]
    ['zh-Hant', 'yue']
    """
    found = [language for language in all_languages() if engine is None or getattr(language, engine)]
    if script:
        _check_script(script)
        found = [language for language in found if language.script.casefold() == script.casefold()]
    key = normalise_key(text or "")
    if not key:
        return found
    ranked = [(rank, language) for language in found if (rank := _rank_match(key, language)) is not None]
    return [language for _, language in sorted(ranked, key=lambda pair: pair[0])]


def _rank_match(key: str, language: Language) -> int | None:
    """0: a key of the language; 1: the start of one; 2: a part of one; None: nothing of it."""
    keys = [own for _, own in list_keys(language)]
    if key in keys:
        return 0
    if len(key) >= SHORTEST_PART:
        if any(own.startswith(key) for own in keys):
            return 1
        if any(key in own for own in keys):
            return 2
    return None


def _check_script(script: str) -> None:
    known = {language.script.casefold(): language.script for language in all_languages()}
    if script.casefold() in known:
        return
    close = difflib.get_close_matches(script.casefold(), known, n=1, cutoff=0.6)
    raise RecipeError(
        f"No language of the table is written in the script {script!r}"
        + (f"; did you mean {known[close[0]]!r}?" if close else "."),
        hint=f"Scripts of the table: {', '.join(sorted(known.values()))}.",
    )
