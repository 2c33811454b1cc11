"""Finding text that a model repeats over and over, from the end of what it has written.

A loop is a run of tokens that is followed by itself, exactly, again and again up to the end. People repeat themselves
too: rules of dashes, rows of an empty table, refrains. So short runs need many repeats and long runs need few:

    period (tokens)     1   2   4   8  16  32  64  128  256
    repeats needed     64  32  16   8   4   4   3    3    3

and runs without a letter (table borders, grids of dots and zeros, indentation) need `WORDLESS_FACTOR` times as many.
The figures are choices, not findings: 64 tokens are a long paragraph, and a list whose entries begin alike or a table
with different cells is never reported.

Before an answer is given up it is led out of its loop: the token that would go on with the loop is forbidden once. That
costs little where it was no loop, so it is tried at shorter spans (`LEAD_OUT_SPAN`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

TokenT = TypeVar("TokenT", int, str)

MAX_PERIOD = 256
"""Longest run of tokens that is looked for."""

LONG_PERIOD = 64
"""A run of at least this many tokens needs 3 repeats, a shorter one 4."""

MIN_SPAN = 64
"""A run and its repeats have at least this many tokens in all for an answer to be given up."""

LEAD_OUT_SPAN = 24
"""The same for an answer to be led out of its loop; runs of 12 tokens and more need 3 repeats."""

WORDLESS_FACTOR = 4
"""How many times more repeats a run without a letter needs."""


@dataclass(frozen=True, slots=True)
class Loop:
    """A loop at the end of a text.

    Attributes:
        period: Number of tokens after which the text repeats itself.
        repeats: How often the run is there, the first time included; a repeat that is not complete is not counted.
    """

    period: int
    repeats: int


def find_loop(
    tokens: Sequence[TokenT],
    *,
    is_wordless: Callable[[Sequence[TokenT]], bool] = lambda run: False,
    span: int = MIN_SPAN,
) -> Loop | None:
    """Find the loop that a text ends with; the one with the shortest period where there are several.

    Args:
        tokens: The text's tokens, their ids or their texts, a list or a tuple.
        is_wordless: Tells whether a run of tokens holds no letter; only asked about runs that repeat.
        span: `MIN_SPAN` or `LEAD_OUT_SPAN`.

    >>> find_loop([7, 8, 9] + [1, 2, 3, 4] * 20)
    Loop(period=4, repeats=20)
    >>> find_loop([1, 2, 3, 4] * 3) is None
    True
    """
    last = len(tokens) - 1
    for period in range(1, min(MAX_PERIOD, len(tokens) // 3) + 1):
        if tokens[last] != tokens[last - period]:
            continue
        needed = needed_repeats(period, span=span)
        if not _is_periodic(tokens, period, needed):
            continue
        if is_wordless(tokens[-period:]) and not _is_periodic(tokens, period, needed * WORDLESS_FACTOR):
            continue
        return Loop(period, _count_repeats(tokens, period))
    return None


def needed_repeats(period: int, *, span: int = MIN_SPAN) -> int:
    """Return how often a run of `period` tokens with a letter in it must be there to be a loop.

    >>> needed_repeats(1), needed_repeats(16), needed_repeats(64), needed_repeats(16, span=LEAD_OUT_SPAN)
    (64, 4, 3, 3)
    """
    fewest = 4 if span >= MIN_SPAN and period < LONG_PERIOD else 3
    return max(fewest, -(-span // period))


def _is_periodic(tokens: Sequence[TokenT], period: int, repeats: int) -> bool:
    span = period * repeats
    return span <= len(tokens) and tokens[-span:-period] == tokens[len(tokens) - span + period :]


def _count_repeats(tokens: Sequence[TokenT], period: int) -> int:
    start = len(tokens) - period
    while start > 0 and tokens[start - 1] == tokens[start - 1 + period]:
        start -= 1
    return (len(tokens) - start) // period
