"""Prose as an engine gets it: with its spans hidden in slots, or cut around them; and back again.

For every prose p:

    restore(mark(p), mark(p).template) == p.text
    "".join(piece.text for piece in cut(p)) == p.text
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from taco.translate.segment import Fixed, Node, Prose
from taco.translate.slots import FORMAT_SLOT, SLOT, SLOTS_OF_A_KIND, has_letters, has_words, make_slot
from taco.translate.spans import compare_numbers, may_hold_digits


@dataclass(frozen=True, slots=True)
class Marked:
    """Prose with slots.

    Attributes:
        template: What an engine gets.
        originals: Slot -> the span that it stands for.
    """

    template: str
    originals: Mapping[str, str]


def mark(prose: Prose, *, numbers: bool) -> Marked:
    """Hide the spans of a prose in slots; numbers only where `numbers` says so.

    >>> from taco.translate.spans import Span
    >>> marked = mark(Prose("Run `ls`", (Span(4, 8, "word"),)), numbers=False)
    >>> marked.template == "Run " + make_slot(0, is_word=True), list(marked.originals.values())
    (True, ['`ls`'])
    """
    template, position = "", 0
    originals: dict[str, str] = {}
    for span in prose.spans:
        if span.kind == "number" and not numbers:
            continue
        slot = make_slot(len(originals) % SLOTS_OF_A_KIND, is_word=span.kind != "format")
        originals[slot] = prose.text[span.start : span.end]
        template += prose.text[position : span.start] + slot
        position = span.end
    return Marked(template + prose.text[position:], originals)


def restore(marked: Marked, answer: str) -> str:
    """Put the spans back in the place of their slots.

    A slot that `answer` should not hold stands as it is; see `find_fault` for what to check before.
    """
    if not marked.originals:
        return answer
    return SLOT.sub(lambda slot: marked.originals.get(slot[0], slot[0]), answer)


def cut(prose: Prose, *, numbers: bool) -> tuple[Node, ...]:
    """Cut a prose around its spans: each span is fixed, and so are white space and signs between it and the words.

    So words and spans do not grow together where an engine loses a sign. Full stops stay with their sentence.

    >>> from taco.translate.spans import Span
    >>> [piece.text for piece in cut(Prose("Run `ls` now", (Span(4, 8, "word"),)), numbers=True)]
    ['Run', ' `ls` ', 'now']
    """
    pieces: list[Node] = []
    for text, is_kept in _list_pieces(prose, numbers=numbers):
        if is_kept or not has_words(text):
            _add_fixed(pieces, text)
            continue
        start, end = _find_edges(text)
        _add_fixed(pieces, text[:start])
        pieces.append(Prose(text[start:end]))
        _add_fixed(pieces, text[end:])
    return tuple(pieces)


_LEAD = re.compile(r"[^\w'’]*")
_TAIL = re.compile(r"[^\w'’.!?)\]\"”»]*\Z")


def _find_edges(text: str) -> tuple[int, int]:
    lead, tail = _LEAD.match(text), _TAIL.search(text)
    return lead.end() if lead else 0, tail.start() if tail else len(text)


def _list_pieces(prose: Prose, *, numbers: bool) -> Iterator[tuple[str, bool]]:
    position = 0
    for span in prose.spans:
        if span.kind == "number" and not numbers:
            continue
        yield prose.text[position : span.start], False
        yield prose.text[span.start : span.end], True
        position = span.end
    yield prose.text[position:], False


def _add_fixed(pieces: list[Node], text: str) -> None:
    if not text:
        return
    if pieces and isinstance(pieces[-1], Fixed):
        pieces[-1] = Fixed(pieces[-1].text + text)
    else:
        pieces.append(Fixed(text))


def find_fault(sent: str, answer: str) -> str:
    """Say why an answer cannot stand for the text that was sent, or return "".

    Slots must come back once each and in order, with something between format slots that had something between them;
    numbers must be the same, in any order; and something must be there.

    >>> find_fault("3 cats", "tres gatos"), find_fault("3 cats", "3 gatos")
    ('number-changed', '')
    """
    if not has_letters(answer) and has_words(sent):
        return "empty-translation"
    if not may_hold_digits(sent + answer):  # nor slots, for the same reason
        return ""
    if SLOT.findall(sent) != SLOT.findall(answer) or _list_neighbours(sent) != _list_neighbours(answer):
        return "span-lost"
    if any(compare_numbers(sent, answer)):
        return "number-changed"
    return ""


_NEIGHBOURS = re.compile(rf"(?={FORMAT_SLOT.pattern}\s*({FORMAT_SLOT.pattern}))")


def _list_neighbours(text: str) -> list[str]:
    return _NEIGHBOURS.findall(text)
