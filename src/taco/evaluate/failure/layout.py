"""Lists, code blocks and lines of the English section that the target section runs together."""

from __future__ import annotations

import re

from taco.evaluate.failure.record import Failure, Subject
from taco.evaluate.structure import count_lines, count_list_items
from taco.languages.identify import strip_code

_FENCED = re.compile(r"(```+|~~~+)(.*?)(?:\1|\Z)", re.DOTALL)


def find(subject: Subject) -> list[Failure]:
    """Report what was flattened: list and code each; lines only where it is neither."""
    english, target = subject.parsed.response_en, subject.parsed.response
    if not english or not target:
        return []
    span = subject.find_span("response")
    found = []
    items_en, items = count_list_items(strip_code(english)), count_list_items(strip_code(target))
    if items_en > 1 and 2 * items < items_en:
        detail = f"{items_en} list items in the English section, {items} on lines of their own in the target section"
        found.append(subject.make_failure("flattened-list", span, detail))
    found += _judge_code(subject, english, target, span)
    lines_en, lines = count_lines(english), count_lines(target)
    if not found and lines_en > 1 and lines == 1:
        detail = f"{lines_en} lines in the English section, one in the target section"
        found.append(subject.make_failure("flattened-lines", span, detail))
    return found


def list_code_blocks(text: str) -> list[tuple[int, int]]:
    """Return the spans of what stands between code fences; an unclosed last fence runs to the end."""
    return [match.span(2) for match in _FENCED.finditer(text)]


def _judge_code(subject: Subject, english: str, target: str, span: tuple[int, int]) -> list[Failure]:
    lines_en = _count_code_lines(english)
    if lines_en < 2:
        return []
    blocks = list_code_blocks(target)
    lines = _count_code_lines(target)
    if 2 * lines >= lines_en:
        return []
    detail = f"{lines_en} lines of code in the English section, {lines} in the target section"
    if blocks:
        offset = subject.text.find(target, span[0], span[1])
        if offset >= 0:
            span = (offset + blocks[0][0], offset + blocks[-1][1])
    else:
        detail = f"{lines_en} lines of code in the English section, no code block in the target section"
    return [subject.make_failure("flattened-code", span, detail)]


def _count_code_lines(text: str) -> int:
    """Count lines of code; a block on one line is none."""
    return sum(count for start, end in list_code_blocks(text) if (count := count_lines(text[start:end])) > 1)
