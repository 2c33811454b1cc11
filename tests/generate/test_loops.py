"""Loops are found; what people repeat on purpose is not."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taco.generate.loops import MAX_PERIOD, WORDLESS_FACTOR, Loop, find_loop, needed_repeats

WEEK = "| Monday | Tuesday | Wednesday | Thursday | Friday |\n"
LEGITIMATE = {
    "rule": "Title\n" + "-" * 60,
    "table": WEEK + "|---|---|---|---|---|\n" + "".join(f"| {n} | a{n} | b | c | d |\n" for n in range(9)),
    "empty table": WEEK + "| | | | | |\n" * 12,
    "list": "".join(f"{n}. You can use {thing} to clean it.\n" for n, thing in enumerate(("soap", "sand", "salt"))),
    "code": "def f(x):\n" + "        return 0\n    if x:\n" * 3,
    "refrain": "Row, row, row your boat, gently down the stream.\n" * 3,
    "grid of dots": ". . . . . . . .\n" * 8,
    "indentation": "x = [\n" + " " * 120,
    "laughter": "ha " * 20,
    "matrix": ("0 " * 10 + "\n") * 10,
}
LOOPS = {
    "word": "The answer is " + "very " * 70,
    "sentence": "I do not know. " + "A cidade é grande e bonita. " * 12,
    "paragraph": "Intro. "
    + "It rains in the north and the sun shines in the south, as it always did before the war. " * 5,
    "dashes without end": "-" * 300,
}


def split_words(text: str) -> list[str]:
    """Cut a text into words, runs of spaces and single signs, roughly as tokenizers do."""
    import re

    return re.findall(r" ?\w+| +|[^\w ]", text)


def has_no_letter(run: Sequence[str]) -> bool:
    return not any(character.isalpha() for character in "".join(run))


@pytest.mark.parametrize("name", LEGITIMATE)
def test_legitimate_repetition_is_left_alone(name: str) -> None:
    words = split_words(LEGITIMATE[name])
    for end in range(1, len(words) + 1):  # as they come while the text is being written
        assert find_loop(words[:end], is_wordless=has_no_letter) is None


@pytest.mark.parametrize("name", LOOPS)
def test_loops_are_found(name: str) -> None:
    assert find_loop(split_words(LOOPS[name].rstrip()), is_wordless=has_no_letter) is not None


def test_a_run_without_letters_needs_more_repeats() -> None:
    needed = needed_repeats(4)
    row = [1, 2, 3, 4]
    assert find_loop(row * needed, is_wordless=lambda run: False) == Loop(4, needed)
    assert find_loop(row * needed, is_wordless=lambda run: True) is None
    assert find_loop(row * needed * WORDLESS_FACTOR, is_wordless=lambda run: True) is not None


def test_text_after_a_loop_ends_it() -> None:
    assert find_loop([1, 2, 3] * 40 + [9]) is None


@given(prefix=st.lists(st.integers(0, 5), max_size=20), run=st.lists(st.integers(0, 50), min_size=1, max_size=80))
def test_any_run_repeated_often_enough_is_found(prefix: list[int], run: list[int]) -> None:
    tokens = prefix + run * needed_repeats(len(run))
    found = find_loop(tokens)
    assert found is not None
    assert found.period <= len(run)
    assert tokens[-found.period :] * found.repeats == tokens[-found.period * found.repeats :]


@given(st.lists(st.integers(0, 1), max_size=12), st.integers(1, 6), st.integers(1, 70))
def test_it_agrees_with_the_definition(prefix: list[int], period: int, repeats: int) -> None:
    tokens = prefix + list(range(period)) * repeats
    expected = None
    for length in range(1, min(MAX_PERIOD, len(tokens)) + 1):
        count = 1
        while tokens[-length * (count + 1) :] == tokens[-length:] * (count + 1):
            count += 1
        if count >= needed_repeats(length):
            expected = Loop(length, count)
            break
    assert find_loop(tokens) == expected
