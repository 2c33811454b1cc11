"""A stretch that repeats itself, anywhere in an answer, or that only counts up.

Token ids are not known here, so characters are compared. A period of p characters is a loop where the text equals itself
shifted by p over a long stretch. Numbers are then taken for alike ("push(1) push(2) push(3) ..."): a stretch of that
kind is a loop where at least `COUNTED` numbers go up by the same step, as tables of data do not.
"""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise
from typing import Any

import numpy as np

from taco.evaluate.failure.record import Failure, Subject
from taco.languages.scripts import UNSPACED

MAX_PERIOD = 1024
"""Longest period that is looked for, in characters."""

MIN_SPAN = 256
"""Fewest characters of a loop: the guard's 64 tokens of about 4 characters."""

MIN_SPAN_UNSPACED = 64
"""The same in scripts that put no space between words, where a character is about a token."""

MIN_REPEATS = 4
WORDLESS_FACTOR = 4
"""How many times longer a loop without a letter must be: tables, rules of dashes."""

COUNTED = 64
"""Fewest numbers of a loop in which only numbers change."""

EVENNESS = 0.95
"""Share of those numbers that go up by the commonest step."""

_NUMBER = re.compile(r"\d{1,18}")
_LETTER = re.compile(r"[^\W\d_]")


def find(subject: Subject) -> list[Failure]:
    """Report the longest loop of an answer."""
    least = MIN_SPAN_UNSPACED if subject.language.script in UNSPACED else MIN_SPAN
    exact = find_run(subject.text, least=least)
    if exact:
        start, end, period = exact
        shown = subject.text[start : start + period]
        detail = f"{(end - start) // period} times the same {period} characters: {shown[:40]!r}"
        return [subject.make_failure("loop", (start, end), detail)]
    counting = find_counting(subject.text)
    if counting is None:
        return []
    numbers = _NUMBER.findall(subject.text, *counting)
    return [
        subject.make_failure("loop", counting, f"counts from {numbers[0]} to {numbers[-1]}, {len(numbers)} numbers")
    ]


def find_counting(text: str) -> tuple[int, int] | None:
    """Find the longest stretch that only counts up: its span, or None.

    >>> find_counting("[" + ", ".join(str(n) for n in range(1, 200, 2)) + "]")
    (1, 444)
    """
    squashed, places = _squash_numbers(text)
    run = find_run(squashed, least=COUNTED, wordless_factor=1)
    if run is None:
        return None
    start, end, period = run
    numbers = [int(number) for number in _NUMBER.findall(text, places[start], places[end])]
    columns = len(_NUMBER.findall(squashed, start, start + period))
    is_counting = len(numbers) >= COUNTED and columns > 0 and _counts_up(numbers, columns)
    return (places[start], places[end]) if is_counting else None


def _counts_up(numbers: list[int], columns: int) -> bool:
    """Tell whether each column of numbers goes on by a step of its own and one of them upwards."""
    steps = []
    for column in range(columns):
        changes = Counter(after - number for number, after in pairwise(numbers[column::columns]))
        if not changes:
            return False
        step, times = changes.most_common(1)[0]
        if times < EVENNESS * changes.total():
            return False
        steps.append(step)
    return max(steps) > 0


def find_run(text: str, *, least: int, wordless_factor: int = WORDLESS_FACTOR) -> tuple[int, int, int] | None:
    """Find the longest stretch that repeats with one period: (start, end, period), or None.

    Args:
        text: Any text.
        least: Fewest characters.
        wordless_factor: How many times as many where the repeated piece holds no letter.

    >>> find_run("so " + "no, " * 100, least=256)
    (2, 403, 4)
    """
    letters = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    best: tuple[int, int, int] | None = None
    for period in range(1, min(MAX_PERIOD, len(letters) // MIN_REPEATS) + 1):
        start, length = _longest_true(letters[period:] == letters[:-period])
        span = length + period
        if best is not None and span <= best[1] - best[0]:
            continue
        is_worded = _LETTER.search(text, start, start + period)
        needed = least if is_worded else least * wordless_factor
        if span >= max(needed, MIN_REPEATS * period):
            best = (start, start + span, period)
    return best


def _longest_true(flags: Any) -> tuple[int, int]:
    """Return start and length of the longest run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], flags, [False])).astype(np.int8)))
    if len(edges) == 0:
        return 0, 0
    starts, ends = edges[::2], edges[1::2]
    longest = int(np.argmax(ends - starts))
    return int(starts[longest]), int(ends[longest] - starts[longest])


def _squash_numbers(text: str) -> tuple[str, list[int]]:
    """Replace each number by "0"; return the text and, for each of its places, that of the original."""
    squashed: list[str] = []
    places: list[int] = []
    last = 0
    for match in _NUMBER.finditer(text):
        squashed.append(text[last : match.start()] + "0")
        places += [*range(last, match.start()), match.start()]
        last = match.end()
    squashed.append(text[last:])
    places += range(last, len(text) + 1)
    return "".join(squashed), places
