"""An answer that was cut off: by what generation says, or, where nobody recorded that, by how its text ends."""

from __future__ import annotations

import re

from taco.evaluate.failure import loop
from taco.evaluate.failure.record import Failure, Subject

_FINISHES = {"length": "the token limit ended it", "loop": "the guard against loops ended it"}
_CLOSED = re.compile(r"""[.!?…।॥؟۔።。！？։"'”’»)\]}>`*_]\s*\Z""")
_HANGING = re.compile(r"[,،、;(\[{]\s*\Z")
SHOWN = 80
"""Characters of the end that are shown."""


def find(subject: Subject) -> list[Failure]:
    """Report how an answer breaks off."""
    reason = _FINISHES.get(subject.finish) or (_read_end(subject) if not subject.finish else "")
    if not reason:
        return []
    end = len(subject.text.rstrip())
    return [subject.make_failure("truncated", (max(0, end - SHOWN), end), reason)]


def _read_end(subject: Subject) -> str:
    """Tell from the text alone; without target section only where a section is left open."""
    if not subject.parsed.spans:
        return ""
    has_target = "response" in subject.template.section_names
    if has_target and not subject.parsed.response and not _CLOSED.search(subject.text):
        return "no target section, and the section before ends without any closing sign"
    if _HANGING.search(subject.text):
        return "ends in the middle of a sentence"
    if any(failure.end >= len(subject.text.rstrip()) for failure in loop.find(subject)):
        return "a loop runs to its end"
    return ""
