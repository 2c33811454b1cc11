"""The prose of a target section cut into stretches that are long enough to tell their language."""

from __future__ import annotations

import re
from collections.abc import Iterator

from taco.languages.identify import blank_code
from taco.languages.scripts import find_script

_END = re.compile(r"[.!?…।॥؟۔።。！？։]+[\"'”’»)\]]*\s+|\n+")


def cut_stretches(text: str, start: int, end: int, *, letters: int) -> Iterator[tuple[int, int]]:
    """Yield spans of whole sentences with at least so many letters, code left out; what is left over joins the last.

    Args:
        text: The whole answer.
        start, end: The section to cut.
        letters: Fewest letters of a stretch; a shorter section is one stretch.
    """
    prose = blank_code(text[start:end])
    cuts = [match.end() for match in _END.finditer(prose)] + [len(prose)]
    spans: list[tuple[int, int]] = []
    begin = before = found = 0
    for cut in cuts:
        found += sum(bool(find_script(letter)) for letter in prose[before:cut])
        before = cut
        if found >= letters:
            spans.append((begin, cut))
            begin, found = cut, 0
    if begin < len(prose) and prose[begin:].strip():
        spans = [*spans[:-1], (spans[-1][0], len(prose))] if spans else [(begin, len(prose))]
    for left, right in spans:
        yield start + left, start + right
