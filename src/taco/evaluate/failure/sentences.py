"""More sentences than the instruction allows."""

from __future__ import annotations

import re

from taco.evaluate.failure.record import Failure, Subject
from taco.evaluate.length import count_sentences

_RULE = re.compile(
    r"\b(?P<less>less than|fewer than)?(?P<most>at most|no more than|not exceed)?\s*(?P<limit>\d{1,3}) sentences\b",
    re.I,
)
_MARK = re.compile(r"(?<!\S)(\d{1,2})[.)](?=\s)")


def find(subject: Subject) -> list[Failure]:
    """Report a target section that breaks the limit which the instruction in English states."""
    limit = find_limit(subject.parsed.instruction_en) or find_limit(subject.question_en)
    target = subject.parsed.response
    if limit is None or not target:
        return []
    sentences = count_sentences(drop_list_marks(target), script=subject.language.script)
    if sentences is None or sentences < limit:
        return []
    detail = f"{sentences} sentences, less than {limit} were asked for"
    return [subject.make_failure("too-long", subject.find_span("response"), detail)]


def find_limit(instruction: str) -> int | None:
    """Return the number of sentences from which an answer is too long; None where no limit is stated.

    >>> find_limit("Your response must be less than 6 sentences."), find_limit("Use at most 2 sentences."), find_limit("Go")
    (6, 3, None)
    """
    for match in _RULE.finditer(instruction):
        if match["less"]:
            return int(match["limit"])
        if match["most"]:
            return int(match["limit"]) + 1
    return None


def drop_list_marks(text: str) -> str:
    """Take out marks that count 1., 2., 3. wherever they stand: flattened lists keep them inside the line.

    >>> drop_list_marks("Two: 1. Rest. 2. Walk 21 km.").split()
    ['Two:', 'Rest.', 'Walk', '21', 'km.']
    """
    kept, last, expected = [], 0, 1
    for match in _MARK.finditer(text):
        number = int(match[1])
        if number not in (expected, 1):
            continue
        kept.append(text[last : match.start()])
        last, expected = match.end(), number + 1
    return "".join(kept) + text[last:]
