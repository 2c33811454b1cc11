"""All classes of failure on one answer."""

from __future__ import annotations

from collections.abc import Callable

from taco.evaluate.failure import code, copied, language, layout, loop, meaning, missing_section, sentences, truncated
from taco.evaluate.failure.record import KINDS, Failure, Subject

Finder = Callable[[Subject], list[Failure]]

FINDERS: tuple[Finder, ...] = (
    missing_section.find,
    copied.find,
    truncated.find,
    loop.find,
    language.find,
    layout.find,
    code.find,
    meaning.find,
    sentences.find,
)


def find_failures(subject: Subject) -> tuple[Failure, ...]:
    """List what went wrong with an answer, in the order of `KINDS` and then of the text."""
    found = [failure for find in FINDERS for failure in find(subject)]
    return tuple(sorted(found, key=lambda failure: (KINDS.index(failure.kind), failure.start)))
