"""The question again, instead of an answer to it.

The target section is held against the question in the target language; where that is unknown, or the section no copy,
the English section against the English question. A copy that the reference repeats too is none; without a reference,
questions that ask for a text to be repeated, corrected or put otherwise are passed over.
"""

from __future__ import annotations

import re

from taco.evaluate.copied import is_copy, measure_likeness
from taco.evaluate.failure.record import Failure, Subject
from taco.languages.table import ENGLISH

_REPEATING = re.compile(
    r"\b(?:repeat|echo|quote|copy|correct|fix|edit|improve|proofread|punctuate|capitali[sz]e|rewrite|rephrase|reword|paraphrase|"
    r"translate|transcribe|transcript|convert|change|replace|insert|add|delete|remove|sort|order|arrange|rearrange|reorder|"
    r"organi[sz]e|format|split|divide|complete|continue|extract|grammatical|grammar|spelling|typos?|errors?|mistakes?)\b",
    re.IGNORECASE,
)
"""Words of questions whose right answer may be most of the question. A list of our own."""


def find(subject: Subject) -> list[Failure]:
    """Report the section that is the question again, the target section first."""
    asked_en = subject.question_en or subject.parsed.instruction_en
    pairs = (
        ("response", subject.reply, subject.instruction, subject.reference.response, subject.language.script),
        ("response_en", subject.parsed.response_en, asked_en, subject.reference.response_en, ENGLISH.script),
    )
    for section, text, question, reference, script in pairs:
        likeness = measure_likeness(text, question, script=script) if question else None
        if likeness is None or not is_copy(likeness, text, reference, script):
            continue
        if not reference and _REPEATING.search(asked_en):
            continue
        span = subject.find_span(section) if section in subject.parsed.spans else (0, len(subject.text))
        return [subject.make_failure("copied-question", span, f"{100 * likeness:.0f} % like the question")]
    return []
