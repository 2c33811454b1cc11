"""What is wrong with a model's output for one sentence: cut off, going round in circles, empty, not text."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

LONGEST_PERIOD = 16
"""Tokens of the longest repeated stretch that is looked for."""

FEWEST_REPEATS = 4
"""Times that a stretch must stand in a row to be a loop."""

SHORTEST_LOOP = 8
"""Tokens that a loop must have in all: "no, no, no, no" is none."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """What a model wrote for one source.

    Attributes:
        tokens: Its tokens, without the language before and the end token behind them.
        is_ended: Whether it wrote the end token.
    """

    tokens: tuple[str, ...]
    is_ended: bool


def find_fault(source: Sequence[str], decoded: Decoded, *, limit: int, reserved: Collection[str]) -> str:
    """Say what is wrong with an output, "" where nothing is.

    Args:
        source: The tokens of the source's text.
        decoded: The output.
        limit: Tokens that it may have.
        reserved: Tokens that stand for no text.

    >>> find_fault(["a"], Decoded(("x",) * 40, False), limit=40, reserved=())
    'the output came to its limit of 40 tokens without an end'
    >>> find_fault(["a"], Decoded(("x", "y") * 10, True), limit=40, reserved=())
    "the output repeats 'x y' 10 times"
    """
    tokens = decoded.tokens
    if not decoded.is_ended or len(tokens) > limit:
        return f"the output came to its limit of {limit} tokens without an end"
    if not tokens:
        return "the output is empty"
    marks = [token for token in tokens if token in reserved]
    if marks:
        return f"the output holds the model's own mark {marks[0]!r}"
    start, period, repeats = find_loop(tokens)
    if repeats and repeats * period > 2 * _measure_loop(source):
        return f"the output repeats {' '.join(tokens[start : start + period])!r} {repeats} times"
    return ""


def find_loop(tokens: Sequence[str]) -> tuple[int, int, int]:
    """Find the longest stretch that stands several times in a row; return its start, its length and how often.

    >>> find_loop("a b c c c c c c c c d".split()), find_loop("a b a b".split())
    ((2, 1, 8), (0, 0, 0))
    """
    best = (0, 0, 0)
    for period in range(1, min(LONGEST_PERIOD, len(tokens) // FEWEST_REPEATS) + 1):
        run = 0
        for place in range(period, len(tokens) + 1):
            if place < len(tokens) and tokens[place] == tokens[place - period]:
                run += 1
                continue
            repeats = run // period + 1
            is_loop = repeats >= FEWEST_REPEATS and repeats * period >= SHORTEST_LOOP
            if is_loop and repeats * period > best[1] * best[2]:
                best = (place - period - run, period, repeats)
            run = 0
    return best


def _measure_loop(tokens: Sequence[str]) -> int:
    _, period, repeats = find_loop(tokens)
    return period * repeats
