"""Judged answers that are not in the target language.

The identifier is held to be reliable for a set only where it gives the target for most of its answers: where it has no
good profile of the language, its other guesses say nothing, and the script alone is judged.
"""

from __future__ import annotations

from collections.abc import Mapping

from taco.evaluate.audit.finding import Finding, quote_start
from taco.evaluate.audit.judgement import JudgementSet
from taco.languages.identify import Identification, identify, strip_code
from taco.languages.scripts import find_script, measure_script_share
from taco.languages.table import ENGLISH, Language, find_language

LETTERS = 40
"""Fewest letters of prose that are judged."""

CERTAIN = 0.99
"""Probability of all other languages together from which an answer is reported."""

TRUSTED = 0.8
"""Share of a set's answers that the identifier must give to the target to be believed about the others."""

SCRIPT = 0.5
"""Share of the letters in the target's script below which an answer is reported."""


def find(judged: JudgementSet) -> list[Finding]:
    """Report answers in another language or script; nothing where the target is unknown."""
    if not judged.language:
        return []
    target = find_language(judged.language)
    guesses = _identify_all(judged, target)
    is_trusted = _measure_trust(guesses, target) >= TRUSTED
    found = []
    for index, guess in guesses.items():
        row = judged.rows[index]
        is_foreign = guess.best not in ("", target.code) and guess.distribution.get(target.code, 0.0) <= 1 - CERTAIN
        detail = ""
        if is_trusted and is_foreign:
            share = guess.distribution[guess.best]
            detail = f"identified as {find_language(guess.best).name}, probability {share:.2f}"
        elif _has_other_script(strip_code(row.answer or ""), target):
            detail = f"{100 * guess.script_share:.0f} % of the letters are in the script of {target.name}"
        if detail:
            evidence = {"answer": quote_start(row.answer or ""), "row": row.origin}
            found.append(Finding(kind="wrong-language", id=row.id, set=judged.name, detail=detail, evidence=evidence))
    return found


def describe_trust(judged: JudgementSet) -> str:
    """Say that the answers' language was judged by script alone, and why; "" where it was not."""
    if not judged.language:
        return ""
    target = find_language(judged.language)
    guesses = _identify_all(judged, target)
    share = _measure_trust(guesses, target)
    if not guesses or share >= TRUSTED:
        return ""
    return (
        f"the identifier takes {100 * share:.0f} % of the answers for {target.name}: it has no good profile of it, or most "
        "answers are in another language; the script alone was judged"
    )


def sign_identifier(judged: JudgementSet) -> str:
    """Return what told languages apart; "" where the target is unknown."""
    return identify("", target=find_language(judged.language)).signature if judged.language else ""


def _identify_all(judged: JudgementSet, target: Language) -> dict[int, Identification]:
    """Identify the answers that have enough letters outside code, by their place in the set."""
    prose = {index: strip_code(row.answer or "") for index, row in enumerate(judged.rows)}
    long = {i: text for i, text in prose.items() if sum(bool(find_script(letter)) for letter in text) >= LETTERS}
    return {index: identify(text, target=target) for index, text in long.items()}


def _measure_trust(guesses: Mapping[int, Identification], target: Language) -> float:
    own = sum(guess.best == target.code for guess in guesses.values())
    return own / len(guesses) if guesses else 0.0


def _has_other_script(text: str, target: Language) -> bool:
    """Tell by the script; formulas and names are Latin everywhere, so English text is needed where that is the other."""
    if measure_script_share(text, target.script) >= SCRIPT:
        return False
    words = [word for word in text.split() if len(word) > 1 and all(find_script(c) == ENGLISH.script for c in word)]
    latin = measure_script_share(text, ENGLISH.script)
    return latin < SCRIPT or sum(len(word) for word in words) >= LETTERS
