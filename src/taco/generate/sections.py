"""What each section of an answer cost: tokens and seconds, from where the parser found the sections."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from taco.chain.template import SECTIONS
from taco.generate.backend import Generation
from taco.records import SectionUse

OTHER = "other"
"""Name for labels, white space between sections, text outside sections and the end token."""

_DIGITS = 6


def measure_sections(
    generation: Generation, spans: Mapping[str, tuple[int, int]], *, given: int = 0
) -> tuple[SectionUse, ...]:
    """Share the tokens and seconds of an answer out among its sections.

    A token belongs to the section that one of its characters lies in, to the first where there are two. A token that
    holds a part of a character belongs where that character does. Every token is counted once, so the sums are those of
    the answer. Seconds are rounded to microseconds.

    Args:
        generation: The answer.
        spans: Section -> [start, end) in characters of the answer's text, as `parse_chain` finds them.
        given: Characters in front of what was generated that the spans count too.

    Returns:
        The sections that were found, in the order of the chain, and "other".
    """
    names = [name for name in SECTIONS if name in spans]
    tokens = dict.fromkeys([*names, OTHER], 0)
    seconds = dict.fromkeys([*names, OTHER], 0.0)
    start = given
    for end, cost in zip((given + end for end in generation.token_ends), generation.token_seconds, strict=True):
        name = _find_section(start, max(end, start + 1), spans, names)
        tokens[name] += 1
        seconds[name] += cost
        start = end
    return tuple(SectionUse(name=name, tokens=tokens[name], seconds=round(seconds[name], _DIGITS)) for name in tokens)


def sum_seconds(sections: tuple[SectionUse, ...]) -> float:
    """Return the seconds of all sections together, rounded to microseconds."""
    return round(sum(section.seconds for section in sections), _DIGITS)


def _find_section(start: int, end: int, spans: Mapping[str, tuple[int, int]], names: Sequence[str]) -> str:
    found = [(spans[name][0], name) for name in names if start < spans[name][1] and spans[name][0] < end]
    return min(found)[1] if found else OTHER
