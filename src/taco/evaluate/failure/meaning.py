"""A question whose meaning step 1 changed, so that the whole chain answers something else.

Held against the true English question by content words: the harmonic mean of how many of the question's come back and
how many of the translation's are the question's. Function words, the words that state a length rule, and what only
frames a question ("what if" against "what would have happened if") are left out; words that begin alike count as one.
A synonym looks like a change, and one changed word in a long question hardly shows: see docs/failures.md for how often.
"""

from __future__ import annotations

import re

from taco.evaluate.failure.record import Failure, Subject

THRESHOLD = 0.7
"""Similarity from which a question counts as kept."""

STEM = 5
"""Letters that two words have to begin with alike to count as one; the whole word where it is shorter."""

_RULE = re.compile(r"[^.?!\n]*\b(?:sentences|words)\b[^.?!\n]*[.?!]*", re.IGNORECASE)
_WORD = re.compile(r"[^\W_]+")
_FUNCTION = """
a about after all also an and another any are as at be because been before being between both but by can could did do
does doing down during each else even every few for from had has have having he her here him his how i if in instead
into is it its just may me might more most must my no nor not of off on only or other our out over own same she should
so some such than that the their them then there these they this those through to too up us very was we were what when
where whether which while who whom whose why will with without would you your yours
happen happened happens one never ever s t
"""
_FUNCTION_WORDS = frozenset(_FUNCTION.split())
"""English function words, and the words that frame "what if"; a list of our own."""


def find(subject: Subject) -> list[Failure]:
    """Report an instruction in English that is too far from the true question."""
    translated = subject.parsed.instruction_en
    if not translated or not subject.question_en:
        return []
    similarity = measure_similarity(translated, subject.question_en)
    if similarity is None or similarity >= THRESHOLD:
        return []
    detail = f"shares {similarity:.2f} of the content words with the question {subject.question_en[:120]!r}"
    return [subject.make_failure("changed-meaning", subject.find_span("instruction_en"), detail)]


def measure_similarity(translated: str, question: str) -> float | None:
    """Return how alike two questions are in content words, from 0 to 1; None where one has none.

    >>> round(measure_similarity("How often does a human sneeze?", "How many times do humans blink?"), 2)
    0.29
    """
    ours, theirs = list_content(translated), list_content(question)
    if not ours or not theirs:
        return None
    shared = len(ours & theirs)
    return 2 * shared / (len(ours) + len(theirs))


def list_content(text: str) -> set[str]:
    """Return the beginnings of a text's content words, rules about its length left out."""
    words = _WORD.findall(_RULE.sub(" ", text).casefold())
    return {_trim(word) for word in words if word not in _FUNCTION_WORDS}


def _trim(word: str) -> str:
    word = word.removesuffix("s") if len(word) > 3 else word
    return word[:STEM]
