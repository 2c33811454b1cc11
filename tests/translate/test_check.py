"""The last look at a text finds each kind of damage."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taco.translate.check import check_text

SOURCE = "Run `ls -l` at 9:00.\n\n  - see https://a.org/b for 3 of {name}\n  - <b>two</b> words"


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        (SOURCE, ""),
        (SOURCE.replace("Run", "Corre").replace("see", "vexa").replace("words", "palabras"), ""),
        ("", "empty-translation"),
        ("\n\n \n", "empty-translation"),
        (SOURCE + "\n", "line-count"),
        (SOURCE.replace("\n\n", "\n"), "line-count"),
        (SOURCE.replace("\n\n", "\nx\n"), "layout-changed"),
        (SOURCE.replace("  - see", "- see"), "layout-changed"),
        (SOURCE.replace("9:00", "10:00"), "number-changed"),
        (SOURCE.replace(" 3 of", " of"), "number-changed"),
        (SOURCE.replace("words", "12 words"), "number-changed"),
        (SOURCE.replace("ls -l", "ls"), "span-lost"),
        (SOURCE.replace("https://a.org/b", "https://a.org/c"), "span-lost"),
        (SOURCE.replace("{name}", "{nome}"), "span-lost"),
        (SOURCE.replace("</b>", ""), "span-lost"),
    ],
)
def test_damage_has_a_reason(target: str, reason: str) -> None:
    assert check_text(SOURCE, target)[0] == reason


def test_the_detail_says_where_and_what() -> None:
    assert check_text("a\n  b", "a\nb")[1] == "line 2: '  b' -> 'b'"
    assert check_text("a 2", "x 3")[1] == "lost '2'; gained '3'"
    assert check_text("see `x` now", "see now")[1] == "'`x`'"


def test_texts_to_keep_are_counted_as_whole_words() -> None:
    assert check_text("cat, cats", "cat, gatos", keep=("cat",)) == ("", "")
    assert check_text("cat, cats", "gato, cats", keep=("cat",)) == ("span-lost", "'cat'")


@given(st.text(max_size=120))
def test_a_text_is_its_own_translation(text: str) -> None:
    assert check_text(text, text, keep=("a", "word")) == ("", "")
