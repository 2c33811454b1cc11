"""Which section of the chain each learnt token belongs to, so that losses can be told apart."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence

from taco.chain.parse import parse_chain
from taco.chain.template import SECTIONS
from taco.errors import TacoError
from taco.languages.table import ENGLISH, Language, find_language
from taco.records import Example

OTHER, ENGLISH_ROW = "other", "english"

PARTS: tuple[str, ...] = (*SECTIONS, OTHER, ENGLISH_ROW)
"""The sections of a chain; labels, white space and the end token; and the whole answer of a row in English alone."""

_OTHER = PARTS.index(OTHER)


def mark_tokens(example: Example, spans: Sequence[tuple[int, int]], *, tokens: int) -> bytes:
    """Return for each token of a completion the number of its part in `PARTS`.

    A token belongs to the section that its last character lies in.

    Args:
        example: The example.
        spans: [start, end) in characters of the completion for each token; may be shorter than `tokens`.
        tokens: Number of tokens, the end token included; those without a span are no section's.
    """
    if example.language == ENGLISH.code:
        return bytes([PARTS.index(ENGLISH_ROW)]) * tokens
    marks = bytearray([_OTHER]) * tokens
    ends = [end for _, end in spans[:tokens]]
    for name, (start, end) in _find_sections(example).items():
        first, after = bisect_right(ends, start), bisect_right(ends, end)
        marks[first:after] = bytes([PARTS.index(name)]) * (after - first)
    return bytes(marks)


def average_parts(sums: Sequence[float], marks: Iterable[bytes]) -> dict[str, float]:
    """Return the mean loss of each part that has tokens.

    Args:
        sums: Sum of the losses of each part, in the order of `PARTS`.
        marks: What `mark_tokens` found for each row.

    >>> average_parts([3.0, 0.0, 1.5, 0.0, 0.0], [bytes([0, 0, 0]), bytes([2])])
    {'instruction_en': 1.0, 'response': 1.5}
    """
    joined = b"".join(marks)
    counts = [joined.count(part) for part in range(len(PARTS))]
    return {name: round(total / count, 6) for name, total, count in zip(PARTS, sums, counts, strict=True) if count}


def _find_sections(example: Example) -> dict[str, tuple[int, int]]:
    try:
        language: Language = find_language(example.language)
        return dict(parse_chain(example.completion, template=example.template, language=language).spans)
    except TacoError:  # a template or a language of another version of taco; its losses are not told apart
        return {}
